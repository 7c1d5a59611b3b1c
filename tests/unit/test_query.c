/* test_query.c - names and arguments of questions; what is compiled into aduan-query only reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "query.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof (literal) - 1                                                              \
    }

static void test_find (void **state)
{
    static const struct {
        struct view name;
        const char *found; /* NULL: no such query */
    } cases[] = {
        {TEXT ("track"), "read_track"},
        {TEXT ("read_track"), "read_track"},
        {TEXT ("read_read_track"), NULL},
        {TEXT ("counts"), "read_counts"},
        {TEXT (""), NULL},
        {TEXT ("read_"), NULL},
        {TEXT ("place_complaints"), NULL},
        {TEXT ("track\0"), NULL},
        {TEXT ("Track"), NULL},
        {TEXT ("track;drop table complaint"), NULL},
        {TEXT ("me"), NULL},
    };
    const struct query_names *reads = &query_names[POOL_READ], *desk = &query_names[POOL_DESK];

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        int found = query_find (reads, cases[i].name);
        if (!cases[i].found)
            assert_int_equal (found, -1);
        else
            assert_string_equal (reads->statements[found].name, cases[i].found);
    }
    /* people's queries are their own, and what takes the session is none */
    assert_int_equal (query_find (desk, view_of ("track")), -1);
    assert_int_equal (query_find (desk, view_of ("session")), -1);
    assert_int_equal (query_find (desk, view_of ("ion")), -1);
    assert_string_equal (desk->statements[query_find (desk, view_of ("me"))].name, "desk_me");
}

/* Every statement that is compiled in begins with `select`, or names parts of itself first, and holds no word that
 * writes. */
static void reads_only (const char *prefix, const struct db_statement *statement)
{
    static const char *const words[] = {"insert", "update", "delete", "truncate", "drop", "alter",
                                        "create", "grant",  "copy",   "call",     "do",   "lock"};
    const char *text = statement->text;

    assert_int_equal (strncmp (statement->name, prefix, strlen (prefix)), 0);
    assert_true (strncmp (text, "select", 6) == 0 || strncmp (text, "with ", 5) == 0);
    assert_null (strchr (text, ';'));
    for (size_t w = 0; w < array_len (words); w++)
        for (const char *at = strstr (text, words[w]); at; at = strstr (at + 1, words[w])) {
            unsigned char after = (unsigned char) at[strlen (words[w])];
            bool whole = at > text && !isalnum ((unsigned char) at[-1]) && at[-1] != '_' &&
                         !isalnum (after) && after != '_';
            if (whole)
                fail_msg ("%s holds %s", statement->name, words[w]);
        }
    /* what is sealed is never named */
    assert_null (strstr (text, "seal"));
    if (strcmp (statement->name, "desk_contact") != 0) /* when one wants news oneself: no address */
        assert_null (strstr (text, "contact"));
    assert_null (strstr (text, "code_hash"));
}

static void test_reads_only (void **state)
{
    (void) state;
    assert_true (query_names[POOL_READ].count >= 6);
    for (unsigned k = 0; k < POOLS; k++)
        for (unsigned i = query_names[k].first; i < query_names[k].count; i++)
            reads_only (query_names[k].prefix, &query_names[k].statements[i]);
}

/* An empty question about a query. */
static struct question *about (const char *query)
{
    static struct pool pool = {.names = &query_names[POOL_READ]};
    struct question *question = xcalloc (1, sizeof *question);
    question->pool = &pool;
    question->statement = (unsigned) query_find (pool.names, view_of (query));
    return question;
}

static void test_arguments (void **state)
{
    static const struct {
        const char *query;
        struct view arguments;
        const char *first; /* NULL: refused */
    } cases[] = {
        {"track", TEXT ("[\"A0123456789ABC\"]"), "A0123456789ABC"},
        {"track", TEXT ("[\"\"]"), ""},
        {"track", TEXT ("[\"' or 1=1 --\"]"), "' or 1=1 --"},
        {"track", TEXT ("[]"), NULL},
        {"track", TEXT ("[\"a\",\"b\"]"), NULL},
        {"track", TEXT ("[1]"), NULL},
        {"track", TEXT ("[[\"a\"]]"), NULL},
        {"track", TEXT ("{\"a\":\"b\"}"), NULL},
        {"track", TEXT ("\"a\""), NULL},
        {"track", TEXT (""), NULL},
        {"track", TEXT ("[\"a\"] x"), NULL},
        {"track", TEXT ("[\"a\\u0000b\"]"), NULL},
        {"track", TEXT ("[\"a\0b\"]"), NULL},
        {"track", TEXT ("[\"\xff\"]"), NULL},
        {"counts", TEXT ("[\"a\"]"), NULL},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct question *question = about (cases[i].query);
        const char *fault = question_arguments (question, cases[i].arguments);
        if ((fault == NULL) != (cases[i].first != NULL))
            fail_msg ("case %zu: %s", i, fault ? fault : "was taken");
        if (cases[i].first)
            assert_string_equal (question->arguments[0], cases[i].first);
        question_free (question);
    }
    struct question *question = about ("counts");
    assert_null (question_arguments (question, view_of ("[]")));
    question_free (question);
    question = about ("track");
    assert_null (question_arguments (question, view_of ("[null]")));
    assert_null (question->arguments[0]);
    question_free (question);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_find),
        cmocka_unit_test (test_reads_only),
        cmocka_unit_test (test_arguments),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
