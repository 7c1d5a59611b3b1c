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
        return complain (EX_USAGE, TEXT_unknown_word, "option", name, "value", word, NULL);
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
    if (created && !time_parse (view_of (created), &draft->submission.created))
        return complain (EX_USAGE, TEXT_unknown_word, "option", "created", "value", created, NULL);
    draft->submission.code = option (&cli->options, "code");
    if (key) {
        draft->own_key = true;
        draft->submission.key = key;
        return 0;
    }
    if (token && (strlen (token) != 32 || hex_parse (token, draft->token.token, 16) != 0))
        return complain (EX_USAGE, TEXT_unknown_word, "option", "token", "value", token, NULL);
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
    if (status == 0)
        status = take_text (cli, draft);
    if (status == 0)
        status = take_key (cli, draft);
    if (status == 0)
        status = take_person (cli, draft);
    return status;
}

/* ---- saying what became of it ---------------------------------------------------------------- */

static void report_json (const struct draft *draft, const struct aduan_submitted *result)
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
    put_json (out);
    json_decref (out);
}

static void report_words (const struct draft *draft, const struct aduan_submitted *result,
                          const char *where)
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
        complain (0, TEXT_rejected, "code", aduan_reject_word (result->reject), "field",
                  *result->field ? result->field : "-", NULL);
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
        if (cli->json)
            report_json (&draft, &result);
        else
            report_words (&draft, &result, cli_text (cli, "intake"));
        status = cli_status (result.result);
    }
    aduan_close (&aduan);
    json_decref (draft.identity_said);
    free (draft.text);
    sodium_memzero (&draft, sizeof draft);
    return status;
}
