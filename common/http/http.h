/* http.h - the HTTP doors: libmicrohttpd inside the reactor, without a thread of its own.
 *
 *     http_listen -> handle (request) -> ... turns later ... -> http_answer (request)
 *
 * The handler is called once a request, when all of it is there; whoever got the request answers it exactly
 * once, in the handler or turns later.  Until then the connection sleeps: it costs nothing and does not time
 * out, so whoever answers bounds his own wait (the deadlines of aduan.h).
 *
 * What a stranger may choose is met by a named limit first: connections, bytes of the header, bytes of the
 * body (asked for by method and path, before the first byte of it is kept), fields of a form, idle time.
 * Beyond them he gets 413, 431 or 503, or is cut off.
 *
 * No TLS: where the door is not on loopback, a proxy with TLS stands before it.
 */
#ifndef ADUAN_HTTP_H
#define ADUAN_HTTP_H

#include "base/base.h"
#include "daemon/reactor.h"

#define HTTP_HEADER_MAX                                                                            \
    32768 /* bytes of one request's header, and of libmicrohttpd's other needs for it */
#define HTTP_FIELDS_MAX                                                                            \
    1200 /* of one form: 500 marked cases with their versions, and what is said of them */

struct http_server;
struct http_request;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OTHER };

typedef void http_handle_fn (void *owner, struct http_request *request);
/* How many bytes of body this request may bring. */
typedef size_t http_limit_fn (void *owner, enum http_method method, const char *path);

struct http_header {
    const char *name, *value;
};

struct http_options {
    const char *door;                  /* "tcp://ADDRESS:PORT"; port 0: one that is free */
    unsigned connections;              /* at most; those beyond wait in the kernel's queue */
    int64_t idle_ms;                   /* a connection that says nothing for so long is closed */
    const struct http_header *headers; /* of every answer */
    size_t header_count;
    http_limit_fn *limit;
    http_handle_fn *handle;
    void *owner;
};

/* 0 and *ret, or FAIL_MALFORMED (the door is none), FAIL_IO with errno set. */
int http_listen (struct reactor *reactor, const struct http_options *options,
                 struct http_server **ret);
/* Where it listens: of door's port 0 the one that was found. */
uint16_t http_port (const struct http_server *server);
/* Takes no further connection; those that are there end by themselves. */
void http_quiet (struct http_server *server);
/* How many requests are not answered. */
unsigned http_unanswered (const struct http_server *server);
/* Every request must have been answered.  Cuts what is still open. */
void http_close (struct http_server **server);

/* ---- what was asked; all texts live as long as the request ---------------------------------- */

enum http_method http_method (const struct http_request *request);
const char *http_method_word (const struct http_request *request);
/* Without the query; percent signs resolved by libmicrohttpd. */
const char *http_path (const struct http_request *request);
/* NULL: absent. */
const char *http_header (const struct http_request *request, const char *name);
const char *http_cookie (const struct http_request *request, const char *name);
/* A parameter behind the question mark: well-formed UTF-8 without NUL, or NULL. */
const char *http_query (const struct http_request *request, const char *name);
/* All of the body, where it was neither kind of form. */
struct view http_body (const struct http_request *request);

/* A field of a form, or a file that came with it (then `file` is its name, as the other side says). */
struct http_field {
    const char *name;
    const char *file;  /* NULL: no file */
    struct view value; /* of what is no file well-formed UTF-8 without NUL, and NUL behind it */
};
/* The first field of that name, as text; NULL: none. */
const char *http_form (const struct http_request *request, const char *name);
/* All fields, in their order. */
size_t http_field_count (const struct http_request *request);
const struct http_field *http_field (const struct http_request *request, size_t at);

/* Anything of the owner's beside the request; `free_fn` when the request is over. */
void http_keep (struct http_request *request, void *what, void (*free_fn) (void *what));
void *http_kept (const struct http_request *request);

/* ---- the answer ------------------------------------------------------------------------------ */

/* A further header; both texts are copied.  A value with a control byte in it is our own bug. */
void http_say (struct http_request *request, const char *name, const char *value);
/* Answers and lets go of the request.  `body` is copied; `type` NULL: none.  Bodies that are text are
 * compressed where the other side takes gzip and it is worth it. */
void http_answer (struct http_request *request, unsigned status, const char *type, const void *body,
                  size_t len);
/* The same with bytes that live for ever, gzipped already where `gzipped` is not NULL. */
void http_answer_static (struct http_request *request, unsigned status, const char *type,
                         const void *plain, size_t len, const void *gzipped, size_t gzipped_len);
/* The same from a file of `len` bytes; takes the descriptor. */
void http_answer_file (struct http_request *request, unsigned status, const char *type, int fd,
                       size_t len);

#endif
