/* test_webhook.c - where a webhook may go, by the very address that is connected to, and how it is signed.
 * T23: 60 spellings of addresses that are nobody's but ours, none of which is connected to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "webhook.h"

static bool is_public (const char *text)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton (AF_INET, text, &in4.sin_addr) == 1)
        return address_public ((struct sockaddr *) &in4);
    assert_int_equal (inet_pton (AF_INET6, text, &in6.sin6_addr), 1);
    return address_public ((struct sockaddr *) &in6);
}

/* The first and the last of each range, and their neighbours. */
static void test_ranges (void **state)
{
    static const char *const ours[] = {"0.0.0.0",
                                       "0.255.255.255",
                                       "10.0.0.0",
                                       "10.255.255.255",
                                       "100.64.0.0",
                                       "100.127.255.255",
                                       "127.0.0.0",
                                       "127.255.255.255",
                                       "169.254.0.0",
                                       "169.254.169.254",
                                       "169.254.255.255",
                                       "172.16.0.0",
                                       "172.31.255.255",
                                       "192.0.0.0",
                                       "192.0.0.255",
                                       "192.0.2.1",
                                       "192.88.99.1",
                                       "192.168.0.0",
                                       "192.168.255.255",
                                       "198.18.0.0",
                                       "198.19.255.255",
                                       "198.51.100.7",
                                       "203.0.113.7",
                                       "224.0.0.1",
                                       "239.255.255.255",
                                       "240.0.0.1",
                                       "255.255.255.255",
                                       "168.63.129.16",
                                       "100.100.100.200",
                                       "::",
                                       "::1",
                                       "::ffff:127.0.0.1",
                                       "::ffff:10.1.2.3",
                                       "::ffff:169.254.169.254",
                                       "::127.0.0.1",
                                       "64:ff9b::7f00:1",
                                       "64:ff9b::a9fe:a9fe",
                                       "64:ff9b:1::1",
                                       "100::1",
                                       "2001::1",
                                       "2001:db8::1",
                                       "2002:7f00:1::",
                                       "2002:a00:1::1",
                                       "3fff::1",
                                       "3fff:fff::1",
                                       "5f00::1",
                                       "fc00::1",
                                       "fd00:ec2::254",
                                       "fe80::1",
                                       "febf::1",
                                       "fec0::1",
                                       "ff02::1"};
    static const char *const others[] = {
        "1.0.0.0",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",    "172.15.255.255",
        "172.32.0.0",      "192.0.1.0",       "192.167.255.255", "192.169.0.0",    "198.17.255.255",
        "198.20.0.0",      "223.255.255.255", "168.63.129.15",   "168.63.129.17",  "2001:200::1",
        "2400:cb00::1",    "2a00:1450::1",    "2003::1",         "3ffe:ffff::1",   "::ffff:8.8.8.8",
        "64:ff9b::808:808"};
    (void) state;
    for (size_t i = 0; i < array_len (ours); i++)
        if (is_public (ours[i]))
            fail_msg ("%s is taken for public", ours[i]);
    for (size_t i = 0; i < array_len (others); i++)
        if (!is_public (others[i]))
            fail_msg ("%s is taken for one of our own", others[i]);
    struct sockaddr unix_one = {.sa_family = AF_UNIX};
    assert_false (address_public (&unix_one));
}

static void test_hosts (void **state)
{
    (void) state;
    assert_int_equal (host_rule_of ("", "example.org"), HOST_PUBLIC);
    assert_int_equal (host_rule_of ("hook.example.org 127.0.0.1", "127.0.0.1"), HOST_NAMED);
    assert_int_equal (host_rule_of ("hook.example.org", "HOOK.example.org"), HOST_NAMED);
    assert_int_equal (host_rule_of ("hook.example.org", "example.org"), HOST_REFUSED);
    assert_int_equal (host_rule_of ("hook.example.org", "hook.example.org.evil.example"),
                      HOST_REFUSED);
    assert_int_equal (host_rule_of ("hook.example.org, *", "example.org"), HOST_PUBLIC);
    assert_int_equal (host_rule_of ("* intern", "intern"), HOST_NAMED);
}

/* Of localhost's port, which listens; whatever connects is seen. */
static int listen_on (uint16_t *ret_port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    socklen_t len = sizeof any;
    int no = 0, fd = socket (AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal (setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no), 0);
    any.sin6_addr =
        in6addr_any; /* also 127.0.0.0/8 and mapped ones; nothing but this test knows the port */
    assert_int_equal (bind (fd, (struct sockaddr *) &any, sizeof any), 0);
    assert_int_equal (listen (fd, 8), 0);
    assert_int_equal (getsockname (fd, (struct sockaddr *) &any, &len), 0);
    *ret_port = ntohs (any.sin6_port);
    return fd;
}

static uint64_t posted (const char *url, const char *hosts)
{
    static const atomic_bool stopping;
    struct post_settings settings = {.hosts = xstrdup (hosts), .ca = xstrdup (""), .wait_ms = 300};
    struct post post = {.url = xstrdup (url),
                        .id = xstrdup ("test-1"),
                        .body = xstrdup ("{}"),
                        .body_len = 2,
                        .stopping = &stopping};
    post_perform (&post, &settings);
    uint64_t status = post.status;
    post_done (&post);
    free (settings.hosts);
    free (settings.ca);
    return status;
}

static void test_spellings (void **state)
{
    static const char *const hosts[] = {
        /* loopback */
        "127.0.0.1", "127.1", "127.0.1", "127.127.127.127", "127.0.0.53", "0", "0.0.0.0",
        "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "017700000001", "0177.0.0.1", "0177.1",
        "0177.0.0.01", "127.0x0.0.1", "0x7F.0X0.0.0x1", "127.00.00.01", "127.0.0.1.", "localhost",
        "LOCALHOST", "localhost.", "%31%32%37.0.0.1", "127。0。0。1", "[::1]", "[0:0:0:0:0:0:0:1]",
        "[0000::0001]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]",
        "[::127.0.0.1]", "[0:0:0:0:0:ffff:7f00:0001]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        /* private, link-local, metadata */
        "10.0.0.1", "167772161", "0xa000001", "012.0.0.1", "10.1", "172.16.0.1", "0xac.0x10.0.1",
        "172.31.255.255", "192.168.0.1", "3232235521", "0300.0250.0.1", "192.168.1",
        "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518",
        "0xa9.254.0251.0xfe", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fe80::1]",
        "[fd00:ec2::254]", "[fc00::1]", "[fec0::1]", "100.64.0.1", "100.100.100.200",
        "168.63.129.16", "192.0.0.192", "198.18.0.1",
        /* groups, reserved */
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "[ff02::1]", "[2001:db8::1]",
        "[::ffff:0.0.0.0]"};
    uint16_t port;
    int fd = listen_on (&port);
    (void) state;
    assert_true (array_len (hosts) >= 60);
    for (size_t i = 0; i < array_len (hosts); i++) {
        char *url = xformat ("http://%s:%u/hook", hosts[i], port);
        uint64_t status = posted (url, "");
        /* refused by its address; or it is no address, and no name that anybody has */
        if (status != HOOK_FAULT_ADDRESS && status != HOOK_FAULT_URL && status != 10003 &&
            status != 10006)
            fail_msg ("%s: status %llu", url, (unsigned long long) status);
        if (accept (fd, NULL, NULL) >= 0 || errno != EAGAIN)
            fail_msg ("%s was connected to", url);
        free (url);
    }
    /* and where the setting names the host it is: else this test would see nothing */
    char *url = xformat ("http://127.0.0.1:%u/hook", port);
    assert_int_equal (posted (url, "127.0.0.1"), 10028);
    int came = accept (fd, NULL, NULL);
    assert_true (came >= 0);
    close (came);
    assert_int_equal (posted (url, "example.org"), HOOK_FAULT_HOST);
    free (url);
    close (fd);
}

static void test_addresses_that_are_none (void **state)
{
    static const char *const urls[] = {"file:///etc/passwd",
                                       "gopher://127.0.0.1/",
                                       "dict://127.0.0.1:11211/",
                                       "ftp://127.0.0.1/",
                                       "smtp://127.0.0.1/",
                                       "http://",
                                       "//127.0.0.1/",
                                       "http://a b/",
                                       "http://user:word@127.0.0.1/",
                                       "http://[::1",
                                       "http://127.0.0.1:99999/"};
    (void) state;
    for (size_t i = 0; i < array_len (urls); i++) {
        uint64_t status = posted (urls[i], "");
        if (status >= 100 && status < 10000)
            fail_msg ("%s was answered: %llu", urls[i], (unsigned long long) status);
    }
}

/* The vector of the specification's libraries. */
static void test_signature (void **state)
{
    static const char secret[] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    uint8_t bytes[64];
    size_t len = 0;
    (void) state;
    assert_int_equal (sodium_base642bin (bytes, sizeof bytes, secret, strlen (secret), NULL, &len,
                                         NULL, sodium_base64_VARIANT_ORIGINAL),
                      0);
    assert_int_equal (len, 24);
    /* ours have 32 bytes: HMAC fills a shorter key with zeros, so that this is the same key */
    uint8_t key[WEBHOOK_SECRET] = {0};
    memcpy (key, bytes, len);
    char *signature = webhook_sign (key, view_of ("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                                    view_of ("{\"test\": 2432232314}"));
    assert_string_equal (signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    free (signature);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_ranges), cmocka_unit_test (test_hosts),
        cmocka_unit_test (test_spellings), cmocka_unit_test (test_addresses_that_are_none),
        cmocka_unit_test (test_signature)};
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
