/* jpeg.c - libjpeg, in and out.  What is damaged behind its header is kept as far as it decodes. */
#include <stdio.h>
#include <jpeglib.h>
#include <stdlib.h>
#include <string.h>
#include "picture.h"

#define QUALITY     90
#define EXIF_MARKER (JPEG_APP0 + 1)
#define EXIF_MOST   65533
#define OUT_PIECE   65536

static const char exif_begin[6] = "Exif\0";

static void on_error (j_common_ptr info)
{
    (void) info;
    leave (END_DAMAGED);
}

static void on_message (j_common_ptr info)
{
    (void) info;
}

static void on_progress (j_common_ptr info)
{
    if (info->is_decompressor && ((j_decompress_ptr) info)->input_scan_number > SCANS_MOST)
        leave (END_DAMAGED);
}

static struct jpeg_error_mgr *quiet (struct jpeg_error_mgr *errors)
{
    jpeg_std_error (errors);
    errors->error_exit = on_error;
    errors->output_message = on_message;
    return errors;
}

static unsigned orientation_of (const struct jpeg_decompress_struct *info)
{
    for (jpeg_saved_marker_ptr marker = info->marker_list; marker; marker = marker->next)
        if (marker->marker == EXIF_MARKER && marker->data_length > sizeof exif_begin &&
            memcmp (marker->data, exif_begin, sizeof exif_begin) == 0)
            return exif_orientation (marker->data + sizeof exif_begin,
                                     marker->data_length - sizeof exif_begin);
    return 1;
}

void jpeg_decode (struct input input, struct picture *ret)
{
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};

    info.err = quiet (&errors);
    jpeg_create_decompress (&info);
    info.progress = &progress;
    jpeg_mem_src (&info, input.at, input.len);
    jpeg_save_markers (&info, EXIF_MARKER, EXIF_MOST);
    jpeg_read_header (&info, TRUE);
    if (info.num_components != 1 && info.num_components != 3)
        leave (END_KIND);
    info.out_color_space = info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    picture_bound (info.image_width, info.image_height);
    /* libjpeg leaves out what is not wanted as it decodes; by halves it is as fast as the whole */
    info.scale_num = 1;
    info.scale_denom = shrink_by (info.image_width, info.image_height, JPEG_WHOLE) > 1 ? 2 : 1;
    jpeg_calc_output_dimensions (&info);
    picture_room (ret, info.output_width, info.output_height, info.num_components == 1 ? 1 : 3);
    ret->orientation = orientation_of (&info);
    jpeg_start_decompress (&info);
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = ret->pixels + (size_t) info.output_scanline * ret->width * ret->channels;
        jpeg_read_scanlines (&info, &row, 1);
    }
    jpeg_finish_decompress (&info);
    jpeg_destroy_decompress (&info);
}

/* ---- out --------------------------------------------------------------------------------------- */

static uint8_t out[OUT_PIECE];

static void out_begin (j_compress_ptr info)
{
    info->dest->next_output_byte = out;
    info->dest->free_in_buffer = sizeof out;
}

static boolean out_full (j_compress_ptr info)
{
    output_write (out, sizeof out);
    out_begin (info);
    return TRUE;
}

static void out_end (j_compress_ptr info)
{
    output_write (out, sizeof out - info->dest->free_in_buffer);
}

void jpeg_encode (const struct picture *picture)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination = {.init_destination = out_begin,
                                               .empty_output_buffer = out_full,
                                               .term_destination = out_end};
    uint8_t *row = malloc ((size_t) picture_width (picture) * picture->channels);

    if (!row)
        leave (END_MEMORY);
    info.err = quiet (&errors);
    jpeg_create_compress (&info);
    info.dest = &destination;
    info.image_width = picture_width (picture);
    info.image_height = picture_height (picture);
    info.input_components = (int) picture->channels;
    info.in_color_space = picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults (&info);
    jpeg_set_quality (&info, QUALITY, TRUE);
    jpeg_start_compress (&info, TRUE);
    while (info.next_scanline < info.image_height) {
        picture_row (picture, info.next_scanline, row);
        jpeg_write_scanlines (&info, &row, 1);
    }
    jpeg_finish_compress (&info);
    jpeg_destroy_compress (&info);
    free (row);
}
