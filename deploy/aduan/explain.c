/* explain.c - `aduan rules explain`: the decision about one complaint of the command line, or about each
 * of standard input's JSON lines, in their order. */
#include <stdlib.h>
#include <string.h>
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

static int explain_one (struct cli *cli, const struct basis *basis, uint32_t scope)
{
    struct question question;
    struct decision decision;
    const char *why;
    if (question_read (basis->registry, option_field, &cli->options, &question, &why) != 0)
        return complain (EX_USAGE, TEXT_field_wrong, "why", why, NULL);
    question.scope = scope;
    decide (&basis->routing, &question, &decision);
    if (cli->json)
        put_line (decision_json (basis, &decision));
    else
        decision_print (basis, &decision);
    return EX_OK;
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
                        const struct decision *decision)
{
    static const char *const names[] = {"id", "number"};
    json_t *row = decision_json (basis, decision);
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
            put_answer (basis, &record, &decision);
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
