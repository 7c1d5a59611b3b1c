/* replay.c - a target over its corpus: a file of lines, each an input as hexadecimal digits. */
#include "fuzz.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t bytes_of (const char *digits, uint8_t *ret)
{
    size_t len = 0;
    unsigned byte;
    for (; sscanf (digits, "%2x", &byte) == 1; digits += 2)
        ret[len++] = (uint8_t) byte;
    return len;
}

int main (int argc, char **argv)
{
    char *line = NULL;
    size_t room = 0, count = 0;
    FILE *file = argc == 2 ? fopen (argv[1], "r") : NULL;
    if (!file) {
        fprintf (stderr, "usage: %s CORPUS\n", argv[0]);
        return 64;
    }
    for (ssize_t len; (len = getline (&line, &room, file)) > 0; count++) {
        uint8_t *bytes = xcalloc ((size_t) len, 1); /* its own block: reading behind it is seen */
        size_t size = bytes_of (line, bytes);
        bytes = xrealloc (bytes, size ? size : 1);
        LLVMFuzzerTestOneInput (bytes, size);
        free (bytes);
    }
    fclose (file);
    free (line);
    printf ("%zu inputs\n", count);
    return count ? 0 : 1;
}
