"""Open311 GeoReport v2: the wire rules that clients in the field break on, one by one, in both formats; repeats, updates both ways, and
what must never be seen."""
import concurrent.futures
import datetime
import json
import re
import time
import unicodedata

import pytest

from content import camera_photo, digest
from open311 import City, same, well_formed  # noqa: F401
from stack import WEB, Stack

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UNIT = "91.01/PUPR"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=WEB) as running:
        yield running


@pytest.fixture(scope="module")
def front(stack):
    return stack.front()


@pytest.fixture(scope="module")
def boss(stack):
    return stack.person("91.01", "coordinator")


def client(stack, front, boss, name, **more):
    """An integrator's account, and its client as soon as aduan-web knows its token."""
    assert front.order("make_key", boss, name=name, role="adapter", agency="91.01").word == "done"
    city = City(stack, front.order("make_token", boss, name=name, **more)["token"])
    until(lambda: city.get(f"/open311/v2/servicerequestupdates.json?api_key={city.key}").status == 200)
    return city


def until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it does not come to be"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def city(stack, front, boss):
    return client(stack, front, boss, "kota-satu")


@pytest.fixture(scope="module")
def other(stack, front, boss):
    return client(stack, front, boss, "kota-dua", expected="false")


@pytest.fixture(scope="module")
def worker(stack):
    return stack.worker()


def row(stack, number):
    """Complaint and content, when it is stored."""
    return stack.wait("select c.complaint_id, c.state, c.flags, c.channel, c.category, c.region, t.body, t.latitude, t.longitude, t.location, encode (t.attachments, 'hex'),"
                      " t.seal is not null, t.contact is not null, t.incident::text from complaint c join content t using (complaint_id)"
                      " where number_text (c.number) = %s", number)[0]


def published(stack, number):
    """Waits until strangers may read it, and lets it be some hours old."""
    complaint = row(stack, number)[0]
    stack.wait("select 1 from search_entry where complaint_id = %s and hour is not null", complaint)
    stack.rewrite("update event set at = at - interval '3 hours' where complaint_id = %s", complaint)
    return complaint


def a_day_later(stack, complaint):
    stack.rewrite("update complaint set received = received - interval '25 hours' where complaint_id = %s", complaint)
    stack.sql("update search_entry set hour = hour - 25 where complaint_id = %s", complaint)


def act(stack, worker, number, acts):
    """What its holder does, who has pulled it."""
    agency = stack.sql("select agency_id from agency where code = %s", UNIT)[0][0]
    case = None
    while not case or case["number"] != number:
        (case,) = worker.pull([agency], 1, wait=5000, lease=60000)
        verdict, _ = worker.act(case, "ack")
        assert verdict == "done"
    version = case["version"] + 1
    for word, text, tags in acts:
        verdict, fields = worker.act(case, word, text, version=version, **tags)
        assert verdict == "done", fields
        version += 1


@pytest.fixture(scope="module")
def known(stack, city, worker):
    """A published request in work, of the first client."""
    number = city.request("Jalan berlubang di depan pasar, dua pengendara jatuh.")
    act(stack, worker, number, [("progress", "Regu kami sudah meninjau.", {})])
    published(stack, number)
    return number


# ---- discovery, services --------------------------------------------------------------------------------------------

def test_discovery(stack, city):
    """Rules 17 and 18: bare types, two endpoints, a changeset in the past."""
    said = City(stack, base="/open311").read("discovery")
    assert said == city.read("discovery")
    assert [one["type"] for one in said["endpoints"]] == ["production", "test"]
    for one in said["endpoints"]:
        assert one["formats"] == ["text/xml", "application/json"] and one["url"].startswith(f"http://127.0.0.1:{city.port}/open311/")
        assert one["specification"] == "http://wiki.open311.org/GeoReport_v2"
        services = city.get(one["url"].split(str(city.port))[1] + "/services.json")
        assert services.status == 200
    assert MOMENT.fullmatch(said["changeset"]) and said["changeset"] < datetime.datetime.now(datetime.timezone.utc).isoformat()
    assert said["contact"] and said["key_service"]
    assert city.get("/open311/v2/discovery").headers["Content-Type"] == "text/xml"


def test_services(city):
    """Rules 2, 4, 9, 15, 16: codes with a letter, words of XML's booleans, `private` alone, groups."""
    services = {one["service_code"]: one for one in city.read("services")}
    assert all(re.fullmatch("K[0-9]+", code) for code in services) and len(services) == 6
    assert services["K1"] == {"service_code": "K1", "service_name": "Jalan dan jembatan", "description": "Jalan dan jembatan", "metadata": True, "type": "realtime",
                              "keywords": None, "group": "Jalan dan jembatan"}
    assert services["K6"]["keywords"] == "private", "a category of oversight"
    marked = city.get("/open311/v2/services.xml").text
    well_formed(marked.encode())
    assert "<metadata>true</metadata>" in marked and "<keywords>private</keywords>" in marked


def test_groups(stack, city):
    """Rule 16: a service is in the topmost category above it, and in several in each of them."""
    stack.sql("insert into category (category_id, parent, name) values (71, 1, 'Penerangan <jalan>'), (72, 71, 'Lampu & tiang')")
    try:
        services = {one["service_code"]: one for one in city.read("services")}
        assert services["K71"]["group"] == "Jalan dan jembatan" and "groups" not in services["K71"]
        assert services["K72"]["group"] == "Jalan dan jembatan" and services["K72"]["groups"] == ["Jalan dan jembatan", "Penerangan <jalan>"]
    finally:
        stack.sql("delete from category where category_id in (71, 72)")


def test_a_definition(city):
    """Rule 4: real booleans, order a number, values of lists."""
    said = city.read("services/K1")
    assert said["service_code"] == "K1" and [one["order"] for one in said["attributes"]] == [1, 2, 3, 4]
    for one in said["attributes"]:
        assert one["variable"] is True and one["required"] is False and re.fullmatch("[A-Z]+", one["code"])
    assert [value["key"] for value in said["attributes"][1]["values"]] == ["complaint", "aspiration", "info_request"]
    city.read("services/K99", 404)
    city.read("services/x", 404)


# ---- requests in ----------------------------------------------------------------------------------------------------

def test_a_request_has_its_number_at_once(stack, city):
    """Rules 1 to 3: an id with a letter, no token beside it; what it said is there."""
    for ending in ("json", "xml"):
        answer = city.send(city.fields(f"Trotoar rusak di depan sekolah, {ending}.", email="warga@example.org", first_name="Sari", last_name="Wulan",
                                       phone="+62 811-000-111", **{"attribute[INCIDENT]": "2026-11-20T06:00:00+07:00", "attribute[ANEH]": "x", "lain": "y"}), ending=ending)
        assert answer.status == 200 and "token" not in answer.text
        number = re.search("A[0-9A-HJKMNP-TV-Z]{13}", answer.text)[0]
        stored = row(stack, number)
        assert (stored[3], stored[4], stored[5]) == (11, 1, "91.01") and stored[2] & 3 == 0, "public, and whoever gives his name is not anonymous"
        assert (stored[7], stored[8]) == (-33333333, 1401234567) and stored[11] and stored[12] and stored[13] == "2026-11-20"
        assert "Sari" not in stored[6]
    well_formed(answer.bytes)


@pytest.mark.parametrize("more, status", [
    ({"api_key": None}, 403), ({"api_key": ""}, 403), ({"api_key": "a" * 64}, 403), ({"api_key": "salah"}, 403),
    ({"service_code": None}, 400), ({"service_code": ""}, 400), ({"service_code": "K99"}, 404), ({"service_code": "001"}, 404),
    ({"lat": None, "long": None, "address_id": None}, 400), ({"lat": "", "long": "", "address_id": "", "address_string": ""}, 400),
    ({"lat": None}, 400), ({"lat": "utara"}, 400), ({"lat": "91"}, 400), ({"long": "nan"}, 400),
    ({"description": "x" * 10001}, 400), ({"attribute[INCIDENT]": "2999-01-01"}, 400), ({"attribute[INCIDENT]": "1944-12-31"}, 400), ({"address_string": "x" * 501, "lat": None, "long": None}, 400)],
    ids=lambda value: str(value)[:40])
def test_faults_of_a_request(city, more, status):
    """Rule 8: in the format that was asked for, an array in JSON; an empty parameter counts as absent."""
    fields = city.fields("Sampah menumpuk.", **more)
    plain, marked = city.send(fields), city.send(fields, ending="xml")
    assert (plain.status, marked.status) == (status, status), plain.text
    city.both(plain, marked, "requests")


def test_faults_by_address(stack, city):
    strange = "\u00e9" * 300 + "\ufffe<&>"
    plain, marked = (city.send(city.fields("x", service_code=strange), ending=ending) for ending in ("json", "xml"))
    assert plain.status == 404 and "\u00e9\u00e9" in city.both(plain, marked, "requests")[0]["description"]
    for noun in ("requests/A0000000000000", "requests/17", "tokens/A0000000000000", "tokens/x", "lain", "requests/a/b"):
        city.read(noun, 404)
    for ending in ("json", "xml"):
        answer = city.ask("PUT", f"/open311/v2/requests.{ending}")
        assert answer.status == 405 and answer.headers["Content-Type"].endswith("; charset=utf-8") and "405" in answer.text
    assert "405" in city.ask("POST", "/open311/v2/services.json", "", {"Content-Type": "application/x-www-form-urlencoded"}).text
    large = city.ask("POST", "/open311/v2/services.json", "a=" + "x" * 300000, {"Content-Type": "application/x-www-form-urlencoded"})
    assert large.status == 413 and json.loads(large.text)[0]["code"] == 413
    for kind, body in (("application/x-www-form-urlencoded", "api_key=%ff%fe"), ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"x\""),
                       ("multipart/form-data", "--b"), ("application/json", '{"api_key": "x"}')):
        broken = city.ask("POST", "/open311/v2/requests.json", body, {"Content-Type": kind})
        assert broken.status in (400, 403) and json.loads(broken.text)[0]["code"] == broken.status, kind
    # Indonesian first
    assert "tidak ditemukan" in City(stack, language="id").get("/open311/v2/services/K99.json").text


def test_least_that_may_be_said(stack, city):
    """The specification needs a service and a place, and no words."""
    number = city.request(None, service_code="K3", lat=None, long=None, address_id=None, address_string="Jalan Melati 3, Lembah", first_name="", email="")
    stored = row(stack, number)
    unknown = city.request("Entah di mana.", lat=None, long=None, address_id="#NOTPINPOINTED#")
    assert row(stack, unknown)[9] == "#NOTPINPOINTED#", "an id that we do not know is kept as it came"
    assert stored[6] == "Lingkungan" and stored[9] == "Jalan Melati 3, Lembah" and stored[2] & 3 == 1 and not stored[11]


def test_media_and_links(stack, city):
    """Rules 7 and 13: media_url plain or repeated, attribute[X][], files of any field."""
    first, second = camera_photo(), camera_photo(orientation=1)
    number = city.request("Lampu padam.", files=[("photo1", "a.jpg", first), ("file_2", "b.jpg", second)], **{"attribute[CLASS][]": "aspiration"})
    assert row(stack, number)[10] == digest(first) + digest(second)
    assert stack.sql("select class from complaint where number_text (number) = %s", number)[0][0] == 4
    number = city.request("Lampu padam lagi.", media_url=["https://foto.example/1.jpg", "https://foto.example/2.jpg"])
    assert row(stack, number)[6] == "Lampu padam lagi.\n\nhttps://foto.example/1.jpg\nhttps://foto.example/2.jpg"
    refused = city.send(city.fields("Filem."), [("media", "a.bin", b"\x00\x01\x02" * 100)])
    assert refused.status == 400 and json.loads(refused.text)[0]["code"] == 400


def test_a_private_service_is_secret(stack, city):
    assert row(stack, city.request("Loket tidak melayani.", service_code="K6"))[2] & 2
    assert row(stack, city.request("Warung tanpa izin.", **{"attribute[SECRET]": "yes"}))[2] & 3 == 3


# ---- repeats --------------------------------------------------------------------------------------------------------

def test_the_same_again_is_one(stack, city, other):
    """Rules 12 and 20: line ends, blanks and letters' forms make no other request; another place or client does."""
    words = "title: Selokan mampet\n\ndetail: Air meluap ke jalan, kafé tutup.\n\nurl: https://lapor.example/1\n"
    first = city.request(words)
    assert city.request(words.replace("\n", "\r\n")) == first
    assert city.request(unicodedata.normalize("NFD", words).replace(" ", "  ") + "  \n") == first
    assert city.request(words, lat="-3.3333334") != first and other.request(words) != first
    assert city.request(words, **{"attribute[SECRET]": "yes"}) != first
    assert row(stack, first)[6] == words.strip()


def test_a_repeat_of_yesterday_is_found_by_what_it_says(stack, city):
    """Within a day it needs no key of this day: what is stored answers, be intake away."""
    number = city.request("Pohon tumbang menutup jalan desa.")
    complaint = row(stack, number)[0]
    stack["intake"].kill()
    assert city.request("Pohon  tumbang menutup jalan desa.\r\n") == number
    stack["intake"].start()
    stack["intake"].wait_principals()
    # a day later it is news of that case, once however often it comes on that day
    a_day_later(stack, complaint)
    for _ in range(2):
        assert city.request("Pohon tumbang menutup jalan desa.") == number
    stack.wait("select 1 from event where complaint_id = %s and kind = 32", complaint)
    assert stack.sql("select count (*) from event where complaint_id = %s and kind = 32", complaint)[0][0] == 1
    assert stack.sql("select count (*) from content where body = 'Pohon tumbang menutup jalan desa.'")[0][0] == 1


def test_a_repeat_reopens_what_was_resolved(stack, city, worker):
    words = "Pipa bocor di simpang tiga."
    number = city.request(words)
    act(stack, worker, number, [("progress", "Kami kerjakan.", {}), ("close", "Sudah diperbaiki.", {"t12": 1})])
    complaint = published(stack, number)
    assert city.read(f"requests/{number}")[0]["status"] == "closed"
    a_day_later(stack, complaint)
    assert city.request(words) == number
    stack.wait("select 1 from event where complaint_id = %s and kind = 37", complaint)
    assert city.read(f"requests/{number}")[0]["status"] == "open"


# ---- requests out ---------------------------------------------------------------------------------------------------

def test_one_request(city, other, known):
    """Rules 2 to 7: numbers are numbers, what is empty is null, moments without fractions, one text as media_url."""
    (one,) = city.read(f"requests/{known}")
    assert one["service_request_id"] == known and one["status"] == "open" and one["service_code"] == "K1"
    assert one["description"] == "Jalan berlubang di depan pasar, dua pengendara jatuh." and one["address"] == "Kabupaten Arjuna, Nusa Timur"
    assert one["service_name"] == "Jalan dan jembatan" and one["status_notes"] == "Regu kami sudah meninjau." and one["agency_responsible"] == "Dinas Pekerjaan Umum Kabupaten Arjuna"
    assert one["address_id"] == "R91-01" and one["zipcode"] is None and one["media_url"] is None
    assert (one["lat"], one["long"]) == (-3.333, 140.123), "to some hundred metres"
    for name in ("requested_datetime", "updated_datetime", "expected_datetime"):
        assert MOMENT.fullmatch(one[name]), one
    # rule 5: a client that fails on a filled one is sent none
    (strict,) = other.read(f"requests/{known}", api_key=other.key)
    assert strict["expected_datetime"] is None and strict["requested_datetime"]
    assert "expected_datetime" not in other.get(f"/open311/v2/requests/{known}.xml?api_key={other.key}").text
    assert city.read(f"tokens/{known}") == [{"service_request_id": known, "token": known}]
    assert city.read(f"requests/{known.lower()}")[0]["service_request_id"] == known


def test_filters(stack, city, worker, known):
    closed = city.request("Plat selokan hilang di gang buntu.")
    act(stack, worker, closed, [("progress", "Kami pasang.", {}), ("close", "Sudah dipasang.", {"t12": 1})])
    published(stack, closed)
    health = city.request("Puskesmas tutup sebelum jam layanan.", service_code="K2", lat="-3.5", long="140.5")
    published(stack, health)

    def ids(**fields):
        answer = city.get(city.path("requests", "json", fields))
        assert answer.status == 200, answer.text
        return [one["service_request_id"] for one in json.loads(answer.text)]

    everything = ids()
    assert everything == [one["service_request_id"] for one in city.read("requests")]
    assert {known, closed, health} <= set(everything)
    assert closed in ids(status="closed") and known not in ids(status="closed") and known in ids(status="open")
    assert ids(status="open,closed") == everything == ids(status=["open", "closed"]) == ids(status="", service_code="", start_date="", page="", page_size="")
    assert ids(service_code="K2") == [health] and sorted(ids(service_code="K1,K2")) == sorted(ids(service_code=["K1", "K2"])) == sorted(everything)
    assert ids(service_code="K4") == [] == ids(service_code="17"), "an empty list is a list"
    assert [number for page in range(1, len(everything) // 2 + 2) for number in ids(page=page, page_size=2)] == everything
    assert ids(service_code="K1,K2", page=2, page_size=1) == [ids(service_code="K1,K2")[1]]
    assert ids(lat="-3.5", long="140.5", radius="300") == [health]
    # named ones, whatever else is said
    assert set(ids(service_request_id=f"{known},{health},A0000000000000,x", status="closed", service_code="K4")) == {known, health}
    assert ids(service_request_id=",".join([known] * 300)) == [known], "named often it is one"
    assert ids(status="OPEN") == ids(status="open") and ids(status=["Closed", "CLOSED"]) == ids(status="closed")
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    assert known in ids(start_date=(now - 2 * hour).isoformat(timespec="seconds"), end_date=(now + hour).strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert known not in ids(end_date=(now - 2 * hour).isoformat(timespec="seconds"))
    assert known in ids(updated_after=(now - 30 * hour).strftime("%Y-%m-%dT%H:%M:%SZ")) and ids(updated_after=(now + hour).strftime("%Y-%m-%dT%H:%M:%SZ")) == []
    plus = city.get("/open311/v2/requests.json?start_date=" + (now - 2 * hour).isoformat(timespec="seconds"))
    assert plus.status == 200 and known in plus.text, "a plus that nobody has escaped"
    for wrong in ({"start_date": "kemarin"}, {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}, {"page": "0"}, {"page_size": "x"}, {"page": "101"},
                  {"status": "selesai"}, {"lat": "1"}, {"updated_after": "x"}, {"service_code": ",".join(f"K{n}" for n in range(1, 23))},
                  {"service_code": "K1,K2", "page": 3}):
        city.read("requests", 400, **wrong)


def test_long_addresses(city, known):
    """Rule 10: all open ids at once, and beyond the limit our own 414."""
    many = ",".join(["A0000000000000"] * 300 + [known])
    assert [one["service_request_id"] for one in city.read("requests", service_request_id=many, lain="x" * 59000)] == [known]
    city.read("requests", 414, service_request_id="A0000000000000," * 4500)
    many = "/open311/v2/requests{}?" + "a=b&" * 5000
    for ending, told in ((".json", '[{"code": 414'), (".xml", "<errors><error><code>414</code>"), ("", "<errors><error><code>414</code>")):
        answer = city.get(many.format(ending))
        assert answer.status == 414 and told.replace(" ", "") in answer.text.replace(" ", "").replace("\n", ""), (ending, answer.text)
    answer = city.get("/api/v1/cases?" + "a=b&" * 5000)
    assert answer.status == 414 and json.loads(answer.text)["code"] == "address_long"


# ---- updates --------------------------------------------------------------------------------------------------------

def updates(city, **more):
    return city.read("servicerequestupdates", **more)


def test_updates_out(stack, city, other, known):
    """Rule 14: lower case, ids that stay, within the window that was asked for."""
    mine = [one for one in updates(city, api_key=city.key) if one["service_request_id"] == known]
    assert [(one["status"], one["description"]) for one in mine] == [("open", "Forwarded to Dinas Pekerjaan Umum Kabupaten Arjuna."),
                                                                     ("in_progress", "Regu kami sudah meninjau.")]
    for one in mine:
        assert re.fullmatch("A[0-9A-Z]{13}-[0-9]+", one["update_id"]) and MOMENT.fullmatch(one["updated_datetime"]) and one["media_url"] is None
    assert not [one for one in updates(other, api_key=other.key) if one["service_request_id"] == known], "a key asks for its own"
    assert mine[0] in updates(other)
    at = mine[1]["updated_datetime"]
    before = (datetime.datetime.fromisoformat(at[:-1]) - datetime.timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert mine[1] not in updates(city, start_date=before, end_date=at)
    assert mine[1] in updates(city, start_date=at)
    city.read("servicerequestupdates", 403, api_key="b" * 64)


def events(stack, number, kind):
    return stack.sql("select e.text from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = %s order by e.number", number, kind)


def test_updates_in(stack, city, other, known):
    answer = city.update(known, "u-1", "OPEN", "Ada lubang kedua\r\ndi dekatnya.")
    assert answer.status == 200, answer.text
    (said,) = json.loads(answer.text)
    assert re.fullmatch("[A-Za-z0-9_-]+", said["update_id"]) and re.search("[A-Za-z]", said["update_id"])
    assert json.loads(city.update(known, "u-1", "OPEN", "Ada lubang kedua\ndi dekatnya.").text) == [said], "one by key and update_id"
    assert json.loads(city.update(known, "u-1", "OPEN", "Bukan, lain lagi.").text) == [said], "the first stands"
    photo = camera_photo()
    assert city.update(known, "u-2", "INTERNAL_REFERRAL", "Ini jalan provinsi.", [("photo1", "a.jpg", photo)]).status == 200
    assert city.update(known, "u-3", "SEDANG_ANEH", "Masih berlubang.", media_url="https://foto.example/3.jpg").status == 200
    stack.wait("select 1 from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.text like 'Masih berlubang.%%'", known)
    assert events(stack, known, 32) == [("Ada lubang kedua\ndi dekatnya.",), ("Ini jalan provinsi.\n\n(INTERNAL_REFERRAL)",), ("Masih berlubang.\n\nhttps://foto.example/3.jpg",)]
    # not a word on somebody else's, and no telling whether it is there
    foreign, absent = other.update(known, "u-4", "OPEN", "Halo."), other.update("A0000000000000", "u-4", "OPEN", "Halo.")
    assert (foreign.status, absent.status) == (404, 404) and foreign.text.replace(known, "") == absent.text.replace("A0000000000000", "")
    said = {"api_key": city.key, "service_request_id": known, "update_id": "u-5", "updated_datetime": "2026-11-20T08:00:00Z", "status": "OPEN", "description": "x"}
    for gone in ("api_key", "service_request_id", "update_id", "updated_datetime", "status", "description"):
        wrong = city.send({**said, gone: ""}, noun="servicerequestupdates")
        assert wrong.status == (403 if gone == "api_key" else 400), gone
    for wrong in ("kemarin", "27/11/2026", "27-11-2026"):
        assert city.update(known, "u-5", "OPEN", "x", updated_datetime=wrong).status == city.update(known, "u-1", "OPEN", "x", updated_datetime=wrong).status == 400, wrong


def test_updates_that_end_and_reopen(stack, city, worker):
    number = city.request("Rambu roboh di tikungan.")
    act(stack, worker, number, [("progress", "Kami pasang lagi.", {})])
    published(stack, number)
    assert city.update(number, "v-1", "FIXED", "Sudah berdiri lagi.").status == 200
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 7", number)
    assert city.update(number, "v-1", "FIXED", "Sudah berdiri lagi.").status == 200
    assert city.update(number, "v-3", "FIXED", "Terima kasih.").status == 200
    assert city.update(number, "v-2", "REOPEN", "Roboh lagi.").status == 200
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 5", number)
    assert city.update(number, "v-2", "REOPEN", "Roboh lagi.").status == 200
    assert [len(events(stack, number, kind)) for kind in (36, 37)] == [1, 1]
    assert not {"fixed"} & {one["status"] for one in updates(city, api_key=city.key) if one["service_request_id"] == number}, "it knows what it has said itself"


# ---- what must not be seen ------------------------------------------------------------------------------------------

def test_secret_ones_never_appear(stack, city, worker):
    """Rule 19: not in lists, not by id, not through a token, not by another fault."""
    words = "Kenari rahasia: bendahara memotong bantuan."
    number = city.request(words, **{"attribute[SECRET]": "yes"})
    act(stack, worker, number, [("progress", "Kenari rahasia ditelusuri.", {})])
    complaint = row(stack, number)[0]
    stack.rewrite("update event set at = at - interval '3 hours' where complaint_id = %s", complaint)
    absent = "A0000000000000"
    for noun in (f"requests/{number}", f"tokens/{number}"):
        city.read(noun, 404, api_key=city.key)
        for ending in ("json", "xml"):
            seen, none = city.get(f"/open311/v2/{noun}.{ending}"), city.get(f"/open311/v2/{noun.replace(number, absent)}.{ending}")
            assert (seen.status, seen.text.replace(number, "")) == (none.status, none.text.replace(absent, ""))
    assert city.read("requests", service_request_id=number, api_key=city.key) == []
    for said in (city.read("requests"), city.read("requests", api_key=city.key), updates(city, api_key=city.key), updates(city)):
        assert number not in json.dumps(said) and "Kenari" not in json.dumps(said)


def test_nothing_of_it_is_logged(stack, city):
    for program in stack.programs.values():
        with open(program.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        assert city.key not in text and "api_key=" not in text and "warga@example.org" not in text


# ---- keys -----------------------------------------------------------------------------------------------------------

def test_the_test_endpoint_keeps_nothing(stack, city, front, boss):
    trial = City(stack, city.key, base="/open311/test/v2")
    assert re.fullmatch("A[0-9A-Z]{13}", trial.request("Percobaan pertama."))
    assert trial.send(trial.fields("Percobaan.", service_code="K99")).status == 404
    sandbox = City(stack, front.order("make_token", boss, name="kota-satu", sandbox="true")["token"])
    until(lambda: sandbox.send(sandbox.fields("Percobaan kedua.")).status == 200)
    city.request("Sesudah percobaan.")
    stack.wait("select 1 from content where body = 'Sesudah percobaan.'")
    assert stack.sql("select count (*) from content where body like 'Percobaan%%'")[0][0] == 0


def test_limits_and_revocation(stack, front, boss):
    client(stack, front, boss, "kota-tiga").request("Laporan pembuka.")
    few = City(stack, front.order("make_token", boss, name="kota-tiga", submissions="2", hours="0")["token"])
    until(lambda: few.get(f"/open311/v2/servicerequestupdates.json?api_key={few.key}").status == 200)
    assert [few.send(few.fields(f"Laporan ke-{n}.")).status for n in range(3)] == [200, 200, 429]
    assert front.order("revoke_token", boss, name="kota-tiga").word == "done"
    began = time.monotonic()
    until(lambda: few.send(few.fields("Laporan ke-0.")).status == 403)
    assert time.monotonic() - began < 3


def test_without_the_others(stack, city):
    """Who may come in is known from the last list, also after a start; what would be read says so in its format."""
    for name in ("query", "intake"):
        stack[name].kill()
    stack.restart("web")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask) for ask in (lambda: city.get("/open311/v2/requests.xml"), lambda: city.send(city.fields("Jembatan miring."), ending="xml"))]
    for away in (one.result() for one in asked):
        assert away.status == 503 and int(away.headers["Retry-After"]) > 0 and "<code>503</code>" in away.text
        well_formed(away.bytes)
    stack["intake"].start()
    stack["intake"].wait_principals()
    number = city.request("Laporan tanpa basis data.")
    assert city.request("Laporan  tanpa basis data.") == number
    assert city.send(city.fields("x", api_key="c" * 64)).status == 403
    stack["query"].start()
    row(stack, number)


def test_keyless(stack, city):
    with open(stack.settings, encoding="utf-8") as file:
        text = file.read()
    with open(stack.settings, "w", encoding="utf-8") as file:
        file.write(text.replace("\nweb:\n", "\nweb:\n  open311:\n    keyless: true\n    contact: Meja bantuan\n"))
    stack.restart("web")
    anybody = City(stack)
    number = anybody.request("Laporan tanpa kunci.")
    assert stack.wait("select p.name from complaint c join principal p on p.principal_id = c.adapter where number_text (c.number) = %s", number) == [("open311",)]
    assert anybody.request("Laporan tanpa kunci.") == number
    assert anybody.send(anybody.fields("x", api_key="salah")).status == 403
    assert anybody.read("discovery")["contact"] == "Meja bantuan"
