/* report.c - what gateways say of a notice after they took it, out of delivery reports and bounces.
 *
 * A report has no other copy than the gateway's: it is answered by `heard` once it is written, and whoever brought
 * it has it repeated otherwise.  Several of a turn are written together.
 */
#include "array.h"
#include "store.h"

#include <stdlib.h>
#include <utlist.h>

#define TOGETHER_MOST 256

struct report {
    uint64_t link, ref;
    struct id id;
    uint64_t event, recipient, channel, outcome, code;
    struct buffer contact; /* of whoever wants news again; sealed */
    uint64_t contact_key;
    struct buffer who; /* of whoever wants none, or again: a hash of his address; empty: not said */
    struct report *prev, *next;
};

struct report_batch {
    struct store *store;
    struct report *list;
};

static struct array ids, events, recipients, channels, outcomes, codes, contacts, contact_keys,
    whos;

void report_take (struct store *store, struct link *from, const struct msg_report *said)
{
    struct report *report = xcalloc (1, sizeof *report);
    *report = (struct report){.link = link_number (from),
                              .ref = said->ref,
                              .id = said->id,
                              .event = said->event,
                              .recipient = said->recipient,
                              .channel = said->channel,
                              .outcome = said->outcome,
                              .code = said->code,
                              .contact_key = said->contact_key_id};
    buffer_add (&report->contact, said->contact.at, said->contact.len);
    buffer_add (&report->who, said->who.at, said->who.len);
    DL_APPEND (store->reports, report);
}

static void report_free (struct report *report)
{
    buffer_free (&report->contact);
    buffer_free (&report->who);
    free (report);
}

static void report_answer (struct store *store, struct report *report, bool written)
{
    struct link *link = listener_find (store->notifiers, report->link);
    if (link) {
        struct msg_heard heard = {.ref = report->ref};
        if (written)
            link_say (link, WIRE_heard, &heard);
        link_credit (link, WIRE_CLASS_REST, 1);
    }
    report_free (report);
}

static void on_noted (void *with, const struct db_answer *answer)
{
    struct report_batch *batch = with;
    struct report *report, *next;
    bool written = answer->outcome == DB_DONE;
    if (written)
        store_taken (batch->store, WORK_NOTICES);
    else if (answer->outcome == DB_FAILED)
        store_refused (batch->store, WORK_NOTICES, answer->sqlstate);
    DL_FOREACH_SAFE (batch->list, report, next)
        report_answer (batch->store, report, written);
    free (batch);
}

/* A number that no row has is a report of nothing. */
static int64_t bounded (uint64_t number)
{
    return number <= INT32_MAX ? (int64_t) number : 0;
}

static void send_batch (struct db *db, struct report_batch *batch)
{
    struct array *const columns[] = {&events,   &recipients, &channels,
                                     &outcomes, &codes,      &contact_keys};
    const struct report *report;
    array_begin (&ids, OID_UUID);
    array_begin (&contacts, OID_BYTEA);
    array_begin (&whos, OID_BYTEA);
    for (size_t i = 0; i < array_len (columns); i++)
        array_begin (columns[i], OID_INT4);
    DL_FOREACH (batch->list, report) {
        const uint64_t numbers[] = {report->event,   report->recipient, report->channel,
                                    report->outcome, report->code,      report->contact_key};
        array_bytes (&ids, report->id.at, sizeof report->id.at);
        array_view (&contacts, (struct view){report->contact.at, report->contact.len});
        array_view (&whos, (struct view){report->who.at, report->who.len});
        for (size_t i = 0; i < array_len (columns); i++)
            array_int4 (columns[i], bounded (numbers[i]));
    }
    struct db_value values[3 + array_len (columns)] = {array_end (&ids)};
    for (size_t i = 0; i < array_len (columns); i++)
        values[1 + i] = array_end (columns[i]);
    values[1 + array_len (columns)] = array_end (&contacts);
    values[2 + array_len (columns)] = array_end (&whos);
    struct db_unit *unit = db_begin (db, on_noted, batch);
    db_binary (unit);
    db_add (unit, SQL_note_reports, values, array_len (values));
    db_end (unit);
}

void report_flush (struct store *store)
{
    struct db *db = store->ready && store->reports ? lane_idle (&store->others) : NULL;
    if (!db)
        return;
    struct report_batch *batch = xcalloc (1, sizeof *batch);
    batch->store = store;
    for (unsigned count = 0; store->reports && count < TOGETHER_MOST; count++) {
        struct report *report = store->reports;
        DL_DELETE (store->reports, report);
        DL_APPEND (batch->list, report);
    }
    send_batch (db, batch);
}

void report_end (struct store *store)
{
    struct array *const columns[] = {&ids,   &events,       &recipients, &channels, &outcomes,
                                     &codes, &contact_keys, &contacts,   &whos};
    struct report *report, *next;
    DL_FOREACH_SAFE (store->reports, report, next)
        report_free (report);
    store->reports = NULL;
    for (size_t i = 0; i < array_len (columns); i++)
        array_free (columns[i]);
}
