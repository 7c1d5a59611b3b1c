/* head.c - what stands in a request's first line and header, as libmicrohttpd keeps it. */
#include "http/http_inside.h"
#include <string.h>
#include <strings.h>

enum http_method http_method (const struct http_request *request)
{
    return request->method;
}

const char *http_method_word (const struct http_request *request)
{
    return request->word;
}

const char *http_path (const struct http_request *request)
{
    return request->path;
}

static const char *looked_up (const struct http_request *request, enum MHD_ValueKind kind,
                              const char *name)
{
    const char *found = MHD_lookup_connection_value (request->connection, kind, name);
    return found && utf8_valid (found, strlen (found)) ? found : NULL;
}

const char *http_header (const struct http_request *request, const char *name)
{
    return looked_up (request, MHD_HEADER_KIND, name);
}

struct last_header {
    const char *name, *value;
};

static enum MHD_Result on_header (void *owner, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct last_header *last = owner;
    (void) kind;
    if (strcasecmp (name, last->name) == 0)
        last->value = value;
    return MHD_YES;
}

const char *http_header_last (const struct http_request *request, const char *name)
{
    struct last_header last = {name, NULL};
    MHD_get_connection_values (request->connection, MHD_HEADER_KIND, on_header, &last);
    return last.value && utf8_valid (last.value, strlen (last.value)) ? last.value : NULL;
}

struct framing {
    unsigned lengths, encodings, hosts;
    bool other; /* an encoding that is not "chunked" alone */
};

static enum MHD_Result on_framing (void *owner, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct framing *framing = owner;
    (void) kind;
    framing->lengths += strcasecmp (name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    framing->hosts += strcasecmp (name, MHD_HTTP_HEADER_HOST) == 0;
    if (strcasecmp (name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->encodings++;
        framing->other |= !value || strcasecmp (value, "chunked") != 0;
    }
    return MHD_YES;
}

bool head_plain (const struct http_request *request)
{
    struct framing framing = {0};
    MHD_get_connection_values (request->connection, MHD_HEADER_KIND, on_framing, &framing);
    return framing.lengths + framing.encodings <= 1 && framing.hosts <= 1 && !framing.other;
}

const struct sockaddr *http_peer (const struct http_request *request)
{
    return MHD_get_connection_info (request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
        ->client_addr;
}

const char *http_cookie (const struct http_request *request, const char *name)
{
    return looked_up (request, MHD_COOKIE_KIND, name);
}

const char *http_query (const struct http_request *request, const char *name)
{
    return looked_up (request, MHD_GET_ARGUMENT_KIND, name);
}

struct all_values {
    const char *name;
    struct buffer *out;
    size_t len;
};

static enum MHD_Result on_value (void *owner, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    struct all_values *all = owner;
    (void) kind;
    all->len += strlen (name) + (value ? strlen (value) : 0) + 2; /* & and = */
    if (all->name && value && strcmp (name, all->name) == 0 && utf8_valid (value, strlen (value))) {
        buffer_add (all->out, ",", all->out->len ? 1 : 0);
        buffer_add (all->out, value, strlen (value));
    }
    return MHD_YES;
}

void http_query_all (const struct http_request *request, const char *name, struct buffer *out)
{
    struct all_values all = {name, out, 0};
    MHD_get_connection_values (request->connection, MHD_GET_ARGUMENT_KIND, on_value, &all);
}

size_t http_target_len (const struct http_request *request)
{
    struct all_values all = {NULL, NULL, strlen (request->path)};
    MHD_get_connection_values (request->connection, MHD_GET_ARGUMENT_KIND, on_value, &all);
    return all.len;
}
