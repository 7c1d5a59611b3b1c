/* notice.c - `aduan notice`: what became of notices, and parked ones once more, by the order and session of `aduan admin`. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "wire/wire.h"

const struct option_row notice_options[] = {
    {"parked", 0, OPTION_FLAG, NULL, TEXT_o_parked},
    {"number", 0, OPTION_VALUE, "NUMBER|ID", TEXT_o_notice_number},
    {"all", 0, OPTION_FLAG, NULL, TEXT_o_notice_all},
    {"reason", 0, OPTION_VALUE, "TEXT", TEXT_o_notice_reason},
    {"as", 0, OPTION_VALUE, "NAME", TEXT_o_as_front},
    {"key", 0, OPTION_VALUE, "UUID", TEXT_o_order_key},
    {"session", 0, OPTION_VALUE, "FILE", TEXT_o_session},
    {"wait", 'w', OPTION_VALUE, "SECONDS", TEXT_o_wait_order},
};
const size_t notice_options_len = array_len (notice_options);

static bool flag_said (const struct cli *cli, const char *name)
{
    return option_flag (&cli->options, name) == FLAG_YES;
}

/* ---- list ------------------------------------------------------------------------------------ */

/* "quiet", or the gateway's own number. */
static const char *code_text (const json_t *row, char room[24])
{
    const char *reason = json_text (row, "reason");
    long long code = json_integer_value (json_object_get (row, "code"));
    if (*reason || !code)
        return *reason ? reason : "-";
    snprintf (room, 24, "%lld", code);
    return room;
}

static void put_notices (const json_t *rows)
{
    json_t *row;
    size_t at;
    char room[24];
    printf ("%-9s %-14s %9s %-9s %-18s %-8s %5s %-11s %-19s %s\n", text_of (TEXT_notice_head_state),
            text_of (TEXT_notice_head_number), text_of (TEXT_notice_head_event),
            text_of (TEXT_notice_head_role), text_of (TEXT_notice_head_template),
            text_of (TEXT_notice_head_channel), text_of (TEXT_notice_head_try),
            text_of (TEXT_notice_head_code), text_of (TEXT_notice_head_at),
            text_of (TEXT_notice_head_owner));
    json_array_foreach (rows, at, row) {
        const char *template = json_text (row, "template"), *channel = json_text (row, "channel"),
                   *when = json_text (row, "at");
        printf ("%-9s %-14s %9lld %-9s %-18s %-8s %5lld %-11s %-19s %s\n", json_text (row, "state"),
                *json_text (row, "number") ? json_text (row, "number") : "-",
                (long long) json_integer_value (json_object_get (row, "event")),
                json_text (row, "role"), *template ? template : "news", *channel ? channel : "-",
                (long long) json_integer_value (json_object_get (row, "attempt")),
                code_text (row, room), *when ? stamp_text (when) : "-", json_text (row, "owner"));
    }
}

static int notice_list (const struct cli *cli)
{
    const char *number = option (&cli->options, "number");
    const char *arguments[] = {number ? number : "", flag_said (cli, "parked") ? "parked" : ""};
    json_t *rows;
    if (cli->options.argument_count > 1)
        return complain (EX_USAGE, TEXT_surplus, "argument", cli->options.arguments[1], NULL);
    int status = cli_ask (cli, "deliveries", arguments, array_len (arguments), &rows);
    if (status != 0)
        return status;
    if (cli->json)
        put_json (rows);
    else if (json_array_size (rows))
        put_notices (rows);
    status = json_array_size (rows) ? EX_OK : EX_NOTHING;
    json_decref (rows);
    return status;
}

/* ---- retry ----------------------------------------------------------------------------------- */

static int notice_retry (const struct cli *cli)
{
    const char *reason = option (&cli->options, "reason"),
               *named = cli->options.argument_count > 1 ? cli->options.arguments[1] : NULL;
    if (cli->options.argument_count > 2)
        return complain (EX_USAGE, TEXT_surplus, "argument", cli->options.arguments[2], NULL);
    if (flag_said (cli, "all") == (named != NULL))
        return complain (EX_USAGE, TEXT_notice_what, NULL);
    if (!reason || !*reason)
        return complain (EX_USAGE, TEXT_notice_reason, NULL);
    size_t len = named ? strcspn (named, "/") : 0;
    char *words[4] = {xstrdup ("retry_notice"), xformat ("reason=%s", reason)};
    words[2] = named ? xformat ("number=%.*s", (int) len, named) : xstrdup ("all=yes");
    words[3] = named && named[len] ? xformat ("event=%s", named + len + 1) : NULL;
    struct cli order = *cli;
    order.options.arguments = words;
    order.options.argument_count = words[3] ? 4 : 3;
    int status = run_admin (&order);
    for (size_t i = 0; i < array_len (words); i++)
        free (words[i]);
    return status;
}

int run_notice (struct cli *cli)
{
    const char *what = cli->options.argument_count ? cli->options.arguments[0] : "";
    return strcmp (what, "list") == 0    ? notice_list (cli)
           : strcmp (what, "retry") == 0 ? notice_retry (cli)
                                         : complain (EX_USAGE, TEXT_notice_which, NULL);
}
