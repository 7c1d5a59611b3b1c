/* migrate.h - what the files of aduan-migrate share.
 *
 *   migrate.c   schema, registry, principals; the commands
 *   version.c   rules and model: versions that stay, of which the newest is in force
 *   counting.c  calendar and limits: versions, too, by which open complaints are counted anew
 */
#ifndef ADUAN_MIGRATE_H
#define ADUAN_MIGRATE_H

#include "base/base.h"
#include "decide/registry.h"

#include <libpq-fe.h>
#include <stdio.h>

/* Ends the program and with it the transaction. */
_Noreturn void give_up (PGconn *db, int status);
/* Set-up is done by a person who is there: what PostgreSQL says is shown, and ends the program.  The
 * caller clears the result. */
PGresult *run (PGconn *db, const char *what, const char *sql);
PGresult *run_checked (PGconn *db, const char *what, PGresult *result);

void run_quietly (PGconn *db, const char *what, const char *sql);
/* The first field as a number; 0 where there is none. */
long run_number (PGconn *db, const char *what, const char *sql);
/* The caller closes it. */
FILE *open_file (PGconn *db, const char *path);
/* Rows for a table by COPY: fields between tabs, "-" is null. */
void copy_begin (PGconn *db, const char *path, const char *table);
void copy_end (PGconn *db, const char *path);

/* version.c */
/* Parameters and results in binary form; a view with at NULL is null. */
PGresult *run_with (PGconn *db, const char *what, const char *sql, int count,
                    const struct view *values);
/* The registry as routers would read it; the caller destroys it.  One that they could not read ends the
 * program. */
struct registry *registry_published (PGconn *db);
int load_rules (PGconn *db, int count, char **arguments);
int load_model (PGconn *db, int count, char **arguments);

/* counting.c */
int load_calendar (PGconn *db, int count, char **arguments);
int load_limits (PGconn *db, int count, char **arguments);
/* invite.c: login, name and perhaps a role. */
int invite (PGconn *db, int count, char **arguments);

#endif
