/* cage.c - from here on the program may compute, read, write and leave.
 *
 * Memory and time are bounded by the kernel, not by trust in three decoders; whatever else they may be talked into is no
 * system call that exists for them.
 */
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "caged.h"

#define MEMORY_MOST                                                                                \
    (512ul << 20)  /* the largest picture, a progressive one's coefficients, what came */
#define SECONDS 15 /* of the processor */

static bool bounded (void)
{
    static const struct {
        enum __rlimit_resource what;
        rlim_t most;
    } limits[] = {
        {RLIMIT_AS, MEMORY_MOST}, {RLIMIT_CPU, SECONDS}, {RLIMIT_NOFILE, 0},
        {RLIMIT_FSIZE, 0},        {RLIMIT_CORE, 0},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (setrlimit (limits[i].what, &(struct rlimit){limits[i].most, limits[i].most}) != 0)
            return false;
    return true;
}

/* Whatever is not named here kills the process. */
static bool filtered (void)
{
    static const int calls[] = {SCMP_SYS (read),       SCMP_SYS (write),  SCMP_SYS (exit),
                                SCMP_SYS (exit_group), SCMP_SYS (brk),    SCMP_SYS (munmap),
                                SCMP_SYS (mremap),     SCMP_SYS (madvise)};
    scmp_filter_ctx filter = seccomp_init (SCMP_ACT_KILL_PROCESS);
    bool good = filter;

    for (size_t i = 0; good && i < sizeof calls / sizeof calls[0]; i++)
        good = seccomp_rule_add (filter, SCMP_ACT_ALLOW, calls[i], 0) == 0;
    good = good && seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (mmap), 1,
                                     SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
    good = good && seccomp_load (filter) == 0;
    seccomp_release (filter);
    return good;
}

void cage_shut (void)
{
    setpriority (PRIO_PROCESS, 0, 19); /* who waits for a receipt comes before pictures */
    if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0 || !bounded () || !filtered ())
        leave (END_CAGE);
}
