/* incident.h - when what is reported happened: a day, as every door takes it.  Pure. */
#ifndef ADUAN_INCIDENT_H
#define ADUAN_INCIDENT_H

#include "base/base.h"

#define INCIDENT_YEAR  1945 /* under the republic's offices nothing happened before */
#define INCIDENT_FIRST "1945-01-01"

/* For whom the reporter's zone is not known: it is tomorrow earlier in the east, and a telephone's clock may be ahead. */
#define INCIDENT_ANYWHERE 24

/* Is it a day of the calendar, YYYY-MM-DD, not before INCIDENT_FIRST, that at `now` (ms since 1970) has begun so many hours east of UTC? */
bool incident_valid (struct view day, int64_t now, int hours);

#endif
