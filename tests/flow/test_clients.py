"""Programs that come in by HTTP: whose token is whose, since when and until when, as aduan-web learns it."""
import hashlib
import os
import re

import pytest
import zmq
from zmq.utils import z85

from conftest import Stack
from desk_door import Browser, Program
from people import Reader
from stack import DESK
from test_people import Command


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK) as running:
        yield running


@pytest.fixture(scope="module")
def front(stack):
    return stack.front()


@pytest.fixture(scope="module")
def boss(stack):
    return stack.person("91.01", "coordinator")


def clients(stack, known=""):
    """What aduan-web reads, by its role."""
    return stack.postgres.sql("select web.clients (%s)", known, user="aduan_web")[0][0]


def of(stack, account):
    return [client for client in clients(stack)["clients"] if client["account"] == account]


def hash_of(token):
    return hashlib.sha256(bytes.fromhex(token)).hexdigest()


def test_from_key_to_token(stack, front, boss):
    """An adapter without a secret half, its token, the one after it, and their end."""
    made = front.order("make_key", boss, name="kota-app", role="adapter", agency="91.01", rights="bulk")
    assert made.word == "done"
    (key,), = stack.sql("select key from principal where name = 'kota-app'")
    assert re.fullmatch(r"[-0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#]{40}", key) and len(z85.decode(key)) == 32
    before = clients(stack)["version"]
    assert clients(stack, before) == {"version": before, "clients": None}

    first = front.order("make_token", boss, name="kota-app", requests="30")
    (client,) = of(stack, "kota-app")
    assert client == {"account": "kota-app", "principal": made["principal"], "rights": "bulk", "sandbox": False, "requests": 30, "submissions": 10000,
                      "expected_datetime": True, "until": None, "token_hash": hash_of(first["token"])}
    assert clients(stack, before)["version"] != before and re.fullmatch("[0-9a-f]{64}", first["token"])

    # the next one inherits what is not said; the old one is good for the hours said, and the sandbox's is another's
    trial = front.order("make_token", boss, name="kota-app", sandbox=True, requests=5)
    second = front.order("make_token", boss, name="kota-app", hours=2, expected="no")
    by_hash = {client["token_hash"]: client for client in of(stack, "kota-app")}
    assert by_hash[hash_of(first["token"])]["until"] and second["old_until"] and not trial["old_until"]
    assert by_hash[hash_of(trial["token"])]["sandbox"] and by_hash[hash_of(trial["token"])]["requests"] == 5
    assert by_hash[hash_of(second["token"])]["requests"] == 30 and not by_hash[hash_of(second["token"])]["expected_datetime"]
    assert len(by_hash) == 3
    stack.sql("update token set ends_at = now () where ends_at is not null")
    assert len(of(stack, "kota-app")) == 2
    front.order("make_token", boss, name="kota-app", hours=0)
    assert len(of(stack, "kota-app")) == 2 and hash_of(second["token"]) not in str(clients(stack))
    assert front.order("revoke_token", boss, name="kota-app", sandbox=True)["ended"] == 1
    assert [client["sandbox"] for client in of(stack, "kota-app")] == [False]

    # nobody's database tells a token
    rows = stack.sql("select new::text || coalesce (old::text, '') from change union all select result::text from ordered union all select encode (token_hash, 'hex') from token")
    assert not [row for row, in rows for said in (first, second, trial) if said["token"] in (row or "")]
    version = clients(stack)["version"]
    assert front.order("revoke_key", boss, name="kota-app").word == "done"
    assert of(stack, "kota-app") == [] and clients(stack)["version"] != version
    assert front.order("make_token", boss, name="kota-app").word == "absent name"


def test_as_aduan_web_asks(stack, front, boss):
    """By aduan-query, on the socket that is aduan-web's."""
    made = front.order("make_key", boss, name="kota-tanya", role="adapter", agency="91.01")
    token = front.order("make_token", boss, name="kota-tanya")["token"]
    web = Reader(os.path.join(stack.folder, "run", "public.sock"))
    (row,) = web.ask("web_clients", "")
    assert [client["token_hash"] for client in row["clients"] if client["account"] == "kota-tanya"] == [hash_of(token)]
    assert web.ask("web_clients", row["version"]) == [{"version": row["version"], "clients": None}]
    (page,) = web.ask("web_feed", str(made["principal"]), "", "100")
    assert page["events"] == [] and web.ask("web_feed", str(made["principal"]), "x", "1") == [{"fault": "cursor"}]
    assert web.ask("web_own", str(made["principal"]), "A0") == []
    web.close()


def test_what_is_refused(stack, front, boss):
    public = zmq.curve_keypair()[0].decode()
    assert front.order("make_key", boss, name="kota-mesin", role="worker", agency="91.01", agencies=["91.01"]).word == "value key"
    assert front.order("make_key", boss, name="kota-mesin", role="worker", agency="91.01", agencies=["91.01"], key=public).word == "done"
    assert front.order("make_token", boss, name="kota-mesin").word == "value name"
    assert front.order("make_token", boss, name="web").word == "absent name"
    front.order("make_key", boss, name="kota-lagi", role="adapter", agency="91.01")
    for argument, value in (("requests", 0), ("requests", 60001), ("submissions", "banyak"), ("hours", 721), ("sandbox", "mungkin"), ("expected", 7)):
        assert front.order("make_token", boss, name="kota-lagi", **{argument: value}).word == f"value {argument}"
    assert front.order("revoke_token", boss, name="kota-lagi")["ended"] == 0
    with pytest.raises(Exception, match="permission denied"):
        stack.postgres.sql("select * from public.token", user="aduan_web")


def test_at_the_desk(stack, boss):
    """The page of a key makes a token, shows it once, says which are good, and revokes them."""
    browser, program = Browser(stack, boss), Program(stack, boss)
    form = browser.get("/keys?agency=91.01").forms("/orders/make_key")[-1]
    assert browser.post(form, name="kota-web", public="", rights="-").status == 303
    page = browser.get("/keys/kota-web")
    assert "Belum ada token" in page.text and not page.forms("/orders/revoke_token")
    form = page.form("/orders/make_token")
    told = browser.post(form, requests="60", hours="24")
    token = re.search(r'<code id="told">([0-9a-f]{64})</code>', told.text)[1]
    assert told.status == 200 and "sekali saja" in told.text and "kota-web" in told.text and "undangan" not in told.text
    assert browser.post(form, requests="60", hours="24").text.count(token) == 1  # sent twice it is the same token
    (client,) = of(stack, "kota-web")
    assert client["token_hash"] == hash_of(token) and client["requests"] == 60 and client["expected_datetime"]
    page = browser.get("/keys/kota-web")
    assert token not in page.text and "60 permintaan per menit" in page.text
    (shown,) = program.get("/keys/kota-web").json["key"]["tokens"]
    assert shown["requests"] == 60 and not shown["until"] and "token_hash" not in shown
    assert browser.post(page.form("/orders/revoke_token")).location == "/keys/kota-web?said=revoke_token"
    assert "dicabut" in browser.get("/keys/kota-web?said=revoke_token").text and of(stack, "kota-web") == []


def test_webhooks_at_the_desk(stack, front, boss):
    """The page of a key sets one, shows its secret once, says how it goes, and has a button for each thing that may be done."""
    front.order("make_key", boss, name="kota-kait", role="adapter", agency="91.01")
    browser, program = Browser(stack, boss), Program(stack, boss)
    form = browser.get("/keys/kota-kait").form("/orders/set_webhook")
    assert "Alamat (https)" in browser.post(form, url="http://kota.example/hook").text
    told = browser.post(browser.get("/keys/kota-kait").form("/orders/set_webhook"), url="https://kota.example/hook?masuk=rahasia", events="answer, close")
    secret = re.search(r'<code id="told">(whsec_[A-Za-z0-9+/]{43}=)</code>', told.text)[1]
    page = browser.get("/keys/kota-kait")
    assert "sekali saja" in told.text and secret not in page.text and "https://kota.example/hook" in page.text and "berjalan" in page.text
    (hook,) = program.get("/keys/kota-kait").json["key"]["webhooks"]
    assert hook["events"] == ["answer", "close"] and hook["state"] == "active" and hook["delivered"] == 0 and "salt" not in hook and hook["url"] == "https://kota.example/hook?…"
    assert "masuk=rahasia" not in page.text + str(stack.sql("select new from change"))
    assert browser.post(page.form("/orders/test_webhook")).location == "/keys/kota-kait?said=test_webhook"
    assert browser.post(page.form("/orders/pause_webhook")).location == "/keys/kota-kait?said=pause_webhook"
    page = browser.get("/keys/kota-kait")
    assert "dijeda" in page.text and not page.forms("/orders/pause_webhook")
    assert browser.post(page.form("/orders/replay_webhook"), **{"from": "2026-01-01T00:00:00Z"}).status == 303
    assert "Mulai dari" in browser.post(page.form("/orders/replay_webhook"), **{"from": "kemarin"}).text
    assert browser.post(page.form("/orders/resume_webhook")).status == browser.post(page.form("/orders/remove_webhook")).status == 303
    assert not browser.get("/keys/kota-kait").forms("/orders/remove_webhook")
    # colleagues below see neither key nor webhook, and do nothing with them
    other = Browser(stack, stack.person("91.01/PUPR", "agency_admin"))
    assert other.get("/keys/kota-kait").status == 404


def test_by_the_command(stack):
    who = stack.person("91.01", "coordinator", front="cli")
    command = Command(stack, "klien")
    with open(command.file, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(who.session.hex() + "\n")
    command("make_key", "name=kota-cli", "role=adapter", "agency=91.01")
    said = command("make_token", "name=kota-cli", "submissions=100")
    token = re.search("[0-9a-f]{64}", said)[0]
    assert "Authorization: Bearer" in said and of(stack, "kota-cli")[0]["token_hash"] == hash_of(token)
    assert 'requests "99999"' in command("make_token", "name=kota-cli", "requests=99999", status=65)
