/* learner.c - which features are known, a machine for each label, and what of its weights is kept.
 *
 * Of the weights that the machines give, most are near nothing: the file keeps those that move most over
 * all examples, as many as fit.  Of 23,328 examples with 223 labels 13.7 MB of 21 judge as well (0.6842 and
 * 0.6840 right at first), with 14 labels 3.7 MB of 6 (0.8167, 0.8169).
 */
#include "learner.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "svm.h"

#define EXAMPLES_LEAST   2 /* of a feature: what stands in one alone says nothing */
#define BYTES_LEAST      (7 << 19)
#define BYTES_A_LABEL    78000
#define ENTRY_BYTES      9
#define POSTING_BYTES    3
#define CANDIDATES_MOST  (24 << 20) /* 288 MiB */
#define WEIGHT_LEAST     0.001f
#define IMPORTANCE_STEPS 65536

/* ---- the features that it knows ------------------------------------------------------------- */

static int by_key (const void *left, const void *right)
{
    const struct feature *a = left, *b = right;
    return a->key < b->key ? -1 : a->key > b->key;
}

static uint16_t rarity_of (size_t examples, size_t with)
{
    double rarity = 1 + log ((double) (examples + 1) / (double) (with + 1));
    double fixed = floor (rarity * 256 + 0.5);
    return (uint16_t) (fixed > MODEL_RARITY_MOST ? MODEL_RARITY_MOST : fixed);
}

/* What the learner knows of an entry besides. */
struct known {
    uint32_t with; /* how many examples */
    float
        scale; /* of its values, and of its weights in return: the model's own values are not scaled */
};

/* Fills the model's entries; *ret_known (the caller frees it) is of as many. */
static void know_features (struct model *model, const struct examples *examples, size_t from,
                           size_t to, double starts, struct known **ret_known)
{
    size_t count = 0, at = 0;
    for (size_t i = from; i < to; i++)
        count += examples->at[i].features;
    struct feature *keys = xcalloc (count + 1, sizeof *keys);
    for (size_t i = from; i < to; i++)
        for (uint32_t k = 0; k < examples->at[i].features; k++)
            keys[at++] = examples->features[examples->at[i].first + k];
    qsort (keys, count, sizeof *keys, by_key);
    model->entries = xcalloc (count / EXAMPLES_LEAST + 1, sizeof *model->entries);
    *ret_known = xcalloc (count / EXAMPLES_LEAST + 1, sizeof **ret_known);
    for (size_t i = 0, run; i < count; i += run) {
        for (run = 1; i + run < count && keys[i + run].key == keys[i].key;)
            run++;
        if (run < EXAMPLES_LEAST || model->entry_count == MODEL_FEATURES_MOST)
            continue;
        (*ret_known)[model->entry_count] =
            (struct known){(uint32_t) run, keys[i].group == FEATURE_START ? (float) starts : 1};
        model->entries[model->entry_count++] =
            (struct model_entry){.key = keys[i].key, .rarity = rarity_of (to - from, run)};
    }
    free (keys);
}

static int by_entry (const void *left, const void *right)
{
    const struct model_value *a = left, *b = right;
    return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* The examples as the machines see them: by the very code that scores. */
static struct svm *make_machine (const struct model *model, const struct examples *examples,
                                 size_t from, size_t to, const struct known *facts)
{
    struct svm *svm = svm_new (to - from, model->entry_count);
    struct model_value *sorted = NULL;
    uint32_t *numbers = NULL;
    float *values = NULL;
    for (size_t i = from; i < to; i++) {
        const struct example *example = &examples->at[i];
        const struct model_value *known;
        size_t count =
            model_weigh (model, examples->features + example->first, example->features, &known);
        sorted = xrealloc (sorted, (count + 1) * sizeof *sorted);
        numbers = xrealloc (numbers, (count + 1) * sizeof *numbers);
        values = xrealloc (values, (count + 1) * sizeof *values);
        if (count)
            memcpy (sorted, known, count * sizeof *sorted);
        qsort (sorted, count, sizeof *sorted, by_entry);
        for (size_t k = 0; k < count; k++) {
            numbers[k] = sorted[k].entry;
            values[k] = (float) sorted[k].value / 65536 * facts[sorted[k].entry].scale;
        }
        svm_add (svm, numbers, values, count);
    }
    free (sorted);
    free (numbers);
    free (values);
    return svm;
}

/* ---- the weights that are kept ---------------------------------------------------------------- */

struct candidate {
    uint32_t entry;
    uint16_t label;
    uint16_t importance; /* its logarithm, in steps */
    float weight;
};

struct candidates {
    struct candidate *at; /* label after label, each one's by entry */
    size_t count, room;
};

/* How much it moves over all examples, in steps of a 2,048th of a power of two. */
static uint16_t importance_of (float weight, uint32_t with)
{
    double size = fabs ((double) weight) * sqrt ((double) with);
    double step = floor ((log2 (size) + 16) * 2048);
    return (uint16_t) (step < 0 ? 0 : step >= IMPORTANCE_STEPS ? IMPORTANCE_STEPS - 1 : step);
}

/* Keeps at most `most`, the most important ones. */
static void prune (struct candidates *candidates, size_t most)
{
    static size_t steps[IMPORTANCE_STEPS];
    size_t above = 0, kept = 0;
    unsigned least = IMPORTANCE_STEPS;
    if (candidates->count <= most)
        return;
    memset (steps, 0, sizeof steps);
    for (size_t i = 0; i < candidates->count; i++)
        steps[candidates->at[i].importance]++;
    while (least > 0 && above + steps[least - 1] <= most)
        above += steps[--least];
    for (size_t i = 0; i < candidates->count; i++)
        if (candidates->at[i].importance >= least)
            candidates->at[kept++] = candidates->at[i];
    candidates->count = kept;
}

static void keep_weights (struct candidates *candidates, const struct model *model,
                          const struct known *facts, size_t label, const double *weights)
{
    for (size_t i = 0; i < model->entry_count; i++) {
        float weight = (float) weights[i] * facts[i].scale;
        if (fabsf (weight) < WEIGHT_LEAST)
            continue;
        if (candidates->count == candidates->room) {
            candidates->room = candidates->room ? candidates->room * 2 : 1 << 16;
            candidates->at = xrealloc (candidates->at, candidates->room * sizeof *candidates->at);
        }
        candidates->at[candidates->count++] = (struct candidate){
            (uint32_t) i, (uint16_t) label, importance_of (weight, facts[i].with), weight};
    }
    if (candidates->count > CANDIDATES_MOST)
        prune (candidates, CANDIDATES_MOST / 2);
}

static int32_t fixed_of (double weight)
{
    double fixed = floor (weight * 65536 + 0.5);
    return (int32_t) (fixed > 1 << 30 ? 1 << 30 : fixed < -(1 << 30) ? -(1 << 30) : fixed);
}

static void train_labels (struct model *model, const struct examples *examples, size_t from,
                          size_t to, const struct known *facts, const struct recipe *recipe,
                          struct candidates *candidates)
{
    struct svm *svm = make_machine (model, examples, from, to, facts);
    signed char *signs = xcalloc (to - from, 1);
    for (size_t label = 0; label < model->label_count; label++) {
        const double *weights;
        size_t positive = 0;
        for (size_t i = from; i < to; i++) {
            signs[i - from] = examples->at[i].label == label ? 1 : -1;
            positive += signs[i - from] > 0;
        }
        model->biases[label] = -2 * 65536; /* of a label that stands in none: behind all others */
        if (positive == 0)
            continue;
        svm_train (svm, signs, recipe->cost, recipe->seed, &weights);
        model->biases[label] = fixed_of (weights[model->entry_count]);
        keep_weights (candidates, model, facts, label, weights);
    }
    free (signs);
    svm_free (&svm);
}

/* ---- weights into the model's form ------------------------------------------------------------ */

static void choose_shifts (struct model *model, const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->at[i];
        struct model_entry *entry = &model->entries[candidate->entry];
        int32_t size = abs (fixed_of ((double) candidate->weight));
        while (entry->shift < MODEL_SHIFT_MOST && size >> entry->shift > INT8_MAX)
            entry->shift++;
    }
}

static int8_t byte_of (float weight, unsigned shift)
{
    double byte = floor ((double) weight * (65536 >> shift) + 0.5);
    return (int8_t) (byte > INT8_MAX ? INT8_MAX : byte < -INT8_MAX ? -INT8_MAX : byte);
}

/* Candidates come label after label: counted by entry, each entry's stand by label. */
static void settle_postings (struct model *model, const struct candidates *candidates)
{
    uint32_t *next = xcalloc (model->entry_count + 1, sizeof *next), first = 0;
    choose_shifts (model, candidates);
    for (size_t i = 0; i < candidates->count; i++) {
        struct model_entry *entry = &model->entries[candidates->at[i].entry];
        entry->count =
            (uint16_t) (entry->count + (byte_of (candidates->at[i].weight, entry->shift) != 0));
    }
    for (size_t i = 0; i < model->entry_count; i++) {
        model->entries[i].first = next[i] = first;
        first += model->entries[i].count;
    }
    model->posting_count = first;
    model->posting_labels = xcalloc (first + 1, sizeof *model->posting_labels);
    model->posting_weights = xcalloc (first + 1, 1);
    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->at[i];
        int8_t byte = byte_of (candidate->weight, model->entries[candidate->entry].shift);
        if (byte == 0)
            continue;
        model->posting_labels[next[candidate->entry]] = candidate->label;
        model->posting_weights[next[candidate->entry]++] = byte;
    }
    free (next);
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void set_text (struct model *model, const char *name, const struct examples *examples,
                      size_t to)
{
    struct buffer text = {0};
    const char *id = examples->at[to - 1].id;
    buffer_add (&text, name, strlen (name) + 1);
    buffer_add (&text, id, strlen (id) + 1);
    for (size_t i = 0; i < model->label_count; i++)
        buffer_add (&text, examples->labels[i], strlen (examples->labels[i]) + 1);
    free (model->text);
    model->text = text.at;
    model->text_len = text.len;
    model->newest_id = model->text + strlen (name) + 1;
    const char *at = model->newest_id + strlen (model->newest_id) + 1;
    for (size_t i = 0; i < model->label_count; i++, at += strlen (at) + 1)
        model->labels[i] = at;
}

struct model *learner_weights (const struct examples *examples, size_t from, size_t to,
                               const struct recipe *recipe)
{
    static const struct model_knot knots[] = {{0, 0}, {UINT16_MAX, UINT16_MAX}};
    struct model *model = xcalloc (1, sizeof *model);
    struct candidates candidates = {0};
    struct known *facts;
    model->label_count = examples->label_count;
    model->labels = xcalloc (model->label_count, sizeof *model->labels);
    set_text (model, "unnamed", examples, to);
    model->biases = xcalloc (model->label_count, sizeof *model->biases);
    model->knot_count = array_len (knots);
    model->knots = xcalloc (model->knot_count, sizeof *knots);
    memcpy (model->knots, knots, sizeof knots);
    model->steepness = 256;
    model->newest = examples->at[to - 1].time;
    know_features (model, examples, from, to, recipe->starts, &facts);
    model->index = model_index_new (model);
    train_labels (model, examples, from, to, facts, recipe, &candidates);
    size_t bytes = BYTES_A_LABEL * model->label_count;
    bytes = bytes < BYTES_LEAST ? BYTES_LEAST : bytes;
    size_t taken = model->entry_count * ENTRY_BYTES;
    prune (&candidates, bytes > taken ? (bytes - taken) / POSTING_BYTES : 0);
    settle_postings (model, &candidates);
    free (candidates.at);
    free (facts);
    return model;
}

void learner_name (struct model *model, const struct examples *examples, size_t to)
{
    struct buffer bytes = {0};
    unsigned char digest[crypto_generichash_BYTES_MIN];
    char day[32];
    if (examples->timed)
        snprintf (day, sizeof day, "%s", day_text ((int64_t) model->newest));
    else
        snprintf (day, sizeof day, "%08zu", to);
    model_compose (model, &bytes);
    crypto_generichash (digest, sizeof digest, (const unsigned char *) bytes.at, bytes.len, NULL,
                        0);
    char *name = xformat ("%s-%s", day, hex_text (digest, 4));
    set_text (model, name, examples, to);
    free (name);
    buffer_free (&bytes);
}
