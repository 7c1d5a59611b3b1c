/* exif.c - one number out of an EXIF block; nothing else of it is looked at. */
#include "picture.h"

#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3
#define ENTRY           12 /* bytes: tag, type, count, value */

static unsigned two (const uint8_t *at, bool little)
{
    return little ? at[0] | (unsigned) at[1] << 8 : at[1] | (unsigned) at[0] << 8;
}

static uint32_t four (const uint8_t *at, bool little)
{
    return little ? two (at, true) | (uint32_t) two (at + 2, true) << 16
                  : two (at + 2, false) | (uint32_t) two (at, false) << 16;
}

unsigned exif_orientation (const uint8_t *at, size_t len)
{
    if (len < 8 || (memcmp (at, "II*\0", 4) != 0 && memcmp (at, "MM\0*", 4) != 0))
        return 1;
    bool little = at[0] == 'I';
    size_t place = four (at + 4, little);
    if (place > len - 2)
        return 1;
    unsigned count = two (at + place, little);
    place += 2;
    for (unsigned i = 0; i < count && len - place >= ENTRY; i++, place += ENTRY) {
        const uint8_t *entry = at + place;
        if (two (entry, little) != TAG_ORIENTATION || two (entry + 2, little) != TYPE_SHORT)
            continue;
        unsigned orientation = two (entry + 8, little);
        return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }
    return 1;
}
