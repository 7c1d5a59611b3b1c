"""The page that Prometheus fetches: all programs of a host on one, and whoever is not there is said not to be, in time (docs/operators.md)."""
import http.client
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from exposition import read
from spoolbench import wait
from stack import BUILD, ROOT, Stack
from stack import PROGRAMS as BINARIES
from test_metrics import PROGRAMS, table

WAIT = 1.0


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=PROGRAMS, smtp="smtp://127.0.0.1:9", desk=f"    wait: {int(WAIT * 1000)}ms\n") as running:
        yield running


def fetch(stack, method="GET", path="/metrics", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports["metrics"], timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def up(stack):
    """Who is up, in a page that is right, and the seconds that it took."""
    began = time.monotonic()
    status, kind, text = fetch(stack)
    took = time.monotonic() - began
    assert status == 200 and kind == "text/plain; version=0.0.4; charset=utf-8"
    return read(text)["aduan_program_up"].values("program"), took


ALL_UP = dict.fromkeys(PROGRAMS, 1)


def test_everything_is_there(stack):
    wait(lambda: up(stack)[0] == ALL_UP, 30, "all programs are up")
    page = fetch(stack)[2]
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
    families = read(page)
    assert {(name, family.kind) for name, family in families.items()} == {(name, kind) for _, name, kind, _ in table()}
    for owner, name, _, labels in table():
        for _, has, _ in families[name].samples:
            assert has.keys() - {"le"} == {"program", *labels}, name
            assert owner is None or name.startswith("aduan_program_") or has["program"] == owner, name
    assert set(families["aduan_link_sent_total"].values("program")) == set(PROGRAMS)
    assert families["aduan_program_scrape_seconds"].value(program="store") < WAIT


def test_every_metric_is_explained():
    """And none that there is not."""
    with open(os.path.join(ROOT, "docs", "operators.md"), encoding="utf-8") as file:
        explained = set(re.findall(r"`(aduan_\w+)`", file.read()))
    assert explained == {name for _, name, *_ in table()}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("name", ["intake", "store", "notifier"])
def test_whoever_is_away_is_named(stack, name, how):
    wait(lambda: up(stack)[0] == ALL_UP, 30, "all programs are up")
    program = stack[name]
    program.process.send_signal(how)
    if how == signal.SIGKILL:
        program.process.wait()
    for _ in range(3):
        said, took = up(stack)
        assert said == {**ALL_UP, name: 0} and took < WAIT + 1
    families = read(fetch(stack)[2])
    assert not any(has["program"] == name for family in families.values() for _, has, _ in family.samples if family.name != "aduan_program_up")
    if how == signal.SIGKILL:
        program.start()
    else:
        program.process.send_signal(signal.SIGCONT)
    wait(lambda: up(stack)[0] == ALL_UP, 30, f"{name} is up again")
    assert up(stack)[1] < WAIT


def test_many_at_once(stack):
    """More fetches than there are places, some of whom say nothing: each that asks is answered."""
    silent = [socket.create_connection(("127.0.0.1", stack.ports["metrics"])) for _ in range(8)]
    asking = []
    for _ in range(8):
        connection = http.client.HTTPConnection("127.0.0.1", stack.ports["metrics"], timeout=30)
        connection.request("GET", "/metrics")
        asking.append(connection)
    for connection in asking:
        answer = connection.getresponse()
        assert answer.status == 200 and read(answer.read().decode())
        connection.close()
    for one in silent:
        one.close()


def test_the_open_form(stack):
    status, kind, text = fetch(stack, Accept="application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
    assert status == 200 and kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert text.endswith("\n# EOF\n") and text.count("# EOF") == 1
    assert "\n# TYPE aduan_intake_accepted counter\n" in text and '\naduan_intake_accepted_total{program="intake"} ' in text
    assert not re.search(r"^# \w+ \w+_total ", text, re.M)


def test_nothing_else_is_there(stack):
    assert fetch(stack, path="/")[0] == fetch(stack, path="/metrics/x")[0] == 404
    assert fetch(stack, "DELETE")[0] == 405
    assert fetch(stack, "POST", body=b"x" * 5000)[0] == 413
    status, _, text = fetch(stack, "HEAD")
    assert (status, text) == (200, "")
    assert up(stack)[0] == ALL_UP


def test_a_port_that_is_taken(stack):
    """The desk serves people all the same, and takes the port when it is free."""
    stack["desk"].kill()
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait(lambda: bound(holder, stack.ports["metrics"]), 30, "the port is taken")
        holder.listen()
        stack["desk"].start()
        assert f"metrics.door: tcp://127.0.0.1:{stack.ports['metrics']} cannot be listened on" in stack["desk"].tail()
        assert stack.show("desk", "door").startswith(f"port {stack.ports['desk']}\n") and "\nmetrics 0\n" in stack.show("desk", "door")
    wait(lambda: f"\nmetrics {stack.ports['metrics']}\n" in stack.show("desk", "door"), 30, "it is tried again")
    wait(lambda: up(stack)[0] == ALL_UP, 30, "all programs are up")


def bound(holder, port):
    try:
        holder.bind(("127.0.0.1", port))
        return True
    except OSError:
        return False


@pytest.mark.parametrize("line, fault", [
    ("door: ftp://127.0.0.1:1", "metrics.door"), ("programs: intake desk", "metrics.programs"), ("programs: ../x", "metrics.programs"),
    ("programs: web intake web", "metrics.programs"),
    ("wait: 9s", "metrics.wait")])
def test_wrong_settings(stack, line, fault):
    path = os.path.join(stack.folder, "wrong.yaml")
    with open(stack.settings, encoding="utf-8") as file:
        text = re.sub(r"  metrics:\n    door: .*\n    wait: .*\n", f"  metrics:\n    {line}\n", file.read())
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([os.path.join(BUILD, BINARIES["desk"]), "-c", path, "-n"], capture_output=True, text=True, check=False)
    assert done.returncode == 78 and fault in done.stderr + done.stdout


def test_without_a_door(stack):
    """An empty setting is none at all."""
    with open(stack.settings, encoding="utf-8") as file:
        text = file.read()
    with open(stack.settings, "w", encoding="utf-8") as file:
        file.write(text.replace(f"tcp://127.0.0.1:{stack.ports['metrics']}", '""'))
    try:
        assert stack["desk"].stop() == 0
        stack["desk"].start()
        assert stack.show("desk", "door").endswith("metrics 0\n")
        with pytest.raises(OSError):
            fetch(stack)
    finally:
        with open(stack.settings, "w", encoding="utf-8") as file:
            file.write(text)
        assert stack["desk"].stop() == 0
        stack["desk"].start()
