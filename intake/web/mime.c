/* mime.c - a mail as it came over the wire, read with gmime. */
#include "mime.h"

#include <gmime/gmime.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MOST  10
#define PARTS_MOST  100
#define MARKS_MOST  20000 /* lines that may begin a part or be a header: each costs gmime memory */
#define FLAT_MOST   10485760 /* of a mail that is not taken apart: what the content store takes */
#define THREAD_MOST 1500     /* bytes of References that are kept */
#define NAME_MOST   250

/* What is gathered while a mail's parts are walked. */
struct reading {
    struct mail *mail;
    struct buffer *text; /* of the mail, or of one that lies in it */
    unsigned parts, depth;
};

void mail_begin (void)
{
    xmlInitParser ();
    g_mime_init ();
}

void mail_done (struct mail *mail)
{
    free (mail->from);
    free (mail->name);
    free (mail->subject);
    free (mail->message_id);
    free (mail->references);
    buffer_free (&mail->headers);
    buffer_free (&mail->text);
    for (unsigned i = 0; i < MAIL_FILES; i++)
        buffer_free (&mail->files[i]);
    for (unsigned i = 0; i < mail->token_count; i++)
        free (mail->tokens[i]);
    *mail = (struct mail){0};
}

static void file_add (struct mail *mail, const char *at, size_t len)
{
    if (len == 0)
        return;
    if (mail->file_count == MAIL_FILES)
        mail->lost++;
    else
        buffer_add (&mail->files[mail->file_count++], at, len);
}

/* ---- parts --------------------------------------------------------------------------------------- */

/* The content of a part without its transfer encoding; of a text in UTF-8. */
static void content_take (GMimePart *part, const char *charset, struct buffer *out)
{
    GMimeDataWrapper *content = g_mime_part_get_content (part);
    GMimeStream *memory = g_mime_stream_mem_new (), *into = memory;
    GMimeFilter *filter = charset ? g_mime_filter_charset_new (charset, "utf-8") : NULL;

    if (filter) {
        into = g_mime_stream_filter_new (memory);
        g_mime_stream_filter_add (GMIME_STREAM_FILTER (into), filter);
        g_object_unref (filter);
    }
    if (content)
        g_mime_data_wrapper_write_to_stream (content, into);
    g_mime_stream_flush (into);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array (GMIME_STREAM_MEM (memory));
    if (bytes && bytes->len)
        buffer_add (out, bytes->data, bytes->len);
    if (into != memory)
        g_object_unref (into);
    g_object_unref (memory);
}

/* A text in UTF-8: by the charset that it names, else as it is where that is UTF-8, else as Western mail programs write. */
static void text_take (GMimePart *part, struct buffer *out)
{
    const char *charset = g_mime_object_get_content_type_parameter (GMIME_OBJECT (part), "charset");
    bool named =
        charset && strcasecmp (charset, "us-ascii") != 0 && strcasecmp (charset, "utf-8") != 0;

    content_take (part, named ? charset : NULL, out);
    if (named || !out->len || utf8_valid (out->at, out->len) || memchr (out->at, '\0', out->len))
        return;
    buffer_clear (out);
    content_take (part, "windows-1252", out);
}

/* "begin 644 name": its lines up to "end" become a file and leave the text. */
static void uuencoded_take (struct mail *mail, struct buffer *text)
{
    struct buffer kept = {0};
    const char *at = text->at, *end = text->at + text->len;

    while (at < end) {
        const char *stop = memchr (at, '\n', (size_t) (end - at)), *next = stop ? stop + 1 : end;
        size_t len = (size_t) (next - at);
        bool begins = len > 10 && strncmp (at, "begin ", 6) == 0 &&
                      strspn (at + 6, "01234567") >= 3 &&
                      at[6 + strspn (at + 6, "01234567")] == ' ';
        const char *ends = begins ? memmem (next, (size_t) (end - next), "\nend", 4) : NULL;
        if (!ends) {
            buffer_add (&kept, at, len);
            at = next;
            continue;
        }
        GMimeEncoding state;
        size_t coded = (size_t) (ends + 1 - next);
        g_mime_encoding_init_decode (&state, GMIME_CONTENT_ENCODING_UUENCODE);
        struct buffer file = {0};
        char *room = buffer_room (&file, g_mime_encoding_outlen (&state, coded) + 16);
        file.len = g_mime_encoding_step (&state, next, coded, room);
        file_add (mail, file.at, file.len);
        buffer_free (&file);
        at = ends + 4;
    }
    buffer_free (text);
    *text = kept;
}

static unsigned code_of (const char *status)
{
    unsigned class, subject, detail;

    if (sscanf (status, " %1u.%3u.%3u", &class, &subject, &detail) != 3)
        return 0;
    return class * 100 + (subject > 9 ? 9 : subject) * 10 + (detail > 9 ? 9 : detail);
}

/* The fields of a message/delivery-status (RFC 3464) that we ask for; of several recipients the last. */
static void status_read (struct mail *mail, struct buffer *text)
{
    char *rest, *line;

    buffer_add (text, "", 1);
    for (line = strtok_r (text->at, "\r\n", &rest); line; line = strtok_r (NULL, "\r\n", &rest)) {
        if (strncasecmp (line, "Status:", 7) == 0)
            mail->bounce_code = code_of (line + 7);
        if (strncasecmp (line, "Action:", 7) != 0)
            continue;
        const char *action = line + 7 + strspn (line + 7, " \t");
        mail->bounce = strncasecmp (action, "failed", 6) == 0      ? BOUNCE_REFUSED
                       : strncasecmp (action, "delivered", 9) == 0 ? BOUNCE_DELIVERED
                                                                   : BOUNCE_DELAYED;
    }
}

static void part_read (struct reading *reading, GMimeObject *object);

static bool type_is (GMimeObject *object, const char *type, const char *subtype)
{
    GMimeContentType *named = g_mime_object_get_content_type (object);
    return named && g_mime_content_type_is_type (named, type, subtype);
}

/* A mail in a mail: its subject and text are a file beside the text. */
static void inner_read (struct reading *reading, GMimeMessage *inner)
{
    struct buffer text = {0};
    const char *subject = inner ? g_mime_message_get_subject (inner) : NULL;
    struct reading within = {reading->mail, &text, reading->parts, reading->depth + 1};

    if (!inner)
        return;
    if (subject)
        buffer_format (&text, "%s\n\n", subject);
    part_read (&within, g_mime_message_get_mime_part (inner));
    reading->parts = within.parts;
    file_add (reading->mail, text.at, text.len);
    buffer_free (&text);
}

static void leaf_read (struct reading *reading, GMimePart *part)
{
    GMimeObject *object = GMIME_OBJECT (part);
    struct buffer bytes = {0};
    bool aside = g_mime_part_is_attachment (part), html = type_is (object, "text", "html");

    if (type_is (object, "application", "pgp-signature") ||
        type_is (object, "application", "pkcs7-signature"))
        return;
    if (type_is (object, "message", "delivery-status")) {
        content_take (part, NULL, &bytes);
        status_read (reading->mail, &bytes);
    } else if (!aside && (html || type_is (object, "text", "plain"))) {
        text_take (part, &bytes);
        if (reading->text->len && bytes.len)
            buffer_add (reading->text, "\n\n", 2);
        if (html)
            html_text ((struct view){bytes.at ? bytes.at : "", bytes.len}, reading->text);
        else if (bytes.len) {
            uuencoded_take (reading->mail, &bytes);
            buffer_add (reading->text, bytes.at ? bytes.at : "", bytes.len);
        }
    } else {
        content_take (part, NULL, &bytes);
        file_add (reading->mail, bytes.at, bytes.len);
    }
    buffer_free (&bytes);
}

/* Of the same thing in several forms: the plain text, else the last one, which is the richest. */
static GMimeObject *best_of (GMimeMultipart *multipart, int count)
{
    GMimeObject *best = NULL;

    for (int i = 0; i < count; i++) {
        GMimeObject *child = g_mime_multipart_get_part (multipart, i);
        if (type_is (child, "text", "plain"))
            return child;
        best = child;
    }
    return best;
}

static void part_read (struct reading *reading, GMimeObject *object)
{
    if (!object)
        return;
    if (reading->depth > DEPTH_MOST || reading->parts > PARTS_MOST) {
        reading->mail->lost++;
        return;
    }
    reading->parts++;
    if (GMIME_IS_MESSAGE_PART (object)) {
        inner_read (reading, g_mime_message_part_get_message (GMIME_MESSAGE_PART (object)));
    } else if (GMIME_IS_MULTIPART (object)) {
        GMimeMultipart *multipart = GMIME_MULTIPART (object);
        int count = g_mime_multipart_get_count (multipart);
        reading->depth++;
        if (type_is (object, "multipart", "alternative"))
            part_read (reading, best_of (multipart, count));
        else
            for (int i = 0; i < count && reading->parts <= PARTS_MOST; i++)
                part_read (reading, g_mime_multipart_get_part (multipart, i));
        reading->depth--;
    } else if (GMIME_IS_PART (object)) {
        leaf_read (reading, GMIME_PART (object));
    }
}

/* ---- header -------------------------------------------------------------------------------------- */

static const char *header (GMimeMessage *message, const char *name)
{
    return g_mime_object_get_header (GMIME_OBJECT (message), name);
}

static bool header_begins (GMimeMessage *message, const char *name, const char *word)
{
    const char *value = header (message, name);
    return value && strncasecmp (value + strspn (value, " \t"), word, strlen (word)) == 0;
}

/* Runs of letters and digits that are as long as a token: whether they are ours its tag says. */
static void tokens_find (struct mail *mail, const char *value)
{
    static const char signs[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    while (*value && mail->token_count < MAIL_TOKENS) {
        size_t len = strspn (value, signs);
        if (len == 40 || len == 48)
            mail->tokens[mail->token_count++] = xstrndup (value, len);
        value += len;
        value += strcspn (value, signs);
    }
}

static void recipients_read (GMimeMessage *message, struct mail *mail)
{
    static const char *const names[] = {"To",
                                        "Cc",
                                        "Delivered-To",
                                        "Resent-To",
                                        "X-Original-To",
                                        "Envelope-To",
                                        "X-Envelope-To",
                                        "X-RT-Mail-Extension"};
    GMimeHeaderList *list = g_mime_object_get_header_list (GMIME_OBJECT (message));
    int count = g_mime_header_list_get_count (list);

    for (int i = 0; i < count; i++) {
        GMimeHeader *field = g_mime_header_list_get_header_at (list, i);
        for (size_t k = 0; k < array_len (names); k++)
            if (strcasecmp (g_mime_header_get_name (field), names[k]) == 0 &&
                g_mime_header_get_value (field))
                tokens_find (mail, g_mime_header_get_value (field));
    }
}

/* The first address of From, the second of two being whoever added it. */
static void sender_read (GMimeMessage *message, struct mail *mail)
{
    InternetAddressList *list = g_mime_message_get_from (message);
    InternetAddress *first = list && internet_address_list_length (list) > 0
                                 ? internet_address_list_get_address (list, 0)
                                 : NULL;

    if (!first || !INTERNET_ADDRESS_IS_MAILBOX (first))
        return;
    const char *address = internet_address_mailbox_get_addr (INTERNET_ADDRESS_MAILBOX (first));
    const char *name = internet_address_get_name (first);
    if (address && strlen (address) <= NAME_MOST) {
        mail->from = xstrdup (address);
        for (char *at = mail->from; *at; at++)
            *at = (char) (*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    }
    if (name)
        mail->name = xstrndup (name, strnlen (name, NAME_MOST));
}

/* As it may stand in a header of ours: signs of ASCII without blanks. */
static bool id_plain (const char *id)
{
    for (const char *at = id; *at; at++)
        if (*at <= ' ' || *at >= 127 || *at == '<' || *at == '>')
            return false;
    return *id && strlen (id) <= NAME_MOST;
}

static void thread_read (GMimeMessage *message, struct mail *mail)
{
    const char *id = g_mime_message_get_message_id (message),
               *said = header (message, "References");
    GMimeReferences *list = said ? g_mime_references_parse (NULL, said) : NULL;
    struct buffer references = {0};
    int count = list ? g_mime_references_length (list) : 0;

    if (id && id_plain (id))
        mail->message_id = xformat ("<%s>", id);
    for (int i = count > 10 ? count - 10 : 0; i < count; i++) {
        const char *one = g_mime_references_get_message_id (list, i);
        if (one && id_plain (one) && references.len + strlen (one) + 3 < THREAD_MOST)
            buffer_format (&references, "%s<%s>", references.len ? " " : "", one);
    }
    if (references.len)
        mail->references = xstrndup (references.at, references.len);
    if (list)
        g_mime_references_free (list);
    buffer_free (&references);
}

/* A name that no person reads the answers of. */
static bool is_daemon (const char *from, bool *ret_bounces)
{
    static const char *const names[] = {"mailer-daemon", "postmaster", "noreply",
                                        "no-reply",      "donotreply", "do-not-reply"};
    size_t len = from ? strcspn (from, "@") : 0;

    for (size_t i = 0; i < array_len (names); i++)
        if (strlen (names[i]) == len && strncmp (from, names[i], len) == 0) {
            *ret_bounces = i < 2;
            return true;
        }
    *ret_bounces = false;
    return false;
}

/* PEERS 5.3: who is never answered, and what is no word of a person. */
static void machine_read (GMimeMessage *message, const char *own, struct mail *mail)
{
    const char *submitted = header (message, "Auto-Submitted"),
               *path = header (message, "Return-Path");
    bool bounces, daemon = is_daemon (mail->from, &bounces);
    bool empty = path && strncmp (path + strspn (path, " \t"), "<>", 2) == 0;
    GMimeObject *body = g_mime_message_get_mime_part (message);

    mail->looped = header (message, "X-Aduan-Loop") != NULL;
    mail->replied = header_begins (message, "Auto-Submitted", "auto-replied") ||
                    header_begins (message, "Precedence", "auto_reply") ||
                    header (message, "X-Autoreply") || header (message, "X-Autorespond");
    mail->machine = mail->looped || mail->replied || daemon || empty || !mail->from ||
                    (submitted && !header_begins (message, "Auto-Submitted", "no")) ||
                    header_begins (message, "Precedence", "bulk") ||
                    header_begins (message, "Precedence", "junk") ||
                    header_begins (message, "Precedence", "list") || header (message, "List-Id") ||
                    header (message, "X-Auto-Response-Suppress") ||
                    (*own && mail->from && strcasecmp (mail->from, own) == 0);
    if (body && type_is (body, "multipart", "report")) {
        const char *kind = g_mime_object_get_content_type_parameter (body, "report-type");
        if (kind && strcasecmp (kind, "disposition-notification") == 0)
            mail->replied = mail->machine = true; /* "it was read" */
        else if (mail->bounce == BOUNCE_NONE &&
                 (!kind || strcasecmp (kind, "delivery-status") == 0))
            mail->bounce = BOUNCE_FAILED;
    } else if (bounces && !mail->replied) {
        mail->bounce = BOUNCE_FAILED; /* of a kind that is older than RFC 3464 */
    } else {
        mail->bounce = BOUNCE_NONE; /* a report that somebody forwards is no report */
    }
}

/* ---- the whole ----------------------------------------------------------------------------------- */

/* Bytes of the header with the empty line behind it. */
static size_t header_len (struct view raw)
{
    const char *lf = memmem (raw.at, raw.len, "\n\n", 2),
               *crlf = memmem (raw.at, raw.len, "\n\r\n", 3);

    if (lf && (!crlf || lf < crlf))
        return (size_t) (lf - raw.at) + 2;
    return crlf ? (size_t) (crlf - raw.at) + 3 : raw.len;
}

/* Would gmime make more of it than memory has?  What it makes of a line is a hundred times as large as the line. */
static bool is_crowd (struct view raw)
{
    size_t marks = 0;

    for (const char *at = raw.at, *end = raw.at + raw.len, *next; at < end; at = next) {
        const char *stop = memchr (at, '\n', (size_t) (end - at));
        next = stop ? stop + 1 : end;
        size_t len = (size_t) (next - at), name = 0;
        while (name < len && name < 40 && (at[name] == '-' || g_ascii_isalnum (at[name])))
            name++;
        marks +=
            (len > 2 && at[0] == '-' && at[1] == '-') || (name && name < len && at[name] == ':');
    }
    return marks > MARKS_MOST;
}

static void message_read (GMimeMessage *message, const char *own, struct mail *mail)
{
    const char *subject = g_mime_message_get_subject (message);
    GDateTime *date = g_mime_message_get_date (message);
    struct reading reading = {.mail = mail, .text = &mail->text};

    if (subject && *subject)
        mail->subject = xstrdup (subject);
    if (date)
        mail->date_ms = g_date_time_to_unix (date) * 1000;
    sender_read (message, mail);
    thread_read (message, mail);
    recipients_read (message, mail);
    part_read (&reading, g_mime_message_get_mime_part (message));
    machine_read (message, own, mail);
}

void mail_read (struct view raw, const char *own, struct mail *ret)
{
    static const char *fallback[] = {"utf-8", "windows-1252", NULL};
    size_t head = header_len (raw);
    bool flat = is_crowd (raw) || head > 16 * HEADERS_MOST;
    size_t len = !flat ? raw.len : head < HEADERS_MOST ? head : HEADERS_MOST;

    *ret = (struct mail){0};
    buffer_add (&ret->headers, raw.at, head < HEADERS_MOST ? head : HEADERS_MOST);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer (raw.at, len);
    GMimeParser *parser = g_mime_parser_new_with_stream (stream);
    GMimeParserOptions *options = g_mime_parser_options_new ();
    g_mime_parser_options_set_fallback_charsets (options, fallback);
    GMimeMessage *message = g_mime_parser_construct_message (parser, options);
    if (message) {
        message_read (message, own, ret);
        g_object_unref (message);
    }
    if (flat || !message)
        file_add (ret, raw.at + head, raw.len - head < FLAT_MOST ? raw.len - head : FLAT_MOST);
    g_mime_parser_options_free (options);
    g_object_unref (parser);
    g_object_unref (stream);
}

/* ---- a reply's own words ------------------------------------------------------------------------- */

static size_t line_len (const char *at, const char *end)
{
    const char *stop = memchr (at, '\n', (size_t) (end - at));
    return stop ? (size_t) (stop - at) : (size_t) (end - at);
}

/* "On ... wrote:", "Pada ... menulis:": the line before what is quoted. */
static bool is_lead (const char *at, size_t len)
{
    static const char *const ends[] = {"wrote:", "menulis:", "writes:", "kirim:"};

    while (len && strchr (" \t\r", at[len - 1]))
        len--;
    for (size_t i = 0; i < array_len (ends); i++) {
        size_t word = strlen (ends[i]);
        if (len >= word && strncasecmp (at + len - word, ends[i], word) == 0)
            return true;
    }
    return false;
}

static bool is_rule (const char *at, size_t len)
{
    static const char *const rules[] = {"-- ", "-----Original Message", "----- Original Message",
                                        "-----Pesan Asli", "________________"};

    if (len == 2 && strncmp (at, "--", 2) == 0)
        return true;
    for (size_t i = 0; i < array_len (rules); i++)
        if (len >= strlen (rules[i]) && strncasecmp (at, rules[i], strlen (rules[i])) == 0 &&
            (i > 0 || len <= 4))
            return true;
    return false;
}

void mail_trim (struct buffer *text)
{
    struct buffer kept = {0};
    const char *at = text->at, *end = text->at + text->len;
    size_t lead = 0; /* where the line that leads to a quotation began in `kept` */

    while (at < end) {
        size_t len = line_len (at, end);
        if (is_rule (at, len))
            break;
        if (len && *at == '>') {
            if (lead)
                kept.len = lead - 1;
            lead = 0;
        } else {
            if (is_lead (at, len))
                lead = kept.len + 1;
            else if (len > 1)
                lead = 0;
            buffer_add (&kept, at, len);
            buffer_add (&kept, "\n", 1);
        }
        at += len + (at + len < end);
    }
    while (kept.len && strchr (" \t\r\n", kept.at[kept.len - 1]))
        kept.len--;
    if (utf8_blank (kept.at ? kept.at : "", kept.len)) {
        buffer_free (&kept); /* all of it was quoted: better twice than not at all */
        return;
    }
    buffer_free (text);
    *text = kept;
}
