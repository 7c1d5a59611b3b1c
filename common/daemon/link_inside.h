/* link_inside.h - a link's inside, for link.c, listener.c, connection.c and delivery.c only.
 *
 * Between daemons high-water marks are off: credit is the limit.  A door on tcp:// has both, because
 * strangers' programs need not keep to anything: reading stops at the mark (nothing is lost, TCP
 * holds it back), and a peer that does not read its answers is lost at its mark; it repeats.
 */
#ifndef ADUAN_LINK_INSIDE_H
#define ADUAN_LINK_INSIDE_H

#include "daemon/door.h"
#include "daemon/link.h"

#include <uthash.h>

#define ROUTING_LEN 5 /* of the ids that ZeroMQ makes: a zero and 32 bits */

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
    size_t bundle_before; /* bytes of the last one that was given away */

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
    bool nobody; /* there was nobody to say hello to: it is said as soon as there is */
    void *watch; /* while it opens over tcp://: tells of handshakes that fail */
    struct source *watch_source;
    enum link_bar bar;
    int64_t barred_at;
    unsigned hang_ups; /* since hung_up_at */
    int64_t hung_up_at;
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

/* This process's, drawn at its start. */
const struct id *link_own_instance (void);
uint64_t link_new_number (void);

/* A message of class CONTROL, whatever the state.  0 or FAIL_GONE: there is nobody. */
int link_say_control (struct link *link, enum wire_type type, const void *msg);
/* What was gathered leaves.  Where it cannot, the link is `lost`: its owner repeats from what is
 * durable, as after any loss. */
void link_send_bundle (struct link *link);
/* A listener's link has something to do before the reactor waits: a bundle, or its end. */
void link_note_unsent (struct link *link);

void link_goes_up (struct link *link);
void link_goes_down (struct link *link);
/* Counts it, logs it, and where we listen says it. */
void link_refuse_as (struct link *link, enum refusal refusal, const struct wire_fault *fault);
void link_free (void *link);

bool link_over_tcp (const char *endpoint);
/* A socket with everything set that both sides have in common. */
void *link_socket (int type, bool tcp);

#endif
