/* aduan-router - finds the agency that must answer, and is the door where agencies pull and act. */
#include "router.h"

int main (int argc, char **argv)
{
    return daemon_main (&router_daemon, argc, argv);
}
