/* mandate.c - phrases of mandates in a text, and whose duty they make it.
 *
 * A phrase hangs on its rarest word, so that "jalan", which stands in hundreds, costs one look; around that
 * word its other parts are looked for.  What is found is weighed so:
 *   - parts that stand apart count less with each word between them, and less across the end of a sentence;
 *   - a longer phrase takes most of the weight of the phrases within it ("lampu merah" of "lampu");
 *   - for each duty a word counts once, by the heaviest phrase over it, and the second and third "sampah"
 *     less than the first;
 *   - a word that nobody knows may be a slip of the pen: one letter missing, doubled, swapped or wrong.
 */
#include "mandate.h"
#include "slip.h"

#include <stdlib.h>
#include <string.h>

#define DUTIES_MOST  250
#define PHRASES_MOST 16000
#define FOUND_MOST   768 /* in one text; what is found later is ignored */

/* How far apart two parts of a phrase may stand, in words. */
#define REACH 5
/* Measured on sentences of our own and on the categories of one province (see confidence_of). */
#define APART      0.92f /* for each word between two parts, or for a changed order */
#define OVER_BREAK 0.75f /* for parts in two sentences or clauses */
#define WITHIN     0.25f /* for a phrase within a longer one that was found */
#define SLIP       0.6f  /* for a phrase with a word that was spelt wrongly */

/* What stands behind these words is where, not what: "jalan depan puskesmas rusak". */
static const char *const near_words[] = {"depan",   "dekat",      "samping",  "sebelah", "belakang",
                                         "arah",    "seberang",   "sekitar",  "menuju",  "antara",
                                         "simpang", "perempatan", "pertigaan"};
/* What stands behind these is a name. */
static const char *const name_words[] = {"desa",     "kelurahan", "kecamatan", "kabupaten",
                                         "provinsi", "dusun",     "kampung",   "gang"};
#define NEARBY 0.4f /* for a phrase within two words behind one of near_words */
#define NAMED  0.5f /* for a single word right behind one of name_words */

static const float again[] = {1, 0.35f,
                              0.15f}; /* the same phrase for the first, second, third time */

struct vocable {
    uint64_t key;     /* of the stem, or of the spelling */
    uint32_t phrases; /* how many have it */
    uint32_t hanging; /* the first phrase that hangs on it, from 1 */
    uint32_t stem;    /* of a spelling: its stem's vocable */
};

struct phrase {
    uint32_t words; /* where its vocables stand in the pool */
    uint32_t next;  /* that hangs on the same vocable */
    int16_t weight;
    uint8_t duty;
    uint8_t count;
    uint8_t joined; /* bit set: that word stands right behind the one before it */
    uint8_t hangs;  /* on which of its words */
    char *text;
};

struct mandates {
    struct duty *duties;
    uint32_t duty_count;
    struct phrase *phrases;
    uint32_t phrase_count, phrase_room;
    uint32_t *pool;
    uint32_t pool_count, pool_room;
    struct vocable *vocables;
    uint32_t *slots; /* vocable, from 1; 0: free.  A power of two, at most half full */
    uint32_t vocable_count, slot_count;
    struct slips *slips; /* by spelling: its vocable */
    uint64_t near[array_len (near_words)], names[array_len (name_words)];
    struct text read;
};

/* Words that people write and that a slip of the pen could make of a mandate's. */
static const char *const common_words[] = {
#define COMMON(word) word,
#include "common.def"
#undef COMMON
};

static void hash_words (uint64_t *ret, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ret[i] = text_hash (words[i], strlen (words[i]));
}

struct mandates *mandates_new (void)
{
    struct mandates *mandates = xcalloc (1, sizeof *mandates);
    mandates->slips = slips_new ();
    for (size_t i = 0; i < array_len (common_words); i++)
        slips_add (mandates->slips, view_of (common_words[i]), 0);
    hash_words (mandates->near, near_words, array_len (near_words));
    hash_words (mandates->names, name_words, array_len (name_words));
    mandates->duties = xcalloc (DUTIES_MOST, sizeof *mandates->duties);
    mandates->slot_count = 1024;
    mandates->slots = xcalloc (mandates->slot_count, sizeof *mandates->slots);
    mandates->vocables = xcalloc (mandates->slot_count / 2, sizeof *mandates->vocables);
    return mandates;
}

void mandates_free (struct mandates **held)
{
    struct mandates *mandates = *held;
    if (!mandates)
        return;
    for (uint32_t i = 0; i < mandates->phrase_count; i++)
        free (mandates->phrases[i].text);
    text_free (&mandates->read);
    slips_free (&mandates->slips);
    free (mandates->duties);
    free (mandates->phrases);
    free (mandates->pool);
    free (mandates->vocables);
    free (mandates->slots);
    free (mandates);
    *held = NULL;
}

/* ---- the vocabulary -------------------------------------------------------------------------- */

/* Words that match by spelling are vocables of their own. */
static uint64_t key_of (uint64_t hash, bool exact)
{
    hash += exact;
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

static uint32_t *slot_of (const struct mandates *mandates, uint64_t key)
{
    uint32_t at = (uint32_t) key & (mandates->slot_count - 1);
    while (mandates->slots[at] && mandates->vocables[mandates->slots[at] - 1].key != key)
        at = (at + 1) & (mandates->slot_count - 1);
    return &mandates->slots[at];
}

static void widen (struct mandates *mandates)
{
    mandates->slot_count *= 2;
    free (mandates->slots);
    mandates->slots = xcalloc (mandates->slot_count, sizeof *mandates->slots);
    mandates->vocables =
        xrealloc (mandates->vocables, mandates->slot_count / 2 * sizeof *mandates->vocables);
    for (uint32_t i = 0; i < mandates->vocable_count; i++)
        *slot_of (mandates, mandates->vocables[i].key) = i + 1;
}

/* The vocable's number, from 1. */
static uint32_t learn (struct mandates *mandates, uint64_t key)
{
    if ((mandates->vocable_count + 1) * 2 > mandates->slot_count)
        widen (mandates);
    uint32_t *slot = slot_of (mandates, key);
    if (!*slot) {
        mandates->vocables[mandates->vocable_count++] = (struct vocable){.key = key};
        *slot = mandates->vocable_count;
    }
    return *slot;
}

/* Both vocables of a word; the spelling's. */
static uint32_t learn_word (struct mandates *mandates, const struct text *text,
                            const struct word *word)
{
    uint32_t known = mandates->vocable_count, stem = learn (mandates, key_of (word->stem, false));
    uint32_t spelling = learn (mandates, key_of (word->form, true));
    if (spelling > known) {
        mandates->vocables[spelling - 1].stem = stem;
        slips_add (mandates->slips, (struct view){text->folded.at + word->at, word->len}, spelling);
    }
    return spelling;
}

/* ---- adding ---------------------------------------------------------------------------------- */

struct draft {
    struct mandates *mandates;
    struct phrase *phrase;
    uint32_t words[MANDATE_WORDS_MOST];
};

/* One blank-separated part: words that stand side by side. */
static int add_part (struct draft *draft, struct view part)
{
    static const struct view none = {"", 0};
    struct text *read = &draft->mandates->read;
    bool exact = part.len && part.at[0] == '=';
    if (exact)
        part = (struct view){part.at + 1, part.len - 1};
    text_read (read, none, part, none);
    for (size_t i = 0; i < read->count; i++) {
        if (draft->phrase->count == MANDATE_WORDS_MOST)
            return FAIL_TOO_LONG;
        uint32_t spelling = learn_word (draft->mandates, read, &read->words[i]);
        draft->phrase->joined |= (uint8_t) ((i > 0) << draft->phrase->count);
        draft->words[draft->phrase->count++] =
            exact ? spelling : draft->mandates->vocables[spelling - 1].stem;
    }
    return 0;
}

static int duty_number (struct mandates *mandates, struct duty duty, uint8_t *ret)
{
    uint32_t i = 0;
    while (i < mandates->duty_count && (mandates->duties[i].function != duty.function ||
                                        mandates->duties[i].agency != duty.agency))
        i++;
    if (i == DUTIES_MOST)
        return FAIL_FULL;
    if (i == mandates->duty_count)
        mandates->duties[mandates->duty_count++] = duty;
    *ret = (uint8_t) i;
    return 0;
}

static void keep (struct draft *draft, struct view text)
{
    struct mandates *mandates = draft->mandates;
    struct phrase *phrase = draft->phrase;
    if (mandates->pool_count + phrase->count > mandates->pool_room) {
        mandates->pool_room = mandates->pool_room ? mandates->pool_room * 2 : 256;
        mandates->pool = xrealloc (mandates->pool, mandates->pool_room * sizeof *mandates->pool);
    }
    if (mandates->phrase_count == mandates->phrase_room) {
        mandates->phrase_room = mandates->phrase_room ? mandates->phrase_room * 2 : 128;
        mandates->phrases =
            xrealloc (mandates->phrases, mandates->phrase_room * sizeof *mandates->phrases);
    }
    memcpy (mandates->pool + mandates->pool_count, draft->words,
            phrase->count * sizeof *draft->words);
    phrase->words = mandates->pool_count;
    phrase->text = xformat ("%.*s", (int) text.len, text.at);
    for (char *at = phrase->text; *at; at++)
        *at = *at == '-' ? ' ' : *at; /* as a reader shall see it */
    mandates->pool_count += phrase->count;
    mandates->phrases[mandates->phrase_count++] = *phrase;
    for (unsigned i = 0; i < phrase->count; i++)
        mandates->vocables[draft->words[i] - 1].phrases++;
}

int mandates_add (struct mandates *mandates, struct duty duty, struct view phrase, int weight)
{
    struct phrase made = {.weight = (int16_t) weight};
    struct draft draft = {.mandates = mandates, .phrase = &made};
    struct view rest = phrase;
    if (mandates->phrase_count == PHRASES_MOST)
        return FAIL_FULL;
    while (rest.len) {
        const char *blank = memchr (rest.at, ' ', rest.len);
        size_t len = blank ? (size_t) (blank - rest.at) : rest.len;
        int result = add_part (&draft, (struct view){rest.at, len});
        if (result != 0)
            return result;
        len += blank != NULL;
        rest = (struct view){rest.at + len, rest.len - len};
    }
    if (made.count == 0)
        return FAIL_EMPTY;
    int result = duty_number (mandates, duty, &made.duty);
    if (result == 0)
        keep (&draft, phrase);
    return result;
}

void mandates_seal (struct mandates *mandates)
{
    slips_seal (mandates->slips);
    for (uint32_t i = mandates->phrase_count; i > 0; i--) {
        struct phrase *phrase = &mandates->phrases[i - 1];
        const uint32_t *words = mandates->pool + phrase->words;
        for (uint8_t word = 1; word < phrase->count; word++)
            if (mandates->vocables[words[word] - 1].phrases <
                mandates->vocables[words[phrase->hangs] - 1].phrases)
                phrase->hangs = word;
        struct vocable *vocable = &mandates->vocables[words[phrase->hangs] - 1];
        phrase->next = vocable->hanging;
        vocable->hanging = i;
    }
}

/* ---- finding --------------------------------------------------------------------------------- */

struct found {
    const struct phrase *phrase;
    float weight;
    uint16_t at[MANDATE_WORDS_MOST];
    uint16_t next; /* of the same duty, from 1 */
};

struct finding {
    const struct mandates *mandates;
    const struct text *text;
    unsigned words;
    unsigned count;
    uint32_t stems[MANDATE_TEXT_MOST], forms[MANDATE_TEXT_MOST]; /* vocables, from 1; 0: unknown */
    bool slip[MANDATE_TEXT_MOST], near[MANDATE_TEXT_MOST], names[MANDATE_TEXT_MOST];
    uint8_t times[PHRASES_MOST];
    uint16_t longest[MANDATE_TEXT_MOST]; /* what was found over a word, from 1 */
    uint16_t first[DUTIES_MOST];         /* what was found of a duty, from 1 */
    struct found found[FOUND_MOST];
};

static bool one_of (const uint64_t *words, size_t count, uint64_t form)
{
    for (size_t i = 0; i < count; i++)
        if (words[i] == form)
            return true;
    return false;
}

/* A name written with a capital is no slip. */
static void know_slip (struct finding *finding, unsigned at, struct view spelling)
{
    const struct mandates *mandates = finding->mandates;
    unsigned flags = finding->text->words[at].flags;
    if (flags & WORD_NUMBER || (flags & (WORD_CAPITAL | WORD_BREAK)) == WORD_CAPITAL)
        return;
    finding->forms[at] = slips_find (mandates->slips, spelling);
    finding->slip[at] = finding->forms[at] != 0;
    if (finding->slip[at])
        finding->stems[at] = mandates->vocables[finding->forms[at] - 1].stem;
}

/* The vocables of the words, and which words are behind others that make places of them. */
static void know (struct finding *finding)
{
    const struct mandates *mandates = finding->mandates;
    for (unsigned i = 0; i < finding->words; i++) {
        const struct word *word = &finding->text->words[i];
        struct view spelling = {finding->text->folded.at + word->at, word->len};
        finding->stems[i] = *slot_of (mandates, key_of (word->stem, false));
        finding->forms[i] = *slot_of (mandates, key_of (word->form, true));
        if (!finding->forms[i] && spelling.len > 6 &&
            memcmp (spelling.at + spelling.len - 3, "nya", 3) == 0)
            finding->forms[i] =
                *slot_of (mandates, key_of (text_hash (spelling.at, spelling.len - 3), true));
        if (!finding->stems[i] && !finding->forms[i])
            know_slip (finding, i, spelling);
        finding->near[i] = one_of (mandates->near, array_len (mandates->near), word->form);
        finding->names[i] = one_of (mandates->names, array_len (mandates->names), word->form);
    }
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
    const uint32_t *words = finding->mandates->pool + phrase->words;
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

/* What is left of it where it only says where: the word before the first one, or one before, is in no part. */
static float topical (const struct finding *finding, const struct found *found)
{
    unsigned low = found->at[0];
    for (unsigned i = 1; i < found->phrase->count; i++)
        low = found->at[i] < low ? found->at[i] : low;
    if (low > 0 && (finding->near[low - 1] || (low > 1 && finding->near[low - 2])))
        return NEARBY;
    return low > 0 && found->phrase->count == 1 && finding->names[low - 1] ? NAMED : 1;
}

static void try_phrase (struct finding *finding, const struct phrase *phrase, unsigned at)
{
    uint8_t *times = &finding->times[phrase - finding->mandates->phrases];
    if (finding->count == FOUND_MOST || *times == array_len (again))
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
    found.weight = (float) phrase->weight * closeness (finding, &found) *
                   topical (finding, &found) * again[(*times)++];
    finding->found[finding->count++] = found;
}

static void find (struct finding *finding)
{
    for (unsigned at = 0; at < finding->words; at++) {
        uint32_t words[2] = {finding->stems[at], finding->forms[at]};
        for (unsigned i = 0; i < 2; i++)
            for (uint32_t next = words[i] ? finding->mandates->vocables[words[i] - 1].hanging : 0;
                 next; next = finding->mandates->phrases[next - 1].next)
                try_phrase (finding, &finding->mandates->phrases[next - 1], at);
    }
}

/* A phrase within a longer one says little of its own. */
static void give_way (struct finding *finding)
{
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

/* ---- weighing -------------------------------------------------------------------------------- */

static float weigh (const struct finding *finding, unsigned duty, const char **ret_phrase)
{
    float of_word[MANDATE_TEXT_MOST], sum = 0, most = 0;
    for (unsigned i = finding->first[duty]; i; i = finding->found[i - 1].next)
        for (unsigned word = 0; word < finding->found[i - 1].phrase->count; word++)
            of_word[finding->found[i - 1].at[word]] = 0;
    for (unsigned i = finding->first[duty]; i; i = finding->found[i - 1].next) {
        const struct found *found = &finding->found[i - 1];
        float each = found->weight / (float) found->phrase->count;
        if (found->weight < 0)
            sum += found->weight;
        if (found->weight > most) {
            most = found->weight;
            *ret_phrase = found->phrase->text;
        }
        for (unsigned word = 0; word < found->phrase->count && each > 0; word++) {
            float *of = &of_word[found->at[word]];
            sum += each > *of ? each - *of : 0;
            *of = each > *of ? each : *of;
        }
    }
    return sum;
}

static void insert (struct mandate_view ret[MANDATE_VIEWS], size_t *count, struct mandate_view view)
{
    size_t to = *count < MANDATE_VIEWS ? (*count)++ : MANDATE_VIEWS;
    for (; to > 0 && ret[to - 1].score < view.score; to--)
        if (to < MANDATE_VIEWS)
            ret[to] = ret[to - 1];
    if (to < MANDATE_VIEWS)
        ret[to] = view;
}

size_t mandates_score (const struct mandates *mandates, const struct text *text,
                       struct mandate_view ret[MANDATE_VIEWS], float *ret_confidence)
{
    struct finding finding;
    memset (&finding, 0, offsetof (struct finding, found));
    finding.mandates = mandates;
    finding.text = text;
    finding.words = (unsigned) (text->count < MANDATE_TEXT_MOST ? text->count : MANDATE_TEXT_MOST);
    know (&finding);
    find (&finding);
    give_way (&finding);
    for (unsigned i = finding.count; i > 0; i--) {
        uint16_t *first = &finding.first[finding.found[i - 1].phrase->duty];
        finding.found[i - 1].next = *first;
        *first = (uint16_t) i;
    }
    size_t count = 0;
    float sum = 0;
    for (unsigned duty = 0; duty < mandates->duty_count; duty++) {
        struct mandate_view view = {.duty = mandates->duties[duty]};
        view.score = weigh (&finding, duty, &view.phrase);
        if (view.score <= 0)
            continue;
        sum += view.score;
        insert (ret, &count, view);
    }
    for (size_t i = 0; i < count; i++)
        ret[i].share = ret[i].score / sum;
    *ret_confidence = 0;
    return count;
}
