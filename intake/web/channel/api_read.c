/* api_read.c - a body against a table of its members.
 *
 * What is not in the table is refused by its name: a member that is spelt wrong would else be left out in silence, and a report
 * that was to be secret would not be.  The first fault is answered; nothing was done.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "api.h"

const char *api_text (const json_t *object, const char *name)
{
    const char *text = json_string_value (json_object_get (object, name));
    return text ? text : "";
}

uint32_t api_word (const json_t *object, const char *name, const char *const *words)
{
    const char *text = api_text (object, name);
    for (uint32_t i = 0; words[i]; i++)
        if (strcmp (words[i], text) == 0)
            return i + 1;
    return 0;
}

uint32_t api_flag (const json_t *object, const char *name)
{
    const json_t *value = json_object_get (object, name);
    return !value ? 0 : json_is_true (value) ? ADUAN_FLAG_YES : ADUAN_FLAG_NO;
}

bool api_moment (const char *text, uint64_t *ret_ms)
{
    size_t len = strlen (text);
    const char *zone = len >= 20 ? text + len - 6 : text;
    bool zoned = len >= 20 && text[4] == '-' && text[10] == 'T' &&
                 (text[len - 1] == 'Z' || ((*zone == '+' || *zone == '-') && zone[3] == ':'));
    return zoned && time_parse (view_of (text), 0, ret_ms);
}

static bool digests_right (const json_t *value)
{
    const json_t *digest;
    uint8_t bytes[DIGEST_BYTES];
    size_t at;

    if (!json_is_array (value) || json_array_size (value) > FILES_MOST)
        return false;
    json_array_foreach (value, at, digest)
        if (json_string_length (digest) != 2 * DIGEST_BYTES ||
            hex_parse (json_string_value (digest), bytes, sizeof bytes) != 0)
            return false;
    return true;
}

/* NULL: it is right; else the end of the key of a text. */
static const char *text_fault (const struct member *member, const json_t *value)
{
    struct view text = {json_string_value (value), json_string_length (value)};

    if (!text.at)
        return "type";
    if (utf8_count (text.at, text.len) > member->most)
        return "long";
    if (member->needed && utf8_blank (text.at, text.len))
        return "empty";
    return text.len && member->right && !member->right (text) ? "value" : NULL;
}

static const char *number_fault (const struct member *member, const json_t *value)
{
    if (!json_is_integer (value))
        return "type";
    json_int_t number = json_integer_value (value);
    return number < 1 || number > (json_int_t) member->most ? "value" : NULL;
}

static const char *member_fault (const struct member *member, const json_t *object,
                                 const json_t *value)
{
    uint64_t ms;

    switch (member->kind) {
    case MEMBER_TEXT: return text_fault (member, value);
    case MEMBER_NUMBER: return number_fault (member, value);
    case MEMBER_DEGREE:
        return !json_is_number (value)                                        ? "type"
               : !(fabs (json_number_value (value)) <= (double) member->most) ? "value"
                                                                              : NULL;
    case MEMBER_FLAG: return json_is_boolean (value) ? NULL : "type";
    case MEMBER_MOMENT:
        return !json_is_string (value)                        ? "type"
               : !api_moment (json_string_value (value), &ms) ? "moment"
                                                              : NULL;
    case MEMBER_WORD:
        return !json_is_string (value)                           ? "type"
               : !api_word (object, member->name, member->words) ? "value"
                                                                 : NULL;
    case MEMBER_DIGESTS: return digests_right (value) ? NULL : "value";
    case MEMBER_OBJECT: return json_is_object (value) ? NULL : "type";
    }
    return NULL;
}

/* False, and answered: `object` has not the form of these members.  `path`: what it is in, with a dot at its end; or "". */
static bool members_right (struct visit *visit, json_t *object, const char *path,
                           const struct member *members, size_t count)
{
    const char *name, *fault = NULL;
    char field[96];
    json_t *value;

    json_object_foreach (object, name, value) {
        size_t i = 0;
        while (i < count && strcmp (members[i].name, name) != 0)
            i++;
        snprintf (field, sizeof field, "%s%.64s", path, name);
        fault = i == count ? "unknown" : member_fault (&members[i], object, value);
        if (fault)
            break;
        if (members[i].kind != MEMBER_OBJECT)
            continue;
        char inside[64];
        snprintf (inside, sizeof inside, "%s.", members[i].name);
        if (!members_right (visit, value, inside, members[i].inside, members[i].inside_count))
            return false;
    }
    for (size_t i = 0; i < count && !fault; i++)
        if (members[i].needed && !json_object_get (object, members[i].name)) {
            snprintf (field, sizeof field, "%s%s", path, members[i].name);
            fault = "missing";
        }
    if (fault) {
        char code[24];
        snprintf (code, sizeof code, "field_%s", fault);
        api_problem (visit, 422, code, field);
    }
    return !fault;
}

bool api_read (struct visit *visit, const struct member *members, size_t count)
{
    struct call *call = call_of (visit);

    call->body = http_json_read (http_body (visit->request), JSON_MOST);
    if (!json_is_object (call->body)) {
        api_problem (visit, 400, "body", NULL);
        return false;
    }
    return members_right (visit, call->body, "", members, count);
}
