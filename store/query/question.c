/* question.c - from an `ask` to a prepared statement and its parameters.  Pure but for memory.
 *
 * Called by query.c.  Arguments become text parameters, always bound and never pasted into SQL; each
 * statement casts them itself, so a number that is none is the server's refusal and nothing else.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "query.h"

const struct db_statement query_statements[] = {
#define SQL_STATEMENT(name, parameters, text) {#name, parameters, text},
#include "read.def"
#undef SQL_STATEMENT
};
const unsigned query_statements_len = array_len (query_statements);

int query_find (struct view name)
{
    static const char prefix[] = "read_";
    size_t skip = sizeof prefix - 1;

    if (name.len > skip && memcmp (name.at, prefix, skip) == 0)
        name = (struct view){name.at + skip, name.len - skip};
    for (unsigned i = 0; i < query_statements_len; i++)
        if (view_is (name, query_statements[i].name + skip))
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
    else if (json_array_size (list) != (size_t) query_statements[question->statement].parameters)
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
    free (question);
}
