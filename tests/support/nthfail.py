"""The N-th call fails: intake under strace, which makes one call of its spool, or all from one on, return
an error instead of being made.

A write or sync of the segment in use that failed ends the process within a second, and nobody whose
submission came later is told ACCEPTED; a spare that cannot be made is thrown away; a descriptor that
failed is never written or synced again; after a clean start everything acked is there.
"""
import os
import re
import time

from power import attach
from spoolbench import SpoolBench, Volley

ERRORS = {"pwrite64": ("EIO", "ENOSPC", "EINTR"), "fdatasync": ("EIO", "ENOSPC", "EINTR"), "fsync": ("EIO", "ENOSPC"),
          "fallocate": ("ENOSPC", "EIO"), "openat": ("EIO", "EMFILE"), "unlink": ("EIO",)}
TRACED = "pwrite64,fdatasync,fsync,fallocate,openat,unlink,close"
BEGUN = re.compile(r"^(\d+) +([0-9.]+) (\w+)\((.*)$")
ENDED = re.compile(r"^(\d+) +([0-9.]+) <\.\.\. (\w+) resumed>(.*)$")
RESULT = re.compile(r"\) += (-?\d+)(.*)$")
AFTER_START = ("openat", "unlink")  # before it they are the loader's
LOAD = 130  # submissions of 9000 bytes fill more than a segment of 1 MiB


class Call:
    def __init__(self, begun, rest):
        self.thread, self.at, self.name = int(begun[1]), float(begun[2]), begun[3]
        number = re.match(r"\d+", begun[4])
        self.fd = int(number[0]) if number else None
        result = RESULT.search(rest)
        self.result, self.injected = int(result[1]) if result else 0, "INJECTED" in rest


def read_trace(path):
    """Calls in the order in which they ended; a line of strace's may be one half of a call."""
    calls, begun = [], {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            whole, half = BEGUN.match(line), ENDED.match(line)
            if whole and "<unfinished" in line:
                begun[whole[1]] = whole
            elif whole:
                calls.append(Call(whole, whole[4]))
            elif half and half[1] in begun:
                calls.append(Call(begun.pop(half[1]), half[4]))
    return calls


def used_again(calls):
    """Calls on a descriptor after one on it had failed."""
    failed, found = set(), []
    for call in calls:
        if call.name == "openat" and call.result >= 0:
            failed.discard(call.result)
        elif call.name == "close":
            failed.discard(call.fd)
        elif call.name in ("pwrite64", "fdatasync", "fsync"):
            if call.fd in failed:
                found.append(f"{call.name} ({call.fd}) after one had failed")
            if call.injected:
                failed.add(call.fd)
    return found


class NthFailure:
    def __init__(self, folder, mutant=None):
        self.bench = SpoolBench(folder, environment={"MUTANT": mutant} if mutant else {})
        self.runs = self.hits = self.exits = 0
        self.problems = []

    def __enter__(self):
        self.bench.__enter__()
        self.volley = Volley(self.bench, length=9000)
        return self

    def __exit__(self, *_):
        self.bench["intake"].kill()
        self.bench.close()

    @staticmethod
    def _fatal(trace):
        """When a write or sync of the segment in use failed, by the wall clock; 0: none did."""
        calls = read_trace(trace)
        spares = {call.thread for call in calls if call.name == "fallocate"}
        return next((call.at for call in calls if call.injected and call.name in ("pwrite64", "fdatasync") and
                     call.thread not in spares), 0)

    def _load(self, intake):
        """Submissions until intake leaves or has taken them all."""
        self.volley.last_kept = 0.0
        target = len(self.volley.acked) + LOAD
        if not self.volley.connect(5):
            return
        self.volley.fire(2.5, window=8, ends=lambda: not intake.alive() or len(self.volley.acked) >= target)
        self.volley.listen(0.05)

    def _start_again(self):
        intake = self.bench["intake"]
        intake.kill()
        intake.prefix = []
        intake.start(MUTANT="")
        lost = set(self.volley.acked) - set(self.bench.there())
        if lost:
            self.problems.append(f"{len(lost)} acked are not in the spool")
        intake.kill()

    def run(self, name, error, when):
        """One life of intake with this failure; True where it was met."""
        bench, intake = self.bench, self.bench["intake"]
        trace = os.path.join(bench.folder, "trace")
        before = len(self.problems)
        if len(self.volley.acked) > 20 * LOAD:
            bench.empty()
            self.volley.acked.clear()
        strace = ["strace", "-f", "-q", "-ttt", "-s", "0", "-o", trace, "-e", f"trace={TRACED}",
                  "-e", f"inject={name}:error={error}:when={when}"]
        intake.prefix = [] if name in AFTER_START else [*strace, "-D"]
        intake.start(wait=False, ASAN_OPTIONS="detect_leaks=0:exitcode=99")  # which ptrace forbids
        came_up = self._ready(intake)
        tracer = attach(strace, intake.process.pid) if name in AFTER_START else None
        if came_up:
            self._load(intake)
        left = None if came_up and intake.alive() and not self._fatal(trace) else self._gone(intake, 1.0)
        if tracer:
            tracer.terminate()
            tracer.wait(20)
        calls = read_trace(trace)
        problems = used_again(calls)
        fatal = self._fatal(trace)
        if fatal and self.volley.last_kept + time.time() - time.monotonic() > fatal:
            problems.append("a submission that came after the failure was accepted")
        if came_up and fatal and left is None:
            problems.append("it did not leave within a second")
        if left is not None:
            self.exits += 1
            if left not in (69, 74, 78):
                problems.append(f"it left with status {left}:\n{intake.tail(12)}")
        hit = any(call.injected for call in calls)
        self.runs += 1
        self.hits += hit
        self.problems += [f"{name} {error} {when}: {problem}" for problem in problems + self.volley.wrong]
        self.volley.wrong.clear()
        self._start_again()
        if len(self.problems) > before:
            self.problems[-1] += f" ({name} {error} {when})"
        return hit

    @staticmethod
    def _ready(intake):
        try:
            intake.wait_ready(20)
            return True
        except RuntimeError:
            return False

    @staticmethod
    def _gone(intake, seconds):
        """Its exit status, if it leaves in that time or was about to."""
        deadline = time.monotonic() + seconds
        while intake.alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        return intake.process.returncode if not intake.alive() else None

    def series(self, name, error, sticky, numbers):
        """N from `numbers` until no call is met any more."""
        for number in numbers:
            if not self.run(name, error, f"{number}{'+' if sticky else ''}"):
                return

    def figures(self):
        slowest = max(self.volley.tempfail_times, default=0)
        return (f"{self.runs} runs, {self.hits} failures met, {self.exits} exits, {self.volley.tempfails} TEMPFAILs, the slowest after "
                f"{slowest * 1000:.0f} ms, {len(self.problems)} problems")


def everything(folder, numbers, errors=ERRORS, say=print):
    """All calls and errors, once and sticky; problems."""
    began = time.monotonic()
    with NthFailure(folder) as failure:
        for name in errors:
            for error in errors[name]:
                for sticky in (False, True):
                    failure.series(name, error, sticky, numbers)
        say(f"{failure.figures()}, {time.monotonic() - began:.0f} s")
        if not failure.hits or not failure.exits:
            failure.problems.append("nothing failed: the row is broken")
        return failure.problems


def no_exit_is_caught(folder, say=print):
    """A build that goes on after a failed flush."""
    with NthFailure(folder, "no_exit") as failure:
        failure.run("fdatasync", "EIO", "4")
        say(f"mutant no_exit: {failure.problems[:1] or 'NOT caught'}")
        return bool(failure.problems)
