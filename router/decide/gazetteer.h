/* gazetteer.h - the names of all regions, and the words that people put around them, in tables that are
 * looked at once a word.  For place.c alone; others use place.h.
 *
 * A name is kept as the hash of its letters without the gaps, so that "Tanjung Pinang", "Tanjungpinang"
 * and "Tanjung-Pinang" are one.  The hash of two words in a row follows from theirs
 * (gazetteer_joined), so that a text's letters are read once.
 */
#ifndef ADUAN_GAZETTEER_H
#define ADUAN_GAZETTEER_H

#include "place.h"

/* What kind of region; bits, so that a word before the name can allow several. */
enum {
    LEVEL_PROVINCE = 1,
    LEVEL_REGENCY = 2,
    LEVEL_CITY = 4,
    LEVEL_DISTRICT = 8,
    LEVEL_VILLAGE = 16,
    LEVEL_BOTH = LEVEL_REGENCY | LEVEL_CITY,
    LEVEL_WIDE = LEVEL_PROVINCE | LEVEL_BOTH,
    LEVEL_ANY = 31,
    LEVEL_SPOT = 32, /* no region's name: an island, a quarter, a resort (PLACE_SPOT) */
    LEVEL_BARE = LEVEL_ANY | LEVEL_SPOT
};

/* What a word of a text says about the name behind it (place.def). */
enum {
    IS_PROVINCE = LEVEL_PROVINCE,
    IS_REGENCY = LEVEL_REGENCY,
    IS_CITY = LEVEL_CITY,
    IS_DISTRICT = LEVEL_DISTRICT,
    IS_VILLAGE = LEVEL_VILLAGE,
    IS_HAMLET = 1 << 5,
    IS_STREET = 1 << 6,
    IS_TITLE = 1 << 7,
    IS_PERSON = 1 << 8,
    IS_NEAR = 1 << 9,
    IS_BETWEEN = 1 << 10,
    IS_ASIDE = 1 << 11,
    IS_AT = 1 << 12,
    IS_LOOSE = 1 << 13,
    IS_STOP = 1 << 14,
    IS_ORDINARY = 1 << 15,
    IS_VERB = 1 << 16,
    IS_PAIRED = 1 << 17,
    IS_PASSING = 1 << 18
};

#define REGION_NONE UINT32_MAX

/* In the order of their codes, so that a region and all below it are one run: [itself, end). */
struct region {
    char code[14];
    uint8_t depth;  /* 1 province, 2 regency or city, 3 district, 4 village */
    uint8_t level;  /* LEVEL_ */
    uint32_t above; /* REGION_NONE: the nation */
    uint32_t end;
};

/* One region of a name. */
struct named {
    uint32_t region : 20;
    uint32_t level : 6;
    uint32_t words : 3; /* of the name as the registry writes it; 7: seven or more */
    uint32_t nick : 1;
    uint32_t single : 1; /* one of its words is a single letter: "Mela I" is not "Melai" */
    uint32_t last : 1;   /* of this name */
};

/* One word as a part of names. */
struct spelt {
    uint64_t hash;
    const struct named *named; /* what is called so; NULL: nothing */
    uint32_t what;             /* IS_ bits */
    uint8_t len;               /* letters, with what it is short for written out */
    bool brief;  /* written in four letters at most: a dot behind it ends no sentence */
    bool slip;   /* written with one letter wrong */
    bool begins; /* false: no name begins with these letters */
};

const struct region *gazetteer_region (const struct gazetteer *gazetteer, uint32_t region);
/* By its code, or the nearest above it that is there; REGION_NONE: none. */
uint32_t gazetteer_find (const struct gazetteer *gazetteer, struct view code);
void gazetteer_spell (const struct gazetteer *gazetteer, const struct text *text, size_t word,
                      struct spelt *ret);
/* What is left of a word whose first `cut` letters are glued on ("disurabaya"). */
struct spelt gazetteer_rest (const struct gazetteer *gazetteer, const struct text *text,
                             size_t word, size_t cut);
uint64_t gazetteer_joined (const struct gazetteer *gazetteer, uint64_t hash,
                           const struct spelt *next);
/* False: no name begins with these letters. */
bool gazetteer_begins (const struct gazetteer *gazetteer, uint64_t hash);
/* The regions of a name, up to `last`, in the order of their codes; NULL: not a name. */
const struct named *gazetteer_named (const struct gazetteer *gazetteer, uint64_t hash);

/* Is the word of a text, that is no name, a regency's or a city's with a letter wrong?  Then *ret is that name. */
bool gazetteer_slip (const struct gazetteer *gazetteer, const struct text *text, size_t word,
                     struct spelt *ret);
/* Do these two words mean something else together than the place that one of them is called like? */
bool gazetteer_compound (const struct gazetteer *gazetteer, const struct spelt *first,
                         const struct spelt *second);

/* Bytes that it holds. */
size_t gazetteer_bytes (const struct gazetteer *gazetteer);

#endif
