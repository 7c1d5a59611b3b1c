/* template.h - pages of HTML from templates that embed_html.py compiled at build, and JSON.
 *
 *     <h1>{{complaint.title}}</h1>
 *     <a href="/cases/{{complaint.number}}">{{_ case_open}}</a>
 *     {{#each rows as row}}<li>{{row.at|time}} {{_ act_* row.act}}</li>{{else}}{{_ none}}{{/}}
 *
 *   {{path}} {{path|filter}}      a value, escaped for where it stands: text, attribute, address
 *   {{_ key}} {{_ key a=path}}    a text by key in the reader's language; its {a} is the value
 *   {{_ key_* path}}              the text whose key ends with the value
 *   {{#if path}} {{#if not path}} {{#if path = word}} {{#if path != word}} ... {{else}} ... {{/}}
 *   {{#each path as name}} ... {{else}} ... {{/}}
 *   {{> other}}                   another template, with the same values
 *
 * There is no way to insert anything unescaped.  Where a value may stand is decided at build: in text, in
 * a quoted attribute, in an address (href, src, action, formaction); anywhere else - a tag's or an attribute's name,
 * script, style, an event handler, an attribute without quotes - the build fails.  An address that begins
 * with a value is one on this server, or "#": never a scheme, never another host.
 *
 * Absent, null and false are nothing; so are "", 0 and empty lists for {{#if}}.
 */
#ifndef ADUAN_TEMPLATE_H
#define ADUAN_TEMPLATE_H

#include <jansson.h>
#include "base/base.h"

enum template_step_kind {
    STEP_LITERAL, /* `text` as it is */
    STEP_VALUE,   /* `path`, through `filter` */
    STEP_WORD, /* text by key `text`, or `text` and the value at `path`; its values are the STEP_GIVEs before it */
    STEP_GIVE, /* `text` = value at `path` through `filter`, for the next STEP_WORD */
    STEP_IF, /* `path` compared with `text` as `filter` says: "", "not", "=", "!="; else to step `to` */
    STEP_EACH,    /* a round for each item of `path`, named `text`; `to`: behind the loop's end */
    STEP_NEXT,    /* the end of a round: `to` is its STEP_EACH */
    STEP_JUMP,    /* to step `to` */
    STEP_INCLUDE, /* template `text` */
    STEP_OVER,
};

enum template_place { PLACE_TEXT, PLACE_ATTRIBUTE, PLACE_ADDRESS, PLACE_ADDRESS_PART };

struct template_step {
    enum template_step_kind kind;
    enum template_place place;
    unsigned to;
    const char *text, *path, *filter;
};

struct template
{
    const char *name;
    const struct template_step *steps;
};

struct template_set {
    const struct template *templates;
    size_t count;
    /* The text of a key; NULL: there is none (then the key itself is shown). */
    const char *(*word) (void *owner, const char *key);
    /* Appends `value` as `filter` shows it; false: there is no such filter, the value is shown as it is. */
    bool (*filter) (void *owner, const char *filter, const json_t *value, struct buffer *out);
    void *owner;
};

/* Appends the template's HTML.  A name that the set lacks is our own bug. */
void template_render (const struct template_set *set, const char *name, json_t *values,
                      struct buffer *out);
/* The value at a dotted path below `values`; NULL: absent. */
json_t *template_value (json_t *values, const char *path);

/* Appends `text` as it may stand there. */
void template_escape (enum template_place place, const char *text, size_t len, struct buffer *out);

#endif
