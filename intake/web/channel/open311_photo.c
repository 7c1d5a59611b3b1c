/* open311_photo.c - the files of a form, into the content store. */
#include "open311_photo.h"

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
        const struct http_field *field = http_field (visit->request, photos->field++);
        if (!field->file || field->value.len == 0)
            continue;
        if (photos->count == FILES_MOST) {
            photos->fault = "file_many";
            break;
        }
        content_put (visit->web->content, field->value, on_stored, photos);
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
