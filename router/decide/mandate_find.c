/* mandate_find.c - which phrases of the mandates stand in a text, and what is left of their weight:
 *   - parts that stand apart count less with each word between them, and less across the end of a sentence;
 *   - what only says where it is counts less ("jalan depan puskesmas rusak" is no matter of health);
 *   - a longer phrase takes most of the weight of the phrases within it ("lampu merah" of "lampu");
 *   - the second and third "sampah" count less than the first;
 *   - a word that nobody knows may be a slip of the pen.
 */
#include "mandate_inside.h"
#include "memo.h"

#include <string.h>

/* How far apart two parts of a phrase may stand, in words. */
#define REACH 5
/* Tried on the categories of one province (confidence_of says which) and on 144 sentences of our own: doubled
 * or halved, each changes the first place in under 1 of 100. */
#define APART        0.92f /* for each word between two parts, and for a changed order */
#define OVER_BREAK   0.75f /* for parts in two sentences or clauses */
#define WITHIN       0.25f /* for a phrase within a longer one that was found */
#define SLIP         0.6f  /* for a phrase with a word that was spelt wrongly */
#define NEARBY       0.4f  /* for a phrase right behind "depan", "dekat" */
#define NAMED        0.5f  /* for a single word right behind "desa", "gang" */
#define NUMBERED     0.2f  /* for a single word before a long number: an NIK, a customer's number */
#define NUMBER_LEAST 9     /* digits */
#define NEAR_WORDS   3     /* from "dekat" up to what stands there */

static const float again[] = {1, 0.35f,
                              0.15f}; /* the same phrase for the first, second, third time */

static bool is_hint (const struct hints *hints, uint64_t form)
{
    for (size_t i = 0; i < hints->count; i++)
        if (hints->words[i] == form)
            return true;
    return false;
}

/* What a spelling stands for. */
struct known {
    uint64_t key;
    uint32_t stem, form; /* vocables */
    uint32_t slip;       /* the spelling that it was meant to be, where it is none of its own */
    bool near, house, name;
};

static _Thread_local struct known words_known[MEMO_WORDS];

static void learn (const struct mandates *mandates, const struct word *word, struct view spelling,
                   struct known *ret)
{
    ret->stem = vocable_of (mandates, vocable_key (word->stem, false));
    ret->form = vocable_of (mandates, vocable_key (word->form, true));
    if (!ret->form && spelling.len > 6 && memcmp (spelling.at + spelling.len - 3, "nya", 3) == 0)
        ret->form =
            vocable_of (mandates, vocable_key (text_hash (spelling.at, spelling.len - 3), true));
    if (!ret->stem && !ret->form && !(word->flags & WORD_NUMBER))
        ret->slip = slips_find (mandates->slips, spelling);
    ret->near = is_hint (&mandates->near, word->form);
    ret->house = is_hint (&mandates->houses, word->form);
    ret->name = is_hint (&mandates->names, word->form);
}

static const struct known *known_of (const struct finding *finding, unsigned at)
{
    const struct word *word = &finding->text->words[at];
    uint64_t key = memo_key (finding->mandates->owner, word->form);
    struct known *known = &words_known[key % MEMO_WORDS];
    if (known->key != key) {
        *known = (struct known){.key = key};
        learn (finding->mandates, word,
               (struct view){finding->text->folded.at + word->at, word->len}, known);
    }
    return known;
}

/* "dekat" is 1, and "gedung" behind it 2. */
static uint8_t nearness (const struct finding *finding, unsigned at, const struct known *known)
{
    bool apart = at == 0 || finding->text->words[at].flags & WORD_BREAK;
    uint8_t before = apart ? 0 : finding->near[at - 1];
    if (known->near)
        return 1;
    return before && before < NEAR_WORDS && known->house ? before + 1 : 0;
}

/* The vocables of the words, and which words are behind others that make places of them.  A name written with a
 * capital is no slip. */
static void know (struct finding *finding)
{
    const struct mandates *mandates = finding->mandates;
    for (unsigned i = 0; i < finding->words; i++) {
        const struct word *word = &finding->text->words[i];
        const struct known *known = known_of (finding, i);
        finding->stems[i] = known->stem;
        finding->forms[i] = known->form;
        finding->slip[i] =
            known->slip && (word->flags & (WORD_CAPITAL | WORD_BREAK)) != WORD_CAPITAL;
        if (finding->slip[i]) {
            finding->forms[i] = known->slip;
            finding->stems[i] = mandates->vocables[known->slip - 1].stem;
        }
        finding->near[i] = nearness (finding, i, known);
        finding->names[i] = known->name;
    }
}

/* Its phrases are fetched until they are tried. */
static void mark_present (struct finding *finding, uint32_t vocable)
{
    const struct mandates *mandates = finding->mandates;
    if (vocable)
        __builtin_prefetch (&mandates->phrases[mandates->vocables[vocable - 1].hanging]);
    finding->present[vocable % PRESENT_BITS / 64] |= UINT64_C (1) << (vocable % 64);
}

/* False: one of the phrase's words is not in the text. */
static bool may_stand (const struct finding *finding, const struct phrase *phrase)
{
    const uint32_t *words = phrase->words;
    for (unsigned i = 0; i < phrase->count; i++)
        if (!(finding->present[words[i] % PRESENT_BITS / 64] >> (words[i] % 64) & 1))
            return false;
    return true;
}

static bool stands (const struct finding *finding, uint32_t word, int at)
{
    return at >= 0 && at < (int) finding->words &&
           (finding->stems[at] == word || finding->forms[at] == word);
}

/* The part that begins with the phrase's word `from`, at a place of the text: 0, or its length. */
static unsigned part_at (const struct finding *finding, const struct phrase *phrase, unsigned from,
                         int at)
{
    const uint32_t *words = phrase->words;
    unsigned len = 0;
    do {
        if (!stands (finding, words[from + len], at + (int) len))
            return 0;
        len++;
    } while (from + len < phrase->count && phrase->joined >> (from + len) & 1);
    return len;
}

static bool free_at (const struct found *found, unsigned set, int at, unsigned len)
{
    for (unsigned i = 0; i < found->phrase->count; i++)
        if (set >> i & 1 && found->at[i] >= at && found->at[i] < at + (int) len)
            return false;
    return true;
}

/* The nearest place of a part around `around`: true, and found->at is set. */
static bool place_part (const struct finding *finding, struct found *found, unsigned *set,
                        unsigned from, int around)
{
    for (int step = 1; step <= 2 * (REACH + 1); step++) {
        int at = around + (step & 1 ? (step + 1) / 2 : -step / 2);
        unsigned len = part_at (finding, found->phrase, from, at);
        if (len == 0 || !free_at (found, *set, at, len))
            continue;
        for (unsigned i = 0; i < len; i++) {
            found->at[from + i] = (uint16_t) (at + (int) i);
            *set |= 1u << (from + i);
        }
        return true;
    }
    return false;
}

/* What distance, order, sentence ends and slips leave of a phrase's weight. */
static float closeness (const struct finding *finding, const struct found *found)
{
    float close = 1;
    unsigned low = found->at[0], high = found->at[0];
    bool ordered = true;
    for (unsigned i = 0; i < found->phrase->count; i++) {
        unsigned at = found->at[i];
        ordered &= i == 0 || at > found->at[i - 1];
        low = at < low ? at : low;
        high = at > high ? at : high;
        if (finding->slip[at])
            close *= SLIP;
    }
    for (unsigned gap = high - low + 1u - found->phrase->count; gap > 0; gap--)
        close *= APART;
    if (!ordered)
        close *= APART;
    for (unsigned at = low + 1; at <= high; at++)
        if (finding->text->words[at].flags & WORD_BREAK)
            return close * OVER_BREAK;
    return close;
}

/* What is left of it where it only says where or who. */
static float topical (const struct finding *finding, const struct found *found)
{
    unsigned low = found->at[0];
    for (unsigned i = 1; i < found->phrase->count; i++)
        low = found->at[i] < low ? found->at[i] : low;
    if (low > 0 && finding->near[low - 1] && !(finding->text->words[low].flags & WORD_BREAK))
        return NEARBY;
    if (found->phrase->count == 1 && low + 1 < finding->words &&
        finding->text->words[low + 1].flags & WORD_NUMBER &&
        finding->text->words[low + 1].len >= NUMBER_LEAST)
        return NUMBERED;
    return low > 0 && found->phrase->count == 1 && finding->names[low - 1] ? NAMED : 1;
}

static void try_phrase (struct finding *finding, const struct phrase *phrase, unsigned at)
{
    uint8_t *times = &finding->times[phrase - finding->mandates->phrases];
    if (!may_stand (finding, phrase) || finding->count == FOUND_MOST || *times == array_len (again))
        return;
    struct found found = {.phrase = phrase};
    unsigned own = phrase->hangs, set = 0;
    while (phrase->joined >> own & 1)
        own--;
    int around = (int) at - (int) (phrase->hangs - own);
    unsigned len = part_at (finding, phrase, own, around);
    if (len == 0)
        return;
    for (unsigned i = 0; i < len; i++) {
        found.at[own + i] = (uint16_t) (around + (int) i);
        set |= 1u << (own + i);
    }
    for (unsigned from = 0; from < phrase->count; from++)
        if (!(set >> from & 1) && !place_part (finding, &found, &set, from, around))
            return;
    float topic = topical (finding, &found);
    found.aside = topic < 1;
    found.weight = (float) phrase->weight * closeness (finding, &found) * topic * again[(*times)++];
    finding->found[finding->count++] = found;
}

static void try_hanging (struct finding *finding, const struct vocable *vocable, unsigned at)
{
    const struct phrase *phrases = finding->mandates->phrases;
    for (uint32_t i = vocable->hanging; i < vocable->end; i++)
        try_phrase (finding, &phrases[i], at);
}

static void try_all (struct finding *finding)
{
    memset (finding->present, 0, sizeof finding->present);
    for (unsigned at = 0; at < finding->words; at++) {
        mark_present (finding, finding->stems[at]);
        mark_present (finding, finding->forms[at]);
    }
    for (unsigned at = 0; at < finding->words; at++) {
        uint32_t words[2] = {finding->stems[at], finding->forms[at]};
        for (unsigned i = 0; i < 2; i++)
            if (words[i])
                try_hanging (finding, &finding->mandates->vocables[words[i] - 1], at);
    }
}

/* A phrase within a longer one says little of its own. */
static void give_way (struct finding *finding)
{
    memset (finding->longest, 0, finding->words * sizeof *finding->longest);
    for (unsigned i = 0; i < finding->count; i++) {
        const struct found *found = &finding->found[i];
        for (unsigned word = 0; word < found->phrase->count; word++) {
            uint16_t *longest = &finding->longest[found->at[word]];
            if (!*longest || finding->found[*longest - 1].phrase->count < found->phrase->count)
                *longest = (uint16_t) (i + 1);
        }
    }
    for (unsigned i = 0; i < finding->count; i++) {
        struct found *found = &finding->found[i];
        uint16_t longest = finding->longest[found->at[0]];
        bool within = finding->found[longest - 1].phrase->count > found->phrase->count;
        for (unsigned word = 1; word < found->phrase->count; word++)
            within &= finding->longest[found->at[word]] == longest;
        if (within)
            found->weight *= WITHIN;
    }
}

void mandates_find (struct finding *finding)
{
    finding->count = 0;
    know (finding);
    try_all (finding);
    for (unsigned i = 0; i < finding->count; i++)
        finding->times[finding->found[i].phrase - finding->mandates->phrases] = 0;
    give_way (finding);
}
