"""Webhooks, end to end: complaint -> feed -> store -> aduan-notifier -> a real HTTP receiver that does what receivers do."""
import os
import re
import subprocess

import pytest

from conftest import Stack
from hook_receiver import Receiver
from peer import Peer, frame
from stack import CORE, Program
from test_people import Command

COLLECT, DELIVERY, DELIVERED, HEARD = 47, 48, 49, 44


@pytest.fixture(scope="module")
def stack(folder):
    """Its notifier sends to this machine, and waits for half a second; its store takes http."""
    with Stack(folder, programs=(*CORE, "query", "notifier"), adapters=("web", "kota"), store="  webhook:\n    http: true\n",
               notifier=f"  webhook:\n    hosts: 127.0.0.1\n    wait: 500ms\n    scan: 100ms\n    ca: {folder}/trusted.pem\n") as running:
        running.sql("update principal set agency_id = (select agency_id from agency where code = '91.01') where name = 'kota'")
        yield running


@pytest.fixture(scope="module")
def front(stack):
    return stack.front()


@pytest.fixture(scope="module")
def boss(stack):
    return stack.person("91.01", "coordinator")


@pytest.fixture(scope="module")
def kota(stack):
    return stack.adapter("kota")


@pytest.fixture
def receiver(stack):
    with Receiver() as running:
        yield running
    stack.checks()
    stack.sql("delete from hook")


def hooked(front, boss, receiver, **more):
    """Sets a webhook; its number."""
    set_ = front.order("set_webhook", boss, name="kota", url=receiver.url, **more)
    assert set_.word == "done", set_
    receiver.secret = set_["secret"]
    return set_["webhook"]


def submitted(kota, text="Pipa air bocor di tepi jalan"):
    word, fields = kota.submit(text, category=1, place="91.01.01")
    assert word == "accepted"
    return fields[3]


def state(stack, hook, columns="attempt, status, parked_at is not null"):
    return stack.sql(f"select {columns} from hook where hook_id = %s", hook)[0]


def hurry(stack, hook):
    """The time until it is tried again has passed."""
    stack.sql("update hook set next_at = now () where hook_id = %s and claim is null", hook)


def test_what_happens_is_sent_in_order_and_signed(stack, front, boss, kota, receiver):
    worker = stack.worker()
    hooked(front, boss, receiver)
    stack.adapter("web").submit("Bukan kiriman kota", category=1, place="91.01.01")
    number = submitted(kota)
    (case,) = worker.pull([stack.agency("91.01/PUPR")], 1, 10000)
    while case["number"] != number:
        (case,) = worker.pull([stack.agency("91.01/PUPR")], 1, 10000)
    assert worker.act(case, "answer", "Sudah disambung lagi.")[0] == "done"
    receiver.wait(lambda: len(receiver.taken) >= 2)
    assert [(event["number"], event["type"], event.get("text")) for event in receiver.taken] == [(number, "placed", None), (number, "answer", "Sudah disambung lagi.")]
    for call in receiver.calls:
        assert call.signed_by(receiver.secret) and not call.signed_by("whsec_" + "A" * 43 + "=") and len(call.signatures) == 1
    # what was sent is the feed's, and its cursor goes on from there
    principal = stack.sql("select principal_id from principal where name = 'kota'")[0][0]
    feed = stack.postgres.sql("select web.feed (%s, '', 500)", principal, user="aduan_web")[0][0]
    assert feed["events"][-2:] == receiver.taken
    assert stack.postgres.sql("select web.feed (%s, %s, 500)", principal, receiver.calls[-1].json["cursor"], user="aduan_web")[0][0]["events"] == []
    stack.wait("select 1 from hook where delivered = 2 and status = 204 and delivered_at is not null and attempt = 0 and claim is null")


def test_only_what_is_wanted(stack, front, boss, kota, receiver):
    hooked(front, boss, receiver, events=["answer"])
    first, worker = submitted(kota), stack.worker()
    (case,) = worker.pull([stack.agency("91.01/PUPR")], 1, 10000)
    while case["number"] != first:
        (case,) = worker.pull([stack.agency("91.01/PUPR")], 1, 10000)
    worker.act(case, "answer", "Besok kami datang.")
    receiver.wait(lambda: receiver.taken)
    assert [event["type"] for event in receiver.taken] == ["answer"]


@pytest.mark.parametrize("does, status", [("fail", 500), ("hang", 10028), ("redirect", 307), ("flood", 10023)])
def test_what_is_not_taken_is_sent_again(stack, front, boss, kota, receiver, does, status):
    """The same batch under the same id; what happened meanwhile comes behind it."""
    receiver.does = does
    hook = hooked(front, boss, receiver)
    first = submitted(kota)
    stack.wait("select 1 from hook where hook_id = %s and attempt = 1 and status = %s and next_at > now () + interval '3 seconds'", hook, status)
    second = submitted(kota, "Lampu taman mati")
    stack.wait("select 1 from complaint where number = number_bits (%s)", second)
    calls = len(receiver.calls)
    hurry(stack, hook)
    stack.wait("select 1 from hook where hook_id = %s and attempt = 2 and next_at > now () + interval '12 seconds'", hook)
    assert len(receiver.calls) == calls + 1 and not receiver.others, "a redirect was followed"
    receiver.does = "take"
    hurry(stack, hook)
    receiver.wait(lambda: len(receiver.taken) >= 2)
    assert [event["number"] for event in receiver.taken] == [first, second]
    tries = [call for call in receiver.calls if first in str(call.json)]
    assert len({call.id for call in tries}) == 1 and len({call.json["events"][0]["id"] for call in tries}) == 1
    stack.wait("select 1 from hook where hook_id = %s and attempt = 0", hook)


def test_parked_after_ten_failures_and_resumed(stack, front, boss, kota, receiver):
    receiver.does = "fail"
    hook = hooked(front, boss, receiver)
    number = submitted(kota)
    stack.wait("select 1 from hook where hook_id = %s and attempt = 1", hook)
    stack.sql("update hook set attempt = 9 where hook_id = %s", hook)
    hurry(stack, hook)
    stack.wait("select 1 from hook where hook_id = %s and parked_at is not null and attempt = 10", hook)
    calls = len(receiver.calls)
    assert stack.reader().ask("counts")[0]["webhooks_parked"] == 1
    hurry(stack, hook)
    receiver.does = "take"
    assert front.order("test_webhook", boss, webhook=hook).word == "done"  # also of one that rests
    stack.wait("select 1 from hook where hook_id = %s and test_status = 204", hook)
    assert len(receiver.calls) == calls + 1 and receiver.calls[-1].json == {"test": True, "events": [], "at": receiver.calls[-1].json["at"]}
    assert receiver.calls[-1].signed_by(receiver.secret) and state(stack, hook) == (10, 500, True)
    assert front.order("resume_webhook", boss, webhook=hook).word == "done"
    receiver.wait(lambda: [event["number"] for event in receiver.taken] == [number])
    stack.wait("select 1 from hook where hook_id = %s and attempt = 0 and parked_at is null", hook)
    # who says that nobody is there any more is not asked nine times again
    receiver.does = "gone"
    submitted(kota)
    stack.wait("select 1 from hook where hook_id = %s and parked_at is not null and status = 410", hook)


def test_replay_pause_and_a_new_secret(stack, front, boss, kota, receiver):
    hook = hooked(front, boss, receiver)
    numbers = [submitted(kota), submitted(kota, "Rambu roboh")]
    receiver.wait(lambda: len(receiver.taken) >= 2)
    assert front.order("pause_webhook", boss, webhook=hook).word == "done"
    assert front.order("replay_webhook", boss, webhook=hook, **{"from": receiver.calls[0].json["cursor"]}).word == "done"
    assert front.order("replay_webhook", boss, webhook=hook, **{"from": "kemarin"}).word == "value from"
    old = receiver.secret
    again = front.order("set_webhook", boss, name="kota", url=receiver.url, **{"from": "2020-01-01T00:00:00Z"})
    assert again["webhook"] == hook and again["secret"] != old and again["old_until"]
    receiver.wait(lambda: len([event for event in receiver.taken if event["number"] in numbers]) >= 4)
    assert receiver.calls[-1].signed_by(old) and receiver.calls[-1].signed_by(again["secret"])
    stack.sql("update hook set old_until = now ()")
    front.order("test_webhook", boss, webhook=hook)
    receiver.wait(lambda: receiver.calls[-1].json.get("test"))
    assert not receiver.calls[-1].signed_by(old) and receiver.calls[-1].signed_by(again["secret"])
    assert front.order("remove_webhook", boss, webhook=hook).word == "done"
    assert front.order("test_webhook", boss, webhook=hook).word == "absent webhook"
    rows = stack.sql("select h::text from hook h union all select new::text from change where name ~ 'webhook' union all select result::text from ordered")
    assert not [row for row, in rows if again["secret"] in row or old in row]


def test_where_it_does_not_go(stack, front, boss, kota):
    """The address is judged when it is connected to; what is no address at all is refused at once."""
    for url in ("ftp://contoh.example/", "https://", "https://orang:sandi@contoh.example/", "https://contoh.example/#x", "https://contoh example/", "x", "https://a/\\b",
                "https://" + "a" * 2000, ""):
        assert front.order("set_webhook", boss, name="kota", url=url).word == "value url", url
    assert front.order("set_webhook", boss, name="kota", url="https://contoh.example/", events=["note"]).word == "value events"
    assert front.order("set_webhook", boss, name="web", url="https://contoh.example/").word == "absent name"
    hooks = [front.order("set_webhook", boss, name="kota", url=f"http://{host}/")["webhook"] for host in ("localhost", "[::1]", "10.1.2.3", "contoh.example")]
    submitted(kota)
    for hook in hooks:
        stack.wait("select 1 from hook where hook_id = %s and status = 2", hook)  # another host than the setting names
    stack.sql("delete from hook")
    for at in range(10):
        assert front.order("set_webhook", boss, name="kota", url=f"https://contoh.example/{at}").word == "done"
    assert front.order("set_webhook", boss, name="kota", url="https://contoh.example/10").word == "state name"
    stack.sql("delete from hook")


def certified(stack, name):
    """A file with a key and its own certificate for 127.0.0.1."""
    path = os.path.join(stack.folder, f"{name}.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=uji",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path + ".crt"], check=True, stderr=subprocess.DEVNULL)
    with open(path + ".crt", encoding="ascii") as certificate, open(path, "a", encoding="ascii") as file:
        file.write(certificate.read())
    return path


def test_certificates_are_checked(stack, front, boss, kota):
    with Receiver(certified(stack, "trusted")) as known, Receiver(certified(stack, "strange")) as strange:
        good, bad = hooked(front, boss, known), hooked(front, boss, strange)
        number = submitted(kota)
        known.wait(lambda: [event["number"] for event in known.taken] == [number])
        stack.wait("select 1 from hook where hook_id = %s and status = 10060", bad)
        stack.wait("select 1 from hook where hook_id = %s and status = 204", good)
        assert not strange.calls
    stack.sql("delete from hook")


class Notifier(Peer):
    """One in Python: it collects, and says what it likes."""

    credit_tag = 4

    def collect(self):
        ref = self.ref()
        assert self.say([frame(COLLECT, t1=ref)], 10)
        number, fields, _ = self.take(ref, 10)
        assert number == DELIVERY
        return fields

    def delivered(self, delivery, status):
        ref = self.ref()
        assert self.say([frame(DELIVERED, t1=ref, t2=delivery[2], t3=delivery[3], t4=status)], 10)
        assert self.take(ref, 10)[0] == HEARD


def test_several_notifiers(stack, front, boss, kota, receiver):
    """One batch of a webhook is with one of them; who dies with it loses it for a minute, and who gives it back at once."""
    stack["notifier"].stop()
    one, other = (Notifier(f"ipc://{stack.folder}/run/outbox.sock", None, None, None, name) for name in ("satu", "dua"))
    hook = hooked(front, boss, receiver)
    assert 2 not in one.collect()
    number = submitted(kota)
    stack.wait("select 1 from complaint where number = number_bits (%s) and pg_snapshot_xmin (pg_current_snapshot ())::text::bigint > (select max (tx) from event)", number)
    held = one.collect()
    assert held[2] == hook and held[4] == receiver.url and number in str(held[8]) and len(held[5]) == 32
    assert 2 not in other.collect()
    one.delivered(held, 0)
    assert state(stack, hook) == (0, None, False)
    again = other.collect()
    assert again[7] == held[7] and number in str(again[8]) and again[3] != held[3]
    one.delivered(held, 200)  # too late: it is another's
    assert state(stack, hook, "delivered, claim is not null") == (0, True)
    stack.sql("update hook set claim_until = now ()")
    last = one.collect()
    assert last[7] == held[7]
    one.delivered(last, 200)
    assert state(stack, hook, "delivered, claim is null") == (1, True) and 2 not in one.collect()
    one.close()
    other.close()
    stack.programs["notifier"] = Program(stack, "notifier").start()


def test_the_notifier_dies_in_the_middle(stack, front, boss, kota, receiver):
    receiver.does = "hang"
    hook = hooked(front, boss, receiver)
    number = submitted(kota)
    receiver.wait(lambda: receiver.calls)
    stack["notifier"].kill()
    receiver.does = "take"
    stack["notifier"].start()
    stack.sql("update hook set claim_until = now (), next_at = now () where hook_id = %s", hook)
    receiver.wait(lambda: [event["number"] for event in receiver.taken] == [number])
    assert len({call.id for call in receiver.calls}) == 1


def test_by_the_command(stack, front, boss, kota, receiver):
    who = stack.person("91.01", "coordinator", front="cli")
    admin = Command(stack, "hook")
    with open(admin.file, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(who.session.hex() + "\n")
    said = admin("set_webhook", "name=kota", f"url={receiver.url}", "events=placed,answer")
    assert re.search(r"whsec_[A-Za-z0-9+/]{43}=", said) and "this once" in said
    hook = admin.json("webhooks")[0]["webhook"]
    admin.verb = "webhook"
    number = submitted(kota)
    receiver.wait(lambda: [event["number"] for event in receiver.taken] == [number])
    stack.wait("select 1 from hook where delivered = 1")
    admin("test", str(hook))
    stack.wait("select 1 from hook where test_status = 204")
    said = admin("list")
    assert "1 events taken" in said and "status 204" in said and "looked after by 91.01" in said and "active" in said and receiver.url in said
    admin("pause", str(hook))
    assert "paused" in admin("list", "kota")
    admin("replay", str(hook), "2020-01-01T00:00:00Z")
    admin("resume", str(hook))
    receiver.wait(lambda: [event["number"] for event in receiver.taken].count(number) == 2)
    assert "list [NAME]" in admin("hapus", status=64) and "list [NAME]" in admin("test", status=64)
    assert "no webhook" in admin("test", "999999", status=77) or "absent" in admin("test", "999999", status=77)
