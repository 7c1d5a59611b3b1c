/* limits.c - `aduan-migrate limits`: how long what may take, as sets of which each has its start: a complaint keeps the one of
 * when it was received. */
#include "migrate.h"
#include "base/log.h"

#include <string.h>
#include <sysexits.h>

#define FIELDS 5

static bool is_row (struct view line)
{
    return line_fields (line) == FIELDS && strcspn (line.at, "\\\r\n") == line.len;
}

/* What --show printed may stand in it as it is, header and all. */
static void copy_limits (PGconn *db, struct faults *faults)
{
    struct lines lines;
    struct view line;
    lines_open (db, faults->path, &lines);
    copy_begin (db, faults->path, "new_limits");
    while (lines_next (&lines, &line)) {
        if (line_idle (line) || strncmp (line.at, "rule\t", 5) == 0)
            continue;
        if (!is_row (line)) {
            fault_say_line (faults, lines.number, NULL, line,
                            "not rule, clock, class, agency, days with tabs between");
            give_up (db, EX_DATAERR);
        }
        copy_format (db, "%d\t%s%s", lines.number, line.at, line.at[line.len] == '\n' ? "" : "\n");
    }
    copy_end (db, faults->path);
}

static void stage_limits (PGconn *db, const char *path)
{
    struct faults faults = {.path = path, .before = ":", .after = ""};
    run_quietly (db, "limits", SQL_limits_table);
    copy_limits (db, &faults);
    fault_say_rows (&faults, db, "limits", SQL_limits_faults);
    if (faults.count == 0)
        return;
    log_error ("%s: nothing of it is in force and nothing has changed; mend it and load it again",
               path);
    give_up (db, EX_DATAERR);
}

/* A set that starts later is news even where it says the same. */
static void put_in_force (PGconn *db, bool starts_now)
{
    if (starts_now && run_number (db, "limits", SQL_limits_same)) {
        run_text (db, "limits", "rollback to load");
        log_info ("limits: as they were: version %ld",
                  run_number (db, "limits", SQL_limits_newest));
        return;
    }
    PGresult *newest = run (db, "limits", SQL_limits_newest);
    bool begun = *PQgetvalue (newest, 0, 2) == 't';
    log_info ("limits: version %s, for complaints received from %s UTC on",
              PQgetvalue (newest, 0, 0), PQgetvalue (newest, 0, 1));
    PQclear (newest);
    if (begun)
        count_anew (db, "limits");
}

static void load_limits_file (PGconn *db, const struct wish *wish)
{
    struct view values[] = {view_of (wish->note ? wish->note : last_name (wish->file)),
                            wish->starts ? view_of (wish->starts) : (struct view){0}};
    stage_limits (db, wish->file);
    run_text (db, "limits", "savepoint load");
    PQclear (run_with (db, "limits", SQL_limits_insert, values));
    run_quietly (db, "limits", SQL_limits_rows);
    put_in_force (db, !wish->starts);
}

int load_limits (PGconn *db, int count, char **arguments)
{
    struct wish wish = read_wish (db, "limits", count, arguments);
    if (wish.version >= 0 || wish.shipped)
        unclear (db, "limits", "--version", "an old set comes back as a file: --show N > FILE");
    if (wish.show >= 0)
        show_version (db, "limits", SQL_limits_text, wish.show);
    else
        load_limits_file (db, &wish);
    return 0;
}
