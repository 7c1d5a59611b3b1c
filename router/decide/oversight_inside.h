/* oversight_inside.h - what oversight.c learns and oversight_find.c looks for. */
#ifndef ADUAN_OVERSIGHT_INSIDE_H
#define ADUAN_OVERSIGHT_INSIDE_H

#include "oversight.h"
#include "slip.h"

#define ROWS_MOST  4000
#define HINTS_MOST 40

enum kind {
    KIND_NONE,
    KIND_WORD,
    KIND_DEED,
    KIND_ACT,
    KIND_ACTOR,
    KIND_ABOVE,
    KIND_PROVINCE,
    KIND_NATION,
    KIND_STRANGER,
    KIND_CITIZEN,
    KIND_SENSE,
    KIND_NOT,
    KIND_ABOUT,
    KIND_BESIDE,
    KIND_CALL,
    KIND_HELP,
    KIND_LAST
};

struct row {
    char *shown;
    uint8_t kind, parts;
};

/* What a word does in a part of a row; in this order among the members of a word. */
enum role {
    ROLE_FIRST, /* begins what stands side by side */
    ROLE_NEAR,  /* is a part of a deed or act */
    ROLE_LATER, /* goes on with what stands side by side */
    ROLE_NONE,  /* is known, and no more */
    ROLES
};

struct member {
    uint64_t key;
    uint16_t row;
    uint8_t part, parts, kind, role; /* parts: of the row */
};

struct vocable {
    uint64_t key;             /* 0: the slot is free */
    uint32_t from[ROLES + 1]; /* its members, by role */
    uint32_t begins;          /* bit set: a phrase of that kind begins with it; IN_DEED */
};
#define IN_DEED (1u << KIND_LAST) /* it is a part of a deed or act */

struct oversight {
    uint64_t owner; /* of what is remembered of words */
    struct row *rows;
    struct member *members;
    struct vocable *vocables; /* a power of two, at most half full */
    struct spelt_word {
        uint64_t form, stem;
    } * spelt; /* what slips lead to, from 1 */
    struct slips *slips;
    uint32_t row_count, row_room, member_count, member_room, slot_count, spelt_count, spelt_room;
    uint64_t fillers[HINTS_MOST], conditions[HINTS_MOST]; /* 0 behind the last */
    struct text read;
};

/* Of a stem, or of a spelling. */
uint64_t oversight_key (uint64_t hash, bool exact);
/* The slot behind it, from 1; 0: unknown. */
uint32_t oversight_slot (const struct oversight *oversight, uint64_t key);

#endif
