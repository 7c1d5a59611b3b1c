/* number.c - ids and the codes that people read out over the telephone. */
#include "domain/number.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's base 32 */

static void put_u64 (uint8_t *at, uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        at[i] = (uint8_t) number;
}

struct id number_id (const uint8_t id_key[ID_KEY_LEN], const char *adapter, struct view key,
                     uint64_t created)
{
    struct id id;
    uint8_t hash[16], when[8];
    size_t len = strlen (adapter);
    check (len < 256);
    uint8_t len_byte = (uint8_t) len;
    crypto_generichash_state state;
    crypto_generichash_init (&state, id_key, ID_KEY_LEN, sizeof hash);
    crypto_generichash_update (&state, &len_byte, 1);
    crypto_generichash_update (&state, (const uint8_t *) adapter, len);
    crypto_generichash_update (&state, (const uint8_t *) key.at, key.len);
    put_u64 (when, created);
    crypto_generichash_update (&state, when, sizeof when);
    crypto_generichash_final (&state, hash, sizeof hash);
    memcpy (id.at, when + 2, 6);
    memcpy (id.at + 6, hash, 10);
    return id;
}

/* Luhn mod 32 over the 12 symbols: catches every single wrong symbol and most swaps. */
static unsigned check_symbol (const unsigned *digits)
{
    unsigned sum = 0, factor = 2;
    for (int i = 11; i >= 0; i--) {
        unsigned product = digits[i] * factor;
        sum += product / 32 + product % 32;
        factor = factor == 2 ? 1 : 2;
    }
    return (32 - sum % 32) % 32;
}

void number_of_bits (uint64_t bits, char ret[NUMBER_LEN + 1])
{
    unsigned digits[12];
    for (int i = 11; i >= 0; i--, bits >>= 5)
        digits[i] = (unsigned) (bits & 31);
    ret[0] = 'A';
    for (int i = 0; i < 12; i++)
        ret[i + 1] = symbols[digits[i]];
    ret[13] = symbols[check_symbol (digits)];
    ret[14] = 0;
}

uint64_t number_bits (const struct id *id)
{
    uint64_t bits = 0;
    for (int i = 8; i < 16; i++)
        bits = bits << 8 | id->at[i];
    return bits & ((UINT64_C (1) << 60) - 1);
}

void number_of_id (const struct id *id, char ret[NUMBER_LEN + 1])
{
    number_of_bits (number_bits (id), ret);
}

/* -1: dropped; -2: no symbol. */
static int symbol_value (char symbol)
{
    if (symbol == '-' || symbol == ' ')
        return -1;
    if (symbol >= 'a' && symbol <= 'z')
        symbol = (char) (symbol - 'a' + 'A');
    if (symbol == 'I' || symbol == 'L')
        return 1;
    if (symbol == 'O')
        return 0;
    const char *found = symbol ? strchr (symbols, symbol) : NULL;
    return found ? (int) (found - symbols) : -2;
}

/* Reads exactly `count` symbols. */
static int read_symbols (struct view text, unsigned *digits, size_t count)
{
    size_t got = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = symbol_value (text.at[i]);
        if (value == -1)
            continue;
        if (value < 0 || got == count)
            return FAIL_MALFORMED;
        digits[got++] = (unsigned) value;
    }
    return got == count ? 0 : FAIL_MALFORMED;
}

int number_parse (struct view text, uint64_t *ret_bits)
{
    unsigned digits[14];
    if (read_symbols (text, digits, 14) != 0 || digits[0] != 10 ||
        check_symbol (digits + 1) != digits[13])
        return FAIL_MALFORMED;
    *ret_bits = 0;
    for (int i = 1; i <= 12; i++)
        *ret_bits = *ret_bits << 5 | digits[i];
    return 0;
}

static void code_of_bytes (const uint8_t bytes[16], char ret[CODE_LEN + 1])
{
    unsigned held = 0, bits = 0;
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            ret[at++] = symbols[held >> (bits - 5) & 31];
        held &= (1u << bits) - 1;
    }
    ret[at++] = symbols[held << (5 - bits) & 31];
    ret[at] = 0;
    check (at == CODE_LEN);
}

void number_from_token (const struct id *token, char ret_key[33], char ret_code[CODE_LEN + 1])
{
    static const uint8_t for_key[crypto_generichash_blake2b_PERSONALBYTES] = "aduan-key";
    static const uint8_t for_code[crypto_generichash_blake2b_PERSONALBYTES] = "aduan-code";
    uint8_t hash[16];
    crypto_generichash_blake2b_salt_personal (hash, sizeof hash, token->at, sizeof token->at, NULL,
                                              0, NULL, for_key);
    sodium_bin2hex (ret_key, 33, hash, sizeof hash);
    crypto_generichash_blake2b_salt_personal (hash, sizeof hash, token->at, sizeof token->at, NULL,
                                              0, NULL, for_code);
    code_of_bytes (hash, ret_code);
    sodium_memzero (hash, sizeof hash);
}

int number_code_hash (struct view code, uint8_t ret[CODE_HASH_LEN])
{
    unsigned digits[CODE_LEN];
    uint8_t text[CODE_LEN];
    if (read_symbols (code, digits, CODE_LEN) != 0)
        return FAIL_MALFORMED;
    for (int i = 0; i < CODE_LEN; i++)
        text[i] = (uint8_t) symbols[digits[i]];
    crypto_generichash (ret, CODE_HASH_LEN, text, sizeof text, NULL, 0);
    sodium_memzero (text, sizeof text);
    sodium_memzero (digits, sizeof digits);
    return 0;
}

void number_digest (const uint8_t id_key[ID_KEY_LEN], struct view body, struct view target,
                    uint8_t ret[NUMBER_DIGEST_LEN])
{
    uint8_t len[8];
    crypto_generichash_state state;
    crypto_generichash_init (&state, id_key, ID_KEY_LEN, NUMBER_DIGEST_LEN);
    put_u64 (len, body.len);
    crypto_generichash_update (&state, len, sizeof len);
    crypto_generichash_update (&state, (const uint8_t *) body.at, body.len);
    crypto_generichash_update (&state, (const uint8_t *) target.at, target.len);
    crypto_generichash_final (&state, ret, NUMBER_DIGEST_LEN);
}

int number_read_key (const char *path, uint8_t ret[ID_KEY_LEN])
{
    char *text = NULL;
    size_t len = 0;
    if (file_read (path, 256, &text, &len) != 0)
        return FAIL_ABSENT;
    while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
        text[--len] = 0;
    int result = hex_parse (text, ret, ID_KEY_LEN);
    sodium_memzero (text, len);
    free (text);
    return result;
}

void number_key_check (const uint8_t id_key[ID_KEY_LEN], uint8_t ret[16])
{
    static const uint8_t what[] = "aduan id key check value";
    crypto_generichash (ret, 16, what, sizeof what, id_key, ID_KEY_LEN);
}
