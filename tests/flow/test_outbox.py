#!/usr/bin/python3
"""Telling, end to end: rows of the outbox -> aduan-store -> aduan-notifier -> a real SMTP server.

The rows are planted; store, notifier, PostgreSQL and gateway are real, and are killed.
ADUAN_BUILD names the folder of the build whose programs are tested.
"""
import collections
import os
import pathlib
import random
import subprocess
import sys
import time
import uuid

import msgpack
import nacl.public
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from private_postgres import PrivatePostgres  # noqa: E402

BUILD = pathlib.Path(os.environ.get("ADUAN_BUILD", ROOT / "build"))
DEADLINE = 60


def wait_for(what, condition, deadline=DEADLINE):
    end = time.monotonic() + deadline
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


class World:
    def __init__(self, folder):
        self.folder = folder
        for parent in [folder, *folder.parents]:
            if parent in (pathlib.Path("/"), pathlib.Path("/tmp")):
                break
            os.chmod(parent, 0o755)
        for name in ("keys", "sink", "snapshots"):
            (folder / name).mkdir()
        (folder / "keys" / "id.key").write_text("17" * 32 + "\n")
        (folder / "keys" / "access.key").write_text("18" * 32 + "\n")
        secret = nacl.public.PrivateKey.generate()
        self.public = secret.public_key
        (folder / "keys" / "contact-1.key").write_text(bytes(secret).hex() + "\n")
        self.log = open(folder / "log", "a", encoding="utf-8")
        self.programs = {}
        self.postgres = PrivatePostgres(str(folder / "pg")).__enter__()
        self.postgres.migrate(str(ROOT / "store" / "sql" / "schema"))
        self.postgres.sql("insert into agency (code, parent, kind, flags, name) values ('ID', null, 'root', 'desk', 'Meja nasional')")
        self.start("sink")
        self.port = int(wait_for("the sink", lambda: (folder / "sink" / "port").exists() and (folder / "sink" / "port").read_text()))

    def start(self, name, *options):
        common = ["-o", f"run={self.folder}", "-o", f"data={self.folder}"]
        command = {
            "sink": [str(ROOT / "tests/support/smtp_sink.py"), str(self.folder / "sink")],
            "store": [str(BUILD / "store" / "aduan-store"), *common, "-o", f"database={self.postgres.conninfo('aduan_store')}"],
            "notifier": [str(BUILD / "notifier" / "aduan-notifier"), *common, "-o", "domain=aduan.example.org",
                         "-o", "scan=200ms", "-o", "smtp.letter=5s"],
        }[name]
        if name == "notifier":
            command += ["-o", f"smtp.url=smtp://127.0.0.1:{self.port}"]
        for option in options:
            command += ["-o", option]
        self.programs[name] = subprocess.Popen(command, stderr=self.log)

    def kill(self, name):
        self.programs[name].kill()
        self.programs.pop(name).wait()

    def end(self):
        for name in ("notifier", "store", "sink"):
            if name in self.programs:
                self.programs[name].terminate()
                try:
                    status = self.programs[name].wait(DEADLINE)
                except subprocess.TimeoutExpired:
                    self.programs[name].kill()
                    status = None
                if name != "sink":
                    assert status == 0, f"{name}: {status}\n{(self.folder / 'log').read_text()[-3000:]}"
        self.postgres.stop()
        self.log.close()
        text = (self.folder / "log").read_text()
        assert "AddressSanitizer" not in text and "runtime error" not in text, text[-3000:]

    def plant(self, count, *, template=4, flags=1, text="Sudah diperbaiki.", kind="email", days=0):
        """`count` complaints with an answer of so many `days` ago to tell of; address and id of each."""
        planted = {}
        for number in range(count):
            address = f"n{uuid.uuid4().hex[:12]}@example.org" if kind == "email" else f"62{uuid.uuid4().int % 10 ** 11:011}"
            clear = msgpack.packb({1: 1, 2: "web", 3: "k", 4: kind, 5: address}) + b"\x80"
            clear += b"\0" * (-len(clear) % 256)
            planted[address] = (str(uuid.uuid4()), nacl.public.SealedBox(self.public).encrypt(clear), number)
        connection = self.postgres.connect()
        connection.autocommit = False
        with connection.cursor() as cursor:
            for identity, contact, number in planted.values():
                cursor.execute("insert into complaint (complaint_id, number, version, received, due_first, holder, adapter, state,"
                               " events, channel, priority, rung, confidence, flags)"
                               " values (%s, %s, 1, now (), now (), 1, 1, 5, 2, 1, 3, 6, 0, %s)", (identity, number, flags))
                cursor.execute("insert into content (complaint_id, digest, title, body, contact, contact_key) values (%s, 'd', 't', 'b', %s, 1)",
                               (identity, contact))
                cursor.execute("insert into event (complaint_id, at, act_key, principal, agency, kind, number, text)"
                               " values (%s, now () - make_interval (days => %s), %s, 1, 1, 17, 2, %s)", (identity, days, str(uuid.uuid4()), text))
                cursor.execute("insert into notice (complaint_id, recipient, agency, event, template) values (%s, 0, 1, 2, %s)",
                               (identity, template))
        connection.commit()
        connection.close()
        return planted

    def left(self):
        """Notices that are pending, and those in a claim."""
        return self.postgres.sql("select (select count (*) from notice_pending), (select coalesce (sum (cardinality (ids)), 0) from dispatch)")[0]

    def unknown(self):
        return {str(row[0]) for row in self.postgres.sql("select complaint_id from notice_ended where outcome = 4")}

    def copies(self):
        """How many mails each address got."""
        found = collections.Counter()
        for path in (self.folder / "sink" / "mail").glob("*.eml"):
            for line in path.read_bytes().split(b"\r\n"):
                if line.startswith(b"To: <"):
                    found[line[5:-1].decode()] += 1
        return found


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    try:
        yield world
    finally:
        world.end()


def test_all_are_told(world):
    """Each notice: one mail, its row gone, nothing ended; secret ones say nothing, but where nobody said that they are (flag 8192)."""
    world.start("store")
    world.start("notifier")
    open_ones = world.plant(150)
    secret = world.plant(20, flags=3, text="Kata rahasia")
    oversight = world.plant(20, flags=4, template=2, text="Kata rahasia")
    open_ones.update(world.plant(20, flags=8192 + 3))
    oversight.update(world.plant(20, flags=8192 + 6, text="Kata rahasia"))
    wait_for("an empty outbox", lambda: world.left() == (0, 0))
    assert world.copies() == {address: 1 for address in [*open_ones, *secret, *oversight]}
    assert world.postgres.sql("select count (*) from notice_ended") == [(0,)]
    for path in (world.folder / "sink" / "mail").glob("*.eml"):
        text = path.read_text()
        to = text.split("To: <")[1].split(">")[0]
        assert ("Sudah diperbaiki" in text) == (to in open_ones)
        assert "Kata rahasia" not in text and ("Meja nasional" in text) == (to in open_ones)
        assert ("Ada kabar tentang laporan Anda" in text) == (to not in open_ones)


def test_failures_are_tried_again(world):
    """4xx: due again later with one attempt more; 5xx: ended as refused; the tenth failure ends it."""
    rules = world.folder / "sink" / "rules"
    rules.write_text("rcpt * 451\n")
    world.start("store")
    world.start("notifier")
    (failing,) = world.plant(1).values()
    row = wait_for("the first failure", lambda: world.postgres.sql(
        "select attempt, extract (epoch from not_before - clock_timestamp ()) from notice_aside where attempt > 0"))
    assert row[0][0] == 1 and 15 < row[0][1] < 38
    world.postgres.sql("update notice_aside set attempt = 9, not_before = now ()")
    wait_for("the tenth", lambda: world.left() == (0, 0))
    assert world.postgres.sql("select complaint_id::text, attempt, outcome, code from notice_ended") == [(failing[0], 10, 2, 451)]
    rules.write_text("rcpt * 550\n")
    (refused,) = world.plant(1).values()
    wait_for("the refusal", lambda: world.postgres.sql("select 1 from notice_ended where complaint_id = %s and outcome = 3 and code = 550", refused[0]))
    assert world.copies() == {}


def test_killed_at_random(world):
    """Store, notifier and PostgreSQL die again and again: every notice is told once, or is counted as
    unknown; a mail more than once never happens; nothing is left behind."""
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"SEED={seed}")
    choose = random.Random(seed)
    world.start("store")
    world.start("notifier")
    planted, dead = {}, 0
    for _ in range(7):
        planted.update(world.plant(60))
        mails = sum(world.copies().values())
        wait_for("some mail", lambda: sum(world.copies().values()) > mails or world.left()[0] == 0)
        victim = choose.choice(["store", "notifier", "notifier", "postgres"])
        if victim == "postgres":
            world.postgres.kill()
            wait_for("the server's end", lambda: not _answers(world))
            wait_for("the server", lambda: _starts(world))
        else:
            dead += victim == "notifier"
            world.kill(victim)
            world.start(victim)
    # a claim whose answer was lost is given back after half a minute, and then another may be on its way
    wait_for("an outbox without pending notices", lambda: world.left()[0] == 0, 120)
    # what a killed notifier held expires after 15 minutes; time is what we may change
    def settled():
        world.postgres.sql("update dispatch set claimed_at = claimed_at - interval '1 h' where claimed_at < now () - interval '20 s'")
        return world.left() == (0, 0)
    wait_for("the dispatches' end", settled, 120)
    copies, unknown = world.copies(), world.unknown()
    assert max(copies.values()) == 1, f"a mail was sent twice, SEED={seed}"
    missing = [address for address, (identity, _, _) in planted.items() if address not in copies and identity not in unknown]
    assert missing == [], f"neither told nor unknown, SEED={seed}"
    print(f"{len(planted)} notices, {len(copies)} mails, {len(unknown)} unknown, "
          f"{sum(1 for address, row in planted.items() if row[0] in unknown and address in copies)} of them sent")
    assert len(unknown) <= 16 * dead, "more than a notifier may hold when it dies (its setting `claim`)"


def _answers(world):
    try:
        world.postgres.sql("select 1")
        return True
    except Exception:  # noqa: BLE001 - whatever it says, it is away
        return False


def _starts(world):
    try:
        world.postgres.start()
        return True
    except RuntimeError:
        return False


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-s"]))
