/* target.c - where a webhook may go.
 *
 * Who sets a webhook chooses where this installation connects to.  It must be no way to what only this host or its
 * network can reach: databases on loopback, a router's page, a cloud's metadata.  The judgement is on the very address
 * that is connected to, so that no name, spelling or answer of a name server counts.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include "webhook.h"

struct range4 {
    uint32_t from;
    unsigned bits;
};

static const struct range4 special4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* a provider's own; some clouds' metadata */
    {0x7f000000, 8},  /* loopback */
    {0xa83f8110, 32}, /* 168.63.129.16: a cloud's metadata at an address that looks public */
    {0xa9fe0000, 16}, /* link-local, metadata */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 3},  /* groups, reserved, broadcast */
};

struct range6 {
    uint8_t from[16];
    unsigned bits;
};

/* Within 2000::/3, which is what is public of IPv6. */
static const struct range6 special6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: holds an IPv4 address, and has no use any more */
    {{0x3f, 0xff, 0x00}, 20},       /* documentation */
};
static const struct range6 mapped = {{[10] = 0xff, [11] = 0xff}, 96};
static const struct range6 nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
static const struct range6 global = {{0x20}, 3};

static bool within4 (uint32_t address, const struct range4 *range)
{
    return ((address ^ range->from) >> (32 - range->bits)) == 0;
}

static bool within6 (const uint8_t address[16], const struct range6 *range)
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    return memcmp (address, range->from, whole) == 0 &&
           (rest == 0 || ((address[whole] ^ range->from[whole]) >> (8 - rest)) == 0);
}

static bool public4 (const uint8_t at[4])
{
    uint32_t address =
        (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | (uint32_t) at[3];
    for (size_t i = 0; i < array_len (special4); i++)
        if (within4 (address, &special4[i]))
            return false;
    return true;
}

static bool public6 (const uint8_t at[16])
{
    if (within6 (at, &mapped) || within6 (at, &nat64))
        return public4 (at + 12);
    for (size_t i = 0; i < array_len (special6); i++)
        if (within6 (at, &special6[i]))
            return false;
    return within6 (at, &global);
}

bool address_public (const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy (&in, address, sizeof in);
        return public4 ((const uint8_t *) &in.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy (&in, address, sizeof in);
        return public6 (in.sin6_addr.s6_addr);
    }
    return false;
}

enum host_rule host_rule_of (const char *hosts, const char *host)
{
    static const char between[] = " ,\t";
    bool any = false, others = false;

    for (hosts += strspn (hosts, between); *hosts; hosts += strspn (hosts, between)) {
        size_t len = strcspn (hosts, between);
        if (len == strlen (host) && strncasecmp (hosts, host, len) == 0)
            return HOST_NAMED;
        any = true;
        others = others || (len == 1 && *hosts == '*');
        hosts += len;
    }
    return others || !any ? HOST_PUBLIC : HOST_REFUSED;
}
