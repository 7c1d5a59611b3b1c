/* duplicates.c - `aduan duplicates`: which complaints are like one, how much and why, in the reader's language;
 * and what `aduan work` asks before it links or merges. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "domain/number.h"

const struct option_row duplicates_options[] = {
    {"agency", 'a', OPTION_VALUE, "CODE", TEXT_o_within},
};
const size_t duplicates_options_len = array_len (duplicates_options);

static const char *number_text (const json_t *object, const char *key)
{
    return count_text ((uint64_t) json_integer_value (json_object_get (object, key)));
}

static const char *place_text (const json_t *reason)
{
    static const struct {
        const char *code;
        enum text_key text;
    } rows[] = {{"village", TEXT_near_village},
                {"district", TEXT_near_district},
                {"regency", TEXT_near_regency}};
    const char *near = json_text (reason, "near");
    for (size_t i = 0; i < array_len (rows); i++)
        if (strcmp (near, rows[i].code) == 0)
            return text_of (rows[i].text);
    return near;
}

/* "text 830 of 1,000, 120 m away, 3 days between them" */
static void put_reason (const json_t *reason)
{
    say (stdout, TEXT_near_text, "score", number_text (reason, "text"), NULL);
    if (json_object_get (reason, "metres"))
        say (stdout, TEXT_near_metres, "metres", number_text (reason, "metres"), NULL);
    else
        fputs (place_text (reason), stdout);
    say (stdout, TEXT_near_days, "days", number_text (reason, "days"), NULL);
    if (json_is_true (json_object_get (reason, "elsewhere")))
        fputs (text_of (TEXT_near_elsewhere), stdout);
    fputc ('\n', stdout);
}

static void put_candidate (const json_t *row)
{
    const char *title = json_text (row, "title"), *main = json_text (row, "main");
    say (stdout, TEXT_duplicate_head, "number", json_text (row, "number"), "score",
         number_text (row, "score"), "status", status_said (json_text (row, "status")), "received",
         stamp_text (json_text (row, "received")), "holder", json_text (row, "holder"), NULL);
    if (*main)
        say (stdout, TEXT_track_main, "number", main, NULL);
    fputs ("      ", stdout);
    put_text (stdout, title, strcspn (title, "\n"));
    fputs ("\n      ", stdout);
    put_reason (json_object_get (row, "reason"));
}

int duplicates_list (const struct cli *cli, const char *number, const char *agency, size_t *ret)
{
    json_t *rows, *row;
    size_t at;
    const char *arguments[] = {number, agency};
    int status = cli_ask (cli, "likeness", arguments, array_len (arguments), &rows);
    *ret = 0;
    if (status != 0)
        return status;
    *ret = json_array_size (rows);
    if (cli->json) {
        put_json (rows);
    } else {
        json_array_foreach (rows, at, row)
            put_candidate (row);
    }
    json_decref (rows);
    return 0;
}

int complaint_id (const struct cli *cli, const char *said, uint8_t ret[16])
{
    uint64_t bits;
    char number[NUMBER_LEN + 1];
    struct id id;
    json_t *rows;
    if (number_parse (view_of (said), &bits) != 0) {
        if (id_parse (said, &id) != 0)
            return complain (EX_DATAERR, TEXT_unknown_word, "option", "other", "value", said, NULL);
        memcpy (ret, id.at, sizeof id.at);
        return 0;
    }
    number_of_bits (bits, number);
    int status = cli_ask (cli, "track", &(const char *){number}, 1, &rows);
    if (status != 0)
        return status;
    if (json_array_size (rows) == 0)
        status = complain (EX_NOTHING, TEXT_track_unknown, "number", said, NULL);
    else if (json_array_size (rows) > 1)
        status = complain (EX_DATAERR, TEXT_act_clash, "number", said, NULL);
    else if (id_parse (json_text (json_array_get (rows, 0), "id"), &id) != 0)
        status = EX_SOFTWARE;
    else
        memcpy (ret, id.at, sizeof id.at);
    json_decref (rows);
    return status;
}

/* The agency that has it, the caller's to free. */
static int holder_of (const struct cli *cli, const char *number, char **ret)
{
    json_t *rows;
    int status = cli_ask (cli, "track", &number, 1, &rows);
    if (status != 0)
        return status;
    if (json_array_size (rows) == 0)
        status = complain (EX_NOTHING, TEXT_track_unknown, "number", number, NULL);
    else
        *ret = xstrdup (json_text (json_array_get (rows, 0), "holder"));
    json_decref (rows);
    return status;
}

int run_duplicates (struct cli *cli)
{
    uint64_t bits;
    size_t count = 0;
    char number[NUMBER_LEN + 1], *holder = NULL;
    const char *agency = option (&cli->options, "agency");
    if (cli->options.argument_count != 1)
        return complain (EX_USAGE, TEXT_duplicates_which, NULL);
    const char *said = cli->options.arguments[0];
    if (number_parse (view_of (said), &bits) != 0)
        return complain (EX_USAGE, TEXT_track_wrong, "number", said, NULL);
    number_of_bits (bits, number);
    int status = agency ? 0 : holder_of (cli, number, &holder);
    if (status == 0)
        status = duplicates_list (cli, number, agency ? agency : holder, &count);
    if (status == 0 && count == 0)
        status = cli->json ? EX_NOTHING
                           : complain (EX_NOTHING, TEXT_duplicates_none, "number", number, "agency",
                                       agency ? agency : holder, NULL);
    free (holder);
    return status;
}
