/* finding.c - what is wrong is said, and counted. */
#include "audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define EPOCH_2000 INT64_C (946684800)

const char *moment_text (int64_t us)
{
    static char texts[8][40];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    int64_t seconds = us / 1000000 - (us % 1000000 < 0), rest = us - seconds * 1000000;
    time_t at = (time_t) (seconds + EPOCH_2000);
    struct tm tm;
    gmtime_r (&at, &tm);
    size_t len = strftime (text, sizeof texts[0], "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf (text + len, sizeof texts[0] - len, ".%06uZ", (unsigned) rest);
    return text;
}

void put_json (const char *text)
{
    putchar ('"');
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char) *text < ' ')
            printf ("\\u%04x", (unsigned) (unsigned char) *text);
        else
            putchar (*text);
    putchar ('"');
}

void finding (struct audit *audit, const char *what, const char *format, ...)
{
    va_list list;
    char said[600];
    va_start (list, format);
    vsnprintf (said, sizeof said, format, list);
    va_end (list);
    if (++audit->findings <= FINDINGS_MAX && audit->json) {
        printf ("{\"finding\": ");
        put_json (what);
        printf (", \"text\": ");
        put_json (said);
        printf ("}\n");
    } else if (audit->findings <= FINDINGS_MAX) {
        printf ("%s%s: %s\n", audit->findings == 1 ? "first: " : "", what, said);
    } else if (audit->findings == FINDINGS_MAX + 1 && !audit->json) {
        printf ("... and more, which are counted only\n");
    }
}
