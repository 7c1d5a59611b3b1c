#!/usr/bin/python3
"""aduan-notifier's ways out beside mail, against real Kannel and a local receiver in Meta's place.

The store is the scripted one of test_notifier.py.
"""
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse
import uuid

import msgpack
import pytest
import zmq

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "flow"))
from kannel import Kannel, free_ports  # noqa: E402
from loopback import Loopback  # noqa: E402
from redis_server import Redis  # noqa: E402
from test_notifier import (CLAIM, CLAIMED, FAILED, HEARD, HEED, HELLO, NOTICE, REFUSED, SENT, TOLD, WELCOME,  # noqa: E402, F401
                           sealed_contact, wait_for, world)

REPORT = 46
SMS, MAIL, WHATSAPP = 5, 6, 7
QUIET, RECIPIENT_LIMIT, DAY_LIMIT, NO_GATEWAY, NO_ADDRESS, STOPPED, ANSWERED = 2, 3, 4, 5, 6, 7, 8
SKIPPED, RESUMED = 5, 7
KEY = bytes(range(32))
SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz"
NOON, MIDNIGHT = 12, 0


def zone_where_it_is(hour):
    """A zone, in hours east of UTC, in which it is this hour now."""
    return (hour - datetime.datetime.now(datetime.timezone.utc).hour) % 24 or 24


class Receiver(Loopback):
    """Keeps what it is asked and answers what it is told to."""

    def __init__(self):
        self.asked, self.answers = [], []
        super().__init__()

    def answer(self, method, path, headers, body):
        self.asked.append((path, dict(headers), body))
        status, text = self.answers.pop(0) if self.answers else (200, {"messages": [{"id": "wamid.1"}]})
        return status, {}, json.dumps(text).encode()


@pytest.fixture
def receiver():
    with Receiver() as listening:
        yield listening


def start(world, *options, url=None, phone=None, key=True):  # noqa: F811
    (world.folder / "secret").write_text("geheim\n")
    if key:
        (world.folder / "keys" / "reply.key").write_text(KEY.hex() + "\n")
    more = ["night.from=0", "night.to=0"]
    if url:
        more += [f"sms.url={url}", "sms.user=aduan", f"sms.password={world.folder}/secret"]
    if phone:
        more += [f"whatsapp.url={phone}/v1/", "whatsapp.phone=4711", f"whatsapp.token={world.folder}/secret"]
    world.start(*more, *options)


def offer(world, claim, position, contact, *, dispatch=None, zone=None, urgent=False, agency="Dinas Pekerjaan Umum",  # noqa: F811
          template="answered", identity=None, event=2):
    said = {1: claim[1], 2: claim[3], 3: position, 4: identity or uuid.uuid4().bytes, 5: event, 6: 0, 7: template,
            8: "A0123456789ABC", 9: agency, 10: "Kunjungi http://jahat.example", 11: contact, 12: 1, 13: 1, 14: 0,
            18: zone, 19: 2 if urgent else None}
    world.store.say(NOTICE, {key: value for key, value in said.items() if value is not None})


def tell(world, *notices):  # noqa: F811
    """Gives these notices (contact, more) to the next claim; outcomes, codes, channels and times of each."""
    claim = world.store.take(CLAIM)
    for position, (contact, more) in enumerate(notices):
        offer(world, claim, position, contact, **more)
    world.store.say(CLAIMED, {1: claim[1], 2: len(notices)})
    return told(world, claim[3])


def told(world, dispatch):  # noqa: F811
    def look():
        world.store.turn()
        for at, (number, said) in enumerate(world.store.inbox):
            if number == CLAIM:
                del world.store.inbox[at]
                world.store.say(CLAIMED, {1: said[1], 2: 0})
                return None
            if number == TOLD and said[2] == dispatch:
                del world.store.inbox[at]
                return said
        return None

    said = wait_for("told", look)
    world.store.say(HEARD, {1: said[1]})
    return list(zip(said[3], said[4], said[5], said[6]))


def phone(world, number, kind="sms", language=1, **more):  # noqa: F811
    return world.contact(number, fields={4: kind, 6: language, **{int(tag[1:]): value for tag, value in more.items()}})


def notice_token(identity, event, recipient=0):
    """As token.h: what Kannel and Meta bring back."""
    name = identity + event.to_bytes(2, "big") + recipient.to_bytes(4, "big")
    bits = int.from_bytes(name + hashlib.blake2b(b"\2" + name, digest_size=16, key=KEY).digest()[:8], "big")
    return "".join(SYMBOLS[bits >> 5 * at & 31] for at in range(47, -1, -1))


def test_sms(world, tmp_path, receiver):  # noqa: F811
    """Kannel gets each text once, in the alphabet it needs, and knows where to report; of what was written the answer alone is in it."""
    with Kannel(tmp_path) as kannel:
        start(world, f"sms.report={receiver.url}/sms/report", url=kannel.sendsms)
        identity = uuid.uuid4().bytes
        outcomes = tell(world,
                        (phone(world, "0812-3456 789"), {"identity": identity}),
                        (phone(world, "+49 171 555", "phone", 2), {"template": "received"}),
                        (phone(world, "08129"), {"agency": "Управление дорог", "template": "moved"}),
                        (phone(world, "08128"), {"agency": None}),
                        (phone(world, "tidak ada"), {}),
                        (world.contact("siti@example.org"), {}))
        assert outcomes == [(SENT, 202, SMS, 0)] * 4 + [(REFUSED, NO_ADDRESS, SMS, 0), (SENT, 250, MAIL, 0)]
        link = "https://aduan.example.org/t/A0123456789ABC"
        wait_for("the operator's messages", lambda: {part[1] for part in kannel.messages()} >= {"628123456789", "49171555", "628128", "628129"})
        got = sorted(kannel.messages())
        assert got == sorted([
            ("1708", "628123456789", "text", f"Laporan A0123456789ABC dijawab oleh Dinas Pekerjaan Umum. Kunjungi http://jahat.example {link}"),
            ("1708", "49171555", "text", f"We have your report A0123456789ABC. It is with Dinas Pekerjaan Umum. {link}"),
            ("1708", "628128", "text", "Ada kabar tentang laporan A0123456789ABC."),
            *[part for part in got if part[1] == "628129"]])
        parts = [part for part in got if part[1] == "628129"]
        assert parts and "".join(part[3] for part in parts).count("jahat") == 0
        wait_for("a delivery report", lambda: any(notice_token(identity, 2) in path for path, _, _ in receiver.asked))
        states = {urllib.parse.parse_qs(path.split("?")[1])["state"][0] for path, _, _ in receiver.asked}
        assert states == {"1"}, "only what is final was asked for"


def test_a_long_text_costs_no_more(world, tmp_path):  # noqa: F811
    """Beyond its segments a message says only that there is news; the day's segments of one number, and of all, are kept to."""
    with Kannel(tmp_path) as kannel:
        start(world, "sms.segments=1", "sms.recipient=2", "sms.day=4", url=kannel.sendsms)
        long = {"agency": "Dinas Pekerjaan Umum dan Penataan Ruang Provinsi Jawa", "template": "moved"}
        assert [one[:3] for one in tell(world, *[(phone(world, "08121"), {"agency": "Суд", "zone": 7})] * 3)] == \
            [(SENT, 202, SMS)] * 2 + [(FAILED, RECIPIENT_LIMIT, SMS)]
        outcomes = tell(world, *[(phone(world, f"0812{n}5"), {**long, "zone": 7}) for n in range(3)])
        assert [one[:3] for one in outcomes] == [(SENT, 202, SMS)] * 2 + [(FAILED, DAY_LIMIT, SMS)]
        until = datetime.datetime.fromtimestamp(outcomes[2][3] / 1000, datetime.timezone(datetime.timedelta(hours=7)))
        assert (until.hour, until.minute) == (0, 0) and 0 < until.timestamp() - time.time() <= 86400
        wait_for("the operator's messages", lambda: len(kannel.messages()) >= 4)
        assert {part[3] for part in kannel.messages()} == {"Ada kabar tentang laporan A0123456789ABC."}


def test_people_sleep(world, tmp_path):  # noqa: F811
    """From 21 to 7 in the case's zone SMS wait for the morning, emergencies and mail do not."""
    with Kannel(tmp_path) as kannel:
        start(world, "night.from=21", "night.to=7", url=kannel.sendsms)
        night = zone_where_it_is(23)
        outcomes = tell(world, (phone(world, "08121"), {"zone": night}), (phone(world, "08122"), {"zone": night, "urgent": True}),
                        (phone(world, "08123"), {"zone": zone_where_it_is(12)}), (world.contact("siti@example.org"), {"zone": night}),
                        (phone(world, "08124"), {"zone": zone_where_it_is(6)}))
        assert [one[:3] for one in outcomes] == [(FAILED, QUIET, SMS), (SENT, 202, SMS), (SENT, 202, SMS), (SENT, 250, MAIL),
                                                 (FAILED, QUIET, SMS)]
        for outcome, hours in ((outcomes[0], 8), (outcomes[4], 1)):
            assert hours - 1 < (outcome[3] / 1000 - time.time()) / 3600 <= hours
            assert outcome[3] % 3600000 == 0


def test_who_has_just_reported_is_awake(world, receiver):  # noqa: F811
    """That a report was received is told at night, too, for a quarter of an hour, and on WhatsApp with the word that follows it."""
    start(world, "night.from=21", "night.to=7", phone=receiver.url)
    night, contact = zone_where_it_is(23), phone(world, "08121", "whatsapp")
    secret = {"zone": night, "agency": None, "template": "received", "event": 1}
    outcomes = tell(world, (contact, {**secret, "identity": whatsapp_id()}), (contact, {**secret, "identity": whatsapp_id(1000)}),
                    (contact, {"zone": night, "identity": whatsapp_id()}))
    assert [one[:2] for one in outcomes] == [(SENT, 200), (FAILED, QUIET), (FAILED, QUIET)]
    ((_, _, body),) = receiver.asked
    assert json.loads(body)["text"]["body"] == "Laporan A0123456789ABC kami terima. Cek: ketik LACAK A0123456789ABC"


def test_what_the_door_has_told(world, tmp_path):  # noqa: F811
    """A contact whose door tells the number gets no notice that its report was received, and every other one."""
    with Kannel(tmp_path) as kannel:
        start(world, url=kannel.sendsms)
        answered = phone(world, "08121", t9=1)
        outcomes = tell(world, (answered, {"template": "received", "event": 1}), (answered, {}), (phone(world, "08122"), {"template": "received", "event": 1}))
        assert outcomes == [(SKIPPED, ANSWERED, SMS, 0), (SENT, 202, SMS, 0), (SENT, 202, SMS, 0)]
        wait_for("the operator's messages", lambda: len(kannel.messages()) >= 2)
        assert sorted(part[1] for part in kannel.messages()) == ["628121", "628122"]


def who(address):
    """As stops.c: by what the store knows an address that wants no news."""
    return hashlib.blake2b(b"stops\0" + address.encode(), digest_size=16, key=KEY).digest()


def test_whose_owner_wants_no_news(world, tmp_path):  # noqa: F811
    """However his number or address was spelled and whoever named it; what he reported from there himself is his own to stop."""
    with Kannel(tmp_path) as kannel:
        start(world, url=kannel.sendsms)
        world.store.stopped = {who("628121"), who("sari@example.org")}
        own = phone(world, "+628121", t12=1)
        outcomes = tell(world, (phone(world, "0812-1"), {}), (world.contact("Sari+lapor@Example.org"), {}), (phone(world, "+62 8121", "phone"), {}), (own, {}),
                        (phone(world, "08122"), {}))
        assert [one[:2] for one in outcomes] == [(SKIPPED, STOPPED)] * 3 + [(SENT, 202)] * 2
        wait_for("the operator's messages", lambda: len(kannel.messages()) >= 2)
        assert sorted(part[1] for part in kannel.messages()) == ["628121", "628122"] and not world.sink.mails()


def test_nothing_goes_before_the_store_says_who_wants_none(world):  # noqa: F811
    """It is asked on each of its links, until it answers; where nobody else named an address it is not asked at all."""
    start(world)
    world.store.heeds = False
    own = world.contact("budi@example.org", fields={12: 1})
    assert [one[0] for one in tell(world, (own, {}))] == [SENT]
    claim = world.store.take(CLAIM)
    offer(world, claim, 0, world.contact("sari@example.org"))
    offer(world, claim, 1, own)
    world.store.say(CLAIMED, {1: claim[1], 2: 2})
    asked = world.store.take(HEED)
    assert asked[2] == who("sari@example.org")
    world.store.restart()
    assert world.store.take(HEED) == asked and len(world.sink.mails()) == 1
    world.store.heed(asked)
    assert [one[:2] for one in told(world, claim[3])] == [(SENT, 250)] * 2


def test_what_was_spent_outlives_the_notifier(world, tmp_path):  # noqa: F811
    """The day's segments are counted on behind a restart, also a hard one; what was counted while Redis was away, and what an emptied one
    has forgotten, is told when it is back; in Redis nobody finds a number."""
    redis = Redis(str(tmp_path))
    redis.start()
    limits = ("sms.recipient=3", "sms.day=6", f"redis=unix:{redis.socket}")
    try:
        with Kannel(tmp_path) as kannel:
            start(world, *limits, url=kannel.sendsms)
            assert [one[:2] for one in tell(world, (phone(world, "08121"), {}), (phone(world, "08121"), {}))] == [(SENT, 202)] * 2
            spent(redis, 2)
            world.daemon.kill()
            world.daemon.wait()
            world.store.restart()
            start(world, *limits, url=kannel.sendsms)
            assert [one[:2] for one in tell(world, *[(phone(world, "08121"), {"zone": 7})] * 2)] == [(SENT, 202), (FAILED, RECIPIENT_LIMIT)]
            spent(redis, 3)
            redis.stop()
            assert [one[:2] for one in tell(world, (phone(world, "08122"), {}), (phone(world, "08122"), {}))] == [(SENT, 202)] * 2, "alone"
            redis.start()
            wait_for("Redis", lambda: "answers again" in world.log.read_text())
            assert tell(world, (phone(world, "08123"), {"zone": 7}))[0][:2] == (SENT, 202)
            assert tell(world, (phone(world, "08123"), {"zone": 7}))[0][:2] == (FAILED, DAY_LIMIT)
            spent(redis, 6)
            names = subprocess.run(["redis-cli", "-s", redis.socket, "--scan"], capture_output=True, check=False).stdout
            assert b"0812" not in names and b"62812" not in names and b"aduan:sms:" in names
    finally:
        redis.stop()


def spent(redis, wanted):
    """Until Redis has counted so many in all."""
    def look():
        counts = redis.say("eval", "local t = 0 for _, k in ipairs (redis.call ('keys', 'aduan:sms:*')) do t = math.max (t, tonumber (redis.call ('get', k))) end return t", "0")
        return counts.split()[-1] == str(wanted)
    wait_for(f"{wanted} segments in Redis", look)


def test_a_gateway_away_holds_up_nobody(world, tmp_path):  # noqa: F811
    """Kannel is away: five faults, then its notices go back with a time, claims name the channels that are in use, mails flow;
    a probe beside them finds it again."""
    (port,) = free_ports(1)
    start(world, "sms.parallel=1", url=f"http://127.0.0.1:{port}/cgi-bin/sendsms")
    claim = world.store.take(CLAIM)
    assert claim[5] == 1 | 1 << SMS | 1 << MAIL
    for position in range(8):
        offer(world, claim, position, phone(world, f"0812{position}"))
    offer(world, claim, 8, world.contact("siti@example.org"))
    world.store.say(CLAIMED, {1: claim[1], 2: 9})
    outcomes = told(world, claim[3])
    assert outcomes[:5] == [(FAILED, 10007, SMS, 0)] * 5 and outcomes[8] == (SENT, 250, MAIL, 0)
    for told_, code, channel, until in outcomes[5:8]:
        assert (told_, code, channel) == (FAILED, 0, SMS) and 3 < until / 1000 - time.time() < 10
    assert "sms: gateway left alone" in world.show("notices") and "mail: gateway in use" in world.show("notices")
    claim = world.store.take(CLAIM)
    assert claim[5] == 1 | 1 << MAIL
    offer(world, claim, 0, phone(world, "08120"))
    offer(world, claim, 1, world.contact("budi@example.org"))
    world.store.say(CLAIMED, {1: claim[1], 2: 2})
    outcomes = told(world, claim[3])
    assert outcomes[0][:3] == (FAILED, 0, SMS) and outcomes[1] == (SENT, 250, MAIL, 0)

    with Kannel(tmp_path, send=port):
        def probe():
            claim = world.store.take(CLAIM)
            if claim[5] == 1 << SMS:
                return claim
            world.store.say(CLAIMED, {1: claim[1], 2: 0})
            return None

        claim = wait_for("the probe", probe)
        assert claim[2] == 1 and claim.get(4, 0) == 0
        offer(world, claim, 0, phone(world, "08120"))
        world.store.say(CLAIMED, {1: claim[1], 2: 1})
        assert told(world, claim[3]) == [(SENT, 202, SMS, 0)]

        def closed():
            claim = world.store.take(CLAIM)
            world.store.say(CLAIMED, {1: claim[1], 2: 0})
            return claim[5] == 1 | 1 << SMS | 1 << MAIL

        wait_for("claims for all", closed)
    assert world.log.read_text().count("sms: 5 faults in a row") == 1


def test_without_a_gateway(world):  # noqa: F811
    """A notice by a channel that is not set up goes back with its channel, and is not claimed again."""
    start(world)
    (outcome,) = tell(world, (phone(world, "08121"), {}))
    assert outcome[:3] == (FAILED, NO_GATEWAY, SMS) and outcome[3]
    claim = world.store.take(CLAIM)
    world.store.say(CLAIMED, {1: claim[1], 2: 0})
    assert claim[5] == 1 | 1 << MAIL


def whatsapp_id(age=0):
    return int((time.time() - age) * 1000).to_bytes(6, "big") + os.urandom(10)


def case_token(identity):
    bits = int.from_bytes(identity + hashlib.blake2b(b"\1" + identity, digest_size=16, key=KEY).digest()[:9], "big")
    return "".join(SYMBOLS[bits >> 5 * at & 31] for at in range(39, -1, -1))


def test_mail_comes_back_to_its_case(world):  # noqa: F811
    """Answers go to an address that names the case, bounces to one that names the notice, and machines are asked to be silent."""
    start(world)
    identity = uuid.uuid4().bytes
    assert tell(world, (world.contact("siti@example.org"), {"identity": identity, "event": 3})) == [(SENT, 250, MAIL, 0)]
    (mail,) = world.sink.mails()
    assert mail["Reply-To"] == f"<aduan+{case_token(identity)}@aduan.example.org>" or \
        mail["Reply-To"] == f"aduan+{case_token(identity)}@aduan.example.org"
    envelope = json.loads((world.folder / "sink/mail/000001.json").read_text())
    assert envelope["from"] == f"aduan+{notice_token(identity, 3)}@aduan.example.org"
    assert mail["Auto-Submitted"] == "auto-generated" and mail["X-Auto-Response-Suppress"] == "All"
    assert mail["X-Aduan-Loop"] == "aduan.example.org" and mail["From"] == "Aduan <aduan@aduan.example.org>"


def test_whatsapp(world, receiver):  # noqa: F811
    """Within a day of the complaint the text, later the template; where Meta says the session is over, the template, too."""
    start(world, phone=receiver.url)
    fresh = whatsapp_id()
    contact = phone(world, "+62 812 1", "whatsapp")
    assert tell(world, (contact, {"identity": fresh, "event": 3})) == [(SENT, 200, WHATSAPP, 0)]
    ((path, headers, body),) = receiver.asked
    body = json.loads(body)
    assert path == "/v1/4711/messages" and headers["Authorization"] == "Bearer geheim" and headers["Content-Type"] == "application/json"
    assert body == {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "628121", "type": "text",
                    "biz_opaque_callback_data": notice_token(fresh, 3),
                    "text": {"preview_url": False,
                             "body": "Laporan A0123456789ABC dijawab oleh Dinas Pekerjaan Umum. Kunjungi http://jahat.example https://aduan.example.org/t/A0123456789ABC"}}
    receiver.asked.clear()
    assert tell(world, (contact, {"identity": whatsapp_id(90000)})) == [(SENT, 200, WHATSAPP, 0)]
    template = {"name": "aduan_news", "language": {"code": "id"},
                "components": [{"type": "body", "parameters": [{"type": "text", "text": "A0123456789ABC"}]}]}
    assert [json.loads(body)["template"] for _, _, body in receiver.asked] == [template]
    receiver.asked.clear()
    receiver.answers.append((400, {"error": {"code": 131047, "message": "Re-engagement message"}}))
    assert tell(world, (contact, {"identity": whatsapp_id()})) == [(SENT, 200, WHATSAPP, 0)]
    assert [json.loads(body)["type"] for _, _, body in receiver.asked] == ["text", "template"]


def test_whatsapp_outcomes(world, receiver):  # noqa: F811
    """Meta's codes: what is about this number, what is about us; nothing is sent twice where no answer came."""
    start(world, phone=receiver.url)
    contact = phone(world, "08121", "whatsapp")
    for answer, wanted in (((400, {"error": {"code": 131026}}), (REFUSED, 131026)), ((401, {"error": {"code": 190}}), (FAILED, 190)),
                           ((400, {"error": {"code": 130429}}), (FAILED, 130429)), ((500, {}), (FAILED, 500)),
                           ((200, {"messages": [{"id": "wamid.2"}]}), (SENT, 200))):
        receiver.answers.append(answer)
        receiver.asked.clear()
        assert [one[:2] for one in tell(world, (contact, {"identity": whatsapp_id(90000)}))] == [wanted]
        assert len(receiver.asked) == 1


def test_reports_are_passed_on(world):  # noqa: F811
    """A delivery report goes to the store, and `heard` comes back only when the store has heard it."""
    start(world)
    world.store.take(CLAIM)
    web = zmq.Context.instance().socket(zmq.DEALER)
    web.linger = 0
    web.connect(f"ipc://{world.folder}/report.sock")

    def hear(wanted, wait=DEADLINE_MS):
        deadline = time.monotonic() + wait / 1000
        while time.monotonic() < deadline:
            if web.poll(20):
                _, number, fields = msgpack.unpackb(web.recv(), strict_map_key=False)
                if number == wanted:
                    return fields
        return None

    web.send(msgpack.packb([1, HELLO, {1: 1, 2: "web", 3: os.urandom(16)}]))
    assert hear(WELCOME)
    identity = uuid.uuid4().bytes
    web.send(msgpack.packb([1, REPORT, {1: 77, 2: identity, 3: 2, 4: 0, 5: SMS, 6: 6, 7: 1}]))
    said = world.store.take(REPORT)
    assert (said[2], said[3], said[4], said[5], said[6], said[7]) == (identity, 2, 0, SMS, 6, 1)
    assert hear(HEARD, 200) is None
    world.store.say(HEARD, {1: said[1]})
    assert hear(HEARD) == {1: 77}
    web.close()


def test_a_wish_goes_on_as_a_hash(world):  # noqa: F811
    """Who wants no news says so from somewhere: the store hears of a hash, and of the address only where his own cases are to get it again."""
    start(world)
    world.store.take(CLAIM)
    web = zmq.Context.instance().socket(zmq.DEALER)
    web.linger = 0
    web.connect(f"ipc://{world.folder}/report.sock")
    web.send(msgpack.packb([1, HELLO, {1: 1, 2: "web", 3: os.urandom(16)}]))
    sealed = phone(world, "+62 812-1")
    for wish, contact in ((SKIPPED, None), (RESUMED, sealed)):
        web.send(msgpack.packb([1, REPORT, {1: wish, 2: bytes(16), 3: 1, 4: 0, 5: SMS, 6: wish, 8: sealed, 9: 1}]))
        said = world.store.take(REPORT)
        assert (said[2], said[6], said.get(8), said[10]) == (bytes(16), wish, contact, who("628121"))
    web.send(msgpack.packb([1, REPORT, {1: 9, 2: bytes(16), 3: 1, 4: 0, 5: SMS, 6: SKIPPED, 8: sealed, 9: 2}]))
    wait_for("the line", lambda: "who wants no news cannot be known" in world.log.read_text())
    world.store.turn()
    assert not [1 for number, _ in world.store.inbox if number == REPORT], "what cannot be kept is not said to be"
    web.close()


DEADLINE_MS = 20000


@pytest.mark.parametrize("option", ["sms.url=ftp://x", "sms.url=http://127.0.0.1/", "sms.country=+62", "whatsapp.phone=../x",
                                    "whatsapp.template=A B", "night.from=24"])
def test_wrong_settings(world, option):  # noqa: F811
    world.start(option)
    assert world.daemon.wait(30) == 78
    assert ("sms.user" if option.startswith("sms.url=http") else option.split("=")[0]) in world.log.read_text()
    world.daemon = None


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
