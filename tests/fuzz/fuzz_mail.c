/* A mail as it came over the wire: our limits, gmime, libxml2's HTML, uuencode, delivery reports. */
#include "fuzz.h"
#include "mime.h"

#include <string.h>

static void check_text (const char *text)
{
    if (text)
        check (strlen (text) < 4096 || utf8_valid (text, strlen (text)));
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    static bool begun;
    struct mail mail;

    if (!begun)
        mail_begin ();
    begun = true;
    mail_read ((struct view){(const char *) at, len}, "lapor@aduan.example", &mail);
    check (mail.file_count <= MAIL_FILES && mail.token_count <= MAIL_TOKENS);
    check (mail.headers.len <= HEADERS_MOST && mail.headers.len <= len);
    check_text (mail.from);
    check_text (mail.name);
    check_text (mail.subject);
    /* these go into our own headers */
    for (const char *id = mail.message_id; id && *id; id++)
        check ((unsigned char) *id > ' ' && (unsigned char) *id < 127);
    for (const char *id = mail.references; id && *id; id++)
        check ((unsigned char) *id >= ' ' && (unsigned char) *id < 127);
    fuzz_planted (mail.file_count > 1 && mail.text.len && mail.from);
    mail_trim (&mail.text);
    mail_done (&mail);
    return 0;
}
