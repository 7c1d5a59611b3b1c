"""Damage to a spool's files: whatever is not hit must be found and offered, whatever is hit must be said,
and nothing may be offered that was never sent.

A spool of several segments is filled once; each round wounds a copy of it in many places, mostly where
records are, and starts intake on it.
"""
import json
import os
import random
import shutil
import struct
import time

from spoolbench import SpoolBench, Volley

HEADER, HEAD, TAG, BLOCK = 64, 32, 16, 4096
RECORDS = 3400  # of 1.5 KB: five segments


class File:
    """One segment: what stood in it, and what became of it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.before = file.read()
        self.path, self.now = path, bytearray(self.before)

    def write(self, at, data):
        end = min(at + len(data), len(self.now))
        if at < end:
            self.now[at:end] = data[:end - at]

    def whole(self, at, length):
        """Are these bytes as they were?"""
        return at + length <= len(self.now) and self.now[at:at + length] == self.before[at:at + length]

    def headers(self):
        """(the two stand as written, the id can still be told)"""
        last = len(self.before) - HEADER
        good = [self.whole(0, HEADER), self.whole(last, HEADER) and len(self.now) == len(self.before)]
        told = any(good)
        for at in (0, len(self.now) - HEADER):  # what stands where a header is looked for
            bits = int.from_bytes(self.now[at + 16:at + 32], "big") ^ int.from_bytes(self.before[16:32], "big")
            told |= bits.bit_count() == 0
        return all(good), told

    def save(self):
        with open(self.path, "wb") as file:
            file.write(self.now)


class Surgeon:
    """Wounds by dice; each names itself."""

    def __init__(self, files, records, dice):
        self.files, self.records, self.dice = files, records, dice
        self.names = sorted(files)

    def _record(self):
        row = self.dice.choice(self.records)
        return self.files[row["file"]], row["offset"] - HEAD, HEAD + row["bytes"] + TAG

    def flip(self):
        file, at, length = self._record()
        at += self.dice.randrange(length)
        file.write(at, bytes([file.now[at] ^ 1 << self.dice.randrange(8)]) if at < len(file.now) else b"")

    def head(self):
        file, at, _ = self._record()
        file.write(at + self.dice.randrange(HEAD), self.dice.randbytes(1))

    def header(self):
        file = self.files[self.dice.choice(self.names)]
        at = self.dice.choice((0, len(file.now) - HEADER)) + self.dice.randrange(HEADER)
        file.write(at, bytes([file.now[at] ^ 1 << self.dice.randrange(8)]))

    def zero_block(self):
        file, at, _ = self._record()
        file.write(at // 512 * 512, bytes(512))

    def cut(self):
        file, at, length = self._record()
        del file.now[max(at + self.dice.randrange(length), 2 * HEADER):]

    def swap(self):
        """Two blocks of 512 bytes change places, in one file or between two."""
        (one, a, _), (two, b, _) = self._record(), self._record()
        a, b = a // 512 * 512, b // 512 * 512
        first, second = bytes(one.now[a:a + 512]), bytes(two.now[b:b + 512])
        if len(first) == len(second) == 512:
            one.write(a, second)
            two.write(b, first)

    def stale(self):
        """Whole records of another file, where this one's were or behind them: a reused inode's blocks."""
        (one, a, _), (two, b, _) = self._record(), self._record()
        one.write(a, two.before[b:b + BLOCK])

    def forge(self):
        """A record as it should be, by somebody who has not the key."""
        file, at, _ = self._record()
        body = self.dice.randbytes(200)
        record = struct.pack("<IHHQQQ", len(body), 1, 0, self.dice.randrange(1, 10**6), 10**12, at) + body + self.dice.randbytes(TAG)
        file.write(at, record + bytes(-len(record) % 8))

    def copy_within(self):
        """A valid record a second time, elsewhere in its own file: it is not where it says it is."""
        file, at, length = self._record()
        other = self.dice.choice([row for row in self.records if self.files[row["file"]] is file])
        file.write(other["offset"] - HEAD, file.before[at:at + length])

    KINDS = (flip,) * 10 + (head,) * 4 + (forge,) * 3 + (stale,) * 3 + (swap,) * 2 + (zero_block,) * 2 + (copy_within,) * 2

    def operate(self, wounds):
        for _ in range(wounds):
            self.dice.choice(self.KINDS)(self)
        for kind, chance in ((self.header, 0.5), (self.header, 0.5), (self.cut, 0.2)):
            if self.dice.random() < chance:
                kind()


class Damage:
    def __init__(self, folder, seed, mutant=None):
        self.bench = SpoolBench(folder, environment={"MUTANT": mutant} if mutant else {})
        self.seed, self.rounds, self.wounds, self.slowest, self.lost = seed, 0, 0, 0.0, 0
        self.problems = []

    def __enter__(self):
        bench = self.bench
        bench.__enter__()
        bench["intake"].start(MUTANT="")
        volley = Volley(bench, length=1500)
        assert volley.connect()
        while len(volley.acked) < RECORDS:
            volley.fire(30, most=RECORDS - len(volley.acked))
            volley.listen(5)
        bench["intake"].kill()
        self.template = os.path.join(bench.folder, "template")
        shutil.copytree(bench.spool_folder, self.template)
        status, out = bench.tool("list", "--json")
        assert status == 0, out
        self.records = [json.loads(line) for line in out.splitlines()]
        self.sent = set(volley.acked) | set(volley.open.values())
        assert set(volley.acked) <= {row["id"].replace("-", "") for row in self.records}
        return self

    def __exit__(self, *_):
        self.bench["intake"].kill()
        self.bench.close()

    def _wound(self, wounds):
        """The files after it, and the ids that no wound has touched."""
        folder = self.bench.spool_folder
        shutil.rmtree(folder)
        shutil.copytree(self.template, folder)
        files = {name: File(os.path.join(folder, name)) for name in {row["file"] for row in self.records}}
        surgeon = Surgeon(files, self.records, random.Random(f"{self.seed} {self.rounds}"))
        surgeon.operate(wounds)
        untouched = set()
        for row in self.records:
            file = files[row["file"]]
            if file.headers()[1] and file.whole(row["offset"] - HEAD, HEAD + row["bytes"] + TAG):
                untouched.add(row["id"].replace("-", ""))
        for file in files.values():
            file.save()
        return files, untouched

    def _judge(self, files, untouched, listed, log):
        problems = []
        if listed - self.sent:
            problems.append(f"{len(listed - self.sent)} records that were never sent validate")
        if untouched - listed:
            problems.append(f"{len(untouched - listed)} undamaged records are not found")
        held = self.bench.undrained()
        if held != len(listed):
            problems.append(f"intake offers {held} records, {len(listed)} are good")
        for name, file in files.items():
            hurt = file.now != file.before
            said = any(name in line and word in line for line in log.splitlines() for word in ("damaged", "torn end", "no header"))
            if hurt and not said:
                problems.append(f"{name} is damaged, and nobody says so")
        return problems

    def _keep(self):
        """What a round that found something leaves behind."""
        folder = os.environ.get("ADUAN_KEEP")
        if folder:
            shutil.copytree(self.template, os.path.join(folder, f"template-{self.seed}"), dirs_exist_ok=True)
            shutil.copytree(self.bench.spool_folder, os.path.join(folder, f"round-{self.seed}-{self.rounds}"), dirs_exist_ok=True)
            shutil.copy(self.bench["intake"].log, folder)
            shutil.copytree(os.path.join(self.bench.folder, "keys"), os.path.join(folder, "keys"), dirs_exist_ok=True)

    def round(self, wounds):
        intake = self.bench["intake"]
        files, untouched = self._wound(wounds)
        listed = self.bench.listed()
        size = os.path.getsize(intake.log)
        began = time.monotonic()
        found = []
        try:
            intake.start()
            self.slowest = max(self.slowest, time.monotonic() - began)
            with open(intake.log, encoding="utf-8", errors="replace") as file:
                file.seek(size)
                found = self._judge(files, untouched, listed, file.read())
        except RuntimeError as problem:
            found.append(f"intake does not start: {problem}")
        if self.slowest > 10:
            found.append(f"the start took {self.slowest:.1f} s")
        intake.kill()
        if found:
            self._keep()
        self.problems += [f"seed {self.seed}, round {self.rounds}: {problem}" for problem in found]
        self.rounds += 1
        self.wounds += wounds
        self.lost += len(self.records) - len(listed)
        return not found

    def drain(self):
        """What the last round found becomes complaints, and only that."""
        listed = self.bench.listed()
        self.bench["intake"].start()
        missing = self.bench.drain(listed)
        if missing:
            self.problems.append(f"{len(missing)} found records did not become complaints")
        return len(listed)


def rounds(folder, seed, count, wounds, say=print):
    began = time.monotonic()
    with Damage(folder, seed) as damage:
        for _ in range(count):
            damage.round(wounds)
        drained = damage.drain()
        say(f"{damage.rounds} rounds, {damage.wounds} wounds to {len(damage.records)} records, {damage.lost} records hit, slowest start "
            f"{damage.slowest:.1f} s, {drained} of the last round stored, {len(damage.problems)} problems, {time.monotonic() - began:.0f} s")
        return damage.problems


def caught(folder, seed, mutant, say=print):
    with Damage(folder, seed, mutant) as damage:
        damage.round(40)
        say(f"mutant {mutant}: {damage.problems[:1] or 'NOT caught'}")
        return bool(damage.problems)
