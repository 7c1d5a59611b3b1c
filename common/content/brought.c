/* brought.c - a door's sink: each file that comes is an upload. */
#include <stdlib.h>
#include "content/brought.h"

struct brought {
    struct http_request *request;
    struct content_upload *upload;
};

static void on_more (void *owner)
{
    struct brought *brought = owner;
    http_go_on (brought->request);
}

void *brought_begin (struct content *content, struct http_request *request)
{
    struct brought *brought = xcalloc (1, sizeof *brought);

    brought->request = request;
    brought->upload = content_begin (content, on_more, brought);
    return brought;
}

static bool on_add (void *file, const void *at, size_t len)
{
    struct brought *brought = file;
    return content_add (brought->upload, at, len);
}

static void on_whole (void *file)
{
    struct brought *brought = file;
    content_seal (brought->upload);
}

static void on_drop (void *file)
{
    struct brought *brought = file;
    content_drop (&brought->upload);
    free (brought);
}

struct http_sink brought_sink (void *(*begin) (void *owner, struct http_request *request))
{
    return (struct http_sink){
        CONTENT_UPLOAD_ROOM, CONTENT_FILES_MOST, begin, on_add, on_whole, on_drop};
}

bool brought_file (const struct http_request *request, size_t at)
{
    const struct http_field *field = http_field (request, at);
    return field->file && field->value.len;
}

static void store (struct content *content, struct http_request *request, size_t at, bool draft,
                   content_put_fn *done, void *owner)
{
    const struct http_field *field = http_field (request, at);
    struct brought *brought;

    if (!field->sunk) { /* empty, or one too many, which others before it stand for */
        content_put (content, (struct view){"", 0}, done, owner);
        return;
    }
    brought = http_take (request, at);
    check (brought); /* once */
    if (draft)
        content_draft (brought->upload);
    content_end (&brought->upload, done, owner);
    free (brought);
}

void brought_store (struct content *content, struct http_request *request, size_t at,
                    content_put_fn *done, void *owner)
{
    store (content, request, at, false, done, owner);
}

void brought_draft (struct content *content, struct http_request *request, size_t at,
                    content_put_fn *done, void *owner)
{
    store (content, request, at, true, done, owner);
}
