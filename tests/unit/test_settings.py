"""One settings file, read by every program: -n says all that is wrong, each with its true place, and exits.

ADUAN_BUILD names the folder of the build.
"""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build"))
PROGRAMS = {"intake": "intake", "router": "router", "store": "store", "query": "store/query", "notifier": "notifier",
            "desk": "router/desk", "web": "intake/web"}


def program(name, *arguments, wanted=0):
    done = subprocess.run([str(BUILD / PROGRAMS[name] / f"aduan-{name}"), *map(str, arguments)], text=True, capture_output=True,
                          check=False, timeout=60)
    assert done.returncode == wanted, f"{name} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def places(said):
    """(line, column, key) of each fault."""
    return [(int(line), int(column), key) for line, column, key in re.findall(r"aduan\.yaml:(\d+):(\d+): ([^:]+):", said.stderr)]


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "aduan.yaml"
        path.write_text(text, encoding="utf-8")
        return path
    return write


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_printed_is_taken_back(name):
    printed = program(name, "-n").stdout
    rows = re.findall(r"^([a-z0-9._]+): (.*?)  # .+$", printed, re.M)
    assert len(rows) == len(printed.splitlines()) and {"run", "data", "log"} <= {key for key, _ in rows}
    again = [word for key, value in rows for word in ("-o", f"{key}={value}")]
    assert program(name, *again, "-n").stdout == printed


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_fault_is_said_with_its_place(name, file):
    path = file(f"# a comment\nrun: /tmp/x\n\n{name}:\n\n  no_such: 1\n  neither:\n    deep: 2\nlog: loud\nintakr: {{}}\n")
    said = program(name, "-c", path, "-n", wanted=78)
    assert places(said) == [(6, 3, "no_such"), (8, 5, "neither.deep"), (10, 1, "intakr")]
    said = program(name, "-c", file("\n\nlog: loud\n"), "-n", wanted=78)
    assert places(said) == [(3, 6, "log")] and "error, warning, info or debug" in said.stderr


@pytest.mark.parametrize("name, text, wanted", [
    ("intake", "intake:\n  spool:\n    bytes: 3 cows\n", [(3, 12, "spool.bytes")]),
    ("intake", "intake:\n  spool:\n    bytes: 1KiB\n", [(3, 12, "spool.bytes")]),
    ("intake", "intake:\n  door: nonsense\n", [(2, 9, "door")]),
    ("intake", "intake:\n  door: tcp://127.0.0.1:70000\n", [(2, 9, "door")]),
    ("router", "router: {door: 'ipc:///tmp/x'}\n", [(1, 16, "door")]),
    ("router", f"run: /{'x' * 94}\n", [(1, 6, "run")]),
    ("notifier", f"run: /{'x' * 200}\n", [(1, 6, "run")]),
    ("intake", "intake:\n  routers: 'offers.sock, tcp://127.0.0.1:1'\n", [(2, 12, "routers")]),
    ("intake", "intake:\n  routers: inproc://x\n", [(2, 12, "routers")]),
    ("intake", f"intake:\n  routers: {'x' * 108}\n", [(2, 12, "routers")]),
    ("store", "store:\n  batch: 0\n  batch: 5\n", [(2, 10, "batch"), (3, 3, "batch")]),
    ("query", "query:\n  pool: [1, 2]\n", [(2, 9, "pool")]),
    ("notifier", "notifier:\n  smtp:\n    url: gopher://x\n    tls: maybe\n  domain: a b\n  tracking: nowhere\n",
     [(3, 10, "smtp.url"), (4, 10, "smtp.tls"), (5, 11, "domain"), (6, 13, "tracking")]),
    ("notifier", "notifier:\n  smtp:\n    from: nobody\n    name: '<x>'\n", [(3, 11, "smtp.from"), (4, 11, "smtp.name")]),
])
def test_wrong_values(name, text, wanted, file):
    assert places(program(name, "-c", file(text), "-n", wanted=78)) == wanted


def test_longest_run(file):
    program("notifier", "-c", file(f"run: /{'x' * 93}\n"), "-n")


def test_not_yaml_at_all(file):
    assert places(program("intake", "-c", file("run: /x\nintake:\n\t- x: [\n"), "-n", wanted=78)) == [(3, 1, "YAML")]


def test_over_the_file(file):
    path = file("intake:\n  door: nonsense\n")
    assert "door: tcp://127.0.0.1:9000  #" in program("intake", "-c", path, "-o", "door=tcp://127.0.0.1:9000", "-n").stdout
    assert 'door: "here" is wrong' in program("intake", "-o", "door=here", "-n", wanted=78).stderr


def test_paths_are_of_the_files_folder(file):
    path = file("notifier:\n  smtp:\n    password: keys/smtp.password\n")
    assert f"smtp.password: {path.parent}/keys/smtp.password  #" in program("notifier", "-c", path, "-n").stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_version_and_usage(name):
    version = re.search(r"version : '([0-9.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))[1]
    assert program(name, "-V").stdout == f"aduan-{name} {version}\n"
    assert f"usage: aduan-{name} " in program(name, "-h").stdout
    assert f"usage: aduan-{name} " in program(name, "-x", wanted=64).stderr
