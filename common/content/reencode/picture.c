/* picture.c - pixels, and how they are turned so that they stand upright without a word that says how. */
#include "picture.h"

#include <stdlib.h>
#include <string.h>

void picture_bound (uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0)
        leave (END_DAMAGED);
    if ((uint64_t) width * height > PIXELS_MOST)
        leave (END_PIXELS);
}

void picture_room (struct picture *picture, uint32_t width, uint32_t height, unsigned channels)
{
    picture_bound (width, height);
    picture->width = width;
    picture->height = height;
    picture->channels = channels;
    picture->pixels = malloc ((size_t) width * height * channels);
    if (!picture->pixels)
        leave (END_MEMORY);
}

/* EXIF's orientations 5 to 8 lie on their side. */
static bool is_lying (const struct picture *picture)
{
    return picture->orientation >= 5 && picture->orientation <= 8;
}

uint32_t picture_width (const struct picture *picture)
{
    return is_lying (picture) ? picture->height : picture->width;
}

uint32_t picture_height (const struct picture *picture)
{
    return is_lying (picture) ? picture->width : picture->height;
}

void picture_row (const struct picture *picture, uint32_t y, uint8_t *ret_row)
{
    /* of EXIF 2.32, table 6: does the stored picture run from right to left, from below to above, as it is seen? */
    static const bool from_right[9] = {[2] = true, [3] = true, [7] = true, [8] = true},
                      from_below[9] = {[3] = true, [4] = true, [6] = true, [7] = true};
    unsigned orientation = picture->orientation;
    size_t channels = picture->channels, wide = (size_t) picture->width * channels;
    uint32_t width = picture_width (picture);

    if (!is_lying (picture) && !from_right[orientation]) {
        uint32_t row = from_below[orientation] ? picture->height - 1 - y : y;
        memcpy (ret_row, picture->pixels + row * wide, wide);
        return;
    }
    for (uint32_t x = 0; x < width; x++) {
        uint32_t column = is_lying (picture) ? y : x, row = is_lying (picture) ? x : y;
        if (from_right[orientation])
            column = picture->width - 1 - column;
        if (from_below[orientation])
            row = picture->height - 1 - row;
        memcpy (ret_row + x * channels, picture->pixels + row * wide + column * channels, channels);
    }
}
