/* learn_report.c - figures into lines and tables. */
#include "learn_report.h"

#include <stdlib.h>
#include <string.h>

static const char *share_text (size_t part, size_t whole)
{
    return fine_text (whole ? (double) part / (double) whole : 0);
}

static const char *interval_text (size_t part, size_t whole)
{
    static char texts[8][48];
    static unsigned at;
    double low, high;
    char *text = texts[at++ % array_len (texts)];
    judge_interval (part, whole, &low, &high);
    snprintf (text, sizeof texts[0], "%s-%s", fine_text (low), fine_text (high));
    return text;
}

/* ---- JSON -------------------------------------------------------------------------------------- */

static json_t *share_json (size_t part, size_t whole)
{
    double low, high;
    judge_interval (part, whole, &low, &high);
    return json_pack ("{s:f, s:f, s:f}", "share", whole ? (double) part / (double) whole : 0.0,
                      "low", low, "high", high);
}

static json_t *comparison_json (const struct comparison *comparison)
{
    if (!comparison->name)
        return json_null ();
    return json_pack ("{s:s, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:s?}", "name",
                      comparison->name, "count", (json_int_t) comparison->count, "top1",
                      share_json (comparison->first, comparison->count), "top3",
                      share_json (comparison->three, comparison->count), "new_top1",
                      share_json (comparison->new_first, comparison->count), "new_top3",
                      share_json (comparison->new_three, comparison->count), "won",
                      (json_int_t) comparison->won, "lost", (json_int_t) comparison->lost, "better",
                      comparison->better, "why", comparison->why);
}

json_t *report_json (const struct report *report)
{
    const struct score *score = &report->score;
    json_t *bins = json_array ();
    for (size_t i = 0; i < BINS; i++)
        json_array_append_new (bins, json_pack ("{s:I, s:I, s:f}", "count",
                                                (json_int_t) score->bins[i].count, "right",
                                                (json_int_t) score->bins[i].right, "confidence",
                                                score->bins[i].confidence));
    return json_pack (
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:I, s:o, s:o, s:f, s:f, s:f, s:o, s:o}", "name",
        model_name (report->model), "examples", (json_int_t) report->examples->count, "held_out",
        (json_int_t) score->count, "labels", (json_int_t) report->examples->label_count, "features",
        (json_int_t) report->model->entry_count, "bytes", (json_int_t) report->bytes, "cost",
        report->cost, "starts", report->starts, "seed", (json_int_t) report->seed, "top1",
        share_json (score->first, score->count), "top3", share_json (score->three, score->count),
        "calibration_error", score->calibration_error, "to_person", score->to_person, "threshold",
        score->threshold, "bins", bins, "current", comparison_json (&report->comparison));
}

/* ---- lines ------------------------------------------------------------------------------------- */

static void say_comparison (const struct comparison *comparison, FILE *to)
{
    say (to, TEXT_learn_current, "name", comparison->name, "count", count_text (comparison->count),
         "top1", share_text (comparison->first, comparison->count), "top3",
         share_text (comparison->three, comparison->count), "new1",
         share_text (comparison->new_first, comparison->count), "new3",
         share_text (comparison->new_three, comparison->count), "won", count_text (comparison->won),
         "lost", count_text (comparison->lost), NULL);
    if (comparison->better)
        say (to, TEXT_learn_better, NULL);
    else
        say (to, TEXT_learn_worse, "why", comparison->why, NULL);
}

void report_say (const struct report *report, FILE *to)
{
    const struct score *score = &report->score;
    char seed[16];
    snprintf (seed, sizeof seed, "%u", report->seed);
    say (to, TEXT_learn_model, "name", model_name (report->model), "examples",
         count_text (report->examples->count), "labels", count_text (report->examples->label_count),
         "features", count_text (report->model->entry_count), "bytes", count_text (report->bytes),
         "cost", fine_text (report->cost), "starts", fine_text (report->starts), "seed", seed,
         NULL);
    say (to, TEXT_learn_held_out, "count", count_text (score->count), "top1",
         share_text (score->first, score->count), "interval1",
         interval_text (score->first, score->count), "top3",
         share_text (score->three, score->count), "interval3",
         interval_text (score->three, score->count), NULL);
    say (to, TEXT_learn_calibration, "error", fine_text (score->calibration_error), "share",
         fine_text (score->to_person), "threshold",
         score->threshold > 1 ? "-" : fine_text (score->threshold), NULL);
    if (report->comparison.name)
        say_comparison (&report->comparison, to);
}

/* ---- tables ------------------------------------------------------------------------------------ */

struct tally {
    uint32_t label;
    size_t learned, held, right, three, named;
};

static int by_held (const void *left, const void *right)
{
    const struct tally *a = left, *b = right;
    if (a->held != b->held)
        return a->held > b->held ? -1 : 1;
    return a->label < b->label ? -1 : a->label > b->label;
}

static struct tally *tally_labels (const struct report *report)
{
    const struct examples *examples = report->examples;
    struct tally *tallies = xcalloc (examples->label_count + 1, sizeof *tallies);
    for (size_t i = 0; i < examples->label_count; i++)
        tallies[i].label = (uint32_t) i;
    for (size_t i = 0; i < report->held_from; i++)
        tallies[examples->at[i].label].learned++;
    for (size_t i = 0; i < report->score.count; i++) {
        const struct judgement *verdict = &report->verdicts[i];
        tallies[verdict->label].held++;
        tallies[verdict->label].right += verdict->rank == 0;
        tallies[verdict->label].three += verdict->rank < RANK_BEHIND;
        tallies[verdict->first].named++; /* one behind the last label is there for strangers */
    }
    qsort (tallies, examples->label_count, sizeof *tallies, by_held);
    return tallies;
}

/* A cell of a table: no bar may end it. */
static void put_cell (FILE *to, const char *text)
{
    for (; *text; text++)
        fputc (*text == '|' || *text == '\n' ? '/' : *text, to);
}

static void write_labels (const struct report *report, FILE *to)
{
    struct tally *tallies = tally_labels (report);
    say (to, TEXT_learn_labels_head, NULL);
    for (size_t i = 0; i < report->examples->label_count; i++) {
        const struct tally *tally = &tallies[i];
        fputs ("| ", to);
        put_cell (to, report->examples->labels[tally->label]);
        fprintf (to, " | %zu | %zu | %s | %s | %zu | %s |\n", tally->learned, tally->held,
                 share_text (tally->right, tally->held), share_text (tally->three, tally->held),
                 tally->named, share_text (tally->right, tally->named));
    }
    free (tallies);
}

void report_write (const struct report *report, FILE *to)
{
    fprintf (to, "# %s\n\n", model_name (report->model));
    report_say (report, to);
    fputc ('\n', to);
    say (to, TEXT_learn_bins_head, NULL);
    for (size_t i = 0; i < BINS; i++)
        fprintf (to, "| %zu | %s | %s |\n", report->score.bins[i].count,
                 fine_text (report->score.bins[i].confidence),
                 share_text (report->score.bins[i].right, report->score.bins[i].count));
    fputc ('\n', to);
    write_labels (report, to);
}
