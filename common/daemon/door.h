/* door.h - who may come in by tcp://: CURVE with our own ZAP handler over the principal table.
 *
 * ZeroMQ's CURVE without a handler lets anybody in, and CZMQ's "any" gives an empty User-Id
 * (RELIABILITY 5.1).  So: one handler a process, bound before any door; it answers 200 with the
 * client's key (Z85) as User-Id when the table has the key, else 400; the domain is enforced
 * (ZMQ_ZAP_ENFORCE_DOMAIN, read back).  Each message's User-Id is looked up again.
 */
#ifndef ADUAN_DOOR_H
#define ADUAN_DOOR_H

#include <zmq.h>
#include "base/base.h"
#include "daemon/link.h"
#include "daemon/reactor.h"

enum role { ROLE_ADAPTER = 1, ROLE_WORKER, ROLE_FRONT, ROLE_LAST };

/* One key and what it may do.  From the snapshot; a new snapshot replaces the whole table. */
struct principal {
    uint32_t number; /* principal_id in PostgreSQL */
    char key[41];    /* Z85 public key */
    enum role role;
    char name[65];      /* adapter_id: part of complaint_id, never changes */
    bool emergency;     /* adapter: may say PRIORITY_EMERGENCY */
    bool bulk;          /* adapter: an import, shed first */
    uint32_t *agencies; /* worker: numbers of the agencies it may pull for, sorted; owned */
    uint32_t agency_count;
};

struct principals;
/* Reads the lines of a SNAPSHOT_PRINCIPALS (format: docs/snapshots.md).  0 and *ret, always: a line
 * that cannot be read is logged and left out, so that its key enters nowhere. */
int principals_parse (const char *at, size_t len, struct principals **ret);
void principals_destroy (struct principals **principals);
const struct principal *principals_find (const struct principals *principals, const char *key);
/* The adapter of that name, for which a front may speak; NULL: there is none in force. */
const struct principal *principals_adapter (const struct principals *principals, struct view name);
bool principal_works_for (const struct principal *principal, uint64_t agency);

/* One door: the keys of this program's tcp:// listener and the table that decides who enters. */
struct door;
/* `key_file` holds "public secret" in Z85 (mode 0600); `role` is the one role that enters here
 * (ROLE_FRONT may enter every door).  Needs reactor; binds inproc://zeromq.zap.01 with the first
 * door of the process.  FAIL_ABSENT, FAIL_MALFORMED with a log line. */
int door_open (struct reactor *reactor, const char *key_file, enum role role, struct door **ret);
/* The table in force; takes it.  Until the first call nobody enters. */
void door_set_principals (struct door *door, struct principals **principals);
const struct principals *door_principals (const struct door *door);
/* Prepares a ROUTER socket: CURVE server, keys, domain, enforcement, read back.  0 or FAIL_IO. */
int door_guard (struct door *door, void *zmq_socket);
/* Counts the handshakes with the guarded socket that break before a key is known.  0 or FAIL_IO.
 * Ends with door_unwatch, before the socket is closed; harmless twice. */
int door_watch (struct door *door, void *zmq_socket);
void door_unwatch (struct door *door);
/* The principal of a received frame, by its User-Id; NULL, counted, where there is none. */
const struct principal *door_principal (struct door *door, zmq_msg_t *frame);
/* The start-up self-test: a random key and no key at all must both be kept out of `endpoint`, and
 * within 3 s.  0, or FAIL_REFUSED when somebody got in: the program must exit. */
int door_selftest (struct door *door, const char *endpoint);
void door_destroy (struct door **door);

/* Reads a key file "public secret" (Z85, white space between).  0, FAIL_ABSENT, FAIL_MALFORMED. */
int keys_read (const char *path, struct link_keys *ret_keys);
/* Writes a new pair to a file that is not there yet, mode 0600.  0; FAIL_BUSY where there is one
 * (a key in use is never overwritten); FAIL_IO with errno set. */
int keys_make (const char *path, char ret_public[41]);

#endif
