/* base.c - allocation that aborts, clocks, ids, and buffers. */
#include "base/base.h"
#include "base/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void check_failed (const char *file, int line, const char *condition)
{
    log_error ("%s:%d: our own bug: %s does not hold; aborting", file, line, condition);
    abort ();
}

const char *fail_text (int fail)
{
    static const char *const texts[] = {
        [0] = "no failure",
#define ERROR(name, number, text) [number] = text,
#include "base/errors.def"
    };
    bool known = fail <= 0 && (size_t) -fail < array_len (texts) && texts[-fail];
    return known ? texts[-fail] : "an unknown failure";
}

static void *have (void *at)
{
    if (!at) {
        log_error ("memory is gone; aborting");
        abort ();
    }
    return at;
}

void *xcalloc (size_t count, size_t size)
{
    return have (calloc (count ? count : 1, size ? size : 1));
}

void *xrealloc (void *old, size_t size)
{
    return have (realloc (old, size ? size : 1));
}

char *xstrdup (const char *text)
{
    return have (strdup (text));
}

char *xstrndup (const char *text, size_t len)
{
    return have (strndup (text, len));
}

char *xformat (const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start (arguments, format);
    int len = vasprintf (&text, format, arguments);
    va_end (arguments);
    return have (len < 0 ? NULL : text);
}

static int64_t clock_ns (clockid_t clock)
{
    struct timespec now;
    check (clock_gettime (clock, &now) == 0);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t wall_ms (void)
{
    return clock_ns (CLOCK_REALTIME) / 1000000;
}

int64_t mono_ms (void)
{
    return clock_ns (CLOCK_MONOTONIC) / 1000000;
}

int64_t mono_ns (void)
{
    return clock_ns (CLOCK_MONOTONIC);
}

bool id_equal (const struct id *a, const struct id *b)
{
    return memcmp (a, b, sizeof *a) == 0;
}

int id_compare (const struct id *a, const struct id *b)
{
    return memcmp (a, b, sizeof *a);
}

bool id_zero (const struct id *a)
{
    static const struct id zero;
    return id_equal (a, &zero);
}

struct id id_random (void)
{
    struct id id;
    randombytes_buf (&id, sizeof id);
    return id;
}

struct view view_of (const char *text)
{
    return (struct view){text, text ? strlen (text) : 0};
}

bool view_is (struct view view, const char *text)
{
    return view.len == strlen (text) && memcmp (view.at, text, view.len) == 0;
}

/* At least twice what it was; at first as much as is asked for, which mostly is all. */
void buffer_grow (struct buffer *buffer, size_t len)
{
    size_t room = buffer->room ? buffer->room * 2 : 256;
    if (room - buffer->len < len)
        room = buffer->len + len;
    buffer->at = xrealloc (buffer->at, room);
    buffer->room = room;
}

void buffer_add (struct buffer *buffer, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    memcpy (buffer_room (buffer, len), bytes, len);
    buffer->len += len;
}

void buffer_format (struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    check (format != NULL); /* gcc's sanitizer build takes it for possible and warns */
    va_start (arguments, format);
    va_list again;
    va_copy (again, arguments);
    int len = vsnprintf (NULL, 0, format, arguments);
    va_end (arguments);
    check (len >= 0);
    vsnprintf (buffer_room (buffer, (size_t) len + 1), (size_t) len + 1, format, again);
    va_end (again);
    buffer->len += (size_t) len;
}

void buffer_clear (struct buffer *buffer)
{
    buffer->len = 0;
}

void buffer_free (struct buffer *buffer)
{
    free (buffer->at);
    *buffer = (struct buffer){0};
}
