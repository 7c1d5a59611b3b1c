/* caged.h - what the programs that read what strangers wrote have in common.
 *
 * Such a program may do nothing: no file, no network, bounded memory and time (cage.c).  It answers by its exit status and never speaks.
 * It is linked with nothing of ours.
 */
#ifndef ADUAN_REENCODE_CAGED_H
#define ADUAN_REENCODE_CAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_MOST   10485760 /* bytes of a picture; content.h's CONTENT_BYTES_MOST */
#define FILM_MOST    67108864 /* and of a film; content.h's CONTENT_VIDEO_MOST */
#define SECONDS_MOST 3600

/* Exit status: 0, and the copy is on stdout.  content/child.c has the same numbers. */
enum end {
    END_NONE = 0,
    END_DAMAGED = 1, /* it does not decode */
    END_PIXELS = 2,  /* too many pixels */
    END_KIND = 3,    /* of a kind within its kind that is not taken: CMYK, an animation, a codec */
    END_MEMORY = 4,
    END_USAGE = 64,
    END_CAGE = 69, /* the cage could not be shut: nothing was read */
    END_PIPE = 74, /* stdin or stdout failed */
};
_Noreturn void leave (enum end end);

struct input {
    const uint8_t *at;
    size_t len;
};

/* All of stdin, of at most `most` bytes. */
struct input input_read (size_t most);
/* All of it to stdout. */
void output_write (const void *at, size_t len);

/* Limits and filter; nothing of stdin may be read before. */
void cage_shut (void);

#endif
