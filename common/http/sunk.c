/* sunk.c - a body's files, on their way to the door's sink. */
#include "http/http_inside.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct field *field_new (struct http_request *request, const char *name, const char *file)
{
    if (request->field_count == HTTP_FIELDS_MAX) {
        request->refused = true;
        return NULL;
    }
    if (request->field_count == request->field_room) {
        request->field_room = request->field_room ? request->field_room * 2 : 16;
        request->fields = xrealloc (request->fields, request->field_room * sizeof *request->fields);
    }
    if (!body_holds (request, (name ? strlen (name) : 0) + (file ? strlen (file) : 0)))
        return NULL;
    struct field *fresh = &request->fields[request->field_count++];
    *fresh =
        (struct field){.name = xstrdup (name ? name : ""), .file = file ? xstrdup (file) : NULL};
    return fresh;
}

/* Its first byte is there.  False: there is no place for it, or no sink any more. */
static bool sunk_begin (struct http_request *request, struct field *field)
{
    struct http_server *server = request->server;
    const struct http_sink *sink = &server->options.sink;

    request->sinking = true;
    request->files++;
    if (server->sink_closed)
        request->fault = MHD_HTTP_SERVICE_UNAVAILABLE;
    else if (body_holds (request, sink->room))
        field->sunk = sink->begin (server->options.owner, request);
    if (field->sunk && !request->listed) {
        request->listed = true;
        DL_APPEND (server->sunk, request);
    }
    return field->sunk != NULL;
}

bool sunk_add (struct http_request *request, const void *at, size_t len)
{
    struct field *field = &request->fields[request->field_count - 1];

    if (!request->sinks || !field->file || !len)
        return false;
    if (!request->sinking && request->files == request->server->options.sink.files) {
        field->sunk_len += len; /* let go */
        return true;
    }
    if (!request->sinking && !sunk_begin (request, field))
        return false;
    field->sunk_len += len;
    if (!request->server->options.sink.add (field->sunk, at, len))
        request->pauses = true;
    return true;
}

void sunk_whole (struct http_request *request)
{
    const struct http_sink *sink = &request->server->options.sink;

    if (!request->sinking)
        return;
    request->sinking = false;
    request->kept_len -= sink->room;
    sink->whole (request->fields[request->field_count - 1].sunk);
}

void sunk_drop (struct http_request *request)
{
    request->sinking = false;
    for (size_t i = 0; i < request->field_count; i++) {
        if (request->fields[i].sunk)
            request->server->options.sink.drop (request->fields[i].sunk);
        request->fields[i].sunk = NULL;
    }
    if (request->listed)
        DL_DELETE (request->server->sunk, request);
    request->listed = false;
    http_go_on (request); /* nobody else will say so */
}

void body_close (struct http_request *request)
{
    sunk_whole (request);
    for (size_t i = 0; i < request->field_count; i++) {
        struct field *field = &request->fields[i];
        field->shown =
            (struct http_field){field->name, field->file, {NULL, field->sunk_len}, field->sunk};
    }
}

void *http_take (struct http_request *request, size_t at)
{
    void *taken = request->fields[at].sunk;

    request->fields[at].sunk = NULL;
    return taken;
}
