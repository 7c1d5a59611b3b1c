/* days.c - a calendar from a file, from the program itself, or from the record. */
#include "days.h"

#include <stdlib.h>
#include <string.h>

static const char shipped[] =
#include "calendar.def"
    ;

static int parse (struct days *days, const char *path)
{
    struct calendar_fault fault;
    char at[24];
    if (calendar_read (days->text, strlen (days->text), &days->calendar, &fault) == 0)
        return 0;
    snprintf (at, sizeof at, "%u", fault.line);
    return complain (EX_DATAERR, TEXT_days_line, "path", path, "line", at, "why", fault.why, NULL);
}

static int read_file (struct days *days, const char *path)
{
    size_t len;
    int status = input_read (path, &days->text, &len);
    return status == 0 ? parse (days, path) : status;
}

/* `version`: "" is the one in force. */
static int ask (const struct cli *cli, struct days *days, const char *version)
{
    json_t *rows;
    int status = cli_ask (cli, "calendar", &version, 1, &rows);
    if (status != 0)
        return status;
    if (json_array_size (rows) == 0)
        status = complain (EX_NOTHING, TEXT_days_version, "version", version, NULL);
    else {
        days->text = xstrdup (json_text (json_array_get (rows, 0), "text"));
        status = parse (days, "aduan-query");
    }
    json_decref (rows);
    return status;
}

static bool is_number (const char *text)
{
    return *text && strspn (text, "0123456789") == strlen (text);
}

int days_read (const struct cli *cli, const char *said, struct days *ret)
{
    *ret = (struct days){0};
    if (said && strcmp (said, "shipped") != 0 && !is_number (said))
        return read_file (ret, said);
    if (said && is_number (said))
        return ask (cli, ret, said);
    if (!said && cli->settings_path)
        return ask (cli, ret, "");
    if (!said)
        complain (0, TEXT_deadline_shipped, NULL);
    ret->text = xstrdup (shipped);
    return parse (ret, "shipped");
}

void days_free (struct days *days)
{
    calendar_free (&days->calendar);
    free (days->text);
    *days = (struct days){0};
}
