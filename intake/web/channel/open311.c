/* open311.c - GeoReport v2: addresses, formats, keys, faults, answers.
 *
 * Every answer, faults too, is one tree in the format that the address asks for; without an ending it is XML.  What a client may
 * read is what everybody may read: a key tells who submits, and whose updates are asked for, and opens nothing.
 */
#include "open311.h"
#include "../limit.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "domain/number.h"

#define PREFIX     "/open311/"
#define QUERY_MOST 65536 /* bytes of path and parameters, resolved; HTTP's own limit is above it */
#define DEGREE     1e7
#define ABOUT_MOST 200    /* bytes of what a stranger has sent that a fault says again */
#define DEEP_MOST  100000 /* rows of a list */

static const struct noun {
    const char *name;
    enum http_method method;
    bool id;
    void (*run) (struct visit *visit);
} nouns[] = {
    {"discovery", HTTP_GET, false, open311_discovery},
    {"services", HTTP_GET, false, open311_services},
    {"services", HTTP_GET, true, open311_service},
    {"requests", HTTP_GET, false, open311_requests},
    {"requests", HTTP_GET, true, open311_request},
    {"requests", HTTP_POST, false, open311_request_take},
    {"tokens", HTTP_GET, true, open311_token},
    {"servicerequestupdates", HTTP_GET, false, open311_updates},
    {"servicerequestupdates", HTTP_POST, false, open311_update_take},
};

/* ---- what is asked ----------------------------------------------------------------------------- */

static void open311_free (void *work)
{
    struct open311 *open311 = work;

    if (open311->more)
        open311->more_free (open311->more);
    free (open311->noun);
    free (open311->id);
    free (open311);
}

static bool ends_with (char *text, const char *ending)
{
    size_t len = strlen (text), end = strlen (ending);

    if (len < end || strcmp (text + len - end, ending) != 0)
        return false;
    text[len - end] = '\0';
    return true;
}

/* [test/][v2/]NOUN[/ID][.FORMAT]; a client's own slash may stand before the noun. */
static void path_read (struct open311 *open311, const char *path)
{
    bool versioned = false;

    path += strncmp (path, PREFIX, strlen (PREFIX)) == 0 ? strlen (PREFIX) : strlen (path);
    if (strncmp (path, "test/", 5) == 0) {
        open311->test = true;
        path += 5;
    }
    if (strncmp (path, "v2/", 3) == 0) {
        versioned = true;
        path += 3;
    }
    path += strspn (path, "/");
    size_t len = strcspn (path, "/");
    open311->noun = xstrndup (path, len);
    open311->id = xstrdup (path[len] ? path + len + 1 : "");
    char *last = path[len] ? open311->id : open311->noun;
    open311->json = ends_with (last, ".json");
    if (!open311->json)
        ends_with (last, ".xml");
    if (!versioned && (open311->test || strcmp (open311->noun, "discovery") != 0))
        *open311->noun = '\0';
}

struct open311 *open311_of (struct visit *visit)
{
    if (!visit->work) {
        visit->work = xcalloc (1, sizeof (struct open311));
        visit->work_free = open311_free;
        path_read (visit->work, http_path (visit->request));
    }
    return visit->work;
}

static const char *said (const char *text)
{
    return text && *text ? text : NULL;
}

const char *open311_form (struct visit *visit, const char *name)
{
    const char *text = said (http_form (visit->request, name));
    return text ? text : open311_query (visit, name);
}

const char *open311_query (struct visit *visit, const char *name)
{
    return said (http_query (visit->request, name));
}

bool open311_number (const char *id, char ret[ADUAN_NUMBER_SIZE])
{
    uint64_t bits;

    if (strlen (id) >= ADUAN_NUMBER_SIZE + 8 || number_parse (view_of (id), &bits) != 0)
        return false;
    number_of_bits (bits, ret);
    return true;
}

static bool degrees_read (const char *text, double most, int64_t *ret)
{
    char *end;
    double value = strtod (text, &end);

    if (!*text || *end || strspn (text, "0123456789+-.eE") != strlen (text) ||
        !(fabs (value) <= most))
        return false;
    *ret = llround (value * DEGREE);
    return true;
}

bool open311_point (const char *latitude, const char *longitude, int64_t *ret_latitude,
                    int64_t *ret_longitude)
{
    return degrees_read (latitude, 90, ret_latitude) &&
           degrees_read (longitude, 180, ret_longitude);
}

bool open311_moment_read (const char *text, int64_t *ret_ms)
{
    char copy[40];
    uint64_t at;
    size_t len = strlen (text);

    if (len >= sizeof copy)
        return false;
    memcpy (copy, text, len + 1);
    char *blank = strrchr (copy, ' ');
    if (blank && strchr (copy, 'T') && isdigit ((unsigned char) blank[1]))
        *blank = '+';
    /* 03/04/2026 is a day of March to some clients and of April to others: the year stands first */
    if (strspn (copy, "0123456789") < 4 || !time_parse (view_of (copy), 0, &at) ||
        at > INT64_MAX / 2)
        return false;
    *ret_ms = (int64_t) at;
    return true;
}

bool open311_range (struct visit *visit, int64_t span_ms, int64_t *ret_from, int64_t *ret_until)
{
    const char *from = open311_query (visit, "start_date"),
               *until = open311_query (visit, "end_date");

    if ((from && !open311_moment_read (from, ret_from)) ||
        (until && !open311_moment_read (until, ret_until))) {
        open311_refuse (visit, 400, "open311_moment", from ? from : until);
        return false;
    }
    if (!until)
        *ret_until = from && *ret_from + OPEN311_SPAN_MS < wall_ms () ? *ret_from + OPEN311_SPAN_MS
                                                                      : wall_ms ();
    if (!from)
        *ret_from = *ret_until - span_ms;
    if (*ret_from < 0)
        *ret_from = 0;
    if (!until && *ret_until < *ret_from)
        *ret_until = *ret_from; /* it begins in times to come */
    if (*ret_until - *ret_from > OPEN311_SPAN_MS || *ret_until < *ret_from) {
        open311_refuse (visit, 400, "open311_span", NULL);
        return false;
    }
    return true;
}

/* A number from 1; `fallback` where nothing is said, 0 where it is none. */
static unsigned count_read (const char *text, unsigned fallback, unsigned most)
{
    if (!text)
        return fallback;
    if (strspn (text, "0123456789") != strlen (text) || strlen (text) > 9)
        return 0;
    unsigned long count = strtoul (text, NULL, 10);
    return count < most ? (unsigned) count : most;
}

bool open311_paging (struct visit *visit, unsigned *ret_page, unsigned *ret_size)
{
    const char *page = open311_query (visit, "page"), *size = open311_query (visit, "page_size");

    *ret_page = count_read (page, 1, 100000);
    *ret_size = count_read (size, OPEN311_ROWS_MOST, OPEN311_ROWS_MOST);
    if (*ret_page && *ret_size && (size_t) *ret_page * *ret_size <= DEEP_MOST)
        return true;
    if (*ret_page && *ret_size)
        open311_refuse (visit, 400, "open311_far", NULL);
    else
        open311_refuse (visit, 400, "open311_page", *ret_page ? size : page);
    return false;
}

/* ---- who asks ---------------------------------------------------------------------------------- */

static bool key_missing (struct visit *visit, bool needed)
{
    if (needed && !visit->web->open311_keyless)
        open311_refuse (visit, 403, "open311_key", NULL);
    return !needed || visit->web->open311_keyless;
}

/* Who shows no key, or none that is known, is counted by where he comes from. */
static bool often (struct visit *visit)
{
    int64_t wait = limit_read (visit);

    if (wait)
        visit_often (visit, "open311_often", wait);
    return wait > 0;
}

bool open311_key (struct visit *visit, bool needed)
{
    struct open311 *open311 = open311_of (visit);
    const char *key = open311_form (visit, "api_key");

    if (!key)
        return !often (visit) && key_missing (visit, needed);
    const struct client *client = client_find (visit->web->clients, key);
    if (!client && needed && !clients_there (visit->web->clients)) {
        visit_refuse (visit, 503, "query_down");
        return false;
    }
    if (!client) {
        if (often (visit))
            return false;
        if (needed)
            open311_refuse (visit, 403, "open311_key", NULL);
        return !needed;
    }
    open311->client = *client;
    open311->known = true;
    int64_t wait = client_request (visit->web->clients, client);
    if (wait) {
        http_later (visit->request, wait);
        visit_refuse (visit, 429, "open311_often");
    }
    return wait == 0;
}

/* ---- answers ----------------------------------------------------------------------------------- */

void open311_answer (struct visit *visit, unsigned status, const char *root, json_t *tree)
{
    const struct open311 *open311 = open311_of (visit);
    struct buffer out = {0};
    char type[48];

    if (open311->json)
        open311_write_json (tree, &out);
    else
        open311_write_xml (root, tree, &out);
    snprintf (type, sizeof type, "%s%s", open311->json ? "application/json" : "text/xml",
              open311->bare && status == 200 ? "" : "; charset=utf-8");
    if (http_method (visit->request) <= HTTP_HEAD)
        http_say (visit->request, "Access-Control-Allow-Origin", "*"); /* pages of others read it */
    http_say (visit->request, "Cache-Control", "no-store");
    http_answer (visit->request, status, type, out.at, out.len);
    buffer_free (&out);
    json_decref (tree);
}

/* The text of a fault; {what} in it is what is at fault.  The caller's. */
static char *fault_text (struct visit *visit, const char *why)
{
    const char *about = open311_of (visit)->about, *text, *hole;
    char key[48];

    snprintf (key, sizeof key, "fault_%s", why);
    text = web_word (visit, key);
    if (!text) {
        snprintf (key, sizeof key, "bad_%s", why);
        text = web_word (visit, key);
    }
    hole = text ? strstr (text, "{what}") : NULL;
    if (!hole)
        return xstrdup (text ? text : why);
    about = about ? about : "";
    return xformat ("%.*s%.*s%s", (int) (hole - text), text, (int) open311_cut (about, ABOUT_MOST),
                    about, hole + 6);
}

static void refuse (struct visit *visit, unsigned status, const char *why)
{
    char *text = fault_text (visit, why);
    json_t *error = json_pack ("{s:i}", "code", (int) status);

    open311_say (error, "description", text);
    free (text);
    if (status == 503)
        http_later (visit->request, LATER_MS);
    open311_answer (visit, status, "errors", json_pack ("[o]", error));
}

void open311_refuse (struct visit *visit, unsigned status, const char *why, const char *about)
{
    open311_of (visit)->about = about;
    visit_refuse (visit, status, why);
}

/* An account that intake does not know is one that it has not heard of yet, or that ends: aduan-web hears it first. */
void open311_unsent (struct visit *visit, const struct aduan_submitted *result)
{
    if (result->result == ADUAN_REJECTED && strcmp (result->field, "account") != 0)
        open311_refuse (visit, 400, "open311_rejected", result->field);
    else
        visit_refuse (visit, 503, "open311_away");
}

/* ---- addresses --------------------------------------------------------------------------------- */

static void run (struct visit *visit)
{
    const struct open311 *open311 = open311_of (visit);
    enum http_method method = http_method (visit->request);
    bool there = false;

    if (method == HTTP_HEAD)
        method = HTTP_GET;
    if (http_target_len (visit->request) > QUERY_MOST) {
        visit_refuse (visit, 414, "open311_long");
        return;
    }
    for (size_t i = 0; i < array_len (nouns); i++) {
        if (strcmp (nouns[i].name, open311->noun) != 0 || nouns[i].id != (*open311->id != '\0'))
            continue;
        there = true;
        if (nouns[i].method == method) {
            nouns[i].run (visit);
            return;
        }
    }
    visit_refuse (visit, there ? 405 : 404, there ? "method" : "open311_absent");
}

#define TAKES_FILES(path)                                                                          \
    {HTTP_POST, PREFIX path ".xml", run, BODY_FILES, true},                                        \
        {HTTP_POST, PREFIX path ".json", run, BODY_FILES, true},                                   \
    {                                                                                              \
        HTTP_POST, PREFIX path, run, BODY_FILES, true                                              \
    }

static const struct route routes[] = {
    {HTTP_GET, PREFIX "+rest", run, 0, true},
    TAKES_FILES ("v2/requests"),
    TAKES_FILES ("v2/servicerequestupdates"),
    TAKES_FILES ("test/v2/requests"),
    TAKES_FILES ("test/v2/servicerequestupdates"),
    {HTTP_POST, PREFIX "+rest", run, FORM_MOST, true},
};

const struct inlet inlet_open311 = {"open311", routes, array_len (routes), refuse,
                                    COUNTED_WITHOUT_KEY};
