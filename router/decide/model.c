/* model.c - scoring: the features' weights, summed; margins into chances, the first one's chance into a
 * confidence.
 */
#include "model_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ONE           65536 /* Q16 */
#define DIRECTORY_LOG 4     /* entries a bucket at most, about */
#define EXP_STEPS     256
#define EXP_ONE       (1u << 30)

struct model_index {
    uint32_t *directory; /* by a key's first bits: the first entry with these or later ones */
    unsigned drop;       /* the other bits */
    uint32_t powers[EXP_STEPS + 1]; /* 2^-(i/256), of 2^30 */
    struct features features;
    struct model_value *values;
    uint16_t *groups; /* of the values */
    size_t room;
    int64_t *sums;
    int32_t *margins;
    uint32_t *chances;
};

/* ---- finding entries ------------------------------------------------------------------------- */

static void fill_directory (struct model_index *index, const struct model *model)
{
    unsigned bits = DIRECTORY_LOG;
    while (bits < 22 && ((size_t) 1 << bits) < model->entry_count)
        bits++;
    size_t buckets = (size_t) 1 << bits, entry = 0;
    index->drop = 32 - bits;
    index->directory = xcalloc (buckets + 1, sizeof *index->directory);
    for (size_t i = 0; i <= buckets; i++) {
        while (entry < model->entry_count && model->entries[entry].key >> index->drop < i)
            entry++;
        index->directory[i] = (uint32_t) entry;
    }
}

/* The memory that the features' entries are in is asked for at once: one by one, each would be waited for. */
static void fetch (const struct model *model, const struct feature *features, size_t count)
{
    const struct model_index *index = model->index;
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch (&index->directory[features[i].key >> index->drop]);
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch (&model->entries[index->directory[features[i].key >> index->drop]]);
}

static const struct model_entry *find (const struct model *model, uint32_t key)
{
    const struct model_index *index = model->index;
    const uint32_t *bucket = &index->directory[key >> index->drop];
    for (uint32_t i = bucket[0]; i < bucket[1]; i++)
        if (model->entries[i].key == key)
            return &model->entries[i];
    return NULL;
}

/* Powers made of eight known ones: exp() differs between libraries in its last bit. */
static void fill_powers (struct model_index *index)
{
    /* 2^-(2^k/256), of 2^30, k from 0 */
    static const uint32_t known[] = {1070838486, 1067942999, 1062175491, 1050733751,
                                     1028218693, 984625594,  902905651,  759250125};
    for (unsigned i = 0; i <= EXP_STEPS; i++) {
        uint64_t power = i == EXP_STEPS ? EXP_ONE / 2 : EXP_ONE;
        for (unsigned k = 0; k < array_len (known); k++)
            if (i >> k & 1)
                power = (power * known[k] + EXP_ONE / 2) / EXP_ONE;
        index->powers[i] = (uint32_t) power;
    }
}

struct model_index *model_index_new (const struct model *model)
{
    struct model_index *index = xcalloc (1, sizeof *index);
    fill_directory (index, model);
    fill_powers (index);
    index->sums = xcalloc (model->label_count, sizeof *index->sums);
    index->margins = xcalloc (model->label_count, sizeof *index->margins);
    index->chances = xcalloc (model->label_count, sizeof *index->chances);
    return index;
}

void model_index_free (struct model_index *index)
{
    if (!index)
        return;
    features_free (&index->features);
    free (index->directory);
    free (index->values);
    free (index->groups);
    free (index->sums);
    free (index->margins);
    free (index->chances);
    free (index);
}

/* ---- features into margins ------------------------------------------------------------------- */

/* 1 + ln (count), of 256: the tenth time a word stands there says less than the first. */
static uint32_t frequency (uint32_t count)
{
    static const uint16_t known[] = {256, 433, 537, 611, 668, 715, 754, 788, 818, 845, 870, 892};
    return known[(count < array_len (known) ? count : array_len (known)) - 1];
}

static const struct {
    double weight;
    bool by_length;
} groups[] = {
#define GROUP(name, weight, by_length) {weight, by_length},
    FEATURE_GROUPS (GROUP)
#undef GROUP
};

static void scale (struct model_index *index, size_t count,
                   const uint64_t squares[FEATURE_GROUP_COUNT])
{
    /* multiplication, division and square root round the same way everywhere (IEEE 754) */
    double scales[FEATURE_GROUP_COUNT];
    for (size_t i = 0; i < FEATURE_GROUP_COUNT; i++)
        scales[i] = groups[i].by_length
                        ? groups[i].weight * ONE / sqrt ((double) (squares[i] ? squares[i] : 1))
                        : groups[i].weight * ONE;
    for (size_t i = 0; i < count; i++) {
        double value = index->values[i].value * scales[index->groups[i]];
        index->values[i].value = (int32_t) value;
    }
}

size_t model_weigh (const struct model *model, const struct feature *features, size_t count,
                    const struct model_value **ret)
{
    struct model_index *index = model->index;
    uint64_t squares[FEATURE_GROUP_COUNT] = {0};
    size_t known = 0;
    if (count > index->room) {
        index->room = count;
        index->values = xrealloc (index->values, count * sizeof *index->values);
        index->groups = xrealloc (index->groups, count * sizeof *index->groups);
    }
    fetch (model, features, count);
    for (size_t i = 0; i < count; i++) {
        const struct model_entry *entry = find (model, features[i].key);
        if (!entry)
            continue;
        __builtin_prefetch (model->posting_labels + entry->first);
        __builtin_prefetch (model->posting_weights + entry->first);
        unsigned group = features[i].group;
        uint32_t value =
            groups[group].by_length ? frequency (features[i].count) * entry->rarity : 1;
        squares[group] += (uint64_t) value * value;
        index->groups[known] = (uint16_t) group;
        index->values[known++] =
            (struct model_value){(uint32_t) (entry - model->entries), (int32_t) value};
    }
    scale (index, known, squares);
    *ret = index->values;
    return known;
}

static int32_t clamp (int64_t value)
{
    return (int32_t) (value > INT32_MAX / 2    ? INT32_MAX / 2
                      : value < -INT32_MAX / 2 ? -INT32_MAX / 2
                                               : value);
}

void model_margins (const struct model *model, const struct feature *features, size_t count,
                    int32_t *ret)
{
    const struct model_value *values;
    int64_t *sums = model->index->sums;
    size_t known = model_weigh (model, features, count, &values);
    for (size_t i = 0; i < model->label_count; i++)
        sums[i] = (int64_t) model->biases[i] * ONE;
    for (size_t i = 0; i < known; i++) {
        const struct model_entry *entry = &model->entries[values[i].entry];
        const uint16_t *labels = model->posting_labels + entry->first;
        const int8_t *weights = model->posting_weights + entry->first;
        int64_t value = (int64_t) values[i].value * (1 << entry->shift);
        for (size_t k = 0; k < entry->count; k++)
            sums[labels[k]] += value * weights[k];
    }
    for (size_t i = 0; i < model->label_count; i++)
        ret[i] = clamp (sums[i] / ONE);
}

/* ---- margins into chances -------------------------------------------------------------------- */

/* 2^-x of 2^30, x Q16. */
static uint32_t power_of (const struct model_index *index, uint64_t x)
{
    if (x >> 16 >= 30)
        return 0;
    uint32_t step = (uint32_t) (x >> 8) & 255, rest = (uint32_t) x & 255;
    uint64_t between =
        (uint64_t) index->powers[step] * (256 - rest) + (uint64_t) index->powers[step + 1] * rest;
    return (uint32_t) (between >> 8 >> (x >> 16));
}

void model_chances (const struct model *model, const int32_t *margins, uint32_t *ret)
{
    int32_t most = margins[0];
    uint64_t sum = 0;
    for (size_t i = 1; i < model->label_count; i++)
        most = margins[i] > most ? margins[i] : most;
    for (size_t i = 0; i < model->label_count; i++) {
        uint64_t less = (uint64_t) ((int64_t) most - margins[i]);
        ret[i] = power_of (model->index, less * model->steepness >> 8);
        sum += ret[i];
    }
    for (size_t i = 0; i < model->label_count; i++)
        ret[i] = (uint32_t) ((uint64_t) ret[i] * ONE / sum);
}

uint32_t model_confidence (const struct model *model, uint32_t chance)
{
    const struct model_knot *knots = model->knots;
    size_t at = 1;
    uint32_t x = chance >= ONE ? UINT16_MAX : chance;
    if (x <= knots[0].chance)
        return knots[0].confidence;
    while (at + 1 < model->knot_count && knots[at].chance < x)
        at++;
    if (x >= knots[at].chance)
        return knots[at].confidence;
    uint32_t run = (uint32_t) knots[at].chance - knots[at - 1].chance;
    uint32_t rise = (uint32_t) knots[at].confidence - knots[at - 1].confidence;
    return knots[at - 1].confidence +
           (uint32_t) ((uint64_t) rise * (x - knots[at - 1].chance) / run);
}

size_t model_best (const struct model *model, const uint32_t *chances, const int32_t *margins,
                   struct model_view *ret, size_t room)
{
    size_t count = 0;
    for (uint32_t i = 0; i < model->label_count; i++) {
        size_t at = count;
        while (at > 0 && margins[ret[at - 1].label] < margins[i])
            at--;
        if (at >= room)
            continue;
        count += count < room;
        memmove (&ret[at + 1], &ret[at], (count - at - 1) * sizeof *ret);
        ret[at] = (struct model_view){i, (float) chances[i] / ONE};
    }
    return count;
}

size_t model_score (const struct model *model, const struct text *text,
                    const struct model_facts *facts, struct model_view *ret, size_t room,
                    float *ret_confidence)
{
    struct model_index *index = model->index;
    features_read (&index->features, text, facts);
    model_margins (model, index->features.at, index->features.count, index->margins);
    model_chances (model, index->margins, index->chances);
    size_t count = model_best (model, index->chances, index->margins, ret, room);
    uint32_t first = 0;
    for (size_t i = 0; i < model->label_count; i++)
        first = index->chances[i] > first ? index->chances[i] : first;
    *ret_confidence = (float) model_confidence (model, first) / UINT16_MAX;
    return count;
}

/* ---- what it is ------------------------------------------------------------------------------ */

size_t model_label_count (const struct model *model)
{
    return model->label_count;
}

const char *model_label (const struct model *model, size_t label)
{
    return label < model->label_count ? model->labels[label] : "";
}

const char *model_name (const struct model *model)
{
    return model->text;
}

const char *model_newest_id (const struct model *model)
{
    return model->newest_id;
}

int64_t model_newest (const struct model *model)
{
    return model->newest;
}
