"""PULLs that wait: what is stored meanwhile is leased to them with it, and to nobody who has gone."""
import contextlib
import time

import pytest

from collect import metrics
from conftest import Stack
from worker import PULL, PULLED, frame

ROADS, HEALTH = "91.01/PUPR", "91.01/KES"
CATEGORY = {ROADS: 1, HEALTH: 2}
EMERGENCY = 1
REFUSED, BUSY = 3, 7


@pytest.fixture(scope="module")
def stack(folder):
    workers = {name: [ROADS, HEALTH] for name in ("all", "other", "leaver", "revoked")}
    with Stack(folder, programs=("store", "router", "intake"), workers=workers) as running:
        yield running


@pytest.fixture
def ask(stack):
    """ask (worker, codes=...): sends a PULL that waits, and is sure that it stands at the store, or only has come to the
    router; its ref."""
    def send(worker, stands=True, **pull):
        assert worker.hello()
        before, came = standing(stack), metrics(stack, "router")["router_pulls_total"]
        ref = put(stack, worker, **pull)
        until(lambda: worker.beat() and (standing(stack) > before if stands else metrics(stack, "router")["router_pulls_total"] > came))
        return ref

    yield send
    for peer in stack.peers:
        peer.close()
    stack.peers.clear()
    until(lambda: standing(stack) == 0)
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")


def put(stack, worker, codes=(ROADS,), count=1, wait=20000, lease=60000):
    """Sends a PULL that waits; its ref."""
    ref = worker.ref()
    assert worker.say([frame(PULL, t1=ref, t2=[stack.agency(code) for code in codes], t3=count, t4=wait, t5=lease)])
    return ref


def standing(stack):
    """How many PULLs have looked, found nothing, and wait."""
    return metrics(stack, "store")["store_pulls_standing"]


def until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(worker, ref, seconds=10):
    """The assignments, until pulled."""
    found = []
    while True:
        message = worker.take(ref, seconds)
        assert message, "no answer"
        if message[0] == PULLED:
            assert message[1][2] == len(found)
            return found
        found.append(message[1])


def submit(stack, code=ROADS, text="Jalan rusak di depan pasar", web=None, **more):
    verdict, fields = (web or stack.adapter()).submit(text, category=CATEGORY[code], place="91.01", **more)
    assert verdict == "accepted"
    return fields[2]


def rows(stack):
    return stack.sql("select state, leased_by, attempt from assignment where queued order by complaint_id")


@contextlib.contextmanager
def one_batch(stack, web, count):
    """What is submitted in it, so many complaints, is stored by one statement: the lane is held by another complaint meanwhile."""
    with contextlib.closing(stack.postgres.connect()) as hold, hold.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table complaint in share mode")
        assert web.submit("Untuk kabupaten", place="91.01")[0] == "accepted"
        stack.wait("select 1 from pg_locks where not granted")
        yield
        until(lambda: f"waiting to be placed: {count}\n" in stack.show("store", "queues"))


def principal(stack, name):
    return stack.sql("select principal_id from principal where name = %s", name)[0][0]


def test_stored_already_leased(stack, ask):
    worker = stack.worker()
    ref = ask(worker)
    before = metrics(stack, "store")["store_lease_batches_total"]
    id_ = submit(stack, email="warga@example.org")
    case, = answers(worker, ref)
    assert bytes(case[2]) == bytes(id_) and case[7] == 0 and case[5] == 60000
    assert metrics(stack, "store")["store_lease_batches_total"] == before
    assert rows(stack) == [(2, principal(stack, "all"), 0)]
    assert stack.sql("select extract (epoch from lease_until - now ()) between 40 and 60 from assignment where queued") == [(True,)]
    assert worker.act({"id": case[2], "agency": case[3], "version": case[4]}, "answer", "Sudah diperbaiki.")[0] == "done"
    stack.checks()


def test_a_lease_that_runs_out_is_pulled_again(stack, ask):
    worker = stack.worker()
    ref = ask(worker, lease=1000)
    submit(stack)
    assert len(answers(worker, ref)) == 1
    found = worker.pull([stack.agency(ROADS)], wait=10000)
    assert len(found) == 1 and found[0]["attempt"] == 1


def test_nobody_believes_in_a_lease_longer_than_its_row(stack, ask):
    """It begins with the statement, however long PostgreSQL takes to commit that."""
    worker = stack.worker()
    sent = time.time()
    ref = ask(worker, lease=20000)
    stack.sql("alter system set synchronous_standby_names = 'nobody'")  # a commit waits
    stack.sql("select pg_reload_conf ()")
    time.sleep(0.5)
    try:
        submit(stack)
        time.sleep(2)
    finally:
        stack.sql("alter system reset synchronous_standby_names")
        stack.sql("select pg_reload_conf ()")
    case, = answers(worker, ref)
    believed = sent + (case[5] + case[6]) / 1000
    assert stack.sql("select extract (epoch from lease_until) from assignment where queued")[0][0] > believed - 0.1


def test_the_most_urgent_first_and_the_rest_stays(stack, ask):
    worker, web = stack.worker(), stack.adapter()
    ref = ask(worker, codes=(ROADS, HEALTH), count=2)
    with one_batch(stack, web, 4):
        for n in range(3):
            submit(stack, text=f"Biasa {n}", web=web)
        urgent = submit(stack, code=HEALTH, text="Darurat", web=web, priority=EMERGENCY)
    found = answers(worker, ref)
    assert len(found) == 2 and bytes(urgent) in [bytes(case[2]) for case in found]
    stack.wait("select 1 from assignment where queued having count (*) = 5")
    assert [row[0] for row in rows(stack)].count(2) == 2
    assert len(worker.pull([stack.agency(ROADS)], count=10)) == 2


def test_who_has_room_is_leased_of_all_he_names(stack, ask):
    """The first in line is full after one; the second has room for the rest, also of the agency that he was not taken for."""
    first, second, web = stack.worker(), stack.worker("other"), stack.adapter()
    refs = ask(first, codes=(ROADS, HEALTH)), ask(second, codes=(ROADS, HEALTH), count=5)
    now = int(time.time() * 1000)
    with one_batch(stack, web, 3):
        for n, code in enumerate((ROADS, HEALTH, ROADS)):
            submit(stack, code=code, text=f"Biasa {n}", web=web, created=now + n)  # which is their order
    assert [len(answers(*who)) for who in zip((first, second), refs)] == [1, 2]


def test_who_waits_shares(stack, ask):
    workers = [stack.worker(name) for name in ("all", "other")]
    refs = [ask(worker) for worker in workers]
    first = submit(stack)
    found = answers(workers[0], refs[0])
    second = submit(stack)
    found += answers(workers[1], refs[1])
    assert [bytes(case[2]) for case in found] == [bytes(first), bytes(second)]


def test_nothing_goes_to_who_has_left(stack, ask):
    leaver, worker = stack.worker("leaver"), stack.worker()
    ask(leaver)
    until(lambda: leaver.beat() and metrics(stack, "router")["router_pulls_waiting"] == 1)  # the gauge follows with the router's beat
    leaver.socket.send_multipart([frame(6)])  # bye
    leaver.close()
    stack.peers.remove(leaver)
    until(lambda: metrics(stack, "router")["router_pulls_waiting"] == 0)
    submit(stack)
    stack.wait("select 1 from assignment where queued")
    assert rows(stack) == [(1, None, 0)]
    assert len(worker.pull([stack.agency(ROADS)])) == 1


def test_nothing_goes_to_a_router_that_has_died(stack, ask):
    worker = stack.worker()
    ask(worker)
    stack.restart("router")
    submit(stack)
    stack.wait("select 1 from assignment where queued")
    assert rows(stack) == [(1, None, 0)]
    worker.welcome = None
    assert len(worker.pull([stack.agency(ROADS)], seconds=20)) == 1


def test_rows_judge_who_may(stack, ask):
    """The router has not heard of it yet: the batch is refused, stored by the careful statement, and leased to nobody."""
    revoked, worker = stack.worker("revoked"), stack.worker()
    ref = ask(revoked)
    stack.sql("update principal set revoked_at = now () where name = 'revoked'")
    try:
        submit(stack)
        stack.wait("select 1 from assignment where queued")
        assert rows(stack) == [(1, None, 0)]
        assert revoked.take(ref, 1) is None
        assert len(worker.pull([stack.agency(ROADS)])) == 1
    finally:
        stack.sql("update principal set revoked_at = null where name = 'revoked'")
    stack.checks()


def test_news_wakes_who_waits(stack, ask):
    """Work that is no new complaint: given back by another."""
    worker, other = stack.worker(), stack.worker("other")
    submit(stack)
    stack.wait("select 1 from assignment where queued")
    case, = other.pull([stack.agency(ROADS)])
    ref = ask(worker)
    assert other.act(case, "release")[0] == "done"
    again, = answers(worker, ref, 3)
    assert bytes(again[2]) == bytes(case["id"])


def test_who_does_not_wait_looks_all_the_same(stack, ask):
    """Each PULL of an agency looks by a statement of its own; together that lasts longer than a tick."""
    worker, web, agency = stack.worker(), stack.adapter(), stack.agency(ROADS)
    for n in range(60):
        submit(stack, text=f"Lubang {n}", web=web)
    stack.wait("select 1 from assignment where queued having count (*) = 60")
    assert worker.hello()
    refs = [worker.ref() for _ in range(60)]
    for ref in refs:
        assert worker.say([frame(PULL, t1=ref, t2=[agency], t3=1, t4=0, t5=60000)])
    assert [len(answers(worker, ref)) for ref in refs] == [1] * 60


def test_what_runs_out_together_is_pulled_together(stack, ask):
    """One hint tells of all of it; and nothing that is stored later overtakes it."""
    worker, web, agency = stack.worker(), stack.adapter(), stack.agency(ROADS)
    for n in range(4):
        submit(stack, text=f"Darurat {n}", web=web, priority=EMERGENCY)
    stack.wait("select 1 from assignment where queued having count (*) = 4")
    peers = (worker, stack.worker("other"), stack.worker(), stack.worker("other"))
    assert all(peer.hello() for peer in peers)
    # all must stand before it ends, on a busy machine too; and a peer that is silent for long has gone
    assert len(worker.pull([agency], count=4, lease=6000)) == 4
    waiting = [(peer, put(stack, peer)) for peer in peers]
    until(lambda: all(peer.beat() for peer in peers) and standing(stack) == 4)
    until(lambda: all(peer.beat() for peer in peers) and standing(stack) < 4)  # they have run out, and that has been noticed
    submit(stack, text="Biasa", web=web)
    assert [[case[9] for case in answers(peer, ref)] for peer, ref in waiting] == [[EMERGENCY]] * 4


def test_who_stands_before_the_agencies_are_told(stack, ask):
    """A store that has just begun is asked at once; what it knows of agencies it reads meanwhile."""
    with contextlib.closing(stack.postgres.connect()) as hold, hold.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table day_off")
        stack.restart("store")
        worker = stack.worker()
        ref = ask(worker, stands=False)
    until(lambda: worker.beat() and standing(stack) == 1)
    began = time.monotonic()
    submit(stack)
    assert len(answers(worker, ref)) == 1 and time.monotonic() - began < 3.5  # the slow scan comes after four


def test_nobody_waits_longer_than_he_asked(stack, ask):
    worker, agency = stack.worker(), stack.agency(ROADS)

    def finds_nothing():
        """And is told so; None would be: not told."""
        began = time.monotonic()
        assert worker.pull([agency], wait=1500) == []
        assert time.monotonic() - began > 1.2

    assert worker.hello()
    finds_nothing()
    stack.postgres.stop()
    try:
        finds_nothing()
    finally:
        stack.postgres.start()
    submit(stack)
    assert len(worker.pull([agency], wait=20000)) == 1


def test_that_there_is_nothing_is_said_only_by_who_has_looked(stack, ask):
    """The store is away, or its database under an agency of which nothing is remembered: not now, which is not the same as nothing."""
    worker, agency = stack.worker(), stack.agency(ROADS)
    assert worker.hello()

    def is_told_not_now():
        assert worker.pull([agency], wait=300) == []
        assert (worker.last_pulled[3], worker.last_pulled[4]) == (REFUSED, BUSY)

    stack["store"].stop()
    is_told_not_now()
    stack.postgres.stop()
    stack["store"].start(wait=False)
    try:
        is_told_not_now()
    finally:
        stack.postgres.start()
    submit(stack)
    assert len(worker.pull([agency], wait=20000)) == 1


LINGERS = "create or replace function linger () returns trigger language plpgsql as $$ begin perform pg_sleep (%s); return new; end $$"


def carried(stack, worker, web):
    """A PULL that was given a case and is carried by the next batch, which lasts; None: the machine was slow, and it was answered."""
    first = submit(stack, web=web)
    stack.wait("select 1 from assignment where queued")
    stack.sql(LINGERS % 30)
    hold = stack.postgres.connect()
    with hold.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table assignment in share mode")
        assert web.submit("Untuk kabupaten", place="91.01")[0] == "accepted"
        stack.wait("select 1 from pg_locks where not granted having count (*) = 1")
        submit(stack, text="Lambat", web=web)
        until(lambda: "waiting to be placed: 1\n" in stack.show("store", "queues"))
        ref = put(stack, worker, count=5)
        stack.wait("select 1 from pg_locks where not granted having count (*) = 2")
    hold.close()
    stack.wait("select 1 from pg_stat_activity where wait_event = 'PgSleep'")
    assert worker.take(ref, 3)[1][2] == first
    if worker.take(ref, 1) is None: # the batch may bring more
        return ref
    stack.sql(LINGERS % 0)
    stack.wait("select 1 from (select pg_cancel_backend (pid) from pg_stat_activity where wait_event = 'PgSleep') x having count (*) = 0")
    worker.pull([stack.agency(ROADS)], count=5, wait=5000)
    return None


def test_who_was_given_something_does_not_wait_for_a_batch_that_failed(stack, ask):
    """He has room, so the next batch carries him, too; PostgreSQL ends under it, and is away for long."""
    worker, web = stack.worker(), stack.adapter()
    assert worker.hello()
    stack.sql(LINGERS % 0)
    stack.sql("create trigger linger after insert on content for each row when (new.body = 'Lambat') execute function linger ()")
    ref = next(filter(None, (carried(stack, worker, web) for _ in range(12))))
    stack.postgres.stop()
    try:
        began = time.monotonic()
        assert worker.take(ref, 10)[0] == PULLED and time.monotonic() - began < 5
    finally:
        stack.postgres.start()
    stack.sql("drop trigger linger on content")
    stack.sql("drop function linger")
