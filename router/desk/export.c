/* export.c - the official table as a download, for who coordinates: docs/channels.md, "Moving in and out".
 *
 * That it goes out is said first, by the order `look`: without it aduan-query gives no row.  Pages are asked for one behind the other
 * and kept until all are there, so a table that is too large for that is refused whole; `aduan export` has no such bound.
 *
 *     who reads -> look -> page -> page ... an empty one -> answered
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "desk.h"
#include "domain/official.h"

#define TABLE_MOST (32 << 20) /* bytes */

struct table {
    struct buffer out;
    char last[37];
};

/* Frees what the visit itself does not know how to. */
static void table_refuse (struct visit *visit, unsigned status, const char *why)
{
    struct table *table = visit->work;
    buffer_free (&table->out);
    visit_refuse (visit, status, why);
}

static const char *asked (const struct visit *visit, const char *name)
{
    const char *said = http_query (visit->request, name);
    return said && strlen (said) <= 64 ? said : "";
}

/* A day as 2026-11-25, or nothing at all. */
static bool is_day (const char *said)
{
    uint64_t unused;
    return !*said ||
           (strlen (said) == 10 && said[4] == '-' && time_parse (view_of (said), 0, &unused));
}

static char between (const struct visit *visit)
{
    return visit->english ? ',' : ';';
}

/* ---- pages ------------------------------------------------------------------------------------- */

static void table_answer (struct visit *visit)
{
    struct table *table = visit->work;
    char *name = xformat ("attachment; filename=\"laporan-ringkas-%s.csv\"",
                          day_text (wall_ms () + visit->desk->zone * INT64_C (3600000)));
    http_say (visit->request, "Content-Disposition", name);
    http_say (visit->request, "Cache-Control", "no-store");
    http_answer (visit->request, 200, "text/csv; charset=utf-8", table->out.at, table->out.len);
    free (name);
    buffer_free (&table->out);
}

static const char *value_of (void *row, const char *key)
{
    return json_string_value (json_object_get (row, key));
}

static void ask_page (struct visit *visit);

static void on_page (void *with, const struct aduan_answer *answer)
{
    struct visit *visit = with;
    struct table *table = visit->work;
    json_t *row, *rows = answer->result == ADUAN_DONE
                             ? json_loadb (answer->text, answer->text_len, 0, NULL)
                             : NULL;
    size_t at;
    if (!json_is_array (rows)) {
        json_decref (rows);
        table_refuse (visit, 503, "query_down");
        return;
    }
    json_array_foreach (rows, at, row) {
        const char *id = value_of (row, "id");
        snprintf (table->last, sizeof table->last, "%s", id ? id : "");
        if (!json_is_true (json_object_get (row, "rest")))
            official_line (&table->out, value_of, row, between (visit));
    }
    bool ends = json_array_size (rows) == 0;
    json_decref (rows);
    if (table->out.len > TABLE_MOST)
        table_refuse (visit, 422, "export_large");
    else if (ends)
        table_answer (visit);
    else
        ask_page (visit);
}

static void ask_page (struct visit *visit)
{
    const struct table *table = visit->work;
    char zone[4];
    snprintf (zone, sizeof zone, "%d", visit->desk->zone);
    json_t *list = json_pack ("[s, s, s, s, s, s]", table->last, asked (visit, "from"),
                              asked (visit, "until"), asked (visit, "agency"), "", zone);
    char *arguments = json_dumps (list, JSON_COMPACT);
    aduan_ask_as_start (visit->desk->aduan, visit->session, "desk_export", arguments, ASK_MS,
                        on_page, visit);
    free (arguments);
    json_decref (list);
}

/* ---- who, and that it goes out ----------------------------------------------------------------- */

static void on_looked (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;
    if (ordered->result == ADUAN_DONE)
        ask_page (visit);
    else if (ordered->result == ADUAN_REFUSED && ordered->reason == ADUAN_REASON_SESSION)
        table_refuse (visit, 401, "session");
    else
        table_refuse (visit, 503, "store_down");
}

static void say_look (struct visit *visit)
{
    char *reason = xformat ("laporan ringkas %s..%s %s", asked (visit, "from"),
                            asked (visit, "until"), asked (visit, "agency"));
    json_t *said = json_pack ("{s:[], s:s, s:s}", "complaints", "what", "export", "reason", reason);
    char *arguments = json_dumps (said, JSON_COMPACT);
    struct aduan_order look = {.order = "look", .arguments = arguments, .session = visit->session};
    aduan_order_start (visit->desk->aduan, &look, ASK_MS, on_looked, visit);
    free (arguments);
    free (reason);
    json_decref (said);
}

static void write_head (struct visit *visit, const json_t *self)
{
    struct table *table = visit->work;
    const char *from = asked (visit, "from"), *until = asked (visit, "until"),
               *agency = asked (visit, "agency");
    const json_t *row;
    size_t at;
    struct tm tm;
    time_t now = time (NULL) + visit->desk->zone * 3600;
    char made[24];
    gmtime_r (&now, &tm);
    strftime (made, sizeof made, "%Y-%m-%d %H:%M:%S", &tm);
    json_array_foreach (json_object_get (self, "appointments"), at, row)
        if (!*agency && json_integer_value (json_object_get (row, "role")) == 5)
            agency = json_string_value (json_object_get (row, "agency_name"));
    char *moment = xformat ("%s+%02d:00", made, visit->desk->zone),
         *by = xformat ("%s (%s)", json_string_value (json_object_get (self, "name")),
                        json_string_value (json_object_get (self, "login"))),
         *period = xformat ("%s s.d. %s; tanpa judul dan isi laporan rahasia",
                            *from ? from : "awal", *until ? until : "sekarang");
    official_head (
        &table->out,
        &(struct official_block){.agency = agency, .made = moment, .period = period, .by = by},
        between (visit));
    free (moment);
    free (by);
    free (period);
}

/* It is known who reads: the table, or nothing. */
static bool export_leap (struct visit *visit)
{
    const json_t *self = json_object_get (visit->values, "self");
    if (!json_is_true (json_object_get (self, "coordinates"))) {
        visit_refuse (visit, 403, "export_role");
        return true;
    }
    if (!is_day (asked (visit, "from")) || !is_day (asked (visit, "until"))) {
        visit_refuse (visit, 422, "export_day");
        return true;
    }
    visit->work = xcalloc (1, sizeof (struct table));
    write_head (visit, self);
    say_look (visit);
    return true;
}

void export_table (struct visit *visit)
{
    visit->leap = export_leap;
    page_show (visit);
}
