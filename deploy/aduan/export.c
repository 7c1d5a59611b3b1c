/* export.c - `aduan export`: what outcomes teach, as JSON lines, and the official table, for whoever coordinates. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "official.h"

const struct option_row export_options[] = {
    {"hidden", 0, OPTION_FLAG, NULL, TEXT_o_hidden},
    {"from", 0, OPTION_VALUE, "DAY", TEXT_o_export_from},
    {"until", 0, OPTION_VALUE, "DAY", TEXT_o_export_until},
    {"agency", 'a', OPTION_VALUE, "CODE", TEXT_o_export_agency},
    {"full", 0, OPTION_FLAG, NULL, TEXT_o_export_full},
    {"zone", 0, OPTION_VALUE, "7|8|9", TEXT_o_export_zone},
    {"delimiter", 0, OPTION_VALUE, "SYMBOL", TEXT_o_export_delimiter},
    {"as", 0, OPTION_VALUE, "NAME", TEXT_o_as_front},
    {"session", 0, OPTION_VALUE, "FILE", TEXT_o_session},
    {"wait", 'w', OPTION_VALUE, "SECONDS", TEXT_o_wait_order},
};
const size_t export_options_len = array_len (export_options);

/* One page; *last becomes its last id.  How many lines it had, or -1 with *ret_status set. */
static long export_page (const struct cli *cli, const char *what, bool hidden, char last[37],
                         int *ret_status)
{
    const char *arguments[] = {last, hidden ? "hidden" : ""};
    json_t *rows, *row;
    size_t at;
    *ret_status = cli_ask (cli, what, arguments, array_len (arguments), &rows);
    if (*ret_status != 0)
        return -1;
    json_array_foreach (rows, at, row) {
        put_json (row);
        snprintf (last, 37, "%s", json_text (row, "id"));
    }
    long count = (long) json_array_size (rows);
    json_decref (rows);
    return count;
}

static int export_lines (const struct cli *cli, const char *what)
{
    char last[37] = "";
    int status = 0;
    bool hidden = option_flag (&cli->options, "hidden") == ADUAN_FLAG_YES, any = false;
    for (long count; (count = export_page (cli, what, hidden, last, &status)) > 0;)
        any = true;
    return status != 0 ? status : any ? EX_OK : EX_NOTHING;
}

int run_export (struct cli *cli)
{
    int status;
    const char *what = cli->options.argument_count == 1 ? cli->options.arguments[0] : "";
    if (strcmp (what, "official") == 0)
        status = official_export (cli);
    else if (strcmp (what, "examples") == 0 || strcmp (what, "decisions") == 0)
        status = export_lines (cli, what);
    else
        return complain (EX_USAGE, TEXT_export_which, NULL);
    if (status == 0 && (fflush (stdout) != 0 || ferror (stdout)))
        return EX_IOERR;
    return status;
}
