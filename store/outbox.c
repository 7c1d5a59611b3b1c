/* outbox.c - notices are claimed here and closed here; the sending is the notifier's.
 *
 * A claim moves rows into a dispatch before the notifier sees them, so a notice that may have been
 * sent is never pending.  A dispatch whose notifier says nothing ends as `unknown`, counted.
 */
#include "array.h"
#include "domain/number.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define EXPIRE_EVERY_MS 30000
#define EXPIRE_AFTER_S  "900"

/* Index: the template's number in the table notice; the word is the notifier's file name. */
static const char *const templates[] = {"",         "received", "moved",  "progress",
                                        "answered", "asked",    "closed", "refused"};

struct claim {
    struct store *store;
    uint64_t link, ref;
    struct id dispatch;
};

static void say_claimed (struct claim *claim, unsigned count)
{
    struct link *link = listener_find (claim->store->notifiers, claim->link);
    if (link) {
        struct msg_claimed claimed = {.ref = claim->ref, .count = count};
        link_say (link, WIRE_claimed, &claimed);
        link_credit (link, WIRE_CLASS_REST, 1);
    }
    free (claim);
}

enum {
    POSITION,
    ID,
    EVENT,
    RECIPIENT,
    TEMPLATE,
    ATTEMPT,
    NUMBER,
    FLAGS,
    LANGUAGE,
    AGENCY,
    TEXT,
    CONTACT,
    CONTACT_KEY,
    DUE
};

static void say_notice (struct claim *claim, struct link *link, const PGresult *result, int row)
{
    char number[NUMBER_LEN + 1];
    size_t template = (size_t) result_int (result, row, TEMPLATE);
    bool secret = (result_int (result, row, FLAGS) & 6) != 0;
    number_of_bits ((uint64_t) result_int (result, row, NUMBER), number);
    struct msg_notice notice = {
        .ref = claim->ref,
        .dispatch = claim->dispatch,
        .position = (uint64_t) result_int (result, row, POSITION),
        .id = result_id (result, row, ID),
        .event = (uint64_t) result_int (result, row, EVENT),
        .recipient = (uint64_t) result_int (result, row, RECIPIENT),
        /* of a secret complaint the letter says no more than that there is news */
        .template = view_of (
            secret ? "news" : template <array_len (templates) ? templates[template] : "news"),
            .number = view_of (number),
            .agency = secret ? (struct view){NULL, 0} : result_view (result, row, AGENCY),
            .text = secret ? (struct view){NULL, 0} : result_view (result, row, TEXT),
            .contact = result_view (result, row, CONTACT),
            .contact_key_id = (uint64_t) result_int (result, row, CONTACT_KEY),
            .language = (uint32_t) result_int (result, row, LANGUAGE),
            .attempt = (uint64_t) result_int (result, row, ATTEMPT),
            .due = template <= 2 ? (uint64_t) result_ms (result, row, DUE) : 0,
        };
    link_say (link, WIRE_notice, &notice);
}

static void on_nothing (void *with, const struct db_answer *answer)
{
    (void) with;
    if (answer->outcome == DB_FAILED)
        log_limited (LOG_WARNING, "a statement nobody waits for failed: SQLSTATE %s",
                     answer->sqlstate);
}

/* The notifier went while its claim was being committed: nobody has the notices, they are due again. */
static void give_back (struct store *store, const struct id *dispatch)
{
    static struct array none, neither;
    struct db *db = lane_any (&store->others);
    if (!db)
        return; /* they expire as unknown */
    array_begin (&none, OID_INT4);
    array_begin (&neither, OID_INT4);
    struct db_value values[] = {value_id (dispatch), array_end (&none), array_end (&neither)};
    struct db_unit *unit = db_begin (db, on_nothing, NULL);
    db_binary (unit);
    db_add (unit, SQL_close_dispatch, values, array_len (values));
    db_end (unit);
}

static void on_claimed (void *with, const struct db_answer *answer)
{
    struct claim *claim = with;
    unsigned count = 0;
    if (answer->outcome == DB_UNKNOWN) {
        /* Perhaps it is committed: saying "none" would leave its notices to expire as unknown.
         * Unanswered, the notifier gives its dispatch back. */
        struct link *link = listener_find (claim->store->notifiers, claim->link);
        if (link)
            link_credit (link, WIRE_CLASS_REST, 1);
        free (claim);
        return;
    }
    if (answer->outcome == DB_DONE) {
        (void) fault_point (claim_committed);
        const PGresult *result = answer->results[0];
        struct link *link = listener_find (claim->store->notifiers, claim->link);
        count = (unsigned) PQntuples (result);
        metric_add (store_notices_claimed_total, count);
        for (unsigned row = 0; link && row < count; row++)
            say_notice (claim, link, result, (int) row);
        if (!link && count)
            give_back (claim->store, &claim->dispatch);
    } else if (answer->outcome == DB_FAILED) {
        store_outage (claim->store, answer->sqlstate);
    }
    say_claimed (claim, count);
}

void outbox_claim (struct store *store, struct link *from, const struct msg_claim *asked)
{
    struct claim *claim = xcalloc (1, sizeof *claim);
    *claim = (struct claim){store, link_number (from), asked->ref,
                            id_zero (&asked->dispatch) ? id_random () : asked->dispatch};
    struct db *db = lane_any (&store->others);
    (void) fault_point (claim_received);
    if (!store->ready || !db) {
        say_claimed (claim, 0); /* it asks again by itself */
        return;
    }
    uint8_t count[8];
    int64_t most = asked->count < 1 ? 1 : asked->count > 256 ? 256 : (int64_t) asked->count;
    struct db_value values[] = {value_id (&claim->dispatch), value_int4 (count, most)};
    struct db_unit *unit = db_begin (db, on_claimed, claim);
    db_binary (unit);
    db_add (unit, SQL_claim_notices, values, array_len (values));
    db_end (unit);
}

/* ---- outcomes ------------------------------------------------------------------------------ */

static void on_closed (void *with, const struct db_answer *answer)
{
    struct claim *claim = with;
    struct link *link = listener_find (claim->store->notifiers, claim->link);
    if (answer->outcome == DB_DONE)
        (void) fault_point (told_committed);
    if (link) {
        struct msg_heard heard = {.ref = claim->ref};
        if (answer->outcome == DB_DONE)
            link_say (link, WIRE_heard, &heard);
        link_credit (link, WIRE_CLASS_REST, 1); /* unheard, it is said again */
    }
    free (claim);
}

void outbox_told (struct store *store, struct link *from, const struct msg_told *told)
{
    static struct array outcomes, codes;
    struct db *db = lane_any (&store->others);
    (void) fault_point (told_received);
    if (!store->ready || !db) {
        link_credit (from, WIRE_CLASS_REST, 1);
        return;
    }
    struct claim *claim = xcalloc (1, sizeof *claim);
    *claim = (struct claim){store, link_number (from), told->ref, told->dispatch};
    array_begin (&outcomes, OID_INT4);
    array_begin (&codes, OID_INT4);
    for (uint32_t i = 0; i < told->outcomes.count; i++) {
        uint64_t code = i < told->codes.count ? told->codes.at[i] : 0;
        array_int4 (&outcomes, (int64_t) (told->outcomes.at[i] & 7));
        array_int4 (&codes, code <= INT32_MAX ? (int64_t) code : 0);
    }
    metric_add (store_notices_closed_total, told->outcomes.count);
    struct db_value values[] = {value_id (&claim->dispatch), array_end (&outcomes),
                                array_end (&codes)};
    struct db_unit *unit = db_begin (db, on_closed, claim);
    db_binary (unit);
    db_add (unit, SQL_close_dispatch, values, array_len (values));
    db_end (unit);
}

/* ---- dispatches that nobody closes --------------------------------------------------------- */

static void at_expire (void *owner)
{
    struct store *store = owner;
    struct db *db = lane_any (&store->others);
    reactor_timer_at (store->expire_timer, reactor_now (store->reactor) + EXPIRE_EVERY_MS);
    if (!store->ready || !db)
        return;
    struct db_value after = {EXPIRE_AFTER_S, 0, false};
    struct db_unit *unit = db_begin (db, on_nothing, NULL);
    db_add (unit, SQL_expire_dispatches, &after, 1);
    db_end (unit);
}

void outbox_begin (struct store *store)
{
    store->expire_timer =
        reactor_timer (store->reactor, mono_ms () + EXPIRE_EVERY_MS, at_expire, store);
}
