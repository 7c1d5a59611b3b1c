/* decide.c - the oversight filter, then the ladder; the first rung that is sure enough wins.
 *
 *   0  oversight content, by class, category or words: the inspectorate over the accused
 *   1  a target that is named and competent; or the agency that who handed it back suggests
 *   2  operators' rules
 *   3  category x place: which function, and who holds it for the place, walking upwards
 *   4  the words: mandates and the learned model, with the place they name
 *   5  the coordinator of the most exact known place
 *   6  the national desk
 *
 * What a front doubts (submit.doubt) goes from rungs 1 to 4 to rung 5: a coordinator sees it before an agency does.
 * Secrecy, copies, supporters and priority of every matching rule apply whichever rung wins.  Each rung
 * writes its view into the record.
 */
#include "ladder.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

#define SURE_OVERSIGHT   950 /* permille */
#define SURE_TARGET      950
#define SURE_SUGGESTED   900
#define SURE_RULE        970
#define SURE_COORDINATOR 500
#define SURE_NATIONAL    100
#define SURE_HINT        300 /* of a candidate that a rung names without deciding */

#define REGENCY_LEN      5            /* of its code, 33.74 */
#define INSPECTORATE     "PENGAWASAN" /* the function of every inspectorate */

_Static_assert(RULES_ASK_LOCATION == 1 << (ASK_LOCATION - 1) &&
                   RULES_ASK_CONTACT == 1 << (ASK_CONTACT - 1),
               "they go over the wire as they are");
_Static_assert(DECIDE_SUPPORTERS == RULES_COPIES, "what rules name is taken as it is");

const struct thresholds thresholds_usual = {
#define THRESHOLD(field, setting, usual, help) .field = (usual),
#include "thresholds.def"
};

const char *ground_code (enum ground ground)
{
    static const char *const codes[GROUND_LAST] = {
        "none",     "inspectorate", "target", "suggested",   "rule",
        "category", "words",        "model",  "coordinator", "national"};
    return ground < GROUND_LAST ? codes[ground] : codes[GROUND_NONE];
}

/* ---- owners and candidates ------------------------------------------------------------------- */

static bool refused (const struct ladder *ladder, uint32_t agency)
{
    const struct question *question = ladder->question;
    for (uint32_t i = 0; i < question->refuser_count && i < DECIDE_REFUSERS; i++)
        if (question->refusers[i] == agency)
            return true;
    return false;
}

bool ladder_may (const struct ladder *ladder, const struct agency *agency)
{
    uint32_t scope = ladder->question->scope;
    return agency && !refused (ladder, agency->number) &&
           (!scope || registry_below (ladder->registry, agency->number, scope));
}

/* A province that a text names says little where its regencies have units of their own; what is held for
 * all that the place may be is sure. */
static bool held_by_all (const struct ladder *ladder, uint16_t function, unsigned level,
                         const struct agency *holder)
{
    const struct registry *registry = ladder->registry;
    for (size_t i = 0; i < array_len (ladder->found.candidates); i++) {
        struct view candidate = view_of (ladder->found.candidates[i]);
        if (candidate.len && registry_competent (registry, function, candidate, level) != holder)
            return false;
    }
    return registry_competent_below (registry, function, ladder->place, level);
}

const struct agency *ladder_holder (const struct ladder *ladder, uint16_t function, unsigned level,
                                    bool all)
{
    const struct agency *holder =
        registry_competent (ladder->registry, function, ladder->place, level);
    return !all || held_by_all (ladder, function, level, holder) ? holder : NULL;
}

/* Of a confidence, permille, what is left where the owner follows from the place. */
static unsigned by_place (const struct ladder *ladder, unsigned confidence)
{
    return confidence * ladder->place_sure / 1000;
}

void ladder_choose (struct ladder *ladder, const struct agency *agency, unsigned rung,
                    unsigned confidence)
{
    ladder->ret->agency = agency->number;
    ladder->ret->rung = rung;
    ladder->ret->confidence = confidence;
}

void ladder_propose (struct ladder *ladder, const struct agency *agency, uint16_t function,
                     unsigned chance, enum ground ground, const char *parameter)
{
    uint32_t number = agency ? agency->number : 0;
    struct candidate *at = ladder->best;
    if ((agency && !ladder_may (ladder, agency)) || (!agency && !function))
        return;
    if (agency && !function)
        function = agency->function;
    while (at < ladder->best + ladder->best_count &&
           !(number ? at->agency == number : at->function == function))
        at++;
    bool known = at < ladder->best + ladder->best_count;
    if ((!known && ladder->best_count == array_len (ladder->best)) ||
        (known && at->chance >= chance))
        return;
    ladder->best_count += !known;
    *at = (struct candidate){number, function, chance, ground, parameter};
}

/* The best ones, in order; of equal chance the one named first. */
static void keep_best (struct ladder *ladder)
{
    struct candidate *into = ladder->ret->candidates;
    for (int i = 0; i < DECIDE_CANDIDATES; i++) {
        struct candidate *best = NULL;
        for (size_t j = 0; j < ladder->best_count; j++)
            if (ladder->best[j].ground && (!best || ladder->best[j].chance > best->chance))
                best = &ladder->best[j];
        into[i] = best ? *best : (struct candidate){.parameter = ""};
        if (best)
            best->ground = GROUND_NONE;
    }
}

const struct agency *ladder_desk (const struct ladder *ladder)
{
    for (struct view place = ladder->place; place.len; place = region_above (place)) {
        const struct agency *desk = registry_desk (ladder->registry, place);
        if (ladder_may (ladder, desk))
            return desk;
    }
    return NULL;
}

/* ---- rung 0: oversight ----------------------------------------------------------------------- */

/* What the words say, and of whom.  A unit of a government that is named is mostly the one accused; a government says
 * where, and police or a ministry are as often asked for help. */
static struct oversight_view view_words (const struct ladder *ladder)
{
    const struct agency *target = ladder->target;
    bool asked = ladder->question->class == CLASS_INFO_REQUEST;
    bool named = target && target->region[0] && !target->desk;
    return oversight_find (registry_oversight (ladder->registry), ladder->text,
                           (asked ? OVERSIGHT_ASKED : 0) | (named ? OVERSIGHT_NAMED : 0));
}

/* Do the words place it with an inspectorate?  `sure`: permille, at least so surely. */
static bool means_oversight (const struct ladder *ladder, unsigned sure)
{
    const struct opinion *first = ladder->opinions;
    return ladder->opinion_count && first->duty.function && ladder->sure * 1000 >= (float) sure &&
           strcmp (registry_function_code (ladder->registry, first->duty.function), INSPECTORATE) ==
               0;
}

/* `since`: the ladder of what was said later, which has no opinions where nothing was. */
static bool is_oversight (struct ladder *ladder, const struct ladder *since,
                          const struct oversight_view *words)
{
    bool cleared = ladder->question->cleared;
    unsigned sure = ladder->routing->thresholds.rung4;
    if (!cleared && ladder->question->class == CLASS_OVERSIGHT) {
        record_view (ladder, 0, "class", "");
        return true;
    }
    if (!cleared && ladder->category && ladder->category->class == CLASS_OVERSIGHT) {
        record_view (ladder, 0, "category", "");
        return true;
    }
    if (words->phrase) {
        record_view (ladder, 0, "words", words->phrase);
        return true;
    }
    /* what the words place with an inspectorate is its content, and as secret */
    const struct ladder *heard = !cleared && means_oversight (ladder, sure) ? ladder : since;
    if (!means_oversight (heard, sure))
        return false;
    record_view (ladder, 0, "meaning", heard->opinions[0].parameter);
    return true;
}

/* What was said later, looked at for itself. */
static void hear (const struct ladder *ladder, struct ladder *ret)
{
    static struct text text; /* kept: one thread decides */
    static struct question question;
    static const struct view none = {"", 0};
    ret->opinion_count = 0;
    if (!ladder->question->since.len && !ladder->question->cleared)
        return;
    *ret = *ladder;
    ret->opinion_count = 0;
    question = *ladder->question;
    question.category = 0;
    ret->question = &question;
    ret->text = &text;
    text_read (&text, none, question.since, none);
    if (text.count)
        opinion_form (ret);
}

bool decide_alarms (const struct routing *routing, struct view words)
{
    static struct text text;
    static const struct view none = {"", 0};
    const struct question question = {.text = words};
    struct ladder ladder = {
        .routing = routing, .registry = routing->registry, .question = &question, .text = &text};
    text_read (&text, none, words, none);
    if (oversight_find (registry_oversight (routing->registry), &text, OVERSIGHT_NAMED).phrase)
        return true;
    opinion_form (&ladder);
    return means_oversight (&ladder, 0);
}

/* The inspectorate of this node, NULL where it has none that may have it; never the accused one. */
static const struct agency *inspectorate_of (const struct ladder *ladder, struct view node)
{
    char code[64];
    int len = snprintf (code, sizeof code, "%.*s/%s", (int) node.len, node.at, INSPECTORATE);
    if (len < 0 || (size_t) len >= sizeof code)
        return NULL;
    const struct agency *found =
        registry_agency_by_code (ladder->registry, (struct view){code, (size_t) len});
    bool may = found && found->inspectorate && found != ladder->target &&
               found != ladder->accused && ladder_may (ladder, found);
    return may ? found : NULL;
}

/* Of the accused central body, or of the one above it in the tree. */
static const struct agency *inspectorate_of_body (const struct ladder *ladder)
{
    const struct agency *body = ladder->accused;
    for (; body && body->parent; body = registry_agency (ladder->registry, body->parent)) {
        const struct agency *found = inspectorate_of (ladder, view_of (body->code));
        if (found)
            return found;
    }
    return NULL;
}

/* Whose inspectorate is the lowest that judges, "" for the nation's: that of the government which the accused
 * belongs to; of the next one above where the words accuse the government itself, or anything its inspectorate.
 * A government that is named as target says where: most reporters can name no other. */
static struct view judging_region (const struct ladder *ladder, unsigned accused)
{
    const struct agency *target = ladder->accused;
    struct view region = target ? view_of (target->region) : ladder->place;
    if (accused & ACCUSED_NATION)
        return (struct view){"", 0};
    while (region.len > REGENCY_LEN)
        region = region_above (region);
    bool above = accused & ACCUSED_ABOVE || (target && target->inspectorate) ||
                 (accused & ACCUSED_PROVINCE && region.len > PROVINCE_LEN);
    return above ? region_above (region) : region;
}

/* The lowest that may judge the accused; NULL: none. */
static const struct agency *inspectorate_over (const struct ladder *ladder, unsigned accused)
{
    const struct agency *found = NULL;
    if (ladder->accused && !ladder->accused->region[0] && !(accused & ACCUSED_NATION))
        found = inspectorate_of_body (ladder);
    struct view region = judging_region (ladder, accused);
    for (; !found && region.len; region = region_above (region))
        found = inspectorate_of (ladder, region);
    return found ? found
                 : inspectorate_of (ladder, view_of (registry_root (ladder->registry)->code));
}

/* No other rung is asked: the accused and its superiors are nobody's candidates. */
static void to_inspectorate (struct ladder *ladder, unsigned accused)
{
    const struct agency *inspectorate = inspectorate_over (ladder, accused);
    const struct agency *scope = registry_agency (ladder->registry, ladder->question->scope);
    if (!inspectorate)
        record_view (ladder, 0, "no-inspectorate", "");
    ladder_choose (ladder,
                   inspectorate ? inspectorate
                   : scope      ? scope
                                : registry_root (ladder->registry),
                   0, SURE_OVERSIGHT);
    ladder_propose (ladder, inspectorate, 0, SURE_OVERSIGHT, GROUND_INSPECTORATE, "");
    ladder->ret->oversight = ladder->ret->secret = true;
    ladder->ret->class = CLASS_OVERSIGHT;
    memset (ladder->ret->copies, 0, sizeof ladder->ret->copies);
    memset (ladder->ret->supporters, 0, sizeof ladder->ret->supporters);
}

/* Where a function is held in this matter: as the category says, else the words; 0: neither. */
static unsigned level_of_category (const struct ladder *ladder, uint16_t function)
{
    unsigned level = ladder->category ? ladder->category->level : 0;
    return level ? level : opinion_level (ladder, function);
}

/* ---- rung 1: a named target ------------------------------------------------------------------ */

/* Do the words say for sure that it is somebody else's duty? */
static bool words_against (const struct ladder *ladder, const struct agency *agency)
{
    const struct duty *first = &ladder->opinions[0].duty;
    return ladder->opinion_count &&
           ladder->sure * 1000 >= (float) ladder->routing->thresholds.rung4 &&
           (agency->function ? first->function != agency->function
                             : first->agency != agency->number);
}

/* What the registry says against it: NULL, or the view's code.  Of the function it is the category that
 * speaks; where there is none, words that are sure of another one. */
static const char *incompetent (const struct ladder *ladder, const struct agency *agency)
{
    const struct category *category = ladder->category;
    if (agency->region[0] && ladder->place.len &&
        !region_within (ladder->place, view_of (agency->region)))
        return "other-place";
    if (category && category->agency && category->agency != agency->number)
        return "other-function";
    if (ladder->function && agency->function != ladder->function)
        return "other-function";
    if (!category && words_against (ladder, agency))
        return "other-function";
    if (agency->function && ladder->place.len > PROVINCE_LEN && !ladder->vague &&
        registry_competent (ladder->registry, agency->function, ladder->place,
                            level_of_category (ladder, agency->function)) != agency)
        return "other-holder";
    return NULL;
}

/* A government as a whole says where, not who: the rungs below look for its unit, and end at its
 * coordinator. */
static bool rung_target (struct ladder *ladder)
{
    const struct agency *target = ladder->target;
    if (ladder->question->target.len == 0 || !target) {
        if (ladder->question->target.len)
            record_view (ladder, 1, "unknown-target", "");
        return false;
    }
    const char *against = !ladder_may (ladder, target) ? "not-possible"
                          : target->desk               ? "government"
                                                       : incompetent (ladder, target);
    if (against) {
        record_view (ladder, 1, against, target->code);
        if (!target->desk)
            ladder_propose (ladder, target, 0, SURE_HINT, GROUND_TARGET, "");
        return false;
    }
    record_view (ladder, 1, "target", target->code);
    ladder_choose (ladder, target, 1, SURE_TARGET);
    ladder_propose (ladder, target, 0, SURE_TARGET, GROUND_TARGET, "");
    return true;
}

/* Is it its duty: by its own function, as an agency, or as the central body whose unit has the function? */
static bool has_duty (const struct ladder *ladder, const struct agency *agency,
                      const struct duty *duty)
{
    static const struct view nation = {"", 0};
    if (!duty->function)
        return duty->agency == agency->number;
    const struct agency *central = registry_holder (ladder->registry, duty->function, nation);
    return duty->function == agency->function ||
           (agency->central && central &&
            registry_below (ladder->registry, central->number, agency->number));
}

/* By the category, or by the first three that the words name; where they name none, too: the category is
 * what was refused. */
static bool duty_agrees (const struct ladder *ladder, const struct agency *agency)
{
    const struct duty of_category = {.function = ladder->function};
    if (ladder->function && has_duty (ladder, agency, &of_category))
        return true;
    for (size_t i = 0; i < ladder->opinion_count && i < 3; i++)
        if (has_duty (ladder, agency, &ladder->opinions[i].duty))
            return true;
    return ladder->opinion_count == 0;
}

/* Who hands it back knows the field, but is a party: he is followed where category or words agree.  A
 * coordinator whom he names is asked as one; the national desk is nobody's suggestion. */
static bool rung_suggested (struct ladder *ladder)
{
    const struct agency *suggested =
        registry_agency (ladder->registry, ladder->question->suggested);
    if (!ladder->question->suggested)
        return false;
    if (!suggested || !ladder_may (ladder, suggested)) {
        record_view (ladder, 1, "suggested-not-possible", suggested ? suggested->code : "");
        return false;
    }
    bool in_place = !suggested->region[0] || !ladder->place.len ||
                    region_within (ladder->place, view_of (suggested->region));
    bool agreed =
        in_place && (suggested->desk ? suggested->region[0] != 0 : duty_agrees (ladder, suggested));
    record_view (ladder, 1, agreed ? "suggested" : "suggested-only", suggested->code);
    ladder_propose (ladder, suggested, 0, agreed ? SURE_SUGGESTED : SURE_HINT, GROUND_SUGGESTED,
                    "");
    if (agreed)
        ladder_choose (ladder, suggested, suggested->desk ? 5 : 1, SURE_SUGGESTED);
    return agreed;
}

/* ---- rung 2: operators' rules ---------------------------------------------------------------- */

static void match_rules (struct ladder *ladder)
{
    const struct question *question = ladder->question;
    struct decision *ret = ladder->ret;
    ladder->rules.owner_rule = -1;
    if (!ladder->routing->rules)
        return;
    struct rules_facts facts = {.text = ladder->text,
                                .class = ret->class,
                                .channel = question->channel,
                                .category = ladder->category ? ladder->category->number : 0,
                                .place = ladder->place,
                                .received = question->received};
    rules_match (ladder->routing->rules, &facts, &ladder->rules);
    if (ladder->rules.priority && ladder->rules.priority < ret->priority)
        ret->priority = ladder->rules.priority;
    ret->secret = ladder->rules.secret;
    ret->asks = ladder->rules.asks;
    memcpy (ret->copies, ladder->rules.copies, sizeof ret->copies);
    memcpy (ret->supporters, ladder->rules.support, sizeof ret->supporters);
    for (unsigned i = 0; i < ladder->rules.matched_count; i++)
        record_view (ladder, 2, "matched",
                     rules_name (ladder->routing->rules, ladder->rules.matched[i]));
}

static bool rung_rules (struct ladder *ladder)
{
    const struct rules_verdict *verdict = &ladder->rules;
    if (verdict->owner_rule < 0)
        return false;
    const char *name = rules_name (ladder->routing->rules, (size_t) verdict->owner_rule);
    const struct agency *owner =
        verdict->agency
            ? registry_agency (ladder->registry, verdict->agency)
            : registry_competent (ladder->registry, verdict->function, ladder->place, 0);
    bool vague =
        verdict->function && ladder->vague && !held_by_all (ladder, verdict->function, 0, owner);
    if (vague || !ladder_may (ladder, owner)) {
        record_view (ladder, 2, vague ? "place-vague" : "not-possible", name);
        ladder_propose (ladder, NULL, verdict->function, SURE_HINT, GROUND_RULE, name);
        return false;
    }
    record_view (ladder, 2, "rule", name);
    ladder_choose (ladder, owner, 2, SURE_RULE);
    ladder_propose (ladder, owner, verdict->function, SURE_RULE, GROUND_RULE, name);
    return true;
}

/* ---- rung 3: category x place ---------------------------------------------------------------- */

/* Who holds the category at the place, whatever else is known; says why nobody does. */
static const struct agency *holder_of_category (struct ladder *ladder)
{
    const struct category *category = ladder->category;
    const struct agency *holder = NULL;
    if (!category) {
        record_view (ladder, 3, ladder->question->category ? "unknown-category" : "no-category",
                     "");
    } else if (category->agency) {
        holder = registry_agency (ladder->registry, category->agency);
        record_view (ladder, 3, "category-agency", holder ? holder->code : "");
    } else if (!ladder->function) {
        record_view (ladder, 3, "category-without-function", "");
    } else if (ladder->place.len == 0) {
        /* the nation's holder would be a guess: most functions are local */
        record_view (ladder, 3, "no-place",
                     registry_function_code (ladder->registry, ladder->function));
        ladder_propose (ladder, NULL, ladder->function, category->sure, GROUND_CATEGORY, "");
    } else {
        holder = ladder_holder (ladder, ladder->function,
                                level_of_category (ladder, ladder->function), ladder->vague);
        record_view (ladder, 3,
                     holder          ? "category-place"
                     : ladder->vague ? "place-vague"
                                     : "nobody-holds",
                     holder ? holder->code
                            : registry_function_code (ladder->registry, ladder->function));
    }
    if (holder && !ladder_may (ladder, holder)) {
        record_view (ladder, 3, "not-possible", holder->code);
        return NULL;
    }
    return holder;
}

static bool rung_category (struct ladder *ladder)
{
    const struct agency *holder = holder_of_category (ladder);
    if (!holder)
        return false;
    unsigned sure = ladder->category->sure;
    if (!ladder->category->agency)
        sure = by_place (ladder, sure);
    ladder_propose (ladder, holder, ladder->function, sure, GROUND_CATEGORY, "");
    if (sure < ladder->routing->thresholds.rung3) {
        record_view (ladder, 3, "words-first", "");
        ladder->leaning = holder;
        return false;
    }
    ladder_choose (ladder, holder, 3, sure);
    return true;
}

/* What rung 3 was not sure of, and rung 4 neither: better than a person who has to read it first. */
static bool rung_category_after_all (struct ladder *ladder)
{
    if (ladder->leaning)
        ladder_choose (ladder, ladder->leaning, 3, ladder->category->sure);
    return ladder->leaning != NULL;
}

/* ---- rung 4: the words ----------------------------------------------------------------------- */

/* Where its holder refused, the one above it is worth a person's look. */
static void propose_opinion (struct ladder *ladder, const struct opinion *opinion,
                             const struct agency *holder, unsigned chance)
{
    uint16_t function = opinion->duty.function;
    const struct agency *refuser =
        !holder && function && ladder->place.len && !ladder->vague
            ? registry_competent (ladder->registry, function, ladder->place, opinion->level)
            : NULL;
    if (refuser && refuser->region[0]) {
        holder = registry_competent (ladder->registry, function,
                                     region_above (view_of (refuser->region)), 0);
        chance /= 2;
    }
    if (!refuser || holder)
        ladder_propose (ladder, holder, function, chance, opinion->ground, opinion->parameter);
}

static bool rung_national (struct ladder *ladder)
{
    const struct agency *root = registry_agency (ladder->registry, ladder->question->scope);
    if (!root)
        root = registry_root (ladder->registry);
    record_view (ladder, 6, "national", root->code);
    ladder_choose (ladder, root, 6, SURE_NATIONAL);
    ladder_propose (ladder, root, 0, 0, GROUND_NATIONAL, "");
    return true;
}

static bool rung_words (struct ladder *ladder)
{
    const char *why = ladder->opinion_count == 0 ? "no-words" : NULL;
    unsigned sure = (unsigned) (ladder->sure * 1000);
    if (ladder->opinion_count && ladder->opinions[0].duty.function)
        sure = by_place (ladder, sure);
    const struct agency *first = NULL;
    for (size_t i = 0, chance = sure; i < ladder->opinion_count; i++) {
        const struct opinion *opinion = &ladder->opinions[i];
        const struct agency *holder = opinion_holder (ladder, opinion);
        /* the first one is as sure as it was measured to be; the others share the rest, in their order */
        size_t share = i == 0 ? sure
                              : (size_t) ((1 - ladder->sure) * opinion->chance * 1000 /
                                          (1.0001f - ladder->opinions[0].chance));
        chance = share < chance ? share : chance;
        propose_opinion (ladder, opinion, holder, (unsigned) chance);
        first = i == 0 ? holder : first;
    }
    if (!why && !first)
        why = !ladder->opinions[0].duty.function ? "nobody-holds"
              : !ladder->place.len               ? "no-place"
              : ladder->vague                    ? "place-vague"
                                                 : "nobody-holds";
    if (!why && sure < ladder->routing->thresholds.rung4)
        why = "not-sure";
    if (why) {
        record_view (ladder, 4, why, ladder->opinion_count ? ladder->opinions[0].parameter : "");
        return false;
    }
    record_view (ladder, 4, ground_code (ladder->opinions[0].ground),
                 ladder->opinions[0].parameter);
    if (registry_national (ladder->registry, first) &&
        !refused (ladder, registry_root (ladder->registry)->number)) {
        record_view (ladder, 4, "verify-national", first->code);
        return rung_national (ladder);
    }
    ladder_choose (ladder, first, 4, sure);
    return true;
}

/* ---- rungs 5 and 6: a coordinator, the national desk ----------------------------------------- */

static bool rung_coordinator (struct ladder *ladder)
{
    if (!ladder->place.len) /* what the reporter is asked for first */
        ladder->ret->asks |= RULES_ASK_LOCATION;
    const struct agency *desk = ladder_desk (ladder);
    if (!desk) {
        record_view (ladder, 5, ladder->place.len ? "no-coordinator" : "no-place", "");
        return false;
    }
    record_view (ladder, 5, "coordinator", desk->code);
    ladder_choose (ladder, desk, 5, SURE_COORDINATOR);
    ladder_propose (ladder, desk, 0, 0, GROUND_COORDINATOR, "");
    return true;
}

/* The last one always wins. */
static bool (*const rungs[]) (struct ladder *ladder) = {
    rung_target, rung_suggested,          rung_rules,       rung_category,
    rung_words,  rung_category_after_all, rung_coordinator, rung_national};

/* Whichever rung has won: a person sees it first, with what the rungs thought, and places it as any other.  The reporter is
 * asked nothing and nobody else is told.  Oversight content does not come here: a coordinator may be among the accused. */
static void rung_doubt (struct ladder *ladder)
{
    static const char *const views[DOUBT_LAST] = {[DOUBT_TRAP] = "doubt-trap",
                                                  [DOUBT_HASTE] = "doubt-haste",
                                                  [DOUBT_FLOOD] = "doubt-flood",
                                                  [DOUBT_SOURCE] = "doubt-source"};
    struct decision *ret = ladder->ret;

    if (!ladder->question->doubt)
        return;
    record_view (ladder, 5, views[ladder->question->doubt], "");
    if (ret->rung < 5 && !rung_coordinator (ladder))
        rung_national (ladder);
    ret->priority = PRIORITY_BULK;
    ret->asks = 0;
    memset (ret->copies, 0, sizeof ret->copies);
    memset (ret->supporters, 0, sizeof ret->supporters);
}

/* An agency may forward below itself what the router gives it. */
static void go_no_deeper (struct ladder *ladder)
{
    struct decision *ret = ladder->ret;
    const struct agency *owner = registry_agency (ladder->registry, ret->agency),
                        *routed = registry_routed (ladder->registry, owner);
    if (ret->rung > 4 || routed == owner || !ladder_may (ladder, routed))
        return;
    record_view (ladder, ret->rung, "depth", routed->code);
    ret->agency = routed->number;
}

/* Who has the work with a complaint is not told of it besides. */
static void leave_out (uint32_t *agencies, uint32_t owner)
{
    size_t kept = 0;
    for (size_t i = 0; i < DECIDE_SUPPORTERS; i++)
        if (agencies[i] != owner)
            agencies[kept++] = agencies[i];
    memset (agencies + kept, 0, (DECIDE_SUPPORTERS - kept) * sizeof *agencies);
}

/* ---- the decision ---------------------------------------------------------------------------- */

/* The most exact level of the place that the registry knows. */
static struct view known_place (const struct registry *registry, struct view place)
{
    while (place.len && !registry_has_region (registry, place))
        place = region_above (place);
    return place;
}

/* Takes over what the text says more exactly than what is known. */
static void read_place (struct ladder *ladder)
{
    place_find (registry_gazetteer (ladder->registry), ladder->text, ladder->place, &ladder->found);
    struct view found = view_of (ladder->found.code);
    if (ladder->found.sure == PLACE_NONE || !region_within (found, ladder->place) ||
        (found.len == ladder->place.len && ladder->found.sure == PLACE_SURE))
        return; /* nothing new */
    record_view (ladder, 4, ladder->found.sure == PLACE_SURE ? "place" : "place-ambiguous",
                 ladder->found.code);
    ladder->place = known_place (ladder->registry, found);
    ladder->place_sure = ladder->found.certain;
    ladder->vague = ladder->found.sure == PLACE_AMBIGUOUS || ladder->place.len <= PROVINCE_LEN;
}

/* A form's field, or the scope's region, and what the text names in it; where that is no regency, the region
 * of a government that was named. */
static void find_place (struct ladder *ladder)
{
    const struct question *question = ladder->question;
    const struct agency *scope = registry_agency (ladder->registry, question->scope);
    ladder->place_sure = 1000;
    ladder->place = known_place (ladder->registry, question->place);
    ladder->vague = ladder->place.len && ladder->place.len < question->place.len;
    if (ladder->place.len < question->place.len)
        record_view (ladder, 3, "unknown-place", "");
    if (!ladder->place.len && scope)
        ladder->place = view_of (scope->region);
    read_place (ladder);
    if (ladder->place.len > PROVINCE_LEN || !ladder->target || !ladder->target->desk)
        return;
    struct view named = view_of (ladder->target->region);
    if (named.len && region_within (named, ladder->place)) {
        ladder->place = named;
        ladder->place_sure = 1000;
        ladder->vague = false;
        read_place (ladder);
    }
}

static void set_up (struct ladder *ladder)
{
    const struct question *question = ladder->question;
    struct decision *ret = ladder->ret;
    ladder->category = registry_category (ladder->registry, question->category);
    ladder->function = ladder->category ? ladder->category->function : 0;
    ladder->target = registry_agency_by_code (ladder->registry, question->target);
    ladder->accused = registry_agency (ladder->registry, question->holder);
    if (!ladder->accused || (ladder->accused->desk && !ladder->accused->region[0]))
        ladder->accused = ladder->target; /* the national desk has what nobody has placed yet */
    record_begin (ladder);
    find_place (ladder);
    memcpy (ret->region, ladder->place.len ? ladder->place.at : "", ladder->place.len);
    ret->class = question->class ? question->class : ladder->category ? ladder->category->class : 0;
    if (question->cleared && ret->class == CLASS_OVERSIGHT)
        ret->class = 0;
    ret->priority = question->priority ? question->priority : PRIORITY_NORMAL;
}

void decide (const struct routing *routing, const struct question *question, struct decision *ret)
{
    static struct text text; /* kept: one thread decides */
    struct ladder ladder = {.routing = routing,
                            .registry = routing->registry,
                            .question = question,
                            .text = &text,
                            .ret = ret};
    static struct ladder later;
    memset (ret, 0, offsetof (struct decision, record));
    text_read (&text, question->title, question->text, question->location);
    set_up (&ladder);
    opinion_form (&ladder);
    match_rules (&ladder);
    hear (&ladder, &later);
    struct oversight_view words = view_words (question->cleared ? &later : &ladder);
    if (is_oversight (&ladder, &later, &words)) {
        to_inspectorate (&ladder, words.accused);
    } else {
        for (size_t i = 0; i < array_len (rungs) && !rungs[i](&ladder); i++)
            continue;
        rung_doubt (&ladder);
        go_no_deeper (&ladder);
        if (ret->rung >= 5) /* they were asked already; a person sees what they thought */
            ladder_propose (&ladder, ladder_desk (&ladder), 0, 0, GROUND_COORDINATOR, "");
    }
    leave_out (ret->supporters, ret->agency);
    leave_out (ret->copies, ret->agency);
    keep_best (&ladder);
    const struct agency *owner = registry_agency (ladder.registry, ret->agency);
    ret->function = owner->function;
    record_end (&ladder);
}
