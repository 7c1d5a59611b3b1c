/* text.h - the words of a complaint, as every part of a decision reads them: compatibility-normalised
 * (Unicode NFKC), case folded, informal spelling made formal (spelling.def: yg -> yang, jln -> jalan),
 * and stemmed (Snowball's Indonesian).  A word is compared by 64-bit hashes, so that rules, mandates,
 * place names and the model need no common dictionary; the same bytes give the same hashes in every
 * program of this version.
 */
#ifndef ADUAN_TEXT_H
#define ADUAN_TEXT_H

#include "base/base.h"

enum {
    WORD_NUMBER = 1,  /* begins with a digit */
    WORD_BREAK = 2,   /* behind a sign that ends a sentence or a list item, or first of its field */
    WORD_CAPITAL = 4, /* was written with a capital first */
    WORD_RESPELT = 8  /* written otherwise: text_written */
};

struct word {
    uint64_t form; /* of its normalised spelling */
    uint64_t stem; /* of that spelling's stem; of a number: as form */
    uint32_t at;   /* where the normalised spelling stands in text->folded */
    uint16_t len;
    uint16_t flags; /* WORD_ */
};

/* A word that spelling.def changed, as it was written. */
struct respelt {
    uint32_t word, at; /* at: in text->written */
    uint16_t len;      /* 0: the second word of what was written as one */
};

/* Zero-initialised it is empty; reading into it again reuses its memory. */
struct text {
    struct word *words;
    size_t count, room;
    struct buffer folded;    /* the spellings, one space between two */
    struct respelt *respelt; /* in the order of the words */
    size_t respelt_count, respelt_room;
    struct buffer written;
};

/* The words of title, body and the reporter's own words for the place, in this order; each field begins
 * with WORD_BREAK.  Empty fields are skipped.  Any well-formed UTF-8, however strange; at most
 * TEXT_WORDS_MOST words are read (what stands behind is ignored). */
#define TEXT_WORDS_MOST 4096
void text_read (struct text *text, struct view title, struct view body, struct view location);
void text_free (struct text *text);
/* A thread other than the first says so before it ends: its stemmer goes. */
void text_thread_end (void);

/* A word's letters as they were written, small and without marks: what names are compared by (a village
 * "Sumber Gede" is not "Sumber Besar").  Empty for the second word of an abbreviation of two. */
struct view text_written (const struct text *text, size_t word);

/* The hash of a spelling as it stands in struct word: of words that are normalised already. */
uint64_t text_hash (const char *at, size_t len);

#endif
