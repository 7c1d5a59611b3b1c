/* act.c - acts of a turn become one statement; at most one a complaint, so that each is judged by
 * rows that no other act of the batch changes.
 *
 * What gives a case to another agency, what people say, and words that are held from the public go by
 * act_on_assignments.sql, which finds out whether and to whom; acts on two complaints (merge.c) and on a complaint as a whole (whole.c) go one by one, the others by
 * act_ordinary.sql; a batch that this one refuses as not ordinary goes by the first, too. */
#include "array.h"
#include "domain/number.h"
#include "domain/personal.h"
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
    bool held;           /* its words are not for the public till a person says so */
    bool carried;        /* its notice goes into the claim that the batch carries */
    struct words *words; /* its reporter's contact; NULL: to be read with the act */
    struct deed *prev, *next;
    UT_hash_handle hh;
};

/* By which statement; from MERGES on one act at a time. */
enum way { ORDINARY, GIVES, MERGES, WHOLE, SPLITS };

struct act_batch {
    struct store *store;
    struct deed *deeds[STORE_BATCH]; /* by complaint */
    unsigned count;
    enum way way;
    uint64_t sent_us;    /* metric_us */
    struct claim *claim; /* carried, or NULL */
};

static void deed_free (struct deed *deed)
{
    parcel_done (&deed->parcel);
    free (deed->words);
    free (deed);
}

/* Says how it ended, but for ref and id, which are its own; takes the deed. */
static void say_acted (struct store *store, struct deed *deed, struct msg_acted acted)
{
    struct link *link = listener_find (store->routers, deed->link);
    if (link) {
        struct msg_behalf behalf = {.ref = deed->behalf->ref, .principal = deed->behalf->principal};
        struct parcel answer = {0};
        acted.ref = deed->act->ref;
        acted.id = deed->act->id;
        parcel_add (&answer, WIRE_behalf, &behalf);
        parcel_add (&answer, WIRE_acted, &acted);
        link_send (link, &answer);
        parcel_done (&answer);
        link_credit (link, WIRE_CLASS_ACTS, 1);
    }
    (void) fault_point (acted_sent);
    deed_free (deed);
}

/* Does it give the case, or a part of it, to another agency? */
static bool gives (const struct msg_act *act)
{
    return act->act == ACT_HAND_BACK || act->act == ACT_ASSIGN || act->act == ACT_SUPPORT;
}

struct view act_said (struct view text)
{
    return utf8_blank (text.at, text.len) ? (struct view){0} : text;
}

/* Has its event room for files?  Of a second complaint, and of a draft that is judged, there is none. */
static bool keeps_files (const struct msg_act *act)
{
    return !merge_is (act) && act->act != ACT_SPLIT && act->act != ACT_APPROVE;
}

/* What spans fields: an act that says something to the reporter has a text, a hand-back and a closing their
 * reason, an assign and a support an agency, a link and a merge the other complaint; files have a person who
 * brought them, and an act that keeps them.  0, or what is missing; of a number that is no act's the state it fits. */
static enum reason missing (const struct msg_act *act, const char **ret_field)
{
    bool speaks = act->act == ACT_PROGRESS || act->act == ACT_ANSWER || act->act == ACT_ASK ||
                  act->act == ACT_HAND_BACK || act->act == ACT_CLOSE || act->act == ACT_ARCHIVE ||
                  act->act == ACT_DRAFT || act->act == ACT_TAKE_OVER || act->act == ACT_NOTE;
    *ret_field = NULL;
    if ((speaks && !act_said (act->text).len) || act->text.len > 16384 ||
        (act->act == ACT_HAND_BACK && !act->reason) || (act->act == ACT_CLOSE && !act->resolution))
        return REASON_TEXT;
    if (act_of (act_word (act->act)) != act->act)
        return REASON_STATE;
    if ((act->act == ACT_LINK || act->act == ACT_MERGE) && id_zero (&act->other))
        return REASON_OTHER;
    if (gives (act) && act->act != ACT_HAND_BACK && !act->suggested)
        return REASON_TARGET;
    /* a digest follows from a file's bytes: who names one that he has not brought would learn whether anybody has, and be
     * shown it with a case of his own */
    if (act->attachments.len && (!act->session.len || !keeps_files (act))) {
        *ret_field = "attachments";
        return REASON_VALUE;
    }
    return whole_missing (act, ret_field);
}

/* Do words that everybody may read look like somebody's own data? */
static bool is_held (const struct msg_act *act)
{
    bool published = act->act == ACT_PROGRESS || act->act == ACT_ANSWER || act->act == ACT_CLOSE;
    return published && act->secret != FLAG_YES && personal_find (act->text) != 0;
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
    const char *field;
    enum reason lacks = missing (deed->act, &field);
    use_session (store, deed->act->session);
    deed->held = is_held (deed->act);
    if (lacks)
        say_acted (store, deed,
                   (struct msg_acted){.verdict = VERDICT_REFUSED,
                                      .reason = lacks,
                                      .detail = field ? view_of (field) : (struct view){0}});
    else
        DL_APPEND (store->deeds, deed);
    (void) fault_point (act_received);
}

/* ---- one batch ----------------------------------------------------------------------------- */

enum {
    ORDINAL,
    VERDICT,
    REASON,
    VERSION,
    READY,
    TOLD,
    IN_CLAIM,
    ASKS = IN_CLAIM, /* of every other way: a router must decide */
    CONTACT,
    MADE = CONTACT, /* act_split.sql */
    CONTACT_KEY,
    EVENT,
    FLAGS,
    LANGUAGE,
    PRIORITY
};

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
    bool unusual = strcmp (sqlstate, "23505") == 0 /* a key that was used before */ ||
                   strcmp (sqlstate, "AD001") == 0;
    if (batch->way == ORDINARY && unusual) {
        store->act_careful = true;
        batch_again (batch);
        return;
    }
    if (failure_of (sqlstate) == FAILURE_OURS && batch->count == 1) {
        log_error ("%s: an act that PostgreSQL cannot hold (SQLSTATE %s) is refused",
                   id_text (&batch->deeds[0]->act->id), sqlstate);
        say_acted (store, batch->deeds[0],
                   (struct msg_acted){.verdict = VERDICT_REFUSED, .reason = REASON_STATE});
        free (batch);
        return;
    }
    if (failure_of (sqlstate) == FAILURE_OURS)
        store->act_batch = 1; /* one at a time until the guilty one is found */
    if (failure_of (sqlstate) == FAILURE_OUTAGE) {
        store_refused (store, WORK_ACTS, sqlstate);
        store_pause (store, &store->acts_not_before, STORE_RETRY_MS);
    }
    batch_again (batch);
}

uint64_t act_delay (const struct msg_act *act)
{
    uint64_t most = act->act == ACT_NACK ? NACK_MOST : EXTEND_MOST, delay = act->delay;
    if (delay == 0)
        delay = act->act == ACT_NACK ? NACK_STANDARD : EXTEND_STANDARD;
    return delay < DELAY_LEAST ? DELAY_LEAST : delay > most ? most : delay;
}

static bool tells (const struct msg_act *act)
{
    return act->act == ACT_PROGRESS || act->act == ACT_ANSWER || act->act == ACT_ASK ||
           act->act == ACT_CLOSE;
}

/* A notice that was made with the batch goes to its notifier. */
static void tell (struct act_batch *batch, const struct deed *deed, const PGresult *result, int row)
{
    static const enum template templates[] = {[ACT_PROGRESS] = TEMPLATE_PROGRESS,
                                              [ACT_ANSWER] = TEMPLATE_ANSWERED,
                                              [ACT_ASK] = TEMPLATE_ASKED,
                                              [ACT_CLOSE] = TEMPLATE_CLOSED};
    const struct msg_act *act = deed->act;
    const struct words *words = deed->words;
    char number[NUMBER_LEN + 1];
    number_of_id (&act->id, number);
    struct msg_notice notice = {
        .id = act->id,
        .event = (uint64_t) result_int (result, row, EVENT),
        .number = view_of (number),
        .agency = agency_name (batch->store, act->agency),
        .text = act->text,
        .contact = words ? words->contact : result_view (result, row, CONTACT),
        .contact_key_id =
            words ? words->contact_key : (uint64_t) result_int (result, row, CONTACT_KEY),
        .language = (uint32_t) result_int (result, row, LANGUAGE),
        .zone = (uint64_t) agency_zone (batch->store, act->agency),
        .urgent = result_int (result, row, PRIORITY) == PRIORITY_EMERGENCY ? FLAG_YES : 0};
    outbox_say (batch->store, batch->claim, templates[act->act],
                (uint64_t) result_int (result, row, FLAGS), &notice);
}

static void read_row (struct act_batch *batch, const PGresult *result, int row)
{
    struct store *store = batch->store;
    struct deed *deed = batch->deeds[result_int (result, row, ORDINAL) - 1];
    const struct msg_act *act = deed->act;
    enum verdict verdict = (enum verdict) result_int (result, row, VERDICT);
    int64_t ready = result_int (result, row, READY);
    metric_add (store_acts_total, verdict == VERDICT_DONE);
    metric_add (store_stale_total, verdict != VERDICT_DONE);
    if (verdict == VERDICT_DONE && (act->act == ACT_NACK || act->act == ACT_TAKE_OVER))
        agency_runs_out (store, act->agency, act_delay (act));
    if (ready > 0)
        agency_hint (store, (uint64_t) ready, 1);
    if (result_int (result, row, TOLD))
        outbox_has_news (store, 1);
    if (batch->claim && result_int (result, row, IN_CLAIM))
        tell (batch, deed, result, row);
    if (batch->way != ORDINARY && batch->way != MERGES && result_int (result, row, ASKS))
        redecide_hint (store);
    struct msg_acted acted = {.verdict = verdict,
                              .reason = (uint32_t) result_int (result, row, REASON),
                              .version = (uint64_t) result_int (result, row, VERSION)};
    if (batch->way == SPLITS && verdict == VERDICT_DONE)
        acted.made = result_id (result, row, MADE);
    say_acted (store, deed, acted);
}

static void end_claim (struct act_batch *batch, enum db_outcome outcome)
{
    if (!batch->claim)
        return;
    if (outcome == DB_UNKNOWN)
        outbox_unknown (batch->store, batch->claim);
    else if (outcome == DB_FAILED || batch->claim->said == 0)
        outbox_rolled_back (batch->store, batch->claim);
    else
        outbox_committed (batch->store, batch->claim);
    batch->claim = NULL;
}

static void on_acted (void *with, const struct db_answer *answer)
{
    struct act_batch *batch = with;
    struct store *store = batch->store;
    if (answer->outcome != DB_DONE) {
        end_claim (batch, answer->outcome);
        if (answer->outcome == DB_UNKNOWN)
            batch_again (batch);
        else
            batch_failed (batch, answer->sqlstate);
        return;
    }
    store_taken (store, WORK_ACTS);
    (void) fault_point (act_committed);
    if (batch->claim)
        (void) fault_point (born_committed);
    const PGresult *result = answer->results[answer->count - 1];
    metric_add (store_act_batches_total, 1);
    metric_observe (store_act_batch_seconds, metric_us () - batch->sent_us);
    metric_observe (store_act_batch_rows, batch->count);
    if (batch->way == MERGES) {
        struct id other = result_id (result, 0, MERGE_OTHER);
        words_drop (store, &other);
    } else if (batch->way < MERGES && store->act_batch < store->batch)
        store->act_batch = batch->count == 1 ? 2 : store->batch;
    for (int row = 0; row < PQntuples (result); row++)
        read_row (batch, result, row);
    end_claim (batch, DB_DONE);
    free (batch);
}

/* The parameters of both statements; behind SHARED those of one. */
enum column {
    PRINCIPAL,
    ID,
    AGENCY,
    WANTS,
    KEY,
    ACT,
    TEXT,
    DELAY,
    SHARED,
    RESOLUTION = SHARED,
    WHY, /* from here on act_on_assignments.sql */
    NAMED,
    SESSION,
    COMPLAINT,
    PRIVATE,
    ATTACHMENTS,
    MISSING,
    COPY_OF,
    COPY,
    HELD,
    CARRIED, /* act_ordinary.sql */
    PLACE,
    KNOWN,
    COLUMNS
};
static const uint32_t column_types[COLUMNS] = {
    OID_INT4, OID_UUID, OID_INT4, OID_INT8,  OID_UUID, OID_INT2, OID_TEXT,  OID_INT8,
    OID_INT2, OID_INT2, OID_INT4, OID_BYTEA, OID_INT8, OID_BOOL, OID_BYTEA, OID_INT2,
    OID_INT4, OID_INT4, OID_BOOL, OID_BOOL,  OID_INT4, OID_BOOL};
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
    array_view (&columns[TEXT], act_said (act->text));
    array_int8 (&columns[DELAY], (int64_t) act_delay (act));
    array_int2 (&columns[RESOLUTION], act->resolution);
    array_int2 (&columns[WHY], act->reason);
    array_int4 (&columns[NAMED], act->suggested <= INT32_MAX ? (int64_t) act->suggested : -1);
    array_view (&columns[SESSION], act->session);
    array_int8 (&columns[COMPLAINT], (int64_t) act->complaint);
    array_bool (&columns[PRIVATE], act->secret == FLAG_YES);
    array_view (&columns[ATTACHMENTS], act->attachments);
    array_int2 (&columns[MISSING], (int64_t) (act->asks & FLAG_ASKS));
    for (uint32_t i = 0; i < act->copies.count; i++) {
        array_int4 (&columns[COPY_OF], columns[PLACE].count + 1);
        array_int4 (&columns[COPY],
                    act->copies.at[i] <= INT32_MAX ? (int64_t) act->copies.at[i] : 0);
    }
    array_bool (&columns[HELD], deed->held);
    array_bool (&columns[CARRIED], deed->carried);
    array_int4 (&columns[PLACE], columns[PLACE].count + 1);
    array_bool (&columns[KNOWN], deed->words != NULL);
}

/* Gives the batch a claim where it may make notices, and the claim what it has room for. */
static void carry (struct act_batch *batch)
{
    unsigned room = 0;
    for (unsigned i = 0; i < batch->count; i++)
        room += tells (batch->deeds[i]->act);
    batch->claim = batch->way == ORDINARY && room ? outbox_carry (batch->store) : NULL;
    room = batch->claim ? batch->claim->room : 0;
    for (unsigned i = 0; i < batch->count; i++) {
        struct deed *deed = batch->deeds[i];
        deed->carried = room > 0 && tells (deed->act);
        if (deed->carried && !deed->words)
            deed->words = words_take (batch->store, &deed->act->id);
        room -= deed->carried;
        if (deed->act->text.len || gives (deed->act) || batch->way >= MERGES)
            words_drop (batch->store, &deed->act->id);
    }
}

static int by_id (const void *a, const void *b)
{
    const struct deed *const *left = a, *const *right = b;
    return id_compare (&(*left)->act->id, &(*right)->act->id);
}

static void send_alone (struct store *store, struct db *db, struct act_batch *batch)
{
    const struct deed *deed = batch->deeds[0];
    struct db_unit *unit = db_begin (db, on_acted, batch);
    db_binary (unit);
    if (batch->way == MERGES)
        merge_add (unit, store, deed->behalf->principal, deed->act);
    else if (batch->way == SPLITS)
        whole_add_split (unit, store, deed->behalf->principal, deed->act);
    else
        whole_add (unit, store, deed->behalf->principal, deed->act);
    db_end (unit);
}

static void send_batch (struct store *store, struct db *db, struct act_batch *batch)
{
    uint8_t base[8];
    static const char yes = 1, no = 0;
    unsigned count = SHARED;
    struct db_value values[SHARED + 13];
    qsort (batch->deeds, batch->count, sizeof (struct deed *), by_id);
    carry (batch);
    batch->sent_us = metric_us ();
    if (batch->way >= MERGES) {
        send_alone (store, db, batch);
        return;
    }
    for (int i = 0; i < COLUMNS; i++)
        array_begin (&columns[i], column_types[i]);
    for (unsigned i = 0; i < batch->count; i++)
        add_deed (batch->deeds[i]);
    for (int i = 0; i < SHARED; i++)
        values[i] = array_end (&columns[i]);
    values[count++] = value_int8 (base, store->version_base);
    values[count++] = (struct db_value){mutant (version_ignored) ? &yes : &no, 1, true};
    values[count++] = array_end (&columns[RESOLUTION]);
    if (batch->way == GIVES) {
        for (int i = WHY; i <= HELD; i++)
            values[count++] = array_end (&columns[i]);
    } else {
        values[count++] = batch->claim ? value_id (&batch->claim->dispatch) : (struct db_value){0};
        values[count++] = array_end (&columns[CARRIED]);
        values[count++] = array_end (&columns[PLACE]);
        values[count++] = array_end (&columns[KNOWN]);
    }
    struct db_unit *unit = db_begin (db, on_acted, batch);
    db_binary (unit);
    db_add (unit, batch->way == GIVES ? SQL_act_on_assignments : SQL_act_ordinary, values, count);
    db_end (unit);
}

static enum way way_of (const struct deed *deed)
{
    const struct msg_act *act = deed->act;
    bool plain = !deed->held && !act->session.len && !act->complaint && !act->attachments.len &&
                 !act->secret && !act->asks;
    return merge_is (act)          ? MERGES
           : act->act == ACT_SPLIT ? SPLITS
           : whole_is (act)        ? WHOLE
           : gives (act) || !plain ? GIVES
                                   : ORDINARY;
}

/* Acts on different complaints that go the same way as the first one, merges alone; of one complaint they
 * stay in their order. */
static struct act_batch *gather (struct store *store)
{
    struct act_batch *batch = xcalloc (1, sizeof *batch);
    struct deed *deed, *next, *same, *ids = NULL;
    enum way way = way_of (store->deeds);
    batch->store = store;
    batch->way = store->act_careful && way == ORDINARY ? GIVES : way;
    store->act_careful = store->act_careful && way != ORDINARY;
    DL_FOREACH_SAFE (store->deeds, deed, next) {
        if (batch->count == (way >= MERGES ? 1 : store->act_batch))
            break;
        HASH_FIND (hh, ids, &deed->act->id, sizeof (struct id), same);
        if (same)
            continue;
        HASH_ADD_KEYPTR (hh, ids, &deed->act->id, sizeof (struct id), deed);
        if (way_of (deed) != way)
            continue;
        DL_DELETE (store->deeds, deed);
        batch->deeds[batch->count++] = deed;
    }
    HASH_CLEAR (hh, ids);
    return batch;
}

void act_flush (struct store *store)
{
    struct db *db;
    if (!store->ready || reactor_now (store->reactor) < store->acts_not_before)
        return;
    while (store->deeds && (db = lane_rested (store, &store->acts))) {
        bool alone = way_of (store->deeds) >= MERGES;
        send_batch (store, db, gather (store));
        if (store->act_batch > 1 && !alone) /* one by one they gain nothing from a rest */
            lane_begun (store, &store->acts);
    }
}

void act_end (struct store *store)
{
    struct deed *deed, *next;
    DL_FOREACH_SAFE (store->deeds, deed, next)
        deed_free (deed);
    for (int i = 0; i < COLUMNS; i++)
        array_free (&columns[i]);
}
