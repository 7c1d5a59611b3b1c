/* overdue.h - what is due at one complaint, and when to look at it next (docs/deadlines.md).
 *
 * Pure: a complaint as its rows tell of it and the moment, the calendar and limits give the steps to
 * take.  A step has a key that is made of what it is for, so that one that was taken is known.
 */
#ifndef ADUAN_OVERDUE_H
#define ADUAN_OVERDUE_H

#include "limits.h"

/* Kinds of events (schema/0032_clocks.sql). */
enum step_kind {
    STEP_WARNED = 40,
    STEP_BREACH,
    STEP_ESCALATE,
    STEP_AUTO_CLOSE,
    STEP_EXPIRE,
    STEP_RECOMPUTED,
    STEP_ANNULLED,
    STEP_OFFERED,
    STEP_REMINDED
};

#define STEPS_MOST 64
#define DONE_BYTES 26 /* key, ms since 1970 (int8), number of the event (int2) */

struct step {
    enum step_kind kind;
    struct id key;
    uint64_t agency;   /* of an escalation who is told; 0: nobody */
    unsigned template; /* of the reporter's notice; 0: none */
    char data[192];    /* JSON */
};

struct steps {
    struct step at[STEPS_MOST];
    unsigned count;
    unsigned becomes; /* the complaint's state; 0: as it is */
    int64_t next;     /* ms; 0: it has ended, nobody looks any more */
};

/* Instants in ms, 0: none.  Numbers of events within the complaint, 0: none. */
struct watched {
    int64_t now, received, due[CLOCK_PROMISES];
    unsigned state, class;
    uint64_t holder, agency, placed_by; /* now; when V and R started; when F started */
    int64_t followed;                   /* the first follow-up */
    int64_t follow;                     /* the last one */
    unsigned follow_event, word_event;  /* the last follow-up, the reporter's last word */
    int64_t asked;                      /* the question that postponed */
    unsigned ask_event, asked_from;     /* and the state that it left */
    unsigned resumed;                   /* pauses that ended */
    unsigned annulled[CLOCK_PROMISES];
    bool tells;        /* its reporter left a contact */
    bool unsent;       /* the notice that it will be closed waits in the outbox */
    bool undelivered;  /* the same could not be delivered */
    struct view done;  /* what timers did, DONE_BYTES each */
    struct view above; /* numbers of the agencies above its holder, the next one first, int4 each */
};

void overdue_find (const struct watched *watched, const struct limit_sets *limits,
                   const struct workday_calendar *calendar, struct steps *ret);

/* The step's key; of: what tells it from the same one of another time. */
struct id step_key (enum step_kind kind, enum clock clock, unsigned of, unsigned nth);
/* Adds one; its data is what `format` makes.  Steps that do not fit are left for the next look. */
__attribute__ ((format (printf, 4, 5))) struct step *step_add (struct steps *steps,
                                                               enum step_kind kind, struct id key,
                                                               const char *format, ...);

#endif
