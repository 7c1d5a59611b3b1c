/* key.c - a key a day, and no day longer than what it boxes can be wanted.  See key.h. */
#include "content/key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "content/place.h"

#define DAY_MS  86400000
#define LONG_MS (7 * (int64_t) DAY_MS)

void key_today (char ret_day[KEY_DAY])
{
    time_t now = (time_t) (wall_ms () / 1000);
    struct tm parts;
    gmtime_r (&now, &parts);
    strftime (ret_day, KEY_DAY, "%Y-%m-%d", &parts);
}

static char *path_of (const char *folder, const char *day)
{
    return xformat ("%s/key/%s", folder, day);
}

/* Whole under another name first, then linked: of two programs that draw one at a time the first one's stands. */
static int draw (const char *folder, const char *path)
{
    uint8_t key[KEY_BYTES];
    char *beside = xformat ("%s.%d.new", path, (int) gettid ()),
         *keys = place_below (folder, "key");
    int result;

    randombytes_buf (key, sizeof key);
    result = file_write (beside, key, sizeof key, 0600);
    if (result == 0 && link (beside, path) != 0 && errno != EEXIST)
        result = FAIL_IO;
    if (result == 0)
        result = dir_sync (keys);
    int why = errno;
    unlink (beside);
    sodium_memzero (key, sizeof key);
    free (beside);
    free (keys);
    errno = why;
    return result;
}

static int read_whole (const char *path, uint8_t ret_key[KEY_BYTES])
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? FAIL_ABSENT : FAIL_IO;
    ssize_t got = fd_read (fd, ret_key, KEY_BYTES);
    close (fd);
    return got == KEY_BYTES ? 0 : got < 0 ? FAIL_IO : FAIL_CORRUPT;
}

int key_read (const char *folder, const char *day, bool make, uint8_t ret_key[KEY_BYTES])
{
    char *path = path_of (folder, day);
    int result = read_whole (path, ret_key);

    if (result == FAIL_ABSENT && make) {
        result = draw (folder, path);
        if (result == 0)
            result = read_whole (path, ret_key);
    }
    int why = errno;
    free (path);
    errno = why;
    return result;
}

/* ms since 1970 at which the day ends; 0: no day. */
static int64_t day_end (const char *day)
{
    struct tm parts = {0};
    const char *end = strptime (day, "%Y-%m-%d", &parts);
    return end && !*end && strlen (day) == KEY_DAY - 1 ? (int64_t) timegm (&parts) * 1000 + DAY_MS
                                                       : 0;
}

/* Written over first: on a plain disk nothing of it is left then. */
static bool destroy (const char *path)
{
    static const uint8_t nothing[KEY_BYTES];
    int fd = open (path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (fd_write (fd, nothing, sizeof nothing) != 0 || fsync (fd) != 0)
            log_limited (LOG_WARNING, "%s: cannot be written over (%s), only taken away", path,
                         strerrordesc_np (errno));
        close (fd);
    }
    return unlink (path) == 0;
}

unsigned key_sweep (const char *folder, int64_t keep_ms,
                    bool (*needed) (void *owner, const char *day), void *owner)
{
    char *keys = place_below (folder, "key");
    DIR *days = opendir (keys);
    const struct dirent *entry;
    unsigned gone = 0;

    while (days && (entry = readdir (days))) {
        int64_t end = day_end (entry->d_name), age = wall_ms () - end;
        char *path = path_of (folder, entry->d_name);
        struct stat there;
        if (end) {
            if (age > keep_ms && (age > keep_ms + LONG_MS || !needed (owner, entry->d_name)))
                gone += destroy (path);
        } else if (stat (path, &there) == 0 && S_ISREG (there.st_mode) &&
                   wall_ms () - (int64_t) there.st_mtime * 1000 > DAY_MS) {
            destroy (path); /* half drawn, by whoever died */
        }
        free (path);
    }
    if (days)
        closedir (days);
    if (gone)
        dir_sync (keys);
    free (keys);
    return gone;
}
