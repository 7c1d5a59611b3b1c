/* A learned model, and scoring with whatever came out of it: of texts that say what it knows. */
#include "fuzz.h"
#include "decide/model_inside.h"

#include <stdlib.h>
#include <string.h>

#define FEATURES_MOST 300

/* Features that it knows, in all groups, some often. */
static void score_known (const struct model *model)
{
    static struct feature features[FEATURES_MOST];
    int32_t *margins = xcalloc (model->label_count, sizeof *margins);
    uint32_t *chances = xcalloc (model->label_count, sizeof *chances);
    struct model_view views[3];
    size_t count = model->entry_count < FEATURES_MOST ? model->entry_count : FEATURES_MOST;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        features[i] = (struct feature){model->entries[i].key, (uint16_t) (i % FEATURE_GROUP_COUNT),
                                       (uint16_t) (i * 997 + 1)};
    model_margins (model, features, count, margins);
    model_chances (model, margins, chances);
    for (size_t i = 0; i < model->label_count; i++)
        sum += chances[i];
    check (sum <= 65536 && sum + model->label_count >= 65536);
    size_t written = model_best (model, chances, margins, views, array_len (views));
    check (written == (model->label_count < 3 ? model->label_count : 3));
    for (size_t i = 1; i < written; i++)
        check (views[i].chance <= views[i - 1].chance);
    check (model_confidence (model, chances[views[0].label]) <= UINT16_MAX);
    free (margins);
    free (chances);
}

static void score_text (const struct model *model)
{
    struct text text = {0};
    struct model_view views[16];
    struct model_facts facts = {.place = view_of ("33.74.01"),
                                .category = view_of ("20"),
                                .latitude = INT32_MIN,
                                .longitude = INT32_MAX};
    float sure;
    text_read (&text, view_of ("Lampu"), view_of ("jalan mati, jalan gelap"), view_of (""));
    check (model_score (model, &text, &facts, views, array_len (views), &sure) > 0);
    check (sure >= 0 && sure <= 1);
    text_free (&text);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    struct model *model = NULL;
    struct buffer again = {0};
    if (model_parse ((const char *) at, len, &model) != 0)
        return 0;
    score_known (model);
    score_text (model);
    model_compose (model, &again);
    check (again.len == len && memcmp (again.at, at, len) == 0);
    fuzz_planted (model->posting_count > 1 && model->posting_weights[1] == 7);
    buffer_free (&again);
    model_free (&model);
    return 0;
}
