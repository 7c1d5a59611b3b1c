/* message.c - what somebody wrote by a gateway, on its way to intake. */
#include "message.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "domain/number.h"
#include "limit.h"

#define DAY_MS     UINT64_C (86400000)
#define AHEAD_MS   540000 /* intake takes ten minutes */
#define SAID_SIGNS 9800   /* of a longer text: room for the line that says where the rest is */

void web_hash (const struct web *web, const char *use, struct view bytes, uint8_t *ret, size_t len)
{
    crypto_generichash_state state;
    uint8_t hash[crypto_generichash_BYTES];
    char name[16] = "";

    check (strlen (use) <= sizeof name && len <= sizeof hash);
    memcpy (name, use, strlen (use));
    crypto_generichash_init (&state, web->secret, sizeof web->secret, sizeof hash);
    crypto_generichash_update (&state, (const uint8_t *) name, sizeof name);
    crypto_generichash_update (&state, (const uint8_t *) bytes.at, bytes.len);
    crypto_generichash_final (&state, hash, sizeof hash);
    memcpy (ret, hash, len);
    sodium_memzero (hash, sizeof hash);
}

struct message *message_new (struct web *web, const char *account, uint32_t channel)
{
    struct message *message = xcalloc (1, sizeof *message);

    message->web = web;
    message->account = account;
    message->channel = channel;
    return message;
}

void text_wipe (char *text)
{
    if (text)
        sodium_memzero (text, strlen (text));
    free (text);
}

void message_free (struct message *message)
{
    text_wipe (message->address);
    text_wipe (message->name);
    text_wipe (message->phone);
    text_wipe (message->email);
    free (message->message_id);
    free (message->references);
    free (message->title);
    if (message->envelope.len)
        sodium_memzero (message->envelope.at, message->envelope.len);
    buffer_free (&message->envelope);
    buffer_free (&message->text);
    for (unsigned i = 0; i < FILES_MOST; i++)
        buffer_free (&message->files[i]);
    sodium_memzero (&message->token, sizeof message->token);
    free (message);
}

void message_named (struct message *message, struct view name, uint64_t sent)
{
    struct buffer whole = {0};
    uint64_t now = (uint64_t) wall_ms ();
    uint64_t created = sent && sent <= now + AHEAD_MS ? sent : now / DAY_MS * DAY_MS;

    buffer_format (&whole, "%s %llu ", message->account, (unsigned long long) created);
    buffer_add (&whole, name.at, name.len);
    web_hash (message->web, "message", (struct view){whole.at, whole.len}, message->token.token,
              sizeof message->token.token);
    aduan_token_derive (&message->token);
    message->created = created;
    sodium_memzero (whole.at, whole.len);
    buffer_free (&whole);
}

void sender_hash (const struct web *web, const char *account, const char *sender,
                  uint8_t ret[ADUAN_SENDER_SIZE])
{
    char *whole = xformat ("%s %s", account, sender);

    web_hash (web, "sender", view_of (whole), ret, ADUAN_SENDER_SIZE);
    text_wipe (whole);
}

void message_from (struct message *message, const char *sender)
{
    sender_hash (message->web, message->account, sender, message->sender);
    message->has_sender = true;
}

/* ---- the access code --------------------------------------------------------------------------- */

/* Whoever sent two at the same moment has one code for both: they are his. */
static void code_derive (const struct message *message, uint64_t created, char ret[ADUAN_CODE_SIZE])
{
    char *whole = xformat ("%s %llu %s", message->account, (unsigned long long) created,
                           hex_text (message->sender, sizeof message->sender));
    struct aduan_token token;

    web_hash (message->web, "code", view_of (whole), token.token, sizeof token.token);
    aduan_token_derive (&token);
    memcpy (ret, token.code, sizeof token.code);
    sodium_memzero (&token, sizeof token);
    text_wipe (whole);
}

/* When a case was sent: its id begins with it. */
static bool row_created (const json_t *row, uint64_t *ret)
{
    const char *text = json_string_value (json_object_get (row, "id"));
    struct id id;

    if (!text || id_parse (text, &id) != 0)
        return false;
    *ret = 0;
    for (unsigned i = 0; i < 6; i++)
        *ret = *ret << 8 | id.at[i];
    return true;
}

bool message_code (const struct message *message, const json_t *rows, const json_t *row,
                   char ret[ADUAN_CODE_SIZE])
{
    const char *said = json_string_value (json_object_get (row, "code"));
    uint8_t wanted[CODE_HASH_LEN], hash[CODE_HASH_LEN];

    if (!said || strlen (said) != 2 * sizeof wanted || hex_parse (said, wanted, sizeof wanted) != 0)
        return false;
    for (size_t i = 0; i < json_array_size (rows); i++) {
        uint64_t created;
        if (!row_created (json_array_get (rows, i), &created))
            continue;
        code_derive (message, created, ret);
        check (number_code_hash (view_of (ret), hash) == 0);
        if (sodium_memcmp (hash, wanted, sizeof hash) == 0)
            return true;
    }
    sodium_memzero (ret, ADUAN_CODE_SIZE);
    return false;
}

void message_file (struct message *message, struct view bytes)
{
    if (message->file_count == FILES_MOST || bytes.len > content_most (message->web->content) ||
        bytes.len == 0)
        message->lost++;
    else
        buffer_add (&message->files[message->file_count++], bytes.at, bytes.len);
}

/* ---- whose case is it? ------------------------------------------------------------------------- */

static void on_rows (void *with, const struct aduan_answer *answer)
{
    struct message *message = with;
    json_t *rows = NULL;

    if (answer->result == ADUAN_DONE)
        rows = json_loadb (answer->text, answer->text_len, 0, NULL);
    if (!json_is_array (rows)) {
        json_decref (rows);
        rows = NULL;
    }
    message->asked (message, rows);
    json_decref (rows);
}

void message_ask (struct message *message, const char *query, json_t *arguments,
                  void (*then) (struct message *message, json_t *rows))
{
    char *text = json_dumps (arguments, JSON_COMPACT);

    json_decref (arguments);
    message->asked = then;
    aduan_ask_start (message->web->query, query, text, ASK_MS, on_rows, message);
    free (text);
}

void message_ask_sender (struct message *message,
                         void (*then) (struct message *message, json_t *rows))
{
    message_ask (
        message, "web_sender",
        json_pack ("[s, s]", message->account, hex_text (message->sender, sizeof message->sender)),
        then);
}

bool row_may (const json_t *row, const char *word)
{
    const json_t *may = json_object_get (row, "may");
    for (size_t i = 0; i < json_array_size (may); i++)
        if (strcmp (json_string_value (json_array_get (may, i)), word) == 0)
            return true;
    return false;
}

struct open_rows rows_open (const json_t *rows)
{
    struct open_rows open = {0};
    unsigned asks = 0;

    for (size_t i = 0; i < json_array_size (rows); i++) {
        const json_t *row = json_array_get (rows, i);
        if (!row_may (row, "reply"))
            continue;
        open.only = open.count++ ? NULL : row;
        if (row_may (row, "complete"))
            open.asking = asks++ ? NULL : row;
    }
    return open;
}

const json_t *row_numbered (const json_t *rows, const char *number)
{
    for (size_t i = 0; i < json_array_size (rows); i++) {
        const json_t *row = json_array_get (rows, i);
        if (strcmp (json_string_value (json_object_get (row, "number")), number) == 0)
            return row_may (row, "reply") ? row : NULL;
    }
    return NULL;
}

void message_join (struct message *message, const json_t *row)
{
    const char *number = json_string_value (json_object_get (row, "number"));
    const char *code = json_string_value (json_object_get (row, "code"));

    if (number && code && strlen (code) == 2 * sizeof message->code_hash &&
        hex_parse (code, message->code_hash, sizeof message->code_hash) == 0)
        snprintf (message->number, sizeof message->number, "%s", number);
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void message_end (struct message *message, const struct aduan_submitted *result)
{
    if (result->result == ADUAN_ACCEPTED && !result->repeated)
        tally_stands (&message->tally);
    tally_back (message->web->limits, &message->tally);
    message->done (message->with, message, result);
    message_free (message);
}

static void on_sent (void *with, const struct aduan_submitted *result)
{
    struct message *message = with;

    message->web->sending--;
    metric_add (web_accepted_total, result->result == ADUAN_ACCEPTED);
    if (result->result == ADUAN_ACCEPTED && message->digest_count)
        content_look (message->web->content);
    message_end (message, result);
}

/* Words of ours come as often as somebody sends a picture alone: there it is the picture that may come too often. */
static bool is_flood (struct message *message)
{
    struct view said = {message->text.at, message->text.len};
    if (message->wordless)
        said = message->digest_count ? view_of (hex_text (message->digests, DIGEST_BYTES))
                                     : (struct view){0};
    return limit_flood (message->web->limits, said, &message->tally);
}

static void message_submit (struct message *message)
{
    struct web *web = message->web;
    bool reply = *message->number;
    struct aduan_identity who = {.name = message->name,
                                 .phone = message->phone,
                                 .email = message->email,
                                 .envelope = message->envelope.at,
                                 .envelope_len = message->envelope.len};
    struct aduan_contact news = {.kind = message->kind,
                                 .address = message->address,
                                 .language = ADUAN_LANGUAGE_ID,
                                 .message_id = message->message_id,
                                 .references = message->references,
                                 .answered = message->answered,
                                 .code = message->token.code,
                                 .lost = message->lost,
                                 .cut = message->cut};
    bool flood = !reply && is_flood (message);
    struct aduan_submission submission = {
        .account = message->account,
        .kind = reply ? ADUAN_KIND_REPLY : ADUAN_KIND_COMPLAINT,
        .key = message->token.key,
        .created = message->created,
        .channel = message->channel,
        .code = reply ? NULL : message->token.code,
        .code_hash = reply ? message->code_hash : NULL,
        .sender = message->has_sender && !reply ? message->sender : NULL,
        .parent = message->number,
        .latitude = message->latitude,
        .longitude = message->longitude,
        .title = reply ? NULL : message->title,
        .text = message->text.at,
        .text_len = message->text.len,
        .attachments = message->digests,
        .attachments_len = message->digest_count * DIGEST_BYTES,
        .identity = reply ? NULL : &who,
        .contact = message->address && !reply ? &news : NULL,
        .doubt = flood ? ADUAN_DOUBT_FLOOD : 0,
    };

    if (web->sending >= web->sending_most) {
        metric_add (web_shed_total, 1);
        message_end (message, &(struct aduan_submitted){.result = ADUAN_UNSENT});
        return;
    }
    web->sending++;
    metric_add_by (web_doubted_total, ADUAN_DOUBT_FLOOD - 1, flood);
    aduan_submit_start (web->intake, &submission, SEND_MS, on_sent, message);
}

/* Says what is not there, in the text that an agency reads; so it stands with a later word on its sender's page, too, who gets no
 * receipt of that. */
static void lost_say (struct message *message)
{
    if (message->lost)
        buffer_format (&message->text, "\n\n[%u lampiran tidak dapat diterima.]", message->lost);
    if (message->cut)
        buffer_format (&message->text, "\n\n[Dari video hanya %u detik pertama yang disimpan.]",
                       message->cut);
    if (message->unsaid)
        buffer_format (&message->text,
                       "\n\n[Panjang video tidak terbaca: yang lewat dari %u detik pertama tidak "
                       "disimpan.]",
                       message->unsaid);
}

/* Of a film more than its copy will have? */
static void film_note (struct message *message, struct view bytes)
{
    unsigned most = content_video_seconds (message->web->content);
    uint64_t seconds = content_film_seconds (bytes);

    if (seconds == CONTENT_FILM_UNSAID)
        message->unsaid = most;
    else if (seconds > most)
        message->cut = most;
}

static void files_store (struct message *message);

/* A disk that refuses is no reason to lose a photo of a message that its gateway repeats. */
static void on_stored (void *owner, enum content_result result, const uint8_t *digest)
{
    struct message *message = owner;
    struct buffer *file = &message->files[message->file_next - 1];

    if (result == CONTENT_DONE)
        film_note (message, (struct view){file->at, file->len});
    buffer_free (file);
    if (result == CONTENT_ROOM || result == CONTENT_STOPPED) {
        message_end (message, &(struct aduan_submitted){.result = ADUAN_UNSENT});
        return;
    }
    if (result == CONTENT_DONE)
        memcpy (message->digests + DIGEST_BYTES * message->digest_count++, digest, DIGEST_BYTES);
    else
        message->lost++;
    files_store (message);
}

static void files_store (struct message *message)
{
    if (message->file_next < message->file_count) {
        const struct buffer *file = &message->files[message->file_next++];
        content_put (message->web->content, (struct view){file->at, file->len}, on_stored, message);
        return;
    }
    lost_say (message);
    message_submit (message);
}

/* The bytes of the first `signs` code points. */
static size_t bytes_of (const struct buffer *text, size_t signs)
{
    size_t at = 0;

    for (size_t seen = 0; at < text->len; at++)
        if ((text->at[at] & 0xc0) != 0x80 && seen++ == signs)
            break;
    return at;
}

/* What is longer than the wire takes goes whole as a text file, in place of the last file where all places are taken. */
static void text_bound (struct message *message)
{
    struct buffer clean = {0}, *text = &message->text;

    utf8_clean (text->at ? text->at : "", text->len, &clean);
    if (utf8_count (clean.at ? clean.at : "", clean.len) > SAID_SIGNS) {
        if (message->file_count == FILES_MOST) {
            message->lost++;
            buffer_free (&message->files[--message->file_count]);
        }
        message_file (message,
                      (struct view){clean.at, clean.len < CONTENT_BYTES_MOST ? clean.len
                                                                             : CONTENT_BYTES_MOST});
        clean.len = bytes_of (&clean, SAID_SIGNS);
        buffer_format (&clean, "\n\n[Teks selengkapnya ada di lampiran.]");
        buffer_free (text);
        *text = clean;
        return;
    }
    buffer_free (&clean); /* the bytes as they came are kept where cleaning changes them */
}

void message_send (struct message *message,
                   void (*done) (void *with, struct message *message,
                                 const struct aduan_submitted *result),
                   void *with)
{
    message->done = done;
    message->with = with;
    if (message->has_sender)
        code_derive (message, message->created, message->token.code);
    text_bound (message);
    files_store (message);
}
