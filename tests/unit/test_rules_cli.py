"""`aduan rules` over files: check, test, explain, replay.

ADUAN_BUILD names the folder of the build.
"""
import hashlib
import json
import re

import pytest

from test_cli import ROOT, aduan

REGISTRY = """\
function\t1\tPUPR\tPekerjaan umum
function\t2\tHUB\tPerhubungan
function\t3\tPENGAWASAN\tPengawasan
agency\t1\tID\t-\troot\t-\t-\tdesk\tMeja Nasional
agency\t2\tID/PENGAWASAN\t1\tunit\t3\t-\tinspectorate\tPengawas
agency\t3\tKEMENPU\t1\tagency\t-\t-\tcentral\tKementerian
agency\t4\tKEMENPU/PUPR\t3\tunit\t1\t-\tcentral\tKementerian PUPR
agency\t5\t33.74\t1\tagency\t-\t33.74\tdesk\tKota
agency\t6\t33.74/PUPR\t5\tunit\t1\t33.74\t-\tDinas PU
agency\t7\t33.74/HUB\t5\tunit\t2\t33.74\t-\tDinas Perhubungan
agency\t8\t33.22\t1\tagency\t-\t33.22\tdesk\tKabupaten
agency\t9\t33.22/PUPR\t8\tunit\t1\t33.22\t-\tDinas PU
region\t33\t1\tJawa Tengah
region\t33.22\t2\tKabupaten Semarang
region\t33.74\t2\tKota Semarang
region\t33.74.01\t3\tTengah
category\t13\t-\t1\t-\t-\tPekerjaan umum\t0\t930
oversight\tpungli
"""
HUB = "category\t20\t-\t2\t-\t-\tPerhubungan\t0\t930\n"
RULES = """\
version: 1
rules:
  - name: pju
    when: {any: [lampu jalan, "=pju"], place: 33.74}
    then: {function: HUB, priority: high, copies: [PUPR], support: [KEMENPU]}
  - name: banjir
    when: {any: banjir}
    then: {secret: true, ask: [photo]}
"""


@pytest.fixture
def rules(tmp_path):
    """Calls `aduan rules` in a folder with a registry and a rules file."""
    def call(*arguments, registry=REGISTRY, rules=RULES, **more):
        (tmp_path / "registry").write_text(registry, encoding="utf-8")
        (tmp_path / "rules.yaml").write_text(rules, encoding="utf-8")
        words = [str(word).replace("RULES", str(tmp_path / "rules.yaml")) for word in arguments]
        return aduan("rules", *words, "--registry", tmp_path / "registry", "-o", f"data={tmp_path}", **more)
    call.folder = tmp_path
    return call


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


# ---- what every sub-command does

@pytest.mark.parametrize("arguments", [(), ("chek", "RULES"), ("check",), ("test",)])
def test_which(rules, arguments):
    assert "aduan rules check FILE" in rules(*arguments, wanted=64).stderr


def test_surplus(rules):
    assert '"more" is one argument too many' in rules("check", "RULES", "more", wanted=64).stderr


def test_a_file_that_is_not_there(rules):
    assert "cannot be read" in rules("check", rules.folder / "none.yaml", wanted=66).stderr


def test_without_a_registry(tmp_path):
    said = aduan("rules", "explain", "--text", "x", "-o", f"data={tmp_path}", wanted=66).stderr
    assert "without a registry nothing can be decided" in said


def test_a_registry_that_is_none(rules):
    assert "is no registry" in rules("explain", "--text", "x", registry="agency\tx\n", wanted=65).stderr


def kept(folder, kind, text, version=7):
    data = text.encode()
    folder = folder / "snapshots" / "router"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.blake2b(data, digest_size=32).hexdigest()
    (folder / f"{kind}.snapshot").write_bytes(f"aduan-snapshot {version} {digest}\n".encode() + data)


def test_what_the_router_keeps(tmp_path):
    def explain(**more):
        return aduan("rules", "explain", "--text", "lampu jalan", "--place", "33.74", "--json", "-o", f"data={tmp_path}", **more)
    kept(tmp_path, "registry", REGISTRY)
    said = json.loads(explain().stdout)
    assert said["versions"] == {"rules": 0, "registry": 7, "model": 0} and said["rung"] != 2
    kept(tmp_path, "rules", RULES, version=9)
    said = json.loads(explain().stdout)
    assert (said["agency"], said["rung"], said["versions"]["rules"]) == ("33.74/HUB", 2, 9)
    path = tmp_path / "snapshots" / "router" / "rules.snapshot"
    path.write_bytes(path.read_bytes() + b"#")
    assert "is damaged" in explain(wanted=65).stderr


# ---- check

def test_check_finds_nothing(rules):
    assert rules("check", "RULES").stdout == "2 rules: 0 errors, 0 warnings; 0 pairs of category and regency without an owner\n"


def test_check_names_file_and_line(rules):
    said = rules("check", "RULES", rules=RULES.replace("function: HUB", "function: HUBB").replace("banjir}", "banjir, hours: 5}"), wanted=65)
    path = rules.folder / "rules.yaml"
    first, second, last = said.stdout.splitlines()
    assert first == f'{path}:5: rule "pju": then.function: "HUBB" is no function of the registry: did you mean HUB?'
    assert second.startswith(f'{path}:7: rule "banjir": when.hours: "5" are no hours')
    assert last.startswith("0 rules: 2 errors, 0 warnings")


def test_check_speaks_the_readers_language(rules):
    faulty = RULES.replace("function: HUB", "function: HUBB") + "  - {name: late, when: {any: [x], klass: complaint}}\n"
    first, second, third, last = rules("check", "RULES", "--lang", "id", rules=faulty, wanted=65).stdout.splitlines()
    path = rules.folder / "rules.yaml"
    assert first == f'{path}:5: aturan "pju": then.function: "HUBB" bukan fungsi dalam registri: maksudnya HUB?'
    assert second.startswith(f'{path}:9: aturan "late": when: "klass" bukan kunci di sini: maksudnya class?; yang ada class, category')
    assert third == f'{path}:9: aturan "late": tidak ada akibatnya: tulis then:, apa yang terjadi'
    assert last.startswith("0 aturan: 3 kesalahan, 0 peringatan")
    row = lines(rules("check", "RULES", "--lang", "id", "--json", rules=faulty, wanted=65).stdout)[0]
    assert (row["code"], row["values"]) == ("unknown_function_near", {"value": "HUBB", "near": "HUB"}) and row["text"] in first
    more = "  - {name: late, when: {class: complaint_oversight}, then: {agency: KEMENPU}}\n"
    assert f'{path}:9: peringatan: aturan "late": tidak pernah memutuskan: hanya berlaku untuk aduan pengawasan' in rules(
        "check", "RULES", "--lang", "id", rules=RULES + more).stdout


def test_every_text_of_a_fault_is_said_somewhere():
    source = "".join((ROOT / path).read_text(encoding="utf-8") for path in (
        "router/decide/sheet.c", "router/decide/rules_read.c", "router/decide/rules_check.c", "deploy/aduan/cases.c"))
    for line in (ROOT / "deploy/text/en/sheet.txt").read_text(encoding="utf-8").splitlines():
        found = re.match(r"([a-z_0-9]+) = ", line)
        assert not found or re.search(rf"SHEET_{found[1]}\b", source), line


def test_check_warns_and_accepts(rules):
    more = "  - {name: late, when: {any: lampu jalan rusak, place: 33.74}, then: {agency: KEMENPU}}\n"
    said = rules("check", "RULES", rules=RULES + more).stdout
    assert f"{rules.folder / 'rules.yaml'}:9: warning: rule \"late\": can never decide: rule \"pju\" in line 3" in said
    assert "0 errors, 1 warnings" in said
    row, = lines(rules("check", "RULES", "--json", rules=RULES + more).stdout)
    assert (row["line"], row["warning"]) == (9, True)


def test_check_finds_who_nobody_is(rules):
    said = rules("check", "RULES", registry=REGISTRY + HUB, wanted=65).stdout
    assert "category Perhubungan: nobody is competent for function HUB in 33.22 (in all 1 regencies)" in said
    row, = lines(rules("check", "RULES", "--json", registry=REGISTRY + HUB, wanted=65).stdout)
    assert row == {"category": 20, "function": "HUB", "regions": 1, "first": "33.22"}


# ---- test

CASES = """\
cases:
  - {text: Lampu jalan mati, place: 33.74.01, expect: {agency: 33.74/HUB, function: HUB, rung: 2, rule: pju, priority: high}}
  - text: banjir lagi
    place: 33.74
    category: 13
    expect: {agency: 33.74/PUPR, rung: 3, rule: banjir, secret: true, copies: [], support: [], priority: normal}
  - {text: pju padam, place: 33.74, expect: {copies: [PUPR], support: [KEMENPU], oversight: false, place: 33.74}}
  - {text: pungli di kantor, place: 33.74, expect: {agency: ID/PENGAWASAN, rung: 0, secret: true, class: complaint_oversight}}
"""


def test_cases_in_the_file(rules):
    said = rules("test", "RULES", rules=RULES + CASES).stdout
    assert said == "4 of 4 cases are as expected.\nThresholds: category 0.800, words 0.550 (the usual ones; no settings file)\n"
    assert lines(rules("test", "RULES", "--json", rules=RULES + CASES).stdout) == [
        {"cases": 4, "right": 4, "thresholds": {"category": 0.8, "words": 0.55, "of": "usual"}}]
    assert rules("check", "RULES", rules=RULES + CASES).stdout.startswith("2 rules")


def test_cases_beside_it(rules):
    (rules.folder / "rules.cases.yaml").write_text(CASES)
    assert "4 of 4" in rules("test", "RULES").stdout
    assert "8 of 8" in rules("test", "RULES", rules=RULES + CASES).stdout


def test_no_cases(rules):
    assert "has no cases, and there is no" in rules("test", "RULES", wanted=65).stderr


@pytest.mark.parametrize("expect, said", [
    ("agency: ID", "agency: ID is expected, it is 33.74/HUB"),
    ("function: PUPR", "function: PUPR is expected, it is HUB"),
    ("rung: 3", "rung: 3 is expected, it is 2"),
    ("rule: banjir", "rule: banjir is expected, it is a decision without it"),
    ("secret: true", "secret: true is expected, it is false"),
    ("priority: normal", "priority: normal is expected, it is high"),
    ("copies: [HUB]", "copies: HUB is expected, it is not among them"),
    ("copies: []", "copies: no more than these is expected, it is 33.74/PUPR"),
    ("support: [KEMENPU, PUPR]", "support: PUPR is expected, it is not among them"),
])
def test_what_differs_is_said(rules, expect, said):
    out = rules("test", "RULES", rules=f"{RULES}cases:\n  - text: pju\n    place: 33.74\n    expect:\n      {expect}\n", wanted=65).stdout
    assert f"{rules.folder / 'rules.yaml'}:13: {said}\n" in out and "0 of 1 cases" in out


@pytest.mark.parametrize("case, line, said", [
    ("{text: x}", 10, "case 1: expects nothing"),
    ("{text: x, expect: {owner: ID}}", 10, '"owner" is no key here'),
    ("{txt: x, expect: {rung: 2}}", 10, "did you mean text?"),
    ("{text: x, class: y, expect: {rung: 2}}", 10, 'class: "y" is not understood'),
    ("{text: [x], expect: {rung: 2}}", 10, "text: must be a word"),
    ("{text: x, place: 33.47, expect: {rung: 2}}", 10, 'case 1: place: "33.47" is no region'),
    ("{text: x, category: 99, expect: {rung: 2}}", 10, 'case 1: category: "99" is no category'),
    ("{text: x, expect: 2}", 10, "expect: must be lines"),
    ("x", 10, "case 1: must be lines"),
])
def test_a_faulty_case_is_refused_with_its_line(rules, case, line, said):
    out = rules("test", "RULES", rules=f"{RULES}cases:\n  - {case}\n", wanted=65).stdout
    assert f"rules.yaml:{line}: " in out and said in out


# ---- explain

def test_explain(rules):
    out = rules("explain", "--text", "Lampu jalan mati", "--place", "33.74", "--rules", "RULES").stdout
    for words in ("Owner:      33.74/HUB  Dinas Perhubungan", "Rung:       2 (operators' rules), confidence 0.970", "Place:      33.74", "Priority:   high",
                  "Copies:     33.74/PUPR", "Supporting: KEMENPU", "2  rule pju names the owner", "0.970  33.74/HUB"):
        assert words in out
    out = rules("explain", "--text", "Lampu jalan mati", "--place", "33.74", "--rules", "RULES", "--lang", "id").stdout
    assert "Pemilik:    33.74/HUB" in out and "keyakinan 0,970" in out and "aturan pju menyebut pemiliknya" in out


def test_explain_asks_which(rules):
    assert "which complaint?" in rules("explain", wanted=64).stderr


@pytest.mark.parametrize("option, value", [("class", "x"), ("channel", "fax"), ("latitude", "91"), ("received", "soon"), ("category", "Jalan"),
                                           ("suggested", "NOBODY"), ("refusers", "ID NOBODY"), ("longitude", "nan")])
def test_a_field_that_is_not_understood(rules, option, value):
    said = rules("explain", "--text", "x", f"--{option}", value, wanted=64).stderr
    assert f"not understood: {option}: " in said and value.split()[-1] in said


def test_lines_are_answered_in_their_order(rules):
    asked = [{"text": "lampu jalan", "place": "33.74", "id": 1}, {"text": "jalan", "place": "33.22", "category": 13, "id": "b", "received": 1772298000000},
             {"text": "jalan", "place": "33.22", "category": "pekerjaan umum", "latitude": -7.1, "longitude": 110.4}, {"title": "pungli"}, {}]
    text = "".join(json.dumps(row) + "\n" for row in asked)
    rows = lines(rules("explain", "--json", "--rules", "RULES", text=text).stdout)
    assert [row["agency"] for row in rows] == ["33.74/HUB", "33.22/PUPR", "33.22/PUPR", "ID/PENGAWASAN", "ID"]
    assert [row["rung"] for row in rows] == [2, 3, 3, 0, 6]
    assert [row.get("id") for row in rows] == [1, "b", None, None, None]
    first = rows[0]
    assert first["candidates"][0] == {"agency": "33.74/HUB", "function": "HUB", "confidence": 0.97, "ground": "rule", "parameter": "pju",
                                      "reason": "rule pju"}
    assert {"rung": 2, "code": "rule", "parameter": "pju", "text": "rule pju names the owner"} in first["said"]
    assert (first["copies"], first["support"], first["priority"], first["secret"]) == (["33.74/PUPR"], ["KEMENPU"], "high", False)
    assert rows[3]["secret"] and rows[3]["oversight"]


def test_bad_lines_are_answered_too(rules):
    text = '{"text": "x"}\nnonsense\n{"text": "x", "class": "y"}\n{"text": ["x"]}\n[1]\n{"text": "\\ud800"}\n{"text": "x"}\n'
    rows = lines(rules("explain", "--json", text=text, wanted=65).stdout)
    assert [row.get("line") for row in rows] == [None, 2, 3, 4, 5, 6, None]
    assert all(("error" in row) != ("agency" in row) for row in rows)


def test_scope(rules):
    def owner(text, *more):
        return json.loads(rules("explain", "--text", text, "--category", 13, "--json", *more).stdout)["agency"]
    assert owner("jalan", "--place", "33.22") == "33.22/PUPR"
    assert owner("jalan", "--place", "33.22", "--scope", "33.22") == "33.22/PUPR"
    assert owner("jalan", "--scope", "33.74") == "33.74/PUPR"
    assert owner("jalan", "--place", "33.22", "--scope", "33.74") == "33.74"
    assert "99" in rules("explain", "--text", "x", "--scope", "99", wanted=64).stderr


def test_refusers(rules):
    said = json.loads(rules("explain", "--text", "jalan", "--place", "33.74", "--category", 13, "--refusers", "33.74/PUPR", "--json").stdout)
    assert said["agency"] != "33.74/PUPR" and all(row["agency"] != "33.74/PUPR" for row in said["candidates"])


# ---- what it is decided by

SETTINGS = "router:\n  door: tcp://127.0.0.1:1\n  sure_category: {}\n  sure_words: 600\n"


def test_thresholds_are_the_routers(rules):
    """A category of 0.930 decides where the router's threshold is below it, else after the words; the output says which."""
    settings = rules.folder / "aduan.yaml"

    def explain(*more, **environment):
        return rules("explain", "--text", "x", "--place", "33.74", "--category", 13, *more, **environment).stdout
    assert "Confidence: 0.930: of 100 complaints of this category about 93 belong there; 0.800 is enough" in explain()
    assert "Thresholds: category 0.800, words 0.550 (the usual ones; no settings file)" in explain()
    settings.write_text(SETTINGS.format(940))
    said = explain("-c", settings)
    assert "the category alone is not sure enough" in said and "Confidence: 0.930: less than 0.940 (sure_category)" in said
    assert f"Thresholds: category 0.940, words 0.600 (the router's, {settings})" in said
    assert said == explain(ADUAN_CONFIG=str(settings))
    said = json.loads(explain("-c", settings, "--sure-category", 900, "--json"))
    assert said["thresholds"] == {"category": 0.9, "words": 0.6, "of": "options"}
    assert all(row["code"] != "words-first" for row in said["said"])
    assert "ambang" not in explain("--lang", "id") and "Ambang:     kategori 0,800" in explain("--lang", "id")
    cases = "cases:\n  - {text: x, place: 33.74, category: 13, expect: {rung: 3}}\n"
    assert "1 of 1" in rules("test", "RULES", "-c", settings, rules=RULES + cases).stdout
    settings.write_text(SETTINGS.format(1001))
    said = rules("explain", "--text", "x", "-c", settings, wanted=78).stderr
    assert "aduan.yaml:3:" in said and "sure_category" in said
    assert "1001" in rules("explain", "--text", "x", "--sure-words", 1001, wanted=64).stderr


def test_confidence_of_each_rung(rules):
    def explain(*more):
        return rules("explain", "--rules", "RULES", *more).stdout
    assert "Confidence: 0.970: so it is set for all decisions of this rung" in explain("--text", "lampu jalan", "--place", "33.74")
    assert "Confidence: 0.950: so it is set" in explain("--text", "pungli")
    assert "Confidence: 0.100: nobody above was sure enough; a person decides" in explain("--text", "halo")


def test_a_place_by_name(rules):
    def place(name, *more):
        return rules("explain", "--text", "x", "--place", name, *more)
    for name in ("Kota Semarang", "kota semarang", "kota semarang, jateng", "33.74"):
        assert "Place:      33.74  Kota Semarang, Jawa Tengah" in place(name).stdout, name
    assert json.loads(place("kab. semarang", "--json").stdout)["place"] == "33.22"
    said = rules("explain", "--text", "x", "--place", "Semarang", wanted=64).stderr
    assert '"Semarang" may be several places; write the code:' in said
    assert "33.22          Kabupaten Semarang, Jawa Tengah" in said and "33.74          Kota Semarang, Jawa Tengah" in said
    for name in ("Atlantis", "99.99", "33.74.99", "3374"):
        assert f'no place has the code or name "{name}"' in rules("explain", "--text", "x", "--place", name, wanted=64).stderr


def test_a_category_that_is_none(rules):
    assert json.loads(rules("explain", "--text", "x", "--place", "33.74", "--category", "pekerjaan UMUM", "--json").stdout)["rung"] == 3
    for value in ("14", "Pekerjaan"):
        said = rules("explain", "--text", "x", "--category", value, wanted=64).stderr
        assert f'category: "{value}"' in said and "aduan rules codes" in said


def test_lines_say_what_is_unknown(rules):
    """As the router takes them: the nearest place above that is known, no category."""
    text = '{"place": "33.74.99", "category": 13}\n{"place": "33.74", "category": 14}\n{"place": "33.74"}\n'
    rows = lines(rules("explain", "--json", text=text).stdout)
    assert [row.get("unknown") for row in rows] == ["place", "category", None]
    assert [row["place"] for row in rows] == ["33.74", "33.74", "33.74"]


def test_without_a_time_it_is_now(rules):
    timed = "version: 1\nrules:\n  - {name: since, when: {from: 2020-01-01}, then: {agency: KEMENPU}}\n"

    def rung(*more, text=""):
        return json.loads(rules("explain", "--json", "--rules", "RULES", *more, rules=timed, text=text).stdout)["rung"]
    assert rung("--text", "x") == 2
    assert rung("--text", "x", "--received", "2019-12-31") == 6
    assert rung(text='{"text": "x"}\n') == 6 and rung(text='{"text": "x", "received": "2020-01-02"}\n') == 2


# ---- the example of docs/routing.md

FUNCTIONS = ("PUPR", "HUB", "PERKIM", "BENCANA", "KES", "DIK", "DALDUK-PPPA")
COUNTRY = "".join([
    *(f"function\t{n}\t{code}\t{code}\n" for n, code in enumerate(FUNCTIONS, 1)),
    "agency\t1\tID\t-\troot\t-\t-\tdesk\tMeja Nasional\n",
    *(f"agency\t{10 * k}\t{place}\t1\tagency\t-\t{place}\tdesk\t{place}\n" for k, place in enumerate(("33.22", "33.74"), 1)),
    *(f"agency\t{10 * k + n}\t{place}/{code}\t{10 * k}\tunit\t{n}\t{place}\t-\t{code}\n"
      for k, place in enumerate(("33.22", "33.74"), 1) for n, code in enumerate(FUNCTIONS, 1)),
    "region\t33\t1\tJawa Tengah\nregion\t33.22\t2\tKabupaten Semarang\nregion\t33.74\t2\tKota Semarang\n",
    "category\t5\t-\t6\t-\t-\tKekerasan di satuan pendidikan\t0\t930\ncategory\t13\t-\t1\t-\t-\tPekerjaan umum\t0\t930\n",
    "category\t20\t-\t2\t-\t-\tPerhubungan\t0\t930\n"])


def test_the_example_is_right(rules):
    """Against the whole registry of the country: tests/flow/test_decide.py."""
    example = ROOT / "docs" / "examples" / "rules.yaml"
    assert rules("check", example, registry=COUNTRY).stdout == "4 rules: 0 errors, 0 warnings; 0 pairs of category and regency without an owner\n"
    assert rules("test", example, registry=COUNTRY).stdout.startswith("7 of 7 cases are as expected.\n")


# ---- codes

def test_codes(rules):
    assert rules("codes").stdout.splitlines() == [
        "function  PUPR                  Pekerjaan umum", "function  HUB                   Perhubungan",
        "function  PENGAWASAN            Pengawasan", "category  13                    Pekerjaan umum"]
    assert rules("codes", "dinas hub").stdout == "agency    33.74/HUB             Dinas Perhubungan\n"
    assert rules("codes", "TENGAH").stdout.splitlines() == [
        "place     33                    Jawa Tengah", "place     33.74.01              Tengah, Kota Semarang, Jawa Tengah"]
    assert lines(rules("codes", "kota sem", "--json").stdout) == [{"kind": "place", "code": "33.74", "name": "Kota Semarang, Jawa Tengah"}]
    assert rules("codes", "nothing", wanted=1).stdout == ""
    assert "one argument too many" in rules("codes", "dinas", "hub", wanted=64).stderr


# ---- replay

HISTORY = [
    {"number": "A1", "text": "lampu jalan rahasia mati", "place": "33.74", "agency": "33.74/PUPR", "rung": 3, "rules": 1},
    {"number": "A2", "text": "pju rahasia", "place": "33.74", "agency": "33.74/PUPR", "rung": 3},
    {"number": "A3", "text": "pju", "place": "33.74", "agency": "33.74/HUB", "rung": 4},
    {"number": "A4", "text": "jalan", "place": "33.22", "category": 13, "agency": "33.22/PUPR", "rung": 3},
    {"number": "A5", "text": "jalan", "place": "33.22", "category": 13, "agency": "GONE"},
]


def test_replay(rules):
    text = "".join(json.dumps(row) + "\n" for row in HISTORY)
    (rules.folder / "history.jsonl").write_text(text)
    out = rules("replay", "--rules", "RULES", "--history", rules.folder / "history.jsonl").stdout
    assert "5 complaints decided again: 2 stay, 3 go elsewhere; 0 lines" in out
    assert re.search(r"^ +2  33\.74/PUPR +-> 33\.74/HUB +A1 A2$", out.split("What the new rules")[0], re.M) and re.search(r"^ +1  GONE +-> 33\.22/PUPR +A5$", out, re.M)
    assert "1 were with an agency that this registry does not have" in out
    assert "rahasia" not in out and "jalan" not in out
    said = json.loads(rules("replay", "--rules", "RULES", "--history", "-", "--json", text=text).stdout)
    assert (said["complaints"], said["same"], said["moved"], said["unknown"], said["faulty"]) == (5, 2, 3, 1, 0)
    assert said["moves"][0] == {"from": "33.74/PUPR", "to": "33.74/HUB", "count": 2, "examples": ["A1", "A2"]}
    assert (said["rungs_before"], said["rungs_after"]) == ([0, 0, 0, 3, 1, 0, 0], [0, 0, 3, 2, 0, 0, 0])


def test_replay_shows_what_the_rules_change(rules):
    """Every effect against the rules in force, all else the same; and which complaints."""
    kept(rules.folder, "rules", RULES.replace("priority: high, ", "").replace("{secret: true, ask: [photo]}", "{ask: [photo, date]}"))
    history = [*HISTORY, {"number": "A6", "text": "banjir", "place": "33.74", "category": 13, "agency": "33.74/PUPR", "priority": "high"}]
    text = "".join(json.dumps(row) + "\n" for row in history)
    new = RULES.replace("copies: [PUPR], support: [KEMENPU]", "support: [33.74, HUB]").replace(
        "  - name: banjir", "  - {name: jalan, when: {any: jalan, none: lampu, place: 33.22}, then: {agency: KEMENPU}}\n  - name: banjir")
    changed = rules.folder / "changed.jsonl"
    said = json.loads(rules("replay", "--rules", "RULES", "--history", "-", "--changed", changed, "--json", text=text, rules=new).stdout)
    effects = said["new_rules"]["effects"]
    assert (said["new_rules"]["before"], said["new_rules"]["complaints"]) == (7, 6)
    assert {name: [(kind["from"], kind["to"], kind["examples"]) for kind in effect["kinds"]] for name, effect in effects.items()} == {
        "agency": [("33.22/PUPR", "KEMENPU", ["A4", "A5"])],
        "rung": [("3", "2", ["A4", "A5"])],
        "priority": [("normal", "high", ["A1", "A2", "A3"])],
        "secret": [("false", "true", ["A6"])],
        "copies": [("33.74/PUPR", "-", ["A1", "A2", "A3"])],
        "support": [("KEMENPU", "33.74", ["A1", "A2", "A3"])],  # HUB is the owner
        "ask": [("photo, date", "photo", ["A6"])],
    }
    assert {name: effect["count"] for name, effect in effects.items()} == {
        "agency": 2, "rung": 2, "priority": 3, "secret": 1, "copies": 3, "support": 3, "ask": 1}
    rows = {row["number"]: row for row in lines(changed.read_text())}
    assert list(rows) == ["A1", "A2", "A3", "A4", "A5", "A6"]
    assert rows["A4"] == {"number": "A4", "then": "33.22/PUPR", "agency": "KEMENPU", "changes": {"agency": ["33.22/PUPR", "KEMENPU"], "rung": ["3", "2"]}}
    assert rows["A6"]["changes"] == {"secret": ["false", "true"], "ask": ["photo, date", "photo"]}
    out = rules("replay", "--rules", "RULES", "--history", "-", text=text, rules=new).stdout
    assert "compared with version 7 in force: 6 complaints" in out and "\nsecret: 1\n" in out
    assert re.search(r"^ +1  false +-> true +A6$", out, re.M) and re.search(r"^ +3  KEMENPU +-> 33\.74 +A1 A2 A3$", out, re.M)
    (rules.folder / "before.yaml").write_text(new)
    out = rules("replay", "--rules", "RULES", "--against", rules.folder / "before.yaml", "--history", "-", text=text, rules=new).stdout
    assert "compared with the other file: 0 complaints" in out and "secret" not in out


def test_replay_without_new_rules_compares_with_what_was(rules):
    changed = rules.folder / "changed.jsonl"
    text = '{"number": "A1", "text": "jalan", "place": "33.22", "category": 13, "agency": "33.74", "rung": 5}\n'
    said = json.loads(rules("replay", "--history", "-", "--changed", changed, "--json", text=text).stdout)
    assert "new_rules" not in said and said["moved"] == 1 and said["thresholds"]["of"] == "usual"
    assert lines(changed.read_text()) == [{"number": "A1", "then": "33.74", "agency": "33.22/PUPR"}]
    assert "cannot be written" in rules("replay", "--history", "-", "--changed", "/nowhere/x", text=text, wanted=73).stderr


def test_replay_says_what_it_leaves_out(rules):
    said = rules("replay", "--rules", "RULES", "--history", "-", text='{"text": "rahasia"}\nx\n{"text": "pju", "agency": "ID"}\n', wanted=65)
    assert "line 1 is left out: agency" in said.stderr and "line 2 is left out" in said.stderr and "rahasia" not in said.stderr
    assert "1 complaints decided again: 1 stay, 0 go elsewhere; 2 lines" in said.stdout


def test_replay_wants_a_history(rules):
    assert "which history?" in rules("replay", "--rules", "RULES", wanted=64).stderr
    assert "cannot be read" in rules("replay", "--rules", "RULES", "--history", "/none", wanted=66).stderr


def test_replay_refuses_faulty_rules_with_their_place(rules):
    said = rules("replay", "--rules", "RULES", "--history", "-", rules=RULES.replace("PUPR", "NONE"), wanted=65)
    assert "rules.yaml:5: " in said.stdout and "cannot be used as rules" in said.stderr


# ---- words

def test_every_view_has_words():
    source = (ROOT / "router" / "decide" / "decide.c").read_text(encoding="utf-8")
    known = set(re.findall(r'VIEW \((\d), +"([a-z-]+)"', (ROOT / "deploy" / "aduan" / "views.def").read_text(encoding="utf-8")))
    said = {(rung, code) for rung, arguments in re.findall(r"record_view \(ladder, (\d),([^;]*);", source)
            for code in re.findall(r'"([a-z]+(?:-[a-z]+)*)"', arguments)}
    assert said and said <= known
