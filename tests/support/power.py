"""Power cuts of the spool: a loop-mounted XFS is shut down under intake, mounted again, and all that was
answered ACCEPTED must be there, everything before it whole.

XFS alone: ext4's shutdown can report a sync that was none.  The image is at least 300 MB.  Answers are
kept outside of the mount.  Store and router are away, so that nothing hides a loss.
"""
import os
import random
import subprocess
import threading
import time

from spoolbench import SpoolBench, Volley, wait

IMAGE_MB = 320


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


class Disk:
    """A file with XFS on it, mounted at `point`."""

    def __init__(self, image, point):
        self.image, self.point, self.mounted = image, point, False
        with open(image, "wb") as file:
            file.truncate(IMAGE_MB << 20)
        run("mkfs.xfs", "-q", image)
        self.mount()

    def mount(self):
        run("mount", "-o", "loop", self.image, self.point)
        self.mounted = True

    def cut(self):
        """What is not on the disk now never will be; writes and syncs fail from here on."""
        run("xfs_io", "-x", "-c", "shutdown", self.point)

    def _attached(self):
        return subprocess.run(["losetup", "-j", self.image], capture_output=True, text=True, check=True).stdout != ""

    def unmount(self):
        """The kernel lets go of a loop device after umount returns; a second one on the same image must
        not come before that."""
        if self.mounted:
            run("umount", self.point)
            wait(lambda: not self._attached(), 30, "the loop device's end")
            self.mounted = False


def attach(strace, pid):
    """A strace on a process that runs; returns once it is attached."""
    tracer = subprocess.Popen([*strace, "-p", str(pid)])
    path = f"/proc/{pid}/status"

    def attached():
        with open(path, encoding="ascii") as file:
            return f"TracerPid:\t{tracer.pid}\n" in file.read()
    wait(attached, 10, "strace")
    return tracer


class PowerCuts:
    """Cuts one after the other on one spool, which is emptied now and then."""

    def __init__(self, folder, seed, mutant=None, generation=15):
        self.bench = SpoolBench(folder, environment={"MUTANT": mutant} if mutant else {})
        self.dice, self.generation = random.Random(seed), generation
        self.cuts = self.accepted = self.torn = 0
        self.problems = []

    def __enter__(self):
        self.bench.__enter__()
        try:
            self.disk = Disk(os.path.join(self.bench.folder, "disk.img"), self.bench.spool_folder)
            self.volley = Volley(self.bench)
            self.due = {}  # acked since the spool was empty
            self.bench["intake"].start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.bench["intake"].kill()
        if hasattr(self, "disk"):
            self.disk.unmount()
        self.bench.close()

    def _renew(self):
        self.bench["intake"].kill()
        self.bench.empty()
        self.volley.open.clear()
        self.due = {}
        self.bench["intake"].start()

    def _fire_and_cut(self, slow):
        intake = self.bench["intake"]
        strace = ["strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=fdatasync,fsync",
                  "-e", f"inject=fdatasync,fsync:delay_enter={slow}"]
        tracer = attach(strace, intake.process.pid) if slow else None
        assert self.volley.connect(), "no connection"
        cut = threading.Timer(self.dice.uniform(0.05, 0.5), self.disk.cut)
        cut.start()
        acked = set(self.volley.acked)
        self.volley.fire(1.5, window=self.dice.choice((1, 8, 64, 200)), ends=lambda: not cut.is_alive())
        cut.join()
        self.volley.listen(0.15)  # what still comes was promised before
        intake.kill()
        if tracer:
            tracer.wait(30)
        self.due.update({identity: number for identity, number in self.volley.acked.items() if identity not in acked})
        return len(self.volley.acked) - len(acked)

    def _look(self):
        """After the mount, before intake; then what intake makes of it."""
        bench, problems = self.bench, []
        status, said = bench.tool("verify")
        missing = set(self.due) - set(bench.there())
        if missing:
            problems.append(f"{len(missing)} of {len(self.due)} acked are not in the spool, one is {min(missing)}")
        if status and not missing:
            # an unanswered batch may reach the disk in part: then whatever is hurt must be what nobody was promised
            self.torn += 1
            if set(self.due) - bench.listed():
                problems.append(f"acked records do not validate: {said}")
        bench["intake"].start()
        held = bench.undrained()
        listed = bench.listed()
        if set(self.due) - listed:
            problems.append(f"{len(set(self.due) - listed)} acked are gone after the start")
        if held != len(listed):
            problems.append(f"intake offers {held} of {len(listed)} records")
        return problems

    def cut(self, slow=0):
        """One; true where nothing was lost."""
        if self.cuts and self.cuts % self.generation == 0:
            self._renew()
        accepted = self._fire_and_cut(slow)
        self.disk.unmount()
        self.disk.mount()
        found = self._look()
        self.cuts += 1
        self.accepted += accepted
        self.problems += [f"cut {self.cuts}: {problem}" for problem in found + self.volley.wrong]
        self.volley.wrong.clear()
        return not found

    def drain(self):
        """All that the last generation was promised becomes complaints."""
        lost = self.bench.drain(self.due)
        if lost:
            self.problems.append(f"{len(lost)} acked did not become complaints")
        return len(self.due)


def series(folder, seed, plain, slow, say=print):
    """Problems after so many plain cuts and so many with flushes of 20 ms."""
    began = time.monotonic()
    with PowerCuts(folder, seed) as power:
        for number in range(plain + slow):
            power.cut(0 if number < plain else 20000)
        drained = power.drain()
        say(f"{power.cuts} cuts, {power.accepted} accepted, {power.torn} left a torn batch, {drained} drained at the end, "
            f"{len(power.problems)} problems, {time.monotonic() - began:.0f} s")
        return power.problems


def caught(folder, seed, mutant, most, slow, say=print):
    """After how many cuts a mutant lost something; 0: never."""
    with PowerCuts(folder, seed, mutant) as power:
        for number in range(1, most + 1):
            if not power.cut(slow):
                say(f"mutant {mutant}: caught at cut {number}: {power.problems[0]}")
                return number
        say(f"mutant {mutant}: NOT caught in {most} cuts, {power.accepted} accepted")
        return 0
