/* snapshot.h - numbered copies of what the store publishes: principals, registry.
 *
 * The store is the author; every other program is a holder: it asks on a link (want), collects the
 * pieces, takes the whole only when its digest fits, keeps it in a file and starts from that file,
 * also with PostgreSQL down.  A holder passes it on to those who connect to it.
 */
#ifndef ADUAN_SNAPSHOT_H
#define ADUAN_SNAPSHOT_H

#include "base/base.h"
#include "daemon/link.h"

struct snapshots;

/* A whole snapshot came, newer than the one before: `at` lives until the next one of its kind is in force.
 * Returns 0, or a FAIL_ where it cannot be used: then the former one stays in force; or SNAPSHOT_LATER:
 * snapshots_settle says it, and until then no other one of its kind is handed over. */
#define SNAPSHOT_LATER 1
typedef int snapshot_use_fn (void *owner, enum snapshot kind, uint64_t version, const char *at,
                             size_t len);

/* `folder` keeps one file a kind, "<word>.snapshot": header line "aduan-snapshot <version>
 * <digest hex>", then the bytes.  Files that are there and whole are used at once (use is called
 * before this returns).  */
struct snapshots *snapshots_new (const char *folder, snapshot_use_fn *use, void *owner);
void snapshots_destroy (struct snapshots **snapshots);
/* How the one that was answered SNAPSHOT_LATER ended: 0 or a FAIL_. */
void snapshots_settle (struct snapshots *snapshots, enum snapshot kind, int result);
/* The bytes in force; empty: none. */
struct view snapshots_bytes (const struct snapshots *snapshots, enum snapshot kind);
/* The version in force; 0: none. */
uint64_t snapshots_version (const struct snapshots *snapshots, enum snapshot kind);

/* Holder, connecting side: call from hooks->up; asks for `kind` and every later one. */
void snapshots_want (struct snapshots *snapshots, struct link *link, enum snapshot kind);
/* Holder, connecting side: the handler's work for WIRE_snapshot. */
void snapshots_piece (struct snapshots *snapshots, struct link *from,
                      const struct msg_snapshot *piece);

/* Giving side: the handler's work for WIRE_want; sends now if ours is newer, and again whenever a
 * new one comes to be in force. */
void snapshots_wanted (struct snapshots *snapshots, struct link *from, const struct msg_want *want);
/* Giving side: call from hooks->down. */
void snapshots_gone (struct snapshots *snapshots, struct link *link);
/* The author: this is in force now; copied, kept in the file, pushed to all who want it. */
int snapshots_publish (struct snapshots *snapshots, enum snapshot kind, uint64_t version,
                       const char *at, size_t len);

#endif
