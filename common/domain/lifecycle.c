/* lifecycle.c - lifecycle.def as tables of C. */
#include "domain/lifecycle.h"

#include <string.h>

/* The words that lifecycle.def uses in a move. */
enum {
    WORKER = 1 << ACTOR_worker,
    COORDINATOR = 1 << ACTOR_coordinator,
    AGENCY_ADMIN = 1 << ACTOR_agency_admin,
    LIAISON = 1 << ACTOR_liaison,
    REPORTER = 1 << ACTOR_reporter,
    SYSTEM = 1 << ACTOR_system
};
enum { STATE_SAME = LIFECYCLE_SAME, STATE_LEFT = LIFECYCLE_LEFT };
enum seen { STAFF, EVERYBODY };

static const struct move moves[] = {
#define MOVE(step, from, to, roles, clocks)                                                        \
    {STEP_##step, STATE_##from, (int) STATE_##to, (unsigned) (roles), (unsigned) (clocks)},
#include "domain/lifecycle.def"
};

static const struct {
    const char *word, *label;
} states[STATE_LAST] = {
#define STATE(name, number, label) [number] = {#name, label},
#include "domain/lifecycle.def"
};

static const char *const work_states[WORK_LAST] = {
#define WORK_STATE(name, number) [number] = #name,
#include "domain/lifecycle.def"
};

static const char *const actors[ACTOR_LAST] = {
#define ROLE(name, number) [number] = #name,
#include "domain/lifecycle.def"
};

static const struct {
    enum step step;
    enum seen seen;
    const char *word, *notice, *meaning;
} steps[] = {
#define STEP(name, kind, seen, template, meaning) {kind, seen, #name, #template, meaning},
#include "domain/lifecycle.def"
};

const struct move *lifecycle_move (enum step step, enum state from)
{
    for (size_t i = 0; i < array_len (moves); i++)
        if (moves[i].step == step && moves[i].from == from)
            return &moves[i];
    return NULL;
}

bool lifecycle_allows (enum step step, enum state from, unsigned roles)
{
    const struct move *move = lifecycle_move (step, from);
    return move && (move->roles & roles);
}

static int find_step (enum step step)
{
    for (size_t i = 0; i < array_len (steps); i++)
        if (steps[i].step == step)
            return (int) i;
    return -1;
}

const char *state_word (enum state state)
{
    return state > 0 && state < STATE_LAST ? states[state].word : "?";
}

const char *state_label (enum state state)
{
    return state > 0 && state < STATE_LAST ? states[state].label : "?";
}

const char *work_state_word (enum work_state state)
{
    return state > 0 && state < WORK_LAST ? work_states[state] : "?";
}

const char *actor_word (enum actor actor)
{
    return actor > 0 && actor < ACTOR_LAST ? actors[actor] : "?";
}

const char *step_word (enum step step)
{
    int at = find_step (step);
    return at < 0 ? "?" : steps[at].word;
}

bool step_is_told (enum step step)
{
    int at = find_step (step);
    return at >= 0 && steps[at].seen == EVERYBODY;
}

enum step step_of (const char *word)
{
    for (size_t i = 0; i < array_len (steps); i++)
        if (strcmp (word, steps[i].word) == 0)
            return steps[i].step;
    return 0;
}

enum actor actor_of (const char *word)
{
    for (unsigned i = 1; i < ACTOR_LAST; i++)
        if (strcmp (word, actors[i]) == 0)
            return (enum actor) i;
    return 0;
}

void lifecycle_sql (struct buffer *out)
{
    buffer_format (out, "delete from step_move;\ndelete from step;\n");
    for (size_t i = 0; i < array_len (steps); i++)
        buffer_format (out, "insert into step values (%d, '%s', %s);\n", steps[i].step,
                       steps[i].word, steps[i].seen == EVERYBODY ? "true" : "false");
    for (size_t i = 0; i < array_len (moves); i++)
        buffer_format (out, "insert into step_move values (%d, %d, %d, %u, %u);\n", moves[i].step,
                       moves[i].from, moves[i].to, moves[i].roles, moves[i].clocks);
}

/* ---- docs/lifecycle.md ----------------------------------------------------------------------- */

static void add_roles (struct buffer *out, unsigned roles)
{
    const char *between = "";
    for (unsigned actor = 1; actor < ACTOR_LAST; actor++)
        if (roles >> actor & 1) {
            buffer_format (out, "%s%s", between, actors[actor]);
            between = ", ";
        }
}

static void add_clocks (struct buffer *out, unsigned clocks)
{
    static const char *const words[] = {"V ends",      "F begins", "F ends", "S begins",
                                        "S ends",      "K begins", "K ends", "V, F, R pause",
                                        "they resume", "all end"};
    const char *between = "";
    for (unsigned i = 0; i < array_len (words); i++)
        if (clocks >> i & 1) {
            buffer_format (out, "%s%s", between, words[i]);
            between = "; ";
        }
}

static const char *to_word (const struct move *move)
{
    return move->to == LIFECYCLE_SAME   ? "the same"
           : move->to == LIFECYCLE_LEFT ? "the state that it left"
                                        : state_word ((enum state) move->to);
}

/* Moves of a step that differ in nothing but where they come from stand in one line. */
static bool alike (const struct move *a, const struct move *b)
{
    return a->step == b->step && a->to == b->to && a->roles == b->roles && a->clocks == b->clocks;
}

static bool is_first (size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (alike (&moves[i], &moves[at]))
            return false;
    return true;
}

static void add_moves (struct buffer *out, size_t step)
{
    for (size_t i = 0; i < array_len (moves); i++) {
        if (moves[i].step != steps[step].step || !is_first (i))
            continue;
        const char *between = "";
        buffer_format (out, "| ");
        for (size_t k = i; k < array_len (moves); k++)
            if (alike (&moves[i], &moves[k])) {
                buffer_format (out, "%s%s", between, state_word (moves[k].from));
                between = ", ";
            }
        buffer_format (out, " | %s | ", to_word (&moves[i]));
        add_roles (out, moves[i].roles);
        buffer_format (out, " | ");
        add_clocks (out, moves[i].clocks);
        buffer_format (out, " |\n");
    }
}

void lifecycle_describe (struct buffer *out)
{
    buffer_format (out, "\n| state | number | label |\n|---|---|---|\n");
    for (unsigned i = 1; i < STATE_LAST; i++)
        buffer_format (out, "| %s | %u | %s |\n", states[i].word, i, states[i].label);
    for (size_t i = 0; i < array_len (steps); i++) {
        buffer_format (out, "\n#### %s\n\n%s; event %d, read by %s; notice: %s\n", steps[i].word,
                       steps[i].meaning, steps[i].step,
                       steps[i].seen == EVERYBODY ? "everybody who may read the case" : "staff",
                       strcmp (steps[i].notice, "NONE") == 0 ? "none" : steps[i].notice);
        if (steps[i].step != STEP_place)
            buffer_format (out, "\n| from | to | by | clocks |\n|---|---|---|---|\n");
        add_moves (out, i);
    }
}
