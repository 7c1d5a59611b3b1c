/* rules_read.c - from a YAML file to rules, each value checked against the registry where it stands. */
#include "rules_inside.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MOST 64
#define NOTE_MOST 500
#define WORD_MOST 200 /* code points of a phrase or a code */

struct rule_name {
    unsigned line;
    UT_hash_handle hh;
};

struct reading {
    struct rules *rules;
    struct rule *rule;
    struct lexicon_entry *lexicon;
    struct text text; /* kept for phrases */
    struct rule_name *names;
    struct run *run;     /* the list that is being read */
    unsigned when, then; /* lines; 0: not said */
    bool never;          /* a list of conditions has nothing left that the registry knows */
};

/* ---- pools ----------------------------------------------------------------------------------- */

static void *grown (void *at, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return at;
    *room = *room ? *room * 2 : 256;
    return xrealloc (at, *room * size);
}

/* Lists are read one after the other, so that each stands in one piece. */
static void put (struct reading *reading, uint32_t number)
{
    struct rules *rules = reading->rules;
    rules->numbers =
        grown (rules->numbers, rules->number_count, &rules->number_room, sizeof *rules->numbers);
    if (reading->run->count == 0)
        reading->run->at = (uint32_t) rules->number_count;
    rules->numbers[rules->number_count++] = number;
    reading->run->count++;
}

static bool put_before (const struct reading *reading, uint32_t number)
{
    for (uint32_t i = 0; i < reading->run->count; i++)
        if (rules_run (reading->rules, *reading->run)[i] == number)
            return true;
    return false;
}

/* A value as a fault shows it. */
static const char *shown (struct view value)
{
    size_t len = value.len < 48 ? value.len : 48;
    while (len && len < value.len && ((unsigned char) value.at[len] & 0xc0) == 0x80)
        len--;
    return log_text (value.at, len);
}

/* ---- words of enums -------------------------------------------------------------------------- */

/* The value with this word, 0: none. */
static uint32_t enum_of (const char *(*word) (uint32_t value), uint32_t last, struct view text)
{
    for (uint32_t i = 1; i < last; i++)
        if (*word (i) && view_is (text, word (i)))
            return i;
    return 0;
}

static uint32_t enum_read (struct sheet *sheet, const yaml_node_t *node, const char *what,
                           const char *(*word) (uint32_t value), uint32_t last)
{
    struct view text = sheet_scalar (sheet, node, WORD_MOST);
    uint32_t value = enum_of (word, last, text);
    if (value || text.len == 0)
        return value;
    struct buffer known = {0};
    for (uint32_t i = 1; i < last; i++)
        if (*word (i))
            buffer_format (&known, "%s%s", known.len ? ", " : "", word (i));
    sheet_error (sheet, sheet_line (node), SHEET_unknown_word, "value", shown (text), "what", what,
                 "known", known.at, NULL);
    buffer_free (&known);
    return 0;
}

static void read_class (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct rule *rule = into;
    rule->classes |= 1u << enum_read (sheet, node, "class", class_word, CLASS_LAST);
}

static void read_channel (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct rule *rule = into;
    rule->channels |= 1u << enum_read (sheet, node, "channel", channel_word, CHANNEL_LAST);
}

static void when_class (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    sheet_list (sheet, node, CLASS_LAST, read_class, reading->rule);
}

static void when_channel (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    sheet_list (sheet, node, CHANNEL_LAST, read_channel, reading->rule);
}

/* ---- category, place ------------------------------------------------------------------------- */

static bool same_name (struct view text, const char *name)
{
    return strlen (name) == text.len && strncasecmp (text.at, name, text.len) == 0;
}

static bool whole_number (struct view text, uint32_t most, uint32_t *ret)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || number > most)
            return false;
        number = number * 10 + (uint64_t) (text.at[i] - '0');
    }
    *ret = (uint32_t) number;
    return text.len && number <= most;
}

static void read_category (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    const struct registry *registry = reading->rules->registry;
    struct view text = sheet_scalar (sheet, node, WORD_MOST);
    const struct category *found = NULL, *other = NULL;
    uint32_t number;
    if (text.len == 0)
        return;
    if (whole_number (text, INT32_MAX, &number))
        found = registry_category (registry, number);
    else
        for (const struct category *at = registry_category_next (registry, NULL); at;
             at = registry_category_next (registry, at))
            if (same_name (text, at->name)) {
                other = found;
                found = at;
            }
    if (!found)
        sheet_unknown (sheet, sheet_line (node), SHEET_unknown_category, "value", shown (text),
                       NULL);
    else if (other)
        sheet_error (sheet, sheet_line (node), SHEET_category_of_two, "value", shown (text),
                     "first", sheet_number (other->number), "second", sheet_number (found->number),
                     NULL);
    else if (!put_before (reading, found->number))
        put (reading, found->number);
}

static void read_place (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    struct rules *rules = reading->rules;
    struct view text = sheet_scalar (sheet, node, WORD_MOST);
    if (text.len == 0)
        return;
    if (!registry_has_region (rules->registry, text)) {
        sheet_unknown (sheet, sheet_line (node), SHEET_unknown_region, "value", shown (text), NULL);
        return;
    }
    rules->places =
        grown (rules->places, rules->place_count, &rules->place_room, sizeof *rules->places);
    struct place_code *place = &rules->places[rules->place_count];
    memset (place, 0, sizeof *place);
    memcpy (place->code, text.at, text.len); /* regions have room, or the registry has none such */
    if (reading->run->count == 0)
        reading->run->at = (uint32_t) rules->place_count;
    reading->run->count++;
    rules->place_count++;
}

static void when_category (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    reading->run = &reading->rule->categories;
    sheet_list (sheet, node, RULES_LIST_MOST, read_category, reading);
    reading->never = reading->never || reading->run->count == 0;
}

static void when_place (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    reading->run = &reading->rule->places;
    sheet_list (sheet, node, RULES_LIST_MOST, read_place, reading);
    reading->never = reading->never || reading->run->count == 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* The words of a phrase as phrases_add reads them; how many, PHRASE_WORDS_MOST + 1: more than fit. */
static size_t lexemes_of (struct text *text, struct view phrase,
                          struct lexeme ret[PHRASE_WORDS_MOST])
{
    static const struct view none = {"", 0};
    size_t count = 0;
    while (phrase.len) {
        const char *blank = memchr (phrase.at, ' ', phrase.len);
        size_t len = blank ? (size_t) (blank - phrase.at) : phrase.len;
        bool exact = len && phrase.at[0] == '=';
        text_read (text, none, (struct view){phrase.at + exact, len - exact}, none);
        for (size_t i = 0; i < text->count; i++) {
            if (count == PHRASE_WORDS_MOST)
                return count + 1;
            ret[count++] = (struct lexeme){text->words[i].form, text->words[i].stem, exact};
        }
        len += blank != NULL;
        phrase = (struct view){phrase.at + len, phrase.len - len};
    }
    return count;
}

/* The phrase's id: the same for what matches the same. */
static uint32_t intern (struct reading *reading, struct view phrase, const struct lexeme *lexemes,
                        size_t count)
{
    struct rules *rules = reading->rules;
    struct lexicon_entry *entry, *fresh = xcalloc (1, sizeof *fresh);
    for (size_t i = 0; i < count; i++) {
        fresh->key[2 * i] = lexemes[i].exact + 1u;
        fresh->key[2 * i + 1] = lexemes[i].exact ? lexemes[i].form : lexemes[i].stem;
    }
    HASH_FIND (hh, reading->lexicon, fresh->key, sizeof fresh->key, entry);
    if (entry) {
        free (fresh);
        return entry->id;
    }
    fresh->id = rules->phrase_count++;
    HASH_ADD (hh, reading->lexicon, key, sizeof fresh->key, fresh);
    check (phrases_add (rules->phrases, phrase, fresh->id) == 0);
    if (!rules->phrase_words) {
        rules->phrase_words = xcalloc (RULES_PHRASES_MOST, sizeof *rules->phrase_words);
        rules->lexemes = xcalloc (RULES_PHRASES_MOST * PHRASE_WORDS_MOST, sizeof *rules->lexemes);
    }
    rules->phrase_words[fresh->id] = (struct run){(uint32_t) rules->lexeme_count, (uint32_t) count};
    memcpy (rules->lexemes + rules->lexeme_count, lexemes, count * sizeof *lexemes);
    rules->lexeme_count += count;
    return fresh->id;
}

static void read_phrase (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    struct view phrase = sheet_scalar (sheet, node, WORD_MOST);
    struct lexeme lexemes[PHRASE_WORDS_MOST];
    size_t count = phrase.len ? lexemes_of (&reading->text, phrase, lexemes) : 0;
    if (phrase.len == 0)
        return;
    if (count == 0)
        sheet_error (sheet, sheet_line (node), SHEET_phrase_empty, "value", shown (phrase), NULL);
    else if (count > PHRASE_WORDS_MOST)
        sheet_error (sheet, sheet_line (node), SHEET_phrase_too_long, "value", shown (phrase),
                     "most", sheet_number (PHRASE_WORDS_MOST), NULL);
    else if (reading->rules->phrase_count == RULES_PHRASES_MOST)
        sheet_error (sheet, sheet_line (node), SHEET_too_many_phrases, "most",
                     sheet_number (RULES_PHRASES_MOST), NULL);
    else {
        uint32_t id = intern (reading, phrase, lexemes, count);
        if (!put_before (reading, id))
            put (reading, id);
    }
}

static void read_phrases (struct sheet *sheet, const yaml_node_t *node, struct reading *reading,
                          struct run *run)
{
    reading->run = run;
    sheet_list (sheet, node, RULES_LIST_MOST, read_phrase, reading);
}

static void when_any (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    read_phrases (sheet, node, reading, &reading->rule->any);
}

static void when_all (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    read_phrases (sheet, node, reading, &reading->rule->all);
}

static void when_none (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    read_phrases (sheet, node, reading, &reading->rule->none);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Days since 1970-01-01 of a civil date (Hinnant's days_from_civil). */
static int32_t days_of (int32_t year, int32_t month, int32_t day)
{
    year -= month <= 2;
    int32_t era = year / 400, of_era = year - era * 400;
    int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool date_of (struct view text, int32_t *ret)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t year, month, day;
    if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-' ||
        !whole_number ((struct view){text.at, 4}, 9999, &year) ||
        !whole_number ((struct view){text.at + 5, 2}, 12, &month) ||
        !whole_number ((struct view){text.at + 8, 2}, 31, &day) || month == 0 || year < 1970)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    *ret = days_of ((int32_t) year, (int32_t) month, (int32_t) day);
    return day > 0 && day <= lengths[month - 1] + (uint32_t) (month == 2 && leap);
}

static void read_date (struct sheet *sheet, const yaml_node_t *node, int32_t *into)
{
    struct view text = sheet_scalar (sheet, node, WORD_MOST);
    if (text.len && !date_of (text, into))
        sheet_error (sheet, sheet_line (node), SHEET_no_day, "value", shown (text), NULL);
}

static void when_from (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    read_date (sheet, node, &reading->rule->from);
}

static void when_to (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    read_date (sheet, node, &reading->rule->to);
}

static void when_hours (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    struct view text = sheet_scalar (sheet, node, WORD_MOST);
    uint32_t first, end;
    if (text.len == 0)
        return;
    if (text.len != 5 || text.at[2] != '-' ||
        !whole_number ((struct view){text.at, 2}, 23, &first) ||
        !whole_number ((struct view){text.at + 3, 2}, 24, &end)) {
        sheet_error (sheet, sheet_line (node), SHEET_no_hours, "value", shown (text), NULL);
        return;
    }
    if (first == end || (first == 0 && end == 24)) {
        sheet_error (sheet, sheet_line (node), SHEET_whole_day, "value", shown (text), NULL);
        return;
    }
    for (uint32_t hour = first; hour != end % 24; hour = (hour + 1) % 24)
        reading->rule->hours |= 1u << hour;
}

/* ---- effects --------------------------------------------------------------------------------- */

static uint16_t function_of (struct sheet *sheet, const yaml_node_t *node,
                             const struct reading *reading)
{
    const struct registry *registry = reading->rules->registry;
    struct view code = sheet_scalar (sheet, node, WORD_MOST);
    uint16_t function = registry_function_by_code (registry, code);
    if (function || code.len == 0)
        return function;
    const char *nearest = "", *said = shown (code);
    unsigned least = 4;
    for (uint16_t i = 1; i < REGISTRY_FUNCTIONS_MOST; i++) {
        const char *known = registry_function_code (registry, i);
        unsigned apart = *known ? word_distance (said, known) : least;
        if (apart < least && apart * 3 <= strlen (said)) {
            least = apart;
            nearest = known;
        }
    }
    bool agency = registry_agency_by_code (registry, code) != NULL;
    sheet_unknown (sheet, sheet_line (node),
                   agency     ? SHEET_function_is_agency
                   : *nearest ? SHEET_unknown_function_near
                              : SHEET_unknown_function,
                   "value", said, "near", nearest, NULL);
    return 0;
}

static void then_function (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    reading->rule->function = function_of (sheet, node, reading);
}

static void then_agency (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    const struct registry *registry = reading->rules->registry;
    struct view code = sheet_scalar (sheet, node, WORD_MOST);
    const struct agency *agency = registry_agency_by_code (registry, code);
    if (agency)
        reading->rule->agency = agency->number;
    else if (code.len)
        sheet_unknown (sheet, sheet_line (node),
                       registry_function_by_code (registry, code) ? SHEET_agency_is_function
                                                                  : SHEET_unknown_agency,
                       "value", shown (code), NULL);
}

static void read_party (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    const struct registry *registry = reading->rules->registry;
    struct view code = sheet_scalar (sheet, node, WORD_MOST);
    const struct agency *agency = registry_agency_by_code (registry, code);
    uint16_t function = registry_function_by_code (registry, code);
    if (code.len == 0)
        return;
    if (agency && function) {
        sheet_error (sheet, sheet_line (node), SHEET_party_of_both, "value", shown (code), NULL);
        return;
    }
    if (!agency && !function) {
        sheet_unknown (sheet, sheet_line (node), SHEET_unknown_party, "value", shown (code), NULL);
        return;
    }
    uint32_t party = agency ? agency->number : PARTY_FUNCTION | function;
    if (!put_before (reading, party))
        put (reading, party);
}

static void then_copies (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    reading->run = &reading->rule->copies;
    sheet_list (sheet, node, RULES_COPIES, read_party, reading);
}

static void then_support (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    reading->run = &reading->rule->support;
    sheet_list (sheet, node, RULES_COPIES, read_party, reading);
}

static void then_priority (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    uint32_t priority = enum_read (sheet, node, "priority", priority_word, PRIORITY_LAST);
    if (priority == PRIORITY_EMERGENCY)
        sheet_error (sheet, sheet_line (node), SHEET_no_emergency, NULL);
    else
        reading->rule->priority = priority;
}

static void then_secret (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    struct view text = sheet_scalar (sheet, node, WORD_MOST);
    if (view_is (text, "true"))
        reading->rule->secret = true;
    else if (text.len)
        sheet_error (sheet, sheet_line (node), SHEET_not_true, "value", shown (text), NULL);
}

static const char *const ask_words[] = {"location", "photo", "date", "detail", "contact"};

const char *rules_ask_word (uint32_t ask)
{
    for (size_t i = 0; i < array_len (ask_words); i++)
        if (ask == 1u << i)
            return ask_words[i];
    return "";
}

static void read_ask (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct rule *rule = into;
    struct view text = sheet_scalar (sheet, node, WORD_MOST);
    uint32_t asked = 0;
    for (size_t i = 0; i < array_len (ask_words); i++)
        if (view_is (text, ask_words[i]))
            asked = 1u << i;
    if (!asked && text.len)
        sheet_error (sheet, sheet_line (node), SHEET_unknown_ask, "value", shown (text), "known",
                     "location, photo, date, detail, contact", NULL);
    rule->asks |= asked;
}

static void then_ask (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    sheet_list (sheet, node, array_len (ask_words), read_ask, reading->rule);
}

/* ---- a rule ---------------------------------------------------------------------------------- */

static void rule_when (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    static const struct sheet_key keys[] = {
        {"class", "when.class", when_class},
        {"category", "when.category", when_category},
        {"channel", "when.channel", when_channel},
        {"place", "when.place", when_place},
        {"any", "when.any", when_any},
        {"all", "when.all", when_all},
        {"none", "when.none", when_none},
        {"from", "when.from", when_from},
        {"to", "when.to", when_to},
        {"hours", "when.hours", when_hours},
    };
    struct reading *reading = into;
    size_t before = sheet->error_count;
    reading->when = sheet_line (node);
    sheet_mapping (sheet, node, keys, array_len (keys), reading);
    const struct rule *rule = reading->rule;
    if (node->type == YAML_MAPPING_NODE &&
        node->data.mapping.pairs.start == node->data.mapping.pairs.top)
        sheet_error (sheet, reading->when, SHEET_no_condition, NULL);
    if (sheet->error_count == before && rule->from > rule->to)
        sheet_error (sheet, reading->when, SHEET_from_after_to, NULL);
}

static void rule_then (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    static const struct sheet_key keys[] = {
        {"function", "then.function", then_function},
        {"agency", "then.agency", then_agency},
        {"priority", "then.priority", then_priority},
        {"secret", "then.secret", then_secret},
        {"copies", "then.copies", then_copies},
        {"support", "then.support", then_support},
        {"ask", "then.ask", then_ask},
    };
    struct reading *reading = into;
    reading->then = sheet_line (node);
    sheet_mapping (sheet, node, keys, array_len (keys), reading);
    if (node->type == YAML_MAPPING_NODE &&
        node->data.mapping.pairs.start == node->data.mapping.pairs.top)
        sheet_error (sheet, reading->then, SHEET_no_effect, NULL);
    if (reading->rule->function && reading->rule->agency)
        sheet_error (sheet, reading->then, SHEET_two_owners, NULL);
}

static bool name_valid (struct view name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!strchr ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
                     name.at[i]))
            return false;
    return true;
}

static void read_name (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    struct view name = sheet_scalar (sheet, node, NAME_MOST);
    if (name.len == 0)
        return;
    if (!name_valid (name)) {
        sheet_error (sheet, sheet_line (node), SHEET_odd_name, "value", shown (name), NULL);
        return;
    }
    struct rule_name *same;
    HASH_FIND (hh, reading->names, name.at, name.len, same);
    if (same) {
        sheet_error (sheet, sheet_line (node), SHEET_name_taken, "line", sheet_number (same->line),
                     NULL);
        return;
    }
    same = xcalloc (1, sizeof *same);
    same->line = sheet_line (node);
    reading->rule->name = xstrndup (name.at, name.len);
    HASH_ADD_KEYPTR (hh, reading->names, reading->rule->name, name.len, same);
}

static void rule_note (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    (void) into;
    (void) sheet_scalar (sheet, node, NOTE_MOST);
}

/* What begins the faults of this rule. */
static void set_about (struct sheet *sheet, const yaml_node_t *node, size_t number)
{
    const yaml_node_t *name = sheet_find (sheet, node, "name");
    struct view text = name ? sheet_view (name) : view_of ("");
    if (text.len && text.len <= NAME_MOST && name_valid (text))
        sheet_about (sheet, SHEET_about_rule, text);
    else
        sheet_about (sheet, SHEET_about_rule_number, view_of (sheet_number (number + 1)));
}

static void read_rule (struct sheet *sheet, const yaml_node_t *node, struct reading *reading)
{
    static const struct sheet_key keys[] = {
        {"name", "name", read_name},
        {"when", "when", rule_when},
        {"then", "then", rule_then},
        {"note", "note", rule_note},
    };
    struct rules *rules = reading->rules;
    struct rule *rule = &rules->rules[rules->count];
    *rule = (struct rule){.from = INT32_MIN, .to = INT32_MAX, .line = sheet_line (node)};
    reading->rule = rule;
    reading->when = reading->then = 0;
    reading->never = false;
    set_about (sheet, node, rules->count);
    sheet->key = NULL;
    size_t before = sheet->error_count;
    sheet_mapping (sheet, node, keys, array_len (keys), reading);
    if (node->type == YAML_MAPPING_NODE && !reading->when)
        sheet_error (sheet, rule->line, SHEET_no_when, NULL);
    if (node->type == YAML_MAPPING_NODE && !reading->then)
        sheet_error (sheet, rule->line, SHEET_no_then, NULL);
    if (!rule->name && sheet->error_count == before)
        sheet_error (sheet, rule->line, SHEET_no_name, NULL);
    if (reading->never) { /* without its condition it would hold everywhere */
        rule->from = INT32_MAX;
        rule->to = INT32_MIN;
    }
    rules->count++;
    sheet->about = SHEET_none;
}

/* ---- the file -------------------------------------------------------------------------------- */

static void read_version (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    (void) into;
    struct view text = sheet_scalar (sheet, node, WORD_MOST);
    if (text.len && !view_is (text, "1"))
        sheet_error (sheet, sheet_line (node), SHEET_other_version, "value", shown (text), NULL);
}

static void read_rules (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct reading *reading = into;
    if (node->type != YAML_SEQUENCE_NODE) {
        if (node->type != YAML_SCALAR_NODE || node->data.scalar.length)
            sheet_error (sheet, sheet_line (node), SHEET_rules_no_list, NULL);
        return;
    }
    const yaml_node_item_t *item = node->data.sequence.items.start,
                           *top = node->data.sequence.items.top;
    size_t count = (size_t) (top - item);
    if (count > RULES_MOST) {
        sheet_error (sheet, sheet_line (sheet_node (sheet, item[RULES_MOST])), SHEET_too_many_rules,
                     "count", sheet_number (count), "most", sheet_number (RULES_MOST), NULL);
        return;
    }
    reading->rules->rules = xcalloc (count + 1, sizeof *reading->rules->rules);
    for (; item < top && !sheet_full (sheet); item++)
        read_rule (sheet, sheet_node (sheet, *item), reading);
}

static void read_cases (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    (void) sheet;
    (void) node;
    (void) into; /* `aduan rules test` looks at them */
}

static void read_file (struct sheet *sheet, struct reading *reading)
{
    static const struct sheet_key keys[] = {
        {"version", "version", read_version},
        {"rules", "rules", read_rules},
        {"cases", "cases", read_cases},
    };
    const yaml_node_t *root = sheet_root (sheet);
    sheet_mapping (sheet, root, keys, array_len (keys), reading);
    if (root->type != YAML_MAPPING_NODE)
        return;
    if (!sheet_find (sheet, root, "version"))
        sheet_error (sheet, sheet_line (root), SHEET_no_version, NULL);
    if (!sheet_find (sheet, root, "rules"))
        sheet_error (sheet, sheet_line (root), SHEET_no_rules, NULL);
}

static void reading_end (struct reading *reading)
{
    struct lexicon_entry *entry, *next;
    HASH_ITER (hh, reading->lexicon, entry, next) {
        HASH_DEL (reading->lexicon, entry);
        free (entry);
    }
    struct rule_name *name, *next_name;
    HASH_ITER (hh, reading->names, name, next_name) {
        HASH_DEL (reading->names, name);
        free (name);
    }
    text_free (&reading->text);
}

static int by_line (const void *a, const void *b)
{
    const struct sheet_fault *left = a, *right = b;
    return left->line < right->line ? -1 : left->line > right->line;
}

static int parse (const struct registry *registry, const char *at, size_t len, bool tolerant,
                  struct rules **ret, struct sheet_fault **ret_faults, size_t *ret_fault_count)
{
    struct rules *rules = xcalloc (1, sizeof *rules);
    struct reading reading = {.rules = rules};
    struct sheet sheet = {.tolerant = tolerant};
    rules->registry = registry;
    rules->phrases = phrases_new ();
    if (sheet_open (&sheet, at, len, RULES_BYTES_MOST) == 0)
        read_file (&sheet, &reading);
    sheet_close (&sheet);
    reading_end (&reading);
    if (sheet.error_count == 0) {
        index_build (rules);
        rules_check (rules, &sheet);
    }
    free (rules->lexemes);
    free (rules->phrase_words);
    rules->lexemes = NULL;
    rules->phrase_words = NULL;
    if (sheet.fault_count)
        qsort (sheet.faults, sheet.fault_count, sizeof *sheet.faults, by_line);
    *ret_faults = sheet.faults;
    *ret_fault_count = sheet.fault_count;
    if (sheet.error_count)
        rules_free (&rules);
    *ret = rules;
    return rules ? 0 : FAIL_MALFORMED;
}

int rules_parse (const struct registry *registry, const char *at, size_t len, struct rules **ret,
                 struct sheet_fault **ret_faults, size_t *ret_fault_count)
{
    return parse (registry, at, len, false, ret, ret_faults, ret_fault_count);
}

int rules_read_again (const struct registry *registry, const char *at, size_t len,
                      struct rules **ret, struct sheet_fault **ret_faults, size_t *ret_fault_count)
{
    return parse (registry, at, len, true, ret, ret_faults, ret_fault_count);
}

void rules_free (struct rules **held)
{
    struct rules *rules = *held;
    if (!rules)
        return;
    index_free (rules);
    for (size_t i = 0; i < rules->count; i++)
        free (rules->rules[i].name);
    free (rules->rules);
    free (rules->numbers);
    free (rules->places);
    free (rules->lexemes);
    free (rules->phrase_words);
    phrases_free (&rules->phrases);
    free (rules);
    *held = NULL;
}
