/* migrate.h - what the files of aduan-migrate share.
 *
 *   migrate.c   schema, registry, principals, calendar; the commands
 *   version.c   rules and model: versions that stay, of which the newest is in force
 */
#ifndef ADUAN_MIGRATE_H
#define ADUAN_MIGRATE_H

#include "base/base.h"
#include "decide/registry.h"

#include <libpq-fe.h>

/* Ends the program and with it the transaction. */
_Noreturn void give_up (PGconn *db, int status);
/* Set-up is done by a person who is there: what PostgreSQL says is shown, and ends the program.  The
 * caller clears the result. */
PGresult *run (PGconn *db, const char *what, const char *sql);
PGresult *run_checked (PGconn *db, const char *what, PGresult *result);

/* version.c */
/* The registry as routers would read it; the caller destroys it.  One that they could not read ends the
 * program. */
struct registry *registry_published (PGconn *db);
int load_rules (PGconn *db, int count, char **arguments);
int load_model (PGconn *db, int count, char **arguments);

/* invite.c: login, name and perhaps a role. */
int invite (PGconn *db, int count, char **arguments);

#endif
