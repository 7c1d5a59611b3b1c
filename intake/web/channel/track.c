/* track.c - a reporter follows his case, and has his say.
 *
 *     /track: number and access code -> cookie (proof.c) -> /case: all of it, and forms for what he may do now
 *     /t/NUMBER, the address in notices: without the code what the number shows to anybody: received, in work, done
 *
 * A word of his is a submission as the first one was: durable before it is said to be taken, one by the token of its form however
 * often it is sent.  The page may show it a moment later; it says so.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "../handle.h"
#include "../limit.h"
#include "../may.h"
#include "../story.h"
#include "../taken.h"
#include "../typed.h"
#include "../web.h"
#include "base/decimal.h"

#define WORDS_MOST 3000
#define TYPED_MOST 200 /* bytes of what was typed as a code that the page shows again */

/* ---- by number, by code ------------------------------------------------------------------------ */

static void track_show (struct visit *visit)
{
    proof_read (visit);
    if (*visit->number)
        visit_value (visit, "follows", visit->number);
    visit_page (visit, 200, "track");
}

static void status_shown (struct visit *visit)
{
    if (visit->fault == 404) {
        /* one that nobody has stored yet is no different from one that is none */
        visit->fault = 0;
        visit_value (visit, "status", "unknown");
    }
    if (visit_failed (visit))
        return;
    json_t *row = json_object_get (visit->values, "row");
    if (row)
        json_object_set (visit->values, "status", json_object_get (row, "status"));
    visit_page (visit, 200, "track");
}

/* Number as a person wrote it, in its own form; false, and answered: it is none. */
static bool number_take (struct visit *visit, const char *said)
{
    visit_value (visit, "number", said);
    if (!typed_number (said, visit->number)) {
        visit_value (visit, "bad_number", "number");
        visit_page (visit, 422, "track");
        return false;
    }
    visit_value (visit, "number", visit->number);
    return true;
}

static void status_ask (struct visit *visit)
{
    visit_ask (visit, "row", "web_status", json_pack ("[s]", visit->number), true, status_shown);
}

static void number_show (struct visit *visit)
{
    char number[ADUAN_NUMBER_SIZE];

    proof_read (visit);
    snprintf (number, sizeof number, "%s", visit->number);
    if (!number_take (visit, http_part (&visit->parts, "number")))
        return;
    if (strcmp (number, visit->number) == 0)
        http_redirect (visit->request, "/case");
    else
        status_ask (visit);
}

/* There is such a case, and the code is not its; or there is none yet: a report that another door has taken in a moment ago. */
static void code_judged (struct visit *visit)
{
    if (visit->fault == 404) {
        visit->fault = 0;
        visit_value (visit, "status", "unknown");
        visit_page (visit, 404, "track");
        return;
    }
    if (visit_failed (visit))
        return;
    int64_t wait = limit_code_wrong (visit);
    if (wait) {
        visit_often (visit, "codes", wait);
        return;
    }
    visit_value (visit, "bad_code", "code_wrong");
    visit_page (visit, 422, "track");
}

/* Taken in here, and not stored yet, or not to be read now? */
static bool is_taken (const struct visit *visit)
{
    char hash[65];

    return proof_hash (visit->code, hash) && taken_is (visit->web->taken, visit->number, hash);
}

static void proved (struct visit *visit)
{
    if (visit->fault && !is_taken (visit)) {
        if (visit->fault == 404) {
            visit->fault = 0;
            visit_ask (visit, "row", "web_status", json_pack ("[s]", visit->number), true,
                       code_judged);
        } else
            visit_refuse (visit, visit->fault, visit->why);
        return;
    }
    proof_keep (visit, visit->number, visit->code);
    http_redirect (visit->request, "/case");
}

static void track_take (struct visit *visit)
{
    const char *code = visit_said (visit, "code");
    char hash[65];

    visit_value (visit, "code",
                 strlen (code) <= TYPED_MOST ? code : NULL); /* one wrong sign is one to mend */
    if (!number_take (visit, visit_said (visit, "number")))
        return;
    if (!*code) {
        status_ask (visit);
        return;
    }
    if (!typed_code (code, visit->code, hash)) {
        visit_value (visit, "bad_code", "code_form");
        visit_page (visit, 422, "track");
        return;
    }
    visit_ask (visit, "row", "web_case", json_pack ("[s, s]", visit->number, hash), true, proved);
}

static void forget (struct visit *visit)
{
    proof_keep (visit, "", "");
    http_redirect (visit->request, "/track?said=forgotten");
}

/* ---- the case ---------------------------------------------------------------------------------- */

/* Which case the visit follows; false, and answered: none. */
static bool followed (struct visit *visit, char hash[65])
{
    proof_read (visit);
    if (*visit->number && proof_hash (visit->code, hash))
        return true;
    if (http_method (visit->request) == HTTP_POST)
        visit_refuse (visit, 401, "proof_over");
    else
        http_redirect (visit->request, "/track?said=proof_over");
    return false;
}

/* Something that he says; visit->work. */
struct saying {
    const struct say *say;
    struct drawn drawn;
    uint64_t rating; /* 0: none */
    uint8_t digests[FILES_MOST * DIGEST_BYTES];
    unsigned file_count;
    size_t field;
};

/* The files that came with what did not go: they need not come again. */
static void saying_files_show (struct visit *visit, const struct drawn *drawn)
{
    const struct saying *saying = visit->work;

    if (saying)
        handles_show (visit, drawn, saying->digests, saying->file_count);
}

static void token_value (struct visit *visit)
{
    struct drawn drawn;

    drawn_new (&drawn);
    drawn_show (visit, &drawn);
    saying_files_show (visit, &drawn);
    sodium_memzero (&drawn, sizeof drawn);
}

static void case_shown (struct visit *visit)
{
    visit_value (visit, "receipt_kept", visit->receipt ? "yes" : NULL);
    if (visit->fault == 404 || (visit->fault && is_taken (visit))) {
        /* accepted is not yet stored: an hour ago he was shown it, or will be in a moment */
        visit->fault = 0;
        visit_value (visit, "number", visit->number);
        visit_value (visit, "soon", "yes");
        visit_page (visit, 200, "case");
        return;
    }
    if (visit_failed (visit))
        return;
    story_tell (json_object_get (visit->values, "case"));
    token_value (visit);
    visit_page (visit,
                strncmp (visit->detail, "state_", 6) == 0 ? 409
                : visit->detail[0]                        ? 422
                                                          : 200,
                "case");
}

static void case_ask (struct visit *visit, const char *hash)
{
    visit_ask (visit, "case", "web_case", json_pack ("[s, s]", visit->number, hash), true,
               case_shown);
}

static void case_show (struct visit *visit)
{
    char hash[65];

    if (followed (visit, hash))
        case_ask (visit, hash);
}

/* ---- a word of his ----------------------------------------------------------------------------- */

static const struct say {
    const char *name;
    uint32_t kind;
    bool words; /* needs a text */
} says[] = {
    {"reply", ADUAN_KIND_REPLY, true},      {"complete", ADUAN_KIND_COMPLETION, true},
    {"rate", ADUAN_KIND_RATING, false},     {"close", ADUAN_KIND_CLOSING, false},
    {"reopen", ADUAN_KIND_REOPENING, true}, {"withdraw", ADUAN_KIND_WITHDRAWAL, false},
    {"consent", ADUAN_KIND_CONSENT, false}, {"flags", ADUAN_KIND_FLAGS, false},
};

static void saying_free (void *work)
{
    struct saying *saying = work;
    sodium_memzero (&saying->drawn, sizeof saying->drawn);
    free (saying);
}

/* The case again, with what was typed and why it did not go. */
static void say_again (struct visit *visit, const char *why)
{
    struct saying *saying = visit->work;
    char hash[65];

    snprintf (visit->detail, sizeof visit->detail, "%s", why);
    visit_value (visit, "wrong", why);
    visit_value (visit, "typed", visit_said (visit, "text"));
    visit_value (visit, "doing", saying->say->name);
    visit->fault = 0;
    if (proof_hash (visit->code, hash))
        case_ask (visit, hash);
}

static void on_said (struct visit *visit, const struct aduan_submitted *result)
{
    struct saying *saying = visit->work;
    char path[48];

    if (result->result == ADUAN_ACCEPTED) {
        proof_keep (visit, visit->number, visit->code); /* half an hour more */
        snprintf (path, sizeof path, "/case?said=%s", saying->say->name);
        http_redirect (visit->request, path);
    } else if (result->result == ADUAN_REJECTED) {
        bool files = strcmp (result->field, "attachments") == 0;
        if (files)
            saying->file_count = 0; /* or the form would name them for ever */
        say_again (visit, result->reject == ADUAN_REJECT_CONFLICT ? "sent_already"
                          : files                                 ? "file_expired"
                                                                  : "rejected");
    } else {
        http_later (visit->request, LATER_MS);
        const char *text = visit_said (visit, "text");
        visit_value (visit, "typed", text);
        visit_refuse (visit, 503, *text ? "away" : "press_away");
    }
}

/* 1 to 5, of a word that has one; false: it is none. */
static bool rating_read (const struct visit *visit, struct saying *saying)
{
    const char *said = visit_said (visit, "rating");
    bool rates = saying->say->kind == ADUAN_KIND_RATING;

    if (!rates && (saying->say->kind != ADUAN_KIND_CLOSING || !*said))
        return true;
    return decimal_parse (view_of (said), 5, &saying->rating) && saying->rating;
}

/* What the form says. */
static struct word word_of (struct visit *visit)
{
    const struct saying *saying = visit->work;
    const char *consent = visit_said (visit, "consent");
    struct word word = {.kind = saying->say->kind,
                        .text = visit_said (visit, "text"),
                        .rating = (uint32_t) saying->rating,
                        .consent = strcmp (consent, "yes") == 0  ? ADUAN_FLAG_YES
                                   : strcmp (consent, "no") == 0 ? ADUAN_FLAG_NO
                                                                 : 0};
    if (word.kind == ADUAN_KIND_FLAGS) {
        word.anonymous = *visit_said (visit, "anonymous") ? ADUAN_FLAG_YES : ADUAN_FLAG_NO;
        word.secret = *visit_said (visit, "secret") ? ADUAN_FLAG_YES : ADUAN_FLAG_NO;
    }
    return word;
}

static void say_send (struct visit *visit)
{
    struct saying *saying = visit->work;
    struct word word = word_of (visit);
    struct aduan_submission submission = {
        .account = "web",
        .kind = word.kind,
        .key = saying->drawn.token.key,
        .created = saying->drawn.created,
        .channel = ADUAN_CHANNEL_WEB,
        .parent = visit->number,
        .code = visit->code,
        .rating = word.rating,
        .text = word.text,
        .attachments = saying->digests,
        .attachments_len = saying->file_count * DIGEST_BYTES,
        .consent = word.consent,
        .anonymous = word.anonymous,
        .secret = word.secret,
    };
    visit_send (visit, &submission, on_said);
}

static void files_store (struct visit *visit);

static void on_file (void *owner, enum content_result result, const uint8_t *digest)
{
    struct visit *visit = owner;
    struct saying *saying = visit->work;

    if (result != CONTENT_DONE) {
        say_again (visit, content_key (result));
        return;
    }
    memcpy (saying->digests + DIGEST_BYTES * saying->file_count++, digest, DIGEST_BYTES);
    files_store (visit);
}

static void files_store (struct visit *visit)
{
    struct saying *saying = visit->work;

    while (saying->field < http_field_count (visit->request)) {
        size_t at = saying->field++;
        if (!brought_file (visit->request, at))
            continue;
        if (saying->file_count == FILES_MOST)
            say_again (visit, "file_many");
        else
            brought_draft (visit->web->content, visit->request, at, on_file, visit);
        return;
    }
    say_send (visit);
}

/* What the case cannot take now is said before anything is stored.  What cannot be looked up is sent: the store judges it. */
static void say_judged (struct visit *visit)
{
    struct saying *saying = visit->work;
    const struct word word = word_of (visit);
    char why[40];

    bool there = visit->fault == 0;
    visit->fault = 0;
    if (!there || case_takes (json_object_get (visit->values, "case"), &word)) {
        files_store (visit);
        return;
    }
    visit_value (visit, "unsent", *word.text ? word.text : NULL);
    snprintf (why, sizeof why, "state_%s", saying->say->name);
    say_again (visit, why);
}

static void case_say (struct visit *visit)
{
    const char *doing = visit_said (visit, "do"), *text = visit_said (visit, "text");
    int64_t wait;
    struct saying *saying;
    const struct say *say = NULL;
    char hash[65];

    for (size_t i = 0; i < array_len (says); i++)
        if (strcmp (says[i].name, doing) == 0)
            say = &says[i];
    if (!followed (visit, hash))
        return;
    wait = limit_report (visit);
    if (wait) {
        visit_often (visit, "often", wait);
        return;
    }
    saying = xcalloc (1, sizeof *saying);
    *saying = (struct saying){.say = say};
    visit->work = saying;
    visit->work_free = saying_free;
    enum drawn_age age = drawn_read (visit, &saying->drawn);
    if (!say || age == DRAWN_NONE) {
        visit_refuse (visit, 400, "form");
        return;
    }
    saying->file_count = handles_named (visit, &saying->drawn, saying->digests);
    if (age == DRAWN_OLD)
        say_again (visit, "form_old");
    else if (say->words && utf8_blank (text, strlen (text)))
        say_again (visit, "text_empty");
    else if (utf8_count (text, strlen (text)) > WORDS_MOST)
        say_again (visit, "text_long");
    else if (!rating_read (visit, saying))
        say_again (visit, "rating_empty");
    else
        visit_ask (visit, "case", "web_case", json_pack ("[s, s]", visit->number, hash), true,
                   say_judged);
}

/* ---- his files --------------------------------------------------------------------------------- */

static void on_opened (void *owner, enum content_result result, const struct content_found *found)
{
    struct visit *visit = owner;

    if (result == CONTENT_NOT_YET) {
        http_later (visit->request, 2000);
        visit_refuse (visit, 503, "file_not_yet");
    } else if (result != CONTENT_DONE) {
        visit_refuse (visit, 404, "absent");
    } else {
        char *name = xformat ("attachment; filename=\"lampiran.%s\"", found->kind->ending);
        http_say (visit->request, "Content-Disposition", name);
        http_say (visit->request, "Content-Security-Policy", "default-src 'none'; sandbox");
        http_say (visit->request, "Cache-Control", "private, no-store");
        http_answer_file (visit->request, 200, found->kind->type, found->fd, found->len);
        free (name);
    }
}

static void file_seen (struct visit *visit)
{
    uint8_t digest[DIGEST_BYTES];

    if (visit_failed (visit))
        return;
    hex_parse (http_part (&visit->parts, "digest"), digest, sizeof digest);
    content_open (visit->web->content, digest, on_opened, visit);
}

static void file_show (struct visit *visit)
{
    const char *digest = http_part (&visit->parts, "digest");
    uint8_t bytes[DIGEST_BYTES];
    char hash[65];

    if (!followed (visit, hash))
        return;
    if (strlen (digest) != 2 * DIGEST_BYTES || hex_parse (digest, bytes, sizeof bytes) != 0)
        visit_refuse (visit, 404, "absent");
    else
        visit_ask (visit, "file", "web_file", json_pack ("[s, s, s]", visit->number, hash, digest),
                   true, file_seen);
}

static const struct route routes[] = {
    {HTTP_GET, "/track", track_show, 0, false},
    {HTTP_POST, "/track", track_take, FORM_MOST, false},
    {HTTP_POST, "/track/forget", forget, FORM_MOST, false},
    {HTTP_GET, "/t/:number", number_show, 0, false},
    {HTTP_GET, "/case", case_show, 0, false},
    {HTTP_POST, "/case", case_say, BODY_FILES, false},
    {HTTP_GET, "/case/files/:digest", file_show, 0, false},
};

const struct inlet inlet_track = {"track", routes, array_len (routes), page_refuse,
                                  COUNTED_BY_SOURCE};
