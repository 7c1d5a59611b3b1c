/* open311_rows.h - lists of aduan-query that may be longer than one of its answers. */
#ifndef ADUAN_OPEN311_ROWS_H
#define ADUAN_OPEN311_ROWS_H

#include <string.h>
#include "open311.h"

#define OPEN311_PAGE                                                                               \
    "{page}" /* where these stand among the arguments, page and rows of a page go */
#define OPEN311_SIZE "{size}"

#define OPEN311_LARGE                                                                              \
    "query_large" /* `why` of the fault where one without pages is over the limit of an answer */

/* Reads rows `from` to `until` (not included) of the query into the visit's value "rows", then calls `finish`; of what failed
 * the visit has a fault.  Takes `arguments`. */
void open311_rows (struct visit *visit, const char *query, json_t *arguments, size_t from,
                   size_t until, void (*finish) (struct visit *visit));

#endif
