/* test_spool.c - the spool on real files: what a start finds again after damage, power cuts and
 * starts that died; what is unlinked when; what happens when it is full or the clock is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/log.h"
#include "segment.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST  20000
#define LAST  (-(off_t) HEADER_LEN) /* where the second header is, from the end */
#define FRAME (HEAD_LEN + TAG_LEN)  /* of a record, beside its bytes and padding */

/* What a record says: its number, often enough to have the length wanted. */
struct known {
    struct spool_record record; /* where it is now */
    unsigned copies, calls;
    bool undrained, wrong;
};

struct bench {
    struct spool_options options;
    struct spool *spool;
    struct known known[MOST];
    uint64_t highest;
};

static struct bench bench;

/* ---- a spool and its owner ----------------------------------------------------------------- */

static void fill (char *into, uint32_t len, uint64_t number)
{
    for (uint32_t i = 0; i < len; i++)
        into[i] = (char) ('a' + (number + i) % 23);
    memcpy (into, &number, sizeof number);
}

static bool is_filled (const char *at, uint32_t len, uint64_t number)
{
    char *expected = xcalloc (len, 1);
    fill (expected, len, number);
    bool equal = memcmp (at, expected, len) == 0;
    free (expected);
    return equal;
}

static bool found (void *owner, struct spool *spool, const struct spool_record *record)
{
    (void) owner;
    assert_in_range (record->seq, 1, MOST - 1);
    struct known *known = &bench.known[record->seq];
    known->wrong |= record->len < 8 || !is_filled (record->at, record->len, record->seq);
    known->calls++;
    if (record->drained)
        return false;
    if (known->undrained)
        spool_drained (spool, &known->record);
    known->record = *record;
    known->undrained = true;
    return true;
}

static int open_bench (void)
{
    memset (bench.known, 0, sizeof bench.known);
    return spool_open (&bench.options, found, NULL, &bench.spool);
}

static void reopen (void)
{
    spool_close (&bench.spool);
    assert_int_equal (open_bench (), 0);
}

static int remove_one (const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void) stat;
    (void) kind;
    (void) ftw;
    return remove (path);
}

static int set_up (void **state)
{
    (void) state;
    char folder[] = "/var/tmp/aduan-spool-XXXXXX";
    check (mkdtemp (folder));
    memset (&bench, 0, sizeof bench);
    bench.options = (struct spool_options){.folder = xstrdup (folder),
                                           .bytes = 8 * SPOOL_SEGMENT_LEAST,
                                           .segment_bytes = SPOOL_SEGMENT_LEAST,
                                           .keep_ms = 1000000};
    memset (bench.options.key, 7, sizeof bench.options.key);
    return open_bench ();
}

static int tear_down (void **state)
{
    (void) state;
    spool_close (&bench.spool);
    nftw (bench.options.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free ((char *) bench.options.folder);
    return 0;
}

static struct spool_stat stat_now (void)
{
    struct spool_stat stat;
    spool_stat (bench.spool, &stat);
    return stat;
}

/* A commit never waits for zeroes, so that a test must. */
static void await_spare (void)
{
    for (int64_t until = mono_ms () + 20000; stat_now ().spares == 0;) {
        assert_true (mono_ms () < until);
        usleep (1000);
    }
}

/* One commit; what was taken is known.  Numbers are the sequences. */
static int append (unsigned count, uint32_t len)
{
    struct spool_record records[64] = {{0}}, *list[64];
    uint64_t next = stat_now ().next_seq;
    assert_true (count <= array_len (records));
    for (unsigned i = 0; i < count; i++) {
        char *bytes = xcalloc (len, 1);
        fill (bytes, len, next + i);
        records[i].at = bytes;
        records[i].len = len;
        list[i] = &records[i];
    }
    int result = spool_append (bench.spool, list, count);
    for (unsigned i = 0; i < count; i++) {
        free ((char *) records[i].at);
        records[i].at = NULL;
        if (!records[i].segment)
            continue;
        assert_int_equal (records[i].seq, next + i);
        bench.known[records[i].seq] = (struct known){.record = records[i], .undrained = true};
        bench.highest = records[i].seq;
    }
    return result;
}

static void drain (uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_true (bench.known[seq].undrained);
        spool_drained (bench.spool, &bench.known[seq].record);
        bench.known[seq].undrained = false;
    }
}

static void save (void)
{
    assert_int_equal (spool_append (bench.spool, NULL, 0), 0);
}

/* All of these, and what they said, each undrained once. */
static void expect_undrained (uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        char *bytes = NULL;
        if (!bench.known[seq].undrained || bench.known[seq].wrong)
            fail_msg ("record %" PRIu64 ": undrained %d, wrong %d", seq, bench.known[seq].undrained,
                      bench.known[seq].wrong);
        assert_int_equal (spool_read (bench.spool, &bench.known[seq].record, &bytes), 0);
        assert_true (is_filled (bytes, bench.known[seq].record.len, seq));
        free (bytes);
    }
}

static void expect_absent (uint64_t seq)
{
    assert_int_equal (bench.known[seq].calls, 0);
}

/* ---- files --------------------------------------------------------------------------------- */

static uint64_t segment_number (uint64_t seq)
{
    return bench.known[seq].record.segment->number;
}

static char *segment_path (uint64_t number)
{
    return xformat ("%s/%010" PRIu64 ".segment", bench.options.folder, number);
}

static bool is_there (uint64_t number)
{
    char *path = segment_path (number);
    bool there = access (path, F_OK) == 0;
    free (path);
    return there;
}

/* The maker unlinks. */
static void await_gone (uint64_t number)
{
    for (int64_t until = mono_ms () + 20000; is_there (number);) {
        assert_true (mono_ms () < until);
        usleep (1000);
    }
}

static void poke (uint64_t number, off_t at, const void *bytes, size_t len)
{
    char *path = segment_path (number);
    int fd = open (path, O_RDWR);
    assert_true (fd >= 0);
    assert_int_equal (pwrite (fd, bytes, len, at < 0 ? lseek (fd, 0, SEEK_END) + at : at), len);
    close (fd);
    free (path);
}

static void peek (uint64_t number, off_t at, void *bytes, size_t len)
{
    char *path = segment_path (number);
    int fd = open (path, O_RDONLY);
    assert_true (fd >= 0);
    assert_int_equal (pread (fd, bytes, len, at < 0 ? lseek (fd, 0, SEEK_END) + at : at), len);
    close (fd);
    free (path);
}

static void flip (uint64_t number, off_t at)
{
    char byte;
    peek (number, at, &byte, 1);
    byte ^= 4;
    poke (number, at, &byte, 1);
}

static unsigned count_corrupt (void)
{
    char *folder = xformat ("%s/corrupt", bench.options.folder), **names = NULL;
    size_t count = 0;
    if (segment_names (folder, &names, &count) == 0)
        segment_names_free (names, count);
    free (folder);
    return (unsigned) count;
}

/* Where a record's first byte is. */
static off_t place (uint64_t seq)
{
    return (off_t) bench.known[seq].record.offset;
}

/* Three segments with undrained records; the middle one's first and last record. */
static void fill_three (uint64_t *ret_first, uint64_t *ret_last)
{
    assert_int_equal (append (1, 100), 0);
    *ret_first = *ret_last = 0;
    while (!*ret_last) {
        await_spare ();
        assert_int_equal (append (16, 3000), 0);
        for (uint64_t seq = bench.highest - 15; seq <= bench.highest; seq++) {
            if (segment_number (seq) == segment_number (seq - 1))
                continue;
            if (*ret_first)
                *ret_last = seq - 1;
            else
                *ret_first = seq;
        }
    }
}

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
#define spool_test(name) cmocka_unit_test_setup_teardown (test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        spool_test (found_again),
        spool_test (drained),
        spool_test (frontier_alone),
        spool_test (one_process),
        spool_test (segments_follow),
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
