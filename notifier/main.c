/* aduan-notifier - claims notices through the store and tells the reporters by mail. */
#include "notifier.h"

int main (int argc, char **argv)
{
    const struct daemon notifier = {
        .name = "notifier",
        .settings = notifier_settings,
        .settings_len = notifier_settings_len,
        .drain_ms = 30000, /* a letter under way should get its outcome */
        .settings_right = notifier_settings_right,
        .start = notifier_start,
        .reload = notifier_reload,
        .drain = notifier_drain,
        .stop = notifier_stop,
        .show = notifier_show,
    };
    return daemon_main (&notifier, argc, argv);
}
