/* video.c - libavformat, in and out: a film's pictures and sound go into a new file as they are, and nothing else of the old one does.
 *
 * Nothing is decoded.  The reader is fixed to ISO's container: one that guesses reads lists of other files, too.  Both sides lie in
 * memory, and whatever asks for a file by name is refused. */
#include "video.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <string.h>
#include "sound.h"

#define AVIO_PIECE 65536
#ifndef BLOCK_MOST               /* the fuzzer has less */
#define BLOCK_MOST (256ul << 20) /* bytes at once: what a header claims, or the whole copy */
#endif
#define TRACKS_MOST 64 /* of a film: a telephone writes five */
#define CONFIG_MOST 64 /* bytes of what an AAC decoder is told: two to five as a rule */

/* Units of a stream that a decoder needs: slices and parameter sets.  What is left out may say who made it, when and where: SEI (39, 40;
 * 6), and all that has no meaning to a decoder. */
#define H264_UNITS "1-5|7-8|13"
#define HEVC_UNITS "0-9|16-21|32-34|36-37"

struct source {
    struct input input;
    int64_t at;
};

struct track {
    int from;             /* of the old file; -1: there is none */
    bool blanks;          /* of sound: what its frames say before the first channel */
    AVBSFContext *filter; /* of its pictures; NULL: of sound */
    AVStream *to;
    bool some;    /* of it was written */
    int64_t last; /* when its last packet began; AV_NOPTS_VALUE: there was none */
};

struct film {
    struct source source;
    AVFormatContext *in, *out;
    AVIOContext *reader;
    AVPacket *packet;
    struct track video, audio;
    int64_t begins; /* AV_TIME_BASE a second: its first packet; AV_NOPTS_VALUE: none yet */
    int64_t seconds;
};

/* ---- memory as a file ------------------------------------------------------------------------------ */

static int on_read (void *owner, uint8_t *ret, int room)
{
    struct source *source = owner;
    int64_t left = (int64_t) source->input.len - source->at;
    int len = left < room ? (int) left : room;

    if (len <= 0)
        return AVERROR_EOF;
    memcpy (ret, source->input.at + source->at, (size_t) len);
    source->at += len;
    return len;
}

static int64_t on_seek (void *owner, int64_t to, int whence)
{
    struct source *source = owner;
    int64_t len = (int64_t) source->input.len;

    if (whence == AVSEEK_SIZE)
        return len;
    if ((whence & ~AVSEEK_FORCE) == SEEK_CUR)
        to += source->at;
    else if ((whence & ~AVSEEK_FORCE) == SEEK_END)
        to += len;
    if (to < 0 || to > len)
        return AVERROR (EINVAL);
    source->at = to;
    return to;
}

/* A film may name another file, or an address, in which its pictures are. */
static int on_open (AVFormatContext *context, AVIOContext **ret, const char *url, int flags,
                    AVDictionary **options)
{
    (void) context;
    (void) url;
    (void) flags;
    (void) options;
    *ret = NULL;
    return AVERROR (EPERM);
}

static enum end fault_judge (int result)
{
    return result >= 0                      ? END_NONE
           : result == AVERROR (ENOMEM)     ? END_MEMORY
           : result == AVERROR_PATCHWELCOME ? END_KIND
                                            : END_DAMAGED;
}

/* ---- in -------------------------------------------------------------------------------------------- */

static enum end in_open (struct film *film)
{
    AVDictionary *options = NULL;
    uint8_t *room = av_malloc (AVIO_PIECE);
    int result;

    film->in = avformat_alloc_context ();
    film->packet = av_packet_alloc ();
    film->reader =
        room ? avio_alloc_context (room, AVIO_PIECE, 0, &film->source, on_read, NULL, on_seek)
             : NULL;
    if (!film->in || !film->packet || !film->reader)
        return END_MEMORY;
    film->in->pb = film->reader;
    film->in->io_open = on_open;
    film->in->max_streams = TRACKS_MOST;
    film->in->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN;
    av_dict_set (&options, "enable_drefs", "0", 0);
    av_dict_set (&options, "ignore_chapters", "1", 0);
    av_dict_set (&options, "protocol_whitelist", "none", 0);
    av_dict_set (&options, "format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2", 0);
    result = avformat_open_input (&film->in, NULL, av_find_input_format ("mov"), &options);
    av_dict_free (&options);
    return fault_judge (result);
}

static bool is_taken (const AVStream *stream)
{
    switch (stream->codecpar->codec_id) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
        return stream->codecpar->extradata_size && stream->codecpar->width > 0 &&
               stream->codecpar->height > 0;
    case AV_CODEC_ID_AAC:
        return stream->codecpar->extradata_size && stream->codecpar->extradata_size <= CONFIG_MOST;
    case AV_CODEC_ID_AMR_NB:
    case AV_CODEC_ID_AMR_WB:
    case AV_CODEC_ID_PCM_S16LE:
    case AV_CODEC_ID_PCM_S16BE: return true;
    default: return false;
    }
}

/* The first of its kind; a cover is no film.  A film without pictures that are taken is none, without such sound it is silent. */
static int track_find (const AVFormatContext *in, enum AVMediaType type)
{
    for (unsigned i = 0; i < in->nb_streams; i++) {
        const AVStream *stream = in->streams[i];
        if (stream->codecpar->codec_type == type &&
            !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC) && is_taken (stream))
            return (int) i;
    }
    return -1;
}

static enum end tracks_choose (struct film *film)
{
    film->video.from = track_find (film->in, AVMEDIA_TYPE_VIDEO);
    film->audio.from = track_find (film->in, AVMEDIA_TYPE_AUDIO);
    for (unsigned i = 0; i < film->in->nb_streams; i++)
        if ((int) i != film->video.from && (int) i != film->audio.from)
            film->in->streams[i]->discard = AVDISCARD_ALL;
    return film->video.from < 0 ? END_KIND : END_NONE;
}

/* ---- out ------------------------------------------------------------------------------------------- */

/* MP4 as a rule; of a telephone's sound that MP4 does not know 3GP, of PCM MOV. */
static const AVOutputFormat *format_for (const struct film *film)
{
    static const char *const names[] = {"mp4", "3gp", "mov"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const AVOutputFormat *format = av_guess_format (names[i], NULL, NULL);
        const AVStream *audio = film->audio.from < 0 ? NULL : film->in->streams[film->audio.from];
        if (format && (!audio || avformat_query_codec (format, audio->codecpar->codec_id,
                                                       FF_COMPLIANCE_NORMAL) == 1))
            return format;
    }
    return NULL;
}

/* A filter of a stream's units. */
static int filter_new (const AVCodecParameters *of, AVRational base, AVBSFContext **ret)
{
    const AVBitStreamFilter *units = av_bsf_get_by_name ("filter_units");
    int result = units ? av_bsf_alloc (units, ret) : AVERROR_PATCHWELCOME;

    if (result >= 0)
        result = avcodec_parameters_copy ((*ret)->par_in, of);
    if (result >= 0)
        result = av_opt_set ((*ret)->priv_data, "pass_types",
                             of->codec_id == AV_CODEC_ID_H264 ? H264_UNITS : HEVC_UNITS, 0);
    if (result < 0)
        return result;
    (*ret)->time_base_in = base;
    return av_bsf_init (*ret);
}

static int extradata_set (AVCodecParameters *of, const uint8_t *at, int len)
{
    uint8_t *copy = av_mallocz ((size_t) len + AV_INPUT_BUFFER_PADDING_SIZE);

    if (!copy)
        return AVERROR (ENOMEM);
    memcpy (copy, at, (size_t) len);
    av_freep (&of->extradata);
    of->extradata = copy;
    of->extradata_size = len;
    return 0;
}

/* `of` through a filter of its own, as if it were a picture. */
static int extradata_through (AVCodecParameters *of, AVBSFContext *filter, AVPacket *packet)
{
    int result = av_new_packet (packet, of->extradata_size);

    if (result >= 0) {
        memcpy (packet->data, of->extradata, (size_t) of->extradata_size);
        result = av_bsf_send_packet (filter, packet);
    }
    if (result >= 0)
        result = av_bsf_receive_packet (filter, packet);
    return result >= 0 ? extradata_set (of, packet->data, packet->size) : result;
}

/* What a decoder is told before the first picture.  The filter hands that on whole, as a stream of units: x265 says there who it is, with
 * all its options. */
static int extradata_filter (AVCodecParameters *of)
{
    AVCodecParameters *bare = avcodec_parameters_alloc ();
    AVPacket *packet = av_packet_alloc ();
    AVBSFContext *filter = NULL;
    int result = AVERROR (ENOMEM);

    if (bare && packet) {
        bare->codec_type = of->codec_type;
        bare->codec_id = of->codec_id;
        result = filter_new (bare, (AVRational){1, 1}, &filter);
    }
    if (result >= 0)
        result = extradata_through (of, filter, packet);
    av_bsf_free (&filter);
    av_packet_free (&packet);
    avcodec_parameters_free (&bare);
    return result;
}

/* The parameter sets of `of`, read and written anew, into `ret`.  What is no right set is refused here: libavformat's writer reads them,
 * too, and one that claims four thousand million of something costs it minutes. */
static int sets_write (const AVCodecParameters *of, AVCodecParameters *ret)
{
    const AVBitStreamFilter *writer =
        av_bsf_get_by_name (of->codec_id == AV_CODEC_ID_H264 ? "h264_metadata" : "hevc_metadata");
    AVBSFContext *context = NULL;
    int result = writer ? av_bsf_alloc (writer, &context) : AVERROR_PATCHWELCOME;

    if (result >= 0)
        result = avcodec_parameters_copy (context->par_in, of);
    if (result >= 0)
        result = av_bsf_init (context);
    if (result >= 0)
        result = extradata_set (ret, context->par_out->extradata, context->par_out->extradata_size);
    av_bsf_free (&context);
    return result;
}

static enum end filter_open (struct track *track, const AVStream *from)
{
    int result = filter_new (from->codecpar, from->time_base, &track->filter);

    if (result >= 0)
        result = sets_write (from->codecpar, track->filter->par_out);
    if (result >= 0)
        result = extradata_filter (track->filter->par_out);
    return fault_judge (result);
}

/* How it is turned goes with it. */
static enum end turn_copy (const AVStream *from, AVStream *to)
{
    size_t len;
    const uint8_t *matrix = av_stream_get_side_data (from, AV_PKT_DATA_DISPLAYMATRIX, &len);
    uint8_t *copy;

    if (!matrix)
        return END_NONE;
    copy = av_stream_new_side_data (to, AV_PKT_DATA_DISPLAYMATRIX, len);
    if (!copy)
        return END_MEMORY;
    memcpy (copy, matrix, len);
    return END_NONE;
}

static enum end track_open (struct film *film, struct track *track)
{
    const AVStream *from = film->in->streams[track->from];
    bool pictures = from->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    enum end end = pictures ? filter_open (track, from) : END_NONE;

    if (end)
        return end;
    track->to = avformat_new_stream (film->out, NULL);
    if (!track->to ||
        avcodec_parameters_copy (track->to->codecpar,
                                 pictures ? track->filter->par_out : from->codecpar) < 0)
        return END_MEMORY;
    track->blanks =
        from->codecpar->codec_id == AV_CODEC_ID_AAC &&
        sound_has_elements (from->codecpar->extradata, (size_t) from->codecpar->extradata_size);
    track->to->codecpar->codec_tag =
        from->codecpar->codec_id == AV_CODEC_ID_HEVC ? MKTAG ('h', 'v', 'c', '1') : 0;
    track->to->time_base = from->time_base;
    return pictures ? turn_copy (from, track->to) : END_NONE;
}

static enum end out_open (struct film *film)
{
    const AVOutputFormat *format = format_for (film);
    enum end end;

    if (!format)
        return END_KIND;
    if (avformat_alloc_output_context2 (&film->out, format, NULL, NULL) < 0 ||
        avio_open_dyn_buf (&film->out->pb) < 0)
        return END_MEMORY;
    film->out->io_open = on_open;
    film->out->flags |= AVFMT_FLAG_BITEXACT; /* no word of who wrote it */
    end = track_open (film, &film->video);
    if (!end && film->audio.from >= 0)
        end = track_open (film, &film->audio);
    return end ? end : fault_judge (avformat_write_header (film->out, NULL));
}

/* ---- from one into the other ----------------------------------------------------------------------- */

/* Where it is not said how long a packet is seen it is as long as the one before: else a film would end a picture early. */
static int packet_put (struct film *film, struct track *track)
{
    AVPacket *packet = film->packet;
    AVRational base = film->in->streams[track->from]->time_base;

    if (packet->duration <= 0 && track->last != AV_NOPTS_VALUE && packet->dts > track->last)
        packet->duration = packet->dts - track->last;
    track->last = packet->dts;
    track->some = true;

    if (track->blanks) {
        int result = av_packet_make_writable (packet);
        if (result < 0)
            return result;
        sound_blank (packet->data, (size_t) packet->size);
    }
    av_packet_free_side_data (packet);
    av_packet_rescale_ts (packet, base, track->to->time_base);
    packet->stream_index = track->to->index;
    packet->pos = -1;
    return av_interleaved_write_frame (film->out, packet);
}

static int packet_filter (struct film *film, struct track *track)
{
    int result = av_bsf_send_packet (track->filter, film->packet);

    while (result >= 0) {
        result = av_bsf_receive_packet (track->filter, film->packet);
        if (result == AVERROR (EAGAIN)) /* it had no slice: nothing to see */
            return 0;
        if (result >= 0)
            result = packet_put (film, track);
    }
    return result;
}

/* Is the packet within the film's first seconds?  A film may begin at any time: a camera that writes all day counts on. */
static bool is_within (struct film *film, const AVPacket *packet)
{
    AVRational base = film->in->streams[packet->stream_index]->time_base;
    int64_t at = av_rescale_q (packet->dts, base, AV_TIME_BASE_Q);

    if (film->begins == AV_NOPTS_VALUE)
        film->begins = at;
    return av_sat_sub64 (at, film->begins) < film->seconds * AV_TIME_BASE;
}

static int packet_take (struct film *film)
{
    AVPacket *packet = film->packet;
    struct track *track = packet->stream_index == film->video.from   ? &film->video
                          : packet->stream_index == film->audio.from ? &film->audio
                                                                     : NULL;

    if (!track || packet->dts == AV_NOPTS_VALUE || packet->size <= 0 || !is_within (film, packet))
        return 0;
    return track->filter ? packet_filter (film, track) : packet_put (film, track);
}

/* A film whose end is missing is kept as far as it goes. */
static enum end copy (struct film *film)
{
    int result;

    while ((result = av_read_frame (film->in, film->packet)) >= 0) {
        result = packet_take (film);
        av_packet_unref (film->packet);
        if (result < 0)
            return fault_judge (result);
    }
    if (result == AVERROR (ENOMEM))
        return END_MEMORY;
    if (!film->video.some)
        return END_DAMAGED;
    return fault_judge (av_write_trailer (film->out));
}

/* ---- its life -------------------------------------------------------------------------------------- */

static void film_close (struct film *film, uint8_t **ret, size_t *ret_len)
{
    uint8_t *bytes = NULL;
    int len = film->out && film->out->pb ? avio_close_dyn_buf (film->out->pb, &bytes) : 0;

    *ret = bytes;
    *ret_len = len > 0 ? (size_t) len : 0;
    av_bsf_free (&film->video.filter);
    av_packet_free (&film->packet);
    avformat_free_context (film->out);
    avformat_close_input (&film->in);
    if (film->reader)
        av_freep (&film->reader->buffer);
    avio_context_free (&film->reader);
}

void video_remux (struct input input, unsigned seconds)
{
    struct film film = {.source = {.input = input},
                        .video = {.from = -1, .last = AV_NOPTS_VALUE},
                        .audio = {.from = -1, .last = AV_NOPTS_VALUE},
                        .begins = AV_NOPTS_VALUE,
                        .seconds = seconds};
    enum end end;
    uint8_t *bytes;
    size_t len;

    av_log_set_level (AV_LOG_QUIET);
    av_max_alloc (BLOCK_MOST);
    end = in_open (&film);
    if (!end)
        end = tracks_choose (&film);
    if (!end)
        end = out_open (&film);
    if (!end)
        end = copy (&film);
    film_close (&film, &bytes, &len);
    if (!end)
        output_write (bytes, len);
    av_free (bytes);
    if (end)
        leave (end);
}
