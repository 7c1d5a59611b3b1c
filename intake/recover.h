/* recover.h - a spool's insides, for spool.c, keep.c and recover.c. */
#ifndef ADUAN_RECOVER_H
#define ADUAN_RECOVER_H

#include "segment.h"

#include <pthread.h>

/* What the state takes at most. */
#define STATE_ROOM ((uint64_t) segment_padded (sizeof (struct spool_state)))

struct spool {
    struct spool_options options;
    char *folder;
    uint8_t key[SEGMENT_KEY];
    int lock_fd;
    pthread_mutex_t lock;
    pthread_cond_t spare_wanted;
    pthread_t maker;
    bool stopping;
    struct segment *segments; /* oldest first; the last is in use */
    struct segment *retired;  /* to be unlinked by the maker: the disk may stall */
    struct segment *active, *spare;
    struct segment
        *reserve;      /* empty too, and used by nobody: its room is a start's on a full disk */
    uint64_t bytes;    /* of all of these */
    bool spare_failed; /* the last try; tried again by the second */
    bool failed;       /* a write or sync on the segment in use: nothing more is written (P6) */
    bool state_unsaved;
    uint64_t next_number, next_seq, frontier;
    int64_t newest_ms; /* receipt of the newest record */
    uint64_t undrained, undrained_bytes, corrupt, retired_early;
    struct spool_state state;   /* the newest; its frontier and next_seq stand above */
    struct spool_state written; /* in the batch that is being written */
    struct spool_state saved;   /* on stable storage */
    struct buffer batch;        /* of the commit thread */
};

/* What a start does between the lock file and the first answer.  0, FAIL_IO or FAIL_FULL. */
int recover (struct spool *spool, spool_found_fn *found, void *owner);

/* Of keep.c: the maker's thread. */
void *spool_make_spares (void *spool);

/* Of spool.c. */
/* Bytes left in the segment in use. */
static inline uint64_t spool_room_left (const struct spool *spool)
{
    return spool->active->size - HEADER_LEN - spool->active->end;
}
void spool_put_state (struct spool *spool, struct segment *segment, uint64_t now);
int spool_write_batch (struct spool *spool, struct segment *segment);
/* Counts a record that is, or is again, to be drained. */
void spool_undrained (struct spool *spool, const struct spool_record *record);
void spool_add_segment (struct spool *spool, struct segment *segment);
/* Unlinks it. */
void spool_drop_segment (struct spool *spool, struct segment *segment);

#endif
