/* svm.c - calls liblinear. */
#include "svm.h"

#include <linear.h>
#include <stdlib.h>
#include "base/base.h"

/* liblinear's own choice for this solver; a twentieth of it changes nothing that is measured */
#define PRECISION 0.1

struct svm {
    struct problem problem;
    struct feature_node *nodes;
    size_t node_count, node_room;
    size_t *firsts; /* of each example's nodes */
    size_t room;
    struct model *model; /* the last one */
    double *weights;
};

static void silent (const char *text)
{
    (void) text;
}

struct svm *svm_new (size_t examples, size_t features)
{
    struct svm *svm = xcalloc (1, sizeof *svm);
    svm->problem.n = (int) features + 1; /* and the bias */
    svm->problem.bias = 1;
    svm->problem.y = xcalloc (examples, sizeof *svm->problem.y);
    svm->problem.x = xcalloc (examples, sizeof *svm->problem.x);
    svm->firsts = xcalloc (examples, sizeof *svm->firsts);
    svm->weights = xcalloc (features + 1, sizeof *svm->weights);
    svm->room = examples;
    set_print_string_function (silent);
    return svm;
}

void svm_free (struct svm **held)
{
    struct svm *svm = *held;
    if (!svm)
        return;
    if (svm->model)
        free_and_destroy_model (&svm->model);
    free (svm->problem.y);
    free (svm->problem.x);
    free (svm->firsts);
    free (svm->nodes);
    free (svm->weights);
    free (svm);
    *held = NULL;
}

void svm_add (struct svm *svm, const uint32_t *numbers, const float *values, size_t count)
{
    size_t need = svm->node_count + count + 2; /* the bias, and the end's mark */
    check ((size_t) svm->problem.l < svm->room && !svm->model);
    if (need > svm->node_room) {
        svm->node_room = need > 65536 ? need * 3 / 2 : 131072;
        svm->nodes = xrealloc (svm->nodes, svm->node_room * sizeof *svm->nodes);
    }
    struct feature_node *node = svm->nodes + svm->node_count;
    for (size_t i = 0; i < count; i++)
        *node++ = (struct feature_node){(int) numbers[i] + 1, (double) values[i]};
    *node++ = (struct feature_node){svm->problem.n, 1};
    *node = (struct feature_node){-1, 0};
    svm->firsts[svm->problem.l++] = svm->node_count;
    svm->node_count = need;
}

void svm_train (struct svm *svm, const signed char *signs, double cost, unsigned seed,
                const double **ret_weights)
{
    struct parameter parameter = {
        .solver_type = L2R_L2LOSS_SVC_DUAL, .eps = PRECISION, .C = cost, .p = 0.1};
    for (int i = 0; i < svm->problem.l; i++) {
        svm->problem.x[i] = svm->nodes + svm->firsts[i];
        svm->problem.y[i] = signs[i] > 0 ? 1 : -1;
    }
    check (!check_parameter (&svm->problem, &parameter));
    if (svm->model)
        free_and_destroy_model (&svm->model);
    srand (seed); /* liblinear draws from rand () */
    svm->model = train (&svm->problem, &parameter);
    /* its weights speak for the label that it met first */
    double sign = svm->model->label[0] > 0 ? 1 : -1;
    for (int i = 0; i < svm->problem.n; i++)
        svm->weights[i] = sign * svm->model->w[i];
    *ret_weights = svm->weights;
}
