/* typed.c - a report that somebody types for who reports it: at the counter, from a letter, on the telephone.
 *
 *     form -> checked -> whose session -> files -> order `typed` -> SUBMIT as the desk's account -> receipt, to print and hand over
 *
 * Who types goes down before the report does, under the number that the report carries: no report of a desk is without it.  Key, access
 * code and `external` of a form are all of its token, so a form that is sent twice is one report, with the same receipt.  Who reports is
 * sealed by libaduan in this process; what was typed is shown again where it was not taken, and kept nowhere.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "desk.h"
#include "domain/incident.h"
#include "wire/wire.h"

#define ACCOUNT "desk-intake" /* the adapter for which the desk speaks */
#define TAKE_MS 5000          /* intake takes in ms; who stands at the counter waits no longer */

struct typed {
    struct aduan_token token;
    uint64_t created;
    uint32_t channel;
    char external[40];
    char number[ADUAN_NUMBER_SIZE];
    struct aduan_identity identity;
    struct aduan_contact contact;
    unsigned status; /* of the form when it is shown again */
};

/* What the form has, in code points at most; needed: without it the form comes back. */
static const struct field {
    const char *name;
    size_t most;
    bool needed;
} fields[] = {
    {"channel", 10, true},   {"class", 2, true},      {"title", 200, true},
    {"text", 10000, true},   {"category", 10, false}, {"place", 13, false},
    {"location", 500, true}, {"incident", 10, false}, {"target", 32, false},
    {"anonymous", 3, true},  {"secret", 3, true},     {"name", 200, false},
    {"nik", 16, false},      {"phone", 30, false},    {"email", 254, false},
    {"address", 500, false}, {"notice", 10, false},   {"place_words", 100, false},
    {"opened", 15, true},    {"token", 32, true},
};

/* ---- the form ---------------------------------------------------------------------------------- */

static const char *said (struct visit *visit, const char *name)
{
    const char *text = http_form (visit->request, name);
    return text ? text : "";
}

/* The one that was chosen apart from the others: a template cannot compare two values. */
static void categories_split (struct visit *visit)
{
    json_t *chosen = json_array (), *others = json_array (), *row;
    uint64_t number = strtoull (said (visit, "category"), NULL, 10);
    size_t at;

    json_array_foreach (json_object_get (visit->values, "categories"), at, row)
        json_array_append ((uint64_t) json_integer_value (json_object_get (row, "number")) == number
                               ? chosen
                               : others,
                           row);
    json_object_set_new (visit->values, "category_chosen", chosen);
    json_object_set_new (visit->values, "category_others", others);
}

void page_typed (struct visit *visit)
{
    struct typed *typed = visit->work;
    json_t *again = json_object ();
    char opened[24];

    if (!typed) { /* a form that nobody has filled in yet */
        visit->work = typed = xcalloc (1, sizeof *typed);
        aduan_token_new (&typed->token);
        typed->created = (uint64_t) wall_ms ();
    }
    for (size_t i = 0; i < array_len (fields); i++)
        json_object_set_new (again, fields[i].name, json_string (said (visit, fields[i].name)));
    snprintf (opened, sizeof opened, "%llu", (unsigned long long) typed->created);
    json_object_set_new (again, "opened", json_string (opened));
    json_object_set_new (again, "token",
                         json_string (hex_text (typed->token.token, sizeof typed->token.token)));
    json_object_set_new (visit->values, "said_before", again);
    categories_split (visit);
}

static bool form_leap (struct visit *visit)
{
    const struct typed *typed = visit->work;
    page_typed (visit);
    visit_page (visit, typed->status, "new");
    return true;
}

/* The form again, with all that was typed but files, which a browser does not give twice. */
static void form_again (struct visit *visit, unsigned status, const char *why, const char *field)
{
    struct typed *typed = visit->work;
    char word[64];

    typed->status = status;
    if (why)
        json_object_set_new (visit->values, "wrong", json_string (why));
    snprintf (word, sizeof word, "field_%s", field ? field : "");
    if (field && desk_word (visit, word))
        json_object_set_new (visit->values, "wrong_field", json_string (field));
    json_object_set_new (visit->values, "files_again", json_boolean (files_brought (visit)));
    visit_typed (visit); /* where even that cannot be read the page of the fault has the words */
    visit->leap = form_leap;
    page_show (visit);
}

/* ---- what was typed ---------------------------------------------------------------------------- */

static bool all_digits (const char *text, size_t count)
{
    return strlen (text) == count && strspn (text, "0123456789") == count;
}

/* A day that has come, be it in the east alone. */
static bool is_past_day (const char *text)
{
    return incident_valid (view_of (text), wall_ms (), 14);
}

/* The name of the first field that is missing or too long; NULL: none. */
static const char *field_missing (struct visit *visit)
{
    for (size_t i = 0; i < array_len (fields); i++) {
        const char *text = said (visit, fields[i].name);
        size_t len = strlen (text);
        if (!utf8_valid (text, len) || utf8_count (text, len) > fields[i].most ||
            (fields[i].needed && utf8_blank (text, len)))
            return fields[i].name;
    }
    return NULL;
}

/* The same of one that is not what it should be. */
static const char *field_wrong (struct visit *visit)
{
    static const char *const channels[] = {"walk-in", "letter", "hotline"};
    uint32_t class = (uint32_t) strtoul (said (visit, "class"), NULL, 10);
    const char *incident = said (visit, "incident"), *notice = said (visit, "notice"),
               *nik = said (visit, "nik"), *email = said (visit, "email"),
               *phone = said (visit, "phone"), *target = said (visit, "target");
    bool channel = false;

    for (size_t i = 0; i < array_len (channels); i++)
        channel = channel || strcmp (channels[i], said (visit, "channel")) == 0;
    if (!channel)
        return "channel";
    if (class != CLASS_COMPLAINT && class != CLASS_ASPIRATION && class != CLASS_INFO_REQUEST)
        return "class";
    if (*incident ? !is_past_day (incident) : class == CLASS_COMPLAINT)
        return "incident";
    if (*target && !agency_code_valid (view_of (target)))
        return "target";
    if (*nik && !all_digits (nik, 16))
        return "nik";
    if (*email && !address_valid (view_of (email)))
        return "email";
    if (*phone && !phone_valid (view_of (phone)))
        return "phone";
    if (strcmp (notice, "email") == 0 && !*email)
        return "email";
    if ((strcmp (notice, "sms") == 0 || strcmp (notice, "whatsapp") == 0) && !*phone)
        return "phone";
    return NULL;
}

/* What the form's token says; false: there is none. */
static bool token_read (struct visit *visit, struct typed *typed)
{
    const char *token = said (visit, "token"), *opened = said (visit, "opened");
    char *end;

    typed->created = strtoull (opened, &end, 10);
    if (strlen (token) != 32 || hex_parse (token, typed->token.token, 16) != 0 || *end || !*opened)
        return false;
    aduan_token_derive (&typed->token);
    snprintf (typed->external, sizeof typed->external, "desk:%s", typed->token.key);
    return true;
}

static uint32_t flag_said (struct visit *visit, const char *name)
{
    return strcmp (said (visit, name), "no") == 0 ? ADUAN_FLAG_NO : ADUAN_FLAG_YES;
}

static void person_read (struct visit *visit, struct typed *typed,
                         struct aduan_submission *submission)
{
    const char *notice = said (visit, "notice");

    typed->identity = (struct aduan_identity){.name = said (visit, "name"),
                                              .nik = said (visit, "nik"),
                                              .phone = said (visit, "phone"),
                                              .email = said (visit, "email"),
                                              .address = said (visit, "address")};
    submission->identity = &typed->identity;
    if (!*notice || strcmp (notice, "none") == 0)
        return;
    bool mail = strcmp (notice, "email") == 0;
    typed->contact =
        (struct aduan_contact){.kind = notice, .address = said (visit, mail ? "email" : "phone")};
    submission->contact = &typed->contact;
}

/* ---- taking it --------------------------------------------------------------------------------- */

/* For the hand of who reports: on paper, too. */
static void receipt_show (struct visit *visit, const struct aduan_submitted *submitted)
{
    const struct typed *typed = visit->work;

    json_object_set_new (
        visit->values, "receipt",
        json_pack ("{s:s, s:s, s:s, s:s, s:b}", "number", submitted->number, "code",
                   typed->token.code, "at", instant_text ((int64_t) submitted->received), "title",
                   said (visit, "title"), "contact", typed->contact.address != NULL));
    page_greet (visit, "receipt");
}

static void on_submitted (void *with, const struct aduan_submitted *submitted)
{
    struct visit *visit = with;

    if (submitted->result == ADUAN_ACCEPTED) {
        receipt_show (visit, submitted);
    } else if (submitted->result == ADUAN_REJECTED) {
        form_again (visit, 422,
                    submitted->reject == ADUAN_REJECT_CONFLICT ? "new_twice" : "new_value",
                    submitted->field);
    } else if (submitted->result == ADUAN_REFUSED) {
        log_limited (LOG_WARNING,
                     "intake does not take what this desk types (%s %s): is the adapter " ACCOUNT
                     " in force?",
                     aduan_refusal_word (submitted->refusal), submitted->field);
        form_again (visit, 503, "new_intake", NULL);
    } else {
        form_again (visit, 503, "new_intake", NULL);
    }
}

static void report_submit (struct visit *visit)
{
    struct typed *typed = visit->work;
    struct aduan_submission submission = {
        .key = typed->token.key,
        .created = typed->created,
        .channel = typed->channel,
        .complaint_class = (uint32_t) strtoul (said (visit, "class"), NULL, 10),
        .category = (uint32_t) strtoul (said (visit, "category"), NULL, 10),
        .place = said (visit, "place"),
        .location = said (visit, "location"),
        .incident = said (visit, "incident"),
        .target = said (visit, "target"),
        .anonymous = flag_said (visit, "anonymous"),
        .secret = flag_said (visit, "secret"),
        .code = typed->token.code,
        .external = typed->external,
        .title = said (visit, "title"),
        .text = said (visit, "text"),
        .attachments = visit->files.digests,
        .attachments_len = visit->files.count * DIGEST_BYTES,
        .account = ACCOUNT,
    };

    if (!visit->desk->taking) {
        form_again (visit, 503, "new_intake", NULL);
        return;
    }
    person_read (visit, typed, &submission);
    aduan_submit_start (visit->desk->taking, &submission, TAKE_MS, on_submitted, visit);
}

static void on_ordered (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;

    if (ordered->result == ADUAN_DONE)
        report_submit (visit);
    else if (ordered->result == ADUAN_REFUSED && ordered->reason == ADUAN_REASON_ROLE)
        visit_refuse (visit, 403, "new_role");
    else if (ordered->result == ADUAN_REFUSED && ordered->reason == ADUAN_REASON_SESSION)
        visit_refuse (visit, 401, "session");
    else
        form_again (visit, 503, "store_down", NULL);
}

/* Its key is the form's and the channel's: a form that comes back and is sent with another channel says something else. */
static void order_typed (struct visit *visit)
{
    struct typed *typed = visit->work;
    json_t *said_of = json_pack ("{s:s, s:s}", "external", typed->external, "channel",
                                 channel_word (typed->channel));
    char *arguments = json_dumps (said_of, JSON_COMPACT | JSON_SORT_KEYS);
    struct aduan_order order = {
        .order = "typed", .arguments = arguments, .session = visit->session};

    crypto_generichash (order.key, sizeof order.key, (const uint8_t *) arguments,
                        strlen (arguments), visit->session, SESSION_BYTES);
    aduan_order_start (visit->desk->aduan, &order, ACT_MS, on_ordered, visit);
    free (arguments);
    json_decref (said_of);
}

static void typed_files (struct visit *visit)
{
    files_take (visit, order_typed);
}

void typed_take (struct visit *visit)
{
    struct typed *typed = xcalloc (1, sizeof *typed);
    const char *wrong;

    visit->work = typed;
    if (!token_read (visit, typed)) {
        aduan_token_new (&typed->token);
        typed->created = (uint64_t) wall_ms ();
        form_again (visit, 422, "new_form", NULL);
        return;
    }
    if (*said (visit, "find")) { /* a place is looked for; nothing is sent yet */
        form_again (visit, 200, NULL, NULL);
        return;
    }
    wrong = field_missing (visit);
    if (!wrong)
        wrong = field_wrong (visit);
    if (wrong) {
        form_again (visit, 422, "new_value", wrong);
        return;
    }
    typed->channel = channel_of (said (visit, "channel"));
    stay_prove (visit, typed_files);
}
