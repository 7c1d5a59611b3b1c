/* router.h - aduan-router: decides the owner of each complaint, and is the door where agencies pull
 * and act.  It holds nothing that a restart loses: offers are intake's, leases and acts PostgreSQL's.
 *
 *   receive.c   offers in, places to the store, STORED back to the intake they came from
 *   decide/     the ladder: pure
 *   inforce.c   what it decides by: registry, rules, model
 *   worker.c    PULLs on their way, answers back
 *   act.c       acts and orders on their way
 *
 *   a PULL       list              leaves it when
 *   IDLE         router->idle      the store has credit for it: ASKED; its wait is over, or its worker is
 *                                  gone: gone
 *   ASKED        router->asked     the store answers, at the latest when its wait is over: gone; its worker is
 *                                  gone: withdrawn, gone; the store is lost: IDLE
 *
 *   an act       list              leaves it when
 *   HELD         router->acts_held the store grants credit: SENT; the store is lost: gone
 *   SENT         router->acts      the store answers, or is lost: gone
 *
 * Orders go the way of acts.  Who hears nothing of his repeats it with the same key.
 */
#ifndef ADUAN_ROUTER_H
#define ADUAN_ROUTER_H

#include <uthash.h>
#include "daemon/daemon.h"
#include "inforce.h"

struct held_offer;
struct waiting_pull;
struct flying_act;

struct router {
    struct reactor *reactor;
    struct snapshots *snapshots;
    struct inforce *inforce;
    struct link *store;
    struct listener *intakes; /* offers.sock */
    struct door *door;
    struct listener *workers;

    struct held_offer *held; /* offers that the store has no credit for yet */
    size_t held_count;

    struct waiting_pull *asked, *idle;
    struct waiting_pull *pulls;   /* all, by behalf's ref */
    struct flying_act *acts;      /* all, by behalf's ref */
    struct flying_act *acts_held; /* those that the store has no credit for yet, in order */
    size_t acts_held_bytes;
    uint64_t next_ref;
    size_t idle_count, act_count;
    struct timer *tick;
    struct outage store_outage, registry_outage;
};

/* receive.c */
extern const struct link_hooks intake_hooks;
void receive_flush (struct router *router);
void receive_stored (struct router *router, struct parcel *parcel);
/* A complaint that was handed back is decided anew, and answered at once; what cannot be is said again. */
void receive_redecide (struct router *router, struct parcel *parcel);
void receive_reoffer (struct router *router);
void receive_end (struct router *router);

/* worker.c */
extern const struct link_hooks worker_hooks;
/* Passes on to a worker, if it is still there, what stands behind `behalf`. */
void worker_relay (struct router *router, uint64_t link, struct parcel *parcel);
void worker_answer (struct router *router, struct parcel *parcel);
/* Asks the store for the PULLs that it has credit for. */
void worker_flush (struct router *router);
void worker_store_down (struct router *router);
void worker_tick (struct router *router);
void worker_end (struct router *router);
void worker_show (const struct router *router, struct buffer *out);

/* act.c */
/* Does the session stand where it belongs: in what a front says, and nowhere else? */
bool session_fits (const struct principal *principal, struct view session);
void act_take (void *owner, struct link *from, struct parcel *parcel);
void order_take (void *owner, struct link *from, struct parcel *parcel);
void act_flush (struct router *router);
void act_answer (struct router *router, uint64_t ref, struct parcel *parcel);
void act_forget_all (struct router *router);
size_t act_held_count (const struct router *router);

extern const struct daemon router_daemon;

#endif
