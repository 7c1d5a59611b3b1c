/* spool.c - see spool.h for the format and the promises.
 *
 * Two threads come here: the commit thread appends, the reactor reads, drains and retires; a third
 * makes the next spare.  `lock` guards the list of segments and the counts; the bytes themselves
 * need no lock, for nobody reads what is not yet synced.
 */
#include "spool.h"
#include "base/fault.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#define MAGIC       "ADUANSPL"
#define VERSION     1u
#define TAG_LEN     16u
#define HEADER_LEN  64u
#define HEAD_LEN    32u
#define FLAG_START  1u
#define RECORD_MOST (1u << 20) /* bytes; a submission's two frames are far below */

struct header {
    char magic[8];
    uint32_t version, flags;
    struct id id;
    uint64_t number;
    uint8_t zeros[8];
    uint8_t tag[TAG_LEN];
};
_Static_assert(sizeof (struct header) == HEADER_LEN, "header");

struct head {
    uint32_t len, type;
    uint64_t seq, received, spare;
};
_Static_assert(sizeof (struct head) == HEAD_LEN, "head");

struct segment {
    struct id id;
    uint64_t number;
    uint32_t flags;
    int fd;
    char *path;
    uint32_t end, size;                 /* where the next record goes; of the whole file */
    enum { WHOLE, TORN, HOLED } damage; /* HOLED: records validate behind what does not */
    uint64_t records, undrained;
    int64_t first_ms; /* receipt of its first record */
    struct segment *prev, *next;
};

struct spool {
    struct spool_options options;
    char *folder;
    uint8_t tag_key[32];
    int lock_fd, folder_fd;
    pthread_mutex_t lock;
    pthread_cond_t spare_wanted;
    pthread_t maker;
    bool stopping;
    struct segment *segments; /* oldest first; the last is in use */
    struct segment *active, *spare;
    bool spare_failed;
    uint64_t next_number, next_seq, frontier, frontier_on_disk;
    int64_t newest_ms; /* receipt of the newest record */
    uint64_t undrained, undrained_bytes, corrupt;
    struct buffer batch; /* of the commit thread */
};

static uint32_t padded (uint32_t len)
{
    return (HEAD_LEN + len + TAG_LEN + 7) & ~7u;
}

/* ---- tags ---------------------------------------------------------------------------------- */

static void tag_of (const struct spool *spool, const struct id *segment, const void *head,
                    size_t head_len, const void *at, size_t len, uint8_t ret[TAG_LEN])
{
    crypto_generichash_state state;
    crypto_generichash_init (&state, spool->tag_key, sizeof spool->tag_key, TAG_LEN);
    crypto_generichash_update (&state, segment->at, sizeof segment->at);
    crypto_generichash_update (&state, head, head_len);
    crypto_generichash_update (&state, at, len);
    crypto_generichash_final (&state, ret, TAG_LEN);
}

static bool header_valid (const struct spool *spool, const struct header *header)
{
    uint8_t tag[TAG_LEN];
    tag_of (spool, &header->id, header, offsetof (struct header, tag), "", 0, tag);
    return memcmp (header->magic, MAGIC, 8) == 0 && header->version == VERSION &&
           sodium_memcmp (tag, header->tag, TAG_LEN) == 0;
}

/* ---- making segments ----------------------------------------------------------------------- */

static int zero_file (int fd, int64_t size)
{
    static const char zeros[1 << 16];
    if (posix_fallocate (fd, 0, size) != 0)
        return FAIL_IO;
    for (int64_t at = 0; at < size; at += (int64_t) sizeof zeros) {
        size_t len =
            (size_t) (size - at < (int64_t) sizeof zeros ? size - at : (int64_t) sizeof zeros);
        if (pwrite (fd, zeros, len, at) != (ssize_t) len)
            return FAIL_IO;
    }
    return 0;
}

static void segment_free (struct segment *segment)
{
    if (segment->fd >= 0)
        close (segment->fd);
    free (segment->path);
    free (segment);
}

/* Create -> zero -> header -> fsync file -> fsync folder -> may be used (P7). */
static int segment_make (struct spool *spool, uint64_t number, uint32_t flags, int64_t size,
                         struct segment **ret)
{
    struct segment *segment = xcalloc (1, sizeof *segment);
    struct header header = {
        .version = VERSION, .flags = flags, .id = id_random (), .number = number};
    memcpy (header.magic, MAGIC, sizeof header.magic);
    tag_of (spool, &header.id, &header, offsetof (struct header, tag), "", 0, header.tag);
    *segment = (struct segment){.id = header.id,
                                .number = number,
                                .flags = flags,
                                .fd = -1,
                                .end = HEADER_LEN,
                                .size = (uint32_t) size};
    segment->path = xformat ("%s/%010" PRIu64 ".segment", spool->folder, number);
    segment->fd = open (segment->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (segment->fd < 0 || zero_file (segment->fd, size) != 0 ||
        pwrite (segment->fd, &header, sizeof header, 0) != (ssize_t) sizeof header ||
        fsync (segment->fd) != 0 || fsync (spool->folder_fd) != 0) {
        int error = errno;
        unlink (segment->path);
        log_error ("%s: a segment cannot be made (%s)", segment->path, strerror (error));
        segment_free (segment);
        return FAIL_IO;
    }
    *ret = segment;
    return 0;
}

/* The bytes of all segments, the one that is being made included. */
static int64_t bytes_of (const struct spool *spool)
{
    int count = 0;
    const struct segment *segment;
    DL_FOREACH (spool->segments, segment)
        count++;
    return (count + (spool->spare != NULL)) * spool->options.segment_bytes;
}

/* Makes the next spare whenever there is none, so that a commit never waits for zeroes. */
static void *make_spares (void *owner)
{
    struct spool *spool = owner;
    pthread_mutex_lock (&spool->lock);
    while (!spool->stopping) {
        bool wanted = !spool->spare &&
                      bytes_of (spool) + spool->options.segment_bytes <= spool->options.bytes;
        if (!wanted || spool->spare_failed) {
            struct timespec until;
            clock_gettime (CLOCK_REALTIME, &until);
            until.tv_sec += 1; /* a failure is tried again by the second */
            pthread_cond_timedwait (&spool->spare_wanted, &spool->lock, &until);
            spool->spare_failed = false;
            continue;
        }
        uint64_t number = spool->next_number++;
        pthread_mutex_unlock (&spool->lock);
        struct segment *made = NULL;
        int result = segment_make (spool, number, 0, spool->options.segment_bytes, &made);
        pthread_mutex_lock (&spool->lock);
        spool->spare_failed = result != 0;
        spool->spare = made;
    }
    pthread_mutex_unlock (&spool->lock);
    return NULL;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A segment's file in memory, for recovery and walking only. */
struct image {
    char *at;
    size_t len;
    size_t used; /* behind the last byte that is not zero */
};

static int image_read (const struct segment *segment, struct image *ret)
{
    struct stat stat;
    if (fstat (segment->fd, &stat) != 0)
        return FAIL_IO;
    ret->len = (size_t) stat.st_size;
    ret->at = xcalloc (ret->len + 1, 1);
    size_t done = 0;
    while (done < ret->len) {
        ssize_t got = pread (segment->fd, ret->at + done, ret->len - done, (off_t) done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break; /* the rest stays zero: it cannot validate */
        done += (size_t) got;
    }
    for (ret->used = ret->len; ret->used && !ret->at[ret->used - 1];)
        ret->used--;
    return 0;
}

/* The record that begins at `offset`, if one that validates does. */
static bool record_at (const struct spool *spool, const struct segment *segment,
                       const struct image *image, uint32_t offset, struct head *ret)
{
    uint8_t tag[TAG_LEN];
    if (offset + HEAD_LEN + TAG_LEN > image->len)
        return false;
    memcpy (ret, image->at + offset, sizeof *ret);
    if (ret->type < RECORD_DATA || ret->type > RECORD_START || ret->len > RECORD_MOST ||
        offset + (uint64_t) HEAD_LEN + ret->len + TAG_LEN > image->len)
        return false;
    const char *bytes = image->at + offset + HEAD_LEN;
    tag_of (spool, &segment->id, ret, sizeof *ret, bytes, ret->len, tag);
    return mutant (tag_unchecked) || sodium_memcmp (tag, bytes + ret->len, TAG_LEN) == 0;
}

typedef void each_fn (void *owner, struct segment *segment, const struct head *head,
                      uint32_t offset, const char *bytes);

/* Calls `each` for every record that validates, in order; sets segment->end behind the last one, and
 * segment->damage. */
static void segment_walk (struct spool *spool, struct segment *segment, const struct image *image,
                          each_fn *each, void *owner)
{
    uint32_t offset = HEADER_LEN;
    segment->end = HEADER_LEN;
    segment->damage = WHOLE;
    while (offset + HEAD_LEN + TAG_LEN <= image->len && offset < image->used) {
        struct head head;
        if (record_at (spool, segment, image, offset, &head)) {
            segment->damage = segment->damage == WHOLE ? WHOLE : HOLED;
            each (owner, segment, &head, offset, image->at + offset + HEAD_LEN);
            offset += padded (head.len);
            segment->end = offset;
            continue;
        }
        segment->damage = segment->damage == WHOLE ? TORN : segment->damage;
        offset += 8; /* records begin at multiples of 8 */
    }
}

/* ---- recovery ------------------------------------------------------------------------------ */

struct recovery {
    struct spool *spool;
    spool_found_fn *found;
    void *owner;
    struct segment *last; /* the newest segment in which a record stands */
    uint64_t frontier;    /* the highest persisted */
    bool has_start;
    struct buffer again; /* records of `last` to be written anew: struct spool_record, bytes */
};

static int by_name (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

static int list_segments (struct spool *spool, char ***ret_names, size_t *ret_count)
{
    DIR *folder = opendir (spool->folder);
    if (!folder)
        return FAIL_IO;
    char **names = NULL;
    size_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir (folder))) {
        size_t len = strlen (entry->d_name);
        if (len < 9 || strcmp (entry->d_name + len - 8, ".segment") != 0)
            continue;
        names = xrealloc (names, (count + 1) * sizeof *names);
        names[count++] = xstrdup (entry->d_name);
    }
    closedir (folder);
    if (count)
        qsort (names, count, sizeof *names, by_name);
    *ret_names = names;
    *ret_count = count;
    return 0;
}

static void copy_corrupt (struct spool *spool, const struct segment *segment,
                          const struct image *image)
{
    char *folder = xformat ("%s/corrupt", spool->folder);
    char *path = xformat ("%s/%010" PRIu64 "-%s.segment", folder, segment->number,
                          hex_text (segment->id.at, 4));
    spool->corrupt++;
    mkdir (folder, 0750);
    struct stat there;
    if (stat (path, &there) != 0 && file_write (path, image->at, image->len, 0640) != 0)
        log_error ("%s: cannot be written (%s)", path, strerror (errno));
    log_error ("%s: damaged; copied to %s, everything that validates is used: aduan spool salvage",
               segment->path, path);
    free (path);
    free (folder);
}

/* Opens a file as a segment; NULL where its header does not validate (it is then left alone). */
static struct segment *segment_open (struct spool *spool, const char *name)
{
    struct segment *segment = xcalloc (1, sizeof *segment);
    struct header header;
    segment->path = xformat ("%s/%s", spool->folder, name);
    segment->fd = open (segment->path, O_RDWR | O_CLOEXEC);
    if (segment->fd >= 0 && pread (segment->fd, &header, sizeof header, 0) == sizeof header &&
        header_valid (spool, &header)) {
        segment->id = header.id;
        segment->number = header.number;
        segment->flags = header.flags;
        return segment;
    }
    segment_free (segment);
    return NULL;
}

static void note_frontier (void *owner, struct segment *segment, const struct head *head,
                           uint32_t offset, const char *bytes)
{
    struct recovery *recovery = owner;
    struct spool *spool = recovery->spool;
    (void) offset;
    segment->records++;
    if (head->seq >= spool->next_seq)
        spool->next_seq = head->seq + 1;
    if ((int64_t) head->received > spool->newest_ms)
        spool->newest_ms = (int64_t) head->received;
    if (!segment->first_ms)
        segment->first_ms = (int64_t) head->received;
    if (head->type == RECORD_START)
        recovery->has_start = true;
    if (head->type == RECORD_FRONTIER && head->len >= 8) {
        uint64_t frontier;
        memcpy (&frontier, bytes, sizeof frontier);
        if (frontier > recovery->frontier)
            recovery->frontier = frontier;
    }
}

/* Counts a record that is, or is again, to be drained. */
static void undrained_again (struct spool *spool, const struct spool_record *record)
{
    pthread_mutex_lock (&spool->lock);
    record->segment->undrained++;
    spool->undrained++;
    spool->undrained_bytes += padded (record->len);
    pthread_mutex_unlock (&spool->lock);
}

static void take_data (void *owner, struct segment *segment, const struct head *head,
                       uint32_t offset, const char *bytes)
{
    struct recovery *recovery = owner;
    if (head->type != RECORD_DATA || head->seq <= recovery->frontier)
        return;
    struct spool_record record = {.seq = head->seq,
                                  .received = head->received,
                                  .at = bytes,
                                  .len = head->len,
                                  .segment = segment,
                                  .offset = offset + HEAD_LEN};
    if (segment == recovery->last && !mutant (no_rejournal)) {
        buffer_add (&recovery->again, &record, sizeof record);
        buffer_add (&recovery->again, bytes, head->len);
        return;
    }
    if (recovery->found (recovery->owner, &record))
        undrained_again (recovery->spool, &record);
}

/* A header that a power cut or a flip has damaged: its records cannot be checked, for the tag needs
 * the segment's id.  The file is kept aside, named, counted. */
static void set_aside (struct spool *spool, const char *name)
{
    char *from = xformat ("%s/%s", spool->folder, name),
         *folder = xformat ("%s/corrupt", spool->folder), *to = xformat ("%s/%s", folder, name);
    spool->corrupt++;
    mkdir (folder, 0750);
    log_error ("%s: its header does not validate; moved to %s: aduan spool salvage", from, to);
    if (rename (from, to) != 0)
        log_error ("%s: cannot be moved (%s)", from, strerror (errno));
    free (from);
    free (folder);
    free (to);
}

static void drop_segment (struct spool *spool, struct segment *segment)
{
    DL_DELETE (spool->segments, segment);
    unlink (segment->path);
    segment_free (segment);
}

static int read_segments (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    char **names = NULL;
    size_t count = 0;
    if (list_segments (spool, &names, &count) != 0)
        return FAIL_IO;
    for (size_t i = 0; i < count; i++) {
        uint64_t number = strtoull (names[i], NULL, 10);
        if (number >= spool->next_number)
            spool->next_number = number + 1;
        struct segment *segment = segment_open (spool, names[i]);
        if (!segment) {
            struct stat stat;
            char *path = xformat ("%s/%s", spool->folder, names[i]);
            /* one that was being made when the power went: nothing can be in it */
            bool unmade = i + 1 == count && lstat (path, &stat) == 0 &&
                          stat.st_size < spool->options.segment_bytes;
            if (unmade)
                unlink (path);
            else
                set_aside (spool, names[i]);
            free (path);
        } else {
            DL_APPEND (spool->segments, segment);
        }
        free (names[i]);
    }
    free (names);
    return 0;
}

/* First reading: frontier, newest sequence, which segment is the last; spares and starts that died
 * are dropped. */
static void first_reading (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    struct segment *segment, *next;
    DL_FOREACH_SAFE (spool->segments, segment, next) {
        struct image image = {0};
        if (image_read (segment, &image) != 0)
            continue;
        recovery->has_start = false;
        segment_walk (spool, segment, &image, note_frontier, recovery);
        free (image.at);
        if (segment->flags & FLAG_START && !recovery->has_start && !next)
            drop_segment (spool, segment); /* nothing in it was answered */
        else if (segment->records == 0 && segment->damage == WHOLE)
            drop_segment (spool, segment); /* a spare */
        else
            recovery->last = segment;
    }
}

/* The newest segment may end in what a power cut tore; anywhere else damage is damage. */
static bool is_damaged (const struct recovery *recovery, const struct segment *segment)
{
    return segment->damage == HOLED || (segment->damage == TORN && segment != recovery->last);
}

/* Second reading: what is above the frontier. */
static void second_reading (struct recovery *recovery)
{
    struct segment *segment;
    DL_FOREACH (recovery->spool->segments, segment) {
        struct image image = {0};
        if (image_read (segment, &image) == 0)
            segment_walk (recovery->spool, segment, &image, take_data, recovery);
        if (is_damaged (recovery, segment))
            copy_corrupt (recovery->spool, segment, &image);
        free (image.at);
    }
}

static void put_record (struct spool *spool, struct segment *segment, enum record_type type,
                        uint64_t seq, uint64_t received, const void *at, uint32_t len)
{
    struct head head = {.len = len, .type = type, .seq = seq, .received = received};
    uint32_t whole = padded (len);
    char *into = buffer_room (&spool->batch, whole);
    memset (into + whole - 8, 0, 8);
    memcpy (into, &head, sizeof head);
    memcpy (into + HEAD_LEN, at, len);
    tag_of (spool, &segment->id, &head, sizeof head, at, len, (uint8_t *) into + HEAD_LEN + len);
    spool->batch.len += whole;
}

/* pwrite may be short: it goes on from where it stopped; -1 with any errno is final (P6). */
static int write_batch (struct spool *spool, struct segment *segment)
{
    size_t done = 0;
    while (done < spool->batch.len) {
        ssize_t put = pwrite (segment->fd, spool->batch.at + done, spool->batch.len - done,
                              (off_t) (segment->end + done));
        if (put <= 0)
            return FAIL_IO;
        done += (size_t) put;
    }
    (void) fault_point (spool_before_sync);
    if (!mutant (no_sync) && fdatasync (segment->fd) != 0)
        return FAIL_IO;
    segment->end += (uint32_t) spool->batch.len;
    return 0;
}

/* The newest segment's records go into a fresh one: the page cache is not proof (P9). */
static int rejournal (struct recovery *recovery)
{
    struct spool *spool = recovery->spool;
    struct segment *fresh = NULL;
    (void) fault_point (start_before_rewrite);
    int64_t size = spool->options.segment_bytes, needed = (int64_t) recovery->again.len * 2 + 65536;
    if (segment_make (spool, spool->next_number++, FLAG_START, needed > size ? needed : size,
                      &fresh) != 0)
        return FAIL_IO;
    DL_APPEND (spool->segments, fresh);
    buffer_clear (&spool->batch);
    put_record (spool, fresh, RECORD_FRONTIER, 0, (uint64_t) spool->newest_ms, &recovery->frontier,
                8);
    for (size_t at = 0; at < recovery->again.len;) {
        struct spool_record record;
        memcpy (&record, recovery->again.at + at, sizeof record);
        record.at = recovery->again.at + at + sizeof record;
        at += sizeof record + record.len;
        record.segment = fresh;
        record.offset = fresh->end + (uint32_t) spool->batch.len + HEAD_LEN;
        put_record (spool, fresh, RECORD_DATA, record.seq, record.received, record.at, record.len);
        if (recovery->found (recovery->owner, &record))
            undrained_again (spool, &record);
    }
    (void) fault_point (start_rewritten);
    put_record (spool, fresh, RECORD_START, 0, (uint64_t) spool->newest_ms, "", 0);
    if (write_batch (spool, fresh) != 0) {
        log_error ("%s: cannot be written (%s)", fresh->path, strerror (errno));
        return FAIL_IO;
    }
    (void) fault_point (start_closed);
    fresh->first_ms = spool->newest_ms;
    fresh->records = 1;
    spool->active = fresh;
    spool->frontier = spool->frontier_on_disk = recovery->frontier;
    return 0;
}

static int recover (struct spool *spool, spool_found_fn *found, void *owner)
{
    struct recovery recovery = {.spool = spool, .found = found, .owner = owner};
    int result = read_segments (&recovery);
    if (result == 0) {
        first_reading (&recovery);
        second_reading (&recovery);
        result = rejournal (&recovery);
    }
    buffer_free (&recovery.again);
    return result;
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

int spool_open (const struct spool_options *options, spool_found_fn *found, void *owner,
                struct spool **ret)
{
    struct spool *spool = xcalloc (1, sizeof *spool);
    static const uint8_t use[] = "aduan spool tags";
    spool->options = *options;
    spool->folder = xstrdup (options->folder);
    spool->next_seq = spool->next_number = 1;
    spool->lock_fd = spool->folder_fd = -1;
    pthread_mutex_init (&spool->lock, NULL);
    pthread_cond_init (&spool->spare_wanted, NULL);
    crypto_generichash (spool->tag_key, sizeof spool->tag_key, use, sizeof use, options->key,
                        ID_KEY_LEN);
    mkdir (spool->folder, 0750);
    spool->folder_fd = open (spool->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = spool->folder_fd < 0 ? FAIL_IO : take_lock (spool);
    if (spool->folder_fd < 0)
        log_error ("%s: %s", spool->folder, strerror (errno));
    if (result == 0)
        result = check_key (spool);
    if (result == 0)
        result = recover (spool, found, owner);
    spool->stopping = true;
    if (result != 0) {
        spool_close (&spool);
        return result;
    }
    spool->stopping = false;
    check (pthread_create (&spool->maker, NULL, make_spares, spool) == 0);
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
    buffer_free (&spool->batch);
    if (spool->lock_fd >= 0)
        close (spool->lock_fd);
    if (spool->folder_fd >= 0)
        close (spool->folder_fd);
    pthread_mutex_destroy (&spool->lock);
    pthread_cond_destroy (&spool->spare_wanted);
    sodium_memzero (spool->tag_key, sizeof spool->tag_key);
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
        DL_APPEND (spool->segments, spare);
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
    int64_t now = wall_ms ();
    *ret_doubtful = now < spool->newest_ms;
    if (*ret_doubtful)
        now = spool->newest_ms + 1;
    spool->newest_ms = now;
    return (uint64_t) now;
}

static uint64_t batch_bytes (struct spool_record **records, unsigned count)
{
    uint64_t bytes = padded (8);
    for (unsigned i = 0; i < count; i++)
        bytes += padded (records[i]->len);
    return bytes;
}

/* One write and one sync, into one segment. */
static int append_some (struct spool *spool, struct spool_record **records, unsigned count)
{
    struct segment *segment = spool->active;
    bool first = segment->records == 0;
    bool doubtful;
    uint64_t now = stamp (spool, &doubtful);
    uint64_t frontier = __atomic_load_n (&spool->frontier, __ATOMIC_RELAXED);
    buffer_clear (&spool->batch);
    if (frontier != spool->frontier_on_disk)
        put_record (spool, segment, RECORD_FRONTIER, 0, now, &frontier, 8);
    for (unsigned i = 0; i < count; i++) {
        records[i]->seq = spool->next_seq++;
        records[i]->received = now;
        records[i]->doubtful = doubtful;
        records[i]->segment = segment;
        records[i]->offset = segment->end + (uint32_t) spool->batch.len + HEAD_LEN;
        put_record (spool, segment, RECORD_DATA, records[i]->seq, now, records[i]->at,
                    records[i]->len);
    }
    (void) fault_point (spool_before_write);
    uint64_t bytes = spool->batch.len;
    if (write_batch (spool, segment) != 0)
        return FAIL_IO;
    spool->frontier_on_disk = frontier;
    pthread_mutex_lock (&spool->lock);
    segment->records += count;
    segment->undrained += count;
    segment->first_ms = first ? (int64_t) now : segment->first_ms;
    spool->undrained += count;
    spool->undrained_bytes += bytes;
    pthread_mutex_unlock (&spool->lock);
    if (first)
        (void) fault_point (segment_in_use);
    return 0;
}

int spool_append (struct spool *spool, struct spool_record **records, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        records[i]->segment = NULL;
    for (unsigned done = 0; done < count;) {
        uint64_t room = spool->active->size - spool->active->end;
        unsigned fits = count - done;
        while (fits && batch_bytes (records + done, fits) > room)
            fits = fits > 8 ? fits * 3 / 4 : fits - 1;
        if (fits == 0 && use_spare (spool) != 0)
            return FAIL_FULL;
        if (fits && append_some (spool, records + done, fits) != 0)
            return FAIL_IO;
        done += fits;
    }
    return 0;
}

/* ---- draining ------------------------------------------------------------------------------ */

int spool_read (struct spool *spool, const struct spool_record *record, char **ret_at)
{
    uint8_t tag[TAG_LEN];
    size_t whole = HEAD_LEN + record->len + TAG_LEN;
    char *room = xcalloc (whole, 1);
    ssize_t got = pread (record->segment->fd, room, whole, (off_t) record->offset - HEAD_LEN);
    if (got != (ssize_t) whole) {
        free (room);
        return FAIL_IO;
    }
    tag_of (spool, &record->segment->id, room, HEAD_LEN, room + HEAD_LEN, record->len, tag);
    if (sodium_memcmp (tag, room + HEAD_LEN + record->len, TAG_LEN) != 0) {
        free (room);
        return FAIL_CORRUPT;
    }
    memmove (room, room + HEAD_LEN, record->len);
    *ret_at = room;
    return 0;
}

void spool_drained (struct spool *spool, const struct spool_record *record)
{
    pthread_mutex_lock (&spool->lock);
    check (record->segment->undrained > 0);
    record->segment->undrained--;
    spool->undrained--;
    uint64_t bytes = padded (record->len);
    spool->undrained_bytes -= bytes < spool->undrained_bytes ? bytes : spool->undrained_bytes;
    if (spool->undrained == 0)
        spool->undrained_bytes = 0;
    pthread_mutex_unlock (&spool->lock);
}

void spool_set_frontier (struct spool *spool, uint64_t frontier)
{
    __atomic_store_n (&spool->frontier, frontier, __ATOMIC_RELAXED);
}

bool spool_has_room (struct spool *spool, unsigned share)
{
    pthread_mutex_lock (&spool->lock);
    bool room = spool->undrained_bytes * 1000 < (uint64_t) spool->options.bytes * share;
    bool segment = spool->spare || spool->active->end + (1u << 18) < spool->active->size;
    pthread_mutex_unlock (&spool->lock);
    return room && segment;
}

const struct id *segment_id (const struct segment *segment)
{
    return &segment->id;
}

void spool_stat (struct spool *spool, struct spool_stat *ret)
{
    const struct segment *segment;
    pthread_mutex_lock (&spool->lock);
    *ret = (struct spool_stat){.spares = spool->spare != NULL,
                               .bytes = (uint64_t) bytes_of (spool),
                               .undrained_bytes = spool->undrained_bytes,
                               .undrained = spool->undrained,
                               .next_seq = spool->next_seq,
                               .frontier = spool->frontier,
                               .corrupt = spool->corrupt};
    DL_FOREACH (spool->segments, segment)
        ret->segments++;
    ret->oldest_ms = spool->segments->first_ms;
    pthread_mutex_unlock (&spool->lock);
}

void spool_retire (struct spool *spool)
{
    int64_t now = wall_ms ();
    pthread_mutex_lock (&spool->lock);
    struct segment *segment, *next;
    DL_FOREACH_SAFE (spool->segments, segment, next) {
        bool full = bytes_of (spool) * 10 > spool->options.bytes * 7 || !spool->spare;
        bool old = now - segment->first_ms > spool->options.keep_ms;
        if (segment == spool->active || segment->undrained || !(old || full))
            break; /* oldest first, and never past one that is needed */
        if (full && !old && now - segment->first_ms < 60000 && spool->spare)
            break;
        DL_DELETE (spool->segments, segment);
        unlink (segment->path);
        segment_free (segment);
    }
    pthread_cond_signal (&spool->spare_wanted);
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
    struct spool_record record = {.seq = head->seq,
                                  .received = head->received,
                                  .at = bytes,
                                  .len = head->len,
                                  .segment = segment,
                                  .offset = offset + HEAD_LEN};
    if (walk->found (walk->owner, &record))
        undrained_again (walk->spool, &record);
}

/* A cursor is the number of a segment: a step is a whole one. */
uint64_t spool_walk (struct spool *spool, uint64_t cursor, spool_found_fn *found, void *owner)
{
    struct walk walk = {spool, found, owner};
    struct segment *segment;
    DL_FOREACH (spool->segments, segment) {
        if (segment->number < cursor)
            continue;
        struct image image = {0};
        uint32_t end = segment->end;
        if (image_read (segment, &image) == 0)
            segment_walk (spool, segment, &image, walk_data, &walk);
        segment->end = end; /* the commit thread's, which may have gone on */
        free (image.at);
        return segment->next ? segment->next->number : 0;
    }
    return 0;
}
