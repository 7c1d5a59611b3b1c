"""A spool whose disk is full: of what is stored already, and of what is not."""
import os
import time

from collect import metrics
from power import run
from spoolbench import SpoolBench, Volley, wait

DISK_MB = 20  # far below the spool's own limit, so that the disk is what is full
MEGABYTES = 30


class FullDisk:
    def __init__(self, folder, mutant=None):
        self.bench = SpoolBench(folder, environment={"MUTANT": mutant} if mutant else {})
        self.problems, self.figures = [], []

    def __enter__(self):
        bench = self.bench
        bench.__enter__()
        run("mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", bench.spool_folder)
        bench["intake"].start()
        self.volley = Volley(bench, length=9000)
        assert self.volley.connect()
        return self

    def __exit__(self, *_):
        self.bench["intake"].kill()
        run("umount", self.bench.spool_folder)
        self.bench.close()

    def _programs(self, running):
        for name in ("store", "router"):
            if running and not self.bench[name].alive():
                self.bench[name].start()
            elif not running:
                self.bench[name].kill()

    def full_of_drained(self):
        """More goes through it than the disk holds: nobody is turned away, and the shorter window is said."""
        self._programs(True)
        volley, before, refused = self.volley, len(self.volley.acked), self.volley.tempfails
        target = before + MEGABYTES * (1 << 20) // 9200
        deadline = time.monotonic() + 240
        while len(volley.acked) < target and volley.tempfails == refused and time.monotonic() < deadline:
            volley.fire(1, window=32, most=200)
            volley.listen(5)
            wait(lambda: self.bench.undrained() < 100, 60, "what was just taken is stored")
        early = metrics(self.bench, "intake")["intake_retired_early_total"]
        self.figures.append(f"drained: {len(volley.acked) - before} accepted, {volley.tempfails - refused} TEMPFAILs, {early:.0f} segments gone early")
        if volley.tempfails > refused:
            self.problems.append("TEMPFAIL, although all that fills the disk is stored")
        if len(volley.acked) < target:
            self.problems.append(f"only {len(volley.acked) - before} of {target - before} were taken")
        if not early:
            self.problems.append("a shorter window is not reported")

    def full_of_undrained(self, hold):
        """TEMPFAIL at once, also after a kill on the full disk; then it resumes by itself."""
        self._programs(False)
        bench, volley = self.bench, self.volley
        before, refused = len(volley.acked), volley.tempfails
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (volley.fire(1, window=16) or volley.tempfails == refused):
            pass  # until a second brings none
        volley.listen(1)
        volley.tempfail_times.clear()
        held_from, kept = len(volley.acked), volley.tempfails
        until = time.monotonic() + hold
        while time.monotonic() < until:  # one at a time, twenty a second
            volley.fire(1, window=1, most=1)
            volley.listen(1)
            time.sleep(0.05)
        times = sorted(volley.tempfail_times) or [9.9]
        if volley.tempfails - kept < hold * 2 or len(volley.acked) > held_from:
            self.problems.append(f"full: {volley.tempfails - kept} TEMPFAILs, {len(volley.acked) - held_from} accepted")
        slowest = times[int(len(times) * 0.99)]
        if slowest > 0.1:
            self.problems.append(f"TEMPFAIL took {slowest * 1000:.0f} ms (p99)")
        acked = set(volley.acked)
        bench["intake"].kill()
        if acked - set(bench.there()) - self._stored():
            self.problems.append("acked records are not in the spool")
        bench["intake"].start()  # on the full disk
        assert volley.connect()
        self._programs(True)
        began = time.monotonic()
        resumed = None
        while resumed is None and time.monotonic() < began + 60:
            volley.fire(0.1, window=4)
            resumed = time.monotonic() - began if len(volley.acked) > held_from else None
        self.figures.append(f"undrained: {held_from - before} accepted until full, {len(times)} TEMPFAILs while held, p99 "
                            f"{slowest * 1000:.0f} ms, accepting again {resumed or 60:.1f} s after the store came back")
        if resumed is None or resumed > 5:
            self.problems.append("it does not resume within 5 s")

    def _stored(self):
        return {row[0] for row in self.bench.sql("select replace (complaint_id::text, '-', '') from complaint")}

    def end(self):
        wait(lambda: self.bench.undrained() == 0, 120, "an empty spool")
        lost = set(self.volley.acked) - self._stored()
        if lost:
            self.problems.append(f"{len(lost)} acked did not become complaints")
        self.problems += self.volley.wrong


def twice(folder, hold, say=print):
    with FullDisk(folder) as disk:
        for _ in range(2):
            disk.full_of_drained()
            disk.full_of_undrained(hold)
        disk.end()
        for line in disk.figures:
            say(line)
        say(f"{len(disk.volley.acked)} accepted in all, {len(disk.problems)} problems")
        return disk.problems


def caught(folder, mutant, say=print):
    with FullDisk(folder, mutant) as disk:
        disk.full_of_drained()
        say(f"mutant {mutant}: {disk.problems[:1] or 'NOT caught'}")
        return bool(disk.problems)
