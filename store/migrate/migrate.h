/* migrate.h - what the files of aduan-migrate share.
 *
 *   migrate.c     the commands, the lock, main
 *   statement.c   statements of store/sql/migrate, run
 *   table.c       a tab-separated file, line by line; rows into a temporary table
 *   fault.c       what is wrong with a file
 *
 *   schema.c  registry.c  principals.c  invite.c
 *   version.c     rules and model: versions that stay, of which the newest is in force
 *   calendar.c  limits.c
 *   counting.c    what those two share: versions, too, by which open complaints are counted anew
 */
#ifndef ADUAN_MIGRATE_H
#define ADUAN_MIGRATE_H

#include "base/base.h"

#include <libpq-fe.h>
#include <stdio.h>

/* ---- commands: the whole of each is one transaction ------------------------------------------- */

typedef int command_fn (PGconn *db, int count, char **arguments);
command_fn load_schema, load_registry, load_principals, load_calendar, load_limits, load_rules,
    load_model, invite;

/* Ends the program and with it the transaction. */
_Noreturn void give_up (PGconn *db, int status);

/* ---- statement.c ------------------------------------------------------------------------------ */

/* Each is the file of that name in store/sql/migrate. */
enum statement {
#define SQL_STATEMENT(name, parameters, text) SQL_##name,
#include "migrate.inc"
#undef SQL_STATEMENT
};

/* Set-up is done by a person who is there: what PostgreSQL says is shown behind `what`, and ends the
 * program.  Of a sequence the result is that of its last statement; the caller clears it. */
PGresult *run (PGconn *db, const char *what, enum statement which);
/* As many values as it has parameters, all as text or bytes; one with at NULL is null. */
PGresult *run_with (PGconn *db, const char *what, enum statement which, const struct view *values);
/* The same, and what comes back is in binary form. */
PGresult *run_binary (PGconn *db, const char *what, enum statement which,
                      const struct view *values);
/* A number as a value. */
struct view digits_of (int64_t number, char room[24]);
void run_quietly (PGconn *db, const char *what, enum statement which);
/* The first field: as a number, 0 where there is none; as text, which the caller frees. */
long run_number (PGconn *db, const char *what, enum statement which);
char *run_word (PGconn *db, const char *what, enum statement which);
/* What is no file: migrations, words of a transaction, COPY. */
void run_text (PGconn *db, const char *what, const char *sql);

/* ---- table.c ---------------------------------------------------------------------------------- */

struct lines {
    FILE *stream;
    char *text;
    size_t room;
    int number; /* of the line that was read last, from 1 */
};
/* A file that is not there ends the program. */
void lines_open (PGconn *db, const char *path, struct lines *ret);
/* The next line, good until the one after it, without its newline, which stands behind it where there is
 * one, else NUL.  False behind the last: then the file is closed. */
bool lines_next (struct lines *lines, struct view *ret);
/* Is it empty or a comment? */
bool line_idle (struct view line);
/* How many fields it has, with tabs between. */
size_t line_fields (struct view line);

/* Rows for a table by COPY: fields between tabs, "-" is null.  What PostgreSQL does not take is said at
 * the end, and ends the program. */
void copy_begin (PGconn *db, const char *path, const char *table);
__attribute__ ((format (printf, 2, 3))) void copy_format (PGconn *db, const char *format, ...);
void copy_bytes (PGconn *db, struct view bytes);
void copy_end (PGconn *db, const char *path);

const char *last_name (const char *path);

/* ---- fault.c ---------------------------------------------------------------------------------- */

/* What is wrong with a file, all of it before anything changes: one line of the log a fault. */
struct faults {
    const char *path;
    const char *before, *after; /* what stands around the place, which follows the path */
    int count;
};
/* `column` NULL: not of one value, which is not looked at then. */
void fault_say (struct faults *faults, const char *place, const char *column, struct view value,
                const char *remedy);
void fault_say_line (struct faults *faults, int line, const char *column, struct view value,
                     const char *remedy);
/* Rows of place, column, value, remedy. */
void fault_say_rows (struct faults *faults, PGconn *db, const char *what, enum statement which);

/* ---- registry.c ------------------------------------------------------------------------------- */

/* The registry as routers would read it; the caller destroys it.  One that they could not read ends the
 * program. */
struct registry *registry_published (PGconn *db);

/* ---- counting.c ------------------------------------------------------------------------------- */

/* What a command line of calendar or limits asks for: one of file, version and show. */
struct wish {
    const char *file, *note, *starts;
    int64_t version, show; /* -1: not said */
    bool shipped;
};
struct wish read_wish (PGconn *db, const char *what, int count, char **arguments);
/* The wish cannot be fulfilled: ends the program. */
_Noreturn void unclear (PGconn *db, const char *what, const char *value, const char *remedy);
/* Prints a version as its file; `text_of` makes it, of the version's number. */
void show_version (PGconn *db, const char *what, enum statement text_of, int64_t version);
/* What may change a due time puts all open complaints into `recompute`, in the same transaction
 * (docs/deadlines.md). */
void count_anew (PGconn *db, const char *what);

#endif
