/* intake.h - aduan-intake: takes submissions in, keeps them safe, hands them on.  Every struct of it,
 * to be read first.
 *
 *   admit.c    limits, fields, cleaning, ids: pure
 *   spool.c    appends, drains; segment.c: a file's form; recover.c: a start; keep.c: what may go
 *   commit.c   the thread that makes a batch durable
 *   named.c    files that a submission names are pinned in its commit
 *   recent.c   repeats are known by their id
 *   offer.c    records go to a router until they are stored
 *   salvage.c  records of a damaged file are taken in again
 *   replay.c   what a database may have lost is offered again; what the next start must know
 *   door.c     adapters: SUBMIT in; ACCEPTED, TEMPFAIL, REJECT out
 *
 * A record is on exactly one list, the one its state names; record_move() is the only function that
 * changes either.
 *
 *   state      list              leaves it when
 *   GATHERED   intake->gathered  the turn's end hands the batch to the commit thread
 *   COMMITTING commit's batch    fdatasync returned: WAITING, and everybody who asked is answered
 *   WAITING    intake->waiting   a router has credit: OFFERED
 *   OFFERED    intake->offered   STORED: DRAINED.  Link lost, `reoffer`, silence: WAITING
 *   DRAINED    intake->recent    pushed out of the bounded table of recent ids
 */
#ifndef ADUAN_INTAKE_H
#define ADUAN_INTAKE_H

#include <uthash.h>
#include "daemon/daemon.h"
#include "spool.h"

#define INTAKE_ROUTERS 8

enum record_state {
    RECORD_GATHERED,
    RECORD_COMMITTING,
    RECORD_WAITING,
    RECORD_OFFERED,
    RECORD_DRAINED
};

/* Somebody who waits for this record's commit. */
struct waiter {
    uint64_t link, ref;
    bool repeated; /* not the first who sent it */
    struct waiter *next;
};

/* The files that it names, until its commit. */
struct named {
    size_t count;
    int result, why; /* of content_pin_here, and errno; set by the commit thread */
    uint8_t digests[];
};

struct record {
    enum record_state state;
    struct id id;
    uint8_t digest[NUMBER_DIGEST_LEN];
    uint32_t adapter;
    uint8_t manner;            /* enum manner */
    struct spool_record spool; /* .at: the bytes, ours while not NULL */
    bool bulk;
    bool again;                 /* by a replay: the frontier is past it, and stays there */
    uint8_t lost;               /* offers whose link was lost */
    uint8_t repeats;            /* offers that were met with silence */
    int64_t offered_at;         /* mono_ms */
    struct router_link *router; /* OFFERED: through whom */
    struct waiter *waiters;
    struct named *named;          /* NULL: none */
    struct record *prev, *next;   /* of the state's list */
    struct record *older, *newer; /* undrained ones, by sequence */
    UT_hash_handle hh, hh_seq;    /* by id; undrained ones by sequence */
};

struct router_link {
    struct intake *intake;
    struct link *link;
    uint64_t outstanding; /* records offered and not answered */
};

struct intake {
    struct reactor *reactor;
    struct door *door;
    struct listener *adapters;
    struct snapshots *snapshots;
    struct spool *spool;
    struct commit *commit;
    char *files; /* the content store's folder */
    uint8_t id_key[ID_KEY_LEN];
    uint8_t seal_key[32], contact_key[32];
    uint64_t seal_key_id, contact_key_id;
    bool draining;

    struct record *gathered, *waiting, *offered, *drained;
    struct record *undrained; /* by sequence */
    struct record *replayed;  /* those that a replay offers again, in its order */
    struct record *by_id, *by_seq;
    size_t gathered_count, drained_count, recent_most;
    uint64_t memory, memory_most; /* bytes of bodies held */
    uint64_t offered_bytes;
    uint64_t highest_seq; /* committed */

    struct router_link routers[INTAKE_ROUTERS];
    unsigned router_count;
    struct timer *tick;

    /* what the database was when it last said STORED */
    uint64_t system, timeline;
    uint64_t position;      /* of its WAL, the farthest */
    uint64_t position_then; /* the farthest at `then` */
    uint64_t stood;         /* the farthest at least ten seconds ago */
    int64_t then;           /* mono_ms */
    uint64_t replay;        /* cursor of spool_walk, 0: none under way */
    uint64_t replay_since;  /* ms of receipt: older ones are not offered again */
    uint64_t drained_kept;  /* intake_drained_total when the state was last handed to the spool */
    uint64_t position_kept; /* and the position */
    bool last_kept;         /* draining: the last state is on its way to the disk */
    struct outage router_outage, clock_outage, disk_outage, files_outage;
};

/* ---- admit.c: pure -------------------------------------------------------------------------- */

struct admission {
    struct id id;
    uint8_t digest[NUMBER_DIGEST_LEN];
    uint8_t manner;      /* enum manner */
    struct buffer bytes; /* the record's bytes: see record_parse */
    bool cleaned;
    enum reject reject; /* 0: admitted */
    const char *field;  /* static */
};
/* Judges a submission and makes its record.  `now` in ms UTC; `content_frame` is content's bytes as
 * they came.  The buffer is the caller's to free. */
void admit (const uint8_t id_key[ID_KEY_LEN], const struct principal *principal, int64_t now,
            const struct msg_submit *submit, struct view submit_frame,
            const struct msg_content *content, struct view content_frame, struct admission *ret);

/* A record's bytes: id, digest, adapter's number, then the two frames. */
struct record_parts {
    struct id id;
    const uint8_t *digest;
    uint32_t adapter;
    struct view submit, content;
};
bool record_parse (const char *at, size_t len, struct record_parts *ret);

/* ---- digest.c: pure ------------------------------------------------------------------------- */

/* How it was said, as far as it is remembered: whoever comes again with something else is told of it (reject). */
enum manner { MANNER_OPEN = 1, MANNER_NAMED = 2, MANNER_IDENTITY = 4, MANNER_CONTACT = 8 };

/* The digest of a submission, of its cleaned title and text: equal ones were said alike. */
void digest_make (const uint8_t id_key[ID_KEY_LEN], const struct msg_submit *submit,
                  const struct msg_content *content, uint8_t ret[NUMBER_DIGEST_LEN]);
/* enum manner. */
unsigned digest_manner (const struct msg_submit *submit, const struct msg_content *content);
/* The same of a record; 0 where it cannot be read. */
unsigned digest_manner_of (const struct record_parts *parts);
/* Was the same said at both?  Each by its digest and its manner. */
bool digest_same (const uint8_t first[NUMBER_DIGEST_LEN], unsigned first_manner,
                  const uint8_t later[NUMBER_DIGEST_LEN], unsigned later_manner);

/* ---- recent.c ------------------------------------------------------------------------------- */
struct record *recent_find (struct intake *intake, const struct id *id);
void record_add (struct intake *intake, struct record *record);
void record_move (struct intake *intake, struct record *record, enum record_state state);
/* A record as it was found in the spool, without its bytes; the caller sets its state's list. */
struct record *record_found (const struct record_parts *parts, const struct spool_record *found);
/* Joins the undrained, in the order of sequences, or the replayed. */
void record_undrained (struct intake *intake, struct record *record);
/* Takes a drained one out of the table, and frees it. */
void recent_forget (struct intake *intake, struct record *record);
void record_drop_bytes (struct intake *intake, struct record *record);
void recent_trim (struct intake *intake);
/* All up to the frontier are drained: reckoned anew from the undrained. */
void recent_frontier (struct intake *intake);
void recent_end (struct intake *intake);

/* ---- named.c -------------------------------------------------------------------------------- */
/* NULL: it names none. */
struct named *named_new (struct view attachments);
/* Pins them; on the commit thread. */
void named_pin (const char *folder, struct named *named);
void named_free (struct record *record);

/* ---- commit.c ------------------------------------------------------------------------------- */
struct commit;
/* `done` runs on the reactor with what spool_append returned; it takes the records. */
typedef void commit_done_fn (struct intake *intake, struct record **records, unsigned count,
                             int result);
struct commit *commit_new (struct intake *intake, commit_done_fn *done);
void commit_destroy (struct commit **commit);
bool commit_idle (const struct commit *commit);
/* Hands a batch over; only while idle.  The array is copied. */
void commit_batch (struct commit *commit, struct record **records, unsigned count);
/* ms since the commit began that is under way; 0: none is. */
int64_t commit_age (const struct commit *commit);
/* ms of the slowest of the last 100 commits and the one under way: BUSY_SLOW above a second. */
int64_t commit_slowest (const struct commit *commit);

/* ---- offer.c -------------------------------------------------------------------------------- */
/* Where a word of setting `routers` is: in `run`, or what it says itself.  The caller frees it. */
char *router_endpoint (const struct settings *settings, const char *word);
int offer_begin (struct intake *intake, const struct settings *settings);
void offer_flush (struct intake *intake);
void offer_end (struct intake *intake);
/* Suspects stand behind the others, else by sequence. */
int offer_order (const struct record *a, const struct record *b);

/* ---- replay.c ------------------------------------------------------------------------------- */
/* Takes up the state that spool_open found. */
void replay_begin (struct intake *intake);
/* STORED tells which database has it, and how far that one is (P12). */
void replay_look (struct intake *intake, const struct msg_stored *stored);
/* Offers again all retained records received at `since` (ms) or later. */
void replay_all (struct intake *intake, uint64_t since);
/* By the second: the next segment where the last one's records are mostly stored, and the state for
 * the spool. */
void replay_step (struct intake *intake);
/* The state as it is now goes to the spool; true where the disk does not have it yet. */
bool replay_keep (struct intake *intake);

/* ---- salvage.c ------------------------------------------------------------------------------ */
/* The control page "salvage NAME[ ID]": takes in again what validates in corrupt/NAME. */
void salvage_show (struct intake *intake, const char *what, struct buffer *out);

/* ---- door.c --------------------------------------------------------------------------------- */
extern const struct link_hooks door_hooks;
void door_committed (struct intake *intake, struct record **records, unsigned count, int result);

extern const struct daemon intake_daemon;
extern const struct setting intake_settings[];
extern const size_t intake_settings_len;

#endif
