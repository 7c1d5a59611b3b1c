/* shrink.c - a picture that is larger than anybody looks at becomes smaller while it is decoded, so that it costs what its size is
 * worth: of 116 KB all black came 40 million pixels, and four seconds of the processor for each.
 *
 * Squares of `by` times `by` pixels become one, their mean; at the right and below they may be cut. */
#include <stdlib.h>
#include <string.h>
#include "picture.h"

unsigned shrink_by (uint32_t width, uint32_t height, uint64_t most)
{
    unsigned by = 1;
    while ((uint64_t) shrink_side (width, by) * shrink_side (height, by) > most)
        by++;
    return by;
}

uint32_t shrink_side (uint32_t side, unsigned by)
{
    return (side + by - 1) / by;
}

void shrink_begin (struct shrink *shrink, struct picture *picture, uint32_t width, uint32_t height,
                   unsigned channels, uint64_t most)
{
    unsigned by = shrink_by (width, height, most);

    picture_room (picture, shrink_side (width, by), shrink_side (height, by), channels);
    *shrink = (struct shrink){.picture = picture, .by = by, .width = width, .height = height};
    shrink->sums = calloc ((size_t) picture->width * channels, sizeof *shrink->sums);
    if (!shrink->sums)
        leave (END_MEMORY);
}

/* The sums of the rows so far become a row. */
static void row_end (struct shrink *shrink)
{
    const struct picture *picture = shrink->picture;
    unsigned channels = picture->channels, by = shrink->by;
    uint32_t high = (shrink->y - 1) % by + 1;
    uint8_t *row = picture->pixels + (size_t) ((shrink->y - 1) / by) * picture->width * channels;

    for (uint32_t x = 0; x < picture->width; x++) {
        uint32_t left = shrink->width - x * by, count = (left < by ? left : by) * high;
        for (unsigned c = 0; c < channels; c++, row++)
            *row = (uint8_t) ((shrink->sums[x * channels + c] + count / 2) / count);
    }
    memset (shrink->sums, 0, (size_t) picture->width * channels * sizeof *shrink->sums);
}

void shrink_row (struct shrink *shrink, const uint8_t *row)
{
    unsigned channels = shrink->picture->channels;
    uint32_t *sum = shrink->sums;

    for (uint32_t x = 0; x < shrink->width; sum += channels)
        for (unsigned i = 0; i < shrink->by && x < shrink->width; i++, x++)
            for (unsigned c = 0; c < channels; c++)
                sum[c] += *row++;
    shrink->y++;
    if (shrink->y % shrink->by == 0 || shrink->y == shrink->height)
        row_end (shrink);
}

void shrink_end (struct shrink *shrink)
{
    free (shrink->sums);
}
