/* first.h - the report that a form has made already, where it comes again and says something else. */
#ifndef ADUAN_WEB_FIRST_H
#define ADUAN_WEB_FIRST_H

#include "../web.h"

/* Takes the visit over and answers it, with the first report's receipt; `stored` is what intake has rejected it with, for a
 * conflict, with its number.  Files that the form brought or named are offered for the reply (`digests`, copied).  Where a stricter choice could not be said: `away`, with the visit's work as it was. */
void first_take (struct visit *visit, const struct drawn *drawn,
                 const struct aduan_submitted *stored, const uint8_t *digests, unsigned file_count,
                 void (*away) (struct visit *visit));

#endif
