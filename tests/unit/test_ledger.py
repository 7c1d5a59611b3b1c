"""The ledger finds what is doctored, and says nothing about a clean history (RELIABILITY 6)."""
import copy
import os
import pathlib
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ledger import DONE, STALE, History, Log, Record, check, complaint_id, message_id, words_digest  # noqa: E402

ID_KEY = bytes(range(32))


def identity_of(ref):
    return complaint_id(ID_KEY, "web", ref.encode(), 1700000000000 + int(ref[1:]))


def number_of(identity):
    return "A" + identity[-15:]


@pytest.fixture
def clean(tmp_path):
    """Ten complaints, one refused reply, one quarantined, one reject; acts and mails for most of them.
    Written to files by two processes' logs, read back."""
    logs = [Log(tmp_path / "one"), Log(tmp_path / "two")]
    record = Record(rights={"desk": {7, 8}, "other": {9}}, events=19, digested=19, frontier=12, undrained=0)
    for at in range(12):
        ref = f"s{at}"
        identity, digest = identity_of(ref), words_digest(b"Judul", ref.encode())
        logs[at % 2].sent(ref, identity, digest)
        if at % 3 == 0:
            logs[0].answer(ref, "tempfail")
        for _ in range(1 + at % 2):
            logs[1].answer(ref, "accepted", identity, number_of(identity))
        record.spool.append((at + 1, identity))
        if at == 10:
            record.refused.append((identity, digest))
        elif at == 11:
            record.quarantine.append((identity, digest))
        else:
            record.complaints.append((identity, number_of(identity), digest))
            record.leads.append(identity)
            record.due.append((identity, 1, 0))
    logs[0].sent("s12", identity_of("s12"), words_digest(b"", b""))
    logs[0].answer("s12", "reject")
    for at in range(9):
        identity = record.complaints[at][0]
        logs[0].act("desk", identity, 7, 2, f"k{at}", "answer", DONE, 3)
        logs[1].act("desk", identity, 7, 2, f"l{at}", "progress", STALE, 0)
        record.acts.append((identity, 7, "desk", f"k{at}", "answer", 3))
        record.due.append((identity, 2, 0))
    for log in logs:
        log.close()
    record.unknown.append(record.due.pop())
    record.due.append(record.unknown[0])
    record.pending.append(record.due[0])
    record.unsent.append(record.due[1])
    history = History().read(tmp_path / "one").read(tmp_path / "two")
    history.mails = [message_id(*notice) for notice in record.due[2:]] + [message_id(*record.unknown[0])]
    return history, record


def test_clean(clean):
    assert check(*clean) == []


def row(rows, at, **changes):
    """The rows with fields of one of them changed: at0=..., at3=..."""
    fields = list(rows[at])
    for name, value in changes.items():
        fields[int(name[2:])] = value
    rows[at] = tuple(fields)


def second_id(history, record):
    history.answers["s3"].add(("accepted", identity_of("s99"), number_of(identity_of("s99"))))


def two_submissions_one_id(history, record):
    history.sent["s98"] = history.sent["s4"]


def stored_reject(history, record):
    record.complaints.append((identity_of("s12"), number_of(identity_of("s12")), words_digest(b"", b"")))
    record.leads.append(identity_of("s12"))


def acked_missing(history, record):
    gone = record.complaints.pop(9)[0]
    record.leads.remove(gone)
    record.due.remove((gone, 1, 0))
    history.mails.remove(message_id(gone, 1, 0))
    record.spool = [entry for entry in record.spool if entry[1] != gone]


def frontier_too_far(history, record):
    history.sent["s50"] = (identity_of("s50"), "d")
    record.spool.append((12, identity_of("s50")))


def stale_accepted(history, record):
    record.acts.append((record.complaints[0][0], 7, "desk", "m", "progress", 5))
    history.acts.append(("desk", record.complaints[0][0], 7, 2, "m", "progress", DONE, 5))


def backwards(history, record):
    record.acts.append((record.complaints[0][0], 7, "desk", "m", "progress", 3))
    history.acts.append(("desk", record.complaints[0][0], 7, 2, "m", "progress", DONE, 3))


def foreign(history, record):
    row(record.acts, 2, at2="other")
    history.acts[:] = [(("other",) + act[1:]) if act[4] == "k2" else act for act in history.acts]


def stale_took_effect(history, record):
    record.acts.append((record.complaints[0][0], 7, "desk", "l0", "progress", 4))


def act_without_event(history, record):
    gone = record.acts.pop(4)
    record.due.remove((gone[0], 2, 0))
    history.mails.remove(message_id(gone[0], 2, 0))


def never_sent(history, record):
    record.quarantine.append((identity_of("s77"), "d"))


DOCTORED = {
    "an acked id missing": ("a", acked_missing),
    "one row twice": ("a", lambda h, r: r.refused.append((r.complaints[0][0], r.complaints[0][2]))),
    "a complaint twice": ("a", lambda h, r: r.complaints.append(r.complaints[5])),
    "a digest changed": ("a", lambda h, r: row(r.complaints, 1, at2="other")),
    "a quarantined digest changed": ("a", lambda h, r: row(r.quarantine, 0, at1="other")),
    "a row never sent": ("b", never_sent),
    "an effect twice": ("c", lambda h, r: r.acts.append(r.acts[0])),
    "an effect missing": ("c", act_without_event),
    "a mail twice": ("c", lambda h, r: h.mails.append(h.mails[0])),
    "a mail missing": ("c", lambda h, r: h.mails.pop(0)),
    "a mail of nobody": ("b", lambda h, r: h.mails.append("0" * 32)),
    "a stale version accepted": ("d", stale_accepted),
    "versions going backwards": ("d", backwards),
    "an act by a foreign principal": ("d", foreign),
    "an act answered stale took effect": ("d", stale_took_effect),
    "an act nobody said": ("b", lambda h, r: h.acts.pop(0)),
    "an item stuck": ("e", lambda h, r: r.open.append(("outbox", r.due[0], 400, 60))),
    "a notice unknown but not counted": ("c", lambda h, r: r.unknown.clear()),
    "an audit digest cut": ("g", lambda h, r: setattr(r, "digested", 18)),
    "an audit row changed": ("g", lambda h, r: r.audit.append("link 7 does not follow")),
    "the frontier past a record without a row": ("h", frontier_too_far),
    "a record that intake never got rid of": ("h", lambda h, r: setattr(r, "undrained", 1)),
    "two ids for one key": ("i", second_id),
    "one id for two keys": ("i", two_submissions_one_id),
    "another number than was told": ("i", lambda h, r: row(r.complaints, 3, at1="A0")),
    "a rejected item stored": ("b", stored_reject),
    "a complaint without a lead": ("f", lambda h, r: r.leads.pop()),
    "two leads": ("f", lambda h, r: r.leads.append(r.leads[0])),
}


@pytest.mark.parametrize("name", DOCTORED)
def test_doctored(clean, name):
    letter, doctor = DOCTORED[name]
    history, record = copy.deepcopy(clean)
    doctor(history, record)
    findings = check(history, record)
    assert any(finding.startswith(letter) for finding in findings), findings
    if letter in "abcdhi":  # and it is not one alarm among many
        assert len(findings) <= 4, findings


def test_a_million_ids(tmp_path):
    count = 1_000_000
    record = Record(events=count - 1, digested=count - 1, frontier=count)
    with open(tmp_path / "history", "w", encoding="utf-8") as file:
        for at in range(count):
            identity, digest = f"{at:032x}", f"{at * 7919:032x}"
            file.write(f"1.0\tsent\tcli:{at}\t{identity}\t{digest}\n1.1\tanswer\tcli:{at}\taccepted\t{identity}\tA{at}\n")
            if at != 31337:
                record.complaints.append((identity, f"A{at}", digest))
                record.leads.append(identity)
            record.spool.append((at, identity))
    began = time.monotonic()
    findings = check(History().read(tmp_path / "history"), record)
    seconds = time.monotonic() - began
    print(f"{count} ids in {seconds:.1f} s")
    assert sorted(finding[0] for finding in findings) == ["a", "f", "h"], findings
    os.unlink(tmp_path / "history")
