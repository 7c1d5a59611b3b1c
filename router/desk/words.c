/* words.c - texts by key, and values as people read them.
 *
 * Keys that the desk has not are looked for among the command's: what routing says of its reasons is
 * written once (view_, ground_, rung_).
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "desk.h"
#include "http/asset.h"
#include "http/words.h"
#include "pages.inc"

/* sorted by key, as embed_texts.py writes them */
static const struct word desk_texts[] = {
#define TEXT(key, id, en) {#key, id, en},
#include "desk_text.def"
#undef TEXT
};
static const struct word decision_texts[] = {
#define TEXT(key, id, en) {#key, id, en},
#include "cli_text.def"
#undef TEXT
};

static const struct word *text_find (const char *key)
{
    const struct word *text = word_find (desk_texts, array_len (desk_texts), key);
    if (!text && (strncmp (key, "view_", 5) == 0 || strncmp (key, "ground_", 7) == 0 ||
                  strncmp (key, "rung_", 5) == 0))
        text = word_find (decision_texts, array_len (decision_texts), key);
    return text;
}

const char *desk_word (const struct visit *visit, const char *key)
{
    const struct word *text = text_find (key);
    return !text ? NULL : content_text (visit->desk->content, visit->english ? text->en : text->id);
}

char *desk_both (const char *key)
{
    return word_both (desk_texts, array_len (desk_texts), key);
}

/* ---- values ------------------------------------------------------------------------------------ */

static const struct asset assets[] = {
#define ASSET(name, type, digest, plain, len, gzipped, gzipped_len)                                \
    {name, type, digest, plain, len, gzipped, gzipped_len},
#include "assets.def"
#undef ASSET
};

static const char *word (void *owner, const char *key)
{
    return desk_word (owner, key);
}

static struct reader reader_of (struct visit *visit)
{
    return (struct reader){visit->english, visit->desk->zone, word, visit};
}

bool desk_moment (struct visit *visit, const json_t *value, struct buffer *out)
{
    struct reader reader = reader_of (visit);
    return show_moment (&reader, value, out);
}

void desk_stamp (struct visit *visit, const json_t *value, struct buffer *out)
{
    struct reader reader = reader_of (visit);
    show_stamp (&reader, value, out);
}

static bool filter (void *owner, const char *name, const json_t *value, struct buffer *out)
{
    struct reader reader = reader_of (owner);

    if (strcmp (name, "asset") != 0)
        return show_value (&reader, name, value, out);
    asset_address (assets, array_len (assets), json_string_value (value), out);
    return true;
}

struct template_set desk_templates (struct visit *visit)
{
    json_object_set_new (visit->values, "css", json_string ("desk.css"));
    json_object_set_new (visit->values, "js", json_string ("desk.js"));
    json_object_set_new (visit->values, "icon", json_string ("icon.svg"));
    return (struct template_set){templates, array_len (templates), word, filter, visit};
}

bool desk_asset (struct http_request *request, const char *path)
{
    return asset_answer (assets, array_len (assets), request, path);
}
