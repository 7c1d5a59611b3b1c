/* inspect.c - see inspect.h. */
#include "inspect.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one file ------------------------------------------------------------------------------ */

static void measure_file (struct inspected *file)
{
    struct image image = {0};
    int fd = open (file->path, O_RDONLY | O_CLOEXEC);
    file->unreadable =
        fd < 0 || image_read (fd, file->segment ? file->segment->size : 0, &image) != 0;
    file->len = image.len;
    file->used = image.used;
    file->holes = image.unread > 0;
    image_free (&image);
    if (fd >= 0)
        close (fd);
}

static void open_file (struct inspection *inspection, const char *folder, const char *name,
                       const struct id *id)
{
    struct inspected file = {.path = *folder ? xformat ("%s/%s", folder, name) : xstrdup (name)};
    const char *slash = strrchr (file.path, '/');
    file.name = slash ? slash + 1 : file.path;
    if (*folder && access (file.path, F_OK) != 0) { /* unlinked since its name was read */
        free (file.path);
        return;
    }
    char *whole = slash ? xstrndup (file.path, (size_t) (slash - file.path)) : xstrdup (".");
    if (segment_open (whole, file.name, inspection->key, &file.segment) != 0 && id)
        segment_open_by_id (whole, file.name, id, &file.segment);
    free (whole);
    measure_file (&file);
    inspection->files =
        xrealloc (inspection->files, (inspection->count + 1) * sizeof *inspection->files);
    inspection->files[inspection->count++] = file;
}

const char *inspect_wound (const struct inspected *file)
{
    if (file->unreadable)
        return "cannot be read";
    if (!file->segment)
        return file->used ? "no header validates" : NULL; /* a spare that is being made */
    if (file->holes)
        return "the disk does not give all of it";
    if (file->segment->injured)
        return "a header is damaged, or the file is cut";
    if (file->damage == HOLED)
        return "records validate behind what does not";
    return file->damage == TORN && !file->last ? "its end does not validate" : NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

struct reading {
    struct inspection *inspection;
    const struct inspected *file;
    inspect_fn *each;
    void *owner;
    struct buffer there; /* sequences of undrained records */
};

/* Reads it anew each time: a spool may be larger than the memory. */
static enum damage walk_file (struct inspection *inspection, struct inspected *file,
                              segment_each_fn *each, struct reading *reading)
{
    struct image image = {0};
    enum damage damage = WHOLE;
    if (file->segment && image_read (file->segment->fd, file->segment->size, &image) == 0)
        damage = segment_walk (inspection->key, file->segment, &image, each, reading, NULL);
    image_free (&image);
    return damage;
}

static bool is_drained (const struct spool_state *state, uint64_t seq)
{
    for (uint64_t i = 0; i < state->gap_count; i++)
        if (seq >= state->gaps[i].first && seq <= state->gaps[i].last)
            return true;
    return seq <= state->frontier;
}

static void read_state (void *owner, struct segment *segment, const struct head *head,
                        uint32_t offset, const char *bytes)
{
    struct spool_state *state = &((struct reading *) owner)->inspection->state, told = {0};
    uint64_t frontier = state->frontier, next_seq = state->next_seq;
    (void) offset;
    segment->records += head->type == RECORD_DATA;
    if (head->type == RECORD_FRONTIER && head->len <= sizeof told) {
        memcpy (&told, bytes, head->len);
        if (head->len > sizeof told.frontier && told.gap_count <= SPOOL_GAPS)
            *state = told;
        state->frontier = told.frontier > frontier ? told.frontier : frontier;
        state->next_seq = next_seq;
    }
    if (head->type == RECORD_DATA && head->seq >= state->next_seq)
        state->next_seq = head->seq + 1;
    if (state->next_seq <= state->frontier)
        state->next_seq = state->frontier + 1;
}

static void read_record (void *owner, struct segment *segment, const struct head *head,
                         uint32_t offset, const char *bytes)
{
    struct reading *reading = owner;
    if (head->type != RECORD_DATA)
        return;
    struct spool_record record = record_of_head (segment, head, offset, bytes);
    record.drained = is_drained (&reading->inspection->state, head->seq);
    reading->each (reading->owner, reading->file, &record);
}

void inspect_each (struct inspection *inspection, inspect_fn *each, void *owner)
{
    struct reading reading = {.inspection = inspection, .each = each, .owner = owner};
    for (size_t i = 0; i < inspection->count; i++) {
        struct inspected *file = &inspection->files[i];
        reading.file = file;
        walk_file (inspection, file, read_record, &reading);
    }
}

static void count_record (void *owner, const struct inspected *file,
                          const struct spool_record *record)
{
    struct reading *reading = owner;
    struct inspection *inspection = reading->inspection;
    (void) file;
    inspection->records++;
    if (!inspection->oldest || record->received < inspection->oldest)
        inspection->oldest = record->received;
    if (record->received > inspection->newest)
        inspection->newest = record->received;
    if (!record->drained)
        buffer_add (&reading->there, &record->seq, sizeof record->seq);
}

static int by_sequence (const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;
    return left < right ? -1 : left > right;
}

/* A start copies: a sequence may be there more than once. */
static void count_sequences (struct inspection *inspection, struct buffer *there)
{
    uint64_t *seen = (uint64_t *) (void *) there->at, expected = inspection->state.frontier + 1;
    size_t count = there->len / sizeof *seen;
    if (count)
        qsort (seen, count, sizeof *seen, by_sequence);
    for (size_t i = 0; i < count; i++) {
        inspection->undrained += i == 0 || seen[i] != seen[i - 1];
        for (; expected < seen[i]; expected++)
            inspection->missing += !is_drained (&inspection->state, expected);
        expected = seen[i] + 1;
    }
}

static void look_at_ends (struct inspection *inspection)
{
    bool last = true;
    for (size_t i = inspection->count; i-- > 0;) {
        struct inspected *file = &inspection->files[i];
        const struct segment *segment = file->segment;
        file->last = last;
        if (segment && segment->records)
            last = segment->flags & FLAG_START;
        inspection->bytes += file->len;
        inspection->spares += (!segment || !segment->records) && !inspect_wound (file);
    }
}

static void read_all (struct inspection *inspection)
{
    struct reading reading = {.inspection = inspection};
    inspection->state.next_seq = 1;
    for (size_t i = 0; i < inspection->count; i++) {
        struct inspected *file = &inspection->files[i];
        file->damage = walk_file (inspection, file, read_state, &reading);
    }
    look_at_ends (inspection);
    inspect_each (inspection, count_record, &reading);
    count_sequences (inspection, &reading.there);
    buffer_free (&reading.there);
}

int inspect_folder (const char *folder, const uint8_t id_key[ID_KEY_LEN], struct inspection *ret)
{
    char **names = NULL;
    size_t count = 0;
    *ret = (struct inspection){0};
    segment_key (id_key, ret->key);
    if (segment_names (folder, &names, &count) != 0)
        return FAIL_IO;
    for (size_t i = 0; i < count; i++)
        open_file (ret, folder, names[i], NULL);
    segment_names_free (names, count);
    read_all (ret);
    return 0;
}

void inspect_files (char *const *paths, size_t count, const uint8_t id_key[ID_KEY_LEN],
                    const struct id *id, struct inspection *ret)
{
    *ret = (struct inspection){0};
    segment_key (id_key, ret->key);
    for (size_t i = 0; i < count; i++)
        open_file (ret, "", paths[i], id);
    read_all (ret);
    for (size_t i = 0; i < ret->count; i++)
        ret->files[i].last = false; /* alone, an end that does not validate is damage */
    ret->missing = 0;
}

void inspect_end (struct inspection *inspection)
{
    for (size_t i = 0; i < inspection->count; i++) {
        if (inspection->files[i].segment)
            segment_free (inspection->files[i].segment);
        free (inspection->files[i].path);
    }
    free (inspection->files);
    *inspection = (struct inspection){0};
}
