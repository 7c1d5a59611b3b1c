/* open311_write.c - one tree, two formats, so that they cannot say different things.
 *
 * The tree is JSON's.  In XML an object's members are elements by their names, an array's entries elements by the one name that
 * belongs to the array's, null is an empty element, and of a moment no element: clients parse what stands in one.
 */
#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "open311.h"

#define DIGITS 10 /* of a coordinate: 1e-7 degree */

static const struct list {
    const char *name, *entry;
} lists[] = {
    {"attributes", "attribute"},
    {"endpoints", "endpoint"},
    {"errors", "error"},
    {"formats", "format"},
    {"groups", "group"},
    {"service_request_updates", "request_update"},
    {"service_requests", "request"},
    {"services", "service"},
    {"values", "value"},
};

static const char *entry_of (const char *name)
{
    const char *entry = NULL;

    for (size_t i = 0; i < array_len (lists); i++)
        if (strcmp (lists[i].name, name) == 0)
            entry = lists[i].entry;
    check (entry); /* else an array of ours has no name for what is in it */
    return entry;
}

static bool is_moment (const char *name)
{
    static const char ending[] = "_datetime";
    size_t len = strlen (name);
    return len >= sizeof ending && strcmp (name + len - (sizeof ending - 1), ending) == 0;
}

static void element_write (xmlTextWriterPtr writer, const char *name, const json_t *value)
{
    const char *key;
    json_t *part;
    size_t at;

    if (json_is_null (value) && is_moment (name))
        return;
    xmlTextWriterStartElement (writer, (const xmlChar *) name);
    if (json_is_array (value)) {
        const char *entry = entry_of (name);
        json_array_foreach (value, at, part)
            element_write (writer, entry, part);
    } else if (json_is_object (value)) {
        json_object_foreach ((json_t *) (uintptr_t) value, key, part)
            element_write (writer, key, part);
    } else if (json_is_string (value)) {
        xmlTextWriterWriteString (writer, (const xmlChar *) json_string_value (value));
    } else if (!json_is_null (value)) {
        char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_REAL_PRECISION (DIGITS));
        xmlTextWriterWriteString (writer, (const xmlChar *) text);
        free (text);
    }
    xmlTextWriterEndElement (writer);
}

void open311_write_xml (const char *root, const json_t *tree, struct buffer *out)
{
    xmlBufferPtr text = xmlBufferCreate ();
    xmlTextWriterPtr writer = xmlNewTextWriterMemory (text, 0);

    check (text && writer);
    xmlTextWriterStartDocument (writer, NULL, "UTF-8", NULL);
    element_write (writer, root, tree);
    check (xmlTextWriterEndDocument (writer) >= 0);
    xmlFreeTextWriter (writer);
    buffer_add (out, xmlBufferContent (text), (size_t) xmlBufferLength (text));
    xmlBufferFree (text);
}

void open311_write_json (const json_t *tree, struct buffer *out)
{
    char *text = json_dumps (tree, JSON_COMPACT | JSON_REAL_PRECISION (DIGITS));

    check (text);
    buffer_add (out, text, strlen (text));
    free (text);
}

/* ---- values ------------------------------------------------------------------------------------ */

size_t open311_cut (const char *text, size_t most)
{
    size_t len = strlen (text);

    if (len <= most)
        return len;
    while (most && ((unsigned char) text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

/* May a sign stand in XML 1.0 (its section 2.2)?  `at` is well-formed UTF-8; the rest of what is barred is no UTF-8. */
static bool in_xml (const unsigned char *at)
{
    if (*at < 0x20)
        return *at == '\t' || *at == '\n' || *at == '\r';
    return !(at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe);
}

void open311_say (json_t *object, const char *key, const char *text)
{
    struct buffer said = {0};

    if (!text || !*text) {
        json_object_set_new (object, key, json_null ());
        return;
    }
    for (const unsigned char *at = (const unsigned char *) text; *at;) {
        size_t len = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
        if (in_xml (at))
            buffer_add (&said, at, len);
        else
            buffer_add (&said, "\xef\xbf\xbd", 3);
        at += len;
    }
    json_object_set_new (object, key, json_stringn (said.at, said.len));
    buffer_free (&said);
}

void open311_moment (int64_t at_ms, char ret[21])
{
    snprintf (ret, 21, "%s", instant_text (at_ms));
}

void open311_say_moment (json_t *object, const char *key, int64_t at_ms)
{
    char text[21];

    if (at_ms)
        open311_moment (at_ms, text);
    json_object_set_new (object, key, at_ms ? json_string (text) : json_null ());
}

void open311_say_written (json_t *object, const char *key, const char *written)
{
    uint64_t at = 0;

    if (written && !time_parse (view_of (written), 0, &at))
        at = 0;
    open311_say_moment (object, key, (int64_t) at);
}
