"""What people administer at the desk, by pages and by its API: keys, permits, deputies, second factors, sessions, competence.

Who may order what is tests/flow/test_administration.py's; here: a form stands where its order is done and nowhere else, what it
says arrives as it was meant, and a page for what is not yours is the page for what is not there."""
import datetime
import os
import re
import time
import urllib.parse

import pytest
import zmq

from conftest import Stack
from desk_cases import placed
from desk_door import Browser, Program
from openapi import described, validated
from people import PASSWORD, code_of, invited
from stack import DESK
from worker import Worker


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK) as running:
        yield running


def look(page):
    """A page without what differs each time it is shown."""
    return re.sub(r'value="[^"]*"', "", page.text)


def pair():
    public, secret = zmq.curve_keypair()
    return public.decode(), secret.decode()


def machine(stack, public, secret):
    """A worker with this key; None where it is not let in."""
    worker = Worker(f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), public, secret, "machine")
    stack.peers.append(worker)
    return worker if worker.hello(seconds=3) else None


def sorry(page, field):
    """It was refused, and the page says which field in the reader's words."""
    assert page.status == 422 and f"<b>{field}</b>" in page.text, page.text
    return page


# ---- keys

def test_a_key_from_its_registration_to_its_end(stack, web, boss):
    """Registered, used, replaced, revoked, by forms; and a machine is let in or not accordingly."""
    browser, program = Browser(stack, boss), Program(stack, boss)
    public, secret = pair()
    page = browser.get("/keys?agency=91.01/LH")
    form = next(form for form in page.forms("/orders/make_key") if form.fields["role"] == "worker")
    assert form.fields["agencies"] == "91.01/LH" and form.fields["agency"] == "91.01/LH"
    done = browser.post(form, name="lh-mesin", public=public, agencies="91.01/LH,\n 91.01/KES ")
    assert done.status == 303 and done.location == "/keys?agency=91.01/LH&said=make_key", done.text
    assert browser.post(form, name="lh-mesin", public=public, agencies="91.01/LH,\n 91.01/KES ").status == 303  # a double click registers once
    assert "berlaku dalam sedetik" in browser.get(done.location).text
    key = program.get("/keys/lh-mesin").json["key"]
    assert key["role"] == "worker" and key["agencies"] == ["91.01/KES", "91.01/LH"] and key["key"] == public and key["may"]
    assert key["since"] and not key["last_used"] and not key["revoked_at"]
    page = browser.get("/keys?agency=91.01")  # those of below, too
    assert "lh-mesin" in page.text and "belum pernah dipakai" in page.text and "Dinas Kesehatan Kabupaten Arjuna" in page.text
    assert "lh-mesin" in browser.get("/keys?agency=91.01/KES").text and "lh-mesin" not in browser.get("/keys?agency=91.01/PUPR").text

    deadline = time.monotonic() + 10
    while not (worker := machine(stack, public, secret)):
        assert time.monotonic() < deadline, "the key is not let in"
    assert worker.pull([stack.agency("91.01/LH")], wait=100) == []
    stack.sql("insert into key_use select principal_id, now () from principal where name = 'lh-mesin'")  # as within half a minute: test_people
    assert "belum pernah dipakai" not in browser.get("/keys/lh-mesin").text

    new_public, new_secret = pair()
    form = browser.get("/keys/lh-mesin").form("/orders/rotate_key")
    sorry(browser.post(form, public=public), "Kunci publik")  # it is the one that it is
    assert browser.post(browser.get("/keys/lh-mesin").form("/orders/rotate_key"), public=new_public, hours="168").location == "/keys/lh-mesin?said=rotate_key"
    key = program.get("/keys/lh-mesin").json["key"]
    assert key["key"] == new_public and key["rotated"] and key["old_until"]
    assert stack.sql("select old_until - now () between interval '6 days 23 hours' and interval '7 days' from principal where name = 'lh-mesin'") == [(True,)]
    assert machine(stack, public, secret) and machine(stack, new_public, new_secret)

    page = browser.get("/keys/lh-mesin")
    assert not page.forms("/orders/revoke_key") and 'href="/keys/lh-mesin/revoke"' in page.text  # not before it is asked once more
    sure = browser.get("/keys/lh-mesin/revoke")
    assert "tidak dapat dibatalkan" in sure.text and "Dinas Kesehatan Kabupaten Arjuna" in sure.text
    assert browser.post(sure.form("/orders/revoke_key")).location == "/keys/lh-mesin?said=revoke_key"
    page = browser.get("/keys/lh-mesin?said=revoke_key")
    assert "Dicabut" in page.text and not page.forms("/orders/rotate_key") and "/revoke" not in page.text
    assert not browser.get("/keys/lh-mesin/revoke").forms("/orders/revoke_key")
    assert not program.get("/keys/lh-mesin").json["key"]["may"]
    deadline = time.monotonic() + 10
    while machine(stack, new_public, new_secret) or machine(stack, public, secret):
        assert time.monotonic() < deadline, "the key is still let in"
    # still known, and behind those that are good
    names = [key["name"] for key in program.get("/keys?agency=91.01").json["keys"]]
    assert names[-1] == "lh-mesin"


def test_since_when_a_key_is_is_told_to_whom_it_is_shown(stack, boss):
    """An operator, who reads no change of it, too; and nobody to whom the key is not shown."""
    public, _ = pair()
    assert Program(stack, boss).post("/orders/make_key", {"name": "tua", "role": "worker", "key": public, "agency": "91.01/LH", "agencies": ["91.01/LH"]}).status == 200
    public, _ = pair()
    assert Program(stack, boss).post("/orders/rotate_key", {"name": "tua", "key": public}).status == 200
    operator, other = stack.person("91.01", "operator"), stack.person("91.71", "operator")
    key = Program(stack, operator).get("/keys/tua").json["key"]
    assert key["since"] and key["rotated"] and not Program(stack, operator).get("/changes?subject=tua").json["changes"]
    assert "Didaftarkan" in Browser(stack, operator).get("/keys/tua").text and "sejak" in Browser(stack, operator).get("/keys?agency=91.01/LH").text
    assert Program(stack, other).get("/keys/tua").status == 404 and "tua" not in Program(stack, other).get("/keys").text


def test_an_adapters_key(stack, boss):
    browser, national = Browser(stack, boss), Browser(stack, stack.person("ID", "operator"))
    form = next(form for form in browser.get("/keys?agency=91.01").forms("/orders/make_key") if form.fields["role"] == "adapter")
    assert browser.post(form, name="arjuna-app", public=pair()[0], rights="bulk").status == 303
    assert stack.sql("select rights, role from principal where name = 'arjuna-app'") == [("bulk", 1)]
    assert "laporan darurat" not in browser.get("/keys?agency=91.01").text and "laporan darurat" in national.get("/keys?agency=ID").text
    form = next(form for form in browser.get("/keys?agency=91.01").forms("/orders/make_key") if form.fields["role"] == "adapter")
    assert browser.post(form, name="arjuna-app-2", public=pair()[0], rights="emergency").status == 422


def test_what_was_typed_stays(stack, boss):
    browser = Browser(stack, boss)
    form = next(form for form in browser.get("/keys?agency=91.01/LH").forms("/orders/make_key") if form.fields["role"] == "worker")
    page = sorry(browser.post(form, name="lh<b>", public=pair()[0], agencies="91.01/LH"), "Nama")
    assert "/inbox" in page.text and "worker" not in page.text  # it is known who reads; what was chosen is not shown as typed
    assert "<dd>lh&lt;b&gt;</dd>" in page.text and "<dd>91.01/LH</dd>" in page.text and 'href="/keys?agency=91.01/LH"' in page.text
    sorry(browser.post(form, name="lh-2", public="terlalu pendek"), "Kunci publik")
    page = browser.post(form, name="lh-2", public=pair()[0], agencies="91.71/LH")
    assert page.status == 422 and "Tidak ada, atau bukan untuk Anda." in page.text and "<b>Untuk instansi</b>" in page.text
    program = Program(stack, boss)
    said = {"name": "lh-2", "role": "worker", "key": pair()[0], "agency": "91.01/LH"}
    for agencies in (["91.71/LH"], ["97.99"]):
        answer = program.post("/orders/make_key", {**said, "agencies": agencies})
        assert answer.status == 422 and (answer.json["code"], answer.json["field"]) == ("order_absent", "agencies")


def test_whose_keys_one_sees(stack, boss):
    """Each sees those of what he administers; what is not his is what is not there."""
    for name, agency, scope in (("kes-a", "91.01/KES", ["91.01/KES"]), ("induk-kes", "91.01", ["91.01/KES"]), ("induk-app", "91.01", None)):
        said = {"name": name, "role": "worker" if scope else "adapter", "key": pair()[0], "agency": agency, **({"agencies": scope} if scope else {})}
        assert Program(stack, boss).post("/orders/make_key", said).status == 200
    admin, operator = stack.person("91.01/KES", "agency_admin"), stack.person("91.01", "operator")
    page = Browser(stack, admin).get("/keys?agency=91.01/KES")
    assert "kes-a" in page.text and "induk-kes" in page.text and "induk-app" not in page.text
    assert {form.fields["role"] for form in page.forms("/orders/make_key")} == {"worker"}  # an admin has no adapters
    assert Browser(stack, admin).get("/keys/kes-a").forms("/orders/rotate_key")
    page = Browser(stack, admin).get("/keys/induk-kes")  # it works for his agency, and belongs to the one above
    assert page.status == 200 and not page.forms("/orders/rotate_key") and "diurus orang lain" in page.text
    assert not Browser(stack, admin).get("/keys/induk-kes/revoke").forms("/orders/revoke_key")
    assert sorry(Browser(stack, admin).send("/orders/revoke_key", {**Browser(stack, admin).get("/keys/kes-a/revoke").form("/orders/revoke_key").fields, "name": "induk-kes"}), "Nama")
    page = Browser(stack, operator).get("/keys")
    assert "kes-a" in page.text and 'href="/keys?agency=91.01"' in page.text and 'href="/keys" aria-current="page"' in page.text
    # the national operator has those of the installation's file, too; of a worker for the whole country the list says so much
    keys = {key["name"]: key for key in Program(stack, stack.person("ID", "operator")).get("/keys").json["keys"]}
    assert {"web", "kes-a"} <= set(keys) and len(keys["all"]["works_for"]) == 3 and keys["all"]["more"] == len(keys["all"]["agencies"]) - 3 > 10
    whole = Program(stack, stack.person("ID", "operator")).get("/keys/all").json["key"]
    assert len(whole["works_for"]) == len(whole["agencies"]) and whole["agency"] is None

    stranger, officer, overseer = stack.person("91.71", "coordinator"), stack.person("91.01/KES", "liaison"), stack.person("91.01", "overseer")
    for who in (stranger, officer, overseer):
        browser, program = Browser(stack, who), Program(stack, who)
        for path, absent in (("/keys?agency=91.01/KES", "/keys?agency=97.99"), ("/keys/kes-a", "/keys/tidak-ada"), ("/keys/kes-a/revoke", "/keys/tidak-ada/revoke")):
            theirs, nothing = browser.get(path), browser.get(absent)
            assert theirs.status == nothing.status == 404 and look(theirs) == look(nothing), (who.login, path)
        for path, absent in (("/keys?agency=91.01/KES", "/keys?agency=97.99"), ("/keys/kes-a", "/keys/tidak-ada")):
            theirs, nothing = program.get(path), program.get(absent)
            assert theirs.status == nothing.status == 404 and theirs.text == nothing.text
        said = [program.post("/orders/revoke_key", {"name": name}) for name in ("induk-app", "tidak-ada")]
        assert said[0].status == said[1].status == 422 and (said[0].text == said[1].text or who is not stranger)
    assert Browser(stack, officer).get("/keys").status == 404 and Browser(stack, stranger).get("/keys").status == 200
    assert "kes-a" not in Browser(stack, stranger).get("/keys").text
    assert stack.sql("select count (*) from principal where name in ('kes-a', 'induk-kes', 'induk-app') and revoked_at is null") == [(3,)]
    assert Browser(stack).get("/keys").location == "/login" and Program(stack).get("/keys/kes-a").status == 401


def test_a_key_of_an_inspectorate_is_its_named_staffs(stack):
    """A coordinator above sees that there is one, and has no form for it."""
    named, above = stack.person("91.01/PENGAWASAN", "agency_admin", named=True), stack.person("91.01", "coordinator")
    assert Program(stack, named).post("/orders/make_key", {"name": "awas", "role": "worker", "key": pair()[0], "agency": "91.01/PENGAWASAN",
                                                           "agencies": ["91.01/PENGAWASAN"]}).status == 200
    assert Browser(stack, named).get("/keys/awas").forms("/orders/rotate_key")
    page = Browser(stack, above).get("/keys/awas")
    assert page.status == 200 and not page.forms("/orders/rotate_key") and not Browser(stack, above).get("/keys/awas/revoke").forms("/orders/revoke_key")
    assert Program(stack, above).post("/orders/revoke_key", {"name": "awas"}).json["code"] == "order_role"


# ---- permits

def test_a_permit_is_given_seen_and_withdrawn(stack, web, boss):
    number = placed(stack, web, "Tanggul retak di ujung desa")
    officer, ombudsman = stack.person("91.01/PUPR", "liaison"), stack.person("ID", "overseer")
    browser, theirs, reader = Browser(stack, boss), Browser(stack, officer), Browser(stack, ombudsman)
    assert "Tidak ada orang luar" in browser.get(f"/cases/{number}").text and reader.get(f"/cases/{number}").status == 404
    form = browser.get(f"/cases/{number}?open=permit").form("/orders/permit")
    assert form.fields["agency"] == ""
    done = browser.post(form, person=ombudsman.login, level="state", days="3", reason="Permintaan <Ombudsman> nomor 7")
    assert done.status == 303 and done.location == f"/cases/{number}?said=permit", done.text
    page = browser.get(done.location)
    assert "Izin diberikan." in page.text and ombudsman.login.capitalize() in page.text and "Permintaan &lt;Ombudsman&gt; nomor 7" in page.text
    ((days,),) = stack.sql("select until - since from permit p join complaint c using (complaint_id) where number_text (c.number) = %s", number)
    assert datetime.timedelta(3) <= days < datetime.timedelta(3, 60)
    # the holder's officers see it and have no form; the permitted sees his own, and no word of the case
    page = theirs.get(f"/cases/{number}")
    assert "nomor 7" in page.text and not page.forms("/orders/withdraw_permit") and not page.forms("/orders/permit")
    page = reader.get(f"/cases/{number}")
    assert page.status == 200 and "nomor 7" in page.text and "Tanggul" not in page.text and not page.forms("/orders/withdraw_permit")
    # a second one, to an agency, to read it
    form = browser.get(f"/cases/{number}?open=permit&to=91.71/PUPR").form("/orders/permit")
    assert "Dinas Pekerjaan Umum Kota Arjuna" in browser.get(f"/cases/{number}?open=permit&to=91.71/PUPR").text
    assert browser.post(form, agency="91.71/PUPR", level="content", days="1", reason="Sungai yang sama").status == 303
    neighbour = stack.person("91.71/PUPR", "liaison")
    page = Browser(stack, neighbour).get(f"/cases/{number}")
    assert "Tanggul retak" in page.text and "Sungai yang sama" in page.text and "nomor 7" not in page.text  # who else may is not his to know
    seen = Program(stack, boss).get(f"/cases/{number}").json["permits"]
    assert [(one["name"], one["agency"], one["level"], one["lasts"], one["may"]) for one in seen] == \
        [(ombudsman.login.capitalize(), None, "state", True, True), (None, "91.71/PUPR", "content", True, True)], seen
    assert [one["may"] for one in Program(stack, neighbour).get(f"/cases/{number}").json["permits"]] == [False]
    for form in browser.get(f"/cases/{number}").forms("/orders/withdraw_permit"):
        assert browser.post(form).location == f"/cases/{number}?said=withdraw_permit"
    assert reader.get(f"/cases/{number}").status == Browser(stack, neighbour).get(f"/cases/{number}").status == 404
    page = browser.get(f"/cases/{number}")
    assert "2 izin yang sudah berakhir" in page.text and page.text.count("dicabut") == 2 and not page.forms("/orders/withdraw_permit")


def test_permits_that_are_not_ones_own(stack, web, boss):
    number = placed(stack, web, "Gorong-gorong ambruk di tikungan")
    permit = Program(stack, boss).post("/orders/permit", {"number": number, "agency": "91.71/PUPR", "level": "state", "days": 1, "reason": "Batas wilayah"}).json["made"]["permit"]
    other, officer = Program(stack, stack.person("91.71", "coordinator")), Program(stack, stack.person("91.01/PUPR", "liaison"))
    asked = {"agency": "91.71/PUPR", "level": "content", "days": 1, "reason": "Ingin tahu"}
    said = [other.post("/orders/permit", {**asked, "number": one}) for one in (number, "A0000000000000")]
    assert said[0].status == 422 and said[0].text == said[1].text
    said = [other.post("/orders/withdraw_permit", {"permit": one}) for one in (permit, 999999999)]
    assert said[0].status == 422 and said[0].text == said[1].text
    assert officer.post("/orders/permit", {**asked, "number": number}).json["code"] == "order_role"
    assert officer.post("/orders/withdraw_permit", {"permit": permit}).json["code"] == "order_role"
    browser = Browser(stack, boss)
    form = browser.get(f"/cases/{number}").form("/orders/permit")
    sorry(browser.post(form, agency="91.71/PUPR", days="91", reason="Lama sekali"), "Berapa hari")
    page = sorry(browser.post(form, agency="91.71/PUPR", days="9", reason="x"), "Alasan")
    assert f'href="/cases/{number}"' in page.text
    assert browser.post(form, days="9", reason="Tanpa nama").status == 422
    assert stack.sql("select count (*) from permit p join complaint c using (complaint_id) where number_text (c.number) = %s", number) == [(1,)]


def test_permits_of_an_oversight_case(stack, web, boss):
    """Its named staff alone, to persons alone; nobody above learns that there is one."""
    assert web.submit(text="Pungli di loket izin usaha", category=6, place="91.01.01")[0] == "accepted"
    number = stack.wait("select number_text (c.number) from complaint c join content t using (complaint_id) where t.body like 'Pungli di loket izin%%'")[0][0]
    named, reader = stack.person("91.01/PENGAWASAN", "liaison", named=True), stack.person("ID", "overseer")
    browser = Browser(stack, named)
    page = browser.get(f"/cases/{number}?open=permit&to=91.71/PUPR")
    form = page.form("/orders/permit")
    assert "agency" not in form.fields and not re.search(r'type="radio" name="agency"', page.text)
    assert browser.post(form, person=reader.login, level="content", days="2", reason="Supervisi").status == 303
    assert "Pungli" in Browser(stack, reader).get(f"/cases/{number}").text
    assert Browser(stack, boss).get(f"/cases/{number}").status == 404
    said = [Program(stack, boss).post("/orders/permit", {"number": one, "person": reader.login, "level": "state", "days": 1, "reason": "Diminta"}) for one in (number, "A0000000000000")]
    assert said[0].status == 422 and said[0].text == said[1].text


# ---- deputies

def test_a_deputy_until_a_day(stack):
    admin, away = stack.person("91.71/LH", "agency_admin"), stack.person("91.71/LH", "liaison", login="sulastri")
    deputy = stack.person("91.71/LH", "overseer", login="bambang")
    browser = Browser(stack, admin)
    page = browser.get("/tree/91.71/LH")
    assert re.search(r'<datalist id="colleagues">.*<option value="bambang">', page.text) and '<option value="sulastri">' not in page.text
    form = next(form for form in page.forms("/orders/set_deputy") if form.fields["person"] == "sulastri")
    day = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=7)).date() + datetime.timedelta(5)
    assert sorry(browser.post(form, deputy="bambang", until="kapan-kapan"), "Sampai")
    assert sorry(browser.post(form, deputy="tidak-ada", until=""), "Pengganti")
    done = browser.post(form, deputy="bambang", until=day.isoformat())
    assert done.location == "/tree/91.71/LH?said=set_deputy", done.text
    # that day with all its hours, in the desk's zone
    ((until,),) = stack.sql("select until at time zone 'UTC' from appointment where deputy_of = %s and ended_at is null", away.number)
    assert until == datetime.datetime.combine(day, datetime.time(17))
    months = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()
    words = f"{day.day} {months[day.month - 1]} {day.year}"
    page = browser.get("/tree/91.71/LH")
    assert f"Menggantikan Sulastri sampai {words}" in page.text and f"Digantikan oleh Bambang sampai {words}" in page.text
    assert "Orang di sini" in page.text and len(page.forms("/orders/dismiss")) == 1  # who is away; not himself, not the overseer; the deputy's part has another end
    people = {(one["login"], one["role"]): one for one in Program(stack, admin).get("/agencies/91.71/LH").json["agency"]["people"]}
    assert people["bambang", 7]["deputy_of"] == "sulastri" and people["sulastri", 7]["deputy"] == "bambang"
    # an officer sees it, too, and has no form
    page = Browser(stack, away).get("/tree/91.71/LH")
    assert "Menggantikan Sulastri" in page.text and not page.forms("/orders/set_deputy")
    assert Program(stack, away).post("/orders/set_deputy", {"person": "sulastri", "agency": "91.71/LH"}).json["code"] == "order_role"
    stranger = Program(stack, stack.person("91.01", "coordinator"))
    said = [stranger.post("/orders/set_deputy", {"person": "sulastri", "agency": one, "deputy": "bambang"}) for one in ("91.71/LH", "97.99")]
    assert said[0].status == 422 and said[0].text == said[1].text
    # taken back, from the deputy's line or from hers: it is one order
    ends = [form for form in browser.get("/tree/91.71/LH").forms("/orders/set_deputy") if "deputy" not in form.fields]
    assert [form.fields["person"] for form in ends] == ["sulastri", "sulastri"]
    assert browser.post(ends[0]).status == 303
    assert "Menggantikan" not in browser.get("/tree/91.71/LH").text
    assert stack.sql("select count (*) from appointment where deputy_of = %s and ended_at is null", away.number) == [(0,)]


def test_forms_of_people_stand_where_the_order_is_done(stack):
    """Not of oneself, and not of whoever is above what one administers; what was changed of them is there to read."""
    boss, admin, officer = stack.person("92.01/LH", "coordinator"), stack.person("92.01/LH", "agency_admin"), stack.person("92.01/LH", "liaison")
    for who, mine in ((boss, {admin.login, officer.login}), (admin, {officer.login}), (officer, set())):
        page = Browser(stack, who).get("/tree/92.01/LH")
        for order in ("dismiss", "lock", "renew_invitation"):
            assert {form.fields["person"] for form in page.forms(f"/orders/{order}")} == mine, (who.login, order)
        links = set(re.findall(r'href="/changes\?subject=([^"]+)"', page.text))
        assert links == (set() if who is officer else {boss.login, admin.login, officer.login})


def test_an_appointment_until_a_day(stack, boss):
    browser = Browser(stack, boss)
    who = stack.person("91.01/LH", "agency_admin", login="wawan")
    form = browser.get("/tree/91.01/KES").form("/orders/appoint")
    day = datetime.date.today() + datetime.timedelta(30)
    assert browser.post(form, person="wawan", role="liaison", until=day.isoformat()).status == 303
    assert re.search(rf"Wawan.*sampai {day.day} ", browser.get("/tree/91.01/KES").text)
    assert "sampai" in Browser(stack, who).get("/account").text
    assert browser.post(browser.get("/tree/91.01/KES").form("/orders/appoint"), person="wawan", role="liaison", until="2020-01-31").status == 422


# ---- one's own account

def comes_in(stack, login):
    """Somebody who has accepted an invitation: the person, and the second factor's URI."""
    who = stack.person("91.01/PUPR", "liaison", login=login)
    return who, stack.front().order("accept_invitation", token=invited(stack, who), new_password=PASSWORD)["factor"]


def logs_in(stack, login, factor):
    browser = Browser(stack)
    page = browser.post(browser.get("/login").form("/login"), login=login, password=PASSWORD, code=code_of(factor))
    if page.status == 303:
        browser.session = bytes.fromhex(re.search(r"aduan=([0-9a-f]{64})", page.headers["Set-Cookie"])[1])
    return browser if page.status == 303 else None


def test_a_new_second_factor(stack):
    who, factor = comes_in(stack, "dewi")
    browser, other = logs_in(stack, "dewi", factor), Browser(stack, stack.people.session(who))
    assert other.get("/account").status == 200
    form = browser.get("/account").form("/orders/renew_factor")
    for wrong in ({"password": "salah sama sekali", "code": code_of(factor)}, {"password": PASSWORD, "code": "000000"}):
        page = sorry(browser.post(form, **wrong, key=os.urandom(16).hex()), "Kata sandi, atau kode")
        assert wrong["password"] not in page.text and wrong["code"] not in page.text
    stack.sql("update person set factor_step = 0 where login = 'dewi'")  # half a minute has passed: a code counts once
    page = browser.post(form, password=PASSWORD, code=code_of(factor))
    assert page.status == 200 and page.headers["Cache-Control"] == "no-store" and re.search(r'<svg class="qr" viewBox="-4 -4 \d+ \d+"', page.text)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)[1]
    assert secret not in factor and "dewi" in page.text and "/inbox" in page.text  # it is known who reads
    again = browser.post(form, password=PASSWORD, code=code_of(factor))
    assert re.search(r"<code>([A-Z2-7]{32})</code>", again.text)[1] == secret  # sent twice: one factor
    assert browser.get("/account").status == 200 and secret not in browser.get("/account").text
    assert logs_in(stack, "dewi", factor) is None
    assert logs_in(stack, "dewi", f"otpauth://totp/x?secret={secret}")
    assert other.get("/account").location.startswith("/login?said=over")


def test_other_sessions_end(stack):
    who, factor = comes_in(stack, "jaka")
    browser = logs_in(stack, "jaka", factor)
    assert not browser.get("/account").forms("/orders/logout")  # there is no other
    stack.sql("update person set factor_step = 0 where login = 'jaka'")
    second = logs_in(stack, "jaka", factor)
    program = Program(stack, second)
    assert len(program.get("/sessions").json["sessions"]) == 2
    form = browser.get("/account").form("/orders/logout")
    assert browser.post(form).location == "/account?said=logout"
    assert "Sesi lain sudah diakhiri" in browser.get("/account?said=logout").text
    assert second.get("/account").location.startswith("/login") and program.get("/sessions").status == 401
    assert stack.sql("select count (*) from session where principal_id = %s and ends_at > now ()", who.number) == [(1,)]


# ---- competence

def test_functions_and_places(stack):
    """Shown to whoever the page is for; added and taken away by whom the orders allow."""
    governor, local = stack.person("91", "coordinator"), stack.person("91.01", "coordinator")
    browser = Browser(stack, local)
    page = browser.get("/tree/91.01/LH")
    assert "Lingkungan hidup" in page.text and "Kabupaten Arjuna" in page.text and "WIT" in page.text
    found = browser.get("/tree/91.01/LH?place=lembah")
    assert found.text.count("Lembah") >= 2 and "Kabupaten Bima Sari" in found.text  # two places of one name, told apart
    form = found.forms("/orders/set_competence")[0]
    assert form.fields["held"] == "1"
    assert browser.post(form, function="KES", region="91.01.01").location == "/tree/91.01/LH?said=ordered"
    page = browser.get("/tree/91.01/LH")
    assert "Juga menangani" in page.text and "Lembah" in page.text
    held = Program(stack, local).get("/agencies/91.01/LH").json["agency"]["competences"]
    assert [(one["function"], one["region"], one["region_name"], one["may"]) for one in held] == [("KES", "91.01.01", "Lembah", True)]
    # what is another government's, is not; nor the nation's
    sorry(browser.post(browser.get("/tree/91.01/LH").forms("/orders/set_competence")[-1], function="KES", region="92.01.01"), "Wilayah")
    assert "Seluruh negeri" not in str(browser.get("/tree/91.01/LH").text)
    # an officer sees it
    page = Browser(stack, stack.person("91.01/LH", "liaison")).get("/tree/91.01/LH")
    assert "Juga menangani" in page.text and not page.forms("/orders/set_competence") and not page.forms("/orders/set_function")
    # a neighbour does not
    for path in ("/tree/91.01/LH", "/tree/97.99"):
        assert Browser(stack, governor).get(path).status == 404
    said = [Program(stack, governor).post("/orders/set_competence", {"agency": one, "function": "KES", "region": "91"}) for one in ("91.01/LH", "97.99")]
    assert said[0].status == 422 and said[0].text == said[1].text
    end = next(form for form in browser.get("/tree/91.01/LH").forms("/orders/set_competence") if "held" not in form.fields)
    assert (end.fields["function"], end.fields["region"]) == ("KES", "91.01.01")
    assert browser.post(end).status == 303 and "Juga menangani" not in browser.get("/tree/91.01/LH").text
    # the nation's is the root's to give
    national = Browser(stack, stack.person("ID", "coordinator"))
    page = national.get("/tree/KEMCONTOH")
    assert national.post(page.forms("/orders/set_competence")[0], function="PUPR", region="").status == 303
    page = national.get("/tree/KEMCONTOH")
    assert re.search(r"Pekerjaan umum <small>PUPR</small> – Seluruh negeri", page.text)
    assert national.post(next(form for form in page.forms("/orders/set_competence") if "held" not in form.fields)).status == 303
    assert not Program(stack, stack.person("ID", "coordinator")).get("/agencies/KEMCONTOH").json["agency"]["competences"]


def test_an_agencys_own_function(stack):
    local, root = Browser(stack, stack.person("91.01", "coordinator")), Browser(stack, stack.person("ID", "coordinator"))
    assert not local.get("/tree/91.01").forms("/orders/set_function") and root.get("/tree/91.01").forms("/orders/set_function")
    form = local.get("/tree/91.01/KES").form("/orders/set_function")
    assert (form.fields["function"], form.fields["region"], form.fields["zone"]) == ("KES", "91.01", "WIT")
    assert local.post(form, zone="WITA").status == 303
    assert stack.sql("select f.code, region, zone from agency join function f using (function_id) where agency.code = '91.01/KES'") == [("KES", "91.01", 8)]
    assert local.post(local.get("/tree/91.01/KES").form("/orders/set_function"), function="", zone="WIT").status == 303
    assert stack.sql("select function_id, region, zone from agency where code = '91.01/KES'") == [(None, "91.01", 9)]
    assert local.post(local.get("/tree/91.01/KES").form("/orders/set_function"), function="KES").status == 303


def test_an_agencys_traits(stack):
    """Ticked together; each stands where who reads may give it, and what he may not stays as it is."""
    local, root = Browser(stack, stack.person("91.01", "coordinator")), Browser(stack, stack.person("ID", "coordinator"))
    flags = lambda code: stack.sql("select flags from agency where code = %s", code)[0][0]  # noqa: E731

    def boxes(page):
        return re.findall(r'type="checkbox" name="flags" value="(\w+)"( checked)?', page.text)
    assert boxes(local.get("/tree/91.01/KES")) == [("desk", "")]
    assert boxes(root.get("/tree/91.01")) == [("desk", " checked"), ("inspectorate", ""), ("central", "")]
    assert boxes(root.get("/tree/91.01/PENGAWASAN")) == [("desk", ""), ("inspectorate", " checked"), ("central", "")]
    # other fields alone change nothing of it, whoever sends them
    assert local.post(local.get("/tree/91.01/KES").form("/orders/set_function"), zone="WITA").status == 303 and flags("91.01/KES") == "-"
    assert root.post(root.get("/tree/91.01/PENGAWASAN").form("/orders/set_function"), flags=["-", "inspectorate"]).status == 303 and flags("91.01/PENGAWASAN") == "inspectorate"
    form = root.get("/tree/91.71/KES").form("/orders/set_function")
    assert root.post(form, flags=["-", "desk", "central"]).status == 303 and flags("91.71/KES") == "desk,central"
    city = Browser(stack, stack.person("91.71", "coordinator"))
    page = city.get("/tree/91.71/KES")
    assert boxes(page) == [("desk", " checked")] and '<input type="hidden" name="flags" value="central">' in page.text and "Instansi pusat" in page.text
    assert city.post(page.form("/orders/set_function"), flags=["-", "desk", "central"], zone="WITA").status == 303 and flags("91.71/KES") == "desk,central"
    sorry(city.post(city.get("/tree/91.71/KES").form("/orders/set_function"), flags=["-", "inspectorate"]), "Sifat")
    assert root.post(root.get("/tree/91.71/KES").form("/orders/set_function"), flags=["-"], zone="WIT").status == 303 and flags("91.71/KES") == "-"
    assert local.post(local.get("/tree/91.01/KES").form("/orders/set_function"), zone="WIT").status == 303


def test_ones_own_name_and_language(stack):
    who = stack.person("91.01/PUPR", "liaison")
    browser = Browser(stack, who)
    form = browser.get("/account").form("/orders/change_person")
    assert form.fields["name"] == who.login.capitalize() and form.fields["language"] == "id"
    done = browser.post(form, name="  Siti <Aminah> ", language="en")
    assert done.status == 303 and done.location == "/account?said=change_person"
    # what this browser was told before does not stand in the way
    assert done.headers["Set-Cookie"].startswith("aduan-language=en;")
    page = browser.get(done.location)
    assert '<html lang="en">' in page.text and "Siti &lt;Aminah&gt;" in page.text and "Name and language saved." in page.text
    assert stack.sql("select name, language from person where login = %s", who.login) == [("Siti <Aminah>", 2)]
    again = browser.get("/account").form("/orders/change_person")
    assert again.fields["language"] == "en"
    wrong = browser.post(again, name=" ")
    assert wrong.status == 422 and "<b>Name</b>" in wrong.text and stack.sql("select name from person where login = %s", who.login) == [("Siti <Aminah>",)]
    # another's language is no choice of this browser's
    boss = Browser(stack, stack.person("91.01", "coordinator"))
    csrf = boss.get("/account").form("/language").fields["csrf"]
    other = boss.send("/orders/change_person", {"csrf": csrf, "person": who.login, "language": "id", "back": "/account"})
    assert other.status == 303 and "Set-Cookie" not in other.headers and stack.sql("select language from person where login = %s", who.login) == [(1,)]


# ---- and as JSON

def test_what_programs_read(stack, web, boss):
    description, program = described(), Program(stack, boss)
    number = placed(stack, web, "Pagar jembatan hilang")
    Program(stack, boss).post("/orders/permit", {"number": number, "agency": "91.71/PUPR", "level": "state", "days": 1, "reason": "Batas wilayah"})
    for path, asked in (("/keys", "/keys"), ("/keys", "/keys?agency=91.01"), ("/keys/{name}", "/keys/arjuna-app"), ("/sessions", "/sessions"), ("/functions", "/functions"),
                        ("/regions", "/regions?q=lembah"), ("/agencies/{code}", "/agencies/91.01/LH"), ("/cases/{number}", f"/cases/{number}")):
        assert validated(description, path, "get", program.get(asked)).status == 200, asked
    assert {one["code"] for one in program.get("/regions?q=lembah").json["regions"]} == {"91.01.01", "92.01.01"}
    assert program.get("/regions?q=").json["regions"] == [] and len(program.get("/functions").json["functions"]) == 5
    assert {"arjuna-app"} <= {one["name"] for one in program.get("/keys?" + urllib.parse.urlencode({"agency": "91.01"})).json["keys"]}


def test_a_renewed_access_is_shown(stack, boss):
    """Who made an invitation is on the account page of whose access it is, open and used; the log-in after it leads there."""
    front, admin = stack.front(), stack.person("91.01/PUPR", "agency_admin", login="kepala.pupr")
    token = front.order("invite", boss, login="melati", name="Melati", agency="91.01/PUPR", role="liaison")["token"]
    browser = logs_in(stack, "melati", front.order("accept_invitation", token=token, new_password=PASSWORD)["factor"])
    page = browser.get("/account").text
    assert boss.login in page and "Terbuka, belum diterima" not in page
    token = front.order("renew_invitation", admin, person="melati")["token"]
    page = browser.get("/account").text
    assert "Terbuka, belum diterima" in page and "Kepala.pupr" in page
    factor = front.order("accept_invitation", token=token, new_password=PASSWORD)["factor"]
    assert browser.get("/account").location.startswith("/login?said=over")
    page = Browser(stack).post(Browser(stack).get("/login").form("/login"), login="melati", password=PASSWORD, code=code_of(factor), to="/search?q=x")
    assert page.location == "/account?said=renewed"
    browser.session = bytes.fromhex(re.search(r"aduan=([0-9a-f]{64})", page.headers["Set-Cookie"])[1])
    page = browser.get(page.location)
    assert "diperbarui sejak Anda terakhir di sini" in page.text and page.text.index("Kepala.pupr") < page.text.index(boss.login)


def test_a_weak_password_is_named(stack):
    """Where an invitation is accepted and where a password is changed; what was typed is not shown again."""
    who = stack.person("91.01/PUPR", "liaison", login="kenanga")
    token, browser = invited(stack, who), Browser(stack)
    for weak, words in (("RahasiaMerdeka45", "paling dulu ditebak"), ("aaaaaaaaaaaa", "berulang atau berurutan"), ("kenanga kenangan", "nama pengguna Anda")):
        page = browser.post(browser.get("/invitation").form("/invitation"), token=token, new_password=weak)
        assert page.status == 422 and words in page.text and weak not in page.text and token in page.text
    page = browser.call("POST", "/invitation", urllib.parse.urlencode({"token": token, "new_password": "123456789012"}), Accept_Language="en",
                        **{"Content-Type": "application/x-www-form-urlencoded"})
    assert "goes in a row" in page.text
    factor = browser.post(browser.get("/invitation").form("/invitation"), token=token, new_password=PASSWORD)
    browser = logs_in(stack, "kenanga", f"otpauth://totp/x?secret={re.search('<code>([A-Z2-7]{32})</code>', factor.text)[1]}")
    page = browser.post(browser.get("/account").form("/orders/change_password"), password=PASSWORD, new_password="passwordpassword")
    assert page.status == 422 and "<b>Kata sandi baru: berulang atau berurutan" in page.text and "passwordpassword" not in page.text
