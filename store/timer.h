/* timer.h - what timer.c and recompute.c share. */
#ifndef ADUAN_TIMER_H
#define ADUAN_TIMER_H

#include "array.h"
#include "overdue.h"
#include "store.h"

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
