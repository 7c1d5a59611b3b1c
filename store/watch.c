/* watch.c - reads for the metrics what waits where: docs/operators.md.
 *
 *   RESTS -> the store that works the timers asks PostgreSQL, one statement -> told: all series anew
 *                                                       `-> refused, or nobody answers: they are left out
 *
 * It rests for RESTS times as long as it took, so that it never has more than a fiftieth of a core, however much is open.  Where
 * PostgreSQL breaks it off (statement_timeout), which has cost as much, it rests twice as long each time, up to the same.
 * What was read is told until the next time; where that does not come it goes, and queue_scrape_success says so: a number that is
 * there was right a moment ago.  A store beside one that works the timers says nothing of all this.
 */
#include "array.h"
#include "store.h"

#include <stdio.h>
#include <string.h>

#define RESTS    49
#define LATE_MS  10000 /* behind its time what was read is left out */
#define RETRY_MS 1000
#define WORD     129 /* bytes of a label's value */

enum { NAME, FIRST, SECOND, VALUE };

/* All that one reading tells. */
static void forget (void)
{
    for (enum metric metric = METRIC_cases_open; metric <= METRIC_queue_oldest_parked_age_seconds;
         metric++)
        metric_forget (metric);
}

static const char *word_of (const PGresult *rows, int row, int column, char room[WORD])
{
    struct view word = result_view (rows, row, column);

    if (PQgetisnull (rows, row, column))
        return NULL;
    snprintf (room, WORD, "%.*s", (int) word.len, word.at);
    return room;
}

static void tell (const PGresult *rows)
{
    char name[WORD], first[WORD], second[WORD], before[WORD] = "";
    enum metric metric = METRICS;

    forget ();
    for (int row = 0; row < PQntuples (rows); row++) {
        word_of (rows, row, NAME, name);
        if (strcmp (name, before) != 0)
            metric = metric_series (name);
        check (metric < METRICS);
        memcpy (before, name, sizeof before);
        metric_say (metric, result_int (rows, row, VALUE), word_of (rows, row, FIRST, first),
                    word_of (rows, row, SECOND, second), NULL);
    }
}

/* The first one may have come at a bad moment. */
static int64_t rest_in_vain (const struct watch *watch)
{
    int64_t twice = watch->vain_ms * 2, most = watch->took_ms * RESTS;

    return twice < most ? twice : most > RETRY_MS ? most : RETRY_MS;
}

static void on_watched (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    struct watch *watch = &store->watch;
    int64_t now = mono_ms ();
    bool broken_off = answer->outcome == DB_FAILED && strcmp (answer->sqlstate, "57014") == 0;

    watch->busy = false;
    watch->known = answer->outcome == DB_DONE;
    watch->took_ms = now - watch->asked_at;
    watch->rest_ms =
        watch->took_ms * RESTS > watch->every_ms ? watch->took_ms * RESTS : watch->every_ms;
    watch->vain_ms = broken_off ? rest_in_vain (watch) : RETRY_MS;
    if (watch->known) {
        tell (answer->results[0]);
        watch->told_at = now;
        watch->told_wall = wall_ms ();
    } else {
        forget ();
        if (answer->outcome == DB_FAILED)
            log_limited (LOG_WARNING, "queues cannot be read for the metrics (SQLSTATE %s)",
                         answer->sqlstate);
    }
    reactor_timer_at (watch->timer, now + (watch->known ? watch->rest_ms : watch->vain_ms));
}

static void at_watch (void *owner)
{
    struct store *store = owner;
    struct watch *watch = &store->watch;
    uint8_t rooms[2][8];

    if (watch->busy || !store->timers.held || !db_is_up (watch->db)) {
        reactor_timer_at (watch->timer, reactor_now (store->reactor) + RETRY_MS);
        return;
    }
    struct db_value values[] = {value_int4 (rooms[0], watch->agencies),
                                value_int8 (rooms[1], watch->soon_ms)};
    watch->busy = true;
    watch->asked_at = mono_ms ();
    struct db_unit *unit = db_begin (watch->db, on_watched, store);
    db_binary (unit);
    db_add (unit, 0, values, array_len (values));
    db_end (unit);
}

void watch_measure (struct store *store)
{
    struct watch *watch = &store->watch;

    metric_forget (METRIC_queue_scrape_success);
    metric_forget (METRIC_queue_last_success_timestamp_seconds);
    metric_forget (METRIC_queue_scrape_duration_seconds);
    if (mono_ms () - watch->told_at > watch->rest_ms + LATE_MS || !store->timers.held)
        watch->known = false;
    if (!watch->known)
        forget ();
    if (store->ready && !store->timers.held)
        return; /* another store says it */
    metric_say (METRIC_queue_scrape_success, watch->known, NULL);
    metric_say (METRIC_queue_last_success_timestamp_seconds, watch->told_wall, NULL);
    metric_say (METRIC_queue_scrape_duration_seconds, watch->took_ms, NULL);
}

void watch_begin (struct store *store, const struct settings *settings,
                  const struct db_statement *statement)
{
    struct watch *watch = &store->watch;

    watch->every_ms = watch->rest_ms = settings_number (settings, "watch.every");
    watch->soon_ms = settings_number (settings, "watch.soon");
    watch->agencies = settings_number (settings, "watch.agencies");
    watch->vain_ms = RETRY_MS;
    watch->db = db_new (store->reactor,
                        &(struct db_options){.name = "watch",
                                             .conninfo = settings_text (settings, "database"),
                                             .statements = statement,
                                             .statement_count = 1});
    watch->timer = reactor_timer (store->reactor, mono_ms () + RETRY_MS, at_watch, store);
}

void watch_abandon (struct store *store)
{
    if (store->watch.db)
        db_abandon (store->watch.db);
}

void watch_end (struct store *store)
{
    db_destroy (&store->watch.db);
    reactor_timer_forget (&store->watch.timer);
    forget ();
}
