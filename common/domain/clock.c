/* clock.c - due times of clocks, behind their pauses. */
#include "domain/clock.h"

#define DAY_MS INT64_C (86400000)

static const char *const names[CLOCKS] = {"verify",  "first",    "resolve",
                                          "silence", "complete", "offer"};

const char *clock_name (enum clock clock)
{
    return names[clock];
}

bool clock_of_name (struct view name, enum clock *ret)
{
    for (unsigned i = 0; i < CLOCKS; i++)
        if (view_is (name, names[i])) {
            *ret = (enum clock) i;
            return true;
        }
    return false;
}

int64_t clock_moved (int64_t due, struct clock_pause pause, const struct workday_calendar *calendar)
{
    int zone = workday_zone (due);
    if (pause.from >= due)
        return due;
    unsigned days = workday_between (workday_zero (pause.from, zone, calendar),
                                     workday_zero (pause.to, zone, calendar), calendar);
    return workday_shift (due, (int) days, calendar);
}

int64_t clock_due (int64_t start, unsigned limit, const struct clock_pause *pauses, size_t count,
                   int zone, const struct workday_calendar *calendar)
{
    int64_t due = workday_due (start, limit, zone, calendar, NULL);
    for (size_t i = 0; i < count; i++)
        if (pauses[i].to > start)
            due = clock_moved (due, pauses[i], calendar);
    return due;
}

int64_t clock_days_end (int64_t start, unsigned days, int zone)
{
    return (workday_day (start, zone) + days + 1) * DAY_MS - (int64_t) zone * 3600000;
}
