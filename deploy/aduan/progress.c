/* progress.c - rate over the last seconds, time left from the bytes that are left. */
#include "progress.h"
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cli.h"

#define TERMINAL_MS 250
#define LINE_MS     10000
#define BAR         24

static uint64_t count_of (const struct progress *progress)
{
    return progress->accepted + progress->repeated + progress->rejected;
}

void progress_open (struct progress *progress)
{
    progress->terminal = isatty (STDERR_FILENO);
    progress->began = mono_ms ();
    progress->began_count = count_of (progress);
    progress->began_at = progress->at;
    progress->next = progress->began + (progress->terminal ? 0 : LINE_MS);
    for (unsigned i = 0; i < array_len (progress->seen); i++) {
        progress->seen[i].when = progress->began;
        progress->seen[i].count = progress->began_count;
    }
}

int64_t progress_wait (const struct progress *progress)
{
    int64_t left = progress->next - mono_ms ();
    return progress->silent ? LINE_MS : left > 0 ? left : 0;
}

double progress_rate (const struct progress *progress)
{
    int64_t ms = mono_ms () - progress->began;
    return ms > 0 ? (double) (count_of (progress) - progress->began_count) * 1000.0 / (double) ms
                  : 0;
}

static double recent_rate (struct progress *progress, int64_t now)
{
    unsigned last =
        (progress->seen_at + array_len (progress->seen) - 1) % array_len (progress->seen);
    if (now - progress->seen[last].when >= 500) {
        progress->seen[progress->seen_at].when = now;
        progress->seen[progress->seen_at].count = count_of (progress);
        progress->seen_at = (progress->seen_at + 1) % array_len (progress->seen);
    }
    int64_t ms = now - progress->seen[progress->seen_at].when;
    uint64_t count = count_of (progress) - progress->seen[progress->seen_at].count;
    return ms > 0 ? (double) count * 1000.0 / (double) ms : 0;
}

static void put_bar (const struct progress *progress)
{
    int64_t full = progress->total ? progress->at * BAR / progress->total : 0;
    fputc ('[', stderr);
    for (int64_t i = 0; i < BAR; i++)
        fputc (i < full ? '#' : '.', stderr);
    fprintf (stderr, "] %3lld %% ",
             (long long) (progress->total ? progress->at * 100 / progress->total : 0));
}

void progress_show (struct progress *progress, bool now)
{
    int64_t time = mono_ms ();
    if (progress->silent || (!now && time < progress->next))
        return;
    progress->next = time + (progress->terminal ? TERMINAL_MS : LINE_MS);
    double rate = recent_rate (progress, time);
    int64_t done = progress->at - progress->began_at, ms = time - progress->began;
    const char *left = "-";
    if (progress->total && done > 0 && ms > 1000)
        left = span_text ((progress->total - progress->at) * ms / done / 1000);
    if (progress->terminal)
        fputc ('\r', stderr);
    if (progress->total)
        put_bar (progress);
    say (stderr, TEXT_progress, "rate", decimal_text (rate), "left", left, "accepted",
         count_text (progress->accepted), "repeated", count_text (progress->repeated), "rejected",
         count_text (progress->rejected), NULL);
    if (progress->waiting)
        say (stderr, TEXT_progress_waiting, NULL);
    fputs (progress->terminal ? "\033[K" : "\n", stderr);
    fflush (stderr);
    progress->drawn = true;
}

void progress_close (struct progress *progress)
{
    if (progress->terminal && progress->drawn && !progress->silent)
        fputc ('\n', stderr);
    progress->drawn = false;
}
