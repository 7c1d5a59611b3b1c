/* feature.c - a feature's key is a hash of what it is: no dictionary, so nothing is kept per word that
 * the model does not use. */
#include "feature.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_LEAST  256
#define START_SHORT  4 /* letters */
#define START_LONG   6
#define PLACE_LEVELS 8
#define WORD_PLACE   2     /* levels of the place that stand beside words: the regency */
#define CELL_LEAST   10000 /* 1e-7 degree: 0.001 degree, about 110 m */
#define PER_WORD     6 /* features at most: itself, its pair, two starts, with category and place */
#define BESIDE       (1 + 2 * PLACE_LEVELS + 6)

static uint64_t mix (uint64_t a, uint64_t b)
{
    uint64_t hash = (a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2))) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 29)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 32);
}

/* Empty, with room for what `words` words can give at most; short texts are most, and clear little. */
static void begin (struct features *features, size_t words)
{
    size_t most = words * PER_WORD + BESIDE, slots = SLOTS_LEAST;
    while (slots < 2 * most)
        slots *= 2;
    if (features->room < most) {
        features->room = most;
        features->at = xrealloc (features->at, most * sizeof *features->at);
        features->slots = xrealloc (features->slots, slots * sizeof *features->slots);
    }
    memset (features->slots, 0, slots * sizeof *features->slots);
    features->slot_mask = slots - 1;
    features->count = 0;
}

static void add (struct features *features, enum feature_group group, uint64_t hash)
{
    uint32_t key = (uint32_t) mix (hash, group);
    size_t slot = key & features->slot_mask;
    for (; features->slots[slot]; slot = (slot + 1) & features->slot_mask) {
        struct feature *same = &features->at[features->slots[slot] - 1];
        if (same->key == key) {
            same->count = (uint16_t) (same->count + (same->count < UINT16_MAX));
            return;
        }
    }
    features->at[features->count++] = (struct feature){key, (uint16_t) group, 1};
    features->slots[slot] = (uint32_t) features->count;
}

static void add_starts (struct features *features, const struct text *text, const struct word *word)
{
    const char *at = text->folded.at + word->at;
    if (word->flags & WORD_NUMBER)
        return;
    if (word->len > START_SHORT)
        add (features, FEATURE_START, text_hash (at, START_SHORT));
    if (word->len > START_LONG)
        add (features, FEATURE_START, text_hash (at, START_LONG));
}

/* Hashes of the place's levels, the nation's first; how many. */
static size_t place_levels (struct view place, uint64_t ret[PLACE_LEVELS])
{
    size_t count = 0;
    for (size_t i = 1; i <= place.len && count < PLACE_LEVELS; i++)
        if (i == place.len || place.at[i] == '.')
            ret[count++] = text_hash (place.at, i);
    return count;
}

static void add_cells (struct features *features, const struct model_facts *facts,
                       uint64_t category)
{
    static const int32_t sizes[] = {1, 3, 10};
    if (!facts->latitude && !facts->longitude)
        return;
    for (size_t i = 0; i < array_len (sizes); i++) {
        int64_t side =
            (int64_t) sizes[i] * CELL_LEAST; /* from the south and west on: nothing rounds to 0 */
        uint64_t y = (uint64_t) ((facts->latitude + INT64_C (2500000000)) / side);
        uint64_t x = (uint64_t) ((facts->longitude + INT64_C (2500000000)) / side);
        uint64_t cell = mix (y << 32 | x, (uint64_t) sizes[i]);
        add (features, FEATURE_CELL, cell);
        if (category)
            add (features, FEATURE_CELL, mix (cell, category));
    }
}

void features_read (struct features *features, const struct text *text,
                    const struct model_facts *facts)
{
    uint64_t levels[PLACE_LEVELS];
    size_t level_count = place_levels (facts->place, levels);
    uint64_t category =
        facts->category.len ? text_hash (facts->category.at, facts->category.len) : 0;
    uint64_t beside =
        level_count ? levels[level_count < WORD_PLACE ? level_count - 1 : WORD_PLACE - 1] : 0;
    begin (features, text->count);
    for (size_t i = 0; i < text->count; i++) {
        const struct word *word = &text->words[i];
        add (features, FEATURE_WORD, word->stem);
        if (i + 1 < text->count)
            add (features, FEATURE_PAIR, mix (word->stem, text->words[i + 1].stem));
        add_starts (features, text, word);
        if (category)
            add (features, FEATURE_CATEGORY_WORD, mix (category, word->stem));
        if (beside)
            add (features, FEATURE_PLACE_WORD, mix (beside, word->stem));
    }
    if (category)
        add (features, FEATURE_FACT, category);
    for (size_t i = 0; i < level_count; i++) {
        add (features, FEATURE_FACT, mix (levels[i], 1));
        if (category)
            add (features, FEATURE_FACT, mix (levels[i], category));
    }
    add_cells (features, facts, category);
}

void features_free (struct features *features)
{
    free (features->at);
    free (features->slots);
    *features = (struct features){0};
}
