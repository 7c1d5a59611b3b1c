/* asset.h - files that are compiled in (embed_assets.py): styles, scripts, pictures. */
#ifndef ADUAN_ASSET_H
#define ADUAN_ASSET_H

#include "http/http.h"

struct asset {
    const char *name, *type, *digest;
    const void *plain;
    size_t len;
    const void *gzipped; /* NULL: not smaller so */
    size_t gzipped_len;
};

/* Appends the address of an asset, which changes with its contents, so that it may be kept for ever. */
void asset_address (const struct asset *assets, size_t count, const char *name, struct buffer *out);
/* Answers for "NAME" or "DIGEST/NAME"; false: there is none, and nothing is answered. */
bool asset_answer (const struct asset *assets, size_t count, struct http_request *request,
                   const char *path);

#endif
