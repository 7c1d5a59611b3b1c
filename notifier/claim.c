/* claim.c - the conversation with the store: claims notices, has them sent, tells what became of them.
 *
 * Called by main.c (hooks, timer, drain) and by smtp.c for each finished letter.  Owns the dispatches.
 * A claim stands with the store until there are notices, or its wait is over; then the next one goes
 * out, at the latest on a slow scan.  `told` is repeated until `heard`, also across new
 * links and a restarted store: what was sent must not become `unknown` for want of a message.
 *
 * When the link breaks: a dispatch that is still FILLING is given back untried, and so is a claim
 * whose answer got lost whole (its dispatch has the number that we drew for it); told is then shorter
 * than the dispatch, which tells the store what never arrived.  Everything else goes on, and is told
 * on the next link.  When this program dies, the store makes what it held `unknown`.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <utlist.h>
#include "notifier.h"

#define TOLD_REPEAT_MS 10000 /* the store answers within a turn, or its database is away */
#define CLAIM_WAIT_MS  10000 /* how long a claim stands with the store while there is nothing */
#define CLAIM_LOST_MS  30000 /* an answer that did not come by then is given back */
#define DRAIN_CLAIM_MS                                                                             \
    5000                /* for `heard` of a claim given back; a store without database says none */
#define PARK_ATTEMPT 10 /* the store parks a notice at its tenth failure */

static const char *const dispatch_words[] = {"filling", "sending", "telling"};
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

/* FILLING is over.  Frees a dispatch that has nothing that we could use. */
static void dispatch_begin (struct notifier *notifier, struct dispatch *dispatch)
{
    dispatch->state = DISPATCH_SENDING;
    notifier->waiting += dispatch->count;
    if (dispatch->count == 0)
        dispatch_destroy (notifier, dispatch);
}

/* Says the outcomes; without success at_scan and the link's coming up try again. */
static void dispatch_tell (struct notifier *notifier, struct dispatch *dispatch)
{
    uint64_t outcomes[NOTICES_MAX], codes[NOTICES_MAX];

    for (unsigned i = 0; i < dispatch->count; i++) {
        outcomes[i] = dispatch->notices[i].told;
        codes[i] = dispatch->notices[i].code;
    }
    if (!dispatch->told_ref)
        dispatch->told_ref = ++notifier->next_ref;
    struct msg_told told = {.ref = dispatch->told_ref,
                            .dispatch = dispatch->id,
                            .outcomes = {outcomes, dispatch->count},
                            .codes = {codes, dispatch->count}};
    if (link_say (notifier->store, WIRE_told, &told) == 0)
        dispatch->told_at = reactor_now (notifier->reactor);
}

/* A notice has its outcome; its words are forgotten at once. */
static void notice_close (struct notifier *notifier, struct notice *notice, enum told told,
                          uint64_t code)
{
    const struct msg_notice *said = notice_said (notice);
    struct dispatch *dispatch = notice->dispatch;

    if (notice->state == NOTICE_WAITING) {
        notifier->waiting--;
        breaker_idle (&notifier->breaker); /* if it was the probe, it probed nothing */
    }
    if (notice->state == NOTICE_SENDING)
        notifier->sending--;
    bool parked =
        told == TOLD_REFUSED || (told == TOLD_FAILED && code && said->attempt + 1 >= PARK_ATTEMPT);
    metric_add (notifier_sent_total, told == TOLD_SENT);
    metric_add (notifier_failed_total, told == TOLD_FAILED && code);
    metric_add (notifier_unknown_total, told == TOLD_UNKNOWN);
    metric_add (notifier_parked_total, parked);
    if (told == TOLD_SENT)
        log_debug ("%s: event %" PRIu64 ", %.*s: sent", id_text (&said->id), said->event,
                   (int) said->template.len, said->template.at);
    else if (told == TOLD_UNKNOWN)
        log_warning ("%s: event %" PRIu64 ": outcome unknown (code %" PRIu64
                     "): the gateway had the text and gave no answer; it is not sent again",
                     id_text (&said->id), said->event, code);
    else if (code || told == TOLD_REFUSED)
        log_limited (LOG_WARNING, "%s: event %" PRIu64 ": %s with code %" PRIu64 "; %s",
                     id_text (&said->id), said->event, told_word (told), code,
                     parked ? "parked until a person looks" : "the store will have it tried again");
    notice->state = NOTICE_DONE;
    notice->told = told;
    notice->code = code;
    parcel_done (&notice->parcel);
    if (++dispatch->done == dispatch->count && dispatch->state == DISPATCH_SENDING) {
        dispatch->state = DISPATCH_TELLING;
        dispatch_tell (notifier, dispatch);
    }
}

/* Everything that was not begun goes back to the store untried (code 0 raises no attempt). */
static void give_back (struct notifier *notifier)
{
    struct dispatch *dispatch, *next;

    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next)
        for (unsigned i = 0; dispatch->state == DISPATCH_SENDING && i < dispatch->count; i++)
            if (dispatch->notices[i].state == NOTICE_WAITING)
                notice_close (notifier, &dispatch->notices[i], TOLD_FAILED, 0);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Opens the contact and composes.  0 and *ret, or the outcome that the notice has without a letter. */
static enum told notice_compose (struct notifier *notifier, const struct msg_notice *said,
                                 struct letter *ret)
{
    struct contact contact = {0};

    if (said->contact.len == 0)
        return TOLD_REFUSED;
    int fail = contact_open (notifier->keys, said->contact_key_id, said->contact, &contact);
    if (fail) {
        log_limited (LOG_ERROR,
                     "%s: contact key %" PRIu64 " %s; is %s/contact-%" PRIu64
                     ".key there and readable, and the right one?",
                     id_text (&said->id), said->contact_key_id,
                     fail == FAIL_ABSENT ? "is absent" : "does not open the contact",
                     notifier->keys, said->contact_key_id);
        return fail == FAIL_ABSENT ? TOLD_FAILED : TOLD_REFUSED;
    }
    if (!view_is (contact.kind, "email"))
        fail = FAIL_REFUSED; /* no gateway for it here */
    else
        fail = letter_compose (said, &contact, &notifier->head, wall_ms (), ret);
    contact_done (&contact);
    if (fail == FAIL_ABSENT)
        log_limited (LOG_ERROR,
                     "%s: no template '%s' in this notifier; is it older than the store?",
                     id_text (&said->id), log_text (said->template.at, said->template.len));
    return fail == 0 ? 0 : fail == FAIL_ABSENT ? TOLD_FAILED : TOLD_REFUSED;
}

static void notice_send (struct notifier *notifier, struct notice *notice)
{
    struct letter letter = {0};

    enum told told = notice_compose (notifier, notice_said (notice), &letter);
    if (told) {
        /* Code 1 marks a failure of our own, which counts as an attempt, unlike code 0. */
        notice_close (notifier, notice, told, told == TOLD_FAILED ? 1 : 0);
        return;
    }
    if (fault_point (notice_before_send)) {
        letter_done (&letter);
        notice_close (notifier, notice, TOLD_FAILED, 1);
        return;
    }
    struct mail *mail = xcalloc (1, sizeof *mail);
    mail->letter = letter;
    mail->with = notice;
    notice->state = NOTICE_SENDING;
    notifier->waiting--;
    notifier->sending++;
    smtp_send (notifier->smtp, &mail);
}

/* Starts as many as the gateway is to have at once. */
static void send_turn (struct notifier *notifier)
{
    struct dispatch *dispatch, *next;

    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next) {
        for (unsigned i = 0; dispatch->state == DISPATCH_SENDING && i < dispatch->count; i++) {
            if (notifier->sending >= notifier->parallel)
                return;
            if (dispatch->notices[i].state == NOTICE_WAITING)
                notice_send (notifier, &dispatch->notices[i]);
        }
    }
}

void on_mail_done (void *owner, struct mail *mail)
{
    struct notifier *notifier = owner;
    struct notice *notice = mail->with;

    struct judgement judgement = retry_judge (mail->stage, mail->reply, mail->error);
    mail_free (mail);
    if (judgement.told == TOLD_SENT && fault_point (notice_sent))
        judgement.told = TOLD_UNKNOWN;
    bool opened = breaker_saw (&notifier->breaker, &judgement, reactor_now (notifier->reactor));
    notice_close (notifier, notice, judgement.told, judgement.code);
    if (opened)
        give_back (notifier);
    claim_turn (notifier);
}

/* ---- claiming -------------------------------------------------------------------------------- */

static void claim_say (struct notifier *notifier)
{
    /* At least half of what may be in hand at once: one half is sent while the other is told. */
    if (notifier->claiming || !notifier->hinted || notifier->draining || !notifier->smtp ||
        notifier->held * 2 > notifier->claim || notifier->dispatch_count >= DISPATCHES_MAX)
        return;
    unsigned count = breaker_allows (&notifier->breaker, reactor_now (notifier->reactor),
                                     notifier->claim - notifier->held);
    if (count == 0)
        return;
    struct msg_claim claim = {.ref = notifier->next_ref + 1,
                              .count = count,
                              .dispatch = id_random (),
                              .wait = CLAIM_WAIT_MS};
    if (link_say (notifier->store, WIRE_claim, &claim) != 0)
        return;
    breaker_probes (&notifier->breaker);
    notifier->next_ref++;
    notifier->claiming = true;
    notifier->hinted = false;
    notifier->claim_ref = claim.ref;
    notifier->claim_dispatch = claim.dispatch;
    notifier->claim_count = count;
    notifier->claim_at = reactor_now (notifier->reactor);
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
    breaker_idle (&notifier->breaker);
    DL_FOREACH_SAFE (notifier->dispatches, dispatch, next) {
        if (dispatch->state != DISPATCH_FILLING)
            continue;
        found = found || id_equal (&dispatch->id, &notifier->claim_dispatch);
        unsigned count = dispatch->count; /* begun only to be given back at once, untried */
        dispatch_begin (notifier, dispatch);
        for (unsigned i = 0; i < count; i++)
            notice_close (notifier, &dispatch->notices[i], TOLD_FAILED, 0);
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

static void tell_all (struct notifier *notifier)
{
    int64_t before = reactor_now (notifier->reactor) - TOLD_REPEAT_MS;
    struct dispatch *dispatch;

    DL_FOREACH (notifier->dispatches, dispatch)
        if (dispatch->state == DISPATCH_TELLING &&
            (dispatch->told_at == 0 || dispatch->told_at < before))
            dispatch_tell (notifier, dispatch);
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
    tell_all (notifier);
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
 * on_claimed - the answer is whole: now sending may begin.
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
            dispatch_begin (notifier, dispatch);
    }
    if (said->ref == notifier->claim_ref) {
        int64_t stood = reactor_now (notifier->reactor) - notifier->claim_at;
        notifier->claiming = false;
        /* a store that answers "none" at once is left alone until the scan */
        notifier->hinted = notifier->hinted || said->count > 0 || stood >= CLAIM_WAIT_MS / 2;
        if (said->count == 0)
            breaker_idle (&notifier->breaker);
    }
    if (notifier->draining || breaker_resting (&notifier->breaker))
        give_back (notifier);
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
        dispatch->told_at = 0;
    notifier->hinted = true;
    tell_all (notifier);
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
    webhooks_down (notifier->webhooks);
}

static void on_credit (void *owner, struct link *link)
{
    struct notifier *notifier = owner;
    struct dispatch *dispatch;

    (void) link;
    DL_FOREACH (notifier->dispatches, dispatch)
        if (dispatch->state == DISPATCH_TELLING && dispatch->told_at == 0)
            dispatch_tell (notifier, dispatch);
    claim_turn (notifier);
}

static link_message_fn *const claim_handlers[WIRE_LAST] = {
    [WIRE_notice] = on_notice, [WIRE_claimed] = on_claimed,   [WIRE_heard] = on_heard,
    [WIRE_outbox] = on_outbox, [WIRE_delivery] = on_delivery,
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
    const struct dispatch *dispatch;
    int64_t now = reactor_now (notifier->reactor);

    if (!notifier->draining)
        notifier->drain_until = now + DRAIN_CLAIM_MS;
    notifier->draining = true;
    claim_lost (notifier);
    give_back (notifier);
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
    const struct breaker *breaker = &notifier->breaker;
    const struct dispatch *dispatch;

    buffer_format (out, "gateway %s\n",
                   !notifier->smtp          ? "not set: nothing is claimed"
                   : breaker_open (breaker) ? "left alone"
                                            : "in use");
    if (notifier->draining)
        buffer_format (out, "draining\n");
    buffer_format (out, "faults in a row %u\nwaiting %u\nunder way %u\ndispatches %u\n",
                   breaker->faults, notifier->waiting, notifier->sending, notifier->dispatch_count);
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
