/* store.h - aduan-store: the only writer of PostgreSQL.  Every struct and state of it, to be read
 * first.
 *
 *   place.c    a decided complaint becomes rows; repeats are known by their id; bad ones are halved
 *              out of their batch and kept in quarantine; a reporter's replies join their parent
 *   record.c   the columns of a batch of complaints
 *   lease.c    PULLs of a turn become one statement
 *   agency.c   what is remembered of each agency: news of work, and that it was found empty
 *   act.c      acts of a turn become one statement, which is also their only judge
 *   outbox.c   notices are claimed, and what became of them is written down
 *   publish.c  the snapshots; the calendar and limits that due times need
 *   epoch.c    is this PostgreSQL safe, is it ours, and is it the one we knew?
 *
 * What is under way is on exactly one list: waiting -> sent -> answered.  A connection lost means
 * "perhaps committed": everything sent goes back to waiting and is said again, which the unique keys
 * make harmless.  Each lane takes all that waits as soon as a connection of it is idle, so that the
 * batch grows with the load.
 *
 * Complaints go by place_fresh.sql, which knows nothing of repeats and of agencies that have gone; a
 * batch that has one is refused whole and goes by place_complaints.sql, which does.  That is no
 * failure: nothing is halved for it.
 *
 *   outcome of a batch          what happens
 *   23505, AD001 (fresh only)   the same batch again, by the careful statement
 *   committed                   answers leave, credit is paid back
 *   SQLSTATE class 22, 23, 54   halved; alone: quarantine
 *   40001, 40P01                the same batch again
 *   any other, alone 5 times with commits of others between them: quarantine; else an outage: kept,
 *   halved, tried for ever, after what is new
 *   connection lost             kept, tried when it is back
 */
#ifndef ADUAN_STORE_H
#define ADUAN_STORE_H

#include "daemon/daemon.h"
#include "db/db.h"
#include "domain/workday.h"

#include <uthash.h>

#define STORE_BATCH   1000 /* rows of one statement at most */
#define STORE_LANE    4    /* connections of one lane at most */

#define RECORD_VALUES 38 /* parameters of a statement that places complaints */

enum sql_id {
#define SQL_STATEMENT(name, parameters, text) SQL_##name,
#include "statements.inc"
#undef SQL_STATEMENT
    SQL_STATEMENTS
};

/* Connections that carry one class of work. */
struct lane {
    struct db *db[STORE_LANE];
    unsigned count;
};

/* A record on its way into rows, from its `place` until it is answered. */
struct place {
    struct parcel parcel; /* place, offer, submit, content */
    const struct msg_place *place;
    const struct msg_offer *offer;
    const struct msg_submit *submit;   /* NULL where it cannot be read */
    const struct msg_content *content; /* NULL where it cannot be read */
    uint64_t link;                     /* number of the router's link */
    unsigned alone;                    /* failures of a batch of its own, others between them */
    uint64_t commits;                  /* store->place.commits at the last of them */
    enum outcome outcome;
    bool fresh;
    char sqlstate[6];
    struct place *prev, *next;
    UT_hash_handle hh;
};

/* What is remembered of an agency, by its number.  Rows are the truth. */
struct agency {
    char *name;           /* owned; NULL: not known yet */
    int zone;             /* hours east of UTC */
    unsigned hinted;      /* assignments made ready this turn, for `ready` */
    uint64_t next_hinted; /* agency number; 0: the last one */
    uint64_t news,
        asked;      /* by store->agency_clock: last hint, last statement that looked for work */
    unsigned given; /* rows that it leased */
    bool has_work;  /* it left some, or may have */
    int64_t empty_until; /* mono_ms; nobody need look before */
    int64_t runs_out;    /* mono_ms: a lease or delay of it that is known; 0: none */
};

struct place_batch;
struct pull;
struct deed;

struct store {
    struct reactor *reactor;
    struct snapshots *snapshots;
    struct listener *routers, *notifiers;
    struct lane places, acts, leases, others;
    bool ready;                  /* epoch.c has looked at the database and found it safe */
    int64_t version_base;        /* the epoch, shifted: every version given is above it */
    uint64_t system;             /* the database's system identifier */
    uint64_t timeline, position; /* newest known */
    char *epoch_file;
    uint8_t id_key[32];
    unsigned batch;     /* rows of a statement, setting */
    unsigned act_batch; /* the same; 1 while one act of many fails */

    struct {
        struct place *waiting, *waiting_end; /* in order of arrival */
        struct place_batch *again;           /* halves and repeats, tried first */
        int64_t not_before;                  /* after a failure that is not ours */
        struct timer *timer;
        uint64_t commits;
        uint64_t failed_at; /* commits when such a failure was met last */
        bool new_first;     /* a batch has failed: the next one is a new one */
        unsigned careful;   /* batches that still go by the careful statement at once */
        size_t count;
    } place;
    struct pull *pulls, *pulls_end;
    struct deed *deeds, *deeds_end;
    struct agency *agencies; /* by number */
    size_t agency_count;
    uint64_t national_desk; /* its number; 0: not known yet */
    uint64_t agency_clock;  /* counts news and looks */
    uint64_t hinted;        /* the first agency with new work this turn; 0: none */
    int64_t runs_out;       /* the earliest of them all */
    unsigned notices;       /* notices made this turn */

    struct workday_calendar calendar;
    int32_t *days_off;
    uint8_t limit_verify, limit_first, limit_resolve[CLASS_INFO_REQUEST + 1];
    uint64_t published[SNAPSHOT_LAST];
    struct timer *publish_timer, *expire_timer;
    bool publishing;
    struct outage outage;
};

/* A connection of the lane that is up and idle, or NULL. */
struct db *lane_idle (const struct lane *lane);
/* The same, or any that is up (pipelined behind others), or NULL. */
struct db *lane_any (const struct lane *lane);

/* What a failed statement means. */
enum failure { FAILURE_OURS, FAILURE_AGAIN, FAILURE_OUTAGE };
enum failure failure_of (const char *sqlstate);
void store_outage (struct store *store, const char *sqlstate);

extern const struct daemon store_daemon;

/* epoch.c */
void epoch_begin (struct store *store);
/* place.c */
void place_take (struct store *store, struct link *from, struct parcel *parcel);
void place_flush (struct store *store);
void place_end (struct store *store);
/* record.c */
/* The parameters of place_fresh.sql and place_complaints.sql for these records; borrowed until the
 * next call. */
void record_values (struct store *store, struct place *const *places, unsigned count,
                    struct db_value values[RECORD_VALUES]);
void record_end (void);
/* lease.c */
void lease_take (struct store *store, struct link *from, struct parcel *parcel);
void lease_flush (struct store *store);
void lease_end (struct store *store);
/* agency.c */
void agency_known (struct store *store, uint64_t number, int zone, struct view name);
int agency_zone (const struct store *store, uint64_t number);
struct view agency_name (const struct store *store, uint64_t number);
/* New work for an agency: said to all routers at the turn's end, ends its mark of emptiness. */
void agency_hint (struct store *store, uint64_t number, unsigned count);
void agency_say_hints (struct store *store);
/* Was it found without work less than a second ago, with no news since? */
bool agency_is_empty (const struct store *store, uint64_t number);
/* A statement looks for work: its number, which agencies it asks, which gave a row, which have some
 * left; and when it is back, those that have none are marked. */
uint64_t agency_look (struct store *store);
void agency_asked (struct store *store, uint64_t number, uint64_t look);
void agency_gave (struct store *store, uint64_t number);
void agency_has_work (struct store *store, uint64_t number);
void agency_looked (struct store *store, uint64_t number, uint64_t look);
/* A lease or delay of `ms` begins: its end is new work. */
void agency_runs_out (struct store *store, uint64_t number, uint64_t ms);
/* Hints at what has run out. */
void agency_tick (struct store *store);
void agency_end (struct store *store);
/* act.c */
void act_take (struct store *store, struct link *from, struct parcel *parcel);
void act_flush (struct store *store);
void act_end (struct store *store);
/* outbox.c */
void outbox_claim (struct store *store, struct link *from, const struct msg_claim *claim);
void outbox_told (struct store *store, struct link *from, const struct msg_told *told);
void outbox_begin (struct store *store);
/* publish.c */
void publish_begin (struct store *store);
void publish_end (struct store *store);

#endif
