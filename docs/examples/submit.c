/* submit.c - the smallest adapter: one complaint, durable before it says so.
 *
 *     submit tcp://127.0.0.1:8313 keys/intake.pub keys/adapter-web.key "Lampu jalan padam"
 */
#include <aduan.h>
#include <stdio.h>
#include <time.h>

int main (int argc, char **argv)
{
    struct aduan *aduan;
    struct aduan_token token;
    struct aduan_submitted result;
    if (argc != 5)
        return 64;

    /* Draw both with the form and keep them with it: a repeat must carry the same. */
    aduan_token_new (&token);
    uint64_t created = (uint64_t) time (NULL) * 1000;

    struct aduan_options options = {
        .name = "web", .intake = argv[1], .intake_key = argv[2], .key_file = argv[3]};
    if (aduan_open (&options, &aduan) != 0) {
        fprintf (stderr, "%s\n", aduan_problem ());
        return 78;
    }
    struct aduan_submission submission = {
        .key = token.key,
        .code = token.code,
        .created = created,
        .channel = ADUAN_CHANNEL_WEB,
        .text = argv[4],
        .anonymous = ADUAN_FLAG_NO,
        .secret = ADUAN_FLAG_NO,
    };
    enum aduan_result how = aduan_submit (aduan, &submission, 30000, &result);
    if (how == ADUAN_ACCEPTED)
        printf ("%s %s\n", result.number, token.code);
    else if (how == ADUAN_UNKNOWN)
        fprintf (stderr, "no answer: it may be stored; submit the same again later\n");
    else
        fprintf (stderr, "%s %s %s\n", aduan_result_word (how), aduan_reject_word (result.reject),
                 result.field);
    aduan_close (&aduan);
    return how != ADUAN_ACCEPTED;
}
