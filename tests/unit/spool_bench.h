/* spool_bench.h - a spool on real files, its owner who knows every record, and hands that harm its files. */
#ifndef ADUAN_TEST_SPOOL_BENCH_H
#define ADUAN_TEST_SPOOL_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "segment.h"

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

extern struct bench bench;

void fill (char *into, uint32_t len, uint64_t number);
bool found (void *owner, struct spool *spool, const struct spool_record *record);
int open_bench (void);
void reopen (void);
int set_up (void **state);
int tear_down (void **state);
struct spool_stat stat_now (void);
/* A commit never waits for zeroes, so that a test must. */
void await_spare (void);
/* One commit; what was taken is known.  Numbers are the sequences. */
int append (unsigned count, uint32_t len);
void drain (uint64_t first, uint64_t last);
void save (void);
/* All of these, and what they said, each undrained once. */
void expect_undrained (uint64_t first, uint64_t last);
void expect_absent (uint64_t seq);
uint64_t segment_number (uint64_t seq);
char *segment_path (uint64_t number);
bool is_there (uint64_t number);
/* The maker unlinks. */
void await_gone (uint64_t number);
void poke (uint64_t number, off_t at, const void *bytes, size_t len);
void peek (uint64_t number, off_t at, void *bytes, size_t len);
void flip (uint64_t number, off_t at);
unsigned count_corrupt (void);
/* Where a record's first byte is. */
off_t place (uint64_t seq);
/* Three segments with undrained records; the middle one's first and last record. */
void fill_three (uint64_t *ret_first, uint64_t *ret_last);

#define spool_test(name) cmocka_unit_test_setup_teardown (test_##name, set_up, tear_down)

#endif
