/* input.c - the two pipes. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "caged.h"

struct input input_read (size_t most)
{
    uint8_t *at = malloc (most + 1);
    size_t len = 0;

    if (!at)
        leave (END_MEMORY);
    for (;;) {
        ssize_t got = read (STDIN_FILENO, at + len, most + 1 - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            leave (END_PIPE);
        len += (size_t) got;
        if (got == 0 || len > most)
            break;
    }
    if (len == 0 || len > most)
        leave (END_DAMAGED);
    return (struct input){at, len};
}

void output_write (const void *at, size_t len)
{
    const char *next = at;
    while (len) {
        ssize_t put = write (STDOUT_FILENO, next, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            leave (END_PIPE);
        next += put;
        len -= (size_t) put;
    }
}
