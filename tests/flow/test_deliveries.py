#!/usr/bin/python3
"""What becomes of notices, with real store, notifier, PostgreSQL, mail server and Kannel: set aside by channel, sent, logged, reported.

ADUAN_BUILD names the folder of the build whose programs are tested.
"""
import os
import pathlib
import sys
import time
import uuid

import msgpack
import pytest
import zmq

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "flow"))
from kannel import Kannel, free_ports  # noqa: E402
from test_outbox import wait_for, world  # noqa: E402, F401

HELLO, WELCOME, HEARD, REPORT = 1, 2, 44, 46
SENT, REFUSED, DELIVERED = 1, 3, 6
SMS, MAIL = 5, 6


class Web:
    """Where aduan-web stands when a gateway or a mail has told it something."""

    def __init__(self, folder):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{folder}/report.sock")
        self.socket.send(msgpack.packb([1, HELLO, {1: 1, 2: "web", 3: os.urandom(16)}]))
        self.ref = 0
        self.take(WELCOME)

    def take(self, wanted):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.socket.poll(100):
                _, number, fields = msgpack.unpackb(self.socket.recv(), strict_map_key=False)
                if number == wanted:
                    return fields
        raise AssertionError(f"waited in vain for message {wanted}")

    def report(self, identity, channel, outcome, code=0, event=2):
        self.ref += 1
        self.socket.send(msgpack.packb([1, REPORT, {1: self.ref, 2: uuid.UUID(identity).bytes, 3: event, 4: 0, 5: channel, 6: outcome, 7: code}]))
        assert self.take(HEARD) == {1: self.ref}

    def close(self):
        self.socket.close()


def sms_options(world, port):  # noqa: F811
    (world.folder / "secret").write_text("geheim\n")
    return [f"sms.url=http://127.0.0.1:{port}/cgi-bin/sendsms", "sms.user=aduan", f"sms.password={world.folder}/secret",
            "night.from=0", "night.to=0"]


def deliveries(world, what="outcome, channel, code"):  # noqa: F811
    return dict((row[0], tuple(row[1:])) for row in world.postgres.sql(f"select complaint_id::text, {what} from delivery"))


def test_one_waits_the_other_flows(world):  # noqa: F811
    """Kannel is away: mails are told, SMS wait aside by their channel; it comes back: each once, and its log; what the operator
    says later is noted, and cannot be undone by what comes late."""
    (port,) = free_ports(1)
    world.start("store")
    world.start("notifier", *sms_options(world, port))
    texts = world.plant(20, kind="sms")
    mails = world.plant(20)
    wait_for("the mails", lambda: world.copies() == {address: 1 for address in mails})
    wait_for("the SMS aside", lambda: world.postgres.sql("select count (*), min (channel), max (channel) from notice_aside") == [(20, SMS, SMS)])
    assert world.postgres.sql("select count (*) from notice") == [(0,)]
    assert deliveries(world) == {}, "mails that were taken at once have their event for a log"
    folder = world.folder / "kannel"
    folder.mkdir()
    with Kannel(folder, send=port) as kannel:
        def all_told():
            world.postgres.sql("update notice_aside set not_before = now () where not_before > now ()")
            return world.left() == (0, 0)

        wait_for("an empty outbox", all_told)
        wait_for("the operator", lambda: len(kannel.messages()) >= 20)
        assert sorted(message[1] for message in kannel.messages()) == sorted(texts)
    ids = {identity for identity, _, _ in texts.values()}
    assert deliveries(world) == {identity: (SENT, SMS, 202) for identity in ids}

    web = Web(world.folder)
    first, second, *_ = sorted(ids)
    bounced = next(iter(mails.values()))[0]
    web.report(first, SMS, DELIVERED, 1)
    web.report(first, SMS, SENT, 8)
    web.report(second, SMS, REFUSED, 2)
    web.report(bounced, MAIL, REFUSED, 550)
    web.report(str(uuid.uuid4()), SMS, DELIVERED)  # of nothing that we have
    web.close()
    found = deliveries(world)
    assert found[first] == (DELIVERED, SMS, 1) and found[second] == (REFUSED, SMS, 2) and found[bounced] == (REFUSED, MAIL, 550)
    assert len(found) == 21
    assert {str(row[0]) for row in world.postgres.sql("select complaint_id from notice_ended where outcome = 3")} == {second, bounced}


def test_contacts_are_forgotten(world):  # noqa: F811
    """A contact goes when the time to reopen is over and the last notice is final; so do old entries of the delivery log."""
    names = ("old", "young", "open", "waits", "alias", "main")
    cases = {name: next(iter(world.plant(1, days=0 if name == "young" else 40).values()))[0] for name in names}
    sql = world.postgres.sql
    sql("update complaint set state = case when complaint_id = %s then 5 when complaint_id = %s then 10 else 7 end", cases["open"], cases["alias"])
    sql("update complaint set state = 5 where complaint_id = %s", cases["main"])
    sql("insert into merged values (%s, %s, %s, now (), 5, '{}')", cases["alias"], cases["main"], cases["main"])
    sql("delete from notice where complaint_id <> %s", cases["waits"])
    for name, age in (("old", 200), ("open", 100)):
        sql("insert into delivery values (%s, now () - make_interval (days => %s), 0, 202, 2, 4, 1, 5, 1)", cases[name], age)

    def known():
        return {name for name, identity in cases.items()
                if sql("select contact is not null, flags & 16 <> 0 from content join complaint using (complaint_id) where complaint_id = %s",
                       identity) == [(True, True)]}

    sql("update complaint set flags = flags | 16")
    sql("delete from wake")  # the timers have nothing to say meanwhile
    world.start("store")
    wait_for("the old contact's end", lambda: "old" not in known())
    assert known() == set(names) - {"old"}
    assert sql("select complaint_id::text from delivery") == [(cases["open"],)]
    sql("update complaint set state = 7 where complaint_id = %s", cases["main"])
    world.kill("store")
    world.start("store")
    wait_for("the alias's contact's end", lambda: "alias" not in known())
    assert known() == {"young", "open", "waits"}


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-s"]))
