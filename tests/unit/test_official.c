/* The words of the official table: what is read, what is written, and that one is the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/lifecycle.h"
#include "domain/official.h"

static void a_heading_is_known_however_it_is_written (void **state)
{
    (void) state;
    assert_true (official_is (view_of ("Tracking ID"), "Tracking ID"));
    assert_true (official_is (view_of ("  tracking\t  id \r"), "Tracking ID"));
    assert_true (official_is (view_of ("\xc2\xa0TRACKING ID"), "Tracking ID"));
    assert_false (official_is (view_of ("Tracking IDs"), "Tracking ID"));
    assert_false (official_is (view_of ("Tracking"), "Tracking ID"));
    assert_false (official_is (view_of ("TrackingID"), "Tracking ID"));
    assert_false (official_is (view_of (""), "Tracking ID"));
    assert_true (official_is (view_of (""), ""));
}

static void words_have_numbers (void **state)
{
    (void) state;
    assert_int_equal (official_class (view_of ("pengaduan berkadar  PENGAWASAN")), 3);
    assert_int_equal (official_class (view_of ("Pengaduan tidak berkadar pengawasan")), 2);
    assert_int_equal (official_class (view_of ("Pengumuman")), 0);
    assert_int_equal (official_channel (view_of ("ios")), 2);
    assert_int_equal (official_channel (view_of ("Website - dinas-contoh")), 3);
    assert_int_equal (official_channel (view_of ("Website")), 1);
    assert_int_equal (official_channel (view_of ("Merpati Pos")), 0);
    assert_int_equal (official_state (view_of ("Diarsipkan oleh  Pelapor")), STATE_archived);
    assert_int_equal (official_state (view_of ("Tertunda")), STATE_postponed);
    assert_int_equal (official_state (view_of ("Terdisposisi, Sedang Diproses")),
                      STATE_in_progress);
    assert_int_equal (official_state (view_of ("Ditutup")), 0);
}

static void flags_are_read_or_refused (void **state)
{
    static const struct {
        const char *said;
        bool known, anonymous, secret;
    } cases[] = {
        {"", true, false, false},
        {"-", true, false, false},
        {"Anonim", true, true, false},
        {" RAHASIA ", true, false, true},
        {"Anonim, Rahasia", true, true, true},
        {"rahasia & anonim", true, true, true},
        {"Anonim dan Rahasia", true, true, true},
        {"Terbuka", false, false, false},
        {"Anonim, entah", false, true, false},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        bool anonymous, secret;
        assert_int_equal (official_type (view_of (cases[i].said), &anonymous, &secret),
                          cases[i].known);
        if (cases[i].known) {
            assert_int_equal (anonymous, cases[i].anonymous);
            assert_int_equal (secret, cases[i].secret);
        }
    }
}

/* ---- a line ---------------------------------------------------------------------------------- */

static const char *of_row (void *row, const char *key)
{
    const char **pair = row;
    for (; *pair; pair += 2)
        if (strcmp (pair[0], key) == 0)
            return pair[1];
    return NULL;
}

static char *line_of (const char **row)
{
    struct buffer out = {0};
    official_line (&out, of_row, row, ',');
    buffer_add (&out, "", 1);
    return out.at;
}

/* What an old system had besides is taken apart again. */
static void texts_of_an_old_system_are_two (void **state)
{
    const char *row[] = {"text",
                         "lubang di jalan" OFFICIAL_EARLIER "\nStatus: Tertunda" OFFICIAL_EDITED
                         "Jalan berlubang.",
                         "state", "4", NULL};
    (void) state;
    char *line = line_of (row);
    assert_non_null (strstr (line, "\"lubang di jalan\",\"Jalan berlubang.\","));
    free (line);
    /* what staff here made of it counts before */
    const char *edited[] = {"text", row[1], "edited", "Jalan rusak.", NULL};
    line = line_of (edited);
    assert_non_null (strstr (line, "\"lubang di jalan\",\"Jalan rusak.\","));
    free (line);
    const char *plain[] = {"text", "lubang", NULL};
    line = line_of (plain);
    assert_non_null (strstr (line, "\"lubang\",\"lubang\","));
    free (line);
}

static void an_end_has_its_actor_and_sentence (void **state)
{
    const char *row[] = {"state", "8", "ended_by", "system", "reason", "expired", NULL};
    (void) state;
    char *line = line_of (row);
    assert_non_null (
        strstr (line, "\"Diarsipkan oleh Sistem\",\"Melewati batas kadaluarsa pengaduan\""));
    free (line);
    row[1] = "7", row[3] = "reporter", row[5] = "satisfied";
    line = line_of (row);
    assert_non_null (strstr (line, "\"Ditutup oleh Pelapor\",\"\""));
    free (line);
}

static void what_a_spreadsheet_would_carry_out_is_a_text (void **state)
{
    const char *row[] = {"title", "=HYPERLINK(\"http://x\")", NULL};
    (void) state;
    char *line = line_of (row);
    assert_non_null (strstr (line, "\"'=HYPERLINK(\"\"http://x\"\")\""));
    free (line);
    assert_true (view_is (csv_plain (view_of ("'=1")), "=1"));
    assert_true (view_is (csv_plain (view_of ("'kutipan'")), "'kutipan'"));
    assert_true (view_is (csv_plain (view_of ("'")), "'"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_heading_is_known_however_it_is_written),
        cmocka_unit_test (words_have_numbers),
        cmocka_unit_test (flags_are_read_or_refused),
        cmocka_unit_test (texts_of_an_old_system_are_two),
        cmocka_unit_test (an_end_has_its_actor_and_sentence),
        cmocka_unit_test (what_a_spreadsheet_would_carry_out_is_a_text),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
