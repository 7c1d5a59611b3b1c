/* open311_rows.c - lists of aduan-query, a window at a time.
 *
 * One answer of aduan-query is at most 1 MB; a list of Open311 has a thousand requests of some thousand letters.  So it is read in
 * windows of WIDE rows, and where one is over that limit, of NARROW ones, which never are.
 */
#include <stdlib.h>
#include "open311_rows.h"

#define WIDE   128
#define NARROW 16 /* divides WIDE */

struct reading {
    struct visit *visit;
    const char *query;
    json_t *arguments;
    bool paged;
    size_t from, until, at, width;
    void (*finish) (struct visit *visit);
    json_t *rows;
};

static void window_ask (struct reading *reading);

/* Ends it; the rows are the visit's. */
static void reading_end (struct reading *reading)
{
    struct visit *visit = reading->visit;
    void (*finish) (struct visit * visit) = reading->finish;

    json_object_set_new (visit->values, "rows", reading->rows);
    json_decref (reading->arguments);
    free (reading);
    visit_came (visit, finish);
}

/* Those of the window that were asked for; true: there may be more. */
static bool window_take (struct reading *reading, const json_t *rows)
{
    json_t *row;
    size_t at;

    json_array_foreach (rows, at, row)
        if (reading->at + at >= reading->from && reading->at + at < reading->until)
            json_array_append (reading->rows, row);
    reading->at += reading->width;
    return json_array_size (rows) == reading->width && reading->at < reading->until;
}

static void on_window (void *owner, const struct aduan_answer *answer)
{
    struct reading *reading = owner;
    json_t *rows = NULL;
    bool more = false;

    if (answer->result == ADUAN_DONE)
        rows = json_loadb (answer->text, answer->text_len, 0, NULL);
    if (answer->result == ADUAN_REFUSED && reading->width == WIDE && reading->paged) {
        reading->width = NARROW;
        more = true;
    } else if (answer->result == ADUAN_REFUSED && !reading->paged) {
        visit_fail (reading->visit, 503, OPEN311_LARGE);
    } else if (!json_is_array (rows)) {
        if (answer->result == ADUAN_REFUSED)
            log_limited (LOG_WARNING, "%s refused: %s", reading->query,
                         log_text (answer->text, answer->text_len));
        visit_fail (reading->visit, 503, "query_down");
    } else
        more = window_take (reading, rows);
    json_decref (rows);
    if (more)
        window_ask (reading);
    else
        reading_end (reading);
}

static void window_ask (struct reading *reading)
{
    char page[24], size[24];

    snprintf (page, sizeof page, "%zu", reading->at / reading->width + 1);
    snprintf (size, sizeof size, "%zu", reading->width);
    json_t *arguments = json_deep_copy (reading->arguments), *one;
    size_t at;
    json_array_foreach (arguments, at, one) {
        const char *text = json_string_value (one);
        if (strcmp (text, OPEN311_PAGE) == 0)
            json_array_set_new (arguments, at, json_string (page));
        else if (strcmp (text, OPEN311_SIZE) == 0)
            json_array_set_new (arguments, at, json_string (size));
    }
    char *said = json_dumps (arguments, JSON_COMPACT);
    aduan_ask_start (reading->visit->web->query, reading->query, said, ASK_MS, on_window, reading);
    json_decref (arguments);
    free (said);
}

void open311_rows (struct visit *visit, const char *query, json_t *arguments, size_t from,
                   size_t until, void (*finish) (struct visit *visit))
{
    struct reading *reading = xcalloc (1, sizeof *reading);

    *reading = (struct reading){
        .visit = visit,
        .query = query,
        .arguments = arguments,
        .from = from,
        .until = until,
        .at = from - from % WIDE,
        .width = WIDE,
        .finish = finish,
        .rows = json_array (),
    };
    for (size_t i = 0; i < json_array_size (arguments); i++)
        reading->paged |=
            strcmp (json_string_value (json_array_get (arguments, i)), OPEN311_PAGE) == 0;
    visit_wait (visit);
    window_ask (reading);
}
