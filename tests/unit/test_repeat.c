/* Names of what senders without a key say, and Open311's tree in both formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "channel/open311.h"
#include "repeat.h"

static const struct {
    const char *said, *normal;
} texts[] = {
    {"", ""},
    {" \r\n\t\n", ""},
    {"satu", "satu"},
    {"satu\r\ndua\rtiga\n", "satu\ndua\ntiga"},
    {"  satu   dua\t\ttiga  \n empat", "satu dua tiga\nempat"},
    {"satu\n\n\n \n\ndua", "satu\n\ndua"},
    {"satu\xc2\xa0"
     "dua",
     "satu dua"},
    {"kafe\xcc\x81", "kaf\xc3\xa9"},
    {"\xf0\x9f\x9a\xa7 jalan", "\xf0\x9f\x9a\xa7 jalan"},
};

static void test_normal (void **state)
{
    (void) state;
    for (size_t i = 0; i < array_len (texts); i++) {
        struct buffer out = {0}, again = {0};
        words_normal (view_of (texts[i].said), &out);
        assert_int_equal (out.len, strlen (texts[i].normal));
        assert_memory_equal (out.at ? out.at : "", texts[i].normal, out.len);
        words_normal ((struct view){out.at ? out.at : "", out.len}, &again);
        assert_int_equal (again.len, out.len);
        assert_memory_equal (again.at ? again.at : "", texts[i].normal, again.len);
        buffer_free (&out);
        buffer_free (&again);
    }
}

/* Behind words that are there already nothing of them is looked at. */
static void test_normal_behind (void **state)
{
    struct buffer out = {0};
    (void) state;
    buffer_add (&out, "a\n", 2);
    words_normal (view_of ("\n  b "), &out);
    assert_int_equal (out.len, 3);
    assert_memory_equal (out.at, "a\nb", 3);
    buffer_free (&out);
}

static void test_names (void **state)
{
    struct web web = {.secret = {1}}, other = {.secret = {2}};
    char name[REPEAT_NAME_SIZE], again[REPEAT_NAME_SIZE];
    char code[ADUAN_CODE_SIZE], second[ADUAN_CODE_SIZE];
    const struct view one[] = {view_of ("ab"), view_of ("c")},
                      two[] = {view_of ("a"), view_of ("bc")};

    (void) state;
    repeat_name (&web, "kota", one, 2, name);
    assert_int_equal (strlen (name), REPEAT_NAME_SIZE - 1);
    repeat_name (&web, "kota", one, 2, again);
    assert_string_equal (name, again);
    repeat_name (&web, "kota", two, 2, again);
    assert_string_not_equal (name, again);
    repeat_name (&web, "desa", one, 2, again);
    assert_string_not_equal (name, again);
    repeat_name (&other, "kota", one, 2, again);
    assert_string_not_equal (name, again);

    assert_true (repeat_code (&web, "kota", name, code));
    assert_true (repeat_code (&web, "kota", name, second));
    assert_string_equal (code, second);
    assert_true (repeat_code (&web, "desa", name, second));
    assert_string_not_equal (code, second);
    assert_true (repeat_code (&other, "kota", name, second));
    assert_string_not_equal (code, second);
    assert_false (repeat_code (&web, "kota", "LAPOR-123", code));
    assert_false (repeat_code (&web, "kota", "hash-12", code));
    assert_int_equal (repeat_created () % 86400000, 0);
}

static void test_tree (void **state)
{
    json_t *tree = json_array (), *one = json_object ();
    struct buffer out = {0};

    (void) state;
    open311_say (one, "description", "<&>\x01\xef\xbf\xbe");
    open311_say (one, "zipcode", "");
    open311_say_moment (one, "expected_datetime", 0);
    open311_say_written (one, "updated_datetime", "2026-11-27T10:20:30.987654+07:00");
    json_object_set_new (one, "lat", json_real (-6.982));
    json_object_set_new (one, "metadata", json_true ());
    json_array_append_new (tree, one);

    open311_write_xml ("service_requests", tree, &out);
    buffer_add (&out, "", 1);
    assert_string_equal (
        out.at, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<service_requests><request>"
                "<description>&lt;&amp;&gt;\xef\xbf\xbd\xef\xbf\xbd</description><zipcode/>"
                "<updated_datetime>2026-11-27T03:20:30Z</updated_datetime><lat>-6.982</lat>"
                "<metadata>true</metadata></request></service_requests>\n");
    buffer_clear (&out);
    open311_write_json (tree, &out);
    buffer_add (&out, "", 1);
    assert_string_equal (out.at,
                         "[{\"description\":\"<&>\xef\xbf\xbd\xef\xbf\xbd\",\"zipcode\":null,"
                         "\"expected_datetime\":null,\"updated_datetime\":\"2026-11-27T03:20:30Z\","
                         "\"lat\":-6.982,\"metadata\":true}]");
    json_decref (tree);

    buffer_clear (&out);
    tree = json_array ();
    open311_write_xml ("services", tree, &out);
    buffer_add (&out, "", 1);
    assert_string_equal (out.at, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<services/>\n");
    json_decref (tree);
    buffer_free (&out);
}

static void test_moments (void **state)
{
    int64_t at, other;

    (void) state;
    assert_true (open311_moment_read ("2026-11-27T10:00:00+07:00", &at));
    assert_true (open311_moment_read ("2026-11-27T10:00:00 07:00", &other));
    assert_int_equal (at, other);
    assert_true (open311_moment_read ("2026-11-27T03:00:00Z", &other));
    assert_int_equal (at, other);
    assert_false (open311_moment_read ("kemarin", &at));
    assert_false (open311_moment_read ("2026-13-01T00:00:00Z", &at));
}

static void test_points (void **state)
{
    static const char *const wrong[] = {"", "x", "91", "nan", "0x10", "1,5", "1 "};
    int64_t latitude, longitude;

    (void) state;
    assert_true (open311_point ("-6.9825", "110.4093", &latitude, &longitude));
    assert_int_equal (latitude, -69825000);
    assert_int_equal (longitude, 1104093000);
    for (size_t i = 0; i < array_len (wrong); i++)
        assert_false (open311_point (wrong[i], "110", &latitude, &longitude));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_normal),  cmocka_unit_test (test_normal_behind),
        cmocka_unit_test (test_names),   cmocka_unit_test (test_tree),
        cmocka_unit_test (test_moments), cmocka_unit_test (test_points),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
