/* door.c - CURVE, the ZAP handler (RFC 27), and the start-up self-test.
 *
 * The handler is a ROUTER on inproc://zeromq.zap.01, served by the reactor like any other socket: a
 * handshake waits at most a turn.  Doors of one process are told apart by their ZAP domain.
 */
#include "daemon/door.h"
#include "base/log.h"
#include "base/metric.h"
#include "daemon/daemon.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include <zmq.h>

#define ZAP_ENFORCE_DOMAIN 93 /* draft in 4.3's header, present in the library */
#define SELFTEST_MS        3000

struct door {
    struct reactor *reactor;
    struct link_keys keys;
    enum role role;
    char domain[16];
    struct principals *principals;
    void *watched, *watch; /* the guarded socket, and what tells of its broken handshakes */
    struct source *watch_source;
    struct door *next;
};

static struct {
    void *socket;
    struct source *source;
    struct door *doors;
    unsigned opened;
} zap;

/* ---- keys ---------------------------------------------------------------------------------- */

static bool is_key (const char *text)
{
    uint8_t bytes[32];
    bool good = strlen (text) == 40 && zmq_z85_decode (bytes, text) != NULL;
    sodium_memzero (bytes, sizeof bytes);
    return good;
}

int keys_read (const char *path, struct link_keys *ret_keys)
{
    char *text = NULL;
    size_t len = 0;
    int result = file_read (path, 4096, &text, &len);
    if (result != 0) {
        log_error ("%s: cannot be read (%s): make it with `aduan keygen %s`", path,
                   result == FAIL_IO ? strerror (errno) : fail_text (result), path);
        return FAIL_ABSENT;
    }
    char *save = NULL;
    const char *public_key = strtok_r (text, " \t\r\n", &save),
               *secret_key = strtok_r (NULL, " \t\r\n", &save);
    if (public_key && secret_key && is_key (public_key) && is_key (secret_key)) {
        strcpy (ret_keys->public_key, public_key);
        strcpy (ret_keys->secret_key, secret_key);
    } else {
        log_error ("%s: not \"public secret\" in Z85, 40 characters each", path);
        result = FAIL_MALFORMED;
    }
    sodium_memzero (text, len);
    free (text);
    return result;
}

int keys_make (const char *path, char ret_public[41])
{
    char secret_key[41], text[96];
    if (access (path, F_OK) == 0)
        return FAIL_BUSY;
    check (zmq_curve_keypair (ret_public, secret_key) == 0);
    int len = snprintf (text, sizeof text, "%s %s\n", ret_public, secret_key);
    int result = file_write (path, text, (size_t) len, 0600);
    sodium_memzero (secret_key, sizeof secret_key);
    sodium_memzero (text, sizeof text);
    return result;
}

/* ---- the ZAP handler ----------------------------------------------------------------------- */

#define ZAP_FRAMES 16
enum zap_frame {
    ZAP_ROUTING,
    ZAP_DELIMITER,
    ZAP_VERSION,
    ZAP_REQUEST,
    ZAP_DOMAIN,
    ZAP_ADDRESS,
    ZAP_IDENTITY,
    ZAP_MECHANISM,
    ZAP_KEY
};

static bool frame_is (zmq_msg_t *frame, const char *text)
{
    return zmq_msg_size (frame) == strlen (text) &&
           memcmp (zmq_msg_data (frame), text, strlen (text)) == 0;
}

static bool may_enter (const struct door *door, const struct principal *principal)
{
    return principal && (principal->role == door->role || principal->role == ROLE_FRONT);
}

/* The Z85 key of a request that may come in, "" else. */
static void judge (zmq_msg_t *frames, unsigned count, char *ret_key)
{
    *ret_key = 0;
    if (count <= ZAP_KEY || !frame_is (&frames[ZAP_MECHANISM], "CURVE") ||
        zmq_msg_size (&frames[ZAP_KEY]) != 32)
        return;
    char key[41];
    zmq_z85_encode (key, zmq_msg_data (&frames[ZAP_KEY]), 32);
    struct door *door;
    LL_FOREACH (zap.doors, door)
        if (frame_is (&frames[ZAP_DOMAIN], door->domain) &&
            may_enter (door, principals_find (door->principals, key)))
            strcpy (ret_key, key);
}

static bool zap_knows_nobody (void)
{
    const struct door *door;
    LL_FOREACH (zap.doors, door)
        if (door->principals)
            return false;
    return true;
}

static void zap_answer (zmq_msg_t *frames, const char *key)
{
    bool in = *key != 0;
    if (in)
        metric_add (zap_accepted_total, 1);
    else
        metric_add (zap_refused_total, 1);
    /* 400 ends the client's session for good; before the first table came 300 says: try again */
    const char *status = in                    ? "200"
                         : zap_knows_nobody () ? "300"
                                               : "400",
               *text = in ? "OK" : "unknown key";
    zmq_msg_send (&frames[ZAP_ROUTING], zap.socket, ZMQ_SNDMORE);
    zmq_send (zap.socket, "", 0, ZMQ_SNDMORE);
    zmq_send (zap.socket, "1.0", 3, ZMQ_SNDMORE);
    zmq_msg_send (&frames[ZAP_REQUEST], zap.socket, ZMQ_SNDMORE);
    zmq_send (zap.socket, status, 3, ZMQ_SNDMORE);
    zmq_send (zap.socket, text, strlen (text), ZMQ_SNDMORE);
    zmq_send (zap.socket, key, strlen (key), ZMQ_SNDMORE);
    zmq_send (zap.socket, "", 0, 0);
}

static bool zap_receive (zmq_msg_t *frames, unsigned *ret_count)
{
    unsigned count = 0;
    int more = 1;
    while (more && count < ZAP_FRAMES) {
        zmq_msg_init (&frames[count]);
        if (zmq_msg_recv (&frames[count], zap.socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close (&frames[count]);
            break;
        }
        more = zmq_msg_more (&frames[count++]);
    }
    *ret_count = count;
    return count > 0;
}

static void on_zap_ready (void *owner)
{
    zmq_msg_t frames[ZAP_FRAMES];
    unsigned count;
    (void) owner;
    for (int i = 0; i < REACTOR_BUDGET && zap_receive (frames, &count); i++) {
        char key[41];
        judge (frames, count, key);
        if (count > ZAP_REQUEST)
            zap_answer (frames, key);
        for (unsigned f = 0; f < count; f++)
            zmq_msg_close (&frames[f]);
    }
}

static void zap_open (struct reactor *reactor)
{
    if (zap.socket)
        return;
    zap.socket = zmq_socket (daemon_context (), ZMQ_ROUTER);
    check (zap.socket && zmq_bind (zap.socket, "inproc://zeromq.zap.01") == 0);
    int linger = 0;
    zmq_setsockopt (zap.socket, ZMQ_LINGER, &linger, sizeof linger);
    zap.source = reactor_socket (reactor, zap.socket, on_zap_ready, NULL);
}

/* ---- the door ------------------------------------------------------------------------------ */

int door_open (struct reactor *reactor, const char *key_file, enum role role, struct door **ret)
{
    struct door *door = xcalloc (1, sizeof *door);
    *door = (struct door){.reactor = reactor, .role = role};
    int result = keys_read (key_file, &door->keys);
    if (result != 0) {
        free (door);
        return result;
    }
    snprintf (door->domain, sizeof door->domain, "door%u", ++zap.opened);
    zap_open (reactor);
    LL_PREPEND (zap.doors, door);
    *ret = door;
    return 0;
}

void door_set_principals (struct door *door, struct principals **principals)
{
    principals_destroy (&door->principals);
    door->principals = *principals;
    *principals = NULL;
}

const struct principals *door_principals (const struct door *door)
{
    return door->principals;
}

int door_guard (struct door *door, void *socket)
{
    int on = 1, enforced = 0;
    size_t len = sizeof enforced;
    if (zmq_setsockopt (socket, ZMQ_CURVE_SERVER, &on, sizeof on) != 0 ||
        zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, door->keys.secret_key, 41) != 0 ||
        zmq_setsockopt (socket, ZMQ_ZAP_DOMAIN, door->domain, strlen (door->domain)) != 0 ||
        zmq_setsockopt (socket, ZAP_ENFORCE_DOMAIN, &on, sizeof on) != 0 ||
        zmq_getsockopt (socket, ZAP_ENFORCE_DOMAIN, &enforced, &len) != 0 || enforced != 1)
        return FAIL_IO;
    return 0;
}

/* Who never gets as far as the ZAP handler (no key, another server's key, half a handshake, no ZMTP at
 * all) is at least counted. */
static void on_watch_ready (void *owner)
{
    const struct door *door = owner;
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    for (int i = 0; i < REACTOR_BUDGET && zmq_msg_recv (&frame, door->watch, ZMQ_DONTWAIT) >= 0;
         i++)
        if (zmq_msg_more (&frame)) /* the first of two: the event, the other is the address */
            metric_add (door_broken_handshakes_total, 1);
    zmq_msg_close (&frame);
}

int door_watch (struct door *door, void *socket)
{
    char address[48];
    int linger = 0, unlimited = 0; /* ZeroMQ's own thread would wait at a mark */
    snprintf (address, sizeof address, "inproc://%s.watch", door->domain);
    if (zmq_socket_monitor (socket, address,
                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) != 0)
        return FAIL_IO;
    door->watched = socket;
    door->watch = zmq_socket (daemon_context (), ZMQ_PAIR);
    check (door->watch);
    zmq_setsockopt (door->watch, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt (door->watch, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    check (zmq_connect (door->watch, address) == 0);
    door->watch_source = reactor_socket (door->reactor, door->watch, on_watch_ready, door);
    return 0;
}

void door_unwatch (struct door *door)
{
    if (!door->watch)
        return;
    zmq_socket_monitor (door->watched, NULL, 0);
    reactor_forget (&door->watch_source);
    zmq_close (door->watch);
    door->watch = door->watched = NULL;
}

const struct principal *door_principal (struct door *door, zmq_msg_t *frame)
{
    const char *key = zmq_msg_gets (frame, "User-Id");
    const struct principal *principal = NULL;
    if (key && *key)
        principal = principals_find (door->principals, key);
    return may_enter (door, principal) ? principal : NULL;
}

void door_destroy (struct door **held)
{
    struct door *door = *held;
    if (!door)
        return;
    LL_DELETE (zap.doors, door);
    if (!zap.doors) {
        reactor_forget (&zap.source);
        zmq_close (zap.socket);
        zap.socket = NULL;
    }
    principals_destroy (&door->principals);
    sodium_memzero (&door->keys, sizeof door->keys);
    free (door);
    *held = NULL;
}

/* ---- the self-test ------------------------------------------------------------------------- */

enum attempt { ATTEMPT_WAITS, ATTEMPT_KEPT_OUT, ATTEMPT_GOT_IN };

static void *attempt_socket (struct door *door, const char *endpoint, bool with_key,
                             const char *monitor)
{
    void *socket = zmq_socket (daemon_context (), ZMQ_DEALER);
    int linger = 0, again = -1, handshake = 1000;
    zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt (socket, ZMQ_RECONNECT_IVL, &again, sizeof again);
    zmq_setsockopt (socket, ZMQ_HANDSHAKE_IVL, &handshake, sizeof handshake);
    if (with_key) {
        char public_key[41], secret_key[41], server_key[41];
        check (zmq_curve_keypair (public_key, secret_key) == 0);
        check (zmq_curve_public (server_key, door->keys.secret_key) == 0);
        zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, server_key, 41);
        zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, public_key, 41);
        zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, secret_key, 41);
    }
    zmq_socket_monitor (socket, monitor,
                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                            ZMQ_EVENT_DISCONNECTED);
    zmq_connect (socket, endpoint);
    return socket;
}

static enum attempt attempt_state (void *monitor)
{
    enum attempt state = ATTEMPT_WAITS;
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    while (state != ATTEMPT_GOT_IN && zmq_msg_recv (&frame, monitor, ZMQ_DONTWAIT) >= 0) {
        if (!zmq_msg_more (&frame))
            continue;
        uint16_t event;
        memcpy (&event, zmq_msg_data (&frame), sizeof event);
        state = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? ATTEMPT_GOT_IN : ATTEMPT_KEPT_OUT;
    }
    zmq_msg_close (&frame);
    return state;
}

static enum attempt attempt (struct door *door, const char *endpoint, bool with_key)
{
    static unsigned number;
    char address[64];
    snprintf (address, sizeof address, "inproc://selftest-%u", ++number);
    void *socket = attempt_socket (door, endpoint, with_key, address);
    void *monitor = zmq_socket (daemon_context (), ZMQ_PAIR);
    zmq_connect (monitor, address);
    int64_t deadline = mono_ms () + SELFTEST_MS;
    enum attempt state = ATTEMPT_WAITS;
    while (state == ATTEMPT_WAITS && mono_ms () < deadline) {
        reactor_turn (door->reactor, 5);
        state = attempt_state (monitor);
    }
    int linger = 0;
    zmq_setsockopt (monitor, ZMQ_LINGER, &linger, sizeof linger);
    zmq_socket_monitor (socket, NULL, 0);
    zmq_close (monitor);
    zmq_close (socket);
    return state;
}

int door_selftest (struct door *door, const char *endpoint)
{
    for (int with_key = 0; with_key < 2; with_key++) {
        enum attempt state = attempt (door, endpoint, with_key);
        if (state == ATTEMPT_KEPT_OUT)
            continue;
        log_error ("%s: the self-test %s with %s: this door does not keep strangers out", endpoint,
                   state == ATTEMPT_GOT_IN ? "got in" : "heard nothing",
                   with_key ? "a random key" : "no key");
        return FAIL_REFUSED;
    }
    return 0;
}
