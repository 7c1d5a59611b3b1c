/* hevc.c - libde265 for libheif: in the thread that calls, and of no picture that is larger than its file's boxes may say.
 *
 * A stream has a size of its own, which need not be that of the boxes around it: it is judged where the decoder asks for room. */
#include "heif.h"

#include <libde265/de265.h>
#include <libheif/heif_plugin.h>
#include <string.h>

#define PRIORITY  1000 /* libheif's own have 100 */
#define LENGTH    4    /* bytes of a NAL unit's length, before it */
#define SAMPLES_8 8

static enum end failed;

static const struct heif_error good = {heif_error_Ok, heif_suberror_Unspecified, "good"};

static struct heif_error fail (enum end end)
{
    if (!failed)
        failed = end;
    return (struct heif_error){heif_error_Decoder_plugin_error, heif_suberror_Unspecified,
                               "failed"};
}

/* ---- room ----------------------------------------------------------------------------------------- */

static int on_room (de265_decoder_context *context, struct de265_image_spec *spec,
                    struct de265_image *image, void *owner)
{
    if (spec->width <= 0 || spec->height <= 0 ||
        (uint64_t) spec->width * (uint64_t) spec->height > PIXELS_MOST) {
        fail (END_PIXELS);
        return 0;
    }
    return de265_get_default_image_allocation_functions ()->get_buffer (context, spec, image,
                                                                        owner);
}

static void on_release (de265_decoder_context *context, struct de265_image *image, void *owner)
{
    de265_get_default_image_allocation_functions ()->release_buffer (context, image, owner);
}

/* ---- what libheif calls --------------------------------------------------------------------------- */

static const char *name (void)
{
    return "hevc";
}

static int supports (enum heif_compression_format format)
{
    return format == heif_compression_HEVC ? PRIORITY : 0;
}

static struct heif_error begin (void **ret)
{
    static struct de265_image_allocation room = {on_room, on_release};

    *ret = de265_new_decoder ();
    if (!*ret)
        return fail (END_MEMORY);
    de265_set_image_allocation_functions (*ret, &room, NULL);
    return good;
}

static void end (void *decoder)
{
    de265_free_decoder (decoder);
}

static void strict (void *decoder, int flag)
{
    (void) decoder;
    (void) flag;
}

/* Units, each behind its length. */
static struct heif_error push (void *decoder, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len >= LENGTH) {
        size_t unit = (size_t) at[0] << 24 | (size_t) at[1] << 16 | (size_t) at[2] << 8 | at[3];
        at += LENGTH;
        len -= LENGTH;
        if (unit > len || unit > INPUT_MOST)
            return fail (END_DAMAGED);
        if (unit && !de265_isOK (de265_push_NAL (decoder, at, (int) unit, 0, NULL)))
            return fail (END_DAMAGED);
        at += unit;
        len -= unit;
    }
    return len ? fail (END_DAMAGED) : good;
}

static enum heif_chroma chroma_of (const struct de265_image *image)
{
    static const enum heif_chroma chromas[] = {[de265_chroma_mono] = heif_chroma_monochrome,
                                               [de265_chroma_420] = heif_chroma_420,
                                               [de265_chroma_422] = heif_chroma_422,
                                               [de265_chroma_444] = heif_chroma_444};
    return chromas[de265_get_chroma_format (image)];
}

static bool plane_copy (const struct de265_image *from, int channel, struct heif_image *to)
{
    static const enum heif_channel channels[] = {heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
    int width = de265_get_image_width (from, channel),
        height = de265_get_image_height (from, channel),
        bits = de265_get_bits_per_pixel (from, channel), from_stride, to_stride;
    const uint8_t *source = de265_get_image_plane (from, channel, &from_stride);

    if (!source ||
        heif_image_add_plane (to, channels[channel], width, height, bits).code != heif_error_Ok)
        return false;
    uint8_t *target = heif_image_get_plane (to, channels[channel], &to_stride);
    for (int y = 0; target && y < height; y++)
        memcpy (target + (size_t) y * (size_t) to_stride,
                source + (size_t) y * (size_t) from_stride,
                (size_t) width * (bits > SAMPLES_8 ? 2 : 1));
    return target != NULL;
}

/* How its numbers are colours: as the stream says, unless the boxes around it say otherwise. */
static void colours_copy (const struct de265_image *from, struct heif_image *to)
{
    struct heif_color_profile_nclx *profile = heif_nclx_color_profile_alloc ();

    if (!profile)
        return;
    heif_nclx_color_profile_set_color_primaries (
        profile, (uint16_t) de265_get_image_colour_primaries (from));
    heif_nclx_color_profile_set_transfer_characteristics (
        profile, (uint16_t) de265_get_image_transfer_characteristics (from));
    heif_nclx_color_profile_set_matrix_coefficients (
        profile, (uint16_t) de265_get_image_matrix_coefficients (from));
    profile->full_range_flag = (uint8_t) de265_get_image_full_range_flag (from);
    heif_image_set_nclx_color_profile (to, profile);
    heif_nclx_color_profile_free (profile);
}

static struct heif_error image_copy (const struct de265_image *from, struct heif_image **ret)
{
    enum heif_chroma chroma = chroma_of (from);
    bool grey = chroma == heif_chroma_monochrome;
    struct heif_image *image = NULL;

    if (heif_image_create (de265_get_image_width (from, 0), de265_get_image_height (from, 0),
                           grey ? heif_colorspace_monochrome : heif_colorspace_YCbCr, chroma,
                           &image)
            .code != heif_error_Ok)
        return fail (END_MEMORY);
    for (int channel = 0; channel < (grey ? 1 : 3); channel++)
        if (!plane_copy (from, channel, image)) {
            heif_image_release (image);
            return fail (END_MEMORY);
        }
    colours_copy (from, image);
    *ret = image;
    return good;
}

static struct heif_error decode (void *decoder, struct heif_image **ret)
{
    int more = 1;

    *ret = NULL;
    de265_flush_data (decoder);
    while (more) {
        de265_error fault = de265_decode (decoder, &more);
        const struct de265_image *image = de265_get_next_picture (decoder);
        if (image)
            return image_copy (image, ret);
        if (fault != DE265_OK)
            break;
    }
    return fail (END_DAMAGED);
}

/* ---- and of every other format ---------------------------------------------------------------------- */

static int supports_other (enum heif_compression_format format)
{
    return format == heif_compression_HEVC ? 0 : PRIORITY;
}

static struct heif_error begin_other (void **ret)
{
    *ret = NULL;
    return fail (END_KIND);
}

static void end_other (void *decoder)
{
    (void) decoder;
}

/* ---- what heif.c calls ------------------------------------------------------------------------------ */

bool hevc_register (void)
{
    static const struct heif_decoder_plugin hevc = {
        .plugin_api_version = 3,
        .get_plugin_name = name,
        .does_support_format = supports,
        .new_decoder = begin,
        .free_decoder = end,
        .push_data = push,
        .decode_image = decode,
        .set_strict_decoding = strict,
        .id_name = "hevc",
    };
    static const struct heif_decoder_plugin other = {
        .plugin_api_version = 3,
        .get_plugin_name = name,
        .does_support_format = supports_other,
        .new_decoder = begin_other,
        .free_decoder = end_other,
        .push_data = push,
        .decode_image = decode,
        .set_strict_decoding = strict,
        .id_name = "none",
    };
    return de265_init () == DE265_OK &&
           heif_register_decoder_plugin (&hevc).code == heif_error_Ok &&
           heif_register_decoder_plugin (&other).code == heif_error_Ok;
}

void hevc_begin (void)
{
    failed = END_NONE;
}

enum end hevc_end (void)
{
    return failed;
}
