/* ghost.c - preloaded into intake by tests/rows/t6_ghost: what strace cannot do, for it skips the call.
 *
 *   GHOST_AT=N     the N-th fdatasync fails with EIO; what was written stays in the page cache
 *   SHORT_EVERY=N  each N-th pwrite writes half of what it was given
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/types.h>

ssize_t pwrite (int fd, const void *from, size_t len, off_t at);
ssize_t pwrite64 (int fd, const void *from, size_t len, off_t at);
int fdatasync (int fd);

static unsigned long number_of (const char *name)
{
    const char *text = getenv (name);
    return text ? strtoul (text, NULL, 10) : 0;
}

static void *real (const char *name)
{
    void *found = dlsym (RTLD_NEXT, name);
    if (!found)
        abort ();
    return found;
}

int fdatasync (int fd)
{
    static atomic_ulong calls;
    int (*next) (int) = NULL;
    if (atomic_fetch_add (&calls, 1) + 1 == number_of ("GHOST_AT")) {
        errno = EIO;
        return -1;
    }
    *(void **) &next = real ("fdatasync");
    return next (fd);
}

ssize_t pwrite64 (int fd, const void *from, size_t len, off_t at)
{
    static atomic_ulong calls;
    ssize_t (*next) (int, const void *, size_t, off_t) = NULL;
    unsigned long every = number_of ("SHORT_EVERY");
    *(void **) &next = real ("pwrite64");
    if (every && (atomic_fetch_add (&calls, 1) + 1) % every == 0 && len > 1)
        len /= 2;
    return next (fd, from, len, at);
}

ssize_t pwrite (int fd, const void *from, size_t len, off_t at)
{
    return pwrite64 (fd, from, len, at);
}
