/* position.c - the file of a position: JSON, written whole or not at all. */
#include "position.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_LEN 65536

int position_head (FILE *file, uint8_t ret[16], int64_t *len)
{
    static char head[HEAD_LEN];
    off_t was = ftello (file);
    size_t want = *len > 0 && *len < HEAD_LEN ? (size_t) *len : HEAD_LEN;
    if (was < 0 || fseeko (file, 0, SEEK_SET) != 0)
        return FAIL_IO;
    size_t got = fread (head, 1, want, file);
    if (ferror (file) || fseeko (file, was, SEEK_SET) != 0)
        return FAIL_IO;
    crypto_generichash (ret, 16, (const uint8_t *) head, got, NULL, 0);
    *len = (int64_t) got;
    return 0;
}

static bool number (const json_t *object, const char *key, int64_t *ret)
{
    const json_t *value = json_object_get (object, key);
    *ret = json_integer_value (value);
    return json_is_integer (value) && *ret >= 0;
}

static bool digest (const json_t *object, const char *key, uint8_t ret[16])
{
    const char *text = json_string_value (json_object_get (object, key));
    return text && strlen (text) == 32 && hex_parse (text, ret, 16) == 0;
}

int position_read (const char *path, struct position *ret)
{
    char *text;
    size_t len;
    struct position position = {0};
    int64_t line = 0, accepted = 0, repeated = 0, rejected = 0;
    int result = file_read (path, 65536, &text, &len);
    if (result != 0)
        return result == FAIL_ABSENT ? FAIL_ABSENT : FAIL_MALFORMED;
    json_t *said = json_loadb (text, len, 0, NULL);
    free (text);
    bool good = digest (said, "head", position.head) &&
                digest (said, "mapping", position.mapping) &&
                number (said, "head_bytes", &position.head_len) &&
                number (said, "offset", &position.offset) && number (said, "line", &line) &&
                number (said, "accepted", &accepted) && number (said, "repeated", &repeated) &&
                number (said, "rejected", &rejected) &&
                number (said, "rejects_bytes", &position.rejects_len);
    /* absent where an older program wrote it */
    position.skipped = (uint64_t) json_integer_value (json_object_get (said, "skipped"));
    json_decref (said);
    if (!good)
        return FAIL_MALFORMED;
    position.line = (uint64_t) line;
    position.accepted = (uint64_t) accepted;
    position.repeated = (uint64_t) repeated;
    position.rejected = (uint64_t) rejected;
    *ret = position;
    return 0;
}

int position_write (const char *path, const struct position *position)
{
    char *text = xformat (
        "{\"head\": \"%s\", \"head_bytes\": %lld, \"mapping\": \"%s\", "
        "\"offset\": %lld, \"line\": %llu, \"accepted\": %llu, "
        "\"repeated\": %llu, \"rejected\": %llu, \"skipped\": %llu, \"rejects_bytes\": %lld}\n",
        hex_text (position->head, 16), (long long) position->head_len,
        hex_text (position->mapping, 16), (long long) position->offset,
        (unsigned long long) position->line, (unsigned long long) position->accepted,
        (unsigned long long) position->repeated, (unsigned long long) position->rejected,
        (unsigned long long) position->skipped, (long long) position->rejects_len);
    int result = file_write (path, text, strlen (text), 0600);
    free (text);
    return result;
}

/* A file of its own: that of the position is replaced each time it is written.  Whoever had it may
 * have taken it away between our opening and our locking: then we hold nothing that others see. */
int position_lock (const char *path, int *ret_lock)
{
    char *name = xformat ("%s.lock", path);
    int result = FAIL_ABSENT;
    *ret_lock = -1;
    while (result == FAIL_ABSENT) {
        struct stat ours, named;
        int lock = open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (lock < 0)
            result = FAIL_IO;
        else if (flock (lock, LOCK_EX | LOCK_NB) != 0)
            result = errno == EWOULDBLOCK ? FAIL_BUSY : FAIL_IO;
        else if (fstat (lock, &ours) == 0 && stat (name, &named) == 0 &&
                 ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
            result = 0;
        if (result == 0)
            *ret_lock = lock;
        else if (lock >= 0)
            close (lock);
    }
    free (name);
    return result;
}

void position_unlock (const char *path, int lock)
{
    if (lock < 0)
        return;
    char *name = xformat ("%s.lock", path);
    unlink (name); /* while it is still ours */
    close (lock);
    free (name);
}
