/* fuzz.h - what every fuzz target has.
 *
 * A target is one function over bytes.  Linked with libFuzzer (-Dfuzz=true, clang) it is fuzzed by
 * tests/rows/t16_fuzz; linked with replay.c it is an ordinary test over its committed corpus.
 * With MUTANT=planted_overflow it writes behind its memory where the target says so: a run that does
 * not find that is blind.
 */
#ifndef ADUAN_FUZZ_H
#define ADUAN_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/fault.h"

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len);

/* At a place that only an input with some meaning reaches. */
static inline void fuzz_planted (bool reached)
{
    static volatile char *room;
    if (!reached || !mutant (planted_overflow))
        return;
    room = xcalloc (4, 1);
    room[4] = 1;
}

#endif
