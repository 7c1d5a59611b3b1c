/* connection.c - the connecting side: a DEALER socket that says HELLO until it is welcome, and for ever
 * again when the peer falls silent. */
#include "base/log.h"
#include "base/metric.h"
#include "daemon/daemon.h"
#include "daemon/delivery.h"
#include "daemon/link_inside.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define HELLO_FIRST_MS 250
#define HELLO_LAST_MS  5000

static void reopen_socket (struct link *link);

/* ---- endpoints ---------------------------------------------------------------------------------- */

static bool all_of (struct view text, const char *signs)
{
    for (size_t i = 0; i < text.len; i++)
        if (!text.at[i] || !strchr (signs, text.at[i]))
            return false;
    return text.len > 0;
}

/* Numbers alone are an IPv4 address and must be one. */
static bool is_host (struct view host)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    char text[256];
    uint8_t address[16];
    if (host.len == 0 || host.len >= sizeof text)
        return false;
    snprintf (text, sizeof text, "%.*s", (int) host.len, host.at);
    if (text[0] == '[' && text[host.len - 1] == ']') {
        text[strcspn (text, "%]")] = 0; /* without the zone */
        return inet_pton (AF_INET6, text + 1, address) == 1;
    }
    if (all_of (host, "0123456789."))
        return inet_pton (AF_INET, text, address) == 1;
    return all_of (host, signs);
}

static bool is_port (struct view port)
{
    return all_of (port, "0123456789") && port.len <= 5 && atoi (port.at) >= 1 &&
           atoi (port.at) <= UINT16_MAX;
}

bool link_endpoint_right (const char *endpoint)
{
    static const char ipc[] = "ipc://";
    if (strncmp (endpoint, ipc, strlen (ipc)) == 0) {
        const char *path = endpoint + strlen (ipc);
        return *path && strcmp (path, "@") != 0 &&
               strlen (path) < sizeof ((struct sockaddr_un *) 0)->sun_path;
    }
    const char *colon = strrchr (endpoint, ':');
    if (!link_over_tcp (endpoint) || colon < endpoint + strlen ("tcp://"))
        return false;
    const char *host = endpoint + strlen ("tcp://");
    return is_host ((struct view){host, (size_t) (colon - host)}) && is_port (view_of (colon + 1));
}

/* ---- the conversation --------------------------------------------------------------------------- */

static void say_hello (struct link *link)
{
    if (link->keys && link->hello_wait == HELLO_LAST_MS)
        reopen_socket (link);
    struct msg_hello hello = {.protocol = WIRE_PROTOCOL,
                              .name = view_of (link->own_name),
                              .instance = *link_own_instance (),
                              .bundles = FLAG_YES};
    link_say_control (link, WIRE_hello, &hello);
    int64_t jitter = (int64_t) (link->number * 2654435761u % 100);
    reactor_timer_at (link->timer, reactor_now (link->reactor) + link->hello_wait + jitter);
    link->hello_wait = link->hello_wait * 2 < HELLO_LAST_MS ? link->hello_wait * 2 : HELLO_LAST_MS;
}

static void open_again (struct link *link)
{
    link_goes_down (link);
    link->state = LINK_OPENING;
    link->hello_wait = HELLO_FIRST_MS;
    say_hello (link);
}

static void on_welcome (struct link *link, const struct msg_welcome *welcome)
{
    if (link->state == LINK_UP && id_equal (&link->instance, &welcome->instance))
        return; /* the answer to a repeated hello */
    link_goes_down (link);
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

static void on_refused (struct link *link, struct parcel *parcel)
{
    const struct msg_refused *refused = &parcel->said[0].refused;
    metric_add (link_turned_down_total, 1);
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
    zmq_close (link->socket);
    link->socket = NULL;
    reactor_retire (link->reactor, link, link_free);
    *held = NULL;
}
