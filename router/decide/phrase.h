/* phrase.h - finds which of many phrases (tens of thousands) stand in a text, in one walk over its words. */
#ifndef ADUAN_PHRASE_H
#define ADUAN_PHRASE_H

#include "text.h"

struct phrases;

struct phrases *phrases_new (void);
void phrases_free (struct phrases **phrases);

/* Adds a phrase of one to PHRASE_WORDS_MOST words as people write it; it is read as any text is.  A word
 * of it matches by stem, behind a "=" (as in "=kali") by spelling alone.  `id` comes back when it is
 * found; phrases may share an id.  0, FAIL_EMPTY without a word, FAIL_TOO_LONG with too many. */
#define PHRASE_WORDS_MOST 8
int phrases_add (struct phrases *phrases, struct view phrase, uint32_t id);

struct phrase_found {
    uint32_t id;
    uint16_t at, count; /* its words in the text */
};

/* All that stand in the text, in the order of their first word, the longest first where several begin
 * there.  Writes at most `room`; returns how many it wrote. */
size_t phrases_find (const struct phrases *phrases, const struct text *text,
                     struct phrase_found *ret, size_t room);

#endif
