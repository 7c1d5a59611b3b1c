/* http.h - the HTTP doors: libmicrohttpd inside the reactor, without a thread of its own.
 *
 *     http_listen -> handle (request) -> ... turns later ... -> http_answer (request)
 *
 * The handler is called once a request, when all of it is there; whoever got the request answers it exactly
 * once, in the handler or turns later.  Until then the connection sleeps: it costs nothing and does not time
 * out, so whoever answers bounds his own wait (the deadlines of aduan.h).
 *
 * What a stranger may choose is met by a named limit first: connections, bytes of the header, bytes of the
 * body (asked for by method and path, before the first byte of it is kept), bytes of all bodies together, fields of a
 * form, idle time, the time of a whole header, body or answer (pace.h).  Beyond them he gets 413, 431 or 503, or is cut off.
 *
 * Where connections or room for bodies are short, those go first who starve others: of a source that has many, the silent, the slow.
 *
 * A body that is larger than `small` is kept of a known sender alone: `prove` is asked when the header is there, and the
 * connection sleeps with its bytes in the kernel until http_proved.  Of whoever is not known, or where there is no room,
 * files are let go as they come, and the form's words alone reach the handler, which finds out by http_lost: so an honest
 * sender whose session is over has his words back.  Whoever asked first (Expect: 100-continue) is answered before his body.
 *
 * Files need not lie in memory: a door that names a sink has them go there as they come (struct http_sink).  What is longer than
 * its limit and comes in chunks is let go, and its sender cut off where he does not end soon.
 *
 * No TLS: where the door is not on loopback, a proxy with TLS stands before it.
 */
#ifndef ADUAN_HTTP_H
#define ADUAN_HTTP_H

#include <sys/socket.h>
#include "base/base.h"
#include "daemon/reactor.h"
#include "http/pace.h"

#define HTTP_HEADER_MAX                                                                            \
    32768 /* bytes of one request's header, and of libmicrohttpd's other needs for it, as a rule */
#define HTTP_FIELDS_MAX                                                                            \
    1200 /* of one form: 500 marked cases with their versions, and what is said of them */

struct http_server;
struct http_request;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OTHER };

typedef void http_handle_fn (void *owner, struct http_request *request);
/* How many bytes of body this request may bring.  *ret_sinks, false before: its files go to the sink, be it those of a form or,
 * of a PUT, the body itself; then all else of it has `small` bytes at most. */
typedef size_t http_limit_fn (void *owner, enum http_method method, const char *path,
                              bool *ret_sinks);

/* What became of a large body. */
enum http_loss {
    HTTP_WHOLE,
    HTTP_NOT_PROVED,
    HTTP_NOT_KNOWN,
    HTTP_NO_ROOM,
    HTTP_UNWANTED /* not read at all: it is answered before its body comes, and its connection closed */
};
/* Its header is there: who sends it?  http_proved is called once, here or turns later. */
typedef void http_prove_fn (void *owner, struct http_request *request);
/* Its header is there, and a body is to come: has its sender shown who he is, as far as that is seen at once?  He then has room that
 * strangers have not.  It may be asked before `prove`. */
typedef bool http_known_fn (void *owner, struct http_request *request);
/* A request that the door itself turns away with this status: answers it, at once. */
typedef void http_refuse_fn (void *owner, struct http_request *request, unsigned status);

struct http_header {
    const char *name, *value;
};

/* Where files go as they come.  It is called on the reactor's thread:
 *
 *     begin -> add ... -> whole -> http_field -> http_take, or drop
 *           `-----> drop: its sender went, or was too slow, or the request is answered without it
 *
 * One of a request's files comes at a time.  A file of no byte has no begin. */
struct http_sink {
    /* Bytes of memory that a file takes while it comes: booked, in place of its length. */
    size_t room;
    /* Of one request at most; further ones are let go. */
    unsigned files;
    /* What the others get. */
    void *(*begin) (void *owner, struct http_request *request);
    /* False: its sender pauses until http_go_on. */
    bool (*add) (void *file, const void *at, size_t len);
    void (*whole) (void *file);
    void (*drop) (void *file);
};

struct http_options {
    const char *door;        /* "tcp://ADDRESS:PORT"; port 0: one that is free */
    unsigned connections;    /* at most; those beyond wait, or are told to go */
    int64_t idle_ms;         /* a connection that says nothing for so long is closed */
    struct pace_limits pace; /* and one that says or hears its part so slowly */
    size_t header;           /* bytes of a header at most, by connection; 0: HTTP_HEADER_MAX */
    size_t small;            /* bytes of a body that anybody may send, within its limit */
    size_t bodies;           /* bytes of all together, of which strangers have parts (body.c) */
    bool proxy; /* a trusted one stands before it, and says in X-Forwarded-For who connects */
    const char
        *crowded; /* what those are told who would wait for long (crowd.h); NULL: they wait */
    const struct http_header *headers; /* of every answer */
    size_t header_count;
    http_limit_fn *limit;
    http_prove_fn *prove;
    http_known_fn *known; /* NULL: nobody ever has */
    http_refuse_fn *refuse;
    http_handle_fn *handle;
    struct http_sink sink; /* of a door whose `limit` never says so none */
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
/* What the door has seen since it was opened, and what it holds. */
struct http_counts {
    uint64_t crowded;  /* connections for which there was no place */
    uint64_t cut;      /* connections that were too slow */
    uint64_t no_room;  /* bodies that found none */
    uint64_t unproved; /* large bodies of senders that are not known */
    size_t booked;     /* bytes of bodies, now */
};
struct http_counts http_counts (const struct http_server *server);
/* Files that are still coming are dropped, and further ones refused; those of requests that were handed out go on. */
void http_close_sink (struct http_server *server);
/* Do more come, at this moment, than are let in?  Then what cannot be served had better not cost much: http_answer_crowded. */
bool http_crowded (const struct http_server *server);
/* Every request must have been answered or proved.  Cuts what is still open. */
void http_close (struct http_server **server);

/* ---- what was asked; all texts live as long as the request ---------------------------------- */

enum http_method http_method (const struct http_request *request);
const char *http_method_word (const struct http_request *request);
/* Without the query; percent signs resolved by libmicrohttpd. */
const char *http_path (const struct http_request *request);
/* Bytes of path and parameters, percent signs resolved. */
size_t http_target_len (const struct http_request *request);
/* The other end's address; a door behind a proxy sees the proxy's. */
const struct sockaddr *http_peer (const struct http_request *request);
/* NULL: absent, or no UTF-8. */
const char *http_header (const struct http_request *request, const char *name);
/* Is there such a header, whatever it says? */
bool http_has (const struct http_request *request, const char *name);
/* The last of several headers of that name: what the nearest proxy has said, be it behind bytes of somebody's that are no UTF-8. */
const char *http_header_last (const struct http_request *request, const char *name);
/* Of several of that name the first. */
const char *http_cookie (struct http_request *request, const char *name);
/* A parameter behind the question mark: well-formed UTF-8 without NUL, or NULL. */
const char *http_query (const struct http_request *request, const char *name);
/* Appends all values of a parameter, a comma between, NUL not behind; of well-formed UTF-8. */
void http_query_all (const struct http_request *request, const char *name, struct buffer *out);
/* HTTP_WHOLE, or why its files, or its body, are not here. */
enum http_loss http_lost (const struct http_request *request);
/* Bytes of body that it brings at most: what its header says, or else its limit. */
size_t http_body_most (const struct http_request *request);
/* Those that have come so far. */
size_t http_body_came (const struct http_request *request);
/* All of the body, where it was neither kind of form. */
struct view http_body (const struct http_request *request);

/* A field of a form, or a file that came with it (then `file` is its name, as the other side says).  A PUT's body that
 * went to the sink is a file, without a name. */
struct http_field {
    const char *name;
    const char *file;  /* NULL: no file */
    struct view value; /* of what is no file well-formed UTF-8 without NUL, and NUL behind it */
    bool
        sunk; /* it went to the sink; value.at is NULL and its length counts, as of one that was let go */
};
/* The first field of that name, as text; NULL: none. */
const char *http_form (const struct http_request *request, const char *name);
/* All fields, in their order. */
size_t http_field_count (const struct http_request *request);
const struct http_field *http_field (const struct http_request *request, size_t at);

/* What the sink's `begin` gave for a field that was sunk: the caller's now.  NULL: it was taken already, or never was sunk. */
void *http_take (struct http_request *request, size_t at);
/* The sink takes more of this request's file. */
void http_go_on (struct http_request *request);

/* Anything of the owner's beside the request; `free_fn` when the request is over. */
void http_keep (struct http_request *request, void *what, void (*free_fn) (void *what));
void *http_kept (const struct http_request *request);

/* Between `prove` and http_proved: whoever sends it has shown who he is, as `known` would say. */
void http_shown (struct http_request *request);
/* What `prove` asked: HTTP_WHOLE, or why not. */
void http_proved (struct http_request *request, enum http_loss loss);

/* ---- the answer ------------------------------------------------------------------------------ */

/* A further header; both texts are copied.  A value with a control byte in it is our own bug. */
void http_say (struct http_request *request, const char *name, const char *value);
/* Was it said already? */
bool http_said (const struct http_request *request, const char *name);
/* Answers and lets go of the request.  `body` is copied; `type` NULL: none.  Bodies that are text are
 * compressed where the other side takes gzip and it is worth it. */
void http_answer (struct http_request *request, unsigned status, const char *type, const void *body,
                  size_t len);
/* 503 with what those before the door are told; of a server with `crowded`. */
void http_answer_crowded (struct http_request *request);
/* The same with bytes that live for ever, gzipped already where `gzipped` is not NULL. */
void http_answer_static (struct http_request *request, unsigned status, const char *type,
                         const void *plain, size_t len, const void *gzipped, size_t gzipped_len);
/* The same from a file of `len` bytes; takes the descriptor. */
void http_answer_file (struct http_request *request, unsigned status, const char *type, int fd,
                       size_t len);

#endif
