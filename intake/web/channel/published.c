/* published.c - reports that everybody may read, and "I have this problem, too". */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "../limit.h"
#include "../web.h"
#include "domain/number.h"

#define PAGE        20
#define PAGE_TEXT   "21" /* one more tells that there are more */
#define FILTER_MOST 200

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
    size_t count = json_array_size (reports);
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
    if (!visit_failed (visit))
        visit_page (visit, 200, "published");
}

/* Each page is good for one press: the key of a repeat is drawn with it. */
static void one_show (struct visit *visit)
{
    struct id token = id_random ();

    visit_value (visit, "token", hex_text (token.at, sizeof token.at));
    json_object_set_new (visit->values, "created", json_integer ((json_int_t) wall_ms ()));
    visit_ask (visit, "report", "web_public",
               json_pack ("[s]", http_part (&visit->parts, "number")), true, one_shown);
}

/* ---- "I have this problem, too" ------------------------------------------------------------------ */

static void on_supported (struct visit *visit, const struct aduan_submitted *result)
{
    char path[64];

    if (result->result == ADUAN_ACCEPTED) {
        snprintf (path, sizeof path, "/reports/%s?said=support", visit->number);
        http_redirect (visit->request, path);
    } else if (result->result == ADUAN_REJECTED) {
        visit_refuse (visit, 404, "absent");
    } else {
        visit_refuse (visit, 503, "away");
    }
}

static void support_take (struct visit *visit)
{
    const char *token = visit_said (visit, "token");
    struct aduan_token drawn;
    uint64_t bits;
    int64_t wait;

    if (number_parse (view_of (http_part (&visit->parts, "number")), &bits) != 0) {
        visit_refuse (visit, 404, "absent");
        return;
    }
    if (strlen (token) != 2 * sizeof drawn.token ||
        hex_parse (token, drawn.token, sizeof drawn.token) != 0) {
        visit_refuse (visit, 400, "form");
        return;
    }
    wait = limit_report (visit);
    if (wait) {
        visit_often (visit, "often", wait);
        return;
    }
    number_of_bits (bits, visit->number);
    aduan_token_derive (&drawn);
    visit_send (visit,
                &(struct aduan_submission){
                    .account = "web",
                    .kind = ADUAN_KIND_SUPPORT,
                    .key = drawn.key,
                    .created = strtoull (visit_said (visit, "created"), NULL, 10),
                    .channel = ADUAN_CHANNEL_WEB,
                    .parent = visit->number,
                },
                on_supported);
}

static const struct route routes[] = {
    {HTTP_GET, "/reports", list_show, 0, false},
    {HTTP_GET, "/reports/:number", one_show, 0, false},
    {HTTP_POST, "/reports/:number/support", support_take, FORM_MOST, false},
};

const struct inlet inlet_published = {"published", routes, array_len (routes), page_refuse,
                                      COUNTED_BY_SOURCE};
