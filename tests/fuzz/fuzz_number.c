/* Tracking numbers and access codes as people write them, ids, keys, and text to be cleaned. */
#include "fuzz.h"
#include "domain/number.h"

#include <stdlib.h>
#include <string.h>

static void clean_text (const char *text, size_t len)
{
    struct buffer cleaned = {0}, twice = {0};
    utf8_clean (text, len, &cleaned);
    check (utf8_valid (cleaned.at, cleaned.len) && cleaned.len <= 3 * len);
    check (!utf8_clean (cleaned.at, cleaned.len, &twice) && twice.len == cleaned.len);
    check (utf8_count (cleaned.at, cleaned.len) <= cleaned.len);
    for (const char *at = log_text (text, len); *at; at++)
        check (*at >= 0x20 && *at < 0x7f);
    buffer_free (&cleaned);
    buffer_free (&twice);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    char *text = xstrndup ((const char *) at, len), number[NUMBER_LEN + 1];
    struct view view = {(const char *) at, len};
    uint8_t hash[CODE_HASH_LEN];
    struct id id;
    uint64_t bits = 0, again = 0;
    if (number_parse (view, &bits) == 0) {
        number_of_bits (bits, number);
        check (number_parse (view_of (number), &again) == 0 && again == bits);
        fuzz_planted (len > NUMBER_LEN);
    }
    number_code_hash (view, hash);
    if (id_parse (text, &id) == 0)
        check (strlen (id_text (&id)) == 36);
    hex_parse (text, hash, sizeof hash);
    clean_text ((const char *) at, len);
    free (text);
    return 0;
}
