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

    if (WebPGetFeatures (input.at, input.len, &features) != VP8_STATUS_OK)
        leave (END_DAMAGED);
    if (features.has_animation)
        leave (END_KIND);
    picture_room (ret, (uint32_t) features.width, (uint32_t) features.height,
                  features.has_alpha ? 4 : 3);
    ret->orientation = orientation_of (input);
    int wide = (int) (ret->width * ret->channels);
    size_t room = (size_t) wide * ret->height;
    const uint8_t *done = features.has_alpha
                              ? WebPDecodeRGBAInto (input.at, input.len, ret->pixels, room, wide)
                              : WebPDecodeRGBInto (input.at, input.len, ret->pixels, room, wide);
    if (!done)
        leave (END_DAMAGED);
}
