/* opinion.c - what the words say: mandates, and the learned model where there is one.
 *
 * Their chances are mixed: what an agency is mandated to do carries over to the next government, what it was
 * sent does not; so the model never silences the mandates.
 */
#include "ladder.h"

#include <stdio.h>
#include <string.h>

#define MODEL_VIEWS  16
#define MODEL_WEIGHT 0.6f

struct mix {
    struct opinion at[MANDATE_VIEWS + MODEL_VIEWS];
    float mandate[MANDATE_VIEWS + MODEL_VIEWS], model[MANDATE_VIEWS + MODEL_VIEWS];
    size_t count;
};

static bool same_duty (const struct duty *a, const struct duty *b)
{
    return a->function == b->function && a->agency == b->agency;
}

static size_t find_or_add (struct mix *mix, struct duty duty)
{
    for (size_t i = 0; i < mix->count; i++)
        if (same_duty (&mix->at[i].duty, &duty))
            return i;
    mix->at[mix->count] = (struct opinion){.duty = duty, .ground = GROUND_MODEL, .parameter = ""};
    return mix->count++;
}

/* A label of the model is the code of a function, or of an agency. */
static bool duty_of_label (const struct registry *registry, const char *label, struct duty *ret)
{
    *ret = (struct duty){.function = registry_function_by_code (registry, view_of (label))};
    if (ret->function)
        return true;
    const struct agency *agency = registry_agency_by_code (registry, view_of (label));
    ret->agency = agency ? agency->number : 0;
    return agency != NULL;
}

static float add_mandates (const struct ladder *ladder, struct mix *mix)
{
    struct mandate_view views[MANDATE_VIEWS];
    float sure = 0;
    size_t count =
        mandates_score (registry_mandates (ladder->registry), ladder->text, views, &sure);
    for (size_t i = 0; i < count; i++) {
        size_t at = find_or_add (mix, views[i].duty);
        mix->mandate[at] = views[i].share;
        mix->at[at].ground = GROUND_WORDS;
        mix->at[at].parameter = views[i].phrase ? views[i].phrase : "";
        mix->at[at].level = views[i].level;
    }
    return sure;
}

static float add_model (const struct ladder *ladder, struct mix *mix)
{
    struct model_view views[MODEL_VIEWS];
    const struct model *model = ladder->routing->model;
    const struct question *question = ladder->question;
    char category[24] = "";
    float sure = 0;
    if (question->category)
        snprintf (category, sizeof category, "%llu", (unsigned long long) question->category);
    struct model_facts facts = {.place = ladder->place,
                                .category = view_of (category),
                                .latitude = question->latitude,
                                .longitude = question->longitude};
    size_t count = model_score (model, ladder->text, &facts, views, MODEL_VIEWS, &sure);
    for (size_t i = 0; i < count; i++) {
        struct duty duty;
        if (duty_of_label (ladder->registry, model_label (model, views[i].label), &duty))
            mix->model[find_or_add (mix, duty)] = views[i].chance;
        else if (i == 0)
            sure = 0; /* whom it means the registry does not know any more */
    }
    return sure;
}

static void take_best (struct ladder *ladder, struct mix *mix)
{
    float sum = 0;
    for (size_t i = 0; i < mix->count; i++)
        sum += mix->at[i].chance;
    for (ladder->opinion_count = 0; ladder->opinion_count < OPINIONS && sum > 0;) {
        size_t best = 0;
        for (size_t i = 1; i < mix->count; i++)
            if (mix->at[i].chance > mix->at[best].chance)
                best = i;
        if (mix->count == 0 || mix->at[best].chance <= 0)
            break;
        struct opinion *opinion = &ladder->opinions[ladder->opinion_count++];
        *opinion = mix->at[best];
        opinion->chance /= sum;
        mix->at[best].chance = 0;
    }
}

void opinion_form (struct ladder *ladder)
{
    static struct mix mix; /* one thread decides */
    memset (&mix, 0, sizeof mix);
    float of_words = add_mandates (ladder, &mix), of_model = 0;
    bool learned = ladder->routing->model != NULL;
    if (learned)
        of_model = add_model (ladder, &mix);
    for (size_t i = 0; i < mix.count; i++)
        mix.at[i].chance = !learned
                               ? mix.mandate[i]
                               : MODEL_WEIGHT * mix.model[i] + (1 - MODEL_WEIGHT) * mix.mandate[i];
    size_t word_first = 0, model_first = 0;
    for (size_t i = 1; i < mix.count; i++) {
        word_first = mix.mandate[i] > mix.mandate[word_first] ? i : word_first;
        model_first = mix.model[i] > mix.model[model_first] ? i : model_first;
    }
    bool agree = word_first == model_first && mix.count && mix.mandate[word_first] > 0 &&
                 mix.model[model_first] > 0;
    take_best (ladder, &mix);
    if (!learned)
        ladder->sure = of_words;
    else if (agree)
        ladder->sure = 1 - (1 - of_words) * (1 - of_model);
    else
        ladder->sure = of_words > of_model ? of_words * (1 - of_model) : of_model * (1 - of_words);
}

unsigned opinion_level (const struct ladder *ladder, uint16_t function)
{
    for (size_t i = 0; i < ladder->opinion_count; i++)
        if (ladder->opinions[i].duty.function == function)
            return ladder->opinions[i].level;
    return 0;
}

const struct agency *opinion_holder (const struct ladder *ladder, const struct opinion *opinion)
{
    const struct duty *duty = &opinion->duty;
    const struct agency *holder = NULL;
    if (duty->agency)
        holder = registry_agency (ladder->registry, duty->agency);
    else if (ladder->place.len)
        holder = ladder_holder (ladder, duty->function, opinion->level,
                                ladder->vague || ladder->place.len <= PROVINCE_LEN);
    return ladder_may (ladder, holder) ? holder : NULL;
}
