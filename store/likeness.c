/* likeness.c - looks for complaints that are alike, aside: docs/duplicates.md, states in store.h.
 *
 * A step takes a few complaints that are not looked at yet, makes their prints, reads the prints near them,
 * compares, and writes all it has found by one statement.  It rests for RESTS times as long as it took, so
 * that it never has more than a tenth of a connection's time.
 */
#include "array.h"
#include "decide/duplicate.h"
#include "domain/number.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define STEP       16   /* newcomers of one step */
#define NEAR_MOST  200  /* prints of a function and regency that each is compared with */
#define KEPT_MOST  10   /* likenesses of each */
#define SWEEP_ROWS 2000 /* complaints that the sweep looks at in one step */
#define PURGE_ROWS 500
#define RESTS      9
#define REST_LEAST 50 /* ms */
#define HINT_MS                                                                                    \
    200 /* a newcomer is looked at so long after it came, with those that come meanwhile */
#define LAP_MS     10000 /* between two rounds of the sweep */
#define SWEEP_TURN 8     /* while there are hints, the sweep has every eighth step */
#define STEP_MS    1000  /* between two steps of a sweep that found nothing */
#define DAY_MS     86400000

struct found {
    struct id other;
    struct likeness likeness;
};

struct newcomer {
    struct id id;
    int64_t function;
    struct print print;
    struct found found[KEPT_MOST]; /* the likest first */
    unsigned found_count;
};

struct likeness_step {
    struct newcomer list[STEP];
    unsigned count;
    struct id swept; /* where the sweep is then */
};

/* ---- ids and times ---------------------------------------------------------------------------- */

/* When it was written stands in its first 48 bits (DESIGN 2.1). */
static int64_t written_at (const struct id *id)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->at[i];
    return ms;
}

/* Ids below this one are too old. */
static struct id window_begin (const struct store *store)
{
    struct id id = {0};
    int64_t ms = wall_ms () - (int64_t) store->likeness.days * DAY_MS;
    for (int i = 5; i >= 0; i--, ms >>= 8)
        id.at[i] = (uint8_t) ms;
    return id;
}

/* ---- resting ---------------------------------------------------------------------------------- */

static void rest_until (struct store *store, int64_t at)
{
    struct likeness_work *work = &store->likeness;
    int64_t now = reactor_now (store->reactor), least = now + RESTS * (now - work->began);
    free (work->step);
    work->step = NULL;
    work->state = LIKENESS_RESTS;
    if (least < now + REST_LEAST)
        least = now + REST_LEAST;
    work->rests_until = least;
    work->wakes = at > least ? at : least;
    reactor_timer_at (work->timer, work->wakes);
}

/* The next step begins when there is reason to. */
static void step_over (struct store *store)
{
    struct likeness_work *work = &store->likeness;
    rest_until (store, work->hint_count ? reactor_now (store->reactor) + HINT_MS : work->sweep_at);
}

/* False: it failed, and rests.  What it had taken of the hints the sweep finds. */
static bool step_goes_on (struct store *store, const struct db_answer *answer)
{
    if (answer->outcome == DB_DONE)
        return true;
    if (answer->outcome == DB_FAILED && failure_of (answer->sqlstate) != FAILURE_AGAIN)
        log_limited (LOG_WARNING, "complaints are not compared for now (SQLSTATE %s)",
                     answer->sqlstate);
    store->likeness.sweep_at = reactor_now (store->reactor) + STEP_MS;
    step_over (store);
    return false;
}

/* ---- writing ---------------------------------------------------------------------------------- */

enum column {
    ID,
    FUNCTION,
    REGENCY,
    REGION,
    LATITUDE,
    LONGITUDE,
    WORDS,
    NEWER,
    OLDER,
    SCORE,
    REASON
};
static const uint32_t column_types[] = {OID_UUID,  OID_INT2, OID_TEXT, OID_TEXT, OID_INT4, OID_INT4,
                                        OID_BYTEA, OID_UUID, OID_UUID, OID_INT2, OID_TEXT};
#define COLUMNS array_len (column_types)
static struct array columns[COLUMNS];

static void add_newcomer (const struct newcomer *newcomer)
{
    uint8_t bytes[PRINT_BYTES_MOST];
    const struct print *print = &newcomer->print;
    array_bytes (&columns[ID], newcomer->id.at, sizeof newcomer->id.at);
    array_int2 (&columns[FUNCTION], newcomer->function);
    array_bytes (&columns[REGENCY], print->region, 5);
    array_view (&columns[REGION], view_of (print->region));
    if (print->located) {
        array_int4 (&columns[LATITUDE], print->latitude);
        array_int4 (&columns[LONGITUDE], print->longitude);
    } else {
        array_null (&columns[LATITUDE]);
        array_null (&columns[LONGITUDE]);
    }
    array_bytes (&columns[WORDS], bytes, print_write (print, bytes));
}

/* Codes and parameters: docs/duplicates.md. */
static void add_reason (const struct likeness *likeness)
{
    struct buffer text = {0};
    buffer_format (&text, "{\"text\": %u, \"near\": \"%s\"", likeness->text,
                   nearness_code (likeness->near));
    if (likeness->near >= NEAR_WALK)
        buffer_format (&text, ", \"metres\": %u", likeness->metres);
    if (likeness->elsewhere)
        buffer_format (&text, ", \"elsewhere\": true");
    buffer_format (&text, ", \"days\": %u}", likeness->days);
    array_bytes (&columns[REASON], text.at, text.len);
    buffer_free (&text);
}

static void add_found (const struct newcomer *newcomer)
{
    for (unsigned i = 0; i < newcomer->found_count; i++) {
        const struct found *found = &newcomer->found[i];
        bool newer = id_compare (&newcomer->id, &found->other) > 0;
        const struct id *first = newer ? &newcomer->id : &found->other,
                        *second = newer ? &found->other : &newcomer->id;
        array_bytes (&columns[NEWER], first->at, sizeof first->at);
        array_bytes (&columns[OLDER], second->at, sizeof second->at);
        array_int2 (&columns[SCORE], found->likeness.score);
        add_reason (&found->likeness);
    }
}

static void on_written (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    if (!step_goes_on (store, answer))
        return;
    metric_add (store_prints_total, (uint64_t) result_int (answer->results[0], 0, 0));
    metric_add (store_alike_total, (uint64_t) result_int (answer->results[0], 0, 1));
    if (store->likeness.sweeps) {
        store->likeness.swept = store->likeness.step->swept;
        store->likeness.swept_known = true;
    }
    step_over (store);
}

static void write_step (struct store *store, struct db *db)
{
    struct likeness_step *step = store->likeness.step;
    struct db_value values[COLUMNS + 1];
    for (size_t i = 0; i < COLUMNS; i++)
        array_begin (&columns[i], column_types[i]);
    for (unsigned i = 0; i < step->count; i++) {
        add_newcomer (&step->list[i]);
        add_found (&step->list[i]);
    }
    for (size_t i = 0; i < COLUMNS; i++)
        values[i] = array_end (&columns[i]);
    values[COLUMNS] = store->likeness.sweeps ? value_id (&step->swept) : (struct db_value){0};
    store->likeness.state = LIKENESS_WRITES;
    struct db_unit *unit = db_begin (db, on_written, store);
    db_binary (unit);
    db_add (unit, SQL_insert_likeness, values, array_len (values));
    db_end (unit);
}

/* ---- comparing -------------------------------------------------------------------------------- */

static void keep (struct newcomer *newcomer, const struct id *other,
                  const struct likeness *likeness)
{
    unsigned at = newcomer->found_count;
    while (at > 0 && newcomer->found[at - 1].likeness.score < likeness->score)
        at--;
    if (at == KEPT_MOST)
        return;
    newcomer->found_count += newcomer->found_count < KEPT_MOST;
    memmove (&newcomer->found[at + 1], &newcomer->found[at],
             (newcomer->found_count - 1 - at) * sizeof (struct found));
    newcomer->found[at] = (struct found){*other, *likeness};
}

static bool same_place (const struct newcomer *newcomer, int64_t function, const char *region)
{
    return newcomer->function == function && strncmp (newcomer->print.region, region, 5) == 0;
}

static void compare (struct store *store, struct newcomer *newcomer, const struct id *other,
                     int64_t function, const struct print *print)
{
    struct duplicate_limits limits = {store->likeness.least, store->likeness.days};
    struct likeness likeness;
    if (same_place (newcomer, function, print->region) && !id_equal (&newcomer->id, other) &&
        duplicate_compare (&newcomer->print, print, &limits, &likeness))
        keep (newcomer, other, &likeness);
}

/* Of rows of both statements: id, function and region stand as here, coordinates as in LATITUDE. */
static void read_place (const PGresult *rows, int row, int region, struct print *ret)
{
    struct view code = result_view (rows, row, region);
    snprintf (ret->region, sizeof ret->region, "%.*s", (int) code.len, code.at ? code.at : "");
    ret->located = !PQgetisnull (rows, row, region + 1) && !PQgetisnull (rows, row, region + 2);
    ret->latitude = (int32_t) result_int (rows, row, region + 1);
    ret->longitude = (int32_t) result_int (rows, row, region + 2);
}

static void on_compared (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    struct likeness_step *step = store->likeness.step;
    if (!step_goes_on (store, answer))
        return;
    const PGresult *rows = answer->results[0];
    for (int row = 0; row < PQntuples (rows); row++) {
        struct id id = result_id (rows, row, 0);
        struct print print = {.at = written_at (&id)};
        struct view words = result_view (rows, row, 6);
        read_place (rows, row, 3, &print);
        if (!print_parse (&print, (const uint8_t *) words.at, words.len))
            continue; /* another version's */
        for (unsigned i = 0; i < step->count; i++)
            compare (store, &step->list[i], &id, result_int (rows, row, 1), &print);
    }
    for (unsigned i = 0; i < step->count; i++)
        for (unsigned j = 0; j < i; j++)
            compare (store, &step->list[i], &step->list[j].id, step->list[j].function,
                     &step->list[j].print);
    struct db *db = lane_any (&store->others);
    if (db)
        write_step (store, db);
    else
        step_over (store);
}

static void read_near (struct store *store, struct db *db)
{
    static struct array functions, regencies;
    struct likeness_step *step = store->likeness.step;
    uint8_t room[8];
    struct id begin = window_begin (store);
    array_begin (&functions, OID_INT2);
    array_begin (&regencies, OID_TEXT);
    for (unsigned i = 0; i < step->count; i++) {
        unsigned before = 0;
        while (before < i && !same_place (&step->list[i], step->list[before].function,
                                          step->list[before].print.region))
            before++;
        if (before < i)
            continue;
        array_int2 (&functions, step->list[i].function);
        array_bytes (&regencies, step->list[i].print.region, 5);
    }
    struct db_value values[] = {array_end (&functions), array_end (&regencies), value_id (&begin),
                                value_int4 (room, NEAR_MOST)};
    store->likeness.state = LIKENESS_COMPARES;
    struct db_unit *unit = db_begin (db, on_compared, store);
    db_binary (unit);
    db_add (unit, SQL_select_prints, values, array_len (values));
    db_end (unit);
}

/* ---- newcomers -------------------------------------------------------------------------------- */

enum { NEW_ID, NEW_FUNCTION, NEW_REGION, NEW_TITLE = 5, NEW_BODY, NEW_LOCATION };

static void read_newcomer (struct store *store, const PGresult *rows, int row)
{
    static struct text text;
    struct likeness_step *step = store->likeness.step;
    struct newcomer *newcomer = &step->list[step->count];
    newcomer->id = result_id (rows, row, NEW_ID);
    newcomer->function = result_int (rows, row, NEW_FUNCTION);
    newcomer->print.at = written_at (&newcomer->id);
    read_place (rows, row, NEW_REGION, &newcomer->print);
    struct view title = result_view (rows, row, NEW_TITLE),
                body = result_view (rows, row, NEW_BODY);
    if (title.len && title.len <= body.len && memcmp (title.at, body.at, title.len) == 0)
        title.len = 0; /* none was given: record.c */
    text_read (&text, title, body, result_view (rows, row, NEW_LOCATION));
    print_read (&newcomer->print, &text);
    step->count++;
}

/* The sweep's last row says how far it got. */
static void read_swept (struct store *store, const PGresult *rows, int row)
{
    struct likeness_work *work = &store->likeness;
    int64_t now = reactor_now (store->reactor);
    bool over = PQgetisnull (rows, row, NEW_ID);
    work->step->swept = over ? (struct id){0} : result_id (rows, row, NEW_ID);
    work->sweep_at = over ? now + LAP_MS : work->step->count ? now : now + STEP_MS;
}

static void on_read (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    struct likeness_work *work = &store->likeness;
    if (!step_goes_on (store, answer))
        return;
    const PGresult *rows = answer->results[0];
    for (int row = 0; row < PQntuples (rows); row++)
        if (PQgetisnull (rows, row, NEW_FUNCTION))
            read_swept (store, rows, row);
        else if (work->step->count < STEP)
            read_newcomer (store, rows, row);
    struct db *db = lane_any (&store->others);
    if (work->step->count && db) {
        read_near (store, db);
        return;
    }
    if (work->sweeps && !work->step->count) {
        work->swept = work->step->swept;
        work->swept_known = true;
    }
    step_over (store);
}

/* ---- a step ----------------------------------------------------------------------------------- */

static void take_hints (struct store *store, struct db *db)
{
    static struct array ids;
    struct likeness_work *work = &store->likeness;
    struct id begin = window_begin (store);
    array_begin (&ids, OID_UUID);
    for (unsigned taken = 0; taken < STEP && work->hint_count; work->hint_count--) {
        const struct id *id = &work->hints[work->hint_first];
        work->hint_first = (work->hint_first + 1) % LIKENESS_HINTS;
        if (id_compare (id, &begin) < 0)
            continue; /* an old one, imported */
        array_bytes (&ids, id->at, sizeof id->at);
        taken++;
    }
    struct db_value values[] = {array_end (&ids)};
    struct db_unit *unit = db_begin (db, on_read, store);
    db_binary (unit);
    db_add (unit, SQL_select_hinted, values, array_len (values));
    db_end (unit);
}

static void on_purged (void *with, const struct db_answer *answer)
{
    (void) with;
    (void) answer; /* what is left is purged with a later step */
}

static void purge (struct db *db, const struct id *begin)
{
    uint8_t room[8];
    struct db_value values[] = {value_id (begin), value_int4 (room, PURGE_ROWS)};
    struct db_unit *unit = db_begin (db, on_purged, NULL);
    db_add (unit, SQL_purge_prints, values, array_len (values));
    db_end (unit);
}

/* A round begins with the oldest complaint that is not too old; the first one where the row says. */
static void sweep (struct store *store, struct db *db)
{
    struct likeness_work *work = &store->likeness;
    struct id begin = window_begin (store);
    uint8_t rows[8], step[8];
    if (work->swept_known && id_zero (&work->swept))
        purge (db, &begin);
    struct db_value values[] = {work->swept_known ? value_id (&work->swept) : (struct db_value){0},
                                value_int4 (rows, SWEEP_ROWS), value_int4 (step, STEP),
                                value_id (&begin)};
    struct db_unit *unit = db_begin (db, on_read, store);
    db_binary (unit);
    db_add (unit, SQL_select_swept, values, array_len (values));
    db_end (unit);
}

static void at_likeness (void *owner)
{
    struct store *store = owner;
    struct likeness_work *work = &store->likeness;
    struct db *db = store->ready ? lane_any (&store->others) : NULL;
    int64_t now = work->began = reactor_now (store->reactor);
    bool sweep_due = now >= work->sweep_at;
    if (!db) {
        rest_until (store, now + STEP_MS);
        return;
    }
    work->sweeps = sweep_due && (work->hint_count == 0 || ++work->turn % SWEEP_TURN == 0);
    if (!work->sweeps && work->hint_count == 0) {
        rest_until (store, work->sweep_at);
        return;
    }
    work->state = LIKENESS_READS;
    work->step = xcalloc (1, sizeof *work->step);
    if (work->sweeps)
        sweep (store, db);
    else
        take_hints (store, db);
}

void likeness_hint (struct store *store, const struct id *id)
{
    struct likeness_work *work = &store->likeness;
    int64_t soon = reactor_now (store->reactor) + HINT_MS;
    if (work->days == 0 || work->hint_count == LIKENESS_HINTS)
        return;
    work->hints[(work->hint_first + work->hint_count++) % LIKENESS_HINTS] = *id;
    if (soon < work->rests_until)
        soon = work->rests_until;
    if (work->state == LIKENESS_RESTS && soon < work->wakes) {
        work->wakes = soon;
        reactor_timer_at (work->timer, soon);
    }
}

void likeness_begin (struct store *store, const struct settings *settings)
{
    struct likeness_work *work = &store->likeness;
    work->days = (uint32_t) settings_number (settings, "likeness.days");
    work->least = (uint32_t) settings_number (settings, "likeness.least");
    if (work->days == 0)
        return;
    work->hints = xcalloc (LIKENESS_HINTS, sizeof *work->hints);
    work->timer = reactor_timer (store->reactor, 0, at_likeness, store);
    work->began = reactor_now (store->reactor);
    rest_until (store, work->began + STEP_MS);
}

void likeness_end (struct store *store)
{
    reactor_timer_forget (&store->likeness.timer);
    free (store->likeness.step);
    free (store->likeness.hints);
    text_thread_end ();
}
