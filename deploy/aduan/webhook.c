/* webhook.c - `aduan webhook`: what is done with webhooks day by day, in fewer words than by `aduan admin`, whose orders and
 * session it uses. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"

static const struct {
    const char *word, *admin;
    size_t least, most; /* words behind it */
} rows[] = {
    {"list", "webhooks", 0, 1},         {"test", "test_webhook", 1, 1},
    {"replay", "replay_webhook", 2, 2}, {"pause", "pause_webhook", 1, 1},
    {"resume", "resume_webhook", 1, 1},
};

int run_webhook (struct cli *cli)
{
    const char *const *said = (const char *const *) cli->options.arguments;
    size_t count = cli->options.argument_count, i = 0;
    const char *word = count ? said[0] : "";

    while (i < array_len (rows) && strcmp (rows[i].word, word) != 0)
        i++;
    if (i == array_len (rows) || count - 1 < rows[i].least || count - 1 > rows[i].most)
        return complain (EX_USAGE, TEXT_webhook_which, "word", word, NULL);
    bool orders = rows[i].least > 0;
    char *words[3] = {xstrdup (rows[i].admin), NULL, NULL};
    if (count > 1)
        words[1] = xformat ("%s%s", orders ? "webhook=" : "", said[1]);
    if (count > 2)
        words[2] = xformat ("from=%s", said[2]);
    struct cli same = *cli;
    same.options.arguments = words;
    int status = run_admin (&same);
    for (size_t w = 0; w < array_len (words); w++)
        free (words[w]);
    return status;
}
