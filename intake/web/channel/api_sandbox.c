/* api_sandbox.c - what a sandbox token's reports become.
 *
 * Nothing of them leaves this process: no intake, no database, no agency.  The last ones are remembered here, so that a repeat, a
 * conflict, a look and the feed behave as they do for a live token, until the process ends.  A report runs through a whole life at
 * once: placed, answered, closed, so that an integrator sees each of them without waiting for an agency.
 *
 * Its number begins with an X, which no tracking number does: whoever shows it to anybody else is told that it is none.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "api.h"
#include "domain/number.h"

#define TRIALS 1000
#define TOLD   4000

struct trial {
    uint32_t principal; /* 0: this place is free */
    struct id id;
    char number[ADUAN_NUMBER_SIZE], external[257];
    uint8_t said[32];
    uint8_t code[CODE_HASH_LEN];
    uint64_t received;
    bool secret, anonymous;
    unsigned events;
};

struct happening {
    uint32_t principal;
    uint64_t place, at;
    json_t *event;
};

struct sandbox {
    struct trial trials[TRIALS]; /* the oldest one gives way */
    struct happening told[TOLD];
    size_t trial_next;
    uint64_t places; /* events so far; the last one's place */
    uint32_t run;    /* drawn at the start: cursors of another run begin anew */
};

struct sandbox *sandbox_new (void)
{
    struct sandbox *sandbox = xcalloc (1, sizeof *sandbox);
    sandbox->run = randombytes_random ();
    return sandbox;
}

void sandbox_free (struct sandbox **sandbox)
{
    if (!*sandbox)
        return;
    for (size_t i = 0; i < TOLD; i++)
        json_decref ((*sandbox)->told[i].event);
    free (*sandbox);
    *sandbox = NULL;
}

/* ---- what is taken --------------------------------------------------------------------------------- */

/* An event of a report, as the feed says it; `agency`, `text`: NULL or "" : none. */
static void tell (struct sandbox *sandbox, struct trial *trial, const char *type, const char *state,
                  const char *agency, const char *text)
{
    char id[48], at[API_STAMP_SIZE];
    uint64_t now = (uint64_t) wall_ms ();
    struct happening *told = &sandbox->told[sandbox->places++ % TOLD];

    trial->events++;
    snprintf (id, sizeof id, "%s-%u", hex_text (trial->id.at, sizeof trial->id.at), trial->events);
    api_stamp (now, at);
    json_t *event =
        json_pack ("{s:s, s:s, s:s, s:i, s:s, s:s}", "id", id, "type", type, "number",
                   trial->number, "event", (int) trial->events, "at", at, "state", state);
    if (*trial->external)
        json_object_set_new (event, "external", json_string (trial->external));
    if (agency && *agency)
        json_object_set_new (event, "agency", json_string (agency));
    if (text && *text)
        json_object_set_new (event, "text", json_string (text));
    if (trial->secret)
        json_object_set_new (event, "secret", json_true ());
    json_decref (told->event);
    *told = (struct happening){trial->principal, sandbox->places, now, event};
}

static void said_digest (const struct call *call, uint8_t ret[32])
{
    char *body = json_dumps (call->body, JSON_COMPACT | JSON_SORT_KEYS);

    number_digest ((const uint8_t[ID_KEY_LEN]){0}, view_of (body), (struct view){0}, ret);
    sodium_memzero (body, strlen (body));
    free (body);
}

static struct trial *trial_find (struct sandbox *sandbox, const struct call *call)
{
    for (size_t i = 0; i < TRIALS; i++) {
        struct trial *trial = &sandbox->trials[i];
        if (trial->principal != call->client.principal)
            continue;
        if (call->kind == ADUAN_KIND_COMPLAINT
                ? memcmp (trial->id.at, call->trial.at, sizeof trial->id.at) == 0
                : strcmp (trial->number, call->number) == 0)
            return trial;
    }
    return NULL;
}

static struct trial *trial_new (struct sandbox *sandbox, const struct call *call)
{
    struct trial *trial = &sandbox->trials[sandbox->trial_next++ % TRIALS];
    const char *target = api_text (call->body, "target");

    *trial = (struct trial){
        .principal = call->client.principal,
        .id = call->trial,
        .received = (uint64_t) wall_ms (),
        .secret = api_flag (call->body, "secret") != ADUAN_FLAG_NO,
        .anonymous = api_flag (call->body, "anonymous") != ADUAN_FLAG_NO,
    };
    number_of_id (&trial->id, trial->number);
    trial->number[0] = 'X';
    snprintf (trial->external, sizeof trial->external, "%s", api_text (call->body, "external"));
    said_digest (call, trial->said);
    number_code_hash (view_of (call->code), trial->code);
    tell (sandbox, trial, "placed", "assigned", target, NULL);
    tell (sandbox, trial, "answer", "in_progress", target, "Jawaban percobaan dari kotak pasir.");
    tell (sandbox, trial, "close", "resolved", target, "Percobaan selesai.");
    return trial;
}

/* A word is an event, and changes nothing else. */
static void word_take (struct sandbox *sandbox, struct trial *trial, const struct call *call,
                       struct aduan_submitted *ret)
{
    static const char *const types[] = {"",          "reply",      "completion",
                                        "rating",    "withdrawal", "closing",
                                        "reopening", "consent",    "flags"};
    uint8_t code[CODE_HASH_LEN];

    if (number_code_hash (view_of (call->code), code) != 0 ||
        sodium_memcmp (code, trial->code, sizeof code) != 0) {
        *ret = (struct aduan_submitted){.result = ADUAN_REJECTED, .reject = ADUAN_REJECT_VALUE};
        snprintf (ret->field, sizeof ret->field, "code_hash");
        return;
    }
    tell (sandbox, trial, types[call->kind - 1],
          call->kind == ADUAN_KIND_REOPENING ? "in_progress" : "resolved", NULL,
          api_text (call->body, "text"));
}

bool sandbox_take (struct sandbox *sandbox, const struct call *call, struct aduan_submitted *ret)
{
    struct trial *trial = trial_find (sandbox, call);
    bool repeated = trial && call->kind == ADUAN_KIND_COMPLAINT;
    uint8_t said[32];

    if (!trial && call->kind != ADUAN_KIND_COMPLAINT)
        return false;
    if (repeated) {
        said_digest (call, said);
        if (memcmp (said, trial->said, sizeof said) != 0) {
            *ret =
                (struct aduan_submitted){.result = ADUAN_REJECTED, .reject = ADUAN_REJECT_CONFLICT};
            return true;
        }
    } else if (!trial) {
        trial = trial_new (sandbox, call);
    }
    *ret = (struct aduan_submitted){
        .result = ADUAN_ACCEPTED, .received = trial->received, .repeated = repeated};
    memcpy (ret->id, call->trial.at, sizeof ret->id);
    snprintf (ret->number, sizeof ret->number, "%s", trial->number);
    if (call->kind != ADUAN_KIND_COMPLAINT)
        word_take (sandbox, trial, call, ret);
    return true;
}

/* ---- what is read ---------------------------------------------------------------------------------- */

static json_t *trial_shown (const struct sandbox *sandbox, const struct trial *trial)
{
    char received[API_STAMP_SIZE];
    json_t *events = json_array (), *shown, *last = NULL;

    for (uint64_t place = sandbox->places > TOLD ? sandbox->places - TOLD : 0;
         place < sandbox->places; place++) {
        const struct happening *told = &sandbox->told[place % TOLD];
        if (told->principal == trial->principal &&
            strcmp (api_text (told->event, "number"), trial->number) == 0)
            json_array_append (events, last = told->event);
    }
    api_stamp (trial->received, received);
    shown = json_pack ("{s:s, s:s, s:s, s:b, s:b, s:o}", "number", trial->number, "received",
                       received, "state", last ? api_text (last, "state") : "resolved", "secret",
                       (int) trial->secret, "anonymous", (int) trial->anonymous, "events", events);
    if (*trial->external)
        json_object_set_new (shown, "external", json_string (trial->external));
    return shown;
}

json_t *sandbox_own (const struct sandbox *sandbox, uint32_t principal, const char *name)
{
    json_t *found = json_array ();

    for (size_t i = 0; i < TRIALS; i++) {
        const struct trial *trial = &sandbox->trials[i];
        if (trial->principal == principal && json_array_size (found) < 20 &&
            (strcmp (trial->number, name) == 0 ||
             (*trial->external && strcmp (trial->external, name) == 0)))
            json_array_append_new (found, trial_shown (sandbox, trial));
    }
    return found;
}

/* Where a cursor stands; *ret_other: it is of another run.  False: it is none. */
static bool cursor_read (const struct sandbox *sandbox, const char *cursor, uint64_t *ret_place,
                         uint64_t *ret_since, bool *ret_other)
{
    unsigned run;
    unsigned long long place;

    *ret_place = *ret_since = 0;
    *ret_other = false;
    if (!*cursor || api_moment (cursor, ret_since))
        return true;
    if (strcmp (cursor, "now") == 0) {
        *ret_place = sandbox->places;
        return true;
    }
    if (sscanf (cursor, "sandbox-%8x-%19llu", &run, &place) != 2)
        return false;
    *ret_other = run != sandbox->run || place > sandbox->places;
    *ret_place = *ret_other ? 0 : place;
    return true;
}

json_t *sandbox_feed (const struct sandbox *sandbox, uint32_t principal, const char *cursor,
                      unsigned most)
{
    uint64_t place, since;
    char next[48];
    bool other;
    json_t *events;

    if (!cursor_read (sandbox, cursor, &place, &since, &other))
        return json_pack ("{s:s}", "fault", "cursor");
    events = json_array ();
    if (sandbox->places > TOLD && place < sandbox->places - TOLD)
        place = sandbox->places - TOLD;
    for (; place < sandbox->places && json_array_size (events) < most; place++) {
        const struct happening *told = &sandbox->told[place % TOLD];
        if (told->principal == principal && told->at >= since)
            json_array_append (events, told->event);
    }
    snprintf (next, sizeof next, "sandbox-%08x-%llu", sandbox->run, (unsigned long long) place);
    return json_pack ("{s:o, s:s, s:b, s:b}", "events", events, "cursor", next, "more",
                      (int) (place < sandbox->places), "restored", (int) other);
}
