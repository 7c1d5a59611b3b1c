/* router.c - start, the link to the store, stop: what holds the other files together. */
#include "router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define INTAKE_CREDIT 2048
#define WORKER_CREDIT 512
#define TICK_MS       100

/* ---- snapshots ----------------------------------------------------------------------------- */

static int use_snapshot (void *owner, enum snapshot kind, uint64_t version, const char *at,
                         size_t len)
{
    struct router *router = owner;
    struct principals *principals = NULL;
    if (kind == SNAPSHOT_PRINCIPALS) {
        int result = principals_parse (at, len, &principals);
        if (result == 0)
            door_set_principals (router->door, &principals);
        return result;
    }
    return inforce_take (router->inforce, kind, version, at, len);
}

static void on_changed (void *owner)
{
    struct router *router = owner;
    outage_ends (&router->registry_outage, "a registry is there: offers are decided");
    receive_flush (router);
}

/* ---- the store's link ---------------------------------------------------------------------- */

static void on_origin (void *owner, struct link *from, struct parcel *parcel)
{
    (void) from;
    receive_stored (owner, parcel);
}

static void on_redecide (void *owner, struct link *from, struct parcel *parcel)
{
    (void) from;
    receive_redecide (owner, parcel);
}

static void on_behalf (void *owner, struct link *from, struct parcel *parcel)
{
    (void) from;
    worker_answer (owner, parcel);
}

static void on_snapshot (void *owner, struct link *from, struct parcel *parcel)
{
    struct router *router = owner;
    snapshots_piece (router->snapshots, from, &parcel->said[0].snapshot);
}

static void store_up (void *owner, struct link *link)
{
    struct router *router = owner;
    outage_ends (&router->store_outage, "the store is back");
    snapshots_want (router->snapshots, link, SNAPSHOT_PRINCIPALS);
    snapshots_want (router->snapshots, link, SNAPSHOT_REGISTRY);
    snapshots_want (router->snapshots, link, SNAPSHOT_RULES);
    snapshots_want (router->snapshots, link, SNAPSHOT_MODEL);
    receive_reoffer (router);
    worker_flush (router);
    receive_flush (router);
}

static void store_down (void *owner, struct link *link)
{
    struct router *router = owner;
    (void) link;
    outage_begins (&router->store_outage, "the store is away: intakes keep what they have taken");
    worker_store_down (router);
}

static void store_credit (void *owner, struct link *link)
{
    (void) link;
    receive_flush (owner);
    act_flush (owner);
    worker_flush (owner);
}

static link_message_fn *const store_handlers[WIRE_LAST] = {[WIRE_origin] = on_origin,
                                                           [WIRE_redecide] = on_redecide,
                                                           [WIRE_behalf] = on_behalf,
                                                           [WIRE_snapshot] = on_snapshot};
static const struct link_hooks store_hooks = {
    .handlers = store_handlers, .up = store_up, .down = store_down, .credit = store_credit};

/* ---- start, stop --------------------------------------------------------------------------- */

static void at_tick (void *owner)
{
    struct router *router = owner;
    reactor_timer_at (router->tick, reactor_now (router->reactor) + TICK_MS);
    worker_tick (router);
    receive_flush (router);
    if (!inforce_routing (router->inforce))
        outage_begins (&router->registry_outage,
                       "no registry yet: offers wait until the store has sent one");
}

static int listen_failed (const char *endpoint)
{
    log_error ("%s: cannot listen: %s", endpoint, strerror (errno));
    return EX_UNAVAILABLE;
}

static int open_workers (struct router *router, const struct settings *settings)
{
    const char *endpoint = settings_text (settings, "door");
    if (link_listen (router->reactor, endpoint, router->door, &worker_hooks, router, WORKER_CREDIT,
                     1, &router->workers) != 0)
        return listen_failed (endpoint);
    return door_selftest (router->door, listener_endpoint (router->workers)) == 0 ? 0
                                                                                  : EX_UNAVAILABLE;
}

static int router_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct router *router = xcalloc (1, sizeof *router);
    const char *data = settings_text (settings, "data"), *run = settings_text (settings, "run");
    char *key = xformat ("%s/keys/router.key", data),
         *folder = xformat ("%s/snapshots/router", data),
         *offers = xformat ("ipc://%s/offers.sock", run),
         *store = xformat ("ipc://%s/store.sock", run);
    int status = EX_CONFIG;
    *ret_state = router;
    router->reactor = reactor;
    if (door_open (reactor, key, ROLE_WORKER, &router->door) == 0) {
        const struct thresholds sure = {
#define THRESHOLD(field, setting, usual, help)                                                     \
    .field = (uint32_t) settings_number (settings, #setting),
#include "decide/thresholds.def"
        };
        router->inforce = inforce_new (reactor, sure, on_changed, router);
        router->snapshots = snapshots_new (folder, use_snapshot, router);
        inforce_settles (router->inforce, router->snapshots);
        status = open_workers (router, settings);
    }
    if (status == 0 && link_listen (reactor, offers, NULL, &intake_hooks, router, 1, INTAKE_CREDIT,
                                    &router->intakes) != 0)
        status = listen_failed (offers);
    if (status == 0) {
        router->store = link_connect (reactor, store, NULL, "router", &store_hooks, router);
        router->tick = reactor_timer (reactor, mono_ms () + TICK_MS, at_tick, router);
    }
    free (key);
    free (folder);
    free (offers);
    free (store);
    return status;
}

static void router_stop (void **held)
{
    struct router *router = *held;
    if (router->workers)
        worker_end (router);
    if (router->intakes)
        receive_end (router);
    link_destroy (&router->store);
    listener_destroy (&router->workers);
    listener_destroy (&router->intakes);
    reactor_timer_forget (&router->tick);
    inforce_destroy (&router->inforce);
    snapshots_destroy (&router->snapshots);
    door_destroy (&router->door);
    free (router);
    *held = NULL;
}

static bool router_show (void *state, const char *what, struct buffer *out)
{
    const struct router *router = state;
    if (strcmp (what, "routing") == 0) {
        inforce_show (router->inforce, out);
        return true;
    }
    if (strcmp (what, "workers") != 0)
        return false;
    worker_show (router, out);
    buffer_format (out, "offers held: %zu\nintakes: %zu\n", router->held_count,
                   listener_count (router->intakes));
    return true;
}

static const struct setting router_settings[] = {
    {"door", SETTING_TEXT, "tcp://127.0.0.1:8314", 0, 0, false, "where workers come in"},
#define THRESHOLD(field, setting, usual, help)                                                     \
    {#setting, SETTING_NUMBER, #usual, 0, 1000, false, help},
#include "decide/thresholds.def"
};

static bool router_settings_right (const struct settings *settings)
{
    return settings_door (settings, "door");
}

const struct daemon router_daemon = {
    .name = "router",
    .settings = router_settings,
    .settings_len = array_len (router_settings),
    .turn_limit_ms = 2000, /* a text that hangs the decision may cost three of these */
    .settings_right = router_settings_right,
    .start = router_start,
    .stop = router_stop,
    .show = router_show,
};
