/* place.c - decided complaints become rows, a batch in one statement; replies join their parent.
 *
 * A record is owned by this file from its `place` until it is answered; credit is paid back only
 * then, so what a router may have under way here is bounded by its credit.  A batch holds each id
 * once: a repeat waits for the next batch and finds the row there.
 */
#include "array.h"
#include "domain/number.h"
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include <uthash.h>

#define ALONE_MOST      5
#define RETRY_OUTAGE_MS 500
#define RETRY_SOON_MS   100
#define CAREFUL         8 /* batches after one that held a repeat: where one comes, more do */

struct place_batch {
    struct store *store;
    struct place **items;
    unsigned count;
    bool careful;            /* by the statement that sorts out repeats */
    struct claim *claim;     /* carried, or NULL */
    enum db_outcome outcome; /* of the placing statement, until the position behind it is known */
    char sqlstate[6];
    struct place_batch *next;
};

/* ---- taking -------------------------------------------------------------------------------- */

static void place_free (struct place *place)
{
    parcel_done (&place->parcel);
    free (place);
}

/* Reads the frames; what a record must have to be answered at all is place and offer. */
static bool place_read (struct place *place, struct wire_fault *ret_fault)
{
    struct wire_fault fault;
    const struct wire_message *said = parcel_read (&place->parcel, 0, WIRE_place, ret_fault);
    place->place = said ? &said->place : NULL;
    said = parcel_read (&place->parcel, 1, WIRE_offer, ret_fault);
    place->offer = said ? &said->offer : NULL;
    said = parcel_read (&place->parcel, 2, WIRE_submit, &fault);
    place->submit = said ? &said->submit : NULL;
    said = parcel_read (&place->parcel, 3, WIRE_content, &fault);
    place->content = said ? &said->content : NULL;
    return place->place && place->offer;
}

void place_take (struct store *store, struct link *from, struct parcel *parcel)
{
    struct place *place = xcalloc (1, sizeof *place);
    parcel_move (&place->parcel, parcel);
    place->link = link_number (from);
    struct wire_fault fault;
    if (!place_read (place, &fault)) { /* intake offers again */
        fault.type = WIRE_place;
        link_refuse (from, &fault);
        link_credit (from, WIRE_CLASS_REST, 1);
        place_free (place);
        return;
    }
    DL_APPEND (store->place.waiting, place);
    store->place.count++;
    (void) fault_point (place_received);
}

/* ---- answering ----------------------------------------------------------------------------- */

static void say_stored (struct store *store, struct link *link, const struct place *place)
{
    struct msg_origin origin = {.route = place->place->route};
    struct msg_stored stored = {.id = place->offer->id,
                                .segment = place->offer->segment,
                                .seq = place->offer->seq,
                                .outcome = place->outcome,
                                .fresh = place->fresh ? FLAG_YES : FLAG_NO,
                                .system = store->system,
                                .timeline = store->timeline,
                                .lsn = store->position};
    struct parcel answer = {0};
    parcel_add (&answer, WIRE_origin, &origin);
    parcel_add (&answer, WIRE_stored, &stored);
    link_send (link, &answer);
    parcel_done (&answer);
}

static void place_answer (struct store *store, struct place *place)
{
    struct link *link = listener_find (store->routers, place->link);
    if (link) {
        say_stored (store, link, place);
        link_credit (link, WIRE_CLASS_REST, 1);
    }
    (void) fault_point (stored_sent);
    place_free (place);
}

static void batch_free (struct place_batch *batch)
{
    free (batch->items);
    free (batch);
}

static void batch_answer (struct place_batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++)
        place_answer (batch->store, batch->items[i]);
    batch_free (batch);
}

/* ---- failing ------------------------------------------------------------------------------- */

static void retry_later (struct store *store, int64_t ms)
{
    store->place.not_before = reactor_now (store->reactor) + ms;
    reactor_timer_at (store->place.timer, store->place.not_before);
}

static struct place_batch *batch_of (struct store *store, struct place **items, unsigned count)
{
    struct place_batch *batch = xcalloc (1, sizeof *batch);
    batch->store = store;
    batch->items = xcalloc (count, sizeof (struct place *));
    memcpy (batch->items, items, count * sizeof (struct place *));
    batch->count = count;
    return batch;
}

static void halve (struct place_batch *batch)
{
    struct store *store = batch->store;
    unsigned half = batch->count / 2;
    metric_add (store_bisects_total, 1);
    struct place_batch *left = batch_of (store, batch->items, half),
                       *right = batch_of (store, batch->items + half, batch->count - half);
    LL_APPEND (store->place.again, left); /* a macro that names its argument twice */
    LL_APPEND (store->place.again, right);
    batch_free (batch);
}

static void quarantine (struct store *store, struct place *place, const char *sqlstate,
                        const char *reason);

/* Has this record failed alone five times, with commits of others before each time?  Failures with
 * nothing between them say nothing about the record: then nobody can commit. */
static bool is_poison (const struct store *store, struct place *place)
{
    bool others = place->alone == 0 || store->place.commits > place->commits;
    place->commits = store->place.commits;
    place->alone += others;
    return place->alone >= ALONE_MOST;
}

/* An outage, or a record that looks like one: it is one if nobody commits. */
static void failed_otherwise (struct place_batch *batch, const char *sqlstate)
{
    struct store *store = batch->store;
    bool others = store->place.commits > store->place.failed_at;
    store->place.failed_at = store->place.commits;
    if (!others)
        store_outage (store, sqlstate);
    retry_later (store, others ? RETRY_SOON_MS : RETRY_OUTAGE_MS);
    if (batch->count > 1) {
        halve (batch); /* one of them may be the cause */
    } else if (is_poison (store, batch->items[0])) {
        quarantine (store, batch->items[0], sqlstate, "failed alone, while others commit");
        batch_free (batch);
    } else {
        LL_APPEND (store->place.again, batch);
    }
}

/* What place_fresh.sql says of a batch that is not for it: a repeat, or an agency that has gone. */
static bool is_unusual (const char *sqlstate)
{
    return strcmp (sqlstate, "23505") == 0 || strcmp (sqlstate, "AD001") == 0;
}

/* A batch failed and was rolled back, or perhaps committed (UNKNOWN).  Takes the batch. */
static void batch_failed (struct place_batch *batch, enum db_outcome outcome, const char *sqlstate)
{
    struct store *store = batch->store;
    if (outcome == DB_UNKNOWN) {
        LL_PREPEND (store->place.again, batch);
        return;
    }
    enum failure failure = failure_of (sqlstate);
    if (!batch->careful && is_unusual (sqlstate)) {
        batch->careful = true;
        LL_PREPEND (store->place.again, batch);
        return;
    }
    store->place.new_first = true;
    if (failure == FAILURE_AGAIN) {
        LL_PREPEND (store->place.again, batch);
    } else if (failure == FAILURE_OURS && batch->count > 1) {
        halve (batch);
    } else if (failure == FAILURE_OURS) {
        quarantine (store, batch->items[0], sqlstate, "PostgreSQL cannot hold it");
        batch_free (batch);
    } else {
        failed_otherwise (batch, sqlstate);
    }
}

/* ---- quarantine ---------------------------------------------------------------------------- */

static void on_quarantined (void *with, const struct db_answer *answer)
{
    struct place_batch *batch = with;
    struct store *store = batch->store;
    if (answer->outcome == DB_FAILED && failure_of (answer->sqlstate) != FAILURE_AGAIN) {
        store->place.new_first = true;
        store_outage (store, answer->sqlstate);
        retry_later (store, RETRY_OUTAGE_MS);
        LL_APPEND (store->place.again, batch);
        return;
    }
    if (answer->outcome != DB_DONE) {
        LL_PREPEND (store->place.again, batch);
        return;
    }
    (void) fault_point (quarantine_after);
    metric_add (store_quarantined_total, 1);
    batch->items[0]->fresh = true;
    batch_answer (batch);
}

static void send_quarantine (struct store *store, struct db *db, struct place_batch *batch)
{
    struct place *place = batch->items[0];
    struct view offer = parcel_bytes (&place->parcel, 1), submit = parcel_bytes (&place->parcel, 2),
                content = parcel_bytes (&place->parcel, 3);
    uint8_t adapter[8], received[8];
    struct db_value values[] = {
        value_id (&place->offer->id),
        value_view (place->offer->digest),
        {place->sqlstate, 5, false},
        {place->alone ? "failed alone, while others commit" : "cannot be held as a complaint", 0,
         false},
        value_int4 (adapter, (int64_t) place->offer->adapter),
        value_time (received, (int64_t) place->offer->received),
        value_view (offer),
        {submit.at ? submit.at : "", submit.len, true},
        {content.at ? content.at : "", content.len, true},
    };
    (void) store;
    (void) fault_point (quarantine_before);
    struct db_unit *unit = db_begin (db, on_quarantined, batch);
    db_add (unit, SQL_quarantine_record, values, array_len (values));
    db_end (unit);
}

static void quarantine (struct store *store, struct place *place, const char *sqlstate,
                        const char *reason)
{
    log_error (
        "%s: goes to quarantine: %s (SQLSTATE %s); its raw bytes are kept, the national desk "
        "owns it",
        id_text (&place->offer->id), reason, sqlstate);
    place->outcome = OUTCOME_QUARANTINED;
    snprintf (place->sqlstate, sizeof place->sqlstate, "%.5s", sqlstate);
    struct place_batch *alone = batch_of (store, &place, 1);
    LL_PREPEND (store->place.again, alone);
}

/* ---- complaints ---------------------------------------------------------------------------- */

static void on_positioned (void *with, const struct db_answer *answer)
{
    struct place_batch *batch = with;
    struct store *store = batch->store;
    if (batch->outcome != DB_DONE || batch->count == 0) {
        if (batch->count == 0)
            batch_free (batch);
        else
            batch_failed (batch, batch->outcome, batch->sqlstate);
        return;
    }
    if (answer->outcome != DB_DONE) {
        LL_PREPEND (store->place.again, batch); /* committed, but nobody can say where: again */
        return;
    }
    uint64_t position = (uint64_t) result_int (answer->results[0], 0, 0);
    store->timeline = (uint64_t) result_int (answer->results[0], 0, 1);
    if (position > store->position)
        store->position = position;
    (void) fault_point (place_committed);
    batch_answer (batch);
}

/* Takes out of the batch what is not to be answered now. */
static void keep_marked (struct place_batch *batch, enum outcome outcome)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < batch->count; i++)
        if (batch->items[i]->outcome == outcome)
            batch->items[kept++] = batch->items[i];
    batch->count = kept;
}

/* The rows that the statement returns are the repeats. */
static void mark_repeats (struct place_batch *batch, const PGresult *result)
{
    struct store *store = batch->store;
    if (PQntuples (result) > 0)
        store->place.careful = CAREFUL;
    else if (store->place.careful > 0)
        store->place.careful--;
    for (int row = 0; row < PQntuples (result); row++) {
        struct place *place = batch->items[result_int (result, row, 0) - 1];
        place->fresh = false;
        metric_add (store_repeats_total, 1);
        if (PQgetisnull (result, row, 1)) {
            /* stored by a statement that ours could not see yet: the next one will */
            place->outcome = 0;
            DL_APPEND (store->place.waiting, place);
            store->place.count++;
        } else if (!result_bool (result, row, 1)) {
            log_error ("%s: came again with another body or target", id_text (&place->offer->id));
            quarantine (store, place, "CONFL", "the same id with another body or target");
        }
    }
    keep_marked (batch, OUTCOME_STORED);
}

static void hint_batch (struct place_batch *batch)
{
    unsigned told = 0;
    for (unsigned i = 0; i < batch->count; i++) {
        struct place *place = batch->items[i];
        if (!place->fresh)
            continue;
        agency_hint (batch->store, place->place->agency, 1);
        told += record_tells (place) && !place->carried;
        metric_add (store_places_total, 1);
    }
    if (told)
        outbox_has_news (batch->store, told);
}

/* The notices that were made with the batch go to their notifier. */
static void tell_batch (struct place_batch *batch)
{
    struct store *store = batch->store;
    (void) fault_point (born_committed);
    for (unsigned i = 0; i < batch->count; i++) {
        const struct place *place = batch->items[i];
        struct msg_notice notice = {.id = place->offer->id,
                                    .event = 1,
                                    .number = place->offer->number,
                                    .agency = agency_name (store, place->place->agency),
                                    .contact = place->content->contact,
                                    .contact_key_id = place->content->contact_key_id,
                                    .language = place->submit->language,
                                    .due = (uint64_t) place->due};
        if (place->carried)
            outbox_say (store, batch->claim, TEMPLATE_RECEIVED,
                        place->flags & (FLAG_BIT_SECRET | FLAG_BIT_OVERSIGHT), &notice);
    }
    outbox_committed (store, batch->claim);
    batch->claim = NULL;
}

/* The batch's outcome is also its claim's. */
static void end_claim (struct place_batch *batch, enum db_outcome outcome)
{
    if (!batch->claim)
        return;
    if (outcome == DB_DONE)
        tell_batch (batch);
    else if (outcome == DB_FAILED)
        outbox_rolled_back (batch->store, batch->claim);
    else
        outbox_unknown (batch->store, batch->claim);
    batch->claim = NULL;
}

static void on_placed (void *with, const struct db_answer *answer)
{
    struct place_batch *batch = with;
    struct store *store = batch->store;
    batch->outcome = answer->outcome;
    if (answer->outcome != DB_DONE) {
        snprintf (batch->sqlstate, sizeof batch->sqlstate, "%.5s",
                  answer->outcome == DB_FAILED ? answer->sqlstate : "");
        end_claim (batch, answer->outcome);
        return; /* on_positioned stands behind this unit, and answers or repeats */
    }
    store->place.commits++;
    metric_add (store_place_batches_total, 1);
    outage_ends (&store->outage, "PostgreSQL takes complaints again");
    if (batch->careful)
        mark_repeats (batch, answer->results[0]);
    end_claim (batch, DB_DONE);
    hint_batch (batch);
}

static int by_id (const void *a, const void *b)
{
    const struct place *const *left = a, *const *right = b;
    return id_compare (&(*left)->offer->id, &(*right)->offer->id);
}

static bool tells (const struct place_batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++)
        if (record_tells (batch->items[i]))
            return true;
    return false;
}

static void send_batch (struct store *store, struct db *db, struct place_batch *batch)
{
    struct db_value values[RECORD_VALUES];
    qsort (batch->items, batch->count, sizeof (struct place *), by_id);
    for (unsigned i = 0; i < batch->count; i++) {
        batch->items[i]->outcome = OUTCOME_STORED;
        batch->items[i]->fresh = true;
    }
    batch->careful = batch->careful || store->place.careful > 0;
    batch->claim = !batch->careful && tells (batch) ? outbox_carry (store) : NULL;
    record_values (store, batch->items, batch->count, batch->claim, values);
    struct db_unit *unit = db_begin (db, on_placed, batch);
    db_binary (unit);
    if (batch->careful)
        db_add (unit, SQL_place_complaints, values, RECORD_CAREFUL);
    else
        db_add (unit, SQL_place_fresh, values, RECORD_VALUES);
    db_end (unit);
    unit = db_begin (db, on_positioned, batch);
    db_binary (unit);
    db_add (unit, SQL_select_position, NULL, 0);
    db_end (unit);
    (void) fault_point (place_sent);
}

/* ---- a reporter's word --------------------------------------------------------------------- */

static void on_replied (void *with, const struct db_answer *answer)
{
    struct place_batch *batch = with;
    struct store *store = batch->store;
    if (answer->outcome != DB_DONE) {
        batch_failed (batch, answer->outcome, answer->outcome == DB_FAILED ? answer->sqlstate : "");
        return;
    }
    struct place *place = batch->items[0];
    place->outcome = (enum outcome) result_int (answer->results[0], 0, 0);
    place->fresh = result_bool (answer->results[0], 0, 1);
    int64_t ready = result_int (answer->results[0], 0, 2);
    store->place.commits++;
    if (place->outcome == OUTCOME_REFUSED && place->fresh)
        metric_add (store_refused_total, 1);
    if (ready > 0)
        agency_hint (store, (uint64_t) ready, 1);
    batch_answer (batch);
}

static void send_reply (struct store *store, struct db *db, struct place_batch *batch)
{
    const struct place *place = batch->items[0];
    const struct msg_submit *submit = place->submit;
    uint64_t parent = 0;
    uint8_t number[8], kind[8], adapter[8], rating[8], received[8], base[8];
    number_parse (submit->parent, &parent); /* intake has checked it; 0 is nobody's */
    struct view submission = parcel_bytes ((struct parcel *) &place->parcel, 2),
                content = parcel_bytes ((struct parcel *) &place->parcel, 3);
    char *text = xstrndup (place->content->text.at, place->content->text.len);
    struct db_value values[] = {
        value_id (&place->offer->id),
        value_int8 (number, (int64_t) parent),
        value_int4 (kind, submit->kind),
        value_int4 (adapter, (int64_t) place->offer->adapter),
        value_view (submit->code_hash),
        {text, 0, false},
        value_int4 (rating, (int64_t) submit->rating),
        value_time (received, (int64_t) place->offer->received),
        value_view (place->offer->digest),
        value_view (submission),
        value_view (content),
        value_int8 (base, store->version_base),
    };
    struct db_unit *unit = db_begin (db, on_replied, batch);
    db_binary (unit);
    db_add (unit, SQL_store_reply, values, array_len (values));
    db_end (unit);
    free (text);
}

/* ---- batches ------------------------------------------------------------------------------- */

static void send_any (struct store *store, struct db *db, struct place_batch *batch)
{
    const struct place *first = batch->items[0];
    if (first->outcome == OUTCOME_QUARANTINED)
        send_quarantine (store, db, batch);
    else if (first->submit->kind != KIND_COMPLAINT)
        send_reply (store, db, batch);
    else
        send_batch (store, db, batch);
}

static void take_out (struct store *store, struct place *place)
{
    DL_DELETE (store->place.waiting, place);
    store->place.count--;
}

/* Unreadable by any program of this version: our own fault, for ever; kept raw. */
static bool unreadable (struct store *store, struct place *place)
{
    if (place->submit && place->content && place->offer->received <= ARRAY_TIME_MOST)
        return false;
    take_out (store, place);
    quarantine (store, place, "NOREA", "its frames cannot be read");
    return true;
}

/* What waits, each id once; a reply goes alone. */
static struct place_batch *gather (struct store *store)
{
    struct place *items[STORE_BATCH], *ids = NULL, *place, *next, *same;
    unsigned count = 0;
    DL_FOREACH_SAFE (store->place.waiting, place, next) {
        if (count == store->batch)
            break;
        if (unreadable (store, place))
            continue;
        bool reply = place->submit->kind != KIND_COMPLAINT;
        if (reply && count > 0)
            continue;
        HASH_FIND (hh, ids, &place->offer->id, sizeof (struct id), same);
        if (same)
            continue;
        take_out (store, place);
        items[count++] = place;
        HASH_ADD_KEYPTR (hh, ids, &place->offer->id, sizeof (struct id), place);
        if (reply)
            break;
    }
    HASH_CLEAR (hh, ids);
    return count ? batch_of (store, items, count) : NULL;
}

void place_flush (struct store *store)
{
    if (!store->ready || reactor_now (store->reactor) < store->place.not_before)
        return;
    struct db *db;
    while ((db = lane_idle (&store->places))) {
        struct place_batch *batch = store->place.again;
        /* what failed gives way to what is new, once: it must not hold up those that can commit */
        if (batch && !(store->place.new_first && store->place.waiting))
            LL_DELETE (store->place.again, batch);
        else
            batch = store->place.waiting ? gather (store) : NULL;
        store->place.new_first = false;
        if (!batch && store->place.again)
            continue; /* gathering found something for quarantine */
        if (!batch)
            return;
        for (unsigned i = 0; mutant (stored_first) && i < batch->count; i++) {
            struct place *early = batch->items[i];
            struct link *link = listener_find (store->routers, early->link);
            early->outcome = early->outcome ? early->outcome : OUTCOME_STORED;
            if (link)
                say_stored (store, link, early);
        }
        send_any (store, db, batch);
    }
}

void place_end (struct store *store)
{
    struct place *place, *next;
    struct place_batch *batch, *next_batch;
    DL_FOREACH_SAFE (store->place.waiting, place, next)
        place_free (place);
    LL_FOREACH_SAFE (store->place.again, batch, next_batch) {
        for (unsigned i = 0; i < batch->count; i++)
            place_free (batch->items[i]);
        batch_free (batch);
    }
    reactor_timer_forget (&store->place.timer);
    record_end ();
}
