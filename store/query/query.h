/* query.h - everything aduan-query knows, to be read first.
 *
 *     ask (name, JSON array of strings) -> prepared read_<name>.sql on one connection of the pool -> rows
 *     the same with a session           -> prepared desk_<name>.sql on one of the people's pool -> rows
 *     the same on RUN/public.sock       -> prepared web_<name>.sql on one of the public's pool -> rows
 *
 * Only files read_*.sql, desk_*.sql and web_*.sql are compiled in.  The role is aduan_query, whose transactions are read
 * only and whose grants leave out seals and contacts; for people it is aduan_desk, where row-level security
 * shows what the session's person may see: the token is a setting of the query's own transaction; for aduan-web, which
 * faces the internet, it is aduan_web, which may read no table (schema/0086_web.sql), and its socket answers nothing else.
 * One query at a time on a connection: in a pipeline a slow one would hold up those behind it.  What waits is bounded, by
 * number and by time.
 */
#ifndef ADUAN_QUERY_H
#define ADUAN_QUERY_H

#include "daemon/daemon.h"
#include "db/db.h"

#define QUERY_POOL_MAX   16
#define QUERY_PARAMETERS 16      /* of one query */
#define QUERY_ROWS_MAX   1000000 /* bytes of an answer; messages.def says the same */
#define QUERY_TRIES      3       /* of a query whose connection broke */
#define QUERY_TOKEN      32      /* bytes of a session's token */

enum pool_kind { POOL_READ, POOL_DESK, POOL_WEB, POOLS };

/* What is asked in one role: its statements, those who wait, its connections. */
struct pool {
    struct query *query;
    const struct query_names *names;
    struct connection *connections;
    unsigned count;
    struct question *waiting;
    unsigned waiting_count;
};

/* What was asked and not answered; on its pool's waiting, or `with` of one connection. */
struct question {
    struct question *prev, *next;
    uint64_t link; /* link_number of the asker, who may be gone by the time of the answer */
    uint64_t ref;
    struct pool *pool;
    unsigned statement;
    char session[2 * QUERY_TOKEN + 1]; /* in hexadecimal; "": without */
    unsigned tries;
    int64_t until; /* mono_ms: refused when it still waits then */
    unsigned count;
    char *arguments[QUERY_PARAMETERS]; /* owned; NULL is SQL null */
};

struct connection {
    struct pool *pool;
    struct db *db;
    struct question *question; /* under way; NULL: idle */
};

struct query {
    struct reactor *reactor;
    struct listener *inside, *public;
    struct timer *timer;
    struct pool pools[POOLS];
    struct connection connections[POOLS][QUERY_POOL_MAX];
    unsigned waiting_max; /* setting, of one pool */
    int64_t wait_ms;      /* setting */
    bool draining;
};

/* The statements that are compiled in: read_track is asked for as "track" or "read_track", the others in the same way.
 * The people's begin with the one that takes the session, which is no query. */
struct query_names {
    const char *prefix;
    const struct db_statement *statements;
    unsigned count, first;
};
extern const struct query_names query_names[POOLS];
/* The place of a name; -1: no such query. */
int query_find (const struct query_names *names, struct view name);
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
