/* rules_inside.h - what the files of rules share; nobody else includes it. */
#ifndef ADUAN_RULES_INSIDE_H
#define ADUAN_RULES_INSIDE_H

#include "phrase.h"
#include "rules.h"
#include "wire/wire.h"
#include <uthash.h>

/* Some of the numbers in rules->numbers. */
struct run {
    uint32_t at, count;
};

struct rule {
    uint32_t classes, channels, hours; /* bit sets of enum class, enum channel, 0 to 23; 0: any */
    int32_t from, to;                  /* days since 1970, INT32_MIN and INT32_MAX: any */
    struct run categories;             /* numbers of the registry */
    struct run places;                 /* into rules->places */
    struct run any, all, none;         /* ids of phrases */
    struct run copies, support;        /* parties */
    uint32_t agency;                   /* the owner: an agency, or a function, or neither */
    uint16_t function;
    uint32_t priority, asks;
    bool secret;
    unsigned line;
    char *name;
};

/* An agency's number, or a function's with this bit. */
#define PARTY_FUNCTION 0x80000000u

/* A phrase's words, as far as rules_check needs them. */
struct lexeme {
    uint64_t form, stem;
    bool exact;
};

struct lexicon_entry {
    uint32_t id;
    UT_hash_handle hh;
    uint64_t key[2 * PHRASE_WORDS_MOST]; /* of each word: exact or not, and what is compared */
};

/* Which rules have a key: a category, a region or a phrase. */
struct posting {
    uint32_t *rules;
    uint32_t count, room;
    uint32_t uses; /* by how many conditions, whether posted or not */
};

enum key_kind { KEY_CATEGORY = 1, KEY_REGION };

struct key_entry {
    char key[16]; /* kind, then the number or the code */
    struct posting posting;
    UT_hash_handle hh;
};

struct index {
    struct posting *phrases; /* by id */
    struct key_entry *keys;
    struct posting classes[CLASS_LAST], channels[CHANNEL_LAST], always;
};

struct place_code {
    char code[14];
};

struct rules {
    const struct registry *registry;
    struct rule *rules;
    size_t count;
    uint32_t *numbers;
    size_t number_count, number_room;
    struct place_code *places;
    size_t place_count, place_room;
    struct phrases *phrases;
    struct run *phrase_words; /* by id, into lexemes */
    uint32_t phrase_count;
    struct lexeme *lexemes;
    size_t lexeme_count;
    struct index index;
};

static inline const uint32_t *rules_run (const struct rules *rules, struct run run)
{
    return rules->numbers + run.at;
}

static inline struct view rules_place (const struct rules *rules, uint32_t place)
{
    return view_of (rules->places[place].code);
}

/* ---- rules_index.c --------------------------------------------------------------------------- */

/* After all rules are read. */
void index_build (struct rules *rules);
void index_free (struct rules *rules);

#define INDEX_WORDS(count) (((count) + 63) / 64)
/* Sets the bit of each rule that may hold: of these found phrases (different ones), of this category or
 * one above it, of this region or one it lies in, of this class and channel.  How many it set. */
size_t index_phrases (const struct rules *rules, const uint32_t *ids, size_t count, uint64_t *bits);
size_t index_category (const struct rules *rules, uint32_t category, uint64_t *bits);
size_t index_region (const struct rules *rules, struct view region, uint64_t *bits);
size_t index_class (const struct rules *rules, uint32_t class, uint64_t *bits);
size_t index_channel (const struct rules *rules, uint32_t channel, uint64_t *bits);
size_t index_always (const struct rules *rules, uint64_t *bits);

/* ---- rules.c --------------------------------------------------------------------------------- */

/* Different ids of the phrases that stand in the text, in rising order.  `room` is `len` ids long; where
 * that is too short, the caller frees what comes back instead of it. */
uint32_t *phrases_in (const struct rules *rules, const struct text *text, uint32_t *room,
                      size_t len, size_t *ret_count);
/* Is the category, or one above it, among these? */
bool category_among (const struct rules *rules, struct run categories, uint32_t category);
bool place_among (const struct rules *rules, struct run places, struct view place);

/* ---- rules_check.c --------------------------------------------------------------------------- */

/* Warnings about rules that can never hold or never decide, and conflicts. */
void rules_check (struct rules *rules, struct sheet *sheet);

#endif
