/* link.c - what both sides of a link have in common: saying, credit, up and down.
 *
 * What is said to a peer that reads bundles is gathered, and leaves as one frame before the reactor
 * waits again: each frame costs ZeroMQ as much as a message's whole handling costs us.
 */
#include "base/log.h"
#include "base/metric.h"
#include "daemon/daemon.h"
#include "daemon/link_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define BUNDLE_MOST   (64u << 10) /* bytes; what is larger goes alone */
#define BUNDLE_DOOR   (16u << 10) /* the same, to strangers */
#define BUNDLE_COPIED (4u << 10)  /* bytes; up to here copying is cheaper than giving away */

const struct id *link_own_instance (void)
{
    static struct id instance;
    if (id_zero (&instance))
        instance = id_random ();
    return &instance;
}

uint64_t link_new_number (void)
{
    static uint64_t last;
    return ++last;
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void socket_used (const struct link *link)
{
    reactor_used (link->listener ? link->listener->source : link->source);
}

/* One frame of ZeroMQ.  0 or FAIL_GONE; takes the frame either way. */
static int send_frame (struct link *link, zmq_msg_t *frame, int more)
{
    socket_used (link);
    if (zmq_msg_send (frame, link->socket, more | ZMQ_DONTWAIT) >= 0)
        return 0;
    zmq_msg_close (frame);
    return FAIL_GONE;
}

/* What leaves before the reactor waits: the bundle, or a link that is lost. */
void link_note_unsent (struct link *link)
{
    if (!link->listener || link->unsent || link->state == LINK_GONE)
        return;
    link->unsent = true;
    LL_PREPEND2 (link->listener->unsent, link, next_unsent);
}

/* On a ROUTER a message stands behind the peer's routing id.  At the mark of its queue a peer has not
 * read for long, and is lost. */
static int send_routing (struct link *link)
{
    if (!link->listener)
        return 0;
    socket_used (link);
    if (zmq_send (link->socket, link->routing, sizeof link->routing, ZMQ_SNDMORE | ZMQ_DONTWAIT) >=
        0)
        return 0;
    if (errno == EAGAIN) {
        log_limited (LOG_WARNING, "%s: does not read its answers; lost", link->name);
        metric_add (link_unread_total, !link->lost);
        link->lost = true;
        link_note_unsent (link);
    }
    return FAIL_GONE;
}

/* A message as it is, for peers that read no bundles and for what is too large for one. */
static int send_alone (struct link *link, const struct parcel *parcel)
{
    int result = send_routing (link);
    for (unsigned i = 0; result == 0 && i < parcel->frames; i++) {
        struct view bytes = parcel_bytes (parcel, i);
        zmq_msg_t frame;
        check (zmq_msg_init_size (&frame, bytes.len) == 0);
        if (bytes.len)
            memcpy (zmq_msg_data (&frame), bytes.at, bytes.len);
        result = send_frame (link, &frame, i + 1 < parcel->frames ? ZMQ_SNDMORE : 0);
        check (result == 0 || i == 0); /* ZeroMQ sends a message whole or not at all */
    }
    return result;
}

static void free_bundle (void *at, void *hint)
{
    (void) hint;
    free (at);
}

/* What was gathered leaves.  Where it cannot, the link is lost: its owner repeats from what is
 * durable, as after any loss. */
void link_send_bundle (struct link *link)
{
    struct buffer *bundle = &link->bundle;
    zmq_msg_t frame;
    if (bundle->len == 0)
        return;
    int result = link->lost ? FAIL_GONE : send_routing (link);
    if (result == 0 && bundle->len <= BUNDLE_COPIED) {
        check (zmq_msg_init_size (&frame, bundle->len) == 0);
        memcpy (zmq_msg_data (&frame), bundle->at, bundle->len);
        result = send_frame (link, &frame, 0);
    } else if (result == 0) {
        check (zmq_msg_init_data (&frame, bundle->at, bundle->len, free_bundle, NULL) == 0);
        link->bundle_before = bundle->len;
        *bundle = (struct buffer){0};
        result = send_frame (link, &frame, 0);
    }
    buffer_clear (bundle);
    link->lost = link->lost || result != 0;
}

static size_t bundle_most (const struct link *link)
{
    return link->listener && link->listener->door ? BUNDLE_DOOR : BUNDLE_MOST;
}

static int gather (struct link *link, const struct parcel *parcel)
{
    if (link->bundle.len + bundle_room (parcel) > bundle_most (link))
        link_send_bundle (link);
    if (link->lost)
        return FAIL_GONE;
    if (!link->bundle.at && link->bundle_before)
        buffer_room (&link->bundle, link->bundle_before); /* mostly it need not grow */
    bundle_add (&link->bundle, parcel);
    link_note_unsent (link);
    return 0;
}

/* Takes the parcel on success. */
static int send_parcel (struct link *link, struct parcel *parcel)
{
    int result;
    if (link->bundles && bundle_room (parcel) < bundle_most (link)) {
        result = gather (link, parcel);
    } else {
        link_send_bundle (link); /* order is kept */
        result = link->lost ? FAIL_GONE : send_alone (link, parcel);
    }
    if (result != 0)
        return result;
    parcel_done (parcel);
    link->said = reactor_now (link->reactor);
    metric_add (link_sent_total, 1);
    return 0;
}

/* The number of the first frame's message, as the sender encoded it: [1, number, ...]. */
static enum wire_type type_of (const struct parcel *parcel)
{
    struct view frame = parcel_bytes (parcel, 0);
    check (frame.len >= 3);
    return (enum wire_type) (uint8_t) frame.at[2]; /* all numbers are below 128: one byte each */
}

int link_send (struct link *link, struct parcel *parcel)
{
    if (link->state != LINK_UP)
        return FAIL_GONE;
    enum wire_class class = wire_class_of (type_of (parcel));
    bool costs = !link->listener && class != WIRE_CLASS_CONTROL;
    if (costs && link->sent[class] >= link->allowed[class])
        return FAIL_CREDIT;
    int result = send_parcel (link, parcel);
    if (result == 0 && costs)
        link->sent[class]++;
    return result;
}

int link_say (struct link *link, enum wire_type type, const void *msg)
{
    struct parcel parcel = {0};
    parcel_add (&parcel, type, msg);
    int result = link_send (link, &parcel);
    parcel_done (&parcel);
    return result;
}

/* Said whatever the state: the conversation's own words. */
int link_say_control (struct link *link, enum wire_type type, const void *msg)
{
    struct parcel parcel = {0};
    parcel_add (&parcel, type, msg);
    int result = send_parcel (link, &parcel);
    parcel_done (&parcel);
    return result;
}

bool link_reaches (struct link *link)
{
    struct msg_credit credit = {.acts = link->announced[WIRE_CLASS_ACTS],
                                .rest = link->announced[WIRE_CLASS_REST]};
    struct parcel parcel = {0};
    parcel_add (&parcel, WIRE_credit, &credit);
    link_send_bundle (link); /* order is kept, and here it would only be seen at the turn's end */
    if (!link->lost && send_alone (link, &parcel) != 0) {
        link->lost = true;
        link_note_unsent (link); /* it ends with the turn */
    }
    parcel_done (&parcel);
    return !link->lost;
}

size_t link_can_send (const struct link *link, enum wire_class class)
{
    if (link->state != LINK_UP)
        return 0;
    if (link->listener || class == WIRE_CLASS_CONTROL)
        return SIZE_MAX;
    return (size_t) (link->allowed[class] - link->sent[class]);
}

/* ---- up, down ----------------------------------------------------------------------------------- */

void link_goes_up (struct link *link)
{
    link->state = LINK_UP;
    log_debug ("link %" PRIu64 ": %s is up", link->number, link->name);
    if (link->hooks->up)
        link->hooks->up (link->owner, link);
}

void link_goes_down (struct link *link)
{
    if (link->state != LINK_UP)
        return;
    link->state = LINK_OPENING;
    link->bundles = link->lost = false;
    buffer_clear (&link->bundle);
    log_debug ("link %" PRIu64 ": %s is down", link->number, link->name);
    if (link->hooks->down)
        link->hooks->down (link->owner, link);
}

void link_free (void *object)
{
    struct link *link = object;
    if (link->keys)
        sodium_memzero (link->keys, sizeof *link->keys);
    free (link->keys);
    free (link->endpoint);
    buffer_free (&link->bundle);
    free (link);
}

void link_refuse_as (struct link *link, enum refusal refusal, const struct wire_fault *fault)
{
    struct msg_refused refused = {.refusal = refusal,
                                  .number = fault->type,
                                  .ref = fault->ref,
                                  .field = view_of (fault->field)};
    metric_add (link_refused_total, 1);
    log_limited (LOG_WARNING, "%s: refused %s (%s%s%s): %s", link->name, wire_name (fault->type),
                 refusal_word (refusal), fault->field ? ", " : "", fault->field ? fault->field : "",
                 fault->text ? fault->text : "nothing was done");
    if (link->listener)
        link_say_control (link, WIRE_refused, &refused);
}

void link_refuse (struct link *link, const struct wire_fault *fault)
{
    link_refuse_as (link, REFUSAL_MALFORMED, fault);
}

/* ---- sockets ------------------------------------------------------------------------------------ */

bool link_over_tcp (const char *endpoint)
{
    return strncmp (endpoint, "tcp://", 6) == 0;
}

void *link_socket (int type, bool tcp)
{
    void *socket = zmq_socket (daemon_context (), type);
    check (socket);
    int linger = 1000, handshake = 2000, unlimited = 0, on = 1, beat = 2000, beat_timeout = 6000,
        again = 100, again_most = tcp ? 1000 : 200;
    int64_t most = mutant (frames_unlimited) ? -1 : WIRE_FRAME_MAX;
    zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt (socket, ZMQ_HANDSHAKE_IVL, &handshake, sizeof handshake);
    zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
    zmq_setsockopt (socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    zmq_setsockopt (socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    if (type == ZMQ_ROUTER) {
        zmq_setsockopt (socket, ZMQ_ROUTER_MANDATORY, &on, sizeof on);
    } else {
        zmq_setsockopt (socket, ZMQ_IMMEDIATE, &on, sizeof on);
        zmq_setsockopt (socket, ZMQ_RECONNECT_IVL, &again, sizeof again);
        zmq_setsockopt (socket, ZMQ_RECONNECT_IVL_MAX, &again_most, sizeof again_most);
    }
    if (tcp) {
        zmq_setsockopt (socket, ZMQ_HEARTBEAT_IVL, &beat, sizeof beat);
        zmq_setsockopt (socket, ZMQ_HEARTBEAT_TIMEOUT, &beat_timeout, sizeof beat_timeout);
    }
    return socket;
}

/* ---- what a link says of itself ----------------------------------------------------------------- */

bool link_is_up (const struct link *link)
{
    return link->state == LINK_UP;
}

const char *link_name (const struct link *link)
{
    return link->name;
}

uint64_t link_number (const struct link *link)
{
    return link->number;
}

const struct principal *link_principal (const struct link *link)
{
    return link->principal;
}

void link_set_data (struct link *link, void *data)
{
    link->data = data;
}

void *link_data (const struct link *link)
{
    return link->data;
}

const struct msg_welcome *link_welcome (const struct link *link)
{
    return &link->welcome;
}
