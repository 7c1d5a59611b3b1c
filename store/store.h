/* store.h - aduan-store: the only writer of PostgreSQL, to be read first.  Here is what it keeps, its own state; what each noun of it is,
 * and in which states, stands in that noun's header:
 *
 *   place.h     a complaint on its way into rows      pull.h      a PULL, until it is answered; what is leased
 *   words.h     what a complaint says                 agency.h    what is remembered of an agency
 *   act.h       acts                                  returned.h  a complaint that waits for a router's decision
 *   outbox.h    claims of notifiers, notices          likeness.h, timer.h, chain.h   work that is done aside
 *   lane.h      connections by class of work          order.h     what people administer
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
 *   stopped.c      whose owners want none at all
 *   report.c       what gateways say of them later
 *   forget.c       contacts that are not needed any more
 *   bulletin.c     notices to officers and supporters: digests, reminders, alerts
 *   chain.c        digests of what was done become a chain, its head is signed
 *   publish.c      the snapshots; the calendar and limits that due times need
 *   limits.c       limits and steps of the clocks, by rule set and agency
 *   watch.c        what waits where, for the metrics
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
#include "act.h"
#include "agency.h"
#include "chain.h"
#include "lane.h"
#include "likeness.h"
#include "limits.h"
#include "outbox.h"
#include "place.h"
#include "pull.h"
#include "returned.h"
#include "timer.h"
#include "watch.h"
#include "words.h"

#define STORE_BATCH    1000 /* rows of one statement at most */
#define STORE_RETRY_MS 500  /* between tries while PostgreSQL refuses */

enum sql_id {
#define SQL_STATEMENT(name, parameters, text) SQL_##name,
#include "statements.inc"
#undef SQL_STATEMENT
    SQL_STATEMENTS
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
    struct watch watch;
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

extern const struct daemon store_daemon;

/* epoch.c */
void epoch_begin (struct store *store);
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
/* overtaken.c */
void overtaken_begin (struct store *store);
void overtaken_end (struct store *store);

/* search.c */
void search_begin (struct store *store);
void search_end (struct store *store);

/* retention.c */
void retention_begin (struct store *store, int64_t keep_ms);
void retention_end (struct store *store);

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
/* publish.c */
/* Are the calendar and limits known?  Nothing is placed before. */
bool publish_counts (const struct store *store);
void publish_begin (struct store *store);
void publish_end (struct store *store);

#endif
