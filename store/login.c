/* login.c - what proves a person, and what is told once.
 *
 * Tokens of sessions and invitations and the secrets of second factors are derived from keys/access.key, the
 * order and its key, and never kept but as a hash or sealed: so a repeat of the order is told the same as the
 * first time, and a thief of the database has none of them. */
#include "order.h"
#include "weak.h"

#include <liboath/oath.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CODE_STEP   30 /* s; RFC 6238 */
#define CODE_WINDOW 1  /* steps that a clock may be off, either way */
#define FACTOR_LEN  20

static const char text_arguments[][16] = {"login", "password", "new_password", "code", "token"};

/* What only the store puts in. */
static const char own_arguments[][16] = {"proved",  "step",   "front",   "idle",
                                         "lasts",   "secret", "hash",    "factor",
                                         "session", "digest", "invited", "plain"};

/* `len` bytes that only this installation can tell, the same for the same order. */
static void derive (const struct order *order, const char *what, void *ret, size_t len)
{
    crypto_generichash_state state;
    struct view name = order->order->order;
    uint64_t front = order->behalf->principal;
    int64_t person = order->kind.needs & ORDER_OPENS ? 0 : order->person;
    crypto_generichash_init (&state, order->store->access_key, sizeof order->store->access_key,
                             len);
    crypto_generichash_update (&state, (const uint8_t *) what, strlen (what) + 1);
    crypto_generichash_update (&state, (const uint8_t *) name.at, name.len);
    crypto_generichash_update (&state, order->order->key.at, sizeof order->order->key.at);
    crypto_generichash_update (&state, (const uint8_t *) &front, sizeof front);
    crypto_generichash_update (&state, (const uint8_t *) &person, sizeof person);
    const char *login = json_string_value (json_object_get (order->arguments, "login"));
    if (login)
        crypto_generichash_update (&state, (const uint8_t *) login, strlen (login) + 1);
    if (order->token)
        crypto_generichash_update (&state, (const uint8_t *) order->token,
                                   strlen (order->token) + 1);
    crypto_generichash_final (&state, ret, len);
}

static void put_bytes (struct order *order, const char *name, const void *at, size_t len)
{
    char *hex = xcalloc (2 * len + 1, 1);
    sodium_bin2hex (hex, 2 * len + 1, at, len);
    json_object_set_new (order->arguments, name, json_string (hex));
    sodium_memzero (hex, 2 * len);
    free (hex);
}

static void put_digest (struct order *order, const char *name, const void *at, size_t len)
{
    uint8_t hash[32];
    crypto_hash_sha256 (hash, at, len);
    put_bytes (order, name, hash, sizeof hash);
}

/* ---- the second factor ------------------------------------------------------------------------- */

/* A key of its own for sealing. */
static void seal_key (const struct store *store, uint8_t ret[crypto_secretbox_KEYBYTES])
{
    static const uint8_t what[] = "second factor";
    crypto_generichash (ret, crypto_secretbox_KEYBYTES, what, sizeof what, store->access_key,
                        sizeof store->access_key);
}

static void put_factor (struct order *order, const uint8_t *secret)
{
    uint8_t key[crypto_secretbox_KEYBYTES],
        sealed[crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + FACTOR_LEN];
    seal_key (order->store, key);
    randombytes_buf (sealed, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy (sealed + crypto_secretbox_NONCEBYTES, secret, FACTOR_LEN, sealed, key);
    put_bytes (order, "factor", sealed, sizeof sealed);
    sodium_memzero (key, sizeof key);
}

static void open_factor (struct order *order, const char *hex)
{
    uint8_t key[crypto_secretbox_KEYBYTES], sealed[128];
    size_t len = strlen (hex) / 2,
           most = sizeof order->factor + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    order->factor_len = 0;
    if (len <= crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES || len > most ||
        len > sizeof sealed || hex_parse (hex, sealed, len) != 0)
        return;
    seal_key (order->store, key);
    if (crypto_secretbox_open_easy (order->factor, sealed + crypto_secretbox_NONCEBYTES,
                                    len - crypto_secretbox_NONCEBYTES, sealed, key) == 0)
        order->factor_len = len - crypto_secretbox_NONCEBYTES - crypto_secretbox_MACBYTES;
    sodium_memzero (key, sizeof key);
}

/* The step whose code this is; -1: none near. */
static int64_t step_of (const struct order *order, const char *code)
{
    int position;
    uint64_t counter;
    if (!code || strlen (code) != 6 || order->factor_len == 0)
        return -1;
    int result = oath_totp_validate3 ((const char *) order->factor, order->factor_len, time (NULL),
                                      CODE_STEP, 0, CODE_WINDOW, &position, &counter, code);
    return result < 0 ? -1 : (int64_t) counter;
}

/* ---- before ------------------------------------------------------------------------------------ */

/* A text taken out of the arguments; NULL: it is not there. */
static char *take_text (struct order *order, const char *name)
{
    const char *text = json_string_value (json_object_get (order->arguments, name));
    char *copy = text ? xstrdup (text) : NULL;
    json_object_del (order->arguments, name);
    return copy;
}

static bool password_fits (const char *password)
{
    size_t len = password ? strlen (password) : 0;
    return len <= PASSWORD_MOST && password && utf8_count (password, len) >= PASSWORD_LEAST;
}

/* Of name and arguments, so that another order with the same key is known.  Of what is secret only a new password
 * counts, by a hash that nobody makes without this installation's key: who reads the digests can try none. */
static void put_order_digest (struct order *order)
{
    char *text = json_dumps (order->arguments, JSON_COMPACT | JSON_SORT_KEYS);
    uint8_t fresh[32] = {0};
    if (order->fresh)
        crypto_generichash (fresh, sizeof fresh, (const uint8_t *) order->fresh,
                            strlen (order->fresh), order->store->access_key,
                            sizeof order->store->access_key);
    char *whole = xformat ("%.*s %s%s", (int) order->order->order.len, order->order->order.at, text,
                           order->fresh ? hex_text (fresh, sizeof fresh) : "");
    put_digest (order, "digest", whole, strlen (whole));
    free (text);
    free (whole);
}

/* An invitation's token goes no further than its hash. */
static void put_token_hash (struct order *order)
{
    uint8_t token[ORDER_TOKEN];
    if (hex_parse (order->token, token, sizeof token) != 0)
        memset (token, 0, sizeof token); /* nobody's */
    put_digest (order, "token", token, sizeof token);
    sodium_memzero (token, sizeof token);
}

const char *login_prepare (struct order *order)
{
    const struct store *store = order->store;
    struct view session = order->order->session;
    for (size_t i = 0; i < array_len (own_arguments); i++)
        json_object_del (order->arguments, own_arguments[i]);
    for (size_t i = 0; i < array_len (text_arguments); i++)
        if (json_object_get (order->arguments, text_arguments[i]) &&
            !json_is_string (json_object_get (order->arguments, text_arguments[i])))
            return text_arguments[i];
    order->password = take_text (order, "password");
    order->fresh = take_text (order, "new_password");
    order->token = take_text (order, "token");
    if (order->password && strlen (order->password) > PASSWORD_MOST)
        return "password";
    if (!order->password && order->kind.needs & ORDER_PROVES)
        return "password";
    if (order->kind.needs & ORDER_HASHES && !password_fits (order->fresh))
        return "new_password";
    if (order->token)
        put_token_hash (order);
    json_t *code = json_object_get (order->arguments, "code");
    json_incref (code);
    json_object_del (order->arguments, "code");
    put_order_digest (order);
    if (code)
        json_object_set_new (order->arguments, "code", code);
    json_object_set_new (order->arguments, "front",
                         json_integer ((json_int_t) order->behalf->principal));
    json_object_set_new (order->arguments, "idle",
                         json_integer ((json_int_t) store->session_idle_s));
    json_object_set_new (order->arguments, "lasts",
                         json_integer ((json_int_t) store->session_lasts_s));
    json_object_set_new (order->arguments, "invited",
                         json_integer ((json_int_t) store->invitation_lasts_s));
    json_object_set_new (order->arguments, "plain", json_boolean (store->hooks.plain));
    if (session.at)
        put_digest (order, "session", session.at, session.len);
    return NULL;
}

/* What is told once, known as soon as the person is. */
static void put_secrets (struct order *order)
{
    uint8_t token[ORDER_TOKEN], factor[FACTOR_LEN];
    if (order->kind.needs & ORDER_TELLS) {
        derive (order, "token", token, sizeof token);
        sodium_bin2hex (order->told, sizeof order->told, token, sizeof token);
        put_digest (order, "secret", token, sizeof token);
        sodium_memzero (token, sizeof token);
    }
    if (order->kind.needs & ORDER_FACTOR) {
        derive (order, "factor", factor, sizeof factor);
        put_factor (order, factor);
        sodium_memzero (factor, sizeof factor);
    }
}

void login_begun (struct order *order)
{
    put_secrets (order);
}

/* NULL, or what is wrong with a new password beside its length. */
static const char *weakness (const struct order *order, const char *login)
{
    static const char *const details[] = {[WEAK_KNOWN] = "new_password_known",
                                          [WEAK_PLAIN] = "new_password_plain",
                                          [WEAK_OWN] = "new_password_own"};
    return order->fresh ? details[password_weak (order->fresh, PASSWORD_LEAST, login)] : NULL;
}

const char *login_found (struct order *order, const PGresult *result)
{
    bool there = PQntuples (result) == 1;
    order->person = there ? atoi (PQgetvalue (result, 0, 0)) : 0;
    snprintf (order->hashed, sizeof order->hashed, "%s", there ? PQgetvalue (result, 0, 1) : "");
    open_factor (order, there ? PQgetvalue (result, 0, 2) : "");
    put_secrets (order);
    return weakness (order, there ? PQgetvalue (result, 0, 3) : NULL);
}

void login_hashed (struct order *order)
{
    const char *code = json_string_value (json_object_get (order->arguments, "code"));
    bool proved = order->proved;
    if (order->kind.needs & ORDER_CODE) {
        int64_t step = step_of (order, code);
        proved = proved && step >= 0;
        json_object_set_new (order->arguments, "step", json_integer (step));
    }
    json_object_del (order->arguments, "code");
    json_object_set_new (order->arguments, "proved", json_boolean (proved));
    if (order->fresh)
        json_object_set_new (order->arguments, "hash", json_string (order->fresh_hashed));
}

/* ---- after ------------------------------------------------------------------------------------- */

/* otpauth://totp/Aduan:LOGIN?secret=BASE32&issuer=Aduan, as phones read it (the key URI format). */
static void tell_factor (struct order *order, json_t *result)
{
    uint8_t secret[FACTOR_LEN];
    char *base32 = NULL;
    size_t len = 0;
    const char *login = json_string_value (json_object_get (result, "login"));
    derive (order, "factor", secret, sizeof secret);
    check (oath_base32_encode ((const char *) secret, sizeof secret, &base32, &len) == OATH_OK);
    char *uri =
        xformat ("otpauth://totp/Aduan:%s?secret=%s&issuer=Aduan", login ? login : "", base32);
    json_object_set_new (result, "factor", json_string (uri));
    sodium_memzero (secret, sizeof secret);
    sodium_memzero (base32, len);
    free (base32);
    sodium_memzero (uri, strlen (uri));
    free (uri);
}

/* As Standard Webhooks write it. */
static void tell_secret (struct order *order, json_t *result)
{
    uint8_t secret[HOOK_SECRET];
    char base64[sodium_base64_ENCODED_LEN (HOOK_SECRET, sodium_base64_VARIANT_ORIGINAL)];
    hook_secret (order->store, &order->order->key, secret);
    sodium_bin2base64 (base64, sizeof base64, secret, sizeof secret,
                       sodium_base64_VARIANT_ORIGINAL);
    char *text = xformat ("whsec_%s", base64);
    json_object_set_new (result, "secret", json_string (text));
    sodium_memzero (secret, sizeof secret);
    sodium_memzero (base64, sizeof base64);
    sodium_memzero (text, strlen (text));
    free (text);
}

void login_tell (struct order *order, json_t *result)
{
    if (order->kind.needs & ORDER_TELLS)
        json_object_set_new (result, "token", json_string (order->told));
    if (order->kind.needs & ORDER_FACTOR)
        tell_factor (order, result);
    if (order->kind.needs & ORDER_SIGNS)
        tell_secret (order, result);
}
