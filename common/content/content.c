/* content.c - the reactor's side: jobs are given to the clerk and taken back.  See content.h. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>
#include "content/content_inside.h"

const char *content_key (enum content_result result)
{
    static const char *const keys[] = {
        [CONTENT_EMPTY] = "file_empty",     [CONTENT_LARGE] = "file_large",
        [CONTENT_KIND] = "file_kind",       [CONTENT_ROOM] = "file_room",
        [CONTENT_ABSENT] = "absent",        [CONTENT_NOT_YET] = "file_not_yet",
        [CONTENT_REFUSED] = "file_refused", [CONTENT_STOPPED] = "stopping",
    };
    return keys[result];
}

/* ---- jobs ------------------------------------------------------------------------------------------ */

struct job *job_new (enum job_kind kind, void *owner)
{
    struct job *job = xcalloc (1, sizeof *job);
    job->kind = kind;
    job->owner = owner;
    job->found.fd = -1;
    return job;
}

static void job_start (struct content *content, struct job *job)
{
    pthread_mutex_lock (&content->lock);
    DL_APPEND (content->waiting, job);
    pthread_cond_signal (&content->some);
    pthread_mutex_unlock (&content->lock);
}

static void piece_over (struct job *job)
{
    struct content_upload *upload = job->upload;

    upload->behind -= job->bytes.len;
    free ((char *) (uintptr_t) job->bytes.at);
    if (upload->paused && upload->behind <= CONTENT_BEHIND_MOST / 2) {
        upload->paused = false;
        if (upload->more)
            upload->more (upload->owner);
    }
}

static void job_over (struct content *content, struct job *job)
{
    const uint8_t *digest = job->result == CONTENT_DONE ? job->digests : NULL;

    switch (job->kind) {
    case JOB_PUT: job->done.put (job->owner, job->result, digest); break;
    case JOB_PIECE: piece_over (job); break;
    case JOB_SEAL: break;
    case JOB_END:
        job->done.put (job->owner, job->result, digest);
        free (job->upload);
        break;
    case JOB_DROP: free (job->upload); break;
    case JOB_PIN:
        if (job->result == CONTENT_DONE)
            content_look (content);
        job->done.pin (job->owner, job->result);
        break;
    case JOB_OPEN:
        if (job->result == CONTENT_NOT_YET) /* pinned by somebody else, who has not said so */
            content_look (content);
        job->done.open (job->owner, job->result, &job->found);
        break;
    case JOB_ASK:
        if (!content_stops (content))
            content->ask (content->ask_owner, job->asked, job->count);
        break;
    case JOB_GO: break;
    }
    free (job->asked);
    free (job);
}

static void on_done (void *owner, int events)
{
    struct content *content = owner;
    struct job *done, *job, *next;
    uint64_t count;
    (void) events;

    ssize_t got = read (content->ready_fd, &count, sizeof count);
    (void) got;
    pthread_mutex_lock (&content->lock);
    done = content->done;
    content->done = NULL;
    pthread_mutex_unlock (&content->lock);
    DL_FOREACH_SAFE (done, job, next)
        job_over (content, job);
}

/* ---- in and out -------------------------------------------------------------------------------------- */

void content_put (struct content *content, struct view bytes, content_put_fn *done, void *owner)
{
    struct job *job = job_new (JOB_PUT, owner);

    job->bytes = bytes;
    job->done.put = done;
    job_start (content, job);
}

struct content_upload *content_begin (struct content *content, void (*more) (void *owner),
                                      void *owner)
{
    struct content_upload *upload = xcalloc (1, sizeof *upload);
    *upload = (struct content_upload){.content = content, .more = more, .owner = owner};
    return upload;
}

/* What was added goes to the clerk. */
static void piece_start (struct content_upload *upload)
{
    struct job *job;

    if (!upload->piece.len)
        return;
    job = job_new (JOB_PIECE, NULL);
    job->upload = upload;
    job->bytes = upload->piece;
    upload->behind += job->bytes.len;
    upload->piece = (struct view){0};
    job_start (upload->content, job);
}

bool content_add (struct content_upload *upload, const void *at, size_t len)
{
    const char *from = at;

    check (!upload->sealed);
    /* what is over the limit is counted, and no more; the piece that crosses it tells the clerk */
    if (upload->added > content_most (upload->content)) {
        upload->added += len;
        return !upload->paused;
    }
    upload->added += len;
    while (len) {
        struct view *piece = &upload->piece;
        if (!piece->at)
            piece->at = xcalloc (1, BOX_PIECE);
        size_t room = BOX_PIECE - piece->len, some = len < room ? len : room;
        memcpy ((char *) (uintptr_t) piece->at + piece->len, from, some);
        piece->len += some;
        from += some;
        len -= some;
        if (piece->len == BOX_PIECE)
            piece_start (upload);
    }
    if (upload->added > content_most (upload->content))
        piece_start (upload);
    upload->paused |= upload->behind > CONTENT_BEHIND_MOST;
    return !upload->paused;
}

size_t content_added (const struct content_upload *upload)
{
    return upload->added;
}

void content_seal (struct content_upload *upload)
{
    struct job *job = job_new (JOB_SEAL, NULL);

    check (!upload->sealed);
    piece_start (upload);
    upload->sealed = true;
    job->upload = upload;
    job_start (upload->content, job);
}

static void upload_over (struct content_upload **held, struct job *job)
{
    struct content_upload *upload = *held;

    *held = NULL;
    free ((char *) (uintptr_t) upload->piece.at); /* of one that is dropped */
    upload->piece = (struct view){0};
    upload->more = NULL;
    job->upload = upload;
    job_start (upload->content, job);
}

void content_draft (struct content_upload *upload)
{
    upload->draft = true;
}

void content_end (struct content_upload **upload, content_put_fn *done, void *owner)
{
    struct job *job = job_new (JOB_END, owner);

    piece_start (*upload);
    job->done.put = done;
    upload_over (upload, job);
}

void content_drop (struct content_upload **upload)
{
    upload_over (upload, job_new (JOB_DROP, NULL));
}

void content_pin (struct content *content, const uint8_t *digests, size_t count,
                  content_pin_fn *done, void *owner)
{
    struct job *job = job_new (JOB_PIN, owner);

    check (count <= CONTENT_FILES_MOST);
    memcpy (job->digests, digests, count * CONTENT_DIGEST_BYTES);
    job->count = count;
    job->done.pin = done;
    job_start (content, job);
}

void content_unnamed (struct content *content, const uint8_t *digests, size_t count)
{
    struct job *job = job_new (JOB_GO, NULL);

    check (count <= CONTENT_ASK_MOST);
    job->asked = xcalloc (count, CONTENT_DIGEST_BYTES);
    memcpy (job->asked, digests, count * CONTENT_DIGEST_BYTES);
    job->count = count;
    job_start (content, job);
}

void content_look (struct content *content)
{
    pthread_mutex_lock (&content->lock);
    content->look = true;
    pthread_cond_signal (&content->looks);
    pthread_mutex_unlock (&content->lock);
}

void content_open (struct content *content, const uint8_t *digest, content_open_fn *done,
                   void *owner)
{
    struct job *job = job_new (JOB_OPEN, owner);

    memcpy (job->digests, digest, CONTENT_DIGEST_BYTES);
    job->done.open = done;
    job_start (content, job);
}

struct content_counts content_counts (const struct content *content)
{
    pthread_mutex_t *lock = (pthread_mutex_t *) &content->lock;
    pthread_mutex_lock (lock);
    struct content_counts counts = content->counts;
    pthread_mutex_unlock (lock);
    return counts;
}

/* ---- its life ----------------------------------------------------------------------------------------- */

/* The path of `name` in the folder of `program`; the caller's. */
static char *beside (const char *program, const char *name)
{
    char *path = xstrdup (program), *found = xformat ("%s/%s", dirname (path), name);
    free (path);
    return found;
}

/* In the folder of this program; it is built and installed there. */
static char *reencoder_beside (void)
{
    char path[PATH_MAX];
    ssize_t len = readlink ("/proc/self/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = 0;
    return beside (path, "aduan-reencode");
}

static void locks_new (struct content *content)
{
    pthread_condattr_t monotonic;

    check (pthread_condattr_init (&monotonic) == 0 &&
           pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC) == 0 &&
           pthread_mutex_init (&content->lock, NULL) == 0 &&
           pthread_cond_init (&content->some, &monotonic) == 0 &&
           pthread_cond_init (&content->looks, &monotonic) == 0);
    pthread_condattr_destroy (&monotonic);
}

static void content_free (struct content *content)
{
    if (content->magic)
        magic_close (content->magic);
    free (content->folder);
    free (content->reencoder);
    free (content->remuxer);
    words_end (content);
    buffer_free (&content->orphans.digests);
    free (content);
}

int content_new (struct reactor *reactor, const struct content_options *options,
                 struct content **ret)
{
    struct content *content = xcalloc (1, sizeof *content);

    content->reactor = reactor;
    content->folder = xstrdup (options->folder);
    content->reencoder = options->reencoder ? xstrdup (options->reencoder) : reencoder_beside ();
    content->remuxer = beside (content->reencoder, "aduan-remux");
    check (options->video_bytes <= CONTENT_VIDEO_MOST);
    content->video_bytes = options->video_bytes;
    content->video_seconds = options->video_seconds ? options->video_seconds : VIDEO_SECONDS;
    content_words_begin (content);
    content->unpinned_ms = options->unpinned_ms ? options->unpinned_ms : UNPINNED_MS;
    content->draft_ms = options->draft_ms ? options->draft_ms : DRAFT_MS;
    content->room.reserve = options->reserve;
    content->room.unpinned_most = options->unpinned_most;
    content->room.calm_ms = ROOM_CALM_MS;
    content->orphan_ms = options->orphan_ms ? options->orphan_ms : ORPHAN_MS;
    content->ask = options->ask;
    content->ask_owner = options->owner;
    content->copy_ms = options->copy_ms ? options->copy_ms : COPY_MS;
    content->box_documents = options->box_documents;
    content->reencode = options->reencode;
    content->magic = kind_begin ();
    int result = content->magic ? place_make (content->folder) : FAIL_ABSENT;
    if (result != 0) {
        int why = errno;
        content_free (content);
        errno = why;
        return result;
    }
    locks_new (content);
    content->ready_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    content->source = reactor_fd (reactor, content->ready_fd, REACTOR_READ, on_done, content);
    check (pthread_create (&content->clerk, NULL, clerk_run, content) == 0);
    check (!content->reencode || pthread_create (&content->copier, NULL, copier_run, content) == 0);
    *ret = content;
    return 0;
}

/* What no thread will do any more; whoever asked is told, and may ask again for something, of which he is told, too. */
static void jobs_stop (struct content *content)
{
    struct job *job;

    while ((job = content->done)) {
        DL_DELETE (content->done, job);
        job_over (content, job);
    }
    while ((job = content->waiting)) {
        DL_DELETE (content->waiting, job);
        job->result = CONTENT_STOPPED;
        if (job->upload && job->upload->arrival)
            arrival_drop (&job->upload->arrival);
        job_over (content, job);
    }
}

void content_destroy (struct content **held)
{
    struct content *content = *held;
    if (!content)
        return;
    *held = NULL;
    pthread_mutex_lock (&content->lock);
    content->stops = true;
    if (content->child)
        kill (content->child, SIGKILL);
    pthread_cond_signal (&content->some);
    pthread_cond_signal (&content->looks);
    pthread_mutex_unlock (&content->lock);
    pthread_join (content->clerk, NULL);
    if (content->reencode)
        pthread_join (content->copier, NULL);
    jobs_stop (content);
    reactor_forget (&content->source);
    close (content->ready_fd);
    pthread_mutex_destroy (&content->lock);
    pthread_cond_destroy (&content->some);
    pthread_cond_destroy (&content->looks);
    content_free (content);
}
