/* night.c - when people sleep. */
#include "night.h"

#define HOUR_MS INT64_C (3600000)
#define DAY_MS  (24 * HOUR_MS)

int64_t next_morning (int64_t now, int zone, unsigned to)
{
    int64_t local = now + zone * HOUR_MS;
    return (local / DAY_MS + 1) * DAY_MS + (int64_t) to * HOUR_MS - zone * HOUR_MS;
}

int64_t night_end (int64_t now, int zone, unsigned from, unsigned to)
{
    int64_t hour = (now + zone * HOUR_MS) / HOUR_MS % 24;
    bool sleeps = from < to ? hour >= from && hour < to : from > to && (hour >= from || hour < to);

    if (!sleeps)
        return 0;
    return hour < to ? next_morning (now, zone, to) - DAY_MS : next_morning (now, zone, to);
}
