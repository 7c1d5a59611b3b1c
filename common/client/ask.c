/* ask.c - questions to aduan-query, and pages of a program's control socket.
 *
 * A page has no ref: the answers come in the order of the questions, so the oldest one that was said
 * is the one that is answered.
 */
#include <stdlib.h>
#include <string.h>
#include "client/client.h"

void ask_ended (struct op *op, const struct op_ending *ending)
{
    struct aduan_answer answer = {.result = ending->result, .text_len = ending->text.len};
    char *text = NULL;
    if (ending->result == ADUAN_DONE || ending->result == ADUAN_REFUSED)
        answer.text = text = xstrndup (ending->text.at ? ending->text.at : "", ending->text.len);
    op->answer (op->with, &answer);
    free (text);
}

void on_rows (void *owner, struct link *from, struct parcel *parcel)
{
    const struct msg_rows *said = &parcel->said[0].rows;
    struct op *op = op_find (owner, OP_ASK, said->ref);
    (void) from;
    if (op)
        op_end (op, &(struct op_ending){
                        .result = said->verdict == VERDICT_DONE ? ADUAN_DONE : ADUAN_REFUSED,
                        .text = said->rows,
                    });
}

void on_shown (void *owner, struct link *from, struct parcel *parcel)
{
    struct aduan *aduan = owner;
    (void) from;
    for (struct op *op = aduan->lines[LINE_QUERY].sent; op; op = op->next) {
        if (op->kind != OP_SHOW)
            continue;
        op_end (op, &(struct op_ending){.result = ADUAN_DONE, .text = parcel->said[0].shown.text});
        return;
    }
}

void aduan_ask_as_start (struct aduan *aduan, const uint8_t *session, const char *query,
                         const char *arguments, int64_t deadline_ms, aduan_answer_fn *done,
                         void *with)
{
    struct op *op = op_new (aduan, LINE_QUERY, arguments ? OP_ASK : OP_SHOW, deadline_ms, with);
    struct buffer *frame = &aduan->loop->frame[0];
    struct msg_ask ask = {.ref = op->ref,
                          .query = view_said (query),
                          .arguments = view_said (arguments),
                          .session = view_sized (session, session ? ADUAN_SESSION_SIZE : 0)};
    struct msg_show show = {.what = view_said (query)};
    struct wire_fault fault;
    int result =
        arguments ? wire_check (WIRE_ask, &ask, &fault) : wire_check (WIRE_show, &show, &fault);
    op->answer = done;
    if (result != 0) {
        char *why = xformat ("%s: %s", fault.field, fault.text);
        free (op);
        done (with, &(struct aduan_answer){
                        .result = ADUAN_REFUSED, .text = why, .text_len = strlen (why)});
        free (why);
        return;
    }
    buffer_clear (frame);
    if (arguments)
        wire_encode (WIRE_ask, &ask, frame);
    else
        wire_encode (WIRE_show, &show, frame);
    op_frames (op, 1);
    op_start (op);
}

void aduan_ask_start (struct aduan *aduan, const char *query, const char *arguments,
                      int64_t deadline_ms, aduan_answer_fn *done, void *with)
{
    aduan_ask_as_start (aduan, NULL, query, arguments, deadline_ms, done, with);
}

struct waits {
    enum aduan_result result;
    char *text;
    bool over;
};

static void waits_over (void *with, const struct aduan_answer *answer)
{
    struct waits *waits = with;
    waits->result = answer->result;
    waits->text = answer->text ? xstrndup (answer->text, answer->text_len) : NULL;
    waits->over = true;
}

enum aduan_result aduan_ask_as (struct aduan *aduan, const uint8_t *session, const char *query,
                                const char *arguments, int64_t deadline_ms, char **ret_text)
{
    struct waits waits = {0};
    aduan_ask_as_start (aduan, session, query, arguments, deadline_ms, waits_over, &waits);
    while (!waits.over)
        aduan_turn (aduan, -1);
    *ret_text = waits.text;
    return waits.result;
}

enum aduan_result aduan_ask (struct aduan *aduan, const char *query, const char *arguments,
                             int64_t deadline_ms, char **ret_text)
{
    return aduan_ask_as (aduan, NULL, query, arguments, deadline_ms, ret_text);
}
