/* arrival.c - an upload as it grows on the disk.
 *
 * Its beginning is kept in memory until libmagic can say what it is, of an image or a film 4 KiB, else 256; then it goes to a file in part/,
 * boxed where it must be, a piece at a time.  Sealed it is whole there; at its end it is synced, and gets its name in new/. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "content/content_inside.h"

struct arrival {
    struct content *content;
    crypto_generichash_state hash;
    struct buffer pending; /* not written yet */
    size_t len;
    size_t written; /* and counted in content->room */
    enum content_result result;
    const struct content_kind *kind; /* NULL: not known yet, no file */
    bool boxed, sealed;
    struct box box;
    char *path; /* in part/; NULL: none */
    int fd;
};

void disk_refuses (struct content *content, struct outage *outage, const char *path)
{
    outage_begins (outage, "%s cannot be written: %s; make room, or put %s elsewhere", path,
                   strerrordesc_np (errno), content->folder);
}

int part_new (const char *folder, char **ret_path)
{
    struct id id = id_random ();
    *ret_path = xformat ("%s/part/%s", folder, hex_text (id.at, sizeof id.at));
    return open (*ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
}

struct arrival *arrival_new (struct content *content)
{
    struct arrival *arrival = xcalloc (1, sizeof *arrival);
    arrival->content = content;
    arrival->fd = -1;
    crypto_generichash_init (&arrival->hash, NULL, 0, CONTENT_DIGEST_BYTES);
    return arrival;
}

/* What is on the disk of it goes; its sender may go on for long. */
static void part_drop (struct arrival *arrival)
{
    uint64_t *unpinned = &arrival->content->room.unpinned;

    if (arrival->fd >= 0)
        close (arrival->fd);
    arrival->fd = -1;
    if (arrival->path)
        unlink (arrival->path);
    free (arrival->path);
    arrival->path = NULL;
    *unpinned -= arrival->written < *unpinned ? arrival->written : *unpinned;
    arrival->written = 0;
}

static void fail (struct arrival *arrival, enum content_result result)
{
    if (result == CONTENT_ROOM)
        disk_refuses (arrival->content, &arrival->content->clerk_outage,
                      arrival->path ? arrival->path : arrival->content->folder);
    arrival->result = result;
    buffer_free (&arrival->pending);
    part_drop (arrival);
}

/* What it is is known, or with its `last` byte or so much of it never will be. */
static void open_part (struct arrival *arrival, bool last)
{
    struct content *content = arrival->content;
    const struct content_kind *kind =
        kind_of_bytes (content->magic, arrival->pending.at, arrival->pending.len);

    if (!last && arrival->pending.len < HEAD_BYTES && !(kind && kind_is_made (kind)))
        return;
    arrival->kind = kind;
    if (!kind || (kind->sort == CONTENT_VIDEO && !content->video_bytes)) {
        fail (arrival, CONTENT_KIND);
        return;
    }
    arrival->boxed = kind_is_made (kind) || content->box_documents;
    arrival->fd = part_new (content->folder, &arrival->path);
    if (arrival->fd < 0 || (arrival->boxed && box_new (content->folder, arrival->fd,
                                                       arrival->kind->ending, &arrival->box) != 0))
        fail (arrival, CONTENT_ROOM);
}

/* Whole pieces; with `last` all that is left, which may be nothing. */
static void write_pending (struct arrival *arrival, bool last)
{
    size_t at = 0;

    while (arrival->result == CONTENT_DONE) {
        size_t left = arrival->pending.len - at, len = left < BOX_PIECE ? left : BOX_PIECE;
        bool ends = last && left <= BOX_PIECE;
        if (len < BOX_PIECE && !ends)
            break;
        if (!room_is_there (arrival->content)) {
            arrival->result = CONTENT_ROOM; /* the log has it */
            buffer_free (&arrival->pending);
            break;
        }
        int result = arrival->boxed ? box_push (&arrival->box, arrival->pending.at + at, len, ends)
                                    : fd_write (arrival->fd, arrival->pending.at + at, len);
        if (result != 0)
            fail (arrival, CONTENT_ROOM);
        arrival->written += len;
        arrival->content->room.unpinned += len;
        at += len;
        if (ends)
            break;
    }
    if (arrival->result != CONTENT_DONE)
        return;
    arrival->pending.len -= at;
    if (arrival->pending.len)
        memmove (arrival->pending.at, arrival->pending.at + at, arrival->pending.len);
    else
        buffer_free (&arrival->pending);
}

/* Bytes that it may have.  Until it is known what it is, as many as any. */
static size_t most_of (const struct arrival *arrival)
{
    const struct content_kind *kind = arrival->kind;
    return !kind                         ? content_most (arrival->content)
           : kind->sort == CONTENT_VIDEO ? content_video_most (arrival->content)
                                         : CONTENT_BYTES_MOST;
}

void arrival_add (struct arrival *arrival, const void *at, size_t len)
{
    arrival->len += len;
    if (arrival->len > most_of (arrival) && arrival->result == CONTENT_DONE)
        fail (arrival, CONTENT_LARGE);
    if (arrival->result != CONTENT_DONE || len == 0)
        return;
    crypto_generichash_update (&arrival->hash, at, len);
    buffer_add (&arrival->pending, at, len);
    if (!arrival->kind && (arrival->pending.len >= HEAD_BYTES ||
                           (arrival->len - len < IMAGE_BYTES && arrival->len >= IMAGE_BYTES)))
        open_part (arrival, false);
    if (arrival->kind)
        write_pending (arrival, false);
}

/* The sweep goes by a name's time: a draft's is set back, but not behind that of the same bytes that were promised longer. */
static int set_back (const struct arrival *arrival, const char *path)
{
    const struct content *content = arrival->content;
    int64_t ms = wall_ms () - content->unpinned_ms + content->draft_ms;
    struct timespec then = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    struct stat there;

    if (content->draft_ms >= content->unpinned_ms)
        return 0;
    if (stat (path, &there) == 0 && there.st_mtim.tv_sec > then.tv_sec)
        then = there.st_mtim;
    return futimens (arrival->fd, (struct timespec[2]){then, then});
}

/* Under the lock against a sweep that is just looking at an older one of the same name. */
static int name_it (struct arrival *arrival, const char *hex, bool draft)
{
    const char *folder = arrival->content->folder;
    enum place place = arrival->boxed ? PLACE_NEW_BOX : PLACE_NEW;
    char *path = place_path (folder, place, hex);
    int lock = place_lock (folder, LOCK_SH);
    int result =
        lock >= 0 && (!draft || set_back (arrival, path) == 0) && rename (arrival->path, path) == 0
            ? 0
            : FAIL_IO;

    if (lock >= 0)
        close (lock);
    free (path);
    if (result == 0) {
        free (arrival->path);
        arrival->path = NULL;
        result = place_sync (folder, place, hex);
    }
    return result;
}

void arrival_seal (struct arrival *arrival)
{
    if (arrival->sealed)
        return;
    arrival->sealed = true;
    if (arrival->len == 0)
        fail (arrival, CONTENT_EMPTY);
    if (arrival->result == CONTENT_DONE && !arrival->kind)
        open_part (arrival, true);
    write_pending (arrival, true);
}

enum content_result arrival_end (struct arrival **held, bool draft,
                                 uint8_t ret_digest[CONTENT_DIGEST_BYTES])
{
    struct arrival *arrival = *held;
    struct content *content = arrival->content;

    arrival_seal (arrival);
    crypto_generichash_final (&arrival->hash, ret_digest, CONTENT_DIGEST_BYTES);
    if (arrival->result == CONTENT_DONE &&
        (fault_point (file_before_sync) || fsync (arrival->fd) != 0 ||
         name_it (arrival, hex_text (ret_digest, CONTENT_DIGEST_BYTES), draft) != 0))
        fail (arrival, CONTENT_ROOM);
    (void) fault_point (file_uploaded);
    enum content_result result = arrival->result;
    if (result == CONTENT_DONE) {
        outage_ends (&content->clerk_outage, "files can be written again");
        content_count (content, &content->counts.stored, 1);
        arrival->written = 0; /* it stays */
    }
    arrival_drop (held);
    return result;
}

void arrival_drop (struct arrival **held)
{
    struct arrival *arrival = *held;

    *held = NULL;
    part_drop (arrival);
    buffer_free (&arrival->pending);
    box_done (&arrival->box);
    free (arrival);
}
