/* webp.c - libwebp, in only: the copy is a JPEG, or with transparency a PNG, which everybody can open. */
#include <webp/decode.h>
#include <webp/demux.h>
#include "picture.h"

static unsigned orientation_of (struct input input)
{
    WebPData data = {input.at, input.len};
    WebPDemuxer *demuxer = WebPDemux (&data);
    WebPChunkIterator exif;
    unsigned orientation = 1;

    if (demuxer && WebPDemuxGetChunk (demuxer, "EXIF", 1, &exif)) {
        orientation = exif_orientation (exif.chunk.bytes, exif.chunk.size);
        WebPDemuxReleaseChunkIterator (&exif);
    }
    WebPDemuxDelete (demuxer);
    return orientation;
}

void webp_decode (struct input input, struct picture *ret)
{
    WebPBitstreamFeatures features;
    WebPDecoderConfig config;

    if (!WebPInitDecoderConfig (&config) ||
        WebPGetFeatures (input.at, input.len, &features) != VP8_STATUS_OK)
        leave (END_DAMAGED);
    if (features.has_animation)
        leave (END_KIND);
    uint32_t width = (uint32_t) features.width, height = (uint32_t) features.height;
    picture_bound (width, height);
    unsigned by = shrink_by (width, height, PNG_WHOLE);
    picture_room (ret, shrink_side (width, by), shrink_side (height, by),
                  features.has_alpha ? 4 : 3);
    ret->orientation = orientation_of (input);
    config.options.use_scaling = by > 1;
    config.options.scaled_width = (int) ret->width;
    config.options.scaled_height = (int) ret->height;
    config.output.colorspace = features.has_alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA =
        (WebPRGBABuffer){.rgba = ret->pixels,
                         .stride = (int) (ret->width * ret->channels),
                         .size = (size_t) ret->width * ret->channels * ret->height};
    if (WebPDecode (input.at, input.len, &config) != VP8_STATUS_OK)
        leave (END_DAMAGED);
}
