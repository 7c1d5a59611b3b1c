/* personal.h - does a text hold what looks like somebody's own data?  (DOMAIN 8.3, rule 11)  Pure.
 *
 * What is to be published is read for numbers that could be a NIK, for Indonesian telephone numbers and for mail
 * addresses; where one is found a person decides.  It errs towards finding: what is held in vain costs a click, what is
 * published in error cannot be taken back.  Names and addresses of houses it does not know.
 */
#ifndef ADUAN_PERSONAL_H
#define ADUAN_PERSONAL_H

#include "base/base.h"

/* What was found, as bits. */
enum {
    PERSONAL_NIK =
        1, /* sixteen digits, together or in groups of four and more: also of a family card, a bank card */
    PERSONAL_PHONE = 2, /* 08..., +62..., an area code and a number: however it is grouped */
    PERSONAL_MAIL = 4
};

/* Bits of the above, 0: nothing.  `text` is UTF-8, of any length; digits of full width count, what nobody sees between
 * digits (utf8_unseen) does not part them.  Costs a look at each byte. */
unsigned personal_find (struct view text);

#endif
