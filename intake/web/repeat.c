/* repeat.c - the names of submissions whose senders name no key. */
#include "repeat.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define NAME_BEGINS "hash-"
#define NAME_BYTES  24
#define DAY_MS      86400000

/* Lengths go in with the parts, so that "a", "bc" and "ab", "c" have two names. */
static void hash_part (crypto_generichash_state *state, struct view part)
{
    uint8_t len[8];

    for (unsigned i = 0; i < sizeof len; i++)
        len[i] = (uint8_t) ((uint64_t) part.len >> (8 * i));
    crypto_generichash_update (state, len, sizeof len);
    crypto_generichash_update (state, (const uint8_t *) part.at, part.len);
}

void repeat_name (const struct web *web, const char *account, const struct view *parts,
                  size_t count, char ret[REPEAT_NAME_SIZE])
{
    crypto_generichash_state state;
    uint8_t hash[NAME_BYTES];

    crypto_generichash_init (&state, web->secret, sizeof web->secret, sizeof hash);
    hash_part (&state, view_of ("repeat"));
    hash_part (&state, view_of (account));
    for (size_t i = 0; i < count; i++)
        hash_part (&state, parts[i]);
    crypto_generichash_final (&state, hash, sizeof hash);
    snprintf (ret, REPEAT_NAME_SIZE, NAME_BEGINS "%s", hex_text (hash, sizeof hash));
}

void repeat_said (const struct web *web, const char *account, const char *key,
                  const struct view *parts, size_t count, uint8_t ret[ADUAN_SAID_SIZE])
{
    crypto_generichash_state state;

    crypto_generichash_init (&state, web->secret, sizeof web->secret, ADUAN_SAID_SIZE);
    hash_part (&state, view_of ("said"));
    hash_part (&state, view_of (account));
    hash_part (&state, view_of (key));
    for (size_t i = 0; i < count; i++)
        hash_part (&state, parts[i]);
    crypto_generichash_final (&state, ret, ADUAN_SAID_SIZE);
}

bool repeat_code (const struct web *web, const char *account, const char *name,
                  char ret[ADUAN_CODE_SIZE])
{
    crypto_generichash_state state;
    struct aduan_token token;

    if (strncmp (name, NAME_BEGINS, strlen (NAME_BEGINS)) != 0 ||
        strlen (name) != REPEAT_NAME_SIZE - 1)
        return false;
    crypto_generichash_init (&state, web->secret, sizeof web->secret, sizeof token.token);
    hash_part (&state, view_of ("code"));
    hash_part (&state, view_of (account));
    hash_part (&state, view_of (name));
    crypto_generichash_final (&state, token.token, sizeof token.token);
    aduan_token_derive (&token);
    memcpy (ret, token.code, ADUAN_CODE_SIZE);
    sodium_memzero (&token, sizeof token);
    return true;
}

uint64_t repeat_created (void)
{
    uint64_t now = (uint64_t) wall_ms ();
    return now - now % DAY_MS;
}

/* Blanks and line ends that wait for a sign behind them: "" or " ", "\n" or "\n\n". */
struct gap {
    bool blank;
    unsigned lines;
};

static void gap_close (struct gap *gap, bool first, struct buffer *out)
{
    if (!first && gap->lines)
        buffer_add (out, "\n\n", gap->lines > 1 ? 2 : 1);
    else if (!first && gap->blank)
        buffer_add (out, " ", 1);
    *gap = (struct gap){0};
}

void words_normal (struct view text, struct buffer *out)
{
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t len =
        utf8proc_map ((const utf8proc_uint8_t *) text.at, (utf8proc_ssize_t) text.len, &composed,
                      UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    struct gap gap = {0};
    size_t began = out->len;

    check (len >= 0);
    for (utf8proc_ssize_t i = 0; i < len; i++) {
        const char *at = (const char *) composed + i;
        if (*at == '\r' && i + 1 < len && at[1] == '\n')
            continue;
        if (*at == '\n' || *at == '\r')
            gap.lines++;
        else if (*at == ' ' || *at == '\t')
            gap.blank = true;
        else if (i + 1 < len && memcmp (at, "\u00a0", 2) == 0) {
            gap.blank = true;
            i++;
        } else {
            gap_close (&gap, out->len == began, out);
            buffer_add (out, at, 1);
        }
    }
    free (composed);
}
