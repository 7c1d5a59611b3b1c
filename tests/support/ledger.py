"""The ledger: what everybody says was done, compared with what is there (RELIABILITY 6).

A History holds what was seen from outside: submissions sent and answered, acts of workers and their
verdicts, mails that arrived.  A Record holds what the product has: rows, notices, the spool.  After
the faults have stopped and all work is done,

    for finding in check(history, record): print(finding)

must print nothing.  Each finding begins with the letter of the demand that it breaks:

    a  acked means complaint, refused row or quarantine, once, with the same words
    b  nothing is there that was never sent
    c  an act has one event; a notice one mail, and one more where its outcome is counted as unknown
    d  accepted acts carry strictly rising versions, none stale, each by a principal with the right
    e  nothing is unfinished past its time
    f  the stages sum up to the total
    g  audit digests are of every event, and the chain verifies
    h  spool and database agree
    i  one submission has one id and one number, whatever was answered how often

History is written to files outside of the tested folders, a line an event, by as many processes as
there are (one file each), and read back with History.read.  Ids are 32 hexadecimal digits.
"""
import collections
import dataclasses
import hashlib
import itertools
import time

DONE, STALE, REFUSED, UNKNOWN = "done", "stale", "refused", "unknown"


def complaint_id(id_key, adapter, key, created):
    """The id that intake must give (RELIABILITY P3), reckoned independently of it."""
    name = adapter.encode()
    hashed = hashlib.blake2b(bytes([len(name)]) + name + key + created.to_bytes(8, "big"), key=id_key, digest_size=16).digest()
    return (created.to_bytes(8, "big")[2:] + hashed[:10]).hex()


def words_digest(title, text):
    """Of what a reporter wrote, as bytes: what was sent must be what is kept."""
    return hashlib.blake2b(title + b"\x01" + text, digest_size=16).hexdigest()


def message_id(complaint, event, recipient):
    """The local part of a notice's Message-ID (RELIABILITY P16)."""
    key = bytes.fromhex(complaint) + event.to_bytes(8, "big") + recipient.to_bytes(8, "big") + b"email\0"
    return hashlib.blake2b(key, digest_size=16).hexdigest()


class Log:
    """One process's part of the history, a line an event; a line is whole or not there."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1, encoding="utf-8")

    def _line(self, *fields):
        self.file.write("\t".join(map(str, (f"{time.time():.3f}", *fields))) + "\n")

    def sent(self, ref, identity, digest):
        self._line("sent", ref, identity, digest)

    def answer(self, ref, verdict, identity="-", number="-"):
        self._line("answer", ref, verdict, identity, number)

    def act(self, principal, identity, agency, version, key, act, verdict, new_version):
        self._line("act", principal, identity, agency, version, key, act, verdict, new_version)

    def close(self):
        self.file.close()


@dataclasses.dataclass
class History:
    sent: dict = dataclasses.field(default_factory=dict)      # ref -> (id, digest)
    answers: dict = dataclasses.field(default_factory=dict)   # ref -> {(verdict, id, number)}
    acts: list = dataclasses.field(default_factory=list)      # (principal, id, agency, version, key, act, verdict, new version)
    mails: list = dataclasses.field(default_factory=list)     # local parts of Message-IDs

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                fields = line.rstrip("\n").split("\t")
                kind = fields[1]
                if kind == "sent":
                    self.sent[fields[2]] = (fields[3], fields[4])
                elif kind == "answer":
                    self.answers.setdefault(fields[2], set()).add((fields[3], fields[4], fields[5]))
                elif kind == "act":
                    self.acts.append((fields[2], fields[3], int(fields[4]), int(fields[5]), fields[6], fields[7], fields[8], int(fields[9])))
                else:
                    raise ValueError(f"{path}: {kind} is no event of a history")
        return self


@dataclasses.dataclass
class Record:
    complaints: list = dataclasses.field(default_factory=list)   # (id, number, digest)
    replies: list = dataclasses.field(default_factory=list)      # (id, digest) of what took effect as an event
    refused: list = dataclasses.field(default_factory=list)      # (id, digest)
    waiting: list = dataclasses.field(default_factory=list)      # (id, digest)
    quarantine: list = dataclasses.field(default_factory=list)   # (id, digest)
    acts: list = dataclasses.field(default_factory=list)         # (id, agency, principal, key, act, version), by time
    leads: list = dataclasses.field(default_factory=list)        # ids, one for each lead assignment that is not done
    ended: int = 0                                               # complaints that need no lead assignment any more
    rights: dict = dataclasses.field(default_factory=dict)       # principal -> {agency}
    due: list = dataclasses.field(default_factory=list)          # (id, event, recipient): a notice must have been made
    pending: list = dataclasses.field(default_factory=list)      # of these, those nobody has sent yet
    unsent: list = dataclasses.field(default_factory=list)       # failed ten times or refused by the gateway
    unknown: list = dataclasses.field(default_factory=list)      # counted as unknown
    open: list = dataclasses.field(default_factory=list)         # (stage, what, age, limit) in s
    events: int = 0                                              # rows of the history
    digested: int = 0                                            # sum of their digests' counts
    audit: list = dataclasses.field(default_factory=list)        # what aduan-audit finds wrong
    spool: list = dataclasses.field(default_factory=list)        # (seq, id)
    frontier: int = 0                                            # every record up to it is stored
    undrained: int = 0                                           # as intake says after the quiet phase


def _twice(items):
    return [item for item, count in collections.Counter(items).items() if count > 1]


def _settled(record):
    return {row[0] for row in itertools.chain(record.complaints, record.replies, record.refused, record.waiting, record.quarantine)}


def _submissions(history, record):
    """a, b, i."""
    complaints = {identity: digest for identity, _, digest in record.complaints}
    numbers = {identity: number for identity, number, _ in record.complaints}
    kept = dict(itertools.chain(complaints.items(), record.replies, record.refused, record.waiting))
    quarantine = collections.defaultdict(set)
    for identity, digest in record.quarantine:
        quarantine[identity].add(digest)
    for identity in _twice(row[0] for row in itertools.chain(record.complaints, record.replies, record.refused, record.waiting)):
        yield f"a: {identity} is there more than once"
    sent_ids, owners = set(), {}
    for ref, (identity, digest) in history.sent.items():
        answers = history.answers.get(ref, ())
        accepted = {(said, number) for verdict, said, number in answers if verdict == "accepted"}
        rejected = any(verdict == "reject" for verdict, _, _ in answers)
        if identity in owners:
            yield f"i: {ref} and {owners[identity]} have one id, {identity}"
        owners[identity] = ref
        if len(accepted) > 1:
            yield f"i: {ref} was given {len(accepted)} ids or numbers: {sorted(accepted)}"
        for said, number in accepted:
            if said != identity:
                yield f"i: {ref} was given the id {said}, it is {identity}"
            if numbers.get(said, number) != number:
                yield f"i: {ref} was given the number {number}, its complaint has {numbers[said]}"
        if not accepted and rejected:
            if identity in kept or identity in quarantine:
                yield f"b: {ref} was rejected, yet {identity} is there"
            continue
        sent_ids.add(identity)
        if identity in kept:
            if kept[identity] != digest:
                yield f"a: {ref}: {identity} is kept with other words than were sent"
        elif accepted and digest not in quarantine.get(identity, ()):
            yield f"a: {ref}: {identity} was acked and is not there"
    for identity in itertools.chain(kept, quarantine):
        if identity not in sent_ids:
            yield f"b: {identity} is there and was never sent"


def _acts(history, record):
    """c inside, d."""
    said = collections.defaultdict(list)
    for act in history.acts:
        said[(act[1], act[0], act[4])].append(act)
    events = collections.Counter((identity, principal, key) for identity, _, principal, key, _, _ in record.acts)
    for found, count in events.items():
        if count > 1:
            yield f"c: act {found[2]} on {found[0]} took effect {count} times"
    for found, tries in said.items():
        verdicts = {act[6] for act in tries}
        if DONE in verdicts and found not in events:
            yield f"c: act {found[2]} on {found[0]} was answered done and has no event"
        if found in events and DONE not in verdicts and UNKNOWN not in verdicts:
            yield f"d: act {found[2]} on {found[0]} was answered {'/'.join(verdicts)} and took effect"
    last = {}
    for identity, agency, principal, key, _, version in record.acts:
        if agency not in record.rights.get(principal, ()):
            yield f"d: {principal} acted on {identity} for agency {agency} without the right to"
        tries = said.get((identity, principal, key))
        if not tries:
            yield f"b: act {key} on {identity} took effect and nobody said it"
            continue
        named, before = tries[0][3], last.get((identity, agency), 0)
        if version <= before:
            yield f"d: act {key} on {identity}: version {version} after {before}"
        if named < before or named >= version:
            yield f"d: act {key} on {identity} named version {named} between {before} and {version}, and was accepted"
        answered = {act[7] for act in tries if act[6] == DONE}
        if answered - {version}:
            yield f"d: act {key} on {identity} was answered version {sorted(answered)}, its event has {version}"
        last[(identity, agency)] = version


def _notices(history, record):
    """c outside."""
    due = {message_id(*notice): notice for notice in record.due}
    copies = collections.Counter(history.mails)
    pending, unsent, unknown = set(record.pending), set(record.unsent), collections.Counter(record.unknown)
    for mail, count in copies.items():
        notice = due.get(mail)
        if notice is None:
            yield f"b: a mail {mail} arrived that belongs to no event"
        elif count > 1 + unknown[notice]:
            yield f"c: notice {notice} arrived {count} times, {unknown[notice]} times its outcome was unknown"
    for mail, notice in due.items():
        if not copies[mail] and notice not in unknown and notice not in pending and notice not in unsent:
            yield f"c: notice {notice} was neither sent nor is it pending, failed or unknown"
    for notice in itertools.chain(pending, unsent, unknown):
        if message_id(*notice) not in due:
            yield f"b: notice {notice} belongs to no event"


def _sums(history, record):
    """e, f, g."""
    for stage, what, age, limit in record.open:
        if age > limit:
            yield f"e: {what} is in stage {stage} since {age:.0f} s, at most {limit:.0f} s"
    acked = sum(1 for ref in history.sent if any(row[0] == "accepted" for row in history.answers.get(ref, ())))
    settled = _settled(record)
    unsure = len(history.sent) - acked
    if not acked <= len(settled) <= acked + unsure:
        yield f"f: {acked} were acked ({unsure} not), {len(settled)} are settled"
    if len(record.leads) + record.ended != len(record.complaints):
        yield f"f: {len(record.complaints)} complaints, {record.ended} of them ended, have {len(record.leads)} lead assignments"
    for identity in _twice(record.leads):
        yield f"f: {identity} has more than one lead assignment"
    if record.digested != record.events:
        yield f"g: audit digests are of {record.digested} events, there are {record.events}"
    for text in record.audit:
        yield f"g: {text}"


def _spool(record):
    """h."""
    settled = _settled(record)
    for seq, identity in record.spool:
        if identity not in settled and seq <= record.frontier:
            yield f"h: the frontier {record.frontier} is past record {seq} of {identity}, which is not in the database"
        elif identity not in settled:
            yield f"h: record {seq} of {identity} is in the spool, not in the database"
    if record.undrained:
        yield f"h: intake still holds {record.undrained} records as not stored"


def check(history, record):
    """All findings, as texts; none where history and record agree."""
    return list(itertools.chain(_submissions(history, record), _acts(history, record), _notices(history, record),
                                _sums(history, record), _spool(record)))


def report(findings, most=10):
    """Findings for people: the sum by letter, the first ten of each."""
    by_letter = collections.defaultdict(list)
    for finding in findings:
        by_letter[finding[0]].append(finding)
    lines = []
    for letter, found in sorted(by_letter.items()):
        lines.append(f"ledger: demand {letter} is broken {len(found)} times")
        lines += [f"  {finding}" for finding in found[:most]]
    return "\n".join(lines) or "ledger: clean"
