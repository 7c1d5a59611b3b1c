"""Reports of an Open311 server move in: what servers write in more ways than one, lists that are cut, a run that stops half way."""
import datetime
import json
import os
import subprocess
import urllib.parse
from xml.sax.saxutils import escape

import pytest

from conftest import Stack
from loopback import Loopback
from stack import BUILD

ADUAN = os.path.join(BUILD, "deploy", "aduan", "aduan")
ENVIRONMENT = dict(os.environ, LANG="en_GB.UTF-8")
ENVIRONMENT.pop("LC_ALL", None)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake", "query"), adapters=("web", "sms", "cli")) as running:
        running.sql("update principal set rights = 'bulk' where name = 'cli'")
        running["intake"].wait_principals()
        yield running


def ago(**span):
    return NOW - datetime.timedelta(**span)


def request(number, when, **more):
    return {"service_request_id": number, "status": "open", "service_code": "LAMPU", "service_name": "Lampu jalan", "description": f"Lampu nomor {number} padam",
            "requested_datetime": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "address": "Jalan Kenanga", "lat": -2.5, "long": 133.25, "media_url": "", "expected_datetime": "", **more}


class City(Loopback):
    """An Open311 server with these requests; `cap`: no list is longer; `heeds`: it looks at dates; `fails`: the how-manieth question gets 500."""

    def __init__(self, requests, kind="json", cap=1000, heeds=True):
        self.requests, self.kind, self.cap, self.heeds, self.fails, self.raw, self.moved = requests, kind, cap, heeds, None, None, None
        self.asked = []
        super().__init__()
        self.base, self.url = self.url, self.url + "/open311/v2"

    def answer(self, method, path, headers, body):
        status, kind, said = self.judged(path)
        return status, {"Content-Type": kind, **({"Location": self.moved} if status == 302 else {})}, said

    def judged(self, address):
        path, _, query = address.partition("?")
        said = dict(urllib.parse.parse_qsl(query))
        self.asked.append((path, said))
        if self.moved and not path.startswith("/new"):
            return 302, "text/plain", b""
        if self.fails and len(self.asked) == self.fails:
            return 500, "text/html", b"<html>oops</html>"
        if self.raw:
            return self.raw
        if not path.endswith("." + self.kind):
            return 404, "text/xml", b"<errors><error><code>404</code><description>no such format</description></error></errors>"
        assert all(len(said[name]) == 20 and said[name].endswith("Z") for name in ("start_date", "end_date"))
        found = [one for one in self.requests if not self.heeds or said["start_date"] <= one.get("requested_datetime", said["start_date"]) < said["end_date"]]
        found = found[-self.cap:]
        if self.kind == "json":
            return 200, "application/json", json.dumps(found).encode()
        items = "".join("<request>" + "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in one.items()) + "</request>" for one in found)
        return 200, "text/xml; charset=utf-8", (XML + (f"<service_requests>{items}</service_requests>" if found else "<service_requests/>")).encode()


@pytest.fixture
def city():
    made = []

    def make(*said, **more):
        made.append(City(*said, **more))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def fetch(stack, tmp_path):
    def run(city, *more, wanted=0, system="kota", file="kota.jsonl"):
        done = subprocess.run([ADUAN, "import", tmp_path / file, "--open311", city.url, "--system", system, "--json", *map(str, more), "-c", stack.settings],
                              capture_output=True, check=False, timeout=120, env=ENVIRONMENT, text=True)
        assert done.returncode == wanted, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout else done.stderr
    return run


def stored(stack, system, count):
    return stack.wait("select t.external, t.title, t.body, t.location, c.category, c.channel, c.flags & 3, t.latitude, t.longitude, c.priority from content t join complaint c "
                      "using (complaint_id) where t.external like %s and (select count(*) from content where external like %s) = %s order by 1", f"{system}:%", f"{system}:%", count)


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_what_servers_write(stack, city, fetch, tmp_path, kind):
    system = f"kota-{kind}"
    services = tmp_path / "services"
    services.write_text("LAMPU\t1\n007=2\n")
    rows = [request("A1", ago(days=80)),
            request(23, ago(days=40), service_code="007", description="Baris satu\r\nbaris dua", lat="-2.5", long="133.25", media_url="http://127.0.0.1:9/foto.jpg"),
            request("0024", ago(days=3), service_code=2, description="", lat="", long="", address=""),
            request("A5", ago(days=2), status="closed"),
            {**request("", ago(days=1)), "token": "tunggu"}]
    if kind == "json":
        rows[2]["description"] = rows[4]["service_request_id"] = None
    summary = fetch(city(rows, kind), "--category-map", services, "--jurisdiction", "kota.example", "--set", "secret=no", system=system, wanted=65)
    assert (summary["accepted"], summary["rejected"], summary["ended"], summary["unknown_categories"]) == (3, 1, 1, 1)
    found = stored(stack, system, 3)
    assert found[0] == (f"{system}:0024", "Lampu jalan", "Lampu jalan", None, None, 11, 1, None, None, 4)
    assert found[1][1:5] == ("Lampu jalan", "Baris satu\nbaris dua\n\n--- Dari sistem lama ---\nFoto: http://127.0.0.1:9/foto.jpg", "Jalan Kenanga", 2)
    assert found[2][1:9] == ("Lampu jalan", "Lampu nomor A1 padam", "Jalan Kenanga", 1, 11, 1, -25000000, 1332500000)
    with open(tmp_path / "kota.jsonl.rejects.jsonl", encoding="utf-8") as rejects:
        assert [json.loads(line)["field"] for line in rejects] == ["service_request_id"]


def test_a_map_that_is_not_there_is_said_before_anything_is_asked(stack, city, tmp_path):
    town = city([request("M1", ago(days=2))])
    done = subprocess.run([ADUAN, "import", tmp_path / "kota.jsonl", "--open311", town.url, "--category-map", tmp_path / "services", "-c", stack.settings],
                          capture_output=True, check=False, timeout=60, env=ENVIRONMENT, text=True)
    assert done.returncode == 64 and "services" in done.stderr, done.stderr
    assert town.asked == [] and not (tmp_path / "kota.jsonl").exists()


def test_a_list_that_is_cut_is_asked_for_in_halves(stack, city, fetch):
    rows = [request(f"B{number}", ago(days=20, minutes=-7 * number)) for number in range(140)]
    town = city(rows, cap=50)
    assert fetch(town, "--since", ago(days=30).strftime("%Y-%m-%d"), system="potong")["accepted"] == 140
    assert min(said["start_date"] for _, said in town.asked)[:10] == ago(days=30).strftime("%Y-%m-%d") and len(town.asked) < 60


def test_a_server_that_heeds_no_dates(stack, city, fetch):
    town = city([request(f"C{number}", ago(days=60 - number)) for number in range(50)], cap=50, heeds=False)
    assert fetch(town, system="tuli")["accepted"] == 50 and len(town.asked) == 1


def test_goes_on_where_it_stopped(stack, city, fetch, tmp_path):
    rows = [request(f"D{number}", ago(days=80 - 10 * number)) for number in range(8)]
    town = city(rows)
    town.fails = 3
    first = fetch(town, system="henti", wanted=69)
    assert 0 < first["accepted"] < 8
    had = len(town.asked)
    assert fetch(town, system="henti")["accepted"] == 8 - first["accepted"]
    assert min(said["start_date"] for _, said in town.asked[had:]) > min(said["start_date"] for _, said in town.asked[:had])
    # nothing new is nothing; what comes late is found; what has changed stays as it came
    assert fetch(town, system="henti")["accepted"] == 0
    town.requests += [request("D9", ago(days=1)), request("D7", ago(days=1), description="Lampu nomor D7 sudah menyala")]
    assert (fetch(town, system="henti")["accepted"], len(stored(stack, "henti", 9))) == (1, 9)
    # without what was kept it is asked for anew, and is known
    for name in os.listdir(tmp_path):
        os.remove(tmp_path / name)
    town.requests[7]["description"] = "Lampu nomor D7 sudah menyala"
    again = fetch(town, system="henti")
    assert (again["accepted"], again["repeated"], again["changed"], again["rejected"]) == (0, 9, 1, 0)


@pytest.mark.parametrize("raw, said", [((200, "text/html", b"<html>Wartung</html>"), "answers 200"), ((200, "application/json", b'{"items": 3}'), "answers 200"),
                                       ((403, "application/json", b'[{"code": 403, "description": "no"}]'), "answers 403"),
                                       ((200, "text/xml", b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]><service_requests><request/></service_requests>'), "answers 200"),
                                       ((429, "text/plain", b""), "answers 429")])
def test_an_answer_that_is_none(city, fetch, tmp_path, raw, said):
    town = city([])
    town.raw = raw
    summary = fetch(town, wanted=69, system="rusak")
    assert summary["accepted"] == 0 and not os.path.exists(tmp_path / "kota.jsonl.cursor"), said


def test_redirects_are_not_followed_unasked(city, fetch):
    town = city([request("E1", ago(days=3))])
    town.moved = f"{town.base}/new/requests.json?start_date={ago(days=90):%Y-%m-%dT%H:%M:%SZ}&end_date={ago(days=-1):%Y-%m-%dT%H:%M:%SZ}"
    assert fetch(town, wanted=69, system="pindah")["accepted"] == 0
    assert fetch(town, "--redirects", system="pindah")["accepted"] == 1
