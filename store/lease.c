/* lease.c - all PULLs that look for work become one statement, which is their only judge.
 *
 * Two PULLs that name one agency never share a statement: both would find the same rows.  The second
 * one waits for the next, which begins when this one is back.  Agencies that were just found empty
 * are not looked at again (agency.c); a PULL that names no other needs no statement.
 *
 * A case is said with its words: words.c has them where it was stored just now and nothing was said
 * since, else a second statement reads them, and a third what was said (history.c).
 */
#include "array.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#define PULLS_MOST 256 /* of one statement */
#define PAIRS_MOST 2048

struct lease_batch {
    struct store *store;
    struct pull *pulls[PULLS_MOST];
    unsigned count;
    uint64_t look;
    uint64_t sent_us; /* metric_us */
    struct db *db;
    PGresult *leased; /* while words are read */
    int *unworded;    /* its rows whose words are read, in order */
    unsigned unworded_count;
};

/* ---- answering ----------------------------------------------------------------------------- */

enum { PULL, ID, AGENCY, VERSION, ATTEMPT, PRIORITY, PART };
enum {
    TITLE,
    BODY,
    LOCATION,
    CLASS,
    CATEGORY,
    REGION,
    RECEIVED,
    DUE_FIRST,
    DUE_RESOLVE,
    FLAGS,
    ATTACHMENTS
};

static struct lease lease_of (const PGresult *result, int row)
{
    return (struct lease){.id = result_id (result, row, ID),
                          .agency = (uint64_t) result_int (result, row, AGENCY),
                          .version = (uint64_t) result_int (result, row, VERSION),
                          .attempt = (uint64_t) result_int (result, row, ATTEMPT),
                          .priority = (uint32_t) result_int (result, row, PRIORITY),
                          .part = (uint32_t) result_int (result, row, PART)};
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
            int64_t reason = result_int (result, row, ATTEMPT);
            if (reason < 0)
                pull_of (batch, result, row)->refused = (enum reason) - reason;
            agency_has_work (store, agency);
            continue;
        }
        struct lease lease = lease_of (result, row);
        const struct words *words = words_find (store, &lease.id);
        if (words)
            pull_assign (store, pull_of (batch, result, row), &lease, words, NULL);
        else
            batch->unworded[batch->unworded_count++] = row;
    }
    for (unsigned i = 0; i < batch->count; i++)
        for (uint32_t j = 0; j < batch->pulls[i]->agency_count; j++)
            agency_looked (store, batch->pulls[i]->agencies[j].agency, batch->look);
}

/* What is left for want of count is news to those who stand: a hint may have woken one for many, and what
 * is stored next would be theirs before it.  Only where something was leased, so that it ends. */
static void wake_for_rest (struct lease_batch *batch)
{
    const PGresult *result = batch->leased;
    for (int row = 0; result && row < PQntuples (result); row++) {
        struct agency *agency =
            agency_find (batch->store, (uint64_t) result_int (result, row, AGENCY));
        if (agency && PQgetisnull (result, row, ID) && result_int (result, row, ATTEMPT) > 0 &&
            pull_of (batch, result, row)->given)
            pull_wake (batch->store, agency, 1);
    }
}

/* A failure is as if nothing had been there: the PULL waits on and looks again later, and is not carried by
 * complaints, for there may be older ones; what is leased already runs out. */
static void batch_end (struct lease_batch *batch)
{
    wake_for_rest (batch);
    for (unsigned i = 0; i < batch->count; i++) {
        batch->pulls[i]->looks_only = batch->pulls[i]->looks_only || !batch->leased;
        batch->pulls[i]->looked = batch->pulls[i]->looked || batch->leased;
        pull_looked (batch->store, batch->pulls[i], batch->look);
    }
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
                          .attachments = result_view (result, row, ATTACHMENTS),
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
            struct lease lease = lease_of (batch->leased, row);
            pull_assign (batch->store, pull_of (batch, batch->leased, row), &lease, &words,
                         any ? &history : NULL);
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
        metric_observe (store_lease_batch_seconds, metric_us () - batch->sent_us);
        metric_observe (store_lease_batch_rows, batch->count);
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
    uint64_t agency;
    UT_hash_handle hh;
};

/* What one statement asks for. */
struct asking {
    struct lease_batch *batch;
    struct named *named, room[PAIRS_MOST];
    unsigned pairs;
};

/* A pair of pull and agency; those that were just found empty are left out. */
static bool is_asked (const struct store *store, const struct standing *of)
{
    return !agency_is_empty (store, of->agency);
}

static bool fits (const struct store *store, const struct asking *asking, const struct pull *pull)
{
    struct named *same = NULL;
    for (uint32_t i = 0; i < pull->agency_count && !same; i++)
        if (is_asked (store, &pull->agencies[i]))
            HASH_FIND (hh, asking->named, &pull->agencies[i].agency, sizeof (uint64_t), same);
    return !same && asking->pairs + pull->agency_count <= PAIRS_MOST;
}

/* How many agencies of it are to be looked at. */
static unsigned name_all (const struct store *store, struct asking *asking, const struct pull *pull)
{
    unsigned before = asking->pairs;
    for (uint32_t i = 0; i < pull->agency_count; i++) {
        if (!is_asked (store, &pull->agencies[i]))
            continue;
        struct named *one = &asking->room[asking->pairs++];
        one->agency = pull->agencies[i].agency;
        HASH_ADD (hh, asking->named, agency, sizeof one->agency, one);
    }
    return asking->pairs - before;
}

/* Pulls that name no agency twice between them.  One that names none with work stands at once.  NULL
 * where nothing is left to ask. */
static struct lease_batch *gather (struct store *store)
{
    static struct asking asking;
    struct lease_batch *batch = xcalloc (1, sizeof *batch);
    struct pull *pull, *next;
    uint64_t look = agency_look (store);
    batch->store = store;
    batch->look = look;
    asking.pairs = 0;
    DL_FOREACH_SAFE (store->pulls.looking, pull, next) {
        if (batch->count == PULLS_MOST)
            break;
        if (!fits (store, &asking, pull))
            continue;
        pull_lift (store, pull);
        if (name_all (store, &asking, pull)) {
            batch->pulls[batch->count++] = pull;
        } else {
            pull->looked = true;
            pull_looked (store, pull, look);
        }
    }
    HASH_CLEAR (hh, asking.named);
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
        if (!is_asked (batch->store, &pull->agencies[i]))
            continue;
        agency_asked (batch->store, pull->agencies[i].agency, batch->look);
        array_int4 (numbers, at + 1);
        array_int4 (agencies, (int64_t) pull->agencies[i].agency);
    }
}

static void send_batch (struct store *store, struct db *db, struct lease_batch *batch)
{
    static struct array numbers, agencies, counts, leases, principals, sessions;
    uint8_t base[8];
    batch->db = db;
    batch->sent_us = metric_us ();
    array_begin (&numbers, OID_INT4);
    array_begin (&agencies, OID_INT4);
    array_begin (&counts, OID_INT4);
    array_begin (&leases, OID_INT4);
    array_begin (&principals, OID_INT4);
    array_begin (&sessions, OID_BYTEA);
    for (unsigned i = 0; i < batch->count; i++) {
        add_pairs (batch, &numbers, &agencies, i);
        array_int4 (&counts, batch->pulls[i]->count);
        array_int4 (&leases, batch->pulls[i]->lease);
        array_int4 (&principals, (int64_t) batch->pulls[i]->principal);
        if (batch->pulls[i]->personal)
            array_bytes (&sessions, batch->pulls[i]->session, sizeof batch->pulls[i]->session);
        else
            array_null (&sessions);
    }
    struct db_value values[] = {array_end (&numbers),    array_end (&agencies),
                                array_end (&counts),     array_end (&leases),
                                array_end (&principals), value_int8 (base, store->version_base),
                                array_end (&sessions)};
    struct db_unit *unit = db_begin (db, on_leased, batch);
    db_binary (unit);
    db_add (unit, SQL_lease_assignments, values, array_len (values));
    db_end (unit);
}

void lease_flush (struct store *store)
{
    struct lease_batch *batch;
    struct db *db;
    while (store->ready && store->pulls.looking && (db = lane_rested (store, &store->leases)))
        if ((batch = gather (store)) != NULL) {
            send_batch (store, db, batch);
            lane_begun (store, &store->leases);
        } else {
            break;
        }
}
