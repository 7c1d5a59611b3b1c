/* graph.c - libcurl towards Meta; each call has a handle of its own. */
#include "graph.h"
#include <curl/curl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MS  5000L
#define WHOLE_MS    20000L
#define ANSWER_MOST 65536

/* One conversation: a GET, or where `body` is there a POST. */
struct call {
    const char *url, *body;
    struct buffer *into;
    size_t most;
};

static size_t on_bytes (char *at, size_t one, size_t len, void *with)
{
    const struct call *call = with;

    if (one * len > call->most - call->into->len)
        return 0;
    buffer_add (call->into, at, one * len);
    return one * len;
}

/* Header lines with the token. */
static struct curl_slist *headers_new (const struct graph *graph)
{
    char *bearer = xformat ("Authorization: Bearer %s", graph->token);
    struct curl_slist *headers = curl_slist_append (NULL, "Content-Type: application/json");

    check (headers && curl_slist_append (headers, bearer));
    sodium_memzero (bearer, strlen (bearer));
    free (bearer);
    return headers;
}

static void headers_free (struct curl_slist *headers)
{
    for (struct curl_slist *item = headers; item; item = item->next)
        sodium_memzero (item->data, strlen (item->data));
    curl_slist_free_all (headers);
}

/* The status of an answer, 413 of one that is too large, 0: there was none. */
static long call_do (const struct graph *graph, struct call *call)
{
    CURL *easy = curl_easy_init ();
    struct curl_slist *headers = headers_new (graph);
    long status = 0;

    check (easy != NULL);
    curl_easy_setopt (easy, CURLOPT_PROXY, "");
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, WHOLE_MS);
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (easy, CURLOPT_URL, call->url);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt (easy, CURLOPT_WRITEDATA, call);
    if (call->body)
        curl_easy_setopt (easy, CURLOPT_POSTFIELDS, call->body);
    CURLcode fail = curl_easy_perform (easy);
    curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
    headers_free (headers);
    curl_easy_cleanup (easy);
    return fail == CURLE_OK ? status : fail == CURLE_WRITE_ERROR ? 413 : 0;
}

static enum graph_end end_of (long status)
{
    if (status >= 200 && status < 300)
        return GRAPH_DONE;
    return status == 0 || status == 429 || status >= 500 ? GRAPH_AWAY : GRAPH_LACKS;
}

/* ---- media --------------------------------------------------------------------------------------- */

/* Meta's own hosts, and that of the settings. */
static bool host_right (const char *url, const char *base)
{
    static const char *const ends[] = {".fbsbx.com", ".facebook.com", ".whatsapp.net"};
    const char *host = strstr (url, "://"), *own = strstr (base, "://");
    size_t len, own_len;

    if (!host || !own)
        return false;
    host += 3;
    own += 3;
    len = strcspn (host, "/?#");
    own_len = strcspn (own, "/?#");
    if (len == own_len && strncmp (host, own, len) == 0)
        return (size_t) (host - url) == (size_t) (own - base) &&
               strncmp (url, base, (size_t) (host - url)) == 0;
    for (size_t i = 0; i < array_len (ends); i++) {
        size_t end = strlen (ends[i]);
        if (strncmp (url, "https://", 8) == 0 && len > end && !memchr (host, '@', len) &&
            strncasecmp (host + len - end, ends[i], end) == 0)
            return true;
    }
    return false;
}

enum graph_end graph_fetch (const struct graph *graph, const char *id, size_t most,
                            struct buffer *into)
{
    struct buffer answer = {0};
    char *url = xformat ("%s/%s", graph->url, id);
    struct call ask = {.url = url, .into = &answer, .most = ANSWER_MOST};
    long status = call_do (graph, &ask);
    json_t *said =
        status == 200 ? json_loadb (answer.at ? answer.at : "", answer.len, 0, NULL) : NULL;
    const char *where = json_string_value (json_object_get (said, "url"));

    if (where && host_right (where, graph->url))
        status = call_do (graph, &(struct call){.url = where, .into = into, .most = most});
    else if (status == 200)
        status = 404;
    json_decref (said);
    buffer_free (&answer);
    free (url);
    return status == 200 ? GRAPH_DONE : end_of (status) == GRAPH_AWAY ? GRAPH_AWAY : GRAPH_LACKS;
}

/* ---- answers ------------------------------------------------------------------------------------- */

enum graph_end graph_say (const struct graph *graph, const char *phone, const char *to,
                          const char *text)
{
    struct buffer answer = {0};
    char *url = xformat ("%s/%s/messages", graph->url, phone);
    json_t *said = json_pack ("{s:s, s:s, s:s, s:s, s:{s:b, s:s}}", "messaging_product", "whatsapp",
                              "recipient_type", "individual", "to", to, "type", "text", "text",
                              "preview_url", 0, "body", text);
    check (said != NULL);
    char *body = json_dumps (said, JSON_COMPACT);
    struct call call = {.url = url, .body = body, .into = &answer, .most = ANSWER_MOST};
    long status = call_do (graph, &call);

    json_decref (said);
    sodium_memzero (body, strlen (body));
    free (body);
    free (url);
    buffer_free (&answer);
    return end_of (status);
}
