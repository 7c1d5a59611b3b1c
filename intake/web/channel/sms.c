/* sms.c - SMS by Kannel (PEERS 5.1): each message is a POST whose answer's text goes back to its sender as an SMS.
 *
 *   POST /gateway/sms?secret=...&id=%I&time=%t
 *
 *   DECODED -> (JOINING: parts that Kannel has not joined) -> by its first word
 *     LAPOR, or a regency's own prefix     a complaint
 *     LACAK, BERHENTI, BANTUAN ...         what they ask (command.h)
 *     a number, or any other word          ASKING whose case it belongs to -> a reply, or a complaint; help where it says nothing
 *
 * What cannot be taken now is 503, so that Kannel keeps it (http-request-retry).  An empty text is answered where no SMS is to go
 * back (omit-empty).
 */
#include <iconv.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>
#include "../command.h"
#include "../spelling.h"
#include "base/decimal.h"
#include "domain/number.h"

#define ACCOUNT    "sms"
#define BODY_MOST  65536
#define JOIN_MS    20000 /* for a part that is missing */
#define JOIN_MOST  1000  /* parts that wait, of everybody */
#define ID_MOST    128
#define CASES_SAID 3

/* A message that came, while its request lasts. */
struct sms {
    struct visit *visit;
    struct buffer text;
    char sender
        [24]; /* digits, 62 before a number of this country; or a word: nobody that could be answered */
    uint8_t hash[ADUAN_SENDER_SIZE];
    uint64_t created;
    bool silent;   /* nothing goes back to its sender, ever */
    bool answered; /* the answer goes back; counted with its message (gateway_answers) */
    struct tally tally;
    uint8_t name[16];               /* of its message */
    char number[ADUAN_NUMBER_SIZE]; /* that it begins with; "": none */
    /* A part of a longer one. */
    unsigned reference, total, part;
    int64_t until;
    struct sms *others;      /* parts that were joined with it */
    struct sms *prev, *next; /* among those that wait for their other parts, or in `others` */
};

static void sms_free (void *work)
{
    struct sms *sms = work;

    if (sms->text.len)
        sodium_memzero (sms->text.at, sms->text.len);
    buffer_free (&sms->text);
    sodium_memzero (sms, sizeof *sms);
    free (sms);
}

/* ---- what goes back ------------------------------------------------------------------------------ */

static void say (struct visit *visit, unsigned status, const char *text)
{
    http_say (visit->request, "Cache-Control", "no-store");
    http_answer (visit->request, status, "text/plain; charset=utf-8", text, strlen (text));
}

/* The parts that were joined end as their message does. */
static void others_end (struct sms *sms, unsigned status)
{
    struct sms *one, *next, *list = sms ? sms->others : NULL;

    if (sms)
        sms->others = NULL;
    DL_FOREACH_SAFE (list, one, next)
        say (one->visit, status, "");
}

static void sms_refuse (struct visit *visit, unsigned status, const char *why)
{
    (void) why; /* nothing of it may go to somebody's telephone */
    struct sms *sms = visit->work;
    others_end (sms, status);
    if (status == 503)
        http_later (visit->request, LATER_MS);
    if (status == 503 && sms)
        gateway_unanswered (visit->web->gateways, sms->hash, sms->name, &sms->tally);
    say (visit, status, "");
}

/* A text of deploy/text, with {number} and {code} in it; nothing where its sender gets none. */
static void answer_code (struct sms *sms, const char *key, const char *number, const char *code)
{
    const char *text = web_word (sms->visit, key);
    struct buffer out = {0};

    check (text != NULL);
    others_end (sms, 200);
    if (sms->answered)
        gateway_text (text, number, code, &out);
    say (sms->visit, 200, sms->answered ? out.at : "");
    if (out.len)
        sodium_memzero (out.at, out.len);
    buffer_free (&out);
}

static void answer (struct sms *sms, const char *key, const char *number)
{
    answer_code (sms, key, number, "");
}

/* ---- submitting ---------------------------------------------------------------------------------- */

static void on_sent (void *with, struct message *message, const struct aduan_submitted *result)
{
    struct sms *sms = with;

    if (result->result == ADUAN_ACCEPTED)
        answer (sms, *message->number ? "auto_added" : "auto_received",
                *message->number ? message->number : result->number);
    else if (result->result == ADUAN_REJECTED)
        answer (sms, "auto_help", "");
    else
        visit_refuse (sms->visit, 503, "away");
}

static void envelope_take (struct sms *sms, struct message *message)
{
    static const char *const names[] = {"X-Kannel-From", "X-Kannel-To",       "X-Kannel-SMSC",
                                        "X-Kannel-Time", "X-Kannel-Service",  "X-Kannel-Coding",
                                        "X-Kannel-UDH",  "X-Kannel-Meta-Data"};

    for (size_t i = 0; i < array_len (names); i++) {
        const char *value = http_header (sms->visit->request, names[i]);
        if (value)
            buffer_format (&message->envelope, "%s: %.1000s\n", names[i], value);
    }
}

/* A message of what is said from `text` on. */
static struct message *message_make (struct sms *sms, const char *text)
{
    struct web *web = sms->visit->web;
    struct message *message = message_new (web, ACCOUNT, ADUAN_CHANNEL_SMS);
    const char *id = http_query (sms->visit->request, "id");
    struct buffer name = {0};
    bool named = id && *id && strlen (id) <= ID_MOST && sms->created && !sms->total;

    /* a joined one has as many ids as parts: its text and sender stand for them.  The text counts with an id, too: one that its
     * gateway gave twice, as after a crash, must not cost the second message */
    if (named)
        buffer_format (&name, "%s %s", id, sms->text.at);
    else
        buffer_format (&name, "%s %u %s", sms->sender, sms->reference, sms->text.at);
    message_named (message, (struct view){name.at, name.len}, sms->created);
    message_from (message, sms->sender);
    buffer_add (&message->text, text, strlen (text));
    envelope_take (sms, message);
    message->phone = xstrdup (sms->sender);
    memcpy (sms->name, message->token.token, sizeof sms->name);
    sms->answered =
        !sms->silent && gateway_answers (web->gateways, sms->hash, sms->name, &sms->tally);
    if (!sms->silent) {
        message->kind = "sms";
        message->address = xformat ("+%s", sms->sender);
        message->answered = sms->answered;
    }
    sodium_memzero (name.at, name.len);
    buffer_free (&name);
    return message;
}

/* ---- whose case is it? --------------------------------------------------------------------------- */

/* The numbers of a sender's open cases, between commas. */
static void numbers_say (struct sms *sms, const json_t *rows)
{
    struct buffer numbers = {0};
    unsigned said = 0;

    for (size_t i = 0; i < json_array_size (rows) && said < CASES_SAID; i++)
        if (row_may (json_array_get (rows, i), "reply"))
            buffer_format (
                &numbers, "%s%s", said++ ? ", " : "",
                json_string_value (json_object_get (json_array_get (rows, i), "number")));
    buffer_add (&numbers, "", 1);
    answer (sms, "auto_which", numbers.at);
    buffer_free (&numbers);
}

/* What says nothing is no complaint: once in an hour its sender is told how to write one, so that two machines do not greet each
 * other for ever. */
static void help_say (struct sms *sms)
{
    struct gateways *gateways = sms->visit->web->gateways;
    struct view who = {(const char *) sms->hash, sizeof sms->hash};

    if (sms->answered && limit_take_of (gateways->web->limits, LIMIT_help, who, 1, NULL) != 0) {
        gateway_unanswered (gateways, sms->hash, sms->name, &sms->tally);
        sms->answered = false;
    }
    answer (sms, "auto_help", "");
}

static void on_whose (struct message *message, json_t *rows)
{
    struct sms *sms = message->with;
    struct open_rows open = rows_open (rows);
    const json_t *row = *sms->number  ? row_numbered (rows, sms->number)
                        : open.asking ? open.asking
                                      : open.only;

    if (!rows) {
        message_free (message);
        visit_refuse (sms->visit, 503, "away");
        return;
    }
    /* said again with its number it is taken; nobody is told that this was */
    if (!*sms->number && !row && open.count > 1) {
        message_free (message);
        numbers_say (sms, rows);
        return;
    }
    if (!row && says_nothing (message->text.at)) {
        message_free (message);
        help_say (sms);
        return;
    }
    if (row) {
        message_join (message, row);
    } else { /* a number that is not his, or of a case that has ended, is part of what he says */
        buffer_clear (&message->text);
        buffer_add (&message->text, sms->text.at, sms->text.len);
    }
    message->text.len = strlen (message->text.at);
    message_send (message, on_sent, sms);
}

static void whose_ask (struct sms *sms, const char *text)
{
    struct message *message = message_make (sms, text);

    buffer_add (&message->text, "", 1); /* for says_nothing: a NUL behind it */
    message->with = sms;
    message_ask_sender (message, on_whose);
}

/* ---- by its first word --------------------------------------------------------------------------- */

static void on_command (void *with, const char *key, const char *number, const char *code)
{
    struct sms *sms = with;

    if (key)
        answer_code (sms, key, number, code);
    else
        visit_refuse (sms->visit, 503, "away");
}

static void sms_take (struct sms *sms)
{
    struct command command;

    for (size_t i = 0; i < sms->text.len; i++) /* what would end the text */
        sms->text.at[i] = sms->text.at[i] ? sms->text.at[i] : ' ';
    buffer_add (&sms->text, "", 1);
    command = command_read (sms->text.at, sms->visit->web->gateways->prefixes);
    memcpy (sms->number, command.number, sizeof sms->number);
    if (command.word == COMMAND_REPORT)
        message_send (message_make (sms, command.rest), on_sent, sms);
    else if (command.word == COMMAND_NONE)
        whose_ask (sms, command.rest);
    else
        command_do (&command, message_make (sms, ""), on_command, sms);
}

/* ---- delivery reports ---------------------------------------------------------------------------- */

static void on_reported (void *with, bool heard)
{
    struct visit *visit = with;

    if (heard)
        say (visit, 200, "");
    else
        visit_refuse (visit, 503, "away");
}

/* GET /gateway/sms/report?notice=TOKEN&state=%d, as aduan-notifier names it to Kannel.  What is not final says nothing. */
static void report_get (struct visit *visit)
{
    struct gateways *gateways = visit->web->gateways;
    const char *token = http_query (visit->request, "notice"),
               *state = http_query (visit->request, "state");
    uint64_t said = 0;
    uint32_t outcome;
    struct notice_name notice;

    if (!state || !decimal_parse (view_of (state), UINT32_MAX, &said))
        said = 0;
    outcome = said == 1 ? TOLD_DELIVERED : said == 2 || said == 16 ? TOLD_REFUSED : 0;
    if (!token || !gateways->has_reply_key ||
        token_notice (gateways->reply_key, view_of (token), &notice) != 0)
        visit_refuse (visit, 404, "absent"); /* the token is its proof */
    else if (!outcome)
        say (visit, 200, "");
    else
        report_send (gateways, &notice, ADUAN_CHANNEL_SMS, outcome, said, on_reported, visit);
}

/* ---- parts --------------------------------------------------------------------------------------- */

/* A user data header as Kannel says it, percent signs and all, or in hexadecimal; how many bytes it has. */
static size_t header_read (const char *udh, uint8_t *ret, size_t size)
{
    bool hexadecimal = !strchr (udh, '%');
    size_t len = 0;

    while (*udh && len < size) {
        bool coded = hexadecimal || *udh == '%';
        const char *digits = udh + (*udh == '%');
        char pair[3] = "";
        memcpy (pair, digits, strnlen (digits, 2));
        if (coded && hex_parse (pair, &ret[len], 1) != 0)
            return 0;
        if (!coded)
            ret[len] = (uint8_t) (*udh == '+' ? ' ' : *udh);
        udh = coded ? digits + 2 : udh + 1;
        len++;
    }
    return len;
}

/* Of its information elements 00 and 08 say that it is a part. */
static void parts_read (struct sms *sms, const char *udh)
{
    uint8_t bytes[140];
    size_t len = header_read (udh, bytes, sizeof bytes);

    for (size_t at = 1; at + 1 < len && at + 2 + bytes[at + 1] <= len; at += 2u + bytes[at + 1]) {
        const uint8_t *said = &bytes[at + 2];
        if (bytes[at] == 0 && bytes[at + 1] == 3)
            sms->reference = said[0], sms->total = said[1], sms->part = said[2];
        else if (bytes[at] == 8 && bytes[at + 1] == 4)
            sms->reference = (unsigned) (said[0] << 8 | said[1]), sms->total = said[2],
            sms->part = said[3];
    }
    if (sms->total < 2 || !sms->part || sms->part > sms->total)
        sms->total = 0;
}

static bool same_whole (const struct sms *a, const struct sms *b)
{
    return a->reference == b->reference && a->total == b->total &&
           memcmp (a->hash, b->hash, sizeof a->hash) == 0;
}

/* Takes the parts that are there behind each other; the answer goes to `first`, the others get nothing, with its status.  The
 * earliest time counts, so that a repeat is the same message, and what is missing is shown. */
static void parts_join (struct gateways *gateways, struct sms *first)
{
    struct buffer whole = {0};
    struct sms *one, *next;
    uint64_t created = first->created;

    for (unsigned part = 1; part <= first->total; part++) {
        bool found = false;
        DL_FOREACH (gateways->parts, one)
            if (!found && one->part == part && same_whole (one, first)) {
                buffer_add (&whole, one->text.at ? one->text.at : "", one->text.len);
                created = one->created && one->created < created ? one->created : created;
                found = true;
            }
        if (!found)
            buffer_format (&whole, " [...] ");
    }
    DL_FOREACH_SAFE (gateways->parts, one, next)
        if (same_whole (one, first)) {
            DL_DELETE (gateways->parts, one);
            gateways->part_count--;
            if (one != first)
                DL_APPEND (first->others, one);
        }
    buffer_free (&first->text);
    first->text = whole;
    first->created = created;
    sms_take (first);
}

static bool parts_whole (const struct gateways *gateways, const struct sms *sms)
{
    const struct sms *one;
    unsigned there = 0;

    for (unsigned part = 1; part <= sms->total; part++)
        DL_FOREACH (gateways->parts, one)
            if (one->part == part && same_whole (one, sms)) {
                there++;
                break;
            }
    return there == sms->total;
}

/* A part whose others do not come is taken with what there is. */
static void at_parts (void *owner)
{
    struct gateways *gateways = owner;
    int64_t now = reactor_now (gateways->web->reactor);

    while (gateways->parts && gateways->parts->until <= now)
        parts_join (gateways, gateways->parts);
    reactor_timer_at (gateways->part_timer, gateways->parts ? gateways->parts->until : 0);
}

static void part_wait (struct sms *sms)
{
    struct gateways *gateways = sms->visit->web->gateways;

    if (gateways->part_count == JOIN_MOST) {
        visit_refuse (sms->visit, 503, "away");
        return;
    }
    sms->until = mono_ms () + JOIN_MS;
    DL_APPEND (gateways->parts, sms);
    gateways->part_count++;
    if (!gateways->part_timer)
        gateways->part_timer = reactor_timer (gateways->web->reactor, 0, at_parts, gateways);
    if (parts_whole (gateways, sms))
        parts_join (gateways, sms);
    reactor_timer_at (gateways->part_timer, gateways->parts ? gateways->parts->until : 0);
}

void sms_parts_drop (struct gateways *gateways)
{
    struct sms *one, *next, *list = gateways->parts;

    gateways->parts = NULL;
    gateways->part_count = 0;
    DL_FOREACH_SAFE (list, one, next)
        visit_refuse (one->visit, 503, "stopping");
}

/* ---- as Kannel says it --------------------------------------------------------------------------- */

/* The body in UTF-8, by the charset that its header names; false: it is no text. */
static bool text_read (struct sms *sms)
{
    struct view body = http_body (sms->visit->request);
    const char *type = http_header (sms->visit->request, "Content-Type");

    if (type && strcasestr (type, "octet-stream") && !utf8_is_clean (body.at, body.len))
        return false; /* a ring tone; parts of a text come so from some operators */
    if (!type || !strcasestr (type, "utf-16")) {
        buffer_add (&sms->text, body.at, body.len);
        return true;
    }
    iconv_t state = iconv_open ("UTF-8", "UTF-16BE");
    check (state != (iconv_t) -1);
    /* each of its units becomes at most three bytes; a half pair at the end of a part is let go */
    char *in = (char *) body.at, *room = buffer_room (&sms->text, body.len * 2 + 4), *out = room;
    size_t left = body.len, free_bytes = body.len * 2 + 4;
    while (left > 1 && iconv (state, &in, &left, &out, &free_bytes) == (size_t) -1 && left > 1 &&
           free_bytes > 2) {
        memcpy (out, "\xef\xbf\xbd", 3);
        out += 3;
        free_bytes -= 3;
        in += 2;
        left -= 2;
    }
    sms->text.len = (size_t) (out - room);
    iconv_close (state);
    return true;
}

/* Digits, so that a number is the same however it is written; a word stays one, and is not answered. */
static void sender_read (struct sms *sms, const char *from, const char *to)
{
    size_t len = 0;
    bool number = phone_valid (view_of (from));

    if (number && from[0] == '0')
        len = (size_t) snprintf (sms->sender, sizeof sms->sender, "62");
    for (const char *at = from + (number && from[0] == '0'); *at && len + 1 < sizeof sms->sender;
         at++)
        if (!number || (*at >= '0' && *at <= '9'))
            sms->sender[len++] = *at;
    sms->sender[len] = '\0';
    sms->silent = !number || len < 8 || (to && strcmp (to, from) == 0);
    sender_hash (sms->visit->web, ACCOUNT, sms->sender, sms->hash);
}

static void sms_post (struct visit *visit)
{
    const char *from, *time = http_query (visit->request, "time"),
                      *udh = http_header (visit->request, "X-Kannel-UDH");
    struct sms *sms;

    if (!gateway_guard (visit, false))
        return;
    from = http_header (visit->request, "X-Kannel-From");
    if (!from || !*from) {
        visit_refuse (visit, 400, "form");
        return;
    }
    sms = xcalloc (1, sizeof *sms);
    sms->visit = visit;
    visit->work = sms;
    visit->work_free = sms_free;
    sender_read (sms, from, http_header (visit->request, "X-Kannel-To"));
    if (!time || !time_parse (view_of (time), 0, &sms->created))
        sms->created = 0;
    if (!text_read (sms)) {
        say (visit, 200, "");
        return;
    }
    if (udh)
        parts_read (sms, udh);
    if (sms->total)
        part_wait (sms);
    else
        sms_take (sms);
}

static const struct route routes[] = {
    {HTTP_POST, "/gateway/sms", sms_post, BODY_MOST, true},
    {HTTP_GET, "/gateway/sms/report", report_get, 0, true},
};

const struct inlet inlet_sms = {"sms", routes, array_len (routes), sms_refuse, COUNTED_BY_PROOF};
