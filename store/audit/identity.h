/* identity.h - aduan-identity: opens one sealed identity, on the machine where the offline key is.  docs/audit.md.
 *
 *   identity.c   the command: keygen, open
 *   offline.c    the file of a month's secret key, under a passphrase
 *   box.c        the clear text of a box: whose it says it is, and what is in it
 *
 * Secrets lie in sodium_malloc memory: locked, kept out of core dumps, wiped when freed.
 */
#ifndef ADUAN_IDENTITY_H
#define ADUAN_IDENTITY_H

#include "base/base.h"

#include <sodium.h>

#define PASSPHRASE_LEAST 12
#define PASSPHRASE_MOST  1024

/* A month's pair. */
struct offline {
    uint32_t number; /* content.seal_key */
    uint8_t public_key[crypto_box_PUBLICKEYBYTES];
    uint8_t *secret; /* sodium_malloc, crypto_box_SECRETKEYBYTES; NULL: not opened */
};

/* Writes the file, which must not be there: mode 0600, the secret half in a secretbox under argon2id of the passphrase.
 * 0, FAIL_BUSY (it is there) or FAIL_IO. */
int offline_write (const char *path, const struct offline *offline, const char *passphrase);
/* Reads all but the secret half.  0, FAIL_ABSENT, or FAIL_MALFORMED (also where others may read the file). */
int offline_read (const char *path, struct offline *ret);
/* And that.  0, or FAIL_MALFORMED: another passphrase, or a damaged file. */
int offline_open (const char *path, const char *passphrase, struct offline *offline);
void offline_close (struct offline *offline);

/* What a box must say. */
struct claim {
    struct id complaint;
    const char *adapter;
    const uint8_t *id_key;
};

/* Opens a box and, where it is this complaint's, prints what is in it.  NULL, or what is wrong with it. */
const char *box_print (const struct offline *offline, struct view box, const struct claim *claim,
                       bool json);

#endif
