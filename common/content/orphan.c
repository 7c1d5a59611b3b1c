/* orphan.c - what is kept and named by nobody any more: its case's retention is over, or nothing came of what it was pinned for.
 *
 * Whoever knows is asked, a hundred digests at a time; what was pinned lately is left alone, so that what is on its way to the
 * database is not taken for forgotten.  A copy goes after the picture that it is of: while that has its link it has two. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "content/content_inside.h"

#define FOLDERS 256

static int64_t age_ms (const struct stat *there)
{
    return wall_ms () - (int64_t) there->st_mtime * 1000;
}

/* A kept name that is old, and no second name of a copy. */
static bool is_old (const struct content *content, int folder, const char *name,
                    char ret_hex[PLACE_HEX])
{
    struct stat there;
    bool plain = place_named (name, "", ret_hex);

    return (plain || place_named (name, ".copy", ret_hex) || place_named (name, ".no", ret_hex)) &&
           fstatat (folder, name, &there, 0) == 0 && age_ms (&there) > content->orphan_ms &&
           !(plain && there.st_nlink > 1);
}

void orphans_find (struct content *content)
{
    struct orphans *orphans = &content->orphans;
    char below[3], hex[PLACE_HEX];

    snprintf (below, sizeof below, "%02x", orphans->folder++ % FOLDERS);
    char *path = place_below (content->folder, below);
    DIR *names = opendir (path);
    const struct dirent *entry;
    buffer_clear (&orphans->digests);
    orphans->at = 0;
    while (names && (entry = readdir (names))) {
        uint8_t digest[CONTENT_DIGEST_BYTES];
        if (!is_old (content, dirfd (names), entry->d_name, hex))
            continue;
        check (hex_parse (hex, digest, sizeof digest) == 0);
        buffer_add (&orphans->digests, digest, sizeof digest);
    }
    if (names)
        closedir (names);
    free (path);
}

struct job *orphans_ask (struct content *content)
{
    struct orphans *orphans = &content->orphans;
    size_t left = orphans->digests.len / CONTENT_DIGEST_BYTES - orphans->at;
    size_t count = left < CONTENT_ASK_MOST ? left : CONTENT_ASK_MOST;

    if (!count)
        return NULL;
    struct job *job = job_new (JOB_ASK, NULL);
    job->count = count;
    job->asked = xcalloc (count, CONTENT_DIGEST_BYTES);
    memcpy (job->asked, orphans->digests.at + orphans->at * CONTENT_DIGEST_BYTES,
            count * CONTENT_DIGEST_BYTES);
    orphans->at += count;
    return job;
}

/* Under the lock: a pin that came since has made it young. */
static bool go (struct content *content, const char *hex)
{
    static const struct {
        enum place place;
        const char *suffix;
    } kept[] = {{PLACE_COPY, ".copy"}, {PLACE_REFUSED, ".no"}, {PLACE_KEPT, ""}};
    char *below = xformat ("%s/%.2s", content->folder, hex), again[PLACE_HEX];
    DIR *folder = opendir (below);
    int lock = folder ? place_lock (content->folder, LOCK_EX) : -1;
    bool gone = false;

    for (size_t i = 0; lock >= 0 && i < array_len (kept); i++) {
        char *name = xformat ("%s%s", hex, kept[i].suffix);
        if (is_old (content, dirfd (folder), name, again))
            gone = (place_remove (content->folder, kept[i].place, hex) == 0) || gone;
        free (name);
    }
    if (lock >= 0)
        close (lock);
    if (folder)
        closedir (folder);
    free (below);
    return gone && place_sync (content->folder, PLACE_KEPT, hex) == 0;
}

void orphans_go (struct content *content, const struct job *job)
{
    unsigned gone = 0;

    for (size_t i = 0; i < job->count; i++)
        gone +=
            go (content, hex_text (job->asked + i * CONTENT_DIGEST_BYTES, CONTENT_DIGEST_BYTES));
    if (gone) {
        content_count (content, &content->counts.deleted, gone);
        log_info ("%u files that nothing names any more are deleted", gone);
    }
}
