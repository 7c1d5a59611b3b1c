/* salvage.c - records of a file in corrupt/ are taken in again, by the running intake alone: it is the
 * only one that writes into the spool, and what it writes is durable before it is offered.
 *
 * They keep the receipt that they had, and their id, so that the store makes nothing twice of what it
 * has.  What is under way or known as stored is left out.
 */
#include "intake.h"
#include "segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>

struct salvage {
    struct intake *intake;
    uint64_t taken, known, strange;
};

static void take (void *owner, struct segment *segment, const struct head *head, uint32_t offset,
                  const char *bytes)
{
    struct salvage *salvage = owner;
    struct intake *intake = salvage->intake;
    struct record_parts parts;
    if (head->type != RECORD_DATA)
        return;
    if (!record_parse (bytes, head->len, &parts)) {
        salvage->strange++;
        return;
    }
    if (recent_find (intake, &parts.id)) {
        salvage->known++;
        return;
    }
    struct spool_record found = record_of_head (segment, head, offset, bytes);
    struct record *record = record_found (&parts, &found);
    char *copy = xcalloc (head->len, 1);
    memcpy (copy, bytes, head->len);
    record->state = RECORD_GATHERED;
    record->spool.at = copy;
    record->spool.salvaged = true;
    record->spool.segment = NULL; /* until the commit */
    intake->memory += head->len;
    record_add (intake, record);
    salvage->taken++;
}

/* "NAME", or "NAME ID" for one without a header. */
static int open_named (struct intake *intake, const uint8_t key[SEGMENT_KEY], const char *what,
                       struct segment **ret)
{
    char *name = xstrndup (what, strcspn (what, " ")),
         *folder = xformat ("%s/corrupt", spool_folder (intake->spool));
    const char *id_word = what + strcspn (what, " ");
    struct id id;
    int result = *name && !strchr (name, '/') ? segment_open (folder, name, key, ret) : FAIL_ABSENT;
    if (result == FAIL_CORRUPT && *id_word && id_parse (id_word + 1, &id) == 0)
        result = segment_open_by_id (folder, name, &id, ret);
    free (folder);
    free (name);
    return result;
}

void salvage_show (struct intake *intake, const char *what, struct buffer *out)
{
    struct salvage salvage = {.intake = intake};
    struct segment *segment = NULL;
    struct image image = {0};
    uint8_t key[SEGMENT_KEY];
    segment_key (intake->id_key, key);
    int result = open_named (intake, key, what, &segment);
    if (result == 0)
        result = image_read (segment->fd, segment->size, &image);
    if (result == 0)
        segment_walk (key, segment, &image, take, &salvage, NULL);
    image_free (&image);
    if (segment)
        segment_free (segment);
    if (result != 0) {
        buffer_format (out, "failed: %s in %s/corrupt\n",
                       result == FAIL_CORRUPT ? "no header validates" : "cannot be read",
                       spool_folder (intake->spool));
        return;
    }
    log_info ("salvage of %s: %" PRIu64 " taken in again, %" PRIu64 " known, %" PRIu64
              " not submissions",
              log_text (what, strlen (what)), salvage.taken, salvage.known, salvage.strange);
    buffer_format (out, "taken: %" PRIu64 "\nknown: %" PRIu64 "\nstrange: %" PRIu64 "\n",
                   salvage.taken, salvage.known, salvage.strange);
}
