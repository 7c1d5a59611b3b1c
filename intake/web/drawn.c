/* drawn.c - a form's token, and when this door drew it.
 *
 *     token      32 hexadecimal digits: of them come idempotency key and access code
 *     created    "MS-SEAL": ms of the door's clock, and a keyed hash of both under web.secret
 *
 * `created` is the beginning of the complaint's id, by which cases of equal urgency stand in line: so it is the door's clock that says it,
 * never the sender's.  It stays what it was drawn with on each try, for a repeat is the same report.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "web.h"

#define LASTS_MS 86400000 /* as long as a draft stays on a device */
#define BARE_MS  3600000
#define AHEAD_MS                                                                                   \
    600000 /* of another web door, whose clock is ahead; intake refuses what is further */
#define SEAL 16

static void seal_make (const struct web *web, const struct aduan_token *token, uint64_t created,
                       char ret[2 * SEAL + 1])
{
    static const uint8_t person[crypto_generichash_blake2b_PERSONALBYTES] = "aduan-drawn";
    uint8_t said[sizeof token->token + sizeof created], seal[SEAL];

    memcpy (said, token->token, sizeof token->token);
    memcpy (said + sizeof token->token, &created, sizeof created);
    crypto_generichash_blake2b_salt_personal (seal, sizeof seal, said, sizeof said, web->secret,
                                              SECRET_BYTES, NULL, person);
    sodium_bin2hex (ret, 2 * SEAL + 1, seal, sizeof seal);
    sodium_memzero (said, sizeof said);
}

char *drawn_text (const struct web *web, const struct drawn *drawn)
{
    char seal[2 * SEAL + 1];

    seal_make (web, &drawn->token, drawn->created, seal);
    return xformat ("%s-%llu-%s", hex_text (drawn->token.token, sizeof drawn->token.token),
                    (unsigned long long) drawn->created, seal);
}

void drawn_show (struct visit *visit, const struct drawn *drawn)
{
    char *text = drawn_text (visit->web, drawn), *hyphen = strchr (text, '-');

    *hyphen = 0;
    visit_value (visit, "token", text);
    visit_value (visit, "created", hyphen + 1);
    free (text);
}

void drawn_new (struct drawn *ret)
{
    aduan_token_new (&ret->token);
    ret->created = (uint64_t) wall_ms ();
}

/* True: it is sealed, by this installation; *ret_bare: it is as an earlier version drew it, and not sealed. */
static bool drawn_right (const struct web *web, const char *token, const char *created,
                         struct drawn *ret, bool *ret_bare)
{
    char seal[2 * SEAL + 1], *end;

    ret->created = strtoull (created, &end, 10);
    *ret_bare = !*end;
    if (*created < '0' || *created > '9' || (*end && *end != '-') ||
        strlen (token) != 2 * sizeof ret->token.token ||
        hex_parse (token, ret->token.token, sizeof ret->token.token) != 0)
        return false;
    aduan_token_derive (&ret->token);
    seal_make (web, &ret->token, ret->created, seal);
    return *ret_bare ||
           (strlen (end + 1) == 2 * SEAL && sodium_memcmp (end + 1, seal, 2 * SEAL) == 0);
}

bool drawn_of_text (const struct web *web, const char *text, struct drawn *ret)
{
    char token[2 * sizeof ret->token.token + 1] = "";
    size_t len = strcspn (text, "-");
    bool bare;

    if (len >= sizeof token || !text[len])
        return false;
    memcpy (token, text, len);
    return drawn_right (web, token, text + len + 1, ret, &bare) && !bare;
}

/* Pages that an earlier version drew have a bare time: what was sent from them and is sent again stays one report, for
 * an hour.  Nobody gains by it more than by having opened the form an hour before. */
enum drawn_age drawn_read (struct visit *visit, struct drawn *ret)
{
    bool bare;

    if (!drawn_right (visit->web, visit_said (visit, "token"), visit_said (visit, "created"), ret,
                      &bare))
        return DRAWN_NONE;
    int64_t age = ret->created < INT64_MAX / 2 ? wall_ms () - (int64_t) ret->created : INT64_MIN;
    return age < -AHEAD_MS || age > (bare ? BARE_MS : LASTS_MS) ? DRAWN_OLD : DRAWN_RIGHT;
}
