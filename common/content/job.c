/* job.c - the clerk: one thread does what callers ask, in the order in which they asked. */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>
#include "content/content_inside.h"

#define SWEEP_MOST_MS  600000
#define SWEEP_LEAST_MS 250
#define ASK_MS         10000 /* between two questions of one folder */

bool content_stops (struct content *content)
{
    pthread_mutex_lock (&content->lock);
    bool stops = content->stops;
    pthread_mutex_unlock (&content->lock);
    return stops;
}

void content_count (struct content *content, uint64_t *counter, uint64_t more)
{
    pthread_mutex_lock (&content->lock);
    *counter += more;
    pthread_mutex_unlock (&content->lock);
}

/* ---- what is asked ------------------------------------------------------------------------------ */

static void put (struct content *content, struct job *job)
{
    struct arrival *arrival = arrival_new (content);

    for (size_t at = 0; at < job->bytes.len; at += BOX_PIECE) {
        size_t left = job->bytes.len - at;
        arrival_add (arrival, job->bytes.at + at, left < BOX_PIECE ? left : BOX_PIECE);
    }
    job->result = arrival_end (&arrival, false, job->digests);
}

static void piece (struct content *content, struct job *job)
{
    if (!job->upload->arrival)
        job->upload->arrival = arrival_new (content);
    arrival_add (job->upload->arrival, job->bytes.at, job->bytes.len);
}

static void seal (struct content *content, struct job *job)
{
    if (!job->upload->arrival)
        job->upload->arrival = arrival_new (content);
    arrival_seal (job->upload->arrival);
}

static void end (struct content *content, struct job *job)
{
    if (!job->upload->arrival)
        job->upload->arrival = arrival_new (content);
    job->result = arrival_end (&job->upload->arrival, job->upload->draft, job->digests);
}

static void pin (struct content *content, struct job *job)
{
    size_t at;
    int result = content_pin_here (content->folder, job->digests, job->count, &at);

    if (result == FAIL_IO)
        disk_refuses (content, &content->clerk_outage, content->folder);
    job->result = result == 0             ? CONTENT_DONE
                  : result == FAIL_ABSENT ? CONTENT_ABSENT
                                          : CONTENT_ROOM;
}

static void job_do (struct content *content, struct job *job)
{
    switch (job->kind) {
    case JOB_PUT: put (content, job); break;
    case JOB_PIECE: piece (content, job); break;
    case JOB_SEAL: seal (content, job); break;
    case JOB_END: end (content, job); break;
    case JOB_DROP:
        if (job->upload->arrival)
            arrival_drop (&job->upload->arrival);
        break;
    case JOB_PIN: pin (content, job); break;
    case JOB_OPEN: find_open (content, job); break;
    case JOB_ASK: break;
    case JOB_GO: orphans_go (content, job); break;
    }
}

/* ---- the thread ---------------------------------------------------------------------------------- */

static int64_t sweep_after (const struct content *content)
{
    int64_t after = content->unpinned_ms / 8;
    return after > SWEEP_MOST_MS ? SWEEP_MOST_MS : after < SWEEP_LEAST_MS ? SWEEP_LEAST_MS : after;
}

static void wait_until (struct content *content, int64_t until_ms)
{
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    pthread_cond_timedwait (&content->some, &content->lock, &until);
}

/* What is due by the clock; when it is due again. */
static int64_t sweep (struct content *content, struct job **ret_asks)
{
    if (content->orphans.at * CONTENT_DIGEST_BYTES >= content->orphans.digests.len) {
        content_sweep (content);
        if (content->ask)
            orphans_find (content);
    }
    *ret_asks = orphans_ask (content);
    int64_t after = sweep_after (content);
    return mono_ms () + (*ret_asks && after > ASK_MS ? ASK_MS : after);
}

static void give_back (struct content *content, struct job *job)
{
    uint64_t one = 1;
    DL_APPEND (content->done, job);
    ssize_t written = write (content->ready_fd, &one, sizeof one);
    (void) written; /* full means that it rings already */
}

void *clerk_run (void *owner)
{
    struct content *content = owner;
    int64_t due = mono_ms ();

    pthread_mutex_lock (&content->lock);
    while (!content->stops) {
        struct job *job = content->waiting;
        bool sweeps = mono_ms () >= due;
        if (!job && !sweeps) {
            wait_until (content, due);
            continue;
        }
        struct job *asks = NULL;
        if (job)
            DL_DELETE (content->waiting, job);
        pthread_mutex_unlock (&content->lock);
        if (job)
            job_do (content, job);
        if (sweeps)
            due = sweep (content, &asks);
        pthread_mutex_lock (&content->lock);
        if (job)
            give_back (content, job);
        if (asks)
            give_back (content, asks);
    }
    pthread_mutex_unlock (&content->lock);
    return NULL;
}
