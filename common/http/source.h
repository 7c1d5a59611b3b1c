/* source.h - where a request comes from, as far as rate limits tell sources apart. */
#ifndef ADUAN_HTTP_SOURCE_H
#define ADUAN_HTTP_SOURCE_H

#include <sys/socket.h>
#include "http/http.h"

/* An IPv4 address (as ::ffff:a.b.c.d), or the first half of an IPv6 one: a household or an office has all of it. */
struct http_source {
    uint8_t at[16];
};

/* Of a peer; what is neither family is one source. */
struct http_source http_source_peer (const struct sockaddr *peer);
/* Of the last entry of an X-Forwarded-For, which the nearest proxy wrote; those before it are the client's own claim.  False:
 * it is no address. */
bool http_source_forwarded (const char *text, struct http_source *ret);
/* Of a request.  `proxy`: a trusted one stands before the door, and says in X-Forwarded-For who connects to it. */
struct http_source http_source_told (const struct http_request *request, bool proxy);
/* The same, and a proxy that does not say so is warned of. */
struct http_source http_source_of (const struct http_request *request, bool proxy);

#endif
