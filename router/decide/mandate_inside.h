/* mandate_inside.h - what mandate.c learns, mandate_find.c looks for in a text and mandate_score.c weighs. */
#ifndef ADUAN_MANDATE_INSIDE_H
#define ADUAN_MANDATE_INSIDE_H

#include "mandate.h"
#include "slip.h"

#define DUTIES_MOST  250
#define PHRASES_MOST 24000
#define FOUND_MOST   768  /* in one text; what is found later is ignored */
#define PRESENT_BITS 4096 /* a power of two */

struct vocable {
    uint64_t key;          /* of the stem, or of the spelling */
    uint32_t phrases;      /* how many have it */
    uint32_t hanging, end; /* the phrases that hang on it, and behind the last */
    uint32_t stem;         /* of a spelling: its stem's vocable */
    uint8_t duties, last;  /* of how many duties it is a word; the last of them, from 1 */
};

struct phrase {
    char *text;
    uint32_t words[MANDATE_WORDS_MOST]; /* vocables */
    int16_t weight;
    uint8_t duty;
    uint8_t count;
    uint8_t joined; /* bit set: that word stands right behind the one before it */
    uint8_t hangs;  /* on which of its words */
    uint8_t level;  /* 0, 1 the province's, 2 the regency's */
    bool general;   /* one word that is in the phrases of many duties */
};

struct mandates {
    uint64_t owner; /* of what is remembered of words */
    struct duty *duties;
    uint32_t duty_count;
    struct phrase *phrases; /* by the vocable that they hang on; of one in the order they came */
    uint32_t phrase_count, phrase_room;
    struct vocable *vocables;
    uint32_t *slots; /* vocable, from 1; 0: free.  A power of two, at most half full */
    uint32_t vocable_count, slot_count;
    struct slips *slips; /* by spelling: its vocable */
    struct hints {
        uint64_t words[16];
        size_t count;
    } near, houses, names; /* words before what says where, between the two, before names */
    struct text read;
};

uint64_t vocable_key (uint64_t hash, bool exact);
/* The vocable's number, from 1; 0: unknown. */
uint32_t vocable_of (const struct mandates *mandates, uint64_t key);

struct found {
    const struct phrase *phrase;
    float weight;
    uint16_t at[MANDATE_WORDS_MOST];
    uint16_t next; /* of the same duty, from 1 */
    bool aside;    /* it only says where or who */
};

struct finding {
    const struct mandates *mandates;
    const struct text *text;
    unsigned words;
    unsigned count;
    uint32_t stems[MANDATE_TEXT_MOST], forms[MANDATE_TEXT_MOST]; /* vocables, from 1; 0: unknown */
    bool slip[MANDATE_TEXT_MOST], names[MANDATE_TEXT_MOST];
    uint8_t near[MANDATE_TEXT_MOST]; /* 0, or how many words from "dekat" to here only say where */
    uint64_t present[PRESENT_BITS / 64]; /* vocables of the text, by their last bits */
    uint8_t times[PHRASES_MOST]; /* a phrase was found; all 0 before and after mandates_find */
    uint16_t longest[MANDATE_TEXT_MOST]; /* what was found over a word, from 1 */
    uint16_t first[DUTIES_MOST];         /* what was found of a duty, from 1 */
    struct found found[FOUND_MOST];
};

/* Fills found[] and count; `mandates`, `text` and `words` are set. */
void mandates_find (struct finding *finding);

#endif
