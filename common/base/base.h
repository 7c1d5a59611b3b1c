/* base.h - what every file of Aduan may use: aborting allocation, checks, clocks, ids, text.
 *
 * Nothing here knows what a complaint is.  Nothing here fails towards its caller but by a
 * documented negative value of errors.def; our own bugs abort (check).
 */
#ifndef ADUAN_BASE_H
#define ADUAN_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define array_len(array) (sizeof (array) / sizeof (array)[0])

/* Our own bug: an impossible state or a bad argument.  On in release builds too: a daemon that
 * has lost its mind must not acknowledge anything.  Logs file, line and text, then aborts. */
#define check(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect (!(condition), 0))                                                    \
            check_failed (__FILE__, __LINE__, #condition);                                         \
    } while (0)
_Noreturn void check_failed (const char *file, int line, const char *condition);

/* What can go wrong, as negative values: FAIL_<NAME>.  The list is errors.def. */
enum fail {
    FAIL_NONE = 0,
#define ERROR(name, number, text) FAIL_##name = -(number),
#include "base/errors.def"
};
/* The English text of a value of enum fail, for logs; never NULL. */
const char *fail_text (int fail);

/* Allocation of sizes that we chose ourselves: zeroed, aborts when memory is gone (a daemon is
 * crash-only).  A size that a peer chose is compared with a named limit before it comes here. */
void *xcalloc (size_t count, size_t size);
void *xrealloc (void *old, size_t size);
char *xstrdup (const char *text);
char *xstrndup (const char *text, size_t len);
__attribute__ ((format (printf, 1, 2))) char *xformat (const char *format, ...);

/* Milliseconds since 1970 UTC by the wall clock: a claim, for records and logs. */
int64_t wall_ms (void);
/* Milliseconds of CLOCK_MONOTONIC: for every timeout. */
int64_t mono_ms (void);
/* Nanoseconds of CLOCK_MONOTONIC: for measuring. */
int64_t mono_ns (void);

/* A 128-bit id, as it stands on the wire and in PostgreSQL's uuid (most significant byte first). */
struct id {
    uint8_t at[16];
};
bool id_equal (const struct id *a, const struct id *b);
int id_compare (const struct id *a, const struct id *b);
bool id_zero (const struct id *a);
/* A new random id (libsodium). */
struct id id_random (void);
/* 32 hexadecimal digits with the four hyphens of a uuid.  Returns one of eight buffers used in
 * turn, good until the eighth call after this one: for log lines and never to keep. */
const char *id_text (const struct id *id);
/* Reads what id_text writes (hyphens optional).  0, or FAIL_MALFORMED. */
int id_parse (const char *text, struct id *ret_id);

/* A span of bytes that somebody else owns. */
struct view {
    const char *at;
    size_t len;
};
struct view view_of (const char *text);
bool view_is (struct view view, const char *text);

/* A growing run of bytes.  Zero-initialised it is empty and owns nothing. */
struct buffer {
    char *at;
    size_t len, room;
};
void buffer_add (struct buffer *buffer, const void *bytes, size_t len);
void buffer_grow (struct buffer *buffer, size_t len);
/* Room for `len` more bytes behind the end; the caller writes there and raises len itself. */
static inline char *buffer_room (struct buffer *buffer, size_t len)
{
    if (buffer->room - buffer->len < len)
        buffer_grow (buffer, len);
    return buffer->at + buffer->len;
}
__attribute__ ((format (printf, 2, 3))) void buffer_format (struct buffer *buffer,
                                                            const char *format, ...);
/* Empties it and keeps the memory. */
void buffer_clear (struct buffer *buffer);
/* Frees the memory; the buffer may be used again. */
void buffer_free (struct buffer *buffer);

/* Is it well-formed UTF-8 without NUL?  (RFC 3629: no surrogates, no overlong forms, nothing above
 * U+10FFFF.) */
bool utf8_valid (const char *at, size_t len);
/* Number of code points of well-formed UTF-8. */
size_t utf8_count (const char *at, size_t len);
/* Appends `in` to `out` as well-formed UTF-8 that PostgreSQL can hold: each bad byte and each NUL
 * becomes U+FFFD, other control characters but tab and newline are dropped, CRLF becomes LF.
 * Returns true when the result differs from `in`: then the raw bytes are kept beside it. */
bool utf8_clean (const char *in, size_t len, struct buffer *out);
/* Would it stay as it is? */
bool utf8_is_clean (const char *in, size_t len);

/* Does nobody see this sign: control characters, line ends of Unicode's, marks of direction, joiners, fillers,
 * soft hyphens?  Spaces are no such sign: they are seen between others. */
bool utf8_unseen (int32_t point);
/* Is nothing said: only white space, U+FFFD and what nobody sees?  Of well-formed UTF-8.  Whatever needs a text
 * asks this: there is no other definition. */
bool utf8_blank (const char *at, size_t len);

/* name.c - what people call things.
 *
 * A name of a person, an agency, a template, as it is shown: well-formed, not blank, at most `most` code points, and
 * each of them seen (utf8_unseen): a name with a sign that turns its direction shows as another one. */
bool name_plain (struct view name, size_t most);
/* What somebody logs in by: 3 to 56 of a-z 0-9 . _ @ -, beginning with a letter or digit. */
bool login_valid (struct view login);
/* What a program's key is called: 1 to 64 of a-z A-Z 0-9 . _ -, and not "-" alone. */
bool key_name_valid (struct view name);
/* An agency's code: 1 to 32 signs; parts of letters and digits, with a single . _ or - between two of them, and a
 * single / between parts (33.74/PUPR, 91.01/ARSIP/A).  So it is one path of an address, and none that leads up. */
bool agency_code_valid (struct view code);
#define AGENCY_CODE_RULE                                                                           \
    "a code is 1 to 32 letters and digits, with a single . _ - or / between two of them: "         \
    "33.74/PUPR"

/* when.c - times that others wrote.
 *
 * ms since 1970 of a day (2026-11-25, 25/11/2026), with or without a clock (2026-11-25T10:00, 10:00:30.5) and a zone
 * (Z, +07:00, at most 14 hours), or of s or ms since 1970.  Where no zone is said it is one `zone` hours east of
 * UTC. */
bool time_parse (struct view text, int zone, uint64_t *ret_ms);
/* Times that we write (RFC 3339, UTC), of ms since 1970 in the years to 9999: "2026-11-25T10:00:00Z"; with its ms, "2026-11-25T10:00:00.250Z"; its
 * day alone, "2026-11-25".  Same eight-buffer rule as id_text. */
const char *instant_text (int64_t ms);
const char *instant_text_ms (int64_t ms);
const char *day_text (int64_t ms);

/* A public key as ZeroMQ writes it: 40 signs of Z85 (ZeroMQ RFC 32). */
bool key_valid (struct view key);
/* A mail address that we would send to.  Narrower than RFC 5321 on purpose: dot-atom local part of at
 * most 64 bytes, host name of at least two labels, 254 bytes in all, ASCII, no quotes, no literals.
 * What passes cannot break a header or an SMTP command. */
bool address_valid (struct view address);
/* A host name: letters, digits, hyphens within labels of 1 to 63 bytes. */
bool domain_valid (struct view domain);
/* A telephone number: 5 to 20 digits, with "+", blanks and hyphens among them. */
bool phone_valid (struct view phone);

/* Outside text made fit for one log line: control bytes and quotes as \xNN, cut at 120 bytes.  Same
 * eight-buffer rule as id_text. */
const char *log_text (const void *at, size_t len);

/* How many letters to add, take away or change make one word of the other (Levenshtein's distance); of
 * each the first 64 bytes count.  For "did you mean". */
unsigned word_distance (const char *a, const char *b);

/* csv.c - cells of a table that a spreadsheet opens.
 *
 * Such a table begins with CSV_MARK, or the spreadsheet reads names with other than ASCII wrong; its lines end in CSV_END. */
#define CSV_MARK "\xef\xbb\xbf"
#define CSV_END  "\r\n"
/* Appends a text between quotes.  One that a spreadsheet would take for a formula and carry out gets an apostrophe
 * before it. */
void csv_cell (struct buffer *out, const char *text);
/* A cell without that apostrophe. */
struct view csv_plain (struct view cell);

/* Lower-case hexadecimal of at most 64 bytes.  Same eight-buffer rule as id_text. */
const char *hex_text (const void *at, size_t len);
/* Reads exactly 2 * len hexadecimal digits.  0, or FAIL_MALFORMED. */
int hex_parse (const char *text, void *ret_bytes, size_t len);

/* A whole file, at most `limit` bytes, NUL put behind it (not counted in *ret_len).  0 and *ret_at
 * (the caller frees it), or FAIL_ABSENT, FAIL_TOO_LONG, FAIL_IO with errno set. */
int file_read (const char *path, size_t limit, char **ret_at, size_t *ret_len);
/* Writes path whole or not at all: temporary file, fsync, rename, fsync of the directory.  `mode`
 * is that of open(2).  What is no plain file (a device, a pipe) is written to and stays what it is; of a
 * symbolic link what it leads to is replaced.  0, or FAIL_IO with errno set. */
int file_write (const char *path, const void *at, size_t len, mode_t mode);
/* Reads until `len` bytes are there or the end is; how many, or -1 with errno set. */
ssize_t fd_read (int fd, void *at, size_t len);
/* Writes all.  0, or FAIL_IO with errno set. */
int fd_write (int fd, const void *at, size_t len);
/* fsync of a directory, without which a new name in it may not survive a power cut.  0 or FAIL_IO. */
int dir_sync (const char *path);

#endif
