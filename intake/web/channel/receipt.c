/* receipt.c - the receipt of a report, as often as its reporter looks at it.
 *
 *     POST /report -> accepted -> cookie (proof.c) -> 303 -> GET /receipt, for half an hour behind the last look
 *
 * Telephones let go of pages that nobody looks at, and fetch them again by their address: so the receipt has one of its own, and what
 * it shows is in the sealed cookie.  A browser without cookies gets it as the answer itself.
 *
 * It says of what is stored, never of what was sent last: where the two differ form.c says so on the page of the first report.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "../web.h"

/* The cookie that says that cookies are kept; it says nothing else. */
#define HERE_COOKIE "aduan-here"

void receipt_here (struct visit *visit)
{
    http_say (visit->request, "Set-Cookie", HERE_COOKIE "=1; Path=/; HttpOnly; SameSite=Strict");
}

/* In groups that can be read aloud. */
static void code_grouped (const char *code, char ret[ADUAN_CODE_SIZE + ADUAN_CODE_SIZE / 4])
{
    size_t len = 0;

    for (size_t i = 0; code[i]; i++) {
        if (i && i % 4 == 0)
            ret[len++] = ' ';
        ret[len++] = code[i];
    }
    ret[len] = 0;
}

void receipt_page (struct visit *visit, unsigned status)
{
    char code[ADUAN_CODE_SIZE + ADUAN_CODE_SIZE / 4];

    code_grouped (visit->code, code);
    visit_value (visit, "receipt", "yes");
    visit_value (visit, "number", visit->number);
    visit_value (visit, "code", code);
    visit_value (visit, "public", visit->receipt & RECEIPT_PUBLIC ? "yes" : NULL);
    visit_value (visit, "contact", visit->receipt & RECEIPT_CONTACT ? "yes" : NULL);
    visit_value (visit, "quiet", visit->receipt & RECEIPT_QUIET ? "yes" : NULL);
    visit_value (visit, "by",
                 visit->receipt & RECEIPT_EMAIL      ? "email"
                 : visit->receipt & RECEIPT_SMS      ? "sms"
                 : visit->receipt & RECEIPT_WHATSAPP ? "whatsapp"
                                                     : NULL);
    visit_value (visit, "photos_lost", visit->receipt & RECEIPT_PHOTOS_LOST ? "yes" : NULL);
    visit_page (visit, status, "receipt");
    sodium_memzero (code, sizeof code);
}

void receipt_take (struct visit *visit, const char *number, const char *code, unsigned says)
{
    snprintf (visit->number, sizeof visit->number, "%s", number);
    snprintf (visit->code, sizeof visit->code, "%s", code);
    visit->receipt = (uint8_t) (RECEIPT_IS | says);
    proof_keep (visit, visit->number, visit->code);
}

void receipt_give (struct visit *visit)
{
    if (http_cookie (visit->request, HERE_COOKIE))
        http_redirect (visit->request, "/receipt");
    else
        receipt_page (visit, 200);
}

/* False, and answered: this browser has none. */
static bool receipt_read (struct visit *visit)
{
    proof_read (visit);
    if (*visit->number && visit->receipt)
        return true;
    http_redirect (visit->request, *visit->number ? "/case" : "/track?said=proof_over");
    return false;
}

static void receipt_show (struct visit *visit)
{
    if (!receipt_read (visit))
        return;
    proof_keep (visit, visit->number, visit->code); /* half an hour more */
    receipt_page (visit, 200);
}

/* To be kept on the device, also without a script. */
static void receipt_file (struct visit *visit)
{
    char code[ADUAN_CODE_SIZE + ADUAN_CODE_SIZE / 4];

    if (!receipt_read (visit))
        return;
    code_grouped (visit->code, code);
    char *text = xformat ("%s\r\n%s: %s\r\n%s: %s\r\n\r\n%s\r\n", web_word (visit, "product"),
                          web_word (visit, "number_label"), visit->number,
                          web_word (visit, "code_label"), code, web_word (visit, "receipt_keep"));
    char *name = xformat ("attachment; filename=\"aduan-%s.txt\"", visit->number);
    http_say (visit->request, "Content-Disposition", name);
    http_say (visit->request, "Cache-Control", "no-store");
    http_answer (visit->request, 200, "text/plain; charset=utf-8", text, strlen (text));
    sodium_memzero (text, strlen (text));
    sodium_memzero (code, sizeof code);
    free (name);
    free (text);
}

static const struct route routes[] = {
    {HTTP_GET, "/receipt", receipt_show, 0, false},
    {HTTP_GET, "/receipt/file", receipt_file, 0, false},
};

const struct inlet inlet_receipt = {"receipt", routes, array_len (routes), page_refuse,
                                    COUNTED_BY_SOURCE};
