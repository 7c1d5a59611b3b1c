/* A calendar's file, and whatever due times are counted by it. */
#include "fuzz.h"
#include "domain/calendar.h"
#include "domain/clock.h"

#define NOON INT64_C (1773378000000) /* 2026-03-13 12:00 WIB */

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    struct calendar calendar;
    struct calendar_fault fault;
    if (calendar_read ((const char *) at, len, &calendar, &fault) == 0) {
        bool provisional;
        for (size_t i = 1; i < calendar.counts.count; i++)
            check (calendar.off[i - 1] < calendar.off[i]);
        int64_t due = workday_due (NOON, 5, 7, &calendar.counts, &provisional);
        check (due > NOON && workday_zone (due) == 7);
        check (workday_shift (workday_shift (due, 5, &calendar.counts), -5, &calendar.counts) ==
               due);
        fuzz_planted (calendar.counts.cut_off && calendar.leave_worked);
    } else {
        check (fault.why && fault.line);
    }
    calendar_free (&calendar);
    return 0;
}
