/* codes.c - `aduan rules codes`: a word looked for in codes and names of the registry. */
#include "codes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "question.h"
#include "rules.h"

#define FIELDS_MOST 10
#define NAMED_MOST  8

/* Where a line of the registry (docs/snapshots.md) has code and name. */
static const struct {
    const char *word; /* the line's first field */
    unsigned code, name;
} forms[CODE_KINDS] = {
    [CODE_FUNCTION] = {"function", 2, 3},
    [CODE_CATEGORY] = {"category", 1, 6},
    [CODE_AGENCY] = {"agency", 2, 8},
    [CODE_PLACE] = {"region", 1, 3},
};
static const char *const kind_words[CODE_KINDS] = {"function", "category", "agency", "place"};

/* ---- reading --------------------------------------------------------------------------------- */

static size_t split (struct view line, struct view fields[FIELDS_MOST])
{
    size_t count = 0;
    while (count < FIELDS_MOST) {
        const char *tab = memchr (line.at, '\t', line.len);
        size_t len = tab ? (size_t) (tab - line.at) : line.len;
        fields[count++] = (struct view){line.at, len};
        if (!tab)
            break;
        line = (struct view){tab + 1, line.len - len - 1};
    }
    return count;
}

static void take_line (struct codes *codes, struct view line, size_t *room)
{
    struct view fields[FIELDS_MOST];
    size_t count = split (line, fields);
    for (enum code_kind kind = 0; kind < CODE_KINDS; kind++) {
        if (!view_is (fields[0], forms[kind].word) || count <= forms[kind].name)
            continue;
        if (codes->count == *room) {
            *room = *room ? *room * 2 : 4096;
            codes->at = xrealloc (codes->at, *room * sizeof *codes->at);
        }
        codes->at[codes->count++] =
            (struct code){kind, fields[forms[kind].code], fields[forms[kind].name]};
    }
}

static int compare_views (struct view a, struct view b)
{
    int order = memcmp (a.at, b.at, a.len < b.len ? a.len : b.len);
    return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

/* Lines of one kind stand in the file as they come; of places the code counts. */
static int by_kind (const void *a, const void *b)
{
    const struct code *left = a, *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    if (left->kind == CODE_PLACE)
        return compare_views (left->code, right->code);
    return left->code.at < right->code.at ? -1 : 1;
}

int codes_read (const struct cli *cli, struct codes *ret)
{
    *ret = (struct codes){0};
    size_t room = 0;
    int status = basis_registry_file (cli, &ret->file);
    if (status != 0)
        return status;
    for (struct view left = ret->file.bytes; left.len;) {
        const char *end = memchr (left.at, '\n', left.len);
        size_t len = end ? (size_t) (end - left.at) : left.len;
        take_line (ret, (struct view){left.at, len}, &room);
        len += end != NULL;
        left = (struct view){left.at + len, left.len - len};
    }
    if (ret->count)
        qsort (ret->at, ret->count, sizeof *ret->at, by_kind);
    while (ret->first_place < ret->count && ret->at[ret->first_place].kind != CODE_PLACE)
        ret->first_place++;
    return 0;
}

void codes_free (struct codes *codes)
{
    free (codes->at);
    free (codes->file.memory);
}

/* ---- looking --------------------------------------------------------------------------------- */

static const struct code *find_place (const struct codes *codes, struct view code)
{
    size_t from = codes->first_place, to = codes->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare_views (codes->at[middle].code, code);
        if (order == 0)
            return &codes->at[middle];
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

void codes_put_place (const struct codes *codes, struct view code, struct buffer *out)
{
    for (bool first = true; code.len; code = region_above (code)) {
        const struct code *place = find_place (codes, code);
        if (!place)
            continue;
        buffer_format (out, "%s%.*s", first ? "" : ", ", (int) place->name.len, place->name.at);
        first = false;
    }
}

void codes_put_named (const struct codes *codes, struct view name, struct buffer *out)
{
    size_t count = 0;
    for (size_t i = codes->first_place; i < codes->count; i++) {
        const struct code *place = &codes->at[i];
        if (place->name.len != name.len || strncasecmp (place->name.at, name.at, name.len) != 0)
            continue;
        if (count++ == NAMED_MOST) {
            buffer_format (out, "\n  ...");
            return;
        }
        buffer_format (out, "\n  %-14.*s ", (int) place->code.len, place->code.at);
        codes_put_place (codes, place->code, out);
    }
}

static bool contains (struct view text, struct view word)
{
    for (size_t at = 0; at + word.len <= text.len; at++)
        if (strncasecmp (text.at + at, word.at, word.len) == 0)
            return true;
    return false;
}

/* Does the code or the name have each of these words? */
static bool matches (const struct code *code, struct view words)
{
    while (words.len) {
        const char *blank = memchr (words.at, ' ', words.len);
        size_t len = blank ? (size_t) (blank - words.at) : words.len;
        struct view word = {words.at, len};
        if (!contains (code->code, word) && !contains (code->name, word))
            return false;
        len += blank != NULL;
        words = (struct view){words.at + len, words.len - len};
    }
    return true;
}

static void put_code (const struct cli *cli, const struct codes *codes, const struct code *code)
{
    struct buffer name = {0};
    if (code->kind == CODE_PLACE)
        codes_put_place (codes, code->code, &name);
    else
        buffer_add (&name, code->name.at, code->name.len);
    if (cli->json)
        put_line (json_pack ("{s:s, s:s%, s:s%}", "kind", kind_words[code->kind], "code",
                             code->code.at, code->code.len, "name", name.at, name.len));
    else
        printf ("%-8s  %-20.*s  %.*s\n", kind_words[code->kind], (int) code->code.len,
                code->code.at, (int) name.len, name.at);
    buffer_free (&name);
}

int rules_codes (struct cli *cli)
{
    struct codes codes;
    bool all = cli->options.argument_count < 2, any = false;
    struct view words = view_of (all ? "" : cli->options.arguments[1]);
    int status = codes_read (cli, &codes);
    if (status != 0)
        return status;
    size_t count = codes.count;
    while (all && count && codes.at[count - 1].kind >= CODE_AGENCY)
        count--; /* nobody reads 100,000 lines */
    for (size_t i = 0; i < count; i++)
        if (matches (&codes.at[i], words)) {
            put_code (cli, &codes, &codes.at[i]);
            any = true;
        }
    codes_free (&codes);
    return any ? EX_OK : EX_NOTHING;
}
