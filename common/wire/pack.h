/* pack.h - msgpack-c's packer over our buffer: its own template (msgpack/pack_template.h, made for this), so
 * that an item is written in place and not byte by byte through a callback. */
#ifndef ADUAN_WIRE_PACK_H
#define ADUAN_WIRE_PACK_H

#include "base/base.h"

#include <msgpack.h>
#include <string.h>

static inline int wire_pack_append (struct buffer *out, const void *at, size_t len)
{
    if (len)
        memcpy (buffer_room (out, len), at, len);
    out->len += len;
    return 0;
}

#define msgpack_pack_inline_func(name)           static inline int wire_pack##name
#define msgpack_pack_inline_func_cint(name)      static inline int wire_pack##name
#define msgpack_pack_user                        struct buffer *
#define msgpack_pack_append_buffer(out, at, len) return wire_pack_append (out, at, len)
#include <msgpack/pack_template.h>

#endif
