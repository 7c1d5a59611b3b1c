/* position.h - how far an import got, kept in a small file beside what is imported.
 *
 * Everything in front of `offset` is accepted or rejected.  The file also knows which input and which
 * mapping it speaks of: another one begins anew.  Losing it costs time and nothing else, because a
 * record submitted twice is one complaint.
 */
#ifndef ADUAN_POSITION_H
#define ADUAN_POSITION_H

#include <stdio.h>
#include "base/base.h"

struct position {
    uint8_t head[16]; /* digest of the input's first bytes */
    int64_t head_len;
    uint8_t mapping[16];
    int64_t offset;
    uint64_t line; /* that begins at offset */
    uint64_t accepted, repeated, rejected;
    uint64_t skipped; /* of what had ended before it could move in */
    int64_t
        rejects_len; /* bytes of the file of rejects that belong to what is in front of offset */
};

/* The digest of the first `len` bytes of a file, or of as many as there are (*len is set). */
int position_head (FILE *file, uint8_t ret[16], int64_t *len);
/* 0; FAIL_ABSENT; FAIL_MALFORMED. */
int position_read (const char *path, struct position *ret);
/* 0 or FAIL_IO. */
int position_write (const char *path, const struct position *position);
/* Holds <path>.lock until position_unlock or the process's end.  0, FAIL_BUSY where another process
 * holds it, FAIL_IO. */
int position_lock (const char *path, int *ret_lock);
/* Harmless with -1. */
void position_unlock (const char *path, int lock);

#endif
