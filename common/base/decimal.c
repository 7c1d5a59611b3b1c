/* decimal.c - numbers that others wrote, as people write them: whole or not at all. */
#include "base/decimal.h"

#define PLACES 7 /* of a degree */

/* The digits that a text begins with, and their value; how many there are, 0 also of a value above `most`. */
static size_t digits_read (struct view text, uint64_t most, uint64_t *ret)
{
    size_t len = 0;

    for (*ret = 0; len < text.len && text.at[len] >= '0' && text.at[len] <= '9'; len++) {
        uint64_t digit = (uint64_t) (text.at[len] - '0');
        if (digit > most || *ret > (most - digit) / 10)
            return 0;
        *ret = *ret * 10 + digit;
    }
    return len;
}

bool decimal_parse (struct view text, uint64_t most, uint64_t *ret)
{
    return text.len && digits_read (text, most, ret) == text.len;
}

bool degree_parse (struct view text, unsigned most, int64_t *ret)
{
    bool south = text.len && *text.at == '-';
    size_t at = text.len && (south || *text.at == '+');
    uint64_t whole, parts = 0, unit = 1;
    size_t len = digits_read ((struct view){text.at + at, text.len - at}, most, &whole);

    if (!len)
        return false;
    at += len;
    if (at < text.len && (text.at[at++] != '.' || at == text.len))
        return false;
    for (unsigned place = 0; place <= PLACES; place++) {
        bool there = at + place < text.len;
        if (there && (text.at[at + place] < '0' || text.at[at + place] > '9'))
            return false;
        unsigned digit = there ? (unsigned) (text.at[at + place] - '0') : 0;
        if (place < PLACES) {
            parts = parts * 10 + digit;
            unit *= 10;
        } else
            parts += digit >= 5;
    }
    for (size_t i = at + PLACES; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    *ret = (int64_t) (whole * unit + parts);
    if ((uint64_t) *ret > most * unit)
        return false;
    *ret = south ? -*ret : *ret;
    return true;
}
