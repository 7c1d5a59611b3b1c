/* heif.c - libheif, in only: what telephones write (HEIC), its box of pieces put together and turned as it says itself.
 *
 * libheif's own decoder of HEVC starts a thread, and that of AV1 many: the cage lets none begin.  So it is given others (hevc.c) before
 * the cage is shut, which decode where they are called, and nothing but HEVC.  EXIF's orientation does not count
 * here, the boxes irot and imir do, so nothing of EXIF is read. */
#include <libheif/heif.h>
#include "heif.h"

/* What the library holds.  All of it is let go before the program leaves: the fuzzer lives on. */
struct held {
    struct heif_context *context;
    struct heif_image_handle *handle;
    struct heif_image *image;
};

void heif_prepare (void)
{
    if (heif_init (NULL).code != heif_error_Ok || !hevc_register ())
        leave (END_CAGE);
}

static void let_go (struct held *held)
{
    heif_image_release (held->image);
    heif_image_handle_release (held->handle);
    heif_context_free (held->context);
    *held = (struct held){0};
}

static enum end size_judge (int width, int height)
{
    if (width <= 0 || height <= 0)
        return END_DAMAGED;
    return (uint64_t) width * (uint64_t) height > PIXELS_MOST ? END_PIXELS : END_NONE;
}

/* Of the picture as it is shown, and as it is put together before it is cut and turned: both by what its boxes say. */
static enum end boxes_judge (const struct heif_image_handle *handle)
{
    enum end end =
        size_judge (heif_image_handle_get_width (handle), heif_image_handle_get_height (handle));
    return end ? end
               : size_judge (heif_image_handle_get_ispe_width (handle),
                             heif_image_handle_get_ispe_height (handle));
}

static enum end fault_judge (struct heif_error fault)
{
    if (fault.code == heif_error_Ok)
        return END_NONE;
    if (fault.code == heif_error_Memory_allocation_error)
        return fault.subcode == heif_suberror_Security_limit_exceeded ? END_PIXELS : END_MEMORY;
    return fault.code == heif_error_Unsupported_filetype ||
                   fault.code == heif_error_Unsupported_feature
               ? END_KIND
               : END_DAMAGED;
}

static enum end open_it (struct held *held, struct input input)
{
    held->context = heif_context_alloc ();
    if (!held->context)
        return END_MEMORY;
    heif_context_set_max_decoding_threads (held->context, 0);
    heif_context_set_maximum_image_size_limit (held->context, SIDE_MOST);
    enum end end = fault_judge (
        heif_context_read_from_memory_without_copy (held->context, input.at, input.len, NULL));
    return end ? end
               : fault_judge (heif_context_get_primary_image_handle (held->context, &held->handle));
}

static enum end decode_it (struct held *held)
{
    struct heif_decoding_options *options = heif_decoding_options_alloc ();
    bool clear = heif_image_handle_has_alpha_channel (held->handle);

    if (!options)
        return END_MEMORY;
    options->convert_hdr_to_8bit = true;
    hevc_begin ();
    struct heif_error fault = heif_decode_image (
        held->handle, &held->image, heif_colorspace_RGB,
        clear ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, options);
    heif_decoding_options_free (options);
    if (fault.code != heif_error_Ok)
        return hevc_end () ? hevc_end () : fault_judge (fault);
    return size_judge (heif_image_get_width (held->image, heif_channel_interleaved),
                       heif_image_get_height (held->image, heif_channel_interleaved));
}

static void rows_take (const struct heif_image *image, bool clear, struct picture *ret)
{
    uint32_t width = (uint32_t) heif_image_get_width (image, heif_channel_interleaved),
             height = (uint32_t) heif_image_get_height (image, heif_channel_interleaved);
    const uint8_t *row;
    struct shrink shrink;
    int stride;

    row = heif_image_get_plane_readonly (image, heif_channel_interleaved, &stride);
    shrink_begin (&shrink, ret, width, height, clear ? 4 : 3, clear ? PNG_WHOLE : JPEG_WHOLE);
    for (uint32_t y = 0; y < height; y++, row += stride)
        shrink_row (&shrink, row);
    shrink_end (&shrink);
}

void heif_decode (struct input input, struct picture *ret)
{
    struct held held = {0};
    enum end end = derived_judge (input);

    if (!end)
        end = open_it (&held, input);
    if (!end)
        end = boxes_judge (held.handle);
    if (!end)
        end = decode_it (&held);
    if (!end)
        rows_take (held.image, heif_image_handle_has_alpha_channel (held.handle), ret);
    let_go (&held);
    if (end)
        leave (end);
}
