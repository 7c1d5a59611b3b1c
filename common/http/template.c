/* template.c - walks the steps of a compiled template.  Pure but for memory.
 *
 * Values come from outside; steps do not: a step that cannot be is our own bug.
 */
#include "http/template.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GIVEN_MAX 8  /* values of one text */
#define DEPTH_MAX 16 /* of includes */

struct scope {
    const char *name;
    json_t *value; /* borrowed */
    const struct scope *outer;
};

struct given {
    const char *name;
    struct buffer text;
};

struct walk {
    const struct template_set *set;
    json_t *values;
    struct buffer *out;
    struct given given[GIVEN_MAX];
    unsigned given_count, depth;
};

/* ---- escaping ---------------------------------------------------------------------------------- */

static void escape_text (const char *at, size_t len, struct buffer *out)
{
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        const char *word = at[i] == '&'    ? "&amp;"
                           : at[i] == '<'  ? "&lt;"
                           : at[i] == '>'  ? "&gt;"
                           : at[i] == '"'  ? "&quot;"
                           : at[i] == '\'' ? "&#39;"
                                           : NULL;
        if (!word)
            continue;
        buffer_add (out, at + done, i - done);
        buffer_add (out, word, strlen (word));
        done = i + 1;
    }
    buffer_add (out, at + done, len - done);
}

static void escape_part (const char *at, size_t len, struct buffer *out)
{
    for (size_t i = 0; i < len; i++)
        if (isalnum ((unsigned char) at[i]) || (at[i] && strchr ("-._~", at[i])))
            buffer_add (out, at + i, 1);
        else
            buffer_format (out, "%%%02X", (unsigned char) at[i]);
}

/* "/x", and nothing that a browser could take for another host: "//x", "/\x". */
static bool address_local (const char *at, size_t len)
{
    if (len == 0 || at[0] != '/' || (len > 1 && (at[1] == '/' || at[1] == '\\')))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char) at[i] <= ' ' || at[i] == '\\')
            return false;
    return true;
}

void template_escape (enum template_place place, const char *text, size_t len, struct buffer *out)
{
    if (place == PLACE_ADDRESS_PART)
        escape_part (text, len, out);
    else if (place == PLACE_ADDRESS && !address_local (text, len))
        buffer_add (out, "#", 1);
    else
        escape_text (text, len, out);
}

/* ---- values ------------------------------------------------------------------------------------ */

json_t *template_value (json_t *values, const char *path)
{
    while (values && *path) {
        size_t len = strcspn (path, ".");
        json_t *inner = json_is_object (values) ? json_object_getn (values, path, len) : NULL;
        path += len;
        path += *path == '.';
        values = inner;
    }
    return values;
}

static json_t *found (const struct walk *walk, const struct scope *scope, const char *path)
{
    size_t len = strcspn (path, ".");
    for (; scope; scope = scope->outer)
        if (strlen (scope->name) == len && memcmp (scope->name, path, len) == 0)
            return template_value (scope->value, path + len + (path[len] == '.'));
    return template_value (walk->values, path);
}

static void plain (const json_t *value, struct buffer *out)
{
    if (json_is_string (value))
        buffer_add (out, json_string_value (value), json_string_length (value));
    else if (json_is_integer (value))
        buffer_format (out, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    else if (json_is_real (value))
        buffer_format (out, "%g", json_real_value (value));
    else if (json_is_true (value))
        buffer_add (out, "true", 4);
}

static void filtered (const struct walk *walk, const char *filter, const json_t *value,
                      struct buffer *out)
{
    if (!value || json_is_null (value))
        return;
    if (!filter || !walk->set->filter (walk->set->owner, filter, value, out))
        plain (value, out);
}

static bool truthy (const json_t *value)
{
    if (!value || json_is_null (value) || json_is_false (value))
        return false;
    if (json_is_string (value))
        return json_string_length (value) > 0;
    if (json_is_integer (value))
        return json_integer_value (value) != 0;
    return !json_is_array (value) || json_array_size (value) > 0;
}

static bool holds (const struct walk *walk, const struct scope *scope,
                   const struct template_step *step)
{
    const json_t *value = found (walk, scope, step->path);
    struct buffer text = {0};

    if (!*step->filter)
        return truthy (value);
    if (strcmp (step->filter, "not") == 0)
        return !truthy (value);
    filtered (walk, NULL, value, &text);
    bool same = text.len == strlen (step->text) &&
                (!text.len || memcmp (text.at, step->text, text.len) == 0);
    buffer_free (&text);
    return same == (strcmp (step->filter, "=") == 0);
}

/* ---- texts by key ------------------------------------------------------------------------------ */

/* Appends `text` with each {name} replaced by what was given under that name. */
static void word_fill (const struct walk *walk, const char *text, struct buffer *out)
{
    while (*text) {
        size_t len = strcspn (text, "{");
        buffer_add (out, text, len);
        text += len;
        if (!*text)
            return;
        size_t inside = strcspn (text + 1, "}");
        const struct given *given = NULL;
        for (unsigned i = 0; i < walk->given_count; i++)
            if (strlen (walk->given[i].name) == inside &&
                memcmp (walk->given[i].name, text + 1, inside) == 0)
                given = &walk->given[i];
        if (given)
            buffer_add (out, given->text.at, given->text.len);
        else
            buffer_add (out, text, inside + 1 + (text[inside + 1] == '}'));
        text += inside + 1 + (text[inside + 1] == '}');
    }
}

static void word_show (struct walk *walk, const struct scope *scope,
                       const struct template_step *step)
{
    struct buffer key = {0}, text = {0};

    buffer_add (&key, step->text, strlen (step->text));
    if (step->path)
        filtered (walk, NULL, found (walk, scope, step->path), &key);
    buffer_add (&key, "", 1);
    const char *word = walk->set->word (walk->set->owner, key.at);
    word_fill (walk, word ? word : key.at, &text);
    template_escape (step->place, text.at, text.len, walk->out);
    for (unsigned i = 0; i < walk->given_count; i++)
        buffer_free (&walk->given[i].text);
    walk->given_count = 0;
    buffer_free (&key);
    buffer_free (&text);
}

/* ---- walking ----------------------------------------------------------------------------------- */

static const struct template *template_find (const struct template_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp (set->templates[i].name, name) == 0)
            return &set->templates[i];
    return NULL;
}

static void template_walk (struct walk *walk, const struct template *template,
                           const struct scope *scope);

static void steps_walk (struct walk *walk, const struct template_step *steps, unsigned from,
                        const struct scope *scope);

static void each_walk (struct walk *walk, const struct template_step *steps, unsigned at,
                       const struct scope *scope)
{
    size_t index;
    json_t *item;

    json_array_foreach (found (walk, scope, steps[at].path), index, item) {
        struct scope inner = {steps[at].text, item, scope};
        steps_walk (walk, steps, at + 1, &inner);
    }
}

static void value_show (struct walk *walk, const struct scope *scope,
                        const struct template_step *step)
{
    struct buffer text = {0};
    filtered (walk, step->filter, found (walk, scope, step->path), &text);
    if (text.len || step->place == PLACE_ADDRESS)
        template_escape (step->place, text.at ? text.at : "", text.len, walk->out);
    buffer_free (&text);
}

/* From step `from` to the round's or the template's end. */
static void steps_walk (struct walk *walk, const struct template_step *steps, unsigned from,
                        const struct scope *scope)
{
    for (unsigned at = from;;) {
        const struct template_step *step = &steps[at++];
        switch (step->kind) {
        case STEP_LITERAL: buffer_add (walk->out, step->text, strlen (step->text)); break;
        case STEP_VALUE: value_show (walk, scope, step); break;
        case STEP_GIVE:
            check (walk->given_count < GIVEN_MAX);
            walk->given[walk->given_count].name = step->text;
            walk->given[walk->given_count].text = (struct buffer){0};
            filtered (walk, step->filter, found (walk, scope, step->path),
                      &walk->given[walk->given_count++].text);
            break;
        case STEP_WORD: word_show (walk, scope, step); break;
        case STEP_IF:
            if (!holds (walk, scope, step))
                at = step->to;
            break;
        case STEP_EACH:
            each_walk (walk, steps, at - 1, scope);
            at = step->to;
            break;
        case STEP_JUMP: at = step->to; break;
        case STEP_INCLUDE:
            template_walk (walk, template_find (walk->set, step->text), scope);
            break;
        case STEP_NEXT:
        case STEP_OVER: return;
        }
    }
}

static void template_walk (struct walk *walk, const struct template *template,
                           const struct scope *scope)
{
    check (template && walk->depth < DEPTH_MAX);
    walk->depth++;
    steps_walk (walk, template->steps, 0, scope);
    walk->depth--;
}

void template_render (const struct template_set *set, const char *name, json_t *values,
                      struct buffer *out)
{
    struct walk walk = {.set = set, .values = values, .out = out};
    template_walk (&walk, template_find (set, name), NULL);
}
