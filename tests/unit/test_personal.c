/* What looks like somebody's own data in a text that is to be published, and what does not: DOMAIN 8.3, rule 11.
 * Every number and address is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
#include "domain/personal.h"

static const struct {
    const char *text;
    unsigned found;
} texts[] = {
    {"NIK saya 3374011203900001, mohon dicek", PERSONAL_NIK},
    {"NIK3374011203900001", PERSONAL_NIK},
    {"3374-0112-0390-0001", PERSONAL_NIK},
    {"337401 120390 0001.", PERSONAL_NIK},
    {"Rumah no. 12 3374 0112 0390 0001", PERSONAL_NIK},
    {"33740112\xe2\x80\x8b"
     "03900001",
     PERSONAL_NIK},
    {"\xef\xbc\x93\xef\xbc\x93"
     "74011203900001",
     PERSONAL_NIK},
    {"KK 3374010101100002 dan HP 081234567890", PERSONAL_NIK | PERSONAL_PHONE},
    {"hubungi 081234567890 saja", PERSONAL_PHONE},
    {"0812-3456-7890", PERSONAL_PHONE},
    {"0812 3456 789", PERSONAL_PHONE},
    {"0812.34.56.78.90", PERSONAL_PHONE},
    {"RT 3 0812 3456 7890", PERSONAL_PHONE},
    {"WA:+6281234567890", PERSONAL_PHONE},
    {"+62 812 3456 7890", PERSONAL_PHONE},
    {"(+62) 812-3456-7890", PERSONAL_PHONE},
    {"6281234567890", PERSONAL_PHONE},
    {"telepon (024) 8311234", PERSONAL_PHONE},
    {"021-1234567", PERSONAL_PHONE},
    {"0248311234", PERSONAL_PHONE},
    {"+62 24 8311234", PERSONAL_PHONE},
    {"0812\xc2\xa0"
     "3456\xe2\x80\x93"
     "7890",
     PERSONAL_PHONE},
    {"surel sari.w@example.co.id ya", PERSONAL_MAIL},
    {"<a1@b.id>", PERSONAL_MAIL},
    {"a@mail-1.example.org, 0812-3456-7890", PERSONAL_MAIL | PERSONAL_PHONE},

    {"", 0},
    {"Jalan berlubang di depan pasar sejak Senin.", 0},
    {"Jam 08.00-12.00 dan 13.00-15.00 kantor tutup", 0},
    {"Tanggal 25-11-2026 08.00-12.00", 0},
    {"08-12-2026 10.30", 0},
    {"2026-11-25 07.30", 0},
    {"Rp 1.500.000.000.000", 0},
    {"Rp1500000", 0},
    {"RT 03/RW 05 nomor 12", 0},
    {"-6.9930123, 110.4203456", 0},
    {"Surat nomor 045/2026", 0},
    {"NIP 197001011990031001", 0},
    {"pelanggan PLN 521030123456", 0},
    {"hubungi 112, 1708 atau 14045", 0},
    {"ikuti @pemkot.contoh", 0},
    {"100@ 20 ribu", 0},
    {"a@b", 0},
    {"a@b.c", 0},
    {"12345678901234567 tujuh belas", 0},
    {"123456789012345", 0},
    {"81234567890123456789012345678901234567890", 0},
};

static void test_found (void **state)
{
    (void) state;
    for (size_t i = 0; i < array_len (texts); i++) {
        unsigned found = personal_find ((struct view){texts[i].text, strlen (texts[i].text)});
        if (found != texts[i].found)
            fail_msg ("\"%s\": %u, and not %u", texts[i].text, found, texts[i].found);
    }
}

/* Bytes that end in the middle of a sign, and are none. */
static void test_any_bytes (void **state)
{
    (void) state;
    char bytes[3];
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            bytes[0] = '1';
            bytes[1] = (char) a;
            bytes[2] = (char) b;
            assert_int_equal (personal_find ((struct view){bytes, sizeof bytes}), 0);
        }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_found),
        cmocka_unit_test (test_any_bytes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
