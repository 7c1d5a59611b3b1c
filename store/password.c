/* password.c - hashes passwords: argon2id, 64 MiB and 2 passes (libsodium's interactive limits), some 0.1 s of a
 * core.  On one thread of its own, so that neither the loop waits for it nor more memory is taken than
 * for one; the kernel runs it behind what carries complaints.  What waits is bounded. */
#include "order.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utlist.h>

#define HASHES_WAITING 16
#define NICE           5

struct hasher {
    struct store *store;
    hasher_done_fn *done;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    bool stopping;
    struct order *waiting, *finished;
    unsigned count; /* waiting or under way */
    char stand_in[PASSWORD_HASHED];
    int event_fd;
    struct source *source;
};

static void hash (char out[PASSWORD_HASHED], const char *password)
{
    check (crypto_pwhash_str (out, password, strlen (password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                              crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
}

/* The hash that no password has, by the same costs: to refuse a login that nobody has takes as long as to
 * refuse a wrong password. */
static void make_stand_in (char out[PASSWORD_HASHED])
{
    snprintf (out, PASSWORD_HASHED, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s",
              (unsigned) (crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024),
              (unsigned) crypto_pwhash_OPSLIMIT_INTERACTIVE, "AAAAAAAAAAAAAAAAAAAAAA",
              "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    check (crypto_pwhash_str_needs_rehash (out, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                           crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
}

/* Without the lock. */
static void work_on (struct hasher *hasher, struct order *order)
{
    if (order->password) {
        const char *stored = order->hashed[0] ? order->hashed : hasher->stand_in;
        bool right =
            crypto_pwhash_str_verify (stored, order->password, strlen (order->password)) == 0;
        order->proved = right && order->hashed[0];
    }
    if (order->fresh)
        hash (order->fresh_hashed, order->fresh);
}

static void *work (void *owner)
{
    struct hasher *hasher = owner;
    uint64_t one = 1;
    setpriority (PRIO_PROCESS, (id_t) syscall (SYS_gettid), NICE);
    pthread_mutex_lock (&hasher->lock);
    while (!hasher->stopping) {
        struct order *order = hasher->waiting;
        if (!order) {
            pthread_cond_wait (&hasher->wanted, &hasher->lock);
            continue;
        }
        DL_DELETE (hasher->waiting, order);
        pthread_mutex_unlock (&hasher->lock);
        work_on (hasher, order);
        pthread_mutex_lock (&hasher->lock);
        DL_APPEND (hasher->finished, order);
        check (write (hasher->event_fd, &one, sizeof one) == sizeof one);
    }
    pthread_mutex_unlock (&hasher->lock);
    return NULL;
}

static void on_finished (void *owner, int events)
{
    struct hasher *hasher = owner;
    uint64_t count;
    (void) events;
    if (read (hasher->event_fd, &count, sizeof count) != sizeof count)
        return;
    pthread_mutex_lock (&hasher->lock);
    struct order *finished = hasher->finished, *order, *next;
    hasher->finished = NULL;
    DL_FOREACH (finished, order)
        hasher->count--;
    pthread_mutex_unlock (&hasher->lock);
    DL_FOREACH_SAFE (finished, order, next) {
        DL_DELETE (finished, order);
        metric_add (store_hashes_total, 1);
        hasher->done (hasher->store, order);
    }
}

struct hasher *hasher_new (struct store *store, hasher_done_fn *done)
{
    struct hasher *hasher = xcalloc (1, sizeof *hasher);
    *hasher = (struct hasher){.store = store, .done = done};
    make_stand_in (hasher->stand_in);
    hasher->event_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    check (hasher->event_fd >= 0);
    pthread_mutex_init (&hasher->lock, NULL);
    pthread_cond_init (&hasher->wanted, NULL);
    hasher->source =
        reactor_fd (store->reactor, hasher->event_fd, REACTOR_READ, on_finished, hasher);
    check (pthread_create (&hasher->thread, NULL, work, hasher) == 0);
    return hasher;
}

bool hasher_take (struct hasher *hasher, struct order *order)
{
    pthread_mutex_lock (&hasher->lock);
    bool room = hasher->count < HASHES_WAITING;
    if (room) {
        hasher->count++;
        DL_APPEND (hasher->waiting, order);
        pthread_cond_signal (&hasher->wanted);
    }
    pthread_mutex_unlock (&hasher->lock);
    return room;
}

void hasher_destroy (struct hasher **held)
{
    struct hasher *hasher = *held;
    if (!hasher)
        return;
    pthread_mutex_lock (&hasher->lock);
    hasher->stopping = true;
    pthread_cond_signal (&hasher->wanted);
    pthread_mutex_unlock (&hasher->lock);
    pthread_join (hasher->thread, NULL);
    reactor_forget (&hasher->source);
    close (hasher->event_fd);
    pthread_mutex_destroy (&hasher->lock);
    pthread_cond_destroy (&hasher->wanted);
    free (hasher);
    *held = NULL;
}
