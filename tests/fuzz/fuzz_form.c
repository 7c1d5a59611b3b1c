/* A request at an HTTP door, by a connection of its own: bodies whole and in chunks, forms of both kinds, files that go to a sink
 * which pauses, senders who leave half-way.  The first byte says which; the rest is the body. */
#include "fuzz.h"
#include "http/http_inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS_MOST 20000
#define SMALL      4096
#define LIMIT      65536

enum {
    CHUNKED = 1,
    PLAIN = 2,
    PUT = 4,
    SINKS = 8,
    PAUSES = 16,
    LEAVES = 32,
    LINES = 64,
    TAKES = 128
};

/* A file in the sink. */
struct sunk {
    struct http_request *request;
    size_t len;
    bool whole;
};

static struct reactor *reactor;
static struct http_server *server;
static unsigned said; /* of this input */
static unsigned held; /* files that nobody has dropped or taken */
static bool answered;
static struct http_request *paused;

static void *on_begin (void *owner, struct http_request *request)
{
    struct sunk *sunk = xcalloc (1, sizeof *sunk);
    (void) owner;

    sunk->request = request;
    held++;
    return sunk;
}

static bool on_add (void *file, const void *at, size_t len)
{
    struct sunk *sunk = file;
    const char *last = (const char *) at + len - 1;

    check (len && !sunk->whole && (*last || !*last)); /* reads its last byte */
    sunk->len += len;
    if (!(said & PAUSES))
        return true;
    paused = sunk->request;
    return false;
}

static void on_whole (void *file)
{
    struct sunk *sunk = file;
    check (!sunk->whole && sunk->len);
    sunk->whole = true;
}

static void on_drop (void *file)
{
    held--;
    paused = NULL;
    free (file);
}

static size_t on_limit (void *owner, enum http_method method, const char *path, bool *ret_sinks)
{
    (void) owner;
    (void) method;
    (void) path;
    *ret_sinks = said & SINKS;
    return LIMIT;
}

static void on_prove (void *owner, struct http_request *request)
{
    (void) owner;
    http_proved (request, said & LINES ? HTTP_NOT_KNOWN : HTTP_WHOLE);
}

static void on_refuse (void *owner, struct http_request *request, unsigned status)
{
    (void) owner;
    answered = true;
    http_answer (request, status, NULL, "", 0);
}

static void check_field (struct http_request *request, size_t at, unsigned *sunk_count)
{
    const struct http_field *field = http_field (request, at);

    check (utf8_valid (field->name, strlen (field->name)));
    if (!field->file)
        check (!field->sunk && utf8_valid (field->value.at, field->value.len) &&
               strlen (field->value.at) == field->value.len);
    if (!field->sunk)
        return;
    check (said & SINKS && field->value.len && ++*sunk_count <= 2);
    if (!(said & TAKES))
        return;
    struct sunk *sunk = http_take (request, at);
    check (sunk->whole && sunk->len == field->value.len && !http_take (request, at));
    held--;
    free (sunk);
}

static void on_request (void *owner, struct http_request *request)
{
    unsigned files = 0;
    (void) owner;

    for (size_t i = 0; i < http_field_count (request); i++) {
        check_field (request, i, &files);
    }
    check (!(said & SINKS) || http_body (request).len <= SMALL);
    fuzz_planted (files == 2 && http_form (request, "text"));
    answered = true;
    http_answer (request, 200, NULL, "", 0);
}

static void door_open (void)
{
    struct http_options options = {
        .door = "tcp://127.0.0.1:0",
        .connections = 10,
        .idle_ms = 30000,
        .pace = {.header_ms = 10000, .grace_ms = 10000, .rate = 1},
        .small = SMALL,
        .bodies = (size_t) 32 * LIMIT,
        .limit = on_limit,
        .prove = on_prove,
        .refuse = on_refuse,
        .handle = on_request,
        .sink = {1024, 2, on_begin, on_add, on_whole, on_drop},
    };
    reactor = reactor_new ();
    check (http_listen (reactor, &options, &server) == 0);
}

static void turn (void)
{
    reactor_turn (reactor, 0);
    if (paused)
        http_go_on (paused);
    paused = NULL;
}

/* All of it, as the door takes it; what is left when it takes no more is let be. */
static void send_all (int fd, const char *at, size_t len)
{
    unsigned turns = 0;

    while (len && turns++ < TURNS_MOST) {
        ssize_t put = send (fd, at, len < 4096 ? len : 4096, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && errno != EAGAIN)
            return;
        if (put > 0) {
            at += put;
            len -= (size_t) put;
        }
        turn ();
    }
}

static void body_send (int fd, const uint8_t *at, size_t len)
{
    struct buffer chunks = {0}; /* several of them arrive at once */

    if (!(said & CHUNKED)) {
        send_all (fd, (const char *) at, len);
        return;
    }
    for (size_t piece; len; at += piece, len -= piece) {
        piece = len < 700 ? len : 700;
        buffer_format (&chunks, "%zx\r\n", piece);
        buffer_add (&chunks, at, piece);
        buffer_add (&chunks, "\r\n", 2);
    }
    buffer_add (&chunks, "0\r\n\r\n", said & LEAVES ? 0 : 5);
    send_all (fd, chunks.at ? chunks.at : "", chunks.len);
    buffer_free (&chunks);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    struct sockaddr_in peer = {.sin_family = AF_INET};
    int pair[2];
    char head[256], size[48];

    if (!server)
        door_open ();
    if (!len || len > 3 * LIMIT)
        return 0;
    said = at[0];
    answered = false;
    at++;
    len--;
    snprintf (size, sizeof size, "Content-Length: %zu", len + (said & LEAVES ? 7 : 0));
    int head_len = snprintf (
        head, sizeof head, "%s /x HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n%s\r\n\r\n",
        said & PUT ? "PUT" : "POST",
        said & PLAIN ? "application/x-www-form-urlencoded" : "multipart/form-data; boundary=bb",
        said & CHUNKED ? "Transfer-Encoding: chunked" : size);
    check (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    check (MHD_add_connection (server->daemon, pair[0], (struct sockaddr *) &peer, sizeof peer) ==
           MHD_YES);
    send_all (pair[1], head, (size_t) head_len);
    body_send (pair[1], at, len);
    for (unsigned i = 0; i < 100 && !answered; i++)
        turn ();
    check (answered || said & LEAVES || server->connected == 0);
    close (pair[1]);
    for (unsigned i = 0; i < TURNS_MOST && server->connected; i++)
        turn ();
    check (server->connected == 0 && held == 0 && !server->sunk && server->booked == 0 &&
           server->booked_strangers == 0 && server->booked_unproved == 0);
    return 0;
}
