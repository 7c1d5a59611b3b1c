/* aduan-query - answers named, read-only queries. */
#include "query.h"

int main (int argc, char **argv)
{
    const struct daemon query = {
        .name = "query",
        .settings = query_settings,
        .settings_len = query_settings_len,
        .start = query_start,
        .drain = query_drain,
        .stop = query_stop,
        .show = query_show,
    };
    return daemon_main (&query, argc, argv);
}
