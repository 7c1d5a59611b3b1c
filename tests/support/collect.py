"""What the product has, as the ledger's Record: from PostgreSQL, the spool's files and the mails.

Everything is read from outside: rows as superuser, segments byte by byte, mails as they arrived.
"""
import glob
import json
import os
import re
import struct
import subprocess

import msgpack

from ledger import Record, words_digest
from stack import BUILD

DATA, FRONTIER = 1, 2


def _hex(name):
    return f"replace ({name}::text, '-', '')"


def _content_digest(content, with_title):
    try:
        fields = msgpack.unpackb(content, raw=True, strict_map_key=False)[2]
        title = fields.get(3, fields.get(1, b""))
        return words_digest(title if with_title else b"", fields.get(4, fields.get(2, b"")))
    except (ValueError, IndexError, TypeError, KeyError, AttributeError):
        return words_digest(b"", content)  # kept raw, because nobody can read it


def _submissions(stack, record):
    record.complaints = [
        (identity, number, words_digest(bytes(title or b""), bytes(body or b""))) for identity, number, title, body in stack.sql(
            f"select {_hex('complaint_id')}, number_text (number), coalesce (raw_title, convert_to (title, 'UTF8')),"
            " coalesce (raw_body, convert_to (body, 'UTF8')) from complaint left join content using (complaint_id)")]
    record.replies = [(identity, words_digest(b"", bytes(text))) for identity, text in stack.sql(
        f"select {_hex('act_key')}, convert_to (coalesce (text, ''), 'UTF8') from event where kind between 32 and 39")]
    for table, into, with_title in (("refused", record.refused, False), ("waiting", record.waiting, False),
                                    ("quarantine", record.quarantine, True)):
        into += [(identity, _content_digest(bytes(content), with_title))
                 for identity, content in stack.sql(f"select {_hex('complaint_id')}, content from {table}")]


def verify(stack):
    """What aduan-audit finds wrong."""
    done = subprocess.run([os.path.join(BUILD, "store", "audit", "aduan-audit"), "-c", stack.settings, "--json", "verify"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 65, 66):
        return [f"aduan-audit ended with {done.returncode}: {done.stderr}"]
    return [line["text"] for line in map(json.loads, done.stdout.splitlines()) if "finding" in line]


def _work(stack, record):
    record.acts = stack.sql(
        f"select {_hex('complaint_id')}, agency, p.name, {_hex('act_key')}, e.kind - 10, e.version from event e"
        " join principal p on p.principal_id = e.principal and p.role = 2 where e.kind between 11 and 29 order by e.at")
    record.leads = [row[0] for row in stack.sql(f"select {_hex('complaint_id')} from assignment where lead and state <> 7")]
    record.ended = stack.sql("select count (*) from complaint where state >= 7")[0][0]
    for name, agency in stack.sql("select p.name, a.agency_id from principal p join principal_agency a using (principal_id)"):
        record.rights.setdefault(name, set()).add(agency)
    record.events, record.digested = stack.sql(
        "select (select count (*) from event), (select coalesce (sum (count), 0)::int from audit_digest where kind in (10, 11))")[0]
    record.audit = verify(stack)


def _notices(stack, record):
    notice = f"{_hex('complaint_id')}, event::int, recipient"
    record.due = stack.sql(f"select {_hex('complaint_id')}, e.number::int, 0 from event e join complaint c using (complaint_id)"
                           " where e.number is not null and c.flags & 16 <> 0 and (e.kind in (1, 2, 16, 17, 18, 22)"
                           # a hand-back tells only where it has a new owner at once, an arbiter who keeps the case nobody
                           " or (e.kind in (19, 20) and (e.data ->> 'to')::int <> e.agency))")
    record.pending = stack.sql(f"select {notice} from notice_pending") + stack.sql(
        f"select {_hex('d.id')}, d.event::int, d.recipient from dispatch, unnest (ids, events, recipients) as d (id, event, recipient)")
    record.unsent = stack.sql(f"select {notice} from notice_ended where outcome in (2, 3)")
    record.unknown = stack.sql(f"select {notice} from notice_ended where outcome = 4")


def _open(stack, record):
    """What must not wait longer than its limit in seconds, once nothing fails any more."""
    for stage, limit, question in (
            ("waiting reply", 60, f"select {_hex('complaint_id')}, at from waiting"),
            ("notice", 60, f"select {_hex('complaint_id')}, not_before from notice_pending where not_before is not null"),
            ("dispatch", 960, "select dispatch_id::text, claimed_at from dispatch")):
        record.open += [(stage, *row, limit) for row in stack.sql(
            f"select what, extract (epoch from clock_timestamp () - since)::float8 from ({question}) q (what, since)")]


def spool_records(folder):
    """(seq, id) of every data record, and the highest frontier, in the segments of a spool."""
    records, frontier = [], 0
    for path in sorted(glob.glob(os.path.join(folder, "*.segment"))):
        try:
            with open(path, "rb") as file:
                image = file.read()
        except FileNotFoundError:
            continue  # drained, and unlinked since its name was read
        if image[-64:].startswith(b"ADUANSPL"):
            image = image[:-64]  # the second header
        at, used = 64, len(image.rstrip(b"\0"))
        while at + 48 <= len(image) and at < used:
            length, kind, seq = struct.unpack_from("<IIQ", image, at)
            if kind not in (1, 2, 3) or length > 1 << 20 or at + 48 + length > len(image):
                at += 8  # torn: what was not acked; records begin at multiples of 8
                continue
            if kind == DATA:
                records.append((seq, image[at + 32:at + 48].hex()))
            elif kind == FRONTIER and length >= 8:
                frontier = max(frontier, struct.unpack_from("<Q", image, at + 32)[0])
            at += (48 + length + 7) & ~7
    return records, frontier


def metrics(stack, program):
    """Its counters and gauges."""
    return {name: float(value) for name, value in re.findall(r"^aduan_(\w+) ([0-9.]+)$", stack.show(program), re.M)}


def mails(folder):
    """Local parts of the Message-IDs of all mails that a sink kept."""
    found = []
    for path in glob.glob(os.path.join(folder, "mail", "*.eml")):
        with open(path, "rb") as file:
            head = file.read().split(b"\r\n\r\n", 1)[0]
        found += [match.decode() for match in re.findall(rb"^Message-ID: <([0-9a-f]{32})\.aduan@", head, re.M)]
    return found


def collect(stack):
    """The Record of a stack whose programs run."""
    record = Record()
    _submissions(stack, record)
    _work(stack, record)
    _notices(stack, record)
    _open(stack, record)
    record.spool, record.frontier = spool_records(os.path.join(stack.folder, "spool"))
    shown = metrics(stack, "intake")
    record.undrained = int(shown["intake_undrained_records"])
    record.open.append(("spool", "the oldest record", shown["intake_oldest_age_seconds"], 10))
    return record


def receipts(history, path, adapter):
    """Reads what `aduan import --receipts` wrote into a history."""
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            history.answers.setdefault(f"{adapter}:{row['key']}", set()).add(("accepted", row["id"].replace("-", ""), row["number"]))
