"""What people administer: the tree, each other, keys; by orders, as their appointments allow."""
import os
import time

import pytest
import zmq

from conftest import Stack
from people import Front


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake", "query")) as running:
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
    order("close_agency", agency="91.01/ARSIP", successor="91.01/LH")
    order("revoke_key", name="arsip-worker")
    assert stack.adapter().submit(text="Jalan rusak", category=1, place="91.01.01")[0] == "accepted"
    ((number,),) = stack.wait("select number_text (number) from complaint")
    permit = order("permit", number=number, person="wati", level="content", days=3, reason="Membantu tindak lanjut")
    order("withdraw_permit", permit=permit["permit"])
    assert stack.sql("select g.code, a.role from appointment a join agency g using (agency_id) join person p using (principal_id) "
                     "where p.login = 'budi' and a.ended_at is null") == [("91.01/LH", 7)]
    stack.checks()
