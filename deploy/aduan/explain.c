/* explain.c - `aduan rules explain`: the decision about one complaint of the command line, or about each
 * of standard input's JSON lines, in their order. */
#include <stdlib.h>
#include <string.h>
#include "codes.h"
#include "question.h"
#include "record.h"
#include "rules.h"

static bool option_field (void *from, const char *name, struct view *ret)
{
    const char *value = option (from, name);
    if (value)
        *ret = view_of (value);
    return value != NULL;
}

/* The number of --scope, 0: not said.  0, or EX_USAGE. */
static int scope_of (const struct cli *cli, const struct registry *registry, uint32_t *ret)
{
    const char *code = option (&cli->options, "scope");
    const struct agency *agency = code ? registry_agency_by_code (registry, view_of (code)) : NULL;
    *ret = agency ? agency->number : 0;
    if (code && !agency)
        return complain (EX_USAGE, TEXT_no_such_agency, "code", code, NULL);
    return 0;
}

static int not_understood (const char *why)
{
    bool named = strncmp (why, "place", 5) == 0 || strncmp (why, "category", 8) == 0;
    return complain (EX_USAGE, named ? TEXT_field_unknown : TEXT_field_wrong, "why", why, NULL);
}

/* What a name that is no code may be: its place, else a complaint that lists some. */
static int place_by_name (const struct codes *codes, const struct registry *registry,
                          struct place *found, struct view *place)
{
    static const struct view none = {"", 0};
    struct text text = {0};
    struct buffer may = {0};
    const char *name = log_text (place->at, place->len);
    text_read (&text, none, none, *place);
    place_find (registry_gazetteer (registry), &text, none, found);
    text_free (&text);
    if (found->sure == PLACE_SURE && !strspn (place->at, "0123456789")) {
        *place = view_of (found->code);
        return 0;
    }
    for (size_t i = 0; i < array_len (found->candidates) && found->candidates[i][0]; i++) {
        buffer_format (&may, "\n  %-14s ", found->candidates[i]);
        codes_put_place (codes, view_of (found->candidates[i]), &may);
    }
    if (!may.len)
        codes_put_named (codes, *place, &may);
    buffer_add (&may, "", 1);
    int status = complain (EX_USAGE, may.len > 1 ? TEXT_place_of_several : TEXT_place_unknown,
                           "place", name, "may", may.at, NULL);
    buffer_free (&may);
    return status;
}

static void print_one (const struct codes *codes, const struct basis *basis,
                       const struct decision *decision)
{
    struct buffer name = {0};
    codes_put_place (codes, view_of (decision->region), &name);
    buffer_add (&name, "", 1);
    decision_print (basis, decision, name.at);
    buffer_free (&name);
}

static int explain_question (struct cli *cli, const struct basis *basis, const struct codes *codes,
                             uint32_t scope)
{
    struct question question;
    struct decision decision;
    struct place found;
    const char *why;
    if (question_read (basis->registry, option_field, &cli->options, &question, &why) != 0)
        return not_understood (why);
    const char *unknown = question_unknown (basis->registry, &question);
    if (unknown && strcmp (unknown, "place") == 0) {
        int status = place_by_name (codes, basis->registry, &found, &question.place);
        if (status != 0)
            return status;
        unknown = question_unknown (basis->registry, &question);
    }
    if (unknown) {
        char *text = xformat ("%s: \"%s\"", unknown, option (&cli->options, unknown));
        int status = not_understood (text);
        free (text);
        return status;
    }
    if (!question.received)
        question.received = wall_ms ();
    question.scope = scope;
    decide (&basis->routing, &question, &decision);
    if (cli->json) {
        put_line (decision_json (basis, &decision));
    } else {
        print_one (codes, basis, &decision);
        thresholds_print (cli, basis);
    }
    return EX_OK;
}

static int explain_one (struct cli *cli, const struct basis *basis, uint32_t scope)
{
    struct codes codes;
    int status = codes_read (cli, &codes);
    if (status == 0) {
        status = explain_question (cli, basis, &codes, scope);
        codes_free (&codes);
    }
    return status;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool record_field (void *from, const char *name, struct view *ret)
{
    return record_value (from, name, ret);
}

static const char *unread_field (const struct record *record)
{
    static const char *const names[] = {"title",     "text",     "location", "place",    "target",
                                        "class",     "channel",  "priority", "category", "latitude",
                                        "longitude", "received", "refusers", "suggested"};
    for (size_t i = 0; i < array_len (names); i++)
        if (!record_is_plain (record, names[i]))
            return names[i];
    return NULL;
}

const char *record_question (const struct registry *registry, struct record *record,
                             struct question *ret)
{
    const char *why = record->fault, *unread = why ? NULL : unread_field (record);
    static char text[64];
    if (unread) {
        snprintf (text, sizeof text, "%s: a list or an object", unread);
        why = text;
    }
    if (!why)
        question_read (registry, record_field, record, ret, &why);
    return why;
}

static void put_error (const struct record *record, const char *why)
{
    put_line (json_pack ("{s:I, s:s}", "line", (json_int_t) record->line, "error", why));
}

/* Whose answer it is: `id` or `number` come back as they came. */
static void put_answer (const struct basis *basis, const struct record *record,
                        const struct question *question, const struct decision *decision)
{
    static const char *const names[] = {"id", "number"};
    json_t *row = decision_json (basis, decision);
    const char *unknown = question_unknown (basis->registry, question);
    if (unknown)
        json_object_set_new (row, "unknown", json_string (unknown));
    for (size_t i = 0; i < array_len (names); i++)
        if (record_json (record, names[i]))
            json_object_set (row, names[i], record_json (record, names[i]));
    put_line (row);
}

static int explain_lines (const struct basis *basis, uint32_t scope)
{
    struct reader *reader;
    struct record record;
    struct decision decision;
    struct question question;
    const char *problem;
    bool failed = false, faulty = false;
    if (reader_open (stdin, "-", RECORD_JSON, 0, &reader, &problem) != 0)
        return complain (EX_DATAERR, TEXT_input_faulty, "path", "-", "why", problem, NULL);
    while (reader_next (reader, &record, &failed)) {
        const char *why = record_question (basis->registry, &record, &question);
        faulty = faulty || why;
        question.scope = scope;
        if (why) {
            put_error (&record, why);
        } else {
            decide (&basis->routing, &question, &decision);
            put_answer (basis, &record, &question, &decision);
        }
        fflush (stdout); /* whoever asks by a pipe waits for it */
        record_done (&record);
    }
    reader_close (&reader);
    if (failed)
        return complain (EX_IOERR, TEXT_cannot_read, "path", "-", "why", "", NULL);
    return faulty ? EX_DATAERR : EX_OK;
}

/* Is something said of a complaint? */
static bool describes (const struct cli *cli)
{
    static const char *const names[] = {"text", "title", "location", "place", "category", "target"};
    for (size_t i = 0; i < array_len (names); i++)
        if (option (&cli->options, names[i]))
            return true;
    return false;
}

int rules_explain (struct cli *cli)
{
    struct basis basis;
    uint32_t scope;
    bool one = describes (cli);
    if (!one && !cli->json)
        return complain (EX_USAGE, TEXT_explain_which, NULL);
    int status = basis_load (cli, BASIS_RULES | BASIS_MODEL, NULL, &basis);
    if (status != 0)
        return status;
    status = scope_of (cli, basis.registry, &scope);
    if (status == 0)
        status = one ? explain_one (cli, &basis, scope) : explain_lines (&basis, scope);
    basis_free (&basis);
    return status;
}
