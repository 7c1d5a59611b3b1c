/* clock.h - the five clocks of a complaint (docs/deadlines.md; DOMAIN 3.2, 3.3).
 *
 * Pure: a clock's due time is a function of its start, its pauses, its limit, its zone and the
 * calendar.  Instants are ms since 1970 UTC.
 */
#ifndef ADUAN_CLOCK_H
#define ADUAN_CLOCK_H

#include "domain/workday.h"

/* CLOCK_OFFER is no clock of its own: the limit from receipt until the Ombudsman is offered. */
enum clock {
    CLOCK_VERIFY,
    CLOCK_FIRST,
    CLOCK_RESOLVE,
    CLOCK_SILENCE,
    CLOCK_COMPLETE,
    CLOCK_OFFER,
    CLOCKS
};
#define CLOCK_PROMISES 3 /* V, F and R: those that have a due time in the record */

/* "verify", "first" ...; as in limit_row and in events. */
const char *clock_name (enum clock clock);
/* False: there is none of that name. */
bool clock_of_name (struct view name, enum clock *ret);

struct clock_pause {
    int64_t from, to;
};

/* The pauses come in order and do not overlap; those that ended before the start change nothing. */
int64_t clock_due (int64_t start, unsigned limit, const struct clock_pause *pauses, size_t count,
                   int zone, const struct workday_calendar *calendar);
/* Its due time behind one more pause; one that had run out before it stays. */
int64_t clock_moved (int64_t due, struct clock_pause pause,
                     const struct workday_calendar *calendar);
/* The end of the n-th calendar day behind a start. */
int64_t clock_days_end (int64_t start, unsigned days, int zone);

#endif
