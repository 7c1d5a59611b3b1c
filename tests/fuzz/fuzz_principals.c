/* The snapshot of keys and what they may do. */
#include "fuzz.h"
#include "daemon/door.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    static const char key[] = "0123456789012345678901234567890123456789";
    struct principals *principals = NULL;
    char *text = xcalloc (len + 1, 1); /* as snapshot.c holds it */
    memcpy (text, at, len);
    if (principals_parse (text, len, &principals) == 0) {
        const struct principal *found = principals_find (principals, key);
        if (found)
            principal_works_for (found, 7);
        fuzz_planted (found && found->role == ROLE_WORKER && found->agency_count == 1);
    }
    principals_destroy (&principals);
    free (text);
    return 0;
}
