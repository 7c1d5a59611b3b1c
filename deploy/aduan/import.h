/* import.h - what `aduan import` knows while it runs: import.c (reading, submitting, passing), import_open.c (what was said, files,
 * the position of an earlier run).
 */
#ifndef ADUAN_IMPORT_H
#define ADUAN_IMPORT_H

#include "cli.h"
#include "mapping.h"
#include "official.h"
#include "open311.h"
#include "position.h"
#include "progress.h"
#include "record.h"

/* One record between reading and passing. */
struct flying {
    struct import *import;
    uint64_t line;
    int64_t end;
    uint64_t end_line;
    bool over, repeated, skipped; /* skipped: it had ended, and stays in the old system */
    uint32_t reject;              /* 0: accepted */
    const char *why;              /* English, of what was found here; static */
    char field[33];
    uint64_t length, limit; /* of a field over its limit, else 0 */
    char *key;              /* NULL: no receipts are kept */
    char *raw;
    size_t raw_len;
    struct flying *prev, *next;
};

struct import {
    struct cli *cli;
    const char *path;
    char *state_path, *rejects_path;
    struct reader *reader;
    struct mapping *mapping;
    struct official *official; /* NULL: no official table */
    char *fetched;             /* file of what an Open311 server had; NULL: none was asked */
    bool moves_in;             /* out of another system, which goes on */
    struct draft draft;
    struct aduan *aduan;
    struct flying *flight;
    unsigned in_flight, kept; /* not over; all of the list */
    int64_t parallel, rate, give_up_ms;
    bool check_only, closing, saves, ended, grows; /* grows: a file, to which more may be added */
    int rejects;                                   /* descriptor; -1: none yet */
    int receipts;                                  /* the same; -1: none are kept */
    int lock;                                      /* the same; -1: none is held */
    uint64_t unfinished; /* line of a last record that may still be being written; 0: none */
    uint64_t changed;    /* of this run: known, and otherwise by now in the old system */
    struct position position, began;
    struct progress progress;
    int64_t saved_at, heard_at, started_at;
    uint64_t started; /* since started_at: the throttle's count */
    int status;
};

/* Reads what was said, files of it too, before anything is fetched: 0, or an exit status after a complaint. */
int import_said (struct import *import);
/* Opens the input, and goes to where an earlier run of it got.  0, or an exit status after a complaint; what is open then is
 * import_close's. */
int import_open (struct import *import);

#endif
