/* picture.h - aduan-reencode: a picture in, the same picture out, and nothing else of what came with it.
 *
 *     stdin -> input.c -> jpeg.c, png.c, webp.c, gif.c or heif.c: decode -> struct picture -> encode -> stdout
 *
 * What the program may do: caged.h.
 */
#ifndef ADUAN_REENCODE_PICTURE_H
#define ADUAN_REENCODE_PICTURE_H

#include "caged.h"

#ifndef PIXELS_MOST /* the fuzzer has less */
#define PIXELS_MOST                                                                                \
    65000000 /* 9,248 x 6,936, of a telephone: said by the header, judged before anything is decoded */
#define JPEG_WHOLE                                                                                 \
    25000000 /* of more, half the width and height is kept: what a telephone of 50 megapixels makes as a rule */
#define PNG_WHOLE 12500000 /* the same of PNG and WebP, which cost more: no screen has so many */
#define SIDE_MOST                                                                                  \
    16384 /* of a HEIC, whose pieces may say another size than its header: a panorama's */
#endif
#define SCANS_MOST 100 /* of a progressive JPEG: each one costs as much as a picture */

struct picture {
    uint32_t width, height; /* as it is stored, not as it is seen */
    unsigned channels;      /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; a byte each */
    unsigned orientation;   /* as EXIF says it: 1 to 8 */
    uint8_t *pixels;
};

/* Leaves with END_DAMAGED or END_PIXELS where a header's size is none, or too large. */
void picture_bound (uint32_t width, uint32_t height);
/* Sets size and channels and makes room; leaves with END_PIXELS before that where they are too many. */
void picture_room (struct picture *picture, uint32_t width, uint32_t height, unsigned channels);
/* Rows on their way into a picture that may be smaller. */
struct shrink {
    struct picture *picture;
    unsigned by;
    uint32_t width, height, y; /* of what is decoded */
    uint32_t *sums;
};
/* By how much both sides are divided so that at most `most` pixels are left, and what a side is then. */
unsigned shrink_by (uint32_t width, uint32_t height, uint64_t most);
uint32_t shrink_side (uint32_t side, unsigned by);
/* Makes room in `picture` for what becomes of width x height pixels; then `height` rows, from above. */
void shrink_begin (struct shrink *shrink, struct picture *picture, uint32_t width, uint32_t height,
                   unsigned channels, uint64_t most);
void shrink_row (struct shrink *shrink, const uint8_t *row);
void shrink_end (struct shrink *shrink);

/* As it is seen. */
uint32_t picture_width (const struct picture *picture);
uint32_t picture_height (const struct picture *picture);
/* Row `y` of what is seen, into room for picture_width pixels. */
void picture_row (const struct picture *picture, uint32_t y, uint8_t *ret_row);

/* The orientation that an EXIF block (a TIFF file, from its byte order on) names; 1 where it names none. */
unsigned exif_orientation (const uint8_t *at, size_t len);

/* Before the cage is shut: what heif_decode needs of the system.  Leaves with END_CAGE. */
void heif_prepare (void);
/* Each leaves with why it cannot. */
void heif_decode (struct input input, struct picture *ret);
void gif_decode (struct input input, struct picture *ret);
void jpeg_decode (struct input input, struct picture *ret);
void png_decode (struct input input, struct picture *ret);
void webp_decode (struct input input, struct picture *ret);
/* Of 1 or 3 channels. */
void jpeg_encode (const struct picture *picture);
void png_encode (const struct picture *picture);

#endif
