"""People come in, order, read and act: through a front, by their session."""
import hashlib
import os
import time

import pytest

from conftest import Stack
from people import code_of


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake", "query"), fronts=("desk", "other")) as running:
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
        stack.reader().ask("counts", session=who)
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


def invite(stack, who):
    """An invitation of somebody who is there; its token."""
    token = os.urandom(32)
    stack.sql("insert into invitation (token_hash, principal_id, invited_by, ends_at) values (decode (%s, 'hex'), %s, 0, now () + interval '1 day')",
              hashlib.sha256(token).hexdigest(), who.number)
    return token.hex()


PASSWORD = "kuda hijau di atas genting"


def test_from_invitation_to_session(stack, front):
    who = stack.person("91.01", "agency_admin")
    old, token = who.session, invite(stack, who)
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
