/* outcomes.c - `aduan report`: what outcomes say of agencies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "daemon/settings.h"

/* ---- report ---------------------------------------------------------------------------------- */

const struct option_row report_options[] = {
    {"since", 0, OPTION_VALUE, "DAY", TEXT_o_since},
    {"dry-run", 0, OPTION_FLAG, NULL, TEXT_o_dry_run},
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

static int report_refusals (struct cli *cli)
{
    const char *since = option (&cli->options, "since");
    uint64_t unused;
    json_t *rows;
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

static void put_retention (const json_t *rows, int64_t days)
{
    json_t *row;
    size_t at;
    say (stdout, TEXT_retention_head, "days", count_text ((uint64_t) days), NULL);
    json_array_foreach (rows, at, row)
        printf ("%6" JSON_INTEGER_FORMAT " %12s %12s\n",
                json_integer_value (json_object_get (row, "year")),
                count_text ((uint64_t) json_integer_value (json_object_get (row, "cases"))),
                count_text ((uint64_t) json_integer_value (json_object_get (row, "files"))));
}

/* What the store would erase now, by its own setting. */
static int report_retention (struct cli *cli)
{
    static const struct setting keeps[] = {
        {"retention", SETTING_DURATION, "1826d", 1000, 3153600000000, false, ""}};
    struct settings *settings = NULL;
    char days_said[24];
    json_t *rows;
    if (settings_load_some (cli->settings_path, "store", keeps, array_len (keeps), &settings) != 0)
        return complain (EX_CONFIG, TEXT_settings_faulty, "path", cli->settings_path, NULL);
    int64_t days = settings_number (settings, "retention") / 86400000;
    settings_destroy (&settings);
    snprintf (days_said, sizeof days_said, "%lld", (long long) days);
    int status = cli_ask (cli, "retention", &(const char *){days_said}, 1, &rows);
    if (status != 0)
        return status;
    if (cli->json)
        put_json (rows);
    else if (json_array_size (rows))
        put_retention (rows, days);
    status = json_array_size (rows) ? EX_OK : EX_NOTHING;
    json_decref (rows);
    return status;
}

int run_report (struct cli *cli)
{
    const char *which = cli->options.argument_count == 1 ? cli->options.arguments[0] : "";
    bool dry = option (&cli->options, "dry-run");
    if (strcmp (which, "refusals") == 0 && !dry)
        return report_refusals (cli);
    if (strcmp (which, "retention") == 0 && dry) /* the store alone erases, by its own clock */
        return report_retention (cli);
    return complain (EX_USAGE, TEXT_report_which, NULL);
}
