/* post.c - signs a batch and posts it.
 *
 * Runs on a thread of webhook.c, one batch at a time, and touches nothing but its post.  libcurl looks the name up once;
 * every address that it would connect to is judged when its socket is made (at_open), so there is no moment between
 * the judgement and the connection.  No redirect is followed, no proxy asked, no connection kept.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "webhook.h"

/* ---- what libcurl asks ------------------------------------------------------------------------ */

static curl_socket_t at_open (void *with, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct post *post = with;

    (void) purpose;
    if (post->rule != HOST_NAMED && !address_public (&address->addr)) {
        post->refused = HOOK_FAULT_ADDRESS;
        return CURL_SOCKET_BAD;
    }
    return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int at_progress (void *with, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                        curl_off_t ulnow)
{
    const struct post *post = with;

    (void) dltotal, (void) dlnow, (void) ultotal, (void) ulnow;
    return atomic_load (post->stopping);
}

/* The answer is read to its end, so that it is known to be whole, and thrown away. */
static size_t at_answer (char *at, size_t size, size_t count, void *with)
{
    struct post *post = with;

    (void) at;
    post->answered += size * count;
    return post->answered > WEBHOOK_ANSWER_MAX ? 0 : size * count;
}

/* ---- one post --------------------------------------------------------------------------------- */

/* Which host it is, and whether anything goes there: 0, or enum hook_fault. */
static uint64_t judge_host (struct post *post, const char *hosts)
{
    CURLU *url = curl_url ();
    char *host = NULL;
    uint64_t fault = 0;

    check (url != NULL);
    if (curl_url_set (url, CURLUPART_URL, post->url, CURLU_DISALLOW_USER) != CURLUE_OK ||
        curl_url_get (url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        fault = HOOK_FAULT_URL;
    else
        post->rule = host_rule_of (hosts, host);
    if (fault == 0 && post->rule == HOST_REFUSED)
        fault = HOOK_FAULT_HOST;
    curl_free (host);
    curl_url_cleanup (url);
    return fault;
}

static struct curl_slist *list_add (struct curl_slist *list, char *text)
{
    struct curl_slist *longer = curl_slist_append (list, text);
    check (longer != NULL);
    free (text);
    return longer;
}

/* Signed anew each time: a receiver refuses what was signed long ago. */
static struct curl_slist *headers_of (const struct post *post)
{
    int64_t now = time (NULL);
    struct view id = view_of (post->id), body = {post->body, post->body_len};
    char *one = webhook_sign (post->secret, id, now, body),
         *other = post->both ? webhook_sign (post->old_secret, id, now, body) : NULL;
    struct curl_slist *list = list_add (NULL, xstrdup ("Content-Type: application/json"));
    list = list_add (list, xstrdup ("Expect:")); /* no waiting for "100 Continue" */
    list = list_add (list, xformat ("webhook-id: %s", post->id));
    list = list_add (list, xformat ("webhook-timestamp: %" PRId64, now));
    list = list_add (
        list, xformat ("webhook-signature: %s%s%s", one, other ? " " : "", other ? other : ""));
    free (one);
    free (other);
    return list;
}

static void prepare (CURL *easy, struct post *post, const struct post_settings *settings)
{
    curl_easy_setopt (easy, CURLOPT_URL, post->url);
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt (easy, CURLOPT_PROXY, ""); /* the environment decides nothing */
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) settings->wait_ms);
    curl_easy_setopt (easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt (easy, CURLOPT_USERAGENT, "Aduan-Webhook/1");
    if (*settings->ca)
        curl_easy_setopt (easy, CURLOPT_CAINFO, settings->ca);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, at_open);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, post);
    curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, at_answer);
    curl_easy_setopt (easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt (easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt (easy, CURLOPT_XFERINFOFUNCTION, at_progress);
    curl_easy_setopt (easy, CURLOPT_XFERINFODATA, post);
    curl_easy_setopt (easy, CURLOPT_POST, 1L);
    curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) post->body_len);
    curl_easy_setopt (easy, CURLOPT_POSTFIELDS, post->body);
}

void post_perform (struct post *post, const struct post_settings *settings)
{
    long status = 0;

    post->status = judge_host (post, settings->hosts);
    if (post->status)
        return;
    CURL *easy = curl_easy_init ();
    check (easy != NULL);
    struct curl_slist *headers = headers_of (post);
    prepare (easy, post, settings);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
    CURLcode error = curl_easy_perform (easy);
    curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
    if (error == CURLE_OK)
        post->status = (uint64_t) status;
    else
        post->status = post->refused ? post->refused : 10000 + (uint64_t) error;
    curl_easy_cleanup (easy);
    curl_slist_free_all (headers);
}

void post_done (struct post *post)
{
    sodium_memzero (post->secret, sizeof post->secret);
    sodium_memzero (post->old_secret, sizeof post->old_secret);
    free (post->url);
    free (post->id);
    free (post->body);
}
