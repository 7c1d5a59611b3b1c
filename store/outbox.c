/* outbox.c - notifiers' claims: what they are given comes from a batch that is being stored, or from
 * the outbox.
 *
 *   STANDS    it waits in memory: the outbox was just found empty
 *   LOOKS     a statement moves notices that are due from the outbox into its dispatch
 *   CARRIED   a batch under way makes its notices right in its dispatch, in the batch's transaction
 *
 *   happens to a claim                     what follows
 *   STANDS, there is news                  LOOKS; so it does now and then without news: retries fall due
 *   STANDS, its wait is over               answered `claimed 0`
 *   STANDS, its link is gone               forgotten: nothing was made for it
 *   CARRIED, committed                     `notice` for each, `claimed`; never before the commit
 *   CARRIED, rolled back, or no notice     STANDS again, first of all
 *   LOOKS or CARRIED, outcome unknown      not answered: perhaps it is committed.  The notifier takes it
 *                                          for lost and gives the dispatch back (told without outcomes)
 *   committed, but its link is gone or it  given back by us: nobody has those notices
 *   was given back meanwhile
 *   the store dies before the commit       nothing was made, its link breaks, the notifier claims anew
 *   the store dies behind the commit       the notifier gives the dispatch back on its next link
 *   both die behind the commit             expire_dispatches: unknown, for it might have been sent
 *
 * A notice is in one place at any time: the outbox (table notice), set aside until its channel takes it (table
 * notice_aside), or one dispatch (table dispatch).  A batch carries notices that nobody has looked at, so only a
 * claim that wants such is carried.
 */
#include "array.h"
#include "domain/number.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define LOOK_EVERY_MS  1000
#define WAIT_MOST_MS   60000

#define CHANNELS_FRESH UINT64_C (1) /* of claim.channels: what nobody has tried yet */
#define CHANNELS_OLD   (CHANNELS_FRESH | UINT64_C (1) << CHANNEL_EMAIL) /* a claim that says none */

/* The word is the notifier's file name. */
static const char *const templates[] = {[TEMPLATE_RECEIVED] = "received",
                                        [TEMPLATE_MOVED] = "moved",
                                        [TEMPLATE_PROGRESS] = "progress",
                                        [TEMPLATE_ANSWERED] = "answered",
                                        [TEMPLATE_ASKED] = "asked",
                                        [TEMPLATE_CLOSED] = "closed",
                                        [TEMPLATE_REFUSED] = "refused",
                                        [TEMPLATE_MERGED] = "merged",
                                        [TEMPLATE_JOINED] = "joined",
                                        [TEMPLATE_PARTED] = "parted",
                                        [TEMPLATE_ARCHIVED] = "archived",
                                        [TEMPLATE_REOPENED] = "reopened",
                                        [TEMPLATE_UNSATISFIED] = "unsatisfied",
                                        [TEMPLATE_SPLIT] = "split",
                                        [TEMPLATE_BLOCKED] = "blocked",
                                        [TEMPLATE_LATE] = "late",
                                        [TEMPLATE_OFFERED] = "offered",
                                        [TEMPLATE_SILENCE] = "silence",
                                        [TEMPLATE_REMINDED] = "reminded",
                                        [TEMPLATE_TIMED_OUT] = "timed_out",
                                        [TEMPLATE_EXPIRED] = "expired",
                                        [TEMPLATE_DIGEST] = "digest",
                                        [TEMPLATE_UNREAD] = "unread",
                                        [TEMPLATE_ASSIGNED] = "assigned",
                                        [TEMPLATE_BREACHED] = "breached",
                                        [TEMPLATE_SUPPORTED_ANSWERED] = "supported_answered",
                                        [TEMPLATE_SUPPORTED_CLOSED] = "supported_closed"};

/* ---- answering ----------------------------------------------------------------------------- */

static void claim_free (struct store *store, struct claim *claim)
{
    DL_DELETE (store->claims, claim);
    free (claim);
}

static void say_claimed (struct store *store, struct claim *claim, unsigned count)
{
    struct link *link = listener_find (store->notifiers, claim->link);
    if (link) {
        struct msg_claimed claimed = {.ref = claim->ref, .count = count};
        link_say (link, WIRE_claimed, &claimed);
        link_credit (link, WIRE_CLASS_REST, 1);
    }
    claim_free (store, claim);
}

/* Not published and not told in words are two things: where nobody said anything of secrecy the case is not for the public, and what
 * its agency answers is for its reporter all the same. */
static bool is_hushed (uint64_t flags)
{
    return (flags & FLAG_BIT_OVERSIGHT) ||
           (flags & (FLAG_BIT_SECRET | FLAG_BIT_UNSAID)) == FLAG_BIT_SECRET;
}

void outbox_say (struct store *store, struct claim *claim, unsigned template, uint64_t flags,
                 struct msg_notice *notice)
{
    struct link *link = claim->given_back ? NULL : listener_find (store->notifiers, claim->link);
    notice->ref = claim->ref;
    notice->dispatch = claim->dispatch;
    notice->position = claim->said++;
    notice->template = view_of (
        template <array_len (templates) && templates[template] ? templates[template] : "news");
    if (is_hushed (
            flags)) { /* the letter says no more than that there is news, or that it was received */
        if (template != TEMPLATE_RECEIVED)
            notice->template = view_of ("news");
        notice->agency = notice->text = notice->other = (struct view){NULL, 0};
    }
    if (link)
        link_say (link, WIRE_notice, notice);
}

void outbox_committed (struct store *store, struct claim *claim)
{
    bool heard = !claim->given_back && listener_find (store->notifiers, claim->link);
    if (claim->said && !heard)
        told_give_back (store, &claim->dispatch);
    metric_add (store_notices_claimed_total, claim->said);
    say_claimed (store, claim, claim->given_back ? 0 : claim->said);
}

/* Until the store knows the agencies' names each letter would say only that there is news. */
static bool can_tell (const struct store *store)
{
    return store->national_desk != 0;
}

/* ---- carried by a batch -------------------------------------------------------------------- */

struct claim *outbox_carry (struct store *store)
{
    struct claim *claim;
    if (!can_tell (store))
        return NULL;
    DL_FOREACH (store->claims, claim)
        if (claim->state == CLAIM_STANDS && (claim->channels & CHANNELS_FRESH) &&
            listener_find (store->notifiers, claim->link)) {
            claim->state = CLAIM_CARRIED;
            return claim;
        }
    return NULL;
}

void outbox_rolled_back (struct store *store, struct claim *claim)
{
    claim->state = CLAIM_STANDS;
    if (claim->given_back)
        say_claimed (store, claim, 0);
}

void outbox_unknown (struct store *store, struct claim *claim)
{
    struct link *link = listener_find (store->notifiers, claim->link);
    if (link)
        link_credit (link, WIRE_CLASS_REST, 1);
    claim_free (store, claim);
}

/* ---- out of the outbox --------------------------------------------------------------------- */

enum {
    POSITION,
    ID,
    EVENT,
    RECIPIENT,
    TEMPLATE,
    ATTEMPT,
    NUMBER,
    FLAGS,
    LANGUAGE,
    AGENCY,
    TEXT,
    CONTACT,
    CONTACT_KEY,
    DUE,
    OTHER,
    PRIORITY,
    COUNTS
};

static void say_row (struct store *store, struct claim *claim, const PGresult *result, int row)
{
    char number[NUMBER_LEN + 1] = "";
    unsigned template = (unsigned) result_int (result, row, TEMPLATE);
    if (!PQgetisnull (result, row, NUMBER))
        number_of_bits ((uint64_t) result_int (result, row, NUMBER), number);
    struct msg_notice notice = {
        .id = result_id (result, row, ID),
        .event = (uint64_t) result_int (result, row, EVENT),
        .recipient = (uint64_t) result_int (result, row, RECIPIENT),
        .number = view_of (number),
        .agency = agency_name (store, (uint64_t) result_int (result, row, AGENCY)),
        .text = result_view (result, row, TEXT),
        .contact = result_view (result, row, CONTACT),
        .contact_key_id = (uint64_t) result_int (result, row, CONTACT_KEY),
        .language = (uint32_t) result_int (result, row, LANGUAGE),
        .attempt = (uint64_t) result_int (result, row, ATTEMPT),
        .due = template <= TEMPLATE_MOVED || template >= TEMPLATE_LATE
                   ? (uint64_t) result_ms (result, row, DUE)
                   : 0,
        .asks = template == TEMPLATE_RECEIVED
                    ? (uint64_t) result_int (result, row, FLAGS) >> FLAG_ASKS_SHIFT & FLAG_ASKS
                    : 0,
        .other = template == TEMPLATE_MERGED || template == TEMPLATE_SPLIT
                     ? result_view (result, row, OTHER)
                     : (struct view){0},
        .zone = (uint64_t) agency_zone (store, (uint64_t) result_int (result, row, AGENCY)),
        .urgent = result_int (result, row, PRIORITY) == PRIORITY_EMERGENCY ? FLAG_YES : 0,
        .counts = result_view (result, row, COUNTS),
    };
    outbox_say (store, claim, template, (uint64_t) result_int (result, row, FLAGS), &notice);
}

static void on_looked (void *with, const struct db_answer *answer)
{
    struct claim *claim = with;
    struct store *store = claim->store;
    if (answer->outcome == DB_UNKNOWN) {
        outbox_unknown (store, claim);
        return;
    }
    if (answer->outcome == DB_FAILED) {
        store_refused (store, WORK_NOTICES, answer->sqlstate);
        say_claimed (store, claim, 0); /* it asks again by itself */
        return;
    }
    store_taken (store, WORK_NOTICES);
    const PGresult *result = answer->results[0];
    unsigned count = (unsigned) PQntuples (result);
    bool emptied = count < claim->room && store->outbox_news < claim->looked;
    store->outbox_empty_until =
        emptied ? reactor_now (store->reactor) + LOOK_EVERY_MS : 0; /* more is there: at once */
    if (count == 0) {
        DL_DELETE (store->claims, claim); /* others that stand may want other channels */
        DL_APPEND (store->claims, claim);
        outbox_rolled_back (store, claim);
        return;
    }
    (void) fault_point (claim_committed);
    for (unsigned row = 0; row < count; row++)
        say_row (store, claim, result, (int) row);
    outbox_committed (store, claim);
}

static void look (struct store *store, struct db *db, struct claim *claim)
{
    uint8_t count[8], channels[8];
    struct db_value values[] = {value_id (&claim->dispatch), value_int4 (count, claim->room),
                                value_int4 (channels, (int64_t) claim->channels)};
    claim->state = CLAIM_LOOKS;
    claim->looked = ++store->outbox_clock;
    struct db_unit *unit = db_begin (db, on_looked, claim);
    db_binary (unit);
    db_add (unit, SQL_claim_notices, values, array_len (values));
    db_end (unit);
}

void outbox_has_news (struct store *store, unsigned count)
{
    store->notices += count;
    store->outbox_news = ++store->outbox_clock;
    store->outbox_empty_until = 0;
}

/* What is known of the outbox says nothing to a claim for what waits beside it: that looks once by itself. */
static bool may_look (const struct store *store, const struct claim *claim, int64_t now)
{
    return now >= store->outbox_empty_until ||
           (!(claim->channels & CHANNELS_FRESH) && !claim->looked);
}

void outbox_flush (struct store *store)
{
    int64_t now = reactor_now (store->reactor);
    struct db *db = store->ready && can_tell (store) ? lane_any (&store->others) : NULL;
    struct claim *claim, *next;
    DL_FOREACH_SAFE (store->claims, claim, next) {
        if (claim->state != CLAIM_STANDS)
            continue;
        if (!listener_find (store->notifiers, claim->link))
            claim_free (store, claim);
        else if (db && may_look (store, claim, now)) {
            store->outbox_empty_until = now + LOOK_EVERY_MS; /* one looks for all of them */
            look (store, db, claim);
        } else if (now >= claim->until)
            say_claimed (store, claim, 0);
    }
}

/* ---- messages ------------------------------------------------------------------------------ */

void outbox_claim (struct store *store, struct link *from, const struct msg_claim *asked)
{
    struct claim *claim = xcalloc (1, sizeof *claim);
    uint64_t wait = asked->wait < WAIT_MOST_MS ? asked->wait : WAIT_MOST_MS;
    *claim =
        (struct claim){.store = store,
                       .link = link_number (from),
                       .ref = asked->ref,
                       .dispatch = id_zero (&asked->dispatch) ? id_random () : asked->dispatch,
                       .channels = asked->channels ? asked->channels & INT32_MAX : CHANNELS_OLD,
                       .room = asked->count < 1             ? 1
                               : asked->count > STORE_BATCH ? STORE_BATCH
                                                            : (unsigned) asked->count,
                       .until = reactor_now (store->reactor) + (int64_t) wait};
    DL_APPEND (store->claims, claim);
    (void) fault_point (claim_received);
}

void outbox_give_back (struct store *store, const struct id *dispatch)
{
    struct claim *claim, *next;
    DL_FOREACH_SAFE (store->claims, claim, next) {
        if (!id_equal (&claim->dispatch, dispatch))
            continue;
        claim->given_back = true;
        if (claim->state == CLAIM_STANDS)
            say_claimed (store, claim, 0);
        return;
    }
}

void outbox_end (struct store *store)
{
    struct claim *claim, *next;
    DL_FOREACH_SAFE (store->claims, claim, next)
        claim_free (store, claim);
}
