/* recent.c - all records by id, and the lists that their states name.
 *
 * Undrained records are never forgotten; drained ones stay in a bounded table, oldest out first, so
 * that a repeat gets its first answer without asking anybody.
 */
#include "intake.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Each step along a chain is a record that is in no cache by now.  As many buckets as records are remembered commonly
 * keep chains short; to let uthash make more whenever one grows long makes them for ever, and never fewer. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS      131072U /* 2 MiB */
#define HASH_INITIAL_NUM_BUCKETS_LOG2 17U

struct record *recent_find (struct intake *intake, const struct id *id)
{
    struct record *record;
    HASH_FIND (hh, intake->by_id, id, sizeof *id, record);
    return record;
}

static struct record **list_of (struct intake *intake, enum record_state state)
{
    switch (state) {
    case RECORD_GATHERED: return &intake->gathered;
    case RECORD_WAITING: return &intake->waiting;
    case RECORD_OFFERED: return &intake->offered;
    case RECORD_DRAINED: return &intake->drained;
    case RECORD_COMMITTING: break;
    }
    return NULL; /* the commit thread's batch */
}

void record_add (struct intake *intake, struct record *record)
{
    HASH_ADD (hh, intake->by_id, id, sizeof record->id, record);
    struct record **list = list_of (intake, record->state);
    DL_APPEND (*list, record);
    intake->gathered_count += record->state == RECORD_GATHERED;
    intake->drained_count += record->state == RECORD_DRAINED;
}

static void leave_list (struct intake *intake, struct record *record)
{
    struct record **list = list_of (intake, record->state);
    if (list)
        DL_DELETE (*list, record);
    intake->gathered_count -= record->state == RECORD_GATHERED;
}

void record_drop_bytes (struct intake *intake, struct record *record)
{
    if (!record->spool.at)
        return;
    intake->memory -= record->spool.len;
    free ((char *) record->spool.at);
    record->spool.at = NULL;
}

struct record *record_found (const struct record_parts *parts, const struct spool_record *found)
{
    struct record *record = xcalloc (1, sizeof *record);
    record->state = found->drained ? RECORD_DRAINED : RECORD_WAITING;
    record->id = parts->id;
    memcpy (record->digest, parts->digest, sizeof record->digest);
    record->adapter = parts->adapter;
    record->manner = (uint8_t) digest_manner_of (parts);
    record->spool = *found;
    record->spool.at = NULL; /* read back when it is offered */
    return record;
}

void record_undrained (struct intake *intake, struct record *record)
{
    struct record **list = record->again ? &intake->replayed : &intake->undrained;
    DL_APPEND2 (*list, record, older, newer);
    HASH_ADD (hh_seq, intake->by_seq, spool.seq, sizeof record->spool.seq, record);
    if (record->spool.seq > intake->highest_seq)
        intake->highest_seq = record->spool.seq;
}

void recent_frontier (struct intake *intake)
{
    uint64_t frontier = intake->undrained ? intake->undrained->spool.seq - 1 : intake->highest_seq;
    spool_set_frontier (intake->spool, frontier);
}

void record_move (struct intake *intake, struct record *record, enum record_state state)
{
    leave_list (intake, record);
    record->state = state;
    struct record **list = list_of (intake, state);
    if (list)
        DL_APPEND (*list, record);
    if (state != RECORD_DRAINED)
        return;
    (void) fault_point (frontier_before_move);
    spool_drained (intake->spool, &record->spool);
    struct record **undrained = record->again ? &intake->replayed : &intake->undrained;
    DL_DELETE2 (*undrained, record, older, newer);
    record->again = false;
    HASH_DELETE (hh_seq, intake->by_seq, record);
    record_drop_bytes (intake, record);
    intake->drained_count++;
    recent_frontier (intake);
    (void) fault_point (frontier_moved);
}

static void forget (struct intake *intake, struct record *record)
{
    struct waiter *waiter, *next;
    HASH_DELETE (hh, intake->by_id, record);
    LL_FOREACH_SAFE (record->waiters, waiter, next)
        free (waiter);
    named_free (record);
    record_drop_bytes (intake, record);
    free (record);
}

void recent_forget (struct intake *intake, struct record *record)
{
    DL_DELETE (intake->drained, record);
    intake->drained_count--;
    forget (intake, record);
}

void recent_trim (struct intake *intake)
{
    while (intake->drained_count > intake->recent_most)
        recent_forget (intake, intake->drained);
}

void recent_end (struct intake *intake)
{
    struct record *record, *next;
    HASH_CLEAR (hh_seq, intake->by_seq);
    HASH_ITER (hh, intake->by_id, record, next)
        forget (intake, record);
}
