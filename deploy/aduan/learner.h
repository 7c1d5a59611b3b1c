/* learner.h - examples into the weights of a model: one support vector machine a label against the rest.
 */
#ifndef ADUAN_LEARNER_H
#define ADUAN_LEARNER_H

#include "examples.h"

struct recipe {
    double cost;   /* C: what an error costs */
    double starts; /* times the weight of FEATURE_START: with stemmed words they tell little */
    unsigned seed;
};

/* Learns from the examples `from` to before `to`, which have at least two labels.  The model has no name
 * and no calibration yet (judge.h).  Its labels are all of the examples' labels.  The same examples and
 * recipe give the same model. */
struct model *learner_weights (const struct examples *examples, size_t from, size_t to,
                               const struct recipe *recipe);

/* Gives it its name: the day of its newest example (or how many they were) and a digest of its bytes. */
void learner_name (struct model *model, const struct examples *examples, size_t to);

#endif
