/* claim.c - the conversation with the store: claims notices, has them sent, tells what became of them.
 *
 * Called by main.c (hooks, timer, drain) and by a courier for each finished letter.  Owns the dispatches.
 * A claim stands with the store until there are notices, or its wait is over; then the next one goes
 * out, at the latest on a slow scan.  `told` is repeated until `heard`, also across new
 * links and a restarted store: what was sent must not become `unknown` for want of a message.
 *
 * A notice's gateway follows from its contact, which only we can open.  One whose gateway is away, whose recipient
 * sleeps or has had the day's messages goes back with its channel and the time from which it may be sent, untried: the
 * store keeps it aside, and what waits for one gateway never stands before another's.
 *
 * An address that others named may want no news: its owner said so to aduan-web, and the store has a hash of it (stops.c).  So before
 * a dispatch is sent the store is asked which of its addresses do, until it answers; those are told as skipped.
 *
 * When the link breaks: a dispatch that is still FILLING is given back untried, and so is a claim
 * whose answer got lost whole (its dispatch has the number that we drew for it); told is then shorter
 * than the dispatch, which tells the store what never arrived.  Everything else goes on, and is told
 * on the next link.  When this program dies, the store makes what it held `unknown`.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "domain/token.h"
#include "night.h"
#include "notifier.h"
#include "words.h"

#define SAID_REPEAT_MS 10000 /* the store answers within a turn, or its database is away */
#define CLAIM_WAIT_MS  10000 /* how long a claim stands with the store while there is nothing */
#define CLAIM_LOST_MS  30000 /* an answer that did not come by then is given back */
#define DRAIN_CLAIM_MS                                                                             \
    5000               /* for `heard` of a claim given back; a store without database says none */
#define ZONE         7 /* hours east of UTC where the store does not say: western Indonesian time */
#define AWAKE_MS     900000 /* behind a report: for so long who made it is awake */
#define PARK_ATTEMPT 10     /* the store parks a notice at its tenth failure */

static const char *const dispatch_words[] = {"filling", "asking", "sending", "telling"};
static const char *const notice_words[] = {"waiting", "sending", "done"};

static const struct msg_notice *notice_said (const struct notice *notice)
{
    return &notice->parcel.said[0].notice;
}

/* ---- dispatches ------------------------------------------------------------------------------ */

static struct dispatch *dispatch_find (struct notifier *notifier, const struct id *id)
{
    struct dispatch *dispatch;

    DL_FOREACH (notifier->dispatches, dispatch)
        if (id_equal (&dispatch->id, id))
            return dispatch;
    return NULL;
}

static struct dispatch *dispatch_new (struct notifier *notifier, const struct id *id, uint64_t ref)
{
    struct dispatch *dispatch = xcalloc (1, sizeof *dispatch);

    dispatch->id = *id;
    dispatch->ref = ref;
    DL_APPEND (notifier->dispatches, dispatch);
    notifier->dispatch_count++;
    return dispatch;
}

static void dispatch_destroy (struct notifier *notifier, struct dispatch *dispatch)
{
    for (unsigned i = 0; i < dispatch->count; i++)
        parcel_done (&dispatch->notices[i].parcel);
    DL_DELETE (notifier->dispatches, dispatch);
    notifier->dispatch_count--;
    notifier->held -= dispatch->count;
    free (dispatch->notices);
    free (dispatch);
}

/* Now it may be sent.  Frees a dispatch that has nothing that we could use. */
static void dispatch_begin (struct notifier *notifier, struct dispatch *dispatch)
{
    dispatch->state = DISPATCH_SENDING;
    notifier->waiting += dispatch->count;
    if (dispatch->count == 0)
        dispatch_destroy (notifier, dispatch);
}

/* By which hashes the store knows the addresses of a dispatch that others named.  What cannot be opened now is judged by
 * notice_send. */
static bool dispatch_read (struct notifier *notifier, struct dispatch *dispatch)
{
    bool any = false;

    for (unsigned i = 0; i < dispatch->count; i++) {
        struct notice *notice = &dispatch->notices[i];
        const struct msg_notice *said = notice_said (notice);
        struct contact contact;
        if (!said->contact.len ||
            contact_open (notifier->keys, said->contact_key_id, said->contact, &contact) != 0)
            continue;
        notice->asks = !contact.own && !contact.quiet && who_of (notifier, &contact, notice->who);
        contact_done (&contact);
        any = any || notice->asks;
    }
    return any;
}

/* Asks which of them want no news; without success at_scan and the link's coming up try again. */
static void dispatch_ask (struct notifier *notifier, struct dispatch *dispatch)
{
    uint8_t who[NOTICES_MAX * WHO_LEN];
    size_t len = 0;

    for (unsigned i = 0; i < dispatch->count; i++)
        if (dispatch->notices[i].asks) {
            memcpy (who + len, dispatch->notices[i].who, WHO_LEN);
            len += WHO_LEN;
        }
    if (!dispatch->asked_ref)
        dispatch->asked_ref = ++notifier->next_ref;
    struct msg_heed heed = {.ref = dispatch->asked_ref, .who = {(const char *) who, len}};
    if (link_say (notifier->store, WIRE_heed, &heed) == 0)
        dispatch->asked_at = reactor_now (notifier->reactor);
}

/* FILLING is over.  While the program drains nothing of it will be sent, and nobody need be asked. */
static void dispatch_whole (struct notifier *notifier, struct dispatch *dispatch)
{
    if (notifier->draining || !dispatch_read (notifier, dispatch)) {
        dispatch_begin (notifier, dispatch);
        return;
    }
    dispatch->state = DISPATCH_ASKING;
    dispatch_ask (notifier, dispatch);
}

/* Says the outcomes; without success at_scan and the link's coming up try again. */
static void dispatch_tell (struct notifier *notifier, struct dispatch *dispatch)
{
    uint64_t outcomes[NOTICES_MAX], codes[NOTICES_MAX], channels[NOTICES_MAX], until[NOTICES_MAX];

    for (unsigned i = 0; i < dispatch->count; i++) {
        const struct notice *notice = &dispatch->notices[i];
        outcomes[i] = notice->outcome.told;
        codes[i] = notice->outcome.code;
        channels[i] = notice->gateway ? notice->gateway->kind->channel : 0;
        until[i] = (uint64_t) notice->outcome.until;
    }
    if (!dispatch->told_ref)
        dispatch->told_ref = ++notifier->next_ref;
    struct msg_told told = {.ref = dispatch->told_ref,
                            .dispatch = dispatch->id,
                            .outcomes = {outcomes, dispatch->count},
                            .codes = {codes, dispatch->count},
                            .channels = {channels, dispatch->count},
                            .until = {until, dispatch->count}};
    if (link_say (notifier->store, WIRE_told, &told) == 0)
        dispatch->told_at = reactor_now (notifier->reactor);
}

static void outcome_log (const struct msg_notice *said, const struct fate *outcome)
{
    bool tried = outcome->code && !outcome->until;
    bool parked = outcome->told == TOLD_REFUSED ||
                  (outcome->told == TOLD_FAILED && tried && said->attempt + 1 >= PARK_ATTEMPT);

    metric_add (notifier_sent_total, outcome->told == TOLD_SENT);
    metric_add (notifier_failed_total, outcome->told == TOLD_FAILED && tried);
    metric_add (notifier_unknown_total, outcome->told == TOLD_UNKNOWN);
    metric_add (notifier_parked_total, parked);
    if (outcome->told == TOLD_SENT || outcome->told == TOLD_SKIPPED || outcome->until)
        log_debug ("%s: event %" PRIu64 ", %.*s: %s", id_text (&said->id), said->event,
                   (int) said->template.len, said->template.at,
                   outcome->until ? "waits" : told_word (outcome->told));
    else if (outcome->told == TOLD_UNKNOWN)
        log_warning ("%s: event %" PRIu64 ": outcome unknown (code %" PRIu64
                     "): the gateway had the text and gave no answer; it is not sent again",
                     id_text (&said->id), said->event, outcome->code);
    else if (outcome->code || outcome->told == TOLD_REFUSED)
        log_limited (LOG_WARNING, "%s: event %" PRIu64 ": %s with code %" PRIu64 "; %s",
                     id_text (&said->id), said->event, told_word (outcome->told), outcome->code,
                     parked ? "parked until a person looks" : "the store will have it tried again");
}

/* A notice has its outcome; its words are forgotten at once. */
static void notice_close (struct notifier *notifier, struct notice *notice, struct fate outcome)
{
    struct dispatch *dispatch = notice->dispatch;

    if (notice->state == NOTICE_WAITING) {
        notifier->waiting--;
        gateways_idle (notifier->gateways); /* if it was the probe, it probed nothing */
    }
    if (notice->state == NOTICE_SENDING) {
        notifier->sending--;
        notice->gateway->sending--;
    }
    outcome_log (notice_said (notice), &outcome);
    notice->state = NOTICE_DONE;
    notice->outcome = outcome;
    parcel_done (&notice->parcel);
    if (++dispatch->done == dispatch->count && dispatch->state == DISPATCH_SENDING) {
        dispatch->state = DISPATCH_TELLING;
        dispatch_tell (notifier, dispatch);
    }
}

/* What was not begun goes back to the store untried (code 0 raises no attempt): all of it, or what is known to be
 * `gateway`'s, not before `until`. */
static void give_back (struct notifier *notifier, const struct gateway *gateway, int64_t until)
{
    struct dispatch *dispatch, *next;

    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next)
        for (unsigned i = 0; dispatch->state == DISPATCH_SENDING && i < dispatch->count; i++)
            if (dispatch->notices[i].state == NOTICE_WAITING &&
                (!gateway || dispatch->notices[i].gateway == gateway))
                notice_close (notifier, &dispatch->notices[i],
                              (struct fate){.told = TOLD_FAILED, .until = until});
}

/* ---- sending --------------------------------------------------------------------------------- */

static struct fate refused (enum why why)
{
    return (struct fate){.told = TOLD_REFUSED, .code = why};
}

/* 0, or what becomes of a notice whose contact cannot be opened. */
static struct fate contact_take (struct notifier *notifier, const struct msg_notice *said,
                                 struct contact *ret)
{
    if (said->contact.len == 0)
        return refused (WHY_NO_ADDRESS);
    int fail = contact_open (notifier->keys, said->contact_key_id, said->contact, ret);
    if (!fail)
        return (struct fate){0};
    log_limited (LOG_ERROR,
                 "%s: contact key %" PRIu64 " %s; is %s/contact-%" PRIu64
                 ".key there and readable, and the right one?",
                 id_text (&said->id), said->contact_key_id,
                 fail == FAIL_ABSENT ? "is absent" : "does not open the contact", notifier->keys,
                 said->contact_key_id);
    return (struct fate){.told = fail == FAIL_ABSENT ? TOLD_FAILED : TOLD_REFUSED,
                         .code = WHY_FAULT};
}

/* Who has just reported is awake: he is told so at night, too. */
static bool may_sleep (const struct gateway *gateway, const struct msg_notice *said)
{
    return gateway->kind->sleeps && said->urgent != FLAG_YES &&
           !(is_receipt (said) && wall_ms () - notice_came (said) < AWAKE_MS);
}

/* 0, or why its gateway does not get a notice now. */
static struct fate notice_waits (struct notifier *notifier, const struct notice *notice)
{
    const struct msg_notice *said = notice_said (notice);
    struct gateway *gateway = notice->gateway;
    struct fate wait = {.told = TOLD_FAILED};

    if (!gateway->courier) {
        wait.code = WHY_NO_GATEWAY;
        wait.until = wall_ms (); /* nobody claims it until there is one */
    } else if (may_sleep (gateway, said)) {
        wait.code = WHY_QUIET;
        wait.until = night_end (wall_ms (), said->zone ? (int) said->zone : ZONE,
                                notifier->night_from, notifier->night_to);
    }
    if (!wait.until) {
        wait.code = 0;
        wait.until = gateway_away (gateway, reactor_now (notifier->reactor));
    }
    return wait.until ? wait : (struct fate){0};
}

/* Composes: 0 and *ret, or the outcome that it has without a letter.  *ret_later: neither, but what was spent is not known yet,
 * and claim_turn comes again when it is. */
static struct fate letter_take (struct notifier *notifier, const struct notice *notice,
                                const struct contact *contact, struct letter *ret, bool *ret_later)
{
    const struct msg_notice *said = notice_said (notice);
    const struct gateway *gateway = notice->gateway;
    int64_t now = wall_ms ();

    int fail = gateway->kind->compose (gateway->own, said, contact, now, ret);
    if (fail == FAIL_ABSENT) {
        log_limited (LOG_ERROR,
                     "%s: no template '%s' in this notifier; is it older than the store?",
                     id_text (&said->id), log_text (said->template.at, said->template.len));
        return (struct fate){.told = TOLD_FAILED, .code = WHY_FAULT};
    }
    if (fail)
        return refused (WHY_NO_ADDRESS);
    if (notifier->head.reply_key) {
        struct notice_name name = {said->id, said->event, said->recipient};
        token_of_notice (notifier->head.reply_key, &name, ret->token);
    }
    if (ret->segments && !spending_known (notifier->spending, ret->to, now)) {
        letter_done (ret);
        *ret_later = true;
        return (struct fate){0};
    }
    enum why why =
        ret->segments ? spending_take (notifier->spending, ret->to, ret->segments, now) : 0;
    if (!why)
        return (struct fate){0};
    letter_done (ret);
    return (struct fate){
        .told = TOLD_FAILED,
        .code = why,
        .until = next_morning (now, said->zone ? (int) said->zone : ZONE, notifier->night_to)};
}

static void letter_send (struct notifier *notifier, struct notice *notice,
                         const struct letter *letter)
{
    struct errand *errand = xcalloc (1, sizeof *errand);
    errand->letter = *letter;
    errand->with = notice;
    notice->state = NOTICE_SENDING;
    notifier->waiting--;
    notifier->sending++;
    notice->gateway->sending++;
    courier_send (notice->gateway->courier, &errand);
}

/* 0, or the outcome without which it is not sent at all, or not now. */
static struct fate notice_judge (struct notifier *notifier, const struct notice *notice,
                                 const struct contact *contact)
{
    if (!notice->gateway)
        return refused (WHY_NO_GATEWAY);
    if (contact->quiet)
        return (struct fate){.told = TOLD_SKIPPED, .code = WHY_RECIPIENT_LIMIT};
    if (notice->stopped)
        return (struct fate){.told = TOLD_SKIPPED, .code = WHY_STOPPED};
    if (contact->answered && is_receipt (notice_said (notice)))
        return (struct fate){.told = TOLD_SKIPPED, .code = WHY_ANSWERED};
    return notice_waits (notifier, notice);
}

/* Sends it, or closes it, or leaves it waiting while its gateway has enough under way or nobody knows what was spent.  The
 * contact is open in here alone. */
static void notice_send (struct notifier *notifier, struct notice *notice)
{
    struct contact contact = {0};
    struct letter letter = {0};

    struct fate outcome = contact_take (notifier, notice_said (notice), &contact);
    if (outcome.told) {
        notice_close (notifier, notice, outcome);
        return;
    }
    notice->gateway = gateway_for (notifier->gateways, contact.kind);
    outcome = notice_judge (notifier, notice, &contact);
    bool later = !outcome.told && notice->gateway->sending >= notice->gateway->parallel;
    if (!outcome.told && !later)
        outcome = letter_take (notifier, notice, &contact, &letter, &later);
    contact_done (&contact);
    if (later)
        return;
    if (!outcome.told && fault_point (notice_before_send)) {
        letter_done (&letter);
        outcome = (struct fate){.told = TOLD_FAILED, .code = WHY_FAULT};
    }
    if (outcome.told)
        notice_close (notifier, notice, outcome);
    else
        letter_send (notifier, notice, &letter);
}

static bool gateway_full (const struct gateway *gateway)
{
    return gateway && gateway->sending >= gateway->parallel;
}

/* Starts as many as the gateways are to have at once. */
static void send_turn (struct notifier *notifier)
{
    struct dispatch *dispatch, *next;

    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next)
        for (unsigned i = 0; dispatch->state == DISPATCH_SENDING && i < dispatch->count; i++)
            if (dispatch->notices[i].state == NOTICE_WAITING &&
                !gateway_full (dispatch->notices[i].gateway))
                notice_send (notifier, &dispatch->notices[i]);
}

void on_errand_done (void *owner, struct errand *errand)
{
    struct notifier *notifier = owner;
    struct notice *notice = errand->with;
    int64_t now = reactor_now (notifier->reactor);

    if (!notice) { /* of confirm.c: nobody is told what became of it */
        errand_free (errand);
        return;
    }
    struct gateway *gateway = notice->gateway;

    struct judgement judgement = gateway->kind->judge (errand);
    if (errand->letter.segments)
        spending_settle (notifier->spending, errand->letter.to, errand->letter.segments,
                         judgement.told == TOLD_SENT || judgement.told == TOLD_UNKNOWN);
    errand_free (errand);
    if (judgement.told == TOLD_SENT && fault_point (notice_sent))
        judgement.told = TOLD_UNKNOWN;
    bool opened = breaker_saw (&gateway->breaker, &judgement, now);
    metric_set_by (notifier_gateway_faults, gateway - notifier->gateways, gateway->breaker.faults);
    notice_close (notifier, notice, (struct fate){.told = judgement.told, .code = judgement.code});
    if (opened)
        give_back (notifier, gateway, wall_ms () + gateway->breaker.until - now);
    claim_turn (notifier);
}

/* ---- claiming -------------------------------------------------------------------------------- */

static void claim_say (struct notifier *notifier)
{
    /* At least half of what may be in hand at once: one half is sent while the other is told. */
    if (notifier->claiming || !notifier->hinted || notifier->draining ||
        notifier->held * 2 > notifier->claim || notifier->dispatch_count >= DISPATCHES_MAX)
        return;
    struct gateway *probed;
    uint64_t channels;
    int64_t now = reactor_now (notifier->reactor);
    unsigned count = gateways_claim (notifier->gateways, now, notifier->claim - notifier->held,
                                     &channels, &probed);
    if (count == 0)
        return;
    notifier->claim_wait =
        channels & 1 ? gateways_patience (notifier->gateways, now, CLAIM_WAIT_MS) : 0;
    struct msg_claim claim = {.ref = notifier->next_ref + 1,
                              .count = count,
                              .dispatch = id_random (),
                              .wait = (uint64_t) notifier->claim_wait,
                              .channels = channels};
    if (link_say (notifier->store, WIRE_claim, &claim) != 0)
        return;
    notifier->probed = probed;
    if (probed)
        breaker_probes (&probed->breaker);
    notifier->next_ref++;
    notifier->claiming = true;
    notifier->hinted = false;
    notifier->claim_ref = claim.ref;
    notifier->claim_dispatch = claim.dispatch;
    notifier->claim_channels = channels;
    notifier->claim_at = now;
}

/* The claim is not wanted any more, or its answer will not come, or not whole: what the store may have
 * claimed for us goes back.
 * A dispatch without notices is told with no outcomes; should its notices come all the same, they are
 * too late. */
static void claim_lost (struct notifier *notifier)
{
    struct dispatch *dispatch, *next;
    bool found = false;

    if (!notifier->claiming)
        return;
    notifier->claiming = false;
    gateways_idle (notifier->gateways);
    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next) {
        if (dispatch->state != DISPATCH_FILLING)
            continue;
        found = found || id_equal (&dispatch->id, &notifier->claim_dispatch);
        unsigned count = dispatch->count; /* begun only to be given back at once, untried */
        dispatch_begin (notifier, dispatch);
        for (unsigned i = 0; i < count; i++)
            notice_close (notifier, &dispatch->notices[i], (struct fate){.told = TOLD_FAILED});
    }
    if (found)
        return;
    dispatch = dispatch_new (notifier, &notifier->claim_dispatch, notifier->claim_ref);
    dispatch->state = DISPATCH_TELLING;
    dispatch_tell (notifier, dispatch);
}

void claim_turn (struct notifier *notifier)
{
    send_turn (notifier);
    claim_say (notifier);
}

/* What the store has not answered, or not since `before` (mono_ms). */
static void say_again (struct notifier *notifier, int64_t before)
{
    struct dispatch *dispatch;

    DL_FOREACH (notifier->dispatches, dispatch) {
        if (dispatch->state == DISPATCH_ASKING && dispatch->asked_at <= before)
            dispatch_ask (notifier, dispatch);
        if (dispatch->state == DISPATCH_TELLING && dispatch->told_at <= before)
            dispatch_tell (notifier, dispatch);
    }
}

void at_scan (void *owner)
{
    struct notifier *notifier = owner;

    /* A quarter of jitter: several notifiers do not ask in step. */
    int64_t jitter = (int64_t) randombytes_uniform ((uint32_t) (notifier->scan_ms / 4 + 1));
    reactor_timer_at (notifier->timer,
                      reactor_now (notifier->reactor) + notifier->scan_ms + jitter);
    notifier->hinted = true;
    if (notifier->claiming && !notifier->draining &&
        reactor_now (notifier->reactor) - notifier->claim_at > CLAIM_LOST_MS)
        claim_lost (notifier);
    say_again (notifier, reactor_now (notifier->reactor) - SAID_REPEAT_MS);
    claim_turn (notifier);
}

/* ---- what the store says --------------------------------------------------------------------- */

/*
 * on_notice - one notice of a claim's answer.  It is kept as it came until `claimed` ends the answer.
 */
static void on_notice (void *owner, struct link *from, struct parcel *parcel)
{
    struct notifier *notifier = owner;
    const struct msg_notice *said = &parcel->said[0].notice;

    (void) from;
    struct dispatch *dispatch = dispatch_find (notifier, &said->dispatch);
    log_debug ("%s: notice %" PRIu64 " of dispatch %s: event %" PRIu64 ", attempt %" PRIu64,
               id_text (&said->id), said->position, id_text (&said->dispatch), said->event,
               said->attempt);
    if (!dispatch)
        dispatch = dispatch_new (notifier, &said->dispatch, said->ref);
    if (dispatch->state != DISPATCH_FILLING || said->position != dispatch->count ||
        dispatch->count == NOTICES_MAX) {
        /* Not ours to interpret: whatever is never told of becomes `unknown` in the store. */
        log_limited (LOG_WARNING, "%s: notice out of its order in dispatch %s; left out",
                     id_text (&said->id), id_text (&said->dispatch));
        return;
    }
    if ((dispatch->count & (dispatch->count - 1)) == 0) {
        size_t room = dispatch->count ? dispatch->count * 2u : 1;
        dispatch->notices = xrealloc (dispatch->notices, room * sizeof *dispatch->notices);
    }
    struct notice *notice = &dispatch->notices[dispatch->count++];
    notifier->held++;
    *notice = (struct notice){.dispatch = dispatch};
    parcel_move (&notice->parcel, parcel);
    struct wire_fault fault;
    check (parcel_read (&notice->parcel, 0, WIRE_notice, &fault)); /* it could be read before */
}

/*
 * on_claimed - the answer is whole.
 */
static void on_claimed (void *owner, struct link *from, struct parcel *parcel)
{
    struct notifier *notifier = owner;
    const struct msg_claimed *said = &parcel->said[0].claimed;
    struct dispatch *dispatch, *next;

    (void) from;
    log_debug ("claim %" PRIu64 ": %" PRIu64 " notices", said->ref, said->count);
    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next) {
        if (dispatch->state == DISPATCH_FILLING && dispatch->ref == said->ref)
            dispatch_whole (notifier, dispatch);
    }
    if (said->ref == notifier->claim_ref) {
        int64_t stood = reactor_now (notifier->reactor) - notifier->claim_at;
        notifier->claiming = false;
        /* a store that answers "none" at once is left alone until the scan */
        bool beside = notifier->probed && !(notifier->claim_channels & 1);
        notifier->hinted =
            notifier->hinted || said->count > 0 || stood >= notifier->claim_wait / 2 || beside;
        if (said->count == 0)
            gateways_idle (notifier->gateways);
        if (said->count == 0 && beside) /* nothing waits for it: others have their turn */
            breaker_rests (&notifier->probed->breaker,
                           reactor_now (notifier->reactor) + BREAKER_FIRST_MS);
    }
    if (notifier->draining)
        give_back (notifier, NULL, 0);
    claim_turn (notifier);
}

/*
 * on_unwanted - it is known which of a dispatch's addresses want no news: now sending may begin.
 */
static void on_unwanted (void *owner, struct link *from, struct parcel *parcel)
{
    struct notifier *notifier = owner;
    const struct msg_unwanted *said = &parcel->said[0].unwanted;
    struct dispatch *dispatch, *next;

    (void) from;
    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next) {
        if (dispatch->state != DISPATCH_ASKING || dispatch->asked_ref != said->ref)
            continue;
        for (unsigned i = 0; i < dispatch->count; i++) {
            struct notice *notice = &dispatch->notices[i];
            notice->stopped = notice->asks && who_among (notice->who, said->who);
        }
        dispatch_begin (notifier, dispatch);
    }
    claim_turn (notifier);
}

/*
 * on_heard - the outcomes of a dispatch are committed: it is over.
 */
static void on_heard (void *owner, struct link *from, struct parcel *parcel)
{
    struct notifier *notifier = owner;
    uint64_t ref = parcel->said[0].heard.ref;
    struct dispatch *dispatch, *next;

    (void) from;
    log_debug ("told %" PRIu64 " was heard", ref);
    webhooks_heard (notifier->webhooks, ref);
    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next)
        if (dispatch->state == DISPATCH_TELLING && dispatch->told_ref == ref)
            dispatch_destroy (notifier, dispatch);
    report_heard (notifier, ref);
    claim_turn (notifier);
}

static void on_delivery (void *owner, struct link *from, struct parcel *parcel)
{
    struct notifier *notifier = owner;

    (void) from;
    webhooks_delivery (notifier->webhooks, &parcel->said[0].delivery);
}

static void on_outbox (void *owner, struct link *from, struct parcel *parcel)
{
    struct notifier *notifier = owner;

    (void) from, (void) parcel;
    notifier->hinted = true;
    claim_turn (notifier);
}

static void on_up (void *owner, struct link *link)
{
    struct notifier *notifier = owner;
    struct dispatch *dispatch;

    log_info ("store: connected (%s)", link_name (link));
    DL_FOREACH (notifier->dispatches, dispatch)
        dispatch->asked_at = dispatch->told_at = 0;
    notifier->hinted = true;
    say_again (notifier, 0);
    claim_turn (notifier);
    webhooks_up (notifier->webhooks);
}

static void on_down (void *owner, struct link *link)
{
    struct notifier *notifier = owner;

    (void) link;
    if (!notifier->draining)
        log_warning ("store: the link is down; outcomes are kept and told when it is back");
    claim_lost (notifier);
    reports_forget (notifier);
    webhooks_down (notifier->webhooks);
}

static void on_credit (void *owner, struct link *link)
{
    struct notifier *notifier = owner;

    (void) link;
    say_again (notifier, 0);
    claim_turn (notifier);
}

static link_message_fn *const claim_handlers[WIRE_LAST] = {
    [WIRE_notice] = on_notice, [WIRE_claimed] = on_claimed,   [WIRE_heard] = on_heard,
    [WIRE_outbox] = on_outbox, [WIRE_delivery] = on_delivery, [WIRE_unwanted] = on_unwanted,
};

const struct link_hooks claim_hooks = {
    .handlers = claim_handlers,
    .up = on_up,
    .down = on_down,
    .credit = on_credit,
};

/* ---- the program's life ---------------------------------------------------------------------- */

bool claim_drain (struct notifier *notifier)
{
    struct dispatch *dispatch, *next;
    int64_t now = reactor_now (notifier->reactor);

    if (!notifier->draining)
        notifier->drain_until = now + DRAIN_CLAIM_MS;
    notifier->draining = true;
    claim_lost (notifier);
    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next)
        if (dispatch->state == DISPATCH_ASKING)
            dispatch_begin (notifier, dispatch);
    give_back (notifier, NULL, 0);
    DL_FOREACH (notifier->dispatches, dispatch)
        if (dispatch->count > 0 || now < notifier->drain_until)
            return false;
    return true;
}

void claim_end (struct notifier *notifier)
{
    struct dispatch *dispatch, *next;

    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next) {
        if (dispatch->state != DISPATCH_FILLING && dispatch->count > 0)
            log_warning ("dispatch %s: %u of %u outcomes could not be told; the store will call "
                         "them unknown",
                         id_text (&dispatch->id), dispatch->done, dispatch->count);
        dispatch_destroy (notifier, dispatch);
    }
}

void claim_show (const struct notifier *notifier, struct buffer *out)
{
    const struct dispatch *dispatch;

    gateways_show (notifier->gateways, out);
    if (notifier->draining)
        buffer_format (out, "draining\n");
    buffer_format (out, "waiting %u\nunder way %u\ndispatches %u\n", notifier->waiting,
                   notifier->sending, notifier->dispatch_count);
    DL_FOREACH (notifier->dispatches, dispatch) {
        buffer_format (out, "dispatch %s %s, %u of %u done\n", id_text (&dispatch->id),
                       dispatch_words[dispatch->state], dispatch->done, dispatch->count);
        for (unsigned i = 0; i < dispatch->count; i++) {
            const struct notice *notice = &dispatch->notices[i];
            if (notice->state != NOTICE_DONE)
                buffer_format (out, "  %u %s event %" PRIu64 " %s attempt %" PRIu64 "\n", i,
                               id_text (&notice_said (notice)->id), notice_said (notice)->event,
                               notice_words[notice->state], notice_said (notice)->attempt);
        }
    }
}
