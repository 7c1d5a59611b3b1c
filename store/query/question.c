/* question.c - from an `ask` to a prepared statement and its parameters.  Pure but for memory.
 *
 * Called by query.c.  Arguments become text parameters, always bound and never pasted into SQL; each
 * statement casts them itself, so a number that is none is the server's refusal and nothing else.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "query.h"

static const struct db_statement read_statements[] = {
#define SQL_STATEMENT(name, parameters, text) {#name, parameters, text},
#include "read.def"
#undef SQL_STATEMENT
};

static const struct db_statement desk_statements[] = {
    {"session", 1, "select set_config ('aduan.session', $1::text, true)"},
#define SQL_STATEMENT(name, parameters, text) {#name, parameters, text},
#include "desk.def"
#undef SQL_STATEMENT
};

static const struct db_statement web_statements[] = {
#define SQL_STATEMENT(name, parameters, text) {#name, parameters, text},
#include "web.def"
#undef SQL_STATEMENT
};

const struct query_names query_names[POOLS] = {
    [POOL_READ] = {"read_", read_statements, array_len (read_statements), 0},
    [POOL_DESK] = {"desk_", desk_statements, array_len (desk_statements), 1},
    [POOL_WEB] = {"web_", web_statements, array_len (web_statements), 0},
};

int query_find (const struct query_names *names, struct view name)
{
    size_t skip = strlen (names->prefix);

    if (name.len > skip && memcmp (name.at, names->prefix, skip) == 0)
        name = (struct view){name.at + skip, name.len - skip};
    for (unsigned i = names->first; i < names->count; i++)
        if (view_is (name, names->statements[i].name + skip))
            return (int) i;
    return -1;
}

const char *question_arguments (struct question *question, struct view arguments)
{
    const char *fault = NULL;
    size_t at;
    json_t *value;

    json_t *list = json_loadb (arguments.at, arguments.len, 0, NULL); /* refuses \u0000 by itself */
    if (!json_is_array (list))
        fault = "the arguments are not a JSON array of strings";
    else if (json_array_size (list) !=
             (size_t) question->pool->names->statements[question->statement].parameters)
        fault = "another number of arguments than the query has";
    else
        json_array_foreach (list, at, value) {
            if (json_is_string (value))
                question->arguments[at] = xstrdup (json_string_value (value));
            else if (!json_is_null (value))
                fault = "an argument is not a string";
            question->count = (unsigned) at + 1;
        }
    json_decref (list);
    return fault;
}

void question_free (struct question *question)
{
    for (unsigned i = 0; i < question->count; i++)
        free (question->arguments[i]);
    sodium_memzero (question->session, sizeof question->session);
    free (question);
}
