#!/usr/bin/env python3
"""An agency's worker: pulls one case, shows it, acts on it, as common/wire/PROTOCOL.md says.

    worker.py --door-key router.pub --key worker-pupr.key --agency 812          shows a case and gives it back
    worker.py ... --answer "Sudah kami perbaiki." --close "Selesai."            says both, in this order
    worker.py ... --hand-back "Urusan Dinas Lingkungan Hidup." --suggested 815

Needs pyzmq and msgpack.  Ends with 0; with 1 where an act had no effect, 2 where there is no link or no right.
"""
import argparse
import contextlib
import os
import random
import sys
import time

import msgpack
import zmq


def enum(words):
    """Numbers and words of an enumeration, both ways."""
    numbered = list(enumerate(words.split(), 1))
    return {**dict(numbered), **{word: number for number, word in numbered}}


HELLO, WELCOME, CREDIT, PING, PONG, BYE, REFUSED = range(1, 8)
CONTENT, PULL, ASSIGNED, PULLED, ACT, ACTED, HISTORY = 11, 30, 31, 32, 33, 34, 37
ACTS = enum("ack nack release extend park progress answer ask hand_back assign support close verify take_on correct archive chase "
            "split draft link merge unmerge")
KINDS = enum("complaint reply completion rating withdrawal closing reopening consent flags")
HAND_BACKS = enum("not_our_duty other_level wrong_region same_name_region unit_changed")
RESOLUTIONS = enum("fixed explained planned cannot_fix info_given")
VERDICTS = enum("done stale refused")
REASONS = enum("version state absent text key scope busy bound target lead other ending role session value")
REFUSALS = enum("malformed unknown version principal role credit hello")


class Lost(Exception):
    """What was under way is unknown: hello, then the same again."""


class Denied(Exception):
    """A repeat will not help; a person must look."""


class Worker:
    """One conversation with the router, one request at a time, on one thread."""

    def __init__(self, door, door_key, public, secret, patience=60.0):
        self.door, self.keys, self.patience = door, [key.encode() for key in (door_key, public, secret)], patience
        self.instance, self.socket, self.ref = os.urandom(16), None, 0
        self.sent, self.credit = 0, 0  # messages of class ACTS since hello: pulls and acts
        self.beat, self.heard, self.pinged = 0.0, 0.0, 0.0

    def close(self):
        if self.socket:
            self.socket.close(linger=0)
        self.socket = None

    def bye(self):
        if self.socket:
            with contextlib.suppress(Lost):
                self.send(BYE, {})
            self.socket.close(linger=500)
        self.socket = None

    def send(self, number, said):
        """Never waits: a socket whose handshake was refused meanwhile has nobody to send to, and would for ever."""
        try:
            self.socket.send(msgpack.packb([1, number, said]), zmq.DONTWAIT)
        except zmq.Again:
            raise Lost from None

    def receive(self):
        """Number and fields, and those of the frames behind by their numbers; what is not known is passed over."""
        frames = [msgpack.unpackb(frame, strict_map_key=False, unicode_errors="replace") for frame in self.socket.recv_multipart()]
        self.heard = time.monotonic()
        return frames[0][1], frames[0][2], {number: said for _, number, said in frames[1:]}

    def hello(self):
        """With a new socket each time: where a handshake was refused ZeroMQ never tries again by itself."""
        give_up, wait = time.monotonic() + self.patience, 0.25
        while time.monotonic() < give_up:
            self.close()
            self.socket = zmq.Context.instance().socket(zmq.DEALER)
            self.socket.curve_serverkey, self.socket.curve_publickey, self.socket.curve_secretkey = self.keys
            self.socket.connect(self.door)
            self.send(HELLO, {1: 1, 2: "worker.py", 3: self.instance})
            if self.socket.poll(1000 * wait):
                number, said, _ = self.receive()
                if number != WELCOME:
                    raise Denied(f"{self.door} refuses this worker: {REFUSALS.get(said.get(1))}")
                self.sent, self.credit, self.beat, self.pinged = 0, said[3], said[5] / 1000, self.heard
                return
            wait = min(2 * wait, 5)
        self.close()
        raise Denied(f"no welcome from {self.door} within {self.patience:g} s: it is down, has another key, or does not know ours")

    def hear(self, until):
        """The next answer, or None at `until`; what belongs to the link is dealt with here."""
        while (now := time.monotonic()) < until:
            if now - self.heard > 3 * self.beat:
                raise Lost
            if now - max(self.heard, self.pinged) > self.beat:
                self.send(PING, {})
                self.pinged = now
            if not self.socket.poll(1000 * min(until - now, self.beat / 4)):
                continue
            number, said, more = self.receive()
            if number == CREDIT:
                self.credit = max(self.credit, said[1])
            elif number == REFUSED and REFUSALS.get(said[1]) in ("hello", "credit"):
                raise Lost  # it had no effect; after a new hello both sides count from nought
            elif number == REFUSED:
                raise Denied(f"refused: {REFUSALS.get(said[1])} {said.get(4, '')}")
            elif number in (ASSIGNED, PULLED, ACTED) and said[1] == self.ref:  # others are late answers
                return number, said, more
        return None

    def ask(self, number, said):
        """A request, once there is a link, and credit for it."""
        if not self.socket:
            self.hello()
        while self.sent >= self.credit:
            self.hear(time.monotonic() + 1)
        self.sent += 1
        self.send(number, said)

    def pull(self, agencies, count=1, wait=5.0, lease=60.0):
        """The cases leased to us within `wait`.  A lost pull is not repeated, a new one is made: what was leased to the lost one
        is ready again when its lease is over."""
        cases = []
        while not cases:
            self.ref += 1
            try:
                sent = time.monotonic()
                self.ask(PULL, {1: self.ref, 2: agencies, 3: count, 4: int(1000 * wait), 5: int(1000 * lease)})
                while heard := self.hear(sent + wait + 15):
                    number, said, more = heard
                    if number == ASSIGNED:
                        cases.append(self.case(said, more, sent))
                    elif VERDICTS[said[3]] == "done":
                        return cases
                    else:
                        raise Denied(f"pull: {REASONS.get(said.get(4))}")
            except Lost:
                pass
            self.close()
        return cases

    @staticmethod
    def case(said, more, sent):
        def text(value):
            return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
        content, past = more.get(CONTENT, {}), more.get(HISTORY, {2: [], 3: [], 4: [], 8: ""})
        words = text(past[8]).split("\0")  # three of each entry: whose, suggested, what
        history = [(at, ACTS.get(act, act) or KINDS.get(kind), *words[3 * n:3 * n + 3])
                   for n, (at, act, kind) in enumerate(zip(past[2], past[3], past[4]))]
        return {"id": said[2], "agency": said[3], "version": said[4], "number": said[8], "received": said[14], "due": said.get(15),
                "place": said.get(12, "-"), "title": text(content.get(1)), "text": text(content.get(2)), "history": history,
                "until": sent + (said[6] + 0.8 * said[5]) / 1000}  # begin nothing on it after that

    def act(self, case, act, text=None, **more):
        """Said until it is answered, with the same key each time, so that it takes effect once.  "done", or why not."""
        self.ref, wait = self.ref + 1, 2.0
        said = {1: self.ref, 2: case["id"], 3: case["agency"], 4: case["version"], 5: os.urandom(16), 6: ACTS[act], 7: text,
                9: more.get("reason"), 10: more.get("suggested"), 12: more.get("resolution")}
        said = {tag: value for tag, value in said.items() if value is not None}
        while True:
            try:
                self.ask(ACT, said)
                if heard := self.hear(time.monotonic() + wait * random.uniform(0.8, 1.2)):
                    answer = heard[1]
                    case["version"] = answer.get(5, case["version"])  # the next act on the case names it
                    return " ".join(str(word) for word in (VERDICTS[answer[3]], REASONS.get(answer.get(4)), answer.get(6)) if word)
            except Lost:
                self.close()
            wait = min(2 * wait, 60)


def when(ms):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ms / 1000)) if ms else "-"


def show(case):
    print(f"{case['number']}  received {when(case['received'])}  first answer by {when(case['due'])}  {case['place']}")
    print(case["title"], case["text"], sep="\n")
    for at, what, agency, other, text in case["history"]:
        print(f"  {when(at)} {what} {agency or 'reporter'}{' -> ' if other else ''}{other}: {text}")


def main():
    options = argparse.ArgumentParser(description="Pulls a case, shows it and acts on it; without an act it is given back.")
    options.add_argument("--door", default="tcp://127.0.0.1:8314")
    options.add_argument("--door-key", required=True, metavar="FILE", help="the router's public key: keys/router.pub")
    options.add_argument("--key", required=True, metavar="FILE", help="public and secret key, as `aduan keygen FILE` makes them")
    options.add_argument("--agency", required=True, type=int, metavar="NUMBER", help="`aduan ask agency CODE` tells it")
    options.add_argument("--wait", type=float, default=5, metavar="SECONDS", help="for a case, at most 60")
    options.add_argument("--patience", type=float, default=60, metavar="SECONDS",
                         help="for a link; beyond it what was under way is unknown")
    for act in ("progress", "answer", "close", "hand-back"):
        options.add_argument(f"--{act}", metavar="TEXT")
    options.add_argument("--reason", choices=list(HAND_BACKS)[5:], default="not_our_duty", help="of a hand-back")
    options.add_argument("--suggested", type=int, metavar="NUMBER", help="of the agency that should have what is handed back")
    options.add_argument("--resolution", choices=list(RESOLUTIONS)[5:], default="fixed", help="of a close")
    said = options.parse_args()
    with open(said.door_key, encoding="ascii") as door, open(said.key, encoding="ascii") as own:
        worker = Worker(said.door, door.read().strip(), *own.read().split(), said.patience)
    acts = [("progress", said.progress, {}), ("answer", said.answer, {}),
            ("close", said.close, {"resolution": RESOLUTIONS[said.resolution]}),
            ("hand_back", said.hand_back, {"reason": HAND_BACKS[said.reason], "suggested": said.suggested})]
    acts = [act for act in acts if act[1]]
    if not acts or acts[-1][0] == "progress":  # these leave the lease as it is: nobody is to wait for its end
        acts.append(("release", None, {}))
    try:
        cases = worker.pull([said.agency], wait=said.wait)
        if not cases:
            print("nothing waits")
        for case in cases:
            show(case)  # whoever thinks for long looks at case["until"], and says extend, or ack
            for act, text, more in acts:
                result = worker.act(case, act, text, **more)
                print(f"{case['number']}: {act} {result}")
                if result != "done":  # the lease goes on
                    worker.act(case, "release")
                    sys.exit(1)
    finally:
        worker.bye()


if __name__ == "__main__":
    try:
        main()
    except (Denied, OSError) as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)
