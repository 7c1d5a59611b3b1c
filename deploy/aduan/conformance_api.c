/* conformance_api.c - plays an integrator's client to our API, from where he is and with his sandbox token: so his address, proxy,
 * certificates, clock and token are what is tried, and what he has to do about repeats is shown to work.
 *
 * With a live token nothing is sent: its reports would reach agencies.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "conformance.h"

#define ANSWER_MS 30000
#define SKEW_S    60
#define BASE      "/api/v1"

struct trial {
    struct checkup *checkup;
    const char *token;
    char key[40], created[32], external[48];
    char number[16], code[32], digest[65], cursor[80];
};

/* One call; *ret_json is the caller's, NULL where the answer is none. */
struct call {
    const char *method, *path;
    json_t *body; /* taken; NULL: none */
    struct view bytes;
    const char *key; /* NULL: none */
    bool nobody;     /* without the token */
};

static long call_run (struct trial *trial, struct call call, json_t **ret_json,
                      struct exchange *ret)
{
    char *text = call.body ? json_dumps (call.body, JSON_COMPACT) : NULL;
    char *path = xformat (BASE "%s", call.path);

    *ret = (struct exchange){
        .method = call.method, .path = path, .body = text ? view_of (text) : call.bytes};
    if (!call.nobody)
        exchange_header (ret, "Authorization: Bearer %s", trial->token);
    if (call.body)
        exchange_header (ret, "Content-Type: application/json");
    if (call.key)
        exchange_header (ret, "Idempotency-Key: %s", call.key);
    exchange_run (trial->checkup, ret, ANSWER_MS);
    *ret_json = json_loadb (ret->answer.at, ret->answer.len, 0, NULL);
    json_decref (call.body);
    free (text);
    free (path);
    return ret->code == CURLE_OK ? ret->status : 0;
}

/* What was found of a call: right where `right` says so, else what came in its stead, and what to mend. */
static void judge (struct trial *trial, const char *name, bool right, enum text_key remedy,
                   const struct exchange *exchange, const json_t *answer)
{
    char status[24];

    snprintf (status, sizeof status, "%ld", exchange->status);
    if (exchange_failed (trial->checkup, name, exchange))
        return;
    if (right)
        found (trial->checkup, name, VERDICT_RIGHT, TEXT_none, NULL);
    else
        found (trial->checkup, name, VERDICT_WRONG, remedy, "status", status, "said",
               json_text (answer, "title"), "field", json_text (answer, "field"), NULL);
}

/* A call of which only its status matters, and a field of a problem. */
static void expect (struct trial *trial, const char *name, struct call call, long status,
                    const char *field, enum text_key remedy)
{
    struct exchange exchange;
    json_t *answer;
    long got = call_run (trial, call, &answer, &exchange);

    judge (trial, name,
           got == status && (!field || strcmp (json_text (answer, "field"), field) == 0), remedy,
           &exchange, answer);
    json_decref (answer);
    exchange_done (&exchange);
}

/* ---- who and when ----------------------------------------------------------------------------------- */

/* Is anything of ours there, and how do the clocks compare? */
static bool reach (struct trial *trial)
{
    struct exchange exchange;
    json_t *answer;
    char apart[24];
    bool ours =
        call_run (trial, (struct call){.method = "GET", .path = "/openapi.yaml", .nobody = true},
                  &answer, &exchange) == 200 &&
        strstr (exchange.answer.at, "openapi: 3");

    judge (trial, "reach", ours, TEXT_conf_reach_wrong, &exchange, answer);
    if (ours && exchange.date) {
        int64_t skew = wall_ms () / 1000 - exchange.date;
        snprintf (apart, sizeof apart, "%+" PRId64, skew);
        if (llabs (skew) > SKEW_S)
            found (trial->checkup, "clock", VERDICT_WRONG, TEXT_conf_clock_wrong, "seconds", apart,
                   NULL);
        else
            found (trial->checkup, "clock", VERDICT_RIGHT, TEXT_none, NULL);
    }
    json_decref (answer);
    exchange_done (&exchange);
    return ours;
}

/* Is it a token, and a sandbox's? */
static bool known (struct trial *trial)
{
    struct exchange exchange;
    json_t *answer;
    long status =
        call_run (trial, (struct call){.method = "GET", .path = "/self"}, &answer, &exchange);
    bool sandbox = json_is_true (json_object_get (answer, "sandbox"));

    judge (trial, "token", status == 200 && sandbox,
           status == 200 ? TEXT_conf_token_live : TEXT_conf_token_wrong, &exchange, answer);
    json_decref (answer);
    exchange_done (&exchange);
    return status == 200 && sandbox;
}

/* ---- reports ---------------------------------------------------------------------------------------- */

static struct call report_call (const struct trial *trial, const char *text)
{
    return (struct call){.method = "POST",
                         .path = "/reports",
                         .key = trial->key,
                         .body = json_pack ("{s:s, s:s, s:s, s:b, s:b}", "text", text, "created",
                                            trial->created, "external", trial->external,
                                            "anonymous", 1, "secret", 0)};
}

#define WORDS "Uji kesesuaian: lampu jalan padam."

static bool push (struct trial *trial)
{
    struct exchange exchange;
    json_t *answer;
    long status = call_run (trial, report_call (trial, WORDS), &answer, &exchange);

    snprintf (trial->number, sizeof trial->number, "%s", json_text (answer, "number"));
    snprintf (trial->code, sizeof trial->code, "%s", json_text (answer, "access_code"));
    bool right = status == 201 && *trial->number && *trial->code;
    judge (trial, "push", right, TEXT_conf_push_wrong, &exchange, answer);
    json_decref (answer);
    exchange_done (&exchange);
    return right;
}

static void repeat (struct trial *trial)
{
    struct exchange exchange;
    json_t *answer;
    long status = call_run (trial, report_call (trial, WORDS), &answer, &exchange);

    judge (trial, "repeat",
           status == 200 && strcmp (trial->number, json_text (answer, "number")) == 0 &&
               strcmp (trial->code, json_text (answer, "access_code")) == 0,
           TEXT_conf_repeat_wrong, &exchange, answer);
    json_decref (answer);
    exchange_done (&exchange);
}

static void refusals (struct trial *trial)
{
    expect (trial, "conflict", report_call (trial, "Uji kesesuaian: kata-kata lain."), 409, NULL,
            TEXT_conf_conflict_wrong);
    struct call call = report_call (trial, WORDS);
    json_object_set_new (call.body, "conformance", json_true ());
    expect (trial, "unknown", call, 422, "conformance", TEXT_conf_unknown_wrong);
    call = report_call (trial, WORDS);
    json_object_set_new (call.body, "created", json_string ("2026-11-27 09:15"));
    expect (trial, "zone", call, 422, "created", TEXT_conf_zone_wrong);
}

static void file (struct trial *trial)
{
    struct exchange exchange;
    json_t *answer;
    long status = call_run (trial,
                            (struct call){.method = "PUT",
                                          .path = "/files",
                                          .bytes = view_of ("Uji kesesuaian: sebuah lampiran.\n")},
                            &answer, &exchange);

    judge (trial, "file", status == 201 && strlen (json_text (answer, "digest")) == 64,
           TEXT_conf_file_wrong, &exchange, answer);
    json_decref (answer);
    exchange_done (&exchange);
}

static void look (struct trial *trial)
{
    char path[80];
    struct exchange exchange;
    json_t *answer;

    snprintf (path, sizeof path, "/reports?external=%s", trial->external);
    call_run (trial, (struct call){.method = "GET", .path = path}, &answer, &exchange);
    const json_t *first = json_array_get (json_object_get (answer, "reports"), 0);
    judge (trial, "look", strcmp (json_text (first, "number"), trial->number) == 0,
           TEXT_conf_look_wrong, &exchange, answer);
    json_decref (answer);
    exchange_done (&exchange);
}

/* ---- the feed --------------------------------------------------------------------------------------- */

/* A page behind the cursor; its cursor is the new one.  The caller's, NULL: there is none. */
static json_t *page (struct trial *trial, const char *name, const char *more)
{
    char path[128];
    struct exchange exchange;
    json_t *answer;

    snprintf (path, sizeof path, "/events?cursor=%s%s", trial->cursor, more);
    long status =
        call_run (trial, (struct call){.method = "GET", .path = path}, &answer, &exchange);
    if (status != 200 || !*json_text (answer, "cursor")) {
        judge (trial, name, false, TEXT_conf_feed_wrong, &exchange, answer);
        json_decref (answer);
        answer = NULL;
    } else {
        snprintf (trial->cursor, sizeof trial->cursor, "%s", json_text (answer, "cursor"));
    }
    exchange_done (&exchange);
    return answer;
}

static size_t events_of (const json_t *page, const char *number)
{
    const json_t *event;
    size_t at, count = 0;

    json_array_foreach (json_object_get (page, "events"), at, event)
        count += strcmp (json_text (event, "number"), number) == 0;
    return count;
}

/* From where it stood before the push: all of the report's events, and behind them none of it again. */
static void feed (struct trial *trial)
{
    json_t *first = page (trial, "feed", "&limit=500"), *second;

    if (!first)
        return;
    size_t count = events_of (first, trial->number);
    found (trial->checkup, "feed", count ? VERDICT_RIGHT : VERDICT_WRONG,
           count ? TEXT_none : TEXT_conf_feed_empty, NULL);
    json_decref (first);
    second = page (trial, "cursor", "");
    if (second) {
        bool again = events_of (second, trial->number) > 0;
        found (trial->checkup, "cursor", again ? VERDICT_WRONG : VERDICT_RIGHT,
               again ? TEXT_conf_cursor_wrong : TEXT_none, NULL);
    }
    json_decref (second);
    int64_t began = mono_ms ();
    second = page (trial, "poll", "&wait=1");
    if (second) {
        bool early =
            json_array_size (json_object_get (second, "events")) == 0 && mono_ms () - began < 900;
        found (trial->checkup, "poll", early ? VERDICT_DOUBT : VERDICT_RIGHT,
               early ? TEXT_conf_poll_early : TEXT_none, NULL);
    }
    json_decref (second);
}

/* ---- a reporter's word ------------------------------------------------------------------------------ */

static void word (struct trial *trial)
{
    char path[64], wrong[32];

    snprintf (path, sizeof path, "/reports/%s/replies", trial->number);
    snprintf (wrong, sizeof wrong, "%s", trial->code);
    wrong[5] = wrong[5] == '0' ? '1' : '0';
    expect (trial, "word",
            (struct call){.method = "POST",
                          .path = path,
                          .body = json_pack ("{s:s, s:s}", "text", "Uji kesesuaian: terima kasih.",
                                             "access_code", trial->code)},
            201, NULL, TEXT_conf_word_wrong);
    expect (trial, "code",
            (struct call){.method = "POST",
                          .path = path,
                          .body = json_pack ("{s:s, s:s}", "text", "Uji kesesuaian: kode salah.",
                                             "access_code", wrong)},
            422, "access_code", TEXT_conf_code_wrong);
}

void check_api (struct checkup *checkup, const char *token)
{
    struct trial trial = {.checkup = checkup, .token = token};
    struct id key = id_random ();
    json_t *start;

    snprintf (trial.key, sizeof trial.key, "%s", hex_text (key.at, sizeof key.at));
    snprintf (trial.external, sizeof trial.external, "uji-%s", trial.key);
    snprintf (trial.created, sizeof trial.created, "%s", instant_text (wall_ms ()));
    check_transport (checkup);
    if (!reach (&trial) || !known (&trial))
        return;
    expect (&trial, "nobody", (struct call){.method = "GET", .path = "/self", .nobody = true}, 401,
            NULL, TEXT_conf_nobody_wrong);
    snprintf (trial.cursor, sizeof trial.cursor, "now");
    start = page (&trial, "feed", "");
    json_decref (start);
    if (!push (&trial))
        return;
    repeat (&trial);
    refusals (&trial);
    file (&trial);
    look (&trial);
    if (start)
        feed (&trial);
    word (&trial);
}
