/* The bounds scan: linear, and what it lets through msgpack-c can read within the memory of the input. */
#include "fuzz.h"
#include "wire/wire.h"

#include <msgpack.h>

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    if (wire_scan (at, len) != 0)
        return 0;
    msgpack_zone *zone = msgpack_zone_new (MSGPACK_ZONE_CHUNK_SIZE);
    msgpack_object whole;
    size_t offset = 0;
    check (msgpack_unpack ((const char *) at, len, &offset, zone, &whole) ==
               MSGPACK_UNPACK_SUCCESS &&
           offset == len);
    fuzz_planted (whole.type == MSGPACK_OBJECT_ARRAY && whole.via.array.size == 5);
    msgpack_zone_free (zone);
    return 0;
}
