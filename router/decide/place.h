/* place.h - the place that a text names, by the names of all regions.  A name alone decides nothing: 26
 * names are both a city and a regency, 291 district names and 7,471 village names are not unique.
 * Evidence up and down the tree is combined; an ambiguous place is never guessed: it narrows to the
 * common ancestor of what it may be.
 */
#ifndef ADUAN_PLACE_H
#define ADUAN_PLACE_H

#include "text.h"

struct gazetteer;

/* One region, parents before children.  `name` as in the registry: "Kabupaten Semarang", "Kota
 * Semarang", "Jawa Tengah", of districts and villages the bare name. */
struct place_name {
    const char *code; /* 33, 33.74, 33.74.01, 33.74.01.1001 */
    const char *name;
};

/* Copies what it keeps.  Never fails: a name without letters is left out. */
struct gazetteer *gazetteer_new (const struct place_name *names, size_t count);
void gazetteer_free (struct gazetteer **gazetteer);

enum place_sure { PLACE_NONE, PLACE_AMBIGUOUS, PLACE_SURE };

struct place {
    enum place_sure sure;
    char code[14];         /* SURE: the most exact region; AMBIGUOUS: the common ancestor, "" the nation */
    char evidence[4][14];  /* regions whose names were taken as evidence, "" behind the last */
    char candidates[4][14]; /* AMBIGUOUS: what it may be, "" behind the last */
};

/* `within` is what is known from elsewhere (a form's field), "" nothing: only regions in it count, and
 * the answer is never less exact than it. */
void place_find (const struct gazetteer *gazetteer, const struct text *text, struct view within,
                 struct place *ret);

#endif
