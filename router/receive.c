/* receive.c - the offers role: decide, pass on, bring STORED back.
 *
 * An intake's credit is paid back when its record has left for the store, so the store's credit is
 * what all intakes together may have under way; what the store cannot take yet is held, decided
 * later, and bounded by the credit that was granted.
 */
#include "router.h"
#include "decide/decide.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

struct held_offer {
    struct parcel parcel;
    uint64_t intake; /* number of its link */
    struct held_offer *prev, *next;
};

#ifdef ADUAN_FAULTS
/* A text that kills, and one that hangs, the decision: planted by tests. */
static void planted (const struct msg_content *content)
{
    const char *kill_text = getenv ("ADUAN_TEST_KILL_TEXT"),
               *hang_text = getenv ("ADUAN_TEST_HANG_TEXT");
    if (kill_text && *kill_text &&
        memmem (content->text.at, content->text.len, kill_text, strlen (kill_text)))
        abort ();
    while (hang_text && *hang_text &&
           memmem (content->text.at, content->text.len, hang_text, strlen (hang_text)))
        usleep (1000);
}
#else
#define planted(content) ((void) 0)
#endif

static void count_decision (unsigned rung, unsigned permille)
{
    metric_add (router_offers_total, 1);
    metric_add_by (router_decisions_total, rung, 1);
    metric_observe (router_confidence_ratio, permille);
}

/* Those that are there, as the wire says them; lent until the next call with the same room. */
static struct wire_list list_of (const uint32_t agencies[DECIDE_SUPPORTERS],
                                 uint64_t room[DECIDE_SUPPORTERS])
{
    uint32_t count = 0;
    for (; count < DECIDE_SUPPORTERS && agencies[count]; count++)
        room[count] = agencies[count];
    return (struct wire_list){room, count};
}

static void fill_place (const struct decision *decision, const struct routing *routing,
                        struct msg_place *place)
{
    static uint64_t supporters[DECIDE_SUPPORTERS], copies[DECIDE_SUPPORTERS];
    place->agency = decision->agency;
    place->rung = decision->rung;
    place->confidence = decision->confidence;
    place->class = decision->class;
    place->secret = decision->secret ? FLAG_YES : 0;
    place->oversight = decision->oversight ? FLAG_YES : 0;
    place->priority = decision->priority;
    place->region = view_of (decision->region);
    place->function = decision->function;
    place->registry = registry_version (routing->registry);
    place->rules = routing->rules_version;
    place->record = view_of (decision->record);
    place->supporters = list_of (decision->supporters, supporters);
    place->asks = decision->asks;
    place->copies = list_of (decision->copies, copies);
}

static struct question question_of (uint64_t received, const struct msg_submit *submit,
                                    const struct msg_content *content)
{
    return (struct question){.title = content->title,
                             .text = content->text,
                             .location = submit->location,
                             .place = submit->place,
                             .target = submit->target,
                             .class = submit->class,
                             .channel = submit->channel,
                             .priority = submit->priority,
                             .doubt = submit->doubt,
                             .category = submit->category,
                             .received = (int64_t) received,
                             .latitude = (int32_t) submit->latitude,
                             .longitude = (int32_t) submit->longitude};
}

/* Decides where it may be read; else it goes on as it is, and the store gives it to the national
 * desk. */
static void decide_offer (struct router *router, struct parcel *offer, struct decision *decision,
                          struct msg_place *place)
{
    struct wire_fault fault;
    place->rung = 6;
    if (offer->said[0].offer.mode == MODE_UNDECIDED) {
        metric_add (router_undecided_total, 1);
        return;
    }
    const struct wire_message *submit = parcel_read (offer, 1, WIRE_submit, &fault);
    const struct wire_message *content =
        submit ? parcel_read (offer, 2, WIRE_content, &fault) : NULL;
    if (!content) {
        log_limited (LOG_ERROR, "%s: an offer that cannot be read (%s) goes on undecided",
                     id_text (&offer->said[0].offer.id), fault.text);
        return;
    }
    planted (&content->content);
    const struct routing *routing = inforce_routing (router->inforce);
    if (submit->submit.kind == KIND_REPLY || submit->submit.kind == KIND_COMPLETION ||
        submit->submit.kind == KIND_REOPENING)
        place->alarms = decide_alarms (routing, content->content.text) ? FLAG_YES : 0;
    if (submit->submit.kind != KIND_COMPLAINT)
        return;
    struct question question =
        question_of (offer->said[0].offer.received, &submit->submit, &content->content);
    decide (routing, &question, decision);
    fill_place (decision, routing, place);
    count_decision (decision->rung, decision->confidence);
    log_debug ("%s: agency %u by rung %u", id_text (&offer->said[0].offer.id), decision->agency,
               decision->rung);
}

/* 0, or FAIL_CREDIT or FAIL_GONE: then the offer is the caller's still. */
static int pass_on (struct router *router, uint64_t intake, struct parcel *offer)
{
    static struct decision decision;
    struct msg_place place = {.route = intake};
    struct parcel parcel = {0};
    if (link_can_send (router->store, WIRE_CLASS_REST) == 0)
        return FAIL_CREDIT;
    decide_offer (router, offer, &decision, &place);
    (void) fault_point (decided);
    parcel_add (&parcel, WIRE_place, &place);
    for (unsigned i = 0; i < offer->frames && i < 3; i++)
        parcel_add_frame (&parcel, offer, i);
    int result = link_send (router->store, &parcel);
    parcel_done (&parcel);
    if (result != 0)
        return result;
    struct link *from = listener_find (router->intakes, intake);
    if (from)
        link_credit (from, WIRE_CLASS_REST, 1);
    return 0;
}

static void hold (struct router *router, uint64_t intake, struct parcel *offer)
{
    struct held_offer *held = xcalloc (1, sizeof *held);
    parcel_move (&held->parcel, offer);
    held->intake = intake;
    DL_APPEND (router->held, held);
    router->held_count++;
}

static void on_offer (void *owner, struct link *from, struct parcel *parcel)
{
    struct router *router = owner;
    (void) fault_point (offer_received);
    if (!inforce_routing (router->inforce) || router->held ||
        pass_on (router, link_number (from), parcel) != 0)
        hold (router, link_number (from), parcel);
}

static void let_go (struct router *router, struct held_offer *held)
{
    DL_DELETE (router->held, held);
    router->held_count--;
    parcel_done (&held->parcel);
    free (held);
}

void receive_flush (struct router *router)
{
    struct wire_fault fault;
    while (inforce_routing (router->inforce) && router->held &&
           link_can_send (router->store, WIRE_CLASS_REST)) {
        struct held_offer *held = router->held;
        if (!parcel_read (&held->parcel, 0, WIRE_offer, &fault) ||
            pass_on (router, held->intake, &held->parcel) == 0)
            let_go (router, held);
        else
            return;
    }
}

/* [origin][stored] from the store: to the intake it came from, if that is still there. */
void receive_stored (struct router *router, struct parcel *parcel)
{
    struct link *intake = listener_find (router->intakes, parcel->said[0].origin.route);
    if (!intake || parcel->frames < 2)
        return; /* it offers again, and the answer will be the same */
    struct parcel answer = {0};
    parcel_add_frame (&answer, parcel, 1);
    link_send (intake, &answer);
    parcel_done (&answer);
    (void) fault_point (stored_relayed);
}

/* The facts as an intake would offer them, with who is not to have it again. */
static void decide_again (struct router *router, const struct msg_redecide *asked,
                          const struct msg_submit *submit, const struct msg_content *content,
                          struct msg_place *place)
{
    static struct decision decision;
    const struct routing *routing = inforce_routing (router->inforce);
    struct question question = question_of (asked->received, submit, content);
    planted (content);
    question.suggested = asked->suggested <= UINT32_MAX ? (uint32_t) asked->suggested : 0;
    for (uint32_t i = 0; i < asked->refusers.count && i < DECIDE_REFUSERS; i++)
        question.refusers[question.refuser_count++] = (uint32_t) asked->refusers.at[i];
    question.holder = asked->holder <= UINT32_MAX ? (uint32_t) asked->holder : 0;
    question.cleared = asked->cleared == FLAG_YES;
    question.since = asked->since;
    decide (routing, &question, &decision);
    fill_place (&decision, routing, place);
}

void receive_redecide (struct router *router, struct parcel *parcel)
{
    const struct msg_redecide *asked = &parcel->said[0].redecide;
    struct msg_redecided redecided = {.id = asked->id, .event = asked->event};
    struct msg_place place = {.rung = 6};
    struct wire_fault fault;
    (void) fault_point (redecide_received);
    if (!inforce_routing (router->inforce))
        return; /* the store says it again */
    const struct wire_message *submit = parcel_read (parcel, 1, WIRE_submit, &fault);
    const struct wire_message *content =
        submit ? parcel_read (parcel, 2, WIRE_content, &fault) : NULL;
    if (content)
        decide_again (router, asked, &submit->submit, &content->content, &place);
    metric_add (router_redecided_total, 1);
    struct parcel answer = {0};
    parcel_add (&answer, WIRE_redecided, &redecided);
    parcel_add (&answer, WIRE_place, &place);
    link_send (router->store, &answer);
    parcel_done (&answer);
}

static void say_reoffer (struct link *link, void *with)
{
    (void) with;
    link_say (link, WIRE_reoffer, &(struct msg_reoffer){0});
}

void receive_reoffer (struct router *router)
{
    listener_each (router->intakes, say_reoffer, NULL);
}

static void on_want (void *owner, struct link *from, struct parcel *parcel)
{
    struct router *router = owner;
    snapshots_wanted (router->snapshots, from, &parcel->said[0].want);
}

/* What an intake offered before it went is offered again when it is back. */
static void intake_down (void *owner, struct link *link)
{
    struct router *router = owner;
    struct held_offer *held, *next;
    snapshots_gone (router->snapshots, link);
    DL_FOREACH_SAFE (router->held, held, next)
        if (held->intake == link_number (link))
            let_go (router, held);
}

void receive_end (struct router *router)
{
    while (router->held)
        let_go (router, router->held);
}

static link_message_fn *const handlers[WIRE_LAST] = {
    [WIRE_offer] = on_offer, [WIRE_want] = on_want};
const struct link_hooks intake_hooks = {.handlers = handlers, .down = intake_down};
