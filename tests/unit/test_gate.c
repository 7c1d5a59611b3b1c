/* The gate before the password hasher: bursts, how they fill again, who is inside, sources as proxies write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "gate.h"

#define NOON 43200000

static struct http_source source (const char *text)
{
    struct http_source found;
    assert_true (http_source_forwarded (text, &found));
    return found;
}

/* How many come in at once, each gone before the next. */
static unsigned enters (struct gate *gate, const char *from, int64_t now)
{
    struct http_source here = source (from);
    unsigned count = 0;
    int64_t wait;
    while (count < 10000 && gate_enter (gate, &here, now, &wait)) {
        gate_leave (gate, &here);
        count++;
    }
    return count;
}

static void test_a_bucket (void **state)
{
    (void) state;
    struct gate *gate = gate_new (&(struct gate_limits){.burst = 10, .minute = 30, .inside = 3});
    struct http_source here = source ("192.0.2.1");
    int64_t wait;

    assert_int_equal (enters (gate, "192.0.2.1", NOON), 10);
    assert_false (gate_enter (gate, &here, NOON, &wait));
    assert_int_equal (wait, 2000);
    assert_false (gate_enter (gate, &here, NOON + 1999, &wait)); /* asking costs nothing */
    assert_int_equal (wait, 1);
    assert_int_equal (enters (gate, "192.0.2.1", NOON + 2000), 1);
    assert_int_equal (enters (gate, "192.0.2.2", NOON + 2000), 10); /* another's is another's */
    assert_int_equal (enters (gate, "192.0.2.1", NOON + 12000), 5);
    assert_int_equal (enters (gate, "192.0.2.1", NOON + 10 * 86400000LL), 10); /* and no more */
    gate_free (&gate);
}

static void test_inside (void **state)
{
    (void) state;
    struct gate *gate = gate_new (&(struct gate_limits){.burst = 10, .minute = 30, .inside = 3});
    struct http_source here = source ("192.0.2.1");
    int64_t wait;

    for (int i = 0; i < 3; i++)
        assert_true (gate_enter (gate, &here, NOON, &wait));
    for (int i = 0; i < 100; i++) /* which takes nothing out of the bucket */
        assert_false (gate_enter (gate, &here, NOON, &wait));
    assert_true (wait > 0);
    gate_leave (gate, &here);
    assert_int_equal (enters (gate, "192.0.2.1", NOON), 7);
    gate_leave (gate, &here);
    gate_leave (gate, &here);
    gate_free (&gate);
}

/* More sources than there are places: none that is inside is forgotten, and each one new comes in. */
static void test_many_sources (void **state)
{
    (void) state;
    struct gate *gate = gate_new (&(struct gate_limits){.burst = 2, .minute = 1, .inside = 2});
    struct http_source here = source ("192.0.2.1");
    char text[32];
    int64_t wait;

    assert_true (gate_enter (gate, &here, NOON, &wait));
    assert_true (gate_enter (gate, &here, NOON, &wait));
    for (int i = 0; i < 100000; i++) {
        snprintf (text, sizeof text, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal (enters (gate, text, NOON + i), 2);
    }
    assert_false (gate_enter (gate, &here, NOON + 100000, &wait));
    gate_leave (gate, &here);
    gate_leave (gate, &here);
    gate_free (&gate);
}

static void same (const char *one, const char *other, bool are)
{
    struct http_source a = source (one), b = source (other);
    assert_int_equal (memcmp (&a, &b, sizeof a) == 0, are);
}

static void test_sources (void **state)
{
    (void) state;
    struct http_source found;

    same ("192.0.2.1", "192.0.2.1:4711", true);
    same ("192.0.2.1", "192.0.2.2", false);
    same ("::ffff:192.0.2.1", "192.0.2.1", true);
    same ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true); /* a /64 is one */
    same ("2001:db8:1:2::1", "2001:db8:1:3::1", false);
    same ("[2001:db8:1:2::1]:443", "[2001:db8:1:2::7]", true);
    /* the nearest proxy's word is the last; the first is the client's own */
    same ("203.0.113.9, 192.0.2.1", "192.0.2.1", true);
    same ("192.0.2.1, 203.0.113.9", "192.0.2.1", false);
    same ("a,b,,\t192.0.2.1 ", "192.0.2.1", true);
    static const char *const none[] = {
        "",
        ",",
        "192.0.2.1,",
        "unknown",
        "192.0.2",
        "192.0.2.1.1",
        "[]",
        "::g",
        "1234567890123456789012345678901234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false (http_source_forwarded (none[i], &found));

    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    assert_int_equal (inet_pton (AF_INET, "192.0.2.1", &four.sin_addr), 1);
    assert_int_equal (inet_pton (AF_INET6, "2001:db8:1:2::5", &six.sin6_addr), 1);
    struct http_source a = http_source_peer ((struct sockaddr *) &four), b = source ("192.0.2.1");
    assert_memory_equal (&a, &b, sizeof a);
    a = http_source_peer ((struct sockaddr *) &six), b = source ("2001:db8:1:2::1");
    assert_memory_equal (&a, &b, sizeof a);
    a = http_source_peer (NULL), b = http_source_peer (&(struct sockaddr){.sa_family = AF_UNIX});
    assert_memory_equal (&a, &b, sizeof a);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_bucket),
        cmocka_unit_test (test_inside),
        cmocka_unit_test (test_many_sources),
        cmocka_unit_test (test_sources),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
