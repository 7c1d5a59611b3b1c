/* learn.c - `aduan rules learn`: a model from confirmed outcomes, and what it is worth.
 *
 * Time parts the examples, because a model judges what comes after what it learned:
 *
 *     |-- weights --------------------|- recipe, calibration -|- held out -|   what the report says
 *     |-- weights ------------------------------------------|- calibration |   the report's model
 *     |-- weights -------------------------------------------------------|   what is written
 *
 * The report's model is one that has not seen what it is judged by; the model that is written has learned
 * from all, and is calibrated by how the report's did on what was held out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "learner.h"
#include "learn_report.h"
#include "rules.h"
#include "score.h"

#define EXAMPLES_LEAST   100
#define COMPARED_LEAST   100
#define THREE_MAY_LOSE   0.005 /* of the examples: top-3 against the current model */
#define STARTS_LITTLE    0.4   /* beside 1 */
#define CALIBRATED_SHARE 0.2   /* of what the weights and the calibration share */

static const double costs[] = {0.1, 0.25, 0.6};

struct learning {
    struct cli *cli;
    const char *path;
    struct examples examples;
    size_t inner, held; /* the first example of the calibration, and of what is held out */
    unsigned seed;
    struct recipe recipe;
    struct model *model;   /* to be written */
    struct model *current; /* NULL: none named */
    struct judgement *verdicts;
    struct report report;
};

/* ---- reading ----------------------------------------------------------------------------------- */

static void tell_fault (void *hint, uint64_t line, const char *fault)
{
    const struct learning *learning = hint;
    if (line)
        fprintf (stderr, "%s:%llu: %s\n", learning->path, (unsigned long long) line, fault);
    else
        fprintf (stderr, "%s: %s\n", learning->path, fault);
}

static int read_examples (struct learning *learning)
{
    FILE *file = strcmp (learning->path, "-") == 0 ? stdin : fopen (learning->path, "re");
    if (!file)
        return complain (EX_NOINPUT, TEXT_cannot_read, "path", learning->path, "why",
                         strerror (errno), NULL);
    int result = examples_read (file, learning->path, tell_fault, learning, &learning->examples);
    if (result == FAIL_IO)
        return complain (EX_IOERR, TEXT_cannot_read, "path", learning->path, "why",
                         strerror (errno), NULL);
    if (result != 0)
        return complain (EX_DATAERR, TEXT_learn_faulty, "path", learning->path, NULL);
    return 0;
}

static bool several_labels (const struct examples *examples, size_t to)
{
    for (size_t i = 1; i < to; i++)
        if (examples->at[i].label != examples->at[0].label)
            return true;
    return false;
}

static int part (struct learning *learning)
{
    const char *said = option (&learning->cli->options, "held-out");
    char *end = "";
    double share = said ? strtod (said, &end) : 0.2;
    size_t count = learning->examples.count;
    if (*end || !(share >= 0.05 && share <= 0.5))
        return complain (EX_USAGE, TEXT_learn_share, "value", said, NULL);
    learning->held = count - (size_t) ((double) count * share);
    learning->inner = learning->held - (size_t) ((double) learning->held * CALIBRATED_SHARE);
    if (count < EXAMPLES_LEAST || !several_labels (&learning->examples, learning->inner))
        return complain (EX_DATAERR, TEXT_learn_few, "count", count_text (count), "least",
                         count_text (EXAMPLES_LEAST), NULL);
    return 0;
}

/* ---- learning ---------------------------------------------------------------------------------- */

/* Keeps the model in *best if it serves the later ones better. */
static void try_recipe (struct learning *learning, struct recipe recipe, struct model **best,
                        size_t *best_hits)
{
    struct model *model = learner_weights (&learning->examples, 0, learning->inner, &recipe);
    struct judgement *judgements;
    struct score score;
    judge (model, &learning->examples, learning->inner, learning->held, &judgements);
    judge_score (judgements, learning->held - learning->inner, &score);
    free (judgements);
    if (*best == NULL || score.first + score.three > *best_hits) {
        *best_hits = score.first + score.three;
        learning->recipe = recipe;
        model_free (best);
        *best = model;
    } else {
        model_free (&model);
    }
}

/* A recipe, and in *ret the calibrated model that it gave. */
static void choose_recipe (struct learning *learning, struct model **ret)
{
    size_t hits = 0;
    for (size_t i = 0; i < array_len (costs); i++)
        try_recipe (learning, (struct recipe){costs[i], 1, learning->seed}, ret, &hits);
    try_recipe (learning, (struct recipe){learning->recipe.cost, STARTS_LITTLE, learning->seed},
                ret, &hits);
    judge_calibrate (*ret, &learning->examples, learning->inner, learning->held);
}

static void take_calibration (struct model *into, const struct model *from)
{
    into->steepness = from->steepness;
    into->knot_count = from->knot_count;
    into->knots = xrealloc (into->knots, from->knot_count * sizeof *from->knots);
    memcpy (into->knots, from->knots, from->knot_count * sizeof *from->knots);
}

static void learn (struct learning *learning)
{
    const struct examples *examples = &learning->examples;
    struct model *inner = NULL, *judged;
    choose_recipe (learning, &inner);
    judged = learner_weights (examples, 0, learning->held, &learning->recipe);
    take_calibration (judged, inner);
    model_free (&inner);
    judge (judged, examples, learning->held, examples->count, &learning->verdicts);
    judge_calibrate (judged, examples, learning->held, examples->count);
    learning->model = learner_weights (examples, 0, examples->count, &learning->recipe);
    take_calibration (learning->model, judged);
    model_free (&judged);
    learner_name (learning->model, examples, examples->count);
}

/* ---- against the current one ------------------------------------------------------------------- */

/* Has the model not learned from it?  Without time and id nobody can tell. */
static bool is_newer (const struct examples *examples, const struct example *example,
                      const struct model *model)
{
    return examples->timed ? example->time > model_newest (model)
                           : strverscmp (example->id, model_newest_id (model)) > 0;
}

/* Judged on what neither has learned from. */
static void compare (struct learning *learning)
{
    const struct examples *examples = &learning->examples;
    struct comparison *comparison = &learning->report.comparison;
    struct judgement *verdicts;
    comparison->name = model_name (learning->current);
    judge (learning->current, examples, learning->held, examples->count, &verdicts);
    for (size_t i = learning->held; i < examples->count; i++) {
        const struct judgement *old = &verdicts[i - learning->held],
                               *new = &learning->verdicts[i - learning->held];
        if (!is_newer (examples, &examples->at[i], learning->current))
            continue;
        comparison->count++;
        comparison->first += old->rank == 0;
        comparison->three += old->rank < RANK_BEHIND;
        comparison->new_first += new->rank == 0;
        comparison->new_three += new->rank < RANK_BEHIND;
        comparison->won += new->rank == 0 && old->rank != 0;
        comparison->lost += new->rank != 0 && old->rank == 0;
    }
    free (verdicts);
    double may_lose = THREE_MAY_LOSE * (double) comparison->count;
    if (comparison->count < COMPARED_LEAST)
        comparison->why = text_of (TEXT_learn_why_few);
    else if (comparison->new_first <= comparison->first)
        comparison->why = text_of (TEXT_learn_why_first);
    else if ((double) comparison->new_three + may_lose < (double) comparison->three)
        comparison->why = text_of (TEXT_learn_why_three);
    comparison->better = !comparison->why;
}

/* ---- telling ----------------------------------------------------------------------------------- */

static int write_report (const struct learning *learning, const char *path)
{
    char *bytes = NULL;
    size_t len = 0;
    FILE *memory = open_memstream (&bytes, &len);
    check (memory);
    report_write (&learning->report, memory);
    fclose (memory);
    int result = file_write (path, bytes, len, 0644);
    free (bytes);
    return result == 0 ? 0
                       : complain (EX_CANTCREAT, TEXT_cannot_write, "path", path, "why",
                                   strerror (errno), NULL);
}

static int finish (struct learning *learning)
{
    const char *report = option (&learning->cli->options, "report"),
               *out = option (&learning->cli->options, "out");
    struct buffer bytes = {0};
    model_compose (learning->model, &bytes);
    learning->report.examples = &learning->examples;
    learning->report.held_from = learning->held;
    learning->report.model = learning->model;
    learning->report.bytes = bytes.len;
    learning->report.cost = learning->recipe.cost;
    learning->report.starts = learning->recipe.starts;
    learning->report.seed = learning->seed;
    if (learning->current)
        compare (learning);
    judge_score (learning->verdicts, learning->examples.count - learning->held,
                 &learning->report.score);
    learning->report.verdicts = learning->verdicts;
    if (learning->cli->json)
        put_fine (report_json (&learning->report));
    else
        report_say (&learning->report, stdout);
    int status = report ? write_report (learning, report) : 0;
    if (status == 0 && learning->current && !learning->report.comparison.better)
        status = EX_NOTHING;
    else if (status == 0 && file_write (out, bytes.at, bytes.len, 0644) != 0)
        status =
            complain (EX_CANTCREAT, TEXT_cannot_write, "path", out, "why", strerror (errno), NULL);
    buffer_free (&bytes);
    return status;
}

int rules_learn (struct cli *cli)
{
    struct learning learning = {.cli = cli, .path = cli->options.arguments[1]};
    const char *against = option (&cli->options, "against");
    int64_t seed;
    if (!option (&cli->options, "out"))
        return complain (EX_USAGE, TEXT_learn_out, NULL);
    int status = option_number (&cli->options, "seed", 0, INT32_MAX, 1, &seed);
    learning.seed = (unsigned) seed;
    if (status == 0 && against)
        status = model_read (against, &learning.current);
    if (status == 0)
        status = read_examples (&learning);
    if (status == 0)
        status = part (&learning);
    if (status == 0) {
        learn (&learning);
        status = finish (&learning);
    }
    model_free (&learning.model);
    model_free (&learning.current);
    examples_free (&learning.examples);
    free (learning.verdicts);
    return status;
}
