/* replay.c - `aduan rules replay`: complaints with the decision that each had, decided again; what would
 * go elsewhere, in numbers and by tracking number, never in words of a reporter.  With new rules each is
 * decided by the rules in force, too: the difference is what the new rules alone change.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "question.h"
#include "record.h"
#include "rules.h"
#include "wire/wire.h"

#define EXAMPLES   3
#define KINDS_MOST 30 /* of one table for people */

/* What may change, by its name in rules and decisions; the last one against what was decided then. */
enum effect {
    EFFECT_AGENCY,
    EFFECT_RUNG,
    EFFECT_PRIORITY,
    EFFECT_SECRET,
    EFFECT_COPIES,
    EFFECT_SUPPORT,
    EFFECT_ASK,
    EFFECTS,
    MOVED = EFFECTS,
};
static const char *const effect_names[EFFECTS] = {"agency", "rung",    "priority", "secret",
                                                  "copies", "support", "ask"};

/* One kind of change: so many complaints from one value to another. */
struct change {
    enum effect effect;
    uint64_t count;
    char examples[EXAMPLES][24];
    char *from, *to;
    char *key; /* of all three */
    UT_hash_handle hh;
};

struct replay {
    const struct basis *basis;
    struct routing before; /* the rules in force, all else the same */
    bool compared;         /* there are new rules to compare with them */
    FILE *changed;         /* of --changed, NULL */
    uint64_t count, same, moved, unknown, faulty;
    uint64_t rungs_then[8], rungs_now[8]; /* 7: not said */
    uint64_t touched, effects[EFFECTS];   /* complaints that the new rules change, and in what */
    struct change *changes;
};

/* ---- a line ---------------------------------------------------------------------------------- */

static void note_change (struct replay *replay, enum effect effect, const char *from,
                         const char *to, struct view number)
{
    char *key = xformat ("%d\t%s\t%s", (int) effect, from, to);
    struct change *change;
    HASH_FIND_STR (replay->changes, key, change);
    if (change) {
        free (key);
    } else {
        change = xcalloc (1, sizeof *change);
        *change = (struct change){
            .effect = effect, .from = xstrdup (from), .to = xstrdup (to), .key = key};
        HASH_ADD_KEYPTR (hh, replay->changes, key, strlen (key), change);
    }
    if (change->count < EXAMPLES && number.len < sizeof change->examples[0])
        memcpy (change->examples[change->count], number.at, number.len);
    change->count++;
}

static void put_agencies (const struct registry *registry, const uint32_t *agencies,
                          struct buffer *out)
{
    for (size_t i = 0; i < DECIDE_SUPPORTERS && agencies[i]; i++)
        buffer_format (out, "%s%s", i ? ", " : "", agency_code (registry, agencies[i]));
}

/* The value of one effect, "-" where there is none. */
static void put_effect (const struct registry *registry, const struct decision *decision,
                        enum effect effect, struct buffer *out)
{
    buffer_clear (out);
    switch (effect) {
    case EFFECT_AGENCY: buffer_format (out, "%s", agency_code (registry, decision->agency)); break;
    case EFFECT_RUNG: buffer_format (out, "%u", decision->rung); break;
    case EFFECT_PRIORITY: buffer_format (out, "%s", priority_word (decision->priority)); break;
    case EFFECT_SECRET: buffer_format (out, "%s", decision->secret ? "true" : "false"); break;
    case EFFECT_COPIES: put_agencies (registry, decision->copies, out); break;
    case EFFECT_SUPPORT: put_agencies (registry, decision->supporters, out); break;
    default:
        for (uint32_t bit = 1; bit && bit <= decision->asks; bit <<= 1)
            if (decision->asks & bit)
                buffer_format (out, "%s%s", out->len ? ", " : "", rules_ask_word (bit));
    }
    if (!out->len)
        buffer_add (out, "-", 1);
    buffer_add (out, "", 1);
}

/* What the new rules change of it; NULL: nothing. */
static json_t *compare (struct replay *replay, const struct question *question,
                        const struct decision *now, struct view number)
{
    static struct decision before;
    struct buffer from = {0}, to = {0};
    json_t *changes = NULL;
    decide (&replay->before, question, &before);
    for (enum effect effect = 0; effect < EFFECTS; effect++) {
        put_effect (replay->basis->registry, &before, effect, &from);
        put_effect (replay->basis->registry, now, effect, &to);
        if (strcmp (from.at, to.at) == 0)
            continue;
        replay->effects[effect]++;
        note_change (replay, effect, from.at, to.at, number);
        changes = changes ? changes : json_object ();
        json_object_set_new (changes, effect_names[effect], json_pack ("[s, s]", from.at, to.at));
    }
    replay->touched += changes != NULL;
    buffer_free (&from);
    buffer_free (&to);
    return changes;
}

/* Takes `changes`. */
static void put_changed (struct replay *replay, struct record *record, const char *from,
                         const char *to, json_t *changes)
{
    json_t *row = json_object ();
    static const char *const names[] = {"number", "id"};
    for (size_t i = 0; i < array_len (names); i++)
        if (record_json (record, names[i]))
            json_object_set (row, names[i], record_json (record, names[i]));
    json_object_set_new (row, "then", json_string (from));
    json_object_set_new (row, "agency", json_string (to));
    if (changes)
        json_object_set_new (row, "changes", changes);
    json_dumpf (row, replay->changed, JSON_COMPACT);
    fputc ('\n', replay->changed);
    json_decref (row);
}

static void count_rungs (struct replay *replay, struct view then, unsigned now)
{
    bool said = then.len == 1 && then.at[0] >= '0' && then.at[0] <= '6';
    replay->rungs_then[said ? then.at[0] - '0' : 7]++;
    replay->rungs_now[now]++;
}

static void replay_question (struct replay *replay, struct record *record,
                             const struct question *question, struct view from)
{
    struct view number = view_of (""), rung = view_of ("");
    struct decision decision;
    const struct registry *registry = replay->basis->registry;
    record_value (record, "number", &number);
    record_value (record, "rung", &rung);
    decide (&replay->basis->routing, question, &decision);
    char *then = xstrndup (from.at, from.len);
    const char *now = agency_code (registry, decision.agency);
    bool moved = strcmp (then, now) != 0;
    replay->count++;
    count_rungs (replay, rung, decision.rung);
    json_t *changes = replay->compared ? compare (replay, question, &decision, number) : NULL;
    replay->same += !moved;
    replay->moved += moved;
    replay->unknown += moved && registry_agency_by_code (registry, from) == NULL;
    if (moved)
        note_change (replay, MOVED, then, now, number);
    if (replay->changed && (moved || changes))
        put_changed (replay, record, then, now, changes);
    else
        json_decref (changes);
    free (then);
}

static void replay_one (struct replay *replay, struct record *record)
{
    struct view from = view_of ("");
    struct question question;
    const char *why = record_question (replay->basis->registry, record, &question);
    record_value (record, "agency", &from);
    if (why || from.len == 0) {
        replay->faulty++;
        char line[24];
        snprintf (line, sizeof line, "%llu", (unsigned long long) record->line);
        say (stderr, TEXT_replay_faulty, "line", line, "why", why ? why : "agency", NULL);
        return;
    }
    if (question.priority == PRIORITY_HIGH) /* as decided: rules made it so, and may not any more */
        question.priority = 0;
    replay_question (replay, record, &question, from);
}

/* ---- what came of it ------------------------------------------------------------------------- */

static int by_count (const struct change *a, const struct change *b)
{
    if (a->effect != b->effect)
        return a->effect < b->effect ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp (a->key, b->key);
}

static json_t *kinds_json (const struct replay *replay, enum effect effect)
{
    json_t *kinds = json_array ();
    for (const struct change *change = replay->changes; change; change = change->hh.next) {
        if (change->effect != effect)
            continue;
        json_t *examples = json_array ();
        for (size_t i = 0; i < EXAMPLES && change->examples[i][0]; i++)
            json_array_append_new (examples, json_string (change->examples[i]));
        json_array_append_new (kinds, json_pack ("{s:s, s:s, s:I, s:o}", "from", change->from, "to",
                                                 change->to, "count", (json_int_t) change->count,
                                                 "examples", examples));
    }
    return kinds;
}

static json_t *compared_json (const struct replay *replay)
{
    json_t *effects = json_object ();
    for (enum effect effect = 0; effect < EFFECTS; effect++)
        json_object_set_new (effects, effect_names[effect],
                             json_pack ("{s:I, s:o}", "count", (json_int_t) replay->effects[effect],
                                        "kinds", kinds_json (replay, effect)));
    return json_pack ("{s:I, s:I, s:o}", "before", (json_int_t) replay->before.rules_version,
                      "complaints", (json_int_t) replay->touched, "effects", effects);
}

static void report_json (const struct replay *replay)
{
    json_t *then = json_array (), *now = json_array ();
    for (size_t i = 0; i < 7; i++) {
        json_array_append_new (then, json_integer ((json_int_t) replay->rungs_then[i]));
        json_array_append_new (now, json_integer ((json_int_t) replay->rungs_now[i]));
    }
    json_t *row =
        json_pack ("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "complaints",
                   (json_int_t) replay->count, "same", (json_int_t) replay->same, "moved",
                   (json_int_t) replay->moved, "unknown", (json_int_t) replay->unknown, "faulty",
                   (json_int_t) replay->faulty, "rungs_before", then, "rungs_after", now, "moves",
                   kinds_json (replay, MOVED), "thresholds", thresholds_json (replay->basis));
    if (replay->compared)
        json_object_set_new (row, "new_rules", compared_json (replay));
    put_line (row);
}

static void report_kinds (const struct replay *replay, enum effect effect)
{
    size_t shown = 0, kinds = 0;
    for (const struct change *change = replay->changes; change; change = change->hh.next) {
        if (change->effect != effect || ++kinds > KINDS_MOST)
            continue;
        printf ("  %8s  %-20s -> %-20s ", count_text (change->count), change->from, change->to);
        for (size_t i = 0; i < EXAMPLES && change->examples[i][0]; i++)
            printf (" %s", change->examples[i]);
        putchar ('\n');
        shown++;
    }
    if (kinds > shown)
        say (stdout, TEXT_replay_more, "count", count_text (kinds - shown), NULL);
}

static void report_compared (const struct replay *replay)
{
    char version[24];
    snprintf (version, sizeof version, "%llu", (unsigned long long) replay->before.rules_version);
    say (stdout,
         !replay->before.rules          ? TEXT_replay_against_none
         : replay->before.rules_version ? TEXT_replay_against
                                        : TEXT_replay_against_file,
         "version", version, "count", count_text (replay->touched), NULL);
    for (enum effect effect = 0; effect < EFFECTS; effect++) {
        if (!replay->effects[effect])
            continue;
        say (stdout, TEXT_replay_effect, "effect", effect_names[effect], "count",
             count_text (replay->effects[effect]), NULL);
        report_kinds (replay, effect);
    }
}

static void report (const struct cli *cli, const struct replay *replay)
{
    say (stdout, TEXT_replay_summed, "count", count_text (replay->count), "same",
         count_text (replay->same), "moved", count_text (replay->moved), "faulty",
         count_text (replay->faulty), NULL);
    if (replay->unknown)
        say (stdout, TEXT_replay_unknown, "count", count_text (replay->unknown), NULL);
    say (stdout, TEXT_replay_rungs, NULL);
    for (size_t i = 0; i < 7; i++)
        printf ("  %zu  %10s  %10s\n", i, count_text (replay->rungs_then[i]),
                count_text (replay->rungs_now[i]));
    if (replay->moved) {
        say (stdout, TEXT_replay_moves, NULL);
        report_kinds (replay, MOVED);
    }
    if (replay->compared)
        report_compared (replay);
    thresholds_print (cli, replay->basis);
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

static void free_changes (struct replay *replay)
{
    struct change *change, *next;
    HASH_ITER (hh, replay->changes, change, next) {
        HASH_DEL (replay->changes, change);
        free (change->from);
        free (change->to);
        free (change->key);
        free (change);
    }
}

static int replay_all (struct cli *cli, struct replay *replay, const char *history)
{
    int status = replay_file (replay, history);
    HASH_SORT (replay->changes, by_count);
    if (status == EX_OK || status == EX_DATAERR)
        cli->json ? report_json (replay) : report (cli, replay);
    free_changes (replay);
    return status;
}

/* Rules to compare with: of --against, else those in force. */
static int read_before (struct cli *cli, struct replay *replay, struct rules **ret)
{
    const char *against = option (&cli->options, "against");
    replay->before = replay->basis->routing;
    replay->compared = against || option (&cli->options, "rules");
    if (!replay->compared)
        return 0;
    int status =
        basis_rules (cli, replay->basis->registry, against, ret, &replay->before.rules_version);
    replay->before.rules = *ret;
    return status;
}

/* With --changed a line for each complaint that changes goes there, too. */
static int replay_into (struct cli *cli, struct replay *replay, const char *history)
{
    const char *path = option (&cli->options, "changed");
    if (path && !(replay->changed = fopen (path, "we")))
        return complain (EX_CANTCREAT, TEXT_cannot_write, "path", path, "why", strerror (errno),
                         NULL);
    int status = replay_all (cli, replay, history);
    if (replay->changed) {
        bool failed = ferror (replay->changed);
        if (fclose (replay->changed) != 0 || failed)
            return complain (EX_IOERR, TEXT_cannot_write, "path", path, "why", strerror (errno),
                             NULL);
    }
    return status;
}

int rules_replay (struct cli *cli)
{
    const char *history = option (&cli->options, "history");
    struct basis basis;
    struct rules *before = NULL;
    struct replay replay = {.basis = &basis};
    if (!history)
        return complain (EX_USAGE, TEXT_replay_which, NULL);
    int status = basis_load (cli, BASIS_RULES | BASIS_MODEL, NULL, &basis);
    if (status != 0)
        return status;
    status = read_before (cli, &replay, &before);
    if (status == 0)
        status = replay_into (cli, &replay, history);
    rules_free (&before);
    basis_free (&basis);
    return status;
}
