/* db.h - one PostgreSQL connection in pipeline mode, driven by the reactor, for ever.
 *
 * For aduan-store and aduan-query; nobody else links libpq.  Every statement is prepared when the
 * connection comes up, or when it is first used (options->lazy), and is known by its place in the
 * caller's table; its text comes from a file of store/sql/query/.
 *
 * A unit is what must be atomic: one or more statements and one sync, which PostgreSQL treats as one
 * transaction (an error also rolls back what stood before it).  Units are answered in their order.
 *
 *   outcome      what is known                          what to do
 *   DB_DONE      committed                              answer whoever waits
 *   DB_FAILED    rolled back; sqlstate says why         bisect, refuse, or repeat (40001, 40P01)
 *   DB_UNKNOWN   the connection broke: perhaps committed  repeat what is idempotent
 *
 * The connection is made again for ever, with growing delay; an outage is logged once when it begins
 * and once when it ends.  Error texts of the server are not logged above debug: they repeat data.
 */
#ifndef ADUAN_DB_H
#define ADUAN_DB_H

#include <libpq-fe.h>
#include "base/base.h"
#include "daemon/reactor.h"

struct db;
struct db_unit;

struct db_statement {
    const char *name;
    int parameters; /* compared with what the server counts */
    const char *text;
};

/* A parameter.  Text must end in NUL (len is not looked at); binary is len bytes in the type's own
 * binary form (bytea: as they are); at == NULL is SQL null. */
struct db_value {
    const char *at;
    size_t len;
    bool binary;
};

enum db_outcome { DB_DONE, DB_FAILED, DB_UNKNOWN };

struct db_answer {
    enum db_outcome outcome;
    unsigned count;         /* DB_DONE: results, one a statement, in order */
    PGresult **results;     /* live for the call */
    unsigned failed;        /* DB_FAILED: which statement, from 0 */
    const char *sqlstate;   /* DB_FAILED: five characters */
    const char *constraint; /* DB_FAILED: its name, or "" */
};
/* Takes a result out of the answer: the caller clears it. */
PGresult *db_keep (const struct db_answer *answer, unsigned at);
typedef void db_done_fn (void *with, const struct db_answer *answer);

struct db_options {
    const char *name;     /* for the log: "lease" */
    const char *conninfo; /* as of libpq; sets role, timeouts (options='-c ...') */
    const struct db_statement *statements;
    unsigned statement_count;
    /* For connections beside one that prepares all and so sees that program and schema fit: a fifth of a
     * second of PostgreSQL's time for each connection of a hundred statements, of which it uses few. */
    bool lazy;
    int64_t answer_ms; /* a unit unanswered for longer ends the connection; 0: 40000 */
    /* Run once before the statements are prepared, as one unit without results that matter; NULL: none. */
    const char *session;
    void (*up) (void *owner, struct db *db);   /* statements are prepared; NULL: nobody cares */
    void (*down) (void *owner, struct db *db); /* after the last DB_UNKNOWN; NULL: nobody cares */
    void *owner;
};

/* Begins connecting; never fails.  Texts of `options` are copied but for the statements. */
struct db *db_new (struct reactor *reactor, const struct db_options *options);
/* Closes; units that are not answered are forgotten without a call. */
void db_destroy (struct db **db);

/* The program is about to stop: every unit under way is answered DB_UNKNOWN now, nothing more is done
 * on this connection.  db_destroy comes next. */
void db_abandon (struct db *db);

bool db_is_up (const struct db *db);
/* Units that are under way. */
unsigned db_depth (const struct db *db);

/* Begins a unit; `done` is called exactly once, on a later turn or within reactor handling, but never
 * within these calls.  Only while up.  The unit is db's; it must be ended by db_end in the same turn
 * before another one begins. */
struct db_unit *db_begin (struct db *db, db_done_fn *done, void *with);
void db_add (struct db_unit *unit, unsigned statement, const struct db_value *values,
             unsigned count);
/* Results of this unit come in binary form (all statements added so far and later). */
void db_binary (struct db_unit *unit);
void db_end (struct db_unit *unit);

#endif
