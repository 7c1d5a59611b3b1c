/* content_inside.h - what the files of the content store share.  Users see content.h.
 *
 *   content.c  the reactor's side: jobs given and taken back
 *   job.c      the clerk: one thread that does what callers ask, in its order
 *   kind.c     what a file is, by its bytes;  words.c: what of that is taken, for people
 *   arrival.c  an upload as it grows on the disk;  box.c, key.c: unreadable without the day's key
 *   pin.c      what keeps it (pin.h);  place.c: where it lies
 *   room.c     how much of the disk uploads may fill
 *   find.c     what a digest stands for now
 *   queue.c    in which order copies are made
 *   copy.c     the copier: one thread that makes copies of what is pinned;  child.c: with a child
 *   sweep.c    what nobody pinned goes, and old keys
 *   orphan.c   what is pinned and named by nobody any more goes, too
 */
#ifndef ADUAN_CONTENT_INSIDE_H
#define ADUAN_CONTENT_INSIDE_H

#include <magic.h>
#include <pthread.h>
#include <uthash.h>
#include "base/log.h"
#include "content/box.h"
#include "content/content.h"
#include "content/place.h"

#define UNPINNED_MS ((int64_t) 24 * 3600 * 1000)
#define ORPHAN_MS   ((int64_t) 30 * 24 * 3600 * 1000)
#define DRAFT_MS    ((int64_t) 3600 * 1000)
#define COPY_MS                                                                                    \
    180000 /* of a clock, where nobody else lets it work; of the processor it has 15 s */
#define VIDEO_SECONDS 120
#define LOOK_MS       60000  /* the scan behind content_look */
#define HEAD_BYTES    262144 /* of a file: by so many libmagic says what it is */
#define IMAGE_BYTES                                                                                \
    4096 /* and by so many that it is an image, whose mark stands at its beginning */

enum job_kind {
    JOB_PUT,
    JOB_PIECE,
    JOB_SEAL,
    JOB_END,
    JOB_DROP,
    JOB_PIN,
    JOB_OPEN,
    JOB_ASK,
    JOB_GO
};

struct arrival;
struct said;

/* What the clerk is given and gives back. */
struct job {
    struct job *prev, *next;
    enum job_kind kind;
    enum content_result result;
    uint8_t *asked;                /* ASK, GO: `count` digests, ours */
    struct content_upload *upload; /* PIECE, SEAL, END, DROP */
    struct view bytes;             /* PUT: borrowed; PIECE: ours */
    uint8_t digests[CONTENT_FILES_MOST * CONTENT_DIGEST_BYTES];
    size_t count;
    struct content_found found;
    union {
        content_put_fn *put;
        content_pin_fn *pin;
        content_open_fn *open;
    } done;
    void *owner;
};

struct content_upload {
    struct content *content;
    struct arrival *arrival; /* the clerk's */
    struct view piece;       /* the next one, being filled: ours */
    size_t added, behind;
    bool paused, sealed;
    bool draft;
    void (*more) (void *owner); /* NULL also once it was ended or dropped */
    void *owner;
};

/* Old digests of one of the 256 folders, asked for piece by piece. */
struct orphans {
    unsigned folder; /* the next one to be looked through */
    struct buffer digests;
    size_t at; /* digests that were asked for */
};

/* What waits for its copy; the copier's. */
struct queue {
    struct waiting *waiting;
    unsigned turn;
};

/* What bounds uploads; the clerk's. */
#define ROOM_CALM_MS 60000

/* One that is met while `held`; that it is, and is no more, is said once each, however often what was refused makes room again. */
struct bound {
    bool held;
    int64_t met_ms; /* mono_ms, when it was met last */
    struct outage outage;
};

struct room {
    uint64_t reserve, unpinned_most; /* 0: none */
    uint64_t unpinned;  /* bytes, at the last count and what came and went here since */
    int64_t counted_ms; /* mono_ms */
    int64_t calm_ms;    /* a bound that was met so long ago is over */
    struct bound scarce, full;
};

struct content {
    struct reactor *reactor;
    struct source *source;
    char *folder, *reencoder, *remuxer;
    uint64_t video_bytes;
    unsigned video_seconds;
    char *accept, *kinds, *sizes;
    struct said *said;
    int64_t unpinned_ms, draft_ms, orphan_ms, copy_ms;
    content_ask_fn *ask;
    void *ask_owner;
    bool box_documents, reencode;
    int ready_fd;
    pthread_t clerk, copier;
    struct orphans orphans;                                 /* the clerk's */
    struct room room;                                       /* the clerk's */
    struct queue queue;                                     /* the copier's */
    magic_t magic;                                          /* the clerk's */
    struct outage clerk_outage;                             /* the clerk's */
    struct outage copier_outage, child_outage, film_outage; /* the copier's */
    pthread_mutex_t lock;
    pthread_cond_t some, looks;
    /* under the lock */
    struct job *waiting, *done;
    bool stops, look;
    pid_t child; /* 0: none */
    struct content_counts counts;
};

/* ---- content.c ------------------------------------------------------------------------------------ */
struct job *job_new (enum job_kind kind, void *owner);

/* ---- job.c: on the clerk's thread --------------------------------------------------------------- */
void *clerk_run (void *content);
bool content_stops (struct content *content);
/* Adds one to a counter of content->counts. */
void content_count (struct content *content, uint64_t *counter, uint64_t more);

/* ---- kind.c -------------------------------------------------------------------------------------- */
/* By its first HEAD_BYTES, so that it is the same when it goes out as when it came, whatever follows.  NULL: none that is taken by
 * anybody.  `ending` as a box has it. */
const struct content_kind *kind_of_bytes (magic_t magic, const void *at, size_t len);
/* May be seen by nobody before a child has made it anew? */
bool kind_is_made (const struct content_kind *kind);
/* Pixels of an image, as its header says, in its first `len` bytes; 0: it says nothing there. */
uint64_t kind_pixels (const struct content_kind *kind, const uint8_t *at, size_t len);
/* The file stays where it is. */
const struct content_kind *kind_of_file (magic_t magic, int fd);
const struct content_kind *kind_with (const char *ending);
magic_t kind_begin (void); /* NULL: libmagic has no database */

/* ---- words.c --------------------------------------------------------------------------------------- */
void content_words_begin (struct content *content);
void words_end (struct content *content);

/* ---- arrival.c: on either thread ----------------------------------------------------------------- */
struct arrival *arrival_new (struct content *content);
void arrival_add (struct arrival *arrival, const void *at, size_t len);
/* The last byte was added: all of it goes to the file. */
void arrival_seal (struct arrival *arrival);
/* The same, and it is wanted: on stable storage, as CONTENT_DONE says; frees it.  `draft`: content_draft. */
enum content_result arrival_end (struct arrival **arrival, bool draft,
                                 uint8_t ret_digest[CONTENT_DIGEST_BYTES]);
void arrival_drop (struct arrival **arrival);

/* A new file for something half made; the descriptor, -1 with errno set.  The caller frees *ret_path. */
int part_new (const char *folder, char **ret_path);
/* What is said where the disk refuses; the first time. */
void disk_refuses (struct content *content, struct outage *outage, const char *path);

/* ---- room.c: on the clerk's thread --------------------------------------------------------------- */
/* May an upload write more?  Says in the log when that ceases to be so, and when it is so again. */
bool room_is_there (struct content *content);
/* Counts anew. */
void room_look (struct content *content);

/* ---- find.c -------------------------------------------------------------------------------------- */
void find_open (struct content *content, struct job *job);

/* ---- queue.c: on the copier's thread --------------------------------------------------------------- */
/* A new round: looks at what waits, and each of it is to be tried once. */
void queue_begin (struct content *content);
/* Looks again, within a round: what has come since is tried in it, too. */
void queue_look (struct content *content);
/* The next one's digest in hexadecimal, good until the next look; NULL: the round is over. */
const char *queue_next (struct content *content);
/* At the last look. */
void queue_count (const struct content *content, uint64_t *ret_waiting, int64_t *ret_since_ms);
void queue_free (struct content *content);

/* ---- copy.c, child.c: on the copier's thread ------------------------------------------------------- */
void *copier_run (void *content);

enum child_end { CHILD_DONE, CHILD_REFUSES, CHILD_LATER };
/* Feeds the box, opened from its first piece, to a child and writes to `fd` what it makes of it, as far as that is a copy of
 * `digest`.  CHILD_REFUSES: *ret_why tells why, static; CHILD_LATER: it is not the file's fault. */
enum child_end child_copy (struct content *content, struct box *box,
                           const struct content_kind *kind, const uint8_t *digest, int fd,
                           uint8_t ret_digest[CONTENT_DIGEST_BYTES], const char **ret_why);

/* ---- sweep.c: on the clerk's thread ---------------------------------------------------------------- */
/* What was left half made by whoever died, what has expired, keys. */
void content_sweep (struct content *content);

/* ---- orphan.c: on the clerk's thread --------------------------------------------------------------- */
/* The next question, as a job that is done; NULL: this folder is through. */
struct job *orphans_ask (struct content *content);
/* Looks through the next folder. */
void orphans_find (struct content *content);
void orphans_go (struct content *content, const struct job *job);

#endif
