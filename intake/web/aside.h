/* aside.h - slow work beside the reactor: a thread that reads mail, a thread that fetches media. */
#ifndef ADUAN_ASIDE_H
#define ADUAN_ASIDE_H

#include "daemon/reactor.h"

struct aside;

/* A thread of its own with a stack of `stack` bytes (0: the system's). */
struct aside *aside_new (struct reactor *reactor, size_t stack);
/* Waits for what runs; what waits is told as not done. */
void aside_destroy (struct aside **aside);
/* Runs `work` on the thread, then `done` on the reactor's.  False, and nothing happens: too much waits already. */
bool aside_do (struct aside *aside, void (*work) (void *job), void (*done) (void *job, bool worked),
               void *job);

#endif
