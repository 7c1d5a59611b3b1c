"""Submissions at a steady rate from several connections, whatever happens behind the door.

Open loop: each submission has its moment, and its latency counts from there, so that a door which
stalls is not spared.  Everything sent and answered goes into the history.
"""
import os
import threading
import time

import ledger

TEXT = "Jalan di depan pasar rusak dan berlubang, mohon segera diperbaiki. " * 6


class Flood:
    """`rate` a second until stopped; latencies in ms by the moment they were due."""

    def __init__(self, stack, log, rate, connections=16, adapter="web", **fields):
        self.rate, self.log, self.name = rate, log, adapter
        self.fields = fields or {"category": 1, "place": "91.01", "secret": 2, "anonymous": 2}
        with open(os.path.join(stack.folder, "keys", "id.key"), encoding="ascii") as file:
            self.id_key = bytes.fromhex(file.read().strip())
        self.lock, self.ends = threading.Lock(), threading.Event()
        self.next = 0
        self.accepted, self.other, self.problem = 0, {}, None
        self.times = []  # (moment since the start in s, latency in ms)
        self.threads = [threading.Thread(target=self._run, args=(stack.adapter(adapter),), daemon=True) for _ in range(connections)]

    def start(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def _ticket(self):
        with self.lock:
            number, self.next = self.next, self.next + 1
        return number, self.began + number / self.rate

    def _run(self, adapter):
        try:
            adapter.hello(30)
            while not self.ends.is_set():
                number, due = self._ticket()
                if self.ends.wait(max(0.0, due - time.monotonic())):
                    return
                self._submit(adapter, number, due)
        except Exception as problem:  # noqa: BLE001 - shown at stop
            self.problem = problem

    def _submit(self, adapter, number, due):
        key, created, text = f"flood-{number}".encode(), 1700000000000 + number, f"{number}: {TEXT}"
        ref = f"{self.name}:{key.decode()}"
        identity = ledger.complaint_id(self.id_key, self.name, key, created)
        with self.lock:
            self.log.sent(ref, identity, ledger.words_digest(b"Jalan rusak", text.encode()))
        verdict, answer = adapter.submit(text, "Jalan rusak", key=key, created=created, seconds=120, **self.fields)
        late = (time.monotonic() - due) * 1000
        with self.lock:
            self.times.append((due - self.began, late))
            if verdict == "accepted":
                self.accepted += 1
                self.log.answer(ref, verdict, answer[2].hex(), answer[3])
            else:
                self.other[verdict] = self.other.get(verdict, 0) + 1
                self.log.answer(ref, verdict)

    def now(self):
        return time.monotonic() - self.began

    def stop(self):
        self.ends.set()
        for thread in self.threads:
            thread.join(150)
        if self.problem or any(thread.is_alive() for thread in self.threads):
            raise RuntimeError(f"the flood: {self.problem or 'does not end'}")

    def latency(self, since, until, *parts):
        """Percentiles in ms of what was due between two moments; parts as 0.5, 0.99 ..."""
        times = sorted(late for due, late in list(self.times) if since <= due < until)
        return [times[min(len(times) - 1, int(len(times) * part))] if times else float("nan") for part in parts]
