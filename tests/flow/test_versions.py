"""Rules and model are versions: what is loaded reaches the router whole, an older one comes back, none is lost.
And the words of mandates and the exceptions of competence, which come with the registry."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import time

import pytest

from collect import metrics
from conftest import Stack
from stack import BUILD, HERE

RULES = "version: 1\nrules:\n  - name: pju\n    when: {any: [lampu jalan]}\n    then: {function: PUPR}\n"


@pytest.fixture(scope="module")
def registry(folder):
    """The small one, to be written into."""
    path = os.path.join(folder, "registry")
    shutil.copytree(os.path.join(HERE, "registry"), path)
    return path


@pytest.fixture(scope="module")
def stack(folder, registry):
    with Stack(folder, registry=registry, programs=("store", "router", "intake", "query")) as running:
        yield running


@pytest.fixture
def file(tmp_path):
    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)
    return write


def in_force(stack, kind, version, seconds=30):
    """What the router holds, once it is that version."""
    path = os.path.join(stack.folder, "snapshots", "router", f"{kind}.snapshot")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.path.exists(path):
            with open(path, "rb") as held:
                head, body = held.read().split(b"\n", 1)
            if head.split()[1] == str(version).encode():
                return body
        time.sleep(0.05)
    raise AssertionError(f"{kind} {version} does not come:\n{stack['store'].tail()}\n{stack['router'].tail()}")


def ask(stack, name):
    done = subprocess.run([os.path.join(BUILD, "deploy", "aduan", "aduan"), "ask", name, "-c", stack.settings, "--json"],
                          text=True, capture_output=True, check=False, timeout=60)
    assert done.returncode in (0, 1), done.stderr  # 1: there is nothing
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return rows[0] if rows and isinstance(rows[0], list) else rows


def show(stack, kind, version):
    return subprocess.run([os.path.join(BUILD, "store", "aduan-migrate"), "-d", stack.postgres.conninfo("aduan_migrate"),
                           kind, "--show", str(version)], check=True, stdout=subprocess.PIPE).stdout


def test_before_the_first_load_there_is_none(stack):
    in_force(stack, "registry", stack.sql("select version from snapshot where kind = 2")[0][0])
    assert stack.sql("select kind, version from snapshot where kind > 2 order by kind") == [(3, 0), (4, 0)]
    assert not os.path.exists(os.path.join(stack.folder, "snapshots", "router", "rules.snapshot"))
    assert ask(stack, "rules") == []


def test_rules_reach_the_router_and_come_back(stack, file):
    first, second = file(RULES, "a"), file(RULES.replace("PUPR", "LH") + "# \u00e9\n", "b")
    assert "version 1 is in force" in stack.migrate("rules", first, "--note", "the first")
    assert in_force(stack, "rules", 1) == RULES.encode()
    assert "as they were: version 1" in stack.migrate("rules", first)
    assert "version 2 is in force" in stack.migrate("rules", second)
    assert in_force(stack, "rules", 2) == (RULES.replace("PUPR", "LH") + "# \u00e9\n").encode()
    assert "version 3 is in force" in stack.migrate("rules", "--version", "1")
    assert in_force(stack, "rules", 3) == RULES.encode()
    assert "as they were: version 3" in stack.migrate("rules", "--version", "1")
    rows = ask(stack, "rules")
    assert [(row["version"], row["note"]) for row in rows] == [(3, "version 1 again"), (2, None), (1, "the first")]
    assert rows[0]["digest"] == hashlib.sha256(RULES.encode()).hexdigest() and rows[0]["bytes"] == len(RULES)
    assert show(stack, "rules", 1) == RULES.encode()


def test_a_restarted_router_has_them(stack):
    stack.restart("router")
    assert in_force(stack, "rules", 3) == RULES.encode()


def test_rules_of_many_bytes(stack, file):
    """Whole, with every byte, however large; and an older version is in force again."""
    body = (RULES + "# keterangan aturan yang panjang\n" * 250000).encode()
    assert "version 4 is in force" in stack.migrate("rules", file(body, "many"))
    assert in_force(stack, "rules", 4, 60) == body
    stack.migrate("rules", "--version", "1")
    assert in_force(stack, "rules", 5) == RULES.encode()


def test_faulty_rules_are_refused_with_their_line(stack, file):
    """At the door; and what comes into the database past it leaves the former ones in force."""
    faulty = RULES.replace("PUPR", "JALAN") + "  - name: pju\n"
    before = stack.sql("select version from snapshot where kind = 3")
    with pytest.raises(RuntimeError, match=r"faulty:5: .*JALAN(.|\n)*faulty:6: "):
        stack.migrate("rules", file(faulty, "faulty"))
    assert stack.sql("select version from snapshot where kind = 3") == before
    stack.sql("insert into rules_version (version, text, digest) select max (version) + 1, %s, '' from rules_version", faulty)
    stack.sql("update snapshot set version = (select max (version) from rules_version) where kind = 3")
    deadline = time.monotonic() + 20
    while not re.search(r"rules, version 6, cannot be used: line [0-9]+: .*version 5 stays in force", stack["router"].tail()):
        assert time.monotonic() < deadline, stack["router"].tail()
        time.sleep(0.05)
    assert metrics(stack, "router")["router_rules_faulty"] == 6 and metrics(stack, "router")["router_rules_version"] == 5
    with pytest.raises(RuntimeError, match="rules, version 6:5: "):
        stack.sql("insert into rules_version (version, text, digest) values (7, 'version: 1\nrules: []\n', '7')")
        stack.migrate("rules", "--version", "6")
    stack.sql("delete from rules_version where version = 7")
    stack.migrate("rules", "--version", "1")
    in_force(stack, "rules", 7)
    assert metrics(stack, "router")["router_rules_faulty"] == 0


@pytest.mark.parametrize("arguments, said", [
    (["rules", "--version", "99"], "there is no version 99 \\(`aduan ask rules` lists them"),
    (["rules", "--show", "99"], "there is no version 99"),
    (["rules", "/nowhere/rules.yaml"], "cannot be read"),
    (["rules", "--version", "0"], '"0": a version is a number'),
    (["model", "--show", "tujuh"], '"tujuh": a version is a number .`aduan ask models`'),
    (["rules", "--version", "1", "x"], "not clear"),
    (["model", "--report", "/nowhere"], "not clear"),
])
def test_what_is_wrong_changes_nothing(stack, arguments, said):
    before = stack.sql("select kind, version from snapshot order by kind")
    with pytest.raises(RuntimeError, match=said):
        stack.migrate(*arguments)
    assert stack.sql("select kind, version from snapshot order by kind") == before


def test_a_full_disk_is_said(stack):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([os.path.join(BUILD, "store", "aduan-migrate"), "-d", stack.postgres.conninfo("aduan_migrate"),
                               "rules", "--show", "1"], check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 74 and "version 1 cannot be written: No space left" in done.stderr


@pytest.mark.parametrize("kind, content", [("rules", b""), ("rules", b"a\0b"), ("rules", b"\xff\xfe"), ("model", b""), ("model", b"no model"), ("rules", b"x" * ((8 << 20) + 1)), ("model", b"x" * ((32 << 20) + 1))],
                         ids=["empty rules", "NUL", "no UTF-8", "empty model", "no model", "long rules", "large model"])
def test_what_cannot_be_rules_or_a_model(stack, file, kind, content):
    before = stack.sql("select kind, version from snapshot order by kind")
    with pytest.raises(RuntimeError):
        stack.migrate(kind, file(content))
    assert stack.sql("select kind, version from snapshot order by kind") == before


def test_mandates_and_exceptions_come_with_the_registry(stack, registry):
    version = stack.sql("select version from snapshot where kind = 2")[0][0]
    with open(os.path.join(registry, "mandates.tsv"), "w", encoding="utf-8") as table:
        table.write("# words, and an empty line\n\nowner\tweight\tphrase\tlevel\nKES\t100\tpuskesmas\nKES\t90\trsud\tprovince\nKES\t-20\tjalan rusak\t-\n"
                    "KEMCONTOH\t40\tcontoh nasional\n")
    with open(os.path.join(registry, "competence.tsv"), "w", encoding="utf-8") as table:
        table.write("agency_code\tfunction_code\tregion_code\n91.01/PUPR\tLH\t91.01\n91/TAMBANG\tLH\t91\nKEMCONTOH\tTAMBANG\t-\n")
    stack.migrate("registry", registry)
    lines = in_force(stack, "registry", version + 1).decode().splitlines()
    function = dict(stack.sql("select code, function_id from function"))
    agency = dict(stack.sql("select code, agency_id from agency"))
    assert [line for line in lines if line.startswith("mandate")] == [
        f"mandate\tf\t{function['KES']}\t-20\tjalan rusak", f"mandate\tf\t{function['KES']}\t100\tpuskesmas",
        f"mandate\tf\t{function['KES']}\t90\trsud\t1",
        f"mandate\ta\t{agency['KEMCONTOH']}\t40\tcontoh nasional"]
    assert sorted(line for line in lines if line.startswith("competence")) == sorted([
        f"competence\t{agency['91.01/PUPR']}\t{function['LH']}\t91.01", f"competence\t{agency['91/TAMBANG']}\t{function['LH']}\t91",
        f"competence\t{agency['KEMCONTOH']}\t{function['TAMBANG']}\t-"])
    assert "unchanged" in stack.migrate("registry", registry)
    os.remove(os.path.join(registry, "mandates.tsv"))
    stack.migrate("registry", registry)
    assert stack.sql("select (select count (*) from mandate), (select count (*) from competence)") == [(0, 3)]


def test_an_exception_for_nobody_is_refused(stack, registry):
    with open(os.path.join(registry, "competence.tsv"), "w", encoding="utf-8") as table:
        table.write("agency_code\tfunction_code\tregion_code\n91.01/PUPR\tLHX\t91.01\n91.01/X\tLH\t91\n91\tLH\t99\n")
    with pytest.raises(RuntimeError) as refused:
        stack.migrate("registry", registry)
    for said in ('function_code "LHX"', 'agency_code "91.01/X"', 'region_code "99"'):
        assert said in str(refused.value)
    assert stack.sql("select count (*) from competence") == [(3,)]
