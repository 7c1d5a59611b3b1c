/* aside.c - slow work beside the reactor. */
#include "aside.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#define WAITING_MOST 64

struct errand {
    void (*work) (void *job);
    void (*done) (void *job, bool worked);
    void *job;
    bool worked;
    struct errand *prev, *next;
};

struct aside {
    struct source *source;
    int event;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t more;
    struct errand *waiting, *finished;
    unsigned count;
    bool stops;
};

static void *thread_run (void *owner)
{
    struct aside *aside = owner;

    pthread_mutex_lock (&aside->lock);
    while (!aside->stops) {
        struct errand *errand = aside->waiting;
        uint64_t one = 1;
        if (!errand) {
            pthread_cond_wait (&aside->more, &aside->lock);
            continue;
        }
        DL_DELETE (aside->waiting, errand);
        pthread_mutex_unlock (&aside->lock);
        errand->work (errand->job);
        errand->worked = true;
        pthread_mutex_lock (&aside->lock);
        DL_APPEND (aside->finished, errand);
        check (write (aside->event, &one, sizeof one) == sizeof one);
    }
    pthread_mutex_unlock (&aside->lock);
    return NULL;
}

static void tell (struct aside *aside, struct errand *errand)
{
    aside->count--;
    errand->done (errand->job, errand->worked);
    free (errand);
}

static void on_finished (void *owner, int events)
{
    struct aside *aside = owner;
    struct errand *errand, *next, *list;
    uint64_t count;

    (void) events;
    if (read (aside->event, &count, sizeof count) != sizeof count)
        return;
    pthread_mutex_lock (&aside->lock);
    list = aside->finished;
    aside->finished = NULL;
    pthread_mutex_unlock (&aside->lock);
    DL_FOREACH_SAFE (list, errand, next)
        tell (aside, errand);
}

struct aside *aside_new (struct reactor *reactor, size_t stack)
{
    struct aside *aside = xcalloc (1, sizeof *aside);
    pthread_attr_t how;

    aside->event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    check (aside->event >= 0);
    aside->source = reactor_fd (reactor, aside->event, REACTOR_READ, on_finished, aside);
    pthread_mutex_init (&aside->lock, NULL);
    pthread_cond_init (&aside->more, NULL);
    pthread_attr_init (&how);
    if (stack)
        check (pthread_attr_setstacksize (&how, stack) == 0);
    check (pthread_create (&aside->thread, &how, thread_run, aside) == 0);
    pthread_attr_destroy (&how);
    return aside;
}

void aside_destroy (struct aside **held)
{
    struct aside *aside = *held;
    struct errand *errand, *next;

    if (!aside)
        return;
    *held = NULL;
    pthread_mutex_lock (&aside->lock);
    aside->stops = true;
    pthread_cond_signal (&aside->more);
    pthread_mutex_unlock (&aside->lock);
    pthread_join (aside->thread, NULL);
    DL_CONCAT (aside->finished, aside->waiting);
    DL_FOREACH_SAFE (aside->finished, errand, next)
        tell (aside, errand);
    reactor_forget (&aside->source);
    close (aside->event);
    pthread_mutex_destroy (&aside->lock);
    pthread_cond_destroy (&aside->more);
    free (aside);
}

bool aside_do (struct aside *aside, void (*work) (void *job), void (*done) (void *job, bool worked),
               void *job)
{
    struct errand *errand;

    if (!aside || aside->count == WAITING_MOST) /* NULL: it is stopping */
        return false;
    errand = xcalloc (1, sizeof *errand);
    *errand = (struct errand){.work = work, .done = done, .job = job};
    aside->count++;
    pthread_mutex_lock (&aside->lock);
    DL_APPEND (aside->waiting, errand);
    pthread_cond_signal (&aside->more);
    pthread_mutex_unlock (&aside->lock);
    return true;
}
