/* crowd.c - telling people at a full door. */
#include "http/crowd.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEAVE_MS   2000
#define LOOK_MS    100
#define LASTS_MS   1000
#define WASTE      65536
#define TOLD_A_RUN 256 /* so that those inside are not kept waiting meanwhile */

struct leaving {
    int fd;
    int64_t until;
};

struct crowd {
    int fd; /* -1: quiet */
    struct buffer answer;
    struct timer *timer;
    struct leaving leaving[CROWD_LEAVING]; /* a ring, whoever goes first in front */
    unsigned first, count;
    uint64_t told;
    int64_t told_at;
    size_t words_at; /* within answer */
    char waste[WASTE];
};

static void leaves (struct crowd *crowd)
{
    close (crowd->leaving[crowd->first].fd);
    crowd->first = (crowd->first + 1) % CROWD_LEAVING;
    crowd->count--;
}

/* Lets go of what he says; false: he has closed. */
static bool hear (struct crowd *crowd, int fd)
{
    ssize_t came = 1;
    for (int i = 0; came > 0 && i < 4; i++)
        came = recv (fd, crowd->waste, sizeof crowd->waste, MSG_DONTWAIT);
    return came != 0;
}

static void look (void *owner)
{
    struct crowd *crowd = owner;
    int64_t now = mono_ms ();

    for (unsigned i = 0; i < crowd->count; i++) {
        struct leaving *one = &crowd->leaving[(crowd->first + i) % CROWD_LEAVING];
        if (!hear (crowd, one->fd))
            one->until = 0;
    }
    while (crowd->count && crowd->leaving[crowd->first].until <= now)
        leaves (crowd);
    crowd_thin (crowd);
    if (crowd->count)
        reactor_timer_at (crowd->timer, now + LOOK_MS);
}

struct crowd *crowd_new (struct reactor *reactor, int fd, const char *words)
{
    struct crowd *crowd = xcalloc (1, sizeof *crowd);

    crowd->fd = fd;
    buffer_format (&crowd->answer,
                   "HTTP/1.1 503 Service Unavailable\r\n"
                   "Retry-After: " CROWD_RETRY "\r\n"
                   "Content-Type: text/plain; charset=utf-8\r\n"
                   "Content-Length: %zu\r\n"
                   "Cache-Control: no-store\r\n"
                   "Connection: close\r\n"
                   "\r\n",
                   strlen (words));
    crowd->words_at = crowd->answer.len;
    buffer_add (&crowd->answer, words, strlen (words));
    crowd->timer = reactor_timer (reactor, 0, look, crowd);
    return crowd;
}

/* Linux says so of a listening socket. */
unsigned crowd_waits (const struct crowd *crowd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    if (crowd->fd < 0 || getsockopt (crowd->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return 0;
    return info.tcpi_unacked;
}

static void tell (struct crowd *crowd, int fd)
{
    unsigned at = (crowd->first + crowd->count) % CROWD_LEAVING;

    hear (crowd, fd);
    (void) !send (fd, crowd->answer.at, crowd->answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown (fd, SHUT_WR);
    crowd->told++;
    crowd->told_at = mono_ms ();
    crowd->leaving[at] = (struct leaving){fd, crowd->told_at + LEAVE_MS};
    crowd->count++;
}

void crowd_thin (struct crowd *crowd)
{
    unsigned wait = crowd_waits (crowd);

    for (unsigned i = 0; wait > CROWD_WAITS + i && i < TOLD_A_RUN; i++) {
        int fd = accept4 (crowd->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            break;
        if (crowd->count == CROWD_LEAVING)
            leaves (crowd);
        if (crowd->count == 0)
            reactor_timer_at (crowd->timer, mono_ms () + LOOK_MS);
        tell (crowd, fd);
    }
}

bool crowd_lasts (const struct crowd *crowd)
{
    return crowd->told && mono_ms () < crowd->told_at + LASTS_MS;
}

struct view crowd_words (const struct crowd *crowd)
{
    return (struct view){crowd->answer.at + crowd->words_at, crowd->answer.len - crowd->words_at};
}

uint64_t crowd_told (const struct crowd *crowd)
{
    return crowd->told;
}

void crowd_quiet (struct crowd *crowd)
{
    if (crowd)
        crowd->fd = -1;
}

void crowd_free (struct crowd **held)
{
    struct crowd *crowd = *held;

    if (!crowd)
        return;
    *held = NULL;
    while (crowd->count)
        leaves (crowd);
    reactor_timer_forget (&crowd->timer);
    buffer_free (&crowd->answer);
    free (crowd);
}
