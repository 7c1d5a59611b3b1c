/* text.c - words for people, by key and language; deploy/text/{id,en}/cli.txt holds them. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "wire/wire.h"

static const char *const texts[TEXTS][2] = {
#define TEXT(key, id, en) [TEXT_##key] = {id, en},
#include "cli_text.def"
#undef TEXT
};

static int language = LANGUAGE_OF_ID;

void text_language (const char *word)
{
    bool english = word && strncmp (word, "en", 2) == 0 && !(word[2] >= 'a' && word[2] <= 'z');
    language = english ? LANGUAGE_OF_EN : LANGUAGE_OF_ID;
}

uint32_t text_language_now (void)
{
    return language == LANGUAGE_OF_EN ? LANGUAGE_EN : LANGUAGE_ID;
}

const char *text_of (enum text_key text)
{
    const char *found = texts[text][language];
    return found ? found : "";
}

/* The value that follows `name` in the list of pairs; "" where it is not among them. */
static const char *value_of (const char *name, size_t len, va_list pairs)
{
    const char *key;
    while ((key = va_arg (pairs, const char *)) != NULL) {
        const char *value = va_arg (pairs, const char *);
        if (strlen (key) == len && memcmp (key, name, len) == 0)
            return value ? value : "";
    }
    return "";
}

static void put (FILE *to, enum text_key text, va_list pairs)
{
    const char *at = text_of (text), *open, *close;
    while ((open = strchr (at, '{')) != NULL && (close = strchr (open, '}')) != NULL) {
        va_list copy;
        va_copy (copy, pairs);
        fwrite (at, 1, (size_t) (open - at), to);
        fputs (value_of (open + 1, (size_t) (close - open - 1), copy), to);
        va_end (copy);
        at = close + 1;
    }
    fputs (at, to);
}

void say (FILE *to, enum text_key text, ...)
{
    va_list pairs;
    va_start (pairs, text);
    put (to, text, pairs);
    va_end (pairs);
}

int complain (int status, enum text_key text, ...)
{
    va_list pairs;
    va_start (pairs, text);
    fflush (stdout);
    fputs ("aduan: ", stderr);
    put (stderr, text, pairs);
    fputc ('\n', stderr);
    va_end (pairs);
    return status;
}
