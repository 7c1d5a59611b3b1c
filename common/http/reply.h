/* reply.h - what every door says and looks at in the same way: JSON, "go there", "come again", where a form came from. */
#ifndef ADUAN_REPLY_H
#define ADUAN_REPLY_H

#include <jansson.h>
#include "http/http.h"

/* What a program sent; NULL: it is no JSON, says a member twice, or has more than `most` values, which would fill memory a hundredfold.  The
 * caller's. */
json_t *http_json_read (struct view body, size_t most);
/* Answers; of a status from 400 on as problem+json (RFC 9457).  Never to be kept. */
void http_json (struct http_request *request, unsigned status, const json_t *values);
/* Answers: 303 to a path on this door. */
void http_redirect (struct http_request *request, const char *path);
/* Says how long to wait before trying again, with what refuses it.  Who says so first knows best: further ones are passed over. */
void http_later (struct http_request *request, int64_t wait_ms);
/* Was it sent by a page of this door?  Browsers say where a request comes from; one that says nothing is old.  `origin` is how
 * they name this door; "": by the Host header. */
bool http_same_origin (const struct http_request *request, const char *origin);
/* Is it a path on this door, to go back to? */
bool http_own_path (const char *path);

/* The parts of a path that a pattern names: "/cases/:number", or "/tree/+code" for the rest of it, slashes and all. */
#define HTTP_PARTS 3
struct http_parts {
    const char *names[HTTP_PARTS]; /* in the pattern, unended */
    char *values[HTTP_PARTS];      /* owned */
};
/* Has the path the pattern's form?  Then *ret are its parts; else it is empty. */
bool http_path_fits (const char *pattern, const char *path, struct http_parts *ret);
/* "": it has none of that name. */
const char *http_part (const struct http_parts *parts, const char *name);
void http_parts_done (struct http_parts *parts);

#endif
