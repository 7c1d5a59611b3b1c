/* model.h - the learned part: a linear model over words, pairs of words, place and category, read from
 * the bytes that `aduan rules learn` made.  Never live before it beats the current one in replay.
 */
#ifndef ADUAN_MODEL_H
#define ADUAN_MODEL_H

#include "text.h"

struct model;

/* What it looks at beside the text; what is not known is empty or 0. */
struct model_facts {
    struct view place;    /* region code */
    struct view category; /* number or name, as in the data it learned from */
    int32_t latitude, longitude; /* 1e-7 degree; both 0: not known */
};

/* Copies what it keeps.  0 and *ret, or FAIL_MALFORMED with one log line that says why. */
int model_parse (const char *at, size_t len, struct model **ret);
void model_free (struct model **model);

/* Labels are what the outcomes were called: function codes, agency codes. */
size_t model_label_count (const struct model *model);
const char *model_label (const struct model *model, size_t label);
/* Chosen by the learner, rises with each training: goes into the decision record. */
const char *model_name (const struct model *model);

struct model_view {
    uint32_t label;
    float chance; /* 0 to 1, over all labels */
};

/* The best `room` labels, best first; how many were written.  *ret_confidence: calibrated, of the first
 * one being right, 0 to 1. */
size_t model_score (const struct model *model, const struct text *text,
                    const struct model_facts *facts, struct model_view *ret, size_t room,
                    float *ret_confidence);

#endif
