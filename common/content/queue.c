/* queue.c - which box is copied next: the one that costs least, and each fourth time the oldest.
 *
 * One sender with twenty pictures of the largest size would keep all others waiting in any order that does not look at what a
 * picture costs; by cost alone a stream of small ones would keep his waiting for ever. */
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "content/content_inside.h"

#define OLDEST_EACH 4
#define PIXELS_BYTE                                                                                \
    5 /* of a picture whose header is not in its first piece: what cameras make of a byte */
#define DOCUMENT_BYTES 16 /* are copied in the time that a pixel takes; of a film, too */

struct waiting {
    char hex[PLACE_HEX];
    uint64_t cost; /* pixels */
    int64_t since; /* wall_ms */
    bool there;    /* at the last look */
    bool tried;    /* in this round */
    UT_hash_handle hh;
};

/* What a copy of it takes; of what cannot be opened nothing, for that is found out at once. */
static uint64_t cost_of (const struct content *content, const char *hex, uint64_t len)
{
    char *path = place_path (content->folder, PLACE_BOX, hex), ending[BOX_ENDING + 1];
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    uint8_t piece[BOX_PIECE];
    uint64_t cost = 0;
    struct box box;
    size_t piece_len;
    bool last;

    if (fd >= 0 && box_open (content->folder, fd, &box, ending) == 0 &&
        box_pull (&box, piece, &piece_len, &last) == 0) {
        const struct content_kind *kind = kind_with (ending);
        cost = kind && kind->sort == CONTENT_PICTURE ? kind_pixels (kind, piece, piece_len)
                                                     : len / DOCUMENT_BYTES;
        if (kind && kind->sort == CONTENT_PICTURE && !cost)
            cost = len * PIXELS_BYTE;
        sodium_memzero (piece, piece_len);
    }
    if (fd >= 0) {
        box_done (&box);
        close (fd);
    }
    free (path);
    return cost;
}

static void see (struct content *content, const char *hex, const struct stat *there)
{
    struct waiting *waiting;

    HASH_FIND_STR (content->queue.waiting, hex, waiting);
    if (!waiting) {
        waiting = xcalloc (1, sizeof *waiting);
        memcpy (waiting->hex, hex, sizeof waiting->hex);
        waiting->cost = cost_of (content, hex, (uint64_t) there->st_size);
        HASH_ADD_STR (content->queue.waiting, hex, waiting);
    }
    waiting->since = (int64_t) there->st_mtim.tv_sec * 1000 + there->st_mtim.tv_nsec / 1000000;
    waiting->there = true;
}

void queue_look (struct content *content)
{
    char *path = place_below (content->folder, "box"), hex[PLACE_HEX];
    DIR *names = opendir (path);
    const struct dirent *entry;
    struct waiting *waiting, *next;
    struct stat there;

    HASH_ITER (hh, content->queue.waiting, waiting, next)
        waiting->there = false;
    while (names && (entry = readdir (names)))
        if (place_named (entry->d_name, ".box", hex) &&
            fstatat (dirfd (names), entry->d_name, &there, 0) == 0)
            see (content, hex, &there);
    if (names)
        closedir (names);
    free (path);
    HASH_ITER (hh, content->queue.waiting, waiting, next)
        if (!waiting->there) {
            HASH_DELETE (hh, content->queue.waiting, waiting);
            free (waiting);
        }
}

void queue_begin (struct content *content)
{
    struct waiting *waiting, *next;

    HASH_ITER (hh, content->queue.waiting, waiting, next)
        waiting->tried = false;
    queue_look (content);
}

static bool is_older (const struct waiting *one, const struct waiting *other)
{
    return one->since < other->since;
}

static bool is_cheaper (const struct waiting *one, const struct waiting *other)
{
    return one->cost < other->cost || (one->cost == other->cost && is_older (one, other));
}

const char *queue_next (struct content *content)
{
    struct queue *queue = &content->queue;
    bool (*before) (const struct waiting *, const struct waiting *) =
        queue->turn % OLDEST_EACH == OLDEST_EACH - 1 ? is_older : is_cheaper;
    struct waiting *first = NULL, *waiting, *next;

    HASH_ITER (hh, queue->waiting, waiting, next)
        if (!waiting->tried && (!first || before (waiting, first)))
            first = waiting;
    if (!first)
        return NULL;
    queue->turn++;
    first->tried = true;
    return first->hex;
}

void queue_count (const struct content *content, uint64_t *ret_waiting, int64_t *ret_since_ms)
{
    struct waiting *waiting, *next;

    *ret_waiting = HASH_COUNT (content->queue.waiting);
    *ret_since_ms = 0;
    HASH_ITER (hh, content->queue.waiting, waiting, next)
        if (!*ret_since_ms || waiting->since < *ret_since_ms)
            *ret_since_ms = waiting->since;
}

void queue_free (struct content *content)
{
    struct waiting *waiting, *next;

    HASH_ITER (hh, content->queue.waiting, waiting, next) {
        HASH_DELETE (hh, content->queue.waiting, waiting);
        free (waiting);
    }
}
