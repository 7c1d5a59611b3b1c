/* judge.h - a model measured on examples that it has not seen, and calibrated by such. */
#ifndef ADUAN_JUDGE_H
#define ADUAN_JUDGE_H

#include "examples.h"

#define RANK_BEHIND 3 /* neither first nor among the first three */

struct judgement {
    uint32_t label;  /* of the examples */
    uint32_t first;  /* of the examples: what the model put first; label_count: none of theirs */
    uint32_t rank;   /* of the right label: 0 is first; RANK_BEHIND */
    uint32_t chance; /* of the first one, Q16 */
    uint32_t confidence; /* of the first one, of 65535 */
};

/* Judges the examples `from` to before `to`; *ret holds to - from, the caller frees it.  The labels of
 * model and examples are matched by name. */
void judge (const struct model *model, const struct examples *examples, size_t from, size_t to,
            struct judgement **ret);

/* Fits steepness and knots to examples later than those it learned from. */
void judge_calibrate (struct model *model, const struct examples *examples, size_t from, size_t to);

#define BINS 15
struct bin {
    size_t count, right;
    double confidence; /* the mean */
};

struct score {
    size_t count, first, three; /* right at first, among the first three */
    struct bin bins[BINS];      /* by rising confidence, of equal counts */
    double
        calibration_error; /* mean distance of confidence and share of right ones, over the bins */
    double to_person;      /* share that a person must see where 95 of 100 others shall be right */
    double threshold;      /* the confidence from which on they need not, > 1: none */
};

/* Sorts the verdicts by confidence. */
void judge_score (struct judgement *verdicts, size_t count, struct score *ret);

/* Wilson's interval of 95 %: of `right` in `count`. */
void judge_interval (size_t right, size_t count, double *ret_low, double *ret_high);

#endif
