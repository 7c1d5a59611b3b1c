/* category.c - the registry's categories, for forms: read once a minute, not once a form. */
#include "base/decimal.h"
#include "web.h"

#define KEEP_MS 60000

void category_ask (struct visit *visit, void (*finish) (struct visit *visit))
{
    struct web *web = visit->web;

    if (web->categories && reactor_now (web->reactor) < web->categories_until)
        json_object_set_new (visit->values, "categories", json_deep_copy (web->categories));
    else if (aduan_is_up (web->query))
        visit_ask (visit, "categories", "web_categories", json_array (), false, finish);
}

void category_choose (struct visit *visit, const char *number)
{
    struct web *web = visit->web;
    json_t *rows = json_object_get (visit->values, "categories"), *row;
    uint64_t chosen = 0;
    size_t at;

    if (rows && reactor_now (web->reactor) >= web->categories_until) {
        json_decref (web->categories);
        web->categories = json_deep_copy (rows);
        web->categories_until = reactor_now (web->reactor) + KEEP_MS;
    }
    if (!number || !decimal_parse (view_of (number), INT32_MAX, &chosen))
        return;
    json_array_foreach (rows, at, row)
        if (json_integer_value (json_object_get (row, "number")) == (json_int_t) chosen)
            json_object_set_new (row, "chosen", json_true ());
}
