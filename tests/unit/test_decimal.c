/* Numbers as people write them: whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/decimal.h"

static void test_decimals (void **state)
{
    static const struct {
        const char *text;
        uint64_t most, number;
        bool valid;
    } cases[] = {
        {"5", 5, 5, true},
        {"0", 5, 0, true},
        {"05", 5, 5, true},
        {"6", 5, 0, false},
        {"4294967297", 5, 0, false},
        {"18446744073709551617", 5, 0, false},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, 0, false},
        {"184467440737095516150", UINT64_MAX, 0, false},
        {"5x", 5, 0, false},
        {"0x1", 5, 0, false},
        {"+5", 5, 0, false},
        {"-1", 5, 0, false},
        {" 5", 5, 0, false},
        {"5 ", 5, 0, false},
        {"", 5, 0, false},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        uint64_t number = 0;
        bool valid = decimal_parse (view_of (cases[i].text), cases[i].most, &number);
        if (valid != cases[i].valid || (valid && number != cases[i].number))
            fail_msg ("'%s' of %llu", cases[i].text, (unsigned long long) cases[i].most);
    }
}

static void test_degrees (void **state)
{
    static const struct {
        const char *text;
        unsigned most;
        int64_t degree;
        bool valid;
    } cases[] = {
        {"-6.9825", 90, -69825000, true},
        {"110.4093", 180, 1104093000, true},
        {"+1", 90, 10000000, true},
        {"90", 90, 900000000, true},
        {"90.0", 90, 900000000, true},
        {"90.0000001", 90, 0, false},
        {"-90.1", 90, 0, false},
        {"0.00000004", 90, 0, true},
        {"0.00000005", 90, 1, true},
        {"-0.123456789012345678901234567890", 90, -1234568, true},
        {"0x10", 90, 0, false},
        {"1e1", 90, 0, false},
        {"nan", 90, 0, false},
        {"inf", 90, 0, false},
        {"6.", 90, 0, false},
        {".5", 90, 0, false},
        {"6.1.2", 90, 0, false},
        {"6.12345678x", 90, 0, false},
        {"99999999999999999999", 90, 0, false},
        {"-", 90, 0, false},
        {"", 90, 0, false},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        int64_t degree = 0;
        bool valid = degree_parse (view_of (cases[i].text), cases[i].most, &degree);
        if (valid != cases[i].valid || (valid && degree != cases[i].degree))
            fail_msg ("'%s': %lld", cases[i].text, (long long) degree);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_decimals),
                                       cmocka_unit_test (test_degrees)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
