/* calendar.c - `aduan-migrate calendar`: days that do not count, as versions of which the newest is in force.  The domain
 * reads the file, for the store and for people, too. */
#include "migrate.h"
#include "base/log.h"
#include "domain/calendar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FILE_MOST (1u << 20)

/* ---- a file ---------------------------------------------------------------------------------- */

static _Noreturn void refuse (PGconn *db, const char *path, const struct calendar_fault *fault)
{
    struct faults faults = {.path = path, .before = ":", .after = ""};
    char *remedy = xformat ("%s: nothing has changed; mend it and load it again", fault->why);
    fault_say_line (&faults, (int) fault->line, NULL, (struct view){0}, remedy);
    free (remedy);
    give_up (db, EX_DATAERR);
}

/* To COPY a backslash says something. */
static void copy_escaped (PGconn *db, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\\')
            copy_bytes (db, view_of ("\\"));
        copy_bytes (db, (struct view){text.at + i, 1});
    }
}

static void copy_days (PGconn *db, const char *path, const struct calendar *calendar)
{
    copy_begin (db, path, "new_days");
    for (size_t i = 0; i < calendar->day_count; i++) {
        const struct calendar_day *day = &calendar->days[i];
        copy_format (db, "%" PRId32 "\t%.*s\t%.*s\t", day->day, (int) day->kind.len, day->kind.at,
                     (int) day->scope.len, day->scope.at);
        copy_escaped (db, day->name);
        copy_bytes (db, view_of ("\n"));
    }
    copy_end (db, path);
}

/* Those that the file names, or, where it names none, all from its first day's to its last one's. */
static void copy_years (PGconn *db, const char *path, const struct calendar *calendar)
{
    copy_begin (db, path, "new_years");
    for (size_t i = 0; i < calendar->year_count; i++)
        copy_format (db, "%d\t%c\n", calendar->years[i].year,
                     calendar->years[i].verified ? 't' : 'f');
    if (calendar->year_count == 0 && calendar->day_count)
        for (int year = calendar->counts.from; year <= calendar->counts.to; year++)
            copy_format (db, "%d\tt\n", year);
    copy_end (db, path);
}

static void insert_calendar (PGconn *db, const struct wish *wish, const struct calendar *calendar)
{
    char room[24];
    struct view values[] = {view_of (wish->note ? wish->note : last_name (wish->file)),
                            view_of (calendar->leave_worked ? "false" : "true"),
                            digits_of (calendar->counts.cut_off, room),
                            view_of (wish->shipped ? "true" : "false")};
    PQclear (run_with (db, "calendar", SQL_calendar_insert, values));
    run_quietly (db, "calendar", SQL_calendar_tables);
    copy_days (db, wish->file, calendar);
    copy_years (db, wish->file, calendar);
    run_quietly (db, "calendar", SQL_calendar_days);
}

/* An empty file is a slip, and would move every open due time. */
static void refuse_empty (PGconn *db, const char *path, const struct calendar *calendar)
{
    if (calendar->day_count)
        return;
    log_error ("%s: it has no day off at all: nothing has changed; mend it and load it again",
               path);
    give_up (db, EX_DATAERR);
}

/* Its end, and years of it that nobody has compared, are news for who loads it. */
static void warn_of_years (const char *path, const struct calendar *calendar)
{
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

/* Behind `savepoint load`: the newest version is in force with this transaction, unless it says what the
 * one before it said. */
static void put_in_force (PGconn *db)
{
    if (run_number (db, "calendar", SQL_calendar_same)) {
        run_text (db, "calendar", "rollback to load");
        log_info ("calendar: as it was: version %ld",
                  run_number (db, "calendar", SQL_calendar_newest));
        return;
    }
    PGresult *counts = run (db, "calendar", SQL_calendar_in_force);
    log_info ("calendar: version %s is in force: %s days off", PQgetvalue (counts, 0, 0),
              PQgetvalue (counts, 0, 1));
    PQclear (counts);
    count_anew (db, "calendar");
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
    if (calendar_read (text, len, &calendar, &fault) != 0)
        refuse (db, wish->file, &fault);
    refuse_empty (db, wish->file, &calendar);
    run_text (db, "calendar", "savepoint load");
    insert_calendar (db, wish, &calendar);
    warn_of_years (wish->file, &calendar);
    put_in_force (db);
    calendar_free (&calendar);
    free (text);
}

/* ---- an old one ------------------------------------------------------------------------------- */

static void calendar_again (PGconn *db, int64_t version)
{
    char room[24];
    struct view value = digits_of (version, room);
    run_text (db, "calendar", "savepoint load");
    PGresult *made = run_with (db, "calendar", SQL_calendar_again, &value);
    bool there = PQntuples (made) == 1;
    PQclear (made);
    if (!there) {
        log_error ("calendar: there is no version %s (`aduan calendar list` has all)", room);
        give_up (db, EX_DATAERR);
    }
    put_in_force (db);
}

/* ---- the command ------------------------------------------------------------------------------ */

/* What came with the program never replaces an operator's.  Says so. */
static bool operators_stays (PGconn *db, const char *path)
{
    PGresult *newest = run (db, "calendar", SQL_calendar_newest);
    bool stays = PQntuples (newest) == 1 && *PQgetvalue (newest, 0, 1) == '1';
    if (stays)
        log_info ("calendar: version %s was loaded by hand and stays; the shipped one is %s",
                  PQgetvalue (newest, 0, 0), path);
    PQclear (newest);
    return stays;
}

int load_calendar (PGconn *db, int count, char **arguments)
{
    struct wish wish = read_wish (db, "calendar", count, arguments);
    if (wish.starts)
        unclear (db, "calendar", wish.starts,
                 "a calendar holds for every day; --starts is for limits");
    if (wish.show >= 0)
        show_version (db, "calendar", SQL_calendar_text, wish.show);
    else if (wish.version >= 0)
        calendar_again (db, wish.version);
    else if (!wish.shipped || !operators_stays (db, wish.file))
        load_calendar_file (db, &wish);
    return 0;
}
