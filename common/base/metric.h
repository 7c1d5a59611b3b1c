/* metric.h - what a program counts and measures, named once in metric.def (docs/operators.md).
 *
 * A value is a plain 64-bit number in static memory that only the reactor's thread changes: an event costs one addition, and no
 * lock.  Series are the exception: their labels are known when they are told, at most once each time they are looked at, and they are kept
 * as text until they are told anew.
 *
 * Read by the page `metrics` of each control socket (daemon.h) in Prometheus' text form; aduan-desk puts the pages of all programs together.
 */
#ifndef ADUAN_METRIC_H
#define ADUAN_METRIC_H

#include "base/base.h"

#define METRIC_BOUNDS 16 /* of a histogram at most */

struct metric_histogram {
    uint64_t buckets[METRIC_BOUNDS + 1]; /* not summed up; the last one is beyond all bounds */
    uint64_t sum, count;
};

enum metric {
#define METRIC_ROW(name) METRIC_##name,
#include "base/metric.def"
    METRICS
};

#define METRIC_WORDS(...)        (sizeof ((const char *const[]){__VA_ARGS__}) / sizeof (const char *))
#define METRIC(name, kind, help) extern uint64_t metric_##name[1];
#define METRIC_BY(name, kind, label, help, ...)                                                    \
    extern uint64_t metric_##name[METRIC_WORDS (__VA_ARGS__)];
#define METRIC_SPREAD(name, of, help) extern struct metric_histogram metric_##name;
#define METRIC_SERIES(owner, name, kind, labels, help)
#include "base/metric.def"

#define metric_add(name, n) (metric_##name[0] += (uint64_t) (n))
#define metric_set(name, n) (metric_##name[0] = (uint64_t) (n))
#define metric_get(name)    (metric_##name[0])
/* One of METRIC_BY, by the place of its label's value, from 0; what is beyond the last counts as the last. */
#define metric_add_by(name, at, n)                                                                 \
    (metric_##name[(size_t) (at) < array_len (metric_##name) ? (size_t) (at)                       \
                                                             : array_len (metric_##name) - 1] +=   \
     (uint64_t) (n))
#define metric_set_by(name, at, n) (metric_##name[at] = (uint64_t) (n))
/* One of METRIC_SPREAD, in its unit. */
#define metric_observe(name, value) metric_count (METRIC_##name, &metric_##name, (uint64_t) (value))
void metric_count (enum metric metric, struct metric_histogram *histogram, uint64_t value);

/* Microseconds of a clock that only goes on, for what takes less than a millisecond. */
uint64_t metric_us (void);

/* Forgets what was said of a series: what is not known is left out, never said to be as it was. */
void metric_forget (enum metric metric);
/* Says one of its values, ages in milliseconds; as many labels' values as metric.def names labels, NULL behind them. */
void metric_say (enum metric metric, int64_t value, ...) __attribute__ ((sentinel));
/* The series of that name, or METRICS: there is none. */
enum metric metric_series (const char *name);

/* Appends "# HELP", "# TYPE" and the values of whatever this program has. */
void metric_print (struct buffer *out, const char *program);

#endif
