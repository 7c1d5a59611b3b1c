/* pull.h - a PULL, from its message until it is answered, and what is leased to it. */
#ifndef ADUAN_STORE_PULL_H
#define ADUAN_STORE_PULL_H

#include "daemon/daemon.h"
#include "db/db.h"
#include "words.h"
#include <uthash.h>

struct store;
struct agency;

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

#endif
