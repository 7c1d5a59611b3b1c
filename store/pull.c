/* pull.c - PULLs, from their message until they are answered; their states: store.h.
 *
 * A PULL that finds nothing stands in the lines of its agencies.  From there a batch of complaints may
 * carry it: what is stored for one of its agencies is stored already leased to it, and costs neither a
 * look nor a second write.  That is fair to older work: whoever stands has just found none, and is woken
 * by news of any.
 *
 * So does one that was given something, and has room, while complaints wait to be stored: the next batch
 * carries it, or it is answered when that batch is gathered.  Else what that batch brings for its agencies
 * would be news to the PULLs that follow, each of them would look, be away while the batch after it is
 * stored, and so on: under load nothing would ever be stored already leased.
 */
#include "domain/number.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define COUNT_MOST     100
#define WAIT_MOST      60000   /* ms */
#define WAITED_MOST    3600000 /* ms; a router keeps a PULL for a minute */
#define LEASE_USUAL    60000   /* ms */
#define LEASE_DESK     600000  /* of a person, who reads and thinks */
#define LEASE_LEAST    1000
#define LEASE_MOST     3600000
#define TICK_MS        100
#define LOOK_MOST      2000 /* ms beyond its wait that a PULL may stand behind others to look */
#define SCAN_LEAST_MS  4000
#define SCAN_SPREAD_MS 4000

/* ---- lists ----------------------------------------------------------------------------------- */

/* An agency that no row has told is in no line: a PULL names whatever it likes. */
static void stand_in_lines (struct store *store, struct pull *pull)
{
    for (uint32_t i = 0; i < pull->agency_count; i++) {
        struct standing *standing = &pull->agencies[i];
        struct agency *agency = agency_find (store, standing->agency);
        standing->prev = NULL;
        if (agency)
            DL_APPEND (agency->line, standing);
    }
}

static void leave_lines (struct store *store, struct pull *pull)
{
    for (uint32_t i = 0; i < pull->agency_count; i++) {
        struct standing *standing = &pull->agencies[i];
        if (standing->prev)
            DL_DELETE (agency_find (store, standing->agency)->line, standing);
    }
}

void pull_lift (struct store *store, struct pull *pull)
{
    if (pull->state == PULL_LOOKS)
        DL_DELETE (store->pulls.looking, pull);
    if (pull->state == PULL_STANDS) {
        DL_DELETE (store->pulls.standing, pull);
        leave_lines (store, pull);
    }
    pull->state = PULL_TAKEN;
    pull->taken = reactor_now (store->reactor);
    pull->promised = 0;
}

static void forget (struct store *store, struct pull *pull)
{
    pull_lift (store, pull);
    HASH_DELETE (hh, store->pulls.by_key, pull);
    free (pull);
}

void pull_look (struct store *store, struct pull *pull)
{
    if (pull->unwanted) {
        forget (store, pull);
        return;
    }
    if (pull->given) { /* its leases run, and what it has must not be asked for again */
        pull_answer (store, pull);
        return;
    }
    pull_lift (store, pull);
    pull->state = PULL_LOOKS;
    DL_APPEND (store->pulls.looking, pull);
}

static void pay (struct pull *pull, struct link *router)
{
    if (router && !pull->paid)
        link_credit (router, WIRE_CLASS_ACTS, 1);
    pull->paid = true;
}

/* It holds nothing up while it stands: its credit goes back. */
static void stand (struct store *store, struct pull *pull)
{
    int64_t spread = mono_ns () / 1000 % SCAN_SPREAD_MS;
    pull->state = PULL_STANDS;
    pull->scan = reactor_now (store->reactor) + SCAN_LEAST_MS + spread;
    if (pull->given)
        DL_PREPEND (store->pulls.standing, pull); /* pull_gathered looks no further */
    else
        DL_APPEND (store->pulls.standing, pull);
    stand_in_lines (store, pull);
    pay (pull, listener_find (store->routers, pull->key.link));
}

/* ---- coming and going -------------------------------------------------------------------------- */

static uint64_t within (uint64_t number, uint64_t least, uint64_t most)
{
    return number < least ? least : number > most ? most : number;
}

static bool names (const struct pull *pull, uint64_t agency)
{
    for (uint32_t i = 0; i < pull->agency_count; i++)
        if (pull->agencies[i].agency == agency)
            return true;
    return false;
}

static struct pull *pull_new (struct store *store, const struct msg_behalf *behalf,
                              const struct msg_pull *asked)
{
    uint32_t agencies = asked->agencies.count;
    struct pull *pull = xcalloc (1, sizeof *pull + agencies * sizeof *pull->agencies);
    pull->key.behalf = behalf->ref;
    pull->principal = behalf->principal <= INT32_MAX ? behalf->principal : 0;
    pull->ref = asked->ref;
    pull->waited = within (behalf->waited, 0, WAITED_MOST);
    pull->came = reactor_now (store->reactor);
    pull->until =
        pull->came + (int64_t) within (asked->wait, 0, WAIT_MOST) - (int64_t) pull->waited;
    pull->count = (uint32_t) within (asked->count, 1, COUNT_MOST);
    pull->lease = (uint32_t) (asked->lease        ? within (asked->lease, LEASE_LEAST, LEASE_MOST)
                              : asked->session.at ? LEASE_DESK
                                                  : LEASE_USUAL);
    if (asked->session.at) {
        pull->personal = pull->looks_only = true;
        if (asked->session.len == sizeof pull->session)
            memcpy (pull->session, asked->session.at, sizeof pull->session);
    }
    for (uint32_t i = 0; i < agencies; i++) {
        uint64_t agency = asked->agencies.at[i];
        if (agency <= INT32_MAX && !names (pull, agency))
            pull->agencies[pull->agency_count++] =
                (struct standing){.pull = pull, .agency = agency};
    }
    return pull;
}

void pull_take (struct store *store, struct link *from, struct parcel *parcel)
{
    struct wire_fault fault;
    const struct wire_message *said = parcel_read (parcel, 1, WIRE_pull, &fault);
    if (!said) {
        fault.type = WIRE_behalf;
        link_refuse (from, &fault);
        link_credit (from, WIRE_CLASS_ACTS, 1);
        return;
    }
    use_session (store, said->pull.session);
    struct pull *pull = pull_new (store, &parcel->said[0].behalf, &said->pull), *same;
    pull->key.link = link_number (from);
    HASH_FIND (hh, store->pulls.by_key, &pull->key, sizeof pull->key, same);
    if (same) { /* a router's ref is its own; with another's it would be answered twice */
        link_credit (from, WIRE_CLASS_ACTS, 1);
        free (pull);
        return;
    }
    HASH_ADD (hh, store->pulls.by_key, key, sizeof pull->key, pull);
    pull->state = PULL_TAKEN;
    pull_look (store, pull);
    (void) fault_point (lease_received);
}

/* Nobody waits for it any more. */
static void unwant (struct store *store, struct pull *pull)
{
    pull->unwanted = true;
    if (pull->state != PULL_TAKEN)
        forget (store, pull);
}

void pull_withdraw (struct store *store, struct link *from, const struct msg_withdraw *withdraw)
{
    struct pull *pull;
    struct pull key = {.key = {.link = link_number (from), .behalf = withdraw->ref}};
    HASH_FIND (hh, store->pulls.by_key, &key.key, sizeof key.key, pull);
    if (!pull)
        return;
    pay (pull, from);
    unwant (store, pull);
}

void pull_router_gone (struct store *store, struct link *router)
{
    struct pull *pull, *next;
    HASH_ITER (hh, store->pulls.by_key, pull, next)
        if (pull->key.link == link_number (router))
            unwant (store, pull);
}

/* ---- answering --------------------------------------------------------------------------------- */

void pull_assign (struct store *store, struct pull *pull, const struct lease *lease,
                  const struct words *words, const struct msg_history *history)
{
    struct link *link = listener_find (store->routers, pull->key.link);
    char number[NUMBER_LEN + 1];
    pull->given++;
    metric_add (store_leases_total, 1);
    agency_runs_out (store, lease->agency, pull->lease);
    if (!link)
        return; /* the lease runs out by itself */
    number_of_id (&lease->id, number);
    /* a lease begins with the statement, not with its answer: who believes in it longer than the row says
     * works on what another is given */
    int64_t waited = (int64_t) pull->waited + pull->taken - pull->came;
    struct msg_behalf behalf = {.ref = pull->key.behalf, .principal = pull->principal};
    struct msg_assigned assigned = {
        .ref = pull->ref,
        .id = lease->id,
        .agency = lease->agency,
        .version = lease->version,
        .lease = pull->lease,
        .waited = (uint64_t) waited,
        .attempt = lease->attempt,
        .number = view_of (number),
        .priority = lease->priority,
        .class = words->class,
        .category = words->category,
        .region = words->region,
        .location = words->location,
        .received = (uint64_t) words->received,
        .due_first = (uint64_t) words->due_first,
        .due_resolve = (uint64_t) words->due_resolve,
        .secret = words->flags & FLAG_BIT_SECRET ? FLAG_YES : FLAG_NO,
        .part = lease->part,
    };
    struct msg_content content = {
        .title = words->title, .text = words->body, .attachments = words->attachments};
    struct parcel answer = {0};
    parcel_add (&answer, WIRE_behalf, &behalf);
    parcel_add (&answer, WIRE_assigned, &assigned);
    parcel_add (&answer, WIRE_content, &content);
    if (history)
        parcel_add (&answer, WIRE_history, history);
    link_send (link, &answer);
    parcel_done (&answer);
    (void) fault_point (assigned_sent);
}

void pull_answer (struct store *store, struct pull *pull)
{
    struct link *link = listener_find (store->routers, pull->key.link);
    if (link) {
        struct msg_behalf behalf = {.ref = pull->key.behalf, .principal = pull->principal};
        struct msg_pulled pulled = {
            .ref = pull->ref, .count = pull->given, .verdict = VERDICT_DONE};
        if (!pull->given && (pull->refused || !pull->looked)) {
            pulled.verdict = VERDICT_REFUSED;
            pulled.reason = pull->refused ? pull->refused : REASON_BUSY;
        }
        struct parcel answer = {0};
        parcel_add (&answer, WIRE_behalf, &behalf);
        parcel_add (&answer, WIRE_pulled, &pulled);
        link_send (link, &answer);
        parcel_done (&answer);
    }
    if (pull->given)
        store->pulls.answered = reactor_now (store->reactor);
    pay (pull, link);
    forget (store, pull);
}

/* What has come while a statement looked may have been too late for it. */
static bool has_news (const struct store *store, const struct pull *pull, uint64_t look)
{
    for (uint32_t i = 0; i < pull->agency_count; i++)
        if (agency_has_news (store, pull->agencies[i].agency, look))
            return true;
    return false;
}

void pull_looked (struct store *store, struct pull *pull, uint64_t look)
{
    bool enough =
        pull->given && (pull->given >= pull->count || pull->looks_only || !store->place.waiting);
    if (pull->unwanted || enough || pull->refused || pull->until <= reactor_now (store->reactor))
        pull_answer (store, pull);
    else if (!pull->given && has_news (store, pull, look))
        pull_look (store, pull);
    else
        stand (store, pull);
}

/* ---- standing ---------------------------------------------------------------------------------- */

void pull_wake (struct store *store, struct agency *agency, unsigned count)
{
    struct standing *standing, *next;
    DL_FOREACH_SAFE (agency->line, standing, next) {
        if (count == 0)
            return;
        if (standing->pull->given)
            continue; /* answered soon, and its worker asks again */
        pull_look (store, standing->pull);
        count--;
    }
}

void pull_agencies_known (struct store *store)
{
    struct pull *pull, *next;
    DL_FOREACH_SAFE (store->pulls.standing, pull, next)
        pull_look (store, pull);
}

void pull_gathered (struct store *store)
{
    while (store->pulls.standing && store->pulls.standing->given)
        pull_answer (store, store->pulls.standing);
}

static void forget_unreachable (struct link *router, void *with)
{
    if (!link_reaches (router))
        pull_router_gone (with, router);
}

void pull_carry_begin (struct store *store)
{
    if (store->pulls.standing)
        listener_each (store->routers, forget_unreachable, store);
}

static struct standing *first_in_line (const struct agency *agency)
{
    struct standing *standing;
    DL_FOREACH (agency->line, standing)
        if (!standing->pull->looks_only)
            return standing;
    return NULL;
}

static bool has_room (const struct standing *standing)
{
    return standing && standing->pull->given + standing->pull->promised < standing->pull->count;
}

static void carry_for_all (struct store *store, struct pull *pull)
{
    for (uint32_t i = 0; i < pull->agency_count; i++) {
        struct standing *standing = &pull->agencies[i];
        struct agency *agency = agency_find (store, standing->agency);
        standing->judged = false;
        if (agency && !has_room (agency->carried))
            agency->carried = standing;
    }
}

struct standing *pull_carry (struct store *store, uint64_t number, struct pull **carried)
{
    struct agency *agency = agency_find (store, number);
    if (!agency)
        return NULL;
    struct standing *standing = agency->carried;
    if (!has_room (standing) && (standing = first_in_line (agency))) {
        pull_lift (store, standing->pull);
        DL_APPEND (*carried, standing->pull);
        carry_for_all (store, standing->pull);
    }
    if (standing)
        standing->pull->promised++;
    return standing;
}

void pull_carry_end (struct store *store, const struct pull *carried)
{
    const struct pull *pull;
    DL_FOREACH (carried, pull)
        for (uint32_t i = 0; i < pull->agency_count; i++) {
            struct agency *agency = agency_find (store, pull->agencies[i].agency);
            if (agency)
                agency->carried = NULL;
        }
}

static void at_tick (void *owner)
{
    struct store *store = owner;
    struct pull *pull, *next;
    int64_t now = reactor_now (store->reactor), standing = 0;
    reactor_timer_at (store->pulls.tick, now + TICK_MS);
    pull_gathered (store); /* PostgreSQL is slow: nobody who was given something waits for it */
    DL_FOREACH_SAFE (store->pulls.standing, pull, next) {
        standing++;
        if (pull->until <= now)
            pull_answer (store, pull);
        else if (pull->scan <= now)
            pull_look (store, pull);
    }
    metric_set (store_pulls_standing, standing);
    /* PostgreSQL is away, or cannot keep up: nobody waits much longer than he asked.  Of those who name one
     * agency each looks by a statement of its own: who does not wait at all must have his turn, too. */
    int64_t most = store->ready ? LOOK_MOST : TICK_MS;
    DL_FOREACH_SAFE (store->pulls.looking, pull, next)
        if (pull->until + most <= now)
            pull_answer (store, pull);
}

void pull_begin (struct store *store)
{
    store->pulls.tick =
        reactor_timer (store->reactor, reactor_now (store->reactor) + TICK_MS, at_tick, store);
}

void pull_end (struct store *store)
{
    struct pull *pull, *next;
    HASH_ITER (hh, store->pulls.by_key, pull, next)
        forget (store, pull);
    if (store->pulls.tick)
        reactor_timer_forget (&store->pulls.tick);
}
