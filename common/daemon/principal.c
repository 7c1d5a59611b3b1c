/* principal.c - the table of keys, read from a snapshot; total on any input.
 *
 * A line that cannot be read is left out, and said: its key enters nowhere.  It must not keep the
 * rest out of force, for the rest may be what takes a stolen key away.
 */
#include "daemon/door.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define SAID_MOST 20

struct entry {
    struct principal principal;
    UT_hash_handle hh, hh_name;
};

struct principals {
    struct entry *by_key;
    struct entry *adapters; /* by name; of a rotated key's two lines the first */
};

/* The next field of a tab-separated line; false at its end. */
static bool next_field (struct view *line, struct view *ret)
{
    if (!line->at)
        return false;
    const char *tab = memchr (line->at, '\t', line->len);
    *ret = (struct view){line->at, tab ? (size_t) (tab - line->at) : line->len};
    line->at = tab ? tab + 1 : NULL;
    line->len -= ret->len + (tab ? 1 : 0);
    return true;
}

static bool number_of (struct view text, uint32_t *ret)
{
    uint64_t number = 0;
    if (text.len == 0 || text.len > 10)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        number = number * 10 + (uint64_t) (text.at[i] - '0');
    }
    *ret = (uint32_t) number;
    return number <= UINT32_MAX;
}

static bool next_item (struct view *list, struct view *ret)
{
    if (list->len == 0)
        return false;
    const char *comma = memchr (list->at, ',', list->len);
    *ret = (struct view){list->at, comma ? (size_t) (comma - list->at) : list->len};
    size_t step = ret->len + (comma ? 1 : 0);
    list->at += step;
    list->len -= step;
    return true;
}

static int by_number (const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static bool parse_agencies (struct view list, struct principal *principal)
{
    struct view item;
    if (view_is (list, "-"))
        return true;
    while (next_item (&list, &item)) {
        if (principal->agency_count % 16 == 0)
            principal->agencies = xrealloc (principal->agencies, (principal->agency_count + 16) *
                                                                     sizeof *principal->agencies);
        if (!number_of (item, &principal->agencies[principal->agency_count]))
            return false;
        principal->agency_count++;
    }
    if (principal->agencies)
        qsort (principal->agencies, principal->agency_count, sizeof *principal->agencies,
               by_number);
    return true;
}

static bool parse_rights (struct view list, struct principal *principal)
{
    struct view item;
    while (next_item (&list, &item)) {
        principal->emergency |= view_is (item, "emergency");
        principal->bulk |= view_is (item, "bulk");
    }
    return true;
}

static enum role role_of (struct view word)
{
    return view_is (word, "adapter")  ? ROLE_ADAPTER
           : view_is (word, "worker") ? ROLE_WORKER
           : view_is (word, "front")  ? ROLE_FRONT
                                      : 0;
}

enum field { KIND, NUMBER, KEY, ROLE, NAME, RIGHTS, AGENCIES, FIELDS };
static const struct {
    const char *name, *right;
} fields[FIELDS] = {{"kind", "principal"},
                    {"number", "a number"},
                    {"key", "40 signs of Z85 that no line before has"},
                    {"role", "adapter, worker or front"},
                    {"name", "1 to 64 bytes"},
                    {"rights", "a list of words, or -"},
                    {"agencies", "a list of numbers, or -"}};

/* FIELDS, or the first field that is wrong; its value is in `ret_value`. */
static enum field parse_line (struct view line, struct principal *principal, struct view *ret_value)
{
    struct view said[FIELDS];
    *ret_value = (struct view){"", 0};
    for (enum field field = KIND; field < FIELDS; field++)
        if (!next_field (&line, &said[field]))
            return field;
    principal->role = role_of (said[ROLE]);
    enum field wrong = !number_of (said[NUMBER], &principal->number)                     ? NUMBER
                       : !key_valid (said[KEY])                                          ? KEY
                       : !principal->role                                                ? ROLE
                       : said[NAME].len == 0 || said[NAME].len >= sizeof principal->name ? NAME
                       : !parse_rights (said[RIGHTS], principal)                         ? RIGHTS
                       : !parse_agencies (said[AGENCIES], principal)                     ? AGENCIES
                                                                                         : FIELDS;
    *ret_value = said[wrong == FIELDS ? KEY : wrong];
    if (wrong != FIELDS)
        return wrong;
    memcpy (principal->key, said[KEY].at, said[KEY].len);
    memcpy (principal->name, said[NAME].at, said[NAME].len);
    return FIELDS;
}

static void say_left_out (unsigned number, enum field wrong, struct view value)
{
    log_warning ("snapshot principals, line %u: its %s \"%s\" is not %s: the line is left out and "
                 "its key enters nowhere; all others are in force",
                 number, fields[wrong].name, log_text (value.at, value.len), fields[wrong].right);
}

/* Was it taken, or another kind of line?  `may_say`: why it was not. */
static bool add_line (struct principals *principals, struct view line, unsigned number,
                      bool may_say)
{
    if (line.len < 10 || memcmp (line.at, "principal\t", 10) != 0)
        return true; /* a newer store's */
    struct entry *entry = xcalloc (1, sizeof *entry), *same = NULL;
    struct view value;
    enum field wrong = parse_line (line, &entry->principal, &value);
    if (wrong == FIELDS)
        HASH_FIND_STR (principals->by_key, entry->principal.key, same);
    if (wrong == FIELDS && !same) {
        HASH_ADD_STR (principals->by_key, principal.key, entry);
        if (entry->principal.role == ROLE_ADAPTER &&
            !principals_adapter (principals, view_of (entry->principal.name)))
            HASH_ADD_KEYPTR (hh_name, principals->adapters, entry->principal.name,
                             strlen (entry->principal.name), entry);
        return true;
    }
    if (may_say)
        say_left_out (number, same ? KEY : wrong, value);
    free (entry->principal.agencies);
    free (entry);
    return false;
}

int principals_parse (const char *at, size_t len, struct principals **ret)
{
    struct principals *principals = xcalloc (1, sizeof *principals);
    unsigned number = 0, left_out = 0;
    while (len) {
        const char *newline = memchr (at, '\n', len);
        size_t line = newline ? (size_t) (newline - at) : len;
        if (!add_line (principals, (struct view){at, line}, ++number, left_out < SAID_MOST))
            left_out++;
        at += line + (newline ? 1 : 0);
        len -= line + (newline ? 1 : 0);
    }
    if (left_out > SAID_MOST)
        log_warning ("snapshot principals: %u lines are left out in all", left_out);
    *ret = principals;
    return 0;
}

void principals_destroy (struct principals **held)
{
    struct entry *entry, *next;
    if (!*held)
        return;
    HASH_CLEAR (hh_name, (*held)->adapters);
    HASH_ITER (hh, (*held)->by_key, entry, next) {
        HASH_DEL ((*held)->by_key, entry);
        free (entry->principal.agencies);
        free (entry);
    }
    free (*held);
    *held = NULL;
}

const struct principal *principals_find (const struct principals *principals, const char *key)
{
    struct entry *entry = NULL;
    if (principals)
        HASH_FIND_STR (principals->by_key, key, entry);
    return entry ? &entry->principal : NULL;
}

const struct principal *principals_adapter (const struct principals *principals, struct view name)
{
    struct entry *entry = NULL;
    if (principals && name.len)
        HASH_FIND (hh_name, principals->adapters, name.at, name.len, entry);
    return entry ? &entry->principal : NULL;
}

bool principal_works_for (const struct principal *principal, uint64_t agency)
{
    if (agency > UINT32_MAX || !principal->agencies)
        return false;
    uint32_t number = (uint32_t) agency;
    return bsearch (&number, principal->agencies, principal->agency_count, sizeof number,
                    by_number) != NULL;
}
