/* compose.c - a notice and its contact become a letter.  Pure: no clock, no file, no socket.
 *
 * Templates are compiled in (embed_templates.py), without logic: {number} {agency} {text} {due} {asks} {url} {other}.
 * A line that names {due}, {asks} or {url} is left out where there is none.  Where a template needs an agency,
 * a text or another number and the notice has none, `news` is used instead, which says only that there is news: so a
 * secret complaint cannot leak through a template that somebody chose wrongly.
 *
 * Headers are made of validated tokens and of our own templates only; nothing that a reporter or an
 * agency wrote gets into one.  header_add is the last net: no CR, LF, NUL, no line over 998 bytes.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "notifier.h"

#define LINE_MAX_BYTES    998
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

/* What a template may say of a notice; an absent value has at == NULL. */
struct values {
    struct view number, agency, text, due, asks, url, other;
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
 * follows an unknown outcome.  (RELIABILITY P16: event, recipient, channel) */
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

/* ---- templates ------------------------------------------------------------------------------- */

static const struct template *template_find (struct view key, uint32_t language)
{
    for (size_t i = 0; i < array_len (templates); i++)
        if (templates[i].language == language && view_is (key, templates[i].key))
            return &templates[i];
    return NULL;
}

static struct view value_of (const struct values *values, const char *name, size_t len)
{
    struct view view = {name, len};

    if (view_is (view, "number"))
        return values->number;
    if (view_is (view, "agency"))
        return values->agency;
    if (view_is (view, "text"))
        return values->text;
    if (view_is (view, "due"))
        return values->due;
    if (view_is (view, "asks"))
        return values->asks;
    if (view_is (view, "other"))
        return values->other;
    check (view_is (view, "url")); /* embed_templates.py refuses every other name */
    return values->url;
}

static bool template_fits (const struct template *template, const struct values *values)
{
    return (values->agency.at || !strstr (template->text, "{agency}")) &&
           (values->text.at || !strstr (template->text, "{text}")) &&
           (values->other.at || !strstr (template->text, "{other}"));
}

/* A value within a text: line ends become CRLF, other control characters but tab go. */
static void value_add (struct buffer *out, struct view value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        if (c == '\n' || (c == '\r' && !(i + 1 < value.len && value.at[i + 1] == '\n')))
            buffer_add (out, "\r\n", 2);
        else if ((unsigned char) c >= ' ' ? c != 127 : c == '\t')
            buffer_add (out, &c, 1);
    }
}

/* One line of a template.  False, nothing appended, where it names a value that is not there. */
static bool line_expand (const char *at, size_t len, const struct values *values,
                         struct buffer *out)
{
    size_t before = out->len;

    for (size_t i = 0; i < len;) {
        const char *open = memchr (at + i, '{', len - i);
        size_t plain = open ? (size_t) (open - at) - i : len - i;
        buffer_add (out, at + i, plain);
        i += plain;
        if (!open)
            break;
        const char *close = memchr (open, '}', len - i);
        check (close != NULL);
        struct view value = value_of (values, open + 1, (size_t) (close - open) - 1);
        if (!value.at) {
            out->len = before;
            return false;
        }
        value_add (out, value);
        i = (size_t) (close - at) + 1;
    }
    return true;
}

static void text_expand (const char *text, const struct values *values, struct buffer *out)
{
    while (*text) {
        const char *end = strchr (text, '\n');
        check (end != NULL);
        if (line_expand (text, (size_t) (end - text), values, out))
            buffer_add (out, "\r\n", 2);
        text = end + 1;
    }
}

/* "24 November 2026, 17.00 WIB": western Indonesian time whatever the reader's zone, and said so. */
static void due_text (int64_t due, enum language language, struct buffer *out)
{
    static const char *const months[][12] = {
        {"Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
         "Oktober", "November", "Desember"},
        {"January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December"}};
    time_t seconds = (time_t) (due / 1000 + 7 * 3600);
    struct tm tm;

    check (gmtime_r (&seconds, &tm) != NULL);
    buffer_format (out, "%d %s %d, %02d.%02d WIB", tm.tm_mday,
                   months[language == LANGUAGE_EN][tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
                   tm.tm_min);
}

/* What is asked for, as a list within a sentence. */
static void asks_text (uint64_t asks, enum language language, struct buffer *out)
{
    static const char *const items[][2] = {
        [ASK_LOCATION] = {"lokasi kejadian (desa atau kelurahan, kecamatan, kabupaten atau kota)",
                          "where it is (village, district, regency or city)"},
        [ASK_PHOTO] = {"foto", "a photo"},
        [ASK_DATE] = {"tanggal kejadian", "when it happened"},
        [ASK_DETAIL] = {"uraian yang lebih rinci", "more details"},
        [ASK_CONTACT] = {"cara menghubungi Anda", "how to reach you"}};
    for (unsigned ask = 1; ask < array_len (items); ask++)
        if (asks >> (ask - 1) & 1)
            buffer_format (out, "%s%s", out->len ? "; " : "", items[ask][language == LANGUAGE_EN]);
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
    header_format (letter, "Auto-Submitted: auto-generated");
    header_thread (letter, contact);
}

int letter_compose (const struct msg_notice *notice, const struct contact *contact,
                    const struct letterhead *head, int64_t now, struct letter *ret)
{
    uint32_t language = contact->language  ? contact->language
                        : notice->language ? notice->language
                                           : LANGUAGE_ID;
    const struct template *template = template_find (notice->template, language);
    if (!template)
        return FAIL_ABSENT;
    if (!address_valid (contact->address))
        return FAIL_REFUSED;

    struct buffer due = {0}, asks = {0}, url = {0}, subject = {0};
    struct values values = {.number = notice->number,
                            .agency = notice->agency,
                            .text = notice->text,
                            .other = notice->other};
    if (values.agency.len == 0)
        values.agency.at = NULL;
    if (values.text.len == 0)
        values.text.at = NULL;
    if (values.other.len == 0)
        values.other.at = NULL;
    if (notice->due && notice->due < INT64_MAX / 2) {
        due_text ((int64_t) notice->due, language, &due);
        values.due = (struct view){due.at, due.len};
    }
    asks_text (notice->asks, language, &asks);
    if (asks.len)
        values.asks = (struct view){asks.at, asks.len};
    if (*head->tracking) {
        buffer_format (&url, "%s%.*s", head->tracking, (int) notice->number.len, notice->number.at);
        values.url = (struct view){url.at, url.len};
    }
    if (!template_fits (template, &values))
        template = template_find (view_of ("news"), language);
    check (template != NULL);

    struct letter letter = {.to = xstrndup (contact->address.at, contact->address.len)};
    letter_headers (notice, contact, head, now, &letter);
    struct buffer line = {0};
    check (line_expand (template->subject, strlen (template->subject), &values, &line));
    buffer_format (&subject, "Subject: ");
    int fail = header_words ((struct view){line.at, line.len}, &subject);
    if (fail == 0) {
        header_add (&letter, &subject);
        text_expand (template->text, &values, &letter.text);
    }
    buffer_free (&line);
    buffer_free (&subject);
    buffer_free (&due);
    buffer_free (&asks);
    buffer_free (&url);
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
    for (unsigned i = 0; i < letter->header_count; i++)
        text_wipe (&letter->headers[i]);
    if (letter->text.at)
        sodium_memzero (letter->text.at, letter->text.len);
    buffer_free (&letter->text);
    letter->header_count = 0;
}
