/* connection.c - the connecting side: a DEALER socket that says HELLO until it is welcome, and for ever
 * again when the peer falls silent. */
#include "base/log.h"
#include "base/metric.h"
#include "daemon/daemon.h"
#include "daemon/delivery.h"
#include "daemon/link_inside.h"

#include <stdlib.h>
#include <string.h>

#define HELLO_FIRST_MS 250
#define HELLO_LAST_MS  5000
#define HANG_UPS       5 /* within HANG_UPS_MS: nobody's restart looks so */
#define HANG_UPS_MS    2000

static void reopen_socket (struct link *link);

static int64_t hello_jitter (const struct link *link)
{
    return (int64_t) (link->number * 2654435761u % 100);
}

/* ---- a door that does not let us in -------------------------------------------------------------- */

/* ZeroMQ does not try again on this socket: the next hello goes by a new one. */
static void give_up_socket (struct link *link)
{
    link->hello_wait = HELLO_LAST_MS;
    reactor_timer_at (link->timer,
                      reactor_now (link->reactor) + HELLO_LAST_MS + hello_jitter (link));
}

static void barred (struct link *link, enum link_bar bar)
{
    bool news = link->bar != bar;
    link->bar = bar;
    link->barred_at = reactor_now (link->reactor);
    if (news && bar == LINK_BAR_KEY)
        log_error (
            "%s: the key of \"%s\" (public half %s) is not let in: not registered, revoked, or "
            "of another role; it needs its line in principals.tsv",
            link->name, link->own_name, link->keys->public_key);
    else if (news)
        log_error ("%s: hangs up on the handshake: %s is not its public key, or it is no door of "
                   "Aduan's",
                   link->name, link->keys->server_key);
    if (link->hooks->barred)
        link->hooks->barred (link->owner, link, bar);
}

static void let_in (struct link *link)
{
    if (link->bar != LINK_BAR_NONE)
        log_warning ("%s: lets \"%s\" in again", link->name, link->own_name);
    link->bar = LINK_BAR_NONE;
    link->hang_ups = 0;
}

enum link_bar link_barred (const struct link *link)
{
    bool lately = reactor_now (link->reactor) - link->barred_at < 2 * HELLO_LAST_MS;
    return lately ? link->bar : LINK_BAR_NONE;
}

/* A door that has no table yet hangs up, too, but only when the handshake has lasted too long. */
static bool hangs_up (struct link *link)
{
    int64_t now = reactor_now (link->reactor);
    if (now - link->hung_up_at > HANG_UPS_MS) {
        link->hung_up_at = now;
        link->hang_ups = 0;
    }
    return ++link->hang_ups >= HANG_UPS;
}

/* A monitor's first frame: the event and its value. */
static enum link_bar bar_of (struct link *link, zmq_msg_t *frame)
{
    uint16_t event;
    uint32_t value;
    const char *at = zmq_msg_data (frame);
    if (zmq_msg_size (frame) < sizeof event + sizeof value)
        return LINK_BAR_NONE;
    memcpy (&event, at, sizeof event);
    memcpy (&value, at + sizeof event, sizeof value);
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        give_up_socket (link);
        return value == 400 ? LINK_BAR_KEY : LINK_BAR_NONE;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: give_up_socket (link); return LINK_BAR_HANDSHAKE;
    default: return hangs_up (link) ? LINK_BAR_HANDSHAKE : LINK_BAR_NONE;
    }
}

static void on_watch_ready (void *owner)
{
    struct link *link = owner;
    enum link_bar bar = LINK_BAR_NONE;
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    for (int i = 0; i < REACTOR_BUDGET && zmq_msg_recv (&frame, link->watch, ZMQ_DONTWAIT) >= 0;
         i++) {
        enum link_bar found = zmq_msg_more (&frame) ? bar_of (link, &frame) : LINK_BAR_NONE;
        bar = found ? found : bar;
    }
    zmq_msg_close (&frame);
    if (bar != LINK_BAR_NONE)
        barred (link, bar); /* last: its owner may end the link */
}

/* Only until the link is up: so it costs two sockets while there is nothing else to do. */
static void watch (struct link *link)
{
    static unsigned number;
    char address[48];
    int linger = 0, unlimited = 0; /* ZeroMQ's own thread would wait at a mark */
    if (!link->keys || link->watch)
        return;
    snprintf (address, sizeof address, "inproc://connection-%u.watch", ++number);
    if (zmq_socket_monitor (link->socket, address,
                            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) != 0)
        return; /* out of sockets: then it is silence, as from nobody */
    link->watch = zmq_socket (daemon_context (), ZMQ_PAIR);
    if (!link->watch) {
        zmq_socket_monitor (link->socket, NULL, 0);
        return;
    }
    zmq_setsockopt (link->watch, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt (link->watch, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    check (zmq_connect (link->watch, address) == 0);
    link->watch_source = reactor_socket (link->reactor, link->watch, on_watch_ready, link);
}

/* Before the socket itself is closed. */
static void unwatch (struct link *link)
{
    if (!link->watch)
        return;
    zmq_socket_monitor (link->socket, NULL, 0);
    reactor_forget (&link->watch_source);
    zmq_close (link->watch);
    link->watch = NULL;
}

/* ---- the conversation --------------------------------------------------------------------------- */

static void say_hello (struct link *link)
{
    if (link->keys && link->hello_wait == HELLO_LAST_MS) {
        reopen_socket (link);
        link->hello_wait = HELLO_FIRST_MS; /* this hello finds nobody yet, the next one goes */
    }
    struct msg_hello hello = {.protocol = WIRE_PROTOCOL,
                              .name = view_of (link->own_name),
                              .instance = *link_own_instance (),
                              .bundles = FLAG_YES};
    link->nobody = link_say_control (link, WIRE_hello, &hello) != 0;
    reactor_want (link->source, REACTOR_READ | (link->nobody ? REACTOR_WRITE : 0));
    reactor_timer_at (link->timer,
                      reactor_now (link->reactor) + link->hello_wait + hello_jitter (link));
    link->hello_wait = link->hello_wait * 2 < HELLO_LAST_MS ? link->hello_wait * 2 : HELLO_LAST_MS;
}

/* A far side is there, for the first time or again: whoever waits for it, a person at a page too, does
 * not wait for the next try as well. */
static void somebody_came (struct link *link)
{
    link->hello_wait = HELLO_FIRST_MS;
    say_hello (link);
}

static void open_again (struct link *link)
{
    link_goes_down (link);
    link->state = LINK_OPENING;
    watch (link);
    link->hello_wait = HELLO_FIRST_MS;
    say_hello (link);
}

static void on_welcome (struct link *link, const struct msg_welcome *welcome)
{
    if (link->state == LINK_UP && id_equal (&link->instance, &welcome->instance))
        return; /* the answer to a repeated hello */
    link_goes_down (link);
    unwatch (link);
    let_in (link);
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
    link_goes_up (link);
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

/* The key was revoked since the handshake. */
static void on_unknown (struct link *link)
{
    link_goes_down (link);
    give_up_socket (link);
    barred (link, LINK_BAR_KEY);
}

static void on_refused (struct link *link, struct parcel *parcel)
{
    const struct msg_refused *refused = &parcel->said[0].refused;
    metric_add (link_turned_down_total, 1);
    log_limited (LOG_WARNING, "%s refused %s: %s %s", link->name,
                 wire_name ((enum wire_type) refused->number), refusal_word (refused->refusal),
                 log_text (refused->field.at, refused->field.len));
    if (refused->refusal == REFUSAL_PRINCIPAL && link->keys)
        on_unknown (link);
    else if (refused->refusal == REFUSAL_HELLO && link->state == LINK_UP)
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
    link_send_bundle (link);
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
        link_say_control (link, WIRE_ping, &(struct msg_ping){0});
    reactor_timer_at (link->timer, now + LINK_HEARTBEAT_MS);
}

/* ---- receiving ---------------------------------------------------------------------------------- */

static void connection_take (struct link *link, struct parcel *parcel,
                             const struct wire_fault *fault)
{
    if (fault)
        link_refuse_as (link, REFUSAL_MALFORMED, fault);
    else
        connecting_message (link, parcel);
}

static void on_connection_ready (void *owner)
{
    struct link *link = owner;
    struct delivery delivery;
    unsigned count = 0;
    if (link->nobody && link->state == LINK_OPENING)
        somebody_came (link);
    while (count < REACTOR_BUDGET && link->state != LINK_GONE) {
        if (!delivery_receive (link->socket, false, &delivery))
            return;
        count += delivery_take (link, &delivery, connection_take);
        delivery_done (&delivery);
    }
}

/* ---- making and ending -------------------------------------------------------------------------- */

static void open_socket (struct link *link)
{
    link->socket = link_socket (ZMQ_DEALER, link_over_tcp (link->endpoint));
    if (link->keys) {
        zmq_setsockopt (link->socket, ZMQ_CURVE_SERVERKEY, link->keys->server_key, 41);
        zmq_setsockopt (link->socket, ZMQ_CURVE_PUBLICKEY, link->keys->public_key, 41);
        zmq_setsockopt (link->socket, ZMQ_CURVE_SECRETKEY, link->keys->secret_key, 41);
    }
    watch (link);
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
    unwatch (link);
    zmq_setsockopt (link->socket, ZMQ_LINGER, &linger, sizeof linger);
    reactor_forget (&link->source);
    reactor_retire (link->reactor, link->socket, close_socket);
    open_socket (link);
}

struct link *link_connect (struct reactor *reactor, const char *endpoint,
                           const struct link_keys *keys, const char *name,
                           const struct link_hooks *hooks, void *owner)
{
    check (link_over_tcp (endpoint) == (keys != NULL));
    struct link *link = xcalloc (1, sizeof *link);
    *link = (struct link){.reactor = reactor,
                          .hooks = hooks,
                          .owner = owner,
                          .number = link_new_number (),
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
        link_say_control (link, WIRE_bye, &(struct msg_bye){0});
    link_send_bundle (link);
    link_goes_down (link);
    link->state = LINK_GONE;
    reactor_forget (&link->source);
    reactor_end_forget (link->reactor, send_own, link);
    reactor_timer_forget (&link->timer);
    unwatch (link);
    zmq_close (link->socket);
    link->socket = NULL;
    reactor_retire (link->reactor, link, link_free);
    *held = NULL;
}
