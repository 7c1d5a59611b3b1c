/* test_connection.c - a connection whose far side comes late, or goes and comes back: it says hello as
 * soon as somebody is there.  The timer of the next try is silenced, so that nothing else says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>
#include "daemon/link_inside.h"

#define DEADLINE_MS 10000

struct world {
    struct reactor *reactor;
    struct listener *listener;
    struct link *link;
    unsigned ups, downs;
    char endpoint[64];
};

static void on_up (void *owner, struct link *link)
{
    struct world *world = owner;
    world->ups += !link->listener;
}

static void on_down (void *owner, struct link *link)
{
    struct world *world = owner;
    world->downs += !link->listener;
}

static link_message_fn *const handlers[WIRE_LAST];
static const struct link_hooks hooks = {.handlers = handlers, .up = on_up, .down = on_down};

#define until(world, condition)                                                                    \
    do {                                                                                           \
        int64_t until_ = mono_ms () + DEADLINE_MS;                                                 \
        while (!(condition) && mono_ms () < until_)                                                \
            reactor_turn ((world)->reactor, 20);                                                   \
        assert_true (condition);                                                                   \
    } while (0)

static void listen_now (struct world *world)
{
    assert_int_equal (
        link_listen (world->reactor, world->endpoint, NULL, &hooks, world, 8, 8, &world->listener),
        0);
}

static void silence (struct world *world)
{
    reactor_timer_at (world->link->timer, 0);
}

static void test_it_comes_and_goes (void **state)
{
    struct world world = {.reactor = reactor_new ()};
    (void) state;
    snprintf (world.endpoint, sizeof world.endpoint, "ipc:///tmp/aduan-connection-%d",
              (int) getpid ());
    world.link = link_connect (world.reactor, world.endpoint, NULL, "test", &hooks, &world);
    until (&world, world.link->nobody);
    silence (&world);
    listen_now (&world);
    until (&world, world.ups == 1);

    listener_destroy (&world.listener);
    while (world.downs == 0) { /* what cannot be said is how it is noticed */
        link_say_control (world.link, WIRE_ping, &(struct msg_ping){0});
        reactor_turn (world.reactor, 5);
    }
    until (&world, world.link->nobody);
    silence (&world);
    listen_now (&world);
    until (&world, world.ups == 2);

    link_destroy (&world.link);
    listener_destroy (&world.listener);
    reactor_destroy (&world.reactor);
    unlink (world.endpoint + sizeof "ipc://" - 1);
}

/* Somebody is there and says nothing: hello is not said again and again to him. */
static void test_it_is_said_once (void **state)
{
    struct world world = {.reactor = reactor_new ()};
    unsigned turns = 0;
    (void) state;
    snprintf (world.endpoint, sizeof world.endpoint, "ipc:///tmp/aduan-silent-%d", (int) getpid ());
    void *silent = link_socket (ZMQ_ROUTER, false);
    assert_int_equal (zmq_bind (silent, world.endpoint), 0);
    world.link = link_connect (world.reactor, world.endpoint, NULL, "test", &hooks, &world);
    until (&world, world.link->said != 0);
    silence (&world);
    for (int64_t end = mono_ms () + 200; mono_ms () < end; turns++)
        reactor_turn (world.reactor, 50);
    assert_true (turns < 50);
    link_destroy (&world.link);
    zmq_close (silent);
    reactor_destroy (&world.reactor);
    unlink (world.endpoint + sizeof "ipc://" - 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_it_comes_and_goes),
        cmocka_unit_test (test_it_is_said_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
