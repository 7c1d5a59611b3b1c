/* api_file.c - files of integrators, before the report that names them.
 *
 * A file is called by its handle (handle.h), and by the account alone that has sent it.  What a file is its bytes say.  One that no report names within a day goes.  A token may send so many bytes in an hour (limit.h).
 */
#include <string.h>
#include "../handle.h"
#include "api.h"

static void file_refuse (struct visit *visit, enum content_result result)
{
    unsigned status = result == CONTENT_KIND    ? 415
                      : result == CONTENT_LARGE ? 413
                      : result == CONTENT_EMPTY ? 422
                      : result == CONTENT_ROOM  ? 507
                                                : 503;

    if (status >= 500)
        http_later (visit->request, LATER_MS);
    api_problem (visit, status, status == 503 ? "stopping" : content_key (result), NULL);
}

/* What its account calls it from now on. */
static json_t *handle_of (struct visit *visit, const uint8_t *digest)
{
    char handle[HANDLE_SIZE];

    handle_make (visit->web, (struct handle_for){"api", call_of (visit)->client.account}, digest,
                 handle);
    return json_string (handle);
}

static void on_put (void *owner, enum content_result result, const uint8_t *digest)
{
    struct visit *visit = owner;
    size_t len = http_field_count (visit->request) ? http_field (visit->request, 0)->value.len : 0;

    if (result != CONTENT_DONE)
        file_refuse (visit, result);
    else
        api_answer (visit, 201,
                    json_pack ("{s:o, s:I}", "digest", handle_of (visit, digest), "bytes",
                               (json_int_t) len));
}

/* Who calls, and may his token send this?  What is large was counted when its header came.  False, and answered: no. */
static bool file_begin (struct visit *visit)
{
    struct call *call = api_begin (visit);
    size_t len = http_body_most (visit->request);

    if (!call)
        return false;
    if (len <= FORM_MOST)
        visit->body_wait = client_upload (visit, &call->client, len);
    if (!visit->body_wait)
        return true;
    http_later (visit->request, visit->body_wait);
    api_problem (visit, 429, "too_many_bytes", NULL);
    return false;
}

void api_file_put (struct visit *visit)
{
    if (!file_begin (visit))
        return;
    if (http_field_count (visit->request))
        brought_store (visit->web->content, visit->request, 0, on_put, visit);
    else
        file_refuse (visit, CONTENT_EMPTY);
}

/* ---- several, as a form sends them ------------------------------------------------------------------ */

static void files_store (struct visit *visit);

static void on_stored (void *owner, enum content_result result, const uint8_t *digest)
{
    struct visit *visit = owner;
    struct call *call = call_of (visit);

    if (result != CONTENT_DONE) {
        file_refuse (visit, result);
        return;
    }
    memcpy (call->digests + DIGEST_BYTES * call->file_count++, digest, DIGEST_BYTES);
    files_store (visit);
}

static void files_store (struct visit *visit)
{
    struct call *call = call_of (visit);

    while (call->field < http_field_count (visit->request)) {
        size_t at = call->field++;
        if (!http_field (visit->request, at)->file)
            continue;
        if (call->file_count == FILES_MOST)
            api_problem (visit, 422, "file_many", NULL);
        else
            brought_store (visit->web->content, visit->request, at, on_stored, visit);
        return;
    }
    json_t *digests = json_array ();
    for (unsigned i = 0; i < call->file_count; i++)
        json_array_append_new (digests, handle_of (visit, call->digests + i * DIGEST_BYTES));
    if (call->file_count) {
        api_answer (visit, 201, json_pack ("{s:o}", "digests", digests));
    } else {
        json_decref (digests);
        api_problem (visit, 422, "file_empty", NULL);
    }
}

void api_files_post (struct visit *visit)
{
    if (file_begin (visit))
        files_store (visit);
}
