"""The desk and the public door in a real Chromium, on a real stack, worked on at a phone's width, looked at as a desk and the dark
show them, too: desk.mjs, public.mjs.

The packages of package-lock.json must be there: `npm ci --ignore-scripts` in this folder.
ADUAN_SHOTS=FOLDER keeps a picture of every page."""
import datetime
import json
import os
import shutil
import subprocess
import tempfile
import urllib.parse

import pytest

from content import camera_photo
from people import PASSWORD, invited
from stack import DESK, Stack
from web import Visitor, holder_says

PHONE = 360 # px, the width at which people work
LOOKS = [{"width": PHONE}, {"width": 1280}, {"width": 1024, "dark": True}] # how each page is looked at
HERE = os.path.dirname(os.path.abspath(__file__))
SAID = ["Jalan berlubang di depan sekolah, sudah dua minggu dan membahayakan anak-anak yang bersepeda setiap pagi",
        "Lampu jalan padam di dekat pasar lama, gelap sekali", "Saluran air tersumbat sampah sehingga banjir setiap hujan deras",
        "Trotoar amblas di depan kantor pos", "Jembatan gantung di Lembah rusak, talinya hampir putus", "Aspal jalan desa mengelupas"]


@pytest.fixture(scope="module")
def stack():
    folder = tempfile.mkdtemp(prefix="aduan-browser-", dir="/var/tmp")
    os.chmod(folder, 0o755)
    with Stack(folder, programs=(*DESK, "web")) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def comes_in(stack, agency, role):
    """A person who has accepted an invitation: login and secret of the second factor."""
    who = stack.person(agency, role)
    accepted = stack.front().order("accept_invitation", token=invited(stack, who), new_password=PASSWORD)
    return {"login": who.login, "secret": urllib.parse.parse_qs(urllib.parse.urlparse(accepted["factor"]).query)["secret"][0]}


def test_a_day(stack):
    web = stack.adapter()
    for text in SAID:
        assert web.submit(text=text, category=1, place="91.01.01", anonymous=1, secret=1)[0] == "accepted"
    numbers = stack.wait("select array_agg (number_text (c.number) order by c.complaint_id) from complaint c join content t using (complaint_id) "
                         "where t.body = any (%s) having count (*) = %s", SAID, len(SAID))[0][0]
    shots = os.environ.get("ADUAN_SHOTS", "")
    given = {"base": f"http://127.0.0.1:{stack.ports['desk']}", "width": PHONE, "looks": LOOKS, "password": PASSWORD, "below": numbers[-1], "shots": shots,
             "day": (datetime.date.today() + datetime.timedelta(9)).isoformat(),
             "people": {"deputy": stack.person("91.01/PUPR", "agency_admin", login="bambang").login,
                        "overseer": stack.person("ID", "overseer", login="ombudsman").login, "officer": comes_in(stack, "91.01/PUPR", "liaison"), "coordinator": comes_in(stack, "91.01", "coordinator")}}
    done = subprocess.run(["node", os.path.join(HERE, "desk.mjs"), json.dumps(given)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    print(made)

    def events(number):
        return stack.sql("select e.kind, w.login from event e join complaint c using (complaint_id) left join person w on w.principal_id = e.principal "
                         "where number_text (c.number) = %s order by e.at", number)
    officer = given["people"]["officer"]["login"]
    assert (19, officer) in events(made["handed_back"]), events(made["handed_back"])
    assert (17, officer) in events(made["answered"])
    assert (20, given["people"]["coordinator"]["login"]) in events(made["by_newcomer"]) and (17, "ratna") in events(made["by_newcomer"])
    assert stack.sql("select revoked_at is not null from principal where name = %s", "pupr-mesin") == [(True,)]
    assert stack.sql("select p.login from appointment a join person p on p.principal_id = a.deputy_of where a.principal_id = "
                     "(select principal_id from person where login = %s) and a.ended_at is null", "bambang") == [(officer,)]
    assert stack.sql("select p.level, p.ended_at is null from permit p join complaint c using (complaint_id) where number_text (c.number) = %s order by permit_id",
                     given["below"]) == [(2, False), (1, True)]
    assert {"login", "inbox", "case", "case-handed-back", "case-answered", "templates", "search", "account", "help", "absent", "bulk", "inbox-english",
            "tree", "tree-new", "told", "late", "invitation", "invited", "inbox-empty", "case-from-above",
            "tree-holds", "tree-deputy", "keys-before", "keys", "keys-all", "fault", "key", "key-revoke", "key-revoked", "case-permits", "factor",
            "search-filtered", "case-print", "bulk-handed-back", "watch", "changes"} <= set(made["pages"])


@pytest.mark.parametrize("script", [True, False])
def test_a_street_lamp(stack, tmp_path, script):
    assert stack.adapter().submit(text="Lampu jalan di terminal padam", category=1, place="91.01.01", anonymous=1, secret=1)[0] == "accepted"
    photo = tmp_path / "lampu.jpg"
    photo.write_bytes(camera_photo())
    number, code = Visitor(stack).report("Pagar taman bermain roboh menimpa ayunan.", target="91.01/PUPR", anonymous="1", name="Warga Uji")
    holder_says(stack, stack.worker(), number, [("progress", "Regu kami sudah meninjau.", {}), ("answer", "Pagar sudah kami dirikan kembali.", {}), ("close", "Selesai.", {"t12": 1})])
    given = {"base": f"http://127.0.0.1:{stack.ports['web']}", "width": PHONE, "looks": LOOKS, "script": script, "photo": str(photo), "answered": {"number": number, "code": code},
             "shots": os.environ.get("ADUAN_SHOTS", "")}
    done = subprocess.run(["node", os.path.join(HERE, "public.mjs"), json.dumps(given)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    print(made)
    assert {"home", "form", "receipt", "form-wrong", "track", "case", "case-replied", "case-answered", "track-wrong", "reports", "published", "privacy", "absent"} <= set(made["pages"])
    assert stack.sql("select count (*) from complaint c join content t using (complaint_id) where number_text (c.number) = %s and length (t.attachments) = 32",
                     made["number"])[0][0] == 1
