/* registry.h - regions, agencies, functions, categories, mandates, oversight phrases: read from a snapshot
 * (docs/snapshots.md), read-only afterwards.  With rules and model it is all that a decision may look at.
 *
 * Numbers are the database's.  Everything is found in constant time; walking a place upwards is
 * cutting its code (33.74.01.1001 -> 33.74.01 -> 33.74 -> 33).
 */
#ifndef ADUAN_REGISTRY_H
#define ADUAN_REGISTRY_H

#include "mandate.h"
#include "oversight.h"
#include "place.h"
#include "text.h"

struct agency {
    uint32_t number;
    uint32_t parent;   /* 0: the root */
    uint16_t function; /* 0: none */
    bool inspectorate, desk, central;
    bool national;    /* the national desk verifies what comes to it and below by words alone */
    uint8_t depth;    /* levels below it that a decision may place at */
    char region[14];  /* "": the nation */
    const char *code; /* in the snapshot's text, as is name */
    const char *name;
    uint32_t code_len;
};

struct category {
    uint32_t number, parent, agency;
    uint16_t function;
    uint16_t sure; /* permille: how sure its function or agency is when nothing more is known */
    uint8_t class; /* enum class, 0: says nothing */
    uint8_t
        level; /* where its function is held: 1 the province, 2 the regency; 0: the most exact one */
    const char *name;
};

struct registry;

#define REGISTRY_FUNCTIONS_MOST 1024 /* their numbers are below it */
#define REGISTRY_DEPTH_MOST     64   /* of the tree */

/* Copies what it needs.  0 and *ret, or FAIL_MALFORMED with one log line that names the line. */
int registry_parse (uint64_t version, const char *at, size_t len, struct registry **ret);
void registry_destroy (struct registry **registry);

uint64_t registry_version (const struct registry *registry);
const struct agency *registry_root (const struct registry *registry);
const struct agency *registry_agency (const struct registry *registry, uint32_t number);
const struct agency *registry_agency_by_code (const struct registry *registry, struct view code);
const struct category *registry_category (const struct registry *registry, uint64_t number);
/* The agency that holds a function for exactly this region ("" for the nation), or NULL. */
const struct agency *registry_holder (const struct registry *registry, uint16_t function,
                                      struct view region);
/* Who is competent for a function at a place, NULL: nobody.  The walk goes from the most exact place
 * upwards, village -> district -> regency -> province -> nation.  An exception holds for its region and all
 * below, whoever else has a unit there; of several the most exact one.  `level` as in struct category: the
 * walk begins no lower. */
const struct agency *registry_competent (const struct registry *registry, uint16_t function,
                                         struct view place, unsigned level);
/* Is who is competent at a place so in each region directly below it? */
bool registry_competent_below (const struct registry *registry, uint16_t function,
                               struct view place, unsigned level);
/* The coordinator of exactly this region, or NULL. */
const struct agency *registry_desk (const struct registry *registry, struct view region);
bool registry_has_region (const struct registry *registry, struct view region);
const char *registry_function_code (const struct registry *registry, uint16_t function);
/* 0: no function has this code. */
uint16_t registry_function_by_code (const struct registry *registry, struct view code);
/* The category behind this one in the snapshot's order; NULL: the first one, and behind the last. */
const struct category *registry_category_next (const struct registry *registry,
                                               const struct category *before);
/* The same of agencies. */
const struct agency *registry_agency_next (const struct registry *registry,
                                           const struct agency *before);
/* The codes of all regions, in their order. */
size_t registry_region_count (const struct registry *registry);
const char *registry_region_at (const struct registry *registry,
                                size_t region); /* NULL behind the last */

/* One level up: 33.74.01.1001 -> 33.74.01 -> 33.74 -> 33 -> "". */
struct view region_above (struct view region);
/* Does `region` lie in `in`, or is it the same?  Everything lies in "". */
bool region_within (struct view region, struct view in);

/* Is `agency` the same as `above`, or below it in the tree of agencies? */
bool registry_below (const struct registry *registry, uint32_t agency, uint32_t above);

/* Does the national desk verify for it, by its own connection or that of one above it? */
bool registry_national (const struct registry *registry, const struct agency *agency);
/* Where a decision for it goes: the agency itself, or the one above it that is as deep as those above allow. */
const struct agency *registry_routed (const struct registry *registry, const struct agency *agency);

const struct gazetteer *registry_gazetteer (const struct registry *registry);
const struct mandates *registry_mandates (const struct registry *registry);
const struct oversight *registry_oversight (const struct registry *registry);

#endif
