/* store.c - start, links, hints, stop: what holds the other files together. */
#include "store.h"
#include "domain/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define ROUTER_ACTS   4096
#define ROUTER_REST   4096
#define NOTIFIER_REST 64
#define LANE_REST_MS                                                                               \
    4 /* at 1,000 a second it halves PostgreSQL's CPU; a PULL is answered a millisecond later */

static const struct db_statement statements[SQL_STATEMENTS] = {
#define SQL_STATEMENT(name, parameters, text) {#name, parameters, text},
#include "statements.inc"
#undef SQL_STATEMENT
};

/* ---- lanes and failures -------------------------------------------------------------------- */

struct db *lane_idle (const struct lane *lane)
{
    for (unsigned i = 0; i < lane->count; i++)
        if (db_is_up (lane->db[i]) && db_depth (lane->db[i]) == 0)
            return lane->db[i];
    return NULL;
}

struct db *lane_rested (struct store *store, const struct lane *lane)
{
    return lane->not_before > reactor_now (store->reactor) ? NULL : lane_idle (lane);
}

void lane_begun (struct store *store, struct lane *lane)
{
    store_pause (store, &lane->not_before, LANE_REST_MS);
}

struct db *lane_any (const struct lane *lane)
{
    struct db *best = NULL;
    for (unsigned i = 0; i < lane->count; i++)
        if (db_is_up (lane->db[i]) && (!best || db_depth (lane->db[i]) < db_depth (best)))
            best = lane->db[i];
    return best;
}

enum failure failure_of (const char *sqlstate)
{
    if (strncmp (sqlstate, "22", 2) == 0 || strncmp (sqlstate, "23", 2) == 0 ||
        strncmp (sqlstate, "54", 2) == 0)
        return FAILURE_OURS;
    if (strcmp (sqlstate, "40001") == 0 || strcmp (sqlstate, "40P01") == 0)
        return FAILURE_AGAIN;
    return FAILURE_OUTAGE;
}

static const char *const work_names[WORKS] = {"complaints", "PULLs", "acts", "notices"};

void store_refused (struct store *store, enum work work, const char *sqlstate)
{
    outage_begins (&store->outages[work],
                   "PostgreSQL refuses %s (SQLSTATE %s): nothing is lost, tried again for ever",
                   work_names[work], sqlstate);
}

void store_taken (struct store *store, enum work work)
{
    outage_ends (&store->outages[work], "PostgreSQL takes %s again", work_names[work]);
}

/* ---- hints --------------------------------------------------------------------------------- */

static void say_outbox (struct link *link, void *with)
{
    link_say (link, WIRE_outbox, with);
}

static void send_hints (struct store *store)
{
    if (store->notices) {
        struct msg_outbox outbox = {.count = store->notices};
        listener_each (store->notifiers, say_outbox, &outbox);
    }
    store->notices = 0;
}

/* ---- messages ------------------------------------------------------------------------------ */

static void on_place (void *owner, struct link *from, struct parcel *parcel)
{
    place_take (owner, from, parcel);
}

static void on_behalf (void *owner, struct link *from, struct parcel *parcel)
{
    struct wire_fault fault;
    use_key (owner, parcel->said[0].behalf.principal);
    if (parcel_read (parcel, 1, WIRE_pull, &fault))
        pull_take (owner, from, parcel);
    else if (parcel_read (parcel, 1, WIRE_order, &fault))
        order_take (owner, from, parcel);
    else
        act_take (owner, from, parcel);
}

static void on_redecided (void *owner, struct link *from, struct parcel *parcel)
{
    (void) from;
    redecide_take (owner, parcel);
}

static void on_withdraw (void *owner, struct link *from, struct parcel *parcel)
{
    pull_withdraw (owner, from, &parcel->said[0].withdraw);
}

static void on_want (void *owner, struct link *from, struct parcel *parcel)
{
    struct store *store = owner;
    snapshots_wanted (store->snapshots, from, &parcel->said[0].want);
}

static void on_claim (void *owner, struct link *from, struct parcel *parcel)
{
    outbox_claim (owner, from, &parcel->said[0].claim);
}

static void on_told (void *owner, struct link *from, struct parcel *parcel)
{
    told_take (owner, from, &parcel->said[0].told);
}

static void on_report (void *owner, struct link *from, struct parcel *parcel)
{
    report_take (owner, from, &parcel->said[0].report);
}

static void on_heed (void *owner, struct link *from, struct parcel *parcel)
{
    stopped_look (owner, from, &parcel->said[0].heed);
}

static void on_collect (void *owner, struct link *from, struct parcel *parcel)
{
    hook_collect (owner, from, &parcel->said[0].collect);
}

static void on_delivered (void *owner, struct link *from, struct parcel *parcel)
{
    hook_delivered (owner, from, &parcel->said[0].delivered);
}

static void router_down (void *owner, struct link *link)
{
    struct store *store = owner;
    snapshots_gone (store->snapshots, link);
    pull_router_gone (store, link);
    redecide_router_gone (store, link);
}

static link_message_fn *const router_handlers[WIRE_LAST] = {[WIRE_place] = on_place,
                                                            [WIRE_behalf] = on_behalf,
                                                            [WIRE_withdraw] = on_withdraw,
                                                            [WIRE_redecided] = on_redecided,
                                                            [WIRE_want] = on_want};
static const struct link_hooks router_hooks = {.handlers = router_handlers, .down = router_down};

static link_message_fn *const notifier_handlers[WIRE_LAST] = {
    [WIRE_claim] = on_claim, [WIRE_told] = on_told,       [WIRE_report] = on_report,
    [WIRE_heed] = on_heed,   [WIRE_collect] = on_collect, [WIRE_delivered] = on_delivered};
static const struct link_hooks notifier_hooks = {.handlers = notifier_handlers};

/* ---- start --------------------------------------------------------------------------------- */

static void on_database_up (void *owner, struct db *db)
{
    struct store *store = owner;
    metric_add (store_reconnects_total, 1);
    metric_set (store_database_up, 1);
    if (db == store->others.db[0])
        epoch_begin (store);
    if (!store->ready)
        return;
    place_flush (store);
    act_flush (store);
    lease_flush (store);
}

static void on_database_down (void *owner, struct db *db)
{
    struct store *store = owner;
    metric_set (store_database_up, 0);
    if (db == store->timers.lane.db[0])
        timer_connection_lost (store);
    if (db == store->others.db[0])
        store->ready = false; /* who comes back may be another: epoch.c looks again */
}

static void open_lane (struct store *store, struct lane *lane, const char *name,
                       const char *conninfo, int64_t count)
{
    lane->count = (unsigned) count;
    for (unsigned i = 0; i < lane->count; i++) {
        struct db_options options = {.name = name,
                                     .conninfo = conninfo,
                                     .statements = statements,
                                     .statement_count = SQL_STATEMENTS,
                                     .lazy = lane != &store->others,
                                     .up = on_database_up,
                                     .down = on_database_down,
                                     .owner = store};
        lane->db[i] = db_new (store->reactor, &options);
    }
}

static int listen_on (struct store *store, const struct settings *settings, const char *file,
                      const struct link_hooks *hooks, unsigned acts, unsigned rest,
                      struct listener **ret)
{
    char *endpoint = xformat ("ipc://%s/%s", settings_text (settings, "run"), file);
    int result = link_listen (store->reactor, endpoint, NULL, hooks, store, acts, rest, ret);
    if (result != 0)
        log_error ("%s: cannot listen: %s", endpoint, strerror (errno));
    free (endpoint);
    return result;
}

/* Each turn's end sends what waits: being woken is all that is needed. */
static void at_pause (void *owner)
{
    struct store *store = owner;
    int64_t now = reactor_now (store->reactor), next = 0;
    const int64_t pauses[] = {store->place.not_before,  store->place.held_until,
                              store->acts_not_before,   store->closings_not_before,
                              store->places.not_before, store->acts.not_before,
                              store->leases.not_before, store->orders.not_before};
    for (size_t i = 0; i < array_len (pauses); i++)
        if (pauses[i] > now && (next == 0 || pauses[i] < next))
            next = pauses[i];
    reactor_timer_at (store->pause_timer, next);
}

void store_pause (struct store *store, int64_t *not_before, int64_t ms)
{
    *not_before = reactor_now (store->reactor) + ms;
    at_pause (store);
}

static int read_keys (struct store *store, const struct settings *settings)
{
    const char *data = settings_text (settings, "data");
    char *path = xformat ("%s/keys/id.key", data);
    int result = number_read_key (path, store->id_key);
    if (result != 0)
        log_error ("%s: %s: the id key of this installation, 64 hexadecimal digits", path,
                   fail_text (result));
    free (path);
    store->epoch_file = xformat ("%s/keys/epoch", data);
    return result;
}

static int store_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct store *store = xcalloc (1, sizeof *store);
    *ret_state = store;
    store->reactor = reactor;
    store->hooks.plain = settings_flag (settings, "webhook.http");
    store->batch = store->act_batch = (unsigned) settings_number (settings, "batch");
    if (read_keys (store, settings) != 0)
        return EX_CONFIG;
    char *folder = xformat ("%s/snapshots/store", settings_text (settings, "data"));
    store->snapshots = snapshots_new (folder, NULL, NULL);
    free (folder);
    if (listen_on (store, settings, "store.sock", &router_hooks, ROUTER_ACTS, ROUTER_REST,
                   &store->routers) != 0 ||
        listen_on (store, settings, "outbox.sock", &notifier_hooks, 1, NOTIFIER_REST,
                   &store->notifiers) != 0)
        return EX_UNAVAILABLE;
    store->pause_timer = reactor_timer (reactor, 0, at_pause, store);
    told_begin (store);
    pull_begin (store);
    redecide_begin (store);
    overtaken_begin (store);
    likeness_begin (store, settings);
    timer_begin (store);
    use_begin (store);
    search_begin (store);
    retention_begin (store, settings_number (settings, "retention"));
    forget_begin (store);
    bulletin_begin (store, settings);
    char *key = xformat ("%s/keys/audit.key", settings_text (settings, "data"));
    bool signs = chain_begin (store, key);
    free (key);
    if (!signs || order_begin (store, settings) != 0)
        return EX_CONFIG;
    const char *database = settings_text (settings, "database");
    open_lane (store, &store->others, "others", database, 1);
    open_lane (store, &store->places, "places", database,
               settings_number (settings, "lanes.places"));
    open_lane (store, &store->acts, "acts", database, settings_number (settings, "lanes.acts"));
    open_lane (store, &store->leases, "leases", database,
               settings_number (settings, "lanes.leases"));
    open_lane (store, &store->timers.lane, "timers", database, 1);
    watch_begin (store, settings, &statements[SQL_watch_queues]);
    return 0;
}

/* The turn's end: what came this turn becomes statements, what was learned becomes hints. */
static void store_durable (void *state)
{
    struct store *store = state;
    place_flush (store);
    act_flush (store);
    order_flush (store);
    agency_wake (store);
    lease_flush (store);
    told_flush (store);
    report_flush (store);
    outbox_flush (store);
    send_hints (store);
}

static bool store_drain (void *state)
{
    struct store *store = state;
    return !store->place.waiting && !store->place.again && !store->deeds &&
           (!lane_any (&store->places) || lane_idle (&store->places)) && chain_drained (store);
}

static void abandon_lane (struct lane *lane)
{
    for (unsigned i = 0; i < lane->count; i++)
        db_abandon (lane->db[i]);
}

static void close_lane (struct lane *lane)
{
    for (unsigned i = 0; i < lane->count; i++)
        db_destroy (&lane->db[i]);
}

static void store_stop (void **held)
{
    struct store *store = *held;
    /* all of them first: what one gives back must not be begun on another */
    abandon_lane (&store->places);
    abandon_lane (&store->acts);
    abandon_lane (&store->leases);
    abandon_lane (&store->timers.lane);
    abandon_lane (&store->others);
    abandon_lane (&store->orders.lane);
    watch_abandon (store);
    close_lane (&store->places);
    close_lane (&store->acts);
    close_lane (&store->leases);
    close_lane (&store->others);
    close_lane (&store->timers.lane);
    close_lane (&store->orders.lane);
    watch_end (store);
    reactor_timer_forget (&store->pause_timer);
    place_end (store);
    act_end (store);
    order_end (store);
    use_end (store);
    redecide_end (store);
    overtaken_end (store);
    words_end (store);
    pull_end (store);
    outbox_end (store);
    told_end (store);
    stopped_end ();
    report_end (store);
    forget_end (store);
    bulletin_end (store);
    publish_end (store);
    likeness_end (store);
    timer_end (store);
    chain_end (store);
    search_end (store);
    retention_end (store);
    agency_end (store);
    listener_destroy (&store->routers);
    listener_destroy (&store->notifiers);
    snapshots_destroy (&store->snapshots);
    free (store->epoch_file);
    free (store);
    *held = NULL;
}

static void store_measure (void *state)
{
    watch_measure (state);
}

static bool store_show (void *state, const char *what, struct buffer *out)
{
    const struct store *store = state;
    if (strcmp (what, "queues") != 0)
        return false;
    buffer_format (out,
                   "waiting to be placed: %zu\npulls: %u\nhanded back: %u\nto be compared: %u\n"
                   "routers: %zu\nnotifiers: %zu\ndatabase: %s\ntimers: %s\n",
                   store->place.count, HASH_COUNT (store->pulls.by_key),
                   HASH_COUNT (store->returned.by_id), store->likeness.hint_count,
                   listener_count (store->routers), listener_count (store->notifiers),
                   store->ready ? "in use" : "away",
                   store->timers.held ? "here" : "in another store");
    return true;
}

static const struct setting store_settings[] = {
    {"database", SETTING_TEXT, "host=/run/aduan/pg dbname=aduan user=aduan_store", 0, 0, false,
     "how to reach PostgreSQL (libpq connection string)"},
    {"batch", SETTING_NUMBER, "500", 1, STORE_BATCH, false, "rows of one statement at most"},
    {"lanes.places", SETTING_NUMBER, "1", 1, STORE_LANE, false,
     "connections that place complaints"},
    {"lanes.acts", SETTING_NUMBER, "1", 1, STORE_LANE, false, "connections that carry acts"},
    {"lanes.leases", SETTING_NUMBER, "1", 1, STORE_LANE, false, "connections that lease"},
    {"session.idle", SETTING_DURATION, "30min", 60000, 86400000, false,
     "a person's session ends when he has done nothing for so long"},
    {"session.lasts", SETTING_DURATION, "12h", 60000, 86400000, false,
     "and at the latest after this"},
    {"invitation", SETTING_DURATION, "7d", 60000, 2592000000, false,
     "how long an invitation can be accepted"},
    {"webhook.http", SETTING_FLAG, "false", 0, 0, false,
     "webhooks may be set to http addresses, too; for trials on one's own machine"},
    {"likeness.days", SETTING_NUMBER, "60", 0, 365, false,
     "complaints that are alike are looked for among those of so many days; 0: not at all"},
    {"likeness.least", SETTING_NUMBER, "600", 300, 1000, false,
     "how alike they must be, permille (docs/duplicates.md)"},
    {"retention", SETTING_DURATION, "1826d", 1000, 3153600000000, false,
     "how long a case is kept after its end; then its words, identity, contact and files go "
     "(docs/retention.md)"},
    {"digest.at", SETTING_TEXT, "07:30", 0, 0, false,
     "when officers who asked for it are written what waits for them, in their agency's zone"},
    {"digest.unread", SETTING_NUMBER, "4", 1, 80, false,
     "working hours after which they are reminded of new work that they have not come to see"},
    WATCH_SETTINGS,
};

const struct daemon store_daemon = {
    .name = "store",
    .settings = store_settings,
    .settings_len = array_len (store_settings),
    .settings_right = bulletin_settings_right,
    .start = store_start,
    .durable = store_durable,
    .drain = store_drain,
    .stop = store_stop,
    .show = store_show,
    .measure = store_measure,
};
