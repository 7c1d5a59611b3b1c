/* place_batch.c - the end of a batch of records: answered, or failed and tried again in smaller parts. */
#include "place_batch.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define ALONE_MOST    5
#define RETRY_SOON_MS 100

void place_free (struct place *place)
{
    parcel_done (&place->parcel);
    free (place);
}

void place_say_stored (struct store *store, struct link *link, const struct place *place)
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

/* A new complaint that others than its holder may read, too. */
static bool is_open (const struct place *place)
{
    return place->outcome == OUTCOME_STORED && place->fresh && place->submit &&
           place->submit->kind == KIND_COMPLAINT &&
           !(place->flags & (FLAG_BIT_SECRET | FLAG_BIT_OVERSIGHT));
}

static void place_answer (struct store *store, struct place *place)
{
    if (is_open (place))
        likeness_hint (store, &place->offer->id);
    struct link *link = listener_find (store->routers, place->link);
    if (link) {
        place_say_stored (store, link, place);
        link_credit (link, WIRE_CLASS_REST, 1);
    }
    store->overtaken.under_way -= place->link == 0;
    (void) fault_point (stored_sent);
    place_free (place);
}

void place_batch_free (struct place_batch *batch)
{
    free (batch->items);
    free (batch);
}

void place_batch_answer (struct place_batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++)
        place_answer (batch->store, batch->items[i]);
    place_batch_free (batch);
}

struct place_batch *place_batch_new (struct store *store, struct place **items, unsigned count)
{
    struct place_batch *batch = xcalloc (1, sizeof *batch);
    batch->store = store;
    batch->items = xcalloc (count, sizeof (struct place *));
    memcpy (batch->items, items, count * sizeof (struct place *));
    batch->count = count;
    return batch;
}

void place_batch_again (struct place_batch *batch)
{
    LL_PREPEND (batch->store->place.again, batch);
}

static void halve (struct place_batch *batch)
{
    struct store *store = batch->store;
    unsigned half = batch->count / 2;
    metric_add (store_bisects_total, 1);
    struct place_batch *left = place_batch_new (store, batch->items, half),
                       *right = place_batch_new (store, batch->items + half, batch->count - half);
    LL_APPEND (store->place.again, left); /* a macro that names its argument twice */
    LL_APPEND (store->place.again, right);
    place_batch_free (batch);
}

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
        store_refused (store, WORK_COMPLAINTS, sqlstate);
    store_pause (store, &store->place.not_before, others ? RETRY_SOON_MS : STORE_RETRY_MS);
    if (batch->count > 1) {
        halve (batch); /* one of them may be the cause */
    } else if (is_poison (store, batch->items[0])) {
        quarantine (store, batch->items[0], sqlstate, "failed alone, while others commit");
        place_batch_free (batch);
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
void place_batch_failed (struct place_batch *batch, enum db_outcome outcome, const char *sqlstate)
{
    struct store *store = batch->store;
    if (outcome == DB_UNKNOWN) {
        place_batch_again (batch);
        return;
    }
    enum failure failure = failure_of (sqlstate);
    if (!batch->careful && is_unusual (sqlstate)) {
        batch->careful = true;
        place_batch_again (batch);
        return;
    }
    store->place.new_first = true;
    if (failure == FAILURE_AGAIN) {
        place_batch_again (batch);
    } else if (failure == FAILURE_OURS && batch->count > 1) {
        halve (batch);
    } else if (failure == FAILURE_OURS) {
        quarantine (store, batch->items[0], sqlstate, "PostgreSQL cannot hold it");
        place_batch_free (batch);
    } else {
        failed_otherwise (batch, sqlstate);
    }
}
