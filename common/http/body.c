/* body.c - what a request's body holds, out of the room that all bodies have together.
 *
 * What it says of its length is booked before its first byte is kept, what comes in chunks as it comes; of what goes to the sink
 * only what lies in memory meanwhile.  Those who are not known have half of the room, and large bodies leave an eighth of it: who
 * sends five slow ones keeps nobody from logging in.
 */
#include "http/http_inside.h"
#include <stdlib.h>

void body_drop (struct http_request *request)
{
    struct http_server *server = request->server;

    if (request->form)
        MHD_destroy_post_processor (request->form);
    request->form = NULL;
    sunk_drop (request);
    for (size_t i = 0; i < request->field_count; i++) {
        free (request->fields[i].name);
        free (request->fields[i].file);
        buffer_free (&request->fields[i].value);
    }
    request->field_count = 0;
    buffer_free (&request->body);
    server->booked -= request->booked;
    if (!request->proved)
        server->booked_unknown -= request->booked;
    request->booked = 0;
}

bool body_book (struct http_request *request, size_t len)
{
    struct http_server *server = request->server;
    size_t all = server->options.bodies, most = len > server->options.small ? all - all / 8 : all,
           more;

    if (len <= request->booked)
        return true;
    more = len - request->booked;
    if (server->booked > most || more > most - server->booked ||
        (!request->proved && more > all / 2 - server->booked_unknown)) {
        server->no_room++;
        return false;
    }
    request->booked += more;
    server->booked += more;
    if (!request->proved)
        server->booked_unknown += more;
    return true;
}

size_t body_needs (const struct http_request *request)
{
    const struct http_options *options = &request->server->options;
    size_t most = options->small + options->sink.room;

    return request->sinks && request->declared > most ? most : request->declared;
}

bool body_holds (struct http_request *request, size_t len)
{
    const struct http_options *options = &request->server->options;
    size_t sinks = request->sinking ? options->sink.room : 0;

    request->kept_len += len;
    if ((request->loss || request->sinks) && request->kept_len > options->small + sinks)
        request->fault = MHD_HTTP_CONTENT_TOO_LARGE;
    else if (!body_book (request, request->kept_len))
        request->fault = MHD_HTTP_SERVICE_UNAVAILABLE;
    return !request->fault;
}

enum http_loss http_lost (const struct http_request *request)
{
    return request->loss;
}

size_t http_body_most (const struct http_request *request)
{
    return request->chunked ? request->limit : request->declared;
}

struct view http_body (const struct http_request *request)
{
    return (struct view){request->body.at, request->body.len};
}
