/* file.c - attachments: a visit's files into the content store (content/content.h), one out of it.
 *
 * They are stored and pinned before the act that names them is said, so what an act names is there.  One that no act names in the
 * end - the act was stale, the desk died - is found by the store's sweep, which asks who names it.
 */
#include <stdlib.h>
#include <string.h>
#include "content/answer.h"
#include "desk.h"

#define AGAIN_MS 1000 /* a picture's copy takes less, mostly */

/* One visit's files on their way in. */
struct taking {
    struct visit *visit;
    size_t fields[FILES_MOST]; /* of the form, those that are files */
    unsigned count;
};

/* What became of a file that was sent or asked for; with what was typed. */
static void file_refuse (struct visit *visit, enum content_result result)
{
    const char *why = content_key (result);

    switch (result) {
    case CONTENT_ROOM: visit_refuse (visit, 507, why); break;
    case CONTENT_STOPPED: visit_refuse (visit, 503, why); break;
    case CONTENT_LARGE: visit_refuse (visit, 413, why); break;
    case CONTENT_ABSENT: visit_refuse (visit, 404, why); break;
    case CONTENT_REFUSED: visit_refuse (visit, 410, why); break;
    case CONTENT_NOT_YET:
        http_later (visit->request, AGAIN_MS);
        visit_refuse (visit, 503, why);
        break;
    default: visit_refuse (visit, 422, why);
    }
}

/* ---- in ---------------------------------------------------------------------------------------- */

static void taking_over (struct taking *taking, enum content_result result)
{
    struct visit *visit = taking->visit;

    free (taking);
    if (result == CONTENT_DONE) {
        visit->then (visit);
        return;
    }
    visit_typed (visit);
    /* what was put a moment ago and is gone: somebody has emptied the folder */
    file_refuse (visit, result == CONTENT_ABSENT ? CONTENT_ROOM : result);
}

static void on_pinned (void *owner, enum content_result result)
{
    taking_over (owner, result);
}

static void on_put (void *owner, enum content_result result, const uint8_t *digest)
{
    struct taking *taking = owner;
    struct visit *visit = taking->visit;
    struct content *content = visit->desk->content;

    if (result != CONTENT_DONE) {
        taking_over (taking, result);
        return;
    }
    memcpy (visit->files.digests + visit->files.count++ * DIGEST_BYTES, digest, DIGEST_BYTES);
    if (visit->files.count < taking->count)
        brought_store (content, visit->request, taking->fields[visit->files.count], on_put, taking);
    else
        content_pin (content, visit->files.digests, taking->count, on_pinned, taking);
}

bool files_brought (const struct visit *visit)
{
    for (size_t i = 0; i < http_field_count (visit->request); i++)
        if (brought_file (visit->request, i))
            return true;
    return false;
}

void files_take (struct visit *visit, void (*then) (struct visit *visit))
{
    struct taking *taking = xcalloc (1, sizeof *taking);
    const char *fault = NULL;

    taking->visit = visit;
    visit->then = then;
    for (size_t i = 0; i < http_field_count (visit->request); i++) {
        if (!brought_file (visit->request, i))
            continue;
        if (taking->count == FILES_MOST)
            fault = "file_many";
        else if (http_field (visit->request, i)->value.len > content_most (visit->desk->content))
            fault = "file_large";
        else
            taking->fields[taking->count++] = i;
    }
    if (fault || taking->count == 0) {
        free (taking);
        if (fault)
            visit_refuse (visit, 413, fault);
        else
            then (visit);
        return;
    }
    brought_store (visit->desk->content, visit->request, taking->fields[0], on_put, taking);
}

/* ---- what nobody names any more --------------------------------------------------------------- */

static void on_unnamed (void *with, const struct aduan_answer *answer)
{
    struct desk *desk = with;
    json_t *rows = answer->result == ADUAN_DONE
                       ? json_loadb (answer->text, answer->text_len, 0, NULL)
                       : NULL,
           *row;
    uint8_t digests[CONTENT_ASK_MOST * DIGEST_BYTES];
    size_t count = 0, at;

    json_array_foreach (rows, at, row) {
        const char *hex = json_string_value (json_object_get (row, "digest"));
        if (hex && count < CONTENT_ASK_MOST && strlen (hex) == (size_t) 2 * DIGEST_BYTES &&
            hex_parse (hex, digests + count * DIGEST_BYTES, DIGEST_BYTES) == 0)
            count++;
    }
    if (count && desk->content)
        content_unnamed (desk->content, digests, count);
    json_decref (rows);
}

void files_ask (void *owner, const uint8_t *digests, size_t count)
{
    struct desk *desk = owner;
    struct buffer arguments = {0};

    if (!desk->up)
        return;
    buffer_add (&arguments, "[\"", 2);
    for (size_t i = 0; i < count; i++)
        buffer_format (&arguments, "%s", hex_text (digests + i * DIGEST_BYTES, DIGEST_BYTES));
    buffer_add (&arguments, "\"]", 3);
    aduan_ask_start (desk->aduan, "read_unnamed", arguments.at, ASK_MS, on_unnamed, desk);
    buffer_free (&arguments);
}

/* ---- one file to whoever may see its case ------------------------------------------------------ */

static void on_open (void *owner, enum content_result result, const struct content_found *found)
{
    struct visit *visit = owner;
    uint8_t digest[DIGEST_BYTES];

    if (result != CONTENT_DONE) {
        file_refuse (visit, result);
        return;
    }
    hex_parse (visit_parameter (visit, "digest"), digest, sizeof digest);
    content_answer (visit->request, digest, found);
}

static void file_seen (struct visit *visit)
{
    const json_t *found = json_object_get (visit->values, "found");
    uint8_t digest[DIGEST_BYTES];

    if (visit->fault || json_array_size (found) == 0) {
        visit_refuse (visit, visit->fault ? visit->fault : 404,
                      visit->fault ? visit->why : "absent");
        return;
    }
    hex_parse (visit_parameter (visit, "digest"), digest, sizeof digest);
    content_open (visit->desk->content, digest, on_open, visit);
}

void file_show (struct visit *visit)
{
    static const struct question file = {"found", "desk_file", false, {":number", ":digest"}};
    const char *digest = visit_parameter (visit, "digest");
    uint8_t bytes[DIGEST_BYTES];

    if (strlen (digest) != 2 * DIGEST_BYTES || hex_parse (digest, bytes, sizeof bytes) != 0)
        visit_refuse (visit, 404, "absent");
    else
        page_ask (visit, &file, file_seen);
}
