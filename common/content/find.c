/* find.c - what a digest stands for now. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "content/content_inside.h"

static bool open_at (struct content *content, enum place place, const char *hex, struct job *job)
{
    char *path = place_path (content->folder, place, hex);
    struct content_found *found = &job->found;
    struct stat there;

    found->fd = open (path, O_RDONLY | O_CLOEXEC);
    free (path);
    if (found->fd < 0)
        return false;
    found->kind = kind_of_file (content->magic, found->fd);
    if (found->kind && fstat (found->fd, &there) == 0) {
        found->len = (size_t) there.st_size;
        return true;
    }
    close (found->fd);
    found->fd = -1;
    return false;
}

/* The copy first: where an earlier version has kept an officer's picture as it came, a citizen may have sent the same one.  Then
 * what is on its way; a copy is made before its box goes, so whoever misses both looks once more. */
void find_open (struct content *content, struct job *job)
{
    const char *folder = content->folder;
    char hex[PLACE_HEX];

    sodium_bin2hex (hex, sizeof hex, job->digests, CONTENT_DIGEST_BYTES);
    job->result = CONTENT_DONE;
    if (open_at (content, PLACE_COPY, hex, job) || open_at (content, PLACE_KEPT, hex, job))
        return;
    if (place_has (folder, PLACE_BOX, hex))
        job->result = CONTENT_NOT_YET;
    else if (!open_at (content, PLACE_COPY, hex, job) && !open_at (content, PLACE_KEPT, hex, job))
        job->result = place_has (folder, PLACE_REFUSED, hex) ? CONTENT_REFUSED : CONTENT_ABSENT;
}
