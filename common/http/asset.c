/* asset.c - files that are compiled in. */
#include <stdlib.h>
#include <string.h>
#include "http/asset.h"

void asset_address (const struct asset *assets, size_t count, const char *name, struct buffer *out)
{
    for (size_t i = 0; name && i < count; i++)
        if (strcmp (assets[i].name, name) == 0)
            buffer_format (out, "/assets/%s/%s", assets[i].digest, assets[i].name);
}

bool asset_answer (const struct asset *assets, size_t count, struct http_request *request,
                   const char *path)
{
    const char *known = http_header (request, "If-None-Match");

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen (assets[i].digest);
        bool pinned = strncmp (path, assets[i].digest, len) == 0 && path[len] == '/';
        if (strcmp (pinned ? path + len + 1 : path, assets[i].name) != 0)
            continue;
        char *tag = xformat ("\"%s\"", assets[i].digest);
        http_say (request, "ETag", tag);
        http_say (request, "Cache-Control",
                  pinned ? "public, max-age=31536000, immutable" : "no-cache");
        if (known && strcmp (known, tag) == 0)
            http_answer (request, 304, NULL, "", 0);
        else
            http_answer_static (request, 200, assets[i].type, assets[i].plain, assets[i].len,
                                assets[i].gzipped, assets[i].gzipped_len);
        free (tag);
        return true;
    }
    return false;
}
