/* lease.c - all PULLs that wait become one statement, which is the only judge of who may pull.
 *
 * Two PULLs that name one agency never share a statement: both would find the same rows.  The second
 * one waits for the next, which begins when this one is back.  Agencies that were just found empty
 * are not looked at again (agency.c); a PULL that names no other needs no statement.
 *
 * A case is said with its words: words.c has them where it was stored just now and nothing was said
 * since, else a second statement reads them, and a third what was said (history.c).
 */
#include "array.h"
#include "domain/number.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#define PULLS_MOST  256 /* of one statement */
#define PAIRS_MOST  2048
#define WAITED_MOST 3600000 /* ms; a router keeps a PULL for a minute */

struct pull {
    uint64_t link;
    uint64_t behalf, principal, waited; /* the router's ref; ms before it came here */
    uint64_t ref;
    uint32_t count, lease;
    int64_t came;
    uint32_t agency_count, given;
    uint32_t agencies[64];
    struct pull *prev, *next;
};

struct lease_batch {
    struct store *store;
    struct pull *pulls[PULLS_MOST];
    unsigned count;
    uint64_t look;
    struct db *db;
    PGresult *leased; /* while words are read */
    int *unworded;    /* its rows whose words are read, in order */
    unsigned unworded_count;
};

void lease_take (struct store *store, struct link *from, struct parcel *parcel)
{
    struct wire_fault fault;
    const struct wire_message *said = parcel_read (parcel, 1, WIRE_pull, &fault);
    const struct msg_behalf *behalf = &parcel->said[0].behalf;
    if (!said) {
        fault.type = WIRE_behalf;
        link_refuse (from, &fault);
        link_credit (from, WIRE_CLASS_ACTS, 1);
        return;
    }
    struct pull *pull = xcalloc (1, sizeof *pull);
    const struct msg_pull *asked = &said->pull;
    *pull = (struct pull){.link = link_number (from),
                          .behalf = behalf->ref,
                          .principal = behalf->principal <= INT32_MAX ? behalf->principal : 0,
                          .waited = behalf->waited < WAITED_MOST ? behalf->waited : WAITED_MOST,
                          .ref = asked->ref,
                          .came = reactor_now (store->reactor)};
    pull->count = asked->count < 1 ? 1 : asked->count > 100 ? 100 : (uint32_t) asked->count;
    pull->lease = asked->lease == 0        ? 60000
                  : asked->lease < 1000    ? 1000
                  : asked->lease > 3600000 ? 3600000
                                           : (uint32_t) asked->lease;
    pull->agency_count = asked->agencies.count;
    for (uint32_t i = 0; i < pull->agency_count; i++)
        pull->agencies[i] =
            asked->agencies.at[i] <= INT32_MAX ? (uint32_t) asked->agencies.at[i] : 0;
    DL_APPEND (store->pulls, pull);
    (void) fault_point (lease_received);
}

/* ---- answering ----------------------------------------------------------------------------- */

static void say_pulled (struct store *store, struct pull *pull)
{
    struct link *link = listener_find (store->routers, pull->link);
    if (link) {
        struct msg_behalf behalf = {.ref = pull->behalf, .principal = pull->principal};
        struct msg_pulled pulled = {
            .ref = pull->ref, .count = pull->given, .verdict = VERDICT_DONE};
        struct parcel answer = {0};
        parcel_add (&answer, WIRE_behalf, &behalf);
        parcel_add (&answer, WIRE_pulled, &pulled);
        link_send (link, &answer);
        parcel_done (&answer);
        link_credit (link, WIRE_CLASS_ACTS, 1);
    }
    free (pull);
}

enum { PULL, ID, AGENCY, VERSION, ATTEMPT, PRIORITY };
enum { TITLE, BODY, LOCATION, CLASS, CATEGORY, REGION, RECEIVED, DUE_FIRST, DUE_RESOLVE, FLAGS };

static void say_assigned (struct store *store, struct pull *pull, const PGresult *result, int row,
                          const struct words *words, const struct msg_history *history)
{
    struct link *link = listener_find (store->routers, pull->link);
    char number[NUMBER_LEN + 1];
    pull->given++;
    if (!link)
        return; /* the lease runs out by itself */
    struct id id = result_id (result, row, ID);
    number_of_id (&id, number);
    int64_t waited = (int64_t) pull->waited + reactor_now (store->reactor) - pull->came;
    struct msg_behalf behalf = {.ref = pull->behalf, .principal = pull->principal};
    struct msg_assigned assigned = {
        .ref = pull->ref,
        .id = id,
        .agency = (uint64_t) result_int (result, row, AGENCY),
        .version = (uint64_t) result_int (result, row, VERSION),
        .lease = pull->lease,
        .waited = (uint64_t) waited,
        .attempt = (uint64_t) result_int (result, row, ATTEMPT),
        .number = view_of (number),
        .priority = (uint32_t) result_int (result, row, PRIORITY),
        .class = words->class,
        .category = words->category,
        .region = words->region,
        .location = words->location,
        .received = (uint64_t) words->received,
        .due_first = (uint64_t) words->due_first,
        .due_resolve = (uint64_t) words->due_resolve,
        .secret = words->flags & FLAG_BIT_SECRET ? FLAG_YES : FLAG_NO,
    };
    struct msg_content content = {.title = words->title, .text = words->body};
    struct parcel answer = {0};
    parcel_add (&answer, WIRE_behalf, &behalf);
    parcel_add (&answer, WIRE_assigned, &assigned);
    parcel_add (&answer, WIRE_content, &content);
    if (history)
        parcel_add (&answer, WIRE_history, history);
    link_send (link, &answer);
    parcel_done (&answer);
    (void) fault_point (assigned_sent);
}

static struct pull *pull_of (const struct lease_batch *batch, const PGresult *result, int row)
{
    return batch->pulls[result_int (result, row, PULL) - 1];
}

/* Rows: what was leased, and, without id, agencies that have work left.  What nobody says that it has
 * work left is empty now.  What is leased is said at once where its words are there. */
static void read_rows (struct lease_batch *batch, const PGresult *result)
{
    struct store *store = batch->store;
    batch->unworded = xcalloc ((size_t) PQntuples (result) + 1, sizeof *batch->unworded);
    for (int row = 0; row < PQntuples (result); row++) {
        uint64_t agency = (uint64_t) result_int (result, row, AGENCY);
        if (PQgetisnull (result, row, ID)) {
            agency_has_work (store, agency);
            continue;
        }
        metric_add (store_leases_total, 1);
        struct pull *pull = pull_of (batch, result, row);
        agency_runs_out (store, agency, pull->lease);
        struct id id = result_id (result, row, ID);
        const struct words *words = words_find (store, &id);
        if (words)
            say_assigned (store, pull, result, row, words, NULL);
        else
            batch->unworded[batch->unworded_count++] = row;
    }
    for (unsigned i = 0; i < batch->count; i++)
        for (uint32_t j = 0; j < batch->pulls[i]->agency_count; j++)
            agency_looked (store, batch->pulls[i]->agencies[j], batch->look);
}

/* A failure is answered with nothing: the router keeps the PULL and scans again; what is leased
 * already runs out. */
static void batch_end (struct lease_batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++)
        say_pulled (batch->store, batch->pulls[i]);
    PQclear (batch->leased);
    free (batch->unworded);
    free (batch);
}

static struct words read_one (const PGresult *result, int row)
{
    return (struct words){.title = result_view (result, row, TITLE),
                          .body = result_view (result, row, BODY),
                          .location = result_view (result, row, LOCATION),
                          .region = result_view (result, row, REGION),
                          .class = (uint32_t) result_int (result, row, CLASS),
                          .flags = (uint32_t) result_int (result, row, FLAGS),
                          .category = (uint64_t) result_int (result, row, CATEGORY),
                          .received = result_ms (result, row, RECEIVED),
                          .due_first = result_ms (result, row, DUE_FIRST),
                          .due_resolve = result_ms (result, row, DUE_RESOLVE)};
}

static void on_words (void *with, const struct db_answer *answer)
{
    struct lease_batch *batch = with;
    if (answer->outcome == DB_DONE) {
        const PGresult *result = answer->results[0], *said = answer->results[1];
        int at = 0;
        check (PQntuples (result) == (int) batch->unworded_count);
        for (int i = 0; i < PQntuples (result); i++) {
            int row = batch->unworded[i];
            struct words words = read_one (result, i);
            struct msg_history history;
            bool any = history_read (said, &at, i + 1, &history);
            say_assigned (batch->store, pull_of (batch, batch->leased, row), batch->leased, row,
                          &words, any ? &history : NULL);
        }
    } else if (answer->outcome == DB_FAILED) {
        log_limited (LOG_WARNING,
                     "words of %u leased complaints cannot be read (SQLSTATE %s): their leases run "
                     "out, then they are pulled again",
                     batch->unworded_count, answer->sqlstate);
    }
    batch_end (batch);
}

static void read_words (struct lease_batch *batch)
{
    static struct array ids;
    array_begin (&ids, OID_UUID);
    for (unsigned i = 0; i < batch->unworded_count; i++) {
        struct id id = result_id (batch->leased, batch->unworded[i], ID);
        array_bytes (&ids, id.at, sizeof id.at);
    }
    struct db_value values[] = {array_end (&ids)};
    struct db_unit *unit = db_begin (batch->db, on_words, batch);
    db_binary (unit);
    db_add (unit, SQL_select_words, values, array_len (values));
    db_add (unit, SQL_select_history, values, array_len (values));
    db_end (unit);
}

static void on_leased (void *with, const struct db_answer *answer)
{
    struct lease_batch *batch = with;
    if (answer->outcome == DB_FAILED && failure_of (answer->sqlstate) == FAILURE_OUTAGE)
        store_refused (batch->store, WORK_PULLS, answer->sqlstate);
    if (answer->outcome == DB_DONE) {
        store_taken (batch->store, WORK_PULLS);
        (void) fault_point (lease_committed);
        metric_add (store_lease_batches_total, 1);
        batch->leased = db_keep (answer, 0);
        read_rows (batch, batch->leased);
    }
    if (batch->unworded_count)
        read_words (batch);
    else
        batch_end (batch);
}

/* ---- asking -------------------------------------------------------------------------------- */

struct named {
    uint32_t agency;
    UT_hash_handle hh;
};

static bool overlaps (struct named *named, const struct pull *pull)
{
    struct named *same = NULL;
    for (uint32_t i = 0; i < pull->agency_count && !same; i++)
        HASH_FIND (hh, named, &pull->agencies[i], sizeof (uint32_t), same);
    return same != NULL;
}

/* Leaves only agencies that may have work. */
static void forget_empty (const struct store *store, struct pull *pull)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pull->agency_count; i++)
        if (!agency_is_empty (store, pull->agencies[i]))
            pull->agencies[kept++] = pull->agencies[i];
    pull->agency_count = kept;
}

/* Pulls that name no agency twice between them.  One that names none with work is answered here.
 * NULL where nothing is left to ask. */
static struct lease_batch *gather (struct store *store)
{
    static struct named room[PAIRS_MOST + 64];
    struct named *named = NULL;
    struct lease_batch *batch = xcalloc (1, sizeof *batch);
    struct pull *pull, *next;
    unsigned pairs = 0;
    batch->store = store;
    DL_FOREACH_SAFE (store->pulls, pull, next) {
        if (batch->count == PULLS_MOST || pairs + pull->agency_count > PAIRS_MOST)
            break;
        if (overlaps (named, pull))
            continue;
        DL_DELETE (store->pulls, pull);
        forget_empty (store, pull);
        if (pull->agency_count == 0) {
            say_pulled (store, pull);
            continue;
        }
        for (uint32_t i = 0; i < pull->agency_count; i++) {
            struct named *same = NULL, *one = &room[pairs];
            HASH_FIND (hh, named, &pull->agencies[i], sizeof (uint32_t), same);
            if (same)
                continue; /* named twice by one pull */
            one->agency = pull->agencies[i];
            HASH_ADD (hh, named, agency, sizeof (uint32_t), one);
            pairs++;
        }
        batch->pulls[batch->count++] = pull;
    }
    HASH_CLEAR (hh, named);
    if (batch->count)
        return batch;
    free (batch);
    return NULL;
}

static void add_pairs (struct lease_batch *batch, struct array *numbers, struct array *agencies,
                       unsigned at)
{
    const struct pull *pull = batch->pulls[at];
    for (uint32_t i = 0; i < pull->agency_count; i++) {
        bool twice = false;
        for (uint32_t j = 0; j < i; j++)
            twice |= pull->agencies[j] == pull->agencies[i];
        if (twice)
            continue;
        agency_asked (batch->store, pull->agencies[i], batch->look);
        array_int4 (numbers, at + 1);
        array_int4 (agencies, pull->agencies[i]);
    }
}

static void send_batch (struct store *store, struct db *db, struct lease_batch *batch)
{
    static struct array numbers, agencies, counts, leases, principals;
    uint8_t base[8];
    batch->look = agency_look (store);
    batch->db = db;
    array_begin (&numbers, OID_INT4);
    array_begin (&agencies, OID_INT4);
    array_begin (&counts, OID_INT4);
    array_begin (&leases, OID_INT4);
    array_begin (&principals, OID_INT4);
    for (unsigned i = 0; i < batch->count; i++) {
        add_pairs (batch, &numbers, &agencies, i);
        array_int4 (&counts, batch->pulls[i]->count);
        array_int4 (&leases, batch->pulls[i]->lease);
        array_int4 (&principals, (int64_t) batch->pulls[i]->principal);
    }
    struct db_value values[] = {array_end (&numbers),    array_end (&agencies),
                                array_end (&counts),     array_end (&leases),
                                array_end (&principals), value_int8 (base, store->version_base)};
    struct db_unit *unit = db_begin (db, on_leased, batch);
    db_binary (unit);
    db_add (unit, SQL_lease_assignments, values, array_len (values));
    db_end (unit);
}

void lease_flush (struct store *store)
{
    struct lease_batch *batch;
    struct db *db;
    while (store->ready && store->pulls && (db = lane_idle (&store->leases)))
        if ((batch = gather (store)) != NULL)
            send_batch (store, db, batch);
}

void lease_end (struct store *store)
{
    struct pull *pull, *next;
    DL_FOREACH_SAFE (store->pulls, pull, next)
        free (pull);
}
