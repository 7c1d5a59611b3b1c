/* http.c - the server: its listening socket, and libmicrohttpd's one descriptor in the reactor.
 *
 * MHD_run is called at the end of each turn, and again as long as something was resumed: neither the descriptor nor
 * MHD_get_timeout tells of a resumed connection (MODELS 2).
 */
#include "http/http_inside.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define BACKLOG                                                                                    \
    4096 /* a crowd waits in the kernel, rather than that its handshakes are dropped and come again seconds later */

#define RELIEF_EVERY 20 /* ms between two looks for whom others wait, at most */
#define SOURCE_PART  8  /* of connections, which one source may have when they are short */

#define LETS_IN      10 /* connections that libmicrohttpd takes in a run of its epoll */
#define RUNS_MOST                                                                                  \
    8 /* more of them in a crowd: or those at the door were told to go while there is room inside */

static void on_connection (void *owner, struct MHD_Connection *connection, void **context,
                           enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = owner;
    struct pace *pace = *context;
    const union MHD_ConnectionInfo *info;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        server->connected++;
        pace = pace_add (
            server->paces,
            MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
        info = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        struct http_source source = http_source_peer (info->client_addr);
        if (!server->options.proxy)
            pace_share (pace, share_keep (server->shares, &source));
    } else {
        struct share *share = server->options.proxy ? NULL : pace_is_of (pace);
        server->connected--;
        pace_remove (&pace);
        share_let_go (server->shares, &share);
    }
    *context = pace;
}

/* Others come: an eighth of the places is theirs, as long as somebody has one whom they would wait for.  False: there are enough. */
static bool server_relieve (struct http_server *server)
{
    unsigned all = server->options.connections, most = all - all / 8;
    int64_t now = mono_ms ();

    if (server->connected <= most)
        return false;
    if (now < server->relief_at)
        return true;
    server->relief_at = now + RELIEF_EVERY;
    paces_relieve (server->paces, &(struct pace_relief){.connections = server->connected - most,
                                                        .share = all / SOURCE_PART});
    return true;
}

/* Runs what there is to run and says when to run again. */
static void server_run (void *owner)
{
    struct http_server *server = owner;
    MHD_UNSIGNED_LONG_LONG wait;
    unsigned more = server->crowd ? crowd_waits (server->crowd) / LETS_IN : 0;

    for (more = more < RUNS_MOST ? more : RUNS_MOST; more > 0; more--)
        MHD_run (server->daemon);
    do {
        server->resumed = false;
        MHD_run (server->daemon);
    } while (server->resumed);
    body_relieve (server);
    bool few = server_relieve (server); /* those that it cuts wake the next turn */
    if (server->crowd)
        crowd_thin (server->crowd);
    bool ends = MHD_get_timeout (server->daemon, &wait) == MHD_YES;
    if (few && (!ends || wait > RELIEF_EVERY))
        wait = RELIEF_EVERY;
    reactor_timer_at (server->timer, few || ends ? mono_ms () + (int64_t) wait : 0);
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
    if (bind (fd, (struct sockaddr *) &address, len) != 0 || listen (fd, BACKLOG) != 0 ||
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
    if (!server->options.header)
        server->options.header = HTTP_HEADER_MAX;
    server->paces = paces_new (reactor, &options->pace);
    server->shares = shares_new ();
    server->daemon = MHD_start_daemon (
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        request_on_access, server, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, options->connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, server->options.header, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned) ((options->idle_ms + 999) / 1000), MHD_OPTION_NOTIFY_COMPLETED,
        request_on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, head_on_target, server,
        MHD_OPTION_UNESCAPE_CALLBACK, head_on_unescape, NULL, MHD_OPTION_END);
    if (!server->daemon) {
        close (fd);
        paces_free (&server->paces);
        shares_free (&server->shares);
        free (server);
        errno = ENOMEM;
        return FAIL_IO;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info (server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    check (info && info->epoll_fd >= 0);
    server->source = reactor_fd (reactor, info->epoll_fd, REACTOR_READ, on_ready, server);
    server->timer = reactor_timer (reactor, 0, at_timeout, server);
    if (options->crowded)
        server->crowd = crowd_new (reactor, fd, options->crowded);
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
    crowd_quiet (server->crowd);
    MHD_socket fd = MHD_quiesce_daemon (server->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close (fd);
}

bool http_crowded (const struct http_server *server)
{
    return server->crowd && crowd_lasts (server->crowd);
}

unsigned http_unanswered (const struct http_server *server)
{
    return server->unanswered;
}

struct http_counts http_counts (const struct http_server *server)
{
    return (struct http_counts){server->crowd ? crowd_told (server->crowd) : 0,
                                paces_cut (server->paces), server->no_room, server->unproved,
                                server->booked};
}

void http_close_sink (struct http_server *server)
{
    struct http_request *request, *next;

    server->sink_closed = true;
    DL_FOREACH_SAFE (server->sunk, request, next) {
        if (request->state != REQUEST_ARRIVING)
            continue;
        request->fault = MHD_HTTP_SERVICE_UNAVAILABLE;
        sunk_drop (request);
    }
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
    crowd_free (&server->crowd);
    MHD_stop_daemon (server->daemon);
    paces_free (&server->paces);
    shares_free (&server->shares);
    free (server);
}
