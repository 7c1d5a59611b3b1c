/* Templates: values of outside stay what they are, wherever they stand. */
#include "http/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_pages.inc"

static const char *word (void *owner, const char *key)
{
    static const char *const words[][2] = {{"plain", "a <b> & \"c\""},
                                           {"given", "{name} has {n} of {name}"},
                                           {"kind_1", "one"},
                                           {"kind_x", "<x>"}};
    (void) owner;
    for (size_t i = 0; i < array_len (words); i++)
        if (strcmp (words[i][0], key) == 0)
            return words[i][1];
    return NULL;
}

static bool filter (void *owner, const char *name, const json_t *value, struct buffer *out)
{
    (void) owner;
    if (strcmp (name, "twice") != 0)
        return false;
    buffer_format (out, "%s%s", json_string_value (value), json_string_value (value));
    return true;
}

static char *rendered (const char *name, json_t *values)
{
    static const struct template_set set = {templates, array_len (templates), word, filter, NULL};
    struct buffer out = {0};
    template_render (&set, name, values, &out);
    buffer_add (&out, "", 1);
    json_decref (values);
    return out.at;
}

static void expect (const char *name, json_t *values, const char *wanted)
{
    char *got = rendered (name, values);
    assert_string_equal (got, wanted);
    free (got);
}

static void each_place (void **state)
{
    (void) state;
    expect ("places", json_pack ("{s:s, s:i}", "v", "<script>'\"&", "n", 7),
            "<p title=\"&lt;script&gt;&#39;&quot;&amp;\">&lt;script&gt;&#39;&quot;&amp;</p>\n"
            "<a href=\"#\">1</a><a href=\"/q?x=%3Cscript%3E%27%22%26&amp;y=7\">2</a>"
            "<form action=\"#\"></form>\n"
            "<textarea>&lt;script&gt;&#39;&quot;&amp;</textarea>"
            "<title>&lt;script&gt;&#39;&quot;&amp;</title>\n");
}

/* What is an address on this server goes, anything else is "#". */
static void addresses (void **state)
{
    static const struct {
        const char *value, *shown;
    } cases[] = {
        {"/inbox?a=1&b=2", "/inbox?a=1&amp;b=2"},
        {"/tree/33.74/PUPR", "/tree/33.74/PUPR"},
        {"/\"onclick=x", "/&quot;onclick=x"},
        {"", "#"},
        {"javascript:alert(1)", "#"},
        {"JaVaScRiPt:alert(1)", "#"},
        {"data:text/html,x", "#"},
        {"https://example.org", "#"},
        {"//example.org", "#"},
        {"/\\example.org", "#"},
        {"\\\\example.org", "#"},
        {"/a\\b", "#"},
        {" /x", "#"},
        {"/x\ty", "#"},
        {"/x\ny", "#"},
        {"inbox", "#"},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct buffer out = {0};
        template_escape (PLACE_ADDRESS, cases[i].value, strlen (cases[i].value), &out);
        buffer_add (&out, "", 1);
        assert_string_equal (out.at, cases[i].shown);
        buffer_free (&out);
    }
}

static void parts_of_addresses (void **state)
{
    struct buffer out = {0};
    static const char value[] = "33.74/PUPR?a=b&c#d \xc3\xa9%";
    (void) state;
    template_escape (PLACE_ADDRESS_PART, value, strlen (value), &out);
    buffer_add (&out, "", 1);
    assert_string_equal (out.at, "33.74%2FPUPR%3Fa%3Db%26c%23d%20%C3%A9%25");
    buffer_free (&out);
}

static void walks (void **state)
{
    (void) state;
    expect (
        "walks",
        json_pack ("{s:s, s:i, s:s, s:b, s:b, s:[{s:s, s:[i, i]}, {s:s, s:[]}], s:[]}", "v", "<v>",
                   "n", 1, "word", "x", "yes", 1, "no", 0, "rows", "a", "A<", "b", 1, 2, "a", "B",
                   "b", "nothing"),
        "a &lt;b&gt; &amp; &quot;c&quot;|&lt;v&gt; has 1 of &lt;v&gt;|one|&lt;x&gt;|kind_&lt;v&gt;\n"
        "<i class=\"a b\"></i>\n"
        "[A&lt;,1,2<s>A&lt;&lt;v&gt;</s>][B<s>B&lt;v&gt;</s>]none\n"
        "onexabsent&lt;v&gt;&lt;v&gt;&lt;v&gt;\n");
}

/* A template must do with whatever the rows are. */
static void odd_values (void **state)
{
    static const char *const odd[] = {
        "{}", "{\"v\": null, \"rows\": 5, \"n\": [1]}", "{\"v\": {\"a\": 1}, \"rows\": {\"a\": 1}}",
        "{\"v\": [1], \"rows\": [1, null, [2], {\"b\": 3}]}",
        "{\"v\": true, \"n\": 1.5, \"rows\": \"x\", \"word\": false}"};
    (void) state;
    for (size_t i = 0; i < array_len (odd); i++) {
        free (rendered ("places", json_loads (odd[i], 0, NULL)));
        free (rendered ("walks", json_loads (odd[i], 0, NULL)));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_place),         cmocka_unit_test (addresses),
        cmocka_unit_test (parts_of_addresses), cmocka_unit_test (walks),
        cmocka_unit_test (odd_values),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
