/* act.c - acts and orders on their way to the store, and its answers on their way back.
 *
 * A person has no key: a front speaks for him, by the token of his session, which the store alone knows
 * how to read.  From any other key a session is refused here, and from a front its absence, too; but an
 * order may be one that makes a session.
 *
 * Workers together may send more than the store has credit for: what it cannot take yet is held, in
 * order.  An answer finds its way back by behalf's ref.  A worker's credit comes back when its act has
 * ended, so what is under way is bounded by the credit of the workers, and by HELD_MOST.
 */
#include "router.h"

#include <inttypes.h>
#include <stdlib.h>
#include <utlist.h>

#define ACTS_MOST     65536
#define HELD_MOST     (16u << 20) /* bytes */
#define SESSION_TOKEN 32          /* bytes */

struct flying_act {
    uint64_t behalf, link; /* our ref; the worker's link */
    struct parcel held;    /* no frames: it is with the store */
    struct flying_act *prev, *next;
    UT_hash_handle hh;
};

static void let_go (struct router *router, struct flying_act *act)
{
    DL_DELETE (router->acts_held, act);
    router->acts_held_bytes -= parcel_size (&act->held);
    parcel_done (&act->held);
}

/* Answered, or left to its worker to be repeated, whose credit comes back. */
static void end (struct router *router, struct flying_act *act)
{
    struct link *worker = listener_find (router->workers, act->link);
    if (worker)
        link_credit (worker, WIRE_CLASS_ACTS, 1);
    if (act->held.frames)
        let_go (router, act);
    HASH_DEL (router->acts, act);
    router->act_count--;
    free (act);
}

/* Takes the parcel where the act is under way now.  False: there is no store, or no room. */
static bool send_or_hold (struct router *router, struct flying_act *act, struct parcel *parcel)
{
    int result = router->acts_held ? FAIL_CREDIT : link_send (router->store, parcel);
    if (result == 0)
        return true;
    if (result != FAIL_CREDIT || !link_is_up (router->store) ||
        router->acts_held_bytes + parcel_size (parcel) > HELD_MOST)
        return false;
    parcel_move (&act->held, parcel);
    router->acts_held_bytes += parcel_size (&act->held);
    DL_APPEND (router->acts_held, act);
    return true;
}

bool session_fits (const struct principal *principal, struct view session)
{
    return (principal->role == ROLE_FRONT) == (session.at != NULL) &&
           (!session.at || session.len == SESSION_TOKEN);
}

/* On its way, or left to its sender to be repeated. */
static void pass_on (struct router *router, struct link *from, struct parcel *parcel)
{
    struct msg_behalf behalf = {.ref = ++router->next_ref,
                                .principal = link_principal (from)->number};
    struct flying_act *act = xcalloc (1, sizeof *act);
    struct parcel out = {0};
    act->behalf = behalf.ref;
    act->link = link_number (from);
    parcel_add (&out, WIRE_behalf, &behalf);
    parcel_add_frame (&out, parcel, 0);
    HASH_ADD (hh, router->acts, behalf, sizeof act->behalf, act);
    router->act_count++;
    if (router->act_count > ACTS_MOST || !send_or_hold (router, act, &out)) {
        metric_add (router_acts_unanswered_total, 1); /* it is said again, with the same key */
        end (router, act);
    }
    parcel_done (&out);
}

void act_take (void *owner, struct link *from, struct parcel *parcel)
{
    struct router *router = owner;
    const struct msg_act *said = &parcel->said[0].act;
    const struct principal *principal = link_principal (from);
    log_debug ("%s: %s, version %" PRIu64 ", from %s", id_text (&said->id), act_word (said->act),
               said->version, principal->name);
    metric_add (router_acts_total, 1);
    if (!session_fits (principal, said->session)) {
        struct msg_acted acted = {.ref = said->ref,
                                  .id = said->id,
                                  .verdict = VERDICT_REFUSED,
                                  .reason = REASON_ROLE,
                                  .detail = view_of ("session")};
        link_say (from, WIRE_acted, &acted);
        link_credit (from, WIRE_CLASS_ACTS, 1);
        return;
    }
    pass_on (router, from, parcel);
}

void order_take (void *owner, struct link *from, struct parcel *parcel)
{
    struct router *router = owner;
    const struct msg_order *said = &parcel->said[0].order;
    const struct principal *principal = link_principal (from);
    log_debug ("order %s from %s", log_text (said->order.at, said->order.len), principal->name);
    metric_add (router_orders_total, 1);
    if (principal->role != ROLE_FRONT || (said->session.at && said->session.len != SESSION_TOKEN)) {
        struct msg_ordered ordered = {.ref = said->ref,
                                      .verdict = VERDICT_REFUSED,
                                      .reason = REASON_ROLE,
                                      .detail = view_of ("session")};
        link_say (from, WIRE_ordered, &ordered);
        link_credit (from, WIRE_CLASS_ACTS, 1);
        return;
    }
    pass_on (router, from, parcel);
}

void act_flush (struct router *router)
{
    struct flying_act *act;
    while ((act = router->acts_held) && link_can_send (router->store, WIRE_CLASS_ACTS)) {
        struct parcel parcel = {0};
        parcel_add_frame (&parcel, &act->held, 0);
        parcel_add_frame (&parcel, &act->held, 1);
        bool sent = link_send (router->store, &parcel) == 0;
        parcel_done (&parcel);
        if (!sent)
            return;
        let_go (router, act);
    }
}

void act_answer (struct router *router, uint64_t ref, struct parcel *parcel)
{
    struct flying_act *act;
    HASH_FIND (hh, router->acts, &ref, sizeof ref, act);
    if (!act)
        return; /* its worker is gone: the act stands, or the lease runs out */
    worker_relay (router, act->link, parcel);
    end (router, act);
}

void act_forget_all (struct router *router)
{
    struct flying_act *act, *next;
    HASH_ITER (hh, router->acts, act, next)
        end (router, act);
}

size_t act_held_count (const struct router *router)
{
    const struct flying_act *act;
    size_t count;
    DL_COUNT (router->acts_held, act, count);
    return count;
}
