/* aduan-desk - the agencies' HTTP door: console in the browser and JSON API. */
#include "desk.h"

int main (int argc, char **argv)
{
    const struct daemon desk = {
        .name = "desk",
        .settings = desk_settings,
        .settings_len = desk_settings_len,
        .settings_right = desk_settings_right,
        .drain_ms = 30000, /* an act under way should get its answer */
        .start = desk_start,
        .drain = desk_drain,
        .stop = desk_stop,
        .measure = desk_measure,
        .show = desk_show,
    };
    return daemon_main (&desk, argc, argv);
}
