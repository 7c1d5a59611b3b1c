/* place.h - a record on its way into rows, and what the rows say of it. */
#ifndef ADUAN_STORE_PLACE_H
#define ADUAN_STORE_PLACE_H

#include "daemon/daemon.h"
#include "db/db.h"
#include "words.h"
#include <uthash.h>

#define RECORD_CAREFUL 47 /* parameters of place_complaints.sql */
#define RECORD_VALUES  56 /* of place_fresh.sql, the same and nine more */

struct store;
struct claim;
struct standing;

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

#endif
