/* api_feed.c - what became of an integrator's own reports: one by one, and as a feed.
 *
 * A long poll asks again each second until there is something, or its time is over.  Only so many wait at a time; one more is
 * answered at once, with nothing, as every poll may be.
 */
#include <string.h>
#include "api.h"

#define AGAIN_MS     1000
#define POLLING_MOST 200
#define NAME_MOST    64
#define FEWER        8

/* ---- one report ------------------------------------------------------------------------------------ */

static void own_shown (struct visit *visit)
{
    json_t *found = json_object_get (visit->values, "found");

    if (api_failed (visit))
        return;
    if (*http_part (&visit->parts, "number") && json_array_size (found))
        api_answer (visit, 200, json_incref (json_array_get (found, 0)));
    else if (*http_part (&visit->parts, "number"))
        api_problem (visit, 404, "absent", NULL);
    else
        api_answer (visit, 200, json_pack ("{s:O}", "reports", found));
}

static void own_ask (struct visit *visit, const char *name)
{
    const struct call *call = call_of (visit);
    char principal[12];

    if (call->client.sandbox) {
        json_object_set_new (visit->values, "found",
                             sandbox_own (visit->web->sandbox, call->client.principal, name));
        own_shown (visit);
        return;
    }
    snprintf (principal, sizeof principal, "%u", call->client.principal);
    visit_ask (visit, "found", "web_own", json_pack ("[s, s]", principal, name), false, own_shown);
}

void api_own (struct visit *visit)
{
    const char *number = http_part (&visit->parts, "number");

    if (!api_begin (visit))
        return;
    if (strlen (number) >= ADUAN_NUMBER_SIZE)
        api_problem (visit, 404, "absent", NULL);
    else
        own_ask (visit, number);
}

void api_own_by_reference (struct visit *visit)
{
    const char *external = http_query (visit->request, "external");

    if (!api_begin (visit))
        return;
    if (!external || !*external || utf8_count (external, strlen (external)) > NAME_MOST)
        api_problem (visit, 422, external ? "field_value" : "field_missing", "external");
    else
        own_ask (visit, external);
}

/* ---- the feed -------------------------------------------------------------------------------------- */

static void feed_ask (struct visit *visit);

static void feed_end (struct visit *visit)
{
    struct call *call = call_of (visit);

    visit->web->polling -= call->polls;
    call->polls = false;
    reactor_timer_forget (&call->timer);
}

static void feed_again (void *owner)
{
    feed_ask (owner);
}

/* An answer of aduan-query has 1 MB at most, and words are long now and then: then fewer events are asked for. */
static bool feed_lessen (struct visit *visit)
{
    struct call *call = call_of (visit);

    if (!visit->refused || call->most == 1)
        return false;
    visit->fault = 0;
    visit->refused = false;
    call->most = call->most > FEWER ? call->most / FEWER : 1;
    feed_ask (visit);
    return true;
}

static void feed_came (struct visit *visit)
{
    struct call *call = call_of (visit);
    json_t *page = json_object_get (visit->values, "page");
    bool more = json_is_true (json_object_get (page, "more"));
    int64_t now_ms = mono_ms (), again_ms = now_ms + (more ? 1 : AGAIN_MS);

    if (feed_lessen (visit))
        return;
    if (visit->fault || json_object_get (page, "fault") ||
        json_array_size (json_object_get (page, "events")) ||
        json_is_true (json_object_get (page, "restored")) || !call->polls || !visit->web->up ||
        now_ms >= call->until_ms) {
        feed_end (visit);
        if (api_failed (visit))
            return;
        if (json_object_get (page, "fault"))
            api_problem (visit, 422, "field_value", "cursor");
        else
            api_answer (visit, 200, json_incref (page));
        return;
    }
    snprintf (call->cursor, sizeof call->cursor, "%s", api_text (page, "cursor"));
    reactor_timer_at (call->timer, again_ms < call->until_ms ? again_ms : call->until_ms);
}

static void feed_ask (struct visit *visit)
{
    struct call *call = call_of (visit);
    char principal[12], most[12];

    if (call->client.sandbox) {
        json_object_set_new (
            visit->values, "page",
            sandbox_feed (visit->web->sandbox, call->client.principal, call->cursor, call->most));
        feed_came (visit);
        return;
    }
    snprintf (principal, sizeof principal, "%u", call->client.principal);
    snprintf (most, sizeof most, "%u", call->most);
    visit_ask (visit, "page", "web_feed", json_pack ("[s, s, s]", principal, call->cursor, most),
               true, feed_came);
}

void api_events (struct visit *visit)
{
    struct call *call = api_begin (visit);
    const char *cursor = http_query (visit->request, "cursor");
    unsigned limit, wait;

    if (!call || !api_parameter (visit, "limit", 1, API_FEED_MOST, API_FEED_PAGE, &limit) ||
        !api_parameter (visit, "wait", 0, API_WAIT_MOST, 0, &wait))
        return;
    if (cursor && strlen (cursor) >= sizeof call->cursor) {
        api_problem (visit, 422, "field_value", "cursor");
        return;
    }
    snprintf (call->cursor, sizeof call->cursor, "%s", cursor ? cursor : "");
    for (char *at = call->cursor; *at; at++)
        if (*at == ' ') /* the plus sign of a zone, which an address says as %2B */
            *at = '+';
    call->most = limit;
    call->until_ms = mono_ms () + (int64_t) wait * 1000;
    call->polls = wait > 0 && visit->web->polling < POLLING_MOST;
    visit->web->polling += call->polls;
    call->timer = reactor_timer (visit->web->reactor, 0, feed_again, visit);
    feed_ask (visit);
}
