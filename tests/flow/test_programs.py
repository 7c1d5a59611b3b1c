"""The example programs that stand on the documents alone - a worker over ZeroMQ, a program at the desk's JSON API - run as
they would at an agency: with keys, passwords and second factors made as the documents say, on the same cases."""
import http.client
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse

import pytest

from collect import metrics
from conftest import ROOT, Stack
from desk_door import Program
from spoolbench import wait
from stack import BUILD, DESK

EXAMPLES, ADUAN = os.path.join(ROOT, "docs", "examples"), os.path.join(BUILD, "deploy", "aduan", "aduan")
ROADS, WASTE, PASSWORD = "91.01/PUPR", "91.01/LH", "gerobak sampah di ujung gang"
TEMPLATE = ("Diangkut", "Terima kasih. Sampah sudah diangkut.")
SAID = re.compile(r"  (\S+ \S+) (\S+) (\S+?)(?: -> (\S+))?: (.*)")


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK, workers={}) as running:
        yield running


def aduan(stack, *words):
    return subprocess.run([ADUAN, *words], stdout=subprocess.PIPE, text=True, check=True, timeout=60,
                          env={**os.environ, "ADUAN_SETTINGS": stack.settings}).stdout


@pytest.fixture(scope="module")
def number(stack):
    """Of an agency, as docs and --help say that it is found."""
    return lambda code: json.JSONDecoder().raw_decode(aduan(stack, "ask", "agency", code, "-c", stack.settings))[0]["number"]


@pytest.fixture(scope="module")
def roads_key(stack, boss):
    """A worker's key, made and registered as README says."""
    path = os.path.join(stack.folder, "roads.key")
    public = aduan(stack, "keygen", path).strip()
    made = stack.front().order("make_key", boss, name="roads", role="worker", key=public, agency=ROADS, agencies=[ROADS])
    assert made.word == "done", made
    return path


@pytest.fixture
def somebody(stack, boss):
    """Invites a liaison and accepts for him: the environment in which desk_api.py runs, and his login.  A code is good once, so
    each run has a person of its own."""
    def invite(agency):
        somebody.count += 1
        login, front = f"petugas-{somebody.count}", stack.front()
        token = front.order("invite", boss, login=login, name="Petugas", agency=agency, role="liaison")["token"]
        factor = front.order("accept_invitation", token=token, new_password=PASSWORD)["factor"]
        return login, {"ADUAN_DESK": f"http://127.0.0.1:{stack.ports['desk']}", "ADUAN_PASSWORD": PASSWORD,
                       "ADUAN_FACTOR": urllib.parse.parse_qs(urllib.parse.urlparse(factor).query)["secret"][0]}
    return invite


somebody.count = 0


def run(program, *words, status=0, **environment):
    """What it printed; of a failure, on which channel it said why."""
    done = subprocess.run([sys.executable, os.path.join(EXAMPLES, program), *map(str, words)], text=True, check=False, timeout=120,
                          capture_output=True, env={**os.environ, **environment})
    assert done.returncode == status, f"{program} {words}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout if status == 0 else done.stdout + done.stderr


def work(stack, key, agency, *words, **more):
    return run("worker.py", "--door", f"tcp://127.0.0.1:{stack.ports['router']}", "--door-key", public(stack, "router"),
               "--key", key, "--agency", agency, *words, **more)


def public(stack, door):
    return os.path.join(stack.folder, "keys", f"{door}.pub")


def desk(who, *words, **more):
    login, environment = who
    return run("desk_api.py", login, *words, **{**environment, **more})


def submitted(stack, web, text, code):
    """The number of a new case that is ready for this agency."""
    assert web.submit(text=text, category={ROADS: 1, WASTE: 3}[code], place="91.01.01")[0] == "accepted"
    return stack.wait("select number_text (c.number) from complaint c join assignment a using (complaint_id) "
                      "join content t using (complaint_id) where t.body = %s and a.agency = %s", text, stack.agency(code))[0][0]


def said(printed):
    """When, what, whose, suggested and the words of each act with words, as the program printed it."""
    return [match.groups() for match in map(SAID.fullmatch, printed.splitlines()) if match and match[5]]


def words_of(stack, number, kind):
    return [row[0] for row in stack.sql("select e.text from event e join complaint c using (complaint_id) "
                                        "where number_text (c.number) = %s and e.kind = %s order by e.number", number, kind)]


def state(stack, number):
    return stack.sql("select state from complaint where number_text (number) = %s", number)[0][0]


def test_from_a_person_to_a_worker(stack, web, boss, number, roads_key, somebody):
    """A person at waste takes a case, answers from a template and hands it back; the worker at roads gets it, sees what was said,
    goes on and closes it; a person at roads sees all that, word for word and second for second."""
    assert stack.front().order("save_template", boss, agency=WASTE, name=TEMPLATE[0], text=TEMPLATE[1]).word == "done"
    case, text = submitted(stack, web, "Tumpukan sampah menutup lubang di jalan", WASTE), "Lubangnya urusan Dinas PU."
    theirs = desk(somebody(WASTE), "inbox", "next", "answer", TEMPLATE[0], "hand-back", ROADS, text, "history")
    assert re.search(rf"^{case}  {WASTE}  due .*  assigned  Tumpukan sampah", theirs, re.M), theirs
    assert f"taken: {case}" in theirs and f"{case}: answer done" in theirs and f"{case}: hand_back done" in theirs
    assert [entry[1:] for entry in said(theirs)] == [("answer", WASTE, None, TEMPLATE[1]), ("hand_back", WASTE, ROADS, text)]
    seen = work(stack, roads_key, number(ROADS), "--wait", 20, "--progress", "Aspal dipesan.", "--answer", "Lubang ditutup.",
                "--close", "Selesai.", "--resolution", "fixed")
    assert seen.splitlines()[0].startswith(f"{case}  received ") and "Tumpukan sampah menutup lubang di jalan" in seen
    assert said(seen) == said(theirs)
    assert seen.splitlines()[-3:] == [f"{case}: progress done", f"{case}: answer done", f"{case}: close done"]
    after = desk(somebody(ROADS), "case", case, "history")
    assert after.splitlines()[0] == f"{case}  resolved, with {ROADS}" and state(stack, case) == 7
    assert said(after)[:2] == said(seen)
    assert [entry[1:] for entry in said(after)[2:]] == [("progress", ROADS, None, "Aspal dipesan."),
                                                        ("answer", ROADS, None, "Lubang ditutup."), ("close", ROADS, None, "Selesai.")]


def test_from_a_worker_to_a_person(stack, web, number, roads_key, somebody):
    case = submitted(stack, web, "Sampah di badan jalan", ROADS)
    given = work(stack, roads_key, number(ROADS), "--wait", 20, "--hand-back", "Bukan urusan kami.", "--suggested", number(WASTE))
    assert given.splitlines()[-1] == f"{case}: hand_back done" and said(given) == []
    stack.wait("select 1 from complaint c join assignment a using (complaint_id) where number_text (c.number) = %s and a.agency = %s",
               case, number(WASTE))
    theirs = desk(somebody(WASTE), "next", "answer", TEMPLATE[0], "history")
    assert f"{case}  in_progress, with {WASTE}" in theirs and state(stack, case) == 5
    assert [entry[1:] for entry in said(theirs)] == [("hand_back", ROADS, WASTE, "Bukan urusan kami."),
                                                     ("answer", WASTE, None, TEMPLATE[1])]


def test_shown_and_given_back(stack, web, number, roads_key):
    """Without an act nobody has to wait for the end of the lease."""
    case = submitted(stack, web, "Lubang yang hanya dilihat", ROADS)
    for _ in range(2):
        assert work(stack, roads_key, number(ROADS), "--wait", 20).splitlines()[-1] == f"{case}: release done"
    assert f"{case}: answer done" in work(stack, roads_key, number(ROADS), "--wait", 20, "--answer", "Ditutup.")
    assert work(stack, roads_key, number(ROADS), "--wait", 0) == "nothing waits\n"


def test_what_may_not_be(stack, web, number, roads_key, somebody, tmp_path):
    """Each ends with words that say what is wrong, and a status that is not 0."""
    stranger = str(tmp_path / "stranger.key")
    aduan(stack, "keygen", stranger)
    assert "no welcome" in work(stack, roads_key, number(ROADS), "--patience", 2, "--door-key", public(stack, "intake"), status=2)
    fault = work(stack, stranger, number(ROADS), "--patience", 2, status=2)
    assert fault == (f"no welcome from tcp://127.0.0.1:{stack.ports['router']} within 2 s: it is down, has another key, "
                     "or does not know ours\n")
    assert "pull: scope" in work(stack, roads_key, number(WASTE), status=2)
    assert "No such file" in work(stack, str(tmp_path / "none.key"), number(ROADS), status=2)
    case = submitted(stack, web, "Lubang yang tidak bisa pergi", ROADS)
    nowhere = work(stack, roads_key, number(ROADS), "--hand-back", "Ke mana?", "--suggested", 999999, status=1)
    assert f"{case}: hand_back stale target" in nowhere
    assert f"{case}: close stale state" in work(stack, roads_key, number(ROADS), "--close", "Belum ada jawaban.", status=1)
    assert f"{case}: answer done" in work(stack, roads_key, number(ROADS), "--answer", "Ditutup.")  # neither has kept its lease
    who = somebody(ROADS)
    fault = desk(who, "inbox", status=1, ADUAN_PASSWORD="salah sama sekali")
    assert fault == "Your session is over, or name, password and code do not match.: login (401 order_session)\n"
    assert "(401 order_session)" in desk(who, "inbox", status=1, ADUAN_FACTOR="JBSWY3DPEHPK3PXP")
    assert "the desk does not answer" in desk(who, "inbox", status=2, ADUAN_DESK="http://127.0.0.1:1")
    assert "(404 absent)" in desk(who, "case", "A0000000000000", "history", status=1)
    assert "desk_api.py wati inbox" in desk(who, status=1)  # how it is called


class Deaf(threading.Thread):
    """Before the desk: passes requests on, and loses the answer to the first act."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.door, self.acts = port, socket.create_server(("127.0.0.1", 0)), []

    def run(self):
        while True:
            try:
                peer, _ = self.door.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as asked:
                line, headers = asked.readline().decode().split(), http.client.parse_headers(asked)
                body = asked.read(int(headers.get("Content-Length", 0)))
                onward = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                onward.request(line[0], line[1], body or None, dict(headers))
                answer = onward.getresponse()
                said_back = answer.read()
                if line[1].endswith("/acts"):
                    self.acts.append((headers["Idempotency-Key"], answer.status))
                    if len(self.acts) == 1:
                        continue
                kind = answer.headers["Content-Type"]
                peer.sendall(f"HTTP/1.1 {answer.status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(said_back)}\r\n"
                             "Connection: close\r\n\r\n".encode() + said_back)


def test_an_answer_that_is_lost_is_said_once(stack, web, somebody):
    case, between = submitted(stack, web, "Sampah dan jaringan yang buruk", WASTE), Deaf(stack.ports["desk"])
    between.start()
    try:
        told = desk(somebody(WASTE), "next", "answer", TEMPLATE[0], ADUAN_DESK=f"http://127.0.0.1:{between.door.getsockname()[1]}")
    finally:
        between.door.close()
    assert f"{case}: answer done" in told
    assert [status for _, status in between.acts] == [200, 200] and len({key for key, _ in between.acts}) == 1
    assert words_of(stack, case, 17) == [TEMPLATE[1]]


@pytest.fixture
def library():
    """The worker's class, for programs that copy it."""
    found = importlib.util.spec_from_file_location("example_worker", os.path.join(EXAMPLES, "worker.py"))
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def peer(stack, library, roads_key):
    with open(roads_key, encoding="ascii") as key:
        made = library.Worker(f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), *key.read().split())
    yield made
    made.close()


def test_a_pull_outlives_the_router(stack, web, number, peer):
    agency, found = number(ROADS), []
    puller = threading.Thread(target=lambda: found.extend(peer.pull([agency], wait=60)))
    puller.start()
    while not metrics(stack, "router")["router_pulls_waiting"]:
        assert puller.is_alive()
    stack.restart("router")
    case = submitted(stack, web, "Lubang sesudah router mati", ROADS)
    puller.join(60)
    assert [c["number"] for c in found] == [case]
    assert peer.act(found[0], "answer", "Ditutup.") == "done"


def test_an_act_whose_answer_is_lost_is_said_once(stack, web, number, peer):
    """The router dies with an act on its way, which the store commits: its repeat is told the same, and nothing happens twice."""
    case, answers = submitted(stack, web, "Lubang dan router yang mati", ROADS), []
    (found,) = peer.pull([number(ROADS)], wait=20)
    assert found["number"] == case
    acts = metrics(stack, "router")["router_acts_total"]
    os.kill(stack["store"].process.pid, signal.SIGSTOP)
    try:
        actor = threading.Thread(target=lambda: answers.append(peer.act(found, "answer", "Sekali saja.")))
        actor.start()
        while metrics(stack, "router")["router_acts_total"] == acts:
            assert actor.is_alive()
        stack["router"].kill()
    finally:
        os.kill(stack["store"].process.pid, signal.SIGCONT)
    stack.wait("select 1 from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = 17", case)
    assert not answers
    stack["router"].start()
    actor.join(60)
    assert answers == ["done"] and words_of(stack, case, 17) == ["Sekali saja."]
    assert peer.act(found, "close", "Selesai.", resolution=1) == "done" and state(stack, case) == 7


def revived(stack):
    """Who was stopped in the midst of a turn has had one that lasted too long, and ends itself: somebody starts it again."""
    try:
        stack["router"].process.wait(2)
        stack["router"].start()
    except subprocess.TimeoutExpired:
        pass


def test_a_silent_door_is_lost(stack, web, number, peer):
    """Nothing is refused, nothing is closed: only no word comes.  After three beats the worker begins anew."""
    agency, found = number(ROADS), []
    assert peer.pull([agency], wait=0) == []
    first, puller = peer.socket, threading.Thread(target=lambda: found.extend(peer.pull([agency], wait=30)))
    os.kill(stack["router"].process.pid, signal.SIGSTOP)
    try:
        puller.start()
        wait(lambda: peer.socket not in (first, None) or not puller.is_alive(), 20, "a new beginning")
        assert puller.is_alive()
    finally:
        os.kill(stack["router"].process.pid, signal.SIGCONT)
    revived(stack)
    case = submitted(stack, web, "Lubang sesudah router diam", ROADS)
    puller.join(60)
    assert [c["number"] for c in found] == [case] and peer.act(found[0], "answer", "Ditutup.") == "done"


def test_credit_is_kept_to(stack, number, peer, library):
    """While the store is silent no credit comes back: what is beyond it waits in the worker, and goes when there is some."""
    agency, send, hear = number(ROADS), peer.send, peer.hear
    assert peer.pull([agency], wait=0) == []

    def sent(kind, said):
        assert peer.sent <= peer.credit
        send(kind, said)

    def heard(until):
        os.kill(stack["store"].process.pid, signal.SIGCONT)
        return hear(until)

    os.kill(stack["store"].process.pid, signal.SIGSTOP)
    try:
        first = peer.credit
        while peer.sent < first:
            peer.ask(library.ACT, {1: 0, 2: os.urandom(16), 3: agency, 4: 1, 5: os.urandom(16), 6: library.ACTS["release"]})
        peer.send, peer.hear = sent, heard
        assert peer.pull([agency], wait=0) == [] and peer.credit > first
    finally:
        os.kill(stack["store"].process.pid, signal.SIGCONT)


def test_a_pull_repeated_takes_a_further_case(stack, web):
    """As docs/desk.md says; what the first one took is found."""
    cases = {submitted(stack, web, f"Sampah di gang nomor {n}", WASTE) for n in range(2)}
    program, key = Program(stack, stack.person(WASTE, "liaison")), os.urandom(16).hex()
    first, second = (program.post("/pull", {}, key=key).json["cases"][0]["number"] for _ in range(2))
    assert {first, second} == cases
    assert {row["number"] for row in program.get("/inbox?view=mine").json["cases"]} == cases
