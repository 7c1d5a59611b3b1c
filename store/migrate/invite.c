/* invite.c - `aduan-migrate invite`: the first coordinator of an installation, or the next one where nobody is left who could
 * invite him.  Whoever may run it holds the database anyway. */
#include "migrate.h"
#include "base/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define INVITED_DAYS "7"

static bool login_right (const char *login)
{
    size_t len = strlen (login);
    return len >= 3 && len <= 56 &&
           strspn (login, "abcdefghijklmnopqrstuvwxyz0123456789._@-") == len &&
           !strchr ("._@-", login[0]);
}

int invite (PGconn *db, int count, char **arguments)
{
    const char *role = count > 2 ? arguments[2] : "coordinator";
    uint8_t token[32], hash[32];
    char hex[65], hash_hex[65];
    if (!login_right (arguments[0])) {
        log_error (
            "login \"%s\": a login is 3 to 56 of a-z 0-9 . _ @ - and begins with a letter or digit",
            log_text (arguments[0], strlen (arguments[0])));
        give_up (db, EX_DATAERR);
    }
    randombytes_buf (token, sizeof token);
    crypto_hash_sha256 (hash, token, sizeof token);
    sodium_bin2hex (hex, sizeof hex, token, sizeof token);
    sodium_bin2hex (hash_hex, sizeof hash_hex, hash, sizeof hash);
    struct view values[] = {view_of (arguments[0]), view_of (arguments[1]), view_of (role),
                            view_of (hash_hex), view_of (INVITED_DAYS)};
    PGresult *made = run_with (db, "invite", SQL_invite, values);
    bool invited = PQntuples (made) == 1;
    PQclear (made);
    if (!invited) {
        log_error (
            "role \"%s\": a role is coordinator, agency_admin, liaison, overseer or operator; and the "
            "registry must be loaded",
            log_text (role, strlen (role)));
        give_up (db, EX_DATAERR);
    }
    log_info ("%s is invited as %s of the root, for " INVITED_DAYS " days, by the token below",
              arguments[0], role);
    printf ("%s\n", hex);
    fflush (stdout);
    sodium_memzero (token, sizeof token);
    sodium_memzero (hex, sizeof hex);
    return 0;
}
