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
#include "http/share.h"

#define LOOK_MS   1000
#define SILENT_MS 1000 /* where connections are short: who says something says it at once */
#define STALLED_MS                                                                                 \
    3000 /* where bytes are short: a telephone's line stands still for a second or two */
#define SHORT_RATE 4 /* times the rate */

enum phase { PHASE_IDLE, PHASE_HEADER, PHASE_BODY, PHASE_OURS, PHASE_ANSWER, PHASE_CUT };

struct pace {
    struct pace *prev, *next;
    struct paces *paces;
    int fd;
    enum phase phase;
    uint64_t heard; /* IDLE: bytes that the socket had received by then */
    uint64_t told;  /* ANSWER: bytes that the other side had taken by then */
    int64_t since;  /* of the phase, mono_ms */
    int64_t here;   /* since when it is connected */
    int64_t came;   /* BODY: when its last byte did, mono_ms */
    uint64_t len;   /* BODY: came so far; ANSWER: all of it */
    bool known;
    struct share *share;
    bool counted; /* in its share */
    size_t holds;
};

struct paces {
    struct reactor *reactor;
    struct timer *timer;
    struct pace_limits limits;
    struct pace *all;
    size_t count;
    unsigned leaving; /* are cut, and not removed */
    uint64_t cut;
};

/* Zeros where it is no TCP. */
static struct tcp_info info_of (int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    memset (&info, 0, sizeof info);
    if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        memset (&info, 0, sizeof info);
    return info;
}

static uint64_t heard_by (int fd)
{
    return info_of (fd).tcpi_bytes_received;
}

static uint64_t told_by (int fd)
{
    return info_of (fd).tcpi_bytes_acked;
}

static void enter (struct pace *pace, enum phase phase)
{
    if (pace->phase == PHASE_CUT)
        return; /* until it is removed */
    pace->phase = phase;
    pace->since = pace->came = mono_ms ();
    pace->len = 0;
}

static void uncount (struct pace *pace)
{
    if (pace->counted)
        pace->share->connections--;
    pace->counted = false;
}

static void cut (struct pace *pace)
{
    uncount (pace);
    pace->phase = PHASE_CUT;
    pace->paces->leaving++;
    pace->paces->cut++;
    shutdown (pace->fd, SHUT_RDWR);
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
        if (over (pace, now))
            cut (pace);
    }
    reactor_timer_at (paces->timer, paces->all ? now + LOOK_MS : 0);
}

/* ---- whom others wait for ------------------------------------------------------------------------ */

struct starver {
    struct pace *pace;
    bool many;    /* its source has more than its share */
    int64_t owes; /* ms that it takes longer than it should */
};

/* Bytes of a body or an answer that have moved. */
static uint64_t moved_by (const struct pace *pace)
{
    return pace->phase == PHASE_ANSWER ? told_by (pace->fd) - pace->told : pace->len;
}

/* False: nobody waits for this one. */
static bool starves (struct pace *pace, const struct pace_relief *relief, int64_t now,
                     struct starver *ret)
{
    bool moves = pace->phase == PHASE_BODY || pace->phase == PHASE_ANSWER,
         first = pace->phase == PHASE_HEADER && !pace->heard; /* it has never said anything whole */
    int64_t least = relief->bytes ? STALLED_MS : SILENT_MS;

    if (pace->phase == PHASE_CUT || pace->phase == PHASE_OURS || (moves && pace->known) ||
        (relief->bytes && (pace->phase != PHASE_BODY || !pace->holds)))
        return false;
    *ret = (struct starver){
        pace, relief->share && pace->share && pace->share->connections > relief->share,
        now - (first ? pace->here : pace->since)};
    if (moves)
        ret->owes -= (int64_t) (moved_by (pace) * 1000 / (pace->paces->limits.rate * SHORT_RATE));
    if (pace->phase == PHASE_BODY && now - pace->came > ret->owes)
        ret->owes = now - pace->came;
    return ret->many || ret->owes >= least;
}

static int by_debt (const void *left, const void *right)
{
    const struct starver *a = left, *b = right;

    if (a->many != b->many)
        return a->many ? -1 : 1;
    return a->owes < b->owes ? 1 : a->owes > b->owes ? -1 : 0;
}

/* One of them goes, if the reason still holds. */
static void relieve_of (const struct starver *one, struct pace_relief *left)
{
    struct pace *pace = one->pace;

    /* its next request has just begun: whoever uses a kept connection is no sleeper */
    if (!one->many && pace->phase == PHASE_IDLE && pace->heard &&
        heard_by (pace->fd) != pace->heard) {
        enter (pace, PHASE_HEADER);
        return;
    }
    left->connections -= left->connections > 0;
    left->bytes -= pace->holds < left->bytes ? pace->holds : left->bytes;
    cut (pace);
}

void paces_relieve (struct paces *paces, const struct pace_relief *relief)
{
    struct pace_relief left = *relief;
    struct starver *all = xcalloc (paces->count + 1, sizeof *all);
    struct pace *pace;
    size_t count = 0;
    int64_t now = mono_ms ();

    left.connections -= paces->leaving < left.connections ? paces->leaving : left.connections;
    DL_FOREACH (paces->all, pace) {
        if (pace->phase == PHASE_CUT)
            left.bytes -= pace->holds < left.bytes ? pace->holds : left.bytes;
        else
            count += starves (pace, relief, now, &all[count]);
    }
    qsort (all, count, sizeof *all, by_debt);
    for (size_t i = 0; i < count && (left.connections || left.bytes); i++)
        if (!all[i].many || all[i].pace->share->connections > relief->share ||
            all[i].owes >= SILENT_MS)
            relieve_of (&all[i], &left);
    free (all);
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
    pace->since = pace->here = mono_ms ();
    if (!paces->all && paces->timer)
        reactor_timer_at (paces->timer, mono_ms () + LOOK_MS);
    DL_APPEND (paces->all, pace);
    paces->count++;
    return pace;
}

void pace_remove (struct pace **held)
{
    struct pace *pace = *held;

    if (!pace)
        return;
    *held = NULL;
    pace_share (pace, NULL);
    pace->paces->leaving -= pace->phase == PHASE_CUT;
    pace->paces->count--;
    DL_DELETE (pace->paces->all, pace);
    free (pace);
}

void pace_idle (struct pace *pace)
{
    enter (pace, PHASE_IDLE);
    pace->known = false;
    pace->heard = heard_by (pace->fd);
}

void pace_body (struct pace *pace)
{
    enter (pace, PHASE_BODY);
}

void pace_came (struct pace *pace, size_t len)
{
    pace->len += len;
    pace->came = mono_ms ();
}

void pace_share (struct pace *pace, struct share *share)
{
    uncount (pace);
    pace->share = share;
    pace->counted = share && pace->phase != PHASE_CUT;
    if (pace->counted)
        share->connections++;
}

struct share *pace_is_of (const struct pace *pace)
{
    return pace->share;
}

void pace_known (struct pace *pace)
{
    pace->known = true;
}

void pace_holds (struct pace *pace, size_t len)
{
    pace->holds = len;
}

void pace_ours (struct pace *pace)
{
    enter (pace, PHASE_OURS);
}

void pace_answer (struct pace *pace, uint64_t len)
{
    enter (pace, PHASE_ANSWER);
    pace->len = len;
    pace->told = told_by (pace->fd);
}
