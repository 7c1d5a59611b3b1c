/* submit.c - `aduan submit`: one complaint, or a reporter's word on one.
 *
 * The idempotency key and the access code come from one token.  When no answer came in time, the
 * line to repeat the same submission with is printed: a new key would make a second complaint.
 */
#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "domain/incident.h"
#include "domain/number.h"
#include "wire/wire.h"

const struct option_row submit_options[] = {
    {"text", 't', OPTION_VALUE, "TEXT", TEXT_o_text},
    {"text-file", 'f', OPTION_VALUE, "FILE", TEXT_o_text_file},
    {"title", 0, OPTION_VALUE, "TEXT", TEXT_o_title},
    {"category", 0, OPTION_VALUE, "N", TEXT_o_category},
    {"place", 0, OPTION_VALUE, "CODE", TEXT_o_place},
    {"location", 0, OPTION_VALUE, "TEXT", TEXT_o_location},
    {"latitude", 0, OPTION_VALUE, "DEGREES", TEXT_o_latitude},
    {"longitude", 0, OPTION_VALUE, "DEGREES", TEXT_o_longitude},
    {"incident", 0, OPTION_VALUE, "YYYY-MM-DD", TEXT_o_incident},
    {"target", 0, OPTION_VALUE, "CODE", TEXT_o_target},
    {"class", 0, OPTION_VALUE, "WORD", TEXT_o_class},
    {"channel", 0, OPTION_VALUE, "WORD", TEXT_o_channel},
    {"priority", 0, OPTION_VALUE, "WORD", TEXT_o_priority},
    {"language", 0, OPTION_VALUE, "id|en", TEXT_o_language},
    {"external", 0, OPTION_VALUE, "TEXT", TEXT_o_external},
    {"anonymous", 0, OPTION_FLAG, NULL, TEXT_o_anonymous},
    {"secret", 0, OPTION_FLAG, NULL, TEXT_o_secret},
    {"contact-email", 0, OPTION_VALUE, "ADDRESS", TEXT_o_contact_email},
    {"name", 0, OPTION_VALUE, "TEXT", TEXT_o_name},
    {"nik", 0, OPTION_VALUE, "TEXT", TEXT_o_nik},
    {"phone", 0, OPTION_VALUE, "TEXT", TEXT_o_phone},
    {"email", 0, OPTION_VALUE, "TEXT", TEXT_o_email},
    {"address", 0, OPTION_VALUE, "TEXT", TEXT_o_address},
    {"identity-file", 0, OPTION_VALUE, "FILE", TEXT_o_identity_file},
    {"kind", 0, OPTION_VALUE, "WORD", TEXT_o_kind},
    {"parent", 0, OPTION_VALUE, "NUMBER", TEXT_o_parent},
    {"code", 0, OPTION_VALUE, "CODE", TEXT_o_code},
    {"rating", 0, OPTION_VALUE, "1-5", TEXT_o_rating},
    {"key", 0, OPTION_VALUE, "TEXT", TEXT_o_key},
    {"token", 0, OPTION_VALUE, "HEX", TEXT_o_token},
    {"created", 0, OPTION_VALUE, "TIME", TEXT_o_created},
    {"as", 0, OPTION_VALUE, "NAME", TEXT_o_as_adapter},
    {"wait", 'w', OPTION_VALUE, "SECONDS", TEXT_o_wait_submit},
};
const size_t submit_options_len = array_len (submit_options);

struct draft {
    struct aduan_submission submission;
    struct aduan_identity identity;
    struct aduan_contact contact;
    struct aduan_token token;
    char *text; /* of --text-file */
    json_t *identity_said;
    bool own_key; /* --key: no code can be derived from it */
};

/* ---- what would be rejected ------------------------------------------------------------------ */

static const struct {
    const char *field;
    uint64_t most;
} limits[] = {
#define ENUM(name)
#define VALUE(name, value, number, word, mean)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning)
#define FIELD(msg, tag, name, kind, rule, limit, meaning) {#msg "." #name, limit},
#define END(msg)
#include "wire/messages.def"
};

static uint64_t limit_of (const char *field)
{
    for (size_t i = 0; i < array_len (limits); i++)
        if (strncmp (limits[i].field, "submit.", 7) == 0 &&
            strcmp (limits[i].field + 7, field) == 0)
            return limits[i].most;
    return UINT64_MAX;
}

static uint32_t find (struct finding *ret, uint32_t reject, const char *field)
{
    ret->field = field;
    return reject;
}

static uint32_t find_long (struct finding *ret, const char *field, uint64_t length, uint64_t limit)
{
    if (length <= limit)
        return 0;
    *ret = (struct finding){field, length, limit};
    return REJECT_TOO_LONG;
}

/* Digits of 2, 4, 6 or 10 levels' places, dots between them. */
static bool is_region (const char *code)
{
    static const char form[] = "dd.dd.dd.dddd";
    size_t len = strlen (code);
    bool good = len == 2 || len == 5 || len == 8 || len == 13;
    for (size_t i = 0; good && i < len; i++)
        good = form[i] == 'd' ? isdigit ((unsigned char) code[i]) != 0 : code[i] == '.';
    return good;
}

static uint32_t check_texts (const struct aduan_submission *said, struct finding *ret)
{
    const struct {
        const char *field, *text;
    } texts[] = {{"place", said->place},       {"location", said->location},
                 {"incident", said->incident}, {"target", said->target},
                 {"parent", said->parent},     {"external", said->external}};
    uint32_t reject = 0;
    for (size_t i = 0; !reject && i < array_len (texts); i++) {
        const char *text = texts[i].text ? texts[i].text : "";
        if (!utf8_valid (text, strlen (text)))
            reject = find (ret, REJECT_VALUE, texts[i].field);
        else
            reject = find_long (ret, texts[i].field, utf8_count (text, strlen (text)),
                                limit_of (texts[i].field));
    }
    return reject;
}

static uint32_t check_fields (const struct aduan_submission *said, struct finding *ret)
{
    uint64_t bits;
    uint8_t hash[CODE_HASH_LEN];
    size_t key = said->key_len || !said->key ? said->key_len : strlen (said->key);
    uint32_t reject = find_long (ret, "key", key, limit_of ("key"));
    if (reject)
        return reject;
    if (!key)
        return find (ret, REJECT_MISSING, "key");
    if (said->created > (uint64_t) wall_ms () + 600000)
        return find (ret, REJECT_AHEAD, "created");
    if (said->place && *said->place && !is_region (said->place))
        return find (ret, REJECT_VALUE, "place");
    if (said->incident && *said->incident &&
        !incident_valid (view_of (said->incident), wall_ms (), INCIDENT_ANYWHERE))
        return find (ret, REJECT_VALUE, "incident");
    if (said->code && *said->code && number_code_hash (view_of (said->code), hash) != 0)
        return find (ret, REJECT_VALUE, "code_hash");
    if (said->kind == 0 || said->kind == KIND_COMPLAINT)
        return 0;
    if (!said->parent || !*said->parent)
        return find (ret, REJECT_MISSING, "parent");
    if (number_parse (view_of (said->parent), &bits) != 0)
        return find (ret, REJECT_NUMBER, "parent");
    if (said->kind == KIND_RATING && (said->rating < 1 || said->rating > 5))
        return find (ret, REJECT_VALUE, "rating");
    return 0;
}

/* Title and text are counted as intake counts them, when they are clean. */
static uint32_t check_words (const struct aduan_submission *said, struct finding *ret)
{
    struct buffer title = {0}, text = {0};
    bool needs_text = said->kind != KIND_RATING && said->kind != KIND_WITHDRAWAL;
    size_t title_len = said->title_len || !said->title ? said->title_len : strlen (said->title),
           text_len = said->text_len || !said->text ? said->text_len : strlen (said->text);
    utf8_clean (said->title ? said->title : "", title_len, &title);
    utf8_clean (said->text ? said->text : "", text_len, &text);
    uint32_t reject =
        needs_text && utf8_blank (text.at, text.len) ? find (ret, REJECT_EMPTY, "text") : 0;
    if (!reject)
        reject = find_long (ret, "text", utf8_count (text.at, text.len), TEXT_MOST);
    if (!reject)
        reject = find_long (ret, "title", utf8_count (title.at, title.len), TITLE_MOST);
    buffer_free (&title);
    buffer_free (&text);
    return reject;
}

uint32_t submission_check (const struct aduan_submission *said, struct finding *ret)
{
    *ret = (struct finding){.field = ""};
    uint32_t reject = check_texts (said, ret);
    if (!reject)
        reject = check_fields (said, ret);
    return reject ? reject : check_words (said, ret);
}

/* ---- what was said --------------------------------------------------------------------------- */

static int take_word (const struct options *options, const char *name,
                      uint32_t (*of) (const char *word), uint32_t *ret)
{
    const char *word = option (options, name);
    if (!word)
        return 0;
    *ret = of (word);
    return *ret ? 0 : complain (EX_USAGE, TEXT_unknown_word, "option", name, "value", word, NULL);
}

static int take_degrees (const struct options *options, const char *name, double most, int64_t *ret)
{
    const char *word = option (options, name);
    char *end;
    if (!word)
        return 0;
    errno = 0;
    double degrees = strtod (word, &end);
    if (errno || end == word || *end || !(degrees >= -most && degrees <= most))
        return complain (EX_USAGE, TEXT_wrong_degrees, "option", name, "value", word, "most",
                         most > 90 ? "180" : "90", NULL);
    *ret = (int64_t) (degrees * 1e7 + (degrees < 0 ? -0.5 : 0.5));
    return 0;
}

static int take_words (const struct options *options, struct aduan_submission *submission)
{
    int64_t number;
    int status = take_word (options, "kind", kind_of, &submission->kind);
    if (status == 0)
        status = take_word (options, "class", class_of, &submission->complaint_class);
    if (status == 0)
        status = take_word (options, "channel", channel_of, &submission->channel);
    if (status == 0)
        status = take_word (options, "priority", priority_of, &submission->priority);
    if (status == 0)
        status = take_word (options, "language", language_of, &submission->language);
    if (status == 0)
        status = take_degrees (options, "latitude", 90, &submission->latitude);
    if (status == 0)
        status = take_degrees (options, "longitude", 180, &submission->longitude);
    if (status == 0)
        status = option_number (options, "category", 0, INT32_MAX, 0, &number);
    if (status == 0) {
        submission->category = (uint32_t) number;
        status = option_number (options, "rating", 1, 5, 0, &number);
    }
    if (status == 0)
        submission->rating = (uint32_t) number;
    return status;
}

static int take_text (const struct cli *cli, struct draft *draft)
{
    const char *file = option (&cli->options, "text-file");
    struct aduan_submission *submission = &draft->submission;
    submission->text = option (&cli->options, "text");
    if (file && submission->text)
        return complain (EX_USAGE, TEXT_text_twice, NULL);
    if (file)
        return input_read (file, &draft->text, &submission->text_len) == 0
                   ? (submission->text = draft->text, 0)
                   : EX_NOINPUT;
    bool wordless =
        submission->kind == ADUAN_KIND_RATING || submission->kind == ADUAN_KIND_WITHDRAWAL;
    if (!submission->text && !wordless)
        return complain (EX_USAGE, TEXT_text_missing, NULL);
    return 0;
}

static int take_key (const struct cli *cli, struct draft *draft)
{
    const char *key = option (&cli->options, "key"), *token = option (&cli->options, "token"),
               *created = option (&cli->options, "created");
    draft->submission.created = (uint64_t) wall_ms ();
    if (created && !time_parse (view_of (created), 0, &draft->submission.created))
        return complain (EX_USAGE, TEXT_wrong_time, "option", "created", "value", created, NULL);
    draft->submission.code = option (&cli->options, "code");
    if (key) {
        draft->own_key = true;
        draft->submission.key = key;
        return 0;
    }
    if (token && (strlen (token) != 32 || hex_parse (token, draft->token.token, 16) != 0))
        return complain (EX_USAGE, TEXT_wrong_token, "option", "token", "value", token, NULL);
    if (token)
        aduan_token_derive (&draft->token);
    else
        aduan_token_new (&draft->token);
    draft->submission.key = draft->token.key;
    if (!draft->submission.parent && !draft->submission.code)
        draft->submission.code = draft->token.code;
    return 0;
}

static const char *said_or (const struct cli *cli, const struct draft *draft, const char *name)
{
    const char *said = option (&cli->options, name);
    if (!said && draft->identity_said)
        said = json_string_value (json_object_get (draft->identity_said, name));
    return said;
}

/* A misspelled key would leave out what somebody meant to say, and nobody would notice. */
static int check_person (const struct draft *draft, const char *path)
{
    static const char *const known[] = {"name",  "nik",     "phone",
                                        "email", "address", "contact-email"};
    const char *key;
    json_t *value;
    json_object_foreach (draft->identity_said, key, value) {
        bool found = false;
        for (size_t i = 0; i < array_len (known); i++)
            found = found || strcmp (known[i], key) == 0;
        if (!found)
            return complain (EX_DATAERR, TEXT_identity_key, "path", path, "key",
                             log_text (key, strlen (key)), NULL);
        if (!json_is_string (value) && !json_is_null (value))
            return complain (EX_DATAERR, TEXT_identity_value, "path", path, "key", key, NULL);
    }
    return 0;
}

static int take_person (const struct cli *cli, struct draft *draft)
{
    const char *path = option (&cli->options, "identity-file");
    struct aduan_identity *identity = &draft->identity;
    if (path) {
        char *text;
        size_t len;
        int status = input_read (path, &text, &len);
        if (status != 0)
            return status;
        draft->identity_said = json_loadb (text, len, 0, NULL);
        sodium_memzero (text, len);
        free (text);
        if (!json_is_object (draft->identity_said))
            return complain (EX_DATAERR, TEXT_identity_faulty, "path", path, NULL);
        status = check_person (draft, path);
        if (status != 0)
            return status;
    }
    *identity = (struct aduan_identity){
        .name = said_or (cli, draft, "name"),
        .nik = said_or (cli, draft, "nik"),
        .phone = said_or (cli, draft, "phone"),
        .email = said_or (cli, draft, "email"),
        .address = said_or (cli, draft, "address"),
    };
    if (identity->name || identity->nik || identity->phone || identity->email || identity->address)
        draft->submission.identity = identity;
    draft->contact.address = said_or (cli, draft, "contact-email");
    draft->contact.language = draft->submission.language;
    if (draft->contact.address)
        draft->submission.contact = &draft->contact;
    return 0;
}

static int fill (const struct cli *cli, struct draft *draft)
{
    const struct options *options = &cli->options;
    draft->submission = (struct aduan_submission){
        .channel = ADUAN_CHANNEL_WALK_IN,
        .title = option (options, "title"),
        .place = option (options, "place"),
        .location = option (options, "location"),
        .incident = option (options, "incident"),
        .target = option (options, "target"),
        .parent = option (options, "parent"),
        .external = option (options, "external"),
        .anonymous = option_flag (options, "anonymous"),
        .secret = option_flag (options, "secret"),
    };
    int status = take_words (options, &draft->submission);
    bool own = !draft->submission.kind || draft->submission.kind == ADUAN_KIND_COMPLAINT;
    if (status == 0 && own && draft->submission.parent)
        status = complain (EX_USAGE, TEXT_parent_surplus, NULL);
    if (status == 0)
        status = take_text (cli, draft);
    if (status == 0)
        status = take_key (cli, draft);
    if (status == 0)
        status = take_person (cli, draft);
    return status;
}

/* ---- saying what became of it ---------------------------------------------------------------- */

static void report_json (const struct draft *draft, const struct aduan_submitted *result,
                         const struct finding *finding)
{
    struct id id;
    memcpy (id.at, result->id, sizeof id.at);
    json_t *out = json_pack ("{s:s, s:I}", "result", aduan_result_word (result->result), "created",
                             (json_int_t) draft->submission.created);
    if (draft->own_key)
        json_object_set_new (out, "key", json_string (draft->submission.key));
    else
        json_object_set_new (out, "token", json_string (hex_text (draft->token.token, 16)));
    if (result->result == ADUAN_ACCEPTED) {
        json_object_set_new (out, "number", json_string (result->number));
        json_object_set_new (out, "id", json_string (id_text (&id)));
        json_object_set_new (out, "received", json_integer ((json_int_t) result->received));
        json_object_set_new (out, "repeated", json_boolean (result->repeated));
        if (draft->submission.code && !draft->submission.parent)
            json_object_set_new (out, "code", json_string (draft->submission.code));
    }
    if (result->reject)
        json_object_set_new (out, "reject", json_string (aduan_reject_word (result->reject)));
    if (result->refusal)
        json_object_set_new (out, "refusal", json_string (aduan_refusal_word (result->refusal)));
    if (*result->field)
        json_object_set_new (out, "field", json_string (result->field));
    if (finding->limit) {
        json_object_set_new (out, "length", json_integer ((json_int_t) finding->length));
        json_object_set_new (out, "limit", json_integer ((json_int_t) finding->limit));
    }
    put_json (out);
    json_decref (out);
}

static void report_words (const struct draft *draft, const struct aduan_submitted *result,
                          const struct finding *finding, const char *where)
{
    char created[24];
    snprintf (created, sizeof created, "%llu", (unsigned long long) draft->submission.created);
    switch (result->result) {
    case ADUAN_ACCEPTED:
        say (stdout, TEXT_submitted, "number", result->number, "received",
             time_text (result->received), NULL);
        if (draft->submission.code && !draft->submission.parent)
            say (stdout, TEXT_submitted_code, "code", draft->submission.code, NULL);
        break;
    case ADUAN_REJECTED:
        complain (0, finding->limit ? TEXT_rejected_long : TEXT_rejected, "code",
                  aduan_reject_word (result->reject), "field", *result->field ? result->field : "-",
                  "length", count_text (finding->length), "limit", count_text (finding->limit),
                  NULL);
        break;
    case ADUAN_REFUSED:
        complain (0, TEXT_refused, "why",
                  result->refusal ? aduan_refusal_word (result->refusal) : result->field, NULL);
        break;
    case ADUAN_UNSENT: complain (0, TEXT_unsent, "where", where, NULL); break;
    default: break;
    }
    if (result->result != ADUAN_UNKNOWN)
        return;
    if (draft->own_key)
        complain (0, TEXT_unknown_key, "key", draft->submission.key, "created", created, NULL);
    else
        complain (0, TEXT_unknown_token, "token", hex_text (draft->token.token, 16), "created",
                  created, NULL);
}

int run_submit (struct cli *cli)
{
    struct draft draft = {0};
    struct aduan *aduan = NULL;
    struct aduan_submitted result;
    int64_t wait_ms;
    int status = cli->options.argument_count ? complain (EX_USAGE, TEXT_surplus, "argument",
                                                         cli->options.arguments[0], NULL)
                                             : 0;
    if (status == 0)
        status = cli_wait (cli, 30, &wait_ms);
    if (status == 0)
        status = fill (cli, &draft);
    if (status == 0)
        status = cli_open (cli, SIDE_INTAKE, NULL, &aduan);
    if (status == 0) {
        aduan_submit (aduan, &draft.submission, wait_ms, &result);
        struct finding finding = {0};
        if (result.reject != REJECT_TOO_LONG ||
            submission_check (&draft.submission, &finding) != REJECT_TOO_LONG ||
            strcmp (finding.field, result.field) != 0)
            finding = (struct finding){0}; /* only what fits to what was answered */
        if (cli->json)
            report_json (&draft, &result, &finding);
        else
            report_words (&draft, &result, &finding, cli_text (cli, "intake"));
        status = cli_status (result.result);
    }
    aduan_close (&aduan);
    json_decref (draft.identity_said);
    free (draft.text);
    sodium_memzero (&draft, sizeof draft);
    return status;
}
