/* Passwords that are guessed first, and words that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "../../store/weak.h"

static void test_weak (void **state)
{
    static const struct {
        const char *password, *login;
        enum weak weak;
    } cases[] = {
        {"aaaaaaaaaaaa", NULL, WEAK_PLAIN},
        {"abababababab", NULL, WEAK_PLAIN},
        {"aaabbbcccddd", NULL, WEAK_PLAIN},
        {"123456789012", NULL, WEAK_PLAIN},
        {"987654321098", NULL, WEAK_PLAIN},
        {"abcdefghijklmnop", NULL, WEAK_PLAIN},
        {"zyxwvutsrqponm", NULL, WEAK_PLAIN},
        {"qwertyuiopas", NULL, WEAK_PLAIN},
        {"x9!kLx9!kLx9!kL", NULL, WEAK_PLAIN}, /* five signs, again and again */
        {"kudahijaukudahijau", NULL, WEAK_PLAIN},
        {"            ", NULL, WEAK_PLAIN},
        {"passwordpassword", NULL, WEAK_PLAIN},
        {"Password123456", NULL, WEAK_KNOWN},
        {"P@ssw0rd-2026!", NULL, WEAK_KNOWN},
        {"RahasiaMerdeka45", NULL, WEAK_KNOWN},
        {"admin.admin.2026", NULL, WEAK_KNOWN},
        {"1q2w3e4r5t-1945", NULL, WEAK_KNOWN},
        {"Bhinneka Tunggal Ika", NULL, WEAK_KNOWN},
        {"correct horse battery staple", NULL, WEAK_KNOWN},
        {"p a s s w o r d 1", NULL, WEAK_KNOWN},
        {"1234 5678 9012", NULL, WEAK_PLAIN},
        {"#$%!@x&*()_+b", NULL, WEAK_NOT},
        {"aduanaduanaduan", NULL, WEAK_OWN},
        {"Pengaduan-Kota-7", NULL, WEAK_OWN},
        {"budi.santosa", "budi.santosa", WEAK_OWN},
        {"x-Budi.Santosa-7", "budi.santosa", WEAK_OWN},
        {"kuda hijau di atas genting", "budi.santosa", WEAK_NOT},
        {"sepeda biru tua", "ani", WEAK_NOT},
        {"meja kursi lemari rak", NULL, WEAK_NOT},
        {"tradisi laut timur", "adi", WEAK_NOT}, /* so short a login stands in many words */
        {"rahasia di balik pintu tua", NULL, WEAK_NOT},
        {"sepeda 12345 biru", NULL, WEAK_NOT},
        {"837264918273", NULL, WEAK_NOT}, /* digits at random are no row */
        {"k7#vQp2!xZ9m", NULL, WEAK_NOT},
        {"\xec\xa0\x95\xeb\xa7\x90 \xea\xb8\xb4 \xeb\xb9\x84\xeb\xb0\x80\xeb\xb2\x88\xed\x98\xb8",
         NULL, WEAK_NOT},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        enum weak found = password_weak (cases[i].password, 12, cases[i].login);
        if (found != cases[i].weak)
            print_error ("%s: %d\n", cases[i].password, found);
        assert_int_equal (found, cases[i].weak);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_weak)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
