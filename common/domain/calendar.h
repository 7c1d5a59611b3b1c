/* calendar.h - a calendar's file: days that are no working days, and how they are counted.
 *
 * Lines of fields with tabs between; what begins with # and the header line, which begins with
 * `day`, say nothing:
 *
 *   2026-03-19 kind name          kind: holiday, collective_leave, pemilu, extra
 *   2026-03-19 kind scope name    scope: ID, the whole country; a region's code is kept and not counted
 *   year 2027 unverified          the year is known, and not compared with its decree; or: verified
 *   cut_off 15:00                 what happens from then on counts as of the next day
 *   collective_leave worked       it is no day off; or: off, as without the line
 *
 * Without any `year` a calendar knows those from its first day's to its last one's.
 */
#ifndef ADUAN_CALENDAR_H
#define ADUAN_CALENDAR_H

#include "domain/workday.h"

struct calendar_day {
    int32_t day; /* since 1970-01-01 */
    struct view kind, scope, name;
};

struct calendar_year {
    int year;
    bool verified;
};

struct calendar {
    struct calendar_day *days; /* owned; in their order, by kind where there are several of a day */
    size_t day_count;
    struct calendar_year *years; /* owned; sorted */
    size_t year_count;
    bool leave_worked;
    struct workday_calendar counts; /* its days off are owned, too */
    int32_t *off;
};

/* What is wrong with a line, and the line; for calendar_read's caller to say. */
struct calendar_fault {
    unsigned line; /* from 1 */
    const char *why;
};

/* Views point into `text`, which must outlive the calendar.  0, or FAIL_MALFORMED and *ret_fault; the
 * caller frees the calendar in any case. */
int calendar_read (const char *text, size_t len, struct calendar *ret,
                   struct calendar_fault *ret_fault);
/* Counts anew, after `leave_worked` or counts.cut_off was changed. */
void calendar_count (struct calendar *calendar);
void calendar_free (struct calendar *calendar);
/* What that day is off for, of several the first; NULL: it is in no list that is counted. */
const struct calendar_day *calendar_find (const struct calendar *calendar, int64_t day);
/* Is it a year that was not compared with its decree? */
bool calendar_unverified (const struct calendar *calendar, int year);
/* "15:00" or "15", 00:01 to 23:59, as minutes; "none": 0.  False: neither. */
bool calendar_cut_off (struct view text, int *ret);
/* "2026-03-19", and nothing else. */
bool calendar_date (struct view text, int32_t *ret_day);

#endif
