/* mandate_score.c - what was found, weighed for each duty: a word counts once, by the heaviest phrase over it. */
#include "mandate_inside.h"

#include <string.h>

/* *ret_general: the part of the score that general words alone make. */
static float weigh (const struct finding *finding, unsigned duty, const char **ret_phrase,
                    float *ret_general)
{
    float of_word[MANDATE_TEXT_MOST], sum = 0, most = 0;
    for (unsigned i = finding->first[duty]; i; i = finding->found[i - 1].next)
        for (unsigned word = 0; word < finding->found[i - 1].phrase->count; word++)
            of_word[finding->found[i - 1].at[word]] = 0;
    for (unsigned i = finding->first[duty]; i; i = finding->found[i - 1].next) {
        const struct found *found = &finding->found[i - 1];
        float each = found->weight / (float) found->phrase->count;
        bool general = found->phrase->general;
        if (found->weight < 0)
            sum += found->weight;
        if (found->weight > most) {
            most = found->weight;
            *ret_phrase = found->phrase->text;
        }
        for (unsigned word = 0; word < found->phrase->count && each > 0; word++) {
            float *of = &of_word[found->at[word]];
            sum += each > *of ? each - *of : 0;
            *ret_general += each > *of && general ? each - *of : 0;
            *of = each > *of ? each : *of;
        }
    }
    return sum;
}

/* The level that its phrases speak for with the most weight; 0: none does. */
static unsigned level_of (const struct finding *finding, unsigned duty)
{
    float weights[3] = {0};
    for (unsigned i = finding->first[duty]; i; i = finding->found[i - 1].next) {
        const struct found *found = &finding->found[i - 1];
        if (found->phrase->level && !found->aside && found->weight > 0)
            weights[found->phrase->level] += found->weight;
    }
    return weights[1] > weights[2] ? 1 : weights[2] > weights[1] ? 2 : 0;
}

static void insert (struct mandate_view ret[MANDATE_VIEWS], size_t *count, struct mandate_view view)
{
    size_t to = *count < MANDATE_VIEWS ? (*count)++ : MANDATE_VIEWS;
    for (; to > 0 && ret[to - 1].score < view.score; to--)
        if (to < MANDATE_VIEWS)
            ret[to] = ret[to - 1];
    if (to < MANDATE_VIEWS)
        ret[to] = view;
}

/* How often the first duty was the right one, by its score and its share of all scores.
 *
 * Fitted on 7,725 complaints of LaporGub (Central Java, 2024-2025), whose categories stand for one to four
 * duties each (infrastruktur: PUPR, HUB, PERKIM, KEMENPU; sosial masyarakat: SOS, NAKER, TRANTIBUM,
 * DALDUK-PPPA; and so on for 14 of 16).  Categories are coarse: of 120 wrong firsts read by hand, 30 to 73 of
 * 100, rising with the share, were right all the same (taps in "infrastruktur"); that part of each cell's
 * misses counts as right here.  Then smoothed by hand so that it never falls where score or share rise.
 *
 * Below a score of 70, 355 of those complaints, 37 of 100 firsts were right, and of 40 wrong ones read by hand 8
 * more: some 50 of 100; what is said there is 43 on average.  There, one word is all that is known: "adu",
 * "nomor", "kecamatan" are in complaints of any kind.  So general words count half. */
#define SCORES 6
#define SHARES 9
static const float scores[SCORES] = {15, 40, 70, 125, 185, 260};
static const float shares[SHARES] = {0, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 1};
static const float right[SCORES][SHARES] = {
    {0.10f, 0.15f, 0.20f, 0.25f, 0.28f, 0.30f, 0.30f, 0.30f, 0.30f},
    {0.14f, 0.26f, 0.34f, 0.40f, 0.45f, 0.48f, 0.50f, 0.51f, 0.52f},
    {0.19f, 0.40f, 0.48f, 0.60f, 0.70f, 0.75f, 0.78f, 0.80f, 0.82f},
    {0.25f, 0.50f, 0.58f, 0.72f, 0.82f, 0.86f, 0.90f, 0.92f, 0.94f},
    {0.25f, 0.52f, 0.62f, 0.78f, 0.86f, 0.90f, 0.94f, 0.95f, 0.96f},
    {0.25f, 0.54f, 0.66f, 0.80f, 0.90f, 0.93f, 0.96f, 0.97f, 0.98f},
};

/* Where `value` stands between two knots: the lower one, and how far it is to the next, 0 to 1. */
static size_t knot (const float *knots, size_t count, float value, float *ret_far)
{
    size_t at = 0;
    while (at + 2 < count && value >= knots[at + 1])
        at++;
    float far = (value - knots[at]) / (knots[at + 1] - knots[at]);
    *ret_far = far < 0 ? 0 : far > 1 ? 1 : far;
    return at;
}

static float confidence_of (float score, float share)
{
    float down, along;
    size_t row = knot (scores, SCORES, score, &down), column = knot (shares, SHARES, share, &along);
    float upper = right[row][column] * (1 - along) + right[row][column + 1] * along;
    float lower = right[row + 1][column] * (1 - along) + right[row + 1][column + 1] * along;
    return upper * (1 - down) + lower * down;
}

size_t mandates_score (const struct mandates *mandates, const struct text *text,
                       struct mandate_view ret[MANDATE_VIEWS], float *ret_confidence)
{
    static _Thread_local struct finding finding; /* 60 KB that need not be cleared each time */
    finding.mandates = mandates;
    finding.text = text;
    finding.words = (unsigned) (text->count < MANDATE_TEXT_MOST ? text->count : MANDATE_TEXT_MOST);
    mandates_find (&finding);
    memset (finding.first, 0, sizeof finding.first);
    for (unsigned i = finding.count; i > 0; i--) {
        uint16_t *first = &finding.first[finding.found[i - 1].phrase->duty];
        finding.found[i - 1].next = *first;
        *first = (uint16_t) i;
    }
    size_t count = 0;
    float sum = 0, of_first = 0;
    for (unsigned duty = 0; duty < mandates->duty_count; duty++) {
        struct mandate_view view = {.duty = mandates->duties[duty]};
        float general = 0;
        view.score = weigh (&finding, duty, &view.phrase, &general);
        if (view.score <= 0)
            continue;
        view.level = level_of (&finding, duty);
        sum += view.score;
        insert (ret, &count, view);
        if (ret[0].duty.function == view.duty.function && ret[0].duty.agency == view.duty.agency)
            of_first = general;
    }
    for (size_t i = 0; i < count; i++)
        ret[i].share = ret[i].score / sum;
    *ret_confidence = count ? confidence_of (ret[0].score - of_first / 2, ret[0].share) : 0;
    return count;
}
