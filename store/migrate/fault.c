/* fault.c - what is wrong with a file, as one line of the log: place, column, value, and what to do about it. */
#include "migrate.h"
#include "base/log.h"

#include <string.h>

void fault_say (struct faults *faults, const char *place, const char *column, struct view value,
                const char *remedy)
{
    faults->count++;
    if (column)
        log_error ("%s%s%s%s: %s \"%s\": %s", faults->path, faults->before, place, faults->after,
                   column, log_text (value.at, value.len), remedy);
    else
        log_error ("%s%s%s%s: %s", faults->path, faults->before, place, faults->after, remedy);
}

void fault_say_line (struct faults *faults, int line, const char *column, struct view value,
                     const char *remedy)
{
    char place[16];
    snprintf (place, sizeof place, "%d", line);
    fault_say (faults, place, column, value, remedy);
}

void fault_say_rows (struct faults *faults, PGconn *db, const char *what, enum statement which)
{
    PGresult *found = run (db, what, which);
    for (int row = 0; row < PQntuples (found); row++)
        fault_say (faults, PQgetvalue (found, row, 0), PQgetvalue (found, row, 1),
                   view_of (PQgetvalue (found, row, 2)), PQgetvalue (found, row, 3));
    PQclear (found);
}
