/* registry.c - hash tables over the snapshot's lines.  Total on any input: what is not well-formed is
 * refused as a whole, and the former registry stays in force. */
#include "registry.h"
#include "base/log.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct agency_entry {
    struct agency agency;
    UT_hash_handle hh, hh_code;
};

struct holder_key {
    uint16_t function; /* 0: the desk of the region */
    char region[14];
};

struct holder {
    struct holder_key key;
    uint32_t agency;
    UT_hash_handle hh;
};

struct category_entry {
    struct category category;
    UT_hash_handle hh;
};

/* Regions are many (91,599): a sorted array of codes costs a seventh of a hash table. */
struct region_code {
    char code[14];
};

struct registry {
    uint64_t version;
    char *text; /* a copy of the snapshot, fields ended by NUL */
    struct agency_entry *agencies, *codes;
    struct holder *holders, *exceptions;
    struct category_entry *categories;
    struct region_code *regions;
    struct place_name *names; /* as many; until the gazetteer has read them */
    size_t region_count, region_room;
    const char *functions[REGISTRY_FUNCTIONS_MOST];
    uint16_t function_end; /* behind the last one */
    struct gazetteer *gazetteer;
    struct mandates *mandates;
    struct oversight *oversight;
    uint32_t root;
};

/* ---- lines --------------------------------------------------------------------------------- */

#define FIELDS     9
#define SURE_USUAL 930 /* permille, of a category that does not say */

/* Cuts a line at its tabs; the number of fields. */
static unsigned cut (char *line, char *fields[FIELDS])
{
    unsigned count = 0;
    while (line && count < FIELDS) {
        fields[count++] = line;
        line = strchr (line, '\t');
        if (line)
            *line++ = 0;
    }
    return count;
}

static bool number_of (const char *text, uint32_t *ret)
{
    char *end;
    if (strcmp (text, "-") == 0) {
        *ret = 0;
        return true;
    }
    unsigned long number = strtoul (text, &end, 10);
    *ret = (uint32_t) number;
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && number <= INT32_MAX;
}

static bool has_word (const char *list, const char *word)
{
    size_t len = strlen (word);
    for (const char *at = strstr (list, word); at; at = strstr (at + 1, word))
        if ((at == list || at[-1] == ',') && (at[len] == 0 || at[len] == ','))
            return true;
    return false;
}

static bool set_region (char into[14], const char *code)
{
    if (strcmp (code, "-") == 0)
        code = "";
    if (strlen (code) >= 14)
        return false;
    strcpy (into, code);
    return true;
}

/* The first one named holds it. */
static void add_holder (struct holder **holders, uint16_t function, const char *region,
                        uint32_t agency)
{
    struct holder *holder = xcalloc (1, sizeof *holder), *same;
    holder->key.function = function;
    strcpy (holder->key.region, region);
    holder->agency = agency;
    HASH_FIND (hh, *holders, &holder->key, sizeof holder->key, same);
    if (same)
        free (holder);
    else
        HASH_ADD (hh, *holders, key, sizeof holder->key, holder);
}

static bool add_agency (struct registry *registry, char **fields)
{
    struct agency_entry *entry = xcalloc (1, sizeof *entry), *same = NULL;
    struct agency *agency = &entry->agency;
    uint32_t function = 0;
    bool good = number_of (fields[1], &agency->number) && agency->number &&
                number_of (fields[3], &agency->parent) && number_of (fields[5], &function) &&
                function < array_len (registry->functions) &&
                set_region (agency->region, fields[6]);
    if (good)
        HASH_FIND (hh, registry->agencies, &agency->number, sizeof agency->number, same);
    if (!good || same) {
        free (entry);
        return false;
    }
    agency->function = (uint16_t) function;
    agency->code = fields[2];
    agency->code_len = (uint32_t) strlen (fields[2]);
    agency->name = fields[8];
    agency->inspectorate = has_word (fields[7], "inspectorate");
    agency->desk = has_word (fields[7], "desk");
    agency->central = has_word (fields[7], "central");
    HASH_ADD (hh, registry->agencies, agency.number, sizeof agency->number, entry);
    HASH_ADD_KEYPTR (hh_code, registry->codes, agency->code, agency->code_len, entry);
    if (!agency->parent && !registry->root)
        registry->root = agency->number;
    if (agency->desk)
        add_holder (&registry->holders, 0, agency->region, agency->number);
    if (agency->function && !agency->desk)
        add_holder (&registry->holders, agency->function, agency->region, agency->number);
    return true;
}

static bool add_region (struct registry *registry, char **fields)
{
    if (strlen (fields[1]) >= 14)
        return false;
    if (registry->region_count == registry->region_room) {
        registry->region_room = registry->region_room ? registry->region_room * 2 : 1024;
        registry->regions =
            xrealloc (registry->regions, registry->region_room * sizeof *registry->regions);
        registry->names =
            xrealloc (registry->names, registry->region_room * sizeof *registry->names);
    }
    registry->names[registry->region_count] = (struct place_name){fields[1], fields[3]};
    struct region_code *region = &registry->regions[registry->region_count++];
    memset (region, 0, sizeof *region);
    strcpy (region->code, fields[1]);
    return true;
}

static bool add_category (struct registry *registry, char **fields)
{
    struct category_entry *entry = xcalloc (1, sizeof *entry), *same = NULL;
    uint32_t function = 0;
    bool good = number_of (fields[1], &entry->category.number) &&
                number_of (fields[2], &entry->category.parent) &&
                number_of (fields[3], &function) && function < array_len (registry->functions) &&
                number_of (fields[4], &entry->category.agency);
    if (good)
        HASH_FIND (hh, registry->categories, &entry->category.number, sizeof (uint32_t), same);
    if (!good || same) {
        free (entry);
        return false;
    }
    uint32_t level = 0, sure = SURE_USUAL;
    if (fields[7] && (!number_of (fields[7], &level) || level > 2))
        level = 0;
    if (fields[8] && (!number_of (fields[8], &sure) || sure > 1000))
        sure = SURE_USUAL;
    entry->category.function = (uint16_t) function;
    entry->category.class = (uint8_t) class_of (fields[5]);
    entry->category.level = (uint8_t) level;
    entry->category.sure = (uint16_t) sure;
    entry->category.name = fields[6];
    HASH_ADD (hh, registry->categories, category.number, sizeof (uint32_t), entry);
    return true;
}

static bool add_function (struct registry *registry, char **fields)
{
    uint32_t number;
    if (!number_of (fields[1], &number) || number == 0 || number >= array_len (registry->functions))
        return false;
    registry->functions[number] = fields[2];
    if (number >= registry->function_end)
        registry->function_end = (uint16_t) (number + 1);
    return true;
}

/* oversight  PHRASE [KIND]: without a kind it is a word. */
static bool add_oversight (struct registry *registry, char **fields)
{
    return oversight_add (registry->oversight, view_of (fields[2] ? fields[2] : "word"),
                          view_of (fields[1])) == 0;
}

/* mandate  f|a  NUMBER  WEIGHT  PHRASE  [LEVEL] */
static bool add_mandate (struct registry *registry, char **fields)
{
    uint32_t number, level = 0;
    char *end;
    long weight = strtol (fields[3], &end, 10);
    bool of_agency = strcmp (fields[1], "a") == 0;
    if (!number_of (fields[2], &number) || number == 0 || *end || weight < -1000 || weight > 1000 ||
        (!of_agency && number >= array_len (registry->functions)))
        return false;
    oversight_know (registry->oversight, view_of (fields[4]));
    struct duty duty =
        of_agency ? (struct duty){.agency = number} : (struct duty){.function = (uint16_t) number};
    if (fields[5] && (!number_of (fields[5], &level) || level > 2))
        level = 0; /* a newer store's */
    return mandates_add (registry->mandates, duty, view_of (fields[4]), (int) weight, level) == 0;
}

/* competence  AGENCY  FUNCTION  REGION|- */
static bool add_competence (struct registry *registry, char **fields)
{
    uint32_t agency, function;
    char region[14] = "";
    if (!number_of (fields[1], &agency) || !registry_agency (registry, agency) ||
        !number_of (fields[2], &function) || function == 0 ||
        function >= array_len (registry->functions) || !set_region (region, fields[3]))
        return false;
    add_holder (&registry->exceptions, (uint16_t) function, region, agency);
    return true;
}

static const struct {
    const char *word;
    unsigned fields;
    bool (*add) (struct registry *registry, char **fields);
} kinds[] = {
    {"function", 4, add_function},     {"agency", 9, add_agency},
    {"region", 4, add_region},         {"category", 7, add_category},
    {"oversight", 2, add_oversight},   {"mandate", 5, add_mandate},
    {"competence", 4, add_competence}, {"oversight_part", 3, add_oversight},
};

static bool add_line (struct registry *registry, char *line)
{
    char *fields[FIELDS] = {0};
    unsigned count = cut (line, fields);
    for (size_t i = 0; i < array_len (kinds); i++)
        if (strcmp (fields[0], kinds[i].word) == 0)
            return count >= kinds[i].fields && kinds[i].add (registry, fields);
    return true; /* a newer store's */
}

static int by_code (const void *a, const void *b)
{
    return strcmp (((const struct region_code *) a)->code, ((const struct region_code *) b)->code);
}

int registry_parse (uint64_t version, const char *at, size_t len, struct registry **ret)
{
    struct registry *registry = xcalloc (1, sizeof *registry);
    registry->version = version;
    registry->mandates = mandates_new ();
    registry->oversight = oversight_new ();
    registry->text = xcalloc (len + 1, 1);
    memcpy (registry->text, at, len);
    size_t number = 0;
    for (char *line = registry->text, *next; line && *line; line = next) {
        next = strchr (line, '\n');
        if (next)
            *next++ = 0;
        number++;
        if (!add_line (registry, line)) {
            log_error ("registry, version %lu, line %zu: not a line of docs/snapshots.md",
                       (unsigned long) version, number);
            registry_destroy (&registry);
            return FAIL_MALFORMED;
        }
    }
    if (!registry->root) {
        log_error ("registry, version %lu: no root agency", (unsigned long) version);
        registry_destroy (&registry);
        return FAIL_MALFORMED;
    }
    registry->gazetteer = gazetteer_new (registry->names, registry->region_count);
    free (registry->names);
    registry->names = NULL;
    mandates_seal (registry->mandates);
    oversight_seal (registry->oversight);
    if (registry->region_count)
        qsort (registry->regions, registry->region_count, sizeof *registry->regions, by_code);
    *ret = registry;
    return 0;
}

void registry_destroy (struct registry **held)
{
    struct registry *registry = *held;
    if (!registry)
        return;
    struct agency_entry *agency, *next_agency;
    struct holder *holder, *next_holder;
    struct category_entry *category, *next_category;
    HASH_CLEAR (hh_code, registry->codes);
    HASH_ITER (hh, registry->agencies, agency, next_agency) {
        HASH_DEL (registry->agencies, agency);
        free (agency);
    }
    HASH_ITER (hh, registry->holders, holder, next_holder) {
        HASH_DEL (registry->holders, holder);
        free (holder);
    }
    HASH_ITER (hh, registry->exceptions, holder, next_holder) {
        HASH_DEL (registry->exceptions, holder);
        free (holder);
    }
    HASH_ITER (hh, registry->categories, category, next_category) {
        HASH_DEL (registry->categories, category);
        free (category);
    }
    gazetteer_free (&registry->gazetteer);
    mandates_free (&registry->mandates);
    oversight_free (&registry->oversight);
    free (registry->names);
    free (registry->regions);
    free (registry->text);
    free (registry);
    *held = NULL;
}

/* ---- looking up ---------------------------------------------------------------------------- */

uint64_t registry_version (const struct registry *registry)
{
    return registry->version;
}

const struct agency *registry_agency (const struct registry *registry, uint32_t number)
{
    struct agency_entry *entry;
    HASH_FIND (hh, registry->agencies, &number, sizeof number, entry);
    return entry ? &entry->agency : NULL;
}

const struct agency *registry_root (const struct registry *registry)
{
    return registry_agency (registry, registry->root);
}

const struct agency *registry_agency_by_code (const struct registry *registry, struct view code)
{
    struct agency_entry *entry = NULL;
    if (code.len)
        HASH_FIND (hh_code, registry->codes, code.at, code.len, entry);
    return entry ? &entry->agency : NULL;
}

const struct category *registry_category (const struct registry *registry, uint64_t number)
{
    struct category_entry *entry = NULL;
    uint32_t key = (uint32_t) number;
    if (number && number <= UINT32_MAX)
        HASH_FIND (hh, registry->categories, &key, sizeof key, entry);
    return entry ? &entry->category : NULL;
}

static const struct agency *find_holder (const struct registry *registry,
                                         const struct holder *holders, uint16_t function,
                                         struct view region)
{
    struct holder_key key = {.function = function};
    struct holder *holder;
    if (region.len >= sizeof key.region)
        return NULL;
    if (region.len)
        memcpy (key.region, region.at, region.len);
    HASH_FIND (hh, holders, &key, sizeof key, holder);
    return holder ? registry_agency (registry, holder->agency) : NULL;
}

const struct agency *registry_holder (const struct registry *registry, uint16_t function,
                                      struct view region)
{
    return find_holder (registry, registry->holders, function, region);
}

const struct agency *registry_desk (const struct registry *registry, struct view region)
{
    return registry_holder (registry, 0, region);
}

bool registry_has_region (const struct registry *registry, struct view region)
{
    struct region_code key = {{0}};
    if (region.len == 0 || region.len >= sizeof key.code)
        return false;
    memcpy (key.code, region.at, region.len);
    return registry->region_count &&
           bsearch (&key, registry->regions, registry->region_count, sizeof key, by_code) != NULL;
}

const char *registry_function_code (const struct registry *registry, uint16_t function)
{
    const char *code =
        function < array_len (registry->functions) ? registry->functions[function] : NULL;
    return code ? code : "";
}

uint16_t registry_function_by_code (const struct registry *registry, struct view code)
{
    for (uint16_t i = 0; code.len && i < registry->function_end; i++)
        if (registry->functions[i] && view_is (code, registry->functions[i]))
            return i;
    return 0;
}

/* An entry begins with what it is an entry of. */
const struct category *registry_category_next (const struct registry *registry,
                                               const struct category *before)
{
    const struct category_entry *entry =
        before ? ((const struct category_entry *) (const void *) before)->hh.next
               : registry->categories;
    return entry ? &entry->category : NULL;
}

const struct agency *registry_agency_next (const struct registry *registry,
                                           const struct agency *before)
{
    const struct agency_entry *entry =
        before ? ((const struct agency_entry *) (const void *) before)->hh.next
               : registry->agencies;
    return entry ? &entry->agency : NULL;
}

size_t registry_region_count (const struct registry *registry)
{
    return registry->region_count;
}

const char *registry_region_at (const struct registry *registry, size_t region)
{
    return region < registry->region_count ? registry->regions[region].code : NULL;
}

/* The first region behind `code` in the order of codes. */
static size_t behind (const struct registry *registry, const char *code)
{
    size_t from = 0, to = registry->region_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (strcmp (registry->regions[middle].code, code) <= 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const char *registry_next_below (const struct registry *registry, struct view region,
                                 const char *before)
{
    char code[sizeof (struct region_code) + 1];
    if (region.len >= sizeof (struct region_code))
        return NULL;
    /* "33.74/" stands behind all that lies in 33.74: "/" follows "." */
    snprintf (code, sizeof code, "%.*s%s", (int) (before ? strlen (before) : region.len),
              before       ? before
              : region.len ? region.at
                           : "",
              before ? "/" : "");
    const char *next = registry_region_at (registry, behind (registry, code));
    return next && strlen (next) > region.len && region_within (view_of (next), region) ? next
                                                                                        : NULL;
}

struct view region_above (struct view region)
{
    while (region.len && region.at[region.len - 1] != '.')
        region.len--;
    region.len -= region.len > 0;
    return region;
}

bool region_within (struct view region, struct view in)
{
    return in.len == 0 || (region.len >= in.len && memcmp (region.at, in.at, in.len) == 0 &&
                           (region.len == in.len || region.at[in.len] == '.'));
}

/* 33 is of level 1, 33.74 of level 2. */
static unsigned level_of (struct view region)
{
    unsigned level = region.len > 0;
    for (size_t i = 0; i < region.len; i++)
        level += region.at[i] == '.';
    return level;
}

/* From the place upwards: the first one. */
static const struct agency *walk (const struct registry *registry, const struct holder *holders,
                                  uint16_t function, struct view place)
{
    for (; holders; place = region_above (place)) {
        const struct agency *holder = find_holder (registry, holders, function, place);
        if (holder || place.len == 0)
            return holder;
    }
    return NULL;
}

const struct agency *registry_competent (const struct registry *registry, uint16_t function,
                                         struct view place, unsigned level)
{
    while (level && level_of (place) > level)
        place = region_above (place);
    const struct agency *exception = walk (registry, registry->exceptions, function, place);
    return exception ? exception : walk (registry, registry->holders, function, place);
}

bool registry_below (const struct registry *registry, uint32_t number, uint32_t above)
{
    /* a tree by its making (parents stand before their children), and no deeper than this */
    for (unsigned depth = 0; number && depth < 64; depth++) {
        if (number == above)
            return true;
        const struct agency *agency = registry_agency (registry, number);
        number = agency ? agency->parent : 0;
    }
    return false;
}

const struct gazetteer *registry_gazetteer (const struct registry *registry)
{
    return registry->gazetteer;
}

const struct mandates *registry_mandates (const struct registry *registry)
{
    return registry->mandates;
}

const struct oversight *registry_oversight (const struct registry *registry)
{
    return registry->oversight;
}
