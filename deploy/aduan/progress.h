/* progress.h - how far a long job is: a bar on a terminal, a line every ten seconds elsewhere. */
#ifndef ADUAN_PROGRESS_H
#define ADUAN_PROGRESS_H

#include "base/base.h"

struct progress {
    int64_t total, at; /* bytes; total 0: not known */
    uint64_t accepted, repeated, rejected;
    bool waiting; /* nobody answers */
    bool silent;
    /* progress.c's own */
    bool terminal, drawn;
    int64_t began, next; /* mono_ms */
    uint64_t began_count;
    int64_t began_at;
    struct {
        int64_t when;
        uint64_t count;
    } seen[16]; /* one each half second: the rate is that of the last seconds */
    unsigned seen_at;
};

void progress_open (struct progress *progress);
/* Draws if it is time to; `now` draws in any case. */
void progress_show (struct progress *progress, bool now);
/* ms until progress_show has something to do. */
int64_t progress_wait (const struct progress *progress);
/* Ends the bar's line. */
void progress_close (struct progress *progress);
/* Records a second since the start. */
double progress_rate (const struct progress *progress);

#endif
