#!/usr/bin/python3
"""aduan-notifier between a scripted store and a real SMTP server that misbehaves on demand.

The store below speaks the protocol by itself (PROTOCOL.md); it imports nothing of ours.
ADUAN_BUILD names the folder of the build (with -Dfaults=true) whose programs are tested.
"""
import email
import email.policy
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import uuid

import msgpack
import nacl.public
import pytest
import zmq

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build"))
HELLO, WELCOME, CREDIT, PING, PONG, BYE = 1, 2, 3, 4, 5, 6
CLAIM, NOTICE, CLAIMED, TOLD, HEARD, OUTBOX, SHOW, SHOWN = 40, 41, 42, 43, 44, 45, 52, 53
HEED, UNWANTED = 54, 55
REFUSAL, REFUSAL_HELLO = 7, 7
SENT, FAILED, REFUSED, UNKNOWN = 1, 2, 3, 4
DEADLINE = 30


def wait_for(what, condition):
    deadline = time.monotonic() + DEADLINE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def sealed_contact(public, address, **more):
    fields = {1: 1, 2: "web", 3: "key-1", 4: "email", 5: address}
    fields.update(more.get("fields", {}))
    clear = msgpack.packb(fields) + b"\x80"
    clear += b"\0" * (-len(clear) % 256)
    return nacl.public.SealedBox(public).encrypt(clear)


class Store:
    """The listening side of outbox.sock, one step at a time."""

    def __init__(self, path):
        self.path = path
        self.inbox = []
        self.sent = 0
        self.heeds = True  # answers at once who wants no news
        self.stopped = set()  # their hashes
        self.open()

    def open(self):
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(f"ipc://{self.path}")
        self.instance = os.urandom(16)
        self.peer = None
        self.granted = 0

    def close(self):
        self.socket.close()

    def restart(self):
        """As a store that was killed: nothing is left of its conversations."""
        self.close()
        self.inbox.clear()
        self.open()

    def say(self, number, fields):
        self.socket.send_multipart([self.peer, msgpack.packb([1, number, fields])])

    def turn(self, wait=50):
        """Takes in what came; answers what belongs to every link."""
        while self.socket.poll(wait):
            wait = 0
            peer, frame = self.socket.recv_multipart()
            _, number, fields = msgpack.unpackb(frame, strict_map_key=False)
            if number == HELLO:
                self.peer = peer
                self.granted = 1000
                self.say(WELCOME, {1: 1, 2: self.instance, 3: 0, 4: self.granted, 5: 2000})
            elif self.peer is None:  # said to the store before the restart: say hello first
                self.socket.send_multipart([peer, msgpack.packb([1, REFUSAL, {1: REFUSAL_HELLO, 2: number}])])
            elif number == PING:
                self.say(PONG, {})
            elif number == HEED and self.heeds:
                self.heed(fields)
            elif number != BYE:
                self.inbox.append((number, fields))

    def heed(self, said):
        asked = [said[2][at:at + 16] for at in range(0, len(said[2]), 16)]
        self.say(UNWANTED, {1: said[1], 2: b"".join(who for who in asked if who in self.stopped)})

    def take(self, number, **fields):
        """The next message of a number, waiting for it; others stay."""

        def look():
            self.turn()
            for at, (found, said) in enumerate(self.inbox):
                if found == number:
                    del self.inbox[at]
                    return said
            return None

        return wait_for(f"message {number}", look)

    def notice(self, ref, dispatch, position, contact, **fields):
        said = {1: ref, 2: dispatch, 3: position, 4: uuid.uuid4().bytes, 5: 2, 6: 0, 7: "answered", 8: "A0123456789ABC",
                9: "Dinas Pekerjaan Umum", 10: "Jalan sudah diperbaiki.", 11: contact, 12: 1, 13: 1, 14: 0}
        for key, value in fields.items():
            said[{"id": 4, "event": 5, "template": 7, "agency": 9, "text": 10, "key": 12, "attempt": 14}[key]] = value
        self.say(NOTICE, {key: value for key, value in said.items() if value is not None})

    def give(self, contacts, *, claim=None, whole=True, **fields):
        """Answers the next claim (or `claim`) with these contacts; the dispatch's id."""
        claim = claim or self.take(CLAIM)
        ref, dispatch = claim[1], claim[3]
        for position, contact in enumerate(contacts):
            self.notice(ref, dispatch, position, contact, **fields)
        if whole:
            self.say(CLAIMED, {1: ref, 2: len(contacts)})
        return dispatch

    def told(self, dispatch, hear=True):
        """Outcomes and codes of a dispatch; other claims meanwhile get nothing."""

        def look():
            self.turn()
            for at, (number, said) in enumerate(self.inbox):
                if number == CLAIM:
                    del self.inbox[at]
                    self.say(CLAIMED, {1: said[1], 2: 0})
                    return None
                if number == TOLD and said[2] == dispatch:
                    del self.inbox[at]
                    return said
            return None

        said = wait_for("told", look)
        if hear:
            self.say(HEARD, {1: said[1]})
        return list(zip(said[3], said[4]))


    def hear_all(self):
        """Hears every told there is, as a store that has all its rows."""
        self.turn()
        for number, said in [found for found in self.inbox if found[0] == TOLD]:
            self.inbox.remove((number, said))
            self.say(HEARD, {1: said[1]})


class Sink:
    def __init__(self, folder):
        self.folder = folder
        self.port = 0
        self.process = None
        self.start()

    def start(self):
        port = self.folder / "port"
        port.unlink(missing_ok=True)
        self.process = subprocess.Popen([str(ROOT / "tests/support/smtp_sink.py"), str(self.folder), "--port", str(self.port)])
        wait_for("the sink", port.exists)
        self.port = int(port.read_text())

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def rules(self, *lines):
        temporary = self.folder / "rules.tmp"
        temporary.write_text("\n".join(lines) + "\n")
        temporary.rename(self.folder / "rules")

    def mails(self):
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in sorted((self.folder / "mail").glob("*.eml"))]

    def to(self, address):
        return [mail for mail in self.mails() if mail["To"].strip("<>") == address]


class World:
    def __init__(self, folder):
        self.folder = folder
        (folder / "keys").mkdir()
        (folder / "sink").mkdir()
        secret = nacl.public.PrivateKey.generate()
        self.public = secret.public_key
        (folder / "keys" / "contact-1.key").write_text(bytes(secret).hex() + "\n")
        self.sink = Sink(folder / "sink")
        self.store = Store(folder / "outbox.sock")
        self.daemon = None
        self.log = folder / "log"

    def start(self, *options, fault=None, gateway=True):
        command = [str(BUILD / "notifier" / "aduan-notifier"), "-o", f"run={self.folder}", "-o", f"data={self.folder}",
                   "-o", "domain=aduan.example.org", "-o", "smtp.letter=3s", "-o", "scan=100ms",
                   "-o", "tracking=https://aduan.example.org/t/", "-o", "webhook.parallel=0"]
        if gateway:
            command += ["-o", f"smtp.url=smtp://127.0.0.1:{self.sink.port}"]
        for option in options:
            command += ["-o", option]
        environment = dict(os.environ, http_proxy="http://127.0.0.1:9", all_proxy="http://127.0.0.1:9")
        environment.pop("FAULT", None)
        if fault:
            environment["FAULT"] = fault
        with open(self.log, "a", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(command, stderr=log, env=environment)

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + DEADLINE
        while self.daemon.poll() is None and time.monotonic() < deadline:
            self.store.turn(20)
            while self.store.inbox:
                number, said = self.store.inbox.pop(0)
                if number == CLAIM:
                    self.store.say(CLAIMED, {1: said[1], 2: 0})
                if number == TOLD:
                    self.store.say(HEARD, {1: said[1]})
        assert self.daemon.poll() == 0, f"status {self.daemon.poll()}\n{self.log.read_text()}"
        self.daemon = None

    def contact(self, address, **more):
        return sealed_contact(self.public, address, **more)

    def show(self, what):
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(f"ipc://{self.folder}/notifier.ctl")
        try:
            socket.send(msgpack.packb([1, HELLO, {1: 1, 2: "test", 3: os.urandom(16)}]))
            asked = False
            deadline = time.monotonic() + DEADLINE
            while time.monotonic() < deadline:
                if not socket.poll(200):
                    continue
                _, number, fields = msgpack.unpackb(socket.recv(), strict_map_key=False)
                if number == WELCOME and not asked:
                    asked = True
                    socket.send(msgpack.packb([1, SHOW, {1: what}]))
                if number == SHOWN:
                    text = fields[1]
                    return text if isinstance(text, str) else text.decode()
            raise AssertionError("no answer on the control socket")
        finally:
            socket.close()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    if world.daemon and world.daemon.poll() is None:
        world.stop()
    world.sink.stop()
    world.store.close()
    text = world.log.read_text() if world.log.exists() else ""
    assert "AddressSanitizer" not in text and "runtime error" not in text and "LeakSanitizer" not in text, text
    assert "example.org>" not in text and "siti" not in text, "an address is in the log"


def test_sends(world):
    """Three notices: three mails, right in every header; the words arrive as they were written."""
    world.start()
    words = "Baris satu\nbaris dua = setengah, caf\u00e9\n.\n..titik\n" + "panjang " * 300 + "\n"
    dispatch = world.store.give([world.contact(f"siti{n}@example.org") for n in range(3)], text=words)
    assert world.store.told(dispatch) == [(SENT, 250)] * 3
    assert sorted(mail["To"] for mail in world.sink.mails()) == [f"siti{n}@example.org" for n in range(3)]
    mail = world.sink.mails()[0]
    assert mail["From"] == "Aduan <aduan@aduan.example.org>"
    assert mail["Subject"] == "Jawaban atas laporan A0123456789ABC"
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Date"] and mail["MIME-Version"] == "1.0"
    assert mail["Message-ID"].endswith(".aduan@aduan.example.org>")
    assert mail["In-Reply-To"] is None and mail["References"] is None and mail["Bcc"] is None
    part = mail.get_body()
    assert part.get_content_type() == "text/plain" and part.get_content_charset() == "utf-8"
    text = part.get_content().replace("\r\n", "\n")
    assert words in text and "https://aduan.example.org/t/A0123456789ABC" in text
    assert all(len(line) <= 998 for path in (world.folder / "sink/mail").glob("*.eml") for line in path.read_bytes().split(b"\r\n"))
    assert len({mail["Message-ID"] for mail in world.sink.mails()}) == 3
    assert json.loads((world.folder / "sink/mail/000001.json").read_text())["from"] == "aduan@aduan.example.org"


def test_same_message_id(world):
    """A notice that is tried again has the Message-ID of before."""
    world.start()
    same = uuid.uuid4().bytes
    world.sink.rules("dot *@example.org 451 1")
    for wanted in ((FAILED, 451), (SENT, 250), (SENT, 250)):
        dispatch = world.store.give([world.contact("siti@example.org")], id=same)
        assert world.store.told(dispatch) == [wanted]
    assert len({mail["Message-ID"] for mail in world.sink.mails()}) == 1


def test_threads(world):
    """A complaint that came by mail is answered in its thread; what is not a Message-ID stays out."""
    world.start()
    dispatch = world.store.give([
        world.contact("a@example.org", fields={7: "<m1@x.example>", 8: "<m0@x.example> junk\r\nBcc: spy@example.net"}),
        world.contact("b@example.org", fields={7: "<m1@x.example>\r\nBcc: spy@example.net"}),
    ])
    assert world.store.told(dispatch) == [(SENT, 250)] * 2
    (mail,) = world.sink.to("a@example.org")
    assert mail["In-Reply-To"] == "<m1@x.example>" and mail["References"].split() == ["<m0@x.example>", "<m1@x.example>"]
    (mail,) = world.sink.to("b@example.org")
    assert mail["In-Reply-To"] is None
    assert all("spy" not in path.read_text() for path in (world.folder / "sink/mail").glob("*"))


def test_outcomes(world):
    """Each way in which a gateway can behave has its outcome (RELIABILITY P16)."""
    world.start("parallel=8", "claim=64")
    world.sink.rules(
        "rcpt rcpt550@* 550", "rcpt rcpt450@* 450", "rcpt rcpt421@* 421", "rcpt rcptdrop@* drop",
        "data data554@* 554", "data data451@* 451", "data datadrop@* drop",
        "dot dot554@* 554", "dot dot451@* 451", "dot dotdrop@* drop", "dot takedrop@* take_drop", "dot takestall@* take_stall")
    wanted = {"ok": (SENT, 250), "rcpt550": (REFUSED, 550), "rcpt450": (FAILED, 450), "rcpt421": (FAILED, 421),
              "data554": (REFUSED, 554), "data451": (FAILED, 451), "datadrop": (FAILED, None), "ok2": (SENT, 250),
              "dot554": (REFUSED, 554), "dot451": (FAILED, 451), "dotdrop": (UNKNOWN, None), "ok3": (SENT, 250),
              "takedrop": (UNKNOWN, None), "rcptdrop": (FAILED, None), "takestall": (UNKNOWN, 10028)}
    # one a dispatch, so that no five faults in a row open the breaker
    for name, (told, code) in wanted.items():
        dispatch = world.store.give([world.contact(f"{name}@example.org")])
        ((got, got_code),) = world.store.told(dispatch)
        assert got == told, name
        assert got_code == code if code else got_code > 10000, name
    kept = {mail["To"].split("@")[0] for mail in world.sink.mails()}
    assert kept == {"ok", "ok2", "ok3", "takedrop", "takestall"}
    metrics = world.show("metrics")
    for line in ("notifier_sent_total 3", "notifier_failed_total 6", "notifier_unknown_total 3", "notifier_parked_total 3"):
        assert line in metrics, metrics


def test_stalled_gateway_blocks_nobody(world):
    """One letter hangs at the end of its text: others flow and the control socket answers meanwhile."""
    world.start("smtp.letter=60s", "parallel=3")
    world.sink.rules("dot slow@* take_stall")
    world.store.give([world.contact("slow@example.org")])
    wait_for("the stalled mail", lambda: world.sink.to("slow@example.org"))
    began = time.monotonic()
    for _ in range(5):
        dispatch = world.store.give([world.contact("ok@example.org")] * 4)
        assert world.store.told(dispatch) == [(SENT, 250)] * 4
    assert "under way 1" in world.show("notices")
    assert time.monotonic() - began < 10
    world.sink.stop()  # cut: the stalled letter is unknown, and the drain can end


def test_not_sendable(world):
    """No contact, wrong key, foreign kind, bad address, unknown template: an outcome each, no mail."""
    world.start()
    foreign = sealed_contact(nacl.public.PrivateKey.generate().public_key, "siti@example.org")
    dispatch = world.store.give([
        None, foreign, b"x" * 300, world.contact("siti@example.org", fields={4: "pigeon"}),
        world.contact("siti@example.org\r\nBcc: spy@example.net"), world.contact("siti@example.org>\r\nRCPT TO:<spy@example.net"),
        world.contact("no address"), world.contact("siti@example.org")])
    assert [told for told, _ in world.store.told(dispatch)] == [REFUSED] * 7 + [SENT]
    dispatch = world.store.give([world.contact("siti@example.org")], template="of_the_future")
    assert [told for told, _ in world.store.told(dispatch)] == [FAILED]
    dispatch = world.store.give([world.contact("siti@example.org")], key=9)
    ((told, code),) = world.store.told(dispatch)
    assert told == FAILED and code != 0
    assert len(world.sink.mails()) == 1
    assert "spy" not in (world.folder / "sink/log").read_text()


def test_secret(world):
    """Without agency and text a notice says only that there is news."""
    world.start()
    for template in ("answered", "received", "news"):
        dispatch = world.store.give([world.contact("siti@example.org")], template=template, agency=None, text=None)
        assert world.store.told(dispatch) == [(SENT, 250)]
    for mail in world.sink.mails():
        assert mail["Subject"] == "Ada kabar tentang laporan Anda"
        assert "A0123456789ABC" not in mail.as_string()


def test_told_until_heard(world):
    """The store dies before it heard: told again on the next link, and the mail is not sent again."""
    world.start()
    dispatch = world.store.give([world.contact("siti@example.org")])
    assert world.store.told(dispatch, hear=False) == [(SENT, 250)]
    for _ in range(2):
        world.store.restart()
        assert world.store.told(dispatch, hear=False) == [(SENT, 250)]
    world.store.restart()
    assert world.store.told(dispatch) == [(SENT, 250)]
    wait_for("the dispatch's end", lambda: (world.store.hear_all(), "dispatches 0" in world.show("notices"))[1])
    assert len(world.sink.mails()) == 1


def test_broken_claim(world):
    """The link breaks before `claimed`: nothing is sent, what came is given back untried."""
    world.start()
    dispatch = world.store.give([world.contact("siti@example.org")] * 2, whole=False)
    world.store.turn(100)
    wait_for("the notices", lambda: "filling, 0 of 2" in world.show("notices"))
    world.store.restart()
    assert world.store.told(dispatch) == [(FAILED, 0)] * 2
    assert world.sink.mails() == []


def test_lost_claim(world):
    """The store dies over a claim, or its answer is lost: the dispatch is given back by its number, and
    notices of it that come too late are not sent."""
    world.start()
    claim = world.store.take(CLAIM)
    world.store.restart()
    assert world.store.told(claim[3], hear=False) == []
    world.store.give([world.contact("siti@example.org")], claim=claim)
    dispatch = world.store.give([world.contact("budi@example.org")])
    assert world.store.told(dispatch) == [(SENT, 250)]
    world.store.restart()
    assert world.store.told(claim[3]) == []
    assert [mail["To"] for mail in world.sink.mails()] == ["budi@example.org"]


def test_breaker(world):
    """The gateway is away: five faults, then what is not begun goes back untried, claims become single
    probes, one line is logged; it comes back and everything flows."""
    world.sink.stop()
    world.start("parallel=1")
    dispatch = world.store.give([world.contact("siti@example.org")] * 8)
    outcomes = world.store.told(dispatch)
    assert [told for told, _ in outcomes] == [FAILED] * 8
    assert [code != 0 for _, code in outcomes] == [True] * 5 + [False] * 3
    assert "mail: gateway left alone" in world.show("notices")
    assert 'aduan_notifier_gateway_faults{channel="email"} 5\n' in world.show("metrics")
    world.sink.start()
    claim = world.store.take(CLAIM)
    assert claim[2] == 1
    dispatch = world.store.give([world.contact("siti@example.org")], claim=claim)
    assert world.store.told(dispatch) == [(SENT, 250)]
    claim = world.store.take(CLAIM)
    while claim[2] != 16:
        world.store.say(CLAIMED, {1: claim[1], 2: 0})
        claim = world.store.take(CLAIM)
    world.store.say(CLAIMED, {1: claim[1], 2: 0})
    log = world.log.read_text()
    assert log.count("faults in a row") == 1 and log.count("takes notices again") == 1
    assert 'aduan_notifier_gateway_faults{channel="email"} 0\n' in world.show("metrics")


def test_kept_connection_dies(world):
    """The gateway restarts between two letters: never two copies, and the notice gets through."""
    world.start("parallel=1")
    for number in range(6):
        address = f"n{number}@example.org"
        for _ in range(3):
            dispatch = world.store.give([world.contact(address)])
            ((told, _),) = world.store.told(dispatch)
            if told == SENT:
                break
            assert told == FAILED
        assert len(world.sink.to(address)) == 1
        world.sink.stop()
        world.sink.start()


def test_dies_before_sending(world):
    world.start(fault="notice_before_send:kill:1")
    world.store.give([world.contact("siti@example.org")])
    assert world.daemon.wait(DEADLINE) == -signal.SIGKILL
    assert world.sink.mails() == []
    world.daemon = None


def test_dies_after_sending(world):
    """R7: sent, the store not told.  The next instance knows nothing of it and repeats nothing."""
    world.start(fault="notice_sent:kill:1")
    world.store.give([world.contact("siti@example.org")])
    assert world.daemon.wait(DEADLINE) == -signal.SIGKILL
    assert len(world.sink.mails()) == 1
    world.store.restart()
    world.start()
    world.store.say(CLAIMED, {1: world.store.take(CLAIM)[1], 2: 0})
    assert [number for number, _ in world.store.inbox if number == TOLD] == []
    assert len(world.sink.mails()) == 1


def test_drains(world):
    """SIGTERM: what is under way gets its outcome, what is not begun goes back, all of it is told."""
    world.start("parallel=1", "smtp.letter=60s")
    world.sink.rules("dot *@example.org take_stall 1")
    dispatch = world.store.give([world.contact(f"n{n}@example.org") for n in range(4)])
    wait_for("the first mail", world.sink.mails)
    world.daemon.send_signal(signal.SIGTERM)
    wait_for("the drain", lambda: "draining" in world.show("notices"))
    world.sink.stop()
    assert world.store.told(dispatch) == [(UNKNOWN, 10056)] + [(FAILED, 0)] * 3
    assert world.daemon.wait(DEADLINE) == 0
    world.daemon = None


def test_drain_without_store(world):
    """A claim that the store never answers holds the stop up for seconds, not for the whole drain."""
    world.start()
    world.store.take(CLAIM)
    world.daemon.send_signal(signal.SIGTERM)
    assert world.daemon.wait(15) == 0
    world.daemon = None


def test_stop_breaks_off(world):
    """A gateway that never answers does not keep the program from stopping."""
    world.start("smtp.letter=10min")
    world.sink.rules("dot *@example.org take_stall")
    world.store.give([world.contact("siti@example.org")])
    wait_for("the mail", world.sink.mails)
    world.daemon.send_signal(signal.SIGTERM)
    wait_for("the drain", lambda: "draining" in world.show("notices"))
    world.daemon.send_signal(signal.SIGTERM)  # the second one leaves at once
    assert world.daemon.wait(15) is not None
    world.daemon = None


def test_no_gateway(world):
    """Without smtp.url nothing is claimed, and one line says so."""
    world.start(gateway=False)
    wait_for("the link", lambda: (world.store.turn(20), world.store.peer)[1])
    world.store.say(OUTBOX, {1: 3})
    assert world.show("notices").count("gateway not set") == 3
    for _ in range(20):
        world.store.turn(20)
    assert world.store.inbox == []
    assert world.log.read_text().count("no mail gateway") == 1


def test_hint(world):
    """With a scan of an hour the hint alone brings the claim."""
    world.start("scan=1h")
    world.store.say(CLAIMED, {1: world.store.take(CLAIM)[1], 2: 0})
    world.store.turn(300)
    assert world.store.inbox == []
    world.store.say(OUTBOX, {1: 1})
    dispatch = world.store.give([world.contact("siti@example.org")])
    assert world.store.told(dispatch) == [(SENT, 250)]


@pytest.mark.parametrize("option", ["smtp.url=http://x", "smtp.tls=perhaps", "domain=a b", "smtp.from=x",
                                    "smtp.name=A\nB", "tracking=javascript:x", "claim=0", "claim=65", "smtp.nonsense=1"])
def test_wrong_settings(world, option):
    world.start(option)
    assert world.daemon.wait(DEADLINE) == 78
    assert option.split("=")[0] in world.log.read_text()
    world.daemon = None


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
