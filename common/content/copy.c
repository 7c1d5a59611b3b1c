/* copy.c - the copier: whatever is pinned and boxed becomes what may be seen, and then the box goes.
 *
 *   box/HEX.box  picture,  a child makes it anew: ab/COPY, and ab/HEX.copy, another link to it
 *                film
 *                document  ab/HEX, as it came
 *                neither   ab/HEX.no
 *
 * Each step is synced before the next one takes something away, and may be done twice; of several programs that share the folder the
 * one that has locked the box works on it. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "content/content_inside.h"

/* One box on its way. */
struct copy {
    struct content *content;
    char hex[PLACE_HEX];
    uint8_t digest[CONTENT_DIGEST_BYTES];
    int fd; /* of the box */
    const struct content_kind *kind;
    struct box box;
    char *path; /* of the half made copy; NULL: none */
    int out;
};

/* ---- its end --------------------------------------------------------------------------------------- */

static bool disk_fails (struct copy *copy, const char *path)
{
    disk_refuses (copy->content, &copy->content->copier_outage, path);
    return false;
}

/* The original goes, under both its names. */
static void box_goes (struct copy *copy)
{
    const char *folder = copy->content->folder;

    if (place_remove (folder, PLACE_NEW_BOX, copy->hex) != 0 ||
        place_remove (folder, PLACE_BOX, copy->hex) != 0)
        disk_fails (copy, folder);
}

static void refuse (struct copy *copy, const char *why)
{
    struct content *content = copy->content;
    char *path = place_path (content->folder, PLACE_REFUSED, copy->hex);
    int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0 || place_sync (content->folder, PLACE_REFUSED, copy->hex) != 0) {
        disk_fails (copy, path);
    } else {
        log_warning ("file %s: refused: %s; whoever opens it is told", copy->hex, why);
        content_count (content, &content->counts.refused, 1);
        box_goes (copy);
    }
    if (fd >= 0)
        close (fd);
    free (path);
}

/* What was half made gets its name: that of its own digest.  False: the disk refuses. */
static bool name_it (struct copy *copy, const char *hex)
{
    char *path = place_path (copy->content->folder, PLACE_KEPT, hex);
    bool done = fsync (copy->out) == 0 && rename (copy->path, path) == 0 &&
                place_sync (copy->content->folder, PLACE_KEPT, hex) == 0;

    if (!done)
        disk_fails (copy, path);
    else
        outage_ends (&copy->content->copier_outage, "files can be written again");
    free (path);
    return done;
}

/* And, of what was made anew, one that leads from what was uploaded to it. */
static bool link_it (struct copy *copy, const char *copy_hex)
{
    const char *folder = copy->content->folder;
    char *made = place_path (folder, PLACE_KEPT, copy_hex),
         *path = place_path (folder, PLACE_COPY, copy->hex);
    bool done = (link (made, path) == 0 || errno == EEXIST) &&
                place_sync (folder, PLACE_COPY, copy->hex) == 0;

    if (!done)
        disk_fails (copy, path);
    free (made);
    free (path);
    return done;
}

static void kept (struct copy *copy)
{
    struct content *content = copy->content;

    (void) fault_point (copy_made);
    place_remove (content->folder, PLACE_REFUSED,
                  copy->hex); /* of an earlier try, without its key */
    content_count (content, &content->counts.copied, 1);
    box_goes (copy);
    (void) fault_point (original_gone);
}

/* ---- the two ways ------------------------------------------------------------------------------------ */

static void keep_made (struct copy *copy)
{
    uint8_t made[CONTENT_DIGEST_BYTES];
    const char *why;

    switch (
        child_copy (copy->content, &copy->box, copy->kind, copy->digest, copy->out, made, &why)) {
    case CHILD_DONE: {
        const char *hex = hex_text (made, sizeof made);
        if (name_it (copy, hex) && link_it (copy, hex))
            kept (copy);
        break;
    }
    case CHILD_REFUSES: refuse (copy, why); break;
    case CHILD_LATER: break;
    }
}

static void keep_document (struct copy *copy)
{
    uint8_t piece[BOX_PIECE], digest[CONTENT_DIGEST_BYTES];
    crypto_generichash_state hash;
    bool last = false;
    size_t len;

    crypto_generichash_init (&hash, NULL, 0, sizeof digest);
    while (!last) {
        int result = box_pull (&copy->box, piece, &len, &last);
        if (result == FAIL_CORRUPT)
            refuse (copy, "its box is damaged");
        if (result == 0 && fd_write (copy->out, piece, len) != 0)
            result = FAIL_IO;
        if (result == FAIL_IO)
            disk_fails (copy, copy->path);
        if (result != 0)
            return;
        crypto_generichash_update (&hash, piece, len);
    }
    sodium_memzero (piece, sizeof piece);
    crypto_generichash_final (&hash, digest, sizeof digest);
    if (memcmp (digest, copy->digest, sizeof digest) != 0)
        refuse (copy, "it is not what its name says");
    else if (name_it (copy, copy->hex))
        kept (copy);
}

/* ---- one after the other ----------------------------------------------------------------------------- */

static void copy_do (struct copy *copy)
{
    const char *folder = copy->content->folder;
    char ending[BOX_ENDING + 1];

    if (place_has (folder, PLACE_COPY, copy->hex)) { /* the last one died behind it */
        box_goes (copy);
        return;
    }
    int result = box_open (folder, copy->fd, &copy->box, ending);
    copy->kind = result == 0 ? kind_with (ending) : NULL;
    if (result == FAIL_ABSENT) {
        refuse (copy, "its key has gone: for a week no copy could be made");
    } else if (result == FAIL_CORRUPT || (result == 0 && !copy->kind)) {
        refuse (copy, "its box is damaged");
    } else if (result != 0) {
        disk_fails (copy, folder);
    } else {
        copy->out = part_new (folder, &copy->path);
        if (copy->out < 0)
            disk_fails (copy, copy->path);
        else if (kind_is_made (copy->kind))
            keep_made (copy);
        else
            keep_document (copy);
    }
    box_done (&copy->box);
}

static void copy_one (struct content *content, const char *hex)
{
    struct copy copy = {.content = content, .out = -1};
    char *path = place_path (content->folder, PLACE_BOX, hex);

    memcpy (copy.hex, hex, sizeof copy.hex);
    check (hex_parse (hex, copy.digest, sizeof copy.digest) == 0);
    copy.fd = open (path, O_RDONLY | O_CLOEXEC);
    /* another program's copier is at it */
    if (copy.fd >= 0 && flock (copy.fd, LOCK_EX | LOCK_NB) == 0)
        copy_do (&copy);
    if (copy.out >= 0)
        close (copy.out);
    if (copy.path)
        unlink (copy.path); /* named, it is there under its name */
    if (copy.fd >= 0)
        close (copy.fd);
    free (copy.path);
    free (path);
}

static bool look_is_wanted (struct content *content)
{
    pthread_mutex_lock (&content->lock);
    bool wanted = content->look;
    content->look = false;
    pthread_mutex_unlock (&content->lock);
    return wanted;
}

/* Everything that waits, once; what comes meanwhile has its place among it. */
static void copy_all (struct content *content)
{
    const char *hex;

    queue_begin (content);
    while (!content_stops (content) && (hex = queue_next (content))) {
        copy_one (content, hex);
        if (look_is_wanted (content))
            queue_look (content);
    }
}

/* How many wait, and since when. */
static void waiting_count (struct content *content)
{
    uint64_t waiting;
    int64_t since;

    queue_look (content);
    queue_count (content, &waiting, &since);
    pthread_mutex_lock (&content->lock);
    content->counts.waiting = waiting;
    content->counts.waiting_since_ms = since;
    pthread_mutex_unlock (&content->lock);
}

void *copier_run (void *owner)
{
    struct content *content = owner;

    pthread_mutex_lock (&content->lock);
    content->look = true;
    while (!content->stops) {
        int64_t until = mono_ms () + LOOK_MS;
        struct timespec rest = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
        if (!content->look && pthread_cond_timedwait (&content->looks, &content->lock, &rest) == 0)
            continue; /* or a false alarm */
        content->look = false;
        pthread_mutex_unlock (&content->lock);
        copy_all (content);
        waiting_count (content);
        pthread_mutex_lock (&content->lock);
    }
    pthread_mutex_unlock (&content->lock);
    queue_free (content);
    return NULL;
}
