/* decide.h - whose duty is it?  A pure function of the submission and the registry, and total: no
 * input, however empty or strange, ends without an owner (docs/routing.md).
 */
#ifndef ADUAN_DECIDE_H
#define ADUAN_DECIDE_H

#include "registry.h"
#include "wire/wire.h"

#define DECIDE_RULES_VERSION 1 /* of the ladder's own rules, kept with each decision */
#define DECIDE_RECORD_MOST   4096
#define DECIDE_CANDIDATES    3

struct decision {
    uint32_t agency;     /* always an agency of the registry */
    uint32_t rung;       /* 0 the oversight filter, 1 to 6 */
    uint32_t confidence; /* permille */
    uint32_t class;      /* enum class, 0: not known */
    uint32_t priority;
    uint16_t function; /* 0: none */
    bool oversight;
    char region[14];                        /* the most exact place that is known, "" */
    uint32_t candidates[DECIDE_CANDIDATES]; /* the next best, 0: none */
    char record[DECIDE_RECORD_MOST];        /* JSON: codes and parameters of every rung's view */
};

void decide (const struct registry *registry, const struct msg_submit *submit,
             const struct msg_content *content, struct decision *ret);

#endif
