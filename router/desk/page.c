/* page.c - what a page, or the same as JSON, asks of aduan-query, and what follows from it.
 *
 * All questions go out at once; each has its own transaction there, so two of one page may differ by what
 * happened meanwhile.  That is harmless: an act names the version that was shown.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "desk.h"
#include "domain/lifecycle.h"
#include "domain/personal.h"

struct asking {
    struct visit *visit;
    const struct question *question;
    void (*finish) (struct visit *visit);
};

/* ---- asking ------------------------------------------------------------------------------------ */

static const char *argument_value (const struct visit *visit, const char *argument)
{
    static const char *const hours[] = {"7", "8", "9"};
    char name[32];
    const char *value = NULL;

    if (*argument == '=')
        return argument + 1;
    if (*argument == ':')
        return visit_parameter (visit, argument + 1);
    if (*argument == '$') {
        value = http_form (visit->request, argument + 1);
        return value && strlen (value) <= 400 ? value : "";
    }
    if (*argument == '@')
        return hours[visit->desk->zone - 7];
    const char *bar = strchr (argument, '|');
    size_t len = bar ? (size_t) (bar - argument - 1) : strlen (argument + 1);
    check (len < sizeof name);
    memcpy (name, argument + 1, len);
    name[len] = '\0';
    value = http_query (visit->request, name);
    return value && strlen (value) <= 400 && (*value || !bar) ? value : bar ? bar + 1 : "";
}

static char *arguments_text (const struct visit *visit, const struct question *question)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < array_len (question->arguments) && question->arguments[i]; i++)
        json_array_append_new (list, json_string (argument_value (visit, question->arguments[i])));
    char *text = json_dumps (list, JSON_COMPACT);
    json_decref (list);
    return text;
}

static void on_rows (void *with, const struct aduan_answer *answer)
{
    struct asking *asking = with;
    struct visit *visit = asking->visit;
    void (*finish) (struct visit * visit) = asking->finish;
    const struct question *question = asking->question;
    json_t *rows = NULL;

    free (asking);
    if (answer->result == ADUAN_DONE)
        rows = json_loadb (answer->text, answer->text_len, 0, NULL);
    if (answer->result == ADUAN_REFUSED) {
        log_limited (LOG_WARNING, "%s refused: %s", question->query,
                     log_text (answer->text, answer->text_len));
        visit_fail (visit, 502, "refused");
    } else if (!json_is_array (rows))
        visit_fail (visit, 503, "query_down");
    else if (question->one && json_array_size (rows) == 0)
        visit_fail (visit, 404, "absent");
    else if (question->one)
        json_object_set (visit->values, question->key, json_array_get (rows, 0));
    else
        json_object_set (visit->values, question->key, rows);
    json_decref (rows);
    visit_came (visit, finish);
}

void page_ask (struct visit *visit, const struct question *question,
               void (*finish) (struct visit *visit))
{
    struct asking *asking = xcalloc (1, sizeof *asking);
    char *arguments = arguments_text (visit, question);

    *asking = (struct asking){visit, question, finish};
    visit_wait (visit);
    aduan_ask_as_start (visit->desk->aduan, visit->session, question->query, arguments, ASK_MS,
                        on_rows, asking);
    free (arguments);
}

/* ---- looks ------------------------------------------------------------------------------------- */

static void page_over (struct visit *visit);

/* What is secret or oversight content is read behind a look alone (docs/audit.md): rows that say so are asked
 * for once more when the look is ordered.  Their words are not in them until then, nor where it fails. */
static json_t *unlooked (const struct visit *visit)
{
    json_t *ids = json_array (), *row;
    size_t at;

    json_array_foreach (json_object_get (visit->values, "cases"), at, row)
        if (json_is_true (json_object_get (row, "unlooked")))
            json_array_append (ids, json_object_get (row, "id"));
    row = json_object_get (visit->values, "case");
    if (json_is_true (json_object_get (row, "unlooked")))
        json_array_append (ids, json_object_get (row, "id"));
    return ids;
}

static void on_looked (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;

    visit_wait (visit);
    for (const struct question *question = visit->route->questions;
         question->key && ordered->result == ADUAN_DONE; question++)
        page_ask (visit, question, page_over);
    visit_came (visit, page_over);
}

/* True: the page waits for a look. */
static bool page_looks (struct visit *visit)
{
    json_t *ids = visit->looked ? json_array () : unlooked (visit);
    bool some = json_array_size (ids) > 0;

    visit->looked = true;
    if (some) {
        json_t *said = json_pack ("{s:O, s:s}", "complaints", ids, "what",
                                  json_object_get (visit->values, "case") ? "case" : "list");
        char *arguments = json_dumps (said, JSON_COMPACT);
        struct aduan_order look = {
            .order = "look", .arguments = arguments, .session = visit->session};
        aduan_order_start (visit->desk->aduan, &look, ASK_MS, on_looked, visit);
        free (arguments);
        json_decref (said);
    }
    json_decref (ids);
    return some;
}

/* ---- showing ----------------------------------------------------------------------------------- */

static const struct question self_question = {"self", "desk_self", false, {NULL}};

/* The row of who reads, in place of the rows; pages are in his language unless another was chosen. */
static void page_self (struct visit *visit)
{
    json_t *person = json_incref (json_array_get (json_object_get (visit->values, "self"), 0));

    json_object_del (visit->values, "self");
    if (!person)
        return;
    if (!http_cookie (visit->request, "aduan-language") && !visit->api)
        visit->english = json_integer_value (json_object_get (person, "language")) == 2;
    json_object_set_new (visit->values, "self", person);
}

/* May it stand in a header as it is?  A path comes from anybody, and decoded. */
static bool is_plain (const char *path)
{
    return path[strspn (path,
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-")] == 0;
}

static void page_over (struct visit *visit)
{
    const json_t *self = json_object_get (visit->values, "self");

    /* a page for everybody greets whom it knows, and does without */
    if (visit->route->open && !(json_is_array (self) && json_array_size (self))) {
        /* with the cookie of a session that is over the page's form would be taken for a forged one */
        if (visit->has_session && json_is_array (self))
            visit_cookie (visit, NULL);
        visit->fault = 0;
        visit->has_session = false;
        json_object_del (visit->values, "self");
        visit_page (visit, 200, visit->route->template);
        return;
    }
    /* whatever else failed: a session that is over explains it */
    if (json_is_array (self) && json_array_size (self) == 0) {
        char *path;
        if (visit->api) {
            visit_refuse (visit, 401, "session");
            return;
        }
        visit_cookie (visit, NULL);
        path = http_method (visit->request) == HTTP_GET &&
                       strcmp (http_path (visit->request), "/") != 0 &&
                       is_plain (http_path (visit->request))
                   ? xformat ("/login?said=over&to=%s", http_path (visit->request))
                   : xstrdup ("/login?said=over");
        http_redirect (visit->request, path);
        free (path);
        return;
    }
    if (json_is_array (self)) {
        stay_on (visit);
        page_self (visit);
    }
    if (visit->fault) {
        visit_refuse (visit, visit->fault, visit->why);
        return;
    }
    if (visit->leap && visit->leap (visit))
        return;
    if (page_looks (visit))
        return;
    if (visit->route->shape)
        visit->route->shape (visit);
    if (visit->route->template) {
        visit_page (visit, 200, visit->route->template);
        return;
    }
    json_object_del (visit->values, "self");
    http_json (visit->request, 200, visit->values);
}

void page_show (struct visit *visit)
{
    visit_wait (
        visit); /* so that an answer that is there at once does not end it before all is asked */
    if (visit->has_session)
        page_ask (visit, &self_question, page_over);
    for (const struct question *question = visit->route->questions; question && question->key;
         question++)
        page_ask (visit, question, page_over);
    visit_came (visit, page_over);
}

static void greeted (struct visit *visit)
{
    page_self (visit);
    if (strcmp (visit->greets, "fault") == 0)
        visit_refuse (visit, visit->fault, visit->why);
    else
        visit_page (visit, 200, visit->greets);
}

void page_greet (struct visit *visit, const char *template)
{
    visit->greets = template;
    page_ask (visit, &self_question, greeted);
}

/* ---- what follows from the rows ---------------------------------------------------------------- */

json_t *page_cut (struct visit *visit, const char *key, size_t most)
{
    json_t *rows = json_object_get (visit->values, key);
    if (json_array_size (rows) <= most)
        return NULL;
    json_array_remove (rows, most);
    json_object_set_new (visit->values, "more", json_true ());
    return json_array_get (rows, most - 1);
}

void page_inbox (struct visit *visit)
{
    static const char *const views[] = {"all",    "new",     "mine",    "colleagues", "waiting",
                                        "parked", "support", "arbiter", "doubt"};
    const char *view = http_query (visit->request, "view"),
               *agency = http_query (visit->request, "agency");
    json_t *tabs = json_array (), *counts = json_object_get (visit->values, "counts"), *row;
    size_t at;
    json_t *last = page_cut (visit, "cases", 50);

    if (last) {
        json_object_set (visit->values, "more_due", json_object_get (last, "due"));
        json_object_set (visit->values, "more_id", json_object_get (last, "id"));
    }
    for (size_t i = 0; i < array_len (views); i++) {
        json_int_t sum = 0;
        json_array_foreach (counts, at, row)
            sum += json_integer_value (json_object_get (row, views[i]));
        if (sum || i < 2)
            json_array_append_new (
                tabs, json_pack ("{s:s, s:I, s:b}", "view", views[i], "count", sum, "here",
                                 strcmp (view && *view ? view : "all", views[i]) == 0));
    }
    json_int_t waiting = 0;
    json_array_foreach (counts, at, row)
        waiting += json_integer_value (json_object_get (row, "new"));
    json_object_set_new (visit->values, "waiting", json_integer (waiting));
    json_object_set_new (visit->values, "tabs", tabs);
    json_object_set_new (visit->values, "view", json_string (view ? view : ""));
    json_object_set_new (visit->values, "agency", json_string (agency ? agency : ""));
    json_object_set_new (visit->values, "several", json_boolean (json_array_size (counts) > 1));
}

void page_late (struct visit *visit)
{
    const char *agency = http_query (visit->request, "agency");

    page_cut (visit, "cases", 100);
    json_object_set_new (visit->values, "agency", json_string (agency ? agency : ""));
}

/* Which of its forms stands open, the words by which a place was looked for, and the function that it has. */
void page_agency (struct visit *visit)
{
    static const char *const traits[] = {"desk", "inspectorate", "central"};
    const char *place = http_query (visit->request, "place");
    json_t *agency = json_object_get (visit->values, "agency");
    json_t *functions = json_object_get (visit->values, "functions"), *row;
    size_t at;

    /* a template cannot compare two values: the one that it has stands before the others */
    json_t *own = json_array (), *others = json_array ();
    json_array_foreach (functions, at, row)
        json_array_append (
            json_equal (json_object_get (row, "code"), json_object_get (agency, "function"))
                ? own
                : others,
            row);
    json_object_set_new (visit->values, "own_function", own);
    json_object_set_new (visit->values, "other_functions", others);

    for (size_t i = 0; i < array_len (traits); i++) {
        const char *flags = json_string_value (json_object_get (agency, "flags"));
        json_object_set_new (agency, traits[i], json_boolean (flags && strstr (flags, traits[i])));
    }
    json_object_set_new (visit->values, "open", json_string (place ? "competence" : ""));
    json_object_set_new (visit->values, "place", json_string (place ? place : ""));
}

/* Is he logged in elsewhere, too? */
void page_account (struct visit *visit)
{
    json_object_set_new (
        visit->values, "others",
        json_boolean (json_array_size (json_object_get (visit->values, "sessions")) > 1));
}

/* Digests of attachments, one behind the other in hex, as a list. */
static void files_split (json_t *row, const char *key)
{
    const char *digests = json_string_value (json_object_get (row, key));
    json_t *files = json_array ();
    const size_t len = 2 * DIGEST_BYTES;

    for (size_t i = 0; digests && strlen (digests) >= (i + 1) * len && i < FILES_MOST; i++)
        json_array_append_new (
            files, json_pack ("{s:i, s:s%}", "n", (int) i + 1, "digest", digests + i * len, len));
    json_object_set_new (row, "files", files);
    json_object_del (row, key);
}

/* When a page was made, for what is printed of it. */
static void now_say (struct visit *visit)
{
    json_object_set_new (visit->values, "now", json_string (instant_text (wall_ms ())));
}

static unsigned personal_in (const json_t *row, const char *key)
{
    const char *text = json_string_value (json_object_get (row, key));
    return text ? personal_find (view_of (text)) : 0;
}

/* Why a case is held from the public, as far as its words tell: what in them looks like somebody's own data. */
static void held_say (struct visit *visit, json_t *found)
{
    static const unsigned kinds[] = {PERSONAL_NIK, PERSONAL_PHONE, PERSONAL_MAIL};
    json_t *row, *reasons;
    size_t at;
    unsigned holds = personal_in (found, "title") | personal_in (found, "body");

    /* a secret one is nobody's to read anyway, and of whose words are not shown nothing can be told */
    if (!json_is_true (json_object_get (found, "held")) ||
        json_is_true (json_object_get (found, "secret")) ||
        !json_is_string (json_object_get (found, "body")))
        return;
    reasons = json_array ();
    json_array_foreach (json_object_get (visit->values, "history"), at, row) {
        json_int_t kind = json_integer_value (json_object_get (row, "kind"));
        if (kind == STEP_progress || kind == STEP_answer || kind == STEP_close)
            holds |= personal_in (row, "text");
    }
    for (size_t i = 0; i < array_len (kinds); i++)
        if (holds & kinds[i])
            json_array_append_new (reasons, json_pack ("{s:i}", "what", (int) kinds[i]));
    if (!holds) /* it was staff who held it */
        json_array_append_new (reasons, json_pack ("{s:i}", "what", 0));
    json_object_set_new (found, "held_for", reasons);
}

void page_case (struct visit *visit)
{
    static const char *const clocks[][2] = {
        {"clock_verify", "verify"}, {"clock_first", "first"}, {"clock_resolve", "resolve"}};
    static const char *const acts[] = {"answer", "ask", "hand_back", "assign", "close", "permit"};
    json_t *found = json_object_get (visit->values, "case"), *row;
    const char *open = http_query (visit->request, "open"), *to = http_query (visit->request, "to"),
               *template = http_query (visit->request, "template");
    size_t at;

    files_split (found, "attachments");
    json_array_foreach (json_object_get (visit->values, "history"), at, row) {
        files_split (row, "attachments");
        json_object_set (visit->values, "older", json_object_get (row, "older"));
        json_object_del (row, "older");
    }
    held_say (visit, found);
    act_offer (visit);
    if (visit->api)
        return;
    now_say (visit);
    json_t *lasting = json_array (), *over = json_array ();
    json_array_foreach (json_object_get (visit->values, "permits"), at, row)
        json_array_append (json_is_true (json_object_get (row, "lasts")) ? lasting : over, row);
    json_object_set_new (visit->values, "permits", lasting);
    json_object_set_new (visit->values, "permits_over", over);
    json_object_set_new (found, "shared",
                         json_boolean (json_is_true (json_object_get (found, "permitting")) ||
                                       json_array_size (lasting) || json_array_size (over)));
    /* a clock that does not run is an empty list */
    for (size_t i = 0; i < array_len (clocks); i++) {
        json_t *clock = json_object_get (found, clocks[i][0]);
        json_object_set_new (found, clocks[i][1],
                             json_is_object (clock) ? json_pack ("[O]", clock) : json_array ());
    }
    json_t *offered = json_object_get (visit->values, "acts");
    json_object_set_new (visit->values, "writes",
                         json_boolean (json_object_get (offered, "answer") ||
                                       json_object_get (offered, "draft") ||
                                       json_object_get (offered, "progress")));
    /* one template, two forms: each names its fields' labels by its own word */
    json_object_set_new (visit->values, "once_verify", json_pack ("[s]", "verify"));
    json_object_set_new (visit->values, "once_correct", json_pack ("[s]", "correct"));
    /* the one that runs out first: verification, then the first answer, then the rest */
    for (size_t i = 0; i < array_len (clocks); i++) {
        json_t *clock = json_object_get (found, clocks[i][0]);
        bool runs = i == 0   ? json_integer_value (json_object_get (found, "state")) == 1
                    : i == 1 ? !json_is_true (json_object_get (found, "answered"))
                             : true;
        if (!json_is_object (clock) || !runs)
            continue;
        clock = json_copy (clock);
        json_object_set_new (clock, "clock", json_string (clocks[i][1]));
        json_object_set_new (found, "next", json_pack ("[o]", clock));
        break;
    }
    for (size_t i = 0; open && i < array_len (acts); i++)
        if (strcmp (open, acts[i]) == 0)
            json_object_set_new (visit->values, "open", json_string (open));
    json_object_set_new (visit->values, "to", json_string (to ? to : ""));
    json_array_foreach (json_object_get (visit->values, "templates"), at, row)
        if (template && atoll (template) == json_integer_value (json_object_get (row, "number"))) {
            json_object_set (visit->values, "template_text", json_object_get (row, "text"));
            json_object_set_new (visit->values, "open", json_string ("answer"));
        }
}
