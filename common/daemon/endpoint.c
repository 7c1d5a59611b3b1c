/* endpoint.c - can something be connected to it?  See link.h. */
#include "daemon/link_inside.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static bool all_of (struct view text, const char *signs)
{
    for (size_t i = 0; i < text.len; i++)
        if (!text.at[i] || !strchr (signs, text.at[i]))
            return false;
    return text.len > 0;
}

/* Numbers alone are an IPv4 address and must be one. */
static bool is_host (struct view host)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    char text[256];
    uint8_t address[16];
    if (host.len == 0 || host.len >= sizeof text)
        return false;
    snprintf (text, sizeof text, "%.*s", (int) host.len, host.at);
    if (text[0] == '[' && text[host.len - 1] == ']') {
        text[strcspn (text, "%]")] = 0; /* without the zone */
        return inet_pton (AF_INET6, text + 1, address) == 1;
    }
    if (all_of (host, "0123456789."))
        return inet_pton (AF_INET, text, address) == 1;
    return all_of (host, signs);
}

static bool is_port (struct view port)
{
    return all_of (port, "0123456789") && port.len <= 5 && atoi (port.at) >= 1 &&
           atoi (port.at) <= UINT16_MAX;
}

bool link_endpoint_right (const char *endpoint)
{
    static const char ipc[] = "ipc://";
    if (strncmp (endpoint, ipc, strlen (ipc)) == 0) {
        const char *path = endpoint + strlen (ipc);
        return *path && strcmp (path, "@") != 0 &&
               strlen (path) < sizeof ((struct sockaddr_un *) 0)->sun_path;
    }
    const char *colon = strrchr (endpoint, ':');
    if (!link_over_tcp (endpoint) || colon < endpoint + strlen ("tcp://"))
        return false;
    const char *host = endpoint + strlen ("tcp://");
    return is_host ((struct view){host, (size_t) (colon - host)}) && is_port (view_of (colon + 1));
}
