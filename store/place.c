/* place.c - decided complaints become rows, a batch in one statement; replies join their parent.
 *
 * A record is owned by this file from its `place` until it is answered; credit is paid back only
 * then, so what a router may have under way here is bounded by its credit.  A batch holds each id
 * once: a repeat waits for the next batch and finds the row there.
 */
#include "array.h"
#include "place_batch.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include <uthash.h>

#define CAREFUL 8  /* batches after one that held a repeat: where one comes, more do */
#define HOLD_MS 20 /* a batch waits at most so long for PULLs */

/* ---- taking ---------------------------------------------------------------------------------- */

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
    use_key (store, place->offer->adapter);
    DL_APPEND (store->place.waiting, place);
    store->place.count++;
    if (mutant (stored_first) && store->position) { /* at 0 intake offers all again */
        place->outcome = OUTCOME_STORED;
        place_say_stored (store, from, place);
    }
    (void) fault_point (place_received);
}

void place_take_again (struct store *store, struct parcel *parcel)
{
    struct place *place = xcalloc (1, sizeof *place);
    struct wire_fault fault;
    parcel_move (&place->parcel, parcel);
    check (place_read (place, &fault));
    store->overtaken.under_way++;
    DL_APPEND (store->place.waiting, place);
    store->place.count++;
    place_flush (store);
}

/* ---- complaints ------------------------------------------------------------------------------ */

static void on_positioned (void *with, const struct db_answer *answer)
{
    struct place_batch *batch = with;
    struct store *store = batch->store;
    if (batch->outcome != DB_DONE || batch->count == 0) {
        if (batch->count == 0)
            place_batch_free (batch);
        else
            place_batch_failed (batch, batch->outcome, batch->sqlstate);
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
    place_batch_answer (batch);
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
            log_error ("%s: came again with something else said", id_text (&place->offer->id));
            quarantine (store, place, "CONFL", "the same id with something else said");
        }
    }
    keep_marked (batch, OUTCOME_STORED);
}

static void assign (struct place_batch *batch, const struct place *place, const struct words *words)
{
    struct lease lease = {.id = place->offer->id,
                          .agency = place->place->agency,
                          .version = (uint64_t) batch->version_base + RECORD_LEASED,
                          .priority = record_priority (place)};
    pull_assign (batch->store, place->standing->pull, &lease, words, NULL);
}

/* New work for those who wait for it: it is leased to them already, or they are woken. */
static void hint_batch (struct place_batch *batch)
{
    unsigned told = 0;
    for (unsigned i = 0; i < batch->count; i++) {
        struct place *place = batch->items[i];
        if (!place->fresh)
            continue;
        struct words words = record_words (place);
        words_keep (batch->store, &words);
        if (place->standing)
            assign (batch, place, &words);
        else
            agency_hint (batch->store, place->place->agency, 1);
        for (uint32_t at = 0; at < place->place->supporters.count; at++)
            if (record_helps (place, at))
                agency_hint (batch->store, place->place->supporters.at[at], 1);
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
        struct msg_notice notice = {
            .id = place->offer->id,
            .event = 1,
            .number = place->offer->number,
            .agency = agency_name (store, place->place->agency),
            .contact = place->content->contact,
            .contact_key_id = place->content->contact_key_id,
            .language = place->submit->language,
            .due = (uint64_t) place->due,
            .asks = place->place->asks & FLAG_ASKS,
            .zone = (uint64_t) agency_zone (store, place->place->agency),
            .urgent = place->submit->priority == PRIORITY_EMERGENCY ? FLAG_YES : 0};
        if (place->carried)
            outbox_say (store, batch->claim, TEMPLATE_RECEIVED, place->flags, &notice);
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

/* The batch's outcome is also that of the PULLs it carries.  Refused by unusual() perhaps one of them may not
 * have what it asks for: that is for lease_assignments.sql to say. */
static void end_pulls (struct place_batch *batch, enum db_outcome outcome)
{
    struct pull *pull, *next;
    DL_FOREACH_SAFE (batch->pulls, pull, next) {
        pull->looks_only = pull->looks_only || strcmp (batch->sqlstate, "AD001") == 0;
        if (outcome == DB_DONE)
            pull_answer (batch->store, pull);
        else
            pull_look (batch->store, pull);
    }
    batch->pulls = NULL;
    for (unsigned i = 0; i < batch->count; i++)
        batch->items[i]->standing = NULL;
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
        end_pulls (batch, answer->outcome);
        return; /* on_positioned stands behind this unit, and answers or repeats */
    }
    store->place.commits++;
    metric_add (store_place_batches_total, 1);
    metric_observe (store_place_batch_seconds, metric_us () - batch->sent_us);
    metric_observe (store_place_batch_rows, batch->count);
    store_taken (store, WORK_COMPLAINTS);
    if (batch->careful)
        mark_repeats (batch, answer->results[0]);
    end_claim (batch, DB_DONE);
    hint_batch (batch);
    end_pulls (batch, DB_DONE);
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

/* What is stored for an agency somebody waits for is leased to him, the most urgent first. */
static void carry_pulls (struct store *store, struct place_batch *batch)
{
    pull_carry_begin (store);
    for (uint32_t priority = PRIORITY_EMERGENCY; priority < PRIORITY_LAST; priority++)
        for (unsigned i = 0; i < batch->count; i++)
            if (record_priority (batch->items[i]) == priority)
                batch->items[i]->standing =
                    pull_carry (store, batch->items[i]->place->agency, &batch->pulls);
    pull_carry_end (store, batch->pulls);
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
    batch->version_base = store->version_base;
    batch->claim = !batch->careful && tells (batch) ? outbox_carry (store) : NULL;
    if (!batch->careful)
        carry_pulls (store, batch);
    pull_gathered (store);
    record_values (store, batch->items, batch->count, batch->claim, values);
    batch->sent_us = metric_us ();
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

/* ---- batches --------------------------------------------------------------------------------- */

/* What goes alone gains nothing from a rest, and would hold up what stands behind it. */
static void send_any (struct store *store, struct db *db, struct place_batch *batch)
{
    const struct place *first = batch->items[0];
    if (first->outcome == OUTCOME_QUARANTINED) {
        quarantine_send (db, batch);
    } else if (first->submit->kind != KIND_COMPLAINT) {
        reply_send (db, batch);
    } else {
        send_batch (store, db, batch);
        lane_begun (store, &store->places);
    }
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
    return count ? place_batch_new (store, items, count) : NULL;
}

/* PULLs that look are back in a moment, and so are workers who were just given something, and the batch can carry
 * them: what goes without them is news that they would have to look for again. */
static bool is_held (struct store *store)
{
    int64_t now = reactor_now (store->reactor);
    bool looks = store->pulls.looking || (lane_any (&store->leases) && !lane_idle (&store->leases));
    bool away = !store->pulls.standing && now < store->pulls.answered + HOLD_MS;
    if ((looks || away) && !store->place.held_until)
        store_pause (store, &store->place.held_until, HOLD_MS);
    return (looks || away) && now < store->place.held_until;
}

void place_flush (struct store *store)
{
    if (!store->ready || !publish_counts (store) ||
        reactor_now (store->reactor) < store->place.not_before)
        return;
    struct db *db;
    while ((db = lane_rested (store, &store->places))) {
        struct place_batch *batch = store->place.again;
        if (!batch && store->place.waiting && is_held (store))
            return;
        store->place.held_until = 0;
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
        place_batch_free (batch);
    }
    record_end ();
}
