/* keep.c - which segments there are: the reserve and the spare are made, drained ones go.  See spool.h.
 *
 * A thread of its own, the maker, does what the disk may stall at: zeroing and unlinking.
 */
#include "base/fault.h"
#include "base/log.h"
#include "recover.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

/* ---- the maker ----------------------------------------------------------------------------- */

/* What the reactor has retired.  The lock is not held while the disk works. */
static void unlink_retired (struct spool *spool)
{
    while (spool->retired) {
        struct segment *segment = spool->retired;
        DL_DELETE (spool->retired, segment);
        pthread_mutex_unlock (&spool->lock);
        if (unlink (segment->path) != 0)
            log_limited (LOG_ERROR, "%s: cannot be unlinked (%s)", segment->path, strerror (errno));
        uint64_t taken = segment_taken (segment);
        segment_free (segment);
        pthread_mutex_lock (&spool->lock);
        spool->bytes -= taken;
    }
}

/* Where the next empty segment belongs; NULL: none is wanted. */
static struct segment **place_for_empty (struct spool *spool)
{
    bool room =
        spool->bytes + (uint64_t) spool->options.segment_bytes <= (uint64_t) spool->options.bytes;
    if (!room || (spool->reserve && spool->spare))
        return NULL;
    return spool->reserve ? &spool->spare : &spool->reserve;
}

static void rest_a_second (struct spool *spool)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    pthread_cond_timedwait (&spool->spare_wanted, &spool->lock, &until);
}

/* Makes the reserve, and the next spare whenever there is none, so that a commit never waits for
 * zeroes.  One that cannot be made is thrown away, and tried again by the second: it harms nobody but
 * the spare (P6). */
void *spool_make_spares (void *owner)
{
    struct spool *spool = owner;
    int64_t size = spool->options.segment_bytes;
    bool rested = false;
    pthread_mutex_lock (&spool->lock);
    while (!spool->stopping) {
        unlink_retired (spool);
        struct segment **place = place_for_empty (spool), *made = NULL;
        if (!place || (spool->spare_failed && !rested)) {
            rest_a_second (spool);
            rested = true;
            continue;
        }
        uint64_t number = spool->next_number++;
        spool->bytes += (uint64_t) size;
        pthread_mutex_unlock (&spool->lock);
        int result = segment_make (spool->folder, spool->key, number, 0, size, &made);
        pthread_mutex_lock (&spool->lock);
        rested = false;
        spool->spare_failed = result != 0;
        *place = made;
        if (!made)
            spool->bytes -= (uint64_t) size;
    }
    unlink_retired (spool);
    pthread_mutex_unlock (&spool->lock);
    return NULL;
}

/* ---- what may go ---------------------------------------------------------------------------- */

static bool is_dirty (const struct spool *spool)
{
    return spool->state_unsaved || spool->frontier != spool->written.frontier;
}

/* Does the disk know that all of it is drained?  Only then may it go, or a start would miss it. */
static bool known_drained (const struct spool *spool, const struct segment *segment)
{
    const struct spool_state *saved = &spool->saved;
    uint64_t seq = segment->first_seq > saved->frontier ? segment->first_seq : saved->frontier + 1;
    for (uint64_t i = 0; i < saved->gap_count && seq <= segment->last_seq; i++)
        if (seq >= saved->gaps[i].first && seq <= saved->gaps[i].last)
            seq = saved->gaps[i].last + 1;
    return seq > segment->last_seq;
}

bool spool_unsaved (struct spool *spool)
{
    const struct segment *segment;
    pthread_mutex_lock (&spool->lock);
    bool wanted =
        spool_room_left (spool) >= 3 * STATE_ROOM; /* the last room is for what frees a segment */
    DL_FOREACH (spool->segments, segment)
        wanted |=
            segment != spool->active && !segment->undrained && !known_drained (spool, segment);
    bool unsaved = is_dirty (spool) && wanted;
    pthread_mutex_unlock (&spool->lock);
    return unsaved;
}

/* Drained, and the disk knows it, or there is no way to tell it more. */
static bool may_go (const struct spool *spool, const struct segment *segment)
{
    return !segment->undrained && !segment->uncopied && !mutant (drained_kept) &&
           (known_drained (spool, segment) || !is_dirty (spool) ||
            spool_room_left (spool) < STATE_ROOM);
}

/* The disk is full: spare or reserve cannot be made. */
static bool lacks_room (const struct spool *spool)
{
    return spool->spare_failed && (!spool->spare || !spool->reserve);
}

bool spool_lacks_room (struct spool *spool)
{
    pthread_mutex_lock (&spool->lock);
    bool lacks = lacks_room (spool);
    pthread_mutex_unlock (&spool->lock);
    return lacks;
}

/* By age, and earlier where less than 30 % of the size is free, or the disk has no room for a spare.
 * One that is not drained keeps itself, not those behind it: a single complaint that cannot be placed
 * must not fill the spool. */
void spool_retire (struct spool *spool, uint64_t walking)
{
    int64_t now = wall_ms ();
    struct segment *segment, *next;
    pthread_mutex_lock (&spool->lock);
    bool no_room = lacks_room (spool);
    uint64_t going = 0;
    DL_FOREACH (spool->retired, segment)
        going += segment_taken (segment);
    DL_FOREACH_SAFE (spool->segments, segment, next) {
        bool full = no_room || (spool->bytes - going) * 10 > (uint64_t) spool->options.bytes * 7;
        bool old = now - segment->newest_ms > spool->options.keep_ms;
        if (segment == spool->active || (walking && segment->number >= walking))
            break;
        if (!(old || full) || !may_go (spool, segment))
            continue;
        if (!old) {
            spool->retired_early++;
            log_limited (LOG_WARNING,
                         "%s: drained, and unlinked %" PRId64 " s before its time: the spool is "
                         "small, or the disk is full",
                         segment->path,
                         (spool->options.keep_ms - (now - segment->newest_ms)) / 1000);
        }
        DL_DELETE (spool->segments, segment);
        DL_APPEND (spool->retired, segment);
        going += segment_taken (segment);
        if (no_room)
            spool->spare_failed = no_room = false; /* one at a time: is that enough for a spare? */
    }
    pthread_cond_signal (&spool->spare_wanted);
    pthread_mutex_unlock (&spool->lock);
}
