/* test_text.c - outside text: what looks at eight bytes at a time says what a look at each byte says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/base.h"

#define LEN_MOST 40

static uint64_t seed = 88172645463325252u;

static unsigned draw (unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned) (seed >> 32) % below;
}

/* Mostly letters, now and then what is special: controls, DEL, NUL, halves of sequences, whole ones. */
static size_t draw_text (char text[LEN_MOST + 4])
{
    static const char *const special[] = {
        "\n",           "\t",   "\r",  "\x01", "\x7f", "\x80", "é", "€", "\xf0\x9f\x98\x80",
        "\xed\xa0\x80", "\xc0", "\xff"};
    size_t len = draw (LEN_MOST), rare = 1 + draw (40);
    for (size_t i = 0; i < len;) {
        if (draw ((unsigned) rare)) {
            text[i++] = (char) (' ' + draw (95));
        } else if (draw (12) == 0) {
            text[i++] = 0;
        } else {
            const char *piece = special[draw (array_len (special))];
            size_t size = strlen (piece);
            memcpy (text + i, piece, size);
            i += size;
            len = i > len ? i : len;
        }
    }
    return len;
}

/* RFC 3629 by its definition: decode, then look at the number. */
static bool valid_by_each (const unsigned char *at, size_t len)
{
    while (len) {
        unsigned lead = *at, more = lead < 0x80 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        static const uint32_t least[] = {1, 0x80, 0x800, 0x10000};
        uint32_t point = more ? lead & (0x3fu >> more) : lead;
        if ((lead >= 0x80 && lead < 0xc0) || lead >= 0xf8 || len <= more)
            return false;
        for (unsigned i = 1; i <= more; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (at[i] & 0x3f);
        }
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return false;
        at += more + 1;
        len -= more + 1;
    }
    return true;
}

static void test_agrees (void **state)
{
    (void) state;
    unsigned valid = 0, cleaned = 0;
    for (int round = 0; round < 300000; round++) {
        char text[LEN_MOST + 4];
        size_t len = draw_text (text), points = 0;
        bool good = valid_by_each ((const unsigned char *) text, len), plain = good;
        for (size_t i = 0; i < len; i++) {
            points += (text[i] & 0xc0) != 0x80;
            plain = plain && text[i] != 0x7f &&
                    ((unsigned char) text[i] >= 0x20 || text[i] == '\n' || text[i] == '\t');
        }
        struct buffer out = {0};
        assert_int_equal (utf8_valid (text, len), good);
        assert_int_equal (utf8_count (text, len), points);
        assert_int_equal (utf8_clean (text, len, &out), !plain);
        assert_true (valid_by_each ((const unsigned char *) out.at, out.len));
        if (plain)
            assert_true (out.len == len && (len == 0 || memcmp (out.at, text, len) == 0));
        valid += good;
        cleaned += !plain;
        buffer_free (&out);
    }
    assert_in_range (valid, 10000, 290000); /* both were seen, often */
    assert_in_range (cleaned, 10000, 290000);
}

static void test_blank (void **state)
{
    static const struct {
        const char *text;
        bool blank;
    } cases[] = {
        {"", true},
        {" \t\r\n", true},
        {"\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\n", true},
        {"\xc2\xa0\xe2\x80\x8b\xe3\x80\x80\xef\xbb\xbf", true}, /* spaces wide and none, a mark */
        {"\x01", true},
        {"\xc2\xad\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", true}, /* a soft hyphen, marks of direction */
        {"\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9",
         true},                             /* embeddings, overrides, isolates */
        {"\xe2\x81\xa0\xe2\x81\xa4", true}, /* joiners, invisible operators */
        {"\xe3\x85\xa4\xe1\x85\x9f\xe1\x85\xa0\xef\xbe\xa0", true}, /* Hangul's fillers */
        {"\xe2\xa0\x80", true},                                     /* Braille's empty cell */
        {"\xcd\x8f\xef\xb8\x8f\xf3\xa0\x80\xa1", true},             /* joiner, variation, tag */
        {".", false},
        {"  \xef\xbf\xbd a", false},
        {"\xf0\x9f\x98\xa0", false}, /* a face says something */
        {"\xef\xbf\xbc", false},
        {"\xff", false},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++)
        assert_int_equal (utf8_blank (cases[i].text, strlen (cases[i].text)), cases[i].blank);
    assert_true (utf8_blank ("\0\0", 2));
}

static void test_names (void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } names[] = {
        {"Budi Santosa", true},
        {"Dinas Pekerjaan Umum & Penataan Ruang", true},
        {"\xc3\x89lo\xc3\xafse", true},
        {"\xea\xa6\xab\xea\xa6\xb6", true}, /* Javanese, with a vowel sign */
        {"", false},
        {"   ", false},
        {"\xe2\x80\x8b", false},
        {"\xe3\x85\xa4 ", false},
        {"Budi\nSantosa", false},
        {"Budi\xe2\x80\x8b", false}, /* shows as Budi */
        {"\xe2\x80\xae"
         "asotnaS iduB",
         false}, /* shows as Budi Santosa */
        {"Budi \xe2\x81\xa6x\xe2\x81\xa9", false},
        {"Budi\xff", false},
    };
    static const struct {
        const char *code;
        bool valid;
    } codes[] = {
        {"ID", true},
        {"33.74", true},
        {"33.74/PUPR", true},
        {"91.01/ARSIP/A", true},
        {"ID/BADAN-X", true},
        {"K_1", true},
        {"", false},
        {"/", false},
        {"33.74/", false},
        {"/PUPR", false},
        {"33..74", false},
        {"33.74//PUPR", false},
        {"../33.74", false},
        {"33.74/../ID", false},
        {"33.74/.", false},
        {"33.74 /PUPR", false},
        {" ID", false},
        {"ID\n", false},
        {"33.74/P\xc3\x9aPR", false},
    };
    (void) state;
    for (size_t i = 0; i < array_len (names); i++)
        assert_int_equal (name_plain (view_of (names[i].name), 200), names[i].valid);
    assert_true (name_plain (view_of ("\xc3\xa9\xc3\xa9"), 2));
    assert_false (name_plain (view_of ("abc"), 2));
    for (size_t i = 0; i < array_len (codes); i++)
        assert_int_equal (agency_code_valid (view_of (codes[i].code)), codes[i].valid);
    assert_true (agency_code_valid (view_of ("12345678901234567890123456789012")));
    assert_false (agency_code_valid (view_of ("123456789012345678901234567890123")));
    assert_true (login_valid (view_of ("wati.perpus")) && login_valid (view_of ("a-1")));
    assert_false (login_valid (view_of (".wati")) || login_valid (view_of ("Wati")) ||
                  login_valid (view_of ("ab")) || login_valid (view_of ("wati\xe2\x80\xae")));
    assert_true (key_name_valid (view_of ("web-2")) && !key_name_valid (view_of ("-")));
}

/* Mail addresses: test_compose.c. */
static void test_phone (void **state)
{
    static const struct {
        const char *text;
        bool right;
    } cases[] = {
        {"0812-3456-7890", true},
        {"+62 812 3456 7890", true},
        {"12345", true},
        {"1234", false},
        {"", false},
        {"+ - +", false},
        {"01234567890123456789", true},
        {"012345678901234567890", false},
        {"0812/345678", false},
        {"0812345678\n", false},
        {"0812345678,0812345679", false},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++)
        assert_int_equal (phone_valid (view_of (cases[i].text)), cases[i].right);
    assert_false (phone_valid ((struct view){"081234\0005678", 11}));
}

/* Times as we write them, before 1970 as well; eight of them at a time. */
static void test_instants (void **state)
{
    static const struct {
        int64_t ms;
        const char *instant, *with_ms, *day;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "1970-01-01"},
        {INT64_C (1764064800250), "2025-11-25T10:00:00Z", "2025-11-25T10:00:00.250Z", "2025-11-25"},
        {-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z", "1969-12-31"},
        {-1000, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z", "1969-12-31"},
        {INT64_C (253402300799999), "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z",
         "9999-12-31"},
    };
    const char *texts[8];
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        assert_string_equal (instant_text (cases[i].ms), cases[i].instant);
        assert_string_equal (instant_text_ms (cases[i].ms), cases[i].with_ms);
        assert_string_equal (day_text (cases[i].ms), cases[i].day);
    }
    for (unsigned i = 0; i < 8; i++)
        texts[i] = day_text (i * INT64_C (86400000));
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal (texts[i][9], '1' + i);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_agrees),   cmocka_unit_test (test_blank),
        cmocka_unit_test (test_names),    cmocka_unit_test (test_phone),
        cmocka_unit_test (test_instants),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
