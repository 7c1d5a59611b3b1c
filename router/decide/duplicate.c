/* duplicate.c - from words to a print, and from two prints to a score. */
#include "duplicate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PRINT_VERSION 1

/* ---- words that say little, and names of places ----------------------------------------------- */

enum place_kind {
    PLACE_RT, /* numbers that every village has: they decide where no other name does */
    PLACE_RW,
    PLACE_BLOCK,
    PLACE_NUMBERS = PLACE_BLOCK,
    PLACE_STREET,
    PLACE_VILLAGE,
    PLACE_HAMLET,
    PLACE_HOUSING,
    PLACE_BRIDGE,
    PLACE_MARKET,
    PLACE_SCHOOL,
    PLACE_CLINIC,
    PLACE_MOSQUE,
    PLACE_CROSSING,
    PLACE_KILOMETRE,
    PLACE_STATION,
    PLACE_KINDS
};
_Static_assert(PLACE_KINDS <= 16, "a mark has four bits for its kind");

enum { SAYS_NOTHING = 1, SAYS_LITTLE = 2, NAMES_PLACE = 4, STANDS_BETWEEN = 8 };

#define KNOWN_SLOTS 1024 /* a power of two, more than twice the words of duplicate.def */

struct known {
    uint64_t stem;
    uint8_t says, place;
};
static struct known known_words[KNOWN_SLOTS];
static pthread_once_t known_once = PTHREAD_ONCE_INIT;

static struct known *known_slot (uint64_t stem)
{
    size_t slot = stem % KNOWN_SLOTS;
    while (known_words[slot].stem && known_words[slot].stem != stem)
        slot = (slot + 1) % KNOWN_SLOTS;
    return &known_words[slot];
}

/* Of one text, by their stems. */
static void learn (struct text *text, const char *words, unsigned says, enum place_kind place)
{
    text_read (text, view_of (words), (struct view){0}, (struct view){0});
    for (size_t i = 0; i < text->count; i++) {
        struct known *known = known_slot (text->words[i].stem);
        known->stem = text->words[i].stem;
        known->says |= (uint8_t) says;
        if (says == NAMES_PLACE)
            known->place = (uint8_t) place;
    }
}

static void learn_all (void)
{
    struct text text = {0};
#define SILENT(words)      learn (&text, words, SAYS_NOTHING, 0);
#define FAINT(words)       learn (&text, words, SAYS_LITTLE, 0);
#define BETWEEN(words)     learn (&text, words, STANDS_BETWEEN, 0);
#define PLACE(words, kind) learn (&text, words, NAMES_PLACE, kind);
#include "duplicate.def"
#undef SILENT
#undef FAINT
#undef BETWEEN
#undef PLACE
    text_free (&text);
}

/* ---- from words to a print -------------------------------------------------------------------- */

#define FAINT_BIT  1u
#define MARK_SHIFT 28
#define MARK_REACH 2 /* "jalan raya bogor": how far behind its kind a name may begin */

static uint32_t fold (uint64_t hash)
{
    hash ^= hash >> 29;
    hash *= 0xbf58476d1ce4e5b9u;
    return (uint32_t) (hash >> 32);
}

/* 05 is 5. */
static uint64_t name_of (const struct text *text, const struct word *word)
{
    const char *at = text->folded.at + word->at;
    size_t len = word->len;
    if (!(word->flags & WORD_NUMBER))
        return word->form;
    for (; len > 1 && *at == '0'; len--)
        at++;
    return text_hash (at, len);
}

static int by_value (const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *) a, right = *(const uint32_t *) b;
    return (left > right) - (left < right);
}

/* Sorts, and leaves doubles out. */
static unsigned distinct (uint32_t *list, unsigned count)
{
    unsigned kept = 0;
    qsort (list, count, sizeof *list, by_value);
    for (unsigned i = 0; i < count; i++)
        if (kept == 0 || list[i] != list[kept - 1])
            list[kept++] = list[i];
    return kept;
}

/* The name behind a word that says what kind of place it is; false: none follows. */
static bool mark_at (const struct text *text, size_t at, enum place_kind kind, uint32_t *ret)
{
    for (size_t i = at + 1; i < text->count && i <= at + MARK_REACH; i++) {
        const struct word *word = &text->words[i];
        const struct known *known = known_slot (word->stem);
        if (known->says & STANDS_BETWEEN && i == at + 1)
            continue;
        if (word->flags & WORD_BREAK || known->says & ~STANDS_BETWEEN)
            return false;
        *ret = (uint32_t) kind << MARK_SHIFT | fold (name_of (text, word)) >> (32 - MARK_SHIFT);
        return true;
    }
    return false;
}

void print_read (struct print *print, const struct text *text)
{
    uint32_t words[TEXT_WORDS_MOST];
    unsigned count = 0, marks = 0;
    pthread_once (&known_once, learn_all);
    for (size_t i = 0; i < text->count; i++) {
        const struct word *word = &text->words[i];
        const struct known *known = known_slot (word->stem);
        if (known->says & NAMES_PLACE && marks < PRINT_MARKS_MOST)
            marks += mark_at (text, i, (enum place_kind) known->place, &print->marks[marks]);
        if (known->says & SAYS_NOTHING || (word->len < 2 && !(word->flags & WORD_NUMBER)))
            continue;
        uint64_t hash = word->flags & WORD_NUMBER ? name_of (text, word) : word->stem;
        bool faint = known->says & (SAYS_LITTLE | NAMES_PLACE);
        words[count++] = (fold (hash) & ~FAINT_BIT) | (faint ? FAINT_BIT : 0);
    }
    count = distinct (words, count);
    print->cut = count > PRINT_WORDS_MOST;
    print->word_count = print->cut ? PRINT_WORDS_MOST : count;
    memcpy (print->words, words, print->word_count * sizeof *words);
    print->mark_count = distinct (print->marks, marks);
}

/* ---- bytes ------------------------------------------------------------------------------------ */

static uint8_t *put (uint8_t *at, const uint32_t *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++, at += 4) {
        at[0] = (uint8_t) (list[i] >> 24);
        at[1] = (uint8_t) (list[i] >> 16);
        at[2] = (uint8_t) (list[i] >> 8);
        at[3] = (uint8_t) list[i];
    }
    return at;
}

size_t print_write (const struct print *print, uint8_t ret[PRINT_BYTES_MOST])
{
    ret[0] = PRINT_VERSION;
    ret[1] = print->cut;
    ret[2] = (uint8_t) print->word_count;
    ret[3] = (uint8_t) print->mark_count;
    uint8_t *at = put (ret + 4, print->words, print->word_count);
    return (size_t) (put (at, print->marks, print->mark_count) - ret);
}

/* False where they do not rise. */
static bool take (const uint8_t *at, uint32_t *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++, at += 4) {
        list[i] = (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
        if (i && list[i] <= list[i - 1])
            return false;
    }
    return true;
}

bool print_parse (struct print *print, const uint8_t *at, size_t len)
{
    if (len < 4 || at[0] != PRINT_VERSION || at[2] > PRINT_WORDS_MOST || at[3] > PRINT_MARKS_MOST ||
        len != 4 + 4 * ((size_t) at[2] + at[3]))
        return false;
    print->cut = at[1] != 0;
    print->word_count = at[2];
    print->mark_count = at[3];
    return take (at + 4, print->words, print->word_count) &&
           take (at + 4 + 4 * print->word_count, print->marks, print->mark_count);
}

/* ---- texts ------------------------------------------------------------------------------------ */

#define WEIGHT_WORD  4u
#define WEIGHT_FAINT 1u
/* Fewer words than that are in too many texts to say anything. */
#define WEIGHT_LEAST (3 * WEIGHT_WORD)
/* A text that stands whole in a longer one is forwarded, if it is no short one. */
#define WEIGHT_WHOLE (8 * WEIGHT_WORD)

static unsigned weight_of (uint32_t word)
{
    return word & FAINT_BIT ? WEIGHT_FAINT : WEIGHT_WORD;
}

/* Beyond this hash one of the two has words that it does not show. */
static uint32_t horizon (const struct print *one, const struct print *other)
{
    uint32_t most = UINT32_MAX;
    if (one->cut)
        most = one->words[PRINT_WORDS_MOST - 1];
    if (other->cut && other->words[PRINT_WORDS_MOST - 1] < most)
        most = other->words[PRINT_WORDS_MOST - 1];
    return most;
}

/* Permille: Dice's coefficient of the weights, or, of a text that contains the other one, nine tenths of
 * how much of that it contains. */
static uint32_t compare_texts (const struct print *one, const struct print *other)
{
    uint32_t most = horizon (one, other), both = 0, left = 0, right = 0;
    unsigned i = 0, j = 0;
    for (; i < one->word_count && one->words[i] <= most; i++) {
        for (; j < other->word_count && other->words[j] < one->words[i]; j++)
            right += weight_of (other->words[j]);
        left += weight_of (one->words[i]);
        if (j < other->word_count && other->words[j] == one->words[i])
            both += weight_of (one->words[i]);
    }
    for (; j < other->word_count && other->words[j] <= most; j++)
        right += weight_of (other->words[j]);
    uint32_t less = left < right ? left : right;
    if (less < WEIGHT_LEAST)
        return 0;
    uint32_t dice = 2000 * both / (left + right),
             whole = less < WEIGHT_WHOLE ? 0 : 900 * both / less;
    return dice > whole ? dice : whole;
}

/* Do they name places that exclude one another?  A name of one kind that both have says they do not. */
static bool are_elsewhere (const struct print *one, const struct print *other)
{
    bool first[PLACE_KINDS] = {0}, second[PLACE_KINDS] = {0}, same[PLACE_KINDS] = {0};
    bool differ = false, agree = false, numbers_differ = false;
    for (unsigned i = 0; i < one->mark_count; i++) {
        first[one->marks[i] >> MARK_SHIFT] = true;
        for (unsigned j = 0; j < other->mark_count; j++)
            if (one->marks[i] == other->marks[j])
                same[one->marks[i] >> MARK_SHIFT] = true;
    }
    for (unsigned j = 0; j < other->mark_count; j++)
        second[other->marks[j] >> MARK_SHIFT] = true;
    for (int kind = 0; kind < PLACE_KINDS; kind++) {
        if (!first[kind] || !second[kind])
            continue;
        agree = agree || (same[kind] && kind > PLACE_NUMBERS);
        differ = differ || (!same[kind] && kind > PLACE_NUMBERS);
        numbers_differ = numbers_differ || (!same[kind] && kind <= PLACE_NUMBERS);
    }
    return !agree && (differ || numbers_differ);
}

/* ---- places ----------------------------------------------------------------------------------- */

/* By degree, permille; 5 degrees a step. */
static const int16_t cosines[] = {1000, 996, 985, 966, 940, 906, 866, 819, 766, 707,
                                  643,  574, 500, 423, 342, 259, 174, 87,  0,   0};

static int64_t cosine (int64_t latitude)
{
    int64_t degrees = latitude < 0 ? -latitude : latitude;
    if (degrees > 900000000)
        degrees = 900000000;
    size_t step = (size_t) (degrees / 50000000);
    int64_t rest = degrees % 50000000;
    return cosines[step] + (cosines[step + 1] - cosines[step]) * rest / 50000000;
}

static uint64_t root (uint64_t square)
{
    if (square < 2)
        return square;
    uint64_t guess = UINT64_C (1) << ((64 - __builtin_clzll (square)) / 2 + 1), next;
    while ((next = (guess + square / guess) / 2) < guess)
        guess = next;
    return guess;
}

/* What no place on Earth has, a message may say: what is further apart would overrun the squares. */
static int64_t apart (int64_t one, int64_t other, int64_t most)
{
    int64_t distance = one < other ? other - one : one - other;
    return distance > most ? most : distance;
}

uint32_t duplicate_metres (int32_t latitude_one, int32_t longitude_one, int32_t latitude_other,
                           int32_t longitude_other)
{
    int64_t north = apart (latitude_one, latitude_other, 1800000000),
            east = apart (longitude_one, longitude_other, 3600000000);
    if (east > 1800000000)
        east = 3600000000 - east; /* across the date line */
    /* centimetres: 1e-7 degree is 1.11319 cm */
    north = north * 111319 / 100000;
    east = east * 111319 / 100000 * cosine (((int64_t) latitude_one + latitude_other) / 2) / 1000;
    return (uint32_t) (root ((uint64_t) (north * north) + (uint64_t) (east * east)) / 100);
}

static const char *const nearness_codes[NEAR_LAST] = {"far",     "regency", "district",
                                                      "village", "metres",  "metres"};

const char *nearness_code (enum nearness near)
{
    return near < NEAR_LAST ? nearness_codes[near] : nearness_codes[NEAR_NOT];
}

/* The codes of one place have 2, 5, 8 or 13 signs, each the beginning of the next. */
static enum nearness near_by_code (const struct print *one, const struct print *other)
{
    static const struct {
        size_t len;
        enum nearness near;
    } levels[] = {{13, NEAR_VILLAGE}, {8, NEAR_DISTRICT}, {5, NEAR_REGENCY}};
    size_t left = strlen (one->region), right = strlen (other->region),
           less = left < right ? left : right;
    for (size_t i = 0; i < array_len (levels); i++)
        if (less >= levels[i].len && strncmp (one->region, other->region, levels[i].len) == 0)
            return levels[i].near;
    return NEAR_NOT;
}

/* Coordinates, where both have them, say more than codes: those may be the reporter's home. */
static enum nearness compare_places (const struct print *one, const struct print *other,
                                     uint32_t *ret_metres)
{
    enum nearness by_code = near_by_code (one, other);
    *ret_metres = 0;
    if (!one->located || !other->located)
        return by_code;
    uint32_t metres =
        duplicate_metres (one->latitude, one->longitude, other->latitude, other->longitude);
    if (metres <= DUPLICATE_WALK) {
        *ret_metres = metres;
        return metres <= DUPLICATE_SIGHT ? NEAR_SIGHT : NEAR_WALK;
    }
    return by_code >= NEAR_REGENCY ? NEAR_REGENCY : NEAR_NOT;
}

/* ---- the score -------------------------------------------------------------------------------- */

#define DAY_MS 86400000

/* The less near, the more must the texts be alike. */
static const int16_t bonus[NEAR_LAST] = {[NEAR_REGENCY] = -200,
                                         [NEAR_DISTRICT] = 100,
                                         [NEAR_VILLAGE] = 200,
                                         [NEAR_WALK] = 250,
                                         [NEAR_SIGHT] = 350};

static int malus (uint32_t days)
{
    return days <= 7 ? 0 : days <= 30 ? 50 : 100;
}

bool duplicate_compare (const struct print *one, const struct print *other,
                        const struct duplicate_limits *limits, struct likeness *ret)
{
    int64_t apart = one->at < other->at ? other->at - one->at : one->at - other->at;
    *ret = (struct likeness){0};
    if (limits->least == 0 || limits->days == 0 || apart / DAY_MS >= limits->days)
        return false;
    ret->days = (uint32_t) (apart / DAY_MS);
    ret->near = compare_places (one, other, &ret->metres);
    if (ret->near == NEAR_NOT)
        return false;
    ret->text = compare_texts (one, other);
    ret->elsewhere = ret->near != NEAR_SIGHT && are_elsewhere (one, other);
    int score = (int) ret->text * (ret->elsewhere ? 2 : 5) / 5;
    if (score == 0)
        return false;
    score += bonus[ret->near] - malus (ret->days);
    ret->score = score < 0 ? 0 : score > 1000 ? 1000 : (uint32_t) score;
    return ret->score >= limits->least;
}
