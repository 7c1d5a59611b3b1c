/* Words as people type them on telephones: what is a command, what is said, what says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "domain/number.h"
#include "spelling.h"

static char number[ADUAN_NUMBER_SIZE];

static void expect (const char *text, char *const *prefixes, enum command_word word)
{
    struct command command = command_read (text, prefixes);
    if (command.word != word)
        fail_msg ("'%s' is %d, not %d", text, (int) command.word, (int) word);
}

static void test_spellings (void **state)
{
    static const struct {
        const char *text;
        enum command_word word;
    } cases[] = {
        {"*BERHENTI*", COMMAND_STOP},
        {"_STOP_", COMMAND_STOP},
        {"~stop~", COMMAND_STOP},
        {"```Stop```", COMMAND_STOP},
        {"\u201cSTOP\u201d", COMMAND_STOP},
        {"\u2018Berhenti\u2019.", COMMAND_STOP},
        {"STOP \U0001f64f", COMMAND_STOP},
        {"STOP\u26d4\ufe0f", COMMAND_STOP},
        {"\u26d4\ufe0fSTOP", COMMAND_STOP},
        {"\u00a0STOP\u00a0", COMMAND_STOP},
        {"\ufeffMULAI", COMMAND_START},
        {"\u200bmulai\u200b", COMMAND_START},
        {"\uff33\uff34\uff2f\uff30", COMMAND_STOP}, /* full width */
        {"*BANTUAN*!", COMMAND_HELP},
        {"\u00abinfo\u00bb", COMMAND_HELP},
        {"*LACAK*", COMMAND_TRACK},
        {"\ufeffLACAK", COMMAND_TRACK},
        {"*KODE*", COMMAND_CODE},
        /* what is said stays what is said */
        {"STOP kekerasan di sekolah anak kami", COMMAND_NONE},
        {"*STOP* pungli di kelurahan", COMMAND_NONE},
        {"STOP\u26d4pungli", COMMAND_NONE},
        {"STOP-kan pungli", COMMAND_NONE},
        {"Stopkan truk pasir", COMMAND_NONE},
        {"\u201cBerhenti\u201d kata petugas", COMMAND_NONE},
        {"Bantuan beras belum sampai", COMMAND_NONE},
        {"Mulai Senin air mati", COMMAND_NONE},
        {"*Status* jalan masih sama", COMMAND_NONE},
        {"Kod\u00e9", COMMAND_NONE},
        {"STOP1", COMMAND_NONE},
        {"\xff\xfe", COMMAND_NONE},
        {"", COMMAND_HELP},
        {"  \n", COMMAND_HELP},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++)
        expect (cases[i].text, NULL, cases[i].word);
}

static void test_numbers (void **state)
{
    static const char *const around[][2] = {
        {"*LACAK* ", ""},
        {"\ufeffLACAK\u00a0", ""},
        {"LACAK\u200b", ""},
        {"\u201cLACAK ", "\u201d"},
        {"*", "*"},
        {"_", "_ \U0001f64f"},
        {"lacak \u00ab", "\u00bb"},
        {"cek nomor\u00a0", ""},
        {"", "?"},
    };
    struct command command;
    char *text;

    (void) state;
    for (size_t i = 0; i < array_len (around); i++) {
        text = xformat ("%s%s%s", around[i][0], number, around[i][1]);
        command = command_read (text, NULL);
        if (command.word != COMMAND_TRACK || command.wrong || strcmp (command.number, number) != 0)
            fail_msg ("%s", text);
        free (text);
    }
    /* in pieces, between blanks and hyphens of any width */
    text = xformat ("KODE %.4s\u2011%.5s\u00a0%s", number, number + 4, number + 9);
    command = command_read (text, NULL);
    assert_int_equal (command.word, COMMAND_CODE);
    assert_string_equal (command.number, number);
    free (text);
    /* one without a digit, where nothing else may stand; elsewhere such pieces are words */
    command = command_read ("LACAK ANKK TWTD-MKPWEX ya", NULL);
    assert_int_equal (command.word, COMMAND_TRACK);
    assert_string_equal (command.number, "ANKKTWTDMKPWEX");
    expect ("Status ANKK TWTD-MKPWEX ya", NULL, COMMAND_NONE);
    text = xformat ("*%s* \u201cLampunya masih mati\u201d", number);
    command = command_read (text, NULL);
    assert_int_equal (command.word, COMMAND_NONE);
    assert_string_equal (command.number, number);
    assert_string_equal (command.rest, "Lampunya masih mati\u201d");
    free (text);
}

static void test_reports (void **state)
{
    static char *const prefixes[] = {"LAPOR", "E-LAPOR", "#SEMARANG", NULL};
    static const struct {
        const char *text, *rest;
    } cases[] = {
        {"*LAPOR* jalan rusak", "jalan rusak"},
        {"\ufeffLapor: \u201cjalan rusak\u201d", "jalan rusak\u201d"},
        {"LAPOR \U0001f525 di pasar", "\U0001f525 di pasar"},
        {"e-lapor sampah", "sampah"},
        {"Semarang, sampah", "sampah"},
        {"#semarang sampah", "sampah"},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct command command = command_read (cases[i].text, prefixes);
        if (command.word != COMMAND_REPORT || strcmp (command.rest, cases[i].rest) != 0)
            fail_msg ("'%s': '%s'", cases[i].text, command.rest);
    }
    expect ("Laporan saya tidak dijawab", prefixes, COMMAND_NONE);
    expect ("LAPOR \U0001f44d", prefixes, COMMAND_HELP);
    expect ("*LAPOR*", prefixes, COMMAND_HELP);
    expect ("lapor pak", prefixes, COMMAND_HELP);
}

static void test_what_says_nothing (void **state)
{
    static const char *const nothing[] = {
        "",
        ".",
        "?",
        "1",
        "08123456789",
        "\U0001f64f\U0001f64f",
        "P",
        "ya",
        "Halo",
        "hi!",
        "*Halo* kak",
        "Terima kasih\U0001f64f",
        "ok",
        "Assalamu'alaikum wr. wb.",
        "selamat siang, pak",
        "Good morning",
        "thank you very much",
    };
    static const char *const something[] = {
        "halo, jalan rusak",
        "banjir",
        "api",
        "air mati",
        "Ya, sampahnya masih ada",
        "terima kasih lampunya sudah menyala",
        "\u6c34\u707d\u4e86",
        "Halo 3 pohon tumbang",
        "PLN",
    };
    (void) state;
    for (size_t i = 0; i < array_len (nothing); i++)
        if (!says_nothing (nothing[i]))
            fail_msg ("'%s' says something", nothing[i]);
    for (size_t i = 0; i < array_len (something); i++)
        if (says_nothing (something[i]))
            fail_msg ("'%s' says nothing", something[i]);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_spellings), cmocka_unit_test (test_numbers),
        cmocka_unit_test (test_reports), cmocka_unit_test (test_what_says_nothing)};

    number_of_bits (0x123456789abcdef, number);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
