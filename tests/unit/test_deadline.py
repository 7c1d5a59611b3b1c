"""`aduan deadline`: the vectors of the field's calendar, every start day and limit beside a count of our own, what is skipped.

ADUAN_BUILD names the folder of the build.
"""
import datetime
import json

import pytest

from test_cli import ROOT, aduan

DAYS_OFF = ROOT / "deploy" / "calendar" / "days_off.tsv"

# received, working days: due; typed from the joint decree of 2026
VECTORS = {
    "2026-03-13": {3: "2026-03-25", 5: "2026-03-27", 10: "2026-04-06", 14: "2026-04-10", 60: "2026-06-24"},
    "2026-03-14": {3: "2026-03-25", 5: "2026-03-27", 10: "2026-04-06", 14: "2026-04-10", 60: "2026-06-24"},
    "2026-03-12": {3: "2026-03-17", 5: "2026-03-26", 10: "2026-04-02", 14: "2026-04-09", 60: "2026-06-23"},
    "2026-03-17": {3: "2026-03-27", 5: "2026-03-31", 10: "2026-04-08", 14: "2026-04-14", 60: "2026-06-26"},
    "2026-05-13": {3: "2026-05-20", 5: "2026-05-22", 10: "2026-06-03", 14: "2026-06-09", 60: "2026-08-13"},
}


def asked(*arguments, **environment):
    return json.loads(aduan("deadline", *arguments, "--json", **environment).stdout)


@pytest.mark.parametrize("start", VECTORS)
def test_vectors(start):
    for limit, due in VECTORS[start].items():
        assert asked(start, limit)["due"] == due


@pytest.mark.parametrize("zone, hour", [("WIB", "17"), ("WITA", "16"), ("WIT", "15")])
def test_zones(zone, hour):
    assert asked("2026-03-13", 3, "--zone", zone)["due_at"] == f"2026-03-25T{hour}:00:00Z"
    assert asked("2026-03-12T17:30Z", 3, "--zone", zone)["start"] == "2026-03-13"
    assert asked("2026-03-12T15:30Z", 3, "--zone", zone)["start"] == ("2026-03-13" if zone == "WIT" else "2026-03-12")
    assert asked("2026-03-12T23:30", 3, "--zone", zone)["start"] == "2026-03-12"  # its own clock
    assert asked("2026-03-12T23:30-05:00", 3, "--zone", zone)["start"] == "2026-03-13"
    assert asked("2026-03-12T23:30", 3, "--zone", zone.lower()) == asked("2026-03-12T23:30", 3, "--zone", zone)


def test_every_day_and_limit():
    off = {line.split("\t")[0] for line in DAYS_OFF.read_text(encoding="utf-8").splitlines() if line[:1] == "2"}
    first, wanted, lines = datetime.date(2021, 1, 1), [], []
    for offset in range(7 * 365 + 1):
        start = day = first + datetime.timedelta(offset)
        for limit in range(1, 61):
            day += datetime.timedelta(1)
            while day.weekday() > 4 or day.isoformat() in off:
                day += datetime.timedelta(1)
            lines.append(f"{start} {limit}\n")
            wanted.append(day.isoformat())
    assert aduan("deadline", "-", text="".join(lines)).stdout.split() == wanted


def test_skipped_days_and_why():
    answer = asked("2026-03-12", 5)
    assert answer["skipped"][0] == {"day": "2026-03-14", "kind": "weekend", "name": "Saturday"}
    assert [day["kind"] for day in answer["skipped"]] == ["weekend", "weekend", "collective_leave", "holiday", "collective_leave",
                                                          "holiday", "holiday", "collective_leave", "collective_leave"]
    text = aduan("deadline", "2024-02-13", 1, lang="id").stdout
    assert "jatuh tempo Kamis, 2024-02-15" in text and "2024-02-14 Rabu      pemilu: " in text


def test_own_calendar(tmp_path):
    days = tmp_path / "days.tsv"
    days.write_text("# ours\nday\tkind\tname\n2026-03-17\textra\tHari jadi kota\n2026-03-16\textra\tGempa\n", encoding="utf-8")
    answer = asked("2026-03-13", 1, "--calendar", days)
    assert answer["due"] == "2026-03-18" and not answer["provisional"]
    assert [day["name"] for day in answer["skipped"][2:]] == ["Gempa", "Hari jadi kota"]
    assert asked("2027-03-12", 1, "--calendar", days)["provisional"]
    days.write_text("2026-03-16\textra\tGempa\n2026-02-30\textra\tx\n", encoding="utf-8")
    assert "line 2" in aduan("deadline", "2026-03-13", 1, "--calendar", days, wanted=65).stderr
    aduan("deadline", "2026-03-13", 1, "--calendar", tmp_path / "none", wanted=66)
    days.write_bytes(b"\xef\xbb\xbf2026-03-16\textra\tGempa\r\n")  # as Windows saves it
    assert asked("2026-03-13", 1, "--calendar", days)["skipped"][2] == {"day": "2026-03-16", "kind": "extra", "name": "Gempa"}


# Collective leave is worked; the vectors of DOMAIN 3.7.
WORKED = {3: "2026-03-18", 5: "2026-03-23", 10: "2026-03-30", 14: "2026-04-06", 60: "2026-06-15"}


def test_collective_leave_by_switch(tmp_path):
    for limit, due in WORKED.items():
        assert asked("2026-03-13", limit, "--collective-leave", "worked")["due"] == due
    assert asked("2026-03-13", 3, "--collective-leave", "off")["due"] == "2026-03-25"
    days = tmp_path / "days.tsv"  # the calendar's own setting, and what the command says against it
    days.write_text(DAYS_OFF.read_text(encoding="utf-8") + "collective_leave\tworked\n", encoding="utf-8")
    assert asked("2026-03-13", 3, "--calendar", days)["due"] == "2026-03-18"
    assert asked("2026-03-13", 3, "--calendar", days, "--collective-leave", "off")["due"] == "2026-03-25"
    assert "worked" in aduan("deadline", "2026-03-13", 3, "--collective-leave", "maybe", wanted=64).stderr


def test_weekends_only(tmp_path):
    nothing = tmp_path / "nothing.tsv"
    nothing.write_text("day\tkind\tname\n", encoding="utf-8")
    for limit, due in {3: "2026-03-18", 5: "2026-03-20", 10: "2026-03-27", 14: "2026-04-02", 60: "2026-06-05"}.items():
        answer = asked("2026-03-13", limit, "--calendar", nothing)
        assert answer["due"] == due and answer["provisional"]


def test_cut_off(tmp_path):
    """From that hour on day 0 is the next day, in the agency's zone."""
    for start, due in (("2026-03-12T14:59", "2026-03-17"), ("2026-03-12T15:00", "2026-03-25"), ("2026-03-13T23:00", "2026-03-25")):
        assert asked(start, 3, "--cut-off", "15:00")["due"] == due, start
    assert asked("2026-03-12T07:30Z", 3, "--cut-off", "15:00", "--zone", "WIB")["start"] == "2026-03-12"
    assert asked("2026-03-12T07:30Z", 3, "--cut-off", "15", "--zone", "WITA")["start"] == "2026-03-13"
    assert asked("2026-03-12", 3, "--cut-off", "none")["due"] == "2026-03-17"
    days = tmp_path / "days.tsv"
    days.write_text(DAYS_OFF.read_text(encoding="utf-8") + "cut_off\t15:00\n", encoding="utf-8")
    assert asked("2026-03-12T15:00", 3, "--calendar", days)["due"] == "2026-03-25"
    assert asked("2026-03-12T15:00", 3, "--calendar", days, "--cut-off", "none")["due"] == "2026-03-17"
    for wrong in ("24:00", "00:00", "3pm", "15:5", ""):
        assert "00:01" in aduan("deadline", "2026-03-13", 3, "--cut-off", wrong, wanted=64).stderr


def test_a_year_that_nobody_compared():
    assert asked("2027-01-04", 5)["unverified"] and not asked("2026-01-04", 5)["unverified"]
    assert "decree" in aduan("deadline", "2027-01-04", 5).stderr


def test_pemilu_and_another_regions_day(tmp_path):
    days = tmp_path / "days.tsv"
    days.write_text("day\tkind\tscope\tname\n2026-03-16\tpemilu\tID\tPemilu\n2026-03-17\textra\t33.74\tHari jadi kota\n", encoding="utf-8")
    answer = asked("2026-03-13", 1, "--calendar", days)
    assert answer["due"] == "2026-03-17" and answer["skipped"][-1] == {"day": "2026-03-16", "kind": "pemilu", "name": "Pemilu"}


def test_calendars_beside_one_another(tmp_path):
    days = tmp_path / "days.tsv"
    days.write_text(aduan("calendar", "show", "shipped").stdout, encoding="utf-8")
    assert "no difference" in aduan("calendar", "diff", "shipped", days).stdout
    days.write_text(days.read_text(encoding="utf-8").replace("2026-03-19\tholiday", "2026-03-21\textra") + "cut_off\t15:00\n", encoding="utf-8")
    said = aduan("calendar", "diff", "shipped", days).stdout.splitlines()
    assert said[:2] == ["- cut_off\tnone", "+ cut_off\t15:00"] and len(said) == 4
    assert said[2].startswith("- 2026-03-19\tholiday\tID\t") and said[3].startswith("+ 2026-03-21\textra\tID\t")
    rows = [json.loads(line) for line in aduan("calendar", "diff", "shipped", days, "--json").stdout.splitlines()]
    assert [row["sign"] for row in rows] == ["-", "+", "-", "+"]
    for wrong in ((), ("lists",), ("show", "1", "2"), ("diff",), ("diff", "a", "b", "c")):
        assert "calendar" in aduan("calendar", *wrong, wanted=64).stderr


def test_provisional():
    assert asked("2027-12-20", 60)["provisional"] and not asked("2027-10-01", 30)["provisional"]
    assert "provisional" in aduan("deadline", "2027-12-20", 60).stderr


@pytest.mark.parametrize("arguments", [("2026-02-30", 5), ("x", 5), ("20260301", 5), ("2026-03-13", 0), ("2026-03-13", 1001), ("2026-03-13", "5d"),
                                       ("2026-03-13",), (), ("2026-03-13", 5, 6), ("2026-03-13", 5, "--zone", "gmt"), ("2026-03-13T10:00+25:00", 5), ("2026-03-13T10:00+07:99", 5), ("-", 5)])
def test_bad_questions(arguments):
    said = aduan("deadline", *arguments, wanted=64)
    assert said.stderr.startswith("aduan: ") and not said.stdout


def test_a_bad_line_among_many():
    said = aduan("deadline", "-", text="2026-03-13 5\n\n2026-03-13 five\n2026-03-13 1\n", wanted=65)
    assert said.stdout == "2026-03-27\n" and "line 3" in said.stderr
