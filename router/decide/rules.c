/* rules.c - which rules a complaint meets, and what follows. */
#include "rules_inside.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS      86400000
#define HOUR_MS     3600000
#define NATION_ZONE 7 /* hours east of UTC: the capital's */
#define FOUND_FEW   256

/* Hours east of UTC by province, 0: no such province. */
static const int8_t zones[100] = {
#define ZONE(province, hours) [province] = (hours),
#include "zones.def"
#undef ZONE
};

size_t rules_count (const struct rules *rules)
{
    return rules->count;
}

const char *rules_name (const struct rules *rules, size_t rule)
{
    return rules->rules[rule].name;
}

unsigned rules_line (const struct rules *rules, size_t rule)
{
    return rules->rules[rule].line;
}

/* ---- what is found in a text ----------------------------------------------------------------- */

static int by_number (const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *) a, right = *(const uint32_t *) b;
    return left < right ? -1 : left > right;
}

static size_t distinct (uint32_t *ids, size_t count)
{
    size_t kept = 0;
    if (count > 32) {
        qsort (ids, count, sizeof *ids, by_number);
    } else {
        for (size_t i = 1; i < count; i++) {
            uint32_t id = ids[i];
            size_t at = i;
            for (; at && ids[at - 1] > id; at--)
                ids[at] = ids[at - 1];
            ids[at] = id;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            ids[kept++] = ids[i];
    return kept;
}

uint32_t *phrases_in (const struct rules *rules, const struct text *text, uint32_t *room,
                      size_t len, size_t *ret_count)
{
    struct phrase_found few[FOUND_FEW], *found = few;
    size_t most = FOUND_FEW, count = phrases_find (rules->phrases, text, found, most);
    uint32_t *ids = room;
    while (count == most) { /* there may be more */
        most *= 8;
        found = xrealloc (found == few ? NULL : found, most * sizeof *found);
        count = phrases_find (rules->phrases, text, found, most);
    }
    if (count > len)
        ids = xcalloc (count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = found[i].id;
    if (found != few)
        free (found);
    *ret_count = distinct (ids, count);
    return ids;
}

/* ---- conditions ------------------------------------------------------------------------------ */

struct met {
    const struct rules *rules;
    const struct rules_facts *facts;
    const uint32_t *ids; /* of phrases, in rising order */
    size_t id_count;
    int32_t day;             /* of receipt, in the nation's zone */
    uint32_t hour;           /* its bit, by the clock of the place; 0: not known */
    uint32_t class, channel; /* their bits; 0: not known */
    struct held {
        uint16_t function;
        uint32_t agency;
    } held[16]; /* who holds the functions asked for so far */
    size_t held_count;
};

static bool is_found (const struct met *met, uint32_t id)
{
    size_t low = 0, high = met->id_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (met->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < met->id_count && met->ids[low] == id;
}

static bool found_one (const struct met *met, struct run run)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (is_found (met, rules_run (met->rules, run)[i]))
            return true;
    return false;
}

static bool found_all (const struct met *met, struct run run)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (!is_found (met, rules_run (met->rules, run)[i]))
            return false;
    return true;
}

static bool holds (const struct met *met, const struct rule *rule)
{
    const struct rules_facts *facts = met->facts;
    if (rule->classes && !(rule->classes & met->class))
        return false;
    if (rule->channels && !(rule->channels & met->channel))
        return false;
    if (rule->hours && !(rule->hours & met->hour))
        return false;
    if ((rule->from > met->day || rule->to < met->day) ||
        (met->hour == 0 && (rule->from != INT32_MIN || rule->to != INT32_MAX)))
        return false;
    if (rule->places.count && !place_among (met->rules, rule->places, facts->place))
        return false;
    if (rule->categories.count && !category_among (met->rules, rule->categories, facts->category))
        return false;
    return (rule->any.count == 0 || found_one (met, rule->any)) && found_all (met, rule->all) &&
           !found_one (met, rule->none);
}

static int64_t floor_div (int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

static void set_clock (struct met *met)
{
    const struct rules_facts *facts = met->facts;
    int64_t zone = NATION_ZONE;
    if (facts->place.len >= 2 && facts->place.at[0] >= '0' && facts->place.at[0] <= '9' &&
        facts->place.at[1] >= '0' && facts->place.at[1] <= '9') {
        int8_t known = zones[(facts->place.at[0] - '0') * 10 + facts->place.at[1] - '0'];
        zone = known ? known : zone;
    }
    int64_t bound = (int64_t) 1 << 52; /* ms: far beyond any day that is written */
    if (facts->received <= 0 || facts->received > bound)
        return;
    int64_t local = facts->received + zone * HOUR_MS;
    met->day = (int32_t) floor_div (facts->received + (int64_t) NATION_ZONE * HOUR_MS, DAY_MS);
    met->hour = 1u << (local / HOUR_MS) % 24;
}

/* ---- effects --------------------------------------------------------------------------------- */

/* Where the place is not known, the nation's holder would be a guess: most functions are local. */
static uint32_t held_by (struct met *met, uint16_t function)
{
    if (met->facts->place.len == 0)
        return 0;
    for (size_t i = 0; i < met->held_count; i++)
        if (met->held[i].function == function)
            return met->held[i].agency;
    const struct agency *holder =
        registry_competent (met->rules->registry, function, met->facts->place, 0);
    uint32_t agency = holder ? holder->number : 0;
    if (met->held_count < array_len (met->held))
        met->held[met->held_count++] = (struct held){function, agency};
    return agency;
}

static void add_parties (struct met *met, struct run run, uint32_t *into)
{
    for (uint32_t i = 0; i < run.count && !into[RULES_COPIES - 1]; i++) {
        uint32_t party = rules_run (met->rules, run)[i], agency = party;
        if (party & PARTY_FUNCTION)
            agency = held_by (met, (uint16_t) (party & ~PARTY_FUNCTION));
        size_t at = 0;
        while (at < RULES_COPIES && into[at] && into[at] != agency)
            at++;
        if (agency && at < RULES_COPIES)
            into[at] = agency;
    }
}

static void take_owner (struct met *met, size_t number, struct rules_verdict *ret)
{
    const struct rule *rule = &met->rules->rules[number];
    if (ret->owner_rule >= 0 || (!rule->agency && !rule->function))
        return;
    uint32_t agency = rule->agency ? rule->agency : held_by (met, rule->function);
    if (agency) {
        ret->owner_rule = (int32_t) number;
        ret->function = rule->function;
        ret->agency = agency;
    } else if (ret->open_rule < 0) {
        ret->open_rule = (int32_t) number;
        ret->open_function = rule->function;
    }
}

static void take (struct met *met, size_t number, struct rules_verdict *ret)
{
    const struct rule *rule = &met->rules->rules[number];
    if (ret->matched_count < array_len (ret->matched))
        ret->matched[ret->matched_count++] = (uint16_t) number;
    take_owner (met, number, ret);
    if (rule->priority && (!ret->priority || rule->priority < ret->priority))
        ret->priority = rule->priority;
    ret->secret = ret->secret || rule->secret;
    ret->asks |= rule->asks;
    add_parties (met, rule->copies, ret->copies);
    add_parties (met, rule->support, ret->support);
}

/* Who has work with a complaint is told of it anyway. */
static void drop_doubles (struct rules_verdict *ret)
{
    size_t kept = 0;
    for (size_t i = 0; i < RULES_COPIES; i++) {
        bool doubled = false;
        for (size_t k = 0; k < RULES_COPIES; k++)
            doubled = doubled || ret->support[k] == ret->copies[i];
        if (!doubled)
            ret->copies[kept++] = ret->copies[i];
    }
    while (kept < RULES_COPIES)
        ret->copies[kept++] = 0;
}

void rules_match (const struct rules *rules, const struct rules_facts *facts,
                  struct rules_verdict *ret)
{
    uint64_t bits[INDEX_WORDS (RULES_MOST)];
    uint32_t room[FOUND_FEW];
    size_t words = INDEX_WORDS (rules->count);
    struct met met = {.rules = rules, .facts = facts};
    *ret = (struct rules_verdict){.owner_rule = -1, .open_rule = -1};
    uint32_t *ids = phrases_in (rules, facts->text, room, array_len (room), &met.id_count);
    met.ids = ids;
    met.class = facts->class && facts->class < CLASS_LAST ? 1u << facts->class : 0;
    met.channel = facts->channel && facts->channel < CHANNEL_LAST ? 1u << facts->channel : 0;
    set_clock (&met);
    memset (bits, 0, words * sizeof *bits);
    index_phrases (rules, met.ids, met.id_count, bits);
    index_category (rules, facts->category, bits);
    index_region (rules, facts->place, bits);
    index_class (rules, facts->class, bits);
    index_channel (rules, facts->channel, bits);
    index_always (rules, bits);
    for (size_t i = 0; i < words; i++)
        for (uint64_t left = bits[i]; left; left &= left - 1) {
            size_t number = i * 64 + (size_t) __builtin_ctzll (left);
            if (holds (&met, &rules->rules[number]))
                take (&met, number, ret);
        }
    drop_doubles (ret);
    if (ids != room)
        free (ids);
}
