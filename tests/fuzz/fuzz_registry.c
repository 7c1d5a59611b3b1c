/* The registry's snapshot, and decisions over whatever registry came out of it. */
#include "fuzz.h"
#include "decide/decide.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

static void decide_some (const struct registry *registry)
{
    static const char *const places[] = {"", "91", "91.01", "91.01.01.1001", "33.74"};
    static struct decision decision;
    const struct routing routing = {.registry = registry, .thresholds = thresholds_usual};
    for (uint32_t i = 0; i < array_len (places); i++) {
        struct question question = {.title = view_of ("Pungli"),
                                    .text = view_of ("Jalan rusak, ada suap di kantor"),
                                    .category = i,
                                    .place = view_of (places[i]),
                                    .target = view_of (i & 1 ? "91.01/PUPR" : ""),
                                    .refusers = {2, 3},
                                    .refuser_count = i & 2,
                                    .suggested = i,
                                    .scope = i & 4};
        decide (&routing, &question, &decision);
        check (registry_agency (registry, decision.agency)); /* total: always an owner */
        check (strlen (decision.record) < sizeof decision.record);
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    struct registry *registry = NULL;
    char *text = xcalloc (len + 1, 1); /* as snapshot.c holds it */
    memcpy (text, at, len);
    if (registry_parse (3, text, len, &registry) == 0) {
        decide_some (registry);
        const struct agency *second = registry_agency (registry, 2);
        fuzz_planted (second && !second->inspectorate);
    }
    registry_destroy (&registry);
    free (text);
    return 0;
}
