/* typed.c - number and access code as people type and paste them. */
#include "typed.h"
#include <string.h>
#include "domain/number.h"

static bool is_sign (char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The last `count` signs, in `ret`, which is empty where there are fewer, or where they begin within a word.  Bytes of what is no
 * ASCII are none of a sign: blanks, dashes and quotes of every kind go. */
static void signs_take (const char *said, size_t count, char *ret)
{
    size_t at = strlen (said);

    ret[0] = 0;
    ret[count] = 0;
    for (size_t left = count; left;) {
        if (at == 0) {
            ret[0] = 0;
            return;
        }
        if (is_sign (said[--at]))
            ret[--left] = said[at];
    }
    if (at && is_sign (said[at - 1]))
        ret[0] = 0;
}

bool typed_number (const char *said, char ret[ADUAN_NUMBER_SIZE])
{
    char signs[NUMBER_LEN + 1];
    uint64_t bits;

    signs_take (said, NUMBER_LEN, signs);
    if (number_parse (view_of (signs), &bits) != 0)
        return false;
    number_of_bits (bits, ret);
    return true;
}

bool typed_code (const char *said, char ret[ADUAN_CODE_SIZE], char ret_hash[65])
{
    signs_take (said, CODE_LEN, ret);
    return proof_hash (ret, ret_hash);
}
