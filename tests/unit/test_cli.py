"""The command `aduan` without servers: help in two languages, exit statuses, keys, completion, checks.

ADUAN_BUILD names the folder of the build.
"""
import json
import os
import pathlib
import re
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADUAN = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build")) / "deploy" / "aduan" / "aduan"
COMMANDS = ("submit", "import", "track", "duplicates", "queue", "work", "act", "admin", "webhook", "report", "notice", "export", "deadline", "calendar", "ask", "show", "spool", "audit",
            "identity", "rules", "keygen", "conformance", "completion", "help")
STATUSES = {0, 1, 64, 65, 66, 69, 70, 73, 74, 75, 77, 78}


def aduan(*arguments, wanted=0, lang="en_GB.UTF-8", text="", **environment):
    env = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "ADUAN_CONFIG"))}
    env["ADUAN_CONFIG"] = ""  # whatever is installed here
    done = subprocess.run([str(ADUAN), *map(str, arguments)], env={**env, "LANG": lang, **environment}, input=text, text=True,
                          capture_output=True, check=False, timeout=60)
    assert done.returncode == wanted, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("lang", ["id", "en"])
def test_every_command_has_help(command, lang):
    for said in (aduan("--lang", lang, command, "--help"), aduan("help", command, "--lang", lang)):
        assert f"aduan {command}" in said.stdout and not said.stderr
        assert {int(number) for number in re.findall(r"^ +(\d+)  \S", said.stdout, re.M)} == STATUSES
        assert "{" not in said.stdout.replace('{"act"', "")
        for line in said.stdout.splitlines():
            assert len(line) <= 150, line


def test_the_first_help_names_every_command():
    said = aduan("help").stdout
    for command in COMMANDS:
        assert f"\n  {command} " in said
    assert aduan(wanted=64).stderr == said


def test_version():
    version = re.search(r"version : '([0-9.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))[1]
    assert aduan("--version").stdout == f"aduan {version}\n"


def test_a_wrong_option_leads_to_the_help_in_lines_of_their_own():
    said = aduan("submit", "--nonsense", wanted=64).stderr
    assert said.endswith("See `aduan submit --help`.\n") and said.count("\n") == 2


@pytest.mark.parametrize("lang, words", [("en_GB.UTF-8", "there is no command"), ("en", "there is no command"), ("id_ID.UTF-8", "tidak ada perintah"),
                                         ("C.UTF-8", "tidak ada perintah"), ("", "tidak ada perintah"), ("enm_XX", "tidak ada perintah")])
def test_language(lang, words):
    assert words in aduan("nonsense", wanted=64, lang=lang).stderr


@pytest.mark.parametrize("arguments, words", [
    (("submit",), "text is missing"),
    (("submit", "--text"), "needs a value"),
    (("submit", "--txet", "x"), "unknown option"),
    (("submit", "--text", "x", "more"), "one argument too many"),
    (("submit", "--text", "x", "--text-file", "y"), "either"),
    (("submit", "--text", "x", "--rating", "6"), "from 1 to 5"),
    (("submit", "--text", "x", "--channel", "pigeon"), "pigeon"),
    (("submit", "--text", "x", "--secret=maybe"), "yes or no"),
    (("submit", "--text", "x", "--created", "soon"), '"soon" is not a time, as 2026-11-25'),
    (("submit", "--text", "x", "--token", "abc"), '"abc" is not a token: 32 hex'),
    (("submit", "--text", "x", "--latitude", "91"), '"91" is not a number from -90 to 90'),
    (("submit", "--text", "x", "--longitude", "6,9"), '"6,9" is not a number from -180 to 180'),
    (("submit", "--text", "x", "--parent", "A0000000000000"), "--kind"),
    (("submit", "--text", "x", "--kind", "complaint", "--parent", "A0000000000000"), "--kind"),
    (("track",), "which number"),
    (("track", "A123"), "check symbol"),
    (("import",), "which file"),
    (("import", "x", "--rate", "0"), "from 1"),
    (("import", "x", "--map", "colour=red"), '--map: "colour=red" is not FIELD=SOURCE'),
    (("import", "x", "--map", "text"), "longitude"),
    (("import", "x", "--set", "location=Jalan Contoh, nomor 5"), '--set: " nomor 5" is not FIELD=SOURCE or FIELD=VALUE.  Commas separate'),
    (("queue", "a", "b"), '"b" is one argument too many'),
    (("queue", "\udcff"), "is not UTF-8"),
    (("ask", "agency", "\udcff"), "is not UTF-8"),
    (("help", "submit", "import"), '"import" is one argument too many'),
    (("keygen", "x", "--seal", "--id"), "one of --seal, --id and --audit"),
    (("show", "intake", "x" * 300), "cannot be the name of a page"),
    (("work",), "--agency CODE is missing"),
    (("work", "--agency", "#1", "--exec", "a", "--answer", "b"), "at most one"),
    (("act", "x"), "ID|NUMBER"),
    (("act", "nonsense", "--agency", "#1", "answer", "--text", "x"), "nonsense is neither a tracking number"),
    (("act", "ANEX09XCEY95JD", "--agency", "33.74/PUPR", "ack"), "ANEX09XCEY95JD is neither a tracking number (its check symbol does not fit) nor an id"),
    (("admin", "tree", "33.74", "deep"), 'LEVELS: "deep" is not a whole number'),
    (("show", "nobody"), "intake|router"),
    (("spool", "eat"), "salvage"),
    (("keygen",), "which file"),
    (("completion", "zsh"), "bash"),
    (("help", "nonsense"), "nonsense"),
])
def test_usage(arguments, words):
    assert words in aduan(*arguments, wanted=64).stderr


def test_settings(tmp_path):
    file = tmp_path / "aduan.yaml"
    file.write_text("aduan:\n  intake: ipc:///nowhere\n  intakes: x\n")
    said = aduan("-c", file, "submit", "--text", "x", wanted=78).stderr
    assert "aduan.yaml:3:3" in said and "did you mean intake?" in said
    file.write_text(f"run: {tmp_path}\ndata: {tmp_path}\naduan:\n  intake: ipc://{tmp_path}/nobody.sock\n")
    said = aduan("submit", "--text", "x", "--wait", "1", wanted=69, ADUAN_CONFIG=str(file))
    assert "nothing was sent" in said.stderr
    said = aduan("-c", file, "submit", "--text", "x", "--wait", "1", "--json", wanted=69)
    assert json.loads(said.stdout)["result"] == "unsent"
    aduan("-c", file, "-o", "intake=tcp://127.0.0.1:1", "submit", "--text", "x", wanted=78)
    aduan("-c", tmp_path / "none.yaml", "submit", "--text", "x", wanted=78)
    aduan("-c", file, "submit", "--text-file", tmp_path / "none", wanted=66)
    assert "does it run" in aduan("-c", file, "queue", wanted=69).stderr
    assert "does not answer" in aduan("-c", file, "show", "store", wanted=69).stderr


def test_keygen(tmp_path):
    file = tmp_path / "adapter-x.key"
    public = aduan("keygen", file).stdout.strip()
    assert len(public) == 40 and file.read_text().split()[0] == public
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    assert "is there already" in aduan("keygen", file, wanted=73).stderr
    assert file.read_text() == before
    said = json.loads(aduan("keygen", tmp_path / "seal.key", "--seal", "--json").stdout)
    import nacl.public
    secret = nacl.public.PrivateKey(bytes.fromhex((tmp_path / "seal.key").read_text().strip()))
    assert bytes(secret.public_key).hex() == said["public"]
    audit = tmp_path / "audit.key"
    public = aduan("keygen", audit, "--audit").stdout.strip()
    from nacl.signing import SigningKey
    assert bytes(SigningKey(bytes.fromhex(audit.read_text())).verify_key).hex() == public
    aduan("keygen", tmp_path / "id.key", "--id")
    assert re.fullmatch(r"[0-9a-f]{64}\n", (tmp_path / "id.key").read_text())
    aduan("keygen", tmp_path / "no" / "folder.key", wanted=73)


def test_completion():
    script = aduan("completion", "bash").stdout
    ask = script + "\nCOMP_WORDS=(aduan %s); COMP_CWORD=%d; _aduan; echo ${COMPREPLY[@]}\n"

    def complete(words, at):
        return subprocess.run(["bash", "-c", ask % (words, at)], text=True, capture_output=True, check=True).stdout.split()

    assert complete("su", 1) == ["submit"]
    assert set(complete("''", 1)) == set(COMMANDS)
    assert complete("import --cat", 2) == ["--category-map"]
    assert set(complete("spool s", 2)) >= {"stat", "salvage"}


def test_import_check(tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_text('{"id": 1, "text": "Lampu padam"}\nbroken\n{"id": 2, "text": "y", "created": "soon"}\n')
    out = aduan("import", file, "--check", "--json", wanted=65)
    said = json.loads(out.stdout)
    assert (said["accepted"], said["rejected"], said["complete"]) == (1, 2, True) and "rejects" not in said
    assert "line 2: malformed: not one whole JSON object" in out.stderr
    assert "line 3: value, field created: not a time, as 2026-11-25" in out.stderr
    said = aduan("import", file, "--check", wanted=65, lang="id").stdout
    assert "1 baik" in said and "2 salah" in said
    aduan("import", tmp_path / "none.csv", wanted=66)
    aduan("import", tmp_path, wanted=66)
    table = tmp_path / "x.csv"
    table.write_text("a,b\n1,2\n")
    assert 'no column "c"' in aduan("import", table, "--map", "text=c", wanted=65).stderr
    words = tmp_path / "words"
    words.write_text("jalan 1\n")
    assert "words" in aduan("import", table, "--category-map", words, wanted=64).stderr


def test_import_check_finds_what_needs_no_server(tmp_path):
    file = tmp_path / "x.jsonl"
    texts = [{"text": " "}, {"text": "x" * 10001}, {"text": "x", "place": "33.7"}, {"text": ["x"]}, {"text": "x", "external": "y" * 65},
             {"text": "x", "kind": "reply"}, {"text": "x", "latitude": "91"}, {"text": "x", "place": "33.74"}]
    file.write_text("".join(json.dumps(record) + "\n" for record in texts))
    out = aduan("import", file, "--check", wanted=65)
    assert "1 good" in out.stdout and "7 faulty" in out.stdout
    for words in ("line 1: empty, field text\n", "line 2: too_long, field text: 10,001 signs where 10,000 are the most\n",
                  "line 3: value, field place\n", "line 4: value, field text: a list or an object, not a text\n",
                  "line 5: too_long, field external: 65 signs where 64 are the most\n", "line 6: missing, field parent\n",
                  "line 7: value, field latitude: not degrees from -90 to 90\n"):
        assert words in out.stderr, out.stderr


def test_a_quote_within_a_cell_is_a_sign(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text('text\npipa 2" bocor di RT 1\nlampu mati di RT 2\npipa 3" pecah di RT 3\nsampah\n')
    said = json.loads(aduan("import", file, "--check", "--json").stdout)
    assert (said["accepted"], said["rejected"]) == (4, 0)


@pytest.fixture
def broken(tmp_path):
    """Imports a file whose records nobody need be asked about, because all of them are broken."""
    settings = tmp_path / "aduan.yaml"
    settings.write_text(f"run: {tmp_path}\ndata: {tmp_path}\naduan:\n  intake: ipc://{tmp_path}/nobody.sock\n")
    file = tmp_path / "x.jsonl"
    file.write_text("broken 1\nbroken 2\n")

    def run(*arguments, wanted=65):
        return aduan("-c", settings, "import", file, *arguments, wanted=wanted)
    run.file, run.rejects, run.state = file, tmp_path / "x.jsonl.rejects.jsonl", tmp_path / "x.jsonl.state"
    return run


def test_what_a_run_says_is_what_it_did(broken):
    assert "0 accepted, 0 known already, 2 rejected" in broken().stdout
    assert stat.S_IMODE(broken.rejects.stat().st_mode) == 0o600
    again = broken()
    assert "Nothing was left" in again.stdout and "2 rejected" in again.stdout.split("together")[1]
    assert "100 %" in again.stderr
    said = json.loads(broken("--json").stdout)
    assert (said["rejected"], said["in_all"]["rejected"], said["rate"], said["complete"]) == (0, 2, 0, True)
    with open(broken.file, "a", encoding="ascii") as file:
        file.write("broken 3\n")
    said = json.loads(broken("--json").stdout)
    assert (said["rejected"], said["in_all"]["rejected"]) == (1, 3)
    assert len(broken.rejects.read_text().splitlines()) == 3
    assert not broken.state.with_suffix(".state.lock").exists()


def test_a_check_leaves_everything_alone(broken):
    broken()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in broken.file.parent.iterdir()}
    broken("--check")
    broken("--check", "--from-start")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in broken.file.parent.iterdir()} == before


@pytest.mark.parametrize("left", [0, 20, None])
def test_rejects_that_somebody_took_away_leave_no_hole(broken, left):
    broken()
    if left is None:
        broken.rejects.unlink()
    else:
        os.truncate(broken.rejects, left)
    with open(broken.file, "a", encoding="ascii") as file:
        file.write("broken 3\n")
    assert "somebody took some away" in broken().stderr
    rows = broken.rejects.read_bytes()
    assert b"\0" not in rows and json.loads(rows.splitlines()[-1])["line"] == 3
    assert len(rows.splitlines()) == (2 if left else 1)
    assert "took some away" not in broken().stderr


def test_a_line_that_is_still_being_written_is_left(broken):
    broken.file.write_text('broken 1\n{"text": "Lampu pa')
    out = broken()
    assert "1 rejected" in out.stdout and "The last line, 2, is no whole JSON object" in out.stdout
    assert json.loads(broken.state.read_text())["offset"] == 9
    said = json.loads(broken("--json").stdout)
    assert (said["complete"], said["unfinished"], said["rejected"]) == (False, 2, 0)
    assert "last line, 2" in broken("--check").stdout
    with open(broken.file, "a", encoding="ascii") as file:
        file.write("dam\n")
    said = json.loads(broken("--json").stdout)
    assert (said["complete"], said["rejected"], "unfinished" in said) == (True, 1, False)
    # What comes through a pipe has an end.
    said = json.loads(aduan("import", "-", "--check", "--json", text='{"text": "Lampu pa', wanted=65).stdout)
    assert (said["complete"], said["rejected"]) == (True, 1)


def test_two_imports_of_one_file(broken):
    import fcntl
    with open(broken.state.with_suffix(".state.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "is being imported by another process" in broken(wanted=73).stderr
        assert not broken.rejects.exists()
        broken("--check")
    broken()


@pytest.mark.parametrize("person, words", [
    ({"nama": "Siti Contoh"}, '"nama" is none of name, nik'),
    ({"name": "Siti Contoh", "phone": 800111222}, 'value of "phone" is not a text'),
    ({"name": {"first": "Siti"}}, 'value of "name" is not a text'),
    (["Siti Contoh"], "is not a JSON object"),
])
def test_an_identity_that_is_not_understood_is_refused(tmp_path, person, words):
    file = tmp_path / "person.json"
    file.write_text(json.dumps(person))
    assert words in aduan("submit", "--text", "x", "--identity-file", file, wanted=65).stderr


def test_spool_of_what_is_no_segment(tmp_path):
    settings = tmp_path / "aduan.yaml"
    settings.write_text(f"run: {tmp_path}\ndata: {tmp_path}\n")
    (tmp_path / "keys").mkdir()
    (tmp_path / "spool").mkdir()
    aduan("keygen", tmp_path / "keys" / "id.key", "--id")
    out = aduan("spool", "list", settings, "-c", settings, wanted=65)
    assert not out.stdout and "aduan.yaml: no segment of this spool" in out.stderr
    for more in (("--lang", "en"), ("--lang=en",)):
        assert "segments: 0" in aduan("spool", "stat", *more, "-c", settings).stdout
    assert "--set-option" not in aduan("spool", "--help").stdout


def test_broken_pipe_and_full_disk():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([str(ADUAN), "help"], stdout=full, stderr=subprocess.DEVNULL, check=False)
    assert done.returncode == 74


def test_strange_bytes_do_not_break_it(tmp_path):
    """Any bytes at all are records, rejects or nothing - never a crash; a sanitizer would show."""
    import random
    dice = random.Random(5)
    pieces = [b'{"text":"', b'"}', b"\n", b'"', b",", b";", b"\x00", b"\xff", b"\\u0000", b"[[", b"{" * 50, b"1e999", b"\r", b"id", b"\xef\xbb\xbf"]
    for at in range(60):
        file = tmp_path / f"x{at}.{dice.choice(['csv', 'jsonl', 'txt'])}"
        file.write_bytes(b"".join(dice.choice(pieces) for _ in range(dice.randrange(80))))
        done = subprocess.run([str(ADUAN), "import", str(file), "--check", "--json", "--quiet"], capture_output=True, check=False, timeout=60)
        assert done.returncode in (0, 65), (file.read_bytes(), done)
