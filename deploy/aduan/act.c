/* act.c - `aduan act`: one act on one assignment, for scripts; and what `aduan work` shares with it. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "domain/number.h"
#include "wire/wire.h"

const struct option_row act_options[] = {
    {"agency", 'a', OPTION_VALUE, "CODE", TEXT_o_act_agency},
    {"version", 0, OPTION_VALUE, "V", TEXT_o_version},
    {"text", 't', OPTION_VALUE, "TEXT", TEXT_o_act_text},
    {"text-file", 'f', OPTION_VALUE, "FILE", TEXT_o_text_file},
    {"delay", 0, OPTION_VALUE, "SECONDS", TEXT_o_delay},
    {"reason", 0, OPTION_VALUE, "WORD", TEXT_o_reason},
    {"suggested", 0, OPTION_VALUE, "CODE", TEXT_o_suggested},
    {"class", 0, OPTION_VALUE, "WORD", TEXT_o_act_class},
    {"other", 0, OPTION_VALUE, "NUMBER", TEXT_o_other},
    {"key", 0, OPTION_VALUE, "UUID", TEXT_o_act_key},
    {"as", 0, OPTION_VALUE, "NAME", TEXT_o_as_worker},
    {"wait", 'w', OPTION_VALUE, "SECONDS", TEXT_o_wait_act},
};
const size_t act_options_len = array_len (act_options);

/* ---- shared with work.c ---------------------------------------------------------------------- */

static int word_fault (const char *name, const char *word)
{
    return complain (EX_DATAERR, TEXT_unknown_word, "option", name, "value", word, NULL);
}

/* Seconds as JSON says them, within the act's bounds; absent: the standard. */
static int fill_delay (const json_t *delay, struct aduan_act *act)
{
    bool extends = act->act == ADUAN_ACT_EXTEND;
    char least[24], most[24];
    int64_t most_ms = extends ? ADUAN_EXTEND_MOST_MS : ADUAN_NACK_MOST_MS;
    if (!delay || json_is_null (delay) || (!extends && act->act != ADUAN_ACT_NACK))
        return 0;
    double seconds = json_is_number (delay) ? json_number_value (delay) : 0;
    if (seconds >= ADUAN_DELAY_LEAST_MS / 1000.0 && seconds <= (double) most_ms / 1000) {
        act->delay_ms = (uint32_t) (seconds * 1000);
        return 0;
    }
    char *value = json_is_string (delay) ? xstrdup (json_string_value (delay))
                                         : json_dumps (delay, JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf (least, sizeof least, "%d", ADUAN_DELAY_LEAST_MS / 1000);
    snprintf (most, sizeof most, "%lld", (long long) (most_ms / 1000));
    int status =
        complain (EX_DATAERR, TEXT_delay_wrong, "value", value, "least", least, "most", most, NULL);
    free (value);
    return status;
}

int act_fill (const struct cli *cli, const json_t *said, struct aduan_act *act)
{
    const char *word = json_text (said, "act"), *reason = json_text (said, "reason"),
               *class = json_text (said, "class"), *suggested = json_text (said, "suggested"),
               *text = json_text (said, "text"), *other = json_text (said, "other");
    char *name = xstrdup (word);
    for (char *at = name; *at; at++)
        if (*at == '-')
            *at = '_'; /* hand-back is easier on a command line */
    act->act = act_of (name);
    free (name);
    if (!act->act)
        return word_fault ("act", word);
    act->reason = !*reason                      ? 0
                  : act->act == ADUAN_ACT_CLOSE ? resolution_of (reason)
                                                : hand_back_of (reason);
    if (*reason && !act->reason)
        return word_fault ("reason", reason);
    act->complaint_class = *class ? class_of (class) : 0;
    if (*class && !act->complaint_class)
        return word_fault ("class", class);
    if (fill_delay (json_object_get (said, "delay"), act) != 0)
        return EX_DATAERR;
    act->text = *text ? text : NULL;
    int status = *other ? complaint_id (cli, other, act->other) : 0;
    if (status != 0)
        return status;
    return *suggested ? cli_agency (cli, suggested, &act->suggested) : 0;
}

char *reason_said (uint32_t reason, uint32_t refusal)
{
    static const enum text_key means[] = {
        [ADUAN_REASON_VERSION] = TEXT_why_version, [ADUAN_REASON_STATE] = TEXT_why_state,
        [ADUAN_REASON_ABSENT] = TEXT_why_absent,   [ADUAN_REASON_TEXT] = TEXT_why_text,
        [ADUAN_REASON_KEY] = TEXT_why_key,         [ADUAN_REASON_SCOPE] = TEXT_why_scope,
        [ADUAN_REASON_BUSY] = TEXT_why_busy,       [ADUAN_REASON_BOUND] = TEXT_why_bound,
        [ADUAN_REASON_TARGET] = TEXT_why_target,   [ADUAN_REASON_LEAD] = TEXT_why_lead,
        [ADUAN_REASON_OTHER] = TEXT_why_other,     [ADUAN_REASON_ENDING] = TEXT_why_ending,
        [ADUAN_REASON_ROLE] = TEXT_why_role,       [ADUAN_REASON_SESSION] = TEXT_why_session,
        [ADUAN_REASON_VALUE] = TEXT_why_value,
    };
    if (!reason)
        return xstrdup (aduan_refusal_word (refusal));
    if (reason >= array_len (means))
        return xstrdup (aduan_reason_word (reason));
    return xformat ("%s: %s", aduan_reason_word (reason), text_of (means[reason]));
}

int act_report (const struct cli *cli, const char *number, const struct aduan_act *act,
                const struct aduan_acted *result)
{
    const char *word = aduan_act_word (act->act);
    const char *why = result->reason    ? aduan_reason_word (result->reason)
                      : result->refusal ? aduan_refusal_word (result->refusal)
                                        : result->field;
    struct id id, key;
    memcpy (id.at, act->id, sizeof id.at);
    memcpy (key.at, act->key, sizeof key.at);
    if (cli->json) {
        json_t *out = json_pack ("{s:s, s:s, s:s, s:s}", "id", id_text (&id), "act", word, "result",
                                 aduan_result_word (result->result), "key", id_text (&key));
        if (*number)
            json_object_set_new (out, "number", json_string (number));
        if (*why)
            json_object_set_new (out, "why", json_string (why));
        if (result->result == ADUAN_DONE)
            json_object_set_new (out, "version", json_integer ((json_int_t) result->version));
        put_json (out);
        json_decref (out);
    } else if (result->result == ADUAN_DONE) {
        char version[24];
        snprintf (version, sizeof version, "%llu", (unsigned long long) result->version);
        say (stdout, TEXT_acted, "number", *number ? number : id_text (&id), "act", word, "version",
             version, NULL);
    } else {
        enum text_key text = result->result == ADUAN_STALE     ? TEXT_act_stale
                             : result->result == ADUAN_REFUSED ? TEXT_act_refused
                             : result->result == ADUAN_UNSENT  ? TEXT_act_unsent
                                                               : TEXT_act_unknown;
        char *said = *result->field ? xformat ("%s: %s", result->field, text_of (TEXT_why_field))
                                    : reason_said (result->reason, result->refusal);
        complain (0, text, "number", *number ? number : id_text (&id), "act", word, "why", said,
                  "key", id_text (&key), NULL);
        free (said);
    }
    fflush (stdout);
    /* a reason or a field is what the act lacks, a refusal what the key may not */
    bool lacks = result->result == ADUAN_REFUSED && (result->reason || *result->field);
    return lacks ? EX_DATAERR : cli_status (result->result);
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Finds complaint and version of an agency's assignment by tracking number or complaint id. */
static int look_up (const struct cli *cli, const char *said, const char *agency, struct id *ret_id,
                    uint64_t *ret_version, char number[NUMBER_LEN + 1])
{
    uint64_t bits;
    json_t *rows, *assignment;
    size_t at;
    bool is_number = number_parse (view_of (said), &bits) == 0;
    if (is_number)
        number_of_bits (bits, number);
    else if (id_parse (said, ret_id) != 0)
        return complain (EX_USAGE, TEXT_act_number, "number", said, NULL);
    if (!is_number && *ret_version)
        return 0;
    const char *argument = is_number ? number : said;
    int status = cli_ask (cli, is_number ? "track" : "complaint", &argument, 1, &rows);
    if (status != 0)
        return status;
    json_t *row = json_array_get (rows, 0);
    if (json_array_size (rows) == 0)
        status = complain (EX_NOTHING, TEXT_track_unknown, "number", said, NULL);
    else if (json_array_size (rows) > 1)
        status = complain (EX_DATAERR, TEXT_act_clash, "number", said, NULL);
    else if (id_parse (json_text (row, "id"), ret_id) != 0)
        status = EX_SOFTWARE;
    bool named = *ret_version != 0;
    json_array_foreach (json_object_get (row, "assignments"), at, assignment)
        if (!named && strcmp (json_text (assignment, "agency"), agency) == 0)
            *ret_version = (uint64_t) json_integer_value (json_object_get (assignment, "version"));
    if (status == 0 && !*ret_version)
        status =
            complain (EX_NOTHING, TEXT_act_no_assignment, "number", said, "agency", agency, NULL);
    json_decref (rows);
    return status;
}

/* The options as the JSON that act_fill reads. */
static int as_json (const struct cli *cli, json_t **ret, char **ret_file)
{
    static const char *const words[] = {"text", "reason", "suggested", "class", "other"};
    const char *path = option (&cli->options, "text-file");
    json_t *said = json_object ();
    int64_t delay;
    size_t len;
    *ret = said;
    json_object_set_new (said, "act", json_string (cli->options.arguments[1]));
    for (size_t i = 0; i < array_len (words); i++)
        if (option (&cli->options, words[i]))
            json_object_set_new (said, words[i], json_string (option (&cli->options, words[i])));
    if (path) {
        int status = input_read (path, ret_file, &len);
        if (status != 0)
            return status;
        json_t *text = json_stringn (*ret_file, len);
        if (!text)
            return complain (EX_DATAERR, TEXT_not_utf8, "path", path, NULL);
        json_object_set_new (said, "text", text);
    }
    int status = option_number (&cli->options, "delay", 1, ADUAN_NACK_MOST_MS / 1000, 0, &delay);
    if (delay)
        json_object_set_new (said, "delay", json_integer (delay));
    return status;
}

static int fill (const struct cli *cli, const json_t *said, struct aduan_act *act,
                 char number[NUMBER_LEN + 1])
{
    const char *agency = option (&cli->options, "agency"), *key = option (&cli->options, "key");
    struct id id = {0}, act_key = id_random ();
    int64_t version;
    uint64_t bits;
    const char *which = cli->options.arguments[0];
    if (number_parse (view_of (which), &bits) != 0 && id_parse (which, &id) != 0)
        return complain (EX_USAGE, TEXT_act_number, "number", which, NULL);
    if (!agency)
        return complain (EX_USAGE, TEXT_agency_missing, NULL);
    int status = option_number (&cli->options, "version", 1, INT64_MAX, 0, &version);
    if (status == 0 && key && id_parse (key, &act_key) != 0)
        status = complain (EX_USAGE, TEXT_unknown_word, "option", "key", "value", key, NULL);
    if (status == 0)
        status = act_fill (cli, said, act);
    if (status == 0)
        status = cli_agency (cli, agency, &act->agency);
    act->version = (uint64_t) version;
    if (status == 0)
        status = look_up (cli, which, agency, &id, &act->version, number);
    memcpy (act->id, id.at, sizeof act->id);
    memcpy (act->key, act_key.at, sizeof act->key);
    return status;
}

int run_act (struct cli *cli)
{
    struct aduan_act act = {0};
    struct aduan_acted result;
    struct aduan *aduan = NULL;
    char number[NUMBER_LEN + 1] = "", *file = NULL;
    json_t *said = NULL;
    int64_t wait_ms;
    if (cli->options.argument_count != 2)
        return complain (EX_USAGE, TEXT_act_which, NULL);
    int status = cli_wait (cli, 30, &wait_ms);
    if (status == 0)
        status = as_json (cli, &said, &file);
    if (status == 0)
        status = fill (cli, said, &act, number);
    if (status == 0)
        status = cli_open (cli, SIDE_ROUTER, NULL, &aduan);
    if (status == 0) {
        aduan_act (aduan, &act, wait_ms, &result);
        status = act_report (cli, number, &act, &result);
    }
    aduan_close (&aduan);
    json_decref (said);
    free (file);
    return status;
}
