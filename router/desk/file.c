/* file.c - the content store: attachments by their digest, in <data>/files/ab/abcd....
 *
 * A thread does what waits for the disk: looks at the bytes (libmagic), writes them under another name,
 * fsync, rename, fsync of the folder.  Only then the visit goes on, and the act names the digest; so a
 * file that an act names is there.  One that no act names in the end - the act was stale, the desk died - stays: nobody's
 * files are written (stay_prove), and nothing removes them.
 *
 * A file is what its bytes are, whatever its name says.  It goes out as an attachment, without
 * a name of a stranger's, and the browser is told to run nothing of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>
#include "desk.h"

static const struct file_kind {
    const char *type, *ending;
} kinds[] = {
    {"image/jpeg", "jpg"},
    {"image/png", "png"},
    {"image/webp", "webp"},
    {"application/pdf", "pdf"},
    {"text/plain", "txt"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    {"application/vnd.oasis.opendocument.text", "odt"},
    {"application/vnd.oasis.opendocument.spreadsheet", "ods"},
};

/* What the thread is given and gives back: the visit's files, or one that is looked for. */
struct job {
    struct job *prev, *next;
    struct visit *visit;
    struct view bytes[FILES_MOST];
    unsigned count;
    uint8_t digests[FILES_MOST * DIGEST_BYTES];
    bool looks; /* one file is looked for, not stored */
    int fd;     /* of what was found */
    size_t len;
    const struct file_kind *kind;
    const char *fault; /* key of a text; NULL: done */
};

struct files {
    struct reactor *reactor;
    struct source *source;
    char *folder;
    magic_t magic; /* the thread's */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct job *waiting, *done; /* under the lock */
    bool stops;
    int ready_fd;
};

/* ---- the thread -------------------------------------------------------------------------------- */

static const struct file_kind *kind_named (const char *type)
{
    for (size_t i = 0; type && i < array_len (kinds); i++)
        if (strcmp (kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}

static char *place_of (const struct files *files, const uint8_t *digest, char *ret_folder,
                       size_t size)
{
    char hex[2 * DIGEST_BYTES + 1];
    sodium_bin2hex (hex, sizeof hex, digest, DIGEST_BYTES);
    snprintf (ret_folder, size, "%s/%.2s", files->folder, hex);
    return xformat ("%s/%s", ret_folder, hex);
}

static const char *file_keep (struct files *files, struct view bytes, uint8_t *ret_digest)
{
    char folder[512];
    struct stat there;

    if (!kind_named (magic_buffer (files->magic, bytes.at, bytes.len)))
        return "file_kind";
    crypto_generichash (ret_digest, DIGEST_BYTES, (const uint8_t *) bytes.at, bytes.len, NULL, 0);
    char *path = place_of (files, ret_digest, folder, sizeof folder);
    const char *fault = NULL;
    if (stat (path, &there) != 0 || (size_t) there.st_size != bytes.len) {
        if (mkdir (folder, 0750) == 0)
            dir_sync (files->folder);
        if (file_write (path, bytes.at, bytes.len, 0640) != 0) {
            log_error ("%s cannot be written: %s; make room or put the folder elsewhere", path,
                       strerrordesc_np (errno));
            fault = "file_room";
        }
    }
    free (path);
    return fault;
}

static void file_look (struct files *files, struct job *job)
{
    char folder[512];
    char *path = place_of (files, job->digests, folder, sizeof folder);
    struct stat there;

    job->fault = "absent";
    job->fd = open (path, O_RDONLY | O_CLOEXEC);
    if (job->fd >= 0 && fstat (job->fd, &there) == 0) {
        job->len = (size_t) there.st_size;
        job->kind = kind_named (magic_descriptor (files->magic, job->fd));
        lseek (job->fd, 0, SEEK_SET);
        job->fault = job->kind ? NULL : "absent";
    }
    free (path);
}

static void *files_run (void *owner)
{
    struct files *files = owner;

    pthread_mutex_lock (&files->lock);
    while (!files->stops) {
        struct job *job = files->waiting;
        if (!job) {
            pthread_cond_wait (&files->some, &files->lock);
            continue;
        }
        DL_DELETE (files->waiting, job);
        pthread_mutex_unlock (&files->lock);
        if (job->looks)
            file_look (files, job);
        for (unsigned i = 0; i < job->count && !job->fault; i++)
            job->fault = file_keep (files, job->bytes[i], job->digests + i * DIGEST_BYTES);
        pthread_mutex_lock (&files->lock);
        DL_APPEND (files->done, job);
        uint64_t one = 1;
        ssize_t written = write (files->ready_fd, &one, sizeof one);
        (void) written; /* full means that it rings already */
    }
    pthread_mutex_unlock (&files->lock);
    return NULL;
}

/* ---- the reactor's side ------------------------------------------------------------------------ */

static void job_over (struct job *job)
{
    struct visit *visit = job->visit;

    if (job->looks && !job->fault) {
        char *name = xformat ("attachment; filename=\"lampiran-%s.%s\"", hex_text (job->digests, 4),
                              job->kind->ending);
        http_say (visit->request, "Content-Disposition", name);
        http_say (visit->request, "Content-Security-Policy", "default-src 'none'; sandbox");
        http_say (visit->request, "Cache-Control", "private, no-store");
        http_answer_file (visit->request, 200, job->kind->type, job->fd, job->len);
        free (name);
    } else if (job->looks) {
        if (job->fd >= 0)
            close (job->fd);
        visit_refuse (visit, 404, "absent");
    } else if (job->fault) {
        visit_typed (visit);
        visit_refuse (visit, strcmp (job->fault, "file_room") == 0 ? 507 : 422, job->fault);
    } else {
        memcpy (visit->files.digests, job->digests, sizeof job->digests);
        visit->files.count = job->count;
        visit->then (visit);
    }
    free (job);
}

static void on_done (void *owner, int events)
{
    struct files *files = owner;
    struct job *done, *job, *next;
    uint64_t count;
    (void) events;

    ssize_t got = read (files->ready_fd, &count, sizeof count);
    (void) got;
    pthread_mutex_lock (&files->lock);
    done = files->done;
    files->done = NULL;
    pthread_mutex_unlock (&files->lock);
    DL_FOREACH_SAFE (done, job, next)
        job_over (job);
}

static void job_start (struct files *files, struct job *job)
{
    pthread_mutex_lock (&files->lock);
    DL_APPEND (files->waiting, job);
    pthread_cond_signal (&files->some);
    pthread_mutex_unlock (&files->lock);
}

struct files *files_new (struct reactor *reactor, const char *folder)
{
    struct files *files = xcalloc (1, sizeof *files);

    files->reactor = reactor;
    files->folder = xstrdup (folder);
    files->magic = magic_open (MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS);
    if (!files->magic || magic_load (files->magic, NULL) != 0 ||
        (mkdir (folder, 0750) != 0 && errno != EEXIST)) {
        if (files->magic)
            magic_close (files->magic);
        free (files->folder);
        free (files);
        return NULL;
    }
    files->ready_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    files->source = reactor_fd (reactor, files->ready_fd, REACTOR_READ, on_done, files);
    check (pthread_mutex_init (&files->lock, NULL) == 0 &&
           pthread_cond_init (&files->some, NULL) == 0 &&
           pthread_create (&files->thread, NULL, files_run, files) == 0);
    return files;
}

void files_destroy (struct files **held)
{
    struct files *files = *held;
    if (!files)
        return;
    *held = NULL;
    pthread_mutex_lock (&files->lock);
    files->stops = true;
    pthread_cond_signal (&files->some);
    pthread_mutex_unlock (&files->lock);
    pthread_join (files->thread, NULL);
    struct job *job, *next;
    DL_CONCAT (files->waiting, files->done);
    DL_FOREACH_SAFE (files->waiting, job, next) { /* a drain that ran out of time */
        job->fault = job->fault ? job->fault : "store_down";
        job_over (job);
    }
    reactor_forget (&files->source);
    close (files->ready_fd);
    magic_close (files->magic);
    pthread_mutex_destroy (&files->lock);
    pthread_cond_destroy (&files->some);
    free (files->folder);
    free (files);
}

bool files_brought (const struct visit *visit)
{
    for (size_t i = 0; i < http_field_count (visit->request); i++) {
        const struct http_field *field = http_field (visit->request, i);
        if (field->file && field->value.len)
            return true;
    }
    return false;
}

void files_take (struct visit *visit, void (*then) (struct visit *visit))
{
    struct job *job = xcalloc (1, sizeof *job);
    const char *fault = NULL;

    *job = (struct job){.visit = visit, .fd = -1};
    visit->then = then;
    for (size_t i = 0; i < http_field_count (visit->request); i++) {
        const struct http_field *field = http_field (visit->request, i);
        if (!field->file || field->value.len == 0)
            continue;
        if (job->count == FILES_MOST)
            fault = "file_many";
        else if (field->value.len > FILE_MOST)
            fault = "file_large";
        else
            job->bytes[job->count++] = field->value;
    }
    if (fault || job->count == 0) {
        free (job);
        if (fault)
            visit_refuse (visit, 413, fault);
        else
            then (visit);
        return;
    }
    job_start (visit->desk->files, job);
}

/* ---- one file to whoever may see its case ------------------------------------------------------ */

static void file_seen (struct visit *visit)
{
    const json_t *found = json_object_get (visit->values, "found");
    struct job *job;

    if (visit->fault || json_array_size (found) == 0) {
        visit_refuse (visit, visit->fault ? visit->fault : 404,
                      visit->fault ? visit->why : "absent");
        return;
    }
    job = xcalloc (1, sizeof *job);
    *job = (struct job){.visit = visit, .looks = true, .fd = -1};
    hex_parse (visit_parameter (visit, "digest"), job->digests, DIGEST_BYTES);
    job_start (visit->desk->files, job);
}

void file_show (struct visit *visit)
{
    static const struct question file = {"found", "desk_file", false, {":number", ":digest"}};
    const char *digest = visit_parameter (visit, "digest");
    uint8_t bytes[DIGEST_BYTES];

    if (strlen (digest) != 2 * DIGEST_BYTES || hex_parse (digest, bytes, sizeof bytes) != 0)
        visit_refuse (visit, 404, "absent");
    else
        page_ask (visit, &file, file_seen);
}
