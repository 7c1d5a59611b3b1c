/* count_clocks CALENDAR - due times as common/domain counts them, for tests that count otherwise.
 *
 * A line of standard input is START LIMIT ZONE [FROM TO]..., instants in ms since 1970; a line of output
 * is the due time. */
#include "domain/calendar.h"
#include "domain/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSES_MOST 16

static int64_t count (char *line, const struct workday_calendar *calendar)
{
    struct clock_pause pauses[PAUSES_MOST];
    size_t pause_count = 0;
    char *rest = line;
    int64_t start = strtoll (rest, &rest, 10);
    unsigned limit = (unsigned) strtoul (rest, &rest, 10);
    int zone = (int) strtol (rest, &rest, 10);
    while (strspn (rest, " \n") < strlen (rest) && pause_count < PAUSES_MOST) {
        int64_t from = strtoll (rest, &rest, 10), to = strtoll (rest, &rest, 10);
        pauses[pause_count++] = (struct clock_pause){from, to};
    }
    return clock_due (start, limit, pauses, pause_count, zone, calendar);
}

int main (int argc, char **argv)
{
    struct calendar calendar;
    struct calendar_fault fault;
    char *text = NULL, *line = NULL;
    size_t len = 0, room = 0;
    if (argc != 2 || file_read (argv[1], 1u << 20, &text, &len) != 0 ||
        calendar_read (text, len, &calendar, &fault) != 0)
        return EXIT_FAILURE;
    while (getline (&line, &room, stdin) > 0)
        printf ("%" PRId64 "\n", count (line, &calendar.counts));
    free (line);
    calendar_free (&calendar);
    free (text);
    return EXIT_SUCCESS;
}
