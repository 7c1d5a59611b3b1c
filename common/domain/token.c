/* token.c - names that the outside brings back. */
#include "domain/token.h"

#include <sodium.h>
#include <string.h>

#define BYTES_MAX (NOTICE_TOKEN_LEN * 5 / 8)

/* What a tag is over, so that a token of one kind is none of the other. */
enum token_kind { TOKEN_CASE = 1, TOKEN_NOTICE };

static const char symbols[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* The first `tag_len` bytes of the tag go behind the `len` bytes at `at`. */
static void tag_put (const uint8_t key[REPLY_KEY_LEN], enum token_kind kind, uint8_t *at,
                     size_t len, size_t tag_len)
{
    uint8_t tag[crypto_generichash_BYTES_MIN], kind_byte = (uint8_t) kind;
    crypto_generichash_state state;

    check (tag_len <= sizeof tag);
    crypto_generichash_init (&state, key, REPLY_KEY_LEN, sizeof tag);
    crypto_generichash_update (&state, &kind_byte, 1);
    crypto_generichash_update (&state, at, len);
    crypto_generichash_final (&state, tag, sizeof tag);
    memcpy (at + len, tag, tag_len);
}

/* `len` is a multiple of 5. */
static void encode (const uint8_t *at, size_t len, char *ret)
{
    for (size_t i = 0; i < len; i += 5) {
        uint64_t bits = 0;
        for (size_t k = 0; k < 5; k++)
            bits = bits << 8 | at[i + k];
        for (int k = 7; k >= 0; k--, bits >>= 5)
            ret[i / 5 * 8 + (size_t) k] = symbols[bits & 31];
    }
    ret[len / 5 * 8] = '\0';
}

static int decode (struct view token, size_t len, uint8_t *ret)
{
    if (token.len != len / 5 * 8)
        return FAIL_MALFORMED;
    for (size_t i = 0; i < token.len; i += 8) {
        uint64_t bits = 0;
        for (size_t k = 0; k < 8; k++) {
            char c = token.at[i + k];
            const char *found =
                c ? strchr (symbols, c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) : NULL;
            if (!found)
                return FAIL_MALFORMED;
            bits = bits << 5 | (uint64_t) (found - symbols);
        }
        for (int k = 4; k >= 0; k--, bits >>= 8)
            ret[i / 8 * 5 + (size_t) k] = (uint8_t) bits;
    }
    return 0;
}

/* The key's bytes of a token, where its tag is right. */
static int read_token (const uint8_t key[REPLY_KEY_LEN], enum token_kind kind, struct view token,
                       size_t len, size_t tag_len, uint8_t *ret)
{
    uint8_t right[BYTES_MAX];

    if (decode (token, len + tag_len, ret) != 0)
        return FAIL_MALFORMED;
    memcpy (right, ret, len);
    tag_put (key, kind, right, len, tag_len);
    return sodium_memcmp (right, ret, len + tag_len) == 0 ? 0 : FAIL_MALFORMED;
}

void token_of_case (const uint8_t key[REPLY_KEY_LEN], const struct id *id,
                    char ret[CASE_TOKEN_LEN + 1])
{
    uint8_t bytes[CASE_TOKEN_LEN * 5 / 8];
    memcpy (bytes, id->at, 16);
    tag_put (key, TOKEN_CASE, bytes, 16, 9);
    encode (bytes, sizeof bytes, ret);
}

int token_case (const uint8_t key[REPLY_KEY_LEN], struct view token, struct id *ret)
{
    uint8_t bytes[BYTES_MAX];
    int fail = read_token (key, TOKEN_CASE, token, 16, 9, bytes);
    if (fail == 0)
        memcpy (ret->at, bytes, 16);
    return fail;
}

void token_of_notice (const uint8_t key[REPLY_KEY_LEN], const struct notice_name *name,
                      char ret[NOTICE_TOKEN_LEN + 1])
{
    uint8_t bytes[NOTICE_TOKEN_LEN * 5 / 8];
    memcpy (bytes, name->id.at, 16);
    for (unsigned i = 0; i < 2; i++)
        bytes[16 + i] = (uint8_t) (name->event >> (8 - 8 * i));
    for (unsigned i = 0; i < 4; i++)
        bytes[18 + i] = (uint8_t) (name->recipient >> (24 - 8 * i));
    tag_put (key, TOKEN_NOTICE, bytes, 22, 8);
    encode (bytes, sizeof bytes, ret);
}

int token_notice (const uint8_t key[REPLY_KEY_LEN], struct view token, struct notice_name *ret)
{
    uint8_t bytes[BYTES_MAX];
    int fail = read_token (key, TOKEN_NOTICE, token, 22, 8, bytes);
    if (fail)
        return fail;
    *ret = (struct notice_name){0};
    memcpy (ret->id.at, bytes, 16);
    for (unsigned i = 0; i < 2; i++)
        ret->event = ret->event << 8 | bytes[16 + i];
    for (unsigned i = 0; i < 4; i++)
        ret->recipient = ret->recipient << 8 | bytes[18 + i];
    return 0;
}
