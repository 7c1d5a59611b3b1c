/* open311_photo.h - pictures that come with words: links, and files, whatever their fields are called (photo1, file_3). */
#ifndef ADUAN_OPEN311_PHOTO_H
#define ADUAN_OPEN311_PHOTO_H

#include <string.h>
#include "open311.h"

struct photos {
    uint8_t digests[FILES_MOST * DIGEST_BYTES];
    unsigned count;
    bool lost;         /* the store had no room for one: the words go without it */
    const char *fault; /* key of a text: one is not taken at all; NULL: none */
    size_t field;      /* the next one of the form */
    struct visit *visit;
    void (*finish) (struct visit *visit);
};

/* Appends media_url, one or several: links are words, for nobody here fetches what a stranger names. */
void links_add (struct visit *visit, struct buffer *text);
/* Stores them one after the other, then calls `finish`, perhaps at once. */
void photos_store (struct visit *visit, struct photos *photos,
                   void (*finish) (struct visit *visit));

#endif
