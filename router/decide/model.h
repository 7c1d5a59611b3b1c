/* model.h - the learned part: a linear model over the features of feature.h, read from the bytes that
 * `aduan rules learn` made (model_file.c).  Never live before it beats the current one.
 *
 * One support vector machine a label against the rest (liblinear, L2-regularised, squared hinge loss);
 * whole numbers only when scoring, so that every machine gives the same answer.  Its margins become
 * chances by one steepness for all labels, and the first one's chance becomes a confidence by a rising
 * line of knots: both fitted on examples later than those the weights were learned from.
 */
#ifndef ADUAN_MODEL_H
#define ADUAN_MODEL_H

#include "feature.h"

struct model;

#define MODEL_LABELS_MOST 4096
#define MODEL_BYTES_MOST  (32 << 20)

/* Copies what it keeps.  0 and *ret, or FAIL_MALFORMED with one log line that says why. */
int model_parse (const char *at, size_t len, struct model **ret);
void model_free (struct model **model);

/* Labels are what the outcomes were called: function codes, agency codes. */
size_t model_label_count (const struct model *model);
const char *model_label (const struct model *model, size_t label);
/* Chosen by the learner, rises with each training: goes into the decision record. */
const char *model_name (const struct model *model);
/* Time of the newest example it learned from, ms UTC, 0: its examples had none; and its id, "": neither. */
int64_t model_newest (const struct model *model);
const char *model_newest_id (const struct model *model);

struct model_view {
    uint32_t label;
    float chance; /* 0 to 1, over all labels */
};

/* The best `room` labels, best first, of equal ones the first; how many were written.  *ret_confidence:
 * calibrated, of the first one being right, 0 to 1.  One thread at a time for each model. */
size_t model_score (const struct model *model, const struct text *text,
                    const struct model_facts *facts, struct model_view *ret, size_t room,
                    float *ret_confidence);

#endif
