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
/* One phrase of a mandate; weight 1 to 1000: a word that alone makes the duty nearly certain is 100, one
 * that only leans there 20; a phrase that speaks against the duty is negative.  Errors as phrases_add. */
int mandates_add (struct mandates *mandates, struct duty duty, struct view phrase, int weight);
/* After the last phrase, before the first look. */
void mandates_seal (struct mandates *mandates);

#define MANDATE_VIEWS 8
struct mandate_view {
    struct duty duty;
    float score;       /* >= 0; comparable within one text */
    float share;       /* of all scores of this text: 0 to 1 */
    const char *phrase; /* its heaviest phrase that was found, lives as long as the mandates */
};

/* The duties with a positive score, the best first; how many were written. */
size_t mandates_score (const struct mandates *mandates, const struct text *text,
                       struct mandate_view ret[MANDATE_VIEWS]);

#endif
