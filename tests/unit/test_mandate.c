/* test_mandate.c - how phrases of mandates are found and weighed, each rule on a vocabulary of its own; texts
 * of the longest and strangest kind end with a decision all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "decide/mandate.h"
#include "decide/slip.h"

enum { ROADS = 1, HEALTH, TRAFFIC, SCHOOLS };

struct line {
    uint16_t function;
    int weight;
    const char *phrase;
};

static struct text text;
static struct mandate_view views[MANDATE_VIEWS];
static float sure;

static struct mandates *learned (const struct line *lines, size_t count)
{
    struct mandates *mandates = mandates_new ();
    for (size_t i = 0; i < count; i++)
        assert_int_equal (mandates_add (mandates, (struct duty){.function = lines[i].function},
                                        view_of (lines[i].phrase), lines[i].weight, 0),
                          0);
    mandates_seal (mandates);
    return mandates;
}

static size_t look (const struct mandates *mandates, const char *words)
{
    text_read (&text, view_of (""), view_of (words), view_of (""));
    return mandates_score (mandates, &text, views, &sure);
}

/* The score of a duty in the last text; 0: it has none. */
static float score_of (uint16_t function, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (views[i].duty.function == function)
            return views[i].score;
    return 0;
}

static float score (const struct mandates *mandates, uint16_t function, const char *words)
{
    return score_of (function, look (mandates, words));
}

#define LEARN(...)                                                                                 \
    static const struct line lines[] = {__VA_ARGS__};                                              \
    struct mandates *mandates = learned (lines, array_len (lines))

static void test_stem_and_spelling (void **state)
{
    (void) state;
    LEARN ({ROADS, 100, "lubang"}, {HEALTH, 100, "=pengadaan"});
    assert_float_equal (score (mandates, ROADS, "ada lubang"), 100, 0.01);
    assert_float_equal (score (mandates, ROADS, "jalan berlubang"), 100, 0.01);
    assert_float_equal (score (mandates, ROADS, "lobangnya gede"), 100, 0.01);
    assert_float_equal (score (mandates, HEALTH, "tidak ada"), 0, 0);
    assert_float_equal (score (mandates, HEALTH, "pengadaan alat"), 100, 0.01);
    assert_float_equal (score (mandates, HEALTH, "pengadaannya"), 100, 0.01);
    mandates_free (&mandates);
}

/* Roots behind prefixes that take their first letter, and spoken affixes. */
static void test_roots (void **state)
{
    (void) state;
    LEARN ({ROADS, 100, "tebang"}, {HEALTH, 100, "keluh"}, {TRAFFIC, 100, "nilai"},
           {SCHOOLS, 100, "atur"});
    static const struct {
        uint16_t function;
        const char *word;
    } cases[] = {{ROADS, "menebang"},   {ROADS, "penebangan"}, {ROADS, "ditebang"},
                 {ROADS, "ditebangin"}, {HEALTH, "mengeluh"},  {HEALTH, "mengeluhkan"},
                 {HEALTH, "ngeluh"},    {TRAFFIC, "menilai"},  {SCHOOLS, "ngatur"},
                 {SCHOOLS, "diaturin"}};
    for (size_t i = 0; i < array_len (cases); i++)
        if (score (mandates, cases[i].function, cases[i].word) < 99)
            fail_msg ("%s", cases[i].word);
    assert_float_equal (score (mandates, HEALTH, "mengeluarkan"), 0, 0);
    mandates_free (&mandates);
}

static void test_parts_near_one_another (void **state)
{
    (void) state;
    LEARN ({ROADS, 100, "aspal rusak"}, {SCHOOLS, 100, "kepala-sekolah"});
    float together = score (mandates, ROADS, "aspal rusak");
    float apart = score (mandates, ROADS, "aspal di sini rusak");
    float turned = score (mandates, ROADS, "rusak aspal");
    float parted = score (mandates, ROADS, "aspal sini. Sudah rusak");
    assert_float_equal (together, 100, 0.01);
    assert_true (apart < together && apart > 0);
    assert_true (turned < together && turned > 0);
    assert_true (parted < apart && parted > 0);
    assert_float_equal (score (mandates, ROADS, "aspal a b c d e f g h rusak"), 0, 0);
    assert_float_equal (score (mandates, ROADS, "aspal"), 0, 0);
    assert_float_equal (score (mandates, SCHOOLS, "kepala sekolah"), 100, 0.01);
    assert_float_equal (score (mandates, SCHOOLS, "sekolah kepala"), 0, 0);
    assert_float_equal (score (mandates, SCHOOLS, "kepala dari sekolah"), 0, 0);
    mandates_free (&mandates);
}

static void test_longer_phrase_wins (void **state)
{
    (void) state;
    LEARN ({ROADS, 60, "lampu"}, {TRAFFIC, 100, "lampu merah"});
    size_t count = look (mandates, "lampu merah mati");
    assert_int_equal (count, 2);
    assert_int_equal (views[0].duty.function, TRAFFIC);
    assert_string_equal (views[0].phrase, "lampu merah");
    assert_true (views[1].score < 60 / 2);
    assert_float_equal (views[0].share + views[1].share, 1, 0.001);
    assert_float_equal (score (mandates, ROADS, "lampu mati"), 60, 0.01);
    mandates_free (&mandates);
}

static void test_a_word_counts_once (void **state)
{
    (void) state;
    LEARN ({ROADS, 80, "jalan rusak"}, {ROADS, 80, "jalan parah"}, {HEALTH, 50, "obat"},
           {TRAFFIC, 30, "macet"});
    float both = score (mandates, ROADS, "jalan rusak parah");
    assert_true (both > 80 && both < 130); /* "jalan" is in both phrases */
    float once = score (mandates, HEALTH, "obat"),
          thrice = score (mandates, HEALTH, "obat obat obat"),
          often = score (mandates, HEALTH, "obat obat obat obat obat obat obat obat");
    assert_true (thrice > once && thrice < 2 * once);
    assert_float_equal (often, thrice, 0.01);
    mandates_free (&mandates);
}

static void test_what_speaks_against (void **state)
{
    (void) state;
    LEARN ({HEALTH, 60, "air"}, {HEALTH, -40, "air-hujan"}, {ROADS, 20, "hujan"});
    assert_float_equal (score (mandates, HEALTH, "air"), 60, 0.01);
    assert_true (score (mandates, HEALTH, "air hujan") < 60 - 40);
    mandates_free (&mandates);
}

static void test_where_is_not_what (void **state)
{
    (void) state;
    LEARN ({HEALTH, 100, "puskesmas"}, {ROADS, 80, "jalan rusak"}, {SCHOOLS, 40, "nik"});
    size_t count = look (mandates, "depan puskesmas jalan rusak");
    assert_int_equal (views[0].duty.function, ROADS);
    assert_true (score_of (HEALTH, count) < 50);
    assert_true (score (mandates, HEALTH, "desa puskesmas") < 60);
    assert_float_equal (score (mandates, SCHOOLS, "nik salah"), 40, 0.01);
    assert_true (score (mandates, SCHOOLS, "nik 3374010203040005") < 20);
    assert_float_equal (score (mandates, SCHOOLS, "nik 12"), 40, 0.01);
    mandates_free (&mandates);
}

static void test_slips (void **state)
{
    (void) state;
    LEARN ({HEALTH, 100, "imunisasi"}, {ROADS, 100, "sampah"}, {SCHOOLS, 30, "susah"});
    static const char *const slips[] = {"imunsasi", "imunissasi", "imnuisasi", "imunisari",
                                        "iminisasi"};
    for (size_t i = 0; i < array_len (slips); i++) {
        float found = score (mandates, HEALTH, slips[i]);
        assert_true (found > 0 && found < 100);
    }
    assert_true (score (mandates, ROADS, "smpah") > 0);
    assert_float_equal (score (mandates, ROADS, "sampai"), 0, 0); /* a word of its own */
    assert_float_equal (score (mandates, SCHOOLS, "sudah"), 0, 0);
    assert_float_equal (score (mandates, HEALTH, "imonisari"), 0, 0);            /* two letters */
    assert_float_equal (score (mandates, HEALTH, "Pak Imunisari datang"), 0, 0); /* a name */
    mandates_free (&mandates);
}

/* What one vocabulary knows of a word is not remembered for another, nor what a name hides for what is none. */
static void test_words_remembered (void **state)
{
    (void) state;
    LEARN ({HEALTH, 100, "imunisasi"});
    struct mandates *others = learned ((const struct line[]){{ROADS, 100, "imunsasi"}}, 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_float_equal (score (mandates, HEALTH, "Pak Imunsasi datang"), 0, 0);
        float slip = score (mandates, HEALTH, "imunsasi");
        assert_true (slip > 0 && slip < 100);
        assert_float_equal (score (others, ROADS, "imunsasi"), 100, 0.01);
        assert_float_equal (score (others, HEALTH, "imunsasi"), 0, 0);
    }
    mandates_free (&others);
    mandates_free (&mandates);
}

static void test_nearest_word (void **state)
{
    (void) state;
    struct slips *slips = slips_new ();
    slips_add (slips, view_of ("perbaikan"), 1);
    slips_add (slips, view_of ("perbaiki"), 2);
    slips_add (slips, view_of ("marka"), 3);
    slips_add (slips, view_of ("marak"), 0);
    slips_add (slips, view_of ("pasar"), 4);
    slips_add (slips, view_of ("pesar"), 5);
    slips_add (slips, view_of ("kecil"), 6);
    slips_add (slips, view_of ("kecil"), 0); /* the value stands */
    slips_add (slips, view_of ("jl"), 7);
    slips_seal (slips);
    assert_int_equal (slips_find (slips, view_of ("perbaikkan")), 1);
    assert_int_equal (slips_find (slips, view_of ("perbaiki")), 0);
    assert_int_equal (slips_find (slips, view_of ("perbaikin")), 2);
    assert_int_equal (slips_find (slips, view_of ("marak")), 0);
    assert_int_equal (slips_find (slips, view_of ("psar")), 0); /* too short, and two are as near */
    assert_int_equal (slips_find (slips, view_of ("psaar")), 4);
    assert_int_equal (slips_find (slips, view_of ("kecill")), 6);
    assert_int_equal (slips_find (slips, view_of ("jll")), 0);
    assert_int_equal (slips_find (slips, view_of ("asarp")), 0);
    assert_int_equal (slips_find (slips, view_of ("zzzzzzzzzzzzzzzzzzzzz")), 0);
    assert_int_equal (slips_find (slips, view_of ("z")), 0);
    assert_int_equal (slips_find (slips, view_of ("")), 0);
    slips_free (&slips);
    assert_null (slips);
}

static void test_sure (void **state)
{
    (void) state;
    LEARN ({ROADS, 100, "aspal"}, {ROADS, 100, "lubang"}, {ROADS, 100, "drainase"},
           {HEALTH, 90, "obat"}, {TRAFFIC, 20, "motor"});
    look (mandates, "aspal lubang drainase");
    float alone = sure;
    look (mandates, "aspal lubang drainase obat");
    float beside = sure;
    look (mandates, "aspal obat");
    float close = sure;
    look (mandates, "motor");
    float weak = sure;
    assert_true (alone > beside && beside > close && close > 0.5f && alone <= 1);
    assert_true (weak < alone);
    assert_int_equal (look (mandates, "halo"), 0);
    assert_float_equal (sure, 0, 0);
    mandates_free (&mandates);
}

/* One weak word, and a word that is in the phrases of many duties, is no ground to decide. */
static void test_general_words (void **state)
{
    (void) state;
    struct mandates *mandates = mandates_new ();
    for (uint16_t i = 1; i <= 20; i++) {
        char other[40];
        snprintf (other, sizeof other, "kantor khas%c", 'a' + i);
        assert_int_equal (
            mandates_add (mandates, (struct duty){.function = i}, view_of (other), 100, 0), 0);
        if (i == 5) {
            mandates_add (mandates, (struct duty){.function = i}, view_of ("kantor"), 50, 0);
            mandates_add (mandates, (struct duty){.function = i}, view_of ("puskesmas"), 60, 0);
            mandates_add (mandates, (struct duty){.function = i}, view_of ("surat"), 20, 0);
        }
    }
    mandates_seal (mandates);
    look (mandates, "puskesmas");
    float rare = sure;
    look (mandates, "kantor");
    float general = sure;
    look (mandates, "kantor kantor kantor kantor");
    float said_again = sure;
    look (mandates, "surat");
    float weak = sure;
    look (mandates, "kantor khasb");
    float together = sure;
    assert_true (rare > 0.65f && together > rare);
    assert_true (general < 0.5f && said_again < 0.55f && weak < 0.4f);
    mandates_free (&mandates);
}

/* The level for which the phrases of a duty speak with the most weight; what only says where does not speak. */
static void test_levels (void **state)
{
    (void) state;
    static const struct {
        const char *phrase;
        int weight;
        unsigned level;
    } lines[] = {{"sekolah", 80, 0}, {"guru kurang", 110, 0}, {"sma", 40, 1},
                 {"sd", 40, 2},      {"ppdb sma", 100, 1},    {"=smk", -40, 1}};
    static const struct {
        const char *words;
        unsigned level;
    } cases[] = {{"sekolah guru kurang", 0}, {"sma 3 guru kurang", 1},     {"sd guru kurang", 2},
                 {"sd dan sma", 0},          {"sd, ppdb sma", 1},          {"smk sekolah", 0},
                 {"sekolah dekat sma", 0},   {"sd sekolah samping sma", 2}};
    struct mandates *mandates = mandates_new ();
    for (size_t i = 0; i < array_len (lines); i++)
        assert_int_equal (mandates_add (mandates, (struct duty){.function = SCHOOLS},
                                        view_of (lines[i].phrase), lines[i].weight, lines[i].level),
                          0);
    mandates_seal (mandates);
    for (size_t i = 0; i < array_len (cases); i++)
        if (look (mandates, cases[i].words) != 1 || views[0].level != cases[i].level)
            fail_msg ("%s: level %u", cases[i].words, views[0].level);
    mandates_free (&mandates);
}

/* What stands up to three words behind "dekat", where the words between are of houses. */
static void test_houses (void **state)
{
    (void) state;
    LEARN ({ROADS, 100, "jalan rusak"}, {HEALTH, 100, "puskesmas"}, {TRAFFIC, 100, "samsat"});
    static const char *const aside[] = {
        "jalan dekat puskesmas rusak", "jalan depan kantor samsat rusak",
        "jalan di belakang gedung baru puskesmas rusak", "samping kantor lama samsat jalan rusak"};
    for (size_t i = 0; i < array_len (aside); i++) {
        look (mandates, aside[i]);
        if (views[0].duty.function != ROADS || views[1].score > 45)
            fail_msg ("%s", aside[i]);
    }
    assert_float_equal (score (mandates, TRAFFIC, "kantor samsat tutup"), 100, 0.01);
    assert_float_equal (score (mandates, TRAFFIC, "saya di depan. samsat tutup"), 100, 0.01);
    assert_float_equal (score (mandates, TRAFFIC, "dekat rumah saya samsat tutup"), 100, 0.01);
    assert_float_equal (score (mandates, TRAFFIC, "dekat kantor gedung baru lama samsat"), 100,
                        0.01);
    mandates_free (&mandates);
}

static void test_refused_phrases (void **state)
{
    (void) state;
    struct mandates *mandates = mandates_new ();
    struct duty duty = {.function = ROADS};
    assert_int_equal (mandates_add (mandates, duty, view_of (""), 5, 0), FAIL_EMPTY);
    assert_int_equal (mandates_add (mandates, duty, view_of ("- = !"), 5, 0), FAIL_EMPTY);
    assert_int_equal (mandates_add (mandates, duty, view_of ("a b c d e f g h"), 5, 0), 0);
    assert_int_equal (mandates_add (mandates, duty, view_of ("a b c d e f g h i"), 5, 0),
                      FAIL_TOO_LONG);
    int result = 0;
    for (uint16_t i = 2; i < 400 && result == 0; i++)
        result = mandates_add (mandates, (struct duty){.function = i}, view_of ("kata"), 5, 0);
    assert_int_equal (result, FAIL_FULL);
    mandates_seal (mandates);
    assert_true (look (mandates, "kata a b c d e f g h") == MANDATE_VIEWS);
    for (size_t i = 1; i < MANDATE_VIEWS; i++)
        assert_true (views[i - 1].score >= views[i].score);
    mandates_free (&mandates);
    assert_null (mandates);
}

/* More is found than there is room for: what stands first counts, and nothing is written past an end. */
static void test_long_texts (void **state)
{
    (void) state;
    struct mandates *mandates = mandates_new ();
    for (uint16_t i = 0; i < 3000; i++) {
        char phrase[40];
        snprintf (phrase, sizeof phrase, "kata%c%c baris-kata", 'a' + i % 26, 'a' + i / 26 % 26);
        assert_int_equal (mandates_add (mandates,
                                        (struct duty){.function = (uint16_t) (1 + i % 200)},
                                        view_of (phrase), 50, 0),
                          0);
        assert_int_equal (
            mandates_add (mandates, (struct duty){.agency = 7}, view_of ("baris kata"), 50, 0), 0);
    }
    mandates_seal (mandates);
    struct buffer long_text = {0};
    for (unsigned i = 0; i < 3000; i++) {
        char words[40];
        int len =
            snprintf (words, sizeof words, "kata%c%c baris kata ", 'a' + i % 26, 'a' + i / 26 % 26);
        buffer_add (&long_text, words, (size_t) len);
    }
    text_read (&text, view_of (""), (struct view){long_text.at, long_text.len}, view_of (""));
    assert_true (text.count > MANDATE_TEXT_MOST);
    size_t count = mandates_score (mandates, &text, views, &sure);
    assert_true (count > 0);
    struct mandate_view first = views[0];
    mandates_score (mandates, &text, views, &sure);
    assert_memory_equal (&first, &views[0], sizeof first);
    buffer_free (&long_text);
    mandates_free (&mandates);
}

int main (void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_stem_and_spelling),
        cmocka_unit_test (test_roots),
        cmocka_unit_test (test_parts_near_one_another),
        cmocka_unit_test (test_longer_phrase_wins),
        cmocka_unit_test (test_a_word_counts_once),
        cmocka_unit_test (test_what_speaks_against),
        cmocka_unit_test (test_where_is_not_what),
        cmocka_unit_test (test_slips),
        cmocka_unit_test (test_words_remembered),
        cmocka_unit_test (test_nearest_word),
        cmocka_unit_test (test_sure),
        cmocka_unit_test (test_general_words),
        cmocka_unit_test (test_levels),
        cmocka_unit_test (test_houses),
        cmocka_unit_test (test_refused_phrases),
        cmocka_unit_test (test_long_texts),
    };
    int result = cmocka_run_group_tests (tests, NULL, NULL);
    text_free (&text);
    return result;
}
