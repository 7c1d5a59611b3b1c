/* agency.h - what the store remembers of each agency: its name, news of work, and that it was found empty. */
#ifndef ADUAN_STORE_AGENCY_H
#define ADUAN_STORE_AGENCY_H

#include "base/base.h"

struct store;
struct standing;

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

#endif
