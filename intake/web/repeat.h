/* repeat.h - which submission is a repeat of which, of those whose senders name no key: same account, same words.
 *
 * The name of what was said is a keyed hash of it.  It is the idempotency key, with `created` the day of UTC; it is the
 * reference (`external`) by which the case is found again on a later day (web_own); and the access code derives from it, so that
 * the account's later words prove themselves as those of whoever submitted it, though nothing is kept here.
 */
#ifndef ADUAN_WEB_REPEAT_H
#define ADUAN_WEB_REPEAT_H

#include "web.h"

#define REPEAT_NAME_SIZE 54 /* "hash-", 48 hexadecimal digits, NUL */
#define REPEAT_PARTS     16
#define REPEAT_WINDOW_MS                                                                           \
    86400000 /* within it the same words are a repeat; later they are news of that case */

/* The name of what `account` says in these parts, none of which runs into the next.  Words go through words_normal first. */
void repeat_name (const struct web *web, const char *account, const struct view *parts,
                  size_t count, char ret[REPEAT_NAME_SIZE]);
/* aduan_submission.said of what `account` says under `key`, by all that it said.  The same words under another key have another
 * hash: what is kept of them links nothing. */
void repeat_said (const struct web *web, const char *account, const char *key,
                  const struct view *parts, size_t count, uint8_t ret[ADUAN_SAID_SIZE]);
/* The access code of the case that was submitted under this name.  False: it is no name of ours. */
bool repeat_code (const struct web *web, const char *account, const char *name,
                  char ret[ADUAN_CODE_SIZE]);
/* The beginning of this day of UTC: aduan_submission.created. */
uint64_t repeat_created (void);

/* Appends a text as it is compared, and sent: line ends are \n, letters composed (NFC), blanks single and none at a line's
 * end, no more than one empty line, nothing before and behind.  Of well-formed UTF-8. */
void words_normal (struct view text, struct buffer *out);

#endif
