/* decide.h - whose duty is it?  A pure function of the question and of what is in force (registry, rules,
 * model, thresholds), and total: no input, however empty or strange, ends without an owner.
 * docs/routing.md tells it to coordinators.
 */
#ifndef ADUAN_DECIDE_H
#define ADUAN_DECIDE_H

#include "model.h"
#include "registry.h"
#include "rules.h"

#define DECIDE_RECORD_MOST                                                                         \
    4096 /* bytes, the NUL with them: the limit of place.record on the wire */
#define DECIDE_CANDIDATES 3
#define DECIDE_REFUSERS   16
#define DECIDE_SUPPORTERS 8

/* How sure a rung must be to decide, permille.  Rung 3 that is less sure lets rung 4 speak first, and
 * decides before rung 5. */
struct thresholds {
    uint32_t rung3, rung4;
};
extern const struct thresholds thresholds_usual;

/* What is in force.  Whoever fills it owns the parts; rules and model may be NULL. */
struct routing {
    const struct registry *registry;
    const struct rules *rules;
    const struct model *model;
    uint64_t rules_version, model_version; /* of the snapshots, 0: none */
    struct thresholds thresholds;
};

/* Absent is empty or 0. */
struct question {
    struct view title, text, location;
    struct view place;                 /* region code, as a form or adapter said it */
    struct view target;                /* code of an agency, as the reporter named it */
    uint32_t class, channel, priority; /* enum class, enum channel, enum priority */
    uint64_t category;
    int64_t received;            /* ms UTC */
    int32_t latitude, longitude; /* 1e-7 degree */
    /* of a hand-back: who refused already, oldest first, and whom the last of them suggests; no refuser is
     * an owner or candidate again, but the national desk, when nobody else is left */
    uint32_t refusers[DECIDE_REFUSERS];
    uint32_t refuser_count;
    uint32_t suggested;
    uint32_t doubt; /* enum doubt: a person sees it before an agency does */
    uint32_t scope; /* owners are this agency and those below it; 0: all */
    /* of words that came later and may tell of misconduct: who has the complaint.  They accuse it, unless they name
     * somebody else; 0: none */
    uint32_t holder;
    struct view since; /* those words alone: the filter looks at them for themselves, too */
    bool
        cleared; /* an inspectorate found no oversight content in it: it looks at nothing else; without such words
                          `since` is what its reporters have said after that */
};

/* Why an agency is a candidate. */
enum ground {
    GROUND_NONE,
    GROUND_INSPECTORATE, /* oversight content */
    GROUND_TARGET,       /* named by the reporter */
    GROUND_SUGGESTED,    /* named by who handed it back */
    GROUND_RULE,         /* an operators' rule; parameter: its name */
    GROUND_CATEGORY,     /* holds the category's function for the place */
    GROUND_WORDS,        /* words of its mandate; parameter: the heaviest phrase */
    GROUND_MODEL,        /* like complaints that it answered */
    GROUND_COORDINATOR,  /* coordinates the place */
    GROUND_NATIONAL,
    GROUND_LAST
};
/* Its code in the record: "words"; never NULL. */
const char *ground_code (enum ground ground);

struct candidate {
    uint32_t agency;   /* 0: none; also where only the function is known, not the place */
    uint16_t function; /* 0: none */
    uint32_t chance;   /* permille */
    enum ground ground;
    const char *parameter; /* lives as long as what is in force; never NULL */
};

struct decision {
    uint32_t agency;     /* always an agency of the registry */
    uint32_t rung;       /* 0 the oversight filter, 1 to 6 */
    uint32_t confidence; /* permille, of the owner being the right one */
    uint32_t class;      /* enum class, 0: not known */
    uint32_t priority;   /* enum priority */
    uint16_t function;   /* 0: none */
    bool oversight, secret;
    char region[14]; /* the most exact place that is known, "" */
    uint32_t asks;   /* enum rules_ask, a bit set */
    struct candidate
        candidates[DECIDE_CANDIDATES]; /* the best first, the owner's function among them */
    uint32_t supporters[DECIDE_SUPPORTERS], copies[DECIDE_SUPPORTERS]; /* 0 behind the last */
    char record
        [DECIDE_RECORD_MOST]; /* JSON: codes and parameters of every rung's view; no words of the
                                        reporter's enter it */
};

void decide (const struct routing *routing, const struct question *question, struct decision *ret);

/* May these words make the complaint that they are said on oversight content?  Looks at nothing else, and rather says yes:
 * decide() judges, with all that is known. */
bool decide_alarms (const struct routing *routing, struct view words);

#endif
