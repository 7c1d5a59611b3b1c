/* examples.c - records into bags of features, in the order of time. */
#include "examples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

static struct view value_of (struct record *record, const char *name)
{
    struct view value = {"", 0};
    return record_value (record, name, &value) ? value : (struct view){"", 0};
}

/* Degrees in 1e-7; false: no number, or none of the earth. */
static bool degrees_of (struct record *record, const char *name, double most, int32_t *ret)
{
    struct view value = value_of (record, name);
    char digits[32] = "", *end;
    *ret = 0;
    if (value.len == 0)
        return true;
    if (value.len >= sizeof digits)
        return false;
    memcpy (digits, value.at, value.len);
    double degrees = strtod (digits, &end);
    if (*end || !(degrees >= -most && degrees <= most))
        return false;
    *ret = (int32_t) (degrees * 1e7 + (degrees < 0 ? -0.5 : 0.5));
    return true;
}

const char *record_read (struct record *record, struct text *text, struct model_facts *facts)
{
    if (record->fault)
        return record->fault;
    *facts = (struct model_facts){.place = value_of (record, "place"),
                                  .category = value_of (record, "category")};
    if (!degrees_of (record, "latitude", 90, &facts->latitude))
        return "latitude: no degrees between -90 and 90";
    if (!degrees_of (record, "longitude", 180, &facts->longitude))
        return "longitude: no degrees between -180 and 180";
    struct view title = value_of (record, "title"), body = value_of (record, "text");
    if (!utf8_valid (title.at, title.len) || !utf8_valid (body.at, body.len))
        return "text: not UTF-8";
    if (utf8_blank (title.at, title.len) && utf8_blank (body.at, body.len))
        return "text: missing or empty";
    text_read (text, title, body, (struct view){"", 0});
    return NULL;
}

/* ---- labels ---------------------------------------------------------------------------------- */

struct named {
    char *name;
    uint32_t number;
};

struct naming {
    struct named *at; /* by name */
    size_t count;
};

/* Where the name stands or would stand. */
static size_t place_of (const struct naming *naming, const char *name)
{
    size_t low = 0, high = naming->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp (naming->at[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A number in the order of appearance, or -1: too many. */
static int64_t number_of (struct naming *naming, struct view label)
{
    char *name = xstrndup (label.at, label.len);
    size_t at = place_of (naming, name);
    if (at < naming->count && strcmp (naming->at[at].name, name) == 0) {
        free (name);
        return naming->at[at].number;
    }
    if (naming->count == MODEL_LABELS_MOST) {
        free (name);
        return -1;
    }
    naming->at = xrealloc (naming->at, (naming->count + 1) * sizeof *naming->at);
    memmove (&naming->at[at + 1], &naming->at[at], (naming->count - at) * sizeof *naming->at);
    naming->at[at] = (struct named){name, (uint32_t) naming->count};
    return (int64_t) naming->count++;
}

/* Labels are numbered in the order of their names, however the lines stand. */
static void settle_labels (struct examples *examples, struct naming *naming)
{
    uint32_t *numbers = xcalloc (naming->count + 1, sizeof *numbers);
    examples->labels = xcalloc (naming->count + 1, sizeof *examples->labels);
    examples->label_count = naming->count;
    for (size_t i = 0; i < naming->count; i++) {
        numbers[naming->at[i].number] = (uint32_t) i;
        examples->labels[i] = naming->at[i].name;
    }
    for (size_t i = 0; i < examples->count; i++)
        examples->at[i].label = numbers[examples->at[i].label];
    free (numbers);
    free (naming->at);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void keep_features (struct examples *examples, const struct features *features)
{
    size_t need = examples->feature_count + features->count;
    if (need > examples->feature_room) {
        examples->feature_room = need > 65536 ? need * 3 / 2 : 131072;
        examples->features =
            xrealloc (examples->features, examples->feature_room * sizeof *examples->features);
    }
    memcpy (examples->features + examples->feature_count, features->at,
            features->count * sizeof *features->at);
    examples->feature_count = need;
}

struct reading {
    struct examples *examples;
    struct naming naming;
    struct text text;
    struct features features;
};

/* NULL, or what is wrong. */
static const char *add_example (struct reading *reading, struct record *record)
{
    struct examples *examples = reading->examples;
    struct example example = {.line = record->line, .first = examples->feature_count};
    struct model_facts facts;
    uint64_t time = 0;
    const char *fault = record_read (record, &reading->text, &facts);
    if (fault)
        return fault;
    struct view label = value_of (record, "label"), when = value_of (record, "time"),
                id = value_of (record, "id");
    if (utf8_blank (label.at, label.len) || !utf8_is_clean (label.at, label.len))
        return "label: missing or empty";
    if (!utf8_is_clean (id.at, id.len))
        return "id: not UTF-8, or with control characters";
    if (when.len && (!time_parse (when, 0, &time) || time == 0))
        return "time: not a time";
    features_read (&reading->features, &reading->text, &facts);
    if (examples->count == EXAMPLES_MOST ||
        examples->feature_count + reading->features.count > FEATURES_ALL_MOST)
        return "too many examples, or too long ones";
    int64_t number = number_of (&reading->naming, label);
    if (number < 0)
        return "label: too many different ones";
    example.label = (uint32_t) number;
    example.time = (int64_t) time;
    example.id = xstrndup (id.at, id.len);
    example.features = (uint32_t) reading->features.count;
    keep_features (examples, &reading->features);
    if (examples->count == examples->room) {
        examples->room = examples->room ? examples->room * 2 : 4096;
        examples->at = xrealloc (examples->at, examples->room * sizeof *examples->at);
    }
    examples->at[examples->count++] = example;
    return NULL;
}

/* Digits as numbers: JKD-9 before JKD-10. */
static int by_time (const void *left, const void *right)
{
    const struct example *a = left, *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    int order = strverscmp (a->id, b->id);
    return order ? order : a->line < b->line ? -1 : a->line > b->line;
}

/* NULL, or what is wrong with all of them together. */
static const char *settle (struct examples *examples)
{
    size_t timed = 0;
    for (size_t i = 0; i < examples->count; i++)
        timed += examples->at[i].time != 0;
    if (timed != 0 && timed != examples->count)
        return "some lines have a time and some have none: their order is not known";
    examples->timed = timed != 0;
    if (examples->label_count < 2)
        return "all have the same label: there is nothing to learn";
    qsort (examples->at, examples->count, sizeof *examples->at, by_time);
    return NULL;
}

int examples_read (FILE *file, const char *name, example_fault_fn *fault, void *hint,
                   struct examples *ret)
{
    struct reading reading = {.examples = ret};
    struct reader *reader = NULL;
    struct record record = {0};
    const char *problem = NULL;
    size_t faults = 0;
    bool failed = false;
    *ret = (struct examples){0};
    if (reader_open (file, name, RECORD_GUESS, 0, &reader, &problem) != 0) {
        fault (hint, 1, problem);
        fclose (file);
        return FAIL_MALFORMED;
    }
    while (faults < EXAMPLE_FAULTS_MOST && reader_next (reader, &record, &failed)) {
        problem = add_example (&reading, &record);
        if (problem) {
            fault (hint, record.line, problem);
            faults++;
        }
        record_done (&record);
    }
    reader_close (&reader);
    text_free (&reading.text);
    features_free (&reading.features);
    settle_labels (ret, &reading.naming);
    problem = faults || failed ? NULL : settle (ret);
    if (problem)
        fault (hint, 0, problem);
    if (failed)
        return FAIL_IO;
    return faults || problem ? FAIL_MALFORMED : 0;
}

void examples_free (struct examples *examples)
{
    for (size_t i = 0; i < examples->count; i++)
        free ((char *) (uintptr_t) examples->at[i].id);
    for (size_t i = 0; i < examples->label_count; i++)
        free (examples->labels[i]);
    free (examples->labels);
    free (examples->at);
    free (examples->features);
    *examples = (struct examples){0};
}
