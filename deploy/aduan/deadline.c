/* deadline.c - `aduan deadline`: when a limit in working days ends, and which days do not count, and why.
 *
 * The calendar is the one in force or another version, that of a file, or where no settings say who to ask the
 * one that this version was shipped with.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "days.h"

#define LIMIT_MOST 1000
#define DAY_MS     86400000

const struct option_row deadline_options[] = {
    {"zone", 0, OPTION_VALUE, "WIB|WITA|WIT", TEXT_o_zone},
    {"calendar", 0, OPTION_VALUE, "FILE|VERSION|shipped", TEXT_o_calendar},
    {"cut-off", 0, OPTION_VALUE, "HH:MM|none", TEXT_o_cut_off},
    {"collective-leave", 0, OPTION_VALUE, "off|worked", TEXT_o_collective_leave},
};
const size_t deadline_options_len = array_len (deadline_options);

/* ---- the calendar ---------------------------------------------------------------------------- */

/* The calendar's own settings, unless the command says otherwise. */
static int adjust (const struct cli *cli, struct calendar *calendar)
{
    const char *cut_off = option (&cli->options, "cut-off"),
               *leave = option (&cli->options, "collective-leave");
    if (cut_off && !calendar_cut_off (view_of (cut_off), &calendar->counts.cut_off))
        return complain (EX_USAGE, TEXT_deadline_cut_off, "value", cut_off, NULL);
    if (leave && strcmp (leave, "off") != 0 && strcmp (leave, "worked") != 0)
        return complain (EX_USAGE, TEXT_deadline_leave, "value", leave, NULL);
    if (leave) {
        calendar->leave_worked = strcmp (leave, "worked") == 0;
        calendar_count (calendar);
    }
    return 0;
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

/* A day, or an hour without a zone, is that of the asked zone. */
static bool start_of (const char *text, const struct zone *zone, int64_t *ret)
{
    uint64_t ms;
    if (!strpbrk (text, "-/.") || !time_parse (view_of (text), zone->hours, &ms))
        return false;
    *ret = (int64_t) ms;
    return true;
}

/* 0, or EX_USAGE after a complaint. */
static int read_asked (const char *start, const char *limit, const char *zone, struct asked *ret)
{
    char *end;
    unsigned long number = strtoul (limit, &end, 10);
    *ret = (struct asked){.limit = (unsigned) number};
    for (size_t i = 0; i < array_len (zones); i++)
        if (strcasecmp (zones[i].name, zone) == 0)
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

static int year_of (int64_t day)
{
    struct tm tm;
    time_t second = (time_t) day * (DAY_MS / 1000);
    gmtime_r (&second, &tm);
    return tm.tm_year + 1900;
}

static const char *weekday_text (int64_t day)
{
    static const enum text_key names[] = {TEXT_sunday,   TEXT_monday, TEXT_tuesday, TEXT_wednesday,
                                          TEXT_thursday, TEXT_friday, TEXT_saturday};
    return text_of (names[((day + 4) % 7 + 7) % 7]);
}

static const char *kind_text (struct view kind)
{
    static const struct {
        const char *word;
        enum text_key text;
    } kinds[] = {{"holiday", TEXT_kind_holiday},
                 {"collective_leave", TEXT_kind_collective_leave},
                 {"pemilu", TEXT_kind_pemilu},
                 {"extra", TEXT_kind_extra}};
    for (size_t i = 0; i < array_len (kinds); i++)
        if (view_is (kind, kinds[i].word))
            return text_of (kinds[i].text);
    return "";
}

struct answer {
    const struct asked *asked;
    const struct calendar *calendar;
    int64_t start, due, due_ms; /* days since 1970, local */
    bool provisional, unverified;
};

static void put_answer (const struct answer *answer)
{
    const char *zone = answer->asked->zone->name;
    say (stdout, TEXT_deadline_due, "weekday", weekday_text (answer->due), "day",
         day_text (answer->due * DAY_MS), "zone", zone, "instant", instant_text (answer->due_ms),
         NULL);
    fputc ('\n', stdout);
    for (int64_t day = answer->start + 1; day < answer->due; day++) {
        const struct calendar_day *off = calendar_find (answer->calendar, day);
        if (workday_counts (day, &answer->calendar->counts))
            continue;
        if (off)
            printf ("  %s %-9s %s: %.*s\n", day_text (day * DAY_MS), weekday_text (day),
                    kind_text (off->kind), (int) off->name.len, off->name.at);
        else
            printf ("  %s %s\n", day_text (day * DAY_MS), weekday_text (day));
    }
    if (answer->provisional)
        complain (0, TEXT_deadline_provisional, NULL);
    else if (answer->unverified)
        complain (0, TEXT_deadline_unverified, NULL);
}

static void put_answer_json (const struct answer *answer)
{
    json_t *skipped = json_array ();
    for (int64_t day = answer->start + 1; day < answer->due; day++) {
        const struct calendar_day *off = calendar_find (answer->calendar, day);
        if (workday_counts (day, &answer->calendar->counts))
            continue;
        struct view kind = off ? off->kind : view_of ("weekend"),
                    name = off ? off->name : view_of (weekday_text (day));
        json_array_append_new (skipped,
                               json_pack ("{s:s, s:s%, s:s%}", "day", day_text (day * DAY_MS),
                                          "kind", kind.at, kind.len, "name", name.at, name.len));
    }
    json_t *row = json_pack (
        "{s:s, s:i, s:s, s:s, s:s, s:o, s:b, s:b}", "start", day_text (answer->start * DAY_MS),
        "limit", (int) answer->asked->limit, "zone", answer->asked->zone->name, "due",
        day_text (answer->due * DAY_MS), "due_at", instant_text (answer->due_ms), "skipped",
        skipped, "provisional", answer->provisional, "unverified", answer->unverified);
    put_json (row);
    json_decref (row);
}

/* Does it reach into a year that was not compared with its decree? */
static bool is_unverified (const struct answer *answer)
{
    bool found = false;
    for (int64_t day = answer->start + 1; day <= answer->due; day++)
        found = found || calendar_unverified (answer->calendar, year_of (day));
    return found;
}

static void answer_one (const struct cli *cli, const struct asked *asked,
                        const struct calendar *calendar, bool brief)
{
    struct answer answer = {.asked = asked, .calendar = calendar};
    int64_t shift = asked->zone->hours * INT64_C (3600000);
    answer.due_ms = workday_due (asked->start_ms, asked->limit, asked->zone->hours,
                                 &calendar->counts, &answer.provisional);
    answer.start = workday_zero (asked->start_ms, asked->zone->hours, &calendar->counts);
    answer.due = (answer.due_ms + shift) / DAY_MS - 1;
    answer.unverified = !brief && is_unverified (&answer);
    if (cli->json)
        put_answer_json (&answer);
    else if (brief)
        printf ("%s\n", day_text (answer.due * DAY_MS));
    else
        put_answer (&answer);
}

/* Lines of START LIMIT [ZONE], for whoever has many. */
static int answer_lines (const struct cli *cli, const struct calendar *calendar, const char *zone)
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
            answer_one (cli, &asked, calendar, true);
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
        status = days_read (cli, option (&cli->options, "calendar"), &days);
    if (status == 0)
        status = adjust (cli, &days.calendar);
    if (status == 0 && many)
        status = answer_lines (cli, &days.calendar, zone);
    else if (status == 0)
        answer_one (cli, &asked, &days.calendar, false);
    days_free (&days);
    return status;
}
