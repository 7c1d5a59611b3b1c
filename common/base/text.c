/* text.c - outside text: UTF-8 checked and cleaned, and everything made fit for a log line. */
#include "base/base.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

/* Eight buffers in turn, so that one log line can name several things. */
static char *turn_buffer (size_t *ret_room)
{
    static _Thread_local char room[8][512];
    static _Thread_local unsigned turn;
    *ret_room = sizeof room[0];
    return room[turn++ % array_len (room)];
}

/* Length of the well-formed sequence that begins here, 0 where none does (RFC 3629, table of
 * well-formed byte sequences in section 4). */
static size_t utf8_sequence (const unsigned char *at, size_t len)
{
    if (at[0] < 0x80)
        return 1;
    size_t want;
    unsigned char low = 0x80, high = 0xbf;
    if (at[0] >= 0xc2 && at[0] <= 0xdf) {
        want = 2;
    } else if (at[0] >= 0xe0 && at[0] <= 0xef) {
        want = 3;
        low = at[0] == 0xe0 ? 0xa0 : 0x80;
        high = at[0] == 0xed ? 0x9f : 0xbf;
    } else if (at[0] >= 0xf0 && at[0] <= 0xf4) {
        want = 4;
        low = at[0] == 0xf0 ? 0x90 : 0x80;
        high = at[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (len < want || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < want; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return want;
}

/* Eight bytes at a time: most text is ASCII, and every program looks at every text. */
#define EACH_BYTE(byte) (UINT64_MAX / 255 * (byte))

static uint64_t word_at (const void *at)
{
    uint64_t word;
    memcpy (&word, at, sizeof word);
    return word;
}

/* All bytes are ASCII and at least `least` (1 .. 0x80). */
static bool all_ascii (uint64_t word, unsigned least)
{
    return (((word - EACH_BYTE (least)) | word) & EACH_BYTE (0x80)) == 0;
}

bool utf8_valid (const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *) text;
    while (len) {
        for (; len >= 8 && all_ascii (word_at (at), 1); len -= 8)
            at += 8;
        if (!len)
            break;
        size_t step = at[0] ? utf8_sequence (at, len) : 0;
        if (step == 0)
            return false;
        at += step;
        len -= step;
    }
    return true;
}

size_t utf8_count (const char *text, size_t len)
{
    size_t count = 0, i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t word = word_at (text + i), follows = word >> 7 & ~(word >> 6) & EACH_BYTE (1);
        count += 8 - (size_t) (follows * EACH_BYTE (1) >> 56); /* the sum of its bytes */
    }
    for (; i < len; i++)
        count += (text[i] & 0xc0) != 0x80;
    return count;
}

bool utf8_is_clean (const char *in, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        while (i + 8 < len && all_ascii (word_at (in + i), 0x20) &&
               all_ascii (word_at (in + i) ^ EACH_BYTE (0x7f), 1))
            i += 8;
        unsigned char byte = (unsigned char) in[i];
        if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7f)
            return false;
    }
    return utf8_valid (in, len);
}

bool utf8_clean (const char *in, size_t len, struct buffer *out)
{
    if (utf8_is_clean (in, len)) {
        buffer_add (out, in, len);
        return false;
    }
    const unsigned char *at = (const unsigned char *) in, *end = at + len;
    while (at < end) {
        size_t step = utf8_sequence (at, (size_t) (end - at));
        if (step == 0 || *at == 0) {
            buffer_add (out, "\xef\xbf\xbd", 3);
            at++;
        } else if (*at == '\r') {
            buffer_add (out, "\n", 1);
            at += at + 1 < end && at[1] == '\n' ? 2 : 1;
        } else {
            bool control = (*at < 0x20 && *at != '\t' && *at != '\n') || *at == 0x7f;
            if (!control)
                buffer_add (out, at, step);
            at += step;
        }
    }
    return true;
}

bool utf8_unseen (int32_t point)
{
    const utf8proc_property_t *property = utf8proc_get_property (point);
    switch (property->category) {
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF: return true;
    default:
        /* Unicode's Default_Ignorable_Code_Point, as the fillers of Hangul; and an empty Braille cell */
        return property->ignorable || point == 0x2800;
    }
}

bool utf8_blank (const char *text, size_t len)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *) text;
    while (len) {
        utf8proc_int32_t point;
        utf8proc_ssize_t step = utf8proc_iterate (at, (utf8proc_ssize_t) len, &point);
        if (step <= 0)
            return false;
        if (!utf8_unseen (point) && utf8proc_category (point) != UTF8PROC_CATEGORY_ZS &&
            point != 0xfffd)
            return false;
        at += step;
        len -= (size_t) step;
    }
    return true;
}

bool key_valid (struct view key)
{
    static const char signs[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                ".-:+=^!/*?&<>()[]{}@%$#";
    for (size_t i = 0; i < key.len; i++)
        if (!key.at[i] || !strchr (signs, key.at[i]))
            return false;
    return key.len == 40;
}

const char *log_text (const void *at, size_t len)
{
    size_t room;
    char *out = turn_buffer (&room), *end = out;
    const unsigned char *in = at;
    size_t shown = len < 120 ? len : 120;
    for (size_t i = 0; i < shown; i++) {
        if (in[i] < 0x20 || in[i] >= 0x7f || in[i] == '"' || in[i] == '\\')
            end += sprintf (end, "\\x%02x", in[i]);
        else
            *end++ = (char) in[i];
    }
    strcpy (end, shown < len ? "..." : "");
    return out;
}

const char *hex_text (const void *at, size_t len)
{
    size_t room;
    char *out = turn_buffer (&room);
    check (len * 2 < room);
    return sodium_bin2hex (out, room, at, len);
}

int hex_parse (const char *text, void *ret_bytes, size_t len)
{
    unsigned char bytes[128];
    size_t got = 0;
    check (len <= sizeof bytes);
    if (strlen (text) != len * 2 ||
        sodium_hex2bin (bytes, len, text, len * 2, NULL, &got, NULL) != 0 || got != len)
        return FAIL_MALFORMED;
    memcpy (ret_bytes, bytes, len);
    sodium_memzero (bytes, sizeof bytes);
    return 0;
}

const char *id_text (const struct id *id)
{
    size_t room;
    char *out = turn_buffer (&room), *end = out;
    for (size_t i = 0; i < sizeof id->at; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *end++ = '-';
        end += sprintf (end, "%02x", id->at[i]);
    }
    return out;
}

int id_parse (const char *text, struct id *ret_id)
{
    char digits[33];
    size_t count = 0;
    for (; *text; text++) {
        if (*text == '-')
            continue;
        if (count == 32)
            return FAIL_MALFORMED;
        digits[count++] = *text;
    }
    digits[count] = 0;
    return hex_parse (digits, ret_id->at, sizeof ret_id->at);
}

unsigned word_distance (const char *a, const char *b)
{
    unsigned row[65];
    size_t len = strlen (b) < 64 ? strlen (b) : 64;
    for (unsigned i = 0; i <= len; i++)
        row[i] = i;
    for (unsigned i = 1; *a && i < 65; i++, a++) {
        unsigned corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            unsigned above = row[j], best = corner + (*a != b[j - 1]);
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            corner = above;
            row[j] = best;
        }
    }
    return row[len];
}
