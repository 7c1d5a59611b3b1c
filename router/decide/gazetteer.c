/* gazetteer.c - built once a registry, read-only afterwards.  91,599 regions have 66,753 names: 5 MB. */
#include "gazetteer.h"
#include "memo.h"
#include "registry.h"
#include "slip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES_MOST 64
#define BRIEF           4
#define REGIONS_MOST    (1u << 20)
#define SLIP_LEAST      6    /* letters of a name, and of what is written for it */
#define COMPOUNDS       1024 /* a power of two, of which half stays free */
#define FILTER_BITS     20
#define PREFIX_BITS     21
#define FACTOR          0x9e3779b97f4a7c15u /* odd: the hash of letters is a polynomial in it */

struct slot {
    uint32_t check, first; /* first: from 1; 0: free */
};

struct word_fact {
    uint64_t form;     /* 0: free */
    uint64_t hash;     /* of what it is short for */
    const char *whole; /* NULL: it is short for nothing */
    uint16_t len;      /* of that */
    uint32_t what;
};

#define WORD_FACTS 4096

/* A name that slips are looked for of. */
struct slip_name {
    uint64_t hash;
    uint16_t sum; /* of its letters: what is swapped has the same */
    uint8_t len;
};

struct gazetteer {
    struct region *regions;
    struct named *named;
    struct slot *slots;
    uint64_t owner;     /* of what is remembered of words */
    uint64_t *filter;   /* a bit for each name: most spans of a text end here */
    uint64_t *prefixes; /* a bit for what names begin with */
    struct word_fact *facts;
    struct slips
        *slips; /* of one-word names of regencies and cities: number in slip_names, from 1 */
    struct slip_name *slip_names;
    uint64_t *compounds; /* hashes of their letters; 0: free */
    uint32_t region_count, named_count, slot_count, fact_count, slip_count, compound_count;
    uint64_t powers[NAME_BYTES_MOST + 1];
};

/* ---- spelling ------------------------------------------------------------------------------ */

static uint64_t hash_letters (uint64_t hash, const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = hash * FACTOR + (unsigned char) at[i];
    return hash;
}

/* Low bits choose a slot, high ones tell names apart; a polynomial alone mixes its low bits badly. */
static uint64_t mixed (uint64_t hash)
{
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdu;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53u;
    return hash ^ hash >> 33;
}

static const struct word_fact *fact_of (const struct gazetteer *gazetteer, uint64_t form)
{
    size_t at = form % WORD_FACTS;
    while (gazetteer->facts[at].form && gazetteer->facts[at].form != form)
        at = (at + 1) % WORD_FACTS;
    return &gazetteer->facts[at];
}

static struct spelt spelt_of (const struct gazetteer *gazetteer, struct view written, uint64_t form)
{
    const struct word_fact *fact = fact_of (gazetteer, form);
    struct spelt ret = {.what = fact->what, .brief = written.len <= BRIEF};
    ret.hash = fact->whole ? fact->hash : hash_letters (0, written.at, written.len);
    ret.len = (uint8_t) (fact->whole ? fact->len : written.len);
    ret.begins = gazetteer_begins (gazetteer, ret.hash);
    ret.named = ret.begins ? gazetteer_named (gazetteer, ret.hash) : NULL;
    return ret;
}

struct spelt gazetteer_rest (const struct gazetteer *gazetteer, const struct text *text,
                             size_t word, size_t cut)
{
    struct view written = text_written (text, word);
    cut = cut < written.len ? cut : written.len;
    written = (struct view){written.at + cut, written.len - cut};
    return spelt_of (gazetteer, written, text_hash (written.at, written.len));
}

static void spell (const struct gazetteer *gazetteer, const struct text *text, size_t word,
                   struct spelt *ret)
{
    struct view written = text_written (text, word);
    uint64_t form = text->words[word].form;
    bool respelt = text->words[word].flags & WORD_RESPELT;
    *ret = spelt_of (gazetteer, written, respelt ? text_hash (written.at, written.len) : form);
    if (respelt) {
        uint32_t formal = fact_of (gazetteer, form)->what;
        if (formal & IS_STOP) /* "karo" is "dan" in Java, and a regency elsewhere */
            formal = IS_ORDINARY;
        ret->what |= formal;
    }
    if (ret->what || written.len < 5 || written.at[0] != 'd' || written.at[1] != 'i')
        return;
    uint32_t rest = gazetteer_rest (gazetteer, text, word, 2).what; /* "dikota", "dijalan" */
    ret->what = rest & (LEVEL_ANY | IS_STREET);
}

/* What is remembered of a word that is written formally. */
struct known {
    uint64_t key;
    struct spelt spelt, meant; /* meant: of a slip; its len 0: it is none */
    bool asked;                /* whether it is a slip */
};

static _Thread_local struct known words_known[MEMO_WORDS];

static struct known *known_of (const struct gazetteer *gazetteer, const struct text *text,
                               size_t word)
{
    uint64_t key = memo_key (gazetteer->owner, text->words[word].form);
    struct known *known = &words_known[key % MEMO_WORDS];
    if (known->key != key) {
        *known = (struct known){.key = key};
        spell (gazetteer, text, word, &known->spelt);
    }
    return known;
}

void gazetteer_spell (const struct gazetteer *gazetteer, const struct text *text, size_t word,
                      struct spelt *ret)
{
    if (text->words[word].flags & WORD_RESPELT)
        spell (gazetteer, text, word, ret);
    else
        *ret = known_of (gazetteer, text, word)->spelt;
}

uint64_t gazetteer_joined (const struct gazetteer *gazetteer, uint64_t hash,
                           const struct spelt *next)
{
    return hash * gazetteer->powers[next->len] + next->hash;
}

/* ---- looking up ---------------------------------------------------------------------------- */

const struct region *gazetteer_region (const struct gazetteer *gazetteer, uint32_t region)
{
    return &gazetteer->regions[region];
}

static bool is_set (const uint64_t *filter, uint64_t key, unsigned bits)
{
    uint32_t bit = (uint32_t) (key >> (64 - bits));
    return filter[bit / 64] >> bit % 64 & 1;
}

static void set_bit (uint64_t *filter, uint64_t key, unsigned bits)
{
    uint32_t bit = (uint32_t) (key >> (64 - bits));
    filter[bit / 64] |= (uint64_t) 1 << bit % 64;
}

bool gazetteer_begins (const struct gazetteer *gazetteer, uint64_t hash)
{
    return is_set (gazetteer->prefixes, mixed (hash), PREFIX_BITS);
}

const struct named *gazetteer_named (const struct gazetteer *gazetteer, uint64_t hash)
{
    uint64_t key = mixed (hash);
    uint32_t check = (uint32_t) (key >> 24);
    if (!is_set (gazetteer->filter, key, FILTER_BITS))
        return NULL;
    uint32_t at = (uint32_t) key & (gazetteer->slot_count - 1);
    for (; gazetteer->slots[at].first; at = (at + 1) & (gazetteer->slot_count - 1))
        if (gazetteer->slots[at].check == check)
            return &gazetteer->named[gazetteer->slots[at].first - 1];
    return NULL;
}

static uint16_t sum_of (struct view letters)
{
    unsigned sum = 0;
    for (size_t i = 0; i < letters.len; i++)
        sum += (unsigned char) letters.at[i];
    return (uint16_t) sum;
}

/* The name that a word is a slip of; its len 0: it is none. */
static struct spelt meant_by (const struct gazetteer *gazetteer, struct view written)
{
    uint32_t number = slips_find (gazetteer->slips, written);
    const struct slip_name *name = number ? &gazetteer->slip_names[number - 1] : NULL;
    if (!name || (name->len == written.len && name->sum != sum_of (written)))
        return (struct spelt){0}; /* another letter makes another word too often: "sekarang" */
    return (struct spelt){.hash = name->hash,
                          .named = gazetteer_named (gazetteer, name->hash),
                          .len = name->len,
                          .slip = true,
                          .begins = true};
}

bool gazetteer_slip (const struct gazetteer *gazetteer, const struct text *text, size_t word,
                     struct spelt *ret)
{
    if (ret->len < SLIP_LEAST || ret->what ||
        text->words[word].flags & (WORD_NUMBER | WORD_RESPELT))
        return false;
    struct known *known = known_of (gazetteer, text, word);
    if (!known->asked && !ret->named)
        known->meant = meant_by (gazetteer, text_written (text, word));
    known->asked = true;
    if (known->meant.len)
        *ret = known->meant;
    return known->meant.len;
}

static uint64_t *compound_at (const struct gazetteer *gazetteer, uint64_t hash)
{
    size_t at = mixed (hash) % COMPOUNDS;
    while (gazetteer->compounds[at] && gazetteer->compounds[at] != hash)
        at = (at + 1) % COMPOUNDS;
    return &gazetteer->compounds[at];
}

bool gazetteer_compound (const struct gazetteer *gazetteer, const struct spelt *first,
                         const struct spelt *second)
{
    return first->what & second->what & IS_PAIRED &&
           *compound_at (gazetteer, gazetteer_joined (gazetteer, first->hash, second)) != 0;
}

uint32_t gazetteer_find (const struct gazetteer *gazetteer, struct view code)
{
    for (; code.len; code = region_above (code)) {
        char key[14] = {0};
        uint32_t low = 0, high = gazetteer->region_count;
        if (code.len >= sizeof key)
            continue;
        memcpy (key, code.at, code.len);
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (strcmp (gazetteer->regions[middle].code, key) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < gazetteer->region_count && strcmp (gazetteer->regions[low].code, key) == 0)
            return low;
    }
    return REGION_NONE;
}

size_t gazetteer_bytes (const struct gazetteer *gazetteer)
{
    return sizeof *gazetteer + gazetteer->region_count * sizeof *gazetteer->regions +
           gazetteer->named_count * sizeof *gazetteer->named +
           gazetteer->slot_count * sizeof *gazetteer->slots + (1u << FILTER_BITS) / 8 +
           (1u << PREFIX_BITS) / 8 + WORD_FACTS * sizeof *gazetteer->facts +
           COMPOUNDS * sizeof *gazetteer->compounds +
           gazetteer->slip_count * sizeof *gazetteer->slip_names;
}

/* ---- facts about words --------------------------------------------------------------------- */

/* place.def is read once for each kind of its lines; the other kinds are nothing then. */
#define PLACE_WORD(word, what)
#define PLACE_ORDINARY(words)
#define PLACE_NICK(nick, level, whole)
#define PLACE_SPOT(spot, code)
#define PLACE_SHORT(short, whole)
#define PLACE_COMPOUND(words)
#define PLACE_NO_SLIP(words)

static const struct {
    const char *word;
    uint32_t what;
} word_facts[] = {
#undef PLACE_WORD
#undef PLACE_ORDINARY
#define PLACE_WORD(word, what) {word, what},
#define PLACE_ORDINARY(words)  {words, IS_ORDINARY},
#include "place.def"
#undef PLACE_WORD
#undef PLACE_ORDINARY
#define PLACE_WORD(word, what)
#define PLACE_ORDINARY(words)
};

static const struct {
    const char *word, *whole;
} shorts[] = {
#undef PLACE_SHORT
#define PLACE_SHORT(short, whole) {short, whole},
#include "place.def"
#undef PLACE_SHORT
#define PLACE_SHORT(short, whole)
};

static const struct {
    const char *nick;
    uint8_t level;
    const char *whole;
} nicks[] = {
#undef PLACE_NICK
#define PLACE_NICK(nick, level, whole) {nick, level, whole},
#include "place.def"
#undef PLACE_NICK
#define PLACE_NICK(nick, level, whole)
};

static const struct {
    const char *spot, *code;
} spots[] = {
#undef PLACE_SPOT
#define PLACE_SPOT(spot, code) {spot, code},
#include "place.def"
#undef PLACE_SPOT
#define PLACE_SPOT(spot, code)
};

static const char *const compounds[] = {
#undef PLACE_COMPOUND
#define PLACE_COMPOUND(words) words,
#include "place.def"
#undef PLACE_COMPOUND
#define PLACE_COMPOUND(words)
};

static const char *const no_slips[] = {
#undef PLACE_NO_SLIP
#define PLACE_NO_SLIP(words) words,
#include "place.def"
};

static void read_words (struct text *text, struct view words)
{
    static const struct view none = {"", 0};
    text_read (text, none, words, none);
}

static struct word_fact *new_fact (struct gazetteer *gazetteer, uint64_t form)
{
    struct word_fact *fact = &gazetteer->facts[fact_of (gazetteer, form) - gazetteer->facts];
    if (!fact->form) {
        fact->form = form;
        gazetteer->fact_count++;
        check (gazetteer->fact_count < WORD_FACTS / 2);
    }
    return fact;
}

static void add_what (struct gazetteer *gazetteer, const char *words, uint32_t what)
{
    while (*words) {
        size_t len = strcspn (words, " ");
        new_fact (gazetteer, text_hash (words, len))->what |= what;
        words += len + (words[len] == ' ');
    }
}

static void add_facts (struct gazetteer *gazetteer)
{
    for (size_t i = 0; i < array_len (word_facts); i++)
        add_what (gazetteer, word_facts[i].word, word_facts[i].what);
    for (size_t i = 0; i < array_len (shorts); i++) {
        struct word_fact *fact =
            new_fact (gazetteer, text_hash (shorts[i].word, strlen (shorts[i].word)));
        fact->whole = shorts[i].whole;
        fact->hash = hash_letters (0, shorts[i].whole, strlen (shorts[i].whole));
        fact->len = (uint16_t) strlen (shorts[i].whole);
    }
    for (size_t i = 0; i < array_len (compounds); i++)
        add_what (gazetteer, compounds[i], IS_PAIRED);
}

/* Behind the facts: what a word is short for is written out in a compound, too. */
static void add_compounds (struct gazetteer *gazetteer)
{
    struct text text = {0};
    gazetteer->compounds = xcalloc (COMPOUNDS, sizeof *gazetteer->compounds);
    for (size_t i = 0; i < array_len (compounds); i++) {
        struct spelt first, second;
        read_words (&text, view_of (compounds[i]));
        check (text.count == 2 && ++gazetteer->compound_count < COMPOUNDS / 2);
        gazetteer_spell (gazetteer, &text, 0, &first);
        gazetteer_spell (gazetteer, &text, 1, &second);
        uint64_t hash = gazetteer_joined (gazetteer, first.hash, &second);
        *compound_at (gazetteer, hash) = hash;
    }
    text_free (&text);
}

/* ---- building ------------------------------------------------------------------------------ */

struct pair {
    uint64_t hash;
    struct named named;
};

struct building {
    struct gazetteer *gazetteer;
    struct text text;
    struct pair *pairs;
    size_t count, room;
};

static bool code_good (const char *code)
{
    size_t len = strlen (code);
    bool digit = false;
    unsigned parts = 1;
    for (size_t i = 0; i < len && i < 14; i++) {
        if (code[i] == '.' ? !digit : code[i] < '0' || code[i] > '9')
            return false;
        digit = code[i] != '.';
        parts += !digit;
    }
    return digit && len < 14 && parts <= 4;
}

static int by_code (const void *a, const void *b)
{
    const struct place_name *one = *(const struct place_name *const *) a,
                            *two = *(const struct place_name *const *) b;
    int order = strcmp (one->code, two->code);
    return order ? order : (one > two) - (one < two);
}

static bool starts (const char **name, const char *prefix)
{
    size_t len = strlen (prefix);
    if (strncasecmp (*name, prefix, len) != 0 || (*name)[len] != ' ')
        return false;
    *name += len + 1;
    return true;
}

/* The level, and the name without the words that say it. */
static uint8_t level_of (unsigned depth, const char **name)
{
    if (depth > 2)
        return depth == 3 ? LEVEL_DISTRICT : LEVEL_VILLAGE;
    if (depth == 1) {
        starts (name, "Provinsi");
        return LEVEL_PROVINCE;
    }
    bool city = starts (name, "Kota");
    if (!city)
        starts (name, "Kabupaten");
    starts (name, "Administrasi");
    return city ? LEVEL_CITY : LEVEL_REGENCY;
}

static void add_pair (struct building *building, uint64_t hash, struct named named)
{
    if (building->count == building->room) {
        building->room = building->room ? building->room * 2 : 4096;
        building->pairs = xrealloc (building->pairs, building->room * sizeof *building->pairs);
    }
    building->pairs[building->count++] = (struct pair){hash, named};
}

/* The hash goes on over a word's letters; each is what a name begins with. */
static uint64_t add_letters (struct gazetteer *gazetteer, uint64_t hash, struct view written)
{
    const char *whole = fact_of (gazetteer, text_hash (written.at, written.len))->whole;
    struct view letters = whole ? view_of (whole) : written;
    for (size_t i = 0; i < letters.len; i++) {
        hash = hash_letters (hash, letters.at + i, 1);
        set_bit (gazetteer->prefixes, mixed (hash), PREFIX_BITS);
    }
    return hash;
}

/* The hash of a name's letters, 0 without any; what else of it follows from its words. */
static uint64_t name_hash (struct building *building, struct view name, struct named *ret)
{
    struct text *text = &building->text;
    uint64_t hash = 0;
    size_t len = 0;
    bool letters = false;
    read_words (text, name);
    for (size_t i = 0; i < text->count; i++) {
        struct spelt spelt;
        gazetteer_spell (building->gazetteer, text, i, &spelt);
        len += spelt.len;
        if (len > NAME_BYTES_MOST)
            return 0;
        hash = add_letters (building->gazetteer, hash, text_written (text, i));
        letters = letters || !(text->words[i].flags & WORD_NUMBER);
        ret->single |= spelt.len == 1;
    }
    ret->words = (text->count < 7 ? (unsigned) text->count : 7) & 7;
    return letters ? hash : 0;
}

static void add_name (struct building *building, struct view name, uint32_t region, bool nick)
{
    const struct region *whose = &building->gazetteer->regions[region];
    struct named named = {.region = region & (REGIONS_MOST - 1),
                          .level = whose->level & (unsigned) LEVEL_ANY,
                          .nick = nick};
    uint64_t hash = name_hash (building, name, &named);
    if (hash)
        add_pair (building, hash, named);
}

/* Also each side of "Misool (Misool Utara)" and "Mantehage/Buhias". */
static void add_names (struct building *building, const char *name, uint32_t region)
{
    size_t part = strcspn (name, "/()");
    add_name (building, view_of (name), region, false);
    if (!name[part])
        return;
    for (const char *at = name; *at; at += part + (at[part] != 0)) {
        part = strcspn (at, "/()");
        if (part >= 4)
            add_name (building, (struct view){at, part}, region, false);
    }
}

/* A parent's run ends where the first code that is not below it stands. */
static void add_region (struct building *building, uint32_t open[5], const struct place_name *place)
{
    struct gazetteer *gazetteer = building->gazetteer;
    uint32_t number = gazetteer->region_count++;
    struct region *region = &gazetteer->regions[number];
    const char *name = place->name;
    strcpy (region->code, place->code);
    region->depth = 1;
    for (const char *at = place->code; *at; at++)
        region->depth = (uint8_t) (region->depth + (*at == '.'));
    region->level = level_of (region->depth, &name);
    region->above = REGION_NONE;
    region->end = number + 1;
    for (unsigned depth = 1; depth < region->depth; depth++)
        if (open[depth] != REGION_NONE &&
            region_within (view_of (region->code),
                           view_of (gazetteer->regions[open[depth]].code))) {
            region->above = open[depth];
            gazetteer->regions[open[depth]].end = number + 1;
        }
    open[region->depth] = number;
    add_names (building, name, number);
}

static void add_regions (struct building *building, const struct place_name *names, size_t count)
{
    const struct place_name **order = xcalloc (count + 1, sizeof *order);
    uint32_t open[5] = {REGION_NONE, REGION_NONE, REGION_NONE, REGION_NONE, REGION_NONE};
    size_t good = 0;
    bool sorted = true;
    for (size_t i = 0; i < count && good < REGIONS_MOST; i++) {
        if (!code_good (names[i].code))
            continue;
        order[good++] = &names[i];
        sorted = sorted && (good < 2 || strcmp (order[good - 2]->code, names[i].code) < 0);
    }
    if (!sorted)
        qsort (order, good, sizeof *order, by_code);
    building->gazetteer->regions = xcalloc (good + 1, sizeof (struct region));
    for (size_t i = 0; i < good; i++)
        if (i == 0 || strcmp (order[i - 1]->code, order[i]->code) != 0)
            add_region (building, open, order[i]);
    free (order);
}

static void add_nicks (struct building *building)
{
    size_t wide = 0; /* provinces, regencies and cities to the front: what has nicks */
    struct pair *all = xcalloc (building->count + 1, sizeof *all);
    for (size_t i = 0; i < building->count; i++)
        if (building->pairs[i].named.level & LEVEL_WIDE)
            all[wide++] = building->pairs[i];
    for (size_t i = 0; i < array_len (nicks); i++) {
        struct named whole = {0};
        uint64_t hash = name_hash (building, view_of (nicks[i].whole), &whole);
        for (size_t j = 0; j < wide; j++)
            if (all[j].hash == hash && (all[j].named.level & nicks[i].level))
                add_name (building, view_of (nicks[i].nick), all[j].named.region, true);
    }
    free (all);
}

static void add_spots (struct building *building)
{
    const struct gazetteer *gazetteer = building->gazetteer;
    for (size_t i = 0; i < array_len (spots); i++) {
        struct named named = {.level = LEVEL_SPOT, .nick = true};
        uint32_t region = gazetteer_find (gazetteer, view_of (spots[i].code));
        uint64_t hash = name_hash (building, view_of (spots[i].spot), &named);
        if (region == REGION_NONE || strcmp (gazetteer->regions[region].code, spots[i].code) != 0)
            continue; /* not this country */
        named.region = region & (REGIONS_MOST - 1);
        add_pair (building, hash, named);
    }
}

/* Twins have one name. */
static void add_slip (struct gazetteer *gazetteer, const struct text *text)
{
    struct view name = text_written (text, 0);
    struct spelt spelt;
    gazetteer_spell (gazetteer, text, 0, &spelt);
    if (text->count != 1 || (spelt.what & ~(uint32_t) IS_PAIRED) || spelt.len < SLIP_LEAST)
        return;
    uint32_t number = gazetteer->slip_count;
    while (number > 0 && gazetteer->slip_names[number - 1].hash != spelt.hash)
        number--;
    if (!number) {
        number = ++gazetteer->slip_count;
        gazetteer->slip_names =
            xrealloc (gazetteer->slip_names, number * sizeof *gazetteer->slip_names);
        gazetteer->slip_names[number - 1] =
            (struct slip_name){spelt.hash, sum_of (name), spelt.len};
    }
    slips_add (gazetteer->slips, name, number);
}

static void add_slips (struct building *building, const struct place_name *names, size_t count)
{
    struct gazetteer *gazetteer = building->gazetteer;
    gazetteer->slips = slips_new ();
    for (size_t i = 0; i < count; i++) {
        const char *name = names[i].name;
        if (strlen (names[i].code) != 5)
            continue;
        level_of (2, &name);
        read_words (&building->text, view_of (name));
        if (building->text.count)
            add_slip (gazetteer, &building->text);
    }
    for (size_t i = 0; i < array_len (no_slips); i++) {
        read_words (&building->text, view_of (no_slips[i]));
        for (size_t word = 0; word < building->text.count; word++)
            slips_add (gazetteer->slips, text_written (&building->text, word), 0);
    }
    slips_seal (gazetteer->slips);
}

static int by_hash (const void *a, const void *b)
{
    const struct pair *one = a, *two = b;
    if (one->hash != two->hash)
        return one->hash < two->hash ? -1 : 1;
    if (one->named.region != two->named.region)
        return one->named.region < two->named.region ? -1 : 1;
    if (one->named.nick != two->named.nick)
        return one->named.nick < two->named.nick ? -1 : 1;
    if (one->named.single != two->named.single)
        return one->named.single < two->named.single ? -1 : 1;
    return (one->named.words > two->named.words) - (one->named.words < two->named.words);
}

static void add_slot (struct gazetteer *gazetteer, uint64_t hash, uint32_t first)
{
    uint64_t key = mixed (hash);
    uint32_t at = (uint32_t) key & (gazetteer->slot_count - 1);
    set_bit (gazetteer->filter, key, FILTER_BITS);
    while (gazetteer->slots[at].first)
        at = (at + 1) & (gazetteer->slot_count - 1);
    gazetteer->slots[at] = (struct slot){(uint32_t) (key >> 24), first + 1};
}

static bool same_named (const struct named *one, const struct named *two)
{
    return one->region == two->region && one->words == two->words && one->level == two->level;
}

/* Groups the pairs by name; the regions of one name in the order of their codes, each once but
 * where it is written in one word and in two, or is a spot, too. */
static void add_slots (struct building *building)
{
    struct gazetteer *gazetteer = building->gazetteer;
    if (building->count)
        qsort (building->pairs, building->count, sizeof *building->pairs, by_hash);
    for (gazetteer->slot_count = 64; gazetteer->slot_count < building->count * 3 / 2;)
        gazetteer->slot_count *= 2;
    gazetteer->slots = xcalloc (gazetteer->slot_count, sizeof *gazetteer->slots);
    gazetteer->named = xcalloc (building->count + 1, sizeof *gazetteer->named);
    for (size_t i = 0, j; i < building->count; i = j) {
        uint32_t first = gazetteer->named_count;
        for (j = i; j < building->count && building->pairs[j].hash == building->pairs[i].hash; j++)
            if (j == i || !same_named (&building->pairs[j].named, &building->pairs[j - 1].named))
                gazetteer->named[gazetteer->named_count++] = building->pairs[j].named;
        gazetteer->named[gazetteer->named_count - 1].last = 1;
        add_slot (gazetteer, building->pairs[i].hash, first);
    }
}

struct gazetteer *gazetteer_new (const struct place_name *names, size_t count)
{
    struct gazetteer *gazetteer = xcalloc (1, sizeof *gazetteer);
    struct building building = {.gazetteer = gazetteer};
    gazetteer->facts = xcalloc (WORD_FACTS, sizeof *gazetteer->facts);
    gazetteer->owner = memo_owner ();
    gazetteer->filter = xcalloc ((1u << FILTER_BITS) / 64, sizeof *gazetteer->filter);
    gazetteer->prefixes = xcalloc ((1u << PREFIX_BITS) / 64, sizeof *gazetteer->prefixes);
    gazetteer->powers[0] = 1;
    for (size_t i = 1; i <= NAME_BYTES_MOST; i++)
        gazetteer->powers[i] = gazetteer->powers[i - 1] * FACTOR;
    add_facts (gazetteer);
    add_compounds (gazetteer);
    add_regions (&building, names, count);
    add_nicks (&building);
    add_spots (&building);
    add_slips (&building, names, count);
    add_slots (&building);
    gazetteer->owner = memo_owner (); /* which names there are was not known before */
    text_free (&building.text);
    free (building.pairs);
    return gazetteer;
}

void gazetteer_free (struct gazetteer **held)
{
    struct gazetteer *gazetteer = *held;
    if (!gazetteer)
        return;
    free (gazetteer->regions);
    free (gazetteer->named);
    free (gazetteer->slots);
    free (gazetteer->filter);
    free (gazetteer->prefixes);
    free (gazetteer->facts);
    free (gazetteer->compounds);
    free (gazetteer->slip_names);
    slips_free (&gazetteer->slips);
    free (gazetteer);
    *held = NULL;
}
