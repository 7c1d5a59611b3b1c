"""Who may enter: principals.tsv as people write it, what aduan-migrate says of it, and what then is in force."""
import os
import re
import subprocess
import time

import pytest

from conftest import Stack
from stack import BUILD

HEADER = "name\trole\tkey\trights\tagencies\tstate\n"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake"), adapters=("web", "sms", "old"), fronts=()) as running:
        yield running


@pytest.fixture
def load(stack):
    """Loads the file with these lines in place of its own; the status, and what was said without times."""
    def run(text, path="loaded.tsv"):
        path = os.path.join(stack.folder, path)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        done = subprocess.run([os.path.join(BUILD, "store/aduan-migrate"), "-d", stack.postgres.conninfo("aduan_migrate"), "principals", path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        return done.returncode, re.sub(r"(?m)^\S+ migrate (error: )?", "", done.stdout).replace(path, "FILE")
    return run


def own(stack, **change):
    """The file that the stack was set up with, its lines by name."""
    with open(os.path.join(stack.folder, "principals.tsv"), encoding="utf-8") as file:
        lines = {line.split("\t")[0]: line for line in file}
    lines.update(change)
    return "".join(lines.values())


def table(stack):
    return stack.sql("select name, role, key, rights, revoked_at is null from principal order by name"), \
        stack.sql("select version from snapshot where kind = 1")


def word_of(stack, name):
    """What intake answers to the key within a few seconds."""
    return stack.adapter(name).submit(text="Lampu jalan padam", seconds=5)[0]


def until_logged(program, text, seconds=30):
    """The program's log as soon as the text is in it."""
    deadline = time.monotonic() + seconds
    while text not in program.tail(1000):
        assert time.monotonic() < deadline, f"not in time: {text}\n{program.tail()}"
        time.sleep(0.05)
    return program.tail(1000)


KEY = "a" * 40

FAULTS = [
    ("", r"line 0: line \"\": the header line is missing"),
    (f"web2\tadapter\t{KEY}\t-\t-\tactive\n", r"line 1: line \"web2.*the header line must come first"),
    (HEADER.replace("\t", " ") + f"web2\tadapter\t{KEY}\t-\t-\tactive\n", r"^FILE, line 1: line .*the header line must come first.*\nFILE: 1 fault:"),
    (HEADER + f"# note\n\nweb2\tadapter\t{KEY[1:]}\t-\t-\tactive\n", r'line 4: key "a+": a key is the 40 signs that aduan keygen prints'),
    (HEADER + f"web2\tadapter\t{KEY[1:]}~\t-\t-\tactive\n", r"line 2: key"),
    (HEADER + f"{'n' * 65}\tadapter\t{KEY}\t-\t-\tactive\n", r"line 2: name \"n+\": a name is 1 to 64"),
    (HEADER + f"my web\tadapter\t{KEY}\t-\t-\tactive\n", r"line 2: name \"my web\""),
    (HEADER + f"\tadapter\t{KEY}\t-\t-\tactive\n", r"line 2: name \"\""),
    (HEADER + f"web2\tadaptor\t{KEY}\t-\t-\tactive\n", r"line 2: role \"adaptor\": a role is adapter, worker or front"),
    (HEADER + f"web2\tadapter\t{KEY}\temergncy\t-\tactive\n", r"line 2: rights \"emergncy\""),
    (HEADER + f"web2\tadapter\t{KEY}\tbulk,\t-\tactive\n", r"line 2: rights \"bulk,\""),
    (HEADER + f"web2\tadapter\t{KEY}\t\t-\tactive\n", r"line 2: rights \"\""),
    (HEADER + f"web2\tadapter\t{KEY}\t-\t-\tREVOKED\n", r"line 2: state \"REVOKED\": a state is active or revoked"),
    (HEADER + f"web2\tadapter\t{KEY}\t-\t-\t-\n", r"line 2: state \"-\""),
    (HEADER + f"desk2\tworker\t{KEY}\t-\t91, 92\tactive\n", r"line 2: agencies \"91, 92\""),
    (HEADER + f"desk2\tworker\t{KEY}\t-\t91,no/such\tactive\n", r"line 2: agencies \"no/such\": the registry has no such code"),
    (HEADER + f"web2 adapter {KEY} - - active\n", r"line 2: line \"web2.*blanks stand where tabs belong"),
    (HEADER + f"web2\tadapter\t{KEY}\t-\tactive\n", r"line 2: line .*it has not got the six fields"),
    (HEADER + f"web2\tadapter\t{KEY}\t-\t-\tactive\tx\n", r"line 2: line .*it has not got the six fields"),
    ((HEADER + f"web2\tadapter\t{KEY}\t-\t-\tactive\n").replace("\n", "\r\n"), r"line 1: line .*ends with CR LF.*\nFILE: 1 fault:"),
    ("\ufeff" + HEADER, r"line 1: line .*byte order mark"),
    (HEADER + f"web2\tadapter\t{KEY}\t-\t-\tactive\nweb2\tadapter\t{'b' * 40}\t-\t-\tactive\n", r"line 3: name \"web2\": it stands in line 2 already"),
    (HEADER + f"web2\tadapter\t{KEY}\t-\t-\tactive\nweb3\tadapter\t{KEY}\t-\t-\tactive\n", r"line 3: key \"a+\": it stands in line 2 already"),
    (HEADER.encode() + b"w\x00b\tadapter\t" + KEY.encode() + b"\t-\t\\N\tactive\n", r"line 2: name .*\n.*line 2: agencies .*\nFILE: 2 faults"),
]


@pytest.mark.parametrize("text, wanted", FAULTS)
def test_a_fault_is_named_and_nothing_changes(stack, load, text, wanted):
    before = table(stack)
    status, said = load(text)
    assert status == 65 and re.search(wanted, said, re.MULTILINE), said
    assert "nothing has changed" in said and table(stack) == before


def test_all_faults_at_once(stack, load):
    """Those of the lines and those that the database knows, and with them nothing that is right takes effect."""
    before = table(stack)
    revoked = own(stack)
    first = revoked.count("\n") + 1
    status, said = load(revoked.replace("active", "revoked") + f"a b\tadaptor\tshort\tall\t,\tyes\nnew\tworker\t{KEY}\t-\t93.99\tactive\n")
    assert status == 65
    for column in ("name", "role", "key", "rights", "agencies", "state"):
        assert re.search(rf'line {first}: {column} "', said), said
    assert f'line {first + 1}: agencies "93.99"' in said and "7 faults" in said
    assert table(stack) == before


def test_a_key_keeps_its_name(stack, load):
    before = table(stack)
    status, said = load(own(stack, web=f"portal\tadapter\t{stack.keys['adapter-web'][0]}\t-\t-\tactive\n"))
    assert status == 65 and "it is the key of web and stays so" in said and table(stack) == before


def test_what_is_right_takes_effect(stack, load):
    """Comments, empty lines and a last line without its end are well; again it changes nothing; role, rights, state follow."""
    (_, (before,)), text = table(stack), own(stack)
    status, said = load("# ours\n\n" + text + f"extra\tworker\t{KEY}\t-\t91,91\tactive")
    assert status == 0 and "a new version" in said, said
    status, said = load(text + f"extra\tworker\t{KEY}\t-\t91\tactive\n")
    assert status == 0 and "as they were" in said, said
    status, said = load(text + f"extra\tfront\t{KEY}\tbulk,emergency\t-\tactive\n")
    assert status == 0 and "a new version" in said, said
    assert stack.sql("select role, rights from principal where name = 'extra'") == [(3, "bulk,emergency")]
    assert stack.sql("select * from principal_agency join principal using (principal_id) where name = 'extra'") == []
    assert load(text + f"extra\tfront\t{KEY}\t-\t-\trevoked\n")[0] == 0
    assert stack.sql("select revoked_at is not null from principal where name = 'extra'") == [(True,)]
    assert table(stack)[1][0][0] == before[0] + 3


def test_a_line_taken_out_is_warned_of(stack, load):
    text = own(stack)
    lines = text.splitlines(True)
    status, said = load("".join(line for line in lines if not line.startswith("sms\t")))
    assert status == 0 and re.search(r"sms is not in FILE and stays active; .*state revoked \(adapter, key ", said), said
    assert stack.sql("select revoked_at from principal where name = 'sms'") == [(None,)]
    assert "stays active" not in load(text)[1]


def test_a_strange_row_blocks_nobody(stack, load):
    """What an older version let into the database: its lines are left out, each is named, and a revocation takes effect."""
    assert word_of(stack, "old") == "accepted"
    stack.sql("insert into principal (name, role, key) values ('short', 1, 'abc'), (%s, 1, %s), ('tab' || chr (9) || 'bed', 2, %s)",
              "n" * 70, "c" * 40, "d" * 40)
    stack.sql("update principal set revoked_at = now () where name = 'old'")
    version = stack.sql("select version from snapshot where kind = 1")[0][0]
    for name in ("router", "intake"):
        log = until_logged(stack[name], f"snapshot principals, version {version} is in force")
        assert re.search(r'line \d+: its key "abc" is not 40 signs of Z85', log), log
        assert re.search(r'line \d+: its name "n{70}" is not 1 to 64 bytes', log), log
    assert word_of(stack, "old") != "accepted" and word_of(stack, "sms") == "accepted"
    # loading the file ends what no line of it can name
    status, said = load(own(stack))
    assert status == 0 and '"abc"' in said and "now it is revoked" in said, said
    assert stack.sql("select count (*) from principal where revoked_at is null and (length (name) > 64 or length (key) <> 40 or strpos (name, chr (9)) > 0)") == [(0,)]
