/* calendar.c - `aduan calendar`: versions of the calendar, one of them as a file, and what two differ in. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "days.h"

/* ---- list ------------------------------------------------------------------------------------ */

static void put_years (const json_t *years)
{
    char text[64] = "-";
    size_t count = json_array_size (years);
    long long first = json_integer_value (json_array_get (years, 0)),
              last = json_integer_value (json_array_get (years, count ? count - 1 : 0));
    if (count > 1 && last - first == (long long) count - 1)
        snprintf (text, sizeof text, "%lld-%lld", first, last);
    else
        for (size_t i = 0, used = 0; i < count && used < sizeof text; i++)
            used += (size_t) snprintf (text + used, sizeof text - used, "%s%lld", i ? "," : "",
                                       (long long) json_integer_value (json_array_get (years, i)));
    printf ("  %-18s", text);
}

static void put_version (const json_t *row)
{
    const char *cut_off = json_text (row, "cut_off");
    printf ("%-7lld  %-24s  %5lld",
            (long long) json_integer_value (json_object_get (row, "version")),
            stamp_text (json_text (row, "at")),
            (long long) json_integer_value (json_object_get (row, "days")));
    put_years (json_object_get (row, "years"));
    put_years (json_object_get (row, "unverified"));
    printf ("  %-6s  %-5s  ",
            json_is_true (json_object_get (row, "collective_leave")) ? "off" : "worked",
            *cut_off ? cut_off : "-");
    put_text (stdout, json_text (row, "note"), strlen (json_text (row, "note")));
    fputc ('\n', stdout);
}

static int list (const struct cli *cli)
{
    json_t *rows, *row;
    size_t at;
    int status = cli_ask (cli, "calendars", NULL, 0, &rows);
    if (status != 0)
        return status;
    if (!cli->json)
        printf ("%s\n", text_of (TEXT_calendar_head));
    json_array_foreach (rows, at, row) {
        if (cli->json)
            put_json (row);
        else
            put_version (row);
    }
    json_decref (rows);
    return 0;
}

/* ---- show ------------------------------------------------------------------------------------ */

static int show (const struct cli *cli, const char *version)
{
    struct days days;
    int status = days_read (cli, version, &days);
    if (status == 0 && cli->json) {
        json_t *row = json_pack ("{s:s}", "text", days.text);
        put_json (row);
        json_decref (row);
    } else if (status == 0) {
        fputs (days.text, stdout);
    }
    days_free (&days);
    return status;
}

/* ---- diff ------------------------------------------------------------------------------------ */

struct differences {
    const struct cli *cli;
    size_t count;
};

/* `sign`: '-' what only the first one has, '+' what only the second one has. */
static void differs (struct differences *found, char sign, const char *line, size_t len)
{
    found->count++;
    if (found->cli->json) {
        json_t *row = json_pack ("{s:s%, s:s%}", "sign", &sign, (size_t) 1, "line", line, len);
        put_json (row);
        json_decref (row);
    } else {
        printf ("%c ", sign);
        put_text (stdout, line, len);
        fputc ('\n', stdout);
    }
}

static void differ_text (struct differences *found, const char *name, const char *a, const char *b)
{
    char line[64];
    if (strcmp (a, b) == 0)
        return;
    snprintf (line, sizeof line, "%s\t%s", name, a);
    differs (found, '-', line, strlen (line));
    snprintf (line, sizeof line, "%s\t%s", name, b);
    differs (found, '+', line, strlen (line));
}

static void cut_off_text (const struct calendar *calendar, char room[16])
{
    int minutes = calendar->counts.cut_off;
    if (minutes)
        snprintf (room, 16, "%02d:%02d", minutes / 60 % 24, minutes % 60);
    else
        snprintf (room, 16, "none");
}

static void day_line (const struct calendar_day *day, struct buffer *line)
{
    buffer_clear (line);
    buffer_format (line, "%s\t%.*s\t%.*s\t%.*s", day_text ((int64_t) day->day * 86400000),
                   (int) day->kind.len, day->kind.at, (int) day->scope.len, day->scope.at,
                   (int) day->name.len, day->name.at);
}

/* Days are in order in both. */
static void differ_days (struct differences *found, const struct calendar *a,
                         const struct calendar *b)
{
    struct buffer left = {0}, right = {0};
    size_t i = 0, j = 0;
    while (i < a->day_count || j < b->day_count) {
        int order = i == a->day_count ? 1 : j == b->day_count ? -1 : 0;
        if (i < a->day_count)
            day_line (&a->days[i], &left);
        if (j < b->day_count)
            day_line (&b->days[j], &right);
        if (order == 0 && left.len == right.len && memcmp (left.at, right.at, left.len) == 0) {
            i++;
            j++;
            continue;
        }
        /* lines begin with the day */
        if (order == 0)
            order = memcmp (left.at, right.at, left.len < right.len ? left.len : right.len);
        if (order < 0 || (order == 0 && left.len < right.len)) {
            differs (found, '-', left.at, left.len);
            i++;
        } else {
            differs (found, '+', right.at, right.len);
            j++;
        }
    }
    buffer_free (&left);
    buffer_free (&right);
}

static void differ_years (struct differences *found, char sign, const struct calendar *a,
                          const struct calendar *b)
{
    for (size_t i = 0; i < a->year_count; i++) {
        bool there = false;
        char line[64];
        for (size_t j = 0; j < b->year_count; j++)
            there = there || (a->years[i].year == b->years[j].year &&
                              a->years[i].verified == b->years[j].verified);
        snprintf (line, sizeof line, "year\t%d\t%s", a->years[i].year,
                  a->years[i].verified ? "verified" : "unverified");
        if (!there)
            differs (found, sign, line, strlen (line));
    }
}

static int diff (const struct cli *cli, const char *first, const char *second)
{
    struct differences found = {.cli = cli};
    struct days a, b = {0};
    char left[16], right[16];
    int status = days_read (cli, first, &a);
    if (status == 0)
        status = days_read (cli, second, &b);
    if (status == 0) {
        cut_off_text (&a.calendar, left);
        cut_off_text (&b.calendar, right);
        differ_text (&found, "cut_off", left, right);
        differ_text (&found, "collective_leave", a.calendar.leave_worked ? "worked" : "off",
                     b.calendar.leave_worked ? "worked" : "off");
        differ_years (&found, '-', &a.calendar, &b.calendar);
        differ_years (&found, '+', &b.calendar, &a.calendar);
        differ_days (&found, &a.calendar, &b.calendar);
        if (found.count == 0 && !cli->json)
            printf ("%s\n", text_of (TEXT_calendar_same));
    }
    days_free (&a);
    days_free (&b);
    return status;
}

int run_calendar (struct cli *cli)
{
    char **arguments = cli->options.arguments;
    size_t count = cli->options.argument_count;
    const char *word = count ? arguments[0] : "";
    if (strcmp (word, "list") == 0 && count == 1)
        return list (cli);
    if (strcmp (word, "show") == 0 && count <= 2)
        return show (cli, count == 2 ? arguments[1] : NULL);
    if (strcmp (word, "diff") == 0 && count == 2)
        return diff (cli, NULL, arguments[1]);
    if (strcmp (word, "diff") == 0 && count == 3)
        return diff (cli, arguments[1], arguments[2]);
    return complain (EX_USAGE, TEXT_calendar_which, NULL);
}
