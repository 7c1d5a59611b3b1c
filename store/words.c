/* words.c - what complaints say that were stored just now, for the worker who pulls them next, and how
 * their reporters are told of his act.
 *
 * Words are written once and never change: what is here is what the row says, and what is not here is
 * read from it (lease.c, act.c).  So it may forget whatever it likes: each when its reporter is told, and
 * the oldest where they are too many, or nobody came for them.  It must forget those on whose complaint
 * more is said: whoever is given them from here is given nothing else. */
#include "domain/number.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define BYTES_MOST (16 << 20) /* of all words */
#define AGE_MOST   10000      /* ms */

static struct view keep_one (char **at, struct view view)
{
    struct view kept = {view.len ? *at : NULL, view.len};
    if (view.len)
        memcpy (*at, view.at, view.len);
    *at += view.len;
    return kept;
}

static struct words *take_out (struct store *store, struct words *words)
{
    HASH_DEL (store->words.by_number, words);
    DL_DELETE (store->words.oldest, words);
    store->words.bytes -= words->bytes;
    return words;
}

static struct words *find (const struct store *store, uint64_t number)
{
    struct words *words;
    HASH_FIND (hh, store->words.by_number, &number, sizeof number, words);
    return words;
}

static void put_in (struct store *store, struct words *words)
{
    words->at = reactor_now (store->reactor);
    HASH_ADD (hh, store->words.by_number, number, sizeof words->number, words);
    DL_APPEND (store->words.oldest, words);
    store->words.bytes += words->bytes;
    while (store->words.bytes > BYTES_MOST || store->words.oldest->at < words->at - AGE_MOST)
        free (take_out (store, store->words.oldest));
}

void words_keep (struct store *store, const struct words *said)
{
    uint64_t number = number_bits (&said->id);
    if (find (store, number))
        return; /* a reply was faster, or two complaints have this number */
    size_t bytes = sizeof (struct words) + said->title.len + said->body.len + said->location.len +
                   said->region.len + said->attachments.len + said->contact.len;
    struct words *words = xcalloc (1, bytes);
    char *at = (char *) (words + 1);
    *words = *said;
    words->number = number;
    words->bytes = bytes;
    words->title = keep_one (&at, said->title);
    words->body = keep_one (&at, said->body);
    words->location = keep_one (&at, said->location);
    words->region = keep_one (&at, said->region);
    words->attachments = keep_one (&at, said->attachments);
    words->contact = keep_one (&at, said->contact);
    put_in (store, words);
}

const struct words *words_find (const struct store *store, const struct id *id)
{
    const struct words *words = find (store, number_bits (id));
    return words && !words->spoilt && id_equal (&words->id, id) ? words : NULL;
}

struct words *words_take (struct store *store, const struct id *id)
{
    const struct words *words = words_find (store, id);
    return words && words->contact.len ? take_out (store, (struct words *) words) : NULL;
}

void words_drop (struct store *store, const struct id *id)
{
    struct words *words = find (store, number_bits (id));
    if (words && !words->spoilt)
        free (take_out (store, words));
}

void words_spoil (struct store *store, uint64_t number)
{
    struct words *words = find (store, number);
    if (words)
        free (take_out (store, words));
    words = xcalloc (1, sizeof *words);
    *words = (struct words){.number = number, .spoilt = true, .bytes = sizeof *words};
    put_in (store, words);
}

void words_end (struct store *store)
{
    while (store->words.oldest)
        free (take_out (store, store->words.oldest));
}
