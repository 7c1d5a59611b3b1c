/* scrape.h - what Prometheus fetches, at a door of its own: docs/operators.md. */
#ifndef ADUAN_SCRAPE_H
#define ADUAN_SCRAPE_H

#include "client/aduan.h"
#include "daemon/reactor.h"
#include "daemon/settings.h"

struct scraper;

#define SCRAPE_SETTINGS                                                                             \
    {"metrics.door",                                                                                \
     SETTING_TEXT,                                                                                  \
     "tcp://127.0.0.1:9311",                                                                        \
     0,                                                                                             \
     0,                                                                                             \
     false,                                                                                         \
     "where Prometheus fetches /metrics of all programs of this host, without TLS and for whoever " \
     "connects; empty: nowhere"},                                                                   \
        {"metrics.programs",                                                                        \
         SETTING_TEXT,                                                                              \
         "intake router store query web notifier",                                                  \
         0,                                                                                         \
         0,                                                                                         \
         false,                                                                                     \
         "programs that run on this host, beside the desk; one that does not answer is said to be " \
         "down"},                                                                                   \
    {                                                                                               \
        "metrics.wait", SETTING_DURATION, "2s", 100, 8000, false,                                   \
            "how long they may take to answer"                                                      \
    }

/* After settings_refuse false. */
bool scrape_settings_right (const struct settings *settings);
/* Fills a page of the desk's own metrics. */
typedef void scrape_own_fn (void *owner, struct buffer *page);
/* Never fails: a door that cannot be opened is said in the log and tried again. */
struct scraper *scraper_new (struct reactor *reactor, struct aduan_loop *loop,
                             const struct settings *settings, scrape_own_fn *own, void *owner);
/* Takes no further connection.  True: none is unanswered. */
bool scraper_quiet (struct scraper *scraper);
/* Where it listens; 0: nowhere, now. */
uint16_t scraper_port (const struct scraper *scraper);
void scraper_free (struct scraper **scraper);

#endif
