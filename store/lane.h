/* lane.h - connections to PostgreSQL that carry one class of the store's work, and what it means that a statement failed. */
#ifndef ADUAN_STORE_LANE_H
#define ADUAN_STORE_LANE_H

#include "db/db.h"

#define STORE_LANE 4 /* connections of one lane at most */

enum work { WORK_COMPLAINTS, WORK_PULLS, WORK_ACTS, WORK_NOTICES, WORKS };

struct store;

/* Connections that carry one class of work. */
struct lane {
    struct db *db[STORE_LANE];
    unsigned count;
    int64_t not_before; /* mono_ms: it rests after a statement */
};

/* A connection of the lane that is up and idle, or NULL. */
struct db *lane_idle (const struct lane *lane);
/* The same, or NULL while the lane rests. */
struct db *lane_rested (struct store *store, const struct lane *lane);
/* A statement was begun: the next one begins a little later, with what has come meanwhile.  One for each
 * message that comes would cost more than all of them in one. */
void lane_begun (struct store *store, struct lane *lane);
/* The same, or any that is up (pipelined behind others), or NULL. */
struct db *lane_any (const struct lane *lane);

/* What a failed statement means. */
enum failure { FAILURE_OURS, FAILURE_AGAIN, FAILURE_OUTAGE };
enum failure failure_of (const char *sqlstate);
/* What PostgreSQL may refuse while it takes the rest; said once when it begins and when it ends. */
void store_refused (struct store *store, enum work work, const char *sqlstate);
void store_taken (struct store *store, enum work work);
/* Sets `not_before` to `ms` from now; a turn comes when that is over. */
void store_pause (struct store *store, int64_t *not_before, int64_t ms);

#endif
