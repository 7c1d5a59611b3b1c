"""An agency's worker, written from common/wire/PROTOCOL.md alone."""
import os
import time

from peer import Peer, frame, parse

PULL, ASSIGNED, PULLED, ACT, ACTED, HISTORY = 30, 31, 32, 33, 34, 37
ACTS = {"ack": 1, "nack": 2, "release": 3, "extend": 4, "park": 5, "progress": 6, "answer": 7, "ask": 8, "hand_back": 9,
        "assign": 10, "support": 11, "close": 12, "link": 20, "merge": 21, "unmerge": 22}
VERDICTS = {1: "done", 2: "stale", 3: "refused"}


REPLIES = {2: "reply", 3: "completion", 4: "rating", 5: "withdrawal", 6: "closing", 7: "reopening", 8: "consent", 9: "flags"}


def history(frames):
    """What was said since the case came, oldest first, and how many older entries are left out."""
    for number, fields in map(parse, frames):
        if number == HISTORY:
            words = fields[8].encode() if isinstance(fields[8], str) else fields[8]
            words = iter(words.decode().split("\0"))
            acts = {number: word for word, number in ACTS.items()}
            counts, digests = iter(fields.get(9, [])), fields.get(10, b"")
            files = iter([digests[at:at + 32] for at in range(0, len(digests), 32)])
            return [{"at": at, "kind": acts.get(act) or REPLIES[kind], "agency": agency, "reason": reason, "suggested": suggested,
                     "code": next(words), "suggested_code": next(words), "text": next(words), "files": [next(files) for _ in range(next(counts, 0))]}
                    for at, act, kind, agency, reason, suggested in zip(*(fields[tag] for tag in range(2, 8)))], fields[1]
    return [], 0


class Worker(Peer):
    credit_tag = 3

    def pull(self, agencies, count=1, wait=0, lease=None, seconds=None):
        """A list of assignments, each a dict of fields and its content; None where nobody answered."""
        ref = self.ref()
        seconds = wait / 1000 + 10 if seconds is None else seconds
        if not self.say([frame(PULL, t1=ref, t2=list(agencies), t3=count, t4=wait, t5=lease)], seconds):
            return None
        deadline = time.monotonic() + seconds
        found = self.pulled(ref, seconds)
        if found is None and self.welcome is None and time.monotonic() < deadline:
            return self.pull(agencies, count, wait, lease, deadline - time.monotonic())  # it was not taken: again
        return found

    def pulled(self, ref, seconds):
        """What comes for a PULL, until it is answered; None where that does not come."""
        found, deadline = [], time.monotonic() + seconds
        while True:
            message = self.take(ref, max(0.0, deadline - time.monotonic()))
            if message is None:
                return None
            number, fields, frames = message
            if number == PULLED:
                self.last_pulled = fields
                return found
            _, content = parse(frames[0])
            found.append({"id": fields[2], "agency": fields[3], "version": fields[4], "lease": fields[5], "attempt": fields[7],
                          "number": fields[8], "title": content.get(1), "text": content[2], "fields": fields,
                          "files": [content[9][at:at + 32] for at in range(0, len(content.get(9, b"")), 32)]})
            found[-1]["history"], found[-1]["omitted"] = history(frames[1:])

    def act(self, assignment, act, text=None, key=None, version=None, seconds=10.0, **tags):
        """(verdict, fields): repeats with the same key until it is answered."""
        key = key or os.urandom(16)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ref = self.ref()
            sent = self.say([frame(ACT, t1=ref, t2=assignment["id"], t3=assignment["agency"], t4=version or assignment["version"],
                                   t5=key, t6=ACTS.get(act, act), t7=text, **tags)], max(0.1, deadline - time.monotonic()))
            answer = self.take(ref, min(2.0, max(0.0, deadline - time.monotonic()))) if sent else None
            if answer:
                return VERDICTS[answer[1][3]], answer[1]
        return "unknown", None
