/* invite.c - `aduan-migrate invite`: the first coordinator of an installation, or the next one where nobody is left who could
 * invite him.  Whoever may run it holds the database anyway. */
#include "migrate.h"
#include "base/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define INVITED_DAYS "7"

/* $1 login  $2 name  $3 role  $4 hash of the token.  No row: the root is not there, or the role is none. */
#define INVITE                                                                                                                     \
    "with asked as materialized ("                                                                                                 \
    "    select r.agency_id, role_number ($3) as role, p.principal_id from agency r "                                              \
    "    left join person p on p.login = lower ($1) where r.parent is null and role_number ($3) is not null "                      \
    "    order by r.agency_id limit 1"                                                                                             \
    "), made as ("                                                                                                                 \
    "    insert into principal (name, role, rights) select 'person ' || lower ($1), 4, '-' from asked where principal_id is null " \
    "    returning principal_id"                                                                                                   \
    "), someone as ("                                                                                                              \
    "    insert into person (principal_id, login, name) select principal_id, lower ($1), $2 from made returning principal_id"      \
    "), who as ("                                                                                                                  \
    "    select principal_id from someone union all select principal_id from asked where principal_id is not null"                 \
    "), appointed as ("                                                                                                            \
    "    insert into appointment (principal_id, agency_id, role, appointed_by) "                                                   \
    "    select w.principal_id, a.agency_id, a.role, 0 from who w cross join asked a on conflict do nothing"                       \
    "), invited as ("                                                                                                              \
    "    insert into invitation (token_hash, principal_id, invited_by, ends_at) "                                                  \
    "    select decode ($4, 'hex'), principal_id, 0, now () + interval '" INVITED_DAYS                                             \
    " days' from who returning principal_id"                                                                                       \
    "), noted as ("                                                                                                                \
    "    insert into change (principal_id, name, agency_id, subject, new) "                                                        \
    "    select 0, 'invite', a.agency_id, lower ($1), jsonb_build_object ('role', $3::text) from asked a cross join invited"       \
    ") select principal_id from invited"

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
    const char *values[] = {arguments[0], arguments[1], role, hash_hex};
    PGresult *made =
        run_checked (db, "invite", PQexecParams (db, INVITE, 4, NULL, values, NULL, NULL, 0));
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
