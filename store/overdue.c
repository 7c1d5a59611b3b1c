/* overdue.c - what is due at one complaint. */
#include "store.h"

#include "overdue.h"

#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS      INT64_C (86400000)
#define UNSENT_MS   INT64_C (3600000) /* between looks at a notice that waits in the outbox */
#define EAST_MOST   9                 /* where a day ends first */
#define POSTPONED   3
#define IN_PROGRESS 5
#define RESOLVED    7
#define ARCHIVED    8

/* One look. */
struct look {
    const struct watched *watched;
    const struct limit_sets *sets;
    const struct limits *limits; /* of the clock that is looked at */
    const struct workday_calendar *calendar;
    int zone;
    struct steps *steps;
};

/* ---- steps ----------------------------------------------------------------------------------- */

struct id step_key (enum step_kind kind, enum clock clock, unsigned of, unsigned nth)
{
    struct id key;
    const uint32_t words[4] = {htobe32 (kind), htobe32 (clock), htobe32 (of), htobe32 (nth)};
    memcpy (key.at, words, sizeof key.at);
    return key;
}

struct step *step_add (struct steps *steps, enum step_kind kind, struct id key, const char *format,
                       ...)
{
    static struct step spare;
    struct step *step = steps->count < STEPS_MOST ? &steps->at[steps->count++] : &spare;
    va_list arguments;
    *step = (struct step){.kind = kind, .key = key};
    va_start (arguments, format);
    vsnprintf (step->data, sizeof step->data, format, arguments);
    va_end (arguments);
    return step;
}

static void look_again (struct look *look, int64_t at)
{
    if (look->steps->next == 0 || at < look->steps->next)
        look->steps->next = at;
}

/* When a step was taken; 0: it was not. */
static int64_t done_at (const struct look *look, const struct id *key)
{
    struct view done = look->watched->done;
    for (size_t i = 0; i + DONE_BYTES <= done.len; i += DONE_BYTES)
        if (memcmp (done.at + i, key->at, sizeof key->at) == 0) {
            uint64_t at;
            memcpy (&at, done.at + i + sizeof key->at, sizeof at);
            return (int64_t) be64toh (at);
        }
    return 0;
}

/* Is it time for that step?  If not yet, it is looked at again then. */
static bool is_time (struct look *look, const struct id *key, int64_t at)
{
    if (done_at (look, key))
        return false;
    if (look->watched->now >= at)
        return true;
    look_again (look, at);
    return false;
}

/* ---- V, F and R ------------------------------------------------------------------------------ */

/* The agency that is told by the nth step up; 0: there is none so far up. */
static uint64_t above (const struct watched *watched, unsigned nth)
{
    uint32_t number;
    if (watched->above.len == 0)
        return nth == 0 ? watched->holder : 0; /* the root itself */
    if ((nth + 1) * sizeof number > watched->above.len)
        return 0;
    memcpy (&number, watched->above.at + nth * sizeof number, sizeof number);
    return be32toh (number);
}

static void warn (struct look *look, enum clock clock, int64_t due)
{
    const struct watched *watched = look->watched;
    unsigned left = limits_warn_left (look->limits, clock, watched->class);
    struct id key = step_key (STEP_WARNED, clock, watched->resumed, 0);
    if (left && watched->now < due &&
        is_time (look, &key, workday_shift (due, -(int) left, look->calendar)))
        step_add (look->steps, STEP_WARNED, key, "{\"clock\":\"%s\",\"due\":\"%s\"}",
                  clock_name (clock), instant_text (due));
}

static void escalate (struct look *look, enum clock clock, int64_t due)
{
    const struct watched *watched = look->watched;
    const struct limit_steps *steps = &look->limits->escalate[clock];
    for (unsigned i = 0; i < steps->count; i++) {
        uint64_t to = above (watched, i);
        struct id key = step_key (STEP_ESCALATE, clock, watched->annulled[clock], i);
        if (to && is_time (look, &key, workday_shift (due, steps->days[i], look->calendar)))
            step_add (look->steps, STEP_ESCALATE, key,
                      "{\"clock\":\"%s\",\"late\":%u,\"level\":%u,\"to\":%" PRIu64
                      ",\"holder\":%" PRIu64 "}",
                      clock_name (clock), steps->days[i], i + 1, to, watched->holder)
                ->agency = to;
    }
}

static void breach (struct look *look, enum clock clock, int64_t due)
{
    unsigned annulled = look->watched->annulled[clock];
    struct id key = step_key (STEP_BREACH, clock, annulled, 0);
    if (!is_time (look, &key, due))
        return;
    struct step *step =
        step_add (look->steps, STEP_BREACH, key, "{\"clock\":\"%s\",\"due\":\"%s\"}",
                  clock_name (clock), instant_text (due));
    if (clock == CLOCK_RESOLVE && annulled == 0)
        step->template = TEMPLATE_LATE;
}

/* A class that is still blank has a provisional limit: an alarm, no breach (DOMAIN 3.2). */
static void alarm_of_class (struct look *look, int64_t due)
{
    struct id key = step_key (STEP_WARNED, CLOCK_RESOLVE, look->watched->resumed, 1);
    if (is_time (look, &key, due))
        step_add (look->steps, STEP_WARNED, key,
                  "{\"clock\":\"resolve\",\"due\":\"%s\",\"provisional\":true}",
                  instant_text (due));
}

static bool runs (const struct watched *watched, enum clock clock)
{
    bool placed = watched->due[CLOCK_FIRST] != 0;
    if (watched->state == POSTPONED || watched->due[clock] == 0)
        return false;
    return clock == CLOCK_VERIFY ? !placed : clock == CLOCK_FIRST ? !watched->followed : true;
}

static void look_at_promise (struct look *look, enum clock clock)
{
    const struct watched *watched = look->watched;
    int64_t due = watched->due[clock];
    if (!runs (watched, clock))
        return;
    look->limits = limits_find (look->sets, watched->received,
                                clock == CLOCK_FIRST ? watched->placed_by : watched->agency);
    if (clock == CLOCK_RESOLVE && watched->class == 0) {
        alarm_of_class (look, due);
        return;
    }
    warn (look, clock, due);
    breach (look, clock, due);
    escalate (look, clock, due);
}

static void look_at_offer (struct look *look)
{
    const struct watched *watched = look->watched;
    struct id key = step_key (STEP_OFFERED, CLOCK_OFFER, 0, 0);
    look->limits = limits_find (look->sets, watched->received, watched->agency);
    unsigned days = limits_days (look->limits, CLOCK_OFFER, watched->class);
    int64_t at = workday_due (watched->received, days, look->zone, look->calendar, NULL);
    if (days && is_time (look, &key, at))
        step_add (look->steps, STEP_OFFERED, key, "{\"clock\":\"offer\",\"days\":%u}", days)
            ->template = TEMPLATE_OFFERED;
}

/* ---- S --------------------------------------------------------------------------------------- */

static void close_silent (struct look *look)
{
    const struct watched *watched = look->watched;
    struct id key = step_key (STEP_AUTO_CLOSE, CLOCK_SILENCE, watched->follow_event, 0);
    bool told = watched->tells && !watched->undelivered;
    if (watched->unsent) {
        look_again (look, watched->now + UNSENT_MS);
        return;
    }
    look->steps->becomes = RESOLVED;
    step_add (look->steps, STEP_AUTO_CLOSE, key,
              "{\"clock\":\"silence\",\"why\":\"%s\",\"since\":%u}",
              told ? "no_reply" : "no_reply_unreachable", watched->follow_event)
        ->template = TEMPLATE_TIMED_OUT;
}

/* Nobody is closed who was not told so as long before as he is to be. */
static void look_at_silence (struct look *look)
{
    const struct watched *watched = look->watched;
    if (watched->state != IN_PROGRESS || !watched->follow_event ||
        watched->word_event > watched->follow_event)
        return;
    look->limits = limits_find (look->sets, watched->received, watched->placed_by);
    unsigned limit = limits_days (look->limits, CLOCK_SILENCE, watched->class);
    unsigned left =
        look->limits->remind[CLOCK_SILENCE].count ? look->limits->remind[CLOCK_SILENCE].days[0] : 0;
    if (limit == 0)
        return;
    int64_t end = workday_due (watched->follow, limit, look->zone, look->calendar, NULL);
    struct id key = step_key (STEP_REMINDED, CLOCK_SILENCE, watched->follow_event, 0);
    int64_t told = done_at (look, &key), said = told ? told : watched->now;
    int64_t closes = left ? workday_due (said, left, look->zone, look->calendar, NULL) : end;
    closes = closes > end ? closes : end;
    if (left && !told) {
        if (is_time (look, &key, workday_shift (end, -(int) left, look->calendar))) {
            step_add (look->steps, STEP_REMINDED, key, "{\"clock\":\"silence\",\"due\":\"%s\"}",
                      instant_text (closes))
                ->template = TEMPLATE_SILENCE;
            look_again (look, closes);
        }
    } else if (watched->now < closes) {
        look_again (look, closes);
    } else {
        close_silent (look);
    }
}

/* ---- K --------------------------------------------------------------------------------------- */

/* Of several that are late only the last one is a letter.  When the last of all went out; 0: it did not yet. */
static int64_t remind (struct look *look, int64_t end)
{
    const struct watched *watched = look->watched;
    const struct limit_steps *steps = &look->limits->remind[CLOCK_COMPLETE];
    struct step *last = NULL;
    int64_t told = 0;
    for (unsigned i = 0; i < steps->count; i++) {
        struct id key = step_key (STEP_REMINDED, CLOCK_COMPLETE, watched->ask_event, i);
        told = done_at (look, &key);
        if (!is_time (look, &key, clock_days_end (watched->asked, steps->days[i] - 1u, look->zone)))
            continue;
        last = step_add (look->steps, STEP_REMINDED, key,
                         "{\"clock\":\"complete\",\"day\":%u,\"due\":\"%s\"}", steps->days[i],
                         instant_text (end));
    }
    if (last)
        last->template = TEMPLATE_REMINDED;
    return told;
}

/* As silence: not before the last reminder is as old as it is to be then. */
static void look_at_completion (struct look *look)
{
    const struct watched *watched = look->watched;
    if (watched->state != POSTPONED || !watched->ask_event)
        return;
    look->limits = limits_find (look->sets, watched->received, watched->agency);
    const struct limit_steps *steps = &look->limits->remind[CLOCK_COMPLETE];
    unsigned limit = limits_days (look->limits, CLOCK_COMPLETE, watched->class);
    unsigned last = steps->count ? steps->days[steps->count - 1] : limit;
    int64_t end = clock_days_end (watched->asked, limit, look->zone);
    if (limit == 0)
        return;
    int64_t told = remind (look, end);
    if (steps->count && !told) {
        look_again (look, end); /* a reminder that is written now is known then */
        return;
    }
    if (steps->count && last < limit) {
        int64_t later = clock_days_end (told, limit - last, look->zone);
        end = later > end ? later : end;
    }
    if (watched->now < end) {
        look_again (look, end);
        return;
    }
    look->steps->becomes = ARCHIVED;
    step_add (look->steps, STEP_EXPIRE,
              step_key (STEP_EXPIRE, CLOCK_COMPLETE, watched->ask_event, 0),
              "{\"clock\":\"complete\",\"why\":\"expired\",\"was\":%u,\"days\":%u}",
              watched->asked_from, limit)
        ->template = TEMPLATE_EXPIRED;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Whatever clock starts from here on has no step before that. */
static void look_in_time (struct look *look)
{
    int64_t now = look->watched->now;
    look_again (look,
                workday_due (now, look->sets->soonest_working, EAST_MOST, look->calendar, NULL));
    look_again (look, now + (int64_t) look->sets->soonest_calendar * DAY_MS);
}

void overdue_find (const struct watched *watched, const struct limit_sets *limits,
                   const struct workday_calendar *calendar, struct steps *ret)
{
    struct look look = {.watched = watched,
                        .sets = limits,
                        .calendar = calendar,
                        .zone = workday_zone (watched->due[CLOCK_RESOLVE]),
                        .steps = ret};
    ret->count = ret->becomes = 0;
    ret->next = 0;
    if (watched->state >= RESOLVED)
        return;
    for (enum clock clock = CLOCK_VERIFY; clock <= CLOCK_RESOLVE; clock++)
        look_at_promise (&look, clock);
    look_at_offer (&look);
    look_at_silence (&look);
    look_at_completion (&look);
    if (ret->becomes >= RESOLVED)
        ret->next = 0;
    else
        look_in_time (&look);
    if (!watched->tells)
        for (unsigned i = 0; i < ret->count; i++)
            ret->at[i].template = 0;
}
