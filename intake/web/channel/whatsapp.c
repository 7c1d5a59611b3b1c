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
#include "../spelling.h"
#include "whatsapp.h"

#define BODY_MOST 3145728 /* Meta's own limit */
#define PATIENT_MS                                                                                 \
    1800000 /* for so long a message waits for media that cannot be had now, or to be answered */

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
    char media[WHATSAPP_MEDIA]; /* Meta's id of what came with it; "": nothing */
    size_t most;                /* bytes that it may have */
    struct buffer fetched;
    size_t held;         /* gateway_hold */
    enum graph_end fate; /* of what was fetched, or said */
    bool to_notice;      /* written as an answer to a message of ours */
    bool empty;          /* it says nothing, and nothing came with it */
    bool help;           /* it is answered with help, for that */
    char number[ADUAN_NUMBER_SIZE];
    /* Of a command, whose message is gone when it is answered. */
    char phone[32], sender[24]; /* which telephone of ours it came to, in Meta's words; of whom */
    uint8_t hash[ADUAN_SENDER_SIZE], name[16];
    uint64_t created;
    struct tally tally; /* of its answer */
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
    gateway_give (hook->visit->web->gateways, chat->held);
    buffer_free (&chat->fetched);
    if (chat->answer.len)
        sodium_memzero (chat->answer.at, chat->answer.len);
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

static void chat_command (struct chat *chat, const struct command *command);

static void on_whose (struct message *message, json_t *rows)
{
    struct chat *chat = message->with;

    if (!rows) {
        message_free (message);
        chat_end (chat, true);
        return;
    }
    /* whose number it begins with, whose agency asks, or the only one where it answers a message of ours */
    struct open_rows open = rows_open (rows);
    const json_t *row = *chat->number     ? row_numbered (rows, chat->number)
                        : open.asking     ? open.asking
                        : chat->to_notice ? open.only
                                          : NULL;
    if (!row && chat->empty) {
        chat->help = true;
        chat_command (chat, &(struct command){.word = COMMAND_HELP});
        return;
    }
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

    struct gateways *gateways = chat->hook->visit->web->gateways;
    bool away = !worked || chat->fate == GRAPH_AWAY;

    if (worked && chat->fate == GRAPH_DONE)
        gateway_told (gateways, chat->name);
    if (away)
        gateway_unanswered (gateways, chat->hash, chat->name, &chat->tally);
    chat_end (chat, away && young);
}

/* What says nothing is told so once in an hour: two machines would greet each other for ever.  What is not answered uses up
 * neither. */
static bool may_answer (struct chat *chat)
{
    struct gateways *gateways = chat->hook->visit->web->gateways;
    struct view who = {(const char *) chat->hash, sizeof chat->hash};

    if (!gateway_answers (gateways, chat->hash, chat->name, &chat->tally))
        return false;
    if (!chat->help || limit_take_of (gateways->web->limits, LIMIT_help, who, 1, &chat->tally) == 0)
        return true;
    gateway_unanswered (gateways, chat->hash, chat->name, &chat->tally);
    return false;
}

static void on_command (void *with, const char *key, const char *number, const char *code)
{
    struct chat *chat = with;
    const struct gateways *gateways = chat->hook->visit->web->gateways;
    const char *text = key ? web_word (chat->hook->visit, key) : NULL;

    if (!text) {
        chat_end (chat, true);
        return;
    }
    gateway_text (text, number, code, &chat->answer);
    if (!*chat->phone || !*chat->graph.token || !may_answer (chat)) {
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
        memcpy (chat->number, command.number, sizeof chat->number);
        chat->empty = bare && says_nothing (command.rest);
        message->with = chat;
        message_ask_sender (message, on_whose);
    }
}

/* ---- media, on a thread -------------------------------------------------------------------------- */

static void fetch_aside (void *job)
{
    struct chat *chat = job;

    if (!gateway_hold (chat->message->web->gateways, chat->most))
        return; /* on_fetched has it brought again, however old it is */
    chat->held = chat->most;
    chat->fate = graph_fetch (&chat->graph, chat->media, chat->most, &chat->fetched);
}

static void on_fetched (void *job, bool worked)
{
    struct chat *chat = job;
    struct message *message = chat->message;
    bool young = (uint64_t) wall_ms () < message->created + PATIENT_MS;

    if (!worked || !chat->held || (chat->fate == GRAPH_AWAY && young)) {
        message_free (message);
        chat_end (chat, true);
        return;
    }
    size_t len = chat->fate == GRAPH_DONE ? chat->fetched.len : 0;
    if (len)
        message_file (message, (struct view){chat->fetched.at, len});
    else
        message->lost++;
    buffer_free (&chat->fetched);
    if (len < chat->held) { /* it is known what it takes */
        gateway_give (message->web->gateways, chat->held - len);
        chat->held = len;
    }
    chat_place (chat);
}

/* ---- what it says -------------------------------------------------------------------------------- */

/* The telephone of ours that it was written to goes into an address. */
static void phone_take (const json_t *value, struct chat *chat)
{
    const char *phone = json_string_value (
        json_object_get (json_object_get (value, "metadata"), "phone_number_id"));

    if (phone && strlen (phone) < sizeof chat->phone && phone[strspn (phone, "0123456789")] == '\0')
        snprintf (chat->phone, sizeof chat->phone, "%s", phone);
}

static void message_take (void *owner, const json_t *value, const json_t *said)
{
    struct hook *hook = owner;
    struct web *web = hook->visit->web;
    struct chat *chat = xcalloc (1, sizeof *chat);

    chat->hook = hook;
    chat->graph = (struct graph){web->gateways->whatsapp_url, web->gateways->whatsapp_token};
    phone_take (value, chat);
    chat->to_notice = json_object_get (said, "context") != NULL;
    chat->most = whatsapp_may_be_film (said) ? content_most (web->content) : CONTENT_BYTES_MOST;
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
