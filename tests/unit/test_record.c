/* test_record.c - files of complaints: where records begin and end, what is broken, what it becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "mapping.h"
#include "position.h"
#include "record.h"
#include "wire/wire.h"

static FILE *file_of (const char *text, size_t len)
{
    FILE *file = tmpfile ();
    assert_non_null (file);
    assert_int_equal (fwrite (text, 1, len, file), len);
    rewind (file);
    return file;
}

/* "line:value" or "line!fault" of every record, the value being that of field `a`. */
static void read_all (const char *text, size_t len, const char *name, struct buffer *out)
{
    struct reader *reader;
    struct record record;
    const char *problem;
    bool failed;
    buffer_clear (out);
    FILE *file = file_of (text, len);
    if (reader_open (file, name, RECORD_GUESS, 0, &reader, &problem) != 0) {
        buffer_format (out, "!%s", problem);
        fclose (file);
        return;
    }
    while (reader_next (reader, &record, &failed)) {
        struct view value = {"", 0};
        if (!record.fault)
            record_value (&record, "a", &value);
        buffer_format (out, "%s%d%c%.*s", out->len ? "|" : "", (int) record.line,
                       record.fault ? '!' : ':', (int) (record.fault ? 0 : value.len), value.at);
        record_done (&record);
    }
    assert_false (failed);
    reader_close (&reader);
}

static void records_are_cut (void **state)
{
    static const struct {
        const char *name, *text, *wanted;
    } cases[] = {
        {"x.jsonl", "{\"a\":\"one\"}\n{\"a\":\"two\"}\n", "1:one|2:two"},
        {"x.jsonl", "{\"a\":\"one\"}\r\n\r\n\n{\"a\":\"four\"}", "1:one|4:four"},
        {"x.jsonl", "{\"a\":1}\n{\"a\":true}\n{\"a\":1.5}\n{\"a\":null}\n", "1:1|2:yes|3:1.5|4:"},
        {"x.jsonl", "nonsense\n[1]\n{\"a\":\"x\"\n{\"a\":1,\"a\":2}\n{\"a\":\"z\"}\n",
         "1!|2!|3!|4!|5:z"},
        {"x.jsonl", "{\"a\":\"\xff\"}\n{\"a\":\"b\"}\n", "1!|2:b"},
        {"x.jsonl", "", ""},
        {"x", "  \n{\"a\":\"guessed\"}\n", "2:guessed"},
        {"x.csv", "a,b\n1,2\n3,4\n", "2:1|3:3"},
        {"x.csv",
         "\xef\xbb\xbf"
         "a;b\r\n1;2\r\n",
         "2:1"},
        {"x.csv", "a\tb\n1\t2", "2:1"},
        {"x.csv", "a,b\n\"x, \"\"y\"\"\nz\",2\nlast,1\n", "2:x, \"y\"\nz|4:last"},
        {"x.csv", "a,b\n1\n1,2,3\n\n1,2\n", "2!|3!|5:1"},
        {"x.csv", "a,b\n\"x\"y,2\n1,2\n", "2!|3:1"},
        {"x.csv", "a,b\n\"never closed,2\n1,2\n3,4\n", "2!|3:1|4:3"},
        {"x.csv", "a,b\n1,\"never closed", "2!"},
        {"x.csv", "a,b\n\"\",2\n", "2:"},
        {"x.csv", "a\n\"in \"\"quotes\"\"\"\n", "2:in \"quotes\""},
        /* a quote within a cell is a sign like others */
        {"x.csv", "a\np 2\" x\nlampu\np 3\" y\nsampah\n", "2:p 2\" x|3:lampu|4:p 3\" y|5:sampah"},
        {"x.csv", "a,b\n2\",\"q\"\"\nr\"\n\"\",4\n", "2:2\"|4:"},
        {"x.csv", "a;b\r\n\"x, y\";\"z\"\r\n1;\"\"\r\n", "2:x, y|3:1"},
        {"x.csv", "\"a\";\"b\nc\"\n1;2\n", "3:1"},
        /* a record that goes wrong further down takes nobody else's lines */
        {"x.csv", "a,b\n2,\"never closed\n3,good\n4,\"quoted text\"\n5,good\n", "2!|3:3|4:4|5:5"},
        {"x.csv", "a,b\n2,\"never\n3,good\n4,\",x\n5,x\n", "2!|3:3|4!|5:5"},
        {"x.csv", "a,b\n2,\"never\n3,\"x\",\"\"\n4,\"y\"\n", "2!|3!|4:4"},
        {"x.csv", "a,b\n\"one\ntwo\"\n3,4\n", "2!|3!|4:3"},
        {"x.csv", "", "!there is no header line with the names of the columns"},
    };
    struct buffer out = {0};
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        read_all (cases[i].text, strlen (cases[i].text), cases[i].name, &out);
        buffer_add (&out, "", 1);
        assert_string_equal (out.at, cases[i].wanted);
    }
    buffer_free (&out);
}

/* Seeking to any record's end gives exactly the records behind it. */
static void reading_goes_on_anywhere (void **state)
{
    static const char text[] = "a,b\n\"one\nline more\",1\n\ntwo,2\n\"broken,3\nthree,3\nfour,4\n";
    struct {
        int64_t end;
        uint64_t line;
    } ends[8];
    unsigned count = 0;
    struct reader *reader;
    struct record record;
    const char *problem;
    bool failed;
    (void) state;
    assert_int_equal (
        reader_open (file_of (text, strlen (text)), "x.csv", RECORD_GUESS, 0, &reader, &problem),
        0);
    while (reader_next (reader, &record, &failed)) {
        ends[count].end = record.end;
        ends[count++].line = record.end_line;
        record_done (&record);
    }
    assert_int_equal (count, 5);
    for (unsigned i = 0; i < count; i++) {
        unsigned left = 0;
        uint64_t line = 0;
        assert_int_equal (reader_seek (reader, ends[i].end, ends[i].line), 0);
        while (reader_next (reader, &record, &failed)) {
            if (left++ == 0)
                line = record.line;
            assert_int_equal (record.end, ends[i + left].end);
            record_done (&record);
        }
        assert_int_equal (left, count - i - 1);
        if (i == 0)
            assert_int_equal (line, 5); /* behind the empty line */
    }
    reader_close (&reader);
}

/* A last line without its end may still be being written; one with it, or one that is whole, is not. */
static void an_unfinished_line_is_told (void **state)
{
    static const struct {
        const char *text;
        bool unfinished;
    } cases[] = {{"{\"a\":1", true}, {"{\"a\":1\n", false}, {"{\"a\":1}", false}, {"x", true}};
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct reader *reader;
        struct record record;
        const char *problem;
        bool failed;
        reader_open (file_of (cases[i].text, strlen (cases[i].text)), "-", RECORD_JSON, 0, &reader,
                     &problem);
        assert_true (reader_next (reader, &record, &failed));
        assert_int_equal (record.unfinished, cases[i].unfinished);
        record_done (&record);
        reader_close (&reader);
    }
}

static void a_long_record_is_a_fault (void **state)
{
    size_t len = RECORD_MAX + 100;
    char *text = xcalloc (1, len + 32);
    struct buffer out = {0};
    (void) state;
    memset (text, 'x', len);
    strcpy (text + len, "\n{\"a\":\"next\"}\n");
    read_all (text, len + 14, "x.jsonl", &out);
    buffer_add (&out, "", 1);
    assert_string_equal (out.at, "1!|2:next");
    buffer_free (&out);
    free (text);
}

static void nested_fields_have_dots (void **state)
{
    static const char text[] =
        "{\"place\": {\"name\": \"Pasar\", \"at.x\": 1}, \"a.b\": \"flat\"}\n";
    struct reader *reader;
    struct record record;
    struct view value;
    const char *problem;
    bool failed;
    (void) state;
    reader_open (file_of (text, strlen (text)), "-", RECORD_JSON, 0, &reader, &problem);
    assert_true (reader_next (reader, &record, &failed));
    assert_true (record_value (&record, "place.name", &value));
    assert_true (view_is (value, "Pasar"));
    assert_true (record_value (&record, "a.b", &value));
    assert_true (view_is (value, "flat"));
    assert_false (record_value (&record, "place", &value));
    assert_false (record_value (&record, "place.name.more", &value));
    record_done (&record);
    reader_close (&reader);
}

/* ---- mapping --------------------------------------------------------------------------------- */

/* One JSON record through a mapping; the reject and field, the draft's submission in *ret. */
static uint32_t map_one (const char *json, const char *maps, const char *sets, struct draft *draft,
                         const char **field)
{
    struct mapping *mapping = mapping_new ();
    struct reader *reader;
    struct record record;
    const char *problem;
    char *why = NULL;
    bool failed;
    *field = "";
    if (maps)
        assert_int_equal (mapping_say (mapping, maps, false, &why), 0);
    if (sets)
        assert_int_equal (mapping_say (mapping, sets, true, &why), 0);
    reader_open (file_of (json, strlen (json)), "-", RECORD_JSON, 0, &reader, &problem);
    assert_true (reader_next (reader, &record, &failed));
    assert_null (record.fault);
    uint32_t reject = mapping_fill (mapping, &record, draft, field);
    record_done (&record);
    reader_close (&reader);
    mapping_free (&mapping);
    return reject;
}

static void fields_are_mapped (void **state)
{
    struct draft draft = {0};
    const char *field;
    (void) state;
    assert_int_equal (
        map_one (
            "{\"id\":\"X-1\",\"tanggal\":\"2024-03-05\",\"judul\":\"Lampu\",\"isi\":\"Padam\","
            "\"ket\":\"Sejak Senin\",\"lat\":-6.9819,\"lon\":110.4,\"surel\":\"a@example.org\"}",
            "created=tanggal,title=judul,text=isi+ket,latitude=lat,longitude=lon,contact=surel",
            "secret=tidak,class=aspiration,place=33.74", &draft, &field),
        0);
    const struct aduan_submission *said = &draft.submission;
    assert_string_equal (said->key, "X-1");
    assert_int_equal (said->created, 1709596800000);
    assert_string_equal (said->title, "Lampu");
    assert_string_equal (said->text, "Padam\n\nSejak Senin");
    assert_int_equal (said->latitude, -69819000);
    assert_int_equal (said->longitude, 1104000000);
    assert_int_equal (said->secret, FLAG_NO);
    assert_int_equal (said->anonymous, 0);
    assert_int_equal (said->channel, CHANNEL_IMPORT);
    assert_int_equal (said->priority, PRIORITY_BULK);
    assert_int_equal (said->complaint_class, CLASS_ASPIRATION);
    assert_string_equal (said->place, "33.74");
    assert_null (said->identity);
    assert_string_equal (said->contact->address, "a@example.org");
    draft_free (&draft);
}

static void without_key_and_date (void **state)
{
    struct draft one = {0}, two = {0}, other = {0};
    const char *field;
    (void) state;
    assert_int_equal (map_one ("{\"text\":\"Air mati\"}", NULL, NULL, &one, &field), 0);
    assert_int_equal (map_one ("{\"text\":\"Air mati\"}", NULL, NULL, &two, &field), 0);
    assert_int_equal (map_one ("{\"text\":\"Air  mati\"}", NULL, NULL, &other, &field), 0);
    assert_int_equal (one.submission.created, 0);
    assert_int_equal (one.submission.key_len, 32);
    assert_memory_equal (one.key, two.key, 32);
    assert_memory_not_equal (one.key, other.key, 32);
    draft_free (&one);
    draft_free (&two);
    draft_free (&other);
}

static void a_long_title_goes_into_the_text (void **state)
{
    struct draft draft = {0};
    struct buffer json = {0};
    const char *field;
    (void) state;
    buffer_format (&json, "{\"text\":\"isi\",\"title\":\"");
    for (int i = 0; i < 201; i++)
        buffer_add (&json, "\xc3\xa9", 2);
    buffer_format (&json, "\"}");
    assert_int_equal (map_one (json.at, NULL, NULL, &draft, &field), 0);
    assert_int_equal (draft.submission.title_len, 0);
    assert_int_equal (draft.submission.text_len, 402 + 2 + 3);
    draft_free (&draft);
    buffer_free (&json);
}

static void wrong_values_are_named (void **state)
{
    static const struct {
        const char *json, *field;
    } cases[] = {
        {"{\"text\":\"x\",\"created\":\"31/02/2024\"}", "created"},
        {"{\"text\":\"x\",\"created\":\"soon\"}", "created"},
        {"{\"text\":\"x\",\"channel\":\"pigeon\"}", "channel"},
        {"{\"text\":\"x\",\"secret\":\"maybe\"}", "secret"},
        {"{\"text\":\"x\",\"latitude\":\"95\"}", "latitude"},
        {"{\"text\":\"x\",\"rating\":\"many\"}", "rating"},
        {"{\"text\":\"x\",\"language\":\"de\"}", "language"},
        {"{\"text\":[\"x\"]}", "text"},
        {"{\"text\":{\"id\":\"x\"}}", "text"},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct draft draft = {0};
        const char *field;
        assert_int_equal (map_one (cases[i].json, NULL, NULL, &draft, &field), REJECT_VALUE);
        assert_string_equal (field, cases[i].field);
        assert_non_null (draft.why);
        draft_free (&draft);
    }
}

/* A list in a place that was named is said; one of our names by chance is nobody's. */
static void lists_are_no_values (void **state)
{
    static const char json[] = "{\"text\":\"x\",\"location\":{\"at\":1},\"kota\":[1]}";
    struct draft draft = {0};
    const char *field;
    (void) state;
    assert_int_equal (map_one (json, NULL, NULL, &draft, &field), 0);
    assert_string_equal (draft.submission.location, "");
    assert_int_equal (map_one (json, "location=kota", NULL, &draft, &field), REJECT_VALUE);
    assert_string_equal (field, "location");
    assert_int_equal (map_one (json, "location=location.at", NULL, &draft, &field), 0);
    assert_string_equal (draft.submission.location, "1");
    draft_free (&draft);
}

/* What intake would reject, where no intake is asked. */
static void submissions_are_checked (void **state)
{
    char title[TITLE_MOST * 2 + 3], text[TEXT_MOST + 2], place[] = "33.7";
    memset (text, 'x', sizeof text);
    text[TEXT_MOST + 1] = 0;
    for (size_t i = 0; i < TITLE_MOST + 1; i++)
        memcpy (title + 2 * i, "\xc3\xa9", 2);
    title[TITLE_MOST * 2 + 2] = 0;
    const struct {
        struct aduan_submission said;
        uint32_t reject;
        const char *field;
        uint64_t length, limit;
    } cases[] = {
        {{.key = "k", .text = "x", .place = "33.74.01.1001", .incident = "2026-11-25"},
         0,
         "",
         0,
         0},
        {{.key = "k", .text = text + 1, .title = title + 2}, 0, "", 0, 0},
        {{.key = "k", .text = text}, REJECT_TOO_LONG, "text", TEXT_MOST + 1, TEXT_MOST},
        {{.key = "k", .text = "x", .title = title}, REJECT_TOO_LONG, "title", 201, TITLE_MOST},
        {{.key = "k", .text = "x", .external = text}, REJECT_TOO_LONG, "external", 10001, 64},
        {{.key = "k", .text = " \n"}, REJECT_EMPTY, "text", 0, 0},
        {{.text = "x"}, REJECT_MISSING, "key", 0, 0},
        {{.key = "k", .text = "x", .place = place}, REJECT_VALUE, "place", 0, 0},
        {{.key = "k", .text = "x", .place = "33-74"}, REJECT_VALUE, "place", 0, 0},
        {{.key = "k", .text = "x", .location = "\xff"}, REJECT_VALUE, "location", 0, 0},
        {{.key = "k", .text = "x", .incident = "25/11/2026"}, REJECT_VALUE, "incident", 0, 0},
        {{.key = "k", .text = "x", .incident = "1944-12-31"}, REJECT_VALUE, "incident", 0, 0},
        {{.key = "k", .text = "x", .created = UINT64_C (1) << 47}, REJECT_AHEAD, "created", 0, 0},
        {{.key = "k", .kind = KIND_WITHDRAWAL}, REJECT_MISSING, "parent", 0, 0},
        {{.key = "k", .kind = KIND_REPLY, .parent = "A0000000000001"},
         REJECT_NUMBER,
         "parent",
         0,
         0},
        {{.key = "k", .kind = KIND_RATING, .parent = "A0000000000000"},
         REJECT_VALUE,
         "rating",
         0,
         0},
        {{.key = "k", .kind = KIND_WITHDRAWAL, .parent = "A0000000000000"}, 0, "", 0, 0},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct finding finding;
        assert_int_equal (submission_check (&cases[i].said, &finding), cases[i].reject);
        assert_string_equal (finding.field, cases[i].field);
        assert_int_equal (finding.length, cases[i].length);
        assert_int_equal (finding.limit, cases[i].limit);
    }
}

static void mappings_are_checked (void **state)
{
    static const char *const wrong[] = {"colour=warna", "title", "title=", "=x"};
    char *fields = mapping_fields ();
    (void) state;
    assert_non_null (strstr (fields, "longitude"));
    free (fields);
    for (size_t i = 0; i < array_len (wrong); i++) {
        struct mapping *mapping = mapping_new ();
        char *why = NULL;
        assert_int_equal (mapping_say (mapping, wrong[i], false, &why), FAIL_MALFORMED);
        assert_string_equal (why, wrong[i]); /* it names the pair */
        free (why);
        mapping_free (&mapping);
    }
}

/* ---- times, positions ------------------------------------------------------------------------ */

static void times_are_read (void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
        bool good;
    } cases[] = {
        {"1970-01-01", 0, true},
        {"2024-03-05", 1709596800000, true},
        {"05/03/2024", 1709596800000, true},
        {"5.3.2024", 1709596800000, true},
        {"2024-03-05 07:08:09", 1709622489000, true},
        {"2024-03-05T07:08:09.123Z", 1709622489123, true},
        {"2024-03-05T07:08:09+07:00", 1709597289000, true},
        {"2024-03-05T07:08+0700", 1709597280000, true},
        {"2026-11-24 06:07:08.90123+00", 1795500428901, true},
        {"1709622489", 1709622489000, true},
        {"1709622489123", 1709622489123, true},
        {"2024-02-30", 0, false},
        {"2024-13-01", 0, false},
        {"2024-03-05T25:00:00", 0, false},
        {"2024-03-05 soon", 0, false},
        {"2024-03-05T07:08:09+14:00", 1709572089000, true},
        {"2024-03-05T07:08:09+14:01", 0, false},
        {"2024-03-05T07:08:09+25:00", 0, false},
        {"2024-03-05T24:00:00+07:00", 1709658000000, true},
        {"2024-03-05T24:00:01", 0, false},
        {"2024-03-05T07:08:09+07:60", 0, false},
        {"1969-12-31", 0, false},
        {"", 0, false},
        {"yesterday", 0, false},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        uint64_t ms = 0;
        assert_int_equal (time_parse (view_of (cases[i].text), 0, &ms), cases[i].good);
        if (cases[i].good)
            assert_int_equal (ms, cases[i].ms);
    }
    /* of whoever reads it, where it names no zone */
    uint64_t ms = 0;
    assert_true (time_parse (view_of ("2024-03-05 07:08:09"), 7, &ms) && ms == 1709597289000);
    assert_true (time_parse (view_of ("2024-03-05 07:08:09Z"), 7, &ms) && ms == 1709622489000);
    assert_true (time_parse (view_of ("2024-03-05"), 9, &ms) && ms == 1709564400000);
}

static void a_position_is_one_process_s (void **state)
{
    char folder[] = "/tmp/aduan-lock-XXXXXX";
    int first, second;
    (void) state;
    assert_non_null (mkdtemp (folder));
    char *path = xformat ("%s/x.state", folder), *file = xformat ("%s.lock", path);
    assert_int_equal (position_lock (path, &first), 0);
    assert_int_equal (position_lock (path, &second), FAIL_BUSY);
    position_unlock (path, second);
    assert_int_equal (position_lock (path, &second), FAIL_BUSY);
    position_unlock (path, first);
    assert_int_not_equal (access (file, F_OK), 0);
    assert_int_equal (position_lock (path, &second), 0);
    position_unlock (path, second);
    assert_int_equal (position_lock ("/nowhere/x.state", &first), FAIL_IO);
    assert_int_equal (rmdir (folder), 0);
    free (path);
    free (file);
}

static void positions_are_kept (void **state)
{
    char folder[] = "/tmp/aduan-position-XXXXXX";
    struct position position = {.head_len = 7,
                                .offset = 1234,
                                .line = 56,
                                .accepted = 40,
                                .repeated = 9,
                                .rejected = 6,
                                .rejects_len = 789};
    struct position found = {0};
    (void) state;
    memset (position.head, 0xab, sizeof position.head);
    memset (position.mapping, 0xcd, sizeof position.mapping);
    assert_non_null (mkdtemp (folder));
    char *path = xformat ("%s/x.state", folder), *remove = xformat ("rm -rf %s", folder);
    assert_int_equal (position_read (path, &found), FAIL_ABSENT);
    assert_int_equal (position_write (path, &position), 0);
    assert_int_equal (position_read (path, &found), 0);
    assert_memory_equal (&found, &position, sizeof found);
    assert_int_equal (file_write (path, "{\"head\": 1}", 11, 0600), 0);
    assert_int_equal (position_read (path, &found), FAIL_MALFORMED);
    assert_int_equal (system (remove), 0);
    free (path);
    free (remove);
}

int main (void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test (records_are_cut),
        cmocka_unit_test (reading_goes_on_anywhere),
        cmocka_unit_test (an_unfinished_line_is_told),
        cmocka_unit_test (a_long_record_is_a_fault),
        cmocka_unit_test (nested_fields_have_dots),
        cmocka_unit_test (fields_are_mapped),
        cmocka_unit_test (without_key_and_date),
        cmocka_unit_test (a_long_title_goes_into_the_text),
        cmocka_unit_test (wrong_values_are_named),
        cmocka_unit_test (lists_are_no_values),
        cmocka_unit_test (submissions_are_checked),
        cmocka_unit_test (mappings_are_checked),
        cmocka_unit_test (times_are_read),
        cmocka_unit_test (positions_are_kept),
        cmocka_unit_test (a_position_is_one_process_s),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
