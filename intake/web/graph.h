/* graph.h - Meta's Graph API, as its Cloud webhook's other half: fetches what came with a message, says an answer.
 *
 * Slow: for a thread beside the reactor.  Nobody but Meta's own hosts, and that of the settings, gets the token.
 */
#ifndef ADUAN_GRAPH_H
#define ADUAN_GRAPH_H

#include "base/base.h"

/* What both need to know; lent. */
struct graph {
    const char *url;   /* base address, as https://graph.facebook.com/v19.0 */
    const char *token; /* bearer token; "": nothing can be asked */
};

enum graph_end {
    GRAPH_DONE,
    GRAPH_LACKS, /* never: it is not there, not ours, too large, or refused */
    GRAPH_AWAY,  /* not now: no answer, too many calls, a fault of Meta's */
};

/* The medium of Meta's `id`, at most `most` bytes of it, appended to `into`. */
enum graph_end graph_fetch (const struct graph *graph, const char *id, size_t most,
                            struct buffer *into);
/* Says `text` to a number of digits, from the telephone that Meta calls `phone`. */
enum graph_end graph_say (const struct graph *graph, const char *phone, const char *to,
                          const char *text);

#endif
