/* mandate.c - the vocabulary of mandates: stems and spellings, and the phrases that are made of them.  A phrase
 * hangs on its rarest word, so that "jalan", which stands in hundreds, costs one look.
 */
#include "mandate_inside.h"
#include "memo.h"

#include <stdlib.h>
#include <string.h>

/* What stands behind these words is where, not what: "jalan depan puskesmas rusak". */
static const char *const near_words[] = {"depan",   "dekat",      "samping",  "sebelah", "belakang",
                                         "arah",    "seberang",   "sekitar",  "menuju",  "antara",
                                         "simpang", "perempatan", "pertigaan"};
/* These may stand between such a word and what only says where: "dekat gedung baru KPK". */
static const char *const house_words[] = {"gedung", "kantor", "markas", "pos",    "kampus",
                                          "lama",   "baru",   "bekas",  "pusat",  "cabang",
                                          "dinas",  "badan",  "pintu",  "gerbang"};
/* What stands behind these is a name. */
static const char *const name_words[] = {"desa",     "kelurahan", "kecamatan", "kabupaten",
                                         "provinsi", "dusun",     "kampung",   "gang"};
/* Words that people write and that a slip of the pen could make of a mandate's. */
static const char *const common_words[] = {
#define COMMON(word) word,
#include "common.def"
#undef COMMON
};

/* From so many duties on a word is a general one: "jalan", "sekolah", "tanah"; of a spelling its stem counts. */
#define GENERAL 14

static void set_hints (struct hints *hints, const char *const *words, size_t count)
{
    check (count <= array_len (hints->words));
    for (size_t i = 0; i < count; i++)
        hints->words[i] = text_hash (words[i], strlen (words[i]));
    hints->count = count;
}

struct mandates *mandates_new (void)
{
    struct mandates *mandates = xcalloc (1, sizeof *mandates);
    mandates->slips = slips_new ();
    for (size_t i = 0; i < array_len (common_words); i++)
        slips_add (mandates->slips, view_of (common_words[i]), 0);
    set_hints (&mandates->near, near_words, array_len (near_words));
    set_hints (&mandates->houses, house_words, array_len (house_words));
    set_hints (&mandates->names, name_words, array_len (name_words));
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
    free (mandates->vocables);
    free (mandates->slots);
    free (mandates);
    *held = NULL;
}

/* ---- the vocabulary -------------------------------------------------------------------------- */

/* Words that match by spelling are vocables of their own. */
uint64_t vocable_key (uint64_t hash, bool exact)
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

uint32_t vocable_of (const struct mandates *mandates, uint64_t key)
{
    return *slot_of (mandates, key);
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
    uint32_t known = mandates->vocable_count,
             stem = learn (mandates, vocable_key (word->stem, false));
    uint32_t spelling = learn (mandates, vocable_key (word->form, true));
    if (spelling > known) {
        mandates->vocables[spelling - 1].stem = stem;
        slips_add (mandates->slips, (struct view){text->folded.at + word->at, word->len}, spelling);
    }
    return spelling;
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* One blank-separated part: words that stand side by side. */
static int add_part (struct mandates *mandates, struct phrase *phrase, struct view part)
{
    static const struct view none = {"", 0};
    struct text *read = &mandates->read;
    bool exact = part.len && part.at[0] == '=';
    if (exact)
        part = (struct view){part.at + 1, part.len - 1};
    text_read (read, none, part, none);
    for (size_t i = 0; i < read->count; i++) {
        if (phrase->count == MANDATE_WORDS_MOST)
            return FAIL_TOO_LONG;
        uint32_t spelling = learn_word (mandates, read, &read->words[i]);
        phrase->joined |= (uint8_t) ((i > 0) << phrase->count);
        phrase->words[phrase->count++] = exact ? spelling : mandates->vocables[spelling - 1].stem;
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

/* Phrases come duty by duty; where they do not, a word seems a little more general than it is. */
static void count_word (struct mandates *mandates, uint32_t word, uint8_t duty)
{
    struct vocable *vocable = &mandates->vocables[word - 1];
    vocable->phrases++;
    if (vocable->last != duty + 1 && vocable->duties < UINT8_MAX) {
        vocable->last = (uint8_t) (duty + 1);
        vocable->duties++;
    }
}

static void keep (struct mandates *mandates, struct phrase *phrase, struct view text)
{
    if (mandates->phrase_count == mandates->phrase_room) {
        mandates->phrase_room = mandates->phrase_room ? mandates->phrase_room * 2 : 128;
        mandates->phrases =
            xrealloc (mandates->phrases, mandates->phrase_room * sizeof *mandates->phrases);
    }
    phrase->text = xformat ("%.*s", (int) text.len, text.at);
    for (char *at = phrase->text; *at; at++)
        *at = *at == '-' ? ' ' : *at; /* as a reader shall see it */
    mandates->phrases[mandates->phrase_count++] = *phrase;
    for (unsigned i = 0; i < phrase->count; i++)
        count_word (mandates, phrase->words[i], phrase->duty);
}

int mandates_add (struct mandates *mandates, struct duty duty, struct view phrase, int weight,
                  unsigned level)
{
    struct phrase made = {.weight = (int16_t) weight, .level = (uint8_t) level};
    struct view rest = phrase;
    if (mandates->phrase_count == PHRASES_MOST)
        return FAIL_FULL;
    while (rest.len) {
        const char *blank = memchr (rest.at, ' ', rest.len);
        size_t len = blank ? (size_t) (blank - rest.at) : rest.len;
        int result = add_part (mandates, &made, (struct view){rest.at, len});
        if (result != 0)
            return result;
        len += blank != NULL;
        rest = (struct view){rest.at + len, rest.len - len};
    }
    if (made.count == 0)
        return FAIL_EMPTY;
    int result = duty_number (mandates, duty, &made.duty);
    if (result == 0)
        keep (mandates, &made, phrase);
    return result;
}

/* Chooses what a phrase hangs on. */
static void hang (struct mandates *mandates, struct phrase *phrase)
{
    const struct vocable *vocables = mandates->vocables;
    for (uint8_t word = 1; word < phrase->count; word++)
        if (vocables[phrase->words[word] - 1].phrases <
            vocables[phrase->words[phrase->hangs] - 1].phrases)
            phrase->hangs = word;
    const struct vocable *first = &vocables[phrase->words[0] - 1];
    bool of_stem = first->stem && vocables[first->stem - 1].duties >= GENERAL;
    phrase->general = phrase->count == 1 && (of_stem || first->duties >= GENERAL);
    mandates->vocables[phrase->words[phrase->hangs] - 1].end++;
}

/* Puts the phrases of one vocable side by side: most of what is looked at for a text is there. */
static void sort_phrases (struct mandates *mandates)
{
    struct phrase *sorted = xcalloc (mandates->phrase_count + 1, sizeof *sorted);
    uint32_t begin = 0;
    for (uint32_t i = 0; i < mandates->vocable_count; i++) {
        struct vocable *vocable = &mandates->vocables[i];
        uint32_t count = vocable->end;
        vocable->hanging = vocable->end = begin;
        begin += count;
    }
    for (uint32_t i = 0; i < mandates->phrase_count; i++) {
        const struct phrase *phrase = &mandates->phrases[i];
        sorted[mandates->vocables[phrase->words[phrase->hangs] - 1].end++] = *phrase;
    }
    free (mandates->phrases);
    mandates->phrases = sorted;
}

void mandates_seal (struct mandates *mandates)
{
    mandates->owner = memo_owner ();
    slips_seal (mandates->slips);
    for (uint32_t i = 0; i < mandates->phrase_count; i++)
        hang (mandates, &mandates->phrases[i]);
    sort_phrases (mandates);
}
