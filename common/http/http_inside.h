/* http_inside.h - a server's and a request's inside, for http.c, request.c, head.c, body.c, form.c and answer.c only.
 *
 *   libmicrohttpd -> request.c: new, begun -> head.c, the header
 *                               opened     -> body.c, room for its body; form.c, its fields; sunk.c, its files
 *                               handed out -> the owner's handler ... answer.c -> its connection is resumed
 *   reactor       -> http.c: the server runs libmicrohttpd at each turn's end, for what was resumed, too
 *
 *   request: [PROVING ->] ARRIVING -> [ASLEEP ->] ANSWERED
 *
 * PROVING: its header is there, and who sends so much is being asked; the connection is suspended in
 * libmicrohttpd's first call, before the 100 of Expect: 100-continue, and once resumed the first call comes again.
 * ARRIVING: its body comes in pieces; suspended while the sink wants no more of it.  ASLEEP: handed out, the connection is suspended.  ANSWERED: the
 * response is queued when libmicrohttpd calls again, which after a resume it does only in MHD_run.
 */
#ifndef ADUAN_HTTP_INSIDE_H
#define ADUAN_HTTP_INSIDE_H

#include <microhttpd.h>
#include "http/crowd.h"
#include "http/http.h"
#include "http/share.h"

enum request_state {
    REQUEST_PROVING,
    REQUEST_PROVED, /* and its first call will come again */
    REQUEST_ARRIVING,
    REQUEST_ASLEEP,
    REQUEST_ANSWERED
};

struct field {
    struct http_field shown;
    char *name, *file;
    struct buffer value;
    void *sunk; /* the sink's, until it is taken or dropped */
    size_t sunk_len;
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    enum request_state state;
    enum http_method method;
    char *path, *word;
    char **cookies; /* those that were asked for */
    size_t cookie_count;
    struct pace *pace;
    size_t limit, came;
    size_t declared; /* by Content-Length; 0: none, or in chunks */
    bool chunked, asks_first;
    bool suspended;                   /* while it is asked, or pauses */
    bool sinks;                       /* its files go to the sink */
    unsigned files;                   /* that went there */
    bool pauses;                      /* the sink wants no more yet */
    bool sinking;                     /* the last field's file is coming */
    struct http_request *prev, *next; /* of those whose files went to the sink */
    bool listed;
    bool proved;         /* it was asked who sends it, and it may come */
    bool known;          /* he has shown who he is */
    struct share *share; /* of where it comes from */
    enum http_loss loss;
    size_t kept_len, booked; /* bytes that are held, and that it may hold by what was booked */
    struct MHD_PostProcessor *form;
    struct field *fields;
    size_t field_count, field_room;
    bool refused;   /* the form has too many fields, or text that is none */
    unsigned fault; /* status of a request that its handler never sees; 0: none */
    struct buffer body;
    struct http_header *said;
    size_t said_count;
    struct MHD_Response *response;
    unsigned status;
    uint64_t answer_len;
    void *kept;
    void (*kept_free) (void *what);
};

struct http_server {
    struct reactor *reactor;
    struct http_options options;
    struct MHD_Daemon *daemon;
    struct source *source;
    struct timer *timer;
    uint16_t port;
    unsigned unanswered;
    unsigned connected; /* connections now */
    struct paces *paces;
    struct crowd *crowd;       /* NULL: whoever comes waits */
    struct http_request *sunk; /* those that may hold files of the sink */
    bool sink_closed;
    struct shares *shares;
    size_t booked, booked_strangers, booked_unproved; /* the latter within the former */
    int64_t body_relief_at, relief_at;                /* mono_ms: not before */
    uint64_t no_room, unproved;
    bool resumed;
    bool handled; /* a request was handed out in this run */
};

/* ---- request.c: what libmicrohttpd calls; the owner is the server ------------------------------ */

enum MHD_Result request_on_access (void *owner, struct MHD_Connection *connection, const char *path,
                                   const char *method, const char *version, const char *data,
                                   size_t *len, void **kept);
void request_on_completed (void *owner, struct MHD_Connection *connection, void **kept,
                           enum MHD_RequestTerminationCode code);

/* ---- head.c ------------------------------------------------------------------------------------ */

/* One length or one chunked encoding at most, one Host: a proxy before us has seen the same end of it, and the same name, as we
 * do (RFC 9112, 3.2 and 6.3).  False: what comes behind it on this connection may be anybody's words. */
bool head_plain (const struct http_request *request, const char *version);
/* libmicrohttpd has a request's first line.  NULL, or what stands in the request's place until it is there: head_fault. */
void *head_on_target (void *owner, const char *target, struct MHD_Connection *connection);
/* The status by which a first line is refused; 0: it is not, or its request is there. */
unsigned head_fault (const void *kept);
/* Percent signs of a part of the target; the length of what is left. */
size_t head_on_unescape (void *owner, struct MHD_Connection *connection, char *text);

/* ---- body.c ------------------------------------------------------------------------------------ */

/* Is there room for `len` bytes of body in all? */
bool body_fits (const struct http_request *request, size_t len);
/* The same, and it has them; false: there is none. */
bool body_book (struct http_request *request, size_t len);
/* As much as it may hold at once, as far as it says how long it is. */
size_t body_needs (const struct http_request *request);
/* Once a turn: where room is short, who holds it without need goes. */
void body_relieve (struct http_server *server);
/* So much more is to be held; false, and its fault is said: it may not. */
bool body_holds (struct http_request *request, size_t len);
/* What it brought goes, its form's fields, too, and its room is another's.  Again it is nothing. */
void body_drop (struct http_request *request);

/* ---- sunk.c: a body's files, into the sink --------------------------------------------------------- */

/* All of a body that is no form is there. */
void body_close (struct http_request *request);
/* A new field; NULL, and the request is refused or has a fault: there is no place for it. */
struct field *field_new (struct http_request *request, const char *name, const char *file);
/* A piece of the last field, where that is a file for the sink.  False: it is none, or there is a fault. */
bool sunk_add (struct http_request *request, const void *at, size_t len);
/* The last byte of the last field is there, as far as it went to the sink. */
void sunk_whole (struct http_request *request);
/* Files that nobody has taken go. */
void sunk_drop (struct http_request *request);

/* ---- form.c ------------------------------------------------------------------------------------ */

/* From here on the body's pieces go to `form`; it stays NULL where the body is neither kind of form. */
void form_open (struct http_request *request);
/* All of the form is there: texts get their NUL, and what is no text refuses the request. */
void form_close (struct http_request *request);

#endif
