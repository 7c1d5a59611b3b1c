/* cache.h - a connection to Redis that nobody waits for: counters that expire, and small values that all processes share.
 *
 *     AWAY -> CONNECTING -> HERE -> LATE -> HERE
 *      ^___________|__________|______|  a pause that doubles: CACHE_PAUSE_MS to CACHE_PAUSE_MOST_MS
 *
 * Redis holds what can be counted anew (RELIABILITY P23): every key has an end, nothing is read to decide about a case, and
 * whoever asks can do without the answer.  Each question ends within CACHE_ANSWER_MS, answered or not.  While one is overdue
 * (LATE) further ones end at once; after CACHE_SILENT_MS the connection is given up.  hiredis 0.14 has no deadlines of its
 * own, and its redisReconnect loses those that there are (RELIABILITY 4.4): a connection is never used again after an error.
 *
 * One line says that Redis is away, one that it is back.  Keys and values are bytes; whoever puts something personal into them
 * hashes it first.
 */
#ifndef ADUAN_CACHE_H
#define ADUAN_CACHE_H

#include "base/base.h"
#include "daemon/reactor.h"

#define CACHE_ANSWER_MS     50
#define CACHE_SILENT_MS     1000
#define CACHE_CONNECT_MS    500
#define CACHE_PAUSE_MS      500
#define CACHE_PAUSE_MOST_MS 10000
#define CACHE_VALUE_MOST    64   /* bytes of a shared value */
#define CACHE_WAITING_MOST  4096 /* questions under way; those beyond end at once */

struct cache;

/* `total`: what all processes have counted under the key, those of this question included; -1: nobody knows. */
typedef void cache_count_fn (void *with, int64_t total);
/* `value` is empty where nobody knows; valid during the call. */
typedef void cache_value_fn (void *with, struct view value);

/* Connects to `where`, "unix:PATH" or "tcp://ADDRESS:PORT" (no names: a resolver would block), and again after each loss.
 * NULL or "": there is no Redis, every question ends unanswered.  Never NULL; `where` is copied. */
struct cache *cache_new (struct reactor *reactor, const char *where);
/* Ends every question, unanswered, during the call. */
void cache_free (struct cache **cache);
/* Is `where` an address that cache_new understands? */
bool cache_where_valid (const char *where);
/* Would a question be sent now? */
bool cache_is_up (const struct cache *cache);
/* Questions that ended unanswered because their time was over. */
uint64_t cache_late (const struct cache *cache);

/* Adds `count`, which may be below 0, to the counter `key`, which begins with 0 and ends `life_ms` after its first count.  `then` is called once:
 * at once where there is nobody to ask, else from a later turn, within CACHE_ANSWER_MS.  `then` may be NULL. */
void cache_count (struct cache *cache, struct view key, int64_t count, int64_t life_ms,
                  cache_count_fn *then, void *with);
/* The value that all processes share under `key`: what is there, else `mine` (at most CACHE_VALUE_MOST bytes) for `life_ms`.
 * `then` as with cache_count. */
void cache_share (struct cache *cache, struct view key, struct view mine, int64_t life_ms,
                  cache_value_fn *then, void *with);

#endif
