/* api_report.c - reports and a reporter's words of integrators, into intake.
 *
 *   READ -> NAMING (is there such an agency, such a place?) or PROVING (is the code that case's?) -> SENDING -> answered
 *
 * A repeat is the same report, and gets the same answer: its id follows from account, Idempotency-Key and `created`, and its
 * access code from the same three under the installation's web key.  Who names no key has one made of all he says, and the day.
 *
 * With aduan-query away nothing is looked up: codes go as they are, and the router and the store judge them.
 */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "../handle.h"
#include "../limit.h"
#include "../may.h"
#include "../repeat.h"
#include "api.h"
#include "domain/incident.h"
#include "domain/number.h"

#define TITLE_MOST 200
#define TEXT_MOST  10000
#define NAME_MOST  200
#define MAIL_MOST  254
#define PHONE_MOST 32
#define LINE_MOST  500
#define DEGREE     1e7
#define DAY_MS     86400000
/* what intake takes, too: whose clock is further ahead is to know it before his reports are judged by it */
#define AHEAD_MOST_MS 600000

/* ---- what a body may say -------------------------------------------------------------------------- */

static const char *const classes[] = {"complaint",  "plain",        "oversight",
                                      "aspiration", "info_request", NULL};
static const char *const channels[] = {"web",     "app",      "agency_page", "hotline", "sms",
                                       "email",   "whatsapp", "social",      "walk_in", "letter",
                                       "open311", "partner",  "import",      NULL};
static const char *const priorities[] = {"emergency", "high", "normal", "bulk", NULL};
static const char *const languages[] = {"id", "en", NULL};
static const char *const kinds_of_contact[] = {"email", "phone", "sms", "whatsapp", NULL};

static bool is_nik (struct view text)
{
    return text.len == 16 && strspn (text.at, "0123456789") == 16;
}

static bool is_code (struct view text)
{
    uint8_t hash[CODE_HASH_LEN];
    return number_code_hash (text, hash) == 0;
}

static bool is_place (struct view text)
{
    return strspn (text.at, "0123456789.") == text.len;
}

/* A day that has begun somewhere, as intake has it. */
static bool is_day (struct view text)
{
    return incident_valid (text, wall_ms (), INCIDENT_ANYWHERE);
}

static const struct member point_members[] = {
    {.name = "latitude", .kind = MEMBER_DEGREE, .most = 90, .needed = true},
    {.name = "longitude", .kind = MEMBER_DEGREE, .most = 180, .needed = true},
};
static const struct member identity_members[] = {
    {.name = "name", .kind = MEMBER_TEXT, .most = NAME_MOST},
    {.name = "nik", .kind = MEMBER_TEXT, .most = 16, .right = is_nik},
    {.name = "phone", .kind = MEMBER_TEXT, .most = PHONE_MOST, .right = phone_valid},
    {.name = "email", .kind = MEMBER_TEXT, .most = MAIL_MOST, .right = address_valid},
    {.name = "address", .kind = MEMBER_TEXT, .most = LINE_MOST},
};
static const struct member contact_members[] = {
    {.name = "kind", .kind = MEMBER_WORD, .words = kinds_of_contact, .needed = true},
    {.name = "address", .kind = MEMBER_TEXT, .most = MAIL_MOST, .needed = true},
};

static const struct member report_members[] = {
    {.name = "text", .kind = MEMBER_TEXT, .most = TEXT_MOST, .needed = true},
    {.name = "title", .kind = MEMBER_TEXT, .most = TITLE_MOST},
    {.name = "created", .kind = MEMBER_MOMENT},
    {.name = "channel", .kind = MEMBER_WORD, .words = channels},
    {.name = "class", .kind = MEMBER_WORD, .words = classes},
    {.name = "category", .kind = MEMBER_NUMBER, .most = INT32_MAX},
    {.name = "place", .kind = MEMBER_TEXT, .most = 13, .right = is_place},
    {.name = "location", .kind = MEMBER_TEXT, .most = LINE_MOST},
    {.name = "point",
     .kind = MEMBER_OBJECT,
     .inside = point_members,
     .inside_count = array_len (point_members)},
    {.name = "incident", .kind = MEMBER_TEXT, .most = 10, .right = is_day},
    {.name = "target", .kind = MEMBER_TEXT, .most = 32, .right = agency_code_valid},
    {.name = "anonymous", .kind = MEMBER_FLAG},
    {.name = "secret", .kind = MEMBER_FLAG},
    {.name = "access_code", .kind = MEMBER_TEXT, .most = 40, .right = is_code},
    {.name = "priority", .kind = MEMBER_WORD, .words = priorities},
    {.name = "language", .kind = MEMBER_WORD, .words = languages},
    {.name = "external", .kind = MEMBER_TEXT, .most = 64},
    {.name = "attachments", .kind = MEMBER_DIGESTS},
    {.name = "identity",
     .kind = MEMBER_OBJECT,
     .inside = identity_members,
     .inside_count = array_len (identity_members)},
    {.name = "contact",
     .kind = MEMBER_OBJECT,
     .inside = contact_members,
     .inside_count = array_len (contact_members)},
};

#define WORD_MEMBERS                                                                               \
    {.name = "access_code", .kind = MEMBER_TEXT, .most = 40, .needed = true, .right = is_code},    \
        {.name = "created", .kind = MEMBER_MOMENT},                                                \
    {                                                                                              \
        .name = "attachments", .kind = MEMBER_DIGESTS                                              \
    }
#define WORDS_NEEDED                                                                               \
    {                                                                                              \
        .name = "text", .kind = MEMBER_TEXT, .most = TEXT_MOST, .needed = true                     \
    }
#define WORDS_MAY_BE                                                                               \
    {                                                                                              \
        .name = "text", .kind = MEMBER_TEXT, .most = TEXT_MOST                                     \
    }

static const struct member says_members[] = {WORD_MEMBERS, WORDS_NEEDED};
static const struct member ends_members[] = {WORD_MEMBERS, WORDS_MAY_BE};
static const struct member rating_members[] = {
    WORD_MEMBERS,
    WORDS_MAY_BE,
    {.name = "rating", .kind = MEMBER_NUMBER, .most = 5, .needed = true}};
static const struct member closing_members[] = {
    WORD_MEMBERS, WORDS_MAY_BE, {.name = "rating", .kind = MEMBER_NUMBER, .most = 5}};
static const struct member consent_members[] = {
    WORD_MEMBERS, WORDS_MAY_BE, {.name = "consent", .kind = MEMBER_FLAG, .needed = true}};
static const struct member flags_members[] = {
    WORD_MEMBERS,
    {.name = "anonymous", .kind = MEMBER_FLAG, .needed = true},
    {.name = "secret", .kind = MEMBER_FLAG, .needed = true}};

static const struct word_kind {
    const char *name; /* the end of its address */
    uint32_t kind;
    const struct member *members;
    size_t count;
} word_kinds[] = {
#define WORD(name, kind, members)                                                                  \
    {                                                                                              \
        name, ADUAN_KIND_##kind, members, array_len (members)                                      \
    }
    WORD ("replies", REPLY, says_members),       WORD ("completions", COMPLETION, says_members),
    WORD ("ratings", RATING, rating_members),    WORD ("withdrawals", WITHDRAWAL, ends_members),
    WORD ("closings", CLOSING, closing_members), WORD ("reopenings", REOPENING, says_members),
    WORD ("consents", CONSENT, consent_members), WORD ("flags", FLAGS, flags_members),
#undef WORD
};

/* ---- the same again is the same ------------------------------------------------------------------- */

/* `len` bytes that follow from these, and from the installation's web key. */
static void derive (const struct call *call, const uint8_t secret[SECRET_BYTES], const char *use,
                    uint8_t *ret, size_t len)
{
    struct buffer all = {0};
    uint8_t salt[crypto_generichash_blake2b_SALTBYTES] = {0};
    uint8_t person[crypto_generichash_blake2b_PERSONALBYTES] = "aduan api";

    memcpy (salt, use, strlen (use));
    buffer_format (&all, "%zu:%s:%zu:%s:%llu", strlen (call->client.account), call->client.account,
                   strlen (call->key), call->key, (unsigned long long) call->created);
    crypto_generichash_blake2b_salt_personal (ret, len, (const uint8_t *) all.at, all.len, secret,
                                              SECRET_BYTES, salt, person);
    buffer_free (&all);
}

static void code_derive (struct visit *visit)
{
    struct call *call = call_of (visit);
    const char *own = api_text (call->body, "access_code");
    struct aduan_token token;

    if (!*own) {
        derive (call, visit->web->secret, "code", token.token, sizeof token.token);
        aduan_token_derive (&token);
        own = token.code;
    }
    /* without what people put between its signs */
    for (size_t len = 0; *own && len + 1 < sizeof call->code; own++)
        if (*own != ' ' && *own != '-')
            call->code[len++] = *own;
    sodium_memzero (&token, sizeof token);
}

/* A key of all that was said, where none came with it.  In a network that loses answers only `created` and a key of one's own
 * are sure: midnight makes another one of this. */
static void key_make (struct visit *visit)
{
    struct call *call = call_of (visit);
    json_t *rest = json_copy (call->body);
    struct buffer words = {0};

    words_normal (view_of (api_text (call->body, "text")), &words);
    if (words
            .len) /* as it is compared it is sent: else intake would see other words under one key */
        json_object_set_new (call->body, "text", json_stringn (words.at, words.len));
    json_object_del (rest, "text");
    char *text = json_dumps (rest, JSON_COMPACT | JSON_SORT_KEYS), name[REPEAT_NAME_SIZE];
    struct view parts[] = {
        view_of (call->word), view_of (call->number), {words.at, words.len}, view_of (text)};
    repeat_name (visit->web, call->client.account, parts, array_len (parts), name);
    snprintf (call->key, sizeof call->key, "%s", name);
    sodium_memzero (text, strlen (text));
    free (text);
    json_decref (rest);
    buffer_free (&words);
}

/* Idempotency-Key, with or without its quotation marks.  False, and answered: it is none, or `created` is not with it. */
static bool key_take (struct visit *visit)
{
    struct call *call = call_of (visit);
    const char *said = http_header (visit->request, "Idempotency-Key");
    const char *created = api_text (call->body, "created");
    size_t len = said ? strlen (said) : 0;

    call->created = repeat_created ();
    if (*created)
        api_moment (created, &call->created);
    if (!said) {
        key_make (visit);
        return true;
    }
    if (len >= 2 && said[0] == '"' && said[len - 1] == '"')
        said++, len -= 2;
    bool good = len > 0 && len <= API_KEY_MOST;
    for (size_t i = 0; good && i < len; i++)
        good = said[i] > ' ' && said[i] < 127;
    if (!good)
        api_problem (visit, 422, "field_value", "Idempotency-Key");
    else if (!*created)
        api_problem (visit, 422, "field_missing", "created");
    else if ((int64_t) call->created > wall_ms () + AHEAD_MOST_MS)
        api_problem (visit, 422, "submit_ahead", "created");
    else {
        memcpy (call->key, said, len);
        call->key[len] = 0;
        return true;
    }
    return false;
}

static void digests_take (struct visit *visit)
{
    struct call *call = call_of (visit);
    const struct handle_for account = {"api", call->client.account};
    const json_t *handle;
    size_t at;

    json_array_foreach (json_object_get (call->body, "attachments"), at, handle)
        handle_read (visit->web, account, json_string_value (handle),
                     call->digests + DIGEST_BYTES * call->file_count++);
}

/* ---- the answer ----------------------------------------------------------------------------------- */

/* As the API calls what intake found at fault. */
static const char *field_named (const char *field)
{
    return strcmp (field, "key") == 0         ? "Idempotency-Key"
           : strcmp (field, "code_hash") == 0 ? "access_code"
           : strcmp (field, "latitude") == 0  ? "point.latitude"
           : strcmp (field, "longitude") == 0 ? "point.longitude"
           : *field                           ? field
                                              : NULL;
}

static void rejected (struct visit *visit, const struct aduan_submitted *result)
{
    char code[40];

    snprintf (code, sizeof code, "submit_%s", aduan_reject_word (result->reject));
    api_problem (visit, send_status (result), code, field_named (result->field));
}

static void on_sent (struct visit *visit, const struct aduan_submitted *result)
{
    struct call *call = call_of (visit);
    char received[API_STAMP_SIZE];

    if (result->result == ADUAN_REJECTED) {
        rejected (visit, result);
    } else if (result->result != ADUAN_ACCEPTED) {
        visit_refuse (visit, 503, "unknown");
    } else {
        bool report = call->kind == ADUAN_KIND_COMPLAINT;
        api_stamp (result->received, received);
        json_t *answer = json_pack (
            "{s:s, s:s, s:s, s:b, s:b}", "number", report ? result->number : call->number, "id",
            hex_text (result->id, sizeof result->id), "received", received, "repeated",
            (int) result->repeated, "sandbox", (int) call->client.sandbox);
        if (report) {
            json_object_set_new (answer, "access_code", json_string (call->code));
            if (call->quiet && !result->repeated)
                json_object_set_new (answer, "quiet", json_true ());
            char *where = xformat ("/api/v1/reports/%s", result->number);
            http_say (visit->request, "Location", where);
            free (where);
        }
        api_answer (visit, send_status (result), answer);
    }
}

/* ---- sending -------------------------------------------------------------------------------------- */

static int64_t degree (const json_t *point, const char *name)
{
    return llround (json_number_value (json_object_get (point, name)) * DEGREE);
}

/* All of the body, however its members stand: another one under the same key is a conflict. */
static void call_said (const struct visit *visit, struct call *call, uint8_t ret[ADUAN_SAID_SIZE])
{
    char *body = json_dumps (call->body, JSON_COMPACT | JSON_SORT_KEYS);
    struct view parts[] = {view_of (call->word), view_of (call->number), view_of (body)};

    repeat_said (visit->web, call->client.account, call->key, parts, array_len (parts), ret);
    sodium_memzero (body, strlen (body));
    free (body);
}

static void call_send (struct visit *visit)
{
    struct call *call = call_of (visit);
    uint8_t said[ADUAN_SAID_SIZE];
    const json_t *body = call->body, *who = json_object_get (body, "identity");
    const json_t *news = json_object_get (body, "contact"),
                 *point = json_object_get (body, "point");
    uint32_t channel = api_word (body, "channel", channels);
    uint32_t language = api_word (body, "language", languages);
    struct aduan_identity identity = {
        .name = api_text (who, "name"),
        .nik = api_text (who, "nik"),
        .phone = api_text (who, "phone"),
        .email = api_text (who, "email"),
        .address = api_text (who, "address"),
    };
    struct aduan_contact contact = {.kind = api_text (news, "kind"),
                                    .address = api_text (news, "address"),
                                    .language = language};
    contact.quiet = call->quiet =
        news && limit_contact (visit->web->limits, contact.kind, contact.address, &visit->tally);
    struct aduan_submission submission = {
        .account = call->client.account,
        .kind = call->kind,
        .key = call->key,
        .created = call->created,
        .channel = channel ? channel : ADUAN_CHANNEL_PARTNER,
        .complaint_class = api_word (body, "class", classes),
        .category = (uint32_t) json_integer_value (json_object_get (body, "category")),
        .place = api_text (body, "place"),
        .location = api_text (body, "location"),
        .latitude = degree (point, "latitude"),
        .longitude = degree (point, "longitude"),
        .incident = api_text (body, "incident"),
        .target = api_text (body, "target"),
        .anonymous = api_flag (body, "anonymous"),
        .secret = api_flag (body, "secret"),
        .parent = call->kind == ADUAN_KIND_COMPLAINT ? NULL : call->number,
        .code = call->code,
        .priority = api_word (body, "priority", priorities),
        .language = language,
        .external = api_text (body, "external"),
        .rating = (uint32_t) json_integer_value (json_object_get (body, "rating")),
        .title = api_text (body, "title"),
        .text = api_text (body, "text"),
        .attachments = call->digests,
        .attachments_len = call->file_count * DIGEST_BYTES,
        .identity = json_object_size (who) ? &identity : NULL,
        .contact = news ? &contact : NULL,
        .consent = api_flag (body, "consent"),
        .said = said,
    };
    call_said (visit, call, said);
    visit_send (visit, &submission, on_sent);
}

static void call_try (struct visit *visit)
{
    struct call *call = call_of (visit);
    struct aduan_submitted result;

    derive (call, visit->web->secret, "sandbox", call->trial.at, sizeof call->trial.at);
    if (sandbox_take (visit->web->sandbox, call, &result)) {
        visit_judged (visit, &result);
        on_sent (visit, &result);
    } else
        api_problem (visit, 404, "absent", NULL);
}

/* Room for one more today?  False, and answered. */
static bool counted (struct visit *visit)
{
    int64_t later = client_submit (visit->web->clients, &call_of (visit)->client, &visit->tally);

    if (later) {
        http_later (visit->request, later);
        api_problem (visit, 429, "too_many_today", NULL);
    }
    return later == 0;
}

/* ---- names and proofs ----------------------------------------------------------------------------- */

/* Is a row of this code among those that were found?  So it is, too, where nobody could be asked. */
static bool is_there (struct visit *visit, const char *rows, const char *code)
{
    const json_t *found = json_object_get (visit->values, rows), *row;
    size_t at;

    json_array_foreach (found, at, row)
        if (strcmp (api_text (row, "code"), code) == 0)
            return true;
    return !json_is_array (found);
}

static void named (struct visit *visit)
{
    struct call *call = call_of (visit);

    visit->fault = 0; /* what nobody looked up is read by the router */
    if (!is_there (visit, "places", api_text (call->body, "place")))
        api_problem (visit, 422, "field_absent", "place");
    else if (!is_there (visit, "agencies", api_text (call->body, "target")))
        api_problem (visit, 422, "field_absent", "target");
    else if (call->client.sandbox)
        call_try (visit);
    else
        call_send (visit);
}

static bool contact_right (struct visit *visit)
{
    const json_t *contact = json_object_get (call_of (visit)->body, "contact");
    struct view address = view_of (api_text (contact, "address"));

    if (!contact || (strcmp (api_text (contact, "kind"), "email") == 0 ? address_valid (address)
                                                                       : phone_valid (address)))
        return true;
    api_problem (visit, 422, "field_value", "contact.address");
    return false;
}

void api_report (struct visit *visit)
{
    struct call *call = api_begin (visit);

    if (!call || !api_read (visit, report_members, array_len (report_members)) ||
        !contact_right (visit))
        return;
    if (api_word (call->body, "priority", priorities) == ADUAN_PRIORITY_EMERGENCY &&
        !strstr (call->client.rights, "emergency")) {
        api_problem (visit, 403, "submit_right", "priority");
        return;
    }
    call->word = "reports";
    call->kind = ADUAN_KIND_COMPLAINT;
    if (!key_take (visit) || !counted (visit))
        return;
    code_derive (visit);
    digests_take (visit);
    const char *place = api_text (call->body, "place"), *target = api_text (call->body, "target");
    bool up = aduan_is_up (visit->web->query);
    visit_wait (visit);
    if (up && *place)
        visit_ask (visit, "places", "web_regions", json_pack ("[s, s]", place, "1"), false, named);
    if (up && *target)
        visit_ask (visit, "agencies", "web_agencies", json_pack ("[s, s]", target, "5"), false,
                   named);
    visit_came (visit, named);
}

/* A code that is another case's, and a word that the case cannot take now, would be found out by the store alone, long after we
 * said that it was taken.  With aduan-query away they are. */
static void proved (struct visit *visit)
{
    const struct call *call = call_of (visit);
    const json_t *own = json_object_get (visit->values, "own"), *body = call->body;
    const json_t *row = json_array_get (json_object_get (visit->values, "case"), 0);
    const struct word word = {.kind = call->kind,
                              .text = api_text (body, "text"),
                              .rating =
                                  (uint32_t) json_integer_value (json_object_get (body, "rating")),
                              .consent = api_flag (body, "consent"),
                              .anonymous = api_flag (body, "anonymous"),
                              .secret = api_flag (body, "secret")};

    if (visit->fault)
        call_send (visit);
    else if (row && !case_takes (row, &word))
        api_problem (visit, 409, "state", NULL);
    else if (row)
        call_send (visit);
    else if (json_array_size (own))
        api_problem (visit, 422, "field_value", "access_code");
    else
        api_problem (visit, 404, "absent", NULL);
}

void api_word_take (struct visit *visit)
{
    struct call *call = api_begin (visit);
    const char *name = strrchr (http_path (visit->request), '/') + 1;
    const struct word_kind *kind = word_kinds;
    char hash[65], principal[12];
    uint64_t bits;

    while (strcmp (kind->name, name) != 0)
        kind++;
    if (!call || !api_read (visit, kind->members, kind->count))
        return;
    call->word = kind->name;
    call->kind = kind->kind;
    const char *number = http_part (&visit->parts, "number");
    if (number_parse (view_of (number), &bits) == 0)
        number_of_bits (bits, call->number);
    else if (call->client.sandbox && strlen (number) < sizeof call->number)
        snprintf (call->number, sizeof call->number, "%s", number);
    if (!*call->number) {
        api_problem (visit, 404, "absent", NULL);
        return;
    }
    if (!key_take (visit) || !counted (visit))
        return;
    code_derive (visit);
    digests_take (visit);
    if (call->client.sandbox) {
        call_try (visit);
    } else if (!aduan_is_up (visit->web->query) || !proof_hash (call->code, hash)) {
        call_send (visit);
    } else {
        snprintf (principal, sizeof principal, "%u", call->client.principal);
        visit_wait (visit);
        visit_ask (visit, "case", "web_case", json_pack ("[s, s]", call->number, hash), false,
                   proved);
        visit_ask (visit, "own", "web_own", json_pack ("[s, s]", principal, call->number), false,
                   proved);
        visit_came (visit, proved);
    }
}
