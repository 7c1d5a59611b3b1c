/* replay.c - what a database may have lost is offered again; what the next start must know about it.
 *
 * A database that is another one, or is not as far as the one we knew, may have lost rows that it once
 * confirmed: everything retained is offered again, the primary key sorts it out (RELIABILITY P12).
 * Connections overtake each other, so that a small step back means nothing while it is young; below
 * what was the farthest ten seconds ago it means that the database went back.
 */
#include "intake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <utlist.h>

#define OVERTAKE_BYTES (16u << 20)
#define OVERTAKE_MS    10000
#define REPLAY_WAITING 5000   /* the next segment's records join when so many wait */
#define GAPS_LOOK      200000 /* undrained records that are looked at for gaps */

/* ---- the database -------------------------------------------------------------------------- */

static bool went_back (const struct intake *intake, const struct msg_stored *stored)
{
    return stored->lsn < intake->stood || stored->lsn + OVERTAKE_BYTES < intake->position;
}

void replay_look (struct intake *intake, const struct msg_stored *stored)
{
    bool other = stored->system != intake->system || stored->timeline != intake->timeline;
    if (intake->system && (other || went_back (intake, stored))) {
        log_warning ("PostgreSQL is %s (timeline %" PRIu64 ", position %" PRIx64 "; it was %" PRIu64
                     ", %" PRIx64 "): every retained record is offered again",
                     other ? "another one" : "behind what it had", stored->timeline, stored->lsn,
                     intake->timeline, intake->position);
        replay_all (intake, 0);
        intake->position = intake->position_then = intake->stood = 0;
    }
    intake->system = stored->system;
    intake->timeline = stored->timeline;
    if (stored->lsn > intake->position)
        intake->position = stored->lsn;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static bool replay_one (void *owner, struct spool *spool, const struct spool_record *found)
{
    struct intake *intake = owner;
    struct record_parts parts;
    struct record *record;
    (void) spool;
    HASH_FIND (hh_seq, intake->by_seq, &found->seq, sizeof found->seq, record);
    if (record || found->received < intake->replay_since ||
        !record_parse (found->at, found->len, &parts))
        return false;
    record = recent_find (intake, &parts.id);
    if (record && record->state != RECORD_DRAINED)
        return false;
    if (record) /* known and drained: the same one, to be drained once more */
        recent_forget (intake, record);
    record = record_found (&parts, found);
    record->again = true;
    record_add (intake, record);
    record_undrained (intake, record);
    return true;
}

void replay_all (struct intake *intake, uint64_t since)
{
    intake->replay = 1;
    intake->replay_since = since;
}

/* ---- what the next start must know --------------------------------------------------------- */

/* Runs of drained sequences between undrained ones. */
static uint64_t find_gaps (const struct intake *intake, struct spool_gap gaps[SPOOL_GAPS])
{
    uint64_t count = 0, looked = 0;
    const struct record *record = intake->undrained;
    for (; record && count < SPOOL_GAPS && looked < GAPS_LOOK; record = record->newer, looked++) {
        uint64_t end = record->newer ? record->newer->spool.seq : intake->highest_seq + 1;
        if (end > record->spool.seq + 1)
            gaps[count++] = (struct spool_gap){record->spool.seq + 1, end - 1};
    }
    return count;
}

bool replay_keep (struct intake *intake)
{
    struct spool_state state = {
        .system = intake->system, .timeline = intake->timeline, .position = intake->position};
    if (intake->replay || intake->replayed)
        state.replay = spool_walk_floor (intake->spool, intake->replay);
    state.gap_count = find_gaps (intake, state.gaps);
    spool_set_state (intake->spool, &state);
    intake->drained_kept = metric_get (intake_drained_total);
    intake->position_kept = intake->position;
    return spool_unsaved (intake->spool);
}

void replay_begin (struct intake *intake)
{
    struct spool_state state;
    spool_get_state (intake->spool, &state);
    intake->system = state.system;
    intake->timeline = state.timeline;
    intake->position = intake->position_then = intake->stood = state.position;
    intake->position_kept = state.position;
    intake->replay = state.replay;
    intake->highest_seq = state.next_seq - 1;
    /* where a segment was damaged, a later copy stood in for what it had lost */
    DL_SORT2 (intake->undrained, offer_order, older, newer);
    DL_SORT (intake->waiting, offer_order);
    recent_frontier (intake);
    struct spool_stat stat;
    spool_stat (intake->spool, &stat);
    metric_add (intake_corrupt_total, stat.corrupt);
}

void replay_step (struct intake *intake)
{
    int64_t now = reactor_now (intake->reactor);
    uint64_t before = intake->replay;
    if (now - intake->then >= OVERTAKE_MS) {
        intake->stood = intake->position_then;
        intake->position_then = intake->position;
        intake->then = now;
    }
    if (intake->replay && HASH_CNT (hh_seq, intake->by_seq) < REPLAY_WAITING)
        intake->replay = spool_walk (intake->spool, intake->replay, replay_one, intake);
    if (before && !intake->replay)
        log_info ("the last retained record is under way again");
    bool changed = before != intake->replay || intake->position != intake->position_kept ||
                   metric_get (intake_drained_total) != intake->drained_kept;
    if (changed ? replay_keep (intake) : spool_unsaved (intake->spool))
        if (!intake->gathered && commit_idle (intake->commit))
            commit_batch (intake->commit, NULL, 0);
}
