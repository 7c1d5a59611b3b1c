/* visit.c - one request on its way: language, what it asks, and the ways in which it ends. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sodium.h>
#include "http/front.h"
#include "limit.h"
#include "web.h"

#define LANGUAGE_COOKIE "aduan-language"

struct asking {
    struct visit *visit;
    const char *key, *query;
    bool one;
    void (*finish) (struct visit *visit);
};

static void visit_free (void *what)
{
    struct visit *visit = what;

    if (visit->body)
        limit_body_over (visit);
    limit_upload_over (visit);
    if (visit->work)
        visit->work_free (visit->work);
    tally_back (visit->web->limits, &visit->tally); /* what was counted and came to no submission */
    http_parts_done (&visit->parts);
    json_decref (visit->values);
    sodium_memzero (visit->code, sizeof visit->code);
    free (visit);
}

/* What he chose on this page, what he chose before, what his browser prefers; else Indonesian. */
static bool is_english (struct http_request *request)
{
    const char *chosen = http_query (request, "lang");

    if (chosen && (strcmp (chosen, "id") == 0 || strcmp (chosen, "en") == 0)) {
        http_say (request, "Set-Cookie",
                  *chosen == 'e' ? LANGUAGE_COOKIE "=en; Path=/; Max-Age=31536000; SameSite=Lax"
                                 : LANGUAGE_COOKIE "=id; Path=/; Max-Age=31536000; SameSite=Lax");
        return *chosen == 'e';
    }
    chosen = http_cookie (request, LANGUAGE_COOKIE);
    if (!chosen)
        chosen = http_header (request, "Accept-Language");
    return chosen && strncasecmp (chosen, "en", 2) == 0;
}

struct visit *visit_new (struct web *web, struct http_request *request)
{
    struct visit *visit = xcalloc (1, sizeof *visit);

    visit->web = web;
    visit->request = request;
    visit->english = is_english (request);
    visit->values = json_object ();
    http_keep (request, visit, visit_free);
    return visit;
}

const char *visit_said (const struct visit *visit, const char *name)
{
    const char *text = http_form (visit->request, name);
    return text ? text : "";
}

void visit_value (struct visit *visit, const char *key, const char *text)
{
    if (text)
        json_object_set_new (visit->values, key, json_string (text));
}

/* ---- asking ------------------------------------------------------------------------------------ */

void visit_wait (struct visit *visit)
{
    visit->asked++;
}

void visit_came (struct visit *visit, void (*finish) (struct visit *visit))
{
    check (visit->asked > 0);
    if (--visit->asked == 0)
        finish (visit);
}

static void on_rows (void *with, const struct aduan_answer *answer)
{
    struct asking asking = *(struct asking *) with;
    struct visit *visit = asking.visit;
    json_t *rows = NULL;

    free (with);
    if (answer->result == ADUAN_DONE)
        rows = json_loadb (answer->text, answer->text_len, 0, NULL);
    if (answer->result == ADUAN_REFUSED) {
        log_limited (LOG_WARNING, "%s refused: %s", asking.query,
                     log_text (answer->text, answer->text_len));
        visit->refused = true;
        visit_fail (visit, 503, "query_down");
    } else if (!json_is_array (rows)) {
        visit_fail (visit, 503, "query_down");
    } else if (asking.one && json_array_size (rows) == 0) {
        visit_fail (visit, 404, "absent");
    } else {
        json_object_set (visit->values, asking.key, asking.one ? json_array_get (rows, 0) : rows);
    }
    json_decref (rows);
    visit_came (visit, asking.finish);
}

void visit_ask (struct visit *visit, const char *key, const char *name, json_t *arguments, bool one,
                void (*finish) (struct visit *visit))
{
    struct asking *asking = xcalloc (1, sizeof *asking);
    char *text = json_dumps (arguments, JSON_COMPACT);

    *asking = (struct asking){visit, key, name, one, finish};
    json_decref (arguments);
    visit_wait (visit);
    aduan_ask_start (visit->web->query, name, text, ASK_MS, on_rows, asking);
    free (text);
}

/* ---- ways in which it ends --------------------------------------------------------------------- */

void visit_fail (struct visit *visit, unsigned status, const char *why)
{
    if (visit->fault)
        return;
    visit->fault = status;
    visit->why = why;
}

bool visit_failed (struct visit *visit)
{
    if (visit->fault)
        visit_refuse (visit, visit->fault, visit->why);
    return visit->fault != 0;
}

void visit_refuse (struct visit *visit, unsigned status, const char *why)
{
    metric_add (web_refused_total, 1);
    visit->inlet->refuse (visit, status, why);
}

void visit_later (struct visit *visit, int64_t wait_ms)
{
    http_later (visit->request, wait_ms);
    json_object_set_new (visit->values, "wait", json_integer ((wait_ms + 59999) / 60000));
}

void visit_often (struct visit *visit, const char *why, int64_t wait_ms)
{
    visit_later (visit, wait_ms);
    if (*visit_said (visit, "text"))
        visit_value (visit, "typed", visit_said (visit, "text"));
    visit_refuse (visit, 429, why);
}

/* What each page shows beside its own. */
static void page_values (struct visit *visit)
{
    const char *said = http_query (visit->request, "said");
    char key[48];

    visit_value (visit, "lang", visit->english ? "en" : "id");
    visit_value (visit, "path", http_path (visit->request));
    visit_value (visit, "accept", content_accept (visit->web->content));
    json_object_set_new (visit->values, "file_most", json_integer (CONTENT_BYTES_MOST));
    json_object_set_new (visit->values, "files_most", json_integer (BODY_FILES - FORM_MOST));
    json_object_set_new (visit->values, "video_most",
                         json_integer ((json_int_t) content_video_most (visit->web->content)));
    json_object_set_new (visit->values, "video_seconds",
                         json_integer (content_video_seconds (visit->web->content)));
    if (said && strlen (said) < 40 &&
        strspn (said, "abcdefghijklmnopqrstuvwxyz_") == strlen (said)) {
        snprintf (key, sizeof key, "said_%s", said);
        if (web_word (visit, key))
            visit_value (visit, "said", said);
    }
}

void visit_page (struct visit *visit, unsigned status, const char *template)
{
    struct template_set set = web_templates (visit);

    page_values (visit);
    front_page (visit->request, status, &set, template, visit->values);
}

void page_refuse (struct visit *visit, unsigned status, const char *why)
{
    visit_value (visit, "why", why);
    if (status == 503)
        http_later (visit->request, LATER_MS);
    visit_page (visit, status, "fault");
}
