/* model_inside.h - what a model is made of: for model_file.c, model.c and the learner.
 *
 * Fixed point: "Q16" is a whole number of 1/65536.
 */
#ifndef ADUAN_MODEL_INSIDE_H
#define ADUAN_MODEL_INSIDE_H

#include "model.h"

#define MODEL_KNOTS_MOST    64
#define MODEL_FEATURES_MOST (4 << 20)
#define MODEL_SHIFT_MOST    15
#define MODEL_RARITY_MOST   (16 * 256)

/* A feature that it knows, and where its weights stand among the postings. */
struct model_entry {
    uint32_t key, first;
    uint16_t count;
    uint16_t rarity; /* 1/256: 1 + ln ((n + 1) / (n with it + 1)), over the n examples */
    uint8_t shift;   /* of its weights: weight << shift is Q16 */
};

struct model_knot {
    uint16_t chance, confidence; /* 1/65535 */
};

struct model {
    char *text; /* the name, the newest example's id, the labels, each ended by NUL */
    size_t text_len;
    const char *newest_id, **labels; /* in `text` */
    size_t label_count;
    int64_t newest;
    uint32_t steepness; /* Q8: a margin that is d less is 2^(d x steepness) less likely */
    struct model_knot *knots;
    size_t knot_count;
    int32_t *biases;             /* Q16 */
    struct model_entry *entries; /* by key */
    size_t entry_count;
    uint16_t *posting_labels; /* of one entry: rising */
    int8_t *posting_weights;
    size_t posting_count;
    struct model_index *index;
};

/* A feature of a text that the model knows. */
struct model_value {
    uint32_t entry;
    int32_t value; /* Q16 */
};

/* What scoring needs beside the parts: a way to entries, scratch memory. */
struct model_index *model_index_new (const struct model *model);
void model_index_free (struct model_index *index);

/* Features into values by rarity and group; how many, in the order of the features.  The answer lives
 * until the next call. */
size_t model_weigh (const struct model *model, const struct feature *features, size_t count,
                    const struct model_value **ret);
/* The margin of each label, Q16. */
void model_margins (const struct model *model, const struct feature *features, size_t count,
                    int32_t *ret);
/* Margins into chances, Q16, of all labels; the order of magnitude that they have below 1/65536 is lost. */
void model_chances (const struct model *model, const int32_t *margins, uint32_t *ret);
/* Q16 of the first one's chance, Q16. */
uint32_t model_confidence (const struct model *model, uint32_t chance);
/* Views of the best `room` labels, best first. */
size_t model_best (const struct model *model, const uint32_t *chances, const int32_t *margins,
                   struct model_view *ret, size_t room);

/* The bytes that model_parse reads. */
void model_compose (const struct model *model, struct buffer *out);

#endif
