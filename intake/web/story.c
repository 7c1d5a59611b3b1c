/* story.c - what a reporter's page tells of his case. */
#include "story.h"
#include <string.h>
#include "web.h"

#define ELLIPSIS "…"
#define BLANKS   " \t\r\n"
#define EXCERPT  200 /* signs of the words in a list's row (public_row) */

static const char *text_of (const json_t *row, const char *key)
{
    const char *text = json_string_value (json_object_get (row, key));
    return text ? text : "";
}

/* What an event is; a word on the case that his goes on as counts as its own kind does. */
static const char *event_kind (const json_t *event)
{
    const char *kind = text_of (event, "kind");
    return strcmp (kind, "followed") == 0 ? text_of (event, "followed") : kind;
}

static bool among (const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (words[i], word) == 0)
            return true;
    return false;
}

/* ---- what was answered -------------------------------------------------------------------------- */

/* Said to the reporter by whoever has his case. */
static bool is_word (const json_t *event)
{
    static const char *const words[] = {"answer", "progress", "close", "archive", "ask"};
    return json_is_string (json_object_get (event, "text")) &&
           among (event_kind (event), words, array_len (words));
}

static bool is_answer (const json_t *event)
{
    return strcmp (event_kind (event), "answer") == 0;
}

static bool is_end (const json_t *event)
{
    static const char *const ends[] = {"close", "archive"};
    return among (event_kind (event), ends, array_len (ends));
}

/* A question stands by itself as long as he has not answered it. */
static bool is_asked (const json_t *row, const json_t *event)
{
    return strcmp (event_kind (event), "ask") == 0 &&
           strcmp (text_of (row, "asked_text"), text_of (event, "text")) == 0;
}

/* From the newest back to the last answer: a few words with which a case was closed do not hide it. */
static void answers_add (json_t *row)
{
    json_t *history = json_object_get (row, "history"), *answers = json_array ();
    bool answer = false, ended = false;

    for (size_t at = json_array_size (history); at-- && !answer;) {
        json_t *event = json_array_get (history, at);
        if (!is_word (event))
            continue;
        answer = is_answer (event);
        bool asked = is_asked (row, event), first = json_array_size (answers) == 0;
        if (asked || answer || first)
            json_object_set_new (event, "above", json_true ());
        if (!asked && (answer || first))
            json_array_append (answers, event);
        ended = ended || (first && is_end (event));
    }
    json_object_set_new (row, "answers", answers);
    json_object_set_new (row, "answered", json_boolean (answer || ended));
}

/* ---- how it stands ------------------------------------------------------------------------------ */

/* What happened last to a case that is with an agency, and whether he has said something since it was answered. */
static const char *stands_now (const char *state, const json_t *history)
{
    static const char *const with[] = {"assigned", "in_progress"};
    static const char *const his[] = {"reply", "completion"};
    static const char *const again[] = {"reopening",
                                        "reopened"}; /* by him, by an alias's reporter */
    bool replied = false;

    if (!among (state, with, array_len (with)))
        return state;
    for (size_t at = json_array_size (history); at--;) {
        const json_t *event = json_array_get (history, at);
        const char *kind = event_kind (event);
        if (strcmp (kind, "answer") == 0)
            return replied ? "replied" : "answered";
        if (strcmp (kind, "progress") == 0)
            return "in_progress";
        if (among (kind, again, array_len (again)) && !replied)
            return "reopened";
        replied = replied || among (kind, his, array_len (his));
    }
    return state;
}

/* ---- the rest ----------------------------------------------------------------------------------- */

/* A mark may be given anew; only the last one counts. */
static void ratings_fold (json_t *row)
{
    json_t *history = json_object_get (row, "history"), *last = NULL;

    for (size_t at = json_array_size (history); at--;) {
        json_t *event = json_array_get (history, at);
        if (strcmp (text_of (event, "kind"), "rating") != 0)
            continue;
        if (!last) {
            last = event;
            continue;
        }
        json_object_set_new (last, "changed", json_true ());
        json_array_remove (history, at);
    }
}

/* The digests of a row as a list. */
static json_t *files_listed (const json_t *hex)
{
    const char *at = json_string_value (hex);
    json_t *files = json_array ();

    for (int n = 1; at && strlen (at) >= 2 * DIGEST_BYTES; at += 2 * DIGEST_BYTES, n++)
        json_array_append_new (
            files, json_pack ("{s:s%, s:i}", "digest", at, (size_t) (2 * DIGEST_BYTES), "n", n));
    return files;
}

/* What `words` say behind a title that is their beginning, as lists cut it, or whole; NULL: it is not. */
static const char *words_behind (const char *words, const char *title)
{
    size_t len = strlen (title), dots = strlen (ELLIPSIS);

    if (len >= dots && strcmp (title + len - dots, ELLIPSIS) == 0)
        len -= dots;
    return len && strncmp (words, title, len) == 0 ? words + len : NULL;
}

/* The same of a row's `title` and what is under `key`, without blanks before it.  A title that was cut within a word is cut before
 * it. */
static const char *row_behind (json_t *row, const char *key)
{
    const char *words = text_of (row, key);
    const char *rest = words_behind (words, text_of (row, "title"));
    const char *cut = rest;

    if (!rest || utf8_blank (rest, strlen (rest)))
        return rest ? "" : NULL;
    while (cut > words && !strchr (BLANKS, *cut) && !strchr (BLANKS, cut[-1]))
        cut--;
    if (cut > words)
        rest = cut;
    while (cut > words && strchr (BLANKS, cut[-1]))
        cut--;
    if (cut > words)
        json_object_set_new (row, "title",
                             json_sprintf ("%.*s" ELLIPSIS, (int) (cut - words), words));
    return rest + strspn (rest, BLANKS);
}

/* The words of a list's row are cut; where they are not, they end here. */
void story_titled (json_t *row)
{
    bool cut = utf8_count (text_of (row, "excerpt"), strlen (text_of (row, "excerpt"))) >= EXCERPT;
    const char *rest = row_behind (row, "excerpt");
    const char *words = rest ? rest : text_of (row, "excerpt");

    if (!*words)
        json_object_del (row, "excerpt");
    else
        json_object_set_new (
            row, "excerpt",
            json_sprintf ("%s%s%s", rest ? ELLIPSIS : "", words, cut ? ELLIPSIS : ""));
}

void story_read (json_t *row)
{
    const char *stands = stands_now (text_of (row, "state"), json_object_get (row, "history"));
    const char *rest = row_behind (row, "text");

    json_object_set_new (row, "stands", json_string (stands));
    if (rest && !*rest)
        json_object_del (row, "text");
}

/* An archived case by who ended it: the reporter, his silence, or staff. */
static const char *stands_ended (const json_t *row)
{
    const char *reason = text_of (row, "end_reason");

    return strcmp (reason, "withdrawal") == 0 ? "withdrawn"
           : strcmp (reason, "expire") == 0   ? "expired"
                                              : "archived";
}

/* What goes on as another case stands as that one does: `merged` says nothing that he waits for. */
static void stands_add (json_t *row)
{
    const char *main = text_of (row, "main_status");
    const char *state = *main ? main : text_of (row, "status");
    const char *stands = strcmp (state, "archived") == 0
                             ? stands_ended (row)
                             : stands_now (state, json_object_get (row, "history"));

    json_object_set_new (row, "stands", json_string (stands));
}

void story_tell (json_t *row)
{
    static const char *const lists[] = {"history", "unheard"};
    json_t *word, *event;
    size_t at;
    char key[40];

    if (words_behind (text_of (row, "body"), text_of (row, "title")))
        json_object_del (row, "title");
    json_array_foreach (json_object_get (row, "may"), at, word) {
        snprintf (key, sizeof key, "may_%.30s", json_string_value (word));
        json_object_set_new (row, key, json_true ());
    }
    json_object_set_new (row, "files", files_listed (json_object_get (row, "attachments")));
    for (size_t i = 0; i < array_len (lists); i++)
        json_array_foreach (json_object_get (row, lists[i]), at, event)
            json_object_set_new (event, "files",
                                 files_listed (json_object_get (event, "attachments")));
    if (json_is_array (json_object_get (row, "asks")) || *text_of (row, "asked_text"))
        json_object_set_new (row, "asked", json_true ());
    answers_add (row);
    ratings_fold (row);
    stands_add (row);
}
