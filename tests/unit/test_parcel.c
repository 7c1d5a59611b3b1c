/* test_parcel.c - parcels keep what they must, bundles lose nothing and never read beyond their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/parcel.h"

static uint64_t seed = 88172645463325252u;

static unsigned draw (unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned) (seed >> 32) % below;
}

/* A parcel of 1 to 4 frames that say how long they are. */
static void fill (struct parcel *parcel, char *room, unsigned number)
{
    unsigned frames = 1 + number % PARCEL_FRAMES;
    for (unsigned i = 0; i < frames; i++) {
        size_t len = (number * 7 + i * 13) % 300;
        memset (room, (int) (number + i), len);
        parcel_add_bytes (parcel, room, len);
        room += len;
    }
}

static void assert_same (const struct parcel *a, const struct parcel *b)
{
    assert_int_equal (a->frames, b->frames);
    for (unsigned i = 0; i < a->frames; i++) {
        struct view left = parcel_bytes (a, i), right = parcel_bytes (b, i);
        assert_int_equal (left.len, right.len);
        assert_memory_equal (left.at, right.at, left.len);
    }
}

static void test_round_trip (void **state)
{
    (void) state;
    struct buffer bundle = {0};
    char room[1500];
    for (unsigned n = 0; n < 100; n++) {
        struct parcel parcel = {0};
        fill (&parcel, room, n);
        size_t before = bundle.len;
        bundle_add (&bundle, &parcel);
        assert_int_equal (bundle.len - before, bundle_room (&parcel) + (before == 0));
    }
    assert_true (bundle_is (bundle.at, bundle.len));
    struct view rest = {bundle.at + 1, bundle.len - 1};
    struct parcel got;
    struct wire_fault fault;
    unsigned n = 0;
    for (; bundle_next (&rest, &got, &fault); n++) {
        struct parcel wanted = {0};
        fill (&wanted, room, n);
        assert_same (&got, &wanted);
    }
    assert_int_equal (n, 100);
    assert_int_equal (fault.reject, 0);
    assert_int_equal (rest.len, 0);
    buffer_free (&bundle);
}

/* Cut anywhere: whole messages come out, then a fault, and no byte behind the end is looked at (each
 * piece is a block of its own, which the sanitizer guards). */
static void test_torn (void **state)
{
    (void) state;
    struct buffer bundle = {0};
    char room[1500];
    for (unsigned n = 0; n < 6; n++) {
        struct parcel parcel = {0};
        fill (&parcel, room, n);
        bundle_add (&bundle, &parcel);
    }
    unsigned torn = 0;
    for (size_t len = 1; len < bundle.len; len++) {
        char *piece = malloc (len);
        assert_non_null (piece);
        memcpy (piece, bundle.at, len);
        struct view rest = {piece + 1, len - 1};
        struct parcel got;
        struct wire_fault fault;
        unsigned whole = 0;
        while (bundle_next (&rest, &got, &fault))
            whole++;
        assert_in_range (whole, 0, 5);
        torn += fault.reject == REJECT_MALFORMED;
        free (piece);
    }
    assert_int_equal (torn, bundle.len - 1 - 6); /* all but the cuts between messages */
    buffer_free (&bundle);
}

static void test_garbage (void **state)
{
    (void) state;
    for (unsigned round = 0; round < 200000; round++) {
        size_t len = draw (64);
        char *bytes = malloc (len + 1);
        assert_non_null (bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char) (draw (3) ? draw (6) : draw (256));
        struct view rest = {bytes, len};
        struct parcel got;
        struct wire_fault fault;
        size_t seen = 0;
        while (bundle_next (&rest, &got, &fault)) {
            assert_in_range (got.frames, 1, PARCEL_FRAMES);
            seen += parcel_size (&got);
        }
        assert_in_range (seen, 0, len);
        free (bytes);
    }
}

static void test_move_keeps (void **state)
{
    (void) state;
    char room[1500];
    struct parcel came = {0}, kept = {0}, again = {0}, wanted = {0};
    fill (&came, room, 3);
    fill (&wanted, room, 3);
    parcel_move (&kept, &came);
    assert_int_equal (came.frames, 0);
    assert_same (&kept, &wanted);
    const char *at = parcel_bytes (&kept, 0).at;
    assert_false (at >= room && at < room + sizeof room);
    parcel_move (&again, &kept); /* owned already: nothing is copied */
    assert_ptr_equal (parcel_bytes (&again, 0).at, at);
    memset (room, 'x', sizeof room);
    assert_int_equal (parcel_bytes (&again, 0).at[0], 3);
    parcel_done (&again);
    parcel_done (&kept);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_round_trip),
        cmocka_unit_test (test_torn),
        cmocka_unit_test (test_garbage),
        cmocka_unit_test (test_move_keeps),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
