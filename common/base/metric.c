/* metric.c - the values, and their Prometheus text form (exposition format 0.0.4). */
#include "base/metric.h"

#include <inttypes.h>
#include <string.h>

uint64_t metric_values[METRICS];

static const struct {
    const char *name, *kind, *help;
} metrics[] = {
#define METRIC(name, kind, help) {#name, #kind, help},
#include "base/metric.def"
};

void metric_print (struct buffer *out, const char *prefix)
{
    for (size_t i = 0; i < array_len (metrics); i++) {
        if (strncmp (metrics[i].name, prefix, strlen (prefix)) != 0)
            continue;
        buffer_format (out, "# HELP aduan_%s %s\n# TYPE aduan_%s %s\naduan_%s %" PRIu64 "\n",
                       metrics[i].name, metrics[i].help, metrics[i].name, metrics[i].kind,
                       metrics[i].name, metric_values[i]);
    }
}
