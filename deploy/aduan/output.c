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
    return time_parse (view_of (stamp), 0, &ms) ? time_text (ms) : stamp;
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
