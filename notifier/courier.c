/* courier.c - threads that hand letters over with libcurl, whatever protocol they speak.
 *
 * Called by claim.c through gateway.h.  Owns its threads, one libcurl handle each, and every errand that is under
 * way.  A result comes back over an eventfd and is given to `done` on the reactor's thread.
 *
 * Why threads: libcurl's multi interface is not asynchronous for SMTP.  It waits for the reply to the
 * end of the text inside curl_multi_perform (7.88: one call lasted 7.999 s of an 8 s deadline against
 * a gateway that stayed silent), and for the reply to QUIT likewise, where neither a progress callback
 * nor a time limit of the handle counts (120 s).  In the reactor that is a turn over its limit.  To stop
 * in time we keep the sockets that libcurl opens and shut them down.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "gateway.h"

/* A kept connection that was idle for longer is not trusted: gateways hang up after some minutes. */
#define CONNECTION_AGE_S 30L

#define HAND_SOCKETS     4 /* of one letter: a gateway's addresses are tried side by side */

/* One thread. */
struct hand {
    struct courier *courier;
    pthread_t thread;
    int sockets[HAND_SOCKETS]; /* open now, -1: free; guarded by courier->mutex */
};

struct courier {
    const struct gateway_kind *kind;
    void *own;
    int64_t connect_ms, whole_ms;
    courier_done_fn *done;
    void *owner;
    struct source *source;
    int event;
    struct hand *hands;
    unsigned hand_count;
    pthread_mutex_t mutex; /* guards the two queues and the sockets */
    pthread_cond_t more;
    struct errand *todo, **todo_end;
    struct errand *finished, **finished_end;
    atomic_bool stopping;
};

void errand_free (struct errand *errand)
{
    letter_done (&errand->letter);
    free (errand);
}

/* ---- on a thread ------------------------------------------------------------------------------ */

static int at_progress (void *with, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                        curl_off_t ulnow)
{
    struct courier *courier = with;

    (void) dltotal, (void) dlnow, (void) ultotal, (void) ulnow;
    return atomic_load (&courier->stopping);
}

/* Puts `now` where `was` stood. */
static bool socket_note (struct hand *hand, int was, int now)
{
    bool noted = false;

    pthread_mutex_lock (&hand->courier->mutex);
    for (unsigned i = 0; i < HAND_SOCKETS && !noted; i++)
        if (hand->sockets[i] == was) {
            hand->sockets[i] = now;
            noted = true;
        }
    pthread_mutex_unlock (&hand->courier->mutex);
    return noted;
}

static curl_socket_t at_open (void *with, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct hand *hand = with;

    (void) purpose;
    if (atomic_load (&hand->courier->stopping))
        return CURL_SOCKET_BAD;
    int fd = socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0 && !socket_note (hand, -1, fd)) {
        close (fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

static int at_close (void *with, curl_socket_t fd)
{
    socket_note (with, fd, -1);
    return close (fd);
}

/* What is the same for everything that a thread carries. */
static void easy_prepare (struct hand *hand, CURL *easy)
{
    const struct courier *courier = hand->courier;

    curl_easy_reset (easy);                     /* keeps the connection */
    curl_easy_setopt (easy, CURLOPT_PROXY, ""); /* the environment decides nothing */
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, (long) courier->connect_ms);
    curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) courier->whole_ms);
    /* Bounds what CURLOPT_TIMEOUT does not: the reply to SMTP's QUIT. */
    curl_easy_setopt (easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                      (long) (courier->whole_ms + 999) / 1000);
    curl_easy_setopt (easy, CURLOPT_MAXAGE_CONN, CONNECTION_AGE_S);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, at_open);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, hand);
    curl_easy_setopt (easy, CURLOPT_CLOSESOCKETFUNCTION, at_close);
    curl_easy_setopt (easy, CURLOPT_CLOSESOCKETDATA, hand);
    curl_easy_setopt (easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt (easy, CURLOPT_XFERINFOFUNCTION, at_progress);
    curl_easy_setopt (easy, CURLOPT_XFERINFODATA, courier);
}

static void *thread_run (void *with)
{
    struct hand *hand = with;
    struct courier *courier = hand->courier;
    CURL *easy = curl_easy_init ();
    check (easy != NULL);

    pthread_mutex_lock (&courier->mutex);
    while (!atomic_load (&courier->stopping)) {
        struct errand *errand = courier->todo;
        if (!errand) {
            pthread_cond_wait (&courier->more, &courier->mutex);
            continue;
        }
        courier->todo = errand->next;
        if (!courier->todo)
            courier->todo_end = &courier->todo;
        pthread_mutex_unlock (&courier->mutex);

        easy_prepare (hand, easy);
        courier->kind->carry (courier->own, easy, errand);

        pthread_mutex_lock (&courier->mutex);
        errand->next = NULL;
        *courier->finished_end = errand;
        courier->finished_end = &errand->next;
        uint64_t one = 1;
        check (write (courier->event, &one, sizeof one) == sizeof one);
    }
    pthread_mutex_unlock (&courier->mutex);
    curl_easy_cleanup (easy); /* says QUIT where a connection is left */
    return NULL;
}

/* ---- on the reactor's thread ----------------------------------------------------------------- */

static void at_finished (void *owner, int events)
{
    struct courier *courier = owner;
    uint64_t count;

    (void) events;
    if (read (courier->event, &count, sizeof count) < 0)
        check (errno == EAGAIN);
    pthread_mutex_lock (&courier->mutex);
    struct errand *errand = courier->finished;
    courier->finished = NULL;
    courier->finished_end = &courier->finished;
    pthread_mutex_unlock (&courier->mutex);
    while (errand) {
        struct errand *next = errand->next;
        errand->next = NULL;
        courier->done (courier->owner, errand);
        errand = next;
    }
}

void courier_send (struct courier *courier, struct errand **errand)
{
    (*errand)->next = NULL;
    (*errand)->stage = STAGE_OPEN;
    pthread_mutex_lock (&courier->mutex);
    *courier->todo_end = *errand;
    courier->todo_end = &(*errand)->next;
    pthread_cond_signal (&courier->more);
    pthread_mutex_unlock (&courier->mutex);
    *errand = NULL;
}

struct courier *courier_new (struct reactor *reactor, const struct gateway_kind *kind, void *own,
                             unsigned parallel, int64_t connect_ms, int64_t whole_ms,
                             courier_done_fn *done, void *owner)
{
    struct courier *courier = xcalloc (1, sizeof *courier);

    *courier = (struct courier){.kind = kind,
                                .own = own,
                                .connect_ms = connect_ms,
                                .whole_ms = whole_ms,
                                .done = done,
                                .owner = owner};
    courier->todo_end = &courier->todo;
    courier->finished_end = &courier->finished;
    pthread_mutex_init (&courier->mutex, NULL);
    pthread_cond_init (&courier->more, NULL);
    courier->event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    check (courier->event >= 0);
    courier->source = reactor_fd (reactor, courier->event, REACTOR_READ, at_finished, courier);
    check (curl_global_init (CURL_GLOBAL_DEFAULT) == CURLE_OK);
    courier->hands = xcalloc (parallel, sizeof *courier->hands);
    while (courier->hand_count < parallel) {
        struct hand *hand = &courier->hands[courier->hand_count++];
        hand->courier = courier;
        for (unsigned i = 0; i < HAND_SOCKETS; i++)
            hand->sockets[i] = -1;
        check (pthread_create (&hand->thread, NULL, thread_run, hand) == 0);
    }
    return courier;
}

static void errands_free (struct errand *errand)
{
    while (errand) {
        struct errand *next = errand->next;
        errand_free (errand);
        errand = next;
    }
}

static void hands_end (struct courier *courier)
{
    pthread_mutex_lock (&courier->mutex);
    atomic_store (&courier->stopping, true);
    pthread_cond_broadcast (&courier->more);
    for (unsigned i = 0; i < courier->hand_count; i++)
        for (unsigned s = 0; s < HAND_SOCKETS; s++)
            if (courier->hands[i].sockets[s] >= 0)
                shutdown (courier->hands[i].sockets[s], SHUT_RDWR);
    pthread_mutex_unlock (&courier->mutex);
    for (unsigned i = 0; i < courier->hand_count; i++)
        pthread_join (courier->hands[i].thread, NULL);
}

void courier_destroy (struct courier **ref)
{
    struct courier *courier = *ref;

    if (!courier)
        return;
    *ref = NULL;
    hands_end (courier);
    reactor_forget (&courier->source);
    close (courier->event);
    errands_free (courier->todo);
    errands_free (courier->finished);
    pthread_cond_destroy (&courier->more);
    pthread_mutex_destroy (&courier->mutex);
    free (courier->hands);
    free (courier);
    curl_global_cleanup ();
}
