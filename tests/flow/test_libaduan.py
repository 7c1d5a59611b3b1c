"""The examples of docs/libaduan.md, as they stand there, on real servers."""
import os
import shutil
import subprocess
import time

import pytest

from conftest import ROOT, Stack
from stack import BUILD


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, adapters=("web", "sms"), workers={"desk": ["ID", "91.01"]}) as running:
        yield running


def example(stack, name, *arguments, text=None):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:exitcode=99")
    return subprocess.run([os.path.join(BUILD, "tests", "unit", f"example_{name}"), *map(str, arguments)], input=text, text=True,
                          capture_output=True, check=False, timeout=60, env=env)


def aduan(stack, *arguments):
    env = dict(os.environ, LANG="en_GB.UTF-8", ASAN_OPTIONS="detect_leaks=1:exitcode=99")
    env.pop("LC_ALL", None)
    return subprocess.run([os.path.join(BUILD, "deploy", "aduan", "aduan"), *map(str, arguments), "-c", stack.settings], text=True,
                          capture_output=True, check=False, timeout=60, env=env)


def keys(stack, *names):
    return [os.path.join(stack.folder, "keys", name) for name in names]


def test_submit_gateway_worker(stack):
    intake, router = (f"tcp://127.0.0.1:{stack.ports[name]}" for name in ("intake", "router"))
    done = example(stack, "submit", intake, *keys(stack, "intake.pub", "adapter-web.key"), "Lampu jalan padam")
    assert done.returncode == 0, done.stderr
    number, code = done.stdout.split()
    assert len(number) == 14 and len(code) == 26
    texts = "".join(f"Pesan nomor {at}\n" for at in range(250))
    for _ in range(2):  # the same messages once more are the same complaints
        done = example(stack, "gateway", intake, *keys(stack, "intake.pub", "adapter-sms.key"), text=texts)
        assert (done.returncode, done.stdout) == (0, "250 accepted, 0 rejected\n"), done.stderr
    stack.wait("select 1 from complaint having count(*) = 251", seconds=60)
    agency = stack.sql("select agency_id from agency where code = 'ID'")[0][0]
    done = example(stack, "worker", router, *keys(stack, "router.pub", "worker-desk.key"), agency)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": answered") == 251 and f"{number}: Lampu jalan padam" in done.stdout
    assert stack.sql("select count(*) from event where kind = 17") == [(251,)]
    stack.checks()


def test_installed_and_found_by_pkg_config(stack, tmp_path):
    """Installed into a folder, header and library are found by pkg-config alone, and work."""
    env = dict(os.environ, DESTDIR=str(tmp_path))
    subprocess.run(["/usr/bin/meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], env=env, check=True, stdout=subprocess.DEVNULL)
    (found,) = tmp_path.rglob("libaduan.pc")
    env.update(PKG_CONFIG_PATH=str(found.parent), LD_LIBRARY_PATH=str(found.parent.parent), ASAN_OPTIONS="detect_leaks=1:exitcode=99")
    prefix = next(line for line in found.read_text().splitlines() if line.startswith("prefix=")).removeprefix("prefix=")
    flags = subprocess.run(["pkg-config", f"--define-variable=prefix={tmp_path}{prefix}", "--cflags", "--libs", "libaduan"], env=env,
                           check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    # a program with a sanitized library needs the sanitizer's run time
    sanitize = ["-fsanitize=address,undefined"] if "asan" in os.path.basename(BUILD) else []
    program = tmp_path / "submit"
    subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", *sanitize, "-o", program,
                    os.path.join(ROOT, "docs", "examples", "submit.c"), *flags], check=True)
    intake = f"tcp://127.0.0.1:{stack.ports['intake']}"
    done = subprocess.run([program, intake, *keys(stack, "intake.pub", "adapter-web.key"), "Pohon tumbang"], env=env, text=True,
                          capture_output=True, check=False, timeout=60)
    assert done.returncode == 0 and len(done.stdout.split()) == 2, done.stderr


def test_wrong_keys(stack):
    intake = f"tcp://127.0.0.1:{stack.ports['intake']}"
    assert example(stack, "submit", intake, *keys(stack, "intake.pub", "none.key"), "x").returncode == 78
    assert example(stack, "submit", intake, *keys(stack, "none.pub", "adapter-web.key"), "x").returncode == 78


def refused_for_its_key(stack, name):
    """The command ends at once, with the status of a key that may not, and names the key and what to do."""
    began = time.monotonic()
    said = aduan(stack, "submit", "--as", name, "--text", "x")
    assert said.returncode == 77 and f'the key of "{name}"' in said.stderr and "principals.tsv" in said.stderr, said.stderr
    assert time.monotonic() - began < 10 and said.stderr.count("not let in") == 1


def test_keys_that_are_not_let_in(stack):
    folder = os.path.join(stack.folder, "keys")
    assert aduan(stack, "keygen", os.path.join(folder, "adapter-stranger.key")).returncode == 0
    shutil.copy(os.path.join(folder, "worker-desk.key"), os.path.join(folder, "adapter-desk.key"))
    refused_for_its_key(stack, "stranger")
    refused_for_its_key(stack, "desk")
    shutil.copy(os.path.join(folder, "adapter-web.key"), os.path.join(folder, "worker-web.key"))
    said = aduan(stack, "work", "--agency", "#1", "--as", "web", "--json")
    assert said.returncode == 77 and 'the key of "web"' in said.stderr, said.stderr


def test_a_revoked_key(stack):
    """In a line of its own: the other tests go on with theirs."""
    assert aduan(stack, "submit", "--as", "sms", "--text", "Lampu jalan padam").returncode == 0
    table = os.path.join(stack.folder, "principals.tsv")
    with open(table, encoding="utf-8") as file:
        lines = file.read()
    try:
        with open(table, "w", encoding="utf-8") as file:
            file.write("".join(line.replace("\tactive", "\trevoked") if line.startswith("sms\t") else line
                               for line in lines.splitlines(keepends=True)))
        stack.migrate("principals", table)
        deadline = time.monotonic() + 20
        while aduan(stack, "submit", "--as", "sms", "--text", "Lampu jalan padam").returncode == 0 and time.monotonic() < deadline:
            time.sleep(0.2)
        refused_for_its_key(stack, "sms")
    finally:
        with open(table, "w", encoding="utf-8") as file:
            file.write(lines)
        stack.migrate("principals", table)


def test_a_wrong_key_of_the_server_is_said(stack, tmp_path):
    shutil.copytree(os.path.join(stack.folder, "keys"), tmp_path / "keys")
    shutil.copy(tmp_path / "keys" / "router.pub", tmp_path / "keys" / "intake.pub")
    said = aduan(stack, "submit", "--as", "web", "-o", f"keys={tmp_path}/keys", "--text", "x", "--wait", "3")
    assert said.returncode == 69 and f"{stack.server_key('router')} is not its public key" in said.stderr, said.stderr


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1", "tcp://127.0.0.1:abc", "tcp://*:1", "inproc://x", f"ipc:///{'x' * 200}"])
def test_what_is_no_endpoint_is_said(stack, endpoint):
    """A fault of the settings, named with its value and the form: neither an abort nor a wait."""
    wanted = f'intake: "{endpoint[:110]}'
    for said in (example(stack, "submit", endpoint, *keys(stack, "intake.pub", "adapter-web.key"), "x"),
                 aduan(stack, "submit", "--as", "web", "-o", f"intake={endpoint}", "--text", "x")):
        assert said.returncode == 78 and wanted in said.stderr and "tcp://HOST:PORT or ipc://PATH" in said.stderr, said.stderr


def test_a_path_too_long_for_sockets_is_said(stack):
    said = aduan(stack, "ask", "queue", "-o", f"run=/{'x' * 200}")
    assert said.returncode == 78 and 'query: "ipc:///xxx' in said.stderr, said.stderr


def test_a_door_that_was_away_for_long(stack):
    """Longer than the delay between two hellos grows (8 s): who waits still comes in.  It is the time itself that did it."""
    stack["intake"].stop()
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:exitcode=99")
    with subprocess.Popen([os.path.join(BUILD, "deploy", "aduan", "aduan"), "submit", "--as", "web", "--text", "Lampu jalan padam",
                           "--wait", "60", "-c", stack.settings], env=env, stdout=subprocess.DEVNULL) as waits:
        time.sleep(10)
        stack["intake"].start()
        assert waits.wait(60) == 0
