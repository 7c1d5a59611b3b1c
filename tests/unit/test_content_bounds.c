/* test_content_bounds.c - how much uploads may take: of the disk, for how long, and of whose turn their copies are. */
#include "content_bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "content/content_inside.h"

#define PNG_BYTES 160 /* of bench_png, at most */

/* A bound that is met: nothing of what comes stays, what is there does. */
static void a_reserve_that_is_gone (void **state)
{
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.box_documents = true});
    assert_int_equal (bench_put (&bench, bench_text (1000)), CONTENT_DONE);
    bench_close (&bench);
    bench_open (&bench, (struct content_options){.box_documents = true, .reserve = 1ull << 60});
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    assert_int_equal (bench_put (&bench, bench_text (1000)), CONTENT_ROOM);
    assert_int_equal (bench_put (&bench, bench_text (400000)), CONTENT_ROOM);
    assert_int_equal (bench_names (&bench, "new", ""), 1);
    assert_int_equal (bench_names (&bench, "part", ""), 0);
    bench_close (&bench);
    bench_end (&bench);
}

static void what_nobody_pins_has_a_bound (void **state)
{
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.unpinned_most = 100000});
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal (bench_put (&bench, bench_text (40000)), CONTENT_DONE);
    uint8_t last[CONTENT_DIGEST_BYTES];
    memcpy (last, bench.digest, sizeof last);
    assert_int_equal (bench_put (&bench, bench_text (40000)), CONTENT_ROOM);
    assert_int_equal (bench_names (&bench, "new", ""), 3);
    assert_int_equal (bench_names (&bench, "part", ""), 0);
    /* what is pinned counts no more */
    memcpy (bench.digest, last, sizeof last);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    int64_t until = mono_ms () + 20000;
    while (bench_put (&bench, bench_text (40000)) != CONTENT_DONE && mono_ms () < until)
        reactor_turn (bench.reactor, 50);
    assert_int_equal (bench_names (&bench, "new", ""), 3);
    bench_close (&bench);
    bench_end (&bench);
}

/* How many of its lines have these words. */
static unsigned lines_with (FILE *log, const char *words)
{
    char line[1024];
    unsigned count = 0;
    rewind (log);
    while (fgets (line, sizeof line, log))
        count += strstr (line, words) != NULL;
    return count;
}

/* A file that is refused makes more room than it asked for, so a small one finds some, again and again. */
static void a_bound_is_said_once (void **state)
{
    struct bench bench;
    int kept = dup (STDERR_FILENO);
    FILE *log = tmpfile ();
    (void) state;
    assert_non_null (log);
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.unpinned_most = 100000});
    dup2 (fileno (log), STDERR_FILENO);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal (bench_put (&bench, bench_text (400000)), CONTENT_ROOM);
        assert_int_equal (bench_put (&bench, bench_text (1000)), CONTENT_DONE);
    }
    unsigned begun = lines_with (log, "no upload is taken"),
             over = lines_with (log, "uploads are taken again");
    bench.content->room.calm_ms = 0;
    assert_int_equal (bench_put (&bench, bench_text (1000)), CONTENT_DONE);
    unsigned over_then = lines_with (log, "uploads are taken again");
    dup2 (kept, STDERR_FILENO);
    close (kept);
    fclose (log);
    assert_int_equal (begun, 1);
    assert_int_equal (over, 0);
    assert_int_equal (over_then, 1);
    bench_close (&bench);
    bench_end (&bench);
}

static void on_draft (void *owner, enum content_result result, const uint8_t *digest)
{
    struct bench *bench = owner;
    bench->answered = true;
    bench->result = result;
    if (digest)
        memcpy (bench->digest, digest, sizeof bench->digest);
}

static void put_draft (struct bench *bench, struct view bytes)
{
    struct content_upload *upload = content_begin (bench->content, NULL, NULL);
    content_add (upload, bytes.at, bytes.len);
    content_draft (upload);
    bench->answered = false;
    content_end (&upload, on_draft, bench);
    bench_wait (bench);
    assert_int_equal (bench->result, CONTENT_DONE);
}

/* What lies in new/ is so many ms older than it was. */
static void age_all (const struct bench *bench, int64_t ms)
{
    const char *folder = bench_path (bench, "new");
    DIR *dir = opendir (folder);
    struct dirent *entry;
    struct stat there;

    assert_non_null (dir);
    while ((entry = readdir (dir)))
        if (entry->d_name[0] != '.') {
            assert_int_equal (fstatat (dirfd (dir), entry->d_name, &there, 0), 0);
            int64_t at =
                (int64_t) there.st_mtim.tv_sec * 1000 + there.st_mtim.tv_nsec / 1000000 - ms;
            const struct timespec times[2] = {
                {.tv_nsec = UTIME_OMIT},
                {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000},
            };
            assert_int_equal (utimensat (dirfd (dir), entry->d_name, times, 0), 0);
        }
    closedir (dir);
}

/* A draft goes long before what was promised a day, and takes nothing of that day from the same bytes. */
static void a_draft_expires_early (void **state)
{
    static char promised[1000];
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.unpinned_ms = 60000, .draft_ms = 1000});
    memcpy (promised, bench_text (sizeof promised).at, sizeof promised);
    assert_int_equal (bench_put (&bench, (struct view){promised, sizeof promised}), CONTENT_DONE);
    put_draft (&bench, (struct view){promised, sizeof promised});
    put_draft (&bench, bench_text (3000));
    assert_int_equal (bench_names (&bench, "new", ""), 2);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE); /* named in time it stays */
    put_draft (&bench, bench_text (2000));
    bench_close (&bench);
    age_all (&bench, 1500);
    bench_open (&bench, (struct content_options){.unpinned_ms = 60000,
                                                 .draft_ms = 1000}); /* sweeps as it starts */
    int64_t until = mono_ms () + 20000;
    while (bench_names (&bench, "new", "") > 1 && mono_ms () < until)
        reactor_turn (bench.reactor, 20);
    assert_int_equal (bench_pin (&bench), CONTENT_ABSENT);
    bench_digest ((struct view){promised, sizeof promised}, bench.digest);
    assert_int_equal (bench_pin (&bench), CONTENT_DONE);
    assert_int_equal (bench_names (&bench, "new", ""), 0);
    bench_close (&bench);
    bench_end (&bench);
}

/* When its copy was made, or refused, in ns; of the bench's digest. */
static int64_t copied_at (const struct bench *bench, const char *suffix)
{
    char *hex = xstrdup (hex_text (bench->digest, sizeof bench->digest));
    char *name = xformat ("%.2s/%s%s", hex, hex, suffix);
    struct stat there;
    assert_int_equal (stat (bench_path (bench, name), &there), 0);
    free (hex);
    free (name);
    return (int64_t) there.st_mtim.tv_sec * 1000000000 + there.st_mtim.tv_nsec;
}

/* Three that claim 36 million pixels came before eight small ones: these do not wait for all of them, and the oldest not for ever. */
static void cheap_ones_come_first (void **state)
{
    enum { LARGE_ONES = 3, ALL = 11 };
    static const uint8_t side[4] = {0, 0, 0x17, 0x70};
    uint8_t digests[ALL][CONTENT_DIGEST_BYTES];
    int64_t at[ALL];
    struct bench bench;
    (void) state;
    bench_begin (&bench);
    bench_open (&bench, (struct content_options){0});
    for (unsigned i = 0; i < ALL; i++) {
        char bytes[PNG_BYTES + 1];
        size_t len = bench_png ().len;
        assert_true (len <= PNG_BYTES);
        memcpy (bytes, bench_png ().at, bench_png ().len);
        if (i < LARGE_ONES) {
            memcpy (bytes + 16, side, 4);
            memcpy (bytes + 20, side, 4);
        }
        bytes[len] = (char) i; /* behind its end: another file */
        assert_int_equal (bench_put (&bench, (struct view){bytes, len + 1}), CONTENT_DONE);
        assert_int_equal (bench_pin (&bench), CONTENT_DONE);
        memcpy (digests[i], bench.digest, sizeof digests[i]);
        usleep (5000); /* file systems tell times by the tick */
    }
    bench_close (&bench);
    bench_open (&bench, (struct content_options){.reencode = true, .reencoder = REENCODER});
    for (unsigned i = 0; i < ALL; i++) {
        memcpy (bench.digest, digests[i], sizeof digests[i]);
        assert_int_equal (bench_read (&bench, 20000, NULL),
                          i < LARGE_ONES ? CONTENT_REFUSED : CONTENT_DONE);
        at[i] = copied_at (&bench, i < LARGE_ONES ? ".no" : ".copy");
    }
    unsigned before = 0, between = 0;
    for (unsigned i = LARGE_ONES; i < ALL; i++) {
        before += at[i] <= at[0];
        between += at[i] <= at[1];
    }
    assert_int_equal (before, 3);
    assert_int_equal (between, 6);
    assert_true (at[2] > at[ALL - 1]);
    bench_close (&bench);
    bench_end (&bench);
}

/* What a picture says of its size, wherever its kind has that. */
static void pictures_say_their_size (void **state)
{
    static const struct {
        const char *ending, *hex;
        uint64_t pixels;
    } cases[] = {
        {"jpg", "ffd8ffe00006aabbccddffffc0000b0802580320010111", 480000}, /* a fill before it */
        {"jpg", "ffd8ffe100040000ffc4000400ffffc2000b0802580320010111", 480000},
        {"jpg", "ffd8ffe0ffffaabbccdd", 0},
        {"jpg", "ffd8ffda0006aabbccdd00000000000000", 0},
        {"png", "89504e470d0a1a0a0000000d49484452000017700000000a", 60000},
        {"png", "89504e470d0a1a0a0000000d494844520000", 0},
        {"webp", "52494646000000005745425056503858000000001000000063000031000000000000", 5000},
        {"webp", "5249464600000000574542505650384c000000002f63400c000000000000000000", 5000},
        {"webp",
         "5249464600000000574542505650382000000000300100"
         "9d012a64003200"
         "0000",
         5000},
        {"webp", "52494646", 0},
        {"gif", "4749463839610003000200000000", 393216},
        {"gif", "474946383961", 0},
        /* of its pieces and of the whole: the whole */
        {"heic",
         "0000001469737065000000000000020000000200"
         "00000014697370650000000000001f8000001980",
         52641792},
        {"heif", "00000014697370650000000000001f80", 0},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        uint8_t bytes[64];
        size_t len = strlen (cases[i].hex) / 2;
        assert_int_equal (hex_parse (cases[i].hex, bytes, len), 0);
        assert_int_equal (kind_pixels (kind_with (cases[i].ending), bytes, len), cases[i].pixels);
    }
}

/* The result of a file that begins as one of these does and has `len` bytes. */
static enum content_result put_like (struct bench *bench, const char *begins, size_t begin_len,
                                     size_t len)
{
    char *bytes = xcalloc (1, len);

    memcpy (bytes, begins, begin_len);
    enum content_result result = bench_put (bench, (struct view){bytes, len});
    free (bytes);
    return result;
}

/* A film has a bound of its own, and where that is nothing it is of no kind that is taken; a picture keeps its. */
static void a_film_has_its_own_bound (void **state)
{
    static const char film[] = "\0\0\0\x14"
                               "ftypisom\0\0\2\0isom",
                      picture[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    static const struct {
        uint64_t most;
        size_t len;
        enum content_result film, picture;
    } cases[] = {
        {0, 20000, CONTENT_KIND, CONTENT_DONE},
        {12 << 20, 12 << 20, CONTENT_DONE, CONTENT_LARGE},
        {12 << 20, (12 << 20) + 1, CONTENT_LARGE, CONTENT_LARGE},
        {1 << 20, CONTENT_BYTES_MOST, CONTENT_LARGE, CONTENT_DONE},
    };
    struct bench bench;
    (void) state;

    for (size_t i = 0; i < array_len (cases); i++) {
        bench_begin (&bench);
        bench_open (&bench, (struct content_options){.video_bytes = cases[i].most});
        assert_int_equal (put_like (&bench, film, sizeof film - 1, cases[i].len), cases[i].film);
        assert_int_equal (put_like (&bench, picture, sizeof picture - 1, cases[i].len),
                          cases[i].picture);
        assert_int_equal (bench_names (&bench, "part", ""), 0);
        bench_close (&bench);
        bench_end (&bench);
    }
}

/* One track of 1,000 units a second, of `units` in all and samples of 500 where nothing else is said. */
#define MOOV(units)                                                                                \
    "0000006c6d6f6f76000000447472616b0000001874"                                                   \
    "6b686400000000000000000000000000000001000000246d646961"                                       \
    "0000001c6d64686400000000000000000000"                                                         \
    "0000000003e8" units "000000206d766578000000187472657800000000000000010000"                    \
    "0001000001f4"
/* A fragment of that track with a run of samples. */
#define MOOF(flags, count)                                                                         \
    "000000306d6f6f66000000287472616600000010746668640000000000000001"                             \
    "000000107472756e" flags count

/* By its media, or by its fragments; or nobody can say. */
static void films_say_how_long_they_are (void **state)
{
    static const struct {
        const char *hex;
        uint64_t seconds;
    } cases[] = {
        {"00000014667479706d70343200000000", 0},
        {MOOV ("00001b58"), 7},
        {MOOV ("00000000"), CONTENT_FILM_UNSAID},
        {MOOV ("ffffffff"), CONTENT_FILM_UNSAID},
        {MOOV ("000001f4"), 0},
        {MOOV ("00000000") MOOF ("00000000", "00000006") MOOF ("00000000", "00000003"), 4},
        {MOOV ("00000000") MOOF ("00000000", "ffffffff"), 2147483647},
        {MOOV ("00000000") "000000386d6f6f66000000307472616600000010746668640000000000000001"
                           "000000187472756e0000010000000009000007d0000005dc",
         3}, /* says nine samples, and has two */
        {MOOV (
             "00000000") "000000346d6f6f660000002c7472616600000014746668640000000800000001000007d0"
                         "000000107472756e0000000000000002",
         4},
        {MOOV ("00001b58") "00001000"
                           "6d646174"
                           "0000000000000000",
         CONTENT_FILM_UNSAID},
        {MOOV ("00001b58") "00001000"
                           "66726565"
                           "0000000000000000",
         7},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        char bytes[256];
        size_t len = strlen (cases[i].hex) / 2;
        assert_true (len <= sizeof bytes);
        for (size_t at = 0; at < len; at++)
            assert_int_equal (sscanf (cases[i].hex + 2 * at, "%2hhx", (unsigned char *) bytes + at),
                              1);
        assert_int_equal (content_film_seconds ((struct view){bytes, len}), cases[i].seconds);
        for (size_t some = 0; some < len; some++) { /* nothing behind its end is read */
            char *part = xcalloc (1, some + (some == 0));
            memcpy (part, bytes, some);
            content_film_seconds ((struct view){part, some});
            free (part);
        }
    }
}

/* Forms and messages say what is in force. */
static void words_say_what_is_taken (void **state)
{
    static const char plain[] = "Kosong.", holes[] = "[sizes]; [kinds]; [x]";
    struct bench bench;
    (void) state;

    bench_begin (&bench);
    bench_open (&bench, (struct content_options){.video_bytes = 25 << 20, .video_seconds = 90});
    assert_ptr_equal (content_text (bench.content, plain), plain);
    const char *said = content_text (bench.content, holes);
    assert_string_equal (said, "10 MB, video 25 MB; JPEG, PNG, WebP, HEIC, GIF, MP4, MOV, 3GP, "
                               "PDF, TXT, Word, Excel, ODF; [x]");
    assert_ptr_equal (content_text (bench.content, holes), said);
    assert_non_null (strstr (content_accept (bench.content), "image/*,.jpg,"));
    assert_non_null (strstr (content_accept (bench.content), ",.mov,"));
    assert_int_equal (content_video_seconds (bench.content), 90);
    bench_close (&bench);
    bench_open (&bench, (struct content_options){0});
    assert_string_equal (content_text (bench.content, holes),
                         "10 MB; JPEG, PNG, WebP, HEIC, GIF, PDF, TXT, Word, Excel, ODF; [x]");
    assert_null (strstr (content_accept (bench.content), ".mov"));
    assert_int_equal (content_most (bench.content), CONTENT_BYTES_MOST);
    bench_close (&bench);
    bench_end (&bench);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_reserve_that_is_gone),
        cmocka_unit_test (what_nobody_pins_has_a_bound),
        cmocka_unit_test (a_draft_expires_early),
        cmocka_unit_test (cheap_ones_come_first),
        cmocka_unit_test (pictures_say_their_size),
        cmocka_unit_test (a_film_has_its_own_bound),
        cmocka_unit_test (a_bound_is_said_once),
        cmocka_unit_test (words_say_what_is_taken),
        cmocka_unit_test (films_say_how_long_they_are),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
