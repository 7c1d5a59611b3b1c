/* fault.h - places where a test may make a program die, fail, or wait; and mutants, wrong
 * behaviours that a test must notice.  Both are compiled only with -Dfaults=true.
 *
 *     FAULT=spool_committed:kill:3     at the third pass: SIGKILL to itself
 *     FAULT=spool_committed:delay:500  at every pass: wait 500 ms
 *     FAULT=place_decoded:fail:1       at the first pass: the point says true, its code fails
 *     MUTANT=ack_first                 the named wrong behaviour is on
 *
 * fault.def has one point before and one after each durable step of RELIABILITY's crash table;
 * tests/crash loops over the list, so a new point is tested without new test code.
 */
#ifndef ADUAN_FAULT_H
#define ADUAN_FAULT_H

#include <stdbool.h>

enum fault {
#define FAULT(name, program, row, meaning) FAULT_##name,
#include "base/fault.def"
    FAULTS
};

enum mutant {
#define MUTANT(name, program, meaning) MUTANT_##name,
#include "base/mutant.def"
    MUTANTS
};

#ifdef ADUAN_FAULTS
/* True when the code at this point must behave as if its step had failed. */
#define fault_point(name) fault_here (FAULT_##name)
#define mutant(name)      mutant_on (MUTANT_##name)
bool fault_here (enum fault fault);
bool mutant_on (enum mutant mutant);
#else
#define fault_point(name) ((void) 0, false)
#define mutant(name)      false
#endif

/* Prints fault.def as lines "name program row meaning", for tests; nothing unless compiled in. */
void fault_list (void);

#endif
