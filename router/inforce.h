/* inforce.h - what decisions are made by: the newest registry, rules and model that could be used.
 *
 * A thread reads a new version, which takes up to a second; the reactor takes it over between two
 * decisions.  What cannot be used is said with its place, and the former one stays in force.
 *
 *   a version     leaves it when
 *   CAME          the thread is free: READ
 *   READ          it is good: IN FORCE; it is faulty: refused, said, gone
 *   IN FORCE      a newer one is good: freed by the thread
 *
 * Rules are checked when they are loaded, against the registry of that day; here they are read against the
 * newest one, and again with each new one.  What they name and it does not have is left out and said, so that
 * a registry never waits for rules, nor rules for a registry, and all routers decide alike.
 */
#ifndef ADUAN_INFORCE_H
#define ADUAN_INFORCE_H

#include "daemon/daemon.h"
#include "decide/decide.h"

struct inforce;

/* Something else is in force now. */
typedef void inforce_changed_fn (void *owner);

struct inforce *inforce_new (struct reactor *reactor, struct thresholds thresholds,
                             inforce_changed_fn *changed, void *owner);
void inforce_destroy (struct inforce **inforce);

/* A snapshot of registry, rules or model, as snapshot_use_fn gets it; SNAPSHOT_LATER, settled in
 * `snapshots`, which must have been said by inforce_settles before the reactor's first turn. */
int inforce_take (struct inforce *inforce, enum snapshot kind, uint64_t version, const char *at,
                  size_t len);
void inforce_settles (struct inforce *inforce, struct snapshots *snapshots);

/* NULL until there is a registry.  Good until the reactor's turn ends. */
const struct routing *inforce_routing (const struct inforce *inforce);

void inforce_show (const struct inforce *inforce, struct buffer *out);

#endif
