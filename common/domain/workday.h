/* workday.h - when the n-th working day after a start ends (DOMAIN 3.3).
 *
 * Pure.  Day 0 is the local calendar date of the start, whatever day it is; counting starts with the
 * next working day: Monday to Friday and not among the days off.  Due is the exclusive instant at
 * which the n-th working day ends, the next local midnight.
 */
#ifndef ADUAN_WORKDAY_H
#define ADUAN_WORKDAY_H

#include "base/base.h"

/* Days off, as days since 1970-01-01, sorted; `from` and `to` are the first and last year that the
 * calendar knows. */
struct workday_calendar {
    const int32_t *off;
    size_t count;
    int from, to;
};

/* The local day of an instant (ms since 1970 UTC), since 1970-01-01; zone as below. */
int64_t workday_day (int64_t at_ms, int zone);
/* Is that day a working day? */
bool workday_counts (int64_t day, const struct workday_calendar *calendar);

/* start_ms: ms since 1970 UTC; zone: hours east of UTC (Indonesia: 7, 8 or 9, no daylight saving).
 * Returns ms since 1970 UTC.  *ret_provisional (may be NULL): a year without a calendar was counted
 * by weekends only. */
int64_t workday_due (int64_t start_ms, unsigned days, int zone,
                     const struct workday_calendar *calendar, bool *ret_provisional);

#endif
