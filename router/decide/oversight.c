/* oversight.c - the table of misconduct as the search wants it: from a word to the parts of phrases it can be. */
#include "memo.h"
#include "oversight_inside.h"

#include <stdlib.h>
#include <string.h>

#define SLIP_LEAST 6 /* letters: shorter words have too many neighbours */

static const char *const kind_names[KIND_LAST] = {[KIND_WORD] = "word",
                                                  [KIND_DEED] = "deed",
                                                  [KIND_ACT] = "act",
                                                  [KIND_ACTOR] = "actor",
                                                  [KIND_ABOVE] = "actor-above",
                                                  [KIND_PROVINCE] = "actor-province",
                                                  [KIND_NATION] = "actor-nation",
                                                  [KIND_STRANGER] = "stranger",
                                                  [KIND_CITIZEN] = "citizen",
                                                  [KIND_SENSE] = "sense",
                                                  [KIND_NOT] = "not",
                                                  [KIND_ABOUT] = "about",
                                                  [KIND_BESIDE] = "beside",
                                                  [KIND_CALL] = "call",
                                                  [KIND_HELP] = "help"};

/* They stand between words without changing what these mean together. */
static const char *const fillers[] = {
    "yang",  "itu",    "ini",   "saja", "juga", "lagi", "masih",   "ada",  "adanya",  "pernah",
    "perlu", "usah",   "sama",  "kali", "lah",  "pun",  "praktik", "para", "tentang", "mengenai",
    "soal",  "segala", "unsur", "the",  "any",  "more", "of",      "a",    "sudah",   "namanya"};
/* What is denied behind them is a condition or a reason, and no denial: kalau tidak bayar. */
static const char *const conditions[] = {"kalau", "jika", "bila", "apabila", "karena",
                                         "sebab", "asal", "if",   "because", "unless"};
_Static_assert(array_len (fillers) < HINTS_MOST && array_len (conditions) < HINTS_MOST,
               "all of them are kept");

static const char *const common_words[] = {
#define COMMON(word) word,
#include "common.def"
#undef COMMON
};

static const struct view none = {"", 0};

struct oversight *oversight_new (void)
{
    struct oversight *oversight = xcalloc (1, sizeof *oversight);
    oversight->slips = slips_new ();
    for (size_t i = 0; i < array_len (fillers); i++)
        oversight->fillers[i] = text_hash (fillers[i], strlen (fillers[i]));
    for (size_t i = 0; i < array_len (conditions); i++)
        oversight->conditions[i] = text_hash (conditions[i], strlen (conditions[i]));
    for (size_t i = 0; i < array_len (common_words); i++)
        oversight_know (oversight, view_of (common_words[i]));
    return oversight;
}

void oversight_free (struct oversight **held)
{
    struct oversight *oversight = *held;
    if (!oversight)
        return;
    for (uint32_t i = 0; i < oversight->row_count; i++)
        free (oversight->rows[i].shown);
    text_free (&oversight->read);
    slips_free (&oversight->slips);
    free (oversight->rows);
    free (oversight->members);
    free (oversight->vocables);
    free (oversight->spelt);
    free (oversight);
    *held = NULL;
}

uint64_t oversight_key (uint64_t hash, bool exact)
{
    hash = (hash + exact) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static void add_member (struct oversight *oversight, struct member member)
{
    if (oversight->member_count == oversight->member_room) {
        oversight->member_room = oversight->member_room ? oversight->member_room * 2 : 1024;
        oversight->members =
            xrealloc (oversight->members, oversight->member_room * sizeof *oversight->members);
    }
    oversight->members[oversight->member_count++] = member;
}

static void add_known (struct oversight *oversight, const struct word *word)
{
    add_member (oversight,
                (struct member){.key = oversight_key (word->form, true), .role = ROLE_NONE});
}

static void add_slips (struct oversight *oversight, struct view spelling, const struct word *word)
{
    if (spelling.len < SLIP_LEAST)
        return;
    if (oversight->spelt_count == oversight->spelt_room) {
        oversight->spelt_room = oversight->spelt_room ? oversight->spelt_room * 2 : 256;
        oversight->spelt =
            xrealloc (oversight->spelt, oversight->spelt_room * sizeof *oversight->spelt);
    }
    oversight->spelt[oversight->spelt_count++] = (struct spelt_word){word->form, word->stem};
    slips_add (oversight->slips, spelling, oversight->spelt_count);
}

static void add_word (struct oversight *oversight, const struct word *word, bool exact,
                      const struct row *row)
{
    const struct text *read = &oversight->read;
    struct view spelling = {read->folded.at + word->at, word->len};
    bool near = row->kind == KIND_DEED || row->kind == KIND_ACT;
    struct member member = {.key = oversight_key (exact ? word->form : word->stem, exact),
                            .row = (uint16_t) oversight->row_count,
                            .part = row->parts,
                            .kind = row->kind,
                            .role = near         ? ROLE_NEAR
                                    : row->parts ? ROLE_LATER
                                                 : ROLE_FIRST};
    add_member (oversight, member);
    add_known (oversight, word);
    if (row->kind <= KIND_NATION)
        add_slips (oversight, spelling, word);
}

static int add_alternatives (struct oversight *oversight, struct view part, struct row *row)
{
    while (part.len) {
        const char *bar = memchr (part.at, '|', part.len);
        size_t len = bar ? (size_t) (bar - part.at) : part.len;
        bool exact = len && part.at[0] == '=';
        text_read (&oversight->read, none, (struct view){part.at + exact, len - exact}, none);
        if (oversight->read.count != 1)
            return FAIL_MALFORMED;
        add_word (oversight, &oversight->read.words[0], exact, row);
        len += bar != NULL;
        part = (struct view){part.at + len, part.len - len};
    }
    row->parts++;
    return 0;
}

/* Without alternatives it may be read as several words, as "kepsek" is: each is a part. */
static int add_part (struct oversight *oversight, struct view part, struct row *row)
{
    bool exact = part.len && part.at[0] == '=';
    if (row->parts == OVERSIGHT_PARTS)
        return FAIL_TOO_LONG;
    if (memchr (part.at, '|', part.len))
        return add_alternatives (oversight, part, row);
    text_read (&oversight->read, none, (struct view){part.at + exact, part.len - exact}, none);
    for (size_t i = 0; i < oversight->read.count; i++) {
        if (row->parts == OVERSIGHT_PARTS)
            return FAIL_TOO_LONG;
        add_word (oversight, &oversight->read.words[i], exact, row);
        row->parts++;
    }
    return 0;
}

/* Each part by its first word: what a record says. */
static char *shown_of (struct view phrase)
{
    char *shown = xcalloc (phrase.len + 1, 1);
    size_t len = 0;
    bool other = false;
    for (size_t i = 0; i < phrase.len; i++) {
        other = phrase.at[i] == '|' || (other && phrase.at[i] != ' ');
        if (!other && phrase.at[i] != '=')
            shown[len++] = phrase.at[i];
    }
    return shown;
}

static uint8_t kind_of (struct view name)
{
    for (uint8_t kind = KIND_WORD; kind < KIND_LAST; kind++)
        if (view_is (name, kind_names[kind]))
            return kind;
    return KIND_NONE;
}

static int add_parts (struct oversight *oversight, struct view phrase, struct row *row)
{
    while (phrase.len) {
        const char *blank = memchr (phrase.at, ' ', phrase.len);
        size_t len = blank ? (size_t) (blank - phrase.at) : phrase.len;
        int result = add_part (oversight, (struct view){phrase.at, len}, row);
        if (result != 0)
            return result;
        len += blank != NULL;
        phrase = (struct view){phrase.at + len, phrase.len - len};
    }
    return row->parts ? 0 : FAIL_EMPTY;
}

int oversight_add (struct oversight *oversight, struct view kind, struct view phrase)
{
    struct row row = {.kind = kind_of (kind)};
    uint32_t members = oversight->member_count;
    if (row.kind == KIND_NONE)
        return FAIL_MALFORMED;
    if (oversight->row_count == ROWS_MOST)
        return FAIL_FULL;
    int result = add_parts (oversight, phrase, &row);
    if (result != 0) {
        oversight->member_count = members;
        return result;
    }
    if (oversight->row_count == oversight->row_room) {
        oversight->row_room = oversight->row_room ? oversight->row_room * 2 : 256;
        oversight->rows = xrealloc (oversight->rows, oversight->row_room * sizeof *oversight->rows);
    }
    row.shown = shown_of (phrase);
    oversight->rows[oversight->row_count++] = row;
    return 0;
}

void oversight_know (struct oversight *oversight, struct view words)
{
    text_read (&oversight->read, none, words, none);
    for (size_t i = 0; i < oversight->read.count; i++)
        add_known (oversight, &oversight->read.words[i]);
}

/* ---- the vocabulary -------------------------------------------------------------------------- */

static int by_key (const void *a, const void *b)
{
    const struct member *one = a, *other = b;
    if (one->key != other->key)
        return one->key < other->key ? -1 : 1;
    if (one->role != other->role)
        return one->role - other->role;
    return one->row != other->row ? one->row - other->row : one->part - other->part;
}

static struct vocable *find (const struct oversight *oversight, uint64_t key)
{
    uint32_t at = (uint32_t) key & (oversight->slot_count - 1);
    while (oversight->vocables[at].key && oversight->vocables[at].key != key)
        at = (at + 1) & (oversight->slot_count - 1);
    return &oversight->vocables[at];
}

uint32_t oversight_slot (const struct oversight *oversight, uint64_t key)
{
    const struct vocable *vocable = find (oversight, key);
    return vocable->key ? (uint32_t) (vocable - oversight->vocables) + 1 : 0;
}

static void count_keys (struct oversight *oversight)
{
    uint32_t keys = 0;
    for (uint32_t i = 0; i < oversight->member_count; i++)
        keys += i == 0 || oversight->members[i].key != oversight->members[i - 1].key;
    oversight->slot_count = 64;
    while (oversight->slot_count < 2 * keys)
        oversight->slot_count *= 2;
    oversight->vocables = xcalloc (oversight->slot_count, sizeof *oversight->vocables);
}

/* Each member once; of a word that is only known the vocable alone is kept. */
void oversight_seal (struct oversight *oversight)
{
    struct member *members = oversight->members;
    uint32_t kept = 0;
    oversight->owner = memo_owner ();
    slips_seal (oversight->slips);
    if (oversight->member_count)
        qsort (members, oversight->member_count, sizeof *members, by_key);
    count_keys (oversight);
    for (uint32_t i = 0; i < oversight->member_count; i++) {
        struct member member = members[i];
        struct vocable *vocable = find (oversight, member.key);
        if (!vocable->key) {
            vocable->key = member.key;
            for (unsigned role = 0; role <= ROLES; role++)
                vocable->from[role] = kept;
        }
        if (member.role == ROLE_NONE ||
            (kept > vocable->from[0] && by_key (&member, &members[kept - 1]) == 0))
            continue;
        members[kept++] = member;
        members[kept - 1].parts = oversight->rows[member.row].parts;
        vocable->begins |= member.role == ROLE_FIRST  ? 1u << member.kind
                           : member.role == ROLE_NEAR ? IN_DEED
                                                      : 0;
        for (unsigned role = member.role + 1u; role <= ROLES; role++)
            vocable->from[role] = kept;
    }
    oversight->member_count = kept;
}
