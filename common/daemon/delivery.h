/* delivery.h - what ZeroMQ hands over at once, taken apart into messages.  For listener.c and
 * connection.c. */
#ifndef ADUAN_DELIVERY_H
#define ADUAN_DELIVERY_H

#include <zmq.h>
#include "daemon/link_inside.h"

/* A message's frames, or one frame that is a bundle of messages. */
struct delivery {
    zmq_msg_t routing; /* of a ROUTER */
    zmq_msg_t frame[PARCEL_FRAMES];
    unsigned frames;
    bool routed, whole; /* whole: no frames beyond PARCEL_FRAMES were dropped */
};

/* The next one; `routed`: the socket is a ROUTER.  False when there is nothing.  Ends with
 * delivery_done. */
bool delivery_receive (void *socket, bool routed, struct delivery *ret);
void delivery_done (struct delivery *delivery);

/* `fault` is NULL where the message decodes; the parcel's bytes are the delivery's. */
typedef void delivery_take_fn (struct link *link, struct parcel *parcel,
                               const struct wire_fault *fault);
/* Calls `take` for each message, as long as the link is there.  Returns how many there were. */
unsigned delivery_take (struct link *link, struct delivery *delivery, delivery_take_fn *take);

#endif
