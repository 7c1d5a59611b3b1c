/* segment.c - see segment.h. */
#include "segment.h"
#include "base/fault.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC   "ADUANSPL"
#define VERSION 1u
#define BLOCK   4096u /* what one bad sector of a disk takes with it */

struct header {
    char magic[8];
    uint32_t version, flags;
    struct id id;
    uint64_t number, size;
    uint8_t tag[TAG_LEN];
};
_Static_assert(sizeof (struct header) == HEADER_LEN, "header");

uint32_t segment_padded (uint32_t len)
{
    return (HEAD_LEN + len + TAG_LEN + 7) & ~7u;
}

/* ---- tags ---------------------------------------------------------------------------------- */

void segment_key (const uint8_t id_key[ID_KEY_LEN], uint8_t ret[SEGMENT_KEY])
{
    static const uint8_t use[] = "aduan spool tags";
    crypto_generichash (ret, SEGMENT_KEY, use, sizeof use, id_key, ID_KEY_LEN);
}

static void tag_of (const uint8_t key[SEGMENT_KEY], const struct id *segment, const void *head,
                    size_t head_len, const void *at, size_t len, uint8_t ret[TAG_LEN])
{
    crypto_generichash_state state;
    crypto_generichash_init (&state, key, SEGMENT_KEY, TAG_LEN);
    crypto_generichash_update (&state, segment->at, sizeof segment->at);
    crypto_generichash_update (&state, head, head_len);
    crypto_generichash_update (&state, at, len);
    crypto_generichash_final (&state, ret, TAG_LEN);
}

static bool header_valid (const uint8_t key[SEGMENT_KEY], const struct header *header)
{
    uint8_t tag[TAG_LEN];
    tag_of (key, &header->id, header, offsetof (struct header, tag), "", 0, tag);
    return memcmp (header->magic, MAGIC, 8) == 0 && header->version == VERSION &&
           sodium_memcmp (tag, header->tag, TAG_LEN) == 0;
}

/* ---- making -------------------------------------------------------------------------------- */

int segment_write (int fd, const void *bytes, size_t len, off_t at)
{
    const char *from = bytes;
    while (len) {
        ssize_t put = pwrite (fd, from, len, at);
        if (put == 0)
            errno = EIO;
        if (put <= 0)
            return FAIL_IO;
        from += put;
        at += put;
        len -= (size_t) put;
    }
    return 0;
}

static int zero_file (int fd, int64_t size)
{
    static const char zeros[1 << 16];
    errno = posix_fallocate (fd, 0, size);
    if (errno != 0)
        return FAIL_IO;
    int result = 0;
    for (int64_t at = 0; at < size && result == 0; at += (int64_t) sizeof zeros) {
        int64_t left = size - at;
        size_t len = left < (int64_t) sizeof zeros ? (size_t) left : sizeof zeros;
        result = segment_write (fd, zeros, len, at);
    }
    return result;
}

static int write_headers (int fd, const uint8_t key[SEGMENT_KEY], struct header *header)
{
    tag_of (key, &header->id, header, offsetof (struct header, tag), "", 0, header->tag);
    off_t last = (off_t) (header->size - HEADER_LEN);
    int result = segment_write (fd, header, sizeof *header, last);
    return result == 0 ? segment_write (fd, header, sizeof *header, 0) : result;
}

int segment_make (const char *folder, const uint8_t key[SEGMENT_KEY], uint64_t number,
                  uint32_t flags, int64_t size, struct segment **ret)
{
    struct segment *segment = xcalloc (1, sizeof *segment);
    struct header header = {.version = VERSION,
                            .flags = flags,
                            .id = id_random (),
                            .number = number,
                            .size = (uint64_t) size};
    memcpy (header.magic, MAGIC, sizeof header.magic);
    *segment = (struct segment){.id = header.id,
                                .number = number,
                                .flags = flags,
                                .end = HEADER_LEN,
                                .size = (uint32_t) size};
    segment->path = xformat ("%s/%010" PRIu64 ".segment", folder, number);
    segment->fd = open (segment->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (segment->fd >= 0 && zero_file (segment->fd, size) == 0 &&
        write_headers (segment->fd, key, &header) == 0 && fsync (segment->fd) == 0 &&
        dir_sync (folder) == 0) {
        *ret = segment;
        return 0;
    }
    int error = errno;
    log_limited (LOG_ERROR, "%s: a segment cannot be made (%s)", segment->path, strerror (error));
    if (segment->fd >= 0)
        unlink (segment->path);
    segment_free (segment);
    errno = error;
    return FAIL_IO;
}

void segment_free (struct segment *segment)
{
    if (segment->fd >= 0)
        close (segment->fd);
    free (segment->path);
    free (segment);
}

/* ---- names --------------------------------------------------------------------------------- */

static int by_name (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

int segment_names (const char *folder, char ***ret_names, size_t *ret_count)
{
    DIR *entries = opendir (folder);
    if (!entries)
        return FAIL_IO;
    char **names = NULL;
    size_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir (entries))) {
        size_t len = strlen (entry->d_name);
        if (len < 9 || strcmp (entry->d_name + len - 8, ".segment") != 0)
            continue;
        names = xrealloc (names, (count + 1) * sizeof *names);
        names[count++] = xstrdup (entry->d_name);
    }
    closedir (entries);
    if (count)
        qsort (names, count, sizeof *names, by_name);
    *ret_names = names;
    *ret_count = count;
    return 0;
}

void segment_names_free (char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free (names[i]);
    free (names);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Bytes at `at`, as many as the disk gives; a block that it refuses is stepped over. */
static size_t read_at (int fd, char *into, size_t len, size_t at)
{
    size_t unread = 0;
    for (size_t done = 0; done < len;) {
        ssize_t got = pread (fd, into + done, len - done, (off_t) (at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            return unread + (len - done);
        size_t step = BLOCK - (at + done) % BLOCK, most = len - done;
        if (got < 0) {
            unread += step < most ? step : most;
            got = (ssize_t) (step < most ? step : most);
        }
        done += (size_t) got;
    }
    return unread;
}

int image_read (int fd, uint32_t size, struct image *ret)
{
    struct stat stat;
    *ret = (struct image){0};
    if (fstat (fd, &stat) != 0)
        return FAIL_IO;
    ret->len = (size_t) stat.st_size;
    ret->at = xcalloc (ret->len + 1, 1);
    ret->unread = read_at (fd, ret->at, ret->len, 0);
    if (ret->len == size)
        ret->len -= HEADER_LEN; /* the second header */
    for (ret->used = ret->len; ret->used && !ret->at[ret->used - 1];)
        ret->used--;
    return 0;
}

void image_free (struct image *image)
{
    free (image->at);
    *image = (struct image){0};
}

/* The record that begins at `offset`, if one that validates does. */
static bool record_at (const uint8_t key[SEGMENT_KEY], const struct segment *segment,
                       const struct image *image, uint32_t offset, struct head *ret)
{
    uint8_t tag[TAG_LEN];
    if (offset + HEAD_LEN + TAG_LEN > image->len)
        return false;
    memcpy (ret, image->at + offset, sizeof *ret);
    if (ret->offset != offset || ret->type < RECORD_DATA || ret->type > RECORD_START ||
        ret->len > RECORD_MOST || offset + (uint64_t) HEAD_LEN + ret->len + TAG_LEN > image->len)
        return false;
    if (mutant (tag_unchecked))
        return true;
    const char *bytes = image->at + offset + HEAD_LEN;
    tag_of (key, &segment->id, ret, sizeof *ret, bytes, ret->len, tag);
    return sodium_memcmp (tag, bytes + ret->len, TAG_LEN) == 0;
}

enum damage segment_walk (const uint8_t key[SEGMENT_KEY], struct segment *segment,
                          const struct image *image, segment_each_fn *each, void *owner,
                          uint32_t *ret_end)
{
    enum damage damage = WHOLE;
    uint32_t offset = HEADER_LEN, end = HEADER_LEN;
    while (offset + HEAD_LEN + TAG_LEN <= image->len && offset < image->used) {
        struct head head;
        if (record_at (key, segment, image, offset, &head)) {
            damage = damage == WHOLE ? WHOLE : HOLED;
            each (owner, segment, &head, offset, image->at + offset + HEAD_LEN);
            offset += segment_padded (head.len);
            end = offset;
            continue;
        }
        damage = damage == WHOLE ? TORN : damage;
        if (mutant (stop_at_bad))
            break;
        offset += 8; /* records begin at multiples of 8 */
    }
    if (ret_end)
        *ret_end = end;
    return damage == WHOLE && image->used > end ? TORN : damage;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void count_record (void *owner, struct segment *segment, const struct head *head,
                          uint32_t offset, const char *bytes)
{
    (void) segment;
    (void) head;
    (void) offset;
    (void) bytes;
    ++*(unsigned *) owner;
}

/* A damaged header's id: right is the one with which a record validates.  As it stands, or with one
 * bit turned. */
static bool find_id (const uint8_t key[SEGMENT_KEY], struct segment *segment,
                     const struct id *damaged)
{
    struct image image = {0};
    struct head head;
    unsigned found = 0;
    if (image_read (segment->fd, segment->size, &image) != 0)
        return false;
    segment->id = *damaged;
    segment_walk (key, segment, &image, count_record, &found, NULL);
    for (unsigned bit = 0; !found && bit < 8 * sizeof damaged->at; bit++) {
        segment->id = *damaged;
        segment->id.at[bit / 8] ^= (uint8_t) (1u << bit % 8);
        found = record_at (key, segment, &image, HEADER_LEN, &head);
    }
    image_free (&image);
    return found > 0;
}

/* The headers as they stand; 0 or FAIL_CORRUPT. */
static int take_headers (const uint8_t key[SEGMENT_KEY], struct segment *segment, size_t size,
                         const char *name)
{
    struct header first = {0}, last = {0};
    read_at (segment->fd, (char *) &first, sizeof first, 0);
    read_at (segment->fd, (char *) &last, sizeof last, size - HEADER_LEN);
    bool first_good = header_valid (key, &first), last_good = header_valid (key, &last);
    segment->injured = !first_good || !last_good || first.size != size;
    if (first_good || last_good) {
        const struct header *good = first_good ? &first : &last;
        segment->id = good->id;
        segment->number = good->number;
        segment->flags = good->flags;
        segment->size = (uint32_t) good->size;
        return 0;
    }
    segment->number = strtoull (name, NULL, 10);
    segment->flags = first.flags == last.flags ? first.flags & FLAG_START : 0;
    segment->size = (uint32_t) size;
    return find_id (key, segment, &first.id) || find_id (key, segment, &last.id) ? 0 : FAIL_CORRUPT;
}

int segment_open (const char *folder, const char *name, const uint8_t key[SEGMENT_KEY],
                  struct segment **ret)
{
    struct segment *segment = xcalloc (1, sizeof *segment);
    struct stat stat;
    int result = FAIL_IO;
    segment->path = xformat ("%s/%s", folder, name);
    segment->fd = open (segment->path, O_RDONLY | O_CLOEXEC);
    if (segment->fd >= 0 && fstat (segment->fd, &stat) == 0)
        result = stat.st_size < HEADER_LEN || stat.st_size > UINT32_MAX
                     ? FAIL_CORRUPT
                     : take_headers (key, segment, (size_t) stat.st_size, name);
    if (result == 0)
        *ret = segment;
    else
        segment_free (segment);
    return result;
}

void segment_give_back (struct segment *segment)
{
    off_t from = ((off_t) segment->end + 4095) & ~(off_t) 4095,
          to = ((off_t) segment->size - (off_t) HEADER_LEN) & ~(off_t) 4095;
    check (segment->end >= HEADER_LEN && segment->damage == WHOLE);
    if (to <= from)
        return;
    int fd = open (segment->path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from) == 0)
        segment->given_back = (uint32_t) (to - from);
    if (fd >= 0)
        close (fd);
}

int segment_open_by_id (const char *folder, const char *name, const struct id *id,
                        struct segment **ret)
{
    struct segment *segment = xcalloc (1, sizeof *segment);
    segment->path = xformat ("%s/%s", folder, name);
    segment->fd = open (segment->path, O_RDONLY | O_CLOEXEC);
    segment->id = *id;
    segment->injured = true;
    if (segment->fd >= 0) {
        *ret = segment;
        return 0;
    }
    segment_free (segment);
    return FAIL_IO;
}

/* ---- records ------------------------------------------------------------------------------- */

struct spool_record record_of_head (struct segment *segment, const struct head *head,
                                    uint32_t offset, const char *bytes)
{
    return (struct spool_record){.seq = head->seq,
                                 .received = head->received,
                                 .doubtful = (head->flags & HEAD_DOUBTFUL) != 0,
                                 .salvaged = (head->flags & HEAD_SALVAGED) != 0,
                                 .at = bytes,
                                 .len = head->len,
                                 .segment = segment,
                                 .offset = offset + HEAD_LEN};
}

struct head head_of_record (const struct spool_record *record)
{
    return (struct head){.len = record->len,
                         .type = RECORD_DATA,
                         .flags = (uint16_t) ((record->doubtful ? HEAD_DOUBTFUL : 0) |
                                              (record->salvaged ? HEAD_SALVAGED : 0)),
                         .seq = record->seq,
                         .received = record->received};
}

void segment_note (struct segment *segment, uint64_t seq)
{
    if (!segment->first_seq || seq < segment->first_seq)
        segment->first_seq = seq;
    if (seq > segment->last_seq)
        segment->last_seq = seq;
}

void segment_put (const uint8_t key[SEGMENT_KEY], const struct segment *segment,
                  const struct head *head, const void *at, struct buffer *batch)
{
    uint32_t whole = segment_padded (head->len);
    char *into = buffer_room (batch, whole);
    struct head placed = *head;
    placed.offset = segment->end + batch->len;
    memset (into + whole - 8, 0, 8);
    memcpy (into, &placed, sizeof placed);
    memcpy (into + HEAD_LEN, at, head->len);
    tag_of (key, &segment->id, &placed, sizeof placed, at, head->len,
            (uint8_t *) into + HEAD_LEN + head->len);
    batch->len += whole;
}

int segment_read (const uint8_t key[SEGMENT_KEY], const struct segment *segment, uint32_t offset,
                  uint32_t len, char **ret_at)
{
    uint8_t tag[TAG_LEN];
    struct head head;
    size_t whole = HEAD_LEN + len + TAG_LEN;
    char *room = xcalloc (whole, 1);
    ssize_t got;
    do
        got = pread (segment->fd, room, whole, (off_t) offset - HEAD_LEN);
    while (got < 0 && errno == EINTR);
    int result = got == (ssize_t) whole ? 0 : FAIL_IO;
    if (result == 0) {
        memcpy (&head, room, sizeof head);
        tag_of (key, &segment->id, room, HEAD_LEN, room + HEAD_LEN, len, tag);
        if (head.offset != offset - HEAD_LEN ||
            sodium_memcmp (tag, room + HEAD_LEN + len, TAG_LEN) != 0)
            result = FAIL_CORRUPT;
    }
    if (result != 0) {
        free (room);
        return result;
    }
    memmove (room, room + HEAD_LEN, len);
    *ret_at = room;
    return 0;
}
