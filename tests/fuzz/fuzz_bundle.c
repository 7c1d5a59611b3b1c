/* Bundles: every byte belongs to one message, or the rest is refused. */
#include "fuzz.h"
#include "daemon/parcel.h"

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    if (!bundle_is (at, len))
        return 0;
    struct view rest = {(const char *) at + 1, len - 1};
    struct parcel parcel = {0};
    struct wire_fault fault;
    struct buffer copy = {0};
    unsigned count = 0;
    while (bundle_next (&rest, &parcel, &fault)) {
        parcel_read (&parcel, 0, WIRE_submit, &fault);
        parcel_read (&parcel, 1, WIRE_content, &fault);
        bundle_add (&copy, &parcel);
        fuzz_planted (parcel.frames == 3 && ++count == 2);
        parcel_done (&parcel);
    }
    check (fault.reject || rest.len == 0);
    check (copy.len == 0 || copy.len + rest.len <= len);
    parcel_done (&parcel);
    buffer_free (&copy);
    return 0;
}
