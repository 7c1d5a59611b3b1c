/* when.c - times that others wrote: days, clocks, zones, and seconds or ms since 1970; and times as we write them. */
#include "base/base.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZONE_MOST 14 /* hours, east or west: no place on earth is further from UTC */

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

/* Behind a clock: a zone, its seconds east in *ret_zone. */
static bool take_zone (const char **at, int *ret_zone)
{
    int hours = 0, minutes = 0;
    *ret_zone = 0;
    if (take (at, 'Z'))
        return true;
    int sign = take (at, '-') ? -1 : take (at, '+') ? 1 : 0;
    if (sign == 0 || !take_number (at, 2, &hours))
        return false;
    take (at, ':');
    if (**at && !take_number (at, 2, &minutes))
        return false;
    *ret_zone = sign * (hours * 3600 + minutes * 60);
    return minutes < 60 && hours * 60 + minutes <= ZONE_MOST * 60;
}

/* Behind the date: nothing, or a time with optional fraction and zone.  *ret_zone stays where none is said. */
static bool take_clock (const char **at, struct tm *tm, int *ret_ms, int *ret_zone)
{
    *ret_ms = 0;
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
    return !**at || take_zone (at, ret_zone);
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

bool time_parse (struct view text, int zone, uint64_t *ret_ms)
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
    int ms, east = zone * 3600;
    if (!take_date (&at, &tm) || !take_clock (&at, &tm, &ms, &east) || *at)
        return false;
    bool ends = tm.tm_hour == 24 && tm.tm_min == 0 && tm.tm_sec == 0 && ms == 0;
    if (ends) /* a day's last moment, the next one's first */
        tm.tm_hour = 0;
    if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    int day = tm.tm_mday;
    time_t second = timegm (&tm);
    if (tm.tm_mday != day) /* 31 February */
        return false;
    int64_t result = ((int64_t) second + (ends ? 86400 : 0) - east) * 1000 + ms;
    if (result < 0)
        return false;
    *ret_ms = (uint64_t) result;
    return true;
}

/* ---- as we write them ---------------------------------------------------------------------------- */

#define WRITTEN 32
#define SECONDS 19 /* signs of a moment before its zone */
#define DAY     10

/* "2026-11-25T10:00:00Z" in one of eight buffers; of a moment beyond all calendars nothing. */
static char *instant_write (int64_t ms)
{
    static _Thread_local char texts[8][WRITTEN];
    static _Thread_local unsigned turn;
    char *text = texts[turn++ % array_len (texts)];
    time_t second = (time_t) (ms / 1000 - (ms % 1000 < 0));
    struct tm tm;

    memset (text, 0, WRITTEN);
    if (gmtime_r (&second, &tm))
        strftime (text, WRITTEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}

const char *instant_text (int64_t ms)
{
    return instant_write (ms);
}

const char *instant_text_ms (int64_t ms)
{
    char *text = instant_write (ms);

    snprintf (text + SECONDS, WRITTEN - SECONDS, ".%03dZ", (int) ((ms % 1000 + 1000) % 1000));
    return text;
}

const char *day_text (int64_t ms)
{
    char *text = instant_write (ms);

    text[DAY] = '\0';
    return text;
}
