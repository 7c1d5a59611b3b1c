/* request.c - a request's life, as libmicrohttpd calls for it. */
#include "http/http_inside.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void http_keep (struct http_request *request, void *what, void (*free_fn) (void *what))
{
    check (!request->kept);
    request->kept = what;
    request->kept_free = free_fn;
}

void *http_kept (const struct http_request *request)
{
    return request->kept;
}

static void request_free (struct http_request *request)
{
    body_drop (request);
    for (size_t i = 0; i < request->said_count; i++) {
        free ((char *) (uintptr_t) request->said[i].name);
        free ((char *) (uintptr_t) request->said[i].value);
    }
    if (request->response)
        MHD_destroy_response (request->response);
    if (request->kept_free)
        request->kept_free (request->kept);
    share_let_go (request->server->shares, &request->share);
    for (size_t i = 0; i < request->cookie_count; i++) {
        explicit_bzero (request->cookies[i],
                        strlen (request->cookies[i])); /* sessions are among them */
        free (request->cookies[i]);
    }
    free (request->cookies);
    free (request->fields);
    free (request->said);
    free (request->path);
    free (request->word);
    free (request);
}

static enum MHD_Result request_queue (struct http_request *request)
{
    struct http_server *server = request->server;
    struct MHD_Response *response = request->response;

    for (size_t i = 0; i < server->options.header_count; i++)
        if (!MHD_get_response_header (response, server->options.headers[i].name))
            MHD_add_response_header (response, server->options.headers[i].name,
                                     server->options.headers[i].value);
    body_drop (request); /* whoever reads his answer slowly holds no room meanwhile */
    pace_answer (request->pace, request->answer_len);
    return MHD_queue_response (request->connection, request->status, response);
}

static enum http_method method_of (const char *word)
{
    static const struct {
        const char *word;
        enum http_method method;
    } methods[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_HEAD},   {"POST", HTTP_POST},
                   {"PUT", HTTP_PUT}, {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE}};
    for (size_t i = 0; i < array_len (methods); i++)
        if (strcmp (word, methods[i].word) == 0)
            return methods[i].method;
    return HTTP_OTHER;
}

static struct http_request *request_new (struct http_server *server,
                                         struct MHD_Connection *connection, const char *path,
                                         const char *method, const char *version, unsigned fault)
{
    struct http_request *request = xcalloc (1, sizeof *request);

    request->server = server;
    request->connection = connection;
    request->pace =
        MHD_get_connection_info (connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    request->method = method_of (method);
    request->word = xstrdup (method);
    request->path = xstrdup (path);
    struct http_source source = http_source_told (request, server->options.proxy);
    request->share = share_keep (server->shares, &source);
    if (server->options.proxy)
        pace_share (request->pace, request->share);
    request->limit =
        server->options.limit (server->options.owner, request->method, path, &request->sinks);
    request->fault = fault;
    if (!fault && !utf8_valid (path, strlen (path)))
        request->fault = MHD_HTTP_BAD_REQUEST;
    if (!fault && !head_plain (request, version))
        fault = request->fault = MHD_HTTP_BAD_REQUEST;
    if (fault)
        http_say (request, MHD_HTTP_HEADER_CONNECTION, "close");
    const char *length = http_header (request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *expect = http_header (request, MHD_HTTP_HEADER_EXPECT);
    request->chunked = http_header (request, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
    request->asks_first = expect && strcasecmp (expect, "100-continue") == 0;
    if (length && !request->chunked)
        request->declared = strtoull (length, NULL, 10);
    return request;
}

/* A piece of a body that is no form. */
static void body_take (struct http_request *request, const char *data, size_t len)
{
    bool sinks = request->sinks && request->method == HTTP_PUT;

    if (sinks && !request->field_count && !field_new (request, "", ""))
        return;
    if (sinks && request->loss)
        return; /* let go */
    if ((sinks && sunk_add (request, data, len)) || request->fault || !body_holds (request, len))
        return;
    buffer_add (&request->body, data, len);
}

static void request_take (struct http_request *request, const char *data, size_t len)
{
    request->came += len;
    pace_came (request->pace, len);
    if (request->came > request->limit)
        request->fault = MHD_HTTP_CONTENT_TOO_LARGE;
    if (!request->fault && !request->refused) {
        if (request->form) {
            if (MHD_post_process (request->form, data, len) != MHD_YES)
                request->refused = true;
        } else {
            body_take (request, data, len);
        }
    }
    if (request->fault || request->refused)
        body_drop (request); /* nobody will read it; what is still to come is let go */
}

/* It goes to whoever answers it: the owner, or the owner's words for what the door refuses. */
static enum MHD_Result request_hand_out (struct http_request *request)
{
    struct http_server *server = request->server;
    void *owner = server->options.owner;

    server->unanswered++;
    pace_ours (request->pace);
    request->state = REQUEST_ARRIVING;
    if (request->form)
        form_close (request);
    else if (!request->fault)
        body_close (request);
    if (request->refused && !request->fault)
        request->fault = MHD_HTTP_BAD_REQUEST;
    if (request->fault) {
        server->options.refuse (owner, request, request->fault);
        check (request->state == REQUEST_ANSWERED);
    } else {
        server->handled = true;
        server->options.handle (owner, request);
    }
    if (request->state == REQUEST_ANSWERED)
        return request_queue (request);
    request->state = REQUEST_ASLEEP;
    MHD_suspend_connection (request->connection);
    return MHD_YES;
}

/* There may be room for all that it says it brings; its first step is its own. */
static bool body_opens (struct http_request *request)
{
    size_t needs = body_needs (request);

    if (body_fits (request, needs))
        return body_book (request, needs > 0);
    request->server->no_room++;
    return false;
}

/* It is known who sends it, as far as that is going to be known: its body may come, or it is answered without. */
static enum MHD_Result request_open (struct http_request *request)
{
    request->state = REQUEST_ARRIVING;
    if (!request->loss && !body_opens (request)) {
        if (!request->proved && !request->known) {
            request->fault = MHD_HTTP_SERVICE_UNAVAILABLE;
            return request_hand_out (request);
        }
        request->loss = HTTP_NO_ROOM;
    }
    if (request->loss == HTTP_UNWANTED || (request->loss && request->asks_first))
        return request_hand_out (request);
    pace_body (request->pace);
    if (request->method == HTTP_POST)
        form_open (request);
    return MHD_YES;
}

void http_shown (struct http_request *request)
{
    check (!request->booked);
    request->known = true;
    pace_known (request->pace);
}

/* Its header is there. */
static enum MHD_Result request_begin (struct http_request *request)
{
    const struct http_options *options = &request->server->options;

    pace_ours (request->pace);
    /* before the client sends what nobody will read; libmicrohttpd closes behind it */
    if (request->declared > request->limit)
        request->fault = MHD_HTTP_CONTENT_TOO_LARGE;
    if (request->fault)
        return request_hand_out (request);
    if ((request->chunked || request->declared) && options->known &&
        options->known (options->owner, request))
        http_shown (request);
    if (request->limit <= options->small ||
        !(request->chunked || request->declared > options->small))
        return request_open (request);
    request->state = REQUEST_PROVING;
    options->prove (options->owner, request);
    if (request->state != REQUEST_PROVING)
        return request_open (request);
    request->server->handled = true; /* it has asked */
    request->suspended = true;
    MHD_suspend_connection (request->connection);
    return MHD_YES;
}

static void request_resume (struct http_request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    request->server->resumed = true;
    MHD_resume_connection (request->connection);
}

void http_proved (struct http_request *request, enum http_loss loss)
{
    check (request->state == REQUEST_PROVING);
    request->loss = loss;
    request->proved = loss == HTTP_WHOLE;
    request->server->unproved += loss != HTTP_WHOLE;
    request->state = REQUEST_PROVED;
    request_resume (request);
}

void http_go_on (struct http_request *request)
{
    request->pauses = false;
    if (!request->suspended)
        return;
    pace_body (request->pace);
    request_resume (request);
}

enum MHD_Result request_on_access (void *owner, struct MHD_Connection *connection, const char *path,
                                   const char *method, const char *version, const char *data,
                                   size_t *len, void **kept)
{
    struct http_request *request = *kept;

    if (!request || head_fault (*kept)) {
        *kept = request =
            request_new (owner, connection, path, method, version, head_fault (*kept));
        return request_begin (request);
    }
    if (request->state == REQUEST_PROVED)
        return request_open (request);
    if (request->state == REQUEST_ANSWERED)
        return request_queue (request);
    if (*len) {
        request_take (request, data, *len);
        *len = 0;
        if (request->came / 2 > request->limit && request->came > request->server->options.small)
            return MHD_NO; /* libmicrohttpd takes an answer at the end alone, and here is none to be seen */
        /* of a body in chunks libmicrohttpd hands out all that it has read, suspended or not */
        if (request->pauses && !request->suspended) {
            pace_ours (request->pace);
            request->suspended = true;
            MHD_suspend_connection (connection);
        }
        return MHD_YES;
    }
    return request_hand_out (request);
}

void request_on_completed (void *owner, struct MHD_Connection *connection, void **kept,
                           enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *kept;
    (void) owner;
    (void) connection;
    (void) code;
    if (!request || head_fault (*kept))
        return;
    pace_idle (request->pace);
    if (request->server->options.proxy)
        pace_share (request->pace, NULL); /* it is the proxy's again */
    request_free (request);
    *kept = NULL;
}
