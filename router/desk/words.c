/* words.c - texts by key, and values as people read them.
 *
 * Keys that the desk has not are looked for among the command's: what routing says of its reasons is
 * written once (view_, ground_, rung_).
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "desk.h"
#include "pages.inc"

struct text {
    const char *key, *id, *en;
};

/* sorted by key, as embed_texts.py writes them */
static const struct text desk_texts[] = {
#define TEXT(key, id, en) {#key, id, en},
#include "desk_text.def"
#undef TEXT
};
static const struct text decision_texts[] = {
#define TEXT(key, id, en) {#key, id, en},
#include "cli_text.def"
#undef TEXT
};

static int text_compare (const void *a, const void *b)
{
    return strcmp (a, ((const struct text *) b)->key);
}

static const struct text *text_find (const char *key)
{
    const struct text *text =
        bsearch (key, desk_texts, array_len (desk_texts), sizeof desk_texts[0], text_compare);
    if (!text && (strncmp (key, "view_", 5) == 0 || strncmp (key, "ground_", 7) == 0 ||
                  strncmp (key, "rung_", 5) == 0))
        text = bsearch (key, decision_texts, array_len (decision_texts), sizeof decision_texts[0],
                        text_compare);
    return text;
}

const char *desk_word (const struct visit *visit, const char *key)
{
    const struct text *text = text_find (key);
    return !text ? NULL : visit->english ? text->en : text->id;
}

/* ---- filters ----------------------------------------------------------------------------------- */

/* "2026-11-26T22:13:00.5+00:00", as PostgreSQL writes a timestamptz in JSON; ms UTC. */
static bool instant_read (const json_t *value, int64_t *ret)
{
    struct tm tm = {0};
    const char *text = json_string_value (value);
    const char *rest = text ? strptime (text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    long zone_hours = 0, zone_minutes = 0;

    if (!rest)
        return false;
    rest += strspn (rest, ".0123456789");
    if (*rest == '+' || *rest == '-') {
        char *end;
        zone_hours = strtol (rest, &end, 10);
        if (*end == ':')
            zone_minutes = strtol (end + 1, NULL, 10);
    }
    *ret = ((int64_t) timegm (&tm) - zone_hours * 3600 -
            (*rest == '-' ? -zone_minutes : zone_minutes) * 60) *
           1000;
    return true;
}

static void day_show (const struct visit *visit, const struct tm *tm, bool weekday,
                      struct buffer *out)
{
    char key[24];
    if (weekday) {
        snprintf (key, sizeof key, "weekday_%d", tm->tm_wday);
        buffer_format (out, "%s, ", desk_word (visit, key));
    }
    snprintf (key, sizeof key, "month_%d", tm->tm_mon + 1);
    buffer_format (out, "%d %s %d", tm->tm_mday, desk_word (visit, key), tm->tm_year + 1900);
}

bool desk_moment (struct visit *visit, const json_t *value, struct buffer *out)
{
    static const char *const zones[] = {"WIB", "WITA", "WIT"};
    int64_t at;
    struct tm tm;
    int zone = visit->desk->zone;

    if (!instant_read (value, &at))
        return false;
    time_t local = (time_t) (at / 1000 + zone * 3600);
    gmtime_r (&local, &tm);
    day_show (visit, &tm, false, out);
    buffer_format (out, visit->english ? " %02d:%02d %s" : " %02d.%02d %s", tm.tm_hour, tm.tm_min,
                   zone >= 7 && zone <= 9 ? zones[zone - 7] : "UTC");
    return true;
}

static void show_time (struct visit *visit, const json_t *value, struct buffer *out)
{
    desk_moment (visit, value, out);
}

void desk_stamp (struct visit *visit, const json_t *value, struct buffer *out)
{
    int64_t at;
    struct tm tm;

    if (!instant_read (value, &at))
        return;
    time_t local = (time_t) (at / 1000 + visit->desk->zone * 3600);
    gmtime_r (&local, &tm);
    buffer_format (out, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                   tm.tm_hour, tm.tm_min);
}

/* The last day of what ends at this moment. */
static void show_end (struct visit *visit, const json_t *value, struct buffer *out)
{
    int64_t at;
    struct tm tm;

    if (!instant_read (value, &at))
        return;
    time_t local = (time_t) (at / 1000 - 1 + visit->desk->zone * 3600);
    gmtime_r (&local, &tm);
    day_show (visit, &tm, false, out);
}

/* "2026-11-27", a day by itself. */
static void show_day (struct visit *visit, const json_t *value, struct buffer *out)
{
    struct tm tm = {0};
    if (json_is_string (value) && strptime (json_string_value (value), "%Y-%m-%d", &tm)) {
        timegm (&tm); /* fills the day of the week */
        day_show (visit, &tm, true, out);
    }
}

/* The same in little room: "4 Des". */
static void show_short (struct visit *visit, const json_t *value, struct buffer *out)
{
    struct tm tm = {0};
    char key[24];
    if (!json_is_string (value) || !strptime (json_string_value (value), "%Y-%m-%d", &tm))
        return;
    timegm (&tm);
    snprintf (key, sizeof key, "weekday_%d", tm.tm_wday);
    buffer_format (out, "%.3s %d ", desk_word (visit, key), tm.tm_mday);
    snprintf (key, sizeof key, "month_%d", tm.tm_mon + 1);
    buffer_format (out, "%.3s", desk_word (visit, key));
}

static void show_count (struct visit *visit, const json_t *value, struct buffer *out)
{
    (void) visit;
    buffer_format (out, "%zu", json_array_size (value));
}

static void show_percent (struct visit *visit, const json_t *value, struct buffer *out)
{
    (void) visit;
    buffer_format (out, "%lld %%", (long long) (json_integer_value (value) + 5) / 10);
}

static void show_fresh (struct visit *visit, const json_t *value, struct buffer *out)
{
    struct id id = id_random ();
    (void) visit;
    (void) value;
    buffer_format (out, "%s", hex_text (id.at, sizeof id.at));
}

static void show_positive (struct visit *visit, const json_t *value, struct buffer *out)
{
    (void) visit;
    buffer_format (out, "%lld", llabs (json_integer_value (value)));
}

static void show_degrees (struct visit *visit, const json_t *value, struct buffer *out)
{
    (void) visit;
    buffer_format (out, "%.5f", (double) json_integer_value (value) / 1e7);
}

static void show_asset (struct visit *visit, const json_t *value, struct buffer *out);

static bool filter (void *owner, const char *name, const json_t *value, struct buffer *out)
{
    static const struct {
        const char *name;
        void (*show) (struct visit *visit, const json_t *value, struct buffer *out);
    } filters[] = {
        {"time", show_time},   {"day", show_day},           {"percent", show_percent},
        {"fresh", show_fresh}, {"positive", show_positive}, {"degrees", show_degrees},
        {"asset", show_asset}, {"short", show_short},       {"count", show_count},
        {"end", show_end},
    };
    for (size_t i = 0; i < array_len (filters); i++)
        if (strcmp (filters[i].name, name) == 0) {
            filters[i].show (owner, value, out);
            return true;
        }
    return false;
}

static const char *word (void *owner, const char *key)
{
    return desk_word (owner, key);
}

struct template_set desk_templates (struct visit *visit)
{
    json_object_set_new (visit->values, "css", json_string ("desk.css"));
    json_object_set_new (visit->values, "js", json_string ("desk.js"));
    json_object_set_new (visit->values, "icon", json_string ("icon.svg"));
    return (struct template_set){templates, array_len (templates), word, filter, visit};
}

/* ---- assets ------------------------------------------------------------------------------------ */

static const struct asset {
    const char *name, *type, *digest;
    const void *plain;
    size_t len;
    const void *gzipped;
    size_t gzipped_len;
} assets[] = {
#define ASSET(name, type, digest, plain, len, gzipped, gzipped_len)                                \
    {name, type, digest, plain, len, gzipped, gzipped_len},
#include "assets.def"
#undef ASSET
};

static void show_asset (struct visit *visit, const json_t *value, struct buffer *out)
{
    (void) visit;
    for (size_t i = 0; i < array_len (assets); i++)
        if (strcmp (assets[i].name, json_string_value (value)) == 0)
            buffer_format (out, "/assets/%s/%s", assets[i].digest, assets[i].name);
}

bool asset_answer (struct http_request *request, const char *path)
{
    for (size_t i = 0; i < array_len (assets); i++) {
        size_t len = strlen (assets[i].digest);
        bool pinned = strncmp (path, assets[i].digest, len) == 0 && path[len] == '/';
        const char *known = http_header (request, "If-None-Match");
        if (strcmp (pinned ? path + len + 1 : path, assets[i].name) != 0)
            continue;
        char *tag = xformat ("\"%s\"", assets[i].digest);
        http_say (request, "ETag", tag);
        http_say (request, "Cache-Control",
                  pinned ? "public, max-age=31536000, immutable" : "no-cache");
        if (known && strcmp (known, tag) == 0)
            http_answer (request, 304, NULL, "", 0);
        else
            http_answer_static (request, 200, assets[i].type, assets[i].plain, assets[i].len,
                                assets[i].gzipped, assets[i].gzipped_len);
        free (tag);
        return true;
    }
    return false;
}
