/* told.c - what became of the notices of a dispatch is written down, and the dispatch is gone.
 *
 * Mostly all were sent: dispatches of which that is true end together, in one statement.  One whose
 * notifier says nothing for a quarter of an hour ends as `unknown`, counted.
 */
#include "array.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define EXPIRE_EVERY_MS 30000
#define EXPIRE_AFTER_S  "900"
#define TOGETHER_MOST   256
#define REST_MS         20 /* nobody waits for it, and each is a commit: half of its cost under load */

struct closing {
    uint64_t link, ref;
    struct id dispatch;
    uint32_t count;
    bool sent;         /* all of them, and close_sent.sql was not asked yet */
    uint8_t *outcomes; /* owned, as all of these; NULL: all were sent */
    int32_t *codes;
    uint8_t *channels;
    int64_t *until;
    struct closing *prev, *next;
};

struct closing_batch {
    struct store *store;
    struct closing *list;
    bool sent; /* by close_sent.sql */
};

static void closing_free (struct closing *closing)
{
    free (closing->outcomes);
    free (closing->codes);
    free (closing->channels);
    free (closing->until);
    free (closing);
}

static uint64_t number_at (const struct wire_list *numbers, uint32_t at)
{
    return at < numbers->count ? numbers->at[at] : 0;
}

/* And by mail, of which no log but the event is kept. */
static bool all_sent (const struct msg_told *told)
{
    for (uint32_t i = 0; i < told->outcomes.count; i++) {
        uint64_t channel = number_at (&told->channels, i);
        if (told->outcomes.at[i] != TOLD_SENT || (channel && channel != CHANNEL_EMAIL))
            return false;
    }
    return told->outcomes.count > 0;
}

static struct closing *closing_new (uint64_t link, const struct msg_told *said)
{
    struct closing *closing = xcalloc (1, sizeof *closing);
    *closing = (struct closing){
        .link = link, .ref = said->ref, .dispatch = said->dispatch, .count = said->outcomes.count};
    closing->sent = all_sent (said);
    if (closing->sent)
        return closing;
    closing->outcomes = xcalloc (closing->count + 1, sizeof *closing->outcomes);
    closing->codes = xcalloc (closing->count + 1, sizeof *closing->codes);
    closing->channels = xcalloc (closing->count + 1, sizeof *closing->channels);
    closing->until = xcalloc (closing->count + 1, sizeof *closing->until);
    for (uint32_t i = 0; i < closing->count; i++) {
        uint64_t code = number_at (&said->codes, i), channel = number_at (&said->channels, i),
                 until = number_at (&said->until, i);
        closing->channels[i] = channel < CHANNEL_LAST ? (uint8_t) channel : 0;
        closing->until[i] = until <= ARRAY_TIME_MOST ? (int64_t) until : 0;
        closing->outcomes[i] = (uint8_t) (said->outcomes.at[i] & 7);
        closing->codes[i] = code <= INT32_MAX ? (int32_t) code : 0;
    }
    return closing;
}

void told_take (struct store *store, struct link *from, const struct msg_told *said)
{
    struct closing *closing = closing_new (link_number (from), said);
    outbox_give_back (store, &closing->dispatch);
    DL_APPEND (store->closings, closing);
    (void) fault_point (told_received);
}

void told_give_back (struct store *store, const struct id *dispatch)
{
    struct msg_told nothing = {.dispatch = *dispatch};
    struct closing *closing = closing_new (0, &nothing);
    DL_APPEND (store->closings, closing);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void say_heard (struct store *store, struct closing *closing, bool heard)
{
    struct link *link = listener_find (store->notifiers, closing->link);
    if (link) {
        struct msg_heard said = {.ref = closing->ref};
        if (heard)
            link_say (link, WIRE_heard, &said);
        link_credit (link, WIRE_CLASS_REST, 1); /* unheard, it is said again */
    }
    closing_free (closing);
}

static bool was_closed (const struct closing *closing, const PGresult *result)
{
    for (int row = 0; row < PQntuples (result); row++) {
        struct id closed = result_id (result, row, 0);
        if (id_equal (&closed, &closing->dispatch))
            return true;
    }
    return false;
}

static void on_closed (void *with, const struct db_answer *answer)
{
    struct closing_batch *batch = with;
    struct store *store = batch->store;
    struct closing *closing, *next;
    bool done = answer->outcome == DB_DONE;
    if (done) {
        store_taken (store, WORK_NOTICES);
        (void) fault_point (told_committed);
    }
    DL_FOREACH_SAFE (batch->list, closing, next) {
        DL_DELETE (batch->list, closing);
        if (done && batch->sent && !was_closed (closing, answer->results[0])) {
            closing->sent = false; /* gone already, or not as simple as that */
            DL_APPEND (store->closings, closing);
        } else if (!done && closing->link == 0) {
            DL_APPEND (store->closings, closing); /* ours: nobody else will say it again */
        } else {
            metric_add (store_notices_closed_total, done ? closing->count : 0);
            say_heard (store, closing, done);
        }
    }
    if (answer->outcome == DB_FAILED) {
        store_refused (store, WORK_NOTICES, answer->sqlstate);
        store_pause (store, &store->closings_not_before, STORE_RETRY_MS);
    }
    free (batch);
}

/* ---- asking -------------------------------------------------------------------------------- */

static struct array dispatches, counts, outcomes, codes, channels,
    until; /* kept; one thread composes */

static void send_sent (struct db *db, struct closing_batch *batch)
{
    struct closing *closing;
    array_begin (&dispatches, OID_UUID);
    array_begin (&counts, OID_INT4);
    DL_FOREACH (batch->list, closing) {
        array_bytes (&dispatches, closing->dispatch.at, sizeof closing->dispatch.at);
        array_int4 (&counts, closing->count);
    }
    struct db_value values[] = {array_end (&dispatches), array_end (&counts)};
    struct db_unit *unit = db_begin (db, on_closed, batch);
    db_binary (unit);
    db_add (unit, SQL_close_sent, values, array_len (values));
    db_end (unit);
}

static void send_one (struct db *db, struct closing_batch *batch)
{
    const struct closing *closing = batch->list;
    array_begin (&outcomes, OID_INT4);
    array_begin (&codes, OID_INT4);
    array_begin (&channels, OID_INT4);
    array_begin (&until, OID_INT8);
    for (uint32_t i = 0; i < closing->count; i++) {
        array_int4 (&outcomes, closing->outcomes ? closing->outcomes[i] : TOLD_SENT);
        array_int4 (&codes, closing->codes ? closing->codes[i] : 0);
        array_int4 (&channels, closing->channels ? closing->channels[i] : 0);
        array_int8 (&until, closing->until ? closing->until[i] : 0);
    }
    struct db_value values[] = {value_id (&closing->dispatch), array_end (&outcomes),
                                array_end (&codes), array_end (&channels), array_end (&until)};
    struct db_unit *unit = db_begin (db, on_closed, batch);
    db_binary (unit);
    db_add (unit, SQL_close_dispatch, values, array_len (values));
    db_end (unit);
}

/* All that were sent, or the first other one. */
static struct closing_batch *gather (struct store *store)
{
    struct closing_batch *batch = xcalloc (1, sizeof *batch);
    struct closing *closing, *next;
    unsigned count = 0;
    batch->store = store;
    batch->sent = store->closings->sent;
    DL_FOREACH_SAFE (store->closings, closing, next) {
        if (closing->sent != batch->sent || count == (batch->sent ? TOGETHER_MOST : 1))
            continue;
        DL_DELETE (store->closings, closing);
        DL_APPEND (batch->list, closing);
        count++;
    }
    return batch;
}

void told_flush (struct store *store)
{
    struct db *db;
    while (store->ready && store->closings && (db = lane_idle (&store->others)) &&
           reactor_now (store->reactor) >= store->closings_not_before) {
        struct closing_batch *batch = gather (store);
        if (batch->sent) {
            send_sent (db, batch);
            store_pause (store, &store->closings_not_before, REST_MS);
        } else {
            send_one (db, batch);
        }
    }
}

/* ---- dispatches that nobody closes --------------------------------------------------------- */

static void on_expired (void *with, const struct db_answer *answer)
{
    (void) with;
    if (answer->outcome == DB_FAILED)
        log_limited (LOG_WARNING, "dispatches cannot be expired: SQLSTATE %s; tried again",
                     answer->sqlstate);
}

static void at_expire (void *owner)
{
    struct store *store = owner;
    struct db *db = lane_any (&store->others);
    reactor_timer_at (store->expire_timer, reactor_now (store->reactor) + EXPIRE_EVERY_MS);
    if (!store->ready || !db)
        return;
    struct db_value after = {EXPIRE_AFTER_S, 0, false};
    struct db_unit *unit = db_begin (db, on_expired, NULL);
    db_add (unit, SQL_expire_dispatches, &after, 1);
    db_end (unit);
}

void told_begin (struct store *store)
{
    store->expire_timer =
        reactor_timer (store->reactor, mono_ms () + EXPIRE_EVERY_MS, at_expire, store);
}

void told_end (struct store *store)
{
    struct closing *closing, *next;
    DL_FOREACH_SAFE (store->closings, closing, next)
        closing_free (closing);
    array_free (&dispatches);
    array_free (&counts);
    array_free (&outcomes);
    array_free (&codes);
    array_free (&channels);
    array_free (&until);
    reactor_timer_forget (&store->expire_timer);
}
