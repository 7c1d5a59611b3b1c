/* codes.h - codes and names of a registry, for whoever writes rules: which agency, function, category and
 * place has which.
 */
#ifndef ADUAN_CODES_H
#define ADUAN_CODES_H

#include "basis.h"

/* By the word that a rules file has for it. */
enum code_kind { CODE_FUNCTION, CODE_CATEGORY, CODE_AGENCY, CODE_PLACE, CODE_KINDS };

struct code {
    enum code_kind kind;
    struct view code, name; /* in the registry's bytes */
};

struct codes {
    struct basis_file file;
    struct code *at;           /* by kind, then in the registry's order */
    size_t count, first_place; /* the places are the last ones, by code */
};

/* Of the registry that is wanted or in force.  0, or an exit status after a complaint. */
int codes_read (const struct cli *cli, struct codes *ret);
void codes_free (struct codes *codes);
/* "Semarang Tengah, Kota Semarang, Jawa Tengah"; empty where no place has this code. */
void codes_put_place (const struct codes *codes, struct view code, struct buffer *out);
/* A line of code and place for each that has this name; the first ones. */
void codes_put_named (const struct codes *codes, struct view name, struct buffer *out);

#endif
