/* place.h - the place that a text names, by the names of all regions.  A name alone decides nothing: 26
 * names are both a city and a regency, 291 district names and 7,471 village names are not unique.
 * Evidence up and down the tree is combined; an ambiguous place is never guessed: it narrows to the
 * common ancestor of what it may be.  How people write about places: place.def.
 */
#ifndef ADUAN_PLACE_H
#define ADUAN_PLACE_H

#include "text.h"

struct gazetteer;

/* One region.  `name` as in the registry: "Kabupaten Semarang", "Kota Semarang", "Jawa Tengah", of
 * districts and villages the bare name. */
struct place_name {
    const char *code; /* 33, 33.74, 33.74.01, 33.74.01.1001 */
    const char *name;
};

/* Copies what it keeps, in any order; of a code that stands there twice the first counts.  Never fails:
 * a code that is not of this form and a name without letters are left out. */
struct gazetteer *gazetteer_new (const struct place_name *names, size_t count);
void gazetteer_free (struct gazetteer **gazetteer);

enum place_sure { PLACE_NONE, PLACE_AMBIGUOUS, PLACE_SURE };

struct place {
    enum place_sure sure;
    /* SURE: the most exact region that holds all that is meant; where that is more than one region, it is
     * a regency or a city or lies in one, and was named.  AMBIGUOUS: what the candidates have in common,
     * "" the nation. */
    char code[14];
    /* Permille, of the code holding where it happened: 1000 where a word says what the name is ("kota
     * Malang") or two names agree, less for a name that stands alone; 0 of NONE. */
    unsigned certain;
    char evidence[4][14]; /* it, or what it lies in, where the text names it; "" behind the last */
    char candidates[4][14]; /* AMBIGUOUS: what it may be, "" behind the last; there may be more */
};

/* `within` is what is known from elsewhere (a form's field), "" nothing; of a code that the gazetteer does
 * not have, the nearest above it.  Only regions in it count, and the answer is never less exact than it;
 * what the text says of elsewhere changes nothing.  Total on any text, the same answer again, in time that
 * is linear in the words; allocates nothing. */
void place_find (const struct gazetteer *gazetteer, const struct text *text, struct view within,
                 struct place *ret);

#endif
