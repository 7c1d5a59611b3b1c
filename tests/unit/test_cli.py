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
COMMANDS = ("submit", "import", "track", "queue", "work", "act", "ask", "show", "spool", "keygen", "completion", "help")
STATUSES = {0, 1, 64, 65, 66, 69, 70, 73, 74, 75, 77, 78}


def aduan(*arguments, wanted=0, lang="en_GB.UTF-8", text="", **environment):
    env = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "ADUAN_CONFIG"))}
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
    (("submit", "--text", "x", "--created", "soon"), "soon"),
    (("submit", "--text", "x", "--token", "abc"), "abc"),
    (("track",), "which number"),
    (("track", "A123"), "check symbol"),
    (("import",), "which file"),
    (("import", "x", "--rate", "0"), "from 1"),
    (("import", "x", "--map", "colour=red"), "longitude"),
    (("work",), "--agency CODE is missing"),
    (("work", "--agency", "#1", "--exec", "a", "--answer", "b"), "at most one"),
    (("act", "x"), "ID|NUMBER"),
    (("act", "nonsense", "--agency", "#1", "answer", "--text", "x"), "ID|NUMBER"),
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
    said = json.loads(aduan("import", file, "--check", "--json", wanted=65).stdout)
    assert (said["accepted"], said["rejected"], said["complete"]) == (1, 2, True)
    rows = [json.loads(line) for line in (tmp_path / "x.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [(row["line"], row["code"]) for row in rows] == [(2, "malformed"), (3, "value")]
    assert stat.S_IMODE((tmp_path / "x.jsonl.rejects.jsonl").stat().st_mode) == 0o600
    assert not (tmp_path / "x.jsonl.state").exists()
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
