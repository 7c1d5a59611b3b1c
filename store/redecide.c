/* redecide.c - complaints that wait until a router has decided who has them: handed back, said to be no oversight,
 * or with words of their reporter's that may tell of misconduct.  Their states and what may fail: store.h.
 *
 * A scan reads the rows, the oldest first, and gives each to one of the routers in turn, as an intake would
 * offer a new complaint; the answer becomes one statement, which alone judges it (decide_hand_back.sql).
 * At most RETURNED_MOST are under way, so nothing here grows.
 */
#include "array.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define RETURNED_MOST    64
#define RETURNED_TRIES   3
#define RETURNED_WAIT_MS 5000
#define SCAN_SOON_MS     50
#define SCAN_BUSY_MS     1000
#define SCAN_IDLE_MS     5000
#define ROUTERS_MOST     64
#define REFUSERS_MOST    64

static void scan_in (struct store *store, int64_t ms)
{
    reactor_timer_at (store->returned.timer, reactor_now (store->reactor) + ms);
}

static void forget (struct returned *returned)
{
    HASH_DEL (returned->store->returned.by_id, returned);
    free (returned);
}

static struct returned *find (struct store *store, const struct id *id)
{
    struct returned *returned;
    HASH_FIND (hh, store->returned.by_id, id, sizeof *id, returned);
    return returned;
}

/* What it was doing came to nothing: a scan begins it again. */
static void know_again (struct returned *returned)
{
    returned->state = RETURNED_KNOWN;
    scan_in (returned->store, SCAN_SOON_MS);
}

/* ---- deciding -------------------------------------------------------------------------------- */

enum { RECEIVER, TOLD, MOVED };

/* By a fault of ours nobody_decided. */
static void decision_failed (struct returned *returned, const char *sqlstate)
{
    enum failure failure = failure_of (sqlstate);
    if (failure == FAILURE_AGAIN) {
        know_again (returned);
        return;
    }
    returned->state = RETURNED_KNOWN; /* for the timer's next scan */
    if (failure == FAILURE_OUTAGE) {
        store_refused (returned->store, WORK_ACTS, sqlstate);
        return;
    }
    log_limited (LOG_ERROR, "%s: a decision that PostgreSQL cannot hold (SQLSTATE %s)",
                 id_text (&returned->id), sqlstate);
    returned->tries = RETURNED_TRIES;
}

static void on_decided (void *with, const struct db_answer *answer)
{
    struct returned *returned = with;
    struct store *store = returned->store;
    if (answer->outcome == DB_DONE) {
        const PGresult *result = answer->results[0];
        store_taken (store, WORK_ACTS);
        (void) fault_point (moved_committed);
        words_drop (store, &returned->id);
        if (PQntuples (result)) {
            if (result_int (result, 0, RECEIVER))
                agency_hint (store, (uint64_t) result_int (result, 0, RECEIVER), 1);
            if (result_int (result, 0, TOLD))
                outbox_has_news (store, 1);
            metric_add (store_moves_total, result_bool (result, 0, MOVED));
        }
        forget (returned);
        scan_in (store, SCAN_SOON_MS);
        return;
    }
    if (answer->outcome == DB_FAILED)
        decision_failed (returned, answer->sqlstate);
    else
        know_again (returned);
}

static struct db_value optional (uint8_t room[8], uint64_t number)
{
    return number ? value_int4 (room, (int64_t) number) : (struct db_value){0};
}

static uint64_t fitting (uint64_t number)
{
    return number <= INT32_MAX ? number : 0;
}

/* `place`: what a router said, or nobody_decided. */
static void decide (struct returned *returned, const struct msg_place *place)
{
    struct store *store = returned->store;
    struct db *db = lane_any (&store->acts);
    uint8_t event[8], agency[8], rung[8], confidence[8], class[8], flags[8], rules[8], registry[8],
        function[8], base[8];
    if (!db) {
        know_again (returned);
        return;
    }
    int64_t sets = place->oversight == FLAG_YES ? FLAG_BIT_OVERSIGHT | FLAG_BIT_SECRET
                   : place->secret == FLAG_YES  ? FLAG_BIT_SECRET
                                                : 0;
    struct db_value values[] = {
        value_id (&returned->id),
        value_int4 (event, (int64_t) returned->event),
        value_int4 (agency, (int64_t) fitting (place->agency)),
        value_int4 (rung, place->rung <= 6 ? (int64_t) place->rung : 6),
        value_int4 (confidence, place->confidence <= 1000 ? (int64_t) place->confidence : 0),
        optional (class, place->class),
        value_int4 (flags, sets),
        value_view (place->region),
        value_int4 (rules, (int64_t) fitting (place->rules)),
        value_int4 (registry, (int64_t) fitting (place->registry)),
        value_view (place->record),
        optional (function, fitting (place->function)),
        value_int8 (base, store->version_base),
    };
    returned->state = RETURNED_DECIDES;
    struct db_unit *unit = db_begin (db, on_decided, returned);
    db_binary (unit);
    db_add (unit, SQL_decide_hand_back, values, array_len (values));
    db_end (unit);
}

void redecide_take (struct store *store, struct parcel *parcel)
{
    const struct msg_redecided *said = &parcel->said[0].redecided;
    struct wire_fault fault;
    struct returned *returned = find (store, &said->id);
    (void) fault_point (redecided_received);
    if (!returned || returned->state != RETURNED_ASKED || returned->event != said->event)
        return; /* said twice: the first decision stands */
    const struct wire_message *place = parcel_read (parcel, 1, WIRE_place, &fault);
    if (place) {
        decide (returned, &place->place);
        return;
    }
    returned->tries++;
    know_again (returned);
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct routers {
    struct link *links[ROUTERS_MOST];
    unsigned count;
};

static void add_router (struct link *link, void *with)
{
    struct routers *routers = with;
    if (routers->count < ROUTERS_MOST)
        routers->links[routers->count++] = link;
}

/* The next of the routers that are there, or NULL. */
static struct link *next_router (struct store *store)
{
    struct routers routers = {.count = 0};
    listener_each (store->routers, add_router, &routers);
    return routers.count ? routers.links[store->returned.turn++ % routers.count] : NULL;
}

enum {
    ID,
    EVENT,
    RECEIVED,
    CHANNEL,
    CLASS,
    CATEGORY,
    PRIORITY,
    LANGUAGE,
    FLAGS,
    PLACE,
    LOCATION,
    LATITUDE,
    LONGITUDE,
    INCIDENT,
    TARGET,
    EXTERNAL,
    TITLE,
    BODY,
    REASON,
    SUGGESTED,
    REFUSERS,
    HOLDER,
    CLEARED,
    SINCE,
    TOTAL,
    ASIDE
};

static uint32_t read_list (struct view text, uint64_t *ret)
{
    uint32_t count = 0;
    uint64_t number = 0;
    for (size_t i = 0; i <= text.len && count < REFUSERS_MOST; i++) {
        bool digit = i < text.len && text.at[i] != ',';
        if (!digit && text.len)
            ret[count++] = number;
        number = digit ? number * 10 + (uint64_t) (text.at[i] - '0') : 0;
    }
    return count;
}

/* As its adapter submitted it, as far as it is kept; the text with what its reporters added. */
static struct msg_submit read_submit (const PGresult *rows, int row, const struct id *id)
{
    int64_t flags = result_int (rows, row, FLAGS);
    uint64_t created = 0;
    for (int i = 0; i < 6; i++)
        created = created << 8 | id->at[i];
    return (struct msg_submit){
        .kind = KIND_COMPLAINT,
        .key = {(const char *) id->at, sizeof id->at},
        .created = created,
        .channel = (uint32_t) result_int (rows, row, CHANNEL),
        .class = (uint32_t) result_int (rows, row, CLASS),
        .category = (uint64_t) result_int (rows, row, CATEGORY),
        .place = result_view (rows, row, PLACE),
        .location = result_view (rows, row, LOCATION),
        .latitude = result_int (rows, row, LATITUDE),
        .longitude = result_int (rows, row, LONGITUDE),
        .incident = result_view (rows, row, INCIDENT),
        .target = result_view (rows, row, TARGET),
        .anonymous = flags & FLAG_BIT_ANONYMOUS ? FLAG_YES : FLAG_NO,
        .secret = flags & FLAG_BIT_SECRET ? FLAG_YES : FLAG_NO,
        .priority = (uint32_t) result_int (rows, row, PRIORITY),
        .language = (uint32_t) result_int (rows, row, LANGUAGE),
        .external = result_view (rows, row, EXTERNAL),
    };
}

/* False: the row holds what no message can carry. */
static bool ask (struct returned *returned, struct link *router, const PGresult *rows, int row)
{
    uint64_t refusers[REFUSERS_MOST];
    struct wire_fault fault;
    struct msg_redecide redecide = {
        .id = returned->id,
        .event = returned->event,
        .refusers = {refusers, read_list (result_view (rows, row, REFUSERS), refusers)},
        .reason = (uint32_t) result_int (rows, row, REASON),
        .suggested = (uint64_t) result_int (rows, row, SUGGESTED),
        .received = (uint64_t) result_ms (rows, row, RECEIVED),
        .holder = (uint64_t) result_int (rows, row, HOLDER),
        .cleared = result_bool (rows, row, CLEARED) ? FLAG_YES : 0,
        .since = result_view (rows, row, SINCE)};
    if (redecide.reason == HAND_BACK_NOT_OVERSIGHT)
        redecide.reason = 0; /* `cleared` says it; routers of before know no such reason */
    struct msg_submit submit = read_submit (rows, row, &returned->id);
    struct msg_content content = {.title = result_view (rows, row, TITLE),
                                  .text = result_view (rows, row, BODY)};
    if (wire_check (WIRE_redecide, &redecide, &fault) != 0 ||
        wire_check (WIRE_submit, &submit, &fault) != 0 ||
        wire_check (WIRE_content, &content, &fault) != 0)
        return false;
    struct parcel parcel = {0};
    parcel_add (&parcel, WIRE_redecide, &redecide);
    parcel_add (&parcel, WIRE_submit, &submit);
    parcel_add (&parcel, WIRE_content, &content);
    link_send (router, &parcel); /* one that does not arrive is silence */
    parcel_done (&parcel);
    returned->state = RETURNED_ASKED;
    returned->link = link_number (router);
    returned->until = reactor_now (returned->store->reactor) + RETURNED_WAIT_MS;
    (void) fault_point (redecide_sent);
    return true;
}

/* ---- scanning -------------------------------------------------------------------------------- */

static struct returned *read_one (struct store *store, const PGresult *rows, int row)
{
    struct id id = result_id (rows, row, ID);
    uint64_t event = (uint64_t) result_int (rows, row, EVENT);
    struct returned *returned = find (store, &id);
    if (!returned) {
        returned = xcalloc (1, sizeof *returned);
        *returned = (struct returned){.store = store, .id = id, .event = event};
        HASH_ADD (hh, store->returned.by_id, id, sizeof returned->id, returned);
    }
    if (returned->state == RETURNED_KNOWN && returned->event != event) {
        returned->event = event;
        returned->tries = 0;
    }
    returned->scan = store->returned.scans;
    return returned;
}

/* No router can: the coordinators get it; but what nobody has judged does not reach whom it may accuse, nor his
 * superiors. */
static void nobody_decided (struct returned *returned, bool accuses)
{
    struct msg_place place = {.rung = accuses ? 0 : 6,
                              .class = accuses ? CLASS_OVERSIGHT : 0,
                              .oversight = accuses ? FLAG_YES : 0};
    decide (returned, &place);
}

/* A row that was under way when the scan began has come without its words. */
static void begin (struct returned *returned, const PGresult *rows, int row)
{
    if (returned->state != RETURNED_KNOWN || PQgetisnull (rows, row, BODY))
        return;
    struct link *router = next_router (returned->store);
    if (returned->tries >= RETURNED_TRIES || (router && !ask (returned, router, rows, row)))
        nobody_decided (returned,
                        !PQgetisnull (rows, row, HOLDER) && !result_bool (rows, row, ASIDE));
}

static void on_scanned (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    struct returned *returned, *next;
    store->returned.scanning = false;
    if (answer->outcome != DB_DONE)
        return; /* the timer comes again */
    const PGresult *rows = answer->results[0];
    int count = PQntuples (rows);
    bool any = listener_count (store->routers) > 0;
    for (int row = 0; row < count; row++)
        begin (read_one (store, rows, row), rows, row);
    HASH_ITER (hh, store->returned.by_id, returned, next)
        if (returned->state == RETURNED_KNOWN && returned->scan != store->returned.scans)
            forget (returned);
    metric_set (store_returned, count ? result_int (rows, 0, TOTAL) : 0);
    if (count && !any)
        outage_begins (&store->returned.outage,
                       "no router is connected: what was handed back waits for its decision");
    else
        outage_ends (&store->returned.outage, "hand-backs are decided again");
    if (store->returned.news)
        scan_in (store, 0);
    else if (count)
        scan_in (store, SCAN_BUSY_MS);
}

static void send_scan (struct store *store, struct db *db)
{
    static struct array asked;
    uint8_t most[8];
    struct returned *returned, *next;
    array_begin (&asked, OID_UUID);
    HASH_ITER (hh, store->returned.by_id, returned, next)
        if (returned->state != RETURNED_KNOWN)
            array_bytes (&asked, returned->id.at, sizeof returned->id.at);
    struct db_value values[] = {array_end (&asked), value_int4 (most, RETURNED_MOST)};
    store->returned.scans++;
    store->returned.scanning = true;
    store->returned.news = false;
    struct db_unit *unit = db_begin (db, on_scanned, store);
    db_binary (unit);
    db_add (unit, SQL_select_returned, values, array_len (values));
    db_end (unit);
}

static void end_silence (struct store *store)
{
    struct returned *returned, *next;
    HASH_ITER (hh, store->returned.by_id, returned, next)
        if (returned->state == RETURNED_ASKED && returned->until <= reactor_now (store->reactor)) {
            returned->tries++;
            returned->state = RETURNED_KNOWN;
        }
}

static void at_scan (void *owner)
{
    struct store *store = owner;
    struct db *db = lane_any (&store->others);
    scan_in (store, HASH_COUNT (store->returned.by_id) ? SCAN_BUSY_MS : SCAN_IDLE_MS);
    end_silence (store);
    if (store->ready && db && !store->returned.scanning)
        send_scan (store, db);
}

/* ---- coming and going ------------------------------------------------------------------------ */

void redecide_hint (struct store *store)
{
    store->returned.news = true;
    scan_in (store, 0);
}

void redecide_router_gone (struct store *store, struct link *router)
{
    struct returned *returned, *next;
    HASH_ITER (hh, store->returned.by_id, returned, next)
        if (returned->state == RETURNED_ASKED && returned->link == link_number (router)) {
            returned->tries++;
            know_again (returned);
        }
}

void redecide_begin (struct store *store)
{
    store->returned.timer =
        reactor_timer (store->reactor, mono_ms () + SCAN_BUSY_MS, at_scan, store);
}

void redecide_end (struct store *store)
{
    struct returned *returned, *next;
    HASH_ITER (hh, store->returned.by_id, returned, next)
        forget (returned);
    reactor_timer_forget (&store->returned.timer);
}
