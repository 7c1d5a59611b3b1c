/* head.c - what stands in a request's first line and header, as libmicrohttpd keeps it. */
#include "http/http_inside.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RECORD 64   /* bytes that libmicrohttpd keeps besides of each parameter, at most */
#define SPARE  4096 /* what it needs for the rest of a header and its answer */

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

bool http_has (const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value (request->connection, MHD_HEADER_KIND, name) != NULL;
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
    return last.value;
}

struct framing {
    unsigned lengths, encodings, hosts;
    bool other; /* an encoding that is not "chunked" alone */
    bool torn;  /* a line that is none to others who read the same */
};

/* A name without blanks and controls; a value of which libmicrohttpd has not ended early what goes on behind a NUL: where its line
 * ended, two bytes are NUL now, CR and LF (0.9.75; 1.0 refuses such a line itself).  A bare LF is no end either. */
static bool line_plain (const char *name, size_t name_len, const char *value, size_t len)
{
    for (size_t i = 0; i < name_len; i++)
        if ((unsigned char) name[i] <= ' ' || name[i] == 127 || name[i] == ':')
            return false;
    for (size_t i = 0; i < len; i++)
        if (((unsigned char) value[i] < ' ' && value[i] != '\t') || value[i] == 127)
            return false;
    if (MHD_VERSION < 0x01000000 && value && (value[len] || value[len + 1]))
        return false;
    return name_len > 0;
}

static enum MHD_Result on_framing (void *owner, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t len)
{
    struct framing *framing = owner;
    (void) kind;
    framing->lengths += strcasecmp (name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    framing->hosts += strcasecmp (name, MHD_HTTP_HEADER_HOST) == 0;
    if (strcasecmp (name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->encodings++;
        framing->other |= !value || strcasecmp (value, "chunked") != 0;
    }
    framing->torn |= !line_plain (name, name_len, value, len);
    return MHD_YES;
}

bool head_plain (const struct http_request *request, const char *version)
{
    struct framing framing = {0};
    MHD_get_connection_values_n (request->connection, MHD_HEADER_KIND, on_framing, &framing);
    if (framing.encodings && strcmp (version, MHD_HTTP_VERSION_1_1) != 0)
        return false;
    return framing.lengths + framing.encodings <= 1 && framing.hosts <= 1 && !framing.other &&
           !framing.torn;
}

/* In the place of a request whose first line is refused: it has a torn end, or is too long. */
static char torn, long_one;

unsigned head_fault (const void *kept)
{
    return kept == &torn ? MHD_HTTP_BAD_REQUEST : kept == &long_one ? MHD_HTTP_URI_TOO_LONG : 0;
}

/* libmicrohttpd takes apart the first Cookie alone, and out of the header's room: five thousand small ones are closed without a word.
 * So the first one is ours, and empty, and http_cookie reads the others.  Two bytes: line_plain. */
static const char no_cookie[2];

/* A first line with a NUL in it is to libmicrohttpd the line before that.  What each parameter costs it takes from the header's room,
 * and closes without a word where that ends: so of a line that is too long it gets none, and the request is answered as any other,
 * in the words of whom it was for. */
void *head_on_target (void *owner, const char *target, struct MHD_Connection *connection)
{
    const struct http_server *server = owner;
    size_t len = strlen (target);
    char *query = strchr (target, '?');
    size_t parameters = query != NULL;

    MHD_set_connection_value (connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_COOKIE, no_cookie);
    if (strncmp (target + len + 1, "HTTP/", 5) != 0)
        return &torn;
    for (const char *at = target; (at = strchr (at, '&')); at++)
        parameters++;
    if (!query || len + parameters * RECORD + SPARE <= server->options.header)
        return NULL;
    query[1] = '\0';
    return &long_one;
}

/* A NUL would end a path or a value before its end; so it is no text instead. */
size_t head_on_unescape (void *owner, struct MHD_Connection *connection, char *text)
{
    size_t len = MHD_http_unescape (text);
    (void) owner;
    (void) connection;
    for (size_t i = 0; i < len; i++)
        if (!text[i])
            text[i] = '\xff';
    return len;
}

const struct sockaddr *http_peer (const struct http_request *request)
{
    return MHD_get_connection_info (request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
        ->client_addr;
}

struct wanted_cookie {
    const char *name;
    struct view value; /* at NULL: not found yet */
};

/* "a=b; c=d" */
static enum MHD_Result on_cookies (void *owner, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct wanted_cookie *wanted = owner;
    size_t len = strlen (wanted->name);
    (void) kind;

    if (!value || strcasecmp (name, MHD_HTTP_HEADER_COOKIE) != 0)
        return MHD_YES;
    for (const char *at = value; at; at = strchr (at, ';')) {
        at += strspn (at, "; \t");
        if (strncmp (at, wanted->name, len) != 0 || at[len] != '=')
            continue;
        at += len + 1;
        wanted->value = (struct view){at, strcspn (at, "; \t")};
        return MHD_NO;
    }
    return MHD_YES;
}

const char *http_cookie (struct http_request *request, const char *name)
{
    struct wanted_cookie wanted = {name, {NULL, 0}};

    MHD_get_connection_values (request->connection, MHD_HEADER_KIND, on_cookies, &wanted);
    if (!wanted.value.at || !utf8_valid (wanted.value.at, wanted.value.len))
        return NULL;
    request->cookies =
        xrealloc (request->cookies, (request->cookie_count + 1) * sizeof *request->cookies);
    return request->cookies[request->cookie_count++] = xstrndup (wanted.value.at, wanted.value.len);
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
