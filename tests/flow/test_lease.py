"""What one PULL is given: by priority, then due time; a fair share of each agency; all of it, once."""
import pytest

LONG, SHORT, OTHER = "91.01/PUPR", "91.01/KES", "91.01/LH"
CATEGORY = {LONG: 1, SHORT: 2, OTHER: 3}


@pytest.fixture
def queues(stack, worker):
    """queues ({code: n}): so many complaints wait there; what the test leaves is answered."""
    web = stack.adapter()

    def fill(lengths):
        before = stack.sql("select count (*) from assignment")[0][0]
        for code, length in lengths.items():
            for n in range(length):
                assert web.submit(f"{code}, laporan {n}", category=CATEGORY[code], place="91.01")[0] == "accepted"
        stack.wait("select 1 from assignment having count (*) = %s", before + sum(lengths.values()))
        return {code: stack.agency(code) for code in lengths}

    yield fill
    stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")


def pull(worker, agencies, count):
    found = worker.pull(list(agencies.values()), count)
    return {code: sum(case["agency"] == number for case in found) for code, number in agencies.items()}


def test_a_long_queue_leaves_the_others_their_share(stack, worker, queues):
    agencies = queues({LONG: 30, SHORT: 2})
    stack.sql("update assignment set due = due - interval '1 day' where queued and agency = %s", agencies[LONG])
    stack.sql("update assignment set due = due - interval '2 days' where queued and agency = %s", agencies[SHORT])
    assert pull(worker, agencies, 10) == {LONG: 8, SHORT: 2}
    assert pull(worker, agencies, 100) == {LONG: 22, SHORT: 0}
    assert pull(worker, agencies, 10) == {LONG: 0, SHORT: 0}


def test_a_long_queue_fills_what_the_others_leave(stack, worker, queues):
    agencies = queues({LONG: 40, SHORT: 1, OTHER: 1})
    stack.sql("update assignment set due = due + interval '1 day' where queued and agency = %s", agencies[LONG])
    assert pull(worker, agencies, 36) == {LONG: 34, SHORT: 1, OTHER: 1}
    assert pull(worker, agencies, 36) == {LONG: 6, SHORT: 0, OTHER: 0}


def test_emergencies_come_whatever_the_share(stack, worker, queues):
    agencies = queues({LONG: 25, SHORT: 12, OTHER: 12})
    stack.sql("update assignment set priority = 1 where complaint_id in (select complaint_id from assignment"
              " where queued and agency = %s limit 20)", agencies[LONG])
    assert pull(worker, agencies, 10) == {LONG: 10, SHORT: 0, OTHER: 0}
    assert pull(worker, agencies, 12)[LONG] >= 10
    assert sum(pull(worker, agencies, 100).values()) == 49 - 22


def test_one_at_a_time_by_priority_then_due(stack, worker, queues):
    agencies = queues({LONG: 3, SHORT: 3})
    stack.sql("update assignment set due = now () + (hashtext (complaint_id::text) % 100000) * interval '1 s' where queued")
    stack.sql("update assignment set priority = 1 where complaint_id in (select complaint_id from assignment"
              " where queued and agency = %s limit 1)", agencies[SHORT])
    wanted = [bytes.fromhex(row[0]) for row in stack.sql(
        "select replace (complaint_id::text, '-', '') from assignment where queued order by priority, due")]
    assert [bytes(worker.pull(list(agencies.values()), 1)[0]["id"]) for _ in range(6)] == wanted


def test_pulls_of_many_at_once_give_each_case_once(stack, queues):
    agencies = queues({LONG: 40, SHORT: 25, OTHER: 5})
    workers = [stack.worker() for _ in range(3)]
    found = []
    while True:
        got = [case for worker in workers for case in worker.pull(list(agencies.values()), 7)]
        if not got:
            break
        found += [bytes(case["id"]) for case in got]
    assert len(found) == len(set(found)) == 70
    stack.checks()
