/* output.c - times, spans, counts and JSON, as people and programs read them. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cli.h"
#include "wire/wire.h"

#define INPUT_MAX 1048576

static char *slot (void)
{
    static char slots[8][64];
    static unsigned at;
    return slots[at++ % array_len (slots)];
}

void put_json (const json_t *value)
{
    json_dumpf (value, stdout, JSON_COMPACT);
    fputc ('\n', stdout);
    fflush (stdout);
}

const char *json_text (const json_t *object, const char *key)
{
    const char *text = json_string_value (json_object_get (object, key));
    return text ? text : "";
}

const char *time_text (uint64_t ms)
{
    char *text = slot ();
    time_t second = (time_t) (ms / 1000);
    struct tm local;
    localtime_r (&second, &local);
    strftime (text, 64, "%Y-%m-%d %H:%M:%S %Z", &local);
    return text;
}

const char *stamp_text (const char *stamp)
{
    uint64_t ms;
    return time_parse (view_of (stamp), &ms) ? time_text (ms) : stamp;
}

const char *span_text (int64_t seconds)
{
    char *text = slot ();
    long long s = seconds;
    if (s >= 86400)
        snprintf (text, 64, "%lld %s %lld %s", s / 86400, text_of (TEXT_unit_day), s % 86400 / 3600,
                  text_of (TEXT_unit_hour));
    else if (s >= 3600)
        snprintf (text, 64, "%lld %s %lld min", s / 3600, text_of (TEXT_unit_hour), s % 3600 / 60);
    else if (s >= 60)
        snprintf (text, 64, "%lld min %lld s", s / 60, s % 60);
    else
        snprintf (text, 64, "%lld s", s);
    return text;
}

const char *count_text (uint64_t count)
{
    char digits[24], *text = slot ();
    int len = snprintf (digits, sizeof digits, "%llu", (unsigned long long) count);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            text[at++] = text_language_now () == LANGUAGE_EN ? ',' : '.';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

const char *decimal_text (double value)
{
    if (value >= 1000)
        return count_text ((uint64_t) (value + 0.5)); /* a tenth more or less says nothing there */
    char *text = slot ();
    snprintf (text, 64, "%.1f", value);
    char *point = strchr (text, '.');
    if (point && text_language_now () == LANGUAGE_ID)
        *point = ',';
    return text;
}

const char *fine_text (double value)
{
    static char texts[16][32];
    static unsigned at;
    char *text = texts[at++ % array_len (texts)];
    snprintf (text, sizeof texts[0], "%.4f", value);
    char *point = strchr (text, '.');
    if (point && text_language_now () == LANGUAGE_ID)
        *point = ',';
    return text;
}

const char *permille_text (uint32_t permille)
{
    char *text = slot ();
    snprintf (text, 64, "%u%c%03u", permille / 1000,
              text_language_now () == LANGUAGE_EN ? '.' : ',', permille % 1000);
    return text;
}

void put_text (FILE *to, const char *at, size_t len)
{
    struct buffer clean = {0};
    utf8_clean (at, len, &clean);
    for (size_t i = 0; i < clean.len; i++) {
        unsigned char byte = (unsigned char) clean.at[i];
        /* U+0080 to U+009F are control characters of two bytes */
        if (byte == 0xc2 && i + 1 < clean.len && (unsigned char) clean.at[i + 1] < 0xa0)
            i++;
        else
            fputc (byte, to);
    }
    buffer_free (&clean);
}

int input_read (const char *path, char **ret_at, size_t *ret_len)
{
    struct buffer text = {0};
    FILE *file = strcmp (path, "-") == 0 ? stdin : fopen (path, "re");
    if (!file)
        return complain (EX_NOINPUT, TEXT_cannot_read, "path", path, "why", strerror (errno), NULL);
    size_t got;
    do {
        got = fread (buffer_room (&text, 65536), 1, 65536, file);
        text.len += got;
    } while (got && text.len <= INPUT_MAX);
    bool failed = ferror (file);
    if (file != stdin)
        fclose (file);
    if (failed || text.len > INPUT_MAX) {
        buffer_free (&text);
        return complain (failed ? EX_IOERR : EX_DATAERR, TEXT_cannot_read, "path", path, "why",
                         failed ? strerror (errno) : "> 1 MiB", NULL);
    }
    buffer_add (&text, "", 1);
    *ret_len = text.len - 1;
    *ret_at = text.at;
    return 0;
}

/* ---- times that others wrote ----------------------------------------------------------------- */

/* Exactly `digits` digits, or with `digits` 0 one to four. */
static bool take_number (const char **at, int digits, int *ret)
{
    int count = 0, value = 0;
    while (isdigit ((unsigned char) **at) && count < (digits ? digits : 4)) {
        value = value * 10 + (*(*at)++ - '0');
        count++;
    }
    *ret = value;
    return digits ? count == digits : count > 0;
}

static bool take (const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

/* Behind the date: nothing, or a time with optional fraction and zone.  Seconds east in *ret_zone. */
static bool take_clock (const char **at, struct tm *tm, int *ret_ms, int *ret_zone)
{
    int hours = 0, minutes = 0;
    *ret_ms = *ret_zone = 0;
    while (**at == ' ' || **at == 'T')
        (*at)++;
    if (!**at)
        return true;
    if (!take_number (at, 2, &tm->tm_hour) || !take (at, ':') || !take_number (at, 2, &tm->tm_min))
        return false;
    if (take (at, ':') && !take_number (at, 2, &tm->tm_sec))
        return false;
    if (take (at, '.') || take (at, ',')) {
        for (int scale = 100; isdigit ((unsigned char) **at); scale /= 10)
            *ret_ms += (*(*at)++ - '0') * scale;
    }
    while (take (at, ' '))
        ;
    if (take (at, 'Z') || !**at)
        return true;
    int sign = take (at, '-') ? -1 : take (at, '+') ? 1 : 0;
    if (sign == 0 || !take_number (at, 2, &hours))
        return false;
    take (at, ':');
    if (**at && !take_number (at, 2, &minutes))
        return false;
    *ret_zone = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool take_date (const char **at, struct tm *tm)
{
    int first, second, third;
    const char *start = *at;
    if (take_number (at, 4, &first) && (take (at, '-') || take (at, '/')) &&
        take_number (at, 2, &second) && (take (at, '-') || take (at, '/')) &&
        take_number (at, 2, &third)) {
        tm->tm_year = first - 1900;
        tm->tm_mon = second - 1;
        tm->tm_mday = third;
        return true;
    }
    *at = start; /* DD/MM/YYYY, as Indonesian forms have it */
    if (!take_number (at, 0, &first) || !(take (at, '/') || take (at, '-') || take (at, '.')) ||
        !take_number (at, 0, &second) || !(take (at, '/') || take (at, '-') || take (at, '.')) ||
        !take_number (at, 4, &third))
        return false;
    tm->tm_year = third - 1900;
    tm->tm_mon = second - 1;
    tm->tm_mday = first;
    return true;
}

bool time_parse (struct view text, uint64_t *ret_ms)
{
    char copy[64];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy (copy, text.at, text.len);
    copy[text.len] = 0;
    if (strspn (copy, "0123456789") == text.len && text.len != 8) {
        uint64_t number = strtoull (copy, NULL, 10);
        *ret_ms = number < 100000000000 ? number * 1000 : number;
        return text.len <= 15;
    }
    struct tm tm = {0};
    const char *at = copy;
    int ms, zone;
    if (!take_date (&at, &tm) || !take_clock (&at, &tm, &ms, &zone) || *at)
        return false;
    if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    int day = tm.tm_mday;
    time_t second = timegm (&tm);
    if (tm.tm_mday != day) /* 31 February */
        return false;
    int64_t result = ((int64_t) second - zone) * 1000 + ms;
    if (result < 0)
        return false;
    *ret_ms = (uint64_t) result;
    return true;
}
