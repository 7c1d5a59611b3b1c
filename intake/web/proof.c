/* proof.c - tracking number and access code of who follows his case.
 *
 * He proves himself once, by a form; then a cookie, sealed under the installation's web key, carries both for half an hour, so
 * that the code is in no address and no page.  It holds what its owner knows anyway; nobody else can read or make one.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "domain/number.h"
#include "web.h"

#define PROOF_S 1800

struct proof {
    uint64_t until_ms;
    char number[ADUAN_NUMBER_SIZE], code[ADUAN_CODE_SIZE];
    uint8_t receipt; /* where earlier versions have padding, all zero */
};
_Static_assert(sizeof (struct proof) == 56, "cookies of earlier versions are read, and by them");
#define SEALED (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + sizeof (struct proof))

static const char *cookie_name (const struct web *web)
{
    return web->tls ? "__Host-aduan-case" : "aduan-case";
}

void proof_read (struct visit *visit)
{
    const char *text = http_cookie (visit->request, cookie_name (visit->web));
    uint8_t sealed[SEALED];
    struct proof proof;

    if (!text || strlen (text) != 2 * SEALED || hex_parse (text, sealed, SEALED) != 0 ||
        crypto_secretbox_open_easy ((uint8_t *) &proof, sealed + crypto_secretbox_NONCEBYTES,
                                    SEALED - crypto_secretbox_NONCEBYTES, sealed,
                                    visit->web->secret) != 0 ||
        proof.until_ms < (uint64_t) wall_ms ())
        return;
    snprintf (visit->number, sizeof visit->number, "%s", proof.number);
    snprintf (visit->code, sizeof visit->code, "%s", proof.code);
    visit->receipt = proof.receipt;
    sodium_memzero (&proof, sizeof proof);
}

void proof_keep (struct visit *visit, const char *number, const char *code)
{
    struct proof proof;
    uint8_t sealed[SEALED];
    char text[2 * SEALED + 1] = "";

    memset (&proof, 0, sizeof proof); /* padding, too */
    proof.until_ms = (uint64_t) wall_ms () + PROOF_S * 1000;
    snprintf (proof.number, sizeof proof.number, "%s", number);
    snprintf (proof.code, sizeof proof.code, "%s", code);
    proof.receipt = visit->receipt;
    randombytes_buf (sealed, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy (sealed + crypto_secretbox_NONCEBYTES, (const uint8_t *) &proof,
                           sizeof proof, sealed, visit->web->secret);
    if (*number)
        sodium_bin2hex (text, sizeof text, sealed, SEALED);
    char *value =
        xformat ("%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", cookie_name (visit->web),
                 text, *number ? PROOF_S : 0, visit->web->tls ? "; Secure" : "");
    http_say (visit->request, "Set-Cookie", value);
    free (value);
    sodium_memzero (&proof, sizeof proof);
}

bool proof_hash (const char *code, char ret[65])
{
    uint8_t hash[CODE_HASH_LEN];

    if (number_code_hash (view_of (code), hash) != 0)
        return false;
    sodium_bin2hex (ret, 65, hash, sizeof hash);
    return true;
}
