/* forget.c - the contacts of complaints that nothing can be told of any more, and old entries of the delivery log, go.
 *
 * All complaints are gone through by their key, some at a time, again and again: so no index has to be kept for what
 * is done once in a complaint's life, and a notice that was late to end is found in the next round.  Where a round has
 * got to is in memory alone; it begins anew with the store.  A contact goes at the latest a round after its time.
 */
#include "array.h"
#include "store.h"

#define STEP     500     /* complaints of one step */
#define STEP_MS  5000    /* between two steps: 8.6 million complaints a day */
#define ROUND_MS 3600000 /* between two rounds */

#define DAY_MS   INT64_C (86400000)
#define REOPEN_DAYS                                                                                \
    31 /* a case may be reopened for 30 days (store_reply.sql), and is for one more being told so */
#define LOG_DAYS 180 /* of the delivery log */

static void on_step (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    int64_t next = STEP_MS;

    store->forget.busy = false;
    if (answer->outcome == DB_DONE) {
        const PGresult *result = answer->results[0];
        bool more = !PQgetisnull (result, 0, 0);
        store->forget.at = more ? result_id (result, 0, 0) : (struct id){0};
        metric_add (store_contacts_forgotten_total, (uint64_t) result_int (result, 0, 1));
        next = more ? STEP_MS : ROUND_MS;
    } else if (answer->outcome == DB_FAILED && failure_of (answer->sqlstate) != FAILURE_AGAIN) {
        log_limited (LOG_WARNING, "contacts are not forgotten for now (SQLSTATE %s)",
                     answer->sqlstate);
    }
    reactor_timer_at (store->forget.timer, reactor_now (store->reactor) + next);
}

static void at_step (void *owner)
{
    struct store *store = owner;
    struct db *db = store->ready ? lane_any (&store->others) : NULL;
    uint8_t room[8], end[8], log[8];
    int64_t now = wall_ms ();

    if (!db || store->forget.busy) {
        reactor_timer_at (store->forget.timer, reactor_now (store->reactor) + STEP_MS);
        return;
    }
    struct db_value values[] = {value_id (&store->forget.at), value_int4 (room, STEP),
                                value_time (end, now - REOPEN_DAYS * DAY_MS),
                                value_time (log, now - LOG_DAYS * DAY_MS)};
    store->forget.busy = true;
    struct db_unit *unit = db_begin (db, on_step, store);
    db_binary (unit);
    db_add (unit, SQL_forget_contacts, values, array_len (values));
    db_end (unit);
}

void forget_begin (struct store *store)
{
    store->forget.timer = reactor_timer (store->reactor, mono_ms () + STEP_MS, at_step, store);
}

void forget_end (struct store *store)
{
    reactor_timer_forget (&store->forget.timer);
}
