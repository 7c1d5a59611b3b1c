"""People come in, order, read and act: through a front, by their session."""
import hashlib
import json
import os
import shutil
import subprocess
import time
import uuid

import pytest
import zmq

from conftest import ROOT, Stack
from people import PASSWORD, code_of, invited
from stack import BUILD


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake", "query"), fronts=("desk", "other", "cli")) as running:
        yield running


@pytest.fixture(scope="module")
def front(stack):
    return stack.front()


def test_reads_by_session(stack, front):
    who = stack.person("91.01", "coordinator")
    (me,) = stack.reader().ask("desk_me", session=who)
    assert me["login"] == who.login and [(a["agency"], a["role"]) for a in me["appointments"]] == [("91.01", "coordinator")]
    assert stack.reader().ask("me", session=who)[0]["person"] == who.number
    assert not stack.reader().ask("desk_me", session=os.urandom(32))
    with pytest.raises(ValueError, match="no query of that name"):
        stack.reader().ask("limits", session=who)
    with pytest.raises(ValueError, match="no query of that name"):
        stack.reader().ask("desk_me")
    # the session is the query's alone: the same connection knows nobody afterwards
    assert stack.reader().ask("counts")
    assert front.order("logout", who).word == "done"
    assert not stack.reader().ask("desk_me", session=who)
    assert front.order("logout", who).word == "session"


def test_where_a_session_belongs(stack, front):
    who = stack.person("91.01", "coordinator")
    worker = stack.worker()
    agency = stack.agency("91.01/PUPR")
    case = {"id": os.urandom(16), "agency": agency, "version": 1}
    assert worker.act(case, "release", t14=who.session)[1][4] == 13
    assert front.act(case, "release")[1][4] == 13
    assert front.act(case, "release", t14=b"")[1][4] == 13
    assert front.pull([agency]) == [] and front.last_pulled[4] == 13
    from people import Front
    assert Front.order(worker, "logout", who).word == "role session"
    assert front.order("logout").word == "session"
    assert front.order("no_such_order", who).word == "value order"
    assert front.order("begin_order", who).word == "value order"
    # a session is its front's
    assert stack.front("other").order("logout", who).word == "session"
    assert front.order("logout", who).word == "done"


def test_from_invitation_to_session(stack, front):
    who = stack.person("91.01", "agency_admin")
    old, token = who.session, invited(stack, who)
    assert front.order("accept_invitation", token=token, new_password="pendek").word == "value new_password"
    assert front.order("accept_invitation", token="00" * 32, new_password=PASSWORD).word == "absent token"
    key = os.urandom(16)
    first = front.order("accept_invitation", repeat=key, token=token, new_password=PASSWORD)
    again = front.order("accept_invitation", repeat=key, token=token, new_password=PASSWORD)
    assert first.word == again.word == "done" and first.result == again.result and first["login"] == who.login
    assert front.order("accept_invitation", token=token, new_password=PASSWORD).word == "absent token"
    assert front.order("logout", old).word == "session"
    code = code_of(first["factor"])
    for wrong in ({"password": PASSWORD + "!"}, {"code": "000000" if code != "000000" else "000001"}, {"login": "siapa"}):
        assert front.order("login", **{"login": who.login, "password": PASSWORD, "code": code, **wrong}).word == "session login"
    assert front.order("login", login=who.login, password=PASSWORD).word == "session login"
    key = os.urandom(16)
    first = front.order("login", repeat=key, login=who.login.upper(), password=PASSWORD, code=code)
    assert first.word == "done" and first["appointments"][0]["role"] == "agency_admin", first
    assert stack.reader().ask("desk_me", session=first["token"])[0]["login"] == who.login
    # the answer was lost: the same order finds the same session; another one cannot use the code
    assert front.order("login", repeat=key, login=who.login.upper(), password=PASSWORD, code=code).result == first.result
    assert front.order("login", login=who.login, password=PASSWORD, code=code).word == "session login"
    assert front.order("renew_session", first["token"]).word == "done"
    assert front.order("logout", first["token"]).word == "done"
    assert stack.sql("select count (*) from change where subject = %s and name in ('accept_invitation', 'login', 'logout')", who.login) == [(3,)]
    rows = stack.sql("select new::text || coalesce (old::text, '') from change union all select result::text from ordered")
    assert not any(word in (row or "") for row, in rows for word in (PASSWORD, "argon2", first["token"]))


def placed(stack, web, agency_code="91.01/PUPR", place="91.01.01", category=1, text="Jalan rusak di depan sekolah"):
    """A complaint that is ready at this agency."""
    word, fields = web.submit(text=text, category=category, place=place)[:2]
    assert word == "accepted"
    return stack.wait("select complaint_id from assignment join agency on agency_id = agency where code = %s and state = 1 order by complaint_id desc limit 1",
                      agency_code)[0][0]


def test_pulls_by_session(stack, front):
    web, unit, sibling = stack.adapter(), stack.agency("91.01/PUPR"), stack.agency("91.71/PUPR")
    liaison, above, stranger = (stack.person("91.01/PUPR", "liaison"), stack.person("91.01", "coordinator"), stack.person("91.71/PUPR", "liaison"))
    placed(stack, web)
    for nobody, reason in ((above, 6), (stranger, 6), (os.urandom(32), 14), (stack.person("91.01/PUPR", "overseer"), 6)):
        assert front.pull_as(nobody, [unit]) == [] and front.last_pulled.get(4) == reason
    assert front.pull_as(liaison, [sibling]) == [] and front.last_pulled[4] == 6
    (case,) = front.pull_as(liaison, [unit])
    assert case["lease"] == 600000
    assert stack.sql("select leased_by from assignment where complaint_id = %s", case["id"].hex()) == [(liaison.number,)]
    assert front.pull_as(liaison, [unit]) == [] and front.last_pulled.get(4) is None


# ---- aduan admin -----------------------------------------------------------------------------------------------------------------

class Command:
    """`aduan admin` of one person, with a session file of its own."""

    verb = "admin"

    def __init__(self, stack, name):
        self.stack, self.file = stack, os.path.join(stack.folder, f"session-{name}")

    def __call__(self, *words, lines="", status=0, lang="en"):
        done = subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), self.verb, "-c", self.stack.settings, "--lang", lang, "--session", self.file, *words],
                              input=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, env=os.environ)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def json(self, *words, lines="", status=0):
        return json.loads(self(*words, "--json", lines=lines, status=status))


def test_from_the_shell(stack):
    """An installation's first coordinator, by what the shell makes; then a unit below and its officer."""
    budi, wati = Command(stack, "budi"), Command(stack, "wati")
    token = stack.migrate("invite", "budi.admin", "Budi").split()[-1]
    assert "budi.admin" in budi("accept", token, lines=PASSWORD + "\n") and len(token) == 64
    token = stack.migrate("invite", "budi.admin", "Budi").split()[-1]  # he has lost his telephone
    factor = budi.json("accept", token, lines=PASSWORD + "\n")["factor"]
    said = budi("login", "budi.admin", lines=PASSWORD + "\n000000\n", status=77)
    assert 'refused because of login "budi.admin"; session: login, password or code is wrong' in said and "log in first" not in said
    assert "nobody is logged in" in budi("me", status=77)
    assert "Budi" in budi("login", "budi.admin", lines=f"{PASSWORD}\n{code_of(factor)}\n")
    assert os.stat(budi.file).st_mode & 0o777 == 0o600
    assert "coordinator" in budi("me") and "Sesi" not in budi("me")
    assert budi.json("tree", "91.01", "1")[0]["code"] == "91.01"
    assert "91.01/PUPR" in budi("tree", "91.01")
    assert "register_agency: done" in budi("register-agency", "parent=91.01", "code=91.01/PERPUS", "name=Dinas Perpustakaan")
    token = budi.json("invite", "login=wati.perpus", "name=Wati", "agency=91.01/PERPUS", "role=liaison")["token"]
    assert "invited" in budi("people", "91.01/PERPUS")
    factor = wati.json("accept", token, lines="meja kursi lemari rak\n")["factor"]
    wati("login", "wati.perpus", lines=f"meja kursi lemari rak\n{code_of(factor)}\n")
    assert "absent: there is no such thing, or it is not yours" in wati("rename_agency", "agency=91.01", "name=x", status=77)
    assert "role" in wati("rename_agency", "agency=91.01/PERPUS", "name=x", status=77)
    assert "has no argument" in wati("rename_agency", "name", status=64) and "has no argument" in wati("lock", "agency=x", status=64)
    assert "value" in budi("register_agency", "parent=91.01", "code=91.01/PERPUS", "name=Lagi", status=65)
    # the thing, the value, the remedy
    said = budi("register_agency", "parent=91.01", "code=91.01/../X", "name=Lagi", status=65)
    assert 'refused because of code "91.01/../X"' in said and "as 33.74/PUPR" in said
    said = budi("invite", "login=siapa.saja", "name=S", "agency=91.01/TIDAK", "role=liaison", status=77)
    assert 'because of agency "91.01/TIDAK"; absent' in said and "`aduan admin tree` lists" in said
    said = budi("invite", "login=siapa.saja", "name=S", "agency=91.01", "role=liaison", "until=besok", status=65)
    assert 'because of until "besok"' in said and "as 2026-12-31" in said
    assert 'hours "banyak"' in budi("rotate_key", "name=x", "key=y", "hours=banyak", status=65)
    said = budi("change_password", lines="bukan sandinya ini\nsepeda biru tua\n", status=65)
    assert "the present password, or the code, is wrong" in said and "bukan sandinya" not in said
    assert 'tree: nothing is there of "91.01/TIDAK", or it is not yours to see' in budi("tree", "91.01/TIDAK", status=1)
    assert 'people: tidak ada apa pun tentang "91.01/TIDAK"' in budi("people", "91.01/TIDAK", status=1, lang="id")
    assert '"91.01/TIDAK"' in budi("keys", "91.01/TIDAK", status=1) and '"tidak.ada"' in budi("changes", "tidak.ada", status=1)
    assert "by the installation's shell" in budi("me")
    # yes and no are said in words, wherever an order takes them
    stack.sql("update appointment set opens = true from person where person.principal_id = appointment.principal_id and login = 'budi.admin'")
    stack.person("ID", "operator", login="ibu.operator")
    assert "done" in budi("allow_identity", "login=ibu.operator", "allowed=yes")
    assert [row["subject"] for row in budi.json("changes", "91.01/PERPUS")] == ["91.01/PERPUS"]
    public = subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), "keygen", os.path.join(stack.folder, "perpus.key")], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    budi("make_key", "name=perpus", "role=worker", f"key={public}", "agency=91.01/PERPUS", "agencies=91.01/PERPUS")
    assert "not used yet" in budi("keys") and "perpus" not in wati("keys", status=1)
    budi("lock", "person=wati.perpus")
    assert "nobody is logged in" in wati("me", status=77)
    assert "belum ada yang masuk" in wati("me", status=77, lang="id")
    assert "done" in budi("logout") and not os.path.exists(budi.file)
    help_text = wati("--help")
    assert all(name in help_text for name in ("set_competence", "renew_factor", "withdraw_permit", "watch"))


def notices(stack, *words, status=0):
    done = subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), "notice", *words, "-c", stack.settings, "--lang", "en"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_parked_notices_go_out_again(stack, front):
    """They are listed with why and whose they are, and go out again by an order of the root's, with its reason; one that may have
    arrived only by name."""
    ids = [str(uuid.uuid4()) for _ in range(3)]
    for number, identity in enumerate(ids, 900):
        stack.sql("insert into complaint (complaint_id, number, version, received, due_first, holder, adapter, state, events, channel, priority,"
                  " rung, confidence, flags) values (%s, %s, 1, now (), now (), 1, 1, 7, 2, 1, 3, 6, 0, 17)", identity, number)
    stack.sql("insert into notice_ended values (%s, 2, 0, 1, 4, 10, 2, 503, now (), 5), (%s, 2, 0, 1, 4, 1, 3, 550, now (), null),"
              " (%s, 2, 0, 1, 4, 1, 4, 10052, now (), 7)", *ids)
    stack.sql("insert into notice_aside values (%s, now () + interval '1 h', 0, 1, 2, 1, 1, 0, 5)", ids[0])
    stack.sql("insert into delivery values (%s, now (), 0, 202, 3, 4, 1, 5, 6)", ids[0])
    numbers = [row[0] for row in stack.sql("select number_text (n) from generate_series (900, 902) n")]
    listed = notices(stack, "list")
    assert "parked" in listed and "unknown" in listed and "quiet" in listed and "503" in listed and "whatsapp" in listed and listed.count(" ID\n") == 3
    assert "waits" not in notices(stack, "list", "--parked")
    own = json.loads(notices(stack, "list", "--number", numbers[0], "--json"))
    assert [(row["state"], row["channel"], row["code"]) for row in own] == [("parked", "sms", 503), ("waits", "sms", 2), ("delivered", "sms", 202)]
    assert json.loads(notices(stack, "list", "--number", "A0000000000000", "--json", status=1)) == []
    assert "say why" in notices(stack, "retry", "--all", status=64) and "which notice" in notices(stack, "retry", "--reason", "x", status=64)
    assert "nobody is logged in" in notices(stack, "retry", "--all", "--reason", "x", "--session", os.path.join(stack.folder, "none"), status=77)

    operator = stack.person("ID", "operator")
    reason = "Kannel berjalan lagi"
    assert front.order("retry_notice", stack.person("91.01", "coordinator"), all=True, reason=reason).word == "absent number"
    assert front.order("retry_notice", operator, all=True).word == "value reason"
    assert front.order("retry_notice", operator, number=numbers[0], all=True, reason=reason).word == "value number"
    assert front.order("retry_notice", operator, reason=reason).word == "value number"
    assert front.order("retry_notice", operator, number="A0000000000000", reason=reason).word == "absent number"
    assert front.order("retry_notice", operator, number=numbers[0], event=7, reason=reason).word == "absent number"
    done = front.order("retry_notice", operator, all=True, reason=reason)
    assert done.word == "done"
    assert stack.sql("select complaint_id::text from notice_ended") == [(ids[2],)]
    assert stack.sql("select channel, attempt from notice_aside where complaint_id = %s and event = 2", ids[0]) == [(5, 0)]
    assert stack.sql("select template from notice where complaint_id = %s", ids[1]) == [(4,)]
    assert front.order("retry_notice", operator, number=numbers[2], event=2, reason=reason).word == "done"
    assert stack.sql("select count (*) from notice_ended") == [(0,)]
    assert stack.sql("select new ->> 'reason' from change where name = 'retry_notice'") == [(reason,)] * 2
    stack.sql("delete from notice_aside")
    stack.sql("delete from delivery")
    stack.sql("delete from notice")
    for table in ("notice", "notice_aside", "notice_ended", "delivery", "complaint"):  # planted: what holds of complaints does not of these
        stack.rewrite(f"delete from {table} where complaint_id = any (%s::uuid[])", ids)


def test_every_order_is_in_the_command(stack):
    """What the store knows, the command knows, and the page."""
    files = {name[:-4] for name in os.listdir(os.path.join(ROOT, "store", "sql", "order")) if name.endswith(".sql")}
    with open(os.path.join(ROOT, "deploy", "aduan", "orders.def"), encoding="utf-8") as file:
        named = {line.split("(")[1].split(",")[0] for line in file if line.startswith("ORDER (")}
    assert files - named == {"login", "logout", "renew_session", "accept_invitation", "look", "typed"} and named <= files
    with open(os.path.join(ROOT, "docs", "administration.md"), encoding="utf-8") as file:
        page = file.read()
    assert [name for name in files if f"`{name}`" not in page] == []


# ---- lives -----------------------------------------------------------------------------------------------------------------------

def newcomer(stack, front, agency="91.01", role="agency_admin"):
    """Somebody who can log in: person, otpauth URI."""
    who = stack.person(agency, role)
    return who, front.order("accept_invitation", token=invited(stack, who), new_password=PASSWORD)["factor"]


def test_lock_out(stack, front):
    """After five failures the right password is refused, too, in the same words; it rests longer each time; unlock ends it."""
    who, factor = newcomer(stack, front)
    for tried in range(1, 6):
        assert front.order("login", login=who.login, password="salah sama sekali", code=code_of(factor)).word == "session login"
        assert stack.sql("select failures from person where principal_id = %s", who.number) == [(tried,)]
    assert front.order("login", login=who.login, password=PASSWORD, code=code_of(factor)).word == "session login"
    assert stack.sql("select locked_until between now () + interval '5 s' and now () + interval '15 s' from person where principal_id = %s", who.number) == [(True,)]
    stack.sql("update person set locked_until = now () where principal_id = %s", who.number)
    assert front.order("login", login=who.login, password="salah lagi", code=code_of(factor)).word == "session login"
    assert stack.sql("select locked_until > now () + interval '20 s' from person where principal_id = %s", who.number) == [(True,)]
    assert front.order("unlock", stack.person("91.01", "coordinator"), person=who.login).word == "done"
    assert front.order("login", login=who.login, password=PASSWORD, code=code_of(factor)).word == "done"
    assert stack.sql("select failures from person where principal_id = %s", who.number) == [(0,)]


def test_a_lock_from_above_stays(stack, front):
    above, admin, officer = stack.person("91.01", "coordinator"), stack.person("91.01/LH", "agency_admin"), stack.person("91.01/LH", "liaison")
    assert front.order("lock", admin, person=officer.login).word == "done" and front.order("unlock", admin, person=officer.login).word == "done"
    assert front.order("lock", above, person=officer.login).word == "done" and front.order("unlock", admin, person=officer.login).word == "role person"
    assert front.order("unlock", above, person=officer.login).word == "done"


@pytest.mark.parametrize("order, wrong, said", [
    ("rotate_key", "hours", ("viel", 3.5, -1, 721, "1e2", True)), ("invite", "until", ("kapan-kapan", "infinity", "tomorrow", "2026-02-30", 7, "2031-01-01T00:00+25:00")),
    ("invite", "named", ("vielleicht", 1)), ("set_connection", "route_depth", ("x", 9, -1)), ("set_connection", "liaison_closes", ("ja",)),
    ("permit", "days", ("3 hari", 0, 91)), ("withdraw_permit", "permit", ("x", 0)), ("save_template", "template", ("x", 2 ** 31)),
    ("set_competence", "held", ([],)), ("allow_identity", "allowed", ("vielleicht",)), ("ask_identity", "hours", (169,))])
def test_what_cannot_be_read_is_named(stack, front, order, wrong, said):
    """Not "arguments" is at fault, as where PostgreSQL stumbles over them, but the one that is."""
    for value in said:
        assert front.order(order, stack.person("ID", "coordinator"), **{wrong: value}).word == f"value {wrong}", value


def test_a_moment_is_the_same_however_it_is_written(stack, front):
    boss = stack.person("91.01", "coordinator")
    for nth, until in enumerate(("2031-12-31", "31/12/2031", "2031-12-31T07:00+07:00", "2031-12-31 00:00Z")):
        assert front.order("invite", boss, login=f"sampai-{nth}", name="S", agency="91.01/LH", role="liaison", named="no", until=until).word == "done"
    assert stack.sql("select distinct until at time zone 'UTC' = '2031-12-31' from appointment join person using (principal_id) where login like 'sampai-%%'") == [(True,)]


def test_passwords_and_factors(stack, front):
    who, factor = newcomer(stack, front)
    used = code_of(factor)
    first = front.order("login", login=who.login, password=PASSWORD, code=used)["token"]
    stack.people.session(who)
    assert front.order("change_password", first, password="bukan ini sama sekali", new_password="sepeda biru tua").word == "value password"
    assert front.order("change_password", first, password=PASSWORD, new_password="pendek").word == "value new_password"
    key = os.urandom(16)
    changed = front.order("change_password", first, repeat=key, password=PASSWORD, new_password="sepeda biru tua")
    assert changed["ended"] == 1 and front.order("change_password", first, repeat=key, password=PASSWORD, new_password="sepeda biru tua").result == changed.result
    assert front.order("logout", who).word == "session" and front.order("renew_session", first).word == "done"
    # a second factor is renewed by the old one, whose code counts once
    code = code_of(factor, step=1)
    assert front.order("renew_factor", first, password="sepeda biru tua", code=used).word == "value password"
    key = os.urandom(16)
    renewed = front.order("renew_factor", first, repeat=key, password="sepeda biru tua", code=code)
    assert renewed.word == "done" and front.order("renew_factor", first, repeat=key, password="sepeda biru tua", code=code).result == renewed.result
    assert front.order("login", login=who.login, password="sepeda biru tua", code=code_of(factor, step=1)).word == "session login"
    assert front.order("login", login=who.login, password="sepeda biru tua", code=code_of(renewed["factor"])).word == "done"


WEAK = {"known": ("Password123456", "RahasiaMerdeka45", "admin.admin.2026"),
        "plain": ("aaaaaaaaaaaa", "123456789012", "passwordpassword", "kudahijaukudahijau", "qwertyuiopas"),
        "own": ("aduanaduanaduan", "Pengaduan-Kota-7")}


def test_weak_passwords(stack, front):
    """What is guessed first is refused, with why: of an invitation, and where one is changed; and nothing is used up by it."""
    who = stack.person("91.01", "agency_admin", login="budi.lemah")
    token = invited(stack, who)
    for why, passwords in {**WEAK, "own": (*WEAK["own"], "budi.lemah-2026", "BUDI.LEMAH budi")}.items():
        for password in passwords:
            assert front.order("accept_invitation", token=token, new_password=password).word == f"value new_password_{why}", password
    factor = front.order("accept_invitation", token=token, new_password=PASSWORD)["factor"]
    session = front.order("login", login=who.login, password=PASSWORD, code=code_of(factor))["token"]
    for why, passwords in WEAK.items():
        assert front.order("change_password", session, password=PASSWORD, new_password=passwords[0]).word == f"value new_password_{why}"
    assert front.order("change_password", session, password=PASSWORD, new_password="sepeda biru tua").word == "done"


def test_a_weak_password_is_told_in_words(stack):
    siti = Command(stack, "siti")
    token = stack.migrate("invite", "siti.lemah", "Siti").split()[-1]
    assert "among those that are guessed first" in siti("accept", token, lines="Password123456\n", status=65)
    assert "berulang atau berurutan" in siti("accept", token, lines="123456789012\n", status=65, lang="id")
    assert "does not contain the login" in siti("accept", token, lines="x siti.lemah y\n", status=65)
    assert "12 to 256 signs" in siti("accept", token, lines="pendek\n", status=65)
    assert "Factor" not in siti("accept", "00" * 32, lines=PASSWORD + "\n", status=77) and "done" in siti("accept", token, lines=PASSWORD + "\n")


# a zero-width space, marks, overrides and isolates of direction, joiners, a soft hyphen, Hangul's fillers
UNSEEN = ("\u200b", "\u200e\u200f", "\u202a\u202e", "\u2060\u2064", "\u2066\u2069", "\ufeff", "\u00ad", "\u3164", "\u115f", "\u2800")


def test_names_are_seen(stack, front):
    """A name of signs that nobody sees is none, nor one that a sign makes show as another."""
    boss, key = stack.person("91.01", "coordinator"), zmq.curve_keypair()[0].decode()
    for nth, sign in enumerate(UNSEEN):
        for name in (sign, f" {sign} ", *([] if sign == "\u2800" else [f"Budi{sign}", f"{sign}iduB"])):
            assert front.order("invite", boss, login=f"semu-{nth}", name=name, agency="91.01/LH", role="liaison").word == "value name", ascii(name)
            assert front.order("register_agency", boss, parent="91.01", code="91.01/SEMU", name=name).word == "value name"
            assert front.order("rename_agency", boss, agency="91.01/LH", name=name).word == "value name"
            assert front.order("change_person", boss, name=name).word == "value name"
            assert front.order("make_key", boss, name=name, role="worker", key=key, agency="91.01/LH", agencies=["91.01/LH"]).word == "value name"
            assert front.order("save_template", boss, agency="91.01", name=name, text="Terima kasih").word == "value name"
            assert front.order("invite", boss, login=f"semu{sign}", name="Budi", agency="91.01/LH", role="liaison").word == "value login"
        assert front.order("save_template", boss, agency="91.01", name="Semu", text=sign).word == "value text"
        assert front.order("permit", boss, number="A0000000000000", person="x", level="state", days=1, reason=3 * sign).word == "value reason"
    with pytest.raises(Exception, match="each of them is seen"):
        stack.migrate("invite", "semu.shell", "Budi\u202e")


def test_a_code_is_a_path(stack, front):
    boss = stack.person("91.01", "coordinator")
    for code in ("91.01/..", "91.01//X", "/91.01", "91.01/", "91.01/./X", "91..01", "91.01 /X", " 91.01/X", ".", "..", "91.01/X\u200b", "x" * 33):
        assert front.order("register_agency", boss, parent="91.01", code=code, name="Nama").word == "value code", code
    assert front.order("register_agency", boss, parent="91.01", code="91.01/KODE-1/A_b", name="Nama").word == "done"


def test_a_registry_with_wrong_codes_is_refused(stack, tmp_path):
    """Every fault with its line, and nothing has changed."""
    from stack import REGISTRY
    for name in os.listdir(REGISTRY):
        if name.endswith(".tsv"):
            shutil.copy(os.path.join(REGISTRY, name), tmp_path)
    lines = (tmp_path / "agencies.tsv").read_text().splitlines()
    for code, name in (("91.01/../X", "Nama"), ("91.01//Y", "Nama"), ("91.01/NAMA", "Na\u202ema")):
        lines.append("\t".join([code, "91.01", "unit", "-", "-", "-", name, "WIT"]))
    (tmp_path / "agencies.tsv").write_text("\n".join(lines) + "\n")
    with pytest.raises(Exception) as fault:
        stack.migrate("registry", str(tmp_path))
    said = str(fault.value)
    assert f'agencies.tsv, line {len(lines) - 2}: code "91.01/../X": a code is' in said and 'code "91.01//Y"' in said and f"line {len(lines)}: name" in said
    assert stack.sql("select count (*) from agency where code like '91.01/NAMA%%'") == [(0,)]


def test_the_same_key_with_another_password_is_refused(stack, front):
    """Answered "done" it would leave somebody with a password that he has not got."""
    who = stack.person("91.01", "agency_admin")
    token, key = invited(stack, who), os.urandom(16)
    factor = front.order("accept_invitation", repeat=key, token=token, new_password=PASSWORD)["factor"]
    assert front.order("accept_invitation", repeat=key, token=token, new_password="sepeda biru tua").word == "key"
    assert front.order("accept_invitation", repeat=key, token=token, new_password=PASSWORD)["factor"] == factor
    session, key = front.order("login", login=who.login, password=PASSWORD, code=code_of(factor))["token"], os.urandom(16)
    assert front.order("change_password", session, repeat=key, password=PASSWORD, new_password="sepeda biru tua").word == "done"
    assert front.order("change_password", session, repeat=key, password=PASSWORD, new_password="gerobak merah muda").word == "key"
    assert front.order("change_password", session, repeat=key, password=PASSWORD, new_password="sepeda biru tua").word == "done"
    # what is kept of it is no hash that could be tried out
    digests = {bytes(row[0]) for row in stack.sql("select digest from ordered where principal_id = %s", who.number)}
    assert hashlib.sha256(b"change_password {}" + b"sepeda biru tua").digest() not in digests and len(digests) == 3


def test_a_renewed_access_is_seen(stack, front):
    """An admin who renews his officer's invitation and accepts it himself puts the officer out, and it is seen: by him, and by those above."""
    boss, admin = stack.person("91.01", "coordinator"), stack.person("91.01/LH", "agency_admin")
    first = front.order("invite", boss, login="pejabat.lh", name="Pejabat", agency="91.01/LH", role="liaison")["token"]
    factor = front.order("accept_invitation", token=first, new_password=PASSWORD)["factor"]
    login = front.order("login", login="pejabat.lh", password=PASSWORD, code=code_of(factor))
    session = login["token"]
    assert "renewed" not in login.result
    (made,) = stack.reader().ask("desk_access", session=session)
    assert made["by"] == boss.login and made["accepted"]
    # the invitation is open: he sees it before anybody accepts it
    second = front.order("renew_invitation", admin, person="pejabat.lh")["token"]
    newest = stack.reader().ask("desk_access", session=session)[0]
    assert newest["by"] == admin.login and newest["name"] == admin.login.capitalize() and newest["accepted"] is None
    assert stack.reader().ask("desk_me", session=session)[0]["access"][0]["by"] == admin.login
    # it is accepted by somebody else: every session of his ends, his password is none any more
    front.order("accept_invitation", token=second, new_password="sepeda biru tua")
    assert front.order("renew_session", session).word == "session"
    assert front.order("login", login="pejabat.lh", password=PASSWORD, code=code_of(factor, step=1)).word == "session login"
    # those above see who did it, and when it was used
    seen = [(row["order"], row["by"]) for row in stack.reader().ask("desk_changes", "", "pejabat.lh", "", session=boss)]
    assert seen[:2] == [("accept_invitation", "pejabat.lh"), ("renew_invitation", admin.login)]
    # he has it back: the log-in says so, and the account page whose invitations there were
    third = front.order("renew_invitation", boss, person="pejabat.lh")["token"]
    factor = front.order("accept_invitation", token=third, new_password=PASSWORD)["factor"]
    back = front.order("login", login="pejabat.lh", password=PASSWORD, code=code_of(factor))
    assert back["renewed"] is True
    assert [row["by"] for row in stack.reader().ask("desk_access", session=back["token"])] == [boss.login, admin.login, boss.login]
    assert all(row["accepted"] for row in stack.reader().ask("desk_access", session=back["token"]))
    again = front.order("login", login="pejabat.lh", password=PASSWORD, code=code_of(factor, step=1))
    assert "renewed" not in again.result, "once is enough"


def test_an_invitation_counts_once(stack, front):
    boss = stack.person("91.01", "coordinator")
    first = front.order("invite", boss, login="undangan", name="U", agency="91.01/LH", role="liaison")["token"]
    second = front.order("renew_invitation", boss, person="undangan")["token"]
    assert front.order("accept_invitation", token=first, new_password=PASSWORD).word == "absent token"
    assert front.order("accept_invitation", token=second, new_password=PASSWORD).word == "done"
    assert front.order("accept_invitation", token=second, new_password=PASSWORD).word == "absent token"
    third = front.order("renew_invitation", boss, person="undangan")["token"]
    stack.sql("update invitation set ends_at = now () where used_at is null")
    assert front.order("accept_invitation", token=third, new_password=PASSWORD).word == "absent token"


def within(seconds, wanted):
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def test_what_ends_ends_within_a_second(stack, front):
    boss, unit = stack.person("91.01", "coordinator"), stack.agency("91.01/LH")
    for order in ("lock", "end_session", "dismiss"):
        who = stack.person("91.01/LH", "liaison")
        assert front.pull_as(who, [unit]) is not None and front.last_pulled.get(4) is None
        more = {"agency": "91.01/LH", "role": "liaison"} if order == "dismiss" else {}
        assert front.order(order, boss, person=who.login, **more).word == "done"
        assert front.pull_as(who, [unit]) == [] and front.last_pulled[4] == 14
        assert front.order("renew_session", who).word == "session" and not stack.reader().ask("desk_me", session=who)


def test_a_key_from_making_to_revocation(stack, front):
    """Made, it works within a second; rotated, both work; the old one ends by time; revoked, neither is let in."""
    from worker import Worker
    boss, unit = stack.person("91.01", "coordinator"), stack.agency("91.01/LH")
    pairs = [tuple(half.decode() for half in zmq.curve_keypair()) for _ in range(2)]

    def lets_in(pair):
        peer = Worker(f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), *pair, "lh")
        try:
            return peer.hello(1.0) and peer.pull([unit], seconds=2) is not None
        finally:
            peer.close()

    assert not lets_in(pairs[0])
    assert front.order("make_key", boss, name="lh-mesin", role="worker", key=pairs[0][0], agency="91.01/LH", agencies=["91.01/LH"]).word == "done"
    within(5, lambda: lets_in(pairs[0]))
    assert front.order("rotate_key", boss, name="lh-mesin", key=pairs[1][0], hours=2).word == "done"
    within(5, lambda: lets_in(pairs[1]))
    assert lets_in(pairs[0])
    stack.sql("update principal set old_until = now () where name = 'lh-mesin'")
    stack.sql("select keys_expire ()")
    within(5, lambda: not lets_in(pairs[0]))
    assert lets_in(pairs[1])
    live = Worker(f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), *pairs[1], "lh")
    assert live.pull([unit], seconds=2) is not None
    assert front.order("revoke_key", boss, name="lh-mesin").word == "done"
    within(1.5, lambda: live.pull([unit], seconds=0.3) is None)
    live.close()
    assert not lets_in(pairs[1])
    # the name and both keys are spent
    assert front.order("make_key", boss, name="lh-mesin", role="worker", key=zmq.curve_keypair()[0].decode(), agency="91.01/LH", agencies=["91.01/LH"]).word == "value name"
    assert front.order("make_key", boss, name="lain", role="worker", key=pairs[1][0], agency="91.01/LH", agencies=["91.01/LH"]).word == "value key"


def test_two_roles_of_one_key_do_not_mix(stack, front):
    """A key is one thing: an adapter's is no worker's, and nobody makes it one."""
    boss, key = stack.person("91.01", "coordinator"), stack.keys["adapter-web"][0]
    assert front.order("make_key", boss, name="web-2", role="worker", key=key, agency="91.01/LH", agencies=["91.01/LH"]).word == "value key"
    assert front.order("rotate_key", boss, name="web", key=zmq.curve_keypair()[0].decode()).word == "absent name"
    from worker import Worker
    peer = Worker(f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), *stack.keys["adapter-web"], "web")
    assert not peer.hello(1)
    peer.close()


def test_somebody_elses_lease(stack, front):
    """A leased case is its person's: a colleague's PULL does not get it, and the act of a stranger finds nothing there."""
    unit = stack.agency("91.01/KES")
    first, second, stranger = (stack.person("91.01/KES", "liaison"), stack.person("91.01/KES", "liaison"), stack.person("91.71/KES", "liaison"))
    placed(stack, stack.adapter(), "91.01/KES", category=2)
    (case,) = front.pull_as(first, [unit])
    assert front.pull_as(second, [unit]) == [] and front.pull_as(stranger, [unit]) == []
    assert stack.sql("select leased_by from assignment where complaint_id = %s", case["id"].hex()) == [(first.number,)]


def test_oversight_is_pulled_by_its_named_staff(stack, front):
    office = stack.agency("91.01/PENGAWASAN")
    placed(stack, stack.adapter(), "91.01/PENGAWASAN", category=6, text="Petugas minta uang pelicin")
    officer, named = stack.person("91.01/PENGAWASAN", "liaison"), stack.person("91.01/PENGAWASAN", "liaison", named=True)
    assert front.pull_as(officer, [office]) == [] and front.last_pulled.get(4) is None
    assert front.pull_as(stack.person("91.01", "coordinator"), [office]) == [] and front.last_pulled[4] == 6
    assert len(front.pull_as(named, [office], wait=3000)) == 1


def test_oversight_is_nobodys_by_a_detour(stack, front):
    """No coordinator reads by a person or a key of his own making."""
    boss, office = stack.person("92", "coordinator"), "92/PENGAWASAN"
    key = zmq.curve_keypair()[0].decode()
    assert front.order("make_key", boss, name="mata", role="worker", key=key, agency="92", agencies=[office]).word == "role agencies"
    assert front.order("invite", boss, login="pertama", name="P", agency=office, role="agency_admin", named=True).word == "done"
    assert front.order("invite", boss, login="kedua", name="K", agency=office, role="liaison", named=True).word == "role named"
    assert front.order("renew_invitation", boss, person="pertama").word == "role person"
    assert front.order("appoint", boss, person="pertama", agency="92", role="coordinator").word == "state named"
    named = stack.person(office, "agency_admin", named=True)
    assert front.order("invite", named, login="ketiga", name="K", agency=office, role="liaison", named=True).word == "done"
    assert front.order("make_key", named, name="mesin-92", role="worker", key=key, agency=office, agencies=[office]).word == "done"
    assert front.order("rotate_key", boss, name="mesin-92", key=zmq.curve_keypair()[0].decode()).word == "role name"


def test_the_watched_do_not_touch_who_watches(stack, front):
    """Nor by putting out, locking out, renaming or moving: that is for one above those whom an inspectorate watches."""
    boss, above, office = stack.person("91", "coordinator"), stack.person("ID", "coordinator"), "91/PENGAWASAN"
    named = stack.person(office, "liaison", named=True)
    assert front.order("dismiss", boss, person=named.login, agency=office, role="liaison").word == "role role"
    assert front.order("lock", boss, person=named.login).word == "role person"
    assert front.order("rename_agency", boss, agency=office, name="Bukan Inspektorat").word == "role agency"
    assert front.order("move_agency", boss, agency=office, parent="91/TAMBANG", kind="unit").word == "role agency"
    assert front.order("lock", above, person=named.login).word == "done"
    assert front.order("dismiss", above, person=named.login, agency=office, role="liaison").word == "done"
    # who was there once is not followed by somebody of the watched one's making
    assert front.order("invite", boss, login="boneka", name="B", agency=office, role="liaison", named=True).word == "role named"
    assert front.order("invite", above, login="pengganti", name="P", agency=office, role="liaison", named=True).word == "done"


def test_no_inspectorate_of_ones_own(stack, front):
    """Nor does a key come to work for one by a detour."""
    boss, above = stack.person("91.71", "coordinator"), stack.person("ID", "coordinator")
    new = {"parent": "91.71", "name": "Inspektorat", "flags": "inspectorate", "function": "PENGAWASAN"}
    assert front.order("register_agency", boss, code="91.71/MATA", **new).word == "role flags"
    plain = {name: value for name, value in new.items() if name != "flags"}
    assert front.order("register_agency", boss, code="91.71/MATA", **plain).word == "done"
    assert front.order("set_function", boss, agency="91.71/MATA", flags="inspectorate").word == "role flags"
    key = {"role": "worker", "agency": "91.71/MATA", "agencies": ["91.71/MATA"]}
    assert front.order("make_key", boss, name="mata-1", key=zmq.curve_keypair()[0].decode(), **key).word == "done"
    assert front.order("set_function", above, agency="91.71/MATA", flags="inspectorate").word == "state flags"
    assert front.order("revoke_key", boss, name="mata-1").word == "done"
    assert front.order("set_function", above, agency="91.71/MATA", flags="inspectorate").word == "done"
    assert front.order("make_key", boss, name="mata-2", key=zmq.curve_keypair()[0].decode(), **key).word == "role agencies"
    assert front.order("close_agency", boss, agency="91.71/LH", successor="91.71/MATA").word == "value successor"
    # what is closed into the national desk leaves its keys behind
    assert front.order("register_agency", above, parent="ID", code="BADAN", name="Badan").word == "done"
    assert front.order("make_key", above, name="badan", role="worker", key=zmq.curve_keypair()[0].decode(), agency="BADAN", agencies=["BADAN"]).word == "done"
    assert front.order("close_agency", above, agency="BADAN", successor="ID").word == "done"
    assert not stack.sql("select 1 from principal_agency k join principal using (principal_id) where name = 'badan'")


def test_places_are_their_governments(stack, front):
    """A coordinator draws to himself nothing that is another's by place."""
    boss, national = stack.person("91", "coordinator"), stack.person("ID", "coordinator")
    new = {"parent": "91", "name": "Dinas", "function": "KES"}
    assert front.order("register_agency", boss, code="91/KES", **new).word == "done"
    assert front.order("register_agency", boss, code="91/KES2", region="91.01", **new).word == "absent region"
    assert front.order("register_agency", boss, code="91/KES3", region="92", **new).word == "absent region"
    assert front.order("set_competence", boss, agency="91/KES", function="KES", region="91.01").word == "absent region"
    assert front.order("set_competence", boss, agency="91/KES", function="KES").word == "absent region"
    assert front.order("set_function", boss, agency="91/KES", region="92").word == "absent region"
    assert front.order("set_function", boss, agency="91/KES", flags="central").word == "role flags"
    assert front.order("set_competence", national, agency="91/KES", function="KES", region="91.01").word == "done"


def test_the_tree_stays_a_tree(stack, front):
    boss = stack.person("ID", "coordinator")
    assert front.order("move_agency", boss, agency="91.01", parent="91.01/PUPR").word == "value parent"
    assert front.order("move_agency", boss, agency="91.01", parent="91.01").word == "value parent"
    assert front.order("move_agency", boss, agency="ID", parent="91.01").word == "role agency"
    assert front.order("move_agency", boss, agency="91.01", parent="92").word == "value kind"
    assert front.order("close_agency", boss, agency="92.01", successor="91.01").word == "state children"
    assert front.order("close_agency", boss, agency="92.01/LH", successor="92.01/LH").word == "value successor"


def test_closing_hands_everything_on(stack, front):
    """Open work, staff, keys and places in what was: the successor's; the routers place by the new tree."""
    web, boss = stack.adapter(), stack.person("92.01", "coordinator")
    case = placed(stack, web, "92.01/KES", place="92.01.01", category=2)
    officer = stack.person("92.01/KES", "liaison")
    gone, heir = stack.agency("92.01/KES"), stack.agency("92.01/LH")
    (leased,) = front.pull_as(officer, [gone])
    key = zmq.curve_keypair()[0].decode()
    assert front.order("make_key", boss, name="kes-mesin", role="worker", key=key, agency="92.01/KES", agencies=["92.01/KES"]).word == "done"
    before = stack.sql("select version from assignment where complaint_id = %s", case)
    closed = front.order("close_agency", boss, agency="92.01/KES", successor="92.01/LH")
    assert closed.word == "done" and closed["cases"] == 1 and closed["people"] == 1 and closed["keys"] == 1, closed
    assert stack.sql("select agency, state, leased_by from assignment where complaint_id = %s and state < 7", case) == [(heir, 1, None)]
    assert stack.sql("select version from assignment where complaint_id = %s and state < 7", case) > before
    assert stack.sql("select holder from complaint where complaint_id = %s", case) == [(heir,)]
    assert len(front.pull_as(officer, [heir], wait=3000)) == 1
    assert front.order("rename_agency", boss, agency="92.01/KES", name="x").word == "absent agency"
    version = stack.sql("select version from snapshot where kind = 2")[0][0]
    within(20, lambda: f"snapshot registry, version {version} is in force" in stack["router"].tail(2000))
    assert web.submit(text="Puskesmas tutup", category=2, place="92.01.01")[0] == "accepted"
    assert not stack.sql("select 1 from assignment where agency = %s and state < 7", gone)
    stack.checks()


def test_what_people_changed_is_theirs(stack, front):
    """The registry's files are loaded again at each upgrade: they take nothing back."""
    boss = stack.person("91.01", "coordinator")
    front.order("register_agency", boss, parent="91.01", code="91.01/TAMAN", name="Dinas Pertamanan")
    front.order("rename_agency", boss, agency="91.01/LH", name="Dinas Hijau")
    front.order("set_competence", boss, agency="91.01/TAMAN", function="LH", region="91.01.01")
    stack.migrate("registry", stack.registry)
    assert stack.sql("select name, retired_at from agency where code in ('91.01/TAMAN', '91.01/LH') order by code") == [("Dinas Hijau", None), ("Dinas Pertamanan", None)]
    assert stack.sql("select count (*) from competence c join agency using (agency_id) where code = '91.01/TAMAN' and ended_at is null") == [(1,)]
    out = stack.migrate("principals", os.path.join(stack.folder, "principals.tsv"))
    assert "person" not in out and "lh-mesin" not in out


def test_a_session_goes_on_by_what_its_person_does(stack, front):
    who = stack.person("91.01/LH", "liaison", lasts="1 minute")
    stack.sql("update session set last_at = now () + interval '10 minutes' where principal_id = %s", who.number)
    assert front.order("renew_session", who).word == "done"
    assert stack.sql("select ends_at = last_at from session where principal_id = %s", who.number) == [(True,)]
    stack.sql("update session set ends_at = now () - interval '1 s' where principal_id = %s", who.number)
    assert front.order("renew_session", who).word == "session"


def test_an_unknown_login_takes_as_long(stack, front):
    """Each login is one hash, whether its name is known, unknown or locked: neither time nor answer tells."""
    who, _ = newcomer(stack, front)
    locked, _ = newcomer(stack, front)
    assert front.order("lock", stack.person("91.01", "coordinator"), person=locked.login).word == "done"
    for login in (who.login, "tidak-ada", locked.login, stack.person("91.01", "liaison").login):
        before = stack.metric("store", "store_hashes_total")
        assert front.order("login", login=login, password="salah sama sekali", code="123456").word == "session login"
        assert stack.metric("store", "store_hashes_total") == before + 1, login


def test_many_logins_at_once(stack, front):
    """What waits for the thread is bounded, and nothing else waits for it."""
    from peer import frame
    unit = stack.agency("91.01/LH")
    busy, officer = stack.people.new_front(), stack.person("91.01/LH", "liaison")
    assert busy.hello()
    refs = []
    for number in range(30):
        refs.append(busy.ref())
        assert busy.say([frame(60, t1=refs[-1], t2=os.urandom(16), t3="login", t4=json.dumps({"login": f"x{number}", "password": "y" * 20, "code": "1"}))])
    began = time.monotonic()
    assert front.pull_as(officer, [unit]) is not None and front.order("renew_session", officer).word == "done"
    assert time.monotonic() - began < 2, "an officer waits for other people's passwords"
    said = [busy.take(ref, 120)[1] for ref in refs]
    assert {fields[3] for fields in said} == {7, 14} and sum(fields[3] == 14 for fields in said) >= 16


def test_a_repeat_joins_its_order_under_way(stack, front):
    """Whoever asks again before the hash is made does not have it made again: else a busy machine would never answer."""
    from peer import frame
    impatient, who = stack.people.new_front(), stack.person("91.01", "agency_admin")
    assert impatient.hello()
    before, key, refs = stack.metric("store", "store_hashes_total"), os.urandom(16), []
    arguments = json.dumps({"login": who.login, "password": "bukan sandinya", "code": "123456"})
    for other in (False,) * 8 + (True,):
        refs.append(impatient.ref())
        assert impatient.say([frame(60, t1=refs[-1], t2=key, t3="login", t4=arguments + " " * other)])
    said = [impatient.take(ref, 60)[1] for ref in refs]
    assert len({(fields[2], fields[3]) for fields in said}) == 1 and said[0][2] != 1
    assert stack.metric("store", "store_hashes_total") == before + 2, "the eight are one, the one with other words is another"


def test_an_order_counts_once_whenever_the_store_dies(stack, front):
    """Killed at any moment, started again: the same order, given until it is answered, took effect once."""
    from peer import frame
    from people import Ordered
    boss = stack.person("91.01", "coordinator")
    for number in range(6):
        key, arguments = os.urandom(16), {"login": f"mati-{number}", "name": "M", "agency": "91.01/LH", "role": "liaison"}
        ref = front.ref()
        assert front.say([frame(60, t1=ref, t2=key, t3="invite", t4=json.dumps(arguments), t5=boss.session)], 20)
        time.sleep(0.003 * number)
        stack.restart("store")
        early = front.take(ref, 0.05)
        said = front.order("invite", boss, repeat=key, seconds=60, each=1.0, **arguments)
        assert said.word == "done", said
        assert not early or Ordered(early[1]).result == said.result
        assert stack.sql("select count (*) from change where subject = %s", arguments["login"]) == [(1,)]
        assert stack.sql("select count (*) from invitation join person using (principal_id) where login = %s", arguments["login"]) == [(1,)]
        assert front.order("accept_invitation", token=said["token"], new_password=PASSWORD).word == "done"


def test_an_oversight_case_is_shown_by_its_named_staff_alone(stack, front):
    case = placed(stack, stack.adapter(), "91.01/PENGAWASAN", category=6, text="Pungli di loket")
    number = stack.sql("select number_text (number) from complaint where complaint_id = %s", case)[0][0]
    boss, named, ombudsman = stack.person("91.01", "coordinator"), stack.person("91.01/PENGAWASAN", "liaison", named=True), stack.person("ID", "overseer")
    asked = {"number": number, "person": ombudsman.login, "level": "content", "days": 3, "reason": "Permintaan Ombudsman"}
    assert front.order("permit", boss, **asked).word == "absent number"
    assert front.order("permit", named, **{**asked, "days": 91}).word == "value days" and front.order("permit", named, **{**asked, "reason": ""}).word == "value reason"
    agency = {name: value for name, value in asked.items() if name != "person"} | {"agency": "91.01/LH"}
    assert front.order("permit", named, **agency).word == "value agency"
    permit = front.order("permit", named, **asked)["permit"]
    assert stack.reader().ask("desk_permits", number, session=ombudsman)[0]["permit"] == permit
    assert not stack.reader().ask("desk_permits", number, session=boss)
    assert front.order("withdraw_permit", boss, permit=permit).word == "absent permit"
    assert front.order("withdraw_permit", named, permit=permit).word == "done"
    assert not stack.reader().ask("desk_permits", number, session=ombudsman)


def test_use_is_noted(stack, front):
    """When a key was used last, and a session that goes on by a PULL, within half a minute; old keys end by themselves."""
    officer, unit = stack.person("91.01/LH", "liaison", lasts="2 minutes"), stack.agency("91.01/LH")
    stack.sql("update principal set old_key = %s, old_until = now () where name = 'all'", zmq.curve_keypair()[0].decode())
    stack.worker().pull([unit])
    front.pull_as(officer, [unit])
    stack.wait("select 1 from key_use join principal using (principal_id) where name = 'all' and used_at > now () - interval '1 minute'", seconds=45)
    stack.wait("select 1 from session where principal_id = %s and ends_at > now () + interval '25 minutes'", officer.number, seconds=45)
    assert stack.sql("select old_key from principal where name = 'all'") == [(None,)]
