/* personal.c - see personal.h.
 *
 * Digits come in groups: 0812-3456-7890 is three.  Each group that ends is judged together with those before it, since
 * another number may stand in front ("RT 3 0812 3456 7890").
 */
#include "domain/personal.h"

#include <string.h>
#include <utf8proc.h>

#define GROUPS     8  /* that are judged together */
#define GROUP_MOST 20 /* digits of a group that are kept; what is longer is nobody's number */
#define APART_MOST 3  /* signs between two groups: "021) - " */

struct group {
    char digits[GROUP_MOST];
    size_t len;
    bool plus; /* a '+' stands before it */
};

/* Groups that follow one another; the last one is being read. */
struct run {
    struct group groups[GROUPS];
    size_t count;
};

/* Some of them, as one number. */
struct number {
    char digits[GROUPS * GROUP_MOST];
    size_t len, groups;
    size_t first;        /* digits of its first group */
    size_t least, later; /* digits of the shortest group, and of the shortest behind the first */
    bool plus;
};

static bool looks_like_nik (const struct number *number)
{
    return number->len == 16 && number->least >= 4;
}

/* A date or an hour begins with a group of two digits, a telephone number does not: "08-12-2026 10.30". */
static bool looks_like_mobile (const struct number *number)
{
    const char *at = number->digits;
    if (at[0] == '0')
        return number->first >= 3 && at[1] == '8' && at[2] != '0' && number->len >= 10 &&
               number->len <= 13;
    return memcmp (at, "628", 3) == 0 && number->len >= 11 && number->len <= 15;
}

static bool looks_like_landline (const struct number *number)
{
    const char *at = number->digits;
    if (number->plus)
        return memcmp (at, "62", 2) == 0 && number->len >= 10 && number->len <= 14;
    if (at[0] != '0' || at[1] < '2')
        return false;
    if (number->groups == 1)
        return number->len >= 9 && number->len <= 12;
    size_t rest = number->len - number->first;
    return number->first >= 3 && number->first <= 4 && number->later >= 3 && rest >= 5 && rest <= 8;
}

/* The number of the groups from `first` on; false where one of them is too long for any. */
static bool gather (const struct run *run, size_t first, struct number *ret)
{
    *ret = (struct number){.first = run->groups[first].len,
                           .least = GROUP_MOST,
                           .later = GROUP_MOST,
                           .plus = run->groups[first].plus,
                           .groups = run->count - first};
    for (size_t i = first; i < run->count; i++) {
        const struct group *group = &run->groups[i];
        if (group->len > GROUP_MOST)
            return false;
        memcpy (ret->digits + ret->len, group->digits, group->len);
        ret->len += group->len;
        ret->least = group->len < ret->least ? group->len : ret->least;
        if (i > first)
            ret->later = group->len < ret->later ? group->len : ret->later;
    }
    return ret->len >= 3;
}

/* What the numbers are that end with the last group. */
static unsigned judge (const struct run *run)
{
    unsigned found = 0;
    struct number number;
    for (size_t first = 0; first < run->count; first++) {
        if (!gather (run, first, &number))
            continue;
        if (looks_like_nik (&number))
            found |= PERSONAL_NIK;
        else if (looks_like_mobile (&number) || looks_like_landline (&number))
            found |= PERSONAL_PHONE;
    }
    return found;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The sign at `at`, and how many bytes it has; what is malformed is a sign of one byte. */
static int32_t sign_at (struct view text, size_t at, size_t *ret_len)
{
    utf8proc_int32_t point;
    utf8proc_ssize_t len = utf8proc_iterate ((const utf8proc_uint8_t *) text.at + at,
                                             (utf8proc_ssize_t) (text.len - at), &point);
    *ret_len = len > 0 ? (size_t) len : 1;
    return len > 0 ? point : 0;
}

/* 0 to 9, -1: no digit. */
static int digit_of (int32_t sign)
{
    if (sign >= '0' && sign <= '9')
        return sign - '0';
    return sign >= 0xff10 && sign <= 0xff19 ? sign - 0xff10 : -1;
}

static bool parts_groups (int32_t sign)
{
    return sign == ' ' || sign == '.' || sign == '-' || sign == '(' || sign == ')' ||
           sign == 0xa0 || sign == 0x202f || (sign >= 0x2010 && sign <= 0x2015);
}

static struct group *group_begin (struct run *run, bool plus)
{
    if (run->count == GROUPS) {
        memmove (run->groups, run->groups + 1, (GROUPS - 1) * sizeof run->groups[0]);
        run->count--;
    }
    struct group *group = &run->groups[run->count++];
    *group = (struct group){.plus = plus};
    return group;
}

/* Reads groups from the digit at `at` on; returns where they end. */
static size_t read_run (struct view text, size_t at, unsigned *found)
{
    struct run run = {0};
    struct group *group = group_begin (&run, at > 0 && text.at[at - 1] == '+');
    size_t apart = 0, len;

    for (; at < text.len; at += len) {
        int32_t sign = sign_at (text, at, &len);
        int digit = digit_of (sign);
        if (utf8_unseen (sign))
            continue;
        if (digit >= 0) {
            if (apart)
                group = group_begin (&run, text.at[at - 1] == '+');
            apart = 0;
            if (group->len++ < GROUP_MOST)
                group->digits[group->len - 1] = (char) ('0' + digit);
        } else if (parts_groups (sign) && apart < APART_MOST) {
            if (apart++ == 0)
                *found |= judge (&run);
        } else {
            break;
        }
    }
    if (apart == 0)
        *found |= judge (&run);
    return at;
}

static bool is_letter (char sign)
{
    return (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z');
}

static bool is_digit (char sign)
{
    return sign >= '0' && sign <= '9';
}

/* Is the '@' at `at` that of an address: something before it, a name with a dot behind it?  "@pemkot" is none. */
static bool is_mail (struct view text, size_t at)
{
    size_t label = 0;
    bool dot = false;
    if (at == 0 || !(is_letter (text.at[at - 1]) || is_digit (text.at[at - 1]) ||
                     strchr ("._%+-", text.at[at - 1])))
        return false;
    for (size_t i = at + 1; i < text.len; i++) {
        char sign = text.at[i];
        if (is_letter (sign) || is_digit (sign) || sign == '-') {
            label++;
            if (dot && label >= 2)
                return true;
        } else if (sign == '.' && label > 0) {
            dot = true;
            label = 0;
        } else {
            return false;
        }
    }
    return false;
}

unsigned personal_find (struct view text)
{
    unsigned found = 0;
    for (size_t at = 0; at < text.len;) {
        char sign = text.at[at];
        size_t len;
        if (is_digit (sign) || (sign == '\xef' && digit_of (sign_at (text, at, &len)) >= 0)) {
            at = read_run (text, at, &found);
            continue;
        }
        if (sign == '@' && is_mail (text, at))
            found |= PERSONAL_MAIL;
        at++;
    }
    return found;
}
