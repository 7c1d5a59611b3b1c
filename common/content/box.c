/* box.c - what was uploaded, until its copy is made.  See box.h. */
#include "content/box.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TAGGED (BOX_PIECE + crypto_secretstream_xchacha20poly1305_ABYTES)

static const char magic[8] = {'a', 'd', 'u', 'a', 'n', 'b', 'o', 'x'};

int box_new (const char *folder, int fd, const char *ending, struct box *ret)
{
    uint8_t key[KEY_BYTES], header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
    char day[KEY_DAY];

    *ret = (struct box){.first = true, .fd = fd};
    key_today (day);
    int result = key_read (folder, day, true, key);
    if (result != 0)
        return result;
    memcpy (ret->head, magic, sizeof magic);
    memcpy (ret->head + sizeof magic, day, KEY_DAY - 1);
    memcpy (ret->head + sizeof magic + KEY_DAY - 1, ending, strnlen (ending, BOX_ENDING));
    crypto_secretstream_xchacha20poly1305_init_push (&ret->state, header, key);
    sodium_memzero (key, sizeof key);
    result = fd_write (fd, ret->head, sizeof ret->head);
    return result == 0 ? fd_write (fd, header, sizeof header) : result;
}

int box_push (struct box *box, const void *at, size_t len, bool last)
{
    uint8_t room[TAGGED];
    unsigned long long sealed;

    check (len <= BOX_PIECE);
    crypto_secretstream_xchacha20poly1305_push (
        &box->state, room, &sealed, at, len, (const uint8_t *) box->head,
        box->first ? sizeof box->head : 0,
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    box->first = false;
    return fd_write (box->fd, room, (size_t) sealed);
}

static int read_head (int fd, struct box *ret, char ret_day[KEY_DAY],
                      char ret_ending[BOX_ENDING + 1])
{
    ssize_t got = lseek (fd, 0, SEEK_SET) == 0 ? fd_read (fd, ret->head, sizeof ret->head) : -1;

    if (got != (ssize_t) sizeof ret->head || memcmp (ret->head, magic, sizeof magic) != 0)
        return got < 0 ? FAIL_IO : FAIL_CORRUPT;
    memcpy (ret_day, ret->head + sizeof magic, KEY_DAY - 1);
    ret_day[KEY_DAY - 1] = 0;
    memcpy (ret_ending, ret->head + sizeof magic + KEY_DAY - 1, BOX_ENDING);
    ret_ending[BOX_ENDING] = 0;
    /* it becomes part of a path */
    return strspn (ret_day, "0123456789-") == KEY_DAY - 1 ? 0 : FAIL_CORRUPT;
}

int box_look (int fd, char ret_day[KEY_DAY], char ret_ending[BOX_ENDING + 1])
{
    struct box box;
    return read_head (fd, &box, ret_day, ret_ending);
}

int box_open (const char *folder, int fd, struct box *ret, char ret_ending[BOX_ENDING + 1])
{
    uint8_t key[KEY_BYTES], header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
    char day[KEY_DAY];

    *ret = (struct box){.first = true, .fd = fd};
    int result = read_head (fd, ret, day, ret_ending);
    if (result != 0)
        return result;
    ssize_t got = fd_read (fd, header, sizeof header);
    if (got != (ssize_t) sizeof header)
        return got < 0 ? FAIL_IO : FAIL_CORRUPT;
    result = key_read (folder, day, false, key);
    if (result == 0 &&
        crypto_secretstream_xchacha20poly1305_init_pull (&ret->state, header, key) != 0)
        result = FAIL_CORRUPT;
    sodium_memzero (key, sizeof key);
    return result;
}

int box_pull (struct box *box, void *at, size_t *ret_len, bool *ret_last)
{
    uint8_t room[TAGGED], tag;
    unsigned long long opened;
    ssize_t got = fd_read (box->fd, room, sizeof room);

    if (got < 0)
        return FAIL_IO;
    if (got < (ssize_t) crypto_secretstream_xchacha20poly1305_ABYTES ||
        crypto_secretstream_xchacha20poly1305_pull (
            &box->state, at, &opened, &tag, room, (unsigned long long) got,
            (const uint8_t *) box->head, box->first ? sizeof box->head : 0) != 0)
        return FAIL_CORRUPT;
    box->first = false;
    *ret_len = (size_t) opened;
    *ret_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return *ret_last || got == (ssize_t) sizeof room ? 0 : FAIL_CORRUPT;
}

void box_done (struct box *box)
{
    sodium_memzero (box, sizeof *box);
}
