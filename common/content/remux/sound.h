/* sound.h - what an encoder writes of itself into the sound, where a decoder hears nothing (ISO 14496-3, 1.6.2 and 4.4.2). */
#ifndef ADUAN_REMUX_SOUND_H
#define ADUAN_REMUX_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does AAC that its decoder is told so of (AudioSpecificConfig) begin each frame with elements that have names? */
bool sound_has_elements (const uint8_t *config, size_t len);
/* Blanks what such a frame says before its first channel; it stays as long as it is, and sounds the same. */
void sound_blank (uint8_t *frame, size_t len);

#endif
