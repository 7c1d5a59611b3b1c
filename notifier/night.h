/* night.h - when people sleep.  Pure. */
#ifndef ADUAN_NOTIFIER_NIGHT_H
#define ADUAN_NOTIFIER_NIGHT_H

#include "base/base.h"

/* Wall time at which somebody in `zone` (hours east of UTC) may be told, where people sleep from the hour `from` to the
 * hour `to`; 0: now.  Equal hours: nobody sleeps. */
int64_t night_end (int64_t now, int zone, unsigned from, unsigned to);
/* The same for the next day's first hour `to`. */
int64_t next_morning (int64_t now, int zone, unsigned to);

#endif
