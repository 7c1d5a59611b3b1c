/* counting.c - calendar and limits: each load that says something new is a version, and old ones stay.  Whatever may
 * change a due time puts all open complaints into `recompute`, in the same transaction (docs/deadlines.md). */
#include "migrate.h"
#include "base/log.h"
#include "domain/calendar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FILE_MOST (1u << 20)

/* ---- the command line ------------------------------------------------------------------------ */

struct wish {
    const char *file, *note, *starts;
    int64_t version, show; /* 0: not said */
    bool shipped;
};

static _Noreturn void unclear (PGconn *db, const char *what, const char *value, const char *remedy)
{
    log_error ("%s: \"%s\": %s", what, log_text (value, strlen (value)), remedy);
    give_up (db, EX_USAGE);
}

static int64_t number_of (PGconn *db, const char *what, const char *text)
{
    char *end;
    int64_t number = strtoll (text, &end, 10);
    if (*end || end == text || number < 0 || number > INT32_MAX)
        unclear (db, what, text, "a version is a number");
    return number;
}

static void read_option (PGconn *db, const char *what, const char *word, const char *value,
                         struct wish *ret)
{
    if (!value)
        unclear (db, what, word, "it wants a value");
    if (strcmp (word, "--note") == 0)
        ret->note = value;
    else if (strcmp (word, "--starts") == 0)
        ret->starts = value;
    else if (strcmp (word, "--version") == 0)
        ret->version = number_of (db, what, value);
    else if (strcmp (word, "--show") == 0)
        ret->show = number_of (db, what, value);
    else
        unclear (db, what, word, "there is no such option");
}

static struct wish read_wish (PGconn *db, const char *what, int count, char **arguments)
{
    struct wish wish = {.version = -1, .show = -1};
    for (int i = 0; i < count; i++) {
        const char *word = arguments[i];
        if (strcmp (word, "--shipped") == 0)
            wish.shipped = true;
        else if (word[0] != '-' && !wish.file)
            wish.file = word;
        else {
            read_option (db, what, word, i + 1 < count ? arguments[i + 1] : NULL, &wish);
            i++;
        }
    }
    if (!!wish.file + (wish.version >= 0) + (wish.show >= 0) != 1)
        unclear (db, what, wish.file ? wish.file : "",
                 "say a file, --version or --show, and only one");
    return wish;
}

static const char *last_name (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

/* `text_of`: an SQL function of the version's number. */
static void show (PGconn *db, const char *what, const char *text_of, int64_t version)
{
    char *sql = xformat ("select %s (%" PRId64 ")", text_of, version);
    PGresult *found = run (db, what, sql);
    free (sql);
    const char *text = PQgetvalue (found, 0, 0);
    if (PQgetisnull (found, 0, 0) || !strchr (text, '\n')) {
        log_error ("%s: there is no version %" PRId64, what, version);
        give_up (db, EX_DATAERR);
    }
    if (fputs (text, stdout) < 0 || fflush (stdout) != 0) {
        log_error ("%s: version %" PRId64 " cannot be written", what, version);
        give_up (db, EX_IOERR);
    }
    PQclear (found);
}

static long newest (PGconn *db, const char *what)
{
    return run_number (db, what,
                       strcmp (what, "calendar") == 0
                           ? "select max (calendar_version) from calendar"
                           : "select max (limit_version) from limit_set");
}

static void count_anew (PGconn *db, const char *what)
{
    run_quietly (db, what, "select recompute_all ()");
    log_info ("%s: %ld open complaints are counted anew by the store", what,
              run_number (db, what, "select count (*) from recompute"));
}

/* ---- calendar -------------------------------------------------------------------------------- */

static void copy_days (PGconn *db, const char *path, const struct calendar *calendar)
{
    struct buffer rows = {0};
    run_quietly (
        db, "calendar",
        "create temp table new_days (at int, kind text, scope text, name text) on commit drop");
    copy_begin (db, path, "new_days");
    for (size_t i = 0; i < calendar->day_count; i++) {
        const struct calendar_day *day = &calendar->days[i];
        buffer_format (&rows, "%" PRId32 "\t%.*s\t%.*s\t", day->day, (int) day->kind.len,
                       day->kind.at, (int) day->scope.len, day->scope.at);
        for (size_t at = 0; at < day->name.len; at++)
            buffer_format (&rows, day->name.at[at] == '\\' ? "\\\\" : "%c", day->name.at[at]);
        buffer_add (&rows, "\n", 1);
    }
    if (rows.len)
        PQputCopyData (db, rows.at, (int) rows.len);
    copy_end (db, path);
    buffer_free (&rows);
}

static void copy_years (PGconn *db, const char *path, const struct calendar *calendar)
{
    run_quietly (db, "calendar",
                 "create temp table new_years (year smallint, verified boolean) on commit drop");
    copy_begin (db, path, "new_years");
    for (size_t i = 0; i < calendar->year_count; i++) {
        char *row =
            xformat ("%d\t%c\n", calendar->years[i].year, calendar->years[i].verified ? 't' : 'f');
        PQputCopyData (db, row, (int) strlen (row));
        free (row);
    }
    for (int year = calendar->counts.from;
         calendar->year_count == 0 && calendar->day_count && year <= calendar->counts.to; year++) {
        char *row = xformat ("%d\tt\n", year);
        PQputCopyData (db, row, (int) strlen (row));
        free (row);
    }
    copy_end (db, path);
}

static void insert_calendar (PGconn *db, const struct wish *wish, const struct calendar *calendar)
{
    const char *note = wish->note ? wish->note : last_name (wish->file);
    struct view values[] = {view_of (note)};
    char *sql = xformat (
        "insert into calendar (calendar_version, collective_leave, cut_off, shipped, note) "
        "select max (calendar_version) + 1, %s, nullif (%d, 0), %s, $1::text from calendar",
        calendar->leave_worked ? "false" : "true", calendar->counts.cut_off,
        wish->shipped ? "true" : "false");
    PQclear (run_with (db, "calendar", sql, 1, values));
    free (sql);
    copy_days (db, wish->file, calendar);
    copy_years (db, wish->file, calendar);
    run_quietly (
        db, "calendar",
        "insert into calendar_day select calendar_now (), date '1970-01-01' + at, kind, scope, name from new_days");
    run_quietly (db, "calendar",
                 "insert into calendar_year select calendar_now (), year, verified from new_years");
}

/* The newest version is in force with this transaction, unless it says what the one before it said. */
static void put_in_force (PGconn *db)
{
    if (run_number (db, "calendar",
                    "select (calendar_text (calendar_now ()) = calendar_text (calendar_now () - 1) "
                    "and calendar_now () > 1)::int")) {
        run_quietly (db, "calendar", "rollback to load");
        log_info ("calendar: as it was: version %ld", newest (db, "calendar"));
        return;
    }
    run_quietly (db, "calendar", "select calendar_number (calendar_now ())");
    log_info ("calendar: version %ld is in force: %ld days off", newest (db, "calendar"),
              run_number (db, "calendar", "select count (*) from day_off"));
    count_anew (db, "calendar");
}

/* Its end, and years of it that nobody has compared, are news for who loads it. */
static void warn_of_years (const char *path, const struct calendar *calendar)
{
    if (calendar->day_count == 0)
        log_warning ("%s: no day at all: only weekends do not count", path);
    for (size_t i = 0; i < calendar->year_count; i++) {
        if (!calendar->years[i].verified)
            log_info ("%s: %d is unverified: not compared with its decree", path,
                      calendar->years[i].year);
        if (i && calendar->years[i].year != calendar->years[i - 1].year + 1)
            log_warning (
                "%s: years between %d and %d are missing: there only weekends do not count", path,
                calendar->years[i - 1].year, calendar->years[i].year);
    }
}

static void load_calendar_file (PGconn *db, const struct wish *wish)
{
    struct calendar calendar;
    struct calendar_fault fault;
    char *text = NULL;
    size_t len = 0;
    int result = file_read (wish->file, FILE_MOST, &text, &len);
    if (result != 0) {
        log_error ("%s: cannot be read (at most 1 MiB): %s", wish->file, fail_text (result));
        give_up (db, EX_NOINPUT);
    }
    if (calendar_read (text, len, &calendar, &fault) != 0) {
        log_error ("%s:%u: %s: nothing has changed; mend it and load it again", wish->file,
                   fault.line, fault.why);
        give_up (db, EX_DATAERR);
    }
    run_quietly (db, "calendar", "savepoint load");
    insert_calendar (db, wish, &calendar);
    warn_of_years (wish->file, &calendar);
    put_in_force (db);
    calendar_free (&calendar);
    free (text);
}

static void calendar_again (PGconn *db, int64_t version)
{
    static const char *const steps[] = {
        "insert into calendar (calendar_version, collective_leave, cut_off, note) "
        "select calendar_now () + 1, collective_leave, cut_off, "
        "'version ' || calendar_version || ' again' from calendar "
        "where calendar_version = $1::text::int",
        "insert into calendar_day select calendar_now (), day, kind, scope, name "
        "from calendar_day where calendar_version = $1::text::int",
        "insert into calendar_year select calendar_now (), year, verified from calendar_year "
        "where calendar_version = $1::text::int",
    };
    char *text = xformat ("%" PRId64, version);
    struct view value = view_of (text);
    PGresult *found = run_with (
        db, "calendar", "select 1 from calendar where calendar_version = $1::text::int", 1, &value);
    if (PQntuples (found) == 0) {
        log_error ("calendar: there is no version %s (`aduan calendar list` has all)", text);
        give_up (db, EX_DATAERR);
    }
    PQclear (found);
    run_quietly (db, "calendar", "savepoint load");
    for (size_t i = 0; i < array_len (steps); i++)
        PQclear (run_with (db, "calendar", steps[i], 1, &value));
    free (text);
    put_in_force (db);
}

int load_calendar (PGconn *db, int count, char **arguments)
{
    struct wish wish = read_wish (db, "calendar", count, arguments);
    if (wish.starts)
        unclear (db, "calendar", wish.starts,
                 "a calendar holds for every day; --starts is for limits");
    if (wish.show >= 0)
        show (db, "calendar", "calendar_text", wish.show);
    else if (wish.version >= 0)
        calendar_again (db, wish.version);
    else if (wish.shipped && run_number (db, "calendar",
                                         "select (not shipped)::int from calendar order by "
                                         "calendar_version desc limit 1"))
        log_info ("calendar: version %ld was loaded by hand and stays; the shipped one is %s",
                  newest (db, "calendar"), wish.file);
    else
        load_calendar_file (db, &wish);
    return 0;
}

/* ---- limits ---------------------------------------------------------------------------------- */

#define LIMIT_FIELDS 5

static void copy_limits (PGconn *db, const char *path)
{
    FILE *file = open_file (db, path);
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int number = 0;
    run_quietly (db, "limits",
                 "create temp table new_limits (line int, rule text, clock text, class text, "
                 "agency text, days text) on commit drop");
    copy_begin (db, path, "new_limits");
    while ((len = getline (&line, &room, file)) > 0) {
        unsigned tabs = 0;
        number++;
        for (ssize_t i = 0; i < len; i++)
            tabs += line[i] == '\t';
        if (line[0] == '#' || line[0] == '\n' || strncmp (line, "rule\t", 5) == 0)
            continue;
        if (tabs + 1 != LIMIT_FIELDS || strchr (line, '\\') || strchr (line, '\r')) {
            log_error ("%s:%d: not rule, clock, class, agency, days with tabs between", path,
                       number);
            give_up (db, EX_DATAERR);
        }
        char *row = xformat ("%d\t%s%s", number, line, line[len - 1] == '\n' ? "" : "\n");
        PQputCopyData (db, row, (int) strlen (row));
        free (row);
    }
    free (line);
    fclose (file);
    copy_end (db, path);
}

#define LIMIT_CLASSES                                                                              \
    "array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request']"

/* Line, column, value, remedy. */
#define LIMIT_FAULTS                                                                                                              \
    "select line, 'rule', rule, 'a rule is limit, warn, escalate or remind' from new_limits "                                     \
    "where coalesce (rule, '') not in ('limit', 'warn', 'escalate', 'remind') "                                                   \
    "union all select line, 'clock', clock, 'a clock is verify, first, resolve, silence, complete or offer' "                     \
    "from new_limits where coalesce (clock, '') not in ('verify', 'first', 'resolve', 'silence', 'complete', 'offer') "           \
    "union all select line, 'clock', clock, 'this rule is not for this clock' from new_limits "                                   \
    "where (rule in ('warn', 'escalate') and clock not in ('verify', 'first', 'resolve')) "                                       \
    "or (rule = 'remind' and clock not in ('silence', 'complete')) "                                                              \
    "union all select line, 'class', class, 'a class is complaint, complaint_plain, complaint_oversight, "                        \
    "aspiration, info_request or -' from new_limits where class <> all (" LIMIT_CLASSES ") "                                      \
    "union all select line, 'class', class, 'warnings, steps and reminders are the same for all classes: -' "                     \
    "from new_limits where class is not null and rule <> 'limit' "                                                                \
    "union all select line, 'agency', agency, 'the registry has no such code (aduan ask agency BEGINNING lists them)' "           \
    "from new_limits n where agency is not null and not exists (select from agency a where a.code = n.agency) "                   \
    "union all select line, 'days', days, 'days are a number from 1 to 250, of escalate and remind up to 8 with commas, "         \
    "each above the one before (escalate from 0), of warn a share as 2/3, too' from new_limits where days is null or not case "   \
    "when rule = 'limit' then days ~ '^[0-9]{1,3}$' and days::int between 1 and 250 "                                             \
    "when rule = 'warn' then (days ~ '^[0-9]{1,3}$' and days::int between 1 and 250) or "                                         \
    "(days ~ '^[1-9][0-9]{0,2}/[1-9][0-9]{0,3}$' and split_part (days, '/', 1)::int < split_part (days, '/', 2)::int) "           \
    "else days ~ '^[0-9]{1,3}(,[0-9]{1,3}){0,7}$' and (select bool_and (d <= 250 and d > before) from "                           \
    "(select d::int, coalesce (lag (d::int) over (order by n), case rule when 'escalate' then -1 else 0 end) as before "          \
    "from unnest (string_to_array (days, ',')) with ordinality x (d, n)) y) end "                                                 \
    "union all select line, 'rule', rule, 'it stands in line ' || first || ' already' from (select line, rule, min (line) over "  \
    "(partition by rule, clock, class, agency) as first from new_limits) d where first < line "                                   \
    "union all select 0, 'rule', 'limit ' || c, 'every clock needs a limit for all classes and agencies' from "                   \
    "unnest (array ['verify', 'first', 'resolve', 'silence', 'complete', 'offer']) c where not exists (select from new_limits n " \
    "where n.rule = 'limit' and n.clock = c and n.class is null and n.agency is null) order by 1, 2, 3"

static void check_limits (PGconn *db, const char *path)
{
    PGresult *found = run (db, "limits", LIMIT_FAULTS);
    int count = PQntuples (found);
    for (int row = 0; row < count; row++)
        log_error ("%s:%s: %s \"%s\": %s", path, PQgetvalue (found, row, 0),
                   PQgetvalue (found, row, 1),
                   log_text (PQgetvalue (found, row, 2), strlen (PQgetvalue (found, row, 2))),
                   PQgetvalue (found, row, 3));
    PQclear (found);
    if (count == 0)
        return;
    log_error ("%s: nothing of it is in force and nothing has changed; mend it and load it again",
               path);
    give_up (db, EX_DATAERR);
}

/* A day is one of western Indonesia. */
#define LIMIT_SET                                                                                            \
    "insert into limit_set (limit_version, starts_at, note) select max (limit_version) + 1, coalesce (case " \
    "when $2::text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then ($2::text || 'T00:00+07:00')::timestamptz "         \
    "else $2::text::timestamptz end, now ()), $1::text from limit_set"
#define LIMIT_ROWS                                                                                                         \
    "insert into limit_row select (select max (limit_version) from limit_set), rule, clock, "                              \
    "coalesce (array_position (" LIMIT_CLASSES ", class), 0), a.agency_id, "                                               \
    "case when days like '%/%' then '{}'::smallint[] else string_to_array (days, ',')::smallint[] end, "                   \
    "case when days like '%/%' then round (1000.0 * split_part (days, '/', 1)::int / split_part (days, '/', 2)::int) end " \
    "from new_limits n left join agency a on a.code = n.agency"

static void load_limits_file (PGconn *db, const struct wish *wish)
{
    const char *note = wish->note ? wish->note : last_name (wish->file);
    struct view values[] = {view_of (note),
                            wish->starts ? view_of (wish->starts) : (struct view){NULL, 0}};
    copy_limits (db, wish->file);
    check_limits (db, wish->file);
    run_quietly (db, "limits", "savepoint load");
    PQclear (run_with (db, "limits", LIMIT_SET, 2, values));
    run_quietly (db, "limits", LIMIT_ROWS);
    if (!wish->starts &&
        run_number (
            db, "limits",
            "select (limits_text (max (limit_version)) = limits_text (max (limit_version) - 1))::int from limit_set")) {
        run_quietly (db, "limits", "rollback to load");
        log_info ("limits: as they were: version %ld", newest (db, "limits"));
        return;
    }
    PGresult *begins = run (
        db, "limits",
        "select to_char (starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from limit_set order by limit_version desc limit 1");
    log_info ("limits: version %ld, for complaints received from %s UTC on", newest (db, "limits"),
              PQgetvalue (begins, 0, 0));
    PQclear (begins);
    if (run_number (
            db, "limits",
            "select (starts_at < now ())::int from limit_set order by limit_version desc limit 1"))
        count_anew (db, "limits");
}

int load_limits (PGconn *db, int count, char **arguments)
{
    struct wish wish = read_wish (db, "limits", count, arguments);
    if (wish.version >= 0 || wish.shipped)
        unclear (db, "limits", "--version", "an old set comes back as a file: --show N > FILE");
    if (wish.show >= 0)
        show (db, "limits", "limits_text", wish.show);
    else
        load_limits_file (db, &wish);
    return 0;
}
