"""A router in Python, for tests of the store alone: it places complaints that it has decided itself, pulls and acts
for any worker, and answers `redecide` as it is told.

    door = StoreDoor (stack)
    case = door.place (owner=11, rung=3)
    door.decides = lambda asked: {2: 12, 3: 4}    # fields of `place`; None: says nothing

One thread, the caller's: what comes is handled whenever it waits for an answer, or in `turn`.
"""
import hashlib
import os
import time

from peer import PING, Peer, frame, parse

SUBMIT, CONTENT, OFFER, STORED, PLACE, ORIGIN, REDECIDE, REDECIDED = 10, 11, 20, 22, 23, 24, 25, 26
PULL, ASSIGNED, PULLED, ACT, ACTED, BEHALF = 30, 31, 32, 33, 34, 35
ACTS = {"ack": 1, "nack": 2, "release": 3, "extend": 4, "park": 5, "progress": 6, "answer": 7, "ask": 8, "hand_back": 9,
        "assign": 10, "support": 11, "close": 12, "verify": 13, "take_on": 14, "correct": 15, "archive": 16, "chase": 17, "split": 18,
        "draft": 19, "link": 20, "merge": 21, "unmerge": 22, "approve": 60, "send_back": 61, "block": 62, "take_over": 63, "note": 64,
        "publish": 65, "unpublish": 66}
REASONS = {0: None, 1: "version", 2: "state", 3: "absent", 4: "text", 5: "key", 8: "bound", 9: "target", 10: "lead", 11: "other",
           12: "ending", 13: "role", 14: "session", 15: "value"}
ROLES = {"coordinator": 5, "agency_admin": 6, "liaison": 7, "overseer": 8, "operator": 9}
# fields of `act` beside those that every test says
FIELDS = {"delay": 8, "session": 14, "complaint": 15, "category": 16, "region": 17, "title": 18, "body": 19, "anonymous": 20, "secret": 21,
          "ending": 22, "asks": 23, "event": 24, "drafted": 25, "copies": 26, "attachments": 27, "class_": 11}
PARTS = {None: "lead", 1: "support", 2: "arbiter", 3: "bound"}
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def number_of(complaint):
    """The tracking number of an id: its last 60 bits and a check symbol (Luhn mod 32)."""
    bits = int.from_bytes(complaint[8:], "big") & ((1 << 60) - 1)
    values = [(bits >> (5 * (11 - at))) & 31 for at in range(12)]
    products = [value * (1 if at % 2 == 0 else 2) for at, value in enumerate(values)]
    check = (32 - sum(product // 32 + product % 32 for product in products) % 32) % 32
    return "A" + "".join(SYMBOLS[value] for value in values) + SYMBOLS[check]


def history(frames):
    """What was said on a leased case: texts, oldest first."""
    if len(frames) < 3:
        return []
    words = parse(frames[2])[1][8]
    strings = (words.encode() if isinstance(words, str) else words).split(b"\0")
    return [text.decode() for text in strings[2::3]]


class StoreDoor(Peer):
    credit_tag = 4

    def __init__(self, stack, name="router"):
        self.stack = stack
        self.decides = lambda asked: None
        self.asked = []   # every redecide: dicts
        self.placed = 0
        self.fronts, self.logins = None, {}
        self.principal = stack.sql("select principal_id from principal where role = 2 order by 1 limit 1")[0][0]
        super().__init__(f"ipc://{stack.folder}/run/store.sock", None, None, None, name)
        stack.peers.append(self)
        stack.beats.append(self.beat)
        self.greet()

    def close(self):
        if self.beat in self.stack.beats:
            self.stack.beats.remove(self.beat)
        super().close()

    def greet(self):
        """Says hello once more: who was silent for six seconds is not known any more."""
        self.welcome = None
        assert self.hello(30), "the store does not answer"

    # ---- what comes

    def _hear(self, fields, frames):
        content = parse(frames[1])[1]
        submit = parse(frames[0])[1]
        asked = {"id": fields[1], "event": fields[2], "refusers": list(fields[3]), "reason": fields.get(4), "suggested": fields.get(5, 0),
                 "holder": fields.get(7), "cleared": fields.get(8) == 2, "since": fields.get(9), "submit": submit, "title": content.get(1),
                 "text": content[2]}
        self.asked.append(asked)
        place = self.decides(asked)
        if place is not None:
            self.answer(asked, place)

    def answer(self, asked, place):
        """Says `redecided`, with these fields of `place`."""
        self._send([frame(REDECIDED, t1=asked["id"], t2=asked["event"]),
                    frame(PLACE, t1=0, **{f"t{tag}": value for tag, value in place.items()})])

    def was_asked(self, count=1, seconds=20):
        """The count-th redecide, waited for."""
        deadline = time.monotonic() + seconds
        while len(self.asked) < count:
            assert time.monotonic() < deadline, f"asked {len(self.asked)} times\n{self.stack['store'].tail()}"
            self._next(0.02)
        return self.asked[count - 1]

    def _next(self, seconds):
        """Handles what comes first, if anything does so soon.  Forgotten, as on a busy machine by a test that did something else meanwhile,
        it comes anew, as a router does; what the store has to ask it asks again."""
        self._turn(seconds)
        if self.welcome is None:
            self.greet()
        for at in range(len(self.inbox) - 1, -1, -1):
            if self.inbox[at][0] == REDECIDE:
                _, fields, frames = self.inbox.pop(at)
                self._hear(fields, frames)

    def turn(self, seconds=0.0):
        """Handles what comes for so long."""
        deadline = time.monotonic() + seconds
        self._next(0)
        while time.monotonic() < deadline:
            self._next(max(0.001, min(0.2, deadline - time.monotonic())))

    def until(self, question, *values, seconds=20):
        """The rows of a query as soon as there are any; what comes meanwhile is handled."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            rows = self.stack.sql(question, *values)
            if rows:
                return rows
            self._next(0.02)
        raise AssertionError(f"not within {seconds} s: {question} {values}\n{self.stack['store'].tail()}")

    def _wait(self, wanted, seconds=20):
        """The first message of the inbox that `wanted` (number, fields, frames) likes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for at, message in enumerate(self.inbox):
                if wanted(*message):
                    return self.inbox.pop(at)
            self._next(0.02)
        raise AssertionError(f"no answer within {seconds} s\n{self.stack['store'].tail()}\n{self.state()}")

    def state(self):
        """What the store and its database are at, for whom waits in vain."""
        busy = self.stack.sql("select pid, state, wait_event_type, wait_event, age (now (), xact_start), pg_blocking_pids (pid), left (query, 120) "
                              "from pg_stat_activity where usename = 'aduan_store'")
        return "\n".join([self.stack.show("store", "queues"), *map(str, busy), f"inbox: {self.inbox[:5]}"])

    # ---- what is said

    def place(self, owner=0, rung=3, text="Jalan rusak", title=None, email=None, contact=b"sealed", complaint=None, received=None,
              supporters=None, copies=None, oversight=None, region=None, named=None, category=None, class_=None, code=None, wait=True, **place):
        """Stores a decided complaint; its id."""
        self.placed += 1
        created = 1700000000000 + self.placed
        complaint = complaint or created.to_bytes(6, "big") + os.urandom(10)
        digest = hashlib.blake2b(text.encode(), digest_size=32).digest()
        self._send([
            frame(PLACE, t1=self.placed, t2=owner or None, t3=rung, t4=900, t5=class_, t7=oversight, t9=region, t10=None, t11=1, t12=1,
                  t13='{"said":[]}', t14=supporters, t15=copies, **place),
            frame(OFFER, t1=complaint, t2=bytes(16), t3=self.placed, t4=received or int(time.time() * 1000), t5=1, t6=number_of(complaint),
                  t7=digest, t8=1),
            frame(SUBMIT, t1=0, t2=1, t3=complaint, t4=created, t5=1, t6=class_, t7=category, t8=named if named is not None else region,
                  t14=2, t15=1, t17=code),
            frame(CONTENT, t1=title, t2=text, t7=contact or None, t8=1 if contact else None)])
        if wait:
            route = self.placed
            _, _, frames = self._wait(lambda number, fields, frames: number == ORIGIN and fields[1] == route)
            assert parse(frames[0])[1][4] == 1, "not stored"
        return complaint

    def say(self, complaint, text, kind=2, alarms=False, word=None, wait=True, **more):
        """A reporter's word (enum kind), as intake and a router pass it on; its outcome, and whether it was new."""
        self.stack.sql("update content set code_hash = %s where complaint_id = %s and code_hash is null", bytes(32), complaint.hex())
        self.placed += 1
        route, word = self.placed, word or os.urandom(16)
        number = number_of(complaint)
        self._send([frame(PLACE, t1=route, t17=2 if alarms else None),
                    frame(OFFER, t1=word, t2=bytes(16), t3=route, t4=int(time.time() * 1000), t5=1, t6=number, t7=bytes(32), t8=1),
                    frame(SUBMIT, t1=0, t2=kind, t3=word, t4=1700000000000, t5=1, t16=number, t17=bytes(32), **more),
                    frame(CONTENT, t2=text)])
        if not wait:
            return None
        _, _, frames = self._wait(lambda number, fields, frames: number == ORIGIN and fields[1] == route)
        stored = parse(frames[0])[1]
        return stored[4], stored[5] == 2

    def pull(self, agencies, count=1, wait=0, lease=600000):
        """Assignments: dicts."""
        ref = self.ref()
        self._send([frame(BEHALF, t1=ref, t2=self.principal), frame(PULL, t1=1, t2=list(agencies), t3=count, t4=wait, t5=lease)])
        found = []
        while True:
            _, _, frames = self._wait(lambda number, fields, frames: number == BEHALF and fields[1] == ref)
            number, fields = parse(frames[0])
            if number == PULLED:
                return found
            found.append({"id": fields[2], "agency": fields[3], "version": fields[4], "due_first": fields.get(15),
                          "part": PARTS[fields.get(18)], "text": parse(frames[1])[1][2],
                          "history": history(frames)})

    def take(self, agency):
        """The one assignment that waits for an agency, within a while."""
        found = self.pull([agency], 1, 10000)
        assert found, f"nothing for {agency}: {self.stack.sql('select complaint_id, agency, state, lead, bond from assignment')}"
        return found[0]

    def acted(self, case, act, text=None, to=None, reason=None, resolution=None, key=None, version=None, other=None, agency=None, **more):
        """The fields of the answer.  With `session` a front says it, with `complaint` one above the holder, in the name of `agency`."""
        ref = self.ref()
        speaker = self.front() if "session" in more else self.principal
        named = 0 if more.get("complaint") else version or case["version"]
        self._send([frame(BEHALF, t1=ref, t2=speaker),
                    frame(ACT, t1=1, t2=case["id"], t3=agency or case["agency"], t4=named, t5=key or os.urandom(16),
                          t6=ACTS.get(act, act), t7=text, t9=reason or (1 if act == "hand_back" else None), t10=to, t12=resolution, t13=other,
                          **{f"t{FIELDS[name]}": value for name, value in more.items()})])
        _, _, frames = self._wait(lambda number, fields, frames: number == BEHALF and fields[1] == ref)
        number, fields = parse(frames[0])
        assert number == ACTED
        return fields

    def act(self, case, act, *values, **more):
        """"done", or why not; the case goes on with its new version."""
        fields = self.acted(case, act, *values, **more)
        if fields[3] == 1:
            if not more.get("complaint"):
                case["version"] = fields[5]
            return "done"
        return REASONS[fields.get(4, 0)]

    def front(self):
        """The principal of a front, made at first use."""
        if not self.fronts:
            self.fronts = self.stack.sql("insert into principal (name, role, key) values (%s, 3, %s) returning principal_id",
                                         f"front {os.urandom(4).hex()}", os.urandom(20).hex())[0][0]
        return self.fronts

    def person(self, agency, role, named=False):
        """Somebody appointed to an agency: his session's token.  `login` of the token tells who he is."""
        token, login = os.urandom(32), f"{role}.{os.urandom(4).hex()}@example.org"
        number = self.stack.sql("insert into principal (name, role) values (%s, 4) returning principal_id", login)[0][0]
        self.stack.sql("insert into person (principal_id, login, name) values (%s, %s, %s)", number, login, role)
        self.stack.sql("insert into appointment (principal_id, agency_id, role, named, appointed_by) values (%s, %s, %s, %s, 0)",
                       number, agency, ROLES[role], named)
        self.stack.sql("insert into session (token_hash, principal_id, front, ends_at) values (%s, %s, %s, now () + interval '1 day')",
                       hashlib.sha256(token).digest(), number, self.front())
        self.logins[token] = number
        return token

    def ping(self):
        self._send([frame(PING)])
