/* replay.c - `aduan rules replay`: complaints with the decision that each had, decided again; what would
 * go elsewhere, in numbers and by tracking number, never in words of a reporter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "question.h"
#include "record.h"
#include "rules.h"

#define EXAMPLES   3
#define CODE_ROOM  48
#define MOVES_MOST 30 /* of the table for people */

struct move {
    char key[2 * CODE_ROOM]; /* from, to */
    uint64_t count;
    char examples[EXAMPLES][24];
    UT_hash_handle hh;
};

struct replay {
    const struct basis *basis;
    uint64_t count, same, moved, unknown, faulty;
    uint64_t before[8], after[8]; /* by rung; 7: not said */
    struct move *moves;
};

/* ---- a line ---------------------------------------------------------------------------------- */

static void note_move (struct replay *replay, struct view from, const char *to, struct view number)
{
    char key[2 * CODE_ROOM] = {0};
    struct move *move;
    memcpy (key, from.at, from.len < CODE_ROOM - 1 ? from.len : CODE_ROOM - 1);
    strncpy (key + CODE_ROOM, to, CODE_ROOM - 1);
    HASH_FIND (hh, replay->moves, key, sizeof key, move);
    if (!move) {
        move = xcalloc (1, sizeof *move);
        memcpy (move->key, key, sizeof key);
        HASH_ADD (hh, replay->moves, key, sizeof move->key, move);
    }
    if (move->count < EXAMPLES && number.len < sizeof move->examples[0])
        memcpy (move->examples[move->count], number.at, number.len);
    move->count++;
}

static void replay_one (struct replay *replay, struct record *record)
{
    struct view from = view_of (""), number = view_of (""), rung = view_of ("");
    struct question question;
    struct decision decision;
    const char *why = record_question (replay->basis->registry, record, &question);
    record_value (record, "agency", &from);
    if (why || from.len == 0) {
        replay->faulty++;
        char line[24];
        snprintf (line, sizeof line, "%llu", (unsigned long long) record->line);
        say (stderr, TEXT_replay_faulty, "line", line, "why", why ? why : "agency", NULL);
        return;
    }
    record_value (record, "number", &number);
    record_value (record, "rung", &rung);
    decide (&replay->basis->routing, &question, &decision);
    const char *to = agency_code (replay->basis->registry, decision.agency);
    replay->count++;
    replay
        ->before[rung.len == 1 && rung.at[0] >= '0' && rung.at[0] <= '6' ? rung.at[0] - '0' : 7]++;
    replay->after[decision.rung]++;
    if (view_is (from, to)) {
        replay->same++;
        return;
    }
    replay->moved++;
    replay->unknown += registry_agency_by_code (replay->basis->registry, from) == NULL;
    note_move (replay, from, to, number);
}

/* ---- what came of it ------------------------------------------------------------------------- */

static int by_count (const struct move *a, const struct move *b)
{
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return memcmp (a->key, b->key, sizeof a->key);
}

static void report_json (const struct replay *replay)
{
    json_t *moves = json_array (), *before = json_array (), *after = json_array ();
    for (const struct move *move = replay->moves; move; move = move->hh.next) {
        json_t *examples = json_array ();
        for (size_t i = 0; i < EXAMPLES && move->examples[i][0]; i++)
            json_array_append_new (examples, json_string (move->examples[i]));
        json_array_append_new (moves, json_pack ("{s:s, s:s, s:I, s:o}", "from", move->key, "to",
                                                 move->key + CODE_ROOM, "count",
                                                 (json_int_t) move->count, "examples", examples));
    }
    for (size_t i = 0; i < 7; i++) {
        json_array_append_new (before, json_integer ((json_int_t) replay->before[i]));
        json_array_append_new (after, json_integer ((json_int_t) replay->after[i]));
    }
    put_line (json_pack ("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "complaints",
                         (json_int_t) replay->count, "same", (json_int_t) replay->same, "moved",
                         (json_int_t) replay->moved, "unknown", (json_int_t) replay->unknown,
                         "faulty", (json_int_t) replay->faulty, "rungs_before", before,
                         "rungs_after", after, "moves", moves));
}

static void report_moves (const struct replay *replay)
{
    size_t shown = 0;
    say (stdout, TEXT_replay_moves, NULL);
    for (const struct move *move = replay->moves; move && shown < MOVES_MOST;
         move = move->hh.next) {
        printf ("  %8s  %-20s -> %-20s ", count_text (move->count), move->key,
                move->key + CODE_ROOM);
        for (size_t i = 0; i < EXAMPLES && move->examples[i][0]; i++)
            printf (" %s", move->examples[i]);
        putchar ('\n');
        shown++;
    }
    if (HASH_COUNT (replay->moves) > shown)
        say (stdout, TEXT_replay_more, "count", count_text (HASH_COUNT (replay->moves) - shown),
             NULL);
}

static void report (const struct replay *replay)
{
    say (stdout, TEXT_replay_summed, "count", count_text (replay->count), "same",
         count_text (replay->same), "moved", count_text (replay->moved), "faulty",
         count_text (replay->faulty), NULL);
    if (replay->unknown)
        say (stdout, TEXT_replay_unknown, "count", count_text (replay->unknown), NULL);
    say (stdout, TEXT_replay_rungs, NULL);
    for (size_t i = 0; i < 7; i++)
        printf ("  %zu  %10s  %10s\n", i, count_text (replay->before[i]),
                count_text (replay->after[i]));
    if (replay->moves)
        report_moves (replay);
}

/* ---- the file -------------------------------------------------------------------------------- */

static int replay_file (struct replay *replay, const char *path)
{
    struct reader *reader;
    struct record record;
    const char *problem;
    bool failed = false;
    FILE *file = strcmp (path, "-") == 0 ? stdin : fopen (path, "re"); /* the reader closes it */
    if (!file)
        return complain (EX_NOINPUT, TEXT_cannot_read, "path", path, "why", strerror (errno), NULL);
    if (reader_open (file, path, RECORD_JSON, 0, &reader, &problem) != 0)
        return complain (EX_DATAERR, TEXT_input_faulty, "path", path, "why", problem, NULL);
    while (reader_next (reader, &record, &failed)) {
        replay_one (replay, &record);
        record_done (&record);
    }
    reader_close (&reader);
    if (failed)
        return complain (EX_IOERR, TEXT_cannot_read, "path", path, "why", strerror (errno), NULL);
    return replay->faulty ? EX_DATAERR : EX_OK;
}

int rules_replay (struct cli *cli)
{
    const char *path = option (&cli->options, "history");
    struct basis basis;
    struct replay replay = {.basis = &basis};
    if (!path)
        return complain (EX_USAGE, TEXT_replay_which, NULL);
    int status = basis_load (cli, BASIS_RULES | BASIS_MODEL, NULL, &basis);
    if (status == 0) {
        status = replay_file (&replay, path);
        HASH_SORT (replay.moves, by_count);
        if (status == EX_OK || status == EX_DATAERR)
            cli->json ? report_json (&replay) : report (&replay);
        struct move *move, *next;
        HASH_ITER (hh, replay.moves, move, next) {
            HASH_DEL (replay.moves, move);
            free (move);
        }
        basis_free (&basis);
    }
    return status;
}
