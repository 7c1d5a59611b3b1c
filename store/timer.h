/* timer.h - the work that looks at complaints when their time has come: timer.c, and recompute.c, which counts due times anew. */
#ifndef ADUAN_TIMER_H
#define ADUAN_TIMER_H

#include "daemon/daemon.h"
#include "db/db.h"
#include "lane.h"

struct store;

/* The work of timer.c and recompute.c, whose states it has. */
enum timers_state { TIMERS_REST, TIMERS_LOCK, TIMERS_COUNT, TIMERS_LOOK, TIMERS_WRITE };

/* How many complaints are taken at once: fewer while one of them cannot be written. */
struct timer_batch {
    unsigned most, whole;
    struct id first; /* of the one under way */
};

struct timers {
    struct lane lane; /* one connection of its own, which has the lock */
    struct timer *timer;
    enum timers_state state;
    bool held;
    bool looks_next;        /* they come twice a second while there is something to count anew */
    int64_t looked_at;      /* mono_ms */
    bool counts;            /* some was counted anew: more may wait */
    bool full;              /* the batch of looks: more may wait */
    bool stepped;           /* the batch has steps */
    unsigned looked, steps; /* of the batch */
    struct timer_batch looking, counting;
};

void timer_begin (struct store *store);
void timer_connection_lost (struct store *store);
void timer_end (struct store *store);

/* What the statement under way is of; the timer's next turn begins when it is back. */
void timer_rests (struct store *store, int64_t ms);
/* A batch could not be written: the next one is half as large; one that fails alone for a fault of ours is left aside by
 * `skip`, whose parameter is its id. */
void timer_failed (struct store *store, struct timer_batch *batch, const struct db_answer *answer,
                   unsigned skip);
void batch_grows (struct timer_batch *batch);
/* Begins a batch of complaints to be looked at. */
void timer_look (struct store *store, struct db *db);
/* recompute.c: begins a batch of due times to be counted anew, or of looks where there is none. */
void recompute_begin (struct store *store, struct db *db);
void recompute_end (void);

#endif
