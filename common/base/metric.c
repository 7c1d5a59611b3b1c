/* metric.c - the values, and their Prometheus text form (exposition format 0.0.4). */
#include "base/metric.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum kind { KIND_counter, KIND_gauge, KIND_seconds, KIND_times, KIND_sizes, KIND_shares };

#define METRIC(name, kind, help)                uint64_t metric_##name[1];
#define METRIC_BY(name, kind, label, help, ...) uint64_t metric_##name[METRIC_WORDS (__VA_ARGS__)];
#define METRIC_SPREAD(name, of, help)           struct metric_histogram metric_##name;
#define METRIC_SERIES(owner, name, kind, labels, help)
#include "base/metric.def"

static const struct family {
    const char *name, *help, *owner; /* owner NULL: the name's first word */
    enum kind kind;
    const char *labels;       /* their names, a comma between; NULL: none */
    const char *const *words; /* of a METRIC_BY's label */
    size_t count;
    const uint64_t *values; /* NULL: a histogram, or a series */
    const struct metric_histogram *histogram;
} families[] = {
#define METRIC(n, k, h) {.name = #n, .help = h, .kind = KIND_##k, .count = 1, .values = metric_##n},
#define METRIC_BY(n, k, l, h, ...)                                                                 \
    {.name = #n,                                                                                   \
     .help = h,                                                                                    \
     .kind = KIND_##k,                                                                             \
     .labels = #l,                                                                                 \
     .words = (const char *const[]){__VA_ARGS__},                                                  \
     .count = METRIC_WORDS (__VA_ARGS__),                                                          \
     .values = metric_##n},
#define METRIC_SPREAD(n, o, h) {.name = #n, .help = h, .kind = KIND_##o, .histogram = &metric_##n},
#define METRIC_SERIES(o, n, k, l, h)                                                               \
    {.name = #n, .help = h, .owner = o, .kind = KIND_##k, .labels = l},
#include "base/metric.def"
};

/* What each series was said to be. */
static struct buffer series[METRICS];

/* ---- histograms ------------------------------------------------------------------------------ */

static const uint64_t time_bounds[] = {500,    1000,   2500,   5000,    10000,   25000,   50000,
                                       100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};
static const uint64_t size_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
static const uint64_t share_bounds[] = {100, 200, 300, 400, 500, 600, 700, 800, 900, 1000};

static const struct spread {
    const uint64_t *bounds;
    size_t count;
    double unit;
} spreads[] = {
    [KIND_times] = {time_bounds, array_len (time_bounds), 1e6},
    [KIND_sizes] = {size_bounds, array_len (size_bounds), 1},
    [KIND_shares] = {share_bounds, array_len (share_bounds), 1e3},
};

void metric_count (enum metric metric, struct metric_histogram *histogram, uint64_t value)
{
    const struct spread *spread = &spreads[families[metric].kind];
    size_t at = 0;

    while (at < spread->count && value > spread->bounds[at])
        at++;
    histogram->buckets[at]++;
    histogram->sum += value;
    histogram->count++;
}

uint64_t metric_us (void)
{
    struct timespec now;

    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

/* A bound as OpenMetrics writes it: with a point, and no more digits than it needs. */
static void put_bound (struct buffer *out, double bound)
{
    char text[32];

    snprintf (text, sizeof text, "%g", bound);
    buffer_format (out, "%s%s", text, strchr (text, '.') ? "" : ".0");
}

static void put_histogram (struct buffer *out, const struct family *family)
{
    const struct spread *spread = &spreads[family->kind];
    const struct metric_histogram *histogram = family->histogram;
    uint64_t sum = 0;

    for (size_t i = 0; i < spread->count; i++) {
        sum += histogram->buckets[i];
        buffer_format (out, "aduan_%s_bucket{le=\"", family->name);
        put_bound (out, (double) spread->bounds[i] / spread->unit);
        buffer_format (out, "\"} %" PRIu64 "\n", sum);
    }
    buffer_format (out,
                   "aduan_%s_bucket{le=\"+Inf\"} %" PRIu64 "\naduan_%s_sum %.15g\n"
                   "aduan_%s_count %" PRIu64 "\n",
                   family->name, histogram->count, family->name,
                   (double) histogram->sum / spread->unit, family->name, histogram->count);
}

/* ---- series ------------------------------------------------------------------------------------ */

static void put_value (struct buffer *out, const struct family *family, int64_t value)
{
    if (family->kind == KIND_seconds)
        buffer_format (out, " %s%" PRId64 ".%03" PRId64 "\n", value < 0 ? "-" : "",
                       (value < 0 ? -value : value) / 1000, (value < 0 ? -value : value) % 1000);
    else
        buffer_format (out, " %" PRId64 "\n", value);
}

/* A label's value with what the form escapes; of words of ours alone, so that there is nothing as a rule. */
static void put_word (struct buffer *out, const char *word)
{
    for (; *word; word++)
        switch (*word) {
        case '\\': buffer_format (out, "\\\\"); break;
        case '"': buffer_format (out, "\\\""); break;
        case '\n': buffer_format (out, "\\n"); break;
        default: buffer_add (out, word, 1);
        }
}

void metric_forget (enum metric metric)
{
    buffer_free (&series[metric]);
}

void metric_say (enum metric metric, int64_t value, ...)
{
    const struct family *family = &families[metric];
    struct buffer *out = &series[metric];
    const char *label = family->labels, *word;
    va_list words;

    buffer_format (out, "aduan_%s", family->name);
    va_start (words, value);
    while (label && *label && (word = va_arg (words, const char *)) != NULL) {
        size_t len = strcspn (label, ",");
        buffer_format (out, "%s%.*s=\"", label == family->labels ? "{" : ",", (int) len, label);
        put_word (out, word);
        buffer_format (out, "\"");
        label += len + (label[len] == ',');
    }
    va_end (words);
    if (label != family->labels)
        buffer_format (out, "}");
    put_value (out, family, value);
}

enum metric metric_series (const char *name)
{
    size_t at = 0;

    while (at < METRICS &&
           (families[at].values || families[at].histogram || strcmp (families[at].name, name) != 0))
        at++;
    return (enum metric) at;
}

/* ---- the page ---------------------------------------------------------------------------------- */

static bool is_owned (const struct family *family, const char *program)
{
    static const char *const all[] = {"link", "zap", "door", "program"};
    size_t len = strcspn (family->name, "_");

    if (family->owner)
        return strcmp (family->owner, program) == 0;
    for (size_t i = 0; i < array_len (all); i++)
        if (strlen (all[i]) == len && strncmp (family->name, all[i], len) == 0)
            return true;
    return strlen (program) == len && strncmp (family->name, program, len) == 0;
}

static const char *kind_word (enum kind kind)
{
    return kind == KIND_counter ? "counter" : kind >= KIND_times ? "histogram" : "gauge";
}

void metric_print (struct buffer *out, const char *program)
{
    for (size_t i = 0; i < METRICS; i++) {
        const struct family *family = &families[i];
        if (!is_owned (family, program))
            continue;
        buffer_format (out, "# HELP aduan_%s %s\n# TYPE aduan_%s %s\n", family->name, family->help,
                       family->name, kind_word (family->kind));
        if (family->histogram)
            put_histogram (out, family);
        else if (!family->values)
            buffer_add (out, series[i].at, series[i].len);
        for (size_t at = 0; family->values && at < family->count; at++) {
            buffer_format (out, "aduan_%s", family->name);
            if (family->words)
                buffer_format (out, "{%s=\"%s\"}", family->labels, family->words[at]);
            put_value (out, family, (int64_t) family->values[at]);
        }
    }
}
