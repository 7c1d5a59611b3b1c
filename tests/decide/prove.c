/* prove.c - properties of a decision, over the whole registry and over random ones.
 *
 *   prove total SNAPSHOT PARTS SEED    one of PARTS of all region x category x class: each has an owner that may
 *                                      be one, the same when taken again; none ends at a person
 *   prove owners SNAPSHOT              lines "region category" on standard input: the owner's code and rung
 *   prove hand-backs COUNT SEED        random registries, each with one complaint handed back until it is bound;
 *                                      and who is competent below a place, asked one by one
 *   prove speed SNAPSHOT RULES|- MODEL|- COUNT   lines of text, place or -, category or 0: p50 and p99 of a
 *                                      decision, ns
 *
 * Ends with 0, or says what was found and ends with 1.
 */
#include "base/base.h"
#include "decide/decide.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_MOST (64u << 20)

static uint64_t dice;

/* xorshift64*: the same from a seed everywhere. */
static uint32_t draw (uint32_t below)
{
    dice ^= dice >> 12;
    dice ^= dice << 25;
    dice ^= dice >> 27;
    return (uint32_t) ((dice * 0x2545f4914f6cdd1du) >> 33) % below;
}

static char *read_whole (const char *path, size_t *ret_len)
{
    char *at = NULL;
    if (file_read (path, SNAPSHOT_MOST, &at, ret_len) != 0) {
        fprintf (stderr, "%s: cannot be read\n", path);
        exit (2);
    }
    return at;
}

static struct registry *registry_of (const char *path)
{
    struct registry *registry = NULL;
    size_t len;
    char *text = read_whole (path, &len);
    if (registry_parse (1, text, len, &registry) != 0)
        exit (2);
    free (text);
    return registry;
}

/* ---- total ----------------------------------------------------------------------------------- */

static struct {
    uint64_t asked, rungs[7];
} tally;

static bool same (const struct decision *a, const struct decision *b)
{
    return a->agency == b->agency && a->rung == b->rung && strcmp (a->record, b->record) == 0;
}

static int say (const char *what, const struct question *question, const struct decision *decision)
{
    printf ("%s: place %.*s, category %lu, class %u: agency %u, rung %u, %s\n", what,
            (int) question->place.len, question->place.at, (unsigned long) question->category,
            question->class, decision->agency, decision->rung, decision->record);
    return 1;
}

static int ask_one (const struct routing *routing, const struct question *question)
{
    static struct decision first, again;
    decide (routing, question, &first);
    tally.asked++;
    tally.rungs[first.rung]++;
    const struct agency *owner = registry_agency (routing->registry, first.agency);
    if (!owner)
        return say ("no owner", question, &first);
    if (owner->region[0] && !region_within (question->place, view_of (owner->region)))
        return say ("an owner of another place", question, &first);
    if (first.rung > 4)
        return say ("a person, though place and category are known", question, &first);
    if (question->class == CLASS_OVERSIGHT && !owner->inspectorate)
        return say ("oversight, and no inspectorate", question, &first);
    decide (routing, question, &again);
    return same (&first, &again) ? 0 : say ("another decision when taken again", question, &again);
}

static int prove_total (char **arguments)
{
    struct registry *registry = registry_of (arguments[0]);
    const struct routing routing = {.registry = registry, .thresholds = thresholds_usual};
    uint32_t parts = (uint32_t) atol (arguments[1]);
    dice = (uint64_t) atol (arguments[2]) * 2 + 1;
    int result = 0;
    const char *region;
    for (size_t i = 0; result == 0 && (region = registry_region_at (registry, i)); i++) {
        const struct category *category = NULL;
        while (result == 0 && (category = registry_category_next (registry, category)))
            for (uint32_t class = 1; result == 0 && class < CLASS_LAST; class ++) {
                if (parts > 1 && draw (parts) != 0)
                    continue;
                struct question question = {.text = view_of ("Mohon ditindaklanjuti"),
                                            .place = view_of (region),
                                            .category = category->number,
                                            .class = class};
                result = ask_one (&routing, &question);
            }
    }
    printf ("%lu decided:", (unsigned long) tally.asked);
    for (int i = 0; i < 7; i++)
        printf (" %lu", (unsigned long) tally.rungs[i]);
    printf (" by rung 0 to 6\n");
    registry_destroy (&registry);
    return result;
}

/* ---- owners ---------------------------------------------------------------------------------- */

static int prove_owners (char **arguments)
{
    struct registry *registry = registry_of (arguments[0]);
    const struct routing routing = {.registry = registry, .thresholds = thresholds_usual};
    static struct decision decision;
    char region[16];
    unsigned long category;
    while (scanf ("%15s %lu", region, &category) == 2) {
        struct question question = {.text = view_of ("Mohon ditindaklanjuti"),
                                    .place = view_of (region),
                                    .category = category};
        decide (&routing, &question, &decision);
        printf ("%s %u\n", registry_agency (registry, decision.agency)->code, decision.rung);
    }
    registry_destroy (&registry);
    return 0;
}

/* ---- hand-backs ------------------------------------------------------------------------------ */

#define FUNCTIONS 4

static void add_units (struct buffer *out, uint32_t *next, const char *region, uint32_t parent)
{
    for (uint32_t function = 1; function <= FUNCTIONS; function++)
        if (draw (3))
            buffer_format (out, "agency\t%u\t%s/F%u\t%u\tunit\t%u\t%s\t%s\tUnit\n", (*next)++,
                           region, function, parent, function, region,
                           function == 1 ? "inspectorate" : "-");
}

/* A nation with a few provinces and regencies, each with what the dice give it, and mandates. */
static struct registry *random_registry (void)
{
    static const char *const words[FUNCTIONS] = {"korupsi", "jalan", "sampah", "sekolah"};
    struct buffer out = {0};
    struct registry *registry = NULL;
    uint32_t next = 2, provinces = 1 + draw (3);
    for (uint32_t i = 1; i <= FUNCTIONS; i++)
        buffer_format (&out, "function\t%u\t%s%u\tFungsi\n", i, i == 1 ? "PENGAWASAN" : "F", i);
    buffer_format (&out, "agency\t1\tID\t-\troot\t-\t-\tdesk\tMeja\n");
    for (uint32_t i = 0; i < provinces; i++) {
        char code[24];
        snprintf (code, sizeof code, "%u", 11 + i);
        if (draw (4)) {
            uint32_t self = next++;
            buffer_format (&out, "agency\t%u\t%s\t1\tagency\t-\t%s\tdesk\tProvinsi\n", self, code,
                           code);
            add_units (&out, &next, code, self);
        }
        for (uint32_t j = 0; j < draw (4); j++) {
            snprintf (code, sizeof code, "%u.%02u", 11 + i, j + 1);
            uint32_t self = draw (5) ? next++ : 1;
            if (self != 1)
                buffer_format (&out, "agency\t%u\t%s\t1\tagency\t-\t%s\tdesk\tKota\n", self, code,
                               code);
            add_units (&out, &next, code, self);
        }
    }
    for (uint32_t i = 0; i < provinces; i++)
        for (uint32_t j = 0; j < 4; j++) {
            if (j == 0)
                buffer_format (&out, "region\t%u\t1\tProvinsi %u\n", 11 + i, i);
            buffer_format (&out, "region\t%u.%02u\t2\tKota %u\n", 11 + i, j + 1, j);
        }
    for (uint32_t i = draw (4); i; i--)
        buffer_format (&out, "competence\t%u\t%u\t%u%s\n", 1 + draw (next - 1),
                       1 + draw (FUNCTIONS), 11 + draw (provinces), draw (2) ? ".01" : "");
    for (uint32_t i = 1; i <= FUNCTIONS; i++) {
        buffer_format (&out, "category\t%u\t-\t%u\t-\t-\tKategori\t0\t%u\n", i, i, draw (1001));
        buffer_format (&out, "mandate\tf\t%u\t%u\t%s\n", i, 20 + draw (80), words[i - 1]);
    }
    check (registry_parse (1, out.at, out.len, &registry) == 0);
    buffer_free (&out);
    return registry;
}

/* The lowest agency that stands above both and coordinates; at last the national desk. */
static uint32_t arbiter_of (const struct registry *registry, uint32_t a, uint32_t b)
{
    for (const struct agency *at = registry_agency (registry, a); at;
         at = registry_agency (registry, at->parent))
        if (at->desk && (!b || registry_below (registry, b, at->number)))
            return at->number;
    return registry_root (registry)->number;
}

static uint32_t some_agency (const struct registry *registry)
{
    const struct agency *agency = NULL;
    for (uint32_t skip = 1 + draw (12); skip; skip--) {
        const struct agency *next = registry_agency_next (registry, agency);
        if (!next)
            break;
        agency = next;
    }
    return agency->number;
}

/* One complaint, refused by everybody it comes to: at most two are asked after the first, then the arbiter. */
static int hand_back (const struct registry *registry)
{
    static const char *const texts[] = {"jalan rusak", "sampah menumpuk", "sekolah bocor dan jalan",
                                        "apa"};
    static struct decision decision;
    const struct routing routing = {.registry = registry, .thresholds = thresholds_usual};
    const char *region = registry_region_at (registry, draw (6));
    struct question question = {.text = view_of (texts[draw (4)]),
                                .place = view_of (region && draw (4) ? region : ""),
                                .category = draw (6),
                                .class = draw (3) ? CLASS_PLAIN : draw (CLASS_LAST)};
    for (unsigned hop = 0; hop < 3; hop++) {
        decide (&routing, &question, &decision);
        const struct agency *owner = registry_agency (registry, decision.agency);
        if (!owner)
            return say ("no owner", &question, &decision);
        for (uint32_t i = 0; i < question.refuser_count; i++)
            if (question.refusers[i] == owner->number &&
                owner->number != registry_root (registry)->number)
                return say ("a refuser again", &question, &decision);
        for (unsigned i = 0; i < DECIDE_CANDIDATES; i++)
            for (uint32_t j = 0; j < question.refuser_count; j++)
                if (decision.candidates[i].agency == question.refusers[j] &&
                    decision.candidates[i].ground != GROUND_NATIONAL &&
                    decision.candidates[i].agency)
                    return say ("a refuser as candidate", &question, &decision);
        if (decision.oversight && !owner->inspectorate &&
            owner->number != registry_root (registry)->number)
            return say ("oversight left the inspectorates", &question, &decision);
        question.suggested = draw (2) ? some_agency (registry) : 0;
        question.refusers[question.refuser_count++] = owner->number;
    }
    uint32_t arbiter = arbiter_of (registry, decision.agency, question.suggested);
    return registry_agency (registry, arbiter) ? 0 : say ("no arbiter", &question, &decision);
}

/* Asked region by region. */
static bool competent_below (const struct registry *registry, uint16_t function, struct view place,
                             unsigned level)
{
    const struct agency *competent = registry_competent (registry, function, place, level);
    const char *region;
    for (size_t i = 0; (region = registry_region_at (registry, i)); i++)
        if (*region && view_is (region_above (view_of (region)), place.at) &&
            registry_competent (registry, function, view_of (region), level) != competent)
            return false;
    return true;
}

static int competence (const struct registry *registry)
{
    static const char *const places[] = {"", "11", "12", "13", "11.01"};
    for (uint16_t function = 1; function <= FUNCTIONS; function++)
        for (size_t i = 0; i < array_len (places); i++)
            for (unsigned level = 0; level <= 2; level++)
                if (registry_competent_below (registry, function, view_of (places[i]), level) !=
                    competent_below (registry, function, view_of (places[i]), level)) {
                    printf ("function %u below \"%s\", level %u\n", function, places[i], level);
                    return 1;
                }
    return 0;
}

static int prove_hand_backs (char **arguments)
{
    long count = atol (arguments[0]);
    dice = (uint64_t) atol (arguments[1]) * 2 + 1;
    for (long i = 0; i < count; i++) {
        struct registry *registry = random_registry ();
        int result = competence (registry);
        if (result == 0)
            result = hand_back (registry);
        registry_destroy (&registry);
        if (result != 0) {
            printf ("registry %ld\n", i);
            return result;
        }
    }
    printf ("%ld registries\n", count);
    return 0;
}

/* ---- speed ----------------------------------------------------------------------------------- */

static int by_size (const void *a, const void *b)
{
    int64_t left = *(const int64_t *) a, right = *(const int64_t *) b;
    return (left > right) - (left < right);
}

static long resident_kib (void)
{
    FILE *file = fopen ("/proc/self/status", "r");
    char line[256];
    long kib = 0, one;
    while (file && fgets (line, sizeof line, file))
        if (sscanf (line, "RssAnon: %ld", &one) == 1)
            kib = one;
    if (file)
        fclose (file);
    return kib;
}

static int prove_speed (char **arguments)
{
    int64_t began = mono_ns ();
    struct registry *registry = registry_of (arguments[0]);
    int64_t read_registry = mono_ns () - began;
    struct routing routing = {.registry = registry, .thresholds = thresholds_usual};
    struct rules *rules = NULL;
    struct model *model = NULL;
    struct sheet_fault *faults = NULL;
    size_t fault_count, len;
    if (strcmp (arguments[1], "-") != 0) {
        char *text = read_whole (arguments[1], &len);
        if (rules_parse (registry, text, len, &rules, &faults, &fault_count) != 0) {
            printf ("%s:%u: %s\n", arguments[1], faults[0].line, faults[0].text);
            return 2;
        }
        free (text);
        free (faults);
    }
    int64_t read_rules = mono_ns () - began - read_registry;
    if (strcmp (arguments[2], "-") != 0) {
        char *bytes = read_whole (arguments[2], &len);
        if (model_parse (bytes, len, &model) != 0)
            return 2;
        free (bytes);
    }
    int64_t read_model = mono_ns () - began - read_registry - read_rules;
    routing.rules = rules;
    routing.model = model;
    size_t most = (size_t) atol (arguments[3]), count = 0, room = 0;
    int64_t *took = xcalloc (most, sizeof *took);
    static struct decision decision;
    char *line = NULL;
    uint64_t rungs[7] = {0};
    while (count < most && getline (&line, &room, stdin) > 0) {
        char *place = strchr (line, '\t'), *category = place ? strchr (place + 1, '\t') : NULL;
        if (!category)
            continue;
        *place++ = *category++ = 0;
        struct question question = {.text = view_of (line),
                                    .place = view_of (strcmp (place, "-") ? place : ""),
                                    .category = (uint64_t) atol (category)};
        int64_t from = mono_ns ();
        decide (&routing, &question, &decision);
        took[count++] = mono_ns () - from;
        rungs[decision.rung]++;
    }
    free (line);
    if (count == 0)
        return 2;
    qsort (took, count, sizeof *took, by_size);
    printf ("decisions %zu\np50_ns %ld\np99_ns %ld\nmax_ns %ld\n", count, (long) took[count / 2],
            (long) took[count * 99 / 100], (long) took[count - 1]);
    printf ("read_registry_ms %ld\nread_rules_ms %ld\nread_model_ms %ld\nresident_kib %ld\n",
            (long) (read_registry / 1000000), (long) (read_rules / 1000000),
            (long) (read_model / 1000000), resident_kib ());
    for (int i = 0; i < 7; i++)
        printf ("rung%d %lu\n", i, (unsigned long) rungs[i]);
    free (took);
    rules_free (&rules);
    model_free (&model);
    registry_destroy (&registry);
    return 0;
}

/* ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int arguments;
    int (*prove) (char **arguments);
} commands[] = {{"total", 3, prove_total},
                {"owners", 1, prove_owners},
                {"hand-backs", 2, prove_hand_backs},
                {"speed", 4, prove_speed}};

int main (int argc, char **argv)
{
    for (size_t i = 0; i < array_len (commands); i++)
        if (argc == commands[i].arguments + 2 && strcmp (argv[1], commands[i].name) == 0)
            return commands[i].prove (argv + 2);
    fprintf (stderr, "usage: see tests/decide/prove.c\n");
    return 2;
}
