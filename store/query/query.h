/* query.h - everything aduan-query knows, to be read first.
 *
 *     ask (name, JSON array of strings) -> prepared read_<name>.sql on one connection of the pool -> rows
 *
 * Only files read_*.sql are compiled in; the role is aduan_query, whose transactions are read only and
 * whose grants leave out seals and contacts.  One query at a time on a connection: in a pipeline a slow
 * one would hold up those behind it.  What waits is bounded, by number and by time.
 */
#ifndef ADUAN_QUERY_H
#define ADUAN_QUERY_H

#include "daemon/daemon.h"
#include "db/db.h"

#define QUERY_POOL_MAX   16
#define QUERY_PARAMETERS 16      /* of one query */
#define QUERY_ROWS_MAX   1000000 /* bytes of an answer; messages.def says the same */
#define QUERY_TRIES      3       /* of a query whose connection broke */

/* What was asked and not answered; on query->waiting, or `with` of one connection. */
struct question {
    struct question *prev, *next;
    uint64_t link; /* link_number of the asker, who may be gone by the time of the answer */
    uint64_t ref;
    unsigned statement;
    unsigned tries;
    int64_t until; /* mono_ms: refused when it still waits then */
    unsigned count;
    char *arguments[QUERY_PARAMETERS]; /* owned; NULL is SQL null */
};

struct connection {
    struct query *query;
    struct db *db;
    struct question *question; /* under way; NULL: idle */
};

struct query {
    struct reactor *reactor;
    struct listener *listener;
    struct timer *timer;
    struct connection pool[QUERY_POOL_MAX];
    unsigned pool_count;
    struct question *waiting;
    unsigned waiting_count;
    unsigned waiting_max; /* setting */
    int64_t wait_ms;      /* setting */
    bool draining;
};

/* The statements that are compiled in: read_track is asked for as "track" or "read_track". */
extern const struct db_statement query_statements[];
extern const unsigned query_statements_len;
/* The place of a name; -1: no such query. */
int query_find (struct view name);
/* Reads a JSON array of strings and nulls into `question`.  NULL, or in English what is wrong. */
const char *question_arguments (struct question *question, struct view arguments);
void question_free (struct question *question);

extern const struct setting query_settings[];
extern const size_t query_settings_len;
int query_start (struct reactor *reactor, const struct settings *settings, void **ret_state);
bool query_drain (void *state);
void query_stop (void **state);
bool query_show (void *state, const char *what, struct buffer *out);

#endif
