"""What holds of every decision, over the whole registry of the country and over random ones; tests/decide/prove.c
asks, this drives it.  All 13 million questions are tests/rows/t31_decisions."""
import os
import pathlib
import random
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from snapshot_text import table, text_of  # noqa: E402

BUILD = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build"))
CACHE = pathlib.Path(os.environ.get("ADUAN_CACHE", "/var/tmp/aduan-registry"))
SENTENCES = ROOT / "tests" / "support" / "sentences"


def prove(*arguments, **more):
    return subprocess.run([str(BUILD / "tests" / "decide" / "prove"), *map(str, arguments)], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, **more)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    subprocess.run(["/usr/bin/python3", str(ROOT / "deploy/registry/build"), str(CACHE)], check=True, stdout=subprocess.DEVNULL)
    path = tmp_path_factory.mktemp("registry") / "registry.txt"
    path.write_text(text_of(CACHE), encoding="utf-8")
    return path


def test_every_place_category_and_class_has_an_owner(snapshot):
    """A random two hundredth of 13 million: each has one of its place, the same when asked again, and none ends at a
    person."""
    seed = random.SystemRandom().randrange(1 << 31)
    print("seed", seed)
    done = prove("total", snapshot, 200, seed)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.split()[0]) > 50000


def test_owners_typed_by_hand(snapshot):
    """What the functions are for says who should have it; rung 3, or the filter, says the same."""
    rows = table(SENTENCES / "owners.tsv")
    assert len(rows) == 200
    done = prove("owners", snapshot, input="".join(f"{row['region']} {row['category']}\n" for row in rows))
    assert done.returncode == 0, done.stdout
    wrong = []
    for row, line in zip(rows, done.stdout.splitlines(), strict=True):
        owner, rung = line.split()
        if owner != row["agency"] or rung not in ("0", "3"):
            wrong.append((row["region"], row["category"], row["agency"], owner, rung))
    assert not wrong


def test_the_example_of_rules(snapshot):
    """What docs/routing.md shows holds over the whole registry, too."""
    example = ROOT / "docs" / "examples" / "rules.yaml"
    for command in ("check", "test"):
        done = subprocess.run([str(BUILD / "deploy" / "aduan" / "aduan"), "rules", command, str(example), "--registry", str(snapshot)],
                              env=dict(os.environ, LANG="en"), text=True, check=False, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("7 of 7 cases are as expected.")


def test_random_hand_backs():
    """However a registry looks and whoever refuses: an owner at every step, no refuser twice, no oversight content
    outside the inspectorates, and an arbiter at the end.  A hundred times as many are tests/rows/t31_decisions."""
    seed = random.SystemRandom().randrange(1 << 31)
    print("seed", seed)
    done = prove("hand-backs", 1000, seed)
    assert done.returncode == 0, done.stdout
