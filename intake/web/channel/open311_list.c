/* open311_list.c - requests as everybody may read them: a list, one, and a token's.
 *
 * What is not published is not there: not in a list, not by its number, not through a token, and by no other fault than what
 * never was.
 */
#include <stdlib.h>
#include <strings.h>
#include "open311_rows.h"

#define CODES_MOST 20
#define IDS_MANY   128 /* at once */
#define IDS_FEW    16  /* their rows always fit into one answer */
#define METRES     "500"

/* A list on its way: one run of windows for each service, or for each handful of numbers. */
struct listing {
    json_t *rows, *codes; /* codes: of the services that are still to be read, "" is any */
    struct buffer ids;    /* numbers, a comma between; those that were read are behind `ids_at` */
    size_t ids_at, ids_from, ids_most;
    int64_t from, until, updated_after;
    unsigned page, size;
    char status[8], latitude[16], longitude[16], radius[8];
};

static void listing_free (void *more)
{
    struct listing *listing = more;

    json_decref (listing->rows);
    json_decref (listing->codes);
    buffer_free (&listing->ids);
    free (listing);
}

static struct listing *listing_new (struct visit *visit)
{
    struct open311 *open311 = open311_of (visit);
    struct listing *listing = xcalloc (1, sizeof *listing);

    listing->rows = json_array ();
    listing->ids_most = IDS_MANY;
    listing->codes = json_array ();
    open311->more = listing;
    open311->more_free = listing_free;
    return listing;
}

static const char *text_of (const json_t *row, const char *key)
{
    return json_string_value (json_object_get (row, key));
}

/* ---- one request ------------------------------------------------------------------------------- */

/* R33-74-01-1001: the region's code, with a letter and without dots. */
static void region_say (json_t *request, const char *region)
{
    char text[20];

    if (region && *region)
        snprintf (text, sizeof text, "R%s", region);
    for (char *dot = text; region && *region && *dot; dot++)
        if (*dot == '.')
            *dot = '-';
    open311_say (request, "address_id", region && *region ? text : NULL);
}

static void coordinate_say (json_t *request, const char *key, const json_t *value)
{
    json_object_set_new (request, key,
                         json_is_number (value) ? json_real (json_number_value (value))
                                                : json_null ());
}

static json_t *request_tree (const struct open311 *open311, const json_t *row)
{
    json_t *request = json_object ();
    const json_t *category = json_object_get (row, "category");
    bool expected = !open311->known || open311->client.expected_datetime;
    char code[16] = "";

    if (json_is_integer (category))
        snprintf (code, sizeof code, "K%lld", (long long) json_integer_value (category));
    open311_say (request, "service_request_id", text_of (row, "number"));
    open311_say (request, "status", text_of (row, "status"));
    open311_say (request, "status_notes", text_of (row, "status_notes"));
    open311_say (request, "service_name", text_of (row, "category_name"));
    open311_say (request, "service_code", code);
    open311_say (request, "description", text_of (row, "text"));
    open311_say (request, "agency_responsible", text_of (row, "holder_name"));
    open311_say (request, "service_notice", NULL);
    open311_say_written (request, "requested_datetime", text_of (row, "received"));
    open311_say_written (request, "updated_datetime", text_of (row, "updated"));
    open311_say_written (request, "expected_datetime",
                         expected ? text_of (row, "due_resolve") : NULL);
    open311_say (request, "address", text_of (row, "place"));
    region_say (request, text_of (row, "region"));
    open311_say (request, "zipcode", NULL);
    coordinate_say (request, "lat", json_object_get (row, "latitude"));
    coordinate_say (request, "long", json_object_get (row, "longitude"));
    open311_say (request, "media_url", NULL); /* no file of a case is open to everybody */
    return request;
}

static void listing_answer (struct visit *visit, const json_t *rows, size_t from, size_t until)
{
    const struct open311 *open311 = open311_of (visit);
    json_t *tree = json_array ();

    for (size_t i = from; i < until && i < json_array_size (rows); i++)
        json_array_append_new (tree, request_tree (open311, json_array_get (rows, i)));
    open311_answer (visit, 200, "service_requests", tree);
}

/* ---- by numbers -------------------------------------------------------------------------------- */

static void ids_next (struct visit *visit);

/* Appends what is a number among ids with commas between, each once: they are asked for in windows, and a row stands in one. */
static void ids_read (const char *text, struct buffer *out)
{
    char number[ADUAN_NUMBER_SIZE], one[32];
    json_t *seen = json_object ();

    while (*text) {
        size_t len = strcspn (text, ",");
        snprintf (one, sizeof one, "%.*s", len < sizeof one ? (int) len : 0, text);
        if (open311_number (one, number) && !json_object_get (seen, number)) {
            json_object_set_new (seen, number, json_true ());
            buffer_add (out, ",", out->len ? 1 : 0);
            buffer_add (out, number, strlen (number));
        }
        text += len + (text[len] == ',');
    }
    json_decref (seen);
}

static json_t *arguments_of (const char *ids, const char *code, const struct listing *listing)
{
    char from[21] = "", until[21] = "", after[21] = "";

    if (listing->until) {
        open311_moment (listing->from, from);
        open311_moment (listing->until, until);
    }
    if (listing->updated_after)
        open311_moment (listing->updated_after, after);
    return json_pack ("[s, s, s, s, s, s, s, s, s, s, s]", ids, code, from, until, listing->status,
                      after, *ids ? "1" : OPEN311_PAGE, *ids ? "1000" : OPEN311_SIZE,
                      listing->latitude, listing->longitude, listing->radius);
}

static void ids_came (struct visit *visit)
{
    struct listing *listing = open311_of (visit)->more;

    if (visit->fault && strcmp (visit->why, OPEN311_LARGE) == 0 && listing->ids_most > IDS_FEW) {
        visit->fault = 0;
        listing->ids_most = IDS_FEW;
        listing->ids_at = listing->ids_from;
    } else if (visit_failed (visit))
        return;
    else
        json_array_extend (listing->rows, json_object_get (visit->values, "rows"));
    ids_next (visit);
}

static void ids_next (struct visit *visit)
{
    struct listing *listing = open311_of (visit)->more;
    const size_t each = ADUAN_NUMBER_SIZE; /* a number and its comma */
    size_t len = listing->ids.len - listing->ids_at;

    if (listing->ids.len <= listing->ids_at) {
        listing_answer (visit, listing->rows, 0, SIZE_MAX);
        return;
    }
    if (len > listing->ids_most * each)
        len = listing->ids_most * each - 1;
    char *ids = xstrndup (listing->ids.at + listing->ids_at, len);
    listing->ids_from = listing->ids_at;
    listing->ids_at += len + 1;
    open311_rows (visit, "web_requests", arguments_of (ids, "", listing), 0, IDS_MANY, ids_came);
    free (ids);
}

static void one_came (struct visit *visit)
{
    const json_t *rows = json_object_get (visit->values, "rows");
    struct open311 *open311 = open311_of (visit);

    if (visit_failed (visit))
        return;
    if (json_array_size (rows) == 0) {
        open311_refuse (visit, 404, "open311_request", open311->id);
    } else if (strcmp (open311->noun, "tokens") == 0) {
        json_t *request = json_object (), *tree = json_array ();
        open311_say (request, "service_request_id", text_of (json_array_get (rows, 0), "number"));
        open311_say (request, "token", open311->id);
        json_array_append_new (tree, request);
        open311_answer (visit, 200, "service_requests", tree);
    } else
        listing_answer (visit, rows, 0, 1);
}

void open311_request (struct visit *visit)
{
    struct open311 *open311 = open311_of (visit);
    struct listing *listing = listing_new (visit);
    char number[ADUAN_NUMBER_SIZE];

    if (!open311_number (open311->id, number))
        open311_refuse (visit, 404, "open311_request", open311->id);
    else if (open311_key (visit, false))
        open311_rows (visit, "web_requests", arguments_of (number, "", listing), 0, 1, one_came);
}

/* A request has its number at once; whoever asks by a token all the same names that. */
void open311_token (struct visit *visit)
{
    open311_request (visit);
}

/* ---- by filters -------------------------------------------------------------------------------- */

static void codes_next (struct visit *visit);

static int newer_first (const void *a, const void *b)
{
    const json_t *const *one = a, *const *other = b;
    const char *of_one = text_of (*one, "received"), *of_other = text_of (*other, "received");
    int order = strcmp (of_other ? of_other : "", of_one ? of_one : "");
    return order ? order : strcmp (text_of (*other, "number"), text_of (*one, "number"));
}

/* Of several services: newest first, as of one. */
static json_t *rows_merged (const json_t *rows)
{
    size_t count = json_array_size (rows);
    json_t **list = xcalloc (count + 1, sizeof (json_t *)), *merged = json_array ();

    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get (rows, i);
    qsort (list, count, sizeof (json_t *), newer_first);
    for (size_t i = 0; i < count; i++)
        json_array_append (merged, list[i]);
    free (list);
    return merged;
}

static void codes_came (struct visit *visit)
{
    struct listing *listing = open311_of (visit)->more;

    if (visit_failed (visit))
        return;
    json_array_extend (listing->rows, json_object_get (visit->values, "rows"));
    if (json_array_size (listing->codes)) {
        codes_next (visit);
        return;
    }
    json_t *merged = rows_merged (listing->rows);
    size_t from = (size_t) (listing->page - 1) * listing->size;
    listing_answer (visit, merged, from, from + listing->size);
    json_decref (merged);
}

static void one_code_came (struct visit *visit)
{
    if (!visit_failed (visit))
        listing_answer (visit, json_object_get (visit->values, "rows"), 0, SIZE_MAX);
}

/* Of one service, or any, its page; of several all up to that page, which is then cut out. */
static void codes_next (struct visit *visit)
{
    struct listing *listing = open311_of (visit)->more;
    bool several = json_array_size (listing->codes) > 1 || json_array_size (listing->rows) ||
                   json_object_get (visit->values, "several");
    char code[16];
    size_t until = (size_t) listing->page * listing->size;

    snprintf (code, sizeof code, "%s", json_string_value (json_array_get (listing->codes, 0)));
    json_array_remove (listing->codes, 0);
    if (several)
        json_object_set_new (visit->values, "several", json_true ());
    open311_rows (visit, "web_requests", arguments_of ("", code, listing),
                  several ? 0 : until - listing->size, until, several ? codes_came : one_code_came);
}

/* service_code may name several, and be said several times.  False, and answered: too many. */
static bool codes_read (struct visit *visit, struct listing *listing)
{
    struct buffer all = {0};
    bool good = true;

    http_query_all (visit->request, "service_code", &all);
    buffer_add (&all, "", 1);
    for (const char *at = all.at; *at; at += strspn (at, ",")) {
        size_t len = strcspn (at, ",");
        char one[16], number[16];
        uint32_t category;
        snprintf (one, sizeof one, "%.*s", len < sizeof one ? (int) len : 0, at);
        at += len;
        if (!len)
            continue;
        /* a service that nobody has has no requests */
        snprintf (number, sizeof number, "%u", open311_code_number (one, &category) ? category : 0);
        json_array_append_new (listing->codes, json_string (number));
    }
    if (json_array_size (listing->codes) > CODES_MOST) {
        open311_refuse (visit, 400, "open311_codes", NULL);
        good = false;
    } else if (json_array_size (listing->codes) > 1 &&
               (size_t) listing->page * listing->size > OPEN311_ROWS_MOST) {
        open311_refuse (visit, 400, "open311_deep", NULL);
        good = false;
    } else if (json_array_size (listing->codes) == 0)
        json_array_append_new (listing->codes, json_string (""));
    buffer_free (&all);
    return good;
}

static bool is_word (const char *at, size_t len, const char *word)
{
    return len == strlen (word) && strncasecmp (at, word, len) == 0;
}

/* open, closed, in capitals or not, or both, which is all; false, and answered: something else. */
static bool status_read (struct visit *visit, struct listing *listing)
{
    struct buffer all = {0};
    bool open = false, closed = false, other = false;

    http_query_all (visit->request, "status", &all);
    buffer_add (&all, "", 1);
    for (const char *at = all.at; *at; at += strspn (at, ", ")) {
        size_t len = strcspn (at, ", ");
        open = open || is_word (at, len, "open");
        closed = closed || is_word (at, len, "closed");
        other = other || (len && !is_word (at, len, "open") && !is_word (at, len, "closed"));
        at += len;
    }
    buffer_free (&all);
    if (other)
        open311_refuse (visit, 400, "open311_status", NULL);
    else if (open != closed)
        snprintf (listing->status, sizeof listing->status, "%s", open ? "open" : "closed");
    return !other;
}

/* Whole metres of a radius that may have parts of one. */
static bool metres_read (const char *text, char ret[8])
{
    size_t whole = strspn (text, "0123456789");
    const char *parts = text + whole;

    if (!whole || whole > 7 ||
        (*parts && (*parts != '.' || !parts[1] || parts[1 + strspn (parts + 1, "0123456789")])))
        return false;
    snprintf (ret, 8, "%.*s", (int) whole, text);
    return true;
}

/* lat, long and radius (m), an extension that clients of several cities know.  False, and answered. */
static bool circle_read (struct visit *visit, struct listing *listing)
{
    const char *latitude = open311_query (visit, "lat"), *longitude = open311_query (visit, "long");
    const char *radius = open311_query (visit, "radius");
    int64_t north, east;

    if (!latitude && !longitude)
        return true;
    if (!latitude || !longitude || !open311_point (latitude, longitude, &north, &east) ||
        !metres_read (radius ? radius : METRES, listing->radius)) {
        open311_refuse (visit, 400, "open311_point", NULL);
        return false;
    }
    snprintf (listing->latitude, sizeof listing->latitude, "%lld", (long long) north);
    snprintf (listing->longitude, sizeof listing->longitude, "%lld", (long long) east);
    return true;
}

static bool updated_read (struct visit *visit, struct listing *listing)
{
    const char *after = open311_query (visit, "updated_after");

    if (!after || open311_moment_read (after, &listing->updated_after))
        return true;
    open311_refuse (visit, 400, "open311_moment", after);
    return false;
}

void open311_requests (struct visit *visit)
{
    struct listing *listing = listing_new (visit);
    struct buffer ids = {0};

    http_query_all (visit->request, "service_request_id", &ids);
    buffer_add (&ids, "", 1);
    if (!open311_key (visit, false))
        ;
    else if (*ids.at) {
        ids_read (ids.at, &listing->ids);
        ids_next (visit);
    } else if (open311_range (visit, OPEN311_SPAN_MS, &listing->from, &listing->until) &&
               open311_paging (visit, &listing->page, &listing->size) &&
               codes_read (visit, listing) && status_read (visit, listing) &&
               circle_read (visit, listing) && updated_read (visit, listing))
        codes_next (visit);
    buffer_free (&ids);
}
