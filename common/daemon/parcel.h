/* parcel.h - one ZeroMQ message: up to PARCEL_FRAMES frames, each a frame of wire.h.
 *
 * Received: link.h decodes frame 0 before anybody is called; later frames are decoded when asked
 * for, so that what is only passed on is never opened.  Sent: frames are added, then link_send
 * takes them.  Passing a frame on copies no bytes (zmq_msg_copy counts references).
 */
#ifndef ADUAN_PARCEL_H
#define ADUAN_PARCEL_H

#include <zmq.h>
#include "base/base.h"
#include "wire/wire.h"

#define PARCEL_FRAMES 4

struct parcel {
    unsigned frames;
    zmq_msg_t frame[PARCEL_FRAMES];
    struct wire_message said[PARCEL_FRAMES]; /* .type 0 until decoded */
};

/* An empty parcel is all zeros; parcel_done() leaves it so.  Harmless twice. */
void parcel_done (struct parcel *parcel);

/* Frame `at` decoded as a message of `type`, or NULL with *ret_fault set where it is absent, of
 * another type or does not decode.  The result lives as long as the parcel. */
const struct wire_message *parcel_read (struct parcel *parcel, unsigned at, enum wire_type type,
                                        struct wire_fault *ret_fault);

/* Moves the frames; what was decoded is decoded again when asked for (views into small frames would
 * point into the old place).  `from` is empty afterwards. */
void parcel_move (struct parcel *to, struct parcel *from);

/* The bytes of frame `at`; {NULL, 0} where it is absent. */
struct view parcel_bytes (struct parcel *parcel, unsigned at);

/* Adds a frame made of `msg`, a struct msg_<type>. */
void parcel_add (struct parcel *parcel, enum wire_type type, const void *msg);
/* Adds a frame with a copy of bytes that are a frame already. */
void parcel_add_bytes (struct parcel *parcel, const void *at, size_t len);
/* Adds frame `at` of another parcel, which keeps it. */
void parcel_add_frame (struct parcel *parcel, struct parcel *from, unsigned at);

#endif
