/* retention.c - what was kept long enough after its end is erased: docs/retention.md.
 *
 * A step is one statement that goes a stretch further on a round through the complaints, which rests a day at its end; where it
 * stands is a row.  The store that works the timers does it.  It rests for RESTS times as long as it took: nobody waits for it. */
#include "array.h"
#include "store.h"

#define STEP       50 /* complaints of one step */
#define RESTS      9
#define REST_LEAST 50     /* ms */
#define IDLE_MS    600000 /* the round is over, or another store's */
#define SOON_MS    5000   /* this store does not work the timers, yet */

static void on_step (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    int64_t now = reactor_now (store->reactor), rest = RESTS * (now - store->retention.began);

    store->retention.busy = false;
    if (answer->outcome == DB_FAILED && failure_of (answer->sqlstate) != FAILURE_AGAIN)
        log_limited (LOG_WARNING,
                     "what was kept long enough cannot be erased for now (SQLSTATE %s %s)",
                     answer->sqlstate, answer->constraint);
    bool done = answer->outcome == DB_DONE, more = done && result_int (answer->results[0], 0, 0);
    if (done && result_int (answer->results[0], 0, 1)) {
        metric_add (store_erased_total, (uint64_t) result_int (answer->results[0], 0, 1));
        (void) fault_point (erased_committed);
    }
    if (rest < (more ? REST_LEAST : IDLE_MS))
        rest = more ? REST_LEAST : IDLE_MS;
    reactor_timer_at (store->retention.timer, now + rest);
}

static void at_step (void *owner)
{
    struct store *store = owner;
    struct db *db = store->timers.held ? lane_any (&store->others) : NULL;
    uint8_t rooms[2][8];

    if (!db || store->retention.busy) {
        reactor_timer_at (store->retention.timer, reactor_now (store->reactor) + SOON_MS);
        return;
    }
    struct db_value values[] = {value_int8 (rooms[0], store->retention.keep_ms),
                                value_int4 (rooms[1], STEP)};
    store->retention.busy = true;
    store->retention.began = reactor_now (store->reactor);
    struct db_unit *unit = db_begin (db, on_step, store);
    db_binary (unit);
    db_add (unit, SQL_erase_ended, values, array_len (values));
    db_end (unit);
}

void retention_begin (struct store *store, int64_t keep_ms)
{
    store->retention.keep_ms = keep_ms;
    store->retention.timer = reactor_timer (store->reactor, mono_ms () + SOON_MS, at_step, store);
}

void retention_end (struct store *store)
{
    reactor_timer_forget (&store->retention.timer);
}
