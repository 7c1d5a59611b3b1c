/* test_oversight.c - the table that goes into the registry, on sentences of our own, and how it is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "decide/oversight.h"

enum lot { MISCONDUCT, ORDINARY, BLIND_MISCONDUCT, BLIND_ORDINARY, LOTS };

static const struct told {
    enum lot lot;
    const char *text;
} told[] = {
#define TOLD(lot, text) {lot, text},
#include "oversight_sentences.def"
#undef TOLD
};

static struct oversight *table;
static struct text text;

static void add_line (char *line)
{
    char *kind = strchr (line, '\t');
    if (line[0] == '#' || strcmp (line, "phrase\tkind\n") == 0)
        return;
    assert_non_null (kind);
    *kind++ = 0;
    kind[strcspn (kind, "\n")] = 0;
    if (oversight_add (table, view_of (kind), view_of (line)) != 0)
        fail_msg ("%s: %s", kind, line);
}

/* The table of deploy/registry, and some words that the mandates know. */
static int set_up (void **state)
{
    (void) state;
    FILE *file = fopen (OVERSIGHT_TABLE, "r");
    char *line = NULL;
    size_t room = 0;
    if (!file)
        return 1;
    table = oversight_new ();
    while (getline (&line, &room, file) > 0)
        add_line (line);
    free (line);
    fclose (file);
    oversight_know (table, view_of ("klarifikasi persen kurban"));
    oversight_seal (table);
    return 0;
}

static int tear_down (void **state)
{
    (void) state;
    oversight_free (&table);
    text_free (&text);
    return 0;
}

static struct oversight_view look (const char *sentence, bool asked)
{
    text_read (&text, (struct view){"", 0}, view_of (sentence), (struct view){"", 0});
    return oversight_find (table, &text, asked);
}

static void test_sentences (void **state)
{
    size_t count[LOTS] = {0}, taken[LOTS] = {0};
    (void) state;
    for (size_t i = 0; i < array_len (told); i++) {
        const char *phrase = look (told[i].text, false).phrase;
        bool expected = told[i].lot == MISCONDUCT || told[i].lot == BLIND_MISCONDUCT;
        count[told[i].lot]++;
        taken[told[i].lot] += phrase != NULL;
        if (expected != (phrase != NULL))
            printf ("%s: %s%s%s\n", expected ? "missed" : "taken", told[i].text, phrase ? ": " : "",
                    phrase ? phrase : "");
    }
    for (enum lot lot = 0; lot < LOTS; lot++)
        printf ("lot %u: %zu of %zu taken for misconduct\n", lot, taken[lot], count[lot]);
}

/* Letters in other garb are the letters. */
static void test_disguised (void **state)
{
    static const char *const garbs[] = {
        "\uff30\uff35\uff2e\uff27\uff2c\uff29",                         /* fullwidth */
        "\U0001d429\U0001d42e\U0001d427\U0001d420\U0001d425\U0001d422", /* mathematical */
        "\u24c5\u24e4\u24dd\u24d6\u24db\u24d8",                         /* circled */
        "p\u00fangl\u00ed",                                             /* with marks */
        "pu\u0301ng\u200bli", /* a mark of its own, no width */
        "pungli\u2122",
        "PUNGLI\uff0ckorupsi",
    };
    (void) state;
    for (size_t i = 0; i < array_len (garbs); i++) {
        if (!look (garbs[i], false).phrase)
            fail_msg ("%s", garbs[i]);
        assert_int_equal (text.words[0].form, text_hash ("pungli", 6));
    }
    assert_true (text.count == 2 && text.words[1].flags & WORD_BREAK);
    assert_true (text.words[0].flags & WORD_CAPITAL);
    text_read (&text, view_of ("\uff11\uff12 \u00bd \U0001f600"), (struct view){"", 0},
               (struct view){"", 0});
    assert_int_equal (text.count, 3); /* 12, 1, 2 */
    assert_true (text.words[0].flags & WORD_NUMBER && text.words[2].flags & WORD_NUMBER);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_sentences),
        cmocka_unit_test (test_disguised),
    };
    return cmocka_run_group_tests (tests, set_up, tear_down);
}
