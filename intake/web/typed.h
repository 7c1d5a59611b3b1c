/* typed.h - number and access code as people type and paste them.
 *
 * From a receipt they copy blanks that do not break, dots, dashes, quotes and the words before it: "Kode: 7K3M ...".  The signs are
 * those of Crockford's base 32 (domain/number.h): any letter case, O is 0, I and L are 1.
 */
#ifndef ADUAN_WEB_TYPED_H
#define ADUAN_WEB_TYPED_H

#include "web.h"

/* The tracking number at the end of `said`, in its own form; false: there is none. */
bool typed_number (const char *said, char ret[ADUAN_NUMBER_SIZE]);
/* The access code at the end of `said`, and proof_hash of it; false: there is none. */
bool typed_code (const char *said, char ret[ADUAN_CODE_SIZE], char ret_hash[65]);

#endif
