/* submit.c - a submission becomes two frames, an answer becomes a result.
 *
 * The limits of single fields are the codec's (wire_check); what is at fault here is answered as
 * intake would answer it, so that a caller has one kind of refusal.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "client/client.h"
#include "domain/number.h"

void aduan_token_derive (struct aduan_token *ret)
{
    struct id token;
    memcpy (token.at, ret->token, sizeof token.at);
    number_from_token (&token, ret->key, ret->code);
    sodium_memzero (&token, sizeof token);
}

void aduan_token_new (struct aduan_token *ret)
{
    check (sodium_init () >= 0);
    randombytes_buf (ret->token, sizeof ret->token);
    aduan_token_derive (ret);
}

static void number_keep (struct view number, char ret[ADUAN_NUMBER_SIZE])
{
    if (number.len)
        memcpy (ret, number.at,
                number.len < ADUAN_NUMBER_SIZE ? number.len : ADUAN_NUMBER_SIZE - 1);
}

void submit_ended (struct op *op, const struct op_ending *ending)
{
    struct aduan_submitted result = {
        .result = ending->result,
        .reject = ending->reject,
        .refusal = ending->refusal,
        .tries = op->tries,
    };
    if (ending->field)
        snprintf (result.field, sizeof result.field, "%s", ending->field);
    if (ending->accepted) {
        const struct msg_accepted *accepted = ending->accepted;
        memcpy (result.id, accepted->id.at, sizeof result.id);
        number_keep (accepted->number, result.number);
        result.received = accepted->received;
        result.repeated = accepted->repeated == FLAG_YES;
    }
    if (ending->rejected) {
        number_keep (ending->rejected->number, result.number);
        result.anonymous = ending->rejected->anonymous;
        result.secret = ending->rejected->secret;
        result.contact = ending->rejected->contact;
    }
    op->submitted (op->with, &result);
}

/* ---- answers --------------------------------------------------------------------------------- */

void on_accepted (void *owner, struct link *from, struct parcel *parcel)
{
    const struct msg_accepted *said = &parcel->said[0].accepted;
    struct op *op = op_find (owner, OP_SUBMIT, said->ref);
    (void) from;
    if (op) /* none: the answer to an earlier repeat was here first */
        op_end (op, &(struct op_ending){.result = ADUAN_ACCEPTED, .accepted = said});
}

void on_tempfail (void *owner, struct link *from, struct parcel *parcel)
{
    const struct msg_tempfail *said = &parcel->said[0].tempfail;
    struct op *op = op_find (owner, OP_SUBMIT, said->ref);
    (void) from;
    if (op && op->state == OP_SENT)
        op_rest (op, said->retry < REPEAT_LAST_MS ? (int64_t) said->retry : REPEAT_LAST_MS);
}

void on_reject (void *owner, struct link *from, struct parcel *parcel)
{
    const struct msg_reject *said = &parcel->said[0].reject;
    struct op *op = op_find (owner, OP_SUBMIT, said->ref);
    (void) from;
    if (!op)
        return;
    char field[33] = "";
    memcpy (field, said->field.at ? said->field.at : "",
            said->field.len < sizeof field ? said->field.len : sizeof field - 1);
    op_end (op, &(struct op_ending){.result = ADUAN_REJECTED,
                                    .reject = said->reject,
                                    .field = field,
                                    .rejected = said});
}

/* ---- starting -------------------------------------------------------------------------------- */

static struct msg_submit submit_of (const struct aduan_submission *from, uint64_t ref)
{
    return (struct msg_submit){
        .ref = ref,
        .kind = from->kind ? from->kind : KIND_COMPLAINT,
        .key = view_sized (from->key, from->key_len),
        .created = from->created,
        .channel = from->channel,
        .class = from->complaint_class,
        .category = from->category,
        .place = view_said (from->place),
        .location = view_said (from->location),
        .latitude = from->latitude,
        .longitude = from->longitude,
        .incident = view_said (from->incident),
        .target = view_said (from->target),
        .anonymous = from->anonymous,
        .secret = from->secret,
        .parent = view_said (from->parent),
        .priority = from->priority,
        .language = from->language,
        .external = view_said (from->external),
        .rating = from->rating,
        .consent = from->consent,
        .account = view_said (from->account),
        .code_hash = {(const char *) from->code_hash, from->code_hash ? CODE_HASH_LEN : 0},
        .sender = {(const char *) from->sender, from->sender ? ADUAN_SENDER_SIZE : 0},
        .doubt = from->doubt,
        .said = {(const char *) from->said, from->said ? ADUAN_SAID_SIZE : 0},
    };
}

static struct msg_content content_of (const struct aduan_submission *from)
{
    return (struct msg_content){
        .title = view_sized (from->title, from->title_len),
        .text = view_sized (from->text, from->text_len),
        .attachments = view_sized (from->attachments, from->attachments_len),
    };
}

/* It is sealed, so only we can tell: an address that nothing can be sent to would be found out when the
 * first news are, by nobody who could mend it. */
bool contact_right (const struct aduan_contact *contact)
{
    static const char *const phones[] = {"phone", "sms", "whatsapp"};
    if (!contact || !contact->address || !*contact->address)
        return true;
    struct view kind = view_of (contact->kind && *contact->kind ? contact->kind : "email");
    for (size_t i = 0; i < array_len (phones); i++)
        if (view_is (kind, phones[i]))
            return phone_valid (view_of (contact->address));
    return !view_is (kind, "email") || address_valid (view_of (contact->address));
}

/* 0, or the reject code with *ret_field. */
static uint32_t find_fault (const struct msg_submit *submit, const struct msg_content *content,
                            const struct aduan_submission *from, uint8_t *code_hash,
                            const char **ret_field)
{
    struct wire_fault fault = {0};
    if (submit->key.len == 0) {
        *ret_field = "key";
        return REJECT_MISSING;
    }
    if (from->code && *from->code && number_code_hash (view_of (from->code), code_hash) != 0) {
        *ret_field = "code_hash";
        return REJECT_VALUE;
    }
    if (wire_check (WIRE_submit, submit, &fault) != 0 ||
        wire_check (WIRE_content, content, &fault) != 0) {
        *ret_field = fault.field;
        return fault.reject;
    }
    if (!contact_right (from->contact)) {
        *ret_field = "contact";
        return REJECT_VALUE;
    }
    return 0;
}

/* False with *ret_field: the identity or the contact is over its limit. */
static bool fill_content (struct op *op, const struct aduan_submission *from,
                          const struct msg_submit *submit, const struct msg_content *content,
                          const char **ret_field)
{
    struct buffer *frame = op->line->aduan->loop->frame;
    if (!from->identity && !(from->contact && from->contact->address)) {
        buffer_clear (&frame[1]);
        wire_encode (WIRE_content, content, &frame[1]);
        op_frames (op, 2);
        return true;
    }
    const char *adapter = submit->account.len ? from->account : op->line->aduan->name;
    op->unsealed = unsealed_new (adapter, submit->key, from->identity, from->contact,
                                 from->sender != NULL, content, ret_field);
    op_frames (op, 1);
    return op->unsealed != NULL;
}

void aduan_submit_start (struct aduan *aduan, const struct aduan_submission *submission,
                         int64_t deadline_ms, aduan_submitted_fn *done, void *with)
{
    struct op *op = op_new (aduan, LINE_INTAKE, OP_SUBMIT, deadline_ms, with);
    struct msg_submit submit = submit_of (submission, op->ref);
    struct msg_content content = content_of (submission);
    uint8_t code_hash[CODE_HASH_LEN];
    const char *field = NULL;
    op->submitted = done;
    uint32_t reject = find_fault (&submit, &content, submission, code_hash, &field);
    if (reject == 0) {
        if (submission->code && *submission->code)
            submit.code_hash = (struct view){(const char *) code_hash, sizeof code_hash};
        struct buffer *frame = &aduan->loop->frame[0];
        buffer_clear (frame);
        wire_encode (WIRE_submit, &submit, frame);
        if (!fill_content (op, submission, &submit, &content, &field))
            reject = REJECT_TOO_LONG;
    }
    if (reject) {
        struct aduan_submitted result = {.result = ADUAN_REJECTED, .reject = reject};
        snprintf (result.field, sizeof result.field, "%s", field ? field : "");
        free (op->bytes);
        free (op);
        done (with, &result);
        return;
    }
    op_start (op);
}

/* ---- waiting --------------------------------------------------------------------------------- */

struct waits {
    struct aduan_submitted result;
    bool over;
};

static void waits_over (void *with, const struct aduan_submitted *result)
{
    struct waits *waits = with;
    waits->result = *result;
    waits->over = true;
}

enum aduan_result aduan_submit (struct aduan *aduan, const struct aduan_submission *submission,
                                int64_t deadline_ms, struct aduan_submitted *ret)
{
    struct waits waits = {0};
    aduan_submit_start (aduan, submission, deadline_ms, waits_over, &waits);
    while (!waits.over)
        aduan_turn (aduan, -1);
    if (ret)
        *ret = waits.result;
    return waits.result.result;
}
