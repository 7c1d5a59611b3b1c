/* lifecycle.h - what may happen to a complaint, from lifecycle.def (DOMAIN 2).  Pure.
 *
 * A step is named by its event's kind: the acts of agencies, a reporter's words, what the system does.  The store judges
 * by the same table in PostgreSQL, which aduan-migrate fills from lifecycle_sql().
 */
#ifndef ADUAN_LIFECYCLE_H
#define ADUAN_LIFECYCLE_H

#include "base/base.h"

/* STATE_received = 1 ... of a complaint; WORK_ready = 1 ... of an assignment. */
enum state {
#define STATE(name, number, label) STATE_##name = number,
#include "domain/lifecycle.def"
    STATE_LAST
};

enum work_state {
#define WORK_STATE(name, number) WORK_##name = number,
#include "domain/lifecycle.def"
    WORK_LAST
};

/* ACTOR_coordinator = 5 ...: who acts.  Of a principal the numbers up to person, of an appointment those from coordinator
 * to operator (schema/0028_people.sql). */
enum actor {
#define ROLE(name, number) ACTOR_##name = number,
#include "domain/lifecycle.def"
    ACTOR_LAST
};

/* STEP_ack = 11 ...: kinds of events. */
enum step {
#define STEP(name, kind, seen, template, meaning) STEP_##name = kind,
#include "domain/lifecycle.def"
    STEP_LAST
};

/* What a move does to the clocks (DOMAIN 2.4). */
enum clock_effect {
    V_ENDS = 1,
    F_BEGINS = 2,
    F_ENDS = 4,
    S_BEGINS = 8,
    S_ENDS = 16,
    K_BEGINS = 32,
    K_ENDS = 64,
    PAUSE = 128,
    RESUME = 256,
    ENDS = 512
};

/* A move's `to`. */
#define LIFECYCLE_SAME 0
#define LIFECYCLE_LEFT (-1)

struct move {
    enum step step;
    enum state from;
    int to;          /* enum state, LIFECYCLE_SAME or LIFECYCLE_LEFT */
    unsigned roles;  /* bits 1 << enum actor */
    unsigned clocks; /* bits of enum clock_effect */
};

/* The move of a step from a state; NULL: there is none, the step is STALE (state). */
const struct move *lifecycle_move (enum step step, enum state from);
/* May any of these roles (bits 1 << enum actor) say it of a complaint in that state?  Scope is judged elsewhere. */
bool lifecycle_allows (enum step step, enum state from, unsigned roles);

/* Words as lifecycle.def writes them; "?" where there is no such number. */
const char *state_word (enum state state);
const char *state_label (enum state state);
const char *work_state_word (enum work_state state);
const char *actor_word (enum actor actor);
const char *step_word (enum step step);
/* Does the reporter read events of this step? */
bool step_is_told (enum step step);
/* And back: 0 where no step, or no role, has that word. */
enum step step_of (const char *word);
enum actor actor_of (const char *word);

/* Appends statements that make the tables `step` and `step_move` what lifecycle.def says. */
void lifecycle_sql (struct buffer *out);
/* Appends the tables of docs/lifecycle.md. */
void lifecycle_describe (struct buffer *out);

#endif
