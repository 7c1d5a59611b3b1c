"""`aduan spool`: stat, list, verify while intake runs; what is damaged or lost is salvaged; replay."""
import glob
import json
import os
import shutil
import subprocess
import time

import pytest

from collect import metrics
from conftest import Stack
from stack import BUILD

ADUAN = os.path.join(BUILD, "deploy", "aduan", "aduan")
WHOLE, USAGE, DAMAGE, UNREADABLE, SILENT = 0, 64, 65, 66, 69


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, settings="") as running:
        yield running


@pytest.fixture
def spool(stack):
    def run(*arguments, wanted=WHOLE):
        done = subprocess.run([ADUAN, "spool", *map(str, arguments), "-c", stack.settings], text=True, check=False,
                              capture_output=True, timeout=60, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=1:exitcode=99"))
        assert done.returncode == wanted, f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
    return run


@pytest.fixture
def listed(spool):
    return lambda *files: [json.loads(line) for line in spool("list", "--json", *files).splitlines()]


@pytest.fixture(scope="module")
def accepted(stack):
    """id -> key of all that was accepted."""
    return {}


@pytest.fixture
def submit(stack, accepted):
    adapter = stack.adapter()

    def some(count, length=400):
        for _ in range(count):
            verdict, answer = adapter.submit("Lampu jalan padam. " + "x" * length, category=2, place="92.01")
            assert verdict == "accepted"
            accepted[answer[2].hex()] = answer[3]
    return some


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.05)


def ids(rows):
    return {row["id"].replace("-", "") for row in rows}


def test_list_and_stat_while_it_runs(stack, spool, listed, submit, accepted):
    submit(20)
    until(lambda: all(row["drained"] for row in listed()) and len(listed()) == 20)
    rows = listed()
    assert ids(rows) == set(accepted)
    assert {row["number"] for row in rows} == set(accepted.values())
    assert [row["seq"] for row in rows] == list(range(1, 21))
    assert "Lampu" not in spool("list") and "Lampu" not in spool("list", "--json")
    stack["store"].kill()
    submit(5)
    stat = json.loads(spool("stat", "--json"))
    assert (stat["undrained"], stat["records"], stat["next"], stat["damaged"], stat["missing"]) == (5, 25, 26, 0, 0)
    assert stat["frontier"] == 20
    assert stat["system"] and stat["position"]
    assert "undrained: 5" in spool("stat")
    assert "whole" in spool("verify")


def test_a_lost_segment_is_salvaged(stack, spool, listed, submit, accepted):
    """A file whose headers are gone: by the segment's id, which a copy of its header still tells."""
    submit(60, length=9000)  # fills a segment of 1 MiB
    stack["intake"].kill()
    rows = [row for row in listed() if not row["drained"]]
    lost = rows[0]["file"]
    path = os.path.join(stack.folder, "spool", lost)
    with open(path, "r+b") as file:
        segment = file.read(32)[16:32].hex()
        for at in (0, os.path.getsize(path) - 64):
            file.seek(at)
            file.write(bytes(64))
    assert "no header validates" in spool("verify", wanted=DAMAGE)
    stack["intake"].start()
    inside = glob.glob(os.path.join(stack.folder, "spool", "corrupt", lost[:10] + "-*"))
    assert len(inside) == 1 and not os.path.exists(path)
    name = os.path.basename(inside[0])
    assert listed(inside[0]) == []
    found = listed("--id", segment, inside[0])
    assert found
    missing = set(accepted) - ids(listed())
    assert missing and missing <= ids(found)
    spool("salvage", name, wanted=UNREADABLE)
    said = spool("salvage", name, "--id", segment)
    assert f"taken: {len(missing)}\n" in said
    assert set(accepted) <= ids(listed())
    taken = {row["id"].replace("-", ""): row["received"] for row in listed()}
    assert all(taken[row["id"].replace("-", "")] == row["received"] for row in found), "a salvaged one keeps its receipt"
    assert "taken: 0\n" in spool("salvage", name, "--id", segment)
    stack["intake"].kill()  # and it is still there after a start
    stack["intake"].start()
    assert set(accepted) <= ids(listed())
    stack["store"].start()
    stack.wait("select 1 from complaint having count (*) >= %s", len(accepted))
    assert stack.sql("select count (*) from complaint")[0][0] == len(accepted)


def test_damage_is_found_and_the_rest_used(stack, spool, listed):
    until(lambda: all(row["drained"] for row in listed()))
    stack["intake"].kill()
    row = listed()[2]
    path = os.path.join(stack.folder, "spool", row["file"])
    with open(path, "r+b") as file:
        file.seek(row["offset"] + 40)
        byte = file.read(1)
        file.seek(row["offset"] + 40)
        file.write(bytes([byte[0] ^ 1]))
    assert "records validate behind what does not" in spool("verify", wanted=DAMAGE)
    left = [other for other in listed() if (other["seq"], other["file"]) == (row["seq"], row["file"])]
    assert not left
    stack["intake"].start()
    copies = glob.glob(os.path.join(stack.folder, "spool", "corrupt", row["file"][:10] + "-*"))
    assert len(copies) == 1
    assert spool("verify", copies[0], wanted=DAMAGE)
    assert metrics(stack, "intake")["intake_corrupt_total"] >= 1


def test_replay(stack, spool, submit, accepted):
    submit(3)
    until(lambda: metrics(stack, "intake")["intake_undrained_records"] == 0)
    before = metrics(stack, "intake")["intake_offers_total"]
    assert "every retained record is offered again" in spool("replay")
    until(lambda: metrics(stack, "intake")["intake_offers_total"] >= before + len(accepted) - 1)
    until(lambda: metrics(stack, "intake")["intake_replaying"] == 0)
    assert stack.sql("select count (*) from complaint")[0][0] == len(accepted)
    before = metrics(stack, "intake")["intake_offers_total"]
    spool("replay", "2099-01-01")
    until(lambda: metrics(stack, "intake")["intake_replaying"] == 0)
    assert metrics(stack, "intake")["intake_offers_total"] == before
    spool("replay", "2h")
    until(lambda: metrics(stack, "intake")["intake_offers_total"] >= before + 10)
    until(lambda: metrics(stack, "intake")["intake_replaying"] == 0)
    spool("replay", "yesterday", wanted=USAGE)
    stack.checks()


def test_a_replay_goes_on_after_a_kill(stack, spool, accepted):
    stack["store"].kill()
    spool("replay")
    until(lambda: metrics(stack, "intake")["intake_undrained_records"] >= len(accepted) - 1)
    until(lambda: json.loads(spool("stat", "--json"))["replay"])
    stack["intake"].kill()
    stack["intake"].start()
    until(lambda: metrics(stack, "intake")["intake_undrained_records"] >= len(accepted) - 1)
    stack["store"].start()
    until(lambda: metrics(stack, "intake")["intake_undrained_records"] == 0)
    until(lambda: not json.loads(spool("stat", "--json"))["replay"])


def test_without_intake(stack, spool, folder):
    stack["intake"].stop()
    spool("replay", wanted=SILENT)
    spool("verify", "nowhere.segment", wanted=UNREADABLE)
    spool("stat", "--folder", os.path.join(folder, "nowhere"), wanted=UNREADABLE)
    spool("stat", "more", wanted=USAGE)
    copy = os.path.join(folder, "copy")
    shutil.copytree(os.path.join(stack.folder, "spool"), copy)
    assert json.loads(spool("stat", "--json", "--folder", copy))["undrained"] == 0
    stack["intake"].start()
