/* spool.h - the segment files in which a submission is durable before it is acknowledged.
 *
 * A segment is a preallocated, zeroed file: a header, then records, each with a keyed tag over
 * segment id, head and bytes, so that neither a stale block nor another segment's record validates
 * (RELIABILITY P7).  Records are appended by one thread, synced with fdatasync, and read by pread.
 *
 *   file     NNNNNNNNNN.segment, numbers rise; the newest may be an empty spare
 *   header   64 bytes: magic, version, flags, segment id, number, tag
 *   record   32 bytes head (length, type, seq, received, adapter), bytes, tag of 16, padded to 8
 *
 * A start (P8, P9): every segment is read; the first invalid record ends the newest one, and what is
 * damaged in an older one is copied to corrupt/ and stepped over; the newest segment's records above
 * the frontier are written into a fresh segment that a start record closes.  Nothing that cannot be
 * read is deleted, nothing is guessed.
 *
 * Any write or sync that fails on the segment in use is final for this process (P6).
 */
#ifndef ADUAN_SPOOL_H
#define ADUAN_SPOOL_H

#include "base/base.h"
#include "domain/number.h"

#define SPOOL_SEGMENT_LEAST (1u << 20)

struct spool;
struct segment;

enum record_type { RECORD_DATA = 1, RECORD_FRONTIER, RECORD_START };

/* What is to be written, and then where it is. */
struct spool_record {
    uint64_t seq;      /* set by spool_append */
    uint64_t received; /* ms; set by spool_append: the commit's time */
    bool doubtful;     /* set by spool_append: the clock was behind the newest record */
    const char *at;    /* the bytes; borrowed for the call */
    uint32_t len;
    struct segment *segment; /* set by spool_append */
    uint32_t offset;         /* of the bytes, in the segment */
};

struct spool_options {
    const char *folder;
    uint8_t key[ID_KEY_LEN]; /* the id key; the spool derives its own from it */
    int64_t bytes;           /* size of all segments */
    int64_t segment_bytes;
    int64_t keep_ms; /* drained segments are kept so long */
};

/* Called for every data record that is not known to be drained, in order of seq; the bytes are
 * borrowed.  True: it is undrained now, until spool_drained; false: it is a copy of one that is. */
typedef bool spool_found_fn (void *owner, const struct spool_record *record);

/* Opens, recovers, and is ready to append.  One process a spool (P24).  0, or FAIL_BUSY: another
 * process has it; FAIL_REFUSED: another id key; FAIL_IO; FAIL_FULL; each with one log line. */
int spool_open (const struct spool_options *options, spool_found_fn *found, void *owner,
                struct spool **ret);
void spool_close (struct spool **spool);

/* Appends and syncs all, with the frontier in front if it has moved; on the commit thread.  0: every
 * record is on stable storage.  FAIL_FULL: no segment is ready; those whose `segment` is set are on
 * stable storage, of the others nothing was written.  FAIL_IO: it is not known what is on disk; the
 * process must exit (P6). */
int spool_append (struct spool *spool, struct spool_record **records, unsigned count);

/* Reads a record's bytes; the caller frees them.  0, FAIL_IO or FAIL_CORRUPT. */
int spool_read (struct spool *spool, const struct spool_record *record, char **ret_at);

/* A record is drained.  Frees segments whose time has come. */
void spool_drained (struct spool *spool, const struct spool_record *record);
/* All sequences up to this one are drained; goes to disk with the next append. */
void spool_set_frontier (struct spool *spool, uint64_t frontier);

/* Is there room to promise more?  Undrained bytes against `share` permille of the size, and a
 * segment to write into. */
bool spool_has_room (struct spool *spool, unsigned share);
const struct id *segment_id (const struct segment *segment);

struct spool_stat {
    unsigned segments, spares;
    uint64_t bytes, undrained_bytes, undrained, next_seq, frontier, corrupt;
    int64_t oldest_ms; /* receipt of the oldest retained segment's first record, 0: none */
};
void spool_stat (struct spool *spool, struct spool_stat *ret);

/* Walks the retained records of one segment, the first whose number is `cursor` or more (1: the
 * oldest); returns the next cursor, 0 at the end.  For offering again what a database has lost. */
uint64_t spool_walk (struct spool *spool, uint64_t cursor, spool_found_fn *found, void *owner);

/* Unlinks drained segments beyond age and bytes (P19); on the reactor's thread. */
void spool_retire (struct spool *spool);

#endif
