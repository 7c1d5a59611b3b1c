/* sound.c - AAC's elements without sound: encoders write their names there, at the beginning of a frame.
 *
 * What stands behind the first channel is found by decoding that, which nothing does here. */
#include "sound.h"

enum { DATA = 4, FILL = 6 }; /* elements; of all others the rest of the frame stays as it is */
#define FILL_DATA_LAST                                                                             \
    2 /* kinds of filling without a meaning: the others say something of the sound */
#define FREQUENCY_SAID 15

struct bits {
    uint8_t *at;
    size_t count, place;
};

/* Beyond the end there are none. */
static unsigned bits_take (struct bits *bits, unsigned count)
{
    unsigned value = 0;

    for (; count; count--, bits->place++) {
        value <<= 1;
        if (bits->place < bits->count && bits->at[bits->place / 8] & 0x80 >> bits->place % 8)
            value |= 1;
    }
    return value;
}

static void bits_blank (struct bits *bits, size_t count)
{
    for (; count && bits->place < bits->count; count--, bits->place++)
        bits->at[bits->place / 8] &= (uint8_t) ~(0x80 >> bits->place % 8);
}

static void frequency_pass (struct bits *config)
{
    if (bits_take (config, 4) == FREQUENCY_SAID)
        bits_take (config, 24);
}

bool sound_has_elements (const uint8_t *at, size_t len)
{
    struct bits config = {(uint8_t *) (uintptr_t) at, len * 8, 0};
    unsigned type = bits_take (&config, 5);

    frequency_pass (&config);
    bits_take (&config, 4); /* channels */
    if (type == 5 ||
        type == 29) { /* with more above it (SBR, PS): what is below is said behind that */
        frequency_pass (&config);
        type = bits_take (&config, 5);
    }
    return type >= 1 && type <= 4; /* Main, LC, SSR, LTP: the others are put together otherwise */
}

/* False: it says something of the sound. */
static bool fill_blank (struct bits *bits)
{
    unsigned bytes = bits_take (bits, 4);

    if (bytes == 15)
        bytes += bits_take (bits, 8) - 1;
    struct bits ahead = *bits;
    if (bytes && bits_take (&ahead, 4) > FILL_DATA_LAST)
        return false;
    bits_blank (bits, (size_t) bytes * 8);
    return true;
}

static bool data_blank (struct bits *bits)
{
    bits_take (bits, 4); /* its number */
    bool aligned = bits_take (bits, 1);
    unsigned bytes = bits_take (bits, 8);

    if (bytes == 255)
        bytes += bits_take (bits, 8);
    if (aligned)
        bits->place = (bits->place + 7) / 8 * 8;
    bits_blank (bits, (size_t) bytes * 8);
    return true;
}

void sound_blank (uint8_t *frame, size_t len)
{
    struct bits bits = {frame, len * 8, 0};
    bool more = true;

    while (more && bits.place < bits.count) {
        unsigned element = bits_take (&bits, 3);
        more = element == FILL ? fill_blank (&bits) : element == DATA && data_blank (&bits);
    }
}
