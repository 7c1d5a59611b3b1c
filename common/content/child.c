/* child.c - a child that decodes what a stranger wrote: fed, listened to, and killed when its time is over.
 *
 * What it is and may do: reencode/caged.h.  Its input is checked against the digest before it sees the end of it, so what it has made is of
 * that file or is thrown away. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "content/content_inside.h"

#define COPY_MOST                                                                                  \
    (6 * CONTENT_BYTES_MOST) /* bytes: more comes of no picture or film within its bounds */

/* reencode/caged.h's exit statuses. */
enum { DAMAGED = 1, PIXELS = 2, KIND = 3, MEMORY = 4, CAGE = 69 };

struct child {
    struct content *content;
    const struct content_kind *kind;
    pid_t pid;
    int pid_fd;
    int in, out;  /* -1: closed */
    int64_t ends; /* mono_ms at which it is killed */
    struct box *box;
    const uint8_t *digest;
    crypto_generichash_state read, wrote;
    uint8_t piece[BOX_PIECE];
    size_t piece_len, piece_at;
    bool last;
    uint8_t room[BOX_PIECE];
    size_t wrote_len;
    enum child_end end;
    const char *why;
};

static char *program_of (const struct child *child)
{
    return child->kind->sort == CONTENT_VIDEO ? child->content->remuxer : child->content->reencoder;
}

/* Of one program that cannot work the other knows nothing. */
static struct outage *outage_of (const struct child *child)
{
    return child->kind->sort == CONTENT_VIDEO ? &child->content->film_outage
                                              : &child->content->child_outage;
}

/* Our signals are blocked in every thread, and SIGPIPE ignored: the child has none of that. */
static int spawn (struct child *child, int in, int out)
{
    bool film = child->kind->sort == CONTENT_VIDEO;
    char seconds[12];
    char *const arguments[] = {program_of (child), (char *) (uintptr_t) child->kind->ending,
                               film ? seconds : NULL, NULL};
    char *const nothing[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, usual;

    snprintf (seconds, sizeof seconds, "%u", child->content->video_seconds);
    sigemptyset (&none);
    sigfillset (&usual);
    check (posix_spawn_file_actions_init (&files) == 0 && posix_spawnattr_init (&how) == 0);
    posix_spawn_file_actions_adddup2 (&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2 (&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen (&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setsigmask (&how, &none);
    posix_spawnattr_setsigdefault (&how, &usual);
    posix_spawnattr_setflags (&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int fault = posix_spawn (&child->pid, arguments[0], &files, &how, arguments, nothing);
    posix_spawn_file_actions_destroy (&files);
    posix_spawnattr_destroy (&how);
    return fault;
}

/* For whoever stops the store: it is killed then.  One that is started just then is killed here. */
static void say_pid (struct content *content, pid_t pid)
{
    pthread_mutex_lock (&content->lock);
    content->child = pid;
    if (pid && content->stops)
        kill (pid, SIGKILL);
    pthread_mutex_unlock (&content->lock);
}

static bool start (struct child *child)
{
    struct content *content = child->content;
    int in[2], out[2], fault = EMFILE;

    if (pipe2 (in, O_CLOEXEC) != 0)
        return false;
    if (pipe2 (out, O_CLOEXEC) == 0) {
        fault = spawn (child, in[0], out[1]);
        close (out[1]);
        if (fault)
            close (out[0]);
    }
    close (in[0]);
    if (fault) {
        close (in[1]);
        outage_begins (
            outage_of (child),
            "%s: cannot be started (%s); what it is for waits for its copies until it can",
            program_of (child), strerrordesc_np (fault));
        return false;
    }
    child->in = in[1];
    child->out = out[0];
    fcntl (child->in, F_SETFL, O_NONBLOCK);
    fcntl (child->out, F_SETFL, O_NONBLOCK);
    child->pid_fd = pidfd_open (child->pid, 0);
    say_pid (content, child->pid);
    return true;
}

static bool stop (struct child *child, enum child_end end, const char *why)
{
    child->end = end;
    child->why = why;
    return false;
}

/* The next piece of the box.  False: there is no further one that is right. */
static bool next_piece (struct child *child)
{
    uint8_t digest[CONTENT_DIGEST_BYTES];
    int result = box_pull (child->box, child->piece, &child->piece_len, &child->last);

    child->piece_at = 0;
    if (result != 0)
        return stop (child, result == FAIL_IO ? CHILD_LATER : CHILD_REFUSES, "its box is damaged");
    crypto_generichash_update (&child->read, child->piece, child->piece_len);
    if (!child->last)
        return true;
    crypto_generichash_final (&child->read, digest, sizeof digest);
    return memcmp (digest, child->digest, sizeof digest) == 0 ||
           stop (child, CHILD_REFUSES, "it is not what its name says");
}

static bool feed (struct child *child)
{
    if (child->piece_at == child->piece_len && !child->last && !next_piece (child))
        return false;
    ssize_t put =
        child->piece_at == child->piece_len
            ? 0
            : write (child->in, child->piece + child->piece_at, child->piece_len - child->piece_at);
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    child->piece_at += put > 0 ? (size_t) put : 0;
    /* it may have seen enough to leave: then its status tells why */
    if (put < 0 || (child->last && child->piece_at == child->piece_len)) {
        close (child->in);
        child->in = -1;
    }
    return true;
}

static bool listen_to (struct child *child, int fd)
{
    ssize_t got = read (child->out, child->room, sizeof child->room);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR || stop (child, CHILD_LATER, "its pipe broke");
    if (got == 0) {
        close (child->out);
        child->out = -1;
        return true;
    }
    child->wrote_len += (size_t) got;
    if (child->wrote_len > COPY_MOST)
        return stop (child, CHILD_REFUSES, "its copy has no end");
    crypto_generichash_update (&child->wrote, child->room, (size_t) got);
    if (fd_write (fd, child->room, (size_t) got) == 0)
        return true;
    disk_refuses (child->content, &child->content->copier_outage, child->content->folder);
    return stop (child, CHILD_LATER, "the disk refuses");
}

/* Until it has left, or must.  The first two are in and out while they are open. */
static bool attend (struct child *child, int fd)
{
    while (child->in >= 0 || child->out >= 0) {
        struct pollfd waits[] = {{child->in, POLLOUT, 0}, {child->out, POLLIN, 0}};
        int64_t left = child->ends - mono_ms ();
        if (left <= 0)
            return stop (child, CHILD_REFUSES, "its child took too long");
        if (poll (waits, array_len (waits), (int) left) < 0 && errno != EINTR)
            return stop (child, CHILD_LATER, "poll");
        if (waits[0].revents && !feed (child))
            return false;
        if (waits[1].revents && !listen_to (child, fd))
            return false;
    }
    struct pollfd leaves = {child->pid_fd, POLLIN, 0};
    int64_t left = child->ends - mono_ms ();
    return poll (&leaves, 1, left > 0 ? (int) left : 0) == 1 ||
           stop (child, CHILD_REFUSES, "its child took too long");
}

static void judge (struct child *child, int status)
{
    static const char *const whys[] = {[DAMAGED] = "it does not decode",
                                       [PIXELS] = "it has too many pixels",
                                       [KIND] = "CMYK, an animation, a codec that is not taken",
                                       [MEMORY] = "it wants too much memory"};
    int code = WIFEXITED (status) ? WEXITSTATUS (status) : 0;

    if (WIFSIGNALED (status))
        stop (child, CHILD_REFUSES,
              WTERMSIG (status) == SIGSYS ? "its child did what it may not" : "its child died");
    else if (code == 0 && child->wrote_len)
        child->end = CHILD_DONE;
    else if (code == CAGE)
        stop (child, CHILD_LATER, "the cage");
    else
        stop (child, CHILD_REFUSES,
              (size_t) code < array_len (whys) && whys[code] ? whys[code] : "its child gave up");
    if (code == CAGE)
        outage_begins (outage_of (child),
                       "%s: cannot limit itself (seccomp, rlimits); what it is for waits for its "
                       "copies until it can",
                       program_of (child));
    else
        outage_ends (outage_of (child), "copies are made again");
}

static void finish (struct child *child, bool attended)
{
    int status = 0;

    if (!attended)
        kill (child->pid, SIGKILL);
    say_pid (child->content, 0); /* before its number may be another's */
    while (waitpid (child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child->in >= 0)
        close (child->in);
    if (child->out >= 0)
        close (child->out);
    if (child->pid_fd >= 0)
        close (child->pid_fd);
    if (attended)
        judge (child, status);
}

enum child_end child_copy (struct content *content, struct box *box,
                           const struct content_kind *kind, const uint8_t *digest, int fd,
                           uint8_t ret_digest[CONTENT_DIGEST_BYTES], const char **ret_why)
{
    struct child *child = xcalloc (1, sizeof *child);

    *child = (struct child){.content = content,
                            .kind = kind,
                            .in = -1,
                            .out = -1,
                            .ends = mono_ms () + content->copy_ms,
                            .box = box,
                            .digest = digest,
                            .end = CHILD_LATER,
                            .why = ""};
    crypto_generichash_init (&child->read, NULL, 0, CONTENT_DIGEST_BYTES);
    crypto_generichash_init (&child->wrote, NULL, 0, CONTENT_DIGEST_BYTES);
    if (start (child))
        finish (child, attend (child, fd));
    crypto_generichash_final (&child->wrote, ret_digest, CONTENT_DIGEST_BYTES);
    *ret_why = child->why;
    enum child_end end = content_stops (content) ? CHILD_LATER : child->end;
    sodium_memzero (child, sizeof *child); /* a piece of what was boxed */
    free (child);
    return end;
}
