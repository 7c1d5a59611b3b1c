/* front.h - a door at which people and their programs stand: what aduan-web and aduan-desk have in common, said once.
 *
 * front.def has their rows of settings; here are the headers of each answer, how the door is opened, for what it turns away, and pages.
 */
#ifndef ADUAN_FRONT_H
#define ADUAN_FRONT_H

#include "daemon/settings.h"
#include "http/http.h"
#include "http/template.h"

#define FRONT_AWAY_MS  5000  /* a program that restarts is waited for, one that is away is not */
#define FRONT_LATER_MS 10000 /* until there may be room for a body again */

/* Headers of every answer, behind what a front says of its own.  They end a table: the last one goes with TLS alone. */
#define FRONT_HEADERS                                                                              \
    {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "same-origin"},                     \
        {"Cross-Origin-Opener-Policy", "same-origin"},                                             \
    {                                                                                              \
        "Strict-Transport-Security", "max-age=31536000; includeSubDomains"                         \
    }

/* Opens the door as the settings of front.def say: `options` has all else, of `headers` a table that ends with FRONT_HEADERS.  0 and
 * *ret, or the status to exit with, said in the log. */
int front_listen (struct reactor *reactor, const struct settings *settings,
                  const struct http_options *options, struct http_server **ret);
/* Of a request that the door itself turns away with this status: the key of the text that says why, behind "fault_"; whoever may
 * come again is told when. */
const char *front_refusal (struct http_request *request, unsigned status);

/* Answers with a page: a template of the set that shows `values`.  Never to be kept. */
void front_page (struct http_request *request, unsigned status, const struct template_set *set,
                 const char *template, json_t *values);

#endif
