/* log.c - lines on standard error, whole or not at all: one write(2) each, so that programs which
 * share the descriptor do not mix theirs. */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *log_program = "aduan";
static enum log_level log_least = LOG_INFO;
static const char *const level_words[] = {"error: ", "warning: ", "", "debug: "};

void log_open (const char *program, enum log_level level)
{
    log_program = program;
    log_least = level;
}

void log_set_level (enum log_level level)
{
    log_least = level;
}

bool log_wants (enum log_level level)
{
    return level <= log_least;
}

__attribute__ ((format (printf, 2, 0))) static void write_line (enum log_level level,
                                                                const char *format,
                                                                va_list arguments)
{
    int saved = errno;
    char line[2048];
    int64_t now = wall_ms ();
    time_t second = (time_t) (now / 1000);
    struct tm utc;
    gmtime_r (&second, &utc);
    size_t len = strftime (line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t) snprintf (line + len, sizeof line - len, ".%03dZ %s ", (int) (now % 1000),
                              log_program);
    len += (size_t) snprintf (line + len, sizeof line - len, "%s", level_words[level]);
    errno = saved; /* for %m */
    int more = vsnprintf (line + len, sizeof line - len - 1, format, arguments);
    size_t room = sizeof line - len - 2;
    len += more < 0 ? 0 : (size_t) more < room ? (size_t) more : room;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char) line[i] < 0x20)
            line[i] = ' '; /* nobody may forge a second line */
    line[len++] = '\n';
    ssize_t written = write (STDERR_FILENO, line, len);
    (void) written; /* nobody is left to tell */
    errno = saved;
}

void log_line (enum log_level level, const char *format, ...)
{
    if (!log_wants (level))
        return;
    va_list arguments;
    va_start (arguments, format);
    write_line (level, format, arguments);
    va_end (arguments);
}

bool log_limit_pass (struct log_limit *limit)
{
    int64_t now = mono_ms ();
    if (now < limit->next) {
        limit->left_out++;
        return false;
    }
    if (limit->left_out)
        log_info ("%lu lines like the next one were left out", limit->left_out);
    limit->left_out = 0;
    limit->next = now + 10000;
    return true;
}

void outage_begins (struct outage *outage, const char *format, ...)
{
    if (outage->since)
        return;
    outage->since = mono_ms ();
    va_list arguments;
    va_start (arguments, format);
    write_line (LOG_WARNING, format, arguments);
    va_end (arguments);
}

void outage_ends (struct outage *outage, const char *format, ...)
{
    if (!outage->since)
        return;
    char text[1024];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    log_info ("%s, after %.1f s", text, (double) (mono_ms () - outage->since) / 1000);
    outage->since = 0;
}
