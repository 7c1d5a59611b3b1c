/* spool.c - see spool.h for the promises, segment.h for the form of a file, recover.c for the start.
 *
 * Two threads come here: the commit thread appends, the reactor reads, drains and retires; a third
 * makes the next spare.  `lock` guards the list of segments, their ends and the counts; the bytes
 * themselves need no lock, for nobody reads what is not yet synced.
 */
#include "base/fault.h"
#include "base/log.h"
#include "recover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

/* ---- segments ------------------------------------------------------------------------------ */

void spool_add_segment (struct spool *spool, struct segment *segment)
{
    DL_APPEND (spool->segments, segment);
    spool->bytes += segment_taken (segment);
}

void spool_drop_segment (struct spool *spool, struct segment *segment)
{
    DL_DELETE (spool->segments, segment);
    spool->bytes -= segment_taken (segment);
    if (unlink (segment->path) != 0)
        log_limited (LOG_ERROR, "%s: cannot be unlinked (%s)", segment->path, strerror (errno));
    segment_free (segment);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* The whole state, as it is now, in front of a batch. */
void spool_put_state (struct spool *spool, struct segment *segment, uint64_t now)
{
    struct spool_state *state = &spool->state;
    struct head head = {.type = RECORD_FRONTIER, .received = now};
    pthread_mutex_lock (&spool->lock);
    state->frontier = __atomic_load_n (&spool->frontier, __ATOMIC_RELAXED);
    state->next_seq = spool->next_seq;
    head.len =
        (uint32_t) (offsetof (struct spool_state, gaps) + state->gap_count * sizeof state->gaps[0]);
    segment_put (spool->key, segment, &head, state, &spool->batch);
    spool->written = *state;
    spool->state_unsaved = false;
    pthread_mutex_unlock (&spool->lock);
}

static void put_frontier (struct spool *spool, struct segment *segment, uint64_t now)
{
    uint64_t frontier = __atomic_load_n (&spool->frontier, __ATOMIC_RELAXED);
    if (segment->end == HEADER_LEN || __atomic_load_n (&spool->state_unsaved, __ATOMIC_RELAXED)) {
        spool_put_state (spool, segment, now);
    } else if (frontier != spool->written.frontier) {
        struct head head = {.len = sizeof frontier, .type = RECORD_FRONTIER, .received = now};
        segment_put (spool->key, segment, &head, &frontier, &spool->batch);
        pthread_mutex_lock (&spool->lock);
        spool->written.frontier = frontier;
        pthread_mutex_unlock (&spool->lock);
    }
}

int spool_write_batch (struct spool *spool, struct segment *segment)
{
    if (segment_write (segment->fd, spool->batch.at, spool->batch.len, (off_t) segment->end) != 0)
        return FAIL_IO;
    (void) fault_point (spool_before_sync);
    if (!mutant (no_sync) && fdatasync (segment->fd) != 0)
        return FAIL_IO;
    pthread_mutex_lock (&spool->lock);
    segment->end += (uint32_t) spool->batch.len;
    spool->saved = spool->written;
    pthread_mutex_unlock (&spool->lock);
    buffer_clear (&spool->batch);
    return 0;
}

/* ---- open, close --------------------------------------------------------------------------- */

/* A wrong id key is known before anything is read with it. */
static int check_key (struct spool *spool)
{
    char *path = xformat ("%s/key-check", spool->folder), *text = NULL;
    uint8_t value[16];
    char hex[40];
    size_t len = 0;
    number_key_check (spool->options.key, value);
    snprintf (hex, sizeof hex, "%s\n", hex_text (value, sizeof value));
    int result = file_read (path, sizeof hex, &text, &len);
    if (result == FAIL_ABSENT)
        result = file_write (path, hex, strlen (hex), 0640);
    else if (result == 0 && strcmp (text, hex) != 0)
        result = FAIL_REFUSED;
    if (result == FAIL_REFUSED)
        log_error ("%s: keys/id.key is not this spool's; put the right key back", spool->folder);
    else if (result != 0)
        log_error ("%s: %s", path, fail_text (result));
    free (text);
    free (path);
    return result;
}

static int take_lock (struct spool *spool)
{
    char *path = xformat ("%s/lock", spool->folder);
    spool->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    int result = 0;
    if (spool->lock_fd < 0)
        result = FAIL_IO;
    else if (flock (spool->lock_fd, LOCK_EX | LOCK_NB) != 0)
        result = FAIL_BUSY;
    if (result != 0)
        log_error ("%s: %s", path,
                   result == FAIL_BUSY ? "another process has this spool" : strerror (errno));
    free (path);
    return result;
}

/* The folder's own name must survive a power cut too. */
static int open_folder (struct spool *spool)
{
    char *copy = xstrdup (spool->folder);
    int result = 0;
    if (mkdir (spool->folder, 0750) == 0)
        result = dir_sync (dirname (copy));
    else if (errno != EEXIST)
        result = FAIL_IO;
    free (copy);
    if (result == 0)
        return take_lock (spool);
    log_error ("%s: %s", spool->folder, strerror (errno));
    return FAIL_IO;
}

int spool_open (const struct spool_options *options, spool_found_fn *found, void *owner,
                struct spool **ret)
{
    struct spool *spool = xcalloc (1, sizeof *spool);
    pthread_condattr_t by_monotonic;
    spool->options = *options;
    spool->folder = xstrdup (options->folder);
    spool->next_seq = spool->next_number = 1;
    spool->lock_fd = -1;
    spool->stopping = true; /* no maker runs yet */
    pthread_mutex_init (&spool->lock, NULL);
    pthread_condattr_init (&by_monotonic);
    pthread_condattr_setclock (&by_monotonic, CLOCK_MONOTONIC);
    pthread_cond_init (&spool->spare_wanted, &by_monotonic);
    pthread_condattr_destroy (&by_monotonic);
    segment_key (options->key, spool->key);
    int result = open_folder (spool);
    if (result == 0)
        result = check_key (spool);
    if (result == 0)
        result = recover (spool, found, owner);
    if (result != 0) {
        spool_close (&spool);
        return result;
    }
    spool->stopping = false;
    check (pthread_create (&spool->maker, NULL, spool_make_spares, spool) == 0);
    *ret = spool;
    return 0;
}

void spool_close (struct spool **held)
{
    struct spool *spool = *held;
    struct segment *segment, *next;
    if (!spool)
        return;
    if (!spool->stopping) {
        pthread_mutex_lock (&spool->lock);
        spool->stopping = true;
        pthread_cond_signal (&spool->spare_wanted);
        pthread_mutex_unlock (&spool->lock);
        pthread_join (spool->maker, NULL);
    }
    DL_FOREACH_SAFE (spool->segments, segment, next)
        segment_free (segment);
    if (spool->spare)
        segment_free (spool->spare);
    if (spool->reserve)
        segment_free (spool->reserve);
    buffer_free (&spool->batch);
    if (spool->lock_fd >= 0)
        close (spool->lock_fd);
    pthread_mutex_destroy (&spool->lock);
    pthread_cond_destroy (&spool->spare_wanted);
    sodium_memzero (spool->key, sizeof spool->key);
    sodium_memzero (&spool->options, sizeof spool->options);
    free (spool->folder);
    free (spool);
    *held = NULL;
}

/* ---- append -------------------------------------------------------------------------------- */

/* Leaves the segment in use, whose last commit returned 0, for the spare. */
static int use_spare (struct spool *spool)
{
    pthread_mutex_lock (&spool->lock);
    struct segment *spare = spool->spare;
    spool->spare = NULL;
    if (spare) {
        DL_APPEND (spool->segments, spare); /* its bytes were counted when it was made */
        spool->active = spare;
    }
    pthread_cond_signal (&spool->spare_wanted);
    pthread_mutex_unlock (&spool->lock);
    (void) fault_point (segment_before_use);
    return spare ? 0 : FAIL_FULL;
}

/* The commit's time; never below the newest record's (P18). */
static uint64_t stamp (struct spool *spool, bool *ret_doubtful)
{
    int64_t now = wall_ms (), newest = __atomic_load_n (&spool->newest_ms, __ATOMIC_RELAXED);
    *ret_doubtful = now < newest;
    if (*ret_doubtful)
        now = newest + 1;
    __atomic_store_n (&spool->newest_ms, now, __ATOMIC_RELAXED);
    return (uint64_t) now;
}

/* What a batch needs at most: the state goes in front, and records leave room for one more, so that
 * a full spool can still say what is drained. */
static uint64_t batch_bytes (struct spool_record **records, unsigned count)
{
    uint64_t bytes = STATE_ROOM * (count ? 2 : 1);
    for (unsigned i = 0; i < count; i++)
        bytes += segment_padded (records[i]->len);
    return bytes;
}

static void count_appended (struct spool *spool, struct segment *segment,
                            struct spool_record **records, unsigned count, uint64_t bytes,
                            uint64_t now)
{
    pthread_mutex_lock (&spool->lock);
    for (unsigned i = 0; i < count; i++)
        segment_note (segment, records[i]->seq);
    if (count && !segment->first_ms)
        segment->first_ms = (int64_t) now;
    segment->newest_ms = (int64_t) now;
    segment->records += count;
    segment->undrained += count;
    spool->undrained += count;
    spool->undrained_bytes += bytes;
    pthread_mutex_unlock (&spool->lock);
}

/* One write and one sync, into one segment. */
static int append_some (struct spool *spool, struct spool_record **records, unsigned count)
{
    struct segment *segment = spool->active;
    bool first = segment->end == HEADER_LEN, doubtful;
    uint64_t now = stamp (spool, &doubtful), bytes = 0;
    buffer_clear (&spool->batch);
    put_frontier (spool, segment, now);
    for (unsigned i = 0; i < count; i++) {
        struct spool_record *record = records[i];
        record->seq = spool->next_seq++;
        if (!record->salvaged) {
            record->received = now;
            record->doubtful = doubtful;
        }
        record->segment = segment;
        record->offset = segment->end + (uint32_t) spool->batch.len + HEAD_LEN;
        bytes += segment_padded (record->len);
        struct head head = head_of_record (record);
        segment_put (spool->key, segment, &head, record->at, &spool->batch);
    }
    (void) fault_point (spool_before_write);
    if (spool_write_batch (spool, segment) != 0)
        return FAIL_IO;
    count_appended (spool, segment, records, count, bytes, now);
    if (first)
        (void) fault_point (segment_in_use);
    return 0;
}

/* How many of them go into the segment in use. */
static unsigned count_fitting (const struct spool *spool, struct spool_record **records,
                               unsigned count)
{
    unsigned fits = count;
    while (fits && batch_bytes (records, fits) > spool_room_left (spool))
        fits = fits > 8 ? fits * 3 / 4 : fits - 1;
    return fits;
}

int spool_append (struct spool *spool, struct spool_record **records, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        records[i]->segment = NULL;
    unsigned done = 0;
    int result = spool->failed && !mutant (no_exit) ? FAIL_IO : 0;
    for (bool more = true; more && result == 0;) {
        unsigned fits = count_fitting (spool, records + done, count - done);
        if (fits || (count == 0 && batch_bytes (records, 0) <= spool_room_left (spool)))
            result = append_some (spool, records + done, fits);
        else if (spool->active->end == HEADER_LEN) /* larger than a whole segment */
            return FAIL_FULL;
        else if ((result = use_spare (spool)) == 0)
            continue;
        done += fits;
        more = done < count;
    }
    spool->failed |= result == FAIL_IO;
    return result;
}

/* ---- draining ------------------------------------------------------------------------------ */

int spool_read (struct spool *spool, const struct spool_record *record, char **ret_at)
{
    return segment_read (spool->key, record->segment, record->offset, record->len, ret_at);
}

void spool_undrained (struct spool *spool, const struct spool_record *record)
{
    pthread_mutex_lock (&spool->lock);
    record->segment->undrained++;
    spool->undrained++;
    spool->undrained_bytes += segment_padded (record->len);
    pthread_mutex_unlock (&spool->lock);
}

void spool_drained (struct spool *spool, const struct spool_record *record)
{
    pthread_mutex_lock (&spool->lock);
    check (record->segment->undrained > 0);
    record->segment->undrained--;
    spool->undrained--;
    spool->undrained_bytes -= segment_padded (record->len);
    pthread_mutex_unlock (&spool->lock);
}

void spool_set_frontier (struct spool *spool, uint64_t frontier)
{
    __atomic_store_n (&spool->frontier, frontier, __ATOMIC_RELAXED);
}

void spool_set_state (struct spool *spool, const struct spool_state *state)
{
    pthread_mutex_lock (&spool->lock);
    uint64_t next_seq = spool->state.next_seq;
    spool->state = *state;
    spool->state.next_seq = next_seq;
    __atomic_store_n (&spool->state_unsaved, true, __ATOMIC_RELAXED);
    pthread_mutex_unlock (&spool->lock);
}

void spool_get_state (struct spool *spool, struct spool_state *ret)
{
    pthread_mutex_lock (&spool->lock);
    *ret = spool->state;
    ret->frontier = spool->frontier;
    ret->next_seq = spool->next_seq;
    pthread_mutex_unlock (&spool->lock);
}

void spool_trust_clock (struct spool *spool)
{
    __atomic_store_n (&spool->newest_ms, wall_ms (), __ATOMIC_RELAXED);
}

bool spool_has_room (struct spool *spool, unsigned share)
{
    pthread_mutex_lock (&spool->lock);
    bool room = spool->undrained_bytes * 1000 < (uint64_t) spool->options.bytes * share;
    bool segment = spool->spare || spool->active->end + (1u << 18) < spool->active->size;
    pthread_mutex_unlock (&spool->lock);
    return room && segment;
}

const char *spool_folder (const struct spool *spool)
{
    return spool->folder;
}

const struct id *segment_id (const struct segment *segment)
{
    return &segment->id;
}

void spool_stat (struct spool *spool, struct spool_stat *ret)
{
    const struct segment *segment;
    pthread_mutex_lock (&spool->lock);
    int64_t behind = spool->newest_ms - wall_ms ();
    *ret = (struct spool_stat){.spares = spool->spare != NULL,
                               .reserves = spool->reserve != NULL,
                               .bytes = spool->bytes,
                               .undrained_bytes = spool->undrained_bytes,
                               .undrained = spool->undrained,
                               .next_seq = spool->next_seq,
                               .frontier = spool->frontier,
                               .corrupt = spool->corrupt,
                               .retired_early = spool->retired_early,
                               .behind_ms = behind > 0 ? behind : 0};
    DL_FOREACH (spool->segments, segment)
        ret->segments++;
    ret->oldest_ms = spool->segments ? spool->segments->first_ms : 0;
    pthread_mutex_unlock (&spool->lock);
}

/* ---- walking ------------------------------------------------------------------------------- */

struct walk {
    struct spool *spool;
    spool_found_fn *found;
    void *owner;
};

static void walk_data (void *owner, struct segment *segment, const struct head *head,
                       uint32_t offset, const char *bytes)
{
    struct walk *walk = owner;
    if (head->type != RECORD_DATA)
        return;
    struct spool_record record = record_of_head (segment, head, offset, bytes);
    if (walk->found (walk->owner, walk->spool, &record))
        spool_undrained (walk->spool, &record);
}

/* A cursor is the number of a segment: a step is a whole one.  Only the reactor unlinks, so that it
 * stays while it is read. */
uint64_t spool_walk (struct spool *spool, uint64_t cursor, spool_found_fn *found, void *owner)
{
    struct walk walk = {spool, found, owner};
    struct segment *segment;
    pthread_mutex_lock (&spool->lock);
    DL_FOREACH (spool->segments, segment)
        if (segment->number >= cursor)
            break;
    pthread_mutex_unlock (&spool->lock);
    struct image image = {0};
    if (!segment)
        return 0;
    if (image_read (segment->fd, segment->size, &image) == 0)
        segment_walk (spool->key, segment, &image, walk_data, &walk, NULL);
    image_free (&image);
    pthread_mutex_lock (&spool->lock);
    uint64_t behind = segment->next ? segment->next->number : 0;
    pthread_mutex_unlock (&spool->lock);
    return behind;
}

uint64_t spool_walk_floor (struct spool *spool, uint64_t cursor)
{
    const struct segment *segment;
    uint64_t floor = cursor;
    pthread_mutex_lock (&spool->lock);
    DL_FOREACH (spool->segments, segment) {
        if (cursor && segment->number >= cursor)
            break;
        if (segment->undrained) {
            floor = segment->number;
            break;
        }
    }
    pthread_mutex_unlock (&spool->lock);
    return floor;
}
