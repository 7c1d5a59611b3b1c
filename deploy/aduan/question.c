/* question.c - fields into a question, a decision into words. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "question.h"
#include "wire/wire.h"

/* ---- questions ------------------------------------------------------------------------------- */

struct asking {
    const struct registry *registry;
    field_fn *field;
    void *from;
    struct question *question;
    const char *why; /* NULL: nothing is wrong */
};

static void fault (struct asking *asking, const char *name, struct view value)
{
    static char text[200];
    snprintf (text, sizeof text, "%s: \"%.60s\"", name, log_text (value.at, value.len));
    asking->why = text;
}

static bool get (struct asking *asking, const char *name, struct view *ret)
{
    return !asking->why && asking->field (asking->from, name, ret) && ret->len;
}

static void get_word (struct asking *asking, const char *name, uint32_t (*of) (const char *word),
                      uint32_t *into)
{
    struct view value;
    char word[32] = "";
    if (!get (asking, name, &value))
        return;
    if (value.len < sizeof word)
        memcpy (word, value.at, value.len);
    *into = of (word);
    if (!*into)
        fault (asking, name, value);
}

static void get_degrees (struct asking *asking, const char *name, double most, int32_t *into)
{
    struct view value;
    char digits[32] = "", *end = digits;
    if (!get (asking, name, &value))
        return;
    if (value.len < sizeof digits)
        memcpy (digits, value.at, value.len);
    double degrees = strtod (digits, &end);
    if (end == digits || *end || !(degrees >= -most && degrees <= most))
        fault (asking, name, value);
    else
        *into = (int32_t) (degrees * 1e7 + (degrees < 0 ? -0.5 : 0.5));
}

/* A number, which the registry may not know; or a name, which it must. */
static void get_category (struct asking *asking)
{
    struct view value;
    if (!get (asking, "category", &value))
        return;
    size_t digits = 0;
    while (digits < value.len && value.at[digits] >= '0' && value.at[digits] <= '9')
        digits++;
    if (digits == value.len && digits <= 9) {
        for (size_t i = 0; i < digits; i++)
            asking->question->category =
                asking->question->category * 10 + (uint64_t) (value.at[i] - '0');
        return;
    }
    for (const struct category *at = registry_category_next (asking->registry, NULL); at;
         at = registry_category_next (asking->registry, at))
        if (strlen (at->name) == value.len && strncasecmp (at->name, value.at, value.len) == 0)
            asking->question->category = at->number;
    if (!asking->question->category)
        fault (asking, "category", value);
}

static void get_received (struct asking *asking)
{
    struct view value;
    uint64_t ms = 0;
    if (!get (asking, "received", &value))
        return;
    if (!time_parse (value, 0, &ms))
        fault (asking, "received", value);
    asking->question->received = (int64_t) ms;
}

static uint32_t agency_of (struct asking *asking, const char *name, struct view code)
{
    const struct agency *agency = registry_agency_by_code (asking->registry, code);
    if (!agency)
        fault (asking, name, code);
    return agency ? agency->number : 0;
}

static void get_refusers (struct asking *asking)
{
    struct question *question = asking->question;
    struct view value;
    if (get (asking, "suggested", &value))
        question->suggested = agency_of (asking, "suggested", value);
    if (!get (asking, "refusers", &value))
        return;
    while (value.len && !asking->why) {
        const char *blank = memchr (value.at, ' ', value.len);
        size_t len = blank ? (size_t) (blank - value.at) : value.len;
        if (len && question->refuser_count == DECIDE_REFUSERS)
            fault (asking, "refusers", value);
        else if (len)
            question->refusers[question->refuser_count++] =
                agency_of (asking, "refusers", (struct view){value.at, len});
        len += blank != NULL;
        value = (struct view){value.at + len, value.len - len};
    }
}

int question_read (const struct registry *registry, field_fn *field, void *from,
                   struct question *ret, const char **ret_why)
{
    struct asking asking = {.registry = registry, .field = field, .from = from, .question = ret};
    *ret = (struct question){.title = view_of (""),
                             .text = view_of (""),
                             .location = view_of (""),
                             .place = view_of (""),
                             .target = view_of ("")};
    const struct {
        const char *name;
        struct view *into;
    } texts[] = {{"title", &ret->title},
                 {"text", &ret->text},
                 {"location", &ret->location},
                 {"place", &ret->place},
                 {"target", &ret->target}};
    for (size_t i = 0; i < array_len (texts); i++) {
        struct view value;
        if (!get (&asking, texts[i].name, &value))
            continue;
        if (!utf8_valid (value.at, value.len))
            fault (&asking, texts[i].name, value);
        *texts[i].into = value;
    }
    get_word (&asking, "class", class_of, &ret->class);
    get_word (&asking, "channel", channel_of, &ret->channel);
    get_word (&asking, "priority", priority_of, &ret->priority);
    get_category (&asking);
    get_degrees (&asking, "latitude", 90, &ret->latitude);
    get_degrees (&asking, "longitude", 180, &ret->longitude);
    get_received (&asking);
    get_refusers (&asking);
    *ret_why = asking.why;
    return asking.why ? FAIL_MALFORMED : 0;
}

const char *question_unknown (const struct registry *registry, const struct question *question)
{
    if (question->place.len && !registry_has_region (registry, question->place))
        return "place";
    return question->category && !registry_category (registry, question->category) ? "category"
                                                                                   : NULL;
}

/* ---- views ----------------------------------------------------------------------------------- */

static const struct {
    unsigned rung;
    const char *code;
    enum text_key text;
} views[] = {
#define VIEW(rung, code, key) {rung, code, TEXT_##key},
#include "views.def"
};

/* The text with its one {what} replaced. */
static void put_view (struct buffer *out, const char *text, const char *what)
{
    static const char slot[] = "{what}";
    const char *at = strstr (text, slot);
    if (!at)
        buffer_add (out, text, strlen (text));
    else
        buffer_format (out, "%.*s%s%s", (int) (at - text), text, what, at + sizeof slot - 1);
}

void view_text (struct buffer *out, unsigned rung, const char *code, const char *parameter)
{
    for (size_t i = 0; i < array_len (views); i++)
        if (views[i].rung == rung && strcmp (views[i].code, code) == 0) {
            put_view (out, text_of (views[i].text), parameter);
            return;
        }
    buffer_format (out, "%s%s%s", code, *parameter ? ": " : "", parameter);
}

static const char *ground_text (const struct candidate *candidate)
{
    static const enum text_key texts[GROUND_LAST] = {
        [GROUND_INSPECTORATE] = TEXT_ground_inspectorate,
        [GROUND_TARGET] = TEXT_ground_target,
        [GROUND_SUGGESTED] = TEXT_ground_suggested,
        [GROUND_RULE] = TEXT_ground_rule,
        [GROUND_CATEGORY] = TEXT_ground_category,
        [GROUND_WORDS] = TEXT_ground_words,
        [GROUND_MODEL] = TEXT_ground_model,
        [GROUND_COORDINATOR] = TEXT_ground_coordinator,
        [GROUND_NATIONAL] = TEXT_ground_national,
    };
    static struct buffer text; /* good until the next call */
    buffer_clear (&text);
    put_view (&text, text_of (texts[candidate->ground]), candidate->parameter);
    buffer_add (&text, "", 1);
    return text.at;
}

const char *agency_code (const struct registry *registry, uint32_t number)
{
    const struct agency *agency = registry_agency (registry, number);
    return agency ? agency->code : "";
}

/* [rung, code, parameter?] of the record. */
static void view_parts (const json_t *view, unsigned *ret_rung, const char **ret_code,
                        const char **ret_parameter)
{
    const char *code = json_string_value (json_array_get (view, 1)),
               *parameter = json_string_value (json_array_get (view, 2));
    *ret_rung = (unsigned) json_integer_value (json_array_get (view, 0));
    *ret_code = code ? code : "";
    *ret_parameter = parameter ? parameter : "";
}

bool decision_said (const struct decision *decision, unsigned rung, const char *code,
                    const char *parameter)
{
    json_t *record = json_loads (decision->record, 0, NULL), *view;
    bool said = false;
    size_t at;
    json_array_foreach (json_object_get (record, "said"), at, view) {
        unsigned of_rung;
        const char *of_code, *of_parameter;
        view_parts (view, &of_rung, &of_code, &of_parameter);
        said = said || (of_rung == rung && strcmp (of_code, code) == 0 &&
                        strcmp (of_parameter, parameter) == 0);
    }
    json_decref (record);
    return said;
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static json_t *permille (uint32_t value)
{
    return json_real ((double) value / 1000);
}

static json_t *codes_of (const struct registry *registry, const uint32_t *agencies, size_t count)
{
    json_t *codes = json_array ();
    for (size_t i = 0; i < count && agencies[i]; i++)
        json_array_append_new (codes, json_string (agency_code (registry, agencies[i])));
    return codes;
}

static json_t *candidates_json (const struct registry *registry, const struct decision *decision)
{
    json_t *rows = json_array ();
    for (size_t i = 0; i < DECIDE_CANDIDATES && decision->candidates[i].ground; i++) {
        const struct candidate *candidate = &decision->candidates[i];
        json_array_append_new (rows,
                               json_pack ("{s:s, s:s, s:o, s:s, s:s, s:s}", "agency",
                                          agency_code (registry, candidate->agency), "function",
                                          registry_function_code (registry, candidate->function),
                                          "confidence", permille (candidate->chance), "ground",
                                          ground_code (candidate->ground), "parameter",
                                          candidate->parameter, "reason", ground_text (candidate)));
    }
    return rows;
}

static json_t *said_json (const struct decision *decision)
{
    json_t *record = json_loads (decision->record, 0, NULL), *rows = json_array (), *view;
    struct buffer text = {0};
    size_t at;
    json_array_foreach (json_object_get (record, "said"), at, view) {
        unsigned rung;
        const char *code, *parameter;
        view_parts (view, &rung, &code, &parameter);
        buffer_clear (&text);
        view_text (&text, rung, code, parameter);
        json_array_append_new (rows,
                               json_pack ("{s:i, s:s, s:s, s:s%}", "rung", (int) rung, "code", code,
                                          "parameter", parameter, "text", text.at, text.len));
    }
    buffer_free (&text);
    json_decref (record);
    return rows;
}

static json_t *asks_json (uint32_t asks)
{
    json_t *words = json_array ();
    for (uint32_t bit = 1; bit && bit <= asks; bit <<= 1)
        if (asks & bit)
            json_array_append_new (words, json_string (rules_ask_word (bit)));
    return words;
}

json_t *decision_json (const struct basis *basis, const struct decision *decision)
{
    const struct registry *registry = basis->registry;
    json_t *row = json_object ();
    const struct {
        const char *key;
        json_t *value;
    } fields[] = {
        {"agency", json_string (agency_code (registry, decision->agency))},
        {"function", json_string (registry_function_code (registry, decision->function))},
        {"rung", json_integer (decision->rung)},
        {"confidence", permille (decision->confidence)},
        {"candidates", candidates_json (registry, decision)},
        {"place", json_string (decision->region)},
        {"class", json_string (class_word (decision->class))},
        {"priority", json_string (priority_word (decision->priority))},
        {"oversight", json_boolean (decision->oversight)},
        {"secret", json_boolean (decision->secret)},
        {"support", codes_of (registry, decision->supporters, DECIDE_SUPPORTERS)},
        {"copies", codes_of (registry, decision->copies, DECIDE_SUPPORTERS)},
        {"ask", asks_json (decision->asks)},
        {"said", said_json (decision)},
        {"thresholds", thresholds_json (basis)},
        {"versions",
         json_pack ("{s:I, s:I, s:I}", "rules", (json_int_t) basis->routing.rules_version,
                    "registry", (json_int_t) registry_version (registry), "model",
                    (json_int_t) basis->routing.model_version)},
    };
    for (size_t i = 0; i < array_len (fields); i++)
        json_object_set_new_nocheck (row, fields[i].key, fields[i].value);
    return row;
}

void put_line (json_t *value)
{
    json_dumpf (value, stdout, JSON_COMPACT | JSON_REAL_PRECISION (3));
    fputc ('\n', stdout);
    json_decref (value);
}

/* ---- in lines -------------------------------------------------------------------------------- */

static const char *rung_text (unsigned rung)
{
    static const enum text_key texts[] = {TEXT_rung_0, TEXT_rung_1, TEXT_rung_2, TEXT_rung_3,
                                          TEXT_rung_4, TEXT_rung_5, TEXT_rung_6};
    return rung < array_len (texts) ? text_of (texts[rung]) : "";
}

/* What its confidence is, and what it was held against. */
static void print_sure (const struct basis *basis, const struct decision *decision)
{
    const struct thresholds *least = &basis->routing.thresholds;
    bool category = decision->rung == 3, enough = decision->confidence >= least->rung3;
    enum text_key text = decision->rung >= 5   ? TEXT_sure_person
                         : decision->rung == 4 ? TEXT_sure_words
                         : !category           ? TEXT_sure_fixed
                         : enough              ? TEXT_sure_category
                                               : TEXT_sure_after_all;
    say (stdout, text, "sure", permille_text (decision->confidence), "hundred",
         count_text ((decision->confidence + 5) / 10), "threshold",
         permille_text (category ? least->rung3 : least->rung4), NULL);
}

static void put_codes (const struct registry *registry, enum text_key label,
                       const uint32_t *agencies, size_t count)
{
    struct buffer codes = {0};
    for (size_t i = 0; i < count && agencies[i]; i++)
        buffer_format (&codes, "%s%s", i ? ", " : "", agency_code (registry, agencies[i]));
    if (codes.len)
        say (stdout, label, "what", codes.at, NULL);
    buffer_free (&codes);
}

static void print_head (const struct basis *basis, const struct decision *decision,
                        const char *place_name)
{
    const struct registry *registry = basis->registry;
    const struct agency *owner = registry_agency (registry, decision->agency);
    char rung[2] = {(char) ('0' + decision->rung % 10), 0};
    struct buffer asks = {0};
    say (stdout, TEXT_explain_owner, "code", owner->code, "name", owner->name, NULL);
    say (stdout, TEXT_explain_rung, "rung", rung, "means", rung_text (decision->rung), "sure",
         permille_text (decision->confidence), NULL);
    print_sure (basis, decision);
    if (decision->region[0])
        say (stdout, TEXT_explain_place, "place", decision->region, "name", place_name, NULL);
    if (decision->class)
        say (stdout, TEXT_explain_class, "class", class_word (decision->class), NULL);
    say (stdout, TEXT_explain_priority, "priority", priority_word (decision->priority), NULL);
    if (decision->secret)
        say (stdout, TEXT_explain_secret, NULL);
    put_codes (registry, TEXT_explain_support, decision->supporters, DECIDE_SUPPORTERS);
    put_codes (registry, TEXT_explain_copies, decision->copies, DECIDE_SUPPORTERS);
    for (uint32_t bit = 1; bit && bit <= decision->asks; bit <<= 1)
        if (decision->asks & bit)
            buffer_format (&asks, "%s%s", asks.len ? ", " : "", rules_ask_word (bit));
    if (asks.len)
        say (stdout, TEXT_explain_asks, "what", asks.at, NULL);
    buffer_free (&asks);
}

void decision_print (const struct basis *basis, const struct decision *decision,
                     const char *place_name)
{
    const struct registry *registry = basis->registry;
    json_t *record = json_loads (decision->record, 0, NULL), *view;
    struct buffer text = {0};
    size_t at;
    print_head (basis, decision, place_name);
    say (stdout, TEXT_explain_said, NULL);
    json_array_foreach (json_object_get (record, "said"), at, view) {
        unsigned rung;
        const char *code, *parameter;
        view_parts (view, &rung, &code, &parameter);
        buffer_clear (&text);
        view_text (&text, rung, code, parameter);
        printf ("  %u  %.*s\n", rung, (int) text.len, text.at);
    }
    say (stdout, TEXT_explain_candidates, NULL);
    for (size_t i = 0; i < DECIDE_CANDIDATES && decision->candidates[i].ground; i++) {
        const struct candidate *candidate = &decision->candidates[i];
        printf ("  %s  %-20s  %s\n", permille_text (candidate->chance),
                candidate->agency ? agency_code (registry, candidate->agency)
                                  : registry_function_code (registry, candidate->function),
                ground_text (candidate));
    }
    buffer_free (&text);
    json_decref (record);
}
