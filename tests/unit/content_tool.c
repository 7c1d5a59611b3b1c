/* content_tool.c - files into a content store as the public's door puts them there, for tests without it:
 * content_tool FOLDER FILE...; says each one's digest. */
#include <stdio.h>
#include <stdlib.h>
#include <sodium.h>
#include "content/content.h"

static unsigned open_puts;
static bool failed;

static void on_put (void *owner, enum content_result result, const uint8_t *digest)
{
    const char *name = owner;
    open_puts--;
    failed |= result != CONTENT_DONE;
    if (digest)
        printf ("%s\n", hex_text (digest, CONTENT_DIGEST_BYTES));
    else
        fprintf (stderr, "%s: %s\n", name, content_key (result));
}

int main (int argc, char **argv)
{
    struct reactor *reactor = reactor_new ();
    struct content *content;
    char *bytes[CONTENT_FILES_MOST * 2] = {NULL};

    if (argc < 3 || argc - 2 > (int) array_len (bytes) || sodium_init () < 0)
        return 64;
    if (content_new (reactor,
                     &(struct content_options){.folder = argv[1],
                                               .box_documents = true,
                                               .video_bytes = CONTENT_VIDEO_MOST},
                     &content) != 0)
        return 69;
    for (int i = 2; i < argc; i++) {
        size_t len;
        if (file_read (argv[i], CONTENT_VIDEO_MOST + 1, &bytes[i - 2], &len) != 0)
            return 66;
        open_puts++;
        content_put (content, (struct view){bytes[i - 2], len}, on_put, argv[i]);
    }
    while (open_puts)
        reactor_turn (reactor, -1);
    content_destroy (&content);
    reactor_destroy (&reactor);
    for (size_t i = 0; i < array_len (bytes); i++)
        free (bytes[i]);
    return failed;
}
