/* log.h - one line for one thing that happened, on standard error, the id first.
 *
 *     2026-11-24T05:06:07.089Z intake warning: 0193…: agency 12 refused; trying again in 5 s
 *
 * common/ logs at debug only; the handler that decides what happens next logs once, and says how
 * it goes on.  Outside text goes through log_text() (base.h); ids, never names, numbers or bodies.
 */
#ifndef ADUAN_LOG_H
#define ADUAN_LOG_H

#include "base/base.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* The program's name in every line, and the least important level that is written. */
void log_open (const char *program, enum log_level level);
void log_set_level (enum log_level level);
bool log_wants (enum log_level level);
__attribute__ ((format (printf, 2, 3))) void log_line (enum log_level level, const char *format,
                                                       ...);

#define log_error(...)   log_line (LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line (LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_line (LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
    do {                                                                                           \
        if (log_wants (LOG_DEBUG))                                                                 \
            log_line (LOG_DEBUG, __VA_ARGS__);                                                     \
    } while (0)

/* For lines that a hostile peer can provoke: at most one in ten seconds for each place that says
 * it, the next one tells how many were left out. */
#define log_limited(level, ...)                                                                    \
    do {                                                                                           \
        static struct log_limit limit_;                                                            \
        if (log_limit_pass (&limit_))                                                              \
            log_line (level, __VA_ARGS__);                                                         \
    } while (0)
struct log_limit {
    int64_t next;
    unsigned long left_out;
};
bool log_limit_pass (struct log_limit *limit);

/* An outage is said once when it begins and once when it ends.  Zero-initialised: all is well. */
struct outage {
    int64_t since; /* mono_ms, 0 while all is well */
};
__attribute__ ((format (printf, 2, 3))) void outage_begins (struct outage *outage,
                                                            const char *format, ...);
/* Says "<text>, after N s" if an outage was on; else nothing. */
__attribute__ ((format (printf, 2, 3))) void outage_ends (struct outage *outage, const char *format,
                                                          ...);

#endif
