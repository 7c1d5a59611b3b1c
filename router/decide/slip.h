/* slip.h - a slip of the pen: the known word that an unknown one was meant to be, when one letter is
 * missing, too many, swapped with its neighbour, or wrong.  The first letter is taken to be right.
 */
#ifndef ADUAN_SLIP_H
#define ADUAN_SLIP_H

#include "base/base.h"

struct slips;

struct slips *slips_new (void);
void slips_free (struct slips **slips);

/* Words of 5 to 20 letters a to z are kept, each once; others are nobody's slip.  `value` comes back for
 * its slips; 0 for a word that is known so that it is not taken for a slip of another. */
void slips_add (struct slips *slips, struct view word, uint32_t value);
/* After the last word, before the first look. */
void slips_seal (struct slips *slips);

/* The value of the one word that is nearest; 0 where the word is known, or none is near, or two are as near. */
uint32_t slips_find (const struct slips *slips, struct view word);

#endif
