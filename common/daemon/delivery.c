/* delivery.c - see delivery.h. */
#include "daemon/delivery.h"
#include "base/metric.h"

void delivery_done (struct delivery *delivery)
{
    if (delivery->routed)
        zmq_msg_close (&delivery->routing);
    for (unsigned i = 0; i < delivery->frames; i++)
        zmq_msg_close (&delivery->frame[i]);
}

static bool receive_frame (void *socket, zmq_msg_t *frame)
{
    zmq_msg_init (frame);
    if (zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0)
        return true;
    zmq_msg_close (frame);
    return false;
}

/* False when there is nothing. */
bool delivery_receive (void *socket, bool routed, struct delivery *ret)
{
    bool more = true;
    ret->frames = 0;
    ret->whole = true;
    ret->routed = routed && receive_frame (socket, &ret->routing);
    if (routed && !ret->routed)
        return false;
    if (routed)
        more = zmq_msg_more (&ret->routing);
    while (more) {
        zmq_msg_t surplus, *frame = &surplus;
        bool kept = ret->frames < PARCEL_FRAMES;
        if (kept)
            frame = &ret->frame[ret->frames];
        if (!receive_frame (socket, frame))
            return ret->frames > 0;
        more = zmq_msg_more (frame);
        ret->frames += kept;
        ret->whole = ret->whole && kept;
        if (!kept)
            zmq_msg_close (frame);
    }
    return true;
}

static struct view frame_bytes (struct delivery *delivery, unsigned at)
{
    return (struct view){zmq_msg_data (&delivery->frame[at]), zmq_msg_size (&delivery->frame[at])};
}

static int decode_first (struct parcel *parcel, struct wire_fault *fault)
{
    struct view bytes = parcel_bytes (parcel, 0);
    *fault = (struct wire_fault){.reject = REJECT_MALFORMED, .text = "no frame"};
    return bytes.at ? wire_decode (bytes.at, bytes.len, &parcel->said[0], fault) : FAIL_MALFORMED;
}

static void take_one (struct link *link, struct parcel *parcel, delivery_take_fn *take)
{
    struct wire_fault fault;
    bool good = decode_first (parcel, &fault) == 0;
    metric_add (link_received_total, 1);
    take (link, parcel, good ? NULL : &fault);
    parcel_done (parcel);
}

/* Calls `take` for each message, as long as the link is there; `fault` is NULL where it decodes.
 * Returns how many there were. */
unsigned delivery_take (struct link *link, struct delivery *delivery, delivery_take_fn *take)
{
    struct parcel parcel;
    struct wire_fault fault = {.reject = REJECT_MALFORMED, .text = "too many frames"};
    parcel.frames = 0;
    parcel.own = (struct buffer){0};
    struct view rest = delivery->frames ? frame_bytes (delivery, 0) : (struct view){0};
    link->heard = reactor_now (link->reactor);
    if (!delivery->whole) {
        take (link, &parcel, &fault);
        return 1;
    }
    if (delivery->frames != 1 || !bundle_is (rest.at, rest.len)) {
        for (unsigned i = 0; i < delivery->frames; i++) {
            struct view bytes = frame_bytes (delivery, i);
            parcel_add_bytes (&parcel, bytes.at, bytes.len);
        }
        take_one (link, &parcel, take);
        return 1;
    }
    unsigned count = 0;
    rest = (struct view){rest.at + 1, rest.len - 1};
    for (; link->state != LINK_GONE && bundle_next (&rest, &parcel, &fault); count++)
        take_one (link, &parcel, take);
    if (count == 0 && !fault.reject)
        fault = (struct wire_fault){.reject = REJECT_MALFORMED, .text = "an empty bundle"};
    if (link->state != LINK_GONE && fault.reject)
        take (link, &parcel, &fault);
    parcel_done (&parcel);
    return count + 1;
}
