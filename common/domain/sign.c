/* sign.c - how what is sent to a webhook is signed. */
#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "domain/sign.h"

char *webhook_sign (const uint8_t secret[WEBHOOK_SECRET], struct view id, int64_t timestamp,
                    struct view body)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char base64[sodium_base64_ENCODED_LEN (sizeof mac, sodium_base64_VARIANT_ORIGINAL)];
    crypto_auth_hmacsha256_state state;

    char *head = xformat ("%.*s.%" PRId64 ".", (int) id.len, id.at, timestamp);
    crypto_auth_hmacsha256_init (&state, secret, WEBHOOK_SECRET);
    crypto_auth_hmacsha256_update (&state, (const uint8_t *) head, strlen (head));
    crypto_auth_hmacsha256_update (&state, (const uint8_t *) body.at, body.len);
    crypto_auth_hmacsha256_final (&state, mac);
    sodium_bin2base64 (base64, sizeof base64, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero (&state, sizeof state);
    free (head);
    return xformat ("v1,%s", base64);
}

int webhook_secret_read (struct view text, uint8_t ret[WEBHOOK_SECRET])
{
    static const char prefix[] = "whsec_";
    size_t len, head = sizeof prefix - 1;

    while (text.len && isspace ((unsigned char) text.at[0]))
        text.at++, text.len--;
    while (text.len && isspace ((unsigned char) text.at[text.len - 1]))
        text.len--;
    if (text.len <= head || memcmp (text.at, prefix, head) != 0 ||
        sodium_base642bin (ret, WEBHOOK_SECRET, text.at + head, text.len - head, NULL, &len, NULL,
                           sodium_base64_VARIANT_ORIGINAL) != 0)
        return FAIL_MALFORMED;
    return len == WEBHOOK_SECRET ? 0 : FAIL_MALFORMED;
}
