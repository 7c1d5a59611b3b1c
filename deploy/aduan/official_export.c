/* official_export.c - `aduan export official`: the official table, page by page.
 *
 * What goes out is said first, by the order `look` in the name of who has logged in: without it aduan-query gives no row, and without
 * a look at each secret case none of its words (docs/audit.md).  Such a look is good for 15 minutes, so it is said again on the way.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "domain/official.h"
#include "official.h"

#define LOOK_AGAIN_MS 600000

struct export
{
    struct cli *cli;
    uint8_t session[ADUAN_SESSION_SIZE];
    const char *from, *until, *agency; /* "" : not said */
    char zone[4];                      /* hours east of UTC */
    bool full;
    char between;
    char *reason; /* what goes out, for the record */
    int64_t looked_at;
    uint64_t rows, secret; /* written; without their words */
};

/* ---- looks ----------------------------------------------------------------------------------- */

/* Says that these go out; an empty list: the export as a whole.  Takes `ids`. */
static int say_look (struct export *export, json_t *ids)
{
    json_t *result = NULL, *arguments = json_pack ("{s:o, s:s, s:s}", "complaints", ids, "what",
                                                   "export", "reason", export->reason);
    int status = cli_order (export->cli, "look", arguments, export->session, &result);
    json_decref (arguments);
    json_decref (result);
    return status;
}

static int say_export (struct export *export)
{
    if (export->looked_at && mono_ms () - export->looked_at < LOOK_AGAIN_MS)
        return 0;
    export->looked_at = mono_ms ();
    return say_look (export, json_array ());
}

/* ---- pages ----------------------------------------------------------------------------------- */

static const char *value_of (void *row, const char *key)
{
    return json_string_value (json_object_get (row, key));
}

static int ask_page (struct export *export, const char *last, json_t **ret)
{
    const char *const arguments[] = {
        last,        export->from, export->until, export->agency, export->full ? "full" : "",
        export->zone};
    return cli_ask_as (export->cli, export->session, "desk_export", arguments,
                       array_len (arguments), ret);
}

static json_t *unlooked (const json_t *rows)
{
    json_t *ids = json_array (), *row;
    size_t at;
    json_array_foreach (rows, at, row)
        if (json_is_true (json_object_get (row, "unlooked")))
            json_array_append (ids, json_object_get (row, "id"));
    return ids;
}

/* With their words, where all are wanted: they are there once it is said that they are read. */
static int look_at (struct export *export, const char *last, json_t **rows)
{
    json_t *ids = unlooked (*rows);
    if (!export->full || json_array_size (ids) == 0) {
        export->secret += json_array_size (ids);
        json_decref (ids);
        return 0;
    }
    int status = say_look (export, ids);
    if (status != 0)
        return status;
    json_decref (*rows);
    *rows = NULL;
    return ask_page (export, last, rows);
}

/* One page; `last` becomes its last id, "" at the end. */
static int write_page (struct export *export, char last[37])
{
    json_t *rows = NULL, *row;
    struct buffer out = {0};
    size_t at;
    int status = say_export (export);
    if (status == 0)
        status = ask_page (export, last, &rows);
    if (status == 0)
        status = look_at (export, last, &rows);
    if (status != 0) {
        json_decref (rows);
        return status;
    }
    *last = 0;
    json_array_foreach (rows, at, row) {
        snprintf (last, 37, "%s", json_text (row, "id"));
        if (json_is_true (json_object_get (row, "rest")))
            continue;
        official_line (&out, value_of, row, export->between);
        export->rows++;
    }
    if (out.len)
        fwrite (out.at, 1, out.len, stdout);
    buffer_free (&out);
    json_decref (rows);
    return ferror (stdout) ? EX_IOERR : 0;
}

/* ---- who and of what ------------------------------------------------------------------------- */

static int coordinates (struct export *export, json_t **ret_self)
{
    json_t *rows = NULL;
    int status = cli_ask_as (export->cli, export->session, "desk_self", NULL, 0, &rows);
    if (status != 0)
        return status;
    *ret_self = json_incref (json_array_get (rows, 0));
    json_decref (rows);
    if (!*ret_self) {
        char *path = session_path (export->cli);
        status = complain (EX_NOPERM, TEXT_not_logged_in, "path", path, NULL);
        free (path);
        return status;
    }
    if (json_is_true (json_object_get (*ret_self, "coordinates")))
        return 0;
    return complain (EX_NOPERM, TEXT_export_who, NULL);
}

static const char *agency_name (const struct export *export, const json_t *self)
{
    const json_t *row;
    size_t at;
    if (*export->agency)
        return export->agency;
    json_array_foreach (json_object_get (self, "appointments"), at, row)
        if (json_integer_value (json_object_get (row, "role")) == 5)
            return json_text (row, "agency_name");
    return "";
}

static char *now_text (const struct export *export)
{
    char text[40];
    struct tm tm;
    int zone = atoi (export->zone);
    time_t now = time (NULL) + zone * 3600;
    gmtime_r (&now, &tm);
    strftime (text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    return xformat ("%s+%02d:00", text, zone);
}

static void write_head (struct export *export, const json_t *self)
{
    struct buffer out = {0};
    char *made = now_text (export),
         *by = xformat ("%s (%s)", json_text (self, "name"), json_text (self, "login")),
         *period = xformat ("%s s.d. %s; %s", *export->from ? export->from : "awal",
                            *export->until ? export->until : "sekarang",
                            export->full ? "lengkap" : "tanpa judul dan isi laporan rahasia");
    official_head (
        &out,
        &(struct official_block){
            .agency = agency_name (export, self), .made = made, .period = period, .by = by},
        export->between);
    if (out.len)
        fwrite (out.at, 1, out.len, stdout);
    buffer_free (&out);
    free (made);
    free (by);
    free (period);
}

static int day_said (const struct cli *cli, const char *name, const char **ret)
{
    const char *said = option (&cli->options, name);
    uint64_t unused;
    *ret = said ? said : "";
    if (!said || (strlen (said) == 10 && said[4] == '-' && time_parse (view_of (said), 0, &unused)))
        return 0;
    return complain (EX_USAGE, TEXT_export_day, "option", name, "value", said, NULL);
}

static int read_options (struct export *export)
{
    const struct options *options = &export->cli->options;
    const char *delimiter = option (options, "delimiter"), *agency = option (options, "agency");
    int64_t zone;
    int status = day_said (export->cli, "from", &export->from);
    if (status == 0)
        status = day_said (export->cli, "until", &export->until);
    if (status == 0)
        status = option_number (options, "zone", 7, 9, 7, &zone);
    if (status != 0)
        return status;
    snprintf (export->zone, sizeof export->zone, "%d", (int) zone);
    export->agency = agency ? agency : "";
    export->full = option_flag (options, "full") == ADUAN_FLAG_YES;
    /* what a spreadsheet expects where that language is spoken */
    export->between = delimiter && *delimiter                     ? *delimiter
                      : text_language_now () == ADUAN_LANGUAGE_EN ? ','
                                                                  : ';';
    if (delimiter && strcmp (delimiter, "tab") == 0)
        export->between = '\t';
    export->reason = xformat ("laporan ringkas %s..%s %s%s", export->from, export->until,
                              export->agency, export->full ? " full" : "");
    return 0;
}

int official_export (struct cli *cli)
{
    struct export export = {.cli = cli};
    json_t *self = NULL;
    char last[37] = "";
    int status = read_options (&export);
    if (status == 0)
        status = cli_session (cli, export.session);
    if (status == 0)
        status = coordinates (&export, &self);
    if (status == 0)
        status = say_export (&export);
    if (status == 0) {
        write_head (&export, self);
        do
            status = write_page (&export, last);
        while (status == 0 && *last);
    }
    if (status == 0)
        say (stderr, TEXT_exported, "count", count_text (export.rows), "secret",
             count_text (export.secret), NULL);
    if (status == 0 && export.rows == 0)
        status = EX_NOTHING;
    json_decref (self);
    free (export.reason);
    sodium_memzero (export.session, sizeof export.session);
    return status;
}
