/* weak.c - passwords that are guessed first, as NIST SP 800-63B 5.1.1.2 asks: long ones, none that is known, repeats or
 * goes on by itself, none made of where and whose it is; no rules of what signs it must hold.
 *
 * Everything is looked at in small letters.  Signs are bytes: a letter of another alphabet is two or more of them.
 */
#include "weak.h"
#include "base/base.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DISTINCT_LEAST 5 /* different signs */
#define FRESH_LEAST    9 /* signs that no row goes on with */
#define REST_LEAST     4 /* letters beside the known words */
#define LOGIN_COUNTS   4 /* a shorter login stands in many words */

static const char *const words[] = {
#define WEAK(word) word,
#include "weak.def"
};

static bool is_letter (char sign)
{
    return (sign >= 'a' && sign <= 'z') || (unsigned char) sign >= 0x80;
}

static void fold (char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char) (*text - 'A' + 'a');
}

static char *folded (const char *text)
{
    char *copy = xstrdup (text);
    fold (copy);
    return copy;
}

static bool has_few_signs (const char *text)
{
    bool seen[256] = {false};
    unsigned count = 0;
    for (; *text; text++) {
        count += !seen[(unsigned char) *text];
        seen[(unsigned char) *text] = true;
    }
    return count < DISTINCT_LEAST;
}

/* The length of the shortest piece that it is a repeat of; the last one may be cut off. */
static size_t piece_of (const char *text, size_t len)
{
    for (size_t piece = 1; piece < len; piece++)
        if (memcmp (text, text + piece, len - piece) == 0)
            return piece;
    return len;
}

/* Where a sign stands in its row of the keyboard; -100: in none. */
static int place_of (char sign)
{
    static const char *const keyboard[] = {"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"};
    for (int i = 0; i < (int) array_len (keyboard); i++) {
        const char *found = sign ? strchr (keyboard[i], sign) : NULL;
        if (found)
            return 100 * i + (int) (found - keyboard[i]);
    }
    return -100;
}

/* Does the third of three signs go on as the first two: aaa, abc, 321, qwe? */
static bool goes_on (const char *at)
{
    int step = at[1] - at[0], further = at[2] - at[1];
    if (step == further && step >= -1 && step <= 1)
        return true;
    step = place_of (at[1]) - place_of (at[0]);
    further = place_of (at[2]) - place_of (at[1]);
    return step == further && (step == 1 || step == -1);
}

static bool is_row (const char *text, size_t len)
{
    size_t fresh = len < 2 ? len : 2;
    for (size_t i = 2; i < len; i++)
        fresh += !goes_on (text + i - 2);
    return fresh < FRESH_LEAST;
}

/* Takes `word` out wherever it stands; was it there? */
static bool take_out (char *text, const char *word)
{
    size_t len = strlen (word);
    char *found = text;
    bool was = false;
    while ((found = strstr (found, word)) != NULL) {
        memset (found, ' ', len); /* what stood around it does not become a word */
        was = true;
    }
    return was;
}

/* Known words, and nothing else but digits and what stands between. */
static bool is_known (char *text)
{
    bool known = false;
    size_t rest = 0;
    for (size_t i = 0; i < array_len (words); i++)
        known |= take_out (text, words[i]);
    for (; *text; text++)
        rest += is_letter (*text);
    return known && rest < REST_LEAST;
}

static enum weak judge (char *text, size_t least, const char *login)
{
    static const char own[] = "aduan";
    size_t len = strlen (text), piece = piece_of (text, len);
    char *whose = folded (login ? login : "");
    bool is_own = strstr (text, own) || (strlen (whose) >= LOGIN_COUNTS && strstr (text, whose));
    free (whose);
    if (is_own)
        return WEAK_OWN;
    if (has_few_signs (text) || piece < least || is_row (text, len))
        return WEAK_PLAIN;
    return is_known (text) ? WEAK_KNOWN : WEAK_NOT;
}

/* Without what stands between letters and digits. */
static void close_up (char *text)
{
    char *to = text;
    for (; *text; text++)
        if (is_letter (*text) || (*text >= '0' && *text <= '9'))
            *to++ = *text;
    *to = '\0';
}

enum weak password_weak (const char *password, size_t least, const char *login)
{
    size_t len = strlen (password);
    char *text = folded (password);
    enum weak found = judge (text, least, login);
    if (found == WEAK_NOT) {
        memcpy (text, password, len);
        fold (text);
        close_up (text);
        found = strlen (text) >= least && is_row (text, strlen (text)) ? WEAK_PLAIN
                : is_known (text)                                      ? WEAK_KNOWN
                                                                       : WEAK_NOT;
    }
    sodium_memzero (text, len);
    free (text);
    return found;
}
