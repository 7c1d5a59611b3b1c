/* principals.c - `aduan-migrate principals`: who may enter.
 *
 * A person writes this file and a fault in it decides who may enter: all of it is looked at before
 * anything changes, and every fault is named with its line.  A key alone stays as it is until its line
 * says `revoked`. */
#include "migrate.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* ---- its fields ------------------------------------------------------------------------------ */

#define SMALL   "abcdefghijklmnopqrstuvwxyz"
#define CAPITAL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define HEADER  "name\trole\tkey\trights\tagencies\tstate"
#define SHAPE   "name, role, key, rights, agencies, state, one tab between two"

static bool only (struct view value, const char *signs)
{
    for (size_t i = 0; i < value.len; i++)
        if (!value.at[i] || !strchr (signs, value.at[i]))
            return false;
    return value.len > 0;
}

static bool every_item (struct view list, bool (*right) (struct view item))
{
    for (;;) {
        const char *comma = memchr (list.at, ',', list.len);
        size_t len = comma ? (size_t) (comma - list.at) : list.len;
        if (!right ((struct view){list.at, len}))
            return false;
        if (!comma)
            return true;
        list.at += len + 1;
        list.len -= len + 1;
    }
}

static bool name_right (struct view value)
{
    return key_name_valid (value);
}

static bool role_right (struct view value)
{
    return view_is (value, "adapter") || view_is (value, "worker") || view_is (value, "front");
}

static bool right_known (struct view value)
{
    return view_is (value, "emergency") || view_is (value, "bulk");
}

static bool rights_right (struct view value)
{
    return view_is (value, "-") || every_item (value, right_known);
}

static bool code_right (struct view value)
{
    return only (value, DIGITS SMALL CAPITAL "./_-");
}

static bool agencies_right (struct view value)
{
    return view_is (value, "-") || every_item (value, code_right);
}

static bool state_right (struct view value)
{
    return view_is (value, "active") || view_is (value, "revoked");
}

static const struct {
    const char *name;
    bool (*right) (struct view value);
    const char *remedy;
} columns[] = {
    {"name", name_right, "a name is 1 to 64 of a-z A-Z 0-9 . _ -"},
    {"role", role_right, "a role is adapter, worker or front"},
    {"key", key_valid, "a key is the 40 signs that aduan keygen prints"},
    {"rights", rights_right, "rights are emergency, bulk, both with a comma between, or -"},
    {"agencies", agencies_right, "agencies are codes with a comma and no blank between, or -"},
    {"state", state_right, "a state is active or revoked"},
};

/* ---- the file -------------------------------------------------------------------------------- */

struct principal_file {
    struct lines lines;
    struct faults faults;
    bool headed, has_crlf;
};

static void say_fault (struct principal_file *file, const char *column, struct view value,
                       const char *remedy)
{
    fault_say_line (&file->faults, file->lines.number, column, value, remedy);
}

/* The row: the line's number and its fields, "-" for one with a fault. */
static void take_fields (PGconn *db, struct principal_file *file, struct view line)
{
    copy_format (db, "%d", file->lines.number);
    for (size_t i = 0; i < array_len (columns); i++) {
        const char *tab = memchr (line.at, '\t', line.len);
        struct view value = {line.at, tab ? (size_t) (tab - line.at) : line.len};
        bool right = columns[i].right (value);
        if (!right)
            say_fault (file, columns[i].name, value, columns[i].remedy);
        copy_bytes (db, view_of ("\t"));
        copy_bytes (db, right ? value : view_of ("-"));
        line.at += value.len + (tab ? 1 : 0);
        line.len -= value.len + (tab ? 1 : 0);
    }
    copy_bytes (db, view_of ("\n"));
}

static void take_line (PGconn *db, struct principal_file *file, struct view line)
{
    size_t fields = line_fields (line);
    if (fields == array_len (columns))
        take_fields (db, file, line);
    else if (fields < array_len (columns) && memchr (line.at, ' ', line.len))
        say_fault (file, "line", line, "blanks stand where tabs belong: " SHAPE);
    else
        say_fault (file, "line", line, "it has not got the six fields: " SHAPE);
}

/* What editors of other systems leave behind. */
static struct view without_marks (struct principal_file *file, struct view line)
{
    if (file->lines.number == 1 && line.len >= 3 && memcmp (line.at, "\xef\xbb\xbf", 3) == 0) {
        line = (struct view){line.at + 3, line.len - 3};
        say_fault (file, "line", line,
                   "a byte order mark stands before it: save the file as UTF-8 without one");
    }
    if (line.len && line.at[line.len - 1] == '\r') {
        line.len--;
        if (!file->has_crlf)
            say_fault (file, "line", line,
                       "it ends with CR LF: save the file with LF line ends (sed -i 's/\\r$//')");
        file->has_crlf = true;
    }
    return line;
}

/* The first line that is no comment.  True if it is meant as the header, right or not. */
static bool is_header (struct principal_file *file, struct view line)
{
    file->headed = true;
    if (view_is (line, HEADER))
        return true;
    say_fault (file, "line", line, "the header line must come first: " SHAPE);
    return line.len > 4 && memcmp (line.at, "name", 4) == 0 && strchr ("\t ,;", line.at[4]);
}

static void copy_principals (PGconn *db, struct principal_file *file)
{
    struct view line;
    lines_open (db, file->faults.path, &file->lines);
    copy_begin (db, file->faults.path, "new_principals");
    while (lines_next (&file->lines, &line)) {
        line = without_marks (file, line);
        if (line_idle (line))
            continue;
        if (file->headed || !is_header (file, line))
            take_line (db, file, line);
    }
    if (!file->headed)
        say_fault (file, "line", view_of (""), "the header line is missing: " SHAPE);
    copy_end (db, file->faults.path);
}

/* Lines about keys that people have changed since, or about a person. */
static void leave_to_people (PGconn *db, const char *path)
{
    PGresult *found = run (db, "principals", SQL_principals_to_people);
    for (int row = 0; row < PQntuples (found); row++)
        log_warning (
            "%s, line %s: %s is administered by people (aduan admin keys): the line is passed over",
            path, PQgetvalue (found, row, 0), PQgetvalue (found, row, 1));
    PQclear (found);
}

/* Into a table of their own, looked at, and only then into force. */
static void stage_principals (PGconn *db, const char *path)
{
    struct principal_file file = {.faults = {.path = path, .before = ", line ", .after = ""}};
    int *faults = &file.faults.count;
    run_quietly (db, "principals", SQL_principals_table);
    copy_principals (db, &file);
    fault_say_rows (&file.faults, db, "principals", SQL_principals_faults);
    if (*faults) {
        log_error (
            "%s: %d fault%s: nothing of it is in force and nothing has changed; mend and load it "
            "again",
            path, *faults, *faults == 1 ? "" : "s");
        give_up (db, EX_DATAERR);
    }
    leave_to_people (db, path);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void revoke_strange (PGconn *db)
{
    PGresult *found = run (db, "principals", SQL_principals_revoke_strange);
    for (int row = 0; row < PQntuples (found); row++) {
        const char *name = PQgetvalue (found, row, 0), *key = PQgetvalue (found, row, 1);
        log_warning ("\"%s\" with the key \"%s\" is in the database, not well-formed, and enters "
                     "nowhere: now it is revoked",
                     log_text (name, strlen (name)), log_text (key, strlen (key)));
    }
    PQclear (found);
}

static void warn_of_absent (PGconn *db, const char *path)
{
    PGresult *found = run (db, "principals", SQL_principals_absent);
    for (int row = 0; row < PQntuples (found); row++)
        log_warning ("%s is not in %s and stays active; to end it, write its line with state "
                     "revoked (%s, key %s)",
                     PQgetvalue (found, row, 0), path, PQgetvalue (found, row, 1),
                     PQgetvalue (found, row, 2));
    PQclear (found);
}

/* One load raises the version once, and only if something is different. */
static bool change_principals (PGconn *db)
{
    char *before = run_word (db, "principals", SQL_principals_begin);
    run_quietly (db, "principals", SQL_principals_load);
    revoke_strange (db);
    char *after = run_word (db, "principals", SQL_principals_end);
    bool changed = strcmp (before, after) != 0;
    if (changed)
        run_quietly (db, "principals", SQL_principals_raise);
    free (before);
    free (after);
    return changed;
}

int load_principals (PGconn *db, int unused, char **arguments)
{
    (void) unused;
    const char *path = arguments[0];
    stage_principals (db, path);
    bool changed = change_principals (db);
    warn_of_absent (db, path);
    log_info ("principals: %ld active keys, %s",
              run_number (db, "principals", SQL_principals_count),
              changed ? "a new version" : "as they were");
    return 0;
}
