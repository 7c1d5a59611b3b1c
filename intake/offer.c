/* offer.c - a record goes to a router again and again until the store says what became of it.
 *
 * Offers are bounded by the routers' credit and by bytes under way.  A record whose offers twice
 * ended in a lost link is a suspect: it is offered alone; after the third it goes undecided, and no
 * router reads it (RELIABILITY P13): no text can stop the country.
 */
#include "intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define OFFERED_BYTES_MOST (16u << 20)
#define SILENCE_MS         5000
#define SUSPECT_LOST       2
#define UNDECIDED_LOST     3
#define DISK_STALL_MS      5000
#define CLOCK_BEHIND_MS    1000 /* less is a step of the time service */

/* ---- offering ------------------------------------------------------------------------------ */

static bool send_offer (struct intake *intake, struct router_link *router, struct record *record)
{
    char *read = NULL;
    const char *bytes = record->spool.at;
    if (!bytes) {
        int result = spool_read (intake->spool, &record->spool, &read);
        if (result != 0) {
            log_limited (LOG_ERROR, "%s: cannot be read back from the spool (%s); tried again",
                         id_text (&record->id), fail_text (result));
            metric_add (intake_corrupt_total, 1);
            return false;
        }
        bytes = read;
    }
    struct record_parts parts;
    check (record_parse (bytes, record->spool.len, &parts));
    char number[NUMBER_LEN + 1];
    number_of_id (&record->id, number);
    bool undecided = record->lost >= UNDECIDED_LOST && !mutant (no_undecided);
    struct msg_offer offer = {.id = record->id,
                              .segment = *segment_id (record->spool.segment),
                              .seq = record->spool.seq,
                              .received = record->spool.received,
                              .adapter = record->adapter,
                              .number = view_of (number),
                              .digest = {(const char *) record->digest, sizeof record->digest},
                              .mode = undecided ? MODE_UNDECIDED : MODE_DECIDE,
                              .doubtful = record->spool.doubtful ? FLAG_YES : 0};
    struct parcel parcel = {0};
    parcel_add (&parcel, WIRE_offer, &offer);
    parcel_add_bytes (&parcel, parts.submit.at, parts.submit.len);
    parcel_add_bytes (&parcel, parts.content.at, parts.content.len);
    bool sent = link_send (router->link, &parcel) == 0;
    parcel_done (&parcel);
    free (read);
    if (sent && undecided)
        metric_add (intake_undecided_total, 1);
    return sent;
}

static void offered (struct intake *intake, struct router_link *router, struct record *record)
{
    record_move (intake, record, RECORD_OFFERED);
    record->router = router;
    record->offered_at = reactor_now (intake->reactor);
    router->outstanding++;
    intake->offered_bytes += record->spool.len;
    metric_add (intake_offers_total, 1);
    (void) fault_point (offer_sent);
}

static void not_offered (struct intake *intake, struct record *record)
{
    record->router->outstanding--;
    record->router = NULL;
    intake->offered_bytes -= record->spool.len;
}

/* Back to where it is offered again. */
static void take_back (struct intake *intake, struct record *record)
{
    not_offered (intake, record);
    record_move (intake, record, RECORD_WAITING);
}

static struct router_link *router_with_credit (struct intake *intake)
{
    struct router_link *best = NULL;
    for (unsigned i = 0; i < intake->router_count; i++) {
        struct router_link *router = &intake->routers[i];
        if (link_can_send (router->link, WIRE_CLASS_REST) > 0 &&
            (!best || router->outstanding < best->outstanding))
            best = router;
    }
    return best;
}

/* May this one go now?  A suspect only when nothing else is under way, and nothing beside it. */
static bool may_go (const struct intake *intake, const struct record *record)
{
    const struct record *first = intake->offered;
    bool suspect = record->lost >= SUSPECT_LOST && record->lost < UNDECIDED_LOST;
    bool under_suspicion = first && first->lost >= SUSPECT_LOST && first->lost < UNDECIDED_LOST;
    return suspect ? first == NULL : !under_suspicion;
}

void offer_flush (struct intake *intake)
{
    while (intake->waiting && intake->offered_bytes < OFFERED_BYTES_MOST) {
        struct record *record = intake->waiting;
        struct router_link *router = router_with_credit (intake);
        if (!router || !may_go (intake, record) || !send_offer (intake, router, record))
            return;
        offered (intake, router, record);
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

static void on_stored (void *owner, struct link *from, struct parcel *parcel)
{
    struct router_link *router = owner;
    struct intake *intake = router->intake;
    const struct msg_stored *stored = &parcel->said[0].stored;
    (void) from;
    struct record *record;
    HASH_FIND (hh_seq, intake->by_seq, &stored->seq, sizeof stored->seq, record);
    if (stored->outcome == OUTCOME_STORED)
        replay_look (intake, stored);
    if (!record)
        return; /* answered before */
    if (!id_equal (&record->id, &stored->id) ||
        !id_equal (segment_id (record->spool.segment), &stored->segment)) {
        log_limited (LOG_ERROR, "%s: STORED names another record or segment; not believed",
                     id_text (&stored->id));
        return;
    }
    log_debug ("%s: %s%s", id_text (&record->id), outcome_word (stored->outcome),
               stored->fresh == FLAG_YES ? "" : ", was there");
    if (record->state == RECORD_OFFERED)
        not_offered (intake, record);
    else if (record->state != RECORD_WAITING)
        return;
    record_move (intake, record, RECORD_DRAINED);
    metric_add (intake_drained_total, 1);
}

static void take_all_back (struct intake *intake, struct router_link *router, bool lost)
{
    struct record *record, *next;
    DL_FOREACH_SAFE (intake->offered, record, next) {
        if (record->router != router)
            continue;
        record->lost = (uint8_t) (record->lost + (lost && record->lost < UNDECIDED_LOST));
        if (record->lost == UNDECIDED_LOST && lost)
            log_error ("%s: three offers lost their router; it goes to the national desk unread",
                       id_text (&record->id));
        take_back (intake, record);
    }
}

/* Suspects stand behind the others, so that they hold up nobody who is not one. */
int offer_order (const struct record *a, const struct record *b)
{
    bool left = a->lost >= SUSPECT_LOST, right = b->lost >= SUSPECT_LOST;
    if (left != right)
        return left ? 1 : -1;
    return a->spool.seq < b->spool.seq ? -1 : a->spool.seq > b->spool.seq;
}

static void on_reoffer (void *owner, struct link *from, struct parcel *parcel)
{
    struct router_link *router = owner;
    (void) from;
    (void) parcel;
    take_all_back (router->intake, router, false);
    DL_SORT (router->intake->waiting, offer_order);
}

static void on_snapshot (void *owner, struct link *from, struct parcel *parcel)
{
    struct router_link *router = owner;
    snapshots_piece (router->intake->snapshots, from, &parcel->said[0].snapshot);
}

static void router_up (void *owner, struct link *link)
{
    struct router_link *router = owner;
    outage_ends (&router->intake->router_outage, "a router takes offers again");
    snapshots_want (router->intake->snapshots, link, SNAPSHOT_PRINCIPALS);
}

static void router_down (void *owner, struct link *link)
{
    struct router_link *router = owner;
    take_all_back (router->intake, router, true);
    DL_SORT (router->intake->waiting, offer_order);
    outage_begins (&router->intake->router_outage, "%s is away: submissions are taken and kept",
                   link_name (link));
}

static link_message_fn *const handlers[WIRE_LAST] = {
    [WIRE_stored] = on_stored, [WIRE_reoffer] = on_reoffer, [WIRE_snapshot] = on_snapshot};
static const struct link_hooks hooks = {.handlers = handlers, .up = router_up, .down = router_down};

/* ---- the tick: silence, replay, retention --------------------------------------------------- */

static void again_after_silence (struct intake *intake)
{
    int64_t now = reactor_now (intake->reactor);
    struct record *record, *next;
    DL_FOREACH_SAFE (intake->offered, record, next) {
        int64_t patience = (int64_t) SILENCE_MS << (record->repeats < 4 ? record->repeats : 4);
        if (now - record->offered_at < patience)
            continue;
        record->repeats = (uint8_t) (record->repeats < 255 ? record->repeats + 1 : 255);
        take_back (intake, record);
    }
}

static void look_at_clock (struct intake *intake)
{
    struct spool_stat stat;
    spool_stat (intake->spool, &stat);
    if (stat.behind_ms > CLOCK_BEHIND_MS)
        outage_begins (&intake->clock_outage,
                       "the clock is %" PRId64 " s behind the newest record: receipts are stamped "
                       "with that one's time and marked; set the clock, or where it is right: "
                       "aduan show intake trust-clock",
                       stat.behind_ms / 1000);
    else
        outage_ends (&intake->clock_outage, "the clock has caught up with the newest record");
}

static void look_at_disk (struct intake *intake)
{
    int64_t age = commit_age (intake->commit);
    if (age > DISK_STALL_MS)
        outage_begins (&intake->disk_outage,
                       "the spool's disk stalls: a commit is under way for %" PRId64
                       " s; nobody is answered ACCEPTED meanwhile",
                       age / 1000);
    else
        outage_ends (&intake->disk_outage, "the spool's disk works again");
}

static void at_tick (void *owner)
{
    struct intake *intake = owner;
    reactor_timer_at (intake->tick, reactor_now (intake->reactor) + 1000);
    again_after_silence (intake);
    replay_step (intake);
    recent_trim (intake);
    spool_retire (intake->spool, intake->replay);
    look_at_clock (intake);
    look_at_disk (intake);
    offer_flush (intake);
}

char *router_endpoint (const struct settings *settings, const char *word)
{
    return strstr (word, "://") ? xstrdup (word)
                                : xformat ("ipc://%s/%s", settings_text (settings, "run"), word);
}

int offer_begin (struct intake *intake, const struct settings *settings)
{
    char *list = xstrdup (settings_text (settings, "routers")), *save = NULL;
    for (char *word = strtok_r (list, " ,", &save); word && intake->router_count < INTAKE_ROUTERS;
         word = strtok_r (NULL, " ,", &save)) {
        struct router_link *router = &intake->routers[intake->router_count++];
        char *endpoint = router_endpoint (settings, word);
        router->intake = intake;
        router->link = link_connect (intake->reactor, endpoint, NULL, "intake", &hooks, router);
        free (endpoint);
    }
    free (list);
    intake->tick = reactor_timer (intake->reactor, mono_ms () + 1000, at_tick, intake);
    return intake->router_count ? 0 : FAIL_SETTING;
}

void offer_end (struct intake *intake)
{
    for (unsigned i = 0; i < intake->router_count; i++)
        link_destroy (&intake->routers[i].link);
    reactor_timer_forget (&intake->tick);
}
