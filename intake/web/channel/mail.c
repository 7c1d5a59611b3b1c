/* mail.c - mail, as any MTA hands it over by RT's rt-mailgate (PEERS 5.2), or a Maildir by maildir.c.
 *
 *   READING (a thread takes it apart) -> one of
 *     our own mail, an automatic answer     let go, and counted
 *     a bounce that names a notice          its delivery report
 *     BERHENTI, MULAI alone                 no more news to its sender, and none of the case that its address names; news again
 *     an answer that names a case           ASKING -> a reply; of a case that takes none any more: a complaint
 *     anything else                         a complaint
 *
 * "ok" only after ACCEPTED, or where nothing is to be kept; "not ok" makes the MTA forget it as well, and is for what will never be
 * taken; everything else is 503, and rt-mailgate ends with 75: the MTA keeps the mail.
 */
#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "../command.h"
#include "../mime.h"

#define ACCOUNT     "mail"
#define TITLE_SIGNS 200
#define ROOM_MOST                                                                                  \
    62914560 /* twice a mail: whoever brings more than that is cut off, and is not told why */

/* A mail on its way. */
struct post {
    struct gateways *gateways;
    struct view raw;
    bool held; /* as many bytes: by what it holds it is no larger */
    struct mail mail;
    struct message *message;
    struct tally tally; /* of its answer, counted for `sender` and `name` */
    uint8_t sender[ADUAN_SENDER_SIZE], name[16];
    void (*then) (void *with, enum mail_end end, const char *number);
    void *with;
};

static void post_end (struct post *post, enum mail_end end, const char *number)
{
    if (post->held)
        gateway_give (post->gateways, post->raw.len);
    if (end == MAIL_LATER)
        gateway_unanswered (post->gateways, post->sender, post->name, &post->tally);
    post->then (post->with, end, number);
    mail_done (&post->mail);
    free (post);
}

/* ---- a message of it ----------------------------------------------------------------------------- */

static void on_sent (void *with, struct message *message, const struct aduan_submitted *result)
{
    struct post *post = with;

    (void) message;
    if (result->result == ADUAN_ACCEPTED)
        post_end (post, MAIL_TAKEN, result->number);
    else if (result->result == ADUAN_REJECTED) {
        log_limited (LOG_WARNING, "a mail was rejected: %s, field %s",
                     aduan_reject_word (result->reject),
                     log_text (result->field, strlen (result->field)));
        post_end (post, MAIL_REFUSED, "");
    } else
        post_end (post, MAIL_LATER, "");
}

static char *title_of (const char *subject)
{
    size_t signs = 0, at = 0;

    for (; subject[at]; at++)
        if ((subject[at] & 0xc0) != 0x80 && signs++ == TITLE_SIGNS)
            break;
    return xstrndup (subject, at);
}

/* What it is called, so that the same mail through another mailbox is the same complaint, and another mail under a Message-ID
 * that its sender chose is not. */
static void name_make (struct post *post)
{
    const struct mail *mail = &post->mail;
    crypto_generichash_state state;
    uint8_t name[32];
    const char *texts[] = {mail->message_id ? mail->message_id : mail->from, mail->subject};

    crypto_generichash_init (&state, NULL, 0, sizeof name);
    for (size_t i = 0; i < array_len (texts); i++)
        crypto_generichash_update (&state, (const uint8_t *) (texts[i] ? texts[i] : ""),
                                   texts[i] ? strlen (texts[i]) + 1 : 1);
    crypto_generichash_update (&state, (const uint8_t *) mail->text.at, mail->text.len);
    for (unsigned i = 0; i < mail->file_count; i++)
        crypto_generichash_update (&state, (const uint8_t *) mail->files[i].at, mail->files[i].len);
    crypto_generichash_final (&state, name, sizeof name);
    message_named (post->message, (struct view){(const char *) name, sizeof name},
                   mail->date_ms > 0 ? (uint64_t) mail->date_ms : 0);
}

/* Text, files and who it is; the mail's own are moved. */
static struct message *message_make (struct post *post)
{
    struct message *message = post->message =
        message_new (post->gateways->web, ACCOUNT, ADUAN_CHANNEL_EMAIL);
    struct mail *mail = &post->mail;

    name_make (post);
    message->title = mail->subject ? title_of (mail->subject) : NULL;
    message->text = mail->text;
    message->envelope = mail->headers;
    message->lost = mail->lost;
    mail->text = mail->headers = (struct buffer){0};
    for (unsigned i = 0; i < mail->file_count; i++) {
        message_file (message, (struct view){mail->files[i].at, mail->files[i].len});
        buffer_free (&mail->files[i]);
    }
    if (mail->name)
        message->name = xstrdup (mail->name);
    if (mail->from) {
        message->email = xstrdup (mail->from);
        message_from (message, mail->from);
    }
    if (!mail->machine && mail->from && address_valid (view_of (mail->from)) &&
        gateway_answers (post->gateways, message->sender, message->token.token, &post->tally)) {
        memcpy (post->sender, message->sender, sizeof post->sender);
        memcpy (post->name, message->token.token, sizeof post->name);
        message->kind = "email";
        message->address = xstrdup (mail->from);
        message->message_id = mail->message_id;
        message->references = mail->references;
        mail->message_id = mail->references = NULL;
    }
    return message;
}

static void post_send (struct post *post)
{
    struct message *message = post->message;

    if (*message->number)
        mail_trim (&message->text);
    if (utf8_blank (message->text.at ? message->text.at : "", message->text.len)) {
        buffer_clear (&message->text); /* what is only a photo, or says all in its subject */
        bool titled = message->title && !utf8_blank (message->title, strlen (message->title));
        message->wordless = !titled;
        buffer_format (&message->text, "%s",
                       titled                ? message->title
                       : message->file_count ? "(tanpa teks)"
                                             : "");
    }
    message_send (message, on_sent, post);
}

/* ---- whose case? --------------------------------------------------------------------------------- */

static void post_later (struct post *post)
{
    message_free (post->message);
    post_end (post, MAIL_LATER, "");
}

/* The case that the address names.  One that takes no words any more: a new complaint, which says where it belongs. */
static void on_named (struct message *message, json_t *rows)
{
    struct post *post = message->with;
    json_t *row = json_array_get (rows, 0);

    if (!rows) {
        post_later (post);
        return;
    }
    if (row && row_may (row, "reply"))
        message_join (message, row);
    else if (row)
        buffer_format (&message->text, "\n\n[Balasan atas laporan %s.]",
                       json_string_value (json_object_get (row, "number")));
    post_send (post);
}

/* A number in the subject counts only where the sender is the case's own. */
static void on_sender (struct message *message, json_t *rows)
{
    struct post *post = message->with;

    if (!rows) {
        post_later (post);
        return;
    }
    for (size_t i = 0; i < json_array_size (rows); i++) {
        const json_t *row = json_array_get (rows, i);
        if (row_may (row, "reply") &&
            strcasestr (message->title, json_string_value (json_object_get (row, "number")))) {
            message_join (message, row);
            break;
        }
    }
    post_send (post);
}

/* Is there anything that looks like a tracking number? */
static bool names_number (const char *subject)
{
    for (; subject && *subject; subject++)
        if ((*subject == 'A' || *subject == 'a') && strlen (subject) >= ADUAN_NUMBER_SIZE - 1) {
            size_t len = 0;
            while (len < ADUAN_NUMBER_SIZE - 1 && isalnum ((unsigned char) subject[len]))
                len++;
            if (len == ADUAN_NUMBER_SIZE - 1)
                return true;
        }
    return false;
}

static void post_place (struct post *post, const struct id *named)
{
    struct message *message = message_make (post);

    message->with = post;
    if (named)
        message_ask (message, "web_named", json_pack ("[s]", id_text (named)), on_named);
    else if (message->has_sender && names_number (message->title))
        message_ask_sender (message, on_sender);
    else
        post_send (post);
}

/* ---- BERHENTI, MULAI ----------------------------------------------------------------------------- */

/* The word that is all that it says: its only line beside what it quotes, or where it has none, its subject.  A button of a mail
 * program sends the second. */
static enum command_word wish_read (const struct mail *mail)
{
    struct buffer text = {0};
    enum command_word word;

    buffer_add (&text, mail->text.at, mail->text.len);
    mail_trim (&text);
    bool blank = utf8_blank (text.at ? text.at : "", text.len);
    buffer_add (&text, "", 1);
    word = command_read (blank && mail->subject ? mail->subject : text.at, NULL).word;
    buffer_free (&text);
    return word == COMMAND_STOP || word == COMMAND_START ? word : COMMAND_NONE;
}

static void on_wished (void *with, const char *key, const char *number, const char *code)
{
    struct post *post = with;

    (void) number, (void) code;
    post->message = NULL;
    post_end (post, key ? MAIL_TAKEN : MAIL_LATER, "");
}

/* ---- what is it? --------------------------------------------------------------------------------- */

static void on_heard (void *with, bool heard)
{
    post_end (with, heard ? MAIL_TAKEN : MAIL_LATER, "");
}

static void bounce_tell (struct post *post, const struct notice_name *notice)
{
    static const uint32_t outcomes[] = {[BOUNCE_DELIVERED] = TOLD_DELIVERED,
                                        [BOUNCE_FAILED] = TOLD_FAILED,
                                        [BOUNCE_REFUSED] = TOLD_REFUSED};

    metric_add (web_bounces_total, 1);
    if (post->mail.bounce == BOUNCE_DELAYED)
        post_end (post, MAIL_TAKEN, "");
    else
        report_send (post->gateways, notice, ADUAN_CHANNEL_EMAIL, outcomes[post->mail.bounce],
                     post->mail.bounce_code, on_heard, post);
}

static void on_read (void *job, bool worked)
{
    struct post *post = job;
    struct gateways *gateways = post->gateways;
    const struct mail *mail = &post->mail;
    enum command_word wish = COMMAND_NONE;
    struct notice_name notice;
    struct id named;
    bool of_notice = false, of_case = false;

    for (unsigned i = 0; gateways->has_reply_key && i < mail->token_count; i++) {
        struct view token = view_of (mail->tokens[i]);
        of_notice = of_notice || token_notice (gateways->reply_key, token, &notice) == 0;
        of_case = of_case || token_case (gateways->reply_key, token, &named) == 0;
    }
    if (!worked) {
        post_end (post, MAIL_LATER, "");
    } else if (mail->looped || mail->replied) {
        metric_add (web_machines_total, 1);
        post_end (post, MAIL_TAKEN, "");
    } else if (mail->bounce && of_notice) {
        bounce_tell (post, &notice);
    } else if (mail->bounce) {
        metric_add (web_machines_total, 1);
        post_end (post, MAIL_TAKEN, "");
    } else if ((wish = wish_read (mail)) != COMMAND_NONE) {
        bool stops = wish == COMMAND_STOP && (of_case || of_notice);
        if (of_case && !of_notice)
            notice = (struct notice_name){.id = named, .event = 1};
        command_wish (message_make (post), wish, stops ? &notice : NULL, on_wished, post);
    } else {
        post_place (post, of_case ? &named : of_notice ? &notice.id : NULL);
    }
}

static void read_aside (void *job)
{
    struct post *post = job;
    mail_read (post->raw, post->gateways->mail_address, &post->mail);
}

void mail_take (struct gateways *gateways, struct view raw,
                void (*then) (void *with, enum mail_end end, const char *number), void *with)
{
    struct post *post = xcalloc (1, sizeof *post);

    *post = (struct post){.gateways = gateways, .raw = raw, .then = then, .with = with};
    post->held = gateway_hold (gateways, raw.len);
    if (!post->held || !aside_do (gateways->reading, read_aside, on_read, post))
        post_end (post, MAIL_LATER, "");
}

/* ---- rt-mailgate --------------------------------------------------------------------------------- */

static void say (struct visit *visit, unsigned status, const char *text)
{
    http_say (visit->request, "Cache-Control", "no-store");
    http_answer (visit->request, status, "text/plain; charset=utf-8", text, strlen (text));
}

static void mail_refuse (struct visit *visit, unsigned status, const char *why)
{
    if (status == 413) { /* it will not become smaller: the MTA is to tell its sender */
        say (visit, 200, "not ok - the mail is larger than 30 MB\n");
        return;
    }
    if (status == 503)
        http_later (visit->request, LATER_MS);
    char *text = xformat ("refused: %s\n", why);
    say (visit, status, text);
    free (text);
}

static void on_taken (void *with, enum mail_end end, const char *number)
{
    struct visit *visit = with;
    char text[64] = "ok\n";

    if (end == MAIL_LATER) {
        visit_refuse (visit, 503, "away");
        return;
    }
    if (*number)
        snprintf (text, sizeof text, "ok\nTicket: %s\n", number);
    say (visit, 200, end == MAIL_REFUSED ? "not ok - nothing in it can be taken\n" : text);
}

static void mail_post (struct visit *visit)
{
    const char *action = http_form (visit->request, "action");

    if (!gateway_guard (visit, true))
        return;
    if (action && strcmp (action, "correspond") != 0 && strcmp (action, "comment") != 0) {
        say (visit, 200, "not ok - action is correspond or comment\n");
        return;
    }
    for (size_t i = 0; i < http_field_count (visit->request); i++) {
        const struct http_field *field = http_field (visit->request, i);
        if (strcmp (field->name, "message") == 0 && field->value.len > MAIL_MOST) {
            visit_refuse (visit, 413, "body_large");
            return;
        }
        if (strcmp (field->name, "message") == 0 && field->value.len) {
            mail_take (visit->web->gateways, field->value, on_taken, visit);
            return;
        }
    }
    say (visit, 200, "not ok - no field `message` with a mail in it\n");
}

static const struct route routes[] = {
    {HTTP_POST, "/REST/1.0/NoAuth/mail-gateway", mail_post, ROOM_MOST, true},
};

const struct inlet inlet_mail = {"mail", routes, array_len (routes), mail_refuse, COUNTED_BY_PROOF};
