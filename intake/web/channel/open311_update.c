/* open311_update.c - mySociety's extension: what happened, and what a client says to its own cases.
 *
 *   out   web_updates: what strangers could read for the first time in a stretch of time; with a key of its cases alone
 *   in    KEY -> OWN? (web_own) -> MAY? (web_case, by the code that derives from the case's name) -> photos -> SENDING
 *
 * (account, update_id) is the idempotency key.  What the case does not take as the act that it is, it takes as a reply.
 */
#include <sodium.h>
#include <stdlib.h>
#include <strings.h>
#include "../repeat.h"
#include "open311_photo.h"
#include "open311_rows.h"

#define DAY_MS      86400000
#define UPDATE_MOST 200 /* bytes of an update_id */
#define STATUS_MOST 40
#define TEXT_MOST   10000

/* ---- out --------------------------------------------------------------------------------------- */

static const struct meaning {
    const char *kind, *reason, *status, *word;
} meanings[] = {
    {"place", NULL, "open", "open311_placed"},
    {"assign", NULL, "in_progress", "open311_moved"},
    {"hand_over", NULL, "in_progress", "open311_moved"},
    {"progress", NULL, "in_progress", NULL},
    {"answer", NULL, "in_progress", NULL},
    {"ask", NULL, "investigating", "open311_asked"},
    {"close", "fixed", "fixed", NULL},
    {"close", "cannot_fix", "no_further_action", NULL},
    {"close", NULL, "closed", "open311_closed"},
    {"completion", NULL, "investigating", "open311_completed"},
    {"closing", NULL, "fixed", "open311_solved"},
    {"reopening", NULL, "open", "open311_reopened"},
    {"auto_close", NULL, "closed", "open311_silent"},
};

static const char *text_of (const json_t *row, const char *key)
{
    return json_string_value (json_object_get (row, key));
}

/* What a row says; NULL: nothing that an update tells. */
static const struct meaning *meaning_of (const json_t *row)
{
    const char *kind = text_of (row, "kind"), *reason = text_of (row, "reason");

    for (size_t i = 0; i < array_len (meanings); i++)
        if (kind && strcmp (meanings[i].kind, kind) == 0 &&
            (!meanings[i].reason || (reason && strcmp (meanings[i].reason, reason) == 0)))
            return &meanings[i];
    return NULL;
}

static bool is_reporters (const json_t *row)
{
    const char *kind = text_of (row, "kind");
    return strcmp (kind, "completion") == 0 || strcmp (kind, "closing") == 0 ||
           strcmp (kind, "reopening") == 0;
}

/* A word with the names of the offices: while a case is handed on it is nobody's wrong door. */
static void description_say (struct visit *visit, json_t *update, const json_t *row,
                             const struct meaning *meaning)
{
    const char *text = text_of (row, "text"), *from = text_of (row, "agency_name");
    const char *to = text_of (row, "receiver_name"), *word, *hole;

    word = text || !meaning->word ? NULL : web_word (visit, meaning->word);
    hole = word ? strstr (word, "{what}") : NULL;
    if (!hole) {
        open311_say (update, "description", word ? word : text);
        return;
    }
    bool both = from && to && strcmp (from, to) != 0;
    char *said = xformat ("%.*s%s%s%s%s", (int) (hole - word), word,
                          from ? from
                          : to ? to
                               : "-",
                          both ? " \u2192 " : "", both ? to : "", hole + 6);
    open311_say (update, "description", said);
    free (said);
}

static void updates_came (struct visit *visit)
{
    const struct open311 *open311 = open311_of (visit);
    const json_t *rows = json_object_get (visit->values, "rows"), *row;
    size_t at;

    if (visit_failed (visit))
        return;
    json_t *tree = json_array ();
    json_array_foreach (rows, at, row) {
        const struct meaning *meaning = meaning_of (row);
        if (!meaning || (open311->known && is_reporters (row)))
            continue; /* a client knows what it has said itself */
        json_t *update = json_object ();
        open311_say (update, "update_id", text_of (row, "id"));
        open311_say (update, "service_request_id", text_of (row, "number"));
        open311_say (update, "status", meaning->status);
        open311_say_written (update, "updated_datetime", text_of (row, "updated"));
        description_say (visit, update, row, meaning);
        open311_say (update, "media_url", NULL);
        json_array_append_new (tree, update);
    }
    open311_answer (visit, 200, "service_request_updates", tree);
}

void open311_updates (struct visit *visit)
{
    const struct open311 *open311 = open311_of (visit);
    int64_t from, until;
    unsigned page, size;
    char since[21], before[21];

    if (!open311_key (visit, open311_query (visit, "api_key") != NULL) ||
        !open311_range (visit, DAY_MS, &from, &until) || !open311_paging (visit, &page, &size))
        return;
    open311_moment (from, since);
    open311_moment (until + 999, before); /* rounded up */
    open311_rows (visit, "web_updates",
                  json_pack ("[s, s, s, s, s]", since, before,
                             open311->known ? open311->client.account : "", OPEN311_PAGE,
                             OPEN311_SIZE),
                  (size_t) (page - 1) * size, (size_t) page * size, updates_came);
}

/* ---- in ---------------------------------------------------------------------------------------- */

/* What a sender's status asks for, by what the case may take; the first that fits, else a reply.  `done`: where the case has
 * ended, there is nothing left to say. */
static const struct wish {
    const char *status, *may;
    uint32_t kind;
    bool mark; /* of a reply: its words alone do not say it */
    bool done;
} wishes[] = {
    {"FIXED", "close", ADUAN_KIND_CLOSING, true, true},
    {"CLOSED", "close", ADUAN_KIND_CLOSING, true, true},
    {"CANCELLED", "withdraw", ADUAN_KIND_WITHDRAWAL, true, true},
    {"REOPEN", "reopen", ADUAN_KIND_REOPENING, false, false},
    {"OPEN", "reopen", ADUAN_KIND_REOPENING, false, false},
    {"INTERNAL_REFERRAL", NULL, 0, true, false},
    {"NOT_COUNCILS_RESPONSIBILITY", NULL, 0, true, false},
    {"NO_FURTHER_ACTION", NULL, 0, true, false},
    {"DUPLICATE", NULL, 0, true, false},
};

struct saying {
    struct photos photos;
    const char *update, *status; /* of the form */
    const struct wish *wish;     /* NULL: a comment */
    uint32_t kind;
    struct buffer text;
    uint64_t created; /* of its case: the same at each try */
    char number[ADUAN_NUMBER_SIZE], code[ADUAN_CODE_SIZE], key[REPEAT_NAME_SIZE];
};

static void saying_free (void *more)
{
    struct saying *saying = more;

    buffer_free (&saying->text);
    sodium_memzero (saying->code, sizeof saying->code);
    free (saying);
}

static struct saying *saying_of (struct visit *visit)
{
    return open311_of (visit)->more;
}

/* Its own id, the same at each try: what the client keeps it under. */
static void update_answer (struct visit *visit)
{
    json_t *update = json_object (), *tree = json_array ();

    open311_say (update, "update_id", saying_of (visit)->key);
    json_array_append_new (tree, update);
    open311_answer (visit, 200, "service_request_updates", tree);
}

static void on_said (struct visit *visit, const struct aduan_submitted *result)
{
    /* the first that came by this id stands: what the case takes may have become another act since */
    bool stands = result->result == ADUAN_REJECTED && result->reject == ADUAN_REJECT_CONFLICT;

    if (result->result == ADUAN_ACCEPTED || stands)
        update_answer (visit);
    else
        open311_unsent (visit, result);
}

static void update_send (struct visit *visit)
{
    const struct open311 *open311 = open311_of (visit);
    struct saying *saying = saying_of (visit);

    if (saying->photos.fault) {
        visit_refuse (visit, 400, saying->photos.fault);
        return;
    }
    struct aduan_submission submission = {
        .account = open311->client.account,
        .kind = saying->kind,
        .key = saying->key,
        .created = saying->created,
        .channel = ADUAN_CHANNEL_OPEN311,
        .parent = saying->number,
        .code = saying->code,
        .text = saying->text.at,
        .attachments = saying->photos.digests,
        .attachments_len = saying->photos.count * DIGEST_BYTES,
    };
    visit_send (visit, &submission, on_said);
}

static bool may (const json_t *row, const char *word)
{
    const json_t *one;
    size_t at;

    json_array_foreach (json_object_get (row, "may"), at, one)
        if (word && strcmp (json_string_value (one), word) == 0)
            return true;
    return false;
}

static void status_add (struct saying *saying)
{
    buffer_format (&saying->text, "(%.*s)", (int) open311_cut (saying->status, STATUS_MOST),
                   saying->status);
}

/* As a reply, with its status where the words do not say it. */
static void reply_make (struct visit *visit, struct saying *saying)
{
    bool mark = saying->wish && saying->wish->mark;

    saying->kind = ADUAN_KIND_REPLY;
    if (mark || !saying->text.len) {
        if (saying->text.len)
            buffer_add (&saying->text, "\n\n", 2);
        status_add (saying);
    }
    buffer_add (&saying->text, "", 1);
    photos_store (visit, &saying->photos, update_send);
}

static bool has_file (struct visit *visit)
{
    for (size_t i = 0; i < http_field_count (visit->request); i++)
        if (http_field (visit->request, i)->file && http_field (visit->request, i)->value.len)
            return true;
    return false;
}

static void case_came (struct visit *visit)
{
    struct saying *saying = saying_of (visit);
    const json_t *row = json_object_get (visit->values, "case");
    const struct wish *wish = saying->wish;

    if (visit->fault == 404)
        open311_refuse (visit, 403, "open311_foreign", saying->number);
    else if (visit_failed (visit))
        ;
    else if (wish && may (row, wish->may)) {
        saying->kind = wish->kind;
        if (!saying->text.len)
            status_add (saying);
        buffer_add (&saying->text, "", 1);
        photos_store (visit, &saying->photos, update_send);
    } else if (may (row, "reply") || may (row, "complete"))
        reply_make (visit, saying);
    else if (wish && wish->done && !saying->text.len && !has_file (visit))
        update_answer (visit); /* it has ended, as was asked for */
    else if (wish && wish->done)
        reply_make (visit,
                    saying); /* the store keeps what comes behind an end, and shows it to nobody */
    else
        open311_refuse (visit, 400, "open311_ended", saying->number);
}

static void own_came (struct visit *visit)
{
    const struct open311 *open311 = open311_of (visit);
    struct saying *saying = saying_of (visit);
    const json_t *row = json_array_get (json_object_get (visit->values, "own"), 0);
    const char *name = text_of (row, "external"), *received = text_of (row, "received");
    char hash[65];

    if (visit_failed (visit))
        return;
    if (!row || !received || !time_parse (view_of (received), 0, &saying->created))
        open311_refuse (visit, 404, "open311_request", saying->number);
    else if (!name || !repeat_code (visit->web, open311->client.account, name, saying->code) ||
             !proof_hash (saying->code, hash))
        open311_refuse (visit, 403, "open311_foreign", saying->number);
    else if (open311->test || open311->client.sandbox)
        update_answer (visit);
    else
        visit_ask (visit, "case", "web_case", json_pack ("[s, s]", saying->number, hash), true,
                   case_came);
}

static const char *missing (struct visit *visit)
{
    static const char *const names[] = {"service_request_id", "update_id", "updated_datetime",
                                        "status"};

    for (size_t i = 0; i < array_len (names); i++)
        if (!open311_form (visit, names[i]))
            return names[i];
    return NULL;
}

/* False, and answered: something is missing, or is none. */
static bool update_read (struct visit *visit, struct saying *saying)
{
    const char *absent = missing (visit), *said = open311_form (visit, "description");
    int64_t at;

    saying->update = open311_form (visit, "update_id");
    saying->status = open311_form (visit, "status");
    for (size_t i = 0; saying->status && i < array_len (wishes); i++)
        if (strcasecmp (wishes[i].status, saying->status) == 0)
            saying->wish = &wishes[i];
    if (said && !utf8_blank (said, strlen (said)))
        words_normal (view_of (said), &saying->text);
    links_add (visit, &saying->text);
    bool comment = !saying->wish || strcmp (saying->wish->status, "OPEN") == 0;
    if (!absent && !saying->text.len && comment && !has_file (visit))
        absent = "description";
    if (absent)
        open311_refuse (visit, 400, "open311_missing", absent);
    else if (!open311_moment_read (open311_form (visit, "updated_datetime"), &at))
        open311_refuse (visit, 400, "open311_moment", open311_form (visit, "updated_datetime"));
    else if (strlen (saying->update) > UPDATE_MOST)
        open311_refuse (visit, 400, "open311_update_long", NULL);
    else if (utf8_count (saying->text.at, saying->text.len) > TEXT_MOST - 50)
        open311_refuse (visit, 400, "open311_description_long", NULL);
    else
        return true;
    return false;
}

void open311_update_take (struct visit *visit)
{
    struct open311 *open311 = open311_of (visit);
    struct saying *saying = xcalloc (1, sizeof *saying);
    char principal[16];

    open311->more = saying;
    open311->more_free = saying_free;
    if (!open311_key (visit, true))
        return;
    if (!open311->known) {
        open311_refuse (visit, 403, "open311_key",
                        NULL); /* nobody has cases of his own without one */
        return;
    }
    if (!update_read (visit, saying))
        return;
    if (!open311_number (open311_form (visit, "service_request_id"), saying->number)) {
        open311_refuse (visit, 404, "open311_request", open311_form (visit, "service_request_id"));
        return;
    }
    const struct view parts[] = {view_of ("update"), view_of (saying->number),
                                 view_of (saying->update)};
    repeat_name (visit->web, open311->client.account, parts, array_len (parts), saying->key);
    snprintf (principal, sizeof principal, "%u", open311->client.principal);
    visit_ask (visit, "own", "web_own", json_pack ("[s, s]", principal, saying->number), false,
               own_came);
}
