/* key.h - the keys under which uploads are boxed: one a day of UTC, in key/YYYY-MM-DD, in no backup. */
#ifndef ADUAN_CONTENT_KEY_H
#define ADUAN_CONTENT_KEY_H

#include "base/base.h"

#define KEY_BYTES 32
#define KEY_DAY   11 /* "2026-11-27" and NUL */

/* Today's day. */
void key_today (char ret_day[KEY_DAY]);
/* The key of a day; `make`: drawn and synced where there is none, once for all programs that share the folder.  0;
 * FAIL_ABSENT: it has gone, and what it boxed with it; FAIL_IO with errno set; FAIL_CORRUPT. */
int key_read (const char *folder, const char *day, bool make, uint8_t ret_key[KEY_BYTES]);
/* Takes away the keys of days that ended more than `keep_ms` ago, unless `needed` says that a pinned file waits under it; a
 * week later in any case.  How many went. */
unsigned key_sweep (const char *folder, int64_t keep_ms,
                    bool (*needed) (void *owner, const char *day), void *owner);

#endif
