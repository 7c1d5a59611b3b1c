/* change.c - what was changed in what one administers: each order with what was before and what is since.
 *
 * An order keeps old and new as objects of its own making; what is the same in both is left out.
 */
#include <stdlib.h>
#include <string.h>
#include "desk.h"

#define CHANGES_MOST 50 /* on a page */
#define VALUE_MOST   300

/* A value that is a word of ours: is_FIELD_VALUE. */
static bool word_write (const struct visit *visit, const char *name, const json_t *value,
                        struct buffer *out)
{
    char key[96];

    if (json_is_integer (value))
        snprintf (key, sizeof key, "is_%s_%" JSON_INTEGER_FORMAT, name, json_integer_value (value));
    else if (json_is_string (value))
        snprintf (key, sizeof key, "is_%s_%s", name, json_string_value (value));
    else
        return false;
    const char *word = desk_word (visit, key);
    if (word)
        buffer_add (out, word, strlen (word));
    return word != NULL;
}

/* Adds a value as people read it: moments where times are shown, lists by commas, yes and no by words. */
static void value_write (struct visit *visit, const char *name, const json_t *value,
                         struct buffer *out)
{
    const json_t *item;
    size_t at;

    if (word_write (visit, name, value, out) || desk_moment (visit, value, out))
        return;
    if (json_is_string (value))
        buffer_add (out, json_string_value (value), json_string_length (value));
    else if (json_is_integer (value))
        buffer_format (out, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    else if (json_is_boolean (value)) {
        const char *word = desk_word (visit, json_is_true (value) ? "yes" : "no");
        buffer_add (out, word, strlen (word));
    } else if (json_is_array (value))
        json_array_foreach (value, at, item) {
            if (at)
                buffer_add (out, ", ", 2);
            value_write (visit, name, item, out);
        }
}

static json_t *value_text (struct visit *visit, const char *name, const json_t *value)
{
    struct buffer out = {0};

    value_write (visit, name, value, &out);
    size_t len = out.len;
    if (len > VALUE_MOST) {
        for (len = VALUE_MOST; len && ((unsigned char) out.at[len] & 0xc0) == 0x80; len--)
            ; /* not within a character */
    }
    char *text =
        xformat ("%.*s%s", (int) len, len ? (const char *) out.at : "", len < out.len ? "…" : "");
    json_t *made = json_string (text);
    free (text);
    buffer_free (&out);
    return made;
}

static void field_add (struct visit *visit, const char *name, const json_t *old, const json_t *new,
                       json_t *fields)
{
    char word[64];
    bool none = !new || json_is_null (new), before = old && !json_is_null (old);

    if (json_equal (old, new) || (none && !before))
        return;
    snprintf (word, sizeof word, "field_%s", name);
    json_t *field = json_pack ("{s:s}", "name", name);
    if (desk_word (visit, word))
        json_object_set_new (field, "known", json_true ());
    if (before)
        json_object_set_new (field, "old", value_text (visit, name, old));
    if (!none)
        json_object_set_new (field, "new", value_text (visit, name, new));
    json_array_append_new (fields, field);
}

/* The fields in which old and new differ, as a list. */
static json_t *fields_of (struct visit *visit, json_t *row)
{
    json_t *old = json_object_get (row, "old"), *new = json_object_get (row, "new"), *value;
    json_t *fields = json_array ();
    const char *name;

    if (json_is_array (old)) /* who stood in before */
        field_add (visit, "before", old, NULL, fields);
    else
        json_object_foreach (old, name, value)
            field_add (visit, name, value, json_object_get (new, name), fields);
    json_object_foreach (new, name, value)
        if (!json_is_object (old) || !json_object_get (old, name))
            field_add (visit, name, NULL, value, fields);
    return fields;
}

void page_changes (struct visit *visit)
{
    static const char *const asked[] = {"subject", "agency"};
    json_t *rows = json_object_get (visit->values, "changes"), *row;
    char word[64];
    size_t at;

    if (json_array_size (rows) > CHANGES_MOST) {
        while (json_array_size (rows) > CHANGES_MOST)
            json_array_remove (rows, json_array_size (rows) - 1);
        json_object_set_new (visit->values, "more", json_true ());
        json_object_set (visit->values, "more_change",
                         json_object_get (json_array_get (rows, CHANGES_MOST - 1), "change"));
    }
    if (visit->api)
        return;
    for (size_t i = 0; i < array_len (asked); i++) {
        const char *said = http_query (visit->request, asked[i]);
        json_object_set_new (visit->values, i ? "at_agency" : "subject",
                             json_string (said ? said : ""));
    }
    json_array_foreach (rows, at, row) {
        const char *order = json_string_value (json_object_get (row, "order"));
        snprintf (word, sizeof word, "did_%s", order ? order : "");
        json_object_set_new (row, "known", json_boolean (desk_word (visit, word)));
        json_object_set_new (row, "fields", fields_of (visit, row));
    }
}

void changes_show (struct visit *visit)
{
    const char *before = http_query (visit->request, "before");

    if (before && (strlen (before) > 18 || before[strspn (before, "0123456789")])) {
        snprintf (visit->detail, sizeof visit->detail, "before");
        visit_refuse (visit, 422, "value");
        return;
    }
    page_show (visit);
}
