/* official_import.c - from a row of the official table to a submission: `aduan import FILE --official`.
 *
 * What the registry calls otherwise, or what is not certain - a category, an agency, a place of which there are two - is left open and
 * counted, never guessed: the router decides, as of any complaint.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "domain/lifecycle.h"
#include "domain/official.h"
#include "mapping.h"
#include "official.h"
#include "wire/wire.h"

/* What was asked of the registry before, by what it was asked with: "" where there is no answer. */
struct known {
    char *asked, *answer;
    bool whole; /* of a place: to the level that the row names */
    UT_hash_handle hh;
};

struct official {
    const struct cli *cli;
    char *system;
    int zone; /* hours east of UTC, of times that do not say it */
    struct known *categories, *agencies, *places;
    struct official_counts counts;
    int status; /* of a question that nobody answered */
};

static bool same (struct view said, const char *name)
{
    return official_is (csv_plain (said), name);
}
const struct headings official_headings = {"Tracking ID", same};

/* ---- the registry ---------------------------------------------------------------------------- */

/* White space as one blank, letters small: as the table's words are compared.  Well-formed, or the query would be refused. */
static char *plain (struct view said)
{
    struct buffer clean = {0}, out = {0};
    bool gap = false;
    said = csv_plain (said);
    utf8_clean (said.at, said.len, &clean);
    for (size_t i = 0; i < clean.len; i++) {
        char sign = clean.at[i];
        if (strchr (" \t\r\n", sign)) {
            gap = out.len > 0;
            continue;
        }
        if (gap)
            buffer_add (&out, " ", 1);
        gap = false;
        sign = sign >= 'A' && sign <= 'Z' ? (char) (sign - 'A' + 'a') : sign;
        buffer_add (&out, &sign, 1);
    }
    buffer_add (&out, "", 1);
    buffer_free (&clean);
    return out.at;
}

static void remember (struct known **table, const char *asked, const char *answer, bool whole)
{
    struct known *known = xcalloc (1, sizeof *known);
    *known = (struct known){.asked = xstrdup (asked), .answer = xstrdup (answer), .whole = whole};
    HASH_ADD_KEYPTR (hh, *table, known->asked, strlen (known->asked), known);
}

static void forget (struct known **table)
{
    struct known *known, *next;
    HASH_ITER (hh, *table, known, next) {
        HASH_DEL (*table, known);
        free (known->asked);
        free (known->answer);
        free (known);
    }
}

/* What the registry says to these words, asked once for each of them. */
static const struct known *ask (struct official *official, struct known **table, const char *query,
                                const char *const *words, size_t count)
{
    struct buffer key = {0};
    struct known *known;
    json_t *rows = NULL;
    for (size_t i = 0; i < count; i++)
        buffer_format (&key, "%s%s", i ? "\t" : "", words[i]);
    HASH_FIND_STR (*table, key.at, known);
    if (!known && official->status == 0)
        official->status = cli_ask (official->cli, query, words, count, &rows);
    if (!known && official->status == 0) {
        const json_t *row = json_array_size (rows) == 1 ? json_array_get (rows, 0) : NULL;
        remember (table, key.at, json_text (row, "code"),
                  json_is_true (json_object_get (row, "whole")));
        HASH_FIND_STR (*table, key.at, known);
    }
    json_decref (rows);
    buffer_free (&key);
    return known;
}

static int read_categories (struct official *official)
{
    json_t *rows, *row;
    size_t at;
    char number[16];
    int status = cli_ask (official->cli, "category", NULL, 0, &rows);
    if (status != 0)
        return status;
    json_array_foreach (rows, at, row) {
        struct known *there;
        char *name = plain (view_of (json_text (row, "name")));
        snprintf (number, sizeof number, "%d",
                  (int) json_integer_value (json_object_get (row, "number")));
        HASH_FIND_STR (official->categories, name, there);
        if (there) { /* two of one name: neither is certain */
            free (there->answer);
            there->answer = xstrdup ("");
        } else {
            remember (&official->categories, name, number, true);
        }
        free (name);
    }
    json_decref (rows);
    return 0;
}

/* ---- a row ----------------------------------------------------------------------------------- */

static struct view cell (struct record *record, enum official_column column)
{
    struct view value = {"", 0};
    record_value (record, official_heading (column), &value);
    return csv_plain (value);
}

static void put (struct buffer *text, const char *at, size_t len)
{
    buffer_clear (text);
    buffer_add (text, at, len);
    buffer_add (text, "", 1);
}

static void word_put (struct buffer *text, const char *at)
{
    put (text, at, strlen (at));
}

static void fill_codes (struct official *official, struct record *record, struct buffer *texts)
{
    struct view class = cell (record, OFFICIAL_class), channel = cell (record, OFFICIAL_channel);
    uint32_t number = official_class (class);
    bool anonymous, secret;
    if (number)
        word_put (&texts[TARGET_class], class_word (number));
    official->counts.classes += !number && class.len > 0;
    number = official_channel (channel);
    word_put (&texts[TARGET_channel], channel_word (number ? number : CHANNEL_IMPORT));
    official->counts.channels += !number && channel.len > 0;
    /* what cannot be read counts as both: what is not said */
    if (official_type (cell (record, OFFICIAL_type), &anonymous, &secret)) {
        word_put (&texts[TARGET_anonymous], anonymous ? "yes" : "no");
        word_put (&texts[TARGET_secret], secret ? "yes" : "no");
    } else {
        official->counts.types++;
    }
}

static void fill_category (struct official *official, struct record *record, struct buffer *texts)
{
    char *name = plain (cell (record, OFFICIAL_category_name));
    struct known *known;
    HASH_FIND_STR (official->categories, name, known);
    if (known && *known->answer)
        word_put (&texts[TARGET_category], known->answer);
    else
        official->counts.categories += *name != 0;
    free (name);
}

/* The agency that had it; one of that name alone, or of that name below that parent. */
static void fill_target (struct official *official, struct record *record, struct buffer *texts)
{
    char *name = plain (cell (record, OFFICIAL_holder_name)),
         *parent = plain (cell (record, OFFICIAL_parent));
    const char *words[] = {name, parent};
    const struct known *known =
        *name ? ask (official, &official->agencies, "agency_named", words, 2) : NULL;
    if (known && *known->answer)
        word_put (&texts[TARGET_target], known->answer);
    official->counts.agencies += *name && !(known && *known->answer);
    free (name);
    free (parent);
}

/* By all four names from above: a name alone decides nothing (26 are both a city and a regency). */
static void fill_place (struct official *official, struct record *record, struct buffer *texts)
{
    static const enum official_column columns[] = {OFFICIAL_province, OFFICIAL_regency,
                                                   OFFICIAL_district, OFFICIAL_village};
    char *names[4];
    bool any = false;
    for (size_t i = 0; i < 4; i++) {
        names[i] = plain (cell (record, columns[i]));
        any = any || *names[i];
    }
    const struct known *known =
        any ? ask (official, &official->places, "place", (const char *const *) names, 4) : NULL;
    if (known && *known->answer)
        word_put (&texts[TARGET_place], known->answer);
    official->counts.places += any && !(known && known->whole);
    for (size_t i = 0; i < 4; i++)
        free (names[i]);
}

/* The reporter's text; behind it what only the old system had, so that whoever works on it knows (domain/official.h). */
static void fill_text (struct record *record, unsigned state, struct buffer *texts)
{
    struct view first = cell (record, OFFICIAL_text), later = cell (record, OFFICIAL_edited),
                status = cell (record, OFFICIAL_status), why = cell (record, OFFICIAL_why);
    struct buffer *text = &texts[TARGET_text];
    bool edited = later.len && first.len &&
                  !(later.len == first.len && memcmp (later.at, first.at, first.len) == 0);
    if (!first.len)
        first = later;
    buffer_clear (text);
    buffer_add (text, first.at, first.len);
    if (first.len && (edited || state > STATE_received)) {
        buffer_add (text, OFFICIAL_EARLIER, sizeof OFFICIAL_EARLIER - 1);
        if (status.len)
            buffer_format (text, "\nStatus: %.*s", (int) status.len, status.at);
        if (why.len)
            buffer_format (text, "\nAlasan: %.*s", (int) why.len, why.at);
        if (edited)
            buffer_format (text, OFFICIAL_EDITED "%.*s", (int) later.len, later.at);
    }
    buffer_add (text, "", 1);
    struct view title = cell (record, OFFICIAL_title);
    put (&texts[TARGET_title], title.at, title.len);
}

static bool fill_created (const struct official *official, struct record *record,
                          struct buffer *texts)
{
    struct view day = cell (record, OFFICIAL_day), clock = cell (record, OFFICIAL_clock),
                zone = cell (record, OFFICIAL_zone);
    uint64_t ms;
    if (zone.len > 3 && memcmp (zone.at, "UTC", 3) == 0) /* "UTC+07:00", as ours has it */
        zone = (struct view){zone.at + 3, zone.len - 3};
    char *said = xformat ("%.*s %.*s%.*s", (int) day.len, day.at, (int) clock.len, clock.at,
                          clock.len ? (int) zone.len : 0, zone.at);
    size_t len = strlen (said);
    while (len && said[len - 1] == ' ')
        len--;
    bool good = day.len && time_parse ((struct view){said, len}, official->zone, &ms);
    if (good) {
        buffer_clear (&texts[TARGET_created]);
        /* of 15 digits at most: ms */
        buffer_format (&texts[TARGET_created], "%llu", (unsigned long long) ms);
        buffer_add (&texts[TARGET_created], "", 1);
    }
    free (said);
    return good;
}

static uint32_t wrong (uint32_t reject, enum official_column column, const char *why,
                       const char **ret_field, const char **ret_why)
{
    *ret_field = official_heading (column);
    *ret_why = why;
    return reject;
}

uint32_t official_fill (void *source, struct record *record, struct buffer *texts,
                        const char **ret_field, const char **ret_why)
{
    struct official *official = source;
    struct view id = cell (record, OFFICIAL_number), status = cell (record, OFFICIAL_status);
    unsigned state = status.len ? official_state (status) : STATE_assigned;
    while (id.len && (*id.at == '#' || *id.at == ' '))
        id.at++, id.len--;
    if (!id.len)
        return wrong (REJECT_MISSING, OFFICIAL_number, "there is none", ret_field, ret_why);
    if (!state)
        return wrong (REJECT_VALUE, OFFICIAL_status, "none of the table's words: open or ended?",
                      ret_field, ret_why);
    if (state >= STATE_resolved)
        return MAPPING_SKIP;
    if (!fill_created (official, record, texts))
        return wrong (REJECT_VALUE, OFFICIAL_day, "not a day and a time, as 2026-11-25 and 10:00",
                      ret_field, ret_why);
    buffer_format (&texts[TARGET_key], "%s:%.*s", official->system, (int) id.len, id.at);
    buffer_add (&texts[TARGET_key], "", 1);
    put (&texts[TARGET_external], texts[TARGET_key].at, texts[TARGET_key].len - 1);
    fill_codes (official, record, texts);
    fill_category (official, record, texts);
    fill_target (official, record, texts);
    fill_place (official, record, texts);
    fill_text (record, state, texts);
    return 0;
}

/* ---- from beginning to end ------------------------------------------------------------------- */

int official_new (const struct cli *cli, struct official **ret)
{
    const char *system = option (&cli->options, "system");
    int64_t zone;
    int status = option_number (&cli->options, "zone", -12, 14, 0, &zone);
    system = system ? system : "sp4n";
    if (status == 0 && (strlen (system) > 16 || !key_name_valid (view_of (system))))
        status = complain (EX_USAGE, TEXT_unknown_word, "option", "system", "value", system, NULL);
    if (status != 0)
        return status;
    struct official *official = xcalloc (1, sizeof *official);
    *official = (struct official){.cli = cli, .system = xstrdup (system), .zone = (int) zone};
    status = read_categories (official);
    if (status == 0)
        *ret = official;
    else
        official_free (&official);
    return status;
}

char *official_said (const struct official *official)
{
    return xformat ("official %s %d", official->system, official->zone);
}

int official_status (const struct official *official)
{
    return official->status;
}

struct official_counts official_counts (const struct official *official)
{
    return official->counts;
}

void official_free (struct official **held)
{
    struct official *official = *held;
    if (!official)
        return;
    forget (&official->categories);
    forget (&official->agencies);
    forget (&official->places);
    free (official->system);
    free (official);
    *held = NULL;
}
