/* score.c - `aduan rules score`: what a model says of each of standard input's JSON lines, in their order. */
#include "score.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "basis.h"
#include "examples.h"
#include "question.h"
#include "rules.h"

#define LABELS_SHOWN 3

void put_fine (json_t *value)
{
    json_dumpf (value, stdout, JSON_COMPACT | JSON_REAL_PRECISION (6));
    fputc ('\n', stdout);
    fflush (stdout); /* whoever asks by a pipe waits for it */
    json_decref (value);
}

int model_read (const char *path, struct model **ret)
{
    struct basis_file file;
    int status = basis_read (path, MODEL_BYTES_MOST, &file);
    if (status == 0 && model_parse (file.bytes.at, file.bytes.len, ret) != 0)
        status = complain (EX_DATAERR, TEXT_model_faulty, "path", path, NULL);
    free (file.memory);
    return status;
}

static void put_score (const struct model *model, struct record *record, const struct text *text,
                       const struct model_facts *facts, size_t room)
{
    static struct model_view views[MODEL_LABELS_MOST];
    struct view id;
    float sure;
    size_t count = model_score (model, text, facts, views, room, &sure);
    json_t *labels = json_array (), *row = json_object ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (labels, json_pack ("{s:s, s:f}", "label",
                                                  model_label (model, views[i].label), "chance",
                                                  (double) views[i].chance));
    if (record_value (record, "id", &id))
        json_object_set_new (row, "id", json_stringn (id.at, id.len));
    json_object_set_new (row, "confidence", json_real ((double) sure));
    json_object_set_new (row, "labels", labels);
    put_fine (row);
}

int rules_score (struct cli *cli)
{
    struct model *model = NULL;
    struct reader *reader = NULL;
    struct record record = {0};
    struct text text = {0};
    struct model_facts facts;
    const char *problem = NULL;
    bool failed = false, faulty = false;
    int64_t room;
    int status = option_number (&cli->options, "labels", 1, MODEL_LABELS_MOST, LABELS_SHOWN, &room);
    if (status == 0)
        status = model_read (cli->options.arguments[1], &model);
    if (status != 0)
        return status;
    check (reader_open (stdin, "-", RECORD_JSON, 0, &reader, &problem) == 0);
    while (reader_next (reader, &record, &failed)) {
        const char *why = record_read (&record, &text, &facts);
        if (why)
            put_line (json_pack ("{s:I, s:s}", "line", (json_int_t) record.line, "error", why));
        else
            put_score (model, &record, &text, &facts, (size_t) room);
        faulty = faulty || why;
        record_done (&record);
    }
    reader_close (&reader);
    text_free (&text);
    model_free (&model);
    if (failed)
        return complain (EX_IOERR, TEXT_cannot_read, "path", "-", "why", strerror (errno), NULL);
    return faulty ? EX_DATAERR : EX_OK;
}
