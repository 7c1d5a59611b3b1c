/* reactor.c - the turn: wait, timers, ready sources, the turn's end.
 *
 * Sources and timers live in plain arrays of pointers: a program has a dozen, and a scan of a dozen
 * is cheaper than a structure to keep.  What a handler forgets is freed at the turn's end only, so
 * that the array being walked never changes under the walk.
 *
 * A ZeroMQ socket tells by its descriptor only that something has happened to it, and only once;
 * whether there is something to read must be asked after that, and after every use of the socket
 * (zmq_getsockopt(3), ZMQ_FD).  So a socket is `used` until it has been asked and had nothing.
 * zmq_poll would ask all sockets in each turn, with a system call for each.
 */
#include "daemon/reactor.h"
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define EVENTS_MOST 64 /* of one wait; the others come with the next */

struct source {
    struct reactor *reactor;
    void *socket; /* NULL: fd */
    int fd;
    int events;
    reactor_source_fn *on_socket;
    reactor_fd_fn *on_fd;
    void *owner;
    bool used;   /* a socket: ask it before waiting */
    bool always; /* a descriptor that cannot be waited for, as of a file: always ready */
    int ready;   /* found in this turn; of a descriptor epoll's events */
    bool forgotten;
};

struct timer {
    struct reactor *reactor;
    int64_t at; /* 0: silent */
    reactor_timer_fn *ring;
    void *owner;
    bool forgotten;
};

struct end {
    reactor_end_fn *end;
    void *owner;
};

struct retired {
    void *object;
    void (*free_fn) (void *);
};

/* A growing array of one kind. */
#define LIST(type)                                                                                 \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t count, room;                                                                        \
    }
#define LIST_ADD(list, item)                                                                       \
    do {                                                                                           \
        if ((list).count == (list).room) {                                                         \
            (list).room = (list).room ? (list).room * 2 : 8;                                       \
            (list).at = xrealloc ((list).at, (list).room * sizeof *(list).at);                     \
        }                                                                                          \
        (list).at[(list).count++] = (item);                                                        \
    } while (0)

struct reactor {
    LIST (struct source *) sources;
    LIST (struct timer *) timers;
    LIST (struct end) ends[REACTOR_PHASES];
    LIST (struct retired) retired;
    int epoll;
    int64_t now;
    bool stopping, forgot;
};

struct reactor *reactor_new (void)
{
    struct reactor *reactor = xcalloc (1, sizeof *reactor);
    reactor->now = mono_ms ();
    reactor->epoll = epoll_create1 (EPOLL_CLOEXEC);
    check (reactor->epoll >= 0);
    return reactor;
}

static void free_retired (struct reactor *reactor)
{
    /* what is freed may retire more */
    for (size_t i = 0; i < reactor->retired.count; i++)
        reactor->retired.at[i].free_fn (reactor->retired.at[i].object);
    reactor->retired.count = 0;
}

void reactor_destroy (struct reactor **held)
{
    struct reactor *reactor = *held;
    if (!reactor)
        return;
    free_retired (reactor);
    for (size_t i = 0; i < reactor->sources.count; i++)
        free (reactor->sources.at[i]);
    for (size_t i = 0; i < reactor->timers.count; i++)
        free (reactor->timers.at[i]);
    for (size_t i = 0; i < REACTOR_PHASES; i++)
        free (reactor->ends[i].at);
    free (reactor->sources.at);
    free (reactor->timers.at);
    free (reactor->retired.at);
    close (reactor->epoll);
    free (reactor);
    *held = NULL;
}

static struct source *add_source (struct reactor *reactor, struct source source)
{
    struct source *new = xcalloc (1, sizeof *new);
    *new = source;
    new->reactor = reactor;
    LIST_ADD (reactor->sources, new);
    struct epoll_event event = {.events = (uint32_t) new->events, .data = {.ptr = new}};
    if (epoll_ctl (reactor->epoll, EPOLL_CTL_ADD, new->fd, &event) != 0) {
        check (errno == EPERM && !new->socket);
        new->always = true;
    }
    return new;
}

struct source *reactor_socket (struct reactor *reactor, void *zmq_socket, reactor_source_fn *ready,
                               void *owner)
{
    int fd;
    size_t len = sizeof fd;
    check (zmq_getsockopt (zmq_socket, ZMQ_FD, &fd, &len) == 0);
    return add_source (reactor, (struct source){.socket = zmq_socket,
                                                .events = EPOLLIN,
                                                .fd = fd,
                                                .used = true,
                                                .on_socket = ready,
                                                .owner = owner});
}

void reactor_used (struct source *source)
{
    source->used = true;
}

static int epoll_events (int events)
{
    return (events & REACTOR_READ ? EPOLLIN : 0) | (events & REACTOR_WRITE ? EPOLLOUT : 0);
}

struct source *reactor_fd (struct reactor *reactor, int fd, int events, reactor_fd_fn *ready,
                           void *owner)
{
    return add_source (
        reactor,
        (struct source){.fd = fd, .events = epoll_events (events), .on_fd = ready, .owner = owner});
}

void reactor_want (struct source *source, int events)
{
    int wanted = epoll_events (events);
    if (source->events == wanted)
        return;
    source->events = wanted;
    if (source->socket) { /* its descriptor only says that the socket is to be asked */
        source->used = true;
        return;
    }
    struct epoll_event event = {.events = (uint32_t) wanted, .data = {.ptr = source}};
    if (!source->always)
        check (epoll_ctl (source->reactor->epoll, EPOLL_CTL_MOD, source->fd, &event) == 0);
}

/* At once: the descriptor's number may be another one's before the turn is over. */
void reactor_forget (struct source **held)
{
    struct source *source = *held;
    if (!source)
        return;
    if (!source->always)
        epoll_ctl (source->reactor->epoll, EPOLL_CTL_DEL, source->fd, NULL); /* or closed already */
    source->forgotten = true;
    source->reactor->forgot = true;
    *held = NULL;
}

struct timer *reactor_timer (struct reactor *reactor, int64_t at, reactor_timer_fn *ring,
                             void *owner)
{
    struct timer *timer = xcalloc (1, sizeof *timer);
    *timer = (struct timer){.reactor = reactor, .at = at, .ring = ring, .owner = owner};
    LIST_ADD (reactor->timers, timer);
    return timer;
}

void reactor_timer_at (struct timer *timer, int64_t at)
{
    timer->at = at;
}

void reactor_timer_forget (struct timer **timer)
{
    if (!*timer)
        return;
    (*timer)->forgotten = true;
    (*timer)->at = 0;
    (*timer)->reactor->forgot = true;
    *timer = NULL;
}

void reactor_at_end (struct reactor *reactor, enum reactor_phase phase, reactor_end_fn *end,
                     void *owner)
{
    LIST_ADD (reactor->ends[phase], ((struct end){end, owner}));
}

void reactor_end_forget (struct reactor *reactor, reactor_end_fn *end, void *owner)
{
    for (size_t phase = 0; phase < REACTOR_PHASES; phase++)
        for (size_t i = 0; i < reactor->ends[phase].count; i++)
            if (reactor->ends[phase].at[i].end == end && reactor->ends[phase].at[i].owner == owner)
                reactor->ends[phase].at[i].end = NULL;
    reactor->forgot = true;
}

void reactor_retire (struct reactor *reactor, void *object, void (*free_fn) (void *object))
{
    LIST_ADD (reactor->retired, ((struct retired){object, free_fn}));
}

int64_t reactor_now (const struct reactor *reactor)
{
    return reactor->now;
}

void reactor_stop (struct reactor *reactor)
{
    reactor->stopping = true;
}

/* Drops what was forgotten; only between turns, when nobody walks the arrays. */
static void sweep (struct reactor *reactor)
{
    if (!reactor->forgot)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < reactor->sources.count; i++) {
        if (reactor->sources.at[i]->forgotten)
            free (reactor->sources.at[i]);
        else
            reactor->sources.at[kept++] = reactor->sources.at[i];
    }
    reactor->sources.count = kept;
    kept = 0;
    for (size_t i = 0; i < reactor->timers.count; i++) {
        if (reactor->timers.at[i]->forgotten)
            free (reactor->timers.at[i]);
        else
            reactor->timers.at[kept++] = reactor->timers.at[i];
    }
    reactor->timers.count = kept;
    for (size_t phase = 0; phase < REACTOR_PHASES; phase++) {
        kept = 0;
        for (size_t i = 0; i < reactor->ends[phase].count; i++)
            if (reactor->ends[phase].at[i].end)
                reactor->ends[phase].at[kept++] = reactor->ends[phase].at[i];
        reactor->ends[phase].count = kept;
    }
    reactor->forgot = false;
}

static int64_t until_next_timer (const struct reactor *reactor, int64_t wait_ms)
{
    for (size_t i = 0; i < reactor->timers.count; i++) {
        int64_t at = reactor->timers.at[i]->at;
        if (at == 0)
            continue;
        int64_t left = at > reactor->now ? at - reactor->now : 0;
        if (wait_ms < 0 || left < wait_ms)
            wait_ms = left;
    }
    return wait_ms;
}

static void ring_timers (struct reactor *reactor)
{
    size_t count = reactor->timers.count; /* those added meanwhile ring next turn at the earliest */
    for (size_t i = 0; i < count; i++) {
        struct timer *timer = reactor->timers.at[i];
        if (timer->at == 0 || timer->at > reactor->now)
            continue;
        timer->at = 0;
        timer->ring (timer->owner);
    }
}

static void serve (struct source *source)
{
    int found = source->ready;
    source->ready = 0;
    if (source->forgotten || found == 0)
        return;
    if (source->socket) {
        source->used = true;
        source->on_socket (source->owner);
        return;
    }
    int ready = (found & (EPOLLIN | EPOLLERR | EPOLLHUP) ? REACTOR_READ : 0) |
                (found & EPOLLOUT ? REACTOR_WRITE : 0);
    source->on_fd (source->owner, ready);
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* Asks a socket that was used; true where there is what its owner waits for. */
static bool ask (struct source *source)
{
    int events = 0;
    size_t len = sizeof events;
    check (zmq_getsockopt (source->socket, ZMQ_EVENTS, &events, &len) == 0 || errno == EINTR);
    source->used = false;
    source->ready = events & (ZMQ_POLLIN | (source->events & EPOLLOUT ? ZMQ_POLLOUT : 0));
    return source->ready != 0;
}

static bool ask_used (struct reactor *reactor)
{
    bool found = false;
    for (size_t i = 0; i < reactor->sources.count; i++) {
        struct source *source = reactor->sources.at[i];
        if (source->always)
            source->ready = source->events;
        else if (source->socket && source->used)
            ask (source);
        found = found || source->ready;
    }
    return found;
}

/* Marks what is ready. */
static void wait_for_sources (struct reactor *reactor, int64_t wait_ms)
{
    struct epoll_event events[EVENTS_MOST];
    if (ask_used (reactor))
        wait_ms = 0;
    int most = wait_ms > INT_MAX ? INT_MAX : (int) wait_ms;
    int count = epoll_wait (reactor->epoll, events, EVENTS_MOST, most);
    check (count >= 0 || errno == EINTR);
    for (int i = 0; i < count; i++) {
        struct source *source = events[i].data.ptr;
        if (source->socket)
            ask (source);
        else
            source->ready = (int) events[i].events;
    }
}

/* ---- the turn's watchdog ------------------------------------------------------------------- */

/* A turn that hangs cannot be asked; a POSIX timer looks at its stamp and aborts.  Checking a stamp
 * four times a limit costs nothing in a turn, re-arming a timer would cost a system call each. */
static volatile sig_atomic_t turn_running;
static volatile int64_t turn_began, turn_limit;

static void at_watch (int signal)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    int64_t ms = (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (turn_running && ms - turn_began > turn_limit) {
        static const char said[] = "a turn lasts too long: aborted by its own watchdog\n";
        (void) !write (STDERR_FILENO, said, sizeof said - 1); /* log.h is not for signal handlers */
        abort ();
    }
    (void) signal;
}

static timer_t watch_turns (int64_t limit_ms)
{
    struct sigaction action = {.sa_handler = at_watch, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    timer_t timer;
    turn_limit = limit_ms;
    int64_t step = limit_ms / 4 > 0 ? limit_ms / 4 : 1;
    struct itimerspec every = {.it_interval = {step / 1000, step % 1000 * 1000000}};
    every.it_value = every.it_interval;
    check (sigaction (SIGALRM, &action, NULL) == 0);
    check (timer_create (CLOCK_MONOTONIC, &event, &timer) == 0);
    check (timer_settime (timer, 0, &every, NULL) == 0);
    return timer;
}

static void run_ends (struct reactor *reactor, enum reactor_phase phase)
{
    for (size_t i = 0; i < reactor->ends[phase].count; i++)
        if (reactor->ends[phase].at[i].end)
            reactor->ends[phase].at[i].end (reactor->ends[phase].at[i].owner);
}

void reactor_turn (struct reactor *reactor, int64_t wait_ms)
{
    run_ends (reactor, REACTOR_SEND);
    sweep (reactor);
    reactor->now = mono_ms ();
    wait_for_sources (reactor, until_next_timer (reactor, wait_ms));
    reactor->now = mono_ms ();
    turn_began = reactor->now;
    turn_running = 1;
    ring_timers (reactor);
    size_t count = reactor->sources.count; /* those added meanwhile are served next turn */
    for (size_t i = 0; i < count; i++)
        serve (reactor->sources.at[i]);
    for (enum reactor_phase phase = REACTOR_DURABLE; phase < REACTOR_SEND; phase++)
        run_ends (reactor, phase);
    free_retired (reactor);
    turn_running = 0;
}

void reactor_run (struct reactor *reactor, int64_t turn_limit_ms)
{
    timer_t watch = 0;
    if (turn_limit_ms > 0)
        watch = watch_turns (turn_limit_ms);
    reactor->stopping = false;
    while (!reactor->stopping)
        reactor_turn (reactor, -1);
    if (turn_limit_ms > 0) {
        timer_delete (watch);
        turn_running = 0;
    }
}
