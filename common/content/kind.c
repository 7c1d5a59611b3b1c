/* kind.c - what a file is, by its bytes.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "content/content_inside.h"

const struct content_kind content_kinds[] = {
    {"image/jpeg", "jpg", "JPEG", CONTENT_PICTURE},
    {"image/png", "png", "PNG", CONTENT_PICTURE},
    {"image/webp", "webp", "WebP", CONTENT_PICTURE},
    {"image/heic", "heic", "HEIC", CONTENT_PICTURE},
    {"image/heif", "heif", "HEIC", CONTENT_PICTURE},
    {"image/gif", "gif", "GIF", CONTENT_PICTURE},
    {"video/mp4", "mp4", "MP4", CONTENT_VIDEO},
    {"video/x-m4v", "m4v", "MP4", CONTENT_VIDEO},
    {"video/quicktime", "mov", "MOV", CONTENT_VIDEO},
    {"video/3gpp", "3gp", "3GP", CONTENT_VIDEO},
    {"application/pdf", "pdf", "PDF", CONTENT_DOCUMENT},
    {"text/plain", "txt", "TXT", CONTENT_DOCUMENT},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", "Word",
     CONTENT_DOCUMENT},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", "Excel",
     CONTENT_DOCUMENT},
    {"application/vnd.oasis.opendocument.text", "odt", "ODF", CONTENT_DOCUMENT},
    {"application/vnd.oasis.opendocument.spreadsheet", "ods", "ODF", CONTENT_DOCUMENT},
};
const size_t content_kinds_len = array_len (content_kinds);

static const struct content_kind *kind_named (const char *type)
{
    for (size_t i = 0; type && i < array_len (content_kinds); i++)
        if (strcmp (content_kinds[i].type, type) == 0)
            return &content_kinds[i];
    return NULL;
}

/* libmagic calls a text HTML that quotes a tag somewhere.  A page begins with one; anything else is what somebody has written, and
 * goes out as a text that nothing runs. */
static const char *type_of_text (const char *type, const char *at, size_t len)
{
    size_t blank = 0;

    while (blank < len && strchr (" \t\r\n", at[blank]))
        blank++;
    return type && strcmp (type, "text/html") == 0 && blank < len && at[blank] != '<' ? "text/plain"
                                                                                      : type;
}

const struct content_kind *kind_of_bytes (magic_t magic, const void *at, size_t len)
{
    len = len < HEAD_BYTES ? len : HEAD_BYTES;
    return kind_named (type_of_text (magic_buffer (magic, at, len), at, len));
}

/* Big-endian as in JPEG and PNG, little-endian as in WebP. */
static uint64_t big (const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static uint64_t little (const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    while (bytes--)
        value = value << 8 | at[bytes];
    return value;
}

/* The frame's header stands behind segments of any length (ITU T.81, B.1.1.4 and B.2.2). */
static uint64_t pixels_of_jpeg (const uint8_t *at, size_t len)
{
    size_t i = 2;

    while (i + 9 <= len && at[i] == 0xff) {
        uint8_t marker = at[i + 1];
        if (marker == 0xff) {
            i++; /* fills */
            continue;
        }
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
            return big (at + i + 5, 2) * big (at + i + 7, 2);
        i += 2 + big (at + i + 2, 2);
    }
    return 0;
}

/* Of the three kinds of first chunk (RFC 9649, 2.5 to 2.7). */
static uint64_t pixels_of_webp (const uint8_t *at, size_t len)
{
    if (len < 30)
        return 0;
    if (memcmp (at + 12, "VP8X", 4) == 0)
        return (little (at + 24, 3) + 1) * (little (at + 27, 3) + 1);
    if (memcmp (at + 12, "VP8L", 4) == 0) {
        uint64_t sides = little (at + 21, 4);
        return ((sides & 0x3fff) + 1) * ((sides >> 14 & 0x3fff) + 1);
    }
    return (little (at + 26, 2) & 0x3fff) * (little (at + 28, 2) & 0x3fff);
}

/* The largest of those that its boxes say: of one that is put together of pieces that of the whole (ISO 23008-12, 6.5.3). */
static uint64_t pixels_of_heif (const uint8_t *at, size_t len)
{
    uint64_t most = 0;

    for (const uint8_t *box; (box = memmem (at, len, "ispe", 4)); at = box + 4) {
        len -= (size_t) (box + 4 - at);
        if (len < 12)
            break;
        uint64_t pixels = big (box + 8, 4) * big (box + 12, 4);
        if (pixels > most)
            most = pixels;
    }
    return most;
}

bool kind_is_made (const struct content_kind *kind)
{
    return kind->sort != CONTENT_DOCUMENT;
}

uint64_t kind_pixels (const struct content_kind *kind, const uint8_t *at, size_t len)
{
    if (strcmp (kind->ending, "jpg") == 0)
        return pixels_of_jpeg (at, len);
    if (strcmp (kind->ending, "webp") == 0)
        return pixels_of_webp (at, len);
    if (strcmp (kind->ending, "heic") == 0 || strcmp (kind->ending, "heif") == 0)
        return pixels_of_heif (at, len);
    if (strcmp (kind->ending, "gif") == 0)
        return len < 10 ? 0 : little (at + 6, 2) * little (at + 8, 2);
    return len < 24 ? 0 : big (at + 16, 4) * big (at + 20, 4); /* PNG: IHDR is its first chunk */
}

const struct content_kind *kind_of_file (magic_t magic, int fd)
{
    char *begins = xcalloc (1, HEAD_BYTES);
    ssize_t got = pread (fd, begins, HEAD_BYTES, 0);
    const struct content_kind *kind = got > 0 ? kind_of_bytes (magic, begins, (size_t) got) : NULL;

    free (begins);
    return kind;
}

const struct content_kind *kind_with (const char *ending)
{
    for (size_t i = 0; i < array_len (content_kinds); i++)
        if (strcmp (content_kinds[i].ending, ending) == 0)
            return &content_kinds[i];
    return NULL;
}

magic_t kind_begin (void)
{
    magic_t magic = magic_open (MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS);
    if (magic && magic_load (magic, NULL) != 0) {
        magic_close (magic);
        return NULL;
    }
    return magic;
}
