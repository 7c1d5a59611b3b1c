/* handle.c - the name of a file for one form, or for one account: a Feistel network of four rounds over keyed BLAKE2b (Luby and
 * Rackoff: with that many it is like a random permutation to whoever may ask in both directions). */
#include "handle.h"

#include <sodium.h>
#include <string.h>

#define HALF   ((size_t) DIGEST_BYTES / 2)
#define ROUNDS 4

/* One half mixed into the other. */
static void turn (const struct web *web, struct handle_for whose, uint8_t round,
                  const uint8_t from[HALF], uint8_t into[HALF])
{
    static const uint8_t person[crypto_generichash_blake2b_PERSONALBYTES] = "aduan-handle";
    uint8_t salt[crypto_generichash_blake2b_SALTBYTES] = {round};
    crypto_generichash_blake2b_state state;
    uint8_t mask[HALF];

    crypto_generichash_blake2b_init_salt_personal (&state, web->secret, SECRET_BYTES, sizeof mask,
                                                   salt, person);
    crypto_generichash_blake2b_update (&state, from, HALF);
    crypto_generichash_blake2b_update (&state, (const uint8_t *) whose.kind,
                                       strlen (whose.kind) + 1);
    crypto_generichash_blake2b_update (&state, (const uint8_t *) whose.whose, strlen (whose.whose));
    crypto_generichash_blake2b_final (&state, mask, sizeof mask);
    for (size_t i = 0; i < HALF; i++)
        into[i] ^= mask[i];
}

void handle_make (const struct web *web, struct handle_for whose,
                  const uint8_t digest[DIGEST_BYTES], char ret[HANDLE_SIZE])
{
    uint8_t bytes[DIGEST_BYTES];

    memcpy (bytes, digest, sizeof bytes);
    for (uint8_t round = 0; round < ROUNDS; round++)
        turn (web, whose, round, bytes + (round % 2) * HALF, bytes + (1 - round % 2) * HALF);
    sodium_bin2hex (ret, HANDLE_SIZE, bytes, sizeof bytes);
}

bool handle_read (const struct web *web, struct handle_for whose, const char *handle,
                  uint8_t ret[DIGEST_BYTES])
{
    if (strlen (handle) != HANDLE_SIZE - 1 || hex_parse (handle, ret, DIGEST_BYTES) != 0)
        return false;
    for (uint8_t round = ROUNDS; round-- > 0;)
        turn (web, whose, round, ret + (round % 2) * HALF, ret + (1 - round % 2) * HALF);
    return true;
}

/* ---- of a form ----------------------------------------------------------------------------------- */

static struct handle_for of_form (const struct drawn *drawn)
{
    return (struct handle_for){"form", drawn->token.key};
}

unsigned handles_named (const struct visit *visit, const struct drawn *drawn,
                        uint8_t ret[FILES_MOST * DIGEST_BYTES])
{
    unsigned count = 0;

    for (size_t i = 0; i < http_field_count (visit->request) && count < FILES_MOST; i++) {
        const struct http_field *field = http_field (visit->request, i);
        if (!field->file && strcmp (field->name, "stored") == 0 &&
            handle_read (visit->web, of_form (drawn), field->value.at, ret + count * DIGEST_BYTES))
            count++;
    }
    return count;
}

void handles_show (struct visit *visit, const struct drawn *drawn, const uint8_t *digests,
                   unsigned count)
{
    json_t *files = json_array ();
    char handle[HANDLE_SIZE];

    for (unsigned i = 0; i < count; i++) {
        handle_make (visit->web, of_form (drawn), digests + i * DIGEST_BYTES, handle);
        json_array_append_new (files, json_pack ("{s:s, s:i}", "digest", handle, "n", (int) i + 1));
    }
    if (count)
        json_object_set_new (visit->values, "files", files);
    else
        json_decref (files);
}
