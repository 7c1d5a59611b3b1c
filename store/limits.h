/* limits.h - limits and steps of the clocks, by rule set and agency (docs/deadlines.md). */
#ifndef ADUAN_LIMITS_H
#define ADUAN_LIMITS_H

#include <libpq-fe.h>
#include "base/base.h"
#include "domain/clock.h"

#define LIMIT_STEPS   8
#define LIMIT_CLASSES 6 /* enum class, 0: blank */

/* Working days of its last `count`; K's in calendar days. */
struct limit_steps {
    uint8_t days[LIMIT_STEPS];
    unsigned count;
};

/* What holds for the clocks that start at an agency. */
struct limits {
    uint64_t agency; /* 0: everybody without a row */
    uint8_t limit[CLOCKS][LIMIT_CLASSES];
    uint8_t warn_left[CLOCKS];   /* working days before the end; 0: no warning, or by share */
    uint16_t warn_share[CLOCKS]; /* permille of the limit that is used; 0: by warn_left */
    struct limit_steps escalate[CLOCKS], remind[CLOCKS];
};

/* All versions; of each what holds for everybody comes first, then agencies by number. */
struct limit_set {
    int64_t starts; /* ms */
    struct limits *by_agency;
    size_t count;
};
struct limit_sets {
    struct limit_set *at; /* the newest first; NULL: not known yet */
    size_t count;
    /* No clock that starts from here on has a step earlier than after so many working days, or
     * calendar days: at least 1. */
    unsigned soonest_working, soonest_calendar;
};

/* The rows of select_limits.sql, in binary form; what was there before is freed. */
void limits_read (struct limit_sets *sets, const PGresult *rows);
void limits_free (struct limit_sets *sets);
/* Those of a complaint received then, of a clock that starts at that agency; only while they are known. */
const struct limits *limits_find (const struct limit_sets *sets, int64_t received, uint64_t agency);
/* Days of the clock; class: enum class. */
unsigned limits_days (const struct limits *limits, enum clock clock, uint32_t class);
/* When it is warned of: so many working days before a clock's end; 0: it is not. */
unsigned limits_warn_left (const struct limits *limits, enum clock clock, uint32_t class);

#endif
