/* worker.c - the workers' door: PULLs and acts (act.c) pass through, each with whom it is from.
 *
 * The store judges everything; what is looked at here only saves it work.  A PULL waits with the store,
 * which leases to it what it stores; here is kept what is needed to ask again after the store was away,
 * and to withdraw it when its worker goes.
 */
#include "router.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define WAIT_MOST_MS  60000
#define PULLS_PER_KEY 64
#define PULLS_A_FRONT 1024 /* it speaks for many people */

struct waiting_pull {
    uint64_t behalf; /* our ref */
    uint64_t link;   /* the worker's */
    uint64_t ref;    /* the worker's */
    uint32_t principal;
    bool asked; /* which list: with the store, or idle */
    int64_t came, until;
    struct parcel parcel; /* the worker's own frame, passed on as it is */
    struct waiting_pull *prev, *next;
    UT_hash_handle hh;
};

/* ---- PULL ---------------------------------------------------------------------------------- */

static void pull_move (struct router *router, struct waiting_pull *pull, bool asked)
{
    if (pull->asked) {
        DL_DELETE (router->asked, pull);
    } else {
        DL_DELETE (router->idle, pull);
        router->idle_count--;
    }
    pull->asked = asked;
    if (asked) {
        DL_APPEND (router->asked, pull);
    } else {
        DL_APPEND (router->idle, pull);
        router->idle_count++;
    }
}

/* Ends a PULL; its worker's credit comes back. */
static void pull_end (struct router *router, struct waiting_pull *pull)
{
    struct link *worker = listener_find (router->workers, pull->link);
    if (worker)
        link_credit (worker, WIRE_CLASS_ACTS, 1);
    if (pull->asked) {
        DL_DELETE (router->asked, pull);
    } else {
        DL_DELETE (router->idle, pull);
        router->idle_count--;
    }
    HASH_DEL (router->pulls, pull);
    parcel_done (&pull->parcel);
    free (pull);
}

/* Asks the store; false where it has no credit, or there is none: then the PULL stays idle. */
static bool pull_ask (struct router *router, struct waiting_pull *pull)
{
    uint64_t waited = (uint64_t) (reactor_now (router->reactor) - pull->came);
    struct msg_behalf behalf = {
        .ref = pull->behalf, .principal = pull->principal, .waited = waited};
    struct parcel parcel = {0};
    parcel_add (&parcel, WIRE_behalf, &behalf);
    parcel_add_frame (&parcel, &pull->parcel, 0);
    bool sent = link_send (router->store, &parcel) == 0;
    parcel_done (&parcel);
    if (sent)
        pull_move (router, pull, true);
    return sent;
}

static void say_pulled (struct link *worker, uint64_t ref, enum verdict verdict, enum reason reason)
{
    struct msg_pulled pulled = {.ref = ref, .verdict = verdict, .reason = reason};
    link_say (worker, WIRE_pulled, &pulled);
}

static enum reason pull_fault (const struct router *router, const struct principal *principal,
                               const struct msg_pull *asked)
{
    unsigned same = 0, most = principal->role == ROLE_FRONT ? PULLS_A_FRONT : PULLS_PER_KEY;
    const struct waiting_pull *pull;
    if (!session_fits (principal, asked->session))
        return REASON_ROLE;
    for (uint32_t i = 0; i < asked->agencies.count && principal->role != ROLE_FRONT; i++)
        if (!principal_works_for (principal, asked->agencies.at[i]))
            return REASON_SCOPE;
    DL_FOREACH (router->idle, pull)
        same += pull->principal == principal->number;
    DL_FOREACH (router->asked, pull)
        same += pull->principal == principal->number;
    return asked->agencies.count == 0 ? REASON_SCOPE : same >= most ? REASON_BUSY : 0;
}

static void on_pull (void *owner, struct link *from, struct parcel *parcel)
{
    struct router *router = owner;
    const struct msg_pull *asked = &parcel->said[0].pull;
    const struct principal *principal = link_principal (from);
    enum reason fault = pull_fault (router, principal, asked);
    metric_add (router_pulls_total, 1);
    if (fault) {
        say_pulled (from, asked->ref, VERDICT_REFUSED, fault);
        link_credit (from, WIRE_CLASS_ACTS, 1);
        return;
    }
    struct waiting_pull *pull = xcalloc (1, sizeof *pull);
    int64_t now = reactor_now (router->reactor);
    uint64_t wait = asked->wait < WAIT_MOST_MS ? asked->wait : WAIT_MOST_MS;
    *pull = (struct waiting_pull){.behalf = ++router->next_ref,
                                  .link = link_number (from),
                                  .ref = asked->ref,
                                  .principal = principal->number,
                                  .came = now,
                                  .until = now + (int64_t) wait};
    parcel_move (&pull->parcel, parcel);
    HASH_ADD (hh, router->pulls, behalf, sizeof pull->behalf, pull);
    DL_APPEND (router->idle, pull);
    router->idle_count++;
    worker_flush (router);
}

/* In order of arrival. */
void worker_flush (struct router *router)
{
    while (router->idle && pull_ask (router, router->idle))
        ;
}

/* ---- answers ------------------------------------------------------------------------------- */

void worker_relay (struct router *router, uint64_t link, struct parcel *parcel)
{
    struct link *worker = listener_find (router->workers, link);
    struct parcel answer = {0};
    for (unsigned i = 1; worker && i < parcel->frames; i++)
        parcel_add_frame (&answer, parcel, i);
    if (answer.frames)
        link_send (worker, &answer);
    parcel_done (&answer);
}

void worker_answer (struct router *router, struct parcel *parcel)
{
    uint64_t ref = parcel->said[0].behalf.ref;
    struct wire_fault fault;
    struct waiting_pull *pull;
    HASH_FIND (hh, router->pulls, &ref, sizeof ref, pull);
    if (!pull) {
        act_answer (router, ref, parcel);
        return;
    }
    worker_relay (router, pull->link, parcel);
    if (parcel_read (parcel, 1, WIRE_pulled, &fault))
        pull_end (router, pull);
}

/* ---- coming and going ---------------------------------------------------------------------- */

static void worker_down (void *owner, struct link *link)
{
    struct router *router = owner;
    struct waiting_pull *pull, *next;
    DL_FOREACH_SAFE (router->idle, pull, next)
        if (pull->link == link_number (link))
            pull_end (router, pull);
    DL_FOREACH_SAFE (router->asked, pull, next)
        if (pull->link == link_number (link)) {
            struct msg_withdraw withdraw = {.ref = pull->behalf};
            link_say (router->store, WIRE_withdraw, &withdraw);
            pull_end (router, pull);
        }
}

/* What was with the store is unknown: PULLs are asked again, acts are repeated by their workers. */
void worker_store_down (struct router *router)
{
    while (router->asked)
        pull_move (router, router->asked, false);
    act_forget_all (router);
}

void worker_tick (struct router *router)
{
    int64_t now = reactor_now (router->reactor);
    struct waiting_pull *pull, *next;
    DL_FOREACH_SAFE (router->idle, pull, next) {
        struct link *worker = listener_find (router->workers, pull->link);
        if (now < pull->until)
            continue;
        if (worker) /* nobody looked: to say that there is nothing would be a lie */
            say_pulled (worker, pull->ref, VERDICT_REFUSED, REASON_BUSY);
        pull_end (router, pull);
    }
    worker_flush (router);
    metric_set (router_pulls_waiting, HASH_COUNT (router->pulls));
    metric_set (router_acts_held, act_held_count (router));
}

void worker_end (struct router *router)
{
    while (router->idle)
        pull_end (router, router->idle);
    while (router->asked)
        pull_end (router, router->asked);
    act_forget_all (router);
}

void worker_show (const struct router *router, struct buffer *out)
{
    const struct waiting_pull *pull;
    size_t held = act_held_count (router);
    buffer_format (
        out,
        "workers: %zu\npulls: %u, not with the store: %zu\nacts held: %zu, with the store: %zu\n",
        listener_count (router->workers), HASH_COUNT (router->pulls), router->idle_count, held,
        router->act_count - held);
    DL_FOREACH (router->asked, pull)
        buffer_format (out, "pull of principal %u waits since %" PRId64 " ms\n", pull->principal,
                       reactor_now (router->reactor) - pull->came);
}

static link_message_fn *const handlers[WIRE_LAST] = {
    [WIRE_pull] = on_pull, [WIRE_act] = act_take, [WIRE_order] = order_take};
const struct link_hooks worker_hooks = {.handlers = handlers, .down = worker_down};
