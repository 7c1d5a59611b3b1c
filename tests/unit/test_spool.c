/* test_spool.c - the spool: what a start finds again, what is unlinked when, what happens when it is full
 * or the clock is wrong. */
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

/* ---- the plain way ------------------------------------------------------------------------- */

static void test_found_again (void **state)
{
    (void) state;
    assert_int_equal (append (3, 100), 0);
    assert_int_equal (append (1, 9001), 0);
    for (int i = 0; i < 3; i++) {
        reopen ();
        expect_undrained (1, 4);
        assert_int_equal (stat_now ().undrained, 4);
        assert_int_equal (stat_now ().corrupt, 0);
    }
    assert_int_equal (append (1, 100), 0);
    assert_int_equal (bench.highest, 5);
}

static void test_drained (void **state)
{
    (void) state;
    struct spool_state kept = {.system = 11,
                               .timeline = 2,
                               .position = 333,
                               .replay = 4,
                               .gap_count = 2,
                               .gaps = {{4, 4}, {6, 7}}},
                       got;
    assert_int_equal (append (8, 100), 0);
    drain (1, 2);
    drain (4, 4);
    drain (6, 7);
    spool_set_frontier (bench.spool, 2);
    spool_set_state (bench.spool, &kept);
    assert_true (spool_unsaved (bench.spool));
    save ();
    assert_false (spool_unsaved (bench.spool));
    for (int i = 0; i < 2; i++) {
        reopen ();
        spool_get_state (bench.spool, &got);
        assert_int_equal (got.frontier, 2);
        assert_int_equal (got.next_seq, 9);
        assert_int_equal (got.system, 11);
        assert_int_equal (got.timeline, 2);
        assert_int_equal (got.position, 333);
        assert_int_equal (got.replay, 4);
        assert_int_equal (got.gap_count, 2);
        assert_int_equal (stat_now ().undrained, 3);
        expect_undrained (3, 3);
        expect_undrained (5, 5);
        expect_undrained (8, 8);
        assert_false (bench.known[4].undrained || bench.known[1].undrained);
    }
    assert_int_equal (bench.known[1].calls, 1); /* drained ones are told too, for repeats */
}

static void test_frontier_alone (void **state)
{
    (void) state;
    assert_int_equal (append (4, 100), 0);
    drain (1, 3);
    spool_set_frontier (bench.spool, 3);
    assert_int_equal (append (1, 100), 0);
    reopen ();
    assert_int_equal (stat_now ().undrained, 2);
    expect_undrained (4, 5);
}

static void test_one_process (void **state)
{
    (void) state;
    struct spool *second = NULL;
    assert_int_equal (spool_open (&bench.options, found, NULL, &second), FAIL_BUSY);
    spool_close (&bench.spool);
    bench.options.key[0]++;
    assert_int_equal (open_bench (), FAIL_REFUSED);
    bench.options.key[0]--;
    assert_int_equal (open_bench (), 0);
}

static void test_segments_follow (void **state)
{
    uint64_t first, last;
    (void) state;
    fill_three (&first, &last);
    assert_true (last > first);
    reopen ();
    expect_undrained (1, bench.highest);
    assert_int_equal (stat_now ().undrained, bench.highest);
    assert_int_equal (stat_now ().corrupt, 0);
}

/* ---- starts -------------------------------------------------------------------------------- */

static void put (struct segment *segment, const uint8_t key[SEGMENT_KEY], struct buffer *batch,
                 enum record_type type, uint64_t seq, uint64_t received, const void *at,
                 uint32_t len)
{
    segment_put (
        key, segment,
        &(struct head){.type = (uint16_t) type, .seq = seq, .received = received, .len = len}, at,
        batch);
}

/* A segment as another process has left it; with `state` in front, then records first..last. */
static void leave_segment (uint64_t number, uint32_t flags, uint64_t told, uint64_t first,
                           uint64_t last, uint64_t received)
{
    uint8_t key[SEGMENT_KEY];
    char bytes[100];
    struct segment *segment = NULL;
    struct buffer batch = {0};
    struct spool_state state = {.next_seq = told};
    segment_key (bench.options.key, key);
    assert_int_equal (
        segment_make (bench.options.folder, key, number, flags, SPOOL_SEGMENT_LEAST, &segment), 0);
    put (segment, key, &batch, RECORD_FRONTIER, 0, received, &state,
         offsetof (struct spool_state, gaps));
    for (uint64_t seq = first; seq <= last; seq++) {
        fill (bytes, sizeof bytes, seq);
        put (segment, key, &batch, RECORD_DATA, seq, received, bytes, sizeof bytes);
    }
    assert_int_equal (pwrite (segment->fd, batch.at, batch.len, HEADER_LEN), batch.len);
    buffer_free (&batch);
    segment_free (segment);
}

/* It has read what a power cut then took: sequence 5; that is no loss, nobody was answered. */
static void test_start_that_died (void **state)
{
    (void) state;
    assert_int_equal (append (4, 100), 0);
    spool_close (&bench.spool);
    leave_segment (90, FLAG_START, 6, 2, 3, 1000);
    leave_segment (91, FLAG_START, 6, 1, 0, 1000);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, 4);
    assert_int_equal (stat_now ().undrained, 4);
    assert_int_equal (stat_now ().corrupt, 0);
    assert_false (is_there (90) || is_there (91));
    assert_true (is_there (92));
    assert_int_equal (append (1, 100), 0);
    assert_int_equal (bench.highest, 5);
}

/* One whose making a power cut has interrupted. */
static void test_unmade (void **state)
{
    (void) state;
    assert_int_equal (append (2, 100), 0);
    char *path = segment_path (50);
    spool_close (&bench.spool);
    int fd = open (path, O_RDWR | O_CREAT, 0640);
    assert_int_equal (ftruncate (fd, 300000), 0);
    close (fd);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, 2);
    assert_int_equal (stat_now ().corrupt, 0);
    assert_false (is_there (50));
    free (path);
}

/* ---- keeping ------------------------------------------------------------------------------- */

static void wait_until_past (int64_t moment)
{
    while (wall_ms () <= moment)
        usleep (500);
}

static void test_retired_by_age (void **state)
{
    uint64_t first, last;
    (void) state;
    fill_three (&first, &last);
    uint64_t kept = segment_number (first), old = segment_number (1);
    spool_retire (bench.spool, 0);
    assert_true (is_there (old));
    drain (1, first);
    drain (first + 2, last);
    spool_close (&bench.spool);
    bench.options.keep_ms = 1;
    struct spool_state state_now = {.gap_count = 1, .gaps = {{first + 2, last}}};
    assert_int_equal (open_bench (), 0);
    drain (1, first);
    drain (first + 2, last);
    spool_set_frontier (bench.spool, first);
    spool_set_state (bench.spool, &state_now);
    wait_until_past (wall_ms () + 2);
    save ();
    spool_retire (bench.spool, 1); /* a walk is under way */
    assert_true (is_there (old));
    spool_retire (bench.spool, 0);
    await_gone (old);
    assert_true (is_there (kept)); /* one record of it is not stored */
    assert_int_equal (stat_now ().retired_early, 0);
    reopen ();
    assert_int_equal (stat_now ().corrupt, 0);
    expect_undrained (first + 1, first + 1);
}

/* Before the disk knows that it is drained, a start would miss it. */
static void test_retired_when_known (void **state)
{
    uint64_t first, last;
    (void) state;
    bench.options.keep_ms = 1;
    reopen ();
    fill_three (&first, &last);
    uint64_t old = segment_number (first);
    drain (1, last);
    spool_set_frontier (bench.spool, last);
    wait_until_past (wall_ms () + 2);
    spool_retire (bench.spool, 0);
    assert_true (is_there (old));
    assert_true (spool_unsaved (bench.spool));
    save ();
    spool_retire (bench.spool, 0);
    await_gone (old);
}

static void test_full (void **state)
{
    (void) state;
    int result;
    while ((result = append (16, 3000)) == 0 || stat_now ().bytes < 8 * SPOOL_SEGMENT_LEAST)
        if (result != 0)
            await_spare ();
    assert_int_equal (result, FAIL_FULL);
    assert_false (spool_has_room (bench.spool, 900));
    uint64_t taken = bench.highest;
    reopen ();
    expect_undrained (1, taken);
    while (append (16, 3000) == 0) /* what the fresh segment takes */
        ;
    drain (1, bench.highest);
    spool_set_frontier (bench.spool, bench.highest);
    assert_true (spool_unsaved (bench.spool));
    save (); /* there is always room for this */
    spool_retire (bench.spool, 0);
    assert_true (stat_now ().retired_early > 0);
    await_spare ();
    assert_true (spool_has_room (bench.spool, 800));
    assert_int_equal (append (16, 3000), 0);
    taken = bench.highest;
    reopen ();
    expect_undrained (taken - 15, taken);
    assert_int_equal (stat_now ().corrupt, 0);
}

static bool want_again (void *owner, struct spool *spool, const struct spool_record *record)
{
    (void) spool;
    *(uint64_t *) owner += 1;
    bench.known[record->seq].record = *record;
    bench.known[record->seq].undrained = true;
    return true;
}

static void test_walk (void **state)
{
    uint64_t first, last, seen = 0, cursor = 1;
    (void) state;
    fill_three (&first, &last);
    uint64_t count = bench.highest, oldest = segment_number (1), second = segment_number (first);
    drain (1, count);
    cursor = spool_walk (bench.spool, cursor, want_again, &seen);
    assert_int_equal (seen, first - 1);
    assert_int_equal (cursor, second);
    assert_int_equal (spool_walk_floor (bench.spool, cursor), oldest);
    drain (1, first - 1);
    assert_int_equal (spool_walk_floor (bench.spool, cursor), cursor);
    while (cursor)
        cursor = spool_walk (bench.spool, cursor, want_again, &seen);
    assert_int_equal (seen, count);
    assert_int_equal (stat_now ().undrained, count - first + 1);
}

/* A program that dies every second under its supervisor: nothing that is retained goes for it. */
static void test_restarts_take_no_room (void **state)
{
    (void) state;
    for (unsigned round = 0; round < 40; round++) {
        await_spare ();
        if (round % 4 == 0) {
            assert_int_equal (append (3, 100), 0);
            drain (bench.highest - 2, bench.highest);
            spool_set_frontier (bench.spool, bench.highest);
            save ();
        }
        spool_retire (bench.spool, 0);
        uint64_t highest = bench.highest;
        reopen ();
        bench.highest = highest;
        for (uint64_t seq = 1; seq <= highest; seq++)
            assert_in_range (bench.known[seq].calls, 1, 2);
    }
    await_spare ();
    assert_int_equal (stat_now ().retired_early, 0);
    assert_in_range (stat_now ().bytes, 1, 4 * SPOOL_SEGMENT_LEAST);
}

/* ---- clocks -------------------------------------------------------------------------------- */

static void test_clock_behind (void **state)
{
    (void) state;
    uint64_t ahead = (uint64_t) wall_ms () + 3600000;
    spool_close (&bench.spool);
    leave_segment (90, 0, 1, 1, 2, ahead);
    assert_int_equal (open_bench (), 0);
    expect_undrained (1, 2);
    assert_true (stat_now ().behind_ms > 3500000);
    assert_int_equal (append (1, 100), 0);
    assert_true (bench.known[3].record.doubtful);
    assert_int_equal (bench.known[3].record.received, ahead + 1);
    assert_int_equal (append (1, 100), 0);
    assert_int_equal (bench.known[4].record.received, ahead + 2);
    reopen ();
    assert_true (bench.known[3].record.doubtful);
    assert_int_equal (bench.known[3].record.received, ahead + 1);
    spool_trust_clock (bench.spool);
    assert_int_equal (append (1, 100), 0);
    assert_false (bench.known[5].record.doubtful);
    assert_true (bench.known[5].record.received < ahead);
    reopen ();
    assert_int_equal (stat_now ().behind_ms, 0);
}

int main (void)
{
    check (sodium_init () >= 0);
    log_open ("test_spool", LOG_ERROR);
    const struct CMUnitTest tests[] = {
        spool_test (found_again),
        spool_test (drained),
        spool_test (frontier_alone),
        spool_test (one_process),
        spool_test (segments_follow),
        spool_test (start_that_died),
        spool_test (unmade),
        spool_test (retired_by_age),
        spool_test (retired_when_known),
        spool_test (full),
        spool_test (walk),
        spool_test (restarts_take_no_room),
        spool_test (clock_behind),
    };
    return cmocka_run_group_tests_name ("spool", tests, NULL, NULL);
}
