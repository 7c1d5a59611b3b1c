/* mandate.h - what each duty is for, in its own words: weighted words and phrases of the mandate of a
 * function of local government, or of a central body.  What a unit is mandated to do carries over from
 * one government to the next; what it was sent does not.
 */
#ifndef ADUAN_MANDATE_H
#define ADUAN_MANDATE_H

#include "text.h"

/* Whose mandate: a function of the registry, or one agency whatever the place. */
struct duty {
    uint16_t function; /* 0: an agency's own */
    uint32_t agency;
};

struct mandates;

struct mandates *mandates_new (void);
void mandates_free (struct mandates **mandates);

/* One phrase of a mandate, as people write it.  Its blank-separated parts stand near one another in a text,
 * in any order ("aspal lubang" is in "lubang besar di aspal baru"); hyphens join words that stand side by
 * side in this order ("kepala-desa").  A word matches by stem, in a part behind "=" by spelling alone.
 * Weight -1000 to 1000: a phrase that alone makes the duty nearly certain is 100, one that only leans there
 * 20, one that speaks against it is negative.
 * Level: which government has the duty where this phrase is meant ("sma" of schools: the province), as in
 * struct category: 1 the province, 2 the regency, 0 says nothing.
 * 0, FAIL_EMPTY without a word, FAIL_TOO_LONG over MANDATE_WORDS_MOST words, FAIL_FULL over 250 duties or
 * 24,000 phrases.  `phrase` is copied. */
#define MANDATE_WORDS_MOST 8
int mandates_add (struct mandates *mandates, struct duty duty, struct view phrase, int weight,
                  unsigned level);
/* After the last phrase, before the first look. */
void mandates_seal (struct mandates *mandates);

#define MANDATE_VIEWS 8
struct mandate_view {
    struct duty duty;
    float score;        /* > 0; comparable within one text */
    float share;        /* of all scores of this text: 0 to 1 */
    const char *phrase; /* its heaviest phrase that was found, lives as long as the mandates */
    unsigned level;     /* that its phrases speak for, 0: none */
};

/* The duties with a positive score, the best first; how many were written.  *ret_confidence: calibrated, of
 * the first one being right, 0 to 1; 0 where there is none.  Reads the first MANDATE_TEXT_MOST words. */
#define MANDATE_TEXT_MOST 512
size_t mandates_score (const struct mandates *mandates, const struct text *text,
                       struct mandate_view ret[MANDATE_VIEWS], float *ret_confidence);

#endif
