/* published.c - reports that everybody may read, and "I have this problem, too". */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "../limit.h"
#include "../repeat.h"
#include "../story.h"
#include "../web.h"
#include "domain/number.h"

#define PAGE        20
#define PAGE_TEXT   "21" /* one more tells that there are more */
#define FILTER_MOST 200
#define DAY_MS      86400000

static const char *filter (const struct visit *visit, const char *name)
{
    const char *text = http_query (visit->request, name);
    return text && strlen (text) <= FILTER_MOST ? text : "";
}

static void list_shown (struct visit *visit)
{
    if (visit_failed (visit))
        return;
    category_choose (visit, http_query (visit->request, "category"));
    json_t *reports = json_object_get (visit->values, "reports");
    size_t count = json_array_size (reports), at;
    json_t *row;
    json_array_foreach (reports, at, row)
        story_titled (row);
    json_t *rest = count ? json_array_get (reports, count - 1) : NULL;
    if (json_is_true (
            json_object_get (rest, "rest"))) { /* not all was looked at: it goes on there */
        json_object_set (visit->values, "more", json_object_get (rest, "cursor"));
        json_array_remove (reports, count - 1);
    } else if (count > PAGE) {
        json_array_remove (reports, PAGE);
        json_object_set (visit->values, "more",
                         json_object_get (json_array_get (reports, PAGE - 1), "cursor"));
    }
    visit_page (visit, 200, "reports");
}

static void list_show (struct visit *visit)
{
    static const char *const names[] = {"q", "region", "category", "state"};
    json_t *arguments = json_array ();

    for (size_t i = 0; i < array_len (names); i++) {
        const char *text = filter (visit, names[i]);
        json_array_append_new (arguments, json_string (text));
        visit_value (visit, names[i], text);
    }
    json_array_append_new (arguments, json_string (filter (visit, "before")));
    json_array_append_new (arguments, json_string (PAGE_TEXT));
    visit_wait (visit);
    category_ask (visit, list_shown);
    visit_ask (visit, "reports", "web_list", arguments, false, list_shown);
    visit_came (visit, list_shown);
}

static void one_shown (struct visit *visit)
{
    if (visit_failed (visit))
        return;
    story_read (json_object_get (visit->values, "report"));
    visit_page (visit, 200, "published");
}

static void one_show (struct visit *visit)
{
    struct drawn drawn;

    drawn_new (&drawn);
    drawn_show (visit, &drawn);
    sodium_memzero (&drawn, sizeof drawn);
    visit_ask (visit, "report", "web_public",
               json_pack ("[s]", http_part (&visit->parts, "number")), true, one_shown);
}

/* ---- "I have this problem, too" ------------------------------------------------------------------ */

/* One browser supports a report once.  With the first press it gets a cookie that is drawn at random, as the page's token was, and
 * of this and the number comes the key: the second press is a repeat.  Nothing of it is kept here, and what is stored of two
 * presses of one browser has nothing in common. */

static const char *browser_cookie (const struct web *web)
{
    return web->tls ? "__Host-aduan-browser" : "aduan-browser";
}

static void browser_keep (struct visit *visit, const struct drawn *browser)
{
    char *text = drawn_text (visit->web, browser);
    char *cookie = xformat ("%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000%s",
                            browser_cookie (visit->web), text, visit->web->tls ? "; Secure" : "");

    http_say (visit->request, "Set-Cookie", cookie);
    free (cookie);
    free (text);
}

static void on_supported (struct visit *visit, const struct aduan_submitted *result)
{
    char path[64];

    if (result->result == ADUAN_ACCEPTED) {
        snprintf (path, sizeof path, "/reports/%s?said=%s", visit->number,
                  result->repeated ? "support_again" : "support");
        http_redirect (visit->request, path);
    } else if (result->result == ADUAN_REJECTED) {
        visit_refuse (visit, 404, "absent");
    } else {
        visit_refuse (visit, 503, "press_away");
    }
}

/* `created` is a day: its milliseconds would tell which presses are one browser's. */
static void support_send (struct visit *visit, const struct drawn *browser)
{
    struct view parts[] = {view_of ("support"),
                           {(const char *) browser->token.token, sizeof browser->token.token},
                           view_of (visit->number)};
    char key[REPEAT_NAME_SIZE];

    repeat_name (visit->web, "web", parts, array_len (parts), key);
    visit_send (visit,
                &(struct aduan_submission){
                    .account = "web",
                    .kind = ADUAN_KIND_SUPPORT,
                    .key = key,
                    .created = browser->created - browser->created % DAY_MS,
                    .channel = ADUAN_CHANNEL_WEB,
                    .parent = visit->number,
                },
                on_supported);
}

static void support_take (struct visit *visit)
{
    const char *kept = http_cookie (visit->request, browser_cookie (visit->web));
    struct drawn browser;
    uint64_t bits;
    int64_t wait;

    if (number_parse (view_of (http_part (&visit->parts, "number")), &bits) != 0) {
        visit_refuse (visit, 404, "absent");
        return;
    }
    number_of_bits (bits, visit->number);
    bool known = kept && drawn_of_text (visit->web, kept, &browser);
    if (!known && drawn_read (visit, &browser) != DRAWN_RIGHT) {
        visit_refuse (visit, 400, "form");
        return;
    }
    wait = limit_report (visit);
    if (wait) {
        visit_often (visit, "often", wait);
        return;
    }
    browser_keep (visit, &browser);
    support_send (visit, &browser);
}

static const struct route routes[] = {
    {HTTP_GET, "/reports", list_show, 0, false},
    {HTTP_GET, "/reports/:number", one_show, 0, false},
    {HTTP_POST, "/reports/:number/support", support_take, FORM_MOST, false},
};

const struct inlet inlet_published = {"published", routes, array_len (routes), page_refuse,
                                      COUNTED_BY_SOURCE};
