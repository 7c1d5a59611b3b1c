/* weak.h - is a password guessed first?  Pure; the rules and why: weak.c, docs/administration.md. */
#ifndef ADUAN_WEAK_H
#define ADUAN_WEAK_H

#include <stddef.h>

enum weak {
    WEAK_NOT,
    WEAK_KNOWN, /* well-known words, and digits */
    WEAK_PLAIN, /* few signs, a short piece again and again, rows as abcd and 4321 */
    WEAK_OWN    /* its owner's login or the installation's name stands in it */
};

/* `least`: how long a password must be, and so a piece that it repeats; `login` may be NULL: not known. */
enum weak password_weak (const char *password, size_t least, const char *login);

#endif
