/* publish.c - what other programs need of the database, and what due times need of it.
 *
 * Versions are asked twice a second; a revoked key is out of every program within a second.
 */
#include "array.h"
#include "store.h"

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

/* Agencies, days off and limits, whenever the registry has a new version. */
static void on_calendar (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    if (answer->outcome != DB_DONE)
        return;
    const PGresult *agencies = answer->results[0], *days = answer->results[1],
                   *limits = answer->results[2];
    for (int row = PQntuples (agencies); row-- > 0;) {
        uint64_t number = (uint64_t) result_int (agencies, row, 0);
        agency_known (store, number, (int) result_int (agencies, row, 1),
                      result_view (agencies, row, 2));
        if (result_bool (agencies, row, 3))
            store->national_desk = number; /* the lowest of them, as in place_complaints.sql */
    }
    pull_agencies_known (store);
    free (store->days_off);
    store->days_off = xcalloc ((size_t) PQntuples (days), sizeof *store->days_off);
    for (int row = 0; row < PQntuples (days); row++)
        store->days_off[row] = (int32_t) result_int (days, row, 0);
    store->calendar = (struct workday_calendar){
        .off = store->days_off, .count = (size_t) PQntuples (days), .from = 1970, .to = 9999};
    for (int row = 0; row < PQntuples (limits); row++) {
        struct view clock = result_view (limits, row, 0);
        int64_t class = result_int (limits, row, 1), limit = result_int (limits, row, 2);
        if (view_is (clock, "verify"))
            store->limit_verify = (uint8_t) limit;
        else if (view_is (clock, "first"))
            store->limit_first = (uint8_t) limit;
        else if (class >= 0 && class < (int64_t) array_len (store->limit_resolve))
            store->limit_resolve[class] = (uint8_t) limit;
    }
}

static void ask_calendar (struct store *store, struct db *db)
{
    struct db_unit *unit = db_begin (db, on_calendar, store);
    db_binary (unit);
    db_add (unit, SQL_select_agencies, NULL, 0);
    db_add (unit, SQL_select_days_off, NULL, 0);
    db_add (unit, SQL_select_limits, NULL, 0);
    db_end (unit);
}

static void on_versions (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    store->publishing--;
    struct db *db = lane_any (&store->others);
    if (answer->outcome != DB_DONE || !db)
        return;
    for (int row = 0; row < PQntuples (answer->results[0]); row++) {
        int64_t kind = result_int (answer->results[0], row, 0),
                version = result_int (answer->results[0], row, 1);
        if (kind < 1 || kind >= SNAPSHOT_LAST || store->published[kind] == (uint64_t) version)
            continue;
        ask_body (store, db, (enum snapshot) kind);
        if (kind == SNAPSHOT_REGISTRY)
            ask_calendar (store, db);
    }
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
    free (store->days_off);
}
