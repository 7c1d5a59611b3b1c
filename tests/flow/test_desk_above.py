"""What coordinators and overseers read at the desk: figures of what is open and late below them, and what was changed there."""
import csv
import io
import re

import pytest

from conftest import Stack
from desk_cases import placed
from desk_door import Browser, Program
from openapi import described, validated
from stack import DESK


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK) as running:
        yield running


# ---- figures

def late(stack, numbers, clock):
    stack.sql(f"update complaint set due_{clock} = now () - interval '1 hour' where number_text (number) = any (%s)", numbers)
    stack.sql("update assignment a set due = now () - interval '1 hour' from complaint c where c.complaint_id = a.complaint_id and number_text (c.number) = any (%s)", numbers)


def test_how_much_is_late_below(stack, web, boss):
    """By agency and clock, the worst first; sums over all; to open only for who may read the cases."""
    roads = [placed(stack, web, f"Got mampet {n}") for n in range(4)]
    for n in range(2):
        assert web.submit(text=f"Puskesmas tutup {n}", category=2, place="91.01.01")[0] == "accepted"
    health = stack.wait("select array_agg (number_text (c.number)) from complaint c join content t using (complaint_id) where t.body like 'Puskesmas tutup%%' having count (*) = 2")[0][0]
    assert web.submit(text="Pungli di loket parkir", category=6, place="91.01.01")[0] == "accepted"
    stack.wait("select 1 from complaint c join content t using (complaint_id) where t.body = 'Pungli di loket parkir'")
    stack.sql("update complaint set state = 4 where number_text (number) = any (%s)", roads + health)
    late(stack, roads[:3], "first")
    late(stack, roads[:1], "resolve")
    late(stack, health[:1], "first")
    stack.sql("update complaint set received = '2026-03-04 16:30+00' where number_text (number) = %s", roads[2])
    overseer, officer = stack.person("91.01", "overseer"), stack.person("91.01/PUPR", "liaison")

    told = Program(stack, boss).get("/watch").json
    rows = {row["agency"]: row for row in told["agencies"]}
    assert [row["agency"] for row in told["agencies"]] == ["91.01/PUPR", "91.01/KES", "91.01/PENGAWASAN"]
    assert told["all"] == {"agencies": 3, "open": 7, "late": 4}
    numbers = lambda row: [row[name] for name in ("open", "late_verify", "late_first", "late_resolve")]  # noqa: E731
    assert numbers(rows["91.01/PUPR"]) == [4, 0, 3, 1] and rows["91.01/PUPR"]["late"] == 3 and numbers(rows["91.01/KES"]) == [2, 0, 1, 0]
    assert rows["91.01/PENGAWASAN"]["oversight"] == 1
    assert all(row["readable"] for row in told["agencies"]) and not any(row["readable"] for row in Program(stack, overseer).get("/watch").json["agencies"])
    validated(described(), "/watch", "get", Program(stack, boss).get("/watch"))

    page = Browser(stack, boss).get("/watch")
    assert page.status == 200 and '<a href="/late?agency=91.01%2FPUPR">3' in page.text and '<a href="/tree/91.01%2FPUPR">' in page.text
    assert '<a href="/watch" data-key="w" aria-current="page">' in page.text and "4 Maret 2026" in page.text
    seen = Browser(stack, overseer).get("/watch")
    assert seen.status == 200 and "/late" not in seen.text and '<a href="/tree/91.01%2FPUPR">' in seen.text and ">Pantau</a>" in seen.text
    # an overseer takes no cases: his first page says where he goes on, and his menu has nothing that is not his
    inbox = Browser(stack, overseer).get("/inbox")
    assert '<a class="button primary" href="/watch">' in inbox.text and 'action="/next"' not in inbox.text
    assert 'href="/search"' not in inbox.text and 'href="/templates"' not in inbox.text
    # each page has a title of its own
    titles = [re.search("<title>(.*?)</title>", Browser(stack, boss).get(path).text)[1] for path in ("/inbox", "/search?q=x%3C", "/watch", "/late", "/changes", "/templates", "/account", "/help")]
    assert len(set(titles)) == len(titles) and titles[1] == "x&lt; – Cari – Aduan"
    # nobody else has it in the menu, or anything on it
    other = Browser(stack, officer).get("/watch")
    assert other.status == 200 and "Tidak ada laporan terbuka di bawah Anda" in other.text and 'href="/watch"' not in other.text


def test_late_says_whose_and_that_there_are_more(stack, boss):
    stack.sql("create table strewn as select gen_random_uuid () as id, agency_id, g from agency, generate_series (1, 102) g where code = '91.01/KES'")
    try:
        stack.sql("insert into complaint (complaint_id, number, version, received, holder, adapter, state, events, channel, class, priority, rung, confidence, flags) "
                  "select id, g, 1, now (), agency_id, 1, 4, 2, 1, 2, 3, 3, 900, 0 from strewn")
        stack.sql("insert into assignment (complaint_id, due, version, agency, state, priority, queued) select id, now () - interval '9 days', 1, agency_id, 3, 3, false from strewn")
        page = Browser(stack, boss).get("/late?agency=91.01/KES")
        assert page.text.count("<li data-row>") == 100 and "Hanya 100 yang terlama" in page.text and '<p class="crumb"><a href="/tree/91.01%2FKES">91.01/KES</a>' in page.text
        told = validated(described(), "/late", "get", Program(stack, boss).get("/late?agency=91.01/KES")).json
        assert len(told["cases"]) == 100 and told["more"]
    finally:
        for table in ("assignment", "complaint"):
            stack.sql(f"delete from {table} where complaint_id in (select id from strewn)")
        stack.sql("drop table strewn")
    assert "Hanya 100" not in Browser(stack, boss).get("/late").text


def test_figures_for_a_spreadsheet(stack, boss):
    stack.sql("update agency set name = '=1+1;\"Dinas\" Pekerjaan, Umum é' where code = '91.01/PUPR'")
    try:
        page = Browser(stack, boss).get("/watch.csv")
        assert page.status == 200 and page.headers["Content-Type"] == "text/csv; charset=utf-8" and page.headers["Cache-Control"] == "no-store"
        assert re.fullmatch(r'attachment; filename="aduan-pantau-\d{4}-\d\d-\d\d.csv"', page.headers["Content-Disposition"])
        assert page.bytes.startswith(b"\xef\xbb\xbf") and page.bytes.endswith(b"\r\n") and page.bytes.count(b"\n") == page.bytes.count(b"\r\n") == 4
        rows = list(csv.reader(io.StringIO(page.bytes.decode("utf-8-sig"), newline=""), delimiter=";"))
        assert rows[0][:2] == ["Kode", "Instansi"] and {len(row) for row in rows} == {9}
        assert rows[1] == ["91.01/PUPR", "'=1+1;\"Dinas\" Pekerjaan, Umum é", "4", "3", "0", "0", "3", "1", "2026-03-04 23:30"]
        english = Browser(stack, boss).call("GET", "/watch.csv", None, Cookie=f"aduan={boss.session.hex()}; aduan-language=en")
        rows = list(csv.reader(io.StringIO(english.bytes.decode("utf-8-sig"), newline="")))
        assert rows[0][:2] == ["Code", "Agency"] and rows[1][1].startswith("'=1+1;") and "aduan-watch-" in english.headers["Content-Disposition"]
        assert Browser(stack).get("/watch.csv").location == "/login"
    finally:
        stack.sql("update agency set name = 'Dinas Pekerjaan Umum Kabupaten Arjuna' where code = '91.01/PUPR'")


def test_a_hundred_agencies_a_page(stack, boss):
    root = stack.person("ID", "coordinator")
    stack.sql("insert into agency (code, parent, kind, flags, name, zone) select '92.01/B' || g, agency_id, 'unit', '-', 'Unit ' || g, 7 from agency, generate_series (1, 120) g where code = '92.01'")
    stack.sql("select agency_derive ()")
    stack.sql("create table strewn as select gen_random_uuid () as id, agency_id from agency where code like '92.01/B%%'")
    try:
        stack.sql("insert into complaint (complaint_id, number, version, received, holder, adapter, state, events, channel, class, priority, rung, confidence, flags) "
                  "select id, agency_id, 1, now (), agency_id, 1, 4, 2, 1, 2, 3, 3, 900, 0 from strewn")
        stack.sql("insert into assignment (complaint_id, due, version, agency, state, priority, queued) select id, now () + interval '9 days', 1, agency_id, 3, 3, false from strewn")
        browser = Browser(stack, root)
        first = browser.get("/watch")
        assert first.text.count("<tr data-row>") == 100 and 'href="/watch?from=100"' in first.text and len(first.bytes) < 100 * 1024
        rest = browser.get("/watch?from=100")
        shown = set(re.findall(r"<small>([^<]+)</small></th>", first.text)) | set(re.findall(r"<small>([^<]+)</small></th>", rest.text))
        assert len(shown) == len(Program(stack, root).get("/watch?most=2000").json["agencies"]) >= 123 and "from=200" not in rest.text
        assert browser.get("/watch?from=99999").status == browser.get("/watch?from=x").status == 200
    finally:
        for table in ("assignment", "complaint"):
            stack.sql(f"delete from {table} where complaint_id in (select id from strewn)")
        stack.sql("drop table strewn")


# ---- changes

def test_what_was_changed_here(stack, boss):
    """Who changed what, from what to what; by subject and by agency; page by page."""
    browser, program = Browser(stack, boss), Program(stack, boss)
    admin, stranger = stack.person("91.01/LH", "agency_admin"), stack.person("91.71", "coordinator")
    before = program.get("/agencies/91.01/LH").json["agency"]["name"]
    for name in ("Dinas <Hijau>", before):
        assert browser.post(browser.get("/tree/91.01/LH").form("/orders/rename_agency"), name=name).status == 303
    assert program.post("/orders/invite", {"login": "ulfa", "name": "Ulfa", "agency": "91.01/LH", "role": "liaison"}).status == 200
    assert program.post("/orders/make_key", {"name": "lh-mesin", "role": "worker", "key": "h" * 40, "agency": "91.01/LH", "agencies": ["91.01/LH"]}).status == 200
    page = browser.get("/changes")
    assert page.status == 200 and "Instansi berganti nama" in page.text and boss.login in page.text and "Keluar" not in page.text
    assert f"<del>{before}</del> → <ins>Dinas &lt;Hijau&gt;</ins>" in page.text
    # the links that lead there
    where = browser.get("/tree/91.01/LH").text
    assert 'href="/changes?agency=91.01%2FLH"' in where and 'href="/changes?subject=ulfa"' in where and 'href="/changes?subject=lh-mesin"' in browser.get("/keys/lh-mesin").text
    assert 'href="/changes"' in browser.get("/account").text

    def told(who, asked=""):
        return [(row["order"], row["subject"]) for row in validated(described(), "/changes", "get", Program(stack, who).get("/changes" + asked)).json["changes"]]
    assert told(boss, "?subject=ulfa") == [("invite", "ulfa")] and told(boss, "?subject=lh-mesin") == [("make_key", "lh-mesin")]
    assert told(boss, "?agency=91.01/LH") == [("make_key", "lh-mesin"), ("invite", "ulfa"), ("rename_agency", "91.01/LH"), ("rename_agency", "91.01/LH")] == told(admin)
    assert told(boss, "?agency=91.01/LH&subject=91.01/LH")[0][0] == "rename_agency" and told(boss, "?subject=tidak-ada") == []
    assert told(stranger) == [] and "Tidak ada perubahan" in Browser(stack, stranger).get("/changes").text
    key = [row for row in program.get("/changes?subject=lh-mesin").json["changes"]][0]
    assert key["by"] == boss.login and key["agency"] == "91.01/LH" and key["old"] is None and key["new"]["agencies"] == ["91.01/LH"]
    # who is above is not named to who is below and does not see him
    assert "seseorang di luar lingkup Anda" in Browser(stack, admin).get("/changes").text
    # in the reader's words: a role, a moment where times are shown, what is the same left out
    assert program.post("/orders/appoint", {"person": "ulfa", "agency": "91.01/LH", "role": "agency_admin", "until": "2030-01-01T00:00:00+07:00"}).status == 200
    row = browser.get("/changes?subject=ulfa").text.split("<li data-row>")[1]
    assert "Ditugaskan" in row and "<ins>Admin instansi</ins>" in row and "<ins>1 Januari 2030 00.00 WIB</ins>" in row and "<ins>tidak</ins>" in row
    # more than a page
    for n in range(55):
        assert program.post("/orders/rename_agency", {"agency": "91.01/LH", "name": f"Dinas {n}"}).status == 200
    first = program.get("/changes?subject=91.01/LH").json
    assert len(first["changes"]) == 50 and first["more"]
    second = program.get(f"/changes?subject=91.01/LH&before={first['more_change']}").json
    assert len(second["changes"]) == 7 and "more" not in second and second["changes"][0]["change"] < first["more_change"]
    page = browser.get("/changes?subject=91.01/LH&agency=91.01/LH")
    link = re.search(r'<p class="more"><a href="([^"]*)"', page.text)[1].replace("&amp;", "&")
    assert "subject=91.01%2FLH" in link and "agency=91.01%2FLH" in link and browser.get(link).text.count("<li data-row>") == 7
    assert len(page.bytes) < 100 * 1024
    assert program.get("/changes?before=x").status == browser.get("/changes?before=x").status == 422
    program.post("/orders/rename_agency", {"agency": "91.01/LH", "name": before})


def test_a_permit_of_an_oversight_case_is_no_change_for_others(stack, web, boss):
    """That there is a case, who may read it and why, is told by the change as little as by the case."""
    assert web.submit(text="Pungli di terminal", category=6, place="91.01.01")[0] == "accepted"
    number = stack.wait("select number_text (c.number) from complaint c join content t using (complaint_id) where t.body = 'Pungli di terminal'")[0][0]
    named, reader = stack.person("91.01/PENGAWASAN", "liaison", named=True), stack.person("ID", "overseer")
    assert Program(stack, named).post("/orders/permit", {"number": number, "person": reader.login, "level": "state", "days": 1, "reason": "Supervisi rahasia"}).status == 200
    assert [row["subject"] for row in Program(stack, named).get("/changes").json["changes"]] == [number]
    for who in (boss, stack.person("ID", "coordinator")):
        assert number not in Program(stack, who).get("/changes").text and "Supervisi rahasia" not in Browser(stack, who).get("/changes").text
    # of any other case it is
    public = placed(stack, web, "Selokan bau")
    assert Program(stack, boss).post("/orders/permit", {"number": public, "agency": "91.71/PUPR", "level": "state", "days": 1, "reason": "Batas"}).status == 200
    assert Program(stack, boss).get(f"/changes?subject={public}").json["changes"][0]["new"]["reason"] == "Batas"


def test_every_order_has_a_name_in_the_list(stack):
    """What changes something is told by a text, and each of its fields."""
    import os
    from conftest import ROOT
    orders = {name[:-4] for name in os.listdir(os.path.join(ROOT, "store", "sql", "order")) if name.endswith(".sql")}
    for language in ("id", "en"):
        with open(os.path.join(ROOT, "deploy", "text", language, "desk.txt"), encoding="utf-8") as file:
            keys = {line.split(" = ")[0] for line in file}
        assert {f"did_{name}" for name in orders - {"login", "logout", "look", "renew_session"}} <= keys
    used = {name for old, new in stack.sql("select old, new from change") for side in (old, new) if isinstance(side, dict) for name in side}
    missing = {f"field_{name}" for name in used} - keys
    assert used and not missing
