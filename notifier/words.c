/* words.c - what a template's placeholders stand for.  Pure: no clock, no file, no socket.
 *
 * Templates have no logic: {number} {agency} {text} {due} {asks} {url} {other} {code} {lost} {cut}, and in a digest {new} and the other
 * words of count_words.  A line that names one that there is not is left out.  Called by compose.c and short.c.
 */
#include "words.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* As store/sql/schema/0120_bulletins.sql counts (work_waiting). */
static const char *const count_words[COUNTS] = {"new",  "unanswered", "today", "tomorrow",
                                                "late", "decision",   "doubt"};

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
    if (view_is (view, "code"))
        return values->code;
    if (view_is (view, "lost"))
        return values->lost;
    if (view_is (view, "cut"))
        return values->cut;
    for (unsigned i = 0; i < COUNTS; i++)
        if (view_is (view, count_words[i]))
            return values->counts[i];
    check (view_is (
        view, "url")); /* embed_templates.py refuses every other name, test_compose tries all */
    return values->url;
}

bool values_fit (const struct values *values, const char *text)
{
    return (values->agency.at || !strstr (text, "{agency}")) &&
           (values->text.at || !strstr (text, "{text}")) &&
           (values->other.at || !strstr (text, "{other}"));
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
bool line_expand (const char *at, size_t len, const struct values *values, struct buffer *out)
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

void text_expand (const char *text, const struct values *values, struct buffer *out)
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

/* ---- values ---------------------------------------------------------------------------------- */

static struct view view_or_none (struct view view)
{
    return view.len ? view : (struct view){NULL, 0};
}

uint32_t reader_language (const struct msg_notice *notice, const struct contact *contact)
{
    if (notice->recipient == READER_OFFICER && notice->language)
        return notice->language; /* what he chose last; his address was sealed before */
    return contact->language  ? contact->language
           : notice->language ? notice->language
                              : LANGUAGE_ID;
}

int64_t notice_came (const struct msg_notice *notice)
{
    int64_t came = 0;

    for (unsigned i = 0; i < 6; i++)
        came = came << 8 | notice->id.at[i];
    return came;
}

const char *reader_base (const struct letterhead *head, const struct msg_notice *notice)
{
    return notice->recipient == READER_OFFICER ? head->desk : head->tracking;
}

/* What there is none of is absent, and so its line is left out. */
static void counts_take (struct view counts, struct values *values)
{
    json_t *said = counts.len ? json_loadb (counts.at, counts.len, 0, NULL) : NULL;

    for (unsigned i = 0; i < COUNTS; i++) {
        json_int_t count = json_integer_value (json_object_get (said, count_words[i]));
        if (count <= 0 || count > INT32_MAX)
            continue;
        snprintf (values->digits[i], sizeof values->digits[i], "%" PRId32, (int32_t) count);
        values->counts[i] = view_of (values->digits[i]);
    }
    json_decref (said);
}

bool is_receipt (const struct msg_notice *notice)
{
    return notice->recipient == READER_REPORTER && view_is (notice->template, "received");
}

/* None is absent. */
static struct view number_text (uint32_t number, struct buffer *made)
{
    if (number)
        buffer_format (made, "%" PRIu32, number);
    return view_or_none ((struct view){made->at, made->len});
}

void values_take (const struct msg_notice *notice, const struct contact *contact, const char *base,
                  struct values *ret)
{
    struct buffer *made = ret->made;
    uint32_t language = reader_language (notice, contact);

    *ret = (struct values){.number = view_or_none (notice->number),
                           .agency = view_or_none (notice->agency),
                           .text = view_or_none (notice->text),
                           .other = view_or_none (notice->other)};
    if (is_receipt (notice)) {
        ret->code = view_or_none (contact->code);
        ret->lost = number_text (contact->lost, &made[3]);
        ret->cut = number_text (contact->cut, &made[4]);
    }
    if (notice->due && notice->due < INT64_MAX / 2) {
        due_text ((int64_t) notice->due, language, &made[0]);
        ret->due = (struct view){made[0].at, made[0].len};
    }
    asks_text (notice->asks, language, &made[1]);
    ret->asks = view_or_none ((struct view){made[1].at, made[1].len});
    counts_take (notice->counts, ret);
    if (*base) {
        bool page = notice->recipient == READER_OFFICER && notice->number.len;
        buffer_format (&made[2], "%s%s%.*s", base, page ? "cases/" : "", (int) notice->number.len,
                       notice->number.at);
        ret->url = (struct view){made[2].at, made[2].len};
    }
}

void values_done (struct values *values)
{
    for (size_t i = 0; i < array_len (values->made); i++)
        buffer_free (&values->made[i]);
}
