/* recover.c - a start: reads every segment, keeps what is damaged, and writes the newest records
 * again, because what a restarted process can read may be in the page cache only (P8, P9).
 *
 * The first reading finds the state and which segments are to be written again; the second finds
 * the records.  A segment that a start made is good from its start record on; without one its
 * predecessor is written again too, and nothing is thrown away before that is done.
 */
#include "recover.h"
#include "base/fault.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

struct taken {
    uint64_t seq;
    UT_hash_handle hh;
};

struct recovery {
    struct spool *spool;
    spool_found_fn *found;
    void *owner;
    struct segment *again_from; /* this and all newer ones are written again */
    bool has_start;             /* of the segment being read */
    uint64_t told;              /* next_seq by the state of a start that is not closed yet */
    uint64_t committed;         /* all sequences below have been on stable storage */
    struct buffer again;        /* struct spool_record and bytes, one behind the other */
    struct taken *taken;        /* what stands in `again` */
    struct buffer seen;         /* sequences that should be there, to find those that are not */
};

/* ---- what is damaged ----------------------------------------------------------------------- */

static char *corrupt_path (struct spool *spool, const char *name)
{
    char *folder = xformat ("%s/corrupt", spool->folder);
    char *path = xformat ("%s/%s", folder, name);
    mkdir (folder, 0750);
    free (folder);
    return path;
}

static void copy_corrupt (struct spool *spool, struct segment *segment)
{
    char *name =
        xformat ("%010" PRIu64 "-%s.segment", segment->number, hex_text (segment->id.at, 4));
    char *path = corrupt_path (spool, name);
    struct image image = {0};
    struct stat there;
    spool->corrupt++;
    if (stat (path, &there) == 0) {
        log_info ("%s: damaged, as known: %s", segment->path, path);
    } else if (image_read (segment->fd, 0, &image) != 0 ||
               file_write (path, image.at, image.len, 0640) != 0) {
        segment->uncopied = true;
        log_error ("%s: damaged, and %s cannot be written (%s); it stays where it is",
                   segment->path, path, strerror (errno));
    } else {
        log_error ("%s: damaged; copied to %s, everything that validates is used: aduan spool "
                   "salvage",
                   segment->path, path);
    }
    image_free (&image);
    free (path);
    free (name);
}

/* Both headers are damaged: no record can be checked, for the tag needs the segment's id.  The file
 * is kept aside, named, counted. */
static int set_aside (struct spool *spool, const char *name)
{
    struct id unique = id_random ();
    char *from = xformat ("%s/%s", spool->folder, name),
         *aside = xformat ("%.10s-%s.segment", name, hex_text (unique.at, 4)),
         *to = corrupt_path (spool, aside);
    spool->corrupt++;
    int result = rename (from, to) == 0 ? 0 : FAIL_IO;
    log_error ("%s: no header validates; moved to %s: aduan spool salvage%s", from, to,
               result == 0 ? "" : " (it cannot be moved)");
    free (from);
    free (aside);
    free (to);
    return result;
}

/* One that was being made when the process died: it is the newest, and all zeroes. */
static bool is_unmade (struct spool *spool, const char *name, bool newest)
{
    char *path = xformat ("%s/%s", spool->folder, name);
    struct image image = {0};
    int fd = newest ? open (path, O_RDONLY | O_CLOEXEC) : -1;
    bool unmade =
        fd >= 0 && image_read (fd, 0, &image) == 0 && image.used == 0 && image.unread == 0;
    image_free (&image);
    if (fd >= 0)
        close (fd);
    if (unmade)
        unlink (path);
    free (path);
    return unmade;
}

/* ---- first reading ------------------------------------------------------------------------- */

static int open_segment (struct spool *spool, const char *name, bool newest)
{
    struct segment *segment = NULL;
    uint64_t number = strtoull (name, NULL, 10);
    if (number >= spool->next_number)
        spool->next_number = number + 1;
    int result = segment_open (spool->folder, name, spool->key, &segment);
    if (result == 0)
        spool_add_segment (spool, segment);
    else if (result == FAIL_IO)
        log_error ("%s/%s: cannot be opened (%s)", spool->folder, name, strerror (errno));
    else if (is_unmade (spool, name, newest))
        result = 0;
    else
        result = set_aside (spool, name);
    return result;
}

static int open_segments (struct spool *spool)
{
    char **names = NULL;
    size_t count = 0;
    int result = segment_names (spool->folder, &names, &count);
    if (result != 0)
        log_error ("%s: cannot be read (%s)", spool->folder, strerror (errno));
    for (size_t i = 0; result == 0 && i < count; i++)
        result = open_segment (spool, names[i], i + 1 == count);
    segment_names_free (names, count);
    return result;
}

/* Of what a state says, this is good once the start that wrote it is closed: a start that died may
 * have read what a power cut then took. */
static void note_committed (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    if (!recovery->has_start)
        return;
    if (recovery->told > recovery->committed)
        recovery->committed = recovery->told;
    if (recovery->committed > spool->next_seq)
        spool->next_seq = recovery->committed;
}

/* The frontier only rises; of the rest the newest word counts. */
static void note_state (struct recovery *recovery, const struct head *head, const char *bytes)
{
    static const size_t fixed = offsetof (struct spool_state, gaps);
    struct spool *spool = recovery->spool;
    struct spool_state state = {0};
    memcpy (&state, bytes, head->len < sizeof state ? head->len : sizeof state);
    if (state.frontier > spool->frontier)
        spool->frontier = state.frontier;
    if (spool->frontier >= spool->next_seq)
        spool->next_seq = spool->frontier + 1;
    if (head->len < fixed || state.gap_count > SPOOL_GAPS ||
        head->len != fixed + state.gap_count * sizeof state.gaps[0])
        return;
    spool->state = state;
    recovery->told = state.next_seq;
    note_committed (recovery);
}

static void note_record (void *owner, struct segment *segment, const struct head *head,
                         uint32_t offset, const char *bytes)
{
    struct recovery *recovery = owner;
    struct spool *spool = recovery->spool;
    (void) offset;
    segment->records++;
    bool copy = head->type == RECORD_DATA && head->seq < spool->next_seq;
    if (!copy && !(head->flags & HEAD_SALVAGED)) {
        spool->newest_ms = (int64_t) head->received; /* the newest commit's */
        segment->newest_ms = (int64_t) head->received;
    }
    if (head->seq >= spool->next_seq)
        spool->next_seq = head->seq + 1;
    if (head->type == RECORD_DATA)
        segment_note (segment, head->seq);
    if (!segment->first_ms)
        segment->first_ms = (int64_t) head->received;
    if (head->type == RECORD_START) {
        recovery->has_start = true;
        note_committed (recovery);
    }
    if (head->type == RECORD_FRONTIER && head->len >= sizeof spool->frontier)
        note_state (recovery, head, bytes);
}

/* Finds the state, drops spares, and decides from where on is written again: from the newest segment
 * that holds a record, and is not a start that died. */
static int first_reading (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    struct segment *segment, *next;
    DL_FOREACH_SAFE (spool->segments, segment, next) {
        struct image image = {0};
        if (image_read (segment->fd, segment->size, &image) != 0) {
            log_error ("%s: cannot be read (%s)", segment->path, strerror (errno));
            return FAIL_IO;
        }
        recovery->has_start = !(segment->flags & FLAG_START);
        recovery->told = 0;
        segment->damage =
            segment_walk (spool->key, segment, &image, note_record, recovery, &segment->end);
        segment->injured |= image.unread > 0;
        bool spare = image.used <= HEADER_LEN && !segment->injured;
        image_free (&image);
        if (spare)
            spool_drop_segment (spool, segment);
        else if (segment->records && (recovery->has_start || !recovery->again_from))
            recovery->again_from = segment;
    }
    return 0;
}

/* ---- second reading ------------------------------------------------------------------------ */

static bool is_drained (struct recovery *recovery, uint64_t seq)
{
    const struct spool_state *state = &recovery->spool->state;
    for (uint64_t i = 0; i < state->gap_count; i++)
        if (seq >= state->gaps[i].first && seq <= state->gaps[i].last)
            return true;
    return seq <= recovery->spool->frontier;
}

/* Once each: a start that died has made copies. */
static void take_again (struct recovery *recovery, const struct spool_record *record)
{
    struct taken *taken;
    HASH_FIND (hh, recovery->taken, &record->seq, sizeof record->seq, taken);
    if (taken)
        return;
    taken = xcalloc (1, sizeof *taken);
    taken->seq = record->seq;
    HASH_ADD (hh, recovery->taken, seq, sizeof taken->seq, taken);
    buffer_add (&recovery->again, record, sizeof *record);
    buffer_add (&recovery->again, record->at, record->len);
}

static void found_data (struct recovery *recovery, const struct spool_record *record)
{
    if (recovery->found (recovery->owner, recovery->spool, record))
        spool_undrained (recovery->spool, record);
}

static void take_data (void *owner, struct segment *segment, const struct head *head,
                       uint32_t offset, const char *bytes)
{
    struct recovery *recovery = owner;
    if (head->type != RECORD_DATA)
        return;
    struct spool_record record = record_of_head (segment, head, offset, bytes);
    record.drained = is_drained (recovery, head->seq);
    if (!record.drained)
        buffer_add (&recovery->seen, &record.seq, sizeof record.seq);
    if (!record.drained && segment->number >= recovery->again_from->number &&
        !mutant (no_rejournal))
        take_again (recovery, &record);
    else
        found_data (recovery, &record);
}

/* A torn end is what a power cut leaves in the segment that was in use: the newest, or the one before
 * a start.  Anything else is damage. */
static bool is_damaged (const struct recovery *recovery, const struct segment *segment)
{
    bool was_last = !recovery->again_from || segment->number >= recovery->again_from->number ||
                    (segment->next && segment->next->flags & FLAG_START);
    return segment->injured || segment->damage == HOLED || (segment->damage == TORN && !was_last);
}

static int second_reading (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    struct segment *segment;
    DL_FOREACH (spool->segments, segment) {
        struct image image = {0};
        if (image_read (segment->fd, segment->size, &image) != 0)
            return FAIL_IO;
        segment_walk (spool->key, segment, &image, take_data, recovery, NULL);
        image_free (&image);
        if (is_damaged (recovery, segment))
            copy_corrupt (spool, segment);
        else if (segment->damage == TORN)
            log_info ("%s: a torn end, as a power cut leaves it", segment->path);
    }
    return 0;
}

static int by_sequence (const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;
    return left < right ? -1 : left > right;
}

/* Sequences rise by one: what is neither drained nor there has been lost, and somebody must know. */
static void look_for_missing (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    uint64_t *seen = (uint64_t *) (void *) recovery->seen.at;
    size_t count = recovery->seen.len / sizeof *seen;
    uint64_t expected = spool->frontier + 1, missing = 0, first = 0;
    if (count)
        qsort (seen, count, sizeof *seen, by_sequence);
    for (size_t i = 0; i <= count; i++) {
        uint64_t end = i < count ? seen[i] : recovery->committed;
        for (; expected < end; expected++)
            if (!is_drained (recovery, expected))
                first = missing++ ? first : expected;
        expected = expected > end + 1 ? expected : end + 1;
    }
    if (!missing)
        return;
    spool->corrupt++;
    log_error (
        "%s: %" PRIu64 " records from sequence %" PRIu64
        " on cannot be read and are not known to be stored: perhaps the last batch before a "
        "power cut, which nobody was promised; else see corrupt/ and the adapters' own copies",
        spool->folder, missing, first);
}

/* ---- writing again ------------------------------------------------------------------------- */

static void write_again (struct recovery *recovery, struct segment *fresh)
{
    struct spool *spool = recovery->spool;
    for (size_t at = 0; at < recovery->again.len;) {
        struct spool_record record;
        memcpy (&record, recovery->again.at + at, sizeof record);
        record.at = recovery->again.at + at + sizeof record;
        at += sizeof record + record.len;
        record.segment = fresh;
        record.offset = fresh->end + (uint32_t) spool->batch.len + HEAD_LEN;
        struct head head = head_of_record (&record);
        segment_put (spool->key, fresh, &head, record.at, &spool->batch);
        segment_note (fresh, record.seq);
        found_data (recovery, &record);
    }
}

/* Where the disk is full, the oldest drained segment goes before its time: without a fresh segment
 * there is no start. */
static bool make_room (struct recovery *recovery)
{
    struct segment *segment;
    DL_FOREACH (recovery->spool->segments, segment) {
        if (!recovery->again_from || segment->number >= recovery->again_from->number)
            return false;
        if (!segment->undrained && !segment->uncopied)
            break;
    }
    if (!segment)
        return false;
    log_warning ("%s: drained, and unlinked before its time: the disk is full", segment->path);
    recovery->spool->retired_early++;
    spool_drop_segment (recovery->spool, segment);
    return true;
}

static int make_fresh (struct recovery *recovery, struct segment **ret)
{
    struct spool *spool = recovery->spool;
    int64_t size = spool->options.segment_bytes,
            needed = ((int64_t) recovery->again.len + 65536 + 4095) & ~INT64_C (4095);
    do {
        if (segment_make (spool->folder, spool->key, spool->next_number++, FLAG_START,
                          needed > size ? needed : size, ret) == 0)
            return 0;
    } while (errno == ENOSPC && make_room (recovery));
    if (errno != ENOSPC)
        return FAIL_IO;
    log_error ("%s: the disk is full, and no drained segment is left to unlink; free %" PRId64
               " bytes",
               spool->folder, needed > size ? needed : size);
    return FAIL_FULL;
}

static int rejournal (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    struct segment *fresh = NULL;
    (void) fault_point (start_before_rewrite);
    int result = make_fresh (recovery, &fresh);
    if (result != 0)
        return result;
    spool_add_segment (spool, fresh);
    spool->active = fresh;
    fresh->first_ms = fresh->newest_ms = spool->newest_ms;
    fresh->records = 1;
    spool_put_state (spool, fresh, (uint64_t) spool->newest_ms);
    write_again (recovery, fresh);
    (void) fault_point (start_rewritten);
    segment_put (spool->key, fresh,
                 &(struct head){.type = RECORD_START, .received = (uint64_t) spool->newest_ms}, "",
                 &spool->batch);
    if (spool_write_batch (spool, fresh) != 0) {
        log_error ("%s: cannot be written (%s)", fresh->path, strerror (errno));
        return FAIL_IO;
    }
    (void) fault_point (start_closed);
    return 0;
}

/* Starts that died hold copies only, and those stand in the fresh segment now.  One without a complaint
 * has nothing but an older state.  What the others leave unused goes back, or a few restarts would fill
 * the spool with zeroes, and the oldest complaints would have to go for them. */
static void drop_what_is_empty (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    struct segment *segment, *next;
    uint64_t copied = recovery->again_from ? recovery->again_from->number : UINT64_MAX;
    recovery->again_from = NULL; /* it may go as well */
    DL_FOREACH_SAFE (spool->segments, segment, next) {
        if (segment == spool->active || segment->damage != WHOLE || segment->injured)
            continue;
        if (segment->number > copied || segment->last_seq == 0) {
            spool_drop_segment (spool, segment);
            continue;
        }
        segment_give_back (segment);
        spool->bytes -= segment->given_back;
    }
}

int recover (struct spool *spool, spool_found_fn *found, void *owner)
{
    struct recovery recovery = {.spool = spool, .found = found, .owner = owner};
    int result = open_segments (spool);
    if (result == 0)
        result = first_reading (&recovery);
    if (result == 0)
        result = second_reading (&recovery);
    if (result == 0) {
        look_for_missing (&recovery);
        result = rejournal (&recovery);
    }
    if (result == 0)
        drop_what_is_empty (&recovery);
    buffer_free (&recovery.again);
    buffer_free (&recovery.seen);
    struct taken *taken, *next;
    HASH_ITER (hh, recovery.taken, taken, next) {
        HASH_DEL (recovery.taken, taken);
        free (taken);
    }
    return result;
}
