/* stop.c - the reader of a mail ends its news, by the address that it names (List-Unsubscribe, RFC 8058).
 *
 *     GET  /stop/TOKEN    a page that asks: programs that look at every address of a mail must end nothing
 *     POST /stop/TOKEN    List-Unsubscribe=One-Click, of that page or of a mail program: a report that its reader wants none
 *
 * The notice's token is the proof; what follows is what BERHENTI does (docs/channels.md, "Words").
 */
#include <string.h>
#include "../gateway.h"

/* An officer's notices are his account's. */
#define OFFICER 1

/* The notice that the address names; false, and answered: none of ours. */
static bool token_take (struct visit *visit, struct notice_name *ret)
{
    const struct gateways *gateways = visit->web->gateways;
    const char *token = http_part (&visit->parts, "token");

    if (gateways->has_reply_key && token_notice (gateways->reply_key, view_of (token), ret) == 0 &&
        ret->recipient != OFFICER)
        return true;
    visit_refuse (visit, 404, "absent");
    return false;
}

static void page_show (struct visit *visit)
{
    visit_value (visit, "stops", "yes");
    visit_page (visit, 200, "stop");
}

static void stop_show (struct visit *visit)
{
    struct notice_name notice;

    if (token_take (visit, &notice))
        page_show (visit);
}

static void on_heard (void *with, bool heard)
{
    struct visit *visit = with;

    if (!heard) {
        visit_refuse (visit, 503, "stop_away");
        return;
    }
    visit_value (visit, "stopped", "yes");
    page_show (visit);
}

static void stop_take (struct visit *visit)
{
    struct notice_name notice;

    if (!token_take (visit, &notice))
        return;
    if (strcmp (visit_said (visit, "List-Unsubscribe"), "One-Click") != 0)
        visit_refuse (visit, 400, "form");
    else
        report_wish (visit->web->gateways, &notice, ADUAN_CHANNEL_EMAIL, TOLD_SKIPPED, NULL,
                     on_heard, visit);
}

static const struct route routes[] = {
    {HTTP_GET, "/stop/:token", stop_show, 0, false},
    {HTTP_POST, "/stop/:token", stop_take, FORM_MOST, true},
};

const struct inlet inlet_stop = {"stop", routes, array_len (routes), page_refuse, COUNTED_BY_PROOF};
