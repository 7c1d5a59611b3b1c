"""aduan-desk's door: who gets in, what comes out with every answer, what a stranger may send, what a page needs.

Pages are looked at by tests/browser; what agencies do with them here goes without a script."""
import datetime
import gzip
import html
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.parse

import pytest

from conftest import ROOT, Stack
from desk_cases import placed
from desk_door import Browser, Program
from openapi import described, validated
from people import PASSWORD, code_of, invited
from spoolbench import wait
from stack import BUILD, DESK


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK, settings="") as running:
        yield running


# ---- in and out

def test_from_invitation_to_inbox(stack):
    who = stack.person("91.01/PUPR", "liaison", login="sari")
    browser = Browser(stack)
    page = browser.get("/invitation")
    form = page.form("/invitation")
    assert browser.post(form, token="00" * 32, new_password=PASSWORD).status == 422
    token = invited(stack, who)
    weak = browser.post(browser.get("/invitation").form("/invitation"), token=token, new_password="pendek")
    assert weak.status == 422 and "12 karakter" in weak.text and token in weak.text and "pendek" not in weak.form("/invitation").fields["new_password"]
    page = browser.post(browser.get("/invitation").form("/invitation"), token=token, new_password=PASSWORD)
    assert page.status == 200 and re.search(r'<svg class="qr" viewBox="-4 -4 \d+ \d+"[^>]*><path d="M0 0h7v1h-7z', page.text)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)[1]
    login = browser.get("/login").form("/login")
    wrong = browser.post(login, login="sari", password="salah", code="000000")
    assert wrong.status == 401 and "salah" not in re.sub(r"lima kali salah", "", wrong.text)
    page = browser.post(browser.get("/login").form("/login"), login="sari", password=PASSWORD, code=code_of(f"otpauth://x?secret={secret}"), to="/search?q=x")
    assert page.status == 303 and page.location == "/search?q=x"
    name, value, *flags = re.split(r"[=;] ?", page.headers["Set-Cookie"])
    assert name == "aduan" and re.fullmatch("[0-9a-f]{64}", value) and "HttpOnly" in flags and "SameSite" in flags and "Strict" in flags and "Path" in flags
    browser.session = bytes.fromhex(value)
    page = browser.get("/account")
    assert page.status == 200 and "Sari" in page.text
    out = browser.post(page.forms("/logout")[0])
    assert out.status == 303 and "Max-Age=0" in out.headers["Set-Cookie"]
    assert browser.get("/account").location.startswith("/login?said=over&to=/account")


@pytest.mark.parametrize("to", ["//example.org", "https://example.org", "/\\example.org", "javascript:1", "/x y", "/x\r\nSet-Cookie: a=b", ""])
def test_goes_on_only_here(stack, to):
    """Where one goes on after logging in is on this door."""
    person = stack.person("91.01/PUPR", "liaison")
    browser = Browser(stack, person)
    page = browser.get("/account")
    answer = browser.send("/language", {"csrf": page.form("/language").fields["csrf"], "language": "en", "back": to})
    assert answer.status == 303 and answer.location == "/"


def test_who_gets_in(stack, liaison):
    nobody, forged = Browser(stack), Browser(stack, liaison)
    forged.session = os.urandom(32)
    for path in ("/inbox", "/search", "/late", "/watch", "/watch.csv", "/changes", "/tree/91.01", "/keys", "/keys/web", "/templates", "/account", "/cases/A00000000000000"):
        assert nobody.get(path).location == "/login"
        assert forged.get(path).location.startswith("/login?said=over")
    for path in ("/login", "/invitation", "/help", "/assets/desk.css"):
        assert nobody.get(path).status == forged.get(path).status == 200
    # the cookie of a session that is over goes, or the form of that page would be a forged one
    for path in ("/login", "/invitation"):
        assert forged.get(path).headers["Set-Cookie"].startswith("aduan=;") and "Set-Cookie" not in nobody.get(path).headers
    # and a path that may not stand in a header is not brought back to
    for path in ("/cases/%7f", "/keys/%09x", "/cases/%0d%0aX-Evil:%201", "/cases/%E2%80%AE", "/cases/a%26to=b"):
        assert forged.get(path).location == "/login?said=over", path
    assert nobody.send("/next", {}).status == 401
    program = Program(stack)
    answer = program.get("/inbox")
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Bearer" and answer.json["code"] == "session"
    # a cookie is nothing to the API, a bearer token nothing to the pages: neither can be made to stand for the other
    assert nobody.call("GET", "/api/v1/inbox", None, Cookie=f"aduan={liaison.session.hex()}").status == 401
    assert nobody.call("GET", "/inbox", None, Authorization=f"Bearer {liaison.session.hex()}").location == "/login"


def test_forgery(stack, liaison):
    browser = Browser(stack, liaison)
    fields = browser.get("/inbox").form("/next").fields
    other = Browser(stack, stack.person("91.01/PUPR", "liaison")).get("/inbox").form("/next").fields["csrf"]
    assert browser.send("/next", {**fields, "csrf": other}).status == 403
    assert browser.send("/next", {**fields, "csrf": ""}).status == 403
    assert browser.send("/next", {name: value for name, value in fields.items() if name != "csrf"}).status == 403
    assert browser.send("/next", fields, Origin="https://example.org").status == 403
    assert browser.send("/next", fields, Origin="null").status == 403
    for site in ("cross-site", "same-site"):
        assert browser.send("/next", fields, Sec_Fetch_Site=site).status == 403
    for _ in range(2):  # another mask each time, and each of them good
        again = browser.get("/inbox").form("/next").fields
        assert again["csrf"] != fields["csrf"]
        assert browser.send("/next", again, Origin=f"http://127.0.0.1:{stack.ports['desk']}", Sec_Fetch_Site="same-origin").status == 303
    assert browser.get("/next").status == 405  # an act is never a GET
    assert Browser(stack).send("/login", {"login": "x", "password": "y", "code": "000000"}, Sec_Fetch_Site="cross-site").status == 403


def test_said_with_every_answer(stack, liaison):
    browser = Browser(stack, liaison)
    for path in ("/login", "/inbox", "/nowhere", "/assets/desk.css", "/api/v1/inbox", "/next"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "same-origin"
    assert browser.get("/inbox").headers["Cache-Control"] == "no-store"
    # nothing on a page needs another host, a script in it or a style in it
    for path in ("/login", "/inbox", "/account", "/search", "/templates", "/help"):
        text = browser.get(path).text
        assert not re.search(r"<script(?! src=\"/assets/)|<style|style=|\son[a-z]+=|https?://|//[a-z]", text), path


def test_compressed_and_kept(stack, liaison):
    browser = Browser(stack, liaison)
    plain, packed = browser.get("/inbox"), browser.get("/inbox", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip" and len(packed.bytes) < len(plain.bytes) / 2
    assert b"</html>" in gzip.decompress(packed.bytes)
    address = re.search(r'href="(/assets/[0-9a-f]{16}/desk.css)"', plain.text)[1]
    first = browser.get(address, Accept_Encoding="gzip")
    assert "immutable" in first.headers["Cache-Control"] and gzip.decompress(first.bytes) == browser.get("/assets/desk.css").bytes
    assert browser.get(address, If_None_Match=first.headers["ETag"]).status == 304
    assert browser.call("HEAD", "/login").bytes == b""


# ---- what a stranger may send

def raw(stack, data, seconds=10):
    """The status line that a server answers to bytes; b"" where it closes, None where it does not within so long."""
    with socket.create_connection(("127.0.0.1", stack.ports["desk"]), timeout=seconds) as peer:
        try:
            peer.sendall(data)
            return peer.recv(4096).split(b"\r\n")[0]
        except TimeoutError:
            return None
        except ConnectionError:
            return b""


def test_limits(stack, liaison):
    browser = Browser(stack, liaison)
    assert raw(stack, b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n").startswith(b"HTTP/1.1 413")
    assert raw(stack, b"POST /cases/A1 HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n").startswith(b"HTTP/1.1 413")
    assert raw(stack, b"GET /inbox HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx").startswith(b"HTTP/1.1 413")
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    assert raw(stack, b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 6 + b"0\r\n\r\n").startswith(b"HTTP/1.1 413")
    assert raw(stack, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n\r\n")[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 413", b"")
    assert browser.send("/login", {f"f{i}": "" for i in range(1300)}).status == 400
    assert raw(stack, b"GET /%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert browser.call("POST", "/login", b"login=%ff", **{"Content-Type": "application/x-www-form-urlencoded"}).status == 400
    assert browser.get("/search?q=%00").status in (200, 400) and browser.get("/search?q=%ff").status == 200
    assert browser.get("/search?q=" + "a" * 5000).status == 422
    assert raw(stack, b"nonsense\r\n\r\n")[:12] in (b"HTTP/1.1 400", b"")
    program = Program(stack, liaison)
    for body in (b"[]", b"{", b"\xff", b'"x"', b'{"a": "\\u0000"}'):
        answer = program.call("POST", "/api/v1/pull", body, **{"Content-Type": "application/json", "Authorization": f"Bearer {liaison.session.hex()}"})
        assert answer.status == 400 and answer.json["code"] == "json", body
    deep = b"[" * 100000
    assert program.call("POST", "/api/v1/pull", deep, **{"Content-Type": "application/json", "Authorization": f"Bearer {liaison.session.hex()}"}).status == 400
    assert browser.get("/inbox").status == 200


def test_many_that_say_nothing(stack, liaison):
    """Half a header holds one connection for a while, and nobody else up."""
    silent = [socket.create_connection(("127.0.0.1", stack.ports["desk"])) for _ in range(150)]
    try:
        for peer in silent:
            peer.sendall(b"GET /inbox HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        assert Browser(stack, liaison).get("/inbox").status == 200 and time.monotonic() - began < 5
    finally:
        for peer in silent:
            peer.close()


def test_who_leaves(stack, liaison):
    """Whoever asks and goes takes nothing with him."""
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", stack.ports["desk"])) as peer:
            peer.sendall(f"GET /inbox HTTP/1.1\r\nHost: x\r\nCookie: aduan={liaison.session.hex()}\r\n\r\n".encode())
    assert Browser(stack, liaison).get("/inbox").status == 200


# ---- scope

def test_absent_and_not_yours_look_alike(stack, web, liaison):
    number = placed(stack, web, "Lampu jalan padam di pasar lama")
    stranger, mine = Browser(stack, stack.person("91.71/PUPR", "liaison")), Browser(stack, liaison)
    foreign, absent = stranger.get(f"/cases/{number}"), stranger.get("/cases/A0000000000000")
    assert mine.get(f"/cases/{number}").status == 200
    strip = lambda page: re.sub(r'value="[^"]*"', "", page.text)  # noqa: E731
    assert foreign.status == absent.status == 404 and strip(foreign) == strip(absent)
    assert stranger.get("/tree/91.01").status == stranger.get("/tree/99.99").status == 404
    assert Program(stack, stack.person("91.71/PUPR", "liaison")).get(f"/cases/{number}").json["code"] == "absent"
    assert "pasar lama" in Browser(stack, stack.person("91.01", "coordinator")).get(f"/cases/{number}").text


def test_search(stack, web, liaison):
    number = placed(stack, web, "Jembatan gantung di Lembah rusak, talinya putus")
    stack.wait("select 1 from search_entry s join complaint c using (complaint_id) where number_text (c.number) = %s", number)
    mine, stranger = Browser(stack, liaison), Browser(stack, stack.person("91.71/PUPR", "liaison"))
    boss, root = Browser(stack, stack.person("91", "coordinator")), Browser(stack, stack.person("ID", "coordinator"))
    for words in ("jembatan", "jembatan putus", '"jembatan gantung"', "kerusakan jembatan", "putus -jalan"):
        assert number in mine.get("/search?q=" + words.replace(" ", "+").replace('"', "%22")).text, words
        assert number in root.get("/search?q=" + words.replace(" ", "+").replace('"', "%22")).text, words
    for words in ("jembatan+-gantung", "%22gantung+jembatan%22", "pelabuhan", "", "+", "-", "%27", "%28%21"):
        assert number not in mine.get("/search?q=" + words).text, words
    assert number not in stranger.get("/search?q=jembatan").text
    assert number not in boss.get("/search?q=jembatan").text  # a province sees nothing of its regencies unless the tree says so
    # hand it over, and it is found by whom it went to
    stack.sql("update complaint c set holder = (select agency_id from agency where code = '91.71/PUPR') where number_text (c.number) = %s", number)
    stack.sql("update assignment w set agency = (select agency_id from agency where code = '91.71/PUPR') from complaint c where c.complaint_id = w.complaint_id and number_text (c.number) = %s", number)
    stack.wait("select 1 from search_entry s join complaint c using (complaint_id) where number_text (c.number) = %s and s.words @@ %s::tsquery",
               number, f"'@{stack.agency('91.71/PUPR')}'")
    assert number in stranger.get("/search?q=jembatan").text and number not in mine.get("/search?q=jembatan").text
    stack.sql("update complaint c set holder = (select agency_id from agency where code = '91.01/PUPR') where number_text (c.number) = %s", number)
    stack.sql("update assignment w set agency = (select agency_id from agency where code = '91.01/PUPR') from complaint c where c.complaint_id = w.complaint_id and number_text (c.number) = %s", number)


def indexed(stack, number):
    stack.wait("select 1 from search_entry s join complaint c using (complaint_id) where number_text (c.number) = %s", number)
    return number


def found(client, **asked):
    """Numbers that a search finds, as a program."""
    return [row["number"] for row in client.get("/search?" + urllib.parse.urlencode(asked)).json["cases"]]


def test_a_number_goes_to_its_case(stack, web, liaison):
    number = placed(stack, web, "Tiang bendera kantor desa roboh")
    mine, stranger = Browser(stack, liaison), Browser(stack, stack.person("91.71/PUPR", "liaison"))
    dashed = f"{number[:2]}-{number[2:6]}-{number[6:10]}-{number[10:]}"
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    for written in (number, number.lower(), f" {number} ", dashed, dashed.replace("-", " "), number.replace("1", "l").replace("0", "o"), number.replace("1", "I")):
        asked = "/search?" + urllib.parse.urlencode({"q": written})
        page = mine.get(asked)
        assert page.status == 303 and page.location == f"/cases/{number}", written
        # whatever else is filled in: it is that case which is looked for
        assert mine.get(asked + "&state=9&late=1").location == f"/cases/{number}"
        assert found(Program(stack, liaison), q=written) == [number]
        page = stranger.get(asked)
        assert page.status == 200 and "Tidak ada yang ditemukan" in page.text and not found(Program(stack, stack.person("91.71/PUPR", "liaison")), q=written)
    # what is not yours is found as little as what is not there, and as what is no number at all
    nothing = [re.sub(r'value="[^"]*"|<title>.*?</title>', "", stranger.get(f"/search?q={what}").text) for what in (number, "A0000000000000", wrong, "tidakadakatanya")]
    assert set(nothing) == {nothing[0]} and mine.get(f"/search?q={wrong}").status == 200
    # no words are shown on the way, so none are looked at
    secret, who = placed(stack, web, "Rahasia: kunci brankas kantor dipinjam", anonymous=2, secret=2), stack.person("91.01/PUPR", "liaison")
    assert Browser(stack, who).get(f"/search?q={secret}").status == 303 and not stack.sql("select from look where principal = %s", who.number)


def test_search_by_more_than_words(stack, web):
    """Each filter by itself, with words, and two of them; each finds what it should and nothing else."""
    words = "Gorong-gorong dangkal"
    opened = int(datetime.datetime(2026, 3, 4, 16, 39, tzinfo=datetime.timezone.utc).timestamp() * 1000)  # a clock that is ahead by nine minutes
    numbers = [indexed(stack, placed(stack, web, f"{words} nomor {n}", **({"created": opened} if n == 2 else {}))) for n in range(4)]
    fresh, ended, old, late = numbers
    change = "update complaint set {} where number_text (number) = %s"
    stack.sql(change.format("state = 7"), ended)
    stack.sql("update assignment w set state = 7, queued = false from complaint c where c.complaint_id = w.complaint_id and number_text (c.number) = %s", ended)
    stack.sql(change.format("received = '2026-03-04 16:30+00', category = 2"), old)  # the 4th, half past eleven at night in Jakarta
    stack.sql("update assignment w set due = now () - interval '1 day' from complaint c where c.complaint_id = w.complaint_id and number_text (c.number) = %s", late)
    who, boss, root = stack.person("91.01/PUPR", "liaison"), stack.person("91.01", "coordinator"), stack.person("ID", "coordinator")
    stranger = Program(stack, stack.person("91.71/PUPR", "liaison"))
    cases = {"state=open": {fresh, old, late}, "state=ended": {ended}, "state=7": {ended}, "state=4": {fresh, old, late}, "state=9": set(),
             "category=2": {old}, "since=2026-03-04&until=2026-03-04": {old}, "until=2026-03-03": set(), "until=2026-03-05": {old}, "since=2026-03-05": {fresh, ended, late},
             "late=1": {late}, "agency=91.01/PUPR": set(numbers), "agency=91.01/pupr&state=7": {ended}, "late=1&state=ended": set(), "category=2&state=open": {old},
             "agency=91.01/PUPR&late=true": {late}, "agency=91.71": set(), "agency=TIDAK/ADA": set(), "category=2&until=2026-03-04&late=1": set()}
    for asked, wanted in cases.items():
        for person in (who, boss, root):
            program = Program(stack, person)
            for with_words in (f"&q={urllib.parse.quote(words)}", ""):
                if asked == "agency=91.71" and person is root and not with_words:
                    continue
                rows = program.get(f"/search?{asked}{with_words}").json["cases"]
                got = {row["number"] for row in rows} & set(numbers)
                assert got == wanted, (asked, with_words, person.login)
                if with_words:
                    assert len(rows) == len(wanted)
        assert not {row["number"] for row in stranger.get(f"/search?{asked}").json["cases"]} & set(numbers)
    # from above, what is below an agency counts as its own; a liaison of the government has no more than what is there
    assert set(numbers) <= set(found(Program(stack, boss), agency="91.01", q=words)) and not found(Program(stack, who), agency="91.01", q=words)
    # nothing asked for is nothing found, and blank words are none
    assert not found(Program(stack, root)) and not found(Program(stack, root), q=" ") and found(Program(stack, root), q=" ", state="open")
    for bad in ("state=offen", "state=1e3", "since=2026-02-30", "until=kemarin", "since=2026-3-4", "category=x", "late=no", "before=1", "q=" + "x" * 401):
        refused = Program(stack, root).get(f"/search?{bad}")
        assert (refused.status, refused.json["code"], refused.json["field"]) == (422, "value", bad.split("=")[0])
        page = Browser(stack, root).get(f"/search?{bad}")
        assert page.status == 422 and 'role="alert"' in page.text and 'href="/search"' in page.text
    # the form keeps what was asked for, and folds open where a filter is set
    page = Browser(stack, boss).get("/search?q=gorong&state=open&agency=91.01/PUPR&category=2&since=2026-01-01&until=2026-12-31&late=1")
    fields = page.form("/search").fields
    assert fields == {"q": "gorong", "state": "open", "agency": "91.01/PUPR", "category": "2", "since": "2026-01-01", "until": "2026-12-31", "late": "1"}
    assert re.search(r'<details class="card filters"[^>]* open>', page.text) and not re.search(r'<details class="card filters"[^>]* open>', Browser(stack, boss).get("/search?q=x").text)
    assert '<option value="91.01/PUPR">' in page.text and '<option value="91.71/PUPR">' not in page.text


def test_search_goes_on_and_says_how_far_it_looked(stack):
    """The pager keeps the filters; where the newest 2,000 were not enough, the page says so and its link goes on."""
    agency, who = stack.agency("91.71/KES"), stack.person("91.71/KES", "liaison")
    stack.sql("create table strewn as select (lpad (to_hex ((extract (epoch from timestamptz '2026-02-01') * 1000)::bigint + g * 1000), 12, '0') "
              "|| encode (substr (sha256 (g::text::bytea), 1, 10), 'hex'))::uuid as id, g from generate_series (1, 2300) g")
    try:
        stack.sql("insert into complaint (complaint_id, number, version, received, holder, adapter, state, events, channel, class, priority, rung, confidence, flags) "
                  "select id, g, 1, timestamptz '2026-02-01' + g * interval '1 s', %s, 1, case when g <= 40 then 9 else 7 end, 2, 1, 2, 3, 3, 900, 0 from strewn", agency)
        stack.sql("insert into content (complaint_id, digest, title, body, decision) select id, '\\x00', '', 'Obat kosong', '{\"said\": []}' from strewn")
        stack.sql("select search_make (array (select id from strewn))")
        program, browser = Program(stack, who), Browser(stack, who)
        for words in ("", "q=obat&"):
            first = program.get(f"/search?{words}state=9").json
            assert first["cases"] == [] and "more" not in first and first["rest_at"].startswith("2026-02-01T00:0")
            page = browser.get(f"/search?{words}state=9&agency=91.71/KES&since=2026-01-01")
            assert "Sudah dicari sampai 1 Februari 2026" in page.text and "Tidak ada yang ditemukan" not in page.text
            link = html.unescape(re.search(r'<a class="button" href="(/search[^"]*before=[^"]*)"', page.text)[1])
            assert "state=9" in link and "agency=91.71%2FKES" in link and "since=2026-01-01" in link and ("q=obat" in link) == bool(words)
            page = browser.get(link)
            assert page.text.count("<li data-row>") == 30 and "Sudah dicari" not in page.text
            link = html.unescape(re.search(r'<p class="more"><a href="([^"]*)"', page.text)[1])
            assert "state=9" in link and "agency=91.71%2FKES" in link
            page = browser.get(link)
            assert page.text.count("<li data-row>") == 10 and 'class="more"' not in page.text and "Sudah dicari" not in page.text
            # nothing of a complaint that was looked at and is not shown is told: the id's end makes its number
            assert first["rest_id"].replace("-", "").endswith("f" * 16)
        assert len(found(program, q="obat", state="ended")) == 30
    finally:
        for table in ("search_entry", "content", "complaint"):
            stack.sql(f"delete from {table} where complaint_id in (select id from strewn)")
        stack.sql("drop table strewn")



# ---- looks

def test_what_is_secret_is_read_behind_a_look(stack, web):
    """Secret words are shown, and that they were shown is written down, once a quarter of an hour; without it they are not shown."""
    secret, public = placed(stack, web, "Rahasia: petugas meminta uang rokok di loket", anonymous=2, secret=2), placed(stack, web, "Umum: rambu jalan hilang", anonymous=1, secret=1)
    who = stack.person("91.01/PUPR", "liaison")
    browser, program = Browser(stack, who), Program(stack, who)

    def looks():
        return stack.sql("select number_text (c.number), l.what from look l join complaint c using (complaint_id) where l.principal = %s order by l.what", who.number)
    assert not looks()
    page = browser.get(f"/cases/{public}")
    assert "rambu jalan hilang" in page.text and not looks()
    page = browser.get(f"/cases/{secret}")
    assert "uang rokok" in page.text and looks() == [(secret, 2)]
    browser.get(f"/cases/{secret}")
    assert program.get(f"/cases/{secret}").json["case"]["body"].startswith("Rahasia") and looks() == [(secret, 2)]
    # a list is a look at all that it shows
    assert "uang rokok" in browser.get("/inbox").text
    listed = {number for number, what in looks() if what == 1}
    secrets = {row["number"] for row in program.get("/inbox").json["cases"] if row["secret"] and row["number"] != secret}
    assert listed == secrets and public not in listed
    # the store is away: no look, no words; and they come back with it
    other = stack.person("91.01/PUPR", "liaison")
    stack["store"].stop()
    try:
        page = Browser(stack, other).get(f"/cases/{secret}")
        assert page.status == 200 and "uang rokok" not in page.text and "Isi tidak ditampilkan" in page.text
    finally:
        stack["store"].start()
    wait(lambda: "uang rokok" in Browser(stack, other).get(f"/cases/{secret}").text, 30, "the words come back with the store")


# ---- clocks

@pytest.mark.parametrize("shift", [-400, -8, -1, 0, 1, 3, 40])
def test_days_left_and_days_skipped(stack, web, liaison, shift):
    """Counted from tomorrow by hand: weekends and the calendar's days do not count, and each of them is named."""
    number = placed(stack, web, f"Marka jalan pudar {shift}")
    ((today, zone),) = stack.sql("select ((now () at time zone 'UTC') + make_interval (hours => due_zone (due_resolve)))::date, due_zone (due_resolve) "
                                 "from complaint where number_text (number) = %s", number)
    last = today + datetime.timedelta(shift)
    stack.sql("update complaint set due_resolve = ((%s::date + 1)::timestamp - make_interval (hours => %s)) at time zone 'UTC' where number_text (number) = %s", last, zone, number)
    off = dict(stack.sql("select day, name from day_off"))
    days = [today + datetime.timedelta(n + 1) for n in range(shift)] if shift > 0 else [last + datetime.timedelta(n + 1) for n in range(-shift)]
    skipped = [day for day in days if day.isoweekday() > 5 or day in off]
    clock = Program(stack, liaison).get(f"/cases/{number}").json["case"]["clock_resolve"]
    assert clock["last"] == last.isoformat() and clock["late"] == (shift < 0) and clock["days"] == len(days) - len(skipped)
    assert [(day["day"], day["name"]) for day in clock["skipped"]] == ([(day.isoformat(), off.get(day)) for day in skipped] if shift > 0 else [])


# ---- the next case, and templates

def test_take_the_next(stack, web, liaison):
    placed(stack, web, "Trotoar amblas di depan kantor pos")
    browser, colleague = Browser(stack, liaison), Browser(stack, stack.person("91.01/PUPR", "agency_admin"))
    inbox = browser.get("/inbox?view=new")
    took = browser.post(inbox.form("/next"))
    assert took.status == 303 and took.location.startswith("/cases/A")
    number = took.location.rsplit("/", 1)[1]
    page = browser.get(took.location)
    assert 'data-lease="/cases/' in page.text and page.forms(took.location, "answer")
    # a colleague sees who has it, and may leave a note or take it over; the row in his inbox says so, too
    theirs = colleague.get(took.location)
    assert liaison.login.capitalize() in theirs.text
    assert {value for form in theirs.forms(took.location) for name, value in form.buttons if name == "act"} == {"take_over", "note"}
    assert number in colleague.get("/inbox?view=colleagues").text and number in browser.get("/inbox?view=mine").text
    assert colleague.post(theirs.form(took.location, "note"), "note", text="Saya di lokasi").status == 303
    written = browser.post(page.form(took.location, "progress"), "progress", text="Kami periksa")  # from the page before the note
    assert written.status == 303
    page = browser.get(took.location)
    assert "Saya di lokasi" in page.text
    assert colleague.post(colleague.get(took.location).form(took.location, "take_over"), "take_over", text="Rekan sakit").location.endswith("said=take_over")
    late = browser.post(page.form(took.location, "progress"), "progress", text="Sudah saya kerjakan")
    assert late.status == 409 and "Sudah saya kerjakan" in late.text
    page = browser.get(took.location)
    assert "Rekan sakit" in page.text and f"← {liaison.login.capitalize()}" in page.text


def test_templates(stack, liaison, boss):
    browser, above = Browser(stack, liaison), Browser(stack, boss)
    form = browser.get("/templates").forms("/orders/save_template")[-1]
    hostile = '<b>Terima kasih</b> "laporannya" & \'maaf\''
    assert browser.post(form, name="Terima kasih", text=hostile).location == "/templates?said=ordered"
    assert browser.post(form, name="Terima kasih", text=hostile).location == "/templates?said=ordered"  # a double click saves once
    assert stack.sql("select count (*) from answer_template") == [(1,)]
    page = browser.get("/templates")
    assert "<b>Terima" not in page.text
    assert browser.post(browser.get("/templates").forms("/orders/save_template")[-1], name="Terima kasih", text="x").status == 422
    mine = [form for form in page.forms("/orders/save_template") if "template" in form.fields][0]
    assert mine.fields["text"] == hostile
    assert browser.post(mine, text="Terima kasih atas laporan Anda.").status == 303
    assert stack.sql("select text from answer_template") == [("Terima kasih atas laporan Anda.",)]
    # what stands above is offered below, and not to be changed there
    above.post(above.get("/templates").forms("/orders/save_template")[-1], name="Dari atas", text="Sudah kami teruskan.")
    page = browser.get("/templates")
    assert "Sudah kami teruskan." in page.text and len([form for form in page.forms("/orders/save_template") if "template" in form.fields]) == 1
    number = stack.sql("select template_id from answer_template where name = 'Dari atas'")[0][0]
    foreign = browser.get("/templates").forms("/orders/save_template")[-1]
    assert browser.send("/orders/remove_template", {**foreign.fields, "agency": "91.01", "template": number}).status == 422
    assert browser.send("/orders/remove_template", {**foreign.fields, "key": os.urandom(16).hex(), "agency": "91.01/PUPR", "template": number}).status == 422
    assert browser.post(browser.get("/templates").form("/orders/save_template"), name="z").status == 303
    stranger = Browser(stack, stack.person("91.71/PUPR", "liaison"))
    assert "laporan Anda" not in stranger.get("/templates").text


# ---- coordinators

def test_tree_and_people(stack, boss):
    browser = Browser(stack, boss)
    page = browser.get("/tree/91.01")
    done = browser.post(page.form("/orders/register_agency"), name="Dinas Arsip", code="91.01/ARSIP2")
    assert done.status == 303 and done.location == "/tree/91.01?said=ordered", done.text
    page = browser.get("/tree/91.01/ARSIP2")
    assert page.status == 200 and "Dinas Arsip" in page.text
    told = browser.post(page.form("/orders/invite"), name="Rudi", login="rudi", role="liaison")
    token = re.search(r'<code id="told">([0-9a-f]{64})</code>', told.text)[1]
    accepted = Browser(stack).post(Browser(stack).get("/invitation").form("/invitation"), token=token, new_password=PASSWORD)
    assert accepted.status == 200 and "rudi" in accepted.text
    assert "diundang" in browser.get("/tree/91.01/ARSIP2").text
    browser.post(browser.get("/tree/91.01/ARSIP2").form("/orders/lock"))
    assert browser.get("/tree/91.01/ARSIP2").form("/orders/unlock")
    other = Browser(stack, stack.person("91.71", "coordinator"))
    form = other.get("/tree/91.71").form("/orders/register_agency")
    assert other.post(form, parent="91.01", name="X", code="91.01/X").status == 422
    liaison = Browser(stack, stack.person("91.01/ARSIP2", "liaison"))
    assert not liaison.get("/tree/91.01/ARSIP2").forms("/orders/invite")
    assert liaison.get("/tree/91.01").status == 404


# ---- the API is what docs/openapi.yaml says

def test_api_is_described(stack, web, liaison, boss):
    description = described()
    with open(os.path.join(ROOT, "router", "desk", "route.c"), encoding="utf-8") as file:
        routes = {(re.sub(r"[:+](\w+)", r"{\1}", path), method.lower())
                  for method, path in re.findall(r'HTTP_(\w+), "/api/v1(/[^"]*)"', file.read())}
    assert routes | {("/openapi.yaml", "get")} == {(path, method) for path, found in description["paths"].items() for method in found}
    numbers = [placed(stack, web, f"Kabel menjuntai di jalan nomor {i}") for i in range(2)]
    program, above = Program(stack, liaison), Program(stack, boss)
    who = stack.person("91.01/PUPR", "liaison", login="tini")
    token = invited(stack, who)
    factor = stack.front().order("accept_invitation", token=token, new_password=PASSWORD)["factor"]
    assert above.post("/orders/make_key", {"name": "tini-mesin", "role": "worker", "key": "x" * 40, "agency": "91.01", "agencies": ["91.01/PUPR"]}).status == 200
    calls = {
        ("/login", "post"): lambda: Program(stack).post("/login", {"login": "tini", "password": PASSWORD, "code": code_of(factor)}),
        ("/logout", "post"): lambda: Program(stack, stack.person("91.01/PUPR", "liaison")).post("/logout", {}),
        ("/self", "get"): lambda: program.get("/self"),
        ("/inbox", "get"): lambda: program.get("/inbox"),
        ("/pull", "post"): lambda: program.post("/pull", {"count": 1}),
        ("/cases/{number}", "get"): lambda: program.get(f"/cases/{numbers[0]}"),
        ("/cases/{number}/acts", "post"): lambda: program.post(f"/cases/{numbers[0]}/acts", {"act": "answer", "id": "0" * 31 + "1", "agency": 1, "version": 1, "text": "x"}),
        ("/search", "get"): lambda: program.get("/search?q=kabel"),
        ("/late", "get"): lambda: above.get("/late"),
        ("/watch", "get"): lambda: above.get("/watch"),
        ("/changes", "get"): lambda: above.get("/changes"),
        ("/agencies", "get"): lambda: program.get("/agencies?q=dinas"),
        ("/agencies/{code}", "get"): lambda: above.get("/agencies/91.01/PUPR"),
        ("/keys", "get"): lambda: above.get("/keys?agency=91.01"),
        ("/keys/{name}", "get"): lambda: above.get("/keys/tini-mesin"),
        ("/sessions", "get"): lambda: program.get("/sessions"),
        ("/functions", "get"): lambda: program.get("/functions"),
        ("/regions", "get"): lambda: program.get("/regions?q=lembah"),
        ("/templates", "get"): lambda: program.get("/templates"),
        ("/categories", "get"): lambda: program.get("/categories"),
        ("/orders/{name}", "post"): lambda: program.post("/orders/save_template", {"agency": "91.01/PUPR", "name": "API", "text": "x"}),
        ("/openapi.yaml", "get"): lambda: program.get("/openapi.yaml"),
    }
    assert set(calls) == routes | {("/openapi.yaml", "get")}
    for (path, method), call in calls.items():
        answer = validated(description, path, method, call())
        assert answer.status == 200 or path == "/cases/{number}/acts", (path, answer.text)
        if path not in ("/login", "/openapi.yaml"):  # and without a session
            nobody = Program(stack)
            refused = nobody.get(path) if method == "get" else nobody.post(path, {})
            assert validated(description, path, method, refused).status == 401
    for path, method, answer in (("/cases/{number}", "get", program.get("/cases/A0000000000000")),
                                 ("/orders/{name}", "post", program.post("/orders/drop_everything", {})),
                                 ("/orders/{name}", "post", program.post("/orders/invite", {"agency": "ID"})),
                                 ("/login", "post", Program(stack).post("/login", {"login": "x", "password": "y", "code": "z"})),
                                 ("/cases/{number}/acts", "post", program.post(f"/cases/{numbers[0]}/acts", {"act": "fly"}))):
        assert validated(description, path, method, answer).status >= 400
    assert Program(stack, liaison).get("/inbox", Accept_Language="en").status == 200
    english = program.get("/cases/A0000000000000", Accept_Language="en").json["title"]
    assert english == "Not there, or not yours." and program.get("/cases/A0000000000000").json["title"] == "Tidak ada, atau bukan untuk Anda."


def test_an_order_said_twice(stack, boss):
    program, key = Program(stack, boss), os.urandom(16).hex()
    said = {"parent": "91.01", "code": "91.01/DUA", "name": "Dinas Dua"}
    first, again = (program.post("/orders/register_agency", said, key=key) for _ in range(2))
    assert first.status == again.status == 200 and first.json == again.json
    assert program.post("/orders/register_agency", {**said, "name": "Lain"}, key=key).json["code"] == "order_key"


# ---- what is down

def test_query_down(stack, liaison):
    browser = Browser(stack, liaison)
    stack["query"].stop()
    try:
        page = browser.get("/inbox")
        assert page.status == 503 and "coba sebentar lagi" in page.text
        assert browser.get("/login").status == 200
    finally:
        stack["query"].start()
    assert browser.get("/inbox").status == 200


def test_settings(stack, folder):
    """TLS before the door: cookies are bound to the host and Secure, browsers are told to stay with TLS."""
    stack["desk"].stop()
    text = pathlib.Path(stack.settings).read_text(encoding="utf-8")
    pathlib.Path(stack.settings).write_text(text.replace("desk:\n", "desk:\n  tls: true\n  idle: 1s\n  origin: https://desk.example.go.id\n"), encoding="utf-8")
    try:
        stack["desk"].start()
        who = stack.person("91.01/PUPR", "liaison")
        browser = Browser(stack, who)
        assert browser.get("/inbox").location == "/login"
        cookie = f"__Host-aduan={who.session.hex()}"
        page = browser.call("GET", "/account", None, Cookie=cookie)
        assert page.status == 200 and "max-age=31536000" in page.headers["Strict-Transport-Security"]
        form = {name: value for name, value in page.forms("/logout")[0].fields.items()}
        import urllib.parse
        body = urllib.parse.urlencode(form)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        assert browser.call("POST", "/logout", body, **headers, Origin=f"http://127.0.0.1:{stack.ports['desk']}").status == 403
        out = browser.call("POST", "/logout", body, **headers, Origin="https://desk.example.go.id")
        # and whoever says half a header is cut off
        with socket.create_connection(("127.0.0.1", stack.ports["desk"]), timeout=20) as silent:
            silent.sendall(b"GET /login HTTP/1.1\r\nHost: x\r\n")
            assert silent.recv(4096)[:12] in (b"", b"HTTP/1.1 408")
        assert out.status == 303 and out.headers["Set-Cookie"].startswith("__Host-aduan=;") and "Secure" in out.headers["Set-Cookie"]
    finally:
        stack["desk"].stop()
        pathlib.Path(stack.settings).write_text(text, encoding="utf-8")
        stack["desk"].start()


def test_who_reads_stays_logged_in(stack):
    """A page that is read carries the session on; one that is over is not brought back."""
    who = stack.person("91.01/PUPR", "liaison", lasts="2 minutes")
    browser = Browser(stack, who)
    assert browser.get("/inbox").status == 200
    stack.wait("select 1 from session where principal_id = %s and ends_at > now () + interval '25 minutes'", who.number)
    stack.sql("update session set ends_at = now () where principal_id = %s", who.number)
    assert browser.get("/inbox").status == 303
    time.sleep(0.5)
    assert stack.sql("select ends_at <= now () from session where principal_id = %s", who.number) == [(True,)]


def test_a_long_history_is_shown_as_far_as_it_fits(stack, web, liaison):
    """The newest of it, and how much is not there; the track's, too."""
    number = placed(stack, web, "Selokan bau sepanjang tahun", anonymous=1, secret=1)
    case = stack.sql("select complaint_id from complaint where number_text (number) = %s", number)[0][0]
    stack.sql("insert into event (complaint_id, at, act_key, principal, agency, kind, number, text) select %s, now (), gen_random_uuid (), 1, null, 32, 1 + n, "
              "n || repeat (' \u00e9\n\"', 3000) from generate_series (1, 120) n", case)
    try:
        page = Browser(stack, liaison).get(f"/cases/{number}")
        assert page.status == 200 and "kejadian yang lebih lama tidak ditampilkan" in page.text
        told = Program(stack, liaison).get(f"/cases/{number}").json
        assert told["older"] + len(told["history"]) == 121 and told["history"][-1]["text"].startswith("120 ") and len(told["history"]) > 15
        shown = subprocess.run([os.path.join(BUILD, "deploy", "aduan", "aduan"), "track", "--json", number, "-c", stack.settings], stdout=subprocess.PIPE, text=True, check=True)
        assert json.loads(shown.stdout)[0]["history"][-1]["text"].startswith("120 ")
    finally:
        stack.rewrite("delete from event where complaint_id = %s and kind = 32", case)


@pytest.mark.parametrize("kind", [32, 33, 37])
def test_held_words_are_nobodys_to_read(stack, web, liaison, kind):
    """What a reply, completion or reopening may tell of misconduct, until a router has decided."""
    number = placed(stack, web, f"Trotoar pecah {kind}")
    case = stack.sql("select complaint_id from complaint where number_text (number) = %s", number)[0][0]
    stack.sql("insert into event (complaint_id, at, act_key, principal, kind, number, text) values (%s, now (), gen_random_uuid (), 1, %s, 20, 'Mandornya minta uang')", case, kind)
    stack.sql("insert into returned (complaint_id, event, since, words, newest, was) values (%s, 20, now (), 20, 20, 4)", case)
    try:
        assert "Mandornya" not in Browser(stack, liaison).get(f"/cases/{number}").text
    finally:
        stack.sql("delete from returned where complaint_id = %s", case)
    assert "Mandornya" in Browser(stack, liaison).get(f"/cases/{number}").text
