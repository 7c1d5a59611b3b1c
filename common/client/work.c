/* work.c - pulling assignments and acting on them.
 *
 * The store alone judges who holds what.  What is kept here is the other side of the bargain: until
 * when a worker may go on (80 % of the lease, from the moment the pull was said plus its wait), and
 * that an assignment which comes too late for its pull is given back instead of lying about leased.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "client/client.h"

#define ACT_TEXT_BYTES 16384

_Static_assert(ADUAN_DELAY_LEAST_MS == DELAY_LEAST && ADUAN_EXTEND_MOST_MS == EXTEND_MOST &&
                   ADUAN_EXTEND_STANDARD_MS == EXTEND_STANDARD && ADUAN_NACK_MOST_MS == NACK_MOST &&
                   ADUAN_NACK_STANDARD_MS == NACK_STANDARD,
               "what aduan.h says is what the store does");

int64_t aduan_lease_left (const struct aduan_assignment *assignment)
{
    int64_t left = assignment->stop_at - boot_ms ();
    return left > 0 ? left : 0;
}

/* ---- pull ------------------------------------------------------------------------------------ */

/* Nothing waits for its ref any more. */
static void remember_late (const struct op *op)
{
    struct aduan *aduan = op->line->aduan;
    if (!op->pull.session.at)
        return;
    struct late_pull *late = &aduan->late[aduan->late_next++ % LATE_PULLS];
    late->ref = op->ref;
    memcpy (late->session, op->session, sizeof late->session);
}

void pull_say (struct op *op)
{
    struct aduan *aduan = op->line->aduan;
    /* A new ref each time: an answer to an earlier repeat must not be measured from this moment. */
    HASH_DEL (aduan->ops, op);
    if (op->tries)
        remember_late (op);
    if (op->tries)
        op->ref = aduan->loop->next_ref++;
    HASH_ADD (hh, aduan->ops, ref, sizeof op->ref, op);
    op->pull.ref = op->ref;
    buffer_clear (&aduan->loop->frame[0]);
    wire_encode (WIRE_pull, &op->pull, &aduan->loop->frame[0]);
    op_frames (op, 1);
}

void pull_ended (struct op *op, const struct op_ending *ending)
{
    remember_late (op);
    op->pulled (op->with, &(struct aduan_pulled){
                              .result = ending->result,
                              .count = op->came,
                              .reason = ending->reason,
                              .refusal = ending->refusal,
                          });
}

void aduan_pull_start (struct aduan *aduan, const struct aduan_pull *pull, int64_t deadline_ms,
                       aduan_assigned_fn *assigned, aduan_pulled_fn *pulled, void *with)
{
    if (pull->agency_count == 0 || pull->agency_count > array_len (((struct op *) 0)->agencies)) {
        pulled (with, &(struct aduan_pulled){.result = ADUAN_REFUSED, .reason = REASON_SCOPE});
        return;
    }
    struct op *op = op_new (aduan, LINE_ROUTER, OP_PULL, deadline_ms, with);
    op->assigned = assigned;
    op->pulled = pulled;
    for (size_t i = 0; i < pull->agency_count; i++)
        op->agencies[i] = pull->agencies[i];
    op->pull = (struct msg_pull){
        .agencies = {op->agencies, (uint32_t) pull->agency_count},
        .count = pull->count == 0    ? 1
                 : pull->count > 100 ? 100
                                     : pull->count,
        .wait = pull->wait_ms < 60000 ? pull->wait_ms : 60000,
        .lease = pull->lease_ms,
    };
    if (pull->session) {
        memcpy (op->session, pull->session, sizeof op->session);
        op->pull.session = view_sized (op->session, sizeof op->session);
    }
    op_start (op);
}

/* Came too late, or twice: ready again at once for whoever asks next. */
static void give_back (struct aduan *aduan, const struct msg_assigned *said)
{
    struct aduan_act act = {
        .agency = (uint32_t) said->agency, .version = said->version, .act = ADUAN_ACT_RELEASE};
    memcpy (act.id, said->id.at, sizeof act.id);
    for (unsigned i = 0; i < LATE_PULLS; i++)
        if (said->ref && aduan->late[i].ref == said->ref)
            act.session = aduan->late[i].session;
    aduan_act_start (aduan, &act, 10000, NULL, NULL);
}

static void fill_content (struct parcel *parcel, struct aduan_assignment *assignment,
                          struct buffer *texts)
{
    struct wire_fault fault;
    const struct msg_assigned *said = &parcel->said[0].assigned;
    const struct wire_message *second = parcel_read (parcel, 1, WIRE_content, &fault);
    const struct msg_content *content = second ? &second->content : NULL;
    size_t location = 0, title = said->location.len + 1;
    assignment->title_len = content ? content->title.len : 0;
    assignment->text_len = content ? content->text.len : 0;
    size_t text = title + assignment->title_len + 1, files = text + assignment->text_len + 1;
    /* all three behind one another, a NUL behind each, then the digests */
    buffer_clear (texts);
    buffer_add (texts, said->location.at, said->location.len);
    buffer_add (texts, "", 1);
    if (content)
        buffer_add (texts, content->title.at, content->title.len);
    buffer_add (texts, "", 1);
    if (content)
        buffer_add (texts, content->text.at, content->text.len);
    buffer_add (texts, "", 1);
    assignment->attachments_len =
        content ? content->attachments.len / ADUAN_DIGEST_BYTES * ADUAN_DIGEST_BYTES : 0;
    if (assignment->attachments_len)
        buffer_add (texts, content->attachments.at, assignment->attachments_len);
    assignment->attachments = assignment->attachments_len ? texts->at + files : NULL;
    assignment->location = texts->at + location;
    assignment->title = texts->at + title;
    assignment->text = content ? texts->at + text : NULL;
}

/* The string at *at, which goes on behind it; "" where there is none left. */
static const char *next_string (struct view *rest)
{
    const char *string = rest->at, *end = rest->len ? memchr (rest->at, 0, rest->len) : NULL;
    if (!end)
        return "";
    rest->len -= (size_t) (end + 1 - rest->at);
    rest->at = end + 1;
    return string;
}

/* The digests at the head of *rest of `count` files, which goes on behind them; as many as there are. */
static struct view next_digests (struct view *rest, uint64_t count)
{
    size_t most = rest->len / ADUAN_DIGEST_BYTES;
    struct view digests = {NULL, ADUAN_DIGEST_BYTES * (count < most ? count : most)};
    if (!digests.len)
        return digests;
    digests.at = rest->at;
    rest->at += digests.len;
    rest->len -= digests.len;
    return digests;
}

/* The third frame, where there is one; a door of an older version says none. */
static void fill_history (struct parcel *parcel, struct aduan_assignment *assignment,
                          struct buffer *entries)
{
    struct wire_fault fault;
    const struct wire_message *third = parcel_read (parcel, 2, WIRE_history, &fault);
    if (!third)
        return;
    const struct msg_history *history = &third->history;
    const struct wire_list *lists[] = {&history->acts, &history->kinds, &history->agencies,
                                       &history->reasons, &history->suggested};
    uint32_t count = history->times.count;
    struct view rest = history->words, files = history->digests;
    for (size_t i = 0; i < array_len (lists); i++)
        count = lists[i]->count < count ? lists[i]->count : count;
    buffer_clear (entries);
    for (uint32_t i = 0; i < count; i++) {
        struct aduan_said entry = {
            .at = history->times.at[i],
            .act = (uint32_t) history->acts.at[i],
            .kind = (uint32_t) history->kinds.at[i],
            .agency = (uint32_t) history->agencies.at[i],
            .reason = (uint32_t) history->reasons.at[i],
            .suggested = (uint32_t) history->suggested.at[i],
        };
        entry.agency_code = next_string (&rest);
        entry.suggested_code = next_string (&rest);
        entry.text = next_string (&rest);
        struct view digests =
            next_digests (&files, i < history->files.count ? history->files.at[i] : 0);
        entry.attachments = digests.at;
        entry.attachments_len = digests.len;
        buffer_add (entries, &entry, sizeof entry);
    }
    assignment->history = count ? (const struct aduan_said *) entries->at : NULL;
    assignment->history_count = count;
    assignment->history_omitted = (uint32_t) history->omitted;
}

void on_assigned (void *owner, struct link *from, struct parcel *parcel)
{
    /* kept: one thread, and a callback never waits for another */
    static struct buffer texts, entries;
    const struct msg_assigned *said = &parcel->said[0].assigned;
    struct op *op = op_find (owner, OP_PULL, said->ref);
    (void) from;
    if (!op) {
        give_back (owner, said);
        return;
    }
    struct aduan_assignment assignment = {
        .agency = (uint32_t) said->agency,
        .version = said->version,
        .stop_at = op->said_at + (int64_t) said->waited + (int64_t) said->lease * 8 / 10,
        .lease_ms = (uint32_t) said->lease,
        .attempt = (uint32_t) said->attempt,
        .priority = said->priority,
        .complaint_class = said->class,
        .category = (uint32_t) said->category,
        .received = said->received,
        .due_first = said->due_first,
        .due_resolve = said->due_resolve,
        .secret = said->secret == FLAG_YES,
        .part = said->part,
    };
    memcpy (assignment.id, said->id.at, sizeof assignment.id);
    snprintf (assignment.number, sizeof assignment.number, "%.*s", (int) said->number.len,
              said->number.at);
    snprintf (assignment.region, sizeof assignment.region, "%.*s", (int) said->region.len,
              said->region.at ? said->region.at : "");
    fill_content (parcel, &assignment, &texts);
    fill_history (parcel, &assignment, &entries);
    op->came++;
    op->assigned (op->with, &assignment);
}

void on_pulled (void *owner, struct link *from, struct parcel *parcel)
{
    const struct msg_pulled *said = &parcel->said[0].pulled;
    struct op *op = op_find (owner, OP_PULL, said->ref);
    (void) from;
    if (!op)
        return;
    if (said->verdict != VERDICT_DONE && said->reason == REASON_BUSY && op->state == OP_SENT)
        op_rest (op, 0);
    else
        op_end (op, &(struct op_ending){
                        .result = said->verdict == VERDICT_DONE ? ADUAN_DONE : ADUAN_REFUSED,
                        .reason = said->reason,
                        .pulled = said,
                    });
}

/* ---- act ------------------------------------------------------------------------------------- */

void aduan_act_on (const struct aduan_assignment *assignment, struct aduan_act *ret)
{
    *ret = (struct aduan_act){.agency = assignment->agency, .version = assignment->version};
    memcpy (ret->id, assignment->id, sizeof ret->id);
    randombytes_buf (ret->key, sizeof ret->key);
}

void act_ended (struct op *op, const struct op_ending *ending)
{
    struct aduan_acted result = {
        .result = ending->result, .reason = ending->reason, .refusal = ending->refusal};
    if (ending->field)
        snprintf (result.field, sizeof result.field, "%s", ending->field);
    if (ending->acted) {
        result.version = ending->acted->version;
        memcpy (result.made, ending->acted->made.at, sizeof result.made);
        if (ending->acted->detail.at)
            snprintf (result.field, sizeof result.field, "%.*s", (int) ending->acted->detail.len,
                      ending->acted->detail.at);
        if (op->delay_ms)
            result.stop_at = op->said_at + (int64_t) op->delay_ms * 8 / 10;
    }
    if (op->acted) /* none: what give_back started */
        op->acted (op->with, &result);
}

void on_acted (void *owner, struct link *from, struct parcel *parcel)
{
    const struct msg_acted *said = &parcel->said[0].acted;
    struct op *op = op_find (owner, OP_ACT, said->ref);
    (void) from;
    if (!op)
        return;
    struct op_ending ending = {.result = ADUAN_DONE, .reason = said->reason, .acted = said};
    if (said->verdict == VERDICT_STALE)
        ending.result = ADUAN_STALE;
    else if (said->verdict != VERDICT_DONE)
        ending.result = ADUAN_REFUSED;
    op_end (op, &ending);
}

/* Refused here and now: "" where nothing is at fault. */
static const char *act_fault (const struct msg_act *act, uint32_t *ret_reason)
{
    struct wire_fault fault;
    bool speaks = act->act == ACT_PROGRESS || act->act == ACT_ANSWER || act->act == ACT_ASK ||
                  act->act == ACT_HAND_BACK || act->act == ACT_CLOSE;
    *ret_reason = 0;
    if (wire_check (WIRE_act, act, &fault) != 0)
        return fault.field ? fault.field : "act";
    if (act->text.len > ACT_TEXT_BYTES)
        return "text";
    if (speaks && act->text.len == 0) {
        *ret_reason = REASON_TEXT;
        return "text";
    }
    if ((act->act == ACT_HAND_BACK && act->reason == 0) ||
        (act->act == ACT_CLOSE && act->resolution == 0))
        return "reason";
    if ((act->act == ACT_ASSIGN || act->act == ACT_SUPPORT) && act->suggested == 0)
        return "suggested";
    if ((act->act == ACT_LINK || act->act == ACT_MERGE) && id_zero (&act->other))
        return "other";
    if ((act->act == ACT_NACK || act->act == ACT_EXTEND) && act->delay &&
        (act->delay < DELAY_LEAST || act->delay > (act->act == ACT_NACK ? NACK_MOST : EXTEND_MOST)))
        return "delay";
    return "";
}

void aduan_act_start (struct aduan *aduan, const struct aduan_act *said, int64_t deadline_ms,
                      aduan_acted_fn *done, void *with)
{
    struct op *op = op_new (aduan, LINE_ROUTER, OP_ACT, deadline_ms, with);
    struct msg_act act = {
        .ref = op->ref,
        .agency = said->agency,
        .version = said->version,
        .act = said->act,
        .text = view_said (said->text),
        .delay = said->delay_ms,
        .reason = said->act == ACT_CLOSE ? 0 : said->reason,
        .resolution = said->act == ACT_CLOSE ? said->reason : 0,
        .suggested = said->suggested,
        .class = said->complaint_class,
        .session = view_sized (said->session, said->session ? ADUAN_SESSION_SIZE : 0),
        .complaint = said->complaint,
        .category = said->category,
        .region = view_said (said->region),
        .title = view_said (said->title),
        .body = view_said (said->body),
        .anonymous = said->anonymous,
        .secret = said->secret,
        .ending = said->ending,
        .asks = said->asks,
        .event = said->event,
        .drafted = said->drafted,
        .attachments = view_sized (said->attachments, said->attachments_len),
    };
    uint64_t copies[16];
    uint32_t reason = 0;
    for (size_t i = 0; i < said->copy_count && i < array_len (copies); i++)
        copies[i] = said->copies[i];
    if (said->copy_count)
        act.copies = (struct wire_list){copies, (uint32_t) said->copy_count};
    op->acted = done;
    memcpy (act.id.at, said->id, sizeof act.id.at);
    memcpy (act.key.at, said->key, sizeof act.key.at);
    memcpy (act.other.at, said->other, sizeof act.other.at);
    if (id_zero (&act.key))
        act.key = id_random ();
    const char *field =
        said->copy_count > array_len (copies) ? "copies" : act_fault (&act, &reason);
    if (*field) {
        struct aduan_acted result = {.result = ADUAN_REFUSED, .reason = reason};
        snprintf (result.field, sizeof result.field, "%s", field);
        free (op);
        if (done)
            done (with, &result);
        return;
    }
    if (act.act == ACT_EXTEND)
        op->delay_ms = said->delay_ms ? said->delay_ms : EXTEND_STANDARD;
    buffer_clear (&aduan->loop->frame[0]);
    wire_encode (WIRE_act, &act, &aduan->loop->frame[0]);
    op_frames (op, 1);
    op_start (op);
}

/* ---- waiting --------------------------------------------------------------------------------- */

struct pull_waits {
    struct buffer list; /* of struct aduan_assignment */
    struct aduan_pulled result;
    bool over;
};

static const char *keep_string (char **at, const char *string)
{
    char *kept = *at;
    size_t size = strlen (string) + 1;
    memcpy (kept, string, size);
    *at += size;
    return kept;
}

/* A copy in one block, strings and digests behind the entries. */
static const struct aduan_said *keep_history (const struct aduan_assignment *came)
{
    size_t entries = came->history_count * sizeof (struct aduan_said), strings = 0;
    for (size_t i = 0; i < came->history_count; i++)
        strings += strlen (came->history[i].agency_code) +
                   strlen (came->history[i].suggested_code) + strlen (came->history[i].text) + 3 +
                   came->history[i].attachments_len;
    if (entries == 0)
        return NULL;
    struct aduan_said *kept = xcalloc (1, entries + strings);
    char *at = (char *) kept + entries;
    memcpy (kept, came->history, entries);
    for (size_t i = 0; i < came->history_count; i++) {
        kept[i].agency_code = keep_string (&at, kept[i].agency_code);
        kept[i].suggested_code = keep_string (&at, kept[i].suggested_code);
        kept[i].text = keep_string (&at, kept[i].text);
        if (kept[i].attachments)
            kept[i].attachments = memcpy (at, kept[i].attachments, kept[i].attachments_len);
        at += kept[i].attachments_len;
    }
    return kept;
}

/* A copy that owns its texts and digests, in one block that `location` begins, and its history. */
static void keep_assignment (void *with, const struct aduan_assignment *came)
{
    struct pull_waits *waits = with;
    struct aduan_assignment kept = *came;
    size_t location = strlen (came->location) + 1, title = came->title_len + 1,
           text = came->text ? came->text_len + 1 : 0;
    char *block = xcalloc (1, location + title + text + came->attachments_len);
    memcpy (block, came->location, location);
    memcpy (block + location, came->title, title);
    if (came->text)
        memcpy (block + location + title, came->text, text);
    if (came->attachments)
        kept.attachments =
            memcpy (block + location + title + text, came->attachments, came->attachments_len);
    kept.location = block;
    kept.title = block + location;
    kept.text = came->text ? block + location + title : NULL;
    kept.history = keep_history (came);
    buffer_add (&waits->list, &kept, sizeof kept);
}

static void pull_over (void *with, const struct aduan_pulled *result)
{
    struct pull_waits *waits = with;
    waits->result = *result;
    waits->over = true;
}

enum aduan_result aduan_pull (struct aduan *aduan, const struct aduan_pull *pull,
                              int64_t deadline_ms, struct aduan_assignment **ret_list,
                              struct aduan_pulled *ret)
{
    struct pull_waits waits = {0};
    aduan_pull_start (aduan, pull, deadline_ms, keep_assignment, pull_over, &waits);
    while (!waits.over)
        aduan_turn (aduan, -1);
    *ret_list = (struct aduan_assignment *) waits.list.at;
    *ret = waits.result;
    return waits.result.result;
}

void aduan_assignments_free (struct aduan_assignment **list, size_t count)
{
    for (size_t i = 0; *list && i < count; i++) {
        free ((void *) (uintptr_t) (*list)[i].location);
        free ((void *) (uintptr_t) (*list)[i].history);
    }
    free (*list);
    *list = NULL;
}

struct act_waits {
    struct aduan_acted result;
    bool over;
};

static void act_over (void *with, const struct aduan_acted *result)
{
    struct act_waits *waits = with;
    waits->result = *result;
    waits->over = true;
}

enum aduan_result aduan_act (struct aduan *aduan, const struct aduan_act *act, int64_t deadline_ms,
                             struct aduan_acted *ret)
{
    struct act_waits waits = {0};
    aduan_act_start (aduan, act, deadline_ms, act_over, &waits);
    while (!waits.over)
        aduan_turn (aduan, -1);
    if (ret)
        *ret = waits.result;
    return waits.result.result;
}
