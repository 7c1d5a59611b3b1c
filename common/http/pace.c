/* pace.c - a look at each connection once a second.
 *
 * That a header has begun nobody tells: libmicrohttpd calls when all of it is there.  The kernel knows how many bytes a
 * socket has received (TCP_INFO), so an IDLE connection whose number has grown is in a HEADER.
 */
#include "http/pace.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <utlist.h>

#define LOOK_MS 1000

enum phase { PHASE_IDLE, PHASE_HEADER, PHASE_BODY, PHASE_OURS, PHASE_ANSWER, PHASE_CUT };

struct pace {
    struct pace *prev, *next;
    struct paces *paces;
    int fd;
    enum phase phase;
    uint64_t heard; /* IDLE: bytes that the socket had received by then */
    int64_t since;  /* of the phase, mono_ms */
    uint64_t len;   /* BODY: came so far; ANSWER: all of it */
};

struct paces {
    struct reactor *reactor;
    struct timer *timer;
    struct pace_limits limits;
    struct pace *all;
    uint64_t cut;
};

static uint64_t heard_by (int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    memset (&info, 0, sizeof info);
    if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return 0;
    return info.tcpi_bytes_received;
}

static void enter (struct pace *pace, enum phase phase)
{
    if (pace->phase == PHASE_CUT)
        return; /* until it is removed */
    pace->phase = phase;
    pace->since = mono_ms ();
    pace->len = 0;
}

static bool over (const struct pace *pace, int64_t now)
{
    const struct pace_limits *limits = &pace->paces->limits;
    int64_t lasted = now - pace->since;

    if (pace->phase == PHASE_HEADER)
        return lasted > limits->header_ms;
    if (pace->phase != PHASE_BODY && pace->phase != PHASE_ANSWER)
        return false;
    return lasted > limits->grace_ms &&
           (uint64_t) (lasted - limits->grace_ms) > pace->len * 1000 / limits->rate;
}

static void look (void *owner)
{
    struct paces *paces = owner;
    struct pace *pace;
    int64_t now = mono_ms ();

    DL_FOREACH (paces->all, pace) {
        if (pace->phase == PHASE_IDLE && heard_by (pace->fd) != pace->heard)
            enter (pace, PHASE_HEADER);
        if (!over (pace, now))
            continue;
        pace->phase = PHASE_CUT;
        paces->cut++;
        shutdown (pace->fd, SHUT_RDWR);
    }
    reactor_timer_at (paces->timer, paces->all ? now + LOOK_MS : 0);
}

struct paces *paces_new (struct reactor *reactor, const struct pace_limits *limits)
{
    struct paces *paces = xcalloc (1, sizeof *paces);

    check (limits->rate > 0);
    paces->reactor = reactor;
    paces->limits = *limits;
    paces->timer = reactor_timer (reactor, 0, look, paces);
    return paces;
}

void paces_quiet (struct paces *paces)
{
    if (paces->timer)
        reactor_timer_forget (&paces->timer);
}

void paces_free (struct paces **held)
{
    struct paces *paces = *held;

    if (!paces)
        return;
    *held = NULL;
    check (!paces->all);
    paces_quiet (paces);
    free (paces);
}

uint64_t paces_cut (const struct paces *paces)
{
    return paces->cut;
}

struct pace *pace_add (struct paces *paces, int fd)
{
    struct pace *pace = xcalloc (1, sizeof *pace);

    pace->paces = paces;
    pace->fd = fd;
    pace->since = mono_ms ();
    if (!paces->all && paces->timer)
        reactor_timer_at (paces->timer, mono_ms () + LOOK_MS);
    DL_APPEND (paces->all, pace);
    return pace;
}

void pace_remove (struct pace **held)
{
    struct pace *pace = *held;

    if (!pace)
        return;
    *held = NULL;
    DL_DELETE (pace->paces->all, pace);
    free (pace);
}

void pace_idle (struct pace *pace)
{
    enter (pace, PHASE_IDLE);
    pace->heard = heard_by (pace->fd);
}

void pace_body (struct pace *pace)
{
    enter (pace, PHASE_BODY);
}

void pace_came (struct pace *pace, size_t len)
{
    pace->len += len;
}

void pace_ours (struct pace *pace)
{
    enter (pace, PHASE_OURS);
}

void pace_answer (struct pace *pace, uint64_t len)
{
    enter (pace, PHASE_ANSWER);
    pace->len = len;
}
