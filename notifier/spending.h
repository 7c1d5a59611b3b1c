/* spending.h - what SMS have cost today, by recipient and in all (docs/channels.md, "What SMS cost").
 *
 *   known? -no-> Redis is asked -> known -> TAKEN -> sent, or nobody knows: told to Redis
 *                                                 -> not sent: not used
 *
 * A segment that is gone is counted here and, through Redis, for every notifier and for the next life of this one.  With Redis away
 * each process counts what it has seen itself; what it counted meanwhile is told when Redis is back.  Of a number there is
 * only a hash: in memory under a key of this process, in Redis under one of the day (cache/day.h).
 */
#ifndef ADUAN_NOTIFIER_SPENDING_H
#define ADUAN_NOTIFIER_SPENDING_H

#include "daemon/daemon.h"

struct spending;

struct spending_limits {
    unsigned recipient, all; /* segments a day */
};

/* `redis`: as cache_new has it; `turn` is called, never from within spending_known, when something became known that was asked for. */
struct spending *spending_new (struct reactor *reactor, const char *redis,
                               struct spending_limits limits, void (*turn) (void *owner),
                               void *owner);
void spending_free (struct spending **spending);
/* Is it known what was spent on this number today?  If not, Redis is asked, which ends within CACHE_ANSWER_MS; behind the start
 * Redis is waited for, for a second at most.  `now`: wall time, ms, in all that follows. */
bool spending_known (struct spending *spending, const char *to, int64_t now);
/* Takes `segments` for `to`: 0, or the enum why for which they are not to be had today. */
enum why spending_take (struct spending *spending, const char *to, unsigned segments, int64_t now);
/* What became of them: gone, perhaps gone (`used`), or not used after all. */
void spending_settle (struct spending *spending, const char *to, unsigned segments, bool used);

#endif
