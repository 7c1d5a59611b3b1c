/* principal.c - the table of keys, read from a snapshot; total on any input. */
#include "daemon/door.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
    struct principal principal;
    UT_hash_handle hh;
};

struct principals {
    struct entry *by_key;
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

static bool parse_line (struct view line, struct principal *principal)
{
    struct view kind, number, key, role, name, rights, agencies;
    if (!next_field (&line, &kind) || !next_field (&line, &number) || !next_field (&line, &key) ||
        !next_field (&line, &role) || !next_field (&line, &name) || !next_field (&line, &rights) ||
        !next_field (&line, &agencies))
        return false;
    if (!number_of (number, &principal->number) || key.len != sizeof principal->key - 1 ||
        name.len == 0 || name.len >= sizeof principal->name)
        return false;
    memcpy (principal->key, key.at, key.len);
    memcpy (principal->name, name.at, name.len);
    principal->role = view_is (role, "adapter")  ? ROLE_ADAPTER
                      : view_is (role, "worker") ? ROLE_WORKER
                      : view_is (role, "front")  ? ROLE_FRONT
                                                 : 0;
    return principal->role && parse_rights (rights, principal) &&
           parse_agencies (agencies, principal);
}

static int add_line (struct principals *principals, struct view line)
{
    if (line.len < 10 || memcmp (line.at, "principal\t", 10) != 0)
        return 0; /* a newer store's */
    struct entry *entry = xcalloc (1, sizeof *entry), *same = NULL;
    if (parse_line (line, &entry->principal))
        HASH_FIND_STR (principals->by_key, entry->principal.key, same);
    else
        same = entry;
    if (same) {
        free (entry->principal.agencies);
        free (entry);
        return FAIL_MALFORMED;
    }
    HASH_ADD_STR (principals->by_key, principal.key, entry);
    return 0;
}

int principals_parse (const char *at, size_t len, struct principals **ret)
{
    struct principals *principals = xcalloc (1, sizeof *principals);
    int result = 0;
    while (len && result == 0) {
        const char *newline = memchr (at, '\n', len);
        size_t line = newline ? (size_t) (newline - at) : len;
        result = add_line (principals, (struct view){at, line});
        at += line + (newline ? 1 : 0);
        len -= line + (newline ? 1 : 0);
    }
    if (result == 0)
        *ret = principals;
    else
        principals_destroy (&principals);
    return result;
}

void principals_destroy (struct principals **held)
{
    struct entry *entry, *next;
    if (!*held)
        return;
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

bool principal_works_for (const struct principal *principal, uint64_t agency)
{
    if (agency > UINT32_MAX || !principal->agencies)
        return false;
    uint32_t number = (uint32_t) agency;
    return bsearch (&number, principal->agencies, principal->agency_count, sizeof number,
                    by_number) != NULL;
}
