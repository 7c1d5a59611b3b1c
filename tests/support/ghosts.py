"""Ghost records: a flush fails, and what it should have made durable stays in the page cache, where the
next start reads it.  It must not be believed before it was written and synced anew; then a power cut.
"""
import os
import time

from power import PowerCuts
from stack import BUILD

SHIM = os.path.join(BUILD, "tests", "libghost.so")


class Ghosts(PowerCuts):
    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.ghosts = self.in_start = self.shorts = 0

    def _restart(self, **environment):
        intake = self.bench["intake"]
        intake.kill()
        intake.start(wait=False, LD_PRELOAD=SHIM, **environment)
        try:
            intake.wait_ready()
            return True
        except RuntimeError:
            return False

    def _fire_until_it_leaves(self):
        assert self.volley.connect(), "no connection"
        intake = self.bench["intake"]
        self.volley.fire(20, window=self.dice.choice((1, 8, 64)), ends=lambda: not intake.alive())
        self.volley.listen(0.1)
        if intake.alive() or intake.process.returncode != 74:
            self.problems.append(f"a failed flush, and intake's status is {intake.process.poll()}")
        self.ghosts += 1

    def _repeat(self):
        """The adapter says again what was not answered, and gets its answer: the promise starts here."""
        assert self.volley.connect(), "no connection"
        self.volley.fire(10, window=16, ends=lambda: not self.volley.open, most=len(self.volley.open))
        self.volley.listen(5)
        if self.volley.open:
            self.problems.append(f"{len(self.volley.open)} repeats have no answer")

    def cut(self, slow=0):
        if self.cuts and self.cuts % self.generation == 0:
            self._renew()
        before = set(self.volley.acked)
        assert self._restart(GHOST_AT=str(self.dice.randrange(2, 12)))
        self._fire_until_it_leaves()
        if self.dice.random() < 0.5:  # and once more, in the start itself
            if self._restart(GHOST_AT="1"):
                self.problems.append("a start whose flush failed says that it is ready")
            self.in_start += 1
        short = self.dice.random() < 0.5
        assert self._restart(**({"SHORT_EVERY": "2"} if short else {})), "it does not start"
        self.shorts += short
        self._repeat()
        self.disk.cut()
        self.bench["intake"].kill()
        self.disk.unmount()
        self.disk.mount()
        self.due.update({identity: number for identity, number in self.volley.acked.items() if identity not in before})
        found = self._look()
        self.cuts += 1
        self.accepted += len(self.volley.acked) - len(before)
        self.problems += [f"round {self.cuts}: {problem}" for problem in found + self.volley.wrong]
        self.volley.wrong.clear()
        return not found


def rounds(folder, seed, count, say=print):
    began = time.monotonic()
    with Ghosts(folder, seed) as ghosts:
        for _ in range(count):
            ghosts.cut()
        drained = ghosts.drain()
        say(f"{ghosts.cuts} rounds: {ghosts.ghosts} ghosts, {ghosts.in_start} failed starts, {ghosts.shorts} lives of short writes, "
            f"{ghosts.accepted} accepted, {drained} drained at the end, {len(ghosts.problems)} problems, {time.monotonic() - began:.0f} s")
        return ghosts.problems


def caught(folder, seed, mutant, most, say=print):
    with Ghosts(folder, seed, mutant) as ghosts:
        for number in range(1, most + 1):
            if not ghosts.cut():
                say(f"mutant {mutant}: caught in round {number}: {ghosts.problems[0]}")
                return True
    say(f"mutant {mutant}: NOT caught in {most} rounds")
    return False
