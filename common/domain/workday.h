/* workday.h - when the n-th working day after a start ends (DOMAIN 3.3).
 *
 * Pure.  Day 0 is the local calendar date of the start, whatever day it is; counting starts with the
 * next working day: Monday to Friday and not among the days off.  Due is the exclusive instant at
 * which the n-th working day ends, the next local midnight: so it tells its zone.
 *
 * Instants are ms since 1970 UTC, days are counted since 1970-01-01, zones are hours east of UTC
 * (Indonesia: 7, 8 or 9, no daylight saving).
 */
#ifndef ADUAN_WORKDAY_H
#define ADUAN_WORKDAY_H

#include "base/base.h"

/* `off`: days off, sorted, each once; lent.  `from` and `to`: the first and last year that it knows.
 * `cut_off`: minute of the local day from which on an event counts as of the next day; 0: none. */
struct workday_calendar {
    const int32_t *off;
    size_t count;
    int from, to;
    int cut_off;
};

/* The local day of an instant. */
int64_t workday_day (int64_t at_ms, int zone);
/* Day 0 of what happens at this instant: the same, or the next one from the cut-off on. */
int64_t workday_zero (int64_t at_ms, int zone, const struct workday_calendar *calendar);
/* Is that day a working day? */
bool workday_counts (int64_t day, const struct workday_calendar *calendar);
/* Working days behind `from` up to `to`; 0 where `to` is not behind it. */
unsigned workday_between (int64_t from, int64_t to, const struct workday_calendar *calendar);

/* *ret_provisional (may be NULL): a year without a calendar was counted by weekends only. */
int64_t workday_due (int64_t start_ms, unsigned days, int zone,
                     const struct workday_calendar *calendar, bool *ret_provisional);
/* A due time so many working days later, or earlier where `days` is below 0; of a day that does not
 * count any more, from the last one before it that does.  0 days: as it is. */
int64_t workday_shift (int64_t due_ms, int days, const struct workday_calendar *calendar);
/* The zone that a due time tells. */
int workday_zone (int64_t due_ms);

#endif
