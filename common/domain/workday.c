/* workday.c - a walk over days; sixty of them are the longest limit there is. */
#include "domain/workday.h"

#include <stdlib.h>

#define DAY_MS 86400000

static int64_t floor_div (int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int by_day (const void *a, const void *b)
{
    const int32_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* The year of a day since 1970 (proleptic Gregorian; Hinnant's civil-from-days). */
static int year_of (int64_t day)
{
    int64_t shifted = day + 719468, era = floor_div (shifted, 146097);
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    return (int) (year + era * 400 + (of_year >= 306));
}

bool workday_counts (int64_t day, const struct workday_calendar *calendar)
{
    int64_t weekday = ((day + 4) % 7 + 7) % 7; /* 0 is Sunday; 1970-01-01 was a Thursday */
    int32_t key = (int32_t) day;
    return weekday != 0 && weekday != 6 &&
           (calendar->count == 0 ||
            !bsearch (&key, calendar->off, calendar->count, sizeof key, by_day));
}

int64_t workday_day (int64_t at_ms, int zone)
{
    return floor_div (at_ms + (int64_t) zone * 3600000, DAY_MS);
}

int64_t workday_zero (int64_t at_ms, int zone, const struct workday_calendar *calendar)
{
    int64_t later = calendar->cut_off ? 1440 - calendar->cut_off : 0;
    return workday_day (at_ms + later * 60000, zone);
}

unsigned workday_between (int64_t from, int64_t to, const struct workday_calendar *calendar)
{
    unsigned count = 0;
    for (int64_t day = from + 1; day <= to; day++)
        count += workday_counts (day, calendar);
    return count;
}

static int64_t end_of (int64_t day, int zone)
{
    return (day + 1) * DAY_MS - (int64_t) zone * 3600000;
}

int64_t workday_due (int64_t start_ms, unsigned days, int zone,
                     const struct workday_calendar *calendar, bool *ret_provisional)
{
    int64_t zero = workday_zero (start_ms, zone, calendar), day = zero;
    while (days) {
        day++;
        days -= workday_counts (day, calendar);
    }
    if (ret_provisional)
        *ret_provisional = year_of (day) > calendar->to || year_of (zero + 1) < calendar->from;
    return end_of (day, zone);
}

int64_t workday_shift (int64_t due_ms, int days, const struct workday_calendar *calendar)
{
    int zone = workday_zone (due_ms);
    int64_t day = workday_day (due_ms, zone) - 1;
    if (days == 0)
        return due_ms;
    while (!workday_counts (day, calendar))
        day--;
    for (int step = days < 0 ? -1 : 1; days; days -= step)
        do
            day += step;
        while (!workday_counts (day, calendar));
    return end_of (day, zone);
}

int workday_zone (int64_t due_ms)
{
    int64_t hour = floor_div (due_ms, 3600000);
    return (int) ((24 - (hour - floor_div (hour, 24) * 24)) % 24);
}
