/* search.c - cases found by words, by number, by what they are: what may be asked for, and how it goes on.
 *
 * A tracking number in the field of words is its case: a page goes there, a program gets its row.  One that is absent and one that is
 * not the reader's are found as little as words that nobody wrote.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "desk.h"
#include "domain/number.h"

#define SEARCH_MOST 30 /* on a page; route.c asks for as many */
#define ASKED_MOST  400

/* ---- what may be asked for --------------------------------------------------------------------- */

static bool is_short (const char *text)
{
    return strlen (text) <= ASKED_MOST;
}

static bool is_number (const char *text)
{
    size_t len = strspn (text, "0123456789");
    return !text[len] && len <= 9;
}

static bool is_state (const char *text)
{
    return strcmp (text, "open") == 0 || strcmp (text, "ended") == 0 || is_number (text);
}

/* "2026-12-03", and a day that there is. */
static bool is_day (const char *text)
{
    struct tm tm = {0};
    const char *rest = strlen (text) == 10 ? strptime (text, "%Y-%m-%d", &tm) : NULL;
    int day = tm.tm_mday;

    if (!rest || *rest || tm.tm_year < 0)
        return false;
    timegm (&tm); /* makes the 31st of June the first of July */
    return tm.tm_mday == day;
}

static bool is_yes (const char *text)
{
    return strcmp (text, "1") == 0 || strcmp (text, "true") == 0;
}

static bool is_id (const char *text)
{
    struct id id;
    return id_parse (text, &id) == 0;
}

static const struct filter {
    const char *name;
    bool (*right) (const char *text);
    bool shown; /* folded open where it is said */
} filters[] = {
    {"q", is_short, false},        {"state", is_state, true}, {"agency", is_short, true},
    {"category", is_number, true}, {"since", is_day, true},   {"until", is_day, true},
    {"late", is_yes, true},        {"before", is_id, false},
};

static const char *filter_said (const struct visit *visit, const struct filter *filter)
{
    const char *text = http_query (visit->request, filter->name);
    return text ? text : "";
}

/* ---- straight to a case ------------------------------------------------------------------------ */

static bool search_leap (struct visit *visit)
{
    const char *asked = http_query (visit->request, "q");
    const json_t *row = json_array_get (json_object_get (visit->values, "cases"), 0);
    const char *number = json_string_value (json_object_get (row, "number"));
    uint64_t bits;

    if (visit->api || !asked || !number ||
        number_parse ((struct view){asked, strlen (asked)}, &bits) != 0)
        return false;
    char *path = xformat ("/cases/%s", number);
    http_redirect (visit->request, path);
    free (path);
    return true;
}

void search_show (struct visit *visit)
{
    char word[48];

    for (size_t i = 0; i < array_len (filters); i++) {
        const char *said = filter_said (visit, &filters[i]);
        if (!*said || filters[i].right (said))
            continue;
        snprintf (visit->detail, sizeof visit->detail, "%s", filters[i].name);
        snprintf (word, sizeof word, "field_%s", filters[i].name);
        if (visit->api) {
            visit_refuse (visit, 422, "value");
            return;
        }
        if (desk_word (visit, word))
            json_object_set_new (visit->values, "field", json_string (filters[i].name));
        json_object_set_new (visit->values, "back", json_string ("/search"));
        visit_fail (visit, 422, "value");
        page_greet (visit, "fault");
        return;
    }
    visit->leap = search_leap;
    page_show (visit);
}

/* ---- what was found ---------------------------------------------------------------------------- */

/* A template cannot compare two values: the category that was chosen stands before the others. */
static void categories_split (struct visit *visit)
{
    const char *wanted = http_query (visit->request, "category");
    json_int_t number = wanted ? atoll (wanted) : 0;
    json_t *chosen = json_array (), *others = json_array (), *row;
    size_t at;

    json_array_foreach (json_object_get (visit->values, "categories"), at, row)
        json_array_append (number && json_integer_value (json_object_get (row, "number")) == number
                               ? chosen
                               : others,
                           row);
    json_object_set_new (visit->values, "category_chosen", chosen);
    json_object_set_new (visit->values, "category_others", others);
}

void page_search (struct visit *visit)
{
    json_t *rows = json_object_get (visit->values, "cases");
    const json_t *last = json_array_get (rows, json_array_size (rows) - 1);
    bool asked = false, filtered = false;

    if (json_array_size (rows) && json_is_true (json_object_get (last, "rest"))) {
        json_object_set (visit->values, "rest_id", json_object_get (last, "id"));
        json_object_set (visit->values, "rest_at", json_object_get (last, "rest_at"));
        json_array_remove (rows, json_array_size (rows) - 1);
    }
    last = page_cut (visit, "cases", SEARCH_MOST);
    if (last)
        json_object_set (visit->values, "more_id", json_object_get (last, "id"));
    for (size_t i = 0; i < array_len (filters); i++) {
        const char *said = filter_said (visit, &filters[i]);
        asked |= *said && filters[i].right != is_id;
        filtered |= *said && filters[i].shown;
        if (filters[i].right != is_id)
            json_object_set_new (visit->values, filters[i].name, json_string (said));
    }
    json_object_set_new (visit->values, "asked", json_boolean (asked));
    if (visit->api)
        return;
    json_object_set_new (visit->values, "filtered", json_boolean (filtered));
    categories_split (visit);
}
