/* pin.h - what keeps an uploaded file from expiring: a hard link, made and synced before the file is named.
 *
 * Blocking, without a thread or state: for a thread that may wait for the disk (intake's commit, content.h's own).
 */
#ifndef ADUAN_CONTENT_PIN_H
#define ADUAN_CONTENT_PIN_H

#include "base/base.h"

#define CONTENT_DIGEST_BYTES 32 /* BLAKE2b-256 of what was uploaded */

/* Pins each of `count` digests (CONTENT_DIGEST_BYTES each) in the store's `folder`; returns with file and folder synced.  Twice is
 * as good as once, also after its copy was made or refused.  0; FAIL_ABSENT: *ret_at is the first that is not there, those
 * before it are pinned; FAIL_IO with errno set: the disk refuses, it is not known what is pinned. */
int content_pin_here (const char *folder, const uint8_t *digests, size_t count, size_t *ret_at);

#endif
