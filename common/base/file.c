/* file.c - whole files, and names that survive a power cut. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t fd_read (int fd, void *at, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = read (fd, (char *) at + done, len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t) got;
    }
    return (ssize_t) done;
}

int file_read (const char *path, size_t limit, char **ret_at, size_t *ret_len)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? FAIL_ABSENT : FAIL_IO;
    int result = FAIL_IO;
    char *at = NULL;
    struct stat stat;
    if (fstat (fd, &stat) != 0)
        goto done;
    if ((size_t) stat.st_size > limit) {
        result = FAIL_TOO_LONG;
        goto done;
    }
    at = xcalloc ((size_t) stat.st_size + 1, 1);
    if (fd_read (fd, at, (size_t) stat.st_size) == (ssize_t) stat.st_size) {
        result = 0;
        *ret_at = at;
        *ret_len = (size_t) stat.st_size;
        at = NULL;
    }
done:
    free (at);
    close (fd);
    return result;
}

int fd_write (int fd, const void *at, size_t len)
{
    const char *next = at;
    while (len) {
        ssize_t put = write (fd, next, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return FAIL_IO;
        next += put;
        len -= (size_t) put;
    }
    return 0;
}

int dir_sync (const char *path)
{
    int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return FAIL_IO;
    int result = fsync (fd) == 0 ? 0 : FAIL_IO;
    close (fd);
    return result;
}

/* A file beside it takes its place whole. */
static int write_beside (const char *path, const void *at, size_t len, mode_t mode)
{
    int result = FAIL_IO;
    char *beside = xformat ("%s.new", path);
    char *folder = xstrdup (path);
    int fd = open (beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        goto done;
    result = fd_write (fd, at, len) == 0 && fsync (fd) == 0 ? 0 : FAIL_IO;
    if (close (fd) != 0)
        result = FAIL_IO;
    if (result == 0)
        result = rename (beside, path) == 0 ? dir_sync (dirname (folder)) : FAIL_IO;
    if (result != 0) {
        int why = errno;
        unlink (beside);
        errno = why;
    }
done:
    free (folder);
    free (beside);
    return result;
}

static int write_through (const char *path, const void *at, size_t len)
{
    int fd = open (path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL_IO;
    int result = fd_write (fd, at, len);
    return close (fd) == 0 ? result : FAIL_IO;
}

int file_write (const char *path, const void *at, size_t len, mode_t mode)
{
    struct stat there;
    if (stat (path, &there) == 0 && !S_ISREG (there.st_mode))
        return write_through (path, at, len);
    char *real = realpath (path, NULL); /* what a link leads to, not the link */
    int result = write_beside (real ? real : path, at, len, mode);
    free (real);
    return result;
}
