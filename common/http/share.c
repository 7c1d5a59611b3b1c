/* share.c - sources at a door, each as long as it has something there. */
#include "http/share.h"
#include <stdlib.h>
#include <uthash.h>

struct kept {
    struct share share; /* first: what callers hold */
    struct http_source source;
    unsigned keepers;
    UT_hash_handle hh;
};

struct shares {
    struct kept *all;
};

struct shares *shares_new (void)
{
    return xcalloc (1, sizeof (struct shares));
}

void shares_free (struct shares **held)
{
    struct shares *shares = *held;

    if (!shares)
        return;
    *held = NULL;
    check (!shares->all);
    free (shares);
}

struct share *share_keep (struct shares *shares, const struct http_source *source)
{
    struct kept *kept;

    HASH_FIND (hh, shares->all, source, sizeof *source, kept);
    if (!kept) {
        kept = xcalloc (1, sizeof *kept);
        kept->source = *source;
        HASH_ADD (hh, shares->all, source, sizeof kept->source, kept);
    }
    kept->keepers++;
    return &kept->share;
}

void share_let_go (struct shares *shares, struct share **held)
{
    struct kept *kept = (struct kept *) *held;

    if (!kept)
        return;
    *held = NULL;
    check (kept->keepers);
    if (--kept->keepers)
        return;
    check (!kept->share.connections && !kept->share.bytes);
    HASH_DELETE (hh, shares->all, kept);
    free (kept);
}
