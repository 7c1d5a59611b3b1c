/* aduan-intake - takes complaints in, keeps them safe in its spool, hands them to the router. */
#include "intake.h"

int main (int argc, char **argv)
{
    return daemon_main (&intake_daemon, argc, argv);
}
