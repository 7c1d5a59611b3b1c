"""The ladder at work: rules, words and places of what is really in force, in a router that reads new ones without a
pause; a small country of its own with mandates and an exception."""
import json
import os
import re
import shutil
import threading
import time

import pytest

from adapter import new_code
from collect import metrics
from conftest import Stack
from stack import HERE

MANDATES = """owner\tweight\tphrase
PUPR\t100\tjalan berlubang
PUPR\t80\tjembatan
KES\t100\tpuskesmas
KES\t60\tobat
LH\t100\tsampah
PENGAWASAN\t100\tbayar pelicin
KEMCONTOH\t100\tizin nasional
"""
RULES = """version: 1
rules:
  - name: jembatan-gantung
    when: {any: [jembatan gantung]}
    then: {function: LH, priority: high, secret: true}
  - name: puskesmas-pemda
    when: {place: ["91.71"], any: [puskesmas]}
    then: {agency: 91.71/PUPR}
"""


@pytest.fixture(scope="module")
def stack(folder):
    registry = os.path.join(folder, "registry")
    shutil.copytree(os.path.join(HERE, "registry"), registry)
    with open(os.path.join(registry, "mandates.tsv"), "w", encoding="utf-8") as table:
        table.write(MANDATES)
    with open(os.path.join(registry, "competence.tsv"), "w", encoding="utf-8") as table:
        table.write("agency_code\tfunction_code\tregion_code\n91.01/PUPR\tLH\t91.01\n")
    with Stack(folder, registry=registry, programs=("store", "router", "intake"), workers={"all": ["91", "91.01/PUPR"]}) as running:
        yield running


@pytest.fixture(scope="module")
def web(stack):
    return stack.adapter()


def decided(stack, web, text, **fields):
    """(owner, rung, complaint's row, the record) of a complaint."""
    verdict, accepted = web.submit(text, **fields)
    assert verdict == "accepted"
    row = stack.wait("select a.code, c.rung, c.state, c.priority, c.flags, c.rules, c.region, t.decision from complaint c"
                     " join agency a on a.agency_id = c.holder join content t using (complaint_id) where complaint_id = %s",
                     bytes(accepted[2]).hex())[0]
    return row[0], row[1], row, json.loads(row[7])


def load_rules(stack, folder, text):
    path = os.path.join(str(folder), "rules.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    stack.migrate("rules", path)
    version = stack.sql("select max (version) from rules_version")[0][0]
    deadline = time.monotonic() + 30
    while metrics(stack, "router")["router_rules_version"] != version:
        assert time.monotonic() < deadline, stack["router"].tail()
        time.sleep(0.05)
    return version


@pytest.mark.parametrize("text, fields, owner, rung", [
    ("Jalan berlubang di Kota Arjuna, depan pasar", {}, "91.71/PUPR", 4),
    ("jln brlubang besar", {"place": "91.01.01"}, "91.01/PUPR", 4),
    ("Jalan berlubang di kec. Lembah kab. Bima Sari", {}, "92.01/PUPR", 4),
    ("Jalan berlubang di Arjuna", {}, "91", 5),            # the city or the regency: never guessed
    ("Jalan berlubang", {}, "ID", 6),
    ("Izin nasional saya belum terbit", {}, "KEMCONTOH", 4),  # a central duty needs no place
    ("Sampah menumpuk", {"place": "91.01"}, "91.01/PUPR", 4),  # the exception: a merged office
    ("Sampah menumpuk", {"place": "91.01", "category": 3}, "91.01/PUPR", 3),
    ("Saya disuruh bayar pelicin", {"place": "91.01"}, "91.01/PENGAWASAN", 0),
    ("Puskesmas tutup", {"place": "91.01", "target": "91.71/KES"}, "91.01/KES", 4),  # another place: a hint only
    ("Puskesmas tutup", {"place": "91.01", "target": "91.01/PUPR"}, "91.01/KES", 4),  # another duty
    ("Puskesmas tutup", {"target": "91.71"}, "91.71/KES", 4),  # a government says where
    ("Tolong", {"target": "91.71"}, "91.71", 5),
])
def test_owner(stack, web, text, fields, owner, rung):
    found, by, row, record = decided(stack, web, text, secret=1, **fields)
    assert (found, by) == (owner, rung), record
    assert row[2] == (1 if rung >= 5 else 4)
    assert record["rung"] == rung and record["said"] and record["next"]
    assert (row[4] & 6 == 6) == (rung == 0)


def test_what_is_missing_is_asked_for(stack, web):
    """Of a complaint without a place the reporter is asked for it; of others nothing."""
    flags = decided(stack, web, "Jalan berlubang besar", email="a@example.org")[2][4]
    assert flags & 64
    assert decided(stack, web, "Jalan berlubang besar", place="91.01", email="a@example.org")[2][4] & 64 == 0


def test_three_candidates_with_their_grounds(stack, web):
    _, _, _, record = decided(stack, web, "Jalan berlubang dan sampah menumpuk di dekat puskesmas", place="91")
    numbers = {number: code for code, number in stack.sql("select code, agency_id from agency")}
    functions = {number: code for code, number in stack.sql("select code, function_id from function")}
    assert len(record["next"]) == 3
    assert {functions.get(function) for _, function, *_ in record["next"]} >= {"PUPR"}
    assert all(agency == 0 or agency in numbers for agency, *_ in record["next"])
    assert [chance for _, _, chance, *_ in record["next"]] == sorted((chance for _, _, chance, *_ in record["next"]), reverse=True)


def test_rules_decide_and_force(stack, web, tmp_path):
    version = load_rules(stack, tmp_path, RULES)
    owner, rung, row, record = decided(stack, web, "Jembatan gantung putus", place="92.01", secret=1)
    assert (owner, rung, row[3], row[4] & 2, row[5]) == ("92.01/LH", 2, 2, 2, version)
    assert [2, "rule", "jembatan-gantung"] in record["said"]
    assert decided(stack, web, "Puskesmas kotor", place="91.71")[:2] == ("91.71/PUPR", 2)
    assert decided(stack, web, "Puskesmas kotor", place="91.01")[:2] == ("91.01/KES", 4)
    # whichever rung wins: forced secret and priority of every rule that matches
    owner, rung, row, _ = decided(stack, web, "Jembatan gantung, bayar pelicin dulu", place="91.01", secret=1)
    assert (owner, rung, row[3], row[4] & 6) == ("91.01/PENGAWASAN", 0, 2, 6)


@pytest.mark.parametrize("text, fields, first, added, second", [
    ("Jalan berlubang di Arjuna", {}, "91", "Di Kota Arjuna, depan pasar", "91.71/PUPR"),
    ("Jalan berlubang", {"place": "91.01"}, "91.01/PUPR", "Masih berlubang", "91.01"),
])
def test_what_the_reporter_added_counts_when_it_is_handed_back(stack, web, text, fields, first, added, second):
    """What he answered when he was asked."""
    code, worker = new_code(), stack.worker()
    verdict, accepted = web.submit(text, secret=1, code=code, **fields)
    assert verdict == "accepted"
    complaint = bytes(accepted[2]).hex()
    holder = "select a.code, c.flags & 6 from complaint c join agency a on a.agency_id = c.holder where complaint_id = %s"
    stack.wait(holder + " and a.code = %s", complaint, first)
    case, = [case for case in worker.pull([stack.agency(first)], 20, 5000) if case["number"] == accepted[3]]
    assert worker.act(case, "ask", "Di mana?")[0] == "done"
    assert web.submit(added, kind=3, parent=accepted[3], code=code)[0] == "accepted"
    stack.wait("select 1 from event where complaint_id = %s and kind = 33", complaint)
    case, = [case for case in worker.pull([stack.agency(first)], 20, 5000) if case["number"] == accepted[3]]
    assert worker.act(case, "hand_back", "Bukan kami", t9=1)[0] == "done"
    stack.wait("select 1 from event where complaint_id = %s and kind = 2", complaint)
    assert stack.sql(holder, complaint) == [(second, 0)]
    assert stack.sql("select body from content where complaint_id = %s", complaint) == [(text,)]


def test_reading_new_rules_pauses_nothing(stack, web, tmp_path):
    """Complaints flow while one version of 2,000 rules after the other goes live; each is decided by one of them."""
    many = RULES + "".join(f"  - name: r{n}\n    when: {{any: [kata{n} lain]}}\n    then: {{priority: high}}\n" for n in range(2000))
    before = stack.sql("select max (version) from rules_version")[0][0]
    done, slowest = [], 0.0
    loader = threading.Thread(target=lambda: [load_rules(stack, tmp_path, many + f"# {n}\n") for n in range(5)])
    loader.start()
    while loader.is_alive():
        began = time.monotonic()
        verdict, accepted = web.submit("Jembatan gantung putus", place="92.01")
        assert verdict == "accepted"
        stack.wait("select 1 from complaint where complaint_id = %s", bytes(accepted[2]).hex())
        slowest = max(slowest, time.monotonic() - began)
        done.append(bytes(accepted[2]).hex())
    loader.join()
    rules = [row[0] for row in stack.sql("select rules from complaint where complaint_id = any (%s::uuid[]) order by complaint_id", done)]
    assert len(rules) == len(done) and rules == sorted(rules) and set(rules) <= set(range(before, before + 6))
    assert metrics(stack, "router")["router_rules_faulty"] == 0
    print(f"{len(done)} complaints, the slowest {slowest * 1000:.0f} ms; read in {metrics(stack, 'router')['router_reload_seconds'] * 1000:.0f} ms")


def test_a_registry_that_rules_do_not_fit(stack, web, tmp_path):
    """Rules name an agency that a new registry does not have: that owner is left out and said; the rule's secrecy
    stays, the registry is in force, and a router that starts anew decides the same."""
    version = load_rules(stack, tmp_path, RULES + "  - name: pasar\n    when: {any: [pasar]}\n    then: {agency: 91.71/PUPR, secret: true}\n")
    assert decided(stack, web, "Jalan berlubang di Kota Arjuna")[0] == "91.71/PUPR"
    path = os.path.join(stack.folder, "registry", "agencies.tsv")
    with open(path, encoding="utf-8") as file:
        lines = file.readlines()
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line for line in lines if not line.startswith("91.71/PUPR"))
    said = stack.migrate("registry", os.path.join(stack.folder, "registry"))
    assert re.search("91.71/PUPR is not in the registry any more, and still has [1-9][0-9]* open", said)
    registry = stack.sql("select version from snapshot where kind = 2")[0][0]

    def decides():
        deadline = time.monotonic() + 20
        while metrics(stack, "router")["router_registry_version"] != registry or metrics(stack, "router")["router_rules_version"] != version:
            assert time.monotonic() < deadline, stack["router"].tail()
            time.sleep(0.05)
        owner, rung, row, _ = decided(stack, web, "Puskesmas di pasar kotor sekali", place="91.71", secret=1)
        assert (owner, rung, row[4] & 2, row[5]) == ("91.71/KES", 4, 2, version)

    decides()
    assert "warnings, the first in line" in stack["router"].tail() and "91.71/PUPR" in stack["router"].tail()
    stack.restart("router")
    decides()
