/* open311_photo.c - pictures that come with words. */
#include "open311_photo.h"
#include <strings.h>
#include "../repeat.h"

#define LINK_MOST  1000
#define LINKS_MOST 5

void links_add (struct visit *visit, struct buffer *text)
{
    unsigned count = 0;

    for (size_t i = 0; i < http_field_count (visit->request) && count < LINKS_MOST; i++) {
        const struct http_field *field = http_field (visit->request, i);
        const char *link = field->value.at;
        if (field->file || strncmp (field->name, "media_url", 9) != 0 ||
            field->value.len > LINK_MOST ||
            (strncasecmp (link, "https://", 8) != 0 && strncasecmp (link, "http://", 7) != 0))
            continue;
        buffer_add (text, "\n\n", text->len == 0 ? 0 : count == 0 ? 2 : 1);
        words_normal (field->value, text);
        count++;
    }
}

static void photos_next (struct photos *photos);

static void on_stored (void *owner, enum content_result result, const uint8_t *digest)
{
    struct photos *photos = owner;

    if (result == CONTENT_DONE)
        memcpy (photos->digests + DIGEST_BYTES * photos->count++, digest, DIGEST_BYTES);
    else if (result == CONTENT_ROOM || result == CONTENT_STOPPED)
        photos->lost = true;
    else
        photos->fault = content_key (result);
    photos_next (photos);
}

static void photos_next (struct photos *photos)
{
    struct visit *visit = photos->visit;

    while (!photos->fault && photos->field < http_field_count (visit->request)) {
        size_t at = photos->field++;
        if (!brought_file (visit->request, at))
            continue;
        if (photos->count == FILES_MOST) {
            photos->fault = "file_many";
            break;
        }
        brought_draft (visit->web->content, visit->request, at, on_stored, photos);
        return;
    }
    photos->finish (visit);
}

void photos_store (struct visit *visit, struct photos *photos, void (*finish) (struct visit *visit))
{
    photos->visit = visit;
    photos->finish = finish;
    photos_next (photos);
}
