/* test_duplicate.c - which complaints are alike, and which are not; places and distances; nothing is no reason.
 *
 * ADUAN_MEASURE=1: the share of pairs found, by how they were told, and the time of one comparison.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide/duplicate.h"

#define HERE "33.74.01.1001"
#define DAY  INT64_C (86400000)

enum { TOLD, FORWARDED, AGAIN, NEIGHBOUR, SAME_WORDS, OTHER_MATTER, TELLINGS };
static const char *const tellings[TELLINGS] = {"as it was told",          "forwarded",
                                               "in other words",          "by a neighbour",
                                               "same words, other place", "another matter"};
static const char *const matters[][TELLINGS] = {
#define MATTER(...) {__VA_ARGS__},
#include "duplicate_matters.def"
#undef MATTER
};
#define MATTERS array_len (matters)

static const struct duplicate_limits usual = {.least = 600, .days = 60};

static struct print print_of (const char *words, const char *region)
{
    static struct text text;
    struct print print = {0};
    text_read (&text, (struct view){0}, view_of (words), (struct view){0});
    print_read (&print, &text);
    snprintf (print.region, sizeof print.region, "%s", region);
    return print;
}

static struct likeness compare (const struct print *one, const struct print *other, bool *ret)
{
    struct likeness there, back;
    *ret = duplicate_compare (one, other, &usual, &there);
    assert_int_equal (duplicate_compare (other, one, &usual, &back), *ret);
    assert_memory_equal (&there, &back, sizeof there); /* it does not matter who asks */
    return there;
}

static bool alike (const char *one, const char *other, const char *region)
{
    struct print left = print_of (one, region), right = print_of (other, region);
    bool ret;
    compare (&left, &right, &ret);
    return ret;
}

/* ---- texts ------------------------------------------------------------------------------------ */

static void measure_telling (int telling, const char *region, unsigned *ret_found)
{
    *ret_found = 0;
    for (size_t i = 0; i < MATTERS; i++) {
        struct print told = print_of (matters[i][TOLD], region),
                     other = print_of (matters[i][telling], region);
        bool found;
        struct likeness likeness = compare (&told, &other, &found);
        *ret_found += found;
        if (getenv ("ADUAN_MEASURE"))
            printf ("%s %zu: text %u%s, score %u\n", tellings[telling], i + 1, likeness.text,
                    likeness.elsewhere ? " elsewhere" : "", likeness.score);
    }
    if (getenv ("ADUAN_MEASURE"))
        printf ("%s, %s: %u of %zu\n", tellings[telling], region, *ret_found, MATTERS);
}

static void forwarded_is_found (void **state)
{
    unsigned found;
    (void) state;
    measure_telling (FORWARDED, HERE, &found);
    assert_int_equal (found, MATTERS);
    measure_telling (FORWARDED, "33.74", &found); /* all that is known is the regency */
    assert_int_equal (found, MATTERS);
}

static void other_words_are_found (void **state)
{
    unsigned found;
    (void) state;
    measure_telling (AGAIN, HERE, &found);
    assert_true (found >= MATTERS * 9 / 10);
}

static void neighbours_are_found (void **state)
{
    unsigned found;
    (void) state;
    measure_telling (NEIGHBOUR, HERE, &found);
    assert_true (found >= MATTERS / 2);
}

static void other_places_are_not (void **state)
{
    unsigned found;
    (void) state;
    measure_telling (SAME_WORDS, HERE, &found);
    assert_true (found <= MATTERS / 10);
}

static void other_matters_are_not (void **state)
{
    unsigned found, pairs = 0;
    (void) state;
    measure_telling (OTHER_MATTER, HERE, &found);
    assert_int_equal (found, 0);
    for (size_t i = 0; i < MATTERS; i++)
        for (size_t j = 0; j < MATTERS; j++)
            for (int one = 0; one < TELLINGS; one++)
                for (int other = 0; i != j && other < TELLINGS; other++, pairs++)
                    found += alike (matters[i][one], matters[j][other], HERE);
    if (getenv ("ADUAN_MEASURE"))
        printf ("of different matters: %u of %u\n", found, pairs);
    assert_int_equal (found, 0);
}

/* A form's headings and politeness make nothing alike, nor do words that all complaints have. */
static void what_all_say_says_nothing (void **state)
{
    (void) state;
    assert_false (alike ("Yth. Bapak, mohon segera ditindaklanjuti. Terima kasih.",
                         "Yth. Bapak, mohon segera ditindaklanjuti. Terima kasih.", HERE));
    assert_false (alike ("jalan rusak parah di depan rumah warga",
                         "jalan rusak parah di depan rumah warga", HERE));
    assert_false (alike ("Nama: Lokasi: Kronologi:", "Nama: Lokasi: Kronologi:", HERE));
    assert_false (alike ("", "", HERE));
}

static char *repeated (const char *words, unsigned times)
{
    struct buffer out = {0};
    for (unsigned i = 0; i < times; i++)
        buffer_format (&out, "%s%u ", words, i * 7919);
    buffer_add (&out, "", 1);
    return out.at;
}

/* Longer than a print: its lowest hashes stand for it. */
static void long_texts (void **state)
{
    char *one = repeated ("kata", 900), *other = repeated ("lain", 900);
    struct print print = print_of (one, HERE);
    (void) state;
    assert_true (print.cut);
    assert_int_equal (print.word_count, PRINT_WORDS_MOST);
    assert_true (alike (one, one, HERE));
    char *half = xstrndup (one, strlen (one) / 2);
    assert_true (alike (one, half, HERE)); /* half of it was forwarded */
    char *mixed = xformat ("%s %s", one, other);
    assert_true (alike (one, mixed, HERE));
    free (one);
    free (other);
    free (half);
    free (mixed);
}

/* ---- places ----------------------------------------------------------------------------------- */

static enum nearness nearness_of (const char *one, const char *other)
{
    struct print left = print_of (matters[0][TOLD], one),
                 right = print_of (matters[0][TOLD], other);
    bool found;
    return compare (&left, &right, &found).near;
}

static void codes (void **state)
{
    (void) state;
    assert_int_equal (nearness_of (HERE, HERE), NEAR_VILLAGE);
    assert_int_equal (nearness_of (HERE, "33.74.01.1002"), NEAR_DISTRICT);
    assert_int_equal (nearness_of (HERE, "33.74.01"), NEAR_DISTRICT);
    assert_int_equal (nearness_of ("33.74.02", "33.74.01"), NEAR_REGENCY);
    assert_int_equal (nearness_of (HERE, "33.74"), NEAR_REGENCY);
    assert_int_equal (nearness_of (HERE, "33.7"), NEAR_NOT);
    assert_int_equal (nearness_of (HERE, "33"), NEAR_NOT);
    assert_int_equal (nearness_of ("33", "33"), NEAR_NOT);
    assert_int_equal (nearness_of ("", ""), NEAR_NOT); /* nothing known is no reason */
    assert_int_equal (nearness_of (HERE, ""), NEAR_NOT);
}

static void distances (void **state)
{
    static const struct {
        int32_t at[4];
        uint32_t least, most;
    } known[] = {
        {{-62000000, 1068166667, -62000000, 1068166667}, 0, 0},
        {{0, 0, 10000000, 0}, 111200, 111400}, /* a degree */
        {{0, 0, 0, 10000000}, 111200, 111400},
        {{600000000, 0, 600000000, 10000000}, 55100, 56200}, /* half of it at 60 degrees */
        {{-79666000, 1126326000, -79666000, 1126335000}, 97, 101},
        {{0, 1799999995, 0, -1799999995}, 0, 1}, /* across the date line */
        {{900000000, 0, -900000000, 1800000000}, 20000000, UINT32_MAX},
        {{INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX}, 1, UINT32_MAX},
    };
    (void) state;
    for (size_t i = 0; i < array_len (known); i++) {
        uint32_t metres =
            duplicate_metres (known[i].at[0], known[i].at[1], known[i].at[2], known[i].at[3]);
        assert_in_range (metres, known[i].least, known[i].most);
    }
}

/* Seen from the same spot, other words and another street's name do not matter so much. */
static void coordinates (void **state)
{
    struct print one = print_of (matters[0][TOLD], "33.74"),
                 other = print_of (matters[0][NEIGHBOUR], "33.74");
    bool found;
    (void) state;
    compare (&one, &other, &found);
    assert_false (found); /* a regency is large */
    one.located = other.located = true;
    one.latitude = other.latitude = -69900000;
    one.longitude = 1104200000;
    other.longitude = one.longitude + 10900; /* 120 m */
    struct likeness likeness = compare (&one, &other, &found);
    assert_true (found);
    assert_int_equal (likeness.near, NEAR_SIGHT);
    assert_in_range (likeness.metres, 118, 122);
    other.longitude = one.longitude + 900000; /* 10 km */
    snprintf (one.region, sizeof one.region, "%s", HERE);
    snprintf (other.region, sizeof other.region, "%s", HERE);
    compare (&one, &other, &found);
    assert_false (found);
}

/* ---- limits ----------------------------------------------------------------------------------- */

static void no_limits_find_nothing (void **state)
{
    struct print print = print_of (matters[0][TOLD], HERE);
    struct likeness likeness;
    (void) state;
    assert_false (duplicate_compare (&print, &print, &(struct duplicate_limits){0}, &likeness));
    assert_false (
        duplicate_compare (&print, &print, &(struct duplicate_limits){.least = 600}, &likeness));
    assert_false (
        duplicate_compare (&print, &print, &(struct duplicate_limits){.days = 60}, &likeness));
    assert_true (duplicate_compare (&print, &print, &usual, &likeness));
}

static void age (void **state)
{
    struct print one = print_of (matters[1][TOLD], HERE),
                 other = print_of (matters[1][FORWARDED], HERE);
    bool found;
    (void) state;
    uint32_t fresh = compare (&one, &other, &found).score;
    other.at = 59 * DAY;
    assert_true (compare (&one, &other, &found).score <= fresh);
    assert_true (found);
    other.at = 60 * DAY;
    compare (&one, &other, &found);
    assert_false (found);
}

/* ---- bytes ------------------------------------------------------------------------------------ */

static void bytes (void **state)
{
    uint8_t at[PRINT_BYTES_MOST];
    struct print print = print_of (matters[1][TOLD], ""), back = {0};
    (void) state;
    size_t len = print_write (&print, at);
    assert_true (print_parse (&back, at, len));
    assert_memory_equal (&print, &back, sizeof print);
    assert_true (print.mark_count >= 3); /* gang, rt, rw */
    for (size_t shorter = 0; shorter < len; shorter++)
        assert_false (print_parse (&back, at, shorter));
    at[0]++;
    assert_false (print_parse (&back, at, len)); /* another version's */
    at[0]--;
    uint8_t first[4];
    memcpy (first, at + 4, 4);
    memcpy (at + 4, at + 8, 4);
    memcpy (at + 8, first, 4);
    assert_false (print_parse (&back, at, len)); /* not rising */
    for (unsigned round = 0; round < 100000; round++) {
        for (size_t i = 0; i < len; i++)
            at[i] = (uint8_t) rand ();
        at[0] = round % 2;
        if (print_parse (&back, at, (size_t) rand () % (len + 1)))
            assert_true (back.word_count <= PRINT_WORDS_MOST &&
                         back.mark_count <= PRINT_MARKS_MOST);
    }
}

static void time_of_a_pair (void **state)
{
    struct print prints[MATTERS * TELLINGS];
    struct likeness likeness;
    unsigned count = 0, found = 0, rounds = 200;
    (void) state;
    int64_t began = mono_ns ();
    for (unsigned round = 0; round < rounds; round++) {
        count = 0;
        for (size_t i = 0; i < MATTERS; i++)
            for (int telling = 0; telling < TELLINGS; telling++)
                prints[count++] = print_of (matters[i][telling], HERE);
    }
    int64_t made = mono_ns ();
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned i = 0; i < count; i++)
            for (unsigned j = 0; j < count; j++)
                found += duplicate_compare (&prints[i], &prints[j], &usual, &likeness);
    int64_t compared = mono_ns ();
    if (getenv ("ADUAN_MEASURE"))
        printf ("a print: %lld ns; a pair: %lld ns\n", (long long) (made - began) / rounds / count,
                (long long) (compared - made) / rounds / count / count);
    assert_true (found > 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (forwarded_is_found),
        cmocka_unit_test (other_words_are_found),
        cmocka_unit_test (neighbours_are_found),
        cmocka_unit_test (other_places_are_not),
        cmocka_unit_test (other_matters_are_not),
        cmocka_unit_test (what_all_say_says_nothing),
        cmocka_unit_test (long_texts),
        cmocka_unit_test (codes),
        cmocka_unit_test (distances),
        cmocka_unit_test (coordinates),
        cmocka_unit_test (no_limits_find_nothing),
        cmocka_unit_test (age),
        cmocka_unit_test (bytes),
        cmocka_unit_test (time_of_a_pair),
    };
    int failed = cmocka_run_group_tests (tests, NULL, NULL);
    return failed;
}
