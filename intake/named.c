/* named.c - files that a submission names: they are kept before the submission is.
 *
 * A link in the content store, made and synced by the commit thread: what intake has accepted names nothing that expires
 * (docs/channels.md, "Files").
 */
#include "intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "content/pin.h"

struct named *named_new (struct view attachments)
{
    if (!attachments.len)
        return NULL;
    struct named *named = xcalloc (1, sizeof *named + attachments.len);
    named->count = attachments.len / CONTENT_DIGEST_BYTES;
    memcpy (named->digests, attachments.at, attachments.len);
    return named;
}

void named_pin (const char *folder, struct named *named)
{
    size_t at;

    (void) fault_point (pin_before);
    named->result = content_pin_here (folder, named->digests, named->count, &at);
    named->why = errno;
    (void) fault_point (pin_made);
}

void named_free (struct record *record)
{
    free (record->named);
    record->named = NULL;
}
