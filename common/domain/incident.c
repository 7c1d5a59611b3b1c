/* incident.c - days of incidents. */
#include "domain/incident.h"
#include <time.h>

static int digits (const char *at, size_t len)
{
    int number = 0;
    for (size_t i = 0; i < len; i++)
        number = number * 10 + (at[i] - '0');
    return number;
}

bool incident_valid (struct view day, int64_t now, int hours)
{
    static const char form[] = "dddd-dd-dd";

    if (day.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < day.len; i++)
        if (form[i] == 'd' ? day.at[i] < '0' || day.at[i] > '9' : day.at[i] != '-')
            return false;
    struct tm said = {.tm_year = digits (day.at, 4) - 1900,
                      .tm_mon = digits (day.at + 5, 2) - 1,
                      .tm_mday = digits (day.at + 8, 2)},
              real = said;
    int64_t begins = (int64_t) timegm (&real) * 1000;
    return said.tm_year >= INCIDENT_YEAR - 1900 && real.tm_year == said.tm_year &&
           real.tm_mon == said.tm_mon && real.tm_mday == said.tm_mday &&
           begins <= now + hours * INT64_C (3600000);
}
