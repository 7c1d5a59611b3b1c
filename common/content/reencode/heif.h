/* heif.h - what heif.c has beside libheif. */
#ifndef ADUAN_REENCODE_HEIF_H
#define ADUAN_REENCODE_HEIF_H

#include "picture.h"

/* ---- hevc.c: the decoder that libheif is given ----------------------------------------------------- */

/* Takes the place of all decoders that libheif brings.  False: it does not want it.  Once, after heif_init. */
bool hevc_register (void);
/* A picture begins.  Then, where the library says that it failed, why it did so here; END_NONE: not here. */
void hevc_begin (void);
enum end hevc_end (void);

/* ---- derived.c ------------------------------------------------------------------------------------- */

/* END_DAMAGED: a picture of the file is put together of pictures that are put together of others, deeper than any telephone does it, or
 * in a circle.  END_MEMORY. */
enum end derived_judge (struct input input);

#endif
