/* compose.c - a notice and its contact become a letter.  Pure: no clock, no file, no socket.
 *
 * Templates are compiled in (embed_templates.py); words.c fills them.  Where a template needs an agency, a text or
 * another number and the notice has none, `news` is used instead, which says only that there is news: so a secret
 * complaint cannot leak through a template that somebody chose wrongly.  A receipt with an access code is `receipt`.
 *
 * Headers are made of validated tokens and of our own templates only; nothing that a reporter or an
 * agency wrote gets into one.  header_add is the last net: no CR, LF, NUL, no line over 998 bytes.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "domain/token.h"
#include "notifier.h"
#include "words.h"

#define LINE_MAX_BYTES    998
#define LOCAL_MAX         64 /* RFC 5321 4.5.3.1.1 */
#define MESSAGE_ID_MAX    250
#define REFERENCES_MAX    900
#define ENCODED_WORD_TEXT 45 /* bytes; 60 in base64, 72 with its frame, RFC 2047 allows 75 */

struct template
{
    const char *key;
    enum language language;
    const char *subject, *text;
};

static const struct template templates[] = {
#define TEMPLATE(key, language, subject, text) {key, language, subject, text},
#include "templates.def"
#undef TEMPLATE
};

/* ---- what may stand in a header -------------------------------------------------------------- */

bool message_id_valid (struct view id)
{
    unsigned ats = 0;

    if (id.len < 5 || id.len > MESSAGE_ID_MAX || id.at[0] != '<' || id.at[id.len - 1] != '>')
        return false;
    for (size_t i = 1; i + 1 < id.len; i++) {
        unsigned char c = (unsigned char) id.at[i];
        if (c <= ' ' || c >= 127 || c == '<' || c == '>')
            return false;
        ats += c == '@';
    }
    return ats == 1 && id.at[1] != '@' && id.at[id.len - 2] != '@';
}

int header_words (struct view text, struct buffer *out)
{
    bool plain = true;

    if (!utf8_valid (text.at, text.len))
        return FAIL_MALFORMED;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char) text.at[i];
        if (c < ' ' || c == 127)
            return FAIL_MALFORMED;
        plain = plain && c < 127;
    }
    /* "=?" would be read as an encoded-word that we did not write. */
    if (plain && !memmem (text.at, text.len, "=?", 2)) {
        buffer_add (out, text.at, text.len);
        return 0;
    }
    for (size_t from = 0; from < text.len;) {
        size_t len = text.len - from < ENCODED_WORD_TEXT ? text.len - from : ENCODED_WORD_TEXT;
        while (from + len < text.len && ((unsigned char) text.at[from + len] & 0xc0) == 0x80)
            len--; /* a word ends where a character ends */
        char word[sodium_base64_ENCODED_LEN (ENCODED_WORD_TEXT, sodium_base64_VARIANT_ORIGINAL)];
        sodium_bin2base64 (word, sizeof word, (const unsigned char *) text.at + from, len,
                           sodium_base64_VARIANT_ORIGINAL);
        buffer_format (out, "%s=?UTF-8?B?%s?=", from ? " " : "", word);
        from += len;
    }
    return 0;
}

/* Takes nothing; `line` is copied.  What fails here is our own bug: everything was validated. */
static void header_add (struct letter *letter, const struct buffer *line)
{
    check (letter->header_count < LETTER_HEADERS && line->len <= LINE_MAX_BYTES);
    check (!memchr (line->at, '\r', line->len) && !memchr (line->at, '\n', line->len) &&
           !memchr (line->at, '\0', line->len));
    letter->headers[letter->header_count++] = xstrndup (line->at, line->len);
}

__attribute__ ((format (printf, 2, 3))) static void header_format (struct letter *letter,
                                                                   const char *format, ...)
{
    struct buffer line = {0};
    char text[LINE_MAX_BYTES + 2];
    va_list arguments;

    va_start (arguments, format);
    int len = vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    check (len >= 0 && (size_t) len < sizeof text);
    buffer_add (&line, text, (size_t) len);
    header_add (letter, &line);
    sodium_memzero (text, sizeof text);
    sodium_memzero (line.at, line.len);
    buffer_free (&line);
}

/* ---- the single headers ---------------------------------------------------------------------- */

/* RFC 5322 3.3, in UTC; names of our own, because strftime follows the locale. */
static void header_date (struct letter *letter, int64_t now)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t) (now / 1000);
    struct tm tm;

    check (gmtime_r (&seconds, &tm) != NULL);
    header_format (letter, "Date: %s, %d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
                   months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* The same notice always gets the same Message-ID, so that a mail system can drop a double that
 * follows an unknown outcome.  (RELIABILITY P16: event, recipient, channel)  What no row asks for goes once, and may be said of a
 * case again (confirm.c): its Message-ID is drawn. */
static void header_message_id (struct letter *letter, const struct msg_notice *notice,
                               const struct letterhead *head)
{
    static const char channel[] = "email";
    uint8_t key[16 + 8 + 8 + sizeof channel], hash[16];

    memcpy (key, notice->id.at, 16);
    for (unsigned i = 0; i < 8; i++) {
        key[16 + i] = (uint8_t) (notice->event >> (56 - 8 * i));
        key[24 + i] = (uint8_t) (notice->recipient >> (56 - 8 * i));
    }
    memcpy (key + 32, channel, sizeof channel);
    crypto_generichash (hash, sizeof hash, key, sizeof key, NULL, 0);
    if (!notice->event)
        randombytes_buf (hash, sizeof hash);
    header_format (letter, "Message-ID: <%s.aduan@%s>", hex_text (hash, sizeof hash), head->domain);
}

/* In-Reply-To and References, where the complaint came by mail.  Tokens that are not Message-IDs are
 * left out; of too many the newest stay, which is what RFC 5322 3.6.4 advises. */
static void header_thread (struct letter *letter, const struct contact *contact)
{
    if (!message_id_valid (contact->message_id))
        return;
    header_format (letter, "In-Reply-To: %.*s", (int) contact->message_id.len,
                   contact->message_id.at);

    struct view list = contact->references;
    size_t room = REFERENCES_MAX - contact->message_id.len, used = 0, end = list.len;
    struct view kept[16];
    size_t count = 0;
    while (end > 0 && count < array_len (kept)) {
        while (end > 0 && strchr (" \t\r\n", list.at[end - 1]))
            end--;
        size_t begin = end;
        while (begin > 0 && !strchr (" \t\r\n", list.at[begin - 1]))
            begin--;
        struct view token = {list.at + begin, end - begin};
        end = begin;
        if (!message_id_valid (token))
            continue;
        if (used + token.len + 1 > room)
            break;
        used += token.len + 1;
        kept[count++] = token;
    }
    struct buffer line = {0};
    buffer_format (&line, "References:");
    while (count-- > 0)
        buffer_format (&line, " %.*s", (int) kept[count].len, kept[count].at);
    buffer_format (&line, " %.*s", (int) contact->message_id.len, contact->message_id.at);
    header_add (letter, &line);
    buffer_free (&line);
}

/* "aduan+TOKEN@domain": the sender's address with a token in it.  False where its local part leaves no room. */
static bool address_with (const struct letterhead *head, const char *token, char ret[256])
{
    size_t local = strcspn (head->from, "@");
    if (local + 1 + strlen (token) > LOCAL_MAX)
        return false;
    snprintf (ret, 256, "%.*s+%s%s", (int) local, head->from, token, head->from + local);
    return true;
}

/* How its reader ends the news, for the button that his mail program shows (RFC 2369), and where we have an address of https by
 * one request without a question (RFC 8058).  Officers have their account's page. */
static void header_stop (struct letter *letter, const struct msg_notice *notice,
                         const struct letterhead *head, const char *token, const char *address)
{
    bool one_click = head->stop && *head->stop;

    if (notice->recipient == READER_OFFICER || !notice->event)
        return;
    if (one_click)
        header_format (letter, "List-Unsubscribe: <%s%s>, <mailto:%s?subject=BERHENTI>", head->stop,
                       token, address);
    else
        header_format (letter, "List-Unsubscribe: <mailto:%s?subject=BERHENTI>", address);
    if (one_click)
        header_format (letter, "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
}

/* Answers of a reporter come to an address that names the case, bounces to one that names the notice.  Other machines must not answer
 * (PEERS 5.3), and what comes back to us from one of our own is known by the loop header. */
static void header_answers (struct letter *letter, const struct msg_notice *notice,
                            const struct letterhead *head)
{
    char token[NOTICE_TOKEN_LEN + 1], address[256];
    struct notice_name name = {notice->id, notice->event, notice->recipient};

    header_format (letter, "Auto-Submitted: auto-generated");
    header_format (letter, "X-Auto-Response-Suppress: All");
    header_format (letter, "X-Aduan-Loop: %s", head->domain);
    if (!head->reply_key)
        return;
    token_of_case (head->reply_key, &notice->id, token);
    if (notice->recipient == READER_REPORTER && address_with (head, token, address))
        header_format (letter, "Reply-To: <%s>", address);
    token_of_notice (head->reply_key, &name, token);
    if (address_with (head, token, address)) {
        letter->envelope = xstrdup (address);
        header_stop (letter, notice, head, token, address);
    }
}

/* ---- templates ------------------------------------------------------------------------------- */

static const struct template *template_find (struct view key, uint32_t language)
{
    for (size_t i = 0; i < array_len (templates); i++)
        if (templates[i].language == language && view_is (key, templates[i].key))
            return &templates[i];
    return NULL;
}

/* What is said where the notice lacks what its words name.  Who has no other word of his number and code has them of a receipt. */
static const char *template_instead (const struct msg_notice *notice, const struct values *values)
{
    return notice->recipient == READER_OFFICER ? "news_officer"
           : values->code.at                   ? "receipt"
                                               : "news";
}

/* ---- the letter ------------------------------------------------------------------------------ */

static void letter_headers (const struct msg_notice *notice, const struct contact *contact,
                            const struct letterhead *head, int64_t now, struct letter *letter)
{
    struct buffer line = {0};

    header_date (letter, now);
    buffer_format (&line, "From: ");
    if (header_words (view_of (head->name), &line) == 0)
        buffer_format (&line, " ");
    buffer_format (&line, "<%s>", head->from);
    header_add (letter, &line);
    buffer_free (&line);
    header_format (letter, "To: <%s>", letter->to);
    header_message_id (letter, notice, head);
    header_answers (letter, notice, head);
    header_thread (letter, contact);
}

int letter_compose (const struct msg_notice *notice, const struct contact *contact,
                    const struct letterhead *head, int64_t now, struct letter *ret)
{
    uint32_t language = reader_language (notice, contact);
    const struct template *template = template_find (notice->template, language);
    if (!template)
        return FAIL_ABSENT;
    if (!address_valid (contact->address))
        return FAIL_REFUSED;

    struct values values;
    values_take (notice, contact, reader_base (head, notice), &values);
    if (!values_fit (&values, template->text))
        template = template_find (view_of (template_instead (notice, &values)), language);
    check (template != NULL);

    struct letter letter = {.to = xstrndup (contact->address.at, contact->address.len)};
    letter_headers (notice, contact, head, now, &letter);
    struct buffer line = {0}, subject = {0};
    check (line_expand (template->subject, strlen (template->subject), &values, &line));
    buffer_format (&subject, "Subject: ");
    int fail = header_words ((struct view){line.at, line.len}, &subject);
    if (fail == 0) {
        header_add (&letter, &subject);
        text_expand (template->text, &values, &letter.text);
    }
    buffer_free (&line);
    buffer_free (&subject);
    values_done (&values);
    if (fail) {
        letter_done (&letter);
        return FAIL_REFUSED;
    }
    *ret = letter;
    return 0;
}

static void text_wipe (char **text)
{
    if (*text)
        sodium_memzero (*text, strlen (*text));
    free (*text);
    *text = NULL;
}

void letter_done (struct letter *letter)
{
    text_wipe (&letter->to);
    text_wipe (&letter->envelope);
    for (unsigned i = 0; i < letter->header_count; i++)
        text_wipe (&letter->headers[i]);
    if (letter->text.at)
        sodium_memzero (letter->text.at, letter->text.len);
    buffer_free (&letter->text);
    letter->header_count = 0;
}
