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
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        int found = query_find (cases[i].name);
        if (!cases[i].found)
            assert_int_equal (found, -1);
        else
            assert_string_equal (query_statements[found].name, cases[i].found);
    }
}

/* Every statement that is compiled in begins with `select` and holds no word that writes. */
static void test_reads_only (void **state)
{
    static const char *const words[] = {"insert", "update", "delete", "truncate", "drop", "alter",
                                        "create", "grant",  "copy",   "call",     "do",   "lock"};

    (void) state;
    assert_true (query_statements_len >= 6);
    for (unsigned i = 0; i < query_statements_len; i++) {
        const char *text = query_statements[i].text;
        assert_int_equal (strncmp (query_statements[i].name, "read_", 5), 0);
        assert_int_equal (strncmp (text, "select", 6), 0);
        assert_null (strchr (text, ';'));
        for (size_t w = 0; w < array_len (words); w++)
            for (const char *at = strstr (text, words[w]); at; at = strstr (at + 1, words[w])) {
                unsigned char after = (unsigned char) at[strlen (words[w])];
                bool whole = at > text && !isalnum ((unsigned char) at[-1]) && at[-1] != '_' &&
                             !isalnum (after) && after != '_';
                if (whole)
                    fail_msg ("%s holds %s", query_statements[i].name, words[w]);
            }
        /* what is sealed is never named */
        assert_null (strstr (text, "seal"));
        assert_null (strstr (text, "contact"));
        assert_null (strstr (text, "code_hash"));
    }
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
        struct question *question = xcalloc (1, sizeof *question);
        question->statement = (unsigned) query_find (view_of (cases[i].query));
        const char *fault = question_arguments (question, cases[i].arguments);
        if ((fault == NULL) != (cases[i].first != NULL))
            fail_msg ("case %zu: %s", i, fault ? fault : "was taken");
        if (cases[i].first)
            assert_string_equal (question->arguments[0], cases[i].first);
        question_free (question);
    }
    struct question *question = xcalloc (1, sizeof *question);
    question->statement = (unsigned) query_find (view_of ("counts"));
    assert_null (question_arguments (question, view_of ("[]")));
    question_free (question);
    question = xcalloc (1, sizeof *question);
    question->statement = (unsigned) query_find (view_of ("track"));
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
