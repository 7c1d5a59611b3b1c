/* query.c - the pool of aduan-query: takes questions, hands them to idle connections, answers.
 *
 * A question waits while no connection is idle, also through an outage, until its time is over; then
 * it is refused, because whoever asked has long turned away.  A broken connection costs a repeat:
 * reading twice is harmless.  Every refusal says in English what was wrong.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <utlist.h>
#include "query.h"

#define QUERY_CREDIT 64 /* questions that one link may have under way */

const struct setting query_settings[] = {
    {"database", SETTING_TEXT, "dbname=aduan user=aduan_query", 0, 0, false,
     "connection to PostgreSQL, or to a replica, as of libpq"},
    {"desk", SETTING_TEXT, "", 0, 0, false,
     "the same for people, who read by their session; empty: as `database`, by user aduan_desk"},
    {"web", SETTING_TEXT, "", 0, 0, false,
     "the same for aduan-web, on a socket of its own; empty: as `database`, by user aduan_web"},
    {"pool", SETTING_NUMBER, "3", 1, QUERY_POOL_MAX, false, "connections to PostgreSQL"},
    {"desk_pool", SETTING_NUMBER, "4", 1, QUERY_POOL_MAX, false, "connections for people"},
    {"web_pool", SETTING_NUMBER, "3", 1, QUERY_POOL_MAX, false, "connections for aduan-web"},
    {"statement", SETTING_DURATION, "30s", 100, 600000, false, "time for one query"},
    {"web_statement", SETTING_DURATION, "5s", 100, 600000, false, "time for one of aduan-web's"},
    {"wait", SETTING_DURATION, "30s", 100, 600000, false,
     "how long a question waits for a connection before it is refused"},
    {"waiting", SETTING_NUMBER, "256", 1, 100000, false, "questions that may wait"},
};
const size_t query_settings_len = array_len (query_settings);

/* ---- answering ------------------------------------------------------------------------------- */

static void rows_say (struct link *link, uint64_t ref, enum verdict verdict, const char *at,
                      size_t len)
{
    struct msg_rows rows = {.ref = ref, .verdict = verdict, .rows = {at, len}};

    link_say (link, WIRE_rows, &rows);
    link_credit (link, WIRE_CLASS_REST, 1);
}

/* Answers and frees. */
static void question_answer (struct query *query, struct question *question, enum verdict verdict,
                             const char *at, size_t len)
{
    bool web = question->pool == &query->pools[POOL_WEB];
    struct link *link = listener_find (web ? query->public : query->inside, question->link);

    if (link) {
        rows_say (link, question->ref, verdict, at, len);
        metric_add (query_asked_total, verdict == VERDICT_DONE);
    }
    question_free (question);
}

static void question_refuse (struct query *query, struct question *question, const char *why)
{
    question_answer (query, question, VERDICT_REFUSED, why, strlen (why));
}

/* ---- the pool -------------------------------------------------------------------------------- */

static void pool_turn (struct pool *pool);

static const char *why_refused (const char *sqlstate)
{
    if (strcmp (sqlstate, "57014") == 0)
        return "the query took too long; ask for less at a time";
    if (strcmp (sqlstate, "42501") == 0)
        return "the role of aduan-query may not read this";
    if (strncmp (sqlstate, "22", 2) == 0)
        return "an argument does not fit the query";
    return "the database refused the query";
}

static void on_answer (void *with, const struct db_answer *answer)
{
    struct connection *connection = with;
    struct pool *pool = connection->pool;
    struct query *query = pool->query;
    struct question *question = connection->question;

    connection->question = NULL;
    if (answer->outcome == DB_UNKNOWN) {
        if (++question->tries < QUERY_TRIES) {
            DL_PREPEND (pool->waiting, question);
            pool->waiting_count++;
        } else {
            question_refuse (query, question, "the database went away three times over this query");
        }
    } else if (answer->outcome == DB_FAILED) {
        log_limited (LOG_WARNING, "query %s: refused with %s",
                     pool->names->statements[question->statement].name, answer->sqlstate);
        question_refuse (query, question, why_refused (answer->sqlstate));
    } else {
        const PGresult *result = answer->results[answer->count - 1];
        bool there =
            PQntuples (result) == 1 && PQnfields (result) == 1 && !PQgetisnull (result, 0, 0);
        const char *rows = there ? PQgetvalue (result, 0, 0) : "[]";
        size_t len = there ? (size_t) PQgetlength (result, 0, 0) : 2;
        if (len > QUERY_ROWS_MAX)
            question_refuse (query, question,
                             "the answer is over its limit; ask for less at a time");
        else
            question_answer (query, question, VERDICT_DONE, rows, len);
    }
    pool_turn (pool);
}

/* A session lasts as long as the unit's transaction. */
static void question_ask (struct connection *connection, struct question *question)
{
    struct db_value values[QUERY_PARAMETERS];

    for (unsigned i = 0; i < question->count; i++)
        values[i] = (struct db_value){.at = question->arguments[i]};
    connection->question = question;
    struct db_unit *unit = db_begin (connection->db, on_answer, connection);
    if (*question->session) {
        struct db_value session = {.at = question->session};
        db_add (unit, 0, &session, 1);
    }
    db_add (unit, question->statement, values, question->count);
    db_end (unit);
}

/* Gives what waits to whoever is idle. */
static void pool_turn (struct pool *pool)
{
    for (unsigned i = 0; i < pool->count && pool->waiting; i++) {
        struct connection *connection = &pool->connections[i];
        if (connection->question || !connection->db || !db_is_up (connection->db))
            continue;
        struct question *question = pool->waiting;
        DL_DELETE (pool->waiting, question);
        pool->waiting_count--;
        question_ask (connection, question);
    }
}

static void on_database_up (void *owner, struct db *db)
{
    struct connection *connection = owner;

    (void) db;
    pool_turn (connection->pool);
}

static void pool_refuse_old (struct pool *pool, int64_t now)
{
    struct question *question, *next;

    DL_FOREACH_SAFE (pool->waiting, question, next) {
        if (question->until > now)
            continue;
        DL_DELETE (pool->waiting, question);
        pool->waiting_count--;
        question_refuse (pool->query, question,
                         "the database did not answer in time; ask again later");
    }
}

static void at_second (void *owner)
{
    struct query *query = owner;
    int64_t now = reactor_now (query->reactor);

    reactor_timer_at (query->timer, now + 1000);
    for (unsigned i = 0; i < POOLS; i++)
        pool_refuse_old (&query->pools[i], now);
}

/* ---- what is asked --------------------------------------------------------------------------- */

/*
 * ask - somebody wants to read.  The socket and a session decide the pool, the name the statement; the number of
 * arguments is checked here; what they mean is the statement's business.
 */
static void ask (struct query *query, struct pool *pool, struct link *from,
                 const struct msg_ask *said)
{
    int statement = query_find (pool->names, said->query);
    log_debug ("ask %llu of %s: %s", (unsigned long long) said->ref, link_name (from),
               log_text (said->query.at, said->query.len));
    const char *fault = NULL;
    struct question *question = xcalloc (1, sizeof *question);
    question->link = link_number (from);
    question->ref = said->ref;
    question->pool = pool;
    question->until = reactor_now (query->reactor) + query->wait_ms;
    if (said->session.len == QUERY_TOKEN)
        sodium_bin2hex (question->session, sizeof question->session,
                        (const uint8_t *) said->session.at, QUERY_TOKEN);
    if (statement < 0)
        fault = "there is no query of that name";
    else if (said->session.at && said->session.len != QUERY_TOKEN)
        fault = "a session is 32 bytes";
    else if (said->session.at && pool == &query->pools[POOL_WEB])
        fault = "nobody reads by a session here";
    else if (query->draining)
        fault = "aduan-query is about to stop; ask again";
    else if (pool->waiting_count >= query->waiting_max)
        fault = "too many questions wait already; ask again later";
    else {
        question->statement = (unsigned) statement;
        fault = question_arguments (question, said->arguments);
    }
    if (fault) {
        question_refuse (query, question, fault);
        return;
    }
    DL_APPEND (pool->waiting, question);
    pool->waiting_count++;
    pool_turn (pool);
}

static void on_ask (void *owner, struct link *from, struct parcel *parcel)
{
    struct query *query = owner;
    const struct msg_ask *said = &parcel->said[0].ask;

    ask (query, &query->pools[said->session.at ? POOL_DESK : POOL_READ], from, said);
}

static void on_public_ask (void *owner, struct link *from, struct parcel *parcel)
{
    struct query *query = owner;

    ask (query, &query->pools[POOL_WEB], from, &parcel->said[0].ask);
}

static link_message_fn *const inside_handlers[WIRE_LAST] = {[WIRE_ask] = on_ask};
static const struct link_hooks inside_hooks = {.handlers = inside_handlers};
static link_message_fn *const public_handlers[WIRE_LAST] = {[WIRE_ask] = on_public_ask};
static const struct link_hooks public_hooks = {.handlers = public_handlers};

/* ---- the program's life ---------------------------------------------------------------------- */

static const char *const pool_labels[POOLS] = {
    [POOL_READ] = "query", [POOL_DESK] = "desk", [POOL_WEB] = "web"};

static void pool_open (struct query *query, enum pool_kind kind, const char *database,
                       int64_t connections, int64_t statement_ms)
{
    struct pool *pool = &query->pools[kind];
    /* The role has the same limits; said here too, a wrongly made role cannot write either. */
    char *conninfo = xformat ("%s application_name=aduan-query connect_timeout=10 "
                              "options='-c default_transaction_read_only=on "
                              "-c statement_timeout=%lld -c lock_timeout=2000'",
                              database, (long long) statement_ms);

    *pool = (struct pool){.query = query,
                          .names = &query_names[kind],
                          .connections = query->connections[kind],
                          .count = (unsigned) connections};
    for (unsigned i = 0; i < pool->names->count; i++)
        check (pool->names->statements[i].parameters <= QUERY_PARAMETERS);
    for (unsigned i = 0; i < pool->count; i++) {
        char *name = xformat ("%s %u", pool_labels[kind], i + 1);
        pool->connections[i].pool = pool;
        pool->connections[i].db = db_new (query->reactor, &(struct db_options){
                                                              .name = name,
                                                              .conninfo = conninfo,
                                                              .statements = pool->names->statements,
                                                              .statement_count = pool->names->count,
                                                              .lazy = i > 0,
                                                              .answer_ms = statement_ms + 10000,
                                                              .up = on_database_up,
                                                              .owner = &pool->connections[i],
                                                          });
        free (name);
    }
    free (conninfo);
}

/* By the connection of the setting `name`; where it is empty that of `database` as the user aduan_NAME. */
static void pool_open_as (struct query *query, enum pool_kind kind, const struct settings *settings,
                          const char *name, const char *connections, int64_t statement_ms)
{
    const char *said = settings_text (settings, name);
    /* of a keyword that is said twice libpq takes the last */
    char *database = *said
                         ? xstrdup (said)
                         : xformat ("%s user=aduan_%s", settings_text (settings, "database"), name);

    pool_open (query, kind, database, settings_number (settings, connections), statement_ms);
    free (database);
}

static int listen_on (struct query *query, const struct settings *settings, const char *socket,
                      const struct link_hooks *hooks, struct listener **ret_listener)
{
    char *endpoint = xformat ("ipc://%s/%s", settings_text (settings, "run"), socket);
    int fail =
        link_listen (query->reactor, endpoint, NULL, hooks, query, 0, QUERY_CREDIT, ret_listener);

    if (fail)
        log_error ("%s cannot be listened on: %s; is another aduan-query running, is the folder "
                   "there?",
                   endpoint, strerrordesc_np (errno));
    free (endpoint);
    return fail;
}

int query_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct query *query = xcalloc (1, sizeof *query);
    int64_t statement_ms = settings_number (settings, "statement");

    query->reactor = reactor;
    query->waiting_max = (unsigned) settings_number (settings, "waiting");
    query->wait_ms = settings_number (settings, "wait");
    query->timer = reactor_timer (reactor, mono_ms () + 1000, at_second, query);
    *ret_state = query;

    if (listen_on (query, settings, "query.sock", &inside_hooks, &query->inside) != 0 ||
        listen_on (query, settings, "public.sock", &public_hooks, &query->public) != 0) {
        query_stop (ret_state);
        return EX_UNAVAILABLE;
    }
    pool_open (query, POOL_READ, settings_text (settings, "database"),
               settings_number (settings, "pool"), statement_ms);
    pool_open_as (query, POOL_DESK, settings, "desk", "desk_pool", statement_ms);
    pool_open_as (query, POOL_WEB, settings, "web", "web_pool",
                  settings_number (settings, "web_statement"));
    return 0;
}

bool query_drain (void *state)
{
    struct query *query = state;

    query->draining = true;
    for (unsigned k = 0; k < POOLS; k++) {
        if (query->pools[k].waiting)
            return false;
        for (unsigned i = 0; i < query->pools[k].count; i++)
            if (query->pools[k].connections[i].question)
                return false;
    }
    return true;
}

static void pool_close (struct pool *pool)
{
    struct question *question, *next;

    for (unsigned i = 0; i < pool->count; i++) {
        db_destroy (&pool->connections[i].db);
        if (pool->connections[i].question)
            question_free (pool->connections[i].question);
    }
    DL_FOREACH_SAFE (pool->waiting, question, next)
        question_free (question);
}

void query_stop (void **state)
{
    struct query *query = *state;

    if (!query)
        return;
    *state = NULL;
    for (unsigned i = 0; i < POOLS; i++)
        pool_close (&query->pools[i]);
    if (query->inside)
        listener_destroy (&query->inside);
    if (query->public)
        listener_destroy (&query->public);
    reactor_timer_forget (&query->timer);
    free (query);
}

static void pool_show (const struct query *query, enum pool_kind kind, struct buffer *out)
{
    const struct pool *pool = &query->pools[kind];
    const struct question *question;

    buffer_format (out, "waiting %u of %u\n", pool->waiting_count, query->waiting_max);
    for (unsigned i = 0; i < pool->count; i++) {
        const struct connection *connection = &pool->connections[i];
        buffer_format (
            out, "connection %s%s%u %s %s\n", kind == POOL_READ ? "" : pool_labels[kind],
            kind == POOL_READ ? "" : " ", i + 1, db_is_up (connection->db) ? "up" : "down",
            connection->question ? pool->names->statements[connection->question->statement].name
                                 : "idle");
    }
    DL_FOREACH (pool->waiting, question)
        buffer_format (out, "waits %s try %u\n", pool->names->statements[question->statement].name,
                       question->tries + 1);
    for (unsigned i = pool->names->first; i < pool->names->count; i++)
        buffer_format (out, "query %s %d\n", pool->names->statements[i].name,
                       pool->names->statements[i].parameters);
}

bool query_show (void *state, const char *what, struct buffer *out)
{
    const struct query *query = state;

    if (strcmp (what, "queries") != 0)
        return false;
    for (unsigned i = 0; i < POOLS; i++)
        pool_show (query, i, out);
    return true;
}
