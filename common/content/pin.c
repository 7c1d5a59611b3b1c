/* pin.c - a hard link keeps what is named.  See pin.h. */
#include "content/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "content/place.h"

static int file_sync (const char *path)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    int result = fd >= 0 && fsync (fd) == 0 ? 0 : FAIL_IO, why = errno;
    if (fd >= 0)
        close (fd);
    errno = why;
    return result;
}

/* A second name for what lies at `from`; its time is from then on that of its pinning.  0 also where it has one. */
static int join (const char *folder, enum place from, enum place to, const char *hex)
{
    char *old = place_path (folder, from, hex), *new = place_path (folder, to, hex);
    int result = 0;

    bool fresh = link (old, new) == 0;
    if (!fresh && errno != EEXIST)
        result = errno == ENOENT ? FAIL_ABSENT : FAIL_IO;
    else if (fresh && utimensat (AT_FDCWD, new, NULL, 0) != 0)
        result = errno == ENOENT ? FAIL_ABSENT : FAIL_IO;
    else if (file_sync (new) != 0)
        /* gone again: its copy was made, and whoever goes on finds that */
        result = errno == ENOENT ? FAIL_ABSENT : FAIL_IO;
    else
        result = place_sync (folder, to, hex);
    int why = errno;
    free (old);
    free (new);
    errno = why;
    return result;
}

/* What is kept already is young again, or the sweep that asks who names it might come just before its name arrives. */
static int renew (const char *folder, enum place place, const char *hex)
{
    char *path = place_path (folder, place, hex);
    int result = 0;

    if (utimensat (AT_FDCWD, path, NULL, 0) != 0)
        result = errno == ENOENT ? FAIL_ABSENT : FAIL_IO;
    else if (file_sync (path) != 0 || place_sync (folder, place, hex) != 0)
        result = FAIL_IO;
    int why = errno;
    free (path);
    errno = why;
    return result;
}

/* In this order: a copy is made before its original goes, so whoever does not find the one finds the other. */
static int pin (const char *folder, const char *hex)
{
    static const enum place kept[] = {PLACE_BOX, PLACE_COPY, PLACE_KEPT, PLACE_REFUSED};
    int result = join (folder, PLACE_NEW_BOX, PLACE_BOX, hex);

    if (result == FAIL_ABSENT) {
        result = join (folder, PLACE_NEW, PLACE_KEPT, hex);
        if (result ==
            0) /* what waits for nothing needs one name; a box keeps both until its copy is made */
            (void) place_remove (folder, PLACE_NEW, hex);
    }
    for (size_t i = 0; i < array_len (kept) && result == FAIL_ABSENT; i++)
        result = renew (folder, kept[i], hex);
    return result;
}

int content_pin_here (const char *folder, const uint8_t *digests, size_t count, size_t *ret_at)
{
    int lock = place_lock (folder, LOCK_SH), result = 0;

    *ret_at = 0;
    if (lock < 0)
        return errno == ENOENT ? FAIL_ABSENT : FAIL_IO;
    while (*ret_at < count) {
        result =
            pin (folder, hex_text (digests + *ret_at * CONTENT_DIGEST_BYTES, CONTENT_DIGEST_BYTES));
        if (result != 0)
            break;
        ++*ret_at;
    }
    int why = errno;
    close (lock);
    errno = why;
    return result;
}
