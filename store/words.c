/* words.c - what complaints say that were stored just now, for the worker who pulls them next.
 *
 * Words are written once and never change: what is here is what the row says, and what is not here is
 * read from it (lease.c).  So it may forget whatever it likes: each when it was leased, and the oldest
 * where they are too many, or nobody came for them. */
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define BYTES_MOST (8 << 20) /* of all words */
#define AGE_MOST   10000     /* ms */

static struct view keep_one (char **at, struct view view)
{
    struct view kept = {view.len ? *at : NULL, view.len};
    if (view.len)
        memcpy (*at, view.at, view.len);
    *at += view.len;
    return kept;
}

static void forget (struct store *store, struct words *words)
{
    HASH_DEL (store->words.by_id, words);
    DL_DELETE (store->words.oldest, words);
    store->words.bytes -= words->bytes;
    free (words);
}

void words_keep (struct store *store, const struct words *said)
{
    size_t bytes = sizeof (struct words) + said->title.len + said->body.len + said->location.len +
                   said->region.len;
    struct words *words = xcalloc (1, bytes);
    char *at = (char *) (words + 1);
    *words = *said;
    words->bytes = bytes;
    words->at = reactor_now (store->reactor);
    words->title = keep_one (&at, said->title);
    words->body = keep_one (&at, said->body);
    words->location = keep_one (&at, said->location);
    words->region = keep_one (&at, said->region);
    HASH_ADD (hh, store->words.by_id, id, sizeof words->id, words);
    DL_APPEND (store->words.oldest, words);
    store->words.bytes += bytes;
    while (store->words.bytes > BYTES_MOST || store->words.oldest->at < words->at - AGE_MOST)
        forget (store, store->words.oldest);
}

const struct words *words_find (const struct store *store, const struct id *id)
{
    struct words *words;
    HASH_FIND (hh, store->words.by_id, id, sizeof *id, words);
    return words;
}

void words_leased (struct store *store, const struct words *words)
{
    forget (store, (struct words *) words);
}

void words_end (struct store *store)
{
    while (store->words.oldest)
        forget (store, store->words.oldest);
}
