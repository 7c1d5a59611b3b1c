/* test_cache.c - what Redis is told, and when; the test is Redis. */
#include "cache/cache.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/base.h"

#define HERE       "aduan:here"
#define NOBODY     -1 /* knows */
#define UNANSWERED -2

struct bench {
    char folder[32], where[64];
    struct reactor *reactor;
    struct cache *cache;
    int door, peer; /* Redis's */
    int64_t total;
};

static void bench_begin (struct bench *bench)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    strcpy (bench->folder, "/tmp/aduan-cache-XXXXXX");
    assert_non_null (mkdtemp (bench->folder));
    snprintf (bench->where, sizeof bench->where, "unix:%s/redis", bench->folder);
    snprintf (at.sun_path, sizeof at.sun_path, "%s/redis", bench->folder);
    bench->door = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal (bind (bench->door, (struct sockaddr *) &at, sizeof at), 0);
    assert_int_equal (listen (bench->door, 1), 0);
    bench->reactor = reactor_new ();
    bench->cache = cache_new (bench->reactor, bench->where);
}

static void bench_end (struct bench *bench)
{
    cache_free (&bench->cache);
    reactor_destroy (&bench->reactor);
    close (bench->peer);
    close (bench->door);
    unlink (bench->where + strlen ("unix:"));
    rmdir (bench->folder);
}

/* Has Redis these words now, among what it has not read yet?  They are read. */
static bool was_told (struct bench *bench, const char *words)
{
    char said[4096];
    ssize_t got = recv (bench->peer, said, sizeof said - 1, MSG_DONTWAIT);

    said[got > 0 ? got : 0] = '\0';
    return strstr (said, words) != NULL;
}

static void answers (struct bench *bench, const char *reply)
{
    assert_int_equal (send (bench->peer, reply, strlen (reply), 0), (ssize_t) strlen (reply));
}

/* Connected, and heard. */
static void bench_connect (struct bench *bench)
{
    int64_t until = mono_ms () + 20000;

    while ((bench->peer = accept (bench->door, NULL, NULL)) < 0 && mono_ms () < until)
        reactor_turn (bench->reactor, 5);
    while (!was_told (bench, HERE) && mono_ms () < until)
        reactor_turn (bench->reactor, 5);
    answers (bench, ":1\r\n");
    while (!cache_is_up (bench->cache) && mono_ms () < until)
        reactor_turn (bench->reactor, 5);
    assert_true (cache_is_up (bench->cache));
}

static void on_known (void *with, int64_t total)
{
    struct bench *bench = with;

    bench->total = total;
    if (total >= 0)
        cache_count (bench->cache, view_of ("counted"), 1, 60000, NULL, NULL);
}

/* At the end of a turn its answers go to those who asked, who may ask another process at once: by then Redis has been told. */
static void what_is_counted_upon_an_answer_is_told_in_its_turn (void **state)
{
    struct bench bench = {.total = NOBODY};
    int64_t until = mono_ms () + 20000;
    (void) state;

    bench_begin (&bench);
    bench_connect (&bench);
    while (bench.total == NOBODY && mono_ms () < until) { /* again where the test was too late */
        bench.total = UNANSWERED;
        cache_count (bench.cache, view_of ("asked"), 0, 60000, on_known, &bench);
        while (!was_told (&bench, "asked") && mono_ms () < until)
            reactor_turn (bench.reactor, 5);
        answers (&bench, ":7\r\n");
        while (bench.total == UNANSWERED || !cache_is_up (bench.cache))
            reactor_turn (bench.reactor, 1000);
    }
    assert_int_equal (bench.total, 7);
    assert_true (was_told (&bench, "counted"));
    answers (&bench, ":1\r\n");
    reactor_turn (bench.reactor, 1000);
    bench_end (&bench);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_counted_upon_an_answer_is_told_in_its_turn),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
