/* parcel.c - frames in, frames out, without copying what is only passed on. */
#include "daemon/parcel.h"

#include <stdlib.h>
#include <string.h>

void parcel_done (struct parcel *parcel)
{
    for (unsigned i = 0; i < parcel->frames; i++) {
        wire_done (&parcel->said[i]);
        zmq_msg_close (&parcel->frame[i]);
    }
    parcel->frames = 0;
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
    if (!said->type && wire_decode (zmq_msg_data (&parcel->frame[at]),
                                    zmq_msg_size (&parcel->frame[at]), said, ret_fault) != 0)
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

void parcel_move (struct parcel *to, struct parcel *from)
{
    to->frames = from->frames;
    for (unsigned i = 0; i < from->frames; i++) {
        wire_done (&from->said[i]);
        to->said[i] = (struct wire_message){0};
        zmq_msg_init (&to->frame[i]);
        zmq_msg_move (&to->frame[i], &from->frame[i]);
        zmq_msg_close (&from->frame[i]);
    }
    from->frames = 0;
}

struct view parcel_bytes (struct parcel *parcel, unsigned at)
{
    if (at >= parcel->frames)
        return (struct view){NULL, 0};
    return (struct view){zmq_msg_data (&parcel->frame[at]), zmq_msg_size (&parcel->frame[at])};
}

static zmq_msg_t *next_frame (struct parcel *parcel)
{
    check (parcel->frames < PARCEL_FRAMES);
    parcel->said[parcel->frames] = (struct wire_message){0};
    return &parcel->frame[parcel->frames++];
}

void parcel_add_bytes (struct parcel *parcel, const void *at, size_t len)
{
    zmq_msg_t *frame = next_frame (parcel);
    check (zmq_msg_init_size (frame, len) == 0);
    if (len)
        memcpy (zmq_msg_data (frame), at, len);
}

void parcel_add (struct parcel *parcel, enum wire_type type, const void *msg)
{
    static struct buffer
        frame; /* one thread encodes; kept, so that most messages allocate nothing */
    buffer_clear (&frame);
    wire_encode (type, msg, &frame);
    parcel_add_bytes (parcel, frame.at, frame.len);
}

void parcel_add_frame (struct parcel *parcel, struct parcel *from, unsigned at)
{
    check (at < from->frames);
    zmq_msg_t *frame = next_frame (parcel);
    check (zmq_msg_init (frame) == 0 && zmq_msg_copy (frame, &from->frame[at]) == 0);
}
