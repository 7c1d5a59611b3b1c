/* segment.h - one segment file: its form, making it, reading it whole.  For spool.c, recover.c and
 * inspect.c only; the promises stand in spool.h.
 *
 *   header   64 bytes: magic, version, flags, segment id, number, size, tag; a second one stands in
 *            the file's last 64 bytes, for without the id no record can be checked
 *   state    the first record (spool.h)
 *   record   32 bytes head (length, type, flags, seq, received, offset), bytes, tag of 16, padded to 8
 *
 * Numbers are little-endian, as all machines that run this have them.
 */
#ifndef ADUAN_SEGMENT_H
#define ADUAN_SEGMENT_H

#include "spool.h"

#define TAG_LEN     16u
#define HEADER_LEN  64u
#define HEAD_LEN    32u
#define FLAG_START  1u         /* made by a start: good from its start record on */
#define RECORD_MOST (1u << 20) /* bytes; a submission's two frames are far below */
#define SEGMENT_KEY 32

struct head {
    uint32_t len;
    uint16_t type, flags;
    uint64_t seq, received;
    uint64_t offset; /* its own: a record that stands elsewhere is none */
};
_Static_assert(sizeof (struct head) == HEAD_LEN, "head");
enum { HEAD_DOUBTFUL = 1, HEAD_SALVAGED = 2 }; /* the latter's time is older than its commit */

/* What is wrong with a file. */
enum damage {
    WHOLE,
    TORN,  /* what validates ends before what is written does */
    HOLED, /* and goes on behind it */
};

struct segment {
    struct id id;
    uint64_t number;
    uint32_t flags;
    int fd;
    char *path;
    uint32_t end, size;  /* where the next record goes; of the whole file */
    uint32_t given_back; /* bytes of its unused end that the disk has again */
    bool injured;        /* a header is damaged, or the file is cut */
    bool uncopied;       /* damaged, and no copy could be made: it stays */
    enum damage damage;
    uint64_t records, undrained;
    uint64_t first_seq, last_seq; /* of its data records; 0: it has none */
    int64_t first_ms, newest_ms;  /* receipt of its first and its newest record */
    struct segment *prev, *next;
};

/* The key of all tags follows from the id key. */
void segment_key (const uint8_t id_key[ID_KEY_LEN], uint8_t ret[SEGMENT_KEY]);

/* Makes a file that may be used: create -> zero -> headers -> fsync file -> fsync folder (P7).
 * 0 or FAIL_IO with errno; nothing is left behind then. */
int segment_make (const char *folder, const uint8_t key[SEGMENT_KEY], uint64_t number,
                  uint32_t flags, int64_t size, struct segment **ret);
/* Opens for reading.  Where neither header validates, the id is looked for in what is left of them:
 * one with which a record validates is the right one.  0; FAIL_IO: cannot be opened, with errno;
 * FAIL_CORRUPT: there is no such id. */
int segment_open (const char *folder, const char *name, const uint8_t key[SEGMENT_KEY],
                  struct segment **ret);
/* One whose headers tell nothing, by an id known from elsewhere.  0 or FAIL_IO. */
int segment_open_by_id (const char *folder, const char *name, const struct id *id,
                        struct segment **ret);
void segment_free (struct segment *segment);
/* Nothing more is written into it, and it is whole: the disk gets back the zeroes behind its last record,
 * which read as zeroes still.  A file system that cannot do that (fallocate(2), PUNCH_HOLE) keeps them. */
void segment_give_back (struct segment *segment);
static inline uint32_t segment_taken (const struct segment *segment) /* bytes of disk */
{
    return segment->size - segment->given_back;
}
/* The sorted names of a folder's segments; names_free ends the list.  0 or FAIL_IO. */
int segment_names (const char *folder, char ***ret_names, size_t *ret_count);
void segment_names_free (char **names, size_t count);

/* Writes all of it; a short write goes on from where it stopped.  0, or FAIL_IO with errno, after which
 * it is not known what is there (P6). */
int segment_write (int fd, const void *bytes, size_t len, off_t at);

/* A file in memory. */
struct image {
    char *at;
    size_t len;
    size_t used;   /* behind the last byte of records that is not zero */
    size_t unread; /* bytes that the disk did not give; they are zero here */
};
/* Reads a file of `size` bytes by its header; 0: unknown.  0 or FAIL_IO. */
int image_read (int fd, uint32_t size, struct image *ret);
void image_free (struct image *image);

typedef void segment_each_fn (void *owner, struct segment *segment, const struct head *head,
                              uint32_t offset, const char *bytes);
/* Calls `each` for every record that validates, in order.  Changes nothing in the segment: it may
 * be the one in use, whose end is the commit thread's. */
enum damage segment_walk (const uint8_t key[SEGMENT_KEY], struct segment *segment,
                          const struct image *image, segment_each_fn *each, void *owner,
                          uint32_t *ret_end);

/* A found record as spool.h tells it; and the head that a record is written with. */
struct spool_record record_of_head (struct segment *segment, const struct head *head,
                                    uint32_t offset, const char *bytes);
struct head head_of_record (const struct spool_record *record);
/* Counts a data record's sequence. */
void segment_note (struct segment *segment, uint64_t seq);
/* Appends a record, ready for the disk, to `batch`, which will be written at the segment's end; the
 * head's offset is set here. */
void segment_put (const uint8_t key[SEGMENT_KEY], const struct segment *segment,
                  const struct head *head, const void *at, struct buffer *batch);
/* Bytes that a record of `len` takes. */
uint32_t segment_padded (uint32_t len);
/* Reads back one record's bytes; the caller frees them.  0, FAIL_IO or FAIL_CORRUPT. */
int segment_read (const uint8_t key[SEGMENT_KEY], const struct segment *segment, uint32_t offset,
                  uint32_t len, char **ret_at);

#endif
