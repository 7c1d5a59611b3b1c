/* gate.c - token buckets by source, in a table of fixed size. */
#include "gate.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SETS     512 /* 4,096 sources */
#define WAYS     8
#define WHOLE    60000 /* one log-in, in the bucket's parts: `minute` parts come a millisecond */
#define AWAIT_MS 1000  /* for one that is inside to leave */

struct bucket {
    struct http_source source;
    int64_t seen; /* mono_ms; 0: the place is free */
    uint64_t holds;
    unsigned inside;
};

struct gate {
    struct gate_limits limits;
    uint8_t key[crypto_shorthash_KEYBYTES]; /* nobody can choose whose place he takes */
    struct bucket sets[SETS][WAYS];
};

struct gate *gate_new (const struct gate_limits *limits)
{
    struct gate *gate = xcalloc (1, sizeof *gate);

    check (limits->burst && limits->minute && limits->inside);
    gate->limits = *limits;
    randombytes_buf (gate->key, sizeof gate->key);
    return gate;
}

void gate_free (struct gate **held)
{
    free (*held);
    *held = NULL;
}

/* ---- buckets ----------------------------------------------------------------------------------- */

static struct bucket *set_of (struct gate *gate, const struct http_source *source)
{
    uint8_t hash[crypto_shorthash_BYTES];

    crypto_shorthash (hash, source->at, sizeof source->at, gate->key);
    return gate->sets[(unsigned) (hash[0] << 8 | hash[1]) % SETS];
}

static struct bucket *bucket_known (struct gate *gate, const struct http_source *source)
{
    struct bucket *set = set_of (gate, source);
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].seen && memcmp (&set[i].source, source, sizeof *source) == 0)
            return &set[i];
    return NULL;
}

/* NULL: all that it could have are inside. */
static struct bucket *bucket_of (struct gate *gate, const struct http_source *source)
{
    struct bucket *set = set_of (gate, source), *found = bucket_known (gate, source);

    if (found)
        return found;
    for (unsigned i = 0; i < WAYS; i++)
        if (!set[i].inside && (!found || set[i].seen < found->seen))
            found = &set[i];
    if (found)
        *found = (struct bucket){.source = *source, .holds = (uint64_t) gate->limits.burst * WHOLE};
    return found;
}

static void fill (const struct gate *gate, struct bucket *bucket, int64_t now)
{
    uint64_t most = (uint64_t) gate->limits.burst * WHOLE;
    uint64_t came = bucket->seen ? (uint64_t) (now - bucket->seen) * gate->limits.minute : 0;

    bucket->holds = came > most - bucket->holds ? most : bucket->holds + came;
    bucket->seen = now;
}

bool gate_enter (struct gate *gate, const struct http_source *source, int64_t now,
                 int64_t *ret_wait_ms)
{
    struct bucket *bucket = bucket_of (gate, source);

    *ret_wait_ms = AWAIT_MS;
    if (!bucket)
        return false;
    fill (gate, bucket, now);
    if (bucket->holds < WHOLE) {
        *ret_wait_ms =
            (int64_t) ((WHOLE - bucket->holds + gate->limits.minute - 1) / gate->limits.minute);
        return false;
    }
    if (bucket->inside >= gate->limits.inside)
        return false;
    bucket->holds -= WHOLE;
    bucket->inside++;
    return true;
}

void gate_leave (struct gate *gate, const struct http_source *source)
{
    struct bucket *bucket = bucket_known (gate, source);

    check (bucket && bucket->inside);
    bucket->inside--;
}
