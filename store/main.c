/* aduan-store - the only writer of PostgreSQL: record, lease, act, outbox, snapshots. */
#include "store.h"

int main (int argc, char **argv)
{
    return daemon_main (&store_daemon, argc, argv);
}
