/* link.c - HELLO, credit, heartbeat, and the way of a message from a socket to its handler.
 *
 * A listener owns one ROUTER socket and its links, a connection one DEALER.  Links are found by
 * ZeroMQ's routing id, never by a name, and ZeroMQ makes it: a peer that chose its own is not heard.
 * Credit counts messages since HELLO in both directions of the accounting: the listening side says
 * how many may have been sent in all, so a lost or doubled `credit` changes nothing.
 *
 * Between daemons high-water marks are off: credit is the limit.  A door on tcp:// has both, because
 * strangers' programs need not keep to anything: reading stops at the mark (nothing is lost, TCP
 * holds it back), and a peer that does not read its answers is lost at its mark; it repeats.
 *
 * What is said to a peer that reads bundles is gathered, and leaves as one frame before the reactor
 * waits again: each frame costs ZeroMQ as much as a message's whole handling costs us.
 */
#include "daemon/link.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metric.h"
#include "daemon/daemon.h"
#include "daemon/door.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>
#include <zmq.h>

#define LINKS_MAX      4096 /* of one listener */
#define LINKS_OF_KEY   64   /* of one key */
#define HELLO_FIRST_MS 250
#define HELLO_LAST_MS  5000
#define ROUTING_LEN    5           /* of the ids that ZeroMQ makes: a zero and 32 bits */
#define UNREAD_LEAST   1024        /* frames that a stranger may leave unread, */
#define UNREAD_ANSWERS 4           /* and so many for each credit of the window */
#define BUNDLE_MOST    (64u << 10) /* bytes; what is larger goes alone */
#define BUNDLE_DOOR    (16u << 10) /* the same, to strangers */
#define BUNDLE_COPIED  (4u << 10)  /* bytes; up to here copying is cheaper than giving away */

enum link_state { LINK_OPENING, LINK_UP, LINK_GONE };

struct link {
    enum link_state state;
    struct reactor *reactor;
    const struct link_hooks *hooks;
    void *owner, *data;
    void *socket; /* a connection's own; a listener's borrowed */
    uint64_t number;
    char name[65];
    struct id instance;  /* the peer's */
    int64_t heard, said; /* mono_ms of the last message in and out */
    const struct principal *principal;
    bool bundles; /* the peer reads them */
    bool lost;    /* the last bundle could not be sent: the link is down before the next wait */
    struct buffer bundle; /* said, not yet sent */

    /* listening side */
    struct listener *listener; /* NULL: a connection */
    uint8_t routing[ROUTING_LEN];
    uint32_t key; /* number of the principal that opened it; 0: none */
    uint64_t received[WIRE_CLASSES], granted[WIRE_CLASSES], announced[WIRE_CLASSES];
    bool owing;  /* on listener->owing */
    bool unsent; /* on listener->unsent */
    struct link *next_owing, *next_unsent;
    UT_hash_handle hh, hh_number;

    /* connecting side */
    struct source *source;
    struct timer *timer;
    int64_t hello_wait;
    char *endpoint;
    struct link_keys *keys; /* NULL on ipc:// */
    uint64_t sent[WIRE_CLASSES], allowed[WIRE_CLASSES];
    struct msg_welcome welcome;
    uint8_t seal_key[32], contact_key[32];
    char own_name[65];
};

struct listener {
    struct reactor *reactor;
    const struct link_hooks *hooks;
    void *owner;
    struct door *door;
    void *socket;
    struct source *source;
    struct timer *timer;
    char endpoint[256];
    unsigned window[WIRE_CLASSES];
    struct link *links;   /* by routing id */
    struct link *numbers; /* the same, by number */
    struct link *owing;   /* links whose new credit leaves at the turn's end */
    struct link *unsent;  /* links with a bundle, or whose bundle could not be sent */
};

static uint64_t next_number = 1;

static const struct id *own_instance (void)
{
    static struct id instance;
    if (id_zero (&instance))
        instance = id_random ();
    return &instance;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void link_down (struct link *link);

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
static void note_unsent (struct link *link)
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
        note_unsent (link);
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
static void send_bundle (struct link *link)
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
        send_bundle (link);
    if (link->lost)
        return FAIL_GONE;
    bundle_add (&link->bundle, parcel);
    note_unsent (link);
    return 0;
}

/* Takes the parcel on success. */
static int send_parcel (struct link *link, struct parcel *parcel)
{
    int result;
    if (link->bundles && bundle_room (parcel) < bundle_most (link)) {
        result = gather (link, parcel);
    } else {
        send_bundle (link); /* order is kept */
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
static void say_control (struct link *link, enum wire_type type, const void *msg)
{
    struct parcel parcel = {0};
    parcel_add (&parcel, type, msg);
    send_parcel (link, &parcel);
    parcel_done (&parcel);
}

size_t link_can_send (const struct link *link, enum wire_class class)
{
    if (link->state != LINK_UP)
        return 0;
    if (link->listener || class == WIRE_CLASS_CONTROL)
        return SIZE_MAX;
    return (size_t) (link->allowed[class] - link->sent[class]);
}

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
        say_control (link, WIRE_credit, &credit);
    }
    listener->owing = NULL;
}

/* ---- up, down ------------------------------------------------------------------------------ */

static void link_up (struct link *link)
{
    link->state = LINK_UP;
    log_debug ("link %" PRIu64 ": %s is up", link->number, link->name);
    if (link->hooks->up)
        link->hooks->up (link->owner, link);
}

static void link_down (struct link *link)
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

static void free_link (void *object)
{
    struct link *link = object;
    if (link->keys)
        sodium_memzero (link->keys, sizeof *link->keys);
    free (link->keys);
    free (link->endpoint);
    buffer_free (&link->bundle);
    free (link);
}

/* A listener's link ends for good. */
static void link_end (struct link *link)
{
    struct listener *listener = link->listener;
    send_bundle (link);
    link_down (link);
    link->state = LINK_GONE;
    HASH_DEL (listener->links, link);
    HASH_DELETE (hh_number, listener->numbers, link);
    if (link->owing)
        LL_DELETE2 (listener->owing, link, next_owing);
    if (link->unsent)
        LL_DELETE2 (listener->unsent, link, next_unsent);
    reactor_retire (link->reactor, link, free_link);
}

static void refuse (struct link *link, enum refusal refusal, const struct wire_fault *fault)
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
        say_control (link, WIRE_refused, &refused);
}

void link_refuse (struct link *link, const struct wire_fault *fault)
{
    refuse (link, REFUSAL_MALFORMED, fault);
}

/* ---- before the reactor waits -------------------------------------------------------------- */

static void send_unsent (void *owner)
{
    struct listener *listener = owner;
    while (listener->unsent) {
        struct link *link = listener->unsent;
        LL_DELETE2 (listener->unsent, link, next_unsent);
        link->unsent = false;
        send_bundle (link);
        if (link->lost)
            link_end (link);
    }
}

/* ---- the conversation, listening side ------------------------------------------------------ */

static void number_link (struct link *link)
{
    link->number = next_number++;
    HASH_ADD (hh_number, link->listener->numbers, number, sizeof link->number, link);
}

static void on_hello (struct link *link, const struct msg_hello *hello)
{
    if (link->state == LINK_UP) {
        if (id_equal (&link->instance, &hello->instance) && link->received[WIRE_CLASS_ACTS] == 0 &&
            link->received[WIRE_CLASS_REST] == 0) {
            /* repeated before our welcome arrived */
        } else {
            link_down (link);
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
                                  .instance = *own_instance (),
                                  .acts = link->granted[WIRE_CLASS_ACTS],
                                  .rest = link->granted[WIRE_CLASS_REST],
                                  .heartbeat = LINK_HEARTBEAT_MS,
                                  .bundles = FLAG_YES};
    if (link->hooks->welcome)
        link->hooks->welcome (link->owner, link, &welcome);
    say_control (link, WIRE_welcome, &welcome);
    if (link->state != LINK_UP)
        link_up (link);
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
            refuse (link, REFUSAL_VERSION, &fault);
        else
            on_hello (link, &said->hello);
        return;
    case WIRE_ping:
        if (link->state == LINK_UP)
            say_control (link, WIRE_pong, &(struct msg_pong){0});
        else
            refuse (link, REFUSAL_HELLO, &fault);
        return;
    case WIRE_bye: link_end (link); return;
    default: break;
    }
    if (link->state != LINK_UP) {
        refuse (link, REFUSAL_HELLO, &fault);
    } else if (!within_credit (link, wire_class_of (said->type))) {
        refuse (link, REFUSAL_CREDIT, &fault);
    } else if (!link->hooks->handlers[said->type]) {
        link_credit (link, wire_class_of (said->type), 1);
        refuse (link, REFUSAL_UNKNOWN, &fault);
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
        refuse (link, REFUSAL_MALFORMED, fault);
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

/* ---- the conversation, connecting side ----------------------------------------------------- */

static void reopen_socket (struct link *link);

static void say_hello (struct link *link)
{
    if (link->keys && link->hello_wait == HELLO_LAST_MS)
        reopen_socket (link);
    struct msg_hello hello = {.protocol = WIRE_PROTOCOL,
                              .name = view_of (link->own_name),
                              .instance = *own_instance (),
                              .bundles = FLAG_YES};
    say_control (link, WIRE_hello, &hello);
    int64_t jitter = (int64_t) (next_number * 2654435761u % 100);
    reactor_timer_at (link->timer, reactor_now (link->reactor) + link->hello_wait + jitter);
    link->hello_wait = link->hello_wait * 2 < HELLO_LAST_MS ? link->hello_wait * 2 : HELLO_LAST_MS;
}

static void open_again (struct link *link)
{
    link_down (link);
    link->state = LINK_OPENING;
    link->hello_wait = HELLO_FIRST_MS;
    say_hello (link);
}

static void on_welcome (struct link *link, const struct msg_welcome *welcome)
{
    if (link->state == LINK_UP && id_equal (&link->instance, &welcome->instance))
        return; /* the answer to a repeated hello */
    link_down (link);
    link->instance = welcome->instance;
    link->bundles = welcome->bundles == FLAG_YES;
    link->welcome = *welcome;
    if (welcome->seal_key.len == sizeof link->seal_key) {
        memcpy (link->seal_key, welcome->seal_key.at, sizeof link->seal_key);
        link->welcome.seal_key.at = (const char *) link->seal_key;
    }
    if (welcome->contact_key.len == sizeof link->contact_key) {
        memcpy (link->contact_key, welcome->contact_key.at, sizeof link->contact_key);
        link->welcome.contact_key.at = (const char *) link->contact_key;
    }
    for (int class = 0; class < WIRE_CLASSES; class ++)
        link->sent[class] = 0;
    link->allowed[WIRE_CLASS_ACTS] = welcome->acts;
    link->allowed[WIRE_CLASS_REST] = welcome->rest;
    reactor_timer_at (link->timer, reactor_now (link->reactor) + LINK_HEARTBEAT_MS);
    link_up (link);
}

static void on_credit (struct link *link, const struct msg_credit *credit)
{
    bool more = false;
    uint64_t said[WIRE_CLASSES] = {0, credit->acts, credit->rest};
    for (int class = WIRE_CLASS_ACTS; class <= WIRE_CLASS_REST; class ++) {
        if (said[class] > link->allowed[class]) {
            link->allowed[class] = said[class];
            more = true;
        }
    }
    if (more && link->state == LINK_UP && link->hooks->credit)
        link->hooks->credit (link->owner, link);
}

static void on_refused (struct link *link, struct parcel *parcel)
{
    const struct msg_refused *refused = &parcel->said[0].refused;
    log_limited (LOG_WARNING, "%s refused %s: %s %s", link->name,
                 wire_name ((enum wire_type) refused->number), refusal_word (refused->refusal),
                 log_text (refused->field.at, refused->field.len));
    if (refused->refusal == REFUSAL_HELLO && link->state == LINK_UP)
        open_again (link);
    else if (link->hooks->handlers[WIRE_refused])
        link->hooks->handlers[WIRE_refused](link->owner, link, parcel);
}

static void connecting_message (struct link *link, struct parcel *parcel)
{
    struct wire_message *said = &parcel->said[0];
    switch (said->type) {
    case WIRE_welcome: on_welcome (link, &said->welcome); return;
    case WIRE_credit: on_credit (link, &said->credit); return;
    case WIRE_pong: return;
    case WIRE_refused: on_refused (link, parcel); return;
    default: break;
    }
    if (link->state == LINK_UP && link->hooks->handlers[said->type])
        link->hooks->handlers[said->type](link->owner, link, parcel);
    else
        metric_add (link_refused_total, 1);
}

static void send_own (void *owner)
{
    struct link *link = owner;
    send_bundle (link);
    if (link->lost)
        open_again (link);
}

/* Hello until welcome; then a ping after a beat of silence, and three beats end it. */
static void at_beat (void *owner)
{
    struct link *link = owner;
    int64_t now = reactor_now (link->reactor);
    if (link->state == LINK_OPENING) {
        say_hello (link);
        return;
    }
    if (now - link->heard > 3 * LINK_HEARTBEAT_MS) {
        open_again (link);
        return;
    }
    if (now - link->said >= LINK_HEARTBEAT_MS || now - link->heard >= LINK_HEARTBEAT_MS)
        say_control (link, WIRE_ping, &(struct msg_ping){0});
    reactor_timer_at (link->timer, now + LINK_HEARTBEAT_MS);
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* What ZeroMQ hands over at once: a message's frames, or one frame that is a bundle of messages. */
struct delivery {
    zmq_msg_t routing; /* of a ROUTER */
    zmq_msg_t frame[PARCEL_FRAMES];
    unsigned frames;
    bool routed, whole; /* whole: no frames beyond PARCEL_FRAMES were dropped */
};

static void delivery_done (struct delivery *delivery)
{
    if (delivery->routed)
        zmq_msg_close (&delivery->routing);
    for (unsigned i = 0; i < delivery->frames; i++)
        zmq_msg_close (&delivery->frame[i]);
}

static bool receive_frame (void *socket, zmq_msg_t *frame)
{
    zmq_msg_init (frame);
    if (zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0)
        return true;
    zmq_msg_close (frame);
    return false;
}

/* False when there is nothing. */
static bool receive (void *socket, bool routed, struct delivery *ret)
{
    bool more = true;
    ret->frames = 0;
    ret->whole = true;
    ret->routed = routed && receive_frame (socket, &ret->routing);
    if (routed && !ret->routed)
        return false;
    if (routed)
        more = zmq_msg_more (&ret->routing);
    while (more) {
        zmq_msg_t surplus, *frame = &surplus;
        bool kept = ret->frames < PARCEL_FRAMES;
        if (kept)
            frame = &ret->frame[ret->frames];
        if (!receive_frame (socket, frame))
            return ret->frames > 0;
        more = zmq_msg_more (frame);
        ret->frames += kept;
        ret->whole = ret->whole && kept;
        if (!kept)
            zmq_msg_close (frame);
    }
    return true;
}

static struct view frame_bytes (struct delivery *delivery, unsigned at)
{
    return (struct view){zmq_msg_data (&delivery->frame[at]), zmq_msg_size (&delivery->frame[at])};
}

static int decode_first (struct parcel *parcel, struct wire_fault *fault)
{
    struct view bytes = parcel_bytes (parcel, 0);
    *fault = (struct wire_fault){.reject = REJECT_MALFORMED, .text = "no frame"};
    return bytes.at ? wire_decode (bytes.at, bytes.len, &parcel->said[0], fault) : FAIL_MALFORMED;
}

typedef void take_fn (struct link *link, struct parcel *parcel, const struct wire_fault *fault);

static void take_one (struct link *link, struct parcel *parcel, take_fn *take)
{
    struct wire_fault fault;
    bool good = decode_first (parcel, &fault) == 0;
    metric_add (link_received_total, 1);
    take (link, parcel, good ? NULL : &fault);
    parcel_done (parcel);
}

/* Calls `take` for each message, as long as the link is there; `fault` is NULL where it decodes.
 * Returns how many there were. */
static unsigned take_all (struct link *link, struct delivery *delivery, take_fn *take)
{
    struct parcel parcel;
    struct wire_fault fault = {.reject = REJECT_MALFORMED, .text = "too many frames"};
    parcel.frames = 0;
    parcel.own = (struct buffer){0};
    struct view rest = delivery->frames ? frame_bytes (delivery, 0) : (struct view){0};
    link->heard = reactor_now (link->reactor);
    if (!delivery->whole) {
        take (link, &parcel, &fault);
        return 1;
    }
    if (delivery->frames != 1 || !bundle_is (rest.at, rest.len)) {
        for (unsigned i = 0; i < delivery->frames; i++) {
            struct view bytes = frame_bytes (delivery, i);
            parcel_add_bytes (&parcel, bytes.at, bytes.len);
        }
        take_one (link, &parcel, take);
        return 1;
    }
    unsigned count = 0;
    rest = (struct view){rest.at + 1, rest.len - 1};
    for (; link->state != LINK_GONE && bundle_next (&rest, &parcel, &fault); count++)
        take_one (link, &parcel, take);
    if (count == 0 && !fault.reject)
        fault = (struct wire_fault){.reject = REJECT_MALFORMED, .text = "an empty bundle"};
    if (link->state != LINK_GONE && fault.reject)
        take (link, &parcel, &fault);
    parcel_done (&parcel);
    return count + 1;
}

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
        refuse (link, REFUSAL_PRINCIPAL, &fault);
        link_end (link);
        return 1;
    }
    link->principal = principal;
    unsigned count = take_all (link, delivery, listener_take);
    link->principal = NULL;
    return count;
}

static void on_listener_ready (void *owner)
{
    struct listener *listener = owner;
    struct delivery delivery;
    unsigned count = 0; /* a bundle may hold a hundred thousand */
    while (count < REACTOR_BUDGET && receive (listener->socket, true, &delivery)) {
        count += listener_deliver (listener, &delivery);
        delivery_done (&delivery);
    }
}

static void connection_take (struct link *link, struct parcel *parcel,
                             const struct wire_fault *fault)
{
    if (fault)
        refuse (link, REFUSAL_MALFORMED, fault);
    else
        connecting_message (link, parcel);
}

static void on_connection_ready (void *owner)
{
    struct link *link = owner;
    struct delivery delivery;
    unsigned count = 0;
    while (count < REACTOR_BUDGET && link->state != LINK_GONE) {
        if (!receive (link->socket, false, &delivery))
            return;
        count += take_all (link, &delivery, connection_take);
        delivery_done (&delivery);
    }
}

/* ---- making and ending --------------------------------------------------------------------- */

/* A door's marks, by the credit of one peer: more than that only one who cheats has under way. */
static void limit_strangers (void *socket, unsigned credit)
{
    int unread = (int) (UNREAD_LEAST + credit * UNREAD_ANSWERS), unheard = (int) credit + 64;
    zmq_setsockopt (socket, ZMQ_SNDHWM, &unread, sizeof unread);
    zmq_setsockopt (socket, ZMQ_RCVHWM, &unheard, sizeof unheard);
}

static void *new_socket (int type, bool tcp)
{
    void *socket = zmq_socket (daemon_context (), type);
    check (socket);
    int linger = 1000, handshake = 2000, unlimited = 0, on = 1, beat = 2000, beat_timeout = 6000,
        again = 100, again_most = 1000;
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

static bool is_tcp (const char *endpoint)
{
    return strncmp (endpoint, "tcp://", 6) == 0;
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
    check (is_tcp (endpoint) == (door != NULL)); /* a tcp door without keys lets anybody in */
    struct listener *listener = xcalloc (1, sizeof *listener);
    *listener = (struct listener){.reactor = reactor,
                                  .hooks = hooks,
                                  .owner = owner,
                                  .door = door,
                                  .window = {0, acts, rest}};
    listener->socket = new_socket (ZMQ_ROUTER, is_tcp (endpoint));
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

static void open_socket (struct link *link)
{
    link->socket = new_socket (ZMQ_DEALER, is_tcp (link->endpoint));
    if (link->keys) {
        zmq_setsockopt (link->socket, ZMQ_CURVE_SERVERKEY, link->keys->server_key, 41);
        zmq_setsockopt (link->socket, ZMQ_CURVE_PUBLICKEY, link->keys->public_key, 41);
        zmq_setsockopt (link->socket, ZMQ_CURVE_SECRETKEY, link->keys->secret_key, 41);
    }
    check (zmq_connect (link->socket, link->endpoint) == 0);
    link->source = reactor_socket (link->reactor, link->socket, on_connection_ready, link);
}

static void close_socket (void *socket)
{
    zmq_close (socket);
}

/* ZeroMQ never tries again once a door has refused the key; the key may be let in later. */
static void reopen_socket (struct link *link)
{
    int linger = 0;
    zmq_setsockopt (link->socket, ZMQ_LINGER, &linger, sizeof linger);
    reactor_forget (&link->source);
    reactor_retire (link->reactor, link->socket, close_socket);
    open_socket (link);
}

struct link *link_connect (struct reactor *reactor, const char *endpoint,
                           const struct link_keys *keys, const char *name,
                           const struct link_hooks *hooks, void *owner)
{
    check (is_tcp (endpoint) == (keys != NULL));
    struct link *link = xcalloc (1, sizeof *link);
    *link = (struct link){.reactor = reactor,
                          .hooks = hooks,
                          .owner = owner,
                          .number = next_number++,
                          .hello_wait = HELLO_FIRST_MS};
    snprintf (link->own_name, sizeof link->own_name, "%s", name);
    snprintf (link->name, sizeof link->name, "%.64s", endpoint);
    link->endpoint = xstrdup (endpoint);
    if (keys) {
        link->keys = xcalloc (1, sizeof *link->keys);
        *link->keys = *keys;
    }
    open_socket (link);
    link->timer = reactor_timer (reactor, mono_ms () + 1, at_beat, link);
    reactor_at_end (reactor, REACTOR_SEND, send_own, link);
    return link;
}

void link_destroy (struct link **held)
{
    struct link *link = *held;
    if (!link)
        return;
    check (!link->listener);
    if (link->state == LINK_UP)
        say_control (link, WIRE_bye, &(struct msg_bye){0});
    send_bundle (link);
    link_down (link);
    link->state = LINK_GONE;
    reactor_forget (&link->source);
    reactor_end_forget (link->reactor, send_own, link);
    reactor_timer_forget (&link->timer);
    zmq_close (link->socket);
    link->socket = NULL;
    reactor_retire (link->reactor, link, free_link);
    *held = NULL;
}

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
