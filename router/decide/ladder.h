/* ladder.h - what the rungs share while one decision is made. */
#ifndef ADUAN_LADDER_H
#define ADUAN_LADDER_H

#include "decide.h"

#define PROVINCE_LEN 2 /* of its code, 33 */

/* What rung 4 thinks of the words: duties with their chances. */
#define OPINIONS 4 /* the candidates, and one that may not be one */
struct opinion {
    struct duty duty;
    float chance; /* 0 to 1, over all duties */
    enum ground ground;
    const char *parameter;
    unsigned level; /* that its words speak for, as in struct category */
};

struct ladder {
    const struct routing *routing;
    const struct registry *registry;
    const struct question *question;
    const struct text *text;
    struct view place;   /* in the registry; empty: not known */
    struct place found;  /* what the text says of it */
    unsigned place_sure; /* permille, of it: of the text's as it was found, else 1000 */
    bool vague;          /* what is known may be one of several regencies, or was mistyped */
    const struct category *category; /* NULL: not said, or not known */
    uint16_t function;               /* of the category, 0: none */
    const struct agency *target;     /* as named; NULL: none, or unknown */
    const struct agency *accused;    /* whose inspectorate judges: who has it, else the target */
    const struct agency *leaning;    /* what rung 3 says without being sure */
    struct rules_verdict rules;
    struct opinion opinions[OPINIONS];
    size_t opinion_count;
    float sure; /* calibrated, of the first opinion being right */
    struct candidate best[16];
    size_t best_count;
    struct decision *ret;
    char *end; /* of the record */
};

/* May it be an owner: in scope, alive, nobody who refused? */
bool ladder_may (const struct ladder *ladder, const struct agency *agency);
/* Who holds a function for the known place; NULL: nobody, or with `all` its parts have holders of their own.
 * `level` as in struct category. */
const struct agency *ladder_holder (const struct ladder *ladder, uint16_t function, unsigned level,
                                    bool all);
/* Makes it the owner. */
void ladder_choose (struct ladder *ladder, const struct agency *agency, unsigned rung,
                    unsigned confidence);
/* One more candidate; the better chance of one agency counts. */
void ladder_propose (struct ladder *ladder, const struct agency *agency, uint16_t function,
                     unsigned chance, enum ground ground, const char *parameter);
/* The coordinator of the most exact place that has one which may be an owner, or NULL. */
const struct agency *ladder_desk (const struct ladder *ladder);

/* opinion.c: what the words say.  Fills opinions, opinion_count and sure. */
void opinion_form (struct ladder *ladder);
/* The level that the words speak for where they mean this function, as in struct category; 0: none. */
unsigned opinion_level (const struct ladder *ladder, uint16_t function);
/* Who holds that duty for the known place; NULL: nobody who may, or the place is not known. */
const struct agency *opinion_holder (const struct ladder *ladder, const struct opinion *opinion);

/* record.c: the decision record, JSON.
 *   said  every rung's view: [rung, code, parameter?]; a parameter is a code of the registry, the name of
 *         a rule, a phrase of a mandate or of the oversight list, or a number: never words of a reporter
 *   next  the candidates: [agency, function, permille, ground, parameter?]
 *   rung, sure (permille), v [rules, registry, model] */
void record_begin (struct ladder *ladder);
void record_view (struct ladder *ladder, unsigned rung, const char *code, const char *parameter);
void record_end (struct ladder *ladder);

#endif
