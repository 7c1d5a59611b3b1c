/* place.h - where a file lies says what it is: the folder's layout, which docs/channels.md tells. */
#ifndef ADUAN_CONTENT_PLACE_H
#define ADUAN_CONTENT_PLACE_H

#include <sys/file.h>
#include "base/base.h"

#define PLACE_HEX (2 * 32 + 1) /* room for a digest in hexadecimal, and NUL */

enum place {
    PLACE_KEPT, /* ab/HEX       named: a document as it came, or a copy; HEX is the digest of these bytes */
    PLACE_COPY,    /* ab/HEX.copy  another link to the copy of the image HEX */
    PLACE_REFUSED, /* ab/HEX.no    no copy can be made of HEX */
    PLACE_NEW,     /* new/HEX      uploaded, expires */
    PLACE_NEW_BOX, /* new/HEX.box  the same, boxed */
    PLACE_BOX,     /* box/HEX.box  pinned and boxed: another link to the last; waits for its copy */
};
/* The caller frees it. */
char *place_path (const char *folder, enum place place, const char *hex);
bool place_has (const char *folder, enum place place, const char *hex);
/* Is this what place_path calls the digest in its folder?  Then *ret_hex is it. */
bool place_named (const char *name, const char *suffix, char ret_hex[PLACE_HEX]);
/* The folder in which place_path lies is synced.  0 or FAIL_IO. */
int place_sync (const char *folder, enum place place, const char *hex);
/* It is there no more, or FAIL_IO; not synced. */
int place_remove (const char *folder, enum place place, const char *hex);
/* "folder/name"; the caller frees it. */
char *place_below (const char *folder, const char *name);
/* All folders below it.  0, or FAIL_IO with errno set. */
int place_make (const char *folder);

/* Holds still what is about to go: a sweep looks at a name's time and takes it away under LOCK_EX, whoever makes its time
 * new does so under LOCK_SH; across programs.  The descriptor to be closed, -1 with errno set. */
int place_lock (const char *folder, int how);

#endif
