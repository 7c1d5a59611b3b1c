/* limits.c - limits and steps of the clocks, as the store knows them. */
#include "limits.h"
#include "array.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION, STARTS, AGENCY, RULE, CLOCK, CLASS, DAYS, SHARE };
enum { RULE_LIMIT = 1, RULE_WARN, RULE_ESCALATE, RULE_REMIND };

/* ---- reading --------------------------------------------------------------------------------- */

static struct limits *add_agency (struct limit_set *set, uint64_t agency)
{
    set->by_agency = xrealloc (set->by_agency, (set->count + 1) * sizeof *set->by_agency);
    struct limits *limits = &set->by_agency[set->count++];
    if (set->count > 1)
        *limits = set->by_agency[0]; /* what its own rows do not say is everybody's */
    else
        *limits = (struct limits){0};
    limits->agency = agency;
    return limits;
}

static struct limit_steps steps_of (struct view days)
{
    struct limit_steps steps = {0};
    for (size_t i = 0; i < days.len && steps.count < LIMIT_STEPS; i++)
        steps.days[steps.count++] = (uint8_t) days.at[i];
    return steps;
}

static void take_row (struct limits *limits, const PGresult *rows, int row)
{
    enum clock clock;
    struct view days = result_view (rows, row, DAYS);
    int64_t class = result_int (rows, row, CLASS), share = result_int (rows, row, SHARE);
    uint8_t first = days.len ? (uint8_t) days.at[0] : 0;
    if (!clock_of_name (result_view (rows, row, CLOCK), &clock) || class < 0 ||
        class >= LIMIT_CLASSES)
        return;
    switch (result_int (rows, row, RULE)) {
    case RULE_LIMIT:
        for (int64_t i = class ? class : 0; i < (class ? class + 1 : LIMIT_CLASSES); i++)
            limits->limit[clock][i] = first;
        break;
    case RULE_WARN:
        limits->warn_left[clock] = first;
        limits->warn_share[clock] = (uint16_t) share;
        break;
    case RULE_ESCALATE: limits->escalate[clock] = steps_of (days); break;
    case RULE_REMIND: limits->remind[clock] = steps_of (days); break;
    default: break;
    }
}

void limits_free (struct limit_sets *sets)
{
    for (size_t i = 0; i < sets->count; i++)
        free (sets->at[i].by_agency);
    free (sets->at);
    *sets = (struct limit_sets){0};
}

/* ---- questions ------------------------------------------------------------------------------- */

static int by_agency (const void *key, const void *entry)
{
    const uint64_t *agency = key;
    const struct limits *limits = entry;
    return (*agency > limits->agency) - (*agency < limits->agency);
}

const struct limits *limits_find (const struct limit_sets *sets, int64_t received, uint64_t agency)
{
    size_t at = 0;
    while (at + 1 < sets->count && sets->at[at].starts > received)
        at++;
    const struct limit_set *set = &sets->at[at];
    const struct limits *found = set->count > 1 ? bsearch (&agency, set->by_agency, set->count,
                                                           sizeof *set->by_agency, by_agency)
                                                : NULL;
    return found ? found : &set->by_agency[0];
}

unsigned limits_days (const struct limits *limits, enum clock clock, uint32_t class)
{
    return limits->limit[clock][class < LIMIT_CLASSES ? class : 0];
}

unsigned limits_warn_left (const struct limits *limits, enum clock clock, uint32_t class)
{
    unsigned limit = limits_days (limits, clock, class), share = limits->warn_share[clock];
    unsigned left = share ? limit - limit * share / 1000 : limits->warn_left[clock];
    return left < limit ? left : 0; /* at its start nobody needs a warning */
}

/* ---- the soonest step ------------------------------------------------------------------------ */

static void lower (unsigned *number, unsigned to)
{
    if (to < *number)
        *number = to ? to : 1;
}

static void add_soonest (struct limit_sets *sets, const struct limits *limits)
{
    const struct limit_steps *silence = &limits->remind[CLOCK_SILENCE],
                             *complete = &limits->remind[CLOCK_COMPLETE];
    for (uint32_t class = 0; class < LIMIT_CLASSES; class ++) {
        unsigned quiet = limits_days (limits, CLOCK_SILENCE, class);
        for (enum clock clock = CLOCK_VERIFY; clock <= CLOCK_FIRST; clock++)
            lower (&sets->soonest_working,
                   limits_days (limits, clock, class) - limits_warn_left (limits, clock, class));
        lower (&sets->soonest_working,
               quiet - (silence->count && silence->days[0] < quiet ? silence->days[0] : 0));
        /* a reminder goes out when its day begins */
        lower (&sets->soonest_calendar,
               (complete->count ? complete->days[0] : limits_days (limits, CLOCK_COMPLETE, class)) -
                   1);
    }
}

void limits_read (struct limit_sets *sets, const PGresult *rows)
{
    int64_t version = 0;
    limits_free (sets);
    for (int row = 0; row < PQntuples (rows); row++) {
        uint64_t agency = (uint64_t) result_int (rows, row, AGENCY);
        if (row == 0 || result_int (rows, row, VERSION) != version) {
            sets->at = xrealloc (sets->at, (sets->count + 1) * sizeof *sets->at);
            sets->at[sets->count++] = (struct limit_set){.starts = result_ms (rows, row, STARTS)};
            version = result_int (rows, row, VERSION);
        }
        struct limit_set *set = &sets->at[sets->count - 1];
        if (set->count == 0)
            add_agency (set, 0);
        if (set->by_agency[set->count - 1].agency != agency)
            add_agency (set, agency);
        take_row (&set->by_agency[set->count - 1], rows, row);
    }
    sets->soonest_working = sets->soonest_calendar = 255;
    for (size_t i = 0; i < sets->count; i++)
        for (size_t j = 0; j < sets->at[i].count; j++)
            add_soonest (sets, &sets->at[i].by_agency[j]);
}
