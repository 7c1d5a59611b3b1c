/* quarantine.c - a record that no row can hold is kept as the bytes it came in, with an owner. */
#include "array.h"
#include "place_batch.h"

#include <stdio.h>
#include <utlist.h>

static void on_quarantined (void *with, const struct db_answer *answer)
{
    struct place_batch *batch = with;
    struct store *store = batch->store;
    if (answer->outcome == DB_FAILED && failure_of (answer->sqlstate) != FAILURE_AGAIN) {
        store->place.new_first = true;
        store_refused (store, WORK_COMPLAINTS, answer->sqlstate);
        store_pause (store, &store->place.not_before, STORE_RETRY_MS);
        LL_APPEND (store->place.again, batch);
        return;
    }
    if (answer->outcome != DB_DONE) {
        LL_PREPEND (store->place.again, batch);
        return;
    }
    store_taken (store, WORK_COMPLAINTS);
    (void) fault_point (quarantine_after);
    metric_add (store_quarantined_total, 1);
    batch->items[0]->fresh = true;
    place_batch_answer (batch);
}

void quarantine_send (struct db *db, struct place_batch *batch)
{
    struct place *place = batch->items[0];
    struct view offer = parcel_bytes (&place->parcel, 1), submit = parcel_bytes (&place->parcel, 2),
                content = parcel_bytes (&place->parcel, 3);
    uint8_t adapter[8], received[8];
    struct db_value values[] = {
        value_id (&place->offer->id),
        value_view (place->offer->digest),
        {place->sqlstate, 5, false},
        {place->reason, 0, false},
        value_int4 (adapter, (int64_t) place->offer->adapter),
        value_time (received, (int64_t) place->offer->received),
        value_view (offer),
        {submit.at ? submit.at : "", submit.len, true},
        {content.at ? content.at : "", content.len, true},
    };
    (void) fault_point (quarantine_before);
    struct db_unit *unit = db_begin (db, on_quarantined, batch);
    db_add (unit, SQL_quarantine_record, values, array_len (values));
    db_end (unit);
}

void quarantine (struct store *store, struct place *place, const char *sqlstate, const char *reason)
{
    log_error (
        "%s: goes to quarantine: %s (SQLSTATE %s); its raw bytes are kept, the national desk "
        "owns it",
        id_text (&place->offer->id), reason, sqlstate);
    place->outcome = OUTCOME_QUARANTINED;
    place->reason = reason;
    snprintf (place->sqlstate, sizeof place->sqlstate, "%.5s", sqlstate);
    struct place_batch *alone = place_batch_new (store, &place, 1);
    LL_PREPEND (store->place.again, alone);
}
