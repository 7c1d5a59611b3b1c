/* use.c - which keys and sessions were used, and what is done for them every half minute: keep_people.sql.
 *
 * Said in acts, PULLs, orders and complaints, kept here until it is written; a crash forgets half a minute of it.  What is
 * noted is bounded by the keys and sessions there are, and by USES_MOST. */
#include "array.h"
#include "order.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_MS  30000
#define USES_MOST 8192

struct used_key {
    uint64_t principal;
    UT_hash_handle hh;
};

struct used_session {
    uint8_t hash[32];
    UT_hash_handle hh;
};

struct use {
    struct used_key *keys;
    struct used_session *sessions;
    struct timer *timer;
    bool under_way;
};

void use_key (struct store *store, uint64_t principal)
{
    struct use *use = store->use;
    struct used_key *key;
    HASH_FIND (hh, use->keys, &principal, sizeof principal, key);
    if (key || HASH_COUNT (use->keys) >= USES_MOST || principal > INT32_MAX)
        return;
    key = xcalloc (1, sizeof *key);
    key->principal = principal;
    HASH_ADD (hh, use->keys, principal, sizeof key->principal, key);
}

void use_session (struct store *store, struct view token)
{
    struct use *use = store->use;
    struct used_session *session;
    uint8_t hash[32];
    if (!token.at)
        return;
    crypto_hash_sha256 (hash, (const uint8_t *) token.at, token.len);
    HASH_FIND (hh, use->sessions, hash, sizeof hash, session);
    if (session || HASH_COUNT (use->sessions) >= USES_MOST)
        return;
    session = xcalloc (1, sizeof *session);
    memcpy (session->hash, hash, sizeof hash);
    HASH_ADD (hh, use->sessions, hash, sizeof session->hash, session);
}

static void forget (struct use *use)
{
    struct used_key *key, *next_key;
    struct used_session *session, *next_session;
    HASH_ITER (hh, use->keys, key, next_key) {
        HASH_DEL (use->keys, key);
        free (key);
    }
    HASH_ITER (hh, use->sessions, session, next_session) {
        HASH_DEL (use->sessions, session);
        free (session);
    }
}

static void on_kept (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    store->use->under_way = false;
    if (answer->outcome == DB_FAILED)
        log_limited (LOG_WARNING, "the use of keys and sessions cannot be written (SQLSTATE %s)",
                     answer->sqlstate);
}

static void write_down (struct store *store, struct db *db)
{
    static struct array keys, sessions;
    const struct used_key *key;
    const struct used_session *session;
    uint8_t idle[8];
    struct use *use = store->use;
    array_begin (&keys, OID_INT4);
    array_begin (&sessions, OID_BYTEA);
    for (key = use->keys; key; key = key->hh.next)
        array_int4 (&keys, (int64_t) key->principal);
    for (session = use->sessions; session; session = session->hh.next)
        array_bytes (&sessions, session->hash, sizeof session->hash);
    struct db_value values[] = {array_end (&keys), array_end (&sessions),
                                value_int4 (idle, store->session_idle_s)};
    struct db_unit *unit = db_begin (db, on_kept, store);
    db_add (unit, ORDER_keep_people, values, array_len (values));
    db_end (unit);
    array_free (&keys);
    array_free (&sessions);
    use->under_way = true;
    forget (use);
}

static void at_time (void *owner)
{
    struct store *store = owner;
    struct db *db = lane_any (&store->orders.lane);
    reactor_timer_at (store->use->timer, reactor_now (store->reactor) + EVERY_MS);
    if (store->ready && db && !store->use->under_way)
        write_down (store, db);
}

void use_begin (struct store *store)
{
    store->use = xcalloc (1, sizeof *store->use);
    store->use->timer =
        reactor_timer (store->reactor, reactor_now (store->reactor) + EVERY_MS, at_time, store);
}

void use_end (struct store *store)
{
    if (!store->use)
        return;
    reactor_timer_forget (&store->use->timer);
    forget (store->use);
    free (store->use);
}
