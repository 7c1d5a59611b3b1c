/* gate.c - token buckets by source, in a table of fixed size. */
#include "gate.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SETS     512 /* 4,096 sources */
#define WAYS     8
#define WHOLE    60000 /* one log-in, in the bucket's parts: `minute` parts come a millisecond */
#define AWAIT_MS 1000  /* for one that is inside to leave */

struct bucket {
    struct gate_source source;
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

/* ---- sources ----------------------------------------------------------------------------------- */

static struct gate_source source_four (const void *address)
{
    struct gate_source source = {{[10] = 0xff, [11] = 0xff}};
    memcpy (source.at + 12, address, 4);
    return source;
}

static struct gate_source source_six (const void *address)
{
    static const uint8_t four[12] = {[10] = 0xff, [11] = 0xff};
    struct gate_source source = {{0}};

    if (memcmp (address, four, sizeof four) == 0)
        return source_four ((const uint8_t *) address + sizeof four);
    memcpy (source.at, address, 8);
    return source;
}

struct gate_source gate_source_peer (const struct sockaddr *peer)
{
    if (peer && peer->sa_family == AF_INET)
        return source_four (&((const struct sockaddr_in *) (const void *) peer)->sin_addr);
    if (peer && peer->sa_family == AF_INET6)
        return source_six (&((const struct sockaddr_in6 *) (const void *) peer)->sin6_addr);
    return (struct gate_source){{0}};
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711". */
bool gate_source_forwarded (const char *text, struct gate_source *ret)
{
    const char *comma = strrchr (text, ',');
    const char *from = comma ? comma + 1 : text;
    char address[INET6_ADDRSTRLEN] = "";
    uint8_t bytes[16];

    from += strspn (from, " \t");
    bool bracket = *from == '[';
    from += bracket;
    size_t len = strcspn (from, bracket ? "]" : " \t");
    const char *colon = memchr (from, ':', len);
    if (!bracket && colon && !memchr (colon + 1, ':', (size_t) (from + len - colon - 1)))
        len = (size_t) (colon - from); /* one colon alone: a port */
    if (len >= sizeof address)
        return false;
    memcpy (address, from, len);
    if (inet_pton (AF_INET, address, bytes) == 1)
        *ret = source_four (bytes);
    else if (inet_pton (AF_INET6, address, bytes) == 1)
        *ret = source_six (bytes);
    else
        return false;
    return true;
}

/* ---- buckets ----------------------------------------------------------------------------------- */

static struct bucket *set_of (struct gate *gate, const struct gate_source *source)
{
    uint8_t hash[crypto_shorthash_BYTES];

    crypto_shorthash (hash, source->at, sizeof source->at, gate->key);
    return gate->sets[(unsigned) (hash[0] << 8 | hash[1]) % SETS];
}

static struct bucket *bucket_known (struct gate *gate, const struct gate_source *source)
{
    struct bucket *set = set_of (gate, source);
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].seen && memcmp (&set[i].source, source, sizeof *source) == 0)
            return &set[i];
    return NULL;
}

/* NULL: all that it could have are inside. */
static struct bucket *bucket_of (struct gate *gate, const struct gate_source *source)
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

bool gate_enter (struct gate *gate, const struct gate_source *source, int64_t now,
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

void gate_leave (struct gate *gate, const struct gate_source *source)
{
    struct bucket *bucket = bucket_known (gate, source);

    check (bucket && bucket->inside);
    bucket->inside--;
}
