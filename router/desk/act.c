/* act.c - acts on cases: which ones fit, one, many at once; a lease renewed; the next case.
 *
 * What fits is common/domain/lifecycle.def's, by the state and the reader's roles where the case is.
 * Each form has its act's idempotency key in it, so a double click, a reload and a repeat after silence act
 * once.  Whether an act is right is the store's to judge; what is offered here is what fits the state that
 * was shown.  Words that somebody typed are never lost: an act that had no effect shows them again.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "desk.h"
#include "domain/lifecycle.h"
#include "domain/number.h"

/* ---- which acts fit ---------------------------------------------------------------------------- */

/* Beside the lifecycle's own table (state, step, role): what the assignment must be for it. */
enum {
    READY = 1 << WORK_ready,
    LEASED = 1 << WORK_leased,
    PARKED = 1 << WORK_parked,
    HELD = LEASED | 1 << WORK_taken | 1 << WORK_waiting,
    OPEN = READY | HELD | 1 << WORK_delayed | PARKED,
    DONE = 1 << WORK_done,
};

static const struct offer {
    enum step step;
    unsigned work;                  /* of the viewer's assignment; 0: never by it */
    bool lead;                      /* only the lead's */
    bool above;                     /* also by a coordinator above the holder, of the complaint */
    const char *if_true, *if_false; /* what of the assignment must be so; NULL: nothing */
    enum { MINE, ANYBODYS, THEIRS } whose; /* where it is leased: by whom */
} offers[] = {
    {STEP_ack, LEASED, false, false, NULL, NULL, MINE},
    {STEP_nack, LEASED, false, false, NULL, NULL, MINE},
    {STEP_release, LEASED | PARKED, false, false, NULL, NULL, MINE},
    {STEP_park, HELD, false, false, NULL, NULL, MINE},
    {STEP_take_on, OPEN, true, false, NULL, NULL, MINE},
    {STEP_answer, HELD, false, false, NULL, "drafts", MINE},
    {STEP_progress, HELD, false, false, NULL, "drafts", MINE},
    /* not under a lease: it would keep the approver away */
    {STEP_draft, OPEN & ~(unsigned) LEASED, true, false, "drafts", NULL, MINE},
    {STEP_approve, OPEN, true, false, "approves", NULL, MINE},
    {STEP_send_back, OPEN, true, false, "approves", NULL, MINE},
    {STEP_ask, HELD, true, false, NULL, "drafts", MINE},
    {STEP_hand_back, HELD, false, false, NULL, "bond", MINE},
    {STEP_verify, OPEN, true, true, NULL, "verified_above", MINE},
    {STEP_assign, HELD, true, true, NULL, NULL, MINE},
    {STEP_support, HELD, true, false, NULL, NULL, MINE},
    {STEP_correct, OPEN, true, true, NULL, NULL, MINE},
    {STEP_split, HELD, true, true, NULL, NULL, MINE},
    {STEP_close, HELD, true, true, "closes", NULL, MINE},
    {STEP_archive, OPEN, true, true, NULL, NULL, MINE},
    {STEP_block, OPEN, true, true, NULL, NULL, MINE},
    {STEP_chase, 0, true, true, NULL, NULL, MINE},
    {STEP_merge, HELD, true, false, NULL, NULL, MINE},
    {STEP_link, HELD, true, false, NULL, NULL, MINE},
    {STEP_take_over, LEASED, false, false, NULL, NULL, THEIRS},
    {STEP_note, OPEN, false, true, NULL, NULL, ANYBODYS},
    {STEP_publish, OPEN | DONE, true, true, NULL, NULL, MINE},
    {STEP_unpublish, OPEN | DONE, true, true, NULL, NULL, MINE},
};

static json_int_t number_in (const json_t *row, const char *key)
{
    return json_integer_value (json_object_get (row, key));
}

static bool so (const json_t *row, const char *key)
{
    const json_t *value = json_object_get (row, key);
    return json_is_true (value) || json_integer_value (value) != 0;
}

/* Does the assignment let him say it, whatever the lifecycle says? */
static bool offer_fits (const struct offer *offer, const json_t *own, enum state state)
{
    json_int_t work = number_in (own, "work");
    if (!own || !(offer->work & (1u << work)) || (offer->lead && !so (own, "lead")))
        return false;
    if (work == WORK_leased && offer->whose != ANYBODYS &&
        so (own, "mine") != (offer->whose == MINE))
        return false;
    /* of a case that was placed already it would be an event and nothing else */
    if (offer->step == STEP_take_on && state == STATE_assigned && work != WORK_ready)
        return false;
    return (!offer->if_true || so (own, offer->if_true)) &&
           (!offer->if_false || !so (own, offer->if_false));
}

/* Is there something to release, or to hold?  Not while it is secret. */
static bool public_fits (enum step step, const json_t *found)
{
    bool held = so (found, "held"), hidden = so (found, "secret") || so (found, "oversight");
    return step == STEP_publish     ? held && !hidden
           : step == STEP_unpublish ? !held && !hidden
                                    : true;
}

/* The assignment that he would act on: the one that he has leased, else one of his agencies that is open, the lead's first; of a
 * case that is over the lead's. */
static json_t *assignment_own (const json_t *found)
{
    json_t *row, *own = NULL;
    size_t at;

    json_array_foreach (json_object_get (found, "assignments"), at, row) {
        json_int_t work = number_in (row, "work");
        if (!(number_in (row, "roles") & (1 << ACTOR_agency_admin | 1 << ACTOR_liaison)) &&
            !json_is_true (json_object_get (row, "appointed")))
            continue;
        bool mine = work == WORK_leased && json_is_true (json_object_get (row, "mine"));
        bool over = work == WORK_done && !so (row, "lead");
        if (!over && (!own || mine))
            own = row;
    }
    return own;
}

void act_offer (struct visit *visit)
{
    json_t *found = json_object_get (visit->values, "case"), *acts = json_object ();
    json_t *own = assignment_own (found);
    enum state state = (enum state) number_in (found, "state");
    json_int_t above = number_in (found, "above");
    bool leased = number_in (own, "work") == WORK_leased, mine = so (own, "mine");

    for (size_t i = 0; i < array_len (offers); i++) {
        const struct offer *offer = &offers[i];
        bool here = offer_fits (offer, own, state) &&
                    lifecycle_allows (offer->step, state, (unsigned) number_in (own, "roles"));
        bool from_above = !own && above && offer->above &&
                          lifecycle_allows (offer->step, state, 1u << ACTOR_coordinator);
        if ((here || from_above) && public_fits (offer->step, found))
            json_object_set_new (acts, step_word (offer->step), json_true ());
    }
    if (own)
        json_object_set (visit->values, "own", own);
    json_object_set_new (visit->values, "leased", json_boolean (leased && mine));
    json_object_set_new (visit->values, "busy", json_boolean (leased && !mine));
    json_object_set_new (visit->values, "any_act", json_boolean (json_object_size (acts) > 0));
    json_object_set_new (visit->values, "acts", acts);
}

/* ---- one act ----------------------------------------------------------------------------------- */

static uint32_t act_named (const char *word)
{
    for (uint32_t act = 1; word && act < 256; act++)
        if (strcmp (aduan_act_word (act), word) == 0)
            return act;
    return 0;
}

/* A number of the form; false, and the visit's detail names it: it is none, or does not fit. */
static bool number_read (struct visit *visit, const char *name, uint64_t most, uint64_t *ret)
{
    const char *text = visit_said (visit, name);
    const json_t *value = json_object_get (visit->body, name);
    char *end = NULL;
    *ret = 0;
    if (text ? !*text : !value || json_is_null (value))
        return true;
    errno = 0;
    if (text && *text >= '0' && *text <= '9')
        *ret = strtoull (text, &end, 10);
    if (end && !*end && errno == 0 && *ret <= most)
        return true;
    snprintf (visit->detail, sizeof visit->detail, "%s", name);
    *ret = 0;
    return false;
}

/* Its numbers, each as wide as the message has it. */
static bool numbers_read (struct visit *visit, struct aduan_act *act)
{
    const struct {
        const char *name;
        uint32_t *narrow;
        uint64_t *wide;
    } numbers[] = {{"agency", &act->agency, NULL},         {"version", NULL, &act->version},
                   {"complaint", NULL, &act->complaint},   {"delay_ms", &act->delay_ms, NULL},
                   {"reason", &act->reason, NULL},         {"suggested", &act->suggested, NULL},
                   {"class", &act->complaint_class, NULL}, {"category", &act->category, NULL},
                   {"anonymous", &act->anonymous, NULL},   {"secret", &act->secret, NULL},
                   {"ending", &act->ending, NULL},         {"asks", &act->asks, NULL},
                   {"event", &act->event, NULL},           {"drafted", &act->drafted, NULL}};
    for (size_t i = 0; i < array_len (numbers); i++) {
        uint64_t value;
        if (!number_read (visit, numbers[i].name, numbers[i].wide ? INT64_MAX : UINT32_MAX, &value))
            return false;
        if (numbers[i].wide)
            *numbers[i].wide = value;
        else
            *numbers[i].narrow = (uint32_t) value;
    }
    return true;
}

/* Are tracking number and id of one case?  The number is its id's last 60 bits. */
static bool are_one (const char *number, const uint8_t at[16])
{
    uint64_t bits;
    struct id id;
    memcpy (id.at, at, sizeof id.at);
    return number_parse (view_of (number), &bits) == 0 && bits == number_bits (&id);
}

/* Everything that an act may carry but its case, from the form's fields of the same names.  False, and the visit's
 * detail names the field. */
static bool act_read (struct visit *visit, struct aduan_act *act)
{
    *act = (struct aduan_act){
        .act = act_named (visit_said (visit, "act")),
        .text = visit_said (visit, "text"),
        .region = visit_said (visit, "region"),
        .title = visit_said (visit, "title"),
        .body = visit_said (visit, "body"),
        .session = visit->session,
        .attachments = visit->files.digests,
        .attachments_len = (size_t) visit->files.count * DIGEST_BYTES,
    };
    visit_id (visit, "other", act->other);
    visit_key (visit, act->key);
    if (!act->act)
        snprintf (visit->detail, sizeof visit->detail, "act");
    return act->act && numbers_read (visit, act);
}

/* The same, on the case of the path. */
static bool act_read_here (struct visit *visit, struct aduan_act *act)
{
    if (!act_read (visit, act))
        return false;
    if (act->agency && visit_id (visit, "id", act->id) &&
        are_one (visit_parameter (visit, "number"), act->id))
        return true;
    snprintf (visit->detail, sizeof visit->detail, "%s", act->agency ? "id" : "agency");
    return false;
}

/* Why it had no effect, as key of a text; NULL: it had one. */
static const char *acted_fault (const struct aduan_acted *acted, char key[64])
{
    switch (acted->result) {
    case ADUAN_DONE: return NULL;
    case ADUAN_STALE:
    case ADUAN_REFUSED:
        if (strcmp (acted->field, "attachments") == 0)
            return "act_files";
        snprintf (key, 64, "act_%s", acted->reason ? aduan_reason_word (acted->reason) : "refused");
        return key;
    case ADUAN_UNKNOWN: return "act_unknown";
    default: return "store_down";
    }
}

static unsigned fault_status (const struct aduan_acted *acted)
{
    if (acted->reason == REASON_SESSION)
        return 401;
    if (acted->reason == REASON_BUSY)
        return 503;
    return acted->result == ADUAN_STALE ? 409 : acted->result == ADUAN_REFUSED ? 422 : 503;
}

static void on_one (void *with, const struct aduan_acted *acted)
{
    struct visit *visit = with;
    char key[64];
    const char *fault = acted_fault (acted, key);
    const char *number = visit_parameter (visit, "number");

    if (!fault && visit->api) {
        json_t *done =
            json_pack ("{s:s, s:s, s:I}", "result", "done", "act", visit_said (visit, "act"),
                       "version", (json_int_t) acted->version);
        http_json (visit->request, 200, done);
        json_decref (done);
        return;
    }
    if (!fault) {
        char *path = xformat ("/cases/%s?said=%s", number, visit_said (visit, "act"));
        http_redirect (visit->request,
                       strspn (number, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == strlen (number)
                           ? path
                           : "/inbox");
        free (path);
        return;
    }
    snprintf (visit->detail, sizeof visit->detail, "%s", acted->field);
    visit_typed (visit);
    visit_refuse (visit, fault_status (acted), fault);
}

static void act_say (struct visit *visit)
{
    struct aduan_act act;
    if (!act_read_here (visit, &act)) {
        visit_refuse (visit, 422, "act_value");
        return;
    }
    aduan_act_start (visit->desk->aduan, &act, ACT_MS, on_one, visit);
}

static void act_files (struct visit *visit)
{
    files_take (visit, act_say);
}

/* Nobody's files are written; of whoever brings none the store judges. */
void act_one (struct visit *visit)
{
    if (files_brought (visit))
        stay_prove (visit, act_files);
    else
        act_say (visit);
}

/* ---- a lease renewed by the page's script ------------------------------------------------------ */

static void on_renewed (void *with, const struct aduan_acted *acted)
{
    struct visit *visit = with;
    char key[64];
    const char *fault = acted_fault (acted, key);
    json_t *said =
        fault ? json_pack ("{s:s}", "result", fault)
              : json_pack ("{s:s, s:I}", "result", "done", "version", (json_int_t) acted->version);
    http_json (visit->request, fault ? fault_status (acted) : 200, said);
    json_decref (said);
}

void act_renew (struct visit *visit)
{
    struct aduan_act act;
    if (!act_read_here (visit, &act) || act.act != ADUAN_ACT_EXTEND) {
        visit_refuse (visit, 422, "act_value");
        return;
    }
    act.delay_ms = LEASE_MS;
    aduan_act_start (visit->desk->aduan, &act, ACT_MS, on_renewed, visit);
}

/* ---- many at once ------------------------------------------------------------------------------ */

/* One marked case: its field `mark` is "id agency version number". */
struct mark {
    struct visit *visit;
    unsigned at;
    char number[20];
    char fault[64]; /* "" : done */
};

struct bulk {
    unsigned count;
    uint32_t suggested; /* agency that is named for all of them; 0: none */
    struct mark marks[BULK_MOST];
};

static void bulk_over (struct visit *visit)
{
    const struct bulk *bulk = visit->work;
    json_t *results = json_array ();
    unsigned done = 0;

    for (unsigned i = 0; i < bulk->count; i++) {
        done += !*bulk->marks[i].fault;
        json_array_append_new (
            results, json_pack ("{s:s, s:s, s:b}", "number", bulk->marks[i].number, "fault",
                                bulk->marks[i].fault, "done", !*bulk->marks[i].fault));
    }
    json_object_set_new (visit->values, "results", results);
    json_object_set_new (visit->values, "act", json_string (visit_said (visit, "act")));
    json_object_set_new (visit->values, "done", json_integer (done));
    json_object_set_new (visit->values, "failed", json_integer (bulk->count - done));
    json_object_set_new (
        visit->values, "typed",
        json_string (visit_said (visit, "text") ? visit_said (visit, "text") : ""));
    page_greet (visit, "bulk");
}

static void on_mark (void *with, const struct aduan_acted *acted)
{
    struct mark *mark = with;
    char key[64];
    const char *fault = acted_fault (acted, key);
    snprintf (mark->fault, sizeof mark->fault, "%s", fault ? fault : "");
    visit_came (mark->visit, bulk_over);
}

static bool mark_read (const char *text, struct aduan_act *act, char number[20])
{
    char id[40];
    unsigned long agency, version;
    struct id read;
    if (sscanf (text, "%39s %lu %lu %19s", id, &agency, &version, number) != 4 ||
        id_parse (id, &read) != 0 || agency > UINT32_MAX || !are_one (number, read.at))
        return false;
    memcpy (act->id, read.at, sizeof act->id);
    act->agency = (uint32_t) agency;
    act->version = version;
    return true;
}

/* What is no number of a reason becomes one that no act has. */
static uint32_t reason_said (struct visit *visit, const char *name)
{
    uint64_t number = visit_number (visit, name);
    return number <= UINT32_MAX ? (uint32_t) number : UINT32_MAX;
}

/* What belongs to one of the acts alone has a field of its own there: several stand in one form. */
static void bulk_fields (struct visit *visit, const struct bulk *bulk, struct aduan_act *act)
{
    if (act->act == ADUAN_ACT_CLOSE)
        act->reason = reason_said (visit, "resolution");
    if (act->act == ADUAN_ACT_HAND_BACK)
        act->reason = reason_said (visit, "back");
    if (act->act == ADUAN_ACT_HAND_BACK || act->act == ADUAN_ACT_ASSIGN)
        act->suggested = bulk->suggested;
}

static void bulk_say (struct visit *visit)
{
    struct bulk *bulk = visit->work;
    uint8_t key[16];

    visit_key (visit, key);
    visit_wait (visit);
    for (size_t i = 0; i < http_field_count (visit->request) && bulk->count < BULK_MOST; i++) {
        const struct http_field *field = http_field (visit->request, i);
        struct mark *mark = &bulk->marks[bulk->count];
        struct aduan_act act;
        if (strcmp (field->name, "mark") != 0)
            continue;
        if (!act_read (visit, &act) || !mark_read (field->value.at, &act, mark->number))
            continue;
        bulk_fields (visit, bulk, &act);
        /* the form's key and the case's id: the same on a repeat, another for each case */
        crypto_generichash (act.key, sizeof act.key, act.id, sizeof act.id, key, sizeof key);
        mark->visit = visit;
        bulk->count++;
        visit_wait (visit);
        aduan_act_start (visit->desk->aduan, &act, ACT_MS, on_mark, mark);
    }
    visit_came (visit, bulk_over);
}

/* Nothing happened to any of them; what was typed is kept. */
static void bulk_refuse (struct visit *visit, const char *why)
{
    visit_typed (visit);
    visit_fail (visit, 422, why);
    page_greet (visit, "fault");
}

/* The agency that was named: by its code, or by words that no other one has. */
static void bulk_named (struct visit *visit)
{
    struct bulk *bulk = visit->work;
    const json_t *found = json_object_get (visit->values, "found"), *row, *meant = NULL;
    const char *to = visit_said (visit, "to");
    size_t at;

    json_array_foreach (found, at, row) {
        const char *code = json_string_value (json_object_get (row, "code"));
        if (!meant || strcmp (code, to) == 0)
            meant = strcasecmp (code, to) == 0 || json_array_size (found) == 1 ? row : meant;
    }
    if (!visit->fault && meant) {
        bulk->suggested = (uint32_t) number_in (meant, "number");
        bulk_say (visit);
        return;
    }
    bulk_refuse (visit, "bulk_agency");
}

static void bulk_proved (struct visit *visit)
{
    static const struct question named = {"found", "desk_agencies", false, {"$to", "=2"}};
    const char *to = visit_said (visit, "to");
    uint32_t act = act_named (visit_said (visit, "act"));

    /* Enter in a field presses the form's first button, which names no act: none may happen by accident */
    if (!act) {
        bulk_refuse (visit, "bulk_act");
        return;
    }
    if (files_brought (visit)) { /* its form has no field for any */
        bulk_refuse (visit, "act_files");
        return;
    }
    if (to && *to && (act == ADUAN_ACT_HAND_BACK || act == ADUAN_ACT_ASSIGN))
        page_ask (visit, &named, bulk_named);
    else
        bulk_say (visit);
}

/* A hundred acts take the store's time, whether or not they are somebody's. */
void act_many (struct visit *visit)
{
    visit->work = xcalloc (1, sizeof (struct bulk));
    stay_prove (visit, bulk_proved);
}

/* ---- the next case ----------------------------------------------------------------------------- */

static void on_assigned (void *with, const struct aduan_assignment *assignment)
{
    struct visit *visit = with;
    json_t *cases = json_object_get (visit->values, "cases");
    json_array_append_new (cases,
                           json_pack ("{s:s, s:s, s:I, s:I, s:I, s:s, s:s%}", "id",
                                      hex_text (assignment->id, sizeof assignment->id), "number",
                                      assignment->number, "agency", (json_int_t) assignment->agency,
                                      "version", (json_int_t) assignment->version, "lease_ms",
                                      (json_int_t) assignment->lease_ms, "title",
                                      assignment->title ? assignment->title : "", "text",
                                      assignment->text ? assignment->text : "",
                                      assignment->text ? assignment->text_len : 0));
}

static void on_pulled (void *with, const struct aduan_pulled *pulled)
{
    struct visit *visit = with;
    json_t *cases = json_object_get (visit->values, "cases");

    if (pulled->result == ADUAN_REFUSED && pulled->reason == REASON_SESSION) {
        twice_answer (visit, false, NULL, 401, "session");
    } else if (pulled->result == ADUAN_REFUSED && pulled->reason == REASON_BUSY) {
        twice_answer (visit, false, NULL, 503, "act_busy");
    } else if (pulled->result == ADUAN_REFUSED) {
        twice_answer (visit, false, NULL, 403, "act_scope");
    } else if (pulled->result != ADUAN_DONE) {
        twice_answer (visit, false, NULL, 503, "store_down");
    } else if (visit->api) {
        json_t *said = json_pack ("{s:O}", "cases", cases);
        http_json (visit->request, 200, said);
        json_decref (said);
    } else if (json_array_size (cases) == 0) {
        twice_answer (visit, false, "/inbox?said=none", 0, NULL);
    } else {
        char *path = xformat (
            "/cases/%s", json_string_value (json_object_get (json_array_get (cases, 0), "number")));
        twice_answer (visit, true, path, 0, NULL);
        free (path);
    }
}

static void next_pull (struct visit *visit)
{
    static const uint32_t most = 64;
    uint32_t agencies[64];
    size_t count = 0, at;
    json_t *row, *self = json_object_get (visit->values, "self");
    const char *wanted = visit_said (visit, "agency_code");

    if (visit->fault || json_array_size (self) == 0) {
        visit_refuse (visit, visit->fault ? visit->fault : 401,
                      visit->fault ? visit->why : "session");
        return;
    }
    json_array_foreach (json_object_get (json_array_get (self, 0), "appointments"), at, row) {
        const char *code = json_string_value (json_object_get (row, "agency"));
        json_int_t role = json_integer_value (json_object_get (row, "role"));
        if (count < most && role <= 7 && (!wanted || !*wanted || strcmp (wanted, code) == 0))
            agencies[count++] =
                (uint32_t) json_integer_value (json_object_get (row, "agency_number"));
    }
    if (count == 0) {
        visit_refuse (visit, 403, "act_scope");
        return;
    }
    if (twice_seen (visit))
        return;
    uint64_t wants = visit_number (visit, "count");
    json_object_set_new (visit->values, "cases", json_array ());
    aduan_pull_start (
        visit->desk->aduan,
        &(struct aduan_pull){.agencies = agencies,
                             .agency_count = count,
                             .count = wants && wants <= 20 && visit->api ? (uint32_t) wants : 1,
                             .lease_ms = LEASE_MS,
                             .session = visit->session},
        PULL_MS, on_assigned, on_pulled, visit);
}

static const struct question reader = {"self", "desk_self", false, {NULL}};

void act_next (struct visit *visit)
{
    page_ask (visit, &reader, next_pull);
}
