"""Moving in and out: the official table is written and read again, and what goes out is said before it does (docs/channels.md)."""
import csv
import io
import json
import os
import re
import subprocess
import time

import pytest

from conftest import Stack
from desk_door import Browser
from stack import BUILD, DESK

ADUAN = os.path.join(BUILD, "deploy", "aduan", "aduan")
ENVIRONMENT = dict(os.environ, LANG="id_ID.UTF-8")
ENVIRONMENT.pop("LC_ALL", None)
OFFICIAL = ["Tracking ID", "Tanggal Laporan Masuk", "Waktu Laporan Masuk", "Klasifikasi Laporan", "ID Kategori", "Kategori", "Judul Laporan",
            "Isi Laporan Awal", "Isi Laporan Akhir", "Tipe Laporan", "Sumber Laporan", "Instansi Induk", "ID Instansi Terdisposisi",
            "Instansi Terdisposisi", "Status Laporan", "Alasan Tunda/Arsip", "Provinsi", "Kota/Kabupaten", "Kecamatan", "Kelurahan"]
OURS = ["zone", "received_at", "assigned_at", "first_follow_up_at", "ended_at", "ended_by", "reason", "due_verify", "due_first", "due_resolve",
        "breaches", "hops", "paused_days", "external"]
YES, NO = 2, 1


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK, adapters=("web", "sms", "cli")) as running:
        # what moves in is bulk, which is a right
        running.sql("update principal set rights = 'bulk' where name = 'cli'")
        running["intake"].wait_principals()
        yield running


@pytest.fixture(scope="module")
def head(stack):
    """Coordinates the regency."""
    return stack.person("91.01", "coordinator", front="cli")


@pytest.fixture
def aduan(stack, tmp_path):
    def run(*arguments, wanted=0, who=None):
        words = [ADUAN, *map(str, arguments), "-c", stack.settings]
        if who:
            (tmp_path / "session").write_text(who.session.hex())
            words += ["--session", tmp_path / "session"]
        done = subprocess.run(words, check=False, capture_output=True, timeout=120, env=ENVIRONMENT)
        assert done.returncode == wanted, f"{arguments}: status {done.returncode}\n{done.stdout.decode()[:2000]}\n{done.stderr.decode()}"
        return done.stdout
    return run


def table(text):
    """The block above it and its rows by heading, of a table as it was written."""
    assert text.startswith(b"\xef\xbb\xbf") and text.count(b"\r\n") == text.count(b"\n") - sum(cell.count("\n") for row in read(text) for cell in row)
    rows = read(text)
    assert [row[0] for row in rows[:4]] == ["Nama Instansi", "Tanggal Generate", "Periode Masuk", "Pengelola"]
    assert rows[4] == OFFICIAL + OURS
    return dict(rows[:4]), [dict(zip(rows[4], row)) for row in rows[5:]]


def read(text):
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.fixture(scope="module")
def reports(stack):
    """Four of the regency, one of another: their tracking numbers by name."""
    web = stack.adapter()
    said = {
        "open": dict(text='=2+3 lubang di jalan;\nkata "warga"', title="-Jalan berlubang", category=1, place="91.01.01.2001", secret=NO, anonymous=NO, class_=2),
        "secret": dict(text="Rahasia: puskesmas tutup tiap Senin", title="Puskesmas tutup", category=2, place="91.01", secret=YES, anonymous=NO, channel=5),
        "hidden": dict(text="Sampah menumpuk di belakang pasar", title="Sampah", category=3, place="91.01.01", secret=NO, anonymous=YES, channel=10, class_=4),
        "graft": dict(text="Pegawai minta uang pelicin untuk KTP", category=6, place="91.01", secret=NO, anonymous=NO),
        "other": dict(text="Jalan rusak di kota", category=1, place="91.71", secret=NO, anonymous=NO),
    }
    numbers = {}
    for name, fields in said.items():
        verdict, answer = web.submit(**fields)
        assert verdict == "accepted"
        numbers[name] = answer[3]
        stack.wait("select 1 from complaint where number_text (number) = %s", answer[3])
    return numbers


def by_number(rows, numbers):
    return {name: row for row in rows for name, number in numbers.items() if row["Tracking ID"] == number}


# ---- out

def test_the_official_table(stack, aduan, head, reports):
    block, rows = table(aduan("export", "official", who=head))
    assert block["Nama Instansi"] == "Pemerintah Kabupaten Arjuna" and head.login in block["Pengelola"] and "rahasia" in block["Periode Masuk"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+07:00", block["Tanggal Generate"])
    found = by_number(rows, reports)
    # another's are not there, nor what is oversight, which its named staff alone read
    assert set(found) == {"open", "secret", "hidden"}
    one = found["open"]
    assert one["Judul Laporan"] == "'-Jalan berlubang" and one["Isi Laporan Awal"] == one["Isi Laporan Akhir"] == "'=2+3 lubang di jalan;\nkata \"warga\""
    assert [one[name] for name in OFFICIAL[3:6]] == ["Pengaduan Tidak Berkadar Pengawasan", "1", "Jalan dan jembatan"]
    assert [one[name] for name in OFFICIAL[9:]] == ["", "Website", "Pemerintah Kabupaten Arjuna", "91.01/PUPR", "Dinas Pekerjaan Umum Kabupaten Arjuna",
                                                    "Terdisposisi, Belum Ditindaklanjuti", "", "Nusa Timur", "Kabupaten Arjuna", "Lembah", "Sukamaju"]
    assert one["zone"] == "UTC+09:00" and one["received_at"] == f"{one['Tanggal Laporan Masuk']} {one['Waktu Laporan Masuk']}+09:00"
    assert one["assigned_at"] == one["received_at"] and one["due_first"] and one["due_resolve"] and not one["ended_at"] and one["hops"] == one["paused_days"] == "0"
    assert not any(found["secret"][name] for name in ("Judul Laporan", "Isi Laporan Awal", "Isi Laporan Akhir"))
    assert found["secret"]["Tipe Laporan"] == "Rahasia" and found["secret"]["Sumber Laporan"] == "SMS"
    assert found["hidden"]["Tipe Laporan"] == "Anonim" and found["hidden"]["Klasifikasi Laporan"] == "Aspirasi" and found["hidden"]["Sumber Laporan"] == "Pos Surat"
    # who, when and of what stands in the record, in a row that nobody can take away
    assert stack.sql("select what, reason from look where principal = %s and complaint_id is null", head.number) == [(3, "laporan ringkas ..")]


def test_all_of_it_is_said_case_by_case(stack, aduan, head, reports):
    _, rows = table(aduan("export", "official", "--full", who=head))
    assert by_number(rows, reports)["secret"]["Isi Laporan Awal"] == "Rahasia: puskesmas tutup tiap Senin"
    looked = stack.sql("select number_text (c.number), l.reason from look l join complaint c using (complaint_id) where l.principal = %s and l.what = 3", head.number)
    assert looked == [(reports["secret"], "laporan ringkas ..  full")]


def test_who_may_and_what_of(stack, aduan, head, reports):
    liaison = stack.person("91.01/PUPR", "liaison", front="cli")
    assert b"" == aduan("export", "official", wanted=77, who=liaison)
    assert not stack.sql("select 1 from look where principal = %s", liaison.number)
    # without the order nothing goes out, whoever asks
    boss = stack.person("91.01", "coordinator")
    assert stack.reader().ask("desk_export", "", "", "", "", "", "7", session=boss.session) == []
    assert stack.front().order("look", boss, complaints=[], what="export", reason="uji").word == "done"
    assert len(stack.reader().ask("desk_export", "", "", "", "", "", "7", session=boss.session)) >= 3
    assert stack.front().order("look", liaison.number and stack.people.session(liaison), complaints=[], what="export", reason="uji").word == "done"
    assert stack.reader().ask("desk_export", "", "", "", "", "full", "7", session=liaison.session) == []
    stack.people.session(liaison, "cli")
    # of an agency, of days
    below = table(aduan("export", "official", "--agency", "91.01/KES", who=head))[1]
    assert set(by_number(below, reports)) == {"secret"}
    aduan("export", "official", "--agency", "91.71", wanted=1, who=head)
    aduan("export", "official", "--until", "2020-01-01", wanted=1, who=head)
    assert len(table(aduan("export", "official", "--from", "2020-01-01", "--until", "2099-01-01", who=head))[1]) >= 3
    aduan("export", "official", "--from", "kemarin", wanted=64, who=head)
    # its named staff reads oversight content, where somebody coordinates there
    named = stack.person("91.01/PENGAWASAN", "coordinator", named=True, front="cli")
    graft = by_number(table(aduan("export", "official", "--full", who=named))[1], reports)["graft"]
    assert graft["Isi Laporan Awal"].startswith("Pegawai minta") and graft["Tipe Laporan"].endswith("Rahasia")


def test_history_in_columns(stack, aduan, head, reports):
    """What was said of a case moves its columns: answered, closed, late."""
    worker = stack.worker()
    case = next(case for case in worker.pull([stack.agency("91.01/PUPR")], 10, 2000) if case["number"] == reports["open"])
    assert worker.act(case, "ack")[0] == "done"
    version = stack.sql("select version from assignment where complaint_id = %s", case["id"].hex())[0][0]
    verdict, fields = worker.act(case, "answer", "Sudah ditambal.", version=version)
    assert verdict == "done"
    stack.sql("insert into event (complaint_id, at, act_key, principal, kind, number, data) select complaint_id, now (), gen_random_uuid (), 0, 41, events + 1, "
              "'{\"clock\": \"first\"}' from complaint where complaint_id = %s", case["id"].hex())
    stack.sql("update complaint set events = events + 1 where complaint_id = %s", case["id"].hex())
    one = by_number(table(aduan("export", "official", who=head))[1], reports)["open"]
    assert one["Status Laporan"] == "Terdisposisi, Sedang Diproses" and one["first_follow_up_at"] and one["breaches"] == "first"
    boss = stack.person("91.01", "coordinator")
    assert stack.front().act_as(boss, case, "close", "Selesai ditambal.", version=fields[5], t12=1)[0] == "done"
    one = by_number(table(aduan("export", "official", who=head))[1], reports)["open"]
    assert (one["Status Laporan"], one["ended_by"], one["reason"]) == ("Ditutup oleh Admin", "admin", "fixed") and one["ended_at"] >= one["first_follow_up_at"]
    assert one["paused_days"] == "0"


def test_download_at_the_desk(stack, reports):
    boss = stack.person("91.01", "coordinator")
    browser = Browser(stack, boss)
    assert 'action="/export.csv"' in browser.get("/watch").text
    page = browser.get("/export.csv?agency=91.01")
    assert page.status == 200 and page.headers["Content-Type"] == "text/csv; charset=utf-8" and page.headers["Cache-Control"] == "no-store"
    block, rows = table(page.bytes)
    assert set(by_number(rows, reports)) == {"open", "secret", "hidden"} and boss.login in block["Pengelola"]
    assert not by_number(rows, reports)["secret"]["Isi Laporan Awal"]
    assert stack.sql("select count(*) from look where principal = %s and what = 3", boss.number) == [(1,)]
    assert browser.get("/export.csv?from=x").status == 422
    liaison = Browser(stack, stack.person("91.01/PUPR", "liaison"))
    assert liaison.get("/export.csv").status == 403 and 'action="/export.csv"' not in liaison.get("/watch").text
    assert Browser(stack).get("/export.csv").location == "/login"


def test_pages_of_any_size(stack, aduan):
    """More than a page by rows, more than one by bytes, a stretch of others' between: each report once, in the order of when it came."""
    boss = stack.person("91.71", "coordinator", front="cli")
    before = {row["Tracking ID"] for row in table(aduan("export", "official", who=boss))[1]}
    own = ("insert into complaint (complaint_id, number, version, received, holder, adapter, state, events, channel, class, priority, rung, confidence, flags, region) "
           "select (lpad (to_hex ((extract (epoch from at) * 1000)::bigint), 12, '0') || substr (md5 ('halaman' || g), 1, 20))::uuid, 9000000 + g, 1, at, "
           "case when g %% 5 = 0 then %s else %s end, 1, 4, 2, 1, 2, 3, 3, 900, 0, '91.71' from (select g, now () - g * interval '1 minute' as at from generate_series (1, 600) g) x")
    stack.sql(own, stack.agency("92.01/LH"), stack.agency("91.71/PUPR"))
    stack.sql("insert into content (complaint_id, digest, title, body) select complaint_id, '\\x00', 'Halaman', repeat ('isi panjang ', case when number < 9000300 then 500 else 2 end) "
              "from complaint where number between 9000000 and 9001000")
    try:
        rows = [row for row in table(aduan("export", "official", who=boss))[1] if row["Tracking ID"] not in before]
        assert len(rows) == len({row["Tracking ID"] for row in rows}) == 480
        assert [row["received_at"] for row in rows] == sorted(row["received_at"] for row in rows)
    finally:
        for name in ("content", "complaint"):
            stack.sql(f"delete from {name} where complaint_id in (select complaint_id from complaint where number between 9000000 and 9001000)")


# ---- and in again

def test_what_went_out_comes_in_again(stack, aduan, head, reports, tmp_path):
    file = tmp_path / "ringkas.csv"
    out = aduan("export", "official", "--full", who=head)
    file.write_bytes(out)
    summary = json.loads(aduan("import", file, "--official", "--system", "lain", "--json"))
    before = [row for row in table(out)[1] if not row["ended_at"]]
    assert summary["accepted"] == len(before) >= 2 and summary["rejected"] == 0 and summary["ended"] == len(table(out)[1]) - len(before) >= 1
    assert not any(summary["left_open"][name] for name in ("categories", "agencies", "places", "classes", "channels", "types"))
    stack.wait("select 1 where (select count(*) from content where external like 'lain:%%') = %s", len(before))
    after = {row["external"]: row for row in table(aduan("export", "official", "--full", who=head))[1] if row["external"].startswith("lain:")}
    for row in before:
        again = after[f"lain:{row['Tracking ID']}"]
        assert [again[name] for name in OFFICIAL[1:]] == [row[name] for name in OFFICIAL[1:]]
        assert again["zone"] == row["zone"] and again["received_at"] > row["received_at"]
    # the same again is known; the same file goes on where it stopped
    assert json.loads(aduan("import", file, "--official", "--system", "lain", "--json"))["accepted"] == 0
    again = json.loads(aduan("import", file, "--official", "--system", "lain", "--json", "--from-start"))
    assert (again["accepted"], again["repeated"]) == (0, len(before))
    assert not stack.sql("select 1 from notice n join content t using (complaint_id) where t.external like 'lain:%%'")


def official(path, rows, between=",", mark=True, columns=None, above=True):
    """A table as the old system writes it."""
    columns = columns or [name for name in OFFICIAL if name not in ("ID Instansi Terdisposisi", "Kecamatan", "Kelurahan")]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=between)
    if above:
        writer.writerows([["Nama Instansi", "Pemerintah Kabupaten Arjuna, tbk; dst"], ["Tanggal Generate", "2024-12-31"], ["Periode Masuk", "2024"], ["Pengelola", "x"], []])
    writer.writerow(columns)
    for row in rows:
        writer.writerow([row.get(re.sub(r"\s+", " ", name.strip()).title() if name not in OFFICIAL else name, "") for name in columns])
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + out.getvalue().encode())


ROW = {"Tanggal Laporan Masuk": "2024-03-05", "Waktu Laporan Masuk": "23:30:00", "Klasifikasi Laporan": "pengaduan  berkadar pengawasan", "Kategori": " jalan dan  jembatan",
       "Judul Laporan": "Jembatan retak", "Isi Laporan Awal": "Jembatan di dusun retak", "Isi Laporan Akhir": "Jembatan di dusun retak", "Tipe Laporan": "Anonim",
       "Sumber Laporan": "Website - dinas-contoh", "Instansi Induk": "Pemerintah Kabupaten Arjuna", "Instansi Terdisposisi": "Dinas Pekerjaan Umum Kabupaten Arjuna",
       "Status Laporan": "Tertunda", "Alasan Tunda/Arsip": "Menunggu foto", "Provinsi": "NUSA TIMUR", "Kota/Kabupaten": "Kab. Arjuna"}


@pytest.mark.parametrize("between, mark, above", [(",", True, True), (";", False, True), (";", True, False)])
def test_an_old_systems_table(stack, aduan, tmp_path, between, mark, above):
    file, system = tmp_path / "lama.csv", f"uji{ord(between)}{mark:d}{above:d}"
    rows = [{**ROW, "Tracking ID": "#1234567", "Klasifikasi Laporan": "Pengaduan tidak berkadar pengawasan", "Isi Laporan Akhir": "Jembatan retak, sudah disunting"},
            # of two places of one name neither: the city and the regency
            {**ROW, "Tracking ID": "1234568", "Klasifikasi Laporan": "", "Kota/Kabupaten": "Arjuna", "Kategori": "Lain yang tak ada", "Instansi Terdisposisi": "Dinas Entah",
             "Tipe Laporan": "", "Sumber Laporan": "Merpati", "Status Laporan": ""},
            {**ROW, "Tracking ID": "1234569", "Status Laporan": "Ditutup oleh  sistem"},
            {**ROW, "Tracking ID": "1234570", "Status Laporan": "Entah apa"},
            {**ROW, "Tracking ID": "1234571", "Tanggal Laporan Masuk": "32/13/2024"},
            {**ROW, "Tracking ID": ""}]
    columns = [f" {name.upper()} " if place % 2 else name.lower() for place, name in enumerate(ROW | {"Tracking ID": ""})]
    named = {column: name for column, name in zip(columns, ROW | {"Tracking ID": ""})}
    out = [[row.get(named[column], "") for column in columns] for row in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=between)
    if above:
        writer.writerows([["Nama Instansi", "Pemerintah, dinas, dst"], ["Tanggal Generate", "2024-12-31"], []])
    writer.writerows([columns, *out])
    file.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.getvalue().encode())
    summary = json.loads(aduan("import", file, "--official", "--system", system, "--json", wanted=65))
    assert (summary["accepted"], summary["rejected"], summary["ended"]) == (2, 3, 1)
    assert {name: summary["left_open"][name] for name in ("categories", "agencies", "places", "channels", "classes", "types")} == \
        {"categories": 1, "agencies": 1, "places": 1, "channels": 1, "classes": 0, "types": 0}
    with open(f"{file}.rejects.jsonl", encoding="utf-8") as rejects:
        assert [json.loads(line)["field"] for line in rejects] == ["Status Laporan", "Tanggal Laporan Masuk", "Tracking ID"]
    found = stack.wait("select t.external, t.body, t.target, c.region, c.category, c.class, c.channel, c.flags & 3, c.priority, t.title, h.code, "
                       "extract (epoch from came_at (c.complaint_id, c.received, c.priority))::bigint "
                       "from content t join complaint c using (complaint_id) join agency h on h.agency_id = c.holder where t.external like %s "
                       "and (select count(*) from content where external like %s) = 2 order by 1", f"{system}:%", f"{system}:%")
    body = "Jembatan di dusun retak\n\n--- Dari sistem lama ---\nStatus: Tertunda\nAlasan: Menunggu foto"
    moment = 1709681400  # 2024-03-05 23:30 UTC: its times are UTC without saying so
    assert found[0] == (f"{system}:1234567", f"{body}\nIsi Laporan Akhir:\nJembatan retak, sudah disunting", "91.01/PUPR", "91.01", 1, 2, 3, 1, 4, "Jembatan retak", "91.01/PUPR", moment)
    assert found[1][:9] == (f"{system}:1234568", body.replace("Status: Tertunda\n", ""), None, "91", None, None, 13, 0, 4)
    # a later table in which something has changed: what is known stays as it came
    file.write_text(file.read_text(encoding="utf-8").replace("Menunggu foto", "Foto diterima"), encoding="utf-8")
    again = json.loads(aduan("import", file, "--official", "--system", system, "--json", wanted=65))
    assert (again["accepted"], again["repeated"], again["changed"]) == (0, 2, 2)


def test_a_table_in_another_encoding(stack, aduan, tmp_path):
    """What a spreadsheet saved as Windows-1252: no name of it is known, and nothing stops."""
    file = tmp_path / "lama.csv"
    official(file, [{**ROW, "Tracking ID": "88", "Kategori": "Caf\u00e9", "Kota/Kabupaten": "Kab. \u00c9jaan", "Isi Laporan Awal": "Kaf\u00e9 di trotoar"}], mark=False)
    file.write_bytes(file.read_text(encoding="utf-8").encode("cp1252"))
    summary = json.loads(aduan("import", file, "--official", "--system", "ansi", "--json"))
    assert summary["accepted"] == 1 and summary["left_open"]["categories"] == summary["left_open"]["places"] == 1
    assert stack.wait("select t.body, c.region from content t join complaint c using (complaint_id) where t.external = 'ansi:88'")[0] == \
        ("Kaf\ufffd di trotoar\n\n--- Dari sistem lama ---\nStatus: Tertunda\nAlasan: Menunggu foto\nIsi Laporan Akhir:\nJembatan di dusun retak", "91")


def test_nothing_is_guessed_while_the_registry_is_away(stack, aduan, tmp_path):
    file = tmp_path / "lama.csv"
    official(file, [{**ROW, "Tracking ID": "77"}])
    stack["query"].stop()
    os.remove(os.path.join(stack.folder, "run", "query.sock"))  # else the command waits for who may be about to start
    try:
        aduan("import", file, "--official", "--system", "sepi", wanted=69)
    finally:
        stack["query"].start()
    assert json.loads(aduan("import", file, "--official", "--system", "sepi", "--json"))["accepted"] == 1
