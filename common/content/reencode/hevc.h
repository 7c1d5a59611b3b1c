/* hevc.h - the decoder that heif.c gives to libheif. */
#ifndef ADUAN_REENCODE_HEVC_H
#define ADUAN_REENCODE_HEVC_H

#include "picture.h"

/* Takes the place of all decoders that libheif brings.  False: it does not want it.  Once, after heif_init. */
bool hevc_register (void);
/* A picture begins.  Then, where the library says that it failed, why it did so here; END_NONE: not here. */
void hevc_begin (void);
enum end hevc_end (void);

#endif
