/* outcomes.c - `aduan report`: what outcomes say of agencies. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"

/* ---- report ---------------------------------------------------------------------------------- */

const struct option_row report_options[] = {
    {"since", 0, OPTION_VALUE, "DAY", TEXT_o_since},
};
const size_t report_options_len = array_len (report_options);

static void put_refusals (const json_t *rows)
{
    static const struct {
        const char *key;
        enum text_key head;
    } columns[] = {
        {"refusals", TEXT_report_refusals},         {"overruled", TEXT_report_overruled},
        {"ordered_back", TEXT_report_ordered_back}, {"named_by_next", TEXT_report_named},
        {"suggested", TEXT_report_suggested},       {"followed", TEXT_report_followed},
    };
    json_t *row;
    size_t at;
    int width = 8;
    json_array_foreach (rows, at, row) {
        int len = (int) strlen (json_text (row, "agency"));
        width = len > width ? len : width;
    }
    printf ("%-*s", width, text_of (TEXT_queue_agency));
    for (size_t i = 0; i < array_len (columns); i++)
        printf (" %12s", text_of (columns[i].head));
    printf (" %6s\n", "%");
    json_array_foreach (rows, at, row) {
        printf ("%-*s", width, json_text (row, "agency"));
        for (size_t i = 0; i < array_len (columns); i++)
            printf (" %12s", count_text ((uint64_t) json_integer_value (
                                 json_object_get (row, columns[i].key))));
        printf (" %6s\n", decimal_text (json_number_value (json_object_get (row, "percent"))));
    }
}

int run_report (struct cli *cli)
{
    const char *since = option (&cli->options, "since");
    uint64_t unused;
    json_t *rows;
    if (cli->options.argument_count != 1 || strcmp (cli->options.arguments[0], "refusals") != 0)
        return complain (EX_USAGE, TEXT_report_which, NULL);
    if (since &&
        (strlen (since) != 10 || since[4] != '-' || !time_parse (view_of (since), 0, &unused)))
        return complain (EX_USAGE, TEXT_report_day, "value", since, NULL);
    int status = cli_ask (cli, "refusals", &(const char *){since ? since : ""}, 1, &rows);
    if (status != 0)
        return status;
    if (cli->json)
        put_json (rows);
    else if (json_array_size (rows))
        put_refusals (rows);
    status = json_array_size (rows) ? EX_OK : EX_NOTHING;
    json_decref (rows);
    return status;
}
