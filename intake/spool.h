/* spool.h - the segment files in which a submission is durable before it is acknowledged.
 *
 * A segment is a preallocated, zeroed file: a header, then records, each with a keyed tag over
 * segment id, head (with its place) and bytes, so that no stale block, no other segment's record and
 * none that was moved validates
 * (RELIABILITY P7).  Records are appended by one thread, synced with fdatasync, and read by pread.
 *
 * Files are NNNNNNNNNN.segment, numbers rise; the newest may be an empty spare.  The form of a file
 * is segment.h's.  Each begins with a frontier record that holds the whole state (struct spool_state);
 * a short one, with the frontier alone, goes with each commit that finds it moved.
 *
 * A start (recover.c; P8, P9) reads every segment; what is damaged is copied to corrupt/ and stepped
 * over; the newest segment's records above the frontier are written into a fresh segment that a start
 * record closes.  Nothing that cannot be read is deleted, nothing is guessed.  Then segments that hold
 * no complaint go, and the unused ends of the others are given back to the disk: starts cost no room.
 *
 * Beside the segment in use there are two empty ones: the spare, so that a commit never waits for
 * zeroes, and the reserve, whose room a start takes where the disk is full.
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

/* Numbers of the file format. */
enum record_type { RECORD_DATA = 1, RECORD_FRONTIER, RECORD_START };

/* What is to be written, and then where it is. */
struct spool_record {
    uint64_t seq;      /* set by spool_append */
    uint64_t received; /* ms; set by spool_append: the commit's time */
    bool doubtful;     /* set by spool_append: the clock was behind the newest record */
    bool drained;      /* of a found one: it is known to be drained */
    bool salvaged;  /* set by the caller: it was accepted before; `received` and `doubtful` stay */
    const char *at; /* the bytes; borrowed for the call */
    uint32_t len;
    struct segment *segment; /* set by spool_append */
    uint32_t offset;         /* of the bytes, in the segment */
};

struct spool_options {
    const char *folder;
    uint8_t key[ID_KEY_LEN]; /* the id key; the spool derives its own from it */
    int64_t bytes;           /* size of all segments */
    int64_t segment_bytes;
    int64_t keep_ms; /* drained records are kept so long */
};

#define SPOOL_GAPS 256

/* What the intake knows, for its next start. */
struct spool_state {
    uint64_t frontier;                   /* all sequences up to this one are drained */
    uint64_t next_seq;                   /* the spool's own */
    uint64_t system, timeline, position; /* of the database, when it last said STORED */
    uint64_t replay;                     /* cursor from which a replay has to go on, 0: none */
    uint64_t gap_count;
    struct spool_gap {
        uint64_t first, last;
    } gaps
        [SPOOL_GAPS]; /* above the frontier: these are drained; what does not fit is offered twice */
};

/* Called for the data records of a start (all that validate, those that are drained marked so) and
 * of a walk; the bytes are borrowed.  True: it is undrained now, until spool_drained; false: it is
 * drained, or is a copy of one that is undrained already.  Of copies with one sequence the later is
 * the better: an owner that has an earlier one calls spool_drained for that, and says true. */
typedef bool spool_found_fn (void *owner, struct spool *spool, const struct spool_record *record);

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
/* The rest of the state; copied, and on disk with the next append.  `frontier` and `next_seq` are
 * not taken from it. */
void spool_set_state (struct spool *spool, const struct spool_state *state);
/* As it was found by spool_open. */
void spool_get_state (struct spool *spool, struct spool_state *ret);
/* Is there a frontier or a state that is not on disk?  An append of no records writes it. */
bool spool_unsaved (struct spool *spool);
/* An operator says that the wall clock is right and the newest record's time was not (P18). */
void spool_trust_clock (struct spool *spool);

/* Is there room to promise more?  Undrained bytes against `share` permille of the size, and a
 * segment to write into. */
bool spool_has_room (struct spool *spool, unsigned share);
const char *spool_folder (const struct spool *spool);
const struct id *segment_id (const struct segment *segment);

struct spool_stat {
    unsigned segments, spares, reserves;
    uint64_t bytes, undrained_bytes, undrained, next_seq, frontier, corrupt;
    uint64_t retired_early; /* segments unlinked before their age, for want of room (P19) */
    int64_t oldest_ms;      /* receipt of the oldest retained segment's first record, 0: none */
    int64_t behind_ms;      /* how far the clock is behind the newest record; 0: it is not (P18) */
};
void spool_stat (struct spool *spool, struct spool_stat *ret);

/* Walks the retained records of one segment, the first whose number is `cursor` or more (1: the
 * oldest); returns the next cursor, 0 at the end.  For offering again what a database has lost. */
uint64_t spool_walk (struct spool *spool, uint64_t cursor, spool_found_fn *found, void *owner);
/* Where a walk that has come to `cursor` (0: to its end) would have to begin again after a crash: the
 * oldest segment behind it that is not drained, else the cursor. */
uint64_t spool_walk_floor (struct spool *spool, uint64_t cursor);

/* Unlinks drained segments beyond age and bytes (P19), none from the number `walking` on (0: no walk
 * is under way); on the reactor's thread. */
void spool_retire (struct spool *spool, uint64_t walking);
/* No empty segment could be made: spool_retire is worth calling at once. */
bool spool_lacks_room (struct spool *spool);

#endif
