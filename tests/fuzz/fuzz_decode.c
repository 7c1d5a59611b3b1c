/* The decoder, all messages; and what was decoded is encoded again and decodes to the same. */
#include "fuzz.h"
#include "wire/wire.h"

#include <string.h>

static void encode_again (const struct wire_message *message)
{
    struct buffer first = {0}, second = {0};
    struct wire_message again;
    struct wire_fault fault;
    wire_encode (message->type, &message->hello, &first);
    check (wire_decode (first.at, first.len, &again, &fault) == 0 && again.type == message->type);
    wire_encode (again.type, &again.hello, &second);
    check (first.len == second.len && memcmp (first.at, second.at, first.len) == 0);
    wire_done (&again);
    buffer_free (&first);
    buffer_free (&second);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    struct wire_message message;
    struct wire_fault fault;
    if (wire_decode (at, len, &message, &fault) != 0) {
        check (fault.reject && fault.text && fault.ref <= INT64_MAX);
        return 0;
    }
    encode_again (&message);
    fuzz_planted (message.type == WIRE_credit && message.credit.acts == 3);
    wire_done (&message);
    return 0;
}
