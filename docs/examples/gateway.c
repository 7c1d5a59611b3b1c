/* gateway.c - an adapter with many complaints in flight: a line of standard input each, as a modem
 * or a mail gateway might hand them over.  Nothing here blocks; the library repeats what is not
 * answered.
 *
 *     gateway tcp://127.0.0.1:8313 keys/intake.pub keys/adapter-sms.key < messages
 *
 * A real gateway keeps each message until `on_submitted` says ACCEPTED, and takes key and time from
 * its provider; here the line's number stands for the provider's message id.
 */
#include <aduan.h>
#include <stdio.h>
#include <string.h>

struct gateway {
    unsigned in_flight, accepted, rejected;
};

static void on_submitted (void *with, const struct aduan_submitted *result)
{
    struct gateway *gateway = with;
    gateway->in_flight--;
    if (result->result == ADUAN_ACCEPTED)
        gateway->accepted++;
    else
        gateway->rejected++; /* tell its sender: result->reject, result->field */
}

int main (int argc, char **argv)
{
    struct gateway gateway = {0};
    struct aduan *aduan;
    char line[1024], key[32];
    unsigned number = 0;
    if (argc != 4)
        return 64;
    struct aduan_options options = {
        .name = "sms", .intake = argv[1], .intake_key = argv[2], .key_file = argv[3]};
    if (aduan_open (&options, &aduan) != 0) {
        fprintf (stderr, "%s\n", aduan_problem ());
        return 78;
    }
    while (fgets (line, sizeof line, stdin)) {
        line[strcspn (line, "\n")] = 0;
        snprintf (key, sizeof key, "message-%u", ++number);
        struct aduan_submission submission = {
            .key = key, .created = 1700000000000, .channel = ADUAN_CHANNEL_SMS, .text = line};
        gateway.in_flight++;
        aduan_submit_start (aduan, &submission, 0, on_submitted, &gateway);
        while (gateway.in_flight >= 100) /* a bound of our own; credit is the library's business */
            aduan_turn (aduan, -1);
    }
    while (gateway.in_flight)
        aduan_turn (aduan, -1);
    printf ("%u accepted, %u rejected\n", gateway.accepted, gateway.rejected);
    aduan_close (&aduan);
    return gateway.rejected != 0;
}
