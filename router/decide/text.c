/* text.c - bytes to words.  ASCII, nearly all of every text, goes by a table; other code points by
 * utf8proc.  Marks are dropped (é is e), so that it does not matter how somebody's keyboard makes them.
 * Letters and digits are words of their own (anak2, rt05); a letter three times or more is one (tolooong).
 */
#include "text.h"

#include <libstemmer.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define WORD_BYTES_MOST 64 /* longer ones are cut: nobody's word */
#define STEMS           8192
/* Shorter ones are rather the abbreviation of another word than the stem of this one. */
#define FORMAL_STEM_LEAST 4

/* ---- hashes ---------------------------------------------------------------------------------- */

uint64_t text_hash (const char *at, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char) at[i]) * 0x100000001b3u;
    hash ^= hash >> 32; /* its low bits alone choose a place in tables */
    return hash ? hash : 1;
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
static pthread_once_t spelling_once = PTHREAD_ONCE_INIT;

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

/* One thread decides, another reads rules: each has a stemmer and remembers what it stemmed. */
static _Thread_local struct {
    struct sb_stemmer *stemmer;
    struct {
        uint64_t form, stem;
    } known[STEMS];
} stems;

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
    if (!stems.stemmer) {
        stems.stemmer = sb_stemmer_new ("indonesian", "UTF_8");
        check (stems.stemmer);
    }
    const sb_symbol *stem =
        sb_stemmer_stem (stems.stemmer, (const sb_symbol *) word.at, (int) word.len);
    check (stem);
    return (struct view){(const char *) stem, (size_t) sb_stemmer_length (stems.stemmer)};
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
static uint64_t stem_of (uint64_t form, const char *at, size_t len)
{
    char buffer[WORD_BYTES_MOST + 4], restored[WORD_BYTES_MOST + 4];
    size_t slot = form % STEMS;
    if (stems.known[slot].form == form)
        return stems.known[slot].stem;
    struct view word = written_affixes ((struct view){at, len}, buffer);
    struct view stem = lost_letter (word, snowball (word), restored);
    const char *formal = NULL;
    if (stem.len >= FORMAL_STEM_LEAST && stem.len < len)
        formal = formal_of (text_hash (stem.at, stem.len));
    if (formal && !strchr (formal, ' '))
        stem = snowball (view_of (formal));
    stems.known[slot].form = form;
    stems.known[slot].stem = text_hash (stem.at, stem.len);
    return stems.known[slot].stem;
}

void text_thread_end (void)
{
    if (stems.stemmer)
        sb_stemmer_delete (stems.stemmer);
    stems.stemmer = NULL;
}

/* ---- words ----------------------------------------------------------------------------------- */

static void add_word (struct text *text, const char *at, size_t len, unsigned flags, uint64_t form)
{
    if (text->count == TEXT_WORDS_MOST)
        return;
    if (text->count == text->room) {
        text->room = text->room ? text->room * 2 : 128;
        text->words = xrealloc (text->words, text->room * sizeof *text->words);
    }
    if (text->folded.len)
        buffer_add (&text->folded, " ", 1);
    text->words[text->count++] =
        (struct word){.form = form,
                      .stem = flags & WORD_NUMBER ? form : stem_of (form, at, len),
                      .at = (uint32_t) text->folded.len,
                      .len = (uint16_t) len,
                      .flags = (uint16_t) flags};
    buffer_add (&text->folded, at, len);
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

static void end_word (struct text *text, char *at, size_t len, unsigned flags)
{
    if (!(flags & WORD_NUMBER))
        len = squeeze (at, len);
    uint64_t form = text_hash (at, len);
    const char *formal = flags & WORD_NUMBER ? NULL : formal_of (form);
    if (!formal) {
        add_word (text, at, len, flags, form);
        return;
    }
    flags |= WORD_RESPELT;
    while (*formal) {
        size_t part = strcspn (formal, " ");
        add_respelt (text, at, len);
        add_word (text, formal, part, flags, text_hash (formal, part));
        flags &= ~(unsigned) WORD_BREAK;
        len = 0;
        formal += part + (formal[part] == ' ');
    }
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

/* One code point, as it enters words: at most 18 of them by compatibility (U+FDFA), each of 4 bytes. */
#define POINT_BYTES 80

struct reader {
    struct text *text;
    char word[WORD_BYTES_MOST + POINT_BYTES];
    size_t len;
    unsigned flags; /* of the word */
    unsigned next;  /* of the next one: WORD_BREAK */
};

static void finish (struct reader *reader)
{
    if (reader->len)
        end_word (reader->text, reader->word, reader->len, reader->flags);
    reader->len = 0;
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
    }
    if (reader->len + len > WORD_BYTES_MOST)
        return;
    memcpy (reader->word + reader->len, at, len);
    reader->len += len;
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

static void read_field (struct text *text, struct view field)
{
    static enum sign signs[128];
    if (!signs['0'])
        for (unsigned i = 0; i < 128; i++)
            signs[i] = ascii_sign ((unsigned char) i);
    struct reader reader = {.text = text, .next = WORD_BREAK};
    for (size_t at = 0; at < field.len && text->count < TEXT_WORDS_MOST;) {
        unsigned char byte = (unsigned char) field.at[at];
        if (byte < 128) {
            char letter = (char) (byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
            put (&reader, signs[byte], &letter, 1);
            at++;
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

void text_read (struct text *text, struct view title, struct view body, struct view location)
{
    pthread_once (&spelling_once, fill_spelling_table);
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
