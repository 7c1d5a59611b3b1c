/* oversight.h - does a text tell of misconduct, and how high does the one it accuses stand?
 *
 * What reaches the accused cannot be taken back; what goes to an inspectorate without need, in secret, drowns it.  So a
 * few words are enough alone (pungli), and all else is weighed as people tell it: somebody in office, and what he did.
 * The table is the operators' (deploy/registry/oversight.tsv); each of its phrases has a kind:
 *
 *   word      misconduct by name; counts alone: pungli
 *   deed      the same, told in several words: setor ... lolos cpns
 *   act       misconduct where an official does it: minta uang
 *   actor     an official or office.  Behind its hyphen stands whose inspectorate judges: that of the place (actor), of
 *             the province (actor-province: a regent, a senior high school), the next one above the government of the
 *             place (actor-above: its inspectorate, its secretary), the nation's (actor-nation: a governor, the police)
 *   stranger  somebody who is no official, and does the same: pengemis, preman
 *   citizen   somebody who is no official, and suffers it rather than that he does it: warga, siswa
 *   sense     words that mean something else here, so that they are nobody's: polisi tidur, uang kembali
 *   not       what stands right behind it is denied, opposed or taught: tidak ada, anti, sosialisasi
 *   about     somebody asks, and accuses nobody unless he names an official: cara lapor
 *   beside    the office behind it says where: depan
 *   call      the office behind it is who shall help: lapor ke, yth
 *   help      the office before it is: tolong, usut
 *
 * A phrase is one to OVERSIGHT_PARTS parts with a blank between.  A part is a word, or several of which any will do
 * ("minta|tarik uang|fee"); a word matches by stem, behind "=" by spelling, with or without -nya, -lah, -kah, -ku, -mu.
 * The parts of a deed or act stand near one another in any order, within a clause; those of the others side by side in
 * their order, of a word with "yang", "itu" or a number between.  A word of six letters or more of word, deed, act
 * and actor is known with one slip of the pen, unless the language knows what was written (oversight_know).
 *
 * An act counts where an official stands within reach (10 words, a break counting as two more), but not where a stranger or
 * citizen did it: told in the passive, who stands behind it did it, else who stands nearest before it.  A word or deed
 * counts unless a stranger is right by and no official.  What is denied does not count, but a condition denies nothing
 * ("kalau tidak bayar").  An office that only says where, or that shall help, is no official of it.
 */
#ifndef ADUAN_OVERSIGHT_H
#define ADUAN_OVERSIGHT_H

#include "text.h"

struct oversight;

struct oversight *oversight_new (void);
void oversight_free (struct oversight **oversight);

/* Adds a phrase.  0, FAIL_MALFORMED for an unknown kind or an alternative that is not one word, FAIL_EMPTY without a
 * word, FAIL_TOO_LONG with too many, FAIL_FULL over 4,000 phrases. */
#define OVERSIGHT_PARTS 8
int oversight_add (struct oversight *oversight, struct view kind, struct view phrase);
/* Words of the language: no slips of the table's. */
void oversight_know (struct oversight *oversight, struct view words);
/* After the last phrase, before the first look. */
void oversight_seal (struct oversight *oversight);

/* Who is accused, by whose inspectorate judges him; bits. */
enum accused {
    ACCUSED_UNIT = 1,     /* that of the place */
    ACCUSED_ABOVE = 2,    /* the next one above the government of the place */
    ACCUSED_PROVINCE = 4, /* the province's */
    ACCUSED_NATION = 8    /* the nation's */
};

struct oversight_view {
    const char *phrase; /* what was found first, each part by its first word; NULL: no misconduct */
    unsigned accused;   /* of all that was found; 0: the text names nobody */
};

enum {
    OVERSIGHT_ASKED = 1, /* the reporter says that he only asks: words alone accuse nobody */
    OVERSIGHT_NAMED =
        2 /* beside the text he names an office: an act that nobody else did is its act */
};

/* Reads all words of the text; allocates nothing.  `known`: bits of the above.  Pure: the same table, text and bits give
 * the same view.  The phrase lives as long as the table. */
struct oversight_view oversight_find (const struct oversight *oversight, const struct text *text,
                                      unsigned known);

#endif
