/* words.c - texts by key, and values as people read them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "http/words.h"

static int word_compare (const void *a, const void *b)
{
    return strcmp (a, ((const struct word *) b)->key);
}

const struct word *word_find (const struct word *words, size_t count, const char *key)
{
    return bsearch (key, words, count, sizeof words[0], word_compare);
}

char *word_both (const struct word *words, size_t count, const char *key)
{
    const struct word *text = word_find (words, count, key);

    check (text);
    return xformat ("%s\n%s\n", text->id, text->en);
}

/* ---- moments and days -------------------------------------------------------------------------- */

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

static void day_show (const struct reader *reader, const struct tm *tm, bool weekday,
                      struct buffer *out)
{
    char key[24];
    if (weekday) {
        snprintf (key, sizeof key, "weekday_%d", tm->tm_wday);
        buffer_format (out, "%s, ", reader->word (reader->owner, key));
    }
    snprintf (key, sizeof key, "month_%d", tm->tm_mon + 1);
    buffer_format (out, "%d %s %d", tm->tm_mday, reader->word (reader->owner, key),
                   tm->tm_year + 1900);
}

bool show_moment (const struct reader *reader, const json_t *value, struct buffer *out)
{
    static const char *const zones[] = {"WIB", "WITA", "WIT"};
    int64_t at;
    struct tm tm;
    int zone = reader->zone;

    if (!instant_read (value, &at))
        return false;
    time_t local = (time_t) (at / 1000 + zone * 3600);
    gmtime_r (&local, &tm);
    day_show (reader, &tm, false, out);
    buffer_format (out, reader->english ? " %02d:%02d %s" : " %02d.%02d %s", tm.tm_hour, tm.tm_min,
                   zone >= 7 && zone <= 9 ? zones[zone - 7] : "UTC");
    return true;
}

static void show_time (const struct reader *reader, const json_t *value, struct buffer *out)
{
    show_moment (reader, value, out);
}

void show_stamp (const struct reader *reader, const json_t *value, struct buffer *out)
{
    int64_t at;
    struct tm tm;

    if (!instant_read (value, &at))
        return;
    time_t local = (time_t) (at / 1000 + reader->zone * 3600);
    gmtime_r (&local, &tm);
    buffer_format (out, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                   tm.tm_hour, tm.tm_min);
}

/* The last day of what ends at this moment. */
static void show_end (const struct reader *reader, const json_t *value, struct buffer *out)
{
    int64_t at;
    struct tm tm;

    if (!instant_read (value, &at))
        return;
    time_t local = (time_t) (at / 1000 - 1 + reader->zone * 3600);
    gmtime_r (&local, &tm);
    day_show (reader, &tm, false, out);
}

/* "2026-11-27", a day by itself. */
static void show_day (const struct reader *reader, const json_t *value, struct buffer *out)
{
    struct tm tm = {0};
    if (json_is_string (value) && strptime (json_string_value (value), "%Y-%m-%d", &tm)) {
        timegm (&tm); /* fills the day of the week */
        day_show (reader, &tm, true, out);
    }
}

/* The same in little room: "4 Des". */
static void show_short (const struct reader *reader, const json_t *value, struct buffer *out)
{
    struct tm tm = {0};
    char key[24];
    if (!json_is_string (value) || !strptime (json_string_value (value), "%Y-%m-%d", &tm))
        return;
    timegm (&tm);
    snprintf (key, sizeof key, "weekday_%d", tm.tm_wday);
    buffer_format (out, "%.3s %d ", reader->word (reader->owner, key), tm.tm_mday);
    snprintf (key, sizeof key, "month_%d", tm.tm_mon + 1);
    buffer_format (out, "%.3s", reader->word (reader->owner, key));
}

static void show_count (const struct reader *reader, const json_t *value, struct buffer *out)
{
    (void) reader;
    buffer_format (out, "%zu", json_array_size (value));
}

static void show_percent (const struct reader *reader, const json_t *value, struct buffer *out)
{
    (void) reader;
    buffer_format (out, "%lld %%", (long long) (json_integer_value (value) + 5) / 10);
}

static void show_fresh (const struct reader *reader, const json_t *value, struct buffer *out)
{
    struct id id = id_random ();
    (void) reader;
    (void) value;
    buffer_format (out, "%s", hex_text (id.at, sizeof id.at));
}

static void show_positive (const struct reader *reader, const json_t *value, struct buffer *out)
{
    (void) reader;
    buffer_format (out, "%lld", llabs (json_integer_value (value)));
}

static void show_degrees (const struct reader *reader, const json_t *value, struct buffer *out)
{
    (void) reader;
    buffer_format (out, "%.5f", (double) json_integer_value (value) / 1e7);
}

/* A moment of which strangers see the hour alone. */
static void show_hour (const struct reader *reader, const json_t *value, struct buffer *out)
{
    int64_t at;
    struct tm tm;

    if (!instant_read (value, &at))
        return;
    time_t local = (time_t) (at / 1000 + reader->zone * 3600);
    gmtime_r (&local, &tm);
    day_show (reader, &tm, false, out);
    buffer_format (out, reader->english ? ", about %02d:00" : ", sekitar %02d.00", tm.tm_hour);
}

bool show_value (const struct reader *reader, const char *filter, const json_t *value,
                 struct buffer *out)
{
    static const struct {
        const char *name;
        void (*show) (const struct reader *reader, const json_t *value, struct buffer *out);
    } filters[] = {
        {"time", show_time},   {"day", show_day},           {"percent", show_percent},
        {"fresh", show_fresh}, {"positive", show_positive}, {"degrees", show_degrees},
        {"short", show_short}, {"count", show_count},       {"end", show_end},
        {"hour", show_hour},
    };
    for (size_t i = 0; i < array_len (filters); i++)
        if (strcmp (filters[i].name, filter) == 0) {
            filters[i].show (reader, value, out);
            return true;
        }
    return false;
}
