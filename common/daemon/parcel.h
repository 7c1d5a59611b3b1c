/* parcel.h - one message: up to PARCEL_FRAMES frames, each a frame of wire.h.
 *
 * Received: link.h decodes frame 0 before anybody is called; later frames are decoded when asked
 * for, so that what is only passed on is never opened.  The bytes belong to the delivery they came
 * in, and are gone when the handler returns, unless parcel_move keeps a copy.
 * Sent: frames are added, then link_send takes them.
 */
#ifndef ADUAN_PARCEL_H
#define ADUAN_PARCEL_H

#include "base/base.h"
#include "wire/wire.h"

#define PARCEL_FRAMES 4

struct parcel {
    unsigned frames;
    struct parcel_frame {
        const char *borrowed; /* NULL: at `start` of `own` */
        size_t start, len;
    } frame[PARCEL_FRAMES];
    struct wire_message said[PARCEL_FRAMES]; /* .type 0 until decoded */
    struct buffer own;                       /* frames that were made, or kept, here */
};

/* An empty parcel is all zeros; parcel_done() leaves it so.  Harmless twice. */
void parcel_done (struct parcel *parcel);

/* Frame `at` decoded as a message of `type`, or NULL with *ret_fault set where it is absent, of
 * another type or does not decode.  The result lives as long as the parcel. */
const struct wire_message *parcel_read (struct parcel *parcel, unsigned at, enum wire_type type,
                                        struct wire_fault *ret_fault);

/* Keeps what came: copies the frames, unless `from` owns them already; what was decoded is decoded
 * again when asked for.  `to` holds nothing; `from` is empty afterwards. */
void parcel_move (struct parcel *to, struct parcel *from);

/* The bytes of frame `at`; {NULL, 0} where it is absent.  Good until a frame is added. */
struct view parcel_bytes (const struct parcel *parcel, unsigned at);
size_t parcel_size (const struct parcel *parcel); /* bytes of all frames */

/* Adds a frame made of `msg`, a struct msg_<type>. */
void parcel_add (struct parcel *parcel, enum wire_type type, const void *msg);
/* Adds bytes that are a frame already; they are borrowed until the parcel is sent or done. */
void parcel_add_bytes (struct parcel *parcel, const void *at, size_t len);
/* Adds frame `at` of another parcel, which keeps it at least as long. */
void parcel_add_frame (struct parcel *parcel, const struct parcel *from, unsigned at);

/* ---- bundles: many messages in one frame of ZeroMQ (PROTOCOL.md) ---------------------------
 *
 *   bundle   the byte c1, which begins no msgpack, then messages
 *   message  number of frames (1 byte), then for each frame its length (4 bytes, little-endian)
 *            and its bytes
 */
#define BUNDLE_MARK 0xc1

bool bundle_is (const void *at, size_t len);
/* Bytes that the message takes in a bundle. */
size_t bundle_room (const struct parcel *parcel);
/* Puts it behind what is there; begins the bundle where nothing is. */
void bundle_add (struct buffer *bundle, const struct parcel *parcel);
/* The next message, borrowed from the bundle, and *rest behind it.  `rest` begins behind the mark.
 * False at the end; *ret_fault set where what is left is no message. */
bool bundle_next (struct view *rest, struct parcel *ret, struct wire_fault *ret_fault);

#endif
