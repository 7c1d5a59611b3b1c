"""Hostile messages between good ones, one to one, at every door: what the row T17 does 100,000 times and
the short test 10,000 times.

Good traffic runs in a process of its own: submissions at a steady rate and a desk that works.  It goes
on alone for some seconds, then beside the hostile one, in turns, so that the two can be compared on a
machine that has other things to do.
"""
import collections
import itertools
import multiprocessing
import os
import random
import sys
import threading
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

import catalogue
import ledger
from collect import collect, metrics
from desk import Desk
from flood import Flood
from hostile import DOORS, Line, Maker, Shot, frame

AGENCIES = ["91.01/PUPR", "91.01", "ID"]
WORKERS = {"desk": AGENCIES, "stranger": ["92.01/PUPR"]}
ADAPTERS = ("web", "sms", "leaver")
RECENT = 6000     # intake's table of repeats: full early, yet longer than a phase of good ones alone
MEMORY_MOST = 16  # MiB of growth
ASKED_MOST = 512  # MiB of address space; a bomb that msgpack-c meets asks for 8 GB
PROGRAMS = ("store", "router", "intake", "query", "notifier")

# Codes that no program can be made to say: nobody's role is wrong behind the right door's handshake.
NEVER_SAID = {"role"}
NEVER_ASKED = {"bound", "lead", "session", "ending"}  # need a case that an arbiter bound, or a supporter: tests/flow/test_hand_back.py, test_support.py


class Good(multiprocessing.get_context("fork").Process):
    """Submissions and work as they should be; tells what it measured when it is told to stop."""

    def __init__(self, stack, folder, rate):
        super().__init__(daemon=True)
        self.stack, self.folder, self.rate = stack, folder, rate
        self.agencies = [stack.agency(code) for code in AGENCIES]
        self.ours, self.theirs = multiprocessing.Pipe()
        self.logs = [os.path.join(folder, name) for name in ("good", "desk")]

    def run(self):
        sys.setswitchinterval(0.0005)
        logs = [ledger.Log(path) for path in self.logs]
        flood = Flood(self.stack, logs[0], self.rate, connections=8)
        desk, acts = Desk(self.stack, "desk", self.agencies, logs[1], 1), []
        act = desk.worker.act

        def timed(*arguments, **more):
            began = time.monotonic()
            done = act(*arguments, **more)
            acts.append((began, (time.monotonic() - began) * 1000))
            return done

        desk.worker.act = timed
        flood.start()
        desk.start()
        self.theirs.recv()
        problem = None
        try:
            flood.stop()
            desk.stop()
        except RuntimeError as wrong:
            problem = str(wrong)
        submits = [(due + flood.began, late) for due, late in flood.times]
        self.theirs.send({"submit": submits, "act": acts, "accepted": flood.accepted, "other": flood.other, "done": desk.done,
                          "problem": problem})

    def stop(self):
        self.ours.send("stop")
        if not self.ours.poll(200):
            raise RuntimeError("the good ones do not end")
        found = self.ours.recv()
        self.join(10)
        return found


class Memory(threading.Thread):
    """RssAnon + RssShmem of each program in MiB, a few times a second."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.ends = pids, threading.Event()
        self.asked = {name: status_of(pid, "VmPeak") for name, pid in pids.items()}
        self.seen = {name: [] for name in pids}

    def run(self):
        while not self.ends.wait(0.25):
            for name, pid in self.pids.items():
                self.seen[name].append((time.monotonic(), rss(pid)))

    def most(self, name, since, until):
        return max((mib for at, mib in self.seen[name] if since <= at <= until), default=0.0)

    def stop(self):
        self.ends.set()
        self.join()


def status_of(pid, *names):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return sum(int(line.split()[1]) for line in status if line.split(":")[0] in names) / 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def rss(pid):
    return status_of(pid, "RssAnon", "RssShmem")


class Siege:
    """The hostile ones: one line to each door, a plan, and the sums."""

    def __init__(self, stack, seed):
        self.stack, self.dice = stack, random.Random(seed)
        self.maker = Maker(self.dice)
        self.doors = {door.name: door for door in DOORS if door.program in stack.programs}
        self.lines = {}
        self.counted = collections.Counter()  # outcomes that no line has: by metric
        self.problems = []
        self.outcomes = collections.Counter()
        self.said = set()                     # (door, answer)
        self.numbers = set()                  # (door, number) that were sent whole
        self.extra_sent = 0
        self.wrong_keys = 0
        self.extra_refused = collections.Counter()  # by program, beside what lines count
        self.kept_elsewhere = []
        self.acts = []                        # of hostile hands, that took effect, as the ledger wants them

    def line(self, name):
        if name not in self.lines:
            self.lines[name] = Line(self.doors[name], *self._way(name))
        return self.lines[name]

    def _way(self, name):
        stack = self.stack
        if name == "adapters":
            return f"tcp://127.0.0.1:{stack.ports['intake']}", stack.server_key("intake"), stack.keys["adapter-sms"]
        if name == "workers":
            return f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), stack.keys["worker-stranger"]
        return (f"ipc://{stack.folder}/run/{name}" + ("" if name.endswith(".ctl") else ".sock"),)

    # ---- the plan: a generator of things to do, each one hostile message

    def systematic(self, thorough):
        """Every message number at every door, every frame that is none, every fault of every field."""
        turn = 0
        for name, door in self.doors.items():
            for message in self.maker.messages:
                yield name, self.maker.plain(door, message)
                self.numbers.add((name, message.number))
            for shot in self.maker.frames(door):
                yield name, shot
        for shot in (*self.maker.submissions(), *self.maker.conflict(), self.maker.broken_telephone()):
            yield "adapters", shot
        for shot in self.maker.extremes():
            yield "store", shot
        for shot in self.maker.asked():
            yield "query", shot
        for shot in self.foreign():
            yield "workers", shot
        for message in self.maker.messages:
            for name, door in self.doors.items():
                turn += 1
                if thorough or name in ("adapters", "workers") or turn % 8 == 0:
                    for shot in self.maker.field_faults(door, message):
                        yield name, shot

    def foreign(self):
        """An agency's worker who wants what is another's."""
        own, other = self.stack.agency("92.01/PUPR"), self.stack.agency("91.01/PUPR")
        pull, act = self.maker.by_name["pull"], self.maker.by_name["act"]
        for agencies in ([other], [own, other], [], [own] * 64 + [other], [1 << 32 | own], [0]):
            want = "refused:malformed:30:agencies" if len(agencies) > 64 else "pulled:refused:scope"
            yield Shot([frame(30, {**self.maker.fields(pull), 2: agencies})], "pull of a foreign agency", want)
        row = self.stack.wait("select complaint_id, agency, version from assignment where agency = %s limit 1", other)[0]
        for agency, want in ((other, "acted:stale:absent"), (own, "acted:stale:absent"), (1 << 32 | other, "acted:stale:absent")):
            for kind in (1, 6, 7, 9):
                fields = {**self.maker.fields(act, optional=True), 2: bytes.fromhex(row[0].replace("-", "")), 3: agency, 4: row[2], 6: kind, 7: "x"}
                yield Shot([frame(33, fields)], "act on a foreign complaint", want)
        yield Shot([frame(33, {**self.maker.fields(act), 6: 7})], "act without a text", "acted:refused:text")
        yield Shot([frame(33, {**self.maker.fields(act), 6: 7, 7: "x", 14: bytes(32)})], "act in somebody's name", "acted:refused:role")

    def random(self):
        """For ever: what chance makes."""
        names = [name for name in self.doors if not name.endswith(".ctl")]
        faults = [self._faults_at("adapters"), self._faults_at("workers")]
        while True:
            throw = self.dice.random()
            name = self.dice.choice(("adapters", "workers")) if self.dice.random() < 0.6 else self.dice.choice(names)
            door = self.doors[name]
            if throw < 0.55:
                yield name, self.maker.mutated(door)
            elif throw < 0.70:
                yield name, self.maker.truncated(door)
            elif throw < 0.80:
                yield name, self.maker.noise()
            elif throw < 0.90:
                yield self.dice.choice(faults)()
            elif throw < 0.94:
                yield "adapters", self.maker.broken_telephone()
            elif throw < 0.97:
                yield "adapters", self.dice.choice(list(self.maker.submissions()))
            elif throw < 0.99:
                for shot in self.maker.conflict():
                    yield "adapters", shot
            else:
                yield "store", self.dice.choice(list(self.maker.extremes()))

    def _faults_at(self, name):
        shots = [shot for message in self.maker.messages for shot in self.maker.field_faults(self.doors[name], message)]
        return lambda: (name, self.dice.choice(shots))

    def fire(self, name, shot):
        line = self.line(name)
        answer = line.fire(shot)
        if answer:
            self.said.add((name, answer[0]))

    def beat(self):
        for line in self.lines.values():
            line.beat()

    # ---- what is not a message of a line

    def wrong_key(self):
        """A handshake that must not succeed, in turn of five kinds."""
        way = self.wrong_keys % 5
        self.wrong_keys += 1
        stack, random_keys = self.stack, tuple(key.decode() for key in zmq.curve_keypair())
        door = "intake" if way != 3 else "router"
        keys = {0: random_keys, 1: stack.keys["worker-stranger"], 2: random_keys, 3: stack.keys["adapter-sms"], 4: None}[way]
        server = random_keys[0] if way == 2 else stack.server_key(door)
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.linger = 0
        if keys:
            socket.curve_serverkey = server.encode()
            socket.curve_publickey, socket.curve_secretkey = (key.encode() for key in keys)
        socket.setsockopt(zmq.RECONNECT_IVL, -1)
        events = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_DISCONNECTED |
                                           zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        socket.connect(f"tcp://127.0.0.1:{stack.ports[door]}")
        came = events.poll(8000) and recv_monitor_message(events)["event"]
        socket.disable_monitor()
        socket.close(0)
        if not came or came == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.problems.append(f"a stranger of kind {way} " + ("got in" if came else "was neither let in nor kept out"))
        self.counted["zap_refused" if way in (0, 1, 3) else "broken_handshake"] += 1

    def revoked(self, shots=40):
        """A key that is revoked in mid-conversation: within a second nothing of it is taken any more."""
        stack, door = self.stack, self.doors["adapters"]
        line = Line(door, f"tcp://127.0.0.1:{stack.ports['intake']}", stack.server_key("intake"), stack.keys["adapter-leaver"])
        self.fire_at(line, Shot(self.maker.submit(), "before", "accepted"))
        path = os.path.join(stack.folder, "principals.tsv")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(line_.replace("\tactive", "\trevoked") if line_.startswith("leaver\t") else line_ for line_ in text.splitlines(True)))
        began = time.monotonic()
        stack.migrate("principals", path)
        committed = time.monotonic()
        while True:
            line.socket.send_multipart(self.maker.submit())
            word, fields = line.take(5) or ("silence", {})
            if word != "accepted":
                break
            self._count(line, word, fields)
            if time.monotonic() > committed + 10:
                self.problems.append("a revoked key is heard for ten seconds")
                return None
        held = time.monotonic() - committed
        self._count(line, word, fields)
        for _ in range(shots):
            line.socket.send_multipart(self.maker.submit())
            word, fields = line.take(5) or ("silence", {})
            self._count(line, word, fields)
            if word != "refused:principal:0:":
                self.problems.append(f"a revoked key got {word}")
        line.close()
        if held > 1:
            self.problems.append(f"a revocation held after {held:.2f} s (committed {committed - began:.2f} s after its begin)")
        return held

    def fire_at(self, line, shot):
        answer = line.fire(shot)
        self.problems += line.problems
        line.problems.clear()
        line.sent = 0
        if answer:
            self._count(line, *answer)

    def _count(self, line, word, fields):
        self.extra_sent += 1
        self.said.add((line.door.name, word))
        self.outcomes[":".join(word.split(":")[:2])] += 1
        if word.startswith("refused"):
            self.extra_refused[line.door.program] += 1
        if word == "accepted":
            self.kept_elsewhere.append((word, fields))

    def chosen_routing_id(self, shots=30):
        """A peer that names itself is not heard, and counted."""
        line = Line(self.doors["adapters"], *self._way("adapters"), routing_id=b"web", greets=False)
        for _ in range(shots):
            line.socket.send_multipart(self.maker.submit())
        if line.take(1.0):
            self.problems.append("a peer that chose its routing id was answered")
        line.close()
        self.counted["unheard"] += shots

    def own_work(self):
        """A worker who misuses what is its own: an old version, a key said twice, an act that no longer fits or
        names nobody, PULLs without end."""
        own, line = self.stack.agency("92.01/PUPR"), Line(self.doors["workers"], *self._way("workers"))
        self.fire("adapters", Shot(self.maker.submit(category=1, place="92.01"), "work of its own", "accepted"))
        assigned = self._ask(line, 30, {2: [own], 3: 1, 4: 20000}, "assigned")
        self._take(line, "pulled:done")
        if not assigned:
            return line.close()
        case, version = {2: assigned[2], 3: own}, assigned[4]
        key, act = self.dice.randbytes(16), self.maker.by_name["act"].field
        self._ask(line, 33, {**case, 4: version - 1, 5: self.dice.randbytes(16), act("act").tag: 1}, "acted:stale:version")
        done = self._ask(line, 33, {**case, 4: version, 5: key, act("act").tag: 1}, "acted:done")
        self._ask(line, 33, {**case, 4: version, 5: key, act("act").tag: 7, 7: "lain"}, "acted:stale:key")
        self._ask(line, 33, {**case, 4: done[5] if done else 0, 5: self.dice.randbytes(16), act("act").tag: 4}, "acted:stale:state")
        for kind, lacks in ((10, "target"), (20, "other"), (18, "value")):
            self._ask(line, 33, {**case, 4: done[5] if done else 0, 5: self.dice.randbytes(16), act("act").tag: kind}, f"acted:refused:{lacks}")
        self.acts.append(("stranger", assigned[2].hex(), own, version, key.hex(), "ack", "done", done[5] if done else 0))
        for _ in range(70):
            line.socket.send(frame(30, {1: self.maker.ref(), 2: [own], 3: 1, 4: 1500}))
        for at in range(70):
            self._take(line, "pulled:refused:busy" if at < 6 else "pulled:")
        return line.close()

    def _ask(self, line, number, fields, want):
        line.socket.send(frame(number, {1: self.maker.ref(), **fields}))
        return self._take(line, want)

    def _take(self, line, want):
        word, fields = line.take(25) or ("silence", {})
        if word != "assigned":
            self._count(line, word, fields)
        if not word.startswith(want):
            self.problems.append(f"workers: got {word}, not {want}")
        return fields

    def before_hello(self):
        """Each message number without a conversation."""
        line = Line(self.doors["adapters"], *self._way("adapters"), greets=False)
        for message in self.maker.messages:
            if message.name not in ("hello", "bye"):
                line.socket.send(frame(message.number, self.maker.fields(message)))
                word, fields = line.take(10) or ("silence", {})
                self._count(line, word, fields)
                if word != f"refused:hello:{message.number}:":
                    self.problems.append(f"before hello, {message.name} got {word}")
        line.close()

    def over_credit(self, shots=1500):
        """Submissions in one burst, far beyond the window."""
        line = Line(self.doors["adapters"], *self._way("adapters"))
        for _ in range(shots):
            line.socket.send_multipart(self.maker.submit())
        beyond = 0
        for _ in range(shots):
            word, fields = line.take(20) or ("silence", {})
            self._count(line, word, fields)
            beyond += word.startswith("refused:credit")
            if word not in ("accepted", "tempfail") and not word.startswith("refused:credit:10"):
                self.problems.append(f"in a burst: {word}")
                break
        line.close()
        if not beyond:
            self.problems.append(f"a burst of {shots} submissions was within the credit of 256")
        return beyond

    # ---- the end

    def kept(self):
        """Ids of what became durable: the hostile ones' own part of the ledger."""
        for line in self.lines.values():
            for word, fields in line.kept:
                yield (fields[2] if word == "accepted" else fields[1]).hex()
        for word, fields in self.kept_elsewhere:
            yield fields[2].hex()

    def close(self):
        for line in self.lines.values():
            self.problems += line.problems
            self.outcomes.update(line.outcomes)
            line.close()

    @property
    def sent(self):
        return sum(line.sent for line in self.lines.values()) + self.extra_sent + sum(self.counted.values())


# ---- sums, coverage, memory -----------------------------------------------------------------------

def sums(siege, before, after):
    """Every hostile message is an answer or is counted; the programs' own counters say the same."""
    problems = []

    def moved(program, name):
        return int(after[program][name] - before[program][name])

    answered = sum(siege.outcomes.values())
    if answered + sum(siege.counted.values()) != siege.sent:
        problems.append(f"{siege.sent} were sent, {answered} answered, {sum(siege.counted.values())} counted")
    refused, rejected = collections.Counter(siege.extra_refused), 0
    for line in siege.lines.values():
        refused[line.door.program] += line.ended + sum(n for word, n in line.outcomes.items() if word.startswith("refused"))
    rejected = sum(n for word, n in siege.outcomes.items() if word.startswith("reject:"))
    # A stall that ends a link costs its program a refused message, and says so in that program's own count.
    ours = sum(moved(program, "link_turned_down_total") for program in before)
    for program in before:
        counts = moved(program, "link_refused_total")
        if not refused[program] <= counts <= refused[program] + ours:
            problems.append(f"{program}: REFUSED {refused[program]} times, it counts {counts}; {ours} to programs of ours")
        ours -= counts - refused[program]
    if ours > 0:
        problems.append(f"{ours} messages of our own programs were refused by nobody")
    for what, program, name, seen in (
            ("REJECT", "intake", "intake_rejected_total", rejected), ("unheard", "intake", "link_unheard_total", siege.counted["unheard"]),
            ("of a revoked key", "intake", "door_unknown_principal_total", siege.outcomes["refused:principal"])):
        if moved(program, name) != seen:
            problems.append(f"{what}: {seen} seen, {program} counts {moved(program, name)}")
    for name, seen in (("zap_refused_total", siege.counted["zap_refused"]), ("door_broken_handshakes_total", siege.counted["broken_handshake"])):
        total = moved("intake", name) + moved("router", name)
        if total != seen:
            problems.append(f"{name}: {seen} strangers kept out, {total} counted")
    return problems


def coverage(siege, say):
    """Which codes were said, which numbers sent where, which refusals of the decoder named which field."""
    problems = []
    words = {word for _, word in siege.said}
    parts = [word.split(":") for word in words]
    for enum, heads, at, never in (("reject", ("reject",), 1, set()), ("refusal", ("refused",), 1, NEVER_SAID), ("reason", ("acted", "pulled"), 2, NEVER_ASKED)):
        every = set(catalogue.enums()[enum]) - never
        seen = {part[at] for part in parts if part[0] in heads} - {""}
        say(f"{enum}: {', '.join(sorted(seen))}")
        if every - seen:
            problems.append(f"{enum}: never said: {', '.join(sorted(every - seen))}")
    missing = {(name, message.number) for name in siege.doors for message in siege.maker.messages} - siege.numbers
    say(f"numbers: all {len(siege.maker.messages)} of the catalogue at {len(siege.doors)} doors"
        if not missing else f"numbers: missing {sorted(missing)[:20]}")
    if missing:
        problems.append(f"{len(missing)} pairs of door and number were not sent")
    faults = {(number, field, code) for number, field, code in siege.maker.visited}
    named_faults = set()
    for part in parts:
        if part[0] == "refused" and part[1] == "malformed" and part[2] != "0":
            named_faults.add((int(part[2]), part[3]))
        if part[0] == "reject":
            named_faults.add((part[1], part[2]))
    unnamed = {fault for fault in faults if (fault[0], fault[1]) not in named_faults and (fault[2], fault[1]) not in named_faults}
    by_code = collections.Counter(code for _, _, code in faults)
    say(f"decoder: {len(faults)} pairs of field and fault (" + ", ".join(f"{code} {count}" for code, count in sorted(by_code.items())) +
        f"), {len(faults) - len(unnamed)} refused by name")
    problems += [f"{number} {field} {code}: was never refused by name" for number, field, code in sorted(unnamed)[:10]]
    return problems


def percentile(times, since, until, part):
    found = sorted(late for at, late in times if since <= at < until)
    return found[min(len(found) - 1, int(len(found) * part))] if found else float("nan")


def median(values):
    values = sorted(value for value in values if value == value)
    return values[len(values) // 2] if values else float("nan")


def besiege(stack, folder, count, rate, seed, factor, say=print, alone=8.0, strangers_every=100):
    """(problems, figures).  `factor`: how much slower good ones may become; None: only told."""
    siege, problems = Siege(stack, seed), []
    good = Good(stack, folder, rate)
    good.start()
    stack.wait("select 1 from complaint having count (*) >= %s", max(rate * 4, 1500), seconds=120)  # tables and heaps have their size
    pids = {name: stack[name].process.pid for name in stack.programs}
    before = {name: metrics(stack, name) for name in stack.programs}
    for name in siege.doors:
        siege.line(name)
    memory = Memory(pids)
    memory.start()
    figures = {"held": None, "beyond": None}
    phases = _phases(siege, count, rate, alone, strangers_every, figures, say, pids)
    siege.close()
    memory.stop()
    dead = [name for name in pids if not stack[name].alive()]
    if dead:
        good.terminate()
        return [f"ended: {name}, status {stack[name].process.poll()}\n{stack[name].tail(15)}" for name in dead] + siege.problems[:5], figures
    found = good.stop()
    after = {name: metrics(stack, name) for name in stack.programs}
    problems += siege.problems[:20] + sums(siege, before, after) + coverage(siege, say)
    problems += _unharmed(stack, good, found, siege)
    problems += _memory(memory, phases, figures, say)
    problems += _speed(found, phases, factor, figures, say)
    say(f"{siege.sent} hostile, {found['accepted']} good submissions, {found['done']} good acts")
    say("answers: " + ", ".join(f"{word} {n}" for word, n in sorted((siege.outcomes + siege.counted).items())))
    figures.update(hostile=siege.sent, good=found["accepted"])
    return problems, figures


def _phases(siege, count, rate, alone, strangers_every, figures, say, pids):
    """In turns: good ones alone, then good and hostile.  [(alone since, until), (hostile since, until)]"""
    plan = itertools.chain(siege.systematic(count >= 50000), siege.random())
    rounds, done, phases = max(2, round(count / (rate * 20))), 0, []
    for number in range(rounds):
        began = time.monotonic()
        while time.monotonic() < began + alone:
            siege.beat()
            time.sleep(0.1)
        since, until_count = time.monotonic(), count * (number + 1) // rounds
        first = siege.sent
        while siege.sent < until_count and len(siege.problems) < 50:
            name, shot = next(plan)
            try:
                siege.fire(name, shot)
                siege.beat()
            except RuntimeError as wrong:  # nobody is there any more
                siege.problems.append(f"{shot.label}: {wrong}")
                return phases
            done += 1
            if done % strangers_every == 0:
                siege.wrong_key()
            if done == 700:
                figures["held"] = siege.revoked()
                siege.chosen_routing_id()
                siege.before_hello()
                siege.own_work()
            if done == 1400:
                figures["beyond"] = siege.over_credit()
            while (ahead := since + (siege.sent - first) / rate - time.monotonic()) > 0:
                time.sleep(min(ahead, 0.5))
                siege.beat()
            if done % 50 == 0 and any(not os.path.exists(f"/proc/{pid}/exe") for pid in pids.values()):
                return phases
        phases.append(((began, since), (since, time.monotonic())))
        say(f"round {number + 1} of {rounds}: {siege.sent} hostile ones in {time.monotonic() - since:.0f} s")
    return phases


def _memory(memory, phases, figures, say):
    problems, (first, last) = [], (phases[0][0], phases[-1][1])
    middle = (phases[len(phases) // 2][0][0], last[1])
    for name in memory.pids:
        start, end, most = memory.most(name, *first), memory.most(name, last[1] - 3, last[1]), memory.most(name, first[0], last[1])
        early, late = memory.most(name, middle[0], middle[0] + 3), end
        say(f"memory of {name}: {start:.1f} MiB before, {most:.1f} at most, {end:.1f} at the end; {late - early:+.1f} in the second half")
        figures[f"memory {name}"] = (round(start, 1), round(most, 1), round(end, 1))
        asked = status_of(memory.pids[name], "VmPeak") - memory.asked[name]
        if asked > ASKED_MOST:
            problems.append(f"{name} asked for {asked:.0f} MiB more at once, whether it used them or not")
        if most - start > MEMORY_MOST:
            problems.append(f"{name} grew by {most - start:.1f} MiB, at most {MEMORY_MOST}")
        if late - early > 4:
            problems.append(f"{name} goes on growing: {late - early:.1f} MiB in the second half")
    return problems


def windows(phases, part):
    """Pieces as long as a phase alone: a percentile of a longer time has seen more of the machine's other work."""
    length = min(until - since for (since, until), _ in phases)
    for phase in phases:
        since, until = phase[part]
        for at in range(max(1, int((until - since) / length))):
            yield since + at * length, min(until, since + (at + 1) * length)


def _speed(found, phases, factor, figures, say):
    problems = []
    for what in ("submit", "act"):
        alone, beside = (median([percentile(found[what], *window, 0.99) for window in windows(phases, part)]) for part in (0, 1))
        p50 = [median([percentile(found[what], *window, 0.5) for window in windows(phases, part)]) for part in (0, 1)]
        say(f"good {what}: p50 {p50[0]:.2f} ms alone, {p50[1]:.2f} beside; p99 {alone:.2f} ms alone, {beside:.2f} beside: x {beside / alone:.2f}")
        figures[f"{what} p99"] = (round(alone, 2), round(beside, 2))
        if factor and not beside <= factor * alone:
            problems.append(f"good {what}: p99 {beside:.2f} ms beside hostile ones, {alone:.2f} alone: more than {factor:g} times")
    return problems


def _unharmed(stack, good, found, siege):
    """Every good one is a complaint, once, word for word; each good act took effect once."""
    problems = [found["problem"]] if found["problem"] else []
    if found["other"]:
        problems.append(f"good ones that were not accepted: {found['other']}")
    deadline = time.monotonic() + 60
    while metrics(stack, "intake")["intake_undrained_records"] and time.monotonic() < deadline:
        time.sleep(0.1)
    history = ledger.History()
    for path in good.logs:
        history.read(path)
    record, kept = collect(stack), set(siege.kept())
    words = {row[0]: row[-1] for rows in (record.complaints, record.replies, record.refused, record.waiting, record.quarantine) for row in rows}
    for identity in kept:  # that these are kept is demanded; what they say is nobody's
        history.sent[f"hostile:{identity}"] = (identity, words.get(identity, ""))
        history.answers[f"hostile:{identity}"] = {("stored", identity, "-")}
    history.acts += siege.acts
    record.open = [row for row in record.open if row[1] not in kept]
    problems += ledger.check(history, record)[:10]
    missing = [identity for identity in kept if identity not in words]
    if missing:
        problems.append(f"{len(missing)} hostile ones were said to be kept and are not there: {missing[:3]}")
    return problems
