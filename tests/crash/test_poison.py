"""Complaints that PostgreSQL refuses by our own fault, and a PostgreSQL that refuses all: a trigger in
the test's database raises the SQLSTATE that a title names.

Poison (classes 22, 23, 54; any other class, when it fails alone while others commit) is quarantined
with its raw bytes, its reason and an owner; the others flow.  An outage quarantines nothing.
"""
import time

import msgpack

import ledger
from collect import collect, metrics
from flood import Flood
from stack import Stack
from supervisor import Pace

PLANT = """
create table planted_outage (sqlstate text);
grant select on planted_outage to public;
create function planted () returns trigger language plpgsql as $$
declare state text := substring (new.title from '^racun ([0-9A-Z]{5})$');
begin
    select coalesce (state, (select sqlstate from planted_outage limit 1)) into state;
    if state is not null then
        raise exception 'planted' using errcode = state;
    end if;
    return new;
end $$;
create trigger planted before insert on content for each row execute function planted ();
"""


def submit_beside(stack, log, adapter, sqlstates):
    """Poisoned submissions, and their ids."""
    numbers = {}
    for sqlstate in sqlstates:
        title = f"racun {sqlstate}"
        verdict, answer = adapter.submit("Laporan yang tidak bisa disimpan.", title, key=sqlstate.encode(), created=1700000000000, category=1,
                                         place="91.01", identity={"name": "x"})
        assert verdict == "accepted"
        identity = answer[2].hex()
        numbers[sqlstate] = identity
        log.sent(f"sms:{sqlstate}", identity, ledger.words_digest(title.encode(), b"Laporan yang tidak bisa disimpan."))
        log.answer(f"sms:{sqlstate}", "accepted", identity, answer[3])
    return numbers


def quarantined(stack):
    return {row[0].replace("-", ""): row[1:] for row in stack.sql(
        "select complaint_id, sqlstate, reason, owner, offer, submission, content from quarantine")}


def settle(stack, accepted, seconds=60):
    stack.wait("select 1 from complaint having count(*) >= %s", accepted, seconds=seconds)
    deadline = time.monotonic() + 20
    while metrics(stack, "intake")["intake_undrained_records"] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert metrics(stack, "intake")["intake_undrained_records"] == 0


def test_poison_is_quarantined_and_others_flow(folder):
    sqlstates = ["22021", "23514", "54000", "55000", "P0001", "XX000"]  # three of classes that are ours for sure, three of others
    log = ledger.Log(f"{folder}/history")
    with Stack(folder) as stack:
        stack.sql(PLANT)
        flood, adapter = Flood(stack, log, 80, connections=6).start(), stack.adapter("sms")
        stack.wait("select 1 from complaint having count(*) >= 100", seconds=60)
        pace, began = Pace(stack), time.monotonic()
        pace.start()
        numbers = submit_beside(stack, log, adapter, sqlstates)
        stack.wait("select 1 from quarantine having count(*) >= %s", len(sqlstates), seconds=30)
        took, gap = time.monotonic() - began, pace.stop()
        flood.stop()
        settle(stack, flood.accepted)
        rows, store, intake = quarantined(stack), metrics(stack, "store"), metrics(stack, "intake")
        print(f"{sqlstates}: quarantined after {took:.2f} s, longest gap {gap:.2f} s, {store['store_bisects_total']:.0f} bisects")
        assert set(rows) == set(numbers.values())
        for sqlstate, identity in numbers.items():
            state, reason, owner, offer, submission, content = rows[identity]
            assert state == sqlstate and reason and owner == stack.agency("ID")
            assert msgpack.unpackb(bytes(content), strict_map_key=False)[2][1] == f"racun {sqlstate}"
            assert msgpack.unpackb(bytes(submission), strict_map_key=False)[2][3] == sqlstate.encode()
            assert msgpack.unpackb(bytes(offer), strict_map_key=False)[2][1].hex() == identity
        assert gap <= 5, gap
        assert store["store_quarantined_total"] == len(sqlstates)
        assert intake["intake_drained_total"] == flood.accepted + len(sqlstates)  # QUARANTINED came back to it
        assert stack.adapter("sms").submit("Laporan yang tidak bisa disimpan.", f"racun {sqlstates[0]}", key=sqlstates[0].encode(),
                                           created=1700000000000, category=1, place="91.01", identity={"name": "x"})[0] == "accepted"
        log.close()
        assert not ledger.check(ledger.History().read(log.file.name), collect(stack))
        stack.checks()


def test_an_outage_quarantines_nothing(folder):
    """Twice all is refused for some seconds, then it comes and goes."""
    sqlstate = "53100"  # disk full
    log = ledger.Log(f"{folder}/history")
    with Stack(folder) as stack:
        stack.sql(PLANT)
        flood = Flood(stack, log, 80, connections=6).start()
        stack.wait("select 1 from complaint having count(*) >= 100", seconds=60)
        for seconds in (4, 2, *[0.4] * 6):
            stack.sql("insert into planted_outage values (%s)", sqlstate)
            refused = flood.accepted
            time.sleep(seconds)  # the length of the outage
            assert flood.accepted > refused or seconds < 1, "intake does not take while the store cannot"
            stack.sql("delete from planted_outage")
            stack.wait("select 1 from complaint having count(*) >= %s", refused, seconds=30)
        flood.stop()
        settle(stack, flood.accepted)
        assert not flood.other and not quarantined(stack)
        with open(stack["store"].log, encoding="utf-8") as file:
            text = file.read()
        assert text.count("PostgreSQL refuses complaints") == text.count("PostgreSQL takes complaints again") >= 2
        log.close()
        assert not ledger.check(ledger.History().read(log.file.name), collect(stack))
        stack.checks()
