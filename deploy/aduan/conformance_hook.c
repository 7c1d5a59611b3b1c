/* conformance_hook.c - plays the notifier to an integrator's receiver: deliveries that he must take, and some that he must not.
 *
 * Whoever takes what we have not signed lets anybody write into his system; whoever refuses a repeat, a second signature or a type
 * that he does not know stops his own feed, since what he does not take is sent again and nothing comes behind it.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "conformance.h"

#define ANSWER_MS    5000 /* as the notifier waits */
#define LATE_S       2.5
#define ANSWER_BYTES 65536
#define STALE_S      3600
#define LARGE_EVENTS 25
#define LARGE_TEXT   30000
#define PIECE_MS     120

enum way {
    WAY_PLAIN,
    WAY_TEST,
    WAY_AGAIN,
    WAY_ROTATED,
    WAY_NEWER,
    WAY_LARGE,
    WAY_SLOW,
    WAY_FORGED,
    WAY_UNSIGNED,
    WAY_ALTERED,
    WAY_STALE
};

static const struct delivery {
    const char *name;
    enum way way;
    bool good; /* it must be taken */
    enum text_key remedy;
} deliveries[] = {
    {"valid", WAY_PLAIN, true, TEXT_conf_valid_wrong},
    {"test", WAY_TEST, true, TEXT_conf_test_wrong},
    {"again", WAY_AGAIN, true, TEXT_conf_again_wrong},
    {"rotated", WAY_ROTATED, true, TEXT_conf_rotated_wrong},
    {"newer", WAY_NEWER, true, TEXT_conf_newer_wrong},
    {"large", WAY_LARGE, true, TEXT_conf_large_wrong},
    {"slow", WAY_SLOW, true, TEXT_conf_slow_wrong},
    {"forged", WAY_FORGED, false, TEXT_conf_forged_wrong},
    {"unsigned", WAY_UNSIGNED, false, TEXT_conf_unsigned_wrong},
    {"altered", WAY_ALTERED, false, TEXT_conf_altered_wrong},
    {"stale", WAY_STALE, false, TEXT_conf_stale_wrong},
};

/* ---- what is sent ----------------------------------------------------------------------------------- */

/* An event of a report that there is not; X, as a sandbox's. */
static json_t *event_made (const char *id, int number, const char *type, const char *text)
{
    char whole[48];

    snprintf (whole, sizeof whole, "%s-%d", id, number);
    return json_pack ("{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "id", whole, "type", type,
                      "number", "X0000000000000", "event", number, "at", "2026-11-27T02:15:00.000Z",
                      "external", "KESESUAIAN-1", "state", "in_progress", "text", text);
}

static char *body_made (enum way way)
{
    struct id id = id_random ();
    const char *hex = hex_text (id.at, sizeof id.at);
    json_t *events = json_array (), *body;

    if (way == WAY_TEST) {
        body = json_pack ("{s:b, s:o, s:s}", "test", 1, "events", events, "at",
                          "2026-11-27T02:15:00.000Z");
    } else {
        char text[LARGE_TEXT + 1] = "Sudah kami perbaiki – uji kesesuaian";
        int count = way == WAY_LARGE ? LARGE_EVENTS : 2;
        if (way == WAY_LARGE)
            memset (text, 'a', LARGE_TEXT);
        for (int i = 1; i <= count; i++)
            json_array_append_new (
                events,
                event_made (hex, i, way == WAY_NEWER ? "conformance_newer" : "answer", text));
        body = json_pack ("{s:o, s:s}", "events", events, "cursor", "kesesuaian");
        if (way == WAY_NEWER) {
            json_object_set_new (body, "conformance_newer", json_true ());
            json_object_set_new (json_array_get (events, 0), "conformance_newer", json_true ());
        }
    }
    char *made = json_dumps (body, JSON_COMPACT);
    json_decref (body);
    return made;
}

struct sent {
    char *body, id[48];
};

static void sent_fill (struct sent *sent, enum way way)
{
    struct id id = id_random ();

    if (way == WAY_AGAIN)
        return; /* the one before, as it was */
    free (sent->body);
    sent->body = body_made (way);
    snprintf (sent->id, sizeof sent->id, "conformance-%s", hex_text (id.at, sizeof id.at));
}

static void deliver (struct checkup *checkup, const uint8_t secret[WEBHOOK_SECRET],
                     const struct sent *sent, enum way way, struct exchange *ret)
{
    int64_t stamp = wall_ms () / 1000 - (way == WAY_STALE ? STALE_S : 0);
    uint8_t other[WEBHOOK_SECRET];
    struct view body = view_of (sent->body);

    randombytes_buf (other, sizeof other);
    char *ours = webhook_sign (secret, view_of (sent->id), stamp, body);
    char *theirs = webhook_sign (other, view_of (sent->id), stamp, body);
    *ret = (struct exchange){
        .method = "POST", .body = body, .piece_ms = way == WAY_SLOW ? PIECE_MS : 0};
    exchange_header (ret, "Content-Type: application/json");
    if (way != WAY_UNSIGNED) {
        exchange_header (ret, "webhook-id: %s", sent->id);
        exchange_header (ret, "webhook-timestamp: %" PRId64, stamp);
        if (way == WAY_ROTATED)
            exchange_header (ret, "webhook-signature: %s %s", theirs, ours);
        else
            exchange_header (ret, "webhook-signature: %s", way == WAY_FORGED ? theirs : ours);
    }
    if (way == WAY_ALTERED) /* a digit of the time of what happened, behind the signature's back */
        *strstr (sent->body, "02:15") = '1';
    exchange_run (checkup, ret, ANSWER_MS);
    free (ours);
    free (theirs);
}

/* ---- what came of it -------------------------------------------------------------------------------- */

static void judge (struct checkup *checkup, const struct delivery *delivery,
                   const struct exchange *exchange)
{
    bool taken = exchange->status >= 200 && exchange->status < 300;
    char status[24], seconds[24];

    snprintf (status, sizeof status, "%ld", exchange->status);
    snprintf (seconds, sizeof seconds, "%.1f", exchange->seconds);
    if (exchange_failed (checkup, delivery->name, exchange))
        return;
    if (taken != delivery->good)
        found (checkup, delivery->name, VERDICT_WRONG, delivery->remedy, "status", status, NULL);
    else if (!taken && exchange->status >= 500)
        found (checkup, delivery->name, VERDICT_DOUBT, TEXT_conf_fell, "status", status, NULL);
    else if (exchange->answer.len > ANSWER_BYTES)
        found (checkup, delivery->name, VERDICT_WRONG, TEXT_conf_endless, NULL);
    else if (exchange->seconds > LATE_S)
        found (checkup, delivery->name, VERDICT_DOUBT, TEXT_conf_late, "seconds", seconds, NULL);
    else
        found (checkup, delivery->name, VERDICT_RIGHT, TEXT_none, NULL);
}

void check_hook (struct checkup *checkup, const uint8_t secret[WEBHOOK_SECRET])
{
    struct sent sent = {0};

    check_transport (checkup);
    unsigned wrong = checkup->counts[VERDICT_WRONG];
    for (size_t i = 0; i < array_len (deliveries) && !checkup->unreachable; i++) {
        struct exchange exchange;
        sent_fill (&sent, deliveries[i].way);
        deliver (checkup, secret, &sent, deliveries[i].way, &exchange);
        judge (checkup, &deliveries[i], &exchange);
        exchange_done (&exchange);
        if (i == 0 && checkup->counts[VERDICT_WRONG] > wrong) {
            found (checkup, "rest", VERDICT_DOUBT, TEXT_conf_rest_waits, NULL);
            break; /* the same fault under ten names would hide it */
        }
    }
    free (sent.body);
}
