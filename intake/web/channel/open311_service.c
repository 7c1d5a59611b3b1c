/* open311_service.c - the registry's categories as services, and what may be said beside the words.
 *
 * A service_code is K and the category's number: with a letter, so that no converter takes it for a number.
 */
#include "open311.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEEP_MOST 16 /* categories above a category */

/* ---- categories -------------------------------------------------------------------------------- */

bool open311_code_number (const char *code, uint32_t *ret)
{
    size_t len = strlen (code);

    if (len < 2 || len > 10 || (*code != 'K' && *code != 'k') ||
        strspn (code + 1, "0123456789") != len - 1)
        return false;
    *ret = (uint32_t) strtoul (code + 1, NULL, 10);
    return true;
}

static const json_t *category_of (const json_t *categories, json_int_t number)
{
    const json_t *row;
    size_t at;

    json_array_foreach (categories, at, row)
        if (json_integer_value (json_object_get (row, "number")) == number)
            return row;
    return NULL;
}

const json_t *open311_category (const json_t *categories, const char *code)
{
    uint32_t number;
    return open311_code_number (code, &number) ? category_of (categories, number) : NULL;
}

static const char *name_of (const json_t *category)
{
    return json_string_value (json_object_get (category, "name"));
}

/* Group: the topmost category that it is in, itself if it is one.  In several, each of them, the nearest last. */
static void groups_say (json_t *service, const json_t *categories, const json_t *category)
{
    const json_t *above[DEEP_MOST];
    unsigned count = 0;

    for (const json_t *up = category; count < DEEP_MOST;) {
        const json_t *parent = json_object_get (up, "parent");
        up =
            json_is_integer (parent) ? category_of (categories, json_integer_value (parent)) : NULL;
        if (!up)
            break;
        above[count++] = up;
    }
    open311_say (service, "group", name_of (count ? above[count - 1] : category));
    if (count < 2)
        return;
    json_t *groups = json_array ();
    while (count--) {
        json_t *one = json_object ();
        open311_say (one, "name", name_of (above[count]));
        json_array_append (groups, json_object_get (one, "name"));
        json_decref (one);
    }
    json_object_set_new (service, "groups", groups);
}

static json_t *service_tree (const json_t *categories, const json_t *category)
{
    json_t *service = json_object ();
    char code[16];

    snprintf (code, sizeof code, "K%lld",
              (long long) json_integer_value (json_object_get (category, "number")));
    open311_say (service, "service_code", code);
    open311_say (service, "service_name", name_of (category));
    open311_say (service, "description", name_of (category));
    json_object_set_new (service, "metadata", json_true ());
    open311_say (service, "type", "realtime");
    open311_say (service, "keywords",
                 json_is_true (json_object_get (category, "private")) ? "private" : NULL);
    groups_say (service, categories, category);
    return service;
}

static void services_shown (struct visit *visit)
{
    const json_t *categories = json_object_get (visit->values, "categories"), *category;
    size_t at;

    if (visit_failed (visit))
        return;
    json_t *tree = json_array ();
    json_array_foreach (categories, at, category)
        json_array_append_new (tree, service_tree (categories, category));
    open311_answer (visit, 200, "services", tree);
}

void open311_services (struct visit *visit)
{
    visit_ask (visit, "categories", "web_categories", json_array (), false, services_shown);
}

/* ---- attributes -------------------------------------------------------------------------------- */

static const struct choice {
    const char *key, *word;
} classes[] = {{"complaint", "open311_class_complaint"},
               {"aspiration", "open311_class_aspiration"},
               {"info_request", "open311_class_info_request"},
               {NULL, NULL}},
  answers[] = {{"no", "open311_no"}, {"yes", "open311_yes"}, {NULL, NULL}};

static const struct attribute {
    const char *code, *type, *word, *hint;
    const struct choice *choices;
} attributes[] = {
    {"INCIDENT", "datetime", "open311_incident", "open311_incident_hint", NULL},
    {"CLASS", "singlevaluelist", "open311_class", NULL, classes},
    {"SECRET", "singlevaluelist", "open311_secret", "open311_secret_hint", answers},
    {"ANONYMOUS", "singlevaluelist", "open311_anonymous", "open311_anonymous_hint", answers},
};

static json_t *attribute_tree (const struct visit *visit, const struct attribute *attribute,
                               unsigned order)
{
    json_t *tree = json_object (), *values = json_array ();

    json_object_set_new (tree, "variable", json_true ());
    open311_say (tree, "code", attribute->code);
    open311_say (tree, "datatype", attribute->type);
    json_object_set_new (tree, "required", json_false ());
    open311_say (tree, "datatype_description",
                 attribute->hint ? web_word (visit, attribute->hint) : NULL);
    json_object_set_new (tree, "order", json_integer (order));
    open311_say (tree, "description", web_word (visit, attribute->word));
    for (const struct choice *choice = attribute->choices; choice && choice->key; choice++) {
        json_t *value = json_object ();
        open311_say (value, "key", choice->key);
        open311_say (value, "name", web_word (visit, choice->word));
        json_array_append_new (values, value);
    }
    if (attribute->choices)
        json_object_set (tree, "values", values);
    json_decref (values);
    return tree;
}

static void service_shown (struct visit *visit)
{
    const char *id = open311_of (visit)->id;
    json_t *list = json_array (), *tree;
    char code[16];
    uint32_t number = 0;

    if (!visit->fault && !open311_category (json_object_get (visit->values, "categories"), id))
        open311_refuse (visit, 404, "open311_service", id);
    else if (!visit_failed (visit)) {
        open311_code_number (id, &number);
        snprintf (code, sizeof code, "K%u", number);
        for (unsigned i = 0; i < array_len (attributes); i++)
            json_array_append_new (list, attribute_tree (visit, &attributes[i], i + 1));
        tree = json_pack ("{s:s, s:O}", "service_code", code, "attributes", list);
        open311_answer (visit, 200, "service_definition", tree);
    }
    json_decref (list);
}

void open311_service (struct visit *visit)
{
    visit_ask (visit, "categories", "web_categories", json_array (), false, service_shown);
}

const char *open311_attribute (struct visit *visit, const char *code)
{
    size_t len = strlen (code);

    for (size_t i = 0; i < http_field_count (visit->request); i++) {
        const struct http_field *field = http_field (visit->request, i);
        const char *name = field->name;
        if (!field->file && field->value.len && strncmp (name, "attribute[", 10) == 0 &&
            strncasecmp (name + 10, code, len) == 0 &&
            (strcmp (name + 10 + len, "]") == 0 || strcmp (name + 10 + len, "][]") == 0))
            return field->value.at;
    }
    return NULL;
}
