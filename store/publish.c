/* publish.c - what other programs need of the database, and what due times need of it.
 *
 * Versions are asked twice a second; a revoked key is out of every program within a second.
 */
#include "array.h"
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ASK_EVERY_MS 500

struct asked {
    struct store *store;
    enum snapshot kind;
};

static const unsigned bodies[SNAPSHOT_LAST] = {
    [SNAPSHOT_PRINCIPALS] = SQL_select_snapshot_principals,
    [SNAPSHOT_REGISTRY] = SQL_select_snapshot_registry,
    [SNAPSHOT_RULES] = SQL_select_snapshot_rules,
    [SNAPSHOT_MODEL] = SQL_select_snapshot_model,
};

static void on_body (void *with, const struct db_answer *answer)
{
    struct asked *asked = with;
    struct store *store = asked->store;
    store->publishing--;
    if (answer->outcome == DB_DONE && PQntuples (answer->results[0]) == 1) {
        uint64_t version = (uint64_t) result_int (answer->results[0], 0, 0);
        struct view body = result_view (answer->results[0], 0, 1);
        if (snapshots_publish (store->snapshots, asked->kind, version, body.at ? body.at : "",
                               body.len) == 0)
            store->published[asked->kind] = version;
    }
    free (asked);
}

static void ask_body (struct store *store, struct db *db, enum snapshot kind)
{
    struct asked *asked = xcalloc (1, sizeof *asked);
    *asked = (struct asked){store, kind};
    store->publishing++;
    struct db_unit *unit = db_begin (db, on_body, asked);
    db_binary (unit);
    db_add (unit, bodies[kind], NULL, 0);
    db_end (unit);
}

/* ---- what due times need --------------------------------------------------------------------- */

static void know_agencies (struct store *store, const PGresult *agencies)
{
    for (int row = PQntuples (agencies); row-- > 0;) {
        uint64_t number = (uint64_t) result_int (agencies, row, 0);
        agency_known (store, number, (int) result_int (agencies, row, 1),
                      result_view (agencies, row, 2));
        if (result_bool (agencies, row, 3))
            store->national_desk = number; /* the lowest of them, as in place_complaints.sql */
    }
    pull_agencies_known (store);
}

static void forget_calendar (struct store *store)
{
    calendar_free (&store->counting.calendar);
    free (store->counting.text);
    store->counting.text = NULL;
}

static bool know_calendar (struct store *store, const PGresult *rows)
{
    struct calendar_fault fault;
    struct view text = result_view (rows, 0, 1);
    forget_calendar (store);
    store->counting.text = xstrndup (text.at, text.len);
    store->counting.calendar_version = result_int (rows, 0, 0);
    if (calendar_read (store->counting.text, text.len, &store->counting.calendar, &fault) == 0)
        return true;
    log_error ("calendar version %" PRId64
               ", line %u: %s: load another one with aduan-migrate calendar",
               store->counting.calendar_version, fault.line, fault.why);
    return false;
}

/* The longest limit that there is, from now on. */
#define LONGEST_DAYS 60

static void warn_of_its_end (struct store *store)
{
    bool ends = false;
    workday_due (wall_ms (), LONGEST_DAYS, 7, &store->counting.calendar.counts, &ends);
    if (ends && !store->counting.ends_soon)
        log_warning ("the calendar (version %" PRId64
                     ") ends with %d: due times behind it are provisional and skip "
                     "weekends only; load one that goes on with aduan-migrate calendar FILE",
                     store->counting.calendar_version, store->counting.calendar.counts.to);
    store->counting.ends_soon = ends;
    metric_set (store_calendar_ends, ends);
}

struct counting_asked {
    struct store *store;
    int64_t version;
};

static void on_counting (void *with, const struct db_answer *answer)
{
    struct counting_asked *asked = with;
    struct store *store = asked->store;
    store->publishing--;
    if (answer->outcome == DB_DONE && PQntuples (answer->results[1]) == 1) {
        know_agencies (store, answer->results[0]);
        limits_read (&store->counting.limits, answer->results[2]);
        if (know_calendar (store, answer->results[1])) {
            store->counting.version = asked->version;
            metric_set (store_calendar_version, (uint64_t) store->counting.calendar_version);
            warn_of_its_end (store);
            place_flush (store);
        }
    }
    free (asked);
}

static void ask_counting (struct store *store, struct db *db, int64_t version)
{
    struct counting_asked *asked = xcalloc (1, sizeof *asked);
    *asked = (struct counting_asked){store, version};
    store->publishing++;
    struct db_unit *unit = db_begin (db, on_counting, asked);
    db_binary (unit);
    db_add (unit, SQL_select_agencies, NULL, 0);
    db_add (unit, SQL_select_calendar, NULL, 0);
    db_add (unit, SQL_select_limits, NULL, 0);
    db_end (unit);
}

bool publish_counts (const struct store *store)
{
    return store->counting.version && store->counting.limits.count;
}

/* ---- versions -------------------------------------------------------------------------------- */

static void on_versions (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    store->publishing--;
    struct db *db = lane_any (&store->others);
    int64_t counting = 0;
    bool agencies = false;
    if (answer->outcome != DB_DONE || !db)
        return;
    for (int row = 0; row < PQntuples (answer->results[0]); row++) {
        int64_t kind = result_int (answer->results[0], row, 0),
                version = result_int (answer->results[0], row, 1);
        if (kind == 0)
            counting = version;
        if (kind < 1 || kind >= SNAPSHOT_LAST || store->published[kind] == (uint64_t) version)
            continue;
        ask_body (store, db, (enum snapshot) kind);
        agencies = agencies || kind == SNAPSHOT_REGISTRY;
    }
    if (agencies || counting != store->counting.version)
        ask_counting (store, db, counting);
}

static void at_publish (void *owner)
{
    struct store *store = owner;
    struct db *db = lane_any (&store->others);
    reactor_timer_at (store->publish_timer, reactor_now (store->reactor) + ASK_EVERY_MS);
    agency_tick (store);
    if (!store->ready || !db || store->publishing)
        return;
    store->publishing++;
    struct db_unit *unit = db_begin (db, on_versions, store);
    db_binary (unit);
    db_add (unit, SQL_select_snapshot_versions, NULL, 0);
    db_end (unit);
}

void publish_begin (struct store *store)
{
    if (!store->publish_timer)
        store->publish_timer = reactor_timer (store->reactor, 0, at_publish, store);
    reactor_timer_at (store->publish_timer, reactor_now (store->reactor) + 1);
}

void publish_end (struct store *store)
{
    reactor_timer_forget (&store->publish_timer);
    forget_calendar (store);
    limits_free (&store->counting.limits);
}
