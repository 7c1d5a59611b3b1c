"""People for tests: a front that speaks for them, and persons with appointments and sessions.

    person = stack.person("91.01", "coordinator")      # at once, without invitation and password
    stack.front().order("rename_agency", person, agency="91.01/PUPR", name="...")
    stack.front().act(case, "answer", "...", session=person.session)
    stack.reader().ask("desk_me", session=person.session)

Front is written from common/wire/PROTOCOL.md alone, as tests/protocol; a Person is rows of the store's own tables.
"""
import base64
import hashlib
import hmac
import json
import os
import struct
import time
import urllib.parse

import zmq

from peer import Peer, frame, parse
from worker import PULL, Worker

ORDER, ORDERED, ASK, ROWS, SHOW, SHOWN = 60, 61, 50, 51, 52, 53
ROLES = {"coordinator": 5, "agency_admin": 6, "liaison": 7, "overseer": 8, "operator": 9}
REASONS = {1: "version", 2: "state", 3: "absent", 4: "text", 5: "key", 6: "scope", 7: "busy", 8: "bound", 9: "target", 10: "lead",
           11: "other", 12: "ending", 13: "role", 14: "session", 15: "value"}
VERDICTS = {1: "done", 2: "stale", 3: "refused"}
PASSWORD = "kuda hijau di atas genting"  # one that is not too weak


class Ordered:
    """How an order ended: verdict, reason, detail and result; `word` is "done", or "reason detail"."""

    def __init__(self, fields):
        self.verdict = VERDICTS[fields[2]] if fields else "unknown"
        self.reason = REASONS.get((fields or {}).get(3))
        self.detail = (fields or {}).get(4)
        text = (fields or {}).get(5)
        self.result = json.loads(text) if text else None

    @property
    def word(self):
        return self.verdict if self.verdict != "refused" else " ".join(filter(None, (self.reason, self.detail)))

    def __repr__(self):
        return f"<{self.word} {self.result}>"

    def __getitem__(self, name):
        return self.result[name]


class Person:
    """Somebody with a session: number, login, token."""

    def __init__(self, number, login, session):
        self.number, self.login, self.session = number, login, session


def token_of(who):
    return who.session if isinstance(who, Person) else bytes.fromhex(who) if isinstance(who, str) else who


class Front(Worker):
    """A front's key: it pulls, acts and orders for whoever's session is named."""

    def order(self, name, who=None, /, *, repeat=None, seconds=30.0, each=10.0, **arguments):
        """Repeats with the same key until it is answered; `repeat` is that of an earlier order, given again; `each` is how
        long one try waits."""
        key = repeat or os.urandom(16)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ref = self.ref()
            sent = self.say([frame(ORDER, t1=ref, t2=key, t3=name, t4=json.dumps(arguments), t5=token_of(who))],
                            max(0.1, deadline - time.monotonic()))
            answer = self.take(ref, min(each, max(0.0, deadline - time.monotonic()))) if sent else None
            if answer:
                assert answer[0] == ORDERED, answer
                return Ordered(answer[1])
        return Ordered(None)

    def pull_as(self, who, agencies, count=1, wait=0, lease=None, seconds=None):
        """As Worker.pull, for a person."""
        seconds = wait / 1000 + 10 if seconds is None else seconds
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ref = self.ref()
            self.say([frame(PULL, t1=ref, t2=list(agencies), t3=count, t4=wait, t5=lease, t6=token_of(who))], seconds)
            found = self.pulled(ref, deadline - time.monotonic())
            if found is not None or self.welcome is not None:
                return found  # else the conversation had ended in silence
        return None

    def act_as(self, who, assignment, act, text=None, **tags):
        return self.act(assignment, act, text, t14=token_of(who), **tags)


class Reader(Peer):
    """Asks aduan-query on its unix socket."""

    credit_tag = 4

    def __init__(self, path):
        super().__init__(f"ipc://{path}", None, None, None)

    def take_number(self, number, seconds):
        """The fields of the next message of this number."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for at, message in enumerate(self.inbox):
                if message[0] == number:
                    return self.inbox.pop(at)[1]
            self._turn(0.1)
        raise AssertionError(f"no message {number} within {seconds} s")

    def ask(self, query, *arguments, session=None, seconds=20):
        """The rows, or a ValueError with what was wrong."""
        deadline, answer = time.monotonic() + seconds, None
        while answer is None and time.monotonic() < deadline:
            ref = self.ref()
            assert self.say([frame(ASK, t1=ref, t2=query, t3=json.dumps(list(arguments)), t4=token_of(session))], seconds)
            answer = self.take(ref, deadline - time.monotonic())
        number, fields, _ = answer
        assert number == ROWS
        text = fields[3].decode() if isinstance(fields[3], bytes) else fields[3]
        if fields[2] != 1:
            raise ValueError(text)
        return json.loads(text) if text else []


def invited(stack, who):
    """An invitation of somebody who is there; its token."""
    token = os.urandom(32)
    stack.sql("insert into invitation (token_hash, principal_id, invited_by, ends_at) values (decode (%s, 'hex'), %s, 0, now () + interval '1 day')",
              hashlib.sha256(token).hexdigest(), who.number)
    return token.hex()


def code_of(uri, at=None, step=0):
    """The six digits that a phone with this otpauth URI shows (RFC 6238), `step` half minutes from now."""
    secret = urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0]
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at or time.time()) // 30 + step), hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place:place + 4])[0] & 0x7fffffff) % 1000000:06}"


class People:
    """What a Stack knows of people."""

    def __init__(self, stack):
        self.stack, self.count, self.fronts, self.readers = stack, 0, {}, None

    def front(self, name="desk"):
        if name not in self.fronts:
            self.fronts[name] = self.new_front(name)
        return self.fronts[name]

    def new_front(self, name="desk"):
        stack = self.stack
        peer = Front(f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), *stack.keys[f"front-{name}"], name)
        stack.peers.append(peer)
        return peer

    def reader(self):
        if not self.readers:
            self.readers = Reader(os.path.join(self.stack.folder, "run", "query.sock"))
            self.stack.peers.append(self.readers)
        return self.readers

    def person(self, agency=None, role=None, login=None, named=False, front="desk", lasts="1 hour"):
        """A new person, appointed where an agency is named, logged in."""
        self.count += 1
        login = login or f"orang-{self.count}"
        number = self.stack.sql("insert into principal (name, role) values (%s, 4) returning principal_id", f"person {login}")[0][0]
        self.stack.sql("insert into person (principal_id, login, name) values (%s, %s, %s)", number, login, login.capitalize())
        who = Person(number, login, None)
        if agency:
            self.appoint(who, agency, role, named)
        return self.session(who, front, lasts)

    def appoint(self, who, agency, role, named=False):
        self.stack.sql("insert into appointment (principal_id, agency_id, role, named, appointed_by) values (%s, %s, %s, %s, 0)",
                       who.number, self.stack.agency(agency), ROLES[role], named)

    def session(self, who, front="desk", lasts="1 hour"):
        who.session = os.urandom(32)
        self.stack.sql("insert into session (token_hash, principal_id, front, ends_at) "
                       "select decode (%s, 'hex'), %s, p.principal_id, now () + %s::interval from principal p where p.name = %s",
                       hashlib.sha256(who.session).hexdigest(), who.number, lasts, f"front-{front}")
        return who
