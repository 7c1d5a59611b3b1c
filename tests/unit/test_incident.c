/* The day on which something happened: one of the calendar, of the republic's time, that has begun where it is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/incident.h"

#define NOW INT64_C (1795824000000) /* 2026-11-28T00:00:00Z */

static void test_days (void **state)
{
    static const struct {
        const char *day;
        int hours;
        bool valid;
    } cases[] = {
        {"2026-11-28", 0, true},   {"2026-11-29", 0, false},  {"2026-11-29", 14, false},
        {"2026-11-29", 24, true},  {"2026-11-30", 24, false}, {INCIDENT_FIRST, 0, true},
        {"1944-12-31", 24, false}, {"1969-12-31", 0, true},   {"0001-01-01", 0, false},
        {"2024-02-29", 0, true},   {"2023-02-29", 0, false},  {"2026-13-01", 0, false},
        {"2026-00-10", 0, false},  {"2026-04-31", 0, false},  {"2026-1-01", 0, false},
        {"2026/11/01", 0, false},  {"2026-11-01 ", 0, false}, {"", 0, false},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++)
        if (incident_valid (view_of (cases[i].day), NOW, cases[i].hours) != cases[i].valid)
            fail_msg ("%s, %d hours east", cases[i].day, cases[i].hours);
    /* a day later an hour before: it has begun one hour east */
    assert_true (incident_valid (view_of ("2026-11-29"), NOW + 23 * INT64_C (3600000), 1));
    assert_false (incident_valid (view_of ("2026-11-29"), NOW + 23 * INT64_C (3600000), 0));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_days)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
