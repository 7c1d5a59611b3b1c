/* svm.h - liblinear, for one label against the rest.  Alone in its file: its names are ours, too. */
#ifndef ADUAN_SVM_H
#define ADUAN_SVM_H

#include <stddef.h>
#include <stdint.h>

/* Examples as liblinear wants them. */
struct svm;

/* `features`: how many there are. */
struct svm *svm_new (size_t examples, size_t features);
void svm_free (struct svm **svm);
/* The next example's values, behind one another; their numbers from 0, rising.  No more than it was made
 * for, and before the first svm_train. */
void svm_add (struct svm *svm, const uint32_t *numbers, const float *values, size_t count);

/* Learns to tell the examples marked with a positive sign from the others; there are some of both.
 * `cost`: what an error costs (C).  The same seed gives the same weights.  *ret_weights lives until the
 * next call; the last one behind the features is the bias. */
void svm_train (struct svm *svm, const signed char *signs, double cost, unsigned seed,
                const double **ret_weights);

#endif
