/* answer.c - a request's answer: its headers, and its body, compressed where that is worth it. */
#include "http/http_inside.h"
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define GZIP_LEAST 1024 /* bytes: less fits into one packet anyway */

void http_say (struct http_request *request, const char *name, const char *value)
{
    for (const char *at = value; *at; at++)
        check ((unsigned char) *at >= ' ' && *at != 127);
    request->said = xrealloc (request->said, (request->said_count + 1) * sizeof *request->said);
    request->said[request->said_count++] = (struct http_header){xstrdup (name), xstrdup (value)};
}

bool http_said (const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->said_count; i++)
        if (strcasecmp (request->said[i].name, name) == 0)
            return true;
    return false;
}

static void request_answer (struct http_request *request, unsigned status, const char *type,
                            struct MHD_Response *response, size_t len)
{
    check (request->state != REQUEST_ANSWERED && response);
    if (type)
        MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (size_t i = 0; i < request->said_count; i++)
        MHD_add_response_header (response, request->said[i].name, request->said[i].value);
    /* in a crowd nobody keeps a place that he does not use: others wait for one */
    if (request->server->connected > request->server->options.connections / 8 * 7)
        MHD_add_response_header (response, MHD_HTTP_HEADER_CONNECTION, "close");
    request->response = response;
    request->status = status;
    request->answer_len = len;
    request->server->unanswered--;
    sunk_drop (request); /* whoever answers wants none of them any more */
    if (request->state == REQUEST_ASLEEP) {
        request->server->resumed = true;
        MHD_resume_connection (request->connection);
    }
    request->state = REQUEST_ANSWERED;
}

static bool takes_gzip (const struct http_request *request)
{
    const char *coding = http_header (request, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    const char *found = coding ? strstr (coding, "gzip") : NULL;
    return found && strncmp (found, "gzip;q=0", 8) != 0;
}

static bool compressible (const char *type)
{
    return type && (strncmp (type, "text/", 5) == 0 || strstr (type, "json") ||
                    strstr (type, "javascript") || strstr (type, "svg") || strstr (type, "yaml"));
}

/* gzip of `at`, or an empty buffer where that would not be smaller. */
static struct buffer gzip_of (const void *at, size_t len)
{
    struct buffer out = {0};
    z_stream stream = {.next_in = (Bytef *) (uintptr_t) at, .avail_in = (uInt) len};

    if (deflateInit2 (&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return out;
    stream.next_out = (Bytef *) buffer_room (&out, len);
    stream.avail_out = (uInt) len;
    if (deflate (&stream, Z_FINISH) == Z_STREAM_END)
        out.len = stream.total_out;
    deflateEnd (&stream);
    return out;
}

void http_answer (struct http_request *request, unsigned status, const char *type, const void *body,
                  size_t len)
{
    struct buffer packed = {0};
    if (len >= GZIP_LEAST && compressible (type) && takes_gzip (request))
        packed = gzip_of (body, len);
    struct MHD_Response *response =
        packed.len ? MHD_create_response_from_buffer (packed.len, packed.at, MHD_RESPMEM_MUST_COPY)
                   : MHD_create_response_from_buffer (len, (void *) (uintptr_t) body,
                                                      MHD_RESPMEM_MUST_COPY);
    if (packed.len)
        MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (compressible (type))
        MHD_add_response_header (response, MHD_HTTP_HEADER_VARY, "Accept-Encoding, Cookie");
    size_t out = packed.len ? packed.len : len;
    buffer_free (&packed);
    request_answer (request, status, type, response, out);
}

void http_answer_crowded (struct http_request *request)
{
    struct view words = crowd_words (request->server->crowd);
    struct MHD_Response *response = MHD_create_response_from_buffer (
        words.len, (void *) (uintptr_t) words.at, MHD_RESPMEM_MUST_COPY);

    MHD_add_response_header (response, MHD_HTTP_HEADER_RETRY_AFTER, CROWD_RETRY);
    MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    request_answer (request, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", response,
                    words.len);
}

void http_answer_static (struct http_request *request, unsigned status, const char *type,
                         const void *plain, size_t len, const void *gzipped, size_t gzipped_len)
{
    bool packed = gzipped && takes_gzip (request);
    struct MHD_Response *response = MHD_create_response_from_buffer (
        packed ? gzipped_len : len, (void *) (uintptr_t) (packed ? gzipped : plain),
        MHD_RESPMEM_PERSISTENT);
    if (packed)
        MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (gzipped)
        MHD_add_response_header (response, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
    request_answer (request, status, type, response, packed ? gzipped_len : len);
}

void http_answer_file (struct http_request *request, unsigned status, const char *type, int fd,
                       size_t len)
{
    request_answer (request, status, type, MHD_create_response_from_fd (len, fd), len);
}
