/* days.h - the calendar that a command works with. */
#ifndef ADUAN_CLI_DAYS_H
#define ADUAN_CLI_DAYS_H

#include "cli.h"
#include "domain/calendar.h"

struct days {
    char *text; /* its file; owned */
    struct calendar calendar;
};

/* `said`: a file, "shipped", the number of a version, or NULL: the one in force, or where no settings
 * say who to ask the shipped one.  0, or an exit status after a complaint; days_free in any case. */
int days_read (const struct cli *cli, const char *said, struct days *ret);
void days_free (struct days *days);

#endif
