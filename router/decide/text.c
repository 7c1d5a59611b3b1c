/* text.c - bytes to words.  ASCII, nearly all of every text, goes by a table; other code points by
 * utf8proc.  Marks are dropped (é is e), so that it does not matter how somebody's keyboard makes them.
 * Letters and digits are words of their own (anak2, rt05); a letter three times or more is one (tolooong).
 */
#include "text.h"
#include "memo.h"

#include <libstemmer.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define WORD_BYTES_MOST 64 /* longer ones are cut: nobody's word */
/* One code point, as it enters words: at most 18 of them by compatibility (U+FDFA), each of 4 bytes. */
#define POINT_BYTES 80
#define MEMO_WORDS  8192
/* Shorter ones are rather the abbreviation of another word than the stem of this one. */
#define FORMAL_STEM_LEAST 4

/* ---- hashes ---------------------------------------------------------------------------------- */

#define HASH_BEGIN 0xcbf29ce484222325u /* FNV-1a */

static inline uint64_t hash_byte (uint64_t hash, char byte)
{
    return (hash ^ (unsigned char) byte) * 0x100000001b3u;
}

static inline uint64_t hash_end (uint64_t hash)
{
    hash ^= hash >> 32; /* its low bits alone choose a place in tables */
    return hash ? hash : 1;
}

uint64_t text_hash (const char *at, size_t len)
{
    uint64_t hash = HASH_BEGIN;
    for (size_t i = 0; i < len; i++)
        hash = hash_byte (hash, at[i]);
    return hash_end (hash);
}

/* ---- spelling -------------------------------------------------------------------------------- */

static const struct spelling {
    const char *informal, *formal;
} spellings[] = {
#define SPELLING(informal, formal) {informal, formal},
#include "spelling.def"
#undef SPELLING
};

#define SPELLING_SLOTS 8192
_Static_assert(SPELLING_SLOTS > 2 * array_len (spellings), "the table must stay half empty");

struct spelling_slot {
    uint64_t form;
    const char *formal;
};

static struct spelling_slot spelling_table[SPELLING_SLOTS];

static void fill_spelling_table (void)
{
    for (size_t i = 0; i < array_len (spellings); i++) {
        uint64_t form = text_hash (spellings[i].informal, strlen (spellings[i].informal));
        size_t slot = form % SPELLING_SLOTS;
        while (spelling_table[slot].form && spelling_table[slot].form != form)
            slot = (slot + 1) % SPELLING_SLOTS;
        spelling_table[slot] = (struct spelling_slot){form, spellings[i].formal};
    }
}

static const char *formal_of (uint64_t form)
{
    const struct spelling_slot *table = spelling_table;
    for (size_t slot = form % SPELLING_SLOTS; table[slot].form; slot = (slot + 1) % SPELLING_SLOTS)
        if (table[slot].form == form)
            return table[slot].formal;
    return NULL;
}

/* ---- stems ----------------------------------------------------------------------------------- */

/* One thread decides, another reads rules: each has a stemmer. */
static _Thread_local struct sb_stemmer *stemmer;

static bool starts (struct view word, const char *with)
{
    size_t len = strlen (with);
    return word.len >= len && memcmp (word.at, with, len) == 0;
}

static bool vowel (char letter)
{
    return memchr ("aeiou", letter, 5) != NULL;
}

/* Spoken affixes as they are written: di-...-in is di-...-kan (dibenerin), nge- before a consonant is no
 * part of the stem (ngecek), ng- before a vowel is meng- (ngurus). */
static struct view written_affixes (struct view word, char into[WORD_BYTES_MOST + 4])
{
    static const char *const whole[] = {"dingin", "disiplin", "dijamin", "dipimpin"};
    for (size_t i = 0; i < array_len (whole); i++)
        if (view_is (word, whole[i]))
            return word;
    bool in = word.len > 5 && memcmp (word.at + word.len - 2, "in", 2) == 0;
    bool nge = starts (word, "nge") && word.len > 5 && !vowel (word.at[3]);
    bool ng = !nge && starts (word, "ng") && word.len > 4 && vowel (word.at[2]);
    if (!nge && !ng && !(in && starts (word, "di")))
        return word;
    if (nge)
        word = (struct view){word.at + 3, word.len - 3};
    size_t len = ng ? 2 : 0;
    memcpy (into, "me", len);
    memcpy (into + len, word.at, word.len);
    len += word.len;
    if (in) {
        memcpy (into + len - 2, "kan", 3);
        len++;
    }
    return (struct view){into, len};
}

static struct view snowball (struct view word)
{
    if (!stemmer) {
        stemmer = sb_stemmer_new ("indonesian", "UTF_8");
        check (stemmer);
    }
    const sb_symbol *stem = sb_stemmer_stem (stemmer, (const sb_symbol *) word.at, (int) word.len);
    check (stem);
    return (struct view){(const char *) stem, (size_t) sb_stemmer_length (stemmer)};
}

/* Snowball leaves "menebang" as "ebang", away from "tebang": a root's t or n is lost behind men- and pen-,
 * its k behind meng- and peng-.  Before a vowel the first is nearly always a t; of k those that are. */
static struct view lost_letter (struct view word, struct view stem, char into[WORD_BYTES_MOST + 4])
{
    static const char *const of_n[] = {"ikah", "ilai", "anti", "asihat", "asehat", "yata"};
    static const char *const of_k[] = {"irim",   "eruk",  "eluh",  "elola", "enal",   "unci",
                                       "unjung", "umpul", "urang", "eluar", "endara", "emudi",
                                       "otor",   "osong", "ejar",  "ering", "ubur",   "upas"};
    bool men = (starts (word, "men") || starts (word, "pen")) && word.len > 5 && vowel (word.at[3]);
    bool meng =
        (starts (word, "meng") || starts (word, "peng")) && word.len > 6 && vowel (word.at[4]);
    size_t prefix = men ? 3 : 4;
    if ((!men && !meng) || stem.len + prefix > word.len ||
        memcmp (word.at + prefix, stem.at, stem.len) != 0)
        return stem;
    struct view rest = {word.at + prefix, word.len - prefix};
    char letter = men ? 't' : 0;
    for (size_t i = 0; men && i < array_len (of_n); i++)
        letter = starts (rest, of_n[i]) ? 'n' : letter;
    for (size_t i = 0; meng && i < array_len (of_k); i++)
        letter = starts (rest, of_k[i]) ? 'k' : letter;
    if (!letter)
        return stem;
    into[0] = letter;
    memcpy (into + 1, stem.at, stem.len);
    return snowball ((struct view){into, stem.len + 1});
}

/* A stem that is spelt informally counts as its formal spelling's: lobangnya, dibenerin. */
static uint64_t stem_of (const char *at, size_t len)
{
    char buffer[WORD_BYTES_MOST + 4], restored[WORD_BYTES_MOST + 4];
    struct view word = written_affixes ((struct view){at, len}, buffer);
    struct view stem = lost_letter (word, snowball (word), restored);
    const char *formal = NULL;
    if (stem.len >= FORMAL_STEM_LEAST && stem.len < len)
        formal = formal_of (text_hash (stem.at, stem.len));
    if (formal && !strchr (formal, ' '))
        stem = snowball (view_of (formal));
    return text_hash (stem.at, stem.len);
}

void text_thread_end (void)
{
    if (stemmer)
        sb_stemmer_delete (stemmer);
    stemmer = NULL;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Most words of a text were in those before it: what follows from a spelling is kept. */
struct known {
    uint64_t form; /* 0: free */
    uint64_t stem;
    const char *formal; /* NULL: it is spelt formally */
};

static _Thread_local struct known words_known[MEMO_WORDS];

static const struct known *learn (struct known *known, uint64_t form, const char *at, size_t len)
{
    *known = (struct known){form, stem_of (at, len), formal_of (form)};
    return known;
}

static struct known *place_of (uint64_t form)
{
    return &words_known[form % MEMO_WORDS];
}

/* Where the next word is written, behind the words before and a space. */
#define WORD_ROOM 256
_Static_assert(WORD_ROOM > 1 + WORD_BYTES_MOST + POINT_BYTES, "a word and what may follow it fit");

static char *next_word (struct text *text)
{
    return buffer_room (&text->folded, WORD_ROOM) + (text->folded.len > 0);
}

/* The word that stands where the next one is written becomes one of the text's. */
static void add_word (struct text *text, size_t len, unsigned flags, uint64_t form, uint64_t stem)
{
    if (text->count == TEXT_WORDS_MOST)
        return;
    if (text->count == text->room) {
        text->room = text->room ? text->room * 2 : 128;
        text->words = xrealloc (text->words, text->room * sizeof *text->words);
    }
    if (text->folded.len)
        text->folded.at[text->folded.len++] = ' ';
    text->words[text->count++] = (struct word){.form = form,
                                               .stem = stem,
                                               .at = (uint32_t) text->folded.len,
                                               .len = (uint16_t) len,
                                               .flags = (uint16_t) flags};
    text->folded.len += len;
}

/* A letter that stands three times or more was meant once; but "III" is a numeral, as villages have. */
static size_t squeeze (char *at, size_t len)
{
    size_t kept = 0, numeral = 0;
    while (numeral < len && (at[numeral] == 'i' || at[numeral] == 'v' || at[numeral] == 'x'))
        numeral++;
    if (numeral == len)
        return len;
    for (size_t i = 0, run = 1; i < len; i += run, run = 1) {
        while (i + run < len && at[i + run] == at[i])
            run++;
        size_t keep = run >= 3 && at[i] >= 'a' && at[i] <= 'z' ? 1 : run;
        memmove (at + kept, at + i, keep);
        kept += keep;
    }
    return kept;
}

static void add_respelt (struct text *text, const char *at, size_t len)
{
    if (text->respelt_count == text->respelt_room) {
        text->respelt_room = text->respelt_room ? text->respelt_room * 2 : 32;
        text->respelt = xrealloc (text->respelt, text->respelt_room * sizeof *text->respelt);
    }
    text->respelt[text->respelt_count++] =
        (struct respelt){(uint32_t) text->count, (uint32_t) text->written.len, (uint16_t) len};
    buffer_add (&text->written, at, len);
}

struct view text_written (const struct text *text, size_t word)
{
    const struct word *one = &text->words[word];
    if (!(one->flags & WORD_RESPELT))
        return (struct view){text->folded.at + one->at, one->len};
    size_t low = 0, high = text->respelt_count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (text->respelt[middle].word <= word)
            low = middle;
        else
            high = middle;
    }
    return (struct view){text->written.at + text->respelt[low].at, text->respelt[low].len};
}

/* A word that was spelt informally, as its formal ones. */
static void add_formal (struct text *text, const char *at, size_t len, unsigned flags,
                        const char *formal)
{
    flags |= WORD_RESPELT;
    while (*formal) {
        size_t part = strcspn (formal, " ");
        uint64_t form = text_hash (formal, part);
        struct known *known = place_of (form);
        if (known->form != form)
            learn (known, form, formal, part);
        add_respelt (text, at, len);
        memcpy (next_word (text), formal, part);
        add_word (text, part, flags, form, known->stem);
        flags &= ~(unsigned) WORD_BREAK;
        len = 0;
        formal += part + (formal[part] == ' ');
    }
}

/* Ends the word that stands where the next one is written.  None that is known has a letter three times. */
static void end_word (struct text *text, char *at, size_t len, unsigned flags, uint64_t form)
{
    if (flags & WORD_NUMBER) {
        add_word (text, len, flags, form, form);
        return;
    }
    struct known *known = place_of (form);
    if (known->form != form) {
        size_t whole = len;
        len = squeeze (at, len);
        form = len < whole ? text_hash (at, len) : form;
        known = place_of (form);
        if (known->form != form)
            learn (known, form, at, len);
    }
    if (known->formal)
        add_formal (text, at, len, flags, known->formal);
    else
        add_word (text, len, flags, form, known->stem);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

enum sign { SIGN_GAP, SIGN_BREAK, SIGN_LETTER, SIGN_CAPITAL, SIGN_DIGIT, SIGN_JOIN };

static enum sign ascii_sign (unsigned char byte)
{
    if (byte >= 'a' && byte <= 'z')
        return SIGN_LETTER;
    if (byte >= 'A' && byte <= 'Z')
        return SIGN_CAPITAL;
    if (byte >= '0' && byte <= '9')
        return SIGN_DIGIT;
    if (byte == '\'' || byte == '`')
        return SIGN_JOIN; /* jum'at */
    return strchr (".!?;:,\n()", byte) && byte ? SIGN_BREAK : SIGN_GAP;
}

static enum sign unicode_sign (utf8proc_int32_t point)
{
    switch (utf8proc_category (point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT: return SIGN_CAPITAL;
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return SIGN_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return SIGN_DIGIT;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF: return SIGN_JOIN;
    default: return point == 0x2019 || point == 0x2bc ? SIGN_JOIN : SIGN_GAP;
    }
}

struct reader {
    struct text *text;
    char *word; /* where the text's next one is written */
    size_t len;
    uint64_t hash;
    unsigned flags; /* of the word */
    unsigned next;  /* of the next one: WORD_BREAK */
};

static void finish (struct reader *reader)
{
    if (reader->len)
        end_word (reader->text, reader->word, reader->len, reader->flags, hash_end (reader->hash));
    reader->len = 0;
}

/* Longer words are cut, between two points. */
static inline void put_bytes (struct reader *reader, const char *at, size_t len)
{
    if (reader->len + len > WORD_BYTES_MOST)
        return;
    for (size_t i = 0; i < len; i++) {
        reader->word[reader->len++] = at[i];
        reader->hash = hash_byte (reader->hash, at[i]);
    }
}

static void put (struct reader *reader, enum sign sign, const char *at, size_t len)
{
    if (sign == SIGN_JOIN)
        return;
    if (sign == SIGN_GAP || sign == SIGN_BREAK) {
        finish (reader);
        reader->next |= sign == SIGN_BREAK ? WORD_BREAK : 0;
        return;
    }
    if (reader->len && (sign == SIGN_DIGIT) != ((reader->flags & WORD_NUMBER) != 0))
        finish (reader);
    if (reader->len == 0) {
        reader->flags = reader->next | (sign == SIGN_DIGIT ? WORD_NUMBER : 0) |
                        (sign == SIGN_CAPITAL ? WORD_CAPITAL : 0);
        reader->next = 0;
        reader->word = next_word (reader->text);
        reader->hash = HASH_BEGIN;
    }
    put_bytes (reader, at, len);
}

/* A sign that stands raised behind a word is none of its letters: ™. */
static bool is_raised (utf8proc_int32_t point)
{
    const utf8proc_property_t *property = utf8proc_get_property (point);
    return property->category == UTF8PROC_CATEGORY_SO &&
           property->decomp_type == UTF8PROC_DECOMP_TYPE_SUPER;
}

/* Without DECOMPOSE, COMPAT and STRIPMARK do nothing.  What a point is made of says what it is: circled letters
 * are symbols, made of letters. */
static void put_unicode (struct reader *reader, utf8proc_int32_t point)
{
    static const utf8proc_option_t how =
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
    utf8proc_int32_t points[32];
    int boundary = UTF8PROC_BOUNDCLASS_START;
    enum sign whole = unicode_sign (point);
    if (whole == SIGN_JOIN || is_raised (point)) {
        put (reader, whole == SIGN_JOIN ? SIGN_JOIN : SIGN_GAP, "", 0);
        return;
    }
    utf8proc_ssize_t count = utf8proc_decompose_char (point, points, 32, how, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && count <= 32; i++) {
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t len = utf8proc_encode_char (points[i], bytes);
        enum sign sign =
            points[i] < 128 ? ascii_sign ((unsigned char) points[i]) : unicode_sign (points[i]);
        put (reader, sign == SIGN_LETTER && whole == SIGN_CAPITAL ? SIGN_CAPITAL : sign,
             (const char *) bytes, (size_t) len);
    }
}

/* What an ASCII byte is, and its letter small. */
static struct {
    uint8_t sign;
    char letter; /* 0: it is none */
} ascii[128];

static void fill_ascii (void)
{
    for (unsigned i = 0; i < array_len (ascii); i++) {
        unsigned char byte = (unsigned char) i;
        bool capital = byte >= 'A' && byte <= 'Z';
        ascii[i].sign = (uint8_t) ascii_sign (byte);
        ascii[i].letter = capital                      ? (char) (byte + 32)
                          : byte >= 'a' && byte <= 'z' ? (char) byte
                                                       : 0;
    }
}

/* The ASCII letters that stand here, or one other byte; how many. */
static size_t put_ascii (struct reader *reader, const char *at, size_t len)
{
    unsigned char byte = (unsigned char) at[0];
    size_t taken = 1;
    put (reader, ascii[byte].sign, ascii[byte].letter ? &ascii[byte].letter : at, 1);
    if (!ascii[byte].letter)
        return 1;
    for (; taken < len && (byte = (unsigned char) at[taken]) < 128 && ascii[byte].letter; taken++)
        put_bytes (reader, &ascii[byte].letter, 1);
    return taken;
}

static void read_field (struct text *text, struct view field)
{
    struct reader reader = {.text = text, .next = WORD_BREAK};
    for (size_t at = 0; at < field.len && text->count < TEXT_WORDS_MOST;) {
        if ((unsigned char) field.at[at] < 128) {
            at += put_ascii (&reader, field.at + at, field.len - at);
            continue;
        }
        utf8proc_int32_t point;
        utf8proc_ssize_t len = utf8proc_iterate ((const utf8proc_uint8_t *) field.at + at,
                                                 (utf8proc_ssize_t) (field.len - at), &point);
        if (len > 0)
            put_unicode (&reader, point);
        at += len > 0 ? (size_t) len : 1;
    }
    finish (&reader);
}

static void fill_tables (void)
{
    fill_spelling_table ();
    fill_ascii ();
}

void text_read (struct text *text, struct view title, struct view body, struct view location)
{
    static pthread_once_t tables_once = PTHREAD_ONCE_INIT;
    pthread_once (&tables_once, fill_tables);
    text->count = 0;
    text->respelt_count = 0;
    buffer_clear (&text->folded);
    buffer_clear (&text->written);
    read_field (text, title);
    read_field (text, body);
    read_field (text, location);
}

void text_free (struct text *text)
{
    free (text->words);
    buffer_free (&text->folded);
    free (text->respelt);
    buffer_free (&text->written);
    *text = (struct text){0};
}
