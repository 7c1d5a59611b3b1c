/* rules_check.c - what no rule shows by itself: rules that can never hold, rules that never decide since
 * an earlier one always does, pairs that contradict each other.  All of it warnings.
 *
 * "Always" is what follows from the conditions alone, phrase by phrase: where it is not certain,
 * nothing is said.
 */
#include "rules_inside.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>

/* Comparisons of phrases, categories and places: about half a second. */
#define STEPS_MOST 20000000

struct checking {
    const struct rules *rules;
    struct sheet *sheet;
    uint64_t steps;
};

/* ---- phrases --------------------------------------------------------------------------------- */

static bool word_implies (const struct lexeme *word, const struct lexeme *other)
{
    if (other->exact)
        return word->exact && word->form == other->form;
    return word->stem == other->stem;
}

/* Where `phrase` stands in a text, does `other` stand there, too? */
static bool implies (struct checking *checking, uint32_t phrase, uint32_t other)
{
    const struct rules *rules = checking->rules;
    struct run outer = rules->phrase_words[phrase], inner = rules->phrase_words[other];
    checking->steps++;
    for (uint32_t at = 0; at + inner.count <= outer.count; at++) {
        uint32_t same = 0;
        while (same < inner.count && word_implies (&rules->lexemes[outer.at + at + same],
                                                   &rules->lexemes[inner.at + same]))
            same++;
        if (same == inner.count)
            return true;
    }
    return false;
}

/* Does `phrase` bring one of these, or do one of these bring `phrase`? */
static bool implies_one (struct checking *checking, uint32_t phrase, struct run run)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (implies (checking, phrase, rules_run (checking->rules, run)[i]))
            return true;
    return false;
}

static bool one_implies (struct checking *checking, struct run run, uint32_t phrase)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (implies (checking, rules_run (checking->rules, run)[i], phrase))
            return true;
    return false;
}

/* Does each phrase of the run bring one of `others`?  Not where there is none. */
static bool each_implies_one (struct checking *checking, struct run run, struct run others)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (!implies_one (checking, rules_run (checking->rules, run)[i], others))
            return false;
    return run.count > 0;
}

static bool each_implies (struct checking *checking, struct run run, uint32_t phrase)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (!implies (checking, rules_run (checking->rules, run)[i], phrase))
            return false;
    return run.count > 0;
}

/* ---- one rule covers another ----------------------------------------------------------------- */

static bool words_cover (struct checking *checking, const struct rule *wide,
                         const struct rule *narrow)
{
    const struct rules *rules = checking->rules;
    if (wide->any.count && !each_implies_one (checking, narrow->any, wide->any)) {
        bool found = false;
        for (uint32_t i = 0; i < narrow->all.count && !found; i++)
            found = implies_one (checking, rules_run (rules, narrow->all)[i], wide->any);
        if (!found)
            return false;
    }
    for (uint32_t i = 0; i < wide->all.count; i++) {
        uint32_t phrase = rules_run (rules, wide->all)[i];
        if (!one_implies (checking, narrow->all, phrase) &&
            !each_implies (checking, narrow->any, phrase))
            return false;
    }
    for (uint32_t i = 0; i < wide->none.count; i++)
        if (!implies_one (checking, rules_run (rules, wide->none)[i], narrow->none))
            return false;
    return true;
}

static bool places_cover (struct checking *checking, const struct rule *wide,
                          const struct rule *narrow)
{
    const struct rules *rules = checking->rules;
    for (uint32_t i = 0; i < narrow->places.count; i++) {
        checking->steps += wide->places.count;
        if (!place_among (rules, wide->places, rules_place (rules, narrow->places.at + i)))
            return false;
    }
    return narrow->places.count > 0;
}

static bool categories_cover (struct checking *checking, const struct rule *wide,
                              const struct rule *narrow)
{
    for (uint32_t i = 0; i < narrow->categories.count; i++) {
        checking->steps += wide->categories.count;
        if (!category_among (checking->rules, wide->categories,
                             rules_run (checking->rules, narrow->categories)[i]))
            return false;
    }
    return narrow->categories.count > 0;
}

/* A set of 0 holds whatever it is. */
static bool bits_cover (uint32_t wide, uint32_t narrow)
{
    return wide == 0 || (narrow != 0 && (narrow & ~wide) == 0);
}

/* Does `wide` hold whenever `narrow` does? */
static bool covers (struct checking *checking, const struct rule *wide, const struct rule *narrow)
{
    checking->steps++;
    return bits_cover (wide->classes, narrow->classes) &&
           bits_cover (wide->channels, narrow->channels) &&
           bits_cover (wide->hours, narrow->hours) && wide->from <= narrow->from &&
           wide->to >= narrow->to &&
           (wide->places.count == 0 || places_cover (checking, wide, narrow)) &&
           (wide->categories.count == 0 || categories_cover (checking, wide, narrow)) &&
           words_cover (checking, wide, narrow);
}

/* An agency always decides; a function does where the place is known and somebody holds it. */
static bool decides_for (const struct checking *checking, const struct rule *first,
                         const struct rule *later)
{
    const struct rules *rules = checking->rules;
    if (first->agency || !first->function)
        return first->agency != 0;
    for (uint32_t i = 0; i < later->places.count; i++)
        if (!registry_competent (rules->registry, first->function,
                                 rules_place (rules, later->places.at + i), 0))
            return false;
    return later->places.count ||
           (later->function &&
            registry_competent (rules->registry, first->function, (struct view){"", 0}, 0));
}

/* ---- an earlier rule ------------------------------------------------------------------------- */

/* The rules that may hold where this phrase stands. */
static void phrase_candidates (struct checking *checking, uint32_t phrase, uint64_t *bits)
{
    const struct rules *rules = checking->rules;
    struct run words = rules->phrase_words[phrase];
    struct word as_read[PHRASE_WORDS_MOST] = {{0}};
    struct text text = {.words = as_read, .count = words.count};
    uint32_t room[64];
    size_t count;
    for (uint32_t i = 0; i < words.count; i++) {
        as_read[i].form = rules->lexemes[words.at + i].form;
        as_read[i].stem = rules->lexemes[words.at + i].stem;
    }
    uint32_t *found = phrases_in (rules, &text, room, array_len (room), &count);
    checking->steps += count + index_phrases (rules, found, count, bits);
    if (found != room)
        free (found);
}

/* All rules that may hold whenever this one does. */
static void candidates (struct checking *checking, const struct rule *rule, uint64_t *bits)
{
    const struct rules *rules = checking->rules;
    for (uint32_t i = 0; i < rule->any.count; i++)
        phrase_candidates (checking, rules_run (rules, rule->any)[i], bits);
    for (uint32_t i = 0; i < rule->all.count; i++)
        phrase_candidates (checking, rules_run (rules, rule->all)[i], bits);
    for (uint32_t i = 0; i < rule->categories.count; i++)
        checking->steps += 1 + index_category (rules, rules_run (rules, rule->categories)[i], bits);
    for (uint32_t i = 0; i < rule->places.count; i++)
        checking->steps += 1 + index_region (rules, rules_place (rules, rule->places.at + i), bits);
    for (uint32_t i = 1; i < 32; i++) {
        if (rule->classes >> i & 1)
            checking->steps += index_class (rules, i, bits);
        if (rule->channels >> i & 1)
            checking->steps += index_channel (rules, i, bits);
    }
    checking->steps += index_always (rules, bits);
}

static const char *owner_code (const struct checking *checking, const struct rule *rule)
{
    const struct registry *registry = checking->rules->registry;
    return rule->agency ? registry_agency (registry, rule->agency)->code
                        : registry_function_code (registry, rule->function);
}

static void tell (struct checking *checking, const struct rule *first, const struct rule *later)
{
    bool same_owner = first->agency == later->agency && first->function == later->function;
    enum sheet_text what = !covers (checking, later, first) ? SHEET_never_decides
                           : same_owner                     ? SHEET_repeats
                                                            : SHEET_conflict;
    sheet_warning (checking->sheet, later->line, what, "rule", first->name, "line",
                   sheet_number (first->line), "owner", owner_code (checking, later), "other",
                   owner_code (checking, first), NULL);
}

/* Does the first one decide whenever the later one could?  Of two functions for the same conditions nobody means
 * the second for where the first has no holder; an agency may be meant so. */
static bool in_the_way (struct checking *checking, const struct rule *first,
                        const struct rule *later)
{
    return (first->agency || first->function) && covers (checking, first, later) &&
           (decides_for (checking, first, later) ||
            (first->function && later->function && covers (checking, later, first)));
}

static void check_earlier (struct checking *checking, size_t number)
{
    const struct rules *rules = checking->rules;
    const struct rule *rule = &rules->rules[number];
    uint64_t bits[INDEX_WORDS (RULES_MOST)] = {0};
    if (!rule->agency && !rule->function)
        return;
    candidates (checking, rule, bits);
    for (size_t i = 0; i < number && checking->steps < STEPS_MOST; i++)
        if ((bits[i / 64] >> i % 64 & 1) && in_the_way (checking, &rules->rules[i], rule)) {
            tell (checking, &rules->rules[i], rule);
            return;
        }
}

/* ---- one rule alone -------------------------------------------------------------------------- */

static void check_words (struct checking *checking, const struct rule *rule)
{
    bool never = each_implies_one (checking, rule->any, rule->none);
    for (uint32_t i = 0; i < rule->all.count && !never; i++)
        never = implies_one (checking, rules_run (checking->rules, rule->all)[i], rule->none);
    if (never)
        sheet_warning (checking->sheet, rule->line, SHEET_never_holds, NULL);
}

static void check_places (struct checking *checking, const struct rule *rule)
{
    const struct rules *rules = checking->rules;
    const struct agency *agency = registry_agency (rules->registry, rule->agency);
    for (uint32_t i = 0; i < rule->places.count; i++) {
        struct view place = rules_place (rules, rule->places.at + i);
        if (agency && !region_within (place, view_of (agency->region)) &&
            !region_within (view_of (agency->region), place)) {
            sheet_warning (checking->sheet, rule->line, SHEET_place_outside, "place", place.at,
                           "region", agency->region, "owner", agency->code, NULL);
            return;
        }
        if (rule->function && !registry_competent (rules->registry, rule->function, place, 0)) {
            sheet_warning (checking->sheet, rule->line, SHEET_place_without_holder, "place",
                           place.at, "function",
                           registry_function_code (rules->registry, rule->function), NULL);
            return;
        }
    }
}

/* Do these categories, with those below them, all mean oversight? */
static bool oversight_categories (struct checking *checking, struct run categories)
{
    const struct registry *registry = checking->rules->registry;
    for (const struct category *at = registry_category_next (registry, NULL); at;
         at = registry_category_next (registry, at)) {
        checking->steps++;
        if (at->class != CLASS_OVERSIGHT &&
            category_among (checking->rules, categories, at->number))
            return false;
    }
    return categories.count > 0;
}

static void check_oversight (struct checking *checking, const struct rule *rule)
{
    if ((rule->agency || rule->function) && (rule->classes == 1u << CLASS_OVERSIGHT ||
                                             oversight_categories (checking, rule->categories)))
        sheet_warning (checking->sheet, rule->line, SHEET_oversight_only, NULL);
}

void rules_check (struct rules *rules, struct sheet *sheet)
{
    struct checking checking = {.rules = rules, .sheet = sheet};
    for (size_t i = 0; i < rules->count && checking.steps < STEPS_MOST && !sheet_full (sheet);
         i++) {
        sheet_about (sheet, SHEET_about_rule, view_of (rules->rules[i].name));
        check_words (&checking, &rules->rules[i]);
        check_oversight (&checking, &rules->rules[i]);
        check_places (&checking, &rules->rules[i]);
        check_earlier (&checking, i);
    }
    sheet->about = SHEET_none;
    if (checking.steps >= STEPS_MOST)
        sheet_warning (sheet, 1, SHEET_not_all_compared, NULL);
}
