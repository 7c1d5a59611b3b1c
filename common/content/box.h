/* box.h - a file that only the key of its day opens: libsodium's secretstream in pieces of 64 KiB.
 *
 *     "aduanbox" | day, 10 bytes | ending, 6 bytes | secretstream's header | pieces, the last one marked
 *
 * What stands before the pieces is bound to the first of them: a changed day or ending does not open.
 */
#ifndef ADUAN_CONTENT_BOX_H
#define ADUAN_CONTENT_BOX_H

#include <sodium.h>
#include "content/key.h"

#define BOX_PIECE  65536
#define BOX_ENDING 6

struct box {
    crypto_secretstream_xchacha20poly1305_state state;
    char head[8 + KEY_DAY - 1 + BOX_ENDING];
    bool first; /* no piece yet */
    int fd;     /* borrowed */
};

/* A new one at the beginning of `fd`, under today's key; `ending` of its kind.  0, or as key_read, or FAIL_IO. */
int box_new (const char *folder, int fd, const char *ending, struct box *ret);
/* At most BOX_PIECE bytes; `last`: no further piece.  0, or FAIL_IO with errno set. */
int box_push (struct box *box, const void *at, size_t len, bool last);

/* What a box says of itself, before any key.  0, FAIL_CORRUPT or FAIL_IO. */
int box_look (int fd, char ret_day[KEY_DAY], char ret_ending[BOX_ENDING + 1]);
/* One that is there, from its beginning; *ret_ending as above.  0; FAIL_ABSENT: its key has gone; FAIL_CORRUPT: it is none;
 * FAIL_IO with errno set. */
int box_open (const char *folder, int fd, struct box *ret, char ret_ending[BOX_ENDING + 1]);
/* The next piece, of at most BOX_PIECE bytes.  0; FAIL_CORRUPT: changed or cut; FAIL_IO with errno set. */
int box_pull (struct box *box, void *at, size_t *ret_len, bool *ret_last);
/* Wipes it. */
void box_done (struct box *box);

#endif
