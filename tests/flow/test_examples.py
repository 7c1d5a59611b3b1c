"""What outcomes teach: labelled examples out of the events, exported without who reported; what was decided, for deciding
it again; and whose refusals are mostly overruled."""
import json
import os
import subprocess

import pytest

from conftest import Stack
from stack import BUILD
from store_door import StoreDoor

ADUAN = os.path.join(BUILD, "deploy", "aduan", "aduan")
ENVIRONMENT = dict(os.environ, LANG="en_GB.UTF-8")
ENVIRONMENT.pop("LC_ALL", None)
ROADS, HEALTH, WASTE, CITY = "91.01/PUPR", "91.01/KES", "91.01/LH", "91.01"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "query")) as running:
        yield running


@pytest.fixture(scope="module")
def agency(stack):
    return dict(stack.sql("select code, agency_id from agency"))


@pytest.fixture
def door(stack):
    stack.sql("set session_replication_role = replica; truncate complaint, content, event, assignment, notice, returned, informed")
    running = StoreDoor(stack)
    yield running
    stack.checks()
    stack.peers.remove(running)
    running.close()


@pytest.fixture
def aduan(stack):
    def run(*arguments, wanted=0):
        done = subprocess.run([ADUAN, *map(str, arguments), "-c", stack.settings], text=True, check=False, capture_output=True,
                              timeout=120, env=ENVIRONMENT)
        assert done.returncode == wanted, f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
    return run


def labels(stack, complaint):
    return stack.sql("select x.kind, a.code, f.code, x.positive from example x join agency a on a.agency_id = x.agency"
                     " left join function f on f.function_id = x.function_id where complaint_id = %s order by x.at, x.positive", complaint.hex())


def give_back(door, agency, holder, to=None, decided=None):
    """A hand-back, and where it then is."""
    door.decides = lambda asked: {2: agency[decided], 3: 4} if decided else None
    before = door.stack.sql("select count(*) from event where kind = 2")[0][0]
    assert door.act(door.take(agency[holder]), "hand_back", "Bukan kami", to=agency[to] if to else None) == "done"
    if decided:
        door.until("select 1 from event where kind = 2 having count(*) > %s", before)


def test_what_an_answer_teaches(stack, door, agency):
    complaint = door.place(agency[ROADS])
    case = door.take(agency[ROADS])
    assert labels(stack, complaint) == []
    assert door.act(case, "progress", "Dijadwalkan") == "done"
    assert labels(stack, complaint) == [], "progress is no outcome"
    for text in ("Sudah", "Sudah sekali lagi"):
        assert door.act(case, "answer", text) == "done"
    assert labels(stack, complaint) == [("answered", ROADS, "PUPR", True)]
    assert door.act(case, "close", "Selesai", resolution=1) == "done"
    assert labels(stack, complaint) == [("closed", ROADS, "PUPR", True)]


def test_a_supporter_confirms_nothing(stack, door, agency):
    complaint = door.place(agency[ROADS])
    case = door.take(agency[ROADS])
    assert door.act(case, "support", to=agency[HEALTH]) == "done"
    assert door.act(door.take(agency[HEALTH]), "answer", "Airnya bersih") == "done"
    assert labels(stack, complaint) == []
    assert door.act(case, "answer", "Sudah") == "done"
    assert labels(stack, complaint) == [("answered", ROADS, "PUPR", True)]


def test_a_supporters_refusal_is_none(stack, door, agency):
    complaint = door.place(agency[ROADS])
    assert door.act(door.take(agency[ROADS]), "support", to=agency[HEALTH]) == "done"
    assert door.act(door.take(agency[HEALTH]), "hand_back", "Bukan kami") == "done"
    assert labels(stack, complaint) == []


def test_what_hand_backs_teach(stack, door, agency):
    """A decision that follows the asker's suggestion teaches; the router's own guess does not."""
    complaint = door.place(agency[ROADS])
    give_back(door, agency, ROADS, decided=WASTE)
    assert labels(stack, complaint) == [("handed_back", ROADS, "PUPR", False)]
    give_back(door, agency, WASTE, to=HEALTH, decided=HEALTH)
    assert labels(stack, complaint)[1:] == [("handed_back", WASTE, "LH", False), ("handed_over", HEALTH, "KES", True)]
    assert door.act(door.take(agency[HEALTH]), "answer", "Sudah") == "done"
    assert labels(stack, complaint)[-1] == ("answered", HEALTH, "KES", True)


def test_what_hand_downs_teach(stack, door, agency):
    complaint = door.place(agency[CITY], rung=5)
    assert door.act(door.take(agency[CITY]), "assign", to=agency[ROADS]) == "done"
    assert sorted(labels(stack, complaint)) == [("assigned", ROADS, "PUPR", True), ("passed_on", CITY, None, False)]


def test_what_the_arbiter_teaches(stack, door, agency):
    complaint = door.place(agency[ROADS])
    give_back(door, agency, ROADS, decided=WASTE)
    give_back(door, agency, WASTE, decided=HEALTH)
    give_back(door, agency, HEALTH, decided=ROADS)  # the filter's word alone counts
    assert door.act(door.take(agency[CITY]), "assign", "Ini jalan kota", to=agency[ROADS]) == "done"
    assert ("ordered", ROADS, "PUPR", True) in labels(stack, complaint)
    assert ("handed_back", ROADS, "PUPR", False) in labels(stack, complaint)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def raw(line):
    return bytes.fromhex(line["id"].replace("-", ""))


def test_export_examples(stack, door, agency, aduan):
    complaint = door.place(agency[ROADS], region="91.01", category=1, title="Lubang", text="Jalan \"berlubang\"\ndi pasar", received=1795710000000)
    secret = door.place(agency["91.01/PENGAWASAN"], rung=0, oversight=2)
    silent = door.place(agency[HEALTH])
    assert door.act(door.take(agency[ROADS]), "answer", "Sudah ditambal") == "done"
    assert door.act(door.take(agency["91.01/PENGAWASAN"]), "answer", "Diperiksa") == "done"
    (line,) = lines(aduan("export", "examples"))
    assert raw(line) == complaint != silent
    assert {key: line[key] for key in line if key != "id"} == {
        "time": 1795710000000, "label": "PUPR", "agency": ROADS, "kind": "answered", "category": 1, "place": "91.01", "channel": "web",
        "title": "Lubang", "text": "Jalan \"berlubang\"\ndi pasar"}
    hidden = lines(aduan("export", "examples", "--hidden"))
    assert {raw(line): line["label"] for line in hidden} == {complaint: "PUPR", secret: "PENGAWASAN"}


def test_the_label_is_the_strongest(stack, door, agency, aduan):
    """Who has done it, whoever was named before; the arbiter's word over the asker's; not who gave it back again."""
    complaint = door.place(agency[ROADS])
    give_back(door, agency, ROADS, to=WASTE, decided=WASTE)
    assert lines(aduan("export", "examples"))[0]["label"] == "LH"
    give_back(door, agency, WASTE, to=HEALTH, decided=HEALTH)
    (line,) = lines(aduan("export", "examples"))
    assert (line["label"], line["kind"], line["not"]) == ("KES", "handed_over", ["LH", "PUPR"])
    give_back(door, agency, HEALTH, decided=ROADS)  # the filter's word alone counts
    aduan("export", "examples", wanted=1)
    assert door.act(door.take(agency[CITY]), "assign", "Ini jalan kota", to=agency[ROADS]) == "done"
    (line,) = lines(aduan("export", "examples"))
    assert (line["label"], line["kind"], line["not"]) == ("PUPR", "ordered", ["KES", "LH"])
    assert door.act(door.take(agency[ROADS]), "answer", "Sudah") == "done"
    (line,) = lines(aduan("export", "examples"))
    assert (raw(line), line["label"], line["kind"]) == (complaint, "PUPR", "answered")


def test_export_decisions(stack, door, agency, aduan):
    complaint = door.place(agency[ROADS], region="91.01", named="", received=1795710000000, category=1)
    give_back(door, agency, ROADS, decided=HEALTH)
    (line,) = lines(aduan("export", "decisions"))
    assert raw(line) == complaint
    assert {key: line[key] for key in line if key not in ("id", "number")} == {
        "received": 1795710000000, "agency": ROADS, "rung": 4, "owner": HEALTH, "gave_back": [ROADS], "state": "assigned", "category": 1,
        "priority": "normal", "channel": "web", "title": "Jalan rusak", "text": "Jalan rusak"}


def test_they_can_be_decided_and_learned_again(stack, door, agency, aduan, tmp_path):
    """The formats are those of `aduan rules`."""
    words = {ROADS: "jalan aspal lubang", HEALTH: "puskesmas dokter obat"}
    for number in range(120):
        owner = [ROADS, HEALTH][number % 2]
        door.place(agency[owner], category=1 + number % 2, named="91.01", region="91.01", text=f"{words[owner]} nomor {number}", contact=None)
    door.place(agency[WASTE], category=1, named="91.01", region="91.01", text="sampah")
    for owner in (ROADS, HEALTH):
        for case in door.pull([agency[owner]], 100, 1000):
            assert door.act(case, "answer", "Sudah") == "done"
    registry, history, examples = tmp_path / "registry", tmp_path / "history", tmp_path / "examples"
    registry.write_text(stack.sql("select snapshot_registry ()")[0][0])
    history.write_text(aduan("export", "decisions"))
    examples.write_text(aduan("export", "examples"))
    (said,) = lines(aduan("rules", "replay", "--history", history, "--registry", registry, "--json"))
    assert said["complaints"] == 121 and said["moved"] == 1 and said["faulty"] == 0
    aduan("rules", "learn", examples, "--out", tmp_path / "model")
    piped = subprocess.run(f"set -o pipefail; {ADUAN} export examples -c {stack.settings} | {ADUAN} rules learn - --out {tmp_path}/piped",
                           shell=True, executable="/bin/bash", check=False, capture_output=True, timeout=120, env=ENVIRONMENT)
    assert piped.returncode == 0, piped.stderr
    assert (tmp_path / "model").read_bytes() == (tmp_path / "piped").read_bytes() != b""


def test_export_pages(stack, door, agency, aduan):
    """Every complaint once, however many and however long; in the order of their ids."""
    texts = ["\n\"" * 5000] * 30 + ["pendek"] * 450
    complaints = [door.place(agency[ROADS], text=text, contact=None) for text in texts]
    out = [raw(line) for line in lines(aduan("export", "decisions"))]
    assert out == sorted(complaints)
    stack.sql("update assignment set state = 7, queued = false")
    stack.sql("insert into event (complaint_id, at, act_key, principal, kind, number) "
              "select complaint_id, now (), gen_random_uuid (), 0, 35, events + 1 from complaint where state < 7")
    stack.sql("update complaint set state = 8, events = events + 1 where state < 7")


def test_nothing_to_export(door, aduan):
    assert aduan("export", "examples", wanted=1) == ""
    aduan("export", "secrets", wanted=64)


def test_whose_refusals_are_overruled(stack, door, agency, aduan):
    for ordered in (False, True):
        door.place(agency[ROADS])
        give_back(door, agency, ROADS, to=HEALTH if ordered else None, decided=WASTE)
        give_back(door, agency, WASTE, to=ROADS, decided=HEALTH)
        give_back(door, agency, HEALTH, decided=ROADS)  # the filter's word alone counts
        case = door.take(agency[CITY])
        if ordered:
            assert door.act(case, "assign", "Ini jalan", to=agency[ROADS]) == "done"
        else:
            assert door.act(case, "assign", to=agency["91.01/PENGAWASAN"]) == "done"
    (rows,) = lines(aduan("report", "refusals", "--json"))
    found = {row["agency"]: (row["refusals"], row["overruled"], row["ordered_back"], row["named_by_next"], row["suggested"], row["followed"])
             for row in rows}
    assert found == {ROADS: (2, 2, 1, 2, 1, 1), WASTE: (2, 0, 0, 0, 2, 1), HEALTH: (2, 0, 0, 0, 0, 0)}
    assert rows[0]["agency"] == ROADS and rows[0]["percent"] == 100.0
    table = aduan("report", "refusals", "--since", "2020-01-01")
    assert table.splitlines()[1].split() == [ROADS, "2", "2", "1", "2", "1", "0", "100.0"] or "100" in table
    assert aduan("report", "refusals", "--since", "2999-01-01", wanted=1) == ""
    aduan("report", "refusals", "--since", "kemarin", wanted=64)
    aduan("report", "nothing", wanted=64)
