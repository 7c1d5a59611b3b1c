"""What people administer: the tree, each other, keys; by orders, as their appointments allow."""
import json
import os
import random
import subprocess
import time

import msgpack
import nacl.public
import pytest
import zmq

from conftest import ROOT, Stack
from desk_door import Browser, Program
from stack import BUILD, DESK


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK) as running:
        yield running


@pytest.fixture(scope="module")
def front(stack):
    return stack.front()


@pytest.fixture(scope="module")
def who(stack):
    """One of each role at each place, by "role place"."""
    people = {}
    for code in ("ID", "91.01", "91.71", "91.01/PUPR", "91.71/PUPR", "91.01/KES"):
        for role in ("coordinator", "agency_admin", "liaison", "overseer", "operator"):
            people[f"{role} {code}"] = stack.person(code, role)
    return people


def a_key():
    return zmq.curve_keypair()[0].decode()


def test_every_order_runs(stack, front, who):
    """Once each, by somebody who may; the repeat is answered as the first time, and changes nothing more."""
    boss = who["coordinator 91.01"]
    done = {}

    def order(name, /, **arguments):
        key = os.urandom(16)
        first = front.order(name, boss, repeat=key, **arguments)
        assert first.word == "done", (name, first)
        changes = stack.sql("select count (*) from change")
        assert front.order(name, boss, repeat=key, **arguments).result == first.result, name
        assert stack.sql("select count (*) from change") == changes
        assert front.order(name, boss, repeat=key, **{**arguments, "more": 1}).word == "key"
        done[name] = first.result
        return first.result

    order("register_agency", parent="91.01", code="91.01/ARSIP", name="Dinas Kearsipan")
    order("register_agency", parent="91.01/ARSIP", code="91.01/ARSIP/A", name="UPTD Arsip")
    order("rename_agency", agency="91.01/ARSIP", name="Dinas Arsip")
    order("move_agency", agency="91.01/ARSIP/A", parent="91.01/LH")
    order("set_connection", agency="91.01/ARSIP", verify_at="national", route_depth=0, liaison_closes=True)
    order("set_function", agency="91.01/ARSIP", function="TAMBANG")
    order("set_competence", agency="91.01/ARSIP", function="KES", region="91.01.01")
    order("set_competence", agency="91.01/ARSIP", function="KES", region="91.01.01", held=False)
    order("invite", login="budi", name="Budi", agency="91.01/ARSIP", role="liaison")
    order("invite", login="wati", name="Wati", agency="91.01/ARSIP", role="agency_admin", language="en")
    order("renew_invitation", person="budi")
    order("change_person", person="budi", name="Budi Santosa")
    order("set_contact", contact="ab" * 304, contact_key=1, notices="at_once", **{"from": 8, "to": 16})
    order("set_contact", contact=None)
    order("appoint", person="budi", agency="91.01/LH", role="liaison")
    order("set_deputy", person="budi", deputy="wati", agency="91.01/ARSIP")
    order("set_deputy", person="budi", agency="91.01/ARSIP")
    order("set_connection", agency="91.01/ARSIP", approver="wati")
    order("lock", person="budi")
    order("unlock", person="budi")
    order("end_session", person="budi")
    order("dismiss", person="budi", agency="91.01/LH", role="liaison")
    order("make_key", name="arsip-worker", role="worker", key=a_key(), agency="91.01", agencies=["91.01/ARSIP"])
    order("make_key", name="arsip-app", role="adapter", key=a_key(), agency="91.01", rights="bulk")
    order("rotate_key", name="arsip-worker", key=a_key())
    order("make_key", name="arsip-web", role="adapter", agency="91.01")
    order("make_token", name="arsip-web", requests=30)
    order("make_token", name="arsip-web", sandbox=True, hours=0)
    order("revoke_token", name="arsip-web")
    hook = order("set_webhook", name="arsip-web", url="https://arsip.example/hook", events=["answer", "placed"])["webhook"]
    order("replay_webhook", webhook=hook, **{"from": "2026-01-01T00:00:00Z"})
    for name in ("test_webhook", "pause_webhook", "resume_webhook", "remove_webhook"):
        order(name, webhook=hook)
    order("close_agency", agency="91.01/ARSIP", successor="91.01/LH")
    order("revoke_key", name="arsip-worker")
    assert stack.adapter().submit(text="Jalan rusak", category=1, place="91.01.01")[0] == "accepted"
    ((number,),) = stack.wait("select number_text (number) from complaint")
    permit = order("permit", number=number, person="wati", level="content", days=3, reason="Membantu tindak lanjut")
    order("withdraw_permit", permit=permit["permit"])
    assert stack.sql("select g.code, a.role from appointment a join agency g using (agency_id) join person p using (principal_id) "
                     "where p.login = 'budi' and a.ended_at is null") == [("91.01/LH", 7)]
    stack.checks()


# ---- roles x orders ----------------------------------------------------------------------------------------------------------

PLACES = {"own": "91.01", "child": "91.01/PUPR", "parent": "ID", "sibling": "91.71", "foreign": "92.01/KES"}
ACTORS = ("coordinator", "agency_admin", "liaison", "overseer", "operator")


def the_table():
    """The cells of docs/administration.md: (order, actor, place) -> done, role or absent."""
    with open(os.path.join(ROOT, "docs", "administration.md"), encoding="utf-8") as file:
        lines = [line for line in file.read().split("<!-- tests/flow/test_administration.py")[1].split("\n\n")[0].split("\n") if line.startswith("|")]
    cells = {}
    for line in lines[2:]:
        label, *columns = [cell.strip() for cell in line.strip("|").split("|")]
        for actor, cell in zip(ACTORS, columns):
            words = cell.split(" / ")
            for place in PLACES:
                cells[label.replace("`", ""), actor, place] = {"own": words[0], "child": words[-1] if len(words) == 2 else "absent"}.get(place, "absent")
    return cells


class Probes:
    """Orders about an agency X, with all that they need there made for them."""

    count = 0

    def __init__(self, stack):
        self.stack = stack
        self.overseer = stack.person("ID", "overseer").login
        stack.adapter().submit(text="Jalan rusak", category=1, place="91.01.01")
        ((self.case, self.number),) = stack.wait("select complaint_id, number_text (number) from complaint limit 1")

    def new(self, beginning="x"):
        Probes.count += 1
        return f"{beginning}{Probes.count}"

    def someone(self, code, role):
        return self.stack.person(code, role, login=self.new("staf-")).login

    def unit(self):
        """A new unit below own, to be moved or closed."""
        code = self.new("91.01/U")
        self.stack.sql("insert into agency (code, parent, kind, region, name) values (%s, %s, 'unit', '91.01', 'Unit')", code, self.stack.agency("91.01"))
        self.stack.sql("select agency_derive ()")
        return code

    def key(self, code, role):
        name = self.new("kunci-")
        number = self.stack.sql("insert into principal (name, role, key, agency_id) values (%s, %s, %s, %s) returning principal_id", name, 1 if role == "adapter" else 2,
                                a_key(), self.stack.agency(code))[0][0]
        if role == "worker":
            self.stack.sql("insert into principal_agency values (%s, %s)", number, self.stack.agency(code))
        return name

    def hook(self, code):
        return self.stack.sql("insert into hook (principal_id, url, salt, cursor) select principal_id, 'https://uji.example/', gen_random_uuid (), '' from principal "
                              "where name = %s returning hook_id", self.key(code, "adapter"))[0][0]

    def hold(self, code):
        self.stack.sql("update complaint set holder = %s where complaint_id = %s", self.stack.agency(code), self.case)

    def of(self, label, x):
        """[(order, arguments)] of a line of the table."""
        moved = (lambda: self.unit() if x == "91.01/PUPR" else x)
        words = label.split()
        role = words[-1]
        agency_role = {"agency": x, "role": role}
        if label.startswith("register_agency"):
            return [("register_agency", {"parent": x, "code": self.new("baru-"), "name": "Baru"})]
        if label == "rename_agency":
            return [(label, {"agency": x, "name": self.new("Nama ")})]
        if label == "set_function":
            return [(label, {"agency": x, "zone": "WIT"})]
        if label == "move_agency":
            return [(label, {"agency": moved(), "parent": "91.01/KES", "kind": "subunit"})]
        if label == "close_agency":
            return [(label, {"agency": moved(), "successor": "91.01/KES"})]
        if label == "set_competence":
            return [(label, {"agency": x, "function": "KES", "region": "91.01.01"})]
        if label.startswith("set_connection verify_at"):
            return [("set_connection", {"agency": x, "verify_at": "self"}), ("set_connection", {"agency": x, "route_depth": 3})]
        if label.startswith("set_connection approver"):
            return [("set_connection", {"agency": x, "liaison_closes": True})]
        if label.startswith("invite"):
            return [("invite", {"login": self.new("undang-"), "name": "Baru", **agency_role}),
                    ("appoint", {"person": self.someone(x, role), **agency_role}), ("dismiss", {"person": self.someone(x, role), **agency_role})]
        if label.startswith("change_person"):
            return [(order, {"person": self.someone(x, role)}) for order in ("change_person", "renew_invitation", "lock", "unlock", "end_session")]
        if label == "set_deputy":
            return [(label, {"person": self.someone(x, "liaison"), "deputy": self.someone(x, "agency_admin"), "agency": x})]
        if label.startswith("make_key"):
            scope = {"agencies": [x]} if role == "worker" else {}
            return [("make_key", {"name": self.new("kunci-"), "role": role, "key": a_key(), "agency": x, **scope}),
                    ("rotate_key", {"name": self.key(x, role), "key": a_key()}), ("revoke_key", {"name": self.key(x, role)})]
        if label.startswith("make_token"):
            return [(order, {"name": self.key(x, role)}) for order in ("make_token", "revoke_token")]
        if label.startswith("set_webhook"):
            names = ("test_webhook", "replay_webhook", "pause_webhook", "resume_webhook", "remove_webhook")
            return [("set_webhook", {"name": self.key(x, role), "url": "https://uji.example/hook"})] + \
                [(order, {"webhook": self.hook(x), **({"from": "now"} if order == "replay_webhook" else {})}) for order in names]
        assert label.startswith("permit"), label
        self.hold(x)
        permit = self.stack.sql("insert into permit (complaint_id, agency_id, level, until, granted_by, reason) "
                                "values (%s, 1, 1, now () + interval '1 day', 0, 'x') returning permit_id", self.case)[0][0]
        return [("permit", {"number": self.number, "person": self.overseer, "level": "state", "days": 1, "reason": "Diminta Ombudsman"}),
                ("withdraw_permit", {"permit": permit})]


# What nobody has, in an argument's place.
NOBODYS = {"agency": "97.99", "parent": "97.99", "person": "tidak-ada", "name": "tidak-ada", "number": "A0000000000000", "permit": 999999999, "webhook": 999999999}


def in_nobodys_place(order, arguments):
    """The same order about something that is not there."""
    at = "parent" if order == "register_agency" else "name" if order in ("rotate_key", "revoke_key", "make_token", "revoke_token", "set_webhook") else "webhook" if "webhook" in order else \
        "person" if order in ("change_person", "renew_invitation", "lock", "unlock", "end_session", "appoint") else \
        "number" if order == "permit" else "permit" if order == "withdraw_permit" else "agency"
    return {**arguments, at: NOBODYS[at]}


@pytest.mark.parametrize("actor", ACTORS)
def test_roles_and_orders(stack, front, actor):
    """Every role x every order x own, parent, child, sibling, foreign agency, as docs/administration.md says it; what is not
    his is answered as what is not there, and nothing of it is changed."""
    probes, who, table = Probes(stack), stack.person("91.01", actor), the_table()
    probed = 0
    for (label, of, place), wanted in table.items():
        if of != actor:
            continue
        for order, arguments in probes.of(label, PLACES[place]):
            before = stack.sql("select count (*) from change")
            said = front.order(order, who, **arguments)
            assert (said.reason or said.verdict) == wanted, (actor, order, place, arguments, said)
            assert (stack.sql("select count (*) from change") != before) == (wanted == "done"), (order, place)
            if wanted == "absent":
                assert front.order(order, who, **in_nobodys_place(order, arguments)).word == said.word, (order, place)
            probed += 1
    assert probed == 5 * 51
    probes.hold("91.01/PUPR")


STATUS = {"done": 0, "role": 77, "absent": 77}


@pytest.mark.parametrize("actor", ["coordinator", "agency_admin"])
def test_roles_and_orders_by_the_command(stack, actor):
    """The same table through `aduan admin`: one order of each line (of every third where it is not the battery that runs), at a place where it is done and at one where it is not."""
    probes, table = Probes(stack), the_table()
    who = stack.person("91.01", actor, front="cli")
    session = os.path.join(stack.folder, f"session-{actor}")
    with open(session, "w", encoding="ascii") as file:
        file.write(who.session.hex() + "\n")
    labels = sorted({label for label, _, _ in table})
    for label in labels[::1 if "ADUAN_PROBES" in os.environ else 3]:
        for place in ("child" if actor == "coordinator" else "own", "sibling"):
            order, arguments = probes.of(label, PLACES[place])[0]
            words = [f"{name}={','.join(value) if isinstance(value, list) else 'yes' if value is True else value}" for name, value in arguments.items()]
            done = subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), "admin", "-c", stack.settings, "--session", session, "--json", order, *words],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
            wanted, said = table[label, actor, place], json.loads(done.stdout)
            assert done.returncode == STATUS[wanted] and said.get("reason", "done") == wanted, (label, place, words, done.returncode, said)
    probes.hold("91.01/PUPR")


def own_contact(stack, who):
    """[notices, from, to, key, address opened] of somebody, as the notifier would read it; None: he is not written to."""
    rows = stack.sql("select notices, hour_from, hour_to, contact_key, contact from person_contact where principal_id = %s", who.number)
    if not rows:
        return None
    *said, key, box = rows[0]
    with open(os.path.join(stack.folder, "keys", f"contact-{key}.key"), encoding="ascii") as file:
        secret = nacl.public.PrivateKey(bytes.fromhex(file.read().strip()))
    clear = nacl.public.SealedBox(secret).decrypt(bytes(box))
    fields = msgpack.unpackb(clear[:clear.rindex(b"\x80")], strict_map_key=False)
    return [*said, fields[4], fields[5]]


def test_own_contact(stack, front):
    """Where somebody is written to: by himself alone, by the command, a form and the API; sealed before it travels, so that neither the store, the
    history nor an answer has it; it goes when he says so, and with his last appointment."""
    who, address = stack.person("91.01/KES", "liaison", front="cli"), "rahasia.sekali@dinas.example"
    session = os.path.join(stack.folder, "session-contact")
    with open(session, "w", encoding="ascii") as file:
        file.write(who.session.hex() + "\n")

    def command(*words):
        return subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), "admin", "-c", stack.settings, "--session", session, "set_contact", *words],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)

    assert command("notices=daily").returncode == 65, "there is no address yet"
    assert command("address=bukan-alamat").returncode == 65 and command("kind=whatsapp", "address=0812345678").returncode == 64
    done = command(f"address={address}", "notices=at_once", "from=8", "to=15")
    assert done.returncode == 0, done.stderr
    assert own_contact(stack, who) == [3, 8, 15, "email", address]
    assert command("notices=none").returncode == 0 and own_contact(stack, who) == [1, 8, 15, "email", address]
    assert command("from=15", "to=9").returncode == 65 and own_contact(stack, who) == [1, 8, 15, "email", address]

    who = stack.people.session(who)
    browser = Browser(stack, who)
    form = browser.get("/account").form("/orders/set_contact")
    assert form.fields["from"] == "8" and form.fields["to"] == "15" and address not in browser.get("/account").text
    end = time.monotonic() + 30
    while True:  # 503 until the desk has met intake, which tells the key
        done = browser.send("/orders/set_contact", {**form.fields, "kind": "sms", "address": "0812-3456-7890", "notices": "daily"})
        if done.status != 503 or time.monotonic() > end:
            break
        time.sleep(0.1)
    assert (done.status, done.location) == (303, "/account?said=set_contact"), done.text
    assert own_contact(stack, who) == [2, 8, 15, "sms", "0812-3456-7890"]
    form = browser.get("/account").form("/orders/set_contact")
    wrong = browser.send("/orders/set_contact", {**form.fields, "kind": "email", "address": "salah di mana"})
    assert wrong.status == 422 and "salah di mana" not in wrong.text
    program = Program(stack, who)
    assert program.post("/orders/set_contact", {"address": address, "kind": "email"}).status == 200
    assert own_contact(stack, who) == [2, 8, 15, "email", address]
    said = stack.sql("select coalesce (old::text, '') || coalesce (new::text, '') from change where name = 'set_contact' union all select result::text from ordered")
    assert not any("rahasia" in row[0] for row in said)
    for log in os.listdir(os.path.join(stack.folder, "log")):
        with open(os.path.join(stack.folder, "log", log), encoding="utf-8") as file:
            assert "rahasia" not in file.read(), log

    assert program.post("/orders/set_contact", {"forget": True}).status == 200 and own_contact(stack, who) is None
    assert program.post("/orders/set_contact", {"address": address, "kind": "email"}).status == 200
    boss = stack.person("91.01", "coordinator")
    stack.people.appoint(who, "91.01/PUPR", "liaison")
    assert front.order("dismiss", boss, person=who.login, agency="91.01/PUPR", role="liaison").word == "done" and own_contact(stack, who)
    assert front.order("dismiss", boss, person=who.login, agency="91.01/KES", role="liaison").word == "done" and own_contact(stack, who) is None


def texts():
    """The desk's, Indonesian, by key."""
    with open(os.path.join(ROOT, "deploy", "text", "id", "desk.txt"), encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(" = ", 1) for line in file if " = " in line)


def by_the_api(stack, who):
    program = Program(stack, who)

    def say(order, arguments):
        answer = program.post(f"/orders/{order}", arguments)
        return "done" if answer.status == 200 else answer.json["code"].removeprefix("order_")

    return say


def by_the_console(stack, who):
    """As a form of a page sends it, whether or not a page shows it to him."""
    browser, words = Browser(stack, who), texts()
    token = browser.get("/account").forms()[-1].fields["csrf"]
    refused = {words[f"fault_order_{reason}"]: reason for reason in ("role", "absent")}

    def say(order, arguments):
        fields = {"public" if name == "key" else name: ", ".join(value) if isinstance(value, list) else "1" if value is True else str(value)
                  for name, value in arguments.items()}
        answer = browser.send(f"/orders/{order}", {"csrf": token, "key": os.urandom(16).hex(), **fields})
        if answer.status in (200, 303):
            return "done"
        return next((reason for text, reason in refused.items() if text.split("{")[0] in answer.text), answer.text)

    return say


@pytest.mark.parametrize("door", [by_the_api, by_the_console])
@pytest.mark.parametrize("actor", ACTORS)
def test_roles_and_orders_at_the_desk(stack, actor, door):
    """The same table over HTTP, cell by cell: of every third line, another third for each role, where it is not the battery that runs."""
    probes, table = Probes(stack), the_table()
    say = door(stack, stack.person("91.01", actor, front="desk"))
    labels = sorted({label for label, _, _ in table})
    for label in labels if "ADUAN_PROBES" in os.environ else labels[ACTORS.index(actor) % 3::3]:
        for place in PLACES:
            for order, arguments in probes.of(label, PLACES[place]):
                said = say(order, arguments)
                assert said == table[label, actor, place], (actor, order, place, arguments, said)
                if said == "absent":
                    assert say(order, in_nobodys_place(order, arguments)) == "absent", (order, place)
    probes.hold("91.01/PUPR")


ORDERS_PROBED = int(os.environ.get("ADUAN_PROBES", "1500")) // 10


def test_random_orders(stack, front):
    """Random people with several appointments, random orders anywhere: the best of what each appointment allows, by the table; what
    is not theirs is answered as what is not there."""
    dice, table, probes = random.Random(int(os.environ.get("ADUAN_SEED", "11"))), the_table(), Probes(stack)
    parents = dict(stack.sql("select agency_id, parent from agency"))
    codes = dict(stack.sql("select code, agency_id from agency where retired_at is null and code !~ '^(x|baru|91.01/(U|ARSIP))' and flags !~ 'inspectorate'"))
    labels = sorted({label for label, _, _ in table if not label.startswith(("move", "close", "set_competence", "register"))})

    def relation(at, x):
        if at == x:
            return "own"
        while x:
            x = parents[x]
            if x == at:
                return "child"
        return "foreign"

    people = []
    for _ in range(25):
        who, held = stack.person(login=probes.new("acak-")), set()
        for _ in range(dice.randint(0, 3)):
            held.add((dice.choice(list(codes)), dice.choice(ACTORS)))
        for code, role in held:
            stack.people.appoint(who, code, role)
        people.append((who, held))
    seen = {"done": 0, "role": 0, "absent": 0}
    for _ in range(ORDERS_PROBED):
        (who, held), label = dice.choice(people), dice.choice(labels)
        x = dice.choice([code for code in codes if code != "ID"])
        words = {table[label, role, relation(codes[code], codes[x])] for code, role in held}
        wanted = next((word for word in ("done", "role") if word in words), "absent")
        order, arguments = dice.choice(probes.of(label, x))
        said = front.order(order, who, **arguments)
        assert (said.reason or said.verdict) == wanted, (held, order, x, arguments, said)
        if wanted == "absent":
            assert front.order(order, who, **in_nobodys_place(order, arguments)).word == said.word, (order, x)
        seen[wanted] += 1
    assert min(seen.values()) > ORDERS_PROBED // 50, seen
    probes.hold("91.01/PUPR")
