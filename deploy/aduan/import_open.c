/* import_open.c - before an import runs: options, mapping, the input, and where an earlier run of it got. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "import.h"
#include "wire/wire.h"

/* ---- what was said --------------------------------------------------------------------------- */

static int read_mapping (struct import *import)
{
    const struct options *options = &import->cli->options;
    const char *said, *path = option (options, "category-map");
    char *problem = NULL;
    int result = 0;
    const char *which = "map";
    for (size_t i = 0; result == 0 && (said = option_at (options, "map", i)) != NULL; i++)
        result = mapping_say (import->mapping, said, false, &problem);
    if (result == 0)
        which = "set";
    for (size_t i = 0; result == 0 && (said = option_at (options, "set", i)) != NULL; i++)
        result = mapping_say (import->mapping, said, true, &problem);
    if (result != 0) {
        char *fields = mapping_fields ();
        complain (0, TEXT_map_pair, "option", which, "pair", problem, "fields", fields, NULL);
        free (fields);
    } else if (path && (result = mapping_categories (import->mapping, path, &problem)) != 0) {
        complain (0, TEXT_map_faulty, "why", problem, NULL);
    }
    free (problem);
    return result == 0 ? 0 : EX_USAGE;
}

static int read_options (struct import *import)
{
    const struct options *options = &import->cli->options;
    int status = option_number (options, "rate", 1, 1000000, 0, &import->rate);
    if (status == 0)
        status = option_number (options, "parallel", 1, 10000, 256, &import->parallel);
    if (status == 0)
        status = option_number (options, "give-up", 1, 864000, 0, &import->give_up_ms);
    import->give_up_ms *= 1000;
    import->check_only = option_flag (options, "check") == FLAG_YES;
    import->progress.silent = option_flag (options, "quiet") == FLAG_YES;
    return status;
}

/* ---- the input ------------------------------------------------------------------------------- */

static int open_input (struct import *import)
{
    const struct options *options = &import->cli->options;
    const char *format = option (options, "format"), *delimiter = option (options, "delimiter"),
               *problem;
    enum record_format which = RECORD_GUESS;
    if (import->fetched || (format && strcmp (format, "jsonl") == 0))
        which = RECORD_JSON;
    else if (format && strcmp (format, "csv") == 0)
        which = RECORD_CSV;
    else if (format)
        return complain (EX_USAGE, TEXT_unknown_word, "option", "format", "value", format, NULL);
    char symbol = !delimiter ? 0 : strcmp (delimiter, "tab") == 0 ? '\t' : *delimiter;
    bool standard = strcmp (import->path, "-") == 0;
    FILE *file = standard ? stdin : fopen (import->path, "re");
    struct stat stat;
    if (!file || (fstat (fileno (file), &stat) == 0 && S_ISDIR (stat.st_mode))) {
        if (file)
            errno = EISDIR;
        const char *why = strerror (errno);
        if (file)
            fclose (file);
        return complain (EX_NOINPUT, TEXT_cannot_read, "path", import->path, "why", why, NULL);
    }
    if (fstat (fileno (file), &stat) == 0 && S_ISREG (stat.st_mode))
        import->progress.total = stat.st_size;
    import->grows = !standard && import->progress.total;
    import->position.line = 1;
    if (import->grows)
        import->saves =
            position_head (file, import->position.head, &import->position.head_len) == 0;
    int fail = import->official
                   ? reader_open_table (file, &official_headings, symbol, &import->reader, &problem)
                   : reader_open (file, import->path, which, symbol, &import->reader, &problem);
    if (fail != 0) {
        if (!standard)
            fclose (file);
        return complain (EX_DATAERR, TEXT_input_faulty, "path", import->path, "why", problem, NULL);
    }
    const char *lacks = mapping_lacks (import->mapping, import->reader);
    if (lacks)
        return complain (EX_DATAERR, TEXT_column_missing, "path", import->path, "column", lacks,
                         NULL);
    return 0;
}

/* Is the position on disk one of this input and this mapping? */
static bool position_fits (struct import *import, const struct position *found)
{
    uint8_t head[16];
    int64_t len = found->head_len;
    FILE *file = fopen (import->path, "re");
    bool fits = file && position_head (file, head, &len) == 0 && len == found->head_len &&
                memcmp (head, found->head, sizeof head) == 0 &&
                found->offset <= import->progress.total &&
                memcmp (found->mapping, import->position.mapping, sizeof found->mapping) == 0;
    if (file)
        fclose (file);
    return fits;
}

/* Two at once would write over each other's position and rejects.  Where no lock can be made, as on a
 * read-only disk, no position can be kept either. */
static int lock (struct import *import)
{
    if (!import->saves || position_lock (import->state_path, &import->lock) != FAIL_BUSY)
        return 0;
    return complain (EX_CANTCREAT, TEXT_import_busy, "path", import->path, "state",
                     import->state_path, NULL);
}

static int find_position (struct import *import)
{
    struct position found;
    bool anew = !import->saves || option_flag (&import->cli->options, "from-start") == FLAG_YES;
    int result = anew ? FAIL_ABSENT : position_read (import->state_path, &found);
    if (result == 0 && position_fits (import, &found)) {
        if (reader_seek (import->reader, found.offset, found.line) != 0)
            return complain (EX_IOERR, TEXT_cannot_read, "path", import->path, "why",
                             strerror (errno), NULL);
        /* `head` stays that of the file as it is now: it may have grown */
        int64_t head_len = import->position.head_len;
        uint8_t head[16];
        memcpy (head, import->position.head, sizeof head);
        import->position = found;
        import->position.head_len = head_len;
        memcpy (import->position.head, head, sizeof head);
        say (stderr, TEXT_import_resumes, "line", count_text (found.line), "path",
             import->state_path, NULL);
    } else if (result != FAIL_ABSENT) {
        say (stderr, TEXT_import_anew, "path", import->state_path, NULL);
    }
    return 0;
}

/* Rejects behind the position are written again.  Where somebody took some away, what follows begins
 * at the true end: a hole would be filled with NUL bytes. */
static int open_rejects (struct import *import)
{
    struct stat stat = {0};
    struct position *position = &import->position;
    char last = '\n';
    import->rejects = open (import->rejects_path, O_RDWR | O_CLOEXEC);
    if (import->rejects < 0 && errno != ENOENT)
        return complain (EX_CANTCREAT, TEXT_cannot_write, "path", import->rejects_path, "why",
                         strerror (errno), NULL);
    bool good = import->rejects < 0 || fstat (import->rejects, &stat) == 0;
    if (good && stat.st_size < position->rejects_len) {
        say (stderr, TEXT_rejects_short, "path", import->rejects_path, "size",
             count_text ((uint64_t) stat.st_size), "kept",
             count_text ((uint64_t) position->rejects_len), NULL);
        position->rejects_len = stat.st_size;
        if (stat.st_size > 0)
            good = pread (import->rejects, &last, 1, stat.st_size - 1) == 1;
        if (good && last != '\n') /* a row that was cut stays one of its own */
            good = pwrite (import->rejects, "\n", 1, position->rejects_len++) == 1;
    } else if (good && import->rejects >= 0) {
        good = ftruncate (import->rejects, position->rejects_len) == 0;
    }
    return good ? 0
                : complain (EX_CANTCREAT, TEXT_cannot_write, "path", import->rejects_path, "why",
                            strerror (errno), NULL);
}

static int resume (struct import *import)
{
    const char *state = option (&import->cli->options, "state"),
               *rejects = option (&import->cli->options, "rejects");
    const char *base = strcmp (import->path, "-") == 0 ? "stdin" : import->path;
    import->state_path = state ? xstrdup (state) : xformat ("%s.state", base);
    import->rejects_path = rejects ? xstrdup (rejects) : xformat ("%s.rejects.jsonl", base);
    mapping_digest (import->mapping, import->position.mapping);
    if (import->check_only) {
        import->saves = false;
        return 0;
    }
    int status = lock (import);
    if (status == 0)
        status = find_position (import);
    if (status == 0)
        status = open_rejects (import);
    return status;
}

/* Appended to, never cut: what it says was promised. */
static int open_receipts (struct import *import)
{
    const char *path = option (&import->cli->options, "receipts");
    if (!path || import->check_only)
        return 0;
    import->receipts = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (import->receipts >= 0)
        return 0;
    return complain (EX_CANTCREAT, TEXT_cannot_write, "path", path, "why", strerror (errno), NULL);
}

/* The table's own words say what is what; of --map and --set only what they leave open is heard. */
static int read_official (struct import *import)
{
    if (option_flag (&import->cli->options, "official") != FLAG_YES)
        return 0;
    int status = official_new (import->cli, &import->official);
    if (status != 0)
        return status;
    char *said = official_said (import->official);
    mapping_source (import->mapping, official_fill, import->official, said);
    import->moves_in = true;
    free (said);
    return 0;
}

/* The same of what an Open311 server had; its services become our categories by --category-map alone. */
static int read_open311 (struct import *import)
{
    const char *system = option (&import->cli->options, "system");
    if (!option (&import->cli->options, "open311"))
        return 0;
    system = system ? system : "open311";
    if (strlen (system) > 16 || !key_name_valid (view_of (system)))
        return complain (EX_USAGE, TEXT_unknown_word, "option", "system", "value", system, NULL);
    mapping_source (import->mapping, open311_fill, (void *) (uintptr_t) system, system);
    mapping_words_only (import->mapping);
    import->moves_in = true;
    return 0;
}

int import_said (struct import *import)
{
    int status = read_options (import);
    if (status == 0)
        status = read_official (import);
    if (status == 0)
        status = read_open311 (import);
    return status == 0 ? read_mapping (import) : status;
}

int import_open (struct import *import)
{
    int status = open_input (import);
    if (status == 0)
        status = resume (import);
    return status == 0 ? open_receipts (import) : status;
}
