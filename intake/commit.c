/* commit.c - the one thread beside the reactor: it makes a batch durable, so that a disk which
 * stalls never stops heartbeats, metrics and TEMPFAILs.  While it works the next batch gathers: the
 * batch grows with the load. */
#include "intake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SLOW_WINDOW 100

struct commit {
    struct intake *intake;
    commit_done_fn *done;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    enum { IDLE, WORKING, FINISHED } phase;
    bool stopping;
    struct record **records;
    struct spool_record **spools;
    unsigned count, room;
    int result;
    int64_t began, lasted[SLOW_WINDOW];
    uint64_t began_us; /* metric_us */
    unsigned lasted_at;
    int event_fd;
    struct source *source;
};

/* What names files that cannot be kept is no part of the batch. */
static unsigned pin (struct commit *commit)
{
    unsigned count = 0;
    for (unsigned i = 0; i < commit->count; i++) {
        struct record *record = commit->records[i];
        if (record->named)
            named_pin (commit->intake->files, record->named);
        if (!record->named || record->named->result == 0)
            commit->spools[count++] = &record->spool;
    }
    return count;
}

/* Without the lock: the disk may stall. */
static void append (struct commit *commit)
{
    uint64_t one = 1;
    unsigned count = pin (commit);
    int result = spool_append (commit->intake->spool, commit->spools, count);
    pthread_mutex_lock (&commit->lock);
    commit->result = result;
    commit->phase = FINISHED;
    check (write (commit->event_fd, &one, sizeof one) == sizeof one);
    pthread_mutex_unlock (&commit->lock);
}

static void *work (void *owner)
{
    struct commit *commit = owner;
    pthread_mutex_lock (&commit->lock);
    while (!commit->stopping) {
        if (commit->phase != WORKING) {
            pthread_cond_wait (&commit->wanted, &commit->lock);
            continue;
        }
        pthread_mutex_unlock (&commit->lock);
        append (commit);
        pthread_mutex_lock (&commit->lock);
    }
    pthread_mutex_unlock (&commit->lock);
    return NULL;
}

static void on_finished (void *owner, int events)
{
    struct commit *commit = owner;
    uint64_t count;
    (void) events;
    if (read (commit->event_fd, &count, sizeof count) != sizeof count)
        return;
    pthread_mutex_lock (&commit->lock);
    bool finished = commit->phase == FINISHED;
    commit->phase = finished ? IDLE : commit->phase;
    pthread_mutex_unlock (&commit->lock);
    if (!finished)
        return;
    commit->lasted[commit->lasted_at++ % SLOW_WINDOW] = mono_ms () - commit->began;
    metric_add (intake_commits_total, 1);
    metric_observe (intake_commit_seconds, metric_us () - commit->began_us);
    metric_observe (intake_commit_records, commit->count);
    commit->done (commit->intake, commit->records, commit->count, commit->result);
}

struct commit *commit_new (struct intake *intake, commit_done_fn *done)
{
    struct commit *commit = xcalloc (1, sizeof *commit);
    *commit = (struct commit){.intake = intake, .done = done};
    commit->event_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    check (commit->event_fd >= 0);
    pthread_mutex_init (&commit->lock, NULL);
    pthread_cond_init (&commit->wanted, NULL);
    commit->source =
        reactor_fd (intake->reactor, commit->event_fd, REACTOR_READ, on_finished, commit);
    check (pthread_create (&commit->thread, NULL, work, commit) == 0);
    return commit;
}

void commit_destroy (struct commit **held)
{
    struct commit *commit = *held;
    if (!commit)
        return;
    pthread_mutex_lock (&commit->lock);
    commit->stopping = true;
    pthread_cond_signal (&commit->wanted);
    pthread_mutex_unlock (&commit->lock);
    pthread_join (commit->thread, NULL);
    reactor_forget (&commit->source);
    close (commit->event_fd);
    pthread_mutex_destroy (&commit->lock);
    pthread_cond_destroy (&commit->wanted);
    free (commit->records);
    free (commit->spools);
    free (commit);
    *held = NULL;
}

bool commit_idle (const struct commit *commit)
{
    return commit->phase == IDLE;
}

void commit_batch (struct commit *commit, struct record **records, unsigned count)
{
    check (commit->phase == IDLE);
    if (count > commit->room) {
        commit->room = count * 2;
        commit->records = xrealloc (commit->records, commit->room * sizeof *commit->records);
        commit->spools = xrealloc (commit->spools, commit->room * sizeof *commit->spools);
    }
    if (count)
        memcpy (commit->records, records, count * sizeof *records);
    commit->count = count;
    commit->began = mono_ms ();
    commit->began_us = metric_us ();
    if (mutant (commit_inline)) {
        append (commit);
        return;
    }
    pthread_mutex_lock (&commit->lock);
    commit->phase = WORKING;
    pthread_cond_signal (&commit->wanted);
    pthread_mutex_unlock (&commit->lock);
}

int64_t commit_age (const struct commit *commit)
{
    return commit->phase == IDLE ? 0 : mono_ms () - commit->began;
}

int64_t commit_slowest (const struct commit *commit)
{
    int64_t slowest = commit_age (commit);
    for (unsigned i = 0; i < SLOW_WINDOW; i++)
        slowest = commit->lasted[i] > slowest ? commit->lasted[i] : slowest;
    return slowest;
}
