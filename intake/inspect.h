/* inspect.h - reads a spool's files without touching them, also while intake runs: for aduan-spool.
 *
 * What an intake writes meanwhile may be seen half: a torn end in the newest file is no damage.
 */
#ifndef ADUAN_INSPECT_H
#define ADUAN_INSPECT_H

#include "segment.h"

struct inspected {
    char *path;
    const char *name;        /* its end */
    struct segment *segment; /* NULL: no header validates, and none can be guessed */
    size_t len, used;        /* bytes; up to the last one that is not zero */
    bool unreadable, holes;  /* not to be opened; the disk does not give all of it */
    enum damage damage;
    bool last; /* nothing with records is behind it, or a start is: a torn end is no damage */
};

struct inspection {
    struct inspected *files;
    size_t count;
    uint8_t key[SEGMENT_KEY];
    struct spool_state state; /* the newest; the frontier the farthest, next_seq behind all */
    size_t records, undrained, spares;
    uint64_t bytes, oldest, newest; /* ms of receipt of the records, 0: none */
    uint64_t missing;               /* sequences neither there nor drained */
};

/* All segments of a folder.  0 or FAIL_IO with errno. */
int inspect_folder (const char *folder, const uint8_t id_key[ID_KEY_LEN], struct inspection *ret);
/* These files; with `id`, which is then the id of all of them, also without a header. */
void inspect_files (char *const *paths, size_t count, const uint8_t id_key[ID_KEY_LEN],
                    const struct id *id, struct inspection *ret);
void inspect_end (struct inspection *inspection);

typedef void inspect_fn (void *owner, const struct inspected *file,
                         const struct spool_record *record);
/* Every data record that validates, file by file; those drained by the newest state marked so. */
void inspect_each (struct inspection *inspection, inspect_fn *each, void *owner);

/* Is this file not as it was written?  One English sentence, or NULL. */
const char *inspect_wound (const struct inspected *file);

#endif
