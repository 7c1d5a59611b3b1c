"""From decisions to new rules and back to the router: what was decided is exported, decided again exactly so by the command
with the router's own settings, and what new rules alone would change is shown before they go live."""
import json
import os
import shutil
import subprocess
import time

import pytest

from collect import metrics
from conftest import Stack
from stack import BUILD, HERE

ADUAN = os.path.join(BUILD, "deploy", "aduan", "aduan")
ENVIRONMENT = dict(os.environ, LANG="en_GB.UTF-8", aduan=ADUAN)
MANDATES = "owner\tweight\tphrase\nPUPR\t100\tjalan berlubang\nKES\t100\tpuskesmas\nLH\t100\tsampah\n"
RULES = """version: 1
rules:
  - name: jembatan
    when: {any: [jembatan gantung]}
    then: {function: LH, priority: high, copies: [KES]}
"""
COMPLAINTS = [  # text, fields, who gets it and by which rung
    ("Jembatan gantung putus", {"place": "92.01"}, "92.01/LH", 2),
    ("Sampah menumpuk", {"place": "91.71", "category": 2}, "91.71/LH", 4),  # the category is less sure than this router wants
    ("Jalan berlubang di Kota Arjuna", {}, "91.71/PUPR", 4),
    ("Puskesmas tutup, banjir", {"place": "91.01"}, "91.01/KES", 4),
    ("Tolong", {"place": "91.01"}, "91.01", 5),
]


@pytest.fixture(scope="module")
def stack(folder):
    registry = os.path.join(folder, "registry")
    shutil.copytree(os.path.join(HERE, "registry"), registry)
    with open(os.path.join(registry, "mandates.tsv"), "w", encoding="utf-8") as table:
        table.write(MANDATES)
    with Stack(folder, registry=registry, programs=("store", "router", "intake", "query"),
               settings="router:\n  sure_category: 1000\n") as running:
        yield running


@pytest.fixture(scope="module")
def numbers(stack):
    """The tracking number of each complaint, decided by the first rules."""
    load(stack, RULES)
    web, found = stack.adapter(), []
    for text, fields, owner, rung in COMPLAINTS:
        verdict, accepted = web.submit(text, secret=1, **fields)
        assert verdict == "accepted"
        row = stack.wait("select a.code, c.rung, number_text (c.number) from complaint c join agency a on a.agency_id = c.holder"
                         " where complaint_id = %s", bytes(accepted[2]).hex())[0]
        assert row[:2] == (owner, rung)
        found.append(row[2])
    return found


def load(stack, text):
    path = os.path.join(stack.folder, "rules.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    stack.migrate("rules", path)
    version = stack.sql("select max (version) from rules_version")[0][0]
    deadline = time.monotonic() + 30
    while metrics(stack, "router")["router_rules_version"] != version:
        assert time.monotonic() < deadline, stack["router"].tail()
        time.sleep(0.05)
    return version


def shell(stack, line, wanted=0):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], text=True, check=False, capture_output=True, timeout=120,
                          env=dict(ENVIRONMENT, ADUAN_CONFIG=stack.settings), cwd=stack.folder)
    assert done.returncode == wanted, f"{line}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_command_decides_as_the_router_did(stack, numbers):
    said = json.loads(shell(stack, "$aduan export decisions | $aduan rules replay --history - --json"))
    assert (said["complaints"], said["same"], said["moved"], said["faulty"]) == (len(numbers), len(numbers), 0, 0)
    assert said["rungs_before"] == said["rungs_after"] == [0, 0, 1, 0, 3, 1, 0]
    assert said["thresholds"] == {"category": 1.0, "words": 0.55, "of": "settings"}
    # with the usual threshold the category would have decided
    said = json.loads(shell(stack, "$aduan export decisions | $aduan rules replay --history - --json --sure-category 800"))
    assert [(move["to"], move["examples"]) for move in said["moves"]] == [("91.71/KES", [numbers[1]])]


def test_what_new_rules_change(stack, numbers):
    new = RULES.replace("priority: high, copies: [KES]", "copies: [PUPR]") + """  - name: banjir
    when: {any: [banjir]}
    then: {agency: 91.01/PUPR, secret: true, support: [KES], ask: [photo]}
"""
    with open(os.path.join(stack.folder, "new.yaml"), "w", encoding="utf-8") as file:
        file.write(new)
    version = stack.sql("select max (version) from rules_version")[0][0]
    line = "$aduan export decisions | $aduan rules replay --rules new.yaml --history - --changed changed.jsonl"
    said = json.loads(shell(stack, line + " --json"))["new_rules"]
    assert (said["before"], said["complaints"]) == (version, 2)
    assert {name: [(kind["from"], kind["to"], kind["examples"]) for kind in effect["kinds"]] for name, effect in said["effects"].items()} == {
        "agency": [("91.01/KES", "91.01/PUPR", [numbers[3]])],
        "rung": [("4", "2", [numbers[3]])],
        "priority": [("high", "normal", [numbers[0]])],
        "secret": [("false", "true", [numbers[3]])],
        "copies": [("92.01/KES", "92.01/PUPR", [numbers[0]])],
        "support": [("-", "91.01/KES", [numbers[3]])],
        "ask": [("-", "photo", [numbers[3]])],
    }
    with open(os.path.join(stack.folder, "changed.jsonl"), encoding="utf-8") as file:
        assert {json.loads(row)["number"] for row in file} == {numbers[0], numbers[3]}
    out = shell(stack, line)
    assert f"compared with version {version} in force: 2 complaints" in out and "ask: 1" in out
    assert not any(word in out for word in ("Puskesmas", "putus"))
    # live, they do what was shown
    load(stack, new)
    out = shell(stack, "$aduan rules explain --text 'Banjir di puskesmas' --place 91.01")
    assert "91.01/PUPR" in out and "Secret:     yes" in out
    assert "0 complaints" in shell(stack, line)
