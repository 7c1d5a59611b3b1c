/* route.c - the table of addresses: what each is, whom it is for, what it asks for.  docs/desk.md tells it to
 * people, docs/openapi.yaml to programs; a test compares the latter with this door.
 */
#include <stdlib.h>
#include <string.h>
#include "desk.h"

static const struct question inbox_questions[] = {
    {"cases", "desk_inbox", false, {"?agency", "?view|all", "?due", "?after", "=50"}},
    {"counts", "desk_tally", false, {"?agency"}},
    {0},
};
static const struct question inbox_page_questions[] = {
    {"cases", "desk_inbox", false, {"?agency", "?view|all", "?due", "?after", "=50"}},
    {"counts", "desk_tally", false, {"?agency"}},
    {"below", "desk_below", false, {"=150"}},
    {0},
};
static const struct question case_questions[] = {
    {"case", "desk_case", true, {":number"}},
    {"history", "desk_history", false, {":number"}},
    {"alike", "desk_alike", false, {":number"}},
    {"permits", "desk_permits", false, {":number"}},
    {0},
};
static const struct question case_page_questions[] = {
    {"case", "desk_case", true, {":number"}},
    {"history", "desk_history", false, {":number"}},
    {"alike", "desk_alike", false, {":number"}},
    {"permits", "desk_permits", false, {":number"}},
    {"templates", "desk_templates", false, {"="}},
    {"categories", "desk_categories", false, {NULL}},
    {"found", "desk_agencies", false, {"?to", "=12"}},
    {0},
};
/* clang-format off */
#define SEARCH {"cases", "desk_search", false, {"?q", "?agency", "?state", "?category", "?since", "?until", "@zone", "?late", "?before", "=30"}}
/* clang-format on */
static const struct question search_questions[] = {SEARCH, {0}};
static const struct question search_page_questions[] = {
    SEARCH,
    {"categories", "desk_categories", false, {NULL}},
    {"below", "desk_below", false, {"=150"}},
    {0},
};
static const struct question late_questions[] = {
    {"cases", "desk_late", false, {"?agency", "=100"}},
    {0},
};
static const struct question watch_questions[] = {
    {"agencies", "desk_watch", false, {"?from", "?most"}},
    {0},
};
static const struct question watch_table_questions[] = {
    {"agencies", "desk_watch", false, {"=", "=10000"}},
    {0},
};
static const struct question changes_questions[] = {
    {"changes", "desk_changes", false, {"?before", "?subject", "?agency"}},
    {0},
};
static const struct question agencies_questions[] = {
    {"agencies", "desk_agencies", false, {"?q", "=20"}},
    {0},
};
static const struct question agency_questions[] = {
    {"agency", "desk_agency", true, {":code"}},
    {0},
};
static const struct question agency_page_questions[] = {
    {"agency", "desk_agency", true, {":code"}},
    {"functions", "desk_functions", false, {NULL}},
    {"regions", "desk_regions", false, {"?place", "=12"}},
    {0},
};
static const struct question functions_questions[] = {
    {"functions", "desk_functions", false, {NULL}},
    {0},
};
static const struct question regions_questions[] = {
    {"regions", "desk_regions", false, {"?q", "=20"}},
    {0},
};
static const struct question keys_questions[] = {
    {"place", "desk_key_place", true, {"?agency"}},
    {"keys", "desk_keys", false, {"?agency", "="}},
    {0},
};
static const struct question key_questions[] = {
    {"key", "desk_keys", true, {"=", ":name"}},
    {0},
};
static const struct question templates_questions[] = {
    {"templates", "desk_templates", false, {"?agency"}},
    {0},
};
static const struct question categories_questions[] = {
    {"categories", "desk_categories", false, {NULL}},
    {0},
};
static const struct question self_questions[] = {
    {"person", "desk_self", true, {NULL}},
    {0},
};
static const struct question account_questions[] = {
    {"sessions", "desk_sessions", false, {NULL}},
    {0},
};
static const struct question account_page_questions[] = {
    {"sessions", "desk_sessions", false, {NULL}},
    {"access", "desk_access", false, {NULL}},
    {"contact", "desk_contact", false, {NULL}},
    {0},
};

static const struct question typed_questions[] = {
    {"categories", "desk_categories", false, {NULL}},
    {"regions", "desk_regions", false, {"$place_words", "=20"}},
    {"place_chosen", "desk_regions", false, {"$place", "=1"}},
    {0},
};

static void go_to_inbox (struct visit *visit)
{
    http_redirect (visit->request, "/inbox");
}

static const struct route routes[] = {
    {HTTP_GET, "/", NULL, false, go_to_inbox, NULL, NULL},
    {HTTP_GET, "/login", "login", true, page_show, NULL, NULL},
    {HTTP_POST, "/login", NULL, true, order_login, NULL, NULL},
    {HTTP_POST, "/logout", NULL, false, order_logout, NULL, NULL},
    {HTTP_GET, "/invitation", "invitation", true, page_show, NULL, NULL},
    {HTTP_POST, "/invitation", "invitation", true, order_invitation, NULL, NULL},
    {HTTP_POST, "/language", NULL, true, order_language, NULL, NULL},
    {HTTP_GET, "/inbox", "inbox", false, page_show, page_inbox, inbox_page_questions},
    {HTTP_POST, "/next", NULL, false, act_next, NULL, NULL},
    {HTTP_POST, "/bulk", "bulk", false, act_many, NULL, NULL},
    {HTTP_GET, "/cases/:number", "case", false, page_show, page_case, case_page_questions},
    {HTTP_POST, "/cases/:number", NULL, false, act_one, NULL, NULL},
    {HTTP_POST, "/cases/:number/lease", NULL, false, act_renew, NULL, NULL},
    {HTTP_GET, "/cases/:number/files/:digest", NULL, false, file_show, NULL, NULL},
    {HTTP_GET, "/search", "search", false, search_show, page_search, search_page_questions},
    {HTTP_GET, "/late", "late", false, page_show, page_late, late_questions},
    {HTTP_GET, "/watch", "watch", false, page_show, page_watch, watch_questions},
    {HTTP_GET, "/watch.csv", NULL, false, figures_table, NULL, watch_table_questions},
    {HTTP_GET, "/new", "new", false, page_show, page_typed, typed_questions},
    {HTTP_POST, "/new", NULL, false, typed_take, NULL, typed_questions},
    {HTTP_GET, "/export.csv", NULL, false, export_table, NULL, NULL},
    {HTTP_GET, "/tree/+code", "agency", false, page_show, page_agency, agency_page_questions},
    {HTTP_GET, "/keys", "keys", false, page_show, NULL, keys_questions},
    {HTTP_GET, "/keys/:name", "key", false, page_show, NULL, key_questions},
    {HTTP_GET, "/keys/:name/revoke", "revoke", false, page_show, NULL, key_questions},
    {HTTP_GET, "/changes", "changes", false, changes_show, page_changes, changes_questions},
    {HTTP_GET, "/templates", "templates", false, page_show, NULL, templates_questions},
    {HTTP_GET, "/account", "account", false, page_show, page_account, account_page_questions},
    {HTTP_GET, "/help", "help", true, page_show, NULL, NULL},
    {HTTP_POST, "/orders/:name", NULL, false, order_one, NULL, NULL},

    {HTTP_POST, "/api/v1/login", NULL, true, order_login, NULL, NULL},
    {HTTP_POST, "/api/v1/logout", NULL, false, order_logout, NULL, NULL},
    {HTTP_GET, "/api/v1/self", NULL, false, page_show, NULL, self_questions},
    {HTTP_GET, "/api/v1/inbox", NULL, false, page_show, page_inbox, inbox_questions},
    {HTTP_GET, "/api/v1/cases/:number", NULL, false, page_show, page_case, case_questions},
    {HTTP_POST, "/api/v1/cases/:number/acts", NULL, false, act_one, NULL, NULL},
    {HTTP_POST, "/api/v1/pull", NULL, false, act_next, NULL, NULL},
    {HTTP_GET, "/api/v1/search", NULL, false, search_show, page_search, search_questions},
    {HTTP_GET, "/api/v1/late", NULL, false, page_show, page_late, late_questions},
    {HTTP_GET, "/api/v1/watch", NULL, false, page_show, page_watch, watch_questions},
    {HTTP_GET, "/api/v1/agencies", NULL, false, page_show, NULL, agencies_questions},
    {HTTP_GET, "/api/v1/agencies/+code", NULL, false, page_show, NULL, agency_questions},
    {HTTP_GET, "/api/v1/functions", NULL, false, page_show, NULL, functions_questions},
    {HTTP_GET, "/api/v1/regions", NULL, false, page_show, NULL, regions_questions},
    {HTTP_GET, "/api/v1/keys", NULL, false, page_show, NULL, keys_questions},
    {HTTP_GET, "/api/v1/keys/:name", NULL, false, page_show, NULL, key_questions},
    {HTTP_GET, "/api/v1/sessions", NULL, false, page_show, NULL, account_questions},
    {HTTP_GET, "/api/v1/changes", NULL, false, changes_show, page_changes, changes_questions},
    {HTTP_GET, "/api/v1/templates", NULL, false, page_show, NULL, templates_questions},
    {HTTP_GET, "/api/v1/categories", NULL, false, page_show, NULL, categories_questions},
    {HTTP_POST, "/api/v1/orders/:name", NULL, false, order_one, NULL, NULL},
};

const struct route *route_find (struct visit *visit, bool *ret_other)
{
    enum http_method method = http_method (visit->request);
    const char *path = http_path (visit->request);

    if (method == HTTP_HEAD)
        method = HTTP_GET;
    *ret_other = false;
    for (size_t i = 0; i < array_len (routes); i++) {
        if (!http_path_fits (routes[i].pattern, path, &visit->parts))
            continue;
        if (routes[i].method == method)
            return &routes[i];
        http_parts_done (&visit->parts);
        *ret_other = true;
    }
    return NULL;
}

const char *visit_parameter (const struct visit *visit, const char *name)
{
    return http_part (&visit->parts, name);
}
