/* room.c - how much of the disk strangers may fill: what stays free for everything else on it, and what nobody names yet.
 *
 * Copies, pins and deletions ask for no room: they are of what was promised, and make some. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include "content/content_inside.h"

#define BLOCK      4096 /* a file takes at least so much of a disk */
#define RECOUNT_MS 1000 /* between two counts while there is no room */
#define HYSTERESIS 16   /* a bound that was met holds until a sixteenth is free again */

/* Bytes in `below` that nothing pins: a pinned box has a second name. */
static uint64_t count_folder (const struct content *content, const char *below)
{
    char *path = place_below (content->folder, below);
    DIR *names = opendir (path);
    const struct dirent *entry;
    struct stat there;
    uint64_t bytes = 0;

    while (names && (entry = readdir (names)))
        if (entry->d_name[0] != '.' &&
            fstatat (dirfd (names), entry->d_name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            there.st_nlink == 1)
            bytes += ((uint64_t) there.st_size + BLOCK - 1) / BLOCK * BLOCK;
    if (names)
        closedir (names);
    free (path);
    return bytes;
}

static void recount (struct content *content)
{
    struct room *room = &content->room;

    room->unpinned = count_folder (content, "new") + count_folder (content, "part");
    room->counted_ms = mono_ms ();
}

/* As `met` says; what of that is said is another matter: a file that is refused is dropped, and makes more room than it asked for. */
static bool bound_holds (struct bound *bound, bool met)
{
    bound->held = met;
    if (met)
        bound->met_ms = mono_ms ();
    return met;
}

static bool bound_is_over (const struct room *room, const struct bound *bound)
{
    return mono_ms () - bound->met_ms >= room->calm_ms;
}

static bool unpinned_fits (struct content *content)
{
    struct room *room = &content->room;
    uint64_t most = room->unpinned_most;

    if (!most)
        return true;
    if (room->full.held)
        most -= most / HYSTERESIS;
    if (room->unpinned > most && mono_ms () - room->counted_ms >= RECOUNT_MS)
        recount (content);
    if (bound_holds (&room->full, room->unpinned > most))
        outage_begins (&room->full.outage,
                       "%s: over %llu MiB of uploads wait for reports that name them; until some "
                       "expire no upload is taken, and reports come without their files",
                       content->folder, (unsigned long long) (room->unpinned_most >> 20));
    else if (bound_is_over (room, &room->full))
        outage_ends (&room->full.outage, "uploads are taken again");
    return room->unpinned <= most;
}

static bool reserve_is_free (struct content *content)
{
    struct room *room = &content->room;
    uint64_t least = room->reserve + (room->scarce.held ? room->reserve / HYSTERESIS : 0);
    struct statvfs disk;

    if (!least || statvfs (content->folder, &disk) != 0)
        return true; /* what is wrong with it the next write says */
    uint64_t left = (uint64_t) disk.f_bavail * disk.f_frsize;
    if (bound_holds (&room->scarce, left < least))
        outage_begins (&room->scarce.outage,
                       "%s: %llu MiB of its disk are free, fewer than the reserve of %llu MiB "
                       "(files_reserve): no upload is taken until there is room, and reports come "
                       "without their files",
                       content->folder, (unsigned long long) (left >> 20),
                       (unsigned long long) (room->reserve >> 20));
    else if (bound_is_over (room, &room->scarce))
        outage_ends (&room->scarce.outage, "there is room for uploads again");
    return left >= least;
}

bool room_is_there (struct content *content)
{
    return reserve_is_free (content) && unpinned_fits (content);
}

void room_look (struct content *content)
{
    if (content->room.unpinned_most)
        recount (content);
    room_is_there (content);
}
