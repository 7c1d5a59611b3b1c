/* decimal.h - numbers that others wrote, as people write them: whole or not at all.
 *
 * strtoul takes "5x", " 5" and "-1", and what is too large for it; a number that a person said is right, or it is a fault of its field. */
#ifndef ADUAN_DECIMAL_H
#define ADUAN_DECIMAL_H

#include "base/base.h"

/* Digits alone, and no more than `most`: "5x", "0x10", "+5", " 5" and "" are no number. */
bool decimal_parse (struct view text, uint64_t most, uint64_t *ret);
/* Degrees, "-6.9825": digits, then nothing or a dot and digits; at most `most` either way.  *ret: 1e-7 degree, rounded. */
bool degree_parse (struct view text, unsigned most, int64_t *ret);

#endif
