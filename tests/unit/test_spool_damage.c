/* test_spool_damage.c - what a start finds again after damage and power cuts. */
#include "spool_bench.h"

#include "base/log.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- damage -------------------------------------------------------------------------------- */

static void test_torn_end (void **state)
{
    (void) state;
    assert_int_equal (append (3, 5000), 0);
    off_t end = place (3) + 5000;
    uint64_t number = segment_number (3);
    spool_close (&bench.spool);
    flip (number, end); /* the tag of the last */
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, 2);
    expect_absent (3);
    assert_int_equal (stat_now ().corrupt, 0); /* nobody can tell it from a power cut */
    assert_int_equal (append (1, 100), 0);
    assert_int_equal (bench.highest, 3);
    reopen ();
    expect_undrained (1, 3);
}

static void test_hole_in_the_last (void **state)
{
    (void) state;
    assert_int_equal (append (3, 5000), 0);
    uint64_t number = segment_number (2);
    off_t at = place (2) + 77;
    spool_close (&bench.spool);
    flip (number, at);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, 1);
    expect_undrained (3, 3);
    expect_absent (2);
    assert_int_equal (stat_now ().corrupt, 2); /* the segment, and sequence 2 is missing */
    assert_int_equal (count_corrupt (), 1);
}

/* The state that a clean end writes shows that its last record is missing. */
static void test_damaged_end_is_known (void **state)
{
    struct spool_state kept = {.system = 1};
    (void) state;
    assert_int_equal (append (3, 5000), 0);
    spool_set_state (bench.spool, &kept);
    save ();
    uint64_t number = segment_number (3);
    off_t at = place (3);
    spool_close (&bench.spool);
    flip (number, at);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, 2);
    assert_int_equal (stat_now ().corrupt, 2);
}

static void test_hole_in_an_older (void **state)
{
    uint64_t first, last;
    (void) state;
    fill_three (&first, &last);
    uint64_t hurt = first + 3, number = segment_number (hurt);
    off_t at = place (hurt) - HEAD_LEN; /* its length: the reader must find the next by itself */
    spool_close (&bench.spool);
    flip (number, at + 1);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, hurt - 1);
    expect_absent (hurt);
    expect_undrained (hurt + 1, bench.highest);
    assert_int_equal (count_corrupt (), 1);
    reopen ();
    assert_int_equal (count_corrupt (), 1); /* copied once */
}

static void test_one_header (void **state)
{
    uint64_t first, last;
    (void) state;
    fill_three (&first, &last);
    uint64_t number = segment_number (first), oldest = segment_number (1);
    char zeros[HEADER_LEN] = {0};
    spool_close (&bench.spool);
    poke (number, 0, zeros, sizeof zeros);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, bench.highest);
    assert_int_equal (count_corrupt (), 1);
    assert_int_equal (stat_now ().corrupt, 1);
    spool_close (&bench.spool);
    poke (oldest, LAST, zeros, sizeof zeros);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, bench.highest);
}

/* Both headers damaged, the id not, or in a bit: it is found by what it validates. */
static void test_both_headers (void **state)
{
    uint64_t first, last;
    (void) state;
    fill_three (&first, &last);
    uint64_t number = segment_number (first), oldest = segment_number (1);
    spool_close (&bench.spool);
    flip (number, 3); /* the magic */
    flip (number, LAST + 40);
    flip (oldest, 20); /* the id */
    flip (oldest, LAST + 21);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, bench.highest);
    assert_int_equal (count_corrupt (), 2);
}

static void test_no_header (void **state)
{
    uint64_t first, last;
    (void) state;
    fill_three (&first, &last);
    uint64_t number = segment_number (first);
    char zeros[HEADER_LEN] = {0};
    spool_close (&bench.spool);
    poke (number, 0, zeros, sizeof zeros);
    poke (number, LAST, zeros, sizeof zeros);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, first - 1);
    expect_undrained (last + 1, bench.highest);
    for (uint64_t seq = first; seq <= last; seq++)
        expect_absent (seq);
    assert_int_equal (count_corrupt (), 1); /* moved there whole */
    assert_false (is_there (number));
    assert_int_equal (stat_now ().corrupt, 2);
}

static void test_cut_file (void **state)
{
    uint64_t first, last;
    (void) state;
    fill_three (&first, &last);
    uint64_t keep = first + 10;
    char *path = segment_path (segment_number (first));
    off_t at = place (keep) + 1;
    spool_close (&bench.spool);
    assert_int_equal (truncate (path, at), 0);
    free (path);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, keep - 1);
    expect_absent (keep);
    expect_undrained (last + 1, bench.highest);
    assert_int_equal (count_corrupt (), 1);
}

/* A block of another segment, as a reused inode may show it, has another segment's tag. */
static void test_stale_blocks (void **state)
{
    uint64_t first, last;
    (void) state;
    fill_three (&first, &last);
    static char block[8 * 4096];
    uint64_t newest = segment_number (bench.highest), count = bench.highest;
    off_t end = place (bench.highest) + 3000 + TAG_LEN + 7;
    peek (segment_number (first), place (first) - HEAD_LEN, block, sizeof block);
    spool_close (&bench.spool);
    poke (newest, end & ~INT64_C (7), block, sizeof block);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, count);
    assert_int_equal (stat_now ().undrained, count);
    assert_int_equal (stat_now ().next_seq, count + 1);
}

/* A record over another one of the same file: it is not where it says it is. */
static void test_moved_record (void **state)
{
    static char record[FRAME + 5000];
    (void) state;
    assert_int_equal (append (4, 5000), 0);
    uint64_t number = segment_number (1);
    off_t from = place (3) - HEAD_LEN, to = place (2) - HEAD_LEN;
    peek (number, from, record, sizeof record);
    poke (number, to, record, sizeof record);
    char *bytes = NULL;
    assert_int_equal (spool_read (bench.spool, &bench.known[2].record, &bytes), FAIL_CORRUPT);
    reopen ();
    expect_absent (2);
    expect_undrained (3, 4);
    assert_int_equal (stat_now ().corrupt, 2);
}

/* Many wounds by dice: whatever is not hit is found, and nothing is found that was never written. */
static void test_any_damage (void **state)
{
    (void) state;
    unsigned seed = (unsigned) wall_ms ();
    const char *replay = getenv ("SEED");
    uint64_t first, last;
    seed = replay ? (unsigned) strtoul (replay, NULL, 10) : seed;
    print_message ("SEED=%u\n", seed);
    srand (seed);
    fill_three (&first, &last);
    static bool hit[MOST];
    for (int i = 0; i < 60; i++) {
        uint64_t seq = 1 + (uint64_t) rand () % bench.highest;
        off_t whole = (off_t) bench.known[seq].record.len + FRAME;
        flip (segment_number (seq), place (seq) - HEAD_LEN + rand () % whole);
        hit[seq] = true;
    }
    reopen ();
    for (uint64_t seq = 1; seq <= bench.highest; seq++)
        if (!hit[seq])
            expect_undrained (seq, seq);
        else
            assert_false (bench.known[seq].wrong);
}

int main (void)
{
    check (sodium_init () >= 0);
    log_open ("test_spool_damage", LOG_ERROR);
    const struct CMUnitTest tests[] = {
        spool_test (torn_end),
        spool_test (hole_in_the_last),
        spool_test (damaged_end_is_known),
        spool_test (hole_in_an_older),
        spool_test (one_header),
        spool_test (both_headers),
        spool_test (no_header),
        spool_test (cut_file),
        spool_test (moved_record),
        spool_test (stale_blocks),
        spool_test (any_damage),
    };
    return cmocka_run_group_tests_name ("spool damage", tests, NULL, NULL);
}
