/* model_file.c - a model as bytes, little-endian, without gaps:
 *
 *     8 bytes "aduanml1"
 *     u32  labels, entries, postings, knots, bytes of text; steepness
 *     i64  newest
 *     u16 chance, u16 confidence   a knot; both rise
 *     i32 bias                     a label
 *     text                         name NUL, id of the newest example NUL, label NUL ...
 *     u32 key (rising), u16 count, u16 rarity, u8 shift     an entry
 *     u16 label (rising within an entry)                    a posting
 *     i8 weight                                             a posting
 *
 * Reading is total: what breaks any of this is refused as a whole.
 */
#include "model_inside.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC       "aduanml1"
#define HEAD_BYTES  (8 + 6 * 4 + 8)
#define ENTRY_BYTES 9

/* ---- bytes ----------------------------------------------------------------------------------- */

struct cursor {
    const unsigned char *at;
    size_t left;
};

/* The caller knows that they are there. */
static uint64_t take (struct cursor *cursor, unsigned bytes)
{
    uint64_t value = 0;
    check (cursor->left >= bytes);
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t) cursor->at[i] << (8 * i);
    cursor->at += bytes;
    cursor->left -= bytes;
    return value;
}

static void give (struct buffer *out, uint64_t value, unsigned bytes)
{
    char *at = buffer_room (out, bytes);
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (char) (value >> (8 * i));
    out->len += bytes;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Each NULL, or what is wrong. */
static const char *read_head (struct cursor *cursor, struct model *model)
{
    if (cursor->left < HEAD_BYTES || memcmp (cursor->at, MAGIC, 8) != 0)
        return "no model, or of another version";
    take (cursor, 8);
    model->label_count = (size_t) take (cursor, 4);
    model->entry_count = (size_t) take (cursor, 4);
    model->posting_count = (size_t) take (cursor, 4);
    model->knot_count = (size_t) take (cursor, 4);
    model->text_len = (size_t) take (cursor, 4);
    model->steepness = (uint32_t) take (cursor, 4);
    model->newest = (int64_t) take (cursor, 8);
    if (model->label_count == 0 || model->label_count > MODEL_LABELS_MOST)
        return "no labels, or too many";
    if (model->entry_count > MODEL_FEATURES_MOST)
        return "too many features";
    if (model->knot_count < 2 || model->knot_count > MODEL_KNOTS_MOST)
        return "too few knots, or too many";
    if (model->steepness == 0 || model->steepness > 1 << 20)
        return "its steepness";
    uint64_t rest = model->knot_count * 4 + model->label_count * 4 + model->text_len +
                    model->entry_count * ENTRY_BYTES + (uint64_t) model->posting_count * 3;
    return rest == cursor->left ? NULL : "its length";
}

static const char *read_knots (struct cursor *cursor, struct model *model)
{
    model->knots = xcalloc (model->knot_count, sizeof *model->knots);
    for (size_t i = 0; i < model->knot_count; i++) {
        struct model_knot *knot = &model->knots[i];
        knot->chance = (uint16_t) take (cursor, 2);
        knot->confidence = (uint16_t) take (cursor, 2);
        if (i && (knot->chance <= knot[-1].chance || knot->confidence < knot[-1].confidence))
            return "knots that do not rise";
    }
    model->biases = xcalloc (model->label_count, sizeof *model->biases);
    for (size_t i = 0; i < model->label_count; i++)
        model->biases[i] = (int32_t) (uint32_t) take (cursor, 4);
    return NULL;
}

static const char *read_text (struct cursor *cursor, struct model *model)
{
    model->text = xcalloc (model->text_len + 1, 1);
    memcpy (model->text, cursor->at, model->text_len);
    cursor->at += model->text_len;
    cursor->left -= model->text_len;
    model->labels = xcalloc (model->label_count, sizeof *model->labels);
    const char *at = model->text, *end = model->text + model->text_len;
    for (size_t i = 0; i < model->label_count + 2; i++) {
        size_t len = strlen (at);
        if (at + len >= end || (len == 0 && i != 1))
            return "a name that is missing or empty";
        if (!utf8_is_clean (at, len))
            return "a name that is no text";
        if (i == 1)
            model->newest_id = at;
        else if (i > 1)
            model->labels[i - 2] = at;
        at += len + 1;
    }
    return at == end ? NULL : "text behind its labels";
}

static const char *read_entries (struct cursor *cursor, struct model *model)
{
    uint64_t first = 0;
    model->entries = xcalloc (model->entry_count + 1, sizeof *model->entries);
    for (size_t i = 0; i < model->entry_count; i++) {
        struct model_entry *entry = &model->entries[i];
        entry->key = (uint32_t) take (cursor, 4);
        entry->count = (uint16_t) take (cursor, 2);
        entry->rarity = (uint16_t) take (cursor, 2);
        entry->shift = (uint8_t) take (cursor, 1);
        entry->first = (uint32_t) first;
        first += entry->count;
        if (i && entry->key <= entry[-1].key)
            return "features that do not rise";
        if (entry->shift > MODEL_SHIFT_MOST || entry->rarity < 256 ||
            entry->rarity > MODEL_RARITY_MOST)
            return "a feature's shift or rarity";
    }
    return first == model->posting_count ? NULL : "its number of weights";
}

static const char *read_postings (struct cursor *cursor, struct model *model)
{
    model->posting_labels = xcalloc (model->posting_count + 1, sizeof *model->posting_labels);
    model->posting_weights = xcalloc (model->posting_count + 1, 1);
    for (size_t i = 0; i < model->posting_count; i++)
        model->posting_labels[i] = (uint16_t) take (cursor, 2);
    memcpy (model->posting_weights, cursor->at, model->posting_count);
    for (size_t i = 0; i < model->entry_count; i++) {
        const uint16_t *labels = model->posting_labels + model->entries[i].first;
        for (size_t k = 0; k < model->entries[i].count; k++)
            if (labels[k] >= model->label_count || (k && labels[k] <= labels[k - 1]))
                return "a weight of no label";
    }
    return NULL;
}

int model_parse (const char *at, size_t len, struct model **ret)
{
    static const char *(*const parts[]) (struct cursor *, struct model *) = {
        read_head, read_knots, read_text, read_entries, read_postings};
    struct model *model = xcalloc (1, sizeof *model);
    struct cursor cursor = {(const unsigned char *) at, len};
    const char *wrong = len > MODEL_BYTES_MOST ? "too long" : NULL;
    for (size_t i = 0; i < array_len (parts) && !wrong; i++)
        wrong = parts[i](&cursor, model);
    if (wrong) {
        log_error ("model refused: %s", wrong);
        model_free (&model);
        return FAIL_MALFORMED;
    }
    model->index = model_index_new (model);
    *ret = model;
    return 0;
}

void model_free (struct model **held)
{
    struct model *model = *held;
    if (!model)
        return;
    model_index_free (model->index);
    free (model->text);
    free (model->labels);
    free (model->knots);
    free (model->biases);
    free (model->entries);
    free (model->posting_labels);
    free (model->posting_weights);
    free (model);
    *held = NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

void model_compose (const struct model *model, struct buffer *out)
{
    buffer_add (out, MAGIC, 8);
    const size_t counts[] = {model->label_count, model->entry_count, model->posting_count,
                             model->knot_count,  model->text_len,    model->steepness};
    for (size_t i = 0; i < array_len (counts); i++)
        give (out, counts[i], 4);
    give (out, (uint64_t) model->newest, 8);
    for (size_t i = 0; i < model->knot_count; i++) {
        give (out, model->knots[i].chance, 2);
        give (out, model->knots[i].confidence, 2);
    }
    for (size_t i = 0; i < model->label_count; i++)
        give (out, (uint32_t) model->biases[i], 4);
    buffer_add (out, model->text, model->text_len);
    for (size_t i = 0; i < model->entry_count; i++) {
        const struct model_entry *entry = &model->entries[i];
        give (out, entry->key, 4);
        give (out, entry->count, 2);
        give (out, entry->rarity, 2);
        give (out, entry->shift, 1);
    }
    for (size_t i = 0; i < model->posting_count; i++)
        give (out, model->posting_labels[i], 2);
    buffer_add (out, model->posting_weights, model->posting_count);
}
