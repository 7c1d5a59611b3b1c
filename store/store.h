/* store.h - aduan-store: the only writer of PostgreSQL.  Every struct and state of it, to be read
 * first.
 *
 *   place.c        a decided complaint becomes rows; repeats are known by their id
 *   place_batch.c  its end: answered, or halved until the bad one is alone
 *   quarantine.c   the bad one is kept as it came
 *   reply.c        a reporter's word joins its complaint
 *   record.c       the columns of a batch of complaints
 *   words.c        what they say, kept for the worker who pulls them next, and for the notice of his act
 *   pull.c         PULLs, from their message until they are answered
 *   lease.c        PULLs that look for work become one statement
 *   history.c      what was said on a leased complaint since it came, as its worker gets it
 *   agency.c       what is remembered of each agency: news of work, and that it was found empty
 *   act.c          acts of a turn become one statement, which is also their only judge
 *   redecide.c     hand-backs that wait until a router has decided who has them instead
 *   merge.c        link, merge, unmerge: one statement each
 *   whole.c        acts on a complaint as a whole, and the split: one statement each
 *   likeness.c     looks for complaints that are alike, aside
 *   timer.c        looks at complaints when their time has come, and does what is due
 *   overdue.c      what is due at one complaint
 *   recompute.c    due times, counted anew where calendar, limits or a class have changed
 *   search.c       keeps the desk's full text, aside
 *   order.c        what people administer, one after the other; order.h has more of it
 *   use.c          when keys and sessions were used last
 *   outbox.c       notifiers' claims, and the notices that they are given
 *   told.c         what became of notices is written down
 *   report.c       what gateways say of them later
 *   forget.c       contacts that are not needed any more
 *   bulletin.c     notices to officers and supporters: digests, reminders, alerts
 *   chain.c        digests of what was done become a chain, its head is signed
 *   publish.c      the snapshots; the calendar and limits that due times need
 *   limits.c       limits and steps of the clocks, by rule set and agency
 *   epoch.c        is this PostgreSQL safe, is it ours, and is it the one we knew?
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
#include "domain/calendar.h"
#include "limits.h"

#include <uthash.h>

#define STORE_BATCH    1000 /* rows of one statement at most */
#define STORE_LANE     4    /* connections of one lane at most */
#define STORE_RETRY_MS 500  /* between tries while PostgreSQL refuses */

#define RECORD_CAREFUL 47 /* parameters of place_complaints.sql */
#define RECORD_VALUES  56 /* of place_fresh.sql, the same and nine more */

enum sql_id {
#define SQL_STATEMENT(name, parameters, text) SQL_##name,
#include "statements.inc"
#undef SQL_STATEMENT
    SQL_STATEMENTS
};

enum work { WORK_COMPLAINTS, WORK_PULLS, WORK_ACTS, WORK_NOTICES, WORKS };

/* Connections that carry one class of work. */
struct lane {
    struct db *db[STORE_LANE];
    unsigned count;
    int64_t not_before; /* mono_ms: it rests after a statement */
};

/* complaint.flags */
enum {
    FLAG_BIT_ANONYMOUS = 1,
    FLAG_BIT_SECRET = 2,
    FLAG_BIT_OVERSIGHT = 4,
    FLAG_BIT_DOUBTFUL = 8,
    FLAG_BIT_CONTACT = 16,
    FLAG_BIT_MAIN = 32,  /* others are merged into it: schema/0020_likeness.sql */
    FLAG_ASKS_SHIFT = 6, /* place's asks, five bits */
    FLAG_ASKS = 31,
    FLAG_BIT_HELD = 2048,  /* not for the public till a person says so: schema/0085_published.sql */
    FLAG_BIT_DOUBT = 4096, /* a front doubted it: schema/0110_doubt.sql */
    FLAG_BIT_UNSAID = 8192 /* secret for want of a word alone: schema/0145_unsaid.sql */
};

/* notice.template */
enum template {
    TEMPLATE_RECEIVED = 1,
    TEMPLATE_MOVED,
    TEMPLATE_PROGRESS,
    TEMPLATE_ANSWERED,
    TEMPLATE_ASKED,
    TEMPLATE_CLOSED,
    TEMPLATE_REFUSED,
    TEMPLATE_MERGED,
    TEMPLATE_JOINED,
    TEMPLATE_PARTED,
    TEMPLATE_ARCHIVED,
    TEMPLATE_REOPENED,
    TEMPLATE_UNSATISFIED = 14,
    TEMPLATE_SPLIT = 16,
    TEMPLATE_BLOCKED,
    TEMPLATE_LATE = 20,
    TEMPLATE_OFFERED,
    TEMPLATE_SILENCE,
    TEMPLATE_REMINDED,
    TEMPLATE_TIMED_OUT,
    TEMPLATE_EXPIRED,
    TEMPLATE_DIGEST, /* from here on to others than the reporter: schema/0120_bulletins.sql */
    TEMPLATE_UNREAD,
    TEMPLATE_ASSIGNED,
    TEMPLATE_BREACHED,
    TEMPLATE_SUPPORTED_ANSWERED,
    TEMPLATE_SUPPORTED_CLOSED
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
    bool carried;                   /* its notice goes into the claim that the batch carries */
    uint32_t flags;                 /* as stored */
    int64_t due;                    /* ms, the first clock's */
    int64_t due_first, due_resolve; /* ms; 0: that clock does not run */
    struct standing *standing;      /* the PULL that it is leased to with its batch, or NULL */
    char sqlstate[6];               /* and the reason: why it is quarantined */
    const char *reason;
    struct place *prev, *next;
    UT_hash_handle hh;
};

/* A PULL, from its message until it is answered.
 *
 *   state      where it is               leaves it when
 *   LOOKS      store->pulls.looking      a statement takes it: TAKEN
 *   TAKEN      its batch                 that is back: answered and gone; or nothing was there: LOOKS where one
 *                                        of its agencies had news meanwhile, else STANDS; or it has room and
 *                                        complaints wait to be stored: STANDS until a batch of them is gathered
 *   STANDS     store->pulls.standing,    a batch of complaints carries it, to be stored already leased: TAKEN;
 *              its agencies' lines       news of one of its agencies, or its slow scan (rows are the truth, news
 *                                        may be lost): LOOKS
 *   LOOKS, STANDS                        its wait is over: answered with nothing; its worker or its router is
 *                                        gone: gone
 *
 * One that is TAKEN when its worker goes is leased what was there: that lease runs out. */
enum pull_state { PULL_LOOKS, PULL_TAKEN, PULL_STANDS };

/* Its place in the line of one of its agencies. */
struct standing {
    struct pull *pull;
    uint64_t agency;
    bool
        judged; /* the batch that carries it asks already whether it may have work of this agency */
    struct standing *prev, *next;
};

struct pull {
    struct {
        uint64_t link, behalf; /* the router's: its link here, and its ref */
    } key;
    uint64_t principal, ref;   /* the worker's */
    uint64_t waited;           /* ms before it came here */
    int64_t came, until, scan; /* mono_ms */
    int64_t taken;             /* mono_ms, by the statement that may lease to it */
    uint8_t session[32];       /* token of the person who pulls */
    bool personal;       /* there is one: no batch carries it, its person is judged when it looks */
    bool looked;         /* rows, or what is remembered of them, have said what there is for it */
    enum reason refused; /* 0, or why its person may not */
    uint32_t count, lease;    /* assignments at most; ms */
    uint32_t given, promised; /* assignments said; by the batch that carries it */
    enum pull_state state;
    bool paid;     /* its credit has gone back */
    bool unwanted; /* TAKEN, and its worker or its router is gone */
    bool
        looks_only; /* a batch that carried it was refused, or a look failed: no batch carries it */
    struct pull *prev, *next;
    UT_hash_handle hh;
    uint32_t agency_count;
    struct standing agencies[]; /* [agency_count] */
};

/* What was leased, as `assigned` says it. */
struct lease {
    struct id id;
    uint64_t agency, version, attempt;
    uint32_t priority;
    uint32_t part; /* enum part; 0: the lead */
};

/* What is remembered of an agency, by its number.  Rows are the truth. */
struct agency {
    char *name;           /* owned; NULL: not known yet */
    int zone;             /* hours east of UTC */
    unsigned hinted;      /* assignments made ready this turn */
    uint64_t next_hinted; /* agency number; 0: the last one */
    uint64_t news,
        asked;     /* by store->agency_clock: last hint, last statement that looked for work */
    bool has_work; /* it left some, or may have */
    int64_t empty_until;      /* mono_ms; nobody need look before */
    int64_t runs_out;         /* mono_ms: a lease or delay of it that is known; 0: none */
    struct standing *line;    /* PULLs that wait for it, in order */
    struct standing *carried; /* while a batch of complaints is gathered: the one it leases to */
};

/* A notifier's claim, from its message until it is answered; what happens to it: outbox.c. */
enum claim_state { CLAIM_STANDS, CLAIM_LOOKS, CLAIM_CARRIED };

struct claim {
    struct store *store;
    enum claim_state state;
    uint64_t link, ref; /* the notifier's */
    struct id dispatch;
    uint64_t channels; /* as claim.channels; never 0 */
    unsigned room;     /* notices that it asked for at most */
    unsigned said;     /* notices sent for it */
    int64_t until;     /* mono_ms: its wait is over */
    uint64_t looked;   /* LOOKS: by store->outbox_clock, when the statement began */
    bool given_back;   /* the notifier took it for lost */
    struct claim *prev, *next;
};

/* What a complaint says, and never changes, while it may be pulled and acted on soon, and as long as
 * nothing else was said on it: words.c. */
struct words {
    uint64_t number; /* the tracking number's bits */
    struct id id;
    bool spoilt; /* a reply is on its way: nothing is kept here */
    struct view title, body, location, region, contact; /* behind this struct */
    uint32_t class, flags;
    uint64_t category, contact_key;
    int64_t received, due_first, due_resolve; /* ms; 0: none */
    size_t bytes;
    int64_t at; /* mono_ms */
    struct words *prev, *next;
    UT_hash_handle hh;
};

/* A complaint that waits for a router's decision: handed back, said to be no oversight by its inspectorate, or with words
 * of its reporter's that may tell of misconduct.  The row in `returned` is the truth: it is there from the commit of the act
 * or the words until the decision's; what is here is only where it has got to, and a scan finds the row again.
 *
 *   state     it is                          leaves it when
 *   KNOWN     a row that a scan has read     a scan reads it again: ASKED; RETURNED_TRIES are spent: DECIDES, without
 *                                            a router, by the coordinators alone, of such words by the next
 *                                            inspectorate above; a scan does not find it: forgotten
 *   ASKED     with the router of `link`      `redecided` comes: DECIDES; that router is gone, or silent for
 *                                            RETURNED_WAIT_MS: KNOWN, one try less
 *   DECIDES   a statement                    committed, or the row was gone: forgotten; failed by a fault of ours: KNOWN,
 *                                            tries spent; failed otherwise, or unknown: KNOWN
 *
 *   what fails                               what follows
 *   the store, before the act's commit       nothing was handed back; the worker repeats its act, intake its offer
 *   the store, behind it                     a scan finds the row
 *   a router, with it                        KNOWN; the next one is asked; a text that kills three goes undecided
 *   no router is connected                   it waits, counted (store_returned) and said once
 *   such words come while it is decided      another number: the decision finds nothing, and is asked for anew
 *   the store, behind the decision's commit  the row is gone: a second `redecided` finds nothing to place
 *   PostgreSQL                               as acts: kept as rows, tried again
 */
enum returned_state { RETURNED_KNOWN, RETURNED_ASKED, RETURNED_DECIDES };

struct returned {
    struct store *store;
    struct id id;
    uint64_t event; /* number of the hand-back, or of the last words */
    enum returned_state state;
    unsigned tries; /* that came to nothing */
    uint64_t link;  /* ASKED: the router's */
    int64_t until;  /* ASKED: mono_ms */
    uint64_t scan;  /* the last that found it */
    UT_hash_handle hh;
};

/* The work of likeness.c; docs/duplicates.md has its failure table.
 *
 *   state     it                           leaves it when
 *   RESTS     waits for its timer          over: READS, if there is anything to look at
 *   READS     reads new complaints         read: COMPARES; none of them is to be looked at: RESTS
 *   COMPARES  reads prints near them       compared: WRITES
 *   WRITES    prints, likenesses, sweep    committed: RESTS
 *   any       its statement fails or       RESTS: rows say what is left to do
 *             the connection breaks
 */
enum likeness_state { LIKENESS_RESTS, LIKENESS_READS, LIKENESS_COMPARES, LIKENESS_WRITES };

#define LIKENESS_HINTS 8192

struct likeness_step;

struct likeness_work {
    struct timer *timer;
    enum likeness_state state;
    struct likeness_step *step; /* under way */
    struct id *hints;           /* [LIKENESS_HINTS] a ring */
    unsigned hint_first, hint_count;
    bool sweeps; /* this step is the sweep's */
    unsigned turn;
    bool swept_known;           /* not yet: the row says it */
    struct id swept;            /* zero: from the window's beginning */
    int64_t sweep_at;           /* mono_ms: not before */
    int64_t began;              /* mono_ms: this step */
    int64_t rests_until, wakes; /* mono_ms: at least; by the timer */
    uint32_t days, least;       /* settings */
};

/* The work of timer.c and recompute.c, whose states it has. */
enum timers_state { TIMERS_REST, TIMERS_LOCK, TIMERS_COUNT, TIMERS_LOOK, TIMERS_WRITE };

/* How many complaints are taken at once: fewer while one of them cannot be written. */
struct timer_batch {
    unsigned most, whole;
    struct id first; /* of the one under way */
};

struct timers {
    struct lane lane; /* one connection of its own, which has the lock */
    struct timer *timer;
    enum timers_state state;
    bool held;
    bool looks_next;        /* they come twice a second while there is something to count anew */
    int64_t looked_at;      /* mono_ms */
    bool counts;            /* some was counted anew: more may wait */
    bool full;              /* the batch of looks: more may wait */
    bool stepped;           /* the batch has steps */
    unsigned looked, steps; /* of the batch */
    struct timer_batch looking, counting;
};

/* The work of chain.c. */
enum chain_state { CHAIN_RESTS, CHAIN_LINKS, CHAIN_SIGNS };

struct chain {
    struct timer *timer;
    enum chain_state state;
    uint8_t *secret;           /* sodium_malloc; Ed25519, seed and public half */
    bool signs;                /* there is such a key */
    bool stops, last, stopped; /* the store stops; this link began after that; it is made */
    bool late;                 /* the last look found the tail too old */
    int64_t unsigned_count;    /* digests that are linked, and under no signed head */
    int64_t known;             /* mono_ms: the last look that came back */
    struct outage outage;
};

/* The work of search.c. */
struct search_work {
    struct timer *timer;
    bool busy;     /* a step is with PostgreSQL */
    int64_t began; /* mono_ms: that step */
};

struct retention_work {
    struct timer *timer;
    bool busy;       /* a step is with PostgreSQL */
    int64_t began;   /* mono_ms: that step */
    int64_t keep_ms; /* of a case, after its end */
};

struct place_batch;
struct deed;
struct order;
struct hasher;
struct use;
struct closing;

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
    bool act_careful;   /* the next batch of acts goes by the careful statement */

    struct {
        struct place *waiting, *waiting_end; /* in order of arrival */
        struct place_batch *again;           /* halves and repeats, tried first */
        int64_t not_before;                  /* after a failure that is not ours */
        int64_t held_until;                  /* for PULLs; 0: not held */
        uint64_t commits;
        uint64_t failed_at; /* commits when such a failure was met last */
        bool new_first;     /* a batch has failed: the next one is a new one */
        unsigned careful;   /* batches that still go by the careful statement at once */
        size_t count;
    } place;
    struct {
        struct words *by_number, *oldest;
        size_t bytes;
    } words;
    struct {
        struct pull *by_key; /* all */
        struct pull *looking, *standing;
        int64_t answered; /* mono_ms: the last that was given something */
        struct timer *tick;
    } pulls;
    struct deed *deeds, *deeds_end;
    struct {
        struct lane lane;
        struct order *all;
        struct order *waiting, *sent; /* for PostgreSQL, in order; with it */
        struct hasher *hasher;
        unsigned count; /* who waits for an answer */
        int64_t not_before;
    } orders;
    struct use *use;
    uint8_t access_key[32];
    int64_t session_idle_s, session_lasts_s, invitation_lasts_s; /* settings */
    struct {
        struct returned *by_id;
        struct timer *timer;
        uint64_t scans;
        bool scanning;
        bool news;     /* one was committed since the scan began */
        unsigned turn; /* which router is next */
        struct outage outage;
    } returned;
    struct {
        struct timer *timer;
        unsigned scans;
        unsigned under_way; /* given back, and not stored yet; they come from no link */
        bool scanning;
    } overtaken;
    struct likeness_work likeness;
    struct timers timers;
    struct chain chain;
    struct search_work search;
    struct retention_work retention;
    struct {
        struct timer *timer;
        struct id at; /* the last complaint that was looked at */
        bool busy;
    } forget;
    struct {
        struct timer *timer;
        int64_t morning, unread_hours; /* settings; the minute of the day */
        struct outage outage;
        bool busy;
    } bulletins;
    struct agency *agencies; /* by number */
    size_t agency_count;
    uint64_t national_desk; /* its number; 0: not known yet */
    uint64_t agency_clock;  /* counts news and looks */
    uint64_t hinted;        /* the first agency with new work this turn; 0: none */
    int64_t runs_out;       /* the earliest of them all */
    unsigned notices;       /* put into the outbox this turn */
    struct claim *claims;   /* in order of arrival */
    struct {
        bool plain;    /* setting: http is taken, too */
        int32_t after; /* the webhook that was collected last: those above it come first */
    } hooks;
    struct closing *closings;
    struct report *reports;                       /* not written yet, in order of arrival */
    int64_t acts_not_before, closings_not_before; /* as place.not_before */
    uint64_t outbox_clock, outbox_news;           /* counts news and looks; the last news */
    int64_t outbox_empty_until;                   /* mono_ms: just found empty */

    struct {
        int64_t version; /* of calendar and limits, as the database counts it; 0: not known yet */
        int64_t calendar_version;
        char *text;
        struct calendar calendar; /* points into the text */
        struct limit_sets limits;
        bool ends_soon; /* said already */
    } counting;         /* what due times are made of */
    uint64_t published[SNAPSHOT_LAST];
    struct timer *publish_timer, *expire_timer, *pause_timer;
    unsigned publishing; /* questions that are not answered: none is asked twice at a time */
    struct outage outages[WORKS];
};

/* A connection of the lane that is up and idle, or NULL. */
struct db *lane_idle (const struct lane *lane);
/* The same, or NULL while the lane rests. */
struct db *lane_rested (struct store *store, const struct lane *lane);
/* A statement was begun: the next one begins a little later, with what has come meanwhile.  One for each
 * message that comes would cost more than all of them in one. */
void lane_begun (struct store *store, struct lane *lane);
/* The same, or any that is up (pipelined behind others), or NULL. */
struct db *lane_any (const struct lane *lane);

/* What a failed statement means. */
enum failure { FAILURE_OURS, FAILURE_AGAIN, FAILURE_OUTAGE };
enum failure failure_of (const char *sqlstate);
/* What PostgreSQL may refuse while it takes the rest; said once when it begins and when it ends. */
void store_refused (struct store *store, enum work work, const char *sqlstate);
void store_taken (struct store *store, enum work work);
/* Sets `not_before` to `ms` from now; a turn comes when that is over. */
void store_pause (struct store *store, int64_t *not_before, int64_t ms);

extern const struct daemon store_daemon;

/* epoch.c */
void epoch_begin (struct store *store);
/* place.c */
void place_take (struct store *store, struct link *from, struct parcel *parcel);
void place_flush (struct store *store);
void place_end (struct store *store);
/* record.c */
/* The parameters of place_fresh.sql and place_complaints.sql for these records; borrowed until the
 * next call.  `claim` (or NULL) gets the notices it has room for. */
void record_values (struct store *store, struct place *const *places, unsigned count,
                    const struct claim *claim, struct db_value values[RECORD_VALUES]);
bool record_tells (const struct place *place); /* is its reporter to be told? */
uint32_t record_priority (const struct place *place);
/* Does the supporter named `at`-th get an assignment: is it another than the lead, and named once? */
bool record_helps (const struct place *place, uint32_t at);
#define RECORD_LEASED                                                                              \
    2 /* above store->version_base: the version of what is stored already leased */
/* What its row says, once record_values has seen it; the views are the record's. */
struct words record_words (const struct place *place);
void record_end (void);
/* words.c */
/* Keeps a copy, unless its number is there. */
void words_keep (struct store *store, const struct words *said);
const struct words *words_find (const struct store *store, const struct id *id); /* or NULL */
/* Those of a complaint whose reporter left a contact, to be freed by the caller; or NULL. */
struct words *words_take (struct store *store, const struct id *id);
/* An act on this complaint says something: its next worker needs what the rows say. */
void words_drop (struct store *store, const struct id *id);
/* The same for a reply, by tracking number; its complaint may be on its way into rows, too. */
void words_spoil (struct store *store, uint64_t number);
void words_end (struct store *store);
/* pull.c */
void pull_begin (struct store *store);
void pull_take (struct store *store, struct link *from, struct parcel *parcel);
void pull_withdraw (struct store *store, struct link *from, const struct msg_withdraw *withdraw);
void pull_router_gone (struct store *store, struct link *router);
/* TAKEN: the caller's now, who gives it back by one of the next three. */
void pull_lift (struct store *store, struct pull *pull);
void pull_look (struct store *store, struct pull *pull);
/* Looked for by the statement numbered `look`: answered where it was given work, else it waits on. */
void pull_looked (struct store *store, struct pull *pull, uint64_t look);
void pull_answer (struct store *store, struct pull *pull);
/* Says one assignment that was leased to it.  `history`: or NULL. */
void pull_assign (struct store *store, struct pull *pull, const struct lease *lease,
                  const struct words *words, const struct msg_history *history);
/* A batch of complaints is gathered.  PULLs whose router has died are forgotten: what were leased to them
 * nobody would get before the lease runs out. */
void pull_carry_begin (struct store *store);
/* The PULL that stands in an agency's line and has room for one more, or NULL.  It is lifted onto
 * *carried, and is that agency's, and all others' that it names, until the batch is gathered. */
struct standing *pull_carry (struct store *store, uint64_t agency, struct pull **carried);
void pull_carry_end (struct store *store, const struct pull *carried);
/* A batch of complaints is on its way: who stands although he was given something, and is not carried by it, is
 * answered. */
void pull_gathered (struct store *store);
/* As many that stand in the agency's line as it has new work look for it. */
void pull_wake (struct store *store, struct agency *agency, unsigned count);
/* Agencies were told: who stood before is perhaps in no line of theirs, and looks again. */
void pull_agencies_known (struct store *store);
void pull_end (struct store *store);
/* lease.c */
void lease_flush (struct store *store);
/* history.c */
/* The entries of the complaint that the statement's list has at `ordinal` (from 1); *at is the row that
 * they begin at, then the next one's.  False: there are none.  *ret is lent until the next call. */
bool history_read (const PGresult *rows, int *at, int ordinal, struct msg_history *ret);
/* agency.c */
void agency_known (struct store *store, uint64_t number, int zone, struct view name);
int agency_zone (const struct store *store, uint64_t number);
struct view agency_name (const struct store *store, uint64_t number);
/* One that is known, or NULL. */
struct agency *agency_find (const struct store *store, uint64_t number);
/* New work for an agency: wakes PULLs at the turn's end, ends its mark of emptiness. */
void agency_hint (struct store *store, uint64_t number, unsigned count);
void agency_wake (struct store *store);
/* Was there news of it since that statement began? */
bool agency_has_news (const struct store *store, uint64_t number, uint64_t look);
/* Was it found without work less than a second ago, with no news since? */
bool agency_is_empty (const struct store *store, uint64_t number);
/* A statement looks for work: its number, which agencies it asks, which have some left; and when
 * it is back, those that have none are marked. */
uint64_t agency_look (struct store *store);
void agency_asked (struct store *store, uint64_t number, uint64_t look);
void agency_has_work (struct store *store, uint64_t number);
void agency_looked (struct store *store, uint64_t number, uint64_t look);
/* A lease or delay of `ms` begins: its end is new work. */
void agency_runs_out (struct store *store, uint64_t number, uint64_t ms);
/* Hints at what has run out. */
void agency_tick (struct store *store);
void agency_end (struct store *store);
/* act.c */
/* A text of an act; one that says nothing (utf8_blank) is none. */
struct view act_said (struct view text);
void act_take (struct store *store, struct link *from, struct parcel *parcel);
void act_flush (struct store *store);
/* How long an act delays an assignment or holds its lease, ms: as it said, within the bounds of its kind. */
uint64_t act_delay (const struct msg_act *act);
void act_end (struct store *store);
/* order.c */
/* 0, or why keys/access.key cannot be used, said in the log. */
int order_begin (struct store *store, const struct settings *settings);
void order_take (struct store *store, struct link *from, struct parcel *parcel);
void order_flush (struct store *store);
void order_end (struct store *store);
/* use.c */
void use_begin (struct store *store);
/* A key, or a session by its token (an absent one is none), was used just now. */
void use_key (struct store *store, uint64_t principal);
void use_session (struct store *store, struct view token);
void use_end (struct store *store);
/* redecide.c */
void redecide_begin (struct store *store);
/* A hand-back was committed that waits for a router's decision. */
void redecide_hint (struct store *store);
void redecide_take (struct store *store, struct parcel *parcel);
void redecide_router_gone (struct store *store, struct link *router);
void redecide_end (struct store *store);
/* overtaken.c */
void overtaken_begin (struct store *store);
void overtaken_end (struct store *store);
/* merge.c */
bool merge_is (const struct msg_act *act);
/* Adds the statements of one such act; the last one's row is as act_ordinary.sql's, then MERGE_OTHER. */
void merge_add (struct db_unit *unit, struct store *store, uint64_t principal,
                const struct msg_act *act);
#define MERGE_OTHER 6 /* column: id of the complaint that it was linked to or merged into */
/* whole.c */
/* Does it go by act_on_complaint.sql? */
bool whole_is (const struct msg_act *act);
/* Why an act that goes this way, or a split, cannot be taken as said; 0: it can.  *ret_field: the field at fault, lent,
 * or NULL. */
enum reason whole_missing (const struct msg_act *act, const char **ret_field);
/* Adds the statement of one such act, or of a split; their rows are as act_on_assignments.sql's, of a split then the
 * part's id. */
void whole_add (struct db_unit *unit, const struct store *store, uint64_t principal,
                const struct msg_act *act);
void whole_add_split (struct db_unit *unit, const struct store *store, uint64_t principal,
                      const struct msg_act *act);
/* likeness.c */
void likeness_begin (struct store *store, const struct settings *settings);
/* A complaint that anybody may read was stored. */
void likeness_hint (struct store *store, const struct id *id);
void likeness_end (struct store *store);
/* timer.c */
void timer_begin (struct store *store);
void timer_connection_lost (struct store *store);
void timer_end (struct store *store);

/* search.c */
void search_begin (struct store *store);
void search_end (struct store *store);

/* retention.c */
void retention_begin (struct store *store, int64_t keep_ms);
void retention_end (struct store *store);

/* outbox.c */
void outbox_claim (struct store *store, struct link *from, const struct msg_claim *claim);
/* A claim that stands, for a batch that will make notices; NULL: they go into the outbox.  The batch
 * ends it by one of: committed (after outbox_say for each), rolled_back, unknown. */
struct claim *outbox_carry (struct store *store);
void outbox_committed (struct store *store, struct claim *claim);
void outbox_rolled_back (struct store *store, struct claim *claim);
void outbox_unknown (struct store *store, struct claim *claim);
/* The next notice of a committed dispatch, in the order of its row.  The caller fills what is known of
 * it but ref, dispatch, position and template; `flags`: the complaint's, which say whether its words may be told. */
void outbox_say (struct store *store, struct claim *claim, unsigned template, uint64_t flags,
                 struct msg_notice *notice);
/* Notices went into the outbox. */
void outbox_has_news (struct store *store, unsigned count);
/* The notifier gives a dispatch back whose claim we may still have. */
void outbox_give_back (struct store *store, const struct id *dispatch);
void outbox_flush (struct store *store);
void outbox_end (struct store *store);
/* told.c */
void told_begin (struct store *store);
void told_take (struct store *store, struct link *from, const struct msg_told *told);
/* Nobody has the notices of this dispatch: they are due again. */
void told_give_back (struct store *store, const struct id *dispatch);
void told_flush (struct store *store);
void told_end (struct store *store);
/* report.c */
void report_take (struct store *store, struct link *from, const struct msg_report *said);
void report_flush (struct store *store);
void report_end (struct store *store);
/* hook.c */
#define HOOK_SECRET 32
/* The secret of a webhook whose row has this salt: the key of the order that set it. */
void hook_secret (const struct store *store, const struct id *salt, uint8_t ret[HOOK_SECRET]);
void hook_collect (struct store *store, struct link *from, const struct msg_collect *asked);
void hook_delivered (struct store *store, struct link *from, const struct msg_delivered *said);
/* forget.c */
void forget_begin (struct store *store);
void forget_end (struct store *store);
/* bulletin.c */
bool bulletin_settings_right (const struct settings *settings);
void bulletin_begin (struct store *store, const struct settings *settings);
void bulletin_end (struct store *store);
/* chain.c */
/* `path`: of the signing key; absent: nothing is signed.  False: it cannot be used, as was logged. */
bool chain_begin (struct store *store, const char *path);
/* The store stops: is the last of it linked and signed, or cannot be now? */
bool chain_drained (struct store *store);
void chain_end (struct store *store);
/* publish.c */
/* Are the calendar and limits known?  Nothing is placed before. */
bool publish_counts (const struct store *store);
void publish_begin (struct store *store);
void publish_end (struct store *store);

#endif
