/* whatsapp.c - WhatsApp by Meta's Cloud webhook (PEERS 5.4).
 *
 *   POST /gateway/whatsapp, signed over its raw bytes -> each message by itself:
 *     FETCHING (media, on a thread) -> ASKING (whose case) -> SENDING     each delivery state: a report
 *   -> 200 when all of them are ACCEPTED, or will never be; 503 when one could not, and the whole payload comes again: what was
 *      accepted is the same complaint then
 */
#include <curl/curl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "domain/number.h"
#include "whatsapp.h"

#define BODY_MOST   3145728 /* Meta's own limit */
#define CONNECT_MS  5000L
#define FETCH_MS    20000L
#define ANSWER_MOST 65536
#define PATIENT_MS  1800000 /* for so long a message waits for media that cannot be had now */

/* A payload on its way: it is answered when nothing of it is under way. */
struct hook {
    struct visit *visit;
    unsigned under_way;
    bool later;
};

/* A message of it. */
struct chat {
    struct hook *hook;
    struct message *message;
    const char *url, *token;    /* the gateways' */
    char media[WHATSAPP_MEDIA]; /* Meta's id of what came with it; "": nothing */
    struct buffer fetched;
    bool lacking, unreachable; /* it cannot be had; it cannot be had now */
    bool to_notice;            /* written as an answer to a message of ours */
    char number[ADUAN_NUMBER_SIZE];
};

static void hook_end (struct hook *hook)
{
    struct visit *visit = hook->visit;

    if (--hook->under_way)
        return;
    if (hook->later)
        visit_refuse (visit, 503, "away");
    else
        http_answer (visit->request, 200, "text/plain", "ok\n", 3);
}

static void chat_end (struct chat *chat, bool later)
{
    struct hook *hook = chat->hook;

    hook->later = hook->later || later;
    buffer_free (&chat->fetched);
    free (chat);
    hook_end (hook);
}

static void whatsapp_refuse (struct visit *visit, unsigned status, const char *why)
{
    char *text = xformat ("refused: %s\n", why);

    if (status == 503)
        http_later (visit->request, LATER_MS);
    http_answer (visit->request, status, "text/plain; charset=utf-8", text, strlen (text));
    free (text);
}

/* ---- submitting ---------------------------------------------------------------------------------- */

static void on_sent (void *with, struct message *message, const struct aduan_submitted *result)
{
    (void) message;
    if (result->result == ADUAN_REJECTED)
        log_limited (LOG_WARNING, "a message of WhatsApp was rejected: %s, field %s",
                     aduan_reject_word (result->reject),
                     log_text (result->field, strlen (result->field)));
    chat_end (with, result->result != ADUAN_ACCEPTED && result->result != ADUAN_REJECTED);
}

/* The case whose number it begins with, that whose agency asks, or the only one where it answers a message of ours. */
static const json_t *row_chosen (const struct chat *chat, const json_t *rows)
{
    const json_t *asking = NULL, *open = NULL;
    unsigned asks = 0, opens = 0;

    for (size_t i = 0; i < json_array_size (rows); i++) {
        const json_t *row = json_array_get (rows, i);
        if (!row_may (row, "reply"))
            continue;
        opens++;
        open = row;
        if (strcmp (json_string_value (json_object_get (row, "number")), chat->number) == 0)
            return row;
        if (row_may (row, "complete")) {
            asks++;
            asking = row;
        }
    }
    return *chat->number ? NULL : asks == 1 ? asking : chat->to_notice && opens == 1 ? open : NULL;
}

static void on_whose (struct message *message, json_t *rows)
{
    struct chat *chat = message->with;

    if (!rows) {
        message_free (message);
        chat_end (chat, true);
        return;
    }
    const json_t *row = row_chosen (chat, rows);
    if (row)
        message_join (message, row);
    message_send (message, on_sent, chat);
}

/* LAPOR is always a new one; it stays in the text. */
static void chat_place (struct chat *chat)
{
    struct message *message = chat->message;
    const char *text = message->text.at;
    size_t len = strcspn (text, " \t\r\n:,.");
    uint64_t bits;

    message->text.len = strlen (text);
    if (len == 5 && strncasecmp (text, "LAPOR", 5) == 0) {
        message_send (message, on_sent, chat);
        return;
    }
    if (number_parse ((struct view){text, len}, &bits) == 0)
        number_of_bits (bits, chat->number);
    message->with = chat;
    message_ask_sender (message, on_whose);
}

/* ---- media, on a thread -------------------------------------------------------------------------- */

struct fetch {
    struct buffer *into;
    size_t most;
};

static size_t on_bytes (char *at, size_t one, size_t len, void *with)
{
    struct fetch *fetch = with;

    if (one * len > fetch->most - fetch->into->len)
        return 0;
    buffer_add (fetch->into, at, one * len);
    return one * len;
}

/* The status of a GET, 0: there was no answer. */
static long get (CURL *easy, const char *url, struct curl_slist *headers, struct buffer *into,
                 size_t most)
{
    struct fetch fetch = {into, most};
    long status = 0;

    curl_easy_reset (easy);
    curl_easy_setopt (easy, CURLOPT_PROXY, "");
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, FETCH_MS);
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (easy, CURLOPT_URL, url);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt (easy, CURLOPT_WRITEDATA, &fetch);
    CURLcode fail = curl_easy_perform (easy);
    curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
    return fail == CURLE_OK ? status : fail == CURLE_WRITE_ERROR ? 413 : 0;
}

/* Meta's own hosts, and that of the settings: nobody else gets the token. */
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

static void fetch_with (struct chat *chat, CURL *easy, struct curl_slist *headers)
{
    struct buffer answer = {0};
    char *url = xformat ("%s/%s", chat->url, chat->media);
    long status = get (easy, url, headers, &answer, ANSWER_MOST);
    json_t *said =
        status == 200 ? json_loadb (answer.at ? answer.at : "", answer.len, 0, NULL) : NULL;
    const char *where = json_string_value (json_object_get (said, "url"));

    if (where && host_right (where, chat->url))
        status = get (easy, where, headers, &chat->fetched, CONTENT_BYTES_MOST);
    else if (status == 200)
        status = 404;
    chat->unreachable = status == 0 || status == 429 || status >= 500;
    chat->lacking = status != 200;
    json_decref (said);
    buffer_free (&answer);
    free (url);
}

static void fetch_aside (void *job)
{
    struct chat *chat = job;
    CURL *easy = curl_easy_init ();
    char *bearer = xformat ("Authorization: Bearer %s", chat->token);
    struct curl_slist *headers = curl_slist_append (NULL, bearer);

    check (easy && headers);
    fetch_with (chat, easy, headers);
    for (struct curl_slist *item = headers; item; item = item->next)
        sodium_memzero (item->data, strlen (item->data));
    curl_slist_free_all (headers);
    sodium_memzero (bearer, strlen (bearer));
    free (bearer);
    curl_easy_cleanup (easy);
}

static void on_fetched (void *job, bool worked)
{
    struct chat *chat = job;
    struct message *message = chat->message;
    bool young = (uint64_t) wall_ms () < message->created + PATIENT_MS;

    if (!worked || (chat->unreachable && young)) {
        message_free (message);
        chat_end (chat, true);
        return;
    }
    if (chat->lacking)
        message->lost++;
    else
        message_file (message, (struct view){chat->fetched.at, chat->fetched.len});
    buffer_free (&chat->fetched);
    chat_place (chat);
}

/* ---- what it says -------------------------------------------------------------------------------- */

static void message_take (void *owner, const json_t *value, const json_t *said)
{
    struct hook *hook = owner;
    struct web *web = hook->visit->web;
    struct chat *chat = xcalloc (1, sizeof *chat);

    chat->hook = hook;
    chat->url = web->gateways->whatsapp_url;
    chat->token = web->gateways->whatsapp_token;
    chat->to_notice = json_object_get (said, "context") != NULL;
    chat->message = whatsapp_message (web, value, said, chat->media);
    if (!chat->message) {
        free (chat);
        return;
    }
    hook->under_way++;
    if (!*chat->media)
        chat_place (chat);
    else if (!aside_do (web->gateways->fetching, fetch_aside, on_fetched, chat))
        on_fetched (chat, false);
}

/* ---- delivery states ----------------------------------------------------------------------------- */

static void on_reported (void *with, bool heard)
{
    struct hook *hook = with;

    hook->later = hook->later || !heard;
    hook_end (hook);
}

static void state_take (void *owner, const json_t *said)
{
    struct hook *hook = owner;
    struct gateways *gateways = hook->visit->web->gateways;
    struct whatsapp_state state;

    if (!gateways->has_reply_key || !whatsapp_state_read (said, gateways->reply_key, &state))
        return;
    hook->under_way++;
    report_send (gateways, &state.notice, ADUAN_CHANNEL_WHATSAPP, state.outcome, state.code,
                 on_reported, hook);
}

/* ---- Meta's two requests ------------------------------------------------------------------------- */

static bool signature_right (const struct visit *visit)
{
    const char *secret = visit->web->gateways->whatsapp_secret,
               *said = http_header (visit->request, "X-Hub-Signature-256");
    struct view body = http_body (visit->request);
    crypto_auth_hmacsha256_state state;
    uint8_t right[crypto_auth_hmacsha256_BYTES], shown[crypto_auth_hmacsha256_BYTES];

    if (!*secret || !said || strncmp (said, "sha256=", 7) != 0 ||
        strlen (said) != 7 + 2 * sizeof shown || hex_parse (said + 7, shown, sizeof shown) != 0)
        return false;
    crypto_auth_hmacsha256_init (&state, (const uint8_t *) secret, strlen (secret));
    crypto_auth_hmacsha256_update (&state, (const uint8_t *) body.at, body.len);
    crypto_auth_hmacsha256_final (&state, right);
    return sodium_memcmp (right, shown, sizeof right) == 0;
}

static void hook_post (struct visit *visit)
{
    json_t *payload;
    struct hook *hook;

    if (!signature_right (visit)) {
        metric_add (web_gateway_unproved_total, 1);
        visit_refuse (visit, 401, "secret");
        return;
    }
    payload = whatsapp_read (http_body (visit->request));
    if (!payload) {
        visit_refuse (visit, 400, "form");
        return;
    }
    hook = xcalloc (1, sizeof *hook);
    *hook = (struct hook){.visit = visit, .under_way = 1};
    visit->work = hook;
    visit->work_free = free;
    whatsapp_walk (payload, message_take, state_take, hook);
    json_decref (payload);
    hook_end (hook);
}

/* Meta's question at the registration: the token is ours, and its challenge comes back. */
static void hook_verify (struct visit *visit)
{
    const char *mode = http_query (visit->request, "hub.mode"),
               *challenge = http_query (visit->request, "hub.challenge");

    if (!mode || strcmp (mode, "subscribe") != 0 || !challenge || strlen (challenge) > 256 ||
        !secret_same (visit->web->gateways->whatsapp_verify,
                      http_query (visit->request, "hub.verify_token")))
        visit_refuse (visit, 403, "secret");
    else
        http_answer (visit->request, 200, "text/plain; charset=utf-8", challenge,
                     strlen (challenge));
}

static const struct route routes[] = {
    {HTTP_GET, "/gateway/whatsapp", hook_verify, 0, true},
    {HTTP_POST, "/gateway/whatsapp", hook_post, BODY_MOST, true},
};

const struct inlet inlet_whatsapp = {"whatsapp", routes, array_len (routes), whatsapp_refuse,
                                     COUNTED_BY_PROOF};
