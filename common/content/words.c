/* words.c - what is taken, as forms and messages say it: from the table of kinds and the bounds that are in force. */
#include <stdlib.h>
#include <string.h>
#include "content/content_inside.h"

#define MB 1048576

/* A text that had something filled in. */
struct said {
    const char *text; /* the key */
    char *filled;
    UT_hash_handle hh;
};

static bool is_taken (const struct content *content, const struct content_kind *kind)
{
    return kind->sort != CONTENT_VIDEO || content->video_bytes;
}

/* Browsers know pictures by themselves, but not every computer that they run on knows HEIC. */
static char *accept_new (const struct content *content)
{
    struct buffer accept = {0};

    buffer_format (&accept, "image/*");
    for (size_t i = 0; i < content_kinds_len; i++)
        if (is_taken (content, &content_kinds[i]))
            buffer_format (&accept, ",.%s", content_kinds[i].ending);
    buffer_add (&accept, "", 1);
    return accept.at;
}

static char *kinds_new (const struct content *content)
{
    struct buffer kinds = {0};
    const char *last = "";

    for (size_t i = 0; i < content_kinds_len; i++) {
        const struct content_kind *kind = &content_kinds[i];
        if (!is_taken (content, kind) || strcmp (kind->name, last) == 0)
            continue;
        buffer_format (&kinds, "%s%s", kinds.len ? ", " : "", kind->name);
        last = kind->name;
    }
    buffer_add (&kinds, "", 1);
    return kinds.at;
}

static char *sizes_new (const struct content *content)
{
    unsigned usual = CONTENT_BYTES_MOST / MB, video = (unsigned) (content->video_bytes / MB);
    return content->video_bytes ? xformat ("%u MB, video %u MB", usual, video)
                                : xformat ("%u MB", usual);
}

void content_words_begin (struct content *content)
{
    content->accept = accept_new (content);
    content->kinds = kinds_new (content);
    content->sizes = sizes_new (content);
}

void words_end (struct content *content)
{
    struct said *said, *next;

    HASH_ITER (hh, content->said, said, next) {
        HASH_DELETE (hh, content->said, said);
        free (said->filled);
        free (said);
    }
    free (content->accept);
    free (content->kinds);
    free (content->sizes);
}

/* ---- what others ask ------------------------------------------------------------------------------- */

size_t content_most (const struct content *content)
{
    return content->video_bytes > CONTENT_BYTES_MOST ? (size_t) content->video_bytes
                                                     : CONTENT_BYTES_MOST;
}

size_t content_video_most (const struct content *content)
{
    return (size_t) content->video_bytes;
}

unsigned content_video_seconds (const struct content *content)
{
    return content->video_seconds;
}

const char *content_accept (const struct content *content)
{
    return content->accept;
}

static char *fill (const struct content *content, const char *text)
{
    const struct {
        const char *hole, *with;
    } holes[] = {{"[kinds]", content->kinds}, {"[sizes]", content->sizes}};
    struct buffer out = {0};

    while (*text) {
        size_t i = 0;
        while (i < array_len (holes) && strncmp (text, holes[i].hole, strlen (holes[i].hole)) != 0)
            i++;
        const char *part = i < array_len (holes) ? holes[i].with : text;
        buffer_add (&out, part, i < array_len (holes) ? strlen (part) : 1);
        text += i < array_len (holes) ? strlen (holes[i].hole) : 1;
    }
    buffer_add (&out, "", 1);
    return out.at;
}

const char *content_text (struct content *content, const char *text)
{
    struct said *said;

    if (!strstr (text, "[kinds]") && !strstr (text, "[sizes]"))
        return text;
    HASH_FIND_PTR (content->said, &text, said);
    if (!said) {
        said = xcalloc (1, sizeof *said);
        said->text = text;
        said->filled = fill (content, text);
        HASH_ADD_PTR (content->said, text, said);
    }
    return said->filled;
}
