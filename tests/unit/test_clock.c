/* Calendars, working days and clocks: the vectors of DOMAIN 3.7, pauses, cut-off, what a file may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "domain/calendar.h"
#include "domain/clock.h"

#define DAY_MS  INT64_C (86400000)
#define HOUR_MS INT64_C (3600000)

/* The spring of 2026, as the decree has it. */
static const char spring[] =
    "day\tkind\tname\n"
    "2026-03-18\tcollective_leave\tCuti\n2026-03-19\tholiday\tNyepi\n"
    "2026-03-20\tcollective_leave\tCuti\n2026-03-23\tcollective_leave\tCuti\n"
    "2026-03-24\tcollective_leave\tCuti\n2026-04-03\tholiday\tWafat\n";

static struct calendar calendar;

static int set_up (void **state)
{
    struct calendar_fault fault;
    (void) state;
    return calendar_read (spring, strlen (spring), &calendar, &fault);
}

static int tear_down (void **state)
{
    (void) state;
    calendar_free (&calendar);
    return 0;
}

static int64_t day (const char *text)
{
    int32_t number;
    assert_true (calendar_date (view_of (text), &number));
    return number;
}

/* That local hour of that day. */
static int64_t at (const char *text, int hour, int zone)
{
    return day (text) * DAY_MS + (hour - zone) * HOUR_MS;
}

static int64_t end_of (const char *text, int zone)
{
    return at (text, 24, zone);
}

static void test_a_pause (void **state)
{
    (void) state;
    struct clock_pause pause = {at ("2026-03-13", 9, 7), at ("2026-03-25", 20, 7)};
    assert_int_equal (clock_due (at ("2026-03-12", 10, 7), 3, &pause, 1, 7, &calendar.counts),
                      end_of ("2026-03-27", 7));
    assert_int_equal (clock_moved (end_of ("2026-03-17", 7), pause, &calendar.counts),
                      end_of ("2026-03-27", 7));
}

static void test_a_pause_within_a_day_moves_nothing (void **state)
{
    (void) state;
    struct clock_pause pause = {at ("2026-03-13", 9, 8), at ("2026-03-13", 23, 8)};
    assert_int_equal (clock_moved (end_of ("2026-03-17", 8), pause, &calendar.counts),
                      end_of ("2026-03-17", 8));
}

static void test_a_pause_behind_the_end_or_before_the_start (void **state)
{
    (void) state;
    struct clock_pause pauses[] = {{at ("2026-03-02", 9, 7), at ("2026-03-06", 9, 7)},
                                   {end_of ("2026-03-17", 7), at ("2026-04-17", 9, 7)}};
    assert_int_equal (clock_due (at ("2026-03-12", 10, 7), 3, pauses, 2, 7, &calendar.counts),
                      end_of ("2026-03-17", 7));
}

static void test_shifting_there_and_back (void **state)
{
    (void) state;
    int64_t due = end_of ("2026-03-17", 9);
    assert_int_equal (workday_shift (due, 1, &calendar.counts), end_of ("2026-03-25", 9));
    assert_int_equal (
        workday_shift (workday_shift (due, 7, &calendar.counts), -7, &calendar.counts), due);
    assert_int_equal (workday_shift (due, 0, &calendar.counts), due);
    /* a day that does not count any more: from the one before it */
    assert_int_equal (workday_shift (end_of ("2026-03-19", 9), 1, &calendar.counts),
                      end_of ("2026-03-25", 9));
    assert_int_equal (workday_zone (due), 9);
    assert_int_equal (workday_zone (end_of ("2026-03-17", 7)), 7);
}

static void test_the_cut_off (void **state)
{
    (void) state;
    struct workday_calendar counts = calendar.counts;
    counts.cut_off = 15 * 60;
    int64_t before = at ("2026-03-12", 15, 7) - 1, from = at ("2026-03-12", 15, 7);
    assert_int_equal (workday_due (before, 3, 7, &counts, NULL), end_of ("2026-03-17", 7));
    assert_int_equal (workday_due (from, 3, 7, &counts, NULL), end_of ("2026-03-25", 7));
    /* of a Friday evening the next day is a Saturday: nothing changes */
    assert_int_equal (workday_due (at ("2026-03-13", 23, 7), 1, 7, &counts, NULL),
                      end_of ("2026-03-16", 7));
}

static void test_calendar_days (void **state)
{
    (void) state;
    assert_int_equal (clock_days_end (at ("2026-03-12", 23, 7), 30, 7), end_of ("2026-04-11", 7));
    assert_int_equal (clock_days_end (at ("2026-03-12", 0, 8), 1, 8), end_of ("2026-03-13", 8));
}

static void test_a_year_that_it_does_not_know (void **state)
{
    (void) state;
    bool provisional;
    workday_due (at ("2026-03-12", 10, 7), 5, 7, &calendar.counts, &provisional);
    assert_false (provisional);
    workday_due (at ("2026-12-23", 10, 7), 10, 7, &calendar.counts, &provisional);
    assert_true (provisional);
    workday_due (at ("2025-12-30", 10, 7), 5, 7, &calendar.counts, &provisional);
    assert_true (provisional);
}

static void test_settings_of_a_file (void **state)
{
    static const char text[] = "\xef\xbb\xbf# ours\r\nday\tkind\tscope\tname\r\n"
                               "2026-03-18\tcollective_leave\tID\tCuti\r\n"
                               "2026-03-19\textra\t33.74\tHari jadi kota\r\n"
                               "2026-03-20\tpemilu\tID\tPemilu\r\n"
                               "year\t2027\tunverified\r\nyear\t2026\tverified\r\n"
                               "cut_off\t15:30\r\ncollective_leave\tworked\r\n";
    struct calendar read;
    struct calendar_fault fault;
    (void) state;
    assert_int_equal (calendar_read (text, sizeof text - 1, &read, &fault), 0);
    assert_int_equal (read.counts.cut_off, 15 * 60 + 30);
    assert_int_equal (read.counts.from, 2026);
    assert_int_equal (read.counts.to, 2027);
    assert_true (calendar_unverified (&read, 2027) && !calendar_unverified (&read, 2026));
    assert_int_equal (read.counts.count,
                      1); /* leave is worked, and a city's day is no one else's */
    assert_null (calendar_find (&read, day ("2026-03-18")));
    assert_null (calendar_find (&read, day ("2026-03-19")));
    assert_true (view_is (calendar_find (&read, day ("2026-03-20"))->name, "Pemilu"));
    read.leave_worked = false;
    calendar_count (&read);
    assert_int_equal (read.counts.count, 2);
    calendar_free (&read);
}

static void test_faults_of_a_file (void **state)
{
    static const char *const faulty[] = {"2026-02-29\textra\tx\n",
                                         "2026-3-1\textra\tx\n",
                                         "2026-03-01\telection\tx\n",
                                         "2026-03-01\textra\n",
                                         "2026-03-01\textra\t\n",
                                         "2026-03-01\textra\tID\tx\ty\n",
                                         "2026-03-01\textra\tx\n2026-03-01\textra\tID\ty\n",
                                         "year\t2026\n",
                                         "year\t2026\tverified\nyear\t2026\tunverified\n",
                                         "cut_off\t24:00\n",
                                         "cut_off\t00:00\n",
                                         "cut_off\t15:5\n",
                                         "collective_leave\n",
                                         "holiday\n"};
    (void) state;
    for (size_t i = 0; i < array_len (faulty); i++) {
        struct calendar read;
        struct calendar_fault fault;
        assert_int_equal (calendar_read (faulty[i], strlen (faulty[i]), &read, &fault),
                          FAIL_MALFORMED);
        assert_non_null (fault.why);
        assert_true (fault.line >= 1 && fault.line <= 2);
        calendar_free (&read);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_pause),
        cmocka_unit_test (test_a_pause_within_a_day_moves_nothing),
        cmocka_unit_test (test_a_pause_behind_the_end_or_before_the_start),
        cmocka_unit_test (test_shifting_there_and_back),
        cmocka_unit_test (test_the_cut_off),
        cmocka_unit_test (test_calendar_days),
        cmocka_unit_test (test_a_year_that_it_does_not_know),
        cmocka_unit_test (test_settings_of_a_file),
        cmocka_unit_test (test_faults_of_a_file),
    };
    return cmocka_run_group_tests (tests, set_up, tear_down);
}
