#!/usr/bin/python3
"""The real registry: what deploy/registry/build makes of the region package, and that it loads.

Numbers are those of the sources: 38 provinces, 514 regencies and cities, 7,285 districts, 83,762
villages, 99 central bodies, 36 functions, 29 main categories.
"""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from private_postgres import PrivatePostgres  # noqa: E402
from snapshot_text import text_of  # noqa: E402

BUILD = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build"))
CACHE = pathlib.Path(os.environ.get("ADUAN_CACHE", "/var/tmp/aduan-registry"))


def table(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    head = lines[0].split("\t")
    out = []
    for line in lines[1:]:
        fields = line.split("\t")
        if head[-1] == "level" and len(fields) == len(head) - 1:  # a mandate's may be absent
            fields.append("-")
        assert len(fields) == len(head) and all(fields), line
        out.append(dict(zip(head, fields)))
    return out


def build(*arguments):
    return subprocess.run(["/usr/bin/python3", str(ROOT / "deploy/registry/build"), *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


@pytest.fixture(scope="module")
def registry():
    done = build(CACHE)
    assert done.returncode == 0, done.stdout
    return {path.stem: table(path) for path in CACHE.glob("*.tsv")}


def test_counts(registry):
    levels = collections.Counter(row["level"] for row in registry["regions"])
    assert levels == {"1": 38, "2": 514, "3": 7285, "4": 83762}
    kinds = collections.Counter(row["kind"] for row in registry["agencies"])
    governments = [row for row in registry["agencies"] if row["kind"] == "agency" and row["region_code"] != "-"]
    central = [row for row in registry["agencies"] if row["kind"] == "agency" and row["region_code"] == "-"]
    assert len(governments) == 552 and len(central) == 99 and kinds["root"] == 1
    assert len(registry["functions"]) == 36 and len(registry["categories"]) == 29


def test_tree(registry):
    """Parents first, every code once, every reference known, every name there."""
    functions = {"-"} | {row["code"] for row in registry["functions"]}
    regions = {"-"} | {row["code"] for row in registry["regions"]}
    seen = set()
    for row in registry["agencies"]:
        assert row["code"] not in seen and (row["parent_code"] in seen or row["kind"] == "root")
        assert row["function_code"] in functions and row["region_code"] in regions
        assert row["name"] == row["name"].strip() and row["zone"] in ("WIB", "WITA", "WIT")
        seen.add(row["code"])
    for row in registry["regions"]:
        assert row["code"].count(".") == int(row["level"]) - 1
        assert (row["zone"] == "-") == (int(row["level"]) > 2)


def test_no_wrong_door(registry):
    """Every place has a coordinator and an inspectorate, and every function a holder: in the place's own
    government, the province's, or the nation's."""
    held = {(row["function_code"], row["region_code"]) for row in registry["agencies"] if row["function_code"] != "-"}
    desks = {row["region_code"] for row in registry["agencies"] if "desk" in row["flags"].split(",")}
    functions = [row["code"] for row in registry["functions"]]
    for row in registry["regions"]:
        if row["level"] == "2":
            assert row["code"] in desks and row["code"][:2] in desks
            for function in functions:
                places = [row["code"], row["code"][:2], "-"]
                assert any((function, place) in held for place in places), (function, row["code"])
    inspectorates = {row["code"] for row in registry["agencies"] if "inspectorate" in row["flags"].split(",")}
    assert "ID/PENGAWASAN" in inspectorates and "33.74/PENGAWASAN" in inspectorates and len(inspectorates) == 1 + 38 + 508
    by_code = {row["code"]: row for row in registry["agencies"]}
    assert by_code["33.74/PUPR"]["name"] == "Dinas Pekerjaan Umum dan Penataan Ruang Kota Semarang"
    assert "31.71/PUPR" not in by_code and "31/DAMKAR" in by_code  # Jakarta's cities are administrative
    assert "33.74/HUTAN" not in by_code and "33/HUTAN" in by_code


def test_refuses_another_package(tmp_path):
    bad = tmp_path / "idn-area-data-4.0.1.tgz"
    bad.write_bytes(b"not it")
    done = build(tmp_path)
    assert done.returncode == 1 and "digest" in done.stdout
    assert not (tmp_path / "agencies.tsv").exists()


@pytest.mark.parametrize("line, said", [
    ("PUPRX\t50\tjalan", "neither in functions.tsv nor in central.tsv"),
    ("PUPR\t50\tjalan-rusak", "there twice"),
    ("PUPR\t50\tsatu dua tiga empat-lima enam tujuh delapan sembilan", "over 8 words"),
    ("PUPR\t1001\tsesuatu", "weight 1001"),
    ("PUPR\t0\tsesuatu", "weight 0"),
    ("PUPR\t5.5\tsesuatu", "weight 5.5"),
    ("PUPR\t50\tJalan Raya", "small letters"),
    ("PUPR\t50\tjalan  raya", "small letters"),
    ("PUPR\t50", "4 fields"),
    ("PUPR\t50\tsesuatu\tdistrict", "level district"),
])
def test_refuses_mandates(tmp_path, line, said):
    """A phrase that nobody would find, or for nobody, is a slip of the pen: told before anything is fetched."""
    shutil.copytree(ROOT / "deploy" / "registry", tmp_path / "registry")
    with open(tmp_path / "registry" / "mandates.tsv", "a", encoding="utf-8") as file:
        file.write(line + "\n")
    done = subprocess.run(["/usr/bin/python3", str(tmp_path / "registry" / "build"), str(tmp_path / "out")], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 1 and "mandates.tsv" in done.stdout and said in done.stdout
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("line, said", [
    ("minta uang\tverb", "verb is no kind"),
    ("pungli\tact", "there twice"),
    ("Minta Uang\tact", "small letters"),
    ("minta||tarik uang\tact", "small letters"),
    ("a b c d e f g h i\tact", "over 8 parts"),
    ("minta uang", "2 fields"),
])
def test_refuses_oversight(tmp_path, line, said):
    shutil.copytree(ROOT / "deploy" / "registry", tmp_path / "registry")
    with open(tmp_path / "registry" / "oversight.tsv", "a", encoding="utf-8") as file:
        file.write(line + "\n")
    done = subprocess.run(["/usr/bin/python3", str(tmp_path / "registry" / "build"), str(tmp_path / "out")], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 1 and "oversight.tsv" in done.stdout and said in done.stdout
    assert list((tmp_path / "out").iterdir()) == []


def test_mandates(registry):
    """Every function has words of its own."""
    phrases = collections.Counter(row["owner"] for row in registry["mandates"])
    for row in registry["functions"]:
        assert phrases[row["code"]] >= 80, row["code"]


def test_loads(registry, tmp_path):  # pylint: disable=unused-argument
    """It loads in seconds; again it changes nothing; each agency has its desk by the tree, its overseer by tree and region."""
    for parent in [tmp_path, *tmp_path.parents]:
        if parent in (pathlib.Path("/"), pathlib.Path("/tmp")):
            break
        os.chmod(parent, 0o755)
    with PrivatePostgres(str(tmp_path / "pg")) as postgres:
        postgres.sql((ROOT / "deploy" / "roles.sql").read_text())

        def migrate(*command):
            began = time.monotonic()
            done = subprocess.run([str(BUILD / "store" / "aduan-migrate"), "-d", postgres.conninfo("aduan_migrate"), *command],
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            assert done.returncode == 0, done.stdout
            return done.stdout, time.monotonic() - began

        migrate("schema")
        said, took = migrate("registry", str(CACHE))
        assert "91599 regions" in said and "a new version" in said and took < 300
        numbers = postgres.sql("select code, agency_id from agency order by code")
        said, took = migrate("registry", str(CACHE))
        assert "unchanged" in said and took < 300
        assert postgres.sql("select code, agency_id from agency order by code") == numbers
        assert postgres.sql("select last_value from function_function_id_seq")[0][0] == len(registry["functions"])  # none used up
        assert postgres.sql("select last_value from agency_agency_id_seq")[0][0] == len(numbers)
        migrate("calendar", str(ROOT / "deploy" / "calendar" / "days_off.tsv"))
        assert postgres.sql("select count (*) from day_off where extract (year from day) = 2026") == [(25,)]
        found = postgres.sql("select a.code, d.code, o.code from agency a join agency d on d.agency_id = a.desk"
                             " join agency o on o.agency_id = a.overseer"
                             " where a.code in ('ID', '33.74', '33.74/KES', '33.74/PENGAWASAN', 'KEMENKES') order by a.code")
        assert found == [("33.74", "ID", "33/PENGAWASAN"), ("33.74/KES", "33.74", "33.74/PENGAWASAN"),
                         ("33.74/PENGAWASAN", "33.74", "33/PENGAWASAN"), ("ID", "ID", "ID"), ("KEMENKES", "ID", "ID/PENGAWASAN")]
        published = postgres.sql("select snapshot_registry ()")[0][0]
        assert len(published) < 64 << 20
        assert sorted(published.splitlines()) == sorted(text_of(CACHE).splitlines())


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
