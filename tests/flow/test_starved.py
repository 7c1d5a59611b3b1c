"""Thousands of connections that promise much and say nothing, before the public door and the desk's: whoever has something to say
is heard.  Real sockets; sources are addresses of loopback."""
import contextlib
import pathlib
import time

import pytest

import stack as stacks
from api import account
from conftest import Stack
from desk_door import Browser
from spoolbench import wait
from starved_door import FEW, MANY, PROMISE, starved
from test_sms import Phone
from web import Visitor

WRONG = {"login": "nobody-here", "password": "salah sama sekali", "code": "000000"}
WAITS = 10  # seconds, beside twice what it takes when nobody else is there: this machine is busy with those thousands, too; who starves waits 25 and more


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=(*stacks.WEB, "desk")) as running:
        yield running


def took(act):
    began = time.monotonic()
    act()
    return time.monotonic() - began


def in_time(starvers, act):
    """Each of a few comes in time, while those who starve it stay as they like."""
    for _ in range(3):
        assert took(act) < 2 * in_time.usual[act] + WAITS
        starvers.say_a_byte()


in_time.usual = {}


def usually(*acts):
    in_time.usual = {act: took(act) for act in acts}


def test_the_public_door(stack):
    phone = Phone(stack, "+628120004711")
    reporter = Visitor(stack)

    def report():
        reporter.report("Lampu jalan di tikungan sudah padam sepekan.")

    def message():
        assert phone.report("LAPOR Pagar jembatan lepas di sisi utara.")

    usually(report, message)
    with starved(stack.ports["web"], "/report") as starvers:
        in_time(starvers, report)
        in_time(starvers, message)
        assert stack.metric("web", "web_body_bytes") <= 2000 * 8192, "a promise takes no room"
        assert stack.metric("web", "web_cut_total") > 0 and stack.metric("web", "web_no_room_total") == 0


def test_the_desk(stack):
    def log_in():
        assert Browser(stack).send("/login", WRONG).status == 401

    usually(log_in)
    with starved(stack.ports["desk"], "/login") as starvers:
        in_time(starvers, log_in)
    # of as many sources as connections none has too many
    with starved(stack.ports["desk"], "/login", from_few=0) as starvers:
        in_time(starvers, log_in)
    # nor does it help to say no more than half a header
    with starved(stack.ports["desk"], "/login", from_few=0, from_many=0) as starvers:
        for source in MANY:
            starvers.come(source, b"GET /login HTTP/1.1\r\nHost: x\r\nX: ")
        in_time(starvers, log_in)


def test_bodies_that_are_there_but_for_a_byte(stack):
    """Room that is really taken: a source has its part, and no more."""
    phone, city = Phone(stack, "+628120004712"), account(stack, "kota-coba")
    head = f"POST /report HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {PROMISE}\r\n\r\n".encode()
    with starved(stack.ports["web"], "/report", 0, 0) as starvers:
        for source in MANY[:10] + FEW[:1] * 70:  # 256 MiB have a sixteenth for each source: 64 bodies
            with contextlib.suppress(ConnectionError):
                starvers.come(source, head).sendall(b"a" * (PROMISE - 1))
        wait(lambda: stack.metric("web", "web_no_room_total"), 20, "one source has no more than its part")
        turned = starvers.come(FEW[0], head).makefile("rb").read()
        assert turned.startswith(b"HTTP/1.1 503") and turned.count(b"Retry-After: ") == 1, turned
        assert stack.metric("web", "web_body_bytes") <= (10 + 64) * PROMISE
        assert phone.report("LAPOR Sumur umum keruh sejak kemarin.")
        for token, full in ((city.sandbox.token, True), (city.live.token, False)):
            said = f"POST /api/v1/reports HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: 2\r\n\r\nno"
            answer = starvers.come(FEW[0], said.encode()).makefile("rb").read()
            assert answer.startswith(b"HTTP/1.1 4") is not full and answer.startswith(b"HTTP/1.1 503") is full, (full, answer)
        Visitor(stack).report("Papan nama jalan roboh dan menutup trotoar.")


def test_a_body_that_is_refused_before_its_end(stack):
    """It has too many fields: what there is of it goes, however long its sender takes for the rest."""
    body = b"text=" + b"a" * 200000 + b"&a=" * 1300
    head = f"POST /report HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body) + 1}\r\n\r\n"
    with starved(stack.ports["web"], "/report", 0, 0) as starvers:
        peer = starvers.come(FEW[0], head.encode() + body[:200000])
        wait(lambda: stack.metric("web", "web_body_bytes") > 190000, 20, "it is held")
        peer.sendall(body[200000:])
        wait(lambda: stack.metric("web", "web_body_bytes") == 0, 20, "it is not")
        peer.sendall(b"&")
        assert peer.recv(12) == b"HTTP/1.1 400"


@pytest.fixture
def narrow(stack):
    """A door of few places."""
    said = pathlib.Path(stack.settings).read_text(encoding="utf-8")
    for text, door in ((said.replace("web:\n  door", "web:\n  connections: 48\n  door"), stack), (said, None)):
        stack["web"].stop()
        pathlib.Path(stack.settings).write_text(text, encoding="utf-8")
        stack["web"].start()
        if door:
            yield door


def unread(starvers, source, fields):
    """A form that comes back with its words, to somebody who does not read what he is told."""
    body = b"".join(f'--bb\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()) + b"--bb--\r\n"
    head = f"POST /report HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\nContent-Length: {len(body)}\r\n\r\n"
    starvers.come(source, head.encode() + body, room=4096)


def test_answers_that_nobody_reads(narrow):
    """They hold no room for bodies, and no place for which others wait."""
    reporter = Visitor(narrow)
    fields = reporter.form("&" * 200000)  # too long; in the page five times as much

    def report():
        reporter.report("Trotoar amblas di depan pasar.")

    usually(report)
    with starved(narrow.ports["web"], "/report", 0, 0) as starvers:
        for at in range(48):
            unread(starvers, MANY[at], fields)
        in_time(starvers, report)
        assert narrow.metric("web", "web_body_bytes") == 0
