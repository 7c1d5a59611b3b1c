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

/* What the blind lot gave when it was measured, once, before anything was changed for it. */
#define BLIND_FOUND 51
#define BLIND_TAKEN 5

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

static struct oversight_view look_in (const struct oversight *oversight, const char *sentence,
                                      unsigned known)
{
    text_read (&text, (struct view){"", 0}, view_of (sentence), (struct view){"", 0});
    return oversight_find (oversight, &text, known);
}

static struct oversight_view look (const char *sentence, unsigned known)
{
    return look_in (table, sentence, known);
}

static void test_sentences (void **state)
{
    size_t count[LOTS] = {0}, taken[LOTS] = {0};
    (void) state;
    for (size_t i = 0; i < array_len (told); i++) {
        const char *phrase = look (told[i].text, 0).phrase;
        bool expected = told[i].lot == MISCONDUCT || told[i].lot == BLIND_MISCONDUCT;
        count[told[i].lot]++;
        taken[told[i].lot] += phrase != NULL;
        if (expected != (phrase != NULL))
            printf ("%s: %s%s%s\n", expected ? "missed" : "taken", told[i].text, phrase ? ": " : "",
                    phrase ? phrase : "");
    }
    assert_true (count[MISCONDUCT] >= 120 && count[ORDINARY] >= 120);
    assert_int_equal (taken[MISCONDUCT], count[MISCONDUCT]);
    assert_int_equal (taken[ORDINARY], 0);
    assert_true (taken[BLIND_MISCONDUCT] >= BLIND_FOUND);
    assert_true (taken[BLIND_ORDINARY] <= BLIND_TAKEN);
}

/* ---- how the table is read ------------------------------------------------------------------- */

static struct oversight *small_table (void)
{
    static const char *const rows[][2] = {{"word", "pungli"},
                                          {"word", "pungutan liar"},
                                          {"word", "=menyuap"},
                                          {"deed", "setor lolos cpns|polisi"},
                                          {"act", "minta|tarik uang|fee"},
                                          {"act", "=tidak =pernah masuk"},
                                          {"act", "=dipalak"},
                                          {"actor", "petugas"},
                                          {"actor", "kepala desa"},
                                          {"actor-above", "inspektorat"},
                                          {"actor-province", "bupati"},
                                          {"actor-nation", "gubernur"},
                                          {"stranger", "preman"},
                                          {"stranger", "petugas parkir"},
                                          {"citizen", "warga"},
                                          {"sense", "uang kembali"},
                                          {"not", "=tidak"},
                                          {"not", "=tidak ada"},
                                          {"not", "bebas"},
                                          {"about", "cara lapor"},
                                          {"beside", "depan"},
                                          {"call", "lapor ke"},
                                          {"help", "tolong"}};
    struct oversight *small = oversight_new ();
    for (size_t i = 0; i < array_len (rows); i++)
        assert_int_equal (oversight_add (small, view_of (rows[i][0]), view_of (rows[i][1])), 0);
    oversight_know (small, view_of ("pungla menyuapi"));
    oversight_seal (small);
    return small;
}

/* What one table knows of a word is not remembered for another. */
static void test_words_remembered (void **state)
{
    (void) state;
    struct oversight *small = small_table (), *other = oversight_new ();
    assert_int_equal (oversight_add (other, view_of ("word"), view_of ("pungla")), 0);
    oversight_seal (other);
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal (look_in (small, "pugnli", 0).phrase, "pungli");
        assert_null (look_in (small, "pungla", 0).phrase);
        assert_string_equal (look_in (other, "pungla", 0).phrase, "pungla");
        assert_null (look_in (other, "pugnli", 0).phrase);
    }
    oversight_free (&small);
    oversight_free (&other);
}

static void test_reading (void **state)
{
    static const struct {
        const char *text, *phrase; /* NULL: no misconduct */
        unsigned accused;
    } cases[] = {
        {"ada pungli", "pungli", 0},
        {"punglinya pungli2", "pungli", 0},
        {"pugnli", "pungli", 0},
        {"pungla", NULL, 0}, /* the language knows it */
        {"pungutan yang liar", "pungutan liar", 0},
        {"pungutan2 liar", "pungutan liar", 0},
        {"pungutan sampah liar", NULL, 0},
        {"liar pungutan", NULL, 0},
        {"menyuap", "menyuap", 0},
        {"menyuapi", NULL, 0},
        {"lolos cpns harus setor", "setor lolos cpns", 0},
        {"setor. lolos cpns", NULL, 0},
        {"uang diminta petugas", "minta uang", ACCUSED_UNIT},
        {"petugas itu minta fee", "minta uang", ACCUSED_UNIT},
        {"minta uang", NULL, 0},
        {"minta satu dua tiga empat uang petugas", NULL, 0},
        {"petugas a b c d e f g h i j minta uang", NULL, 0},
        {"petugas di sini, minta uang", "minta uang", ACCUSED_UNIT},
        {"kepala desa minta uang", "minta uang", ACCUSED_UNIT},
        {"kepala baru desa minta uang", NULL, 0},
        {"preman minta uang petugas", NULL, 0},
        {"petugas minta uang preman", "minta uang", ACCUSED_UNIT},
        {"petugas dipalak preman", NULL, 0},
        {"preman dipalak petugas", "dipalak", ACCUSED_UNIT},
        {"warga minta uang ke petugas", "minta uang", ACCUSED_UNIT},
        {"warga minta uang petugas", NULL, 0},
        {"petugas parkir minta uang", NULL, 0},
        {"petugas minta uang kembali", NULL, 0},
        {"petugas tidak minta uang", NULL, 0},
        {"petugas minta kalau tidak minta uang", "minta uang", ACCUSED_UNIT},
        {"petugas tidak pernah masuk", "tidak pernah masuk", ACCUSED_UNIT},
        {"bebas pungli", NULL, 0},
        {"bebas dari segala pungli", NULL, 0},
        {"bebas. pungli", "pungli", 0},
        {"pungli di sini tidak ada", NULL, 0},
        {"pungli tidak ada yang tahu", "pungli", 0},
        {"cara lapor pungli", NULL, 0},
        {"cara lapor pungli petugas", "pungli", ACCUSED_UNIT},
        {"pungli preman", NULL, 0},
        {"pungli warga", "pungli", 0},
        {"depan petugas ada yang minta uang", NULL, 0},
        {"lapor ke petugas ada yang minta uang", NULL, 0},
        {"petugas tolong ada yang minta uang", NULL, 0},
        {"petugas. tolong ada yang minta uang", "minta uang", ACCUSED_UNIT},
        {"bupati dan inspektorat minta uang", "minta uang", ACCUSED_PROVINCE | ACCUSED_ABOVE},
        {"pungli oleh gubernur", "pungli", ACCUSED_NATION},
        {"", NULL, 0},
    };
    struct oversight *small = small_table ();
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct oversight_view view = look_in (small, cases[i].text, 0);
        if (!view.phrase != !cases[i].phrase || view.accused != cases[i].accused ||
            (view.phrase && strcmp (view.phrase, cases[i].phrase) != 0))
            fail_msg ("%s: %s, %x", cases[i].text, view.phrase ? view.phrase : "nothing",
                      view.accused);
    }
    assert_null (look_in (small, "ada pungli", OVERSIGHT_ASKED).phrase);
    assert_non_null (look_in (small, "petugas pungli", OVERSIGHT_ASKED).phrase);
    assert_non_null (look_in (small, "minta uang lagi", OVERSIGHT_NAMED).phrase);
    assert_null (look_in (small, "preman minta uang lagi", OVERSIGHT_NAMED).phrase);
    assert_null (look_in (small, "tidak minta uang lagi", OVERSIGHT_NAMED).phrase);
    oversight_free (&small);
}

/* All words count, up to the last that a text has; the same text twice gives the same. */
static void test_last_word (void **state)
{
    struct oversight *small = small_table ();
    struct buffer long_text = {0};
    (void) state;
    for (unsigned i = 0; i < TEXT_WORDS_MOST - 3; i++)
        buffer_add (&long_text, "jalan ", 6);
    buffer_add (&long_text, "petugas minta uang", 19);
    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal (look_in (small, long_text.at, 0).phrase, "minta uang");
        assert_int_equal (text.count, TEXT_WORDS_MOST);
        assert_null (look_in (small, "minta. uang petugas", 0).phrase);
    }
    buffer_free (&long_text);
    oversight_free (&small);
}

static void test_faults (void **state)
{
    struct oversight *small = oversight_new ();
    (void) state;
    assert_int_equal (oversight_add (small, view_of ("verb"), view_of ("minta")), FAIL_MALFORMED);
    assert_int_equal (oversight_add (small, view_of ("act"), view_of ("minta|p3k uang")),
                      FAIL_MALFORMED);
    assert_int_equal (oversight_add (small, view_of ("act"), view_of ("- ")), FAIL_EMPTY);
    assert_int_equal (oversight_add (small, view_of ("word"), view_of ("a b c d e f g h i")),
                      FAIL_TOO_LONG);
    oversight_seal (small);
    assert_null (look_in (small, "pungli", 0).phrase);
    oversight_free (&small);
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
        if (!look (garbs[i], 0).phrase)
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
        cmocka_unit_test (test_sentences),        cmocka_unit_test (test_reading),
        cmocka_unit_test (test_words_remembered), cmocka_unit_test (test_last_word),
        cmocka_unit_test (test_faults),           cmocka_unit_test (test_disguised),
    };
    return cmocka_run_group_tests (tests, set_up, tear_down);
}
