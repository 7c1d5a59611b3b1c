/* link.h - the one conversation that all programs share.
 *
 * A listener (ZeroMQ ROUTER) has one link for each peer that said HELLO; a connection (DEALER) is
 * one link.  The connecting side asks, the listening side grants credit: every message of class
 * ACTS or REST that goes up costs one of its class, answers and CONTROL cost nothing.  When full,
 * stop granting; nothing is ever dropped here.
 *
 *   state      event               next
 *   OPENING    welcome came        UP       hooks->up
 *   OPENING    0.25 s and longer   OPENING  hello again, growing delay with jitter, at most 5 s
 *   OPENING    a far side is there OPENING  hello at once, where none could be said before
 *   UP         silence 1 beat      UP       the connecting side pings
 *   UP         silence 3 beats     OPENING / gone (listener)   hooks->down
 *   UP         hello or welcome with another instance          hooks->down, then hooks->up
 *   UP         refused(hello)      OPENING                     hooks->down
 *   UP         bye                 gone (listener)             hooks->down
 *
 * After `down` whatever was sent and not answered is unknown: its owner repeats it from what is
 * durable; a listener's link has another number then.  A heartbeat is 2 s.  A wrong protocol version
 * or an undecodable frame is refused by name and counted, and changes nothing.
 *
 * tcp:// endpoints carry CURVE, and each message its principal (door.h), looked up again for each
 * message.  ipc:// sockets have none: the role is the socket's, by directory rights.
 */
#ifndef ADUAN_LINK_H
#define ADUAN_LINK_H

#include "base/base.h"
#include "daemon/parcel.h"
#include "daemon/reactor.h"
#include "wire/wire.h"

#define LINK_HEARTBEAT_MS 2000

struct link;
struct listener;
struct principal; /* door.h */
struct door;      /* door.h */

/* Why a connection over tcp:// is not let in.  Nobody listening is none of them. */
enum link_bar {
    LINK_BAR_NONE,
    LINK_BAR_KEY, /* the door knows the key not, or not any more, or in another role */
    /* The far side hangs up on our handshake again and again: the pinned key is not its own, or it
     * is no door of ours.  Or something before it, that takes connections for a door that is down:
     * nothing follows from it for what is to be said. */
    LINK_BAR_HANDSHAKE
};

/* What a program does with one message number.  `owner` is the one given at listen or connect.
 * The parcel's bytes are gone when it returns; parcel_move keeps a copy. */
typedef void link_message_fn (void *owner, struct link *from, struct parcel *parcel);

struct link_hooks {
    /* index: enum wire_type; NULL: refused as unknown and counted */
    link_message_fn *const *handlers; /* [WIRE_LAST] */
    void (*up) (void *owner, struct link *link);
    /* The link is about to go (listener) or to be opened again (connection). */
    void (*down) (void *owner, struct link *link);
    /* Credit was granted, the peer can take more.  NULL: nobody cares. */
    void (*credit) (void *owner, struct link *link);
    /* A frame of class ACTS or REST did not decode: answers in place of `refused`.  NULL: refused. */
    void (*undecodable) (void *owner, struct link *link, const struct wire_fault *fault);
    /* A connection over tcp:// was turned away before it could say anything, and goes on trying.
     * Called for each try.  NULL: nobody cares. */
    void (*barred) (void *owner, struct link *link, enum link_bar bar);
    /* Fills welcome's key fields; NULL: none. */
    void (*welcome) (void *owner, struct link *link, struct msg_welcome *welcome);
};

/* Listens.  `door` is NULL for ipc://, whose socket file gets mode 0660.  `acts` and `rest` are the
 * credit of one link: messages that it may have sent before the first is paid back (link_credit).
 * An endpoint tcp://127.0.0.1:0 takes a free port; listener_endpoint tells which.
 * FAIL_IO with errno set where the endpoint cannot be bound. */
int link_listen (struct reactor *reactor, const char *endpoint, struct door *door,
                 const struct link_hooks *hooks, void *owner, unsigned acts, unsigned rest,
                 struct listener **ret_listener);
const char *listener_endpoint (const struct listener *listener);
/* Calls `each` for every link that is up. */
void listener_each (struct listener *listener, void (*each) (struct link *link, void *with),
                    void *with);
size_t listener_count (const struct listener *listener);
void listener_destroy (struct listener **listener);

/* Keys of one side: 40 characters of Z85 and a NUL each (RFC 32).  Ends with key_wipe. */
struct link_keys {
    char public_key[41], secret_key[41];
    char server_key[41]; /* connecting side: the pinned key of the listener */
};

/* Can something be connected to it: tcp://HOST:PORT (a name, an IPv4 address, or an IPv6 address in
 * brackets; ports 1 to 65535) or ipc://PATH (as long as a socket's path may be)?  ZeroMQ's own answer
 * to another one would end the process. */
bool link_endpoint_right (const char *endpoint);
#define LINK_ENDPOINT_FORM "tcp://HOST:PORT or ipc://PATH (at most 107 bytes)"

/* Connects, and goes on trying for ever.  `keys` is NULL for ipc://.  The endpoint is a right one. */
struct link *link_connect (struct reactor *reactor, const char *endpoint,
                           const struct link_keys *keys, const char *name,
                           const struct link_hooks *hooks, void *owner);
void link_destroy (struct link **link); /* a connection's; says bye */

/* Sends; takes the parcel's frames (the parcel is empty afterwards) on success.
 * 0; FAIL_CREDIT: none left of that class, the caller keeps the parcel until hooks->credit;
 * FAIL_GONE: the link is not up, or the peer's queue is gone; the parcel is the caller's. */
int link_send (struct link *link, struct parcel *parcel);
/* The same for a message of one frame. */
int link_say (struct link *link, enum wire_type type, const void *msg);
/* How many messages of a class may be sent now; 0 while not up; SIZE_MAX on the listening side. */
size_t link_can_send (const struct link *link, enum wire_class class);
/* The listening side has finished with `n` messages of a class: they may be sent again.  The new
 * credit leaves at the turn's end. */
void link_credit (struct link *link, enum wire_class class, unsigned n);
/* The listening side, handling a message: it cannot be taken, because of a later frame of it.  Says
 * refused(malformed) with what `fault` names, counts it; the credit is the caller's to pay back. */
void link_refuse (struct link *link, const struct wire_fault *fault);

/* The listening side: is the peer's queue there still?  Its credit is said once more, which only succeeds
 * where it is; one that died is else noticed by its silence alone. */
bool link_reaches (struct link *link);

bool link_is_up (const struct link *link);
/* What the last tries of a connection met with. */
enum link_bar link_barred (const struct link *link);
const char *link_name (const struct link *link); /* the peer's, neutered, for logs */
/* Of one conversation, from hello to down; never used again within the process. */
uint64_t link_number (const struct link *link);
struct link *listener_find (struct listener *listener, uint64_t number); /* NULL: gone */
/* The principal of the message that is being handled; NULL on ipc://.  Never kept: looked up anew
 * for each message, because removing a key does not cut a live session. */
const struct principal *link_principal (const struct link *link);
/* A place for the owner's own state of this peer; NULL at first. */
void link_set_data (struct link *link, void *data);
void *link_data (const struct link *link);
/* What the listening side's welcome said; zeros before. */
const struct msg_welcome *link_welcome (const struct link *link);

#endif
