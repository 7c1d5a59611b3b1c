/* parcel.c - frames in, frames out, and bundles of them. */
#include "daemon/parcel.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024 /* holds most messages whole, and malloc keeps it at hand */

void parcel_done (struct parcel *parcel)
{
    for (unsigned i = 0; i < parcel->frames; i++)
        wire_done (&parcel->said[i]);
    parcel->frames = 0;
    if (parcel->own.at)
        buffer_free (&parcel->own);
}

const struct wire_message *parcel_read (struct parcel *parcel, unsigned at, enum wire_type type,
                                        struct wire_fault *ret_fault)
{
    if (at >= parcel->frames) {
        *ret_fault = (struct wire_fault){.reject = REJECT_MISSING,
                                         .type = type,
                                         .field = wire_name (type),
                                         .text = "a frame is missing"};
        return NULL;
    }
    struct wire_message *said = &parcel->said[at];
    struct view bytes = parcel_bytes (parcel, at);
    if (!said->type && wire_decode (bytes.at, bytes.len, said, ret_fault) != 0)
        return NULL;
    if (said->type != type) {
        *ret_fault = (struct wire_fault){.reject = REJECT_MALFORMED,
                                         .type = said->type,
                                         .field = wire_name (type),
                                         .text = "another frame belongs here"};
        return NULL;
    }
    return said;
}

struct view parcel_bytes (const struct parcel *parcel, unsigned at)
{
    if (at >= parcel->frames)
        return (struct view){NULL, 0};
    const struct parcel_frame *frame = &parcel->frame[at];
    const char *bytes = frame->borrowed ? frame->borrowed : parcel->own.at + frame->start;
    return (struct view){bytes, frame->len};
}

size_t parcel_size (const struct parcel *parcel)
{
    size_t size = 0;
    for (unsigned i = 0; i < parcel->frames; i++)
        size += parcel->frame[i].len;
    return size;
}

static struct parcel_frame *next_frame (struct parcel *parcel)
{
    check (parcel->frames < PARCEL_FRAMES);
    parcel->said[parcel->frames].type = 0;
    parcel->said[parcel->frames].memory = NULL;
    return &parcel->frame[parcel->frames++];
}

void parcel_move (struct parcel *to, struct parcel *from)
{
    bool owned = true;
    for (unsigned i = 0; i < from->frames; i++)
        owned = owned && !from->frame[i].borrowed;
    if (owned) {
        to->own = from->own;
        from->own = (struct buffer){0};
    } else {
        char *room = buffer_room (&to->own, parcel_size (from));
        for (unsigned i = 0; i < from->frames; i++) {
            struct view bytes = parcel_bytes (from, i);
            memcpy (room + to->own.len, bytes.at, bytes.len); /* it held nothing before */
            from->frame[i] = (struct parcel_frame){.start = to->own.len, .len = bytes.len};
            to->own.len += bytes.len;
        }
    }
    to->frames = 0;
    for (unsigned i = 0; i < from->frames; i++)
        *next_frame (to) = from->frame[i];
    parcel_done (from);
}

void parcel_add (struct parcel *parcel, enum wire_type type, const void *msg)
{
    struct parcel_frame *frame = next_frame (parcel);
    size_t start = parcel->own.len;
    if (parcel->own.room == 0)
        buffer_room (&parcel->own, ROOM_FIRST);
    wire_encode (type, msg, &parcel->own);
    *frame = (struct parcel_frame){.start = start, .len = parcel->own.len - start};
}

void parcel_add_bytes (struct parcel *parcel, const void *at, size_t len)
{
    *next_frame (parcel) = (struct parcel_frame){.borrowed = len ? at : "", .len = len};
}

void parcel_add_frame (struct parcel *parcel, const struct parcel *from, unsigned at)
{
    check (at < from->frames);
    struct view bytes = parcel_bytes (from, at);
    parcel_add_bytes (parcel, bytes.at, bytes.len);
}

/* ---- bundles ------------------------------------------------------------------------------- */

bool bundle_is (const void *at, size_t len)
{
    return len > 0 && *(const uint8_t *) at == BUNDLE_MARK;
}

size_t bundle_room (const struct parcel *parcel)
{
    return 1 + 4 * (size_t) parcel->frames + parcel_size (parcel);
}

void bundle_add (struct buffer *bundle, const struct parcel *parcel)
{
    char *begin = buffer_room (bundle, 1 + bundle_room (parcel)), *into = begin;
    if (bundle->len == 0)
        *into++ = (char) BUNDLE_MARK;
    *into++ = (char) parcel->frames;
    for (unsigned i = 0; i < parcel->frames; i++) {
        struct view bytes = parcel_bytes (parcel, i);
        uint32_t len = (uint32_t) bytes.len;
        for (int shift = 0; shift < 32; shift += 8)
            *into++ = (char) (len >> shift & 0xff);
        memcpy (into, bytes.at, bytes.len);
        into += bytes.len;
    }
    bundle->len += (size_t) (into - begin);
}

static bool next_bytes (struct view *rest, struct view *ret)
{
    uint32_t len = 0;
    if (rest->len < 4)
        return false;
    for (int i = 0; i < 4; i++)
        len |= (uint32_t) (uint8_t) rest->at[i] << (8 * i);
    if (len > rest->len - 4)
        return false;
    *ret = (struct view){rest->at + 4, len};
    rest->at += 4 + len;
    rest->len -= 4 + (size_t) len;
    return true;
}

bool bundle_next (struct view *rest, struct parcel *ret, struct wire_fault *ret_fault)
{
    *ret_fault = (struct wire_fault){0};
    ret->frames = 0;
    ret->own = (struct buffer){0};
    if (rest->len == 0)
        return false;
    unsigned frames = (uint8_t) rest->at[0];
    rest->at++;
    rest->len--;
    for (unsigned i = 0; i < frames && frames <= PARCEL_FRAMES; i++) {
        struct view bytes;
        if (!next_bytes (rest, &bytes))
            break;
        parcel_add_bytes (ret, bytes.at, bytes.len);
    }
    if (frames > 0 && ret->frames == frames)
        return true;
    *ret_fault = (struct wire_fault){.reject = REJECT_MALFORMED, .text = "a bundle that is torn"};
    return false;
}
