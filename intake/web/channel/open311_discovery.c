/* open311_discovery.c - where the services are: the one address that a client is given. */
#include <stdlib.h>
#include <string.h>
#include "open311.h"

#define SPECIFICATION "http://wiki.open311.org/GeoReport_v2"
#define CHANGESET                                                                                  \
    "2026-11-01T00:00:00Z" /* when addresses or definitions last changed: in the past */

/* How the door is named from outside; the Host header of a stranger stands in his own answer alone.  The caller's. */
static char *origin_of (struct visit *visit)
{
    const char *host = http_header (visit->request, "Host");
    const char *scheme = visit->web->tls ? "https" : "http";

    if (*visit->web->origin)
        return xstrdup (visit->web->origin);
    if (!host || !*host ||
        strspn (host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") !=
            strlen (host))
        host = "localhost";
    return xformat ("%s://%s", scheme, host);
}

static json_t *endpoint (const char *origin, const char *path, const char *type)
{
    char *url = xformat ("%s%s", origin, path);
    json_t *one =
        json_pack ("{s:s, s:s, s:s, s:s, s:[s, s]}", "specification", SPECIFICATION, "url", url,
                   "changeset", CHANGESET, "type", type, "formats", "text/xml", "application/json");
    free (url);
    return one;
}

void open311_discovery (struct visit *visit)
{
    char *origin = origin_of (visit);
    json_t *tree = json_object ();

    open311_of (visit)->bare = true;
    json_object_set_new (tree, "changeset", json_string (CHANGESET));
    open311_say (tree, "contact",
                 *visit->web->open311_contact ? visit->web->open311_contact
                                              : web_word (visit, "open311_contact"));
    open311_say (tree, "key_service",
                 *visit->web->open311_key_service ? visit->web->open311_key_service
                                                  : web_word (visit, "open311_key_service"));
    json_object_set_new (tree, "endpoints",
                         json_pack ("[o, o]", endpoint (origin, "/open311/v2", "production"),
                                    endpoint (origin, "/open311/test/v2", "test")));
    free (origin);
    http_say (visit->request, "Vary", "Host, Accept-Language");
    open311_answer (visit, 200, "discovery", tree);
}
