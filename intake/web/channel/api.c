/* api.c - the integrators' API: its addresses, who calls and how he is refused, and the registry.
 *
 *     request -> whose token? -> how often? -> its door -> asks or submits -> JSON, always
 *
 * Whatever goes wrong is a problem+json that names what is at fault and what would be right, on addresses that are none, too.
 */
#include "api.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <sodium.h>
#include "../limit.h"
#include "http/asset.h"

#define FOUND_MOST 20
#define QUERY_MOST 400

static const struct asset documents[] = {
#define ASSET(name, type, digest, plain, len, gzipped, gzipped_len)                                \
    {name, type, digest, plain, len, gzipped, gzipped_len},
#include "api_assets.def"
#undef ASSET
};

/* ---- answers ------------------------------------------------------------------------------------ */

void api_stamp (uint64_t ms, char ret[API_STAMP_SIZE])
{
    snprintf (ret, API_STAMP_SIZE, "%s", instant_text_ms ((int64_t) ms));
}

static const char *api_word_of (const struct visit *visit, const char *prefix, const char *key)
{
    char whole[64];

    snprintf (whole, sizeof whole, "%s%.48s", prefix, key);
    for (char *at = whole; *at; at++) /* "Idempotency-Key", "point.latitude" */
        *at = *at == '.' || *at == '-' ? '_' : *at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at;
    return web_word (visit, whole);
}

void api_problem (struct visit *visit, unsigned status, const char *code, const char *field)
{
    json_t *problem =
        json_pack ("{s:s, s:i, s:s}", "type", "about:blank", "status", (int) status, "code", code);
    const char *title = api_word_of (visit, "api_", code), *remedy;

    if (!title)
        title = api_word_of (visit, "fault_", code);
    if (!title)
        title = api_word_of (visit, "bad_", code);
    json_object_set_new (problem, "title", json_string (title ? title : code));
    if (field) {
        json_object_set_new (problem, "field", json_string (field));
        remedy = api_word_of (visit, "api_right_", field);
        if (remedy && strcmp (code, "field_unknown") != 0)
            json_object_set_new (problem, "remedy", json_string (remedy));
    }
    if (status == 401)
        http_say (visit->request, "WWW-Authenticate", "Bearer realm=\"aduan\"");
    metric_add (web_refused_total, 1);
    api_answer (visit, status, problem);
}

void api_answer (struct visit *visit, unsigned status, json_t *values)
{
    http_json (visit->request, status, values);
    json_decref (values);
}

bool api_failed (struct visit *visit)
{
    if (visit->fault)
        visit_refuse (visit, visit->fault, visit->why);
    return visit->fault != 0;
}

static void api_refuse (struct visit *visit, unsigned status, const char *why)
{
    if (status == 503)
        http_later (visit->request, LATER_MS);
    api_problem (visit, status, why, NULL);
}

/* ---- who calls ----------------------------------------------------------------------------------- */

static void call_free (void *work)
{
    struct call *call = work;

    json_decref (call->body);
    reactor_timer_forget (&call->timer);
    sodium_memzero (call->code, sizeof call->code);
    free (call);
}

struct call *api_begin (struct visit *visit)
{
    struct clients *clients = visit->web->clients;
    const char *token = client_bearer (http_header (visit->request, "Authorization"));

    if (!clients_there (clients)) {
        api_refuse (visit, 503, "clients_down");
        return NULL;
    }
    const struct client *client = client_find (clients, token);
    if (!client) {
        api_problem (visit, 401, *token ? "token_unknown" : "token_missing", "Authorization");
        return NULL;
    }
    int64_t later = client_request (clients, client);
    if (later) {
        http_later (visit->request, later);
        api_problem (visit, 429, "too_many", NULL);
        return NULL;
    }
    struct call *call = xcalloc (1, sizeof *call);
    call->client = *client;
    visit->work = call;
    visit->work_free = call_free;
    return call;
}

bool api_parameter (struct visit *visit, const char *name, unsigned least, unsigned most,
                    unsigned standard, unsigned *ret)
{
    const char *text = http_query (visit->request, name);

    *ret = standard;
    if (!text)
        return true;
    if (*text && strlen (text) < 8 && strspn (text, "0123456789") == strlen (text))
        *ret = (unsigned) strtoul (text, NULL, 10);
    else
        *ret = most + 1;
    if (*ret >= least && *ret <= most)
        return true;
    api_problem (visit, 422, "field_value", name);
    return false;
}

/* What this token is and may do. */
static void self_show (struct visit *visit)
{
    struct call *call = api_begin (visit);
    char now[API_STAMP_SIZE];

    if (!call)
        return;
    api_stamp ((uint64_t) wall_ms (), now);
    json_t *self =
        json_pack ("{s:s, s:b, s:i, s:i, s:I, s:s}", "account", call->client.account, "sandbox",
                   (int) call->client.sandbox, "requests_a_minute", (int) call->client.requests,
                   "reports_a_day", (int) call->client.submissions, "upload_mib_an_hour",
                   (json_int_t) limit_most (visit->web->limits, LIMIT_upload_token), "now", now);
    if (call->client.until_ms) {
        api_stamp ((uint64_t) call->client.until_ms, now);
        json_object_set_new (self, "until", json_string (now));
    }
    api_answer (visit, 200, self);
}

/* ---- the registry -------------------------------------------------------------------------------- */

static void found_show (struct visit *visit)
{
    if (api_failed (visit))
        return;
    const char *name = strrchr (http_path (visit->request), '/') + 1;
    json_t *found = json_object ();
    json_object_set (found, name, json_object_get (visit->values, "found"));
    api_answer (visit, 200, found);
}

static void categories_show (struct visit *visit)
{
    if (api_begin (visit))
        visit_ask (visit, "found", "web_categories", json_array (), false, found_show);
}

static void find (struct visit *visit, const char *query)
{
    const char *words = http_query (visit->request, "q");
    char count[12];
    unsigned most;

    if (!api_begin (visit) || !api_parameter (visit, "limit", 1, 50, FOUND_MOST, &most))
        return;
    if (!words || !*words || strlen (words) > QUERY_MOST) {
        api_problem (visit, 422, words ? "field_value" : "field_missing", "q");
        return;
    }
    snprintf (count, sizeof count, "%u", most);
    visit_ask (visit, "found", query, json_pack ("[s, s]", words, count), false, found_show);
}

static void regions_find (struct visit *visit)
{
    find (visit, "web_regions");
}

static void agencies_find (struct visit *visit)
{
    find (visit, "web_agencies");
}

/* ---- addresses ----------------------------------------------------------------------------------- */

static void described (struct visit *visit)
{
    const struct asset *document = &documents[0];

    http_say (visit->request, "Cache-Control", "no-cache");
    http_answer_static (visit->request, 200, document->type, document->plain, document->len,
                        document->gzipped, document->gzipped_len);
}

static void lost (struct visit *visit);

#define WORDS_MOST API_BODY_MOST
static const struct route routes[] = {
    {HTTP_GET, "/api/v1/openapi.yaml", described, 0, true},
    {HTTP_GET, "/api/v1/self", self_show, 0, true},
    {HTTP_GET, "/api/v1/categories", categories_show, 0, true},
    {HTTP_GET, "/api/v1/regions", regions_find, 0, true},
    {HTTP_GET, "/api/v1/agencies", agencies_find, 0, true},
    {HTTP_PUT, "/api/v1/files", api_file_put, BODY_FILE, true},
    {HTTP_POST, "/api/v1/files", api_files_post, BODY_FILES, true},
    {HTTP_POST, "/api/v1/reports", api_report, API_BODY_MOST, true},
    {HTTP_GET, "/api/v1/reports", api_own_by_reference, 0, true},
    {HTTP_GET, "/api/v1/reports/:number", api_own, 0, true},
    {HTTP_POST, "/api/v1/reports/:number/replies", api_word_take, WORDS_MOST, true},
    {HTTP_POST, "/api/v1/reports/:number/completions", api_word_take, WORDS_MOST, true},
    {HTTP_POST, "/api/v1/reports/:number/ratings", api_word_take, WORDS_MOST, true},
    {HTTP_POST, "/api/v1/reports/:number/withdrawals", api_word_take, WORDS_MOST, true},
    {HTTP_POST, "/api/v1/reports/:number/closings", api_word_take, WORDS_MOST, true},
    {HTTP_POST, "/api/v1/reports/:number/reopenings", api_word_take, WORDS_MOST, true},
    {HTTP_POST, "/api/v1/reports/:number/consents", api_word_take, WORDS_MOST, true},
    {HTTP_POST, "/api/v1/reports/:number/flags", api_word_take, WORDS_MOST, true},
    {HTTP_GET, "/api/v1/events", api_events, 0, true},
    /* what is none of these is refused here, in JSON, and not by a page */
    {HTTP_GET, "/api/+rest", lost, WORDS_MOST, true},
    {HTTP_POST, "/api/+rest", lost, WORDS_MOST, true},
    {HTTP_PUT, "/api/+rest", lost, WORDS_MOST, true},
    {HTTP_PATCH, "/api/+rest", lost, WORDS_MOST, true},
    {HTTP_DELETE, "/api/+rest", lost, WORDS_MOST, true},
    {HTTP_OTHER, "/api/+rest", lost, WORDS_MOST, true},
};

/* An address that is none, or takes another method. */
static void lost (struct visit *visit)
{
    char methods[32] = "";
    struct http_parts parts;

    for (size_t i = 0; routes[i].run != lost; i++)
        if (http_path_fits (routes[i].pattern, http_path (visit->request), &parts)) {
            http_parts_done (&parts);
            snprintf (methods + strlen (methods), sizeof methods - strlen (methods), "%s%s",
                      *methods ? ", " : "",
                      routes[i].method == HTTP_GET   ? "GET, HEAD"
                      : routes[i].method == HTTP_PUT ? "PUT"
                                                     : "POST");
        }
    if (*methods)
        http_say (visit->request, "Allow", methods);
    api_problem (visit, *methods ? 405 : 404, *methods ? "method" : "absent", NULL);
}

const struct inlet inlet_api = {"api", routes, array_len (routes), api_refuse, COUNTED_BY_PROOF};
