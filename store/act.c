/* act.c - acts of a turn become one statement; at most one a complaint, so that each is judged by
 * rows that no other act of the batch changes. */
#include "array.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct deed {
    struct parcel parcel; /* behalf, act */
    const struct msg_behalf *behalf;
    const struct msg_act *act;
    uint64_t link;
    struct deed *prev, *next;
    UT_hash_handle hh;
};

struct act_batch {
    struct store *store;
    struct deed *deeds[STORE_BATCH];
    unsigned count;
};

static void deed_free (struct deed *deed)
{
    parcel_done (&deed->parcel);
    free (deed);
}

/* Says how it ended; takes the deed. */
static void say_acted (struct store *store, struct deed *deed, enum verdict verdict,
                       enum reason reason, int64_t version)
{
    struct link *link = listener_find (store->routers, deed->link);
    if (link) {
        struct msg_behalf behalf = {.ref = deed->behalf->ref, .principal = deed->behalf->principal};
        struct msg_acted acted = {.ref = deed->act->ref,
                                  .id = deed->act->id,
                                  .verdict = verdict,
                                  .reason = reason,
                                  .version = (uint64_t) version};
        struct parcel answer = {0};
        parcel_add (&answer, WIRE_behalf, &behalf);
        parcel_add (&answer, WIRE_acted, &acted);
        link_send (link, &answer);
        parcel_done (&answer);
        link_credit (link, WIRE_CLASS_ACTS, 1);
    }
    (void) fault_point (acted_sent);
    deed_free (deed);
}

/* What spans fields: an act that says something to the reporter has a text, a hand-back its reason. */
static bool complete (const struct msg_act *act)
{
    bool speaks = act->act == ACT_PROGRESS || act->act == ACT_ANSWER || act->act == ACT_ASK ||
                  act->act == ACT_HAND_BACK;
    return (!speaks || act->text.len) && act->text.len <= 16384 &&
           (act->act != ACT_HAND_BACK || act->reason);
}

void act_take (struct store *store, struct link *from, struct parcel *parcel)
{
    struct deed *deed = xcalloc (1, sizeof *deed);
    struct wire_fault fault;
    parcel_move (&deed->parcel, parcel);
    const struct wire_message *behalf = parcel_read (&deed->parcel, 0, WIRE_behalf, &fault);
    const struct wire_message *act = parcel_read (&deed->parcel, 1, WIRE_act, &fault);
    deed->link = link_number (from);
    if (!behalf || !act) {
        fault.type = WIRE_behalf;
        link_refuse (from, &fault);
        link_credit (from, WIRE_CLASS_ACTS, 1);
        deed_free (deed);
        return;
    }
    deed->behalf = &behalf->behalf;
    deed->act = &act->act;
    if (complete (deed->act))
        DL_APPEND (store->deeds, deed);
    else
        say_acted (store, deed, VERDICT_REFUSED, REASON_TEXT, 0);
    (void) fault_point (act_received);
}

/* ---- one batch ----------------------------------------------------------------------------- */

enum { ORDINAL, VERDICT, REASON, VERSION, READY };

static void batch_again (struct act_batch *batch)
{
    struct store *store = batch->store;
    for (unsigned i = batch->count; i-- > 0;)
        DL_PREPEND (store->deeds, batch->deeds[i]);
    free (batch);
}

/* Failed by a fault of ours in one act: each is tried alone, and refused alone. */
static void batch_failed (struct act_batch *batch, const char *sqlstate)
{
    struct store *store = batch->store;
    if (failure_of (sqlstate) == FAILURE_OURS && batch->count == 1) {
        log_error ("%s: an act that PostgreSQL cannot hold (SQLSTATE %s) is refused",
                   id_text (&batch->deeds[0]->act->id), sqlstate);
        say_acted (store, batch->deeds[0], VERDICT_REFUSED, REASON_STATE, 0);
        free (batch);
        return;
    }
    if (failure_of (sqlstate) == FAILURE_OURS)
        store->act_batch = 1; /* one at a time until the guilty one is found */
    else if (failure_of (sqlstate) == FAILURE_OUTAGE)
        store_outage (store, sqlstate);
    batch_again (batch);
}

/* ms of a NACK or EXTEND. */
static uint64_t delay_of (const struct msg_act *act)
{
    uint64_t delay = act->delay ? act->delay : act->act == ACT_NACK ? 300000 : 60000;
    return delay < 1000 ? 1000 : delay > 86400000 ? 86400000 : delay;
}

static void on_acted (void *with, const struct db_answer *answer)
{
    struct act_batch *batch = with;
    struct store *store = batch->store;
    if (answer->outcome == DB_UNKNOWN) {
        batch_again (batch);
        return;
    }
    if (answer->outcome == DB_FAILED) {
        batch_failed (batch, answer->sqlstate);
        return;
    }
    (void) fault_point (act_committed);
    const PGresult *result = answer->results[0];
    metric_add (store_act_batches_total, 1);
    if (store->act_batch < store->batch)
        store->act_batch = batch->count == 1 ? 2 : store->batch;
    for (int row = 0; row < PQntuples (result); row++) {
        struct deed *deed = batch->deeds[result_int (result, row, ORDINAL) - 1];
        enum verdict verdict = (enum verdict) result_int (result, row, VERDICT);
        int64_t ready = result_int (result, row, READY);
        if (verdict == VERDICT_DONE) {
            metric_add (store_acts_total, 1);
            store->notices += deed->act->act >= ACT_PROGRESS;
            if (deed->act->act == ACT_NACK)
                agency_runs_out (store, deed->act->agency, delay_of (deed->act));
        } else {
            metric_add (store_stale_total, 1);
        }
        if (ready > 0)
            agency_hint (store, (uint64_t) ready, 1);
        say_acted (store, deed, verdict, (enum reason) result_int (result, row, REASON),
                   result_int (result, row, VERSION));
    }
    free (batch);
}

enum column { PRINCIPAL, ID, AGENCY, WANTS, KEY, ACT, TEXT, DELAY, WHY, SUGGESTED, CLASS, COLUMNS };
static const uint32_t column_types[COLUMNS] = {OID_INT4, OID_UUID, OID_INT4, OID_INT8,
                                               OID_UUID, OID_INT2, OID_TEXT, OID_INT4,
                                               OID_INT2, OID_INT4, OID_INT2};
static struct array columns[COLUMNS];

static void add_deed (const struct deed *deed)
{
    const struct msg_act *act = deed->act;
    uint64_t principal = deed->behalf->principal;
    array_int4 (&columns[PRINCIPAL], principal <= INT32_MAX ? (int64_t) principal : 0);
    array_bytes (&columns[ID], act->id.at, sizeof act->id.at);
    array_int4 (&columns[AGENCY], act->agency <= INT32_MAX ? (int64_t) act->agency : 0);
    array_int8 (&columns[WANTS], (int64_t) act->version);
    array_bytes (&columns[KEY], act->key.at, sizeof act->key.at);
    array_int2 (&columns[ACT], act->act);
    array_view (&columns[TEXT], act->text);
    array_int4 (&columns[DELAY], (int64_t) delay_of (act));
    array_int2 (&columns[WHY], act->reason);
    array_int4 (&columns[SUGGESTED], act->suggested <= INT32_MAX ? (int64_t) act->suggested : 0);
    array_int2 (&columns[CLASS], act->class);
}

static void send_batch (struct store *store, struct db *db, struct act_batch *batch)
{
    uint8_t base[8];
    static const char yes = 1, no = 0;
    struct db_value values[COLUMNS + 2];
    for (int i = 0; i < COLUMNS; i++)
        array_begin (&columns[i], column_types[i]);
    for (unsigned i = 0; i < batch->count; i++)
        add_deed (batch->deeds[i]);
    for (int i = 0; i < COLUMNS; i++)
        values[i] = array_end (&columns[i]);
    values[COLUMNS] = value_int8 (base, store->version_base);
    values[COLUMNS + 1] = (struct db_value){mutant (version_ignored) ? &yes : &no, 1, true};
    struct db_unit *unit = db_begin (db, on_acted, batch);
    db_binary (unit);
    db_add (unit, SQL_act_on_assignments, values, array_len (values));
    db_end (unit);
}

static struct act_batch *gather (struct store *store)
{
    struct act_batch *batch = xcalloc (1, sizeof *batch);
    struct deed *deed, *next, *same, *ids = NULL;
    batch->store = store;
    DL_FOREACH_SAFE (store->deeds, deed, next) {
        if (batch->count == store->act_batch)
            break;
        HASH_FIND (hh, ids, &deed->act->id, sizeof (struct id), same);
        if (same)
            continue;
        DL_DELETE (store->deeds, deed);
        batch->deeds[batch->count++] = deed;
        HASH_ADD_KEYPTR (hh, ids, &deed->act->id, sizeof (struct id), deed);
    }
    HASH_CLEAR (hh, ids);
    return batch;
}

void act_flush (struct store *store)
{
    struct db *db;
    while (store->ready && store->deeds && (db = lane_idle (&store->acts)))
        send_batch (store, db, gather (store));
}

void act_end (struct store *store)
{
    struct deed *deed, *next;
    DL_FOREACH_SAFE (store->deeds, deed, next)
        deed_free (deed);
    for (int i = 0; i < COLUMNS; i++)
        array_free (&columns[i]);
}
