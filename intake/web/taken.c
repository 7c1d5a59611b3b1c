/* taken.c - the reports that this door has taken in last: a ring of keyed hashes. */
#include "taken.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TAKEN_MOST 16384 /* four minutes of 60 a second */
#define NAME_BYTES 16

struct taken {
    uint8_t key[crypto_generichash_KEYBYTES];
    size_t next;
    uint8_t names[TAKEN_MOST][NAME_BYTES]; /* zeros: none yet */
};

static void name_of (const struct taken *taken, const char *number, const char *code_hash,
                     uint8_t ret[NAME_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init (&state, taken->key, sizeof taken->key, NAME_BYTES);
    crypto_generichash_update (&state, (const uint8_t *) number, strlen (number) + 1);
    crypto_generichash_update (&state, (const uint8_t *) code_hash, strlen (code_hash));
    crypto_generichash_final (&state, ret, NAME_BYTES);
}

struct taken *taken_new (void)
{
    struct taken *taken = xcalloc (1, sizeof *taken);

    randombytes_buf (taken->key, sizeof taken->key);
    return taken;
}

void taken_free (struct taken **held)
{
    if (*held)
        sodium_memzero (*held, sizeof **held);
    free (*held);
    *held = NULL;
}

void taken_note (struct taken *taken, const char *number, const char *code_hash)
{
    name_of (taken, number, code_hash, taken->names[taken->next]);
    taken->next = (taken->next + 1) % TAKEN_MOST;
}

bool taken_is (const struct taken *taken, const char *number, const char *code_hash)
{
    uint8_t name[NAME_BYTES];

    name_of (taken, number, code_hash, name);
    for (size_t i = 0; i < TAKEN_MOST; i++)
        if (memcmp (taken->names[i], name, sizeof name) == 0)
            return true;
    return false;
}
