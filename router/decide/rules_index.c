/* rules_index.c - which rules are worth a look.
 *
 * A rule is posted under one of its conditions alone: under each of its `any` phrases, or one of its
 * `all` phrases, or each of its categories, or each of its places; whichever the fewest other rules
 * have, so that a word or place with hundreds of rules does not bring them all.  A rule that has none of
 * these is posted under its classes or channels, and the rest are always looked at.
 */
#include "rules_inside.h"

#include <stdlib.h>
#include <string.h>

#define LEVELS_MOST 8 /* of categories: a registry may say anything */

/* ---- keys ------------------------------------------------------------------------------------ */

static void key_text (char ret[16], enum key_kind kind, const void *at, size_t len)
{
    memset (ret, 0, 16);
    ret[0] = (char) kind;
    memcpy (ret + 1, at, len < 15 ? len : 15);
}

static struct posting *posting_of (const struct index *index, enum key_kind kind, const void *at,
                                   size_t len)
{
    struct key_entry *entry;
    char key[16];
    key_text (key, kind, at, len);
    HASH_FIND (hh, index->keys, key, sizeof key, entry);
    return entry ? &entry->posting : NULL;
}

static struct posting *posting_made (struct index *index, enum key_kind kind, const void *at,
                                     size_t len)
{
    struct posting *posting = posting_of (index, kind, at, len);
    if (posting)
        return posting;
    struct key_entry *entry = xcalloc (1, sizeof *entry);
    key_text (entry->key, kind, at, len);
    HASH_ADD (hh, index->keys, key, sizeof entry->key, entry);
    return &entry->posting;
}

static void post (struct posting *posting, uint32_t rule)
{
    if (posting->count == posting->room) {
        posting->room = posting->room ? posting->room * 2 : 4;
        posting->rules = xrealloc (posting->rules, posting->room * sizeof *posting->rules);
    }
    posting->rules[posting->count++] = rule;
}

/* ---- building -------------------------------------------------------------------------------- */

enum way { WAY_ANY, WAY_ALL, WAY_CATEGORY, WAY_PLACE, WAYS };

static struct run run_of (const struct rule *rule, enum way way)
{
    return way == WAY_ANY        ? rule->any
           : way == WAY_ALL      ? rule->all
           : way == WAY_CATEGORY ? rule->categories
                                 : rule->places;
}

/* The posting of one key of a rule. */
static struct posting *key_of (struct rules *rules, enum way way, uint32_t at)
{
    struct index *index = &rules->index;
    if (way == WAY_PLACE) {
        struct view code = rules_place (rules, at);
        return posting_made (index, KEY_REGION, code.at, code.len);
    }
    uint32_t number = rules->numbers[at];
    if (way == WAY_CATEGORY)
        return posting_made (index, KEY_CATEGORY, &number, sizeof number);
    return &index->phrases[number];
}

/* How many conditions share the keys of this way; UINT64_MAX: the rule has none. */
static uint64_t cost_of (struct rules *rules, const struct rule *rule, enum way way,
                         struct posting **ret_least)
{
    struct run run = run_of (rule, way);
    uint64_t sum = 0, least = UINT64_MAX;
    for (uint32_t i = 0; i < run.count; i++) {
        struct posting *posting = key_of (rules, way, run.at + i);
        sum += posting->uses;
        if (posting->uses < least) {
            least = posting->uses;
            *ret_least = posting;
        }
    }
    return run.count == 0 ? UINT64_MAX : way == WAY_ALL ? least : sum;
}

/* A rule without words, category and place: under its classes, its channels, or always. */
static void post_plain (struct rules *rules, uint32_t number)
{
    const struct rule *rule = &rules->rules[number];
    struct index *index = &rules->index;
    for (uint32_t i = 0; rule->classes && i < CLASS_LAST; i++)
        if (rule->classes >> i & 1)
            post (&index->classes[i], number);
    for (uint32_t i = 0; !rule->classes && rule->channels && i < CHANNEL_LAST; i++)
        if (rule->channels >> i & 1)
            post (&index->channels[i], number);
    if (!rule->classes && !rule->channels)
        post (&index->always, number);
}

static void post_rule (struct rules *rules, uint32_t number)
{
    const struct rule *rule = &rules->rules[number];
    struct posting *least[WAYS] = {0};
    uint64_t cost[WAYS];
    enum way best = WAY_ANY;
    for (enum way way = WAY_ANY; way < WAYS; way++) {
        cost[way] = cost_of (rules, rule, way, &least[way]);
        if (cost[way] < cost[best])
            best = way;
    }
    if (cost[best] == UINT64_MAX) {
        post_plain (rules, number);
    } else if (best == WAY_ALL) {
        post (least[best], number);
    } else {
        struct run run = run_of (rule, best);
        for (uint32_t i = 0; i < run.count; i++)
            post (key_of (rules, best, run.at + i), number);
    }
}

void index_build (struct rules *rules)
{
    rules->index.phrases = xcalloc (rules->phrase_count + 1, sizeof *rules->index.phrases);
    for (size_t i = 0; i < rules->count; i++)
        for (enum way way = WAY_ANY; way < WAYS; way++) {
            struct run run = run_of (&rules->rules[i], way);
            for (uint32_t k = 0; k < run.count; k++)
                key_of (rules, way, run.at + k)->uses++;
        }
    for (size_t i = 0; i < rules->count; i++)
        post_rule (rules, (uint32_t) i);
}

void index_free (struct rules *rules)
{
    struct index *index = &rules->index;
    struct key_entry *entry, *next;
    HASH_ITER (hh, index->keys, entry, next) {
        HASH_DEL (index->keys, entry);
        free (entry->posting.rules);
        free (entry);
    }
    for (uint32_t i = 0; index->phrases && i < rules->phrase_count; i++)
        free (index->phrases[i].rules);
    free (index->phrases);
    for (size_t i = 0; i < array_len (index->classes); i++)
        free (index->classes[i].rules);
    for (size_t i = 0; i < array_len (index->channels); i++)
        free (index->channels[i].rules);
    free (index->always.rules);
}

/* ---- looking --------------------------------------------------------------------------------- */

static size_t set (const struct posting *posting, uint64_t *bits)
{
    for (uint32_t i = 0; posting && i < posting->count; i++)
        bits[posting->rules[i] / 64] |= (uint64_t) 1 << posting->rules[i] % 64;
    return posting ? posting->count : 0;
}

size_t index_phrases (const struct rules *rules, const uint32_t *ids, size_t count, uint64_t *bits)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += set (&rules->index.phrases[ids[i]], bits);
    return sum;
}

size_t index_category (const struct rules *rules, uint32_t category, uint64_t *bits)
{
    size_t sum = 0;
    for (int level = 0; category && level < LEVELS_MOST; level++) {
        const struct category *known = registry_category (rules->registry, category);
        sum += set (posting_of (&rules->index, KEY_CATEGORY, &category, sizeof category), bits);
        category = known ? known->parent : 0;
    }
    return sum;
}

size_t index_region (const struct rules *rules, struct view region, uint64_t *bits)
{
    size_t sum = 0;
    for (; region.len; region = region_above (region))
        sum += set (posting_of (&rules->index, KEY_REGION, region.at, region.len), bits);
    return sum;
}

size_t index_class (const struct rules *rules, uint32_t class, uint64_t *bits)
{
    return class < CLASS_LAST ? set (&rules->index.classes[class], bits) : 0;
}

size_t index_channel (const struct rules *rules, uint32_t channel, uint64_t *bits)
{
    return channel < CHANNEL_LAST ? set (&rules->index.channels[channel], bits) : 0;
}

size_t index_always (const struct rules *rules, uint64_t *bits)
{
    return set (&rules->index.always, bits);
}

bool category_among (const struct rules *rules, struct run categories, uint32_t category)
{
    for (int level = 0; category && level < LEVELS_MOST; level++) {
        for (uint32_t i = 0; i < categories.count; i++)
            if (rules_run (rules, categories)[i] == category)
                return true;
        const struct category *known = registry_category (rules->registry, category);
        category = known ? known->parent : 0;
    }
    return false;
}

bool place_among (const struct rules *rules, struct run places, struct view place)
{
    for (uint32_t i = 0; i < places.count; i++)
        if (region_within (place, rules_place (rules, places.at + i)))
            return true;
    return false;
}
