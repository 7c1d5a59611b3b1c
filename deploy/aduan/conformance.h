/* conformance.h - inside `aduan conformance`: what is right and what is wrong at an integrator's end.
 *
 *   conformance.c       the command, what was found, and one HTTP request
 *   conformance_hook.c  plays the notifier to his receiver
 *   conformance_api.c   plays his client to our API, with his sandbox token
 */
#ifndef ADUAN_CONFORMANCE_H
#define ADUAN_CONFORMANCE_H

#include <curl/curl.h>
#include "cli.h"
#include "domain/sign.h"

enum verdict { VERDICT_RIGHT, VERDICT_DOUBT, VERDICT_WRONG };

struct checkup {
    const char *url;
    CURL *curl;
    bool json;
    json_t *found; /* of --json */
    unsigned counts[3];
    bool unreachable; /* nothing answers there: the rest would say the same */
};

/* What was found by a check: shown at once, or kept for --json.  `why` with its values by name, ends with NULL; TEXT_none:
 * nothing to say. */
__attribute__ ((sentinel)) void found (struct checkup *checkup, const char *name,
                                       enum verdict verdict, enum text_key why, ...);

/* One HTTP request and its answer. */
struct exchange {
    const char *method, *path; /* behind the URL; "": the URL itself */
    struct view body;
    struct curl_slist *headers; /* taken */
    int piece_ms;               /* > 0: the body goes in eight pieces, with so much time between */
    /* the answer */
    CURLcode code;
    long status; /* 0: none */
    double seconds;
    int64_t date; /* s since 1970, by its Date; 0: none */
    struct buffer answer;
    bool endless; /* it was longer than is read */
    char problem[CURL_ERROR_SIZE];
    size_t sent;
};
void exchange_run (struct checkup *checkup, struct exchange *exchange, long most_ms);
void exchange_done (struct exchange *exchange);
/* Adds a header; takes nothing. */
__attribute__ ((format (printf, 2, 3))) void exchange_header (struct exchange *exchange,
                                                              const char *format, ...);
/* No answer at all, or one that is never good: says so.  False: it may be judged. */
bool exchange_failed (struct checkup *checkup, const char *name, const struct exchange *exchange);

/* https, or this host alone. */
void check_transport (struct checkup *checkup);
void check_hook (struct checkup *checkup, const uint8_t secret[WEBHOOK_SECRET]);
void check_api (struct checkup *checkup, const char *token);

#endif
