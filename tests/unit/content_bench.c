/* content_bench.c - see content_bench.h. */
#include "content_bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
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
