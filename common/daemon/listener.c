/* listener.c - the listening side: a ROUTER socket and the links of its peers.
 *
 * Links are found by ZeroMQ's routing id, never by a name, and ZeroMQ makes it: a peer that chose its
 * own is not heard.  Credit counts messages since HELLO: this side says how many may have been sent in
 * all, so a lost or doubled `credit` changes nothing.
 */
#include "base/log.h"
#include "base/metric.h"
#include "daemon/daemon.h"
#include "daemon/delivery.h"
#include "daemon/link_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#define LINKS_MAX      4096 /* of one listener */
#define LINKS_OF_KEY   64   /* of one key */
#define UNREAD_LEAST   1024 /* frames that a stranger may leave unread, */
#define UNREAD_ANSWERS 4    /* and so many for each credit of the window */

void link_credit (struct link *link, enum wire_class class, unsigned n)
{
    if (!link->listener || link->state != LINK_UP)
        return; /* it went down meanwhile: its next HELLO starts with full credit */
    link->granted[class] += n;
    if (link->owing)
        return;
    uint64_t owed = link->granted[class] - link->announced[class];
    if (owed * 4 < link->listener->window[class])
        return; /* a quarter at a time: one credit message for many */
    link->owing = true;
    LL_PREPEND2 (link->listener->owing, link, next_owing);
}

static void pay_credit (void *owner)
{
    struct listener *listener = owner;
    struct link *link, *next;
    LL_FOREACH_SAFE2 (listener->owing, link, next, next_owing) {
        struct msg_credit credit = {.acts = link->granted[WIRE_CLASS_ACTS],
                                    .rest = link->granted[WIRE_CLASS_REST]};
        link->announced[WIRE_CLASS_ACTS] = credit.acts;
        link->announced[WIRE_CLASS_REST] = credit.rest;
        link->owing = false;
        link_say_control (link, WIRE_credit, &credit);
    }
    listener->owing = NULL;
}

/* ---- ends --------------------------------------------------------------------------------------- */

/* A listener's link ends for good. */
static void link_end (struct link *link)
{
    struct listener *listener = link->listener;
    link_send_bundle (link);
    link_goes_down (link);
    link->state = LINK_GONE;
    HASH_DEL (listener->links, link);
    HASH_DELETE (hh_number, listener->numbers, link);
    if (link->owing)
        LL_DELETE2 (listener->owing, link, next_owing);
    if (link->unsent)
        LL_DELETE2 (listener->unsent, link, next_unsent);
    reactor_retire (link->reactor, link, link_free);
}

static void send_unsent (void *owner)
{
    struct listener *listener = owner;
    while (listener->unsent) {
        struct link *link = listener->unsent;
        LL_DELETE2 (listener->unsent, link, next_unsent);
        link->unsent = false;
        link_send_bundle (link);
        if (link->lost)
            link_end (link);
    }
}

/* ---- the conversation --------------------------------------------------------------------------- */

static void number_link (struct link *link)
{
    link->number = link_new_number ();
    HASH_ADD (hh_number, link->listener->numbers, number, sizeof link->number, link);
}

static void on_hello (struct link *link, const struct msg_hello *hello)
{
    if (link->state == LINK_UP) {
        if (id_equal (&link->instance, &hello->instance) && link->received[WIRE_CLASS_ACTS] == 0 &&
            link->received[WIRE_CLASS_REST] == 0) {
            /* repeated before our welcome arrived */
        } else {
            link_goes_down (link);
            /* what the former conversation left under way answers, and pays credit, to nobody */
            HASH_DELETE (hh_number, link->listener->numbers, link);
            number_link (link);
        }
    }
    link->instance = hello->instance;
    link->bundles = hello->bundles == FLAG_YES;
    size_t len = hello->name.len < sizeof link->name ? hello->name.len : sizeof link->name - 1;
    const char *name = log_text (hello->name.at, len);
    memcpy (link->name, name, strnlen (name, sizeof link->name - 1) + 1);
    link->name[sizeof link->name - 1] = 0;
    for (int class = 0; class < WIRE_CLASSES; class ++) {
        link->received[class] = 0;
        link->granted[class] = link->announced[class] = link->listener->window[class];
    }
    struct msg_welcome welcome = {.protocol = WIRE_PROTOCOL,
                                  .instance = *link_own_instance (),
                                  .acts = link->granted[WIRE_CLASS_ACTS],
                                  .rest = link->granted[WIRE_CLASS_REST],
                                  .heartbeat = LINK_HEARTBEAT_MS,
                                  .bundles = FLAG_YES};
    if (link->hooks->welcome)
        link->hooks->welcome (link->owner, link, &welcome);
    link_say_control (link, WIRE_welcome, &welcome);
    if (link->state != LINK_UP)
        link_goes_up (link);
}

/* True when the peer has kept to its credit. */
static bool within_credit (struct link *link, enum wire_class class)
{
    if (class == WIRE_CLASS_CONTROL)
        return true;
    if (link->received[class] >= link->granted[class]) {
        metric_add (link_over_credit_total, 1);
        return false;
    }
    link->received[class]++;
    return true;
}

static void listening_message (struct link *link, struct parcel *parcel)
{
    struct wire_message *said = &parcel->said[0];
    struct wire_fault fault = {.type = said->type};
    switch (said->type) {
    case WIRE_hello:
        if (said->hello.protocol != WIRE_PROTOCOL)
            link_refuse_as (link, REFUSAL_VERSION, &fault);
        else
            on_hello (link, &said->hello);
        return;
    case WIRE_ping:
        if (link->state == LINK_UP)
            link_say_control (link, WIRE_pong, &(struct msg_pong){0});
        else
            link_refuse_as (link, REFUSAL_HELLO, &fault);
        return;
    case WIRE_bye: link_end (link); return;
    default: break;
    }
    if (link->state != LINK_UP) {
        link_refuse_as (link, REFUSAL_HELLO, &fault);
    } else if (!within_credit (link, wire_class_of (said->type))) {
        link_refuse_as (link, REFUSAL_CREDIT, &fault);
    } else if (!link->hooks->handlers[said->type]) {
        link_credit (link, wire_class_of (said->type), 1);
        link_refuse_as (link, REFUSAL_UNKNOWN, &fault);
    } else {
        link->hooks->handlers[said->type](link->owner, link, parcel);
    }
}

static void listening_garbage (struct link *link, const struct wire_fault *fault)
{
    enum wire_class class = wire_class_of (fault->type);
    bool counts = link->state == LINK_UP && fault->type && class != WIRE_CLASS_CONTROL &&
                  within_credit (link, class);
    if (counts)
        link_credit (link, class, 1); /* done with, whatever it was */
    if (counts && link->hooks->undecodable)
        link->hooks->undecodable (link->owner, link, fault);
    else
        link_refuse_as (link, REFUSAL_MALFORMED, fault);
}

/* May one more peer be heard, of this key?  Nobody may use up the places of all others. */
static bool has_place (const struct listener *listener, const struct principal *principal)
{
    unsigned same = 0;
    for (const struct link *link = listener->links; principal && link; link = link->hh.next)
        same += link->key == principal->number;
    if (same >= LINKS_OF_KEY)
        log_limited (LOG_WARNING, "%s: %s has %d connections already, another one is not heard",
                     listener->endpoint, principal->name, LINKS_OF_KEY);
    else if (HASH_COUNT (listener->links) >= LINKS_MAX)
        log_limited (LOG_WARNING, "%s: %d peers already, another one is not heard",
                     listener->endpoint, LINKS_MAX);
    else
        return true;
    return false;
}

static struct link *link_of (struct listener *listener, const uint8_t *routing,
                             const struct principal *principal)
{
    struct link *link;
    HASH_FIND (hh, listener->links, routing, ROUTING_LEN, link);
    if (link || !has_place (listener, principal))
        return link;
    link = xcalloc (1, sizeof *link);
    link->reactor = listener->reactor;
    link->hooks = listener->hooks;
    link->owner = listener->owner;
    link->listener = listener;
    link->socket = listener->socket;
    link->key = principal ? principal->number : 0;
    strcpy (link->name, "a peer");
    memcpy (link->routing, routing, ROUTING_LEN);
    HASH_ADD (hh, listener->links, routing, ROUTING_LEN, link);
    number_link (link);
    return link;
}

/* ---- receiving ---------------------------------------------------------------------------------- */

static void listener_take (struct link *link, struct parcel *parcel, const struct wire_fault *fault)
{
    if (fault)
        listening_garbage (link, fault);
    else
        listening_message (link, parcel);
}

/* How many messages it was. */
static unsigned listener_deliver (struct listener *listener, struct delivery *delivery)
{
    const uint8_t *routing = zmq_msg_data (&delivery->routing);
    const struct principal *principal = NULL;
    if (delivery->frames == 0 || zmq_msg_size (&delivery->routing) != ROUTING_LEN || routing[0]) {
        metric_add (link_unheard_total, 1);
        log_limited (LOG_WARNING, "%s: a peer has chosen its own routing id, it is not heard",
                     listener->endpoint);
        return 1;
    }
    if (listener->door) {
        principal = door_principal (listener->door, &delivery->frame[0]);
        if (!principal)
            metric_add (door_unknown_principal_total, 1);
    }
    struct link *link = link_of (listener, routing, principal);
    if (!link) {
        metric_add (link_unheard_total, 1);
        return 1;
    }
    if (listener->door && !principal) {
        struct wire_fault fault = {.text = "its key is not, or no longer, known"};
        link_refuse_as (link, REFUSAL_PRINCIPAL, &fault);
        link_end (link);
        return 1;
    }
    link->principal = principal;
    unsigned count = delivery_take (link, delivery, listener_take);
    link->principal = NULL;
    return count;
}

static void on_listener_ready (void *owner)
{
    struct listener *listener = owner;
    struct delivery delivery;
    unsigned count = 0; /* a bundle may hold a hundred thousand */
    while (count < REACTOR_BUDGET && delivery_receive (listener->socket, true, &delivery)) {
        count += listener_deliver (listener, &delivery);
        delivery_done (&delivery);
    }
}

/* ---- making and ending -------------------------------------------------------------------------- */

/* A door's marks, by the credit of one peer: more than that only one who cheats has under way. */
static void limit_strangers (void *socket, unsigned credit)
{
    int unread = (int) (UNREAD_LEAST + credit * UNREAD_ANSWERS), unheard = (int) credit + 64;
    zmq_setsockopt (socket, ZMQ_SNDHWM, &unread, sizeof unread);
    zmq_setsockopt (socket, ZMQ_RCVHWM, &unheard, sizeof unheard);
}

static void end_silent (struct link *link, void *with)
{
    int64_t now = *(int64_t *) with;
    if (now - link->heard > 3 * LINK_HEARTBEAT_MS)
        link_end (link);
}

static void at_listener_beat (void *owner)
{
    struct listener *listener = owner;
    int64_t now = reactor_now (listener->reactor);
    struct link *link, *next;
    HASH_ITER (hh, listener->links, link, next)
        end_silent (link, &now);
    reactor_timer_at (listener->timer, now + LINK_HEARTBEAT_MS);
}

int link_listen (struct reactor *reactor, const char *endpoint, struct door *door,
                 const struct link_hooks *hooks, void *owner, unsigned acts, unsigned rest,
                 struct listener **ret_listener)
{
    check (link_over_tcp (endpoint) ==
           (door != NULL)); /* a tcp door without keys lets anybody in */
    struct listener *listener = xcalloc (1, sizeof *listener);
    *listener = (struct listener){.reactor = reactor,
                                  .hooks = hooks,
                                  .owner = owner,
                                  .door = door,
                                  .window = {0, acts, rest}};
    listener->socket = link_socket (ZMQ_ROUTER, link_over_tcp (endpoint));
    if (door) {
        limit_strangers (listener->socket, acts + rest);
        if (door_guard (door, listener->socket) != 0 || door_watch (door, listener->socket) != 0)
            goto failed;
    }
    mode_t mask = umask (0117); /* unix sockets: owner and group only */
    int bound = zmq_bind (listener->socket, endpoint);
    umask (mask);
    if (bound != 0)
        goto failed;
    size_t len = sizeof listener->endpoint;
    zmq_getsockopt (listener->socket, ZMQ_LAST_ENDPOINT, listener->endpoint, &len);
    listener->source = reactor_socket (reactor, listener->socket, on_listener_ready, listener);
    listener->timer =
        reactor_timer (reactor, mono_ms () + LINK_HEARTBEAT_MS, at_listener_beat, listener);
    reactor_at_end (reactor, REACTOR_CREDIT, pay_credit, listener);
    reactor_at_end (reactor, REACTOR_SEND, send_unsent, listener);
    *ret_listener = listener;
    return 0;
failed:;
    int error = errno;
    if (door)
        door_unwatch (door);
    zmq_close (listener->socket);
    free (listener);
    errno = error;
    return FAIL_IO;
}

const char *listener_endpoint (const struct listener *listener)
{
    return listener->endpoint;
}

void listener_each (struct listener *listener, void (*each) (struct link *link, void *with),
                    void *with)
{
    struct link *link, *next;
    HASH_ITER (hh, listener->links, link, next)
        if (link->state == LINK_UP)
            each (link, with);
}

size_t listener_count (const struct listener *listener)
{
    return HASH_COUNT (listener->links);
}

struct link *listener_find (struct listener *listener, uint64_t number)
{
    struct link *link;
    HASH_FIND (hh_number, listener->numbers, &number, sizeof number, link);
    return link && link->state == LINK_UP ? link : NULL;
}

void listener_destroy (struct listener **held)
{
    struct listener *listener = *held;
    if (!listener)
        return;
    struct link *link, *next;
    HASH_ITER (hh, listener->links, link, next)
        link_end (link);
    reactor_forget (&listener->source);
    reactor_timer_forget (&listener->timer);
    reactor_end_forget (listener->reactor, pay_credit, listener);
    reactor_end_forget (listener->reactor, send_unsent, listener);
    if (listener->door)
        door_unwatch (listener->door);
    zmq_close (listener->socket);
    free (listener);
    *held = NULL;
}
