/* bulletin.c - notices to others than the reporter: digests, reminders and alerts to officers, news to supporters
 * (docs/channels.md, "To officers and supporters").
 *
 * A step is one statement: who is to be looked at, what has happened and how far it has come are rows, so that whatever
 * dies is taken up where it was.  The store that works the timers does it; were two at it, each would skip what the other
 * has in hand.
 *
 *   state    it                                  leaves it when
 *   RESTS    waits                               its timer is over and this store works the timers: MAKES
 *   MAKES    a step is with PostgreSQL           committed: RESTS, shortly where there is more; failed: RESTS
 */
#include "array.h"
#include "domain/calendar.h"
#include "store.h"

#define PEOPLE       50   /* of one step: each is counted for */
#define TRANSACTIONS 2000 /* whose events a step looks through */
#define SUPPORTERS   200
#define REST_MS      1000 /* an alert is late by as much */
#define MORE_MS      50
#define TROUBLE_MS   10000

#define DAY_MS       INT64_C (86400000)
#define KEPT_DAYS    180 /* as the delivery log */

static void on_step (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    int64_t next = TROUBLE_MS;

    store->bulletins.busy = false;
    if (answer->outcome == DB_DONE) {
        unsigned made = (unsigned) result_int (answer->results[0], 0, 0);
        if (made)
            outbox_has_news (store, made);
        metric_add (store_bulletins_total, made);
        next = result_bool (answer->results[0], 0, 1) ? MORE_MS : REST_MS;
        outage_ends (&store->bulletins.outage, "officers and supporters are written to again");
    } else if (answer->outcome == DB_FAILED && failure_of (answer->sqlstate) != FAILURE_AGAIN) {
        outage_begins (&store->bulletins.outage,
                       "officers and supporters are not written to for now (SQLSTATE %s): what is "
                       "due is made up for when PostgreSQL takes it",
                       answer->sqlstate);
    }
    reactor_timer_at (store->bulletins.timer, reactor_now (store->reactor) + next);
}

static void at_step (void *owner)
{
    struct store *store = owner;
    struct db *db = store->ready && store->timers.held ? lane_any (&store->others) : NULL;
    uint8_t numbers[5][8], old[8];

    if (!db || store->bulletins.busy) {
        reactor_timer_at (store->bulletins.timer, reactor_now (store->reactor) + REST_MS);
        return;
    }
    struct db_value values[] = {value_int4 (numbers[0], PEOPLE),
                                value_int4 (numbers[1], TRANSACTIONS),
                                value_int4 (numbers[2], SUPPORTERS),
                                value_int4 (numbers[3], store->bulletins.morning),
                                value_int4 (numbers[4], store->bulletins.unread_hours),
                                value_time (old, wall_ms () - KEPT_DAYS * DAY_MS)};
    store->bulletins.busy = true;
    struct db_unit *unit = db_begin (db, on_step, store);
    db_binary (unit);
    db_add (unit, SQL_make_bulletins, values, array_len (values));
    db_end (unit);
}

bool bulletin_settings_right (const struct settings *settings)
{
    int minutes = 0;
    return (calendar_cut_off (view_of (settings_text (settings, "digest.at")), &minutes) &&
            minutes) ||
           settings_refuse (settings, "digest.at", "a time of day, as 07:30");
}

void bulletin_begin (struct store *store, const struct settings *settings)
{
    int minutes = 0;
    check (calendar_cut_off (view_of (settings_text (settings, "digest.at")), &minutes));
    store->bulletins.morning = minutes;
    store->bulletins.unread_hours = settings_number (settings, "digest.unread");
    store->bulletins.timer = reactor_timer (store->reactor, mono_ms () + REST_MS, at_step, store);
}

void bulletin_end (struct store *store)
{
    reactor_timer_forget (&store->bulletins.timer);
}
