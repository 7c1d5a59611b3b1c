/* test_content.c - the content store: what comes in, what keeps it, what comes out, and who dies on the way.
 *
 * The child is the real one; where it must misbehave another program stands for it. */
#include "content_bench.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LARGE (CONTENT_BYTES_MOST + 1)

/* Its bytes, made anew or not. */
static void assert_kept (struct bench *bench, struct view bytes)
{
    struct buffer read = {0};
    assert_int_equal (bench_read (bench, 20000, &read), CONTENT_DONE);
    assert_int_equal (read.len, bytes.len);
    assert_memory_equal (read.at, bytes.at, bytes.len);
    buffer_free (&read);
}

/* ---- in ---------------------------------------------------------------------------------------- */

static void bytes_come_in_and_out (void **state)
{
    static const size_t lens[] = {20, 65535, 65536, 65537, 262144, 1000000, CONTENT_BYTES_MOST};
    (void) state;
    for (int boxed = 0; boxed < 2; boxed++) {
        struct bench bench;
        bench_begin (&bench);
        bench_open (&bench, (struct content_options){
                                .box_documents = boxed, .reencode = true, .reencoder = REENCODER});
        for (size_t i = 0; i < array_len (lens); i++) {
            struct view bytes = bench_text (lens[i]);
            uint8_t digest[CONTENT_DIGEST_BYTES];
            bench_digest (bytes, digest);
            assert_int_equal (bench_put (&bench, bytes), CONTENT_DONE);
            assert_memory_equal (bench.digest, digest, sizeof digest);
            assert_int_equal (bench_read (&bench, 0, NULL), CONTENT_ABSENT); /* nothing names it */
            assert_int_equal (bench_pin (&bench), CONTENT_DONE);
            assert_kept (&bench, bytes);
            assert_string_equal (bench.found.kind->ending, "txt");
        }
        assert_int_equal (bench_names (&bench, "part", ""), 0);
        bench_close (&bench);
        bench_end (&bench);
    }
}

static void on_more (void *owner)
{
    ((struct bench *) owner)->more++;
}

static void on_end (void *owner, enum content_result result, const uint8_t *digest)
{
    struct bench *bench = owner;
    bench->answered = true;
    bench->result = result;
    if (digest)
        memcpy (bench->digest, digest, sizeof bench->digest);
}

/* In pieces of `step`, as a sender does it; how often he was asked to pause. */
static unsigned send_pieces (struct bench *bench, struct view bytes, size_t step)
{
    struct content_upload *upload = content_begin (bench->content, on_more, bench);
    unsigned paused = 0;
    for (size_t at = 0; at < bytes.len; at += step) {
        size_t left = bytes.len - at;
        if (content_add (upload, bytes.at + at, left < step ? left : step))
            continue;
        unsigned before = bench->more;
        while (bench->more == before)
            reactor_turn (bench->reactor, 1000);
        paused++;
    }
    assert_int_equal (content_added (upload), bytes.len);
    content_end (&upload, on_end, bench);
    assert_null (upload);
    bench_wait (bench);
    return paused;
}

/* Whole on the disk, without a name, until it is known whether it is wanted. */
static void sealed_waits (struct bench *bench)
{
    struct view bytes = bench_text (100000); /* less than shows what a text is */
    size_t before = bench_names (bench, "new", "");

    for (int wanted = 0; wanted < 2; wanted++) {
        struct content_upload *upload = content_begin (bench->content, NULL, NULL);
        content_add (upload, bytes.at, bytes.len);
        bench_read (bench, 0, NULL);
        assert_int_equal (bench_names (bench, "part", ""), 0);
        content_seal (upload);
        bench_read (bench, 0, NULL);
        assert_int_equal (bench_names (bench, "part", ""), 1);
        assert_int_equal (bench_names (bench, "new", ""), before);
        if (wanted) {
            bench->answered = false;
            content_end (&upload, on_end, bench);
            bench_wait (bench);
            assert_int_equal (bench->result, CONTENT_DONE);
        } else {
            content_drop (&upload);
            bench_read (bench, 0, NULL);
        }
        assert_int_equal (bench_names (bench, "part", ""), 0);
        assert_int_equal (bench_names (bench, "new", ""), before + (size_t) wanted);
    }
}

static void pieces_come_in (void **state)
{
    static const size_t steps[] = {1000, 65536, 3000000};
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){
                            .box_documents = true, .reencode = true, .reencoder = REENCODER});
    for (size_t i = 0; i < array_len (steps); i++) {
        struct view bytes = bench_text (CONTENT_BYTES_MOST);
        uint8_t digest[CONTENT_DIGEST_BYTES];
        bench_digest (bytes, digest);
        unsigned paused = send_pieces (&bench, bytes, steps[i]);
        assert_int_equal (bench.result, CONTENT_DONE);
        assert_memory_equal (bench.digest, digest, sizeof digest);
        assert_true (steps[i] < 3000000 || paused > 0);
        assert_int_equal (bench_pin (&bench), CONTENT_DONE);
        assert_kept (&bench, bytes);
    }
    send_pieces (&bench, bench_text (LARGE), 65536);
    assert_int_equal (bench.result, CONTENT_LARGE);
    send_pieces (&bench, bench_text (0), 65536);
    assert_int_equal (bench.result, CONTENT_EMPTY);
    /* its sender is gone */
    struct content_upload *upload = content_begin (bench.content, NULL, NULL);
    content_add (upload, bench_text (700000).at, 700000);
    content_drop (&upload);
    upload = content_begin (bench.content, NULL, NULL);
    content_drop (&upload);
    bench_read (&bench, 0, NULL); /* behind it in the clerk's order */
    assert_int_equal (bench_names (&bench, "part", ""), 0);
    sealed_waits (&bench);
    bench_close (&bench);
    bench_end (&bench);
}

static void what_is_not_taken (void **state)
{
    static const struct view strange[] = {
        {"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff", 14},
        {"#!/bin/sh\nrm -rf /\n", 19},
        {"<!DOCTYPE html><html><script>alert(1)</script></html>", 53},
        {"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", 41},
        {"\0\0\0\x18"
         "ftypmp42\0\0\0\0mp42isom",
         24},
    };
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){0});
    for (size_t i = 0; i < array_len (strange); i++)
        assert_int_equal (bench_put (&bench, strange[i]), CONTENT_KIND);
    assert_int_equal (
        bench_put (&bench, view_of ("Di situs itu tampil <script>alert(1)</script> <html>\n")),
        CONTENT_DONE); /* words about a page are no page */
    assert_int_equal (bench_put (&bench, (struct view){"", 0}), CONTENT_EMPTY);
    assert_int_equal (bench_put (&bench, bench_text (LARGE)), CONTENT_LARGE);
    assert_int_equal (bench_names (&bench, "new", "") + bench_names (&bench, "part", ""), 1);
    bench_close (&bench);
    bench_end (&bench);
}

/* The kernel refuses what is over its limit, as a full disk does. */
static void a_disk_that_refuses (void **state)
{
    struct rlimit usual, small = {100000, RLIM_INFINITY};
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.box_documents = true});
    struct view bytes = bench_text (400000);
    getrlimit (RLIMIT_FSIZE, &usual);
    setrlimit (RLIMIT_FSIZE, &small);
    assert_int_equal (bench_put (&bench, bytes), CONTENT_ROOM);
    setrlimit (RLIMIT_FSIZE, &usual);
    assert_int_equal (bench_names (&bench, "new", "") + bench_names (&bench, "part", ""), 0);
    assert_int_equal (bench_put (&bench, bytes), CONTENT_DONE);
    bench_close (&bench);
    bench_end (&bench);
}

/* ---- what keeps it -------------------------------------------------------------------------------- */

static void until_new_is_empty (struct bench *bench)
{
    int64_t until = mono_ms () + 20000;
    while (bench_names (bench, "new", "") && mono_ms () < until)
        reactor_turn (bench->reactor, 20);
    assert_int_equal (bench_names (bench, "new", ""), 0);
}

static void what_nobody_pins_expires (void **state)
{
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.unpinned_ms = 400});
    assert_int_equal (bench_put (&bench, bench_png ()),
                      CONTENT_DONE); /* boxed: it waits for its copy */
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    assert_int_equal (bench_put (&bench, bench_text (1000)), CONTENT_DONE);
    until_new_is_empty (&bench);
    assert_int_equal (bench_pin (&bench), CONTENT_ABSENT);
    bench_digest (bench_png (), bench.digest);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    assert_int_equal (bench_read (&bench, 0, NULL), CONTENT_NOT_YET);
    assert_true (content_counts (bench.content).expired >= 1);
    bench_close (&bench);
    bench_end (&bench);
}

/* The sweep has seen that it is old, and is about to take it away (file_expires waits 200 ms there): the same bytes come again, and
 * stay. */
static void an_upload_meets_the_sweep (void **state)
{
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){0}); /* this one's clerk sweeps nothing now */
    struct bench other = bench;
    struct view bytes = bench_text (1000);
    assert_int_equal (bench_put (&bench, bytes), CONTENT_DONE);
    struct timespec old[2] = {{.tv_sec = time (NULL) - 3}, {.tv_sec = time (NULL) - 3}};
    char name[128];
    snprintf (name, sizeof name, "new/%s", hex_text (bench.digest, sizeof bench.digest));
    assert_int_equal (utimensat (AT_FDCWD, bench_path (&bench, name), old, 0), 0);
    bench_open (&other, (struct content_options){.unpinned_ms = 2000}); /* sweeps as it starts */
    usleep (100000); /* inside the 200 ms, or before or behind them: it must hold in any case */
    assert_int_equal (bench_put (&bench, bytes), CONTENT_DONE);
    usleep (300000);
    assert_int_equal (access (bench_path (&bench, name), F_OK), 0);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    bench_close (&other);
    bench_close (&bench);
    bench_end (&bench);
}

static void pinned_twice_is_pinned (void **state)
{
    struct bench bench;
    size_t at;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){0});
    assert_int_equal (bench_put (&bench, bench_png ()), CONTENT_DONE);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal (content_pin_here (bench.folder, bench.digest, 1, &at), 0);
    bench_close (&bench);
    bench_open (&bench, (struct content_options){.reencode = true, .reencoder = REENCODER});
    assert_int_equal (bench_read (&bench, 20000, NULL), CONTENT_DONE);
    assert_int_equal (content_pin_here (bench.folder, bench.digest, 1, &at), 0);
    /* the second of two is not there */
    uint8_t digests[2 * CONTENT_DIGEST_BYTES] = {0};
    memcpy (digests, bench.digest, sizeof bench.digest);
    assert_int_equal (content_pin_here (bench.folder, digests, 2, &at), FAIL_ABSENT);
    assert_int_equal (at, 1);
    assert_int_equal (content_pin_here ("/var/tmp/aduan-not-there", digests, 1, &at), FAIL_ABSENT);
    bench_close (&bench);
    bench_end (&bench);
}

/* ---- copies ----------------------------------------------------------------------------------------- */

static void a_picture_is_made_anew (void **state)
{
    struct buffer copy = {0};
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.reencode = true, .reencoder = REENCODER});
    assert_int_equal (bench_put (&bench, bench_png ()), CONTENT_DONE);
    assert_false (bench_holds (&bench, "Sari Dewanti")); /* boxed from its first byte */
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    assert_int_equal (bench_read (&bench, 20000, &copy), CONTENT_DONE);
    assert_string_equal (bench.found.kind->type, "image/png");
    assert_null (memmem (copy.at, copy.len, "Sari", 4));
    assert_false (bench_holds (&bench, "Jalan Pemuda"));
    assert_true (bench_has (&bench, ".copy"));
    assert_false (bench_has (&bench, ""));
    assert_int_equal (bench_names (&bench, "new", "") + bench_names (&bench, "box", ""), 0);
    /* the copy has a digest of its own, under which it lies */
    bench_digest ((struct view){copy.at, copy.len}, bench.digest);
    assert_true (bench_has (&bench, ""));
    /* the same picture again, by somebody else: boxed again, the copy is there */
    assert_int_equal (bench_put (&bench, bench_png ()), CONTENT_DONE);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    assert_int_equal (bench_read (&bench, 20000, NULL), CONTENT_DONE);
    buffer_free (&copy);
    bench_close (&bench);
    bench_end (&bench);
}

static void what_is_broken_is_refused (void **state)
{
    char bytes[200];
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.reencode = true, .reencoder = REENCODER});
    memcpy (bytes, bench_png ().at, bench_png ().len);
    memset (bytes + 100, 'x', 10); /* inside its pixels */
    assert_int_equal (bench_put (&bench, (struct view){bytes, bench_png ().len}), CONTENT_DONE);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    assert_int_equal (bench_read (&bench, 20000, NULL), CONTENT_REFUSED);
    assert_true (bench_has (&bench, ".no"));
    assert_int_equal (bench_names (&bench, "new", "") + bench_names (&bench, "box", ""), 0);
    assert_int_equal (bench_pin (&bench),
                      CONTENT_DONE); /* a repeat of what named it is no REJECT */
    assert_int_equal (content_counts (bench.content).refused, 1);
    bench_close (&bench);
    bench_end (&bench);
}

/* A program that stands for the child; the caller frees it. */
static char *script (const struct bench *bench, const char *text)
{
    char *path = xstrdup (bench_path (bench, "child"));
    assert_int_equal (file_write (path, text, strlen (text), 0755), 0);
    return path;
}

static void children_that_misbehave (void **state)
{
    static const char *const scripts[] = {
        "#!/bin/sh\nexec sleep 600\n",                 /* hangs */
        "#!/bin/sh\nexec >&-\nexec sleep 600\n",       /* hangs, having said all */
        "#!/bin/sh\nexec /usr/bin/yes\n",              /* says things without end */
        "#!/bin/sh\ncat >/dev/null\nkill -SEGV $$\n",  /* dies */
        "#!/bin/sh\nexit 0\n",                         /* says nothing */
        "#!/bin/sh\ncat >/dev/null\necho x\nexit 1\n", /* says something, and that it is wrong */
    };
    (void) state;
    for (size_t i = 0; i < array_len (scripts); i++) {
        struct bench bench;
        bench_begin (&bench);
        char *path = script (&bench, scripts[i]);
        bench_open (&bench,
                    (struct content_options){.reencode = true, .reencoder = path, .copy_ms = 1500});
        assert_int_equal (bench_put (&bench, bench_png ()), CONTENT_DONE);
        assert_int_equal (bench_pin (&bench), CONTENT_DONE);
        assert_int_equal (bench_read (&bench, 20000, NULL), CONTENT_REFUSED);
        assert_int_equal (bench_names (&bench, "part", ""), 0);
        bench_close (&bench);
        free (path);
        bench_end (&bench);
    }
}

/* What is no fault of the file leaves it where it is. */
static void a_child_that_cannot_work (void **state)
{
    static const char *const scripts[] = {NULL, "#!/bin/sh\nexit 69\n",
                                          "#!/bin/sh\nexec sleep 600\n"};
    (void) state;
    for (size_t i = 0; i < array_len (scripts); i++) {
        struct bench bench;
        bench_begin (&bench);
        char *path = scripts[i] ? script (&bench, scripts[i]) : xstrdup ("/var/tmp/aduan-no-child");
        bench_open (&bench, (struct content_options){.reencode = true, .reencoder = path});
        assert_int_equal (bench_put (&bench, bench_png ()), CONTENT_DONE);
        assert_int_equal (bench_pin (&bench), CONTENT_DONE);
        assert_int_equal (bench_read (&bench, 300, NULL), CONTENT_NOT_YET);
        int64_t then = mono_ms ();
        bench_close (&bench); /* one that is at work is killed */
        assert_true (mono_ms () - then < 5000);
        assert_int_equal (bench_names (&bench, "box", ".box"), 1);
        assert_int_equal (bench_names (&bench, "part", ""), 0);
        bench_open (&bench, (struct content_options){.reencode = true, .reencoder = REENCODER});
        assert_int_equal (bench_read (&bench, 20000, NULL), CONTENT_DONE);
        bench_close (&bench);
        free (path);
        bench_end (&bench);
    }
}

/* ---- boxes -------------------------------------------------------------------------------------------- */

/* A boxed, pinned document of which `spoil` has done something to box or key. */
static void assert_spoilt (void (*spoil) (struct bench *bench, const char *box))
{
    struct bench bench;
    char box[128];
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.box_documents = true});
    assert_int_equal (bench_put (&bench, bench_text (200000)), CONTENT_DONE);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    assert_false (bench_holds (&bench, "catatan"));
    bench_close (&bench);
    snprintf (box, sizeof box, "box/%s.box", hex_text (bench.digest, sizeof bench.digest));
    spoil (&bench, box);
    bench_open (&bench, (struct content_options){.reencode = true, .reencoder = REENCODER});
    assert_int_equal (bench_read (&bench, 20000, NULL), CONTENT_REFUSED);
    assert_int_equal (bench_names (&bench, "box", ""), 0);
    assert_int_equal (bench_names (&bench, "part", ""), 0);
    bench_close (&bench);
    bench_end (&bench);
}

static void change_at (struct bench *bench, const char *box, off_t at)
{
    int fd = open (bench_path (bench, box), O_RDWR);
    char byte;
    assert_int_equal (pread (fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal (pwrite (fd, &byte, 1, at), 1);
    close (fd);
}

static void spoil_ending (struct bench *bench, const char *box)
{
    int fd = open (bench_path (bench, box), O_RDWR);
    assert_int_equal (pwrite (fd, "pdf", 3, 18), 3);
    close (fd);
}

static void spoil_piece (struct bench *bench, const char *box)
{
    change_at (bench, box, 150000);
}

static void spoil_end (struct bench *bench, const char *box)
{
    assert_int_equal (truncate (bench_path (bench, box), 24 + 24 + 65536 + 17), 0);
}

static void spoil_key (struct bench *bench, const char *box)
{
    (void) box;
    char *command = xformat ("rm %s/key/*", bench->folder);
    assert_int_equal (system (command), 0);
    free (command);
}

static void spoil_name (struct bench *bench, const char *box)
{
    char *from = xstrdup (bench_path (bench, box));
    bench->digest[0] ^= 0xff;
    char *to =
        xformat ("%s/box/%s.box", bench->folder, hex_text (bench->digest, sizeof bench->digest));
    assert_int_equal (rename (from, to), 0);
    free (from);
    free (to);
}

static void boxes_that_are_spoilt (void **state)
{
    (void) state;
    assert_spoilt (spoil_ending);
    assert_spoilt (spoil_piece);
    assert_spoilt (spoil_end);
    assert_spoilt (spoil_key);
    assert_spoilt (spoil_name);
}

/* A key goes with its day, unless something pinned waits under it; a week later in any case. */
static void keys_go (void **state)
{
    static const struct {
        int days;
        bool stays;
    } cases[] = {{0, true}, {1, true}, {3, true}, {12, false}};
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.box_documents = true});
    assert_int_equal (bench_put (&bench, bench_text (1000)), CONTENT_DONE);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    bench_close (&bench);
    for (size_t i = 0; i < array_len (cases); i++) {
        /* the box says so many days ago, and there is a key of that day and of the one before it */
        char days[2][16], path[2][64], box[128];
        bool wanted = false; /* an upload of the day before may lie for a day, and an hour */
        for (int before = 0; before < 2; before++) {
            time_t then = time (NULL) - (cases[i].days + before) * 86400;
            struct tm parts;
            wanted = time (NULL) - (then / 86400 + 1) * 86400 <= 25 * 3600;
            gmtime_r (&then, &parts);
            strftime (days[before], sizeof days[before], "%Y-%m-%d", &parts);
            snprintf (path[before], sizeof path[before], "key/%s", days[before]);
            assert_int_equal (
                file_write (bench_path (&bench, path[before]), bench.folder, 32, 0600), 0);
        }
        snprintf (box, sizeof box, "box/%s.box", hex_text (bench.digest, sizeof bench.digest));
        int fd = open (bench_path (&bench, box), O_WRONLY);
        assert_int_equal (pwrite (fd, days[0], 10, 8), 10);
        close (fd);
        bench_open (&bench, (struct content_options){0});
        bench_read (&bench, 0, NULL);
        bench_read (&bench, 0, NULL); /* the first sweep is over */
        assert_int_equal (access (bench_path (&bench, path[0]), F_OK) == 0, cases[i].stays);
        /* of the day before it only what may still be wanted by an upload stays */
        assert_int_equal (access (bench_path (&bench, path[1]), F_OK) == 0, wanted);
        bench_close (&bench);
    }
    bench_end (&bench);
}

/* ---- its end -------------------------------------------------------------------------------------------- */

static unsigned stopped;

static void on_stopped (void *owner, enum content_result result, const uint8_t *digest)
{
    (void) owner;
    (void) digest;
    stopped += result == CONTENT_DONE || result == CONTENT_STOPPED;
}

static void everybody_is_told_of_its_end (void **state)
{
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.reencode = true, .reencoder = REENCODER});
    struct view bytes = bench_text (3000000);
    for (unsigned i = 0; i < 20; i++) {
        struct content_upload *upload = content_begin (bench.content, NULL, NULL);
        content_put (bench.content, bytes, on_stopped, NULL);
        content_add (upload, bytes.at, 500000);
        content_end (&upload, on_stopped, NULL);
    }
    bench_close (&bench);
    assert_int_equal (stopped, 40);
    assert_int_equal (bench_names (&bench, "part", ""), 0);
    bench_end (&bench);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (bytes_come_in_and_out),
        cmocka_unit_test (pieces_come_in),
        cmocka_unit_test (what_is_not_taken),
        cmocka_unit_test (a_disk_that_refuses),
        cmocka_unit_test (what_nobody_pins_expires),
        cmocka_unit_test (an_upload_meets_the_sweep),
        cmocka_unit_test (pinned_twice_is_pinned),
        cmocka_unit_test (a_picture_is_made_anew),
        cmocka_unit_test (what_is_broken_is_refused),
        cmocka_unit_test (children_that_misbehave),
        cmocka_unit_test (a_child_that_cannot_work),
        cmocka_unit_test (boxes_that_are_spoilt),
        cmocka_unit_test (keys_go),
        cmocka_unit_test (everybody_is_told_of_its_end),
    };
    signal (SIGPIPE, SIG_IGN);
    signal (SIGXFSZ, SIG_IGN);
    setenv ("FAULT", "file_expires:delay:200", 1);
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
