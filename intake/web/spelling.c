/* spelling.c - words as people type them on telephones. */
#include "spelling.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#define WORD_MOST   64 /* bytes of a folded word that is compared: none of ours is as long */
#define SIGN_MOST   4  /* bytes of a code point */
#define LETTERS_FEW 3  /* a single word of fewer says nothing */

/* ---- code points ------------------------------------------------------------------------------- */

/* The code point that a text, not at its end, begins with: its bytes.  What is no UTF-8 is one of a byte, and none that is known. */
static size_t sign_read (const char *text, utf8proc_int32_t *ret)
{
    utf8proc_ssize_t len = utf8proc_iterate ((const utf8proc_uint8_t *) text,
                                             (utf8proc_ssize_t) strnlen (text, SIGN_MOST), ret);

    if (len > 0)
        return (size_t) len;
    *ret = -1;
    return 1;
}

static bool is_letter (utf8proc_int32_t sign)
{
    utf8proc_category_t category = utf8proc_category (sign);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static bool is_word (utf8proc_int32_t sign)
{
    return is_letter (sign) || utf8proc_category (sign) == UTF8PROC_CATEGORY_ND;
}

static bool is_mark (utf8proc_int32_t sign)
{
    utf8proc_category_t category = utf8proc_category (sign);
    return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

static bool is_gap (utf8proc_int32_t sign)
{
    utf8proc_category_t category = utf8proc_category (sign);
    return (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_CF) ||
           category == UTF8PROC_CATEGORY_PD;
}

/* ---- words ------------------------------------------------------------------------------------- */

const char *word_first (const char *text)
{
    utf8proc_int32_t sign;

    for (size_t len; *text; text += len) {
        len = sign_read (text, &sign);
        if (is_word (sign))
            break;
    }
    return text;
}

size_t word_len (const char *text)
{
    utf8proc_int32_t sign;
    size_t at = 0;

    for (size_t len; text[at]; at += len) {
        len = sign_read (text + at, &sign);
        if (!is_word (sign) && !(at && is_mark (sign)))
            break;
    }
    return at;
}

const char *word_next (const char *text)
{
    return word_first (text + word_len (text));
}

size_t gap_len (const char *text)
{
    utf8proc_int32_t sign;
    size_t at = 0;

    for (size_t len; text[at]; at += len) {
        len = sign_read (text + at, &sign);
        if (!is_gap (sign))
            break;
    }
    return at;
}

bool word_fold (const char *text, char *ret, size_t size)
{
    utf8proc_uint8_t *folded = NULL;
    size_t word = word_len (text);
    utf8proc_ssize_t len;

    if (!word || word > SIGN_MOST * WORD_MOST)
        return false;
    len = utf8proc_map ((const utf8proc_uint8_t *) text, (utf8proc_ssize_t) word, &folded,
                        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                            UTF8PROC_IGNORE);
    bool good = len > 0 && (size_t) len < size;
    if (good)
        memcpy (ret, folded, (size_t) len + 1);
    free (folded);
    return good;
}

bool words_begin (const char *text, const char *words, const char **ret)
{
    char mine[WORD_MOST], theirs[WORD_MOST];

    words = word_first (words);
    if (!*words)
        return false;
    for (text = word_first (text); *words; words = word_next (words), text = word_next (text)) {
        if (!word_fold (words, mine, sizeof mine) || !word_fold (text, theirs, sizeof theirs) ||
            strcmp (mine, theirs) != 0)
            return false;
        *ret = text + word_len (text);
    }
    return true;
}

/* ---- what says nothing -------------------------------------------------------------------------- */

static size_t letters_of (const char *text)
{
    utf8proc_int32_t sign;
    size_t letters = 0, word = word_len (text);

    for (size_t at = 0; at < word; at += sign_read (text + at, &sign)) {
        sign_read (text + at, &sign);
        letters += is_letter (sign);
    }
    return letters;
}

static bool is_courtesy (const char *text)
{
    static const char *const words[] = {
#define COURTESY(word) word,
#include "courtesy.def"
    };
    char folded[WORD_MOST];

    if (!word_fold (text, folded, sizeof folded))
        return false;
    for (size_t i = 0; i < array_len (words); i++)
        if (strcmp (folded, words[i]) == 0)
            return true;
    return false;
}

bool says_nothing (const char *text)
{
    const char *at = word_first (text);

    if (*at && !*word_next (at) && letters_of (at) < LETTERS_FEW)
        return true;
    for (; *at; at = word_next (at))
        if (letters_of (at) && !is_courtesy (at))
            return false;
    return true;
}
