/* handle.h - the name of a file for one form, or for one account.
 *
 * A file's digest follows from its bytes: whoever has a document could ask by it whether anybody has sent that one.  So nobody is told
 * a digest whose case he does not follow, and none is taken from him.  What he gets for a file that he has sent is its handle:
 * 64 hexadecimal digits, the digest under a keyed permutation of 32 bytes (web.secret) that is another one for each form and each
 * account.  A digest, a guess, and somebody else's handle are read, too - as a digest that no file has.  intake looks for
 * that as for one that has expired, and says so in the same words and the same time; nothing is kept, and every door of
 * the installation reads the same, for ever.
 */
#ifndef ADUAN_WEB_HANDLE_H
#define ADUAN_WEB_HANDLE_H

#include "web.h"

#define HANDLE_SIZE (2 * DIGEST_BYTES + 1)

/* Whose it is: "form" and the form's token, "api" and the account. */
struct handle_for {
    const char *kind, *whose;
};

/* The handle of a digest, and its NUL. */
void handle_make (const struct web *web, struct handle_for whose,
                  const uint8_t digest[DIGEST_BYTES], char ret[HANDLE_SIZE]);
/* The digest that it stands for; false: it is no 64 hexadecimal digits. */
bool handle_read (const struct web *web, struct handle_for whose, const char *handle,
                  uint8_t ret[DIGEST_BYTES]);

/* Files that a form names as sent before (fields `stored`), as digests; at most FILES_MOST.  How many. */
unsigned handles_named (const struct visit *visit, const struct drawn *drawn,
                        uint8_t ret[FILES_MOST * DIGEST_BYTES]);
/* The page's value `files` of a form: {digest: its handle, n: from 1}; nothing where there are none. */
void handles_show (struct visit *visit, const struct drawn *drawn, const uint8_t *digests,
                   unsigned count);

#endif
