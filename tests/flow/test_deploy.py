"""What deploy/up says of an installation before it calls it running: deploy/lib/ready.sh and room.sh on a private stack."""
import os
import shutil
import signal
import subprocess
import tempfile

import pytest

from conftest import ROOT, Stack
from stack import BUILD, PROGRAMS

HARNESS = r"""
set -euo pipefail
daemons="store router intake query"
die() { printf 'deploy/up: %s\n' "$*" >&2; exit 69; }
is_up() { :; }
aduan() { "$programs/aduan" "$1" -c "$settings" --lang en "${@:2}"; }
setting() { echo "$data"; }
psql_as_super() { psql -X -q -A -t -h "$pg" -U super "$@"; }
. deploy/lib/ready.sh
troubles() { grep -E ' (error|warning): ' "$data/log/$1" | tail -5 || true; }
"$@"
"""


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake", "query"), adapters=("web", "cli"), workers={"desk": ["91"]}) as running:
        yield running


@pytest.fixture
def ask(stack):
    """A function of ready.sh; its status and all that it said."""
    def run(*command, settings=stack.settings):
        done = subprocess.run(["bash", "-c", HARNESS, "ready", *map(str, command)], cwd=ROOT, text=True, check=False, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, data=stack.folder, settings=settings, pg=stack.postgres.folder,
                                       programs=os.path.join(BUILD, "deploy", "aduan"), ASAN_OPTIONS="detect_leaks=0"))
        return done.returncode, done.stdout
    return run


@pytest.fixture
def changed(stack):
    """The settings with one text in place of another, in a file of their own."""
    def write(old, new):
        path = os.path.join(stack.folder, "changed.yaml")
        with open(stack.settings, encoding="utf-8") as file:
            text = file.read()
        assert old in text
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
        return path
    return write


def test_an_installation_begins_with_settings_that_are_right(stack, tmp_path):
    """Each program takes those that deploy/up writes."""
    tmp_path.chmod(0o755)
    settings = tmp_path / "aduan.yaml"
    written = subprocess.run(["bash", "-euc", ". deploy/lib/settings.sh; first_settings"], cwd=ROOT, text=True, check=True, stdout=subprocess.PIPE,
                             env=dict(os.environ, programs="bin", settings=str(settings), run=str(tmp_path), data=stack.folder, base="8311"))
    settings.write_text(written.stdout, encoding="ascii")
    for name, program in PROGRAMS.items():
        done = subprocess.run([os.path.join(BUILD, program), "-c", settings, "-n"], text=True, check=False, capture_output=True)
        assert done.returncode == 0 and done.stderr == "", f"{name}: {done.stderr}"


def test_all_in_order(ask):
    assert ask("check_command") == (0, "")
    status, said = ask("await_ready", 30)
    assert status == 0 and "in order" in said, said


def test_nothing_is_left_behind(stack, ask):
    before = stack.sql("select (select count (*) from complaint), (select count (*) from event), (select count (*) from refused)")
    assert ask("await_ready", 30)[0] == 0
    assert stack.sql("select (select count (*) from complaint), (select count (*) from event), (select count (*) from refused)") == before


@pytest.mark.parametrize("door", ["intake", "router"])
def test_faulty_section_of_the_command(stack, ask, changed, door):
    section = f"aduan:\n  intake: tcp://127.0.0.1:{stack.ports['intake']}\n  router: tcp://127.0.0.1:{stack.ports['router']}\n"
    port = f":{stack.ports[door]}"
    status, said = ask("check_command", settings=changed(section, section.replace(port, "")))
    assert status == 1 and f"{door}" in said, said
    status, said = ask("check_command", settings=changed(section, section.replace(f"  {door}:", f"  {door}s:")))
    assert status == 1 and f"{door}s" in said, said
    elsewhere = changed(section, section.replace(port, ":9"))
    assert ask("check_command", settings=elsewhere)[0] == 0
    status, said = ask("await_ready", 30, settings=elsewhere)
    assert status == 69 and f"aduan.{door}" in said, said


@pytest.mark.parametrize("who", ["router", "intake"])
def test_a_snapshot_that_does_not_arrive(stack, ask, who):
    stack[who].process.send_signal(signal.SIGSTOP)
    try:
        stack.sql("update snapshot set version = version + 1 where kind = 1")
        status, said = ask("await_ready", 2)
    finally:
        stack[who].process.send_signal(signal.SIGCONT)
    assert status == 69 and f"{who} has not got the newest principals in force" in said, said
    assert ask("await_ready", 30)[0] == 0


def test_a_key_that_is_revoked_is_no_fault(stack, ask):
    """Of the command's standard keys those are tried that the file lets in."""
    path = os.path.join(stack.folder, "principals.tsv")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        for word in ("revoked", "active"):
            with open(path, "w", encoding="utf-8") as file:
                file.write("".join(line.replace("\tactive", f"\t{word}") if line.startswith("cli\t") else line for line in text.splitlines(True)))
            stack.migrate("principals", path)
            status, said = ask("await_ready", 30)
            assert status == 0, said
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        stack.migrate("principals", path)


@pytest.mark.parametrize("who, role", [("store", "aduan_store"), ("query", "aduan_query")])
def test_a_database_that_is_not_there(stack, ask, changed, who, role):
    right = stack.settings
    good = stack.postgres.conninfo(role)
    try:
        stack.settings = changed(good, good.replace("dbname=aduan", "dbname=nope"))
        stack.restart(who)
        status, said = ask("await_ready", 3, settings=right)
    finally:
        stack.settings = right
        stack.restart(who)
    assert status == 69 and f"({who}.database)" in said and "nope" in said, said
    assert ask("await_ready", 30)[0] == 0


@pytest.mark.parametrize("free, used, wanted", [(1000, 0, ""), (999, 0, "999 1000"), (998, 2, ""), (600, 400, ""), (600, 300, "600 700"),
                                                (200, 5000, ""), (150, 5000, "150 200")])
def test_room(tmp_path, free, used, wanted):
    """What an interrupted run has made does not lack; the stubs say how much that is."""
    (tmp_path / "df").write_text(f"#!/bin/sh\nprintf 'Avail\\n  {free}M\\n'\n")
    (tmp_path / "du").write_text(f"#!/bin/sh\necho '{used}\t/x'\nexit 1\n")
    for name in ("df", "du"):
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", ". deploy/lib/room.sh; lacking_room /x 1000 200"], cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE, env=dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}"))
    assert done.stdout.strip() == wanted


@pytest.mark.parametrize("base, there, status", [(64500, False, 0), (64501, False, 64), (65500, True, 0), (65501, True, 64)])
def test_ports_of_a_copy(base, there, status):
    """A new copy has room for its metrics' port; one that was made before there were any, higher up, can still be stopped and upgraded."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as top:
        shutil.copytree(os.path.join(ROOT, "deploy"), os.path.join(top, "deploy"))
        os.mkdir(os.path.join(top, f"var-{base}"))
        if there:
            shutil.copy(os.path.join(ROOT, "deploy", "up"), os.path.join(top, f"var-{base}", "aduan.yaml"))
        os.chmod(top, 0o777)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run([os.path.join(top, "deploy", "up"), "--ports", str(base), "--stop"], text=True, check=False, capture_output=True, **nobody)
        assert done.returncode == status and (status == 0 or f'"{base}" is not a number from 1024 to ' in done.stderr), done


def test_library(tmp_path):
    """What `pkg-config libaduan` names is there, in a folder that everybody may read; a second time nothing is written."""
    shared, made = tmp_path / "shared", tmp_path / "program"
    (made / "lib" / "pkgconfig").mkdir(parents=True)
    (made / "include").mkdir()
    (made / "include" / "aduan.h").write_text("extern int aduan;\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-Wl,-soname,libaduan.so.0", "-o", made / "lib" / "libaduan.so.0.1.0", "-x", "c", "-"],
                   input="int aduan = 42;\n", text=True, check=True)
    (made / "lib" / "libaduan.so.0").symlink_to("libaduan.so.0.1.0")
    (made / "lib" / "libaduan.so").symlink_to("libaduan.so.0")
    (made / "lib" / "pkgconfig" / "libaduan.pc").write_text(
        f"prefix={made}\nincludedir=${{prefix}}/include\nlibdir=${{prefix}}/lib\n\nName: libaduan\nDescription: x\nVersion: 0.1.0\n"
        "Libs: -L${libdir} -laduan\nCflags: -I${includedir}\n")

    def share():
        subprocess.run(["bash", "-euo", "pipefail", "-c", '. deploy/lib/services.sh; . deploy/lib/library.sh; share_library "$@"', "share", made, shared],
                       cwd=ROOT, check=True)
        return {path: path.lstat().st_mtime_ns for path in shared.rglob("*") if path.is_file() and not path.is_symlink()}

    before = share()
    assert share() == before and len(before) == 3
    shutil.rmtree(made)
    (tmp_path / "use.c").write_text("#include <aduan.h>\nint main (void) { return aduan; }\n")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libaduan"], env=dict(os.environ, PKG_CONFIG_PATH=str(shared / "lib" / "pkgconfig")),
                           text=True, check=True, stdout=subprocess.PIPE).stdout.split()
    subprocess.run(["cc", "-o", tmp_path / "use", tmp_path / "use.c", *flags], check=True)
    assert subprocess.run([tmp_path / "use"], env=dict(os.environ, LD_LIBRARY_PATH=str(shared / "lib")), check=False).returncode == 42
