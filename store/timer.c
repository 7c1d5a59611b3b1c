/* timer.c - looks at complaints when their time has come, and does what is due (docs/deadlines.md).
 *
 *   state    it                                  leaves it when
 *   RESTS    waits                               its timer is over: LOCKS, COUNTS or LOOKS
 *   LOCKS    asks for the lock                   held: COUNTS; another store has it: RESTS
 *   COUNTS   reads and writes due times that     none is left: LOOKS (recompute.c)
 *            are to be counted anew
 *   LOOKS    reads complaints to be looked at    some: WRITES; none: RESTS
 *   WRITES   what they need                      committed: RESTS, or LOOKS at once where more may wait
 *   any      the statement fails or the          RESTS: rows say what is left to do
 *            connection breaks
 *
 * While there is something to count a batch of looks comes twice a second.  A complaint whose due times are to be counted anew is not looked at before, so that
 * a new calendar's breaches are its own.
 */
#include "array.h"
#include "overdue.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define LOOKS      256 /* of a batch */
#define COUNTS     1000
#define REST_MS    500
#define LOCK_MS    5000
#define TROUBLE_MS 2000 /* something failed, or nothing of a batch could be written */

enum {
    AT,
    ID,
    NOW,
    VERSION,
    STATE,
    CLASS,
    FLAGS,
    RECEIVED,
    DUE_VERIFY,
    DUE_FIRST,
    DUE_RESOLVE,
    HOLDER,
    AGENCY,
    PLACED_BY,
    FOLLOWED,
    FOLLOW,
    FOLLOW_EVENT,
    WORD_EVENT,
    ASKED,
    ASK_EVENT,
    ASKED_FROM,
    RESUMED,
    ANNULLED_VERIFY,
    ANNULLED_FIRST,
    ANNULLED_RESOLVE,
    DONE,
    UNSENT,
    UNDELIVERED,
    ABOVE
};

void timer_rests (struct store *store, int64_t ms)
{
    store->timers.state = TIMERS_REST;
    reactor_timer_at (store->timers.timer, reactor_now (store->reactor) + ms);
}

/* ---- batches that fail ----------------------------------------------------------------------- */

static void on_skipped (void *with, const struct db_answer *answer)
{
    (void) answer; /* if it failed the batch of one fails again */
    timer_rests (with, 0);
}

void timer_failed (struct store *store, struct timer_batch *batch, const struct db_answer *answer,
                   unsigned skip)
{
    struct db *db = lane_idle (&store->timers.lane);
    bool ours = answer->outcome == DB_FAILED && failure_of (answer->sqlstate) == FAILURE_OURS;
    if (answer->outcome == DB_FAILED)
        log_limited (LOG_WARNING, "what is due cannot be written: SQLSTATE %s %s; tried again",
                     answer->sqlstate, answer->constraint);
    if (!ours || !db || batch->most > 1) {
        batch->most = ours && batch->most > 1 ? batch->most / 2 : batch->most;
        timer_rests (store, ours ? 0 : TROUBLE_MS);
        return;
    }
    log_error (
        "%s: what is due of it cannot be written (SQLSTATE %s %s): left aside, looked at again in an hour",
        id_text (&batch->first), answer->sqlstate, answer->constraint);
    struct db_value value = value_id (&batch->first);
    struct db_unit *unit = db_begin (db, on_skipped, store);
    db_add (unit, skip, &value, 1);
    db_end (unit);
}

void batch_grows (struct timer_batch *batch)
{
    batch->most = batch->most * 2 < batch->whole ? batch->most * 2 : batch->whole;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The columns of write_looks.sql; kept from batch to batch, one thread composes. */
enum column {
    LOOKED,
    HAS,
    COUNT,
    BECOMES,
    NEXT,
    STEP_OF,
    STEP_KIND,
    STEP_KEY,
    STEP_AGENCY,
    STEP_NTH,
    STEP_DATA,
    STEP_TEMPLATE,
    GONE_AT,
    GONE,
    COLUMNS
};
static const uint32_t column_types[COLUMNS] = {
    OID_UUID, OID_INT8, OID_INT4, OID_INT4, OID_TIMESTAMPTZ, OID_UUID,        OID_INT4,
    OID_UUID, OID_INT4, OID_INT4, OID_TEXT, OID_INT4,        OID_TIMESTAMPTZ, OID_UUID};
static struct array columns[COLUMNS];

static void on_written (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    if (answer->outcome != DB_DONE) {
        timer_failed (store, &store->timers.looking, answer, SQL_skip_wakes);
        return;
    }
    batch_grows (&store->timers.looking);
    const PGresult *rows = answer->results[0];
    unsigned told = 0;
    (void) fault_point (looks_committed);
    for (int row = 0; row < PQntuples (rows); row++) {
        struct id id = result_id (rows, row, 0);
        told += (unsigned) result_int (rows, row, 2);
        if (result_int (rows, row, 1))
            words_drop (store, &id);
    }
    if (told)
        outbox_has_news (store, told);
    metric_add (store_looks_total, store->timers.looked);
    metric_add (store_timer_events_total, store->timers.steps);
    bool stuck = store->timers.stepped && PQntuples (rows) == 0;
    timer_rests (store, stuck                                        ? TROUBLE_MS
                        : store->timers.full || store->timers.counts ? 0
                                                                     : REST_MS);
}

static void add_steps (const struct id *id, const struct steps *steps)
{
    for (unsigned i = 0; i < steps->count; i++) {
        const struct step *step = &steps->at[i];
        array_bytes (&columns[STEP_OF], id->at, sizeof id->at);
        array_int4 (&columns[STEP_KIND], step->kind);
        array_bytes (&columns[STEP_KEY], step->key.at, sizeof step->key.at);
        if (step->agency)
            array_int4 (&columns[STEP_AGENCY], (int64_t) step->agency);
        else
            array_null (&columns[STEP_AGENCY]);
        array_int4 (&columns[STEP_NTH], i + 1);
        array_bytes (&columns[STEP_DATA], step->data, strlen (step->data));
        array_int4 (&columns[STEP_TEMPLATE], step->template);
    }
}

static void add_look (struct store *store, const struct id *id, int64_t version,
                      const struct steps *steps)
{
    array_bytes (&columns[LOOKED], id->at, sizeof id->at);
    array_int8 (&columns[HAS], version);
    array_int4 (&columns[COUNT], steps->count);
    array_int4 (&columns[BECOMES], steps->becomes);
    if (steps->next)
        array_time (&columns[NEXT], steps->next);
    else
        array_null (&columns[NEXT]);
    add_steps (id, steps);
    store->timers.looked++;
    store->timers.steps += steps->count;
    store->timers.stepped = store->timers.stepped || steps->count;
}

static void write_looks (struct store *store, struct db *db)
{
    struct db_value values[COLUMNS + 1];
    uint8_t base[8];
    for (int i = 0; i < COLUMNS; i++)
        values[i] = array_end (&columns[i]);
    values[COLUMNS] = value_int8 (base, store->version_base);
    store->timers.state = TIMERS_WRITE;
    (void) fault_point (looks_found);
    struct db_unit *unit = db_begin (db, on_written, store);
    db_binary (unit);
    db_add (unit, SQL_write_looks, values, array_len (values));
    db_end (unit);
}

/* ---- looking --------------------------------------------------------------------------------- */

static struct watched read_row (const PGresult *rows, int row)
{
    struct watched watched = {.now = result_ms (rows, row, NOW),
                              .received = result_ms (rows, row, RECEIVED),
                              .state = (unsigned) result_int (rows, row, STATE),
                              .class = (unsigned) result_int (rows, row, CLASS),
                              .holder = (uint64_t) result_int (rows, row, HOLDER),
                              .agency = (uint64_t) result_int (rows, row, AGENCY),
                              .placed_by = (uint64_t) result_int (rows, row, PLACED_BY),
                              .followed = result_ms (rows, row, FOLLOWED),
                              .follow = result_ms (rows, row, FOLLOW),
                              .follow_event = (unsigned) result_int (rows, row, FOLLOW_EVENT),
                              .word_event = (unsigned) result_int (rows, row, WORD_EVENT),
                              .asked = result_ms (rows, row, ASKED),
                              .ask_event = (unsigned) result_int (rows, row, ASK_EVENT),
                              .asked_from = (unsigned) result_int (rows, row, ASKED_FROM),
                              .resumed = (unsigned) result_int (rows, row, RESUMED),
                              .tells = (result_int (rows, row, FLAGS) & FLAG_BIT_CONTACT) != 0,
                              .unsent = result_bool (rows, row, UNSENT),
                              .undelivered = result_bool (rows, row, UNDELIVERED),
                              .done = result_view (rows, row, DONE),
                              .above = result_view (rows, row, ABOVE)};
    for (int clock = 0; clock < CLOCK_PROMISES; clock++) {
        watched.due[clock] = result_ms (rows, row, DUE_VERIFY + clock);
        watched.annulled[clock] = (unsigned) result_int (rows, row, ANNULLED_VERIFY + clock);
    }
    return watched;
}

/* A complaint may have several rows, one behind the other: it is looked at once. */
static void look_at (struct store *store, const PGresult *rows)
{
    static struct steps steps; /* large, and used by one thread */
    struct id last = {0};
    for (int i = 0; i < COLUMNS; i++)
        array_begin (&columns[i], column_types[i]);
    store->timers.looked = store->timers.steps = 0;
    store->timers.stepped = false;
    for (int row = 0; row < PQntuples (rows); row++) {
        struct id id = result_id (rows, row, ID);
        struct view at = result_view (rows, row, AT);
        array_bytes (&columns[GONE_AT], at.at, at.len);
        array_bytes (&columns[GONE], id.at, sizeof id.at);
        if (row && id_equal (&id, &last))
            continue;
        last = id;
        struct watched watched = read_row (rows, row);
        overdue_find (&watched, &store->counting.limits, &store->counting.calendar.counts, &steps);
        add_look (store, &id, result_int (rows, row, VERSION), &steps);
    }
}

static void note_lateness (const PGresult *rows)
{
    int64_t late = 0;
    for (int row = 0; row < PQntuples (rows); row++) {
        int64_t here = result_ms (rows, row, NOW) - result_ms (rows, row, AT);
        late = here > late ? here : late;
    }
    metric_set (store_timer_late_seconds, late);
}

static void on_wakes (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    struct db *db = lane_idle (&store->timers.lane);
    if (answer->outcome != DB_DONE || !db) {
        timer_rests (store, TROUBLE_MS);
        return;
    }
    const PGresult *rows = answer->results[0];
    store->timers.full = PQntuples (rows) == (int) store->timers.looking.most;
    note_lateness (rows);
    if (PQntuples (rows) == 0) {
        timer_rests (store, store->timers.counts ? 0 : REST_MS);
        return;
    }
    store->timers.looking.first = result_id (rows, 0, ID);
    look_at (store, rows);
    write_looks (store, db);
}

void timer_look (struct store *store, struct db *db)
{
    uint8_t most[8];
    struct db_value values[] = {value_int4 (most, store->timers.looking.most)};
    store->timers.state = TIMERS_LOOK;
    store->timers.looks_next = false;
    store->timers.looked_at = reactor_now (store->reactor);
    struct db_unit *unit = db_begin (db, on_wakes, store);
    db_binary (unit);
    db_add (unit, SQL_select_wakes, values, array_len (values));
    db_end (unit);
}

/* ---- the lock -------------------------------------------------------------------------------- */

static void on_held (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    bool held = answer->outcome == DB_DONE && result_bool (answer->results[0], 0, 0);
    if (held)
        log_info ("this store works the timers");
    store->timers.held = held;
    metric_set (store_timers_held, held);
    timer_rests (store, held ? 0 : LOCK_MS);
}

static void ask_lock (struct store *store, struct db *db)
{
    store->timers.state = TIMERS_LOCK;
    struct db_unit *unit = db_begin (db, on_held, store);
    db_binary (unit);
    db_add (unit, SQL_hold_timers, NULL, 0);
    db_end (unit);
}

void timer_connection_lost (struct store *store)
{
    store->timers.held = false; /* PostgreSQL has freed it */
    metric_set (store_timers_held, 0);
}

static void at_timer (void *owner)
{
    struct store *store = owner;
    struct db *db = store->ready && publish_counts (store) ? lane_idle (&store->timers.lane) : NULL;
    if (store->timers.state != TIMERS_REST)
        return;
    if (!db)
        timer_rests (store, REST_MS);
    else if (!store->timers.held)
        ask_lock (store, db);
    else if (store->timers.looks_next)
        timer_look (store, db);
    else
        recompute_begin (store, db);
}

void timer_begin (struct store *store)
{
    store->timers.looking = (struct timer_batch){.most = LOOKS, .whole = LOOKS};
    store->timers.counting = (struct timer_batch){.most = COUNTS, .whole = COUNTS};
    store->timers.timer = reactor_timer (store->reactor, mono_ms () + REST_MS, at_timer, store);
}

void timer_end (struct store *store)
{
    for (int i = 0; i < COLUMNS; i++)
        array_free (&columns[i]);
    recompute_end ();
    reactor_timer_forget (&store->timers.timer);
}
