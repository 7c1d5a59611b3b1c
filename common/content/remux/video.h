/* video.h - a film in, the same film out, and nothing else of what came with it.
 *
 *     stdin -> input.c -> video.c: read, its first pictures and sound written anew -> stdout
 *
 * As aduan-reencode is (caged.h), with a cage of the same size. */
#ifndef ADUAN_REMUX_VIDEO_H
#define ADUAN_REMUX_VIDEO_H

#include "caged.h"

/* Of the film's first `seconds`; the rest is left out.  Leaves with why it cannot. */
void video_remux (struct input input, unsigned seconds);

#endif
