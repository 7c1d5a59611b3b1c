/* sweep.c - what nobody pinned goes, and so do keys that nothing wants any more.
 *
 * Under the lock a name's time is looked at and its name taken away, or left: an upload of the same bytes makes its time new under
 * the same lock, and a pin that came before has a name of its own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "content/content_inside.h"

#define PART_MS 3600000 /* since its last byte: its writer is dead */
#define GRACE_MS                                                                                   \
    3600000 /* a key outlives what it boxed: clocks of a sweep and of a key are not one */

static int64_t age_ms (const struct stat *there)
{
    return wall_ms () - ((int64_t) there->st_mtim.tv_sec * 1000 + there->st_mtim.tv_nsec / 1000000);
}

/* Takes away the names in `below` that are older than `older_ms`; how many went. */
static unsigned sweep_folder (struct content *content, const char *below, int64_t older_ms)
{
    char *path = place_below (content->folder, below);
    DIR *names = opendir (path);
    const struct dirent *entry;
    unsigned gone = 0;

    while (names && (entry = readdir (names))) {
        struct stat there;
        if (entry->d_name[0] == '.' ||
            fstatat (dirfd (names), entry->d_name, &there, AT_SYMLINK_NOFOLLOW) != 0 ||
            age_ms (&there) <= older_ms)
            continue;
        int lock = place_lock (content->folder, LOCK_EX);
        if (lock < 0)
            break;
        if (fstatat (dirfd (names), entry->d_name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            age_ms (&there) > older_ms && !fault_point (file_expires))
            gone += unlinkat (dirfd (names), entry->d_name, 0) == 0;
        close (lock);
    }
    if (names)
        closedir (names);
    if (gone)
        dir_sync (path);
    free (path);
    return gone;
}

/* Is a pinned file still waiting under this day's key? */
static bool key_needed (void *owner, const char *day)
{
    const struct content *content = owner;
    char *path = place_below (content->folder, "box"), own[KEY_DAY], ending[BOX_ENDING + 1];
    DIR *names = opendir (path);
    const struct dirent *entry;
    bool needed = false;

    while (names && !needed && (entry = readdir (names))) {
        int fd = openat (dirfd (names), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        needed = box_look (fd, own, ending) == 0 && strcmp (own, day) == 0;
        close (fd);
    }
    if (names)
        closedir (names);
    free (path);
    return needed;
}

void content_sweep (struct content *content)
{
    int64_t keep = content->unpinned_ms + GRACE_MS;
    unsigned expired = sweep_folder (content, "new", content->unpinned_ms);

    sweep_folder (content, "part", PART_MS);
    unsigned keys = key_sweep (content->folder, keep, key_needed, content);
    room_look (content);
    if (expired) {
        content_count (content, &content->counts.expired, expired);
        log_info ("%u uploaded files that nobody named have expired", expired);
    }
    if (keys)
        log_info ("%u keys of past days are gone, and what was boxed under them with them", keys);
}
