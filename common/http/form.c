/* form.c - a form's fields, of both kinds, as libmicrohttpd takes them out of the pieces of a body. */
#include "http/http_inside.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum MHD_Result on_field (void *owner, enum MHD_ValueKind kind, const char *name,
                                 const char *file, const char *type, const char *coding,
                                 const char *data, uint64_t offset, size_t len)
{
    struct http_request *request = owner;
    (void) kind;
    (void) coding;
    if (request->fault)
        return MHD_NO;
    if (!file && type && strcasecmp (type, "application/octet-stream") == 0)
        file = ""; /* bytes, whoever names no file for them */

    if (offset == 0) {
        sunk_whole (request);
        if (!field_new (request, name, file))
            return MHD_NO;
    }
    if (!request->field_count)
        return MHD_NO;
    if (request->loss && request->fields[request->field_count - 1].file)
        return MHD_YES; /* let go */
    if (sunk_add (request, data, len))
        return MHD_YES;
    if (request->fault || !body_holds (request, len))
        return MHD_NO;
    buffer_add (&request->fields[request->field_count - 1].value, data, len);
    return MHD_YES;
}

void form_open (struct http_request *request)
{
    request->form = MHD_create_post_processor (request->connection, 4096, on_field, request);
}

void form_close (struct http_request *request)
{
    if (MHD_destroy_post_processor (request->form) != MHD_YES)
        request->refused = true;
    request->form = NULL;
    sunk_whole (request);
    for (size_t i = 0; i < request->field_count; i++) {
        struct field *field = &request->fields[i];
        size_t len = field->value.len;
        if (!utf8_valid (field->name, strlen (field->name)) ||
            (field->file && !utf8_valid (field->file, strlen (field->file))) ||
            (!field->file && !utf8_valid (field->value.at, len)))
            request->refused = true;
        buffer_add (&field->value, "", 1);
        field->shown = (struct http_field){field->name, field->file, {field->value.at, len}, false};
        if (field->sunk_len)
            field->shown =
                (struct http_field){field->name, field->file, {NULL, field->sunk_len}, field->sunk};
    }
}

const char *http_form (const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (!request->fields[i].file && strcmp (request->fields[i].name, name) == 0)
            return request->fields[i].shown.value.at;
    return NULL;
}

size_t http_field_count (const struct http_request *request)
{
    return request->field_count;
}

const struct http_field *http_field (const struct http_request *request, size_t at)
{
    return &request->fields[at].shown;
}
