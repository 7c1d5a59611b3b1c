/* query.c - the pool of aduan-query: takes questions, hands them to idle connections, answers.
 *
 * A question waits while no connection is idle, also through an outage, until its time is over; then
 * it is refused, because whoever asked has long turned away.  A broken connection costs a repeat:
 * reading twice is harmless.  Every refusal says in English what was wrong.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <utlist.h>
#include "query.h"

#define QUERY_CREDIT 64 /* questions that one link may have under way */

const struct setting query_settings[] = {
    {"database", SETTING_TEXT, "dbname=aduan user=aduan_query", 0, 0, false,
     "connection to PostgreSQL, or to a replica, as of libpq"},
    {"pool", SETTING_NUMBER, "3", 1, QUERY_POOL_MAX, false, "connections to PostgreSQL"},
    {"statement", SETTING_DURATION, "30s", 100, 600000, false, "time for one query"},
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
    struct link *link = listener_find (query->listener, question->link);

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

static void pool_turn (struct query *query);

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
    struct query *query = connection->query;
    struct question *question = connection->question;

    connection->question = NULL;
    if (answer->outcome == DB_UNKNOWN) {
        if (++question->tries < QUERY_TRIES) {
            DL_PREPEND (query->waiting, question);
            query->waiting_count++;
        } else {
            question_refuse (query, question, "the database went away three times over this query");
        }
    } else if (answer->outcome == DB_FAILED) {
        log_limited (LOG_WARNING, "query %s: refused with %s",
                     query_statements[question->statement].name, answer->sqlstate);
        question_refuse (query, question, why_refused (answer->sqlstate));
    } else {
        const PGresult *result = answer->results[0];
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
    pool_turn (query);
}

static void question_ask (struct connection *connection, struct question *question)
{
    struct db_value values[QUERY_PARAMETERS];

    for (unsigned i = 0; i < question->count; i++)
        values[i] = (struct db_value){.at = question->arguments[i]};
    connection->question = question;
    struct db_unit *unit = db_begin (connection->db, on_answer, connection);
    db_add (unit, question->statement, values, question->count);
    db_end (unit);
}

/* Gives what waits to whoever is idle. */
static void pool_turn (struct query *query)
{
    for (unsigned i = 0; i < query->pool_count && query->waiting; i++) {
        struct connection *connection = &query->pool[i];
        if (connection->question || !connection->db || !db_is_up (connection->db))
            continue;
        struct question *question = query->waiting;
        DL_DELETE (query->waiting, question);
        query->waiting_count--;
        question_ask (connection, question);
    }
}

static void on_database_up (void *owner, struct db *db)
{
    struct connection *connection = owner;

    (void) db;
    pool_turn (connection->query);
}

static void at_second (void *owner)
{
    struct query *query = owner;
    int64_t now = reactor_now (query->reactor);
    struct question *question, *next;

    reactor_timer_at (query->timer, now + 1000);
    DL_FOREACH_SAFE (query->waiting, question, next) {
        if (question->until > now)
            continue;
        DL_DELETE (query->waiting, question);
        query->waiting_count--;
        question_refuse (query, question, "the database did not answer in time; ask again later");
    }
}

/* ---- what is asked --------------------------------------------------------------------------- */

/*
 * on_ask - somebody wants to read.  The name decides the statement, the number of arguments is checked
 * here; what they mean is the statement's business.
 */
static void on_ask (void *owner, struct link *from, struct parcel *parcel)
{
    struct query *query = owner;
    const struct msg_ask *said = &parcel->said[0].ask;

    int statement = query_find (said->query);
    log_debug ("ask %llu of %s: %s", (unsigned long long) said->ref, link_name (from),
               log_text (said->query.at, said->query.len));
    const char *fault = NULL;
    struct question *question = xcalloc (1, sizeof *question);
    question->link = link_number (from);
    question->ref = said->ref;
    question->until = reactor_now (query->reactor) + query->wait_ms;
    if (statement < 0)
        fault = "there is no query of that name";
    else if (query->draining)
        fault = "aduan-query is about to stop; ask again";
    else if (query->waiting_count >= query->waiting_max)
        fault = "too many questions wait already; ask again later";
    else {
        question->statement = (unsigned) statement;
        fault = question_arguments (question, said->arguments);
    }
    if (fault) {
        question_refuse (query, question, fault);
        return;
    }
    DL_APPEND (query->waiting, question);
    query->waiting_count++;
    pool_turn (query);
}

static link_message_fn *const query_handlers[WIRE_LAST] = {
    [WIRE_ask] = on_ask,
};

static const struct link_hooks query_hooks = {.handlers = query_handlers};

/* ---- the program's life ---------------------------------------------------------------------- */

int query_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct query *query = xcalloc (1, sizeof *query);
    int64_t statement_ms = settings_number (settings, "statement");

    for (unsigned i = 0; i < query_statements_len; i++)
        check (query_statements[i].parameters <= QUERY_PARAMETERS);
    query->reactor = reactor;
    query->waiting_max = (unsigned) settings_number (settings, "waiting");
    query->wait_ms = settings_number (settings, "wait");
    query->timer = reactor_timer (reactor, mono_ms () + 1000, at_second, query);
    *ret_state = query;

    char *endpoint = xformat ("ipc://%s/query.sock", settings_text (settings, "run"));
    int fail = link_listen (reactor, endpoint, NULL, &query_hooks, query, 0, QUERY_CREDIT,
                            &query->listener);
    if (fail)
        log_error ("%s cannot be listened on: %s; is another aduan-query running, is the folder "
                   "there?",
                   endpoint, strerrordesc_np (errno));
    free (endpoint);
    if (fail) {
        query_stop (ret_state);
        return EX_UNAVAILABLE;
    }

    /* The role has the same limits; said here too, a wrongly made role cannot write either. */
    char *conninfo = xformat ("%s application_name=aduan-query connect_timeout=10 "
                              "options='-c default_transaction_read_only=on "
                              "-c statement_timeout=%lld -c lock_timeout=2000'",
                              settings_text (settings, "database"), (long long) statement_ms);
    query->pool_count = (unsigned) settings_number (settings, "pool");
    for (unsigned i = 0; i < query->pool_count; i++) {
        char *name = xformat ("query %u", i + 1);
        query->pool[i].query = query;
        query->pool[i].db = db_new (reactor, &(struct db_options){
                                                 .name = name,
                                                 .conninfo = conninfo,
                                                 .statements = query_statements,
                                                 .statement_count = query_statements_len,
                                                 .answer_ms = statement_ms + 10000,
                                                 .up = on_database_up,
                                                 .owner = &query->pool[i],
                                             });
        free (name);
    }
    free (conninfo);
    return 0;
}

bool query_drain (void *state)
{
    struct query *query = state;

    query->draining = true;
    for (unsigned i = 0; i < query->pool_count; i++)
        if (query->pool[i].question)
            return false;
    return !query->waiting;
}

void query_stop (void **state)
{
    struct query *query = *state;
    struct question *question, *next;

    if (!query)
        return;
    *state = NULL;
    for (unsigned i = 0; i < query->pool_count; i++) {
        db_destroy (&query->pool[i].db);
        if (query->pool[i].question)
            question_free (query->pool[i].question);
    }
    DL_FOREACH_SAFE (query->waiting, question, next)
        question_free (question);
    if (query->listener)
        listener_destroy (&query->listener);
    reactor_timer_forget (&query->timer);
    free (query);
}

bool query_show (void *state, const char *what, struct buffer *out)
{
    const struct query *query = state;
    const struct question *question;

    if (strcmp (what, "queries") != 0)
        return false;
    buffer_format (out, "waiting %u of %u\n", query->waiting_count, query->waiting_max);
    for (unsigned i = 0; i < query->pool_count; i++)
        buffer_format (
            out, "connection %u %s %s\n", i + 1, db_is_up (query->pool[i].db) ? "up" : "down",
            query->pool[i].question ? query_statements[query->pool[i].question->statement].name
                                    : "idle");
    DL_FOREACH (query->waiting, question)
        buffer_format (out, "waits %s try %u\n", query_statements[question->statement].name,
                       question->tries + 1);
    for (unsigned i = 0; i < query_statements_len; i++)
        buffer_format (out, "query %s %d\n", query_statements[i].name,
                       query_statements[i].parameters);
    return true;
}
