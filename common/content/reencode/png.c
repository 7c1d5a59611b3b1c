/* png.c - libpng, in and out. */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include "picture.h"

#define LEVEL          4 /* of zlib: more costs time that a picture of the largest size does not have */
#define PNG_CHUNK_NAME 5 /* four letters and NUL */
#define SIGNATURE      8
#define CHUNK_FRAME    12 /* its length, its name, its checksum */

static const png_byte unpacked[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT";

static _Noreturn void on_error (png_structp png, png_const_charp text)
{
    (void) png;
    (void) text;
    leave (END_DAMAGED);
}

static void on_warning (png_structp png, png_const_charp text)
{
    (void) png;
    (void) text;
}

static void on_read (png_structp png, png_bytep at, size_t len)
{
    struct input *rest = png_get_io_ptr (png);
    if (rest->len < len)
        leave (END_DAMAGED);
    memcpy (at, rest->at, len);
    rest->at += len;
    rest->len -= len;
}

/* No chunk before the picture's own may claim more than is there: libpng makes room for an eXIf of up to 2 GiB before it reads it. */
static void chunks_check (struct input input)
{
    const uint8_t *chunk = input.at + SIGNATURE;

    for (size_t left = input.len; left >= SIGNATURE + CHUNK_FRAME;) {
        size_t len = png_get_uint_32 (chunk);
        if (memcmp (chunk + 4, "IDAT", 4) == 0)
            return;
        if (len > left - SIGNATURE - CHUNK_FRAME)
            leave (END_DAMAGED);
        left -= len + CHUNK_FRAME;
        chunk += len + CHUNK_FRAME;
    }
}

/* Eight bits a channel, no palette, no colour that stands for transparent. */
static void plain (png_structp png, png_infop info)
{
    png_set_expand (png);
    png_set_strip_16 (png);
    if (png_get_interlace_type (png, info) != PNG_INTERLACE_NONE)
        png_set_interlace_handling (png);
    png_read_update_info (png, info);
}

static void rows_read (png_structp png, png_infop info, struct shrink *shrink)
{
    png_bytep row = malloc (png_get_rowbytes (png, info));

    if (!row)
        leave (END_MEMORY);
    for (uint32_t y = 0; y < shrink->height; y++) {
        png_read_row (png, row, NULL);
        shrink_row (shrink, row);
    }
    free (row);
}

/* Of which no row is whole before the last one is there. */
static void interlaced_read (png_structp png, png_infop info, struct shrink *shrink)
{
    size_t wide = png_get_rowbytes (png, info);
    png_bytep *rows = malloc (shrink->height * sizeof *rows), all = malloc (shrink->height * wide);

    if (!rows || !all)
        leave (END_MEMORY);
    for (uint32_t y = 0; y < shrink->height; y++)
        rows[y] = all + y * wide;
    png_read_image (png, rows);
    for (uint32_t y = 0; y < shrink->height; y++)
        shrink_row (shrink, rows[y]);
    free (rows);
    free (all);
}

void png_decode (struct input input, struct picture *ret)
{
    struct shrink shrink;
    png_structp png = png_create_read_struct (PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    png_infop info = png ? png_create_info_struct (png) : NULL;
    png_bytep exif;
    png_uint_32 exif_len;

    if (!info)
        leave (END_MEMORY);
    chunks_check (input);
    png_set_read_fn (png, &input, on_read);
    /* texts, profiles and the like are never unpacked: a small file could hold gigabytes */
    png_set_keep_unknown_chunks (png, PNG_HANDLE_CHUNK_NEVER, unpacked,
                                 sizeof unpacked / PNG_CHUNK_NAME);
    png_set_chunk_malloc_max (png, INPUT_MOST);
    png_set_user_limits (png, PIXELS_MOST, PIXELS_MOST);
    png_read_info (png, info);
    uint32_t width = png_get_image_width (png, info), height = png_get_image_height (png, info);
    picture_bound (width, height);
    plain (png, info);
    shrink_begin (&shrink, ret, width, height, png_get_channels (png, info), PNG_WHOLE);
    if (png_get_interlace_type (png, info) == PNG_INTERLACE_NONE)
        rows_read (png, info, &shrink);
    else
        interlaced_read (png, info, &shrink);
    shrink_end (&shrink);
    ret->orientation = png_get_eXIf_1 (png, info, &exif_len, &exif) & PNG_INFO_eXIf
                           ? exif_orientation (exif, exif_len)
                           : 1;
    png_destroy_read_struct (&png, &info, NULL);
}

/* ---- out --------------------------------------------------------------------------------------- */

static void on_write (png_structp png, png_bytep at, size_t len)
{
    (void) png;
    output_write (at, len);
}

static void on_flush (png_structp png)
{
    (void) png;
}

void png_encode (const struct picture *picture)
{
    static const int types[] = {[1] = PNG_COLOR_TYPE_GRAY,
                                [2] = PNG_COLOR_TYPE_GRAY_ALPHA,
                                [3] = PNG_COLOR_TYPE_RGB,
                                [4] = PNG_COLOR_TYPE_RGB_ALPHA};
    png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    png_infop info = png ? png_create_info_struct (png) : NULL;
    uint8_t *row = malloc ((size_t) picture_width (picture) * picture->channels);

    if (!info || !row)
        leave (END_MEMORY);
    png_set_write_fn (png, NULL, on_write, on_flush);
    png_set_compression_level (png, LEVEL);
    png_set_user_limits (png, PIXELS_MOST, PIXELS_MOST);
    png_set_IHDR (png, info, picture_width (picture), picture_height (picture), 8,
                  types[picture->channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                  PNG_FILTER_TYPE_DEFAULT);
    png_write_info (png, info);
    for (uint32_t y = 0; y < picture_height (picture); y++) {
        picture_row (picture, y, row);
        png_write_row (png, row);
    }
    png_write_end (png, info);
    png_destroy_write_struct (&png, &info);
    free (row);
}
