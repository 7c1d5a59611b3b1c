/* Names of regions, a known place, a text, from one input: lines "code name", a line "=code", the rest is
 * the text; without names those of a small tree, which need not be read again each time.  Whatever they
 * are, the answer lies in what is known, and is the same again. */
#include "fuzz.h"
#include "decide/place.h"
#include "decide/registry.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MOST 200

static const struct place_name tree[] = {
    {"33", "Jawa Tengah"},
    {"33.22", "Kabupaten Semarang"},
    {"33.22.05", "Pabelan"},
    {"33.22.05.2001", "Sumber Rejo"},
    {"33.22.05.2002", "Sidomulyo"},
    {"33.22.19", "Ungaran Timur"},
    {"33.22.19.1001", "Sidomulyo"},
    {"33.74", "Kota Semarang"},
    {"33.74.10", "Tembalang"},
    {"33.74.10.1006", "Tembalang"},
    {"35.79", "Kota Batu"},
    {"75", "Gorontalo"},
    {"75.01", "Kabupaten Gorontalo"},
    {"75.71", "Kota Gorontalo"},
    {"75.71.01", "Misool (Misool Utara)"},
};

static struct place find (const struct gazetteer *gazetteer, struct view body, const char *within)
{
    struct text text = {0};
    struct place place;
    text_read (&text, view_of (""), body, view_of (""));
    place_find (gazetteer, &text, view_of (within), &place);
    text_free (&text);
    return place;
}

static bool has_code (const struct place_name *names, size_t count, const char *code)
{
    bool found = code[0] == 0;
    for (size_t i = 0; i < count; i++)
        found = found || strcmp (names[i].code, code) == 0;
    return found;
}

static void judge (const struct gazetteer *gazetteer, const struct place_name *names, size_t count,
                   const char *within, struct view body)
{
    struct place place = find (gazetteer, body, within), again = find (gazetteer, body, within);
    check (memcmp (&place, &again, sizeof place) == 0);
    check (has_code (names, count, place.code));
    struct place known = find (gazetteer, view_of (""), within);
    if (strcmp (known.code, within) == 0)
        check (region_within (view_of (place.code), view_of (within)));
    for (size_t i = 0; i < array_len (place.candidates); i++) {
        check (has_code (names, count, place.candidates[i]));
        check (!place.candidates[i][0] ||
               region_within (view_of (place.candidates[i]), view_of (place.code)));
    }
    fuzz_planted (place.sure == PLACE_SURE && strlen (place.code) > 5);
}

static void judge_named (const struct place_name *names, size_t count, const char *within,
                         struct view body)
{
    static struct gazetteer *kept;
    if (!kept)
        kept = gazetteer_new (tree, array_len (tree));
    struct gazetteer *made = count ? gazetteer_new (names, count) : NULL;
    judge (made ? made : kept, made ? names : tree, made ? count : array_len (tree), within, body);
    gazetteer_free (&made);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    struct place_name names[NAMES_MOST];
    size_t count = 0;
    char *input = xcalloc (len + 1, 1), *line = input;
    const char *within = "";
    memcpy (input, at, len);
    for (char *end; (end = strchr (line, '\n')) && count < NAMES_MOST; line = end + 1) {
        char *gap = memchr (line, ' ', (size_t) (end - line));
        if (line[0] != '=' && !gap)
            break;
        *end = 0;
        if (line[0] == '=') {
            within = line + 1;
            continue;
        }
        *gap = 0;
        names[count++] = (struct place_name){line, gap + 1};
    }
    struct view body = {line, len - (size_t) (line - input)};
    judge_named (names, count, within, body);
    free (input);
    return 0;
}
