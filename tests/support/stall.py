"""The spool's disk stalls: its file system is frozen under load, and thawed."""
import os
import threading
import time

from collect import metrics
from power import Disk, run
from spoolbench import SpoolBench, Volley

ALARM = "the spool's disk stalls"


class Stall:
    def __init__(self, folder, mutant=None):
        self.bench = SpoolBench(folder, environment={"MUTANT": mutant} if mutant else {})
        self.problems, self.figures = [], []

    def __enter__(self):
        self.bench.__enter__()
        self.disk = Disk(os.path.join(self.bench.folder, "disk.img"), self.bench.spool_folder)
        self.bench["intake"].start()
        self.volley = Volley(self.bench)
        assert self.volley.connect()
        return self

    def __exit__(self, *_):
        self.bench["intake"].kill()
        self.disk.unmount()
        self.bench.close()

    def _said(self):
        return ALARM in self.bench["intake"].tail(50)

    def _frozen(self, seconds, shown):
        """What intake shows while its disk stands still."""
        until, alarm, began = time.monotonic() + seconds, None, time.monotonic()
        while time.monotonic() < until:
            asked = time.monotonic()
            try:
                metrics(self.bench, "intake")
                shown.append(time.monotonic() - asked)
            except RuntimeError:
                shown.append(99.0)
            alarm = alarm or (time.monotonic() - began if self._said() else None)
            time.sleep(0.1)
        return alarm

    def stall(self, seconds):
        volley, intake, shown, alarms = self.volley, self.bench["intake"], [], []
        before = len(volley.acked)
        volley.fire(0.3)
        ends = threading.Event()

        def freeze():
            run("fsfreeze", "-f", self.disk.point)
            try:
                alarms.append(self._frozen(seconds, shown))
            finally:
                run("fsfreeze", "-u", self.disk.point)
                ends.set()
        freezer = threading.Thread(target=freeze)
        freezer.start()
        volley.fire(seconds + 30, window=200, ends=ends.is_set)
        freezer.join()
        thawed = time.monotonic()
        volley.listen(10)
        took = time.monotonic() - thawed
        slowest = max(shown)
        self.figures.append(f"{seconds} s: the page metrics at most after {slowest * 1000:.0f} ms, alarm after "
                            f"{'-' if alarms[0] is None else f'{alarms[0]:.1f} s'}, {len(volley.acked) - before} accepted, all answered {took:.2f} s "
                            "after it worked again")
        if not intake.alive():
            self.problems.append(f"{seconds} s: intake is gone:\n{intake.tail(6)}")
        if slowest > 2:
            self.problems.append(f"{seconds} s: the page metrics took {slowest:.1f} s")
        if seconds > 15 and (alarms[0] is None or alarms[0] > 15):
            self.problems.append(f"{seconds} s: no alarm within 15 s")
        if volley.pending and intake.alive():
            self.problems.append(f"{seconds} s: {len(volley.pending)} submissions have no answer")
        lost = set(volley.acked) - set(self.bench.there())
        if lost:
            self.problems.append(f"{seconds} s: {len(lost)} acked are not in the spool")
        self.problems += volley.wrong
        volley.wrong.clear()


def stalls(folder, lengths, say=print):
    with Stall(folder) as stall:
        for seconds in lengths:
            stall.stall(seconds)
        for line in stall.figures:
            say(line)
        return stall.problems


def caught(folder, mutant, say=print):
    with Stall(folder, mutant) as stall:
        stall.stall(8)
        say(f"mutant {mutant}: {stall.problems[:1] or 'NOT caught'}")
        return bool(stall.problems)
