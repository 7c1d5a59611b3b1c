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

struct post_key {
    uint16_t function; /* 0: the desk of the region */
    char region[14];
};

/* Who holds a function in a region.  Below: in the regions directly below it. */
struct post {
    struct post_key key;
    const struct agency *holder, *exception;
    const struct agency *below; /* of exceptions, else holders; `several` where they differ */
    const struct agency *exceptions_below; /* the same of exceptions alone */
    UT_hash_handle hh;
};

static const struct agency several;

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
    struct post *posts;
    struct category_entry *categories;
    struct region_code *regions;
    struct place_name *names; /* as many; until the gazetteer has read them */
    size_t region_count, region_room;
    const char *functions[REGISTRY_FUNCTIONS_MOST];
    uint16_t function_end;                  /* behind the last one */
    bool excepted[REGISTRY_FUNCTIONS_MOST]; /* there are exceptions for that function */
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

static struct post *find_post (const struct registry *registry, uint16_t function,
                               struct view region)
{
    struct post_key key = {.function = function};
    struct post *post;
    if (region.len >= sizeof key.region)
        return NULL;
    if (region.len)
        memcpy (key.region, region.at, region.len);
    HASH_FIND (hh, registry->posts, &key, sizeof key, post);
    return post;
}

static struct post *add_post (struct registry *registry, uint16_t function, struct view region)
{
    struct post *post = find_post (registry, function, region);
    if (post)
        return post;
    post = xcalloc (1, sizeof *post);
    post->key.function = function;
    memcpy (post->key.region, region.at, region.len);
    HASH_ADD (hh, registry->posts, key, sizeof post->key, post);
    return post;
}

/* The first one named holds it. */
static void add_holder (struct registry *registry, uint16_t function, const struct agency *agency)
{
    struct post *post = add_post (registry, function, view_of (agency->region));
    if (!post->holder)
        post->holder = agency;
}

static void note_below (const struct agency **below, const struct agency *agency)
{
    if (agency)
        *below = !*below || *below == agency ? agency : &several;
}

/* What is added for a region above has nobody of its own, so that it does not matter whether it is met, too. */
static void note_posts_below (struct registry *registry)
{
    for (struct post *post = registry->posts; post; post = post->hh.next) {
        const struct agency *agency = post->exception ? post->exception : post->holder;
        struct view region = view_of (post->key.region);
        if (!agency || region.len == 0)
            continue;
        struct post *above = add_post (registry, post->key.function, region_above (region));
        note_below (&above->below, agency);
        note_below (&above->exceptions_below, post->exception);
    }
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
    agency->depth = REGISTRY_DEPTH_MOST;
    agency->inspectorate = has_word (fields[7], "inspectorate");
    agency->desk = has_word (fields[7], "desk");
    agency->central = has_word (fields[7], "central");
    HASH_ADD (hh, registry->agencies, agency.number, sizeof agency->number, entry);
    HASH_ADD_KEYPTR (hh_code, registry->codes, agency->code, agency->code_len, entry);
    if (!agency->parent && !registry->root)
        registry->root = agency->number;
    if (agency->desk)
        add_holder (registry, 0, agency);
    if (agency->function && !agency->desk)
        add_holder (registry, agency->function, agency);
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
    uint32_t number, function;
    char region[14] = "";
    const struct agency *agency =
        number_of (fields[1], &number) ? registry_agency (registry, number) : NULL;
    if (!agency || !number_of (fields[2], &function) || function == 0 ||
        function >= array_len (registry->functions) || !set_region (region, fields[3]))
        return false;
    struct post *post = add_post (registry, (uint16_t) function, view_of (region));
    if (!post->exception)
        post->exception = agency;
    registry->excepted[function] = true;
    return true;
}

static bool add_connection (struct registry *registry, char **fields)
{
    struct agency_entry *entry;
    uint32_t number, depth = REGISTRY_DEPTH_MOST;
    if (!number_of (fields[1], &number) ||
        (strcmp (fields[3], "-") != 0 && (!number_of (fields[3], &depth) || depth > 8)))
        return false;
    HASH_FIND (hh, registry->agencies, &number, sizeof number, entry);
    if (!entry)
        return false;
    entry->agency.national = strcmp (fields[2], "national") == 0;
    entry->agency.depth = (uint8_t) depth;
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
    {"connection", 4, add_connection},
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
    note_posts_below (registry);
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
    struct post *post, *next_post;
    struct category_entry *category, *next_category;
    HASH_CLEAR (hh_code, registry->codes);
    HASH_ITER (hh, registry->agencies, agency, next_agency) {
        HASH_DEL (registry->agencies, agency);
        free (agency);
    }
    HASH_ITER (hh, registry->posts, post, next_post) {
        HASH_DEL (registry->posts, post);
        free (post);
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

const struct agency *registry_holder (const struct registry *registry, uint16_t function,
                                      struct view region)
{
    const struct post *post = find_post (registry, function, region);
    return post ? post->holder : NULL;
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

/* From the place upwards: the first exception, else the first holder. */
static const struct agency *walk (const struct registry *registry, uint16_t function,
                                  struct view place, bool *ret_excepted)
{
    bool excepted = function < array_len (registry->excepted) && registry->excepted[function];
    const struct agency *holder = NULL;
    for (;; place = region_above (place)) {
        const struct post *post = find_post (registry, function, place);
        *ret_excepted = post && post->exception;
        if (*ret_excepted)
            return post->exception;
        holder = holder || !post ? holder : post->holder;
        if (place.len == 0 || (holder && !excepted))
            return holder;
    }
}

static struct view lifted (struct view place, unsigned level)
{
    while (level && level_of (place) > level)
        place = region_above (place);
    return place;
}

const struct agency *registry_competent (const struct registry *registry, uint16_t function,
                                         struct view place, unsigned level)
{
    bool excepted;
    return walk (registry, function, lifted (place, level), &excepted);
}

bool registry_competent_below (const struct registry *registry, uint16_t function,
                               struct view place, unsigned level)
{
    const struct post *post = find_post (registry, function, place);
    if (!post || (level && level_of (place) >= level))
        return true;
    bool excepted;
    const struct agency *competent = walk (registry, function, place, &excepted);
    const struct agency *below = excepted ? post->exceptions_below : post->below;
    return !below || below == competent;
}

bool registry_below (const struct registry *registry, uint32_t number, uint32_t above)
{
    /* a tree by its making (parents stand before their children), and no deeper than this */
    for (unsigned depth = 0; number && depth < REGISTRY_DEPTH_MOST; depth++) {
        if (number == above)
            return true;
        const struct agency *agency = registry_agency (registry, number);
        number = agency ? agency->parent : 0;
    }
    return false;
}

bool registry_national (const struct registry *registry, const struct agency *agency)
{
    for (unsigned depth = 0; agency && depth < REGISTRY_DEPTH_MOST; depth++) {
        if (agency->national)
            return true;
        agency = registry_agency (registry, agency->parent);
    }
    return false;
}

const struct agency *registry_routed (const struct registry *registry, const struct agency *agency)
{
    const struct agency *above = agency, *path[REGISTRY_DEPTH_MOST];
    unsigned depth = 0, lifted = 0;
    while (above && depth < REGISTRY_DEPTH_MOST) {
        if (depth > above->depth && depth - above->depth > lifted)
            lifted = depth - above->depth;
        path[depth++] = above;
        above = registry_agency (registry, above->parent);
    }
    return path[lifted];
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
