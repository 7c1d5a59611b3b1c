/* whatsapp.c - WhatsApp by Meta's Cloud webhook (PEERS 5.4).
 *
 *   POST /gateway/whatsapp, signed over its raw bytes -> each message by itself:
 *     FETCHING (media, on a thread) -> ASKING (whose case) -> SENDING     each delivery state: a report
 *     a command (command.h) -> done -> ANSWERING (on the same thread)
 *   -> 200 when all of them are ACCEPTED, or will never be; 503 when one could not, and the whole payload comes again: what was
 *      accepted is the same complaint then
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "../command.h"
#include "../graph.h"

#define ACCOUNT     "whatsapp"
#define BODY_MOST   3145728 /* Meta's own limit */
#define VALUES_MOST 60000
#define PATIENT_MS                                                                                 \
    1800000 /* for so long a message waits for media that cannot be had now, or to be answered */
#define PLACE_DEGREE 1e7

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
    struct graph graph;
    char media[64]; /* Meta's id of what came with it; "": nothing */
    struct buffer fetched;
    enum graph_end fate; /* of what was fetched, or said */
    bool to_notice;      /* written as an answer to a message of ours */
    char number[ADUAN_NUMBER_SIZE];
    /* Of a command, whose message is gone when it is answered. */
    char phone[32], sender[24]; /* which telephone of ours it came to, in Meta's words; of whom */
    uint8_t hash[ADUAN_SENDER_SIZE], name[16];
    uint64_t created;
    struct buffer answer;
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
    buffer_free (&chat->answer);
    sodium_memzero (chat->sender, sizeof chat->sender);
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

/* ---- commands ------------------------------------------------------------------------------------ */

static void say_aside (void *job)
{
    struct chat *chat = job;
    chat->fate = graph_say (&chat->graph, chat->phone, chat->sender, chat->answer.at);
}

/* The payload comes again with all that is in it: what was answered is not answered twice. */
static void on_answered (void *job, bool worked)
{
    struct chat *chat = job;
    bool young = (uint64_t) wall_ms () < chat->created + PATIENT_MS;

    if (worked && chat->fate == GRAPH_DONE)
        gateway_told (chat->hook->visit->web->gateways, chat->name);
    chat_end (chat, young && (!worked || chat->fate == GRAPH_AWAY));
}

static void on_command (void *with, const char *key, const char *number)
{
    struct chat *chat = with;
    struct gateways *gateways = chat->hook->visit->web->gateways;
    const char *text = key ? web_word (chat->hook->visit, key) : NULL;

    if (!text) {
        chat_end (chat, true);
        return;
    }
    gateway_text (text, number, &chat->answer);
    if (!*chat->phone || !*chat->graph.token ||
        !gateway_answers (gateways, chat->hash, chat->name)) {
        chat_end (chat, false);
        return;
    }
    if (!aside_do (gateways->fetching, say_aside, on_answered, chat))
        on_answered (chat, false);
}

/* One that came before and was answered is done: Meta brings some twice. */
static void chat_command (struct chat *chat, const struct command *command)
{
    const struct message *message = chat->message;

    memcpy (chat->hash, message->sender, sizeof chat->hash);
    memcpy (chat->name, message->token.token, sizeof chat->name);
    snprintf (chat->sender, sizeof chat->sender, "%s", message->phone);
    chat->created = message->created;
    if (gateway_was_told (message->web->gateways, chat->name)) {
        message_free (chat->message);
        chat_end (chat, false);
    } else
        command_do (command, chat->message, on_command, chat);
}

/* LAPOR is always a new one; it stays in the text.  What has a file or a place with it is no command. */
static void chat_place (struct chat *chat)
{
    struct message *message = chat->message;
    struct command command = command_read (message->text.at, NULL);
    bool bare = !*chat->media && !message->lost && !message->latitude && !message->longitude;

    message->text.len = strlen (message->text.at);
    if (command.word == COMMAND_REPORT) {
        message_send (message, on_sent, chat);
    } else if (command.word != COMMAND_NONE && bare) {
        chat_command (chat, &command);
    } else {
        if (command.word == COMMAND_NONE)
            memcpy (chat->number, command.number, sizeof chat->number);
        message->with = chat;
        message_ask_sender (message, on_whose);
    }
}

/* ---- media, on a thread -------------------------------------------------------------------------- */

static void fetch_aside (void *job)
{
    struct chat *chat = job;
    chat->fate = graph_fetch (&chat->graph, chat->media, CONTENT_BYTES_MOST, &chat->fetched);
}

static void on_fetched (void *job, bool worked)
{
    struct chat *chat = job;
    struct message *message = chat->message;
    bool young = (uint64_t) wall_ms () < message->created + PATIENT_MS;

    if (!worked || (chat->fate == GRAPH_AWAY && young)) {
        message_free (message);
        chat_end (chat, true);
        return;
    }
    if (chat->fate != GRAPH_DONE)
        message->lost++;
    else
        message_file (message, (struct view){chat->fetched.at, chat->fetched.len});
    buffer_free (&chat->fetched);
    chat_place (chat);
}

/* ---- what it says -------------------------------------------------------------------------------- */

static const char *text_at (const json_t *value, const char *a, const char *b)
{
    value = json_object_get (value, a);
    return json_string_value (b ? json_object_get (value, b) : value);
}

/* The words of a message, whatever it is; NULL: it has none. */
static const char *words_of (const json_t *said, const char *type)
{
    const json_t *interactive = json_object_get (said, "interactive");
    const char *words = text_at (said, type, "caption");

    if (strcmp (type, "text") == 0)
        words = text_at (said, "text", "body");
    else if (strcmp (type, "button") == 0)
        words = text_at (said, "button", "text");
    else if (strcmp (type, "interactive") == 0) {
        words = text_at (interactive, "button_reply", "title");
        if (!words)
            words = text_at (interactive, "list_reply", "title");
    }
    return words;
}

static void place_take (const json_t *said, struct message *message)
{
    const json_t *place = json_object_get (said, "location");
    double latitude = json_number_value (json_object_get (place, "latitude"));
    double longitude = json_number_value (json_object_get (place, "longitude"));
    const char *name = text_at (place, "name", NULL), *address = text_at (place, "address", NULL);

    if (latitude < -90 || latitude > 90 || longitude < -180 || longitude > 180)
        return;
    message->latitude = (int64_t) (latitude * PLACE_DEGREE);
    message->longitude = (int64_t) (longitude * PLACE_DEGREE);
    buffer_format (&message->text, "%.200s%s%.300s", name ? name : "Lokasi", address ? ", " : "",
                   address ? address : "");
}

/* Of each kind what Meta calls it, and whether it is a file. */
static const struct media_kind {
    const char *type;
    const char *without; /* words where it has none */
} media_kinds[] = {
    {"image", "(foto tanpa teks)"}, {"document", "(dokumen tanpa teks)"},
    {"audio", "(pesan suara)"},     {"video", "(video tanpa teks)"},
    {"sticker", "(stiker)"},
};

/* False: nothing in it is somebody's word - a reaction, a note of Meta's own. */
static bool words_take (const json_t *said, struct chat *chat)
{
    const char *type = text_at (said, "type", NULL), *words = type ? words_of (said, type) : NULL;
    struct message *message = chat->message;

    for (size_t i = 0; type && i < array_len (media_kinds); i++) {
        const char *id = text_at (said, media_kinds[i].type, "id");
        if (strcmp (type, media_kinds[i].type) != 0)
            continue;
        if (id && strlen (id) < sizeof chat->media &&
            id[strspn (id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")] ==
                '\0')
            snprintf (chat->media, sizeof chat->media, "%s", id);
        else
            message->lost++;
        words = words ? words : media_kinds[i].without;
    }
    if (type && strcmp (type, "location") == 0)
        place_take (said, message);
    if (words)
        buffer_format (&message->text, "%s", words);
    buffer_add (&message->text, "", 1);
    return !utf8_blank (message->text.at, message->text.len - 1);
}

static void sender_take (const json_t *value, const json_t *said, struct message *message)
{
    const char *from = text_at (said, "from", NULL), *name;
    const json_t *contacts = json_object_get (value, "contacts");

    message_from (message, from);
    message->phone = xstrdup (from);
    if (phone_valid (view_of (from))) {
        message->kind = "whatsapp";
        message->address = xformat ("+%.20s", from + (*from == '+'));
    }
    for (size_t i = 0; i < json_array_size (contacts); i++) {
        const json_t *contact = json_array_get (contacts, i);
        const char *id = text_at (contact, "wa_id", NULL);
        name = text_at (contact, "profile", "name");
        if (id && name && strcmp (id, from) == 0 && !message->name)
            message->name = xstrndup (name, strnlen (name, 250));
    }
    char *whole = json_dumps (said, JSON_COMPACT);
    buffer_add (&message->envelope, whole, strnlen (whole, 65536));
    sodium_memzero (whole, strlen (whole));
    free (whole);
}

/* The telephone of ours that it was written to goes into an address. */
static void phone_take (const json_t *value, struct chat *chat)
{
    const char *phone = text_at (value, "metadata", "phone_number_id");

    if (phone && strlen (phone) < sizeof chat->phone && phone[strspn (phone, "0123456789")] == '\0')
        snprintf (chat->phone, sizeof chat->phone, "%s", phone);
}

static void message_take (struct hook *hook, const json_t *value, const json_t *said)
{
    struct web *web = hook->visit->web;
    const char *id = text_at (said, "id", NULL), *from = text_at (said, "from", NULL),
               *stamp = text_at (said, "timestamp", NULL);
    uint64_t sent = stamp ? strtoull (stamp, NULL, 10) * 1000 : 0;

    if (!id || !*id || strlen (id) > 256 || !from || !*from || strlen (from) > 24)
        return;
    struct chat *chat = xcalloc (1, sizeof *chat);
    chat->hook = hook;
    chat->graph = (struct graph){web->gateways->whatsapp_url, web->gateways->whatsapp_token};
    phone_take (value, chat);
    chat->message = message_new (web, ACCOUNT, ADUAN_CHANNEL_WHATSAPP);
    chat->to_notice = json_object_get (said, "context") != NULL;
    message_named (chat->message, view_of (id), sent);
    sender_take (value, said, chat->message);
    if (!words_take (said, chat)) {
        message_free (chat->message);
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

static void state_take (struct hook *hook, const json_t *said)
{
    struct gateways *gateways = hook->visit->web->gateways;
    const char *token = text_at (said, "biz_opaque_callback_data", NULL),
               *state = text_at (said, "status", NULL);
    json_int_t code = json_integer_value (
        json_object_get (json_array_get (json_object_get (said, "errors"), 0), "code"));
    struct notice_name notice;
    uint32_t outcome;

    if (!token || !state || !gateways->has_reply_key ||
        token_notice (gateways->reply_key, view_of (token), &notice) != 0)
        return;
    if (strcmp (state, "delivered") == 0 || strcmp (state, "read") == 0)
        outcome = TOLD_DELIVERED;
    else if (strcmp (state, "failed") == 0)
        outcome = TOLD_REFUSED; /* Meta has given it up */
    else
        return;
    hook->under_way++;
    report_send (gateways, &notice, ADUAN_CHANNEL_WHATSAPP, outcome,
                 code > 0 && code <= INT32_MAX ? (uint64_t) code : 0, on_reported, hook);
}

/* ---- Meta's two requests ------------------------------------------------------------------------- */

/* Every change of every entry, in the order in which they came. */
static void payload_take (struct hook *hook, const json_t *payload)
{
    size_t at, nth, one;
    json_t *entry, *change, *said;

    json_array_foreach (json_object_get (payload, "entry"), at, entry)
        json_array_foreach (json_object_get (entry, "changes"), nth, change) {
            const json_t *value = json_object_get (change, "value");
            json_array_foreach (json_object_get (value, "messages"), one, said)
                message_take (hook, value, said);
            json_array_foreach (json_object_get (value, "statuses"), one, said)
                state_take (hook, said);
        }
}

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

/* The payload; NULL: it is no JSON.  A NUL in somebody's words, which jansson does not take, must not keep the whole batch out. */
static json_t *payload_read (struct view body)
{
    struct buffer copy = {0};
    json_t *payload;

    buffer_add (&copy, body.at, body.len);
    for (size_t i = 0; i + 6 <= copy.len; i++)
        if (copy.at[i] == '\\') {
            if (strncmp (copy.at + i + 1, "u0000", 5) == 0)
                memcpy (copy.at + i + 1, "ufffd", 5);
            i++;
        }
    payload = http_json_read ((struct view){copy.at, copy.len}, VALUES_MOST);
    if (copy.len)
        sodium_memzero (copy.at, copy.len);
    buffer_free (&copy);
    return payload;
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
    payload = payload_read (http_body (visit->request));
    if (!payload) {
        visit_refuse (visit, 400, "form");
        return;
    }
    hook = xcalloc (1, sizeof *hook);
    *hook = (struct hook){.visit = visit, .under_way = 1};
    visit->work = hook;
    visit->work_free = free;
    payload_take (hook, payload);
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
