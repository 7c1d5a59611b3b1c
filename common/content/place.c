/* place.c - names in the store's folder.  See place.h. */
#include "content/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *folder; /* NULL: the digest's first two digits */
    const char *suffix;
} places[] = {
    [PLACE_KEPT] = {NULL, ""}, [PLACE_COPY] = {NULL, ".copy"},    [PLACE_REFUSED] = {NULL, ".no"},
    [PLACE_NEW] = {"new", ""}, [PLACE_NEW_BOX] = {"new", ".box"}, [PLACE_BOX] = {"box", ".box"},
};

static char *folder_of (const char *folder, enum place place, const char *hex)
{
    return places[place].folder ? xformat ("%s/%s", folder, places[place].folder)
                                : xformat ("%s/%.2s", folder, hex);
}

char *place_path (const char *folder, enum place place, const char *hex)
{
    char *below = folder_of (folder, place, hex);
    char *path = xformat ("%s/%s%s", below, hex, places[place].suffix);
    free (below);
    return path;
}

bool place_has (const char *folder, enum place place, const char *hex)
{
    char *path = place_path (folder, place, hex);
    bool has = access (path, F_OK) == 0;
    free (path);
    return has;
}

bool place_named (const char *name, const char *suffix, char ret_hex[PLACE_HEX])
{
    if (strspn (name, "0123456789abcdef") != PLACE_HEX - 1 ||
        strcmp (name + PLACE_HEX - 1, suffix) != 0)
        return false;
    memcpy (ret_hex, name, PLACE_HEX - 1);
    ret_hex[PLACE_HEX - 1] = 0;
    return true;
}

int place_sync (const char *folder, enum place place, const char *hex)
{
    char *below = folder_of (folder, place, hex);
    int result = dir_sync (below);
    free (below);
    return result;
}

int place_remove (const char *folder, enum place place, const char *hex)
{
    char *path = place_path (folder, place, hex);
    int result = unlink (path) == 0 || errno == ENOENT ? 0 : FAIL_IO;
    free (path);
    return result;
}

char *place_below (const char *folder, const char *name)
{
    return xformat ("%s/%s", folder, name);
}

static bool make (const char *folder, const char *name, mode_t mode)
{
    char *path = place_below (folder, name);
    bool made = mkdir (path, mode) == 0 || errno == EEXIST;
    int why = errno;
    free (path);
    errno = why;
    return made;
}

int place_make (const char *folder)
{
    static const char *const others[] = {"new", "box", "part"};
    bool made = (mkdir (folder, 0750) == 0 || errno == EEXIST) && make (folder, "key", 0700);
    for (size_t i = 0; made && i < array_len (others); i++)
        made = make (folder, others[i], 0750);
    for (unsigned i = 0; made && i < 256; i++) {
        char name[3];
        snprintf (name, sizeof name, "%02x", i);
        made = make (folder, name, 0750);
    }
    return made ? dir_sync (folder) : FAIL_IO;
}

int place_lock (const char *folder, int how)
{
    int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), done;
    if (fd < 0)
        return -1;
    do
        done = flock (fd, how);
    while (done != 0 && errno == EINTR);
    if (done == 0)
        return fd;
    close (fd);
    return -1;
}
