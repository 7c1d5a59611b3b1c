/* returned.h - complaints that wait for a router's decision: how each stands, and who asks. */
#ifndef ADUAN_STORE_RETURNED_H
#define ADUAN_STORE_RETURNED_H

#include "daemon/daemon.h"
#include <uthash.h>

struct store;

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

/* redecide.c */
void redecide_begin (struct store *store);
/* A hand-back was committed that waits for a router's decision. */
void redecide_hint (struct store *store);
void redecide_take (struct store *store, struct parcel *parcel);
void redecide_router_gone (struct store *store, struct link *router);
void redecide_end (struct store *store);

#endif
