/* calendar.c - reading a calendar's file. */
#include "domain/calendar.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS 4

static const char *const kinds[] = {"holiday", "collective_leave", "pemilu", "extra"};

/* ---- fields ---------------------------------------------------------------------------------- */

static bool number_of (struct view text, int most, int *ret)
{
    int number = 0;
    if (text.len == 0 || text.len > 4)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        number = number * 10 + (text.at[i] - '0');
    }
    *ret = number;
    return number <= most;
}

static struct view part_of (struct view text, size_t from, size_t len)
{
    return (struct view){text.at + from, len};
}

/* Days since 1970 (proleptic Gregorian; Hinnant's days-from-civil). */
static int32_t day_of_date (int year, int month, int day)
{
    int64_t shifted = month <= 2 ? year - 1 : year, era = shifted / 400, of_era = shifted % 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (int32_t) (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468);
}

bool calendar_date (struct view text, int32_t *ret_day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-' ||
        !number_of (part_of (text, 0, 4), 9999, &year) ||
        !number_of (part_of (text, 5, 2), 12, &month) ||
        !number_of (part_of (text, 8, 2), 31, &day) || year < 1 || month < 1 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    *ret_day = day_of_date (year, month, day);
    return day <= lengths[month - 1] + (leap && month == 2);
}

bool calendar_cut_off (struct view text, int *ret)
{
    int hour, minute = 0;
    const char *colon = text.len ? memchr (text.at, ':', text.len) : NULL;
    size_t len = colon ? (size_t) (colon - text.at) : text.len;
    *ret = 0;
    if (view_is (text, "none"))
        return true;
    if (len > 2 || !number_of (part_of (text, 0, len), 23, &hour))
        return false;
    if (colon && (text.len - len != 3 || !number_of (part_of (text, len + 1, 2), 59, &minute)))
        return false;
    *ret = hour * 60 + minute;
    return *ret > 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static size_t split (struct view line, struct view fields[FIELDS])
{
    size_t count = 0;
    for (;;) {
        const char *tab = line.len ? memchr (line.at, '\t', line.len) : NULL;
        size_t len = tab ? (size_t) (tab - line.at) : line.len;
        if (count == FIELDS)
            return FIELDS + 1;
        fields[count++] = part_of (line, 0, len);
        if (!tab)
            return count;
        line = part_of (line, len + 1, line.len - len - 1);
    }
}

static bool same (struct view a, struct view b)
{
    return a.len == b.len && memcmp (a.at, b.at, a.len) == 0;
}

static const char *take_day (struct calendar *calendar, int32_t day, const struct view *fields,
                             size_t count)
{
    bool known = false;
    for (size_t i = 0; i < array_len (kinds) && count > 1; i++)
        known = known || view_is (fields[1], kinds[i]);
    if (count < 3)
        return "not day, kind, name with tabs between";
    if (!known)
        return "the kind is holiday, collective_leave, pemilu or extra";
    if (fields[count - 1].len == 0 || (count == 4 && fields[2].len == 0))
        return "a scope or name is empty";
    struct view scope = count == 4 ? fields[2] : view_of ("ID");
    for (size_t i = 0; i < calendar->day_count; i++)
        if (calendar->days[i].day == day && same (calendar->days[i].kind, fields[1]) &&
            same (calendar->days[i].scope, scope))
            return "that day is of that kind and scope already";
    calendar->days = xrealloc (calendar->days, (calendar->day_count + 1) * sizeof *calendar->days);
    calendar->days[calendar->day_count++] = (struct calendar_day){
        .day = day, .kind = fields[1], .scope = scope, .name = fields[count - 1]};
    return NULL;
}

static const char *take_year (struct calendar *calendar, const struct view *fields, size_t count)
{
    int year;
    bool verified = count == 3 && view_is (fields[2], "verified");
    if (count != 3 || !number_of (fields[1], 9999, &year) ||
        (!verified && !view_is (fields[2], "unverified")))
        return "not year, a number, verified or unverified with tabs between";
    for (size_t i = 0; i < calendar->year_count; i++)
        if (calendar->years[i].year == year)
            return "that year is there already";
    calendar->years =
        xrealloc (calendar->years, (calendar->year_count + 1) * sizeof *calendar->years);
    calendar->years[calendar->year_count++] = (struct calendar_year){year, verified};
    return NULL;
}

static const char *take_line (struct calendar *calendar, struct view line)
{
    struct view fields[FIELDS];
    size_t count = split (line, fields);
    int32_t day;
    if (count > FIELDS)
        return "it has more than four fields";
    if (view_is (fields[0], "day"))
        return NULL;
    if (view_is (fields[0], "year"))
        return take_year (calendar, fields, count);
    if (view_is (fields[0], "cut_off"))
        return count == 2 && calendar_cut_off (fields[1], &calendar->counts.cut_off)
                   ? NULL
                   : "a cut-off is none, or a time of day from 00:01 to 23:59, as 15:00";
    if (view_is (fields[0], "collective_leave")) {
        calendar->leave_worked = count == 2 && view_is (fields[1], "worked");
        return calendar->leave_worked || (count == 2 && view_is (fields[1], "off"))
                   ? NULL
                   : "collective leave is off or worked";
    }
    if (!calendar_date (fields[0], &day))
        return "it begins with no day as 2026-03-19, nor with year, cut_off or collective_leave";
    return take_day (calendar, day, fields, count);
}

/* ---- order ----------------------------------------------------------------------------------- */

static int by_bytes (struct view a, struct view b)
{
    int order = memcmp (a.at, b.at, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_day (const void *a, const void *b)
{
    const struct calendar_day *left = a, *right = b;
    if (left->day != right->day)
        return left->day > right->day ? 1 : -1;
    int order = by_bytes (left->kind, right->kind);
    return order ? order : by_bytes (left->scope, right->scope);
}

static int by_year (const void *a, const void *b)
{
    const struct calendar_year *left = a, *right = b;
    return (left->year > right->year) - (left->year < right->year);
}

static bool is_counted (const struct calendar *calendar, const struct calendar_day *day)
{
    return view_is (day->scope, "ID") &&
           !(calendar->leave_worked && view_is (day->kind, "collective_leave"));
}

static int year_of_day (int32_t day)
{
    int year = 1970 + day / 366;
    while (day_of_date (year + 1, 1, 1) <= day)
        year++;
    while (day_of_date (year, 1, 1) > day)
        year--;
    return year;
}

void calendar_count (struct calendar *calendar)
{
    struct workday_calendar *counts = &calendar->counts;
    free (calendar->off);
    calendar->off = xcalloc (calendar->day_count + 1, sizeof *calendar->off);
    counts->off = calendar->off;
    counts->count = 0;
    for (size_t i = 0; i < calendar->day_count; i++) {
        const struct calendar_day *day = &calendar->days[i];
        if (is_counted (calendar, day) &&
            (counts->count == 0 || calendar->off[counts->count - 1] != day->day))
            calendar->off[counts->count++] = day->day;
    }
    if (calendar->year_count) {
        counts->from = calendar->years[0].year;
        counts->to = calendar->years[calendar->year_count - 1].year;
    } else if (calendar->day_count) {
        counts->from = year_of_day (calendar->days[0].day);
        counts->to = year_of_day (calendar->days[calendar->day_count - 1].day);
    }
}

static void put_in_order (struct calendar *calendar)
{
    if (calendar->day_count)
        qsort (calendar->days, calendar->day_count, sizeof *calendar->days, by_day);
    if (calendar->year_count)
        qsort (calendar->years, calendar->year_count, sizeof *calendar->years, by_year);
    calendar_count (calendar);
}

int calendar_read (const char *text, size_t len, struct calendar *ret,
                   struct calendar_fault *ret_fault)
{
    struct view rest = {text, len};
    *ret = (struct calendar){0};
    *ret_fault = (struct calendar_fault){0};
    if (rest.len >= 3 && memcmp (rest.at, "\xef\xbb\xbf", 3) == 0) /* as editors of Windows do */
        rest = part_of (rest, 3, rest.len - 3);
    while (rest.len) {
        const char *end = memchr (rest.at, '\n', rest.len);
        struct view line = part_of (rest, 0, end ? (size_t) (end - rest.at) : rest.len);
        rest = part_of (rest, line.len + (end ? 1 : 0), rest.len - line.len - (end ? 1 : 0));
        line.len -= line.len && line.at[line.len - 1] == '\r';
        ret_fault->line++;
        if (line.len == 0 || line.at[0] == '#')
            continue;
        ret_fault->why = take_line (ret, line);
        if (ret_fault->why)
            return FAIL_MALFORMED;
    }
    put_in_order (ret);
    return 0;
}

void calendar_free (struct calendar *calendar)
{
    free (calendar->days);
    free (calendar->years);
    free (calendar->off);
    *calendar = (struct calendar){0};
}

/* ---- questions ------------------------------------------------------------------------------- */

const struct calendar_day *calendar_find (const struct calendar *calendar, int64_t day)
{
    size_t low = 0, high = calendar->day_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calendar->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < calendar->day_count && calendar->days[low].day == day; low++)
        if (is_counted (calendar, &calendar->days[low]))
            return &calendar->days[low];
    return NULL;
}

bool calendar_unverified (const struct calendar *calendar, int year)
{
    for (size_t i = 0; i < calendar->year_count; i++)
        if (calendar->years[i].year == year)
            return !calendar->years[i].verified;
    return false;
}
