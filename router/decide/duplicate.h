/* duplicate.h - do two complaints tell of the same matter?  Pure; docs/duplicates.md tells how it is used.
 *
 * A complaint becomes a print: sorted 32-bit hashes of its stemmed words, without what everybody writes,
 * and of the places that it names.  Prints are compared by their common words, weighed: exactly, for a
 * complaint has some 40 words of its own, so that two sorted lists are walked through faster than sketches
 * of the same precision (64 MinHashes: a standard error of 6 %, 256 bytes) could be.  A print of more words
 * than it has room for keeps the lowest hashes, the same ones of every text (a bottom-k sketch).
 */
#ifndef ADUAN_DUPLICATE_H
#define ADUAN_DUPLICATE_H

#include "text.h"

#define PRINT_WORDS_MOST 96
#define PRINT_MARKS_MOST 16
#define PRINT_BYTES_MOST (4 + 4 * (PRINT_WORDS_MOST + PRINT_MARKS_MOST))

struct print {
    uint32_t words[PRINT_WORDS_MOST]; /* rising; the lowest bit set: one of little weight */
    uint32_t marks[PRINT_MARKS_MOST]; /* rising; the highest 4 bits: enum of place it is */
    unsigned word_count, mark_count;
    bool cut;                    /* there were more words */
    char region[14];             /* code, "" where it is not known */
    bool located;                /* are the coordinates known? */
    int32_t latitude, longitude; /* 1e-7 degree */
    int64_t at;                  /* ms UTC: when it was written */
};

/* Fills words and marks only; the rest is the caller's. */
void print_read (struct print *print, const struct text *text);
/* The words and marks as bytes to be kept, and back.  False where they are no print's (an other version's,
 * too): a print is cheap to make again. */
size_t print_write (const struct print *print, uint8_t ret[PRINT_BYTES_MOST]);
bool print_parse (struct print *print, const uint8_t *at, size_t len);

/* Where 0 stands nothing is alike. */
struct duplicate_limits {
    uint32_t least; /* permille */
    uint32_t days;  /* between the two */
};

enum nearness {
    NEAR_NOT, /* far, or nothing is known of one */
    NEAR_REGENCY,
    NEAR_DISTRICT,
    NEAR_VILLAGE,
    NEAR_WALK,  /* DUPLICATE_WALK metres */
    NEAR_SIGHT, /* DUPLICATE_SIGHT metres */
    NEAR_LAST
};
#define DUPLICATE_WALK  500
#define DUPLICATE_SIGHT 150
/* Its code: "village"; never NULL. */
const char *nearness_code (enum nearness near);

/* Why, beside the score. */
struct likeness {
    uint32_t score; /* permille */
    uint32_t text;  /* permille: the texts alone */
    enum nearness near;
    uint32_t metres; /* WALK, SIGHT */
    uint32_t days;
    bool elsewhere; /* the texts name different streets or the like */
};

/* Are they alike, within the limits?  Both are of the same function: that is the caller's to see to. */
bool duplicate_compare (const struct print *one, const struct print *other,
                        const struct duplicate_limits *limits, struct likeness *ret);

/* Metres between two places of 1e-7 degree, to a percent within some kilometres. */
uint32_t duplicate_metres (int32_t latitude_one, int32_t longitude_one, int32_t latitude_other,
                           int32_t longitude_other);

#endif
