/* spelling.h - words as people type them on telephones, whatever stands around them.
 *
 * A word is what stands between other code points: letters (L*), decimal digits (Nd), and the marks (M*) on them.  Everything
 * else is no part of one: blanks of any width, quotes, asterisks and underlines that a messenger shows as bold and slanted, emoji,
 * what has no width, a byte order mark, bytes that are no UTF-8.  Two words are the same when they are so in Unicode's
 * compatibility form with letter case folded, without what is not shown (a variation selector).
 *
 * Texts end with NUL, results lie within them.
 */
#ifndef ADUAN_SPELLING_H
#define ADUAN_SPELLING_H

#include "base/base.h"

/* The first word of a text, or its end. */
const char *word_first (const char *text);
/* Bytes of the word that a text begins with; 0: it begins with none. */
size_t word_len (const char *text);
/* The word behind the one with which a text begins, or the end. */
const char *word_next (const char *text);
/* The letters and digits of the word that a text begins with, folded, and NUL; false: there is none, or no room for it. */
bool word_fold (const char *text, char *ret, size_t size);
/* Are the text's first words these (`words` may be several, "e-lapor")?  Then *ret is the byte behind the last of them. */
bool words_begin (const char *text, const char *words, const char **ret);
/* Bytes of blanks of any width, controls, hyphens and what has no width, with which a text begins. */
size_t gap_len (const char *text);

/* Does a text say nothing that an agency could look into?  So it is where no word of it has a letter ("?", "1", an emoji), where
 * it is a single word of one or two letters ("P", "ya"), and where each word that has a letter is one of greeting, thanks,
 * consent or trial, Indonesian or English (courtesy.def: "halo", "selamat siang pak", "terima kasih", "good morning").
 * One other word makes it something: "halo, jalan rusak", "banjir", "api".  Nobody's report is thrown away for being short. */
bool says_nothing (const char *text);

#endif
