/* Files of complaints for the importer: JSON lines and CSV, and the draft that a mapping makes of them. */
#include "fuzz.h"
#include "mapping.h"
#include "record.h"

#include <stdio.h>

static void read_all (FILE *file, enum record_format format, char delimiter)
{
    const char *problem = NULL, *field = NULL;
    struct reader *reader = NULL;
    if (reader_open (file, "input", format, delimiter, &reader, &problem) != 0) {
        check (problem);
        fclose (file);
        return;
    }
    struct mapping *mapping = mapping_new ();
    char *wrong = NULL;
    check (mapping_say (mapping, "title=judul,text=isi+text,created=tanggal", false, &wrong) == 0);
    struct draft draft = {0};
    struct record record = {0};
    bool failed = false;
    unsigned whole = 0;
    int64_t end = 0;
    while (reader_next (reader, &record, &failed)) {
        check (record.end > end); /* it goes on, or an import would never end */
        end = record.end;
        uint32_t reject = record.fault ? 0 : mapping_fill (mapping, &record, &draft, &field);
        whole += !record.fault && !reject;
        fuzz_planted (whole == 2 && record.line > 3);
        record_done (&record);
    }
    draft_free (&draft);
    mapping_free (&mapping);
    reader_close (&reader);
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    static const char delimiters[] = {',', ';', '\t', 0};
    if (len < 2)
        return 0;
    FILE *file = fmemopen ((void *) (uintptr_t) (at + 1), len - 1, "r");
    if (!file)
        return 0;
    read_all (file, (enum record_format) (at[0] % 3), delimiters[at[0] / 3 % 4]);
    return 0;
}
