/* brought.h - files that a request brings: from the door into the store, a piece at a time.
 *
 *     options.sink = brought_sink (begin) -> begin: brought_begin -> ... -> brought_store, or the door drops it
 */
#ifndef ADUAN_CONTENT_BROUGHT_H
#define ADUAN_CONTENT_BROUGHT_H

#include "content/content.h"
#include "http/http.h"

/* A door's sink; `begin` is the door's own and returns brought_begin's. */
struct http_sink brought_sink (void *(*begin) (void *owner, struct http_request *request));
void *brought_begin (struct content *content, struct http_request *request);

/* Is the request's field `at` a file, and not an empty one as browsers send where none was chosen? */
bool brought_file (const struct http_request *request, size_t at);
/* Stores the file that came as field `at` of a request that was handed out, once; as content_put.  CONTENT_EMPTY also of one behind
 * the first CONTENT_FILES_MOST of a request: whoever takes files says first that they are too many. */
void brought_store (struct content *content, struct http_request *request, size_t at,
                    content_put_fn *done, void *owner);
/* The same of what is named in this very turn of its sender's: content_draft. */
void brought_draft (struct content *content, struct http_request *request, size_t at,
                    content_put_fn *done, void *owner);

#endif
