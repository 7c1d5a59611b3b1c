/* source.c - where a request comes from, as rate limits count. */
#include "http/source.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include "base/log.h"

static struct http_source source_four (const void *address)
{
    struct http_source source = {{[10] = 0xff, [11] = 0xff}};
    memcpy (source.at + 12, address, 4);
    return source;
}

static struct http_source source_six (const void *address)
{
    static const uint8_t four[12] = {[10] = 0xff, [11] = 0xff};
    struct http_source source = {{0}};

    if (memcmp (address, four, sizeof four) == 0)
        return source_four ((const uint8_t *) address + sizeof four);
    memcpy (source.at, address, 8);
    return source;
}

struct http_source http_source_peer (const struct sockaddr *peer)
{
    if (peer && peer->sa_family == AF_INET)
        return source_four (&((const struct sockaddr_in *) (const void *) peer)->sin_addr);
    if (peer && peer->sa_family == AF_INET6)
        return source_six (&((const struct sockaddr_in6 *) (const void *) peer)->sin6_addr);
    return (struct http_source){{0}};
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711". */
bool http_source_forwarded (const char *text, struct http_source *ret)
{
    const char *comma = strrchr (text, ',');
    const char *from = comma ? comma + 1 : text;
    char address[INET6_ADDRSTRLEN] = "";
    uint8_t bytes[16];

    from += strspn (from, " \t");
    bool bracket = *from == '[';
    from += bracket;
    size_t len = strcspn (from, bracket ? "]" : " \t");
    const char *colon = memchr (from, ':', len);
    if (!bracket && colon && !memchr (colon + 1, ':', (size_t) (from + len - colon - 1)))
        len = (size_t) (colon - from); /* one colon alone: a port */
    if (len >= sizeof address)
        return false;
    memcpy (address, from, len);
    if (inet_pton (AF_INET, address, bytes) == 1)
        *ret = source_four (bytes);
    else if (inet_pton (AF_INET6, address, bytes) == 1)
        *ret = source_six (bytes);
    else
        return false;
    return true;
}

static bool forwarded (const struct http_request *request, struct http_source *ret)
{
    const char *text = http_header_last (request, "X-Forwarded-For");
    return text && http_source_forwarded (text, ret);
}

struct http_source http_source_told (const struct http_request *request, bool proxy)
{
    struct http_source source;

    return proxy && forwarded (request, &source) ? source : http_source_peer (http_peer (request));
}

struct http_source http_source_of (const struct http_request *request, bool proxy)
{
    struct http_source source;

    if (proxy && !forwarded (request, &source))
        log_limited (LOG_WARNING,
                     "a request without X-Forwarded-For: the proxy before this door must "
                     "set it, or all who come through it are taken for one");
    return http_source_told (request, proxy);
}
