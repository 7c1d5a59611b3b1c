/* answer.h - a file of the content store over HTTP: as a download, and nothing of it runs. */
#ifndef ADUAN_CONTENT_ANSWER_H
#define ADUAN_CONTENT_ANSWER_H

#include "content/content.h"
#include "http/http.h"

/* Answers with what content_open found (CONTENT_DONE) of `digest`; takes the descriptor.  Its name is ours, its type what its
 * bytes are; the browser is told to save it, to guess nothing (nosniff is the door's header) and to run nothing. */
void content_answer (struct http_request *request, const uint8_t *digest,
                     const struct content_found *found);

#endif
