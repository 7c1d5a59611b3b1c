"""Intake alone with its spool: for what a disk does to it.

The store and the router only give it its principals and are gone then: what is in PostgreSQL hides a
loss in the spool.  The spool's folder may be a mount of its own; what was answered is kept outside of it.
"""
import json
import os
import shutil
import subprocess
import time

import ledger
from adapter import ACCEPTED, CONTENT, REJECT, SUBMIT, TEMPFAIL
from collect import metrics, spool_records
from peer import frame
from stack import BUILD, Stack

TOOL = os.path.join(BUILD, "intake", "aduan-spool")
CATEGORY, PLACE = 2, "92.01"  # nobody of tests/support/registry is asked to hurry


def wait(condition, seconds, what):
    """What the condition gave, once it is true."""
    deadline = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class SpoolBench(Stack):
    def __enter__(self):
        super().__enter__()
        try:
            verdict, _ = self.adapter().submit("Pembuka", category=CATEGORY, place=PLACE)  # its principals are there
            assert verdict == "accepted", verdict
            self.peers.pop().close()
            for name in ("store", "router", "intake"):
                self[name].kill()
            self.empty()
        except BaseException:
            self.close()
            raise
        return self

    @property
    def spool_folder(self):
        return os.path.join(self.folder, "spool")

    def empty(self):
        """A spool as on the first day; intake must not run."""
        os.makedirs(self.spool_folder, exist_ok=True)
        for name in os.listdir(self.spool_folder):
            path = os.path.join(self.spool_folder, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)

    def there(self):
        """{id: sequences} of what stands in the segments, read without the product's code."""
        found = {}
        for seq, identity in spool_records(self.spool_folder)[0]:
            found.setdefault(identity, set()).add(seq)
        return found

    def tool(self, *arguments):
        """(status, output) of aduan-spool."""
        done = subprocess.run([TOOL, "-c", self.settings, *arguments], capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def listed(self):
        """Ids that aduan-spool lists: those whose tags are right."""
        status, out = self.tool("list", "--json")
        assert status == 0, out
        return {json.loads(line)["id"].replace("-", "") for line in out.splitlines()}

    def undrained(self):
        return int(metrics(self, "intake")["intake_undrained_records"])

    def drain(self, acked, seconds=120):
        """Store and router again; the acked ids that did not become complaints."""
        for name in ("store", "router"):
            if not self[name].alive():
                self[name].start()
        wait(lambda: self.undrained() == 0, seconds, "an empty spool")
        rows = {row[0] for row in self.sql("select replace (complaint_id::text, '-', '') from complaint")}
        return set(acked) - rows


class Volley:
    """A channel's front that does not wait for answers; what has none is said again, same key and `created`."""

    def __init__(self, bench, name="web", length=300):
        self.bench, self.adapter, self.name, self.length = bench, bench.adapter(name), name, length
        with open(os.path.join(bench.folder, "keys", "id.key"), encoding="ascii") as file:
            self.id_key = bytes.fromhex(file.read().strip())
        self.log = open(os.path.join(bench.folder, "acks"), "a", buffering=1, encoding="ascii")  # pylint: disable=consider-using-with
        self.number = 0
        self.open = {}    # number -> id: sent and not accepted
        self.acked = {}   # id -> number
        self.pending = {}  # ref -> number
        self.tempfails, self.tempfail_times, self.wrong = 0, [], []
        self.sent_at = {}
        self.last_kept = 0.0  # when the latest one was said that was accepted; monotonic

    def _say(self, number):
        key, created = f"volley-{number}".encode(), 1700000000000 + number
        self.open[number] = ledger.complaint_id(self.id_key, self.name, key, created)
        ref = self.adapter.ref()
        content = frame(CONTENT, t1="Uji", t2=f"{number}: " + "x" * self.length)
        submit = frame(SUBMIT, t1=ref, t2=1, t3=key, t4=created, t5=1, t7=CATEGORY, t8=PLACE, t14=2, t15=2, t19=1)
        self.sent_at[ref] = time.monotonic()  # not later than it left
        if not self.adapter.say([submit, content], 0.05):
            return False
        self.pending[ref] = number
        return True

    def _hear(self):
        while self.adapter.inbox:
            kind, fields, _ = self.adapter.inbox.pop(0)
            number = self.pending.pop(fields.get(1), None)
            if number is None:
                continue
            sent = self.sent_at.pop(fields[1])
            took = time.monotonic() - sent
            if kind == ACCEPTED:
                self.last_kept = max(self.last_kept, sent)
                identity = fields[2].hex()
                if identity != self.open.pop(number, identity):
                    self.wrong.append(f"number {number} got the id {identity}")
                self.acked[identity] = number
                self.log.write(f"{number} {identity}\n")
            elif kind == TEMPFAIL:
                self.tempfails += 1
                self.tempfail_times.append(took)
            elif kind == REJECT:
                self.wrong.append(f"number {number} was rejected: {fields}")

    def connect(self, seconds=20):
        self.pending.clear()
        self.sent_at.clear()
        self.adapter.open()
        return self.adapter.hello(seconds)

    def fire(self, seconds, window=64, most=None, ends=lambda: False):
        """Submits for so long, or `most` of them; first what was not answered.  Accepted ones of this call."""
        deadline, before, said = time.monotonic() + seconds, len(self.acked), 0
        again = [number for number in self.open if number not in self.pending.values()]
        while time.monotonic() < deadline and not ends() and (most is None or said < most):
            if len(self.pending) < window:
                number = again.pop(0) if again else self.number
                if self._say(number):
                    said += 1
                    self.number += number == self.number
            self.adapter._turn(0 if len(self.pending) < window else 0.005)  # pylint: disable=protected-access
            self._hear()
        return len(self.acked) - before

    def listen(self, seconds):
        """Takes the answers that still come."""
        deadline = time.monotonic() + seconds
        while self.pending and time.monotonic() < deadline:
            self.adapter._turn(0.01)  # pylint: disable=protected-access
            self._hear()
