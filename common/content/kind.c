/* kind.c - what a file is, by its bytes.
 *
 * No video: what a telephone films names the place in its tracks, and nothing bounded takes it out again. */
#include <string.h>
#include <unistd.h>
#include "content/content_inside.h"

const struct content_kind content_kinds[] = {
    {"image/jpeg", "jpg", true},
    {"image/png", "png", true},
    {"image/webp", "webp", true},
    {"application/pdf", "pdf", false},
    {"text/plain", "txt", false},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", false},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", false},
    {"application/vnd.oasis.opendocument.text", "odt", false},
    {"application/vnd.oasis.opendocument.spreadsheet", "ods", false},
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
    return kind_named (type_of_text (magic_buffer (magic, at, len), at, len));
}

const struct content_kind *kind_of_file (magic_t magic, int fd)
{
    char begins[64];
    const char *type = magic_descriptor (magic, fd);
    ssize_t got = pread (fd, begins, sizeof begins, 0);
    const struct content_kind *kind =
        kind_named (type_of_text (type, begins, got > 0 ? (size_t) got : 0));
    return lseek (fd, 0, SEEK_SET) == 0 ? kind : NULL;
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
