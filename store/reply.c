/* reply.c - a reporter's word on a complaint that is there: its statement judges the access code and
 * joins it, one word at a time.  On an alias it joins the main complaint; a rating or withdrawal of an
 * alias has a statement of its own (docs/duplicates.md), and so has somebody who has the same problem, who proves
 * nothing and is only counted.  What may tell of misconduct waits for redecide.c. */
#include "array.h"
#include "domain/number.h"
#include "place_batch.h"

#include <stdlib.h>

static void on_replied (void *with, const struct db_answer *answer)
{
    struct place_batch *batch = with;
    struct store *store = batch->store;
    if (answer->outcome != DB_DONE) {
        place_batch_failed (batch, answer->outcome,
                            answer->outcome == DB_FAILED ? answer->sqlstate : "");
        return;
    }
    struct place *place = batch->items[0];
    if (result_int (answer->results[0], 0, 0) == 0) { /* it is an alias, or is none any more */
        batch->alias = !batch->alias && place->submit->kind >= KIND_RATING &&
                       place->submit->kind != KIND_REOPENING;
        place_batch_again (batch);
        return;
    }
    place->outcome = (enum outcome) result_int (answer->results[0], 0, 0);
    place->fresh = result_bool (answer->results[0], 0, 1);
    int64_t ready = result_int (answer->results[0], 0, 2);
    if (result_bool (answer->results[0], 0, 3)) {
        (void) fault_point (held_committed);
        redecide_hint (store);
    }
    store->place.commits++;
    if (place->outcome == OUTCOME_REFUSED && place->fresh)
        metric_add (store_refused_total, 1);
    if (ready > 0)
        agency_hint (store, (uint64_t) ready, 1);
    if (result_int (answer->results[0], 0, 4))
        outbox_has_news (store, 1);
    place_batch_answer (batch);
}

/* The part of a supporter's submission that counts. */
static void support_send (struct db *db, struct place_batch *batch, uint64_t parent)
{
    const struct place *place = batch->items[0];
    uint8_t number[8], kind[8], adapter[8], key[8], received[8];
    struct view contact = place->content->contact;
    struct db_value values[] = {
        value_id (&place->offer->id),
        value_int8 (number, (int64_t) parent),
        value_int4 (kind, place->submit->kind),
        value_int4 (adapter, (int64_t) place->offer->adapter),
        contact.len ? value_view (contact) : (struct db_value){0},
        contact.len ? value_int4 (key, (int64_t) place->content->contact_key_id)
                    : (struct db_value){0},
        value_time (received, (int64_t) place->offer->received),
        value_view (place->offer->digest),
        value_view (parcel_bytes ((struct parcel *) &place->parcel, 2)),
        value_view (parcel_bytes ((struct parcel *) &place->parcel, 3)),
    };
    struct db_unit *unit = db_begin (db, on_replied, batch);
    db_binary (unit);
    db_add (unit, SQL_store_support, values, array_len (values));
    db_end (unit);
}

void reply_send (struct db *db, struct place_batch *batch)
{
    const struct place *place = batch->items[0];
    const struct msg_submit *submit = place->submit;
    uint64_t parent = 0;
    static const char yes = 1, no = 0;
    uint8_t number[8], kind[8], adapter[8], rating[8], received[8], base[8], anonymous[8],
        secret[8], consent[8];
    number_parse (submit->parent, &parent); /* intake has checked it; 0 is nobody's */
    if (submit->kind == KIND_SUPPORT) {
        support_send (db, batch, parent);
        return;
    }
    words_spoil (batch->store, parent);
    struct view submission = parcel_bytes ((struct parcel *) &place->parcel, 2),
                content = parcel_bytes ((struct parcel *) &place->parcel, 3);
    const struct view *said = &place->content->text, *attachments = &place->content->attachments;
    char *text = xstrndup (said->at ? said->at : "", said->len); /* a rating may have none */
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
        value_int8 (base, batch->store->version_base),
        value_int4 (anonymous, submit->anonymous),
        value_int4 (secret, submit->secret),
        attachments->len ? value_view (*attachments) : (struct db_value){0},
        {place->place->alarms == FLAG_YES ? &yes : &no, 1, true}, /* from here on store_reply.sql */
        value_int4 (consent, submit->consent),
    };
    struct db_unit *unit = db_begin (db, on_replied, batch);
    db_binary (unit);
    if (batch->alias)
        db_add (unit, SQL_reply_to_alias, values, array_len (values) - 2);
    else
        db_add (unit, SQL_store_reply, values, array_len (values));
    db_end (unit);
    free (text);
}
