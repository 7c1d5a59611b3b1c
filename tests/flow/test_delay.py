"""How long NACK and EXTEND may be, said the same by store, library and command; and how parked work comes back."""
import json
import os
import subprocess
import uuid

import pytest

from conftest import ROOT, Stack
from stack import BUILD

ADUAN = os.path.join(BUILD, "deploy", "aduan", "aduan")
ENVIRONMENT = dict(os.environ, LANG="en_GB.UTF-8")
ENVIRONMENT.pop("LC_ALL", None)
ROADS = "91.01/PUPR"
DAY = 86400
ACTS = {"ack": 1, "nack": 2, "release": 3, "extend": 4, "park": 5, "progress": 6, "answer": 7, "ask": 8}
TYPES = "int[], uuid[], int[], bigint[], uuid[], smallint[], text[], bigint[], bigint, boolean"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake", "query"), workers={"desk": [ROADS], "other": ["91.71/KES"]}) as running:
        yield running


@pytest.fixture(scope="module")
def worker(stack):
    return stack.worker("desk")


@pytest.fixture
def aduan(stack):
    def run(*arguments, wanted=0, text=None):
        done = subprocess.run([ADUAN, *map(str, arguments), "-c", stack.settings], input=text, text=True, check=False,
                              capture_output=True, timeout=120, env=ENVIRONMENT)
        assert done.returncode == wanted, f"{arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr
    return run


@pytest.fixture
def submitted(stack):
    """The id of a complaint that stands in the queue, alone."""
    web = stack.adapter()

    def submit():
        stack.sql("update assignment set state = 4, queued = false, lease_until = null where queued")
        verdict, accepted = web.submit("Jalan berlubang", category=1, place="91.01")
        assert verdict == "accepted"
        stack.wait("select 1 from assignment where complaint_id = %s", bytes(accepted[2]).hex())
        return bytes(accepted[2])
    return submit


@pytest.fixture
def case(stack, worker, submitted):
    submitted()
    return pull(stack, worker)


def pull(stack, worker):
    (found,) = worker.pull([stack.agency(ROADS)], 1, 10000)
    return found


def row(stack, case, columns="state, nacks, attempt, queued"):
    return stack.sql(f"select {columns} from assignment where complaint_id = %s", bytes(case["id"]).hex())[0]


def seconds(stack, case):
    return round(row(stack, case, "extract (epoch from lease_until - clock_timestamp ())::float8")[0] / 10) * 10


@pytest.mark.parametrize("act, delay, wanted", [
    ("nack", None, 300), ("nack", 60000, 60), ("nack", 1, 0), ("nack", 7 * DAY * 1000, 7 * DAY), ("nack", 30 * DAY * 1000, 30 * DAY),
    ("nack", 2 ** 40, 30 * DAY), ("extend", None, 60), ("extend", DAY * 1000, DAY), ("extend", 2 ** 40, DAY),
])
def test_the_store_keeps_the_bounds(stack, worker, case, act, delay, wanted):
    assert worker.act(case, act, t8=delay)[0] == "done"
    assert seconds(stack, case) == wanted


@pytest.mark.parametrize("act, delay, status, why", [
    ("nack", 0, 64, 'delay: "0" is not a whole number from 1 to 2592000'),
    ("nack", 30 * DAY + 1, 64, 'delay: "2592001" is not a whole number from 1 to 2592000'),
    ("extend", DAY + 1, 65, "delay: 86401 is not a number of seconds from 1 to 86400"),
])
def test_the_command_refuses_what_is_beyond(stack, aduan, case, act, delay, status, why):
    before = row(stack, case)
    assert why in aduan("act", uuid.UUID(bytes=case["id"]), "--agency", ROADS, "--delay", delay, act, wanted=status)
    assert row(stack, case) == before


@pytest.mark.parametrize("act, delay, wanted", [("nack", 30 * DAY, 30 * DAY), ("nack", None, 300), ("extend", DAY, DAY), ("extend", None, 60)])
def test_the_command_means_what_it_says(stack, aduan, case, act, delay, wanted):
    aduan("act", uuid.UUID(bytes=case["id"]), "--agency", ROADS, act, *(["--delay", delay] if delay else []))
    assert seconds(stack, case) == wanted


@pytest.mark.parametrize("delay, why, wanted", [
    ('"3600"', "delay: 3600 is not a number of seconds from 1 to 2592000", 60), ("0", "delay: 0 is not", 60), ("true", "delay: true is not", 60),
    ("1e9", "delay: 1000000000.0 is not", 60), ("3600", "", 3600), ("null", "", 300), ("1200.5", "", 1200),
])
def test_a_command_of_work_is_held_to_them(stack, aduan, submitted, delay, why, wanted):
    id_ = submitted()
    out = aduan("work", "--agency", ROADS, "--wait", 5, "--exec", f"echo '{{\"act\": \"nack\", \"delay\": {delay}}}'", wanted=65 if why else 0)
    assert why in out
    assert seconds(stack, {"id": id_}) == wanted


def test_a_person_is_asked_again(stack, aduan, submitted):
    id_ = submitted()
    out = aduan("work", "--agency", ROADS, "--count", 1, text="n\n43201\nn\nlama\nn\n0\nn\n43200\n")
    for value in ("43201", "lama", "0"):
        assert f'"{value}" is not a number of minutes from 1 to 43200' in out
    assert seconds(stack, {"id": id_}) == 30 * DAY


def test_parked_work_comes_back_by_release(stack, worker, aduan, submitted):
    id_ = submitted()
    for nth in range(10):
        case = pull(stack, worker)
        verdict, answer = worker.act(case, "nack", t8=1000)
        assert verdict == "done"
        stack.sql("update assignment set lease_until = clock_timestamp () where state = 5")
    assert row(stack, case) == (6, 10, 0, False)
    assert worker.pull([stack.agency(ROADS)], 1, 1500) == []
    case["version"] = answer[5]
    for act in ACTS:
        if act != "release":
            verdict, answer = worker.act(case, act, "Kami periksa")
            assert (verdict, answer[4]) == ("stale", 2), act
    verdict, answer = worker.act(case, "release", version=case["version"] - 1)
    assert (verdict, answer[4]) == ("stale", 1)
    verdict, answer = stack.worker("other").act(case, "release")
    assert (verdict, answer[4]) == ("stale", 3)
    assert "release done" in aduan("act", uuid.UUID(bytes=id_), "--agency", ROADS, "release")
    assert row(stack, case) == (1, 0, 0, True)
    case = pull(stack, worker)
    assert bytes(case["id"]) == id_ and worker.act(case, "answer", "Sudah kami perbaiki")[0] == "done"
    stack.checks()


def judged(stack, judge, name, case, act, version):
    """What a statement makes of one act: its verdict and reason, and the assignment behind it; all of it undone."""
    principal = stack.sql("select principal_id from principal where name = 'desk'")[0][0]
    with judge.cursor() as cursor:
        cursor.execute(f"begin; execute {name} (array[{principal}], array['{bytes(case['id']).hex()}'::uuid], array[{case['agency']}], array[{version}],"
                       f" array['{uuid.uuid4()}'::uuid], array[{ACTS.get(act, 12)}::smallint], array['teks'], array[2592000000], 0, false,"
                       f" {STATEMENTS[name][1]})")
        verdict = cursor.fetchone()[1:3]
        cursor.execute(f"select state, nacks, attempt, queued from assignment where complaint_id = '{bytes(case['id']).hex()}'")
        behind = cursor.fetchone()
        cursor.execute("rollback")
        return verdict, behind


STATEMENTS = {"act_ordinary": ("smallint[], uuid, boolean[], int[], boolean[]",
                               "array[1::smallint], null, array[false], array[1], array[false]"),
              "act_on_assignments": ("smallint[], smallint[], int[], bytea[], bigint[], boolean[], bytea[], smallint[], int[], int[], boolean[]",
                                     "array[1::smallint], array[0::smallint], array[0], array[null::bytea], array[0::bigint], array[false],"
                                     " array[null::bytea], array[0::smallint], '{}', '{}', array[false]")}


@pytest.fixture(scope="module")
def judge(stack):
    """A connection on which both are prepared."""
    connection = stack.postgres.connect()
    with connection.cursor() as cursor:
        for name, (types, _) in STATEMENTS.items():
            with open(os.path.join(ROOT, "store", "sql", "query", name + ".sql"), encoding="utf-8") as file:
                cursor.execute(f"prepare {name} ({TYPES}, {types}) as {file.read()}")
    yield connection
    connection.close()


@pytest.mark.parametrize("state", [1, 2, 3, 4, 5, 6, 7])
def test_both_statements_judge_alike(stack, judge, case, state):
    stack.sql("update assignment set state = %s, nacks = 9, lease_until = now () + interval '1 hour', queued = %s where complaint_id = %s",
              state, state in (1, 2, 5), bytes(case["id"]).hex())
    for act in ACTS:
        for version in (case["version"], case["version"] - 1):
            one, other = (judged(stack, judge, name, case, act, version) for name in STATEMENTS)
            assert one == other, (act, version)
            done = version == case["version"] and (state == 2 or (act in ("park", "progress", "answer", "ask") and state in (3, 4)) or
                                                   (state, act) == (6, "release"))
            assert one[0] == ((1, 0) if done else (2, 1 if version != case["version"] else 2)), (act, version)
    assert judged(stack, judge, "act_ordinary", case, "release", case["version"])[1][:2] == {2: (1, 9), 6: (1, 0)}.get(state, (state, 9))


@pytest.mark.parametrize("lead", [True, False], ids=["lead", "supporter"])
@pytest.mark.parametrize("was", range(1, 10))
def test_both_statements_judge_the_complaint_alike(stack, judge, case, was, lead):
    """In every state of the complaint, for its lead and for a supporter; a resolved case hears its supporters still."""
    ids = bytes(case["id"]).hex()
    stack.sql("update assignment set lead = %s where complaint_id = %s", lead, ids)
    stack.sql("update complaint set state = %s where complaint_id = %s", was, ids)
    try:
        for act in [*ACTS, "close"]:
            for state in (2, 3, 4, 6):
                stack.sql("update assignment set state = %s, lease_until = now () + interval '1 hour', queued = %s where complaint_id = %s",
                          state, state == 2, ids)
                one, other = (judged(stack, judge, name, case, act, case["version"]) for name in STATEMENTS)
                assert one == other, (act, state)
                if state == 3 and act in ("progress", "answer", "ask", "close"):
                    wanted = {True: {1: 0, 2: 0, 4: 0, 5: 0}, False: dict.fromkeys(range(1, 8), 0)}[lead].get(was, 2)
                    wanted = 2 if act == "ask" and was == 7 else wanted
                    if act == "close":
                        wanted = 2 if was > 7 or (lead and was != 5) else 10 if not lead else 0
                    assert one[0][1] == wanted, (act, one)
    finally:
        stack.sql("update assignment set lead = true where complaint_id = %s", ids)
        stack.sql("update complaint set state = 4 where complaint_id = %s", ids)
