/* figures.c - how much is open and late below who coordinates or oversees: a page, and a table to take along.
 *
 * The table is for what officers have: a spreadsheet.  It begins with a byte order mark, or names with other than ASCII come out
 * wrong; between cells stands what that program expects where the reader's language is spoken (a decimal comma makes it a semicolon);
 * and a text that such a program would take for a formula has an apostrophe before it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "desk.h"

static const char *const sums[] = {"open", "late"};

/* ---- the page ---------------------------------------------------------------------------------- */

static json_int_t page_from (const struct visit *visit)
{
    const char *from = http_query (visit->request, "from");
    return from && strlen (from) <= 5 && from[strspn (from, "0123456789")] == '\0' ? atoll (from)
                                                                                   : 0;
}

/* The sums of all stand in each row; the page has them once. */
static void sums_move (struct visit *visit, json_t *rows)
{
    json_t *all = json_object (), *row;
    char name[32];
    size_t at;

    for (size_t i = 0; i < array_len (sums); i++) {
        snprintf (name, sizeof name, "all_%s", sums[i]);
        json_t *sum = json_object_get (json_array_get (rows, 0), name);
        json_object_set_new (all, sums[i], sum ? json_incref (sum) : json_integer (0));
        json_array_foreach (rows, at, row)
            json_object_del (row, name);
    }
    json_t *agencies = json_object_get (json_array_get (rows, 0), "all_agencies");
    json_object_set_new (all, "agencies", agencies ? json_incref (agencies) : json_integer (0));
    json_array_foreach (rows, at, row)
        json_object_del (row, "all_agencies");
    json_object_set_new (visit->values, "all", all);
}

void page_watch (struct visit *visit)
{
    json_t *rows = json_object_get (visit->values, "agencies");
    json_int_t behind = page_from (visit) + (json_int_t) json_array_size (rows);

    sums_move (visit, rows);
    json_t *all = json_object_get (visit->values, "all");
    if (behind < json_integer_value (json_object_get (all, "agencies")))
        json_object_set_new (visit->values, "more_from", json_integer (behind));
}

/* ---- the table to take along ------------------------------------------------------------------- */

/* The kinds of its columns: t text, n number, d moment. */
static const struct column {
    const char *field, *word, kind;
} columns[] = {
    {"agency", "code", 't'},
    {"name", "agency", 't'},
    {"open", "watch_open", 'n'},
    {"late", "watch_late", 'n'},
    {"oversight", "watch_oversight", 'n'},
    {"late_verify", "watch_late_verify", 'n'},
    {"late_first", "watch_late_first", 'n'},
    {"late_resolve", "watch_late_resolve", 'n'},
    {"oldest", "watch_oldest", 'd'},
};

static void row_write (struct visit *visit, const json_t *row, const char *between,
                       struct buffer *out)
{
    for (size_t i = 0; i < array_len (columns); i++) {
        const struct column *column = &columns[i];
        const json_t *value = row ? json_object_get (row, column->field) : NULL;
        if (i)
            buffer_add (out, between, 1);
        if (!row)
            csv_cell (out, desk_word (visit, column->word));
        else if (column->kind == 'n')
            buffer_format (out, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
        else if (column->kind == 'd')
            desk_stamp (visit, value, out);
        else
            csv_cell (out, json_string_value (value) ? json_string_value (value) : "");
    }
    buffer_add (out, CSV_END, sizeof CSV_END - 1);
}

static bool figures_leap (struct visit *visit)
{
    const json_t *rows = json_object_get (visit->values, "agencies"), *row;
    const char *between = visit->english ? "," : ";";
    struct buffer out = {0};
    size_t at;

    buffer_add (&out, CSV_MARK, sizeof CSV_MARK - 1);
    row_write (visit, NULL, between, &out);
    json_array_foreach (rows, at, row)
        row_write (visit, row, between, &out);
    char *name =
        xformat ("attachment; filename=\"aduan-%s-%s.csv\"", visit->english ? "watch" : "pantau",
                 day_text (wall_ms () + visit->desk->zone * INT64_C (3600000)));
    http_say (visit->request, "Content-Disposition", name);
    http_say (visit->request, "Cache-Control", "no-store");
    http_answer (visit->request, 200, "text/csv; charset=utf-8", out.at, out.len);
    free (name);
    buffer_free (&out);
    return true;
}

void figures_table (struct visit *visit)
{
    visit->leap = figures_leap;
    page_show (visit);
}
