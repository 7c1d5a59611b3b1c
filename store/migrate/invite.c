/* invite.c - `aduan-migrate invite`: the first coordinator of an installation, or the next one where nobody is left who could
 * invite him.  Whoever may run it holds the database anyway. */
#include "migrate.h"
#include "base/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define INVITED_DAYS "7"

int invite (PGconn *db, int count, char **arguments)
{
    const char *role = count > 2 ? arguments[2] : "coordinator";
    uint8_t token[32], hash[32];
    char hex[65], hash_hex[65];
    if (!name_plain (view_of (arguments[1]), 200)) {
        log_error ("name \"%s\": a name is 1 to 200 signs, and each of them is seen",
                   log_text (arguments[1], strlen (arguments[1])));
        give_up (db, EX_DATAERR);
    }
    if (!login_valid (view_of (arguments[0]))) {
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
