/* may.h - what a case takes from its reporter now, by its row of web_case.
 *
 * Intake says ACCEPTED to every word that is well-formed; whether the case can take it only the store judges, later, when nobody
 * waits for an answer any more.  So whoever has a reader that does (a page, the integrators' API) asks here first.
 */
#ifndef ADUAN_WEB_MAY_H
#define ADUAN_WEB_MAY_H

#include <jansson.h>
#include "base/base.h"

/* What is said on a case. */
struct word {
    uint32_t kind;                       /* enum aduan_kind, reply to flags */
    const char *text;                    /* "": none */
    uint32_t rating;                     /* 0: none */
    uint32_t consent, anonymous, secret; /* enum aduan_flag, of those kinds alone */
};

/* Does the row's case take a word?  So it does where its history has that very word of the reporter's: that is a repeat, whose
 * answer was lost, and the case may have ended by it or since. */
bool case_takes (const json_t *row, const struct word *word);

#endif
