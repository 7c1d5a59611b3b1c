/* reactor.h - one thread, one wait: sockets, descriptors, timers, signals.
 *
 * A turn: cache the time -> wait (epoll) -> timers that are due -> ready sources (each handles at most
 * REACTOR_BUDGET messages, so that no peer starves another) -> the turn's end, in this order:
 * durable, answer (daemon.h's hooks), credit, free (retired objects), send.
 * A handler never frees what it was called with: it retires it.
 */
#ifndef ADUAN_REACTOR_H
#define ADUAN_REACTOR_H

#include "base/base.h"

#define REACTOR_BUDGET 256

struct reactor;
struct source; /* one registration: a ZeroMQ socket or a descriptor */
struct timer;

enum { REACTOR_READ = 1, REACTOR_WRITE = 2 };

typedef void reactor_source_fn (void *owner);
typedef void reactor_fd_fn (void *owner, int events); /* REACTOR_READ | REACTOR_WRITE */
typedef void reactor_timer_fn (void *owner);
typedef void reactor_end_fn (void *owner);

struct reactor *reactor_new (void);
void reactor_destroy (struct reactor **reactor);

/* `ready` is called while the socket has something to read; with reactor_want (REACTOR_READ |
 * REACTOR_WRITE) also while it can be written to, for who waits for a far side to be there.  The
 * socket stays its owner's. */
struct source *reactor_socket (struct reactor *reactor, void *zmq_socket, reactor_source_fn *ready,
                               void *owner);
/* The socket was used outside `ready`: whoever sends on it says so, or a message that came meanwhile
 * would be found only with the next. */
void reactor_used (struct source *source);
/* One registration a descriptor. */
struct source *reactor_fd (struct reactor *reactor, int fd, int events, reactor_fd_fn *ready,
                           void *owner);
/* REACTOR_READ | REACTOR_WRITE: what `ready` is called for from now on. */
void reactor_want (struct source *source, int events);
/* Ends a registration; legal inside any handler, its own too.  Takes *source. */
void reactor_forget (struct source **source);

/* A timer that rings once at `at` (mono_ms); reactor_timer_at moves it, 0 silences it. */
struct timer *reactor_timer (struct reactor *reactor, int64_t at, reactor_timer_fn *ring,
                             void *owner);
void reactor_timer_at (struct timer *timer, int64_t at);
void reactor_timer_forget (struct timer **timer);

/* Something to do at the end of each turn, in the order of `phase`; several in one phase run in the
 * order in which they were added.  The hooks of struct daemon use the first two.  SEND runs before
 * the next wait, so that also what was said between turns leaves before it. */
enum reactor_phase {
    REACTOR_DURABLE,
    REACTOR_ANSWER,
    REACTOR_CREDIT,
    REACTOR_SEND,
    REACTOR_PHASES
};
void reactor_at_end (struct reactor *reactor, enum reactor_phase phase, reactor_end_fn *end,
                     void *owner);
void reactor_end_forget (struct reactor *reactor, reactor_end_fn *end, void *owner);

/* `free_fn (object)` at the end of this turn, after everything else. */
void reactor_retire (struct reactor *reactor, void *object, void (*free_fn) (void *object));

/* The time of this turn, mono_ms. */
int64_t reactor_now (const struct reactor *reactor);
/* One turn that waits at most `wait_ms` (-1: until something happens). */
void reactor_turn (struct reactor *reactor, int64_t wait_ms);
/* Turns until reactor_stop.  With `turn_limit_ms` > 0 a turn that lasts longer aborts the process
 * (a POSIX timer, SIGABRT): no supervisor is needed to notice a handler that hangs. */
void reactor_run (struct reactor *reactor, int64_t turn_limit_ms);
void reactor_stop (struct reactor *reactor);

#endif
