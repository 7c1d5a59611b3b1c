/* http.c - libmicrohttpd's callbacks, and its one descriptor in the reactor.
 *
 *   request: [PROVING ->] ARRIVING -> [ASLEEP ->] ANSWERED
 *
 * PROVING: its header is there, and who sends so much is being asked; the connection is suspended in
 * libmicrohttpd's first call, before the 100 of Expect: 100-continue, and once resumed the first call comes again.
 * ARRIVING: its body comes in pieces.  ASLEEP: handed out, the connection is suspended.  ANSWERED: the
 * response is queued when libmicrohttpd calls again, which after a resume it does only in MHD_run: so
 * MHD_run is called at the end of each turn, and again as long as something was resumed (MODELS 2: neither
 * the descriptor nor MHD_get_timeout tells of a resumed connection).
 */
#include "http/http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#define GZIP_LEAST 1024 /* bytes: less fits into one packet anyway */

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
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    enum request_state state;
    enum http_method method;
    char *path, *word;
    struct pace *pace;
    size_t limit, came;
    size_t declared; /* by Content-Length; 0: none, or in chunks */
    bool chunked, asks_first;
    bool suspended; /* while it is asked */
    bool proved;    /* it was asked who sends it, and he is known */
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
    struct paces *paces;
    size_t booked, booked_unknown; /* the latter within the former */
    uint64_t no_room, unproved;
    bool resumed;
    bool handled; /* a request was handed out in this run */
};

/* ---- asking ---------------------------------------------------------------------------------- */

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

const struct sockaddr *http_peer (const struct http_request *request)
{
    return MHD_get_connection_info (request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
        ->client_addr;
}

enum http_loss http_lost (const struct http_request *request)
{
    return request->loss;
}

const char *http_cookie (const struct http_request *request, const char *name)
{
    return looked_up (request, MHD_COOKIE_KIND, name);
}

const char *http_query (const struct http_request *request, const char *name)
{
    return looked_up (request, MHD_GET_ARGUMENT_KIND, name);
}

struct view http_body (const struct http_request *request)
{
    return (struct view){request->body.at, request->body.len};
}

const char *http_form (const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (!request->fields[i].file && strcmp (request->fields[i].name, name) == 0)
            return request->fields[i].shown.value.at;
    return NULL;
}

size_t http_field_count (const struct http_request *request)
{
    return request->field_count;
}

const struct http_field *http_field (const struct http_request *request, size_t at)
{
    return &request->fields[at].shown;
}

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

/* ---- a request's life -------------------------------------------------------------------------- */

/* What it brought goes, and its room is another's. */
static void body_drop (struct http_request *request)
{
    struct http_server *server = request->server;

    if (request->form)
        MHD_destroy_post_processor (request->form);
    request->form = NULL;
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
    free (request->fields);
    free (request->said);
    free (request->path);
    free (request->word);
    free (request);
}

/* Room for `len` bytes of body in all; false: there is none. */
static bool body_book (struct http_request *request, size_t len)
{
    struct http_server *server = request->server;
    size_t most = server->options.bodies, more;

    if (len <= request->booked)
        return true;
    more = len - request->booked;
    if (more > most - server->booked ||
        (!request->proved && more > most / 2 - server->booked_unknown)) {
        server->no_room++;
        return false;
    }
    request->booked += more;
    server->booked += more;
    if (!request->proved)
        server->booked_unknown += more;
    return true;
}

/* So much more is to be held; false, and its fault is said: it may not. */
static bool body_holds (struct http_request *request, size_t len)
{
    request->kept_len += len;
    if (request->loss && request->kept_len > request->server->options.small)
        request->fault = MHD_HTTP_CONTENT_TOO_LARGE;
    else if (!body_book (request, request->kept_len))
        request->fault = MHD_HTTP_SERVICE_UNAVAILABLE;
    return !request->fault;
}

static enum MHD_Result on_field (void *owner, enum MHD_ValueKind kind, const char *name,
                                 const char *file, const char *type, const char *coding,
                                 const char *data, uint64_t offset, size_t len)
{
    struct http_request *request = owner;
    (void) kind;
    (void) type;
    (void) coding;

    if (offset == 0) {
        if (request->field_count == HTTP_FIELDS_MAX) {
            request->refused = true;
            return MHD_NO;
        }
        if (request->field_count == request->field_room) {
            request->field_room = request->field_room ? request->field_room * 2 : 16;
            request->fields =
                xrealloc (request->fields, request->field_room * sizeof *request->fields);
        }
        if (!body_holds (request, (name ? strlen (name) : 0) + (file ? strlen (file) : 0)))
            return MHD_NO;
        struct field *fresh = &request->fields[request->field_count++];
        *fresh = (struct field){.name = xstrdup (name ? name : ""),
                                .file = file ? xstrdup (file) : NULL};
    }
    if (!request->field_count)
        return MHD_NO;
    if (request->loss && request->fields[request->field_count - 1].file)
        return MHD_YES; /* let go */
    if (!body_holds (request, len))
        return MHD_NO;
    buffer_add (&request->fields[request->field_count - 1].value, data, len);
    return MHD_YES;
}

/* All of the form is there: texts get their NUL, and what is no text refuses the request. */
static void form_close (struct http_request *request)
{
    if (MHD_destroy_post_processor (request->form) != MHD_YES)
        request->refused = true;
    request->form = NULL;
    for (size_t i = 0; i < request->field_count; i++) {
        struct field *field = &request->fields[i];
        size_t len = field->value.len;
        if (!utf8_valid (field->name, strlen (field->name)) ||
            (field->file && !utf8_valid (field->file, strlen (field->file))) ||
            (!field->file && !utf8_valid (field->value.at, len)))
            request->refused = true;
        buffer_add (&field->value, "", 1);
        field->shown = (struct http_field){field->name, field->file, {field->value.at, len}};
    }
}

static enum MHD_Result request_queue (struct http_request *request)
{
    struct http_server *server = request->server;
    struct MHD_Response *response = request->response;

    for (size_t i = 0; i < server->options.header_count; i++)
        if (!MHD_get_response_header (response, server->options.headers[i].name))
            MHD_add_response_header (response, server->options.headers[i].name,
                                     server->options.headers[i].value);
    pace_answer (request->pace, request->answer_len);
    return MHD_queue_response (request->connection, request->status, response);
}

static struct http_request *request_new (struct http_server *server,
                                         struct MHD_Connection *connection, const char *path,
                                         const char *method)
{
    struct http_request *request = xcalloc (1, sizeof *request);

    request->server = server;
    request->connection = connection;
    request->pace =
        MHD_get_connection_info (connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    request->method = method_of (method);
    request->word = xstrdup (method);
    request->path = xstrdup (path);
    request->limit = server->options.limit (server->options.owner, request->method, path);
    if (!utf8_valid (path, strlen (path)))
        request->fault = MHD_HTTP_BAD_REQUEST;
    const char *length = http_header (request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *expect = http_header (request, MHD_HTTP_HEADER_EXPECT);
    request->chunked = http_header (request, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
    request->asks_first = expect && strcasecmp (expect, "100-continue") == 0;
    if (length && !request->chunked)
        request->declared = strtoull (length, NULL, 10);
    return request;
}

static void request_take (struct http_request *request, const char *data, size_t len)
{
    request->came += len;
    pace_came (request->pace, len);
    if (request->came > request->limit)
        request->fault = MHD_HTTP_CONTENT_TOO_LARGE;
    if (request->fault || request->refused)
        return;
    if (request->form) {
        if (MHD_post_process (request->form, data, len) != MHD_YES)
            request->refused = true;
    } else if (body_holds (request, len))
        buffer_add (&request->body, data, len);
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

/* It is known who sends it, as far as that is going to be known: its body may come, or it is answered without. */
static enum MHD_Result request_open (struct http_request *request)
{
    request->state = REQUEST_ARRIVING;
    if (!request->loss && !body_book (request, request->declared)) {
        if (!request->proved) {
            request->fault = MHD_HTTP_SERVICE_UNAVAILABLE;
            return request_hand_out (request);
        }
        request->loss = HTTP_NO_ROOM;
    }
    if (request->loss && request->asks_first)
        return request_hand_out (request);
    pace_body (request->pace);
    if (request->method == HTTP_POST)
        request->form = MHD_create_post_processor (request->connection, 4096, on_field, request);
    return MHD_YES;
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

void http_proved (struct http_request *request, enum http_loss loss)
{
    check (request->state == REQUEST_PROVING);
    request->loss = loss;
    request->proved = loss == HTTP_WHOLE;
    request->server->unproved += loss != HTTP_WHOLE;
    request->state = REQUEST_PROVED;
    if (!request->suspended)
        return;
    request->server->resumed = true;
    MHD_resume_connection (request->connection);
}

static enum MHD_Result on_access (void *owner, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **kept)
{
    struct http_request *request = *kept;
    (void) version;

    if (!request) {
        *kept = request = request_new (owner, connection, path, method);
        return request_begin (request);
    }
    if (request->state == REQUEST_PROVED)
        return request_open (request);
    if (request->state == REQUEST_ANSWERED)
        return request_queue (request);
    if (*len) {
        request_take (request, data, *len);
        *len = 0;
        return MHD_YES;
    }
    return request_hand_out (request);
}

static void on_completed (void *owner, struct MHD_Connection *connection, void **kept,
                          enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *kept;
    (void) owner;
    (void) connection;
    (void) code;
    if (!request)
        return;
    pace_idle (request->pace);
    request_free (request);
    *kept = NULL;
}

static void on_connection (void *owner, struct MHD_Connection *connection, void **context,
                           enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = owner;
    struct pace *pace = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        pace = pace_add (
            server->paces,
            MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    } else
        pace_remove (&pace);
    *context = pace;
}

/* ---- answering --------------------------------------------------------------------------------- */

void http_say (struct http_request *request, const char *name, const char *value)
{
    for (const char *at = value; *at; at++)
        check ((unsigned char) *at >= ' ' && *at != 127);
    request->said = xrealloc (request->said, (request->said_count + 1) * sizeof *request->said);
    request->said[request->said_count++] = (struct http_header){xstrdup (name), xstrdup (value)};
}

static void request_answer (struct http_request *request, unsigned status, const char *type,
                            struct MHD_Response *response, size_t len)
{
    check (request->state != REQUEST_ANSWERED && response);
    if (type)
        MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (size_t i = 0; i < request->said_count; i++)
        MHD_add_response_header (response, request->said[i].name, request->said[i].value);
    request->response = response;
    request->status = status;
    request->answer_len = len;
    request->server->unanswered--;
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

/* ---- the server -------------------------------------------------------------------------------- */

/* Runs what there is to run and says when to run again. */
static void server_run (void *owner)
{
    struct http_server *server = owner;
    MHD_UNSIGNED_LONG_LONG wait;

    do {
        server->resumed = false;
        MHD_run (server->daemon);
    } while (server->resumed);
    if (MHD_get_timeout (server->daemon, &wait) == MHD_YES)
        reactor_timer_at (server->timer, mono_ms () + (int64_t) wait);
    else
        reactor_timer_at (server->timer, 0);
}

/* The same behind everything else, for what was resumed meanwhile.  A request that is handed out so late asks others when
 * what goes to them has left already: the next turn does not wait, or it would stand till something else happens. */
static void server_run_late (void *owner)
{
    struct http_server *server = owner;

    if (!server->resumed)
        return;
    server->handled = false;
    server_run (server);
    if (server->handled)
        reactor_timer_at (server->timer, mono_ms ());
}

static void on_ready (void *owner, int events)
{
    (void) owner; /* the turn's end runs it */
    (void) events;
}

static void at_timeout (void *owner)
{
    (void) owner;
}

/* A listening socket at "tcp://ADDRESS:PORT"; -1 with errno. */
static int door_open (const char *door, uint16_t *ret_port)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *four = (struct sockaddr_in *) &address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *) &address;
    char host[64] = "";
    const char *colon = strrchr (door, ':');
    socklen_t len = sizeof *four;
    int on = 1;

    errno = EINVAL;
    if (strncmp (door, "tcp://", 6) != 0 || !colon || colon < door + 6 ||
        (size_t) (colon - door - 6) >= sizeof host)
        return -1;
    memcpy (host, door + 6, (size_t) (colon - door - 6));
    unsigned long port = strtoul (colon + 1, NULL, 10);
    if (port > UINT16_MAX)
        return -1;
    if (host[0] == '[') {
        host[strcspn (host, "]")] = '\0';
        six->sin6_family = AF_INET6;
        six->sin6_port = htons ((uint16_t) port);
        len = sizeof *six;
        if (inet_pton (AF_INET6, host + 1, &six->sin6_addr) != 1)
            return -1;
    } else {
        four->sin_family = AF_INET;
        four->sin_port = htons ((uint16_t) port);
        if (inet_pton (AF_INET, host, &four->sin_addr) != 1)
            return -1;
    }
    int fd = socket (address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind (fd, (struct sockaddr *) &address, len) != 0 || listen (fd, 511) != 0 ||
        getsockname (fd, (struct sockaddr *) &address, &len) != 0) {
        int why = errno;
        close (fd);
        errno = why;
        return -1;
    }
    *ret_port = ntohs (address.ss_family == AF_INET6 ? six->sin6_port : four->sin_port);
    return fd;
}

static void on_mhd_log (void *owner, const char *format, va_list arguments)
{
    (void) owner; /* a stranger's mistakes, in words with his bytes in them */
    (void) format;
    (void) arguments;
}

int http_listen (struct reactor *reactor, const struct http_options *options,
                 struct http_server **ret)
{
    struct http_server *server = xcalloc (1, sizeof *server);
    int fd = door_open (options->door, &server->port);

    if (fd < 0) {
        free (server);
        return errno == EINVAL ? FAIL_MALFORMED : FAIL_IO;
    }
    server->reactor = reactor;
    server->options = *options;
    server->paces = paces_new (reactor, &options->pace);
    server->daemon = MHD_start_daemon (
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_access,
        server, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, options->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t) HTTP_HEADER_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned) ((options->idle_ms + 999) / 1000), MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
    if (!server->daemon) {
        close (fd);
        paces_free (&server->paces);
        free (server);
        errno = ENOMEM;
        return FAIL_IO;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info (server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    check (info && info->epoll_fd >= 0);
    server->source = reactor_fd (reactor, info->epoll_fd, REACTOR_READ, on_ready, server);
    server->timer = reactor_timer (reactor, 0, at_timeout, server);
    /* once before what it asks of others leaves, once after they have answered */
    reactor_at_end (reactor, REACTOR_ANSWER, server_run, server);
    reactor_at_end (reactor, REACTOR_SEND, server_run_late, server);
    *ret = server;
    return 0;
}

uint16_t http_port (const struct http_server *server)
{
    return server->port;
}

void http_quiet (struct http_server *server)
{
    MHD_socket fd = MHD_quiesce_daemon (server->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close (fd);
}

unsigned http_unanswered (const struct http_server *server)
{
    return server->unanswered;
}

struct http_counts http_counts (const struct http_server *server)
{
    return (struct http_counts){paces_cut (server->paces), server->no_room, server->unproved,
                                server->booked};
}

void http_close (struct http_server **held)
{
    struct http_server *server = *held;
    if (!server)
        return;
    *held = NULL;
    check (server->unanswered == 0);
    MHD_run (server->daemon); /* what was resumed in this very turn */
    reactor_end_forget (server->reactor, server_run, server);
    reactor_end_forget (server->reactor, server_run_late, server);
    reactor_forget (&server->source);
    reactor_timer_forget (&server->timer);
    paces_quiet (server->paces);
    MHD_stop_daemon (server->daemon);
    paces_free (&server->paces);
    free (server);
}
