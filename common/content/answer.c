/* answer.c - a file goes out.  See answer.h. */
#include "content/answer.h"

#include <stdlib.h>

void content_answer (struct http_request *request, const uint8_t *digest,
                     const struct content_found *found)
{
    char *name = xformat ("attachment; filename=\"lampiran-%s.%s\"", hex_text (digest, 4),
                          found->kind->ending);

    http_say (request, "Content-Disposition", name);
    http_say (request, "Content-Security-Policy", "default-src 'none'; sandbox");
    http_say (request, "Cache-Control", "private, no-store");
    http_answer_file (request, 200, found->kind->type, found->fd, found->len);
    free (name);
}
