/* body.c - what a request's body holds, out of the room that all bodies have together.
 *
 * Room is booked as the body comes, in steps, never as it is promised: a promise costs its sender nothing, and five hundred of
 * them would be all there is.  Of what goes to the sink counts only what lies in memory meanwhile.
 *
 *   all, `bodies` |<-- who has shown who he is: session, token, gateway --------------------->|
 *                 |<-- strangers: three quarters ---------------------------->|
 *                 |<-- of whom nothing is asked: half --->|          each source: a sixteenth
 *
 * Large bodies leave an eighth of all below either bound: who sends five slow ones keeps nobody from logging in.  Before the
 * strangers' bound is met, those of them who are slow or silent go (paces_relieve).
 */
#include "http/http_inside.h"
#include <stdlib.h>

#define STEP         4096
#define SOURCE_PART  16  /* of `bodies`, which one source of strangers may have */
#define RELIEF_EVERY 100 /* ms */

/* It has `len` bytes of the room from now on, and is counted wherever it counts. */
static void book (struct http_request *request, size_t len)
{
    struct http_server *server = request->server;
    size_t had = request->booked;

    request->booked = len;
    server->booked += len - had;
    pace_holds (request->pace, len);
    if (request->known)
        return;
    server->booked_strangers += len - had;
    request->share->bytes += len - had;
    if (!request->proved)
        server->booked_unproved += len - had;
}

void body_drop (struct http_request *request)
{
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
    book (request, 0);
}

/* Room that one kind of bodies has together, and what it takes of it. */
struct bound {
    size_t most, has;
};

static bool fits (const struct bound *bound, size_t more)
{
    return bound->has <= bound->most && more <= bound->most - bound->has;
}

/* All together; strangers; of whom nothing is asked; one source. */
#define BOUNDS 4

static unsigned bounds_of (const struct http_request *request, size_t len,
                           struct bound bounds[BOUNDS])
{
    const struct http_server *server = request->server;
    size_t all = server->options.bodies, large = len > server->options.small ? all / 8 : 0;
    unsigned count = 0;

    bounds[count++] = (struct bound){all - large, server->booked};
    if (request->known)
        return count;
    bounds[count++] = (struct bound){all / 4 * 3 - large, server->booked_strangers};
    bounds[count++] = (struct bound){all / SOURCE_PART, request->share->bytes};
    if (!request->proved)
        bounds[count++] = (struct bound){all / 2, server->booked_unproved};
    return count;
}

bool body_fits (const struct http_request *request, size_t len)
{
    struct bound bounds[BOUNDS];
    unsigned count = bounds_of (request, len, bounds);
    size_t more = len > request->booked ? len - request->booked : 0;

    for (unsigned i = 0; i < count; i++)
        if (!fits (&bounds[i], more))
            return false;
    return true;
}

bool body_book (struct http_request *request, size_t len)
{
    size_t steps = (len + STEP - 1) / STEP * STEP;

    if (steps <= request->booked)
        return true;
    if (!body_fits (request, steps)) {
        request->server->no_room++;
        return false;
    }
    book (request, steps);
    return true;
}

void body_relieve (struct http_server *server)
{
    size_t strangers = server->options.bodies / 4 * 3, unproved = server->options.bodies / 2,
           most = strangers / 8 * 7, more = 0;
    int64_t now = mono_ms ();

    if (server->booked_strangers > most)
        more = server->booked_strangers - most;
    most = unproved / 8 * 7;
    if (server->booked_unproved > most && server->booked_unproved - most > more)
        more = server->booked_unproved - most;
    if (!more || now < server->body_relief_at)
        return;
    server->body_relief_at = now + RELIEF_EVERY;
    paces_relieve (server->paces, &(struct pace_relief){.bytes = more});
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

size_t http_body_came (const struct http_request *request)
{
    return request->came;
}

struct view http_body (const struct http_request *request)
{
    return (struct view){request->body.at, request->body.len};
}
