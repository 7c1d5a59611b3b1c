/* fault.c - fault points and mutants by environment; empty unless built with -Dfaults=true. */
#include "base/fault.h"
#include "base/base.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name, *program, *row, *meaning;
} faults[] = {
#define FAULT(name, program, row, meaning) {#name, #program, #row, meaning},
#include "base/fault.def"
};

void fault_list (void)
{
    for (size_t i = 0; i < array_len (faults); i++)
        printf ("%s %s %s %s\n", faults[i].name, faults[i].program, faults[i].row,
                faults[i].meaning);
}

#ifdef ADUAN_FAULTS

enum fault_kind { FAULT_KIND_NONE, FAULT_KIND_KILL, FAULT_KIND_FAIL, FAULT_KIND_DELAY };

static struct {
    enum fault_kind kind;
    unsigned long number; /* the pass to act at; of a delay its ms */
    unsigned long passes;
} armed[FAULTS];

static const char *const mutants[] = {
#define MUTANT(name, program, meaning) #name,
#include "base/mutant.def"
};
static bool mutant_set[MUTANTS];

static void wrong (const char *variable, const char *value)
{
    log_error ("%s=%s: not a known name, or not NAME:kill|fail|delay:NUMBER", variable, value);
    abort ();
}

static void arm_fault (char *one)
{
    char *save = NULL;
    const char *name = strtok_r (one, ":", &save), *kind = strtok_r (NULL, ":", &save),
               *number = strtok_r (NULL, ":", &save);
    for (size_t i = 0; name && kind && i < FAULTS; i++) {
        if (strcmp (name, faults[i].name) != 0)
            continue;
        armed[i].kind = strcmp (kind, "kill") == 0    ? FAULT_KIND_KILL
                        : strcmp (kind, "fail") == 0  ? FAULT_KIND_FAIL
                        : strcmp (kind, "delay") == 0 ? FAULT_KIND_DELAY
                                                      : FAULT_KIND_NONE;
        armed[i].number = number ? strtoul (number, NULL, 10) : 1;
        if (armed[i].kind)
            return;
    }
    wrong ("FAULT", name ? name : "");
}

static void arm_mutant (const char *one)
{
    for (size_t i = 0; i < MUTANTS; i++)
        if (strcmp (one, mutants[i]) == 0) {
            mutant_set[i] = true;
            return;
        }
    wrong ("MUTANT", one);
}

static void arm (void)
{
    static bool done;
    if (done)
        return;
    done = true;
    char *save = NULL;
    const char *text = getenv ("FAULT");
    char *copy = xstrdup (text ? text : "");
    for (char *one = strtok_r (copy, ",", &save); one; one = strtok_r (NULL, ",", &save))
        arm_fault (one);
    free (copy);
    text = getenv ("MUTANT");
    copy = xstrdup (text ? text : "");
    for (char *one = strtok_r (copy, ",", &save); one; one = strtok_r (NULL, ",", &save))
        arm_mutant (one);
    free (copy);
}

bool fault_here (enum fault fault)
{
    arm ();
    if (armed[fault].kind == FAULT_KIND_NONE)
        return false;
    armed[fault].passes++;
    if (armed[fault].kind == FAULT_KIND_DELAY) {
        struct timespec wait = {(time_t) (armed[fault].number / 1000),
                                (long) (armed[fault].number % 1000) * 1000000};
        nanosleep (&wait, NULL);
        return false;
    }
    if (armed[fault].passes != armed[fault].number)
        return false;
    log_info ("fault point %s: %s", faults[fault].name,
              armed[fault].kind == FAULT_KIND_KILL ? "killed" : "fails");
    if (armed[fault].kind == FAULT_KIND_KILL)
        kill (getpid (), SIGKILL);
    return true;
}

bool mutant_on (enum mutant mutant)
{
    arm ();
    return mutant_set[mutant];
}

#endif
