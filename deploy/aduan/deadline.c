/* deadline.c - `aduan deadline`: when a limit in working days ends, and which days do not count, and why.
 *
 * The calendar is the one in force, that of a file, or where no settings say who to ask the one that this
 * version was shipped with.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cli.h"
#include "domain/workday.h"

#define LIMIT_MOST 1000
#define DAY_MS     86400000

const struct option_row deadline_options[] = {
    {"zone", 0, OPTION_VALUE, "WIB|WITA|WIT", TEXT_o_zone},
    {"calendar", 0, OPTION_VALUE, "FILE|shipped", TEXT_o_calendar},
};
const size_t deadline_options_len = array_len (deadline_options);

/* ---- the calendar ---------------------------------------------------------------------------- */

struct day_name {
    int32_t day; /* since 1970-01-01 */
    char *kind, *name;
};

struct days {
    struct day_name *names; /* by day */
    int32_t *off;           /* the same days, as workday.h wants them */
    size_t count;
    struct workday_calendar calendar;
};

static const struct {
    int32_t day;
    const char *kind, *name;
} shipped[] = {
#define DAY_OFF(day, kind, name) {day, kind, name},
#include "days_off.def"
#undef DAY_OFF
};

static void add_day (struct days *days, int32_t day, const char *kind, const char *name)
{
    days->names = xrealloc (days->names, (days->count + 1) * sizeof *days->names);
    days->names[days->count++] = (struct day_name){day, xstrdup (kind), xstrdup (name)};
}

static int by_day (const void *a, const void *b)
{
    const struct day_name *left = a, *right = b;
    return (left->day > right->day) - (left->day < right->day);
}

static int year_of (int32_t day)
{
    struct tm tm;
    time_t second = (time_t) day * (DAY_MS / 1000);
    gmtime_r (&second, &tm);
    return tm.tm_year + 1900;
}

static void seal (struct days *days)
{
    if (days->count)
        qsort (days->names, days->count, sizeof *days->names, by_day);
    days->off = xcalloc (days->count + 1, sizeof *days->off);
    for (size_t i = 0; i < days->count; i++)
        days->off[i] = days->names[i].day;
    days->calendar = (struct workday_calendar){.off = days->off, .count = days->count};
    if (days->count) {
        days->calendar.from = year_of (days->off[0]);
        days->calendar.to = year_of (days->off[days->count - 1]);
    }
}

static void free_days (struct days *days)
{
    for (size_t i = 0; i < days->count; i++) {
        free (days->names[i].kind);
        free (days->names[i].name);
    }
    free (days->names);
    free (days->off);
}

/* "2026-03-13", and nothing behind it. */
static bool day_of (const char *text, int32_t *ret)
{
    uint64_t ms;
    if (strlen (text) != 10 || text[4] != '-' || !time_parse (view_of (text), &ms))
        return false;
    *ret = (int32_t) (ms / DAY_MS);
    return true;
}

/* Lines of day, kind and name with tabs between, as deploy/calendar has them. */
static int read_file (struct days *days, const char *path)
{
    char *text, *next;
    size_t len;
    unsigned number = 0;
    int status = input_read (path, &text, &len);
    if (status != 0)
        return status;
    bool marked = strncmp (text, "\xef\xbb\xbf", 3) == 0; /* as editors of Windows do */
    for (char *line = text + (marked ? 3 : 0); line && *line && status == 0; line = next) {
        next = strchr (line, '\n');
        if (next)
            *next++ = 0;
        line[strcspn (line, "\r")] = 0;
        number++;
        int32_t day;
        char *kind = strchr (line, '\t'), *name = kind ? strchr (kind + 1, '\t') : NULL;
        if (*line == '#' || strncmp (line, "day\t", 4) == 0)
            continue;
        if (name)
            *kind++ = *name++ = 0;
        char at[24];
        snprintf (at, sizeof at, "%u", number);
        if (!name || !day_of (line, &day))
            status = complain (EX_DATAERR, TEXT_deadline_line, "path", path, "line", at, NULL);
        else
            add_day (days, day, kind, name);
    }
    free (text);
    return status;
}

static int ask_days (const struct cli *cli, struct days *days)
{
    json_t *rows, *row;
    size_t at;
    int status = cli_ask (cli, "days_off", NULL, 0, &rows);
    if (status != 0)
        return status;
    json_array_foreach (rows, at, row) {
        int32_t day;
        if (day_of (json_text (row, "day"), &day))
            add_day (days, day, json_text (row, "kind"), json_text (row, "name"));
    }
    json_decref (rows);
    return 0;
}

static int read_days (const struct cli *cli, struct days *days)
{
    const char *said = option (&cli->options, "calendar");
    int status = 0;
    if (said && strcmp (said, "shipped") != 0)
        status = read_file (days, said);
    else if (!said && cli->settings_path)
        status = ask_days (cli, days);
    else {
        if (!said)
            complain (0, TEXT_deadline_shipped, NULL);
        for (size_t i = 0; i < array_len (shipped); i++)
            add_day (days, shipped[i].day, shipped[i].kind, shipped[i].name);
    }
    seal (days);
    return status;
}

/* ---- what is asked --------------------------------------------------------------------------- */

static const struct zone {
    const char *name;
    int hours; /* east of UTC */
} zones[] = {{"WIB", 7}, {"WITA", 8}, {"WIT", 9}};

struct asked {
    int64_t start_ms; /* UTC */
    unsigned limit;
    const struct zone *zone;
};

/* Has it an hour that says of which zone it is: 12:30Z, 12:30+07:00? */
static bool has_zone (const char *text)
{
    const char *clock = strchr (text, ':');
    return clock && (strpbrk (clock, "Z+") || strchr (clock, '-'));
}

/* A day, or an hour without a zone, is that of the asked zone. */
static bool start_of (const char *text, const struct zone *zone, int64_t *ret)
{
    uint64_t ms;
    if (!strpbrk (text, "-/.") || !time_parse (view_of (text), &ms))
        return false;
    *ret = (int64_t) ms - (has_zone (text) ? 0 : zone->hours * INT64_C (3600000));
    return true;
}

/* 0, or EX_USAGE after a complaint. */
static int read_asked (const char *start, const char *limit, const char *zone, struct asked *ret)
{
    char *end;
    unsigned long number = strtoul (limit, &end, 10);
    *ret = (struct asked){.limit = (unsigned) number};
    for (size_t i = 0; i < array_len (zones); i++)
        if (strcmp (zones[i].name, zone) == 0)
            ret->zone = &zones[i];
    if (!ret->zone)
        return complain (EX_USAGE, TEXT_deadline_zone, "value", zone, NULL);
    if (!isdigit ((unsigned char) *limit) || *end || number < 1 || number > LIMIT_MOST)
        return complain (EX_USAGE, TEXT_deadline_limit, "value", limit, NULL);
    if (!start_of (start, ret->zone, &ret->start_ms))
        return complain (EX_USAGE, TEXT_deadline_start, "value", start, NULL);
    return 0;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const char *day_text (int64_t day)
{
    static char texts[4][16];
    static unsigned turn;
    struct tm tm;
    time_t second = (time_t) day * (DAY_MS / 1000);
    char *text = texts[turn++ % array_len (texts)];
    gmtime_r (&second, &tm);
    strftime (text, sizeof texts[0], "%Y-%m-%d", &tm);
    return text;
}

static const char *weekday_text (int64_t day)
{
    static const enum text_key names[] = {TEXT_sunday,   TEXT_monday, TEXT_tuesday, TEXT_wednesday,
                                          TEXT_thursday, TEXT_friday, TEXT_saturday};
    return text_of (names[((day + 4) % 7 + 7) % 7]);
}

static const char *instant_text (int64_t ms)
{
    static char text[32];
    struct tm tm;
    time_t second = (time_t) (ms / 1000);
    gmtime_r (&second, &tm);
    strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}

static const struct day_name *name_of (const struct days *days, int64_t day)
{
    struct day_name key = {.day = (int32_t) day};
    return days->count ? bsearch (&key, days->names, days->count, sizeof key, by_day) : NULL;
}

static const char *kind_text (const char *kind)
{
    static const struct {
        const char *word;
        enum text_key text;
    } kinds[] = {{"holiday", TEXT_kind_holiday},
                 {"collective_leave", TEXT_kind_collective_leave},
                 {"election", TEXT_kind_election},
                 {"extra", TEXT_kind_extra}};
    for (size_t i = 0; i < array_len (kinds); i++)
        if (strcmp (kinds[i].word, kind) == 0)
            return text_of (kinds[i].text);
    return kind;
}

struct answer {
    const struct asked *asked;
    const struct days *days;
    int64_t start, due, due_ms; /* days since 1970, local */
    bool provisional;
};

static void put_answer (const struct answer *answer)
{
    const char *zone = answer->asked->zone->name;
    say (stdout, TEXT_deadline_due, "weekday", weekday_text (answer->due), "day",
         day_text (answer->due), "zone", zone, "instant", instant_text (answer->due_ms), NULL);
    fputc ('\n', stdout);
    for (int64_t day = answer->start + 1; day < answer->due; day++) {
        const struct day_name *name = name_of (answer->days, day);
        if (workday_counts (day, &answer->days->calendar))
            continue;
        if (name)
            printf ("  %s %-9s %s: %s\n", day_text (day), weekday_text (day),
                    kind_text (name->kind), name->name);
        else
            printf ("  %s %s\n", day_text (day), weekday_text (day));
    }
    if (answer->provisional)
        complain (0, TEXT_deadline_provisional, NULL);
}

static void put_answer_json (const struct answer *answer)
{
    json_t *skipped = json_array ();
    for (int64_t day = answer->start + 1; day < answer->due; day++) {
        const struct day_name *name = name_of (answer->days, day);
        if (!workday_counts (day, &answer->days->calendar))
            json_array_append_new (skipped,
                                   json_pack ("{s:s, s:s, s:s}", "day", day_text (day), "kind",
                                              name ? name->kind : "weekend", "name",
                                              name ? name->name : weekday_text (day)));
    }
    json_t *row =
        json_pack ("{s:s, s:i, s:s, s:s, s:s, s:o, s:b}", "start", day_text (answer->start),
                   "limit", (int) answer->asked->limit, "zone", answer->asked->zone->name, "due",
                   day_text (answer->due), "due_at", instant_text (answer->due_ms), "skipped",
                   skipped, "provisional", answer->provisional);
    put_json (row);
    json_decref (row);
}

static void answer_one (const struct cli *cli, const struct asked *asked, const struct days *days,
                        bool brief)
{
    struct answer answer = {.asked = asked, .days = days};
    int64_t shift = asked->zone->hours * INT64_C (3600000);
    answer.due_ms = workday_due (asked->start_ms, asked->limit, asked->zone->hours, &days->calendar,
                                 &answer.provisional);
    answer.start = workday_day (asked->start_ms, asked->zone->hours);
    answer.due = (answer.due_ms + shift) / DAY_MS - 1;
    if (cli->json)
        put_answer_json (&answer);
    else if (brief)
        printf ("%s\n", day_text (answer.due));
    else
        put_answer (&answer);
}

/* Lines of START LIMIT [ZONE], for whoever has many. */
static int answer_lines (const struct cli *cli, const struct days *days, const char *zone)
{
    char *line = NULL, *words[3];
    size_t room = 0;
    unsigned number = 0;
    int status = 0;
    while (status == 0 && getline (&line, &room, stdin) > 0) {
        struct asked asked;
        size_t count = 0;
        number++;
        for (char *word = strtok (line, " \t,\r\n"); word && count < 3;
             word = strtok (NULL, " \t,\r\n"))
            words[count++] = word;
        if (count == 0)
            continue;
        status =
            read_asked (words[0], count > 1 ? words[1] : "", count > 2 ? words[2] : zone, &asked);
        char at[24];
        snprintf (at, sizeof at, "%u", number);
        if (status == 0)
            answer_one (cli, &asked, days, true);
        else
            status = complain (EX_DATAERR, TEXT_deadline_stopped, "line", at, NULL);
    }
    free (line);
    return status;
}

int run_deadline (struct cli *cli)
{
    char **arguments = cli->options.arguments;
    const char *zone = option (&cli->options, "zone");
    struct days days = {0};
    struct asked asked;
    bool many = cli->options.argument_count == 1 && strcmp (arguments[0], "-") == 0;
    zone = zone ? zone : zones[0].name;
    if (!many && cli->options.argument_count != 2)
        return complain (EX_USAGE, TEXT_deadline_which, NULL);
    int status = many ? 0 : read_asked (arguments[0], arguments[1], zone, &asked);
    if (status == 0)
        status = read_days (cli, &days);
    if (status == 0 && many)
        status = answer_lines (cli, &days, zone);
    else if (status == 0)
        answer_one (cli, &asked, &days, false);
    free_days (&days);
    return status;
}
