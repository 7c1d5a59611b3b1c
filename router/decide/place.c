/* place.c - a text's place in three steps.  Scan: each longest run of words that is a name becomes a
 * mention, with what the words around say about it (place.def).  Collect: the regions that a mention may
 * mean become entries with weights; what is only a village's name or an ordinary word enters where a
 * mention that stands by itself (an anchor) lies above it.  Weigh: a region's score is the sum over
 * mentions of what each gives to it and to what it lies in; equal scores, and mentions that contradict,
 * narrow the answer to what they have in common.
 *
 * Work is bounded: 63 mentions, 4,096 entries, kept by each thread.
 */
#include "gazetteer.h"

#include <string.h>

#define MENTIONS      64 /* the first is what is known from elsewhere */
#define ENTRIES       4096
#define SPAN_WORDS    6
#define SPAN_LETTERS  48
#define LETTERS_LEAST 4 /* shorter ones are words and parts of words */
#define LETTERS_OWN   8 /* a name of so many letters is hardly a hamlet's of elsewhere, too */

/* Weights.  Told: a word before says what it is.  A name that many share says less where it stands. */
enum {
    WEIGHT_WITHIN = 20,
    WEIGHT_TOLD_WIDE = 10,
    WEIGHT_TOLD_DISTRICT = 9,
    WEIGHT_TOLD_DISTRICT_SHARED = 7,
    WEIGHT_TOLD_VILLAGE = 6,
    WEIGHT_TOLD_VILLAGE_SHARED = 4,
    WEIGHT_WIDE = 8,
    WEIGHT_DISTRICT = 6,
    WEIGHT_DISTRICT_SHARED = 4,
    WEIGHT_VILLAGE_OWN = 5,
    WEIGHT_NEAR_WIDE = 5,
    WEIGHT_NEAR_DISTRICT = 4,
    WEIGHT_ASIDE = 3,
    WEIGHT_PASSING = 5,   /* at most, where somebody or something comes from or goes to */
    WEIGHT_SLIP = 4,      /* at most, of a slip without a word that says what it is */
    WEIGHT_SUPPORTED = 3, /* stands only below an anchor */
    SHARED = 3,           /* regions of one name and level, from which it counts as shared */
    VILLAGES_SHARED = 5,  /* villages of a district's name, from which the district needs support */
    CONTRADICTS = 65 /* percent of the best score, from which a mention that disagrees counts */
};

/* How sure one mention is by itself, percent: what a name that stands alone is called like is also a street, a
 * firm or a person.  Judged by hand on the texts of tests/unit/test_place.c, not fitted. */
enum {
    CERTAIN = 100, /* told */
    CERTAIN_WIDE = 95,
    CERTAIN_DISTRICT = 90,
    CERTAIN_NEAR = 90,
    CERTAIN_TOLD_SLIP = 90,
    CERTAIN_VILLAGE = 85,
    CERTAIN_SPOT = 85,
    CERTAIN_PASSING = 70, /* at most, as the next */
    CERTAIN_SLIP = 70,
    CERTAIN_ASIDE = 50
};

enum how { HOW_BARE, HOW_TOLD, HOW_HAMLET, HOW_NEAR, HOW_ASIDE, HOW_DROPPED };

/* A name, and which of its regions are meant. */
struct reading {
    const struct named *named;
    uint8_t levels; /* LEVEL_ */
    uint8_t how;
    uint8_t words;  /* that the registry's spelling must have; 0: any number */
    bool ordinary;  /* all its words mean something else, too */
    bool at, alone; /* "in" stands before it; a part of a sentence ends behind it */
    bool capital;   /* each of its words begins with one */
    bool single;    /* one of its words is a single letter */
    bool phrase;    /* of two words or more */
    bool own;       /* too long for a hamlet's name of elsewhere */
    bool verb;      /* it is a verb, too */
    bool starts;    /* a part of a sentence begins with it */
    bool passing;   /* somebody or something comes from there or goes there */
    bool slip;      /* one of its words is written with a letter wrong */
};

struct mention {
    struct reading readings[3];
    uint32_t count, from, to; /* words; from: with those that say what it is */
    bool adjacent;            /* directly, to a mention that is no ordinary word */
};

struct entry {
    uint32_t region;
    uint8_t mention, weight, certain;
    bool anchor;
};

/* A region with what the text says for it. */
struct group {
    uint64_t mentions; /* bit set */
    uint32_t region;
    uint16_t score;
    uint8_t certain; /* percent, the best of what is anchored in it or above */
    bool anchored;   /* by itself or above */
    bool named;      /* by an anchor of its own */
};

/* Names that begin at a word. */
struct span {
    const struct named *named; /* NULL: no name has this many words here */
    bool ordinary, capital;    /* all its words are */
    bool exact;  /* chance would join these words to the name that is written as one */
    bool single; /* a word of one letter is among them */
    bool verb;   /* it is one word, and a verb */
    bool slip;   /* a word with a letter wrong is among them */
    uint8_t letters;
};

static _Thread_local struct work {
    struct spelt spelt[TEXT_WORDS_MOST];
    /* of the word that is looked at, and of one beside it; by their number of words */
    struct span spans[SPAN_WORDS + 1], beside[SPAN_WORDS + 1];
    struct mention mentions[MENTIONS];
    struct entry entries[ENTRIES];
    struct group groups[ENTRIES];
} work;

struct finding {
    const struct gazetteer *gazetteer;
    const struct text *text;
    struct work *work;
    uint32_t within; /* REGION_NONE: nothing is known */
    uint32_t around; /* a regency or city that all anchors have in common, or REGION_NONE */
    uint32_t mentions, entries, groups;
    uint64_t anchors;    /* mentions with an anchor */
    uint64_t passing;    /* mentions of where somebody comes from or goes to */
    uint64_t slips;      /* mentions with a letter wrong that nothing tells */
    uint32_t street_end; /* the word behind a street's name that is a place's, too; 0: none */
};

/* ---- around a name ------------------------------------------------------------------------- */

struct context {
    uint8_t levels; /* told; 0: nothing is */
    uint8_t how;
    bool at, passing;
    uint32_t from;
};

static uint32_t what (const struct finding *finding, size_t word)
{
    return finding->work->spelt[word].what;
}

/* Is there a sentence's end before this word?  An abbreviation's dot is none. */
static bool apart (const struct finding *finding, size_t word)
{
    return (finding->text->words[word].flags & WORD_BREAK) &&
           (word == 0 || !finding->work->spelt[word - 1].brief);
}

/* "jl. Urip Sumoharjo": the second word of a street's name. */
static bool second_of_street (const struct finding *finding, size_t word)
{
    return word >= 2 && (what (finding, word - 2) & IS_STREET) &&
           !(finding->text->words[word].flags & WORD_BREAK) && what (finding, word - 1) == 0 &&
           (finding->text->words[word - 1].flags & WORD_CAPITAL) && !apart (finding, word - 1);
}

static void look_before (const struct finding *finding, size_t word, struct context *ret)
{
    size_t at = word;
    for (unsigned skipped = 0; at > 0 && skipped < 3 && !apart (finding, at); skipped++) {
        uint32_t before = what (finding, at - 1);
        bool number = finding->text->words[at - 1].flags & WORD_NUMBER;
        if (!number && !(before & (IS_TITLE | IS_BETWEEN)))
            break;
        at--;
    }
    if (at == 0 || apart (finding, at))
        return;
    uint32_t before = what (finding, at - 1);
    ret->at = before & IS_AT;
    ret->passing = before & IS_PASSING;
    if (ret->at && at > 1 && !apart (finding, at - 1) && (what (finding, at - 2) & IS_ASIDE))
        before = what (finding, --at - 1); /* "mudik ke" */
    if (before & (IS_STREET | IS_PERSON))
        ret->how = HOW_DROPPED;
    else if (before & IS_NEAR)
        ret->how = HOW_NEAR;
    else if (before & (IS_ASIDE | IS_LOOSE))
        ret->how = HOW_ASIDE;
    if (ret->how != HOW_BARE)
        ret->from = (uint32_t) at - 1;
}

static struct context context_of (const struct finding *finding, size_t word)
{
    struct context ret = {.from = (uint32_t) word};
    uint32_t told = 0;
    while (ret.from > 0 && word - ret.from < 3 &&
           (what (finding, ret.from - 1) & (LEVEL_ANY | IS_HAMLET)))
        told |= what (finding, --ret.from);
    ret.levels = told & LEVEL_ANY;
    if (ret.levels) {
        ret.how = HOW_TOLD;
        ret.passing = ret.from > 0 && !apart (finding, ret.from) &&
                      (what (finding, ret.from - 1) & IS_PASSING);
    } else if (told) {
        ret.how = HOW_HAMLET;
    } else {
        look_before (finding, word, &ret);
        if (ret.how == HOW_BARE && second_of_street (finding, word))
            ret.how = HOW_DROPPED;
    }
    return ret;
}

/* ---- names --------------------------------------------------------------------------------- */

/* The names that begin at a word, by their number of words; the most words of any. */
static unsigned spans_at (const struct finding *finding, size_t word, const struct spelt *first,
                          struct span ret[SPAN_WORDS + 1])
{
    const struct text *text = finding->text;
    struct spelt next = *first;
    bool ordinary = true, capital = true, exact = false, single = false, slip = false;
    unsigned longest = 0, letters = 0;
    uint64_t hash = 0;
    for (unsigned words = 1; words <= SPAN_WORDS && word + words <= text->count; words++) {
        size_t last = word + words - 1;
        if (words > 1) {
            next = finding->work->spelt[last];
            if (apart (finding, last))
                break;
        }
        letters += next.len;
        if (letters > SPAN_LETTERS)
            break;
        hash = gazetteer_joined (finding->gazetteer, hash, &next);
        if (words == 1 ? !next.begins : !gazetteer_begins (finding->gazetteer, hash))
            break;
        ordinary = ordinary && (next.what & (IS_ORDINARY | IS_STOP));
        capital = capital && (text->words[last].flags & WORD_CAPITAL);
        exact = exact || (next.what & (IS_STOP | IS_AT));
        single = single || next.len == 1;
        slip = slip || next.slip;
        ret[words] = (struct span){.named = words == 1 ? next.named
                                                       : gazetteer_named (finding->gazetteer, hash),
                                   .ordinary = ordinary,
                                   .capital = capital,
                                   .exact = words > 1 && exact,
                                   .single = single,
                                   .verb = words == 1 && (next.what & IS_VERB),
                                   .slip = slip,
                                   .letters = (uint8_t) letters};
        if (ret[words].named)
            longest = words;
    }
    return longest;
}

static bool fits (const struct reading *reading, const struct named *named)
{
    return (named->level & reading->levels) &&
           (!reading->words || named->words == reading->words) && named->single == reading->single;
}

static bool any_fits (const struct reading *reading)
{
    for (const struct named *named = reading->named;; named++) {
        if (fits (reading, named))
            return true;
        if (named->last)
            return false;
    }
}

static struct reading reading_of (const struct span *span, unsigned words, uint8_t levels,
                                  enum how how)
{
    bool exact = span->exact || (words > 1 && span->ordinary && how != HOW_TOLD);
    return (struct reading){.named = span->named,
                            .levels = levels,
                            .how = (uint8_t) how,
                            .words = (uint8_t) (exact ? words : 0),
                            .ordinary = span->ordinary || span->verb,
                            .verb = span->verb,
                            .slip = span->slip,
                            .capital = span->capital,
                            .single = span->single,
                            .phrase = words > 1,
                            .own = span->letters >= LETTERS_OWN};
}

/* The longest name with a region of these levels; 0: none. */
static unsigned longest_fit (const struct span *spans, unsigned most, uint8_t levels, enum how how,
                             struct reading *ret)
{
    for (unsigned words = most; words > 0; words--) {
        if (!spans[words].named)
            continue;
        *ret = reading_of (&spans[words], words, levels, how);
        if (any_fits (ret))
            return words;
    }
    return 0;
}

/* What may be meant where nothing is of the level that was told: "kec. Semarang", "kota Ungaran".  A
 * village that is not in the registry is not the city that it is called like. */
static uint8_t near_levels (uint8_t told)
{
    uint8_t levels = 0;
    if (told & LEVEL_VILLAGE)
        levels |= LEVEL_DISTRICT;
    if (told & LEVEL_DISTRICT)
        levels |= LEVEL_VILLAGE | LEVEL_BOTH;
    if (told & LEVEL_WIDE)
        levels |= LEVEL_WIDE | LEVEL_DISTRICT;
    return told ? levels : LEVEL_BARE;
}

/* ---- scan ---------------------------------------------------------------------------------- */

/* Is an ordinary word written as the name of a city is?  "di Batu,", "Pagar Alam". */
static bool stands_out (const struct reading *reading)
{
    if (reading->verb) /* "Serang, Banten", "di serang", "di pabrik Serang" */
        return reading->at || (reading->starts ? reading->alone : reading->capital);
    return reading->phrase ? reading->at || reading->capital
                           : reading->at && (reading->alone || reading->capital);
}

/* Said again is not said louder; but once written as a name is, it is one. */
static void add_mention (struct finding *finding, const struct mention *mention)
{
    const struct reading *mine = mention->readings;
    for (uint32_t i = 1; i < finding->mentions; i++) {
        struct reading *other = finding->work->mentions[i].readings;
        if (other->named != mine->named)
            continue;
        other->passing = other->passing && mine->passing;
        if (other->levels != mine->levels || other->how != mine->how)
            continue;
        if (!stands_out (other)) {
            other->at = mine->at;
            other->alone = mine->alone;
            other->capital = mine->capital;
            other->starts = mine->starts;
        }
        return;
    }
    if (finding->mentions < MENTIONS)
        finding->work->mentions[finding->mentions++] = *mention;
}

/* A word that says what follows, and a name of that kind behind it: not the beginning of a name. */
static bool tells (const struct finding *finding, size_t word)
{
    struct span *spans = finding->work->beside;
    struct reading reading;
    uint8_t told = what (finding, word) & LEVEL_ANY;
    if (!told || word + 1 >= finding->text->count)
        return false;
    unsigned most = spans_at (finding, word + 1, &finding->work->spelt[word + 1], spans);
    return longest_fit (spans, most, told, HOW_TOLD, &reading) > 0;
}

/* Does a sentence's part end behind the name?  Then an ordinary word is more than that. */
static bool ends (const struct finding *finding, size_t next)
{
    return next >= finding->text->count || (finding->text->words[next].flags & WORD_BREAK) ||
           (what (finding, next) & (LEVEL_ANY | IS_AT | IS_STOP));
}

/* "nasi padang", "medan perang": not the place. */
static bool in_compound (const struct finding *finding, size_t word)
{
    const struct spelt *spelt = &finding->work->spelt[word];
    return (word > 0 && !apart (finding, word) &&
            gazetteer_compound (finding->gazetteer, spelt - 1, spelt)) ||
           (word + 1 < finding->text->count && !apart (finding, word + 1) &&
            gazetteer_compound (finding->gazetteer, spelt, spelt + 1));
}

/* A name without a word that says what it is.  The number of words that are done with. */
static unsigned take_bare (struct finding *finding, size_t word, const struct span *spans,
                           unsigned most, struct context context)
{
    struct mention mention = {.count = 1, .from = context.from};
    struct reading *reading = mention.readings;
    enum how how = context.levels ? HOW_BARE : (enum how) context.how;
    uint8_t levels = how == HOW_HAMLET ? LEVEL_VILLAGE : near_levels (context.levels);
    bool follows = word && finding->street_end == word && how == HOW_BARE && !context.levels &&
                   !(finding->text->words[word].flags & WORD_BREAK);
    if (follows) { /* "jalan Semarang - Solo" */
        how = HOW_ASIDE;
        levels = LEVEL_WIDE;
    }
    unsigned words = longest_fit (spans, most, levels, how, reading);
    if (words == 1 && how == HOW_BARE && in_compound (finding, word))
        return 1;
    if (words == 0 || (words == 1 && (what (finding, word) & (LEVEL_ANY | IS_STOP | IS_AT))))
        return 1;
    if (how == HOW_DROPPED) {
        reading->levels = LEVEL_WIDE | LEVEL_DISTRICT;
        finding->street_end =
            !reading->ordinary && any_fits (reading) ? (uint32_t) (word + words) : 0;
        return words;
    }
    if (spans[words].letters < LETTERS_LEAST && !reading->named->nick)
        return words;
    reading->at = context.at;
    reading->passing = context.passing;
    reading->starts = finding->text->words[word].flags & WORD_BREAK;
    reading->alone = ends (finding, word + words);
    mention.to = (uint32_t) (word + words);
    add_mention (finding, &mention);
    return words;
}

/* "Gampong Cot", "Kota Batu": the word that says what the name is may be its first. */
static void add_reading_before (const struct finding *finding, size_t word, uint8_t told,
                                struct mention *mention)
{
    struct span *spans = finding->work->beside;
    struct reading *reading = &mention->readings[mention->count];
    unsigned most = spans_at (finding, word - 1, &finding->work->spelt[word - 1], spans);
    if (longest_fit (spans, most, told, HOW_TOLD, reading) > 1 ||
        longest_fit (spans, most, LEVEL_ANY, HOW_BARE, reading) > 1)
        mention->count++;
}

static unsigned take_told (struct finding *finding, size_t word, const struct span *spans,
                           unsigned most, struct context context)
{
    struct mention mention = {.count = 1, .from = context.from};
    unsigned words = longest_fit (spans, most, context.levels, HOW_TOLD, &mention.readings[0]);
    if (words == 0 || (words == 1 && (what (finding, word) & IS_STOP)))
        return 0;
    mention.readings[0].alone = ends (finding, word + words);
    mention.readings[0].passing = context.passing;
    add_reading_before (finding, word, context.levels, &mention);
    if (most > words) { /* "kota Tegal Timur" is a city's name and a district's */
        mention.readings[mention.count++] = reading_of (&spans[most], most, LEVEL_BARE, HOW_BARE);
        words = most;
    }
    mention.to = (uint32_t) (word + words);
    add_mention (finding, &mention);
    return words;
}

/* "disurabaya": only what is large enough to be meant. */
static void take_glued (struct finding *finding, size_t word)
{
    const struct word *glued = &finding->text->words[word];
    const char *at = finding->text->folded.at + glued->at;
    if (glued->len < 7 || at[0] != 'd' || at[1] != 'i')
        return;
    struct span *spans = finding->work->beside;
    struct mention mention = {.count = 1, .from = (uint32_t) word};
    struct spelt rest = gazetteer_rest (finding->gazetteer, finding->text, word, 2);
    unsigned most = spans_at (finding, word, &rest, spans);
    unsigned words = longest_fit (spans, most, LEVEL_WIDE, HOW_BARE, mention.readings);
    if (words == 0 || mention.readings->ordinary)
        return;
    mention.to = (uint32_t) (word + words);
    add_mention (finding, &mention);
}

/* The number of words that are done with. */
static unsigned scan_word (struct finding *finding, size_t word)
{
    struct span *spans = finding->work->spans;
    struct spelt *spelt = &finding->work->spelt[word];
    unsigned most = spans_at (finding, word, spelt, spans), words;
    if (most == 0 && gazetteer_slip (finding->gazetteer, finding->text, word, spelt))
        most = spans_at (finding, word, spelt, spans);
    if (most == 0) {
        take_glued (finding, word);
        return 1;
    }
    struct context context = context_of (finding, word);
    if (context.levels && (words = take_told (finding, word, spans, most, context)) > 0)
        return words;
    if (tells (finding, word))
        return 1;
    return take_bare (finding, word, spans, most, context);
}

static bool ordinary_mention (const struct mention *mention)
{
    return mention->readings->ordinary && mention->readings->how != HOW_TOLD;
}

static void scan (struct finding *finding)
{
    struct mention *mentions = finding->work->mentions;
    for (size_t word = 0; word < finding->text->count; word++)
        gazetteer_spell (finding->gazetteer, finding->text, word, &finding->work->spelt[word]);
    for (size_t word = 0; word < finding->text->count && finding->mentions < MENTIONS;)
        word += scan_word (finding, word);
    for (uint32_t i = 1; i + 1 < finding->mentions; i++) {
        if (mentions[i + 1].from > mentions[i].to)
            continue;
        mentions[i].adjacent = mentions[i].adjacent || !ordinary_mention (&mentions[i + 1]);
        mentions[i + 1].adjacent = mentions[i + 1].adjacent || !ordinary_mention (&mentions[i]);
    }
}

/* ---- collect ------------------------------------------------------------------------------- */

static const struct region *region_at (const struct finding *finding, uint32_t region)
{
    return gazetteer_region (finding->gazetteer, region);
}

static bool holds (const struct finding *finding, uint32_t region, uint32_t inner)
{
    return region == REGION_NONE ||
           (inner != REGION_NONE && region <= inner && inner < region_at (finding, region)->end);
}

static bool wanted (const struct finding *finding, const struct reading *reading,
                    const struct named *named)
{
    return fits (reading, named) && holds (finding, finding->within, named->region);
}

/* How many regions a mention may mean. */
struct shares {
    unsigned all, districts, villages;
    bool wide; /* it is a province's, a regency's or a city's name, though perhaps of elsewhere */
};

static struct shares shares_of (const struct finding *finding, const struct mention *mention)
{
    struct shares ret = {0};
    for (uint32_t i = 0; i < mention->count; i++)
        for (const struct named *named = mention->readings[i].named;; named++) {
            ret.wide = ret.wide || (named->level & LEVEL_WIDE);
            if (wanted (finding, &mention->readings[i], named)) {
                ret.all++;
                ret.districts += named->level == LEVEL_DISTRICT;
                ret.villages += named->level == LEVEL_VILLAGE;
            }
            if (named->last)
                break;
        }
    return ret;
}

static unsigned full_weight (const struct reading *reading, unsigned level,
                             const struct shares *shares)
{
    bool wide = level & (LEVEL_WIDE | LEVEL_SPOT), district = level == LEVEL_DISTRICT;
    switch ((enum how) reading->how) {
    case HOW_TOLD:
        if (reading->ordinary && !wide && !reading->alone && !reading->capital)
            return 0; /* "warga desa bangun jembatan" */
        if (wide)
            return WEIGHT_TOLD_WIDE;
        if (district)
            return shares->districts < SHARED ? WEIGHT_TOLD_DISTRICT : WEIGHT_TOLD_DISTRICT_SHARED;
        return shares->villages < SHARED ? WEIGHT_TOLD_VILLAGE : WEIGHT_TOLD_VILLAGE_SHARED;
    case HOW_BARE:
        if (reading->ordinary && (!wide || !stands_out (reading)))
            return 0;
        if (wide)
            return WEIGHT_WIDE;
        if (district && shares->villages >= VILLAGES_SHARED)
            return 0;
        if (district)
            return shares->districts < SHARED ? WEIGHT_DISTRICT : WEIGHT_DISTRICT_SHARED;
        return reading->at && reading->own && shares->all == 1 ? WEIGHT_VILLAGE_OWN : 0;
    case HOW_NEAR:
        if (reading->ordinary || level == LEVEL_VILLAGE)
            return 0;
        return wide ? WEIGHT_NEAR_WIDE : WEIGHT_NEAR_DISTRICT;
    case HOW_ASIDE: return wide && !reading->ordinary ? WEIGHT_ASIDE : 0;
    case HOW_HAMLET:
    case HOW_DROPPED: return 0;
    }
    return 0;
}

/* What one region of a name gets as an anchor; 0: it is none. */
static unsigned anchor_weight (const struct reading *reading, unsigned level,
                               const struct shares *shares)
{
    unsigned weight = full_weight (reading, level, shares);
    if (reading->passing && weight > WEIGHT_PASSING)
        weight = WEIGHT_PASSING;
    if (reading->slip && reading->how != HOW_TOLD && weight > WEIGHT_SLIP)
        weight = WEIGHT_SLIP;
    return weight;
}

static unsigned certain_of (const struct reading *reading, unsigned level)
{
    unsigned most = CERTAIN;
    if (reading->passing)
        most = CERTAIN_PASSING;
    else if (reading->slip)
        most = reading->how == HOW_TOLD ? CERTAIN_TOLD_SLIP : CERTAIN_SLIP;
    unsigned certain = reading->how == HOW_TOLD    ? CERTAIN
                       : reading->how == HOW_ASIDE ? CERTAIN_ASIDE
                       : reading->how == HOW_NEAR  ? CERTAIN_NEAR
                       : level & LEVEL_SPOT        ? CERTAIN_SPOT
                       : level & LEVEL_WIDE        ? CERTAIN_WIDE
                       : level & LEVEL_DISTRICT    ? CERTAIN_DISTRICT
                                                   : CERTAIN_VILLAGE;
    return certain < most ? certain : most;
}

/* `certain`: of an anchor, else 0. */
static void add_entry (struct finding *finding, uint32_t region, uint32_t mention, unsigned weight,
                       unsigned certain)
{
    if (finding->entries == ENTRIES)
        return;
    finding->work->entries[finding->entries++] = (struct entry){.region = region,
                                                                .mention = (uint8_t) mention,
                                                                .weight = (uint8_t) weight,
                                                                .certain = (uint8_t) certain,
                                                                .anchor = certain > 0};
    if (certain)
        finding->anchors |= (uint64_t) 1 << mention;
}

/* A building is not taken for more than the city that it is in. */
static uint32_t lifted (const struct finding *finding, uint32_t region)
{
    while (region_at (finding, region)->depth > 2 &&
           region_at (finding, region)->above != REGION_NONE)
        region = region_at (finding, region)->above;
    return region;
}

static void collect_anchors (struct finding *finding, uint32_t number,
                             const struct reading *reading, const struct shares *shares)
{
    for (const struct named *named = reading->named;; named++) {
        unsigned weight =
            wanted (finding, reading, named) ? anchor_weight (reading, named->level, shares) : 0;
        uint32_t region = named->region;
        if (reading->how == HOW_NEAR)
            region = lifted (finding, region);
        if (weight && holds (finding, finding->within, region))
            add_entry (finding, region, number, weight, certain_of (reading, named->level));
        if (named->last)
            return;
    }
}

/* By region, then by mention.  Shell's: little to sort mostly, and no memory of its own. */
static void sort_entries (struct entry *entries, uint32_t count)
{
    static const uint32_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t i = 0; i < array_len (gaps); i++)
        for (uint32_t at = gaps[i]; at < count; at++) {
            struct entry entry = entries[at];
            uint32_t to = at;
            for (; to >= gaps[i]; to -= gaps[i]) {
                const struct entry *other = &entries[to - gaps[i]];
                if (other->region < entry.region ||
                    (other->region == entry.region && other->mention <= entry.mention))
                    break;
                entries[to] = *other;
            }
            entries[to] = entry;
        }
}

static bool is_anchor (const struct entry *anchors, uint32_t count, uint32_t region)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (anchors[middle].region < region)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && anchors[low].region == region;
}

/* Is something above it anchored: for a village at least its city, for others their province? */
static bool supported (const struct finding *finding, uint32_t anchors, const struct named *named)
{
    uint32_t above = region_at (finding, named->region)->above;
    if (named->level == LEVEL_SPOT)
        above = named->region;
    for (; above != REGION_NONE; above = region_at (finding, above)->above) {
        if (named->level == LEVEL_VILLAGE && region_at (finding, above)->depth < 2)
            return false;
        if (is_anchor (finding->work->entries, anchors, above))
            return true;
    }
    return false;
}

static void collect_supported (struct finding *finding, uint32_t anchors, uint32_t number,
                               const struct reading *reading, const struct shares *shares)
{
    bool needs_neighbour = reading->how == HOW_BARE && (reading->ordinary || shares->wide);
    if (reading->how == HOW_NEAR || reading->how == HOW_ASIDE ||
        (needs_neighbour && !finding->work->mentions[number].adjacent))
        return;
    for (const struct named *named = reading->named;; named++) {
        if (wanted (finding, reading, named) && !anchor_weight (reading, named->level, shares) &&
            supported (finding, anchors, named))
            add_entry (finding, named->region, number, WEIGHT_SUPPORTED, 0);
        if (named->last)
            return;
    }
}

/* A mention's regions enter all or, where there is no room, not at all. */
static void collect (struct finding *finding)
{
    const struct mention *mentions = finding->work->mentions;
    struct shares shares[MENTIONS] = {0};
    if (finding->within != REGION_NONE)
        add_entry (finding, finding->within, 0, WEIGHT_WITHIN, CERTAIN);
    for (uint32_t i = 1; i < finding->mentions; i++) {
        shares[i] = shares_of (finding, &mentions[i]);
        uint32_t readings = ENTRIES - finding->entries >= shares[i].all ? mentions[i].count : 0;
        const struct reading *first = mentions[i].readings;
        finding->passing |= (uint64_t) (first->passing || first->how == HOW_ASIDE) << i;
        finding->slips |= (uint64_t) (first->slip && first->how != HOW_TOLD) << i;
        for (uint32_t j = 0; j < readings; j++)
            collect_anchors (finding, i, &mentions[i].readings[j], &shares[i]);
    }
    sort_entries (finding->work->entries, finding->entries);
    uint32_t anchors = finding->entries;
    for (uint32_t i = 1; i < finding->mentions && anchors; i++) {
        uint32_t readings = ENTRIES - finding->entries >= shares[i].all ? mentions[i].count : 0;
        for (uint32_t j = 0; j < readings; j++)
            collect_supported (finding, anchors, i, &mentions[i].readings[j], &shares[i]);
    }
    if (finding->entries > anchors)
        sort_entries (finding->work->entries, finding->entries);
}

/* ---- weigh --------------------------------------------------------------------------------- */

/* A region that the walk is in, with the best that each mention gives on the way to it. */
struct open {
    struct group group;
    uint8_t best[MENTIONS];
};

static void add_to (struct open *open, const struct entry *entry)
{
    struct group *group = &open->group;
    uint8_t *best = &open->best[entry->mention];
    group->mentions |= (uint64_t) 1 << entry->mention;
    group->anchored = group->anchored || entry->anchor;
    group->certain = entry->certain > group->certain ? entry->certain : group->certain;
    group->named = group->named || entry->anchor;
    if (entry->weight > *best) {
        group->score = (uint16_t) (group->score + entry->weight - *best);
        *best = entry->weight;
    }
}

/* One walk over the entries, which stand in the tree's order. */
static void group_entries (struct finding *finding)
{
    struct open open[6];
    unsigned depth = 0;
    memset (&open[0], 0, sizeof open[0]);
    for (uint32_t i = 0; i < finding->entries;) {
        uint32_t region = finding->work->entries[i].region;
        while (depth && !holds (finding, open[depth].group.region, region))
            depth--;
        open[depth + 1] = open[depth];
        depth++;
        open[depth].group.region = region;
        open[depth].group.named = false;
        for (; i < finding->entries && finding->work->entries[i].region == region; i++)
            add_to (&open[depth], &finding->work->entries[i]);
        finding->work->groups[finding->groups++] = open[depth].group;
    }
}

/* Are there two mentions that no province explains? */
static bool two_are_deep (const struct finding *finding)
{
    uint64_t deep = finding->anchors;
    for (uint32_t i = 0; i < finding->entries; i++)
        if (region_at (finding, finding->work->entries[i].region)->depth < 2)
            deep &= ~((uint64_t) 1 << finding->work->entries[i].mention);
    return deep & (deep - 1);
}

/* The only regency or city in which every anchored mention means something: two villages of names that
 * many share tell where they are. */
static uint32_t find_around (const struct finding *finding)
{
    uint64_t above = 0, has = 0;
    uint32_t province = REGION_NONE, regency = REGION_NONE, found = REGION_NONE;
    for (uint32_t i = 0; i < finding->entries; i++) {
        const struct entry *entry = &finding->work->entries[i];
        uint64_t mention = (uint64_t) entry->anchor << entry->mention;
        if (province == REGION_NONE || !holds (finding, province, entry->region))
            above = 0;
        if (region_at (finding, entry->region)->depth < 2) {
            province = entry->region;
            above |= mention;
            continue;
        }
        if (regency == REGION_NONE || !holds (finding, regency, entry->region)) {
            regency = lifted (finding, entry->region);
            has = above;
        }
        has |= mention;
        if (has != finding->anchors || found == regency)
            continue;
        if (found != REGION_NONE)
            return REGION_NONE;
        found = regency;
    }
    return found;
}

static uint32_t common (const struct finding *finding, uint32_t one, uint32_t two)
{
    while (one != REGION_NONE && !holds (finding, one, two))
        one = region_at (finding, one)->above;
    return one;
}

/* The best region, and the groups on the way to it. */
struct leader {
    const struct group *group; /* NULL: the text names nothing */
    const struct group *path[4];
    unsigned depth;
    uint16_t against[MENTIONS]; /* the best score of each mention that it does not explain */
};

static void find_best (const struct finding *finding, struct leader *ret)
{
    const struct group *groups = finding->work->groups;
    for (uint32_t i = 0; i < finding->groups; i++)
        if (groups[i].anchored && holds (finding, finding->around, groups[i].region) &&
            (!ret->group || groups[i].score > ret->group->score))
            ret->group = &groups[i];
    for (uint32_t i = 0; ret->group && i < finding->groups; i++)
        if (holds (finding, groups[i].region, ret->group->region))
            ret->path[ret->depth++] = &groups[i];
}

/* The mentions that may contradict it: where somebody comes from does not, if the leader is more than that. */
static uint64_t against (const struct finding *finding, const struct leader *leader)
{
    uint64_t left = finding->anchors & ~leader->group->mentions;
    return leader->group->mentions & finding->anchors & ~finding->passing ? left & ~finding->passing
                                                                          : left;
}

static void find_against (const struct finding *finding, struct leader *leader)
{
    for (uint32_t i = 0; i < finding->groups; i++) {
        const struct group *group = &finding->work->groups[i];
        uint64_t left = group->mentions & against (finding, leader);
        for (; left && group->anchored; left &= left - 1) {
            unsigned mention = (unsigned) __builtin_ctzll (left);
            if (group->score > leader->against[mention])
                leader->against[mention] = group->score;
        }
    }
}

/* The score of what it has in common with the leader. */
static unsigned shared_score (const struct finding *finding, const struct leader *leader,
                              const struct group *group)
{
    unsigned score = 0;
    for (unsigned i = 0; i < leader->depth; i++)
        if (holds (finding, leader->path[i]->region, group->region))
            score = leader->path[i]->score;
    return score;
}

/* Is it as good as the leader, or what a mention that contradicts the leader says? */
static bool stays (const struct finding *finding, const struct leader *leader,
                   const struct group *group)
{
    if (!group->anchored || !holds (finding, finding->around, group->region))
        return false;
    if (group->score == leader->group->score)
        return true;
    unsigned shared = shared_score (finding, leader, group);
    uint64_t left = group->mentions & against (finding, leader);
    if ((group->score - shared) * 100 < (leader->group->score - shared) * CONTRADICTS)
        return false;
    for (; left; left &= left - 1)
        if (leader->against[__builtin_ctzll (left)] == group->score)
            return true;
    return false;
}

static void set_code (const struct finding *finding, char into[14], uint32_t region)
{
    strcpy (into, region == REGION_NONE ? "" : region_at (finding, region)->code);
}

static void set_evidence (const struct finding *finding, uint32_t answer, struct place *ret)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < finding->groups && answer != REGION_NONE; i++) {
        const struct group *group = &finding->work->groups[i];
        bool own = group->mentions & ~(uint64_t) 1;
        if (own && count < array_len (ret->evidence) && holds (finding, group->region, answer))
            set_code (finding, ret->evidence[count++], group->region);
    }
}

/* What all that stays has in common; is it certain, too? */
static uint32_t narrow (const struct finding *finding, const struct leader *leader, bool *ret_sure)
{
    const struct group *groups = finding->work->groups;
    uint32_t all = leader->group->region;
    for (uint32_t i = 0; i < finding->groups; i++)
        if (stays (finding, leader, &groups[i]))
            all = common (finding, all, groups[i].region);
    *ret_sure = false;
    for (uint32_t i = 0; i < finding->groups && all != REGION_NONE; i++)
        if (groups[i].region == all)
            *ret_sure = stays (finding, leader, &groups[i]) ||
                        (groups[i].named && region_at (finding, all)->depth >= 2);
    uint64_t of_text = leader->group->mentions & ~(uint64_t) 1;
    if (of_text && !(leader->group->mentions & ~finding->slips))
        *ret_sure = false; /* a letter wrong, and nothing beside it */
    if (leader->group->score > WEIGHT_ASIDE)
        return all;
    *ret_sure = false; /* where somebody comes from alone says little of where he is */
    while (all != REGION_NONE && region_at (finding, all)->above != REGION_NONE)
        all = region_at (finding, all)->above;
    return all;
}

/* Percent.  Two names that agree are as good as one that is told. */
static unsigned certainty (const struct finding *finding, const struct leader *leader)
{
    uint64_t names = leader->group->mentions & ~finding->passing;
    return names & (names - 1) ? CERTAIN : leader->group->certain;
}

static void answer (const struct finding *finding, struct place *ret)
{
    struct leader leader = {0};
    unsigned candidates = 0;
    bool sure;
    find_best (finding, &leader);
    if (!leader.group)
        return;
    find_against (finding, &leader);
    uint32_t all = narrow (finding, &leader, &sure);
    for (uint32_t i = 0; i < finding->groups && !sure; i++)
        if (candidates < array_len (ret->candidates) &&
            stays (finding, &leader, &finding->work->groups[i]))
            set_code (finding, ret->candidates[candidates++], finding->work->groups[i].region);
    ret->sure = sure ? PLACE_SURE : PLACE_AMBIGUOUS;
    ret->certain = certainty (finding, &leader) * 10;
    set_code (finding, ret->code, all);
    set_evidence (finding, all, ret);
}

void place_find (const struct gazetteer *gazetteer, const struct text *text, struct view within,
                 struct place *ret)
{
    struct finding finding = {.gazetteer = gazetteer,
                              .text = text,
                              .work = &work,
                              .within = gazetteer_find (gazetteer, within),
                              .mentions = 1};
    memset (ret, 0, sizeof *ret);
    scan (&finding);
    collect (&finding);
    group_entries (&finding);
    finding.around = two_are_deep (&finding) ? find_around (&finding) : REGION_NONE;
    answer (&finding, ret);
}
