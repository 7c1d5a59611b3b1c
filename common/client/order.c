/* order.c - what people administer, by a front's key in their name.
 *
 * An order carries passwords and is told tokens: its frame and its answer are wiped when it ends.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "client/client.h"

void order_ended (struct op *op, const struct op_ending *ending)
{
    struct aduan_ordered ordered = {
        .result = ending->result, .reason = ending->reason, .refusal = ending->refusal};
    const struct msg_ordered *said = ending->ordered;
    char *text = NULL;
    if (ending->field)
        snprintf (ordered.detail, sizeof ordered.detail, "%s", ending->field);
    if (said && said->detail.at)
        snprintf (ordered.detail, sizeof ordered.detail, "%.*s", (int) said->detail.len,
                  said->detail.at);
    if (said && ending->result == ADUAN_DONE)
        ordered.text = text = xstrndup (said->result.at ? said->result.at : "{}",
                                        said->result.at ? said->result.len : 2);
    op->ordered (op->with, &ordered);
    if (text)
        sodium_memzero (text, strlen (text));
    free (text);
    if (op->bytes)
        sodium_memzero (op->bytes, op->frame_len[0]);
}

void on_ordered (void *owner, struct link *from, struct parcel *parcel)
{
    const struct msg_ordered *said = &parcel->said[0].ordered;
    struct op *op = op_find (owner, OP_ORDER, said->ref);
    (void) from;
    if (!op)
        return;
    if (said->verdict != VERDICT_DONE && said->reason == REASON_BUSY && op->state == OP_SENT)
        op_rest (op, 1000);
    else
        op_end (op, &(struct op_ending){
                        .result = said->verdict == VERDICT_DONE ? ADUAN_DONE : ADUAN_REFUSED,
                        .reason = said->reason,
                        .ordered = said,
                    });
}

void aduan_order_start (struct aduan *aduan, const struct aduan_order *said, int64_t deadline_ms,
                        aduan_ordered_fn *done, void *with)
{
    struct op *op = op_new (aduan, LINE_ROUTER, OP_ORDER, deadline_ms, with);
    struct buffer *frame = &aduan->loop->frame[0];
    struct msg_order order = {
        .ref = op->ref,
        .order = view_said (said->order),
        .arguments = view_said (said->arguments ? said->arguments : "{}"),
        .session = view_sized (said->session, said->session ? ADUAN_SESSION_SIZE : 0)};
    struct wire_fault fault;
    memcpy (order.key.at, said->key, sizeof order.key.at);
    if (id_zero (&order.key))
        order.key = id_random ();
    op->ordered = done;
    if (wire_check (WIRE_order, &order, &fault) != 0) {
        struct aduan_ordered ordered = {.result = ADUAN_REFUSED, .reason = REASON_VALUE};
        snprintf (ordered.detail, sizeof ordered.detail, "%s", fault.field ? fault.field : "order");
        free (op);
        done (with, &ordered);
        return;
    }
    buffer_clear (frame);
    wire_encode (WIRE_order, &order, frame);
    op_frames (op, 1);
    sodium_memzero (frame->at, frame->len);
    op_start (op);
}

struct waits {
    struct aduan_ordered result;
    char *text;
    bool over;
};

static void waits_over (void *with, const struct aduan_ordered *ordered)
{
    struct waits *waits = with;
    waits->result = *ordered;
    waits->result.text = NULL;
    waits->text = ordered->text ? xstrdup (ordered->text) : NULL;
    waits->over = true;
}

enum aduan_result aduan_order (struct aduan *aduan, const struct aduan_order *order,
                               int64_t deadline_ms, struct aduan_ordered *ret, char **ret_text)
{
    struct waits waits = {0};
    aduan_order_start (aduan, order, deadline_ms, waits_over, &waits);
    while (!waits.over)
        aduan_turn (aduan, -1);
    *ret = waits.result;
    *ret_text = waits.text;
    return waits.result.result;
}
