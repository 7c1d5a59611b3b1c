/* chain.c - links the digests that transactions leave, and signs the chain's head: docs/audit.md.
 *
 * Each second one statement links what is there; it takes an advisory lock for its own length, so that of several
 * stores one does it.  Nothing is remembered here that the rows do not say: whoever comes next goes on.
 *
 *   state   it is                              leaves it when
 *   RESTS   waits for its timer                over: LINKS; the store stops: LINKS, once more
 *   LINKS   the statement                      linked, and no head of this hour is signed yet, or the store stops: SIGNS;
 *                                              else RESTS; failed or unknown: RESTS
 *   SIGNS   the signature is written           RESTS
 */
#include "array.h"
#include "store.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHAIN_MS      1000
#define CHAIN_MOST    10000 /* digests of one link */
#define TAIL_MOST_MS  2000  /* older ones that are not linked raise an alarm, met twice in a row */
#define HOUR_MS       3600000
#define HEAD_LEN      32
#define SIGNED_LEN    (sizeof signed_what + 8 + 8 + 8 + HEAD_LEN)
#define EPOCH_2000_MS INT64_C (946684800000)

enum { LINK, AT, TOTAL, HEAD, MORE, COUNT, TAIL, SIGNED_AT, SIGNED };

static const char signed_what[] = "aduan audit head 1"; /* its NUL is signed, too */

/* Linking fails for a while, or another store is at it: the tail grows, and is seen to grow. */
static void show_tail (struct store *store, int64_t tail)
{
    struct chain *chain = &store->chain;
    bool late = tail > TAIL_MOST_MS;
    metric_set (store_chain_tail_seconds, (uint64_t) (tail > 0 ? tail + 999 : 0) / 1000);
    if (late && chain->late)
        outage_begins (&chain->outage,
                       "digests wait unlinked for %" PRId64
                       " ms: a transaction does not end, or PostgreSQL is away",
                       tail);
    if (!late)
        outage_ends (&chain->outage, "digests are linked again");
    chain->late = late;
}

static void rest (struct store *store, int64_t ms)
{
    store->chain.state = CHAIN_RESTS;
    reactor_timer_at (store->chain.timer, reactor_now (store->reactor) + ms);
}

/* ---- signing --------------------------------------------------------------------------------- */

static void on_signed (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    if (answer->outcome == DB_DONE) {
        metric_add (store_chain_signed_total, 1);
        store->chain.unsigned_count = 0;
    }
    rest (store, CHAIN_MS);
}

static void add_int8 (uint8_t **at, int64_t number)
{
    uint64_t big = htobe64 ((uint64_t) number);
    memcpy (*at, &big, sizeof big);
    *at += sizeof big;
}

static void sign (struct store *store, struct db *db, const PGresult *row)
{
    struct view head = result_view (row, 0, HEAD);
    int64_t link = result_int (row, 0, LINK), total = result_int (row, 0, TOTAL), at = wall_ms ();
    uint8_t said[SIGNED_LEN], signature[crypto_sign_BYTES], room[3][8], *next = said;
    check (head.len == HEAD_LEN);
    memcpy (next, signed_what, sizeof signed_what);
    next += sizeof signed_what;
    add_int8 (&next, link);
    add_int8 (&next, total);
    add_int8 (&next, (at - EPOCH_2000_MS) * 1000); /* as PostgreSQL writes a moment */
    memcpy (next, head.at, HEAD_LEN);
    crypto_sign_detached (signature, NULL, said, sizeof said, store->chain.secret);
    struct db_value values[] = {
        value_int8 (room[0], link),
        value_int8 (room[1], total),
        value_view (head),
        {(const char *) store->chain.secret + 32, crypto_sign_PUBLICKEYBYTES, true},
        {(const char *) signature, sizeof signature, true},
        value_time (room[2], at)};
    store->chain.state = CHAIN_SIGNS;
    struct db_unit *unit = db_begin (db, on_signed, store);
    db_add (unit, SQL_sign_head, values, array_len (values));
    db_end (unit);
}

/* By the clock's hour, so that heads of several stores, and of one that was restarted, stand an hour apart. */
static bool is_due (const struct chain *chain, const PGresult *row)
{
    bool never = PQgetisnull (row, 0, SIGNED_AT);
    return chain->signs && chain->unsigned_count > 0 &&
           (chain->stops || never ||
            result_ms (row, 0, SIGNED_AT) / HOUR_MS != wall_ms () / HOUR_MS);
}

/* ---- linking --------------------------------------------------------------------------------- */

static void on_linked (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    struct chain *chain = &store->chain;
    if (answer->outcome != DB_DONE) {
        /* 23505: another store was faster by a moment */
        if (answer->outcome == DB_FAILED && strcmp (answer->sqlstate, "23505") != 0)
            log_limited (LOG_WARNING, "digests are not linked for now (SQLSTATE %s)",
                         answer->sqlstate);
        rest (store, CHAIN_MS);
        return;
    }
    (void) fault_point (chain_linked);
    const PGresult *row = answer->results[0];
    int64_t count = result_int (row, 0, COUNT);
    metric_add (store_chain_digests_total, (uint64_t) count);
    metric_add (store_chain_links_total, count > 0);
    chain->known = reactor_now (store->reactor);
    chain->unsigned_count = result_int (row, 0, TOTAL) - result_int (row, 0, SIGNED);
    chain->stopped = chain->last && !result_bool (row, 0, MORE);
    show_tail (store, result_int (row, 0, TAIL));
    struct db *db = lane_any (&store->others);
    if (!result_bool (row, 0, MORE) && db && is_due (chain, row))
        sign (store, db, row);
    else
        rest (store, result_bool (row, 0, MORE) ? 1 : CHAIN_MS);
}

static void link_digests (struct store *store, struct db *db)
{
    uint8_t most[8];
    struct db_value values[] = {value_int4 (most, CHAIN_MOST)};
    (void) fault_point (chain_before_link);
    store->chain.state = CHAIN_LINKS;
    store->chain.last = store->chain.stops;
    struct db_unit *unit = db_begin (db, on_linked, store);
    db_binary (unit);
    db_add (unit, SQL_chain_digests, values, array_len (values));
    db_end (unit);
}

static void at_chain (void *owner)
{
    struct store *store = owner;
    struct db *db = store->ready ? lane_any (&store->others) : NULL;
    if (store->chain.state != CHAIN_RESTS)
        return;
    if (db) {
        link_digests (store, db);
        return;
    }
    show_tail (store, store->chain.known ? reactor_now (store->reactor) - store->chain.known : 0);
    rest (store, CHAIN_MS);
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* 0, or a FAIL_*; *why says what is wrong. */
static int read_key (const char *path, uint8_t seed[crypto_sign_SEEDBYTES], const char **why)
{
    struct stat status;
    char *text = NULL;
    size_t len = 0;
    *why = "it is not there, or cannot be read";
    if (stat (path, &status) != 0 || file_read (path, 256, &text, &len) != 0)
        return FAIL_ABSENT;
    *why = "others than its owner can read it; its mode must be 0600";
    int result = status.st_mode & (S_IRWXG | S_IRWXO) ? FAIL_MALFORMED : 0;
    while (len && text[len - 1] == '\n')
        text[--len] = 0;
    if (result == 0 && (result = hex_parse (text, seed, crypto_sign_SEEDBYTES)) != 0)
        *why = "it is not 64 hexadecimal digits";
    sodium_memzero (text, len);
    free (text);
    return result;
}

bool chain_begin (struct store *store, const char *path)
{
    uint8_t seed[crypto_sign_SEEDBYTES], public_key[crypto_sign_PUBLICKEYBYTES];
    const char *why = NULL;
    int result = read_key (path, seed, &why);
    if (result == 0) {
        store->chain.secret = sodium_malloc (crypto_sign_SECRETKEYBYTES);
        check (store->chain.secret);
        crypto_sign_seed_keypair (public_key, store->chain.secret, seed);
        store->chain.signs = true;
    } else if (result == FAIL_ABSENT) {
        log_warning ("%s: %s; digests are linked, but no head is signed: aduan keygen --audit "
                     "makes it, as deploy/up does",
                     path, why);
    } else {
        log_error ("%s: %s", path, why);
    }
    sodium_memzero (seed, sizeof seed);
    store->chain.timer = reactor_timer (store->reactor, mono_ms () + CHAIN_MS, at_chain, store);
    return result == 0 || result == FAIL_ABSENT;
}

bool chain_drained (struct store *store)
{
    struct chain *chain = &store->chain;
    if (!chain->stops) {
        chain->stops = true;
        reactor_timer_at (chain->timer, reactor_now (store->reactor) + 1);
    }
    bool over = chain->stopped && (!chain->signs || chain->unsigned_count == 0);
    return over || !store->ready || !lane_any (&store->others);
}

void chain_end (struct store *store)
{
    reactor_timer_forget (&store->chain.timer);
    sodium_free (store->chain.secret);
    store->chain.secret = NULL;
}
