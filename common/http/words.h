/* words.h - texts by key, and values as people read them: what the pages of every door share. */
#ifndef ADUAN_WORDS_H
#define ADUAN_WORDS_H

#include <jansson.h>
#include "base/base.h"

/* A text in both languages; tables of them are sorted by key, as embed_texts.py writes them. */
struct word {
    const char *key, *id, *en;
};
/* The row of a key; NULL: the table has none. */
const struct word *word_find (const struct word *words, size_t count, const char *key);
/* The text of a key that the table has, in both languages, a line each, for whom we know nothing of; the caller's. */
char *word_both (const struct word *words, size_t count, const char *key);

/* Who reads. */
struct reader {
    bool english;
    int zone; /* hours east of UTC in which times are shown */
    const char *(*word) (void *owner, const char *key); /* names of days and months */
    void *owner;
};

/* Appends `value` as a template's filter shows it, of those that every page has:
 *   time, hour (without minutes)   a moment that PostgreSQL wrote
 *   end                            the last day of what ends at a moment
 *   day, short                     a day by itself
 *   count, positive, percent, degrees, fresh (32 random digits)
 * Nothing where the value is none.  false: there is no such filter. */
bool show_value (const struct reader *reader, const char *filter, const json_t *value,
                 struct buffer *out);
/* A moment that PostgreSQL wrote, as people read it; false, and nothing: it is none. */
bool show_moment (const struct reader *reader, const json_t *value, struct buffer *out);
/* The same as "2026-11-27 15:20"; nothing where it is none. */
void show_stamp (const struct reader *reader, const json_t *value, struct buffer *out);

#endif
