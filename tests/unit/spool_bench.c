/* spool_bench.c - see spool_bench.h. */
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

struct bench bench;

/* ---- a spool and its owner ----------------------------------------------------------------- */

void fill (char *into, uint32_t len, uint64_t number)
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

bool found (void *owner, struct spool *spool, const struct spool_record *record)
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

int open_bench (void)
{
    memset (bench.known, 0, sizeof bench.known);
    return spool_open (&bench.options, found, NULL, &bench.spool);
}

void reopen (void)
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

int set_up (void **state)
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

int tear_down (void **state)
{
    (void) state;
    spool_close (&bench.spool);
    nftw (bench.options.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free ((char *) bench.options.folder);
    return 0;
}

struct spool_stat stat_now (void)
{
    struct spool_stat stat;
    spool_stat (bench.spool, &stat);
    return stat;
}

void await_spare (void)
{
    for (int64_t until = mono_ms () + 20000; stat_now ().spares == 0;) {
        assert_true (mono_ms () < until);
        usleep (1000);
    }
}

int append (unsigned count, uint32_t len)
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

void drain (uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_true (bench.known[seq].undrained);
        spool_drained (bench.spool, &bench.known[seq].record);
        bench.known[seq].undrained = false;
    }
}

void save (void)
{
    assert_int_equal (spool_append (bench.spool, NULL, 0), 0);
}

void expect_undrained (uint64_t first, uint64_t last)
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

void expect_absent (uint64_t seq)
{
    assert_int_equal (bench.known[seq].calls, 0);
}

/* ---- files --------------------------------------------------------------------------------- */

uint64_t segment_number (uint64_t seq)
{
    return bench.known[seq].record.segment->number;
}

char *segment_path (uint64_t number)
{
    return xformat ("%s/%010" PRIu64 ".segment", bench.options.folder, number);
}

bool is_there (uint64_t number)
{
    char *path = segment_path (number);
    bool there = access (path, F_OK) == 0;
    free (path);
    return there;
}

void await_gone (uint64_t number)
{
    for (int64_t until = mono_ms () + 20000; is_there (number);) {
        assert_true (mono_ms () < until);
        usleep (1000);
    }
}

void poke (uint64_t number, off_t at, const void *bytes, size_t len)
{
    char *path = segment_path (number);
    int fd = open (path, O_RDWR);
    assert_true (fd >= 0);
    assert_int_equal (pwrite (fd, bytes, len, at < 0 ? lseek (fd, 0, SEEK_END) + at : at), len);
    close (fd);
    free (path);
}

void peek (uint64_t number, off_t at, void *bytes, size_t len)
{
    char *path = segment_path (number);
    int fd = open (path, O_RDONLY);
    assert_true (fd >= 0);
    assert_int_equal (pread (fd, bytes, len, at < 0 ? lseek (fd, 0, SEEK_END) + at : at), len);
    close (fd);
    free (path);
}

void flip (uint64_t number, off_t at)
{
    char byte;
    peek (number, at, &byte, 1);
    byte ^= 4;
    poke (number, at, &byte, 1);
}

unsigned count_corrupt (void)
{
    char *folder = xformat ("%s/corrupt", bench.options.folder), **names = NULL;
    size_t count = 0;
    if (segment_names (folder, &names, &count) == 0)
        segment_names_free (names, count);
    free (folder);
    return (unsigned) count;
}

off_t place (uint64_t seq)
{
    return (off_t) bench.known[seq].record.offset;
}

void fill_three (uint64_t *ret_first, uint64_t *ret_last)
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
