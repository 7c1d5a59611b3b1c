/* may.h - what a case takes from its reporter now, by its row of web_case.
 *
 * Intake says ACCEPTED to every word that is well-formed; whether the case can take it only the store judges, later, when nobody
 * waits for an answer any more.  So whoever has a reader that does (a page, the integrators' API) asks here first.
 */
#ifndef ADUAN_WEB_MAY_H
#define ADUAN_WEB_MAY_H

#include <jansson.h>
#include "base/base.h"

/* Does the row's case take a word of this kind (enum aduan_kind, reply to flags)?  So it does where its history has that very
 * word of the reporter's, `text` ("" where there is none) and `rating` (0: none): that is a repeat, whose answer was lost, and
 * the case may have ended by it.  Answers and flags have no words by which a repeat would be known. */
bool case_takes (const json_t *row, uint32_t kind, const char *text, uint32_t rating);

#endif
