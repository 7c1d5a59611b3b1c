/* open311_read.c - a page of an Open311 server's requests, as servers write it: JSON or XML.
 *
 * Converters on the way turn digits into numbers, a list of one into an object, nothing into "" or an empty element.  What comes out is
 * the same for all: objects whose values are texts, without those that say nothing.
 */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>
#include "open311.h"

/* What is of use here. */
static const char *const wanted[] = {
    "service_request_id", "status", "service_code", "service_name", "description", "address",
    "requested_datetime", "lat",    "long",         "media_url",
};

static bool is_wanted (const char *name)
{
    for (size_t i = 0; i < array_len (wanted); i++)
        if (strcmp (wanted[i], name) == 0)
            return true;
    return false;
}

/* A value as a text; NULL: it says nothing.  Of a list the first that does. */
static json_t *text_of_json (json_t *value)
{
    char number[40];
    if (json_is_array (value))
        value = json_array_get (value, 0);
    if (json_is_string (value) && json_string_length (value))
        return json_incref (value);
    if (json_is_integer (value)) {
        snprintf (number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
        return json_string (number);
    }
    if (json_is_real (value)) {
        snprintf (number, sizeof number, "%.10g", json_real_value (value));
        return json_string (number);
    }
    return NULL;
}

static void take_request (json_t *list, json_t *from)
{
    json_t *to = json_object ();
    for (size_t i = 0; i < array_len (wanted); i++) {
        json_t *text = text_of_json (json_object_get (from, wanted[i]));
        if (text)
            json_object_set_new (to, wanted[i], text);
    }
    json_array_append_new (list, to);
}

json_t *open311_read_json (const char *at, size_t len, const char **ret_why)
{
    json_t *page = json_loadb (at, len, JSON_ALLOW_NUL, NULL), *found = page, *one,
           *list = json_array ();
    size_t i;
    *ret_why = "it is no JSON";
    /* as a converter from XML writes the list: the root, then the items, then perhaps one */
    if (json_is_object (found) && json_object_get (found, "service_requests"))
        found = json_object_get (found, "service_requests");
    if (json_is_object (found) && json_object_get (found, "request"))
        found = json_object_get (found, "request");
    json_array_foreach (found, i, one)
        if (json_is_object (one) && !json_object_get (one, "code"))
            take_request (list, one);
        else
            *ret_why = "it is a list of errors, or of no requests";
    if (json_is_object (found) && json_object_get (found, "service_request_id"))
        take_request (list, found);
    bool good = page && (json_array_size (list) || json_is_null (found) ||
                         (json_is_array (found) && json_array_size (found) == 0) ||
                         (json_is_string (found) && json_string_length (found) == 0));
    if (page && !good && !json_is_array (found))
        *ret_why = "it is no list of requests";
    json_decref (page);
    if (good)
        return list;
    json_decref (list);
    return NULL;
}

static void take_element (json_t *list, xmlNode *request)
{
    json_t *to = json_object ();
    for (xmlNode *field = request->children; field; field = field->next) {
        const char *name = (const char *) field->name;
        if (field->type != XML_ELEMENT_NODE || !is_wanted (name))
            continue;
        xmlChar *text = xmlNodeGetContent (field);
        if (text && *text && !json_object_get (to, name))
            json_object_set_new (to, name, json_string ((const char *) text));
        xmlFree (text);
    }
    json_array_append_new (list, to);
}

json_t *open311_read_xml (const char *at, size_t len, const char **ret_why)
{
    /* no entities of its own, nothing fetched from elsewhere */
    xmlDoc *page = xmlReadMemory (at, (int) len, NULL, NULL,
                                  XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                      XML_PARSE_NOCDATA);
    /* entities that unfold to gigabytes are declared in a document type, which no such page needs */
    xmlNode *root = page && !page->intSubset ? xmlDocGetRootElement (page) : NULL;
    json_t *list = NULL;
    *ret_why = !root ? "it is no XML" : "its root is not service_requests";
    if (root && strcmp ((const char *) root->name, "service_requests") == 0) {
        list = json_array ();
        for (xmlNode *item = root->children; item; item = item->next)
            if (item->type == XML_ELEMENT_NODE &&
                strcmp ((const char *) item->name, "request") == 0)
                take_element (list, item);
    }
    xmlFreeDoc (page);
    return list;
}
