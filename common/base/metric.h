/* metric.h - counters and gauges of one program, named once in metric.def.
 *
 * A counter is a plain 64-bit number that only its own thread changes, read by the `show metrics`
 * of daemon.h in the Prometheus text form.
 */
#ifndef ADUAN_METRIC_H
#define ADUAN_METRIC_H

#include "base/base.h"

enum metric {
#define METRIC(name, kind, help) METRIC_##name,
#include "base/metric.def"
    METRICS
};

extern uint64_t metric_values[METRICS];
#define metric_add(name, n) (metric_values[METRIC_##name] += (uint64_t) (n))
#define metric_set(name, n) (metric_values[METRIC_##name] = (uint64_t) (n))
#define metric_get(name)    (metric_values[METRIC_##name])

/* Appends "# HELP", "# TYPE" and value lines of every metric whose name begins with `prefix`. */
void metric_print (struct buffer *out, const char *prefix);

#endif
