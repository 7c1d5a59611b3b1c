/* decide.c - the oversight filter, then the ladder; the first rung that is sure enough wins.
 *
 *   0  oversight content, by class, category or words: the inspectorate of the subtree
 *   1  a target that is named and competent
 *   3  category x place: which function, and who holds it for the place, walking upwards
 *   5  the coordinator of the most exact known place
 *   6  the national desk
 *
 * Every rung writes its view into the record as a code with parameters; the reader's language comes
 * later, where it is shown.
 */
#include "decide.h"

#include <stdio.h>
#include <string.h>

struct asked {
    const struct registry *registry;
    const struct msg_submit *submit;
    const struct msg_content *content;
    struct view place;               /* in the registry; empty: not known */
    const struct category *category; /* NULL: not said, or not known */
    uint16_t function;               /* of the category, 0: none */
    const struct agency *target;     /* as named; NULL: none, or unknown */
    struct decision *ret;
    char *end; /* of the record */
};

/* ---- the record ---------------------------------------------------------------------------- */

#define END_MOST  256 /* bytes of what end_record says */
#define VIEW_MOST 32  /* of a view, beside its code and parameter */

static char *put_number (char *end, uint64_t number)
{
    char digits[20];
    size_t len = 0;
    do
        digits[len++] = (char) ('0' + number % 10);
    while (number /= 10);
    while (len)
        *end++ = digits[--len];
    return end;
}

static void begin_record (struct asked *asked)
{
    asked->end = stpcpy (asked->ret->record, "{\"said\":[");
}

/* One view: [rung, "code", "parameter"].  Parameters are codes of the registry or numbers; what a
 * reporter wrote never enters a record.  What has no room is left out: the end always fits. */
static void view_of_rung (struct asked *asked, unsigned rung, const char *code,
                          const char *parameter)
{
    char *end = asked->end;
    size_t left = DECIDE_RECORD_MOST - END_MOST - (size_t) (end - asked->ret->record);
    if (strlen (code) + strlen (parameter) + VIEW_MOST > left)
        return;
    end = stpcpy (end, end[-1] == '[' ? "[" : ",[");
    end = stpcpy (put_number (end, rung), ",\"");
    end = stpcpy (stpcpy (end, code), "\"");
    if (*parameter)
        end = stpcpy (stpcpy (stpcpy (end, ",\""), parameter), "\"");
    asked->end = stpcpy (end, "]");
}

static void end_record (struct asked *asked)
{
    const struct decision *ret = asked->ret;
    char *end = stpcpy (asked->end, "],\"next\":[");
    for (int i = 0; i < DECIDE_CANDIDATES && ret->candidates[i]; i++)
        end = put_number (stpcpy (end, i ? "," : ""), ret->candidates[i]);
    end = put_number (stpcpy (end, "],\"rung\":"), ret->rung);
    end = put_number (stpcpy (end, ",\"sure\":"), ret->confidence);
    end = put_number (stpcpy (end, ",\"v\":["), DECIDE_RULES_VERSION);
    end = put_number (stpcpy (end, ","), registry_version (asked->registry));
    stpcpy (end, "]}");
}

/* ---- helpers ------------------------------------------------------------------------------- */

static void choose (struct asked *asked, const struct agency *agency, unsigned rung,
                    unsigned confidence)
{
    asked->ret->agency = agency->number;
    asked->ret->rung = rung;
    asked->ret->confidence = confidence;
}

static void propose (struct asked *asked, const struct agency *agency)
{
    uint32_t *candidates = asked->ret->candidates;
    for (int i = 0; agency && i < DECIDE_CANDIDATES; i++) {
        if (candidates[i] == agency->number)
            return;
        if (candidates[i] == 0) {
            candidates[i] = agency->number;
            return;
        }
    }
}

/* Who holds a function for a place, walking village -> district -> regency -> province -> nation. */
static const struct agency *holder_of (const struct registry *registry, uint16_t function,
                                       struct view place)
{
    for (;;) {
        const struct agency *holder = registry_holder (registry, function, place);
        if (holder || place.len == 0)
            return holder;
        place = region_above (place);
    }
}

static const struct agency *desk_of (const struct registry *registry, struct view place)
{
    for (; place.len; place = region_above (place)) {
        const struct agency *desk = registry_desk (registry, place);
        if (desk)
            return desk;
    }
    return NULL;
}

static char folded_byte (unsigned char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char) (byte - 'A' + 'a');
    bool word = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte & 0x80);
    return word ? (char) byte : ' ';
}

/* Behind a byte that is there.  Without a branch a byte, as this looks at all of every text. */
static char *fold_into (char *end, struct view text)
{
    static char folded[256];
    if (!folded[0])
        for (int i = 0; i < 256; i++)
            folded[i] = folded_byte ((unsigned char) i);
    char before = end[-1];
    for (size_t i = 0; i < text.len; i++) {
        char byte = folded[(unsigned char) text.at[i]];
        *end = byte;
        end += byte != ' ' || before != ' ';
        before = byte;
    }
    return end;
}

/* Letters and digits in lower case, everything else one space, a space at both ends: so that a
 * phrase is found as words.  Good until the next call. */
static const char *fold (struct view title, struct view text)
{
    static const struct view space = {" ", 1};
    static struct buffer room; /* kept: one thread decides */
    char *folded = buffer_room (&room, title.len + text.len + 4), *end = folded;
    *end++ = ' ';
    end = fold_into (end, title);
    end = fold_into (end, space);
    end = fold_into (end, text);
    end = fold_into (end, space);
    *end = 0;
    return folded;
}

/* ---- rung 0: oversight --------------------------------------------------------------------- */

static bool is_oversight (struct asked *asked)
{
    if (asked->submit->class == CLASS_OVERSIGHT) {
        view_of_rung (asked, 0, "class", "");
        return true;
    }
    if (asked->category && asked->category->class == CLASS_OVERSIGHT) {
        view_of_rung (asked, 0, "category", "");
        return true;
    }
    const char *folded = fold (asked->content->title, asked->content->text),
               *phrase = registry_oversight (asked->registry, folded);
    if (phrase)
        view_of_rung (asked, 0, "words", phrase);
    return phrase != NULL;
}

/* Is `agency` the accused one, or below or above it?  Its own inspectorate under the same
 * government is not. */
static bool is_accused (const struct asked *asked, const struct agency *agency)
{
    return asked->target && asked->target->number == agency->number;
}

/* The inspectorate under this node, or under the next one above it that has one. */
static const struct agency *inspectorate_above (const struct asked *asked, struct view place)
{
    static const char function[] = "PENGAWASAN";
    const struct registry *registry = asked->registry;
    for (;; place = region_above (place)) {
        char code[32];
        int len = place.len
                      ? snprintf (code, sizeof code, "%.*s/%s", (int) place.len, place.at, function)
                      : snprintf (code, sizeof code, "ID/%s", function);
        const struct agency *found =
            registry_agency_by_code (registry, (struct view){code, (size_t) len});
        if (found && found->inspectorate && !is_accused (asked, found))
            return found;
        if (place.len == 0)
            return NULL;
    }
}

static void to_inspectorate (struct asked *asked)
{
    /* the place where it happened; else where the named office is */
    struct view place = asked->place;
    if (place.len == 0 && asked->target)
        place = view_of (asked->target->region);
    const struct agency *inspectorate = inspectorate_above (asked, place);
    if (!inspectorate)
        view_of_rung (asked, 0, "no-inspectorate", "");
    choose (asked, inspectorate ? inspectorate : registry_root (asked->registry), 0, 950);
    asked->ret->oversight = true;
    asked->ret->class = CLASS_OVERSIGHT;
    asked->ret->function = inspectorate ? inspectorate->function : 0;
}

/* ---- rung 1: a named target ---------------------------------------------------------------- */

static bool rung_target (struct asked *asked)
{
    const struct agency *target = asked->target;
    if (asked->submit->target.len == 0)
        return false;
    if (!target) {
        view_of_rung (asked, 1, "unknown-target", "");
        return false;
    }
    bool right_place = target->region[0] == 0 || asked->place.len == 0 ||
                       region_within (asked->place, view_of (target->region));
    bool right_function =
        !asked->function || !target->function || target->function == asked->function;
    if (asked->function && !target->function && !target->desk && !target->central)
        right_function = false;
    if (asked->category && asked->category->agency && asked->category->agency != target->number)
        right_function = false;
    if (right_place && right_function) {
        view_of_rung (asked, 1, "target", target->code);
        choose (asked, target, 1, 950);
        return true;
    }
    view_of_rung (asked, 1, right_place ? "other-function" : "other-place", target->code);
    propose (asked, target);
    return false;
}

/* ---- rung 3: category x place -------------------------------------------------------------- */

static bool rung_category (struct asked *asked)
{
    const struct registry *registry = asked->registry;
    if (!asked->category) {
        view_of_rung (asked, 3, asked->submit->category ? "unknown-category" : "no-category", "");
        return false;
    }
    if (asked->category->agency) {
        const struct agency *agency = registry_agency (registry, asked->category->agency);
        if (agency) {
            view_of_rung (asked, 3, "category-agency", agency->code);
            choose (asked, agency, 3, 930);
            return true;
        }
    }
    if (!asked->function) {
        view_of_rung (asked, 3, "category-without-function", "");
        return false;
    }
    const char *function = registry_function_code (registry, asked->function);
    asked->ret->function = asked->function;
    if (asked->place.len == 0) {
        view_of_rung (asked, 3, "no-place", function);
        return false; /* the nation's holder would be a guess: most functions are local */
    }
    const struct agency *holder = holder_of (registry, asked->function, asked->place);
    if (!holder) {
        view_of_rung (asked, 3, "nobody-holds", function);
        return false;
    }
    view_of_rung (asked, 3, "category-place", holder->code);
    choose (asked, holder, 3, 930);
    return true;
}

/* ---- rungs 5 and 6: a coordinator, the national desk --------------------------------------- */

static bool rung_coordinator (struct asked *asked)
{
    if (asked->place.len == 0) {
        view_of_rung (asked, 5, "no-place", "");
        return false;
    }
    const struct agency *desk = desk_of (asked->registry, asked->place);
    if (!desk) {
        view_of_rung (asked, 5, "no-coordinator", "");
        return false;
    }
    view_of_rung (asked, 5, "coordinator", desk->code);
    choose (asked, desk, 5, 500);
    return true;
}

static bool rung_national (struct asked *asked)
{
    const struct agency *root = registry_root (asked->registry);
    view_of_rung (asked, 6, "national", root->code);
    choose (asked, root, 6, 100);
    return true;
}

/* In the order of the ladder; the last one always wins. */
static bool (*const ladder[]) (struct asked *asked) = {rung_target, rung_category, rung_coordinator,
                                                       rung_national};

/* ---- the decision -------------------------------------------------------------------------- */

/* The most exact level of the place that the registry knows. */
static struct view known_place (const struct registry *registry, struct view place)
{
    while (place.len && !registry_has_region (registry, place))
        place = region_above (place);
    return place;
}

void decide (const struct registry *registry, const struct msg_submit *submit,
             const struct msg_content *content, struct decision *ret)
{
    struct asked asked = {.registry = registry, .submit = submit, .content = content, .ret = ret};
    memset (ret, 0, offsetof (struct decision, record));
    asked.place = known_place (registry, submit->place);
    asked.category = registry_category (registry, submit->category);
    asked.function = asked.category ? asked.category->function : 0;
    asked.target = registry_agency_by_code (registry, submit->target);
    memcpy (ret->region, asked.place.at ? asked.place.at : "", asked.place.len);
    ret->class = submit->class ? submit->class : asked.category ? asked.category->class : 0;
    ret->priority = submit->priority ? submit->priority : PRIORITY_NORMAL;
    begin_record (&asked);
    if (is_oversight (&asked)) {
        to_inspectorate (&asked);
    } else {
        for (size_t i = 0; i < array_len (ladder) && !ladder[i](&asked); i++)
            continue;
        const struct agency *desk = desk_of (registry, asked.place);
        if (asked.function && asked.place.len)
            propose (&asked, holder_of (registry, asked.function, asked.place));
        propose (&asked, desk);
    }
    end_record (&asked);
}
