/* content_bench.h - a content store in a folder of its own, asked as if one could wait. */
#ifndef ADUAN_CONTENT_BENCH_H
#define ADUAN_CONTENT_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include "content/content.h"

#define REENCODER ADUAN_BUILD "/common/content/reencode/aduan-reencode"

struct bench {
    struct reactor *reactor;
    struct content *content;
    char folder[64];
    /* what was answered last */
    bool answered;
    enum content_result result;
    uint8_t digest[CONTENT_DIGEST_BYTES];
    struct content_found found;
    unsigned more;
};

/* A folder that is empty; no store yet. */
void bench_begin (struct bench *bench);
/* A store in it; the bench's folder is set in `options`. */
void bench_open (struct bench *bench, struct content_options options);
void bench_close (struct bench *bench);
/* And the folder goes. */
void bench_end (struct bench *bench);

/* A PNG of nine pixels by four, with the texts "Sari Dewanti" and "Jalan Pemuda 7". */
struct view bench_png (void);
/* Text of so many bytes, at most one more than a file may have; each run of it another, in the same place. */
struct view bench_text (size_t len);
void bench_digest (struct view bytes, uint8_t ret[CONTENT_DIGEST_BYTES]);
enum content_result bench_put (struct bench *bench, struct view bytes);
/* The bench's digest. */
enum content_result bench_pin (struct bench *bench);
/* Until it says something else than CONTENT_NOT_YET, or `patience_ms` are over; closes what was opened, its bytes in *ret where
 * that is not NULL. */
enum content_result bench_read (struct bench *bench, int64_t patience_ms, struct buffer *ret);
/* Turns until the last thing is answered. */
void bench_wait (struct bench *bench);
/* Names in `below` of the folder that end so. */
unsigned bench_names (const struct bench *bench, const char *below, const char *end);
/* Of the bench's digest: ab/HEX.suffix is there? */
bool bench_has (const struct bench *bench, const char *suffix);
/* Does any file of the folder hold these bytes? */
bool bench_holds (const struct bench *bench, const char *bytes);
/* "folder/below", the next call's too. */
const char *bench_path (const struct bench *bench, const char *below);

#endif
