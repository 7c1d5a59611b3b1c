/* judge.c - ranks, calibration, intervals. */
#include "judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEEPNESS_STEPS 96 /* 16 x 2^(step / 8), Q8 */
#define GROUPS_MOST     40 /* of calibration: what is fitted to fewer than GROUP_LEAST is chance */
#define GROUP_LEAST     20
#define PRECISION       0.95

/* ---- verdicts --------------------------------------------------------------------------------- */

/* For each label of one list where it stands in the other, or `otherwise`. */
static uint32_t *match (const char *const *names, size_t count, const char *const *in,
                        size_t in_count, uint32_t otherwise)
{
    uint32_t *numbers = xcalloc (count + 1, sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = otherwise;
        for (size_t k = 0; k < in_count && numbers[i] == otherwise; k++)
            if (strcmp (names[i], in[k]) == 0)
                numbers[i] = (uint32_t) k;
    }
    return numbers;
}

void judge (const struct model *model, const struct examples *examples, size_t from, size_t to,
            struct judgement **ret)
{
    const char *const *names = (const char *const *) examples->labels;
    uint32_t *theirs = match (model->labels, model->label_count, names, examples->label_count,
                              (uint32_t) examples->label_count);
    int32_t *margins = xcalloc (model->label_count, sizeof *margins);
    uint32_t *chances = xcalloc (model->label_count, sizeof *chances);
    struct judgement *verdicts = *ret = xcalloc (to - from + 1, sizeof *verdicts);
    for (size_t i = from; i < to; i++) {
        const struct example *example = &examples->at[i];
        struct model_view views[3];
        struct judgement *verdict = &verdicts[i - from];
        model_margins (model, examples->features + example->first, example->features, margins);
        model_chances (model, margins, chances);
        size_t count = model_best (model, chances, margins, views, array_len (views));
        *verdict = (struct judgement){.label = example->label,
                                      .first = theirs[views[0].label],
                                      .rank = RANK_BEHIND,
                                      .chance = chances[views[0].label]};
        verdict->confidence = model_confidence (model, verdict->chance);
        for (size_t k = count; k-- > 0;)
            if (theirs[views[k].label] == example->label)
                verdict->rank = (uint32_t) k;
    }
    free (theirs);
    free (margins);
    free (chances);
}

/* ---- calibration ------------------------------------------------------------------------------ */

static uint32_t steepness_of (int step)
{
    return (uint32_t) lround (16 * exp2 (step / 8.0));
}

/* How surprising the right labels are, in bits; `margins`: label_count of each example. */
static double surprise (const struct model *model, const struct example *examples, size_t count,
                        const int32_t *margins, uint32_t steepness)
{
    double sum = 0, scale = steepness / 256.0 / 65536.0;
    for (size_t i = 0; i < count; i++, margins += model->label_count) {
        double all = 0;
        for (size_t k = 0; k < model->label_count; k++)
            all += exp2 ((margins[k] - margins[examples[i].label]) * scale);
        sum += fmin (log2 (all), 20); /* one that was hopeless must not flatten all */
    }
    return sum;
}

/* The surprise falls and then rises with the steepness. */
static void fit_steepness (struct model *model, const struct examples *examples, size_t from,
                           size_t to)
{
    size_t count = to - from, labels = model->label_count;
    int32_t *margins = xcalloc (count * labels + 1, sizeof *margins);
    for (size_t i = 0; i < count; i++) {
        const struct example *example = &examples->at[from + i];
        model_margins (model, examples->features + example->first, example->features,
                       margins + i * labels);
    }
    int low = 0, high = STEEPNESS_STEPS;
    while (low < high) {
        int middle = (low + high) / 2;
        double here = surprise (model, examples->at + from, count, margins, steepness_of (middle)),
               next =
                   surprise (model, examples->at + from, count, margins, steepness_of (middle + 1));
        if (next < here)
            low = middle + 1;
        else
            high = middle;
    }
    model->steepness = steepness_of (low);
    free (margins);
}

static int by_chance (const void *left, const void *right)
{
    const struct judgement *a = left, *b = right;
    return a->chance < b->chance ? -1 : a->chance > b->chance;
}

struct group {
    double chances, right, count;
};

/* Neighbours whose order is wrong become one (pool adjacent violators). */
static size_t pool (struct group *groups, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        groups[kept++] = groups[i];
        for (; kept > 1; kept--) {
            struct group *last = &groups[kept - 1], *before = last - 1;
            if (last->right * before->count > before->right * last->count)
                break;
            before->chances += last->chances;
            before->right += last->right;
            before->count += last->count;
        }
    }
    return kept;
}

static void add_knot (struct model *model, double chance, double confidence)
{
    struct model_knot knot = {(uint16_t) (chance * UINT16_MAX),
                              (uint16_t) (confidence * UINT16_MAX)};
    const struct model_knot *last = model->knot_count ? &model->knots[model->knot_count - 1] : NULL;
    if (last && knot.chance <= last->chance)
        return;
    if (last && knot.confidence < last->confidence)
        knot.confidence = last->confidence;
    model->knots[model->knot_count++] = knot;
}

static void set_knots (struct model *model, const struct group *groups, size_t count)
{
    double even = 1 / (double) model->label_count;
    free (model->knots);
    model->knots = xcalloc (count + 2, sizeof *model->knots);
    model->knot_count = 0;
    add_knot (model, 0, 0);
    /* a text that says nothing is a guess, though few such were among the examples */
    if (groups[0].chances / groups[0].count / 65536 > even)
        add_knot (model, even, fmin (even, groups[0].right / groups[0].count));
    for (size_t i = 0; i < count; i++)
        /* a little towards the middle: not even a hundred right ones make it certain */
        add_knot (model, groups[i].chances / groups[i].count / 65536,
                  (groups[i].right + 1) / (groups[i].count + 2));
    if (model->knot_count == 1)
        add_knot (model, 1, 1);
}

void judge_calibrate (struct model *model, const struct examples *examples, size_t from, size_t to)
{
    struct group groups[GROUPS_MOST] = {0};
    struct judgement *verdicts;
    size_t count = to - from, group_count = count / GROUP_LEAST;
    group_count = group_count < 1 ? 1 : group_count > GROUPS_MOST ? GROUPS_MOST : group_count;
    fit_steepness (model, examples, from, to);
    judge (model, examples, from, to, &verdicts);
    qsort (verdicts, count, sizeof *verdicts, by_chance);
    for (size_t i = 0; i < count; i++) {
        struct group *group = &groups[i * group_count / count];
        group->chances += verdicts[i].chance;
        group->right += verdicts[i].rank == 0;
        group->count++;
    }
    set_knots (model, groups, pool (groups, group_count));
    free (verdicts);
}

/* ---- figures ---------------------------------------------------------------------------------- */

static int by_confidence (const void *left, const void *right)
{
    const struct judgement *a = left, *b = right;
    if (a->confidence != b->confidence)
        return a->confidence < b->confidence ? -1 : 1;
    return by_chance (left, right);
}

/* From the surest down: as far as 95 of 100 are right. */
static void find_threshold (const struct judgement *verdicts, size_t count, struct score *ret)
{
    size_t right = 0;
    ret->to_person = 1;
    ret->threshold = 2;
    for (size_t i = count; i-- > 0;) {
        right += verdicts[i].rank == 0;
        bool whole = i == 0 || verdicts[i - 1].confidence != verdicts[i].confidence;
        if (whole && (double) right >= PRECISION * (double) (count - i)) {
            ret->to_person = (double) i / (double) count;
            ret->threshold = verdicts[i].confidence / (double) UINT16_MAX;
        }
    }
}

void judge_score (struct judgement *verdicts, size_t count, struct score *ret)
{
    *ret = (struct score){.count = count};
    qsort (verdicts, count, sizeof *verdicts, by_confidence);
    for (size_t i = 0; i < count; i++) {
        struct bin *bin = &ret->bins[i * BINS / count];
        ret->first += verdicts[i].rank == 0;
        ret->three += verdicts[i].rank < RANK_BEHIND;
        bin->count++;
        bin->right += verdicts[i].rank == 0;
        bin->confidence += verdicts[i].confidence / (double) UINT16_MAX;
    }
    for (size_t i = 0; i < BINS; i++) {
        struct bin *bin = &ret->bins[i];
        if (bin->count == 0)
            continue;
        ret->calibration_error += fabs (bin->confidence - (double) bin->right) / (double) count;
        bin->confidence /= (double) bin->count;
    }
    find_threshold (verdicts, count, ret);
}

void judge_interval (size_t right, size_t count, double *ret_low, double *ret_high)
{
    const double z = 1.959964;
    double n = count ? (double) count : 1, share = (double) right / n;
    double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
    double half = z * sqrt (share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n);
    *ret_low = fmax (0, middle - half);
    *ret_high = fmin (1, middle + half);
}
