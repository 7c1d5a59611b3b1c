/* aduan-web - the public HTTP door: report form, tracking, published reports, programs and gateways. */
#include "web.h"

int main (int argc, char **argv)
{
    const struct daemon web = {
        .name = "web",
        .settings = web_settings,
        .settings_len = web_settings_len,
        .settings_right = web_settings_right,
        .drain_ms = 15000, /* a submission under way should get its answer */
        .start = web_start,
        .drain = web_drain,
        .stop = web_stop,
        .measure = web_measure,
        .show = web_show,
    };
    return daemon_main (&web, argc, argv);
}
