"""Agencies' staff in a storm: threads that pull and act, repeat themselves, come too late, try what
is not theirs, and write each verdict into the history.

A desk says an act again with the same key until it is answered, as PROTOCOL.md asks of a worker.
"""
import os
import random
import threading
import zlib

ACTS = {"ack": 1, "nack": 2, "release": 3, "extend": 4, "park": 5, "progress": 6, "answer": 7, "ask": 8, "hand_back": 9,
        "assign": 10, "support": 11, "close": 12}


class Desk(threading.Thread):
    """One worker's key at work for `agencies` (numbers, at most 64) until told to stop."""

    def __init__(self, stack, name, agencies, log, seed, stranger=None):
        super().__init__(name=name, daemon=True)
        self.worker, self.principal, self.agencies, self.log = stack.worker(name), name, agencies, log
        self.stranger = (stranger, stack.worker(stranger)) if stranger else None
        self.dice = random.Random(zlib.crc32(f"{seed} {name}".encode()))
        self.ends = threading.Event()
        self.done = self.stale = self.unknown = 0
        self.problem = None

    def run(self):
        try:
            while not self.ends.is_set():
                for case in self.worker.pull(self.agencies, 16, 300, lease=20000, seconds=5) or []:
                    self._handle(case)
                    if self.ends.is_set():
                        break
        except Exception as problem:  # noqa: BLE001 - shown by whoever started this thread
            self.problem = problem

    def stop(self):
        self.ends.set()
        self.join(120)
        if self.is_alive() or self.problem:
            raise RuntimeError(f"desk {self.name}: {self.problem or 'does not end'}")

    def _say(self, case, version, act, key, worker=None, principal=None, **more):
        """One act until it is answered; the new version where it took effect."""
        text = None if ACTS[act] < 6 else "Kami sudah ke lokasi dan menanganinya."
        verdict, fields = (worker or self.worker).act(case, act, text, key=key, version=version, seconds=90, **more)
        new_version = fields.get(5, 0) if fields else 0
        self.log.act(principal or self.principal, case["id"].hex(), case["agency"], version, key.hex(), act, verdict, new_version)
        self.done += verdict == "done"
        self.stale += verdict == "stale"
        self.unknown += verdict == "unknown"
        return new_version if verdict == "done" else None

    def _act(self, case, version, act, **more):
        key = os.urandom(16)
        new_version = self._say(case, version, act, key, **more)
        if new_version and self.dice.random() < 0.05:  # the answer was lost, as far as this worker knows
            self._say(case, version, act, key, **more)
        return new_version

    def _handle(self, case):
        version, throw = case["version"], self.dice.random()
        if throw < 0.03:
            return  # forgotten: the lease runs out
        if throw < 0.08:
            self._act(case, version, "nack", t8=1000)
            return
        if throw < 0.10:
            self._act(case, version, "release")
            return
        if throw < 0.13:
            self._say(case, version - 1, "answer", os.urandom(16))  # of an older lease
        if self.stranger and throw > 0.98:
            name, worker = self.stranger
            self._say(case, version, "answer", os.urandom(16), worker=worker, principal=name)
        if throw < 0.30:
            self._act(case, version, "answer")  # straight from the lease
            return
        version = self._act(case, version, "ack")
        if version and throw < 0.40:
            version = self._act(case, version, "progress")
        if version and throw > 0.95:
            self._act(case, version, "hand_back", t9=1)
        elif version and throw > 0.90:
            self._act(case, version, "ask")
        elif version:
            self._act(case, version, "answer")
