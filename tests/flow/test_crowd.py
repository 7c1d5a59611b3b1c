"""Many workers at once: what they may send together is more than the store takes at a time."""
import os
import signal
import time

import pytest

from collect import metrics
from conftest import Stack
from worker import ACT, ACTED, ACTS, VERDICTS, frame

WORKERS, EACH = 10, 512  # a worker's whole credit; together more than the 4,096 acts of the store's


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, workers={f"crowd{n}": ["91.01/PUPR"] for n in range(WORKERS)}) as running:
        yield running


def test_acts_beyond_the_stores_credit_are_held_and_answered(stack):
    workers = [stack.worker(f"crowd{n}") for n in range(WORKERS)]
    agency = stack.agency("91.01/PUPR")
    assert all(worker.hello() for worker in workers)
    store = stack["store"].process.pid
    os.kill(store, signal.SIGSTOP)
    try:
        sent = {worker.name: [worker.ref() for _ in range(EACH)] for worker in workers}
        for worker in workers:
            for ref in sent[worker.name]:
                assert worker.say([frame(ACT, t1=ref, t2=os.urandom(16), t3=agency, t4=1, t5=os.urandom(16), t6=ACTS["ack"])], 2)
        deadline, beyond = time.monotonic() + 4, WORKERS * EACH - 4096
        while metrics(stack, "router")["router_acts_held"] < beyond and time.monotonic() < deadline:
            time.sleep(0.1)
        assert metrics(stack, "router")["router_acts_held"] >= beyond
    finally:
        os.kill(store, signal.SIGCONT)
    for worker in workers:
        answers = [worker.take(ref, 10) for ref in sent[worker.name]]
        assert all(a and a[0] == ACTED and VERDICTS[a[1][3]] == "stale" for a in answers)
        assert not worker.inbox
    assert metrics(stack, "router")["router_acts_unanswered_total"] == 0
