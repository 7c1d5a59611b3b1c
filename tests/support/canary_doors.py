"""One marked reporter after the other at every door (canaries.py says what the marks are).

    doors = Doors(stack, graph, account)
    doors.report(17)                # by the door that is his; his tracking number where the door tells it
    doors.sealed(17)                # did he say who he is?
    doors.answers                   # what the doors said to him
"""
import base64
import collections
import json
import random
import re
import time
import urllib.parse
import uuid

import graph as meta
from api import Api
from canaries import Reporter
from desk_door import Browser
from mail import bring, case_token, mail, parts
from open311 import City
from web import Visitor

SUPPORT = 10
Lane = collections.namedtuple("Lane", "door named open photo contact")
# Of each twenty.  `named`: he is not anonymous; `open`: the report is not secret.
LANES = (Lane("form", True, False, True, "email"), Lane("form", False, True, False, "email"), Lane("form", False, False, True, "sms"),
         Lane("form", True, False, False, "whatsapp"), Lane("form", False, True, True, "whatsapp"), Lane("sms", False, False, False, "sms"),
         Lane("sms", False, False, False, "sms"), Lane("sms", False, False, False, "sms"), Lane("whatsapp", False, False, False, "whatsapp"),
         Lane("whatsapp", False, False, False, "whatsapp"), Lane("whatsapp", False, False, True, "whatsapp"), Lane("mail", False, False, True, "email"),
         Lane("mail", False, False, False, "email"), Lane("open311", True, False, False, "email"), Lane("open311", False, True, True, "email"),
         Lane("open311", False, False, True, "sms"), Lane("api", False, False, True, "email"), Lane("api", False, True, False, "sms"),
         Lane("desk", True, False, False, "email"), Lane("desk", False, False, True, "sms"))
WHAT = ("Lampu jalan padam", "Air tidak mengalir", "Sampah menumpuk", "Trotoar rusak", "Selokan mampet", "Pohon tumbang", "Jembatan retak", "Rambu hilang")
WHERE = ("Mawar", "Kenanga", "Anggrek", "Melati", "Cempaka", "Flamboyan", "Kamboja", "Teratai", "Dahlia", "Seruni", "Bakung", "Wijayakusuma")
SINCE = ("sejak kemarin", "tiga hari ini", "sudah sebulan", "setiap hujan", "sejak lebaran", "tiap malam", "berulang kali", "tanpa kabar")


def words(n):
    dice = random.Random(n)
    return f"{dice.choice(WHAT)} di Jalan {dice.choice(WHERE)} {dice.randrange(1, 300)} {dice.choice(SINCE)}, kata ke-{n}."


class Marked:
    """At the door from his own address, with his own browser."""
    who = None

    def ask(self, method, path, body=None, headers=None, **more):
        return super().ask(method, path, body, {**self.who.headers, **(headers or {})}, **more)


class Guest(Marked, Visitor):
    pass


class Client(Marked, City):
    pass


class Pusher(Marked, Api):
    pass


class Doors:
    def __init__(self, stack, graph, account, clerk):
        self.stack, self.graph, self.account = stack, graph, account
        self.clerk, self.adapter = Browser(stack, clerk), stack.adapter()
        self.answers, self.receipts = [], {}

    @staticmethod
    def lane(n):
        return LANES[n % len(LANES)]

    def sealed(self, n):
        """Of the form only who gives his name; the other doors know who comes, anonymous or not."""
        return self.lane(n).door != "form" or self.lane(n).named

    def report(self, n):
        lane = self.lane(n)
        answer, number = getattr(self, lane.door)(lane, Reporter(n))
        self.answers.append(answer.bytes)
        return number

    def guest(self, who, kind=Guest, *more):
        guest = kind(self.stack, *more)
        guest.who = who
        return guest

    def form(self, lane, who):
        guest = self.guest(who)
        fields = guest.form(words(who.n), open="1" if lane.open else "2", anonymous="1" if lane.named else "2", name=who.name,
                            contact_kind=lane.contact, contact=who.contact(lane.contact), category="1", place="91.01")
        answer = guest.post("/report", fields, [("photo", f"{who.device}.jpg", who.photo())] if lane.photo else [])
        assert answer.status == 200, answer.text
        self.receipts[who.n] = answer.receipt()
        return answer, self.receipts[who.n][0]

    def sms_say(self, who, text):
        answer = self.kannel(who, text.encode(), time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), "UTF-8")
        assert answer.status == 200, answer.text
        return answer

    def kannel(self, who, text, at, charset):
        query = urllib.parse.urlencode({"secret": self.stack.secret("gateway"), "id": f"sms-{uuid.uuid4()}", "time": at})
        said = {"Content-Type": f'text/plain; charset="{charset}"', "X-Kannel-From": who.phone, "X-Kannel-To": "1708",
                "X-Kannel-Meta-Data": f"?smpp?imsi={who.abroad}"}
        return Visitor(self.stack).ask("POST", f"/gateway/sms?{query}", text, said)

    def sms(self, _, who):
        answer = self.sms_say(who, f"LAPOR {words(who.n)}")
        return answer, re.search("nomor (A[0-9A-Z]{13})", answer.text)[1]

    def whatsapp_say(self, who, **message):
        answer = meta.post(Visitor(self.stack), meta.payload(meta.said(sender=who.abroad, **message), name=who.name))
        assert answer.status == 200, answer.text
        return answer

    def whatsapp(self, lane, who):
        if not lane.photo:
            return self.whatsapp_say(who, text=words(who.n)), None
        self.graph.media[f"9{who.n:05}"] = who.photo()
        return self.whatsapp_say(who, type="image", image={"id": f"9{who.n:05}", "mime_type": "image/jpeg", "caption": words(who.n)}), None

    def mail_say(self, raw):
        answer = bring(Visitor(self.stack), raw)
        assert answer.status == 200 and answer.text.startswith("ok"), answer.text
        return answer

    def mail(self, lane, who):
        more = {"sender": f"{who.name} <{who.mail}>", "to": f'aduan@example.go.id, "{who.name}" <{who.mail}>', "id": f"<{who.device}@example.org>",
                "headers": [f"X-Mailer: {who.device}", f"Reply-To: {who.mail}", f"Received: from {who.device}.example.org"]}
        if not lane.photo:
            return self.mail_say(mail(words(who.n), **more)), None
        photo = (f'Content-Type: image/jpeg; name="{who.device}.jpg"\nContent-Transfer-Encoding: base64', base64.encodebytes(who.photo()))
        return self.mail_say(parts(("Content-Type: text/plain; charset=utf-8", words(who.n).encode()), photo, **more)), None

    def open311(self, lane, who):
        client = self.guest(who, Client, self.account.live.token)
        first, _, last = who.name.partition(" ")
        flags = {"attribute[ANONYMOUS]": "no" if lane.named else "yes", "attribute[SECRET]": "no" if lane.open else "yes"}
        fields = client.fields(words(who.n), first_name=first, last_name=last, email=who.mail if lane.contact == "email" else None, phone=who.phone,
                               device_id=who.device, account_id=who.device, **flags)
        answer = client.send(fields, [("media", f"{who.device}.jpg", who.photo())] if lane.photo else [])
        assert answer.status == 200, answer.text
        return answer, re.search("A[0-9A-Z]{13}", answer.text)[0]

    def api(self, lane, who):
        pusher = self.guest(who, Pusher, self.account.live.token)
        said = {"text": words(who.n), "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "category": 1, "place": "91.01",
                "anonymous": not lane.named, "secret": not lane.open, "contact": {"kind": lane.contact, "address": who.contact(lane.contact)},
                "identity": {"name": who.name, "nik": who.nik, "phone": who.phone, "email": who.mail, "address": who.address}}
        if lane.photo:
            said["attachments"] = [pusher.put("/files", who.photo()).json["digest"]]
        answer = pusher.post("/reports", said, f"kunci-{who.n}")
        assert answer.status == 201, answer.text
        return answer, answer.json["number"]

    def desk(self, lane, who):
        """What a clerk typed: told at the counter, or written in a letter."""
        files = [(f"{who.device}.jpg", "image/jpeg", who.photo())] if lane.photo else None
        answer = self.clerk.post(self.clerk.get("/new").form("/new"), files=files, channel="letter" if lane.photo else "walk-in", title="Laporan warga",
                                 text=words(who.n), category="1", place="91.01", location="Dekat pasar", incident="2026-01-05", notice=lane.contact,
                                 anonymous="no" if lane.named else "yes", secret="no" if lane.open else "yes", name=who.name, nik=who.nik, phone=who.phone,
                                 email=who.mail, address=who.address, **{"class": "1"})
        assert answer.status == 200, answer.text
        return answer, re.search('class="number">(A[0-9A-Z]{13})<', answer.text)[1]

    # ---- what does not go well

    def try_to(self, n):
        """Comes while something is away: whatever the door says, and it may show him what he typed."""
        try:
            getattr(self, self.lane(n).door)(self.lane(n), Reporter(n))
        except AssertionError:
            pass

    def wrong(self, n):
        """What the doors turn down, or cannot read."""
        who = Reporter(n)
        answers = self.wrong_at_the_door(who) + self.wrong_by_programs(who) + self.wrong_at_the_desk(who)
        assert not [answer.status for answer in answers if answer.status not in (200, 400, 401, 404, 422)], [answer.status for answer in answers]
        self.wrong_by_gateways(who)

    def wrong_at_the_door(self, who):
        guest = self.guest(who)
        return [guest.post("/report", guest.form(words(who.n), name=who.name, anonymous="1", contact_kind="email", contact=who.name)),
                guest.post("/report", guest.form(words(who.n), name=who.name * 50, contact=who.mail, token="x")),
                guest.get("/reports?" + urllib.parse.urlencode({"q": who.mail, who.phone: who.name})), guest.get(f"/{who.device}")]

    def wrong_by_programs(self, who):
        client, pusher = self.guest(who, Client, self.account.live.token), self.guest(who, Pusher, self.account.live.token)
        said = {"text": words(who.n), "anonymous": True, "secret": True, "identity": {"name": who.name, "nik": who.nik[1:]},
                "contact": {"kind": "email", "address": who.phone}}
        return [client.send(client.fields(words(who.n), service_code=who.device, first_name=who.name, email=who.mail)),
                client.get(f"/open311/v2/requests.json?email={who.mail}"),
                pusher.post("/reports", said, "kunci", described_so=False),
                pusher.post("/reports", json.dumps(said)[:-9].encode(), who.device, described_so=False),
                pusher.get(f"/reports/{who.device}", described_so=False)]

    def wrong_at_the_desk(self, who):
        form = self.clerk.get("/new").form("/new").fields
        return [self.clerk.send("/new", {**form, "text": "", "name": who.name, "nik": who.nik[1:], "phone": who.phone, "email": who.name}),
                self.clerk.get("/search?" + urllib.parse.urlencode({"q": who.name})), self.clerk.get(f"/cases/{who.device}")]

    def wrong_by_gateways(self, who):
        forged = json.dumps(meta.payload(meta.said(words(who.n), sender=who.abroad), name=who.name)).encode()
        assert meta.post(Visitor(self.stack), forged, meta.signed(forged, "lain")).status == 401
        old = {"timestamp": str(int(time.time()) - 7200)}  # its image is not to be had, and not tried again
        assert self.whatsapp_say(who, type="image", image={"id": f"404{who.n}", "caption": words(who.n)}, **old).status == 200
        header = f"From: =?utf-8?b?x{who.name} <{who.mail}\nDate: {who.name}\nMessage-ID: {who.mail}\nContent-Type: multipart/mixed; x={who.name}\n\n--"
        assert bring(Visitor(self.stack), header.encode() + b"\xff" * 50).status == 200
        assert self.kannel(who, b"\xd8\x00" + who.phone.encode(), "kemarin", "UTF-16BE").status in (200, 400)

    # ---- what he says later

    def again(self, n, number, identity):
        """A word more on his own case, by the gateway that he came by."""
        who, door = Reporter(n), self.lane(n).door
        if door == "sms":
            self.sms_say(who, f"{number} Masih sama, kata ke-{n}.")
        elif door == "whatsapp":
            self.whatsapp_say(who, text=f"{number} Masih sama, kata ke-{n}.")
        else:
            quoted = f"Pada Jumat, {who.name} <{who.mail}> menulis:\n> Salam, {who.name}, {who.phone}\n\n-- \n{who.name}\n{who.address}\n"
            to = f"aduan+{case_token(self.stack, identity)}@example.go.id"
            self.mail_say(mail(f"Masih sama, kata ke-{n}.\n\n{quoted}", to=to, sender=f"{who.name} <{who.mail}>"))

    def follow(self, n):
        """The pages on which he follows his case; what they say."""
        guest = self.guest(Reporter(n))
        number, code = self.receipts[n]
        guest.post("/track", {"number": number, "code": code})
        return guest.get("/case").bytes

    def support(self, n, number):
        """He has it, too: on the page of the case, and by an adapter that knows where news go."""
        guest, who = self.guest(Reporter(n)), Reporter(n)
        form = guest.get(f"/reports/{number}").fields()
        answer = guest.post(f"/reports/{number}/support", {"token": form["token"], "created": form["created"]})
        assert answer.status in (302, 303), answer.text
        verdict, said = self.adapter.submit("", kind=SUPPORT, parent=number, email=who.mail)
        assert verdict == "accepted", said
