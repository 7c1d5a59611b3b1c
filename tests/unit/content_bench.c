/* content_bench.c - see content_bench.h. */
#include "content_bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bench_begin (struct bench *bench)
{
    *bench = (struct bench){.found.fd = -1};
    snprintf (bench->folder, sizeof bench->folder, "/var/tmp/aduan-content-XXXXXX");
    assert_non_null (mkdtemp (bench->folder));
}

void bench_open (struct bench *bench, struct content_options options)
{
    options.folder = bench->folder;
    bench->reactor = reactor_new ();
    assert_int_equal (content_new (bench->reactor, &options, &bench->content), 0);
}

void bench_close (struct bench *bench)
{
    content_destroy (&bench->content);
    reactor_destroy (&bench->reactor);
}

static int take_away (const char *path, const struct stat *there, int kind, struct FTW *at)
{
    (void) there;
    (void) kind;
    (void) at;
    return remove (path);
}

void bench_end (struct bench *bench)
{
    nftw (bench->folder, take_away, 16, FTW_DEPTH | FTW_PHYS);
}

void bench_wait (struct bench *bench)
{
    int64_t until = mono_ms () + 30000;
    while (!bench->answered && mono_ms () < until)
        reactor_turn (bench->reactor, 100);
    assert_true (bench->answered);
    bench->answered = false;
}

static void on_put (void *owner, enum content_result result, const uint8_t *digest)
{
    struct bench *bench = owner;
    bench->answered = true;
    bench->result = result;
    assert_int_equal (result == CONTENT_DONE, digest != NULL);
    if (digest)
        memcpy (bench->digest, digest, sizeof bench->digest);
}

static void on_pin (void *owner, enum content_result result)
{
    struct bench *bench = owner;
    bench->answered = true;
    bench->result = result;
}

static void on_open (void *owner, enum content_result result, const struct content_found *found)
{
    struct bench *bench = owner;
    bench->answered = true;
    bench->result = result;
    bench->found = *found;
    assert_int_equal (result == CONTENT_DONE, found->fd >= 0);
}

/* Nine pixels by four, with the texts "Sari Dewanti" and "Jalan Pemuda 7". */
static const char png_hex[] =
    "89504e470d0a1a0a0000000d4948445200000009000000040802000000d36d82990000001374455874417574686f"
    "72005361726920446577616e7469254b961500000019695458744c6f6b61736900000000004a616c616e2050656d"
    "75646120377c7e14dc0000001449444154789c63e43a21c7800330e192a0400e00693c00f873ac28120000000049"
    "454e44ae426082";

struct view bench_png (void)
{
    static uint8_t bytes[sizeof png_hex / 2];
    for (size_t i = 0; i < sizeof bytes; i++) {
        char digits[3] = {png_hex[2 * i], png_hex[2 * i + 1], 0};
        assert_int_equal (hex_parse (digits, bytes + i, 1), 0);
    }
    return (struct view){(const char *) bytes, sizeof bytes};
}

/* Text of so many bytes, each run of it another. */
struct view bench_text (size_t len)
{
    static char text[CONTENT_BYTES_MOST + 1];
    static unsigned run;
    memset (text, 'a', len);
    snprintf (text, 40, "catatan %u ", ++run);
    text[strlen (text)] = 'a';
    return (struct view){text, len};
}

void bench_digest (struct view bytes, uint8_t ret[CONTENT_DIGEST_BYTES])
{
    crypto_generichash (ret, CONTENT_DIGEST_BYTES, (const uint8_t *) bytes.at, bytes.len, NULL, 0);
}

enum content_result bench_put (struct bench *bench, struct view bytes)
{
    content_put (bench->content, bytes, on_put, bench);
    bench_wait (bench);
    return bench->result;
}

enum content_result bench_pin (struct bench *bench)
{
    content_pin (bench->content, bench->digest, 1, on_pin, bench);
    bench_wait (bench);
    return bench->result;
}

enum content_result bench_read (struct bench *bench, int64_t patience_ms, struct buffer *ret)
{
    int64_t until = mono_ms () + patience_ms;
    do {
        content_open (bench->content, bench->digest, on_open, bench);
        bench_wait (bench);
        if (bench->result == CONTENT_NOT_YET)
            reactor_turn (bench->reactor, 10);
    } while (bench->result == CONTENT_NOT_YET && mono_ms () < until);
    if (bench->result == CONTENT_DONE) {
        if (ret) {
            buffer_clear (ret);
            ssize_t got =
                fd_read (bench->found.fd, buffer_room (ret, bench->found.len), bench->found.len);
            assert_int_equal (got, bench->found.len);
            ret->len = (size_t) got;
        }
        close (bench->found.fd);
    }
    return bench->result;
}

const char *bench_path (const struct bench *bench, const char *below)
{
    static char path[256];
    snprintf (path, sizeof path, "%s/%s", bench->folder, below);
    return path;
}

unsigned bench_names (const struct bench *bench, const char *below, const char *end)
{
    DIR *names = opendir (bench_path (bench, below));
    const struct dirent *entry;
    unsigned count = 0;
    while (names && (entry = readdir (names))) {
        size_t len = strlen (entry->d_name);
        count += entry->d_name[0] != '.' && len >= strlen (end) &&
                 strcmp (entry->d_name + len - strlen (end), end) == 0;
    }
    if (names)
        closedir (names);
    return count;
}

bool bench_has (const struct bench *bench, const char *suffix)
{
    const char *hex = hex_text (bench->digest, sizeof bench->digest);
    char below[128];
    snprintf (below, sizeof below, "%.2s/%s%s", hex, hex, suffix);
    return access (bench_path (bench, below), F_OK) == 0;
}

static const char *sought;

static int look_into (const char *path, const struct stat *there, int kind, struct FTW *at)
{
    char *bytes;
    size_t len;
    (void) there;
    (void) at;
    if (kind != FTW_F || file_read (path, 100 << 20, &bytes, &len) != 0)
        return 0;
    bool found = memmem (bytes, len, sought, strlen (sought));
    free (bytes);
    return found;
}

bool bench_holds (const struct bench *bench, const char *bytes)
{
    sought = bytes;
    return nftw (bench->folder, look_into, 16, FTW_PHYS) == 1;
}
