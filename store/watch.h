/* watch.h - the work of watch.c. */
#ifndef ADUAN_STORE_WATCH_H
#define ADUAN_STORE_WATCH_H

#include "daemon/reactor.h"
#include "daemon/settings.h"
#include "db/db.h"

struct store;

struct watch {
    struct db *db; /* of its own: what is read for long holds up nobody */
    struct timer *timer;
    int64_t every_ms, soon_ms, agencies; /* settings */
    bool busy;                           /* it is with PostgreSQL */
    bool known;                          /* what is said is what was found last */
    int64_t asked_at, told_at, rest_ms;  /* mono_ms; after what was told it rests for so long */
    int64_t vain_ms;                     /* after what failed it rests for so long */
    int64_t told_wall;                   /* wall_ms; 0: never */
    int64_t took_ms;
};

#define WATCH_SETTINGS                                                                             \
    {"watch.every",                                                                                \
     SETTING_DURATION,                                                                             \
     "15s",                                                                                        \
     1000,                                                                                         \
     3600000,                                                                                      \
     false,                                                                                        \
     "how often queues, stages and clocks are read for the metrics, at most"},                     \
        {"watch.soon",                                                                             \
         SETTING_DURATION,                                                                         \
         "1d",                                                                                     \
         60000,                                                                                    \
         2592000000,                                                                               \
         false,                                                                                    \
         "a clock that runs out within so long counts as due soon"},                               \
    {                                                                                              \
        "watch.agencies", SETTING_NUMBER, "800", 0, 1000, false,                                   \
            "agencies whose queues are told one by one; the others together"                       \
    }

/* `statement`: watch_queues. */
void watch_begin (struct store *store, const struct settings *settings,
                  const struct db_statement *statement);
/* Before the page is shown: what is too old is left out of it. */
void watch_measure (struct store *store);
/* The program is about to stop. */
void watch_abandon (struct store *store);
void watch_end (struct store *store);

#endif
