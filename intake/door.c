/* door.c - the adapters' door: what they say, and what they are told. */
#include "intake.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define RETRY_FULL_MS 2000
#define RETRY_SLOW_MS 1000
#define SLOW_MS       1000

static void say_reject (struct link *link, uint64_t ref, enum reject code, const char *field)
{
    struct msg_reject reject = {.ref = ref, .reject = code, .field = view_of (field)};
    metric_add (intake_rejected_total, 1);
    link_say (link, WIRE_reject, &reject);
    link_credit (link, WIRE_CLASS_REST, 1);
}

/* Whoever sends the same key with something else is told of the first one: the reporter has its number, and must not read in a
 * receipt what is not stored. */
static void say_conflict (struct link *link, uint64_t ref, const struct record *first)
{
    char number[NUMBER_LEN + 1];
    number_of_id (&first->id, number);
    struct msg_reject reject = {.ref = ref,
                                .reject = REJECT_CONFLICT,
                                .field = view_of ("key"),
                                .number = view_of (number),
                                .anonymous = first->manner & MANNER_NAMED ? FLAG_NO : FLAG_YES,
                                .secret = first->manner & MANNER_OPEN ? FLAG_NO : FLAG_YES,
                                .contact = first->manner & MANNER_CONTACT ? FLAG_YES : FLAG_NO};
    metric_add (intake_rejected_total, 1);
    link_say (link, WIRE_reject, &reject);
    link_credit (link, WIRE_CLASS_REST, 1);
}

/* The spread keeps a thousand adapters from coming back in one moment. */
static void say_tempfail (struct link *link, uint64_t ref, enum busy busy)
{
    uint64_t least = busy == BUSY_SLOW ? RETRY_SLOW_MS : RETRY_FULL_MS;
    struct msg_tempfail tempfail = {
        .ref = ref, .busy = busy, .retry = least + (uint64_t) mono_ns () % least};
    metric_add (intake_tempfail_total, 1);
    link_say (link, WIRE_tempfail, &tempfail);
    link_credit (link, WIRE_CLASS_REST, 1);
}

static void say_accepted (struct link *link, uint64_t ref, const struct record *record,
                          bool repeated)
{
    char number[NUMBER_LEN + 1];
    number_of_id (&record->id, number);
    struct msg_accepted accepted = {.ref = ref,
                                    .id = record->id,
                                    .number = view_of (number),
                                    .received = record->spool.received,
                                    .repeated = repeated ? FLAG_YES : 0};
    metric_add (intake_accepted_total, 1);
    link_say (link, WIRE_accepted, &accepted);
    link_credit (link, WIRE_CLASS_REST, 1);
}

/* ---- taking in ----------------------------------------------------------------------------- */

static void add_waiter (struct record *record, struct link *link, uint64_t ref, bool repeated)
{
    struct waiter *waiter = xcalloc (1, sizeof *waiter);
    *waiter = (struct waiter){link_number (link), ref, repeated, NULL};
    LL_PREPEND (record->waiters, waiter);
}

/* A repeat gets the first one's answer, and waits for its commit where that is still under way. */
static void answer_repeat (struct link *from, uint64_t ref, struct record *known,
                           const struct admission *admission)
{
    if (!digest_same (known->digest, known->manner, admission->digest, admission->manner)) {
        log_limited (LOG_WARNING, "%s: %s sends the same key with something else said; rejected",
                     id_text (&known->id), link_name (from));
        say_conflict (from, ref, known);
        return;
    }
    metric_add (intake_repeated_total, 1);
    if (known->state == RECORD_GATHERED || known->state == RECORD_COMMITTING)
        add_waiter (known, from, ref, true);
    else
        say_accepted (from, ref, known, true);
}

static enum busy busy_now (struct intake *intake, const struct msg_submit *submit)
{
    if (intake->draining)
        return BUSY_STOPPING;
    if (!spool_has_room (intake->spool, submit->priority == PRIORITY_EMERGENCY ? 900 : 800))
        return BUSY_SPOOL_FULL;
    bool gathers = intake->gathered_count > 20000 || intake->memory > 2 * intake->memory_most;
    if (submit->priority != PRIORITY_EMERGENCY && gathers)
        return BUSY_SLOW;
    return commit_slowest (intake->commit) > SLOW_MS && intake->gathered_count > 1000 ? BUSY_SLOW
                                                                                      : 0;
}

static void take_record (struct intake *intake, struct link *from, const struct msg_submit *submit,
                         struct view attachments, struct admission *admission,
                         const struct principal *principal)
{
    struct record *record = xcalloc (1, sizeof *record);
    record->state = RECORD_GATHERED;
    record->id = admission->id;
    memcpy (record->digest, admission->digest, sizeof record->digest);
    record->manner = admission->manner;
    record->adapter = principal->number;
    record->bulk = principal->bulk;
    record->named = named_new (attachments);
    record->spool.at = admission->bytes.at;
    record->spool.len = (uint32_t) admission->bytes.len;
    admission->bytes = (struct buffer){0};
    intake->memory += record->spool.len;
    add_waiter (record, from, submit->ref, false);
    record_add (intake, record);
    (void) fault_point (submit_received);
    if (mutant (ack_first)) {
        struct waiter *waiter = record->waiters;
        record->waiters = NULL;
        record->spool.received = (uint64_t) wall_ms ();
        say_accepted (from, waiter->ref, record, false);
        free (waiter);
    }
}

/* What only a front may say: it alone can tell who sent it, and has itself taken the files that it names.  A digest follows
 * from a file's bytes: whoever else names one would learn whether anybody has sent that file, and have it in a case of his own.
 * NULL: it says none of it. */
static const char *front_field (const struct msg_submit *submit, const struct msg_content *content)
{
    return submit->doubt              ? "doubt"
           : submit->sender.len       ? "sender"
           : content->attachments.len ? "attachments"
                                      : NULL;
}

/* Whose submission it is: the key's own, or of a front the account's that it names.  NULL: it is rejected. */
static const struct principal *sender_of (struct intake *intake, struct link *from,
                                          const struct msg_submit *submit,
                                          const struct msg_content *content)
{
    const struct principal *principal = link_principal (from);
    bool front = principal->role == ROLE_FRONT;
    const char *others = front ? NULL : front_field (submit, content);
    const struct principal *sender =
        front                 ? principals_adapter (door_principals (intake->door), submit->account)
        : submit->account.len ? NULL
                              : principal;

    if (!sender)
        say_reject (from, submit->ref,
                    front && !submit->account.len ? REJECT_MISSING : REJECT_RIGHT, "account");
    else if (others) {
        say_reject (from, submit->ref, REJECT_RIGHT, others);
        sender = NULL;
    }
    return sender;
}

static void on_submit (void *owner, struct link *from, struct parcel *parcel)
{
    struct intake *intake = owner;
    const struct msg_submit *submit = &parcel->said[0].submit;
    struct wire_fault fault;
    const struct wire_message *content = parcel_read (parcel, 1, WIRE_content, &fault);
    if (!content) {
        say_reject (from, submit->ref, fault.reject, fault.field);
        return;
    }
    const struct principal *principal = sender_of (intake, from, submit, &content->content);
    if (!principal)
        return;
    enum busy busy = busy_now (intake, submit);
    if (busy) {
        say_tempfail (from, submit->ref, busy);
        return;
    }
    struct admission admission;
    admit (intake->id_key, principal, wall_ms (), submit, parcel_bytes (parcel, 0),
           &content->content, parcel_bytes (parcel, 1), &admission);
    if (admission.cleaned)
        metric_add (intake_cleaned_total, 1);
    log_debug ("%s: from %s: %s", id_text (&admission.id), principal->name,
               admission.reject ? reject_word (admission.reject) : "admitted");
    struct record *known = admission.reject ? NULL : recent_find (intake, &admission.id);
    if (admission.reject)
        say_reject (from, submit->ref, admission.reject, admission.field);
    else if (known)
        answer_repeat (from, submit->ref, known, &admission);
    else
        take_record (intake, from, submit, content->content.attachments, &admission, principal);
    buffer_free (&admission.bytes);
}

/* ---- after the commit ---------------------------------------------------------------------- */

static void answer_waiters (struct intake *intake, struct record *record, bool stored,
                            enum busy busy)
{
    struct waiter *waiter, *next;
    LL_FOREACH_SAFE (record->waiters, waiter, next) {
        struct link *link = listener_find (intake->adapters, waiter->link);
        if (link && stored)
            say_accepted (link, waiter->ref, record, waiter->repeated);
        else if (link)
            say_tempfail (link, waiter->ref, busy);
        free (waiter);
    }
    record->waiters = NULL;
}

/* Whoever asked is told what is wrong with it; nothing of it is kept. */
static void reject_waiters (struct intake *intake, struct record *record, enum reject code,
                            const char *field)
{
    struct waiter *waiter, *next;
    LL_FOREACH_SAFE (record->waiters, waiter, next) {
        struct link *link = listener_find (intake->adapters, waiter->link);
        if (link)
            say_reject (link, waiter->ref, code, field);
        free (waiter);
    }
    record->waiters = NULL;
}

static void unstored (struct intake *intake, struct record *record, enum busy busy)
{
    answer_waiters (intake, record, false, busy);
    if (record->spool.salvaged)
        log_limited (LOG_ERROR, "%s: no room for this record of a damaged file; salvage it again",
                     id_text (&record->id));
    HASH_DELETE (hh, intake->by_id, record);
    named_free (record);
    record_drop_bytes (intake, record);
    free (record);
}

/* Are the files that it names kept?  Else it is no part of the spool, and is answered here. */
static bool is_pinned (struct intake *intake, struct record *record)
{
    const struct named *named = record->named;
    if (!named)
        return true;
    if (named->result == 0) {
        outage_ends (&intake->files_outage, "files that submissions name are kept again");
        named_free (record);
        return true;
    }
    if (named->result == FAIL_ABSENT)
        reject_waiters (intake, record, REJECT_VALUE, "attachments");
    else
        outage_begins (
            &intake->files_outage,
            "%s: files that submissions name cannot be kept (%s); those submissions wait "
            "at their adapters until they can",
            intake->files, strerror (named->why));
    unstored (intake, record, BUSY_COMMIT_FAILED);
    return false;
}

void door_committed (struct intake *intake, struct record **records, unsigned count, int result)
{
    if (result == FAIL_IO) {
        log_error ("the spool's disk refused a write or a sync: nothing of this batch is promised; "
                   "leaving, the start settles what is on disk");
        for (unsigned i = 0; i < count; i++)
            unstored (intake, records[i], BUSY_COMMIT_FAILED);
        if (!mutant (no_exit))
            daemon_exit (74); /* EX_IOERR */
        return;
    }
    (void) fault_point (spool_committed);
    for (unsigned i = 0; i < count; i++) {
        struct record *record = records[i];
        if (!is_pinned (intake, record))
            continue;
        if (!record->spool.segment) {
            unstored (intake, record, BUSY_SPOOL_FULL);
            continue;
        }
        answer_waiters (intake, record, true, 0);
        record_move (intake, record, RECORD_WAITING);
        record_undrained (intake, record);
        if (intake->memory > intake->memory_most)
            record_drop_bytes (intake, record);
    }
    (void) fault_point (accepted_sent);
}

/* ---- the door's words ---------------------------------------------------------------------- */

static void undecodable (void *owner, struct link *from, const struct wire_fault *fault)
{
    (void) owner;
    struct msg_reject reject = {
        .ref = fault->ref, .reject = fault->reject, .field = view_of (fault->field)};
    metric_add (intake_rejected_total, 1);
    link_say (from, WIRE_reject, &reject);
}

static void welcome (void *owner, struct link *link, struct msg_welcome *welcome)
{
    const struct intake *intake = owner;
    (void) link;
    if (intake->seal_key_id) {
        welcome->seal_key = (struct view){(const char *) intake->seal_key, 32};
        welcome->seal_key_id = intake->seal_key_id;
    }
    if (intake->contact_key_id) {
        welcome->contact_key = (struct view){(const char *) intake->contact_key, 32};
        welcome->contact_key_id = intake->contact_key_id;
    }
}

static link_message_fn *const handlers[WIRE_LAST] = {[WIRE_submit] = on_submit};

const struct link_hooks door_hooks = {
    .handlers = handlers, .undecodable = undecodable, .welcome = welcome};
