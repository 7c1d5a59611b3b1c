/* test_compose.c - letters: headers that nobody can inject into, texts by template, contacts opened.
 * Every address and name here is made up (example.org and .invalid). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <msgpack.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "notifier.h"

/* As an initialiser within a static table, and as a value. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof (literal) - 1                                                              \
    }
#define VIEW(literal) ((struct view) TEXT (literal))

static const uint8_t reply_key[32] = {7};
static const struct letterhead head = {.from = "aduan@example.go.id",
                                       .name = "Aduan",
                                       .domain = "example.go.id",
                                       .tracking = "https://aduan.example.go.id/t/",
                                       .desk = "https://desk.example.go.id/",
                                       .stop = ""};
static const int64_t noon = 1795525200000; /* Tue, 24 Nov 2026 13:00:00 UTC */

static struct msg_notice notice_of (const char *template)
{
    return (struct msg_notice){.id = {{1, 2, 3}},
                               .event = 4,
                               .template = view_of (template),
                               .number = view_of ("A0123456789ABC"),
                               .agency = view_of ("Dinas Pekerjaan Umum"),
                               .text = view_of ("Jalan sudah diperbaiki."),
                               .due = 1795525200000};
}

static struct contact contact_of (const char *address)
{
    return (struct contact){.kind = view_of ("email"), .address = view_of (address)};
}

static const char *header (const struct letter *letter, const char *name)
{
    size_t len = strlen (name);

    for (unsigned i = 0; i < letter->header_count; i++)
        if (strncmp (letter->headers[i], name, len) == 0 && letter->headers[i][len] == ':')
            return letter->headers[i] + len + 2;
    return NULL;
}

/* The text as a string; the caller frees it. */
static char *text_of (const struct letter *letter)
{
    return xstrndup (letter->text.at ? letter->text.at : "", letter->text.len);
}

static void test_address (void **state)
{
    static const struct {
        struct view address;
        bool valid;
    } cases[] = {
        {TEXT ("siti@example.org"), true},
        {TEXT ("siti.nur+aduan@mail.example.org"), true},
        {TEXT ("o'brien_x@example-site.org"), true},
        {TEXT ("1@2.id"), true},
        {TEXT (""), false},
        {TEXT ("@"), false},
        {TEXT ("siti"), false},
        {TEXT ("siti@"), false},
        {TEXT ("@example.org"), false},
        {TEXT ("siti@localhost"), false},
        {TEXT ("siti@@example.org"), false},
        {TEXT ("siti@example..org"), false},
        {TEXT ("siti@.example.org"), false},
        {TEXT ("siti@example.org."), false},
        {TEXT ("siti@-example.org"), false},
        {TEXT ("siti@example-.org"), false},
        {TEXT (".siti@example.org"), false},
        {TEXT ("siti.@example.org"), false},
        {TEXT ("si..ti@example.org"), false},
        {TEXT ("siti@exam_ple.org"), false},
        {TEXT ("siti @example.org"), false},
        {TEXT ("siti@example.org "), false},
        {TEXT ("\"siti\"@example.org"), false},
        {TEXT ("siti@[127.0.0.1]"), false},
        {TEXT ("<siti@example.org>"), false},
        {TEXT ("siti@example.org,other@example.org"), false},
        {TEXT ("siti@example.org>\r\nRCPT TO:<other@example.org"), false},
        {TEXT ("siti@example.org\r\nBcc: other@example.org"), false},
        {TEXT ("siti\r@example.org"), false},
        {TEXT ("siti\n@example.org"), false},
        {TEXT ("si\0ti@example.org"), false},
        {TEXT ("siti@exam\0ple.org"), false},
        {TEXT ("siti@example.org\0"), false},
        {TEXT ("s\xc3\xadti@example.org"), false},
        {TEXT ("siti@ex\xc3\xa1mple.org"), false},
        {TEXT ("0123456789012345678901234567890123456789012345678901234567890123@example.org"),
         true},
        {TEXT ("01234567890123456789012345678901234567890123456789012345678901234@example.org"),
         false},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++)
        if (address_valid (cases[i].address) != cases[i].valid)
            fail_msg ("%s: should be %s", log_text (cases[i].address.at, cases[i].address.len),
                      cases[i].valid ? "taken" : "refused");
    char longest[300];
    memset (longest, 'a', sizeof longest);
    memcpy (longest, "x@", 2);
    for (size_t i = 60; i < sizeof longest; i += 60)
        longest[i] = '.';
    assert_true (address_valid ((struct view){longest, 254}));
    assert_false (address_valid ((struct view){longest, 255}));
}

static void test_message_id (void **state)
{
    static const struct {
        struct view id;
        bool valid;
    } cases[] = {
        {TEXT ("<a@b>"), true},
        {TEXT ("<CAF+x=_1%$@mail.example.org>"), true},
        {TEXT (""), false},
        {TEXT ("a@b"), false},
        {TEXT ("<@b>"), false},
        {TEXT ("<a@>"), false},
        {TEXT ("<a@b@c>"), false},
        {TEXT ("<ab>"), false},
        {TEXT ("<a b@c>"), false},
        {TEXT ("<a@b>\r\nBcc: <c@d>"), false},
        {TEXT ("<a@b\r\n>"), false},
        {TEXT ("<a\0@b>"), false},
        {TEXT ("<a@b> <c@d>"), false},
        {TEXT ("<a\xc3\xa9@b>"), false},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++)
        if (message_id_valid (cases[i].id) != cases[i].valid)
            fail_msg ("case %zu", i);
}

static void test_words (void **state)
{
    static const struct {
        struct view text;
        const char *wanted; /* NULL: refused */
    } cases[] = {
        {TEXT ("Jawaban atas laporan A1"), "Jawaban atas laporan A1"},
        {TEXT (""), ""},
        {TEXT ("caf\xc3\xa9"), "=?UTF-8?B?Y2Fmw6k=?="},
        {TEXT ("=?x"), "=?UTF-8?B?PT94?="},
        {TEXT ("a\r\nBcc: b@example.org"), NULL},
        {TEXT ("a\nb"), NULL},
        {TEXT ("a\0b"), NULL},
        {TEXT ("a\tb"), NULL},
        {TEXT ("a\x7f"), NULL},
        {TEXT ("a\xff"), NULL},
        /* a character is never cut in two: 44 bytes, then one of two bytes */
        {TEXT ("01234567890123456789012345678901234567890123\xc3\xa9z"),
         "=?UTF-8?B?MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM=?= "
         "=?UTF-8?B?w6l6?="},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct buffer out = {0};
        int fail = header_words (cases[i].text, &out);
        if (!cases[i].wanted) {
            assert_int_equal (fail, FAIL_MALFORMED);
            assert_int_equal (out.len, 0);
        } else {
            assert_int_equal (fail, 0);
            assert_int_equal (out.len, strlen (cases[i].wanted));
            assert_memory_equal (out.at ? out.at : "", cases[i].wanted, out.len);
        }
        buffer_free (&out);
    }
}

static void test_letter (void **state)
{
    struct msg_notice notice = notice_of ("answered");
    struct contact contact = contact_of ("siti@example.org");
    struct letter letter = {0}, again = {0};

    (void) state;
    contact.language = LANGUAGE_EN;
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
    assert_string_equal (letter.to, "siti@example.org");
    assert_string_equal (header (&letter, "Date"), "Tue, 24 Nov 2026 13:00:00 +0000");
    assert_string_equal (header (&letter, "From"), "Aduan <aduan@example.go.id>");
    assert_string_equal (header (&letter, "To"), "<siti@example.org>");
    assert_string_equal (header (&letter, "Subject"), "An answer to your report A0123456789ABC");
    assert_string_equal (header (&letter, "Auto-Submitted"), "auto-generated");
    assert_null (header (&letter, "In-Reply-To"));
    assert_null (header (&letter, "References"));
    assert_true (message_id_valid (view_of (header (&letter, "Message-ID"))));
    char *text = text_of (&letter);
    assert_string_equal (text,
                         "Dinas Pekerjaan Umum answers your report A0123456789ABC:\r\n\r\n"
                         "Jalan sudah diperbaiki.\r\n\r\n"
                         "If this does not settle the matter, please reply on your report.\r\n"
                         "Read and reply: https://aduan.example.go.id/t/A0123456789ABC\r\n");
    free (text);

    /* the Message-ID belongs to the notice: the same on every try, another for another notice */
    assert_int_equal (letter_compose (&notice, &contact, &head, noon + 90000, &again), 0);
    assert_string_equal (header (&again, "Message-ID"), header (&letter, "Message-ID"));
    letter_done (&again);
    notice.event++;
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &again), 0);
    assert_string_not_equal (header (&again, "Message-ID"), header (&letter, "Message-ID"));
    letter_done (&again);
    notice.event--;
    notice.recipient++;
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &again), 0);
    assert_string_not_equal (header (&again, "Message-ID"), header (&letter, "Message-ID"));
    letter_done (&again);
    letter_done (&letter);
    letter_done (&letter); /* harmless twice */
}

/* Reporters and supporters are told how to end it, by one request only where there is an address of https; officers have their
 * account, and a confirmation has nothing to end. */
static void test_stop (void **state)
{
    static const struct {
        uint64_t recipient, event;
        const char *stop;
        bool mail, one_click;
    } cases[] = {{0, 4, "", true, false},
                 {0, 4, "https://aduan.example.go.id/stop/", true, true},
                 {2, 1, "https://aduan.example.go.id/stop/", true, true},
                 {1, 1, "https://aduan.example.go.id/stop/", false, false},
                 {0, 0, "https://aduan.example.go.id/stop/", false, false}};
    struct contact contact = contact_of ("siti@example.org");

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct msg_notice notice = notice_of ("news");
        struct letterhead with = head;
        struct letter letter = {0};
        with.reply_key = reply_key;
        with.stop = cases[i].stop;
        notice.recipient = cases[i].recipient;
        notice.event = cases[i].event;
        assert_int_equal (letter_compose (&notice, &contact, &with, noon, &letter), 0);
        const char *how = header (&letter, "List-Unsubscribe"),
                   *post = header (&letter, "List-Unsubscribe-Post");
        assert_int_equal (how != NULL, cases[i].mail);
        assert_int_equal (how && strstr (how, "<https://aduan.example.go.id/stop/"),
                          cases[i].one_click);
        assert_int_equal (how && strstr (how, "@example.go.id?subject=BERHENTI>"), cases[i].mail);
        assert_int_equal (post && strcmp (post, "List-Unsubscribe=One-Click") == 0,
                          cases[i].one_click);
        letter_done (&letter);
    }
}

/* The contact's language wins, then the notice's, then Indonesian. */
static void test_language (void **state)
{
    static const struct {
        uint32_t contact, notice;
        const char *subject;
    } cases[] = {
        {0, 0, "Ada kabar tentang laporan Anda"},
        {0, LANGUAGE_EN, "There is news on your report"},
        {LANGUAGE_ID, LANGUAGE_EN, "Ada kabar tentang laporan Anda"},
        {LANGUAGE_EN, LANGUAGE_ID, "There is news on your report"},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct msg_notice notice = notice_of ("news");
        struct contact contact = contact_of ("siti@example.org");
        struct letter letter = {0};
        notice.language = cases[i].notice;
        contact.language = cases[i].contact;
        assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
        assert_string_equal (header (&letter, "Subject"), cases[i].subject);
        letter_done (&letter);
    }
}

/* Every template in both languages: complete, without braces, nothing of agency or text in the
 * subject; and without agency or text those that need them say only that there is news. */
static void test_templates (void **state)
{
    static const char *const keys[] = {"received", "moved",  "progress", "answered",
                                       "asked",    "closed", "refused",  "news",
                                       "merged",   "joined", "parted"};

    (void) state;
    for (size_t i = 0; i < array_len (keys); i++)
        for (uint32_t language = 1; language < LANGUAGE_LAST; language++) {
            struct msg_notice notice = notice_of (keys[i]);
            struct contact contact = contact_of ("siti@example.org");
            struct letter letter = {0};
            contact.language = language;
            notice.other = view_of ("A9876543210ZYX");
            assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
            assert_null (strstr (header (&letter, "Subject"), "Dinas"));
            assert_null (strstr (header (&letter, "Subject"), "Jalan"));
            char *text = text_of (&letter);
            assert_null (strpbrk (text, "{}"));
            bool names = strcmp (keys[i], "merged") == 0; /* the number that it goes on under */
            assert_int_equal (names, strstr (text, "A9876543210ZYX") != NULL);
            assert_true (strlen (text) > 20);
            free (text);
            letter_done (&letter);

            notice.agency = notice.text = notice.other = (struct view){NULL, 0};
            notice.due = 0;
            assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
            bool needs = strcmp (keys[i], "refused") != 0 && strcmp (keys[i], "joined") != 0;
            assert_int_equal (needs,
                              strstr (header (&letter, "Subject"), "A0123456789ABC") == NULL);
            letter_done (&letter);
        }
}

/* Without due time or tracking address their lines are left out, the rest stays. */
static void test_optional_lines (void **state)
{
    struct letterhead bare = head;
    struct msg_notice notice = notice_of ("asked");
    struct contact contact = contact_of ("siti@example.org");
    struct letter letter = {0};

    (void) state;
    bare.tracking = "";
    notice.due = 0;
    contact.language = LANGUAGE_EN;
    assert_int_equal (letter_compose (&notice, &contact, &bare, noon, &letter), 0);
    char *text = text_of (&letter);
    assert_string_equal (text, "Dinas Pekerjaan Umum needs something more from you for your report "
                               "A0123456789ABC:\r\n\r\nJalan sudah diperbaiki.\r\n\r\n"
                               "Your report waits for what you can tell.\r\n");
    free (text);
    letter_done (&letter);

    notice.template = view_of ("moved");
    assert_int_equal (letter_compose (&notice, &contact, &bare, noon, &letter), 0);
    text = text_of (&letter);
    assert_null (strstr (text, "due"));
    free (text);
    letter_done (&letter);
    notice.due = 1795525200000;
    assert_int_equal (letter_compose (&notice, &contact, &bare, noon, &letter), 0);
    text = text_of (&letter);
    assert_non_null (strstr (text, "\r\nThe next step is due by 24 November 2026, 20.00 WIB.\r\n"));
    free (text);
    letter_done (&letter);
}

/* What is missing is asked for in the first letter already, of a secret complaint too. */
static void test_asks (void **state)
{
    struct msg_notice notice = notice_of ("received");
    struct contact contact = contact_of ("siti@example.org");
    struct letter letter = {0};

    (void) state;
    contact.language = LANGUAGE_EN;
    notice.asks = 1 << (ASK_LOCATION - 1) | 1 << (ASK_PHOTO - 1);
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
    char *text = text_of (&letter);
    assert_non_null (strstr (text, "please add: where it is (village, district, regency or city); "
                                   "a photo.\r\n"));
    free (text);
    letter_done (&letter);
    notice.template = view_of ("news");
    notice.asks = 1 << (ASK_DATE - 1);
    contact.language = LANGUAGE_ID;
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
    text = text_of (&letter);
    assert_non_null (strstr (text, "lengkapi laporan Anda dengan: tanggal kejadian.\r\n"));
    free (text);
    letter_done (&letter);
    notice.asks = 0;
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
    text = text_of (&letter);
    assert_null (strstr (text, "lengkapi"));
    free (text);
    letter_done (&letter);
}

/* What became of the files of a mail, in the letter that it was received alone. */
static void test_files (void **state)
{
    static const char *const keys[] = {"received", "answered"};

    (void) state;
    for (size_t i = 0; i < 2 * array_len (keys); i++) {
        struct msg_notice notice = notice_of (keys[i / 2]);
        struct contact contact = contact_of ("siti@example.org");
        struct letter letter = {0};
        contact.language = LANGUAGE_EN;
        contact.code = view_of ("0123456789ABCDEFGHJKMNPQRS");
        contact.lost = 2;
        contact.cut = i % 2 ? 0 : 120;
        notice.agency = i % 2 ? notice.agency : (struct view){NULL, 0};
        assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
        char *text = text_of (&letter);
        assert_int_equal (strstr (text, "Files that we could not take: 2.") != NULL, i < 2);
        assert_int_equal (strstr (text, "its first 120 seconds are.") != NULL, i == 0);
        free (text);
        letter_done (&letter);
    }
}

/* Who reported by mail has number and code from the letter that his report was received, also where it may say nothing else; no other
 * letter and no header has the code. */
static void test_code (void **state)
{
    static const char code[] = "0123456789ABCDEFGHJKMNPQRS";
    static const char *const keys[] = {"received", "answered", "asked", "moved", "news", "refused"};

    (void) state;
    for (size_t i = 0; i < array_len (keys); i++)
        for (int secret = 0; secret < 2; secret++)
            for (uint32_t language = 1; language < LANGUAGE_LAST; language++) {
                struct msg_notice notice = notice_of (keys[i]);
                struct contact contact = contact_of ("siti@example.org");
                struct letter letter = {0};
                contact.language = language;
                contact.code = view_of (code);
                if (secret)
                    notice.agency = notice.text = (struct view){NULL, 0};
                assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
                char *text = text_of (&letter);
                assert_int_equal (strstr (text, code) != NULL, i == 0);
                if (i == 0) {
                    assert_non_null (strstr (text, "A0123456789ABC"));
                    assert_int_equal (strstr (text, "Dinas") != NULL, !secret);
                }
                for (unsigned at = 0; at < letter.header_count; at++)
                    assert_null (strstr (letter.headers[at], code));
                free (text);
                letter_done (&letter);
            }
}

/* What an agency writes stays in the text: line ends are CRLF, control characters are gone, braces
 * are only braces, a lone dot is left to the SMTP library. */
static void test_agency_text (void **state)
{
    struct msg_notice notice = notice_of ("progress");
    struct contact contact = contact_of ("siti@example.org");
    struct letter letter = {0};

    (void) state;
    notice.text =
        VIEW ("satu\ndua\r\ntiga\rempat\x01\x1b[31m\n.\n{url}{agency}\x7f\tlima \xc3\xa9");
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
    char *text = text_of (&letter);
    assert_non_null (strstr (text, "\r\n\r\nsatu\r\ndua\r\ntiga\r\nempat[31m\r\n.\r\n"
                                   "{url}{agency}\tlima \xc3\xa9\r\n\r\n"));
    for (const char *at = text; *at; at++)
        assert_true (*at != '\n' || (at > text && at[-1] == '\r'));
    free (text);
    letter_done (&letter);
}

static void test_thread (void **state)
{
    static const struct {
        struct view id, references;
        const char *reply, *wanted; /* NULL: no such header */
    } cases[] = {
        {TEXT ("<m@x.org>"), TEXT (""), "<m@x.org>", "<m@x.org>"},
        {TEXT ("<m@x.org>"), TEXT ("<a@x> <b@x>"), "<m@x.org>", "<a@x> <b@x> <m@x.org>"},
        {TEXT ("<m@x.org>"), TEXT ("  <a@x>\r\n\t<b@x>  "), "<m@x.org>", "<a@x> <b@x> <m@x.org>"},
        {TEXT ("<m@x.org>"), TEXT ("<a@x>\r\nBcc: spy@example.org <b@x>"), "<m@x.org>",
         "<a@x> <b@x> <m@x.org>"},
        {TEXT ("<m@x.org>"), TEXT ("<a\0@x> <b@x>"), "<m@x.org>", "<b@x> <m@x.org>"},
        {TEXT ("<m@x.org>\r\nBcc: spy@example.org"), TEXT ("<a@x>"), NULL, NULL},
        {TEXT (""), TEXT ("<a@x>"), NULL, NULL},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct msg_notice notice = notice_of ("news");
        struct contact contact = contact_of ("siti@example.org");
        struct letter letter = {0};
        contact.message_id = cases[i].id;
        contact.references = cases[i].references;
        assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
        const char *reply = header (&letter, "In-Reply-To"), *list = header (&letter, "References");
        assert_int_equal (reply == NULL, cases[i].reply == NULL);
        assert_int_equal (list == NULL, cases[i].wanted == NULL);
        if (reply)
            assert_string_equal (reply, cases[i].reply);
        if (list)
            assert_string_equal (list, cases[i].wanted);
        for (unsigned at = 0; at < letter.header_count; at++)
            assert_null (strpbrk (letter.headers[at], "\r\n"));
        letter_done (&letter);
    }
}

/* However much a stranger's mail programme collected: the line stays below 998, the newest stay. */
static void test_thread_long (void **state)
{
    struct buffer list = {0};
    struct msg_notice notice = notice_of ("news");
    struct contact contact = contact_of ("siti@example.org");
    struct letter letter = {0};

    (void) state;
    for (int i = 0; i < 400; i++)
        buffer_format (&list, "<%040d@example.org> ", i);
    contact.message_id = view_of ("<m@x.org>");
    contact.references = (struct view){list.at, list.len};
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), 0);
    assert_true (strlen (header (&letter, "References")) < 998 - 12);
    assert_non_null (strstr (header (&letter, "References"), "399@example.org> <m@x.org>"));
    letter_done (&letter);
    buffer_free (&list);
}

static void test_refused (void **state)
{
    struct msg_notice notice = notice_of ("nonsense");
    struct contact contact = contact_of ("siti@example.org");
    struct letter letter = {0};

    (void) state;
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), FAIL_ABSENT);
    notice.template = view_of ("answered");
    contact.address = VIEW ("siti@example.org\r\nBcc: spy@example.org");
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), FAIL_REFUSED);
    contact.address = VIEW ("siti@example.org");
    notice.number = VIEW ("A01\r\nBcc: x");
    assert_int_equal (letter_compose (&notice, &contact, &head, noon, &letter), FAIL_REFUSED);
    assert_null (letter.to);
}

/* ---- contacts -------------------------------------------------------------------------------- */

struct sealing {
    char folder[64];
    uint8_t public[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES];
};

static int sealing_begin (void **state)
{
    struct sealing *sealing = xcalloc (1, sizeof *sealing);

    strcpy (sealing->folder, "/tmp/test_compose.XXXXXX");
    assert_non_null (mkdtemp (sealing->folder));
    crypto_box_keypair (sealing->public, sealing->secret);
    char *path = xformat ("%s/contact-7.key", sealing->folder);
    char *text = xformat ("%s\n", hex_text (sealing->secret, sizeof sealing->secret));
    assert_int_equal (file_write (path, text, strlen (text), 0600), 0);
    free (text);
    free (path);
    path = xformat ("%s/contact-8.key", sealing->folder);
    assert_int_equal (file_write (path, "no key\n", 7, 0600), 0);
    free (path);
    *state = sealing;
    return 0;
}

static int sealing_end (void **state)
{
    struct sealing *sealing = *state;

    for (int i = 7; i <= 8; i++) {
        char *path = xformat ("%s/contact-%d.key", sealing->folder, i);
        unlink (path);
        free (path);
    }
    rmdir (sealing->folder);
    free (sealing);
    return 0;
}

/* Pads and seals; the caller frees. */
static struct view seal (const struct sealing *sealing, const char *at, size_t len, bool pad)
{
    size_t room = len + 512, padded = len;
    uint8_t *clear = xcalloc (1, room), *sealed = xcalloc (1, room + crypto_box_SEALBYTES);

    memcpy (clear, at, len);
    if (pad)
        assert_int_equal (sodium_pad (&padded, clear, len, 256, room), 0);
    assert_int_equal (crypto_box_seal (sealed, clear, padded, sealing->public), 0);
    free (clear);
    return (struct view){(char *) sealed, padded + crypto_box_SEALBYTES};
}

static void pack_text (msgpack_packer *packer, uint64_t tag, const char *text)
{
    msgpack_pack_uint64 (packer, tag);
    msgpack_pack_str (packer, strlen (text));
    msgpack_pack_str_body (packer, text, strlen (text));
}

static void test_contact (void **state)
{
    const struct sealing *sealing = *state;
    msgpack_sbuffer clear;
    msgpack_packer packer;
    struct contact contact = {0};

    msgpack_sbuffer_init (&clear);
    msgpack_packer_init (&packer, &clear, msgpack_sbuffer_write);
    msgpack_pack_map (&packer, 9);
    msgpack_pack_uint64 (&packer, 1);
    msgpack_pack_uint64 (&packer, 1);
    pack_text (&packer, 2, "web");
    pack_text (&packer, 3, "key-1");
    pack_text (&packer, 4, "email");
    pack_text (&packer, 5, "siti@example.org");
    msgpack_pack_uint64 (&packer, 6);
    msgpack_pack_uint64 (&packer, LANGUAGE_EN);
    pack_text (&packer, 7, "<m@x.org>");
    pack_text (&packer, 8, "<a@x>");
    pack_text (&packer, 99, "of a newer adapter");
    struct view sealed = seal (sealing, clear.data, clear.size, true);
    assert_int_equal ((sealed.len - crypto_box_SEALBYTES) % 256, 0);
    assert_int_equal (contact_open (sealing->folder, 7, sealed, &contact), 0);
    assert_true (view_is (contact.kind, "email"));
    assert_true (view_is (contact.address, "siti@example.org"));
    assert_true (view_is (contact.message_id, "<m@x.org>"));
    assert_true (view_is (contact.references, "<a@x>"));
    assert_int_equal (contact.language, LANGUAGE_EN);
    contact_done (&contact);
    contact_done (&contact);

    assert_int_equal (contact_open (sealing->folder, 9, sealed, &contact), FAIL_ABSENT);
    assert_int_equal (contact_open (sealing->folder, 8, sealed, &contact), FAIL_CORRUPT);
    for (size_t i = 0; i < sealed.len; i += 7) { /* any changed byte is noticed */
        ((char *) sealed.at)[i] ^= 1;
        assert_int_equal (contact_open (sealing->folder, 7, sealed, &contact), FAIL_CORRUPT);
        ((char *) sealed.at)[i] ^= 1;
    }
    for (size_t len = 0; len < sealed.len; len += 5)
        assert_int_equal (
            contact_open (sealing->folder, 7, (struct view){sealed.at, len}, &contact),
            FAIL_CORRUPT);
    free ((char *) sealed.at);

    /* sealed rightly, but not a contact */
    static const struct view bad[] = {
        TEXT (""),
        TEXT ("\x80"),
        TEXT ("\x81\x01\x02"),
        TEXT ("\x81\x01\x01"),
        TEXT ("\xc0"),
        TEXT ("\xdf\xff\xff\xff\xff"),
        TEXT ("\x82\x01\x01\x05\xdb\xff\xff\xff\xff"),
        TEXT ("\x82\x01\x01\xa1\x35\xa1x"),
        TEXT ("\x82\x01\x01\x05\xa0"),
        TEXT ("\x82\x01\x01\x05\xa1x\x00"),
    };
    for (size_t i = 0; i < array_len (bad); i++)
        for (int pad = 0; pad < 2; pad++) {
            sealed = seal (sealing, bad[i].at, bad[i].len, pad);
            if (contact_open (sealing->folder, 7, sealed, &contact) != FAIL_CORRUPT)
                fail_msg ("case %zu was taken", i);
            free ((char *) sealed.at);
        }
    msgpack_sbuffer_destroy (&clear);
}

int main (void)
{
    if (sodium_init () < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_address),
        cmocka_unit_test (test_message_id),
        cmocka_unit_test (test_words),
        cmocka_unit_test (test_letter),
        cmocka_unit_test (test_stop),
        cmocka_unit_test (test_language),
        cmocka_unit_test (test_templates),
        cmocka_unit_test (test_optional_lines),
        cmocka_unit_test (test_asks),
        cmocka_unit_test (test_code),
        cmocka_unit_test (test_files),
        cmocka_unit_test (test_agency_text),
        cmocka_unit_test (test_thread),
        cmocka_unit_test (test_thread_long),
        cmocka_unit_test (test_refused),
        cmocka_unit_test_setup_teardown (test_contact, sealing_begin, sealing_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
