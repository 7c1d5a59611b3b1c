/* limit.h - what may still be spent today, and when people sleep. */
#ifndef ADUAN_NOTIFIER_LIMIT_H
#define ADUAN_NOTIFIER_LIMIT_H

#include "base/base.h"
#include "wire/wire.h"

/* Segments of a day, by recipient and in all.  In memory: a restart begins anew, and each notifier counts its own.
 * Of a number only a hash under a key of this process is kept, till the day ends. */
struct spending;
struct spending *spending_new (unsigned recipient, unsigned all);
void spending_free (struct spending *spending);
/* Takes `segments` for `to`: 0, or the enum why for which they are not to be had today.  `now`: wall time, ms. */
enum why spending_take (struct spending *spending, const char *to, unsigned segments, int64_t now);
/* They were not used after all. */
void spending_return (struct spending *spending, const char *to, unsigned segments);

/* Wall time at which somebody in `zone` (hours east of UTC) may be told, where people sleep from the hour `from` to the
 * hour `to`; 0: now.  Equal hours: nobody sleeps.  Pure. */
int64_t night_end (int64_t now, int zone, unsigned from, unsigned to);
/* The same for the next day's first hour `to`.  Pure. */
int64_t next_morning (int64_t now, int zone, unsigned to);

#endif
