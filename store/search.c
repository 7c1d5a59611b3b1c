/* search.c - keeps the desk's full text, aside: docs/desk.md.
 *
 * A step is one statement that looks by itself for what has no entry yet, so there is nothing here to lose: the
 * rows say what is left.  It rests for RESTS times as long as it took, so that it never has more than a
 * tenth of a connection's time; a step that fails rests, and the next one finds the same.
 */
#include "array.h"
#include "store.h"

#define STEP       100 /* entries of one step, of each kind */
#define RESTS      9
#define REST_LEAST 50   /* ms */
#define IDLE_MS    1000 /* between two steps of which the first found nothing */

static void on_step (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    int64_t now = reactor_now (store->reactor), rest = RESTS * (now - store->search.began);

    store->search.busy = false;
    if (answer->outcome == DB_FAILED && failure_of (answer->sqlstate) != FAILURE_AGAIN)
        log_limited (LOG_WARNING, "the desk's full text is not kept for now (SQLSTATE %s)",
                     answer->sqlstate);
    bool made = answer->outcome == DB_DONE && result_int (answer->results[0], 0, 0) > 0;
    if (made)
        metric_add (store_search_entries_total, (uint64_t) result_int (answer->results[0], 0, 0));
    if (rest < (made ? REST_LEAST : IDLE_MS))
        rest = made ? REST_LEAST : IDLE_MS;
    reactor_timer_at (store->search.timer, now + rest);
}

static void at_step (void *owner)
{
    struct store *store = owner;
    struct db *db = lane_any (&store->others);
    uint8_t room[8];

    if (!db || store->search.busy) {
        reactor_timer_at (store->search.timer, reactor_now (store->reactor) + IDLE_MS);
        return;
    }
    struct db_value most = value_int4 (room, STEP);
    store->search.busy = true;
    store->search.began = reactor_now (store->reactor);
    struct db_unit *unit = db_begin (db, on_step, store);
    db_binary (unit);
    db_add (unit, SQL_make_search, &most, 1);
    db_end (unit);
}

void search_begin (struct store *store)
{
    store->search.timer = reactor_timer (store->reactor, mono_ms () + IDLE_MS, at_step, store);
}

void search_end (struct store *store)
{
    reactor_timer_forget (&store->search.timer);
}
