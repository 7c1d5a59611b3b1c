/* words.c - texts by key in the visit's language, assets, what templates show. */
#include <string.h>
#include "http/asset.h"
#include "http/words.h"
#include "web.h"
#include "web_pages.inc"

static const struct word texts[] = {
#define TEXT(key, id, en) {#key, id, en},
#include "web_text.def"
#undef TEXT
};
/* What happened on a case is called as the command calls it. */
static const struct word shared[] = {
#define TEXT(key, id, en) {#key, id, en},
#include "cli_text.def"
#undef TEXT
};
static const struct asset assets[] = {
#define ASSET(name, type, digest, plain, len, gzipped, gzipped_len)                                \
    {name, type, digest, plain, len, gzipped, gzipped_len},
#include "web_assets.def"
#undef ASSET
};

const char *web_word (const struct visit *visit, const char *key)
{
    const struct word *text = word_find (texts, array_len (texts), key);
    if (!text && (strncmp (key, "event_", 6) == 0 || strncmp (key, "reason_", 7) == 0))
        text = word_find (shared, array_len (shared), key);
    return !text ? NULL : content_text (visit->web->content, visit->english ? text->en : text->id);
}

char *web_both (const char *key)
{
    return word_both (texts, array_len (texts), key);
}

static const char *word (void *owner, const char *key)
{
    return web_word (owner, key);
}

static bool filter (void *owner, const char *name, const json_t *value, struct buffer *out)
{
    struct visit *visit = owner;
    struct reader reader = {visit->english, visit->web->zone, word, visit};

    if (strcmp (name, "asset") != 0)
        return show_value (&reader, name, value, out);
    asset_address (assets, array_len (assets), json_string_value (value), out);
    return true;
}

struct template_set web_templates (struct visit *visit)
{
    visit_value (visit, "css", "web.css");
    visit_value (visit, "js", "web.js");
    visit_value (visit, "icon", "icon.svg");
    return (struct template_set){templates, array_len (templates), word, filter, visit};
}

bool web_asset (struct http_request *request, const char *name)
{
    return asset_answer (assets, array_len (assets), request, name);
}
