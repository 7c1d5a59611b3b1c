/* db.c - the libpq side of db.h: connecting, preparing, sending units, matching their results.
 *
 *   state        event                          next
 *   WAITING      delay is over                  CONNECTING
 *   CONNECTING   connected                      PREPARING (session; unless lazy prepare and describe,
 *                                               all in one unit)
 *   CONNECTING   failed, or 10 s                WAITING, delay grows
 *   PREPARING    all prepared, counts right     UP, options->up
 *   PREPARING    a statement is refused         WAITING, one line: schema and program do not fit
 *   UP           broken, or a unit unanswered   WAITING; every unit DB_UNKNOWN; options->down
 *
 * In pipeline mode each statement's results end with a NULL, a sync does not; what follows an error
 * comes as PGRES_PIPELINE_ABORTED until the sync.  libpq must be read while sending, or both sides
 * stall: it is non-blocking, and every readiness flushes as well.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "base/log.h"
#include "db/db.h"

#define CONNECT_MS     10000
#define RETRY_FIRST_MS 250
#define RETRY_LAST_MS  5000
#define ANSWER_MS      40000
#define PARAMETERS_MAX 64

enum db_state { DB_WAITING, DB_CONNECTING, DB_PREPARING, DB_UP };
/* Of a statement on a connection.  PARSING: its text went with a unit that is not answered. */
enum known { UNKNOWN, PARSING, PREPARED };

/* A statement's text that a unit carries before its first use. */
struct parse {
    unsigned statement, place; /* among all that the unit sends */
};

struct db_unit {
    struct db_unit *prev, *next;
    struct db *db;
    db_done_fn *done;
    void *with;
    int64_t at; /* mono_ms of its end */
    bool binary;
    unsigned sent, taken;    /* statements and texts; what was answered of them */
    unsigned room, answered; /* results of statements */
    PGresult **results;
    unsigned parses, parsed;
    struct parse *parse;
    bool failed;
    unsigned failed_at;
    char sqlstate[6];
    char constraint[65];
};

struct db {
    struct reactor *reactor;
    struct db_options options;
    enum db_state state;
    PGconn *connection;
    struct source *source;
    struct timer *timer;     /* WAITING: retry; else: deadlines */
    int64_t retry, deadline; /* ms; mono_ms */
    struct db_unit *units;   /* sent and not answered, in order */
    unsigned depth;
    struct db_unit *open; /* begun and not ended */
    uint8_t *known;       /* enum known of each statement */
    bool broken;          /* and without a source: handled on the timer's next ring at the latest */
    bool reading;
    struct outage outage;
};

static void at_timer (void *owner);
static void at_ready (void *owner, int events);
static void connection_lost (struct db *db, const char *why);

/* ---- units ----------------------------------------------------------------------------------- */

static void unit_free (struct db_unit *unit)
{
    for (unsigned i = 0; i < unit->answered; i++)
        PQclear (unit->results[i]);
    free (unit->results);
    free (unit->parse);
    free (unit);
}

/* Calls its owner and frees it; it is on no list any more. */
static void unit_done (struct db_unit *unit, enum db_outcome outcome)
{
    struct db_answer answer = {.outcome = outcome,
                               .count = outcome == DB_DONE ? unit->answered : 0,
                               .results = unit->results,
                               .failed = unit->failed_at,
                               .sqlstate = unit->sqlstate,
                               .constraint = unit->constraint};

    unit->done (unit->with, &answer);
    unit_free (unit);
}

PGresult *db_keep (const struct db_answer *answer, unsigned at)
{
    PGresult *kept = answer->results[at];
    answer->results[at] = NULL;
    return kept;
}

static struct db_unit *unit_begin (struct db *db, db_done_fn *done, void *with)
{
    struct db_unit *unit = xcalloc (1, sizeof *unit);

    check (!db->open);
    unit->db = db;
    unit->done = done;
    unit->with = with;
    db->open = unit;
    return unit;
}

struct db_unit *db_begin (struct db *db, db_done_fn *done, void *with)
{
    check (db->state == DB_UP);
    return unit_begin (db, done, with);
}

/* Handled at the timer's next ring: whoever is sending holds units.  The source goes at once: libpq
 * closes a dead connection's descriptor by itself, while sending as while reading, and the reactor
 * may neither wait for a closed one nor for the one that is given its number next. */
static void broke (struct db *db)
{
    reactor_forget (&db->source);
    if (db->broken)
        return;
    db->broken = true;
    reactor_timer_at (db->timer, reactor_now (db->reactor));
}

/* What libpq refuses here is a dead connection (or memory). */
static void unit_sent (struct db_unit *unit, int ok)
{
    unit->sent++;
    if (!ok)
        broke (unit->db);
}

void db_binary (struct db_unit *unit)
{
    unit->binary = true;
}

/* The text goes before its first use, in the same unit: it is not known whether an earlier one comes so far. */
static void unit_parse (struct db_unit *unit, unsigned statement)
{
    struct db *db = unit->db;
    const struct db_statement *what = &db->options.statements[statement];

    unit->parse = xrealloc (unit->parse, (unit->parses + 1) * sizeof *unit->parse);
    unit->parse[unit->parses++] = (struct parse){.statement = statement, .place = unit->sent};
    db->known[statement] = PARSING;
    unit_sent (unit, PQsendPrepare (db->connection, what->name, what->text, 0, NULL));
}

static bool parses (const struct db_unit *unit, unsigned statement)
{
    for (unsigned i = 0; i < unit->parses; i++)
        if (unit->parse[i].statement == statement)
            return true;
    return false;
}

void db_add (struct db_unit *unit, unsigned statement, const struct db_value *values,
             unsigned count)
{
    struct db *db = unit->db;
    const struct db_statement *what = &db->options.statements[statement];
    const char *at[PARAMETERS_MAX];
    int len[PARAMETERS_MAX], format[PARAMETERS_MAX];

    check (statement < db->options.statement_count && count <= PARAMETERS_MAX &&
           (int) count == what->parameters);
    for (unsigned i = 0; i < count; i++) {
        at[i] = values[i].at;
        len[i] = (int) values[i].len;
        format[i] = values[i].binary;
    }
    if (db->known[statement] == UNKNOWN)
        unit_parse (unit, statement);
    /* Whether another unit's text arrives shows with its answer: until then this use brings its own. */
    bool named = db->known[statement] == PREPARED || parses (unit, statement);
    unit_sent (unit, named ? PQsendQueryPrepared (db->connection, what->name, (int) count, at, len,
                                                  format, unit->binary)
                           : PQsendQueryParams (db->connection, what->text, (int) count, NULL, at,
                                                len, format, unit->binary));
}

/* Sends what can be sent now; asks for more readiness where not all went. */
static void flush (struct db *db)
{
    int left = PQflush (db->connection);

    /* without a descriptor libpq drops what is to be sent and says that all went */
    if (left < 0 || PQsocket (db->connection) < 0)
        broke (db);
    else if (db->source)
        reactor_want (db->source, left > 0 ? REACTOR_READ | REACTOR_WRITE : REACTOR_READ);
}

void db_end (struct db_unit *unit)
{
    struct db *db = unit->db;

    check (db->open == unit);
    db->open = NULL;
    unit_sent (unit, PQpipelineSync (db->connection));
    unit->sent--; /* the sync is no statement */
    unit->at = reactor_now (db->reactor);
    DL_APPEND (db->units, unit);
    db->depth++;
    flush (db);
}

/* ---- results --------------------------------------------------------------------------------- */

static bool is_parse (const struct db_unit *unit)
{
    return unit->parsed < unit->parses && unit->parse[unit->parsed].place == unit->taken;
}

static void result_keep (struct db_unit *unit, PGresult *result)
{
    if (is_parse (unit)) {
        unit->db->known[unit->parse[unit->parsed++].statement] = PREPARED;
        unit->taken++;
        PQclear (result);
        return;
    }
    unit->taken++;
    if (unit->answered == unit->room) {
        unit->room = unit->room ? unit->room * 2 : 4;
        unit->results = xrealloc (unit->results, unit->room * sizeof (PGresult *));
    }
    unit->results[unit->answered++] = result;
}

static void result_failed (struct db *db, struct db_unit *unit, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField (result, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField (result, PG_DIAG_CONSTRAINT_NAME);

    if (unit->failed)
        return;
    unit->failed = true;
    unit->failed_at = unit->answered;
    snprintf (unit->sqlstate, sizeof unit->sqlstate, "%s", sqlstate ? sqlstate : "?????");
    snprintf (unit->constraint, sizeof unit->constraint, "%s", constraint ? constraint : "");
    log_debug ("database %s: statement %u of a unit failed: %s %s", db->options.name,
               unit->failed_at, unit->sqlstate, unit->constraint);
}

static void unit_synced (struct db *db, struct db_unit *unit)
{
    DL_DELETE (db->units, unit);
    db->depth--;
    for (; unit->parsed < unit->parses; unit->parsed++)
        db->known[unit->parse[unit->parsed].statement] = UNKNOWN;
    /* A plan that a migration made stale, or a statement that a pooler forgot: prepare again. */
    bool again = unit->failed &&
                 (strcmp (unit->sqlstate, "0A000") == 0 || strcmp (unit->sqlstate, "26000") == 0);
    unit_done (unit, unit->failed ? DB_FAILED : DB_DONE);
    if (again)
        connection_lost (db, "prepared statements are out of date");
}

/* One result, or the NULL behind a statement's results, for the oldest unit. */
static void result_take (struct db *db, PGresult *result)
{
    struct db_unit *unit = db->units;

    if (!result)
        return;
    switch (PQresultStatus (result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear (result);
        unit_synced (db, unit);
        return;
    case PGRES_PIPELINE_ABORTED: PQclear (result); return;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK: result_keep (unit, result); return;
    default: result_failed (db, unit, result); PQclear (result);
    }
}

static void results_read (struct db *db)
{
    PGconn *connection = db->connection;

    db->reading = true;
    while (db->connection == connection && db->units && !PQisBusy (connection)) {
        PGresult *result = PQgetResult (connection);
        if (!result && PQstatus (connection) == CONNECTION_BAD)
            break;
        result_take (db, result);
    }
    db->reading = false;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void at_notice (void *with, const PGresult *result)
{
    const struct db *db = with;
    const char *sqlstate = PQresultErrorField (result, PG_DIAG_SQLSTATE);

    log_debug ("database %s: notice %s", db->options.name, sqlstate ? sqlstate : "?");
}

/* Every unit is unknown now; those that `done` begins anew cannot be: the state is not UP. */
static void connection_lost (struct db *db, const char *why)
{
    bool was_up = db->state == DB_UP;
    struct db_unit *units = db->units, *unit, *next;

    check (!db->open); /* whoever is adding to a unit calls nothing that could come here */
    reactor_forget (&db->source);
    PQfinish (db->connection);
    db->connection = NULL;
    db->state = DB_WAITING;
    db->broken = false;
    db->units = NULL;
    db->depth = 0;
    memset (db->known, UNKNOWN, db->options.statement_count);
    db->retry = db->retry ? db->retry * 2 : RETRY_FIRST_MS;
    if (db->retry > RETRY_LAST_MS)
        db->retry = RETRY_LAST_MS;
    int64_t jitter = (int64_t) randombytes_uniform ((uint32_t) (db->retry / 2 + 1));
    reactor_timer_at (db->timer, reactor_now (db->reactor) + db->retry + jitter);
    outage_begins (&db->outage, "database %s: %s; trying again for ever", db->options.name, why);
    DL_FOREACH_SAFE (units, unit, next)
        unit_done (unit, DB_UNKNOWN);
    if (was_up && db->options.down)
        db->options.down (db->options.owner, db);
}

/* The first unit: session, then every statement prepared and described. */
static void on_prepared (void *with, const struct db_answer *answer)
{
    struct db *db = with;
    const struct db_options *options = &db->options;
    unsigned session = options->session ? 1 : 0;

    if (answer->outcome == DB_UNKNOWN)
        return;
    if (answer->outcome == DB_FAILED) {
        unsigned at = answer->failed < session ? 0 : (answer->failed - session) / 2;
        log_debug ("database %s: '%s' cannot be prepared: %s", options->name,
                   answer->failed < session ? "session" : options->statements[at].name,
                   answer->sqlstate);
        char why[160];
        snprintf (why, sizeof why, "'%s' is refused (%s); is the schema migrated?",
                  answer->failed < session ? "session" : options->statements[at].name,
                  answer->sqlstate);
        connection_lost (db, why);
        return;
    }
    for (unsigned i = 0; !options->lazy && i < options->statement_count; i++) {
        const PGresult *described = answer->results[session + 2 * i + 1];
        if (PQnparams (described) != options->statements[i].parameters) {
            log_error ("database: statement '%s' has %d parameters, its table says %d",
                       options->statements[i].name, PQnparams (described),
                       options->statements[i].parameters);
            check (false);
        }
        db->known[i] = PREPARED;
    }
    db->state = DB_UP;
    db->retry = 0;
    outage_ends (&db->outage, "database %s: connected", options->name);
    if (options->up)
        options->up (options->owner, db);
}

static void prepare (struct db *db)
{
    const struct db_options *options = &db->options;
    PGconn *connection = db->connection;

    PQsetErrorVerbosity (connection, PQERRORS_SQLSTATE);
    PQsetNoticeReceiver (connection, at_notice, db);
    if (PQsetnonblocking (connection, 1) != 0 || PQenterPipelineMode (connection) != 1) {
        connection_lost (db, "no pipeline mode");
        return;
    }
    db->state = DB_PREPARING;
    struct db_unit *unit = unit_begin (db, on_prepared, db);
    if (options->session)
        unit_sent (unit,
                   PQsendQueryParams (connection, options->session, 0, NULL, NULL, NULL, NULL, 0));
    for (unsigned i = 0; !options->lazy && i < options->statement_count; i++) {
        unit_sent (unit, PQsendPrepare (connection, options->statements[i].name,
                                        options->statements[i].text, 0, NULL));
        unit_sent (unit, PQsendDescribePrepared (connection, options->statements[i].name));
    }
    db_end (unit);
}

/* One step of PQconnectPoll; the socket may be another one after each. */
static void connect_step (struct db *db)
{
    reactor_forget (&db->source);
    PostgresPollingStatusType step = PQconnectPoll (db->connection);
    if (step == PGRES_POLLING_FAILED) {
        /* The text names host and reason, no data; its first line is what an operator needs. */
        char why[200];
        const char *text = PQerrorMessage (db->connection);
        snprintf (why, sizeof why, "cannot connect: %s", log_text (text, strcspn (text, "\n")));
        connection_lost (db, why);
        return;
    }
    int events = step == PGRES_POLLING_WRITING ? REACTOR_WRITE : REACTOR_READ;
    db->source = reactor_fd (db->reactor, PQsocket (db->connection), events, at_ready, db);
    if (step == PGRES_POLLING_OK)
        prepare (db);
}

static void connect_begin (struct db *db)
{
    db->connection = PQconnectStart (db->options.conninfo);
    check (db->connection != NULL);
    db->state = DB_CONNECTING;
    db->deadline = reactor_now (db->reactor) + CONNECT_MS;
    reactor_timer_at (db->timer, db->deadline);
    if (PQstatus (db->connection) == CONNECTION_BAD) {
        connection_lost (db, "cannot connect: the connection's settings are wrong");
        return;
    }
    /* libpq's rule: behave as if the first poll had said WRITING. */
    db->source = reactor_fd (db->reactor, PQsocket (db->connection), REACTOR_WRITE, at_ready, db);
}

static void at_ready (void *owner, int events)
{
    struct db *db = owner;

    (void) events;
    if (db->state == DB_CONNECTING) {
        connect_step (db);
        return;
    }
    PGconn *connection = db->connection;
    if (!PQconsumeInput (connection)) {
        broke (db);
        results_read (db); /* what came before the end still counts */
        if (db->connection == connection)
            connection_lost (db, "the connection broke");
        return;
    }
    results_read (db);
    if (db->connection != connection)
        return;
    if (PQstatus (connection) == CONNECTION_BAD)
        connection_lost (db, "the connection broke");
    else
        flush (db);
}

/* Deadlines: of connecting, of the oldest unit; and what was found broken while sending. */
static void at_timer (void *owner)
{
    struct db *db = owner;
    int64_t now = reactor_now (db->reactor);

    if (db->state == DB_WAITING) {
        connect_begin (db);
        return;
    }
    if (db->broken)
        connection_lost (db, "the connection broke");
    else if (db->state == DB_CONNECTING && now >= db->deadline)
        connection_lost (db, "no connection within 10 s");
    else if (db->units && now - db->units->at >= db->options.answer_ms)
        connection_lost (db, "no answer within its time");
    else
        reactor_timer_at (db->timer, now + 1000);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct db *db_new (struct reactor *reactor, const struct db_options *options)
{
    struct db *db = xcalloc (1, sizeof *db);

    db->reactor = reactor;
    db->options = *options;
    db->options.name = xstrdup (options->name);
    db->options.conninfo = xstrdup (options->conninfo);
    db->options.session = options->session ? xstrdup (options->session) : NULL;
    if (!db->options.answer_ms)
        db->options.answer_ms = ANSWER_MS;
    db->known = xcalloc (options->statement_count + 1, 1);
    db->timer = reactor_timer (reactor, mono_ms (), at_timer, db);
    return db;
}

void db_abandon (struct db *db)
{
    struct db_unit *units = db->units, *unit, *next;

    check (!db->open && !db->reading);
    db->state = DB_WAITING;
    reactor_timer_at (db->timer, 0);
    if (db->source)
        reactor_want (db->source, 0);
    db->units = NULL;
    db->depth = 0;
    DL_FOREACH_SAFE (units, unit, next)
        unit_done (unit, DB_UNKNOWN);
}

void db_destroy (struct db **ref)
{
    struct db *db = *ref;
    struct db_unit *unit, *next;

    if (!db)
        return;
    *ref = NULL;
    check (!db->reading);
    if (db->source)
        reactor_forget (&db->source);
    reactor_timer_forget (&db->timer);
    DL_FOREACH_SAFE (db->units, unit, next)
        unit_free (unit);
    if (db->open)
        unit_free (db->open);
    PQfinish (db->connection);
    free ((char *) db->options.name);
    free ((char *) db->options.conninfo);
    free ((char *) db->options.session);
    free (db->known);
    free (db);
}

bool db_is_up (const struct db *db)
{
    return db->state == DB_UP;
}

unsigned db_depth (const struct db *db)
{
    return db->depth;
}
