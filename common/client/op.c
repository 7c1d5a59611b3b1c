/* op.c - the life of one operation: waiting, said, resting, over; and the timer behind all of them.
 *
 * The timer rings at the earliest moment at which anything of any handle is due, then looks at every
 * operation.  Nearly all are answered long before, so the look is rare and needs no heap: moments are
 * only ever brought forward, and an early ring finds nothing and sets the next one.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>
#include "client/client.h"

int64_t boot_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_BOOTTIME, &now); /* a lease runs on while the machine sleeps */
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Three quarters to five quarters of it, so that clients of one outage do not come back in step. */
static int64_t jittered (struct aduan_loop *loop, int64_t ms)
{
    loop->dice ^= loop->dice << 13;
    loop->dice ^= loop->dice >> 7;
    loop->dice ^= loop->dice << 17;
    return ms * 3 / 4 + (int64_t) (loop->dice % (uint64_t) (ms / 2 + 1));
}

static void ring_by (struct aduan_loop *loop, int64_t at)
{
    if (at == 0 || (loop->rings_at && loop->rings_at <= at))
        return;
    loop->rings_at = at;
    reactor_timer_at (loop->timer, at);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static struct op **list_of (struct op *op)
{
    switch (op->state) {
    case OP_WAITING: return &op->line->waiting[op->kind];
    case OP_SENT: return &op->line->sent;
    case OP_RESTING: return &op->line->resting;
    case OP_OVER: break;
    }
    return NULL;
}

static void op_move (struct op *op, enum op_state state)
{
    struct op **from = list_of (op);
    if (from)
        DL_DELETE (*from, op);
    op->state = state;
    struct op **to = list_of (op);
    if (to)
        DL_APPEND (*to, op);
}

static void op_free (struct op *op)
{
    unsealed_free (&op->unsealed);
    free (op->bytes);
    free (op);
}

/* What a question asks can be asked again; anything else that was said may have had its effect. */
static void op_wait (struct op *op)
{
    const struct line *line = op->line;
    const struct aduan *aduan = line->aduan;
    bool harmless = op->tries == 0 || op->kind == OP_ASK || op->kind == OP_SHOW;
    op_move (op, OP_WAITING);
    if (aduan->away_ms == 0 || line->down_at == 0 || !harmless)
        return;
    int64_t least = mono_ms () + UNSAID_LEAST_MS, patience = line->down_at + aduan->away_ms;
    op->unsaid_by = least > patience ? least : patience;
    ring_by (aduan->loop, op->unsaid_by);
}

struct op *op_new (struct aduan *aduan, enum line_kind line, enum op_kind kind, int64_t deadline_ms,
                   void *with)
{
    struct op *op = xcalloc (1, sizeof *op);
    op->kind = kind;
    op->line = &aduan->lines[line];
    op->ref = aduan->loop->next_ref++;
    op->with = with;
    op->deadline = deadline_ms > 0 ? mono_ms () + deadline_ms : 0;
    op->pause = aduan->repeat_ms;
    return op;
}

void op_frames (struct op *op, unsigned frames)
{
    const struct buffer *from = op->line->aduan->loop->frame;
    size_t len = from[0].len + (frames > 1 ? from[1].len : 0);
    free (op->bytes);
    op->bytes = xcalloc (1, len);
    op->frames = frames;
    for (unsigned i = 0, at = 0; i < frames; i++) {
        op->frame_len[i] = from[i].len;
        memcpy (op->bytes + at, from[i].at, from[i].len);
        at += (unsigned) from[i].len;
    }
}

struct op *op_find (struct aduan *aduan, enum op_kind kind, uint64_t ref)
{
    struct op *op;
    HASH_FIND (hh, aduan->ops, &ref, sizeof ref, op);
    return op && op->kind == kind ? op : NULL;
}

void op_end (struct op *op, const struct op_ending *ending)
{
    op_move (op, OP_OVER);
    HASH_DEL (op->line->aduan->ops, op);
    switch (op->kind) {
    case OP_SUBMIT: submit_ended (op, ending); break;
    case OP_ACT: act_ended (op, ending); break;
    case OP_ORDER: order_ended (op, ending); break;
    case OP_PULL: pull_ended (op, ending); break;
    case OP_ASK:
    case OP_SHOW: ask_ended (op, ending); break;
    case OP_KINDS: break;
    }
    op_free (op);
}

/* Out of time, or the handle is closed, or our key is not let in. */
static void op_give_up (struct op *op)
{
    const struct link *link = op->line->link;
    struct op_ending ending = {.result = ADUAN_UNSENT};
    if (link && link_barred (link) == LINK_BAR_KEY) {
        ending.result = ADUAN_REFUSED;
        ending.refusal = REFUSAL_PRINCIPAL;
    }
    if (op->tries)
        ending.result = ADUAN_UNKNOWN;
    op_end (op, &ending);
}

void op_rest (struct op *op, int64_t least_ms)
{
    struct aduan_loop *loop = op->line->aduan->loop;
    int64_t rest = jittered (loop, op->pause < 250 ? 250 : op->pause);
    op->pause = op->pause * 2 < REPEAT_LAST_MS ? op->pause * 2 : REPEAT_LAST_MS;
    op->at = mono_ms () + (rest > least_ms ? rest : jittered (loop, least_ms * 4 / 3));
    op_move (op, OP_RESTING);
    ring_by (loop, op->at);
}

/* ---- saying ---------------------------------------------------------------------------------- */

/* False: the operation is over, the sealing key is not to be had. */
static bool op_seal (struct op *op)
{
    struct aduan_loop *loop = op->line->aduan->loop;
    buffer_clear (&loop->frame[0]);
    buffer_clear (&loop->frame[1]);
    buffer_add (&loop->frame[0], op->bytes, op->frame_len[0]);
    int result = unsealed_close (&op->unsealed, link_welcome (op->line->link), &loop->frame[1]);
    if (result == 0) {
        op_frames (op, 2);
        return true;
    }
    op_end (op, &(struct op_ending){.result = ADUAN_REFUSED,
                                    .field = result == FAIL_ABSENT ? "seal_key" : "seal"});
    return false;
}

static int op_send (struct op *op)
{
    struct parcel parcel = {0};
    for (size_t i = 0, at = 0; i < op->frames; at += op->frame_len[i++])
        parcel_add_bytes (&parcel, op->bytes + at, op->frame_len[i]);
    int result = link_send (op->line->link, &parcel);
    parcel_done (&parcel);
    return result;
}

static void op_said (struct op *op)
{
    struct aduan_loop *loop = op->line->aduan->loop;
    if (op->kind == OP_PULL || op->tries == 0)
        op->said_at = boot_ms ();
    op->tries++;
    int64_t silence = op->tries == 1 ? op->pause : jittered (loop, op->pause);
    if (op->kind == OP_PULL)
        silence += (int64_t) op->pull.wait;
    op->pause = op->pause * 2 < REPEAT_LAST_MS ? op->pause * 2 : REPEAT_LAST_MS;
    op->at = reactor_now (loop->reactor) + silence;
    op->unsaid_by = 0;
    op_move (op, OP_SENT);
    ring_by (loop, op->at);
}

/* False: it cannot be said now, nor can what stands behind it. */
static bool op_say (struct op *op)
{
    static const enum wire_class classes[OP_KINDS] = {
        [OP_SUBMIT] = WIRE_CLASS_REST, [OP_ACT] = WIRE_CLASS_ACTS, [OP_ORDER] = WIRE_CLASS_ACTS,
        [OP_PULL] = WIRE_CLASS_ACTS,   [OP_ASK] = WIRE_CLASS_REST, [OP_SHOW] = WIRE_CLASS_CONTROL,
    };
    if (link_can_send (op->line->link, classes[op->kind]) == 0)
        return false;
    if (op->unsealed && !op_seal (op))
        return true;
    if (op->kind == OP_PULL)
        pull_say (op);
    if (op_send (op) != 0)
        return false;
    op_said (op);
    return true;
}

void line_pump (struct line *line)
{
    if (line->pumping || !line->link || !link_is_up (line->link))
        return; /* a callback of ours starts new ones: the loop below finds them */
    line->pumping = true;
    for (unsigned kind = 0; kind < OP_KINDS; kind++)
        while (line->waiting[kind] && op_say (line->waiting[kind]))
            ;
    line->pumping = false;
}

void op_start (struct op *op)
{
    struct aduan *aduan = op->line->aduan;
    HASH_ADD (hh, aduan->ops, ref, sizeof op->ref, op);
    if (!op->line->link) {
        op_give_up (op);
        return;
    }
    op_wait (op);
    ring_by (aduan->loop, op->deadline);
    line_pump (op->line);
}

void line_down (struct line *line)
{
    struct op *op, *next;
    DL_FOREACH_SAFE (line->sent, op, next) {
        op->pause = line->aduan->repeat_ms; /* it was the link, not a far side that is slow */
        if (op->kind == OP_PULL && op->came)
            op_end (op, &(struct op_ending){.result = ADUAN_DONE}); /* what came, came */
        else
            op_wait (op);
    }
}

/* What a callback starts meanwhile waits for the next try. */
void line_refuse (struct line *line)
{
    struct aduan *aduan = line->aduan;
    struct buffer refs = {0};
    for (const struct op *op = aduan->ops; op; op = op->hh.next)
        if (op->line == line)
            buffer_add (&refs, &op->ref, sizeof op->ref);
    const uint64_t *each = (const uint64_t *) refs.at;
    for (size_t i = 0; i < refs.len / sizeof *each; i++) {
        struct op *op;
        HASH_FIND (hh, aduan->ops, &each[i], sizeof each[i], op);
        if (op)
            op_give_up (op);
    }
    buffer_free (&refs);
}

void line_end (struct line *line)
{
    struct op *op, *next;
    HASH_ITER (hh, line->aduan->ops, op, next)
        if (op->line == line)
            op_give_up (op);
}

/* ---- what is due ----------------------------------------------------------------------------- */

struct due {
    struct aduan *aduan;
    uint64_t ref;
};

static bool out_of_time (const struct op *op, int64_t now)
{
    bool unsaid = op->state == OP_WAITING && op->unsaid_by && op->unsaid_by <= now;
    return unsaid || (op->deadline && op->deadline <= now);
}

static void op_due (struct op *op, int64_t now)
{
    if (out_of_time (op, now))
        op_give_up (op);
    else if (op->kind == OP_PULL && op->state == OP_SENT && op->came)
        op_end (op, &(struct op_ending){.result = ADUAN_DONE}); /* only `pulled` was lost */
    else if (op->state == OP_SENT || op->state == OP_RESTING)
        op_wait (op);
}

static bool is_due (const struct op *op, int64_t now)
{
    return out_of_time (op, now) || (op->state != OP_WAITING && op->at <= now);
}

static void earliest (int64_t at, int64_t *next)
{
    if (at && (*next == 0 || at < *next))
        *next = at;
}

/* What is due is said again, or rests: its deadline is to be rung for all the same. */
static void collect_due (struct aduan *aduan, int64_t now, struct buffer *due, int64_t *next)
{
    for (const struct op *op = aduan->ops; op; op = op->hh.next) {
        bool is = is_due (op, now);
        if (is)
            buffer_add (due, &(struct due){aduan, op->ref}, sizeof (struct due));
        if (op->deadline > now)
            earliest (op->deadline, next);
        if (op->state == OP_WAITING && op->unsaid_by > now)
            earliest (op->unsaid_by, next);
        if (!is && op->state != OP_WAITING)
            earliest (op->at, next);
    }
}

void at_due (void *owner)
{
    struct aduan_loop *loop = owner;
    struct buffer due = {0};
    int64_t now = reactor_now (loop->reactor), next = 0;
    loop->rings_at = 0;
    for (struct aduan *aduan = loop->handles; aduan; aduan = aduan->next)
        collect_due (aduan, now, &due, &next);
    if (next)
        ring_by (loop, next < now + SCAN_LEAST_MS ? now + SCAN_LEAST_MS : next);
    const struct due *each = (const struct due *) due.at;
    for (size_t i = 0; i < due.len / sizeof *each; i++) {
        struct op *op;
        HASH_FIND (hh, each[i].aduan->ops, &each[i].ref, sizeof each[i].ref, op);
        if (op) /* a callback before it may have ended it */
            op_due (op, now);
    }
    buffer_free (&due);
    for (struct aduan *aduan = loop->handles; aduan; aduan = aduan->next)
        for (unsigned i = 0; i < LINES; i++)
            line_pump (&aduan->lines[i]);
}
