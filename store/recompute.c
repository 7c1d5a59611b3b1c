/* recompute.c - due times are counted anew where calendar, limits or a class have changed (docs/deadlines.md).
 *
 * Rows of `recompute` say what is left; those of a batch go with the commit that writes what it found.
 */
#include "array.h"
#include "overdue.h"
#include "store.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TROUBLE_MS     500
#define LOOKS_EVERY_MS 500 /* while there is much to count */
#define PAUSES_MOST    64

enum {
    ID,
    VERSION,
    STATE,
    CLASS,
    RECEIVED,
    DUE_VERIFY,
    DUE_FIRST,
    DUE_RESOLVE,
    AGENCY,
    BEGAN,
    PLACED,
    PLACED_BY,
    FOLLOWED,
    PAUSES,
    LATE_VERIFY,
    LATE_FIRST,
    LATE_RESOLVE,
    ANNULLED_VERIFY,
    ANNULLED_FIRST,
    ANNULLED_RESOLVE,
    NOW,
    ANNULS,
    FIRST_ROUND,
    COUNTING
};

/* The columns of write_recomputed.sql. */
enum column {
    COUNTED,
    HAS,
    COUNT,
    VERIFY,
    FIRST,
    RESOLVE,
    LOOKS,
    STEP_OF,
    STEP_KIND,
    STEP_KEY,
    STEP_NTH,
    STEP_DATA,
    COLUMNS
};
static const uint32_t column_types[COLUMNS] = {
    OID_UUID, OID_INT8, OID_INT4, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ,
    OID_BOOL, OID_UUID, OID_INT4, OID_UUID,        OID_INT4,        OID_TEXT};
static struct array columns[COLUMNS];

/* ---- one complaint --------------------------------------------------------------------------- */

struct counted {
    struct clock_pause pauses[PAUSES_MOST];
    size_t pause_count;
    int64_t due[CLOCK_PROMISES]; /* 0: that one has none */
    struct steps steps;
};

static void read_pauses (struct view bytes, struct counted *ret)
{
    ret->pause_count = 0;
    for (size_t i = 0; i + 16 <= bytes.len && ret->pause_count < PAUSES_MOST; i += 16) {
        uint64_t from, to;
        memcpy (&from, bytes.at + i, sizeof from);
        memcpy (&to, bytes.at + i + sizeof from, sizeof to);
        ret->pauses[ret->pause_count++] =
            (struct clock_pause){(int64_t) be64toh (from), (int64_t) be64toh (to)};
    }
}

/* Start, end (0: it runs) and agency of a clock; false: it never started. */
static bool clock_of (const PGresult *rows, int row, enum clock clock, int64_t *start, int64_t *end,
                      uint64_t *agency)
{
    int64_t placed = result_ms (rows, row, PLACED), began = result_ms (rows, row, BEGAN),
            received = result_ms (rows, row, RECEIVED);
    *end = 0;
    *agency = (uint64_t) result_int (rows, row, clock == CLOCK_FIRST ? PLACED_BY : AGENCY);
    *start = received;
    if (clock == CLOCK_FIRST) {
        *start = placed;
        *end = result_ms (rows, row, FOLLOWED);
    } else if (clock == CLOCK_VERIFY) {
        *start = began ? began : received;
        *end = placed;
    }
    return *start != 0;
}

/* A clock that has stopped is counted only for the breach that stands. */
static void count_clock (struct store *store, const PGresult *rows, int row, enum clock clock,
                         struct counted *counted)
{
    int64_t start, end, old = result_ms (rows, row, DUE_VERIFY + (int) clock);
    uint64_t agency;
    bool late = result_int (rows, row, LATE_VERIFY + (int) clock) > 0;
    unsigned annulled = (unsigned) result_int (rows, row, ANNULLED_VERIFY + (int) clock);
    counted->due[clock] = old;
    if (!clock_of (rows, row, clock, &start, &end, &agency) || (end && !late) || (!old && !late))
        return;
    const struct limits *limits =
        limits_find (&store->counting.limits, result_ms (rows, row, RECEIVED), agency);
    int zone = workday_zone (old ? old : result_ms (rows, row, DUE_RESOLVE));
    int64_t due =
        clock_due (start, limits_days (limits, clock, (uint32_t) result_int (rows, row, CLASS)),
                   counted->pauses, counted->pause_count, zone, &store->counting.calendar.counts);
    if (old && due != old) {
        counted->due[clock] = due;
        step_add (&counted->steps, STEP_RECOMPUTED, id_random (),
                  "{\"clock\":\"%s\",\"old\":\"%s\",\"new\":\"%s\",\"calendar\":%" PRId64 "}",
                  clock_name (clock), instant_text (old), instant_text (due),
                  store->counting.calendar_version);
    }
    int64_t judged = end ? end : result_ms (rows, row, NOW);
    if (late && result_bool (rows, row, ANNULS) && old <= judged && judged < due)
        step_add (&counted->steps, STEP_ANNULLED, step_key (STEP_ANNULLED, clock, annulled, 0),
                  "{\"clock\":\"%s\",\"due\":\"%s\",\"calendar\":%" PRId64 "}", clock_name (clock),
                  instant_text (due), store->counting.calendar_version);
}

static void add_due (enum column column, int64_t due)
{
    if (due)
        array_time (&columns[column], due);
    else
        array_null (&columns[column]);
}

static void count_one (struct store *store, const PGresult *rows, int row)
{
    static struct counted counted; /* large, and used by one thread */
    struct id id = result_id (rows, row, ID);
    counted.steps.count = 0;
    read_pauses (result_view (rows, row, PAUSES), &counted);
    for (enum clock clock = CLOCK_VERIFY; clock <= CLOCK_RESOLVE; clock++) {
        counted.due[clock] = 0;
        if (result_int (rows, row, STATE) < 7)
            count_clock (store, rows, row, clock, &counted);
    }
    array_bytes (&columns[COUNTED], id.at, sizeof id.at);
    array_int8 (&columns[HAS], result_int (rows, row, VERSION));
    array_int4 (&columns[COUNT], counted.steps.count);
    add_due (VERIFY, counted.due[CLOCK_VERIFY]);
    add_due (FIRST, counted.due[CLOCK_FIRST]);
    add_due (RESOLVE, counted.due[CLOCK_RESOLVE]);
    array_bool (&columns[LOOKS], counted.steps.count || result_bool (rows, row, FIRST_ROUND));
    for (unsigned i = 0; i < counted.steps.count; i++) {
        const struct step *step = &counted.steps.at[i];
        array_bytes (&columns[STEP_OF], id.at, sizeof id.at);
        array_int4 (&columns[STEP_KIND], step->kind);
        array_bytes (&columns[STEP_KEY], step->key.at, sizeof step->key.at);
        array_int4 (&columns[STEP_NTH], i + 1);
        array_bytes (&columns[STEP_DATA], step->data, strlen (step->data));
    }
}

/* ---- a batch --------------------------------------------------------------------------------- */

static void on_written (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    if (answer->outcome != DB_DONE) {
        timer_failed (store, &store->timers.counting, answer, SQL_skip_recompute);
        return;
    }
    batch_grows (&store->timers.counting);
    const PGresult *rows = answer->results[0];
    (void) fault_point (recompute_committed);
    for (int row = 0; row < PQntuples (rows); row++) {
        struct id id = result_id (rows, row, 0);
        words_drop (store, &id);
    }
    metric_add (store_recomputed_total, (uint64_t) PQntuples (rows));
    timer_rests (store, 0);
}

static void write_batch (struct store *store, struct db *db, const PGresult *rows)
{
    struct db_value values[COLUMNS + 2];
    uint8_t base[8], counting[8];
    for (int i = 0; i < COLUMNS; i++)
        array_begin (&columns[i], column_types[i]);
    for (int row = 0; row < PQntuples (rows); row++)
        count_one (store, rows, row);
    for (int i = 0; i < COLUMNS; i++)
        values[i] = array_end (&columns[i]);
    values[COLUMNS] = value_int8 (base, store->version_base);
    values[COLUMNS + 1] = value_int8 (counting, store->counting.version);
    store->timers.counting.first = result_id (rows, 0, ID);
    (void) fault_point (recompute_found);
    struct db_unit *unit = db_begin (db, on_written, store);
    db_binary (unit);
    db_add (unit, SQL_write_recomputed, values, array_len (values));
    db_end (unit);
}

static void on_read (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    struct db *db = lane_idle (&store->timers.lane);
    if (answer->outcome != DB_DONE || !db) {
        timer_rests (store, TROUBLE_MS);
        return;
    }
    const PGresult *rows = answer->results[1];
    store->timers.counts = PQntuples (rows) > 0;
    store->timers.looks_next =
        reactor_now (store->reactor) >= store->timers.looked_at + LOOKS_EVERY_MS;
    if (PQntuples (rows) == 0) {
        timer_look (store, db);
    } else if (result_int (rows, 0, COUNTING) != store->counting.version) {
        timer_rests (store, TROUBLE_MS); /* publish.c is about to learn of it */
    } else {
        write_batch (store, db, rows);
    }
}

void recompute_begin (struct store *store, struct db *db)
{
    uint8_t most[8];
    struct db_value values[] = {value_int4 (most, store->timers.counting.most)};
    store->timers.state = TIMERS_COUNT;
    struct db_unit *unit = db_begin (db, on_read, store);
    db_binary (unit);
    db_add (unit, SQL_recompute_again, NULL, 0);
    db_add (unit, SQL_select_recompute, values, array_len (values));
    db_end (unit);
}

void recompute_end (void)
{
    for (int i = 0; i < COLUMNS; i++)
        array_free (&columns[i]);
}
