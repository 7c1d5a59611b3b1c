/* phrase.c - a hash table by the first word of a phrase, or by its first two, so that "jalan", with which
 * hundreds begin, costs one look; the rest of a phrase is compared.
 */
#include "phrase.h"

#include <stdlib.h>
#include <string.h>

struct phrase {
    uint32_t id, next; /* next: of the same key, from 1; 0: none */
    uint8_t count;
    uint8_t exact; /* bit set: which of its words match by spelling */
    uint64_t words[PHRASE_WORDS_MOST];
};

struct slot {
    uint64_t key;
    uint32_t first; /* phrase, from 1; 0: the slot is free */
};

#define FIRSTS 16384 /* a power of two */

struct phrases {
    struct phrase *all;
    struct slot *slots; /* a power of two, at most half full */
    uint32_t count, room, used, slot_count;
    /* by the last bits of a first word: bit 0 and 1, phrases of one word by stem and by spelling; 2 and 3, of more */
    uint8_t firsts[FIRSTS];
    struct text read; /* kept for phrases_add */
};

struct phrases *phrases_new (void)
{
    struct phrases *phrases = xcalloc (1, sizeof *phrases);
    phrases->slot_count = 256;
    phrases->slots = xcalloc (phrases->slot_count, sizeof *phrases->slots);
    return phrases;
}

void phrases_free (struct phrases **held)
{
    struct phrases *phrases = *held;
    if (!phrases)
        return;
    text_free (&phrases->read);
    free (phrases->all);
    free (phrases->slots);
    free (phrases);
    *held = NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */

static uint64_t mix (uint64_t first, uint64_t second, unsigned exact)
{
    uint64_t key = (first ^ (second * 0x9e3779b97f4a7c15u)) + exact;
    key ^= key >> 29;
    key *= 0xbf58476d1ce4e5b9u;
    return key ^ key >> 32;
}

static uint64_t key_of (const struct phrase *phrase)
{
    return phrase->count == 1 ? mix (phrase->words[0], 0, phrase->exact & 1)
                              : mix (phrase->words[0], phrase->words[1], phrase->exact & 3);
}

static struct slot *slot_of (const struct phrases *phrases, uint64_t key)
{
    uint32_t at = (uint32_t) key & (phrases->slot_count - 1);
    while (phrases->slots[at].first && phrases->slots[at].key != key)
        at = (at + 1) & (phrases->slot_count - 1);
    return &phrases->slots[at];
}

static void widen (struct phrases *phrases)
{
    struct slot *old = phrases->slots;
    uint32_t count = phrases->slot_count;
    phrases->slot_count *= 2;
    phrases->slots = xcalloc (phrases->slot_count, sizeof *phrases->slots);
    for (uint32_t i = 0; i < count; i++)
        if (old[i].first)
            *slot_of (phrases, old[i].key) = old[i];
    free (old);
}

/* The longest first among those of one key; of one length in the order they came. */
static void chain (struct phrases *phrases, uint32_t number)
{
    struct phrase *phrase = &phrases->all[number - 1];
    uint64_t key = key_of (phrase);
    if (phrases->used * 2 >= phrases->slot_count)
        widen (phrases);
    struct slot *slot = slot_of (phrases, key);
    phrases->used += slot->first == 0;
    slot->key = key;
    uint32_t *link = &slot->first;
    while (*link && phrases->all[*link - 1].count >= phrase->count)
        link = &phrases->all[*link - 1].next;
    phrase->next = *link;
    *link = number;
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* Reads one blank-separated part, which may be more than one word (kecamatan/kelurahan, kab.). */
static int add_part (struct phrases *phrases, struct phrase *phrase, struct view part)
{
    static const struct view none = {"", 0};
    bool exact = part.len && part.at[0] == '=';
    if (exact)
        part = (struct view){part.at + 1, part.len - 1};
    text_read (&phrases->read, none, part, none);
    for (size_t i = 0; i < phrases->read.count; i++) {
        const struct word *word = &phrases->read.words[i];
        if (phrase->count == PHRASE_WORDS_MOST)
            return FAIL_TOO_LONG;
        phrase->exact |= (uint8_t) (exact << phrase->count);
        phrase->words[phrase->count++] = exact ? word->form : word->stem;
    }
    return 0;
}

int phrases_add (struct phrases *phrases, struct view words, uint32_t id)
{
    struct phrase phrase = {.id = id};
    while (words.len) {
        const char *blank = memchr (words.at, ' ', words.len);
        size_t len = blank ? (size_t) (blank - words.at) : words.len;
        int result = add_part (phrases, &phrase, (struct view){words.at, len});
        if (result != 0)
            return result;
        len += blank != NULL;
        words = (struct view){words.at + len, words.len - len};
    }
    if (phrase.count == 0)
        return FAIL_EMPTY;
    if (phrases->count == phrases->room) {
        phrases->room = phrases->room ? phrases->room * 2 : 64;
        phrases->all = xrealloc (phrases->all, phrases->room * sizeof *phrases->all);
    }
    phrases->all[phrases->count++] = phrase;
    phrases->firsts[phrase.words[0] % FIRSTS] |=
        (uint8_t) (1u << ((phrase.count > 1) * 2 + (phrase.exact & 1)));
    chain (phrases, phrases->count);
    return 0;
}

/* ---- finding --------------------------------------------------------------------------------- */

struct finding {
    const struct phrases *phrases;
    const struct text *text;
    struct phrase_found *ret;
    size_t count, room, from; /* from: of those that begin at this word */
};

static bool stands (const struct phrase *phrase, const struct word *words)
{
    for (unsigned i = 0; i < phrase->count; i++)
        if (phrase->words[i] != (phrase->exact >> i & 1 ? words[i].form : words[i].stem))
            return false;
    return true;
}

/* Keeps those of one first word by falling length. */
static void found (struct finding *finding, const struct phrase *phrase, size_t at)
{
    if (finding->count == finding->room)
        return;
    size_t to = finding->count++;
    for (; to > finding->from && finding->ret[to - 1].count < phrase->count; to--)
        finding->ret[to] = finding->ret[to - 1];
    finding->ret[to] = (struct phrase_found){phrase->id, (uint16_t) at, phrase->count};
}

static void look (struct finding *finding, size_t at, uint64_t key)
{
    const struct phrases *phrases = finding->phrases;
    const struct text *text = finding->text;
    for (uint32_t number = slot_of (phrases, key)->first; number;) {
        const struct phrase *phrase = &phrases->all[number - 1];
        if (at + phrase->count <= text->count && stands (phrase, text->words + at))
            found (finding, phrase, at);
        number = phrase->next;
    }
}

size_t phrases_find (const struct phrases *phrases, const struct text *text,
                     struct phrase_found *ret, size_t room)
{
    struct finding finding = {.phrases = phrases, .text = text, .ret = ret, .room = room};
    for (size_t at = 0; at < text->count; at++) {
        const struct word *word = &text->words[at], *next = word + 1;
        finding.from = finding.count;
        for (unsigned exact = 0; exact < 2; exact++) {
            uint64_t first = exact ? word->form : word->stem;
            unsigned kinds = (unsigned) phrases->firsts[first % FIRSTS] >> exact;
            if (kinds & 1)
                look (&finding, at, mix (first, 0, exact));
            if (!(kinds & 4) || at + 1 == text->count)
                continue;
            look (&finding, at, mix (first, next->stem, exact));
            look (&finding, at, mix (first, next->form, exact | 2));
        }
    }
    return finding.count;
}
