/* likeness.h - the work that looks for complaints that are alike, aside. */
#ifndef ADUAN_STORE_LIKENESS_H
#define ADUAN_STORE_LIKENESS_H

#include "daemon/daemon.h"

struct store;

/* The work of likeness.c; docs/duplicates.md has its failure table.
 *
 *   state     it                           leaves it when
 *   RESTS     waits for its timer          over: READS, if there is anything to look at
 *   READS     reads new complaints         read: COMPARES; none of them is to be looked at: RESTS
 *   COMPARES  reads prints near them       compared: WRITES
 *   WRITES    prints, likenesses, sweep    committed: RESTS
 *   any       its statement fails or       RESTS: rows say what is left to do
 *             the connection breaks
 */
enum likeness_state { LIKENESS_RESTS, LIKENESS_READS, LIKENESS_COMPARES, LIKENESS_WRITES };

#define LIKENESS_HINTS 8192

struct likeness_step;

struct likeness_work {
    struct timer *timer;
    enum likeness_state state;
    struct likeness_step *step; /* under way */
    struct id *hints;           /* [LIKENESS_HINTS] a ring */
    unsigned hint_first, hint_count;
    bool sweeps; /* this step is the sweep's */
    unsigned turn;
    bool swept_known;           /* not yet: the row says it */
    struct id swept;            /* zero: from the window's beginning */
    int64_t sweep_at;           /* mono_ms: not before */
    int64_t began;              /* mono_ms: this step */
    int64_t rests_until, wakes; /* mono_ms: at least; by the timer */
    uint32_t days, least;       /* settings */
};

/* likeness.c */
void likeness_begin (struct store *store, const struct settings *settings);
/* A complaint that anybody may read was stored. */
void likeness_hint (struct store *store, const struct id *id);
void likeness_end (struct store *store);

#endif
